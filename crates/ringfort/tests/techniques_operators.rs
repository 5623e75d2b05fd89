//! Operators as deputies: for each row the smallest objects that give its edge, and its negative
//! control, or the same objects with one conjunct removed.

// Literals of JSON are handed over as they stand.
#![allow(clippy::needless_pass_by_value, clippy::type_complexity)]

mod fixture;

use std::collections::BTreeSet;

use fixture::{Edge, holds, meta, named, rule, wide, with};
use ringfort_attack::{Attack, Confidence, Engines, techniques};
use ringfort_graph::EdgeId;
use serde_json::{Value, json};

/// A controller in namespace `ops` with its own account, which may do anything.
fn controller(image: &str, args: &[&str], labels: Value) -> Vec<Value> {
    let place =
        |name: &str| json!({"name": name, "namespace": "ops", "uid": name, "resourceVersion": "1"});
    let mut pod = place("op-0");
    pod["labels"] = labels;
    let api = "rbac.authorization.k8s.io/v1";
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": wide("ops")}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": place("op")}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": pod,
            "spec": {"serviceAccountName": "op", "nodeName": "n", "containers":
                [{"name": "c", "image": image, "args": args}]},
            "status": {"phase": "Running"}}),
        json!({"apiVersion": api, "kind": "ClusterRole", "metadata": wide("op"),
            "rules": [rule(&["*"], "*", &["*"])]}),
        json!({"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": wide("op"),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "op"},
            "subjects": [{"kind": "ServiceAccount", "name": "op", "namespace": "ops"}]}),
    ]
}

fn writer(cluster: bool, group: &str, resource: &str) -> Vec<Value> {
    holds(cluster, json!([rule(&["create"], group, &[resource])]))
}

fn custom(api: &str, kind: &str, meta: Value, spec: Value) -> Value {
    json!({"apiVersion": api, "kind": kind, "metadata": meta, "spec": spec})
}

fn in_ops(name: &str) -> Value {
    json!({"name": name, "namespace": "ops", "uid": name, "resourceVersion": "1"})
}

/// The edges of a technique, those of the controller's own role left out: it may do everything.
fn of(technique: &str, objects: &[Value]) -> Vec<Edge> {
    let mut all = fixture::of(technique, objects);
    all.retain(|edge| !edge.from.contains("sa/ops/op") && edge.from != "clusterrole/op");
    all
}

/// The ends of a technique's edges.
fn ends(technique: &str, objects: &[Value]) -> BTreeSet<String> {
    of(technique, objects).into_iter().map(|edge| edge.to).collect()
}

