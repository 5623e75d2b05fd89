//! Binding and writing roles: under which names, in which scope, and what that leads to.

// Literals of JSON are handed over as they stand.
#![allow(clippy::needless_pass_by_value)]

mod fixture;

use fixture::{holds, meta, named, of, reaches, rule, server, wide, with};
use serde_json::{Value, json};

const RBAC: &str = "rbac.authorization.k8s.io";
const API: &str = "rbac.authorization.k8s.io/v1";
const ADMIN: &str = "impact/cluster-admin";

fn cluster_role(name: &str, rules: Value) -> Value {
    json!({"apiVersion": API, "kind": "ClusterRole", "metadata": wide(name), "rules": rules})
}

/// A binding of a ClusterRole to user `bob`; in namespace `a` unless it is cluster-wide.
fn binding(cluster: bool, name: &str, role: &str) -> Value {
    let (kind, place) =
        if cluster { ("ClusterRoleBinding", wide(name)) } else { ("RoleBinding", meta(name)) };
    json!({"apiVersion": API, "kind": kind, "metadata": place,
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "User", "name": "bob"}]})
}

fn all() -> Value {
    cluster_role("all", json!([rule(&["*"], "*", &["*"])]))
}

fn gains(cluster: bool, rules: Value, more: impl IntoIterator<Item = Value>, to: &str) -> bool {
    reaches(&with(with(holds(cluster, rules), [all()]), more), &["sa/a/s"], to)
}

#[test]
fn names_limit_no_post_but_an_apply() {
    let bind = named(rule(&["bind"], RBAC, &["clusterroles"]), "all");
    let write =
        |verbs: &[&str], name: &str| named(rule(verbs, RBAC, &["clusterrolebindings"]), name);
    let post = rule(&["create"], RBAC, &["clusterrolebindings"]);
    assert!(gains(true, json!([bind, post]), [], ADMIN));
    assert!(!gains(true, json!([bind, write(&["create"], "mine")]), [], ADMIN));
    assert!(!gains(true, json!([bind, write(&["patch"], "mine")]), [], ADMIN));
    // What an apply makes is asked about as create under its name.
    assert!(gains(true, json!([bind, write(&["create", "patch"], "mine")]), [], ADMIN));
    assert!(gains(true, json!([bind, write(&["create", "update"], "mine")]), [], ADMIN));
    let parts = json!([bind, write(&["create"], "mine"), write(&["patch"], "other")]);
    assert!(!gains(true, parts, [], ADMIN));
    // The name is taken, by a binding of another role.
    let taken = [cluster_role("weak", json!([])), binding(true, "mine", "weak")];
    assert!(!gains(true, json!([bind, write(&["create", "patch"], "mine")]), taken, ADMIN));
}

#[test]
fn a_binding_keeps_its_role() {
    let bind = named(rule(&["bind"], RBAC, &["clusterroles"]), "all");
    let patch = named(rule(&["patch"], RBAC, &["clusterrolebindings"]), "old");
    let rules = json!([bind, patch]);
    let weak = cluster_role("weak", json!([rule(&["get"], "", &["pods"])]));
    assert!(gains(true, rules.clone(), [binding(true, "old", "all")], ADMIN));
    assert!(!gains(true, rules.clone(), [weak.clone(), binding(true, "old", "weak")], ADMIN));
    assert!(!gains(true, rules, [binding(true, "new", "all")], ADMIN));
    // The same in a namespace.
    let patch = named(rule(&["patch"], RBAC, &["rolebindings"]), "old");
    let rules = json!([bind, patch]);
    assert!(gains(true, rules.clone(), [binding(false, "old", "all")], "secret/a/x"));
    assert!(!gains(true, rules, [weak, binding(false, "old", "weak")], "secret/a/x"));
}

