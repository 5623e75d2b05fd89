//! Metrics of containers.

use ringfort_isolation::{
    Effect, NodeFacts, dropped_capabilities, is_pinned, non_root, read_only_root, seccomp,
};
use ringfort_model::{Container, ContainerKind, PodSpec, SourceKind, Str};
use ringfort_network::policy::Tri;

use crate::adoption::{Adoption, Metric, pods, tri};
use crate::limits;
use crate::world::World;

const OF: &str = "containers of the owner's pods";

pub(super) fn measure(world: &World<'_>) -> Vec<Adoption> {
    let new = |id, present, effective| Adoption::new(Metric { id, of: OF, present, effective });
    let mut filters = new(
        "MET-SEC",
        "a seccomp profile other than Unconfined is set, on the container or the pod",
        "and filters: not privileged, the profile is there",
    );
    let mut roots = new(
        "MET-RO",
        "readOnlyRootFilesystem is true",
        "and no path of the node from which programs are run is mounted writable",
    );
    let mut users = new(
        "MET-NONROOT",
        "runAsNonRoot is true, or a uid above 0 is set",
        "and no process is root",
    );
    let mut caps = new(
        "MET-CAPS",
        "ALL capabilities are dropped",
        "and few are added again, which nothing gains back",
    );
    let mut bounds = new(
        "MET-LIMITS",
        "a memory limit and a CPU request are set",
        "after LimitRanges filled them in",
    );
    let mut pinned = new(
        "MET-DIGEST",
        "the image is named by its digest",
        "the same: a digest decides whatever stands beside it",
    );
    let mut signed = new(
        "MET-SIG",
        "a policy that verifies signatures matches the image",
        "and the running digest was verified",
    );
    let facts = NodeFacts::default();
    for place in world.places().filter(|place| pods::counts(world, place.at)) {
        let unit = place.unit;
        let (spec, namespace) = (&unit.spec, unit.namespace.as_str());
        let pods = pods::Counted::of(world, place.at);
        let node = unit.nodes.first().map(|&node| &world.cluster.nodes[node]);
        for (kind, _, container) in spec.all_containers() {
            let asked = profile(spec, container);
            let effective = filters.said(seccomp(spec, container, &facts).effect);
            filters.count_pods(&pods, tri(asked), effective);

            let context = container.security_context.as_ref();
            let asked = context.is_some_and(|one| one.read_only_root_filesystem == Some(true));
            let control = read_only_root(spec, container, namespace, world.cluster);
            let effective = roots.said(control.effect);
            roots.count_pods(&pods, tri(asked), effective);

            let asked = not_root(spec, container);
            let effective = users.said(non_root(spec, container, node, world.cluster).effect);
            users.count_pods(&pods, tri(asked), effective);

            let drops = context.and_then(|one| one.capabilities.as_ref());
            // Runtimes look for the word without its case.
            let all = |name: &Str| name.eq_ignore_ascii_case("ALL");
            let asked = drops.is_some_and(|one| one.drop.iter().any(all));
            let effective = caps.said(dropped_capabilities(spec, container, node).effect);
            caps.count_pods(&pods, tri(asked), effective);

            if kind != ContainerKind::Ephemeral {
                let own = bounded(spec, container, |_, _| false);
                let filled = unit.from_template || unit.pods.is_empty();
                let effective = bounded(spec, container, |resource, limit| {
                    filled && limits::is_defaulted(world, namespace, resource, limit)
                });
                bounds.count_pods(&pods, tri(own), tri(effective));
            }

            let digest = match container.image.as_str() {
                "" => Tri::Unknown,
                image => tri(is_pinned(image)),
            };
            pinned.count_pods(&pods, digest, digest);

            let control = world.context.signed(namespace);
            let effect = control.map_or(Effect::Absent, |control| control.effect.clone());
            let matches = match &effect {
                Effect::Absent => Tri::No,
                Effect::PresentNotEffective(_) | Effect::Effective => Tri::Yes,
                Effect::Unknown(_) => Tri::Unknown,
            };
            let made = !unit.pods.is_empty() && world.cluster.source != SourceKind::Manifests;
            let effective = match signed.said(effect) {
                // When a pod was made, and what was in force then, no object says.
                Tri::Yes if made => {
                    signed.lacks(["whether the running digest was verified".to_owned()]);
                    Tri::Unknown
                }
                said => said,
            };
            signed.count_pods(&pods, matches, effective);
        }
    }
    vec![filters, roots, users, caps, bounds, pinned, signed]
}

/// Whether a profile is asked for, of the container before its pod.
fn profile(spec: &PodSpec, container: &Container) -> bool {
    let own = container.security_context.as_ref().and_then(|one| one.seccomp_profile.as_ref());
    let pod = spec.security_context.as_ref().and_then(|one| one.seccomp_profile.as_ref());
    own.or(pod).is_some_and(|one| *one.kind != *"Unconfined" && !one.kind.is_empty())
}

/// Whether the fields keep processes from being root, of the container before its pod.
fn not_root(spec: &PodSpec, container: &Container) -> bool {
    let own = container.security_context.as_ref();
    let pod = spec.security_context.as_ref();
    let user = own.and_then(|one| one.run_as_user).or(pod.and_then(|one| one.run_as_user));
    let flag = own.and_then(|one| one.run_as_non_root).or(pod.and_then(|one| one.run_as_non_root));
    user.is_some_and(|uid| uid > 0) || flag == Some(true)
}

/// Whether memory is limited and CPU asked for, by the container, its pod, or what fills in. A
/// limit without a request is the request as well.
fn bounded(spec: &PodSpec, container: &Container, filled: impl Fn(&str, bool) -> bool) -> bool {
    let both = [container.resources.as_ref(), spec.resources.as_ref()];
    let has = |resource: &str, limit: bool| {
        let mut own = both.into_iter().flatten();
        let said = own
            .clone()
            .any(|one| one.limits.has(resource) || (!limit && one.requests.has(resource)));
        // What is written as zero is not filled in.
        let zero = own.any(|one| {
            one.limits.has_zero(resource) || (!limit && one.requests.has_zero(resource))
        });
        said || (!zero && filled(resource, limit))
    };
    has("memory", true) && has("cpu", false)
}
