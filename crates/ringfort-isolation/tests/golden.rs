//! Golden verdicts: every file of `fixtures/` holds cases of the rule that it is named after.
//!
//! A case has a pod (in namespace `n`), a node, facts of it, objects, the server's minor (36
//! unless it says otherwise), and the verdict: `absent`, `effective`, `not effective: WORDS` or
//! `unknown: WORDS`, where the words are part of the reason or of what is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ringfort_isolation::scheduling::{Freedom, Placements, Question, Today, dedicated_nodes};
use ringfort_isolation::{
    Control, Effect, Handler, LowLevelRuntime, Member, Mesh, NodeFacts, PullVerification,
    app_armor, audit_log, digest_pin, dropped_capabilities, metadata_block, mountable_secrets,
    no_new_privileges, no_token, non_root, pod_security, proc_mask, pull_credentials, quota,
    read_only_root, sandbox_with, se_linux, seccomp, secret_encryption, user_namespace_with,
    workload_identity,
};
use ringfort_model::record::{Meta, Node};
use ringfort_model::{Cluster, ClusterBuilder, KubeVersion, Map, Object, PodSpec, SourceKind, Str};
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
        let container = || &spec.containers[0];
        match rule {
            "EFF-UNS" => user_namespace_with(spec, node.expect("a node"), cluster.version, facts),
            "EFF-RTC" => {
                let nodes: Vec<(&Node, &NodeFacts)> =
                    node.map(|node| (node, facts)).into_iter().collect();
                sandbox_with(spec, cluster, &nodes)
            }
            "EFF-AUTO" => no_token(spec, "n", cluster, false, true),
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
            "EFF-IMDS" => metadata_block(spec),
            "EFF-WI" => workload_identity(&cluster.service_accounts.as_slice()[0]),
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
        let meta = Meta { labels, annotations, ..Meta::default() };
        let around = self.given.get("namespace").map(|given| Meta {
            labels: texts(&given["labels"]),
            annotations: texts(&given["annotations"]),
            ..Meta::default()
        });
        let pod = Member {
            meta: &meta,
            namespace: self.given["in"].as_str().unwrap_or("n"),
            spec: &self.spec,
            namespace_meta: around.as_ref(),
        };
        Mesh::of(&self.cluster).strict(&pod)
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

/// Verdicts that a rule never gives, and why.
const NEVER: &[(&str, &str, &str)] = &[
    ("EFF-APE", "unknown", "the pod's own fields decide"),
    ("EFF-IMDS", "absent", "the block is on the machine, where no pod asks for it"),
    ("EFF-IMDS", "effective", "only the machine knows"),
    ("EFF-WI", "effective", "only the cloud knows"),
    ("EFF-WI", "not effective", "only the cloud knows"),
    ("EFF-AUD", "effective", "only the sink knows"),
    ("EFF-ENC", "effective", "only the configuration file knows"),
];

#[test]
fn every_rule_gives_every_verdict() {
    let mut rules = 0;
    let mut wrong = Vec::new();
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the fixtures")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    files.sort();
    for path in files {
        let rule = path.file_stem().and_then(|name| name.to_str()).expect("a rule").to_owned();
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let cases: Vec<Value> = serde_json::from_str(&text).expect("a list of cases");
        let mut verdicts: BTreeSet<String> = BTreeSet::new();
        for case in &cases {
            let want = case["want"].as_str().expect("a verdict");
            let found = Case::read(case).judge(&rule);
            if differs(&found, want) {
                wrong.push(format!("{rule}, {}: want {want}, found {found:?}", case["name"]));
            }
            verdicts.insert(want.split(':').next().unwrap_or(want).to_owned());
        }
        for verdict in ["absent", "not effective", "effective", "unknown"] {
            let never = NEVER.iter().any(|(known, which, _)| *known == rule && *which == verdict);
            assert_ne!(verdicts.contains(verdict), never, "{rule} {verdict}");
        }
        rules += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(rules, 22);
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
