//! RF-ADM-005: webhook backend is takeable.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::facts;
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::context::Ask;
use ringfort_attack::webhooks;
use ringfort_attack::{Subject, Zone};
use ringfort_model::Kind;
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "RF-ADM-005",
    title: "Webhook backend is takeable",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["MS-TA9015"],
    reads: &[
        Kind::Namespace,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
        Kind::MutatingWebhook,
        Kind::ValidatingWebhook,
        Kind::Service,
        Kind::Pod,
    ],
    doc: Doc {
        why: "Whoever answers for the webhook sees and changes, or lets in, what the API server shows it.",
        fails: "Somebody who is no administrator may execute in, change or replace the pods behind a webhook, change its Service, or read the Secrets beside it.",
        not: "A namespace of the webhook in which only administrators and its own accounts write.",
        unknown: "A webhook at an address outside of the cluster, or without a known backend.",
        fix: "Keep everybody but administrators out of the namespace of the webhook.",
    },
    judge: Judge::Cluster(judge),
};

/// What takes a backend over.
const ASKS: [Ask; 7] = [
    Ask::named(&["create", "get"], "", "pods/exec"),
    Ask::named(&["update", "patch"], "", "pods"),
    Ask::named(&["update", "patch"], "apps", "deployments"),
    Ask::named(&["update", "patch"], "apps", "daemonsets"),
    Ask::named(&["update", "patch"], "apps", "statefulsets"),
    Ask::named(&["update", "patch"], "", "services"),
    Ask::named(&["get"], "", "secrets"),
];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let held = world.held_any(&ASKS);
    for one in webhooks::all(context) {
        let object = Object::wide(one.kind(), one.name());
        let client = one.webhook.client_config.as_ref();
        let service = client.and_then(|client| client.service.as_ref());
        let Some(service) = service else {
            out.add(object, Verdict::missing("who answers at the address of the webhook"));
            continue;
        };
        let backends = one.backends(context);
        let own: BTreeSet<&str> =
            backends.iter().map(|unit| context.units[*unit as usize].spec.account()).collect();
        let is_own = |subject: &Subject| match subject {
            Subject::ServiceAccount(space, name) => {
                *space == service.namespace && own.contains(name.as_str())
            }
            _ => false,
        };
        let weaker = held.iter().find_map(|rule| {
            if !rule.scope(context).reaches(Some(&service.namespace)) {
                return None;
            }
            let bound = context.grants[rule.grant].bound.iter().enumerate();
            let (at, _) = bound.into_iter().find(|(at, (subject, _, _))| {
                !matches!(subject, Subject::Limited(_))
                    && !world.is_usual(rule.grant, *at)
                    && !world.is_administrator(subject)
                    && !is_own(subject)
            })?;
            Some((rule.grant, at, rule.rule))
        });
        let verdict = match weaker {
            None if backends.is_empty() => Verdict::missing("which pods answer for the webhook"),
            None => Verdict::Pass,
            Some(given) => {
                let value = format!("{}/{}", service.namespace, service.name);
                let path = format!("webhooks[name={}].clientConfig.service", one.webhook.name);
                let own = facts::field(one.kind(), "", one.name(), (&path, &value));
                let spots = [own].into_iter().chain(world.grant_why(given)).collect();
                let mut fault = Fault::of(spots);
                fault.at.extend(backends.iter().flat_map(|unit| world.positions(*unit)));
                Verdict::Fail(fault)
            }
        };
        out.add(object, verdict);
    }
}
