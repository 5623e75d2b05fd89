//! Every format on the recorded cluster and on objects with hostile names: what it says, that
//! its schema holds, and that no name gets out of its place.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

mod ocsf;

/// The suites' folder, or `None` after saying that the test is skipped.
fn suites() -> Option<PathBuf> {
    let given = std::env::var_os("RINGFORT_SUITES").map(PathBuf::from);
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let path = given.unwrap_or(beside);
    if path.join("suites/schemas").is_dir() {
        return Some(path);
    }
    println!("skipped: no suites at {}", path.display());
    None
}

/// A report in every format.
struct Formats {
    json: Value,
    sarif: Value,
    junit: String,
    markdown: String,
    csv: String,
    ocsf: Vec<Value>,
    gitlab: Value,
    prometheus: String,
    html: String,
    human: String,
}

impl Formats {
    /// Scans in one run, in a folder of its own.
    fn of(name: &str, source: &Path, more: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("formats-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
        command.current_dir(&folder).args(["-q", "scan"]).arg(source).args(more);
        for format in [
            "json",
            "sarif",
            "junit",
            "markdown",
            "csv",
            "ocsf",
            "gitlab-sast",
            "prometheus",
            "html",
            "dot",
            "graphml",
        ] {
            command.args(["-f", &format!("{format}={format}")]);
        }
        let output = command.args(["-f", "human"]).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        let text = |name: &str| {
            let text = std::fs::read_to_string(folder.join(name)).expect(name);
            // Nothing turns the line around in which it stands, in no format.
            let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            assert!(!text.contains(turns), "{name}");
            text
        };
        assert!(!text("dot").is_empty() && !text("graphml").is_empty());
        let json = |name: &str| serde_json::from_str(&text(name)).expect(name);
        let found = Self {
            json: json("json"),
            sarif: json("sarif"),
            junit: text("junit"),
            markdown: text("markdown"),
            csv: text("csv"),
            ocsf: text("ocsf")
                .lines()
                .map(|line| serde_json::from_str(line).expect(line))
                .collect(),
            gitlab: json("gitlab-sast"),
            prometheus: text("prometheus"),
            html: text("html"),
            human: String::from_utf8(output.stdout).expect("text"),
        };
        std::fs::remove_dir_all(&folder).expect("it was made");
        found
    }

    /// What holds of any report.
    fn check(&self) {
        let findings = list(&self.json["findings"]);
        assert!(!findings.is_empty());
        self.check_sarif(findings);
        self.check_junit(findings);
        self.check_markdown(findings);
        self.check_csv(findings);
        self.check_gitlab(findings);
        self.check_prometheus(findings);
        for event in &self.ocsf {
            assert_eq!(event["class_uid"], 2003);
            assert_eq!(event["metadata"]["version"], "1.6.0");
        }
        let failed = self.ocsf.iter().filter(|event| event["compliance"]["status"] == "Fail");
        assert_eq!(failed.count(), findings.len());
        // What is unknown is there, and no pass.
        let unknown = list(&self.json["checks"]).iter().filter(|one| one["unknown"] != 0);
        let said = self.ocsf.iter().filter(|event| event["compliance"]["status"] == "Unknown");
        assert_eq!(said.count(), unknown.count());
        for text in [&self.markdown, &self.junit, &self.csv, &self.prometheus, &self.human] {
            let hostile = |c: char| c.is_control() && c != '\n' && c != '\r';
            assert!(!text.contains(hostile));
        }
    }

    fn check_sarif(&self, findings: &[Value]) {
        let run = &self.sarif["runs"][0];
        let results = list(&run["results"]);
        assert_eq!(results.len(), findings.len());
        let rules = list(&run["tool"]["driver"]["rules"]);
        let mut prints = BTreeSet::new();
        for result in results {
            let at = result["ruleIndex"].as_u64().expect("an index");
            assert_eq!(rules[usize::try_from(at).expect("small")]["id"], result["ruleId"]);
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().expect("a file");
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/%:".contains(&b);
            assert!(uri.bytes().all(plain), "{uri}");
            assert!(place["region"]["startLine"].as_u64() >= Some(1));
            assert!(prints.insert(result["partialFingerprints"]["ringfort/v1"].to_string()));
            let text = result["message"]["text"].as_str().expect("a text");
            assert!(!text.contains("](") || text.contains("\\]("), "{text}");
            let braces = text.replace("{{", "").replace("}}", "");
            assert!(!braces.contains(['{', '}']), "{text}");
        }
    }

    fn check_junit(&self, findings: &[Value]) {
        let document = roxmltree::Document::parse(&self.junit).expect("XML");
        xsd_holds(document.root_element());
        let failures = document.descendants().filter(|node| node.has_tag_name("failure")).count();
        assert_eq!(failures, findings.len());
        let cases: Vec<_> =
            document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
        assert_eq!(document.root_element().attribute("tests"), Some(&*cases.len().to_string()));
    }

    fn check_markdown(&self, findings: &[Value]) {
        assert!(self.markdown.len() <= 65_536);
        // No name ends a cell: the rows of a table have as many as its head.
        let mut head = None;
        for line in self.markdown.lines() {
            let bars = line.matches('|').count();
            head = line.starts_with('|').then(|| head.unwrap_or(bars));
            assert!(head.is_none_or(|head| head == bars), "{line}");
        }
        let of = |title: &str| {
            let table = self.markdown.split_once(title).expect(title).1.trim_start();
            table.lines().take_while(|line| line.starts_with('|')).skip(2).count()
        };
        assert!(of("#### Findings\n") == findings.len() || self.markdown.contains("Left out"));
        assert_eq!(of("<summary>Ways in by vector</summary>\n"), 13);
        assert!(of("<summary>Adoption of controls</summary>\n") > 10);
    }

    fn check_csv(&self, findings: &[Value]) {
        let rows = records(&self.csv);
        assert!(rows.iter().all(|row| row.len() == rows[0].len()), "ragged rows");
        let status = |name: &str| rows.iter().filter(|row| row[0] == name).count();
        assert_eq!(status("fail"), findings.len());
        for cell in rows.iter().flatten() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
        }
    }

