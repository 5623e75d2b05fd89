//! Metrics of pods.

use std::collections::BTreeMap;

use ringfort_isolation::{Effect, no_token, sandbox};
use ringfort_model::{Kind, SourceKind, Str};
use ringfort_network::policy::Tri;

use crate::adoption::{Adoption, Metric, is_system, tri};
use crate::world::{Exposed, World};

const OF: &str = "pods of the owner's";

pub(super) fn measure(world: &World<'_>) -> Vec<Adoption> {
    let new = |id, of, present, effective| Adoption::new(Metric { id, of, present, effective });
    let mut own = new(
        "MET-SA-OWN",
        OF,
        "serviceAccountName is not default",
        "and no workload that is exposed otherwise shares the account",
    );
    let mut automount = new(
        "MET-AUTO-OFF",
        OF,
        "automountServiceAccountToken is false, on the pod or its account",
        "and no token of the API server comes in another way",
    );
    let mut spaces = new(
        "MET-UNS",
        OF,
        "hostUsers is false",
        "and a user namespace holds the pod on every node that runs it or may",
    );
    let mut sandboxes = new(
        "MET-RTC",
        "pods that run what their callers submit",
        "runtimeClassName is set",
        "and the class stands for a sandbox on every node",
    );
    let shared = sharing(world);
    for place in world.places().filter(|place| counts(world, place.at)) {
        let unit = place.unit;
        let pods = Counted::of(world, place.at);
        let account = unit.spec.account();
        let named = account != "default";
        let key = (unit.namespace.clone(), Str::new(account));
        let alone = shared.get(&key).copied().unwrap_or(Tri::Yes);
        if named && alone == Tri::Unknown {
            own.lacks(["whether the internet reaches a workload of the account".to_owned()]);
        }
        own.count_pods(&pods, tri(named), if named { alone } else { Tri::No });

        let record = world.cluster.service_accounts.get(&unit.namespace, account);
        let by_account = record.and_then(|one| one.automount_service_account_token);
        // Present is the word of either, effective whether it holds: a pod may take it back.
        let off = [unit.spec.automount_service_account_token, by_account].contains(&Some(false));
        let at_creation = unit.pods.is_empty() || world.cluster.source == SourceKind::Manifests;
        let control =
            no_token(&unit.spec, &unit.namespace, world.cluster, unit.mirror, at_creation);
        let effective = automount.said(control.effect);
        automount.count_pods(&pods, tri(off), effective);

        let present = unit.spec.host_users == Some(false);
        let effective = spaces.said(world.user_namespace(place.at));
        spaces.count_pods(&pods, tri(present), effective);

        if world.execution(place.at).is_some() {
            let effect = sandbox(&unit.spec, world.cluster).effect;
            let present = effect != Effect::Absent;
            let effective = sandboxes.said(effect);
            sandboxes.count_pods(&pods, tri(present), effective);
        }
    }
    vec![own, automount, spaces, sandboxes]
}

/// Whether a group counts: it runs or stands for pods, and is the owner's.
pub(super) fn counts(world: &World<'_>, unit: u32) -> bool {
    let one = &world.context.units[unit as usize];
    !one.latent && !is_system(&one.namespace) && !world.is_system(unit)
}

/// Pods of a group, as metrics count them.
pub(super) struct Counted<'w> {
    pub(super) namespace: &'w str,
    /// How many they are; a template that stands for pods is one.
    pub(super) weight: u64,
    /// Whether they were read, or are yet to be made.
    pub(super) read: bool,
}

impl<'w> Counted<'w> {
    pub(super) fn of(world: &World<'w>, unit: u32) -> Self {
        let one = &world.context.units[unit as usize];
        let cluster = world.cluster;
        let to_come = cluster.source == SourceKind::Manifests;
        Self {
            namespace: &one.namespace,
            weight: one.pods.len().max(1) as u64,
            read: to_come || !one.pods.is_empty() || cluster.coverage.is_complete(Kind::Pod),
        }
    }
}

/// For each account whether the workloads that use it are reached by the same.
fn sharing(world: &World<'_>) -> BTreeMap<(Str, Str), Tri> {
    let mut seen: BTreeMap<(Str, Str), [bool; 3]> = BTreeMap::new();
    for place in world.places().filter(|place| !place.unit.latent) {
        let key = (place.unit.namespace.clone(), Str::new(place.unit.spec.account()));
        let at = match world.is_exposed(place.at) {
            Exposed::Yes => 0,
            Exposed::Unknown => 1,
            Exposed::No => 2,
        };
        seen.entry(key).or_default()[at] = true;
    }
    let answer = |[yes, unknown, no]: [bool; 3]| match (yes && no, unknown) {
        (true, _) => Tri::No,
        (false, true) if yes || no => Tri::Unknown,
        _ => Tri::Yes,
    };
    seen.into_iter().map(|(key, kinds)| (key, answer(kinds))).collect()
}
