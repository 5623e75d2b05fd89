//! Metrics of the cluster itself, its nodes, its Services and the ways into it.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::server::{self, Flag};
use ringfort_attack::{Provider, Subject, cloud};
use ringfort_isolation::{audit_log, secret_encryption};
use ringfort_model::{Id, record::Node};
use ringfort_network::exposure::{ListenerKind, Reach};
use ringfort_network::policy::Tri;

use crate::adoption::{Adoption, Metric, as_far_as_read, is_system, tri};
use crate::outcome::Verdict;
use crate::versions::support;
use crate::world::World;
use crate::{checks, pods};

pub(super) fn measure(world: &World<'_>) -> Vec<Adoption> {
    let mut found = server_flags(world);
    found.extend(providers(world));
    found.extend([
        endpoint(),
        anonymous(world),
        metadata(world),
        versions(world),
        exposed(world),
        free(world),
        cut(world),
    ]);
    found
}

const CLUSTERS: &str = "clusters";

fn new(
    id: &'static str,
    of: &'static str,
    present: &'static str,
    effective: &'static str,
) -> Adoption {
    Adoption::new(Metric { id, of, present, effective })
}

/// Controls that a flag of the API server turns on.
fn server_flags(world: &World<'_>) -> Vec<Adoption> {
    let mut audit = new(
        "MET-AUDIT",
        CLUSTERS,
        "the API server has an audit log or webhook",
        "and its policy records what matters to a sink that receives it",
    );
    let mut encryption = new(
        "MET-ENC",
        CLUSTERS,
        "the API server has a configuration of encryption providers",
        "and Secrets are encrypted where they are stored",
    );
    let controls = [
        (&mut audit, audit_log(world.cluster), ["audit-log-path", "audit-webhook-config-file"]),
        (
            &mut encryption,
            secret_encryption(world.cluster),
            ["encryption-provider-config", "encryption-provider-config"],
        ),
    ];
    for (one, control, flags) in controls {
        let set = flags.map(|flag| server::flag(world.cluster, flag));
        let present = match set {
            [Flag::Unseen, _] => Tri::Unknown,
            [a, b] => tri(matches!(a, Flag::Set(_)) || matches!(b, Flag::Set(_))),
        };
        let effective = one.said(control.effect);
        one.count(1, present, effective);
    }
    vec![audit, encryption]
}

/// What an export of the provider would show; counted where the cluster is one of it.
fn providers(world: &World<'_>) -> Vec<Adoption> {
    let mut mode = new(
        "MET-ACCESSMODE",
        "clusters of EKS",
        "the authentication mode is API or API_AND_CONFIG_MAP",
        "it is API",
    );
    let mut local = new(
        "MET-LOCALACC",
        "clusters of AKS",
        "local accounts are disabled",
        "and no credential of one was issued since",
    );
    let mut legacy = new(
        "MET-LEGACYBIND",
        "clusters of GKE",
        "bindings of system groups are not allowed",
        "and no such binding exists",
    );
    let managed = cloud::managed(world.context).map(|one| one.provider);
    match managed {
        Some(Provider::Aws) => {
            mode.lacks(["the authentication mode of the EKS cluster".to_owned()]);
            mode.count(1, Tri::Unknown, Tri::Unknown);
        }
        Some(Provider::Azure) => {
            local.lacks(["whether local accounts of the AKS cluster are disabled".to_owned()]);
            local.count(1, Tri::Unknown, Tri::Unknown);
        }
        Some(Provider::Google) => {
            let groups = ["system:unauthenticated", "system:authenticated"];
            let mut groups = groups.into_iter().map(|name| Subject::Group(name.into()));
            let bound = groups.any(|group| !world.own_grants(&group).is_empty())
                || !world.own_grants(&Subject::User("system:anonymous".into())).is_empty();
            legacy.lacks(["whether the GKE cluster allows bindings of system groups".to_owned()]);
            legacy.count(1, Tri::Unknown, if bound { Tri::No } else { Tri::Unknown });
        }
        _ => {}
    }
    vec![mode, local, legacy]
}

