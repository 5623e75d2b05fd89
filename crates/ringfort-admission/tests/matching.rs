//! Which controls see a request, and what each of them does.

// Literals of JSON are handed over as they stand.
#![allow(clippy::needless_pass_by_value)]

mod objects;

use ringfort_admission::{Admission, Control, Exemptions, Options, Verdict};
use ringfort_model::Listed;
use ringfort_podsec::EscapeClass;
use serde_json::{Value, json};

use objects::{API, ask, ask_with, binding, cluster, pod, policy, refuses, rules, space, webhook};

#[test]
fn constraints_and_binding_must_both_match() {
    let deny = json!([{"expression": "false"}]);
    let try_it = |constraints: Value, resources: Value| {
        let objects = [
            space("a", json!({"env": "prod"})),
            policy(json!({"matchConstraints": constraints, "validations": deny})),
            binding(json!({"matchResources": resources})),
        ];
        refuses(&ask(&objects, pod(json!({"app": "x"}))))
    };
    let pods = rules(&["pods"], json!({}));
    let on = json!({"resourceRules": pods});
    assert!(try_it(on.clone(), Value::Null));
    for (constraint, want) in [
        (json!({"namespaceSelector": {"matchLabels": {"env": "prod"}}}), true),
        (json!({"namespaceSelector": {"matchLabels": {"env": "test"}}}), false),
        (json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "a"}}}), true),
        (json!({"objectSelector": {"matchLabels": {"app": "x"}}}), true),
        (json!({"objectSelector": {"matchLabels": {"app": "y"}}}), false),
        (json!({"excludeResourceRules": pods}), false),
        (json!({"excludeResourceRules": rules(&["pods"], json!({"resourceNames": ["q"]}))}), true),
        (json!({"resourceRules": rules(&["pods"], json!({"resourceNames": ["q"]}))}), false),
        (json!({"resourceRules": rules(&["pods"], json!({"resourceNames": ["p"]}))}), true),
        (json!({"resourceRules": rules(&["pods/exec"], json!({}))}), false),
        (json!({"resourceRules": rules(&["*"], json!({}))}), true),
        (json!({"resourceRules": rules(&["*/*"], json!({}))}), true),
        (json!({"resourceRules": rules(&["*/status"], json!({}))}), false),
        (json!({"resourceRules": rules(&["pods"], json!({"scope": "Cluster"}))}), false),
        (json!({"resourceRules": rules(&["pods"], json!({"scope": "Namespaced"}))}), true),
        (json!({"resourceRules": rules(&["pods"], json!({"operations": ["UPDATE"]}))}), false),
        (json!({"resourceRules": rules(&["pods"], json!({"apiVersions": ["v2"]}))}), false),
    ] {
        assert_eq!(try_it(on.clone(), constraint.clone()), want, "binding: {constraint}");
        let mut own = constraint;
        if own["resourceRules"].is_null() {
            own["resourceRules"] = pods.clone();
        }
        assert_eq!(try_it(own.clone(), Value::Null), want, "policy: {own}");
    }
}

#[test]
fn only_deny_refuses_and_conditions_and_failures_follow_their_rules() {
    let try_it = |spec: Value, bound: Value| {
        ask(&[space("a", json!({})), policy(spec), binding(bound)], pod(json!({})))
    };
    let deny = json!([{"expression": "false", "message": "no"}]);
    for (actions, refused, warned) in [
        (json!(["Deny"]), true, 0),
        (json!(["Warn"]), false, 1),
        (json!(["Audit"]), false, 0),
        (json!(["Deny", "Audit"]), true, 0),
    ] {
        let decision = try_it(json!({"validations": deny}), json!({"validationActions": actions}));
        assert_eq!(refuses(&decision), refused, "{actions}");
        assert_eq!(decision.warnings.len(), warned, "{actions}");
        assert_eq!(decision.ineffective.len(), usize::from(!refused), "{actions}");
    }
    let broken = json!([{"expression": "object.none.more"}]);
    assert!(refuses(&try_it(json!({"validations": broken}), json!({}))));
    let ignoring = json!({"validations": broken, "failurePolicy": "Ignore"});
    assert!(!refuses(&try_it(ignoring, json!({}))));
    for (conditions, ignored, refused) in [
        (json!([["no", "false"], ["bad", "object.none.more"]]), false, false),
        (json!([["yes", "true"], ["bad", "object.none.more"]]), false, true),
        (json!([["yes", "true"], ["bad", "object.none.more"]]), true, false),
        (json!([["yes", "true"]]), false, true),
    ] {
        let list: Vec<Value> = conditions
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| json!({"name": one[0], "expression": one[1]}))
            .collect();
        let mut spec = json!({"validations": deny, "matchConditions": list});
        if ignored {
            spec["failurePolicy"] = json!("Ignore");
        }
        assert_eq!(refuses(&try_it(spec, json!({}))), refused, "{conditions} {ignored}");
    }
}

