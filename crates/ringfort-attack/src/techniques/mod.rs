//! The registry of techniques: one line for each file.

mod admission_exempt_user;
mod aks_wi_assume;
mod api_proxy_pod_service;
mod apiservice_takeover;
mod audit_disable;
mod azure_wireserver;
mod base_image_compromise;
mod bootstrap_token_mint;
mod cloud_pod_identity_create;
mod cloud_public_resource;
mod cloud_snapshot_data;
mod cloud_to_cluster_admin;
mod cloud_to_image;
mod cloud_to_node;
mod configmap_aws_auth;
mod container_net_share;
mod container_pid_share;
mod control_plane_keys;
mod core_pattern;
mod crd_conversion;
mod csr_client_cert;
mod csr_node_cert;
mod csr_sign;
mod deputy_argo_workflows;
pub(crate) mod deputy_argocd_app;
mod deputy_argocd_project;
mod deputy_capi;
mod deputy_cert_manager;
mod deputy_crossplane;
mod deputy_external_secrets;
pub(crate) mod deputy_flux;
mod deputy_gatekeeper;
mod deputy_generic;
mod deputy_helm_tiller;
mod deputy_karpenter;
mod deputy_knative_kserve;
mod deputy_kubevirt;
mod deputy_kyverno;
mod deputy_prometheus_operator;
mod deputy_sealed_vault_injector;
mod deputy_tekton;
mod deputy_vcluster_syncer;
mod deputy_velero;
mod env_secret_read;
mod ephemeral_container;
mod escape_cap_bpf;
mod escape_cap_dac_read_search;
mod escape_cap_mknod_device;
mod escape_cap_net_admin;
mod escape_cap_sys_admin;
mod escape_cap_sys_module;
mod escape_cap_sys_ptrace;
mod escape_cap_sys_rawio;
mod escape_host_ipc;
mod escape_host_network;
mod escape_host_pid;
mod escape_privileged;
mod etcd_backup_read;
mod finalizer_owner_gc;
mod gke_wi_assume;
mod gke_wi_sameness;
mod hostpath_data;
mod hostpath_log_symlink;
mod hostpath_read_credential;
mod hostpath_write_exec;
mod iam_escalate;
mod image_automation_push;
mod image_cache_read;
mod image_name_confusion;
mod image_run;
mod image_vuln_entry;
mod impersonate_constrained;
mod impersonate_group;
mod impersonate_sa;
mod impersonate_user;
mod irsa_assume;
mod kubelet_anonymous;
mod kubelet_checkpoint;
mod kubelet_exec_proxy;
mod kubelet_plugin_socket;
mod kubelet_read_configz;
mod kubelet_read_logs;
mod kubelet_read_pods;
mod kubelet_readonly;
pub(crate) mod literal_credential;
mod map_write;
mod mesh_uid_bypass;
mod model_file_exec;
mod namespace_relabel;
mod net_arp_spoof;
mod net_cni_config;
mod net_dns_poison;
mod net_endpoints_hijack;
mod net_etcd_direct;
mod net_exploit;
mod net_external_ip_hijack;
mod net_gateway_route;
mod net_imds;
mod net_ingress_hijack;
mod net_kube_controller_ports;
mod net_mesh_config;
mod net_reach;
mod netpol_write;
mod nfs_open_export;
mod node_cotenant;
mod node_kubelet_identity;
mod node_object_write;
mod node_role_use;
mod node_sa_tokens;
mod node_schedule_wait;
mod node_secrets;
mod node_to_control_plane;
mod pipeline_kubeconfig;
mod pipeline_oidc;
mod pod_attach;
mod pod_bind;
mod pod_create;
mod pod_create_privileged;
mod pod_evict_steer;
mod pod_exec;
mod pod_identity_assume;
mod pod_image_swap;
mod pod_portforward;
mod pull_secret_use;
mod pv_hostpath_create;
mod pv_rebind;
mod pvc_mount;
mod registry_push_tag;
mod repo_fork_runner;
mod repo_write_deploy;
mod role_aggregate;
mod role_bind;
mod role_bind_covered;
mod role_claim_dangling;
mod role_escalate;
mod runner_privileged;
mod runner_secrets;
mod runtime_cve_start;
mod runtime_socket;
mod sa_annotate_cloud;
mod secret_ca_key;
mod secret_cloud_key;
pub(crate) mod secret_kubeconfig;
pub(crate) mod secret_read;
mod secret_token_mint;
mod secret_token_use;
mod security_tool_deputy;
mod static_pod;
mod storageclass_csi_abuse;
mod token_mounted;
mod token_request;
mod volumesnapshot_clone;
mod webhook_backend_own;
mod webhook_mutate;
mod webhook_outage_bypass;
mod webhook_receiver_open;
mod webhook_remove;
mod webhook_validate_read;
mod windows_host_process;
mod workload_patch;

use rayon::prelude::*;

use crate::maker::{Maker, Part};
use crate::technique::Technique;

