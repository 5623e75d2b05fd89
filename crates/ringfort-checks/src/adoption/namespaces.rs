//! Metrics of namespaces.

use ringfort_isolation::{Effect, quota};
use ringfort_model::Str;
use ringfort_network::policy::{Direction, Segment, Tri};
use ringfort_podsec::{Level, NamespacePolicy, enforcement_on, evaluate};

use crate::adoption::{Adoption, Metric, is_system, tri};
use crate::isolated::isolation;
use crate::world::World;

const OF: &str = "namespaces of the owner's";

pub(super) fn measure(world: &World<'_>) -> Vec<Adoption> {
    let new = |id, present, effective| Adoption::new(Metric { id, of: OF, present, effective });
    let mut baseline = new(
        "MET-PSS-B",
        "the enforced Pod Security level is baseline or more",
        "the plug-in enforces it, and every live pod satisfies it",
    );
    let mut restricted = new(
        "MET-PSS-R",
        "the enforced Pod Security level is restricted",
        "the plug-in enforces it, and every live pod satisfies it",
    );
    let mut any = new(
        "MET-NP-ANY",
        "some network policy selects a pod",
        "and policies are enforced where the selected pods run",
    );
    let mut into = new(
        "MET-NP-DENY-IN",
        "policies isolate every pod for ingress",
        "and are enforced where the pods run",
    );
    let mut out = new(
        "MET-NP-DENY-OUT",
        "policies isolate every pod for egress",
        "and are enforced where the pods run",
    );
    let mut admission = new(
        "MET-ADM",
        "a policy binding, a policy engine's or another webhook is shown pods",
        "a policy that refuses is asked about every new pod, and its failure refuses too",
    );
    let mut limited = new(
        "MET-QUOTA",
        "a ResourceQuota exists",
        "quotas in effect limit CPU, memory and pods, and GPUs where there are any",
    );
    for name in world.context.namespaces.iter().filter(|name| !is_system(name)) {
        for (one, level) in [(&mut baseline, Level::Baseline), (&mut restricted, Level::Restricted)]
        {
            let (present, effective) = pod_security(world, name, level);
            if effective == Tri::Unknown {
                one.lacks(["the version of the API server, or all pods".to_owned()]);
            }
            one.count_in(name, 1, present, effective);
        }
        let (present, effective) = selected(world, name);
        if effective == Tri::Unknown {
            any.lacks([world.context.network.enforcement().anywhere().1]);
        }
        any.count_in(name, 1, present, effective);
        for (one, direction) in [(&mut into, Direction::Ingress), (&mut out, Direction::Egress)] {
            let (present, effective) = isolated(world, name, direction);
            if effective == Tri::Unknown {
                one.lacks([world.context.network.enforcement().anywhere().1]);
            }
            one.count_in(name, 1, present, effective);
        }
        let mut hooks = ringfort_attack::webhooks::all(world.context);
        let shown = hooks.any(|one| one.sees_pods(name)) || world.context.policies_see_pods(name);
        let control = world.context.pod_policy(name);
        let effect = control.map_or(Effect::Absent, |control| control.effect.clone());
        let effective = admission.said(effect);
        // Without its labels nobody can tell which webhooks are shown its pods.
        let present = match world.cluster.namespaces.find("", name) {
            None if shown => Tri::Unknown,
            _ => tri(shown),
        };
        admission.count_in(name, 1, present, effective);
        let effect = quota(world.cluster, name).effect;
        let there = world.cluster.resource_quotas.in_namespace(name).next().is_some();
        let present = match &effect {
            Effect::Unknown(_) if !there => Tri::Unknown,
            _ => tri(there),
        };
        let effective = limited.said(effect);
        limited.count_in(name, 1, present, effective);
    }
    vec![baseline, restricted, any, into, out, admission, limited]
}

/// Whether a namespace enforces a level, and whether its pods satisfy what it enforces.
fn pod_security(world: &World<'_>, name: &Str, target: Level) -> (Tri, Tri) {
    let Some(record) = world.cluster.namespaces.get("", name) else {
        return (Tri::Unknown, Tri::Unknown);
    };
    let policy = NamespacePolicy::of(&record.metadata.labels);
    let (level, version) = policy.enforce;
    if policy.enforce_label.is_none() || level < target {
        return (Tri::No, Tri::No);
    }
    let server = world.cluster.version;
    let mut units = world.context.units_in(name).filter(|(_, unit)| !unit.pods.is_empty());
    let violated = units.any(|(_, unit)| {
        !evaluate(&unit.spec, &unit.annotations, level, version, server).is_empty()
    });
    let known = world.cluster.coverage.is_complete(ringfort_model::Kind::Pod);
    let effective = match enforcement_on(server) {
        Some(false) => Tri::No,
        _ if violated => Tri::No,
        None => Tri::Unknown,
        Some(true) if known => Tri::Yes,
        Some(true) => Tri::Unknown,
    };
    (Tri::Yes, effective)
}

/// Whether some policy selects a pod of a namespace, and whether such are enforced.
fn selected(world: &World<'_>, name: &Str) -> (Tri, Tri) {
    let network = &world.context.network;
    let policies = network.policies();
    let mut enforced = None;
    for (at, _) in world.context.units_in(name).filter(|(_, unit)| !unit.latent) {
        let selects = world.classes(at).iter().any(|&class| {
            [Direction::Ingress, Direction::Egress].into_iter().any(|direction| {
                let mut all = network.selecting_policies(direction, class).iter();
                all.any(|at| !policies[*at as usize].name.name.starts_with('('))
            })
        });
        if selects {
            let own = world.enforced(at);
            enforced = Some(enforced.map_or(own, |known: Tri| known.min(own)));
        }
    }
    match enforced {
        None => (Tri::No, Tri::No),
        Some(effective) => (Tri::Yes, effective),
    }
}

/// Whether policies isolate every pod of a namespace in a direction, and with effect.
fn isolated(world: &World<'_>, name: &Str, direction: Direction) -> (Tri, Tri) {
    let network = &world.context.network;
    let (mut present, mut effective) = (None, None);
    for (at, _) in world.context.units_in(name).filter(|(_, unit)| !unit.latent) {
        let own = world.classes(at).iter().copied();
        for class in own.filter(|class| network.segment(*class) == Segment::Pods) {
            let group = network.group(direction, class);
            let said = group.map_or(Tri::No, |group| {
                let verdict = network.default_verdict(direction, group, Segment::Pods);
                match (verdict.allowed.is_all(), verdict.possible().is_all()) {
                    (true, _) => Tri::No,
                    // What a policy that was not read says may let everything through.
                    (false, true) => Tri::Unknown,
                    (false, false) => Tri::Yes,
                }
            });
            present = Some(present.map_or(said, |known: Tri| known.min(said)));
        }
        if let Some(one) = isolation(world, at, direction) {
            effective = Some(effective.map_or(one, |known: Tri| known.min(one)));
        }
    }
    (present.unwrap_or(Tri::No), effective.unwrap_or(Tri::No))
}
