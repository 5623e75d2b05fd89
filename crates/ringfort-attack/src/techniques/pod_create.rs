//! `pod-create`: The identity starts a pod of its own making, which may use any ServiceAccount, Secret and ConfigMap of the namespace.

use crate::conjunction::{conjoin, conjoin_named};
use crate::context::{Ask, Context, Gate, Held, POD_MAKERS, full_quotas, is_ending};
use crate::draw;
use crate::maker::{Draft, Maker};
use crate::node::{NodeKey, Power, Scope};
use crate::pod_making::Applied;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_admission::PodWrite;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pod-create",
    title: "create a pod that uses the account",
    zone: Zone::InCluster,
    attack: &["T1610", "MS-TA9008"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Admission],
    doc: Doc {
        what: "The identity starts a pod of its own making, which may use any ServiceAccount, Secret and ConfigMap of the namespace.",
        when: "create on pods or on a kind that makes pods, in its own API group; or create and patch of a name.",
        not: "create with resourceNames, unless patch of that name lets it be made by server-side apply while it is not there; create on pods/exec alone; podtemplates; the right resource in the wrong group; a namespace whose quota allows no pods, unless the identity may change the quota; a namespace that is being deleted.",
        controls: "Pod Security limits what the pod may be, not which account it uses. Where only images with a verified signature start, with effect in every namespace of the grant, the step is harder.",
        cut: "Drop the verb, or narrow the binding to a namespace without powerful accounts.",
        upstream: "kubernetes/kubernetes plugin/pkg/auth/authorizer/rbac/rbac.go; apiserver pkg/admission/plugin/namespace/lifecycle, resourcequota",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (group, resource) in POD_MAKERS {
        let ask = Ask::unnamed(&["create"], group, resource);
        // A create carries no name that a rule could single out.
        draw::power(context, maker, &ask, Power::RunPods, |_, _, _| Vec::new());
    }
    for applied in Applied::all(context) {
        let name = &applied.name;
        for conjunction in conjoin(context, &[&applied.create, &applied.patch], Some(name)) {
            if applied.is_taken(context, &conjunction.scope) {
                continue;
            }
            let scope = conjunction.scope.clone();
            let to = NodeKey::Power(Power::RunPods, scope.clone());
            let draft = |at| {
                let draft = Draft::new(at, to.clone());
                draw::gated(context, Power::RunPods, &scope, draft)
            };
            if draft(conjunction.at.clone()).is_none() {
                continue;
            }
            maker.conjunction(&TECHNIQUE, &conjunction, name, |at| {
                draft(at).expect("admission does not ask from where a step is taken")
            });
        }
    }
    lifted(context, maker);
}

/// A quota of no pods bounds nobody who may change it or take it away first.
fn lifted(context: &Context<'_>, maker: &mut Maker<'_>) {
    let create = context.held_pod_create();
    let quotas = Ask::named(&["update", "patch", "delete"], "", "resourcequotas");
    let quotas = context.held_removing(&quotas);
    for namespace in context.namespaces.iter().filter(|one| !is_ending(context.cluster, one)) {
        let names: Vec<&Str> =
            full_quotas(context.cluster, namespace).map(|quota| &quota.metadata.name).collect();
        let of = |name: &Str| -> Vec<Held> {
            quotas.iter().filter(|held| held.names.allow(name)).cloned().collect()
        };
        let lifting: Vec<Vec<Held>> = names.iter().map(|name| of(name)).collect();
        if names.is_empty() || lifting.iter().any(Vec::is_empty) {
            continue;
        }
        let named = lifting.iter().zip(&names).map(|(held, name)| (held.as_slice(), Some(*name)));
        let lists: Vec<_> = std::iter::once((create.as_slice(), None)).chain(named).collect();
        let gate = context.gate_but_quotas(PodWrite::Create, namespace);
        if gate == Gate::Stopped {
            continue;
        }
        let scope = Scope::Namespace(namespace.clone());
        for conjunction in conjoin_named(context, &lists) {
            if conjunction.scope.reaches(Some(namespace)) {
                maker.conjunction(&TECHNIQUE, &conjunction, &format!("quota/{namespace}"), |at| {
                    let draft = Draft::new(at, NodeKey::Power(Power::RunPods, scope.clone()));
                    match &gate {
                        Gate::Unverified(control) => draft.unverified(control.clone()),
                        Gate::Open | Gate::Stopped => draft,
                    }
                });
            }
        }
    }
}
