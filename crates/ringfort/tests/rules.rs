//! `scan --rules` and `scan --policies` as a user sees them: verdicts, places, every format,
//! exceptions and gates, and every way in which a file of rules can be wrong.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use ringfort_testkit::{Behaviour, Objects, Server};
use serde_json::{Value, json};

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let unique = MADE.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("rules-{}-{unique}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("source")).expect("the folder can be made");
        Self(path)
    }

    fn write(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("the file can be written");
        path.to_str().expect("a plain path").to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a plain path").to_owned()
    }

    /// Runs in the folder, so that no `ringfort.yaml` but its own is found.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
        command.current_dir(&self.0).args(arguments).output().expect("the program starts")
    }

    fn report(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["scan"], arguments, &["-f", "json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        serde_json::from_slice(&output.stdout).expect("the report is JSON")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn tally<'r>(report: &'r Value, id: &str) -> &'r Value {
    let checks = report["checks"].as_array().expect("checks");
    checks.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id} ran"))
}

/// fail, pass, unknown of a check.
fn counts(report: &Value, id: &str) -> (u64, u64, u64) {
    let tally = tally(report, id);
    let of = |name: &str| tally[name].as_u64().expect("a number");
    (of("fail"), of("pass"), of("unknown"))
}

fn findings<'r>(report: &'r Value, id: &str) -> Vec<&'r Value> {
    let all = report["findings"].as_array().expect("findings");
    all.iter().filter(|one| one["id"] == id).collect()
}

fn reasons(report: &Value, id: &str) -> String {
    tally(report, id)["reasons"].to_string()
}

const SHOP: &str = "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {tier: gold}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: one
  namespace: shop
  labels: {app: web}
  annotations: {example.com/owner: nobody}
spec:
  replicas: 1
  template:
    spec:
      topologySpreadConstraints: []
      containers:
        - name: web
          image: docker.io/web:latest
          env:
            - {name: PASSWORD, value: CANARY-env}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: two
  namespace: shop
  labels: {app: web}
  annotations: {example.com/owner: team, example.com/tier: x}
spec:
  replicas: 2
  template:
    spec:
      containers: [{name: web, image: registry.example.com/web:1}]
";

/// An expression as a text of YAML, to which `true` is none.
fn text(expression: &str) -> String {
    match expression {
        "true" | "false" => format!("'{expression}'"),
        other => other.to_owned(),
    }
}

/// One rule on Deployments.
fn rule(expression: &str) -> String {
    let expression = text(expression);
    format!(
        "rules:\n- id: OWN-1\n  title: Title\n  severity: high\n  zone: impact\n  fix: Mend it.\n  \
         match: {{kinds: [Deployment]}}\n  expression: {expression}\n"
    )
}

fn shop() -> Folder {
    let folder = Folder::new();
    folder.write("source/shop.yaml", SHOP);
    folder
}

#[test]
fn a_rule_has_four_verdicts_and_findings_say_where() {
    let folder = shop();
    let rules = folder.write("rules.yaml", &rule("object.spec.replicas >= 2"));
    let asked = ["source", "--complete", "--rules", &rules];
    let report = folder.report(&asked);
    assert_eq!(counts(&report, "OWN-1"), (1, 1, 0));
    let found = findings(&report, "OWN-1");
    let finding = found[0];
    assert_eq!(finding["object"], "Deployment shop/one");
    assert_eq!((&finding["severity"], &finding["zone"]), (&json!("high"), &json!("impact")));
    assert_eq!(finding["fix"], "Mend it.");
    assert_eq!(finding["place"], json!({"file": "shop.yaml", "line": 15}));
    assert_eq!(finding["evidence"][0]["field"], "spec.replicas");
    assert_eq!(finding["note"], "failed expression: object.spec.replicas >= 2");
    // An error decides nothing, and neither does a field that the server will fill in.
    for (expression, reason) in [
        ("object.spec.nonsense == 1", "no such key: nonsense"),
        ("object.metadata.uid != ''", "uid is not known"),
        ("authorizer.group('').resource('pods').check('get').allowed()", "authorizer"),
        ("object.spec.replicas", "neither true nor false"),
    ] {
        folder.write("rules.yaml", &rule(expression));
        let report = folder.report(&asked);
        assert_eq!(counts(&report, "OWN-1"), (0, 0, 2), "{expression}");
        assert!(reasons(&report, "OWN-1").contains(reason), "{}", reasons(&report, "OWN-1"));
        assert_eq!(tally(&report, "OWN-1")["status"], "unknown");
    }
    // What decides absorbs an error, as on the server.
    folder.write("rules.yaml", &rule("object.spec.nonsense == 1 || object.spec.replicas < 9"));
    assert_eq!(counts(&folder.report(&asked), "OWN-1"), (0, 2, 0));
    // What is not matched is not asked.
    for matches in [
        "{kinds: [StatefulSet]}",
        "{kinds: [Deployment.example.com]}",
        "{kinds: [Deployment], namespaces: ['web*']}",
        "{kinds: [Deployment], excludeNamespaces: [shop]}",
        "{kinds: [Deployment], labels: {matchLabels: {app: api}}}",
    ] {
        let text = rule("false").replace("{kinds: [Deployment]}", matches);
        folder.write("rules.yaml", &text);
        let report = folder.report(&asked);
        assert_eq!(tally(&report, "OWN-1")["status"], "not-applicable", "{matches}");
    }
    let matches = "{kinds: [Deployment], namespaces: ['sh*'], labels: {matchExpressions: [{key: app, operator: Exists}]}}";
    folder.write("rules.yaml", &rule("false").replace("{kinds: [Deployment]}", matches));
    assert_eq!(counts(&folder.report(&asked), "OWN-1"), (2, 0, 0));
}