#[test]
fn messages_are_the_servers() {
    for (validation, want) in [
        (json!({"expression": "1 == 2"}), "failed expression: 1 == 2"),
        (json!({"expression": "false", "message": "no"}), "no"),
        (json!({"expression": "false", "message": "no", "messageExpression": "'a' + 'b'"}), "ab"),
        (json!({"expression": "false", "message": "no", "messageExpression": "'a\\nb'"}), "no"),
        (json!({"expression": "false", "message": "no", "messageExpression": "object.x"}), "no"),
    ] {
        let objects = [
            space("a", json!({})),
            policy(json!({"validations": [validation]})),
            binding(json!({})),
        ];
        let Verdict::Refused(all) = ask(&objects, pod(json!({}))).verdict else {
            panic!("refused")
        };
        assert_eq!(all[0].reason, want);
    }
}

#[test]
fn parameters_are_found_by_name_or_selector_or_not_at_all() {
    let kind = json!({"apiVersion": "example.com/v1", "kind": "Limit"});
    let definition = |scope: &str| {
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "limits.example.com"}, "spec": {"group": "example.com",
                "names": {"kind": "Limit", "plural": "limits"}, "scope": scope}})
    };
    let limit = |name: &str, namespace: &str, most: i64| {
        json!({"apiVersion": "example.com/v1", "kind": "Limit", "most": most,
            "metadata": {"name": name, "namespace": namespace, "labels": {"l": name}}})
    };
    let given = vec![limit("low", "a", 1), limit("high", "a", 9), limit("other", "b", 0)];
    let check = json!([{"expression": "params.most >= 5"}]);
    let try_it = |reference: Value, scope: &str, parameters: &[Value]| {
        let objects = [
            space("a", json!({})),
            definition(scope),
            policy(json!({"paramKind": kind, "validations": check})),
            binding(json!({"paramRef": reference})),
        ];
        let options = Options { parameters: parameters.to_vec(), ..Options::default() };
        ask_with(&cluster(&objects), pod(json!({})), options)
    };
    for (reference, refused) in [
        (json!({"name": "high"}), false),
        (json!({"name": "low"}), true),
        (json!({"name": "gone", "parameterNotFoundAction": "Allow"}), false),
        (json!({"name": "gone", "parameterNotFoundAction": "Deny"}), true),
        // Of another namespace only where that is named.
        (json!({"name": "other", "parameterNotFoundAction": "Allow"}), false),
        (json!({"name": "other", "namespace": "b"}), true),
        (json!({"selector": {"matchLabels": {"l": "high"}}}), false),
        (json!({"selector": {}}), true),
        (
            json!({"selector": {"matchLabels": {"l": "none"}},
            "parameterNotFoundAction": "Deny"}),
            true,
        ),
        (json!({"name": "high", "selector": {}}), true),
        (json!({}), true),
    ] {
        assert_eq!(
            refuses(&try_it(reference.clone(), "Namespaced", &given)),
            refused,
            "{reference}"
        );
    }
    let wrong = json!({"name": "high", "namespace": "a"});
    assert!(refuses(&try_it(wrong, "Cluster", &given)));
    // Without a reference the policy is asked with null.
    assert!(refuses(&try_it(Value::Null, "Namespaced", &given)));
}

