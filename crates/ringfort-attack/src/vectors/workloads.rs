//! V5, management interfaces, and V10, execution as a service: workloads recognised by the name
//! of their image's repository.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ringfort_language::{message, sentence};
use ringfort_model::{Container, ContainerKind, Kind, Str, go_bool};
use ringfort_network::exposure::{ListenerKind, Reach};

use super::fronts::{self, Fronts, Listens, UNREAD, all_read};
use super::proxies::flags_of;
use super::{Finding, Instance, State};
use crate::argo_policy::{DefaultRole, MAP as POLICIES, default_role};
use crate::argo_settings::{self, Login};
use crate::context::Context;
use crate::gitops::{RUNNERS, holds_daemon};
use crate::given::{Given, entry, variable};
use crate::listener::running;
use crate::operator::Operator;
use crate::recognise::known;
use crate::why::Why;

/// Ends of image repositories that are management interfaces.
const INTERFACES: &[&str] = &[
    "kubernetesui/dashboard",
    "kubernetes-dashboard",
    "headlamp",
    "rancher/rancher",
    "argoproj/argocd",
    "argoproj/argocli",
    "kubeflow/centraldashboard",
    "mlflow",
    "apache/airflow",
    "jupyterhub/k8s-hub",
    "jenkins/jenkins",
    "grafana/grafana",
    "grafana/grafana-oss",
    "grafana/grafana-enterprise",
    "prom/alertmanager",
    "prom/prometheus",
    "prometheus/prometheus",
    "prometheus/alertmanager",
    "kiali/kiali",
    "weaveworks/scope",
    "longhornio/longhorn-ui",
    "minio/minio",
    "hashicorp/vault",
    "hashicorp/consul",
    "cilium/hubble-ui",
    "dpage/pgadmin4",
    "octant",
    "kubernetes-dashboard-amd64",
    "helm/tiller",
    "kubernetes-helm/tiller",
    "rediscommander/redis-commander",
    "rayproject/ray",
];

/// Ends of image repositories that run what callers hand them, beside [`RUNNERS`].
const EXECUTION: &[&str] = &[
    "concourse/concourse",
    "jupyterhub/k8s-hub",
    "jupyter/base-notebook",
    "rayproject/ray",
    "apache/spark",
    "codercom/code-server",
    "coder/coder",
    "openfaas/gateway",
    "fission/fission-bundle",
    "docker",
    "library/docker",
    "moby/buildkit",
    "kaniko-project/executor",
];

/// Running units with a container whose image is one of these, each with that container's image
/// as a reason.
fn recognised(context: &Context<'_>, names: &[&'static str]) -> BTreeMap<u32, Why> {
    let mut found = BTreeMap::new();
    for (unit, kind, index) in context.images.of(names) {
        let container = context.container((unit, kind, index));
        let words = || container.command.iter().chain(container.args.iter());
        let says = |end: &str| {
            words().flat_map(|word| word.split_whitespace()).any(|word| word.ends_with(end))
        };
        // One image holds every part of Argo CD, of which the server shows an interface, and one
        // those of Ray, of which the head does.
        let serves = match known(&container.image, names) {
            Some("argoproj/argocd") => says("argocd-server"),
            Some("rayproject/ray") => names != INTERFACES || says("--head"),
            _ => true,
        };
        if kind != ContainerKind::Init && serves {
            let why = Why::image(unit, kind, index as usize, &container.image);
            found.entry(unit).or_insert(why);
        }
    }
    found
}

/// The widest reach of a unit by listeners that are more than an address of the cluster's own
/// network; `None` without any.
#[must_use]
pub fn reach(context: &Context<'_>, unit: u32) -> Option<Reach> {
    let fronts = context.fronts[unit as usize].iter();
    let fronts = fronts.map(|&at| &context.exposure.listeners[at as usize]);
    let outer = fronts.filter(|listener| listener.kind != ListenerKind::ClusterIp);
    outer.map(|listener| listener.verdict.reach).min()
}

fn empty(context: &Context<'_>, closed: &'static str) -> (State, &'static str) {
    let kinds = [Kind::Pod, Kind::Service];
    match kinds.into_iter().all(|kind| context.cluster.coverage.is_complete(kind)) {
        true => (State::Closed, closed),
        false => (State::Unknown, message!("pods or Services were not all read")),
    }
}

