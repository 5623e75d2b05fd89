//! Controls that objects show but that only facts from outside the cluster decide (semantics
//! EFF-IMDS, EFF-WI, EFF-AUD, EFF-ENC): what is missing is named, and what objects alone rule
//! out is ruled out.

use ringfort_model::record::ServiceAccount;
use ringfort_model::{Cluster, PodSpec, Str};

use crate::effect::{Control, Effect};

/// Annotations by which an account takes on an identity of the cloud.
const IDENTITIES: &[&str] = &[
    "azure.workload.identity/client-id",
    "eks.amazonaws.com/role-arn",
    "iam.gke.io/gcp-service-account",
];

/// Judges whether the metadata service of the node's machine is out of the pod's reach. A
/// network policy that denies it is the network engine's to judge.
#[must_use]
pub fn metadata_block(spec: &PodSpec) -> Control {
    let evidence = vec!["spec.hostNetwork".to_owned()];
    let effect = if spec.host_network == Some(true) {
        Effect::without("a pod on the node's network always reaches it")
    } else {
        Effect::Unknown(vec![
            "whether the machine requires version 2 of the service, with a hop limit of 1"
                .to_owned(),
            "whether an effective policy denies egress to 169.254.169.254 and fd00:ec2::254"
                .to_owned(),
        ])
    };
    Control::new(effect, evidence)
}

/// Judges the identity of the cloud that an account is annotated with; of a pod that uses it where
/// one is given.
#[must_use]
pub fn workload_identity(account: &ServiceAccount, user: Option<&PodSpec>) -> Control {
    let meta = &account.metadata;
    let found = IDENTITIES.iter().find(|key| meta.annotations.get(key).is_some());
    let Some(key) = found else {
        let field = format!("ServiceAccount {} metadata.annotations", meta.full_name());
        return Control::new(Effect::Absent, [field]);
    };
    let mut evidence =
        vec![format!("ServiceAccount {} metadata.annotations[{key}]", meta.full_name())];
    if user.is_some_and(|spec| spec.host_network == Some(true)) {
        evidence.push("spec.hostNetwork".to_owned());
        let reason = "a pod on the node's network reaches the role of the machine beside its own";
        return Control::new(Effect::without(reason), evidence);
    }
    let missing = vec![
        format!("whether the cloud's trust policy accepts {} alone", meta.full_name()),
        "whether the role of the node's machine is out of the pod's reach".to_owned(),
    ];
    Control::new(Effect::Unknown(missing), evidence)
}

/// Judges the audit log.
#[must_use]
pub fn audit_log(cluster: &Cluster) -> Control {
    server_flag(
        cluster,
        &["--audit-log-path", "--audit-webhook-config-file"],
        &["the audit policy", "whether the sink received events lately"],
    )
}

/// Judges the encryption of Secrets where they are stored.
#[must_use]
pub fn secret_encryption(cluster: &Cluster) -> Control {
    server_flag(
        cluster,
        &["--encryption-provider-config"],
        &[
            "the first provider for secrets in the encryption configuration",
            "whether secrets were written again since",
        ],
    )
}

/// A control of the API server that a flag turns on and a file decides.
fn server_flag(cluster: &Cluster, flags: &[&str], missing: &[&str]) -> Control {
    let servers = cluster.pods.in_namespace("kube-system").filter(|(_, pod)| {
        pod.metadata.labels.get("component").is_some_and(|one| one == "kube-apiserver")
    });
    let mut evidence = Vec::new();
    let mut without = None;
    for (_, pod) in servers {
        let name = &pod.metadata.name;
        let mut words: Vec<&Str> = Vec::new();
        for container in &pod.spec.containers {
            words.extend(container.command.iter().chain(&container.args));
        }
        let on = words.iter().any(|word| flags.iter().any(|flag| word.starts_with(flag)));
        evidence.push(format!("Pod kube-system/{name} spec.containers[0].command"));
        if !on {
            without.get_or_insert(name);
        }
    }
    let unseen = evidence.is_empty();
    if unseen {
        evidence.push("Pod kube-system/* metadata.labels[component]".to_owned());
    }
    let effect = match (unseen, without) {
        (true, _) => Effect::missing("the API server's flags"),
        (false, None) => Effect::Unknown(missing.iter().map(|what| (*what).to_owned()).collect()),
        (false, Some(_)) if without_all(cluster, flags) => Effect::Absent,
        (false, Some(name)) => Effect::without(format!("API server {name} does not have it")),
    };
    Control::new(effect, evidence)
}

/// Whether none of the API servers has one of the flags.
fn without_all(cluster: &Cluster, flags: &[&str]) -> bool {
    cluster
        .pods
        .in_namespace("kube-system")
        .filter(|(_, pod)| {
            pod.metadata.labels.get("component").is_some_and(|one| one == "kube-apiserver")
        })
        .flat_map(|(_, pod)| pod.spec.containers.iter())
        .flat_map(|container| container.command.iter().chain(&container.args))
        .all(|word| !flags.iter().any(|flag| word.starts_with(flag)))
}
