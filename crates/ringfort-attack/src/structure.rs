//! Edges that are no act: bindings, membership, what a power reaches, what an impact is.

use std::collections::BTreeSet;

use ringfort_authz::Beyond;
use ringfort_model::{SourceKind, Str};

use crate::context::{Context, Gate, is_ending};
use crate::draw;
use crate::impact::Impact;
use crate::maker::Maker;
use crate::node::{Files, NodeKey, Power, Scope, Subject};
use crate::server::server_says;
use crate::why::Why;

/// From identities to their groups and roles.
pub(crate) fn identities(context: &Context<'_>, maker: &mut Maker<'_>) {
    for grant in &context.grants {
        for (subject, binding, index) in &grant.bound {
            let why = Why::Bound { binding: binding.clone(), subject: *index };
            let why = std::iter::once(why).chain(grant.limit.clone());
            maker.structure(NodeKey::Subject(subject.clone()), grant.node(), why);
        }
    }
    let mut all: Vec<Subject> = context.subjects().map(|(subject, _)| subject.clone()).collect();
    all.extend(context.cluster.service_accounts.iter().map(|account| {
        let meta = &account.metadata;
        Subject::ServiceAccount(meta.namespace.clone(), meta.name.clone())
    }));
    for (at, unit) in context.units.iter().enumerate() {
        if context.tokens(at as u32).iter().any(|one| !one.files.is_empty()) {
            let name = Str::new(unit.spec.account());
            all.push(Subject::ServiceAccount(unit.namespace.clone(), name));
        }
    }
    all.extend(
        context
            .cluster
            .nodes
            .iter()
            .map(|node| Subject::User(Str::from(format!("system:node:{}", node.metadata.name)))),
    );
    authorizers(context, maker);
    memberships(context, maker, all.into_iter().collect());
    for (at, unit) in context.units.iter().enumerate() {
        let several = unit.spec.all_containers().nth(1).is_some();
        for place in context.places(at as u32) {
            for (kind, index, _) in unit.spec.all_containers() {
                let one = NodeKey::Container(at as u32, place, kind, index as u32);
                maker.structure(NodeKey::Pods(at as u32, place), one.clone(), []);
                if several && !unit.latent {
                    maker.structure(one, NodeKey::Sender(at as u32, place), []);
                }
            }
        }
    }
}

/// From identities to the groups that they are in by construction, where a group may do anything.
fn memberships(context: &Context<'_>, maker: &mut Maker<'_>, all: BTreeSet<Subject>) {
    let everybody = context.beyond != Beyond::Nothing;
    for subject in all {
        for group in subject.implicit_groups() {
            let widest = everybody && EVERYBODY.contains(&group.as_str());
            if widest || !context.grants_of(&Subject::Group(group.clone())).is_empty() {
                let why = Why::Member(subject.clone(), group.clone());
                let to = NodeKey::Subject(Subject::Group(group));
                maker.structure(NodeKey::Subject(subject.clone()), to, [why]);
            }
        }
    }
}

/// The groups of whoever the API server lets through to its authorizers: V1 and V2 say who is.
const EVERYBODY: [&str; 2] = ["system:authenticated", "system:unauthenticated"];

/// From everybody to what authorizers beside RBAC and the node authorizer allow.
fn authorizers(context: &Context<'_>, maker: &mut Maker<'_>) {
    for group in EVERYBODY {
        let from = NodeKey::Subject(Subject::Group(Str::new(group)));
        let to = NodeKey::Power(Power::Everything, Scope::Cluster);
        match &context.beyond {
            Beyond::Nothing => {}
            Beyond::Everything(said) => maker.structure(from, to, [server_says(said)]),
            Beyond::Perhaps(all) => {
                for said in all {
                    maker.perhaps(from.clone(), to.clone(), [server_says(said)], &said.doubt());
                }
            }
        }
    }
}

