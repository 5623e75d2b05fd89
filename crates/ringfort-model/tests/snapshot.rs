//! A snapshot is what was written, for any objects.

use proptest::prelude::*;
use ringfort_model::{Cluster, ClusterBuilder, KubeVersion, Listed, Object, SourceKind, snapshot};
use serde_json::{Value, json};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,8}",
        Just(String::new()),
        "\\PC{0,6}",
        Just("\u{1b}[2J\"\\\n</script>".to_owned()),
    ]
}

fn flag() -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), Just(json!(true)), Just(json!(false))]
}

fn map() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-z./]{1,6}", text(), 0..3).prop_map(|map| json!(map))
}

fn object() -> impl Strategy<Value = Value> {
    let rule = (text(), text(), text(), prop::collection::vec(text(), 0..2)).prop_map(
        |(verb, group, resource, names)| {
            json!({"verbs": [verb], "apiGroups": [group], "resources": [resource],
                "resourceNames": names})
        },
    );
    let container = (text(), text(), flag(), prop::collection::vec(text(), 0..2)).prop_map(
        |(name, image, privileged, add)| {
            json!({"name": name, "image": image, "command": ["sh", "-c"],
                "securityContext": {"privileged": privileged, "capabilities": {"add": add}}})
        },
    );
    let spec = (prop::collection::vec(container, 0..3), flag(), text(), map()).prop_map(
        |(containers, host, account, selector)| {
            json!({"containers": containers, "hostPID": host, "serviceAccountName": account,
                "nodeSelector": selector,
                "volumes": [{"name": "v", "hostPath": {"path": account}},
                    {"name": "e", "emptyDir": {}}]})
        },
    );
    let meta = ("[a-z]{1,3}", "[a-z]{1,2}", map(), 0u32..9).prop_map(
        |(name, namespace, labels, version)| {
            json!({"name": name, "namespace": namespace, "labels": labels,
                "resourceVersion": version.to_string(),
                "annotations": {"kubernetes.io/x": "y", "dropped": "z"}})
        },
    );
    let kind = prop_oneof![
        Just(("v1", "Pod")),
        Just(("apps/v1", "Deployment")),
        Just(("batch/v1", "CronJob")),
        Just(("v1", "Secret")),
        Just(("v1", "ConfigMap")),
        Just(("rbac.authorization.k8s.io/v1", "Role")),
        Just(("rbac.authorization.k8s.io/v1", "RoleBinding")),
        Just(("example.org/v1", "Thing")),
    ];
    (kind, meta, spec, prop::collection::vec(rule, 0..3), text()).prop_map(
        |((api_version, kind), metadata, spec, rules, word)| {
            let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata});
            match kind {
                "Pod" => object["spec"] = spec,
                "Deployment" => {
                    object["spec"] =
                        json!({"replicas": 2, "template": {"metadata": {}, "spec": spec}});
                }
                "CronJob" => {
                    object["spec"] = json!({"suspend": true,
                        "jobTemplate": {"spec": {"template": {"spec": spec}}}});
                }
                "Secret" => {
                    object["type"] = json!(word);
                    object["data"] = json!({"k": "CANARY"});
                }
                "ConfigMap" => object["data"] = json!({"k": "CANARY"}),
                "Role" => object["rules"] = json!(rules),
                "RoleBinding" => {
                    object["roleRef"] = json!({"kind": "Role", "name": word});
                    object["subjects"] = json!([{"kind": "User", "name": word}]);
                }
                _ => {}
            }
            object
        },
    )
}

fn cluster(objects: &[Value], minor: u32) -> Cluster {
    let mut builder = ClusterBuilder::new(SourceKind::Dump);
    builder.version(Some(KubeVersion::minor(minor)), "v1.x");
    builder.coverage().note("pods", Listed::Partial("half".into()));
    builder.gap("secrets", "were not listed");
    for object in objects {
        builder.add(Object::read(object.to_string().as_bytes()).expect("an object"));
    }
    builder.freeze()
}

fn bytes(cluster: &Cluster) -> Vec<u8> {
    let mut out = Vec::new();
    snapshot::write(cluster, &mut out).expect("memory takes everything");
    out
}

