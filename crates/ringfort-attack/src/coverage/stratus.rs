//! Stratus Red Team: its techniques for Kubernetes and EKS.

use super::{Page, Row};

/// The table.
pub static STRATUS: Page = Page {
    file: "docs/coverage-stratus.md",
    title: "Stratus Red Team: Kubernetes and EKS",
    intro: "What a detonation of Stratus Red Team does, and which edge shows that an attacker could do it.",
    source: "DataDog/stratus-red-team v2/internal/attacktechniques/k8s and eks",
    version: "v2.36.0 and the two commits after it (7c9a7a5 of 19 August 2026): 8 techniques for Kubernetes and 2 for EKS; the infostealer is on a branch of it",
    rows: &[
        Row {
            id: "k8s.credential-access.dump-secrets",
            name: "Dump All Secrets",
            by: &["secret-read", "impact/all-secrets"],
            note: "A grant to list secrets everywhere leads to the impact.",
        },
        Row {
            id: "k8s.credential-access.steal-serviceaccount-token",
            name: "Steal Pod Service Account Token",
            by: &["pod-exec", "token-mounted"],
            note: "Running a command in the pod, then reading its token.",
        },
        Row {
            id: "k8s.exfiltration.infostealer",
            name: "Infostealer in a Node.js package",
            by: &["base-image-compromise", "token-mounted", "env-secret-read"],
            note: "The package runs in the container: what it finds there is what the container holds. Which packages an image has needs a scan.",
        },
        Row {
            id: "k8s.persistence.create-admin-clusterrole",
            name: "Create Admin ClusterRole",
            by: &["role-escalate", "role-bind", "role-bind-covered", "impact/persistence"],
            note: "Writing roles and bindings is bounded by what the writer holds, unless it may escalate or bind.",
        },
        Row {
            id: "k8s.persistence.create-client-certificate",
            name: "Create Client Certificate Credential",
            by: &["csr-client-cert"],
            note: "",
        },
        Row {
            id: "k8s.persistence.create-token",
            name: "Create Long-Lived Token",
            by: &["token-request"],
            note: "",
        },
        Row {
            id: "k8s.privilege-escalation.hostpath-volume",
            name: "Container breakout via hostPath volume mount",
            by: &["pod-create-privileged", "hostpath-write-exec", "hostpath-read-credential"],
            note: "The first is the right to make such a pod, the others the pod once it runs.",
        },
        Row {
            id: "k8s.privilege-escalation.nodes-proxy",
            name: "Privilege escalation through node/proxy permissions",
            by: &["kubelet-exec-proxy"],
            note: "",
        },
        Row {
            id: "k8s.privilege-escalation.privileged-pod",
            name: "Run a Privileged Pod",
            by: &["pod-create-privileged", "escape-privileged"],
            note: "",
        },
        Row {
            id: "eks.lateral-movement.create-access-entry",
            name: "Create Admin EKS Access Entry",
            by: &["cloud-to-cluster-admin", "V11"],
            note: "Unknown without an export of the cloud account.",
        },
        Row {
            id: "eks.persistence.backdoor-aws-auth-configmap",
            name: "Backdoor aws-auth EKS ConfigMap",
            by: &["configmap-aws-auth"],
            note: "",
        },
    ],
};
