//! From which minor a feature exists, is on, and cannot be turned off any more (semantics
//! EFF-07; upstream `pkg/features/kube_features.go`).

/// What is known of a feature at a minor version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It does not exist yet.
    Absent,
    /// Off unless somebody turned its gate on.
    OffByDefault,
    /// On unless somebody turned its gate off.
    OnByDefault,
    /// On, for good.
    Locked,
}

/// The minors at which a feature changes; [`NEVER`] where it has not happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// The feature gate.
    pub gate: &'static str,
    /// It exists from here.
    pub exists: u32,
    /// It is on by default from here.
    pub on: u32,
    /// It is on for good from here.
    pub locked: u32,
}

/// A minor that has not come.
pub const NEVER: u32 = u32::MAX;

const fn feature(gate: &'static str, exists: u32, on: u32, locked: u32) -> Feature {
    Feature { gate, exists, on, locked }
}

/// Features on which a verdict about isolation hangs.
pub(crate) const FEATURES: &[Feature] = &[
    feature("UserNamespacesSupport", 25, 33, 36),
    feature("UserNamespacesHostNetworkSupport", 35, NEVER, NEVER),
    feature("ProcMountType", 12, 33, 36),
    feature("ImageVolume", 31, 35, 36),
    feature("KubeletEnsureSecretPulledImages", 33, 35, NEVER),
    feature("KubeletServiceAccountTokenForCredentialProviders", 33, 34, NEVER),
    feature("PodCertificateRequest", 34, NEVER, NEVER),
    feature("DRAAdminAccess", 32, 34, 36),
    feature("AnonymousAuthConfigurableEndpoints", 31, 32, 34),
    feature("ServiceAccountTokenNodeBinding", 29, 31, 33),
    feature("ServiceAccountTokenJTI", 29, 30, 32),
    feature("BoundServiceAccountTokenVolume", 13, 21, 22),
    feature("SeccompDefault", 22, 25, 27),
    feature("AppArmorFields", 30, 30, 31),
    feature("SidecarContainers", 28, 29, 33),
    feature("EphemeralContainers", 16, 23, 25),
];

/// The feature behind a gate.
#[must_use]
pub fn by_gate(gate: &str) -> Option<&'static Feature> {
    crate::rules::rules().features.iter().find(|feature| feature.gate == gate)
}

impl Feature {
    /// The stage at a minor version.
    #[must_use]
    pub fn at(&self, minor: u32) -> Stage {
        if minor >= self.locked {
            Stage::Locked
        } else if minor >= self.on {
            Stage::OnByDefault
        } else if minor >= self.exists {
            Stage::OffByDefault
        } else {
            Stage::Absent
        }
    }
}

/// The stage of a gate's feature; a gate that is not in the table does not exist.
#[must_use]
pub fn stage(gate: &str, minor: u32) -> Stage {
    by_gate(gate).map_or(Stage::Absent, |feature| feature.at(minor))
}

/// Whether a volume of a git repository is made: `None` where a gate decides.
#[must_use]
pub fn makes_git_repositories(minor: u32) -> Option<bool> {
    let rules = crate::rules::rules();
    if minor >= rules.git_repo_gone_since {
        Some(false)
    } else if minor >= rules.git_repo_off_since {
        None
    } else {
        Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_change_where_the_table_says() {
        use Stage::{Absent, Locked, OffByDefault, OnByDefault};
        for (gate, at) in [
            (
                "UserNamespacesSupport",
                [(24, Absent), (25, OffByDefault), (33, OnByDefault), (36, Locked)],
            ),
            ("ProcMountType", [(11, Absent), (32, OffByDefault), (35, OnByDefault), (36, Locked)]),
            ("ImageVolume", [(30, Absent), (34, OffByDefault), (35, OnByDefault), (36, Locked)]),
            ("DRAAdminAccess", [(31, Absent), (33, OffByDefault), (34, OnByDefault), (36, Locked)]),
            (
                "ServiceAccountTokenNodeBinding",
                [(28, Absent), (30, OffByDefault), (32, OnByDefault), (33, Locked)],
            ),
            (
                "ServiceAccountTokenJTI",
                [(28, Absent), (29, OffByDefault), (31, OnByDefault), (32, Locked)],
            ),
            (
                "BoundServiceAccountTokenVolume",
                [(12, Absent), (20, OffByDefault), (21, OnByDefault), (22, Locked)],
            ),
            ("SeccompDefault", [(21, Absent), (24, OffByDefault), (26, OnByDefault), (27, Locked)]),
            ("AppArmorFields", [(29, Absent), (30, OnByDefault), (30, OnByDefault), (31, Locked)]),
            (
                "SidecarContainers",
                [(27, Absent), (28, OffByDefault), (32, OnByDefault), (33, Locked)],
            ),
            (
                "EphemeralContainers",
                [(15, Absent), (22, OffByDefault), (24, OnByDefault), (25, Locked)],
            ),
            (
                "AnonymousAuthConfigurableEndpoints",
                [(30, Absent), (31, OffByDefault), (33, OnByDefault), (34, Locked)],
            ),
            (
                "KubeletEnsureSecretPulledImages",
                [(32, Absent), (34, OffByDefault), (35, OnByDefault), (99, OnByDefault)],
            ),
            (
                "KubeletServiceAccountTokenForCredentialProviders",
                [(32, Absent), (33, OffByDefault), (34, OnByDefault), (99, OnByDefault)],
            ),
            (
                "PodCertificateRequest",
                [(33, Absent), (34, OffByDefault), (35, OffByDefault), (99, OffByDefault)],
            ),
            (
                "UserNamespacesHostNetworkSupport",
                [(34, Absent), (35, OffByDefault), (36, OffByDefault), (99, OffByDefault)],
            ),
            ("NoSuchGate", [(0, Absent), (10, Absent), (30, Absent), (99, Absent)]),
        ] {
            for (minor, want) in at {
                assert_eq!(stage(gate, minor), want, "{gate} at 1.{minor}");
            }
        }
        // Each edge from both sides, so that no bound can be off by one.
        for feature in FEATURES {
            for (edge, after) in [
                (feature.exists, OffByDefault),
                (feature.on, OnByDefault),
                (feature.locked, Locked),
            ] {
                if edge != NEVER && edge > 0 {
                    assert!(feature.at(edge) >= after, "{} at 1.{edge}", feature.gate);
                    assert!(feature.at(edge - 1) < after, "{} before 1.{edge}", feature.gate);
                }
            }
        }
        assert_eq!(
            [32, 33, 35, 36].map(makes_git_repositories),
            [Some(true), None, None, Some(false)]
        );
    }
}
