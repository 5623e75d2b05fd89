//! Whom an identity can become: which edges there are, by technique and target.

// Literals of JSON are handed over as they stand.
#![allow(clippy::needless_pass_by_value)]

use std::collections::BTreeSet;

use ringfort_attack::{Attack, Engines, NodeKey, techniques};
use ringfort_collect::{Options, read_objects};
use ringfort_graph::EdgeId;
use ringfort_model::KubeVersion;
use serde_json::{Value, json};

const RBAC: &str = "rbac.authorization.k8s.io";

/// What the edges lead to that the technique draws, by id: where ways meet, what follows there.
fn targets(technique: &str, objects: &[Value]) -> BTreeSet<String> {
    drawn(technique, objects).1
}

/// The same with the number of the edges, all those that leave where they meet among them.
fn drawn(technique: &str, objects: &[Value]) -> (usize, BTreeSet<String>) {
    let version = Some(KubeVersion::minor(36));
    let options = Options { version, complete: true, threads: 1, ..Options::default() };
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let cluster = read_objects(&[("x.json", list.as_bytes())], &options).expect("it reads").cluster;
    assert!(cluster.gaps.is_empty(), "{:?}", cluster.gaps);
    let engines = Engines::new(&cluster);
    let attack = Attack::new(&cluster, &engines);
    let own = (0..attack.graph.edge_count()).map(|edge| EdgeId(edge as u32)).filter(|&edge| {
        let of = attack.edge(edge).technique;
        of.is_some_and(|at| techniques::ALL[at as usize].id == technique)
    });
    let mut edges: BTreeSet<EdgeId> = own.collect();
    let mut found = BTreeSet::new();
    for edge in edges.clone() {
        let to = attack.graph.edge(edge).to;
        match attack.key(to) {
            NodeKey::Join(..) => edges.extend(attack.graph.outgoing(to)),
            key => _ = found.insert(attack.id(key)),
        }
    }
    for &edge in &edges {
        let ends = attack.graph.edge(edge);
        if matches!(attack.key(ends.from), NodeKey::Join(..)) {
            found.insert(attack.id(attack.key(ends.to)));
        }
    }
    (edges.len(), found)
}

fn bound(name: &str, subjects: Value, rules: Value) -> [Value; 2] {
    let meta = json!({"name": name, "uid": name});
    [
        json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole", "metadata": meta,
            "rules": rules}),
        json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRoleBinding", "metadata": meta,
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name},
            "subjects": subjects}),
    ]
}

fn rule(verbs: &[&str], group: &str, resource: &str, names: &[&str]) -> Value {
    json!({"verbs": verbs, "apiGroups": [group], "resources": [resource], "resourceNames": names})
}

fn node() -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "uid": "n"}})
}

fn eve() -> Value {
    json!([{"kind": "User", "name": "eve"}])
}

#[test]
fn a_certificate_may_name_any_user_and_group_but_masters() {
    let csr = "certificates.k8s.io";
    for verb in ["update", "patch"] {
        let mut objects = vec![node()];
        objects.extend(bound(
            "eve",
            eve(),
            json!([
                rule(&["create", "get"], csr, "certificatesigningrequests", &[]),
                rule(&[verb], csr, "certificatesigningrequests/approval", &[]),
                rule(&["approve"], csr, "signers", &["kubernetes.io/kube-apiserver-client"]),
            ]),
        ));
        let others = json!([{"kind": "Group", "name": "kubeadm:cluster-admins"},
            {"kind": "Group", "name": "system:masters"}, {"kind": "User", "name": "ann"},
            {"kind": "ServiceAccount", "namespace": "a", "name": "s"}]);
        objects.extend(bound("others", others, json!([rule(&["*"], "*", "*", &[])])));
        let found = targets("csr-client-cert", &objects);
        for wanted in ["kubeadm:cluster-admins", "ann", "a/s", "system:node:n"] {
            assert!(found.iter().any(|id| id.ends_with(wanted)), "{verb} {wanted} {found:?}");
        }
        assert!(!found.iter().any(|id| id.contains("system:masters")), "{found:?}");
    }
}

