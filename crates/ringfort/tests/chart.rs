//! The Helm chart: what it grants is what is read and no more, and what it installs is clean in
//! the eyes of the program itself.

#[path = "chart/render.rs"]
mod render;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use ringfort_model::record::custom;
use ringfort_model::{Kind, WorkloadKind};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/ringfort")
}

/// The chart's own values, some of them changed.
fn values(changes: &Value) -> Value {
    let text = std::fs::read_to_string(folder().join("values.yaml")).expect("values");
    let mut values = ringfort_collect::yaml_values(&text).expect("YAML").remove(0);
    for (key, value) in changes.as_object().expect("changes") {
        match value {
            Value::Object(inner) => {
                for (name, value) in inner {
                    values[key][name] = value.clone();
                }
            }
            other => values[key] = other.clone(),
        }
    }
    values
}

/// Every object of a rendered chart.
fn objects(values: &Value) -> Vec<Value> {
    let rendered = render::chart(&folder(), values);
    let manifests = rendered.iter().filter(|(name, _)| name.ends_with(".yaml"));
    manifests
        .flat_map(|(name, text)| {
            ringfort_collect::yaml_values(text)
                .unwrap_or_else(|error| panic!("{name}: {error}: {text}"))
        })
        .filter(|value| !value.is_null())
        .collect()
}

fn of_kind<'o>(objects: &'o [Value], kind: &str) -> Vec<&'o Value> {
    objects.iter().filter(|one| one["kind"] == kind).collect()
}

/// Group and resource of everything that rules grant, with the verbs.
fn granted(role: &Value) -> BTreeMap<(String, String), BTreeSet<String>> {
    let words = |rule: &Value, key: &str| -> Vec<String> {
        let list = rule[key].as_array().expect("a list");
        list.iter().map(|word| word.as_str().expect("text").to_owned()).collect()
    };
    let mut found: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for rule in role["rules"].as_array().expect("rules") {
        assert!(rule.get("nonResourceURLs").is_none(), "{rule}");
        for group in words(rule, "apiGroups") {
            for resource in words(rule, "resources") {
                found.entry((group.clone(), resource)).or_default().extend(words(rule, "verbs"));
            }
        }
    }
    found
}

/// What the collector lists in a live cluster.
fn read_live() -> BTreeSet<(String, String)> {
    let workloads = WorkloadKind::ALL.into_iter().map(Kind::Workload);
    let all = Kind::PLAIN.iter().copied().chain(workloads);
    let mut read: BTreeSet<(String, String)> =
        all.map(|kind| (kind.group().to_owned(), kind.plural().to_owned())).collect();
    for (group, kind) in custom::named() {
        let resource = custom::resource(group, kind);
        let (plural, _) = resource.split_once('.').expect("plural.group");
        read.insert((group.to_owned(), plural.to_owned()));
    }
    read
}

#[test]
fn the_role_grants_the_lists_that_are_read_and_nothing_else() {
    let objects = objects(&values(&json!({})));
    let [role] = of_kind(&objects, "ClusterRole")[..] else { panic!("one role") };
    let granted = granted(role);
    let list = BTreeSet::from(["list".to_owned()]);
    assert!(granted.values().all(|verbs| *verbs == list), "{granted:?}");
    let mut wanted = read_live();
    assert!(wanted.remove(&(String::new(), "secrets".to_owned())), "Secrets are read");
    assert_eq!(granted.into_keys().collect::<BTreeSet<_>>(), wanted);
    assert!(wanted.iter().all(|(group, resource)| group != "*" && resource != "*"));
    // Bound to the chart's own account alone, and nothing within a namespace besides.
    let [binding] = of_kind(&objects, "ClusterRoleBinding")[..] else { panic!("one binding") };
    assert_eq!(binding["roleRef"]["name"], role["metadata"]["name"]);
    assert_eq!(
        binding["subjects"],
        json!([{"kind": "ServiceAccount", "name": "scan", "namespace": "security"}])
    );
    assert!(of_kind(&objects, "Role").is_empty() && of_kind(&objects, "RoleBinding").is_empty());
}

#[test]
fn secrets_are_a_role_of_their_own_that_is_off() {
    let on = objects(&values(&json!({"secrets": true})));
    let roles = of_kind(&on, "ClusterRole");
    assert_eq!(roles.len(), 2);
    let extra = granted(roles[1]);
    let secrets = (String::new(), "secrets".to_owned());
    assert_eq!(extra, BTreeMap::from([(secrets, BTreeSet::from(["list".to_owned()]))]));
    assert_eq!(of_kind(&on, "ClusterRoleBinding").len(), 2);
}