#[test]
fn fields_that_no_engine_reads_are_seen_as_they_stand() {
    let folder = shop();
    for (expression, want) in [
        // Annotations, and fields of a template, that the model does not keep.
        ("\"object.metadata.annotations['example.com/owner'] == 'team'\"", (1, 1, 0)),
        (
            "\"has(object.metadata.annotations) && object.metadata.annotations.size() == 1\"",
            (1, 1, 0),
        ),
        // Defaults are those of the server.
        ("object.spec.template.spec.dnsPolicy == 'ClusterFirst'", (0, 2, 0)),
        ("object.spec.strategy.rollingUpdate.maxSurge == '25%'", (0, 2, 0)),
        ("\"!has(object.spec.template.spec.topologySpreadConstraints)\"", (0, 2, 0)),
        ("object.spec.template.spec.containers.all(c, c.imagePullPolicy == 'Always')", (1, 1, 0)),
        // The namespace, whole.
        ("namespaceObject.metadata.labels.tier == 'gold'", (0, 2, 0)),
        ("namespaceObject.metadata.uid == ''", (0, 0, 2)),
        ("request.namespace == 'shop' && request.operation == 'CREATE'", (0, 2, 0)),
    ] {
        let rules = folder.write("rules.yaml", &rule(expression));
        let report = folder.report(&["source", "--complete", "--rules", &rules]);
        assert_eq!(counts(&report, "OWN-1"), want, "{expression} {}", reasons(&report, "OWN-1"));
    }
    // Of what the server fills in by rules that are not modelled, only what is there is known.
    let custom = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t, namespace: shop}\nspec: {size: 3}\n";
    folder.write("source/thing.yaml", custom);
    let kinds = "{kinds: [Thing.example.com]}";
    for (expression, want) in [
        ("object.spec.size == 3", (0, 1)),
        ("object.spec.size > 3", (1, 0)),
        ("\"has(object.spec.more)\"", (0, 0)),
    ] {
        let rules =
            folder.write("rules.yaml", &rule(expression).replace("{kinds: [Deployment]}", kinds));
        let report = folder.report(&["source", "--complete", "--rules", &rules]);
        let (fail, pass, unknown) = counts(&report, "OWN-1");
        assert_eq!((fail, pass), want, "{expression}");
        assert_eq!(unknown, u64::from(want == (0, 0)), "{expression}");
        if want.0 > 0 {
            assert_eq!(findings(&report, "OWN-1")[0]["place"]["line"], 4);
            let command = &findings(&report, "OWN-1")[0]["evidence"][0]["command"];
            assert_eq!(command, "kubectl get thing.example.com t -n shop -o yaml");
        }
    }
}

