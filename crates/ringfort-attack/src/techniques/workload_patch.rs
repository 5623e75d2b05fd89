//! `workload-patch`: The identity changes the template of an existing workload; its new pods may use any account of the namespace.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::maker::Maker;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "workload-patch",
    title: "change a workload to run a pod of its own",
    zone: Zone::InCluster,
    attack: &["T1610", "MS-TA9012"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity changes the template of an existing workload; its new pods may use any account of the namespace.",
        when: "update or patch on a kind with a pod template, of which an object exists or may be named.",
        not: "patch on deployments/scale or deployments/status.",
        controls: "As pod-create.",
        cut: "Drop the verb, or name single objects.",
        upstream: "kubernetes/kubernetes plugin/pkg/auth/authorizer/rbac/rbac.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const KINDS: [(&str, &str); 6] = [
        ("", "replicationcontrollers"),
        ("apps", "deployments"),
        ("apps", "daemonsets"),
        ("apps", "statefulsets"),
        ("apps", "replicasets"),
        ("batch", "cronjobs"),
    ];
    for (group, resource) in KINDS {
        let ask = Ask::named(&["update", "patch"], group, resource);
        draw::power(context, maker, &ask, Power::RunPods, draw::run_pods_named((group, resource)));
    }
}
