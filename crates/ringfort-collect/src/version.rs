//! Versions of the API that no Kubernetes has served: an object of one would be refused, so that
//! what it says holds nowhere.

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

/// Why no server has taken such an object, if none has.
pub(crate) fn unserved(types: &TypeMeta) -> Option<String> {
    let (group, version) = types.api_version.split_once('/').unwrap_or(("", &types.api_version));
    let (_, versions) = SERVED.iter().find(|(known, _)| *known == group)?;
    (!versions.contains(&version))
        .then(|| format!("apiVersion: \"{}\" is served by no Kubernetes", types.api_version))
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
