//! Pods and containers (core/v1).

use std::sync::Arc;

use crate::record::has_meta;
use crate::record::meta::Meta;
use crate::record::scheduling::{Affinity, TopologySpread};
use crate::record::security::{PodSecurityContext, SecurityContext};
use crate::record::volume::{FieldSelector, Volume};
use crate::text::Str;
use crate::wire::{IntOrString, List, Map, Names, record};

/// A pod. The specification is shared between pods that differ in nothing but their name,
/// their node and the generated name of their token volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pod {
    /// Metadata.
    pub metadata: Meta,
    /// The specification without `nodeName`.
    pub spec: Arc<PodSpec>,
    /// `spec.nodeName`; empty while not bound.
    pub node_name: Str,
    /// The kept part of the status.
    pub status: PodStatus,
}
has_meta!(Pod);

record! {
    /// PodSpec.
    pub struct PodSpec {
        /// Only on the wire and in templates; taken out into [`Pod::node_name`].
        pub node_name: Str,
        pub service_account_name: Str,
        /// Deprecated alias of `serviceAccountName`.
        pub service_account: Str,
        pub automount_service_account_token: Option<bool>,
        pub host_network: Option<bool>,
        #[serde(rename = "hostPID")]
        pub host_pid: Option<bool>,
        #[serde(rename = "hostIPC")]
        pub host_ipc: Option<bool>,
        pub host_users: Option<bool>,
        pub share_process_namespace: Option<bool>,
        pub runtime_class_name: Option<Str>,
        pub priority_class_name: Option<Str>,
        pub node_selector: Map,
        pub tolerations: List<Toleration>,
        pub affinity: Option<Affinity>,
        pub topology_spread_constraints: List<TopologySpread>,
        pub scheduler_name: Option<Str>,
        pub os: Option<PodOs>,
        pub security_context: Option<PodSecurityContext>,
        pub init_containers: List<Container>,
        pub containers: List<Container>,
        pub ephemeral_containers: List<Container>,
        pub volumes: List<Volume>,
        pub image_pull_secrets: List<LocalReference>,
        pub resource_claims: List<PodResourceClaim>,
        pub restart_policy: Option<Str>,
        pub resources: Option<Resources>,
    }

    /// ResourceRequirements: which resources are limited and asked for, not how much.
    pub struct Resources {
        pub limits: Names,
        pub requests: Names,
    }

    /// The kept part of PodStatus.
    pub struct PodStatus {
        pub phase: Str,
        #[serde(rename = "podIP")]
        pub pod_ip: Str,
        /// Both families on a dual-stack cluster; the first is `podIP`.
        #[serde(rename = "podIPs")]
        pub pod_ips: List<PodIp>,
        pub reason: Str,
        pub resource_claim_statuses: List<PodResourceClaim>,
        pub extended_resource_claim_status: Option<PodResourceClaim>,
    }

    /// PodIP.
    pub struct PodIp {
        pub ip: Str,
    }

    /// PodOS.
    pub struct PodOs {
        pub name: Str,
    }

    /// A claim of the pod: in the specification with `resourceClaimName` or a template's
    /// name, in the status with the generated claim's name.
    pub struct PodResourceClaim {
        pub name: Str,
        pub resource_claim_name: Option<Str>,
        pub resource_claim_template_name: Option<Str>,
    }

    /// A reference by name in the same namespace.
    pub struct LocalReference {
        pub name: Str,
        pub key: Str,
        pub optional: Option<bool>,
    }

    /// Toleration.
    pub struct Toleration {
        pub key: Str,
        pub operator: Str,
        pub value: Str,
        pub effect: Str,
        pub toleration_seconds: Option<i64>,
    }

