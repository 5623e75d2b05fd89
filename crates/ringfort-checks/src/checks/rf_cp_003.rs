//! RF-CP-003: authorisation mode allows everything or lacks Node or RBAC.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Outcomes, Verdict};
use crate::settings;
use crate::world::World;
use ringfort_attack::server;
use ringfort_attack::{Why, Zone};
use ringfort_authz::authorizers::{self, Modes};
use ringfort_model::Kind;
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "RF-CP-003",
    title: "Authorisation mode allows everything or lacks Node or RBAC",
    zone: Zone::InCluster,
    severity: Severity::Critical,
    modifiers: &[],
    references: &[
        "C-0118",
        "C-0119",
        "C-0120",
        "C-0127",
        "C-0125",
        "CIS 1.2.6",
        "CIS 1.2.7",
        "CIS 1.2.8",
        "CIS 1.2.12",
        "CIS 1.2.14",
    ],
    reads: &[Kind::Pod],
    doc: Doc {
        why: "No role means anything on a server that asks nobody for permission, and a node is the whole cluster on one that does not hold nodes to their own objects.",
        fails: "The API server's own pods show modes with AlwaysAllow, or without Node or RBAC; or the plug-in NodeRestriction is not on, or ServiceAccount is off.",
        not: "Node,RBAC with NodeRestriction on.",
        unknown: "The API server's flags are not among the objects, or a configuration file holds the modes.",
        fix: "Set --authorization-mode=Node,RBAC and --enable-admission-plugins=NodeRestriction.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let lists = |name| server::lists(world.cluster, name);
    let mut bad: Vec<(&str, String)> = Vec::new();
    let mut doubt = None;
    let servers = authorizers::modes(world.cluster);
    if servers.is_empty() {
        doubt = Some("the flags of the API server");
    }
    for (_, modes) in servers {
        match modes {
            Modes::Unseen => doubt = Some("the flags of the API server"),
            Modes::File(_) => doubt = Some("the file of --authorization-config"),
            Modes::Absent => {
                bad.push(("--authorization-mode", "absent, which is AlwaysAllow".to_owned()));
            }
            Modes::Named(modes) => {
                let has = |mode| modes.contains(&mode);
                if has("AlwaysAllow") || !has("Node") || !has("RBAC") {
                    bad.push(("--authorization-mode", modes.join(",")));
                }
            }
        }
    }
    let disabled = lists("disable-admission-plugins");
    let off = |plugin: &str| disabled.iter().flatten().any(|list| list.contains(&plugin));
    if server::plugin_is_on(world.cluster, "NodeRestriction") == Some(false) {
        bad.push(("--enable-admission-plugins", "NodeRestriction is not on".to_owned()));
    }
    for plugin in ["NodeRestriction", "ServiceAccount"] {
        if off(plugin) {
            bad.push(("--disable-admission-plugins", plugin.to_owned()));
        }
    }
    // Servers that are set up alike say it once.
    bad.sort();
    bad.dedup();
    let spots: Vec<Why> =
        bad.iter().map(|(name, value)| settings::server_field(world, (name, value))).collect();
    let missing: BTreeSet<String> = doubt.into_iter().map(str::to_owned).collect();
    out.add(facts::whole("api-server"), Verdict::with(spots, missing));
}
