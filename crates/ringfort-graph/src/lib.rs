//! Directed graphs with AND nodes: what is reachable, by which easiest derivation, what else
//! comes after it, and which cheapest changes cut it off ([`cut`]).
//!
//! A node is either an OR node, reached as soon as one edge into it comes from a reached
//! node, or an AND node, reached once every edge into it does. Without AND nodes everything
//! here is the ordinary notion: reachability, shortest path, k shortest loopless paths. With
//! them a path is a derivation, a tree of edges that ends in entries, and its cost is the sum
//! over that tree (Knuth, "A generalization of Dijkstra's algorithm", 1977).
//!
//! Graphs are compressed sparse rows in both directions, costs are integers, nothing recurses
//! and every result depends on ids alone, never on hashing or thread timing.

pub mod cut;
mod derivation;
mod easiest;
mod graph;
mod pairs;
mod rank;
mod reach;
mod set;
mod severed;
mod ways;

pub use derivation::Derivation;
pub use easiest::{Easiest, UNREACHED, easiest};
pub use graph::{Edge, EdgeId, Graph, GraphBuilder, Kind, NodeId};
pub use pairs::easiest_pairs;
pub use rank::ranked;
pub use reach::{co_reach, reach, reach_many, reach_pairs};
pub use set::BitSet;
pub use severed::{Room, Severed};
pub use ways::{Independent, independent_ways, layers, necessary_edges, necessary_nodes};
