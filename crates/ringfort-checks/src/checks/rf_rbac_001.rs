//! RF-RBAC-001: subject outside baseline is cluster-admin equivalent.

use crate::outcome::{Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::{NodeKey, Scope, Subject, is_everything};
use ringfort_model::Kind;
use std::collections::BTreeSet;

use crate::check::{Check, Doc, Judge, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-001",
    title: "Subject outside baseline is cluster-admin equivalent",
    zone: Zone::Impact,
    severity: Severity::High,
    modifiers: &[],
    references: &["KSV-0111", "KSV-0046", "C-0035", "C-0185", "C-0267", "CIS 5.1.1", "MS-TA9019"],
    reads: &[Kind::ClusterRole, Kind::ClusterRoleBinding, Kind::Role, Kind::RoleBinding],
    doc: Doc {
        why: "Whoever is the subject, or gets its token, does everything.",
        fails: "A binding of the owner's gives the subject, in the whole cluster, every verb on every resource. Critical for an account that a workload runs with.",
        not: "The groups that every cluster and its installer give that power; a role named admin that gives less.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Bind a role with what is used.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let used: BTreeSet<(&str, &str)> = world
        .context
        .units
        .iter()
        .filter(|unit| !unit.latent)
        .map(|unit| (unit.namespace.as_str(), unit.spec.account()))
        .collect();
    for (subject, grants) in world.subjects() {
        let mut spots = Vec::new();
        for &(grant, bound, _) in grants {
            let one = &world.context.grants[grant];
            let rule = one.rules.iter().position(is_everything);
            if let (Scope::Cluster, Some(rule)) = (&one.scope, rule) {
                spots.extend(world.grant_why((grant, bound, rule as u32)));
            }
        }
        let mut verdict = Verdict::of(spots);
        if let Verdict::Fail(fault) = &mut verdict {
            fault.at.insert(NodeKey::Subject(subject.clone()));
            if let Subject::ServiceAccount(namespace, name) = subject
                && used.contains(&(namespace.as_str(), name.as_str()))
            {
                fault.severity = Some(Severity::Critical);
            }
        }
        out.add(World::subject_object(subject), verdict);
    }
}
