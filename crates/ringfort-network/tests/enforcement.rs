//! Agents by their images and settings, and hints on nodes, written down once more (EFF-NP,
//! NP-11).

use ringfort_model::{Cluster, ClusterBuilder, Object, SourceKind};
use ringfort_network::policy::Tri::{self, No, Unknown, Yes};
use ringfort_network::policy::{Enforcement, Family};
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

/// By family, what counts with one agent.
fn families(objects: &[Value]) -> [Tri; 7] {
    let found = Enforcement::new(&cluster(SourceKind::Manifests, objects));
    Family::ALL.map(|family| found.of_family(family))
}

#[test]
fn agents_enforce_the_kinds_that_they_know() {
    let open = [Yes, Unknown, Unknown, Unknown, No, No, No];
    let kubernetes_alone = [Yes, No, No, No, No, No, No];
    for (image, want) in [
        ("quay.io/calico/node:v3.26.0", [Yes, No, No, No, No, No, Yes]),
        ("quay.io/calico/node:v3.28.3", [Yes, No, No, No, No, No, Yes]),
        ("quay.io/calico/node:v3.29.1", [Yes, Yes, No, No, No, No, Yes]),
        ("quay.io/calico/node:v3.30.0", [Yes, Yes, Yes, No, No, No, Yes]),
        ("quay.io/calico/node:v3.31.0", [Yes, Unknown, Unknown, Unknown, No, No, Yes]),
        ("quay.io/calico/node:latest", [Yes, Unknown, Unknown, Unknown, No, No, Yes]),
        ("quay.io/cilium/cilium:v1.17.1", [Yes, No, No, No, Yes, Yes, No]),
        ("docker.io/cloudnativelabs/kube-router:v2.1", kubernetes_alone),
        ("weaveworks/weave-npc:2.8.1", kubernetes_alone),
        ("mcr.microsoft.com/containernetworking/azure-npm:v1.5", kubernetes_alone),
        ("antrea/antrea-agent-ubuntu:v2.2.0", open),
        ("registry.example/ovn-kubernetes:v4", open),
        ("docker.io/kindest/kindnetd:v1", open),
        ("registry.k8s.io/networking/kube-network-policies:v0.7", open),
        ("gke.gcr.io/cilium/anetd:v1", [Yes, Unknown, Unknown, Unknown, Unknown, Unknown, No]),
    ] {
        assert_eq!(families(&[daemon(image, &[])]), want, "{image}");
    }
    // Where nothing is seen policies are taken as they are written.
    assert_eq!(families(&[]), [Yes; 7]);
    let aws = json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"namespace": "kube-system", "name": "aws-node"},
        "spec": {"template": {"spec": {"containers": [{"name": "n", "image": "x/amazon-k8s-cni:v1"},
            {"name": "a", "image": "x/aws-network-policy-agent:v1",
                "args": ["--enable-network-policy", "true"]}]}}}});
    assert_eq!(families(&[aws]), kubernetes_alone);
    // Of two agents that differ each has its say.
    let mut other = daemon("quay.io/calico/node:v3.26.0", &[]);
    other["metadata"]["name"] = json!("calico-node");
    let both = families(&[daemon("quay.io/cilium/cilium:v1.17.1", &[]), other]);
    assert_eq!(both, [Yes, No, No, No, Unknown, Unknown, Unknown]);
    let flags = ["--admin-network-policy=true", "--baseline-admin-network-policy=false"];
    let found = families(&[daemon("x/kube-network-policies:v0.7", &flags)]);
    assert_eq!(found, [Yes, Yes, No, Unknown, No, No, No]);
}

fn cilium(command: &[&str], env: Value, more: Option<Value>) -> (Tri, [Tri; 7]) {
    let mut agent = daemon("quay.io/cilium/cilium:v1.17.1", command);
    agent["spec"]["template"]["spec"]["containers"][0]["env"] = env;
    let objects: Vec<Value> = [agent].into_iter().chain(more).collect();
    let found = Enforcement::new(&cluster(SourceKind::Manifests, &objects));
    (found.anywhere().0, families(&objects))
}

#[allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps)]
fn config(namespace: &str, data: Value) -> Option<Value> {
    Some(json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"namespace": namespace, "name": "cilium-config"}, "data": data}))
}

