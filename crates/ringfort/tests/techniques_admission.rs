//! Techniques around admission: webhooks, policies, registrations, exemptions.

#![allow(clippy::needless_pass_by_value)]

mod fixture;

use fixture::{
    Edge, found, found_at, holds, meta, named, namespace, node, of, pod, reaches, rule, server,
    wide, with,
};
use ringfort_attack::Confidence;
use serde_json::{Value, json};

const ADMISSION: &str = "admissionregistration.k8s.io";

fn unknown(edge: &Edge) -> bool {
    edge.confidence == Confidence::Unknown && !edge.note.is_empty()
}

#[test]
fn grants_give_their_technique_and_near_misses_do_not() {
    let write = &["create"];
    let apis = "apiregistration.k8s.io";
    let crds = "apiextensions.k8s.io";
    let cases = [
        (
            "webhook-mutate",
            json!([rule(write, ADMISSION, &["mutatingwebhookconfigurations"])]),
            json!([
                rule(&["get", "list"], ADMISSION, &["mutatingwebhookconfigurations"]),
                named(rule(&["patch"], ADMISSION, &["mutatingwebhookconfigurations"]), "absent"),
                rule(write, ADMISSION, &["validatingwebhookconfigurations"])
            ]),
        ),
        (
            "webhook-validate-read",
            json!([rule(write, ADMISSION, &["validatingwebhookconfigurations"])]),
            json!([rule(&["get"], ADMISSION, &["validatingwebhookconfigurations"])]),
        ),
        (
            "map-write",
            json!([rule(
                write,
                ADMISSION,
                &["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"]
            )]),
            json!([rule(write, ADMISSION, &["mutatingadmissionpolicies"])]),
        ),
        (
            "apiservice-takeover",
            json!([rule(&["patch"], apis, &["apiservices"])]),
            json!([
                rule(&["get"], apis, &["apiservices"]),
                rule(&["patch"], apis, &["apiservices/status"])
            ]),
        ),
        (
            "crd-conversion",
            json!([rule(&["update"], crds, &["customresourcedefinitions"])]),
            json!([
                rule(&["get", "create"], crds, &["customresourcedefinitions"]),
                named(rule(&["update"], crds, &["customresourcedefinitions"]), "absent")
            ]),
        ),
    ];
    for (technique, gives, looks_like) in cases {
        assert!(found(&holds(true, gives)).contains(technique), "{technique} is missing");
        assert!(!found(&holds(true, looks_like)).contains(technique), "{technique} is wrong");
    }
}

#[test]
fn a_webhook_needs_an_endpoint() {
    let write = rule(&["create"], ADMISSION, &["mutatingwebhookconfigurations"]);
    let confidence = |rules: Value| {
        let mut found: Vec<Confidence> =
            of("webhook-mutate", &holds(true, rules)).iter().map(|edge| edge.confidence).collect();
        found.sort();
        found
    };
    assert_eq!(confidence(json!([write])), [Confidence::Unknown]);
    // Whoever starts pods serves from one.
    let pods = rule(&["create"], "", &["pods"]);
    assert_eq!(confidence(json!([write, pods])), [Confidence::Proven, Confidence::Unknown]);
}

#[test]
fn policies_that_mutate_exist_from_1_36() {
    let kinds = &["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"];
    let objects = holds(true, json!([rule(&["create"], ADMISSION, kinds)]));
    assert!(found_at(&objects, 36).contains("map-write"));
    assert!(!found_at(&objects, 35).contains("map-write"));
    let gate = server(&["--feature-gates=MutatingAdmissionPolicy=true"]);
    assert!(found_at(&with(objects, [gate]), 35).contains("map-write"));
}

#[test]
fn own_registrations_of_the_server_are_written_back() {
    let patch = named(rule(&["patch"], "apiregistration.k8s.io", &["apiservices"]), "v1.x");
    let service = |labels: Value| {
        let mut meta = wide("v1.x");
        meta["labels"] = labels;
        json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": meta})
    };
    let with = |labels: Value| found(&with(holds(true, json!([patch])), [service(labels)]));
    assert!(with(json!({})).contains("apiservice-takeover"));
    let managed = json!({"kube-aggregator.kubernetes.io/automanaged": "onstart"});
    assert!(!with(managed).contains("apiservice-takeover"));
}

