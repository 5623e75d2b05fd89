//! What keeps whoever holds some positions from others: controls that were asked about a step which
//! would lead on, and refuse it. Of a step that nobody can ask for there is none.

use std::collections::BTreeSet;

use ringfort_admission::{Finding, PodWrite, Verdict};
use ringfort_graph::BitSet;
use ringfort_model::Str;
use ringfort_network::policy::{Direction, Tri};

use crate::attack::Attack;
use crate::choice::LEAVING;
use crate::context::{Gate, Held, full_quotas, is_ending};
use crate::node::{NodeKey, Power, Scope, Subject};

/// The controls between those who hold some positions and positions from which the others would be
/// reached, these included.
#[must_use]
pub fn held_back(attack: &Attack<'_>, held: &BitSet, wanted: &BitSet) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    admission(attack, held, wanted, &mut found);
    policies(attack, held, wanted, &mut found);
    found
}

/// What of admission stops new pods, or keeps them on their side of the node.
fn admission(attack: &Attack<'_>, held: &BitSet, wanted: &BitSet, found: &mut BTreeSet<String>) {
    let context = &attack.context;
    let among = |set: &BitSet, key: &NodeKey| {
        attack.node(key).is_some_and(|node| set.contains(node.index()))
    };
    let mut create: Vec<Held> = context.held_pod_create();
    create.retain(|one| among(held, &one.node(context)));
    let everywhere = among(held, &NodeKey::Power(Power::RunPods, Scope::Cluster));
    let keys = || wanted.iter().map(|at| &attack.keys()[at]);
    let nodes =
        keys().any(|key| matches!(key, NodeKey::Node(_) | NodeKey::EveryNode | NodeKey::SomeNode));
    let inside: BTreeSet<&Str> = keys()
        .filter_map(|key| match key {
            NodeKey::Secret(namespace, _)
            | NodeKey::Subject(Subject::ServiceAccount(namespace, _)) => Some(namespace),
            _ => None,
        })
        .collect();
    for name in &context.namespaces {
        let runs = NodeKey::Power(Power::RunPods, Scope::Namespace(name.clone()));
        let asks = everywhere
            || among(held, &runs)
            || create.iter().any(|one| one.scope(context).reaches(Some(name)));
        if !asks || !(nodes || inside.contains(name)) {
            continue;
        }
        let answer = context.admission(name);
        if context.gate(Power::RunPods, name) == Gate::Stopped {
            if is_ending(context.cluster, name) {
                found.insert(format!("namespace {name} is being deleted: nothing is made in it"));
            }
            for quota in full_quotas(context.cluster, name) {
                let quota = &quota.metadata.name;
                found.insert(format!("ResourceQuota {name}/{quota} allows no pods"));
            }
            let refused = answer.map(|answer| &answer.some(PodWrite::Create).verdict);
            if let Some(Verdict::Refused(by)) = refused {
                let none = |one: &Finding| format!("{}: no pod of namespace {name}", one.control);
                found.extend(by.iter().map(none));
            }
        } else if nodes {
            let classes = answer.iter().flat_map(|answer| &answer.classes);
            for class in classes.filter(|one| LEAVING.contains(&one.class)) {
                if let Verdict::Refused(by) = &class.decision.verdict {
                    let kept = |one: &Finding| {
                        let control = &one.control;
                        format!("{control}: no pod of namespace {name} that leaves to its node")
                    };
                    found.extend(by.iter().map(kept));
                }
            }
        }
    }
}

/// Network policies that isolate pods which take commands from whoever connects, and those that
/// keep pods which are held from connecting.
fn policies(attack: &Attack<'_>, held: &BitSet, wanted: &BitSet, found: &mut BTreeSet<String>) {
    let context = &attack.context;
    let units = |set: &BitSet| -> BTreeSet<u32> {
        let keys = set.iter().map(|at| &attack.keys()[at]);
        keys.filter_map(|key| match key {
            NodeKey::Pods(unit, _) | NodeKey::Container(unit, ..) => Some(*unit),
            _ => None,
        })
        .collect()
    };
    let (ours, mut theirs) = (units(held), units(wanted));
    theirs.retain(|&unit| !ours.contains(&unit) && context.unasked_ports(unit).next().is_some());
    if ours.is_empty() || theirs.is_empty() {
        return;
    }
    for endpoint in context.endpoints().iter().filter(|one| one.enforced != Tri::No) {
        let (direction, way) = match endpoint.unit {
            unit if theirs.contains(&unit) => (Direction::Ingress, "to"),
            unit if ours.contains(&unit) => (Direction::Egress, "from"),
            _ => continue,
        };
        let doubt = match endpoint.enforced {
            Tri::Yes => "",
            _ => ", if anything enforces it",
        };
        let unit = attack.unit_id(endpoint.unit);
        for &at in context.network.selecting_policies(direction, endpoint.class) {
            let Some(policy) = context.network.policies().get(at as usize) else { continue };
            let name = &policy.name;
            let place = match name.namespace.as_str() {
                "" => name.name.to_string(),
                namespace => format!("{namespace}/{}", name.name),
            };
            let kind = &name.kind;
            found.insert(format!("{kind} {place} bounds traffic {way} {unit}{doubt}"));
        }
    }
}
