//! `pod-create`: The identity starts a pod of its own making, which may use any ServiceAccount, Secret and ConfigMap of the namespace.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::{Context, POD_MAKERS};
use crate::draw;
use crate::maker::{Draft, Maker};
use crate::node::{NodeKey, Power};
use crate::pod_making::Applied;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

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
        not: "create with resourceNames, unless patch of that name lets it be made by server-side apply while it is not there; create on pods/exec alone; podtemplates; the right resource in the wrong group.",
        controls: "Pod Security limits what the pod may be, not which account it uses. Where only images with a verified signature start, with effect in every namespace of the grant, the step is harder.",
        cut: "Drop the verb, or narrow the binding to a namespace without powerful accounts.",
        upstream: "kubernetes/kubernetes plugin/pkg/auth/authorizer/rbac/rbac.go",
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
}
