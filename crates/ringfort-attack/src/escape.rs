//! What the techniques that leave a container share: who the process is, what is mounted, and
//! whether a user namespace or a sandbox holds it (semantics EFF-UNS, EFF-RTC).

use ringfort_isolation::{CapabilityUse, Effect, capability_use, sandbox, uid, user_namespace};
use ringfort_model::record::Node;
use ringfort_model::{Container, ContainerKind, Id, PodSpec, Str, Unit, VolumeSource};

use crate::context::Context;
use crate::maker::{Draft, Maker};
use crate::node::NodeKey;
use crate::technique::Technique;
use crate::why::Why;

/// A mounted path of the node.
pub(crate) struct Mount {
    unit: u32,
    kind: ContainerKind,
    container: u32,
    index: u32,
    /// The path of the node, subPath included.
    pub(crate) path: String,
    /// Whether the mount is read-only.
    pub(crate) read_only: bool,
}

impl Mount {
    /// The mount as a reason.
    pub(crate) fn why(&self) -> Why {
        Why::HostMount {
            unit: self.unit,
            kind: self.kind,
            container: self.container,
            mount: self.index,
            path: Str::new(&self.path),
            read_only: self.read_only,
        }
    }
}

/// One container, as an escape looks at it.
pub(crate) struct One<'c> {
    context: &'c Context<'c>,
    unit: &'c Unit,
    at: u32,
    kind: ContainerKind,
    index: u32,
    container: &'c Container,
}

impl<'c> One<'c> {
    pub(crate) fn spec(&self) -> &'c PodSpec {
        &self.unit.spec
    }
    pub(crate) fn container(&self) -> &'c Container {
        self.container
    }
    pub(crate) fn field(&self, rest: &str) -> String {
        format!("{}[{}].{rest}", self.kind.field(), self.index)
    }
    pub(crate) fn because(&self, path: &str, value: &str) -> Why {
        Why::PodField { unit: self.at, path: Str::new(path), value: Str::new(value) }
    }
    pub(crate) fn is_privileged(&self) -> bool {
        self.container.security_context.as_ref().is_some_and(|c| c.privileged == Some(true))
    }
    pub(crate) fn may_be_root(&self) -> bool {
        uid(&self.unit.spec, self.container).may_be_root()
    }
    /// Whether a process holds the capability as root.
    pub(crate) fn can(&self, capability: &str) -> bool {
        capability_use(&self.unit.spec, self.container, capability) == CapabilityUse::AsRoot
    }
    /// The same, for a capability that no runtime gives by default.
    pub(crate) fn adds(&self, capability: &str) -> bool {
        self.can(capability)
    }
    /// Mounts of paths of the node: hostPath volumes, and claims bound to such.
    pub(crate) fn mounts(&self) -> Vec<Mount> {
        let mut found = Vec::new();
        for (index, mount) in self.container.volume_mounts.iter().enumerate() {
            let source = self.unit.spec.volume(&mount.name).and_then(|v| v.source.as_ref());
            let (path, read_only) = match source {
                Some(VolumeSource::HostPath(host)) => (host.path.clone(), false),
                Some(VolumeSource::PersistentVolumeClaim(claim)) => {
                    let path = self.claim_path(&claim.claim_name);
                    let Some(path) = path else { continue };
                    (path, claim.read_only == Some(true))
                }
                _ => continue,
            };
            let path = match mount.sub_path.as_str() {
                "" => normal(&path),
                sub => normal(&format!("{path}/{sub}")),
            };
            found.push(Mount {
                unit: self.at,
                kind: self.kind,
                container: self.index,
                index: index as u32,
                path,
                read_only: read_only || mount.read_only == Some(true),
            });
        }
        found
    }

    fn claim_path(&self, claim: &str) -> Option<Str> {
        let cluster = self.context.cluster;
        let claim = cluster.persistent_volume_claims.get(&self.unit.namespace, claim)?;
        let volume = claim.spec.as_ref().map(|spec| &spec.volume_name)?;
        let spec = cluster.persistent_volumes.get("", volume)?.spec.as_ref()?;
        let path = spec.host_path.as_ref().or(spec.local.as_ref())?;
        Some(path.path.clone())
    }
}

/// What an escape found.
pub(crate) struct Found {
    why: Vec<Why>,
    files: bool,
    windows: bool,
    weakened: Option<&'static str>,
}

impl Found {
    pub(crate) fn new(why: impl IntoIterator<Item = Why>) -> Self {
        Self { why: why.into_iter().collect(), files: false, windows: false, weakened: None }
    }
    /// It leads to the node's files, not to execution.
    pub(crate) fn files(mut self) -> Self {
        self.files = true;
        self
    }
    /// It works on Windows nodes only.
    pub(crate) fn windows(mut self) -> Self {
        self.windows = true;
        self
    }
    pub(crate) fn weakened(mut self, by: &'static str) -> Self {
        self.weakened = Some(by);
        self
    }
}