/// Whether an interface asks for a login, with what says so; `None` where that is not known
/// or the interface has settings that no object holds.
#[must_use]
pub fn login(context: &Context<'_>, unit: u32) -> Option<(bool, Why)> {
    let one = &context.units[unit as usize];
    for (kind, index, container) in one.spec.all_containers() {
        let Some(name) = known(&container.image, INTERFACES) else { continue };
        let words = || container.command.iter().chain(container.args.iter());
        // A boolean as spf13/pflag reads it: alone it is true, and the last counts.
        let switch = |flag: &str| {
            let rests = words().filter_map(|word| word.strip_prefix(flag));
            let mut values = rests.filter_map(|rest| match rest {
                "" => Some("true"),
                rest => rest.strip_prefix('='),
            });
            values.next_back().and_then(go_bool)
        };
        let field = |path: &str, value: &str| Why::PodField {
            unit,
            path: Str::from(format!("{}[{index}].{path}", kind.field())),
            value: Str::new(value),
        };
        let map = |map: &str, key: &str, value: &str| Why::ObjectField {
            kind: "ConfigMap",
            namespace: one.namespace.clone(),
            name: Str::new(map),
            path: Str::from(format!("data[{key}]")),
            value: Str::new(value),
        };
        return match name {
            "kubernetesui/dashboard" | "kubernetes-dashboard-amd64" => {
                let skips = switch("--enable-skip-login") == Some(true);
                let shown = if skips { "--enable-skip-login" } else { "no --enable-skip-login" };
                Some((!skips, field("args", shown)))
            }
            "argoproj/argocd" => {
                const CONFIG: (&str, &str) = ("argocd-cm", "users.anonymous.enabled");
                let server = Operator::at(context, unit, kind, index);
                let anonymous = entry(context.cluster, &one.namespace, CONFIG.0, CONFIG.1);
                let anonymous = matches!(anonymous, Given::To("true", _));
                let role = default_role(context, &one.namespace);
                if let (true, DefaultRole::Writes(role)) = (anonymous, role) {
                    return Some((false, map(POLICIES, "policy.default", role)));
                }
                match argo_settings::login(context, &server) {
                    Login::Said(false, why) => return Some((false, why)),
                    Login::Told(false, name, key) => {
                        return Some((false, map(&name, &key, "true")));
                    }
                    Login::Unread(_) => return None,
                    Login::Asked | Login::Said(true, _) | Login::Told(true, ..) => {}
                }
                // No server starts without it.
                context.cluster.config_maps.get(&one.namespace, CONFIG.0)?;
                match (anonymous, role) {
                    (true, DefaultRole::Unread | DefaultRole::Elsewhere(_)) => None,
                    (true, DefaultRole::Reads(role)) => {
                        Some((true, map(POLICIES, "policy.default", role)))
                    }
                    _ => Some((true, map(CONFIG.0, CONFIG.1, "is not true"))),
                }
            }
            "argoproj/argocli" => {
                let words: Vec<&str> = words().map(Str::as_str).collect();
                let (asks, shown) = argo_asks(&words, &container.image)?;
                Some((asks, field("args", shown)))
            }
            "grafana/grafana" | "grafana/grafana-oss" | "grafana/grafana-enterprise" => {
                let name = "GF_AUTH_ANONYMOUS_ENABLED";
                let given = variable(context.cluster, &one.namespace, container, name);
                let anonymous = matches!(given, Given::To(value, _) if ini_true(value));
                // Otherwise its configuration file decides.
                anonymous.then(|| (false, field("env", "GF_AUTH_ANONYMOUS_ENABLED=true")))
            }
            "prom/prometheus"
            | "prom/alertmanager"
            | "prometheus/prometheus"
            | "prometheus/alertmanager" => {
                let configured = words().any(|word| word.starts_with("--web.config.file"));
                (!configured).then(|| (false, field("args", "no --web.config.file")))
            }
            _ => None,
        };
    }
    None
}

/// What an interface listens on: what its container declares, what its flags say, and where
/// neither does its usual port.
fn listens(container: &Container, name: &str) -> Listens {
    const USUAL: [(&str, &[u16]); 7] = [
        ("argoproj/argocd", &[8080]),
        ("argoproj/argocli", &[2746]),
        ("grafana/grafana", &[3000]),
        ("kubernetesui/dashboard", &[8443, 9090]),
        ("prom/prometheus", &[9090]),
        ("prometheus/alertmanager", &[9093]),
        ("prometheus/prometheus", &[9090]),
    ];
    let words: Vec<&str> =
        container.command.iter().chain(container.args.iter()).map(Str::as_str).collect();
    let addresses = flags_of(&words, "--web.listen-address");
    if !addresses.is_empty() {
        let split = addresses.iter().filter_map(|address| address.rsplit_once(':'));
        let (hosts, ports): (Vec<&str>, Vec<&str>) = split.unzip();
        let own = |host: &&str| {
            let host = host.trim_matches(['[', ']']);
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback())
        };
        return Listens {
            ports: ports.iter().filter_map(|port| port.parse().ok()).collect(),
            only: true,
            loopback: !hosts.is_empty() && hosts.iter().all(own),
        };
    }
    let declared = container.ports.iter().filter_map(|port| port.container_port);
    let mut ports: Vec<u16> = declared.filter_map(|port| u16::try_from(port).ok()).collect();
    let said = flags_of(&words, "--port").into_iter().chain(flags_of(&words, "--insecure-port"));
    ports.extend(said.filter_map(|port| port.parse::<u16>().ok()));
    if ports.is_empty() {
        let usual = USUAL.iter().filter(|(image, _)| *image == name);
        ports.extend(usual.flat_map(|(_, ports)| *ports));
    }
    Listens { ports, only: false, loopback: false }
}

