//! What is dropped before an object enters the model: values of Secrets (never read at all),
//! values of ConfigMaps and environment variables other than documented settings,
//! annotations that no rule reads, command lines beyond the flags that a rule reads.

use crate::kinds::Object;
use crate::record::{Meta, PodSpec};
use crate::text::Str;
use crate::wire::{List, Map};

/// Annotations longer than this many bytes are dropped: no rule reads such a value.
const LONGEST_ANNOTATION: usize = 1024;

/// Annotation prefixes that rules read.
const ANNOTATIONS: &[&str] = &[
    "alb.ingress.kubernetes.io/",
    "cloud.google.com/",
    "container.apparmor.security.beta.kubernetes.io/",
    "container.seccomp.security.alpha.kubernetes.io/",
    "seccomp.security.alpha.kubernetes.io/",
    "eks.amazonaws.com/",
    "iam.gke.io/",
    "azure.workload.identity/",
    "ingressclass.kubernetes.io/",
    "kubernetes.io/",
    "load-balancer.hetzner.cloud/",
    "meta.helm.sh/",
    "networking.gke.io/",
    "nginx.ingress.kubernetes.io/",
    "rbac.authorization.kubernetes.io/",
    "ringfort.dev/",
    "service.beta.kubernetes.io/",
    "service.kubernetes.io/",
    "argocd.argoproj.io/",
    "flannel.alpha.coreos.com/",
    "io.cilium.network.",
    "k8s.ovn.org/",
    "network.cilium.io/",
    "node.antrea.io/",
    "projectcalico.org/",
];

/// Environment variables whose literal value is a documented setting that a rule reads.
const SETTINGS: &[&str] = &["GF_AUTH_ANONYMOUS_ENABLED", "GF_AUTH_ANONYMOUS_ORG_ROLE"];

/// ConfigMap keys whose value is a documented setting that a rule reads.
const CONFIG_SETTINGS: &[(&str, &str)] = &[
    ("argocd-cm", "users.anonymous.enabled"),
    ("argocd-cmd-params-cm", "server.disable.auth"),
    ("argocd-rbac-cm", "policy.default"),
    ("cilium-config", "enable-policy"),
];

/// Removes what must not be kept.
pub(crate) fn scrub(object: &mut Object) {
    scrub_meta(object.meta_mut());
    match object {
        Object::Pod(pod) => {
            let mut spec = std::sync::Arc::unwrap_or_clone(std::mem::take(&mut pod.spec));
            scrub_spec(&mut spec);
            pod.spec = std::sync::Arc::new(spec);
        }
        Object::Workload(workload) => {
            if let Some(template) = workload.pod_template_mut() {
                if let Some(meta) = &mut template.metadata {
                    scrub_meta(meta);
                }
                if let Some(spec) = &mut template.spec {
                    scrub_spec(spec);
                }
            }
        }
        Object::ConfigMap(config) => {
            config.credentials = credentials(&config.data);
            let name = config.metadata.name.clone();
            config.data = config
                .data
                .iter()
                .map(|(key, value)| {
                    let keep = CONFIG_SETTINGS.contains(&(name.as_str(), key.as_str()));
                    (key.clone(), if keep { value.clone() } else { Str::default() })
                })
                .collect();
        }
        _ => {}
    }
}

fn scrub_meta(meta: &mut Meta) {
    meta.annotations = meta.annotations.filtered(|key, value| {
        value.len() <= LONGEST_ANNOTATION && ANNOTATIONS.iter().any(|known| key.starts_with(known))
    });
}

fn scrub_spec(spec: &mut PodSpec) {
    let lists = [&mut spec.init_containers, &mut spec.containers, &mut spec.ephemeral_containers];
    for container in lists.into_iter().flat_map(|list| list.iter_mut()) {
        for variable in container.env.iter_mut() {
            if !SETTINGS.contains(&variable.name.as_str()) && variable.value.is_some() {
                variable.value = Some(Str::default());
            }
        }
        container.command = kept_words(&container.command);
        container.args = kept_words(&container.args);
    }
}

/// Keeps the shape of a command line: plain words and flags stay, the values of flags that
/// look like credentials are blanked. Positions are kept so that a patch by index fits.
fn kept_words(words: &List<Str>) -> List<Str> {
    const SECRETIVE: &[&str] = &["password", "passwd", "token", "secret", "key", "credential"];
    let mut blank_next = false;
    words
        .iter()
        .map(|word| {
            if std::mem::take(&mut blank_next) && !word.starts_with('-') {
                return Str::default();
            }
            let lower = word.to_ascii_lowercase();
            let flag = lower.split(['=', ' ']).next().unwrap_or_default();
            if !SECRETIVE.iter().any(|part| lower.contains(part)) {
                return word.clone();
            }
            if flag.starts_with('-') && SECRETIVE.iter().any(|part| flag.contains(part)) {
                blank_next = flag.len() == lower.len();
                return Str::new(&word[..flag.len()]);
            }
            // A script or connection string that mentions a credential: nothing of it is kept.
            Str::default()
        })
        .collect()
}

/// Classes of static credential that a ConfigMap's values hold.
fn credentials(data: &Map) -> List<Str> {
    let mut found: Vec<Str> = Vec::new();
    for (_, value) in data.iter() {
        if !(value.contains("kind: Config") || value.contains("\"kind\":\"Config\""))
            || !value.contains("clusters")
        {
            continue;
        }
        for (mark, class) in [
            ("client-key-data", "kubeconfig-static-cert"),
            ("token:", "kubeconfig-static-token"),
            ("\"token\"", "kubeconfig-static-token"),
            ("password:", "kubeconfig-basic"),
            ("exec:", "kubeconfig-exec"),
            ("tokenFile:", "kubeconfig-token-file"),
        ] {
            if value.contains(mark) {
                found.push(Str::new(class));
            }
        }
    }
    found.sort();
    found.dedup();
    found.into()
}
