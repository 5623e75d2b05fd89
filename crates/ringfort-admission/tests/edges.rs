//! Rules of matching, versions and exempted kinds that the cases of `matching` do not meet
//! (semantics ADM-02 to ADM-05), each with what looks like it.

// Literals of JSON are handed over as they stand.
#![allow(clippy::needless_pass_by_value)]

mod objects;

use ringfort_admission::{
    Admission, Decision, Identity, Operation, Options, Request, ResourceType, Verdict,
};
use ringfort_model::KubeVersion;
use serde_json::{Value, json};

use objects::{API, ask, binding, cluster, pod, policy, refuses, rules, space, webhook};

fn resource(
    group: &str,
    version: &str,
    plural: &str,
    kind: &str,
    namespaced: bool,
) -> ResourceType {
    let text = str::to_owned;
    ResourceType {
        group: text(group),
        version: text(version),
        resource: text(plural),
        kind: text(kind),
        namespaced,
    }
}

fn somebody() -> Identity {
    Identity::User { name: "u".to_owned(), groups: Vec::new() }
}

fn decide(objects: &[Value], request: &Request) -> Decision {
    let cluster = cluster(objects);
    Admission::new(&cluster, cluster.version, Options::default()).would_admit(request)
}

/// What a webhook does that refuses whatever it is called for: its condition fails.
fn called(more: Value, request: &Request) -> &'static str {
    let mut more = more;
    more["matchConditions"] = json!([{"name": "n", "expression": "object.none.x"}]);
    match decide(&[space("a", json!({"env": "prod"})), webhook(more)], request).verdict {
        Verdict::Refused(_) => "called",
        Verdict::Unknown(_) => "unknown",
        Verdict::Admitted => "not called",
    }
}

fn create(resource: ResourceType) -> Request {
    let api = match resource.group.as_str() {
        "" => resource.version.clone(),
        group => format!("{group}/{}", resource.version),
    };
    let object = json!({"apiVersion": api, "kind": resource.kind, "metadata": {"name": "o"}});
    let namespace = if resource.namespaced { "a" } else { "" };
    Request::create(resource, namespace, object, somebody())
}

fn rule(group: &str, version: &str, plural: &str) -> Value {
    json!([{"apiGroups": [group], "apiVersions": [version], "operations": ["CREATE"],
        "resources": [plural]}])
}

fn every_rule() -> Value {
    json!([{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}])
}

#[test]
fn a_rule_for_another_version_of_the_same_resource_matches_unless_exact() {
    let scalers = "horizontalpodautoscalers";
    for (own, other) in [
        (["autoscaling", "v1", scalers], ["autoscaling", "v2", scalers]),
        (["autoscaling", "v2", scalers], ["autoscaling", "v1", scalers]),
        (["", "v1", "events"], ["events.k8s.io", "v1", "events"]),
        (["events.k8s.io", "v1", "events"], ["", "v1", "events"]),
    ] {
        let request = create(resource(own[0], own[1], own[2], "K", true));
        let named = |policy: Value, of: [&str; 3]| {
            let rules = rule(of[0], of[1], of[2]);
            called(json!({"rules": rules, "matchPolicy": policy}), &request)
        };
        assert_eq!(named(Value::Null, other), "called", "{own:?} {other:?}");
        assert_eq!(named(json!("Equivalent"), other), "called", "{own:?} {other:?}");
        assert_eq!(named(json!("Exact"), other), "not called", "{own:?} {other:?}");
        assert_eq!(named(json!("Exact"), own), "called", "{own:?}");
        // A version that is not served matches nothing.
        assert_eq!(named(Value::Null, [own[0], "v9", own[2]]), "not called", "{own:?}");
    }
}

#[test]
fn groups_of_one_version_have_no_other() {
    for group in [
        "",
        "apps",
        "batch",
        "policy",
        "rbac.authorization.k8s.io",
        "discovery.k8s.io",
        "node.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "scheduling.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
    ] {
        let request = create(resource(group, "v1", "things", "Thing", true));
        let of = |version: &str| called(json!({"rules": rule(group, version, "things")}), &request);
        assert_eq!((of("v1"), of("v1beta1")), ("called", "not called"), "{group}");
    }
    // Which versions of a resource that somebody defined are served is not known.
    let request = create(resource("example.com", "v1", "things", "Thing", true));
    let of = |version: &str, policy: Value| {
        let rules = rule("example.com", version, "things");
        called(json!({"rules": rules, "matchPolicy": policy}), &request)
    };
    assert_eq!(of("v1", Value::Null), "called");
    assert_eq!(of("v1beta1", Value::Null), "unknown");
    assert_eq!(of("v1beta1", json!("Exact")), "not called");
}