#[test]
fn a_nodes_name_alone_gives_no_node() {
    let users = rule(&["impersonate"], "", "users", &["system:node:n", "ann"]);
    let only = |rules: Value| {
        let mut objects = vec![node()];
        objects.extend(bound("eve", eve(), rules));
        targets("impersonate-user", &objects)
    };
    let alone = only(json!([users]));
    assert!(alone.iter().any(|id| id.ends_with("ann")), "{alone:?}");
    assert!(!alone.iter().any(|id| id.contains("system:node")), "{alone:?}");
    let groups = rule(&["impersonate"], "", "groups", &["system:nodes"]);
    let both = only(json!([users, groups]));
    assert!(both.iter().any(|id| id.ends_with("system:node:n")), "{both:?}");
}

/// Whoever becomes any of many meets the others first: edges grow with both, not with their pairs.
#[test]
fn edges_to_many_identities_grow_with_both_sides() {
    const MANY: usize = 30;
    let csr = "certificates.k8s.io";
    let rules = json!([
        rule(&["impersonate"], "", "users", &[]),
        rule(&["impersonate"], "", "groups", &["system:nodes"]),
        rule(&["create"], csr, "certificatesigningrequests", &[]),
        rule(&["update"], csr, "certificatesigningrequests/approval", &[]),
        rule(&["approve"], csr, "signers", &["kubernetes.io/*"]),
    ]);
    let user = |at: usize| json!({"kind": "User", "name": format!("u{at}")});
    let mut objects: Vec<Value> = Vec::new();
    objects.extend(bound("r", (0..MANY).map(user).collect(), rules));
    for at in 0..MANY {
        let meta = json!({"name": format!("n{at}"), "uid": format!("n{at}")});
        objects.push(json!({"apiVersion": "v1", "kind": "Node", "metadata": meta}));
    }
    let nodes = |found: &BTreeSet<String>| {
        found.iter().filter(|id| id.starts_with("user/system:node:n")).count()
    };
    // One of the role to the users by name, one of each user to the nodes, and on from there.
    let (edges, found) = drawn("impersonate-user", &objects);
    assert_eq!((found.len(), nodes(&found)), (2 * MANY, MANY), "{found:?}");
    assert_eq!(edges, 1 + MANY + 2 * MANY);
    for technique in ["csr-client-cert", "csr-node-cert"] {
        let (edges, found) = drawn(technique, &objects);
        assert_eq!(nodes(&found), MANY, "{technique}");
        assert_eq!(edges, MANY + found.len(), "{technique}");
    }
}

#[test]
fn a_node_asks_for_the_audiences_that_volumes_of_its_pods_name() {
    let pod = |volume: Value, mounted: bool| {
        let mounts = match mounted {
            true => json!([{"name": "v", "mountPath": "/v"}]),
            false => json!([]),
        };
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "a", "name": "p", "uid": "p", "resourceVersion": "1"},
            "status": {"phase": "Running"},
            "spec": {"nodeName": "n", "serviceAccountName": "s", "volumes": [volume],
                "containers": [{"name": "c", "image": "x@sha256:0", "volumeMounts": mounts}]}})
    };
    let asks = |volume: Value, mounted: bool| {
        let meta = json!({"namespace": "a", "name": "s", "uid": "s"});
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta});
        let driver = |name: &str, audience: &str| {
            json!({"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver",
                "metadata": {"name": name, "uid": name}, "spec": {"tokenRequests": [{"audience": audience}]}})
        };
        let secret = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"namespace": "a", "name": "t", "uid": "t",
                "annotations": {"kubernetes.io/service-account.name": "s"}},
            "type": "kubernetes.io/service-account-token"});
        let objects = [
            node(),
            account,
            driver("own", ""),
            driver("other", "vault"),
            secret,
            pod(volume, mounted),
        ];
        !targets("node-sa-tokens", &objects).is_empty()
    };
    let token = |audience: &str| {
        json!({"name": "v", "projected": {"sources":
            [{"serviceAccountToken": {"path": "token", "audience": audience}}]}})
    };
    assert!(asks(token(""), true) && asks(token(""), false));
    assert!(!asks(token("vault"), true));
    assert!(asks(json!({"name": "v", "csi": {"driver": "own"}}), true));
    assert!(!asks(json!({"name": "v", "csi": {"driver": "other"}}), true));
    // A token Secret is read, not asked for.
    assert!(!asks(json!({"name": "v", "secret": {"secretName": "t"}}), true));
}