fn endpoint() -> Adoption {
    let mut found = new(
        "MET-ENDPOINT",
        CLUSTERS,
        "the endpoint of the API server is private or has an allow-list",
        "the internet does not reach it",
    );
    found.lacks(["what stands in front of the API server, and whom it lets in".to_owned()]);
    found.count(1, Tri::Unknown, Tri::Unknown);
    found
}

fn anonymous(world: &World<'_>) -> Adoption {
    let mut found = new(
        "MET-ANON",
        CLUSTERS,
        "anonymous requests are off or limited to some paths",
        "an argument of the API server proves that they are off",
    );
    let flag = |name| server::flag(world.cluster, name);
    let anonymous = server::switch(world.cluster, "anonymous-auth");
    let answer = match (anonymous, flag("authentication-config")) {
        (anonymous, _) if anonymous.is_off() => Tri::Yes,
        (Flag::Unseen, _) => {
            found.lacks(["the flags of the API server".to_owned()]);
            Tri::Unknown
        }
        (_, Flag::Set(_)) => {
            found.lacks(["the file of --authentication-config".to_owned()]);
            Tri::Unknown
        }
        _ => Tri::No,
    };
    found.count(1, answer, answer);
    found
}

/// Whether pods of the owner's reach the metadata service of their node.
fn metadata(world: &World<'_>) -> Adoption {
    let mut found = new(
        "MET-IMDS",
        "nodes of clouds",
        "the machine requires version 2 with a hop limit of 1, or GKE_METADATA is set",
        "or policies keep every pod of the owner's on the node from the service",
    );
    let cluster = world.cluster;
    let mut denied: Vec<Option<Tri>> = vec![None; cluster.nodes.len()];
    for place in world.places().filter(|place| super::pods::counts(world, place.at)) {
        if place.unit.spec.host_network == Some(true) {
            continue;
        }
        let one = pods::metadata_denied(world, place.at);
        for node in &place.unit.nodes {
            let known = &mut denied[node.index()];
            *known = Some(known.map_or(one, |known| known.min(one)));
        }
    }
    for (id, node) in cluster.nodes.ids() {
        let Some((scheme, _)) = node.provider_id().split_once("://") else { continue };
        if !matches!(scheme, "aws" | "gce" | "azure") {
            continue;
        }
        let present = setting(node, scheme);
        let by_policy = denied[Id::<Node>::index(id)];
        let effective = match (present, by_policy) {
            (Tri::Yes, _) | (_, Some(Tri::Yes)) => Tri::Yes,
            (Tri::Unknown, _) | (_, Some(Tri::Unknown)) => Tri::Unknown,
            (Tri::No, _) => Tri::No,
        };
        if present == Tri::Unknown {
            found.lacks(["version, hop limit and mode of the machines' metadata service".into()]);
        }
        found.count(1, present, effective);
    }
    found
}

/// What labels of a node show about its metadata service.
fn setting(node: &Node, scheme: &str) -> Tri {
    let label = |key: &str| node.metadata.labels.get(key).map(ringfort_model::Str::as_str);
    match scheme {
        "gce" if label("iam.gke.io/gke-metadata-server-enabled") == Some("true") => Tri::Yes,
        "gce" if label("cloud.google.com/gke-nodepool").is_some() => Tri::No,
        "aws" if label("eks.amazonaws.com/compute-type") == Some("fargate") => Tri::Yes,
        _ => Tri::Unknown,
    }
}

fn versions(world: &World<'_>) -> Adoption {
    let mut found = new(
        "MET-VERSION",
        "nodes and control planes",
        "",
        "in support on the day of the data, and within the skew",
    );
    // The check judges each node.
    let judged = checks::by_id("RF-NODE-003").map(|check| crate::outcomes(world, check));
    for (_, verdict) in judged.iter().flat_map(crate::Outcomes::iter) {
        let answer = match verdict {
            Verdict::Pass => Tri::Yes,
            Verdict::Fail(_) => Tri::No,
            Verdict::Unknown(missing) => {
                found.lacks(missing.iter().cloned());
                Tri::Unknown
            }
            Verdict::NotApplicable => continue,
        };
        found.count(1, answer, answer);
    }
    let server = world.running().iter().filter(|one| one.is_api_server());
    let known = server.map(|one| support(world, world.versions(), one));
    let known = known.min_by_key(|known| known.map(|(supported, _)| supported)).flatten();
    let own = known.map_or(Tri::Unknown, |(supported, _)| tri(supported));
    if own == Tri::Unknown {
        found.lacks(["the version of the API server".to_owned()]);
    }
    found.count(1, own, own);
    found
}

