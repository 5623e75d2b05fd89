//! `node-role-use`: Root on a node reads the credentials of the node's role from the metadata service and uses what the role may do; on EKS it also obtains the node's identity.

use crate::cloud;
use crate::context::Context;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Provider};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "node-role-use",
    title: "use the role of the node",
    zone: Zone::Impact,
    attack: &["T1552.005"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cloud, FixKind::Rbac],
    doc: Doc {
        what: "Root on a node reads the credentials of the node's role from the metadata service and uses what the role may do; on EKS it also obtains the node's identity.",
        when: "Nodes of a cloud provider, by their provider id. What the role may do is a fact of the cloud account, so the edge to a cloud role is unknown.",
        not: "Nodes without a provider id of a cloud.",
        controls: "A role with the least that a node needs leads nowhere further.",
        cut: "Give nodes the least role; give pods roles of their own.",
        upstream: "Amazon EKS user guide: node IAM role; cloud metadata services",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let Some(provider) = cloud::of_nodes(context) else { return };
    let role = cloud::node_role(provider.provider);
    let draft = Draft::new(NodeKey::SomeNode, role.clone()).because(provider.why.clone());
    maker.edge(draft);
    let to = NodeKey::Impact(Impact::CloudRole);
    let draft = Draft::new(role.clone(), to).because(provider.why.clone());
    maker.edge(draft.unknown("what the role of the nodes may do beyond what a node needs"));
    let managed = cloud::managed(context).filter(|one| one.provider == Provider::Aws);
    if let Some(managed) = managed {
        for user in context.node_users() {
            let draft = Draft::new(role.clone(), user).because(managed.why.clone());
            maker.edge(draft.assumed("the role of the nodes is mapped to node users"));
        }
    }
}
