//! Positions by what people write: an id, or a pattern in which `*` stands for any text.

use ringfort_graph::NodeId;
use ringfort_model::EntityId;

use crate::attack::Attack;
use crate::node::NodeKey;

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
    /// node, the instances of a vector. A pod means the pods of its unit. Nothing found is an
    /// empty list.
    #[must_use]
    pub fn find(&self, id: &str) -> Vec<(String, NodeId)> {
        let within = |known: &str| {
            known.strip_prefix(id).is_some_and(|rest| rest.starts_with(['@', ':']))
                || (id.starts_with("vector/") && known.starts_with(&format!("{id}/")))
        };
        let means = |known: &str| match id.contains('*') {
            true => matches(id, known),
            false => known == id || within(known),
        };
        let all = self.keys().iter().enumerate();
        let mut found: Vec<(String, NodeId)> = all
            .map(|(at, key)| (self.id(key), NodeId(at as u32)))
            .filter(|(known, _)| means(known))
            .collect();
        if found.is_empty()
            && let Ok(EntityId::Pod(namespace, name)) = id.parse()
            && let Some(pod) = self.context.cluster.pods.find(&namespace, &name)
        {
            for (at, unit) in self.context.units_in(&namespace) {
                if unit.pods.contains(&pod) {
                    let keys = self.context.pods_of(at);
                    let held = keys
                        .iter()
                        .filter_map(|key: &NodeKey| Some((id.to_owned(), self.node(key)?)));
                    found.extend(held);
                }
            }
        }
        found
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
