//! Controls that weaken edges, take them away or leave them unverified: what a mesh asks of its
//! peers (EFF-MESH), verified signatures (EFF-SIG), admission that does not hold (EFF-ADM).

// Literals of JSON are handed over as they stand.
#![allow(clippy::needless_pass_by_value)]

mod fixture;

use std::path::Path;

use fixture::{Edge, cluster, edges, holds, meta, node, of, pod, reaches, rule, with};
use ringfort_attack::vectors::State;
use ringfort_attack::{Attack, Confidence, Difficulty, Engines};
use serde_json::{Value, json};

/// A client, and a server with or without a side-car that listens on a port.
fn pair(side_car: bool, uid: u32) -> Vec<Value> {
    let container =
        json!({"securityContext": {"runAsUser": uid}, "ports": [{"containerPort": 80}]});
    let mut server = pod(json!({}), container);
    server["metadata"] = meta("server");
    server["metadata"]["labels"] = json!({"app": "server"});
    if side_car {
        let containers = server["spec"]["containers"].as_array_mut().expect("a list");
        containers.push(json!({"name": "istio-proxy", "image": "istio/proxyv2@sha256:0"}));
    }
    let mut client = pod(json!({}), json!({}));
    client["metadata"] = meta("client");
    with(holds(false, json!([])), [client, server])
}

fn istio(kind: &str, spec: Value) -> Value {
    json!({"apiVersion": "security.istio.io/v1", "kind": kind, "metadata": meta("x"), "spec": spec})
}

fn strict() -> Value {
    istio("PeerAuthentication", json!({"mtls": {"mode": "STRICT"}}))
}

fn only(principal: &str) -> Value {
    let source = json!({"source": {"principals": [principal]}});
    istio("AuthorizationPolicy", json!({"rules": [{"from": [source]}]}))
}

/// The edges into the server's listener, which are alike.
fn into_server(objects: &[Value]) -> Edge {
    let mut found = of("net-reach", objects);
    found.retain(|edge| edge.to == "listener/pod/a/server");
    let first = found.first().cloned().expect("it is reached");
    let alike = |edge: &Edge| {
        edge.difficulty == first.difficulty
            && edge.confidence == first.confidence
            && edge.note == first.note
    };
    assert!(found.iter().all(alike), "{found:?}");
    first
}

#[test]
fn a_mesh_that_limits_its_peers_makes_the_way_harder() {
    let limited = with(pair(true, 7), [strict(), only("cluster.local/ns/a/sa/x")]);
    let edge = into_server(&limited);
    assert_eq!((edge.difficulty, edge.confidence), (Difficulty::D2, Confidence::Proven));
    assert!(edge.note.contains("only identities in that a policy names"), "{edge:?}");
    // It is no network policy: the way remains.
    assert!(reaches(&limited, &["pod/a/client"], "listener/pod/a/server"));

    let plain = into_server(&pair(true, 7));
    assert_eq!((plain.difficulty, plain.note.as_str()), (Difficulty::D1, ""), "no policy");
}

#[test]
fn a_mesh_without_effect_is_noted() {
    let permissive = istio("PeerAuthentication", json!({"mtls": {"mode": "PERMISSIVE"}}));
    for (what, objects, words) in [
        ("every identity", with(pair(true, 7), [strict()]), "every one of its identities"),
        ("anybody", with(pair(true, 7), [strict(), only("*")]), "every peer of the mesh in"),
        ("plain text", with(pair(true, 7), [permissive, only("x/y")]), "lets plain text in"),
        ("no side-car", with(pair(false, 7), [strict(), only("x/y")]), "no side-car"),
        ("the proxy's uid", with(pair(true, 1337), [strict(), only("x/y")]), "runs as uid 1337"),
        ("a policy and no mode", with(pair(true, 7), [only("x/y")]), "plain text is let in"),
    ] {
        let edge = into_server(&objects);
        let seen = (edge.difficulty, edge.confidence);
        assert_eq!(seen, (Difficulty::D1, Confidence::Proven), "{what}");
        assert!(edge.note.contains(words), "{what}: {}", edge.note);
    }
}

#[test]
fn a_mesh_that_is_not_known_leaves_the_way_unverified() {
    let custom = istio("AuthorizationPolicy", json!({"action": "CUSTOM", "rules": [{}]}));
    let image = json!({"ports": [{"containerPort": 80}]});
    let mut unknown_uid = pair(true, 7);
    let server = unknown_uid.last_mut().expect("the server");
    server["spec"]["containers"][0]["securityContext"] = json!({});
    server["spec"]["containers"][0]["ports"] = image["ports"].clone();
    for (what, objects, words) in [
        ("an authorizer", with(pair(true, 7), [strict(), custom]), "authorizer"),
        ("the image's uid", with(unknown_uid, [strict(), only("x/y")]), "uid that the image"),
    ] {
        let edge = into_server(&objects);
        let seen = (edge.difficulty, edge.confidence);
        assert_eq!(seen, (Difficulty::D1, Confidence::UnverifiedControl), "{what}");
        assert!(edge.note.contains(words), "{what}: {}", edge.note);
    }
}

