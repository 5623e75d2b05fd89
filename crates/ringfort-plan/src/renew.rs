//! Pods that are made again: by a controller that rolls a changed template out, or because
//! somebody deleted them.
//!
//! A pod is its template and what admission made of it. The new pod is the old one with the
//! difference of the two templates, so that side-cars, defaults and volumes that admission added
//! stay; made again from the same template it is the same pod. That a pod differed from its
//! template before any change is not undone.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ringfort_model::record::PodTemplate;
use ringfort_model::token_volume::{COMMON_NAME, PREFIX};
use ringfort_model::{
    Cluster, Map as Labels, Object, Pod, PodSpec, RollOut, SourceKind, Str, Workload, WorkloadKind,
};
use rustc_hash::FxHashMap;
use serde_json::{Map, Value, json};

use crate::admit::{Answer, Door};
use crate::apply::follows;
use crate::change::ChangeError;
use crate::place::WorkloadKey;

/// Where the token of the ServiceAccount is mounted by admission.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Which pods of a workload are made again.
pub(crate) enum Whom<'a> {
    /// Those that its controller replaces after a change of the template.
    RolledOut,
    /// All of them: they are deleted.
    All,
    /// One that is deleted.
    One(&'a str),
}

/// Pods as they were, and from which template those were made that were made again.
pub(crate) struct Renewal<'c> {
    before: &'c Cluster,
    made_from: BTreeMap<(Str, Str), PodTemplate>,
    /// Of these, and of pods without a workload, those that take the place of one that is gone
    /// whether they are let in or not.
    deleted: BTreeSet<(Str, Str)>,
    /// Pods without a workload that were replaced by changed ones.
    replaced: BTreeSet<(Str, Str)>,
}

/// What admission does not let in of what is made again.
#[derive(Default)]
pub(crate) struct Refused {
    /// Workloads whose pods are refused.
    pub(crate) workloads: BTreeSet<WorkloadKey>,
    pub(crate) namespaces: BTreeSet<Str>,
    pub(crate) notes: Vec<String>,
}

impl<'c> Renewal<'c> {
    pub(crate) fn new(before: &'c Cluster) -> Self {
        Self {
            before,
            made_from: BTreeMap::new(),
            deleted: BTreeSet::new(),
            replaced: BTreeSet::new(),
        }
    }

    /// Makes pods of a workload again from its template, as far as they would be.
    pub(crate) fn renew(
        &mut self,
        cluster: &mut Cluster,
        kind: WorkloadKind,
        namespace: &str,
        name: &Str,
        whom: &Whom<'_>,
    ) -> Result<(), ChangeError> {
        // What makes them is not known: they come back as they were.
        let Some(workload) = cluster.workload(kind, namespace, name) else { return Ok(()) };
        let Some(template) = workload.pod_template() else { return Ok(()) };
        let owner = Some((kind, name.clone()));
        let mut made: Vec<Pod> = Vec::new();
        // Pods that were alike are alike again: each sort is made once.
        let mut sorts: FxHashMap<Sort<'_>, usize> = FxHashMap::default();
        for (_, pod) in cluster.pods.in_namespace(namespace) {
            let deleted = match whom {
                Whom::RolledOut => false,
                Whom::All => true,
                Whom::One(name) => pod.metadata.name == **name,
            };
            let replaced = deleted || follows(workload, pod);
            let held = deleted && workload.roll_out(&pod.metadata.name) == RollOut::Held;
            if !replaced || held || cluster.top_owner(&pod.metadata) != owner {
                continue;
            }
            if deleted || self.template_of(workload, pod) != Some(template) {
                let first = self.first(pod);
                let again = match sorts.entry(sort_of(first)) {
                    Entry::Occupied(known) => like(&made[*known.get()], first),
                    Entry::Vacant(free) => {
                        let again = self.made(cluster, workload, pod)?;
                        // One that goes to another node is like none.
                        if again.node_name == first.node_name {
                            free.insert(made.len());
                        }
                        again
                    }
                };
                made.push(again);
            }
        }
        for pod in &made {
            let key = (pod.metadata.namespace.clone(), pod.metadata.name.clone());
            if !matches!(whom, Whom::RolledOut) {
                self.deleted.insert(key.clone());
            }
            self.made_from.insert(key, template.clone());
        }
        if !made.is_empty() {
            cluster.replace_pods(made);
        }
        Ok(())
    }

