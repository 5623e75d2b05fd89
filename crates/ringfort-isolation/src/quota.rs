//! Whether a namespace's quota keeps it from taking the nodes for itself (semantics
//! EFF-QUOTA).

use std::collections::BTreeSet;

use ringfort_model::record::ResourceQuota;
use ringfort_model::{Cluster, Kind, SourceKind, Str};

use crate::control_rules::rules;
use crate::effect::{Control, Effect};

/// Judges the quotas of a namespace together.
#[must_use]
pub fn quota(cluster: &Cluster, namespace: &str) -> Control {
    let quotas: Vec<&ResourceQuota> =
        cluster.resource_quotas.in_namespace(namespace).map(|(_, quota)| quota).collect();
    let all_known = cluster.coverage.is_complete(Kind::ResourceQuota)
        || cluster.source == SourceKind::Manifests;
    let field = |quota: &ResourceQuota| {
        format!("ResourceQuota {namespace}/{} spec.hard", quota.metadata.name)
    };
    let mut evidence: Vec<String> = quotas.iter().map(|quota| field(quota)).collect();
    if evidence.is_empty() {
        evidence.push(format!("ResourceQuota {namespace}/*"));
    }
    if !all_known {
        return Control::new(Effect::missing("all resourcequotas"), evidence);
    }
    if quotas.is_empty() {
        return Control::new(Effect::Absent, evidence);
    }
    let rules = rules();
    let rule = &rules.switches;
    let mut limited: BTreeSet<&str> = BTreeSet::new();
    let mut scoped = false;
    let mut uncounted = Vec::new();
    for quota in &quotas {
        let Some(spec) = &quota.spec else { continue };
        let some = !spec.scopes.is_empty() || spec.scope_selector.is_some();
        if some && rule.scopes_limit_some {
            scoped = true;
            continue;
        }
        limited.extend(spec.hard.iter().map(|(name, _)| name.as_str()));
        let counted = quota.status.as_ref().is_some_and(|status| {
            spec.hard.iter().all(|(name, value)| {
                status.hard.get(name) == Some(value) && status.used.get(name).is_some()
            })
        });
        if !counted && rule.must_be_counted {
            uncounted.push(quota.metadata.name.clone());
        }
    }
    let gpus: BTreeSet<&Str> = cluster
        .nodes
        .iter()
        .filter_map(|node| node.status.as_ref())
        .flat_map(|status| status.allocatable.0.iter())
        .filter(|name| is_gpu(name) && rule.processors_must_be_limited)
        .collect();
    let mut free: Vec<String> = rules
        .needed
        .iter()
        .filter(|(_, names)| !names.iter().any(|name| limited.contains(name)))
        .map(|(what, _)| (*what).to_owned())
        .collect();
    free.extend(
        gpus.iter()
            .filter(|gpu| !limited.contains(format!("requests.{gpu}").as_str()))
            .map(ToString::to_string),
    );
    let effect = if !free.is_empty() {
        let only = if scoped { "; quotas with scopes limit some pods only" } else { "" };
        Effect::without(format!("nothing limits {}{only}", free.join(", ")))
    } else if uncounted.is_empty() {
        Effect::Effective
    } else if cluster.source == SourceKind::Manifests && rule.manifests_are_not_counted {
        Effect::missing("whether the quota is counted, which only a running cluster shows")
    } else {
        let names: Vec<&str> = uncounted.iter().map(Str::as_str).collect();
        Effect::without(format!("quota {} is not counted yet", names.join(", ")))
    };
    Control::new(effect, evidence)
}

/// Whether an extended resource is a graphics processor, by the usual names (NVIDIA's device
/// plug-in: `nvidia.com/gpu`, `gpu.shared` and `mig-1g.5gb`; Intel's `gpu.intel.com/i915`).
fn is_gpu(resource: &str) -> bool {
    let [names, domains, beginnings] = rules().processors;
    resource.split_once('/').is_some_and(|(domain, name)| {
        names.contains(&name)
            || domains.iter().any(|begins| domain.starts_with(begins))
            || beginnings.iter().any(|begins| name.starts_with(begins))
    })
}
