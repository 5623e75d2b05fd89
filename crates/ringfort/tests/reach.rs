//! `reach` and `netpol suggest` as a user runs them, and what passes between the namespaces of
//! the shop cluster.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ringfort_collect::{Options, Source};
use ringfort_network::policy::{Network, Segment};

fn ringfort(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    command.arg("-q").args(arguments).output().expect("the program starts")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

fn shop() -> Option<PathBuf> {
    let given = std::env::var_os("RINGFORT_SUITES").map(PathBuf::from);
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let path = given.unwrap_or(beside).join("clusters/shop.tar.zst");
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no {}", path.display());
    None
}

#[test]
fn every_pair_of_namespaces_is_as_written_down() {
    let Some(path) = shop() else { return };
    let read = ringfort_collect::read(&Source::Path(path), &Options::default());
    let cluster = read.expect("the cluster reads").cluster;
    let network = Network::new(&cluster);
    assert!(network.errors().is_empty(), "{:?}", network.errors());
    let namespaces: Vec<_> = cluster.namespace_names().into_iter().collect();
    let mut found = Vec::new();
    for from in &namespaces {
        for to in &namespaces {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for a in network.namespace_places(&cluster, from) {
                for b in network.namespace_places(&cluster, to) {
                    let hosts = [&a, &b].map(|one| network.segment(one.class) == Segment::Hosts);
                    if a.name == b.name || a.pod.is_none() || b.pod.is_none() || hosts != [false; 2]
                    {
                        continue;
                    }
                    let passage = network.passage(&a, &b);
                    assert!(passage.unknown.is_empty(), "{} -> {}: {passage:?}", a.name, b.name);
                    *counts.entry(passage.allowed.to_string()).or_default() += 1;
                }
            }
            let parts: Vec<String> =
                counts.iter().map(|(set, count)| format!("{count} x {set}")).collect();
            let said = if parts.is_empty() { "no pods".to_owned() } else { parts.join("; ") };
            found.push(format!("{from} -> {to} : {said}"));
        }
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/shop-reach.txt");
    let golden = std::fs::read_to_string(golden).expect("the golden is there");
    let expected: Vec<&str> = golden
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split("  # ").next().unwrap_or_default())
        .collect();
    assert_eq!(expected.len(), namespaces.len() * namespaces.len());
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(found, expected);
    }
}

const MANIFESTS: &str = r"
apiVersion: v1
kind: Pod
metadata: {namespace: a, name: web, labels: {app: web}}
spec: {containers: [{name: c, image: x, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {namespace: a, name: job, labels: {app: job}}
spec: {containers: [{name: c, image: x}]}
---
apiVersion: v1
kind: Service
metadata: {namespace: a, name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: a, name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{from: [{podSelector: {matchLabels: {app: job}}}], ports: [{port: http}]}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {namespace: kube-system, name: calico-node}
spec: {template: {spec: {hostNetwork: true, containers: [{name: agent, image: calico/node}]}}}
";

fn manifests(name: &str, text: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("reach-{name}-{}.yaml", std::process::id()));
    std::fs::write(&path, text).expect("the file can be written");
    path.to_str().expect("a plain path").to_owned()
}

/// A Service finds a named port in side cars too (kubernetes `pkg/api/v1/pod/util.go`, FindPort).
#[test]
fn named_ports_of_side_cars_are_those_of_the_service() {
    let text_of = |containers: &str, init: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{namespace: a, name: web, labels: {{app: web}}}}\n\
             spec: {{containers: [{containers}], initContainers: [{init}]}}\n---\n\
             apiVersion: v1\nkind: Pod\nmetadata: {{namespace: a, name: job}}\n\
             spec: {{containers: [{{name: c, image: x}}]}}\n---\n\
             apiVersion: v1\nkind: Service\nmetadata: {{namespace: a, name: web}}\n\
             spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: side}}]}}\n"
        )
    };
    let init = |more: &str| {
        format!("{{name: s, image: x{more}, ports: [{{name: side, containerPort: 7000}}]}}")
    };
    let ask = |name: &str, text: &str| {
        let file = manifests(name, text);
        let said = ringfort(&["reach", "--cluster", &file, "pod/a/job", "svc/a/web"]);
        self::text(&said)
    };
    let side = ask("side", &text_of("{name: c, image: x}", &init(", restartPolicy: Always")));
    assert!(side.starts_with("yes\npod/a/job -> pod/a/web: TCP 7000\n"), "{side}");
    let init = ask("init", &text_of("{name: c, image: x}", &init("")));
    assert!(!init.contains("7000"), "{init}");
}

