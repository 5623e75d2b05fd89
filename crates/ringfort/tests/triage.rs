//! `ringfort triage`, the section on versions of a report, and `--data`, as a user runs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

/// 2026-08-30, nine days after the data that come with the program.
const SOON: &str = "1788048000";

fn ringfort(arguments: &[&str], epoch: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    command.env("SOURCE_DATE_EPOCH", epoch).args(arguments);
    command.output().expect("the program starts")
}

fn file(name: &str, content: &Value) -> String {
    let file = format!("triage-{name}-{}.json", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
    std::fs::write(&path, content.to_string()).expect("the file can be written");
    path.to_str().expect("a plain path").to_owned()
}

fn node(name: &str, info: Value) -> Value {
    let mut info = info;
    if info["operatingSystem"].is_null() {
        info["operatingSystem"] = json!("linux");
    }
    let os = info["operatingSystem"].clone();
    json!({"kind": "Node", "apiVersion": "v1",
        "metadata": {"name": name, "uid": name, "labels": {"kubernetes.io/os": os}},
        "spec": {}, "status": {"nodeInfo": info}})
}

fn pod(name: &str, image: &str) -> Value {
    json!({"kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": name, "namespace": "a", "uid": name, "labels": {"app": name}},
        "spec": {"nodeName": "n", "containers": [{"name": "c", "image": image}]},
        "status": {"phase": "Running", "podIP": "10.0.0.9"}})
}

