//! Which nodes a new pod can be put on by whoever makes it (`pod-create-node-choice`).
//!
//! A pod without wishes goes where no taint keeps it off. `spec.nodeName` passes the scheduler
//! by, and the kubelet refuses only what does not tolerate a NoExecute taint; free tolerations
//! meet every taint. Admission may refuse both wishes: a refusal of one name or one taint is no
//! refusal of another, so that where a wish is refused the nodes are asked about one by one.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringfort_admission::{Admission, PodAdmission};
use ringfort_isolation::scheduling::{
    NODE_SELECTORS, TOLERATIONS, allowed_by, is_transient, narrowing_plugins,
};
use ringfort_model::record::Node;
use ringfort_model::record::node::Taint;
use ringfort_model::record::pod::Toleration;
use ringfort_model::{Cluster, Id, PodSpec, Str};
use ringfort_podsec::EscapeClass;
use rustc_hash::FxHashMap;

use crate::context::Gate;
use crate::node::NodeKey;

/// The classes of pods that take their node.
pub(crate) const LEAVING: [EscapeClass; 3] =
    [EscapeClass::Privileged, EscapeClass::HostPath, EscapeClass::Capability];

/// The nodes that pods of a namespace can be put on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Nodes that are reached, as a position; none if there are none.
    pub(crate) sure: Option<NodeKey>,
    /// Nodes of which it is not known, as a position, and the control that decides.
    pub(crate) doubtful: Option<(NodeKey, String)>,
}

/// The choices of all namespaces.
#[derive(Debug, Default)]
pub(crate) struct Choices {
    sets: Vec<Vec<Id<Node>>>,
    known: FxHashMap<Vec<Id<Node>>, u32>,
    of: BTreeMap<Str, Choice>,
}

impl Choices {
    /// Asks admission for every namespace; those with one answer are asked once.
    pub(crate) fn new(
        cluster: &Cluster,
        engine: &Admission<'_>,
        answers: &BTreeMap<Str, Arc<PodAdmission>>,
    ) -> Self {
        let mut choices = Self::default();
        let mut by_answer: FxHashMap<*const PodAdmission, Choice> = FxHashMap::default();
        for (namespace, answer) in answers {
            let choice = match by_answer.get(&Arc::as_ptr(answer)) {
                Some(choice) => choice.clone(),
                None => {
                    let choice = choices.ask(cluster, engine, namespace, answer);
                    by_answer.insert(Arc::as_ptr(answer), choice.clone());
                    choice
                }
            };
            choices.of.insert(namespace.clone(), choice);
        }
        choices
    }

    /// The choice of whoever makes pods in a namespace.
    pub(crate) fn of(&self, namespace: &Str) -> Option<&Choice> {
        self.of.get(namespace)
    }

    /// How many sets there are.
    pub(crate) fn sets(&self) -> u32 {
        self.sets.len() as u32
    }

    /// The nodes of a set.
    pub(crate) fn set(&self, at: u32) -> &[Id<Node>] {
        &self.sets[at as usize]
    }

    fn position(&mut self, cluster: &Cluster, nodes: Vec<Id<Node>>) -> Option<NodeKey> {
        if nodes.len() == cluster.nodes.len() {
            return Some(NodeKey::EveryNode);
        }
        if nodes.is_empty() {
            return None;
        }
        let at = *self.known.entry(nodes).or_insert_with_key(|nodes| {
            self.sets.push(nodes.clone());
            self.sets.len() as u32 - 1
        });
        Some(NodeKey::Nodes(at))
    }

    fn ask(
        &mut self,
        cluster: &Cluster,
        engine: &Admission<'_>,
        namespace: &Str,
        answer: &PodAdmission,
    ) -> Choice {
        let open = |class: &EscapeClass| {
            let mut found = answer.classes.iter().filter(|one| one.class == *class);
            found.any(|one| Gate::of(&one.decision) != Gate::Stopped)
        };
        let classes: Vec<EscapeClass> = LEAVING.into_iter().filter(open).collect();
        let gate = |wish: &dyn Fn(&mut PodSpec)| {
            let gates = classes.iter().map(|&class| {
                Gate::of(&engine.placed(namespace, class, |spec: &mut PodSpec| wish(spec)))
            });
            widest(gates)
        };
        let plugins = narrowing_plugins(cluster);
        let named = |name: &str| gate(&|spec: &mut PodSpec| spec.node_name = Str::new(name));
        let tolerating = |wanted: &[Toleration]| {
            let gate = gate(&|spec: &mut PodSpec| {
                spec.tolerations = wanted.iter().cloned().collect();
            });
            match gate {
                Gate::Open if plugins.contains(TOLERATIONS) => {
                    Gate::Unverified(allowed_by(TOLERATIONS))
                }
                gate => gate,
            }
        };
        let tainted = |node: &Node| kept_off(node).next().is_some();
        let asked = !classes.is_empty() && cluster.nodes.iter().any(tainted);
        let any_name = if asked { named("some-node") } else { Gate::Open };
        let any_toleration = if asked { tolerating(&[all()]) } else { Gate::Open };
        let (mut sure, mut doubtful, mut control) = (Vec::new(), Vec::new(), None);
        for (id, node) in cluster.nodes.ids() {
            let mut reached = match tainted(node) {
                false => Gate::Open,
                true => {
                    let by_toleration = match &any_toleration {
                        Gate::Stopped => {
                            tolerating(&kept_off(node).map(exactly).collect::<Vec<_>>())
                        }
                        gate => gate.clone(),
                    };
                    let by_name = match &any_name {
                        _ if kept_off(node).any(|taint| taint.effect == "NoExecute") => {
                            Gate::Stopped
                        }
                        Gate::Stopped => named(&node.metadata.name),
                        gate => gate.clone(),
                    };
                    widest([by_toleration, by_name])
                }
            };
            if reached == Gate::Open && plugins.contains(NODE_SELECTORS) {
                reached = Gate::Unverified(allowed_by(NODE_SELECTORS));
            }
            match reached {
                Gate::Open => sure.push(id),
                Gate::Unverified(by) => {
                    doubtful.push(id);
                    control = control.or(Some(by));
                }
                Gate::Stopped => {}
            }
        }
        let sure = self.position(cluster, sure);
        let doubtful = match cluster.nodes.is_empty() {
            true => None,
            false => self.position(cluster, doubtful).zip(control),
        };
        Choice { sure, doubtful }
    }
}

/// The gate that lets most through.
fn widest(gates: impl IntoIterator<Item = Gate>) -> Gate {
    let mut found = Gate::Stopped;
    for gate in gates {
        match gate {
            Gate::Open => return Gate::Open,
            Gate::Unverified(_) if found == Gate::Stopped => found = gate,
            _ => {}
        }
    }
    found
}

/// Taints that somebody meant to keep pods off.
fn kept_off(node: &Node) -> impl Iterator<Item = &Taint> {
    let taints = node.spec.as_ref().map_or(&[][..], |spec| &spec.taints);
    taints.iter().filter(|taint| {
        matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute") && !is_transient(taint)
    })
}

/// A toleration of everything.
fn all() -> Toleration {
    Toleration { operator: Str::new("Exists"), ..Toleration::default() }
}

/// The toleration of one taint.
fn exactly(taint: &Taint) -> Toleration {
    Toleration {
        key: taint.key.clone(),
        operator: Str::new("Equal"),
        value: taint.value.clone(),
        effect: taint.effect.clone(),
        ..Toleration::default()
    }
}