/// From powers to what they reach. Called once all powers are known.
pub(crate) fn powers(context: &Context<'_>, maker: &mut Maker<'_>) {
    if context.beyond != Beyond::Nothing {
        let all = maker.subjects();
        memberships(context, maker, all);
    }
    for scope in maker.scopes_of(Power::BindRoles) {
        let from = NodeKey::Power(Power::BindRoles, scope.clone());
        for grant in context.bindable(&scope) {
            maker.structure(from.clone(), grant, []);
        }
    }
    // Everything leads to other powers, so it is expanded before them.
    for scope in maker.scopes_of(Power::Everything) {
        let from = NodeKey::Power(Power::Everything, scope.clone());
        if scope == Scope::Cluster {
            maker.structure(from.clone(), NodeKey::Impact(Impact::ClusterAdmin), []);
        }
        // What these reach takes in what every other power reaches.
        for power in [Power::RunPods, Power::ReadSecrets, Power::MintTokens, Power::ExecPods] {
            maker.structure(from.clone(), NodeKey::Power(power, scope.clone()), []);
        }
    }
    const REACHING: [Power; 14] = [
        Power::RunPods,
        Power::ExecPods,
        Power::AttachPods,
        Power::SwapImages,
        Power::AddContainers,
        Power::ReadSecrets,
        Power::MintTokens,
        Power::ForwardPorts,
        Power::ProxyPods,
        Power::ProxyServices,
        Power::SteerPods,
        Power::ReadVolumes,
        Power::ReadPodSpecs,
        Power::ReadConfigs,
    ];
    for power in REACHING.into_iter().chain([Power::ImpersonateAccounts]) {
        let scopes = maker.scopes_of(power);
        if scopes.contains(&Scope::Cluster) {
            for namespace in &context.namespaces {
                let to = NodeKey::Power(power, Scope::Namespace(namespace.clone()));
                maker.structure(NodeKey::Power(power, Scope::Cluster), to, []);
            }
        }
        for scope in maker.scopes_of(power) {
            let Scope::Namespace(namespace) = &scope else { continue };
            if context.gate(power, namespace) == Gate::Stopped {
                continue;
            }
            for to in reached(context, power, namespace) {
                maker.structure(NodeKey::Power(power, scope.clone()), to, []);
            }
        }
    }
    for power in [Power::ReadSecrets, Power::RunPods] {
        let from = NodeKey::Power(power, Scope::Cluster);
        // What is in a namespace that is being deleted goes with it.
        let everywhere = context.namespaces.iter().all(|one| {
            context.gate(power, one) != Gate::Stopped || is_ending(context.cluster, one)
        });
        if everywhere && maker.has(&from) {
            maker.structure(from, NodeKey::Impact(Impact::AllSecrets), []);
        }
    }
    if !maker.scopes_of(Power::ExecNodes).is_empty() {
        for (id, _) in context.cluster.nodes.ids() {
            let from = NodeKey::Power(Power::ExecNodes, Scope::Cluster);
            maker.structure(from, NodeKey::Kubelet(Some(id)), []);
        }
    }
    for (at, unit) in context.units.iter().enumerate() {
        for &node in &unit.nodes {
            let from = NodeKey::Kubelet(Some(node));
            if maker.has(&from) {
                let why = Why::RunsOn { unit: at as u32, node: Some(node) };
                maker.structure(from, context.pods_on(at as u32, node), [why]);
            }
        }
    }
    let places: Vec<Option<_>> = if context.cluster.nodes.is_empty() {
        vec![None]
    } else {
        context.cluster.nodes.ids().map(|(id, _)| Some(id)).collect()
    };
    for (power, position) in [
        (Power::ReadLogFolders, NodeKey::NodeFiles as fn(_, Files) -> NodeKey),
        (Power::ReadPodsOfNodes, |place, _| NodeKey::PodSpecs(place)),
    ] {
        for scope in maker.scopes_of(power) {
            for &place in &places {
                let from = NodeKey::Power(power, scope.clone());
                maker.structure(from, position(place, Files::Logs), []);
            }
        }
    }
    for (at, _) in context.units.iter().enumerate() {
        let inside = NodeKey::PodNetwork(at as u32);
        if !maker.has(&inside) {
            continue;
        }
        for listener in draw::listeners_of(context, at as u32) {
            if maker.has(&listener) {
                maker.structure(inside.clone(), listener, []);
            }
        }
    }
    for place in places.iter().copied().chain([None]) {
        let root = place.map_or(NodeKey::AnyNode, NodeKey::Node);
        for part in Files::PARTS.map(|part| NodeKey::NodeFiles(place, part)) {
            if maker.has(&part) && maker.has(&root) {
                maker.structure(root.clone(), part, []);
            }
        }
        let all = NodeKey::NodeFiles(place, Files::All);
        if maker.has(&all) {
            for part in Files::PARTS {
                let part = NodeKey::NodeFiles(place, part);
                if maker.has(&part) {
                    maker.structure(all.clone(), part, []);
                }
            }
        }
    }
    for at in 0..context.choices.sets() {
        let set = NodeKey::Nodes(at);
        if maker.has(&set) {
            for &node in context.choices.set(at) {
                maker.structure(set.clone(), NodeKey::Node(node), []);
            }
        }
    }
    if maker.has(&NodeKey::EveryNode) {
        for (id, _) in context.cluster.nodes.ids() {
            maker.structure(NodeKey::EveryNode, NodeKey::Node(id), []);
        }
        if context.cluster.nodes.is_empty() && context.cluster.source == SourceKind::Manifests {
            maker.structure(NodeKey::EveryNode, NodeKey::AnyNode, []);
        }
    }
}