    /// A pod without a workload takes the place of another.
    pub(crate) fn replaced(&mut self, pod: &Pod) {
        self.replaced.insert((pod.metadata.namespace.clone(), pod.metadata.name.clone()));
    }

    /// Asks admission about the pods that were made again. Where they are refused, a roll-out
    /// does not get on and the old ones stay; of those that were deleted none comes back.
    pub(crate) fn admit(&self, cluster: &mut Cluster) -> Refused {
        let mut gone: Vec<(Pod, Option<Pod>)> = Vec::new();
        let mut said: BTreeMap<String, (String, usize, bool)> = BTreeMap::new();
        let mut doubts: BTreeSet<String> = BTreeSet::new();
        let mut refused = Refused::default();
        {
            let door = Door::new(cluster);
            let mut answers: FxHashMap<(&Str, Sort<'_>), Answer> = FxHashMap::default();
            for key in self.made_from.keys().chain(&self.replaced) {
                let (namespace, name) = key;
                let Some(pod) = cluster.pods.get(namespace, name) else { continue };
                let deleted = self.deleted.contains(key);
                let old = self.before.pods.get(namespace, name).filter(|_| !deleted);
                if old.is_some_and(|old| is_like(old, pod)) {
                    continue;
                }
                let sort = (namespace, sort_of(pod));
                let answer = answers.entry(sort).or_insert_with(|| door.again(pod));
                let owner = cluster.top_owner(&pod.metadata);
                let title = match &owner {
                    Some((kind, owner)) => format!("{} {namespace}/{owner}", kind.name()),
                    None => format!("Pod {namespace}/{name}"),
                };
                doubts.extend(answer.note(&title));
                let Some(reason) = &answer.refused else { continue };
                gone.push((pod.clone(), old.cloned()));
                said.entry(title).or_insert_with(|| (reason.clone(), 0, deleted)).1 += 1;
                refused.namespaces.insert(namespace.clone());
                if let Some((kind, owner)) = owner {
                    refused.workloads.insert((kind, namespace.clone(), owner));
                }
            }
        }
        for (pod, old) in gone {
            cluster.remove(&Object::Pod(pod));
            if let Some(old) = old {
                cluster.insert(Object::Pod(old));
            }
        }
        let note =
            |(title, (reason, count, deleted)): (String, (String, usize, bool))| match deleted {
                true => format!("{count} pods of {title} are not made again: {reason}"),
                false => format!(
                    "{count} pods of {title} stay as they are, new ones are refused: {reason}"
                ),
            };
        refused.notes = said.into_iter().map(note).chain(doubts).collect();
        refused
    }

    /// What is to be said of pods that do not follow the workload's template.
    pub(crate) fn waiting(&self, cluster: &Cluster, workload: &Workload) -> Option<String> {
        let template = workload.pod_template()?;
        let (kind, namespace, name) = workload.key();
        let owner = Some((kind, name.clone()));
        let pods = cluster.pods.in_namespace(&namespace).map(|(_, pod)| pod);
        let stay: Vec<&Pod> = pods
            .filter(|pod| cluster.top_owner(&pod.metadata) == owner)
            .filter(|pod| self.template_of(workload, pod) != Some(template))
            .collect();
        let until = match workload.roll_out(&stay.first()?.metadata.name) {
            RollOut::Held => "its roll-out goes on",
            RollOut::NextRun => "its next run",
            _ => "they are deleted",
        };
        let (kind, count) = (kind.name(), stay.len());
        Some(format!("{count} pods of {kind} {namespace}/{name} stay as they are until {until}"))
    }

    /// The pods that a workload had before it was deleted, made again.
    pub(crate) fn bring_back(
        &mut self,
        cluster: &mut Cluster,
        kind: WorkloadKind,
        namespace: &str,
        name: &Str,
    ) -> Result<(), ChangeError> {
        let Some(workload) = cluster.workload(kind, namespace, name) else { return Ok(()) };
        if !workload.makes_pods() {
            return Ok(());
        }
        let owner = Some((kind, name.clone()));
        let before = self.before;
        let gone: Vec<&Pod> = before
            .pods
            .in_namespace(namespace)
            .map(|(_, pod)| pod)
            .filter(|pod| before.top_owner(&pod.metadata) == owner)
            .filter(|pod| cluster.pods.get(namespace, &pod.metadata.name).is_none())
            .collect();
        let made: Vec<Pod> = gone
            .into_iter()
            .map(|pod| self.made(cluster, workload, pod))
            .collect::<Result<_, _>>()?;
        let template = workload.pod_template().cloned().unwrap_or_default();
        let owned: Vec<Workload> = before
            .workloads
            .in_namespace(namespace)
            .map(|(_, one)| one)
            .filter(|one| before.top_owner(&one.metadata) == owner)
            .filter(|one| cluster.workload(one.kind, namespace, &one.metadata.name).is_none())
            .cloned()
            .collect();
        for one in owned {
            cluster.insert(Object::Workload(one));
        }
        for pod in made {
            let key = (pod.metadata.namespace.clone(), pod.metadata.name.clone());
            self.made_from.insert(key, template.clone());
            cluster.insert(Object::Pod(pod));
        }
        Ok(())
    }

    /// The template that a pod was made from.
    fn template_of(&self, workload: &Workload, pod: &Pod) -> Option<&PodTemplate> {
        let (namespace, name) = (&pod.metadata.namespace, &pod.metadata.name);
        self.made_from.get(&(namespace.clone(), name.clone())).or_else(|| {
            let meta = &workload.metadata;
            let known = self.before.workload(workload.kind, &meta.namespace, &meta.name);
            known.and_then(Workload::pod_template)
        })
    }

    /// The pod as it was, so that a change taken back gives the same pods again.
    fn first<'p>(&self, pod: &'p Pod) -> &'p Pod
    where
        'c: 'p,
    {
        let meta = &pod.metadata;
        self.before.pods.get(&meta.namespace, &meta.name).unwrap_or(pod)
    }

