//! The thirteen ways in: one fixture for each state that objects can show, and what holds for
//! all of them: every cell is there, a control never opens, and missing evidence never closes.

// Literals of JSON are handed over as they stand.
#![allow(clippy::needless_pass_by_value, clippy::type_complexity)]

mod fixture;

use fixture::{account, holds, meta, namespace, node, server, wide, with};
use ringfort_attack::{Attack, Engines, State};
use ringfort_model::coverage::Listed;
use ringfort_model::{Cluster, Kind};
use serde_json::{Value, json};

fn states_of(cluster: &Cluster) -> Vec<(&'static str, State)> {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    attack.vectors.iter().map(|vector| (vector.id, vector.state)).collect()
}

fn states(objects: &[Value]) -> Vec<(&'static str, State)> {
    states_of(&fixture::cluster(objects, 36))
}

fn state(vector: &str, objects: &[Value]) -> State {
    let all = states(objects);
    all.into_iter().find(|(id, _)| *id == vector).expect("a vector").1
}

fn running(name: &str, image: &str, labels: Value, container: Value) -> Value {
    let mut container = container;
    container["name"] = json!("c");
    container["image"] = json!(image);
    let mut meta = meta(name);
    meta["labels"] = labels;
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta,
        "spec": {"nodeName": "n", "serviceAccountName": "t", "containers": [container]},
        "status": {"phase": "Running"}})
}

fn web(image: &str, container: Value) -> Value {
    running("w", image, json!({"app": "w"}), container)
}

/// A Service of a type in front of the pods labelled `app: w`, with the address it has.
fn service(kind: &str, address: &str, more: Value) -> Value {
    let mut spec = json!({"type": kind, "selector": {"app": "w"}, "ports": [{"port": 80}]});
    spec.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
    json!({"apiVersion": "v1", "kind": "Service", "metadata": meta("w"), "spec": spec,
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}}})
}

const PUBLIC: &str = "203.0.113.9";
const PRIVATE: &str = "10.0.0.9";

fn balanced(address: &str) -> Value {
    service("LoadBalancer", address, json!({}))
}

fn bare(more: impl IntoIterator<Item = Value>) -> Vec<Value> {
    with(vec![namespace(json!({})), node("n", json!({})), account("t")], more)
}

fn addressed(kind: &str) -> Value {
    let mut node = node("n", json!({}));
    // A public address is public under whichever name.
    let address = if kind == "InternalIP" { PRIVATE } else { PUBLIC };
    node["status"] = json!({"addresses": [{"type": kind, "address": address}]});
    node
}

fn bound(group: &str) -> Vec<Value> {
    let api = "rbac.authorization.k8s.io/v1";
    bare([
        json!({"apiVersion": api, "kind": "ClusterRole", "metadata": wide("r"),
            "rules": [{"verbs": ["list"], "apiGroups": [""], "resources": ["secrets"]}]}),
        json!({"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": wide("r"),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"},
            "subjects": [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": group}]}),
    ])
}

fn kubelets(anonymous: bool, mode: &str) -> Value {
    let text = format!(
        "kind: KubeletConfiguration\nauthentication:\n  anonymous:\n    enabled: {anonymous}\n\
         authorization:\n  mode: {mode}\n"
    );
    json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"kubelet": text},
        "metadata": {"name": "kubelet-config", "namespace": "kube-system", "uid": "k", "resourceVersion": "1"}})
}

fn repository(verify: Value) -> Vec<Value> {
    let custom = |api: &str, kind: &str, spec: Value| json!({"apiVersion": api, "kind": kind, "metadata": meta("shop"), "spec": spec});
    bare([
        running("kc", "ghcr.io/fluxcd/kustomize-controller@sha256:0", json!({}), json!({})),
        custom(
            "kustomize.toolkit.fluxcd.io/v1",
            "Kustomization",
            json!({"sourceRef": {"kind": "GitRepository", "name": "shop"}}),
        ),
        custom(
            "source.toolkit.fluxcd.io/v1",
            "GitRepository",
            json!({"url": "https://git.example/shop", "verify": verify}),
        ),
    ])
}