#[test]
fn parameters_of_which_only_names_are_known_decide_what_does_not_need_more() {
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "a"}, "data": {"k": "v"}});
    let try_it = |expression: &str| {
        let kind = json!({"apiVersion": "v1", "kind": "ConfigMap"});
        let checks = json!([{"expression": expression}]);
        let objects = [
            space("a", json!({})),
            config.clone(),
            policy(json!({"paramKind": kind, "validations": checks})),
            binding(json!({"paramRef": {"name": "c"}})),
        ];
        ask(&objects, pod(json!({}))).verdict
    };
    assert_eq!(try_it("params.metadata.name == 'c'"), Verdict::Admitted);
    assert!(matches!(try_it("params.data.k == 'v'"), Verdict::Unknown(_)));
}

#[test]
fn a_webhook_is_unknown_where_it_is_called_and_holds() {
    let try_it = |more: Value| {
        let decision = ask(&[space("a", json!({})), webhook(more)], pod(json!({})));
        match decision.verdict {
            Verdict::Unknown(_) => "unknown",
            Verdict::Admitted if decision.ineffective.is_empty() => "not called",
            Verdict::Admitted => "does not hold",
            Verdict::Refused(_) => "refused",
        }
    };
    for (more, want) in [
        (json!({}), "unknown"),
        (json!({"failurePolicy": "Ignore"}), "does not hold"),
        (json!({"namespaceSelector": {"matchLabels": {"x": "y"}}}), "not called"),
        (json!({"objectSelector": {"matchLabels": {"x": "y"}}}), "not called"),
        (json!({"rules": rules(&["services"], json!({}))}), "not called"),
        (json!({"matchConditions": [{"name": "n", "expression": "false"}]}), "not called"),
        (json!({"matchConditions": [{"name": "n", "expression": "object.none.x"}]}), "refused"),
        (
            json!({"failurePolicy": "Ignore",
            "matchConditions": [{"name": "n", "expression": "object.none.x"}]}),
            "does not hold",
        ),
        // A selector that the server would refuse.
        (
            json!({"objectSelector": {"matchExpressions": [{"key": "k", "operator": "Near"}]}}),
            "unknown",
        ),
    ] {
        assert_eq!(try_it(more.clone()), want, "{more}");
    }
}

#[test]
fn controls_of_admission_are_seen_by_policies_only_as_far_as_the_api_allows() {
    let objects = [
        space("a", json!({})),
        webhook(json!({"rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"],
            "resources": ["*"]}]})),
        policy(json!({"validations": [{"expression": "false"}]})),
        binding(json!({})),
    ];
    let object = |kind: &str| json!({"apiVersion": API, "kind": kind, "metadata": {"name": "n"}});
    for kind in ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] {
        // A policy guards webhooks; no webhook does.
        let Verdict::Refused(all) = ask(&objects, object(kind)).verdict else { panic!("{kind}") };
        assert!(matches!(all[0].control, Control::ValidatingPolicy { .. }));
    }
    for kind in [
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
    ] {
        assert_eq!(ask(&objects, object(kind)).verdict, Verdict::Admitted, "{kind}");
    }
}

#[test]
fn pod_security_refuses_pods_and_knows_its_exemptions() {
    let objects = [space("a", json!({"pod-security.kubernetes.io/enforce": "restricted"}))];
    let cluster = cluster(&objects);
    let ask = |exemptions: Exemptions, object: Value| {
        let options = Options { exemptions, ..Options::default() };
        refuses(&ask_with(&cluster, object, options))
    };
    assert!(ask(Exemptions::default(), pod(json!({}))));
    let exempt = |namespaces: &[&str], usernames: &[&str], classes: &[&str]| {
        let list = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
        Exemptions {
            namespaces: list(namespaces),
            usernames: list(usernames),
            runtime_classes: list(classes),
        }
    };
    assert!(!ask(exempt(&["a"], &[], &[]), pod(json!({}))));
    assert!(!ask(exempt(&[], &["u"], &[]), pod(json!({}))));
    assert!(ask(exempt(&["b"], &["v"], &["sandbox"]), pod(json!({}))));
    let mut sandboxed = pod(json!({}));
    sandboxed["spec"]["runtimeClassName"] = json!("sandbox");
    assert!(!ask(exempt(&[], &[], &["sandbox"]), sandboxed));
    // A template is warned about and not refused.
    let template = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "a"},
        "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    assert!(!ask(Exemptions::default(), template));
}

