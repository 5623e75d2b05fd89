//! Accounts, Secrets, ConfigMaps and RBAC in proportion to the applications.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::pods::SHAPES;
use super::{List, Rng, Size, meta};

const RBAC: &str = "rbac.authorization.k8s.io";

fn rule(verbs: &[&str], group: &str, resources: &[&str]) -> Value {
    json!({"apiGroups": [group], "resources": resources, "verbs": verbs})
}

pub(crate) fn write(size: Size, out: &Path) -> Result<()> {
    let mut rng = Rng::new(size.seed, 3);
    let mut accounts = List::new(out, "", "v1", "serviceaccounts", "ServiceAccount")?;
    let mut secrets = List::new(out, "", "v1", "secrets", "Secret")?;
    let mut configs = List::new(out, "", "v1", "configmaps", "ConfigMap")?;
    let mut roles = List::new(out, RBAC, "rbac.authorization.k8s.io/v1", "roles", "Role")?;
    let mut bindings =
        List::new(out, RBAC, "rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding")?;
    let mut cluster_bindings = List::new(
        out,
        RBAC,
        "rbac.authorization.k8s.io/v1",
        "clusterrolebindings",
        "ClusterRoleBinding",
    )?;
    for at in 0..size.namespaces() {
        let namespace = format!("team-{at:04}");
        accounts.item(&json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(&mut rng, &namespace, "default", json!({}), 1)}))?;
        let group =
            json!([{"kind": "Group", "apiGroup": RBAC, "name": format!("{namespace}-developers")}]);
        bindings.item(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": meta(&mut rng, &namespace, "developers", json!({}), 2),
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "edit"}, "subjects": group}))?;
    }
    for app in 0..size.apps() {
        let shape = SHAPES[app % SHAPES.len()];
        let namespace = size.namespace_of(app);
        let name = format!("{shape}-{app}");
        accounts.item(&json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(&mut rng, &namespace, &name, json!({}), 2)}))?;
        secrets.item(&json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": meta(&mut rng, &namespace, &format!("{name}-credentials"), json!({}), 3), "data": {"key0": "", "key7": ""}}))?;
        configs.item(&json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": meta(&mut rng, &namespace, &format!("{name}-config"), json!({}), 3), "data": {"key1": "setting", "key8": "setting"}}))?;
        let rules = match shape {
            "operator" => vec![
                rule(
                    &["get", "list", "watch", "create", "update", "patch"],
                    "apps",
                    &["deployments", "statefulsets"],
                ),
                rule(&["get", "list"], "", &["secrets"]),
            ],
            "runner" => vec![rule(&["create", "delete", "get"], "", &["pods", "pods/exec"])],
            "gateway" => vec![rule(&["get", "list", "watch"], "", &["services", "endpoints"])],
            _ => vec![rule(&["get", "list", "watch"], "", &["configmaps"])],
        };
        roles.item(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": meta(&mut rng, &namespace, &name, json!({}), 2), "rules": rules}))?;
        let subject = json!([{"kind": "ServiceAccount", "name": name, "namespace": namespace}]);
        bindings.item(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": meta(&mut rng, &namespace, &name, json!({}), 2),
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name}, "subjects": subject}))?;
        let wide = match shape {
            "operator" if rng.one_in(20) => Some("platform-operator"),
            "agent" if rng.one_in(5) => Some("node-reader"),
            _ => None,
        };
        if let Some(role) = wide {
            cluster_bindings.item(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": meta(&mut rng, "", &name, json!({}), 2),
                "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}, "subjects": subject}))?;
        }
    }
    let mut cluster_roles =
        List::new(out, RBAC, "rbac.authorization.k8s.io/v1", "clusterroles", "ClusterRole")?;
    let work =
        ["pods", "services", "configmaps", "secrets", "serviceaccounts", "persistentvolumeclaims"];
    let stock: [(&str, Vec<Value>); 6] = [
        ("cluster-admin", vec![rule(&["*"], "*", &["*"])]),
        (
            "edit",
            vec![
                rule(&["get", "list", "watch", "create", "update", "patch", "delete"], "", &work),
                rule(&["create", "update", "patch"], "apps", &["deployments", "statefulsets"]),
            ],
        ),
        ("view", vec![rule(&["get", "list", "watch"], "", &["pods", "services", "configmaps"])]),
        (
            "platform-operator",
            vec![
                rule(&["*"], "apps", &["*"]),
                rule(&["get", "list", "create"], "", &["pods", "secrets", "namespaces"]),
            ],
        ),
        ("node-reader", vec![rule(&["get", "list"], "", &["nodes", "nodes/metrics", "pods"])]),
        ("policy-editor", vec![rule(&["*"], "networking.k8s.io", &["networkpolicies"])]),
    ];
    for (name, rules) in stock {
        cluster_roles.item(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": meta(&mut rng, "", name, json!({}), 3), "rules": rules}))?;
    }
    for list in [accounts, secrets, configs, roles, bindings, cluster_bindings, cluster_roles] {
        list.finish()?;
    }
    Ok(())
}
