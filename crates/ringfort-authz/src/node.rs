//! The node authorizer (NODE-01 to NODE-10; upstream `plugin/pkg/auth/authorizer/node`): what
//! the identity of a node may do because of the pods that are bound to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringfort_model::record::{PersistentVolumeSpec, SecretReference};
use ringfort_model::{Cluster, Kind, Pod, PodSpec, Str, VolumeSource};
use rustc_hash::FxHashMap;

use crate::decide::{Decision, Reason};
use crate::request::{Attributes, Request};

/// An object by namespace and name.
pub type Name = (Str, Str);

/// What one node is related to.
#[derive(Clone, Debug, Default)]
struct Related {
    secrets: BTreeSet<Name>,
    config_maps: BTreeSet<Name>,
    accounts: BTreeSet<Name>,
    claims: BTreeSet<Name>,
    volumes: BTreeSet<Name>,
    resource_claims: BTreeSet<Name>,
    attachments: BTreeSet<Name>,
    slices: BTreeSet<Name>,
}

/// The node authorizer of one cluster.
#[derive(Debug)]
pub struct NodeAuthorizer<'a> {
    cluster: &'a Cluster,
    nodes: Arc<FxHashMap<Str, Related>>,
}

/// Built-in rules, alike for all nodes (NODE-09): verbs, group, resource.
const BUILT_IN: &[(&[&str], &str, &str)] = &[
    (&["create"], "authentication.k8s.io", "tokenreviews"),
    (&["create"], "authorization.k8s.io", "subjectaccessreviews"),
    (&["create"], "authorization.k8s.io", "localsubjectaccessreviews"),
    (&["get", "list", "watch"], "", "services"),
    (&["get", "list", "watch"], "storage.k8s.io", "csidrivers"),
    (&["get", "list", "watch"], "node.k8s.io", "runtimeclasses"),
    (&["get"], "", "endpoints"),
    (&["create", "update", "patch"], "", "events"),
    (&["create", "update", "patch"], "events.k8s.io", "events"),
    (&["create", "get", "list", "watch"], "certificates.k8s.io", "certificatesigningrequests"),
];