fn only(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn writers_reach_what_the_operator_does_for_them() {
    let none = json!({});
    // (technique, controller, writer's group, resource, cluster-wide, where it leads,
    //  resource that is no way)
    let cases: [(&str, &str, &[&str], &str, &str, bool, &str, &str); 7] = [
        (
            "deputy-argo-workflows",
            "quay.io/argoproj/workflow-controller:v3",
            &[],
            "argoproj.io",
            "workflows",
            false,
            "power/run-pods@a",
            "workflowtemplates",
        ),
        (
            "deputy-tekton",
            "gcr.io/tekton-releases/github.com/tektoncd/pipeline/cmd/controller:v1",
            &[],
            "tekton.dev",
            "taskruns",
            false,
            "power/run-pods@a",
            "tasks",
        ),
        (
            "deputy-knative-kserve",
            "gcr.io/knative-releases/knative.dev/serving/cmd/controller:v1",
            &[],
            "serving.knative.dev",
            "services",
            false,
            "power/run-pods@a",
            "routes",
        ),
        (
            "deputy-prometheus-operator",
            "quay.io/prometheus-operator/prometheus-operator:v0.93.1",
            &[],
            "monitoring.coreos.com",
            "prometheuses",
            false,
            "power/run-pods@a",
            "prometheusrules",
        ),
        (
            "deputy-kyverno",
            "ghcr.io/kyverno/background-controller:v1.13",
            &[],
            "kyverno.io",
            "clusterpolicies",
            true,
            "sa/ops/op",
            "policyexceptions",
        ),
        (
            "deputy-karpenter",
            "public.ecr.aws/karpenter/controller:1.5",
            &[],
            "karpenter.k8s.aws",
            "ec2nodeclasses",
            true,
            "node/held",
            "nodepools",
        ),
        (
            "deputy-crossplane",
            "xpkg.crossplane.io/crossplane/crossplane:v2",
            &[],
            "apiextensions.crossplane.io",
            "compositions",
            true,
            "sa/ops/op",
            "compositionrevisions",
        ),
    ];
    for (technique, image, args, group, resource, cluster, to, other) in cases {
        let operator = || controller(image, args, none.clone());
        let yes = with(writer(cluster, group, resource), operator());
        let found = of(technique, &yes);
        assert_eq!(found.len(), 1, "{technique} {found:?}");
        assert_eq!((found[0].to.as_str(), found[0].confidence), (to, Confidence::Proven));
        let elsewhere = with(writer(cluster, group, other), operator());
        assert_eq!(of(technique, &elsewhere), [], "{technique} from {other}");
        let read = holds(cluster, json!([rule(&["get", "list"], group, &[resource])]));
        assert_eq!(of(technique, &with(read, operator())), [], "{technique} by reading");
        assert_eq!(of(technique, &writer(cluster, group, resource)), [], "{technique} alone");
    }
}

#[test]
fn flux_applies_as_itself_unless_a_default_account_is_set() {
    let group = "kustomize.toolkit.fluxcd.io";
    let image = "ghcr.io/fluxcd/kustomize-controller:v1.6.0";
    let scan = |args: &[&str]| {
        let objects = with(
            writer(false, group, "kustomizations"),
            controller(image, args, json!({"app": "kustomize-controller"})),
        );
        ends("deputy-flux", &objects)
    };
    assert_eq!(scan(&["--watch-all-namespaces=true"]), only(&["sa/ops/op"]));
    // The multi-tenancy lockdown: the accounts of the tenant's namespace and no more.
    let lockdown = scan(&[
        "--no-cross-namespace-refs=true",
        "--no-remote-bases=true",
        "--default-service-account=default",
    ]);
    assert_eq!(lockdown, only(&["power/impersonate-accounts@a"]));
    // The other flags bound the sources, not the account.
    let half = scan(&["--no-cross-namespace-refs=true", "--no-remote-bases=true"]);
    assert_eq!(half, only(&["sa/ops/op"]));
    assert_eq!(scan(&["--watch-all-namespaces=false"]), only(&[]));
    // A named update needs the object.
    let named = holds(false, json!([named(rule(&["patch"], group, &["kustomizations"]), "shop")]));
    let objects = with(named, controller(image, &[], json!({})));
    assert_eq!(ends("deputy-flux", &objects), only(&[]));
    let object = custom(&format!("{group}/v1"), "Kustomization", meta("shop"), json!({}));
    assert_eq!(ends("deputy-flux", &with(objects, [object])), only(&["sa/ops/op"]));
}

fn argo() -> Vec<Value> {
    controller(
        "quay.io/argoproj/argocd:v3.1",
        &["/usr/local/bin/argocd-application-controller"],
        json!({}),
    )
}

fn project(spec: Value) -> Value {
    custom("argoproj.io/v1alpha1", "AppProject", in_ops("default"), spec)
}

fn open_project() -> Value {
    project(json!({"sourceRepos": ["*"], "destinations": [{"namespace": "*", "server": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}))
}

#[test]
fn argo_projects_bound_what_applications_reach() {
    // The installation takes its variables from a ConfigMap.
    let from = |reference: Value| {
        let mut all = argo();
        all[2]["spec"]["containers"][0]["env"] =
            json!([{"name": "ARGOCD_APPLICATION_NAMESPACES", "valueFrom": reference}]);
        all
    };
    let installed = || {
        from(json!({"configMapKeyRef": {"name": "argocd-cmd-params-cm",
        "key": "application.namespaces", "optional": true}}))
    };
    let scan = |cluster: bool, more: Vec<Value>| {
        let objects = with(writer(cluster, "argoproj.io", "applications"), installed());
        ends("deputy-argocd-app", &with(objects, more))
    };
    // The project that an installation begins with.
    assert_eq!(scan(true, vec![open_project()]), only(&["sa/ops/op"]));
    // One repository and one destination leave no choice.
    let narrow = json!({"sourceRepos": ["https://git.example/shop.git"],
        "destinations": [{"namespace": "a", "server": "https://kubernetes.default.svc"}]});
    assert_eq!(scan(true, vec![project(narrow)]), only(&[]));
    let one = json!({"sourceRepos": ["*"],
        "destinations": [{"namespace": "a", "server": "https://kubernetes.default.svc"}]});
    assert_eq!(scan(true, vec![project(one)]), only(&["power/run-pods@a"]));
    let denied = json!({"sourceRepos": ["*"], "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        "destinations": [{"namespace": "!a", "server": "*"}, {"namespace": "*", "server": "*"}]});
    assert!(!scan(true, vec![project(denied)]).contains("power/run-pods@a"));
    // A namespace beside Argo CD's counts once the server and the project name it.
    assert_eq!(scan(false, vec![open_project()]), only(&[]));
    let mut shared = open_project();
    shared["spec"]["sourceNamespaces"] = json!(["a*"]);
    assert_eq!(scan(false, vec![shared.clone()]), only(&[]));
    let params = |key: &str, value: &str, name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": in_ops(name), "data": {key: value}});
    let named = params("application.namespaces", "b, a", "argocd-cmd-params-cm");
    assert_eq!(scan(false, vec![shared.clone(), named.clone()]), only(&["sa/ops/op"]));
    // No ConfigMap counts that the controller takes nothing from, and what it takes from a Secret
    // is not known.
    let objects = with(writer(false, "argoproj.io", "applications"), argo());
    assert_eq!(of("deputy-argocd-app", &with(objects, [shared.clone(), named.clone()])), []);
    let hidden = from(json!({"secretKeyRef": {"name": "s", "key": "k"}}));
    let objects = with(writer(false, "argoproj.io", "applications"), hidden);
    let maybe: Vec<Edge> = of("deputy-argocd-app", &with(objects, [shared.clone()]));
    assert!(maybe.len() == 1 && maybe[0].confidence == Confidence::Unknown, "{maybe:?}");
    assert!(maybe[0].note.contains("Secret ops/s"), "{maybe:?}");
    let expression = params("application.namespaces", "/^a$/", "argocd-cmd-params-cm");
    let objects = with(writer(false, "argoproj.io", "applications"), installed());
    let maybe: Vec<Edge> = of("deputy-argocd-app", &with(objects, [shared, expression]));
    assert!(maybe.len() == 1 && maybe[0].confidence == Confidence::Unknown, "{maybe:?}");
    let impersonation = params("application.sync.impersonation.enabled", "true", "argocd-cm");
    assert_eq!(scan(true, vec![open_project(), impersonation]), only(&[]));
    // Globs of repositories: who may create one is not in the cluster.
    let globs = json!({"sourceRepos": ["https://git.example/shop/*"],
        "destinations": [{"namespace": "*", "server": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]});
    let objects = with(writer(true, "argoproj.io", "applications"), argo());
    let found: Vec<Edge> = of("deputy-argocd-app", &with(objects, [project(globs)]));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].confidence, Confidence::Unknown);
    assert!(found[0].note.contains("sourceRepos"), "{}", found[0].note);
}

#[test]
fn argo_projects_themselves_are_worth_their_applications() {
    let both =
        holds(true, json!([rule(&["create"], "argoproj.io", &["appprojects", "applications"])]));
    let found: Vec<Edge> = of("deputy-argocd-project", &with(both, argo()));
    assert!(
        found.iter().any(|edge| edge.confidence == Confidence::Proven && edge.to == "sa/ops/op")
    );
    let one =
        of("deputy-argocd-project", &with(writer(true, "argoproj.io", "appprojects"), argo()));
    assert!(one.iter().all(|edge| edge.confidence == Confidence::Unknown) && !one.is_empty());
    let view = holds(true, json!([rule(&["get"], "argoproj.io", &["appprojects"])]));
    assert_eq!(of("deputy-argocd-project", &with(view, argo())), []);
}

#[test]
fn strict_workflows_need_their_template() {
    let image = "quay.io/argoproj/workflow-controller:v3";
    let strict = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": in_ops("workflow-controller-configmap"),
        "data": {"workflowRestrictions": "templateReferencing: Strict\n"}});
    let scan = |resources: &[&str], args: &[&str]| {
        let objects = holds(false, json!([rule(&["create"], "argoproj.io", resources)]));
        let objects = with(objects, controller(image, args, json!({})));
        ends("deputy-argo-workflows", &with(objects, [strict.clone()]))
    };
    assert_eq!(scan(&["workflows"], &[]), only(&[]));
    assert_eq!(scan(&["workflows", "workflowtemplates"], &[]), only(&["power/run-pods@a"]));
    assert_eq!(scan(&["workflows", "workflowtemplates"], &["--namespaced"]), only(&[]));
}

#[test]
fn certificates_matter_where_the_issuers_ca_may_be_the_clusters() {
    let operator = || controller("quay.io/jetstack/cert-manager-controller:v1.18", &[], json!({}));
    let issuer = |spec: Value| custom("cert-manager.io/v1", "Issuer", meta("i"), spec);
    let secret = |annotations: Value| {
        let mut meta = meta("ca");
        meta["annotations"] = annotations;
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "kubernetes.io/tls"})
    };
    let scan = |more: Vec<Value>| {
        let objects = with(writer(false, "cert-manager.io", "certificates"), operator());
        of("deputy-cert-manager", &with(objects, more))
    };
    let found: Vec<Edge> =
        scan(vec![issuer(json!({"ca": {"secretName": "ca"}})), secret(json!({}))]);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].to.as_str(), found[0].confidence),
        ("group/system:masters", Confidence::Unknown)
    );
    assert!(found[0].note.contains("a/ca"));
    let own = secret(json!({"cert-manager.io/certificate-name": "root"}));
    assert_eq!(scan(vec![issuer(json!({"ca": {"secretName": "ca"}})), own]), []);
    assert_eq!(scan(vec![issuer(json!({"acme": {"server": "https://acme.example"}}))]), []);
}

