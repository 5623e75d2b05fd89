//! ConfigMaps: values of documented settings stay, some of them as the part that a rule reads.

use crate::credential::{self, Finder};
use crate::record::{ConfigMap, Keyed};
use crate::text::Str;
use crate::wire::List;

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

/// Whether the value of a key of a ConfigMap is kept for being a documented setting.
#[must_use]
pub fn keeps_entry(name: &str, key: &str) -> bool {
    CONFIG_SETTINGS.contains(&(name, key))
}

/// Keeps the values of documented settings, and of all others the class of credential.
pub(super) fn scrub(config: &mut ConfigMap) {
    config.credentials = credentials(config);
    let name = config.metadata.name.clone();
    let kubelets = is_kubelet_config(config);
    let kept = |key: &Str, value: &Str| match (name.as_str(), key.as_str()) {
        (_, "kubelet") if kubelets => Str::from(kubelet_settings(value)),
        ("kube-proxy", "config.conf") | ("kube-proxy-config", "config") => proxy_settings(value),
        ("kubevip", key) if key.starts_with("cidr-") || key.starts_with("range-") => value.clone(),
        // ingress-nginx reads them from a ConfigMap whose name its release decides.
        (_, "allow-snippet-annotations" | "annotations-risk-level") => value.clone(),
        key if CONFIG_SETTINGS.contains(&key) => value.clone(),
        _ => Str::default(),
    };
    config.data = config.data.iter().map(|(key, value)| (key.clone(), kept(key, value))).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

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
