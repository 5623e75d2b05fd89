//! V13: flaws of the runtime or kernel that an image or a start exploits.
//!
//! A node says which version of containerd or CRI-O it runs, not which runc or crun, and not
//! what its distribution ported back. So objects close nothing here; they open a way only where
//! the version itself lies in the range of an advisory.

use std::collections::BTreeMap;

use ringfort_language::{message, sentence};
use ringfort_model::record::Node;
use ringfort_model::{EntityId, Id, Str};

use super::{Finding, Instance, State};
use crate::context::Context;
use crate::node::NodeKey;
use crate::why::Why;

/// A flaw that a pod of one's own making exploits for root on its node: first and first mended
/// patch of each minor of CRI-O.
struct Advisory {
    id: &'static str,
    mended: &'static [(u32, u32, u32)],
}

/// CVE-2022-0811: kernel parameters of a pod were passed on unchecked, core_pattern among them
/// (cri-o security advisory GHSA-6x2m-w449-qwx7).
const CRIO: Advisory = Advisory {
    id: "CVE-2022-0811",
    mended: &[(1, 19, 6), (1, 20, 7), (1, 21, 6), (1, 22, 3), (1, 23, 2)],
};

/// `1.22.1` and nothing behind it: a suffix is a distribution's, which may carry the fix.
fn plain(version: &str) -> Option<(u32, u32, u32)> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    match (parts.next()??, parts.next()??, parts.next()??, parts.next()) {
        (major, minor, patch, None) => Some((major, minor, patch)),
        _ => None,
    }
}

/// The advisory in whose range a runtime's version lies, and the first version out of it.
#[must_use]
pub fn mended(runtime: &str) -> Option<(&'static str, String)> {
    let (major, minor, patch) = plain(runtime.strip_prefix("cri-o://")?)?;
    let mut affected =
        CRIO.mended.iter().filter(|(a, b, mended)| (major, minor) == (*a, *b) && patch < *mended);
    affected.next().map(|(a, b, mended)| (CRIO.id, format!("cri-o://{a}.{b}.{mended}")))
}

fn flaw(runtime: &str) -> Option<&'static str> {
    mended(runtime).map(|(id, _)| id)
}

/// One instance for each version of runtime and kernel that nodes run.
pub(super) fn find(context: &Context<'_>) -> Finding {
    type Nodes<'c> = Vec<(Id<Node>, &'c Node)>;
    let mut versions: BTreeMap<(Str, Str), Nodes<'_>> = BTreeMap::new();
    for (id, node) in context.cluster.nodes.ids() {
        let info = node.status.as_ref().and_then(|status| status.node_info.as_ref());
        let key = info.map_or_else(Default::default, |info| {
            (info.container_runtime_version.clone(), info.kernel_version.clone())
        });
        versions.entry(key).or_default().push((id, node));
    }
    let mut found = Vec::new();
    for ((runtime, kernel), nodes) in versions {
        let Some((_, first)) = nodes.first() else { continue };
        let flaw = flaw(&runtime);
        let why = |path: &str, value: &Str| Why::Field {
            object: EntityId::Node(first.metadata.name.clone()),
            path: Str::new(path),
            value: value.clone(),
        };
        let (title, missing) = match flaw {
            Some(id) => (
                sentence!(
                    "{runtime} of {nodes} nodes is open to {advisory}",
                    runtime = runtime.as_str(),
                    nodes = nodes.len(),
                    advisory = id
                ),
                vec![message!("whether an attacker's image or pod is started on the node")],
            ),
            None => (
                sentence!(
                    "{runtime} on kernel {kernel}, {nodes} nodes",
                    runtime = runtime.as_str(),
                    kernel = kernel.as_str(),
                    nodes = nodes.len()
                ),
                vec![message!(
                    "the version of the low-level runtime, and advisories of the distribution"
                )],
            ),
        };
        found.push(Instance {
            vector: "V13",
            name: Str::from(format!("{runtime}+{kernel}")),
            title,
            state: State::Unknown,
            why: vec![
                why("status.nodeInfo.containerRuntimeVersion", &runtime),
                why("status.nodeInfo.kernelVersion", &kernel).into_mark(),
            ],
            missing,
            // A cell that is unknown for want of any version is no way in by itself.
            leads: match flaw {
                Some(_) => nodes.iter().map(|(id, _)| NodeKey::Node(*id)).collect(),
                None => Vec::new(),
            },
        });
    }
    (found, State::Unknown, message!("the versions of runtimes and kernels were not read"))
}

#[cfg(test)]
mod tests {
    use super::{flaw, mended};

    #[test]
    fn only_versions_without_a_suffix_prove_a_flaw() {
        assert_eq!(flaw("cri-o://1.22.2"), Some("CVE-2022-0811"));
        let after = mended("cri-o://1.22.2").map(|(_, version)| version);
        assert_eq!(after.as_deref(), Some("cri-o://1.22.3"));
        assert_eq!(flaw("cri-o://1.22.3"), None);
        assert_eq!(flaw("cri-o://1.24.0"), None);
        assert_eq!(flaw("cri-o://1.20.6-5.rhaos4.7"), None);
        assert_eq!(flaw("containerd://1.7.20"), None);
        assert_eq!(flaw(""), None);
    }
}
