//! `webhook-receiver-open`: An event listener without a shared secret starts its pipeline for anybody who reaches it.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Subject};
use crate::operator::{Custom, custom};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "webhook-receiver-open",
    title: "send a payload to an open trigger",
    zone: Zone::Initial,
    attack: &["T1190"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Cicd],
    doc: Doc {
        what: "An event listener without a shared secret starts its pipeline for anybody who reaches it.",
        when: "An EventListener of Tekton with a trigger that has no interceptor with a secretRef, and its running listener. What the pipeline does with the payload is unknown.",
        not: "A trigger whose interceptor checks a signature against a secret; a Receiver of Flux, whose address is a secret itself.",
        controls: "",
        cut: "Add an interceptor with a secret to every trigger.",
        upstream: "tektoncd/triggers docs/interceptors.md",
    },
    find,
};

const LISTENERS: Custom = custom("triggers.tekton.dev", "eventlisteners", "EventListener");

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for listener in LISTENERS.objects(context) {
        let Some(spec) = &listener.spec else { continue };
        let meta = &listener.metadata;
        // Interceptors of a Trigger object are not read: it may check a signature.
        let open = spec.triggers.iter().position(|trigger| {
            trigger.trigger_ref.is_empty()
                && !trigger.interceptors.iter().any(|interceptor| {
                    interceptor.params.iter().any(|param| *param.name == *"secretRef")
                })
        });
        let referred = spec.triggers.iter().position(|one| !one.trigger_ref.is_empty());
        let path = match open.or(referred) {
            Some(at) => format!("spec.triggers[{at}].interceptors"),
            // Those that it takes by a selector or in groups are other objects.
            None if spec.triggers.is_empty() => "spec.triggers".to_owned(),
            None => continue,
        };
        let pipeline = NodeKey::Pipeline(Str::from(format!("eventlistener/{}", meta.full_name())));
        let mut drawn = false;
        for (unit, _) in context.units_in(&meta.namespace).filter(|(_, unit)| {
            !unit.latent && unit.labels.get("eventlistener").is_some_and(|one| *one == meta.name)
        }) {
            let why = LISTENERS.field(listener, &path, "no interceptor with a secret");
            let draft = Draft::new(NodeKey::Listener(unit), pipeline.clone()).because(why);
            maker.edge(match open {
                Some(_) => draft,
                None => draft.unknown("the interceptors of the Triggers that it refers to"),
            });
            drawn = true;
        }
        if drawn && !spec.service_account_name.is_empty() {
            let account =
                Subject::ServiceAccount(meta.namespace.clone(), spec.service_account_name.clone());
            let why =
                LISTENERS.field(listener, "spec.serviceAccountName", &spec.service_account_name);
            let draft = Draft::new(pipeline, NodeKey::Subject(account)).because(why);
            maker.edge(draft.unknown("what the trigger's templates make of the payload"));
        }
    }
}
