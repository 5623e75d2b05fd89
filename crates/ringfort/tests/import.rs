//! `ringfort import-exceptions`: the rules of six tools against one folder of manifests. A scan
//! with the result suppresses the findings that the rules named, and none besides.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

/// A folder with manifests, gone after the test.
struct Folder(PathBuf);

struct Run {
    code: Option<i32>,
    out: String,
    said: String,
}

/// Findings, as check and object.
type Pairs = BTreeSet<(String, String)>;

impl Folder {
    fn new() -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let unique = MADE.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("import-{}-{unique}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("app/web")).expect("a folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).expect("a file");
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
        let output = command.current_dir(&self.0).args(arguments).output().expect("it starts");
        Run {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            said: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Imports for `app`; the file that is written, and what a scan with it excepts.
    fn import(&self, more: &[&str]) -> (String, Pairs) {
        let all =
            ["import-exceptions", "app", "--complete", "--k8s-version", "1.36", "-o", "e.yaml"];
        let run = self.run(&[&all, more].concat());
        assert_eq!(run.code, Some(0), "{}", run.said);
        let text = std::fs::read_to_string(self.0.join("e.yaml")).expect("it was written");
        let scan = ["scan", "app", "--complete", "--k8s-version", "1.36", "-f", "json"];
        let scan = self.run(&[&scan[..], &["--exceptions", "e.yaml"]].concat());
        assert_eq!(scan.code, Some(0), "{}", scan.said);
        let report: Value = serde_json::from_str(&scan.out).expect("JSON");
        let checks = report["checks"].as_array().expect("checks");
        for one in report["exceptions"].as_array().expect("outcomes") {
            // A rule for all that is scanned stays, whether or not something has a finding today;
            // what is unknown may be a finding where more is read.
            let unknown =
                checks.iter().any(|check| check["id"] == one["id"] && check["unknown"] != 0);
            assert!(one["state"] != "unused" || one["object"] == "*" || unknown, "{one}: {text}");
            assert_ne!(one["state"], "invalid", "{one}");
        }
        let findings = report["findings"].as_array();
        let covered = findings.expect("findings").iter().filter(|one| !one["excepted"].is_null());
        let pair = |one: &Value| {
            (
                one["id"].as_str().expect("id").to_owned(),
                one["object"].as_str().expect("object").to_owned(),
            )
        };
        (text, covered.map(pair).collect())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn pairs(list: &[(&str, &str)]) -> Pairs {
    list.iter().map(|(id, object)| ((*id).to_owned(), (*object).to_owned())).collect()
}

/// A deployment that is privileged and in the node's process namespace.
fn deployment(name: &str, annotations: &Value, template: &Value) -> String {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "labels": {"tier": name}, "annotations": annotations},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}, "annotations": template},
            "spec": {"hostPID": true, "containers": [{"name": "c", "image": "registry.example/a:1",
                "securityContext": {"privileged": true}}]}}}
    })
    .to_string()
}

const NONE: &[(&str, &str)] = &[];

fn annotated(annotations: &Value, template: &Value) -> (String, Pairs) {
    let folder = Folder::new();
    folder.write("app/web/one.yaml", &deployment("cart", annotations, template));
    folder.write("app/two.yaml", &deployment("web", &json!({}), &json!({})));
    folder.import(&[])
}

#[test]
fn annotations_except_the_object_that_carries_them() {
    const PRIVILEGED: &[(&str, &str)] = &[("RF-WKL-001", "Deployment shop/cart")];
    for (annotations, reason) in [
        (
            json!({"ignore-check.kube-linter.io/privileged-container": "it trims disks"}),
            "it trims disks",
        ),
        (json!({"checkov.io/skip1": "CKV_K8S_16=disks: a=b"}), "disks: a=b"),
        (json!({"bridgecrew.io/skip": "CKV_K8S_16"}), "no reason given"),
        (json!({"polaris.fairwinds.com/runAsPrivileged-exempt": "TRUE"}), "no reason given"),
        (
            json!({"kube-score/ignore": "pod-probes, container-security-context-privileged"}),
            "kube-score",
        ),
    ] {
        let (text, covered) = annotated(&annotations, &json!({}));
        assert_eq!(covered, pairs(PRIVILEGED), "{annotations}: {text}");
        assert!(text.contains(reason), "{text}");
    }
    // Checkov and kube-score read the template too, kube-linter and Polaris do not.
    for (template, covered) in [
        (json!({"checkov.io/skip1": "CKV_K8S_16=x"}), PRIVILEGED),
        (json!({"kube-score/ignore": "container-security-context-privileged"}), PRIVILEGED),
        (json!({"ignore-check.kube-linter.io/privileged-container": "x"}), NONE),
        (json!({"polaris.fairwinds.com/runAsPrivileged-exempt": "true"}), NONE),
    ] {
        assert_eq!(annotated(&json!({}), &template).1, pairs(covered), "{template}");
    }
}

