//! Required anti-affinity: whether two workloads keep each other off the same node.

use ringfort_model::record::Node;
use ringfort_model::record::scheduling::PodAffinityTerm;
use ringfort_model::{Cluster, Map, PodSpec, Unit};

use super::rules::rules;

/// One side of the question.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The pod's namespace.
    pub namespace: &'a str,
    /// Its labels.
    pub labels: &'a Map,
    /// Its specification.
    pub spec: &'a PodSpec,
}

impl<'a> Side<'a> {
    /// The pods of a unit.
    #[must_use]
    pub fn of(unit: &'a Unit) -> Self {
        Self { namespace: &unit.namespace, labels: &unit.labels, spec: &unit.spec }
    }
}

/// Whether the scheduler keeps the two pods off that node together: one of them refuses the
/// other (upstream InterPodAffinity looks both ways). A node without a term's topology label
/// is in no domain, and that term does not count there. Pods that name their node are not
/// asked by the scheduler, and whoever comes second is not kept off.
#[must_use]
pub fn kept_apart(a: &Side<'_>, b: &Side<'_>, node: &Node, cluster: &Cluster) -> bool {
    let by_scheduler = |side: &Side<'_>| {
        let name = side.spec.scheduler_name.as_deref().unwrap_or_default();
        side.spec.node_name.is_empty() && rules().schedulers.contains(&name)
    };
    let rule = &rules().switches;
    (by_scheduler(a) && by_scheduler(b) || !rule.scheduler_keeps_apart)
        && (refuses(a, b, node, cluster) || rule.either_keeps_off && refuses(b, a, node, cluster))
}

fn refuses(who: &Side<'_>, whom: &Side<'_>, node: &Node, cluster: &Cluster) -> bool {
    let anti = who.spec.affinity.as_ref().and_then(|all| all.pod_anti_affinity.as_ref());
    anti.is_some_and(|anti| {
        anti.required.iter().any(|term| {
            (node.metadata.labels.get(&term.topology_key).is_some()
                || !rules().switches.domain_needs_label)
                && in_namespaces(term, who.namespace, whom.namespace, cluster)
                && selects(term, who.labels, whom.labels)
        })
    })
}

/// Without namespaces and without a selector of them, the term means its own namespace; an
/// empty selector means all.
fn in_namespaces(term: &PodAffinityTerm, own: &str, other: &str, cluster: &Cluster) -> bool {
    let rule = &rules().switches;
    if term.namespaces.is_empty() && term.namespace_selector.is_none() {
        return own == other || !rule.own_namespace_by_default;
    }
    let selector = term.namespace_selector.as_ref();
    (term.namespaces.has(other) && rule.namespaces_may_be_listed)
        || selector.filter(|_| rule.namespaces_may_be_selected).is_some_and(|selector| {
            let labels = cluster.namespaces.get("", other).map(|one| &one.metadata.labels);
            selector.matches(labels.unwrap_or(&Map::default()))
        })
}

/// A missing selector selects no pod. Keys in `matchLabelKeys` narrow it to pods with the
/// value that the pod itself has, those in `mismatchLabelKeys` to pods with another.
fn selects(term: &PodAffinityTerm, own: &Map, labels: &Map) -> bool {
    let rule = &rules().switches;
    let same = |key: &ringfort_model::Str| own.get(key).map(|value| labels.get(key) == Some(value));
    let selected = match &term.label_selector {
        Some(selector) => selector.matches(labels),
        None => !rule.no_selector_selects_none,
    };
    let agree = term.match_label_keys.iter().all(|key| same(key).unwrap_or(true));
    let differ = term.mismatch_label_keys.iter().all(|key| !same(key).unwrap_or(false));
    selected && (agree || !rule.same_keys_count) && (differ || !rule.other_keys_count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::Str;

    fn spec(selector: &str, key: &str, more: &str) -> PodSpec {
        let json = format!(
            r#"{{"affinity":{{"podAntiAffinity":{{"requiredDuringSchedulingIgnoredDuringExecution":[
                {{"labelSelector":{selector},"topologyKey":"{key}"{more}}}]}}}}}}"#
        );
        serde_json::from_str(&json).expect("a specification")
    }

    #[test]
    fn either_side_keeps_the_other_off() {
        let node: Node = serde_json::from_str(
            r#"{"metadata":{"name":"n","labels":{"kubernetes.io/hostname":"n"}}}"#,
        )
        .expect("a node");
        let labels =
            |app: &str| -> Map { [(Str::new("app"), Str::new(app))].into_iter().collect() };
        let (web, db) = (labels("web"), labels("db"));
        let free = PodSpec::default();
        let cluster = Cluster::default();
        let host = "kubernetes.io/hostname";
        let apart = |web_spec: &PodSpec, namespace: &str| {
            let web = Side { namespace: "a", labels: &web, spec: web_spec };
            let db = Side { namespace, labels: &db, spec: &free };
            let one = kept_apart(&web, &db, &node, &cluster);
            let two = kept_apart(&db, &web, &node, &cluster);
            assert_eq!(one, two, "the same both ways");
            one
        };
        let db_selector = r#"{"matchLabels":{"app":"db"}}"#;
        assert!(!apart(&free, "a"));
        assert!(apart(&spec(db_selector, host, ""), "a"));
        assert!(!apart(&spec(r#"{"matchLabels":{"app":"x"}}"#, host, ""), "a"));
        assert!(!apart(&spec(db_selector, "zone", ""), "a"), "the node is in no zone");
        assert!(!apart(&spec(db_selector, host, ""), "b"), "its own namespace only");
        assert!(apart(&spec(db_selector, host, r#","namespaces":["b"]"#), "b"));
        assert!(apart(&spec(db_selector, host, r#","namespaceSelector":{}"#), "b"));
        assert!(!apart(&spec("null", host, ""), "a"), "no selector selects nothing");
        assert!(!apart(&spec("{}", host, r#","matchLabelKeys":["app"]"#), "a"));
        assert!(apart(&spec("{}", host, r#","mismatchLabelKeys":["app"]"#), "a"));
        let mut named = spec(db_selector, host, "");
        named.node_name = Str::new("n");
        assert!(!apart(&named, "a"), "whoever names the node is not asked");
    }
}
