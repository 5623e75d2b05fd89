//! RF-SA-002: default ServiceAccount holds grants.

use crate::outcome::{Fault, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::{NodeKey, Subject};
use ringfort_model::Kind;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-SA-002",
    title: "Default ServiceAccount holds grants",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["C-0189", "CKV_K8S_41", "CKV_K8S_42", "CIS 5.1.5"],
    reads: &[
        Kind::ServiceAccount,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
    ],
    doc: Doc {
        why: "Every pod that names no account runs with them.",
        fails: "A binding gives the account default more than discovery.",
        not: "A default account without bindings of its own.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Bind the role to an account of the workload that needs it.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    for account in
        world.cluster.service_accounts.iter().filter(|one| one.metadata.name == *"default")
    {
        let meta = &account.metadata;
        let subject = Subject::ServiceAccount(meta.namespace.clone(), meta.name.clone());
        let grants = world.own_grants(&subject);
        let verdict = match grants.is_empty() {
            true => Verdict::Pass,
            false => {
                let whys = grants.into_iter().flat_map(|grant| world.grant_why(grant));
                let mut fault = Fault::of(whys.collect());
                fault.at.insert(NodeKey::Subject(subject));
                Verdict::Fail(fault)
            }
        };
        out.add(crate::Object::new("ServiceAccount", &meta.namespace, &meta.name), verdict);
    }
}
