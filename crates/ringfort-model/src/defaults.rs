//! What the API server fills in when it stores an object (semantics DEF-01 to DEF-04), for
//! objects that were read from manifests. An object from a server has it already, and is
//! not changed by any of this.
//!
//! Follows `pkg/apis/core/v1/defaults.go`. Only what a rule reads as written is filled in:
//! where absent and default mean the same to every rule (`securityContext: {}`, the account
//! `default`), the field stays absent. Every function answers with the paths of the fields
//! that it filled, so that nobody takes them for the author's words (SEM-002).

pub mod bootstrap;
mod profiles;

use std::sync::Arc;

use crate::kinds::Object;
use crate::record::network::{LoadBalancerIngress, Service, ServiceSpec};
use crate::record::pod::{Container, PodSpec};
use crate::record::volume::VolumeSource;
use crate::text::Str;
use crate::version::KubeVersion;
use crate::wire::{IntOrString, List};

/// The minor from which a pod template no longer gets host ports by defaulting.
const TEMPLATE_HOST_PORTS_UNTIL: u32 = 28;

/// Fills in what the API server would, for kinds that have such fields. With an unknown
/// server version the newest rules hold.
pub fn object(object: &mut Object, server: Option<KubeVersion>) -> Vec<String> {
    match object {
        Object::Pod(record) => {
            let mut filled = pod(Arc::make_mut(&mut record.spec), false, server);
            profiles::settle(record, server.map(|version| version.minor), &mut filled);
            filled
        }
        Object::Workload(record) => {
            let path = record.pod_spec_path();
            let template = record.pod_template_mut().and_then(|template| template.spec.as_mut());
            let filled =
                template.map(|spec| pod(Arc::make_mut(spec), true, server)).unwrap_or_default();
            // Paths of a template hang below where the kind keeps it.
            filled
                .into_iter()
                .map(|field| format!("{path}{}", field.trim_start_matches("spec")))
                .collect()
        }
        Object::Service(record) => service(record),
        _ => Vec::new(),
    }
}

/// Fills in a pod specification. `is_template` tells a template from a Pod object: only the
/// latter gets `hostPort` from `containerPort` on the host network (templates too before
/// 1.28). Paths begin with `spec`.
pub fn pod(spec: &mut PodSpec, is_template: bool, server: Option<KubeVersion>) -> Vec<String> {
    let mut filled = Vec::new();
    if spec.restart_policy.is_none() {
        spec.restart_policy = Some(Str::new("Always"));
        filled.push("spec.restartPolicy".to_owned());
    }
    let templates_too = server.is_some_and(|v| v.minor < TEMPLATE_HOST_PORTS_UNTIL);
    let host_ports = spec.host_network == Some(true) && (!is_template || templates_too);
    containers(&mut spec.init_containers, "spec.initContainers", host_ports, &mut filled);
    containers(&mut spec.containers, "spec.containers", host_ports, &mut filled);
    containers(&mut spec.ephemeral_containers, "spec.ephemeralContainers", false, &mut filled);
    for (at, volume) in spec.volumes.iter_mut().enumerate() {
        match &mut volume.source {
            None => {
                volume.source =
                    Some(VolumeSource::Other { kind: Str::new("emptyDir"), secret: None });
                filled.push(format!("spec.volumes[{at}].emptyDir"));
            }
            Some(VolumeSource::HostPath(host)) if host.kind.is_none() => {
                host.kind = Some(Str::default());
                filled.push(format!("spec.volumes[{at}].hostPath.type"));
            }
            Some(VolumeSource::Secret(secret)) if secret.default_mode.is_none() => {
                secret.default_mode = Some(0o644);
                filled.push(format!("spec.volumes[{at}].secret.defaultMode"));
            }
            Some(VolumeSource::Projected(projected)) => {
                for (source_at, source) in projected.sources.iter_mut().enumerate() {
                    let Some(token) = &mut source.service_account_token else { continue };
                    if token.expiration_seconds.is_none() {
                        token.expiration_seconds = Some(3600);
                        filled.push(format!(
                            "spec.volumes[{at}].projected.sources[{source_at}]\
                             .serviceAccountToken.expirationSeconds"
                        ));
                    }
                }
            }
            Some(_) => {}
        }
    }
    filled
}

