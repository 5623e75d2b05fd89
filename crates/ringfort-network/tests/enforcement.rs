//! Agents by their images and settings, and hints on nodes, written down once more (EFF-NP,
//! NP-11).

use ringfort_model::{Cluster, ClusterBuilder, Object, SourceKind};
use ringfort_network::policy::Enforcement;
use ringfort_network::policy::Tri::{self, No, Unknown, Yes};
use serde_json::{Value, json};

fn cluster(source: SourceKind, objects: &[Value]) -> Cluster {
    let mut builder = ClusterBuilder::new(source);
    for object in objects {
        builder.add(Object::read(object.to_string().as_bytes()).expect("an object"));
    }
    builder.freeze()
}

fn daemon(image: &str, command: &[&str]) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"namespace": "kube-system", "name": "agent"},
        "spec": {"template": {"spec": {"containers": [
            {"name": "agent", "image": image, "command": command}]}}}})
}

/// The implementation, whether it enforces, and whether its blocks mean pods.
fn judged(objects: &[Value]) -> Option<(&'static str, Tri, Tri)> {
    let found = Enforcement::new(&cluster(SourceKind::Manifests, objects));
    let agent = found.agents().first()?;
    Some((agent.cni, agent.enforces, found.blocks_match_pods()))
}

#[test]
fn every_known_image() {
    for (image, want) in [
        ("quay.io/calico/node:v3.29.1", ("Calico", Yes, Yes)),
        ("registry.example/calico-node:v3", ("Calico", Yes, Yes)),
        ("quay.io/cilium/cilium:v1.16.1", ("Cilium", Yes, No)),
        ("antrea/antrea-agent-ubuntu:v2.2.0", ("Antrea", Yes, Yes)),
        ("projects.example/antrea/antrea-ubuntu:v1.13", ("Antrea", Yes, Yes)),
        ("docker.io/cloudnativelabs/kube-router:v2", ("kube-router", Yes, Yes)),
        ("weaveworks/weave-npc:2.8.1", ("Weave Net", Yes, Unknown)),
        ("ghcr.io/ovn-kubernetes/ovn-kubernetes/ovn-kube-fedora:v1", ("OVN-Kubernetes", Yes, Yes)),
        ("registry.example/ovn-kubernetes:v4", ("OVN-Kubernetes", Yes, Yes)),
        ("mcr.microsoft.com/containernetworking/azure-npm:v1.5", ("Azure NPM", Yes, Unknown)),
        ("gke.gcr.io/cilium/anetd:v1", ("GKE Dataplane V2", Yes, No)),
        (
            "registry.k8s.io/networking/kube-network-policies:v0.7",
            ("kube-network-policies", Yes, Unknown),
        ),
        ("ghcr.io/flannel-io/flannel:v0.26.0", ("flannel", No, Unknown)),
        ("docker.io/kindest/kindnetd:v20250214", ("kindnet", Unknown, Unknown)),
    ] {
        assert_eq!(judged(&[daemon(image, &[])]), Some(want), "{image}");
    }
    assert_eq!(judged(&[daemon("example.com/notcalico/nodejs:1", &[])]), None);
}

#[test]
fn cilium_may_be_off_and_its_relay_is_no_agent() {
    let image = "quay.io/cilium/cilium:v1.16.1";
    let config = |value: &str| {
        json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"namespace": "kube-system", "name": "cilium-config"},
            "data": {"enable-policy": value}})
    };
    let with = |value: &str| judged(&[daemon(image, &["cilium-agent"]), config(value)]);
    assert_eq!(with("default"), Some(("Cilium", Yes, No)));
    assert_eq!(with("always"), Some(("Cilium", Yes, No)));
    assert_eq!(with("never"), Some(("Cilium", No, Unknown)));
    assert_eq!(judged(&[daemon(image, &["hubble-relay", "serve"])]), None);
}

#[test]
fn annotations_of_agents_are_hints_and_no_proof() {
    for (key, cni) in [
        ("projectcalico.org/IPv4Address", "Calico"),
        ("network.cilium.io/ipv4-pod-cidr", "Cilium"),
        ("io.cilium.network.ipv4-pod-cidr", "Cilium"),
        ("k8s.ovn.org/node-subnets", "OVN-Kubernetes"),
        ("flannel.alpha.coreos.com/backend-type", "flannel"),
        ("node.antrea.io/mac-address", "Antrea"),
    ] {
        let node = json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": "n", "annotations": {key: "x"}}});
        let found = Enforcement::new(&cluster(SourceKind::Dump, &[node])).anywhere();
        let words = format!("only annotations of {cni} on nodes are seen");
        assert_eq!(found, (Unknown, words), "{key}");
    }
}

#[test]
fn only_a_running_pod_proves_enforcement_on_a_node() {
    let on = |phase: &str, node: &str| {
        let pod = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "kube-system", "name": "agent-1", "ownerReferences": [
                {"kind": "DaemonSet", "name": "agent", "controller": true}]},
            "spec": {"nodeName": "one"}, "status": {"phase": phase}});
        let objects = [daemon("x/calico/node:v3", &[]), pod];
        Enforcement::new(&cluster(SourceKind::Dump, &objects)).on_node(node).0
    };
    assert_eq!(on("Running", "one"), Yes);
    assert_eq!(on("Running", "two"), Unknown);
    for phase in ["Pending", "Failed", "Unknown"] {
        assert_eq!(on(phase, "one"), Unknown, "{phase}");
    }
}
