//! The program as a user runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use ringfort_attack::{Attack, Engines, NodeKey, techniques};
use ringfort_collect::{Options, Source};
use ringfort_graph::EdgeId;
use serde_json::{Value, json};

fn ringfort(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    command.arg("-q").args(arguments).output().expect("the program starts")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

fn scan(source: &Path, more: &[&str]) -> Value {
    let source = source.to_str().expect("a plain path");
    let mut arguments = vec!["scan", source, "-f", "json"];
    arguments.extend(more);
    let output = ringfort(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    for field in ["tool", "source", "generated_at"] {
        report.as_object_mut().expect("an object").remove(field);
    }
    report
}

/// The suites' folder, or `None` after saying that the test is skipped.
fn suites() -> Option<PathBuf> {
    let given = std::env::var_os("RINGFORT_SUITES").map(PathBuf::from);
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let path = given.unwrap_or(beside);
    if path.join("clusters").is_dir() {
        return Some(path);
    }
    println!("skipped: no suites at {}", path.display());
    None
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let unique = MADE.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{name}-{}-{unique}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the folder can be made");
        Self(path)
    }
    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("the file can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn techniques(report: &Value, to: &str) -> Vec<Vec<String>> {
    let paths = report["paths"].as_array().expect("paths");
    let of = |path: &Value| {
        let steps = path["steps"].as_array().expect("steps");
        steps.iter().filter_map(|s| s["technique"].as_str().map(str::to_owned)).collect()
    };
    paths.iter().filter(|path| path["to"] == to).map(of).collect()
}

#[test]
fn the_demo_fits_a_screen_and_passes_each_zone() {
    let output = ringfort(&["demo"]);
    assert!(output.status.success());
    let screen = text(&output);
    assert!(screen.lines().count() <= 24, "{screen}");
    assert!(screen.lines().all(|line| line.chars().count() <= 100), "{screen}");
    assert!(screen.contains("full control of the cluster"), "{screen}");
    let output = ringfort(&["demo", "-f", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let all = report.to_string();
    for technique in ["token-mounted", "escape-privileged", "pod-create"] {
        assert!(all.contains(technique), "{technique}");
    }
    // Traps: a role called admin that only reads, and an internal load balancer.
    assert!(!all.contains("sa/reports/reporter"));
    assert!(all.contains("internal load balancer reports/viewer"));
    assert!(report["fixes"].as_array().is_some_and(|fixes| !fixes.is_empty()));
}

#[test]
fn the_shop_shows_what_it_must() {
    let Some(root) = suites() else { return };
    let report = scan(&root.join("clusters/shop.tar.zst"), &[]);
    let instances: Vec<(String, String)> = report["vectors"]
        .as_array()
        .expect("vectors")
        .iter()
        .flat_map(|vector| vector["instances"].as_array().expect("instances"))
        .map(|one| {
            (one["id"].as_str().unwrap_or("").into(), one["state"].as_str().unwrap_or("").into())
        })
        .collect();
    let state = |id: &str| instances.iter().find(|one| one.0 == id).map(|one| one.1.as_str());
    assert_eq!(state("vector/V7/ingress-nginx/ingress-nginx-controller"), Some("unknown"));
    assert_eq!(state("vector/V7/shop/frontend-external"), Some("unknown"));
    assert_eq!(state("vector/V7/shop/internal-lb"), Some("closed"));
    assert_eq!(state("vector/V8/sock-shop/front-end"), Some("unknown"));
    assert!(!instances.iter().any(|(id, _)| id.starts_with("vector/V1/")));
    let admin = techniques(&report, "impact/cluster-admin");
    assert!(admin.contains(&vec!["token-mounted".to_owned()]));
    let paths = report["paths"].as_array().expect("paths");
    let runner: Vec<&Value> =
        paths.iter().filter(|path| path["from"] == "vector/V10/ci/runner").collect();
    assert!(runner.iter().any(|path| path["to"] == "impact/node"));
    assert!(runner.iter().any(|path| path["to"] == "impact/cluster-admin"));
    assert!(report.to_string().contains("argocd-application-controller"));
    assert!(!paths.iter().any(|path| path.to_string().contains("clusterrole/view\"")));
}

#[test]
fn bootstrap_objects_alone_give_no_path() {
    let Some(root) = suites() else { return };
    let report = scan(&root.join("suites/rbac"), &["--complete"]);
    assert_eq!(report["paths"], json!([]));
    assert_eq!(report["pairs"], 0);
}

#[test]
fn bad_pods_reach_their_node_only_by_their_class() {
    let Some(root) = suites() else { return };
    let folder = Folder::new("badpods");
    let file = std::fs::File::open(root.join("suites/badpods/badpods.tar.zst")).expect("archive");
    let decoder = zstd::stream::read::Decoder::new(file).expect("zstd");
    tar::Archive::new(decoder).unpack(&folder.0).expect("it unpacks");
    for (class, technique) in [
        ("everything-allowed", Some("escape-privileged")),
        ("priv-and-hostpid", Some("escape-privileged")),
        ("priv", Some("escape-privileged")),
        ("hostpath", Some("hostpath-write-exec")),
        ("hostpid", None),
        ("hostnetwork", None),
        ("hostipc", None),
        ("nothing-allowed", None),
    ] {
        for kind in ["pod", "deployment", "cronjob", "deamonset"] {
            let pod = folder.0.join(format!("manifests/{class}/{kind}/{class}-exec-{kind}.yaml"));
            if !pod.is_file() {
                continue;
            }
            let report = scan(&pod, &["--complete"]);
            let found = techniques(&report, "impact/node");
            match technique {
                Some(wanted) => {
                    assert!(
                        found.iter().all(|path| path == &[wanted]) && !found.is_empty(),
                        "{class} {kind} {found:?}"
                    );
                }
                None => assert!(found.is_empty(), "{class} {kind} {found:?}"),
            }
            let escapes = escapes(&pod);
            let other: &[&str] = match class {
                "hostpid" => &["escape-host-pid"],
                "hostnetwork" => &["escape-host-network"],
                "hostipc" => &["escape-host-ipc"],
                "nothing-allowed" => &[],
                _ => continue,
            };
            assert_eq!(escapes, other, "{class} {kind}");
        }
    }
}

/// Techniques by which containers of the manifest leave themselves.
fn escapes(manifest: &Path) -> Vec<&'static str> {
    let options = Options { complete: true, ..Options::default() };
    let source = Source::Path(manifest.to_owned());
    let cluster = ringfort_collect::read(&source, &options).expect("it reads").cluster;
    let engines = Engines::new(&cluster);
    let attack = Attack::new(&cluster, &engines);
    let mut found: Vec<&str> = (0..attack.graph.edge_count())
        .map(|edge| EdgeId(edge as u32))
        .filter(|&edge| {
            let from = attack.graph.edge(edge).from;
            matches!(attack.key(from), NodeKey::Container(..))
        })
        .filter_map(|edge| attack.edge(edge).technique)
        .map(|at| techniques::ALL[at as usize].id)
        .filter(|id| id.starts_with("escape") || id.starts_with("hostpath"))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Objects of a small cluster with secrets and hostile names in it.
fn planted() -> Vec<(&'static str, Value)> {
    let meta = |namespace: &str, name: &str| {
        json!({"namespace": namespace, "name": name, "uid": "u", "resourceVersion": "1",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "CANARY-applied"},
            "managedFields": [{"manager": "CANARY-managed"}]})
    };
    vec![
        (
            "secrets.json",
            json!({"kind": "SecretList", "apiVersion": "v1", "items": [
            {"metadata": meta("a", "s"), "type": "Opaque", "data": {"k": "Q0FOQVJZ", "n": 5},
                "stringData": {"k": "CANARY-secret", "id": concat!("AKIA", "CANARYCANARYXXXX"),
                    "config": "kind: Config\nclusters: []\nusers:\n- user:\n    token: CANARY-token\n",
                    "jwt": "e30.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6YTpDQU5BUlkifQ.Q0FOQVJZ",
                    "ca.crt": "-----BEGIN CERTIFICATE-----\nMA8GA1UdEwEB/wQFMAMBAf9DQU5BUlk=\n-----END CERTIFICATE-----",
                    "ca.key": "-----BEGIN PRIVATE KEY-----\nQ0FOQVJZ\n-----END PRIVATE KEY-----"}}]}),
        ),
        (
            "configmaps.json",
            json!({"kind": "ConfigMapList", "apiVersion": "v1", "items": [
            {"metadata": meta("a", "c"), "data": {"k": "CANARY-config", "url": "mq://u:CANARY@h",
                "password": "CANARY1", "app.properties": "db.password=CANARY1\n"},
                "binaryData": {"b": "ZGIucGFzc3dvcmQ9Q0FOQVJZMQo="}},
            {"metadata": meta("kube-system", "kubelet-config"), "data": {"kubelet":
                "authentication:\n  anonymous:\n    enabled: CANARY\nkind: KubeletConfiguration\n\
                 staticPodURLHeader: CANARY\nreadOnlyPort: [CANARY]\n"}}]}),
        ),
        (
            "pods.json",
            json!({"items": [
            {"metadata": meta("a", "evil\u{1b}[2J<script>alert(1)</script>"),
             "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "x:1",
                "command": ["sh", "-c", "mysql -pCANARY1 -h db; curl -u ann:CANARY1 https://x"],
                "args": ["--password=CANARY-flag", "--url", "mq://u:CANARY@h", "--id", concat!("AKIA", "CANARYCANARYCANA"),
                    "u=CANARY, password=CANARY1"],
                "livenessProbe": {"exec": {"command": ["redis-cli", "-a", "CANARY1"]}},
                "env": [{"name": "E", "value": "CANARY-env"}, {"name": "DB_PASSWORD", "value": "CANARY"},
                    {"name": "URL", "value": "postgres://u:CANARY@db/x"}],
                "securityContext": {"privileged": true}}]},
             "status": {"phase": "Running"}}], "kind": "PodList", "apiVersion": "v1"}),
        ),
        (
            "services.json",
            json!({"items": [{"metadata": {"name": "v", "namespace": "a", "uid": "v",
                "resourceVersion": "1", "annotations": {
                    "kubectl.kubernetes.io/last-applied-configuration":
                        "{\"spec\":{\"env\":[{\"name\":\"A_PASSWORD\",\"value\":\"CANARY\"}]}}",
                    "service.beta.kubernetes.io/note": "amqp://u:CANARY@h",
                    "example.com/github": concat!("ghp_", "CANARYCANARYCANARYCANARY")}},
                "spec": {"selector": {"a": "b"}}}], "kind": "ServiceList", "apiVersion": "v1"}),
        ),
        (
            "nodes.json",
            json!({"items": [{"metadata": {"name": "n", "uid": "n", "resourceVersion": "2"},
            "status": {"addresses": [{"type": "ExternalIP", "address": "203.0.113.4"}]}}],
            "kind": "NodeList", "apiVersion": "v1"}),
        ),
        (
            "misshapen.json",
            json!({"kind": "List", "apiVersion": "v1", "items": [
            {"kind": "Secret", "apiVersion": "v1", "metadata": meta("a", "t"), "data": "CANARY-text"},
            {"kind": "Secret", "apiVersion": "v1", "metadata": meta("a", "u"), "type": "x",
                "data": {"k": "v"}, "stringData": ["CANARY-list"]},
            {"kind": "Secret", "apiVersion": "x/v1", "metadata": meta("a", "w"), "data": {"k": "CANARY-other"}},
            {"kind": "Pod", "apiVersion": "v1", "metadata": meta("a", "q"),
                "spec": {"containers": [{"name": "c", "env": "CANARY, expected a list"}]}}]}),
        ),
        ("version.json", json!({"gitVersion": "v1.36.2"})),
        ("complete.json", json!({"complete": true})),
    ]
}