    /// The rules of schema 15.0.4 for what is written.
    fn check_gitlab(&self, findings: &[Value]) {
        let scan = &self.gitlab["scan"];
        assert_eq!(self.gitlab["version"], "15.0.4");
        assert_eq!((&scan["type"], &scan["status"]), (&"sast".into(), &"success".into()));
        for tool in ["analyzer", "scanner"] {
            for field in ["id", "name", "version"] {
                assert!(scan[tool][field].as_str().is_some_and(|text| !text.is_empty()));
            }
            assert!(scan[tool]["vendor"]["name"].is_string());
        }
        for time in ["start_time", "end_time"] {
            let time = scan[time].as_str().expect("a time");
            assert!(time.len() == 19 && time.as_bytes()[10] == b'T', "{time}");
        }
        for message in list(&scan["messages"]) {
            assert!(matches!(message["level"].as_str(), Some("info" | "warn" | "fatal")));
        }
        let all = list(&self.gitlab["vulnerabilities"]);
        assert_eq!(all.len(), findings.len());
        for one in all {
            let length = |field: &str| one[field].as_str().expect("a text").chars().count();
            assert!(length("id") > 0 && length("name") <= 255 && length("solution") <= 7000);
            let severity = one["severity"].as_str().expect("a severity");
            assert!(["Info", "Low", "Medium", "High", "Critical"].contains(&severity));
            for identifier in list(&one["identifiers"]) {
                for field in ["type", "name", "value"] {
                    assert!(identifier[field].as_str().is_some_and(|text| !text.is_empty()));
                }
            }
            assert!(one["location"]["file"].is_string());
            assert!(one["location"]["start_line"].as_u64() >= Some(1));
        }
    }

    fn check_prometheus(&self, findings: &[Value]) {
        let mut typed = BTreeSet::new();
        let mut counted = 0;
        assert!(self.prometheus.ends_with('\n'));
        for line in self.prometheus.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let name = rest.strip_suffix(" gauge").expect("a gauge");
                assert!(typed.insert(name.to_owned()), "{name} is typed twice");
                continue;
            }
            if line.starts_with("# HELP ") {
                continue;
            }
            let (series, value) = line.rsplit_once(' ').expect("a sample");
            let name = series.split('{').next().expect("a name");
            assert!(typed.contains(name), "{name} has no type");
            let value: usize = value.parse().expect("a whole number");
            if name == "ringfort_findings" {
                counted += value;
            }
        }
        assert_eq!(counted, findings.len());
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).expect("a list")
}