#[test]
fn the_report_goes_to_standard_output_or_to_a_claim() {
    let arguments = |values: &Value| {
        let objects = objects(values);
        let [job] = of_kind(&objects, "CronJob")[..] else { panic!("one job") };
        let pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"].clone();
        (pod["containers"][0]["args"].clone(), pod)
    };
    let (args, pod) = arguments(&values(&json!({"arguments": ["--fail-on", "severity>=high"]})));
    assert_eq!(args, json!(["scan", "--format", "json", "--fail-on", "severity>=high"]));
    assert!(pod.get("volumes").is_none());
    let (args, pod) = arguments(&values(&json!({"claim": "reports", "format": "sarif"})));
    assert_eq!(args, json!(["scan", "--format", "sarif=/report/report.sarif"]));
    assert_eq!(pod["volumes"][0]["persistentVolumeClaim"]["claimName"], "reports");
    assert_eq!(pod["containers"][0]["volumeMounts"][0]["mountPath"], "/report");
    // The program takes these arguments: only the cluster is missing here.
    let run = Command::new(env!("CARGO_BIN_EXE_ringfort"))
        .args(["scan", "--format", "json", "--kubeconfig", "/nonexistent"])
        .output()
        .expect("it starts");
    assert_eq!(run.status.code(), Some(1));
}

#[test]
fn what_the_chart_installs_has_no_finding() {
    let digest = format!("sha256:{}", "0".repeat(64));
    for changes in [
        json!({"image": {"repository": "registry.example/ringfort", "digest": digest}}),
        json!({"image": {"repository": "registry.example/ringfort", "digest": digest},
            "claim": "reports", "nodeSelector": {"a": "b"},
            "tolerations": [{"key": "k", "operator": "Exists"}]}),
    ] {
        let place =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chart-{}", std::process::id()));
        std::fs::create_dir_all(&place).expect("a folder");
        // The namespace that docs/pipeline.md tells to make.
        let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: security, labels: \
            {pod-security.kubernetes.io/enforce: restricted}}}";
        std::fs::write(place.join("namespace.yaml"), namespace).expect("a file");
        let rendered = render::chart(&folder(), &values(&changes));
        for (name, text) in rendered.iter().filter(|(name, _)| name.ends_with(".yaml")) {
            std::fs::write(place.join(name), text).expect("a file");
        }
        let run = Command::new(env!("CARGO_BIN_EXE_ringfort"))
            .args([
                "scan",
                "-q",
                "--complete",
                "-f",
                "json",
                "--k8s-version",
                "1.36",
                "--registries",
                "registry.example",
            ])
            .arg(&place)
            .output()
            .expect("it starts");
        let _ = std::fs::remove_dir_all(&place);
        assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
        let report: Value = serde_json::from_slice(&run.stdout).expect("JSON");
        let findings: Vec<String> = report["findings"]
            .as_array()
            .expect("findings")
            .iter()
            // Who verifies signatures is the cluster, not what is installed in it.
            .filter(|one| one["id"] != "RF-IMG-003")
            .map(|one| format!("{} {} {}", one["id"], one["object"], one["evidence"]))
            .collect();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
        // It was judged, not skipped.
        let privileged = report["checks"]
            .as_array()
            .expect("checks")
            .iter()
            .find(|one| one["id"] == "RF-WKL-001");
        assert!(privileged.is_some_and(|one| one["pass"] == 1), "{privileged:?}");
    }
}

#[test]
fn helm_renders_the_same_objects() {
    let helm = |arguments: &[&str]| Command::new("helm").args(arguments).output();
    if helm(&["version"]).is_err() {
        println!("skipped: helm is not installed; the chart is rendered by the test alone");
        return;
    }
    for (flags, changes) in [
        (&[][..], json!({})),
        (
            &[
                "--set",
                "claim=reports,secrets=true,networkPolicy.enabled=false,image.digest=sha256:0",
            ],
            json!({"claim": "reports", "secrets": true, "networkPolicy": {"enabled": false}, "image": {"digest": "sha256:0"}}),
        ),
        (
            &["--set", "arguments={-v,a b},nodeSelector.a=b,tolerations[0].key=k"],
            json!({"arguments": ["-v", "a b"], "nodeSelector": {"a": "b"}, "tolerations": [{"key": "k"}]}),
        ),
    ] {
        let place = folder();
        let place = place.to_str().expect("a plain path");
        let base =
            ["template", "scan", place, "--namespace", "security", "--kube-version", "1.36.0"];
        let run = helm(&[&base[..], flags].concat()).expect("helm starts");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let text = String::from_utf8(run.stdout).expect("text");
        let sorted = |list: Vec<Value>| -> BTreeSet<String> {
            list.iter().filter(|one| !one.is_null()).map(Value::to_string).collect()
        };
        let theirs = sorted(ringfort_collect::yaml_values(&text).expect("YAML"));
        assert_eq!(theirs, sorted(objects(&values(&changes))), "{changes}");
    }
}
