//! RF-SEC-003: kubeconfig or cluster credential stored in the cluster.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::secrets;
use crate::world::World;
use ringfort_attack::{NodeKey, Zone};
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-SEC-003",
    title: "Kubeconfig or cluster credential stored in the cluster",
    zone: Zone::Impact,
    severity: Severity::High,
    modifiers: &[],
    references: &["MS-TA9003"],
    reads: &[Kind::Secret, Kind::ConfigMap],
    doc: Doc {
        why: "Whoever reads it acts in that cluster, which may be another one, as its owner.",
        fails: "A Secret or ConfigMap holds a kubeconfig with a token, key or password in it.",
        not: "A kubeconfig that starts a program or reads a file for its credential; cluster Secrets of controllers, which RF-CICD-014 names.",
        unknown: "The values of a Secret that may hold anything were not read, as from a live cluster.",
        fix: "Use short-lived credentials, and delete the copy.",
    },
    judge: Judge::Cluster(judge),
};

/// Kubeconfigs that hold their credential.
const FIXED: [&str; 3] = ["kubeconfig-static-token", "kubeconfig-static-cert", "kubeconfig-basic"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    secrets::judge(world, out, &FIXED, "whether its values are a kubeconfig");
    for map in &world.cluster.config_maps {
        let meta = &map.metadata;
        let held = map.held().filter(|(_, class)| FIXED.contains(&class.as_str()));
        let spots = held
            .map(|(path, class)| {
                facts::field("ConfigMap", &meta.namespace, &meta.name, (&path, class))
            })
            .collect();
        let mut verdict = Verdict::of(spots);
        if let Verdict::Fail(fault) = &mut verdict {
            fault.at.insert(NodeKey::ConfigMap(meta.namespace.clone(), meta.name.clone()));
        }
        out.add(Object::new("ConfigMap", &meta.namespace, &meta.name), verdict);
    }
}
