//! Writes of roles on a small cluster.

use ringfort_authz::{Authz, Gate, User};
use ringfort_model::record::PolicyRule;
use ringfort_model::{ClusterBuilder, Object, SourceKind, Str};
use serde_json::json;

#[test]
fn a_put_that_creates_a_role_needs_the_verb_create_with_its_name() {
    let rule = |verbs: &[&str], resource: &str, names: &[&str]| {
        json!({"verbs": verbs, "apiGroups": ["rbac.authorization.k8s.io", ""],
            "resources": [resource], "resourceNames": names})
    };
    let role = |name: &str, rules: serde_json::Value| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"namespace": "n", "name": name}, "rules": rules})
    };
    let binding = |user: &str| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"namespace": "n", "name": user},
            "roleRef": {"kind": "Role", "name": user},
            "subjects": [{"kind": "User", "name": user}]})
    };
    let pods = rule(&["get"], "pods", &[]);
    let mut builder = ClusterBuilder::new(SourceKind::Dump);
    for object in [
        role("updates", json!([rule(&["update"], "roles", &[]), pods])),
        role(
            "creates",
            json!([rule(&["update"], "roles", &[]), rule(&["create"], "roles", &["new"]), pods]),
        ),
        role("old", json!([])),
        binding("updates"),
        binding("creates"),
    ] {
        builder.add(Object::read(object.to_string().as_bytes()).expect("the object reads"));
    }
    let cluster = builder.freeze();
    let authz = Authz::new(&cluster);
    let list = |text: &str| [Str::new(text)].into_iter().collect();
    let get = |resource| PolicyRule {
        verbs: list("get"),
        api_groups: list(""),
        resources: list(resource),
        ..PolicyRule::default()
    };
    let put =
        |user, name, resource| authz.update_role(&User::named(user), "n", name, &[get(resource)]);
    assert_eq!(put("updates", "old", "pods"), Ok(()));
    assert_eq!(put("updates", "new", "pods"), Err(Gate::Authorization));
    assert_eq!(put("creates", "new", "pods"), Ok(()));
    assert_eq!(put("creates", "other", "pods"), Err(Gate::Authorization));
    assert_eq!(put("creates", "other", "secrets"), Err(Gate::Escalation));
}
