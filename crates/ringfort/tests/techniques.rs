//! Every technique: the smallest objects that give its edge, and what looks like it.

// Literals of JSON are handed over as they stand.
#![allow(clippy::needless_pass_by_value, clippy::type_complexity)]

mod fixture;

use ringfort_attack::{Attack, Engines};
use ringfort_collect::{Options, read_objects};
use ringfort_graph::EdgeId;
use ringfort_model::KubeVersion;
use std::collections::BTreeSet;

use fixture::{account, found, found_at, holds, meta, named, namespace, node, pod, reaches, rule};
use ringfort_attack::techniques;
use serde_json::{Value, json};

#[test]
fn permissions_give_their_technique_and_near_misses_do_not() {
    let rbac = "rbac.authorization.k8s.io";
    let csr = "certificates.k8s.io";
    let signer = |name: &str| named(rule(&["approve"], csr, &["signers"]), name);
    let requests = [
        rule(&["create", "get"], csr, &["certificatesigningrequests"]),
        rule(&["update"], csr, &["certificatesigningrequests/approval"]),
    ];
    let with = |more: Value| json!([requests[0], requests[1], more]);
    let user = rule(&["list"], "", &["nodes"]);
    // (technique, cluster-wide, rules that give it, rules that look like it)
    let cases = [
        (
            "pod-exec",
            false,
            json!([rule(&["create"], "", &["pods/exec"])]),
            json!([rule(&["get"], "", &["pods/exec"]), rule(&["create"], "", &["pods/*"])]),
        ),
        (
            "pod-attach",
            false,
            json!([rule(&["create"], "", &["*/attach"])]),
            json!([rule(&["get"], "", &["pods/log"])]),
        ),
        (
            "secret-read",
            false,
            json!([rule(&["list"], "", &["secrets"])]),
            json!([
                rule(&["get"], "", &["configmaps"]),
                named(rule(&["get"], "", &["secrets"]), "absent")
            ]),
        ),
        (
            "token-request",
            false,
            json!([rule(&["create"], "", &["serviceaccounts/token"])]),
            json!([
                rule(&["create"], "", &["serviceaccounts"]),
                rule(&["get"], "", &["serviceaccounts/token"])
            ]),
        ),
        (
            "impersonate-sa",
            false,
            json!([rule(&["impersonate"], "", &["serviceaccounts"])]),
            json!([rule(&["impersonate"], "authentication.k8s.io", &["serviceaccounts"])]),
        ),
        (
            "pod-image-swap",
            false,
            json!([rule(&["patch"], "", &["pods"])]),
            json!([rule(&["create"], "", &["pods"])]),
        ),
        (
            "ephemeral-container",
            false,
            json!([rule(&["patch"], "", &["pods/ephemeralcontainers"])]),
            json!([rule(&["patch"], "", &["pods"])]),
        ),
        (
            "kubelet-exec-proxy",
            true,
            json!([rule(&["get"], "", &["nodes/proxy"])]),
            json!([rule(&["get"], "", &["nodes", "nodes/metrics", "nodes/*"])]),
        ),
        (
            "pod-create",
            false,
            json!([rule(&["create"], "apps", &["deployments"])]),
            json!([
                rule(&["create"], "", &["deployments", "pods/exec"]),
                named(rule(&["create"], "", &["pods"]), "p")
            ]),
        ),
        (
            "workload-patch",
            false,
            json!([rule(&["patch"], "apps", &["deployments"])]),
            json!([rule(&["patch"], "apps", &["deployments/scale"])]),
        ),
        (
            "impersonate-group",
            true,
            json!([rule(&["impersonate"], "", &["groups", "users"])]),
            json!([rule(&["impersonate"], "", &["groups"])]),
        ),
        (
            "role-bind",
            true,
            json!([
                rule(&["bind"], rbac, &["clusterroles"]),
                rule(&["create"], rbac, &["clusterrolebindings"])
            ]),
            json!([rule(&["create"], rbac, &["clusterrolebindings"])]),
        ),
        (
            "role-escalate",
            true,
            json!([rule(&["escalate", "patch"], rbac, &["clusterroles"])]),
            json!([rule(&["escalate", "create"], rbac, &["clusterroles"])]),
        ),
        (
            "secret-token-mint",
            false,
            json!([rule(&["create", "get"], "", &["secrets"])]),
            json!([rule(&["create"], "", &["secrets"])]),
        ),
        (
            "namespace-relabel",
            true,
            json!([rule(&["patch"], "", &["namespaces"]), rule(&["create"], "", &["pods"])]),
            json!([rule(&["patch"], "", &["namespaces"])]),
        ),
        (
            "pv-hostpath-create",
            true,
            json!([rule(
                &["create"],
                "",
                &["persistentvolumes", "persistentvolumeclaims", "pods"]
            )]),
            json!([rule(&["create"], "", &["persistentvolumeclaims", "pods"])]),
        ),
        (
            "csr-node-cert",
            true,
            with(signer("kubernetes.io/kube-apiserver-client-kubelet")),
            json!([requests[0], requests[1], user]),
        ),
        (
            "impersonate-user",
            true,
            json!([named(rule(&["impersonate"], "", &["users"]), "ann")]),
            json!([named(rule(&["impersonate"], "", &["users"]), "system:serviceaccount:a:t")]),
        ),
        (
            "pod-portforward",
            false,
            json!([rule(&["create"], "", &["pods/portforward"])]),
            json!([rule(&["get"], "", &["pods/portforward", "services"])]),
        ),
        (
            "api-proxy-pod-service",
            false,
            json!([rule(&["get"], "", &["pods/proxy"])]),
            json!([
                rule(&["get"], "", &["services", "pods"]),
                rule(&["list"], "", &["pods/proxy"])
            ]),
        ),
        (
            "role-bind-covered",
            false,
            json!([rule(&["patch"], rbac, &["rolebindings"])]),
            json!([rule(&["get", "list", "bind"], rbac, &["rolebindings", "roles"])]),
        ),
        (
            "node-object-write",
            true,
            json!([rule(&["patch"], "", &["nodes"])]),
            json!([rule(&["get"], "", &["nodes"]), rule(&["patch"], "", &["nodes/proxy"])]),
        ),
        (
            "pod-evict-steer",
            true,
            json!([rule(&["create"], "", &["pods/eviction"]), rule(&["patch"], "", &["nodes"])]),
            json!([rule(&["create"], "", &["pods/eviction"])]),
        ),
        (
            "csr-sign",
            true,
            json!([
                named(rule(&["sign"], csr, &["signers"]), "kubernetes.io/*"),
                rule(&["update"], csr, &["certificatesigningrequests/status"])
            ]),
            json!([named(rule(&["sign"], csr, &["signers"]), "kubernetes.io/*")]),
        ),
        (
            "kubelet-read-pods",
            true,
            json!([rule(&["get"], "", &["nodes/pods"])]),
            json!([rule(&["get"], "", &["nodes/stats", "nodes"])]),
        ),
        (
            "kubelet-read-logs",
            true,
            json!([rule(&["get"], "", &["nodes/log"])]),
            json!([rule(&["get"], "", &["pods/log"])]),
        ),
        (
            "kubelet-checkpoint",
            true,
            json!([rule(&["create"], "", &["nodes/checkpoint"])]),
            json!([rule(&["get"], "", &["nodes/checkpoint"])]),
        ),
        (
            "pv-rebind",
            true,
            json!([
                rule(&["patch"], "", &["persistentvolumes"]),
                rule(&["create"], "", &["persistentvolumeclaims", "pods"])
            ]),
            json!([rule(&["patch"], "", &["persistentvolumes"])]),
        ),
        (
            "volumesnapshot-clone",
            false,
            json!([
                rule(&["create"], "snapshot.storage.k8s.io", &["volumesnapshots"]),
                rule(&["create"], "", &["persistentvolumeclaims", "pods"])
            ]),
            json!([
                rule(&["get"], "snapshot.storage.k8s.io", &["volumesnapshots"]),
                rule(&["create"], "", &["persistentvolumeclaims", "pods"])
            ]),
        ),
        (
            "namespace-relabel",
            true,
            json!([
                named(rule(&["patch"], "", &["namespaces"]), "a"),
                rule(&["create"], "apps", &["deployments"])
            ]),
            json!([
                named(rule(&["patch"], "", &["namespaces"]), "other"),
                rule(&["create"], "apps", &["deployments"])
            ]),
        ),
        (
            "role-escalate",
            false,
            json!([
                rule(&["escalate", "create", "bind"], rbac, &["roles"]),
                rule(&["create"], rbac, &["rolebindings"])
            ]),
            json!([
                rule(&["escalate", "create"], rbac, &["roles"]),
                rule(&["create"], rbac, &["rolebindings"])
            ]),
        ),
    ];
    for (technique, cluster, gives, looks_like) in cases {
        assert!(found(&holds(cluster, gives)).contains(technique), "{technique} is missing");
        assert!(!found(&holds(cluster, looks_like)).contains(technique), "{technique} is wrong");
    }
    let mut objects = holds(true, with(signer("kubernetes.io/*")));
    objects.push(
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "ann", "uid": "ann"},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "r"},
        "subjects": [{"kind": "User", "name": "ann"}]}),
    );
    assert!(found(&objects).contains("csr-client-cert"));
}