fn load_balancer(app: &str) -> Value {
    json!({"kind": "Service", "apiVersion": "v1",
        "metadata": {"name": "front", "namespace": "a", "uid": "front"},
        "spec": {"type": "LoadBalancer", "selector": {"app": app},
            "ports": [{"port": 80, "protocol": "TCP"}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}})
}

fn list(items: Vec<Value>) -> Value {
    let mut list = json!({"kind": "List", "apiVersion": "v1"});
    list["items"] = Value::Array(items);
    list
}

/// A document with one advisory and what is noted about it.
fn data(component: &str, ranges: Value, note: Value) -> Value {
    let mut note = note;
    note["id"] = json!("CVE-2020-1");
    note["title"] = json!("T");
    let mut document = json!({
        "schema": "ringfort.versions/1", "date": "2026-08-21", "covers": [component],
        "sources": [{"id": "s", "name": "S", "url": "https://s", "commit": "",
            "date": "2026-08-21", "licence": "MIT"}],
        "support": [], "notes": [note], "apis": [],
        "advisories": [{"id": "CVE-2020-1", "component": component, "source": "s",
            "url": "https://s/1"}],
    });
    document["advisories"][0]["ranges"] = ranges;
    document
}

/// The answer about the one advisory of a document.
fn answer(name: &str, objects: Vec<Value>, data: &Value) -> Value {
    let cluster = file(&format!("{name}-cluster"), &list(objects));
    let data = file(&format!("{name}-data"), data);
    let output = ringfort(
        &[
            "-q",
            "triage",
            "CVE-2020-1",
            "--cluster",
            &cluster,
            "--complete",
            "--json",
            "--data",
            &data,
        ],
        SOON,
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let all: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{name}: {error}: {said}"));
    all["advisories"][0].clone()
}

#[test]
fn a_release_is_affected_up_to_the_bound_and_a_distributions_build_may_be() {
    let ranges = json!([{"before": "1.26.5"}, {"from": "1.27.0", "before": "1.27.16"}]);
    let about = data("kubernetes", ranges, json!({"part": ["kubelet"]}));
    for (version, wanted) in [
        ("v1.26.4", "yes"),
        ("v1.26.5", "no"),
        ("v1.26.9", "no"),
        ("v1.27.0-alpha.1", "no"),
        ("v1.27.0", "yes"),
        ("v1.27.15", "yes"),
        ("v1.27.16", "no"),
        ("v1.27.17", "no"),
        ("v1.27.15-eks-1a2b3c4", "unknown"),
        ("v1.27.16-eks-1a2b3c4", "no"),
        ("v1.27.15-gke.1043002", "unknown"),
        ("v1.27.15+k3s1", "unknown"),
        ("v1.27.16+k3s1", "no"),
        ("", "unknown"),
    ] {
        let objects = vec![node("n", json!({"kubeletVersion": version}))];
        let found = answer("bounds", objects, &about);
        assert_eq!(found["affected"], wanted, "{version}: {found}");
    }
}

#[test]
fn what_a_distribution_packages_may_carry_the_fix_under_the_same_version() {
    let about = data("containerd", json!([{"before": "1.7.27"}]), json!({"attacker": "pod"}));
    for (runtime, os, wanted) in [
        ("containerd://1.7.26", "Talos (v1.9.5)", "yes"),
        ("containerd://1.7.27", "Talos (v1.9.5)", "no"),
        ("containerd://1.7.26", "Ubuntu 22.04.4 LTS", "unknown"),
        ("containerd://1.7.27", "Ubuntu 22.04.4 LTS", "no"),
        ("containerd://1.7.26", "", "unknown"),
        ("cri-o://1.7.26", "Talos (v1.9.5)", "no"),
    ] {
        let info = json!({"containerRuntimeVersion": runtime, "osImage": os});
        let found = answer("packages", vec![node("n", info)], &about);
        assert_eq!(found["affected"], wanted, "{runtime} {os}: {found}");
    }
    // No object shows which runc starts containers.
    let about = data("runc", json!([{"before": "9.0.0"}]), json!({"attacker": "pod"}));
    let info = json!({"containerRuntimeVersion": "containerd://2.2.7", "osImage": "Talos"});
    let found = answer("runc", vec![node("n", info)], &about);
    assert_eq!(found["affected"], "unknown");
    assert_eq!(found["reasons"], json!(["the version of runc: no object shows the version"]));
}

#[test]
fn tags_are_versions_and_digests_are_none() {
    let about = data("coredns", json!([{"before": "1.12.2"}]), json!({"attacker": "network-pod"}));
    for (image, wanted) in [
        ("registry.k8s.io/coredns/coredns:v1.12.1", "yes"),
        ("mirror.example:5000/coredns:1.12.2", "no"),
        ("registry.k8s.io/coredns/coredns:v1.12.1-eksbuild.4", "unknown"),
        ("registry.k8s.io/coredns/coredns:v1.12", "unknown"),
        ("registry.k8s.io/coredns/coredns:v1.11", "yes"),
        ("registry.k8s.io/coredns/coredns:latest", "unknown"),
        ("registry.k8s.io/coredns/coredns@sha256:00", "unknown"),
        ("registry.example/not-coredns:v1.12.1", "no"),
    ] {
        let objects = vec![node("n", json!({})), pod("dns", image)];
        let found = answer("tags", objects, &about);
        assert_eq!(found["affected"], wanted, "{image}: {found}");
    }
}

#[test]
fn conditions_and_facts_decide_what_ranges_do_not() {
    let windows = data("kubernetes", json!([{}]), json!({"part": ["kubelet"], "os": "windows"}));
    for (os, wanted) in [("windows", "yes"), ("linux", "no")] {
        let info = json!({"kubeletVersion": "v1.30.0", "operatingSystem": os});
        let found = answer("os", vec![node("n", info)], &windows);
        assert_eq!(found["affected"], wanted, "{os}: {found}");
    }
    let note = json!({"part": ["kubelet"], "needs": ["whether git is installed on the node"]});
    let found = answer(
        "fact",
        vec![node("n", json!({"kubeletVersion": "v1.30.0"}))],
        &data("kubernetes", json!([{}]), note),
    );
    assert_eq!(found["affected"], "unknown");
    assert_eq!(found["reasons"], json!(["whether git is installed on the node"]));
    // A range without an end that nobody reviewed is no proof.
    let open = json!([{"unconfirmed": true}]);
    let about = data("kubernetes", open, json!({"part": ["kubelet"]}));
    let found = answer("open", vec![node("n", json!({"kubeletVersion": "v1.30.0"}))], &about);
    assert_eq!(found["affected"], "unknown", "{found}");
    // Sources that differ decide nothing.
    let mut two = data("kubernetes", json!([{"before": "1.30.1"}]), json!({"part": ["kubelet"]}));
    let mut other = two["advisories"][0].clone();
    other["ranges"] = json!([{"before": "1.30.0"}]);
    other["source"] = json!("t");
    two["advisories"].as_array_mut().expect("a list").push(other);
    let mut source = two["sources"][0].clone();
    source["id"] = json!("t");
    two["sources"].as_array_mut().expect("a list").push(source);
    for (version, wanted) in [("v1.29.9", "yes"), ("v1.30.0", "unknown"), ("v1.30.1", "no")] {
        let objects = vec![node("n", json!({"kubeletVersion": version}))];
        assert_eq!(answer("differ", objects, &two)["affected"], wanted, "{version}");
    }
}

/// Objects that decide a condition, with the answer; without what would decide it, unknown.
#[test]
fn conditions_are_read_from_objects() {
    let about = |component: &str, condition: &str| {
        // Which version of Kubernetes the API server has, no object of these shows.
        let part = if component == "kubernetes" { json!(["kubelet"]) } else { json!([]) };
        let note = json!({"condition": condition, "part": part});
        data(component, json!([{"before": "99.0.0"}]), note)
    };
    let ask = |name: &str, objects: Vec<Value>, condition: &str, component: &str, wanted: &str| {
        let found = answer(name, objects, &about(component, condition));
        assert_eq!(found["affected"], wanted, "{condition}: {name}: {found}");
    };
    let nodes = || vec![node("n", json!({"kubeletVersion": "v1.30.0"}))];
    let with = |more: Value| {
        let mut all = nodes();
        all.push(more);
        all
    };
    let account = |value: &str| {
        json!({"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": "s",
            "namespace": "a", "uid": "s",
            "annotations": {"kubernetes.io/enforce-mountable-secrets": value}}})
    };
    ask("limited", with(account("true")), "mountable-secrets", "kubernetes", "yes");
    ask("not-limited", with(account("false")), "mountable-secrets", "kubernetes", "no");
    let policy = json!({"kind": "NetworkPolicy", "apiVersion": "networking.k8s.io/v1",
        "metadata": {"name": "p", "namespace": "a", "uid": "p"}, "spec": {"podSelector": {}}});
    ask("policy", with(policy), "network-policies", "kubernetes", "yes");
    ask("no-policy", nodes(), "network-policies", "kubernetes", "no");

    let ingress = |tag: &str, args: Value| {
        let image = format!("registry.k8s.io/ingress-nginx/controller:{tag}");
        let mut one = pod("front", &image);
        one["spec"]["containers"][0]["args"] = args;
        with(one)
    };
    let flag = "--enable-annotation-validation";
    for (name, tag, args, wanted) in [
        ("old", "v1.11.4", json!([]), "yes"),
        ("new", "v1.12.0", json!([]), "no"),
        ("old-on", "v1.11.4", json!([flag]), "no"),
        ("new-off", "v1.12.0", json!([format!("{flag}=false")]), "yes"),
        ("odd", "v1.12.0", json!([format!("{flag}=$(ON)")]), "unknown"),
        ("no-version", "latest", json!([]), "unknown"),
    ] {
        ask(name, ingress(tag, args), "annotation-validation", "ingress-nginx", wanted);
    }

    let argo = |settings: Value| {
        let mut all = with(pod("argo", "quay.io/argoproj/argocd:v2.8.0"));
        all.push(json!({"kind": "ConfigMap", "apiVersion": "v1",
            "metadata": {"name": "argocd-cm", "namespace": "a", "uid": "c"}, "data": settings}));
        all
    };
    let on = json!({"users.anonymous.enabled": "true"});
    ask("anonymous", argo(on), "argocd-anonymous", "argo-cd", "yes");
    ask("named", argo(json!({})), "argocd-anonymous", "argo-cd", "no");

    let flannel = |backend: Option<&str>| {
        let mut all = with(pod("net", "ghcr.io/flannel-io/flannel:v0.26.0"));
        if let Some(backend) = backend {
            all[0]["metadata"]["annotations"] =
                json!({"flannel.alpha.coreos.com/backend-type": backend});
        }
        all
    };
    ask("extension", flannel(Some("extension")), "flannel-extension", "flannel", "yes");
    ask("vxlan", flannel(Some("vxlan")), "flannel-extension", "flannel", "no");
    ask("unsaid", flannel(None), "flannel-extension", "flannel", "unknown");

    // What was not read decides nothing.
    let objects = file("silent-cluster", &list(nodes()));
    for condition in ["mountable-secrets", "network-policies"] {
        let document = file("silent-data", &about("kubernetes", condition));
        let output = ringfort(
            &["-q", "triage", "CVE-2020-1", "--cluster", &objects, "--json", "--data", &document],
            SOON,
        );
        let all: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(all["advisories"][0]["affected"], "unknown", "{condition}: {all}");
    }
}

#[test]
fn what_the_internet_reaches_is_patched_now_and_the_rest_can_wait() {
    let about = data("argo-cd", json!([{"before": "2.9.0"}]), json!({"attacker": "network"}));
    let argo = || vec![node("n", json!({})), pod("argo", "quay.io/argoproj/argocd:v2.8.0")];
    let inside = answer("inside", argo(), &about);
    assert_eq!((&inside["affected"], &inside["urgency"]), (&json!("yes"), &json!("can-wait")));
    let mut open = argo();
    open.push(load_balancer("argo"));
    let outside = answer("outside", open, &about);
    assert_eq!((&outside["affected"], &outside["urgency"]), (&json!("yes"), &json!("patch-now")));
    assert!(outside["because"].as_str().is_some_and(|text| text.contains("front")), "{outside}");
    let none = answer("none", vec![node("n", json!({}))], &about);
    assert_eq!((&none["affected"], &none["urgency"]), (&json!("no"), &json!("none")));
}

#[test]
fn exit_codes_follow_the_answer_and_wrong_input_is_told() {
    let about = file("codes", &data("coredns", json!([{"before": "1.12.2"}]), json!({})));
    let cluster = |tag: &str| {
        let image = format!("coredns/coredns:{tag}");
        file(&format!("codes-{tag}"), &list(vec![node("n", json!({})), pod("dns", &image)]))
    };
    for (tag, code) in [("1.12.1", 3), ("1.12.2", 0), ("latest", 4)] {
        let path = cluster(tag);
        let ask = |more: &[&str]| {
            let base = ["triage", "CVE-2020-1", "--cluster", &path, "--complete", "--data", &about];
            ringfort(&[&base, more].concat(), SOON).status.code()
        };
        assert_eq!(ask(&["--exit-code"]), Some(code), "{tag}");
        assert_eq!(ask(&[]), Some(0), "{tag}");
    }
    let path = cluster("1.12.1");
    for (id, wanted) in [
        ("CVE-2020-11", "error: CVE-2020-11 is not in the data of 2026-08-21"),
        ("heartbleed", "error: \"heartbleed\" is no id of an advisory"),
    ] {
        let output = ringfort(&["triage", id, "--cluster", &path, "--data", &about], SOON);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(wanted), "{said}");
    }
    let mut wrong = data("coredns", json!([{"before": "1.12"}]), json!({}));
    for (place, wanted) in [
        (true, "advisories[0].ranges[0].before: \"1.12\" is no version"),
        (false, "schema: \"ringfort.versions/9\" is not \"ringfort.versions/1\""),
    ] {
        if !place {
            wrong["schema"] = json!("ringfort.versions/9");
        }
        let broken = file("codes-wrong", &wrong);
        let output = ringfort(&["scan", &path, "--data", &broken], SOON);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.contains(wanted)), (Some(1), true), "{said}");
    }
    let output = ringfort(&["triage", "CVE-2020-1", "--cluster", &path], "soon");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn old_data_give_a_warning() {
    let path = file("old", &list(vec![node("n", json!({}))]));
    let about = file("old-data", &data("coredns", json!([{}]), json!({})));
    let ask = |epoch: &str| {
        let output =
            ringfort(&["triage", "CVE-2020-1", "--cluster", &path, "--data", &about], epoch);
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    // 60 and 61 days after 2026-08-21.
    let (sixty, more) = ("1792454400", "1792540800");
    assert!(!ask(sixty).contains("warning"), "{}", ask(sixty));
    assert!(ask(more).contains("the data on versions are 61 days old"), "{}", ask(more));
    let output = ringfort(&["scan", &path, "--complete", "-f", "markdown", "--data", &about], more);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("data of 2026-08-21, 61 days old"), "{text}");
}