/// Every technique.
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
    &pod_portforward::TECHNIQUE,
    &api_proxy_pod_service::TECHNIQUE,
    &container_net_share::TECHNIQUE,
    &role_aggregate::TECHNIQUE,
    &role_claim_dangling::TECHNIQUE,
    &role_bind_covered::TECHNIQUE,
    &static_pod::TECHNIQUE,
    &bootstrap_token_mint::TECHNIQUE,
    &csr_sign::TECHNIQUE,
    &node_object_write::TECHNIQUE,
    &pod_evict_steer::TECHNIQUE,
    &pod_bind::TECHNIQUE,
    &hostpath_log_symlink::TECHNIQUE,
    &kubelet_read_pods::TECHNIQUE,
    &kubelet_read_logs::TECHNIQUE,
    &kubelet_checkpoint::TECHNIQUE,
    &escape_host_ipc::TECHNIQUE,
    &escape_host_network::TECHNIQUE,
    &escape_cap_net_admin::TECHNIQUE,
    &escape_cap_sys_rawio::TECHNIQUE,
    &escape_cap_bpf::TECHNIQUE,
    &escape_cap_mknod_device::TECHNIQUE,
    &kubelet_plugin_socket::TECHNIQUE,
    &pvc_mount::TECHNIQUE,
    &pv_rebind::TECHNIQUE,
    &volumesnapshot_clone::TECHNIQUE,
    &secret_kubeconfig::TECHNIQUE,
    &deputy_flux::TECHNIQUE,
    &deputy_argocd_app::TECHNIQUE,
    &deputy_argocd_project::TECHNIQUE,
    &deputy_argo_workflows::TECHNIQUE,
    &deputy_tekton::TECHNIQUE,
    &deputy_knative_kserve::TECHNIQUE,
    &deputy_cert_manager::TECHNIQUE,
    &deputy_external_secrets::TECHNIQUE,
    &deputy_kyverno::TECHNIQUE,
    &deputy_gatekeeper::TECHNIQUE,
    &deputy_velero::TECHNIQUE,
    &deputy_crossplane::TECHNIQUE,
    &deputy_karpenter::TECHNIQUE,
    &deputy_kubevirt::TECHNIQUE,
    &deputy_prometheus_operator::TECHNIQUE,
    &deputy_sealed_vault_injector::TECHNIQUE,
    &deputy_capi::TECHNIQUE,
    &deputy_helm_tiller::TECHNIQUE,
    &deputy_vcluster_syncer::TECHNIQUE,
    &deputy_generic::TECHNIQUE,
    &repo_write_deploy::TECHNIQUE,
    &repo_fork_runner::TECHNIQUE,
    &runner_privileged::TECHNIQUE,
    &runner_secrets::TECHNIQUE,
    &pipeline_oidc::TECHNIQUE,
    &pipeline_kubeconfig::TECHNIQUE,
    &webhook_receiver_open::TECHNIQUE,
    &image_automation_push::TECHNIQUE,
    &registry_push_tag::TECHNIQUE,
    &image_run::TECHNIQUE,
    &image_name_confusion::TECHNIQUE,
    &base_image_compromise::TECHNIQUE,
    &image_vuln_entry::TECHNIQUE,
    &model_file_exec::TECHNIQUE,
    &security_tool_deputy::TECHNIQUE,
    &irsa_assume::TECHNIQUE,
    &pod_identity_assume::TECHNIQUE,
    &gke_wi_assume::TECHNIQUE,
    &gke_wi_sameness::TECHNIQUE,
    &aks_wi_assume::TECHNIQUE,
    &node_role_use::TECHNIQUE,
    &iam_escalate::TECHNIQUE,
    &cloud_to_cluster_admin::TECHNIQUE,
    &cloud_to_node::TECHNIQUE,
    &cloud_to_image::TECHNIQUE,
    &cloud_snapshot_data::TECHNIQUE,
    &cloud_public_resource::TECHNIQUE,
    &cloud_pod_identity_create::TECHNIQUE,
    &azure_wireserver::TECHNIQUE,
    &admission_exempt_user::TECHNIQUE,
    &sa_annotate_cloud::TECHNIQUE,
    &configmap_aws_auth::TECHNIQUE,
    &hostpath_data::TECHNIQUE,
    &mesh_uid_bypass::TECHNIQUE,
    &runtime_cve_start::TECHNIQUE,
    &kubelet_anonymous::TECHNIQUE,
    &kubelet_readonly::TECHNIQUE,
    &kubelet_read_configz::TECHNIQUE,
    &literal_credential::TECHNIQUE,
    &secret_cloud_key::TECHNIQUE,
    &secret_ca_key::TECHNIQUE,
    &pull_secret_use::TECHNIQUE,
    &image_cache_read::TECHNIQUE,
    &storageclass_csi_abuse::TECHNIQUE,
    &etcd_backup_read::TECHNIQUE,
    &webhook_mutate::TECHNIQUE,
    &webhook_validate_read::TECHNIQUE,
    &webhook_backend_own::TECHNIQUE,
    &webhook_remove::TECHNIQUE,
    &webhook_outage_bypass::TECHNIQUE,
    &map_write::TECHNIQUE,
    &apiservice_takeover::TECHNIQUE,
    &crd_conversion::TECHNIQUE,
    &finalizer_owner_gc::TECHNIQUE,
    &audit_disable::TECHNIQUE,
    &impersonate_constrained::TECHNIQUE,
    &node_schedule_wait::TECHNIQUE,
    &net_reach::TECHNIQUE,
    &net_exploit::TECHNIQUE,
    &net_imds::TECHNIQUE,
    &netpol_write::TECHNIQUE,
    &net_dns_poison::TECHNIQUE,
    &net_arp_spoof::TECHNIQUE,
    &net_external_ip_hijack::TECHNIQUE,
    &net_endpoints_hijack::TECHNIQUE,
    &net_ingress_hijack::TECHNIQUE,
    &net_gateway_route::TECHNIQUE,
    &net_mesh_config::TECHNIQUE,
    &net_cni_config::TECHNIQUE,
    &net_etcd_direct::TECHNIQUE,
    &net_kube_controller_ports::TECHNIQUE,
    &nfs_open_export::TECHNIQUE,
];