/// Rules of two tools about one object: whichever says why is heard.
#[test]
fn a_stated_reason_wins_over_none() {
    for (first, second) in [
        ("polaris.fairwinds.com/runAsPrivileged-exempt", ("checkov.io/skip1", "CKV_K8S_16=disks")),
        (
            "bridgecrew.io/skip",
            ("ignore-check.kube-linter.io/privileged-container", "it trims disks"),
        ),
    ] {
        let silent = if first.starts_with("polaris") { "true" } else { "CKV_K8S_16" };
        let annotations = json!({first: silent, second.0: second.1});
        let (text, covered) = annotated(&annotations, &json!({}));
        assert_eq!(covered, pairs(&[("RF-WKL-001", "Deployment shop/cart")]));
        let said = second.1.rsplit('=').next().expect("words");
        assert!(text.contains(said) && !text.contains("no reason given"), "{text}");
    }
}

#[test]
fn annotations_for_every_check_leave_what_the_tool_does_not_check() {
    for (annotations, missing) in [
        (json!({"kube-linter.io/ignore-all": "x"}), "RF-WKL-013"),
        (json!({"polaris.fairwinds.com/exempt": "true"}), "RF-NS-001"),
    ] {
        let (text, covered) = annotated(&annotations, &json!({}));
        assert!(covered.iter().all(|(_, object)| object == "Deployment shop/cart"), "{covered:?}");
        let ids: BTreeSet<&str> = covered.iter().map(|(id, _)| id.as_str()).collect();
        assert!(ids.contains("RF-WKL-001") && ids.contains("RF-WKL-002"), "{text}");
        assert!(!ids.contains(missing), "{text}");
    }
    let (_, covered) = annotated(&json!({"kubescape.io/ignore": "true"}), &json!({}));
    assert!(covered.contains(&("RF-WKL-001".to_owned(), "Deployment shop/cart".to_owned())));
    let (_, covered) = annotated(&json!({"kubescape.io/ignore": "false"}), &json!({}));
    assert_eq!(covered, pairs(NONE));
}

#[test]
fn what_means_nothing_is_said_and_excepts_nothing() {
    for (annotations, template, why) in [
        (json!({"ignore-check.kube-linter.io/privileged": "x"}), json!({}), "no check of that id"),
        (
            json!({"ignore-check.kube-linter.io/sorted-keys": "x"}),
            json!({}),
            "no check of Ringfort",
        ),
        (
            json!({"ignore-check.kube-linter.io/host-ipc": "x"}),
            json!({}),
            "no finding of RF-WKL-003",
        ),
        (
            json!({"ignore-check.kube-linter.io/wildcard-in-rules": "x"}),
            json!({}),
            "no finding of RF-RBAC-006",
        ),
        (json!({"checkov.io/skip1": "CKV_AWS_1=x"}), json!({}), "no check of that id"),
        (json!({"polaris.fairwinds.com/runAsPrivileged-exempt": "yes"}), json!({}), "is not true"),
        (
            json!({"kube-score/ignore": "container-security-context-privileged"}),
            json!({"kube-score/enable": "container-security-context-privileged"}),
            "takes it back",
        ),
    ] {
        let (text, covered) = annotated(&annotations, &template);
        assert_eq!(covered, pairs(NONE), "{annotations}");
        assert!(text.contains("exceptions: []") && text.contains(why), "{text}");
        assert!(text.contains("# Deployment shop/cart: "), "{text}");
    }
}