    fn made(&self, cluster: &Cluster, workload: &Workload, pod: &Pod) -> Result<Pod, ChangeError> {
        let first = self.first(pod);
        let meta = &workload.metadata;
        let then = self.before.workload(workload.kind, &meta.namespace, &meta.name);
        made((self.before, then), (cluster, workload), first)
    }
}

/// A pod as a workload makes it again, on the cluster before a change and after it.
pub(crate) fn made(
    (before, then): (&Cluster, Option<&Workload>),
    (cluster, now): (&Cluster, &Workload),
    first: &Pod,
) -> Result<Pod, ChangeError> {
    let (namespace, name) = (&first.metadata.namespace, &first.metadata.name);
    let (then, now) = (then.and_then(Workload::pod_template), now.pod_template());
    let mut value = json_of(first);
    // They were added to the pod that is gone.
    if let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) {
        spec.remove("ephemeralContainers");
    }
    if let (Some(then), Some(now)) = (then, now)
        && then != now
    {
        merge_templates(&json_of(then), &json_of(now), &mut value);
    }
    let mounted = |cluster: &Cluster, value: &Value| mounts_token(cluster, namespace, value);
    let (before, after) = (mounted(before, &json_of(first)), mounted(cluster, &value));
    admit_token(&mut value, before, after);
    let read = Object::read_again(value.to_string().as_bytes());
    match read {
        Ok(Object::Pod(pod)) => Ok(pod),
        Ok(other) => Err(ChangeError::Object {
            object: other.title(),
            reason: "is no pod any more".to_owned(),
        }),
        Err(error) => Err(ChangeError::Object {
            object: format!("Pod {namespace}/{name}"),
            reason: error.to_string(),
        }),
    }
}

/// What a new pod takes from the one before: all that a template has a say in.
type Sort<'p> = (*const PodSpec, &'p Labels, &'p Labels);

fn sort_of(pod: &Pod) -> Sort<'_> {
    (Arc::as_ptr(&pod.spec), &pod.metadata.labels, &pod.metadata.annotations)
}

