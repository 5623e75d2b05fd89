//! The part of the attack graph between the ways in and the targets, for other tools: DOT for
//! Graphviz and GraphML.

use std::collections::BTreeSet;
use std::fmt::Write;

use ringfort_attack::{Attack, NodeKey, maker::zone_of, techniques};
use ringfort_graph::{BitSet, EdgeId, NodeId};

use crate::human::is_hidden;

/// Edges to write, and which of them a plan cuts.
pub struct Selection {
    /// The edges.
    pub edges: BitSet,
    /// Those that are cut.
    pub cut: BitSet,
}

impl Selection {
    fn nodes(&self, attack: &Attack<'_>) -> BTreeSet<NodeId> {
        let ends = self.edges.iter().flat_map(|at| {
            let edge = attack.graph.edge(EdgeId(at as u32));
            [edge.from, edge.to]
        });
        ends.collect()
    }
}

fn technique(attack: &Attack<'_>, edge: EdgeId) -> &'static str {
    attack.edge(edge).technique.map_or("", |at| techniques::ALL[usize::from(at)].id)
}

/// A quoted DOT string: only the quote and the backslash end or change it; line breaks and other
/// control characters are replaced.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() || is_hidden(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The graph as DOT. AND nodes are boxes, edges that a plan cuts are dashed.
#[must_use]
pub fn dot(attack: &Attack<'_>, selection: &Selection) -> String {
    let mut out = String::from("digraph ringfort {\n  rankdir=LR;\n");
    for node in selection.nodes(attack) {
        let key = attack.key(node);
        let shape = match key {
            NodeKey::And(..) => ", shape=box",
            NodeKey::Impact(_) => ", shape=doubleoctagon",
            _ => "",
        };
        let _ = writeln!(out, "  n{} [label={}{shape}];", node.0, quoted(&attack.id(key)));
    }
    for at in selection.edges.iter() {
        let id = EdgeId(at as u32);
        let edge = attack.graph.edge(id);
        let style = if selection.cut.contains(at) { ", style=dashed, color=red" } else { "" };
        let _ = writeln!(
            out,
            "  n{} -> n{} [label={}, weight={}{style}];",
            edge.from.0,
            edge.to.0,
            quoted(technique(attack, id)),
            edge.weight
        );
    }
    out.push_str("}\n");
    out
}

/// Text for XML 1.0: markup escaped, characters that XML does not have replaced.
fn xml(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || is_hidden(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
    out
}

/// The graph as GraphML.
#[must_use]
pub fn graphml(attack: &Attack<'_>, selection: &Selection) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n",
    );
    for (key, of, kind) in [
        ("id", "node", "string"),
        ("kind", "node", "string"),
        ("technique", "edge", "string"),
        ("zone", "edge", "string"),
        ("effort", "edge", "int"),
        ("cut", "edge", "boolean"),
    ] {
        let _ = writeln!(
            out,
            "  <key id=\"{key}\" for=\"{of}\" attr.name=\"{key}\" attr.type=\"{kind}\"/>"
        );
    }
    out.push_str("  <graph edgedefault=\"directed\">\n");
    for node in selection.nodes(attack) {
        let key = attack.key(node);
        let kind = if matches!(key, NodeKey::And(..)) { "and" } else { "or" };
        let _ = writeln!(
            out,
            "    <node id=\"n{}\"><data key=\"id\">{}</data><data key=\"kind\">{kind}</data></node>",
            node.0,
            xml(&attack.id(key))
        );
    }
    for at in selection.edges.iter() {
        let id = EdgeId(at as u32);
        let edge = attack.graph.edge(id);
        let _ = writeln!(
            out,
            "    <edge source=\"n{}\" target=\"n{}\"><data key=\"technique\">{}</data><data key=\"zone\">{}</data><data key=\"effort\">{}</data><data key=\"cut\">{}</data></edge>",
            edge.from.0,
            edge.to.0,
            technique(attack, id),
            zone_of(&attack.edge(id)).name(),
            edge.weight,
            selection.cut.contains(at)
        );
    }
    out.push_str("  </graph>\n</graphml>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_text() {
        assert_eq!(quoted("a\"b\\c\nd"), "\"a\\\"b\\\\c\u{fffd}d\"");
        assert_eq!(xml("a<b>&\"\u{1}"), "a&lt;b&gt;&amp;&quot;\u{fffd}");
    }
}
