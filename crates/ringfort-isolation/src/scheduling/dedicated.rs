//! Whether a workload has its nodes to itself (semantics EFF-SCHED, SCH-02): could a pod of
//! another tenant be placed beside it, and is one there today.

use std::collections::BTreeSet;

use ringfort_model::record::node::Taint;
use ringfort_model::record::{MatchResources, Node, PolicyBinding, RuleWithOperations};
use ringfort_model::{Cluster, Id, Kind, Table, Unit, api_server};

use super::own_labels::node_may_set;
use super::placements::Placements;
use super::rules::rules;
use super::taint::is_transient;
use crate::effect::{Control, Effect};

/// What whoever creates pods may write into them; `None` where it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freedom {
    /// Any toleration.
    pub tolerations: Option<bool>,
    /// Any `nodeName`.
    pub node_name: Option<bool>,
    /// Why it is not known.
    pub missing: Vec<String>,
}

impl Freedom {
    /// Nothing narrows what is written.
    #[must_use]
    pub fn all() -> Self {
        Self { tolerations: Some(true), node_name: Some(true), missing: Vec::new() }
    }

    /// What the objects show: everything is free where the API server's own pod names its
    /// plug-ins and none of them, no webhook and no policy could narrow it.
    #[must_use]
    pub fn of(cluster: &Cluster) -> Self {
        let mut missing = Vec::new();
        let mut seen = false;
        let rule = &rules().switches;
        for word in server_flags(cluster, &mut seen) {
            if word.starts_with("--admission-control-config-file") && rule.file_may_narrow {
                missing.push("the admission configuration file".to_owned());
            }
        }
        missing.extend(narrowing_plugins(cluster).into_iter().map(allowed_by));
        if !seen && rule.unseen_server_may_narrow {
            missing.push("the API server's admission plug-ins".to_owned());
        }
        for kind in [Kind::ValidatingWebhook, Kind::MutatingWebhook] {
            let table = match kind {
                Kind::ValidatingWebhook => &cluster.validating_webhooks,
                _ => &cluster.mutating_webhooks,
            };
            if !cluster.coverage.is_complete(kind) && rule.unread_kinds_may_narrow {
                missing.push(format!("all {}", kind.plural()));
            }
            for configuration in table {
                let sees_pods = configuration
                    .webhooks
                    .iter()
                    .any(|webhook| webhook.rules.iter().any(sees_pods))
                    && rule.webhooks_may_narrow;
                if sees_pods {
                    missing.push(format!(
                        "what {} {} refuses",
                        kind.name(),
                        configuration.metadata.name
                    ));
                }
            }
        }
        missing.extend(policies(cluster));
        let free = missing.is_empty().then_some(true);
        Self { tolerations: free, node_name: free, missing }
    }

    /// Whether a new pod can come onto a node with those taints.
    fn reaches(&self, taints: &[Taint]) -> Option<bool> {
        let rule = &rules().switches;
        let will = |effect: &str| {
            taints.iter().any(|taint| taint.effect == effect && !is_transient(taint))
        };
        let (soft, hard) = (will("NoSchedule"), will("NoExecute"));
        if !soft && !hard {
            return Some(true);
        }
        let by_name = match hard && rule.names_do_not_pass_eviction {
            true => Some(false),
            false => self.node_name.filter(|_| rule.new_pods_name_nodes),
        };
        let tolerating = self.tolerations.filter(|_| rule.new_pods_tolerate);
        match (tolerating, by_name) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }
    }
}

/// The flags of the API servers' own pods; `seen` becomes true if those of one can be read.
fn server_flags<'c>(cluster: &'c Cluster, seen: &mut bool) -> Vec<&'c str> {
    let all: Vec<Vec<&str>> = api_server::pods(cluster).filter_map(api_server::flags).collect();
    *seen |= !all.is_empty();
    all.into_iter().flatten().collect()
}

/// The plug-ins that narrow where pods may be placed and that an API server is seen to run.
/// They are off by default, and what they allow stands in annotations and in a file.
#[must_use]
pub fn narrowing_plugins(cluster: &Cluster) -> BTreeSet<&'static str> {
    let flags = server_flags(cluster, &mut false);
    let lists = flags.iter().filter_map(|word| word.strip_prefix("--enable-admission-plugins="));
    let on: BTreeSet<&str> = lists.flat_map(|list| list.split(',')).collect();
    rules().plugins.iter().copied().filter(|plugin| on.contains(plugin)).collect()
}

/// The plug-in that gives the pods of a namespace a node selector.
pub const NODE_SELECTORS: &str = "PodNodeSelector";
/// The plug-in that limits the tolerations of the pods of a namespace.
pub const TOLERATIONS: &str = "PodTolerationRestriction";

/// What is not known where a plug-in narrows.
#[must_use]
pub fn allowed_by(plugin: &str) -> String {
    format!("what admission plug-in {plugin} allows")
}

