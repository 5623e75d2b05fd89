//! Whether an account's list of mountable secrets limits its pods (semantics EFF-05).
//!
//! Follows `plugin/pkg/admission/serviceaccount/admission.go`: with the annotation, secret
//! volumes, `env` and `envFrom` may name only the account's `secrets`, and the pod only its
//! `imagePullSecrets`. Secrets in projected volumes are not looked at.

use ringfort_model::record::ServiceAccount;
use ringfort_model::{Cluster, Kind, PodSpec, Str, VolumeSource, go_bool};

use crate::control_rules::rules;
use crate::effect::{Control, Effect};

const ANNOTATION: &str = "kubernetes.io/enforce-mountable-secrets";

/// Judges the annotation of the account that a pod runs as.
#[must_use]
pub fn mountable_secrets(spec: &PodSpec, namespace: &str, cluster: &Cluster) -> Control {
    let name = spec.account();
    let field = format!("ServiceAccount {namespace}/{name} metadata.annotations[{ANNOTATION}]");
    let Some(account) = cluster.service_accounts.get(namespace, name) else {
        let effect = if cluster.coverage.is_complete(Kind::ServiceAccount) {
            Effect::Absent
        } else {
            Effect::missing(format!("ServiceAccount {namespace}/{name}"))
        };
        return Control::new(effect, [field]);
    };
    let asked = account.metadata.annotations.get(ANNOTATION);
    // What Go reads as a true boolean; anything else does not enforce.
    let on = asked.is_some_and(|text| match rules().switches.annotation_is_go_bool {
        true => go_bool(text) == Some(true),
        false => text == "true",
    });
    if !on {
        return Control::new(Effect::Absent, [field]);
    }
    let mut evidence = vec![field];
    let effect = match outside(spec, account) {
        None => Effect::Effective,
        Some((place, secret)) => {
            evidence.push(place);
            Effect::without(format!("the pod reads secret {secret}, which is not listed"))
        }
    };
    Control::new(effect, evidence)
}

/// A secret that the pod uses and its account does not list, with its field.
fn outside(spec: &PodSpec, account: &ServiceAccount) -> Option<(String, Str)> {
    let rule = &rules().switches;
    let listed = |name: &Str| account.secrets.iter().any(|known| known.name == *name);
    let pulls = |name: &Str| account.image_pull_secrets.iter().any(|known| known.name == *name);
    let mut used: Vec<(String, &Str, bool)> = Vec::new();
    for (at, volume) in spec.volumes.iter().enumerate() {
        match &volume.source {
            Some(VolumeSource::Secret(secret)) => {
                let field = format!("spec.volumes[{at}].secret");
                used.push((field, &secret.secret_name, listed(&secret.secret_name)));
            }
            Some(VolumeSource::Projected(projected)) if rule.projected_is_free => {
                for secret in projected.sources.iter().filter_map(|source| source.secret.as_ref()) {
                    let field = format!("spec.volumes[{at}].projected");
                    used.push((field, &secret.name, listed(&secret.name)));
                }
            }
            _ => {}
        }
    }
    for (kind, at, container) in spec.all_containers() {
        let single = container.env.iter().filter_map(|variable| {
            variable.value_from.as_ref().and_then(|from| from.secret_key_ref.as_ref())
        });
        let whole = container.env_from.iter().filter_map(|from| from.secret_ref.as_ref());
        let single = single.filter(|_| rule.variables_count);
        let whole = whole.filter(|_| rule.whole_variables_count);
        for reference in single.chain(whole) {
            let field = format!("spec.{}[{at}].env", kind.field());
            used.push((field, &reference.name, listed(&reference.name)));
        }
    }
    for reference in &spec.image_pull_secrets {
        let field = "spec.imagePullSecrets".to_owned();
        let apart = rule.pull_secrets_have_a_list;
        let known = if apart { pulls(&reference.name) } else { listed(&reference.name) };
        used.push((field, &reference.name, known));
    }
    used.into_iter().find(|(_, _, known)| !known).map(|(field, name, _)| (field, name.clone()))
}
