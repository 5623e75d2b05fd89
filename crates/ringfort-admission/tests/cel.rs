//! The language: what is decided, what is an error of the server's, and what is unknown.

// Literals of JSON are handed over as they stand.
#![allow(clippy::needless_pass_by_value)]

use std::collections::BTreeSet;

use ringfort_admission::{
    Admission, Control, Decision, Identity, Options, Request, ResourceType, Verdict,
};
use ringfort_model::{Cluster, ClusterBuilder, KubeVersion, Object, SourceKind};
use serde_json::{Value, json};

fn cluster(objects: &[Value]) -> Cluster {
    let mut builder = ClusterBuilder::new(SourceKind::Dump);
    builder.version(Some(KubeVersion::minor(36)), "v1.36.0");
    builder.coverage().rest_is_complete = true;
    for object in objects {
        builder.add(Object::read(object.to_string().as_bytes()).expect("an object"));
    }
    builder.freeze()
}

/// The decision of one validation about an object with this `spec`.
fn decide(expression: &str, spec: Value) -> Decision {
    let api = "admissionregistration.k8s.io/v1";
    let policy = json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "p"}, "spec": {
            "variables": [{"name": "list", "expression": "object.spec.list"},
                {"name": "broken", "expression": "object.spec.absent"}],
            "validations": [{"expression": expression}]}});
    let binding = json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "b"}, "spec": {"policyName": "p", "validationActions": ["Deny"]}});
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a",
        "labels": {"team": "x"}}});
    let cluster = cluster(&[policy, binding, space]);
    let admission = Admission::new(&cluster, cluster.version, Options::default());
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "a"}, "spec": spec});
    let resource = ResourceType::of("v1", "ConfigMap", &cluster).expect("built in");
    admission.would_admit(&Request::create(resource, "a", object, Identity::Any))
}

fn name(expression: &str) -> &'static str {
    let spec = json!({"list": [{"a": 1}, {"b": 2}], "text": "abc", "number": 5, "real": 0.5,
        "none": null, "map": {"x.y": true}});
    match decide(expression, spec).verdict {
        Verdict::Admitted => "true",
        Verdict::Refused(all) if all[0].reason.contains("results in error") => "error",
        Verdict::Refused(_) => "false",
        Verdict::Unknown(_) => "unknown",
    }
}

#[test]
fn expressions_have_the_value_that_the_server_gives_them() {
    for (expression, want) in [
        ("object.spec.number == 5 && object.spec.real == 0.5", "true"),
        ("object.spec.number < 5.5 && object.spec.number == 5.0", "true"),
        ("object.spec.number + 1 == 6", "true"),
        ("object.spec.number + 1.0 == 6.0", "error"),
        ("object.spec.text == 5", "false"),
        ("object.spec.text < 5", "error"),
        ("object.spec.map['x.y']", "true"),
        ("'x.y' in object.spec.map && !('z' in object.spec.map)", "true"),
        ("has(object.spec.absent)", "false"),
        ("object.spec.absent == 1", "error"),
        // A field of what has no fields is an error, and asking for it is not.
        ("object.spec.text.more == false", "error"),
        ("has(object.spec.text.more)", "false"),
        ("has(object.spec.none.more)", "false"),
        // An error is absorbed where the other side decides.
        ("object.spec.absent == 1 || true", "true"),
        ("object.spec.absent == 1 && false", "false"),
        ("object.spec.absent == 1 || false", "error"),
        ("object.spec.list.exists(x, x.b == 2)", "true"),
        ("object.spec.list.exists(x, x.c == 2)", "error"),
        ("!object.spec.list.all(x, x.b == 1)", "true"),
        ("object.spec.list.exists_one(x, has(x.a))", "true"),
        ("object.spec.list.map(x, size(x)) == [1, 1]", "true"),
        ("object.spec.list.filter(x, has(x.a)).size() == 1", "true"),
        ("variables.list.size() == 2 && has(variables.list)", "true"),
        ("variables.broken == 1", "error"),
        ("variables.broken == 1 || true", "true"),
        ("object.spec.?absent.orValue(3) == 3", "true"),
        ("object.spec.?number.orValue(3) == 5", "true"),
        ("object.?spec.?absent.?deep.hasValue()", "false"),
        ("object.spec.list[?7].hasValue()", "false"),
        ("object.spec.list[7].a == 1", "error"),
        ("type(object.spec.text) == string && type(1) == int", "true"),
        ("string(object.spec.real) == '0.5' && int('7') == 7", "true"),
        ("int('x') == 7", "error"),
        ("object.spec.text.matches('^[a-c]+$')", "true"),
        ("'e\u{301}'.size() == 2 && 'ABC'.lowerAscii() == 'abc'", "true"),
        ("quantity('1Gi').compareTo(quantity('1024Mi')) == 0", "true"),
        ("quantity('x').isInteger()", "error"),
        ("sets.contains([1, 2], [1]) && isIP('10.0.0.1')", "true"),
        ("'a,b'.split(',') == ['a', 'b']", "true"),
        ("semver('1.2.3').major() == 1", "true"),
        ("1 / 0 == 1", "error"),
        ("namespaceObject.metadata.labels.team == 'x'", "true"),
        ("request.operation == 'CREATE' && request.kind.kind == 'ConfigMap'", "true"),
        ("has(request.namespace) && request.namespace == 'a'", "true"),
        ("oldObject == null && params == null", "true"),
        // What is no optional is handed on.
        ("object.spec.text.orValue('x') == 'abc'", "true"),
        ("object.spec.number.or(object.spec.text) == 5", "true"),
        // Functions of lists, and of texts, take nothing else.
        ("object.spec.text.max() == 'abc'", "error"),
        ("object.spec.none.min() == object.spec.none", "error"),
        ("dyn([]).join(dyn([1])) == ''", "error"),
        ("5", "false"),
    ] {
        assert_eq!(name(expression), want, "{expression}");
    }
}

