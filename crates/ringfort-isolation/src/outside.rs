//! Controls that objects show but that only facts from outside the cluster decide (semantics
//! EFF-IMDS, EFF-WI, EFF-AUD, EFF-ENC): what is missing is named, and what objects alone rule
//! out is ruled out.

use ringfort_model::record::ServiceAccount;
use ringfort_model::{Cluster, PodSpec, Str, api_server};

use crate::control_rules::rules;
use crate::effect::{Control, Effect};

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

/// The annotation by which an account takes on an identity of the cloud, and which one.
#[must_use]
pub fn cloud_identity(account: &ServiceAccount) -> Option<(&'static str, &Str)> {
    let annotations = &account.metadata.annotations;
    rules().identities.iter().find_map(|key| Some((*key, annotations.get(key)?)))
}

/// Judges the identity of the cloud that an account is annotated with; of a pod that uses it where
/// one is given.
#[must_use]
pub fn workload_identity(account: &ServiceAccount, user: Option<&PodSpec>) -> Control {
    let meta = &account.metadata;
    let Some((key, _)) = cloud_identity(account) else {
        let field = format!("ServiceAccount {} metadata.annotations", meta.full_name());
        return Control::new(Effect::Absent, [field]);
    };
    let mut evidence =
        vec![format!("ServiceAccount {} metadata.annotations[{key}]", meta.full_name())];
    let on_host = user.is_some_and(|spec| spec.host_network == Some(true));
    if on_host && rules().switches.host_network_has_the_machine {
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

/// Judges the audit log: a sink and a policy; without a policy the API server records nothing
/// (apiserver `pkg/server/options/audit.go`).
#[must_use]
pub fn audit_log(cluster: &Cluster) -> Control {
    server_flag(
        cluster,
        rules().audit_sinks,
        Some("--audit-policy-file").filter(|_| rules().switches.audit_needs_a_policy),
        &["the audit policy", "whether the sink received events lately"],
    )
}

/// Judges the encryption of Secrets where they are stored.
#[must_use]
pub fn secret_encryption(cluster: &Cluster) -> Control {
    server_flag(
        cluster,
        &["--encryption-provider-config"],
        None,
        &[
            "the first provider for secrets in the encryption configuration",
            "whether secrets were written again since",
        ],
    )
}

/// A control of the API server that one of some flags turns on, together with another one or
/// not, and a file decides.
fn server_flag(
    cluster: &Cluster,
    flags: &[&str],
    beside: Option<&str>,
    missing: &[&str],
) -> Control {
    let mut evidence = Vec::new();
    let (mut on, mut alone, mut off) = (None, None, None);
    for pod in api_server::pods(cluster) {
        let name = &pod.metadata.name;
        // What cannot be read says neither.
        let Some(words) = api_server::flags(pod) else { continue };
        let given = flags.iter().any(|flag| is_given(&words, flag));
        let whole = beside.is_none_or(|flag| is_given(&words, flag));
        evidence.push(format!("Pod kube-system/{name} spec.containers[0].command"));
        let found = match (given, whole) {
            (false, _) => &mut off,
            (true, false) => &mut alone,
            (true, true) => &mut on,
        };
        found.get_or_insert(name);
    }
    let unseen = evidence.is_empty();
    if unseen {
        evidence.push("Pod kube-system/* metadata.labels[component]".to_owned());
    }
    let every = rules().switches.every_server_counts;
    let effect = match (on, alone, off) {
        _ if unseen => Effect::missing("the API server's flags"),
        (Some(_), _, _) if !every => decided(missing),
        (Some(_), None, None) => decided(missing),
        (None, None, Some(_)) => Effect::Absent,
        (_, _, Some(name)) => Effect::without(format!("API server {name} does not have it")),
        (_, Some(name), None) => {
            let beside = beside.unwrap_or_default();
            Effect::without(format!("API server {name} has no {beside}, so nothing is recorded"))
        }
        (None, None, None) => Effect::missing("the API server's flags"),
    };
    Control::new(effect, evidence)
}

fn decided(missing: &[&str]) -> Effect {
    Effect::Unknown(missing.iter().map(|what| (*what).to_owned()).collect())
}

/// Whether a flag has a value among the words of a command: `--flag=value`, or `--flag value`. Of
/// repeated ones the last counts, as spf13/pflag reads them.
fn is_given(words: &[&str], flag: &str) -> bool {
    let any = !rules().switches.flag_needs_a_value;
    let mut last =
        words.iter().enumerate().rev().filter_map(|(at, word)| match word.strip_prefix(flag)? {
            "" => Some(any || words.get(at + 1).is_some_and(|next| !next.is_empty())),
            rest => rest.strip_prefix('=').map(|value| any || !value.is_empty()),
        });
    last.next().unwrap_or(false)
}