impl<'a> NodeAuthorizer<'a> {
    /// Relates every bound pod's references to its node.
    #[must_use]
    pub fn new(cluster: &'a Cluster) -> Self {
        let mut nodes: FxHashMap<Str, Related> = FxHashMap::default();
        let mut volumes: FxHashMap<Name, Vec<usize>> = FxHashMap::default();
        for (id, volume) in cluster.persistent_volumes.ids() {
            if let Some(claim) = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref()) {
                let key = (claim.namespace.clone(), claim.name.clone());
                volumes.entry(key).or_default().push(id.index());
            }
        }
        for pod in &cluster.pods {
            if pod.node_name.is_empty() {
                continue;
            }
            let related = nodes.entry(pod.node_name.clone()).or_default();
            if !pod.is_mirror() {
                relate(cluster, &volumes, pod, related);
            }
        }
        for attachment in &cluster.volume_attachments {
            let Some(spec) = &attachment.spec else { continue };
            let related = nodes.entry(spec.node_name.clone()).or_default();
            related.attachments.insert((Str::default(), attachment.metadata.name.clone()));
        }
        for slice in &cluster.resource_slices {
            let Some(spec) = &slice.spec else { continue };
            let related = nodes.entry(spec.node_name.clone()).or_default();
            related.slices.insert((Str::default(), slice.metadata.name.clone()));
        }
        Self { cluster, nodes: Arc::new(nodes) }
    }

    /// The authorizer of a cluster that was changed; where only objects of RBAC were, the
    /// relations stay as they are.
    #[must_use]
    pub fn after(before: &NodeAuthorizer<'_>, cluster: &'a Cluster) -> Self {
        if !cluster.differs_at_most_in(before.cluster, &Kind::RBAC) {
            return Self::new(cluster);
        }
        Self { cluster, nodes: before.nodes.clone() }
    }

    /// Secrets that the node may read (NODE-01).
    pub fn secrets_of(&self, node: &str) -> impl Iterator<Item = &Name> {
        self.nodes.get(node).into_iter().flat_map(|related| &related.secrets)
    }

    /// ConfigMaps that the node may read (NODE-01).
    pub fn config_maps_of(&self, node: &str) -> impl Iterator<Item = &Name> {
        self.nodes.get(node).into_iter().flat_map(|related| &related.config_maps)
    }

    /// ServiceAccounts for which the node may ask for tokens (NODE-03).
    pub fn service_accounts_of(&self, node: &str) -> impl Iterator<Item = &Name> {
        self.nodes.get(node).into_iter().flat_map(|related| &related.accounts)
    }

    /// Whether the node authorizer allows the request; `No` means no opinion.
    #[must_use]
    pub fn decide(&self, node: &str, request: &Request) -> Decision {
        let Attributes::Resource { group, resource, subresource, namespace, name } =
            &request.attributes
        else {
            return Decision::No;
        };
        let asked = Asked {
            node,
            verb: &request.verb,
            sub: subresource,
            namespace,
            name,
            key: (namespace.clone(), name.clone()),
        };
        // Gates by minor: undecided where the version is not known and the outcomes differ.
        let minors: Vec<u32> = match self.cluster.version {
            Some(version) => vec![version.minor],
            None => vec![30, 33, 36],
        };
        let answers: Vec<Option<String>> =
            minors.iter().map(|&minor| self.answer(group, resource, &asked, minor)).collect();
        let first = answers.iter().flatten().next().cloned();
        match first {
            Some(why) if answers.iter().all(Option::is_some) => Decision::Yes(Reason::Node(why)),
            Some(_) => Decision::Unknown(vec!["the server's version was not read".to_owned()]),
            None => self.refused(group, resource),
        }
    }

    /// Whether the pod that is asked for is bound to the node that asks.
    fn runs(&self, asked: &Asked<'_>) -> bool {
        let pod = self.cluster.pods.get(asked.namespace, asked.name);
        pod.is_some_and(|pod| *pod.node_name == *asked.node && !asked.node.is_empty())
    }

    /// A refusal rests on the lists that could show a relation to an object of this resource.
    fn refused(&self, group: &str, resource: &str) -> Decision {
        let lists: &[Kind] = match (group, resource) {
            ("", "secrets" | "persistentvolumes") => &[Kind::Pod, Kind::PersistentVolume],
            ("", "configmaps" | "persistentvolumeclaims" | "serviceaccounts" | "pods")
            | ("resource.k8s.io", "resourceclaims") => &[Kind::Pod],
            ("storage.k8s.io", "volumeattachments") => &[Kind::VolumeAttachment],
            ("resource.k8s.io", "resourceslices") => &[Kind::ResourceSlice],
            _ => &[],
        };
        let missing: Vec<String> = lists
            .iter()
            .filter(|&&kind| !self.cluster.coverage.is_complete(kind))
            .map(|kind| format!("{} were not all read", kind.plural()))
            .collect();
        if missing.is_empty() { Decision::No } else { Decision::Unknown(missing) }
    }

    fn answer(&self, group: &str, resource: &str, asked: &Asked<'_>, minor: u32) -> Option<String> {
        let none = Related::default();
        let related = self.nodes.get(asked.node).unwrap_or(&none);
        let selectors = minor >= 32;
        match (group, resource) {
            ("", "secrets") => asked.read(&related.secrets, "Secret"),
            ("", "configmaps") => asked.read(&related.config_maps, "ConfigMap"),
            ("", "persistentvolumeclaims") if asked.sub == "status" => {
                (asked.is(&["update", "patch"]) && related.claims.contains(&asked.key))
                    .then(|| asked.by_pod("claim"))
            }
            ("", "persistentvolumeclaims") => asked.get(&related.claims, "claim"),
            ("", "persistentvolumes") => asked.get(&related.volumes, "volume"),
            ("resource.k8s.io", "resourceclaims") => {
                asked.get(&related.resource_claims, "resource claim")
            }
            ("storage.k8s.io", "volumeattachments") => {
                asked.get(&related.attachments, "volume attachment")
            }
            ("", "serviceaccounts") => {
                let wanted = match (asked.verb, asked.sub) {
                    ("create", "token") => true,
                    ("get", "") => minor >= 34,
                    _ => false,
                };
                (wanted && related.accounts.contains(&asked.key))
                    .then(|| asked.by_pod("ServiceAccount"))
            }
            // Upstream looks at no subresource here, unlike everywhere else.
            ("coordination.k8s.io", "leases") => (asked.namespace == "kube-node-lease"
                && asked.own_object())
            .then(|| "the node's own lease".to_owned()),
            ("storage.k8s.io", "csinodes") => (asked.sub.is_empty() && asked.own_object())
                .then(|| "the node's own CSINode".to_owned()),
            ("resource.k8s.io", "resourceslices") => asked.slice(related, selectors),
            ("", "nodes") => asked.nodes(selectors),
            ("", "pods") => asked.pods(|| self.runs(asked), selectors),
            _ if asked.sub.is_empty() => BUILT_IN
                .iter()
                .any(|(verbs, g, r)| *g == group && *r == resource && asked.is(verbs))
                .then(|| "a built-in rule for all nodes".to_owned()),
            _ => None,
        }
    }
}

