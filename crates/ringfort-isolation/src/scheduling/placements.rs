//! Asks against nodes, by classes of both.
//!
//! Nodes are one class when no ask can tell them apart: equal taints and system, and equal in
//! every label value that an ask mentions. Asks are one class when they are equal. Each pair of
//! classes is decided once; asks that name their nodes look at those alone. So 150,000 pods
//! cost as many comparisons as they have different asks times different kinds of nodes.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_model::record::Node;
use ringfort_model::record::node::Taint;
use ringfort_model::{Cluster, Id, List, Str, Unit};
use rustc_hash::FxHashMap;

use super::apart::{Side, kept_apart};
use super::ask::Ask;

/// Which nodes each of many asks can be placed on.
#[derive(Debug)]
pub struct Placements {
    /// The class of each node.
    class_of_node: Vec<u32>,
    /// The nodes of each class, in order.
    nodes: Vec<Vec<Id<Node>>>,
    /// The class of each ask.
    class_of_ask: Vec<u32>,
    /// The asks of each class, in order.
    asks: Vec<Vec<u32>>,
    /// One ask of each class.
    ask: Vec<Ask>,
    /// The node classes that each ask class fits, sorted.
    fits: Vec<Vec<u32>>,
    /// The ask classes that fit each node class, sorted.
    fitting: Vec<Vec<u32>>,
}

/// What tells nodes apart.
type NodeKey<'a> = (List<Taint>, bool, Vec<Option<&'a Str>>, Option<&'a Str>);

/// What asks mention: for each label key the values that matter.
#[derive(Default)]
struct Mentioned {
    /// `None`: every value matters (comparisons).
    labels: BTreeMap<Str, Option<BTreeSet<Str>>>,
    names: BTreeSet<Str>,
}

impl Mentioned {
    fn value(&mut self, key: &Str, value: Option<&Str>) {
        let entry = self.labels.entry(key.clone()).or_insert_with(|| Some(BTreeSet::new()));
        if let (Some(values), Some(value)) = (entry.as_mut(), value) {
            values.insert(value.clone());
        }
    }

    fn ask(&mut self, ask: &Ask) {
        if !ask.node_name.is_empty() {
            self.names.insert(ask.node_name.clone());
        }
        for (key, value) in ask.selector.iter() {
            self.value(key, Some(value));
        }
        for key in ask.spread_keys.iter().chain(&ask.apart_keys) {
            self.value(key, None);
        }
        for term in ask.affinity.iter().flat_map(|affinity| affinity.node_selector_terms.iter()) {
            for need in &term.match_expressions {
                if matches!(need.operator.as_str(), "Gt" | "Lt") {
                    self.labels.insert(need.key.clone(), None);
                    continue;
                }
                self.value(&need.key, None);
                for value in &need.values {
                    self.value(&need.key, Some(value));
                }
            }
            for need in &term.match_fields {
                self.names.extend(need.values.iter().cloned());
            }
        }
    }

    /// A node as asks see it. Values that no ask mentions all read as `other`.
    fn key<'a>(&self, node: &'a Node, other: &'a Str) -> NodeKey<'a> {
        let labels = &node.metadata.labels;
        let seen = self.labels.iter().map(|(key, values)| {
            let value = labels.get(key)?;
            let told_apart = values.as_ref().is_none_or(|values| values.contains(value));
            Some(if told_apart { value } else { other })
        });
        let taints = node.spec.as_ref().map(|spec| spec.taints.clone()).unwrap_or_default();
        let name = &node.metadata.name;
        let name = self.names.contains(name).then_some(name);
        (taints, node.is_windows(), seen.collect(), name)
    }
}

impl Placements {
    /// Decides every ask on every node.
    #[must_use]
    pub fn new(cluster: &Cluster, asks: impl IntoIterator<Item = Ask>) -> Self {
        let mut class_of_ask = Vec::new();
        let mut ask: Vec<Ask> = Vec::new();
        let mut known: FxHashMap<Ask, u32> = FxHashMap::default();
        let mut members: Vec<Vec<u32>> = Vec::new();
        for (at, one) in asks.into_iter().enumerate() {
            let class = *known.entry(one).or_insert_with_key(|one| {
                ask.push(one.clone());
                members.push(Vec::new());
                ask.len() as u32 - 1
            });
            members[class as usize].push(at as u32);
            class_of_ask.push(class);
        }
        let mut mentioned = Mentioned::default();
        for one in &ask {
            mentioned.ask(one);
        }
        // Longer than any label value can be, so that no ask can mention it.
        let other = Str::from("?".repeat(64));
        let mut class_of_node = Vec::new();
        let mut nodes: Vec<Vec<Id<Node>>> = Vec::new();
        let mut classes: FxHashMap<NodeKey<'_>, u32> = FxHashMap::default();
        for (id, node) in cluster.nodes.ids() {
            let class = *classes.entry(mentioned.key(node, &other)).or_insert_with(|| {
                nodes.push(Vec::new());
                nodes.len() as u32 - 1
            });
            nodes[class as usize].push(id);
            class_of_node.push(class);
        }
        let every: Vec<u32> = (0..nodes.len() as u32).collect();
        let mut fits = Vec::new();
        let mut fitting = vec![Vec::new(); nodes.len()];
        for (at, one) in ask.iter().enumerate() {
            let pinned = one.pinned().map(|names| {
                let ids = names.iter().filter_map(|name| cluster.nodes.find("", name));
                let mut found: Vec<u32> = ids.map(|id| class_of_node[id.index()]).collect();
                found.sort_unstable();
                found.dedup();
                found
            });
            let mut found = pinned.unwrap_or_else(|| every.clone());
            found.retain(|class| one.fits(&cluster.nodes[nodes[*class as usize][0]]));
            for &class in &found {
                fitting[class as usize].push(at as u32);
            }
            fits.push(found);
        }
        Self { class_of_node, nodes, class_of_ask, asks: members, ask, fits, fitting }
    }

