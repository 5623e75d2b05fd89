//! Ids of positions say what they stand for: they are the same for objects in another order and
//! where others are added.

use std::collections::BTreeSet;
use std::path::Path;

use ringfort_attack::{Attack, Engines, NodeKey};
use ringfort_collect::Options;
use ringfort_model::KubeVersion;
use ringfort_verify::controls;
use serde_json::{Value, json};

/// The ids of conjunctions, of their conjuncts and of stages.
fn ids(objects: &[Value]) -> BTreeSet<String> {
    // What a server adds to whatever it keeps.
    let mut objects = objects.to_vec();
    for meta in objects.iter_mut().filter_map(|one| one["metadata"].as_object_mut()) {
        let name = meta.get("name").cloned().unwrap_or_default();
        meta.entry("uid").or_insert(name);
        meta.entry("resourceVersion").or_insert(json!("1"));
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let version = Some(KubeVersion::minor(36));
    let options = Options { version, complete: true, threads: 1, ..Options::default() };
    let read = ringfort_collect::read_objects(&[("objects.json", list.as_bytes())], &options)
        .expect("the objects of controls are read");
    let engines = Engines::new(&read.cluster);
    let attack = Attack::with_heuristics(&read.cluster, &engines);
    let joined = |key: &&NodeKey| {
        matches!(key, NodeKey::And(..) | NodeKey::Conjunct(..) | NodeKey::Stage(..))
    };
    attack.keys().iter().filter(joined).map(|key| attack.id(key)).collect()
}

/// A namespace before all others, with an account and a pod that nothing leads to.
fn unrelated() -> Vec<Value> {
    let meta = json!({"name": "0", "namespace": "0"});
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "0"}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta,
            "spec": {"serviceAccountName": "0", "automountServiceAccountToken": false,
                "containers": [{"name": "c", "image": "example.com/other@sha256:0"}]},
            "status": {"phase": "Running"}}),
    ]
}

#[test]
fn ids_hang_on_nothing_but_what_they_stand_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ringfort-attack/fixtures");
    let all = controls::read(&folder).expect("the files are well formed");
    let mut told = 0;
    for one in all {
        let before = ids(&one.objects);
        told += before.len();
        for id in &before {
            let inside = ["Str(", "Some(", "Pods(", "Container("];
            assert!(!inside.iter().any(|word| id.contains(word)), "{:?}: {id}", one.about);
        }
        let mut turned = one.objects.clone();
        turned.reverse();
        assert_eq!(before, ids(&turned), "{:?} in another order", one.about);
        let more: Vec<Value> = unrelated().into_iter().chain(one.objects).collect();
        let after = ids(&more);
        let gone: Vec<&String> = before.difference(&after).collect();
        assert!(gone.is_empty(), "{:?} with others: {gone:?}", one.about);
    }
    assert!(told > 100, "{told} ids");
}