#[test]
fn secret_stores_serve_the_namespaces_of_their_conditions() {
    let store = |conditions: Value| {
        let spec = json!({"conditions": conditions});
        custom("external-secrets.io/v1", "ClusterSecretStore", wide("vault"), spec)
    };
    let scan = |more: Vec<Value>| {
        let operator =
            controller("ghcr.io/external-secrets/external-secrets:v0.19", &[], json!({}));
        let objects = with(writer(false, "external-secrets.io", "externalsecrets"), operator);
        ends("deputy-external-secrets", &with(objects, more))
    };
    assert_eq!(scan(vec![store(json!([]))]), only(&["secret-store/vault"]));
    assert_eq!(scan(vec![store(json!([{"namespaces": ["a"]}]))]), only(&["secret-store/vault"]));
    assert_eq!(scan(vec![store(json!([{"namespaces": ["b"]}]))]), only(&[]));
    let labels = json!([{"namespaceSelector": {"matchLabels": {"team": "x"}}}]);
    assert_eq!(scan(vec![store(labels)]), only(&[]));
    let own = custom("external-secrets.io/v1", "SecretStore", meta("vault"), json!({}));
    assert_eq!(scan(vec![own]), only(&[]));
}

#[test]
fn kyverno_gives_no_more_than_its_controller_has() {
    let mut operator = controller("ghcr.io/kyverno/background-controller:v1.13", &[], json!({}));
    let policies = || writer(true, "kyverno.io", "clusterpolicies");
    operator[3]["rules"] = json!([rule(&["create"], "", &["configmaps"])]);
    assert_eq!(ends("deputy-kyverno", &with(policies(), operator.clone())), only(&[]));
    operator[3]["rules"] = json!([rule(&["create"], "batch", &["jobs"])]);
    assert_eq!(
        ends("deputy-kyverno", &with(policies(), operator.clone())),
        only(&["power/run-pods"])
    );
    let namespaced = writer(false, "kyverno.io", "policies");
    assert_eq!(ends("deputy-kyverno", &with(namespaced, operator)), only(&["power/run-pods@a"]));
}

