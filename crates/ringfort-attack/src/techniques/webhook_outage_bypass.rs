//! `webhook-outage-bypass`: A webhook with failure policy Ignore lets everything in while its pods do not answer.

use crate::context::Ask;
use crate::context::Context;
use crate::context::{Held, POD_MAKERS};
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::webhooks;
use ringfort_model::Str;
use std::collections::BTreeMap;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "webhook-outage-bypass",
    title: "make the webhook fail and start the pod",
    zone: Zone::InCluster,
    attack: &["T1562", "T1499"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Admission],
    doc: Doc {
        what: "A webhook with failure policy Ignore lets everything in while its pods do not answer.",
        when: "failurePolicy Ignore on a webhook that is shown pods of a namespace, the right to delete, evict, patch or scale its pods, and pod-create in a namespace whose Pod Security level lets an escape in.",
        not: "failurePolicy Fail, which is the default.",
        controls: "",
        cut: "Set failurePolicy to Fail, and keep others from the webhook's namespace.",
        upstream: "kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/validating/dispatcher.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut known: BTreeMap<Str, bool> = BTreeMap::new();
    for (name, one) in webhooks::guarding(context).into_iter().filter(|o| o.1.ignores_failure()) {
        let down = NodeKey::Conjunct(TECHNIQUE.id, one.name().clone());
        let drawn = known.entry(one.name().clone()).or_insert_with(|| {
            let mut any = false;
            for held in stoppers(context, &one.backends(context)) {
                let why = held.why(context, None);
                maker.edge(Draft::new(held.node(context), down.clone()).because(why));
                any = true;
            }
            any
        });
        if !*drawn {
            continue;
        }
        let all = NodeKey::And(TECHNIQUE.id, Str::from(format!("{}|{name}", one.name())));
        maker.structure(down, all.clone(), []);
        let runs = NodeKey::Power(Power::RunPods, Scope::Namespace(name.clone()));
        maker.structure(runs, all.clone(), []);
        maker.structure(all, NodeKey::EveryNode, []);
    }
}

/// Rules that let somebody stop the pods of a unit.
fn stoppers(context: &Context<'_>, units: &[u32]) -> Vec<Held> {
    let mut asks = vec![
        Ask::unnamed(&["delete", "deletecollection"], "", "pods"),
        Ask::unnamed(&["create"], "", "pods/eviction"),
    ];
    for (group, resource) in POD_MAKERS.into_iter().filter(|(group, _)| !group.is_empty()) {
        asks.push(Ask::unnamed(
            &["update", "patch", "delete", "deletecollection"],
            group,
            resource,
        ));
    }
    for scaled in ["deployments/scale", "statefulsets/scale", "replicasets/scale"] {
        asks.push(Ask::unnamed(&["update", "patch"], "apps", scaled));
    }
    let mut held: Vec<Held> = asks.iter().flat_map(|ask| context.held(ask)).collect();
    held.retain(|one| {
        let scope = one.scope(context);
        units.iter().any(|&unit| scope.reaches(Some(&context.units[unit as usize].namespace)))
    });
    held
}