/// A webhook on pods, answered by pods labelled `app: hook` in namespace `a`.
fn hook(kind: &str, policy: &str, rule: &str) -> Vec<Value> {
    let mut backend = pod(json!({}), json!({}));
    backend["metadata"] = meta("hook");
    backend["metadata"]["labels"] = json!({"app": "hook"});
    vec![
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind,
            "metadata": wide("h"), "webhooks": [{"name": "h.example.org", "failurePolicy": policy,
                "clientConfig": {"service": {"namespace": "a", "name": "hook"}},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": [rule],
                    "operations": ["CREATE"]}]}]}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta("hook"),
            "spec": {"selector": {"app": "hook"}, "ports": [{"port": 443}]}}),
        backend,
    ]
}

#[test]
fn pods_behind_a_mutating_webhook_answer_for_it() {
    let base = || vec![namespace(json!({})), node("n", json!({}))];
    let mutating = with(base(), hook("MutatingWebhookConfiguration", "Fail", "pods"));
    assert_eq!(of("webhook-backend-own", &mutating).len(), 1);
    assert!(reaches(&mutating, &["pod/a/hook"], "power/run-pods"));
    // Another kind of object: the answers change no pod.
    let configs = with(base(), hook("MutatingWebhookConfiguration", "Fail", "configmaps"));
    assert!(!of("webhook-backend-own", &configs).is_empty());
    assert!(!reaches(&configs, &["pod/a/hook"], "power/run-pods"));
    let validating = with(base(), hook("ValidatingWebhookConfiguration", "Fail", "pods"));
    assert!(of("webhook-backend-own", &validating).is_empty());
    let mut other = mutating;
    other[4]["metadata"]["labels"] = json!({"app": "another"});
    assert!(of("webhook-backend-own", &other).is_empty());
}

#[test]
fn a_webhook_that_refuses_is_removed_or_made_to_fail() {
    let kind = "validatingwebhookconfigurations";
    let create = rule(&["create"], "", &["pods"]);
    let objects = |rules: Value, policy: &str, on: &str| {
        with(holds(true, rules), hook("ValidatingWebhookConfiguration", policy, on))
    };
    let delete = json!([create, rule(&["delete"], ADMISSION, &[kind])]);
    assert!(found(&objects(delete.clone(), "Fail", "pods")).contains("webhook-remove"));
    // One that is shown no pods refuses none.
    assert!(!found(&objects(delete, "Fail", "services")).contains("webhook-remove"));
    let get = json!([create, rule(&["get"], ADMISSION, &[kind])]);
    assert!(!found(&objects(get, "Fail", "pods")).contains("webhook-remove"));
    let another = json!([create, named(rule(&["delete"], ADMISSION, &[kind]), "another")]);
    assert!(!found(&objects(another, "Fail", "pods")).contains("webhook-remove"));
    let stop = json!([create, rule(&["delete"], "", &["pods"])]);
    assert!(found(&objects(stop.clone(), "Ignore", "pods")).contains("webhook-outage-bypass"));
    assert!(!found(&objects(stop, "Fail", "pods")).contains("webhook-outage-bypass"));
    assert!(!found(&objects(json!([create]), "Ignore", "pods")).contains("webhook-outage-bypass"));
}

