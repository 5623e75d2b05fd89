//! The node authorizer on small clusters; answers as upstream's own code gives them.

use ringfort_authz::{Authz, Decision, NodeAuthorizer, Request, User};
use ringfort_model::{Cluster, ClusterBuilder, KubeVersion, Object, SourceKind};
use serde_json::json;

fn cluster(complete: bool) -> Cluster {
    let slice = json!({"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice",
        "metadata": {"name": "slice"}, "spec": {"driver": "d", "nodeName": "n"}});
    let mut builder = ClusterBuilder::new(SourceKind::Dump);
    builder.add(Object::read(slice.to_string().as_bytes()).expect("the object reads"));
    builder.version(Some(KubeVersion::minor(36)), "v1.36.0");
    builder.coverage().rest_is_complete = complete;
    builder.freeze()
}

fn ask(
    cluster: &Cluster,
    verb: &str,
    resource: (&str, &str),
    (namespace, name): (&str, &str),
) -> Decision {
    let request = Request::resource(User::node("n"), verb, resource, namespace, name);
    Authz::new(cluster).decide(&request, &NodeAuthorizer::new(cluster))
}

#[test]
fn a_lease_is_its_nodes_with_any_subresource_and_a_csinode_with_none() {
    let cluster = cluster(true);
    let lease = |verb, resource, name| {
        let asked = ("coordination.k8s.io", resource);
        matches!(ask(&cluster, verb, asked, ("kube-node-lease", name)), Decision::Yes(_))
    };
    assert!(lease("get", "leases", "n") && lease("get", "leases/status", "n"));
    assert!(lease("create", "leases/status", "m"));
    assert!(!lease("get", "leases/status", "m") && !lease("list", "leases", "n"));
    let node = |resource| {
        matches!(ask(&cluster, "get", ("storage.k8s.io", resource), ("", "n")), Decision::Yes(_))
    };
    assert!(node("csinodes") && !node("csinodes/status"));
}

#[test]
fn only_lists_that_could_show_a_relation_leave_a_refusal_open() {
    let all = cluster(true);
    let silent = cluster(false);
    let slices = ("resource.k8s.io", "resourceslices");
    let of_node = ask(&silent, "update", slices, ("", "slice"));
    assert!(matches!(of_node, Decision::Yes(_)), "{of_node:?}");
    assert_eq!(ask(&all, "update", slices, ("", "other")), Decision::No);
    let missing = |resource, object| match ask(&silent, "get", resource, object) {
        Decision::Unknown(missing) => missing.join(", "),
        other => panic!("{other:?}"),
    };
    assert!(missing(slices, ("", "other")).contains("resourceslices were not all read"));
    assert!(missing(("", "secrets"), ("a", "s")).contains("persistentvolumes were not all read"));
    assert!(!missing(("", "configmaps"), ("a", "s")).contains("persistentvolumes"));
    assert!(!missing(("", "services/status"), ("a", "s")).contains("pods were not"));
}
