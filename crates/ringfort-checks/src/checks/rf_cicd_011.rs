//! RF-CICD-011: trigger endpoint without authentication.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::custom;
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-CICD-011",
    title: "Trigger endpoint without authentication",
    zone: Zone::Initial,
    severity: Severity::Medium,
    modifiers: &[Modifier::Exposed],
    references: &["none known"],
    reads: &[Kind::CustomResourceDefinition],
    doc: Doc {
        why: "Whoever reaches the address starts the pipeline with a payload of their own.",
        fails: "A Receiver of Flux without a secret; an EventListener of Tekton with a trigger that has no interceptor with a secretRef.",
        not: "Triggers that check a signature against a secret.",
        unknown: "Triggers that an EventListener refers to; what an EventSource of Argo Events checks; such objects were not all read.",
        fix: "Add a secret to every trigger.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let of = |group: &'static str, kind: &'static str| {
        let all = world.cluster.others.iter();
        all.filter(move |one| *one.kind == *kind && one.group() == group)
    };
    for one in of("notification.toolkit.fluxcd.io", "Receiver") {
        let meta = &one.metadata;
        let secret = one.spec.as_ref().and_then(|spec| spec.secret_ref.as_ref());
        let spot = secret.is_none_or(|secret| secret.name.is_empty()).then(|| {
            facts::field("Receiver", &meta.namespace, &meta.name, ("spec.secretRef", "absent"))
        });
        let verdict = Verdict::of(spot.into_iter().collect());
        out.add(Object::new("Receiver", &meta.namespace, &meta.name), verdict);
    }
    for one in of("triggers.tekton.dev", "EventListener") {
        let meta = &one.metadata;
        let triggers = one.spec.as_ref().map_or(&[][..], |spec| &spec.triggers);
        let checks = |trigger: &ringfort_model::record::custom::Trigger| {
            let params = trigger.interceptors.iter().flat_map(|one| one.params.iter());
            params.into_iter().any(|param| *param.name == *"secretRef")
        };
        let open = triggers.iter().position(|one| one.trigger_ref.is_empty() && !checks(one));
        let referred = triggers.iter().any(|one| !one.trigger_ref.is_empty() && !checks(one));
        let verdict = match (open, referred) {
            (Some(at), _) => {
                let path = format!("spec.triggers[{at}].interceptors");
                let at = (path.as_str(), "none checks a secret");
                Verdict::of(vec![facts::field("EventListener", &meta.namespace, &meta.name, at)])
            }
            (None, true) => Verdict::missing("the interceptors of the Triggers referred to"),
            (None, false) => Verdict::Pass,
        };
        out.add(Object::new("EventListener", &meta.namespace, &meta.name), verdict);
    }
    for one in of("argoproj.io", "EventSource") {
        let meta = &one.metadata;
        let verdict = Verdict::missing("what the events of the EventSource are checked against");
        out.add(Object::new("EventSource", &meta.namespace, &meta.name), verdict);
    }
    for (group, resource) in [
        ("notification.toolkit.fluxcd.io", "receivers.notification.toolkit.fluxcd.io"),
        ("triggers.tekton.dev", "eventlisteners.triggers.tekton.dev"),
        ("argoproj.io", "eventsources.argoproj.io"),
    ] {
        custom::unread(world, out, group, resource);
    }
}
