//! The tables behind the verdicts about tokens, versions and user namespaces, as one value.
//!
//! Each list and bound names its source where it is used. [`mutants`] makes wrong tables of it,
//! for `cargo xtask mutants`.

use ringfort_model::ContainerKind;
use ringfort_model::mutation::{Mutants, moved, without};
use ringfort_model::switches;

use crate::features::{FEATURES, Feature};

switches! {
    /// Rules about user namespaces that hold or do not.
    pub struct Switches {
        /// Windows has none.
        windows_has_none: true,
        /// The node's processes rule one out.
        host_pid_rules_out: true,
        /// The node's IPC rules one out.
        host_ipc_rules_out: true,
        /// The node's network rules one out where no gate allows it.
        host_network_rules_out: true,
        /// Block devices rule one out.
        devices_rule_out: true,
        /// The API server must keep the field.
        server_must_keep: true,
        /// The kubelet must read it.
        kubelet_must_read: true,
        /// A gate that is off where it can be.
        gate_may_be_off: true,
        /// The kernel must map ids.
        kernel_must_map: true,
        /// A vendor may have brought that to an older kernel.
        vendors_bring_it_back: true,
        /// What a handler of the runtime says stands for the low-level runtime.
        handler_speaks: true,
        /// A handler that says no is believed.
        handler_may_refuse: true,
        /// What is said of the default handler is not said of another.
        class_has_another_handler: true,
        /// Filesystems of volumes must map ids.
        volumes_must_map: true,
        /// What is known of the filesystems goes before the kinds of the volumes.
        volume_facts_first: true,
    }
}

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
    /// The first major version of containerd that serves user namespaces to every kubelet.
    pub containerd: u32,
    /// Runtimes that never serve them.
    pub never_serving: &'static [&'static str],
    /// Marks of kernels with which enterprise distributions ship parts of newer ones.
    pub backporting: &'static [&'static str],
    /// Volume sources that stand on filesystems of the node.
    pub own_volumes: &'static [&'static str],
    /// Rules about user namespaces.
    pub switches: Switches,
    /// The minor from which the kubelet no longer makes volumes of git repositories by default.
    pub git_repo_off_since: u32,
    /// The minor from which nobody can turn them on again.
    pub git_repo_gone_since: u32,
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
    containerd: 2,
    never_serving: &["docker"],
    backporting: &[".el8", ".el9", ".el10"],
    own_volumes: &["configMap", "downwardAPI", "emptyDir", "projected", "secret"],
    switches: Switches::UPSTREAM,
    git_repo_off_since: 33,
    git_repo_gone_since: 36,
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
    found.bound("containerd", |rules| &mut rules.containerd);
    found.list("never serving", |rules| &mut rules.never_serving);
    found.list("backporting", |rules| &mut rules.backporting);
    found.list("own volumes", |rules| &mut rules.own_volumes);
    found.switches(Switches::ALL, |rules| &mut rules.switches);
    found.bound("git repositories off", |rules| &mut rules.git_repo_off_since);
    found.bound("git repositories gone", |rules| &mut rules.git_repo_gone_since);
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
