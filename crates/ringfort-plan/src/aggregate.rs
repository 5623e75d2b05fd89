//! Aggregated ClusterRoles: a controller writes their rules from those of the roles that their
//! selectors match (pkg/controller/clusterroleaggregation), whenever one of them changes. So a
//! rule of theirs is changed where it comes from, and nowhere else.

use std::collections::BTreeSet;

use ringfort_model::record::{ClusterRole, PolicyRule};
use ringfort_model::{Cluster, Kind, Object, SourceKind, Str};
use rustc_hash::FxHashSet;

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
    // Who feeds whom does not change while rules are copied.
    let aggregated: Vec<(Str, Vec<Str>)> = cluster
        .cluster_roles
        .iter()
        .filter(|role| role.aggregation_rule.is_some())
        .map(|role| {
            let sources = fed_by(cluster, role).into_iter();
            (role.metadata.name.clone(), sources.map(|one| one.metadata.name.clone()).collect())
        })
        .collect();
    // Aggregated roles feed each other a few times over; those that do so in a ring never settle.
    for _ in 0..ROUNDS {
        let mut stale: Vec<ClusterRole> = Vec::new();
        for (name, sources) in &aggregated {
            let Some(role) = cluster.cluster_roles.get("", name) else { continue };
            let mut seen: FxHashSet<&PolicyRule> = FxHashSet::default();
            let mut rules: Vec<PolicyRule> = Vec::new();
            let sources = sources.iter().filter_map(|name| cluster.cluster_roles.get("", name));
            for rule in sources.flat_map(|source| source.rules.iter()) {
                if seen.insert(rule) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::ClusterBuilder;
    use serde_json::{Value, json};

    /// The controller as it is written down: every role of every round anew.
    fn plainly(cluster: &mut Cluster) {
        for _ in 0..ROUNDS {
            let mut stale: Vec<ClusterRole> = Vec::new();
            for role in cluster.cluster_roles.iter().filter(|one| one.aggregation_rule.is_some()) {
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

    /// A row of numbers that only looks random.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) % limit
        }
    }

    /// Roles that feed each other by few labels: alone, in chains, in rings and each itself.
    fn roles(numbers: &mut Numbers) -> Cluster {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        builder.coverage().rest_is_complete = true;
        for at in 0..2 + numbers.below(8) {
            let label = |number: u64| format!("to-{number}");
            let labels: serde_json::Map<String, Value> =
                (0..numbers.below(3)).map(|_| (label(numbers.below(4)), json!("true"))).collect();
            let rules: Vec<Value> = (0..numbers.below(4))
                .map(|_| {
                    json!({"apiGroups": [""], "verbs": ["get"],
                        "resources": [format!("things-{}", numbers.below(5))]})
                })
                .collect();
            let mut role = json!({"apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRole", "metadata": {"name": format!("r{at}"), "labels": labels},
                "rules": rules});
            if numbers.below(2) == 0 {
                let selectors: Vec<Value> = (0..=numbers.below(2))
                    .map(|_| json!({"matchLabels": {(label(numbers.below(4))): "true"}}))
                    .collect();
                role["aggregationRule"] = json!({"clusterRoleSelectors": selectors});
            }
            builder.add(Object::read(role.to_string().as_bytes()).expect("a role"));
        }
        builder.freeze()
    }

    #[test]
    fn roles_settle_as_the_controller_writes_them() {
        let mut numbers = Numbers(7);
        let mut written = 0;
        for round in 0..3_000 {
            let before = roles(&mut numbers);
            assert!(before.coverage.is_complete(Kind::ClusterRole));
            let (mut one, mut other) = (before.clone(), before.clone());
            settle(&mut one);
            plainly(&mut other);
            assert_eq!(one.cluster_roles.as_slice(), other.cluster_roles.as_slice(), "{round}");
            written += u32::from(one.cluster_roles.as_slice() != before.cluster_roles.as_slice());
        }
        assert!(written > 1_000, "{written} of them had something to write");
    }
}