/// Techniques that share a position which is dear to make, beside the first of them.
const TOGETHER: &[&[&str]] = &[&["kubelet-anonymous", "kubelet-readonly"]];

/// Techniques that ask what others have drawn.
const AFTER: &[&str] = &["net-exploit", "net-etcd-direct", "hostpath-log-symlink"];

/// Draws the edges of every technique: each that asks nothing of the others as a part of its
/// own, beside them, then those that do. Parts are taken in by the order of [`ALL`], so that
/// nothing depends on which is ready first.
pub(crate) fn draw(maker: &mut Maker<'_>) {
    let at = |id: &&str| {
        let place = ALL.iter().position(|technique| technique.id == *id);
        place.expect("AFTER and TOGETHER name techniques of the registry")
    };
    let after: Vec<usize> = AFTER.iter().map(at).collect();
    let together: Vec<Vec<usize>> =
        TOGETHER.iter().map(|ids| ids.iter().map(at).collect()).collect();
    let later = |at: &usize| together.iter().any(|group| group[1..].contains(at));
    let groups = (0..ALL.len()).filter(|at| !after.contains(at) && !later(at));
    let groups: Vec<Vec<usize>> = groups
        .map(|first| {
            let group = together.iter().find(|group| group[0] == first);
            group.cloned().unwrap_or_else(|| vec![first])
        })
        .collect();
    if maker.keeps_reasons() {
        let whole = &*maker;
        let parts: Vec<Part> = groups
            .par_iter()
            .with_max_len(1)
            .map(|group| {
                let mut part = whole.part();
                find(group, &mut part);
                part.end()
            })
            .collect();
        let before = maker.node_count();
        for part in parts {
            maker.take(part, before);
        }
    } else {
        // Changes are tried beside each other: each by itself, in little room.
        for group in &groups {
            find(group, maker);
        }
    }
    find(&after, maker);
    maker.start(None);
}

fn find(techniques: &[usize], maker: &mut Maker<'_>) {
    for &at in techniques {
        maker.start(Some(at));
        let context = maker.context;
        (ALL[at].find)(context, maker);
    }
}

/// Rows of the technique table that need an engine or a fact that is not there, with what is
/// missing. Reports list them, so that their absence is never taken for safety.
pub const NOT_EVALUATED: &[(&str, &str)] = &[(
    "webhook-remove by a rule on one kind of Gatekeeper's constraints",
    "asking who may delete or change objects of a kind that the cluster names",
)];

/// Rows of the technique table that give no edge of their own, and where the graph shows them.
pub const STRUCTURE: &[(&str, &str)] = &[
    ("group-implicit", "membership: an edge without an act from each identity to its groups"),
    (
        "pod-create-node-choice",
        "the targets of pod-create-privileged: nodes without taints, and the others as far as \
         admission lets the pod name its node or tolerate their taints",
    ),
    (
        "impersonate-uid-extra",
        "a modifier: a uid or an extra changes no decision of Node and RBAC, so alone it gives \
         no edge",
    ),
    (
        "net-apiserver-reach",
        "a modifier: an enforced policy that keeps a pod from the API server makes token-mounted \
         harder, for the token can be carried out",
    ),
    (
        "net-external-entry",
        "the vectors V7 and V8: what the exposure engine says of every listener",
    ),
    (
        "kube-system-sa",
        "token-request, pod-create, impersonate-sa and secret-read in kube-system lead to the \
         accounts of the controllers, and their roles on from there",
    ),
];

/// The technique of that id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Technique> {
    ALL.iter().copied().find(|technique| technique.id == id)
}
