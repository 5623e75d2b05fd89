//! What checks of pod specifications share.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ringfort_attack::Why;
use ringfort_isolation::{Control, Effect};
use ringfort_model::{Container, ContainerKind, IntOrString, PodSpec, Str, Unit};
use ringfort_network::exposure::{Listener, ListenerKind};
use ringfort_network::policy::{ConnectionSet, Protocol, Tri};
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
    containers_of(place, |_, container| judge(container))
}

/// The same with the list that each stands in.
pub(crate) fn containers_of(
    place: &Place<'_>,
    judge: impl Fn(ContainerKind, &Container) -> Said,
) -> Verdict {
    let mut spots = Vec::new();
    let mut missing = BTreeSet::new();
    for (kind, index, container) in place.unit.spec.all_containers() {
        match judge(kind, container) {
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

/// The field by which a container of a group is privileged.
pub(crate) fn privileged(at: u32, unit: &Unit) -> Option<Why> {
    unit.spec.all_containers().find_map(|(kind, index, container)| {
        let context = container.security_context.as_ref()?;
        (context.privileged == Some(true)).then(|| Why::PodField {
            unit: at,
            path: Str::from(format!("{}[{index}].securityContext.privileged", kind.field())),
            value: Str::new("true"),
        })
    })
}

/// Whether a listener in front of a group leads to a port of its pods; a route does if its
/// Service may.
pub(crate) fn leads_to_port(world: &World<'_>, at: u32, listener: &Listener, port: u16) -> bool {
    let spec = &world.context.units[at as usize].spec;
    let port = i64::from(port);
    let own = || spec.all_containers().flat_map(|(_, _, container)| container.ports.iter());
    match listener.kind {
        ListenerKind::HostPort => {
            own().any(|one| one.host_port == listener.port && one.container_port == Some(port))
        }
        ListenerKind::HostNetwork => listener.port.is_none_or(|one| one == port),
        kind => {
            let service = listener.service.as_ref();
            let service = service.and_then(|(space, name)| world.cluster.services.get(space, name));
            let ports = service.and_then(|one| one.spec.as_ref()).map_or(&[][..], |one| &one.ports);
            ports.iter().any(|one| {
                let meant = match kind {
                    ListenerKind::NodePort => one.node_port == listener.port,
                    ListenerKind::LoadBalancer | ListenerKind::ExternalIp => {
                        listener.port.is_none() || one.port == listener.port
                    }
                    _ => true,
                };
                let target = match &one.target_port {
                    Some(IntOrString::Text(name)) => {
                        own().find(|own| own.name == *name).and_then(|own| own.container_port)
                    }
                    Some(IntOrString::Int(number)) if *number > 0 => Some(*number),
                    _ => one.port,
                };
                meant && target == Some(port)
            })
        }
    }
}

/// Addresses of the metadata services of clouds.
const METADATA: [&str; 2] = ["169.254.169.254", "fd00:ec2::254"];

/// Whether policies keep a group's pods from the metadata service, with effect where they run.
pub(crate) fn metadata_denied(world: &World<'_>, at: u32) -> Tri {
    let http = ConnectionSet::ports(Protocol::Tcp, 80, 80);
    let addresses = METADATA.iter().filter_map(|text| text.parse::<IpAddr>().ok());
    let asked =
        addresses.flat_map(|address| world.classes(at).iter().map(move |&class| (class, address)));
    let denied = asked
        .map(|(class, address)| world.context.network.egress_denied(class, "", address, &http))
        .min();
    denied.unwrap_or(Tri::No).min(world.enforced(at))
}

/// The severity of a fault, where it is not the check's own.
pub(crate) fn rated(mut verdict: Verdict, severity: Severity) -> Verdict {
    if let Verdict::Fail(fault) = &mut verdict {
        fault.severity = Some(severity);
    }
    verdict
}
