//! Versions of the API that no server serves, or that a server need not serve: what an object of
//! one says holds nowhere, or nobody can tell.

use ringfort_model::Object;
use ringfort_model::record::policy::Checked;

use crate::document::TypeMeta;

/// The versions that each group has had (kubernetes `staging/src/k8s.io/api`, network-policy-api
/// `apis`). Other groups are defined by the cluster.
const SERVED: &[(&str, &[&str])] = &[
    ("", &["v1"]),
    ("admissionregistration.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    ("apiextensions.k8s.io", &["v1", "v1beta1"]),
    ("apps", &["v1", "v1beta1", "v1beta2"]),
    ("batch", &["v1", "v1beta1", "v2alpha1"]),
    ("certificates.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    ("discovery.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    ("extensions", &["v1beta1"]),
    ("networking.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    ("node.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    ("policy", &["v1", "v1beta1"]),
    ("policy.networking.k8s.io", &["v1beta1", "v1alpha2", "v1alpha1"]),
    ("rbac.authorization.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    ("storage.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
];

/// Kinds whose versions are fewer than those of their group, or whose group is not one of
/// Kubernetes: group, kinds, versions.
const OF_KINDS: &[(&str, &[&str], &[&str])] = &[
    ("cilium.io", &["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"], &["v2"]),
    ("crd.projectcalico.org", CALICO, &["v1"]),
    ("extensions", &["NetworkPolicy"], &[]),
    ("networking.k8s.io", &["NetworkPolicy"], &["v1"]),
    ("projectcalico.org", CALICO, &["v3"]),
];

const CALICO: &[&str] =
    &["NetworkPolicy", "GlobalNetworkPolicy", "Tier", "NetworkSet", "GlobalNetworkSet"];

/// Versions that are off unless the server's `--runtime-config` says otherwise: alphas, and betas
/// since 1.24 (kubernetes KEP-3136; `pkg/controlplane/apiserver/options.go`).
const OFF: &[(&str, &[&str], &[&str])] = &[(
    "admissionregistration.k8s.io",
    &[
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
    ],
    &["v1alpha1", "v1beta1"],
)];

fn parts(types: &TypeMeta) -> (&str, &str) {
    types.api_version.split_once('/').unwrap_or(("", &types.api_version))
}

/// Why no server takes such an object, if none does.
pub(crate) fn unserved(types: &TypeMeta) -> Option<String> {
    let (group, version) = parts(types);
    let of_kind = OF_KINDS
        .iter()
        .find(|(known, kinds, _)| *known == group && kinds.contains(&types.kind.as_str()));
    let of_group = || SERVED.iter().find(|(known, _)| *known == group).map(|(_, all)| *all);
    let versions = of_kind.map(|(_, _, versions)| *versions).or_else(of_group)?;
    (!versions.contains(&version)).then(|| {
        let since = if group == "extensions" { " since 1.16" } else { "" };
        format!("apiVersion: \"{}\" is served by no Kubernetes{since}", types.api_version)
    })
}

/// Why nobody can tell whether a server takes such an object, where none has written it.
pub(crate) fn perhaps_unserved(types: &TypeMeta) -> Option<String> {
    let (group, version) = parts(types);
    let is_off = OFF.iter().any(|(known, kinds, versions)| {
        *known == group && kinds.contains(&types.kind.as_str()) && versions.contains(&version)
    });
    is_off.then(|| {
        format!(
            "apiVersion: \"{}\" is off by default; whether it is served is not known",
            types.api_version
        )
    })
}

/// Leaves of a policy what it is about and nothing of what it says; `false` for other kinds.
pub(crate) fn void(object: &mut Object, reason: &str) -> bool {
    match object {
        Object::NetworkPolicy(one) => one.spec = Checked::Unreadable(reason.into()),
        Object::AdminNetworkPolicy(one) => one.spec = Checked::Unreadable(reason.into()),
        Object::BaselineAdminNetworkPolicy(one) => one.spec = Checked::Unreadable(reason.into()),
        Object::ClusterNetworkPolicy(one) => one.spec = Checked::Unreadable(reason.into()),
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(api_version: &str, kind: &str) -> TypeMeta {
        TypeMeta { api_version: api_version.into(), kind: kind.into() }
    }

    #[test]
    fn versions_belong_to_kinds() {
        for (api_version, kind) in [
            ("networking.k8s.io/v2", "NetworkPolicy"),
            ("networking.k8s.io/v1beta1", "NetworkPolicy"),
            ("extensions/v1beta1", "NetworkPolicy"),
            ("cilium.io/v9", "CiliumNetworkPolicy"),
            ("projectcalico.org/v4", "GlobalNetworkPolicy"),
            ("apps/v3", "Deployment"),
        ] {
            assert!(unserved(&types(api_version, kind)).is_some(), "{api_version} {kind}");
        }
        for (api_version, kind) in [
            ("networking.k8s.io/v1", "NetworkPolicy"),
            ("networking.k8s.io/v1beta1", "Ingress"),
            ("extensions/v1beta1", "Ingress"),
            ("cilium.io/v2", "CiliumNetworkPolicy"),
            ("cilium.io/v2alpha1", "CiliumLoadBalancerIPPool"),
            ("crd.projectcalico.org/v1", "NetworkPolicy"),
            ("projectcalico.org/v3", "Tier"),
            ("example.com/v7", "Thing"),
        ] {
            assert_eq!(unserved(&types(api_version, kind)), None, "{api_version} {kind}");
        }
    }

    #[test]
    fn alphas_and_betas_of_policies_are_off_by_default() {
        let group = "admissionregistration.k8s.io";
        for version in ["v1alpha1", "v1beta1"] {
            let policy = types(&format!("{group}/{version}"), "ValidatingAdmissionPolicy");
            assert!(perhaps_unserved(&policy).is_some());
            // Webhooks were in a beta while betas were on.
            let webhook = types(&format!("{group}/{version}"), "ValidatingWebhookConfiguration");
            assert_eq!(perhaps_unserved(&webhook), None);
        }
        let policy = types(&format!("{group}/v1"), "ValidatingAdmissionPolicy");
        assert_eq!(perhaps_unserved(&policy), None);
    }
}