#[test]
fn what_was_not_read_is_unknown_and_decides_no_gate() {
    let folder = shop();
    let rules = folder.write("rules.yaml", &rule("object.spec.replicas >= 1"));
    let asked = ["source", "--rules", &rules, "--checks", "OWN-1"];
    let report = folder.report(&asked);
    // Manifests are silent about other Deployments.
    assert_eq!(counts(&report, "OWN-1"), (0, 2, 1));
    assert_eq!(report["checks_coverage"], 66);
    assert!(reasons(&report, "OWN-1").contains("deployments.apps were not listed"));
    let gate =
        ["scan", "source", "--rules", &rules, "--checks", "OWN-1", "--fail-on", "severity>=high"];
    assert_eq!(folder.run(&gate).status.code(), Some(4));
    let complete = [&gate[..], &["--complete"]].concat();
    assert_eq!(folder.run(&complete).status.code(), Some(0));
    folder.write("rules.yaml", &rule("object.spec.replicas >= 2"));
    assert_eq!(folder.run(&complete).status.code(), Some(3));
    // A snapshot holds no whole objects.
    let snapshot = folder.path("shop.rfs");
    assert!(folder.run(&["snapshot", "source", "-o", &snapshot]).status.success());
    let report = folder.report(&[&snapshot, "--complete", "--rules", &rules]);
    assert_eq!(counts(&report, "OWN-1"), (0, 0, 1));
    assert!(reasons(&report, "OWN-1").contains("snapshot"));
}

#[test]
fn standard_input_and_archives_are_read_twice() {
    let folder = shop();
    let rules = folder.write("rules.yaml", &rule("object.spec.replicas >= 2"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    let mut child = command
        .current_dir(&folder.0)
        .args(["scan", "-", "--complete", "--rules", &rules, "-f", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(SHOP.as_bytes()).expect("it is read");
    let output = child.wait_with_output().expect("it ends");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(counts(&report, "OWN-1"), (1, 1, 0));
    assert_eq!(findings(&report, "OWN-1")[0]["place"], json!({"file": "stdin", "line": 15}));
    let archive = folder.path("shop.tar");
    let mut tar = tar::Builder::new(std::fs::File::create(&archive).expect("a file"));
    tar.append_path_with_name(folder.path("source/shop.yaml"), "shop.yaml").expect("it packs");
    tar.finish().expect("it ends");
    let report = folder.report(&[&archive, "--complete", "--rules", &rules]);
    assert_eq!(counts(&report, "OWN-1"), (1, 1, 0));
}

#[test]
fn of_several_objects_of_one_name_the_one_that_is_kept_is_asked() {
    let folder = Folder::new();
    let pod = |version: &str, image: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a",
            "uid": "u", "resourceVersion": version},
            "spec": {"containers": [{"name": "c", "image": image}]}})
    };
    for (at, (version, image)) in [("9", "old"), ("10", "new"), ("2", "older")].iter().enumerate() {
        folder.write(&format!("source/{at}.json"), &pod(version, image).to_string());
    }
    let text = rule("object.spec.containers[0].image == 'new'").replace("Deployment", "Pod");
    let rules = folder.write("rules.yaml", &text);
    let report = folder.report(&["source", "--complete", "--rules", &rules]);
    assert_eq!(counts(&report, "OWN-1"), (0, 1, 0));
}

#[test]
fn what_a_workload_owns_is_reported_once_on_it() {
    let folder = Folder::new();
    let owner = |kind: &str, name: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": name, "controller": true}]);
    let meta = |name: &str, owners: Value| json!({"name": name, "namespace": "a", "uid": name, "resourceVersion": "1", "ownerReferences": owners});
    let spec = json!({"containers": [{"name": "c", "image": "x"}]});
    let mut items = vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("web", json!([])), "spec": {"template": {"spec": spec}}}),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta("web-1", owner("Deployment", "web")), "spec": {"template": {"spec": spec}}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta("bare", json!([])), "spec": spec}),
    ];
    for at in 0..3 {
        let name = format!("web-1-{at}");
        items.push(json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta(&name, owner("ReplicaSet", "web-1")), "spec": spec}));
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    folder.write("source/all.json", &list.to_string());
    let text = rule("object.spec.containers[0].image != 'x'").replace("Deployment", "Pod");
    let rules = folder.write("rules.yaml", &text);
    let report = folder.report(&["source", "--complete", "--rules", &rules]);
    let found = findings(&report, "OWN-1");
    let mut objects: Vec<&str> = found.iter().filter_map(|one| one["object"].as_str()).collect();
    objects.sort_unstable();
    assert_eq!(objects, ["Deployment a/web", "Pod a/bare"]);
    let notes = Value::from(found.iter().map(|one| one["note"].clone()).collect::<Vec<_>>());
    assert!(
        notes.to_string().contains("Pod a/web-1-0: ")
            && notes.to_string().contains("(3 such objects)"),
        "{notes}"
    );
    // However many threads there are.
    let alone = folder.report(&["source", "--complete", "--rules", &rules, "--threads", "1"]);
    assert_eq!(alone["findings"], report["findings"]);
}

