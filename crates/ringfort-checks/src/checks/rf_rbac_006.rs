//! RF-RBAC-006: wildcard in an effective grant.

use std::collections::{BTreeMap, BTreeSet};

use crate::outcome::{Fault, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::{RoleKey, Subject, Why};
use ringfort_model::record::PolicyRule;
use ringfort_model::{Kind, Str};

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-006",
    title: "Wildcard in an effective grant",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["KSV-0044", "KSV-0045", "KSV-0112", "C-0187", "CKV_K8S_49", "CIS 5.1.3"],
    reads: &[Kind::ClusterRole, Kind::ClusterRoleBinding, Kind::Role, Kind::RoleBinding],
    doc: Doc {
        why: "It grants what nobody thought of, and what comes with the next version.",
        fails: "* in verbs, API groups or resources of a role of the owner's that a binding hands out. Without a binding it is informational.",
        not: "The roles that every cluster has.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Name what is used.",
    },
    judge: Judge::Cluster(judge),
};

/// The grants of each plain role, one for each scope that it holds in.
fn by_role<'w>(world: &'w World<'_>) -> BTreeMap<&'w RoleKey, Vec<usize>> {
    let mut found: BTreeMap<&RoleKey, Vec<usize>> = BTreeMap::new();
    for (at, grant) in world.context.grants.iter().enumerate() {
        let plain = matches!(grant.role, RoleKey::Cluster(_) | RoleKey::Namespaced(..));
        if plain && grant.limit.is_none() {
            found.entry(&grant.role).or_default().push(at);
        }
    }
    found
}

/// ClusterRoles into which the controller copies the rules of one, by others if need be.
fn fed<'w>(world: &'w World<'_>, name: &'w Str) -> BTreeSet<&'w Str> {
    let roles = &world.cluster.cluster_roles;
    let mut found = BTreeSet::new();
    let mut open = vec![name];
    while let Some(name) = open.pop() {
        let Some(source) = roles.get("", name) else { continue };
        for role in roles {
            let rule = role.aggregation_rule.iter();
            let mut selectors = rule.flat_map(|one| one.cluster_role_selectors.iter());
            let selects = selectors.any(|one| one.matches(&source.metadata.labels));
            if selects && role.metadata.name != *name && found.insert(&role.metadata.name) {
                open.push(&role.metadata.name);
            }
        }
    }
    found
}

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let grants = &world.context.grants;
    let roles = by_role(world);
    for (&role, all) in &roles {
        let object = World::role_object(role);
        if all.iter().any(|&at| world.is_usual_role(at)) {
            out.add(object, Verdict::NotApplicable);
            continue;
        }
        let wild = |rule: &PolicyRule| {
            rule.verbs.has("*") || rule.api_groups.has("*") || rule.resources.has("*")
        };
        let mut spots: Vec<Why> = Vec::new();
        let mut fault = Fault::default();
        let mut subjects: BTreeSet<&Subject> = BTreeSet::new();
        // Where nobody is bound there is one scope, the widest that a binding could give.
        let bound: Vec<usize> =
            all.iter().copied().filter(|&at| !grants[at].bound.is_empty()).collect();
        for grant in if bound.is_empty() { all } else { &bound }.iter().map(|&at| &grants[at]) {
            let rules = grant.rules.iter().enumerate().filter(|(_, rule)| wild(rule));
            let held = rules.map(|(rule, _)| Why::Held {
                role: role.clone(),
                scope: grant.scope.clone(),
                rule: rule as u32,
            });
            let before = spots.len();
            spots.extend(held);
            if let Some((_, binding, subject)) =
                grant.bound.first().filter(|_| spots.len() > before)
            {
                spots.push(Why::Bound { binding: binding.clone(), subject: *subject });
                subjects.extend(grant.bound.iter().map(|(subject, ..)| subject));
                fault.at.insert(grant.node());
            }
        }
        if spots.is_empty() {
            out.add(object, Verdict::Pass);
            continue;
        }
        fault.note = count(subjects.len());
        fault.severity = Some(if subjects.is_empty() { Severity::Info } else { Severity::Medium });
        if let (RoleKey::Cluster(name), true) = (role, subjects.is_empty()) {
            let through = fed(world, name).into_iter().find_map(|name| {
                let all = roles.get(&RoleKey::Cluster(name.clone()))?;
                let all: Vec<_> = all.iter().map(|&at| &grants[at]).collect();
                let subjects: BTreeSet<&Subject> =
                    all.iter().flat_map(|one| &one.bound).map(|(subject, ..)| subject).collect();
                (!subjects.is_empty()).then_some((name, all, subjects.len()))
            });
            if let Some((name, all, subjects)) = through {
                fault.note = format!("it is a part of ClusterRole {name}: {}", count(subjects));
                fault.severity = Some(Severity::Medium);
                let held = all.iter().filter(|grant| !grant.bound.is_empty());
                fault.at.extend(held.map(|grant| grant.node()));
            }
        }
        fault.spots = spots;
        out.add(object, Verdict::Fail(fault));
    }
}

fn count(subjects: usize) -> String {
    match subjects {
        0 => "nobody is bound to it".to_owned(),
        1 => "one subject is bound to it".to_owned(),
        count => format!("{count} subjects are bound to it"),
    }
}
