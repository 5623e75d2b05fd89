//! What changes make of a cluster. A change makes a new cluster; nothing is changed in place.
//!
//! ```text
//!  change ──► object ──API server refuses?──► error
//!                 │
//!                 ├─ of a workload: pods that its controller replaces ([`crate::renew`]),
//!                 │  and where the scheduler may put those ([`crate::place`])
//!                 ├─ of a node: pods that leave it, and that come to it ([`crate::nodes`])
//!                 └─ deletion: what belongs to the object goes; what another object's
//!                    controller keeps there comes back
//! ```

use std::collections::BTreeSet;

use ringfort_model::{
    Cluster, Kind, Object, RollOut, SourceKind, Str, Workload, WorkloadKind, record,
};
use serde_json::Value;

use crate::admit;
use crate::change::{Change, ChangeError, Edit};
use crate::fix::service::takes_balancer;
use crate::nodes;
use crate::place::{WorkloadKey, Written, place, place_pod, stored};
use crate::refuse::{refused, reselected, undeleted, unmade};
use crate::renew::{Renewal, Whom, with_token};

/// The cluster after the changes, one after the other.
pub fn apply(cluster: &Cluster, changes: &[Change]) -> Result<Cluster, ChangeError> {
    apply_noting(cluster, changes).map(|(changed, _)| changed)
}

/// The cluster after the changes, and what is to be said of it: pods that do not follow a changed
/// template, and those whose node the scheduler will choose.
pub fn apply_noting(
    cluster: &Cluster,
    changes: &[Change],
) -> Result<(Cluster, Vec<String>), ChangeError> {
    applied(cluster, changes).map(|applied| (applied.cluster, applied.notes))
}

/// A changed cluster, and what is to be said of it.
pub(crate) struct Applied {
    pub(crate) cluster: Cluster,
    pub(crate) notes: Vec<String>,
    /// Namespaces that do not let pods in that the changes make again.
    pub(crate) refusing: BTreeSet<Str>,
}

pub(crate) fn applied(cluster: &Cluster, changes: &[Change]) -> Result<Applied, ChangeError> {
    let mut changed = cluster.clone();
    let mut renewal = Renewal::new(cluster);
    let mut notes = Vec::new();
    for change in changes {
        one(&mut changed, &mut renewal, change, &mut notes)?;
        if change.kind == "ClusterRole" {
            crate::aggregate::settle(&mut changed);
        }
    }
    let touched: BTreeSet<WorkloadKey> = changes
        .iter()
        .filter_map(|one| match one.kept()? {
            Kind::Workload(kind) => Some((kind, one.namespace.clone(), one.name.clone())),
            _ => None,
        })
        .collect();
    // Admission is asked once all is changed: a step may be made before or after another.
    let refused = renewal.admit(&mut changed);
    notes.extend(refused.notes);
    let written = written(changes);
    for key in touched.difference(&refused.workloads) {
        let (kind, namespace, name) = key;
        if let Some(workload) = changed.workload(*kind, namespace, name) {
            notes.extend(renewal.waiting(&changed, workload));
        }
        notes.extend(place(cluster, &mut changed, key, &written)?);
    }
    let pods = changes.iter().filter(|one| one.kept() == Some(Kind::Pod));
    for pod in pods.filter(|one| matches!(one.edit, Edit::Create(_))) {
        notes.extend(place_pod(&mut changed, &pod.namespace, &pod.name));
    }
    if changes.iter().any(|one| one.kept() == Some(Kind::Node)) {
        notes.extend(nodes::settle(cluster, &mut changed)?);
    }
    Ok(Applied { cluster: changed, notes, refusing: refused.namespaces })
}