#[test]
fn what_is_not_known_is_unknown_unless_it_does_not_matter() {
    for (expression, want) in [
        ("authorizer.group('').resource('pods').check('create').allowed()", "unknown"),
        ("authorizer.group('').resource('pods').check('create').allowed() || true", "true"),
        ("authorizer.requestResource.check('x').allowed() && false", "false"),
        ("request.userInfo.username == 'admin'", "unknown"),
        ("request.userInfo.username == 'admin' || object.spec.number == 5", "true"),
        ("object.spec.number == 4 && request.userInfo.username == 'admin'", "false"),
        ("namespaceObject.metadata.annotations.x == 'y'", "unknown"),
        ("request.dryRun", "unknown"),
        ("timestamp(1) == timestamp(1)", "unknown"),
        ("{object.spec.none: 1} == object.spec.map", "unknown"),
        ("dyn(1)[?object.spec.real] == optional.none()", "unknown"),
        ("url('https://a.b') == dyn([1])", "unknown"),
        ("[1].transformList(i, v, v) == [1]", "unknown"),
        (r"object.spec.text.matches('\\Qa\\E')", "unknown"),
        // An unknown wins over an error: it might have absorbed it.
        ("request.dryRun || object.spec.absent", "unknown"),
    ] {
        assert_eq!(name(expression), want, "{expression}");
    }
}

#[test]
fn an_evaluation_that_may_cost_too_much_is_unknown() {
    let many: Vec<u32> = (0..700).collect();
    let costly = "object.spec.list.all(a, object.spec.list.all(b, a + b >= 0))";
    let decision = decide(costly, json!({"list": many}));
    let Verdict::Unknown(findings) = decision.verdict else { panic!("{decision:?}") };
    assert!(findings[0].reason.contains("cost budget"), "{findings:?}");
    assert_eq!(decide(costly, json!({"list": [1, 2, 3]})).verdict, Verdict::Admitted);
}

#[test]
fn bad_expressions_name_object_and_field_and_leave_the_rest() {
    let api = "admissionregistration.k8s.io/v1";
    let policy = |name: &str, expression: &str| {
        json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name},
            "spec": {"validations": [{"expression": "true"}, {"expression": expression}]}})
    };
    let binding = |name: &str| {
        json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": ["Deny"]}})
    };
    let objects = [
        policy("syntax", "object.spec ="),
        policy("variable", "variables.none"),
        policy("function", "object.frobnicate()"),
        policy("good", "object.metadata.name != 'c'"),
        binding("syntax"),
        binding("variable"),
        binding("function"),
    ];
    let cluster_without = cluster(&objects);
    let admission = Admission::new(&cluster_without, cluster_without.version, Options::default());
    let found: BTreeSet<String> =
        admission.problems().iter().map(|one| format!("{} {}", one.object, one.field)).collect();
    let want = ["function", "syntax", "variable"]
        .map(|name| format!("ValidatingAdmissionPolicy {name} spec.validations[1].expression"));
    assert_eq!(found, BTreeSet::from(want));
    let ask = |cluster: &Cluster| {
        let admission = Admission::new(cluster, cluster.version, Options::default());
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "c", "namespace": "a"}});
        let resource = ResourceType::of("v1", "ConfigMap", cluster).expect("built in");
        admission.would_admit(&Request::create(resource, "a", object, Identity::Any)).verdict
    };
    assert!(matches!(ask(&cluster_without), Verdict::Unknown(all) if all.len() == 3));
    let mut all = objects.to_vec();
    all.push(binding("good"));
    let Verdict::Refused(refusals) = ask(&cluster(&all)) else { panic!("the good one refuses") };
    let control = Control::ValidatingPolicy { policy: "good".into(), binding: Some("good".into()) };
    assert_eq!(refusals.iter().map(|one| &one.control).collect::<Vec<_>>(), [&control]);
}

#[test]
fn functions_that_the_server_does_not_have_yet_are_a_problem() {
    let policy = json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"},
        "spec": {"validations": [{"expression": "isSemver('1.0.0')"}]}});
    let cluster = cluster(&[policy]);
    for (minor, problems) in [(32, 1), (33, 0)] {
        let version = Some(KubeVersion::minor(minor));
        let admission = Admission::new(&cluster, version, Options::default());
        assert_eq!(admission.problems().len(), problems, "1.{minor}");
    }
}