#[test]
fn rules_are_checks_in_every_format_filter_exception_and_baseline() {
    let folder = shop();
    let rules = folder.write("rules.yaml", &rule("object.spec.replicas >= 2"));
    let formats = ["json", "sarif", "junit", "html", "markdown", "csv", "ocsf", "gitlab-sast"];
    for format in formats {
        let output =
            folder.run(&["scan", "source", "--rules", &rules, "--checks", "OWN-*", "-f", format]);
        assert_eq!(output.status.code(), Some(0), "{format}: {}", said(&output));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("OWN-1") && text.contains("shop.yaml"), "{format}: {text}");
        if format == "sarif" {
            let sarif: Value = serde_json::from_str(&text).expect("JSON");
            let run = &sarif["runs"][0];
            assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "OWN-1");
            assert_eq!(run["results"][0]["ruleId"], "OWN-1");
            let region = &run["results"][0]["locations"][0]["physicalLocation"]["region"];
            assert_eq!(region["startLine"], 15);
        }
    }
    let asked = ["source", "--complete", "--rules", &rules, "--checks", "OWN-1"];
    let hidden = folder.report(&[&asked[..], &["--severity", "low"]].concat());
    assert_eq!(findings(&hidden, "OWN-1").len(), 0);
    let wrong = folder.run(&["scan", "source", "--rules", &rules, "--checks", "OWN-2"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", said(&wrong));
    // Without the flag there is no such check.
    assert_eq!(folder.run(&["scan", "source", "--checks", "OWN-1"]).status.code(), Some(2));
    let except =
        folder.write("except.yaml", "- {id: OWN-1, object: Deployment shop/one, reason: known}\n");
    let report = folder.report(&[&asked[..], &["--exceptions", &except]].concat());
    assert_eq!(findings(&report, "OWN-1")[0]["excepted"]["reason"], "known");
    folder.write("except.yaml", "- {id: OWN-7, reason: known}\n");
    let output = folder.run(&[&["scan"], &asked[..], &["--exceptions", &except]].concat());
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("OWN-7"), "{}", said(&output));
    let noted = SHOP.replace("example.com/owner: nobody", "ringfort.dev/ignore.OWN-1: fine");
    folder.write("source/shop.yaml", &noted);
    let report = folder.report(&asked);
    assert_eq!(findings(&report, "OWN-1")[0]["excepted"]["source"], "annotation");
    // A baseline knows them.
    folder.write("source/shop.yaml", SHOP);
    let before = folder.path("before.json");
    let to_file = format!("json={before}");
    assert!(folder.run(&[&["scan"], &asked[..], &["-f", &to_file]].concat()).status.success());
    let gate =
        [&["scan"], &asked[..], &["--baseline", &before, "--fail-on", "new-finding"]].concat();
    let same = folder.run(&gate);
    assert_eq!(same.status.code(), Some(0), "{}", said(&same));
    folder.write("source/shop.yaml", &SHOP.replace("replicas: 2", "replicas: 0"));
    assert_eq!(folder.run(&gate).status.code(), Some(3));
}

