//! RF-SA-001: API token mounted in a workload that does not need it.

use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_attack::{Subject, Why, why::TokenSource};
use ringfort_isolation::{Audience, TokenSource as Source};
use ringfort_model::Kind;
use ringfort_model::Str;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-SA-001",
    title: "API token mounted in a workload that does not need it",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[Modifier::Exposed],
    references: &["KSV-0036", "C-0034", "C-0190", "C-0261", "CKV_K8S_38", "CIS 5.1.6", "MS-TA9016"],
    reads: &[
        Kind::ServiceAccount,
        Kind::Secret,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
    ],
    doc: Doc {
        why: "A token that serves nobody serves whoever gets into the container, and more once the account is given more.",
        fails: "A container reads a token for the API server and the account of the token, which for a token of a Secret is the one that the Secret names, may do no more than every authenticated identity.",
        not: "automountServiceAccountToken false; an account with grants of its own.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Set automountServiceAccountToken to false.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let mut spots = Vec::new();
    for one in world.context.tokens(place.at) {
        for file in one.files.iter().filter(|file| file.audience == Audience::Api) {
            let Some(account) = account_of(world, place, &file.how) else { continue };
            if !world.effective_grants(&account).is_empty() {
                continue;
            }
            spots.push(Why::Token {
                unit: place.at,
                kind: one.kind,
                container: one.index as u32,
                path: file.path.clone(),
                how: match file.how {
                    Source::Automount => TokenSource::Automount,
                    Source::Projected => TokenSource::Projected,
                    Source::SecretVolume(_) => TokenSource::Secret,
                },
            });
        }
    }
    Verdict::of(spots)
}

/// Whose the token is: the pod's, or of a Secret the one that the Secret names.
fn account_of(world: &World<'_>, place: &Place<'_>, how: &Source) -> Option<Subject> {
    let namespace = &place.unit.namespace;
    let name = match how {
        Source::Automount | Source::Projected => Str::new(place.unit.spec.account()),
        Source::SecretVolume(secret) => {
            let secret = world.cluster.secrets.get(namespace, secret)?;
            secret.metadata.annotations.get("kubernetes.io/service-account.name")?.clone()
        }
    };
    Some(Subject::ServiceAccount(namespace.clone(), name))
}
