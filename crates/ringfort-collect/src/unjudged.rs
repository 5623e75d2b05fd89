//! Objects that would change verdicts if they were read, and are not: what makes pods under a kind
//! that is not read, and what is spelled nearly as a kind that is.
//!
//! Asked of objects that no server has written: what a server holds it has accepted, so its kind is
//! meant, and the pods that a custom resource makes are read as pods. Of groups without a dot only
//! Kubernetes has kinds: a definition of custom resources needs a domain (kubernetes
//! `apiextensions/validation/validation.go`, `ValidateCustomResourceDefinitionSpec`).

use ringfort_model::record::custom;
use ringfort_model::{Coverage, Kind, Object, WorkloadKind};
use serde_json::Value;

use crate::document::TypeMeta;

/// The kinds of groups without a dot, all versions together (kubernetes `staging/src/k8s.io/api`,
/// `register.go` of each); in the core group also what clients write that is no object of a cluster.
const PLAIN_GROUPS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "Binding",
            "ComponentStatus",
            "Config",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "List",
            "Namespace",
            "Node",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
            "Status",
        ],
    ),
    (
        "apps",
        &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "Scale", "StatefulSet"],
    ),
    ("autoscaling", &["HorizontalPodAutoscaler", "Scale"]),
    ("batch", &["CronJob", "Job", "JobTemplate"]),
    (
        "extensions",
        &[
            "DaemonSet",
            "Deployment",
            "DeploymentRollback",
            "Ingress",
            "NetworkPolicy",
            "PodSecurityPolicy",
            "ReplicaSet",
            "Scale",
        ],
    ),
    ("policy", &["Eviction", "PodDisruptionBudget", "PodSecurityPolicy"]),
];

/// Kinds that servers of OpenShift once had in the core group, and still take in old manifests
/// (openshift/api `LegacyGroupName`, `legacy.go` of each group).
const LEGACY_OPENSHIFT: &[&str] = &[
    "Build",
    "BuildConfig",
    "DeploymentConfig",
    "Group",
    "Identity",
    "Image",
    "ImageStream",
    "ImageStreamTag",
    "OAuthClient",
    "Project",
    "ProjectRequest",
    "SecurityContextConstraints",
    "Template",
    "User",
];

/// The same that rules read under the group that they have today. Under the old name no server of
/// today takes one in, so that nothing is without it.
const LEGACY_READ: &[&str] = &["Route"];

/// Groups without a dot of the files of tools, which no server is sent.
const TOOLS: &[&str] = &["skaffold"];

/// What is said of an object that is not judged, and the resource that is not complete without it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unjudged {
    pub(crate) reason: String,
    pub(crate) resource: Option<String>,
}

/// Why an object's verdicts are missing, if some are.
pub(crate) fn of(types: &TypeMeta, object: &Object, json: &[u8]) -> Option<Unjudged> {
    let Object::Other(other) = object else { return None };
    let meta = &other.metadata;
    if !meta.uid.is_empty() || !meta.resource_version.is_empty() {
        return None;
    }
    let misspelled = misspelled(types);
    if misspelled.as_ref().is_some_and(|one| one.resource.is_some()) {
        return misspelled;
    }
    let (group, kind) = (group(types), types.kind.as_str());
    match (group, kind) {
        (group, _) if TOOLS.contains(&group) => None,
        ("" | "template.openshift.io", "Template") => template(json),
        // A pod that is described counts for more than that the kind is nobody's.
        _ => makes_pods(other.group(), json).or(misspelled),
    }
}

/// Why a template of OpenShift is not judged: what it is processed to, its parameters decide.
fn template(json: &[u8]) -> Option<Unjudged> {
    let object: Value = serde_json::from_slice(json).ok()?;
    let held = object.get("objects").and_then(Value::as_array)?;
    let text = |one: &Value, key: &str| {
        one.get(key).and_then(Value::as_str).map(str::to_owned).unwrap_or_default()
    };
    let resource = |one: &Value| {
        let types = TypeMeta { api_version: text(one, "apiVersion"), kind: text(one, "kind") };
        let (group, kind) = (group(&types), types.kind.as_str());
        known().find(|known| known.parts() == (group, kind)).map(Known::resource)
    };
    let pods = described(&object, &mut String::new(), true).map(|_| Coverage::key(Kind::Pod));
    Some(Unjudged {
        reason: "is not judged: what a Template holds is judged once it is processed, as by \
                 `oc process --local`"
            .to_owned(),
        resource: pods.or_else(|| held.iter().find_map(resource)),
    })
}

