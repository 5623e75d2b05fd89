//! Where a namespace stands: what its labels ask for, the strictest level that everything in
//! it satisfies already, who holds it down, who violates the present label, and the label that
//! could be set today (semantics T9, PSS-11).

use std::collections::BTreeMap;
use std::sync::Arc;

use ringfort_model::record::Pod;
use ringfort_model::{
    Cluster, EntityId, Kind, KubeVersion, Listed, Map, PodSpec, SourceKind, Str, WorkloadKind,
    defaults,
};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::evaluate::{Violation, evaluate, strictest};
use crate::exempt::Exemptions;
use crate::level::{Level, PolicyVersion};
use crate::namespace::{ENFORCE, ENFORCE_VERSION, NamespacePolicy, enforcement_on};
use crate::relabel::relabel;
use crate::request::Request;

/// Something that holds a namespace at its level: a workload, or a pod that stands alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// `workload/KIND/NS/NAME` or `pod/NS/NAME`.
    pub id: String,
    /// The strictest level that it satisfies.
    pub level: Level,
    /// The checks of the next level that refuse it, with the server's words.
    pub checks: Vec<(&'static str, String)>,
}

/// A live pod that the present enforce label would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violating {
    /// `pod/NS/NAME`.
    pub id: String,
    /// The checks that refuse it, with the server's words.
    pub checks: Vec<(&'static str, String)>,
}

/// Labels that a namespace could be given today; tried on the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Label and value, in the order in which they are printed.
    pub labels: Vec<(&'static str, String)>,
}

/// Where a namespace stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The namespace.
    pub namespace: Str,
    /// What its labels ask for.
    pub policy: NamespacePolicy,
    /// Whether the plug-in is on; unknown for an unknown server.
    pub on: Option<bool>,
    /// The version at which [`Self::satisfied`] is meant.
    pub version: PolicyVersion,
    /// The strictest level that every live pod and every template satisfies.
    pub satisfied: Level,
    /// Live pods and templates that were looked at.
    pub looked_at: (usize, usize),
    /// What keeps the namespace from the next level, sorted by id.
    pub holders: Vec<Holder>,
    /// The level that the namespace would satisfy without its only holder.
    pub without_holder: Option<Level>,
    /// Live pods that violate the enforce label, sorted by id.
    pub violating: Vec<Violating>,
    /// What is missing for the level to be certain.
    pub missing: Vec<String>,
    /// The stricter label that could be set today without refusing anything that exists.
    pub patch: Option<Patch>,
}

