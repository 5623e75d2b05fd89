//! What pods listen on: ports that containers declare and ports that Services lead to, and
//! which of them speak a protocol that asks nobody who calls.

use ringfort_model::record::Service;
use ringfort_model::{Cluster, Container, ContainerKind, IntOrString, PodSpec, Unit};
use ringfort_network::policy::{ConnectionSet, Protocol};
use rustc_hash::FxHashMap;

use crate::context::Ground;
use crate::recognise::known;
use crate::technique::Difficulty;
use crate::why::Why;

/// What a protocol without a login gives.
#[derive(Debug)]
pub(crate) struct Protocolled {
    /// Ends of image repositories that speak it.
    images: &'static [&'static str],
    port: u16,
    /// Words of a command line or names of variables that turn a login on.
    login: &'static [&'static str],
    /// What it is.
    pub(crate) what: &'static str,
    /// From a connection to commands in the container.
    pub(crate) difficulty: Difficulty,
}

/// Services that run commands or load code for whoever connects, unless a login is set up.
/// Each by its image and its default port: the port alone proves nothing.
const OPEN: &[Protocolled] = &[
    Protocolled {
        images: &["redis", "library/redis", "bitnami/redis", "valkey/valkey", "bitnami/valkey"],
        port: 6379,
        login: &["--requirepass", "--aclfile", "REDIS_PASSWORD", "REDIS_PASSWORD_FILE"],
        what: "Redis without a password",
        difficulty: Difficulty::D3,
    },
    Protocolled {
        images: &["docker", "library/docker"],
        port: 2375,
        login: &[],
        what: "the API of Docker without TLS",
        difficulty: Difficulty::D2,
    },
    Protocolled {
        images: &["rayproject/ray", "rayproject/ray-ml"],
        port: 8265,
        login: &["RAY_AUTH_MODE"],
        what: "the job API of Ray without a login",
        difficulty: Difficulty::D2,
    },
    Protocolled {
        images: &["apache/spark", "bitnami/spark"],
        port: 7077,
        login: &["SPARK_RPC_AUTHENTICATION_ENABLED"],
        what: "the master of Spark without a secret",
        difficulty: Difficulty::D2,
    },
    Protocolled {
        images: &["selenium/standalone-chrome", "selenium/hub"],
        port: 4444,
        login: &["SE_ROUTER_PASSWORD", "--password"],
        what: "WebDriver without a login",
        difficulty: Difficulty::D2,
    },
    Protocolled {
        images: &["weaveworks/scope"],
        port: 4040,
        login: &["--app.basicAuth", "-app.basicAuth"],
        what: "Weave Scope without a login",
        difficulty: Difficulty::D1,
    },
    Protocolled {
        images: &["helm/tiller", "kubernetes-helm/tiller"],
        port: 44134,
        login: &["--tls-verify", "TILLER_TLS_VERIFY"],
        what: "Tiller without TLS",
        difficulty: Difficulty::D2,
    },
];

/// A port on which something listens that asks nobody.
#[derive(Debug)]
pub(crate) struct OpenPort {
    pub(crate) port: u16,
    pub(crate) protocol: &'static Protocolled,
    pub(crate) why: Why,
}

/// Containers that run beside each other: init containers only as side-cars.
pub(crate) fn running(spec: &PodSpec) -> impl Iterator<Item = (ContainerKind, usize, &Container)> {
    spec.all_containers()
        .filter(|(kind, _, container)| *kind != ContainerKind::Init || container.is_sidecar())
}

/// Open ports of a unit, by port.
pub(crate) fn open_ports(at: u32, unit: &Unit) -> Vec<OpenPort> {
    let mut found: Vec<OpenPort> = Vec::new();
    for (kind, index, container) in running(&unit.spec) {
        for protocol in OPEN {
            if known(&container.image, protocol.images).is_none() {
                continue;
            }
            let words = container.command.iter().chain(container.args.iter());
            let mut words = words.flat_map(|word| word.split_whitespace());
            let by_flag = words.any(|word| {
                let flag = word.split('=').next().unwrap_or(word);
                protocol.login.contains(&flag)
            });
            let by_variable =
                container.env.iter().any(|one| protocol.login.contains(&one.name.as_str()));
            if by_flag || by_variable || found.iter().any(|one| one.port == protocol.port) {
                continue;
            }
            let why = Why::image(at, kind, index, &container.image);
            found.push(OpenPort { port: protocol.port, protocol, why });
        }
    }
    found.sort_by_key(|one| one.port);
    found
}

/// What every unit listens on, as far as objects show it; nothing for units without a running
/// pod.
pub(crate) fn listening(cluster: &Cluster, ground: &Ground) -> Vec<ConnectionSet> {
    let mut targets: FxHashMap<u32, Vec<&Service>> = FxHashMap::default();
    for ((namespace, name), units) in &ground.behind {
        let Some(service) = cluster.services.get(namespace, name) else { continue };
        for &unit in units {
            targets.entry(unit).or_default().push(service);
        }
    }
    let all = ground.units.iter().enumerate();
    all.map(|(at, unit)| {
        if unit.latent {
            return ConnectionSet::none();
        }
        let mut set = ConnectionSet::none();
        for (_, _, container) in running(&unit.spec) {
            for port in &container.ports {
                set = set.union(&one(&port.protocol, port.container_port));
            }
        }
        for protocol in &ground.open[at] {
            set = set.union(&one("TCP", Some(i64::from(protocol.port))));
        }
        for service in targets.get(&(at as u32)).into_iter().flatten() {
            set = set.union(&behind(service, &unit.spec));
        }
        set
    })
    .collect()
}

fn one(protocol: &str, number: Option<i64>) -> ConnectionSet {
    let protocol = if protocol.is_empty() { "TCP" } else { protocol };
    match (Protocol::from_name(protocol), number.and_then(|number| u16::try_from(number).ok())) {
        (Some(protocol), Some(number)) if number > 0 => {
            ConnectionSet::ports(protocol, number, number)
        }
        _ => ConnectionSet::none(),
    }
}

/// The ports of a pod that a Service leads to.
fn behind(service: &Service, spec: &PodSpec) -> ConnectionSet {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter());
    ports.fold(ConnectionSet::none(), |all, port| {
        let number = match &port.target_port {
            Some(IntOrString::Text(name)) => running(spec)
                .flat_map(|(_, _, container)| container.ports.iter())
                .find(|own| own.name == *name)
                .and_then(|own| own.container_port),
            Some(IntOrString::Int(number)) if *number > 0 => Some(*number),
            _ => port.port,
        };
        all.union(&one(&port.protocol, number))
    })
}