fn in_kube_system(mut objects: Vec<Value>) -> Vec<Value> {
    for object in &mut objects {
        if object["metadata"]["namespace"].is_string() {
            object["metadata"]["namespace"] = json!("kube-system");
        }
        if let Some(subjects) = object["subjects"].as_array_mut() {
            for subject in subjects {
                subject["namespace"] = json!("kube-system");
            }
        }
    }
    objects[0]["metadata"]["name"] = json!("kube-system");
    objects
}

#[test]
fn roles_that_others_fill_or_wait_for() {
    let rbac = "rbac.authorization.k8s.io";
    let may = || json!([rule(&["escalate", "create"], rbac, &["clusterroles"])]);
    let aggregated = |on: bool| {
        let mut objects = holds(true, may());
        if on {
            objects[6]["aggregationRule"] =
                json!({"clusterRoleSelectors": [{"matchLabels": {"to": "r"}}]});
        }
        found(&objects)
    };
    assert!(aggregated(true).contains("role-aggregate"));
    assert!(!aggregated(false).contains("role-aggregate"));
    let dangling = |verbs: &[&str], role: &str| {
        let mut objects = holds(true, json!([rule(verbs, rbac, &["clusterroles"])]));
        let mut waits = objects[7].clone();
        waits["metadata"] = json!({"name": "waits", "uid": "waits", "resourceVersion": "1"});
        waits["roleRef"]["name"] = json!(role);
        objects.push(waits);
        found(&objects).contains("role-claim-dangling")
    };
    assert!(dangling(&["escalate", "create"], "missing"));
    assert!(!dangling(&["escalate", "create"], "r") && !dangling(&["create"], "missing"));
    let mint = || holds(false, json!([rule(&["create"], "", &["secrets"])]));
    assert!(found(&in_kube_system(mint())).contains("bootstrap-token-mint"));
    assert!(!found(&mint()).contains("bootstrap-token-mint"));
}

