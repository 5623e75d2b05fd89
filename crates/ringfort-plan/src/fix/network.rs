//! Fixes by network policies: keep other namespaces from a workload, and pods from the
//! metadata service. Only where something is known to enforce policies; a policy that nothing
//! enforces cuts nothing.

use ringfort_attack::Way;
use ringfort_attack::technique::FixKind;
use ringfort_language::{Sentence, sentence};
use ringfort_model::{Kind, Map, Str};
use ringfort_network::exposure::ListenerKind;
use ringfort_network::policy::{Direction, Segment, Tri};
use serde_json::{Value, json};

use crate::edits::{Edited, ObjectEdit};
use crate::fix::{Desk, Fix, Remedy};
use crate::owner::{Manager, Owner, is_system};

/// A policy that stops the connection.
pub(super) fn policy(desk: &Desk<'_, '_>, unit: u32, way: Way) -> Remedy {
    let context = &desk.attack.context;
    let one = &context.units[unit as usize];
    let direction = match way {
        Way::FromAnywhere => Direction::Ingress,
        Way::ToMetadata => Direction::Egress,
        _ => return Remedy::Fact,
    };
    let classes = context.network.of_unit(one);
    let on_pods = classes.iter().all(|class| context.network.segment(*class) == Segment::Pods);
    // A selector without labels would mean the whole namespace.
    if !enforced(desk, unit) || !on_pods || labels(desk, unit).is_empty() {
        return Remedy::Fact;
    }
    // Policies add to each other: one that lets the connection through goes on doing so.
    let selected = |class| !context.network.selecting_policies(direction, class).is_empty();
    if classes.iter().any(|class| selected(*class)) {
        return Remedy::Fact;
    }
    if alike(desk, unit).iter().any(|other| is_system(desk.attack, *other)) {
        return Remedy::Untouchable("it is a part of the cluster itself");
    }
    match way {
        Way::FromAnywhere => inward(desk, unit),
        Way::ToMetadata => outward(desk, unit),
        Way::FromNamespace | Way::ByRule | Way::FromNode | Way::ToNodes | Way::ToServer => {
            Remedy::Fact
        }
    }
}

/// Whether policies have an effect wherever the unit's pods run.
fn enforced(desk: &Desk<'_, '_>, unit: u32) -> bool {
    let context = &desk.attack.context;
    let enforcement = context.network.enforcement();
    let nodes = &context.units[unit as usize].nodes;
    enforcement.anywhere().0 == Tri::Yes
        && nodes.iter().all(|node| {
            enforcement.on_node(&context.cluster.nodes[*node].metadata.name).0 == Tri::Yes
        })
}

/// What a policy for the unit selects by: the labels that all pods of its workload have and its
/// template gives, so that pods of one workload have one policy, and the next ones as well.
fn labels(desk: &Desk<'_, '_>, unit: u32) -> Map {
    let context = &desk.attack.context;
    let one = &context.units[unit as usize];
    if one.owner.is_none() {
        return one.labels.clone();
    }
    let mut like: Vec<&Map> = context
        .units_in(&one.namespace)
        .filter(|(_, other)| other.owner == one.owner)
        .map(|(_, other)| &other.labels)
        .collect();
    // What admission or somebody has added to these pods the next ones may not have.
    let workload = one
        .owner
        .as_ref()
        .and_then(|(kind, name)| context.cluster.workload(*kind, &one.namespace, name));
    let template = workload.and_then(|workload| workload.pod_template());
    like.extend(template.and_then(|one| one.metadata.as_ref()).map(|meta| &meta.labels));
    one.labels.filtered(|key, value| {
        like.iter().all(|labels| labels.get(key).is_some_and(|known| known == value))
    })
}

/// The units that a policy for this one selects.
fn alike(desk: &Desk<'_, '_>, unit: u32) -> Vec<u32> {
    let context = &desk.attack.context;
    let labels = labels(desk, unit);
    context
        .units_in(&context.units[unit as usize].namespace)
        .filter(|(_, other)| labels.iter().all(|(key, value)| other.labels.get(key) == Some(value)))
        .map(|(at, _)| at)
        .collect()
}

