//! What is dropped before an object enters the model: values of Secrets, and values of
//! ConfigMaps and environment variables other than documented settings, and annotations that no
//! rule reads, of all of which only the class of credential is kept (see [`crate::credential`]);
//! command lines beyond the flags that a rule reads.

use std::sync::Arc;

use crate::credential::{self, Finder};
use crate::kinds::Object;
use crate::record::pod::{EnvVar, ExecAction, Handler};
use crate::record::{Annotated, ConfigMap, Container, Keyed, Meta, PodSpec, Secret};
use crate::text::Str;
use crate::wire::List;

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

/// Environment variables whose literal value is a documented setting that a rule reads.
const SETTINGS: &[&str] = &[
    "ARGOCD_SERVER_DISABLE_AUTH",
    "POSTGRES_HOST_AUTH_METHOD",
    "xpack.security.enabled",
    "plugins.security.disabled",
    "DISABLE_SECURITY_PLUGIN",
    "GF_AUTH_ANONYMOUS_ENABLED",
    "GF_AUTH_ANONYMOUS_ORG_ROLE",
    "ETCD_CLIENT_CERT_AUTH",
    "ETCD_LISTEN_CLIENT_URLS",
    "ETCD_TRUSTED_CA_FILE",
    "CILIUM_ENABLE_POLICY",
    "CILIUM_POLICY_AUDIT_MODE",
    "CILIUM_ENABLE_K8S_NETWORKPOLICY",
    "CILIUM_ENABLE_CILIUM_NETWORK_POLICY",
    "CILIUM_ENABLE_CILIUM_CLUSTERWIDE_NETWORK_POLICY",
    "CILIUM_ENABLE_K8S_CLUSTER_NETWORK_POLICY",
    "CILIUM_LABELS",
    "CILIUM_LABEL_PREFIX_FILE",
    "CILIUM_CLUSTER_NAME",
    "CILIUM_POLICY_CIDR_MATCH_MODE",
];

/// ConfigMap keys whose value is a documented setting that a rule reads.
const CONFIG_SETTINGS: &[(&str, &str)] = &[
    ("argocd-cm", "users.anonymous.enabled"),
    ("argocd-cm", "application.sync.impersonation.enabled"),
    ("argocd-cm", "exec.enabled"),
    ("argocd-cm", "kustomize.buildOptions"),
    ("argocd-cmd-params-cm", "reposerver.allow.oob.symlinks"),
    ("argocd-cmd-params-cm", "application.namespaces"),
    ("argocd-cmd-params-cm", "server.disable.auth"),
    ("argocd-rbac-cm", "policy.csv"),
    ("argocd-rbac-cm", "policy.default"),
    ("workflow-controller-configmap", "workflowRestrictions"),
    ("cilium-config", "enable-policy"),
    ("cilium-config", "kube-proxy-replacement"),
    ("cilium-config", "policy-audit-mode"),
    ("cilium-config", "enable-k8s-networkpolicy"),
    ("cilium-config", "enable-cilium-network-policy"),
    ("cilium-config", "enable-cilium-clusterwide-network-policy"),
    ("cilium-config", "enable-k8s-cluster-network-policy"),
    ("cilium-config", "labels"),
    ("cilium-config", "label-prefix-file"),
    ("cilium-config", "cluster-name"),
    ("cilium-config", "policy-cidr-match-mode"),
];