#[test]
fn what_needs_two_positions_needs_both() {
    let scan = |objects: &[Value], from: &str, to: &str| reaches(objects, &[from], to);
    let log_pod = |account: &str| {
        pod(
            json!({"serviceAccountName": account, "volumes": [
                {"name": "l", "hostPath": {"path": "/var/log"}},
                {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}]}),
            json!({"volumeMounts": [{"name": "l", "mountPath": "/l"}, {"name": "t", "mountPath": "/t"}]}),
        )
    };
    let mut objects = holds(false, json!([rule(&["get"], "", &["pods/log"])]));
    let files = "node-files/n/all";
    // The account that reads logs, in a container that writes them.
    objects[4] = log_pod("s");
    assert!(scan(&objects, "pod/a/p@n", files));
    // The same container with another account, and the account alone.
    objects[4] = log_pod("t");
    assert!(!scan(&objects, "pod/a/p@n", files) && !scan(&objects, "sa/a/s", files));
    // A node that is held and the right to write nodes steer pods of any account there.
    let token = json!({"serviceAccountName": "t", "volumes": [{"name": "t", "projected": {"sources":
        [{"serviceAccountToken": {"path": "token"}}]}}]});
    let mount = json!({"volumeMounts": [{"name": "t", "mountPath": "/t"}]});
    let mut objects = holds(true, json!([rule(&["patch"], "", &["nodes", "pods/binding"])]));
    objects[4] = pod(token, mount);
    assert!(!scan(&objects, "sa/a/s", "sa/a/t"));
    objects.push(node("m", json!({})));
    let mut own = pod(
        json!({"serviceAccountName": "s", "volumes": [{"name": "t", "projected": {"sources":
            [{"serviceAccountToken": {"path": "token"}}]}}]}),
        json!({"volumeMounts": [{"name": "t", "mountPath": "/t"}],
            "securityContext": {"privileged": true}}),
    );
    own["metadata"]["name"] = json!("own");
    own["spec"]["nodeName"] = json!("m");
    objects.push(own);
    assert!(scan(&objects, "pod/a/own@m", "sa/a/t"));
}

