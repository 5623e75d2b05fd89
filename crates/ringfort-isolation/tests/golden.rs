//! Golden verdicts: every file of `fixtures/` holds cases of the rule that it is named after.
//!
//! A case has a pod (in namespace `n`), a node, facts of it, objects, the server's minor (36
//! unless it says otherwise), and the verdict: `absent`, `effective`, `not effective: WORDS` or
//! `unknown: WORDS`, where the words are part of the reason or of what is missing. Rules that
//! say what other rules have to see (EFF-02 to EFF-07) name in `of` the one by which they show.
//! Which rules there are is the engine's own table ([`RULES`]).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ringfort_isolation::controls::{Engine, RULES};
use ringfort_isolation::scheduling::{Freedom, Placements, Question, Today, dedicated_nodes};
use ringfort_isolation::{
    Control, Effect, Handler, LowLevelRuntime, Member, Mesh, NodeFacts, PullVerification,
    app_armor, audit_log, digest_pin, dropped_capabilities, mountable_secrets, no_new_privileges,
    no_token, non_root, pod_security, proc_mask, pull_credentials, quota, read_only_root,
    sandbox_with, se_linux, seccomp, secret_encryption, user_namespace_with, workload_identity,
};
use ringfort_model::record::{Meta, Node};
use ringfort_model::{
    Cluster, ClusterBuilder, KubeVersion, Listed, Map, Object, PodSpec, SourceKind, Str,
};
use ringfort_podsec::{Exemptions, Level};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn facts(value: &Value) -> NodeFacts {
    let flag = |name: &str| value[name].as_bool();
    let low = value["low_level_runtime"].as_array().map(|parts| LowLevelRuntime {
        name: parts[0].as_str().expect("a name").to_owned(),
        version: parts[1].as_str().expect("a version").to_owned(),
    });
    let handlers: BTreeMap<String, Handler> = value["handlers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, what)| {
            let sandbox = what == "sandbox";
            (name.clone(), if sandbox { Handler::Sandbox } else { Handler::Plain })
        })
        .collect();
    NodeFacts {
        low_level_runtime: low,
        user_namespaces_gate: flag("user_namespaces_gate"),
        volumes_map_ids: flag("volumes_map_ids"),
        seccomp_default: flag("seccomp_default"),
        app_armor: flag("app_armor"),
        se_linux: flag("se_linux"),
        handlers,
        pull_verification: value["pull_verification"].as_str().map(|policy| match policy {
            "off" => PullVerification::Off,
            "always" => PullVerification::Always,
            _ => PullVerification::ButPreloaded,
        }),
        images_preloaded: flag("images_preloaded"),
        local_profiles: flag("local_profiles"),
    }
}

struct Case {
    cluster: Cluster,
    spec: PodSpec,
    node: Option<Node>,
    facts: NodeFacts,
    given: Value,
}

impl Case {
    fn read(given: &Value) -> Self {
        let manifests = given["manifests"] == true;
        let source = if manifests { SourceKind::Manifests } else { SourceKind::Dump };
        let mut builder = ClusterBuilder::new(source);
        let minor = given.get("server").map_or(Some(36), Value::as_u64);
        builder.version(minor.map(|minor| KubeVersion::minor(minor as u32)), "");
        builder.coverage().rest_is_complete = given["silent"] != true;
        for resource in given["unlisted"].as_array().into_iter().flatten() {
            let name = resource.as_str().expect("a name");
            builder.coverage().note(name, Listed::Forbidden("403".into()));
        }
        for object in given["objects"].as_array().into_iter().flatten() {
            builder.add(Object::read(object.to_string().as_bytes()).expect("an object"));
        }
        let pod = given.get("pod").cloned().unwrap_or_else(|| json!({}));
        let node = given
            .get("node")
            .map(|node| serde_json::from_value::<Node>(node.clone()).expect("a node"));
        Self {
            cluster: builder.freeze(),
            spec: serde_json::from_value(pod).expect("a pod specification"),
            node,
            facts: facts(&given["facts"]),
            given: given.clone(),
        }
    }

