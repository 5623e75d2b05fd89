//! RF-RBAC-012: node-wide container access by nodes/proxy.

use crate::outcome::{Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::NodeKey;
use ringfort_attack::Zone;
use ringfort_attack::context::Ask;
use ringfort_model::Kind;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-012",
    title: "Node-wide container access by nodes/proxy",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["KSV-0047", "C-0279", "CKV2_K8S_2", "CIS 5.1.10", "MS-TA9030"],
    reads: &[Kind::ClusterRole, Kind::ClusterRoleBinding, Kind::Role, Kind::RoleBinding],
    doc: Doc {
        why: "The kubelet runs commands in every container of the node for whoever may use it; a WebSocket needs get only.",
        fails: "A binding of the owner's gives get or create on nodes/proxy in the whole cluster.",
        not: "The fine-grained nodes/metrics, nodes/stats, nodes/log, nodes/healthz; nodes/proxy in a RoleBinding, which grants nothing.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Grant nodes/metrics, nodes/stats, nodes/healthz or nodes/pods in its place.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let ask = Ask::named(&["get", "create"], "", "nodes/proxy").cluster();
    let held = world.context.held(&ask);
    for (subject, grants) in world.subjects() {
        if world.is_admin(grants) {
            out.add(World::subject_object(subject), Verdict::NotApplicable);
            continue;
        }
        let mut spots = Vec::new();
        for &(grant, bound, _) in grants {
            let rule = held.iter().find(|one| one.grant == grant);
            spots
                .extend(rule.into_iter().flat_map(|one| world.grant_why((grant, bound, one.rule))));
        }
        let mut verdict = Verdict::of(spots);
        if let Verdict::Fail(fault) = &mut verdict {
            fault.at.insert(NodeKey::Subject(subject.clone()));
        }
        out.add(World::subject_object(subject), verdict);
    }
}