#[test]
fn pods_that_wait_can_be_bound() {
    let waiting = |node: &str| {
        let mut objects = holds(false, json!([rule(&["create"], "", &["pods/binding"])]));
        objects[4] = pod(
            json!({"serviceAccountName": "t", "volumes": [{"name": "t", "projected": {"sources":
                [{"serviceAccountToken": {"path": "token"}}]}}]}),
            json!({"volumeMounts": [{"name": "t", "mountPath": "/t"}]}),
        );
        objects[4]["spec"]["nodeName"] = json!(node);
        found(&objects)
    };
    assert!(waiting("").contains("pod-bind") && !waiting("n").contains("pod-bind"));
}

#[test]
fn credentials_and_data_in_objects() {
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("d"),
        "spec": {"accessModes": ["ReadWriteOnce"]}});
    let mut objects = holds(false, json!([rule(&["create"], "", &["pods"])]));
    assert!(!found(&objects).contains("pvc-mount"));
    objects.push(claim);
    assert!(found(&objects).contains("pvc-mount"));
    let cluster = |label: &str| {
        let mut meta = meta("c");
        meta["labels"] = json!({"argocd.argoproj.io/secret-type": label});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque",
                "data": {"name": "eA=="}});
        found(&[namespace(json!({})), secret]).contains("secret-kubeconfig")
    };
    assert!(cluster("cluster") && !cluster("repository"));
    let rawio = |security: Value| {
        let pod = pod(
            json!({"volumes": [{"name": "v", "hostPath": {"path": "/dev/mem"}}]}),
            json!({"volumeMounts": [{"name": "v", "mountPath": "/v"}],
                "securityContext": security}),
        );
        found(&[namespace(json!({})), node("n", json!({})), pod]).contains("escape-cap-sys-rawio")
    };
    assert!(rawio(json!({"privileged": true})));
    assert!(!rawio(json!({"capabilities": {"add": ["SYS_RAWIO"]}})));
    assert!(found(&[node("n", json!({}))]).contains("static-pod"));
    let remade = |uid: &str| {
        let mut meta = meta("k");
        meta["annotations"] = json!({"kubernetes.io/service-account.name": "s",
            "kubernetes.io/service-account.uid": uid});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta,
            "type": "kubernetes.io/service-account-token"});
        found(&[namespace(json!({})), account("s"), secret]).contains("secret-token-use")
    };
    assert!(remade("s") && !remade("another"));
}

#[test]
fn execution_by_get_ends_with_1_35() {
    let objects = holds(false, json!([rule(&["get"], "", &["pods/exec"])]));
    assert!(found_at(&objects, 34).contains("pod-exec"));
    assert!(!found_at(&objects, 35).contains("pod-exec"));
}

