//! Whether `automountServiceAccountToken: false` holds in a cluster (semantics EFF-AUTO): what
//! [`crate::tokens`] finds, with the account and the Secrets that the cluster has.

use ringfort_model::token_volume::PREFIX;
use ringfort_model::{Cluster, Kind, PodSpec, VolumeSource};

use crate::control_rules::rules;
use crate::effect::{Control, Effect};
use crate::tokens::{token_files, tokens_kept_out};

/// Type of Secrets that hold a token.
const TOKEN_SECRET: &str = "kubernetes.io/service-account-token";

/// The key of such a Secret that is the token.
const TOKEN: &str = "token";

/// Judges whether API tokens are kept out of a pod. `mirror` and `at_creation` as in
/// [`token_files`].
#[must_use]
pub fn no_token(
    spec: &PodSpec,
    namespace: &str,
    cluster: &Cluster,
    mirror: bool,
    at_creation: bool,
) -> Control {
    let account = spec.account();
    // Of an account that nobody wrote it is not known what was made of it since.
    let record = cluster.service_accounts.get(namespace, account);
    let record = record.filter(|record| !record.metadata.is_assumed());
    let automount = record.and_then(|record| record.automount_service_account_token);
    let is_token = |name: &str| {
        cluster.secrets.get(namespace, name).is_some_and(|secret| secret.kind == TOKEN_SECRET)
    };
    let files = token_files(spec, mirror, automount, at_creation, &is_token);
    let path = format!("ServiceAccount {namespace}/{account}");
    let mut control = tokens_kept_out(spec, automount, &path, &files);
    let mut missing = Vec::new();
    let rule = &rules().switches;
    if record.is_none()
        && rule.unread_account_is_unknown
        && spec.automount_service_account_token.is_none()
        && at_creation
        && !cluster.coverage.is_complete(Kind::ServiceAccount)
    {
        missing.push(path);
        if control.effect == Effect::Absent {
            control.effect = Effect::Unknown(missing);
            return control;
        }
    }
    if control.effect.is_effective() && rule.unread_secret_is_unknown {
        missing.extend(unread_secrets(spec, namespace, cluster));
    }
    if control.effect.is_effective() && !missing.is_empty() {
        control.effect = Effect::Unknown(missing);
    }
    control
}

/// Secrets in mounted volumes and in variables that were not read, so that it is not known whether
/// they hold a token.
#[must_use]
pub fn unread_secrets(spec: &PodSpec, namespace: &str, cluster: &Cluster) -> Vec<String> {
    if cluster.coverage.is_complete(Kind::Secret) {
        return Vec::new();
    }
    let mounted = |name: &str| {
        // Admission mounts such a volume by itself.
        name.starts_with(PREFIX)
            || !rules().switches.unmounted_does_not_count
            || spec.all_containers().any(|(_, _, container)| {
                container.volume_mounts.iter().any(|mount| mount.name == *name)
            })
    };
    let mut names = Vec::new();
    for volume in spec.volumes.iter().filter(|volume| mounted(&volume.name)) {
        match &volume.source {
            Some(VolumeSource::Secret(secret)) => names.push(&secret.secret_name),
            Some(VolumeSource::Projected(projected)) => {
                names.extend(
                    projected.sources.iter().filter_map(|s| Some(&s.secret.as_ref()?.name)),
                );
            }
            _ => {}
        }
    }
    for (_, _, container) in spec.all_containers() {
        let whole = container.env_from.iter().filter_map(|source| source.secret_ref.as_ref());
        let single = container.env.iter().filter_map(|variable| {
            variable.value_from.as_ref()?.secret_key_ref.as_ref().filter(|from| *from.key == *TOKEN)
        });
        names.extend(whole.chain(single).map(|from| &from.name));
    }
    names.sort();
    names.dedup();
    names.retain(|name| cluster.secrets.get(namespace, name).is_none());
    names.iter().map(|name| format!("Secret {namespace}/{name}")).collect()
}
