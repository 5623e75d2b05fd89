//! What is known about a node beyond its API object. The API shows kernel, kubelet and
//! container runtime; the rest needs the node's configuration or a sensor on it, and is
//! absent until somebody brings it.

use std::collections::BTreeMap;

use ringfort_model::record::Node;

/// A runtime below the CRI implementation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LowLevelRuntime {
    /// `runc`, `crun`, …
    pub name: String,
    /// Its version, for example `1.2.4`.
    pub version: String,
}

/// What a handler of the container runtime stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// A runtime that does not share the node's kernel.
    Sandbox,
    /// One that does, or the default itself.
    Plain,
}

/// The kubelet's `imagePullCredentialsVerificationPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullVerification {
    /// The gate KubeletEnsureSecretPulledImages is off, or the policy is `NeverVerify`.
    Off,
    /// `NeverVerifyPreloadedImages`, the default.
    ButPreloaded,
    /// `AlwaysVerify`, or an allow list without the pod's images.
    Always,
}

/// Evidence from a node. Absent fields are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeFacts {
    /// The runtime that starts the containers.
    pub low_level_runtime: Option<LowLevelRuntime>,
    /// Whether the gate UserNamespacesSupport is on, in the API server and in the kubelet.
    pub user_namespaces_gate: Option<bool>,
    /// Whether every filesystem that the pod's volumes stand on can be mapped by id.
    pub volumes_map_ids: Option<bool>,
    /// Whether the kubelet applies the runtime's seccomp profile by default.
    pub seccomp_default: Option<bool>,
    /// Whether the kernel enforces AppArmor.
    pub app_armor: Option<bool>,
    /// Whether the kernel enforces SELinux.
    pub se_linux: Option<bool>,
    /// What the handlers in the configuration of the node's runtime are, by name.
    pub handlers: BTreeMap<String, Handler>,
    /// When the kubelet asks for credentials again for an image that is there already.
    pub pull_verification: Option<PullVerification>,
    /// Whether the pod's images were on the node before the kubelet pulled any.
    pub images_preloaded: Option<bool>,
    /// Whether the profiles that pods name as `Localhost` are on the node.
    pub local_profiles: Option<bool>,
}

/// A version as numbers: `6.8.0-45-generic` is `(6, 8)`.
pub(crate) fn major_minor(text: &str) -> Option<(u32, u32)> {
    let digits = |part: &str| -> Option<u32> {
        part[..part.bytes().take_while(u8::is_ascii_digit).count()].parse().ok()
    };
    let mut parts = text.trim_start_matches('v').split('.');
    Some((digits(parts.next()?)?, digits(parts.next()?)?))
}

/// The CRI implementation of a node and its version, from `containerd://2.0.1`.
pub(crate) fn container_runtime(node: &Node) -> Option<(&str, (u32, u32))> {
    let info = node.status.as_ref()?.node_info.as_ref()?;
    let (name, version) = info.container_runtime_version.split_once("://")?;
    Some((name, major_minor(version)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_up_to_the_first_other_sign() {
        assert_eq!(major_minor("6.8.0-45-generic"), Some((6, 8)));
        assert_eq!(major_minor("v1.36.2"), Some((1, 36)));
        assert_eq!(major_minor("2.0-rc1"), Some((2, 0)));
        assert_eq!(major_minor("2"), None);
        assert_eq!(major_minor("unknown"), None);
    }
}
