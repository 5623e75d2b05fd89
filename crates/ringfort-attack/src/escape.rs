//! What the techniques that leave a container share: who the process is, what is mounted, and
//! whether a user namespace or a sandbox holds it (semantics EFF-UNS, EFF-RTC).

use std::borrow::Cow;

use ringfort_isolation::{CapabilityUse, Effect, capability_use, sandbox, uid, user_namespace};
use ringfort_model::record::Node;
use ringfort_model::{Container, ContainerKind, Id, PodSpec, Str, Unit, VolumeSource};

use crate::context::Context;
use crate::maker::{Draft, Maker};
use crate::node::{Files, NodeKey};
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

/// What a mounted path of the node gives to whoever is in the container.
#[derive(Clone, Debug)]
pub struct NodeMount {
    /// The mount, as a reason.
    pub why: Why,
    /// The list of the container, and its index there.
    pub container: (ContainerKind, u32),
    /// The volume.
    pub volume: Str,
    /// Whether it is read-only.
    pub read_only: bool,
    /// Whether the node runs code from there.
    pub runs_code: bool,
    /// Whether credentials of the node or its pods lie there.
    pub credentials: bool,
    /// Whether a runtime's socket lies there.
    pub socket: bool,
}

/// Paths of the node that the containers of a unit mount, by hostPath or through a claim.
#[must_use]
pub fn node_mounts(context: &Context<'_>, at: u32) -> Vec<NodeMount> {
    let unit = &context.units[at as usize];
    let containers = unit.spec.all_containers();
    let of = |(kind, index, container)| {
        let one = One { context, unit, at, kind, index: index as u32, container };
        one.mounts().into_iter().map(move |mount| NodeMount {
            why: mount.why(),
            container: (kind, index as u32),
            volume: container.volume_mounts[mount.index as usize].name.clone(),
            read_only: mount.read_only,
            runs_code: runs_code(&mount.path),
            credentials: !credentials(&mount.path).is_empty(),
            socket: holds_socket(&mount.path),
        })
    };
    containers.flat_map(of).collect()
}

/// What a path of the node, or a part of it, gives to whoever has it mounted: whether a runtime's
/// socket lies there, and whether the node runs code from there.
#[must_use]
pub fn path_gives(path: &str, part: &str) -> (bool, bool) {
    let path = normal(&format!("{path}/{part}"));
    (holds_socket(&path), runs_code(&path))
}

