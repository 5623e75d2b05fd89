//! Whether policies isolate pods, and with effect.

use ringfort_network::policy::{Direction, Segment, Tri};

use ringfort_attack::{Way, Why};
use ringfort_model::Kind;

use crate::outcome::{Fault, Verdict};
use crate::world::{Place, World};

/// Kinds of policies that isolate pods.
pub(crate) const READS: &[Kind] = &[
    Kind::NetworkPolicy,
    Kind::AdminNetworkPolicy,
    Kind::BaselineAdminNetworkPolicy,
    Kind::ClusterNetworkPolicy,
    Kind::CiliumNetworkPolicy,
    Kind::CiliumClusterwideNetworkPolicy,
    Kind::CalicoNetworkPolicy,
    Kind::CalicoGlobalNetworkPolicy,
];

/// Whether policies restrict what the pods of a group may do in a direction: as far as they
/// are enforced; `None` for pods that no policy can select.
pub(crate) fn isolation(world: &World<'_>, unit: u32, direction: Direction) -> Option<Tri> {
    let network = &world.context.network;
    let mut said = None;
    for &class in world.classes(unit) {
        if network.segment(class) != Segment::Pods {
            continue;
        }
        let one = match network.group(direction, class) {
            None => Tri::No,
            Some(group) => {
                let verdict = network.default_verdict(direction, group, Segment::Pods);
                match (verdict.allowed.is_all(), verdict.possible().is_all()) {
                    (true, _) => Tri::No,
                    (false, true) => Tri::Unknown,
                    (false, false) => Tri::Yes,
                }
            }
        };
        // A policy without an agent that enforces it isolates nothing.
        let one = if one == Tri::No { one } else { one.min(world.enforced(unit)) };
        said = Some(said.map_or(one, |known: Tri| known.min(one)));
    }
    said
}

/// The verdict about isolation in a direction.
pub(crate) fn judge(world: &World<'_>, place: &Place<'_>, direction: Direction) -> Verdict {
    let way = match direction {
        Direction::Ingress => Way::FromAnywhere,
        Direction::Egress => Way::ToNodes,
    };
    let why = || world.context.network.enforcement().anywhere().1;
    if place.unit.latent {
        return Verdict::NotApplicable;
    }
    match isolation(world, place.at, direction) {
        None => Verdict::NotApplicable,
        Some(Tri::Yes) => Verdict::Pass,
        Some(Tri::Unknown) => Verdict::missing(format!(
            "whether policies isolate the pods and have an effect: {}",
            why()
        )),
        Some(Tri::No) => {
            let fault = Fault::of(vec![Why::Passes { unit: place.at, way }]);
            let selected = world.classes(place.at).iter().any(|&class| {
                !world.context.network.selecting_policies(direction, class).is_empty()
            });
            Verdict::Fail(match (selected, world.enforced(place.at)) {
                (false, _) => fault,
                (true, Tri::No) => fault.noted(format!("policies have no effect: {}", why())),
                (true, _) => fault.noted("a policy selects the pods and lets everything through"),
            })
        }
    }
}
