//! RF-RBAC-007: secrets readable beyond need.

use crate::outcome::{Outcomes, Verdict};
use crate::pods;
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::context::Ask;
use ringfort_attack::{NodeKey, Scope};
use ringfort_model::Kind;
use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Check, Doc, Judge, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-007",
    title: "Secrets readable beyond need",
    zone: Zone::Impact,
    severity: Severity::Medium,
    modifiers: &[],
    references: &[
        "KSV-0041",
        "KSV-0113",
        "C-0015",
        "C-0186",
        "CKV2_K8S_5",
        "CIS 5.1.2",
        "MS-TA9025",
    ],
    reads: &[
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
        Kind::Namespace,
    ],
    doc: Doc {
        why: "Secrets hold what other systems trust.",
        fails: "The subject reads Secrets, by get, list or watch without names, in more than one namespace; high in the whole cluster.",
        not: "Secrets of one namespace; a list that is limited to names; cluster-admin (RF-RBAC-001).",
        unknown: "Never, beside kinds that were not read.",
        fix: "Grant get on the names that are used.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let held = world.context.held(&Ask::unnamed(&["get", "list", "watch"], "", "secrets"));
    let mut reads: BTreeMap<usize, u32> = BTreeMap::new();
    for one in held {
        reads.entry(one.grant).or_insert(one.rule);
    }
    for (subject, grants) in world.subjects() {
        let object = World::subject_object(subject);
        let mut spots = Vec::new();
        let mut namespaces = BTreeSet::new();
        let mut everywhere = false;
        let admin = world.is_admin(grants);
        for &(grant, bound, _) in grants {
            let one = &world.context.grants[grant];
            let Some(&rule) = reads.get(&grant) else { continue };
            spots.extend(world.grant_why((grant, bound, rule)));
            match &one.scope {
                Scope::Cluster => everywhere = true,
                Scope::Namespace(name) => {
                    namespaces.insert(name.clone());
                }
            }
        }
        let mut verdict = match (admin, everywhere, namespaces.len()) {
            (true, _, _) => Verdict::NotApplicable,
            (false, false, 0 | 1) => Verdict::Pass,
            (false, true, _) => pods::rated(Verdict::of(spots), Severity::High),
            (false, false, _) => Verdict::of(spots),
        };
        if let Verdict::Fail(fault) = &mut verdict {
            fault.at.insert(NodeKey::Subject(subject.clone()));
        }
        out.add(object, verdict);
    }
}
