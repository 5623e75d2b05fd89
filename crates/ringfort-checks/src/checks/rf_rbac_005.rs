//! RF-RBAC-005: all ServiceAccounts have grants.

use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::{NodeKey, Subject};
use ringfort_model::Kind;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-005",
    title: "All ServiceAccounts have grants",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["none known"],
    reads: &[Kind::ClusterRole, Kind::ClusterRoleBinding, Kind::Role, Kind::RoleBinding],
    doc: Doc {
        why: "Every pod with a token may make the requests.",
        fails: "A binding gives system:serviceaccounts, or the group of a namespace, more than every cluster does.",
        not: "A binding to one account.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Bind the role to the accounts that need it.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    for (subject, grants) in world.subjects() {
        let is_meant = matches!(subject, Subject::Group(name)
            if name == "system:serviceaccounts" || name.starts_with("system:serviceaccounts:"));
        let verdict = match is_meant {
            false => Verdict::NotApplicable,
            true => {
                let whys = grants.iter().flat_map(|&grant| world.grant_why(grant));
                let mut fault = Fault::of(whys.collect());
                fault.at.insert(NodeKey::Subject(subject.clone()));
                Verdict::Fail(fault)
            }
        };
        out.add(World::subject_object(subject), verdict);
    }
    let all = Object::wide("Group", "system:serviceaccounts");
    if out.get(&all).is_none() {
        out.add(all, Verdict::Pass);
    }
}