#[test]
fn only_tcp_is_the_mesh_s() {
    let mut both = with(pair(true, 7), [strict(), only("x/y")]);
    let server = both.iter_mut().find(|one| one["metadata"]["name"] == "server");
    server.expect("the server")["spec"]["containers"][0]["ports"] =
        json!([{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}]);
    let edge = into_server(&both);
    assert_eq!(edge.difficulty, Difficulty::D1);
    assert!(edge.note.contains("takes TCP alone"), "{edge:?}");
}

/// Instances of a vector by name and state.
fn instances(objects: &[Value], vector: &str) -> Vec<(String, State)> {
    let cluster = cluster(objects, 36);
    let engines = Engines::new(&cluster);
    let attack = Attack::new(&cluster, &engines);
    let all = attack.vectors.iter().flat_map(|one| one.instances.iter());
    let own = all.filter(|one| one.vector == vector);
    own.map(|one| (one.name.to_string(), one.state)).collect()
}

#[test]
fn clients_of_the_internet_have_no_certificate_of_the_mesh() {
    let front = json!({"apiVersion": "v1", "kind": "Service", "metadata": meta("front"),
        "spec": {"type": "LoadBalancer", "selector": {"app": "server"}, "ports": [{"port": 80}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}});
    let state = |objects: Vec<Value>| {
        let found = instances(&with(objects, [front.clone()]), "V7");
        found.iter().find(|(name, _)| name == "a/front").map(|(_, state)| *state)
    };
    assert_eq!(state(with(pair(true, 7), [strict()])), Some(State::Guarded));
    assert_eq!(state(pair(true, 7)), Some(State::Unknown), "plain text is let in");
    assert_eq!(state(with(pair(false, 7), [strict()])), Some(State::Unknown), "no side-car");
    // A gateway of the mesh is there for clients outside of it.
    let mut gateway = with(pair(true, 7), [strict()]);
    for one in &mut gateway {
        if one["metadata"]["name"] == "server" {
            one["spec"]["containers"][1]["args"] = json!(["proxy", "router"]);
        }
    }
    assert_eq!(state(gateway), Some(State::Unknown));
}

/// The objects of a case of EFF-SIG, in namespace `n`.
fn verification(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = path.join("../ringfort-admission/fixtures/EFF-SIG.json");
    let text = std::fs::read_to_string(path).expect("the fixtures");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("cases");
    let case = cases.into_iter().find(|one| one["name"] == name).expect(name);
    case["objects"].as_array().expect("objects").clone()
}

/// A Deployment of namespace `n` whose pods are still to be made, and a running pod.
fn workloads(image: &str) -> Vec<Value> {
    let place = |name: &str| json!({"name": name, "namespace": "n"});
    let containers = json!([{"name": "c", "image": image, "imagePullPolicy": "Always"}]);
    let live =
        |name: &str| json!({"name": name, "namespace": "n", "uid": name, "resourceVersion": "1"});
    vec![
        node("n", json!({})),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": live("runs"),
            "spec": {"nodeName": "n", "containers": containers}, "status": {"phase": "Running"}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": live("cached"),
            "spec": {"nodeName": "n", "containers": [
                {"name": "c", "image": image, "imagePullPolicy": "IfNotPresent"}]},
            "status": {"phase": "Running"}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": place("s")}),
    ]
}

const TAG: &str = "registry.example/shop/web:1";

#[test]
fn a_pushed_tag_starts_nothing_where_signatures_are_verified() {
    let verified = with(verification("verified and written"), workloads(TAG));
    let run = of("image-run", &verified);
    let into = |name: &str, edges: &[Edge]| {
        let to = format!("pod/n/{name}:c");
        edges.iter().find(|edge| edge.to == to).cloned().expect("an edge")
    };
    // A pod that is made again is verified, one that pulls the tag by itself is not.
    let signed = format!("signed-image/{TAG}");
    let held = format!("image/{TAG}");
    assert_eq!(into("cached", &run).from, signed);
    let runs = into("runs", &run);
    assert_eq!(runs.from, held);
    assert!(runs.note.contains("verified when pods are made"), "{runs:?}");
    assert!(!of("registry-push-tag", &verified).is_empty(), "for the pod that pulls by itself");
    let based = of("base-image-compromise", &verified);
    for to in [&signed, &held] {
        assert!(based.iter().any(|edge| edge.to == *to), "{to}: {based:?}");
    }

    let mut only_cached = verified;
    only_cached.retain(|one| one["metadata"]["name"] != "runs");
    assert!(of("registry-push-tag", &only_cached).is_empty(), "nothing starts unverified");
    let named = with(verification("verified and written"), workloads("web"));
    assert!(!of("image-name-confusion", &named).is_empty());
    let mut named = named;
    named.retain(|one| one["metadata"]["name"] != "runs");
    assert!(of("image-name-confusion", &named).is_empty());
}

#[test]
fn a_verification_without_effect_is_noted_and_one_that_is_not_known_is_unverified() {
    // An engine that may change or refuse pods leaves the start unverified whatever it verifies.
    for (case, confidence, words) in [
        ("the policy audits", Confidence::UnverifiedControl, "audits"),
        ("the webhook ignores its failure", Confidence::Proven, "fails to answer"),
        ("some images", Confidence::UnverifiedControl, "other than ghcr.io/org/*"),
        ("no policy", Confidence::Proven, ""),
    ] {
        let objects = with(verification(case), workloads(TAG));
        let run = of("image-run", &objects);
        let edge = run.iter().find(|edge| edge.to == "pod/n/cached:c").expect("an edge");
        assert_eq!(edge.from, format!("image/{TAG}"), "{case}");
        assert_eq!(edge.confidence, confidence, "{case}: {edge:?}");
        assert!(edge.note.contains(words), "{case}: {edge:?}");
        assert!(!of("registry-push-tag", &objects).is_empty(), "{case}");
    }
}

#[test]
fn images_that_are_verified_wherever_they_start_are_guarded() {
    let state = |case: &str, keep_running: bool| {
        let mut objects = with(verification(case), workloads(TAG));
        objects.retain(|one| keep_running || one["metadata"]["name"] != "runs");
        let found = instances(&objects, "V9");
        found.iter().find(|(name, _)| name == TAG).map(|(_, state)| *state)
    };
    assert_eq!(state("verified and written", false), Some(State::Guarded));
    assert_eq!(state("verified and written", true), Some(State::Unknown));
    assert_eq!(state("the policy audits", false), Some(State::Unknown));
    assert_eq!(state("no policy", false), Some(State::Unknown));
}

/// A grant to start pods: in namespace `n`, or everywhere.
fn grant(everywhere: bool, resource: &str, verb: &str) -> Vec<Value> {
    let api = "rbac.authorization.k8s.io/v1";
    let place = |name: &str| match everywhere {
        true => json!({"name": name}),
        false => json!({"name": name, "namespace": "n"}),
    };
    let (role, binding) = match everywhere {
        true => ("ClusterRole", "ClusterRoleBinding"),
        false => ("Role", "RoleBinding"),
    };
    vec![
        json!({"apiVersion": api, "kind": role, "metadata": place("r"),
            "rules": [rule(&[verb], "", &[resource])]}),
        json!({"apiVersion": api, "kind": binding, "metadata": place("r"),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": "r"},
            "subjects": [{"kind": "ServiceAccount", "name": "s", "namespace": "n"}]}),
    ]
}

#[test]
fn a_choice_of_image_is_harder_where_signatures_are_verified() {
    for (technique, verb) in [("pod-create", "create"), ("pod-image-swap", "patch")] {
        let difficulty = |case: &str, everywhere: bool| {
            let mut objects = with(verification(case), workloads(TAG));
            objects.extend(grant(everywhere, "pods", verb));
            objects.push(json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": "other"}}));
            let found = edges(&objects, 36);
            let mut own = found.into_iter().filter(|edge| edge.technique == technique);
            own.next().expect("an edge").difficulty
        };
        assert_eq!(difficulty("verified and written", false), Difficulty::D2, "{technique}");
        assert_eq!(difficulty("verified and written", true), Difficulty::D2, "{technique}");
        assert_eq!(difficulty("the policy audits", false), Difficulty::D1, "{technique}");
        assert_eq!(difficulty("no policy", false), Difficulty::D1, "{technique}");
        // Everywhere means wherever it is easiest: namespaces opt in one by one.
        assert_eq!(difficulty("a ClusterImagePolicy", false), Difficulty::D2, "{technique}");
        assert_eq!(difficulty("a ClusterImagePolicy", true), Difficulty::D1, "{technique}");
    }
}

#[test]
fn a_control_that_does_not_hold_is_noted_on_what_it_would_stop() {
    let hook = |policy: &str| {
        json!({"apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "h", "uid": "h"},
            "webhooks": [{"name": "h.example.org", "failurePolicy": policy,
                "clientConfig": {"url": "https://h.example.org"},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"],
                    "operations": ["CREATE"]}]}]})
    };
    let pods = json!([rule(&["create"], "", &["pods"])]);
    let edge = |policy: &str| {
        let objects = with(holds(false, pods.clone()), [hook(policy)]);
        of("pod-create", &objects).into_iter().next().expect("an edge")
    };
    let open = edge("Ignore");
    assert_eq!(open.confidence, Confidence::Proven);
    assert!(open.note.contains("h.example.org"), "{open:?}");
    assert_eq!(edge("Fail").confidence, Confidence::UnverifiedControl);
    let none = of("pod-create", &holds(false, pods));
    assert!(none.iter().all(|edge| edge.note.is_empty()), "{none:?}");
}

