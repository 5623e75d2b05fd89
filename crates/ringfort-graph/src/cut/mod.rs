//! The cheapest set of fixes that cuts every derivation, with a proof of how good it is.
//!
//! **The problem.** A graph with OR and AND nodes, goals (entries held together, targets that
//! must not follow), edges labelled with the fixes that cut them, and costs. A set of fixes is a
//! cut if afterwards no goal has a derivation. Since taking edges away only takes derivations
//! away, and each derivation is gone once one of its edges is, a set is a cut exactly if it hits
//! the set of fixes of every derivation. So the problem is minimum-cost hitting set over sets
//! that nobody lists; it is hard in general, and there is no cut exactly if some derivation has
//! no fix at all.
//!
//! **Solving.** Where each fix is one place to cut and no AND node takes part, it is a minimum
//! cut and solved by flow (`single.rs`). Otherwise derivations are generated while they are not
//! hit (`lazy.rs`), with branch and bound on those that are known (`hitting.rs`). Cuts are always
//! minimal: without any one of their fixes some goal has a derivation (`prune.rs`).
//!
//! **Proof.** For weights `y` on derivations such that those through a fix `f` sum to at most
//! its cost, every cut `H` costs at least the sum of the weights: each derivation is hit, so
//! `sum y <= sum over f in H of (y through f) <= cost(H)`. Whole weights are a packing, the
//! flow's paths among them; fractional ones (`simplex.rs`) reach the linear relaxation, and
//! since costs are integers their sum may be rounded up. What neither proves, the core does:
//! derivations whose cheapest hitting set costs that much. [`check()`] verifies all of it
//! without the solver.
//!
//! ```
//! use ringfort_graph::cut::{Answer, FixId, FixTable, Goal, Limits, Problem, check, solve};
//! use ringfort_graph::{GraphBuilder, Kind};
//!
//! let mut builder = GraphBuilder::new();
//! let [entry, middle, target] = [(); 3].map(|()| builder.add_node(Kind::Or));
//! let first = builder.add_edge(entry, middle, 1);
//! let second = builder.add_edge(middle, target, 1);
//! let graph = builder.build();
//! let problem = Problem {
//!     graph: &graph,
//!     goals: Goal::each(&[entry], &[target]),
//!     fixes_of_edge: FixTable::new(2, [(first, FixId(0)), (second, FixId(1))]),
//!     costs: vec![Some(5), Some(2)],
//! };
//! let Answer::Cut(solution) = solve(&problem, &mut Limits::new(&mut || false)) else {
//!     panic!("both edges have a fix");
//! };
//! assert_eq!((&solution.fixes[..], solution.cost), (&[FixId(1)][..], 2));
//! assert!(check(&problem, &solution.certificate()).is_ok_and(|proven| proven.is_optimal()));
//! ```

mod apart;
mod certificate;
mod check;
mod counted;
mod curve;
mod flow;
mod hitting;
mod lazy;
mod leave;
mod local;
mod merge;
mod net;
mod pack;
mod places;
mod problem;
mod prune;
mod route;
mod search;
mod simplex;
mod single;
mod solve;
mod walk;

pub use certificate::{Answer, Certificate, Evidence, Proof, Solution, Uncuttable, VERSION};
pub use check::{CORE_STEPS, CheckError, Proven, Remains, check, redundant, remains};
pub use curve::{Curve, Point, curve, least};
pub use problem::{FixId, FixTable, Goal, Limits, Problem};
pub use solve::{solve, uncuttable, without_uncuttable};