fn is_like(a: &Pod, b: &Pod) -> bool {
    a.spec == b.spec
        && a.metadata.labels == b.metadata.labels
        && a.metadata.annotations == b.metadata.annotations
}

/// A pod made again as another of its sort was.
fn like(other: &Pod, first: &Pod) -> Pod {
    let mut pod = first.clone();
    pod.spec = other.spec.clone();
    pod.metadata.labels = other.metadata.labels.clone();
    pod.metadata.annotations = other.metadata.annotations.clone();
    pod
}

fn json_of<T: Record>(record: &T) -> Value {
    record.json()
}

/// What is compared as JSON in the API's shape.
trait Record {
    fn json(&self) -> Value;
}

impl Record for PodTemplate {
    fn json(&self) -> Value {
        serde_json::to_value(self).expect("a template is plain data")
    }
}

impl Record for Pod {
    fn json(&self) -> Value {
        let json = Object::Pod(self.clone()).to_json();
        serde_json::from_slice(&json).expect("an object is written as JSON")
    }
}

/// Brings the difference of two templates into a pod.
fn merge_templates(then: &Value, now: &Value, pod: &mut Value) {
    let part = |template: &Value, pointer: &str| {
        template.pointer(pointer).cloned().unwrap_or_else(|| Value::Object(Map::new()))
    };
    for (pointer, parent, field) in [
        ("/metadata/labels", "/metadata", "labels"),
        ("/metadata/annotations", "/metadata", "annotations"),
        ("/spec", "", "spec"),
    ] {
        let (then, now) = (part(then, pointer), part(now, pointer));
        let Some(parent) = pod.pointer_mut(parent).and_then(Value::as_object_mut) else { continue };
        let own = parent.entry(field).or_insert_with(|| Value::Object(Map::new()));
        merge(field, &then, &now, own);
    }
}

/// Three-way merge: where `now` differs from `then`, `own` becomes `now`.
fn merge(field: &str, then: &Value, now: &Value, own: &mut Value) {
    if then == now {
        return;
    }
    match (then, now, &mut *own) {
        (Value::Object(then), Value::Object(now), Value::Object(own)) => {
            for key in then.keys().filter(|key| !now.contains_key(*key)) {
                own.remove(key);
            }
            for (key, wanted) in now {
                match (then.get(key), own.get_mut(key)) {
                    (Some(old), Some(own)) => merge(key, old, wanted, own),
                    (None, Some(own)) if *own == *wanted => {}
                    // Admission filled a list in that the template had not.
                    (None, Some(own)) if own.is_array() && wanted.is_array() => {
                        merge(key, &json!([]), wanted, own);
                    }
                    (old, _) => {
                        if old != Some(wanted) {
                            own.insert(key.clone(), wanted.clone());
                        }
                    }
                }
            }
        }
        (Value::Array(then), Value::Array(now), Value::Array(own))
            if then.iter().chain(now).all(Value::is_object) =>
        {
            merge_lists(field, then, now, own);
        }
        _ => *own = now.clone(),
    }
}

/// What tells the items of a list apart (the patch merge keys of core/v1).
fn merge_key(field: &str) -> Option<&'static str> {
    Some(match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "resourceClaims" => "name",
        "volumeMounts" => "mountPath",
        "volumeDevices" => "devicePath",
        _ => return None,
    })
}

fn merge_lists(field: &str, then: &[Value], now: &[Value], own: &mut Vec<Value>) {
    let key = merge_key(field);
    let same = |a: &Value, b: &Value| match key {
        Some(key) => a.get(key).is_some() && a.get(key) == b.get(key),
        None => a == b,
    };
    own.retain(|item| {
        !then.iter().any(|old| same(old, item)) || now.iter().any(|wanted| same(wanted, item))
    });
    for wanted in now {
        let old = then.iter().find(|old| same(old, wanted));
        match (old, own.iter_mut().find(|item| same(item, wanted))) {
            (Some(old), Some(item)) => merge("", old, wanted, item),
            (None, Some(item)) => item.clone_from(wanted),
            (Some(old), None) if old == wanted => {}
            (_, None) => own.push(wanted.clone()),
        }
    }
}

