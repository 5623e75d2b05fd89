//! V5, management interfaces, V6, kubectl proxies, and V10, execution as a service: workloads
//! recognised by the name of their image's repository.

use ringfort_model::{ContainerKind, Kind, Str, Unit};

use super::exposure::{Reach, load_balancer};
use super::services::behind;
use super::{Finding, Instance, State};
use crate::context::Context;
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
];

/// Ends of image repositories that run what callers hand them.
const EXECUTION: &[&str] = &[
    "gitlab/gitlab-runner",
    "gitlab-org/gitlab-runner",
    "actions/actions-runner",
    "summerwind/actions-runner",
    "buildkite/agent",
    "jenkins/inbound-agent",
    "jenkins/jnlp-slave",
    "drone/drone-runner-kube",
    "woodpeckerci/woodpecker-agent",
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

fn recognised(unit: &Unit, at: u32, names: &[&'static str]) -> Option<(Why, &'static str)> {
    unit.spec.all_containers().find_map(|(kind, index, container)| {
        let name = known(&container.image, names)?;
        // One image holds every part of Argo CD; only its server shows an interface.
        let words = container.command.iter().chain(container.args.iter());
        let serves =
            name != "argoproj/argocd" || words.into_iter().any(|w| w.ends_with("argocd-server"));
        if kind == ContainerKind::Init || !serves {
            return None;
        }
        let path = Str::from(format!("{}[{index}].image", kind.field()));
        Some((Why::PodField { unit: at, path, value: container.image.clone() }, name))
    })
}

/// The widest reach of a unit by load balancers and node ports; `None` without any.
fn reach(context: &Context<'_>, unit: u32) -> Option<Reach> {
    let namespace = &context.units[unit as usize].namespace;
    let services = context.cluster.services.in_namespace(namespace);
    services
        .filter(|(_, service)| behind(context, service).contains(&unit))
        .filter_map(|(_, service)| match service.spec.as_ref()?.kind.as_str() {
            "LoadBalancer" => Some(load_balancer(context.cluster, service).reach),
            "NodePort" => Some(Reach::Unknown),
            _ => None,
        })
        .min()
}

fn empty(context: &Context<'_>, closed: &'static str) -> (State, &'static str) {
    let kinds = [Kind::Pod, Kind::Service];
    match kinds.into_iter().all(|kind| context.cluster.coverage.is_complete(kind)) {
        true => (State::Closed, closed),
        false => (State::Unknown, "pods or Services were not all read"),
    }
}

/// V5.
pub(super) fn interfaces(context: &Context<'_>) -> Finding {
    let mut found = Vec::new();
    for (at, unit) in context.units.iter().enumerate() {
        let at = at as u32;
        let Some((why, _)) = recognised(unit, at, INTERFACES).filter(|_| !unit.latent) else {
            continue;
        };
        let outside =
            matches!(reach(context, at), Some(Reach::Public | Reach::Unknown | Reach::AllowListed));
        let shown = format!("{}/{}", unit.namespace, unit.name(context.cluster));
        found.push(Instance {
            vector: "V5",
            name: Str::new(&shown),
            title: format!("interface {shown}"),
            // Without a Service of its own that leads outside, the interface is reached from
            // the cluster only.
            state: if outside { State::Unknown } else { State::Guarded },
            why: vec![why],
            missing: vec!["the login setting of the interface"],
            leads: if outside { context.pods_of(at) } else { Vec::new() },
        });
    }
    let (state, note) = empty(context, "no management interface is recognised");
    (found, state, note)
}

/// V6.
pub(super) fn proxies(context: &Context<'_>) -> Finding {
    let mut found = Vec::new();
    for (at, unit) in context.units.iter().enumerate() {
        for (kind, index, container) in unit.spec.all_containers() {
            let words: Vec<&str> =
                container.command.iter().chain(container.args.iter()).map(Str::as_str).collect();
            let line = words.join(" ");
            let wide = line.contains("--address=0.0.0.0")
                || line.contains("--address 0.0.0.0")
                || line.contains("--disable-filter");
            if unit.latent || !line.contains("kubectl proxy") || !wide {
                continue;
            }
            let shown = format!("{}/{}", unit.namespace, unit.name(context.cluster));
            let outside = reach(context, at as u32).is_some_and(|reach| reach != Reach::Internal);
            found.push(Instance {
                vector: "V6",
                name: Str::new(&shown),
                title: format!("kubectl proxy in {shown}"),
                state: if outside { State::Unknown } else { State::Guarded },
                why: vec![Why::PodField {
                    unit: at as u32,
                    path: Str::from(format!("{}[{index}].command", kind.field())),
                    value: Str::new("kubectl proxy off loopback"),
                }],
                missing: vec!["the firewall or security group of the nodes"],
                leads: if outside { context.pods_of(at as u32) } else { Vec::new() },
            });
        }
    }
    (found, State::Unknown, "operators' hosts are not observable")
}

/// V10.
pub(super) fn execution(context: &Context<'_>) -> Finding {
    let mut found = Vec::new();
    for (at, unit) in context.units.iter().enumerate() {
        let at = at as u32;
        let declared = unit.labels.get("ringfort.dev/execution-service").is_some();
        let why = match recognised(unit, at, EXECUTION) {
            Some((why, _)) => why,
            None if declared => Why::PodField {
                unit: at,
                path: "metadata.labels[ringfort.dev/execution-service]".into(),
                value: "declared".into(),
            },
            None => continue,
        };
        if unit.latent {
            continue;
        }
        let shown = format!("{}/{}", unit.namespace, unit.name(context.cluster));
        found.push(Instance {
            vector: "V10",
            name: Str::new(&shown),
            title: format!("{shown} runs what its callers submit"),
            state: State::Unknown,
            why: vec![why],
            missing: vec!["who may submit work"],
            leads: context.pods_of(at),
        });
    }
    let (state, note) = empty(context, "no execution service is recognised");
    (found, state, note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_known_by_repository() {
        assert!(known("quay.io/argoproj/argocd:v3.0", INTERFACES).is_some());
        assert!(known("registry.corp:5000/mirror/grafana/grafana@sha256:ab", INTERFACES).is_some());
        assert!(known("shop/dashboard-api:1", INTERFACES).is_none());
        assert!(known("docker:27-dind", EXECUTION).is_some());
        assert!(known("docker.io/library/nginx", EXECUTION).is_none());
    }
}