#[test]
fn planted_values_appear_nowhere_and_hostile_names_are_escaped() {
    let folder = Folder::new("canary");
    for (name, value) in planted() {
        folder.write(name, value.to_string());
    }
    let source = folder.0.to_str().expect("a plain path").to_owned();
    let out = Folder::new("canary-out");
    let file = |name: &str| out.0.join(name).to_str().expect("a plain path").to_owned();
    let (json, html, snapshot) = (file("r.json"), file("r.html"), file("r.rfs"));
    let output = ringfort(&[
        "scan",
        &source,
        "-f",
        "human",
        "-f",
        &format!("json={json}"),
        "-f",
        &format!("html={html}"),
    ]);
    assert!(output.status.success());
    assert!(ringfort(&["snapshot", &source, "-o", &snapshot]).status.success());
    let packed = std::fs::read(&snapshot).expect("snapshot");
    let body = packed.iter().skip(8).position(|b| *b == b'\n').expect("a header") + 9;
    let unpacked = zstd::stream::decode_all(&packed[body..]).expect("a frame");
    let everything = [
        output.stdout.clone(),
        output.stderr.clone(),
        std::fs::read(&json).expect("json"),
        std::fs::read(&html).expect("html"),
        packed[..body].to_vec(),
        unpacked,
    ];
    for bytes in &everything {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("CANARY") && !text.contains("Q0FOQVJZ"), "{text}");
    }
    let report = String::from_utf8_lossy(&everything[2]).into_owned();
    assert!(report.contains("field data: invalid type: string, expected a map"), "{report}");
    // The classes of what was planted are known.
    let kept = String::from_utf8_lossy(&everything[5]).into_owned();
    for class in ["aws-access-key", "kubeconfig-static-token", "service-account-token", "ca-key"] {
        assert!(kept.contains(class), "{class}");
    }
    for class in ["named-as-secret", "address-with-password", "unread", "source-host-token"] {
        assert!(kept.contains(class), "{class}");
    }
    assert!(!output.stdout.contains(&0x1b), "{}", text(&output));
    let page = String::from_utf8_lossy(&everything[3]).into_owned();
    assert!(page.contains("&lt;script&gt;alert") && !page.contains("<script>alert"));
}

