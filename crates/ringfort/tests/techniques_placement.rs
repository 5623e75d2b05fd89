//! Where pods can be placed: by whoever makes them, and beside whom they may come.

#![allow(clippy::needless_pass_by_value)]

mod fixture;

use std::collections::BTreeSet;

use fixture::{account, holds, node, of, reaches, rule, server, wide, with};
use ringfort_attack::Confidence;
use serde_json::{Value, json};

fn tainted(name: &str, effect: &str) -> Value {
    let mut node = node(name, json!({}));
    node["spec"] = json!({"taints": [{"key": "pool", "value": "own", "effect": effect}]});
    node
}

/// A policy on new pods, bound everywhere.
fn policy(expressions: &[&str]) -> Vec<Value> {
    let api = "admissionregistration.k8s.io/v1";
    let validations: Vec<Value> =
        expressions.iter().map(|one| json!({"expression": one})).collect();
    vec![
        json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": wide("p"),
            "spec": {"failurePolicy": "Fail", "validations": validations,
                "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
                    "operations": ["CREATE"], "resources": ["pods"]}]}}}),
        json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": wide("b"),
            "spec": {"policyName": "p", "validationActions": ["Deny"]}}),
    ]
}

const NO_NAME: &str = "!has(object.spec.nodeName) || object.spec.nodeName == ''";
const NO_TOLERATION: &str = "!has(object.spec.tolerations) || \
    object.spec.tolerations.all(t, has(t.key) && t.key != 'pool')";

/// The nodes that whoever makes pods takes.
fn taken(more: Vec<Value>) -> BTreeSet<String> {
    let objects = with(
        holds(false, json!([rule(&["create"], "", &["pods"])])),
        [tainted("soft", "NoSchedule"), tainted("hard", "NoExecute")].into_iter().chain(more),
    );
    let at = |name: &&&str| reaches(&objects, &["sa/a/s"], &format!("node/{name}"));
    ["n", "soft", "hard"].iter().filter(at).map(|name| (*name).to_owned()).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn taints_keep_off_only_what_admission_refuses() {
    assert_eq!(taken(vec![]), names(&["n", "soft", "hard"]));
    assert_eq!(taken(policy(&[NO_NAME])), names(&["n", "soft", "hard"]));
    assert_eq!(taken(policy(&[NO_TOLERATION])), names(&["n", "soft"]));
    assert_eq!(taken(policy(&[NO_NAME, NO_TOLERATION])), names(&["n"]));
    let one = "!has(object.spec.nodeName) || object.spec.nodeName in ['', 'soft']";
    assert_eq!(taken(policy(&[one, NO_TOLERATION])), names(&["n", "soft"]));
    let other = "!has(object.spec.nodeName) || object.spec.nodeName in ['', 'hard']";
    assert_eq!(taken(policy(&[other, NO_TOLERATION])), names(&["n"]), "kubelet refuses NoExecute");
}

#[test]
fn a_plug_in_that_narrows_leaves_the_nodes_unverified() {
    let confidence = |plugin: &str| {
        let objects = with(
            holds(false, json!([rule(&["create"], "", &["pods"])])),
            [tainted("hard", "NoExecute"), server(&[plugin])],
        );
        let found = of("pod-create-privileged", &objects);
        found.into_iter().map(|edge| edge.confidence).collect::<BTreeSet<_>>()
    };
    let both: BTreeSet<_> = [Confidence::Proven, Confidence::UnverifiedControl].into();
    let on = "--enable-admission-plugins=NodeRestriction,";
    let sure: BTreeSet<_> = [Confidence::Proven].into();
    assert_eq!(confidence("--enable-admission-plugins=NodeRestriction"), sure);
    assert_eq!(confidence(&format!("{on}PodTolerationRestriction")), both);
    let only: BTreeSet<_> = [Confidence::UnverifiedControl].into();
    assert_eq!(confidence(&format!("{on}PodNodeSelector")), only);
}

#[test]
fn a_held_node_waits_for_what_can_be_placed_there() {
    let deployment = |spec: Value| {
        let mut spec = spec;
        spec["serviceAccountName"] = json!("w");
        spec["containers"] = json!([{"name": "c", "image": "x@sha256:0"}]);
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": fixture::meta("d"),
            "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": spec}}})
    };
    let objects = |spec: Value| {
        let base = holds(false, json!([]));
        with(base, [account("w"), tainted("soft", "NoSchedule"), deployment(spec)])
    };
    let waits = |spec: Value, node: &str, assumed: bool| {
        let from = [node, "fact/node-schedule-wait"];
        reaches(&objects(spec), if assumed { &from } else { &from[..1] }, "sa/a/w")
    };
    let plain = || json!({});
    assert!(waits(plain(), "node/n", true));
    assert!(!waits(plain(), "node/n", false), "it is latent");
    assert!(!waits(plain(), "node/soft", true), "the taint keeps it off");
    let tolerates = json!({"tolerations": [{"operator": "Exists"}]});
    assert!(waits(tolerates, "node/soft", true));
    // The node gives itself the label, unless that is kept from nodes.
    assert!(waits(json!({"nodeSelector": {"pool": "x"}}), "node/n", true));
    let kept = json!({"nodeSelector": {"node-restriction.kubernetes.io/pool": "x"}});
    assert!(!waits(kept, "node/n", true));
    assert!(!waits(json!({"nodeSelector": {"node-role.kubernetes.io/x": ""}}), "node/n", true));
    assert!(!waits(json!({"automountServiceAccountToken": false}), "node/n", true), "no token");
}