#[test]
fn gatekeeper_mutates_only_with_its_webhook() {
    let operator = controller("openpolicyagent/gatekeeper:v3.20", &[], json!({}));
    let objects = with(writer(true, "mutations.gatekeeper.sh", "assign"), operator);
    assert_eq!(ends("deputy-gatekeeper", &objects), only(&[]));
    let webhook = json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration", "metadata": wide("gatekeeper"), "webhooks": [
            {"name": "mutation.gatekeeper.sh", "failurePolicy": "Ignore", "rules": []}]});
    let objects = with(objects, [webhook]);
    assert_eq!(ends("deputy-gatekeeper", &objects), only(&["power/swap-images"]));
}

#[test]
fn velero_acts_in_its_own_namespace() {
    let scan = |cluster: bool, resource: &str| {
        let operator = controller("velero/velero:v1.16", &["server"], json!({}));
        ends("deputy-velero", &with(writer(cluster, "velero.io", resource), operator))
    };
    assert_eq!(scan(true, "backups"), only(&["power/exec-pods"]));
    assert_eq!(scan(true, "restores"), only(&["sa/ops/op"]));
    assert_eq!(scan(false, "backups"), only(&[]));
    assert_eq!(scan(true, "backuprepositories"), only(&[]));
}

#[test]
fn crossplane_objects_act_with_the_identity_that_is_injected() {
    let config = |source: &str| {
        let spec = json!({"credentials": {"source": source}});
        custom("kubernetes.crossplane.io/v1alpha1", "ProviderConfig", wide("default"), spec)
    };
    let scan = |more: Value| {
        let operator = controller(
            "xpkg.upbound.io/crossplane-contrib/provider-kubernetes:v0.18",
            &[],
            json!({}),
        );
        let objects = with(writer(true, "kubernetes.crossplane.io", "objects"), operator);
        ends("deputy-crossplane", &with(objects, [more]))
    };
    assert_eq!(scan(config("InjectedIdentity")), only(&["sa/ops/op"]));
    assert_eq!(scan(config("Secret")), only(&[]));
}