/// How an interface's own container is reached.
fn fronts_of(context: &Context<'_>, unit: u32) -> Fronts {
    let spec = &context.units[unit as usize].spec;
    let own = running(spec).find_map(|(kind, index, container)| {
        Some((kind, index, container, known(&container.image, INTERFACES)?))
    });
    own.map_or_else(Fronts::default, |(kind, index, container, name)| {
        fronts::of(context, (unit, kind, index as u32), &listens(container, name))
    })
}

/// Whether the server of Argo Workflows asks for a login: of several modes `server`, and `hybrid`
/// of old releases, let in who shows nothing (docs/argo-server-auth-mode.md). Without a mode that
/// is what releases before 3.0 do and 3.1 no more; of 3.0 the documents and the server differ.
fn argo_asks(words: &[&str], image: &str) -> Option<(bool, &'static str)> {
    let modes = flags_of(words, "--auth-mode");
    if modes.iter().any(|mode| matches!(*mode, "server" | "hybrid")) {
        return Some((false, "--auth-mode=server"));
    }
    if !modes.is_empty() {
        return Some((true, "no --auth-mode=server"));
    }
    let tag = image.split('@').next()?.rsplit_once(':')?.1;
    let mut numbers = tag.trim_start_matches('v').split('.');
    let (major, minor): (u32, u32) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    match (major, minor) {
        (..=2, _) => Some((false, "no --auth-mode, which is server before 3.0")),
        (3, 0) => None,
        _ => Some((true, "no --auth-mode, which is client")),
    }
}

/// V5.
pub(super) fn interfaces(context: &Context<'_>) -> Finding {
    let mut found = Vec::new();
    let read = all_read(context);
    for (at, why) in recognised(context, INTERFACES) {
        let unit = &context.units[at as usize];
        let (fronts, login) = (fronts_of(context, at), login(context, at));
        let reach = fronts.own;
        let asks = login.as_ref().map(|(asks, _)| *asks);
        let mut missing = Vec::new();
        let state = match (reach, asks) {
            (Some(Reach::Public), Some(false)) => State::Open,
            (Some(Reach::Public | Reach::Unknown), Some(true)) => State::Guarded,
            (Some(Reach::Public | Reach::Unknown), _) => State::Unknown,
            (_, Some(true)) => State::Guarded,
            (Some(Reach::AllowListed), _) if read => State::Guarded,
            // A port of another container of its pod may pass on what comes to it.
            _ if matches!(fronts.through, Some((Reach::Public | Reach::Unknown, false))) => {
                missing.push(message!(
                    "whether what stands in front of the interface in its pod asks for a login"
                ));
                State::Unknown
            }
            // Without anything that leads to it from outside, it is reached from the cluster only.
            _ if read => State::Guarded,
            _ => {
                missing.push(UNREAD);
                State::Unknown
            }
        };
        let through = fronts.through.map(|(reach, _)| reach);
        let outside = |reach| matches!(reach, Some(one) if one != Reach::Internal);
        let leads = state == State::Unknown || outside(reach) || outside(through);
        let shown = format!("{}/{}", unit.namespace, unit.name(context.cluster));
        if login.is_none() {
            missing.push(message!("the login setting of the interface"));
        }
        if reach == Some(Reach::Unknown) {
            missing.push(message!("whether the port is reachable from the internet"));
        }
        found.push(Instance {
            vector: "V5",
            name: Str::new(&shown),
            title: sentence!("interface {name}", name = &shown),
            state,
            why: [why].into_iter().chain(login.map(|(_, why)| why)).collect(),
            missing,
            leads: if leads { context.pods_of(at) } else { Vec::new() },
        });
    }
    let (state, note) = empty(context, message!("no management interface is recognised"));
    (found, state, note)
}

/// Groups and kinds whose objects run what their author says, on behalf of whoever may create
/// them.
const SUBMITTED: &[(&str, &str)] = &[
    ("argoproj.io", "Workflow"),
    ("sparkoperator.k8s.io", "SparkApplication"),
    ("flink.apache.org", "FlinkDeployment"),
    ("machinelearning.seldon.io", "SeldonDeployment"),
    ("fission.io", "Function"),
    ("openfaas.com", "Function"),
    ("workspace.devfile.io", "DevWorkspace"),
    ("org.eclipse.che", "CheCluster"),
    ("tekton.dev", "TaskRun"),
    ("actions.github.com", "AutoscalingRunnerSet"),
    ("kubeflow.org", "Notebook"),
    ("ray.io", "RayCluster"),
    ("serving.kserve.io", "InferenceService"),
    ("agents.x-k8s.io", "Sandbox"),
];

