//! A live cluster: paging, metadata alone, and every way in which a server fails.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ringfort_collect::{CollectError, Collected, Live, LiveOptions, Options, Source, read};
use ringfort_model::{Cluster, Kind, Listed, SourceKind};
use ringfort_testkit::{Asked, Behaviour, Fault, Objects, Server};
use serde_json::{Value, json};

const CANARY: &str = "CANARY-value";

fn objects() -> Objects {
    let meta =
        |name: &str| json!({"namespace": "a", "name": name, "uid": name, "resourceVersion": "1"});
    let list = |kind: &str, items: Vec<Value>| {
        json!({"kind": format!("{kind}List"), "apiVersion": "v1", "items": items}).to_string()
    };
    let pods = (0..10).map(|at| {
        json!({"metadata": meta(&format!("p{at}")), "status": {"phase": "Running"},
            "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "x:1"}]}})
    });
    let secret = |name: &str, of_type: &str| {
        let mut meta = meta(name);
        meta["annotations"] = json!({"kubernetes.io/service-account.name": "s"});
        json!({"metadata": meta, "type": of_type, "data": {"k": CANARY}})
    };
    let mut objects = Objects::new("v1.36.2");
    for text in [
        list("Pod", pods.collect()),
        list("Node", vec![json!({"metadata": {"name": "n", "uid": "n"}})]),
        list("ServiceAccount", vec![json!({"metadata": meta("s")})]),
        list(
            "Secret",
            vec![secret("token", "kubernetes.io/service-account-token"), secret("other", "Opaque")],
        ),
    ] {
        objects.add(&text).expect("a list");
    }
    objects
}

struct Run {
    result: Result<Collected, CollectError>,
    asked: Vec<Asked>,
}

impl Run {
    fn cluster(self) -> Cluster {
        self.result.expect("a cluster").cluster
    }
}

fn run(behaviour: Behaviour) -> Run {
    run_on(objects(), behaviour)
}

fn run_on(objects: Objects, behaviour: Behaviour) -> Run {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path: PathBuf =
        std::env::temp_dir().join(format!("ringfort-live-{}-{number}", std::process::id()));
    let server = Server::start(objects, behaviour).expect("a server");
    server.write_kubeconfig(&path).expect("a file");
    let live = Live { kubeconfig: Some(path.clone()), context: None };
    let options = Options {
        live: LiveOptions {
            page: 4,
            attempts: 3,
            back_off: Duration::from_millis(1),
            stall: Duration::from_millis(500),
            whole: Duration::from_secs(2),
            ..LiveOptions::default()
        },
        ..Options::default()
    };
    let result = read(&Source::Live(live), &options);
    std::fs::remove_file(path).expect("it was written");
    Run { result, asked: server.asked() }
}

fn with(plural: &str, fault: Fault) -> Run {
    let faults = BTreeMap::from([(plural.to_owned(), fault)]);
    run(Behaviour { faults, ..Behaviour::default() })
}

fn gaps(cluster: &Cluster, subject: &str) -> Vec<String> {
    let about = cluster.gaps.iter().filter(|gap| gap.subject == *subject);
    about.map(|gap| gap.reason.to_string()).collect()
}

#[test]
fn everything_is_read_page_by_page() {
    for old_discovery in [false, true] {
        let run = run(Behaviour { old_discovery, token: "t".into(), ..Behaviour::default() });
        let pages: Vec<&Asked> =
            run.asked.iter().filter(|asked| asked.path == "/api/v1/pods").collect();
        assert_eq!(pages.len(), 3);
        assert!(pages.iter().all(|page| page.query["limit"] == "4"));
        let cluster = run.cluster();
        assert_eq!((cluster.pods.len(), cluster.nodes.len()), (10, 1));
        assert_eq!(cluster.source, SourceKind::Live);
        assert_eq!(cluster.version.expect("a version").minor, 36);
        assert_eq!(cluster.coverage.of(Kind::Pod), Listed::Complete);
        assert_eq!(cluster.coverage.of(Kind::Role), Listed::Complete);
        assert!(cluster.gaps.is_empty(), "{:?}", cluster.gaps);
    }
}

#[test]
fn of_secrets_only_metadata_is_asked_for() {
    let run = with("none", Fault::Full);
    let secrets: Vec<&Asked> =
        run.asked.iter().filter(|asked| asked.path == "/api/v1/secrets").collect();
    assert_eq!(secrets.len(), 2);
    assert!(secrets.iter().all(|asked| asked.accept.contains("as=PartialObjectMetadataList")
        && asked.query.contains_key("fieldSelector")));
    let cluster = run.cluster();
    let token = cluster.secrets.get("a", "token").expect("it exists");
    assert_eq!(token.kind, "kubernetes.io/service-account-token");
    assert_eq!(cluster.secrets.get("a", "other").expect("it exists").kind, "");
    let mut snapshot = Vec::new();
    ringfort_model::snapshot::write(&cluster, &mut snapshot).expect("it is written");
    assert!(!String::from_utf8_lossy(&snapshot).contains(CANARY));
}

#[test]
fn values_of_secrets_are_not_taken_from_a_server_that_offers_them() {
    let cluster = with("secrets", Fault::Full).cluster();
    assert!(cluster.secrets.is_empty());
    assert!(gaps(&cluster, "secrets")[0].contains("values are not asked for"));
    assert_ne!(cluster.coverage.of(Kind::Secret), Listed::Complete);
}

#[test]
fn what_a_server_refuses_is_a_gap_by_name() {
    let cases = [
        (Fault::Status(403), "forbidden (403): pods is refused with 403"),
        (Fault::Status(404), "not found (404)"),
        (Fault::Status(429), "429 Too Many Requests, 3 times"),
        (Fault::Status(500), "500 Internal Server Error, 3 times"),
        (Fault::Cut, "connection was cut"),
        (Fault::CutLater, "the list breaks off: the connection was cut"),
        (Fault::Stall, "no answer within 0.5 s, 3 times"),
        (Fault::Drip, "the answer did not end within 2 s, 3 times"),
        (Fault::Html, "the answer is no list"),
    ];
    for (fault, words) in cases {
        let cluster = with("pods", fault).cluster();
        let said = gaps(&cluster, "pods");
        assert!(said.len() == 1 && said[0].contains(words), "{fault:?}: {said:?}");
        assert!(!cluster.coverage.is_complete(Kind::Pod), "{fault:?}");
        assert!(cluster.coverage.is_complete(Kind::Node), "{fault:?}");
        let read = if fault == Fault::CutLater { 4 } else { 0 };
        assert_eq!(cluster.pods.len(), read, "{fault:?}");
    }
    let refused = with("pods", Fault::Status(403)).cluster();
    assert!(matches!(refused.coverage.of(Kind::Pod), Listed::Forbidden(_)));
}

#[test]
fn what_passes_is_tried_again() {
    let cases = [Fault::StatusFirst(429, 2), Fault::StatusFirst(503, 2), Fault::CutFirst(2)];
    for fault in cases {
        let cluster = with("pods", fault).cluster();
        assert_eq!(cluster.pods.len(), 10, "{fault:?}");
        assert!(cluster.gaps.is_empty(), "{fault:?}: {:?}", cluster.gaps);
        assert!(cluster.coverage.is_complete(Kind::Pod), "{fault:?}");
    }
}

#[test]
fn a_list_that_expires_is_read_and_said() {
    for (fault, words) in [
        (Fault::Expires(true), "the rest was read from a later state"),
        (Fault::ExpiresOnce, "it was read again"),
    ] {
        let cluster = with("pods", fault).cluster();
        assert_eq!(cluster.pods.len(), 10, "{fault:?}");
        let said = gaps(&cluster, "pods");
        assert!(
            said.len() == 1 && said[0].contains("(410)") && said[0].contains(words),
            "{said:?}"
        );
    }
    // One that expires every time is never called complete.
    let cluster = with("pods", Fault::Expires(false)).cluster();
    assert_eq!(cluster.pods.len(), 4);
    assert!(!cluster.coverage.is_complete(Kind::Pod));
    assert!(gaps(&cluster, "pods").iter().any(|text| text.contains("breaks off")));
}

#[test]
fn a_group_that_does_not_answer_is_not_absent() {
    let cluster = with("roles", Fault::Stale).cluster();
    assert!(gaps(&cluster, "discovery")[0].contains("rbac.authorization.k8s.io"));
    for kind in [Kind::Role, Kind::ClusterRoleBinding] {
        assert!(matches!(cluster.coverage.of(kind), Listed::Partial(_)), "{kind:?}");
    }
}

#[test]
fn a_group_whose_resources_are_garbled_is_not_absent() {
    let faults = BTreeMap::from([("roles".to_owned(), Fault::Garbled)]);
    let old = Behaviour { faults, old_discovery: true, ..Behaviour::default() };
    let cluster = run(old).cluster();
    assert!(gaps(&cluster, "discovery")[0].contains("rbac.authorization.k8s.io"));
    assert!(!cluster.coverage.is_complete(Kind::ClusterRoleBinding));
    assert!(cluster.coverage.is_complete(Kind::Pod));
}

#[test]
fn a_cluster_without_secrets_has_a_complete_list_of_them() {
    let mut none = Objects::new("v1.36.2");
    none.add(r#"{"kind":"NodeList","apiVersion":"v1","items":[{"metadata":{"name":"n"}}]}"#)
        .expect("a list");
    let cluster = run_on(none, Behaviour::default()).cluster();
    assert_eq!(cluster.coverage.of(Kind::Secret), Listed::Complete);
    assert!(cluster.gaps.is_empty(), "{:?}", cluster.gaps);
}

const CUSTOM: [(&str, &str, &str); 5] = [
    ("kyverno.io/v1", "ClusterPolicy", "clusterpolicies"),
    ("constraints.gatekeeper.sh/v1beta1", "K8sRequiredLabels", "k8srequiredlabels"),
    ("policy.sigstore.dev/v1beta1", "ClusterImagePolicy", "clusterimagepolicies"),
    ("security.istio.io/v1", "PeerAuthentication", "peerauthentications"),
    ("security.istio.io/v1", "AuthorizationPolicy", "authorizationpolicies"),
];

/// The objects with policies of engines and of a mesh beside them, and with kinds of their groups
/// that no rule reads.
fn policies() -> Objects {
    let mut objects = objects();
    let reports = ("kyverno.io/v1alpha2", "BackgroundScanReport", "backgroundscanreports");
    let filters = ("networking.istio.io/v1alpha3", "EnvoyFilter", "envoyfilters");
    for (api_version, kind, plural) in CUSTOM.into_iter().chain([reports, filters]) {
        objects.serve(api_version, kind, plural);
        let one = json!({"apiVersion": api_version, "kind": kind,
            "metadata": {"name": "p", "uid": kind}, "spec": {"mark": kind}});
        objects.add(&one.to_string()).expect("an object");
    }
    objects
}

#[test]
fn policies_of_engines_and_meshes_are_read() {
    for old_discovery in [false, true] {
        let run = run_on(policies(), Behaviour { old_discovery, ..Behaviour::default() });
        let asked_for = |plural: &str| run.asked.iter().any(|one| one.path.ends_with(plural));
        assert!(!asked_for("/backgroundscanreports") && !asked_for("/envoyfilters"));
        let cluster = run.cluster();
        let kinds: Vec<&str> = cluster.others.iter().map(|one| one.kind.as_str()).collect();
        let mut wanted: Vec<&str> = CUSTOM.iter().map(|(_, kind, _)| *kind).collect();
        wanted.sort_unstable();
        assert_eq!(kinds, wanted, "old discovery: {old_discovery}");
        for other in &cluster.others {
            let kept = other.engine_spec.as_ref().expect("its specification");
            assert!(kept.contains(other.kind.as_str()), "{kept}");
        }
        for (api_version, _, plural) in CUSTOM {
            let group = api_version.split_once('/').expect("a group").0;
            let resource = format!("{plural}.{group}");
            assert_eq!(cluster.coverage.of_resource(&resource), Listed::Complete, "{resource}");
        }
        assert!(cluster.gaps.is_empty(), "{:?}", cluster.gaps);
    }
}

#[test]
fn a_custom_resource_is_absent_refused_or_hidden() {
    // The server has none of them.
    let resource = "peerauthentications.security.istio.io";
    for old_discovery in [false, true] {
        let cluster = run(Behaviour { old_discovery, ..Behaviour::default() }).cluster();
        assert_eq!(cluster.coverage.of_resource(resource), Listed::Absent);
        assert_eq!(cluster.coverage.of_resource("clusterpolicies.kyverno.io"), Listed::Absent);
        assert!(cluster.gaps.is_empty(), "{:?}", cluster.gaps);
    }
    let with = |fault: Fault, old_discovery: bool| {
        let faults = BTreeMap::from([("peerauthentications".to_owned(), fault)]);
        run_on(policies(), Behaviour { faults, old_discovery, ..Behaviour::default() }).cluster()
    };
    let refused = with(Fault::Status(403), false);
    assert!(matches!(refused.coverage.of_resource(resource), Listed::Forbidden(_)));
    assert!(gaps(&refused, resource)[0].contains("403"), "{:?}", refused.gaps);
    let other = "authorizationpolicies.security.istio.io";
    assert_eq!(refused.coverage.of_resource(other), Listed::Complete);
    // The group is there and does not say what it has: perhaps all of it.
    for hidden in [with(Fault::Stale, false), with(Fault::Garbled, true)] {
        assert!(gaps(&hidden, "discovery")[0].contains("security.istio.io"), "{:?}", hidden.gaps);
        for resource in [resource, other] {
            let listed = hidden.coverage.of_resource(resource);
            assert!(matches!(listed, Listed::Partial(_)), "{resource}: {listed:?}");
        }
    }
}

#[test]
fn without_a_credential_nothing_is_read() {
    let token = "t".to_owned();
    let server = Server::start(objects(), Behaviour { token, ..Behaviour::default() });
    let server = server.expect("a server");
    let config = server.kubeconfig().replace("\"token\":\"t\"", "\"token\":\"wrong\"");
    let path = std::env::temp_dir().join(format!("ringfort-live-{}-wrong", std::process::id()));
    std::fs::write(&path, config).expect("a file");
    let live = Live { kubeconfig: Some(path.clone()), context: None };
    let error = read(&Source::Live(live), &Options::default()).expect_err("it is refused");
    assert!(error.to_string().contains("401"), "{error}");
    let live = Live { kubeconfig: Some(path.clone()), context: Some("absent".into()) };
    let error = read(&Source::Live(live), &Options::default()).expect_err("no such context");
    assert!(error.to_string().contains("context"), "{error}");
    std::fs::remove_file(path).expect("it was written");
}

#[test]
fn a_dump_and_its_server_are_one_cluster() {
    let root = std::env::var_os("RINGFORT_SUITES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let archive = root.join("clusters/shop.tar.zst");
    if !archive.exists() {
        println!("skipped: no {}", archive.display());
        return;
    }
    let dump = read(&Source::Path(archive.clone()), &Options::default()).expect("it reads").cluster;
    let mut objects = Objects::new(&dump.git_version);
    let unpacked = zstd::decode_all(std::fs::File::open(archive).expect("it is there"));
    let unpacked = unpacked.expect("it unpacks");
    let mut archive = tar::Archive::new(&unpacked[..]);
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("a name").display().to_string();
        if name.ends_with(".json") && !name.ends_with("complete.json") {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut entry, &mut text).expect("text");
            objects.add(&text).expect("a list");
        }
    }
    let server = Server::start(objects, Behaviour::default()).expect("a server");
    let path = std::env::temp_dir().join(format!("ringfort-live-{}-shop", std::process::id()));
    server.write_kubeconfig(&path).expect("a file");
    let live = Live { kubeconfig: Some(path.clone()), context: None };
    let live = read(&Source::Live(live), &Options::default()).expect("it reads").cluster;
    std::fs::remove_file(path).expect("it was written");
    assert!(live.gaps.is_empty(), "{:?}", live.gaps);
    let of = |cluster: &Cluster| -> Vec<Vec<u8>> {
        let kept = cluster
            .objects()
            .filter(|object| object.kind().is_some_and(|kind| kind != Kind::Secret));
        kept.map(|object| object.to_json()).collect()
    };
    assert!(of(&dump) == of(&live), "the same objects");
    assert_eq!(dump.secrets.len(), live.secrets.len());
}