#[test]
fn a_policy_that_keeps_pods_out_is_removed() {
    let create = rule(&["create"], "", &["pods"]);
    let api = "admissionregistration.k8s.io/v1";
    let pods = json!({"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"], "operations": ["CREATE"]}]});
    let refuses = "(!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.hostPath))) \
        && (object.spec.containers + object.spec.?initContainers.orValue([])).all(c, \
        !has(c.securityContext) || (!has(c.securityContext.privileged) && \
        !(has(c.securityContext.capabilities) && has(c.securityContext.capabilities.add))))";
    let policy = |name: &str, expression: &str| {
        vec![
            json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": wide(name),
                "spec": {"matchConstraints": pods, "validations": [{"expression": expression}]}}),
            json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding",
                "metadata": wide(&format!("{name}-b")),
                "spec": {"policyName": name, "validationActions": ["Deny"]}}),
        ]
    };
    let mutates = vec![
        json!({"apiVersion": api, "kind": "MutatingAdmissionPolicy", "metadata": wide("m"),
            "spec": {"matchConstraints": pods, "mutations": [{"patchType": "ApplyConfiguration",
                "applyConfiguration": {"expression": "Object{spec: Object.spec{containers: \
                object.spec.containers.map(c, Object.spec.containers{name: c.name, \
                securityContext: Object.spec.containers.securityContext{privileged: false}}), \
                ?initContainers: object.spec.?initContainers.optMap(all, all.map(c, \
                Object.spec.initContainers{name: c.name, securityContext: \
                Object.spec.initContainers.securityContext{privileged: false}}))}}"}}]}}),
        json!({"apiVersion": api, "kind": "MutatingAdmissionPolicyBinding", "metadata": wide("m-b"),
            "spec": {"policyName": "m"}}),
    ];
    let kinds = [
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
    ];
    let write = |verb: &str, at: usize| rule(&[verb], ADMISSION, &[kinds[at]]);
    let one = || policy("p", refuses);
    let two = || with(one(), policy("q", refuses));
    let enforced = namespace(json!({"pod-security.kubernetes.io/enforce": "baseline"}));
    for (name, grant, objects, baseline, want) in [
        ("the policy", write("delete", 0), one(), false, true),
        ("its binding", write("delete", 1), one(), false, true),
        ("rewritten", write("patch", 0), one(), false, true),
        ("the binding rewritten", write("update", 1), one(), false, true),
        ("read", write("get", 0), one(), false, false),
        ("another name", named(write("delete", 0), "x"), one(), false, false),
        ("its name", named(write("delete", 0), "p"), one(), false, true),
        ("its binding's name", named(write("delete", 1), "p-b"), one(), false, true),
        ("both of two", write("delete", 0), two(), false, true),
        ("one of two", named(write("delete", 0), "p"), two(), false, false),
        ("one that keeps nothing out", write("delete", 0), policy("p", "true"), false, false),
        ("one beside Pod Security", write("delete", 0), one(), true, false),
        ("one that mutates", write("delete", 2), mutates.clone(), false, true),
        ("its binding", write("delete", 3), mutates.clone(), false, true),
        ("the other sort", write("delete", 0), mutates, false, false),
    ] {
        let mut base = holds(true, json!([create, grant]));
        if baseline {
            base[0] = enforced.clone();
        }
        let all = with(base, objects);
        assert_eq!(found(&all).contains("webhook-remove"), want, "{name}");
        let reached = reaches(&all, &["sa/a/s"], "node/*");
        assert!(reached || !want, "{name} leads to the nodes");
    }
}

/// Writes of other objects than pods, and connections: a policy that refuses what the technique
/// needs stops it, one about other operations or other contents does not.
#[test]
fn policies_stop_the_writes_that_techniques_need() {
    let api = "admissionregistration.k8s.io/v1";
    let policy = |group: &str, resource: &str, operation: &str, expression: &str| {
        vec![
            json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": wide("p"),
                "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": [group],
                    "apiVersions": ["v1"], "resources": [resource], "operations": [operation]}]},
                    "validations": [{"expression": expression}]}}),
            json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding",
                "metadata": wide("b"), "spec": {"policyName": "p", "validationActions": ["Deny"]}}),
        ]
    };
    let pods = rule(&["create"], "", &["pods"]);
    let hooks = "mutatingwebhookconfigurations";
    for (id, rules, (group, resource), refuses, passes) in [
        (
            "webhook-mutate",
            json!([rule(&["create"], ADMISSION, &[hooks]), pods]),
            (ADMISSION, hooks),
            "false",
            "object.metadata.name != 'y'",
        ),
        (
            "webhook-validate-read",
            json!([rule(&["create"], ADMISSION, &["validatingwebhookconfigurations"]), pods]),
            (ADMISSION, "validatingwebhookconfigurations"),
            "false",
            "true",
        ),
        (
            "net-external-ip-hijack",
            json!([rule(&["create"], "", &["services"])]),
            ("", "services"),
            "false",
            "!has(object.spec.externalName)",
        ),
        (
            "pv-hostpath-create",
            json!([rule(
                &["create"],
                "",
                &["persistentvolumes", "persistentvolumeclaims", "pods"]
            )]),
            ("", "persistentvolumes"),
            "false",
            "!has(object.spec.nfs)",
        ),
        (
            "secret-token-mint",
            json!([rule(&["create", "get"], "", &["secrets"])]),
            ("", "secrets"),
            "false",
            "object.type != 'other'",
        ),
    ] {
        let with_policy = |operation: &str, expression: &str| {
            let objects = policy(group, resource, operation, expression);
            found(&with(holds(true, rules.clone()), objects)).contains(id)
        };
        assert!(found(&holds(true, rules.clone())).contains(id), "{id}");
        assert!(!with_policy("CREATE", refuses), "{id} is refused");
        assert!(with_policy("UPDATE", refuses), "{id}: another operation");
        assert!(with_policy("CREATE", passes), "{id}: other contents");
    }
    let objects = holds(false, json!([rule(&["create"], "", &["pods/exec"])]));
    assert!(found(&objects).contains("pod-exec"));
    let connects = |resource: &str, expression: &str| {
        let objects = with(objects.clone(), policy("", resource, "CONNECT", expression));
        found(&objects).contains("pod-exec")
    };
    assert!(!connects("pods/exec", "false"));
    assert!(connects("pods/attach", "false"), "another subresource");
    assert!(connects("pods/exec", "object.container != 'x'"), "other contents");
}