#[test]
fn order_threads_and_snapshots_do_not_change_the_report() {
    let Some(root) = suites() else { return };
    let shop = root.join("clusters/shop.tar.zst");
    let one = scan(&shop, &["--threads", "1"]);
    assert!(one == scan(&shop, &["--threads", "3"]), "threads change the report");
    let folder = Folder::new("order");
    let snapshot = folder.0.join("x.rfs");
    let path = snapshot.to_str().expect("a plain path");
    let made = ringfort(&["snapshot", shop.to_str().expect("a plain path"), "-o", path]);
    assert!(made.status.success());
    assert!(one == scan(&snapshot, &[]), "a snapshot changes the report");
    // The same objects in other files and another order.
    let shuffled = Folder::new("shuffled");
    let file = std::fs::File::open(&shop).expect("archive");
    let decoder = zstd::stream::read::Decoder::new(file).expect("zstd");
    tar::Archive::new(decoder).unpack(&shuffled.0).expect("it unpacks");
    let mut waiting = vec![shuffled.0.clone()];
    let mut turned = 0;
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file");
            let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) else { continue };
            if let Some(items) = value.get_mut("items").and_then(Value::as_array_mut) {
                items.reverse();
                turned += 1;
                std::fs::write(&path, value.to_string()).expect("it can be written");
            }
        }
    }
    assert!(turned > 10);
    assert!(one == scan(&shuffled.0, &["--threads", "2"]), "order changes the report");
}

