//! Builds the graph: interns positions, collects edges with their reasons.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use ringfort_graph::{Edge, Graph, GraphBuilder, Kind, NodeId};
use ringfort_isolation::Effect;
use ringfort_model::Str;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::context::Context;
use crate::node::{NodeKey, Scope, Subject};
use crate::technique::{Confidence, Difficulty, Technique, Zone};
use crate::why::Why;

/// What is kept about an edge beside its ends.
#[derive(Clone, Copy, Debug)]
pub struct EdgeInfo<'a> {
    /// The technique, as an index into [`crate::techniques::ALL`]; `None` for structure:
    /// a binding's role, a power's objects, membership.
    pub technique: Option<u16>,
    /// Difficulty after discounts.
    pub difficulty: Difficulty,
    /// How sure it is.
    pub confidence: Confidence,
    /// A control that weakens or may weaken the edge, for the reader.
    pub note: Option<&'a str>,
    /// Ids of its conjuncts.
    pub why_ids: &'a [WhyId],
    whys: &'a [Why],
}

impl<'a> EdgeInfo<'a> {
    /// Conjuncts: removing any one removes the edge.
    pub fn why(&self) -> impl Iterator<Item = &'a Why> {
        let whys = self.whys;
        self.why_ids.iter().map(move |id| &whys[id.0 as usize])
    }
}

/// A reason by its number: equal reasons have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WhyId(u32);

/// What is kept about all edges, in the order of their ids. A cluster has many more edges than
/// reasons, so that each reason is kept once.
#[derive(Debug, Default)]
pub(crate) struct Edges {
    rows: Vec<Row>,
    why_ids: Vec<WhyId>,
    whys: Vec<Why>,
    notes: Vec<Box<str>>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    technique: Option<u16>,
    difficulty: Difficulty,
    confidence: Confidence,
    /// End of its ids in `why_ids`; they begin where those of the row before end.
    end: u32,
    /// Index into `notes` plus one; 0 for none.
    note: u32,
}