fn reached(context: &Context<'_>, power: Power, namespace: &Str) -> Vec<NodeKey> {
    let accounts = || {
        let all = context.cluster.service_accounts.in_namespace(namespace);
        all.map(|(_, account)| {
            let name = account.metadata.name.clone();
            NodeKey::Subject(Subject::ServiceAccount(namespace.clone(), name))
        })
    };
    let secrets = || {
        let all = context.cluster.secrets.in_namespace(namespace);
        all.map(|(_, secret)| NodeKey::Secret(namespace.clone(), secret.metadata.name.clone()))
    };
    match power {
        Power::RunPods => accounts().chain(secrets()).collect(),
        Power::MintTokens | Power::ImpersonateAccounts => accounts().collect(),
        Power::ReadSecrets => secrets().collect(),
        Power::ExecPods | Power::AttachPods | Power::SwapImages | Power::AddContainers => {
            let running =
                context.units_in(namespace).filter(|(_, unit)| draw::answers(power, unit));
            running.flat_map(|(at, _)| context.pods_of(at)).collect()
        }
        Power::ForwardPorts | Power::ProxyPods => {
            let running = context.units_in(namespace).filter(|(_, unit)| !unit.latent);
            let network = power == Power::ForwardPorts;
            let position = move |(at, _)| match network {
                true => vec![NodeKey::PodNetwork(at)],
                false => draw::listeners_of(context, at),
            };
            running.flat_map(position).collect()
        }
        Power::ProxyServices => {
            let services = context.cluster.services.in_namespace(namespace);
            services.flat_map(|(_, service)| draw::backends(context, service)).collect()
        }
        Power::SteerPods => {
            let units = context.units_in(namespace);
            let accounts: BTreeSet<NodeKey> =
                units.filter_map(|(at, unit)| draw::brought(context, at, unit)).collect();
            accounts.into_iter().collect()
        }
        Power::ReadVolumes => {
            let claims = context.cluster.persistent_volume_claims.in_namespace(namespace);
            let of = |name: &Str| NodeKey::Claim(namespace.clone(), name.clone());
            claims.map(|(_, claim)| of(&claim.metadata.name)).collect()
        }
        Power::ReadPodSpecs
        | Power::ReadConfigs
        | Power::BindRoles
        | Power::ExecNodes
        | Power::Everything
        | Power::ReadLogs
        | Power::ReadNodeLogs
        | Power::ReadLogFolders
        | Power::ReadPodsOfNodes => Vec::new(),
    }
}

/// From positions to impacts (techniques section 9).
pub(crate) fn impacts(context: &Context<'_>, maker: &mut Maker<'_>) {
    for grant in &context.grants {
        let Some(rule) = grant.rules.iter().position(is_everything) else { continue };
        let why = Why::Rule {
            role: grant.role.clone(),
            scope: grant.scope.clone(),
            rule: rule as u32,
            verb: "*",
            group: "*",
            resource: "*",
            name: None,
        };
        let impact = match grant.scope {
            Scope::Cluster => Impact::ClusterAdmin,
            Scope::Namespace(_) => Impact::NamespaceAdmin,
        };
        maker.structure(grant.node(), NodeKey::Impact(impact), [why]);
    }
    let masters = NodeKey::Subject(Subject::Group(Str::new("system:masters")));
    maker.structure(masters, NodeKey::Impact(Impact::ClusterAdmin), [Why::Masters]);
    for (id, _) in context.cluster.nodes.ids() {
        maker.structure(NodeKey::Node(id), NodeKey::Impact(Impact::AnyNode), []);
    }
    if maker.has(&NodeKey::AnyNode) {
        maker.structure(NodeKey::AnyNode, NodeKey::Impact(Impact::AnyNode), []);
    }
    if maker.has(&NodeKey::SomeNode) {
        for (id, _) in context.cluster.nodes.ids() {
            maker.structure(NodeKey::Node(id), NodeKey::SomeNode, []);
        }
        maker.structure(NodeKey::SomeNode, NodeKey::Impact(Impact::AnyNode), []);
    }
    crate::cloud::principals(context, maker);
    for key in maker.pushed() {
        maker.structure(key, NodeKey::Impact(Impact::SupplyChainPush), []);
    }
    maker.structure(NodeKey::ControlPlane, NodeKey::Impact(Impact::ControlPlane), []);
    for claim in &context.cluster.persistent_volume_claims {
        let meta = &claim.metadata;
        let claim = NodeKey::Claim(meta.namespace.clone(), meta.name.clone());
        if maker.has(&claim) {
            maker.structure(claim, NodeKey::Impact(Impact::DataStore), []);
        }
    }
    if maker.has(&NodeKey::UnreadSecret) {
        for secret in context.cluster.secrets.iter().filter(|one| draw::may_hold_anything(one)) {
            let read = secret.holds(ringfort_model::credential::UNREAD) == Some(false);
            if !read {
                let meta = &secret.metadata;
                let from = NodeKey::Secret(meta.namespace.clone(), meta.name.clone());
                maker.structure(from, NodeKey::UnreadSecret, []);
            }
        }
    }
    crate::harm::draw(context, maker);
    let admin = NodeKey::Impact(Impact::ClusterAdmin);
    maker.structure(admin, NodeKey::Impact(Impact::AllSecrets), []);
}

/// Every verb on every resource of every group, without names.
#[must_use]
pub fn is_everything(rule: &ringfort_model::record::PolicyRule) -> bool {
    rule.verbs.has("*")
        && rule.api_groups.has("*")
        && rule.resources.has("*")
        && rule.resource_names.is_empty()
}