#[test]
fn rules_stand_in_the_configuration_and_in_folders_too() {
    let folder = shop();
    folder.write("ringfort.yaml", &rule("object.spec.replicas >= 2"));
    let report = folder.report(&["source", "--complete"]);
    assert_eq!(counts(&report, "OWN-1"), (1, 1, 0));
    std::fs::create_dir(folder.0.join("more")).expect("a folder");
    folder.write("more/b.yaml", &rule("true").replace("OWN-1", "OWN-2"));
    folder.write("more/notes.txt", "no rule");
    let report = folder.report(&["source", "--complete", "--rules", "more"]);
    assert_eq!((counts(&report, "OWN-1"), counts(&report, "OWN-2")), ((1, 1, 0), (0, 2, 0)));
    // One id twice, in two files.
    folder.write("more/b.yaml", &rule("true").replace("OWN-1", "own-1"));
    let output = folder.run(&["scan", "source", "--rules", "more"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("ringfort.yaml:2"), "{}", said(&output));
    // The key may name files as the flag does.
    folder.write("more/b.yaml", &rule("true").replace("OWN-1", "OWN-2"));
    folder.write("ringfort.yaml", "scan: {rules: [more]}\n");
    assert_eq!(counts(&folder.report(&["source", "--complete"]), "OWN-2"), (0, 2, 0));
    folder.write("ringfort.yaml", "costs: {label: 1}\nrules:\n- id: OWN-1\n");
    let output = folder.run(&["scan", "source"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("ringfort.yaml:3: rules[0]: missing field"),
        "{}",
        said(&output)
    );
}

#[test]
fn a_file_of_rules_that_is_wrong_ends_the_run_and_names_line_and_field() {
    let folder = shop();
    let good = rule("true").replace("'true'", "true");
    let edit = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    let two = format!("{good}{}", good.strip_prefix("rules:\n").expect("a list"));
    let cases: &[(String, &str)] = &[
        ("rules: [\n".to_owned(), "rules.yaml: "),
        (String::new(), "it holds no rule"),
        ("rules: []\n".to_owned(), "it holds no rule"),
        ("- id: x\n".to_owned(), "rules.yaml:1: "),
        (format!("schema: ringfort.rules/9\n{good}"), ":1: schema: "),
        (format!("{good}rulez: 1\n"), "unknown field `rulez`"),
        (two, ":9: rules[1].id: two rules have the id OWN-1"),
        (edit("  title: Title\n", ""), ":2: rules[0]: missing field `title`"),
        (edit("title: Title", "title: ''"), ":3: rules[0].title: it is empty"),
        (edit("title: Title", "title: [1]"), ":3: rules[0].title: "),
        (edit("  fix: Mend it.", "  fix: ' '"), "rules[0].fix: it is empty"),
        (edit("severity: high", "severity: awful"), ":4: rules[0].severity: \"awful\""),
        (edit("zone: impact", "zone: moon"), ":5: rules[0].zone: \"moon\" is none of"),
        (edit("  zone:", "  zoen:"), "unknown field `zoen`"),
        (edit("OWN-1", "RF-WKL-001"), ":2: rules[0].id: RF-WKL-001 is a check of the catalogue"),
        (edit("OWN-1", "rf-wkl-001"), "is a check of the catalogue"),
        (edit("OWN-1", "RF-OWN-001"), "ids that begin with RF-"),
        (edit("OWN-1", "vap.own"), "ids that begin with vap."),
        (edit("OWN-1", "a*"), "is not made of letters"),
        (edit("OWN-1", "-a"), "is not made of letters"),
        (edit("OWN-1", &"a".repeat(57)), "longer than 56"),
        (edit("[Deployment]", "[]"), ":7: rules[0].match.kinds: it is empty"),
        (edit("[Deployment]", "[Pod, Deploymnet]"), ":7: rules[0].match.kinds[1]: \"Deploymnet\""),
        (edit("[Deployment]", "[Thing.]"), "rules[0].match.kinds[0]: \"Thing.\" is not KIND.GROUP"),
        (edit("[Deployment]", "[Pod], namespaces: ['']"), "match.namespaces[0]: it is empty"),
        (edit("[Deployment]", "[Pod], namespace: [a]"), "unknown field `namespace`"),
        (
            edit("[Deployment]", "[Pod], labels: {matchExpressions: [{key: a, operator: Is}]}"),
            "rules[0].match.labels.matchExpressions[0].operator: \"Is\"",
        ),
        (
            edit("[Deployment]", "[Pod], labels: {matchExpressions: [{key: a, operator: In}]}"),
            "In needs values",
        ),
        (
            edit(
                "[Deployment]",
                "[Pod], labels: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}",
            ),
            "Exists takes no values",
        ),
        (edit("  expression: true\n", ""), "rules[0]: neither expression nor expressions"),
        (
            edit("expression: true", "expression: 'true'\n  expressions: [{expression: 'true'}]"),
            "rules[0].expressions: either expression or expressions",
        ),
        (
            edit("expression: true", "expressions: [{expression: 'true'}]\n  message: m"),
            ":9: rules[0].message: it belongs to",
        ),
        (
            edit("expression: true", "expression: 'object.'"),
            ":8: rules[0].expression: does not parse",
        ),
        (
            edit("expression: true", "expression: nothing == 1"),
            "undeclared reference to \"nothing\"",
        ),
        (edit("expression: true", "expression: object.foo(1)"), "function \"foo\" is not known"),
        (
            edit(
                "expression: true",
                "expression: variables.x\n  variables: [{name: z, expression: '1'}]",
            ),
            "undeclared reference to \"variables.x\"",
        ),
        (
            edit(
                "expression: true",
                "expression: 'true'\n  variables: [{name: 1a, expression: '1'}]",
            ),
            ":9: rules[0].variables[0].name: ",
        ),
        (
            edit(
                "expression: true",
                "expression: 'true'\n  variables:\n  - {name: a, expression: '1'}\n  - {name: a, expression: '1'}",
            ),
            ":11: rules[0].variables[1].name: two variables are called a",
        ),
        (
            edit(
                "expression: true",
                "expression: 'true'\n  variables:\n  - {name: a, expression: '('}",
            ),
            ":10: rules[0].variables[0].expression: does not parse",
        ),
        (
            edit("expression: true", "expression: 'true'\n  messageExpression: 'object.'"),
            ":9: rules[0].messageExpression: does not parse",
        ),
        (
            edit(
                "expression: true",
                "expressions:\n  - {expression: 'true'}\n  - {expression: '('}",
            ),
            ":10: rules[0].expressions[1].expression: does not parse",
        ),
    ];
    for (text, want) in cases {
        // A text is what an expression is; YAML would read `true` as none.
        let text = text.replace("expression: true", "expression: 'true'");
        let rules = folder.write("rules.yaml", &text);
        let output = folder.run(&["scan", "source", "--rules", &rules]);
        assert_eq!(output.status.code(), Some(2), "{text}\n{}", said(&output));
        assert!(said(&output).contains(want), "{want:?} is not in: {}", said(&output));
        assert!(said(&output).contains("rules.yaml"), "{}", said(&output));
    }
    let none = folder.run(&["scan", "source", "--rules", "nowhere.yaml"]);
    assert_eq!(none.status.code(), Some(2), "{}", said(&none));
    std::fs::create_dir(folder.0.join("empty")).expect("a folder");
    let none = folder.run(&["scan", "source", "--rules", "empty"]);
    assert_eq!(none.status.code(), Some(2), "{}", said(&none));
}

/// A policy on Deployments with one binding.
fn policy(expression: &str, spec: &str, binding: &str) -> String {
    let expression = text(expression);
    format!(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\n\
         metadata: {{name: own}}\nspec:\n  matchConstraints:\n    resourceRules:\n    \
         - {{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}}\n  \
         validations:\n  - expression: {expression}\n    message: not like this\n{spec}\
         ---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\n\
         metadata: {{name: bind}}\nspec:\n  policyName: own\n{binding}"
    )
}

const DENY: &str = "  validationActions: [Deny]\n";

#[test]
fn policies_say_what_they_would_refuse() {
    let folder = shop();
    let asked = |policies: &str| {
        let file = folder.write("policies.yaml", policies);
        folder.report(&["source", "--complete", "--policies", &file])
    };
    let report = asked(&policy("object.spec.replicas >= 2", "", DENY));
    assert_eq!(counts(&report, "vap.own"), (1, 1, 0));
    let found = findings(&report, "vap.own");
    let finding = found[0];
    assert_eq!(finding["object"], "Deployment shop/one");
    assert_eq!(finding["severity"], "medium");
    assert_eq!(finding["note"], "own through bind (Deny): not like this");
    let shown = finding["evidence"].to_string();
    for part in [
        "ValidatingAdmissionPolicyBinding bind",
        "object.spec.replicas >= 2",
        "spec.validationActions",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(finding["place"]["line"], 15);
    for (action, severity) in [("Warn", "low"), ("Audit", "info")] {
        let report = asked(&policy("false", "", &format!("  validationActions: [{action}]\n")));
        assert_eq!(counts(&report, "vap.own"), (2, 0, 0));
        assert_eq!(findings(&report, "vap.own")[0]["severity"], severity);
    }
    // Matching, conditions, failure, and namespaces are the engine's.
    let selected = |labels: &str| {
        format!("{DENY}  matchResources: {{namespaceSelector: {{matchLabels: {labels}}}}}\n")
    };
    for (text, want) in [
        (policy("false", "", &selected("{tier: gold}")), (2, 0, 0)),
        (policy("false", "", &selected("{tier: tin}")), (0, 0, 0)),
        (
            policy(
                "false",
                "  matchConditions: [{name: c, expression: object.metadata.name == 'two'}]\n",
                DENY,
            ),
            (1, 0, 0),
        ),
        (policy("object.spec.none == 1", "", DENY), (2, 0, 0)),
        (policy("object.spec.none == 1", "  failurePolicy: Ignore\n", DENY), (0, 2, 0)),
        (policy("namespaceObject.metadata.labels.tier == 'tin'", "", DENY), (2, 0, 0)),
        (
            policy("\"object.metadata.annotations['example.com/owner'] == 'team'\"", "", DENY),
            (1, 1, 0),
        ),
        (
            policy("authorizer.group('').resource('pods').check('get').allowed()", "", DENY),
            (0, 0, 2),
        ),
        (policy("object.metadata.uid != ''", "", DENY), (0, 0, 2)),
        (policy("request.userInfo.username == 'a'", "", DENY), (0, 0, 2)),
    ] {
        let report = asked(&text);
        assert_eq!(counts(&report, "vap.own"), want, "{text}\n{}", reasons(&report, "vap.own"));
    }
    // A policy without a binding does nothing.
    let alone = policy("false", "", DENY);
    let alone = alone.split("---").next().expect("the policy");
    assert_eq!(tally(&asked(alone), "vap.own")["status"], "not-applicable");
}

#[test]
fn parameters_are_whole_wherever_they_stand() {
    let folder = shop();
    let text = policy(
        "object.spec.replicas >= int(params.data.least)",
        "  paramKind: {apiVersion: v1, kind: ConfigMap}\n",
        &format!(
            "{DENY}  paramRef: {{name: limits, namespace: shop, parameterNotFoundAction: Deny}}\n"
        ),
    );
    let config = |least: &str| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: limits, namespace: shop}}\ndata: {{least: '{least}'}}\n"
        )
    };
    // Among the policies, then in the source, then nowhere.
    let file = folder.write("policies.yaml", &format!("{text}{}", config("2")));
    let asked = ["source", "--complete", "--policies", &file];
    assert_eq!(counts(&folder.report(&asked), "vap.own"), (1, 1, 0));
    folder.write("policies.yaml", &text);
    folder.write("source/limits.yaml", &config("1"));
    assert_eq!(counts(&folder.report(&asked), "vap.own"), (0, 2, 0));
    std::fs::remove_file(folder.0.join("source/limits.yaml")).expect("it was written");
    let report = folder.report(&asked);
    assert_eq!(counts(&report, "vap.own"), (2, 0, 0), "{}", reasons(&report, "vap.own"));
    let report = folder.report(&["source", "--policies", &file]);
    let (fail, pass, unknown) = counts(&report, "vap.own");
    assert_eq!((fail, pass, unknown > 2), (0, 0, true), "{}", reasons(&report, "vap.own"));
}

