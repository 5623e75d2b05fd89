//! RF-RBAC-004: every authenticated identity has grants above baseline.

use crate::outcome::{Fault, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::{NodeKey, Subject};
use ringfort_model::Kind;

use crate::check::{Check, Doc, Judge, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-004",
    title: "Every authenticated identity has grants above baseline",
    zone: Zone::Initial,
    severity: Severity::High,
    modifiers: &[],
    references: &["KSV-01011", "C-0265"],
    reads: &[Kind::ClusterRole, Kind::ClusterRoleBinding, Kind::Role, Kind::RoleBinding],
    doc: Doc {
        why: "Every account, and on some clouds every account of the cloud, may make the requests.",
        fails: "A binding gives system:authenticated more than discovery.",
        not: "The bindings that every cluster has.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Bind the role to those who need it.",
    },
    judge: Judge::Cluster(judge),
};

/// Whoever has a credential.
const SUBJECTS: [fn() -> Subject; 1] = [|| Subject::Group("system:authenticated".into())];

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
