//! The attack graph of one cluster: vectors, techniques, impacts, and the questions about it.

use std::sync::{Arc, OnceLock};

use hashbrown::HashTable;
use ringfort_authz::{Authz, NodeAuthorizer};
use ringfort_graph::{
    BitSet, Derivation, EdgeId, Graph, NodeId, easiest_pairs, ranked, reach, reach_pairs,
};
use ringfort_model::Cluster;

use crate::context::{Context, Ground};
use crate::impact::Impact;
use crate::maker::{EdgeInfo, Edges, Made, Maker, WhyId, hash_of};
use crate::node::NodeKey;
use crate::techniques;
use crate::vectors::{self, Instance, State, Vector};
use crate::why::Why;

/// The engines that the graph asks, built once for each cluster.
#[derive(Debug)]
pub struct Engines<'a> {
    /// RBAC.
    pub authz: Authz<'a>,
    /// The node authorizer.
    pub nodes: NodeAuthorizer<'a>,
}

impl<'a> Engines<'a> {
    /// Builds the engines.
    #[must_use]
    pub fn new(cluster: &'a Cluster) -> Self {
        Self { authz: Authz::new(cluster), nodes: NodeAuthorizer::new(cluster) }
    }

    /// The engines of a cluster that was changed, as [`Self::new`] would build them.
    #[must_use]
    pub fn after(before: &Attack<'_>, cluster: &'a Cluster) -> Self {
        let nodes = NodeAuthorizer::after(before.context.nodes, cluster);
        Self { authz: Authz::new(cluster), nodes }
    }
}

/// The attack graph.
pub struct Attack<'a> {
    /// What it was made from.
    pub context: Context<'a>,
    /// The graph.
    pub graph: Graph,
    /// Every vector with its instances.
    pub vectors: Vec<Vector>,
    keys: Vec<NodeKey>,
    nodes: HashTable<NodeId>,
    edges: Edges,
    reached: OnceLock<Vec<BitSet>>,
}

impl<'a> Attack<'a> {
    /// Draws the graph.
    #[must_use]
    pub fn new(cluster: &'a Cluster, engines: &'a Engines<'a>) -> Self {
        Self::draw(Context::new(cluster, &engines.authz, &engines.nodes), true, (0, 0))
    }

    /// The same on ground that was prepared beside the engines.
    #[must_use]
    pub fn on(ground: Ground, cluster: &'a Cluster, engines: &'a Engines<'a>) -> Self {
        Self::draw(
            Context::on(Arc::new(ground), cluster, &engines.authz, &engines.nodes),
            true,
            (0, 0),
        )
    }

    /// Draws the graph with techniques that guess by the shape of objects.
    #[must_use]
    pub fn with_heuristics(cluster: &'a Cluster, engines: &'a Engines<'a>) -> Self {
        let mut context = Context::new(cluster, &engines.authz, &engines.nodes);
        context.heuristics = true;
        Self::draw(context, true, (0, 0))
    }

    /// Draws the graph of a cluster that was changed, as [`Self::new`] would, to ask what is
    /// connected in it: its edges have no reasons ([`Self::edge`] must not be asked). What
    /// rests on objects that both clusters share is not computed again.
    #[must_use]
    pub fn after(before: &Attack<'_>, cluster: &'a Cluster, engines: &'a Engines<'a>) -> Self {
        let mut context = Context::after(&before.context, cluster, &engines.authz, &engines.nodes);
        context.heuristics = before.context.heuristics;
        // A change leaves most of the graph as it is.
        let size = (before.graph.node_count(), before.graph.edge_count());
        Self::draw(context, false, size)
    }

    fn draw(context: Context<'a>, reasons: bool, size: (usize, usize)) -> Self {
        let vectors = vectors::evaluate(&context);
        let made = {
            let mut maker = Maker::new(&context, reasons, size);
            crate::structure::identities(&context, &mut maker);
            for vector in &vectors {
                for instance in &vector.instances {
                    enter(&mut maker, instance);
                }
            }
            techniques::draw(&mut maker);
            crate::structure::powers(&context, &mut maker);
            crate::structure::impacts(&context, &mut maker);
            maker.finish()
        };
        let Made { graph, nodes, keys, edges } = made;
        let reached = OnceLock::new();
        Self { context, graph, vectors, keys, nodes, edges, reached }
    }

    /// The position of a node.
    #[must_use]
    pub fn key(&self, node: NodeId) -> &NodeKey {
        &self.keys[node.index()]
    }

