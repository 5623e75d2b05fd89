//! What mutating policies and webhooks make of the question (ADM-01): an object is never said to
//! be admitted, or refused, as it was sent where it may become another one.

// Literals of JSON are handed over as they stand.
#![allow(clippy::needless_pass_by_value)]

mod objects;

use ringfort_admission::{
    Admission, ClassAdmission, Control, Decision, Identity, Options, Request, ResourceType, Verdict,
};
use ringfort_model::{KubeVersion, Str};
use ringfort_podsec::EscapeClass;
use serde_json::{Value, json};

use objects::{API, ask, binding, cluster, pod, policy, rules, space, webhook};

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

fn baseline() -> Value {
    space("a", json!({ENFORCE: "baseline"}))
}

/// A mutating policy on new pods, with its binding.
fn mutating(name: &str, more: Value) -> [Value; 2] {
    let mut spec = json!({"matchConstraints": {"resourceRules": rules(&["pods"], json!({}))}});
    for (key, value) in more.as_object().expect("fields") {
        spec[key.as_str()] = value.clone();
    }
    [
        json!({"apiVersion": API, "kind": "MutatingAdmissionPolicy", "metadata": {"name": name},
            "spec": spec}),
        json!({"apiVersion": API, "kind": "MutatingAdmissionPolicyBinding",
            "metadata": {"name": name}, "spec": {"policyName": name}}),
    ]
}

fn apply(expression: &str) -> Value {
    json!({"mutations": [{"patchType": "ApplyConfiguration",
        "applyConfiguration": {"expression": expression}}]})
}

