//! Kinds of one name in several groups: a change is of one of them, and where it does not say of
//! which, it is refused rather than guessed.

use ringfort_model::{Cluster, Kind};
use ringfort_plan::rollback::rollback;
use ringfort_plan::{Change, ChangeError, Edit, apply};
use serde_json::{Value, json};

mod clusters;

fn object(api_version: &str, kind: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind,
        "metadata": {"name": "x", "namespace": "a"}, "spec": {}})
}

/// Policies and gateways of one name from each group that serves such a kind, and a kind that
/// the model keeps no table for beside one that it does.
fn cluster() -> Cluster {
    clusters::cluster(&[
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}),
        object("networking.k8s.io/v1", "NetworkPolicy"),
        object("crd.projectcalico.org/v1", "NetworkPolicy"),
        object("gateway.networking.k8s.io/v1", "Gateway"),
        object("networking.istio.io/v1", "Gateway"),
        object("v1", "Service"),
        object("serving.knative.dev/v1", "Service"),
        object("apps/v1", "Deployment"),
    ])
}

fn read(value: &Value) -> Change {
    Change::read(value).expect("a change").remove(0)
}

fn titles(cluster: &Cluster) -> Vec<(String, String)> {
    let of = |one: ringfort_model::Object| {
        let value: Value = serde_json::from_slice(&one.to_json()).expect("JSON");
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        (text("apiVersion"), text("kind"))
    };
    cluster.objects().map(of).collect()
}

#[test]
fn the_group_says_which_of_several_kinds_is_meant() {
    let cluster = cluster();
    let before = titles(&cluster);
    for (api_version, kind, written) in [
        ("networking.k8s.io/v1", "NetworkPolicy", "networking.k8s.io/v1"),
        // Another version, and a group that an object lived in before, are the same object.
        ("extensions/v1beta1", "NetworkPolicy", "networking.k8s.io/v1"),
        ("crd.projectcalico.org/v1", "NetworkPolicy", "crd.projectcalico.org/v1"),
        ("projectcalico.org/v3", "NetworkPolicy", "crd.projectcalico.org/v1"),
        ("gateway.networking.k8s.io/v1beta1", "Gateway", "gateway.networking.k8s.io/v1"),
        ("networking.istio.io/v1beta1", "Gateway", "networking.istio.io/v1"),
        ("v1", "Service", "v1"),
        ("serving.knative.dev/v1", "Service", "serving.knative.dev/v1"),
    ] {
        let delete = read(&json!({"apiVersion": api_version, "kind": kind, "namespace": "a",
            "name": "x", "delete": true}));
        let changed = apply(&cluster, &[delete]).expect(api_version);
        let after = titles(&changed);
        let gone: Vec<_> = before.iter().filter(|one| !after.contains(one)).collect();
        assert_eq!(gone, [&(written.to_owned(), kind.to_owned())], "{api_version}");
        assert_eq!(after.len() + 1, before.len());
        // An object as a file has it is a merge patch of the object of its group.
        let mut patch = object(api_version, kind);
        patch["metadata"]["labels"] = json!({"patched": "yes"});
        let changed = apply(&cluster, &[read(&patch)]).expect(api_version);
        let patched: Vec<Value> = changed
            .objects()
            .filter(|one| one.meta().labels.get("patched").is_some())
            .map(|one| serde_json::from_slice(&one.to_json()).expect("JSON"))
            .collect();
        assert_eq!(patched.len(), 1, "{api_version}");
        assert_eq!(patched[0]["apiVersion"], written);
    }
}

