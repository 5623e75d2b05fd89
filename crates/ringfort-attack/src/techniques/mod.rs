//! The registry of techniques: one line for each file.

mod container_pid_share;
mod control_plane_keys;
mod core_pattern;
mod csr_client_cert;
mod csr_node_cert;
mod env_secret_read;
mod ephemeral_container;
mod escape_cap_dac_read_search;
mod escape_cap_sys_admin;
mod escape_cap_sys_module;
mod escape_cap_sys_ptrace;
mod escape_host_pid;
mod escape_privileged;
mod hostpath_read_credential;
mod hostpath_write_exec;
mod impersonate_group;
mod impersonate_sa;
mod impersonate_user;
mod kubelet_exec_proxy;
mod namespace_relabel;
mod node_cotenant;
mod node_kubelet_identity;
mod node_sa_tokens;
mod node_secrets;
mod node_to_control_plane;
mod pod_attach;
mod pod_create;
mod pod_create_privileged;
mod pod_exec;
mod pod_image_swap;
mod pv_hostpath_create;
mod role_bind;
mod role_escalate;
mod runtime_socket;
mod secret_read;
mod secret_token_mint;
mod secret_token_use;
mod token_mounted;
mod token_request;
mod windows_host_process;
mod workload_patch;

use crate::technique::Technique;

/// Every technique, in the order in which edges are drawn.
pub static ALL: &[&Technique] = &[
    &token_mounted::TECHNIQUE,
    &pod_exec::TECHNIQUE,
    &pod_attach::TECHNIQUE,
    &secret_read::TECHNIQUE,
    &token_request::TECHNIQUE,
    &impersonate_sa::TECHNIQUE,
    &pod_image_swap::TECHNIQUE,
    &ephemeral_container::TECHNIQUE,
    &kubelet_exec_proxy::TECHNIQUE,
    &pod_create::TECHNIQUE,
    &workload_patch::TECHNIQUE,
    &impersonate_user::TECHNIQUE,
    &impersonate_group::TECHNIQUE,
    &role_bind::TECHNIQUE,
    &role_escalate::TECHNIQUE,
    &secret_token_mint::TECHNIQUE,
    &namespace_relabel::TECHNIQUE,
    &pv_hostpath_create::TECHNIQUE,
    &csr_client_cert::TECHNIQUE,
    &csr_node_cert::TECHNIQUE,
    &secret_token_use::TECHNIQUE,
    &env_secret_read::TECHNIQUE,
    &escape_privileged::TECHNIQUE,
    &escape_host_pid::TECHNIQUE,
    &escape_cap_sys_admin::TECHNIQUE,
    &escape_cap_sys_module::TECHNIQUE,
    &escape_cap_dac_read_search::TECHNIQUE,
    &escape_cap_sys_ptrace::TECHNIQUE,
    &windows_host_process::TECHNIQUE,
    &core_pattern::TECHNIQUE,
    &hostpath_write_exec::TECHNIQUE,
    &hostpath_read_credential::TECHNIQUE,
    &runtime_socket::TECHNIQUE,
    &container_pid_share::TECHNIQUE,
    &node_cotenant::TECHNIQUE,
    &node_kubelet_identity::TECHNIQUE,
    &node_sa_tokens::TECHNIQUE,
    &node_secrets::TECHNIQUE,
    &node_to_control_plane::TECHNIQUE,
    &control_plane_keys::TECHNIQUE,
    &pod_create_privileged::TECHNIQUE,
];

/// Rows of the technique table that need an engine or a fact that is not there, with what is
/// missing. Reports list them, so that their absence is never taken for safety.
pub const NOT_EVALUATED: &[(&str, &str)] = &[
    ("net-*", "the network engine"),
    ("deputy-*", "the tables of operators"),
    ("webhook-*, map-write, apiservice-takeover, crd-conversion", "the admission engine"),
    ("impersonate-constrained", "two-step evaluation of constrained impersonation"),
    ("role-aggregate, role-claim-dangling", "writes of roles that others are bound to"),
    ("pod-evict-steer, node-object-write, pod-bind, node-schedule-wait", "the scheduling engine"),
    ("hostpath-log-symlink, kubelet-checkpoint", "derivations of two positions"),
    ("pod-portforward, api-proxy-pod-service, container-net-share", "listeners of pods"),
    ("kubelet-read-*, kubelet-anonymous, kubelet-readonly", "settings of the kubelets"),
    ("escape-host-ipc, escape-host-network, escape-cap-net-admin", "listeners and flows of nodes"),
    (
        "escape-cap-sys-rawio, escape-cap-bpf, escape-cap-mknod-device, kubelet-plugin-socket",
        "devices of nodes",
    ),
    ("bootstrap-token-mint, csr-sign", "arguments of the control plane"),
    ("sa-annotate-cloud, configmap-aws-auth, secret-cloud-key", "the cloud account"),
    ("image-*, registry-*, repo-*, pipeline-*", "registry and pipeline facts"),
];

/// The technique of that id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Technique> {
    ALL.iter().copied().find(|technique| technique.id == id)
}