fn interface(settings: Value, address: &str) -> Vec<Value> {
    let args = json!({"args": ["/usr/local/bin/argocd-server"]});
    bare([
        web("quay.io/argoproj/argocd@sha256:0", args),
        running(
            "ac",
            "quay.io/argoproj/argocd@sha256:0",
            json!({}),
            json!({"args": ["/usr/local/bin/argocd-application-controller"]}),
        ),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("argocd-cm"), "data": settings}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("argocd-rbac-cm"),
            "data": {"policy.default": "role:admin"}}),
        balanced(address),
    ])
}

/// Vector, state, and objects that show it.
fn fixtures() -> Vec<(&'static str, State, Vec<Value>)> {
    use State::{Closed, Guarded, Open, Unknown};
    let proxy = |address: &str| {
        web(
            "x@sha256:0",
            json!({"command": ["kubectl", "proxy", "--port=80", "--address", address]}),
        )
    };
    let open = json!({"users.anonymous.enabled": "true"});
    let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": wide("workflows.argoproj.io"), "spec": {"group": "argoproj.io", "scope": "Namespaced",
            "names": {"kind": "Workflow", "plural": "workflows"}}});
    let mut cloud = node("n", json!({}));
    cloud["spec"] = json!({"providerID": "aws:///eu-west-1a/i-0"});
    let mut crio = node("n", json!({}));
    crio["status"] = json!({"nodeInfo": {"containerRuntimeVersion": "cri-o://1.22.1"}});
    let at = |one: Value| with(vec![namespace(json!({})), account("t")], [one]);
    vec![
        ("V1", Unknown, bound("system:unauthenticated")),
        (
            "V1",
            Closed,
            with(bound("system:unauthenticated"), [server(&["--anonymous-auth=false"])]),
        ),
        ("V2", Unknown, bound("system:authenticated")),
        ("V2", Closed, bare([])),
        ("V2", Closed, with(bound("system:authenticated"), [server(&[])])),
        (
            "V2",
            Unknown,
            with(
                bound("system:authenticated"),
                [server(&["--oidc-issuer-url=https://id.example"])],
            ),
        ),
        ("V3", Unknown, bare([])),
        ("V4", Unknown, at(addressed("ExternalIP"))),
        ("V4", Unknown, bare([])),
        ("V4", Guarded, with(at(addressed("ExternalIP")), [kubelets(false, "Webhook")])),
        ("V4", Guarded, with(at(addressed("InternalIP")), [kubelets(true, "AlwaysAllow")])),
        ("V4", Unknown, with(at(addressed("ExternalIP")), [kubelets(true, "AlwaysAllow")])),
        ("V4", Closed, with(at(addressed("InternalIP")), [kubelets(false, "Webhook")])),
        ("V5", Open, interface(open.clone(), PUBLIC)),
        ("V5", Guarded, interface(json!({}), PUBLIC)),
        ("V5", Guarded, interface(open.clone(), PRIVATE)),
        ("V5", Unknown, bare([web("jenkins/jenkins@sha256:0", json!({})), balanced(PUBLIC)])),
        ("V5", Closed, bare([web("shop/dashboard-api@sha256:0", json!({})), balanced(PUBLIC)])),
        ("V6", Unknown, bare([])),
        ("V6", Open, bare([proxy("0.0.0.0"), balanced(PUBLIC)])),
        ("V6", Unknown, bare([proxy("127.0.0.1"), balanced(PUBLIC)])),
        ("V7", Unknown, bare([web("x@sha256:0", json!({})), balanced(PUBLIC)])),
        (
            "V8",
            Unknown,
            with(
                at(addressed("ExternalIP")),
                [
                    web("x@sha256:0", json!({})),
                    service(
                        "NodePort",
                        PUBLIC,
                        json!({"ports": [{"port": 80, "nodePort": 30080}]}),
                    ),
                ],
            ),
        ),
        (
            "V8",
            Guarded,
            with(
                at(addressed("InternalIP"))
                    .into_iter()
                    .map(|mut one| {
                        if one["kind"] == "Node" {
                            one["status"]["addresses"][0]["address"] = json!(PRIVATE);
                        }
                        one
                    })
                    .collect(),
                [
                    web("x@sha256:0", json!({})),
                    service(
                        "NodePort",
                        PUBLIC,
                        json!({"ports": [{"port": 80, "nodePort": 30080}]}),
                    ),
                ],
            ),
        ),
        ("V8", Closed, bare([])),
        ("V9", Unknown, bare([web("x:1", json!({}))])),
        ("V9", Guarded, bare([web("x@sha256:0", json!({}))])),
        ("V9", Closed, bare([])),
        ("V10", Unknown, bare([web("jupyter/base-notebook@sha256:0", json!({}))])),
        ("V10", Guarded, bare([crd])),
        ("V10", Closed, bare([])),
        ("V11", Unknown, at(cloud)),
        ("V11", Unknown, bare([])),
        ("V11", Closed, bare([server(&["--etcd-servers=https://127.0.0.1:2379"])])),
        ("V12", Unknown, bare([])),
        ("V12", Unknown, repository(json!(null))),
        ("V12", Open, interface(open, PUBLIC)),
        ("V13", Unknown, bare([])),
        ("V13", Unknown, at(crio)),
    ]
}

