//! What checks of pod specifications share.

use std::collections::BTreeSet;

use ringfort_attack::Why;
use ringfort_isolation::{Control, Effect};
use ringfort_model::{Container, ContainerKind, PodSpec};
use ringfort_podsec::{Level, PolicyVersion, evaluate};

use crate::check::Severity;
use crate::outcome::{Fault, Verdict};
use crate::world::{Exposed, Place, World};

/// What is known about one container: bad because of a field with a value, not known for want
/// of something, or good.
pub(crate) enum Said {
    /// Path below the container, and the value.
    Bad(String, String),
    Missing(Vec<String>),
    Good,
}

impl Said {
    /// Bad unless the control has effect.
    pub(crate) fn unless(control: Control, path: &str) -> Self {
        match control.effect {
            Effect::Effective => Self::Good,
            Effect::Unknown(missing) => Self::Missing(missing),
            Effect::Absent => Self::Bad(path.to_owned(), "absent".to_owned()),
            Effect::PresentNotEffective(why) => Self::Bad(path.to_owned(), why),
        }
    }
}

/// Judges every container of all three lists; only those that are bad are named.
pub(crate) fn containers(place: &Place<'_>, judge: impl Fn(&Container) -> Said) -> Verdict {
    let mut spots = Vec::new();
    let mut missing = BTreeSet::new();
    for (kind, index, container) in place.unit.spec.all_containers() {
        match judge(container) {
            Said::Bad(path, value) => {
                spots.push(place.field(format!("{}[{index}].{path}", kind.field()), value));
            }
            Said::Missing(what) => missing.extend(what),
            Said::Good => {}
        }
    }
    Verdict::with(spots, missing)
}

/// Completes a fault with what the framework asks of every pod: where it lies in the graph,
/// whether the internet reaches it, whose it is.
pub(crate) fn complete(world: &World<'_>, place: &Place<'_>, fault: &mut Fault) {
    fault.at.extend(world.positions(place.at));
    fault.exposed |= world.exposed(place.at) == Exposed::Yes;
    fault.system = world.is_system(place.at);
}

/// A field of the pod that is bad when true.
pub(crate) fn flag(place: &Place<'_>, value: Option<bool>, path: &str) -> Verdict {
    match value {
        Some(true) => Verdict::of(vec![place.field(path, "true")]),
        _ => Verdict::Pass,
    }
}

/// Adds what compensates a fault of a pod.
pub(crate) fn held_in(world: &World<'_>, place: &Place<'_>, mut verdict: Verdict) -> Verdict {
    if let Verdict::Fail(fault) = &mut verdict {
        fault.compensated = world.boundary(place.at);
    }
    verdict
}

/// The fields that make Pod Security refuse a pod at baseline by some of its checks: of each
/// container that is refused by itself, else of the pod.
pub(crate) fn refused(world: &World<'_>, place: &Place<'_>, checks: &[(&str, &str)]) -> Vec<Why> {
    let unit = place.unit;
    let refuses = |spec: &PodSpec, check: &str| {
        let (level, version) = (Level::Baseline, PolicyVersion::Latest);
        let found = evaluate(spec, &unit.annotations, level, version, world.cluster.version);
        found.into_iter().find(|violation| violation.check == check)
    };
    let mut spots = Vec::new();
    for &(check, field) in checks {
        let Some(violation) = refuses(&unit.spec, check) else { continue };
        let before = spots.len();
        for (kind, index, container) in unit.spec.all_containers() {
            let mut alone = PodSpec { security_context: None, ..(*unit.spec).clone() };
            alone.init_containers = Vec::new().into();
            alone.containers = Vec::new().into();
            alone.ephemeral_containers = Vec::new().into();
            let list = vec![container.clone()].into();
            match kind {
                ContainerKind::Init => alone.init_containers = list,
                ContainerKind::Regular => alone.containers = list,
                ContainerKind::Ephemeral => alone.ephemeral_containers = list,
            }
            if let Some(violation) = refuses(&alone, check) {
                let path = format!("{}[{index}].securityContext.{field}", kind.field());
                spots.push(place.field(path, &violation.detail));
            }
        }
        if spots.len() == before {
            spots.push(place.field(format!("securityContext.{field}"), &violation.detail));
        }
    }
    spots
}

/// The severity of a fault, where it is not the check's own.
pub(crate) fn rated(mut verdict: Verdict, severity: Severity) -> Verdict {
    if let Verdict::Fail(fault) = &mut verdict {
        fault.severity = Some(severity);
    }
    verdict
}