#[test]
fn without_a_group_a_name_of_several_kinds_is_refused() {
    let cluster = cluster();
    for (kind, groups) in [
        ("NetworkPolicy", "crd.projectcalico.org, networking.k8s.io"),
        ("Gateway", "gateway.networking.k8s.io, networking.istio.io"),
        ("Service", "core, serving.knative.dev"),
    ] {
        let delete = read(&json!({"kind": kind, "namespace": "a", "name": "x", "delete": true}));
        match apply(&cluster, std::slice::from_ref(&delete)) {
            Err(ChangeError::Ambiguous { object, groups: named }) => {
                assert_eq!((object.as_str(), named.as_str()), (&*format!("{kind} a/x"), groups));
            }
            other => panic!("{kind}: {:?}", other.map(|_| "applied")),
        }
        assert!(rollback(&cluster, &delete).is_none(), "what is meant is not known");
    }
    // The name alone is enough where it is one object, of whatever group.
    for (kind, version) in
        [("Deployment", "apps/v1"), ("NetworkPolicy", "crd.projectcalico.org/v1")]
    {
        let one = clusters::cluster(&[
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}),
            object(version, kind),
        ]);
        let delete = read(&json!({"kind": kind, "namespace": "a", "name": "x", "delete": true}));
        let left = titles(&apply(&one, &[delete]).expect(kind));
        // Its namespace, and the account that every namespace has.
        let v1 = |kind: &str| ("v1".to_owned(), kind.to_owned());
        assert_eq!(left, [v1("Namespace"), v1("ServiceAccount")]);
    }
    // A group in which there is no such object does not fall back to another.
    let other = json!({"apiVersion": "batch/v1", "kind": "Deployment", "namespace": "a",
        "name": "x", "delete": true});
    let error = apply(&cluster, &[read(&other)]).map(|_| ()).expect_err("none");
    assert!(matches!(error, ChangeError::Missing(_)), "{error}");
}

#[test]
fn what_is_made_is_of_the_group_that_it_says() {
    let cluster = clusters::cluster(&[
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}),
        object("networking.k8s.io/v1", "NetworkPolicy"),
    ]);
    let create = |version: &str| {
        read(&json!({"kind": "NetworkPolicy", "namespace": "a", "name": "x",
            "create": object(version, "NetworkPolicy")}))
    };
    let calico = create("crd.projectcalico.org/v1");
    let both = apply(&cluster, std::slice::from_ref(&calico)).expect("another object");
    assert_eq!(both.calico_network_policies.len(), 1);
    let twice = apply(&cluster, &[create("networking.k8s.io/v1")]).map(|_| ());
    assert!(matches!(twice, Err(ChangeError::Exists(_))));
    // The way back takes away what was made, not what has its name.
    let back = rollback(&cluster, &calico).expect("a way back");
    let again = apply(&both, &[back]).expect("it applies");
    assert_eq!(titles(&again), titles(&cluster));
    // An object of another kind than the change names is refused.
    let other = Change::of(
        Kind::NetworkPolicy,
        &"a".into(),
        &"x2".into(),
        Edit::Create(json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "x2", "namespace": "a"}})),
    );
    assert!(matches!(apply(&cluster, &[other]), Err(ChangeError::Object { .. })));
}

#[test]
fn commands_name_the_group_where_kubectl_would_take_another() {
    let command = |version: &str, kind: &str| {
        let change = json!({"apiVersion": version, "kind": kind, "namespace": "a", "name": "x",
            "delete": true});
        read(&change).command()
    };
    assert_eq!(
        command("networking.k8s.io/v1", "NetworkPolicy"),
        "kubectl delete networkpolicy x -n a"
    );
    assert_eq!(
        command("projectcalico.org/v3", "NetworkPolicy"),
        "kubectl delete networkpolicy.projectcalico.org x -n a"
    );
    assert_eq!(
        command("networking.istio.io/v1", "Gateway"),
        "kubectl delete gateway.networking.istio.io x -n a"
    );
    assert_eq!(command("v1", "Service"), "kubectl delete service x -n a");
    assert_eq!(
        command("serving.knative.dev/v1", "Service"),
        "kubectl delete service.serving.knative.dev x -n a"
    );
}