/// What `junit-10.xsd` allows.
fn xsd_holds(node: roxmltree::Node<'_, '_>) {
    let (attributes, required, children): (&[&str], &[&str], &[&str]) = match node.tag_name().name()
    {
        "testsuites" => (&["name", "time", "tests", "failures", "errors"], &[], &["testsuite"]),
        "testsuite" => (
            &["name", "tests", "failures", "errors", "skipped", "timestamp"],
            &["name", "tests", "failures", "errors"],
            &["testsuite", "properties", "testcase", "system-out", "system-err"],
        ),
        "testcase" => (
            &["name", "time", "classname", "group"],
            &["name"],
            &["skipped", "error", "failure", "system-out", "system-err"],
        ),
        "skipped" | "error" | "failure" => (&["type", "message"], &[], &[]),
        other => panic!("{other} is no element of the schema"),
    };
    for attribute in node.attributes() {
        assert!(attributes.contains(&attribute.name()), "{attribute:?} of {node:?}");
    }
    for name in required {
        assert!(node.has_attribute(*name), "{name} of {node:?}");
    }
    for child in node.children().filter(roxmltree::Node::is_element) {
        assert!(children.contains(&child.tag_name().name()), "{child:?} in {node:?}");
        xsd_holds(child);
    }
}

/// The cells of a table as RFC 4180 has them.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let row = rows.last_mut().expect("there is one");
        let cell = row.last_mut().expect("there is one");
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\r' if !quoted => {
                assert_eq!(chars.next(), Some('\n'));
                if chars.peek().is_some() {
                    rows.push(vec![String::new()]);
                }
            }
            c => cell.push(c),
        }
    }
    rows
}

#[test]
fn the_recorded_cluster_in_every_format() {
    let Some(suites) = suites() else { return };
    let found = Formats::of("shop", &suites.join("clusters/shop.tar.zst"), &[]);
    found.check();
    for part in ["RF-WKL-007", "monitoring/node-exporter"] {
        for text in [&found.markdown, &found.csv, &found.junit, &found.sarif.to_string()] {
            assert!(text.contains(part), "{part}");
        }
    }
    schemas_hold(&suites, &found);
}

fn schemas_hold(suites: &Path, found: &Formats) {
    let folder = suites.join("suites/schemas");
    let schema = std::fs::read(folder.join("sarif-schema-2.1.0.json")).expect("a schema");
    let schema: Value = serde_json::from_slice(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(&found.sarif)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    // The schema is in use: a result without a message does not pass.
    let mut wrong = found.sarif.clone();
    wrong["runs"][0]["results"][0].as_object_mut().expect("a result").remove("message");
    assert!(!validator.is_valid(&wrong));

    let schema = ocsf::Schema::read(&folder.join("ocsf-schema.tar.zst"));
    let mut errors = BTreeSet::new();
    for event in &found.ocsf {
        schema.check_event("compliance_finding", event, &mut errors);
    }
    assert!(errors.is_empty(), "{errors:#?}");
    let mut wrong = found.ocsf[0].clone();
    wrong["metadata"].as_object_mut().expect("an object").remove("product");
    wrong["finding_info"]["analytic"].as_object_mut().expect("an object").remove("type_id");
    schema.check_event("compliance_finding", &wrong, &mut errors);
    assert_eq!(errors.len(), 2, "{errors:#?}");

    let xsd = folder.join("junit-10.xsd");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!(
        "{}-{}.xml",
        std::process::id(),
        found.junit.len()
    ));
    std::fs::write(&file, &found.junit).expect("a file");
    match Command::new("xmllint").args(["--noout", "--schema"]).arg(&xsd).arg(&file).output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        Err(_) => println!("skipped: no xmllint to validate JUnit with"),
    }
    std::fs::remove_file(&file).expect("it was written");
}

/// Names that try to get out of every format at once.
const HOSTILE: &str = "<img src=x onerror=alert(1)>]]>\\\"'|`](https://evil.example) @team {0} \\u0000\\u001b[2J\\u202e\\u2028";