#[test]
fn each_state_that_objects_show_has_its_fixture() {
    for (at, (vector, wanted, objects)) in fixtures().into_iter().enumerate() {
        assert_eq!(state(vector, &objects), wanted, "{vector}, fixture {at}");
    }
}

#[test]
fn every_cell_is_there_on_every_cluster() {
    let wanted: Vec<String> = (1..=13).map(|at| format!("V{at}")).collect();
    for objects in
        std::iter::once(holds(true, json!([]))).chain(fixtures().into_iter().map(|one| one.2))
    {
        let ids: Vec<&str> = states(&objects).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, wanted);
    }
}

/// V3 is never closed from objects; a kubeconfig that holds its credential is an instance of it, in
/// whatever it lies.
#[test]
fn kubeconfigs_that_lie_about_are_instances_and_those_without_a_credential_are_none() {
    let instances = |object: Value| -> Vec<String> {
        let cluster = fixture::cluster(&bare([object]), 36);
        let engines = Engines::new(&cluster);
        let attack = Attack::new(&cluster, &engines);
        let leaked = attack.vectors.iter().find(|vector| vector.id == "V3").expect("a vector");
        assert_eq!(leaked.state, State::Unknown);
        leaked.instances.iter().map(|one| one.name.to_string()).collect()
    };
    let config = |user: &str| {
        format!("apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- user:\n    {user}\n")
    };
    let (fixed, program) = (config("token: abc"), config("exec: {command: aws}"));
    let map = |text: &str| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("c"),
            "data": {"config": text}})
    };
    let annotated = |text: &str| {
        let mut meta = meta("s");
        meta["annotations"] = json!({"example.com/kubeconfig": text});
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta})
    };
    let variable = |text: &str| {
        let env = json!({"env": [{"name": "KUBECONFIG_DATA", "value": text}]});
        fixture::pod(json!({"serviceAccountName": "t"}), env)
    };
    assert_eq!(instances(map(&fixed)), ["configmap/a/c"]);
    assert_eq!(instances(annotated(&fixed)), ["annotation/Service/a/s/example.com/kubeconfig"]);
    assert_eq!(instances(variable(&fixed)), ["env/a/p/KUBECONFIG_DATA"]);
    for object in [map(&program), annotated(&program), variable(&program)] {
        assert_eq!(instances(object), [""; 0]);
    }
}

