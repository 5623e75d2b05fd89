//! `webhook-backend-own`: Whoever controls the pods that answer for a mutating webhook changes every object that it is shown.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::webhooks;
use crate::why::Why;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "webhook-backend-own",
    title: "answer for the webhook",
    zone: Zone::InCluster,
    attack: &["T1546"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pod, FixKind::Rbac],
    doc: Doc {
        what: "Whoever controls the pods that answer for a mutating webhook changes every object that it is shown.",
        when: "A container of a pod behind the Service of a mutating webhook; where the webhook is shown pods, the namespaces that it selects follow.",
        not: "Pods that the Service does not select; a webhook at an address outside; a validating webhook.",
        controls: "None: the API server trusts the answer.",
        cut: "Harden and separate the pods of the webhook; narrow its rules and selectors.",
        upstream: "kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for one in webhooks::all(context).filter(|one| one.mutating) {
        let name = Str::from(format!("{}/{}", one.name(), one.webhook.name));
        let at = NodeKey::Webhook(name);
        let why = |path: &str, value: &Str| Why::ObjectField {
            kind: one.kind(),
            namespace: Str::default(),
            name: one.name().clone(),
            path: Str::new(path),
            value: value.clone(),
        };
        let backends = one.backends(context);
        for &unit in &backends {
            let service = "webhooks[].clientConfig.service";
            for from in context.pods_of(unit) {
                let draft = Draft::new(from, at.clone());
                maker.edge(draft.because(why(service, &one.webhook.name)));
            }
        }
        if backends.is_empty() {
            continue;
        }
        let seen: Vec<&Str> =
            context.namespaces.iter().filter(|name| one.sees_pods(name)).collect();
        let all = seen.len() == context.namespaces.len() && !seen.is_empty();
        let scopes: Vec<Scope> = match all {
            true => vec![Scope::Cluster],
            false => seen.into_iter().cloned().map(Scope::Namespace).collect(),
        };
        for scope in scopes {
            let rule = why("webhooks[].rules", &Str::new("is shown pods"));
            maker.structure(at.clone(), NodeKey::Power(Power::RunPods, scope), [rule]);
        }
    }
}
