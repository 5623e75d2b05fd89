//! Credentials in objects, and rows that rest on nodes, kubelets and clouds.

#![allow(clippy::needless_pass_by_value)]

mod fixture;

use fixture::{
    Edge, account, edges, found, found_at, holds, meta, named, namespace, node, of, pod, reaches,
    rule, server, wide, with,
};
use ringfort_attack::Confidence;
use serde_json::{Value, json};

const KEY: &str = "-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----\n";

/// A certificate as far as the question goes: basicConstraints with or without cA.
fn certificate(authority: bool) -> String {
    let body = if authority { "MA8GA1UdEwEB/wQFMAMBAf8=" } else { "MAwGA1UdEwEB/wQCMAA=" };
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}

/// A Secret as a manifest writes it.
fn secret(kind: &str, data: Value) -> Vec<Value> {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta("k"), "type": kind,
        "stringData": data});
    vec![namespace(json!({})), node("n", json!({})), secret]
}

fn one(technique: &str, objects: &[Value]) -> Option<Edge> {
    of(technique, objects).into_iter().next()
}

#[test]
fn values_of_secrets_are_classified_and_formats_decide() {
    let aws = format!("{}{}", "AKIA", "ABCDEFGHIJKLMNOP");
    let cloud = of("secret-cloud-key", &secret("Opaque", json!({"id": aws})));
    assert!(cloud.len() == 1 && cloud[0].confidence == Confidence::Proven, "{cloud:?}");
    assert!(reaches(&secret("Opaque", json!({"id": aws})), &["secret/a/k"], "impact/cloud-role"));
    let example = secret("Opaque", json!({"id": "AKIAIOSFODNN7EXAMPLE"}));
    assert!(of("secret-cloud-key", &example).is_empty());
    let authority = json!({"tls.crt": certificate(true), "tls.key": KEY});
    let found = one("secret-ca-key", &secret("kubernetes.io/tls", authority.clone()));
    let found = found.expect("an edge");
    assert!(found.confidence == Confidence::Unknown && found.note.contains("authorities"));
    let objects = secret("kubernetes.io/tls", authority);
    assert!(!reaches(&objects, &["secret/a/k"], "impact/cluster-admin"));
    assert!(reaches(&objects, &["secret/a/k", "fact/secret-ca-key"], "impact/cluster-admin"));
    let serving =
        json!({"tls.crt": certificate(false), "tls.key": KEY, "ca.crt": certificate(true)});
    assert!(one("secret-ca-key", &secret("kubernetes.io/tls", serving)).is_none());
    let config = "kind: Config\nclusters: []\nusers:\n- user:\n    token: abc\n";
    let fleet = |config: &str| one("secret-kubeconfig", &secret("Opaque", json!({"c": config})));
    assert!(fleet(config).is_some_and(|edge| edge.confidence == Confidence::Proven));
    assert!(fleet("kind: Config\nclusters: []\nusers:\n- user:\n    exec: {}\n").is_none());
}

#[test]
fn pull_secrets_by_type_or_format() {
    let with =
        json!({".dockerconfigjson": "{\"auths\": {\"r.example.org\": {\"auth\": \"dTpw\"}}}"});
    let empty = json!({".dockerconfigjson": "{\"auths\": {}}"});
    let typed = "kubernetes.io/dockerconfigjson";
    assert!(one("pull-secret-use", &secret(typed, with.clone())).is_some());
    assert!(one("pull-secret-use", &secret("Opaque", with.clone())).is_some());
    assert!(one("pull-secret-use", &secret(typed, empty)).is_none());
    assert!(one("pull-secret-use", &secret("Opaque", json!({"a": "b"}))).is_none());
    // From a live cluster the type is all that is known.
    assert!(one("pull-secret-use", &secret(typed, json!({}))).is_some());
    let objects = secret(typed, with);
    assert!(reaches(&objects, &["secret/a/k"], "impact/ip-theft"));
    let push = fixture::cluster(&objects, 36);
    let engines = ringfort_attack::Engines::new(&push);
    let attack = ringfort_attack::Attack::new(&push, &engines);
    let unknown = (0..attack.graph.edge_count() as u32).map(ringfort_graph::EdgeId).any(|edge| {
        attack.id(attack.key(attack.graph.edge(edge).to)) == "impact/supply-chain-push"
            && attack.edge(edge).confidence == Confidence::Unknown
    });
    assert!(unknown, "whether it may push is not known");
}

