//! Golden verdicts of EFF-ADM and EFF-SIG: every file of `fixtures/` holds cases of the rule that
//! it is named after.
//!
//! A case has objects, whether they are manifests, resources that were not listed, the server's
//! minor (36 unless it says otherwise), the type of the object that is made (a pod unless it says
//! otherwise), and the verdict: `absent`, `effective`, `not effective: WORDS` or
//! `unknown: WORDS`. It is about namespace `n`, and about the best of the controls.

use std::collections::BTreeSet;
use std::path::Path;

use ringfort_admission::{Admission, Identity, Options, Request, ResourceType};
use ringfort_isolation::{Control, Effect};
use ringfort_model::{Cluster, ClusterBuilder, KubeVersion, Listed, Object, SourceKind, Str};
use serde_json::{Value, json};

fn cluster(case: &Value) -> Cluster {
    let manifests = case["manifests"] == true;
    let source = if manifests { SourceKind::Manifests } else { SourceKind::Dump };
    let mut builder = ClusterBuilder::new(source);
    let minor = case["server"].as_u64().unwrap_or(36);
    builder.version(Some(KubeVersion::minor(minor as u32)), "");
    builder.coverage().rest_is_complete = true;
    for object in case["objects"].as_array().expect("objects") {
        builder.add(Object::read(object.to_string().as_bytes()).expect("an object"));
    }
    for resource in case["unlisted"].as_array().into_iter().flatten() {
        builder.coverage().note(resource.as_str().expect("a name"), Listed::Silent);
    }
    builder.freeze()
}

/// The best verdict of all controls.
fn in_force(admission: &Admission<'_>, cluster: &Cluster, case: &Value) -> Control {
    let (api_version, kind) = case["kind"]
        .as_str()
        .map_or(("v1", "Pod"), |text| text.split_once(' ').expect("a version and a kind"));
    let resource = ResourceType::of(api_version, kind, cluster).expect("built in");
    let namespace = if resource.namespaced { "n" } else { "" };
    let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}});
    let request = Request::create(resource, namespace, object, Identity::Any);
    let rank = |control: &Control| match control.effect {
        Effect::Absent => 0,
        Effect::PresentNotEffective(_) => 1,
        Effect::Unknown(_) => 2,
        Effect::Effective => 3,
    };
    let all = admission.in_force(&request).into_iter().map(|held| held.judged);
    all.max_by_key(rank).unwrap_or_else(|| Control::new(Effect::Absent, ["*".to_owned()]))
}

fn differs(found: &Control, want: &str) -> bool {
    let (kind, words) = want.split_once(": ").unwrap_or((want, ""));
    let same = match (&found.effect, kind) {
        (Effect::Absent, "absent") | (Effect::Effective, "effective") => true,
        (Effect::PresentNotEffective(reason), "not effective") => {
            !words.is_empty() && reason.contains(words)
        }
        (Effect::Unknown(missing), "unknown") => {
            !words.is_empty() && missing.iter().any(|what| what.contains(words))
        }
        _ => false,
    };
    !same || found.evidence.is_empty()
}

#[test]
fn controls_hold_or_not_as_the_fixtures_say() {
    let mut wrong = Vec::new();
    for rule in ["EFF-ADM", "EFF-SIG"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let text = std::fs::read_to_string(folder.join(format!("{rule}.json"))).expect("a file");
        let cases: Vec<Value> = serde_json::from_str(&text).expect("a list of cases");
        let mut verdicts: BTreeSet<String> = BTreeSet::new();
        for case in &cases {
            let want = case["want"].as_str().expect("a verdict");
            let cluster = cluster(case);
            let admission = Admission::new(&cluster, cluster.version, Options::default());
            let found = match rule {
                "EFF-ADM" => in_force(&admission, &cluster, case),
                _ => admission.signed_images(&Str::new("n")),
            };
            if differs(&found, want) {
                wrong.push(format!("{rule}, {}: want {want}, found {found:?}", case["name"]));
            }
            verdicts.insert(want.split(':').next().unwrap_or(want).to_owned());
        }
        assert_eq!(verdicts.len(), 4, "{rule} shows {verdicts:?} only");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
