//! RF-SA-002: default ServiceAccount holds grants.

use crate::outcome::{Fault, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::{NodeKey, Subject};
use ringfort_model::{Kind, Str};
use std::collections::BTreeSet;

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
    let objects = world.cluster.service_accounts.iter().map(|one| &one.metadata);
    let mut namespaces: BTreeSet<&Str> =
        objects.filter(|meta| meta.name == *"default").map(|meta| &meta.namespace).collect();
    // Every namespace has one, whether the objects hold it or not.
    namespaces.extend(world.subjects().filter_map(|(subject, _)| match subject {
        Subject::ServiceAccount(namespace, name) if *name == *"default" => Some(namespace),
        _ => None,
    }));
    for namespace in namespaces {
        let name = Str::new("default");
        let subject = Subject::ServiceAccount(namespace.clone(), name.clone());
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
        out.add(crate::Object::new("ServiceAccount", namespace, &name), verdict);
    }
}