#[test]
fn cilium_is_set_up_by_arguments_environment_and_config() {
    let all = [Yes, No, No, No, Yes, Yes, No];
    let own = |data: Value| cilium(&[], json!([]), config("kube-system", data));
    assert_eq!(own(json!({})), (Yes, all));
    assert_eq!(own(json!({"policy-audit-mode": "true"})).0, No);
    assert_eq!(own(json!({"policy-audit-mode": "false"})).0, Yes);
    assert_eq!(own(json!({"policy-audit-mode": "perhaps"})).0, Unknown);
    assert_eq!(own(json!({"enable-policy": "never"})).0, No);
    for (key, want) in [
        ("enable-k8s-networkpolicy", [No, No, No, No, Yes, Yes, No]),
        ("enable-cilium-network-policy", [Yes, No, No, No, No, Yes, No]),
        ("enable-cilium-clusterwide-network-policy", [Yes, No, No, No, Yes, No, No]),
    ] {
        assert_eq!(own(json!({key: "false"})), (Yes, want), "{key}");
    }
    let cluster = own(json!({"enable-k8s-cluster-network-policy": "true"}));
    assert_eq!(cluster, (Yes, [Yes, No, No, Yes, Yes, Yes, No]));
    let nothing = json!({"enable-k8s-networkpolicy": "false", "enable-cilium-network-policy": "false",
        "enable-cilium-clusterwide-network-policy": "false"});
    assert_eq!(own(nothing).0, No);
    // A ConfigMap of another namespace is another installation's.
    let elsewhere = config("other", json!({"enable-policy": "never"}));
    assert_eq!(cilium(&[], json!([]), elsewhere).0, Yes);
    for command in
        [&["--enable-policy=never"][..], &["--enable-policy", "never"], &["--policy-audit-mode"]]
    {
        assert_eq!(cilium(command, json!([]), None).0, No, "{command:?}");
    }
    // Arguments come before the environment, and that before the ConfigMap.
    let never = || config("kube-system", json!({"enable-policy": "never"}));
    assert_eq!(cilium(&["--enable-policy=default"], json!([]), never()).0, Yes);
    let env = json!([{"name": "CILIUM_ENABLE_POLICY", "value": "never"}]);
    assert_eq!(cilium(&[], env.clone(), None).0, No);
    assert_eq!(cilium(&["--enable-policy=default"], env, None).0, Yes);
    let from = json!([{"name": "CILIUM_ENABLE_POLICY", "valueFrom":
        {"configMapKeyRef": {"name": "cilium-config", "key": "enable-policy"}}}]);
    assert_eq!(cilium(&[], from, never()).0, No);
    let secret = json!([{"name": "CILIUM_ENABLE_POLICY", "valueFrom":
        {"secretKeyRef": {"name": "x", "key": "y"}}}]);
    assert_eq!(cilium(&[], secret, None).0, Unknown);
    // What some nodes set is not known of all.
    let some = |data: Value| {
        Some(json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNodeConfig",
            "metadata": {"namespace": "kube-system", "name": "x"},
            "spec": {"nodeSelector": {}, "defaults": data}}))
    };
    assert_eq!(cilium(&[], json!([]), some(json!({"policy-audit-mode": "true"}))).0, Unknown);
    assert_eq!(cilium(&[], json!([]), some(json!({"debug": "true"}))).0, Yes);
}

#[test]
fn kinds_that_nobody_enforces_change_nothing_and_doubtful_ones_leave_both() {
    use ringfort_network::policy::Network;
    let pod = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "a", "name": name, "labels": {"app": name}},
            "spec": {"containers": [{"name": "x"}]}, "status": {"phase": "Running"}})
    };
    let admin = json!({"apiVersion": "policy.networking.k8s.io/v1alpha1",
        "kind": "AdminNetworkPolicy", "metadata": {"name": "x"},
        "spec": {"priority": 1, "subject": {"namespaces": {}},
            "ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}]}});
    let calico = json!({"apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy",
        "metadata": {"namespace": "a", "name": "x"}, "spec": {"selector": "all()", "types": ["Ingress"]}});
    let ask = |image: &str, policy: &Value| {
        let objects = [pod("one"), pod("two"), daemon(image, &[]), policy.clone()];
        let cluster = cluster(SourceKind::Manifests, &objects);
        let network = Network::new(&cluster);
        let place = |name: &str| network.places(&cluster, name).expect(name).remove(0);
        let passage = network.passage(&place("pod/a/one"), &place("pod/a/two"));
        let said = passage.why.iter().any(|why| why.contains("enforces a"));
        (passage.answer(), said)
    };
    for (image, of_admin, of_calico) in [
        ("x/kube-router:v2.1.0", (Yes, true), (Yes, true)),
        ("x/cilium/cilium:v1.17.1", (Yes, true), (Yes, true)),
        ("x/calico/node:v3.26.0", (Yes, true), (No, false)),
        ("x/calico/node:v3.29.0", (No, false), (No, false)),
        ("x/calico/node:latest", (Unknown, true), (No, false)),
        ("x/antrea-agent:v2", (Unknown, true), (Yes, true)),
    ] {
        assert_eq!(ask(image, &admin), of_admin, "{image}");
        assert_eq!(ask(image, &calico), of_calico, "{image}");
    }
}