#[test]
fn values_that_were_not_read_are_unknown_and_no_path() {
    let objects = secret("Opaque", json!({}));
    for technique in ["secret-cloud-key", "secret-ca-key", "secret-kubeconfig"] {
        let edge = one(technique, &objects).expect(technique);
        assert!(edge.confidence == Confidence::Unknown && !edge.note.is_empty(), "{edge:?}");
    }
    assert!(!reaches(&objects, &["secret/a/k"], "impact/cluster-admin"));
    assert!(reaches(&objects, &["secret/a/k", "fact/secret-ca-key"], "impact/cluster-admin"));
    // A type that says what it is leaves nothing open.
    let token = secret("kubernetes.io/service-account-token", json!({}));
    assert!(of("secret-ca-key", &token).is_empty());
}

#[test]
fn literals_give_their_readers_an_account() {
    let id = "literal-credential";
    let env = |value: Value| {
        let mut objects = holds(false, json!([rule(&["list"], "", &["pods"])]));
        objects[4] = pod(json!({"serviceAccountName": "t"}), json!({"env": [value]}));
        objects
    };
    let given = env(json!({"name": "DB", "value": "postgres://u:hunter2@db/x"}));
    let account = "account/address-with-password/a/p/DB";
    assert!(reaches(&given, &["pod/a/p:c"], account) && reaches(&given, &["sa/a/s"], account));
    for other in [
        json!({"name": "DB", "value": "postgres://db/x"}),
        json!({"name": "DB_PASSWORD", "value": "changeme"}),
        json!({"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "x", "key": "k"}}}),
    ] {
        assert!(of(id, &env(other.clone())).is_empty(), "{other}");
    }
    let named = of(id, &env(json!({"name": "DB_PASSWORD", "value": "hunter2"})));
    let to_account = named.iter().filter(|edge| edge.to.starts_with("account/"));
    let notes: Vec<&str> = to_account.map(|edge| edge.note.as_str()).collect();
    assert!(!notes.is_empty() && notes.iter().all(|note| note.contains("name")), "{notes:?}");
    let config = |value: &str| {
        let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("c"),
            "data": {"url": value}});
        with(holds(false, json!([rule(&["get"], "", &["configmaps"])])), [config])
    };
    let account = "account/address-with-password/configmap/a/c/url";
    assert!(reaches(&config("amqp://u:hunter2@mq"), &["sa/a/s"], account));
    assert!(of(id, &config("amqp://mq")).is_empty());
    // A word of the command line is as good, and what only a name tells is marked.
    let words = |args: Value| {
        let mut objects = holds(false, json!([rule(&["list"], "", &["pods"])]));
        objects[4] = pod(json!({"serviceAccountName": "t"}), json!({"args": args}));
        objects
    };
    let word = "account/address-with-password/a/p/args[0]";
    let given = words(json!(["--db=postgres://u:hunter2@db/x"]));
    assert!(reaches(&given, &["pod/a/p:c"], word) && reaches(&given, &["sa/a/s"], word));
    assert!(of(id, &words(json!(["--db=postgres://db/x", "--password=$(PW)"]))).is_empty());
    let named = of(id, &config("password=hunter2-Zq81"));
    let to_account = named.iter().filter(|edge| edge.to.starts_with("account/"));
    let notes: Vec<&str> = to_account.map(|edge| edge.note.as_str()).collect();
    assert!(!notes.is_empty() && notes.iter().all(|note| note.contains("name")), "{notes:?}");
    // The container that it is given to, and no other.
    let given = |name: &str| {
        let mut objects = config("amqp://u:hunter2@mq");
        let from = json!([{"configMapRef": {"name": name}}]);
        objects[4] = pod(json!({"serviceAccountName": "t"}), json!({"envFrom": from}));
        reaches(&objects, &["pod/a/p:c"], account)
    };
    assert!(given("c") && !given("another"));
}