/// Not a control: how much of what is open is reached.
fn exposed(world: &World<'_>) -> Adoption {
    let mut found = new(
        "MET-EXPOSED",
        "Services of the owner's",
        "their type, or an external address, opens them beyond the cluster",
        "the internet reaches them",
    );
    let mut reached: BTreeMap<(&str, &str), Tri> = BTreeMap::new();
    for listener in &world.context.exposure.listeners {
        if matches!(listener.kind, ListenerKind::ClusterIp | ListenerKind::ExternalName) {
            continue;
        }
        let Some((namespace, name)) = &listener.service else { continue };
        let one = match listener.verdict.reach {
            Reach::Public => Tri::Yes,
            Reach::Unknown => Tri::Unknown,
            Reach::AllowListed | Reach::Internal => Tri::No,
        };
        let known = reached.entry((namespace, name)).or_insert(Tri::No);
        *known = one.max(*known);
    }
    for service in &world.cluster.services {
        let meta = &service.metadata;
        if is_system(&meta.namespace) || (meta.namespace == "default" && meta.name == "kubernetes")
        {
            continue;
        }
        let spec = service.spec.as_ref();
        let open = spec.is_some_and(|spec| {
            matches!(spec.kind.as_str(), "LoadBalancer" | "NodePort")
                || !spec.external_ips.is_empty()
        });
        let key = (meta.namespace.as_str(), meta.name.as_str());
        let reached = reached.get(&key).copied().unwrap_or(Tri::No);
        if reached == Tri::Unknown {
            found.lacks(["whether the internet reaches a Service: addresses, firewalls".into()]);
        }
        found.count_in(&meta.namespace, 1, tri(open), reached);
    }
    found
}

fn free(world: &World<'_>) -> Adoption {
    let mut found = new(
        "MET-PATHFREE",
        "ways into the cluster that are not closed",
        "",
        "no path leads from there to a target",
    );
    let attack = world.attack;
    let mut leading: BTreeSet<usize> = BTreeSet::new();
    for set in attack.reached() {
        leading.extend(set.iter());
    }
    // Ways in that lead nowhere are ways in, as they are in the state of the zones.
    let ways = attack.vectors.iter().flat_map(|vector| &vector.instances);
    let ways = ways.filter(|instance| instance.state.difficulty().is_some()).count();
    let unread = world.unread();
    for at in 0..ways {
        let free = as_far_as_read(at >= leading.len(), unread.as_ref());
        found.count(1, free, free);
    }
    found.lacks(unread);
    found
}

/// Up to how many classes of pods their pairs are counted: the work grows with the square.
const CLASSES: usize = 1000;

fn cut(world: &World<'_>) -> Adoption {
    let mut found = new(
        "MET-NP-CUT",
        "ordered pairs of running pods of different workloads on the pod network",
        "",
        "nothing may pass between them, by policies that are enforced",
    );
    let network = &world.context.network;
    let many = network.classes().nth(CLASSES).is_some();
    if many {
        found.lacks([format!("pairs are counted up to {CLASSES} classes of pods")]);
        found.count(1, Tri::Unknown, Tri::Unknown);
        return found;
    }
    let share = network.cut_share(world.cluster);
    let (enforced, why) = network.enforcement().anywhere();
    let cut = share.pairs - share.open - share.unknown;
    let (effective, unknown) = match enforced {
        Tri::Yes => (cut, share.unknown),
        Tri::No => (0, 0),
        Tri::Unknown => (0, cut + share.unknown),
    };
    if unknown > 0 {
        found.lacks([format!("what policies deny, or whether they are enforced: {why}")]);
    }
    found.count(effective, Tri::Yes, Tri::Yes);
    found.count(unknown, Tri::Unknown, Tri::Unknown);
    found.count(share.pairs - effective - unknown, Tri::No, Tri::No);
    found
}
