//! Patches that the API server refuses because what they change cannot be changed
//! (pkg/apis/*/validation: ValidateXUpdate). Of a field that the model does not keep nothing is
//! said.

use ringfort_model::{Cluster, Object, Workload, WorkloadKind};
use serde_json::Value;

/// Why a server would refuse to make the one object of the other; `None` if it would not.
pub(crate) fn refused(cluster: &Cluster, before: &Object, after: &Object) -> Option<String> {
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