/// Templates of the workloads that changes make.
fn written(changes: &[Change]) -> Written<'_> {
    fn template(one: &Change) -> Option<(WorkloadKey, &Value)> {
        let Edit::Create(value) = &one.edit else { return None };
        let Some(Kind::Workload(kind)) = one.kept() else { return None };
        let pointers = ["/spec/jobTemplate/spec/template", "/spec/template"];
        let template = pointers.iter().find_map(|pointer| value.pointer(pointer))?;
        Some(((kind, one.namespace.clone(), one.name.clone()), template))
    }
    changes.iter().filter_map(template).collect()
}

fn one(
    changed: &mut Cluster,
    renewal: &mut Renewal<'_>,
    change: &Change,
    notes: &mut Vec<String>,
) -> Result<(), ChangeError> {
    if let Edit::Create(value) = &change.edit {
        let object = created(changed, change, value, notes)?;
        if !change.objects(changed)?.is_empty() {
            return Err(ChangeError::Exists(change.object()));
        }
        refuse(change, unmade(changed, &object))?;
        let made = match &object {
            Object::Workload(workload) => Some(workload.key()),
            _ => None,
        };
        changed.insert(object);
        if let Some((kind, namespace, name)) = made {
            renewal.bring_back(changed, kind, &namespace, &name)?;
        }
        return Ok(());
    }
    let objects = change.objects(changed)?;
    if objects.is_empty() {
        return Err(ChangeError::Missing(change.object()));
    }
    for object in objects {
        match &change.edit {
            Edit::Restart => restart(changed, renewal, change, &object)?,
            Edit::Delete => {
                refuse(change, undeleted(&object))?;
                delete(changed, renewal, &object)?;
            }
            _ => patch(changed, renewal, change, &object)?,
        }
    }
    Ok(())
}

fn refuse(change: &Change, reason: Option<String>) -> Result<(), ChangeError> {
    match reason {
        Some(reason) => Err(ChangeError::Refused { object: change.object(), reason }),
        None => Ok(()),
    }
}

fn created(
    cluster: &Cluster,
    change: &Change,
    value: &Value,
    notes: &mut Vec<String>,
) -> Result<Object, ChangeError> {
    let mut value = value.clone();
    // What is read of a running cluster went through admission, and manifests did not.
    if change.kept() == Some(Kind::Pod) && cluster.source != SourceKind::Manifests {
        stored(cluster, &mut value, &change.namespace);
    }
    let object = Object::read_again(value.to_string().as_bytes()).map_err(|error| {
        ChangeError::Object { object: change.object(), reason: error.to_string() }
    })?;
    let meta = object.meta();
    if !change.means(&object) || meta.name != change.name || meta.namespace != change.namespace {
        let reason = format!("the object to create is called {}", object.title());
        return Err(ChangeError::Object { object: change.object(), reason });
    }
    if let Object::Pod(pod) = &object {
        let answer = admit::Door::new(cluster).ask(pod, &value, true);
        if let Some(reason) = answer.refused {
            return Err(ChangeError::Refused { object: change.object(), reason });
        }
        notes.extend(answer.note(&change.object()));
    }
    Ok(object)
}

fn restart(
    changed: &mut Cluster,
    renewal: &mut Renewal<'_>,
    change: &Change,
    object: &Object,
) -> Result<(), ChangeError> {
    let Object::Workload(workload) = object else {
        let reason = "only what makes pods can be restarted".to_owned();
        return Err(ChangeError::Object { object: change.object(), reason });
    };
    let meta = &workload.metadata;
    renewal.renew(changed, workload.kind, &meta.namespace, &meta.name, &Whom::All)
}