impl Edges {
    pub(crate) fn get(&self, at: usize) -> EdgeInfo<'_> {
        let row = self.rows[at];
        EdgeInfo {
            technique: row.technique,
            difficulty: row.difficulty,
            confidence: row.confidence,
            note: row.note.checked_sub(1).map(|at| &*self.notes[at as usize]),
            why_ids: self.ids(at),
            whys: &self.whys,
        }
    }

    pub(crate) fn why(&self, id: WhyId) -> &Why {
        &self.whys[id.0 as usize]
    }

    fn ids(&self, at: usize) -> &[WhyId] {
        let from = at.checked_sub(1).map_or(0, |before| self.rows[before].end);
        &self.why_ids[from as usize..self.rows[at].end as usize]
    }
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
        if self.confidence != Confidence::Unknown {
            self.confidence = Confidence::UnverifiedControl;
            self.note = Some(control.into());
        }
        self
    }
    /// Marks that a condition of the edge lies outside what was read, and names the fact that
    /// would decide it.
    #[must_use]
    pub fn unknown(mut self, fact: impl Into<String>) -> Self {
        self.confidence = Confidence::Unknown;
        self.note = Some(fact.into());
        self
    }
    /// Adds a remark that changes nothing.
    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
    /// Applies a control that at most weakens the edge (TEC-05): one that works makes it harder,
    /// one without effect is noted, and where that is not known the edge is unverified. What was
    /// said of the edge before stays.
    #[must_use]
    pub fn against(mut self, technique: &Technique, effect: &Effect, control: &str) -> Self {
        let before = self.note.take();
        let was_unknown = self.confidence == Confidence::Unknown;
        let mut draft = match effect {
            Effect::Absent => self,
            Effect::Effective => self.weakened(technique, control),
            Effect::PresentNotEffective(reason) => self.noted(reason.clone()),
            Effect::Unknown(missing) if was_unknown => self.noted(missing.join("; ")),
            Effect::Unknown(missing) => self.unverified(missing.join("; ")),
        };
        draft.note = match (before, draft.note.take()) {
            (Some(before), Some(now)) if before != now => Some(format!("{before}; {now}")),
            (before, now) => now.or(before),
        };
        draft
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
    /// What this is a part of: its nodes are known here, and own ones are numbered on from them.
    whole: Option<&'a Maker<'a>>,
    nodes: HashTable<NodeId>,
    keys: Vec<NodeKey>,
    arcs: Vec<Edge>,
    edges: Edges,
    known_whys: HashTable<WhyId>,
    known_notes: HashTable<u32>,
    /// The latest edge between two nodes of the technique that is being evaluated, and of
    /// structure; for each edge the one before it between the same.
    latest: FxHashMap<(NodeId, NodeId), u32>,
    latest_structure: FxHashMap<(NodeId, NodeId), u32>,
    before: Vec<u32>,
    /// The positions whose AND nodes have a name, by technique and name.
    named: FxHashMap<(&'static str, Str), NodeKey>,
    current: Option<u16>,
    /// Whether anything but the ends of the edges is kept.
    reasons: bool,
}

/// What a part of the graph came to, see [`Maker::part`].
pub(crate) struct Part {
    keys: Vec<NodeKey>,
    arcs: Vec<Edge>,
    edges: Edges,
}

/// What the maker hands over.
pub(crate) struct Made {
    pub(crate) graph: Graph,
    pub(crate) nodes: HashTable<NodeId>,
    pub(crate) keys: Vec<NodeKey>,
    pub(crate) edges: Edges,
}

pub(crate) fn hash_of(value: &(impl Hash + ?Sized)) -> u64 {
    FxBuildHasher.hash_one(value)
}

const NO_EDGE: u32 = u32::MAX;

/// That an equal edge is there already.
struct Known;

impl<'a> Maker<'a> {
    /// `size` is how many nodes and edges are expected.
    pub(crate) fn new(context: &'a Context<'a>, reasons: bool, size: (usize, usize)) -> Self {
        Self {
            context,
            whole: None,
            nodes: HashTable::with_capacity(size.0),
            keys: Vec::with_capacity(size.0),
            arcs: Vec::with_capacity(size.1),
            edges: Edges::default(),
            known_whys: HashTable::new(),
            named: FxHashMap::default(),
            known_notes: HashTable::new(),
            latest: FxHashMap::default(),
            latest_structure: FxHashMap::default(),
            before: Vec::new(),
            current: None,
            reasons,
        }
    }

    /// Whether anything but the ends of the edges is kept.
    pub(crate) fn keeps_reasons(&self) -> bool {
        self.reasons
    }

    /// Says which technique the edges that follow belong to.
    pub(crate) fn start(&mut self, technique: Option<usize>) {
        // Edges of other techniques are never equal to those to come.
        self.latest.clear();
        self.current = technique.map(|at| at as u16);
    }

    /// A maker of a part, which can be filled beside others. It knows what was drawn before, and
    /// not what the others draw.
    pub(crate) fn part(&self) -> Maker<'_> {
        let mut part = Maker::new(self.context, self.reasons, (0, 0));
        part.whole = Some(self);
        part
    }

    /// Ends a part.
    pub(crate) fn end(self) -> Part {
        Part { keys: self.keys, arcs: self.arcs, edges: self.edges }
    }

    /// Takes a part in, as if its edges had been added here, in their order. Parts must not
    /// share a technique, and know the nodes that were there when the first of them was begun:
    /// the first `before`.
    pub(crate) fn take(&mut self, part: Part, before: usize) {
        let nodes: Vec<NodeId> = part.keys.into_iter().map(|key| self.own(key)).collect();
        let node = |id: NodeId| id.index().checked_sub(before).map_or(id, |own| nodes[own]);
        let Edges { rows, why_ids, whys, notes } = part.edges;
        let whys: Vec<WhyId> = whys.into_iter().map(|why| self.why(why)).collect();
        let notes: Vec<u32> = notes.into_iter().map(|note| self.note(note.into())).collect();
        self.edges.rows.reserve(rows.len());
        let mut from = 0;
        for (arc, row) in part.arcs.into_iter().zip(rows) {
            let start = self.edges.why_ids.len();
            let own = &why_ids[from..row.end as usize];
            self.edges.why_ids.extend(own.iter().map(|id| whys[id.0 as usize]));
            from = row.end as usize;
            let note = row.note.checked_sub(1).map_or(0, |at| notes[at as usize]);
            let arc = Edge { from: node(arc.from), to: node(arc.to), weight: arc.weight };
            let row = Row { note, ..row };
            if row.technique.is_some() {
                // No other part has edges of the technique.
                self.push(arc, row, NO_EDGE);
            } else if let Ok(before) = self.equal(&arc, &row, start) {
                let label = self.push(arc, row, before);
                self.latest_structure.insert((arc.from, arc.to), label);
            }
        }
    }

    /// The technique that is being evaluated.
    #[must_use]
    pub(crate) fn technique(&self) -> Option<&'static Technique> {
        self.current.map(|at| crate::techniques::ALL[at as usize])
    }

    /// The position's node; AND keys become AND nodes.
    pub fn node(&mut self, key: &NodeKey) -> NodeId {
        match self.find(key) {
            Ok(known) => known,
            Err(hash) => self.insert(hash, key.clone()),
        }
    }

    fn own(&mut self, key: NodeKey) -> NodeId {
        match self.find(&key) {
            Ok(known) => known,
            Err(hash) => self.insert(hash, key),
        }
    }

    /// The node of a position, or the position's hash.
    fn find(&self, key: &NodeKey) -> Result<NodeId, u64> {
        let hash = hash_of(key);
        let of = |maker: &Self| {
            let first = maker.first();
            let known = maker.nodes.find(hash, |id| maker.keys[id.index() - first] == *key);
            known.copied()
        };
        self.whole.and_then(of).or_else(|| of(self)).ok_or(hash)
    }

    fn insert(&mut self, hash: u64, key: NodeKey) -> NodeId {
        let first = self.first();
        let id = u32::try_from(first + self.keys.len()).expect("fewer than 2^32 nodes");
        self.keys.push(key);
        let keys = &self.keys;
        self.nodes.insert_unique(hash, NodeId(id), |id| hash_of(&keys[id.index() - first]));
        NodeId(id)
    }

    /// The number of the first own node.
    fn first(&self) -> usize {
        self.whole.map_or(0, Maker::node_count)
    }

    /// How many positions are known.
    pub(crate) fn node_count(&self) -> usize {
        self.first() + self.keys.len()
    }

    fn known_keys(&self) -> impl Iterator<Item = &NodeKey> {
        let before = self.whole.map_or(&[][..], |whole| &whole.keys);
        before.iter().chain(&self.keys)
    }

    /// Whether some edge or structure already mentions the position.
    #[must_use]
    pub fn has(&self, key: &NodeKey) -> bool {
        self.find(key).is_ok()
    }

    /// Positions beside the cluster's objects of one sort, sorted.
    #[must_use]
    pub fn outside(&self, sort: &str) -> std::collections::BTreeSet<NodeKey> {
        let of_sort = |key: &&NodeKey| matches!(key, NodeKey::Outside(own, _) if *own == sort);
        self.known_keys().filter(of_sort).cloned().collect()
    }

    /// Data in folders of nodes that something leads to, sorted.
    #[must_use]
    pub fn host_data(&self) -> std::collections::BTreeSet<NodeKey> {
        let data = self.known_keys().filter(|key| matches!(key, NodeKey::HostData(..)));
        data.cloned().collect()
    }

    /// The scopes in which a power is held by somebody, sorted.
    #[must_use]
    pub fn scopes_of(&self, power: crate::node::Power) -> std::collections::BTreeSet<Scope> {
        let keys = self.known_keys().filter_map(|key| match key {
            NodeKey::Power(held, scope) if *held == power => Some(scope.clone()),
            _ => None,
        });
        keys.collect()
    }

    /// Identities that something leads to or from, sorted.
    #[must_use]
    pub fn subjects(&self) -> std::collections::BTreeSet<Subject> {
        let keys = self.known_keys().filter_map(|key| match key {
            NodeKey::Subject(subject) => Some(subject.clone()),
            _ => None,
        });
        keys.collect()
    }

    /// Repositories of source and of images that others deploy from, sorted.
    #[must_use]
    pub fn pushed(&self) -> std::collections::BTreeSet<NodeKey> {
        let push =
            |key: &&NodeKey| matches!(key, NodeKey::Repository(_) | NodeKey::RegistryRepository(_));
        self.known_keys().filter(push).cloned().collect()
    }

    /// The principals outside the cluster that somebody may take, sorted.
    #[must_use]
    pub fn principals(&self) -> std::collections::BTreeSet<NodeKey> {
        let keys = self.known_keys().filter(|key| matches!(key, NodeKey::Principal(..)));
        keys.cloned().collect()
    }

    /// Adds an edge of the technique that is being evaluated.
    pub fn edge(&mut self, draft: Draft) {
        let own = self.technique().map_or(Difficulty::D0, |t| t.difficulty);
        self.add(self.current, own, draft);
    }

    /// Adds edges of the technique that is being evaluated which rest on a fact that nothing
    /// among the objects points at: they meet in an AND node with a [`NodeKey::Fact`], which
    /// nobody holds unless somebody assumes it. So the edges exist and are reported as
    /// unknown, and no path passes them by default.
    pub fn assuming(
        &mut self,
        fact: &'static str,
        from: impl IntoIterator<Item = Draft>,
        to: NodeKey,
    ) {
        let Some(at) = self.current else { return };
        let id = crate::techniques::ALL[at as usize].id;
        let text = self.name_of(id, &to);
        let met = NodeKey::Conjunct(id, text.clone());
        let mut any = false;
        for mut draft in from {
            draft.to = met.clone();
            draft.difficulty = Some(Difficulty::D0);
            self.add(None, Difficulty::D0, draft);
            any = true;
        }
        if any {
            let all = NodeKey::And(id, text);
            self.structure(met, all.clone(), []);
            self.structure(NodeKey::Fact(id), all.clone(), []);
            self.edge(Draft::new(all, to).because(Why::Missing(fact)).unknown(fact));
        }
    }

    /// The same from one position to several: they share the AND node, so that it must be the
    /// only one of that name.
    pub fn assuming_each(
        &mut self,
        fact: &'static str,
        from: NodeKey,
        to: impl IntoIterator<Item = NodeKey>,
    ) {
        let Some(at) = self.current else { return };
        let id = crate::techniques::ALL[at as usize].id;
        let all = NodeKey::And(id, self.name_of(id, &from));
        debug_assert!(!self.has(&all), "every edge into an AND node is a condition");
        self.structure(from, all.clone(), []);
        self.structure(NodeKey::Fact(id), all.clone(), []);
        for end in to {
            self.edge(Draft::new(all.clone(), end).because(Why::Missing(fact)).unknown(fact));
        }
    }

    /// A name for the AND node at a position. Units of one owner have one id: of these the first
    /// has it, the others are counted, in the order of units.
    fn name_of(&mut self, id: &'static str, key: &NodeKey) -> Str {
        let plain = crate::ids::plain_name(self.context, key);
        let mut name = plain.clone();
        for count in 2u32.. {
            let known = self.named.entry((id, name.clone())).or_insert_with(|| key.clone());
            if known == key {
                break;
            }
            name = Str::from(format!("{plain}#{count}"));
        }
        name
    }

    /// Adds an edge that needs no act: structure such as a power's objects.
    pub fn structure(&mut self, from: NodeKey, to: NodeKey, why: impl IntoIterator<Item = Why>) {
        self.add(None, Difficulty::D0, Draft::new(from, to).because_all(why));
    }

    /// The same behind a control whose effect cannot be decided.
    pub fn doubtful(
        &mut self,
        from: NodeKey,
        to: NodeKey,
        why: impl IntoIterator<Item = Why>,
        control: &str,
    ) {
        let draft = Draft::new(from, to).because_all(why).unverified(control);
        self.add(None, Difficulty::D0, draft);
    }

    /// The same on a fact that lies outside what was read.
    pub fn perhaps(
        &mut self,
        from: NodeKey,
        to: NodeKey,
        why: impl IntoIterator<Item = Why>,
        fact: &str,
    ) {
        let draft = Draft::new(from, to).because_all(why).unknown(fact);
        self.add(None, Difficulty::D0, draft);
    }

    fn add(&mut self, technique: Option<u16>, own: Difficulty, mut draft: Draft) {
        if draft.from == draft.to {
            return;
        }
        let from = self.node(&draft.from);
        let to = self.node(&draft.to);
        let difficulty = draft.difficulty.unwrap_or(own);
        let arc = Edge { from, to, weight: difficulty.weight() };
        if !self.reasons {
            // What is reached does not depend on how many edges lead there.
            if self.latest_of(technique).insert((from, to), 0).is_none() {
                self.arcs.push(arc);
            }
            return;
        }
        // A role that no source holds is an assumption, and so is what follows from it.
        let rests = |why: &Why| why.role().is_some_and(|role| self.context.is_assumed(role));
        if draft.confidence == Confidence::Proven && draft.why.iter().any(rests) {
            draft.confidence = Confidence::AssumedDefault;
        }
        let start = self.edges.why_ids.len();
        for why in draft.why {
            let id = self.why(why);
            self.edges.why_ids.push(id);
        }
        let confidence = draft.confidence;
        let mut row = Row { technique, difficulty, confidence, end: 0, note: 0 };
        let Ok(before) = self.equal(&arc, &row, start) else { return };
        row.note = draft.note.map_or(0, |note| self.note(note));
        let label = self.push(arc, row, before);
        self.latest_of(technique).insert((from, to), label);
    }

    fn latest_of(&mut self, technique: Option<u16>) -> &mut FxHashMap<(NodeId, NodeId), u32> {
        match technique {
            Some(_) => &mut self.latest,
            None => &mut self.latest_structure,
        }
    }

    /// Whether there is an equal edge, from overlapping grants: then the reasons that were
    /// pushed from `start` on are taken back. Else the latest edge between the same nodes.
    fn equal(&mut self, arc: &Edge, row: &Row, start: usize) -> Result<u32, Known> {
        let latest = self.latest_of(row.technique).get(&(arc.from, arc.to)).copied();
        let latest = latest.unwrap_or(NO_EDGE);
        let mut known = latest;
        while known != NO_EDGE {
            let other = self.edges.rows[known as usize];
            if other.technique == row.technique
                && other.difficulty == row.difficulty
                && *self.edges.ids(known as usize) == self.edges.why_ids[start..]
            {
                self.edges.why_ids.truncate(start);
                return Err(Known);
            }
            known = self.before[known as usize];
        }
        Ok(latest)
    }

    /// Adds an edge whose reasons are the last that were pushed, and gives its number.
    fn push(&mut self, arc: Edge, row: Row, before: u32) -> u32 {
        let label = u32::try_from(self.edges.rows.len()).expect("fewer than 2^32 edges");
        let end = u32::try_from(self.edges.why_ids.len()).expect("fewer than 2^32 reasons");
        self.before.push(before);
        self.arcs.push(arc);
        self.edges.rows.push(Row { end, ..row });
        label
    }

    /// The number of a remark plus one: equal remarks have one.
    fn note(&mut self, note: String) -> u32 {
        let (hash, notes) = (hash_of(&*note), &mut self.edges.notes);
        if let Some(known) = self.known_notes.find(hash, |at| *notes[*at as usize] == *note) {
            return known + 1;
        }
        let at = u32::try_from(notes.len()).expect("fewer than 2^32 remarks");
        notes.push(note.into_boxed_str());
        self.known_notes.insert_unique(hash, at, |at| hash_of(&*notes[*at as usize]));
        at + 1
    }

    fn why(&mut self, why: Why) -> WhyId {
        let (hash, whys) = (hash_of(&why), &mut self.edges.whys);
        if let Some(known) = self.known_whys.find(hash, |id| whys[id.0 as usize] == why) {
            return *known;
        }
        let id = WhyId(u32::try_from(whys.len()).expect("fewer than 2^32 reasons"));
        whys.push(why);
        self.known_whys.insert_unique(hash, id, |id| hash_of(&whys[id.0 as usize]));
        id
    }

    pub(crate) fn finish(mut self) -> Made {
        self.keys.shrink_to_fit();
        self.edges.rows.shrink_to_fit();
        self.edges.why_ids.shrink_to_fit();
        self.edges.whys.shrink_to_fit();
        let kinds = self.keys.iter().map(|key| match key {
            NodeKey::And(..) => Kind::And,
            _ => Kind::Or,
        });
        let graph = GraphBuilder::of(kinds.collect(), self.arcs).build();
        Made { graph, nodes: self.nodes, keys: self.keys, edges: self.edges }
    }
}

/// The zone of an edge: its technique's, or in-cluster for structure.
#[must_use]
pub fn zone_of(info: &EdgeInfo<'_>) -> Zone {
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
