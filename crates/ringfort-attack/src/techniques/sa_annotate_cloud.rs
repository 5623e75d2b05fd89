//! `sa-annotate-cloud`: The identity writes the cloud role into the annotation of a ServiceAccount and obtains a token of that account.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::pod_making::conjoin_making;
use crate::server;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::{EntityId, Str};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "sa-annotate-cloud",
    title: "have the cloud hand a role to an account",
    zone: Zone::InCluster,
    attack: &["T1078.004"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac, FixKind::Cloud],
    doc: Doc {
        what: "The identity writes the cloud role into the annotation of a ServiceAccount and obtains a token of that account.",
        when: "create, update or patch on serviceaccounts, with token-request or pod-create in the namespace, on a cluster whose nodes are machines of a cloud. Whether a role trusts the account is not in the cluster.",
        not: "The right to annotate without a token of the account; a cluster on no cloud.",
        controls: "A trust policy that names another account removes it.",
        cut: "Drop one of the permissions; pin the trust policy to the namespace and name of the account.",
        upstream: "aws/amazon-eks-pod-identity-webhook README; GKE Workload Identity",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let Some((cloud, node)) = server::provider(context.cluster) else { return };
    let verbs: &[&str] = &["create", "update", "patch"];
    let annotate = context.held(&Ask { verbs, ..Ask::named(&[], "", "serviceaccounts") });
    let token = context.held(&Ask::named(&["create"], "", "serviceaccounts/token"));
    let shown = Why::Field {
        object: EntityId::Node(node.metadata.name.clone()),
        path: "spec.providerID".into(),
        value: Str::new(node.provider_id()),
    };
    let requested = conjoin(context, &[&annotate, &token], None).into_iter();
    let requested = requested.map(|one| (one, Str::new("token")));
    let made = conjoin_making(context, &[(&annotate, None)]);
    for (conjunction, by) in requested.chain(made) {
        let to = NodeKey::Outside("cloud-principal", Str::from(format!("{cloud}/by-account")));
        maker.conjunction(&TECHNIQUE, &conjunction, &format!("annotate{by}"), |at| {
            Draft::new(at, to.clone())
                .because(shown.clone())
                .unknown("which accounts the trust policies of the cloud's roles accept")
        });
    }
}