#[test]
fn annotations_give_their_readers_an_account() {
    let id = "literal-credential";
    let last = "kubectl.kubernetes.io/last-applied-configuration";
    let applied =
        |value: &str| json!({"spec": {"env": [{"name": "DB", "value": value}]}}).to_string();
    let url = "postgres://u:hunter2@db/x";
    let annotated = |kind: &str, version: &str, key: &str, value: &str| {
        let mut meta = meta("o");
        meta["annotations"] = json!({key: value});
        json!({"apiVersion": version, "kind": kind, "metadata": meta})
    };
    let with_rule = |rule: Value, object: Value| with(holds(false, json!([rule])), [object]);
    let service = || annotated("Service", "v1", last, &applied(url));
    let account = format!("account/address-with-password/Service/a/o/{last}");
    let read = with_rule(rule(&["get"], "", &["services"]), service());
    assert!(reaches(&read, &["sa/a/s"], &account));
    // By name, and not by another; who changes the object does not read it.
    let named = |name: &str| {
        let mut rule = rule(&["get"], "", &["services"]);
        rule["resourceNames"] = json!([name]);
        reaches(&with_rule(rule, service()), &["sa/a/s"], &account)
    };
    assert!(named("o") && !named("p"));
    for (verb, group, resource) in
        [("create", "", "services"), ("get", "", "endpoints"), ("get", "apps", "services")]
    {
        let objects = with_rule(rule(&[verb], group, &[resource]), service());
        assert!(of(id, &objects).is_empty(), "{verb} {resource}.{group}");
    }
    // Placeholders, and what has no credential in it.
    for value in ["postgres://u:$(PASSWORD)@db/x", "postgres://db/x"] {
        let object = annotated("Service", "v1", last, &applied(value));
        assert!(
            of(id, &with_rule(rule(&["get"], "", &["services"]), object)).is_empty(),
            "{value}"
        );
    }
    // Pods by who reads them, a key of a cloud as a principal of it.
    let mut objects = holds(false, json!([rule(&["list"], "", &["pods"])]));
    objects[4]["metadata"]["annotations"] =
        json!({"example.com/note": concat!("AKIA", "ABCDEFGHIJKLMNOP")});
    let principal = "cloud-principal/aws-access-key/a/p/example.com/note";
    assert!(reaches(&objects, &["sa/a/s"], principal));
    assert!(reaches(&objects, &["sa/a/s"], "impact/cloud-role"));
    assert!(!reaches(&objects, &["pod/a/p:c"], principal), "a container does not see them");
    // A kind of somebody else's, by its definition.
    let custom = || annotated("Widget", "example.com/v1", "example.com/note", url);
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition", "metadata": wide("widgetry.example.com"),
        "spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgetry"}, "versions": []}});
    let rule_on = |plural: &str| rule(&["list"], "example.com", &[plural]);
    let account = "account/address-with-password/Widget/a/o/example.com/note";
    let defined = |plural: &str| with(with_rule(rule_on(plural), custom()), [definition.clone()]);
    assert!(reaches(&defined("widgetry"), &["sa/a/s"], account));
    assert!(!reaches(&defined("widgets"), &["sa/a/s"], account));
    let guessed = of(id, &with_rule(rule_on("widgets"), custom()));
    assert!(guessed.iter().any(|edge| edge.confidence == Confidence::UnverifiedControl));
    // Hidden by the source: unknown, and the fact is named.
    let hidden = annotated("Service", "v1", last, "REDACTED");
    let hidden = of(id, &with_rule(rule(&["get"], "", &["services"]), hidden));
    let edge = hidden.iter().find(|edge| edge.to.starts_with("account/")).expect("an edge");
    assert_eq!(edge.confidence, Confidence::Unknown);
    assert!(edge.note.contains("value"), "{}", edge.note);
    // Of a Secret they show no more than it does.
    let secret = annotated("Secret", "v1", last, &applied(url));
    assert!(of(id, &with_rule(rule(&["get"], "", &["secrets"]), secret)).is_empty());
}

fn cloud_node(id: &str, labels: Value) -> Value {
    let mut node = node("n", labels);
    node["spec"] = json!({"providerID": id});
    node
}

#[test]
fn clouds_are_seen_by_their_machines() {
    let rules =
        json!([rule(&["patch"], "", &["serviceaccounts"]), rule(&["create"], "", &["pods"])]);
    let on = |id: &str, rules: &Value| {
        let mut objects = holds(false, rules.clone());
        objects[1] = cloud_node(id, json!({}));
        one("sa-annotate-cloud", &objects)
    };
    let edge = on("aws:///eu-west-1a/i-0", &rules).expect("an edge");
    assert!(edge.confidence == Confidence::Unknown && edge.note.contains("trust"), "{edge:?}");
    assert!(on("kind://docker/kind/n", &rules).is_none());
    let alone = json!([rule(&["patch"], "", &["serviceaccounts"])]);
    assert!(on("aws:///eu-west-1a/i-0", &alone).is_none());
    let map = |label: Value, name: &str| {
        let patch = named(rule(&["patch"], "", &["configmaps"]), name);
        let mut objects = holds(true, json!([patch]));
        objects[1] = cloud_node("aws:///eu-west-1a/i-0", label);
        let mut meta = meta("aws-auth");
        meta["namespace"] = json!("kube-system");
        let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta});
        one("configmap-aws-auth", &with(objects, [config]))
    };
    let eks = json!({"eks.amazonaws.com/nodegroup": "x"});
    let edge = map(eks.clone(), "aws-auth").expect("an edge");
    assert!(edge.confidence == Confidence::Unknown && edge.note.contains("mode"), "{edge:?}");
    assert!(map(eks, "another").is_none() && map(json!({}), "aws-auth").is_none());
}

