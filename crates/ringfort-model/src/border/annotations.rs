//! Annotations: those that rules read stay, of the others the class of credential.

use crate::credential;
use crate::record::{Annotated, Meta};
use crate::text::Str;

/// Annotations longer than this many bytes are dropped: no rule reads such a value.
const LONGEST_ANNOTATION: usize = 1024;

/// Annotations of ingress-nginx; those that end in `-snippet` are configuration.
const SNIPPETS: &str = "nginx.ingress.kubernetes.io/";

/// Annotation prefixes that rules read.
const ANNOTATIONS: &[&str] = &[
    "ambient.istio.io/",
    "alb.ingress.kubernetes.io/",
    "appgw.ingress.kubernetes.io/",
    "cloud.google.com/",
    "container.apparmor.security.beta.kubernetes.io/",
    "container.seccomp.security.alpha.kubernetes.io/",
    "seccomp.security.alpha.kubernetes.io/",
    "eks.amazonaws.com/",
    "iam.gke.io/",
    "azure.workload.identity/",
    "ingressclass.kubernetes.io/",
    "inject.istio.io/templates",
    "istio.io/dry-run",
    "kubernetes.io/",
    "haproxy.router.openshift.io/",
    "io.cilium/",
    "kube-vip.io/",
    "lbipam.cilium.io/",
    "load-balancer.hetzner.cloud/",
    "meta.helm.sh/",
    "metallb.io/",
    "metallb.universe.tf/",
    "networking.istio.io/",
    "networking.gke.io/",
    "nginx.ingress.kubernetes.io/",
    "oci-network-load-balancer.oraclecloud.com/",
    "oci.oraclecloud.com/",
    "rbac.authorization.kubernetes.io/",
    "ringfort.dev/ignore",
    "ringfort.dev/",
    "service.beta.kubernetes.io/",
    "service.cilium.io/",
    "service.kubernetes.io/",
    "argocd.argoproj.io/",
    "cert-manager.io/",
    "config.linkerd.io/",
    "sidecar.istio.io/interceptionMode",
    "traffic.sidecar.istio.io/",
    "vault.hashicorp.com/agent-inject",
    "vault.hashicorp.com/role",
    "flannel.alpha.coreos.com/",
    // What other tools are told to leave alone: `import-exceptions` reads it.
    "bridgecrew.io/skip",
    "checkov.io/skip",
    "ignore-check.kube-linter.io/",
    "kube-linter.io/ignore-all",
    "kube-score/",
    "kubescape.io/ignore",
    "polaris.fairwinds.com/",
    "io.cilium.network.",
    "k8s.ovn.org/",
    "network.cilium.io/",
    "node.antrea.io/",
    "projectcalico.org/",
];

/// Whether rules read an annotation.
fn is_setting(key: &str) -> bool {
    ANNOTATIONS.iter().any(|known| key.starts_with(known))
}

/// The credentials in annotations; of those whose value is gone already, what is given.
fn annotated(meta: &mut Meta) -> Vec<Annotated> {
    let given = std::mem::take(&mut meta.credentials);
    let gone = |key: &str| meta.annotations.get(key).is_some_and(|value| value.is_empty());
    let known = |one: &&Annotated| credential::known(&one.class) && gone(&one.annotation);
    let mut found: Vec<Annotated> = given.iter().filter(known).cloned().collect();
    for (key, value) in meta.annotations.iter().filter(|(_, value)| !value.is_empty()) {
        let classes = credential::annotation(key, value, is_setting(key)).into_iter();
        found.extend(
            classes.map(|class| Annotated { annotation: key.clone(), class: class.into() }),
        );
    }
    found.sort();
    found.dedup();
    found
}