/// Removes what must not be kept.
pub(crate) fn scrub(object: &mut Object) {
    scrub_meta(object.meta_mut());
    match object {
        Object::Pod(pod) => scrub_spec(Arc::make_mut(&mut pod.spec)),
        Object::Workload(workload) => {
            if let Some(template) = workload.pod_template_mut() {
                if let Some(meta) = &mut template.metadata {
                    scrub_meta(meta);
                }
                if let Some(spec) = &mut template.spec {
                    scrub_spec(Arc::make_mut(spec));
                }
            }
        }
        Object::ConfigMap(config) => {
            config.credentials = credentials(config);
            let name = config.metadata.name.clone();
            let kubelets = is_kubelet_config(config);
            let kept = |key: &Str, value: &Str| match (name.as_str(), key.as_str()) {
                (_, "kubelet") if kubelets => Str::from(kubelet_settings(value)),
                ("kube-proxy", "config.conf") | ("kube-proxy-config", "config") => {
                    proxy_settings(value)
                }
                ("kubevip", key) if key.starts_with("cidr-") || key.starts_with("range-") => {
                    value.clone()
                }
                // ingress-nginx reads them from a ConfigMap whose name its release decides.
                (_, "allow-snippet-annotations" | "annotations-risk-level") => value.clone(),
                key if CONFIG_SETTINGS.contains(&key) => value.clone(),
                _ => Str::default(),
            };
            config.data =
                config.data.iter().map(|(key, value)| (key.clone(), kept(key, value))).collect();
        }
        Object::Secret(secret) => {
            // Who reads its annotations reads its values.
            let gone = std::mem::take(&mut secret.metadata.credentials);
            let kept = |key: &str, value: &str| {
                !value.is_empty() || gone.iter().all(|one| one.annotation != *key)
            };
            secret.metadata.annotations = secret.metadata.annotations.filtered(kept);
            scrub_secret(secret);
        }
        _ => {}
    }
}

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

