//! `deputy-external-secrets`: The writer of an ExternalSecret has every entry that a cluster-wide store may read written into a Secret of the namespace.

use crate::context::Context;
use crate::maker::Maker;
use crate::node::{NodeKey, Scope};
use crate::operator::{Custom, Marks, cluster_custom, custom, find as operators};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;
use ringfort_model::record::custom::StoreCondition;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-external-secrets",
    title: "read a secret store through an ExternalSecret",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "The writer of an ExternalSecret has every entry that a cluster-wide store may read written into a Secret of the namespace.",
        when: "create or update on externalsecrets or pushsecrets in a namespace that the conditions of a ClusterSecretStore let use it; a store without conditions serves all.",
        not: "A store whose conditions name other namespaces; a SecretStore, which serves its own namespace only.",
        controls: "The policy of the store's role bounds the entries.",
        cut: "Set conditions on every ClusterSecretStore.",
        upstream: "external-secrets documentation: ClusterSecretStore",
    },
    find,
};

const MARKS: Marks = Marks { images: &["external-secrets/external-secrets"], labels: &[] };
const KINDS: [Custom; 2] = [
    custom("external-secrets.io", "externalsecrets", "ExternalSecret"),
    custom("external-secrets.io", "pushsecrets", "PushSecret"),
];
const STORES: Custom =
    cluster_custom("external-secrets.io", "clustersecretstores", "ClusterSecretStore");

/// Whether a condition of a store lets a namespace use it. A regular expression may.
fn lets(context: &Context<'_>, condition: &StoreCondition, namespace: &Str) -> bool {
    let labels = context.cluster.namespaces.get("", namespace).map(|one| &one.metadata.labels);
    condition.namespaces.has(namespace)
        || !condition.namespace_regexes.is_empty()
        || condition
            .namespace_selector
            .as_ref()
            .is_some_and(|selector| labels.is_some_and(|labels| selector.matches(labels)))
}

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for controller in operators(context, &MARKS) {
        for write in KINDS.iter().flat_map(|kind| kind.writes(context)) {
            if !STORES.is_known(context) {
                let to = NodeKey::Vault(Str::new("of-an-unread-store"));
                let draft = write.draft(context, to).because(controller.why(context));
                maker.edge(draft.unknown("the ClusterSecretStores, which were not all read"));
            }
            for store in STORES.objects(context) {
                let conditions = store.spec.as_ref().map_or(&[][..], |spec| &spec.conditions);
                let serves = |scope: &Scope| {
                    context
                        .namespaces_in(scope)
                        .any(|namespace| conditions.iter().any(|one| lets(context, one, namespace)))
                };
                if !conditions.is_empty() && !serves(&write.scope) {
                    continue;
                }
                let value = match conditions.is_empty() {
                    true => "none",
                    false => "take the namespace in",
                };
                let to = NodeKey::Vault(store.metadata.name.clone());
                let mut draft = write.draft(context, to).because(controller.why(context));
                draft = draft.because(STORES.field(store, "spec.conditions", value));
                if conditions.iter().any(|one| !one.namespace_regexes.is_empty()) {
                    draft = draft.unverified("which namespaces the store's expressions match");
                }
                maker.edge(draft);
            }
        }
    }
}