#[test]
fn policies_of_the_source_are_asked_if_it_is_said() {
    let folder = shop();
    folder.write("source/policies.yaml", &policy("object.spec.replicas >= 2", "", DENY));
    let report = folder.report(&["source", "--complete"]);
    assert!(report["checks"].as_array().expect("checks").iter().all(|one| one["id"] != "vap.own"));
    let asked = ["source", "--complete", "--k8s-version", "1.36", "--policies", "cluster"];
    let report = folder.report(&asked);
    assert_eq!(counts(&report, "vap.own"), (1, 1, 0));
    assert_eq!(tally(&report, "vap")["status"], "not-applicable");
    // Servers before 1.26 have none, and until 1.30 they may be off.
    for (version, want) in [("1.25", (0, 0, 0)), ("1.28", (0, 0, 2))] {
        let report = folder.report(&[
            "source",
            "--complete",
            "--k8s-version",
            version,
            "--policies",
            "cluster",
        ]);
        assert_eq!(counts(&report, "vap.own"), want, "{version}");
    }
    // That there may be others is unknown.
    let report = folder.report(&["source", "--policies", "cluster"]);
    assert_eq!(tally(&report, "vap")["status"], "unknown");
    let chosen = folder.report(&[&asked[..], &["--checks", "vap.own"]].concat());
    assert_eq!(chosen["checks"].as_array().map(Vec::len), Some(1));
    for wrong in ["vap.other", "vap.o", "vapp*"] {
        let output = folder.run(&[&["scan"], &asked[..], &["--checks", wrong]].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong}: {}", said(&output));
    }
    let except = folder.write("except.yaml", "- {id: vap.own, reason: known}\n");
    let report = folder.report(&[&asked[..], &["--exceptions", &except]].concat());
    assert_eq!(findings(&report, "vap.own")[0]["excepted"]["reason"], "known");
    folder.write("except.yaml", "- {id: vap.other, reason: known}\n");
    let output = folder.run(&[&["scan"], &asked[..], &["--exceptions", &except]].concat());
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    // A webhook of the source may change what a manifest holds.
    folder.write(
        "source/hook.yaml",
        "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: m}\n\
         webhooks:\n- name: m.example.com\n  rules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}]\n",
    );
    let report = folder.report(&asked);
    assert_eq!(counts(&report, "vap.own"), (0, 0, 2), "{}", reasons(&report, "vap.own"));
    // What is no policy is no folder of policies.
    assert_eq!(folder.run(&["scan", "source", "--policies", "rules.yaml"]).status.code(), Some(1));
    let output = folder.run(&["scan", "source", "--policies", &folder.path("source/shop.yaml")]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}

#[test]
fn values_of_secrets_are_in_no_verdict_and_others_in_no_message() {
    let folder = shop();
    folder.write(
        "source/secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: shop\n  annotations: {note: CANARY-note}\n\
         data: {k: Q0FOQVJZ}\nstringData: {t: CANARY-text}\ntype: Opaque\n---\napiVersion: v1\nkind: ConfigMap\n\
         metadata: {name: c, namespace: shop}\ndata: {k: CANARY-map}\n",
    );
    let print = |kind: &str, expression: &str, message: &str| {
        let text = rule(&json!(expression).to_string()).replace("Deployment", kind);
        let text = format!("{text}  messageExpression: {}\n", json!(message));
        let rules = folder.write("rules.yaml", &text);
        let output = folder.run(&[
            "scan",
            "source",
            "--complete",
            "--rules",
            &rules,
            "--checks",
            "OWN-1",
            "-f",
            "json",
        ]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!text.contains("CANARY") && !text.contains("Q0FOQVJZ"), "{expression}: {text}");
        let report = serde_json::from_str(&text).expect("JSON");
        counts(&report, "OWN-1")
    };
    // Of a Secret nothing that is a value decides; what else it has does.
    for (expression, want) in [
        ("object.data.k == 'x'", (0, 0, 1)),
        ("has(object.data)", (0, 0, 1)),
        ("has(object.stringData) && object.stringData.t == 'x'", (0, 0, 1)),
        ("object.metadata.annotations.note == 'x'", (0, 0, 1)),
        ("object.type == 'Opaque'", (0, 1, 0)),
        ("object.type == 'x' || object.metadata.name == 'x'", (1, 0, 0)),
    ] {
        assert_eq!(print("Secret", expression, "string(object.data.k)"), want, "{expression}");
    }
    // Others are decided; what is said holds no value.
    let env = "object.spec.template.spec.containers[0].env[0].value";
    assert_eq!(print("Deployment", &format!("{env} == 'x'"), &format!("'is ' + {env}")).0, 1);
    assert_eq!(print("Deployment", &format!("int({env}) == 1"), "'m'"), (0, 0, 2));
    assert_eq!(print("Deployment", &format!("'a'.matches('[' + {env})"), "'m'"), (0, 0, 2));
    assert_eq!(print("ConfigMap", "object.data.k == 'x'", "object.data.k"), (1, 0, 0));
    let note = "object.metadata.annotations['example.com/owner']";
    assert_eq!(print("Deployment", &format!("{note} == 'x'"), note), (2, 0, 0));
    // What is no value is said.
    let rules = folder.write(
        "rules.yaml",
        &format!("{}  messageExpression: \"'named ' + object.metadata.name\"\n", rule("false")),
    );
    let report = folder.report(&["source", "--complete", "--rules", &rules]);
    assert_eq!(findings(&report, "OWN-1")[0]["note"], "named one");
}

#[test]
fn a_running_cluster_is_listed_again_for_what_rules_ask() {
    let mut objects = Objects::new("v1.36.2");
    let meta =
        |name: &str| json!({"name": name, "namespace": "a", "uid": name, "resourceVersion": "1"});
    let deployments = json!({"kind": "DeploymentList", "apiVersion": "apps/v1", "items": [
        {"metadata": meta("one"), "spec": {"replicas": 1, "paused": true, "template": {"spec": {"containers": [{"name": "c"}]}}}},
        {"metadata": meta("two"), "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "c"}]}}}},
    ]});
    objects.add(&deployments.to_string()).expect("a list");
    let server = Server::start(objects, Behaviour::default()).expect("a server");
    let folder = Folder::new();
    let file = folder.path("kubeconfig");
    server.write_kubeconfig(Path::new(&file)).expect("a file");
    let rules = folder.write("rules.yaml", &rule("\"!has(object.spec.paused)\""));
    let report = folder.report(&["--kubeconfig", &file, "--rules", &rules]);
    assert_eq!(counts(&report, "OWN-1"), (1, 1, 0), "{}", reasons(&report, "OWN-1"));
    assert_eq!(findings(&report, "OWN-1")[0]["object"], "Deployment a/one");
}