/// A pod that takes another's place: admission gives it a token volume if it should have one, and
/// leaves one that is written there.
pub(crate) fn with_token(cluster: &Cluster, before: &Pod, after: Pod) -> Pod {
    if cluster.source == SourceKind::Manifests {
        return after;
    }
    let value = |pod: &Pod| Object::Pod(pod.clone()).to_value();
    let namespace = &after.metadata.namespace;
    let mut made = value(&after);
    if !mounts_token(cluster, namespace, &made) {
        return after;
    }
    let written = made.clone();
    admit_token(&mut made, mounts_token(cluster, namespace, &value(before)), true);
    if made == written {
        return after;
    }
    match Object::read_again(made.to_string().as_bytes()) {
        Ok(Object::Pod(pod)) => pod,
        _ => after,
    }
}

/// Whether admission mounts a token into a new pod (plugin/pkg/admission/serviceaccount).
fn mounts_token(cluster: &Cluster, namespace: &str, pod: &Value) -> bool {
    let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str);
    let account = text("/spec/serviceAccountName").or_else(|| text("/spec/serviceAccount"));
    let of_pod = pod.pointer("/spec/automountServiceAccountToken").and_then(Value::as_bool);
    let of_account = || {
        let account = cluster.service_accounts.get(namespace, account.unwrap_or("default"))?;
        account.automount_service_account_token
    };
    of_pod.or_else(of_account).unwrap_or(true)
}

/// Whether a volume, or a mount of one, is the token volume that admission adds to a pod.
pub(crate) fn is_token_volume(item: &Value) -> bool {
    let name = item.get("name").and_then(Value::as_str);
    name.is_some_and(|name| name.starts_with(PREFIX))
}

/// Gives a new pod the token volume that admission would, and takes away one that it would not.
fn admit_token(pod: &mut Value, before: bool, after: bool) {
    let has = pod
        .pointer("/spec/volumes")
        .and_then(Value::as_array)
        .is_some_and(|volumes| volumes.iter().any(is_token_volume));
    let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) else { return };
    if !after {
        prune(spec, "volumes");
        for container in containers(spec).filter_map(Value::as_object_mut) {
            prune(container, "volumeMounts");
        }
        return;
    }
    // A pod that had none although it should mounts one of its own, or admission is off.
    if !has && before {
        return;
    }
    let name = token_name(spec);
    if !has {
        push(
            spec,
            "volumes",
            json!({"name": name, "projected": {"sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt",
                "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace",
                "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}]}}),
        );
    }
    for container in containers(spec) {
        let mounts = container.get("volumeMounts").and_then(Value::as_array);
        let taken = mounts.is_some_and(|mounts| {
            mounts.iter().any(|mount| mount.get("mountPath") == Some(&json!(TOKEN_PATH)))
        });
        if let (false, Some(container)) = (taken, container.as_object_mut()) {
            let mount = json!({"name": name, "mountPath": TOKEN_PATH, "readOnly": true});
            push(container, "volumeMounts", mount);
        }
    }
}

fn token_name(spec: &Map<String, Value>) -> String {
    let volumes = spec.get("volumes").and_then(Value::as_array);
    let known = volumes.into_iter().flatten().find(|volume| is_token_volume(volume));
    let name = known.and_then(|volume| volume.get("name")).and_then(Value::as_str);
    name.unwrap_or(COMMON_NAME).to_owned()
}

fn prune(object: &mut Map<String, Value>, field: &str) {
    if let Some(Value::Array(items)) = object.get_mut(field) {
        items.retain(|item| !is_token_volume(item));
    }
}

fn push(object: &mut Map<String, Value>, field: &str, item: Value) {
    match object.entry(field).or_insert_with(|| json!([])) {
        Value::Array(items) => items.push(item),
        other => *other = json!([item]),
    }
}

fn containers(spec: &mut Map<String, Value>) -> impl Iterator<Item = &mut Value> {
    spec.iter_mut()
        .filter(|(field, _)| matches!(field.as_str(), "initContainers" | "containers"))
        .filter_map(|(_, list)| list.as_array_mut())
        .flatten()
}
