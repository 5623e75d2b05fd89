//! RF-RBAC-018: may change system ConfigMaps that carry authority.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::outcome::{Fault, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::context::Ask;
use ringfort_attack::server;
use ringfort_attack::{NodeKey, Zone};
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-018",
    title: "May change system ConfigMaps that carry authority",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["KSV-0115", "KSV-0049", "C-0037", "MS-TA9035"],
    reads: &[
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
        Kind::ConfigMap,
        Kind::Node,
    ],
    doc: Doc {
        why: "They say who is an administrator, which name leads where, and whom the aggregation layer believes.",
        fails: "A binding of the owner's gives update or patch on an existing ConfigMap among the DNS server's, cluster-info, and extension-apiserver-authentication.",
        not: "Read access; resourceNames of others; a ConfigMap that does not exist.",
        unknown: "aws-auth of an EKS cluster: whether its authentication mode still reads it.",
        fix: "Leave the ConfigMaps of kube-system and kube-public to the administrator.",
    },
    judge: Judge::Cluster(judge),
};

/// Namespace and name of ConfigMaps with authority.
const MAPS: [(&str, &str); 6] = [
    ("kube-system", "coredns"),
    ("kube-system", "coredns-custom"),
    ("kube-system", "kube-dns"),
    ("kube-system", "node-local-dns"),
    ("kube-system", "extension-apiserver-authentication"),
    ("kube-public", "cluster-info"),
];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let held = context.held(&Ask::named(&["update", "patch"], "", "configmaps"));
    let maps = &world.cluster.config_maps;
    let there: Vec<(&str, &str)> =
        MAPS.into_iter().filter(|(namespace, name)| maps.get(namespace, name).is_some()).collect();
    let eks = server::eks_node(world.cluster).is_some();
    for (subject, grants) in world.subjects() {
        let object = World::subject_object(subject);
        if world.is_admin(grants) {
            out.add(object, Verdict::NotApplicable);
            continue;
        }
        let mut spots = Vec::new();
        let mut doubt = false;
        for &(grant, bound, _) in grants {
            for one in held.iter().filter(|one| one.grant == grant) {
                let writes = |namespace: &str, name: &str| {
                    one.scope(context).reaches(Some(namespace)) && one.names.allow(name)
                };
                if there.iter().any(|(namespace, name)| writes(namespace, name)) {
                    spots.extend(world.grant_why((grant, bound, one.rule)));
                }
                doubt |= eks && writes("kube-system", "aws-auth");
            }
        }
        let verdict = match (spots.is_empty(), doubt) {
            (false, _) => {
                let mut fault = Fault::of(spots);
                fault.at.insert(NodeKey::Subject((*subject).clone()));
                Verdict::Fail(fault)
            }
            (true, true) => Verdict::missing("the authentication mode of the EKS cluster"),
            (true, false) => Verdict::Pass,
        };
        out.add(object, verdict);
    }
}