#[test]
fn a_binding_of_a_namespace_gives_nothing_beyond_it() {
    let local = rule(&["create"], RBAC, &["rolebindings"]);
    let bind = rule(&["bind"], RBAC, &["clusterroles"]);
    assert!(!gains(true, json!([bind, local]), [], ADMIN));
    assert!(gains(true, json!([bind, local]), [], "secret/a/x"));
    let proxy = cluster_role("proxy", json!([rule(&["create"], "", &["nodes/proxy"])]));
    let bind = named(bind, "proxy");
    let global = rule(&["create"], RBAC, &["clusterrolebindings"]);
    assert!(!gains(true, json!([bind, local]), [proxy.clone()], "kubelet/n"));
    assert!(gains(true, json!([bind, global]), [proxy], "kubelet/n"));
    // To bind in the whole cluster one must be allowed to there, not in a namespace.
    let split = with(
        holds(false, json!([rule(&["bind"], RBAC, &["clusterroles"])])),
        [
            all(),
            cluster_role("writer", json!([global])),
            json!({"apiVersion": API, "kind": "ClusterRoleBinding", "metadata": wide("writer"),
                "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "writer"},
                "subjects": [{"kind": "ServiceAccount", "name": "s", "namespace": "a"}]}),
        ],
    );
    assert!(!reaches(&split, &["sa/a/s"], ADMIN));
}

#[test]
fn a_role_that_nobody_has_bound_there_leads_on() {
    let rules = json!([
        named(rule(&["bind"], RBAC, &["clusterroles"]), "secrets"),
        rule(&["create"], RBAC, &["rolebindings"])
    ]);
    let secrets = || cluster_role("secrets", json!([rule(&["get", "list"], "", &["secrets"])]));
    assert!(gains(false, rules.clone(), [secrets()], "secret/a/x"));
    assert!(!gains(false, rules, [cluster_role("secrets", json!([]))], "secret/a/x"));
    // Such a role may let another be bound.
    let chain = json!([
        named(rule(&["bind"], RBAC, &["clusterroles"]), "binder"),
        rule(&["create"], RBAC, &["rolebindings"])
    ]);
    let binder = cluster_role(
        "binder",
        json!([
            named(rule(&["bind"], RBAC, &["clusterroles"]), "secrets"),
            rule(&["create"], RBAC, &["rolebindings"])
        ]),
    );
    assert!(gains(false, chain, [binder, secrets()], "secret/a/x"));
}

#[test]
fn rules_are_written_into_roles_that_the_identitys_own_permissions_name() {
    let verbs: &[&str] = &["escalate", "patch"];
    let rules = |name: &str| json!([named(rule(verbs, RBAC, &["clusterroles"]), name)]);
    assert_eq!(of("role-escalate", &holds(true, rules("r"))).len(), 1);
    // Somebody who may change every role changes nothing about that.
    let other = with(holds(true, rules("other")), [all(), binding(true, "bob", "all")]);
    assert!(!reaches(&other, &["sa/a/s"], ADMIN));
    // Both permissions must be for the same name.
    let split = json!([
        named(rule(&["escalate"], RBAC, &["clusterroles"]), "r"),
        named(rule(&["patch"], RBAC, &["clusterroles"]), "other")
    ]);
    assert!(of("role-escalate", &holds(true, split)).is_empty());
    let any = json!([
        rule(&["escalate"], RBAC, &["clusterroles"]),
        named(rule(&["patch"], RBAC, &["clusterroles"]), "r")
    ]);
    assert_eq!(of("role-escalate", &holds(true, any)).len(), 1);
    // A role of one's own, bound in namespaces only.
    let make = |kind: &str| {
        json!([
            rule(&["escalate", "create", "bind"], RBAC, &["clusterroles"]),
            rule(&["create"], RBAC, &[kind])
        ])
    };
    assert!(gains(true, make("clusterrolebindings"), [], ADMIN));
    assert!(!gains(true, make("rolebindings"), [], ADMIN));
    assert!(gains(true, make("rolebindings"), [], "secret/a/x"));
}

#[test]
fn commands_run_in_static_pods_too() {
    let mut objects = holds(true, json!([rule(&["create"], "", &["pods/exec"])]));
    objects.push(server(&["--authorization-mode=Node,RBAC"]));
    let static_pod = "pod/kube-system/kube-apiserver-n";
    assert!(reaches(&objects, &["sa/a/s"], static_pod));
    // What is written into the mirror of a static pod changes nothing.
    let mut objects = holds(true, json!([rule(&["patch"], "", &["pods"])]));
    objects.push(server(&["--authorization-mode=Node,RBAC"]));
    assert!(!reaches(&objects, &["sa/a/s"], static_pod));
}