    fn judge(&self, rule: &str) -> Control {
        let Self { cluster, spec, facts, .. } = self;
        let node = self.node.as_ref();
        let container = || match self.given["container"].as_str() {
            None => &spec.containers[0],
            Some(name) => {
                let mut all = spec.all_containers().map(|(_, _, container)| container);
                all.find(|container| container.name == *name).expect("a container of that name")
            }
        };
        let flag = |name: &str| self.given[name] == true;
        match self.given["of"].as_str().unwrap_or(rule) {
            "EFF-UNS" => user_namespace_with(spec, node.expect("a node"), cluster.version, facts),
            "EFF-RTC" => {
                let nodes: Vec<(&Node, &NodeFacts)> =
                    node.map(|node| (node, facts)).into_iter().collect();
                sandbox_with(spec, cluster, &nodes)
            }
            "EFF-AUTO" => no_token(spec, "n", cluster, flag("mirror"), !flag("live")),
            "EFF-SEC" => seccomp(spec, container(), facts),
            "EFF-AA" => app_armor(spec, &Map::default(), container(), facts),
            "EFF-SEL" => se_linux(spec, container(), node, facts),
            "EFF-RO" => read_only_root(spec, container(), "n", cluster),
            "EFF-NONROOT" => non_root(spec, container(), node, cluster),
            "EFF-CAPS" => dropped_capabilities(spec, container(), node),
            "EFF-APE" => no_new_privileges(spec, container()),
            "EFF-PROC" => proc_mask(spec, container(), cluster.version),
            "EFF-IMG" => digest_pin(spec),
            "EFF-PULLCRED" => pull_credentials(spec, node, facts),
            "EFF-QUOTA" => quota(cluster, "n"),
            "EFF-PSS" => {
                let target: Level =
                    self.given["target"].as_str().expect("a target").parse().expect("a level");
                let exempt = self.given["exempt"].as_str().map(Str::new);
                let exemptions = Exemptions {
                    namespaces: exempt.into_iter().collect(),
                    ..Exemptions::default()
                };
                pod_security(cluster, "n", target, &exemptions)
            }
            "EFF-05" => mountable_secrets(spec, "n", cluster),
            "EFF-WI" => workload_identity(&cluster.service_accounts.as_slice()[0], Some(spec)),
            "EFF-AUD" => audit_log(cluster),
            "EFF-ENC" => secret_encryption(cluster),
            "EFF-SCHED" => self.dedicated(),
            "EFF-MESH" => self.mesh(),
            other => panic!("no rule {other}"),
        }
    }

    fn mesh(&self) -> Control {
        let texts = |value: &Value| -> Map {
            let fields = value.as_object().into_iter().flatten();
            fields
                .map(|(key, one)| (Str::new(key), Str::new(one.as_str().expect("text"))))
                .collect()
        };
        let mut labels = texts(&json!({"app": "a"}));
        if self.given["labels"].is_object() {
            labels = texts(&self.given["labels"]);
        }
        let annotations = texts(&self.given["annotations"]);
        let around = self.given.get("namespace").map(|given| Meta {
            labels: texts(&given["labels"]),
            annotations: texts(&given["annotations"]),
            ..Meta::default()
        });
        let pod = Member {
            labels: &labels,
            annotations: &annotations,
            namespace: self.given["in"].as_str().unwrap_or("n"),
            spec: &self.spec,
            namespace_meta: around.as_ref(),
        };
        let mesh = Mesh::of(&self.cluster);
        // Cases that say where the pod listens are about who may connect there.
        match self.given["listens"].as_array() {
            None => mesh.strict(&pod),
            Some(ports) => {
                let ports =
                    ports.iter().filter_map(Value::as_u64).filter_map(|p| p.try_into().ok());
                let ports: Vec<(u16, u16)> = ports.map(|port| (port, port)).collect();
                mesh.limits_peers(&pod, &ports)
            }
        }
    }