#[test]
fn hostile_archives_and_broken_files_become_gaps() {
    let folder = Folder::new("hostile");
    let pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n"},
        "spec": {"containers": [{"name": "c", "image": "x"}]}})
        .to_string();
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        // The library refuses such names, an attacker does not.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, bytes).expect("appended");
    };
    add("../outside.json", pod.as_bytes());
    add("good.json", pod.as_bytes());
    add(
        "broken.json",
        b"{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[{\"metadata\":{\"na",
    );
    let mut bytes = builder.into_inner().expect("an archive");
    let archive = folder.write("x.tar", &bytes);
    let report = scan(&archive, &[]);
    let gaps = report["gaps"].to_string();
    assert!(gaps.contains("../outside.json") && gaps.contains("outside the archive"), "{gaps}");
    assert!(gaps.contains("broken.json") && gaps.contains("middle"), "{gaps}");
    assert_eq!(report["cluster"]["pods"], 1);
    bytes.truncate(1800);
    let cut = folder.write("cut.tar", &bytes);
    let report = scan(&cut, &[]);
    assert!(report["gaps"].to_string().contains("ends early"), "{}", report["gaps"]);
}

#[test]
fn wrong_usage_and_unreadable_input_have_their_own_codes() {
    assert_eq!(ringfort(&["scan", "/nowhere/at/all"]).status.code(), Some(1));
    // Without a source the live cluster is asked; a file that is not there cannot be read.
    let live = ["scan", "--kubeconfig", "/nowhere/at/all"];
    assert_eq!(ringfort(&live).status.code(), Some(1));
    let both = ["scan", "/tmp", "--kubeconfig", "/nowhere/at/all"];
    assert_eq!(ringfort(&both).status.code(), Some(2));
    assert_eq!(ringfort(&["demo", "-f", "poem"]).status.code(), Some(2));
    assert_eq!(ringfort(&["explain", "no-such-thing"]).status.code(), Some(2));
    assert_eq!(ringfort(&["explain", "token-mounted"]).status.code(), Some(0));
}