/// Pods of the unit's labels take connections of their own namespace only. Whatever the
/// outside or the API server calls is left alone: it would not work any more.
fn inward(desk: &Desk<'_, '_>, unit: u32) -> Remedy {
    let context = &desk.attack.context;
    for at in alike(desk, unit) {
        let mut fronts =
            context.fronts[at as usize].iter().map(|at| &context.exposure.listeners[*at as usize]);
        if fronts.any(|front| front.kind != ListenerKind::ClusterIp) || is_called(desk, at) {
            return Remedy::Fact;
        }
    }
    let id = desk.attack.unit_id(unit);
    let spec = json!({"podSelector": selector(&labels(desk, unit)), "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": {}}]}]});
    let breaks = vec![
        format!("clients of {id} in other namespaces are cut off"),
        "the API server no longer reaches it as an aggregated API or a conversion webhook"
            .to_owned(),
    ];
    let title = sentence!("let only its own namespace connect to {object}", object = &id);
    fix(desk, unit, "only-own-namespace", &spec, title, breaks)
}

/// Pods of the unit's labels send everywhere but to the metadata service.
fn outward(desk: &Desk<'_, '_>, unit: u32) -> Remedy {
    let id = desk.attack.unit_id(unit);
    let spec = json!({"podSelector": selector(&labels(desk, unit)), "policyTypes": ["Egress"],
        "egress": [{"to": [
            {"namespaceSelector": {}},
            {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}},
            {"ipBlock": {"cidr": "::/0", "except": ["fd00:ec2::254/128"]}}]}]});
    let breaks = vec![
        format!("{id} cannot read the metadata service, from which SDKs take region and role"),
        "where blocks do not mean nodes (Cilium), connections to nodes need a rule of their own"
            .to_owned(),
    ];
    let title = sentence!("keep {object} from the metadata service", object = &id);
    fix(desk, unit, "no-metadata", &spec, title, breaks)
}

fn selector(labels: &Map) -> Value {
    let labels = labels.iter().map(|(key, value)| (key.to_string(), json!(value.as_str())));
    json!({"matchLabels": labels.collect::<serde_json::Map<String, Value>>()})
}

/// Whether the API server calls the unit: as a webhook.
fn is_called(desk: &Desk<'_, '_>, unit: u32) -> bool {
    let context = &desk.attack.context;
    let cluster = context.cluster;
    let all = cluster.mutating_webhooks.iter().chain(cluster.validating_webhooks.iter());
    let services = all
        .flat_map(|one| one.webhooks.iter())
        .filter_map(|one| one.client_config.as_ref()?.service.as_ref());
    services.into_iter().any(|service| {
        let key = (service.namespace.clone(), service.name.clone());
        context.behind.get(&key).is_some_and(|units| units.contains(&unit))
    })
}

/// A name within the limit, of the workload and what the policy does.
fn policy_name(base: &str, act: &str) -> String {
    let base: String = base.chars().take(253 - act.len() - 1).collect();
    format!("{}-{act}", base.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()))
}

fn fix(
    desk: &Desk<'_, '_>,
    unit: u32,
    act: &str,
    spec: &Value,
    title: Sentence,
    breaks: Vec<String>,
) -> Remedy {
    let context = &desk.attack.context;
    let one = &context.units[unit as usize];
    let name: String = one.owner.as_ref().map_or_else(
        || one.name(context.cluster).to_string(),
        |(kind, name)| format!("{}-{name}", kind.name().to_lowercase()),
    );
    let name = policy_name(&name, act);
    let namespace = &one.namespace;
    if context.cluster.network_policies.get(namespace, &name).is_some() {
        return Remedy::Fact;
    }
    let object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace.as_str()}, "spec": spec});
    Remedy::Fixes(vec![Fix {
        id: format!("{act}:NetworkPolicy {namespace}/{name}"),
        title,
        kind: FixKind::Netpol,
        edits: vec![Edited {
            kind: Kind::NetworkPolicy,
            namespace: namespace.clone(),
            name: Str::new(&name),
            edit: ObjectEdit::Create(object),
        }],
        cost: desk.costs.grant,
        breadth: 1,
        breaks,
        owner: Owner { namespace: namespace.to_string(), team: None, manager: Manager::Nobody },
    }])
}