/// Deletes an object with what belongs to it.
fn delete(
    changed: &mut Cluster,
    renewal: &mut Renewal<'_>,
    object: &Object,
) -> Result<(), ChangeError> {
    let meta = object.meta();
    match object {
        Object::Pod(pod) => {
            let Some((kind, name)) = changed.top_owner(meta) else {
                // The kubelet or an operator makes it again.
                if meta.controller().is_none() && !pod.is_mirror() {
                    changed.remove(object);
                }
                return Ok(());
            };
            let whom = Whom::One(&meta.name);
            renewal.renew(changed, kind, &meta.namespace, &name, &whom)
        }
        Object::Workload(workload) => {
            let owner = meta.controller().and_then(|owner| {
                let kind = WorkloadKind::from_name(&owner.kind)?;
                changed.workload(kind, &meta.namespace, &owner.name)
            });
            if let Some(owner) = owner {
                // Its own controller makes it again, with pods of the template of today.
                let (kind, _, name) = owner.key();
                return renewal.renew(changed, kind, &meta.namespace, &name, &Whom::All);
            }
            remove_workload(changed, workload);
            Ok(())
        }
        Object::Namespace(_) => {
            let inside: Vec<Object> =
                changed.objects().filter(|one| one.meta().namespace == meta.name).collect();
            for one in &inside {
                changed.remove(one);
            }
            changed.remove(object);
            Ok(())
        }
        _ => {
            changed.remove(object);
            Ok(())
        }
    }
}

/// Removes a workload, the workloads that it made, and their pods.
fn remove_workload(changed: &mut Cluster, workload: &Workload) {
    let (kind, namespace, name) = workload.key();
    remove_pods(changed, kind, &namespace, &name);
    let made: Vec<Object> = changed
        .workloads
        .in_namespace(&namespace)
        .filter(|(_, one)| changed.top_owner(&one.metadata) == Some((kind, name.clone())))
        .map(|(_, one)| Object::Workload(one.clone()))
        .collect();
    for one in &made {
        changed.remove(one);
    }
    changed.remove(&Object::Workload(workload.clone()));
}

fn remove_pods(changed: &mut Cluster, kind: WorkloadKind, namespace: &str, name: &Str) {
    let owner = Some((kind, name.clone()));
    let pods: Vec<Object> = changed
        .pods
        .in_namespace(namespace)
        .filter(|(_, pod)| changed.top_owner(&pod.metadata) == owner)
        .map(|(_, pod)| Object::Pod(pod.clone()))
        .collect();
    for pod in &pods {
        changed.remove(pod);
    }
}

fn patch(
    changed: &mut Cluster,
    renewal: &mut Renewal<'_>,
    change: &Change,
    object: &Object,
) -> Result<(), ChangeError> {
    let patched = patched(object, change)?;
    let edited = read(object, &patched)?;
    refuse(change, reselected(object, &edited, &patched))?;
    refuse(change, refused(changed, object, &edited))?;
    let edited = settle(changed, object, edited);
    let edited = match (object, edited) {
        (Object::Pod(before), Object::Pod(after)) if before.spec != after.spec => {
            Object::Pod(with_token(changed, before, after))
        }
        (_, edited) => edited,
    };
    if let (Object::Pod(before), Object::Pod(after)) = (object, &edited)
        && before.spec != after.spec
    {
        renewal.replaced(after);
    }
    changed.remove(object);
    changed.insert(edited.clone());
    let (Object::Workload(before), Object::Workload(after)) = (object, &edited) else {
        return Ok(());
    };
    let (kind, namespace, name) = after.key();
    if stops(before, after) {
        remove_pods(changed, kind, &namespace, &name);
        return Ok(());
    }
    if !before.makes_pods() && after.makes_pods() {
        // Those that an earlier change of the same list took away.
        renewal.bring_back(changed, kind, &namespace, &name)?;
    }
    renewal.renew(changed, kind, &namespace, &name, &Whom::RolledOut)
}

/// What the server and the controller of a Service make of it: fields of a type go with it, and
/// so does a load balancer, with its addresses in the status of what publishes them.
fn settle(changed: &mut Cluster, before: &Object, edited: Object) -> Object {
    let (Object::Service(before), Object::Service(mut after)) = (before, edited.clone()) else {
        return edited;
    };
    if let Some(spec) = &mut after.spec
        && *spec.kind == *"ClusterIP"
        && before.spec.as_ref().is_some_and(|old| old.kind != spec.kind)
    {
        spec.ports.iter_mut().for_each(|port| port.node_port = None);
        spec.external_traffic_policy = Str::default();
        spec.allocate_load_balancer_node_ports = None;
        spec.load_balancer_class = None;
    }
    if takes_balancer(before, &after) {
        after.status = None;
        unpublish(changed, before);
    }
    Object::Service(after)
}

