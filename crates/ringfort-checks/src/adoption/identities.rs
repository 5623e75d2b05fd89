//! Metrics of identities.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::{Impact, NodeKey, Subject, Why};
use ringfort_graph::NodeId;
use ringfort_isolation::{Effect, workload_identity};
use ringfort_model::record::PolicyRule;
use ringfort_model::{Str, credential};
use ringfort_network::policy::Tri;

use crate::adoption::{Adoption, Metric, as_far_as_read, pods, tri};
use crate::outcome::Object;
use crate::world::World;

pub(super) fn measure(world: &World<'_>) -> Vec<Adoption> {
    vec![wildcards(world), administrators(world), cloud(world)]
}

fn is_wild(rule: &PolicyRule) -> bool {
    rule.verbs.has("*") || rule.api_groups.has("*") || rule.resources.has("*")
}

fn wildcards(world: &World<'_>) -> Adoption {
    let mut found = Adoption::new(Metric {
        id: "MET-RBAC-NOWILD",
        of: "subjects that bindings of the owner's name",
        present: "no rule of their roles has a wildcard",
        effective: "no technique rests on a rule with a wildcard",
    });
    let attack = world.attack;
    for (_, grants) in world.subjects() {
        let mut written = false;
        let mut used = false;
        for &(grant, ..) in grants {
            let one = &world.context.grants[grant];
            written |= one.rules.iter().any(is_wild);
            let Some(node) = attack.node(&one.node()) else { continue };
            used |= attack.graph.outgoing(node).iter().any(|&edge| {
                let info = attack.edge(edge);
                let mut whys = info.why();
                info.technique.is_some()
                    && whys.any(|why| match why {
                        Why::Rule { rule, .. } => {
                            one.rules.get(*rule as usize).is_some_and(is_wild)
                        }
                        _ => false,
                    })
            });
        }
        found.count(1, tri(!written), tri(!used));
    }
    found
}

fn administrators(world: &World<'_>) -> Adoption {
    let mut found = Adoption::new(Metric {
        id: "MET-RBAC-NOADMIN",
        of: "workloads of the owner's",
        present: "no binding gives their account the role cluster-admin",
        effective: "their account does not lead to cluster-admin",
    });
    let attack = world.attack;
    let mut workloads: BTreeMap<Object, Subject> = BTreeMap::new();
    for place in world.places().filter(|place| pods::counts(world, place.at)) {
        let unit = place.unit;
        let account = Str::new(unit.spec.account());
        let subject = Subject::ServiceAccount(unit.namespace.clone(), account);
        workloads.insert(world.owner(place.at), subject);
    }
    let subjects: BTreeSet<&Subject> = workloads.values().collect();
    let starts: Vec<(NodeId, &Subject)> = subjects
        .into_iter()
        .filter_map(|one| Some((attack.node(&NodeKey::Subject(one.clone()))?, one)))
        .collect();
    let admin = attack.node(&NodeKey::Impact(Impact::ClusterAdmin));
    let nodes: Vec<NodeId> = starts.iter().map(|(node, _)| *node).collect();
    let targets: Vec<NodeId> = admin.into_iter().collect();
    let reached = attack.pairs(&nodes, &targets, &attack.no_edges());
    let strong: BTreeSet<&Subject> =
        reached.iter().flat_map(ringfort_graph::BitSet::iter).map(|at| starts[at].1).collect();
    let unread = world.unread();
    for (object, subject) in &workloads {
        let named = world.context.grants_of(subject).iter().any(|&(grant, _)| {
            let role = World::role_object(&world.context.grants[grant].role);
            role.kind == "ClusterRole" && role.name == "cluster-admin"
        });
        let present = as_far_as_read(!named, unread.as_ref());
        let effective = as_far_as_read(!strong.contains(subject), unread.as_ref());
        found.count_in(&object.namespace, 1, present, effective);
    }
    found.lacks(unread);
    found
}

fn cloud(world: &World<'_>) -> Adoption {
    let mut found = Adoption::new(Metric {
        id: "MET-WI",
        of: "workloads of the owner's that show access to a cloud",
        present: "their account is annotated with an identity of the cloud",
        effective: "the cloud accepts this identity alone, and the nodes' role is out of reach",
    });
    let mut workloads: BTreeMap<Object, (bool, Effect)> = BTreeMap::new();
    for place in world.places().filter(|place| pods::counts(world, place.at)) {
        let unit = place.unit;
        let account = world.cluster.service_accounts.get(&unit.namespace, unit.spec.account());
        let effect =
            account.map_or(Effect::Absent, |one| workload_identity(one, Some(&unit.spec)).effect);
        let mut held = unit.spec.all_containers().flat_map(|(_, _, one)| one.held());
        let key = held.any(|(_, class)| credential::CLOUD.contains(&class));
        if effect != Effect::Absent || key {
            // A static key is used whatever the account is annotated with.
            let effect = if key { Effect::Absent } else { effect };
            workloads.insert(world.owner(place.at), (effect != Effect::Absent, effect));
        }
    }
    for (object, (present, effect)) in workloads {
        let effective: Tri = found.said(effect);
        found.count_in(&object.namespace, 1, tri(present), effective);
    }
    found
}
