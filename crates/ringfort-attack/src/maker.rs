//! Builds the graph: interns positions, collects edges with their reasons.

use ringfort_graph::{EdgeId, GraphBuilder, Kind, NodeId};
use rustc_hash::FxHashMap;

use crate::context::Context;
use crate::node::{NodeKey, Scope};
use crate::technique::{Confidence, Difficulty, Technique, Zone};
use crate::why::Why;

/// What is kept about an edge beside its ends.
#[derive(Clone, Debug)]
pub struct EdgeInfo {
    /// The technique, as an index into [`crate::techniques::ALL`]; `None` for structure:
    /// a binding's role, a power's objects, membership.
    pub technique: Option<u16>,
    /// Difficulty after discounts.
    pub difficulty: Difficulty,
    /// How sure it is.
    pub confidence: Confidence,
    /// Conjuncts: removing any one removes the edge.
    pub why: Box<[Why]>,
    /// A control that weakens or may weaken the edge, for the reader.
    pub note: Option<Box<str>>,
}

/// An edge while it is being described.
#[derive(Clone, Debug)]
pub struct Draft {
    from: NodeKey,
    to: NodeKey,
    difficulty: Option<Difficulty>,
    confidence: Confidence,
    why: Vec<Why>,
    note: Option<String>,
}

impl Draft {
    /// An edge between two positions.
    #[must_use]
    pub fn new(from: NodeKey, to: NodeKey) -> Self {
        Self {
            from,
            to,
            difficulty: None,
            confidence: Confidence::Proven,
            why: Vec::new(),
            note: None,
        }
    }
    /// Adds a conjunct.
    #[must_use]
    pub fn because(mut self, why: Why) -> Self {
        self.why.push(why);
        self
    }
    /// Adds conjuncts.
    #[must_use]
    pub fn because_all(mut self, why: impl IntoIterator<Item = Why>) -> Self {
        self.why.extend(why);
        self
    }
    /// Sets a difficulty other than the technique's.
    #[must_use]
    pub fn difficulty(mut self, difficulty: Difficulty) -> Self {
        self.difficulty = Some(difficulty);
        self
    }
    /// Makes the edge one class harder for a control that weakens it.
    #[must_use]
    pub fn weakened(mut self, technique: &Technique, by: impl Into<String>) -> Self {
        let now = self.difficulty.unwrap_or(technique.difficulty);
        self.difficulty = Some(now.harder());
        self.note = Some(by.into());
        self
    }
    /// Marks what could not be decided about a control in the way.
    #[must_use]
    pub fn unverified(mut self, control: impl Into<String>) -> Self {
        self.confidence = Confidence::UnverifiedControl;
        self.note = Some(control.into());
        self
    }
    /// Adds a remark that changes nothing.
    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
    /// Marks that an insecure upstream default was assumed.
    #[must_use]
    pub fn assumed(mut self, default: impl Into<String>) -> Self {
        if self.confidence == Confidence::Proven {
            self.confidence = Confidence::AssumedDefault;
        }
        self.note = Some(default.into());
        self
    }
}

/// Collects nodes and edges.
pub struct Maker<'a> {
    /// What the edges are about.
    pub context: &'a Context<'a>,
    builder: GraphBuilder,
    nodes: FxHashMap<NodeKey, NodeId>,
    keys: Vec<NodeKey>,
    edges: Vec<EdgeInfo>,
    seen: FxHashMap<u64, Vec<(NodeId, NodeId, u32)>>,
    current: Option<u16>,
}

/// What the maker hands over.
pub(crate) struct Made {
    pub(crate) builder: GraphBuilder,
    pub(crate) nodes: FxHashMap<NodeKey, NodeId>,
    pub(crate) keys: Vec<NodeKey>,
    pub(crate) edges: Vec<EdgeInfo>,
}

