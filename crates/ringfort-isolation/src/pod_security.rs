//! Whether a namespace's Pod Security label holds its pods to a level (semantics EFF-PSS, T9).

use ringfort_model::{Cluster, Kind, SourceKind};
use ringfort_podsec::{Exemptions, Level, NamespacePolicy, enforcement_on, evaluate};

use crate::control_rules::rules;
use crate::effect::{Control, Effect};

/// Judges the enforce label of a namespace against the level that it should reach.
/// `exemptions` are those of the plug-in's configuration, which no object shows; the default
/// is none.
#[must_use]
pub fn pod_security(
    cluster: &Cluster,
    namespace: &str,
    target: Level,
    exemptions: &Exemptions,
) -> Control {
    let field =
        format!("Namespace {namespace} metadata.labels[pod-security.kubernetes.io/enforce]");
    let mut evidence = vec![field];
    let Some(record) = cluster.namespaces.get("", namespace) else {
        let effect = Effect::missing(format!("Namespace {namespace}"));
        return Control::new(effect, evidence);
    };
    let policy = NamespacePolicy::of(&record.metadata.labels);
    if policy.enforce_label.is_none() {
        return Control::new(Effect::Absent, evidence);
    }
    let (level, version) = policy.enforce;
    let rule = &rules().switches;
    if level < target && rule.level_must_be_reached {
        let reason = format!("it enforces {level}, which is less than {target}");
        return Control::new(Effect::without(reason), evidence);
    }
    match enforcement_on(cluster.version) {
        Some(true) => {}
        _ if !rule.plug_in_may_be_off => {}
        Some(false) => {
            let reason = "the admission plug-in is off by default before 1.23";
            return Control::new(Effect::without(reason), evidence);
        }
        None => return Control::new(Effect::missing("version of the API server"), evidence),
    }
    let exempt = exemptions.namespaces.iter().any(|name| name == namespace);
    if exempt && rule.namespace_may_be_exempt {
        let reason = "the namespace is exempt in the plug-in's configuration";
        return Control::new(Effect::without(reason), evidence);
    }
    for (_, pod) in cluster.pods.in_namespace(namespace) {
        if pod.is_terminated() && rule.ended_pods_do_not_count || !rule.live_pods_count {
            continue;
        }
        let found = evaluate(&pod.spec, &pod.metadata.annotations, level, version, cluster.version);
        if let Some(first) = found.first() {
            evidence.push(format!("Pod {namespace}/{}", pod.metadata.name));
            let reason = format!("pod {} runs and violates {}", pod.metadata.name, first.check);
            return Control::new(Effect::without(reason), evidence);
        }
    }
    let pods_known =
        cluster.coverage.is_complete(Kind::Pod) || cluster.source == SourceKind::Manifests;
    let effect = if pods_known { Effect::Effective } else { Effect::missing("all pods") };
    Control::new(effect, evidence)
}