#[test]
fn data_of_another_workload_on_the_same_node() {
    let mounts = |name: &str, path: &str| {
        let mut pod = pod(
            json!({"volumes": [{"name": "v", "hostPath": {"path": path}}]}),
            json!({"volumeMounts": [{"name": "v", "mountPath": "/v"}]}),
        );
        pod["metadata"] = meta(name);
        pod
    };
    let base = || vec![namespace(json!({})), node("n", json!({}))];
    let pair = |one: &str, other: &str| with(base(), [mounts("p", one), mounts("q", other)]);
    let data = "host-data/n/srv/db/files";
    assert!(reaches(&pair("/srv/db", "/srv/db/files"), &["pod/a/p@n"], data));
    assert!(reaches(&pair("/srv/db", "/srv/db/files"), &["pod/a/p@n"], "impact/data-store"));
    // The other way round: what lies in a folder of another's.
    assert!(reaches(&pair("/srv/db", "/srv/db/files"), &["pod/a/q@n"], "host-data/n/srv/db"));
    assert!(of("hostpath-data", &pair("/srv/db", "/srv/dbx")).is_empty());
    assert!(of("hostpath-data", &with(base(), [mounts("p", "/srv/db")])).is_empty());
    assert!(of("hostpath-data", &pair("/var/log", "/var/log")).is_empty());
}

#[test]
fn the_proxys_uid_passes_the_mesh() {
    let sidecar = |uid: Value, name: &str| {
        let mut pod = pod(json!({}), json!({"securityContext": {"runAsUser": uid}}));
        let proxy =
            json!({"name": name, "image": "p@sha256:0", "securityContext": {"runAsUser": 1337}});
        pod["spec"]["containers"].as_array_mut().expect("a list").push(proxy);
        vec![namespace(json!({})), node("n", json!({})), pod]
    };
    let id = "mesh-uid-bypass";
    let edge = one(id, &sidecar(json!(1337), "istio-proxy")).expect("an edge");
    assert_eq!((edge.from.as_str(), edge.to.as_str()), ("pod/a/p:c", "past-mesh/a/p"));
    assert!(of(id, &sidecar(json!(1000), "istio-proxy")).is_empty());
    assert!(of(id, &sidecar(Value::Null, "istio-proxy")).is_empty());
    // A mesh that is enforced outside of the pod has no side-car in it.
    assert!(of(id, &sidecar(json!(1337), "another")).is_empty());
}

/// kubeadm's ConfigMap of kubelet settings.
fn kubelets(settings: &str) -> Value {
    let document = format!(
        "apiVersion: kubelet.config.k8s.io/v1beta1\n{settings}kind: KubeletConfiguration\n"
    );
    json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "kubelet-config", "namespace": "kube-system", "uid": "k",
            "resourceVersion": "1"},
        "data": {"kubelet": document}})
}

const OPEN: &str =
    "authentication:\n  anonymous:\n    enabled: true\nauthorization:\n  mode: AlwaysAllow\n";