struct Asked<'a> {
    node: &'a str,
    verb: &'a str,
    sub: &'a str,
    namespace: &'a str,
    name: &'a str,
    key: Name,
}

impl Asked<'_> {
    fn is(&self, verbs: &[&str]) -> bool {
        verbs.contains(&self.verb)
    }

    fn by_pod(&self, what: &str) -> String {
        format!("a pod bound to {} refers to this {what}", self.node)
    }

    fn read(&self, related: &BTreeSet<Name>, what: &str) -> Option<String> {
        (self.is(&["get", "list", "watch"])
            && self.sub.is_empty()
            && !self.namespace.is_empty()
            && !self.name.is_empty()
            && related.contains(&self.key))
        .then(|| self.by_pod(what))
    }

    fn get(&self, related: &BTreeSet<Name>, what: &str) -> Option<String> {
        (self.verb == "get"
            && self.sub.is_empty()
            && !self.name.is_empty()
            && related.contains(&self.key))
        .then(|| self.by_pod(what))
    }

    fn own_object(&self) -> bool {
        self.verb == "create"
            || (self.is(&["get", "update", "patch", "delete"]) && self.name == self.node)
    }

    fn slice(&self, related: &Related, selectors: bool) -> Option<String> {
        let allowed = self.sub.is_empty()
            && match self.verb {
                "create" => true,
                "get" | "update" | "patch" | "delete" => related.slices.contains(&self.key),
                "list" | "watch" | "deletecollection" => !selectors,
                _ => false,
            };
        allowed.then(|| "resource slices of this node".to_owned())
    }

    fn nodes(&self, selectors: bool) -> Option<String> {
        let allowed = match (self.sub, self.verb) {
            ("", "create" | "update" | "patch") | ("status", "update" | "patch") => true,
            ("", "get" | "list" | "watch") => !selectors || self.name == self.node,
            _ => false,
        };
        allowed.then(|| "nodes maintain their Node object".to_owned())
    }

    fn pods(&self, runs: impl Fn() -> bool, selectors: bool) -> Option<String> {
        let allowed = match (self.sub, self.verb) {
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => {
                true
            }
            ("", "get" | "list" | "watch") => !selectors || (!self.name.is_empty() && runs()),
            _ => false,
        };
        allowed.then(|| "pods that run on this node".to_owned())
    }
}

fn relate(
    cluster: &Cluster,
    volumes: &FxHashMap<Name, Vec<usize>>,
    pod: &Pod,
    related: &mut Related,
) {
    let namespace = &pod.metadata.namespace;
    let spec = &pod.spec;
    let named = |name: &Str| (namespace.clone(), name.clone());
    related.accounts.insert((namespace.clone(), Str::new(spec.account())));
    let (secrets, config_maps) = references(spec);
    related.secrets.extend(secrets.iter().map(named));
    related.config_maps.extend(config_maps.iter().map(named));
    for volume in &spec.volumes {
        let claim = match &volume.source {
            Some(VolumeSource::PersistentVolumeClaim(claim)) => claim.claim_name.clone(),
            Some(VolumeSource::Other { kind, .. }) if kind == "ephemeral" => {
                Str::from(format!("{}-{}", pod.metadata.name, volume.name))
            }
            _ => continue,
        };
        let key = (namespace.clone(), claim);
        for &at in volumes.get(&key).into_iter().flatten() {
            let volume = &cluster.persistent_volumes.as_slice()[at];
            related.volumes.insert((Str::default(), volume.metadata.name.clone()));
            if let Some(spec) = &volume.spec {
                related.secrets.extend(volume_secrets(spec, namespace));
            }
        }
        related.claims.insert(key);
    }
    for claim in &spec.resource_claims {
        let generated = || {
            let known = pod.status.resource_claim_statuses.iter().find(|s| s.name == claim.name)?;
            known.resource_claim_name.clone()
        };
        if let Some(name) = claim.resource_claim_name.clone().or_else(generated) {
            related.resource_claims.insert((namespace.clone(), name));
        }
    }
    let extended = pod.status.extended_resource_claim_status.as_ref();
    if let Some(name) = extended.and_then(|status| status.resource_claim_name.clone()) {
        related.resource_claims.insert((namespace.clone(), name));
    }
}

