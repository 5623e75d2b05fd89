//! RF-NET-009: host-network pod defeats namespace policy.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::isolated;
use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_model::Kind;
use ringfort_network::policy::{Direction, Tri};

pub(crate) static CHECK: Check = Check {
    id: "RF-NET-009",
    title: "Host-network pod defeats namespace policy",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[Modifier::Path],
    references: &["none known"],
    reads: &[Kind::NetworkPolicy],
    doc: Doc {
        why: "Policies do not select it, and to others it is its node: the border that its neighbours live within is not there for it.",
        fails: "A pod in the network of its node runs in a namespace in which every other pod is isolated by policy.",
        not: "A namespace without such policies; pods with a network of their own.",
        unknown: "Whether the policies of the namespace are enforced.",
        fix: "Take hostNetwork away, or move the pod to a namespace of its own.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let unit = place.unit;
    if unit.spec.host_network != Some(true) || unit.latent {
        return Verdict::NotApplicable;
    }
    let neighbours = || {
        let all = world.context.units_in(&unit.namespace);
        all.filter(|(_, one)| !one.latent && one.spec.host_network != Some(true))
    };
    let isolated_by = |direction| {
        let answers = neighbours().filter_map(|(at, _)| isolated::isolation(world, at, direction));
        answers.min()
    };
    let written = world.cluster.network_policies.in_namespace(&unit.namespace).any(|(_, one)| {
        let Some(spec) = one.spec.spec() else { return false };
        let selector = spec.pod_selector.as_ref();
        selector.is_none_or(|one| one.match_labels.is_empty() && one.match_expressions.is_empty())
    });
    let held = [Direction::Ingress, Direction::Egress].map(isolated_by).into_iter().flatten().max();
    match held {
        Some(Tri::Yes) => Verdict::of(vec![place.field("hostNetwork", "true")]),
        Some(Tri::Unknown) => Verdict::missing("whether the namespace's policies are enforced"),
        // Without a neighbour a policy for every pod of the namespace says what is meant.
        None if written => Verdict::of(vec![place.field("hostNetwork", "true")]),
        Some(Tri::No) | None => Verdict::Pass,
    }
}