#[test]
fn ignore_files_of_trivy() {
    let folder = Folder::new();
    folder.write("app/web/one.yaml", &deployment("cart", &json!({}), &json!({})));
    folder.write("app/two.yaml", &deployment("web", &json!({}), &json!({})));
    folder.write(
        ".trivyignore",
        "# agreed with the owners\n# of the nodes\nAVD-KSV-0017\n\nKSV010 exp:2999-01-31\n\
         KSV-0008\nCVE-2024-1 exp:2999-01-01\nKSV-0009 exp:2001-01-01\nKSV-0012 exp:soon\n",
    );
    let (text, covered) = folder.import(&["--trivy", ".trivyignore"]);
    let both = pairs(&[
        ("RF-WKL-001", "Deployment shop/cart"),
        ("RF-WKL-001", "Deployment shop/web"),
        ("RF-WKL-002", "Deployment shop/cart"),
        ("RF-WKL-002", "Deployment shop/web"),
    ]);
    // RF-WKL-003 has no finding: the rule is for all that is scanned, and stays.
    assert_eq!(covered, both, "{text}");
    assert!(text.contains("agreed with the owners of the nodes (Trivy AVD-KSV-0017)"), "{text}");
    // The day of the file is the first on which the rule does not hold.
    assert!(text.contains("expires: \"2999-01-30\""), "{text}");
    for why in [
        ".trivyignore:7: Trivy CVE-2024-1: Trivy has no check of that id",
        ".trivyignore:8: Trivy KSV-0009: it expired; its last day was 2000-12-31",
        ".trivyignore:9: Trivy KSV-0012: exp:soon is no day",
    ] {
        assert!(text.contains(why), "{why} is missing: {text}");
    }

    folder.write(
        "ignore.yaml",
        "misconfigurations:\n\
         - {id: KSV-0017, paths: ['web/**'], statement: one file alone}\n\
         - {id: KSV-0010, paths: ['other/*.yaml']}\n\
         - {id: DS-0001}\n\
         vulnerabilities:\n- {id: CVE-2024-1}\n",
    );
    let (text, covered) = folder.import(&["--trivy", "ignore.yaml"]);
    assert_eq!(covered, pairs(&[("RF-WKL-001", "Deployment shop/cart")]), "{text}");
    assert!(text.contains("one file alone (Trivy KSV-0017)"), "{text}");
    assert!(text.contains("KSV-0010: no finding of RF-WKL-002 on what it covers"), "{text}");
    assert!(text.contains("vulnerabilities: 1 entries"), "{text}");
}

/// A policy of Kubescape's for the control about privileged containers.
fn policy(attributes: &Value) -> Value {
    json!([{"name": "agreed", "policyType": "postureExceptionPolicy", "actions": ["alertOnly"],
        "resources": [{"designatorType": "Attributes", "attributes": attributes}],
        "posturePolicies": [{"controlID": "C-0057"}]}])
}

#[test]
fn exceptions_of_kubescape() {
    let folder = Folder::new();
    folder.write("app/web/one.yaml", &deployment("cart", &json!({}), &json!({})));
    folder.write(
        "app/two.yaml",
        &deployment("cart-old", &json!({"meta.helm.sh/release-name": "7"}), &json!({})),
    );
    let other = deployment("cart", &json!({}), &json!({})).replace("\"shop\"", "\"shop-2\"");
    folder.write("app/three.yaml", &other);
    let import = |file: &Value| {
        folder.write("k.json", &file.to_string());
        folder.import(&["--kubescape", "k.json"])
    };
    let (cart, old, second) =
        ("Deployment shop/cart", "Deployment shop/cart-old", "Deployment shop-2/cart");
    for (attributes, objects) in [
        (json!({"kind": "Deployment", "namespace": "shop", "name": "cart"}), &[cart][..]),
        (json!({"namespace": "shop"}), &[cart, old]),
        (json!({"namespace": "shop", "kind": "Deployment|Pod"}), &[cart, old]),
        (json!({"namespace": "shop", "kind": "Pod"}), &[]),
        (json!({"name": "cart.*", "kind": ".*"}), &[cart, old, second]),
        (json!({"kind": ".*"}), &[cart, old, second]),
        // Without a group the ends bind to one alternative each, as upstream compiles it.
        (json!({"name": "x|old"}), &[old]),
        (json!({"tier": "cart"}), &[cart, second]),
        (json!({"meta.helm.sh/release-name": "[0-9]"}), &[old]),
        (json!({"tier": "cart", "meta.helm.sh/release-name": "7"}), &[]),
        (json!({"cluster": ".*", "namespace": "shop-2"}), &[second]),
    ] {
        let wanted: Vec<(&str, &str)> = objects.iter().map(|one| ("RF-WKL-001", *one)).collect();
        let (text, covered) = import(&policy(&attributes));
        assert_eq!(covered, pairs(&wanted), "{attributes}: {text}");
    }
    // A namespace stays a namespace, an object an object.
    let (text, _) = import(&policy(&json!({"namespace": "shop"})));
    assert!(text.contains("object: \"Deployment shop/*\""), "{text}");
    let (text, _) = import(&policy(&json!({"namespace": "shop", "name": "cart"})));
    assert!(text.contains("object: \"Deployment shop/cart\""), "{text}");
}

