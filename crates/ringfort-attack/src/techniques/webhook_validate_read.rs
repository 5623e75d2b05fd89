//! `webhook-validate-read`: A validating webhook of the attacker is shown every object that is created, updated, deleted or connected to, Secrets included.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::pod_making::conjoin_making;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::webhooks;
use crate::writes::{Wanted, doubted};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "webhook-validate-read",
    title: "see Secrets as they are written",
    zone: Zone::InCluster,
    attack: &["T1546"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "A validating webhook of the attacker is shown every object that is created, updated, deleted or connected to, Secrets included.",
        when: "create, update or patch on validatingwebhookconfigurations, and an HTTPS endpoint that the API server reaches, as for webhook-mutate.",
        not: "get on them; reads are never shown to webhooks, nor are the tokens of requests.",
        controls: "A ValidatingAdmissionPolicy on webhook configurations can stop it, and none is evaluated yet.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/validating",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let held = webhooks::writable(context, "validatingwebhookconfigurations", true);
    let (held, doubt) =
        Wanted::Webhook("ValidatingWebhookConfiguration").let_through(context, held);
    let to = || NodeKey::Outside("knowledge", "secrets-as-written".into());
    for (conjunction, by) in conjoin_making(context, &[(&held, None)]) {
        maker.conjunction(&TECHNIQUE, &conjunction, &format!("validate{by}"), |at| {
            doubted(Draft::new(at, to()), doubt.as_ref())
        });
    }
    for one in held {
        let draft = Draft::new(one.node(context), to()).because(one.why(context, None));
        maker.edge(draft.unknown("whether the API server reaches an endpoint of the attacker"));
    }
}