/// An engine's webhook that is shown new pods, answered by a URL.
fn engine_hook(name: &str) -> Value {
    json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "e", "uid": "e"},
        "webhooks": [{"name": name, "failurePolicy": "Fail",
            "clientConfig": {"url": "https://e.example.org"},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"],
                "operations": ["CREATE"]}]}]})
}

fn kyverno(name: &str, action: &str, kind: &str) -> Value {
    json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": name, "uid": name},
        "spec": {"rules": [{"name": "r", "match": {"any": [{"resources": {"kinds": [kind]}}]},
            "validate": {"failureAction": action}}]}})
}

fn constraint(action: &str) -> Value {
    json!({"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "K8sNoHostPath",
        "metadata": {"name": "c", "uid": "c"}, "spec": {"enforcementAction": action,
            "match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}}})
}

#[test]
fn an_engine_s_policy_that_may_keep_pods_out_is_removed() {
    let group = "kyverno.io";
    let cluster_policies = |verb: &str| rule(&[verb], group, &["clusterpolicies"]);
    let named = |rule: Value, name: &str| fixture::named(rule, name);
    let one = || vec![engine_hook("validate.kyverno.svc-fail"), kyverno("p", "Enforce", "Pod")];
    let two = || with(one(), [kyverno("q", "Enforce", "Pod")]);
    let audits = vec![engine_hook("validate.kyverno.svc-fail"), kyverno("p", "Audit", "Pod")];
    let others = vec![engine_hook("validate.kyverno.svc-fail"), kyverno("p", "Enforce", "Service")];
    let gate = |action| vec![engine_hook("validation.gatekeeper.sh"), constraint(action)];
    let templates = |name: &str| {
        named(rule(&["delete"], "templates.gatekeeper.sh", &["constrainttemplates"]), name)
    };
    let every = rule(&["patch"], "constraints.gatekeeper.sh", &["*"]);
    let strange = with(
        one(),
        [{
            let mut other = engine_hook("h.example.org");
            other["metadata"] = json!({"name": "h", "uid": "h"});
            other
        }],
    );
    for (what, grant, objects, want) in [
        ("deleted", cluster_policies("delete"), one(), Some(Confidence::Proven)),
        ("rewritten", cluster_policies("patch"), one(), Some(Confidence::Proven)),
        ("read", cluster_policies("get"), one(), None),
        ("its name", named(cluster_policies("delete"), "p"), one(), Some(Confidence::Proven)),
        ("another name", named(cluster_policies("delete"), "x"), one(), None),
        ("one of two", named(cluster_policies("delete"), "p"), two(), None),
        ("both", cluster_policies("delete"), two(), Some(Confidence::Proven)),
        ("one that audits", cluster_policies("delete"), audits, None),
        ("one about Services", cluster_policies("delete"), others, None),
        (
            "beside another webhook",
            cluster_policies("delete"),
            strange,
            Some(Confidence::UnverifiedControl),
        ),
        ("a template", templates("k8snohostpath"), gate("deny"), Some(Confidence::Proven)),
        ("another template", templates("other"), gate("deny"), None),
        ("constraints of every kind", every.clone(), gate("deny"), Some(Confidence::Proven)),
        ("a constraint that tries", every, gate("dryrun"), None),
    ] {
        let pods = rule(&["create"], "", &["pods"]);
        let objects = with(holds(true, json!([pods, grant])), objects);
        let mut found = of("webhook-remove", &objects);
        found.retain(|edge| {
            edge.to.contains("ClusterPolicy/") || edge.to.contains("K8sNoHostPath/")
        });
        let seen: Vec<Confidence> = found.iter().map(|edge| edge.confidence).collect();
        assert_eq!(seen.first().copied(), want, "{what}: {found:?}");
    }
}