/// Whether a type is none that any server has, but nearly one.
pub(crate) fn misspelled(types: &TypeMeta) -> Option<Unjudged> {
    let (group, kind) = (group(types), types.kind.as_str());
    if Kind::of(group, kind).is_some() || custom::is_read(group, kind) {
        return None;
    }
    let said = |like: Option<(String, String)>| {
        let meant = like.as_ref().map_or_else(String::new, |(name, _)| format!("; {name} is"));
        let kind = match types.api_version.as_str() {
            "" => format!("{kind} without an apiVersion"),
            version => format!("{kind} of {version}"),
        };
        Unjudged {
            reason: format!("is not judged: {kind} is no kind that a server has{meant}"),
            resource: like.map(|(_, resource)| resource),
        }
    };
    let like = known().find(|one| one.is_meant_by(group, kind));
    if let Some(like) = like {
        let said = said(Some((like.name(), like.resource())));
        let old = group.is_empty() && LEGACY_READ.contains(&kind);
        return Some(Unjudged { resource: said.resource.filter(|_| !old), ..said });
    }
    let has = |kinds: &[&str]| kinds.contains(&kind);
    let legacy = group.is_empty() && has(LEGACY_OPENSHIFT);
    let defined = match PLAIN_GROUPS.iter().find(|(known, _)| *known == group) {
        Some((_, kinds)) => has(kinds),
        None => group.contains('.') || TOOLS.contains(&group),
    };
    (!defined && !legacy).then(|| said(None))
}

fn group(types: &TypeMeta) -> &str {
    types.api_version.split_once('/').map_or("", |(group, _)| group)
}

/// A type that rules read.
#[derive(Clone, Copy)]
enum Known {
    Record(Kind),
    Custom(&'static str, &'static str),
}

fn known() -> impl Iterator<Item = Known> {
    let workloads = WorkloadKind::ALL.into_iter().map(Kind::Workload);
    let records = workloads.chain(Kind::PLAIN.iter().copied()).map(Known::Record);
    records.chain(custom::named().map(|(group, kind)| Known::Custom(group, kind)))
}

impl Known {
    fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::Record(kind) => (kind.group(), kind.name()),
            Self::Custom(group, kind) => (group, kind),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Record(kind) => format!("{} of {}", kind.name(), kind.api_version()),
            Self::Custom(group, kind) => format!("{kind} of {group}"),
        }
    }

    fn resource(self) -> String {
        match self {
            Self::Record(kind) => Coverage::key(kind),
            Self::Custom(group, kind) => custom::resource(group, kind),
        }
    }

    /// Whether a type that is none must be meant to be this one: in its group the kind is written in
    /// other letters, or with one letter wrong; or its kind stands in a group that cannot have it.
    fn is_meant_by(self, group: &str, kind: &str) -> bool {
        let (own_group, own_kind) = self.parts();
        if group.eq_ignore_ascii_case(own_group) {
            return kind.eq_ignore_ascii_case(own_kind) || edits(kind, own_kind) <= 1;
        }
        // Custom resources of different groups share names.
        let Self::Record(_) = self else { return false };
        kind.eq_ignore_ascii_case(own_kind) && !may_have(group, kind, own_group)
    }
}

/// Whether a group may have a kind that is known in another group: any may that is somebody's
/// domain, if it does not look like the known one; of Kubernetes' own, those that are listed.
fn may_have(group: &str, kind: &str, like: &str) -> bool {
    if !group.contains('.') {
        return PLAIN_GROUPS.iter().any(|(own, kinds)| *own == group && kinds.contains(&kind));
    }
    let is_cut = like.strip_prefix(group).is_some_and(|rest| rest.starts_with('.'));
    // What is read in this group under that name is found before.
    !group.ends_with(".k8s.io") && !is_cut && (like.is_empty() || edits(group, like) > 2)
}

