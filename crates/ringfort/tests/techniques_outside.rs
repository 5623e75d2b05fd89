//! Pipelines, registries, images and clouds: for each row the smallest objects that give its
//! edge, which is unknown where a fact outside the cluster decides, and its negative control.

// Literals of JSON are handed over as they stand.
#![allow(clippy::needless_pass_by_value, clippy::type_complexity)]

mod fixture;

use std::collections::BTreeSet;

use fixture::{found, holds, meta, node, of, rule, wide, with};
use ringfort_attack::Confidence;
use serde_json::{Value, json};

/// A running pod `a/NAME` of one container, with labels.
fn running(name: &str, image: &str, labels: Value, container: Value) -> Value {
    let mut container = container;
    container["name"] = json!("c");
    container["image"] = json!(image);
    let mut meta = meta(name);
    meta["labels"] = labels;
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta,
        "spec": {"nodeName": "n", "serviceAccountName": "t", "containers": [container]},
        "status": {"phase": "Running"}})
}

fn base(more: impl IntoIterator<Item = Value>) -> Vec<Value> {
    with(holds(false, json!([])), more)
}

/// The one edge of a technique: its ends, and the fact that decides it (empty if proven).
fn one(technique: &str, objects: &[Value]) -> (String, String, String) {
    let edges = of(technique, objects);
    assert_eq!(edges.len(), 1, "{technique} {edges:?}");
    let edge = &edges[0];
    let fact = match edge.confidence {
        Confidence::Unknown => edge.note.clone(),
        _ => String::new(),
    };
    (edge.from.clone(), edge.to.clone(), fact)
}

fn none(technique: &str, objects: &[Value]) {
    assert_eq!(of(technique, objects), [], "{technique} is wrong");
}

fn custom(api: &str, kind: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": api, "kind": kind, "metadata": meta(name), "spec": spec})
}