/// Where one namespace stands; `None` if it does not exist.
#[must_use]
pub fn standing(cluster: &Cluster, namespace: &str, exemptions: &Exemptions) -> Option<Standing> {
    let known = cluster.namespaces.get("", namespace);
    if known.is_none() && !cluster.namespace_names().contains(namespace) {
        return None;
    }
    let labels = known.map(|record| record.metadata.labels.clone()).unwrap_or_default();
    let policy = NamespacePolicy::of(&labels);
    let server = cluster.version;
    let version = match policy.enforce_label {
        Some(_) => policy.enforce.1,
        None => PolicyVersion::Latest,
    };
    let pods: Vec<&Pod> = cluster
        .pods
        .in_namespace(namespace)
        .map(|(_, pod)| pod)
        .filter(|pod| !pod.is_terminated())
        .collect();
    let templates = templates(cluster, namespace, server);

    // Replicas share their specification: each is judged once.
    let mut members: BTreeMap<String, Vec<(&PodSpec, &Map)>> = BTreeMap::new();
    for pod in &pods {
        let bodies = members.entry(owner_id(cluster, pod)).or_default();
        let body = (&*pod.spec, &pod.metadata.annotations);
        if !exemptions.runtime_class(&pod.spec)
            && !bodies.iter().any(|known| std::ptr::eq(known.0, body.0) && known.1 == body.1)
        {
            bodies.push(body);
        }
    }
    for (id, spec, annotations) in &templates {
        if !exemptions.runtime_class(spec) {
            members.entry(id.clone()).or_default().push((spec, annotations));
        }
    }
    let levels: BTreeMap<&str, Level> = members
        .iter()
        .map(|(id, bodies)| {
            let all = bodies.iter().map(|(spec, notes)| strictest(spec, notes, version, server));
            (id.as_str(), all.min().unwrap_or(Level::Restricted))
        })
        .collect();
    let satisfied = levels.values().copied().min().unwrap_or(Level::Restricted);
    let next = Level::ALL.into_iter().find(|level| *level > satisfied);
    let holders: Vec<Holder> = next.map_or_else(Vec::new, |next| {
        let holding = levels.iter().filter(|(_, level)| **level == satisfied);
        holding
            .map(|(id, level)| {
                let bodies = members[*id].iter();
                let found =
                    bodies.flat_map(|(spec, notes)| evaluate(spec, notes, next, version, server));
                Holder { id: (*id).to_owned(), level: *level, checks: named(found) }
            })
            .collect()
    });
    let without_holder = match &holders[..] {
        [only] => {
            let others = levels.iter().filter(|(id, _)| **id != only.id).map(|(_, level)| *level);
            Some(others.min().unwrap_or(Level::Restricted))
        }
        _ => None,
    };
    let (level, at) = policy.enforce;
    let mut judged: FxHashMap<(*const PodSpec, &Map), Vec<(&'static str, String)>> =
        FxHashMap::default();
    let mut violating: Vec<Violating> = Vec::new();
    for pod in pods.iter().filter(|pod| !exemptions.runtime_class(&pod.spec)) {
        let notes = &pod.metadata.annotations;
        let checks = judged
            .entry((std::ptr::from_ref(&*pod.spec), notes))
            .or_insert_with(|| named(evaluate(&pod.spec, notes, level, at, server)));
        if !checks.is_empty() {
            let id = EntityId::Pod(pod.metadata.namespace.clone(), pod.metadata.name.clone());
            violating.push(Violating { id: id.to_string(), checks: checks.clone() });
        }
    }
    violating.sort_by(|a, b| a.id.cmp(&b.id));

    let mut missing = Vec::new();
    missing.extend(unread(cluster));
    if server.is_none() {
        missing.push("version of the API server".to_owned());
    }
    if known.is_none() {
        missing.push("labels of the namespace".to_owned());
    }
    let proposal = (missing.is_empty() && satisfied > level).then(|| propose(satisfied, server));
    let patch = proposal.filter(|patch| {
        let bodies = templates.iter().map(|(_, spec, annotations)| (&**spec, annotations));
        holds(patch, namespace, &labels, &pods, bodies, exemptions, server)
    });
    Some(Standing {
        namespace: Str::new(namespace),
        on: enforcement_on(server),
        policy,
        version,
        satisfied,
        looked_at: (pods.len(), templates.len()),
        holders,
        without_holder,
        violating,
        missing,
        patch,
    })
}

/// Kinds of which something may be missing. Manifests are complete by themselves, but for what of
/// them does not read; what other sources do not list may be there.
fn unread(cluster: &Cluster) -> Option<String> {
    let is_missing = |kind: &Kind| match cluster.source {
        SourceKind::Manifests => matches!(cluster.coverage.of(*kind), Listed::Partial(_)),
        _ => !cluster.coverage.is_complete(*kind),
    };
    let workloads = WorkloadKind::ALL.into_iter().map(Kind::Workload);
    let kinds = std::iter::once(Kind::Pod).chain(workloads).filter(is_missing);
    let names: Vec<&str> = kinds.map(Kind::plural).collect();
    (!names.is_empty()).then(|| format!("not all read: {}", names.join(", ")))
}

/// Where every namespace stands, by name.
#[must_use]
pub fn standings(cluster: &Cluster, exemptions: &Exemptions) -> Vec<Standing> {
    let names = cluster.namespace_names();
    names.iter().filter_map(|name| standing(cluster, name, exemptions)).collect()
}

/// The templates of a namespace that no other workload makes, as the pods that they make.
fn templates(
    cluster: &Cluster,
    namespace: &str,
    server: Option<KubeVersion>,
) -> Vec<(String, Arc<PodSpec>, Map)> {
    let all = cluster.workloads.in_namespace(namespace).map(|(_, workload)| workload);
    let top = all.filter(|workload| cluster.top_owner(&workload.metadata).is_none());
    top.filter_map(|workload| {
        let template = workload.pod_template()?;
        let mut spec = template.spec.clone()?;
        defaults::pod(Arc::make_mut(&mut spec), false, server);
        let annotations = template.metadata.as_ref().map(|meta| meta.annotations.clone());
        let (kind, namespace, name) = workload.key();
        let id = EntityId::Workload(kind, namespace, name).to_string();
        Some((id, spec, annotations.unwrap_or_default()))
    })
    .collect()
}

fn owner_id(cluster: &Cluster, pod: &Pod) -> String {
    let namespace = pod.metadata.namespace.clone();
    match cluster.top_owner(&pod.metadata) {
        Some((kind, name)) => EntityId::Workload(kind, namespace, name).to_string(),
        None => EntityId::Pod(namespace, pod.metadata.name.clone()).to_string(),
    }
}

/// Each check once, with the words of its first finding.
fn named(found: impl IntoIterator<Item = Violation>) -> Vec<(&'static str, String)> {
    let mut checks: Vec<(&'static str, String)> = Vec::new();
    for violation in found {
        if !checks.iter().any(|(id, _)| *id == violation.check) {
            checks.push((violation.check, format!("{} ({})", violation.reason, violation.detail)));
        }
    }
    checks
}

/// The label for a level. The version is pinned to the server's, so that an upgrade of the
/// cluster refuses nothing that passes now.
fn propose(level: Level, server: Option<KubeVersion>) -> Patch {
    let mut labels = vec![(ENFORCE, level.name().to_owned())];
    if let Some(server) = server {
        labels.push((ENFORCE_VERSION, format!("v1.{}", server.minor)));
    }
    Patch { labels }
}

/// Tries labels on the model: the server accepts them without a warning, and what exists could
/// be created again.
fn holds<'b>(
    patch: &Patch,
    namespace: &str,
    labels: &Map,
    pods: &[&'b Pod],
    templates: impl Iterator<Item = (&'b PodSpec, &'b Map)>,
    exemptions: &Exemptions,
    server: Option<KubeVersion>,
) -> bool {
    let mut changed: BTreeMap<Str, Str> =
        labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    changed.extend(patch.labels.iter().map(|(key, value)| (Str::new(key), Str::new(value))));
    let changed: Map = changed.into_iter().collect();
    let policy = NamespacePolicy::of(&changed);
    let request = Request { policy: &policy, exemptions, namespace, user: "", server };
    let mut seen = FxHashSet::default();
    let live = pods.iter().map(|pod| (&*pod.spec, &pod.metadata.annotations));
    let live = live.filter(|(spec, notes)| seen.insert((std::ptr::from_ref(*spec), *notes)));
    relabel(namespace, labels, &changed, pods, exemptions, server).is_quiet()
        && templates.chain(live).all(|body| request.create_pod(body).admitted())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::{ClusterBuilder, Object};

    const HARDENED: &str = r#""securityContext":{"runAsNonRoot":true,
        "seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"c","image":"i",
        "securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]"#;
    const PLAIN: &str = r#""containers":[{"name":"c","image":"i"}]"#;
    const HOST: &str = r#""hostPID":true,"containers":[{"name":"c","image":"i"}]"#;

    fn judge(labels: &str, pods: &[(&str, &str)], templates: &[(&str, &str)]) -> Standing {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        builder.version(Some(KubeVersion::minor(36)), "v1.36.2");
        builder.coverage().rest_is_complete = true;
        let mut add = |json: String| builder.add(Object::read(json.as_bytes()).expect("an object"));
        add(format!(
            r#"{{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"n","labels":{labels}}}}}"#
        ));
        for (name, spec) in pods {
            add(format!(
                r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}",
                    "namespace":"n"}},"spec":{{{spec}}}}}"#
            ));
        }
        for (name, spec) in templates {
            add(format!(
                r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"{name}",
                    "namespace":"n"}},"spec":{{"template":{{"spec":{{{spec}}}}}}}}}"#
            ));
        }
        standing(&builder.freeze(), "n", &Exemptions::default()).expect("the namespace")
    }

    fn enforce(level: &str) -> String {
        format!(r#"{{"pod-security.kubernetes.io/enforce":"{level}"}}"#)
    }

    #[test]
    fn what_was_not_read_leaves_the_level_open() {
        let missing = |source, notes: &[(&str, Listed)]| {
            let mut builder = ClusterBuilder::new(source);
            builder.version(Some(KubeVersion::minor(36)), "v1.36.2");
            for (resource, listed) in notes {
                builder.coverage().note(resource, listed.clone());
            }
            let namespace = r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n"}}"#;
            builder.add(Object::read(namespace.as_bytes()).expect("a namespace"));
            let found = standing(&builder.freeze(), "n", &Exemptions::default());
            let found = found.expect("the namespace");
            assert!(found.missing.is_empty() || found.patch.is_none());
            found.missing
        };
        let partial = || Listed::Partial("an object does not read".into());
        assert!(missing(SourceKind::Manifests, &[]).is_empty());
        assert_eq!(missing(SourceKind::Manifests, &[("pods", partial())]), ["not all read: pods"]);
        assert_eq!(
            missing(SourceKind::Manifests, &[("deployments.apps", partial())]),
            ["not all read: deployments"]
        );
        let [dump] = &missing(SourceKind::Dump, &[("pods", Listed::Complete)])[..] else {
            panic!("one sentence")
        };
        assert!(dump.contains("deployments") && !dump.contains("pods"), "{dump}");
    }

    #[test]
    fn the_weakest_holds_the_namespace_down() {
        let found = judge("{}", &[("a", HARDENED), ("b", HOST)], &[("d", PLAIN)]);
        assert_eq!(found.satisfied, Level::Privileged);
        let [only] = &found.holders[..] else { panic!("one holder: {:?}", found.holders) };
        assert_eq!(only.id, "pod/n/b");
        assert_eq!(only.checks, [("hostNamespaces", "host namespaces (hostPID=true)".to_owned())]);
        assert_eq!(found.without_holder, Some(Level::Baseline));
        assert_eq!(found.patch, None, "nothing stricter holds");
    }

    #[test]
    fn templates_count_as_the_pods_that_they_make() {
        let found = judge("{}", &[("a", HARDENED)], &[("d", PLAIN)]);
        assert_eq!(found.satisfied, Level::Baseline);
        assert_eq!(found.holders[0].id, "workload/Deployment/n/d");
        let labels: Vec<String> =
            found.patch.expect("a patch").labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            labels,
            [
                "pod-security.kubernetes.io/enforce=baseline",
                "pod-security.kubernetes.io/enforce-version=v1.36"
            ]
        );
        let port = r#""hostNetwork":true,"containers":[{"name":"c","image":"i",
            "ports":[{"containerPort":80}]}]"#;
        let found = judge("{}", &[], &[("d", port)]);
        let checks: Vec<&str> = found.holders[0].checks.iter().map(|(id, _)| *id).collect();
        assert_eq!(checks, ["hostNamespaces", "hostPorts"], "the pod will hold the port");
    }

    #[test]
    fn pods_from_before_the_label_are_named() {
        let found = judge(&enforce("restricted"), &[("a", PLAIN), ("b", HARDENED)], &[]);
        let ids: Vec<&str> = found.violating.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["pod/n/a"]);
        assert_eq!(found.patch, None, "the label is stricter already");
    }

    #[test]
    fn a_stricter_label_is_offered_only_where_everything_passes_it() {
        let patch = |labels: &str, pods: &[(&str, &str)]| {
            let patch = judge(labels, pods, &[]).patch?;
            Some(patch.labels[0].1.clone())
        };
        assert_eq!(patch(&enforce("baseline"), &[("a", HARDENED)]).as_deref(), Some("restricted"));
        assert_eq!(patch(&enforce("baseline"), &[("a", PLAIN)]), None);
        assert_eq!(patch("{}", &[]).as_deref(), Some("restricted"), "an empty namespace");
    }

    #[test]
    fn what_was_not_read_is_missing_and_no_label_is_offered() {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        let json = br#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n"}}"#;
        builder.add(Object::read(json).expect("an object"));
        let cluster = builder.freeze();
        let found = standing(&cluster, "n", &Exemptions::default()).expect("the namespace");
        assert_eq!(found.missing.len(), 2, "{:?}", found.missing);
        assert_eq!(found.patch, None);
        assert!(standing(&cluster, "m", &Exemptions::default()).is_none());
    }
}
