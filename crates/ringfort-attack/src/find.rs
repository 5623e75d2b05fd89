//! Positions by what people write: an id, or a pattern in which `*` stands for any text.

use std::collections::BTreeMap;

use ringfort_graph::NodeId;
use ringfort_model::Id;
use ringfort_model::record::Node;

use crate::attack::Attack;
use crate::node::{NodeKey, Subject};

/// Whether a text matches a pattern in which `*` stands for any text, also none.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}

impl Attack<'_> {
    /// The positions that an id or a pattern means, with their ids, in the order of their nodes.
    ///
    /// An id also means the positions within: the containers of a workload, its pods on one
    /// node, the instances of a vector, everything in a namespace. A pod means the pods of its
    /// unit that run where it does. A star in the place of the sort stands for what is of the
    /// cluster or beside it, not for the steps in between ([`NodeKey::is_step`]), which are
    /// found where their sort is written; where ways only meet is found by its id alone. Nothing
    /// found is an empty list.
    #[must_use]
    pub fn find(&self, id: &str) -> Vec<(String, NodeId)> {
        let within = |known: &str| {
            known.strip_prefix(id).is_some_and(|rest| rest.starts_with(['@', ':']))
                || (id.starts_with("vector/") && known.starts_with(&format!("{id}/")))
        };
        let is_pattern = id.contains('*');
        let means = |known: &str| match is_pattern {
            true => matches(id, known),
            false => known == id || within(known),
        };
        let of_any_sort = is_pattern && id.split('*').next().is_some_and(|one| !one.contains('/'));
        let mut found: BTreeMap<NodeId, String> = BTreeMap::new();
        let pods = if id.starts_with("pod/") { self.pods(&means) } else { Vec::new() };
        // One of several equal pods is not where the others are.
        let one_pod = !is_pattern && !pods.is_empty();
        for (at, key) in self.keys().iter().enumerate().filter(|_| !one_pod) {
            let known = self.id(key);
            // What all nodes lead to, and what leads to all of them, is none of them; where ways
            // meet is a position of its own for nobody.
            let of_nodes = matches!(key, NodeKey::EveryNode | NodeKey::SomeNode);
            let is_none = of_nodes || matches!(key, NodeKey::Join(..));
            let is_hidden = (of_any_sort && key.is_step()) || (is_pattern && is_none);
            if means(&known) && !is_hidden {
                found.insert(NodeId(at as u32), known);
            }
        }
        for (pod, unit, place) in pods {
            for key in self.context.held_in(unit, place) {
                let Some(node) = self.node(&key) else { continue };
                let known = self.id(&key);
                let name = match key {
                    _ if is_pattern || known.starts_with(&pod) => known,
                    NodeKey::Container(_, _, kind, index) => {
                        let container = self.context.container((unit, kind, index));
                        format!("{pod}:{}", container.name)
                    }
                    _ => pod.clone(),
                };
                found.entry(node).or_insert(name);
            }
        }
        if id.starts_with("ns/") {
            for (at, key) in self.keys().iter().enumerate() {
                let namespace = self.namespace_of(key);
                if namespace.is_some_and(|namespace| means(&format!("ns/{namespace}"))) {
                    found.entry(NodeId(at as u32)).or_insert_with(|| self.id(key));
                }
            }
        }
        found.into_iter().map(|(node, name)| (name, node)).collect()
    }

    /// Running pods by id, each with its unit and the place that the graph knows it at.
    fn pods(&self, means: &impl Fn(&str) -> bool) -> Vec<(String, u32, Option<Id<Node>>)> {
        let context = &self.context;
        let mut found = Vec::new();
        for (at, unit) in context.units.iter().enumerate() {
            for &pod in &unit.pods {
                let pod = &context.cluster.pods[pod];
                let id = format!("pod/{}/{}", pod.metadata.namespace, pod.metadata.name);
                if means(&id) {
                    let node = context.cluster.nodes.find("", &pod.node_name);
                    let places = context.places(at as u32);
                    found.push((id, at as u32, node.filter(|node| places.contains(&Some(*node)))));
                }
            }
        }
        found
    }

    /// The namespace that a position lies in.
    #[must_use]
    pub fn namespace_of<'k>(&'k self, key: &'k NodeKey) -> Option<&'k str> {
        match key {
            NodeKey::Pods(unit, _) | NodeKey::Container(unit, ..) => {
                Some(&self.context.units[*unit as usize].namespace)
            }
            NodeKey::Subject(Subject::ServiceAccount(namespace, _))
            | NodeKey::Secret(namespace, _)
            | NodeKey::ConfigMap(namespace, _)
            | NodeKey::Claim(namespace, _)
            | NodeKey::OpenNamespace(namespace) => Some(namespace),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_any_text() {
        assert!(matches("node/*", "node/a"));
        assert!(matches("sa/*/deployer", "sa/ops/deployer"));
        assert!(matches("*", ""));
        assert!(matches("a*b*c", "a--b--b-c"));
        assert!(!matches("a*b", "ab-"));
        assert!(!matches("node/a", "node/ab"));
        assert!(!matches("ab*ba", "aba"));
    }
}