#[test]
fn karpenter_classes_name_the_role_of_their_nodes() {
    let operator = controller("public.ecr.aws/karpenter/controller:1.5", &[], json!({}));
    let objects = with(writer(true, "karpenter.k8s.aws", "ec2nodeclasses"), operator);
    let class =
        custom("karpenter.k8s.aws/v1", "EC2NodeClass", wide("default"), json!({"role": "nodes"}));
    let found = ends("deputy-karpenter", &with(objects, [class]));
    assert_eq!(found, only(&["aws/nodes", "node/held"]));
}

#[test]
fn host_disks_need_their_gate() {
    let gates = |gates: Value| {
        let spec = json!({"configuration": {"developerConfiguration": {"featureGates": gates}}});
        custom("kubevirt.io/v1", "KubeVirt", in_ops("kubevirt"), spec)
    };
    let scan = |more: Value| {
        let operator = controller("quay.io/kubevirt/virt-controller:v1.5", &[], json!({}));
        let objects = with(writer(false, "kubevirt.io", "virtualmachines"), operator);
        !of("deputy-kubevirt", &with(objects, [more])).is_empty()
    };
    assert!(scan(gates(json!(["LiveMigration", "HostDisk"]))));
    assert!(!scan(gates(json!(["LiveMigration"]))) && !scan(gates(json!(null))));
}

#[test]
fn monitors_read_the_servers_token_unless_files_are_denied() {
    let server = |more: Value| {
        let mut spec = json!({"serviceAccountName": "prometheus", "serviceMonitorSelector": {},
            "serviceMonitorNamespaceSelector": {}});
        spec.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        custom("monitoring.coreos.com/v1", "Prometheus", in_ops("k8s"), spec)
    };
    let scan = |more: Value| {
        let image = "quay.io/prometheus-operator/prometheus-operator:v0.93.1";
        let objects = with(
            writer(false, "monitoring.coreos.com", "servicemonitors"),
            controller(image, &[], json!({})),
        );
        ends("deputy-prometheus-operator", &with(objects, [server(more)]))
    };
    assert_eq!(scan(json!({})), only(&["sa/ops/prometheus"]));
    assert_eq!(scan(json!({"arbitraryFSAccessThroughSMs": {"deny": true}})), only(&[]));
    assert_eq!(scan(json!({"serviceMonitorNamespaceSelector": null})), only(&[]));
    assert_eq!(scan(json!({"serviceMonitorSelector": null})), only(&[]));
    let other = json!({"serviceMonitorNamespaceSelector": {"matchLabels": {"team": "x"}}});
    assert_eq!(scan(other), only(&[]));
}

