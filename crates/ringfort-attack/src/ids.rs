//! Ids of positions: what they stand for, so that they are the same whatever else there is and in
//! whatever order it was read.

use ringfort_model::{Str, WorkloadKind};

use crate::context::Context;
use crate::maker::scope_text;
use crate::node::{Limited, NodeKey, Power, RoleKey, Scope, Subject};

impl Context<'_> {
    /// The stable id of a position, as people write it where they can.
    #[must_use]
    pub fn id(&self, key: &NodeKey) -> String {
        let node = |id| &self.cluster.nodes[id].metadata.name;
        let any = |place: &Option<_>| self.place_name(*place).to_owned();
        let place =
            |place: &Option<_>| place.map_or_else(String::new, |id| format!("@{}", node(id)));
        match key {
            NodeKey::Internet => "internet".into(),
            NodeKey::Vector(vector, name) => format!("vector/{vector}/{name}"),
            NodeKey::Subject(subject) => subject_id(subject),
            NodeKey::Role(role, scope) => match role {
                RoleKey::Cluster(name) => format!("clusterrole/{name}{}", at(scope)),
                RoleKey::Namespaced(namespace, name) => format!("role/{namespace}/{name}"),
                RoleKey::Limited(role, text) => {
                    let role = self.id(&NodeKey::Role((**role).clone(), scope.clone()));
                    format!("limited/{role}/{text}")
                }
                RoleKey::Node(name) => format!("node-authorizer/{name}{}", at(scope)),
            },
            NodeKey::Power(power, scope) => format!("power/{}{}", power_name(*power), at(scope)),
            NodeKey::Stage(technique, inner, text) => {
                format!("stage/{technique}/{}/{text}", self.id(inner))
            }
            NodeKey::Pods(unit, on) => format!("{}{}", self.unit_id(*unit), place(on)),
            NodeKey::Container(unit, on, kind, index) => {
                let spec = &self.units[*unit as usize].spec;
                let name = spec
                    .all_containers()
                    .find(|(k, i, _)| k == kind && *i as u32 == *index)
                    .map_or("", |(_, _, container)| container.name.as_str());
                format!("{}:{name}{}", self.unit_id(*unit), place(on))
            }
            NodeKey::Node(id) => format!("node/{}", node(*id)),
            NodeKey::AnyNode => "node/any".into(),
            NodeKey::EveryNode => "node/*".into(),
            NodeKey::Nodes(set) => {
                let nodes = self.choices.set(*set);
                let names = || nodes.iter().map(|id| node(*id).as_str());
                let first = names().next().unwrap_or_default();
                format!("nodes/{}-from-{first}/{:016x}", nodes.len(), fingerprint(names()))
            }
            NodeKey::Kubelet(on) => format!("kubelet/{}", on.map_or("*", |id| node(id).as_str())),
            NodeKey::NodeFiles(on, files) => format!("node-files/{}/{}", any(on), files.name()),
            NodeKey::NodeLoopback(on) => format!("node-loopback/{}", any(on)),
            NodeKey::Traffic(on) => format!("traffic/{}", any(on)),
            NodeKey::SharedMemory(on) => format!("shared-memory/{}", any(on)),
            NodeKey::Processes(on, text) => format!("processes/{}/{text}", any(on)),
            NodeKey::LogReader(on) => format!("log-reader/{}", any(on)),
            NodeKey::PodSpecs(on) => format!("pod-specs/{}", any(on)),
            NodeKey::SomeNode => "node/held".into(),
            NodeKey::OpenNamespace(name) => format!("ns/{name}"),
            NodeKey::Secret(namespace, name) => format!("secret/{namespace}/{name}"),
            NodeKey::ConfigMap(namespace, name) => format!("configmap/{namespace}/{name}"),
            NodeKey::Claim(namespace, name) => format!("claim/{namespace}/{name}"),
            NodeKey::Listener(unit) => format!("listener/{}", self.unit_id(*unit)),
            NodeKey::Port(unit, port) => format!("listener/{}:{port}", self.unit_id(*unit)),
            NodeKey::Sender(unit, on) => format!("sender/{}{}", self.unit_id(*unit), place(on)),
            NodeKey::PodNetwork(unit) => format!("pod-network/{}", self.unit_id(*unit)),
            NodeKey::Conjunct(technique, text) => format!("one-of/{technique}/{text}"),
            NodeKey::And(technique, text) => format!("all-of/{technique}/{text}"),
            NodeKey::Principal(provider, name) => format!("{}/{name}", provider.name()),
            NodeKey::CloudAccount(provider) => format!("cloud-account/{}", provider.name()),
            NodeKey::Repository(address) => format!("repository/{address}"),
            NodeKey::Pipeline(name) => format!("pipeline/{name}"),
            NodeKey::PipelineSecrets(name) => format!("pipeline-secrets/{name}"),
            NodeKey::RegistryRepository(name) => format!("registry/{name}"),
            NodeKey::Image(reference) => format!("image/{reference}"),
            NodeKey::Vault(name) => format!("secret-store/{name}"),
            NodeKey::Fact(technique) => format!("fact/{technique}"),
            NodeKey::UnreadSecret => "secret/unread".into(),
            NodeKey::Webhook(name) => format!("webhook/{name}"),
            NodeKey::HostData(on, path) => format!("host-data/{}{path}", any(on)),
            NodeKey::Outside(sort, name) | NodeKey::Join(sort, name) => format!("{sort}/{name}"),
            NodeKey::ControlPlane => "control-plane".into(),
            NodeKey::Impact(impact) => format!("impact/{}", impact.name()),
        }
    }

    /// `workload/KIND/NS/NAME`, or `pod/NS/NAME` for a pod that no workload owns.
    #[must_use]
    pub fn unit_id(&self, unit: u32) -> String {
        let unit = &self.units[unit as usize];
        match &unit.owner {
            Some((kind, name)) => {
                format!("workload/{}/{}/{name}", WorkloadKind::name(*kind), unit.namespace)
            }
            None => format!("pod/{}/{}", unit.namespace, unit.name(self.cluster)),
        }
    }
}