/// How many letters are to be put in, left out, changed or swapped with the next one to make one
/// word of another (optimal string alignment); more than two are three.
fn edits(one: &str, other: &str) -> usize {
    const MANY: usize = 3;
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len().abs_diff(other.len()) >= MANY || one.len() > 253 {
        return MANY;
    }
    let mut rows: [Vec<usize>; 3] = [Vec::new(), Vec::new(), (0..=other.len()).collect()];
    for at in 0..one.len() {
        rows.rotate_left(1);
        let [before, last, row] = &mut rows;
        row.clear();
        row.push(at + 1);
        for to in 0..other.len() {
            let changed = last[to] + usize::from(one[at] != other[to]);
            let mut least = changed.min(last[to + 1] + 1).min(row[to] + 1);
            if at > 0 && to > 0 && one[at] == other[to - 1] && one[at - 1] == other[to] {
                least = least.min(before[to - 1] + 1);
            }
            row.push(least);
        }
    }
    rows[2].last().copied().unwrap_or_default().min(MANY)
}

/// Whether an object of a kind that is not read describes a pod: containers with an image or a
/// security context. What describes one to policy engines is compared with, not made, but for what
/// they generate.
fn makes_pods(group: &str, json: &[u8]) -> Option<Unjudged> {
    const MARKS: &[&[u8]] = &[b"ontainer", b"steps", b"sidecars", b"script", b"\\u"];
    if !MARKS.iter().any(|mark| memchr::memmem::find(json, mark).is_some()) {
        return None;
    }
    let object: Value = serde_json::from_slice(json).ok()?;
    let policy = custom::POLICY_ENGINES.contains(&group) || custom::VERIFIERS.contains(&group);
    let path = described(&object, &mut String::new(), !policy)?;
    Some(Unjudged {
        reason: format!("is not judged: {path} describes a pod, which is not judged as one"),
        resource: Some(Coverage::key(Kind::Pod)),
    })
}

/// Keys under which containers stand: in pods, and in the steps of pipelines.
fn holds_containers(key: &str) -> bool {
    matches!(key, "steps" | "sidecars" | "script" | "stepTemplate")
        || key.ends_with("container")
        || key.ends_with("containers")
        || key.ends_with("Container")
        || key.ends_with("Containers")
}