/// Whether a rule covers pods as such.
fn sees_pods(rule: &RuleWithOperations) -> bool {
    rule.resources.iter().any(|resource| rules().pod_resources.contains(&resource.as_str()))
}

/// What policies of the API server may refuse or write, and whether all were listed. They
/// decide by expressions, which this engine does not read. A policy without a binding does
/// nothing.
fn policies(cluster: &Cluster) -> Vec<String> {
    let rule = &rules().switches;
    let mut missing: Vec<String> = [
        Kind::ValidatingPolicy,
        Kind::ValidatingPolicyBinding,
        Kind::MutatingPolicy,
        Kind::MutatingPolicyBinding,
    ]
    .into_iter()
    .filter(|kind| !cluster.coverage.is_complete(*kind) && rule.unread_kinds_may_narrow)
    .map(|kind| format!("all {}", kind.plural()))
    .collect();
    let sees = |constraints: Option<&MatchResources>| {
        constraints.is_some_and(|one| one.resource_rules.iter().any(sees_pods))
            && rule.policies_may_narrow
    };
    let bound = |bindings: &Table<PolicyBinding>, name: &str| {
        let specs = bindings.iter().filter_map(|binding| binding.spec.as_ref());
        specs.into_iter().any(|spec| spec.policy_name == *name) || !rule.binding_is_needed
    };
    for policy in &cluster.validating_policies {
        let constraints = policy.spec.as_ref().and_then(|spec| spec.match_constraints.as_ref());
        let name = &policy.metadata.name;
        if sees(constraints) && bound(&cluster.validating_policy_bindings, name) {
            missing.push(format!("what ValidatingAdmissionPolicy {name} refuses"));
        }
    }
    for policy in &cluster.mutating_policies {
        let constraints = policy.spec.as_ref().and_then(|spec| spec.match_constraints.as_ref());
        let name = &policy.metadata.name;
        if sees(constraints) && bound(&cluster.mutating_policy_bindings, name) {
            missing.push(format!("what MutatingAdmissionPolicy {name} writes"));
        }
    }
    missing
}

/// Which units run on each node now.
#[derive(Debug)]
pub struct Today(Vec<Vec<u32>>);

impl Today {
    /// Looks the units up by node.
    #[must_use]
    pub fn of(cluster: &Cluster, units: &[Unit]) -> Self {
        let mut on = vec![Vec::new(); cluster.nodes.len()];
        for (at, unit) in units.iter().enumerate() {
            for node in &unit.nodes {
                on[node.index()].push(at as u32);
            }
        }
        Self(on)
    }

    /// The units on a node, in order.
    #[must_use]
    pub fn on(&self, node: Id<Node>) -> &[u32] {
        &self.0[node.index()]
    }
}

/// What [`dedicated_nodes`] looks at.
pub struct Question<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Its units.
    pub units: &'a [Unit],
    /// Where each unit can be placed.
    pub placements: &'a Placements,
    /// Where each unit runs.
    pub today: &'a Today,
    /// What others may write into their pods.
    pub freedom: &'a Freedom,
    /// Whether two namespaces belong to one tenant.
    pub one_tenant: &'a dyn Fn(&str, &str) -> bool,
}

impl std::fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question").field("freedom", self.freedom).finish_non_exhaustive()
    }
}

