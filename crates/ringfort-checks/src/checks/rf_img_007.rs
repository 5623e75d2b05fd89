//! RF-IMG-007: private image usable from node cache.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::{Why, Zone};
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-IMG-007",
    title: "Private image usable from node cache",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[],
    references: &["CKV_K8S_15", "C-0123", "CIS 1.2.11"],
    reads: &[
        Kind::Namespace,
        Kind::Pod,
        Kind::Node,
        Kind::ServiceAccount,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
    ],
    doc: Doc {
        why: "A pod without credentials runs an image that somebody else's credentials brought to the node.",
        fails: "Images are pulled with credentials, nodes give them to pods without, and somebody who is no administrator may create pods.",
        not: "AlwaysPullImages; kubelets that verify credentials again, the default from 1.35; a cluster in which only administrators create pods.",
        unknown: "The version of the kubelets, from which images are verified.",
        fix: "Turn on AlwaysPullImages, or upgrade the kubelets.",
    },
    judge: Judge::Cluster(judge),
};

const TECHNIQUE: &str = "image-cache-read";

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let attack = world.attack;
    let edges = world.edges_of(TECHNIQUE);
    let creator = world.pod_creators().first();
    let whys = |edge| attack.edge(edge).why().cloned().collect::<Vec<Why>>();
    let verdict = match (edges.first(), creator) {
        (None, _) | (_, None) => Verdict::Pass,
        (Some(&edge), Some((_, creator))) if world.is_sure(edge) => {
            Verdict::of(whys(edge).into_iter().chain([creator.clone()]).collect())
        }
        (Some(_), Some(_)) => Verdict::missing("whether the kubelets verify pulled images"),
    };
    out.add(facts::whole("node-images"), verdict);
}
