//! Nodes and runtime classes.

use crate::record::has_meta;
use crate::record::meta::Meta;
use crate::record::pod::Toleration;
use crate::text::Str;
use crate::wire::{Keys, List, Map, record};

record! {
    /// Node.
    pub struct Node {
        pub metadata: Meta,
        pub spec: Option<NodeSpec>,
        pub status: Option<NodeStatus>,
    }
    /// NodeSpec.
    pub struct NodeSpec {
        #[serde(rename = "providerID")]
        pub provider_id: Str,
        pub taints: List<Taint>,
        pub unschedulable: Option<bool>,
    }
    /// Taint.
    pub struct Taint {
        pub key: Str,
        pub value: Str,
        pub effect: Str,
    }
    /// NodeStatus.
    pub struct NodeStatus {
        pub addresses: List<NodeAddress>,
        pub node_info: Option<NodeInfo>,
        pub daemon_endpoints: Option<NodeDaemonEndpoints>,
        /// The names of the resources that pods can have.
        pub allocatable: Keys,
        /// What the handlers of the container runtime say that they can do (from 1.30).
        pub runtime_handlers: List<RuntimeHandler>,
    }
    /// NodeRuntimeHandler; the default handler has no name.
    pub struct RuntimeHandler {
        pub name: Str,
        pub features: Option<RuntimeHandlerFeatures>,
    }
    /// NodeRuntimeHandlerFeatures.
    pub struct RuntimeHandlerFeatures {
        pub user_namespaces: Option<bool>,
    }
    /// NodeDaemonEndpoints.
    pub struct NodeDaemonEndpoints {
        pub kubelet_endpoint: Option<DaemonEndpoint>,
    }
    /// DaemonEndpoint, with the API's unusual spelling of the field.
    pub struct DaemonEndpoint {
        #[serde(rename = "Port")]
        pub port: Option<i64>,
    }
    /// NodeAddress: Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS.
    pub struct NodeAddress {
        #[serde(rename = "type")]
        pub kind: Str,
        pub address: Str,
    }
    /// NodeSystemInfo.
    pub struct NodeInfo {
        pub kernel_version: Str,
        pub os_image: Str,
        pub container_runtime_version: Str,
        pub kubelet_version: Str,
        pub operating_system: Str,
        pub architecture: Str,
    }
    /// RuntimeClass.
    pub struct RuntimeClass {
        pub metadata: Meta,
        pub handler: Str,
        pub scheduling: Option<RuntimeScheduling>,
    }
    /// What a RuntimeClass adds to the pods that name it (RuntimeClass.scheduling).
    pub struct RuntimeScheduling {
        pub node_selector: Map,
        pub tolerations: List<Toleration>,
    }
}
has_meta!(Node, RuntimeClass);

impl Node {
    /// Addresses of one type, for example `ExternalIP`.
    pub fn addresses<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Str> {
        let all = self.status.iter().flat_map(|status| status.addresses.iter());
        all.filter(move |a| a.kind == kind).map(|a| &a.address)
    }

    /// The provider's id of the machine, empty if none.
    #[must_use]
    pub fn provider_id(&self) -> &str {
        self.spec.as_ref().map_or("", |spec| spec.provider_id.as_str())
    }

    /// Whether a handler of the node's runtime says that it gives pods user namespaces, which
    /// needs a low-level runtime that maps mounts by id; nothing where the node does not show
    /// it. The default handler has no name.
    #[must_use]
    pub fn gives_user_namespaces(&self, handler: &str) -> Option<bool> {
        let handlers = self.status.as_ref().map_or(&[][..], |status| &status.runtime_handlers);
        let found = handlers.iter().find(|one| *one.name == *handler)?;
        found.features.as_ref()?.user_namespaces
    }

    /// Whether the node runs Windows, by label or node info.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.metadata.labels.get("kubernetes.io/os").is_some_and(|os| os == "windows")
            || self
                .status
                .as_ref()
                .and_then(|s| s.node_info.as_ref())
                .is_some_and(|info| info.operating_system == "windows")
    }
}