    /// Container, of whichever of the three lists it stands in.
    pub struct Container {
        pub name: Str,
        pub image: Str,
        pub command: List<Str>,
        pub args: List<Str>,
        pub ports: List<ContainerPort>,
        pub env: List<EnvVar>,
        pub env_from: List<EnvFrom>,
        pub volume_mounts: List<VolumeMount>,
        pub volume_devices: List<VolumeDevice>,
        pub security_context: Option<SecurityContext>,
        pub liveness_probe: Option<Box<Handler>>,
        pub readiness_probe: Option<Box<Handler>>,
        pub startup_probe: Option<Box<Handler>>,
        pub lifecycle: Option<Box<Lifecycle>>,
        pub restart_policy: Option<Str>,
        pub image_pull_policy: Str,
        pub resources: Option<Resources>,
        pub stdin: Option<bool>,
        pub tty: Option<bool>,
        pub target_container_name: Str,
    }

    /// ContainerPort.
    pub struct ContainerPort {
        pub name: Str,
        pub container_port: Option<i64>,
        pub host_port: Option<i64>,
        #[serde(rename = "hostIP")]
        pub host_ip: Str,
        pub protocol: Str,
    }

    /// EnvVar. A literal value is kept only for names that carry a documented setting; of
    /// others the class of credential that it is, if any (see [`crate::credential`]).
    pub struct EnvVar {
        pub name: Str,
        pub value: Option<Str>,
        pub value_from: Option<EnvSource>,
        #[serde(rename = "x-ringfort-credential")]
        pub credential: Option<Str>,
    }

    /// EnvVarSource: the references only.
    pub struct EnvSource {
        pub secret_key_ref: Option<LocalReference>,
        pub config_map_key_ref: Option<LocalReference>,
        pub field_ref: Option<FieldSelector>,
    }

    /// EnvFromSource.
    pub struct EnvFrom {
        pub prefix: Str,
        pub secret_ref: Option<LocalReference>,
        pub config_map_ref: Option<LocalReference>,
    }

    /// VolumeMount.
    pub struct VolumeMount {
        pub name: Str,
        pub mount_path: Str,
        pub sub_path: Str,
        pub sub_path_expr: Str,
        pub read_only: Option<bool>,
        pub mount_propagation: Str,
        pub recursive_read_only: Str,
    }

    /// VolumeDevice.
    pub struct VolumeDevice {
        pub name: Str,
        pub device_path: Str,
    }

    /// Probe or lifecycle handler: the parts that name a host, and credentials.
    pub struct Handler {
        pub http_get: Option<HandlerTarget>,
        pub tcp_socket: Option<HandlerTarget>,
        pub exec: Option<ExecAction>,
    }

    /// ExecAction: kept where a word of it is a credential, and of other words only their places.
    pub struct ExecAction {
        pub command: List<Str>,
    }

    /// HTTPGetAction or TCPSocketAction.
    pub struct HandlerTarget {
        pub host: Str,
        pub port: Option<IntOrString>,
    }

    /// Lifecycle.
    pub struct Lifecycle {
        pub post_start: Option<Box<Handler>>,
        pub pre_stop: Option<Box<Handler>>,
    }
}

/// Which of a pod's lists a container stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContainerKind {
    /// `initContainers`
    Init,
    /// `containers`
    Regular,
    /// `ephemeralContainers`
    Ephemeral,
}

impl ContainerKind {
    /// The field of the pod specification that holds such containers.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Regular => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

impl Container {
    /// Whether this is an init container that keeps running (a side-car).
    #[must_use]
    pub fn is_sidecar(&self) -> bool {
        self.restart_policy.as_ref().is_some_and(|policy| policy == "Always")
    }

    /// Its probes and lifecycle handlers, by their fields.
    pub fn handlers(&self) -> impl Iterator<Item = (&'static str, &Handler)> {
        let hook = |get: fn(&Lifecycle) -> &Option<Box<Handler>>| {
            self.lifecycle.as_ref().and_then(|lifecycle| get(lifecycle).as_deref())
        };
        [
            ("livenessProbe", self.liveness_probe.as_deref()),
            ("readinessProbe", self.readiness_probe.as_deref()),
            ("startupProbe", self.startup_probe.as_deref()),
            ("lifecycle.postStart", hook(|lifecycle| &lifecycle.post_start)),
            ("lifecycle.preStop", hook(|lifecycle| &lifecycle.pre_stop)),
        ]
        .into_iter()
        .filter_map(|(field, handler)| Some((field, handler?)))
    }

