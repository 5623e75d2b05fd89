//! RF-TEN-007: untrusted code beside trusted side-car.

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::{Why, Zone};
use ringfort_isolation::Audience;
use ringfort_model::{Container, ContainerKind};

pub(crate) static CHECK: Check = Check {
    id: "RF-TEN-007",
    title: "Untrusted code beside trusted side-car",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[],
    references: &["PEACH connectivity", "PEACH hygiene"],
    reads: &[],
    doc: Doc {
        why: "Containers of a pod share its network and volumes: what the side-car may do, its neighbour can have it do.",
        fails: "Beside the container that runs what callers submit, another that keeps running holds a Secret or a token of the API server, or the pod shares its processes.",
        not: "A pod of its own for what is submitted; side-cars without credentials.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Run what is submitted in a pod of its own.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let Some(why) = world.execution(place.at) else { return Verdict::NotApplicable };
    let spec = &place.unit.spec;
    let executing = match why.shown() {
        Why::PodField { path, .. } => path.as_str(),
        _ => "",
    };
    let server = world.context.version;
    let others: Vec<(ContainerKind, usize, &Container)> = ringfort_isolation::lasting(spec, server)
        .filter(|(kind, index, _)| {
            let own = format!("{}[{index}].", kind.field());
            executing.starts_with("containers[") && !executing.starts_with(&own)
        })
        .collect();
    let mut spots = Vec::new();
    for (kind, index, container) in others.iter().copied() {
        let path = |rest: &str| format!("{}[{index}].{rest}", kind.field());
        let variable = container
            .env
            .iter()
            .any(|one| one.value_from.as_ref().is_some_and(|from| from.secret_key_ref.is_some()));
        if variable || container.env_from.iter().any(|one| one.secret_ref.is_some()) {
            spots.push(place.field(path("env"), "holds a Secret"));
        }
        let mount = container.volume_mounts.iter().find(|mount| {
            let volume = spec.volume(&mount.name).and_then(|volume| volume.source.as_ref());
            matches!(volume, Some(ringfort_model::VolumeSource::Secret(_)))
        });
        if let Some(mount) = mount {
            spots.push(place.field(path("volumeMounts"), &mount.name));
        }
        let mut tokens = world.context.tokens(place.at).iter();
        let token = tokens.any(|one| {
            (one.kind, one.index) == (kind, index)
                && one.files.iter().any(|file| file.audience == Audience::Api)
        });
        if token {
            spots.push(place.field(path("volumeMounts"), "a token of the API server"));
        }
    }
    if !others.is_empty() && spec.share_process_namespace == Some(true) {
        spots.push(place.field("shareProcessNamespace", "true"));
    }
    if !spots.is_empty() {
        spots.push(why.clone());
    }
    Verdict::of(spots)
}