fn scrub_meta(meta: &mut Meta) {
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

fn scrub_spec(spec: &mut PodSpec) {
    let lists = [&mut spec.init_containers, &mut spec.containers, &mut spec.ephemeral_containers];
    for container in lists.into_iter().flat_map(|list| list.iter_mut()) {
        for variable in container.env.iter_mut() {
            scrub_variable(variable);
        }
        scrub_words(container);
    }
}

/// Stands for the value of a flag that looks like a credential.
const NOT_KEPT: &str = "(not kept)";

/// Begins what stands for a credential, before its class.
const HELD: &str = "(not kept: ";

/// The class of the credential that a word of a command line held. What this module writes in its
/// place is all of a word, or behind a flag's name: a word that only mentions it is none.
pub(crate) fn held_in(word: &str) -> Option<&str> {
    let (before, rest) = word.split_once(HELD)?;
    let ours = before.is_empty() || before.strip_suffix('=').is_some_and(is_flag);
    rest.strip_suffix(')').filter(|class| ours && credential::known(class))
}

/// Keeps the shape of a container's command line: plain words and flags stay, credentials are
/// replaced by their class, and so are other values of flags that look like one, unless they are
/// empty. Positions are kept so that a patch by index fits.
fn scrub_words(container: &mut Container) {
    let words: Vec<&str> =
        container.command.iter().chain(&container.args).map(Str::as_str).collect();
    let classes = credential::of_words(&words);
    let (ran, given) = classes.split_at(container.command.len());
    let kept = [kept_words(&container.command, ran), kept_words(&container.args, given)];
    [container.command, container.args] = kept;
    let mut hooks = container.lifecycle.as_mut();
    let (start, stop) = match &mut hooks {
        Some(hooks) => (hooks.post_start.as_mut(), hooks.pre_stop.as_mut()),
        None => (None, None),
    };
    let probes = [
        container.liveness_probe.as_mut(),
        container.readiness_probe.as_mut(),
        container.startup_probe.as_mut(),
        start,
        stop,
    ];
    probes.into_iter().flatten().for_each(scrub_handler);
}

/// Keeps the command of a handler if a word of it is a credential, and then these words alone.
fn scrub_handler(handler: &mut Handler) {
    let Some(exec) = &mut handler.exec else { return };
    let words: Vec<&str> = exec.command.iter().map(Str::as_str).collect();
    let classes = credential::of_words(&words);
    let kept = exec.command.iter().zip(classes).map(|(word, class)| match (held_in(word), class) {
        (Some(_), _) => word.clone(),
        (None, Some(class)) => Str::from(format!("{HELD}{class})")),
        (None, None) => Str::default(),
    });
    let kept: List<Str> = kept.collect();
    handler.exec = kept.iter().any(|word| !word.is_empty()).then_some(ExecAction { command: kept });
}

fn kept_words(words: &List<Str>, classes: &[Option<&'static str>]) -> List<Str> {
    const SECRETIVE: &[&str] = &["password", "passwd", "token", "secret", "key", "credential"];
    let mut blank_next = false;
    let held = |class: &str| format!("{HELD}{class})");
    words
        .iter()
        .zip(classes)
        .map(|(word, class)| {
            let after_flag = std::mem::take(&mut blank_next) && !word.starts_with('-');
            if held_in(word).is_some() {
                return word.clone();
            }
            if let Some(class) = class {
                let flag = word.split_once('=').filter(|(flag, _)| is_flag(flag));
                let name = flag.map_or_else(String::new, |(flag, _)| format!("{flag}="));
                return Str::from(format!("{name}{}", held(class)));
            }
            if after_flag {
                return Str::new(if word.is_empty() { "" } else { NOT_KEPT });
            }
            if !SECRETIVE.iter().any(|part| has_in_any_case(word, part)) {
                return word.clone();
            }
            let flag = word.split(['=', ' ']).next().unwrap_or_default();
            if is_flag(flag) && SECRETIVE.iter().any(|part| has_in_any_case(flag, part)) {
                blank_next = flag.len() == word.len();
                let said = match word[flag.len()..].strip_prefix('=') {
                    Some("") => "=".to_owned(),
                    Some(_) => format!("={NOT_KEPT}"),
                    None => String::new(),
                };
                return Str::from(format!("{flag}{said}"));
            }
            // A script or connection string that mentions a credential: nothing of it is kept.
            Str::default()
        })
        .collect()
}

/// Whether a word names a flag, so that nothing of it is a value.
fn is_flag(word: &str) -> bool {
    word.starts_with('-')
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Whether a text has a word of lower-case letters in it, in letters of any case.
fn has_in_any_case(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// The lines of a KubeProxyConfiguration that say how and where node ports listen.
fn proxy_settings(text: &str) -> Str {
    const GATE: &str = "AllowServiceExternalIPs";
    let mut kept = String::new();
    let mut inside = false;
    for line in text.lines() {
        let item = line.trim_start();
        inside = inside && (item.starts_with('-') || item.is_empty());
        let starts = line.starts_with("nodePortAddresses:");
        if inside || starts || line.starts_with("mode:") || item.starts_with(GATE) {
            kept.push_str(line);
            kept.push('\n');
        }
        inside |= starts;
    }
    Str::from(kept)
}

/// Credentials that a ConfigMap's values are; of those whose value is gone already, what is given.
fn credentials(config: &mut ConfigMap) -> List<Keyed> {
    let given = std::mem::take(&mut config.credentials);
    let gone = |key: &str| {
        config.data.get(key).is_some_and(|value| value.is_empty()) || config.binary_data.0.has(key)
    };
    let known = |one: &&Keyed| credential::known(&one.class) && gone(&one.key);
    let mut found: Vec<Keyed> = given.iter().filter(known).cloned().collect();
    let mut finder = Finder::default();
    for (key, value) in config.data.iter().filter(|(_, value)| !value.is_empty()) {
        finder.config_entry(key, value);
    }
    let entries = finder.entries().into_iter();
    found.extend(entries.map(|(key, class)| Keyed { key, class: class.into() }));
    found.extend(std::mem::take(&mut config.binary_data.1).to_vec());
    found.sort();
    found.dedup();
    found.into()
}

/// The ConfigMap from which kubeadm writes the file of every kubelet (with the minor version
/// in its name before 1.24).
fn is_kubelet_config(config: &ConfigMap) -> bool {
    let meta = &config.metadata;
    *meta.namespace == *"kube-system" && meta.name.starts_with("kubelet-config")
}

/// The settings of a KubeletConfiguration that rules read, as such a document again; empty if
/// one of them is written in a way that is not read here, so that none is taken for absent.
fn kubelet_settings(document: &str) -> String {
    const READ: &[&str] = &[
        "authentication",
        "authentication.anonymous",
        "authentication.anonymous.enabled",
        "authorization",
        "authorization.mode",
        "imagePullCredentialsVerificationPolicy",
        "kind",
        "readOnlyPort",
    ];
    const VALUES: &[&str] = &[
        "",
        "true",
        "false",
        "AlwaysAllow",
        "Webhook",
        "AlwaysVerify",
        "NeverVerify",
        "NeverVerifyAllowlistedImages",
        "NeverVerifyPreloadedImages",
        "KubeletConfiguration",
    ];
    let mut kept = String::new();
    let mut path: Vec<(usize, &str)> = Vec::new();
    for line in document.lines() {
        let line = line.split_once(" #").map_or(line, |(before, _)| before);
        let Some((key, value)) = line.split_once(':') else { continue };
        let depth = key.len() - key.trim_start().len();
        let (key, value) = (key.trim(), value.trim());
        while path.last().is_some_and(|(above, _)| *above >= depth) {
            path.pop();
        }
        path.push((depth, key));
        let whole: Vec<&str> = path.iter().map(|(_, key)| *key).collect();
        if !READ.contains(&whole.join(".").as_str()) {
            continue;
        }
        if !VALUES.contains(&value) && !value.bytes().all(|b| b.is_ascii_digit()) {
            return String::new();
        }
        kept.push_str(&"  ".repeat(path.len() - 1));
        kept.push_str(key);
        kept.push(':');
        if !value.is_empty() {
            kept.push(' ');
            kept.push_str(value);
        }
        kept.push('\n');
    }
    kept
}

/// What a Secret's values are, its `stringData` joined with its `data`.
fn scrub_secret(secret: &mut Secret) {
    let mut names: Vec<Str> = secret.data.0.to_vec();
    let held = std::mem::take(&mut secret.data.1);
    let mut classes: Vec<Str> = held.iter().map(|one| one.class.clone()).collect();
    let text = std::mem::take(&mut secret.string_data);
    if names.is_empty() && text.is_empty() {
        secret.credentials = None;
        return;
    }
    let mut finder = Finder::default();
    for (key, value) in text.iter() {
        finder.secret_entry(key, value);
    }
    classes.extend(finder.classes().into_iter().map(Str::new));
    names.extend(text.iter().map(|(key, _)| key.clone()));
    for list in [&mut names, &mut classes] {
        list.sort();
        list.dedup();
    }
    secret.data.0 = names.into();
    secret.credentials = Some(classes.into());
}

/// The class of a literal; where the value is gone already, the class that is given.
fn scrub_variable(variable: &mut EnvVar) {
    let Some(value) = variable.value.as_ref() else {
        variable.credential = None;
        return;
    };
    if value.is_empty() {
        let given = variable.credential.take();
        variable.credential = given.filter(|class| credential::known(class));
    } else {
        variable.credential = credential::literal(&variable.name, value).map(Str::new);
    }
    if !SETTINGS.contains(&variable.name.as_str()) {
        variable.value = Some(Str::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn kubelet_settings_are_kept_and_read_again_as_they_are() {
        let document = "apiVersion: kubelet.config.k8s.io/v1beta1\nauthentication:\n  anonymous:\n    \
                        enabled: true\n  x509:\n    clientCAFile: /etc/ca.crt\nauthorization:\n  \
                        mode: AlwaysAllow\nkind: KubeletConfiguration\nreadOnlyPort: 10255\n\
                        staticPodURLHeader:\n  Authorization: [SECRET]\n";
        let kept = kubelet_settings(document);
        assert_eq!(
            kept,
            "authentication:\n  anonymous:\n    enabled: true\nauthorization:\n  mode: AlwaysAllow\n\
             kind: KubeletConfiguration\nreadOnlyPort: 10255\n"
        );
        assert_eq!(kubelet_settings(&kept), kept);
        // What is written in another way is not taken for absent.
        for other in ["authentication: {anonymous: {enabled: true}}", "readOnlyPort: CANARY"] {
            let document = format!("{other}\nkind: KubeletConfiguration\n");
            assert_eq!(kubelet_settings(&document), "", "{other}");
        }
    }

    #[test]
    fn of_command_lines_credentials_leave_their_class() {
        let pod = serde_json::json!({"metadata": {"name": "p", "namespace": "a"}, "spec":
            {"containers": [{"name": "c",
                "command": ["sh", "-c", "mysql -psecretCANARY1 -h db", "--token-file=/CANARY"],
                "args": ["--url=mq://u:CANARY@h", "--db-password", "CANARY1", "--verbose=2",
                    "--key=", "plain", "u:CANARY@h token"],
                "livenessProbe": {"exec": {"command": ["redis-cli", "-a", "CANARY1", "ping"]}},
                "readinessProbe": {"exec": {"command": ["true"]}, "httpGet": {"host": "h"}}}]}});
        let text = pod.to_string();
        let read = crate::kinds::Kind::Pod.read(text.as_bytes()).expect("a Pod");
        let kept = String::from_utf8(read.to_json()).expect("text");
        assert!(!kept.contains("CANARY"), "{kept}");
        let Object::Pod(pod) = &read else { panic!("a Pod") };
        let container = &pod.spec.containers[0];
        let words = |list: &List<Str>| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let named = format!("{HELD}{})", credential::NAMED);
        let address = format!("--url={HELD}{})", credential::ADDRESS);
        assert_eq!(words(&container.command), ["sh", "-c", &named, "--token-file=(not kept)"]);
        let args = [&address, "--db-password", &named, "--verbose=2", "--key=", "plain", ""];
        assert_eq!(words(&container.args), args);
        let held: Vec<_> = container.held().map(|(path, _)| path).collect();
        let known = ["command[2]", "args[0]", "args[2]", "livenessProbe.exec.command[2]"];
        assert_eq!(held, known);
        let handlers: Vec<_> =
            container.handlers().map(|(field, one)| (field, &one.exec)).collect();
        assert!(matches!(handlers[..], [(_, Some(_)), ("readinessProbe", None)]), "{handlers:?}");
        // Read again it is the same, and what is no class is none.
        let again = crate::Object::read(kept.as_bytes()).expect("a Pod");
        assert_eq!(again.to_json(), read.to_json());
        assert_eq!(held_in("(not kept: hunter2)"), None);
    }

    #[test]
    fn what_stands_for_a_credential_does_not_keep_a_word() {
        assert_eq!(held_in("(not kept: unread)"), Some(credential::UNREAD));
        assert_eq!(held_in("--password=(not kept: unread)"), Some(credential::UNREAD));
        let words = [
            "--password=CANARY1 (not kept: unread)",
            "CANARY1(not kept: named-as-secret)",
            "--password=CANARY1=(not kept: unread)",
            "--password=CANARY1(not kept: unread)",
            "DB_PASSWORD=(not kept: unread) CANARY1",
            "--password=(not kept: unread) CANARY1 (not kept: unread)",
        ];
        for word in words {
            assert_eq!(held_in(word), None, "{word}");
        }
        let pod = serde_json::json!({"metadata": {"name": "p", "namespace": "a"}, "spec":
            {"containers": [{"name": "c", "args": &words[..1], "command": ["--password=CANARY1=(not kept: unread)"],
                "livenessProbe": {"exec": {"command": words}}}]}});
        let text = pod.to_string();
        let read = crate::kinds::Kind::Pod.read(text.as_bytes()).expect("a Pod");
        let kept = String::from_utf8(read.to_json()).expect("text");
        assert!(!kept.contains("CANARY"), "{kept}");
        let again = crate::Object::read(kept.as_bytes()).expect("a Pod");
        assert_eq!(again.to_json(), read.to_json());
    }

    #[test]
    fn of_the_proxy_only_what_node_ports_need_is_kept() {
        let text = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nclientConnection:\n  \
                    kubeconfig: /CANARY\nmode: nftables\nnodePortAddresses:\n- 10.0.0.0/8\n\
                    portRange: CANARY\nfeatureGates:\n  AllowServiceExternalIPs: false\n";
        let kept = "mode: nftables\nnodePortAddresses:\n- 10.0.0.0/8\n  \
                    AllowServiceExternalIPs: false\n";
        assert_eq!(proxy_settings(text), kept);
        // What is read back from a snapshot stays as it is.
        assert_eq!(proxy_settings(kept), kept);
    }
}
