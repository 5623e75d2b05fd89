//! Constrained impersonation: who acts as whom, and for which requests only.

#![allow(clippy::needless_pass_by_value)]

mod fixture;

use fixture::{account, edges, found_at, holds, meta, named, node, of, pod, reaches, rule, with};
use ringfort_attack::Confidence;
use serde_json::{Value, json};

const AUTHENTICATION: &str = "authentication.k8s.io";
const ID: &str = "impersonate-constrained";

/// User `bob` holds the rules in namespace `a`.
fn bob(rules: Value) -> Vec<Value> {
    let api = "rbac.authorization.k8s.io/v1";
    vec![
        json!({"apiVersion": api, "kind": "Role", "metadata": meta("bobs"), "rules": rules}),
        json!({"apiVersion": api, "kind": "RoleBinding", "metadata": meta("bobs"),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "bobs"},
            "subjects": [{"kind": "User", "name": "bob"}]}),
    ]
}

fn acts(rules: Value) -> Vec<Value> {
    with(holds(true, rules), bob(json!([rule(&["get", "delete"], "", &["secrets"])])))
}

fn who() -> Value {
    named(rule(&["impersonate:user-info"], AUTHENTICATION, &["users"]), "bob")
}

fn on(mode: &str, verb: &str, resource: &str) -> Value {
    rule(&[&format!("impersonate-on:{mode}:{verb}")], "", &[resource])
}

#[test]
fn two_grants_and_the_version_are_needed() {
    let both = acts(json!([who(), on("user-info", "get", "secrets")]));
    assert_eq!(of(ID, &both).len(), 1);
    assert!(reaches(&both, &["sa/a/s"], "secret/a/x"));
    assert!(of(ID, &acts(json!([who()]))).is_empty());
    assert!(of(ID, &acts(json!([on("user-info", "get", "secrets")]))).is_empty());
    // Alpha and off in 1.35, absent before; the server's flag decides where it is seen.
    assert!(!found_at(&both, 35).contains(ID) && !found_at(&both, 34).contains(ID));
    let flag = |flag: &str| with(both.clone(), [fixture::server(&[flag])]);
    assert!(found_at(&flag("--feature-gates=ConstrainedImpersonation=true"), 35).contains(ID));
    assert!(!found_at(&flag("--feature-gates=ConstrainedImpersonation=true"), 34).contains(ID));
    assert!(!found_at(&flag("--feature-gates=ConstrainedImpersonation=false"), 36).contains(ID));
    let unknown = edges(&both, 0).into_iter().find(|edge| edge.technique == ID);
    assert_eq!(unknown.map(|edge| edge.confidence), Some(Confidence::Unknown));
}

#[test]
fn only_the_requests_that_are_named_are_made() {
    // The target may get Secrets; other verbs, resources and places of the limit give nothing.
    for limit in [
        on("user-info", "create", "secrets"),
        on("user-info", "get", "pods"),
        on("serviceaccount", "get", "secrets"),
        on("user-info", "*", "secrets"),
        named(on("user-info", "get", "secrets"), "another"),
    ] {
        let objects = acts(json!([who(), limit]));
        assert!(!reaches(&objects, &["sa/a/s"], "secret/a/x"), "{limit}");
    }
    // The limit lets more than the target may.
    let objects = acts(json!([who(), on("user-info", "create", "pods")]));
    assert!(!reaches(&objects, &["sa/a/s"], "power/run-pods@a"));
    // A verb that is asked about beside the request is the target's own.
    let rbac = "rbac.authorization.k8s.io";
    let binds = bob(json!([
        rule(&["create"], rbac, &["rolebindings"]),
        rule(&["bind"], rbac, &["clusterroles"])
    ]));
    let limit = rule(&["impersonate-on:user-info:create"], rbac, &["rolebindings"]);
    let objects = with(holds(true, json!([who(), limit])), binds.clone());
    assert!(reaches(&objects, &["sa/a/s"], "power/bind-roles@a"));
    let limit = rule(&["impersonate-on:user-info:bind"], rbac, &["clusterroles"]);
    let objects = with(holds(true, json!([who(), limit])), binds);
    assert!(!reaches(&objects, &["sa/a/s"], "power/bind-roles@a"));
}

