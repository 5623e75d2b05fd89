//! Verdicts that a check's four fixtures cannot show beside the others: each case is a source of
//! its own.

use ringfort_attack::{Attack, Engines};
use ringfort_checks::{World, checks, outcomes};
use ringfort_collect::{Options, read_objects};
use ringfort_model::KubeVersion;

/// The verdict of a check about an object among some that were all listed.
fn verdict(id: &str, objects: &[&str], about: &str) -> &'static str {
    let text = objects.join("\n---\n");
    let version = Some(KubeVersion::minor(36));
    let options = Options { version, complete: true, threads: 1, ..Options::default() };
    let read = read_objects(&[("x.yaml", text.as_bytes())], &options).expect("it reads");
    assert!(read.cluster.gaps.is_empty(), "{:?}", read.cluster.gaps);
    let engines = Engines::new(&read.cluster);
    let attack = Attack::new(&read.cluster, &engines);
    let world = World::new(&attack);
    let found = outcomes(&world, checks::by_id(id).expect("a check"));
    let mut all = found.iter().map(|(object, verdict)| (object.to_string(), verdict.name()));
    all.find(|(object, _)| object == about).map_or("nothing", |(_, name)| name)
}

const INGRESS: &str = r"{kind: Ingress, apiVersion: networking.k8s.io/v1, metadata: {name: i, namespace: a,
  annotations: {nginx.ingress.kubernetes.io/server-snippet: x}}, spec: {ingressClassName: nginx}}";

fn class(controller: &str) -> String {
    format!(
        "{{kind: IngressClass, apiVersion: networking.k8s.io/v1, metadata: {{name: nginx}}, \
         spec: {{controller: {controller}}}}}"
    )
}

/// A pod of two labels that runs an image.
fn pod(labels: &str, container: &str) -> String {
    format!(
        "{{kind: Pod, apiVersion: v1, metadata: {{name: p, namespace: a, labels: {{{labels}}}}}, \
         spec: {{nodeName: node-1, containers: [{{name: c, {container}}}]}}, \
         status: {{phase: Running, podIP: 10.0.0.9}}}}"
    )
}

#[test]
fn a_snippet_is_refused_only_where_nothing_shows_its_controller() {
    let of = |objects: &[&str]| {
        let all: Vec<&str> = [INGRESS].iter().chain(objects).copied().collect();
        verdict("RF-EXP-008", &all, "Ingress a/i")
    };
    assert_eq!(of(&[]), "pass");
    assert_eq!(of(&[&class("k8s.io/ingress-nginx")]), "unknown");
    assert_eq!(of(&[&class("k8s.io/internal-ingress-nginx")]), "unknown");
    assert_eq!(of(&[&class("nginx.org/ingress-controller")]), "pass");
    let label = pod("app.kubernetes.io/name: ingress-nginx", "image: 'corp/edge:7'");
    assert_eq!(of(&[&label]), "unknown");
    assert_eq!(of(&[&pod("app: x", "image: 'corp/edge:7'")]), "pass");
}

#[test]
fn a_controller_is_judged_in_any_build() {
    let conf = "{kind: ConfigMap, apiVersion: v1, metadata: {name: conf, namespace: a}, \
                data: {allow-snippet-annotations: 'true'}}";
    let args = "args: [/nginx-ingress-controller, --configmap=a/conf]";
    for image in [
        "rancher/nginx-ingress-controller:v1.12.0-hardened2",
        "rancher/nginx-ingress-controller:nginx-1.11.3-rancher1",
        "registry.k8s.io/ingress-nginx/controller-chroot:v1.12.0",
        "bitnami/nginx-ingress-controller:1.12.0",
        "quay.io/kubernetes-ingress-controller/nginx-ingress-controller:0.30.0",
        "corp/edge:7",
    ] {
        let own = pod("app: x", &format!("image: '{image}', {args}"));
        let all = [INGRESS, conf, &own];
        assert_eq!(verdict("RF-EXP-008", &all, "Ingress a/i"), "fail", "{image}");
        assert_eq!(verdict("RF-EXP-008", &all, "Pod a/p"), "fail", "{image}");
    }
}

