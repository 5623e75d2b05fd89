//! `deputy-karpenter`: An EC2NodeClass names the start-up script and the role of new nodes: its writer is root on a node that joins the cluster, with that role.

use crate::context::Context;
use crate::maker::Maker;
use crate::node::{NodeKey, Provider};
use crate::operator::{Custom, Marks, cluster_custom, find as operators};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-karpenter",
    title: "have Karpenter start a node of its own",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "An EC2NodeClass names the start-up script and the role of new nodes: its writer is root on a node that joins the cluster, with that role.",
        when: "create or update on ec2nodeclasses, with Karpenter running; the role of the class is its cloud principal.",
        not: "nodepools alone, which choose sizes and taints; read access.",
        controls: "",
        cut: "Keep node classes to the platform's administrators.",
        upstream: "karpenter documentation: NodeClasses, spec.userData and spec.role",
    },
    find,
};

const MARKS: Marks =
    Marks { images: &["karpenter/controller"], labels: &[("app.kubernetes.io/name", "karpenter")] };
const CLASSES: Custom = cluster_custom("karpenter.k8s.aws", "ec2nodeclasses", "EC2NodeClass");

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for controller in operators(context, &MARKS) {
        for write in CLASSES.writes(context) {
            let draft = write.draft(context, NodeKey::SomeNode);
            maker.edge(draft.because(controller.why(context)));
            for class in CLASSES.objects(context) {
                let Some(spec) = class.spec.as_ref().filter(|spec| !spec.role.is_empty()) else {
                    continue;
                };
                let to = NodeKey::Principal(Provider::Aws, spec.role.clone());
                let draft = write.draft(context, to).because(controller.why(context));
                maker.edge(draft.because(CLASSES.field(class, "spec.role", &spec.role)));
            }
        }
    }
}