fn schema(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas").join(name);
    serde_json::from_slice(&std::fs::read(path).expect(name)).expect("JSON")
}

fn fits(name: &str, value: &Value) {
    let validator =
        jsonschema::options().should_validate_formats(true).build(&schema(name)).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()).chars().take(300).collect())
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:?}");
}

#[test]
fn the_data_and_the_answers_fit_their_schemas() {
    let shipped = include_bytes!("../../ringfort-checks/data/versions.json");
    let mut shipped: Value = serde_json::from_slice(shipped).expect("JSON");
    fits("versions.schema.json", &shipped);
    let validator = jsonschema::options().build(&schema("versions.schema.json")).expect("a schema");
    shipped["advisories"][0]["ranges"] = json!([{"before": "1.0.0", "through": "1.0.0"}]);
    assert!(!validator.is_valid(&shipped));
    let cluster = file(
        "schema",
        &list(vec![
            node(
                "n",
                json!({"kubeletVersion": "v1.24.0",
            "containerRuntimeVersion": "containerd://1.6.0", "osImage": "Talos"}),
            ),
            pod("argo", "quay.io/argoproj/argocd:v2.8.0"),
            load_balancer("argo"),
        ]),
    );
    for id in ["CVE-2024-21626", "CVE-2022-23648", "CVE-2024-31989", "GHSA-xr7r-f8xq-vfvv"] {
        let output =
            ringfort(&["-q", "triage", id, "--cluster", &cluster, "--complete", "--json"], SOON);
        let value: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{id}: {error}"));
        fits("triage.schema.json", &value);
    }
}