proptest! {
    #[test]
    fn round_trip(objects in prop::collection::vec(object(), 0..12), minor in 20u32..38) {
        let before = cluster(&objects, minor);
        let written = bytes(&before);
        let after = snapshot::read(&written[..], 16 << 20).expect("it reads");
        let of = |cluster: &Cluster| -> Vec<Vec<u8>> {
            cluster.objects().map(|object| object.to_json()).collect()
        };
        prop_assert_eq!(of(&before), of(&after));
        for object in before.objects() {
            let parsed: Value = serde_json::from_slice(&object.to_json()).expect("it is JSON");
            prop_assert_eq!(object.to_value(), parsed);
        }
        prop_assert_eq!(&before.coverage, &after.coverage);
        prop_assert_eq!(&before.gaps, &after.gaps);
        prop_assert_eq!(before.version, after.version);
        prop_assert_eq!(before.source, after.source);
        prop_assert!(written == bytes(&after));
        prop_assert!(!String::from_utf8_lossy(&written).contains("CANARY"));
    }

    #[test]
    fn a_damaged_snapshot_is_an_error_or_reads(
        objects in prop::collection::vec(object(), 0..4),
        at in 0usize..4096,
        byte in 0u8..=255,
        cut in prop::bool::ANY,
    ) {
        let mut written = bytes(&cluster(&objects, 30));
        let at = at % written.len();
        if cut { written.truncate(at) } else { written[at] = byte }
        let _ = snapshot::read(&written[..], 1 << 20);
    }
}

#[test]
fn what_an_older_snapshot_did_not_look_at_is_a_gap() {
    let object = serde_json::json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "s", "namespace": "a",
            "annotations": {"example.com/db-password": "hunter2"}}});
    let before = cluster(&[object], 36);
    let written = bytes(&before);
    let class = |cluster: &Cluster| {
        let service = cluster.services.get("a", "s").expect("a Service");
        service.metadata.credentials.iter().map(|one| one.class.to_string()).collect::<Vec<_>>()
    };
    let after = snapshot::read(&written[..], 1 << 20).expect("it reads");
    assert_eq!((class(&before), class(&after)), (class(&after), vec!["named-as-secret".into()]));
    assert!(after.gaps.iter().all(|gap| gap.subject != "annotations"));
    let older = snapshot::read(&of_format(written, b'2')[..], 1 << 20).expect("older ones read");
    assert!(older.gaps.iter().any(|gap| gap.subject == "annotations"), "{:?}", older.gaps);
}

/// A snapshot as if it were of another format.
fn of_format(mut written: Vec<u8>, format: u8) -> Vec<u8> {
    let place = written.windows(12).position(|part| part == b"\"format\":4,\"").expect("a format");
    written[place + 9] = format;
    written
}

#[test]
fn credentials_keep_their_keys_and_older_snapshots_have_none() {
    let object = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "a"},
        "data": {"app.properties": "db.password=hunter2\n", "colour": "blue"},
        "binaryData": {"b": "Z2hwX2FCM2RFNmdIOWpLMm1ONXBROHNUMXZXNHlaN2JDMGRFM2ZHNg=="}});
    let pod = serde_json::json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "namespace": "a"}, "spec": {"containers": [{"name": "c",
            "args": ["--password=hunter2", "--password=(not kept)"]}]}});
    let before = cluster(&[object, pod], 36);
    let held = |cluster: &Cluster| {
        let config = cluster.config_maps.get("a", "c").expect("a ConfigMap");
        let pod = cluster.pods.get("a", "p").expect("a Pod");
        let words = pod.spec.containers[0].held();
        let words = words.map(|(path, class)| (path, class.to_owned()));
        let keys = config.held().map(|(path, class)| (path, class.to_string()));
        keys.chain(words).collect::<Vec<_>>()
    };
    let own = |path: &str, class: &str| (path.to_owned(), class.to_owned());
    let known = [
        own("data[app.properties]", "named-as-secret"),
        own("binaryData[b]", "source-host-token"),
        own("args[0]", "named-as-secret"),
    ];
    assert_eq!(held(&before), known);
    let written = bytes(&before);
    let after = snapshot::read(&written[..], 1 << 20).expect("it reads");
    assert_eq!(held(&after), known);
    assert_eq!(after.gaps, before.gaps);
    let older = snapshot::read(&of_format(written, b'3')[..], 1 << 20).expect("older ones read");
    assert!(older.gaps.iter().any(|gap| gap.subject == "configmaps"), "{:?}", older.gaps);
    // What an object says of itself counts only where its value is gone, and of format 3 without key.
    let said = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "a"}, "data": {"k": "", "l": "blue"},
        "x-ringfort-credentials": [{"key": "k", "class": "aws-access-key"},
            {"key": "l", "class": "aws-access-key"}, {"key": "k", "class": "any"}, "ssh-key"]});
    let read = cluster(&[said], 36);
    let config = read.config_maps.get("a", "c").expect("a ConfigMap");
    let held: Vec<_> = config.held().map(|(path, class)| (path, class.to_string())).collect();
    assert_eq!(held, [own("data[k]", "aws-access-key")]);
    let keyless: ringfort_model::record::ConfigMap =
        serde_json::from_value(serde_json::json!({"x-ringfort-credentials": ["ssh-key"]}))
            .expect("format 3");
    let held: Vec<_> = keyless.held().map(|(path, class)| (path, class.to_string())).collect();
    assert_eq!(held, [own("data", "ssh-key")]);
}