#[test]
fn kubelets_are_as_their_settings_say() {
    let base = || vec![namespace(json!({})), node("n", json!({})), pod(json!({}), json!({}))];
    for id in ["kubelet-anonymous", "kubelet-readonly"] {
        let edge = one(id, &base()).expect("an edge");
        assert!(edge.confidence == Confidence::Unknown && edge.note.contains("kubelets"));
    }
    assert!(!reaches(&base(), &["pod/a/p"], "kubelet/n"));
    assert!(reaches(&base(), &["pod/a/p", "fact/kubelet-anonymous"], "kubelet/n"));
    let set = |settings: &str| with(base(), [kubelets(settings)]);
    assert!(reaches(&set(OPEN), &["pod/a/p"], "kubelet/n"));
    assert!(
        one("kubelet-anonymous", &set(OPEN)).is_some_and(|e| e.confidence == Confidence::Proven)
    );
    for safe in [
        "",
        "authentication:\n  anonymous:\n    enabled: false\nauthorization:\n  mode: AlwaysAllow\n",
        "authentication:\n  anonymous:\n    enabled: true\nauthorization:\n  mode: Webhook\n",
    ] {
        assert!(of("kubelet-anonymous", &set(safe)).is_empty(), "{safe}");
    }
    assert!(reaches(&set("readOnlyPort: 10255\n"), &["pod/a/p"], "pod-specs/n"));
    for safe in ["", "readOnlyPort: 0\n"] {
        assert!(of("kubelet-readonly", &set(safe)).is_empty(), "{safe}");
    }
    let get = |resource: &str| holds(true, json!([rule(&["get"], "", &[resource])]));
    let reads = of("kubelet-read-configz", &get("nodes/configz"));
    assert!(reads.len() == 1 && reads[0].to == "knowledge/kubelet-settings");
    assert!(of("kubelet-read-configz", &get("nodes/stats")).is_empty());
    assert!(!found_at(&get("nodes/configz"), 32).contains("kubelet-read-configz"));
}

#[test]
fn images_in_the_cache_are_verified_from_1_35() {
    let id = "image-cache-read";
    let objects = |secret: bool| {
        let mut objects = holds(false, json!([rule(&["create"], "", &["pods"])]));
        if secret {
            objects[4]["spec"]["imagePullSecrets"] = json!([{"name": "x"}]);
        }
        objects
    };
    assert!(found_at(&objects(true), 34).contains(id));
    assert!(!found_at(&objects(true), 35).contains(id));
    assert!(!found_at(&objects(false), 34).contains(id));
    let never = kubelets("imagePullCredentialsVerificationPolicy: NeverVerify\n");
    assert!(found_at(&with(objects(true), [never]), 35).contains(id));
    let always = server(&["--enable-admission-plugins=AlwaysPullImages"]);
    assert!(!found_at(&with(objects(true), [always]), 34).contains(id));
}

#[test]
fn runtimes_and_drivers_are_unknown() {
    let create = |verbs: &[&str]| holds(false, json!([rule(verbs, "", &["pods"])]));
    let edge = one("runtime-cve-start", &create(&["create"])).expect("an edge");
    assert!(edge.confidence == Confidence::Unknown && edge.note.contains("version"));
    assert!(of("runtime-cve-start", &create(&["get"])).is_empty());
    let mut windows = create(&["create"]);
    windows[1] = node("n", json!({"kubernetes.io/os": "windows"}));
    assert!(of("runtime-cve-start", &windows).is_empty());
    let driver =
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": wide("d")});
    let all = json!([
        rule(&["create"], "storage.k8s.io", &["storageclasses"]),
        rule(&["create"], "", &["persistentvolumeclaims", "pods"])
    ]);
    let id = "storageclass-csi-abuse";
    let edge = |objects: &[Value]| {
        edges(objects, 36)
            .into_iter()
            .find(|e| e.technique == id && e.confidence == Confidence::Unknown)
    };
    assert!(edge(&with(holds(true, all.clone()), [driver.clone()])).is_some());
    assert!(edge(&holds(true, all)).is_none());
    let claims = json!([rule(&["create"], "", &["persistentvolumeclaims", "pods"])]);
    assert!(edge(&with(holds(true, claims), [driver])).is_none());
}

#[test]
fn a_snapshot_of_etcd_lies_where_it_was_saved() {
    let saves = |command: &[&str], path: &str| {
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("d"),
            "spec": {"accessModes": ["ReadWriteOnce"]}});
        let pod = pod(
            json!({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "d"}}]}),
            json!({"command": command, "volumeMounts": [{"name": "v", "mountPath": path}]}),
        );
        vec![namespace(json!({})), node("n", json!({})), account("default"), claim, pod]
    };
    let id = "etcd-backup-read";
    let save = ["etcdctl", "snapshot", "save", "/backup/x.db"];
    assert_eq!(one(id, &saves(&save, "/backup")).map(|edge| edge.from), Some("claim/a/d".into()));
    assert!(reaches(&saves(&save, "/backup"), &["pod/a/p:c"], "impact/all-secrets"));
    assert!(of(id, &saves(&save, "/data")).is_empty());
    assert!(
        of(id, &saves(&["etcdctl", "snapshot", "status", "/backup/x.db"], "/backup")).is_empty()
    );
    assert!(!found(&saves(&["sleep"], "/backup")).contains(id));
}
