//! Aggregated ClusterRoles: a controller writes their rules from those of the roles that their
//! selectors match (pkg/controller/clusterroleaggregation), whenever one of them changes. So a
//! rule of theirs is changed where it comes from, and nowhere else.

use std::collections::BTreeSet;

use ringfort_model::record::{ClusterRole, PolicyRule};
use ringfort_model::{Cluster, Kind, Object, SourceKind, Str};

/// Roles whose rules the controller copies into this one, by selector and name.
fn fed_by<'c>(cluster: &'c Cluster, role: &ClusterRole) -> Vec<&'c ClusterRole> {
    let selectors = role.aggregation_rule.iter().flat_map(|one| one.cluster_role_selectors.iter());
    let own = &role.metadata.name;
    selectors
        .flat_map(|selector| {
            let matches = |one: &&ClusterRole| selector.matches(&one.metadata.labels);
            cluster.cluster_roles.iter().filter(matches)
        })
        .filter(|one| one.metadata.name != *own)
        .collect()
}

/// Roles that hold rules of their own which reach an aggregated one, through others if need be;
/// sorted.
pub(crate) fn sources<'c>(cluster: &'c Cluster, role: &'c ClusterRole) -> Vec<&'c ClusterRole> {
    let mut seen: BTreeSet<&Str> = BTreeSet::new();
    let mut open = vec![role];
    let mut found = Vec::new();
    while let Some(role) = open.pop() {
        if !seen.insert(&role.metadata.name) {
            continue;
        }
        match role.aggregation_rule {
            Some(_) => open.extend(fed_by(cluster, role)),
            None => found.push(role),
        }
    }
    found.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    found
}

/// How often aggregated roles are written again.
const ROUNDS: usize = 16;

/// Lets the controller write the aggregated roles again. In manifests it has not run yet, and of
/// roles that were not all read it is not known what it would write.
pub(crate) fn settle(cluster: &mut Cluster) {
    let known = cluster.coverage.is_complete(Kind::ClusterRole);
    if cluster.source == SourceKind::Manifests || !known {
        return;
    }
    // Aggregated roles feed each other a few times over; those that do so in a ring never settle.
    for _ in 0..ROUNDS {
        let mut stale: Vec<ClusterRole> = Vec::new();
        for role in cluster.cluster_roles.iter().filter(|role| role.aggregation_rule.is_some()) {
            let mut rules: Vec<PolicyRule> = Vec::new();
            for rule in fed_by(cluster, role).iter().flat_map(|source| source.rules.iter()) {
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            }
            if role.rules[..] != rules[..] {
                stale.push(ClusterRole { rules: rules.into(), ..role.clone() });
            }
        }
        if stale.is_empty() {
            return;
        }
        for role in stale {
            let object = Object::ClusterRole(role);
            cluster.remove(&object);
            cluster.insert(object);
        }
    }
}
