//! Whose an object is, and what would write it again: a change of something that a controller
//! keeps as it is lasts only if it is made where the controller takes it from.

use std::fmt;

use ringfort_attack::Attack;
use ringfort_language::{Sentence, sentence};
use ringfort_model::{Map, WorkloadKind, record::Meta};

/// Labels that name a team or product, the first that is set counts.
const TEAM_LABELS: &[&str] =
    &["team", "owner", "app.kubernetes.io/part-of", "app.kubernetes.io/instance"];

/// Who manages an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manager {
    /// Nobody that shows: a change lasts.
    Nobody,
    /// A Helm release, `namespace/name`: the next upgrade writes it again.
    Helm(String),
    /// An Argo CD application.
    ArgoCd(String),
    /// A Flux Kustomization or HelmRelease, `namespace/name`.
    Flux(String),
    /// A custom resource, `Kind name`, whose operator writes it.
    Operator(String),
    /// The add-on manager of the cluster.
    Addons,
    /// The Operator Lifecycle Manager, for this installed operator.
    Lifecycle(String),
    /// Config Sync, from a repository.
    ConfigSync,
    /// A bundle of Rancher Fleet, or a manifest that k3s or RKE2 deploys.
    Rancher(String),
    /// OpenShift's cluster-version operator, from the release.
    Release,
}

/// Whose an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its namespace; empty for cluster scope.
    pub namespace: String,
    /// A team or product by label.
    pub team: Option<String>,
    /// What keeps it as it is.
    pub manager: Manager,
}

impl Manager {
    /// Where to make the change so that it lasts; `None` where the object itself is the place.
    #[must_use]
    pub fn instead(&self) -> Option<Sentence> {
        Some(match self {
            Self::Nobody => return None,
            Self::Helm(release) => sentence!("in the values of Helm release {release}", release),
            Self::ArgoCd(app) => {
                sentence!("in the source of Argo CD application {application}", application = app)
            }
            Self::Flux(name) => sentence!("in the source of Flux {name}", name),
            Self::Operator(resource) => {
                sentence!("in {resource}, whose operator writes this object", resource)
            }
            Self::Addons => sentence!("in the cluster's add-on manager"),
            Self::Lifecycle(operator) => {
                sentence!("in operator {operator}, which OLM keeps installed", operator)
            }
            Self::ConfigSync => sentence!("in the repository that Config Sync reads"),
            Self::Rancher(source) => {
                sentence!("in {source}, from which Rancher, k3s or RKE2 writes it", source)
            }
            Self::Release => sentence!(
                "in spec.overrides of OpenShift's ClusterVersion, whose operator writes this object"
            ),
        })
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => f.write_str("the cluster")?,
            namespace => write!(f, "namespace {namespace}")?,
        }
        match &self.team {
            Some(team) => write!(f, ", {team}"),
            None => Ok(()),
        }
    }
}

/// Whose the object is by its metadata.
#[must_use]
pub fn owner(meta: &Meta) -> Owner {
    let label = |key: &str| meta.labels.get(key).filter(|value| !value.is_empty());
    let team = TEAM_LABELS.iter().find_map(|key| label(key).map(ToString::to_string));
    Owner { namespace: meta.namespace.to_string(), team, manager: manager(meta) }
}

fn manager(meta: &Meta) -> Manager {
    let label = |key: &str| meta.labels.get(key).map(ToString::to_string);
    let annotation = |key: &str| meta.annotations.get(key).map(ToString::to_string);
    if let Some(controller) = meta.controller()
        && WorkloadKind::from_name(&controller.kind).is_none()
    {
        return Manager::Operator(format!("{} {}", controller.kind, controller.name));
    }
    // OLM owns what it installs without being its controller.
    let installs = |kind: &str| kind == "ClusterServiceVersion";
    if let Some(one) = meta.owner_references.iter().find(|one| installs(&one.kind)) {
        return Manager::Lifecycle(one.name.to_string());
    }
    if let (Some(name), Some(kind)) = (label("olm.owner"), label("olm.owner.kind"))
        && installs(&kind)
    {
        return Manager::Lifecycle(name);
    }
    if meta.annotations.iter().any(|(key, _)| key.starts_with("include.release.openshift.io/")) {
        return Manager::Release;
    }
    if annotation("configmanagement.gke.io/managed").as_deref() == Some("enabled") {
        return Manager::ConfigSync;
    }
    // rancher/wrangler, pkg/apply: what an apply has written carries the names of its set.
    if annotation("objectset.rio.cattle.io/id").is_some()
        && let Some(name) = annotation("objectset.rio.cattle.io/owner-name")
    {
        let namespace = annotation("objectset.rio.cattle.io/owner-namespace").unwrap_or_default();
        return Manager::Rancher(format!("{namespace}/{name}").trim_matches('/').to_owned());
    }
    // addonmanager.kubernetes.io/mode: Reconcile is written again, EnsureExists is not.
    if label("addonmanager.kubernetes.io/mode").as_deref() == Some("Reconcile") {
        return Manager::Addons;
    }
    if let Some(name) = flux(&meta.labels) {
        return Manager::Flux(name);
    }
    if let Some(app) = annotation("argocd.argoproj.io/tracking-id") {
        let app = app.split(':').next().unwrap_or_default().to_owned();
        return Manager::ArgoCd(app);
    }
    if let Some(app) = label("argocd.argoproj.io/instance") {
        return Manager::ArgoCd(app);
    }
    if label("app.kubernetes.io/managed-by").as_deref() == Some("Helm")
        && let Some(name) = annotation("meta.helm.sh/release-name")
    {
        let namespace = annotation("meta.helm.sh/release-namespace").unwrap_or_default();
        return Manager::Helm(format!("{namespace}/{name}"));
    }
    Manager::Nobody
}

