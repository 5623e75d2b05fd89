//! `configmap-aws-auth`: On Amazon EKS the ConfigMap kube-system/aws-auth maps cloud identities to users and groups; whoever writes it adds a member of system:masters.

use crate::context::Ask;
use crate::context::Context;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::server;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::{EntityId, Str};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "configmap-aws-auth",
    title: "map an own identity to system:masters",
    zone: Zone::Impact,
    attack: &["T1098"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cloud],
    doc: Doc {
        what: "On Amazon EKS the ConfigMap kube-system/aws-auth maps cloud identities to users and groups; whoever writes it adds a member of system:masters.",
        when: "update or patch on that ConfigMap, or create where it does not exist, on nodes of EKS. The cluster's authentication mode is not in the cluster, so the edge is unknown.",
        not: "The same grant on a cluster that is not EKS; resourceNames without aws-auth.",
        controls: "Authentication mode API ignores the ConfigMap.",
        cut: "Drop the verb or name other ConfigMaps; set the authentication mode to API.",
        upstream: "kubernetes-sigs/aws-iam-authenticator README; EKS user guide: access entries",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const NAME: &str = "aws-auth";
    let Some(node) = server::eks_node(context.cluster) else { return };
    let exists = context.cluster.config_maps.get("kube-system", NAME).is_some();
    let mut held = context.held(&Ask::named(&["update", "patch"], "", "configmaps"));
    if exists {
        held.retain(|one| one.names.allow(NAME));
    } else {
        held = context.held(&Ask::unnamed(&["create"], "", "configmaps"));
    }
    for one in held {
        if !one.scope(context).reaches(Some("kube-system")) {
            continue;
        }
        let shown = Why::Field {
            object: EntityId::Node(node.metadata.name.clone()),
            path: "spec.providerID".into(),
            value: Str::new(node.provider_id()),
        };
        let to = NodeKey::Impact(Impact::ClusterAdmin);
        let draft = Draft::new(one.node(context), to)
            .because(one.why(context, exists.then(|| Str::new(NAME)).as_ref()))
            .because(shown);
        maker.edge(draft.unknown("the authentication mode of the EKS cluster"));
    }
}