#[test]
fn groups_go_with_a_user_and_masters_are_refused() {
    let group =
        |name: &str| named(rule(&["impersonate:user-info"], AUTHENTICATION, &["groups"]), name);
    let users = rule(&["impersonate:user-info"], AUTHENTICATION, &["users"]);
    let everything = rule(&["impersonate-on:user-info:get"], "", &["secrets"]);
    let mut team = bob(json!([rule(&["get"], "", &["secrets"])]));
    team[1]["subjects"] =
        json!([{"kind": "Group", "name": "team"}, {"kind": "Group", "name": "system:masters"}]);
    let find = |rules: Value| with(holds(true, rules), team.clone());
    let read = |objects: &[Value]| reaches(objects, &["sa/a/s"], "secret/a/x");
    assert!(read(&find(json!([users, group("team"), everything]))));
    // A user name is mandatory.
    assert!(!read(&find(json!([group("team"), everything]))));
    assert!(!read(&find(json!([users, group("system:masters"), everything]))));
    // From four groups on the server asks once for `*`.
    assert!(read(&find(json!([users, group("*"), everything]))));
}

#[test]
fn accounts_and_nodes_have_modes_of_their_own() {
    let accounts =
        named(rule(&["impersonate:serviceaccount"], AUTHENTICATION, &["serviceaccounts"]), "t");
    let mut reader = bob(json!([rule(&["get"], "", &["secrets"])]));
    reader[1]["subjects"] = json!([{"kind": "ServiceAccount", "name": "t", "namespace": "a"}]);
    let objects = |limit: Value| with(holds(true, json!([accounts, limit])), reader.clone());
    assert!(reaches(&objects(on("serviceaccount", "get", "secrets")), &["sa/a/s"], "secret/a/x"));
    assert!(!reaches(&objects(on("user-info", "get", "secrets")), &["sa/a/s"], "secret/a/x"));
    // As a node: the node authorizer answers for the Secrets of the node's pods.
    let nodes = named(rule(&["impersonate:arbitrary-node"], AUTHENTICATION, &["nodes"]), "n");
    let mut objects = holds(true, json!([nodes, on("arbitrary-node", "get", "secrets")]));
    assert!(!reaches(&objects, &["sa/a/s"], "secret/a/x"));
    objects[4] = pod(
        json!({}),
        json!({"env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "x", "key": "k"}}}]}),
    );
    assert!(reaches(&objects, &["sa/a/s"], "secret/a/x"));
}

#[test]
fn an_associated_node_is_the_one_that_the_token_comes_from() {
    let nodes = rule(&["impersonate:associated-node"], AUTHENTICATION, &["nodes"]);
    let token = |name: &str, node: &str| {
        let mut pod = pod(
            json!({"serviceAccountName": "s", "volumes": [{"name": "t", "projected": {"sources":
                [{"serviceAccountToken": {"path": "token"}}]}}]}),
            json!({"volumeMounts": [{"name": "t", "mountPath": "/t"}]}),
        );
        pod["metadata"] = meta(name);
        pod["spec"]["nodeName"] = json!(node);
        pod
    };
    let mut user = pod(
        json!({}),
        json!({"env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "x", "key": "k"}}}]}),
    );
    user["metadata"] = meta("user");
    let limit = on("associated-node", "get", "secrets");
    let base = with(holds(true, json!([nodes, limit])), [node("m", json!({})), user, account("u")]);
    let here = with(base.clone(), [token("agent", "n")]);
    assert!(reaches(&here, &["pod/a/agent@n"], "secret/a/x"));
    // The Secret is used on node n; a pod on node m is no way to it.
    let there = with(base, [token("agent", "m")]);
    assert!(!reaches(&there, &["pod/a/agent@m"], "secret/a/x"));
    // Nothing is left of that node for these requests, so there is nobody to act as.
    assert!(of(ID, &there).is_empty());
}

#[test]
fn uids_and_extras_alone_are_no_edge() {
    for verb in ["impersonate", "impersonate:user-info"] {
        let rules = json!([rule(&[verb], AUTHENTICATION, &["uids", "userextras/scopes"])]);
        let plain = edges(&holds(true, json!([])), 36);
        assert_eq!(edges(&holds(true, rules), 36).len(), plain.len());
    }
}
