//! Would a pod that can leave its container be let in? (semantics PSS-12)
//!
//! For each escape class the otherwise hardened pod that asks for nothing but that class is
//! evaluated at the enforced level. Techniques that create a pod ask this, never the label.

use std::sync::OnceLock;

use ringfort_model::record::security::{
    Capabilities, PodSecurityContext, Profile, SecurityContext,
};
use ringfort_model::record::volume::HostPath;
use ringfort_model::{
    Container, KubeVersion, List, Map, PodSpec, Str, Volume, VolumeSource, defaults,
};

use crate::evaluate::evaluate;
use crate::namespace::{NamespacePolicy, enforcement_on};

/// What a pod may ask for to leave its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EscapeClass {
    /// A privileged container.
    Privileged,
    /// The node's root directory as a volume.
    HostPath,
    /// The node's process ids.
    HostPid,
    /// The node's inter-process communication.
    HostIpc,
    /// The node's network.
    HostNetwork,
    /// A capability that reaches the kernel (SYS_ADMIN).
    Capability,
}

impl EscapeClass {
    /// All classes.
    pub const ALL: [Self; 6] = [
        Self::Privileged,
        Self::HostPath,
        Self::HostPid,
        Self::HostIpc,
        Self::HostNetwork,
        Self::Capability,
    ];

    /// The class's name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::HostPath => "hostPath",
            Self::HostPid => "hostPID",
            Self::HostIpc => "hostIPC",
            Self::HostNetwork => "hostNetwork",
            Self::Capability => "capability SYS_ADMIN",
        }
    }

    /// A hardened pod that asks for this and nothing else, defaulted.
    #[must_use]
    pub fn minimal_pod(self) -> &'static PodSpec {
        static PODS: OnceLock<Vec<PodSpec>> = OnceLock::new();
        let pods =
            PODS.get_or_init(|| Self::ALL.into_iter().map(|class| build(Some(class))).collect());
        let at = Self::ALL.iter().position(|class| *class == self);
        &pods[at.expect("every class is in the list of all classes")]
    }
}

/// A hardened pod that asks for nothing, defaulted.
#[must_use]
pub fn hardened_pod() -> &'static PodSpec {
    static POD: OnceLock<PodSpec> = OnceLock::new();
    POD.get_or_init(|| build(None))
}

/// A hardened pod that asks for this and nothing else. A privileged container or an added
/// capability is of use to root only and does not go with a ban on escalation, so those
/// two classes do without both.
fn build(class: Option<EscapeClass>) -> PodSpec {
    let asks = |one: EscapeClass| class == Some(one);
    let needs_root = asks(EscapeClass::Privileged) || asks(EscapeClass::Capability);
    let drop_all: List<Str> = [Str::new("ALL")].into_iter().collect();
    let sys_admin = asks(EscapeClass::Capability).then(|| Str::new("SYS_ADMIN"));
    let host_root = VolumeSource::HostPath(HostPath { path: Str::new("/"), kind: None });
    let filtered = Profile { kind: Str::new("RuntimeDefault"), localhost_profile: None };
    let container = Container {
        name: Str::new("c"),
        image: Str::new("i"),
        security_context: Some(SecurityContext {
            privileged: asks(EscapeClass::Privileged).then_some(true),
            allow_privilege_escalation: (!needs_root).then_some(false),
            capabilities: Some(Capabilities {
                add: sys_admin.into_iter().collect(),
                drop: drop_all,
            }),
            ..SecurityContext::default()
        }),
        ..Container::default()
    };
    let volume = Volume { name: Str::new("host"), source: Some(host_root) };
    let mut spec = PodSpec {
        host_network: asks(EscapeClass::HostNetwork).then_some(true),
        host_pid: asks(EscapeClass::HostPid).then_some(true),
        host_ipc: asks(EscapeClass::HostIpc).then_some(true),
        security_context: Some(PodSecurityContext {
            run_as_non_root: (!needs_root).then_some(true),
            seccomp_profile: Some(filtered),
            ..PodSecurityContext::default()
        }),
        containers: [container].into_iter().collect(),
        volumes: asks(EscapeClass::HostPath).then_some(volume).into_iter().collect(),
        ..PodSpec::default()
    };
    defaults::pod(&mut spec, false, None);
    spec
}
/// Whether a namespace with that policy would let in a pod of that class. Pods are let in
/// where the plug-in is off by default (before 1.23). On an unknown server the plug-in is
/// taken to be on; all rules that decide here are the same at every policy version.
#[must_use]
pub fn admits(policy: &NamespacePolicy, server: Option<KubeVersion>, class: EscapeClass) -> bool {
    if enforcement_on(server) == Some(false) {
        return true;
    }
    let (level, version) = policy.enforce;
    evaluate(class.minimal_pod(), &Map::default(), level, version, server).is_empty()
}

/// The classes that such a namespace would let in.
#[must_use]
pub fn classes_admitted(policy: &NamespacePolicy, server: Option<KubeVersion>) -> Vec<EscapeClass> {
    EscapeClass::ALL.into_iter().filter(|class| admits(policy, server, *class)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::{Level, PolicyVersion};

    fn enforcing(level: &str) -> NamespacePolicy {
        let label = Str::new("pod-security.kubernetes.io/enforce");
        NamespacePolicy::of(&[(label, Str::new(level))].into_iter().collect())
    }

    #[test]
    fn baseline_refuses_each_class_for_its_own_reason() {
        for (class, want) in [
            (EscapeClass::Privileged, vec!["privileged"]),
            (EscapeClass::HostPath, vec!["hostPathVolumes"]),
            (EscapeClass::HostPid, vec!["hostNamespaces"]),
            (EscapeClass::HostIpc, vec!["hostNamespaces"]),
            (EscapeClass::HostNetwork, vec!["hostNamespaces"]),
            (EscapeClass::Capability, vec!["capabilities_baseline"]),
        ] {
            for minor in 0..=crate::NEWEST_MINOR {
                let version = PolicyVersion::Minor(minor);
                let found =
                    evaluate(class.minimal_pod(), &Map::default(), Level::Baseline, version, None);
                let ids: Vec<&str> = found.iter().map(|violation| violation.check).collect();
                assert_eq!(ids, want, "{} at 1.{minor}", class.name());
            }
        }
    }

    #[test]
    fn only_the_enforced_level_counts() {
        let server = Some(KubeVersion::minor(36));
        assert_eq!(classes_admitted(&enforcing("privileged"), server), EscapeClass::ALL);
        assert_eq!(classes_admitted(&enforcing("baseline"), server), []);
        assert_eq!(classes_admitted(&enforcing("wrong"), server), []);
        let warn = Str::new("pod-security.kubernetes.io/warn");
        let warned = NamespacePolicy::of(&[(warn, Str::new("restricted"))].into_iter().collect());
        assert_eq!(classes_admitted(&warned, server), EscapeClass::ALL);
    }

    #[test]
    fn labels_do_nothing_before_the_plug_in_is_on() {
        let old = Some(KubeVersion::minor(22));
        assert_eq!(classes_admitted(&enforcing("restricted"), old), EscapeClass::ALL);
    }
}