fn flux(spec: Value, source: Value) -> Vec<Value> {
    base([
        running("kc", "ghcr.io/fluxcd/kustomize-controller:v1", json!({}), json!({})),
        custom("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "shop", spec),
        custom("source.toolkit.fluxcd.io/v1", "GitRepository", "shop", source),
    ])
}

#[test]
fn repositories_deploy_as_the_account_of_the_object() {
    let id = "repo-write-deploy";
    let source = json!({"url": "https://git.example/shop"});
    let reference = json!({"sourceRef": {"kind": "GitRepository", "name": "shop"}});
    let repository = "repository/https://git.example/shop".to_owned();
    let deployed = one(id, &flux(reference.clone(), source.clone()));
    assert_eq!(deployed, (repository.clone(), "sa/a/t".to_owned(), String::new()));
    let mut narrow = reference.clone();
    narrow["serviceAccountName"] = json!("s");
    assert_eq!(one(id, &flux(narrow, source.clone())).1, "sa/a/s");
    let mut off = reference.clone();
    off["suspend"] = json!(true);
    none(id, &flux(off, source.clone()));
    let elsewhere =
        json!({"sourceRef": {"kind": "GitRepository", "name": "shop", "namespace": "b"}});
    none(id, &flux(elsewhere, source.clone()));
    let mut signed = source;
    signed["verify"] = json!({"mode": "HEAD", "secretRef": {"name": "keys"}});
    let edges = of(id, &flux(reference, signed));
    assert!(edges[0].note.contains("signatures"), "{edges:?}");
    // Argo CD: what the project lets the application reach.
    let argo = |destination: &str| {
        let project = json!({"sourceRepos": ["https://git.example/shop"],
            "destinations": [{"namespace": destination, "server": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]});
        base([
            running(
                "ac",
                "quay.io/argoproj/argocd:v3",
                json!({}),
                json!({"args": ["argocd-application-controller"]}),
            ),
            custom("argoproj.io/v1alpha1", "AppProject", "shop", project),
            custom(
                "argoproj.io/v1alpha1",
                "Application",
                "shop",
                json!({"project": "shop",
                "source": {"repoURL": "https://git.example/shop"}}),
            ),
        ])
    };
    assert_eq!(one(id, &argo("*")), (repository, "sa/a/t".to_owned(), String::new()));
    none(id, &argo("gone"));
}

#[test]
fn image_automation_may_push() {
    let automation = |suspend: bool| {
        let mut objects = flux(json!({}), json!({"url": "https://git.example/shop"}));
        objects.push(running(
            "ia",
            "ghcr.io/fluxcd/image-automation-controller:v1",
            json!({}),
            json!({}),
        ));
        objects.push(custom(
            "image.toolkit.fluxcd.io/v1",
            "ImageUpdateAutomation",
            "x",
            json!({"suspend": suspend, "sourceRef": {"kind": "GitRepository", "name": "shop"}}),
        ));
        objects
    };
    let (from, to, fact) = one("image-automation-push", &automation(false));
    assert_eq!((from.as_str(), to.as_str()), ("sa/a/t", "repository/https://git.example/shop"));
    assert!(fact.contains("key"));
    none("image-automation-push", &automation(true));
}

#[test]
fn runners_run_what_they_are_given() {
    let runner = base([running("r", "ghcr.io/actions/actions-runner:2", json!({}), json!({}))]);
    let other = base([running("r", "example/run:2", json!({}), json!({}))]);
    for (id, from, to) in [
        ("repo-fork-runner", "pipeline/a/r", "pod/a/r:c"),
        ("runner-secrets", "pod/a/r:c", "pipeline-secrets/a/r"),
        ("pipeline-oidc", "all-of/pipeline-oidc/", "impact/cloud-role"),
        ("pipeline-kubeconfig", "all-of/pipeline-kubeconfig/", "impact/cluster-admin"),
    ] {
        let edge = one(id, &runner);
        assert!(edge.0.starts_with(from) && edge.1 == to && !edge.2.is_empty(), "{id} {edge:?}");
        none(id, &other);
    }
    // Nobody holds the facts that nothing points at.
    assert!(!fixture::reaches(&runner, &["pipeline-secrets/a/r"], "impact/cluster-admin"));
    let beside = |privileged: bool| {
        let mut pod = running("r", "ghcr.io/actions/actions-runner:2", json!({}), json!({}));
        let daemon = json!({"name": "dind", "image": "docker:28-dind",
            "securityContext": {"privileged": privileged}});
        pod["spec"]["containers"].as_array_mut().expect("a list").push(daemon);
        base([pod])
    };
    let edges = of("runner-privileged", &beside(true));
    assert!(edges.iter().any(|edge| edge.to.starts_with("pod/a/r:dind")), "{edges:?}");
    none("runner-privileged", &beside(false));
}

#[test]
fn open_triggers_start_their_pipeline() {
    let listener = |interceptors: Value| {
        let mut objects =
            base([running("el", "example/el:1", json!({"eventlistener": "hook"}), json!({}))]);
        objects.push(custom(
            "triggers.tekton.dev/v1beta1",
            "EventListener",
            "hook",
            json!({"serviceAccountName": "s", "triggers": [{"interceptors": interceptors}]}),
        ));
        of("webhook-receiver-open", &objects)
    };
    let open = listener(json!([]));
    assert!(open.iter().any(|edge| edge.from == "listener/pod/a/el"
        && edge.to == "pipeline/eventlistener/a/hook"
        && edge.confidence == Confidence::Proven));
    assert!(open.iter().any(|edge| edge.to == "sa/a/s" && edge.confidence == Confidence::Unknown));
    let checked =
        json!([{"ref": {"name": "github"}, "params": [{"name": "secretRef", "value": {}}]}]);
    assert_eq!(listener(checked), []);
}

#[test]
fn references_decide_who_replaces_an_image() {
    let scan = |image: &str| base([running("w", image, json!({}), json!({}))]);
    let tagged = scan("registry.example/shop/web:1");
    let pushed: Vec<_> = of("registry-push-tag", &tagged);
    assert!(pushed.iter().all(|edge| edge.confidence == Confidence::Unknown));
    let pushed: BTreeSet<(String, String)> =
        pushed.into_iter().map(|edge| (edge.from, edge.to)).collect();
    let wanted = ("registry/registry.example/shop/web", "image/registry.example/shop/web:1");
    assert_eq!(pushed, [(wanted.0.to_owned(), wanted.1.to_owned())].into());
    let run = of("image-run", &tagged);
    assert!(run.iter().any(|edge| edge.from == wanted.1 && edge.to.starts_with("pod/a/w:c")));
    let digest = scan("registry.example/shop/web@sha256:ab");
    none("registry-push-tag", &digest);
    // Another reference of the same image leads nowhere near the container.
    assert!(!of("image-run", &digest).iter().any(|edge| edge.from == wanted.1));
    let named = |objects: &[Value]| {
        let edges = of("image-name-confusion", objects);
        edges.iter().any(|edge| edge.to.contains("shop/web"))
    };
    assert!(named(&scan("shop/web:1")) && !named(&tagged));
    let based = of("base-image-compromise", &tagged);
    assert!(based.iter().any(|edge| edge.to == wanted.1 && edge.confidence == Confidence::Unknown));
    let mut waiting = running("w", "registry.example/shop/web:1", json!({}), json!({}));
    waiting["spec"].as_object_mut().expect("an object").remove("nodeName");
    waiting["status"] = json!({"phase": "Pending"});
    assert!(!of("base-image-compromise", &base([waiting])).iter().any(|edge| edge.to == wanted.1));
}

#[test]
fn exposed_images_may_be_vulnerable() {
    let service = |kind: &str| {
        base([
            running("w", "x@sha256:1", json!({"app": "w"}), json!({})),
            json!({"apiVersion": "v1", "kind": "Service", "metadata": meta("w"),
                "spec": {"type": kind, "selector": {"app": "w"}, "ports": [{"port": 80}]},
                "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}}),
        ])
    };
    let (from, _, fact) = one("image-vuln-entry", &service("LoadBalancer"));
    assert!(from == "listener/pod/a/w" && fact.contains("scan"));
    none("image-vuln-entry", &service("ClusterIP"));
}

#[test]
fn models_that_are_programs_run() {
    let served = |format: &str| {
        base([
            running(
                "server",
                "kserve/server:1",
                json!({"serving.kserve.io/inferenceservice": "m"}),
                json!({}),
            ),
            custom(
                "serving.kserve.io/v1beta1",
                "InferenceService",
                "m",
                json!({"predictor": {"model":
                {"modelFormat": {"name": format}, "storageUri": "s3://models/m"}}}),
            ),
        ])
    };
    assert!(one("model-file-exec", &served("sklearn")).2.contains("s3://models/m"));
    none("model-file-exec", &served("onnx"));
}

#[test]
fn security_tools_hold_their_permissions() {
    let tool = |automount: bool| {
        let mut pod = running("f", "falcosecurity/falco:0.41", json!({}), json!({}));
        pod["spec"]["automountServiceAccountToken"] = json!(automount);
        pod["spec"]["volumes"] = match automount {
            true => {
                json!([{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}])
            }
            false => json!([]),
        };
        if automount {
            pod["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "t",
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]);
        }
        base([pod])
    };
    assert_eq!(one("security-tool-deputy", &tool(true)).1, "sa/a/t");
    none("security-tool-deputy", &tool(false));
}

fn annotated(key: &str, value: &str) -> Vec<Value> {
    let mut objects = holds(false, json!([]));
    objects[2]["metadata"]["annotations"] = json!({key: value});
    objects
}

#[test]
fn accounts_name_principals_of_the_cloud() {
    let arn = "arn:aws:iam::111122223333:role/shop";
    for (id, key, value, to) in [
        ("irsa-assume", "eks.amazonaws.com/role-arn", arn, format!("aws/{arn}")),
        ("gke-wi-assume", "iam.gke.io/gcp-service-account", "s@p.iam", "google/s@p.iam".to_owned()),
        ("aks-wi-assume", "azure.workload.identity/client-id", "c-1", "azure/c-1".to_owned()),
    ] {
        let objects = annotated(key, value);
        let edge = one(id, &objects);
        assert_eq!((edge.0.as_str(), edge.1), ("sa/a/s", to));
        assert!(!edge.2.is_empty());
        none(id, &annotated("example.com/role", value));
        // An unknown edge is an edge: the impact is reached, and marked.
        assert!(fixture::reaches(&objects, &["sa/a/s"], "impact/cloud-role"));
        assert!(fixture::reaches(&objects, &["sa/a/s"], "impact/cloud-admin"));
    }
    let projected = |audience: &str| {
        let mut objects = holds(false, json!([]));
        objects[4]["spec"]["volumes"] = json!([{"name": "t", "projected": {"sources":
            [{"serviceAccountToken": {"path": "token", "audience": audience}}]}}]);
        objects
    };
    assert_eq!(
        one("pod-identity-assume", &projected("pods.eks.amazonaws.com")).1,
        "aws/role-of:a/t"
    );
    none("pod-identity-assume", &projected("vault"));
    assert_eq!(one("irsa-assume", &projected("sts.amazonaws.com")).1, "aws/role-of:a/t");
}

/// A node of a provider, in place of the one without.
fn on(provider: &str, labels: Value, more: Vec<Value>) -> Vec<Value> {
    let mut objects = more;
    objects[1] = node("n", labels);
    objects[1]["spec"] = json!({"providerID": provider});
    objects
}

#[test]
fn the_cloud_under_the_cluster_is_named_and_unknown() {
    let eks = json!({"eks.amazonaws.com/nodegroup": "g"});
    let aws = || on("aws:///eu-west-1a/i-0", eks.clone(), base([]));
    let own = || on("kind://docker/kind/n", json!({}), base([]));
    for (id, from, to) in [
        ("cloud-to-cluster-admin", "cloud-account/aws", "impact/cluster-admin"),
        ("cloud-to-node", "cloud-account/aws", "node/*"),
    ] {
        let edge = one(id, &aws());
        assert_eq!((edge.0.as_str(), edge.1.as_str()), (from, to));
        assert!(!edge.2.is_empty());
        none(id, &own());
    }
    // The nodes run in the cloud, the control plane does not.
    none("cloud-to-cluster-admin", &on("aws:///eu-west-1a/i-0", json!({}), base([])));
    let role: BTreeSet<String> =
        of("node-role-use", &aws()).into_iter().map(|edge| edge.to).collect();
    let wanted = ["aws/node-role", "impact/cloud-role", "user/system:node:n"];
    assert_eq!(role, wanted.into_iter().map(str::to_owned).collect());
    none("node-role-use", &own());
    let escalate = of("iam-escalate", &own());
    assert!(
        escalate.iter().all(|edge| edge.confidence == Confidence::Unknown) && !escalate.is_empty()
    );
    // A role of a vault is no principal of a cloud.
    let mut vault = holds(false, json!([]));
    vault[4]["metadata"]["annotations"] =
        json!({"vault.hashicorp.com/agent-inject": "true", "vault.hashicorp.com/role": "shop"});
    assert!(!fixture::reaches(&vault, &["sa/a/t"], "impact/cloud-role"));
    let wire =
        |provider: &str| found(&on(provider, json!({}), base([]))).contains("azure-wireserver");
    assert!(wire("azure:///subscriptions/x") && !wire("aws:///eu-west-1a/i-0"));
}

#[test]
fn google_pools_are_shared() {
    let rules = json!([rule(&["create"], "", &["serviceaccounts", "pods"])]);
    let labels = json!({"cloud.google.com/gke-nodepool": "p"});
    let gke = on("gce://project/zone/n", labels.clone(), holds(true, rules.clone()));
    assert_eq!(one("gke-wi-sameness", &gke).1, "google/workload-pool");
    none("gke-wi-sameness", &on("gce://project/zone/n", labels, holds(false, rules.clone())));
    none("gke-wi-sameness", &holds(true, rules));
}

#[test]
fn registries_and_disks_of_the_cloud() {
    let scan = |image: &str| base([running("w", image, json!({}), json!({}))]);
    let edge = one("cloud-to-image", &scan("111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1"));
    assert_eq!(edge.0, "cloud-account/aws");
    assert_eq!(edge.1, "registry/111122223333.dkr.ecr.eu-west-1.amazonaws.com/web");
    none("cloud-to-image", &scan("evil.example/dkr.ecr.amazonaws.com/web:1"));
    let volume = |driver: &str| {
        base([json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": wide("v"),
            "spec": {"csi": {"driver": driver, "volumeHandle": "vol-0"},
                "claimRef": {"kind": "PersistentVolumeClaim", "namespace": "a", "name": "d"}}})])
    };
    assert_eq!(one("cloud-snapshot-data", &volume("ebs.csi.aws.com")).1, "claim/a/d");
    none("cloud-snapshot-data", &volume("csi.example.com"));
    let location = custom("velero.io/v1", "BackupStorageLocation", "default", json!({}));
    let edge = one("cloud-public-resource", &base([location]));
    assert_eq!((edge.0.as_str(), edge.1.as_str()), ("internet", "impact/all-secrets"));
    none("cloud-public-resource", &base([]));
    let agent =
        scan("602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks/eks-pod-identity-agent:v0.1");
    assert_eq!(one("cloud-pod-identity-create", &agent).1, "impact/cloud-role");
    none("cloud-pod-identity-create", &scan("example/agent:1"));
}