fn containers(list: &mut List<Container>, path: &str, host_ports: bool, filled: &mut Vec<String>) {
    for (at, container) in list.iter_mut().enumerate() {
        if container.image_pull_policy.is_empty() {
            container.image_pull_policy = Str::new(pull_policy(&container.image));
            filled.push(format!("{path}[{at}].imagePullPolicy"));
        }
        for (port_at, port) in container.ports.iter_mut().enumerate() {
            if port.protocol.is_empty() {
                port.protocol = Str::new("TCP");
                filled.push(format!("{path}[{at}].ports[{port_at}].protocol"));
            }
            if host_ports && port.host_port.unwrap_or(0) == 0 && port.container_port.is_some() {
                port.host_port = port.container_port;
                filled.push(format!("{path}[{at}].ports[{port_at}].hostPort"));
            }
        }
    }
}

/// The pull policy of an image reference: `Always` for tag `latest` and for neither tag nor
/// digest, also when a digest follows the tag.
#[must_use]
pub fn pull_policy(image: &str) -> &'static str {
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    // A colon before the last slash belongs to the registry's port.
    let last = name.rsplit('/').next().unwrap_or_default();
    let tag = last.split_once(':').map(|(_, tag)| tag);
    match (tag, digest) {
        (Some("latest"), _) => "Always",
        (None, None) if !name.is_empty() => "Always",
        _ => "IfNotPresent",
    }
}

/// Fills in a Service: type, protocols, target ports, the external traffic policy where the
/// Service can be reached from outside, node ports of load balancers, and the mode of load
/// balancer addresses. Paths begin with `spec` or `status`.
pub fn service(service: &mut Service) -> Vec<String> {
    let mut filled = Vec::new();
    if let Some(spec) = &mut service.spec {
        service_spec(spec, &mut filled);
    }
    let ingress = service.status.as_mut().and_then(|status| status.load_balancer.as_mut());
    for (at, entry) in ingress.into_iter().flat_map(|lb| lb.ingress.iter_mut()).enumerate() {
        let LoadBalancerIngress { ip, ip_mode, .. } = entry;
        if !ip.is_empty() && ip_mode.is_none() {
            *ip_mode = Some(Str::new("VIP"));
            filled.push(format!("status.loadBalancer.ingress[{at}].ipMode"));
        }
    }
    filled
}

