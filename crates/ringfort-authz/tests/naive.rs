//! The indexed evaluator against one that walks every binding, on random small clusters.

use proptest::prelude::*;
use ringfort_authz::{Authz, Request, User};
use ringfort_model::{Cluster, ClusterBuilder, Object, SourceKind};
use serde_json::{Value, json};

fn pick(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(words)
}

fn rule() -> impl Strategy<Value = Value> {
    let verbs = prop::collection::vec(pick(&["get", "list", "create", "*"]), 1..3);
    let groups = prop::collection::vec(pick(&["", "apps", "*"]), 0..3);
    let resources =
        prop::collection::vec(pick(&["pods", "pods/log", "*", "*/log", "pods/*", "secrets"]), 0..3);
    let names = prop::collection::vec(pick(&["a", "b", "*"]), 0..2);
    (verbs, groups, resources, names).prop_map(|(verbs, groups, resources, names)| {
        json!({"verbs": verbs, "apiGroups": groups, "resources": resources, "resourceNames": names})
    })
}

fn subject() -> impl Strategy<Value = Value> {
    (
        pick(&["User", "Group", "ServiceAccount", "Pod"]),
        pick(&["x", "y", "system:serviceaccount:n:x"]),
        pick(&["", "n", "m"]),
    )
        .prop_map(
            |(kind, name, namespace)| json!({"kind": kind, "name": name, "namespace": namespace}),
        )
}

/// Roles and bindings as JSON: kind, namespace, body.
fn objects() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let role = (
        pick(&["Role", "ClusterRole"]),
        pick(&["n", "m"]),
        pick(&["r", "s"]),
        prop::collection::vec(rule(), 0..3),
    )
        .prop_map(|(kind, namespace, name, rules)| {
            let namespace = if kind == "Role" { namespace } else { "" };
            (kind, json!({"metadata": {"name": name, "namespace": namespace}, "rules": rules}))
        });
    let binding = (
        pick(&["RoleBinding", "ClusterRoleBinding"]),
        pick(&["n", "m"]),
        pick(&["b", "c", "d"]),
        (pick(&["Role", "ClusterRole"]), pick(&["r", "s", "gone"])),
        prop::collection::vec(subject(), 0..3),
    )
        .prop_map(|(kind, namespace, name, (role, target), subjects)| {
            let namespace = if kind == "RoleBinding" { namespace } else { "" };
            let body = json!({"metadata": {"name": name, "namespace": namespace},
                "roleRef": {"kind": role, "name": target}, "subjects": subjects});
            (kind, body)
        });
    let all = (prop::collection::vec(role, 1..5), prop::collection::vec(binding, 1..5));
    all.prop_map(|(roles, bindings)| roles.into_iter().chain(bindings).collect())
}

fn cluster(objects: &[(&str, Value)]) -> Cluster {
    let mut builder = ClusterBuilder::new(SourceKind::Dump);
    for (kind, body) in objects {
        let json = body.to_string();
        let object = Object::read_as("rbac.authorization.k8s.io/v1", kind, json.as_bytes());
        builder.add(object.expect("the object reads"));
    }
    builder.freeze()
}

/// The rules of semantics 1.1, written down once more without any index.
fn naive(
    cluster: &Cluster,
    user: &User,
    verb: &str,
    resource: &str,
    namespace: &str,
    name: &str,
) -> bool {
    let names_user =
        |subject: &ringfort_model::record::Subject, own: &str| match subject.kind.as_str() {
            "User" => subject.name == user.name,
            "Group" => user.groups.contains(&subject.name),
            "ServiceAccount" => {
                let place =
                    if subject.namespace.is_empty() { own } else { subject.namespace.as_str() };
                !place.is_empty()
                    && *user.name == format!("system:serviceaccount:{place}:{}", subject.name)
            }
            _ => false,
        };
    let allows = |rule: &ringfort_model::record::PolicyRule| {
        let sub = resource.split_once('/').map(|(_, sub)| format!("*/{sub}"));
        rule.verbs.iter().any(|v| v == "*" || v == verb)
            && rule.api_groups.iter().any(|g| g == "*" || g.is_empty())
            && rule
                .resources
                .iter()
                .any(|r| r == "*" || r == resource || sub.as_deref() == Some(r.as_str()))
            && (rule.resource_names.is_empty() || rule.resource_names.iter().any(|n| n == name))
    };
    let cluster_role =
        |name: &str| cluster.cluster_roles.iter().find(|role| role.metadata.name == *name);
    let everywhere = cluster.cluster_role_bindings.iter().any(|binding| {
        binding.role_ref.kind == "ClusterRole"
            && binding.subjects.iter().any(|subject| names_user(subject, ""))
            && cluster_role(&binding.role_ref.name)
                .is_some_and(|role| role.rules.iter().any(allows))
    });
    let here = cluster.role_bindings.iter().any(|binding| {
        let own = &binding.metadata.namespace;
        let rules = match binding.role_ref.kind.as_str() {
            "ClusterRole" => cluster_role(&binding.role_ref.name).map(|role| &role.rules),
            _ => cluster
                .roles
                .iter()
                .find(|role| {
                    role.metadata.namespace == *own && role.metadata.name == binding.role_ref.name
                })
                .map(|role| &role.rules),
        };
        *own == *namespace
            && binding.subjects.iter().any(|subject| names_user(subject, own))
            && rules.is_some_and(|rules| rules.iter().any(allows))
    });
    everywhere || here
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn the_index_changes_no_answer(objects in objects()) {
        let cluster = cluster(&objects);
        let authz = Authz::new(&cluster);
        let users = [
            User { name: "x".into(), groups: vec!["y".into()] },
            User::service_account("n", "x"),
            User { name: "z".into(), groups: vec!["x".into(), "y".into()] },
        ];
        for user in &users {
            for verb in ["get", "create"] {
                for resource in ["pods", "pods/log", "secrets"] {
                    for namespace in ["", "n", "m"] {
                        for name in ["", "a"] {
                            let request = Request::resource(user.clone(), verb, ("", resource), namespace, name);
                            let ours = authz.rbac(&request).is_some();
                            let theirs = naive(&cluster, user, verb, resource, namespace, name);
                            prop_assert_eq!(ours, theirs, "{:?}", request);
                        }
                    }
                }
            }
        }
    }
}