    /// Decides for the units of a cluster: ask `n` is that of `units[n]`.
    #[must_use]
    pub fn of_units(cluster: &Cluster, units: &[Unit]) -> Self {
        Self::new(
            cluster,
            units.iter().map(|unit| {
                Ask::of(&unit.spec, unit.owner.as_ref().map(|(kind, _)| *kind), cluster)
            }),
        )
    }

    /// The same where every node gives itself what labels it may (see [`Ask::drawn`]).
    #[must_use]
    pub fn drawn(cluster: &Cluster, units: &[Unit]) -> Self {
        Self::new(
            cluster,
            units.iter().map(|unit| {
                Ask::of(&unit.spec, unit.owner.as_ref().map(|(kind, _)| *kind), cluster).drawn()
            }),
        )
    }

    /// An ask by its position.
    #[must_use]
    pub fn ask(&self, at: usize) -> &Ask {
        &self.ask[self.class_of_ask[at] as usize]
    }

    /// The nodes that the ask can be placed on, in order.
    #[must_use]
    pub fn nodes_of(&self, at: usize) -> Vec<Id<Node>> {
        let classes = &self.fits[self.class_of_ask[at] as usize];
        let mut found: Vec<Id<Node>> =
            classes.iter().flat_map(|class| self.nodes[*class as usize].iter().copied()).collect();
        found.sort();
        found
    }

    /// Positions of the asks that can be placed on the node, in order.
    #[must_use]
    pub fn asks_on(&self, node: Id<Node>) -> Vec<usize> {
        let classes = &self.fitting[self.class_of_node[node.index()] as usize];
        let members = classes.iter().flat_map(|class| self.asks[*class as usize].iter());
        let mut found: Vec<usize> = members.map(|at| *at as usize).collect();
        found.sort_unstable();
        found
    }

    /// Whether the ask can be placed on the node.
    #[must_use]
    pub fn fits(&self, at: usize, node: Id<Node>) -> bool {
        let class = self.class_of_node[node.index()];
        self.fits[self.class_of_ask[at] as usize].binary_search(&class).is_ok()
    }

    /// The first node that both asks can be placed on, other pods aside.
    #[must_use]
    pub fn meeting(&self, a: usize, b: usize) -> Option<Id<Node>> {
        let (a, b) = (self.class_of_ask[a] as usize, self.class_of_ask[b] as usize);
        let other = &self.fits[b];
        let common = self.fits[a].iter().filter(|class| other.binary_search(class).is_ok());
        common.map(|class| self.nodes[*class as usize][0]).min()
    }

    /// A node on which pods of both units can run together (SCH-01): both can be placed there
    /// and neither refuses the other. `units` are those the placements were made of.
    #[must_use]
    pub fn shared(
        &self,
        cluster: &Cluster,
        units: &[Unit],
        a: usize,
        b: usize,
    ) -> Option<Id<Node>> {
        let (one, two) = (Side::of(&units[a]), Side::of(&units[b]));
        let other = &self.fits[self.class_of_ask[b] as usize];
        let common = self.fits[self.class_of_ask[a] as usize].iter();
        let mut common = common.filter(|class| other.binary_search(class).is_ok());
        let first = |class: &u32| self.nodes[*class as usize][0];
        common
            .find(|class| !kept_apart(&one, &two, &cluster.nodes[first(class)], cluster))
            .map(first)
    }

    /// Of the asks that can be placed where this one can, the first that `wanted` accepts.
    pub(super) fn neighbour(&self, at: usize, wanted: &dyn Fn(usize) -> bool) -> Option<usize> {
        let classes = &self.fits[self.class_of_ask[at] as usize];
        let asks = classes.iter().flat_map(|class| self.fitting[*class as usize].iter());
        let mut asks: Vec<u32> = asks.copied().collect();
        asks.sort_unstable();
        asks.dedup();
        let mut members = asks.iter().flat_map(|ask| self.asks[*ask as usize].iter());
        members.find(|other| wanted(**other as usize)).map(|other| *other as usize)
    }

    /// The nodes of each class that no ask tells apart, in order.
    #[must_use]
    pub fn node_classes(&self) -> &[Vec<Id<Node>>] {
        &self.nodes
    }