fn flux(labels: &Map) -> Option<String> {
    ["kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"].iter().find_map(|group| {
        let name = labels.get(&format!("{group}/name"))?;
        let namespace = labels.get(&format!("{group}/namespace"))?;
        let kind = if group.starts_with("helm") { "HelmRelease" } else { "Kustomization" };
        Some(format!("{kind} {namespace}/{name}"))
    })
}

/// Agents of nodes that their installers place in a namespace of their own: the namespace, and the
/// end of the image's repository.
const AGENTS: &[(&str, &str)] = &[
    ("calico-system", "calico/node"),
    ("calico-system", "calico/csi"),
    ("calico-system", "calico/node-driver-registrar"),
    ("cilium", "cilium/cilium"),
    ("kube-flannel", "flannel-io/flannel"),
    ("kube-flannel", "flannel/flannel"),
    ("kube-ovn", "kubeovn/kube-ovn"),
    ("rook-ceph", "cephcsi/cephcsi"),
];

/// Whether a unit is a part of the cluster itself, without which nodes or other pods do not
/// work: the image of a static pod, a DaemonSet's pod or one of the priority classes
/// `system-node-critical` and `system-cluster-critical` in kube-system, the namespace of what
/// Kubernetes itself runs; or a node's agent of a known add-on in the add-on's namespace. A priority
/// class alone says nothing: whoever may create pods names it, where no quota forbids it.
#[must_use]
pub fn is_system(attack: &Attack<'_>, unit: u32) -> bool {
    let unit = &attack.context.units[unit as usize];
    let priority = unit.spec.priority_class_name.as_ref().map_or("", |name| name.as_str());
    let daemon = matches!(unit.owner, Some((WorkloadKind::DaemonSet, _)));
    let critical = matches!(priority, "system-node-critical" | "system-cluster-critical");
    let agent = || {
        let placed = AGENTS.iter().filter(|(namespace, _)| *unit.namespace == **namespace);
        let names: Vec<&'static str> = placed.map(|(_, image)| *image).collect();
        let mut images = unit.spec.containers.iter().map(|one| &one.image);
        images.any(|image| ringfort_attack::recognise::known(image, &names).is_some())
    };
    unit.mirror
        || (*unit.namespace == *"kube-system" && (critical || daemon))
        || (priority == "system-node-critical" && daemon && agent())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn meta(value: serde_json::Value) -> Meta {
        serde_json::from_value(value).expect("metadata")
    }

    #[test]
    fn whoever_writes_it_again_is_named() {
        let helm = meta(json!({"name": "x", "namespace": "a",
            "labels": {"app.kubernetes.io/managed-by": "Helm", "team": "pay"},
            "annotations": {"meta.helm.sh/release-name": "shop",
                "meta.helm.sh/release-namespace": "a"}}));
        let found = owner(&helm);
        assert_eq!(found.manager, Manager::Helm("a/shop".into()));
        assert_eq!(found.team.as_deref(), Some("pay"));
        let operator = meta(json!({"name": "x", "ownerReferences":
            [{"kind": "Prometheus", "name": "k8s", "controller": true}]}));
        assert_eq!(owner(&operator).manager, Manager::Operator("Prometheus k8s".into()));
        for (found, manager) in [
            (
                json!({"ownerReferences": [{"kind": "ClusterServiceVersion", "name": "op.v1"}]}),
                Manager::Lifecycle("op.v1".into()),
            ),
            (
                json!({"labels": {"olm.owner": "op.v1", "olm.owner.kind": "ClusterServiceVersion"}}),
                Manager::Lifecycle("op.v1".into()),
            ),
            (
                json!({"labels": {"olm.owner": "ns", "olm.owner.kind": "Namespace"}}),
                Manager::Nobody,
            ),
            (
                json!({"annotations": {"configmanagement.gke.io/managed": "enabled"}}),
                Manager::ConfigSync,
            ),
            (
                json!({"annotations": {"objectset.rio.cattle.io/id": "1",
                    "objectset.rio.cattle.io/owner-namespace": "kube-system",
                    "objectset.rio.cattle.io/owner-name": "coredns"}}),
                Manager::Rancher("kube-system/coredns".into()),
            ),
            (
                json!({"annotations": {"include.release.openshift.io/single-node-developer": "true"}}),
                Manager::Release,
            ),
        ] {
            let mut value = json!({"name": "x"});
            value
                .as_object_mut()
                .expect("an object")
                .extend(found.as_object().expect("an object").clone());
            assert_eq!(owner(&meta(value)).manager, manager, "{found}");
        }
        let plain = meta(json!({"name": "x", "ownerReferences":
            [{"kind": "ReplicaSet", "name": "k8s", "controller": true}]}));
        assert_eq!(owner(&plain).manager, Manager::Nobody);
    }
}