#[test]
fn the_report_lists_what_is_outdated_and_reached_first() {
    let cluster = file(
        "section",
        &list(vec![
            node(
                "n",
                json!({"kubeletVersion": "v1.36.4",
            "containerRuntimeVersion": "containerd://1.6.0", "osImage": "Talos"}),
            ),
            pod("dns", "registry.k8s.io/coredns/coredns:v1.8.0"),
            pod("argo", "quay.io/argoproj/argocd:v2.8.0"),
            load_balancer("argo"),
        ]),
    );
    let output = ringfort(
        &["-q", "scan", &cluster, "--complete", "--k8s-version", "1.36", "-f", "json"],
        SOON,
    );
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let section = &report["versions"];
    assert!(section["date"].as_str().is_some_and(|date| date >= "2026-01-01"), "{section}");
    let components = section["components"].as_array().expect("a list");
    assert_eq!(components[0]["component"], "argo-cd", "{}", components[0]);
    assert_eq!(components[0]["supported"], "no");
    assert_eq!(components[0]["reached"], "yes");
    let ids = components[0]["advisories"].as_array().expect("a list");
    assert!(ids.iter().any(|one| one["id"] == "CVE-2024-31989"), "{ids:?}");
    let of = |name: &str| {
        components.iter().find(|one| one["component"] == name).unwrap_or_else(|| panic!("{name}"))
    };
    let runc = &of("runc")["missing"];
    assert_eq!(runc[0], "the version of runc: no object shows the version");
    assert_eq!(of("coredns")["supported"], "unknown", "no source dates it");
    assert!(section["apis_unknown"].is_string(), "a dump says nothing of clients");
}

