//! `secret-token-use`: Who reads a token Secret acts as the ServiceAccount that it names.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::EntityId;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "secret-token-use",
    title: "use the token in the Secret",
    zone: Zone::InCluster,
    attack: &["T1528", "T1552.007"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Delete],
    doc: Doc {
        what: "Who reads a token Secret acts as the ServiceAccount that it names.",
        when: "A Secret of type kubernetes.io/service-account-token whose account exists.",
        not: "A Secret whose account is missing, or was made again under another uid; type Opaque.",
        controls: "None.",
        cut: "Delete the Secret.",
        upstream: "kubernetes/kubernetes pkg/controller/serviceaccount/tokens_controller.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for secret in &context.cluster.secrets {
        let namespace = &secret.metadata.namespace;
        let account = secret.metadata.annotations.get("kubernetes.io/service-account.name");
        let Some(account) =
            account.filter(|_| *secret.kind == *"kubernetes.io/service-account-token")
        else {
            continue;
        };
        let Some(known) = context.cluster.service_accounts.get(namespace, account) else {
            continue;
        };
        // A token of an account that was deleted and made again is refused.
        let uid = secret.metadata.annotations.get("kubernetes.io/service-account.uid");
        let its = &known.metadata.uid;
        if uid.is_some_and(|uid| !its.is_empty() && !uid.is_empty() && uid != its) {
            continue;
        }
        let name = secret.metadata.name.clone();
        let why = Why::Field {
            object: EntityId::Secret(namespace.clone(), name.clone()),
            path: "type".into(),
            value: secret.kind.clone(),
        };
        let to = NodeKey::Subject(Subject::ServiceAccount(namespace.clone(), account.clone()));
        maker.edge(Draft::new(NodeKey::Secret(namespace.clone(), name), to).because(why));
    }
}