    /// Every position, in the order of its node.
    #[must_use]
    pub fn keys(&self) -> &[NodeKey] {
        &self.keys
    }

    /// The node of a position.
    #[must_use]
    pub fn node(&self, key: &NodeKey) -> Option<NodeId> {
        self.nodes.find(hash_of(key), |id| self.keys[id.index()] == *key).copied()
    }

    /// What is kept about an edge.
    #[must_use]
    pub fn edge(&self, edge: EdgeId) -> EdgeInfo<'_> {
        self.edges.get(edge.index())
    }

    /// The reason of that number.
    #[must_use]
    pub fn why(&self, id: WhyId) -> &Why {
        self.edges.why(id)
    }

    /// Instances of vectors that are not closed and lead somewhere, in the order of vectors.
    pub fn entries(&self) -> impl Iterator<Item = (&Instance, NodeId)> {
        let all = self.vectors.iter().flat_map(|vector| &vector.instances);
        all.filter_map(|instance| {
            let key = NodeKey::Vector(instance.vector, instance.name.clone());
            Some((instance, self.node(&key)?))
        })
    }

    /// The default targets that occur in the graph.
    #[must_use]
    pub fn targets(&self) -> Vec<(Impact, NodeId)> {
        let all = Impact::DEFAULT_TARGETS.into_iter();
        all.filter_map(|impact| Some((impact, self.node(&NodeKey::Impact(impact))?))).collect()
    }

    /// For each of the default [`Self::targets`] the [`Self::entries`], by position, that reach
    /// it, each entry by itself. Asked once.
    pub fn reached(&self) -> &[BitSet] {
        self.reached.get_or_init(|| {
            let entries: Vec<NodeId> = self.entries().map(|(_, node)| node).collect();
            let targets: Vec<NodeId> = self.targets().iter().map(|(_, node)| *node).collect();
            self.pairs(&entries, &targets, &self.no_edges())
        })
    }

    /// For each target the entries, by position in `entries`, that reach it.
    #[must_use]
    pub fn pairs(&self, entries: &[NodeId], targets: &[NodeId], blocked: &BitSet) -> Vec<BitSet> {
        reach_pairs(&self.graph, entries, targets, blocked)
    }

    /// What is reached from some positions.
    #[must_use]
    pub fn reach(&self, from: &[NodeId]) -> BitSet {
        reach(&self.graph, from, &self.no_edges())
    }

    /// The easiest derivations from some positions to another.
    #[must_use]
    pub fn paths(&self, from: &[NodeId], to: NodeId, limit: usize) -> Vec<Derivation> {
        ranked(&self.graph, from, to, &self.no_edges(), limit)
    }

    /// For each entry by itself the easiest derivation to each of the targets that it reaches.
    #[must_use]
    pub fn easiest(&self, entries: &[NodeId], targets: &[NodeId]) -> Vec<Vec<Derivation>> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        easiest_pairs(&self.graph, entries, targets, &self.no_edges(), threads)
            .into_iter()
            .map(|paths| paths.into_iter().flatten().collect())
            .collect()
    }

    /// Secrets that the containers of a unit read from their environment or their volumes.
    #[must_use]
    pub fn secrets_of(&self, unit: u32) -> std::collections::BTreeSet<ringfort_model::Str> {
        let spec = &self.context.units[unit as usize].spec;
        let containers = spec.all_containers();
        let names = containers.flat_map(|(kind, at, container)| {
            crate::draw::secrets_of_container(spec, kind, at, container)
        });
        names.map(|(name, _)| name).collect()
    }

    /// The set of no edges, of the graph's size.
    #[must_use]
    pub fn no_edges(&self) -> BitSet {
        BitSet::new(self.graph.edge_count())
    }
}

fn enter(maker: &mut Maker<'_>, instance: &Instance) {
    let (Some(difficulty), false) = (instance.state.difficulty(), instance.leads.is_empty()) else {
        return;
    };
    let vector = NodeKey::Vector(instance.vector, instance.name.clone());
    let draft = crate::maker::Draft::new(NodeKey::Internet, vector.clone()).difficulty(difficulty);
    let draft = match instance.state {
        State::Unknown => draft.unverified(format!("unverified: {}", instance.missing.join(", "))),
        _ => draft,
    };
    maker.edge(draft.because_all(instance.why.iter().cloned()));
    for to in &instance.leads {
        maker.structure(vector.clone(), to.clone(), []);
    }
}