/// One container, as an escape looks at it.
#[derive(Clone, Copy)]
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
    /// That the pod has no user namespace, where one is sure to hold it.
    fn no_user_namespace(&self, place: Option<Id<Node>>) -> Option<Why> {
        let gives = user_namespace_holds(self.context, &self.unit.spec, place?);
        gives.then(|| self.because("hostUsers", ""))
    }

    fn is_on_windows(&self, place: Option<Id<Node>>) -> bool {
        match place {
            Some(node) => self.context.cluster.nodes[node].is_windows(),
            None => self.unit.spec.is_windows(),
        }
    }
    /// The fields each of which by itself gives a process that is root a capability beyond the
    /// default ones: who takes one of them away has not taken the other.
    pub(crate) fn gives(&self, capability: &str) -> Vec<Why> {
        let privileged = self.is_privileged() && self.can(capability);
        let fields = [
            privileged.then(|| self.because(&self.field("securityContext.privileged"), "true")),
            self.lists(capability).then(|| self.listed(capability)),
        ];
        fields.into_iter().flatten().collect()
    }
    /// The field that lists a capability.
    pub(crate) fn listed(&self, capability: &str) -> Why {
        self.because(&self.field("securityContext.capabilities.add"), capability)
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
    /// The same by its list of capabilities, whether the container is privileged too or not.
    pub(crate) fn lists(&self, capability: &str) -> bool {
        let plain = self.unprivileged();
        capability_use(&self.unit.spec, &plain, capability) == CapabilityUse::AsRoot
    }
    /// The container as it would be without `privileged`.
    pub(crate) fn unprivileged(&self) -> Cow<'c, Container> {
        if !self.is_privileged() {
            return Cow::Borrowed(self.container);
        }
        let mut plain = self.container.clone();
        if let Some(context) = &mut plain.security_context {
            context.privileged = None;
        }
        Cow::Owned(plain)
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
            // An expression is expanded with the container's variables; where it has some, the
            // folder is not known, and the whole volume stands for it.
            let below = match mount.sub_path_expr.as_str() {
                "" => mount.sub_path.as_str(),
                plain if !plain.contains('$') => plain,
                _ => "",
            };
            let path = match below {
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

/// Where an escape leads.
enum To {
    Root,
    Files(Files),
}

/// What an escape found.
pub(crate) struct Found {
    why: Vec<Why>,
    to: To,
    windows: bool,
    weakened: Option<&'static str>,
}

impl Found {
    pub(crate) fn new(why: impl IntoIterator<Item = Why>) -> Self {
        Self { why: why.into_iter().collect(), to: To::Root, windows: false, weakened: None }
    }
    /// It leads to files of the node, not to execution.
    pub(crate) fn files(mut self, files: Files) -> Self {
        self.to = To::Files(files);
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

/// A container of a unit in one of its places.
pub(crate) struct Placed<'c> {
    pub(crate) one: One<'c>,
    pub(crate) place: Option<Id<Node>>,
}

impl Placed<'_> {
    /// The container's position.
    pub(crate) fn node(&self) -> NodeKey {
        NodeKey::Container(self.one.at, self.place, self.one.kind, self.one.index)
    }

    /// Index of the unit.
    pub(crate) fn at(&self) -> u32 {
        self.one.at
    }

    /// The draft with what is unknown about a control that could hold the pod in.
    pub(crate) fn controlled(&self, draft: Draft) -> Draft {
        let draft = draft.because_all(self.one.no_user_namespace(self.place));
        marked(draft, holds(self.one.context, &self.one.unit.spec, self.place))
    }
}

/// Every container whose node matters, on Linux nodes, unless a control holds its pod in.
pub(crate) fn containers<'c>(context: &'c Context<'c>) -> impl Iterator<Item = Placed<'c>> {
    let placed = all(context).flat_map(|one| {
        let places = context.places(one.at).into_iter();
        places.map(move |place| Placed { one, place })
    });
    placed.filter(|found| {
        !found.one.is_on_windows(found.place)
            && holds(found.one.context, &found.one.unit.spec, found.place)
                != Some(Effect::Effective)
    })
}

/// Every container whose node matters.
fn all<'c>(context: &'c Context<'c>) -> impl Iterator<Item = One<'c>> {
    let units = context.units.iter().enumerate().filter(|(at, _)| context.placed[*at]);
    units.flat_map(move |(at, unit)| {
        let at = at as u32;
        unit.spec.all_containers().map(move |(kind, index, container)| One {
            context,
            unit,
            at,
            kind,
            index: index as u32,
            container,
        })
    })
}

/// Asks about every container and draws an edge to the node for what is found, in every place.
pub(crate) fn each<F: IntoIterator<Item = Found>>(
    context: &Context<'_>,
    maker: &mut Maker<'_>,
    technique: &Technique,
    find: impl Fn(&One<'_>) -> F,
) {
    for one in all(context) {
        let all: Vec<Found> = find(&one).into_iter().collect();
        if all.is_empty() {
            continue;
        }
        for place in context.places(one.at) {
            let Some(root) = context.root_on(one.at, place) else { continue };
            let held = holds(context, &one.unit.spec, place);
            if matches!(held, Some(Effect::Effective)) {
                continue;
            }
            let from = NodeKey::Container(one.at, place, one.kind, one.index);
            let open = one.no_user_namespace(place);
            for found in all.iter().filter(|found| one.is_on_windows(place) == found.windows) {
                let to = match found.to {
                    To::Root => root.clone(),
                    To::Files(files) => NodeKey::NodeFiles(place, files),
                };
                let mut draft = Draft::new(from.clone(), to)
                    .because_all(found.why.iter().cloned())
                    .because_all(open.clone())
                    .because(Why::RunsOn { unit: one.at, node: place });
                if let Some(by) = found.weakened {
                    draft = draft.weakened(technique, by);
                }
                maker.edge(marked(draft, held.clone()));
            }
        }
    }
}

/// Whether a pod without a user namespace would be held by one on that node.
#[must_use]
pub fn user_namespace_holds(context: &Context<'_>, spec: &PodSpec, node: Id<Node>) -> bool {
    let node = &context.cluster.nodes[node];
    // Without the node's word for it the verdict is never that it works.
    if spec.host_users == Some(false) || node.gives_user_namespaces("") != Some(true) {
        return false;
    }
    let with = PodSpec { host_users: Some(false), ..spec.clone() };
    user_namespace(&with, node, context.version).effect.is_effective()
}

/// The node that root with every capability takes from inside a pod of a unit in a place, and
/// what may hold it in; `None` where something does.
pub(crate) fn taken_from_inside(
    context: &Context<'_>,
    unit: u32,
    place: Option<Id<Node>>,
) -> Option<(NodeKey, Option<Effect>)> {
    let spec = &context.units[unit as usize].spec;
    let windows = match place {
        Some(node) => context.cluster.nodes[node].is_windows(),
        None => spec.is_windows(),
    };
    let root = context.root_on(unit, place).filter(|_| !windows)?;
    let held = holds(context, spec, place);
    (held != Some(Effect::Effective)).then_some((root, held))
}

pub(crate) fn marked(draft: Draft, held: Option<Effect>) -> Draft {
    match held {
        Some(Effect::Unknown(missing)) => draft.unverified(missing.join("; ")),
        Some(Effect::PresentNotEffective(why)) => draft.noted(why),
        _ => draft,
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

/// A path without doubled, trailing or dot parts, and `/run` by its own name.
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
    // `/var/run` is a link to `/run` on every system that nodes run.
    if let ["var", "run", rest @ ..] = parts.as_slice() {
        parts = ["run"].into_iter().chain(rest.iter().copied()).collect();
    }
    format!("/{}", parts.join("/"))
}

pub(crate) fn covers(path: &str, place: &str) -> bool {
    path == "/" || path == place || place.strip_prefix(path).is_some_and(|r| r.starts_with('/'))
}

fn lies_in(path: &str, folder: &str) -> bool {
    path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether the path holds, or lies in, one of some places in the folder of a user of the node.
fn in_a_home(path: &str, places: &[&str]) -> bool {
    let Some(below) = path.strip_prefix("/home") else { return false };
    let Some(below) = below.strip_prefix('/') else { return below.is_empty() };
    match below.split_once('/') {
        None => true,
        Some((_, rest)) => places.iter().any(|place| covers(rest, place) || lies_in(rest, place)),
    }
}

/// What whoever logs in to the node as a user runs, or logs in with.
const LOGINS: &[&str] =
    &[".ssh", ".bashrc", ".bash_profile", ".bash_login", ".profile", ".zshrc", ".config/systemd"];

/// Whether whoever writes at the path has the node run code. Nothing below `/dev` does: a mount does
/// not widen the device cgroup (runc libcontainer/specconv `AllowedDevices`), which opens no device
/// that matters unless the container is privileged, and that is a technique of its own.
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
        "/proc",
        "/sys",
        "/var/spool/cron",
        "/var/lib/docker",
        "/var/lib/containerd",
        "/var/lib/containers",
        "/var/lib/k0s",
        "/var/snap/microk8s/current",
        "/var/snap/microk8s/common/var",
        "/var/lib/kubelet/pods",
        "/run/systemd",
        // Programs of nodes of Google's Container-Optimized OS.
        "/home/kubernetes/bin",
        // Programs, manifests of static pods and those that the server applies, of k3s and RKE2.
        "/var/lib/rancher/k3s/agent",
        "/var/lib/rancher/k3s/data",
        "/var/lib/rancher/k3s/server",
        "/var/lib/rancher/rke2/agent",
        "/var/lib/rancher/rke2/bin",
        "/var/lib/rancher/rke2/data",
        "/var/lib/rancher/rke2/server",
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
    ];
    if HARMLESS.iter().any(|harmless| lies_in(path, harmless)) {
        return false;
    }
    path == "/var/lib/kubelet"
        || in_a_home(path, LOGINS)
        || FOLDERS.iter().any(|folder| covers(path, folder) || lies_in(path, folder))
}

/// What of a node's files whoever reads at or below the path finds.
pub(crate) fn credentials(path: &str) -> Vec<Files> {
    if path == "/" {
        return vec![Files::All];
    }
    const PLACES: &[(Files, &[&str])] = &[
        (
            Files::Kubelet,
            &[
                "/var/lib/kubelet/pki",
                "/var/lib/kubelet/kubeconfig",
                "/etc/kubernetes/kubelet.conf",
                "/etc/kubernetes/bootstrap-kubelet.conf",
                "/var/lib/rancher/k3s/agent/kubelet.kubeconfig",
                "/var/lib/rancher/k3s/agent/client-kubelet.key",
                "/var/lib/rancher/rke2/agent/kubelet.kubeconfig",
                "/var/lib/rancher/rke2/agent/client-kubelet.key",
            ],
        ),
        (Files::Pods, &["/var/lib/kubelet/pods"]),
        (
            Files::ControlPlane,
            &[
                "/etc/kubernetes/pki",
                "/etc/kubernetes/admin.conf",
                "/etc/kubernetes/super-admin.conf",
                "/etc/kubernetes/controller-manager.conf",
                "/var/lib/etcd",
                "/var/lib/rancher/k3s/server",
                "/var/lib/rancher/rke2/server",
                // The administrator's kubeconfig on servers of k3s and RKE2.
                "/etc/rancher/k3s/k3s.yaml",
                "/etc/rancher/rke2/rke2.yaml",
            ],
        ),
        (
            Files::SshKeys,
            &[
                "/root/.ssh",
                "/etc/ssh/ssh_host_dsa_key",
                "/etc/ssh/ssh_host_ecdsa_key",
                "/etc/ssh/ssh_host_ed25519_key",
                "/etc/ssh/ssh_host_rsa_key",
            ],
        ),
        (
            Files::CloudConfig,
            // Of AKS and of in-tree and external providers as their installers place them.
            &[
                "/etc/kubernetes/azure.json",
                "/etc/kubernetes/cloud-config",
                "/etc/kubernetes/cloud_config",
                "/etc/kubernetes/cloud.conf",
                "/etc/kubernetes/cloud.config",
                "/etc/gce.conf",
            ],
        ),
    ];
    let holds = |place: &&&str| covers(path, place) || lies_in(path, place);
    let of_users = |files: Files| files == Files::SshKeys && in_a_home(path, &[".ssh"]);
    let found = PLACES
        .iter()
        .filter(|(files, places)| places.iter().any(|place| holds(&place)) || of_users(*files));
    found.map(|(files, _)| *files).collect()
}

/// Whether the path is a folder for data: none that gives code, credentials, logs or sockets of
/// the node, and no part of its system.
pub(crate) fn is_data(path: &str) -> bool {
    const SYSTEM: &[&str] =
        &["/etc", "/proc", "/sys", "/dev", "/run", "/var/run", "/var/log", "/tmp", "/usr", "/lib"];
    const KUBELET: &str = "/var/lib/kubelet";
    path != "/"
        && !runs_code(path)
        && credentials(path).is_empty()
        && !lies_in(path, KUBELET)
        && !covers(path, KUBELET)
        && !SYSTEM.iter().any(|folder| lies_in(path, folder))
}

/// Whether the kubelet's folder of pod logs lies at or below the path.
pub(crate) fn holds_pod_logs(path: &str) -> bool {
    ["/var/log/pods", "/var/log/containers"]
        .iter()
        .any(|place| covers(path, place) || lies_in(path, place))
}

/// Whether folders in which the kubelet looks for plug-ins lie at or below the path.
pub(crate) fn holds_plugins(path: &str) -> bool {
    ["/var/lib/kubelet/plugins_registry", "/var/lib/kubelet/device-plugins"]
        .iter()
        .any(|place| covers(path, place) || lies_in(path, place))
}

/// Whether a runtime's socket lies at or below the path.
pub(crate) fn holds_socket(path: &str) -> bool {
    const SOCKETS: &[&str] = &[
        "/run/docker.sock",
        "/run/containerd/containerd.sock",
        "/run/crio/crio.sock",
        "/run/podman/podman.sock",
        "/run/dockershim.sock",
        "/run/cri-dockerd.sock",
        "/run/docker/containerd/containerd.sock",
        "/run/k3s/containerd/containerd.sock",
        "/run/k0s/containerd.sock",
        "/var/snap/microk8s/common/run/containerd.sock",
    ];
    SOCKETS.iter().any(|socket| covers(path, socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_classes_are_about_places_not_names() {
        for path in [
            "/",
            "/etc",
            "/etc/cron.d",
            "/var",
            "/var/lib/kubelet",
            "/usr/local/bin",
            "/var/lib/containers/storage/overlay",
            "/var/lib/rancher",
            "/var/lib/rancher/k3s/agent/pod-manifests",
            "/home/kubernetes/bin",
        ] {
            assert!(runs_code(path), "{path}");
        }
        for path in [
            "/var/log/app",
            "/etc/localtime",
            "/data",
            "/var/lib/kubelet/device-plugins",
            "/etcetera",
            "/var/lib/rancher/k3s/storage/pvc-1",
            "/var/snap/microk8s/common/default-storage/pvc-1",
        ] {
            assert!(!runs_code(path), "{path}");
        }
        assert_eq!(credentials("/"), [Files::All]);
        assert_eq!(credentials("/var/lib/kubelet/pki"), [Files::Kubelet]);
        let folder = [Files::Kubelet, Files::ControlPlane, Files::CloudConfig];
        assert_eq!(credentials("/etc/kubernetes"), folder);
        let all = [Files::Kubelet, Files::ControlPlane, Files::SshKeys, Files::CloudConfig];
        assert_eq!(credentials("/etc"), all);
        assert_eq!(credentials("/etc/kubernetes/azure.json"), [Files::CloudConfig]);
        assert_eq!(credentials("/root/.ssh"), [Files::SshKeys]);
        for path in ["/home", "/home/ann", "/home/ann/.ssh", "/home/ann/.ssh/id_ed25519"] {
            assert_eq!(credentials(path), [Files::SshKeys], "{path}");
            assert!(runs_code(path), "{path}");
        }
        for path in ["/home/ann/data", "/home/ann/.sshd", "/homes", "/home/ann/data/.ssh"] {
            assert!(credentials(path).is_empty() && !runs_code(path), "{path}");
            assert!(is_data(path), "{path}");
        }
        assert!(runs_code("/home/ann/.profile") && credentials("/home/ann/.profile").is_empty());
        assert!(runs_code("/home/kubernetes/bin/nvidia"));
        for path in ["/etc/ssh", "/etc/ssh/ssh_host_rsa_key"] {
            assert_eq!(credentials(path), [Files::SshKeys], "{path}");
        }
        assert!(credentials("/etc/ssh/ssh_known_hosts").is_empty());
        for path in ["/etc/rancher", "/etc/rancher/k3s", "/etc/rancher/rke2/rke2.yaml"] {
            assert_eq!(credentials(path), [Files::ControlPlane], "{path}");
        }
        assert!(credentials("/etc/rancher/k3s/registries.yaml").is_empty());
        let rancher = [Files::Kubelet, Files::ControlPlane];
        assert_eq!(credentials("/var/lib/rancher"), rancher);
        assert_eq!(credentials("/var/lib/rancher/rke2/agent"), [Files::Kubelet]);
        assert!(runs_code("/var/lib/rancher") && runs_code("/var/lib/rancher/rke2/bin"));
        // Where the local provisioner of k3s keeps volumes.
        assert!(is_data("/var/lib/rancher/k3s/storage/pvc-1"));
        assert!(credentials("/etc/ssl/certs").is_empty() && credentials("/root/data").is_empty());
        assert!(holds_pod_logs("/var/log") && !holds_pod_logs("/var/log/app"));
        assert!(holds_plugins("/var/lib/kubelet/device-plugins") && !holds_plugins("/var/lib/app"));
        // The device cgroup decides what a container may open, not what it has mounted.
        for path in ["/dev", "/dev/sda", "/dev/mem", "/dev/urandom", "/dev/shm"] {
            assert!(!runs_code(path) && !is_data(path), "{path}");
        }
        assert!(holds_socket("/run") && holds_socket(&normal("/var/run/docker.sock")));
        assert!(runs_code(&normal("/var/run/systemd")) && !runs_code(&normal("/var/run/app")));
        assert!(!holds_socket("/run/app/docker.sock"));
        assert!(holds_socket("/run/docker") && holds_socket("/run/k0s/containerd.sock"));
        assert_eq!(normal("/etc/../var//lib/./kubelet/"), "/var/lib/kubelet");
        assert_eq!(normal("/var/run/docker.sock"), "/run/docker.sock");
        assert_eq!(normal("/var/running"), "/var/running");
        assert_eq!(path_gives("/var/run", ""), (true, true));
        assert_eq!(path_gives("/var/run/docker.sock", ""), (true, false));
        assert_eq!(path_gives("/", "etc/cron.d"), (false, true));
        assert_eq!(path_gives("/srv", "data"), (false, false));
    }
}