fn patch(expression: &str) -> Value {
    json!({"mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}]})
}

fn with(more: &[[Value; 2]], first: &[Value]) -> Vec<Value> {
    first.iter().cloned().chain(more.iter().flatten().cloned()).collect()
}

/// `admitted`, `refused` or `unknown`, and the first reason.
fn word(decision: &Decision) -> (&'static str, String) {
    match &decision.verdict {
        Verdict::Admitted => ("admitted", String::new()),
        Verdict::Refused(all) => ("refused", all[0].to_string()),
        Verdict::Unknown(all) => ("unknown", all[0].to_string()),
    }
}

fn privileged() -> Value {
    let mut object = pod(json!({}));
    object["spec"]["containers"][0]["securityContext"] = json!({"privileged": true});
    object
}

#[test]
fn the_object_that_a_policy_makes_is_the_one_that_is_judged() {
    let tame = "Object{spec: Object.spec{containers: object.spec.containers.map(c, \
        Object.spec.containers{name: c.name, securityContext: \
        Object.spec.containers.securityContext{privileged: false}})}}";
    let wild = "Object{spec: Object.spec{hostPID: true}}";
    let first = "[JSONPatch{op: 'replace', path: '/spec/containers/0/securityContext', \
        value: Object.spec.containers.securityContext{privileged: false}}]";
    let nowhere = "[JSONPatch{op: 'remove', path: '/spec/none'}]";
    let label = "[JSONPatch{op: 'add', path: '/metadata/labels', value: {'x': 'y'}}]";
    let test = "[JSONPatch{op: 'test', path: '/spec/hostPID', value: true}, \
        JSONPatch{op: 'add', path: '/spec/hostNetwork', value: true}]";
    for (object, mutation, want) in [
        (privileged(), None, "refused"),
        (privileged(), Some(apply(tame)), "admitted"),
        (privileged(), Some(patch(first)), "admitted"),
        (privileged(), Some(patch(label)), "refused"),
        (pod(json!({})), Some(apply(tame)), "admitted"),
        (pod(json!({})), Some(apply(wild)), "refused"),
        // A test that fails leaves the object alone.
        (pod(json!({})), Some(patch(test)), "admitted"),
        // An object takes a field that it did not have; a path to nowhere is an error.
        (pod(json!({})), Some(patch(first)), "admitted"),
        (pod(json!({})), Some(patch(nowhere)), "refused"),
    ] {
        let shown = format!("{mutation:?}");
        let more: Vec<[Value; 2]> = mutation.into_iter().map(|spec| mutating("m", spec)).collect();
        let decision = ask(&with(&more, &[baseline()]), object);
        assert_eq!(word(&decision).0, want, "{shown}: {decision:?}");
    }
}

#[test]
fn a_policy_sees_what_its_own_mutations_and_the_ones_before_wrote() {
    let check = json!({"validations": [
        {"expression": "object.metadata.labels['n'] == '2'", "message": "count"}],
        "matchConstraints": {"resourceRules": rules(&["pods"], json!({}))}});
    let one = |op: &str, value: &str| {
        json!({"patchType": "JSONPatch", "jsonPatch": {"expression": format!(
            "[JSONPatch{{op: '{op}', path: '/metadata/labels/n', value: {value}}}]")}})
    };
    let both = json!({"mutations": [one("add", "'1'"),
        one("replace", "object.metadata.labels['n'] == '1' ? '2' : '0'")]});
    let objects =
        with(&[mutating("m", both)], &[space("a", json!({})), policy(check), binding(json!({}))]);
    assert_eq!(word(&ask(&objects, pod(json!({"a": "b"})))).0, "admitted");
}

#[test]
fn what_is_not_decided_leaves_neither_admission_nor_refusal() {
    let broad = policy(json!({"validations": [{"expression": "object.spec.hostPID == false"}],
        "matchConstraints": {"resourceRules": rules(&["pods"], json!({}))}}));
    let never = policy(json!({"validations": [{"expression": "false"}],
        "matchConstraints": {"resourceRules": rules(&["pods"], json!({}))}}));
    let args = apply("Object{spec: Object.spec{nodeSelector: Object.spec.nodeSelector{a: 'b'}}}");
    let who = apply(
        "Object{spec: Object.spec{hostPID: authorizer.group('').resource('pods')\
        .check('create').allowed()}}",
    );
    for unclear in [args, who] {
        let policies = [mutating("m", unclear)];
        let (verdict, reason) =
            word(&ask(&with(&policies, &[space("a", json!({}))]), pod(json!({}))));
        assert_eq!(verdict, "unknown");
        assert!(reason.contains("MutatingAdmissionPolicy m"), "{reason}");
        // Pod Security refuses it as it is; it may be another one by then.
        let decision = ask(&with(&policies, &[baseline()]), privileged());
        let Verdict::Unknown(all) = &decision.verdict else { panic!("{decision:?}") };
        assert!(all.iter().any(|one| matches!(one.control, Control::PodSecurity(_))));
        // So may what a validation refuses, unless it refuses everything.
        let bound = [space("a", json!({})), broad.clone(), binding(json!({}))];
        assert_eq!(word(&ask(&with(&policies, &bound), pod(json!({})))).0, "unknown");
        let bound = [space("a", json!({})), never.clone(), binding(json!({}))];
        assert_eq!(word(&ask(&with(&policies, &bound), pod(json!({})))).0, "refused");
    }
}

#[test]
fn conditions_and_failures_of_a_mutating_policy() {
    let wild = apply("Object{spec: Object.spec{hostPID: true}}");
    let broken = apply("Object{spec: Object.spec{hostPID: object.none.more}}");
    let when = |spec: &Value, condition: &str| {
        let mut spec = spec.clone();
        spec["matchConditions"] = json!([{"name": "c", "expression": condition}]);
        spec
    };
    let ignoring = |spec: &Value| {
        let mut spec = spec.clone();
        spec["failurePolicy"] = json!("Ignore");
        spec
    };
    let unsure = "authorizer.group('').resource('pods').check('get').allowed()";
    for (spec, want) in [
        (wild.clone(), "refused"),
        (when(&wild, "object.metadata.name == 'q'"), "admitted"),
        (when(&wild, "object.metadata.name == 'p'"), "refused"),
        (when(&wild, unsure), "unknown"),
        // It changes nothing, asked or not.
        (when(&apply("Object{spec: Object.spec{}}"), unsure), "admitted"),
        (broken.clone(), "refused"),
        (ignoring(&broken), "admitted"),
    ] {
        let shown = spec.to_string();
        let decision = ask(&with(&[mutating("m", spec)], &[baseline()]), pod(json!({})));
        assert_eq!(word(&decision).0, want, "{shown}: {decision:?}");
    }
}

/// `mutations` of JSON patches.
fn patches(expressions: &[&str]) -> Value {
    let one = |text: &&str| json!({"patchType": "JSONPatch", "jsonPatch": {"expression": text}});
    json!({"mutations": expressions.iter().map(one).collect::<Vec<_>>()})
}

#[test]
fn a_failure_that_is_ignored_undoes_no_other_mutation() {
    let wild = "[JSONPatch{op: 'add', path: '/spec/hostPID', value: true}]";
    let fails = "[JSONPatch{op: 'remove', path: '/spec/none'}]";
    for order in [[wild, fails], [fails, wild]] {
        let mut spec = patches(&order);
        spec["failurePolicy"] = json!("Ignore");
        let decision = ask(&with(&[mutating("m", spec)], &[baseline()]), pod(json!({})));
        assert_eq!(word(&decision).0, "refused", "{order:?}: {decision:?}");
    }
}

#[test]
fn a_mutation_sees_the_object_with_defaults() {
    let added = "[JSONPatch{op: 'add', path: '/spec/containers/-', \
        value: Object.spec.containers{name: 's', image: 'i'}}]";
    let noted = "[JSONPatch{op: 'add', path: '/metadata/labels/n', \
        value: object.spec.containers[1].imagePullPolicy}]";
    let check = policy(json!({"validations": [
        {"expression": "object.metadata.labels['n'] == 'Always'"}],
        "matchConstraints": {"resourceRules": rules(&["pods"], json!({}))}}));
    let objects = [space("a", json!({})), check, binding(json!({}))];
    let policies = [mutating("m", patches(&[added, noted]))];
    let decision = ask(&with(&policies, &objects), pod(json!({"a": "b"})));
    assert_eq!(word(&decision).0, "admitted", "{decision:?}");
}

#[test]
fn a_failure_on_an_object_that_may_be_another_one_is_no_refusal() {
    let label = |key: &str, value: &str| {
        apply(&format!(
            "Object{{metadata: Object.metadata{{labels: \
             Object.metadata.labels{{{key}: {value}}}}}}}"
        ))
    };
    let who = "authorizer.group('').resource('pods').check('get').allowed() ? 'x' : 'y'";
    // Fails unless the other policy wrote what it reads.
    let reads = label("l", "object.metadata.labels['k']");
    let verdict = |policies: &[[Value; 2]]| {
        word(&ask(&with(policies, &[space("a", json!({}))]), pod(json!({"a": "b"})))).0
    };
    assert_eq!(verdict(&[mutating("n", reads.clone())]), "refused");
    assert_eq!(verdict(&[mutating("m", label("k", who)), mutating("n", reads)]), "unknown");
}

#[test]
fn four_policies_are_tried_in_every_order() {
    let label = |name: &&str| {
        mutating(
            name,
            apply(&format!(
                "Object{{metadata: Object.metadata{{labels: Object.metadata.labels{{{name}: 'x'}}}}}}"
            )),
        )
    };
    let verdict = |names: &[&str]| {
        let policies: Vec<[Value; 2]> = names.iter().map(label).collect();
        let decision = ask(&with(&policies, &[space("a", json!({}))]), pod(json!({"a": "b"})));
        word(&decision).0
    };
    assert_eq!(verdict(&["k", "l", "m", "n"]), "admitted");
    assert_eq!(verdict(&["k", "l", "m", "n", "o"]), "unknown");
}

#[test]
fn an_order_that_matters_is_nowhere_fixed() {
    let set = |value: &str| apply(&format!("Object{{spec: Object.spec{{hostPID: {value}}}}}"));
    let label = |key: &str| {
        apply(&format!(
            "Object{{metadata: Object.metadata{{labels: Object.metadata.labels{{{key}: 'x'}}}}}}"
        ))
    };
    let two = [mutating("m", set("true")), mutating("n", set("false"))];
    let (verdict, reason) = word(&ask(&with(&two, &[baseline()]), pod(json!({}))));
    assert_eq!(verdict, "unknown");
    assert!(reason.contains("order of 2 policies"), "{reason}");
    let apart = [mutating("m", set("true")), mutating("n", label("l"))];
    assert_eq!(word(&ask(&with(&apart, &[baseline()]), pod(json!({"a": "b"})))).0, "refused");
    // One asks for what the other wrote: which comes first decides whether it does anything.
    let mut after = set("true");
    after["matchConditions"] =
        json!([{"name": "c", "expression": "has(object.metadata.labels.l)"}]);
    let chain = [mutating("m", after.clone()), mutating("n", label("l"))];
    assert_eq!(word(&ask(&with(&chain, &[baseline()]), pod(json!({"a": "b"})))).0, "unknown");
    // Asked again after the change, it acts in either order.
    after["reinvocationPolicy"] = json!("IfNeeded");
    let chain = [mutating("m", after), mutating("n", label("l"))];
    assert_eq!(word(&ask(&with(&chain, &[baseline()]), pod(json!({"a": "b"})))).0, "refused");
    // Many policies of which one acts are still decided.
    let mut many: Vec<[Value; 2]> = ["q", "r", "s", "t", "u"]
        .map(|name| mutating(name, apply("Object{spec: Object.spec{}}")))
        .to_vec();
    many.push(mutating("m", set("true")));
    assert_eq!(word(&ask(&with(&many, &[baseline()]), pod(json!({})))).0, "refused");
    many.push(mutating("z", label("l")));
    assert_eq!(word(&ask(&with(&many, &[baseline()]), pod(json!({"a": "b"})))).0, "unknown");
}

#[test]
fn labels_that_a_policy_writes_decide_who_looks() {
    let named = policy(json!({"validations": [{"expression": "false"}],
        "matchConstraints": {"resourceRules": rules(&["pods"], json!({})),
            "objectSelector": {"matchLabels": {"seen": "yes"}}}}));
    let objects = [space("a", json!({})), named, binding(json!({}))];
    assert_eq!(word(&ask(&objects, pod(json!({"a": "b"})))).0, "admitted");
    let writes = "Object{metadata: Object.metadata{labels: Object.metadata.labels{seen: 'yes'}}}";
    let more = [mutating("m", apply(writes))];
    assert_eq!(word(&ask(&with(&more, &objects), pod(json!({"a": "b"})))).0, "refused");
}

#[test]
fn a_mutating_policy_acts_where_it_is_on() {
    let wild = [mutating("m", apply("Object{spec: Object.spec{hostPID: true}}"))];
    let cluster = cluster(&with(&wild, &[baseline()]));
    let at = |minor: u32| {
        let version = Some(KubeVersion::minor(minor));
        let admission = Admission::new(&cluster, version, Options::default());
        let identity = Identity::Any;
        let request = Request::create(ResourceType::pods(), "a", pod(json!({})), identity);
        word(&admission.would_admit(&request)).0
    };
    assert_eq!([at(36), at(34), at(31)], ["refused", "unknown", "admitted"]);
}

fn hook(fail: &str) -> Value {
    let mut hook = webhook(json!({"failurePolicy": fail}));
    hook["kind"] = json!("MutatingWebhookConfiguration");
    hook
}

#[test]
fn a_webhook_may_mend_what_is_refused() {
    for (objects, object, want) in [
        (vec![baseline()], privileged(), "refused"),
        (vec![baseline(), hook("Fail")], privileged(), "unknown"),
        (vec![baseline(), hook("Fail")], pod(json!({})), "unknown"),
        // It may be down, and then changes nothing; it may be up.
        (vec![baseline(), hook("Ignore")], privileged(), "unknown"),
        (vec![baseline(), hook("Ignore")], pod(json!({})), "admitted"),
    ] {
        let decision = ask(&objects, object);
        assert_eq!(word(&decision).0, want, "{objects:?}: {decision:?}");
    }
}

/// What a namespace with these objects answers to pods of a class.
fn class(objects: &[Value], class: EscapeClass) -> (&'static str, String) {
    let cluster = cluster(objects);
    let admission = Admission::new(&cluster, cluster.version, Options::default());
    let name = Str::new("a");
    let answers = admission.pods([&name]);
    let all: &[ClassAdmission] = &answers[&name].classes;
    word(&all.iter().find(|one| one.class == class).expect("every class").decision)
}

#[test]
fn a_class_that_pod_security_refuses_stays_refused_whatever_mutates() {
    for class_of in EscapeClass::ALL {
        assert_eq!(class(&[baseline(), hook("Fail")], class_of).0, "refused");
        assert_eq!(class(&[space("a", json!({})), hook("Fail")], class_of).0, "unknown");
        let args = apply("Object{spec: Object.spec{nodeSelector: Object.spec.nodeSelector{}}}");
        let unclear = with(&[mutating("m", args)], &[baseline()]);
        assert_eq!(class(&unclear, class_of).0, "refused");
    }
}

/// Takes it from all containers of a new pod.
const UNPRIVILEGED: &str = "Object{spec: Object.spec{containers: object.spec.containers.map(c, \
    Object.spec.containers{name: c.name, securityContext: \
    Object.spec.containers.securityContext{privileged: false}}), \
    ?initContainers: object.spec.?initContainers.optMap(all, all.map(c, \
    Object.spec.initContainers{name: c.name, securityContext: \
    Object.spec.initContainers.securityContext{privileged: false}}))}}";

#[test]
fn what_a_policy_leaves_to_another_container_is_admitted() {
    let half = "Object{spec: Object.spec{containers: object.spec.containers.map(c, \
        Object.spec.containers{name: c.name, securityContext: \
        Object.spec.containers.securityContext{privileged: false}})}}";
    let policies = with(&[mutating("m", apply(half))], &[space("a", json!({}))]);
    assert_eq!(class(&policies, EscapeClass::Privileged).0, "admitted");
}

#[test]
fn a_class_that_a_policy_takes_away_is_not_simply_admitted() {
    let taken = [
        (EscapeClass::HostPid, "Object{spec: Object.spec{hostPID: false}}"),
        (EscapeClass::HostIpc, "Object{spec: Object.spec{hostIPC: false}}"),
        (EscapeClass::HostNetwork, "Object{spec: Object.spec{hostNetwork: false}}"),
        (EscapeClass::Privileged, UNPRIVILEGED),
    ];
    for (class_of, expression) in taken {
        let policies = with(&[mutating("m", apply(expression))], &[space("a", json!({}))]);
        let (verdict, reason) = class(&policies, class_of);
        assert_eq!(verdict, "unknown");
        assert!(reason.contains("takes away"), "{reason}");
        for other in EscapeClass::ALL.into_iter().filter(|other| *other != class_of) {
            assert_eq!(class(&policies, other).0, "admitted", "{} {expression}", other.name());
        }
    }
    let volumes = "[JSONPatch{op: 'remove', path: '/spec/volumes'}]";
    let mut spec = patch(volumes);
    spec["matchConditions"] = json!([{"name": "c", "expression": "has(object.spec.volumes)"}]);
    let policies = with(&[mutating("m", spec)], &[space("a", json!({}))]);
    assert!(class(&policies, EscapeClass::HostPath).1.contains("takes away"));
    assert_eq!(class(&policies, EscapeClass::Capability).0, "admitted");
    // From one list, then from both.
    let dropped = |list: &str| {
        let path = format!("/spec/{list}/0/securityContext/capabilities/add");
        let held = format!("object.spec.{list}[0].securityContext.capabilities.add");
        let mut spec = patch(&format!("[JSONPatch{{op: 'remove', path: '{path}'}}]"));
        let expression = format!("has(object.spec.{list}) && has({held})");
        spec["matchConditions"] = json!([{"name": "c", "expression": expression}]);
        mutating(&list.to_lowercase(), spec)
    };
    let one = with(&[dropped("containers")], &[space("a", json!({}))]);
    assert_eq!(class(&one, EscapeClass::Capability).0, "admitted");
    let both = with(&[dropped("containers"), dropped("initContainers")], &[space("a", json!({}))]);
    assert!(class(&both, EscapeClass::Capability).1.contains("takes away"));
}

#[test]
fn a_policy_that_says_where_pods_run_leaves_their_place_open() {
    for (field, value) in [
        ("nodeName", "'n'"),
        ("nodeSelector", "{'pool': 'a'}"),
        ("affinity", "Object.spec.affinity{}"),
        ("tolerations", "[Object.spec.tolerations{operator: 'Exists'}]"),
        ("schedulerName", "'mine'"),
    ] {
        let write = format!("[JSONPatch{{op: 'add', path: '/spec/{field}', value: {value}}}]");
        let policies = with(&[mutating("m", patch(&write))], &[space("a", json!({}))]);
        let (verdict, reason) = class(&policies, EscapeClass::Privileged);
        assert_eq!(verdict, "unknown", "{field}");
        assert!(reason.contains("where the pod may run"), "{field}: {reason}");
    }
    let other = "[JSONPatch{op: 'add', path: '/spec/priority', value: 1}]";
    let policies = with(&[mutating("m", patch(other))], &[space("a", json!({}))]);
    assert_eq!(class(&policies, EscapeClass::Privileged).0, "admitted");
}

#[test]
fn every_capability_is_the_one_that_a_policy_takes_away() {
    let write = |list: &str, names: &str| {
        let path = format!("/spec/{list}/0/securityContext/capabilities/add");
        let held = format!("object.spec.{list}[0].securityContext.capabilities.add");
        let write = format!("[JSONPatch{{op: 'replace', path: '{path}', value: [{names}]}}]");
        let mut spec = patch(&write);
        let expression = format!("has(object.spec.{list}) && has({held})");
        spec["matchConditions"] = json!([{"name": "c", "expression": expression}]);
        mutating(&list.to_lowercase(), spec)
    };
    let set = |names: &str| {
        let both = [write("containers", names), write("initContainers", names)];
        class(&with(&both, &[space("a", json!({}))]), EscapeClass::Capability).0
    };
    assert_eq!(set("'ALL'"), "admitted");
    assert_eq!(set("'CHOWN', 'SYS_ADMIN'"), "admitted");
    assert_eq!(set("'CHOWN'"), "unknown");
}

#[test]
fn a_mutation_that_does_not_parse_is_a_problem_with_its_field() {
    for (spec, field, reason) in [
        (apply("Object{"), "spec.mutations[0].applyConfiguration.expression", "does not parse"),
        (
            apply("Object{spec: Object.status{}}"),
            "spec.mutations[0].applyConfiguration.expression",
            "Object.status",
        ),
        (
            patch("[JSONPatch{operation: 'add'}]"),
            "spec.mutations[0].jsonPatch.expression",
            "JSONPatch",
        ),
        (
            json!({"mutations": [{"patchType": "Strategic"}]}),
            "spec.mutations[0].applyConfiguration.expression",
            "Strategic",
        ),
    ] {
        let cluster = cluster(&with(&[mutating("m", spec)], &[space("a", json!({}))]));
        let admission = Admission::new(&cluster, cluster.version, Options::default());
        let [problem] = admission.problems() else { panic!("one problem") };
        assert_eq!(problem.object, "MutatingAdmissionPolicy m");
        assert_eq!(problem.field, field);
        assert!(problem.reason.contains(reason), "{problem}");
        let request = Request::create(ResourceType::pods(), "a", pod(json!({})), Identity::Any);
        assert_eq!(word(&admission.would_admit(&request)).0, "unknown");
    }
}