/// Secrets and ConfigMaps that a pod specification refers to by name.
#[must_use]
pub fn references(spec: &PodSpec) -> (BTreeSet<Str>, BTreeSet<Str>) {
    let mut secrets = BTreeSet::new();
    let mut config_maps = BTreeSet::new();
    secrets.extend(spec.image_pull_secrets.iter().map(|secret| secret.name.clone()));
    for (_, _, container) in spec.all_containers() {
        for source in &container.env_from {
            secrets.extend(source.secret_ref.iter().map(|r| r.name.clone()));
            config_maps.extend(source.config_map_ref.iter().map(|r| r.name.clone()));
        }
        for source in container.env.iter().filter_map(|variable| variable.value_from.as_ref()) {
            secrets.extend(source.secret_key_ref.iter().map(|r| r.name.clone()));
            config_maps.extend(source.config_map_key_ref.iter().map(|r| r.name.clone()));
        }
    }
    for volume in &spec.volumes {
        match &volume.source {
            Some(VolumeSource::Secret(source)) => {
                secrets.insert(source.secret_name.clone());
            }
            Some(VolumeSource::ConfigMap(source)) => {
                config_maps.insert(source.name.clone());
            }
            Some(VolumeSource::Projected(projected)) => {
                for source in &projected.sources {
                    secrets.extend(source.secret.iter().map(|r| r.name.clone()));
                    config_maps.extend(source.config_map.iter().map(|r| r.name.clone()));
                }
            }
            Some(VolumeSource::Csi(csi)) => {
                secrets.extend(csi.node_publish_secret_ref.iter().map(|r| r.name.clone()));
            }
            Some(VolumeSource::Other { secret, .. }) => secrets.extend(secret.clone()),
            _ => {}
        }
    }
    secrets.remove("");
    config_maps.remove("");
    (secrets, config_maps)
}

/// Secrets that the kubelet reads to mount a volume. Only some sources take the claim's
/// namespace where the reference has none.
fn volume_secrets(spec: &PersistentVolumeSpec, claim_namespace: &Str) -> Vec<Name> {
    let mut found = Vec::new();
    if let Some(csi) = &spec.csi {
        let references =
            [&csi.node_publish_secret_ref, &csi.node_stage_secret_ref, &csi.node_expand_secret_ref];
        found.extend(
            references.into_iter().flatten().map(|r| (r.namespace.clone(), r.name.clone())),
        );
    }
    if let Some(file) = &spec.azure_file {
        let namespace = file.secret_namespace.clone().filter(|namespace| !namespace.is_empty());
        found
            .push((namespace.unwrap_or_else(|| claim_namespace.clone()), file.secret_name.clone()));
    }
    let exact = [&spec.cinder, &spec.storageos];
    let defaulted = [&spec.cephfs, &spec.flex_volume, &spec.iscsi, &spec.rbd, &spec.scale_io];
    let secret = |source: &Option<ringfort_model::record::SecretRefSource>| {
        source.as_ref().and_then(|source| source.secret_ref.clone())
    };
    found.extend(exact.into_iter().filter_map(secret).map(|r| (r.namespace, r.name)));
    found.extend(defaulted.into_iter().filter_map(secret).map(
        |SecretReference { name, namespace }| {
            let namespace = if namespace.is_empty() { claim_namespace.clone() } else { namespace };
            (namespace, name)
        },
    ));
    found
}