#[test]
fn vault_roles_are_asked_for_by_annotation() {
    let scan = |annotations: Value| {
        let mut objects = holds(false, json!([]));
        objects[4]["metadata"]["annotations"] = annotations;
        of("deputy-sealed-vault-injector", &objects)
    };
    let found: Vec<Edge> = scan(
        json!({"vault.hashicorp.com/agent-inject": "true", "vault.hashicorp.com/role": "shop"}),
    );
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].from.as_str(), found[0].to.as_str(), found[0].confidence),
        ("sa/a/t", "vault/shop", Confidence::Unknown)
    );
    assert_eq!(scan(json!({"vault.hashicorp.com/role": "shop"})), []);
}

#[test]
fn cluster_api_needs_a_cluster() {
    let operator =
        controller("registry.k8s.io/cluster-api/cluster-api-controller:v1.10", &[], json!({}));
    let objects =
        with(writer(false, "bootstrap.cluster.x-k8s.io", "kubeadmconfigtemplates"), operator);
    assert_eq!(ends("deputy-capi", &objects), only(&[]));
    let cluster = custom("cluster.x-k8s.io/v1beta1", "Cluster", meta("prod"), json!({}));
    assert_eq!(ends("deputy-capi", &with(objects, [cluster])), only(&["impact/fleet"]));
}

#[test]
fn tiller_serves_whoever_reaches_it() {
    let scan = |image: &str, args: &[&str]| {
        of("deputy-helm-tiller", &with(holds(false, json!([])), controller(image, args, json!({}))))
    };
    let found: Vec<Edge> = scan("gcr.io/kubernetes-helm/tiller:v2.17.0", &[]);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].from.as_str(), found[0].to.as_str()),
        ("listener/pod/ops/op-0", "sa/ops/op")
    );
    assert!(
        scan("gcr.io/kubernetes-helm/tiller:v2.17.0", &["--tls-verify"])[0]
            .note
            .contains("certificate")
    );
    assert_eq!(scan("alpine/helm:3.18", &[]), []);
}

#[test]
fn virtual_clusters_reach_nodes_where_the_host_namespace_lets_them() {
    let scan = |labels: Value| {
        let mut operator =
            controller("ghcr.io/loft-sh/vcluster-pro:0.27", &[], json!({"app": "vcluster"}));
        operator[0]["metadata"]["labels"] = labels;
        of("deputy-vcluster-syncer", &with(holds(false, json!([])), operator))
    };
    let found: Vec<Edge> = scan(json!({}));
    assert_eq!((found[0].to.as_str(), found[0].confidence), ("node/*", Confidence::Unknown));
    assert_eq!(scan(json!({"pod-security.kubernetes.io/enforce": "baseline"})), []);
}

#[test]
fn unknown_operators_are_guessed_only_when_asked() {
    let definition = |properties: Value| {
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": wide("things.example.com"), "spec": {"group": "example.com", "scope": "Namespaced",
                "names": {"kind": "Thing", "plural": "things"}, "versions": [{"name": "v1", "schema":
                    {"openAPIV3Schema": {"type": "object", "properties": {"spec":
                        {"type": "object", "properties": properties}}}}}]}})
    };
    let scan = |properties: Value, heuristics: bool| {
        let objects = with(
            writer(false, "example.com", "things"),
            controller("example/operator:1", &[], json!({})),
        );
        let cluster = fixture::cluster(&with(objects, [definition(properties)]), 36);
        let engines = Engines::new(&cluster);
        let attack = match heuristics {
            true => Attack::with_heuristics(&cluster, &engines),
            false => Attack::new(&cluster, &engines),
        };
        (0..attack.graph.edge_count())
            .filter_map(|edge| attack.edge(EdgeId(edge as u32)).technique)
            .any(|at| techniques::ALL[at as usize].id == "deputy-generic")
    };
    let nested =
        json!({"target": {"type": "object", "properties": {"secretRef": {"type": "object"}}}});
    assert!(scan(nested.clone(), true) && !scan(nested, false));
    assert!(!scan(json!({"size": {"type": "integer"}}), true));
}