#[test]
fn pods_leave_their_container_only_as_the_table_says() {
    let security = |context: Value| json!({"securityContext": context});
    let host = |path: &str, read_only: bool| {
        (
            json!({"volumes": [{"name": "v", "hostPath": {"path": path}}]}),
            json!({"volumeMounts": [{"name": "v", "mountPath": "/v", "readOnly": read_only}]}),
        )
    };
    let none = json!({});
    let caps = |add: &str| security(json!({"capabilities": {"add": [add]}}));
    let worker = security(json!({"runAsUser": 1000, "capabilities": {"add": ["SYS_ADMIN"]}}));
    let cases: Vec<(&str, (Value, Value), (Value, Value))> = vec![
        (
            "escape-privileged",
            (none.clone(), security(json!({"privileged": true}))),
            (none.clone(), security(json!({"privileged": false, "procMount": "Default"}))),
        ),
        (
            "escape-host-pid",
            (json!({"hostPID": true}), caps("SYS_PTRACE")),
            (none.clone(), caps("SYS_PTRACE")),
        ),
        ("escape-cap-sys-admin", (none.clone(), caps("CAP_SYS_ADMIN")), (none.clone(), worker)),
        (
            "escape-cap-sys-module",
            (none.clone(), caps("SYS_MODULE")),
            (none.clone(), caps("NET_RAW")),
        ),
        (
            "escape-cap-dac-read-search",
            (none.clone(), caps("DAC_READ_SEARCH")),
            (none.clone(), caps("DAC_OVERRIDE")),
        ),
        (
            "escape-cap-sys-ptrace",
            (json!({"hostPID": true}), caps("SYS_PTRACE")),
            (none.clone(), caps("SYS_PTRACE")),
        ),
        ("core-pattern", host("/proc", false), host("/proc", true)),
        ("hostpath-write-exec", host("/etc", false), host("/var/log/app", false)),
        ("hostpath-read-credential", host("/var/lib/kubelet", true), host("/etc/ssl/certs", true)),
        (
            "runtime-socket",
            host("/run/containerd/containerd.sock", true),
            host("/run/app/docker.sock", false),
        ),
        ("escape-host-ipc", (json!({"hostIPC": true}), none.clone()), (none.clone(), none.clone())),
        (
            "escape-host-network",
            (json!({"hostNetwork": true}), none.clone()),
            (json!({"hostPID": true}), none.clone()),
        ),
        (
            "escape-cap-net-admin",
            (json!({"hostNetwork": true}), caps("NET_ADMIN")),
            (none.clone(), caps("NET_ADMIN")),
        ),
        (
            "escape-host-pid",
            (json!({"hostPID": true}), none.clone()),
            (json!({"hostPID": true}), security(json!({"runAsUser": 1000}))),
        ),
        (
            "escape-cap-bpf",
            (none.clone(), security(json!({"capabilities": {"add": ["BPF", "PERFMON"]}}))),
            (none.clone(), caps("BPF")),
        ),
        (
            "escape-cap-mknod-device",
            (none.clone(), security(json!({"privileged": true}))),
            (none.clone(), caps("MKNOD")),
        ),
        (
            "kubelet-plugin-socket",
            host("/var/lib/kubelet/device-plugins", false),
            host("/var/lib/kubelet/device-plugins", true),
        ),
        ("hostpath-read-credential", host("/root/.ssh", true), host("/etc/localtime", true)),
        (
            "container-net-share",
            (
                json!({"initContainers": [{"name": "i", "image": "x@sha256:0", "restartPolicy": "Always"}]}),
                none.clone(),
            ),
            (json!({"initContainers": [{"name": "i", "image": "x@sha256:0"}]}), none.clone()),
        ),
        (
            "container-pid-share",
            (
                json!({"shareProcessNamespace": true, "initContainers": [{"name": "i", "image": "x@sha256:0"}]}),
                none.clone(),
            ),
            (json!({"initContainers": [{"name": "i", "image": "x@sha256:0"}]}), none.clone()),
        ),
    ];
    for (technique, (spec, container), (other_spec, other)) in cases {
        let base = || vec![namespace(json!({})), node("n", json!({}))];
        let mut yes = base();
        yes.push(pod(spec, container));
        assert!(found(&yes).contains(technique), "{technique} is missing");
        let mut no = base();
        no.push(pod(other_spec, other));
        assert!(!found(&no).contains(technique), "{technique} is wrong");
    }
    let windows =
        json!({"hostNetwork": true, "securityContext": {"windowsOptions": {"hostProcess": true}}});
    let on = |os: &str| {
        vec![
            namespace(json!({})),
            node("n", json!({"kubernetes.io/os": os})),
            pod(windows.clone(), json!({})),
        ]
    };
    assert!(found(&on("windows")).contains("windows-host-process"));
    assert!(!found(&on("linux")).contains("windows-host-process"));
}