#[test]
fn reach_answers_with_the_deciding_policy() {
    let file = manifests("answers", MANIFESTS);
    let ask = |arguments: &[&str]| {
        let mut all = vec!["reach", "--exit-code", "--cluster", &file];
        all.extend(arguments);
        ringfort(&all)
    };
    let yes = ask(&["pod/a/job", "svc/a/web"]);
    let said = text(&yes);
    assert_eq!(yes.status.code(), Some(0), "{said}");
    assert!(said.starts_with("yes\npod/a/job -> pod/a/web: TCP 8080\n"), "{said}");
    assert!(said.contains("NetworkPolicy a/web ingress rule #1 allows it"), "{said}");
    let no = ask(&["internet", "pod/a/web"]);
    let said = text(&no);
    assert_eq!(no.status.code(), Some(3), "{said}");
    assert!(said.contains("no ingress rule of NetworkPolicy a/web allows it"), "{said}");
    let who = text(&ask(&["--who", "svc/a/web"]));
    assert!(who.contains("pod/a/job  TCP 8080") && !who.contains("internet"), "{who}");
    let from = text(&ask(&["--from", "internet"]));
    assert!(from.contains("pod/a/job  everything") && !from.contains("pod/a/web"), "{from}");
    for wrong in [&["pod/a/none", "internet"][..], &["secret/a/b", "internet"], &["pod/a/job"]] {
        assert_eq!(ask(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_policy_that_nothing_enforces_denies_nothing() {
    let flannel = MANIFESTS.replace("calico/node", "flannel/flannel");
    let said = text(&ringfort(&[
        "reach",
        "internet",
        "pod/a/web",
        "--cluster",
        &manifests("flannel", &flannel),
    ]));
    assert!(said.starts_with("yes\n") && said.contains("nothing enforces it"), "{said}");
    let unseen = MANIFESTS.replace("calico/node", "example/agent");
    let said = text(&ringfort(&[
        "reach",
        "internet",
        "pod/a/web",
        "--cluster",
        &manifests("unseen", &unseen),
    ]));
    assert!(said.starts_with("unknown\n") && said.contains("enforcement is not proven"), "{said}");
}

#[test]
fn a_broken_policy_is_named_and_its_pods_are_unknown() {
    let broken = MANIFESTS.replace("port: http}]}]", "port: 70000}]}]");
    let file = manifests("broken", &broken);
    let said = text(&ringfort(&["reach", "pod/a/job", "pod/a/web", "--cluster", &file]));
    assert!(said.starts_with("unknown\n"), "{said}");
    assert!(
        said.contains(
            "NetworkPolicy a/web: field spec.ingress[0].ports[0].port: 70000 is not between"
        ),
        "{said}"
    );
    let other = text(&ringfort(&["reach", "internet", "pod/a/job", "--cluster", &file]));
    assert!(other.starts_with("error:") || other.starts_with("yes\n"), "{other}");
}

/// A Service may select pods on the network of a node, which no rule for pods takes.
#[test]
fn suggested_policies_say_what_they_do_not_cover() {
    let host = "---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: a, name: host, labels: {app: web}}\n\
        spec: {hostNetwork: true, containers: [{name: c, image: x}]}\n";
    let file = manifests("host", &format!("{MANIFESTS}{host}"));
    let output = ringfort(&["netpol", "suggest", "a", "--cluster", &file]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let line = said.lines().find(|line| line.starts_with("# not covered: ")).unwrap_or_default();
    assert!(line.contains("svc/a/web") && line.ends_with("pod/a/host"), "{said}");
    assert!(said.contains("# checked: every pod of the namespace reaches svc/a/web"), "{said}");
}

#[test]
fn suggested_policies_are_what_they_say() {
    let bare: Vec<&str> =
        MANIFESTS.split("---").filter(|part| !part.contains("NetworkPolicy")).collect();
    let file = manifests("bare", &bare.join("---"));
    let output = ringfort(&["netpol", "suggest", "a", "--cluster", &file]);
    let policies = text(&output);
    assert!(output.status.success() && policies.contains("name: \"default-deny\""), "{policies}");
    let applied = manifests("applied", &format!("{}---\n{policies}", bare.join("---")));
    let ask = |from: &str, to: &str| text(&ringfort(&["reach", from, to, "--cluster", &applied]));
    assert!(ask("pod/a/job", "svc/a/web").starts_with("yes\n"));
    assert!(ask("pod/a/web", "pod/a/job").starts_with("no\n"));
    assert!(ask("internet", "pod/a/web").starts_with("no\n"));
    assert!(ask("pod/a/web", "internet").starts_with("no\n"));
    let none = ringfort(&["netpol", "suggest", "nowhere", "--cluster", &file]);
    assert_eq!(none.status.code(), Some(2));
}