    /// Credentials that stand in it as literals: the path of each below the container, and its class
    /// (see [`crate::credential`]).
    pub fn held(&self) -> impl Iterator<Item = (String, &str)> {
        let variables = self.env.iter().enumerate().filter_map(|(at, variable)| {
            Some((format!("env[{at}]"), variable.credential.as_deref()?))
        });
        let lines = [("command", &self.command), ("args", &self.args)].into_iter();
        let handled = self.handlers().filter_map(|(field, handler)| {
            Some((format!("{field}.exec.command"), &handler.exec.as_ref()?.command))
        });
        let lines = lines.map(|(field, list)| (field.to_owned(), list)).chain(handled);
        variables.chain(lines.flat_map(|(field, list)| held_in(list, &field)))
    }
}

fn held_in<'w>(words: &'w List<Str>, field: &str) -> Vec<(String, &'w str)> {
    let held = words.iter().enumerate();
    let held = held.filter_map(|(at, word)| Some((at, crate::border::held_in(word)?)));
    held.map(|(at, class)| (format!("{field}[{at}]"), class)).collect()
}

impl PodSpec {
    /// Every container with its list and its index there: init, regular, ephemeral.
    pub fn all_containers(&self) -> impl Iterator<Item = (ContainerKind, usize, &Container)> {
        let init = self.init_containers.iter().enumerate();
        let regular = self.containers.iter().enumerate();
        let ephemeral = self.ephemeral_containers.iter().enumerate();
        init.map(|(i, c)| (ContainerKind::Init, i, c))
            .chain(regular.map(|(i, c)| (ContainerKind::Regular, i, c)))
            .chain(ephemeral.map(|(i, c)| (ContainerKind::Ephemeral, i, c)))
    }

    /// The account the pod runs as after defaulting: the newer field, the deprecated alias,
    /// `default`.
    #[must_use]
    pub fn account(&self) -> &str {
        if !self.service_account_name.is_empty() {
            &self.service_account_name
        } else if !self.service_account.is_empty() {
            &self.service_account
        } else {
            "default"
        }
    }

    /// Whether `spec.os.name` says Windows.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.os.as_ref().is_some_and(|os| os.name == "windows")
    }

    /// The volume of that name.
    #[must_use]
    pub fn volume(&self, name: &str) -> Option<&Volume> {
        self.volumes.iter().find(|volume| volume.name == name)
    }
}

impl Pod {
    /// Whether the pod has ended and gives no container any more.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.status.phase == "Succeeded" || self.status.phase == "Failed"
    }

    /// Whether this is the API's image of a static pod.
    #[must_use]
    pub fn is_mirror(&self) -> bool {
        self.metadata.annotations.get("kubernetes.io/config.mirror").is_some()
    }
}

#[derive(serde::Serialize, serde::Deserialize, Default)]
#[serde(default)]
struct PodWire {
    metadata: Meta,
    spec: PodSpec,
    status: PodStatus,
}

impl<'de> serde::Deserialize<'de> for Pod {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let PodWire { metadata, mut spec, status } = PodWire::deserialize(deserializer)?;
        let node_name = std::mem::take(&mut spec.node_name);
        Ok(Self { metadata, spec: Arc::new(spec), node_name, status })
    }
}

impl serde::Serialize for Pod {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut spec = (*self.spec).clone();
        spec.node_name = self.node_name.clone();
        PodWire { metadata: self.metadata.clone(), spec, status: self.status.clone() }
            .serialize(serializer)
    }
}
