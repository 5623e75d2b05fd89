//! Whether a workload has its nodes to itself (semantics EFF-SCHED, SCH-02): could a pod of
//! another tenant be placed beside it, and is one there today.

use ringfort_model::record::Node;
use ringfort_model::record::node::Taint;
use ringfort_model::{Cluster, Id, Kind, Unit};

use super::placements::Placements;
use super::taint::is_transient;
use crate::effect::{Control, Effect};

/// Labels that a kubelet may not give its own node.
const PROTECTED: &str = "node-restriction.kubernetes.io/";

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
        let servers = cluster.pods.in_namespace("kube-system").filter(|(_, pod)| {
            pod.metadata.labels.get("component").is_some_and(|one| one == "kube-apiserver")
        });
        let mut seen = false;
        for (_, pod) in servers {
            seen = true;
            let words = pod.spec.containers.iter().flat_map(|c| c.command.iter().chain(&c.args));
            for word in words {
                if word.starts_with("--admission-control-config-file") {
                    missing.push("the admission configuration file".to_owned());
                }
                let Some(list) = word.strip_prefix("--enable-admission-plugins=") else { continue };
                for plugin in list.split(',') {
                    if matches!(plugin, "PodTolerationRestriction" | "PodNodeSelector") {
                        missing.push(format!("what admission plug-in {plugin} allows"));
                    }
                }
            }
        }
        if !seen {
            missing.push("the API server's admission plug-ins".to_owned());
        }
        for kind in [Kind::ValidatingWebhook, Kind::MutatingWebhook] {
            let table = match kind {
                Kind::ValidatingWebhook => &cluster.validating_webhooks,
                _ => &cluster.mutating_webhooks,
            };
            if !cluster.coverage.is_complete(kind) {
                missing.push(format!("all {}", kind.plural()));
            }
            for configuration in table {
                let sees_pods = configuration.webhooks.iter().any(|webhook| {
                    webhook.rules.iter().any(|rule| {
                        rule.resources.iter().any(|r| matches!(r.as_str(), "*" | "*/*" | "pods"))
                    })
                });
                if sees_pods {
                    missing.push(format!(
                        "what {} {} refuses",
                        kind.name(),
                        configuration.metadata.name
                    ));
                }
            }
        }
        // Policies refuse by expressions, which this engine does not read.
        let policies = cluster.others.iter().filter(|other| {
            other.api_version.starts_with("admissionregistration.k8s.io/")
                && other.kind.ends_with("AdmissionPolicy")
        });
        missing.extend(
            policies.map(|policy| format!("what {} {} refuses", policy.kind, policy.metadata.name)),
        );
        let free = missing.is_empty().then_some(true);
        Self { tolerations: free, node_name: free, missing }
    }

    /// Whether a new pod can come onto a node with those taints.
    fn reaches(&self, taints: &[Taint]) -> Option<bool> {
        let will = |effect: &str| {
            taints.iter().any(|taint| taint.effect == effect && !is_transient(taint))
        };
        let (soft, hard) = (will("NoSchedule"), will("NoExecute"));
        if !soft && !hard {
            return Some(true);
        }
        let by_name = if hard { Some(false) } else { self.node_name };
        match (self.tolerations, by_name) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }
    }
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
    let tainted = !nodes.is_empty() && nodes.iter().all(keeps_off);
    if tainted {
        evidence.push("spec.tolerations".to_owned());
    }
    if !ask.selects_nodes() && !tainted {
        evidence.push("spec.nodeSelector".to_owned());
        return Control::new(Effect::Absent, evidence);
    }
    if !cluster.coverage.is_complete(Kind::Node) {
        return Control::new(Effect::missing("all nodes"), evidence);
    }
    if nodes.is_empty() {
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
        if let Some(other) = beside {
            evidence.push(format!("Node {}", name(*node)));
            let reason = format!("{} runs on node {}", shown(*other as usize), name(*node));
            return Control::new(Effect::without(reason), evidence);
        }
    }
    let meet = |other: usize| placements.shared(cluster, units, at, other);
    let meets = |other: usize| foreign(other) && meet(other).is_some();
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
    if let Some(node) = open {
        evidence.push(format!("Node {} spec.taints", name(node)));
        return Control::new(Effect::Unknown(question.freedom.missing.clone()), evidence);
    }
    let keys = ask.selecting_keys();
    if let Some(key) = keys.iter().find(|key| !key.starts_with(PROTECTED)) {
        let reason = format!(
            "a node can give itself label {key} and draw the pods to it; keys below {PROTECTED} \
             are protected"
        );
        return Control::new(Effect::without(reason), evidence);
    }
    if ask.affinity.is_none() && keys.is_empty() && ask.node_name.is_empty() {
        let reason = "the taint keeps others off, and nothing keeps the pod on these nodes";
        return Control::new(Effect::without(reason), evidence);
    }
    Control::new(Effect::Effective, evidence)
}