#[test]
fn stars_and_subresources() {
    let star = |field: &str| {
        let mut rules = rule("", "v1", "pods");
        rules[0][field] = json!(["*"]);
        called(json!({"rules": rules}), &create(ResourceType::pods()))
    };
    for field in ["operations", "apiGroups", "apiVersions", "resources"] {
        assert_eq!(star(field), "called", "{field}");
    }
    let exec = Request {
        subresource: "exec".to_owned(),
        operation: Operation::Connect,
        ..create(ResourceType::pods())
    };
    for (pattern, want) in [
        ("*", "not called"),
        ("pods", "not called"),
        ("*/*", "called"),
        ("pods/*", "called"),
        ("*/exec", "called"),
        ("pods/exec", "called"),
        ("pods/log", "not called"),
        ("nodes/*", "not called"),
    ] {
        let rules = json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CONNECT"],
            "resources": [pattern]}]);
        assert_eq!(called(json!({"rules": rules}), &exec), want, "{pattern}");
    }
}

/// The namespace of a request for a Namespace is its own name, and its scope is the cluster
/// (predicates/rules `scope`, predicates/namespace `MatchNamespaceSelector`).
#[test]
fn a_namespace_is_of_the_cluster_and_judged_by_its_own_labels() {
    let namespaces = resource("", "v1", "namespaces", "Namespace", false);
    let made = |name: &str, labels: Value| {
        let object = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": labels}});
        Request::create(namespaces.clone(), "", object, somebody())
    };
    let scope = |scope: &str, request: &Request| {
        let mut rules = every_rule();
        rules[0]["scope"] = json!(scope);
        called(json!({"rules": rules}), request)
    };
    let pod = create(ResourceType::pods());
    let role = create(resource("rbac.authorization.k8s.io", "v1", "clusterroles", "R", false));
    for (request, cluster) in [(&made("new", json!({})), true), (&role, true), (&pod, false)] {
        let word = |holds: bool| if holds { "called" } else { "not called" };
        let kind = &request.resource.kind;
        assert_eq!(scope("Cluster", request), word(cluster), "{kind}");
        assert_eq!(scope("Namespaced", request), word(!cluster), "{kind}");
        assert_eq!(scope("*", request), "called", "{kind}");
    }
    let selecting = |request: &Request| {
        let selector = json!({"matchLabels": {"env": "prod"}});
        called(json!({"rules": every_rule(), "namespaceSelector": selector}), request)
    };
    // `a` is stored with the label: what the request says counts.
    assert_eq!(selecting(&made("a", json!({"env": "test"}))), "not called");
    assert_eq!(selecting(&made("new", json!({"env": "prod"}))), "called");
    assert_eq!(selecting(&role), "called");
    assert_eq!(selecting(&pod), "called");
}

#[test]
fn an_object_is_selected_as_it_was_or_as_it_becomes() {
    let update = |old: Value, new: Value| {
        Request::update(ResourceType::pods(), "a", pod(old), pod(new), somebody())
    };
    let mut rules = rule("", "v1", "pods");
    rules[0]["operations"] = json!(["UPDATE"]);
    let more = json!({"rules": rules, "objectSelector": {"matchLabels": {"app": "x"}}});
    for (old, new, want) in [
        (json!({"app": "x"}), json!({}), "called"),
        (json!({}), json!({"app": "x"}), "called"),
        (json!({}), json!({}), "not called"),
    ] {
        assert_eq!(called(more.clone(), &update(old, new)), want);
    }
}

/// Validating policies are on from 1.30 and exist from 1.26, mutating ones are on from 1.36 and
/// exist from 1.32 (`pkg/features/kube_features.go`).
#[test]
fn policies_are_on_from_their_versions() {
    let validating = [
        space("a", json!({})),
        policy(json!({"validations": [{"expression": "false"}]})),
        binding(json!({})),
    ];
    // Its condition fails, so that it refuses where it is on.
    let failing = json!([{"name": "bad", "expression": "object.none.x"}]);
    let mutating = [
        space("a", json!({})),
        json!({"apiVersion": API, "kind": "MutatingAdmissionPolicy", "metadata": {"name": "m"},
            "spec": {"matchConstraints": {"resourceRules": rules(&["pods"], json!({}))},
                "matchConditions": failing}}),
        json!({"apiVersion": API, "kind": "MutatingAdmissionPolicyBinding",
            "metadata": {"name": "m"}, "spec": {"policyName": "m"}}),
    ];
    for minor in 1..=40 {
        let word = |objects: &[Value]| {
            let cluster = cluster(objects);
            let version = Some(KubeVersion::minor(minor));
            let admission = Admission::new(&cluster, version, Options::default());
            let request = Request::create(ResourceType::pods(), "a", pod(json!({})), somebody());
            match admission.would_admit(&request).verdict {
                Verdict::Refused(_) => "refused".to_owned(),
                Verdict::Admitted => "admitted".to_owned(),
                Verdict::Unknown(all) => all[0].reason.clone(),
            }
        };
        for (objects, on, exists) in [(&validating, 30, 26), (&mutating, 36, 32)] {
            let want = match minor {
                minor if minor >= on => "refused",
                minor if minor >= exists => "policies may be off on this server",
                _ => "admitted",
            };
            assert_eq!(word(objects), want, "1.{minor}, on from 1.{on}");
        }
    }
}