/// Drops annotations that no rule reads, and what must not be kept of the others.
pub(super) fn scrub(meta: &mut Meta) {
    let credentials = annotated(meta);
    let holds = |key: &str| credentials.iter().any(|one| one.annotation == *key);
    if !credentials.is_empty() {
        // Their keys stay, so that it is known when they go.
        let (own, others): (Vec<_>, Vec<_>) = meta
            .annotations
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .partition(|(key, _)| holds(key));
        let own: Vec<(Str, Str)> = own.into_iter().map(|(key, _)| (key, Str::default())).collect();
        meta.annotations = others.into_iter().chain(own).collect();
    }
    let is_snippet = |key: &str| key.starts_with(SNIPPETS) && key.ends_with("-snippet");
    meta.annotations = meta.annotations.filtered(|key, value| {
        is_snippet(key)
            || (value.len() <= LONGEST_ANNOTATION && is_setting(key))
            || (value.is_empty() && holds(key))
    });
    meta.credentials = credentials.into();
    // That there is a snippet matters; what it says may be long and secret.
    if meta.annotations.iter().any(|(key, value)| is_snippet(key) && !value.is_empty()) {
        let kept = |(key, value): (&Str, &Str)| match is_snippet(key) {
            true => (key.clone(), Str::default()),
            false => (key.clone(), value.clone()),
        };
        meta.annotations = meta.annotations.iter().map(kept).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Object;

    #[test]
    fn a_snippet_is_kept_by_its_name_however_long() {
        let long = "x".repeat(2 * LONGEST_ANNOTATION);
        let key = "nginx.ingress.kubernetes.io/server-snippet";
        let ingress = serde_json::json!({"metadata": {"name": "i", "namespace": "a",
            "annotations": {key: long, "nginx.ingress.kubernetes.io/rewrite-target": "/"}}});
        let Ok(Object::Ingress(ingress)) =
            crate::kinds::Kind::Ingress.read(ingress.to_string().as_bytes())
        else {
            panic!("an Ingress")
        };
        let kept: Vec<(&str, &str)> =
            ingress.metadata.annotations.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let other = ("nginx.ingress.kubernetes.io/rewrite-target", "/");
        assert_eq!(kept, [other, (key, "")]);
    }

    #[test]
    fn of_annotations_only_the_class_of_credential_is_kept() {
        let last = "kubectl.kubernetes.io/last-applied-configuration";
        let applied = r#"{"spec":{"env":[{"name":"A_PASSWORD","value":"CANARY"}]}}"#;
        let setting = "service.beta.kubernetes.io/note";
        let read = |annotations: serde_json::Value, given: serde_json::Value| {
            let service = serde_json::json!({"metadata": {"name": "s", "namespace": "a",
                "annotations": annotations, "x-ringfort-credentials": given}});
            let text = service.to_string();
            crate::kinds::Kind::Service.read(text.as_bytes()).expect("a Service")
        };
        let object = read(
            serde_json::json!({last: applied, setting: "mq://u:CANARY@h", "other": "CANARY"}),
            serde_json::json!([{"annotation": "other", "class": credential::AWS_KEY}]),
        );
        let kept = String::from_utf8(object.to_json()).expect("text");
        assert!(!kept.contains("CANARY"), "{kept}");
        let found: Vec<(&str, &str)> =
            object.meta().credentials.iter().map(|one| (&*one.annotation, &*one.class)).collect();
        let known = [(last, credential::NAMED), (setting, credential::ADDRESS)];
        assert_eq!(found, known, "what an object says of itself does not count");
        // Read again it is the same; without the annotation the credential is gone.
        let again = crate::Object::read(kept.as_bytes()).expect("a Service");
        assert_eq!(again.to_json(), object.to_json());
        let mut value: serde_json::Value = serde_json::from_str(&kept).expect("json");
        value["metadata"]["annotations"].as_object_mut().expect("a map").remove(last);
        let less = crate::Object::read(value.to_string().as_bytes()).expect("a Service");
        assert_eq!(less.meta().credentials.len(), 1);
        // Of a Secret they show no more than it does.
        let secret = serde_json::json!({"metadata": {"name": "s", "namespace": "a",
            "annotations": {last: applied}}});
        let text = secret.to_string();
        let secret = crate::kinds::Kind::Secret.read(text.as_bytes()).expect("a Secret");
        assert!(secret.meta().credentials.is_empty() && secret.meta().annotations.is_empty());
    }
}
