//! Objects to ask about, and the questions.

// Each test program uses some of them, and literals of JSON are handed over as they stand.
#![allow(dead_code, clippy::needless_pass_by_value)]

use ringfort_admission::{Admission, Decision, Identity, Options, Request, ResourceType, Verdict};
use ringfort_model::{Cluster, ClusterBuilder, KubeVersion, Object, SourceKind};
use serde_json::{Value, json};

pub(crate) const API: &str = "admissionregistration.k8s.io/v1";

pub(crate) fn cluster(objects: &[Value]) -> Cluster {
    let mut builder = ClusterBuilder::new(SourceKind::Dump);
    builder.version(Some(KubeVersion::minor(36)), "v1.36.0");
    builder.coverage().rest_is_complete = true;
    for object in objects {
        builder.add(Object::read(object.to_string().as_bytes()).expect("an object"));
    }
    builder.freeze()
}

pub(crate) fn space(name: &str, labels: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

pub(crate) fn policy(spec: Value) -> Value {
    json!({"apiVersion": API, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"},
        "spec": spec})
}

pub(crate) fn binding(spec: Value) -> Value {
    let mut spec = spec;
    spec["policyName"] = json!("p");
    if spec["validationActions"].is_null() {
        spec["validationActions"] = json!(["Deny"]);
    }
    json!({"apiVersion": API, "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "b"}, "spec": spec})
}

pub(crate) fn rules(resources: &[&str], more: Value) -> Value {
    let mut rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
        "resources": resources});
    if let Value::Object(more) = more {
        for (key, value) in more {
            rule[key.as_str()] = value;
        }
    }
    json!([rule])
}

pub(crate) fn pod(labels: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "namespace": "a", "labels": labels},
        "spec": {"containers": [{"name": "c", "image": "i"}]}})
}

pub(crate) fn ask(objects: &[Value], object: Value) -> Decision {
    ask_with(&cluster(objects), object, Options::default())
}

pub(crate) fn ask_with(cluster: &Cluster, object: Value, options: Options) -> Decision {
    let text = |field: &str| object[field].as_str().expect("a type").to_owned();
    let resource = ResourceType::of(&text("apiVersion"), &text("kind"), cluster).expect("known");
    let namespace = if resource.namespaced { "a" } else { "" };
    let identity = Identity::User { name: "u".to_owned(), groups: Vec::new() };
    let admission = Admission::new(cluster, cluster.version, options);
    admission.would_admit(&Request::create(resource, namespace, object, identity))
}

pub(crate) fn refuses(decision: &Decision) -> bool {
    match &decision.verdict {
        Verdict::Refused(_) => true,
        Verdict::Admitted => false,
        Verdict::Unknown(why) => panic!("unknown: {why:?}"),
    }
}

pub(crate) fn webhook(more: Value) -> Value {
    let mut one = json!({"name": "w.example.com", "rules": rules(&["*"], json!({}))});
    if let Value::Object(more) = more {
        for (key, value) in more {
            one[key.as_str()] = value;
        }
    }
    json!({"apiVersion": API, "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "w"}, "webhooks": [one]})
}
