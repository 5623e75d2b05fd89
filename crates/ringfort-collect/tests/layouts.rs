//! Layouts of well-known dumps, and what they leave open.

use ringfort_collect::{Options, read_objects};
use ringfort_model::{Cluster, Kind, Listed, WorkloadKind};

fn read(files: &[(&str, String)]) -> Cluster {
    let texts: Vec<(&str, &[u8])> =
        files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    read_objects(&texts, &Options::default()).expect("it reads").cluster
}

/// A list as `kubectl -o json` writes it; without a kind where `kind` is empty.
fn list(kind: &str, namespace: &str, names: &[&str]) -> String {
    let item = |name: &&str| {
        let place = match namespace {
            "" => String::new(),
            namespace => format!("\"namespace\":\"{namespace}\","),
        };
        format!("{{\"metadata\":{{{place}\"name\":\"{name}\",\"uid\":\"u\"}},\"spec\":{{}}}}")
    };
    let items: Vec<String> = names.iter().map(item).collect();
    let types = match kind {
        "" => String::new(),
        kind => format!("\"kind\":\"{kind}List\",\"apiVersion\":\"v1\","),
    };
    format!("{{{types}\"items\":[{}]}}", items.join(","))
}

fn partial(cluster: &Cluster, kind: Kind) -> String {
    match cluster.coverage.of(kind) {
        Listed::Partial(reason) => reason.to_string(),
        other => panic!("{kind:?} is {other:?}"),
    }
}

#[test]
fn cluster_info_dump_says_nothing_of_other_namespaces() {
    let cluster = read(&[
        ("nodes.json", list("Node", "", &["n"])),
        ("default/pods.json", list("Pod", "default", &["p"])),
        ("default/services.json", list("Service", "default", &[])),
        ("default/replication-controllers.json", list("ReplicationController", "default", &[])),
        ("kube-system/pods.json", list("Pod", "kube-system", &["q"])),
        ("default/p/logs.txt", "==== START logs\nhello\n==== END\n".to_owned()),
    ]);
    assert_eq!((cluster.pods.len(), cluster.nodes.len()), (2, 1));
    assert!(cluster.gaps.is_empty(), "{:?}", cluster.gaps);
    assert_eq!(cluster.coverage.of(Kind::Node), Listed::Complete);
    assert!(partial(&cluster, Kind::Pod).contains("which namespaces exist is not known"));
    assert!(partial(&cluster, Kind::Service).contains("which namespaces exist"));
    let controllers = Kind::Workload(WorkloadKind::ReplicationController);
    assert!(!cluster.coverage.is_complete(controllers));
    assert_eq!(cluster.coverage.of(Kind::Secret), Listed::Silent);
}

#[test]
fn a_list_for_every_namespace_is_complete() {
    let files = |more: bool| {
        let mut files = vec![
            ("namespaces.json", list("Namespace", "", &["a", "b"])),
            ("a/pods.json", list("Pod", "a", &["p"])),
        ];
        if more {
            files.push(("b/pods.json", list("Pod", "b", &[])));
        }
        read(&files)
    };
    assert_eq!(files(true).coverage.of(Kind::Pod), Listed::Complete);
    assert!(partial(&files(false), Kind::Pod).ends_with("not listed for every namespace: b"));
}

#[test]
fn a_folder_that_happens_to_be_called_like_a_namespace_is_none() {
    let cluster = read(&[
        ("shop/nodes.json", list("Node", "", &["n"])),
        ("shop/pods.json", list("Pod", "shop", &["p"])),
    ]);
    assert_eq!(cluster.coverage.of(Kind::Pod), Listed::Complete);
    let mixed = list("Pod", "shop", &["p"])
        .replace("]}", ",{\"metadata\":{\"namespace\":\"x\",\"name\":\"q\",\"uid\":\"v\"}}]}");
    let cluster = read(&[("shop/pods.json", mixed)]);
    assert_eq!(cluster.coverage.of(Kind::Pod), Listed::Complete);
}

