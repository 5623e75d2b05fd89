//! The graph itself: compressed sparse rows, forward and backward.

/// A node, by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// An edge, by position in the order of adding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EdgeId(pub u32);

impl NodeId {
    /// The position, for indexing.
    #[inline]
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl EdgeId {
    /// The position, for indexing.
    #[inline]
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// When a node is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Once any edge into it comes from a reached node.
    Or,
    /// Once every edge into it does. Without edges into it, never.
    And,
}

/// One edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where it starts.
    pub from: NodeId,
    /// Where it ends.
    pub to: NodeId,
    /// Its cost.
    pub weight: u32,
}

/// A graph while it is being built.
#[derive(Clone, Debug, Default)]
pub struct GraphBuilder {
    kinds: Vec<Kind>,
    edges: Vec<Edge>,
}

impl GraphBuilder {
    /// The empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The empty graph with room for as many nodes and edges.
    #[must_use]
    pub fn with_capacity(nodes: usize, edges: usize) -> Self {
        Self { kinds: Vec::with_capacity(nodes), edges: Vec::with_capacity(edges) }
    }

    /// The graph of these nodes and edges, whose ends must be among the nodes.
    #[must_use]
    pub fn of(kinds: Vec<Kind>, edges: Vec<Edge>) -> Self {
        let ends = edges.iter().flat_map(|edge| [edge.from, edge.to]);
        let within = ends.max().is_none_or(|last| last.index() < kinds.len());
        assert!(within, "the ends of an edge are nodes of the graph");
        Self { kinds, edges }
    }

    /// Adds a node. Ids count up from 0.
    pub fn add_node(&mut self, kind: Kind) -> NodeId {
        let id = u32::try_from(self.kinds.len()).expect("fewer than 2^32 nodes");
        self.kinds.push(kind);
        NodeId(id)
    }

    /// Adds an edge; parallel edges are kept. Ids count up from 0. Both ends must have been
    /// added before.
    pub fn add_edge(&mut self, from: NodeId, to: NodeId, weight: u32) -> EdgeId {
        assert!(
            from.index() < self.kinds.len() && to.index() < self.kinds.len(),
            "the ends of an edge are nodes of the graph"
        );
        let id = u32::try_from(self.edges.len()).expect("fewer than 2^32 edges");
        self.edges.push(Edge { from, to, weight });
        EdgeId(id)
    }

    /// Freezes the graph.
    #[must_use]
    pub fn build(self) -> Graph {
        let outgoing = Rows::new(self.kinds.len(), &self.edges, |edge| edge.from);
        let incoming = Rows::new(self.kinds.len(), &self.edges, |edge| edge.to);
        Graph { kinds: self.kinds, edges: self.edges, outgoing, incoming }
    }
}

/// A frozen graph.
#[derive(Clone, Debug)]
pub struct Graph {
    kinds: Vec<Kind>,
    edges: Vec<Edge>,
    outgoing: Rows,
    incoming: Rows,
}

impl Graph {
    /// Number of nodes.
    #[inline]
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.kinds.len()
    }

    /// Whether some node is an AND node.
    #[must_use]
    pub fn has_and(&self) -> bool {
        self.kinds.contains(&Kind::And)
    }

    /// Number of edges.
    #[inline]
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.edges.len()
    }

    /// When the node is reached.
    #[inline]
    #[must_use]
    pub fn kind(&self, node: NodeId) -> Kind {
        self.kinds[node.index()]
    }

    /// The edge.
    #[inline]
    #[must_use]
    pub fn edge(&self, edge: EdgeId) -> Edge {
        self.edges[edge.index()]
    }

    /// Edges that start at the node, in the order of adding.
    #[inline]
    #[must_use]
    pub fn outgoing(&self, node: NodeId) -> &[EdgeId] {
        self.outgoing.row(node)
    }

    /// Edges that end at the node, in the order of adding.
    #[inline]
    #[must_use]
    pub fn incoming(&self, node: NodeId) -> &[EdgeId] {
        self.incoming.row(node)
    }
}

#[derive(Clone, Debug)]
struct Rows {
    starts: Vec<u32>,
    edges: Vec<EdgeId>,
}

impl Rows {
    fn new(nodes: usize, edges: &[Edge], end: impl Fn(&Edge) -> NodeId) -> Self {
        let mut starts = vec![0u32; nodes + 1];
        for edge in edges {
            starts[end(edge).index() + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut rows = vec![EdgeId(0); edges.len()];
        for (id, edge) in edges.iter().enumerate() {
            let slot = &mut next[end(edge).index()];
            rows[*slot as usize] = EdgeId(id as u32);
            *slot += 1;
        }
        Self { starts, edges: rows }
    }

    #[inline]
    fn row(&self, node: NodeId) -> &[EdgeId] {
        let (from, to) = (self.starts[node.index()], self.starts[node.index() + 1]);
        &self.edges[from as usize..to as usize]
    }
}
