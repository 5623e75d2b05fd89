//! The verdict about a control (semantics EFF-01).

use ringfort_model::{Container, PodSpec};

/// Whether a control is there and whether it works.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nobody asked for it.
    Absent,
    /// Asked for, and without effect for that reason.
    PresentNotEffective(String),
    /// Asked for (or on by default), and in force.
    Effective,
    /// Cannot be decided without that evidence.
    Unknown(Vec<String>),
}

impl Effect {
    /// Whether the control is proven to work.
    #[must_use]
    pub fn is_effective(&self) -> bool {
        *self == Self::Effective
    }

    /// Unknown for want of one thing.
    #[must_use]
    pub fn missing(what: impl Into<String>) -> Self {
        Self::Unknown(vec![what.into()])
    }

    /// Present and without effect.
    #[must_use]
    pub fn without(reason: impl Into<String>) -> Self {
        Self::PresentNotEffective(reason.into())
    }
}

/// The verdict about a control, and the fields that decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Control {
    /// The verdict.
    pub effect: Effect,
    /// Field paths of the pod (from `spec`) or of another object (`Node NAME status…`) that
    /// were read, in the order of reading.
    pub evidence: Vec<String>,
}

impl Control {
    /// A verdict that rests on these fields.
    pub fn new(effect: Effect, evidence: impl IntoIterator<Item = String>) -> Self {
        Self { effect, evidence: evidence.into_iter().collect() }
    }
}

/// Path of a container in its pod, for example `spec.initContainers[1]`. Container names are
/// unique over the three lists of a pod.
#[must_use]
pub fn container_path(spec: &PodSpec, container: &Container) -> String {
    spec.all_containers().find(|(_, _, c)| c.name == container.name).map_or_else(
        || format!("container {}", container.name),
        |(kind, at, _)| format!("spec.{}[{at}]", kind.field()),
    )
}