#[test]
fn tokens_secrets_and_nodes_give_what_they_hold() {
    let token = json!({"serviceAccountName": "s", "volumes": [{"name": "t", "projected": {"sources":
        [{"serviceAccountToken": {"path": "token"}}]}}]});
    let vault = json!({"serviceAccountName": "s", "volumes": [{"name": "t", "projected": {"sources":
        [{"serviceAccountToken": {"path": "token", "audience": "vault"}}]}}]});
    let mount = json!({"volumeMounts": [{"name": "t", "mountPath": "/t"}],
        "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "x", "key": "k"}}}]});
    let base = |control: bool, spec: &Value, mount: &Value| {
        let labels = match control {
            true => json!({"node-role.kubernetes.io/control-plane": ""}),
            false => json!({}),
        };
        vec![
            namespace(json!({})),
            node("n", labels),
            account("s"),
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta("x"), "type": "Opaque"}),
            pod(spec.clone(), mount.clone()),
        ]
    };
    let yes = found(&base(true, &token, &mount));
    for technique in [
        "token-mounted",
        "env-secret-read",
        "node-cotenant",
        "node-kubelet-identity",
        "node-sa-tokens",
        "node-secrets",
        "node-to-control-plane",
        "control-plane-keys",
    ] {
        assert!(yes.contains(technique), "{technique} is missing");
    }
    let no = found(&base(false, &vault, &json!({})));
    for technique in [
        "token-mounted",
        "env-secret-read",
        "node-sa-tokens",
        "node-secrets",
        "node-to-control-plane",
    ] {
        assert!(!no.contains(technique), "{technique} is wrong");
    }
    // Before 1.33 a node may ask for any account of its pods.
    assert!(found_at(&base(false, &vault, &json!({})), 32).contains("node-sa-tokens"));
    let secret = |account: &str| {
        let mut meta = meta("k");
        meta["annotations"] = json!({"kubernetes.io/service-account.name": account});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta,
            "type": "kubernetes.io/service-account-token"});
        vec![namespace(json!({})), self::account("s"), secret]
    };
    assert!(found(&secret("s")).contains("secret-token-use"));
    assert!(!found(&secret("gone")).contains("secret-token-use"));
}

#[test]
fn pod_security_stops_pods_that_take_nodes_only_when_it_enforces() {
    let create = || holds(false, json!([rule(&["create"], "", &["pods"])]));
    let labelled = |label: &str| {
        let mut objects = create();
        objects[0] = namespace(json!({label: "baseline"}));
        found(&objects)
    };
    assert!(found(&create()).contains("pod-create-privileged"));
    assert!(labelled("pod-security.kubernetes.io/audit").contains("pod-create-privileged"));
    let enforced = labelled("pod-security.kubernetes.io/enforce");
    // The edge from the namespace's power to the nodes is gone; the accounts stay reachable.
    assert!(!enforced.contains("pod-create-privileged") && enforced.contains("pod-create"));
}

/// A ValidatingAdmissionPolicy on pods with one validation, and its binding.
fn policy(expression: &str, actions: &[&str], selector: Value) -> Vec<Value> {
    let meta = json!({"name": "v", "uid": "v", "resourceVersion": "1"});
    let kind = "ValidatingAdmissionPolicy";
    let api = "admissionregistration.k8s.io/v1";
    vec![
        json!({"apiVersion": api, "kind": kind, "metadata": meta, "spec": {
            "matchConstraints": {"objectSelector": selector, "resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
                "resources": ["pods", "pods/ephemeralcontainers"]}]},
            "validations": [{"expression": expression}]}}),
        json!({"apiVersion": api, "kind": format!("{kind}Binding"), "metadata": meta,
            "spec": {"policyName": "v", "validationActions": actions}}),
    ]
}

/// A validating webhook on new pods.
fn webhook(failure_policy: &str, selector: Value) -> Vec<Value> {
    vec![json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "w", "uid": "w", "resourceVersion": "1"},
        "webhooks": [{"name": "w.example.com", "failurePolicy": failure_policy,
            "objectSelector": selector,
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["pods"]}]}]})]
}

/// No privileged container, no host path, no added capability; init containers are containers.
const HARD: &str = "!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.hostPath))";
const HARDER: &str = "(object.spec.containers + (has(object.spec.initContainers) ? \
    object.spec.initContainers : [])).all(c, !has(c.securityContext) || \
    !(has(c.securityContext.privileged) && c.securityContext.privileged) && \
    !(has(c.securityContext.capabilities) && has(c.securityContext.capabilities.add)))";

