//! Initial access: the vectors V1 to V13 as far as Kubernetes objects show them (initial-access).
//!
//! Each vector has instances, each with a state and its evidence. What the API does not show
//! (a firewall, a scan, a login) leaves an instance unknown and is named; unknown is never
//! closed (IA-01, IA-02).

mod cloud;
mod doc;
mod fronts;
mod identities;
mod images;
mod kubelet;
mod pipelines;
mod proxies;
pub mod runtime;
pub(crate) mod services;
mod workloads;

pub use doc::what;
pub use identities::beyond_discovery;
use ringfort_language::{Sentence, message};
use ringfort_model::Str;
pub use workloads::{login, reach};

use crate::context::Context;
use crate::node::NodeKey;
use crate::technique::Difficulty;
use crate::why::Why;

/// The state of an instance or of a vector, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// An outsider gets in now.
    Open,
    /// Cannot be decided.
    Unknown,
    /// A control must be beaten first.
    Guarded,
    /// The way does not exist.
    Closed,
}

impl State {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Unknown => "unknown",
            Self::Guarded => "guarded",
            Self::Closed => "closed",
        }
    }

    /// The difficulty of entering (IA-02: unknown counts as not closed).
    #[must_use]
    pub fn difficulty(self) -> Option<Difficulty> {
        match self {
            Self::Open => Some(Difficulty::D1),
            Self::Unknown => Some(Difficulty::D2),
            Self::Guarded => Some(Difficulty::D3),
            Self::Closed => None,
        }
    }
}

/// One concrete way in.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Vector id, `V1` to `V13`.
    pub vector: &'static str,
    /// Stable name within the vector.
    pub name: Str,
    /// What it is, in a few words.
    pub title: Sentence,
    /// Its state.
    pub state: State,
    /// What shows it.
    pub why: Vec<Why>,
    /// What would decide it, where it is unknown or weaker than it could be.
    pub missing: Vec<&'static str>,
    /// The positions that it gives.
    pub leads: Vec<NodeKey>,
}

/// A vector with its instances.
#[derive(Clone, Debug)]
pub struct Vector {
    /// `V1` to `V13`.
    pub id: &'static str,
    /// Its name.
    pub title: &'static str,
    /// The worst state of its instances (IA-04).
    pub state: State,
    /// Why a vector without instances has that state.
    pub note: &'static str,
    /// Its instances, sorted by state and name.
    pub instances: Vec<Instance>,
}

/// What finding a vector's instances gives: the instances, and the state without any.
pub(crate) type Finding = (Vec<Instance>, State, &'static str);

type Find = fn(&Context<'_>) -> Finding;

const ALL: &[(&str, &str, Find)] = &[
    ("V1", message!("Kubernetes API, anonymous"), identities::anonymous),
    ("V2", message!("Kubernetes API, any account"), identities::any_account),
    ("V3", message!("leaked kubeconfig or credential"), identities::leaked),
    ("V4", message!("kubelet API"), kubelet::find),
    ("V5", message!("management interface"), workloads::interfaces),
    ("V6", message!("kubectl proxy"), proxies::find),
    ("V7", message!("application code execution"), services::applications),
    ("V8", message!("NodePort, hostPort, host network"), services::node_listeners),
    ("V9", message!("malicious or swapped image"), images::find),
    ("V10", message!("execution as a service"), workloads::execution),
    ("V11", message!("cloud principal"), cloud::find),
    ("V12", message!("pipelines and GitOps"), pipelines::find),
    ("V13", message!("runtime or kernel flaw at start"), runtime::find),
];

/// Ids of all vectors, in their order.
pub fn ids() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(id, _, _)| *id)
}

/// Title of a vector by its id.
#[must_use]
pub fn title(id: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _, _)| *known == id).map(|(_, title, _)| *title)
}

/// Units that V7 says are reachable from outside, with what shows it; sorted.
pub(crate) fn exposed(context: &Context<'_>) -> Vec<(u32, Why)> {
    let (instances, _, _) = services::applications(context);
    let mut found = Vec::new();
    for instance in instances.iter().filter(|instance| instance.state != State::Closed) {
        for lead in &instance.leads {
            if let (NodeKey::Pods(unit, _), Some(why)) = (lead, instance.why.last()) {
                found.push((*unit, why.clone()));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Evaluates every vector.
#[must_use]
pub fn evaluate(context: &Context<'_>) -> Vec<Vector> {
    let evaluate = |&(id, title, find): &(&'static str, &'static str, Find)| {
        let (mut instances, empty, note) = find(context);
        // Pods of one owner that differ, on other nodes for instance, are one way in.
        instances.sort_by(|a, b| (&a.name, a.state).cmp(&(&b.name, b.state)));
        instances.dedup_by(|next, kept| {
            let same = next.name == kept.name;
            if same {
                kept.leads.append(&mut next.leads);
            }
            same
        });
        instances.sort_by(|a, b| (a.state, &a.name).cmp(&(b.state, &b.name)));
        let state = instances.first().map_or(empty, |worst| {
            worst.state.min(match empty {
                // Lists that were not read in full may hide more instances.
                State::Unknown => State::Unknown,
                _ => worst.state,
            })
        });
        Vector { id, title, state, note, instances }
    };
    ALL.iter().map(evaluate).collect()
}
