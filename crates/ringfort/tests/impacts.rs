//! Impacts beside control of the cluster: decided by effective permission, never by a name.

#![allow(clippy::needless_pass_by_value)]

mod fixture;

use fixture::{holds, meta, named, namespace, node, pod, reaches, rule, wide, with};
use ringfort_attack::Impact;
use serde_json::{Value, json};

fn claim() -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("d"),
        "spec": {"accessModes": ["ReadWriteOnce"]}})
}

fn hits(cluster: bool, rules: Value, impact: &str) -> bool {
    let mut system = namespace(json!({}));
    system["metadata"]["name"] = json!("kube-system");
    let objects = with(holds(cluster, rules), [claim(), system]);
    reaches(&objects, &["sa/a/s"], &format!("impact/{impact}"))
}

#[test]
fn each_impact_has_its_permission_and_its_near_miss() {
    let rbac = "rbac.authorization.k8s.io";
    let admission = "admissionregistration.k8s.io";
    let cases = [
        (
            "namespace-admin",
            false,
            json!([
                rule(&["create"], "apps", &["deployments"]),
                rule(&["create", "update"], "", &["secrets"]),
                rule(&["create"], rbac, &["rolebindings"])
            ]),
            json!([
                rule(&["create"], "apps", &["deployments"]),
                rule(&["create", "update"], "", &["secrets"])
            ]),
        ),
        (
            "data-destruction",
            false,
            json!([rule(&["delete"], "", &["persistentvolumeclaims"])]),
            json!([
                rule(&["get", "create"], "", &["persistentvolumeclaims"]),
                named(rule(&["delete"], "", &["persistentvolumeclaims"]), "absent")
            ]),
        ),
        (
            "compute-hijack",
            false,
            json!([rule(&["create"], "batch", &["jobs"])]),
            json!([rule(&["create"], "", &["jobs", "pods/exec"])]),
        ),
        (
            "persistence",
            false,
            json!([rule(&["patch"], "batch", &["cronjobs"])]),
            json!([rule(&["get", "delete"], "batch", &["cronjobs"])]),
        ),
        (
            "denial-of-service",
            true,
            json!([rule(&["delete"], "", &["pods"])]),
            json!([rule(&["get", "list"], "", &["pods", "nodes"])]),
        ),
        (
            "denial-of-service",
            true,
            json!([rule(&["create"], admission, &["validatingwebhookconfigurations"])]),
            json!([rule(&["get"], admission, &["validatingwebhookconfigurations"])]),
        ),
        (
            "data-store",
            false,
            json!([rule(&["create"], "", &["pods"])]),
            json!([rule(&["get"], "", &["persistentvolumeclaims"])]),
        ),
    ];
    for (impact, cluster, gives, looks_like) in cases {
        assert!(hits(cluster, gives, impact), "{impact} is missing");
        assert!(!hits(cluster, looks_like, impact), "{impact} is wrong");
    }
    // Services of one namespace are not those of the system.
    assert!(!hits(false, json!([rule(&["delete"], "", &["pods"])]), "denial-of-service"));
}

#[test]
fn volumes_that_are_kept_survive_their_object() {
    let volume = |policy: &str| {
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": wide("v"),
            "spec": {"persistentVolumeReclaimPolicy": policy}})
    };
    let delete = || holds(true, json!([rule(&["delete"], "", &["persistentvolumes"])]));
    let hits = |policy: &str| {
        reaches(&with(delete(), [volume(policy)]), &["sa/a/s"], "impact/data-destruction")
    };
    assert!(hits("Delete") && !hits("Retain"));
}

#[test]
fn a_container_reads_the_claims_that_it_mounts() {
    let mounts = |name: &str| {
        let pod = pod(
            json!({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "d"}}]}),
            json!({"volumeMounts": [{"name": name, "mountPath": "/v"}]}),
        );
        let objects = vec![namespace(json!({})), node("n", json!({})), claim(), pod];
        reaches(&objects, &["pod/a/p:c"], "impact/data-store")
    };
    assert!(mounts("v") && !mounts("another"));
}

#[test]
fn an_editor_of_a_namespace_has_it_and_a_viewer_does_not() {
    // SNK-02 and SNK-03: the permissions of edit and view, under other names.
    let edit = json!([
        rule(&["create", "delete", "patch", "update"], "apps", &["deployments"]),
        rule(&["create", "delete", "patch", "update", "get"], "", &["secrets", "pods"]),
        rule(&["impersonate"], "", &["serviceaccounts"])
    ]);
    assert!(hits(false, edit, "namespace-admin"));
    let view = json!([rule(&["get", "list", "watch"], "", &["pods", "configmaps", "services"])]);
    for impact in Impact::ALL {
        assert!(!hits(false, view.clone(), impact.name()), "{}", impact.name());
    }
}

#[test]
fn control_of_the_cluster_and_of_its_cloud_is_a_target_by_default() {
    let names: Vec<&str> = Impact::DEFAULT_TARGETS.iter().map(|impact| impact.name()).collect();
    let wanted =
        ["cluster-admin", "control-plane", "all-secrets", "node", "cloud-admin", "cloud-role"];
    assert_eq!(names, wanted);
}