/// Asks about every container and draws an edge to the node for what is found.
pub(crate) fn each(
    context: &Context<'_>,
    maker: &mut Maker<'_>,
    technique: &Technique,
    find: impl Fn(&One<'_>) -> Option<Found>,
) {
    for (at, unit) in context.units.iter().enumerate() {
        let at = at as u32;
        if !context.placed[at as usize] {
            continue;
        }
        for (kind, index, container) in unit.spec.all_containers() {
            let index = index as u32;
            let one = One { context, unit, at, kind, index, container };
            let Some(found) = find(&one) else { continue };
            for place in context.places(at) {
                let Some(root) = context.root_on(at, place) else { continue };
                let node = place.map(|id| &context.cluster.nodes[id]);
                if node.is_some_and(Node::is_windows) != found.windows
                    && (node.is_some() || unit.spec.is_windows() != found.windows)
                {
                    continue;
                }
                let held = holds(context, &unit.spec, place);
                if matches!(held, Some(Effect::Effective)) {
                    continue;
                }
                let to = if found.files { NodeKey::NodeFiles(place) } else { root };
                let from = NodeKey::Container(at, place, kind, index);
                let mut draft = Draft::new(from, to)
                    .because_all(found.why.iter().cloned())
                    .because(Why::RunsOn { unit: at, node: place });
                if let Some(by) = found.weakened {
                    draft = draft.weakened(technique, by);
                }
                match held {
                    Some(Effect::Unknown(missing)) => draft = draft.unverified(missing.join("; ")),
                    Some(Effect::PresentNotEffective(why)) => draft = draft.noted(why),
                    _ => {}
                }
                maker.edge(draft);
            }
        }
    }
}

/// The strongest control that could hold the pod in: `None` when there is none.
fn holds(context: &Context<'_>, spec: &PodSpec, place: Option<Id<Node>>) -> Option<Effect> {
    let mut found: Vec<Effect> = Vec::new();
    if spec.host_users == Some(false) {
        found.push(match place {
            Some(node) => {
                user_namespace(spec, &context.cluster.nodes[node], context.version).effect
            }
            None => Effect::missing("whether the node supports user namespaces"),
        });
    }
    if spec.runtime_class_name.is_some() {
        found.push(sandbox(spec, context.cluster).effect);
    }
    let rank = |effect: &Effect| match effect {
        Effect::Effective => 0,
        Effect::Unknown(_) => 1,
        Effect::PresentNotEffective(_) => 2,
        Effect::Absent => 3,
    };
    found.sort_by_key(rank);
    found.into_iter().next().filter(|effect| *effect != Effect::Absent)
}

/// A path without doubled, trailing or dot parts.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn covers(path: &str, place: &str) -> bool {
    path == "/" || path == place || place.strip_prefix(path).is_some_and(|r| r.starts_with('/'))
}

fn lies_in(path: &str, folder: &str) -> bool {
    path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether whoever writes at the path has the node run code.
pub(crate) fn runs_code(path: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "/etc",
        "/root",
        "/usr",
        "/bin",
        "/sbin",
        "/lib",
        "/lib64",
        "/opt/cni",
        "/boot",
        "/dev",
        "/proc",
        "/sys",
        "/var/spool/cron",
        "/var/lib/docker",
        "/var/lib/containerd",
        "/var/lib/kubelet/pods",
        "/run/systemd",
    ];
    const HARMLESS: &[&str] = &[
        "/etc/localtime",
        "/etc/timezone",
        "/etc/hosts",
        "/etc/resolv.conf",
        "/etc/machine-id",
        "/etc/ssl",
        "/etc/pki",
        "/etc/kubernetes/pki",
        "/etc/os-release",
        "/etc/passwd.cache",
        "/usr/share",
        "/usr/src",
        "/sys/fs/bpf",
        "/sys/fs/cgroup",
        "/sys/kernel/debug",
        "/sys/kernel/tracing",
        "/dev/shm",
        "/dev/null",
    ];
    if HARMLESS.iter().any(|harmless| lies_in(path, harmless)) {
        return false;
    }
    path == "/var/lib/kubelet"
        || FOLDERS.iter().any(|folder| covers(path, folder) || lies_in(path, folder))
}

/// Whether whoever reads below the path finds credentials of the node.
pub(crate) fn holds_credentials(path: &str) -> bool {
    ["/var/lib/kubelet/pki", "/var/lib/kubelet/pods", "/etc/kubernetes/kubelet.conf"]
        .iter()
        .any(|place| covers(path, place))
}

/// Whether a runtime's socket lies at or below the path.
pub(crate) fn holds_socket(path: &str) -> bool {
    const SOCKETS: &[&str] = &[
        "/var/run/docker.sock",
        "/run/docker.sock",
        "/run/containerd/containerd.sock",
        "/var/run/containerd/containerd.sock",
        "/run/crio/crio.sock",
        "/var/run/crio/crio.sock",
        "/run/podman/podman.sock",
        "/var/run/dockershim.sock",
        "/var/run/cri-dockerd.sock",
        "/run/cri-dockerd.sock",
        "/run/k3s/containerd/containerd.sock",
    ];
    SOCKETS.iter().any(|socket| covers(path, socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_classes_are_about_places_not_names() {
        for path in ["/", "/etc", "/etc/cron.d", "/var", "/var/lib/kubelet", "/usr/local/bin"] {
            assert!(runs_code(path), "{path}");
        }
        for path in [
            "/var/log/app",
            "/etc/localtime",
            "/data",
            "/var/lib/kubelet/device-plugins",
            "/etcetera",
        ] {
            assert!(!runs_code(path), "{path}");
        }
        assert!(holds_credentials("/var/lib") && !holds_credentials("/etc/ssl/certs"));
        assert!(holds_socket("/run") && holds_socket("/var/run/docker.sock"));
        assert!(!holds_socket("/run/app/docker.sock"));
        assert_eq!(normal("/etc/../var//lib/./kubelet/"), "/var/lib/kubelet");
    }
}