/// A number that tells lists of names apart (FNV-1a).
fn fingerprint<'n>(names: impl Iterator<Item = &'n str>) -> u64 {
    // No name holds a line break.
    let bytes = names.flat_map(|name| name.bytes().chain([b'\n']));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// A name for the AND node in front of a position, what it stands for and nothing else.
pub(crate) fn plain_name(context: &Context<'_>, key: &NodeKey) -> Str {
    Str::from(match key {
        NodeKey::EveryNode => "every-node".to_owned(),
        NodeKey::Impact(impact) => impact.name().to_owned(),
        NodeKey::Power(power, scope) => format!("{}{}", power_name(*power), at(scope)),
        NodeKey::Outside(sort, name) | NodeKey::Join(sort, name) => format!("{sort}/{name}"),
        other => context.id(other),
    })
}

pub(crate) fn subject_id(subject: &Subject) -> String {
    match subject {
        Subject::User(name) => format!("user/{name}"),
        Subject::Group(name) => format!("group/{name}"),
        Subject::ServiceAccount(namespace, name) => format!("sa/{namespace}/{name}"),
        Subject::Limited(limited) => {
            let Limited { target, mode, by } = &**limited;
            format!("acting/{mode}/{}/by/{by}", subject_id(target))
        }
    }
}

fn at(scope: &Scope) -> String {
    match scope {
        Scope::Cluster => String::new(),
        Scope::Namespace(_) => format!("@{}", scope_text(scope)),
    }
}

fn power_name(power: Power) -> &'static str {
    match power {
        Power::RunPods => "run-pods",
        Power::ExecPods => "exec-pods",
        Power::AttachPods => "attach-pods",
        Power::SwapImages => "swap-images",
        Power::AddContainers => "add-containers",
        Power::ReadSecrets => "read-secrets",
        Power::MintTokens => "mint-tokens",
        Power::ImpersonateAccounts => "impersonate-accounts",
        Power::BindRoles => "bind-roles",
        Power::ExecNodes => "exec-nodes",
        Power::Everything => "everything",
        Power::ForwardPorts => "forward-ports",
        Power::ProxyPods => "proxy-pods",
        Power::ProxyServices => "proxy-services",
        Power::ReadLogs => "read-logs",
        Power::ReadNodeLogs => "read-node-logs",
        Power::ReadLogFolders => "read-log-folders",
        Power::ReadPodsOfNodes => "read-pods-of-nodes",
        Power::SteerPods => "steer-pods",
        Power::ReadVolumes => "read-volumes",
        Power::ReadPodSpecs => "read-pod-specs",
        Power::ReadConfigs => "read-configs",
    }
}