fn service_spec(spec: &mut ServiceSpec, filled: &mut Vec<String>) {
    if spec.kind.is_empty() {
        spec.kind = Str::new("ClusterIP");
        filled.push("spec.type".to_owned());
    }
    for (at, port) in spec.ports.iter_mut().enumerate() {
        if port.protocol.is_empty() {
            port.protocol = Str::new("TCP");
            filled.push(format!("spec.ports[{at}].protocol"));
        }
        let unset = match &port.target_port {
            None => true,
            Some(IntOrString::Int(number)) => *number == 0,
            Some(IntOrString::Text(name)) => name.is_empty(),
        };
        if let (true, Some(number)) = (unset, port.port) {
            port.target_port = Some(IntOrString::Int(number));
            filled.push(format!("spec.ports[{at}].targetPort"));
        }
    }
    let balanced = spec.kind == "LoadBalancer";
    let external = balanced
        || spec.kind == "NodePort"
        || (spec.kind == "ClusterIP" && !spec.external_ips.is_empty());
    if external && spec.external_traffic_policy.is_empty() {
        spec.external_traffic_policy = Str::new("Cluster");
        filled.push("spec.externalTrafficPolicy".to_owned());
    }
    if balanced && spec.allocate_load_balancer_node_ports.is_none() {
        spec.allocate_load_balancer_node_ports = Some(true);
        filled.push("spec.allocateLoadBalancerNodePorts".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(json: &str) -> PodSpec {
        serde_json::from_str(json).expect("pod specification")
    }

    #[test]
    fn a_volume_without_source_is_an_empty_dir() {
        let mut spec = spec(r#"{"volumes":[{"name":"v"},{"name":"h","hostPath":{"path":"/"}}]}"#);
        let filled = pod(&mut spec, false, None);
        let source = spec.volumes[0].source.as_ref().expect("a source");
        assert_eq!(source.kind(), "emptyDir");
        assert!(filled.contains(&"spec.volumes[0].emptyDir".to_owned()));
        assert!(filled.contains(&"spec.volumes[1].hostPath.type".to_owned()));
        assert_eq!(pod(&mut spec, false, None), Vec::<String>::new(), "a second time fills none");
    }

    #[test]
    fn host_network_gives_host_ports_to_pods_and_to_old_templates() {
        let json = r#"{"hostNetwork":true,"containers":[{"ports":[{"containerPort":80}]}]}"#;
        for (is_template, server, want) in [
            (false, None, Some(80)),
            (false, Some(36), Some(80)),
            (true, Some(36), None),
            (true, Some(28), None),
            (true, Some(27), Some(80)),
            (true, None, None),
        ] {
            let mut spec = spec(json);
            pod(&mut spec, is_template, server.map(KubeVersion::minor));
            let port = &spec.containers[0].ports[0];
            assert_eq!(port.host_port, want, "template {is_template}, server {server:?}");
            assert_eq!(port.protocol, "TCP");
        }
        let mut spec = spec(r#"{"containers":[{"ports":[{"containerPort":80}]}]}"#);
        pod(&mut spec, false, None);
        assert_eq!(spec.containers[0].ports[0].host_port, None);
    }

    #[test]
    fn pull_policy_follows_tag_and_digest() {
        for (image, want) in [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("nginx:latest@sha256:00", "Always"),
            ("registry:5000/nginx", "Always"),
            ("nginx:1.27", "IfNotPresent"),
            ("nginx@sha256:00", "IfNotPresent"),
            ("registry:5000/nginx:1", "IfNotPresent"),
            ("", "IfNotPresent"),
        ] {
            assert_eq!(pull_policy(image), want, "{image}");
        }
    }

    #[test]
    fn token_projections_get_their_lifetime() {
        let mut spec = spec(
            r#"{"volumes":[{"name":"t","projected":{"sources":[
                {"serviceAccountToken":{"path":"token"}}]}}]}"#,
        );
        pod(&mut spec, true, None);
        let Some(VolumeSource::Projected(projected)) = &spec.volumes[0].source else {
            panic!("still a projected volume")
        };
        let token = projected.sources[0].service_account_token.as_ref().expect("a token");
        assert_eq!(token.expiration_seconds, Some(3600));
    }

    #[test]
    fn services_are_filled_by_type() {
        let read = |json: &str| -> Service { serde_json::from_str(json).expect("service") };
        let mut plain = read(r#"{"spec":{"ports":[{"port":80}]}}"#);
        service(&mut plain);
        let spec = plain.spec.expect("specification");
        assert_eq!(spec.kind, "ClusterIP");
        assert_eq!(spec.ports[0].protocol, "TCP");
        assert_eq!(spec.ports[0].target_port, Some(IntOrString::Int(80)));
        assert_eq!(spec.external_traffic_policy, "");

        let mut balanced = read(
            r#"{"spec":{"type":"LoadBalancer"},
                "status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"},{"hostname":"h"}]}}}"#,
        );
        service(&mut balanced);
        let spec = balanced.spec.expect("specification");
        assert_eq!(spec.external_traffic_policy, "Cluster");
        assert_eq!(spec.allocate_load_balancer_node_ports, Some(true));
        let ingress = balanced.status.and_then(|s| s.load_balancer).expect("status").ingress;
        assert_eq!(ingress[0].ip_mode.as_deref(), Some("VIP"));
        assert_eq!(ingress[1].ip_mode, None);

        let mut outside = read(r#"{"spec":{"externalIPs":["192.0.2.9"]}}"#);
        service(&mut outside);
        assert_eq!(outside.spec.expect("specification").external_traffic_policy, "Cluster");
    }

    #[test]
    fn a_template_keeps_its_own_path() {
        let json = br#"{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"c"},
            "spec":{"jobTemplate":{"spec":{"template":{"spec":{"volumes":[{"name":"v"}]}}}}}}"#;
        let mut read = Object::read(json).expect("a CronJob");
        let filled = object(&mut read, None);
        assert!(
            filled.contains(&"spec.jobTemplate.spec.template.spec.volumes[0].emptyDir".to_owned())
        );
    }
}
