//! `deputy-flux`: The writer of a Kustomization or HelmRelease has Flux apply manifests of its choice: as the controller's account, or as an account of the namespace where a default is set.

use crate::context::Context;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::operator::{Custom, Marks, Operator, custom, find as operators};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-flux",
    title: "have Flux apply manifests of its own",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "The writer of a Kustomization or HelmRelease has Flux apply manifests of its choice: as the controller's account, or as an account of the namespace where a default is set.",
        when: "create, or update of an existing object, on kustomizations or helmreleases in a namespace that the controller watches. Without --default-service-account an object without serviceAccountName is applied as the controller's own account.",
        not: "A controller with --default-service-account, as in the multi-tenancy lockdown: the accounts of the namespace only. Read access.",
        controls: "--no-cross-namespace-refs and --no-remote-bases bound which sources may be used, not whose power applies them.",
        cut: "Set --default-service-account on kustomize-controller and helm-controller, or drop the verb.",
        upstream: "fluxcd/flux2 rfcs/0001-multi-tenancy; flux documentation: multi-tenancy lockdown",
    },
    find,
};

const KUSTOMIZE: Marks = Marks { images: &["kustomize-controller"], labels: &[] };
const HELM: Marks = Marks { images: &["fluxcd/helm-controller"], labels: &[] };
const KUSTOMIZATIONS: Custom =
    custom("kustomize.toolkit.fluxcd.io", "kustomizations", "Kustomization");
const RELEASES: Custom = custom("helm.toolkit.fluxcd.io", "helmreleases", "HelmRelease");

/// Flux controllers that apply, with the kind that they apply.
pub(crate) fn controllers(context: &Context<'_>) -> Vec<(Operator, Custom)> {
    let of = |marks, kind| operators(context, marks).into_iter().map(move |one| (one, kind));
    of(&KUSTOMIZE, KUSTOMIZATIONS).chain(of(&HELM, RELEASES)).collect()
}

/// The account that objects without one are applied as, where it is not the controller's own.
pub(crate) fn default_account<'c>(
    context: &'c Context<'_>,
    controller: &Operator,
) -> Option<&'c str> {
    controller.flag(context, "default-service-account").filter(|name| !name.is_empty())
}

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (controller, kind) in controllers(context) {
        let limited = default_account(context, &controller);
        let own = controller.switch(context, "watch-all-namespaces") == Some(false);
        let watched = match own {
            true => Scope::Namespace(controller.namespace.clone()),
            false => Scope::Cluster,
        };
        for write in kind.writes(context) {
            let Some(scope) = write.scope.meet(&watched) else { continue };
            let draft = match limited {
                Some(_) => write.draft(context, NodeKey::Power(Power::ImpersonateAccounts, scope)),
                None => {
                    let to = NodeKey::Subject(controller.account(context));
                    write.draft(context, to).because(controller.without("default-service-account"))
                }
            };
            maker.edge(draft.because(controller.why(context)));
        }
    }
}