/// The path of the first containers in a value; the parser limits how deep it is.
fn described(value: &Value, path: &mut String, made: bool) -> Option<String> {
    let is_container = |value: &Value| {
        value.get("image").is_some_and(Value::is_string)
            || value.get("securityContext").is_some_and(Value::is_object)
    };
    let length = path.len();
    match value {
        Value::Object(fields) => fields.iter().find_map(|(key, inner)| {
            if length > 0 {
                path.push('.');
            }
            path.push_str(key);
            let some = match inner {
                Value::Array(items) => items.iter().any(is_container),
                one => is_container(one),
            };
            let found = match made && some && holds_containers(key) {
                true => Some(path.clone()),
                false => described(inner, path, made || key == "generate"),
            };
            path.truncate(length);
            found
        }),
        Value::Array(items) => items.iter().enumerate().find_map(|(at, inner)| {
            path.push_str(&format!("[{at}]"));
            let found = described(inner, path, made);
            path.truncate(length);
            found
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(api_version: &str, kind: &str, rest: &str) -> Option<Unjudged> {
        let types = TypeMeta { api_version: api_version.into(), kind: kind.into() };
        let json = format!(
            r#"{{"apiVersion":"{api_version}","kind":"{kind}","metadata":{{"name":"x"}}{rest}}}"#
        );
        let object = Object::read(json.as_bytes()).expect("an object");
        of(&types, &object, json.as_bytes())
    }

    #[test]
    fn what_is_nearly_a_known_kind_is_told() {
        for (api_version, kind, resource) in [
            ("apps/v1", "deployment", "deployments.apps"),
            ("apps/v1", "Deploymnet", "deployments.apps"),
            ("Apps/v1", "Deployment", "deployments.apps"),
            ("v1", "Deployment", "deployments.apps"),
            ("apps", "Deployment", "deployments.apps"),
            ("", "Deployment", "deployments.apps"),
            ("apps/v1", "Pod", "pods"),
            ("v1", "pod", "pods"),
            ("v1", "NetworkPolicy", "networkpolicies.networking.k8s.io"),
            ("policy/v1", "NetworkPolicy", "networkpolicies.networking.k8s.io"),
            ("extensions/v1beta1", "StatefulSet", "statefulsets.apps"),
            ("networking.k8s.io/v1", "Role", "roles.rbac.authorization.k8s.io"),
            ("rbac.authorization/v1", "Role", "roles.rbac.authorization.k8s.io"),
            ("rbac.authorisation.k8s.io/v1", "Role", "roles.rbac.authorization.k8s.io"),
            ("argoproj.io/v1alpha1", "application", "applications.argoproj.io"),
            ("argoproj.io/v1alpha1", "Aplication", "applications.argoproj.io"),
            ("cilium.io/v2", "CiliumNetworkPolcy", "ciliumnetworkpolicies.cilium.io"),
        ] {
            let found = said(api_version, kind, "");
            let found = found.unwrap_or_else(|| panic!("{api_version} {kind}"));
            assert_eq!(found.resource.as_deref(), Some(resource), "{api_version} {kind}");
        }
        // No kind is meant for certain, and no server has such a one.
        let found = said("batch/v1", "Task", "").expect("no such kind");
        assert_eq!(found.resource, None);
        assert_eq!(found.reason, "is not judged: Task of batch/v1 is no kind that a server has");
        // What a Route was once called is told, and leaves those that there are complete.
        let found = said("v1", "Route", "").expect("an old name");
        assert_eq!(found.resource, None);
        assert_eq!(
            found.reason,
            "is not judged: Route of v1 is no kind that a server has; Route of \
             route.openshift.io/v1 is"
        );
        let found = said("v1", "route", "").expect("a slip");
        assert_eq!(found.resource.as_deref(), Some("routes.route.openshift.io"));
    }

    #[test]
    fn kinds_of_others_are_no_mistakes() {
        for (api_version, kind) in [
            ("policy/v1", "PodDisruptionBudget"),
            ("autoscaling/v2", "HorizontalPodAutoscaler"),
            ("v1", "Endpoints"),
            ("v1", "Config"),
            ("extensions/v1beta1", "PodSecurityPolicy"),
            ("serving.knative.dev/v1", "Service"),
            ("batch.volcano.sh/v1alpha1", "Job"),
            ("apps.kruise.io/v1alpha1", "StatefulSet"),
            ("authorization.openshift.io/v1", "ClusterRoleBinding"),
            ("kustomize.config.k8s.io/v1beta1", "Kustomization"),
            ("app.k8s.io/v1beta1", "Application"),
            ("audit.k8s.io/v1", "Policy"),
            ("argoproj.io/v1alpha1", "ApplicationSet"),
            ("traefik.io/v1alpha1", "IngressRouteTCP"),
            ("metallb.io/v1beta1", "AddressPool"),
            ("events.k8s.io/v1", "Event"),
            ("skaffold/v4beta6", "Config"),
            ("v1", "BuildConfig"),
            ("v1", "DeploymentConfig"),
            ("v1", "ImageStream"),
            ("v1", "Project"),
            ("v1", "SecurityContextConstraints"),
        ] {
            assert_eq!(said(api_version, kind, ""), None, "{api_version} {kind}");
        }
    }

    #[test]
    fn what_describes_a_pod_is_told_and_nothing_else() {
        let pod = r#""template":{"spec":{"containers":[{"name":"c","image":"x"}]}}"#;
        let path = "spec.template.spec.containers";
        for (kind, spec, path) in [
            ("Rollout", pod, path),
            (
                "Elasticsearch",
                r#""podTemplate":{"spec":{"initContainers":[{"name":"a","securityContext":{}}]}}"#,
                "spec.podTemplate.spec.initContainers",
            ),
            ("Task", r#""steps":[{"name":"s","image":"x"}]"#, "spec.steps"),
            (
                "Workflow",
                r#""templates":[{"name":"t"},{"container":{"image":"x"}}]"#,
                "spec.templates[1].container",
            ),
            ("Hidden", r#""\u0063ontainers":[{"image":"x"}]"#, "spec.containers"),
        ] {
            let found = said("example.com/v1", kind, &format!(r#","spec":{{{spec}}}"#));
            let found = found.unwrap_or_else(|| panic!("{kind}"));
            assert_eq!(found.resource.as_deref(), Some("pods"), "{kind}");
            let reason =
                format!("is not judged: {path} describes a pod, which is not judged as one");
            assert_eq!(found.reason, reason, "{kind}");
        }
        for (group, spec) in [
            ("example.com", r#""container":"web","image":"x""#),
            ("example.com", r#""containers":[{"name":"c","usage":{}}]"#),
            ("example.com", r#""images":[{"image":"x"}]"#),
            (
                "kyverno.io",
                r#""rules":[{"validate":{"pattern":{"spec":{"containers":[{"image":"!*:latest"}]}}}}]"#,
            ),
        ] {
            let spec = format!(r#","spec":{{{spec}}}"#);
            assert_eq!(said(&format!("{group}/v1"), "Thing", &spec), None, "{spec}");
        }
        // What an engine generates is made, and what a server holds was accepted by it.
        let made = format!(r#","spec":{{"rules":[{{"generate":{{"data":{{{pod}}}}}}}]}}"#);
        assert!(said("kyverno.io/v1", "ClusterPolicy", &made).is_some());
        let types = TypeMeta { api_version: "example.com/v1".into(), kind: "Rollout".into() };
        let held = format!(
            r#"{{"apiVersion":"example.com/v1","kind":"Rollout","metadata":{{"name":"x","uid":"1"}},"spec":{{{pod}}}}}"#
        );
        let object = Object::read(held.as_bytes()).expect("an object");
        assert_eq!(of(&types, &object, held.as_bytes()), None);
    }

    #[test]
    fn what_old_openshift_and_tools_write_is_told_by_what_it_holds() {
        let pods = r#","spec":{"template":{"spec":{"containers":[{"name":"c","image":"x"}]}}}"#;
        let resource = |api_version: &str, kind: &str, rest: &str| {
            let found = said(api_version, kind, rest).unwrap_or_else(|| panic!("{kind}: {rest}"));
            found.resource
        };
        assert_eq!(resource("v1", "DeploymentConfig", pods).as_deref(), Some("pods"));
        // A kind of nobody's that describes a pod.
        assert_eq!(resource("batch/v1", "Task", pods).as_deref(), Some("pods"));
        assert_eq!(said("skaffold/v4beta6", "Config", pods), None);
        for api_version in ["v1", "template.openshift.io/v1"] {
            let of = |objects: &str| {
                resource(api_version, "Template", &format!(r#","objects":[{objects}]"#))
            };
            let deployment = format!(r#"{{"apiVersion":"v1","kind":"DeploymentConfig"{pods}}}"#);
            assert_eq!(of(&deployment).as_deref(), Some("pods"));
            let role = r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role"}"#;
            assert_eq!(of(role).as_deref(), Some("roles.rbac.authorization.k8s.io"));
            assert_eq!(of(r#"{"apiVersion":"v1","kind":"ImageStream"}"#), None);
            let found = said(api_version, "Template", r#","objects":[]"#).expect("a template");
            assert!(found.reason.contains("oc process"), "{}", found.reason);
        }
    }

    #[test]
    fn only_what_something_known_is_meant_by_leaves_gates_undecided() {
        for (resource, strange) in [(None, false), (Some("pods".to_owned()), true)] {
            let mut filled = crate::pool::Filled::new();
            filled.unjudged("Task x", &Unjudged { reason: "is not judged".into(), resource });
            assert_eq!(filled.strange, strange);
        }
        for (api_version, kind, strange) in [
            ("skaffold/v4beta6", "Config", false),
            ("batch/v1", "Task", false),
            ("v1", "pod", true),
        ] {
            let mut filled = crate::pool::Filled::new();
            let types = TypeMeta { api_version: api_version.into(), kind: kind.into() };
            filled.unread("f", &types, "does not read");
            assert_eq!(filled.strange, strange, "{kind}");
        }
    }

    #[test]
    fn edits_are_counted_up_to_three() {
        for (one, other, count) in [
            ("Pod", "Pod", 0),
            ("Pdo", "Pod", 1),
            ("Po", "Pod", 1),
            ("Poood", "Pod", 2),
            ("Role", "Rule", 1),
            ("", "Pod", 3),
            ("abcdef", "uvwxyz", 3),
        ] {
            assert_eq!(edits(one, other), count, "{one} {other}");
            assert_eq!(edits(other, one), count, "{other} {one}");
        }
    }
}