#[test]
fn exemptions_are_in_a_file_of_the_server() {
    let id = "admission-exempt-user";
    let base = |label: &str| {
        let mut objects = holds(false, json!([rule(&["create"], "", &["pods"])]));
        objects[0] = namespace(json!({"pod-security.kubernetes.io/enforce": label}));
        objects
    };
    let found = of(id, &base("baseline"));
    assert!(found.len() == 1 && unknown(&found[0]), "{found:?}");
    // No path passes it by default, but whoever assumes the fact sees where it leads.
    assert!(!reaches(&base("baseline"), &["sa/a/s"], "node/*"));
    assert!(reaches(&base("baseline"), &["sa/a/s", &format!("fact/{id}")], "node/*"));
    assert!(of(id, &base("privileged")).is_empty());
    assert!(of(id, &with(base("baseline"), [server(&["--v=2"])])).is_empty());
    let file = server(&["--admission-control-config-file=/etc/x.yaml"]);
    assert_eq!(of(id, &with(base("baseline"), [file])).len(), 1);
}

#[test]
fn the_audit_log_is_blinded_from_the_servers_node() {
    let base = vec![namespace(json!({})), node("n", json!({}))];
    assert!(of("audit-disable", &base).is_empty());
    assert_eq!(of("audit-disable", &with(base, [server(&[])])).len(), 1);
}

#[test]
fn the_collector_deletes_what_has_no_owner() {
    let id = "finalizer-owner-gc";
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("d"),
        "spec": {"accessModes": ["ReadWriteOnce"]}});
    let objects = |verb: &str, resource: &str| {
        with(holds(false, json!([rule(&[verb], "", &[resource])])), [claim.clone()])
    };
    assert_eq!(of(id, &objects("patch", "persistentvolumeclaims")).len(), 1);
    assert!(of(id, &objects("get", "persistentvolumeclaims")).is_empty());
    assert!(of(id, &objects("patch", "persistentvolumeclaims/status")).is_empty());
    let plugin = server(&[
        "--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement",
    ]);
    assert!(of(id, &with(objects("patch", "persistentvolumeclaims"), [plugin])).is_empty());
}