/// V10.
pub(super) fn execution(context: &Context<'_>) -> Finding {
    let mut found = Vec::new();
    let mut serving = recognised(context, RUNNERS);
    for (unit, why) in recognised(context, EXECUTION) {
        // Of Docker's image most tags are the client alone.
        let client = matches!(why.shown(), Why::PodField { value, .. } if holds_daemon(value) == Some(false));
        if !client {
            serving.entry(unit).or_insert(why);
        }
    }
    for (at, unit) in context.units.iter().enumerate().filter(|(_, unit)| !unit.latent) {
        let unit_of = at as u32;
        if unit.labels.get("ringfort.dev/execution-service").is_some() {
            let label = Why::PodField {
                unit: unit_of,
                path: "metadata.labels[ringfort.dev/execution-service]".into(),
                value: "declared".into(),
            };
            serving.entry(unit_of).or_insert_with(|| label.into_mark());
        }
    }
    for (at, why) in serving {
        let unit = &context.units[at as usize];
        let shown = format!("{}/{}", unit.namespace, unit.name(context.cluster));
        found.push(Instance {
            vector: "V10",
            name: Str::new(&shown),
            title: sentence!("{object} runs what its callers submit", object = &shown),
            state: State::Unknown,
            why: vec![why],
            missing: vec![message!("who may submit work")],
            leads: context.pods_of(at),
        });
    }
    for definition in &context.cluster.custom_resource_definitions {
        let Some(spec) = &definition.spec else { continue };
        let kind = spec.names.as_ref().map_or("", |names| names.kind.as_str());
        if !SUBMITTED.contains(&(spec.group.as_str(), kind)) {
            continue;
        }
        let name = definition.metadata.name.clone();
        found.push(Instance {
            vector: "V10",
            title: sentence!(
                "objects of {definition} run what their author submits",
                definition = name.as_str()
            ),
            // The API server asks who creates them: the techniques deputy-* begin there.
            state: State::Guarded,
            why: vec![Why::ObjectField {
                kind: "CustomResourceDefinition",
                namespace: Str::default(),
                name: name.clone(),
                path: "spec.names.kind".into(),
                value: Str::new(kind),
            }],
            missing: vec![message!("whether an interface of its own takes work from outside")],
            leads: Vec::new(),
            name,
        });
    }
    let known = context.cluster.coverage.is_complete(Kind::CustomResourceDefinition);
    let (state, note) = match known {
        true => empty(context, message!("no execution service is recognised")),
        false => (State::Unknown, message!("custom resource definitions were not all read")),
    };
    (found, state, note)
}

/// What Grafana reads as true (go-ini, `parseBool`): Go's words and a few more.
fn ini_true(text: &str) -> bool {
    go_bool(text) == Some(true) || ["YES", "yes", "Yes", "y", "ON", "on", "On"].contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn argo_asks_unless_a_mode_or_its_age_says_otherwise() {
        let asks = |words: &[&str], image: &str| argo_asks(words, image).map(|(asks, _)| asks);
        let new = "quay.io/argoproj/argocli:v3.6.0@sha256:0";
        assert_eq!(asks(&["server"], "argoproj/argocli:v2.11.8"), Some(false));
        assert_eq!(asks(&["server"], "argoproj/argocli:v3.0.2"), None);
        assert_eq!(asks(&["server"], new), Some(true));
        assert_eq!(asks(&["server"], "argoproj/argocli:latest"), None);
        assert_eq!(asks(&["server"], "argoproj/argocli@sha256:0"), None);
        assert_eq!(asks(&["server", "--auth-mode", "server"], new), Some(false));
        assert_eq!(asks(&["--auth-mode=server", "--auth-mode=sso"], new), Some(false));
        assert_eq!(asks(&["--auth-mode=sso"], "argoproj/argocli:v2.11.8"), Some(true));
        assert_eq!(asks(&["--auth-mode=sso"], "argoproj/argocli@sha256:0"), Some(true));
    }

    #[test]
    fn interfaces_are_known_by_repository() {
        assert!(known("quay.io/argoproj/argocd:v3.0", INTERFACES).is_some());
        assert!(known("registry.corp:5000/mirror/grafana/grafana@sha256:ab", INTERFACES).is_some());
        assert!(known("shop/dashboard-api:1", INTERFACES).is_none());
        assert!(known("docker:27-dind", EXECUTION).is_some());
        assert!(known("docker.io/library/nginx", EXECUTION).is_none());
    }
}