impl<'a> Maker<'a> {
    pub(crate) fn new(context: &'a Context<'a>) -> Self {
        Self {
            context,
            builder: GraphBuilder::new(),
            nodes: FxHashMap::default(),
            keys: Vec::new(),
            edges: Vec::new(),
            seen: FxHashMap::default(),
            current: None,
        }
    }

    /// Says which technique the edges that follow belong to.
    pub(crate) fn start(&mut self, technique: Option<usize>) {
        self.current = technique.map(|at| at as u16);
    }

    /// The position's node; AND keys become AND nodes.
    pub fn node(&mut self, key: &NodeKey) -> NodeId {
        if let Some(&known) = self.nodes.get(key) {
            return known;
        }
        let kind = if matches!(key, NodeKey::And(..)) { Kind::And } else { Kind::Or };
        let id = self.builder.add_node(kind);
        self.nodes.insert(key.clone(), id);
        self.keys.push(key.clone());
        id
    }

    /// Whether some edge or structure already mentions the position.
    #[must_use]
    pub fn has(&self, key: &NodeKey) -> bool {
        self.nodes.contains_key(key)
    }

    /// The scopes in which a power is held by somebody, sorted.
    #[must_use]
    pub fn scopes_of(&self, power: crate::node::Power) -> std::collections::BTreeSet<Scope> {
        let keys = self.keys.iter().filter_map(|key| match key {
            NodeKey::Power(held, scope) if *held == power => Some(scope.clone()),
            _ => None,
        });
        keys.collect()
    }

    /// Adds an edge of the technique that is being evaluated.
    pub fn edge(&mut self, draft: Draft) {
        let technique = self.current.map(|at| crate::techniques::ALL[at as usize]);
        let own = technique.map_or(Difficulty::D0, |t| t.difficulty);
        self.add(self.current, own, draft);
    }

    /// Adds an edge that needs no act: structure such as a power's objects.
    pub fn structure(&mut self, from: NodeKey, to: NodeKey, why: impl IntoIterator<Item = Why>) {
        self.add(None, Difficulty::D0, Draft::new(from, to).because_all(why));
    }

    fn add(&mut self, technique: Option<u16>, own: Difficulty, draft: Draft) {
        if draft.from == draft.to {
            return;
        }
        let from = self.node(&draft.from);
        let to = self.node(&draft.to);
        let info = EdgeInfo {
            technique,
            difficulty: draft.difficulty.unwrap_or(own),
            confidence: draft.confidence,
            why: draft.why.into_boxed_slice(),
            note: draft.note.map(String::into_boxed_str),
        };
        // Equal edges from overlapping grants are one edge.
        let bucket = (u64::from(from.0) << 32) | u64::from(to.0);
        let known = self.seen.entry(bucket).or_default();
        let same = known.iter().any(|&(_, _, at)| {
            let other = &self.edges[at as usize];
            other.technique == info.technique
                && other.why == info.why
                && other.difficulty == info.difficulty
        });
        if same {
            return;
        }
        let label = u32::try_from(self.edges.len()).expect("fewer than 2^32 edges");
        known.push((from, to, label));
        let id = self.builder.add_edge(from, to, info.difficulty.weight());
        debug_assert_eq!(id, EdgeId(label), "edges and their records have one numbering");
        self.edges.push(info);
    }

    pub(crate) fn finish(self) -> Made {
        Made { builder: self.builder, nodes: self.nodes, keys: self.keys, edges: self.edges }
    }
}

/// The zone of an edge: its technique's, or in-cluster for structure.
#[must_use]
pub fn zone_of(info: &EdgeInfo) -> Zone {
    info.technique.map_or(Zone::InCluster, |at| crate::techniques::ALL[at as usize].zone)
}

/// The namespace of a scope, for keys.
#[must_use]
pub fn scope_text(scope: &Scope) -> &str {
    match scope {
        Scope::Cluster => "",
        Scope::Namespace(name) => name,
    }
}