#[test]
fn accounts_of_controllers_are_reached_where_they_exist() {
    // kube-system-sa is no row of its own: the edges are those of the ordinary techniques.
    let rbac = "rbac.authorization.k8s.io";
    let mut objects = holds(false, json!([rule(&["create"], "", &["serviceaccounts/token"])]));
    for object in &mut objects {
        if object["metadata"]["namespace"].is_string() {
            object["metadata"]["namespace"] = json!("kube-system");
        }
    }
    objects[0]["metadata"]["name"] = json!("kube-system");
    objects[7]["subjects"][0]["namespace"] = json!("kube-system");
    let name = "clusterrole-aggregation-controller";
    let role = format!("system:controller:{name}");
    objects.push(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": wide(&role),
        "rules": [rule(&["escalate", "get", "list", "patch", "update", "watch"], rbac, &["clusterroles"])]}));
    objects.push(
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": wide(&role),
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}]}),
    );
    let admin = "impact/cluster-admin";
    assert!(!reaches(&objects, &["sa/kube-system/s"], admin));
    objects.push(json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": "kube-system", "uid": "u", "resourceVersion": "1"}}));
    assert!(reaches(&objects, &["sa/kube-system/s"], admin));
}

/// Whoever adds a container to a pod takes its node where admission lets the container through,
/// and nothing holds the pod in.
#[test]
fn an_ephemeral_container_takes_the_node_that_admission_leaves_open() {
    let patch = || rule(&["patch"], "", &["pods/ephemeralcontainers"]);
    let base = |grant: Value| with(holds(false, json!([grant])), [node("m", json!({}))]);
    let nodes = |objects: &[Value]| -> Vec<(String, Confidence)> {
        let all = of("ephemeral-container", objects).into_iter();
        let nodes = all.filter(|edge| edge.to.starts_with("node/"));
        nodes.map(|edge| (edge.to, edge.confidence)).collect()
    };
    let proven = || vec![("node/n".to_owned(), Confidence::Proven)];
    let open = base(patch());
    assert_eq!(nodes(&open), proven(), "the node of the pod and no other");
    assert!(reaches(&open, &["sa/a/s"], "node/n") && !reaches(&open, &["sa/a/s"], "node/m"));
    assert_eq!(nodes(&base(named(patch(), "p"))), proven());
    assert!(nodes(&base(named(patch(), "q"))).is_empty());
    assert!(nodes(&base(rule(&["patch"], "", &["pods"]))).is_empty());
    assert!(nodes(&base(rule(&["get"], "", &["pods/ephemeralcontainers"]))).is_empty());

    let mut enforced = open.clone();
    enforced[0] = namespace(json!({"pod-security.kubernetes.io/enforce": "baseline"}));
    assert!(nodes(&enforced).is_empty());
    assert!(!of("ephemeral-container", &enforced).is_empty(), "the pod is reached all the same");
    enforced[0] = namespace(json!({"pod-security.kubernetes.io/warn": "baseline"}));
    assert_eq!(nodes(&enforced), proven());

    let api = "admissionregistration.k8s.io/v1";
    let refuses = "object.spec.?ephemeralContainers.orValue([]).all(c, \
        !c.?securityContext.?privileged.orValue(false) \
        && c.?securityContext.?capabilities.?add.orValue([]).size() == 0)";
    let policy = |resource: &str| {
        [
            json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": wide("p"),
                "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": [""],
                    "apiVersions": ["v1"], "resources": [resource], "operations": ["*"]}]},
                    "validations": [{"expression": refuses}]}}),
            json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding",
                "metadata": wide("b"), "spec": {"policyName": "p", "validationActions": ["Deny"]}}),
        ]
    };
    assert!(nodes(&with(open.clone(), policy("pods/ephemeralcontainers"))).is_empty());
    assert_eq!(nodes(&with(open.clone(), policy("pods"))), proven(), "it is not shown the update");

    let hook = |fail: &str| {
        json!({"apiVersion": api, "kind": "ValidatingWebhookConfiguration", "metadata": wide("w"),
            "webhooks": [{"name": "w.example.org", "failurePolicy": fail,
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"],
                    "resources": ["pods/*"]}]}]})
    };
    let doubtful = vec![("node/n".to_owned(), Confidence::UnverifiedControl)];
    assert_eq!(nodes(&with(open.clone(), [hook("Fail")])), doubtful);
    assert_eq!(nodes(&with(open.clone(), [hook("Ignore")])), proven());

    // A user namespace may hold the pod in; a static pod takes no container.
    let mut held = open.clone();
    held[4]["spec"]["hostUsers"] = json!(false);
    assert_eq!(nodes(&held), doubtful);
    let mut sealed = open;
    sealed[4]["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    assert!(nodes(&sealed).is_empty());
}
