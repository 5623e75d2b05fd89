//! Writes that the API server refuses: of what cannot be changed (pkg/apis/*/validation:
//! ValidateXUpdate), of what is no valid object ([`crate::invalid`]), and those that no namespace
//! takes (admission plug-in NamespaceLifecycle). Of a field that the model does not keep nothing is
//! said.

use ringfort_model::{Cluster, Kind, Object, Workload, WorkloadKind};
use ringfort_podsec::enforcement_on;
use serde_json::Value;

use crate::invalid::invalid;

/// Namespaces that no one may delete.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

/// Why a server would refuse to make the object; `None` if it would not.
pub(crate) fn unmade(cluster: &Cluster, object: &Object) -> Option<String> {
    let namespace = &object.meta().namespace;
    if !namespace.is_empty() {
        match cluster.namespaces.get("", namespace) {
            Some(known) if known.metadata.deletion_timestamp.is_some() => {
                return Some(format!("namespace {namespace} is being deleted"));
            }
            // Where there is an object, there is its namespace.
            None if cluster.coverage.is_complete(Kind::Namespace)
                && !cluster.objects().any(|one| one.meta().namespace == *namespace) =>
            {
                return Some(format!("there is no namespace {namespace}"));
            }
            _ => {}
        }
    }
    let levels = enforcement_on(cluster.version) == Some(true);
    invalid(object, levels).into_iter().next()
}

/// Why a server would refuse to delete the object; `None` if it would not.
pub(crate) fn undeleted(object: &Object) -> Option<String> {
    let name = object.meta().name.as_str();
    let immortal = matches!(object, Object::Namespace(_)) && IMMORTAL.contains(&name);
    immortal.then(|| "this namespace may not be deleted".to_owned())
}

/// Why a server would refuse a new selector of a workload. It chose what the template was labelled
/// with: one that asks for another label is another one, and only that of a ReplicationController
/// may change, for another that its template has.
pub(crate) fn reselected(before: &Object, after: &Object, patched: &Value) -> Option<String> {
    let (Object::Workload(before), Object::Workload(after)) = (before, after) else { return None };
    let selector = patched.pointer("/spec/selector")?;
    let own = after.kind == WorkloadKind::ReplicationController;
    let wanted = if own { Some(selector) } else { selector.get("matchLabels") };
    let template = if own { after } else { before }.pod_template()?;
    let labels = template.metadata.as_ref().map(|meta| &meta.labels);
    let has = |key: &str, value: &Value| {
        let found = labels.and_then(|labels| labels.get(key));
        found.is_some_and(|found| value.as_str() == Some(found))
    };
    let other = wanted?.as_object()?.iter().any(|(key, value)| !has(key, value));
    other.then(|| match own {
        true => "spec.selector does not choose the pods of the template".to_owned(),
        false => "spec.selector cannot be changed".to_owned(),
    })
}

/// Why a server would refuse to make the one object of the other; `None` if it would not.
pub(crate) fn refused(cluster: &Cluster, before: &Object, after: &Object) -> Option<String> {
    fixed(cluster, before, after).or_else(|| {
        let levels = enforcement_on(cluster.version) == Some(true);
        let known = invalid(before, levels);
        invalid(after, levels).into_iter().find(|wrong| !known.contains(wrong))
    })
}

/// The same of what cannot be changed.
fn fixed(cluster: &Cluster, before: &Object, after: &Object) -> Option<String> {
    let (old, new) = (before.meta(), after.meta());
    if before.kind() != after.kind() || old.name != new.name || old.namespace != new.namespace {
        return Some("kind, namespace and name cannot be changed".to_owned());
    }
    let fixed = |same: bool, field: &str| {
        (!same).then(|| format!("{field} cannot be changed; delete the object and make it again"))
    };
    match (before, after) {
        (Object::RoleBinding(a), Object::RoleBinding(b)) => {
            fixed(a.role_ref == b.role_ref, "roleRef")
        }
        (Object::ClusterRoleBinding(a), Object::ClusterRoleBinding(b)) => {
            fixed(a.role_ref == b.role_ref, "roleRef")
        }
        (Object::Secret(a), Object::Secret(b)) => fixed(a.kind == b.kind, "type"),
        (Object::RuntimeClass(a), Object::RuntimeClass(b)) => {
            fixed(a.handler == b.handler, "handler")
        }
        (Object::Service(_), Object::Service(b)) => b.spec.as_ref().and_then(|spec| {
            let balancer = *spec.kind == *"LoadBalancer";
            (!balancer && !spec.load_balancer_source_ranges.is_empty()).then(|| {
                "loadBalancerSourceRanges may only be used when type is LoadBalancer".to_owned()
            })
        }),
        (Object::Pod(a), Object::Pod(b)) if a.spec != b.spec || a.node_name != b.node_name => {
            if a.is_mirror() {
                return Some("a static pod is changed in its file on the node".to_owned());
            }
            // The changed pod would be another pod, and its controller would make its own.
            cluster.top_owner(old).map(|(kind, name)| {
                format!("a pod is changed in the template of its {} {name}", kind.name())
            })
        }
        (Object::Workload(a), Object::Workload(b)) if a.kind == WorkloadKind::Job => {
            let same = a.pod_template() == b.pod_template() || schedules_only(a, b);
            (!same).then(|| "the template of a Job cannot be changed".to_owned())
        }
        _ => None,
    }
}

/// Of a suspended Job, where and with which labels its pods run can be changed.
fn schedules_only(before: &Workload, after: &Workload) -> bool {
    let rest = |workload: &Workload| -> Option<Value> {
        let mut spec = serde_json::to_value(&workload.pod_template()?.spec).ok()?;
        if let Some(fields) = spec.as_object_mut() {
            for free in ["nodeSelector", "affinity", "tolerations", "schedulingGates"] {
                fields.remove(free);
            }
        }
        Some(spec)
    };
    before.spec.suspend == Some(true) && rest(before) == rest(after)
}