    fn dedicated(&self) -> Control {
        let cluster = &self.cluster;
        let units = cluster.units();
        let mine = units.iter().position(|unit| unit.namespace == "n").expect("a pod of n");
        let freedom = match self.given["freedom"].as_str() {
            Some("all") => Freedom::all(),
            Some("names") => Freedom { tolerations: Some(false), ..Freedom::all() },
            Some("none") => {
                Freedom { tolerations: Some(false), node_name: Some(false), missing: Vec::new() }
            }
            _ => Freedom::of(cluster),
        };
        dedicated_nodes(
            &Question {
                cluster,
                units: &units,
                placements: &Placements::of_units(cluster, &units),
                today: &Today::of(cluster, &units),
                freedom: &freedom,
                one_tenant: &|a, b| a == b,
            },
            mine,
        )
    }
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

fn cases(path: &Path) -> Vec<Value> {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn rules_of_this_engine_judge_as_their_fixtures_say() {
    let mut wrong = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.engine == Engine::Isolation) {
        for case in cases(&folder().join(format!("{}.json", rule.id))) {
            let want = case["want"].as_str().expect("a verdict");
            let found = Case::read(&case).judge(rule.id);
            if differs(&found, want) {
                wrong.push(format!("{}, {}: want {want}, found {found:?}", rule.id, case["name"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_of_the_table_has_a_fixture_for_each_of_its_verdicts() {
    let mut lacking = Vec::new();
    let mut files = BTreeSet::new();
    for rule in RULES {
        let of_engine = match rule.engine {
            Engine::Isolation => "fixtures",
            Engine::Admission => "../ringfort-admission/fixtures",
            Engine::Graph => "../ringfort/tests/effects",
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(of_engine);
        let path = folder.join(format!("{}.json", rule.id));
        if !path.exists() {
            lacking.push(format!("{}: no {}", rule.id, path.display()));
            continue;
        }
        let mut names = BTreeSet::new();
        let mut verdicts: BTreeSet<String> = BTreeSet::new();
        for case in cases(&path) {
            let want = case["want"].as_str().expect("a verdict");
            verdicts.insert(want.split(':').next().unwrap_or(want).to_owned());
            let name = case["name"].as_str().expect("a name").to_owned();
            assert!(names.insert(name), "{}: two cases are called {}", rule.id, case["name"]);
        }
        for verdict in ["absent", "not effective", "effective", "unknown"] {
            let reason = rule.never.iter().find(|(which, _)| *which == verdict);
            match (verdicts.remove(verdict), reason) {
                (true, None) | (false, Some(_)) => {}
                (false, None) => lacking.push(format!("{}: no case is {verdict}", rule.id)),
                (true, Some((_, why))) => {
                    lacking.push(format!("{} gives {verdict} all the same: {why}", rule.id));
                }
            }
        }
        assert!(verdicts.is_empty(), "{}: {verdicts:?} are no verdicts", rule.id);
        files.insert(path.file_name().expect("a name").to_owned());
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
    // A fixture of no rule is judged by nobody.
    for entry in std::fs::read_dir(folder()).expect("the fixtures") {
        let name = entry.expect("an entry").file_name();
        let is_one = Path::new(&name).extension().is_some_and(|end| end == "json");
        assert!(!is_one || files.contains(&name), "{name:?} is of no rule");
    }
}

#[test]
fn the_node_matrix_of_user_namespaces() {
    let text = std::fs::read_to_string(folder().join("EFF-UNS.matrix")).expect("the matrix");
    let mut count = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split(" | ").collect();
        let [kernel, runtime, low, minor, gate, want] = columns[..] else { panic!("{line}") };
        let minor: u32 = minor.trim_start_matches("1.").parse().expect("a minor");
        let mut facts = NodeFacts {
            user_namespaces_gate: match gate {
                "True" => Some(true),
                "False" => Some(false),
                _ => None,
            },
            ..NodeFacts::default()
        };
        if let Some((name, version)) = low.split_once(' ').filter(|(name, _)| *name != "not") {
            let (name, version) = (name.to_owned(), version.to_owned());
            facts.low_level_runtime = Some(LowLevelRuntime { name, version });
        }
        let node: Node = serde_json::from_value(json!({"metadata": {"name": "n"},
            "status": {"nodeInfo": {"kernelVersion": kernel, "containerRuntimeVersion": runtime,
                "kubeletVersion": format!("v1.{minor}.0")}}}))
        .expect("a node");
        let spec = PodSpec { host_users: Some(false), ..PodSpec::default() };
        let found = user_namespace_with(&spec, &node, Some(KubeVersion::minor(minor)), &facts);
        assert!(!differs(&found, want), "{line}: {found:?}");
        count += 1;
    }
    assert_eq!(count, 630);
}