#[test]
fn no_webhook_sees_what_configures_admission() {
    for plural in [
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
        "mutatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "validatingwebhookconfigurations",
    ] {
        let of = |group: &str| {
            let request = create(resource(group, "v1", plural, "K", false));
            called(json!({"rules": rule(group, "v1", plural)}), &request)
        };
        assert_eq!(of("admissionregistration.k8s.io"), "not called", "{plural}");
        assert_eq!(of("example.com"), "called", "{plural}");
    }
}

#[test]
fn no_policy_sees_reviews() {
    let refused = |group: &str, plural: &str| {
        let objects = [
            space("a", json!({})),
            policy(json!({"validations": [{"expression": "false"}]})),
            binding(json!({})),
        ];
        refuses(&decide(&objects, &create(resource(group, "v1", plural, "K", false))))
    };
    for (group, plural) in [
        ("authentication.k8s.io", "selfsubjectreviews"),
        ("authentication.k8s.io", "tokenreviews"),
        ("authorization.k8s.io", "localsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectrulesreviews"),
        ("authorization.k8s.io", "subjectaccessreviews"),
    ] {
        assert!(!refused(group, plural), "{group} {plural}");
        assert!(refused("example.com", plural), "{plural}");
    }
    assert!(refused("authorization.k8s.io", "tokenreviews"));
}

/// The message is trimmed before its length counts (validating/validator.go).
#[test]
fn a_message_may_have_five_kibibytes() {
    let reason = |length: usize, around: &str| {
        let text = format!("'{around}{}{around}'", "m".repeat(length));
        let check = json!({"expression": "false", "message": "no", "messageExpression": text});
        let objects =
            [space("a", json!({})), policy(json!({"validations": [check]})), binding(json!({}))];
        match ask(&objects, pod(json!({}))).verdict {
            Verdict::Refused(all) => all[0].reason.len(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(reason(5 * 1024, ""), 5 * 1024);
    assert_eq!(reason(5 * 1024, "   "), 5 * 1024);
    assert_eq!(reason(5 * 1024 + 1, ""), "no".len());
}

#[test]
fn a_condition_that_is_false_decides_after_one_that_failed_too() {
    let conditions = json!([{"name": "bad", "expression": "object.none.x"},
        {"name": "no", "expression": "false"}]);
    let check = json!({"validations": [{"expression": "false"}], "matchConditions": conditions});
    let objects = [space("a", json!({})), policy(check), binding(json!({}))];
    assert!(!refuses(&ask(&objects, pod(json!({})))));
    let hook = webhook(json!({"matchConditions": conditions}));
    assert!(!refuses(&ask(&[space("a", json!({})), hook], pod(json!({})))));
}

#[test]
fn a_mutating_webhook_may_change_or_refuse() {
    let mut hook = webhook(json!({}));
    hook["kind"] = json!("MutatingWebhookConfiguration");
    let decision = ask(&[space("a", json!({})), hook], pod(json!({})));
    let Verdict::Unknown(all) = decision.verdict else { panic!("unknown") };
    assert_eq!(all[0].reason, "may change or refuse the object");
}

/// pod-security-admission `admission.go`, isSignificantPodUpdate and ignoredPodSubresources.
#[test]
fn pod_security_looks_at_updates_of_weight() {
    let objects = [space("a", json!({"pod-security.kubernetes.io/enforce": "baseline"}))];
    let bad = |image: &str, label: &str| {
        let mut object = pod(json!({"l": label}));
        object["spec"]["hostNetwork"] = json!(true);
        object["spec"]["containers"][0]["image"] = json!(image);
        object
    };
    let update =
        |new: Value| Request::update(ResourceType::pods(), "a", bad("i", "x"), new, somebody());
    assert!(!refuses(&decide(&objects, &update(bad("i", "y")))));
    assert!(refuses(&decide(&objects, &update(bad("j", "x")))));
    let on = |subresource: &str| {
        let request = update(bad("j", "x"));
        let request = Request { subresource: subresource.to_owned(), ..request };
        refuses(&decide(&objects, &request))
    };
    assert!(on("") && on("ephemeralcontainers") && on("resize"));
    assert!(!on("status") && !on("exec"));
}