/// The lists that a vector's state rests on, as far as it can be closed at all.
const EVIDENCE: &[(&str, &[Kind])] = &[
    // Closed only by the flag of the API server's pods.
    ("V1", &[Kind::Pod]),
    ("V2", &[Kind::ClusterRole, Kind::ClusterRoleBinding, Kind::Role, Kind::RoleBinding]),
    ("V4", &[Kind::Node]),
    ("V5", &[Kind::Pod, Kind::Service]),
    ("V8", &[Kind::Pod, Kind::Service]),
    ("V9", &[Kind::Pod]),
    ("V10", &[Kind::Pod, Kind::CustomResourceDefinition]),
    ("V11", &[Kind::Node]),
];

#[test]
fn evidence_that_is_missing_never_closes() {
    for (vector, wanted, objects) in fixtures() {
        let whole = fixture::cluster(&objects, 36);
        for &kind in Kind::PLAIN {
            let mut cluster = whole.clone();
            cluster.coverage.resources.insert(
                ringfort_model::coverage::Coverage::key(kind).as_str().into(),
                Listed::Forbidden("no".into()),
            );
            // An answer that was refused holds nothing.
            for object in whole.objects().filter(|object| object.kind() == Some(kind)) {
                cluster.remove(&object);
            }
            let before = states_of(&whole);
            for ((id, was), (_, now)) in before.into_iter().zip(states_of(&cluster)) {
                let rests = EVIDENCE.iter().any(|(own, kinds)| *own == id && kinds.contains(&kind));
                assert!(
                    now != State::Closed || (was == State::Closed && !rests),
                    "{id} closes without {kind:?} (fixture of {vector} {wanted:?})"
                );
            }
        }
    }
}

#[test]
fn no_control_opens_a_way() {
    let policy = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": meta("deny"), "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}});
    for (vector, wanted, objects) in fixtures() {
        let before = states(&objects);
        let changed = |each: &dyn Fn(&mut Value)| {
            let mut all = objects.clone();
            all.iter_mut().for_each(each);
            all
        };
        let controls: [(&str, Vec<Value>); 6] = [
            ("a policy that denies", with(objects.clone(), [policy.clone()])),
            (
                "a server that refuses anonymous requests",
                changed(&|one| {
                    let name = one["metadata"]["name"].clone();
                    if let Some(Value::Array(words)) = one
                        .pointer_mut("/spec/containers/0/command")
                        .filter(|_| name == "kube-apiserver-n")
                    {
                        words.push(json!("--anonymous-auth=false"));
                    }
                }),
            ),
            (
                "sources are limited",
                changed(&|one| {
                    if one["kind"] == "Service" {
                        one["spec"]["loadBalancerSourceRanges"] = json!(["198.51.100.0/24"]);
                    }
                }),
            ),
            (
                "images are pinned",
                changed(&|one| {
                    if let Some(image) = one.pointer_mut("/spec/containers/0/image") {
                        let text = image.as_str().unwrap_or_default().to_owned();
                        if !text.contains('@') {
                            *image = json!(format!(
                                "{}@sha256:0",
                                text.split(':').next().unwrap_or_default()
                            ));
                        }
                    }
                }),
            ),
            (
                "sources are verified",
                changed(&|one| {
                    if one["kind"] == "GitRepository" {
                        one["spec"]["verify"] = json!({"mode": "HEAD"});
                    }
                }),
            ),
            (
                "the interface asks for a login",
                changed(&|one| {
                    if one["metadata"]["name"] == "argocd-cm" {
                        one["data"]["users.anonymous.enabled"] = json!("false");
                    }
                }),
            ),
        ];
        for (control, objects) in controls {
            for ((id, was), (_, now)) in before.iter().zip(states(&objects)) {
                // States are ordered from open to closed.
                assert!(
                    now >= *was,
                    "{control} moves {id} from {was:?} to {now:?} (fixture of {vector} {wanted:?})"
                );
            }
        }
    }
}