#[test]
fn kubehound_dumps_name_their_kinds_by_file() {
    let cluster = read(&[
        ("nodes.json", list("", "", &["n"])),
        ("clusterroles.rbac.authorization.k8s.io.json", list("", "", &["r"])),
        ("clusterrolebindings.rbac.authorization.k8s.io.json", list("", "", &["b"])),
        ("default/pods.json", list("", "default", &["p"])),
        ("default/roles.rbac.authorization.k8s.io.json", list("", "default", &["r"])),
        ("default/rolebindings.rbac.authorization.k8s.io.json", list("", "default", &["b"])),
        ("default/endpointslices.discovery.k8s.io.json", list("", "default", &["e"])),
    ]);
    assert!(cluster.gaps.is_empty(), "{:?}", cluster.gaps);
    assert_eq!((cluster.pods.len(), cluster.roles.len(), cluster.role_bindings.len()), (1, 1, 1));
    assert_eq!((cluster.cluster_roles.len(), cluster.endpoint_slices.len()), (1, 1));
    assert!(cluster.coverage.is_complete(Kind::ClusterRole));
    assert!(!cluster.coverage.is_complete(Kind::Role));
}

#[test]
fn must_gather_has_yaml_by_namespace_and_by_object() {
    let pods = "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: p, namespace: a, uid: u}\n  spec: {}\n";
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r, uid: u}\n";
    let base = "must-gather.local.1/quay-io-x";
    let files = [
        (format!("{base}/namespaces/a/core/pods.yaml"), pods.to_owned()),
        (
            format!(
                "{base}/cluster-scoped-resources/rbac.authorization.k8s.io/clusterroles/r.yaml"
            ),
            role.to_owned(),
        ),
        (format!("{base}/namespaces/a/pods/p/c/c/logs/current.log"), "{not json\n".to_owned()),
        (format!("{base}/timestamp"), "2026-01-01\n".to_owned()),
    ];
    let files: Vec<(&str, String)> =
        files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    let cluster = read(&files);
    assert!(cluster.gaps.is_empty(), "{:?}", cluster.gaps);
    assert_eq!((cluster.pods.len(), cluster.cluster_roles.len()), (1, 1));
    assert!(!cluster.coverage.is_complete(Kind::Pod));
    // Single objects never say that there are no others.
    assert_eq!(cluster.coverage.of(Kind::ClusterRole), Listed::Silent);
}

/// Custom resources that rules read have a coverage of their own.
#[test]
fn a_list_of_policies_is_the_whole_unless_it_is_of_one_namespace() {
    let custom = |namespace: &str| {
        let place = match namespace {
            "" => String::new(),
            namespace => format!("\"namespace\":\"{namespace}\","),
        };
        format!(
            "{{\"kind\":\"PeerAuthenticationList\",\"apiVersion\":\"security.istio.io/v1\",\"items\":[\
             {{\"metadata\":{{{place}\"name\":\"p\",\"uid\":\"u\"}},\"spec\":{{}}}}]}}"
        )
    };
    let resource = "peerauthentications.security.istio.io";
    let of = |files: &[(&str, String)]| read(files).coverage.of_resource(resource);
    assert_eq!(of(&[("peerauthentications.json", custom("a"))]), Listed::Complete);
    assert_eq!(of(&[("nodes.json", list("Node", "", &["n"]))]), Listed::Silent);
    let namespaces = ("namespaces.json", list("Namespace", "", &["a", "b"]));
    let one = ("a/peerauthentications.json", custom("a"));
    assert!(matches!(of(&[namespaces.clone(), one.clone()]), Listed::Partial(_)));
    let both = [namespaces, one, ("b/peerauthentications.json", custom("b"))];
    assert_eq!(of(&both), Listed::Complete);
    let none = "{\"kind\":\"ClusterPolicyList\",\"apiVersion\":\"kyverno.io/v1\",\"items\":[]}";
    let cluster = read(&[("x.json", none.to_owned()), ("nodes.json", list("Node", "", &["n"]))]);
    let resource = "clusterpolicies.kyverno.io";
    assert_eq!(cluster.coverage.of_resource(resource), Listed::Complete);
}

#[test]
fn yaml_and_json_lists_are_worth_the_same() {
    let json = r#"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod",
        "metadata":{"name":"p","namespace":"a","uid":"u"},"spec":{}}]}"#;
    let yaml = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: p, namespace: a, uid: u}\n  spec: {}\n";
    for (name, text) in [("x.json", json), ("x.yaml", yaml)] {
        let cluster = read(&[(name, text.to_owned())]);
        assert_eq!(cluster.coverage.of(Kind::Pod), Listed::Complete, "{name}");
    }
}
