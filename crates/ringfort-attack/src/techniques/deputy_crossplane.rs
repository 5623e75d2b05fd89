//! `deputy-crossplane`: Objects and Releases of Crossplane's providers, and Compositions, have Crossplane write objects of the author's choice with the account of the provider or of Crossplane.

use crate::context::Context;
use crate::maker::Maker;
use crate::node::{NodeKey, Scope};
use crate::operator::{Custom, Marks, as_writer, cluster_custom, find as operators};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-crossplane",
    title: "have Crossplane apply an object",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "Objects and Releases of Crossplane's providers, and Compositions, have Crossplane write objects of the author's choice with the account of the provider or of Crossplane.",
        when: "create or update on objects of kubernetes.crossplane.io or releases of helm.crossplane.io with a ProviderConfig that uses the injected identity, or on compositions, which act as Crossplane.",
        not: "Claims of fixed compositions; a ProviderConfig that holds a Secret's credential.",
        controls: "",
        cut: "Offer claims, not provider kinds; give providers narrow accounts.",
        upstream: "crossplane documentation: compositions; crossplane-contrib/provider-kubernetes: InjectedIdentity",
    },
    find,
};

const CORE: Marks = Marks { images: &["crossplane/crossplane"], labels: &[] };
const COMPOSITIONS: Custom =
    cluster_custom("apiextensions.crossplane.io", "compositions", "Composition");

struct Provider {
    marks: Marks,
    kind: Custom,
    config: Custom,
}

const PROVIDERS: [Provider; 2] = [
    Provider {
        marks: Marks { images: &["provider-kubernetes"], labels: &[] },
        kind: cluster_custom("kubernetes.crossplane.io", "objects", "Object"),
        config: cluster_custom("kubernetes.crossplane.io", "providerconfigs", "ProviderConfig"),
    },
    Provider {
        marks: Marks { images: &["provider-helm"], labels: &[] },
        kind: cluster_custom("helm.crossplane.io", "releases", "Release"),
        config: cluster_custom("helm.crossplane.io", "providerconfigs", "ProviderConfig"),
    },
];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for provider in &PROVIDERS {
        for controller in operators(context, &provider.marks) {
            let injected = provider.config.objects(context).find(|one| {
                let credentials = one.spec.as_ref().and_then(|spec| spec.credentials.as_ref());
                credentials.is_some_and(|credentials| *credentials.source == *"InjectedIdentity")
            });
            let to = NodeKey::Subject(controller.account(context));
            if injected.is_none() && !provider.config.is_known(context) {
                for write in provider.kind.writes(context) {
                    let draft = write.draft(context, to.clone()).because(controller.why(context));
                    maker.edge(draft.unknown("the ProviderConfigs, which were not all read"));
                }
            }
            let Some(config) = injected else { continue };
            let source =
                provider.config.field(config, "spec.credentials.source", "InjectedIdentity");
            for write in provider.kind.writes(context) {
                let draft = write.draft(context, to.clone()).because(controller.why(context));
                maker.edge(draft.because(source.clone()));
            }
        }
    }
    for controller in operators(context, &CORE) {
        let account = controller.account(context);
        for write in COMPOSITIONS.writes(context) {
            for (to, why) in as_writer(context, &account, &Scope::Cluster) {
                let draft = write.draft(context, to).because(controller.why(context));
                maker.edge(draft.because(why));
            }
        }
    }
}