#[test]
fn manifests_say_which_removed_api_versions_they_write() {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("apis-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let text = "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: i}\n\
        ---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: j, namespace: a}\n\
        ---\napiVersion: autoscaling/v2beta2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h, namespace: a}\n";
    std::fs::write(folder.join("all.yaml"), text).expect("a file can be written");
    let place = folder.to_str().expect("a plain path");
    for (version, served) in [("1.25", ["yes", "no"]), ("1.26", ["no", "no"])] {
        let output = ringfort(&["-q", "scan", place, "--k8s-version", version, "-f", "json"], SOON);
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let found = &report["versions"]["apis"];
        let shown = |at: usize| {
            let one = &found[at];
            (one["object"].clone(), one["removed"].clone(), one["served"].clone())
        };
        assert_eq!(found.as_array().map(Vec::len), Some(2), "{found}");
        let hpa = json!("HorizontalPodAutoscaler a/h");
        assert_eq!(shown(0), (hpa, json!("1.26"), json!(served[0])));
        assert_eq!(shown(1), (json!("Ingress default/i"), json!("1.22"), json!(served[1])));
        assert_eq!(report["versions"]["apis_unknown"], Value::Null);
    }
}

#[test]
fn a_component_is_absent_only_where_nothing_shows_it() {
    let nginx = data("ingress-nginx", json!([{"before": "1.12.1"}]), json!({}));
    let dns = data("coredns", json!([{"before": "1.14.0"}]), json!({}));
    for (about, image, wanted) in [
        (&nginx, "rancher/nginx-ingress-controller:v1.12.0-hardened2", "unknown"),
        (&nginx, "rancher/nginx-ingress-controller:nginx-1.11.3-rancher1", "unknown"),
        (&nginx, "registry.k8s.io/ingress-nginx/controller-chroot:v1.12.0", "yes"),
        (&nginx, "registry.k8s.io/ingress-nginx/controller-chroot:v1.12.1", "no"),
        (&nginx, "corp/edge:7", "no"),
        (&dns, "rancher/mirrored-coredns-coredns:1.9.3", "yes"),
        (&dns, "rancher/hardened-coredns:v1.9.3-build20260511", "unknown"),
    ] {
        let found = answer("builds", vec![pod("c", image)], about);
        assert_eq!(found["affected"], wanted, "{image}: {found}");
    }
    let class = json!({"kind": "IngressClass", "apiVersion": "networking.k8s.io/v1",
        "metadata": {"name": "nginx", "uid": "nginx"},
        "spec": {"controller": "k8s.io/ingress-nginx"}});
    let mut program = pod("c", "corp/edge:7");
    program["spec"]["containers"][0]["args"] = json!(["/nginx-ingress-controller"]);
    let labelled = |image: &str| {
        let mut pod = pod("c", image);
        pod["metadata"]["labels"]["k8s-app"] = json!("kube-dns");
        pod
    };
    let old = "registry.k8s.io/dns/k8s-dns-kube-dns:1.22.28";
    for (about, object, wanted) in [
        (&nginx, class, "unknown"),
        (&nginx, program, "unknown"),
        (&dns, labelled("corp/dns:7"), "unknown"),
        (&dns, labelled(old), "no"),
    ] {
        let found = answer("marks", vec![object.clone()], about);
        assert_eq!(found["affected"], wanted, "{object}: {found}");
    }
}