#[test]
fn what_was_not_listed_may_refuse() {
    let mut cluster = cluster(&[space("a", json!({}))]);
    let resource = "validatingwebhookconfigurations.admissionregistration.k8s.io";
    cluster.coverage.note(resource, Listed::Forbidden("no".into()));
    let decision = ask_with(&cluster, pod(json!({})), Options::default());
    assert!(matches!(&decision.verdict, Verdict::Unknown(all) if all.len() == 1));
    assert_eq!(decision.opaque().count(), 0);
}

#[test]
fn engines_that_only_audit_do_not_hold() {
    let kyverno = |action: &str, kinds: Value| {
        json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "k"},
            "spec": {"validationFailureAction": action, "rules": [{"name": "r",
                "match": {"any": [{"resources": {"kinds": kinds}}]}, "validate": {"pattern": {}}}]}})
    };
    let gatekeeper = |action: &str, excluded: Value| {
        json!({"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "NoRoot",
            "metadata": {"name": "g"}, "spec": {"enforcementAction": action,
                "match": {"excludedNamespaces": excluded}}})
    };
    let kubewarden = |mode: &str| {
        json!({"apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy",
            "metadata": {"name": "priv"}, "spec": {"mode": mode}})
    };
    for (name, object, unknown) in [
        ("validate.kyverno.svc-fail", kyverno("Enforce", json!(["Pod"])), true),
        ("validate.kyverno.svc-fail", kyverno("Audit", json!(["Pod"])), false),
        ("validate.kyverno.svc-fail", kyverno("Enforce", json!(["Service"])), false),
        ("validation.gatekeeper.sh", gatekeeper("deny", json!([])), true),
        ("validation.gatekeeper.sh", gatekeeper("dryrun", json!([])), false),
        ("validation.gatekeeper.sh", gatekeeper("deny", json!(["a*"])), false),
        ("clusterwide-priv.kubewarden.admission", kubewarden("protect"), true),
        ("clusterwide-priv.kubewarden.admission", kubewarden("monitor"), false),
    ] {
        let hook = webhook(json!({"name": name}));
        let decision = ask(&[space("a", json!({})), hook, object.clone()], pod(json!({})));
        let found = matches!(decision.verdict, Verdict::Unknown(_));
        assert_eq!(found, unknown, "{name} {object}");
        assert_eq!(decision.ineffective.len(), usize::from(!unknown), "{name} {object}");
    }
}

#[test]
fn namespaces_that_no_control_tells_apart_share_an_answer() {
    let mut objects: Vec<Value> =
        (0..50).map(|at| space(&format!("n{at}"), json!({"team": format!("t{at}")}))).collect();
    objects.push(space("strict", json!({"pod-security.kubernetes.io/enforce": "baseline"})));
    objects.push(space("checked", json!({"checked": "yes"})));
    objects.push(policy(json!({
        "matchConstraints": {"resourceRules": rules(&["pods"], json!({})),
            "namespaceSelector": {"matchLabels": {"checked": "yes"}}},
        "validations": [{"expression": "!has(object.spec.hostPID)"}]})));
    objects.push(binding(json!({})));
    let cluster = cluster(&objects);
    let admission = Admission::new(&cluster, cluster.version, Options::default());
    let names = cluster.namespace_names();
    let answers = admission.pods(&names);
    let mut distinct: Vec<_> = answers.values().map(std::sync::Arc::as_ptr).collect();
    distinct.sort();
    distinct.dedup();
    assert_eq!((answers.len(), distinct.len()), (52, 3));
    let refused = |namespace: &str| -> Vec<&str> {
        let classes = answers[namespace].classes.iter();
        classes
            .filter(|one| matches!(one.decision.verdict, Verdict::Refused(_)))
            .map(|one| one.class.name())
            .collect()
    };
    assert_eq!(refused("n7"), Vec::<&str>::new());
    assert_eq!(refused("checked"), ["hostPID"]);
    assert_eq!(refused("strict").len(), EscapeClass::ALL.len());
    // Whoever may label the namespace takes it out of the policy's selector.
    let relabelled = answers["checked"].classes.iter().map(|one| &one.relabelled.verdict);
    assert!(relabelled.into_iter().all(|verdict| *verdict == Verdict::Admitted));
}
