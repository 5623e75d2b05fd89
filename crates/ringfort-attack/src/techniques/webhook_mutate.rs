//! `webhook-mutate`: A mutating webhook of the attacker rewrites what others create: a pod's image, account, volumes and privileges.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::pod_making::conjoin_making;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::webhooks;
use crate::writes::{Wanted, doubted};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "webhook-mutate",
    title: "change pods as they are admitted",
    zone: Zone::InCluster,
    attack: &["T1546", "MS-TA9015"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac, FixKind::Admission],
    doc: Doc {
        what: "A mutating webhook of the attacker rewrites what others create: a pod's image, account, volumes and privileges.",
        when: "create, update or patch on mutatingwebhookconfigurations, and an HTTPS endpoint that the API server reaches: a pod that the same identity may start serves; without that right, whether the API server reaches an endpoint elsewhere is unknown.",
        not: "get on them; a name that does not exist with update or patch only. A selector of the named configuration is no limit: who may patch it changes the selector.",
        controls: "Webhooks never see webhook configurations, so policy engines that are webhooks do not stop it; a ValidatingAdmissionPolicy can, and none is evaluated yet.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules/rules.go: IsExemptAdmissionConfigurationResource",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let held = webhooks::writable(context, "mutatingwebhookconfigurations", true);
    let (held, doubt) = Wanted::Webhook("MutatingWebhookConfiguration").let_through(context, held);
    let to = || NodeKey::Power(Power::RunPods, Scope::Cluster);
    for (conjunction, by) in conjoin_making(context, &[(&held, None)]) {
        maker.conjunction(&TECHNIQUE, &conjunction, &format!("mutate{by}"), |at| {
            doubted(Draft::new(at, to()), doubt.as_ref())
        });
    }
    for one in held {
        let draft = Draft::new(one.node(context), to()).because(one.why(context, None));
        maker.edge(draft.unknown("whether the API server reaches an endpoint of the attacker"));
    }
}