/// Takes the addresses of a load balancer that is gone out of the Ingresses that publish them.
fn unpublish(changed: &mut Cluster, service: &record::Service) {
    let shows = |one: &record::network::LoadBalancerIngress| {
        service.load_balancer_ingress().any(|gone| {
            (!gone.ip.is_empty() && gone.ip == one.ip)
                || (!gone.hostname.is_empty() && gone.hostname == one.hostname)
        })
    };
    let mut stale: Vec<record::Ingress> = Vec::new();
    for ingress in &changed.ingresses {
        let mut new = ingress.clone();
        let status = new.status.as_mut().and_then(|status| status.load_balancer.as_mut());
        let Some(balancer) = status else { continue };
        let kept: Vec<_> = balancer.ingress.iter().filter(|one| !shows(one)).cloned().collect();
        if kept.len() < balancer.ingress.len() {
            balancer.ingress = kept.into();
            stale.push(new);
        }
    }
    for ingress in stale {
        changed.remove(&Object::Ingress(ingress.clone()));
        changed.insert(Object::Ingress(ingress));
    }
}

/// Whether the change takes all running pods away. A CronJob that is suspended lets its
/// running jobs end.
fn stops(before: &Workload, after: &Workload) -> bool {
    let counted = matches!(
        after.kind,
        WorkloadKind::Deployment
            | WorkloadKind::StatefulSet
            | WorkloadKind::ReplicaSet
            | WorkloadKind::ReplicationController
            | WorkloadKind::Job
    );
    counted && before.makes_pods() && !after.makes_pods()
}

/// The object after a patch of it.
pub(crate) fn edit(object: &Object, change: &Change) -> Result<Object, ChangeError> {
    read(object, &patched(object, change)?)
}

/// The same with the fields that the model does not keep, as far as the patch writes them.
fn patched(object: &Object, change: &Change) -> Result<Value, ChangeError> {
    let mut value = object.to_value();
    match &change.edit {
        Edit::Merge(patch) => json_patch::merge(&mut value, patch),
        Edit::Json(operations) => {
            let wrong = |reason: String| ChangeError::Patch { object: change.object(), reason };
            let patch: json_patch::Patch = serde_json::from_value(Value::Array(operations.clone()))
                .map_err(|error| wrong(error.to_string()))?;
            json_patch::patch(&mut value, &patch).map_err(|error| wrong(error.to_string()))?;
        }
        Edit::Create(_) | Edit::Delete | Edit::Restart => {}
    }
    Ok(value)
}

fn read(object: &Object, patched: &Value) -> Result<Object, ChangeError> {
    let wrong = |reason: String| ChangeError::Object { object: object.title(), reason };
    let json = patched.to_string();
    let mut edited =
        Object::read_again(json.as_bytes()).map_err(|error| wrong(error.to_string()))?;
    keep_classes(object, &mut edited);
    Ok(edited)
}

/// What values of a Secret were is known from when they were read; it stays so as long as the patch
/// leaves them alone.
fn keep_classes(before: &Object, after: &mut Object) {
    match (before, after) {
        (Object::Secret(before), Object::Secret(after)) if before.data.0 == after.data.0 => {
            after.credentials.clone_from(&before.credentials);
        }
        _ => {}
    }
}

/// Whether pods of a workload follow a change of its template by themselves.
pub(crate) fn follows(workload: &Workload, pod: &record::Pod) -> bool {
    workload.roll_out(&pod.metadata.name) == RollOut::AtOnce
}