#[test]
fn hostile_names_stay_names() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("formats-hostile-source-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut objects = Vec::new();
    for (at, start) in
        ["=cmd|' /C calc'!A0 ", "+1", "-1", "@SUM(1)", "```\\n# x\\n", ""].into_iter().enumerate()
    {
        let name = format!("{start}{HOSTILE}{at}");
        objects.push(format!(
            r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "{name}", "namespace": "{name}",
            "annotations": {{"ringfort.dev/ignore.RF-WKL-002": "{name}"}}}},
            "spec": {{"hostPID": true, "volumes": [{{"name": "v", "hostPath": {{"path": "/{name}"}}}}],
            "containers": [{{"name": "{name}", "image": "{name}", "securityContext": {{"privileged": true}},
            "volumeMounts": [{{"name": "v", "mountPath": "/x"}}]}}]}}}}"#
        ));
        objects.push(format!(
            r#"{{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {{"name": "{name}"}},
            "roleRef": {{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}},
            "subjects": [{{"kind": "User", "name": "{name}", "apiGroup": "rbac.authorization.k8s.io"}}]}}"#
        ));
    }
    objects.push(
        r#"{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "cluster-admin"},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}"#
            .to_owned(),
    );
    std::fs::write(folder.join("a b'#?.json"), objects.join("\n")).expect("a file");
    let found = Formats::of("hostile", &folder, &["--complete", "--k8s-version", "1.36"]);
    std::fs::remove_dir_all(&folder).expect("it was made");
    let excepted = list(&found.json["findings"]).iter().filter(|one| !one["excepted"].is_null());
    assert_eq!(excepted.count(), 6);
    // What an exception covers is suppressed, skipped or a message, so count without it.
    let mut rest = found;
    rest.json["findings"].as_array_mut().expect("findings").retain(|one| one["excepted"].is_null());
    let results = rest.sarif["runs"][0]["results"].as_array_mut().expect("results");
    let suppressed = |one: &Value| !list(&one["suppressions"]).is_empty();
    assert_eq!(results.iter().filter(|one| suppressed(one)).count(), 6);
    results.retain(|one| !suppressed(one));
    assert_eq!(rest.ocsf.iter().filter(|event| event["status_id"] == 3).count(), 6);
    rest.ocsf.retain(|event| event["status_id"] == 1);
    rest.prometheus = rest
        .prometheus
        .lines()
        .filter(|line| !line.contains("excepted=\"true\""))
        .map(|line| format!("{line}\n"))
        .collect();
    rest.markdown = rest
        .markdown
        .lines()
        .filter(|line| !line.contains(", excepted |"))
        .map(|line| format!("{line}\n"))
        .collect();
    rest.check();
    // Outside of code nothing of them is left.
    let mut outside = String::new();
    let mut fence: Option<String> = None;
    for line in rest.markdown.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if ticks.len() >= open.len() && line.len() == ticks.len() => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 && line.ends_with("sh") => fence = Some(ticks),
            None => outside.push_str(&without_spans(line)),
        }
    }
    for part in ["<img", "@team", "](", "evil.example"] {
        assert!(!outside.contains(part), "{part} in {outside}");
    }
    assert!(!rest.html.contains("<img"), "the page holds the element");
    assert!(!rest.junit.contains("<img") && !rest.junit.contains("]]>"));
    if let Some(suites) = suites() {
        schemas_hold(&suites, &rest);
    }
}

/// A line without its code spans, by the rule of CommonMark: a run of backticks is closed by
/// the next run of the same length.
fn without_spans(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        let run = rest[at..].bytes().take_while(|b| *b == b'`').count();
        let inside = &rest[at + run..];
        let mut from = 0;
        let closed = loop {
            let Some(next) = inside[from..].find('`') else { break None };
            let start = from + next;
            let length = inside[start..].bytes().take_while(|b| *b == b'`').count();
            if length == run {
                break Some(start + length);
            }
            from = start + length;
        };
        match closed {
            Some(end) => rest = &inside[end..],
            None => {
                out.push_str(&rest[at..at + run]);
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}

#[test]
fn formats_that_do_not_exist_or_collide_are_wrong_usage() {
    for formats in [&["-f", "sarfi"][..], &["-f", "json", "-f", "sarif"], &["-f", "json="]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
        // The source is not even looked for.
        let output = command.args(["scan", "/nowhere"]).args(formats).output().expect("it starts");
        assert_eq!(output.status.code(), Some(2), "{formats:?}");
        assert!(output.stdout.is_empty());
    }
}
