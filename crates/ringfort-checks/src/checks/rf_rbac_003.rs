//! RF-RBAC-003: anonymous subject has grants above baseline.

use crate::outcome::{Fault, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::{NodeKey, Subject};
use ringfort_model::Kind;

use crate::check::{Check, Doc, Judge, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-003",
    title: "Anonymous subject has grants above baseline",
    zone: Zone::Initial,
    severity: Severity::High,
    modifiers: &[],
    references: &["KSV-0122", "C-0262", "T1078.001"],
    reads: &[Kind::ClusterRole, Kind::ClusterRoleBinding, Kind::Role, Kind::RoleBinding],
    doc: Doc {
        why: "Anybody who reaches the API server may make the requests.",
        fails: "A binding gives system:anonymous or system:unauthenticated more than discovery, health and the version, and more than kubeadm's cluster-info.",
        not: "The bindings that every cluster has.",
        unknown: "Never, beside kinds that were not read; whether the endpoint is reachable is vector V1's.",
        fix: "Delete the binding.",
    },
    judge: Judge::Cluster(judge),
};

/// Who sends a request without a credential.
const SUBJECTS: [fn() -> Subject; 2] = [
    || Subject::User("system:anonymous".into()),
    || Subject::Group("system:unauthenticated".into()),
];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    for subject in SUBJECTS {
        let grants = world.own_grants(&subject());
        let verdict = match grants.is_empty() {
            true => Verdict::Pass,
            false => {
                let whys = grants.into_iter().flat_map(|grant| world.grant_why(grant));
                let mut fault = Fault::of(whys.collect());
                fault.at.insert(NodeKey::Subject(subject()));
                Verdict::Fail(fault)
            }
        };
        out.add(World::subject_object(&subject()), verdict);
    }
}