/// Pairs that `what-if` says are gone, new and left.
fn what_if(source: &str, change: &Value, more: &[&str]) -> [Vec<String>; 3] {
    let folder = Folder::new("change");
    let patch = folder.write("patch.json", change.to_string());
    let patch = patch.to_str().expect("a plain path");
    let mut arguments = vec!["what-if", "--patch", patch, "--cluster", source];
    arguments.extend(more);
    let output = ringfort(&arguments);
    assert!(output.status.success(), "{change} {}", String::from_utf8_lossy(&output.stderr));
    let screen = text(&output);
    ["gone", "new", "left"].map(|word| {
        let lines = screen.lines().filter_map(|line| line.strip_prefix(word));
        lines.filter(|line| line.contains(" -> ")).map(|line| line.trim().to_owned()).collect()
    })
}

/// Applies each printed fix of a report and compares with what was printed.
fn fixes_hold(source: &str, report: &Value, more: &[&str]) {
    let fixes = report["fixes"].as_array().expect("fixes");
    assert!(!fixes.is_empty());
    for fix in fixes {
        let [gone, new, left] = what_if(source, &fix["change"], more);
        assert_eq!(json!(gone.len()), fix["cuts"], "{fix}");
        assert!(!gone.is_empty() && new.is_empty(), "{fix} {new:?}");
        assert_eq!(json!(left.len()), fix["left"], "{fix}");
        assert_eq!(json!(gone.len() + left.len()), report["pairs"], "{fix}");
    }
}

#[test]
fn a_printed_fix_cuts_what_it_says_and_another_does_not() {
    let folder = Folder::new("fix");
    let demo: Value =
        serde_json::from_slice(&ringfort(&["demo", "-f", "json"]).stdout).expect("JSON");
    let source = folder.write("demo.yaml", include_str!("../src/demo.yaml"));
    let source = source.to_str().expect("a plain path");
    let more = ["--complete", "--k8s-version", "1.36"];
    fixes_hold(source, &demo, &more);
    let other = json!({"kind": "ClusterRoleBinding", "name": "reader", "delete": true});
    let [gone, new, left] = what_if(source, &other, &more);
    assert!(gone.is_empty() && new.is_empty());
    assert_eq!(json!(left.len()), demo["pairs"]);
}

#[test]
fn the_shops_printed_fixes_cut_what_they_say() {
    let Some(root) = suites() else { return };
    let shop = root.join("clusters/shop.tar.zst");
    let report = scan(&shop, &[]);
    let source = shop.to_str().expect("a plain path");
    fixes_hold(source, &report, &[]);
    let other = json!({"kind": "ClusterRoleBinding", "name": "system:discovery", "delete": true});
    let [gone, new, left] = what_if(source, &other, &[]);
    assert!(gone.is_empty() && new.is_empty());
    assert_eq!(json!(left.len()), report["pairs"]);
}

/// A pod that an entry reaches, on its own or made by a controller.
fn privileged_pod(owner: &Value) -> Value {
    let token = |name: &str| json!({"name": name, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"});
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "a", "name": "p", "uid": "p", "labels": {"app": "p"},
            "ownerReferences": owner},
        "spec": {"nodeName": "n", "serviceAccountName": "default",
            "containers": [{"name": "c", "image": "x", "ports": [{"containerPort": 80}],
                "securityContext": {"privileged": true},
                "volumeMounts": [{"name": "data", "mountPath": "/d"}, token("kube-api-access-x")]}],
            "volumes": [{"name": "kube-api-access-x", "projected": {"sources":
                [{"serviceAccountToken": {"path": "token"}}]}}, {"name": "data", "emptyDir": {}}]},
        "status": {"phase": "Running"}})
}

