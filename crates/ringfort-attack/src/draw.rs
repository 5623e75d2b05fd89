//! Drawing that several techniques share: an edge from a role to a power in a scope, or to the
//! objects that its resourceNames single out.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_authz::Names;
use ringfort_isolation::Audience;
use ringfort_model::{Container, ContainerKind, PodSpec, Str, Unit, VolumeSource};
use ringfort_network::policy::{Class, Tri};
use rustc_hash::FxHashMap;

use crate::context::{Ask, Context, Gate, Held};
use crate::maker::{Draft, Maker};
use crate::network;
use crate::node::{NodeKey, Power, Scope, Subject};
use crate::server;
use crate::signed;
use crate::why::Way;

/// For every rule that allows the request: an edge to the power, or to the objects that `named`
/// gives for a name in the rule.
pub(crate) fn power(
    context: &Context<'_>,
    maker: &mut Maker<'_>,
    ask: &Ask,
    power: Power,
    named: impl Fn(&Context<'_>, &Scope, &Str) -> Vec<NodeKey>,
) {
    power_of(context, maker, context.held(ask), power, named);
}

/// The same for the rules that give the permission.
pub(crate) fn power_of(
    context: &Context<'_>,
    maker: &mut Maker<'_>,
    held: Vec<Held>,
    power: Power,
    named: impl Fn(&Context<'_>, &Scope, &Str) -> Vec<NodeKey>,
) {
    for held in held {
        let from = held.node(context);
        let scope = held.scope(context).clone();
        match &held.names {
            Names::Any => {
                let draft = Draft::new(from, NodeKey::Power(power, scope.clone()));
                if let Some(draft) = gated(context, power, &scope, draft) {
                    let draft = draft.because(held.why(context, None));
                    maker.edge(chosen(context, maker, power, &scope, draft));
                }
            }
            Names::Only(names) => {
                // Where admission has a say, each namespace is asked by itself.
                let parts: Vec<Scope> = match context.has_gate(power) {
                    false => vec![scope],
                    true => context.namespaces_in(&scope).cloned().map(Scope::Namespace).collect(),
                };
                for (part, name) in
                    parts.iter().flat_map(|part| names.iter().map(move |n| (part, n)))
                {
                    for to in named(context, part, name) {
                        let draft = Draft::new(from.clone(), to);
                        if let Some(draft) = gated(context, power, part, draft) {
                            let draft = draft.because(held.why(context, Some(name)));
                            maker.edge(chosen(context, maker, power, part, draft));
                        }
                    }
                }
            }
        }
    }
}

/// The step as a verification of images leaves it, where the power lets an image be chosen.
fn chosen(
    context: &Context<'_>,
    maker: &Maker<'_>,
    power: Power,
    scope: &Scope,
    draft: Draft,
) -> Draft {
    match (power, maker.technique()) {
        (Power::RunPods | Power::SwapImages, Some(technique)) => {
            signed::weakened(context, technique, scope, draft)
        }
        _ => draft,
    }
}

/// Leads from where ways meet to each of many positions, if something comes there: so there are as
/// many edges as ways and positions, not as pairs of them.
pub(crate) fn lead(maker: &mut Maker<'_>, from: &NodeKey, to: impl IntoIterator<Item = NodeKey>) {
    if maker.has(from) {
        for to in to {
            maker.structure(from.clone(), to, []);
        }
    }
}

/// Who creates an object under a name that a rule holds: a top-level create carries no name, so
/// that `create` with resourceNames serves nobody there. What makes an object that is not there by
/// another write, server-side apply (`patch`) and on some resources PUT (`update`), is asked as
/// that verb and as create of the name (semantics RBAC-06; apiserver
/// `pkg/endpoints/handlers/patch.go`, `pkg/registry/generic/registry/store.go`). Each name with the
/// rules that let it be created and written by `verbs`.
pub(crate) fn upserts(
    context: &Context<'_>,
    create: &Ask,
    verbs: &'static [&'static str],
) -> Vec<(Str, Vec<Held>, Vec<Held>)> {
    let mut by_name: BTreeMap<Str, Vec<Held>> = BTreeMap::new();
    for held in context.held(create) {
        let Names::Only(names) = &held.names else { continue };
        for name in names {
            by_name.entry(name.clone()).or_default().push(held.clone());
        }
    }
    if by_name.is_empty() {
        return Vec::new();
    }
    let write = context.held(&Ask { verbs, ..*create });
    let with = |(name, create): (Str, Vec<Held>)| {
        let write: Vec<Held> =
            write.iter().filter(|held| held.names.allow(&name)).cloned().collect();
        (name, create, write)
    };
    by_name.into_iter().map(with).filter(|(_, _, write)| !write.is_empty()).collect()
}

/// [`upserts`] of namespaced objects that only server-side apply makes.
pub(crate) fn applied(
    context: &Context<'_>,
    group: &'static str,
    resource: &'static str,
) -> Vec<(Str, Vec<Held>, Vec<Held>)> {
    upserts(context, &Ask::named(&["create"], group, resource), &["patch"])
}

/// The step as admission leaves it in a scope: none where it is stopped in all of it, and
/// unverified where it is open nowhere for sure. A control that sees it and does not hold is
/// noted.
pub(crate) fn gated(
    context: &Context<'_>,
    power: Power,
    scope: &Scope,
    draft: Draft,
) -> Option<Draft> {
    if !context.has_gate(power) {
        return Some(draft);
    }
    let mut doubt = None;
    let mut any = false;
    for namespace in context.namespaces_in(scope) {
        any = true;
        match context.gate(power, namespace) {
            Gate::Open => {
                return Some(match context.idle_control(power, namespace) {
                    Some(control) => draft.noted(control),
                    None => draft,
                });
            }
            Gate::Unverified(control) => doubt = doubt.or(Some(control)),
            Gate::Stopped => {}
        }
    }
    match doubt {
        Some(control) => Some(draft.unverified(control)),
        None if any => None,
        None => Some(draft),
    }
}

/// Verbs of which one is asked for where somebody connects to a pod: the method of the request
/// says which, until 1.35 asks for create whatever the method is (gate
/// `AuthorizePodWebsocketUpgradeCreatePermission`, on by default). A version that is not known
/// keeps both, because the danger is the older rule.
pub(crate) fn connecting(context: &Context<'_>) -> &'static [&'static str] {
    let gate = || server::gate(context.cluster, "AuthorizePodWebsocketUpgradeCreatePermission");
    match context.at_least(35) == Some(true) && gate().unwrap_or(true) {
        true => &["create"],
        false => &["create", "get"],
    }
}

/// Whether a power over pods has an effect on those of a unit. The kubelet takes the mirror's
/// name for its static pod in exec and attach; what is written into the mirror changes nothing.
pub(crate) fn answers(power: Power, unit: &Unit) -> bool {
    let writes = matches!(power, Power::SwapImages | Power::AddContainers);
    let open = || unit.spec.containers.iter().any(|one| one.stdin == Some(true));
    let kept = unit.latent || (unit.mirror && writes);
    !kept && (power != Power::AttachPods || open())
}

/// The account whose token a pod of the unit brings to the node on which it starts again.
pub(crate) fn brought(context: &Context<'_>, at: u32, unit: &Unit) -> Option<NodeKey> {
    let mut files = context.tokens(at).iter().flat_map(|one| &one.files);
    let brings = !unit.mirror && !unit.latent && files.any(|file| file.audience == Audience::Api);
    let account = || {
        let name = Str::new(unit.spec.account());
        NodeKey::Subject(Subject::ServiceAccount(unit.namespace.clone(), name))
    };
    brings.then(account)
}

/// Pods of that name, as far as the power has an effect on them.
pub(crate) fn pods_named(power: Power) -> impl Fn(&Context<'_>, &Scope, &Str) -> Vec<NodeKey> {
    move |context, scope, name| {
        let mut found = Vec::new();
        for namespace in context.namespaces_in(scope) {
            let Some(id) = context.cluster.pods.find(namespace, name) else { continue };
            for (at, unit) in context.units_in(namespace) {
                if unit.pods.contains(&id) && answers(power, unit) {
                    found.extend(context.pods_of(at));
                }
            }
        }
        found
    }
}

/// Secrets of that name.
pub(crate) fn secrets_named(context: &Context<'_>, scope: &Scope, name: &Str) -> Vec<NodeKey> {
    context
        .namespaces_in(scope)
        .filter(|namespace| context.cluster.secrets.find(namespace, name).is_some())
        .map(|namespace| NodeKey::Secret(namespace.clone(), name.clone()))
        .collect()
}

/// ServiceAccounts of that name.
pub(crate) fn accounts_named(context: &Context<'_>, scope: &Scope, name: &Str) -> Vec<NodeKey> {
    context
        .namespaces_in(scope)
        .filter(|namespace| context.cluster.service_accounts.find(namespace, name).is_some())
        .map(|namespace| NodeKey::Subject(Subject::ServiceAccount(namespace.clone(), name.clone())))
        .collect()
}

/// The kubelet of the node of that name.
pub(crate) fn kubelets_named(context: &Context<'_>, _: &Scope, name: &Str) -> Vec<NodeKey> {
    let node = context.cluster.nodes.find("", name);
    node.map(|node| NodeKey::Kubelet(Some(node))).into_iter().collect()
}

/// The networks of pods of that name.
pub(crate) fn networks_named(context: &Context<'_>, scope: &Scope, name: &Str) -> Vec<NodeKey> {
    units_named(context, scope, name).into_iter().map(NodeKey::PodNetwork).collect()
}

/// The listeners of pods of that name.
pub(crate) fn listeners_named(context: &Context<'_>, scope: &Scope, name: &Str) -> Vec<NodeKey> {
    // A name may carry a port, and a scheme before it: `https:pod:8443`.
    let parts: Vec<&str> = name.split(':').collect();
    let pod = if parts.len() == 3 { parts[1] } else { parts[0] };
    let units = units_named(context, scope, &Str::new(pod)).into_iter();
    units.flat_map(|unit| listeners_of(context, unit)).collect()
}

/// The listeners behind Services of that name.
pub(crate) fn backends_named(context: &Context<'_>, scope: &Scope, name: &Str) -> Vec<NodeKey> {
    let parts: Vec<&str> = name.split(':').collect();
    let service = if parts.len() == 3 { parts[1] } else { parts[0] };
    let mut found = Vec::new();
    for namespace in context.namespaces_in(scope) {
        let Some(id) = context.cluster.services.find(namespace, service) else { continue };
        let service = &context.cluster.services[id];
        found.extend(backends(context, service));
    }
    found
}

/// The listeners that a Service selects.
pub(crate) fn backends(
    context: &Context<'_>,
    service: &ringfort_model::record::Service,
) -> impl Iterator<Item = NodeKey> + use<> {
    let meta = &service.metadata;
    let units = context.behind.get(&(meta.namespace.clone(), meta.name.clone()));
    let units = units.cloned().unwrap_or_default();
    let all = units.into_iter().flat_map(|unit| listeners_of(context, unit));
    all.collect::<Vec<_>>().into_iter()
}

/// Every listener of a unit, by itself and by its ports that ask nobody.
pub(crate) fn listeners_of(context: &Context<'_>, unit: u32) -> Vec<NodeKey> {
    let ports = context.open_ports(unit).iter().map(|open| NodeKey::Port(unit, open.port));
    std::iter::once(NodeKey::Listener(unit)).chain(ports).collect()
}

fn units_named(context: &Context<'_>, scope: &Scope, name: &Str) -> Vec<u32> {
    let mut found = Vec::new();
    for namespace in context.namespaces_in(scope) {
        let Some(id) = context.cluster.pods.find(namespace, name) else { continue };
        let units = context.units_in(namespace).filter(|(_, unit)| unit.pods.contains(&id));
        found.extend(units.map(|(at, _)| at));
    }
    found
}

/// Who reads the log of a pod of that name reads logs of its node.
pub(crate) fn logs_named(context: &Context<'_>, scope: &Scope, name: &Str) -> Vec<NodeKey> {
    let mut found = Vec::new();
    for namespace in context.namespaces_in(scope) {
        let Some(id) = context.cluster.pods.find(namespace, name) else { continue };
        let node = context.cluster.nodes.find("", &context.cluster.pods[id].node_name);
        found.extend(node.map(|node| NodeKey::LogReader(Some(node))));
    }
    found
}

fn node_named(
    context: &Context<'_>,
    name: &Str,
    position: fn(Option<ringfort_model::Id<ringfort_model::record::Node>>) -> NodeKey,
) -> Vec<NodeKey> {
    context.cluster.nodes.find("", name).map(|node| position(Some(node))).into_iter().collect()
}

/// Who reads logs through the kubelet of the node of that name.
pub(crate) fn log_readers_named(context: &Context<'_>, _: &Scope, name: &Str) -> Vec<NodeKey> {
    node_named(context, name, NodeKey::LogReader)
}

/// The log folder of the node of that name.
pub(crate) fn log_folders_named(context: &Context<'_>, _: &Scope, name: &Str) -> Vec<NodeKey> {
    node_named(context, name, |node| NodeKey::NodeFiles(node, crate::node::Files::Logs))
}

/// The pod specifications of the node of that name.
pub(crate) fn pod_specs_named(context: &Context<'_>, _: &Scope, name: &Str) -> Vec<NodeKey> {
    node_named(context, name, NodeKey::PodSpecs)
}

/// Whether a namespace has an object of that name of a resource that is a pod or makes pods.
pub(crate) fn is_maker(
    context: &Context<'_>,
    resource: (&str, &str),
    namespace: &Str,
    name: &Str,
) -> bool {
    let cluster = context.cluster;
    match resource {
        ("", "pods") => cluster.pods.find(namespace, name).is_some(),
        _ => {
            let mut all = cluster.workloads.all(namespace, name);
            all.any(|workload| workload.kind.resource() == resource)
        }
    }
}

/// A workload of that name makes pods in its namespace: any account of it can be used.
pub(crate) fn run_pods_named(
    resource: (&'static str, &'static str),
) -> impl Fn(&Context<'_>, &Scope, &Str) -> Vec<NodeKey> {
    move |context, scope, name| {
        context
            .namespaces_in(scope)
            .filter(|namespace| is_maker(context, resource, namespace, name))
            .map(|namespace| NodeKey::Power(Power::RunPods, Scope::Namespace(namespace.clone())))
            .collect()
    }
}

/// Secrets that one container can read, with the field that gives them to it.
pub(crate) fn secrets_of_container(
    spec: &PodSpec,
    kind: ContainerKind,
    index: usize,
    container: &Container,
) -> BTreeSet<(Str, Str)> {
    let path = format!("{}[{index}]", kind.field());
    let mut found = BTreeSet::new();
    for (at, source) in container.env_from.iter().enumerate() {
        if let Some(secret) = &source.secret_ref {
            found.insert((
                secret.name.clone(),
                Str::from(format!("{path}.envFrom[{at}].secretRef")),
            ));
        }
    }
    for (at, variable) in container.env.iter().enumerate() {
        let source = variable.value_from.as_ref().and_then(|from| from.secret_key_ref.as_ref());
        if let Some(secret) = source {
            let field = Str::from(format!("{path}.env[{at}].valueFrom.secretKeyRef"));
            found.insert((secret.name.clone(), field));
        }
    }
    for (at, mount) in container.volume_mounts.iter().enumerate() {
        let field = Str::from(format!("{path}.volumeMounts[{at}]"));
        match spec.volume(&mount.name).and_then(|volume| volume.source.as_ref()) {
            Some(VolumeSource::Secret(source)) => {
                found.insert((source.secret_name.clone(), field));
            }
            Some(VolumeSource::Projected(projected)) => {
                for source in projected.sources.iter().filter_map(|source| source.secret.as_ref()) {
                    found.insert((source.name.clone(), field.clone()));
                }
            }
            _ => {}
        }
    }
    found.retain(|(name, _)| !name.is_empty());
    found
}

/// Whether a Secret whose values were not read may hold a credential of any class: its type
/// does not say what it is.
pub(crate) fn may_hold_anything(secret: &ringfort_model::record::Secret) -> bool {
    const TYPED: &[&str] = &[
        "kubernetes.io/service-account-token",
        "kubernetes.io/dockerconfigjson",
        "kubernetes.io/dockercfg",
        "bootstrap.kubernetes.io/token",
    ];
    !TYPED.contains(&secret.kind.as_str())
}

/// Whether a rule on claims, volumes or namespaces meets one that holds data: a claim, or a
/// volume that is deleted with its object.
pub(crate) fn names_data(context: &Context<'_>, held: &crate::context::Held) -> bool {
    let cluster = context.cluster;
    match held.resource {
        "persistentvolumes" => cluster.persistent_volumes.iter().any(|volume| {
            let kept = volume
                .spec
                .as_ref()
                .is_some_and(|spec| *spec.persistent_volume_reclaim_policy == *"Retain");
            !kept && held.names.allow(&volume.metadata.name)
        }),
        "namespaces" => context.namespaces.iter().any(|name| held.names.allow(name)),
        _ => {
            let claims = &cluster.persistent_volume_claims;
            let met = |claim: &ringfort_model::record::PersistentVolumeClaim| {
                held.names.allow(&claim.metadata.name)
            };
            match held.scope(context) {
                Scope::Cluster => claims.iter().any(met),
                Scope::Namespace(name) => claims.in_namespace(name).any(|(_, claim)| met(claim)),
            }
        }
    }
}

/// Ports of nodes that techniques ask for on every cluster: etcd, and both of the kubelet.
const NODE_PORTS: [u16; 3] = [2379, 10250, 10255];

/// A place in the network of the pods, from which a TCP port of some node is reached. A pod
/// that an enforced policy keeps from every node is not there; where that is not known its way
/// is unverified.
pub(crate) fn pod_network(context: &Context<'_>, maker: &mut Maker<'_>, port: u16) -> NodeKey {
    let position = NodeKey::Join("network", Str::from(format!("nodes:{port}")));
    if maker.has(&position) {
        return position;
    }
    let hosts = network::hosts(context);
    let mut answers: FxHashMap<(Class, Tri), Vec<Tri>> = FxHashMap::default();
    let ports: &[u16] = if NODE_PORTS.contains(&port) { &NODE_PORTS } else { &[port] };
    for one in context.endpoints() {
        let answers = answers
            .entry((one.class, one.enforced))
            .or_insert_with(|| network::reaches_nodes(context, one, &hosts, ports));
        let [answer] = answers[..] else { continue };
        network::enter(maker, one, position.clone(), answer, Way::ToNodes);
    }
    if ports.len() == 1 {
        return position;
    }
    // Most pods reach all of them alike: they meet, and lead on from there. Where all that is
    // reached is one port, the place to meet is the port's own.
    let place = |text: String| NodeKey::Join("network", Str::from(format!("nodes:{text}")));
    let mut met: BTreeMap<Vec<Tri>, NodeKey> = BTreeMap::new();
    for set in answers.values().filter(|set| set.iter().any(|answer| *answer != Tri::No)) {
        let names = ports.iter().zip(set).filter_map(|(port, answer)| match answer {
            Tri::Yes => Some(port.to_string()),
            Tri::Unknown => Some(format!("{port}?")),
            Tri::No => None,
        });
        met.entry(set.clone()).or_insert_with(|| place(names.collect::<Vec<_>>().join("+")));
    }
    for one in context.endpoints() {
        if let Some(to) = met.get(&answers[&(one.class, one.enforced)]) {
            network::enter(maker, one, to.clone(), Tri::Yes, Way::ToNodes);
        }
    }
    for (set, from) in met {
        for (port, answer) in ports.iter().zip(set) {
            network::lead(maker, from.clone(), place(port.to_string()), answer, None);
        }
    }
    position
}