#[test]
fn a_policy_stops_pods_that_take_nodes_only_when_it_denies_and_cannot_be_evaded() {
    let with = |more: Vec<Value>| {
        let mut objects = holds(false, json!([rule(&["create"], "", &["pods"])]));
        objects.extend(more);
        found(&objects).contains("pod-create-privileged")
    };
    let both = format!("({HARD}) && ({HARDER})");
    assert!(!with(policy(&both, &["Deny"], json!({}))));
    // One class is enough.
    assert!(with(policy(HARD, &["Deny"], json!({}))));
    assert!(with(policy(HARDER, &["Deny"], json!({}))));
    // So is one container, or a pod that says that it is exempt.
    let regular = HARDER.replace("object.spec.initContainers : []", "[] : []");
    assert!(with(policy(&format!("({HARD}) && ({regular})"), &["Deny"], json!({}))));
    let exempt = format!("object.metadata.?annotations['x'].orValue('') == 'y' || ({both})");
    assert!(with(policy(&exempt, &["Deny"], json!({}))));
    // Audit and warn refuse nothing; without a binding neither does Deny.
    assert!(with(policy(&both, &["Audit", "Warn"], json!({}))));
    assert!(with(policy(&both, &["Deny"], json!({}))[..1].to_vec()));
    // The maker of the pod chooses its labels.
    assert!(with(policy(&both, &["Deny"], json!({"matchLabels": {"checked": "yes"}}))));
    // What refuses the ordinary pod as well does not refuse the class.
    assert!(with(policy("has(object.metadata.labels)", &["Deny"], json!({}))));
    // Relabelling does not lift a policy.
    let mut relabel = holds(
        true,
        json!([rule(&["patch"], "", &["namespaces"]), rule(&["create"], "", &["pods"])]),
    );
    assert!(found(&relabel).contains("namespace-relabel"));
    relabel.extend(policy(&both, &["Deny"], json!({})));
    assert!(!found(&relabel).contains("namespace-relabel"));
}

#[test]
fn a_policy_that_refuses_every_pod_stops_all_that_makes_or_changes_pods() {
    for (technique, resource, verb) in [
        ("pod-create", "pods", "create"),
        ("pod-image-swap", "pods", "patch"),
        ("ephemeral-container", "pods/ephemeralcontainers", "patch"),
    ] {
        let verbs: &[&str] = if verb == "create" { &["create"] } else { &["patch"] };
        let mut objects = holds(false, json!([rule(verbs, "", &[resource])]));
        assert!(found(&objects).contains(technique), "{technique}");
        let mut some = objects.clone();
        some.extend(policy("has(object.metadata.labels)", &["Deny"], json!({})));
        assert!(found(&some).contains(technique), "{technique} in another way");
        objects.extend(policy("false", &["Deny"], json!({})));
        assert!(!found(&objects).contains(technique), "{technique} stopped");
    }
}

#[test]
fn a_webhook_leaves_the_edge_and_its_doubt() {
    let confidence = |more: Vec<Value>| {
        let mut objects = holds(false, json!([rule(&["create"], "", &["pods"])]));
        objects.extend(more);
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
        let version = Some(KubeVersion::minor(36));
        let options = Options { version, complete: true, threads: 1, ..Options::default() };
        let read = read_objects(&[("x.json", list.as_bytes())], &options).expect("it reads");
        let engines = Engines::new(&read.cluster);
        let attack = Attack::new(&read.cluster, &engines);
        let edges = (0..attack.graph.edge_count()).map(|at| attack.edge(EdgeId(at as u32)));
        let is = |at: u16| techniques::ALL[at as usize].id == "pod-create-privileged";
        let mut mine = edges.filter(|edge| edge.technique.is_some_and(is));
        mine.next().expect("the edge stays").confidence
    };
    let unverified = ringfort_attack::Confidence::UnverifiedControl;
    assert_eq!(confidence(webhook("Fail", json!({}))), unverified);
    for open in [
        Vec::new(),
        webhook("Ignore", json!({})),
        webhook("Fail", json!({"matchExpressions": [{"key": "skip", "operator": "DoesNotExist"}]})),
    ] {
        assert_eq!(confidence(open), ringfort_attack::Confidence::Proven);
    }
}

#[test]
fn every_technique_is_documented_in_full() {
    let mut ids = BTreeSet::new();
    for technique in techniques::ALL {
        assert!(ids.insert(technique.id), "{} twice", technique.id);
        let doc = &technique.doc;
        for text in [doc.what, doc.when, doc.not, doc.cut, technique.title] {
            assert!(!text.is_empty(), "{}", technique.id);
        }
        assert!(!technique.attack.is_empty() && !technique.cut_by.is_empty());
    }
}