/// Judges the nodes that a unit selects. Absent where the unit selects none and none of those
/// it can be placed on keeps others off.
#[must_use]
pub fn dedicated_nodes(question: &Question<'_>, at: usize) -> Control {
    let Question { cluster, units, placements, .. } = question;
    let unit = &units[at];
    let ask = placements.ask(at);
    let mut evidence = Vec::new();
    for (used, field) in [
        (!ask.selector.is_empty(), "spec.nodeSelector"),
        (ask.affinity.is_some(), "spec.affinity.nodeAffinity"),
        (!ask.node_name.is_empty(), "spec.nodeName"),
    ] {
        if used {
            evidence.push(field.to_owned());
        }
    }
    let nodes = placements.nodes_of(at);
    let taints = |node: Id<Node>| cluster.nodes[node].spec.as_ref().map_or(&[][..], |s| &s.taints);
    let keeps_off = |node: &Id<Node>| {
        let hard = |taint: &Taint| taint.effect != "PreferNoSchedule" && !is_transient(taint);
        taints(*node).iter().any(hard)
    };
    let rule = &rules().switches;
    let tainted = !nodes.is_empty() && nodes.iter().all(keeps_off) && rule.taints_alone_ask;
    if tainted {
        evidence.push("spec.tolerations".to_owned());
    }
    if !ask.selects_nodes() && !tainted {
        evidence.push("spec.nodeSelector".to_owned());
        return Control::new(Effect::Absent, evidence);
    }
    if !cluster.coverage.is_complete(Kind::Node) && rule.unread_nodes_are_unknown {
        return Control::new(Effect::missing("all nodes"), evidence);
    }
    if nodes.is_empty() && rule.some_node_must_take {
        return Control::new(Effect::without("no node takes the pod"), evidence);
    }
    let foreign = |other: usize| !(question.one_tenant)(&unit.namespace, &units[other].namespace);
    let shown = |other: usize| {
        let other = &units[other];
        let kind = other.owner.as_ref().map_or("Pod", |(kind, _)| kind.name());
        format!("{kind} {}/{}", other.namespace, other.name(cluster))
    };
    let name = |node: Id<Node>| &cluster.nodes[node].metadata.name;
    for node in &unit.nodes {
        let beside = question.today.on(*node).iter().find(|other| foreign(**other as usize));
        if let Some(other) = beside.filter(|_| rule.today_counts) {
            evidence.push(format!("Node {}", name(*node)));
            let reason = format!("{} runs on node {}", shown(*other as usize), name(*node));
            return Control::new(Effect::without(reason), evidence);
        }
    }
    let meet = |other: usize| placements.shared(cluster, units, at, other);
    let meets = |other: usize| rule.others_may_be_placed && foreign(other) && meet(other).is_some();
    if let Some(other) = placements.neighbour(at, &meets)
        && let Some(node) = meet(other)
    {
        evidence.push(format!("Node {}", name(node)));
        let reason = format!("{} can be placed on node {}", shown(other), name(node));
        return Control::new(Effect::without(reason), evidence);
    }
    let mut open = None;
    for node in &nodes {
        match question.freedom.reaches(taints(*node)) {
            Some(true) => {
                evidence.push(format!("Node {} spec.taints", name(*node)));
                let reason = format!(
                    "a new pod may name node {} or tolerate its taints; nothing narrows that",
                    name(*node)
                );
                return Control::new(Effect::without(reason), evidence);
            }
            None => open = Some(*node),
            Some(false) => {}
        }
    }
    if let Some(node) = open.filter(|_| rule.freedom_may_be_unknown) {
        evidence.push(format!("Node {} spec.taints", name(node)));
        return Control::new(Effect::Unknown(question.freedom.missing.clone()), evidence);
    }
    let keys = ask.selecting_keys();
    if let Some(key) = keys.iter().find(|key| node_may_set(key) && rule.own_labels_draw) {
        let reason = format!(
            "a node can give itself label {key} and draw the pods to it; keys below \
             node-restriction.kubernetes.io/ are protected"
        );
        return Control::new(Effect::without(reason), evidence);
    }
    let kept = ask.affinity.is_some() || !keys.is_empty() || !ask.node_name.is_empty();
    if !kept && rule.something_must_keep {
        let reason = "the taint keeps others off, and nothing keeps the pod on these nodes";
        return Control::new(Effect::without(reason), evidence);
    }
    Control::new(Effect::Effective, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::{ClusterBuilder, Object, SourceKind};

    const SERVER: &str = r#"{"metadata":{"name":"k","namespace":"kube-system",
        "labels":{"component":"kube-apiserver"}},"spec":{"containers":[{"name":"k",
        "command":["kube-apiserver"]}]}}"#;

    fn freedom(policy: &str, resources: &str, binds: bool) -> Freedom {
        let api = "admissionregistration.k8s.io/v1";
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        builder.add(Object::read_as("v1", "Pod", SERVER.as_bytes()).expect("a pod"));
        let object = format!(
            r#"{{"metadata":{{"name":"p"}},"spec":{{"matchConstraints":{{"resourceRules":[
                {{"apiGroups":["*"],"apiVersions":["*"],"operations":["*"],
                  "resources":["{resources}"]}}]}}}}}}"#
        );
        builder.add(Object::read_as(api, policy, object.as_bytes()).expect("a policy"));
        if binds {
            let binding = r#"{"metadata":{"name":"b"},"spec":{"policyName":"p"}}"#;
            let kind = format!("{policy}Binding");
            builder.add(Object::read_as(api, &kind, binding.as_bytes()).expect("a binding"));
        }
        Freedom::of(&builder.freeze())
    }

    #[test]
    fn policies_narrow_where_they_are_bound_and_see_pods() {
        for policy in ["ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"] {
            let named = |freedom: &Freedom| {
                freedom.missing.iter().any(|what| what.contains(&format!("{policy} p")))
            };
            for resources in ["pods", "*", "*/*", "pods/*"] {
                let found = freedom(policy, resources, true);
                assert!(named(&found) && found.tolerations.is_none(), "{policy} {resources}");
            }
            assert!(!named(&freedom(policy, "pods", false)), "{policy} without a binding");
            assert!(!named(&freedom(policy, "services", true)), "{policy} on services");
        }
    }
}
