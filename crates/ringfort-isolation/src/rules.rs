//! The tables behind the verdicts about tokens and versions, as one value.
//!
//! Each list and bound names its source where it is used. [`mutants`] makes wrong tables of it,
//! for `cargo xtask mutants`.

use ringfort_model::ContainerKind;
use ringfort_model::mutation::{Mutants, moved, without};

use crate::features::{FEATURES, Feature};

/// The tables.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Lists of containers into which admission mounts the account's token.
    pub token_lists: &'static [ContainerKind],
    /// Whether pods that mirror a static pod get a token too.
    pub token_in_mirrors: bool,
    /// Whether the account's field goes before the pod's.
    pub account_goes_first: bool,
    /// Whether a token is mounted where nobody says anything.
    pub token_by_default: bool,
    /// Whether a mount at the well-known path with a slash at its end prevents the token.
    pub slash_prevents_token: bool,
    /// Whether a volume of the reserved name is mounted in place of the generated one.
    pub own_volume_is_mounted: bool,
    /// Audiences that are the API server's.
    pub api_audiences: &'static [&'static str],
    /// Beginnings of audiences that are the API server's.
    pub api_audience_prefixes: &'static [&'static str],
    /// The feature table.
    pub features: &'static [Feature],
    /// The first minor from whose kubelets on containerd 1.7 serves no user namespaces.
    pub containerd_17_until: u32,
    /// The first kernel 6.N that maps tmpfs by id.
    pub kernel_6: u32,
    /// The first runc 1.N that serves user namespaces.
    pub runc_1: u32,
    /// The first crun 1.N that serves user namespaces.
    pub crun_1: u32,
    /// The first CRI-O 1.N that serves user namespaces.
    pub cri_o_1: u32,
    /// Volume sources that stand on filesystems of the node.
    pub own_volumes: &'static [&'static str],
}

/// The tables as upstream has them.
pub static UPSTREAM: Rules = Rules {
    token_lists: &[ContainerKind::Init, ContainerKind::Regular],
    token_in_mirrors: false,
    account_goes_first: false,
    token_by_default: true,
    slash_prevents_token: false,
    own_volume_is_mounted: true,
    api_audiences: &[
        "",
        "https://kubernetes.default.svc",
        "https://kubernetes.default.svc.cluster.local",
    ],
    api_audience_prefixes: &["https://container.googleapis.com/"],
    features: FEATURES,
    containerd_17_until: 27,
    kernel_6: 3,
    runc_1: 2,
    crun_1: 9,
    cri_o_1: 25,
    own_volumes: &["configMap", "downwardAPI", "emptyDir", "projected", "secret"],
};

ringfort_model::active_rules!("isolation", Rules);

/// Tables with one rule wrong, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    found.list("token lists", |rules| &mut rules.token_lists);
    found.add("token lists/ephemeral too", |rules| {
        rules.token_lists =
            &[ContainerKind::Init, ContainerKind::Regular, ContainerKind::Ephemeral];
    });
    found.add("token in mirrors", |rules| rules.token_in_mirrors = true);
    found.add("account goes first", |rules| rules.account_goes_first = true);
    found.add("no token by default", |rules| rules.token_by_default = false);
    found.add("slash prevents token", |rules| rules.slash_prevents_token = true);
    found.add("own volume is not mounted", |rules| rules.own_volume_is_mounted = false);
    found.list("API audiences", |rules| &mut rules.api_audiences);
    found.list("API audience prefixes", |rules| &mut rules.api_audience_prefixes);
    found.bound("containerd 1.7", |rules| &mut rules.containerd_17_until);
    found.bound("kernel", |rules| &mut rules.kernel_6);
    found.bound("runc", |rules| &mut rules.runc_1);
    found.bound("crun", |rules| &mut rules.crun_1);
    found.bound("CRI-O", |rules| &mut rules.cri_o_1);
    found.list("own volumes", |rules| &mut rules.own_volumes);
    for (at, feature) in FEATURES.iter().enumerate() {
        let gate = feature.gate;
        found.add(format!("{gate}/gone"), |rules| rules.features = without(rules.features, at));
        for (stage, bound) in
            [("exists", feature.exists), ("on", feature.on), ("locked", feature.locked)]
        {
            if bound == crate::features::NEVER {
                continue;
            }
            for (suffix, to) in moved(bound).into_iter().filter(|(name, _)| name.contains("one")) {
                // Within a table whose stages still follow each other.
                let changed = match stage {
                    "exists" => Feature { exists: to, ..*feature },
                    "on" => Feature { on: to, ..*feature },
                    _ => Feature { locked: to, ..*feature },
                };
                if changed.exists > changed.on || changed.on > changed.locked {
                    continue;
                }
                found.add(format!("{gate}/{stage} {suffix}"), |rules| {
                    let mut features = rules.features.to_vec();
                    features[at] = changed;
                    rules.features = features.leak();
                });
            }
        }
    }
    found.all()
}