    /// For a class of nodes, the classes of asks that can be placed there.
    #[must_use]
    pub fn fitting(&self, class: usize) -> &[u32] {
        &self.fitting[class]
    }

    /// Positions of the asks of each class, in order.
    #[must_use]
    pub fn ask_classes(&self) -> &[Vec<u32>] {
        &self.asks
    }

    /// How many classes of asks and of nodes there are.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.ask.len(), self.nodes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::{ClusterBuilder, Object, PodSpec, SourceKind};

    fn cluster(nodes: &[String]) -> Cluster {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        for json in nodes {
            builder.add(Object::read_as("v1", "Node", json.as_bytes()).expect("a node"));
        }
        builder.freeze()
    }

    fn node(name: &str, pool: &str, taints: &str) -> String {
        format!(
            r#"{{"metadata":{{"name":"{name}","labels":{{"pool":"{pool}","cores":"8",
                "kubernetes.io/hostname":"{name}"}}}},"spec":{{"taints":{taints}}}}}"#
        )
    }

    fn asks(cluster: &Cluster, specs: &[String]) -> Vec<Ask> {
        let read = |json: &String| serde_json::from_str::<PodSpec>(json).expect("specification");
        specs.iter().map(|json| Ask::of(&read(json), None, cluster)).collect()
    }

    /// Every constraint that classes could get wrong, against every node one by one.
    #[test]
    fn classes_change_no_answer() {
        let taint = r#"[{"key":"k","value":"v","effect":"NoSchedule"}]"#;
        let mut nodes = Vec::new();
        for at in 0..12 {
            let pool = ["a", "b", "c", ""][at % 4];
            nodes.push(node(&format!("n{at:02}"), pool, if at % 3 == 0 { taint } else { "[]" }));
        }
        let cluster = cluster(&nodes);
        let affinity = |need: &str| {
            format!(
                r#"{{"affinity":{{"nodeAffinity":{{
                    "requiredDuringSchedulingIgnoredDuringExecution":{{"nodeSelectorTerms":[
                    {need}]}}}}}}}}"#
            )
        };
        let label = |key: &str, operator: &str, values: &str| {
            affinity(&format!(
                r#"{{"matchExpressions":[{{"key":"{key}","operator":"{operator}",
                    "values":{values}}}]}}"#
            ))
        };
        let name = |operator: &str, name: &str| {
            format!(
                r#"{{"matchFields":[{{"key":"metadata.name","operator":"{operator}",
                    "values":["{name}"]}}]}}"#
            )
        };
        let specs = vec![
            "{}".to_owned(),
            r#"{"nodeSelector":{"pool":"a"}}"#.to_owned(),
            r#"{"nodeSelector":{"pool":"none"}}"#.to_owned(),
            r#"{"nodeSelector":{"kubernetes.io/hostname":"n03"}}"#.to_owned(),
            r#"{"nodeName":"n04"}"#.to_owned(),
            r#"{"tolerations":[{"operator":"Exists"}]}"#.to_owned(),
            label("pool", "NotIn", r#"["a"]"#),
            label("pool", "In", r#"[""]"#),
            label("pool", "Exists", "[]"),
            label("cores", "Gt", r#"["7"]"#),
            label("cores", "Lt", r#"["7"]"#),
            affinity(&name("In", "n05")),
            affinity(&name("NotIn", "n05")),
            affinity(&format!("{},{}", name("In", "n01"), name("In", "gone"))),
            affinity(&format!("{},{{}}", name("In", "n01"))),
        ];
        let asks = asks(&cluster, &specs);
        let placements = Placements::new(&cluster, asks.clone());
        let mut some = 0;
        for (at, ask) in asks.iter().enumerate() {
            let naive: Vec<Id<Node>> =
                cluster.nodes.ids().filter(|(_, n)| ask.fits(n)).map(|(id, _)| id).collect();
            some += naive.len();
            assert_eq!(placements.nodes_of(at), naive, "{}", specs[at]);
            for (id, node) in cluster.nodes.ids() {
                assert_eq!(placements.fits(at, id), ask.fits(node), "{}", specs[at]);
                assert_eq!(placements.asks_on(id).contains(&at), ask.fits(node), "{}", specs[at]);
            }
            for (other, second) in asks.iter().enumerate() {
                let naive = cluster.nodes.ids().find(|(_, n)| ask.fits(n) && second.fits(n));
                assert_eq!(placements.meeting(at, other).is_some(), naive.is_some());
            }
        }
        assert!(some > 50, "the nodes are not all refused");
    }

    #[test]
    fn equal_pods_and_equal_nodes_are_one_class() {
        let nodes: Vec<String> = (0..100).map(|at| node(&format!("n{at}"), "a", "[]")).collect();
        let cluster = cluster(&nodes);
        let specs = vec![r#"{"nodeSelector":{"pool":"a"}}"#.to_owned(); 1000];
        let placements = Placements::new(&cluster, asks(&cluster, &specs));
        assert_eq!(placements.size(), (1, 1));
        assert_eq!(placements.nodes_of(999).len(), 100);
    }
}