#[test]
fn what_kubescape_says_and_ours_cannot_is_refused() {
    let folder = Folder::new();
    folder.write("app/web/one.yaml", &deployment("cart", &json!({}), &json!({})));
    let with = |key: &str, value: Value| {
        let mut file = policy(&json!({"kind": "Deployment"}));
        match key.split_once('.') {
            Some(("control", key)) => file[0]["posturePolicies"][0][key] = value,
            Some((_, key)) => file[0]["resources"][0]["attributes"][key] = value,
            None => file[0][key] = value,
        }
        file
    };
    for (file, why) in [
        (with("at.cluster", json!("prod")), "one cluster"),
        (with("at.containerName", json!("c")), "one container"),
        (with("at.resourceID", json!("x")), "an id of Kubescape's"),
        (with("at.path", json!("x")), "a path of Kubescape's"),
        (with("at.name", json!("(")), "no regular expression"),
        (with("control.frameworkName", json!("NSA")), "one framework"),
        (with("control.ruleName", json!("rule-privilege")), "one rule"),
        (with("control.severityScore", json!(7)), "one severity"),
        (with("control.controlID", json!("C-9999")), "no check of Ringfort"),
        (with("control.controlID", json!("privileged")), "no check of Ringfort"),
        (
            with("posturePolicies", json!([{"controlName": "Privileged container"}])),
            "without controlID",
        ),
        (with("actions", json!([])), "excuse nothing"),
        (with("resources", json!([])), "no resource"),
        (with("policyType", json!("vulnerabilityExceptionPolicy")), "not about controls"),
        (with("expirationDate", json!("2001-01-01T00:00:00Z")), "it expired"),
        (policy(&json!({})), "excuses nothing"),
    ] {
        folder.write("k.json", &file.to_string());
        let (text, covered) = folder.import(&["--kubescape", "k.json"]);
        assert_eq!(covered, pairs(NONE), "{file}");
        assert!(text.contains("exceptions: []") && text.contains(why), "{why}: {text}");
    }
}

#[test]
fn a_file_that_cannot_be_read_ends_the_run() {
    let folder = Folder::new();
    folder.write("app/two.yaml", &deployment("web", &json!({}), &json!({})));
    folder.write("k.json", "{}");
    folder.write("t.yaml", "- id: KSV-0001\n");
    folder.write("broken.yaml", "a: [");
    for (flag, file, why) in [
        ("--kubescape", "missing.json", "cannot read missing.json"),
        ("--kubescape", "t.yaml", "t.yaml is no JSON"),
        ("--kubescape", "k.json", "no list of policies"),
        ("--trivy", "t.yaml", "no mapping"),
        ("--trivy", "broken.yaml", "broken.yaml is no YAML"),
    ] {
        let run = folder.run(&["import-exceptions", "app", flag, file]);
        assert_eq!(run.code, Some(1), "{}", run.said);
        assert!(run.said.contains(why) && run.out.is_empty(), "{why}: {}", run.said);
    }
}