#[test]
fn bootstrap_tokens_log_in_from_kube_system_only() {
    let of = |namespace: &str| {
        let secret = format!(
            "{{kind: Secret, apiVersion: v1, type: bootstrap.kubernetes.io/token, \
             metadata: {{name: bootstrap-token-abcdef, namespace: {namespace}}}, \
             stringData: {{token-id: abcdef, usage-bootstrap-authentication: 'true'}}}}"
        );
        let about = format!("Secret {namespace}/bootstrap-token-abcdef");
        verdict("RF-CP-006", &[&secret], &about)
    };
    assert_eq!((of("kube-system"), of("a")), ("fail", "pass"));
}

#[test]
fn a_role_that_the_server_makes_is_there() {
    let of = |namespace: &str, role: &str| {
        let binding = format!(
            "{{kind: RoleBinding, apiVersion: rbac.authorization.k8s.io/v1, \
             metadata: {{name: b, namespace: {namespace}}}, \
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {role}}}, \
             subjects: [{{kind: User, name: u}}]}}"
        );
        verdict("RF-RBAC-021", &[&binding], &format!("RoleBinding {namespace}/b"))
    };
    let reader = "extension-apiserver-authentication-reader";
    assert_eq!((of("kube-system", reader), of("a", reader)), ("pass", "fail"));
    assert_eq!(of("kube-system", "other"), "fail");
}

/// API servers with these words as their commands.
fn servers(commands: &[&str]) -> Vec<String> {
    let pods = commands.iter().enumerate().map(|(at, words)| {
        format!(
            "{{kind: Pod, apiVersion: v1, metadata: {{name: kube-apiserver-{at}, \
             namespace: kube-system, labels: {{component: kube-apiserver}}}}, \
             spec: {{nodeName: node-1, containers: [{{name: c, image: x, command: [{words}]}}]}}, \
             status: {{phase: Running}}}}"
        )
    });
    pods.collect()
}

#[test]
fn a_server_that_a_shell_starts_is_unknown() {
    let of = |id: &str, commands: &[&str]| {
        let pods = servers(commands);
        let pods: Vec<&str> = pods.iter().map(String::as_str).collect();
        verdict(id, &pods, "Cluster api-server")
    };
    let script = "/bin/sh, -c, 'exec kube-apiserver --authorization-mode=Node,RBAC'";
    for id in ["RF-CP-002", "RF-CP-003", "RF-CP-004"] {
        assert_eq!(of(id, &[script]), "unknown", "{id}");
        assert_eq!(of(id, &["kube-apiserver"]), "fail", "{id}");
    }
    let runner = "/go-runner, --log-file=/x, /usr/local/bin/kube-apiserver, \
                  '--authorization-mode=Node,RBAC', --enable-admission-plugins=NodeRestriction";
    assert_eq!(of("RF-CP-003", &[runner]), "pass");
    // One of two that has no log is enough.
    assert_eq!(of("RF-CP-004", &[script, "kube-apiserver"]), "fail");
}

#[test]
fn a_token_is_refused_only_where_every_server_refuses_it() {
    let secret = "{kind: Secret, apiVersion: v1, type: bootstrap.kubernetes.io/token, \
                  metadata: {name: bootstrap-token-abcdef, namespace: kube-system}, \
                  stringData: {token-id: abcdef, usage-bootstrap-authentication: 'true'}}";
    let of = |commands: &[&str]| {
        let pods = servers(commands);
        let all: Vec<&str> = pods.iter().map(String::as_str).chain([secret]).collect();
        verdict("RF-CP-006", &all, "Secret kube-system/bootstrap-token-abcdef")
    };
    let on = "kube-apiserver, --enable-bootstrap-token-auth";
    assert_eq!(of(&["kube-apiserver"]), "pass");
    assert_eq!(of(&["kube-apiserver", on]), "fail");
    assert_eq!(of(&["kube-apiserver", "sh, -c, 'exec kube-apiserver --v=2'"]), "fail");
}