#[test]
fn fixes_are_changes_that_the_server_accepts() {
    let fixes = |pods: Vec<Value>| {
        let folder = Folder::new("pods");
        let object = |kind: &str, version: &str, body: Value| {
            let mut object = json!({"kind": kind, "apiVersion": version});
            object
                .as_object_mut()
                .expect("object")
                .extend(body.as_object().expect("object").clone());
            object
        };
        let rbac = "rbac.authorization.k8s.io/v1";
        let mut items = pods;
        let rest = json!([
            object("Node", "v1", json!({"metadata": {"name": "n", "uid": "n"}})),
            object(
                "Service",
                "v1",
                json!({"metadata": {"namespace": "a", "name": "s", "uid": "s"},
                "spec": {"type": "LoadBalancer", "selector": {"app": "p"}, "ports": [{"port": 80}]},
                "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}})
            ),
            object(
                "ServiceAccount",
                "v1",
                json!({"metadata": {"namespace": "a", "name": "default", "uid": "d"}})
            ),
            object(
                "ServiceAccount",
                "v1",
                json!({"metadata": {"namespace": "a", "name": "bound", "uid": "o"}})
            ),
            object(
                "ClusterRoleBinding",
                rbac,
                json!({"metadata": {"name": "b", "uid": "b"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "all"},
                "subjects": [{"kind": "ServiceAccount", "namespace": "a", "name": "bound"}]})
            ),
            object(
                "ClusterRole",
                rbac,
                json!({"metadata": {"name": "all", "uid": "r"},
                "rules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]})
            )
        ]);
        items.extend(rest.as_array().expect("a list").clone());
        let list = json!({"kind": "List", "apiVersion": "v1", "items": items});
        folder.write("all.json", list.to_string());
        let report = scan(&folder.0, &["--complete"]);
        let fixes = report["fixes"].as_array().expect("fixes").clone();
        assert!(report["pairs"].as_u64() > Some(0), "{report}");
        fixes
    };
    let on_pods = |fixes: &[Value]| -> Vec<String> {
        let commands = fixes.iter().map(|fix| fix["command"].as_str().unwrap_or_default());
        commands.filter(|command| command.contains(" pod ")).map(str::to_owned).collect()
    };
    // A pod of its own is replaced, and loses the token volume that admission gave it.
    let alone = on_pods(&fixes(vec![privileged_pod(&json!([]))]));
    assert_eq!(alone.len(), 1, "{alone:?}");
    assert!(alone[0].contains("/spec/containers/0/securityContext/privileged"), "{alone:?}");
    assert!(alone[0].ends_with("kubectl replace --force -f -"), "{alone:?}");
    let mut plain = privileged_pod(&json!([]));
    plain["spec"]["containers"][0]["securityContext"] = json!({});
    plain["spec"]["serviceAccountName"] = json!("bound");
    let token = on_pods(&fixes(vec![plain]));
    assert_eq!(token.len(), 1, "{token:?}");
    assert!(token[0].contains("/spec/automountServiceAccountToken"), "{token:?}");
    assert!(token[0].contains("/spec/containers/0/volumeMounts/1\""), "{token:?}");
    assert!(!token[0].contains("volumeMounts/0") && token[0].contains("/spec/volumes/0\""));
    // An unknown controller would make it again as it was.
    let owner = json!([{"apiVersion": "x/v1", "kind": "Rollout", "name": "r", "uid": "u", "controller": true}]);
    assert_eq!(on_pods(&fixes(vec![privileged_pod(&owner)])), Vec::<String>::new());
    // The template of a Job cannot be changed; the Job can go.
    let pod = privileged_pod(&json!([]));
    let job = json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"namespace": "a", "name": "j", "uid": "j"},
        "spec": {"template": {"metadata": {"labels": {"app": "p"}}, "spec": pod["spec"]}}});
    let owned = json!([{"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "j", "controller": true}]);
    let found = fixes(vec![job, privileged_pod(&owned)]);
    let of_job = |fix: &&Value| fix["object"].as_str().is_some_and(|o| o.starts_with("Job"));
    let commands: Vec<&str> =
        found.iter().filter(of_job).filter_map(|fix| fix["command"].as_str()).collect();
    assert_eq!(commands, ["kubectl delete job j -n a"]);
    assert_eq!(on_pods(&found), Vec::<String>::new());
}