#[test]
fn a_create_rule_with_names_serves_server_side_apply() {
    let may = |verbs: &[&str], resource: &str, name: &str| {
        let rules = json!([named(rule(verbs, "", &[resource]), name)]);
        found(&holds(false, rules))
    };
    assert!(may(&["create", "patch"], "pods", "new").contains("pod-create"));
    assert!(!may(&["create"], "pods", "new").contains("pod-create"));
    assert!(!may(&["create", "patch"], "pods", "p").contains("pod-create"), "it is there");
    let mint =
        |verbs: &[&str], name: &str| may(verbs, "secrets", name).contains("secret-token-mint");
    assert!(mint(&["create", "patch", "get"], "new"));
    // The answer to a patch is the Secret.
    assert!(!mint(&["create", "get"], "new") && mint(&["create", "patch"], "new"));
    assert!(!mint(&["create", "patch", "get"], "x"), "it is there");
    // Creating under any name, and reading one: of a Secret that is there, only after its deletion.
    let reads = |verbs: &[&str], name: &str| {
        let rules = json!([
            rule(&["create"], "", &["secrets"]),
            named(rule(verbs, "", &["secrets"]), name)
        ]);
        found(&holds(false, rules)).contains("secret-token-mint")
    };
    assert!(reads(&["get"], "new") && !reads(&["get"], "x") && reads(&["get", "delete"], "x"));
    let apart = |names: [&str; 2]| {
        let rules = json!([
            named(rule(&["create"], "", &["pods"]), names[0]),
            named(rule(&["patch"], "", &["pods"]), names[1])
        ]);
        found(&holds(false, rules)).contains("pod-create")
    };
    assert!(apart(["new", "new"]) && !apart(["new", "other"]));
}

/// Whatever is answered with a Secret reads it: a patch with the object, a deletion that waits for
/// the garbage collector as well, a deletion of all with the list
/// (registry/generic/registry/store.go).
#[test]
fn secrets_are_read_by_every_request_that_is_answered_with_them() {
    let reads = |rules: Value| reaches(&holds(false, rules), &["sa/a/s"], "secret/a/x");
    let secrets = |verbs: &[&str]| rule(verbs, "", &["secrets"]);
    for verb in ["get", "list", "watch", "patch", "delete", "deletecollection"] {
        assert!(reads(json!([secrets(&[verb])])), "{verb}");
        assert!(!reads(json!([rule(&[verb], "", &["configmaps"])])), "{verb}");
    }
    for verb in ["create", "update"] {
        assert!(!reads(json!([secrets(&[verb])])), "{verb}");
    }
    for (verb, name, reading) in [
        ("patch", "x", true),
        ("patch", "another", false),
        ("delete", "x", true),
        ("delete", "another", false),
        // It names no object, so that no rule with names allows it.
        ("deletecollection", "x", false),
    ] {
        let rules = json!([named(secrets(&[verb]), name)]);
        assert_eq!(reads(rules), reading, "{verb} {name}");
    }
    let mints = |rules: Value| found(&holds(false, rules)).contains("secret-token-mint");
    assert!(mints(json!([secrets(&["create", "patch"])])));
    assert!(mints(json!([secrets(&["create", "deletecollection"])])));
    assert!(mints(json!([secrets(&["create", "delete"])])));
    assert!(!mints(json!([secrets(&["create", "update"])])));
}

/// The user of a node is named by no binding; with its group it has the node's rights.
#[test]
fn any_user_and_the_group_of_nodes_are_every_node() {
    let is_node = |rules: Value| reaches(&holds(true, rules), &["sa/a/s"], "user/system:node:n");
    let impersonates = |resource: &str| rule(&["impersonate"], "", &[resource]);
    let users = impersonates("users");
    let nodes = named(impersonates("groups"), "system:nodes");
    assert!(is_node(json!([users, nodes])));
    assert!(is_node(json!([named(users.clone(), "system:node:n"), nodes])));
    assert!(!is_node(json!([named(users.clone(), "system:node:other"), nodes])));
    assert!(!is_node(json!([users, named(impersonates("groups"), "system:others")])));
    assert!(!is_node(json!([users])) && !is_node(json!([nodes])));
}
