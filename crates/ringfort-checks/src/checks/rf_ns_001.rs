//! RF-NS-001: no effective pod admission floor.

use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_admission::PodAdmission;
use ringfort_attack::Zone;
use ringfort_attack::context::Gate;
use ringfort_attack::{NodeKey, Power, Scope, Why};
use ringfort_model::Kind;
use ringfort_model::Str;
use ringfort_podsec::EscapeClass;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-NS-001",
    title: "No effective pod admission floor",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["C-0192", "C-0193", "CIS 5.2.1", "CIS 5.2.2", "MS-M9017"],
    reads: &[
        Kind::Namespace,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
    ],
    doc: Doc {
        why: "Whoever may create pods there takes a node.",
        fails: "No control refuses a pod that leaves its container, and a binding of the owner's lets somebody create pods in the namespace.",
        not: "Pod Security at baseline or above; a policy that refuses such pods; a namespace in which only the cluster's own parts create pods.",
        unknown: "An opaque webhook may refuse such pods.",
        fix: "Label the namespace pod-security.kubernetes.io/enforce: baseline.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let mut creators: Vec<(&Scope, Why)> = Vec::new();
    for held in context.held_pod_create() {
        let grant = &context.grants[held.grant];
        let own = (0..grant.bound.len()).find(|&bound| !world.is_usual(held.grant, bound));
        if let Some(bound) = own {
            let (_, binding, subject) = &grant.bound[bound];
            let why = Why::Bound { binding: binding.clone(), subject: *subject };
            creators.push((&grant.scope, why));
        }
    }
    for name in &context.namespaces {
        let object = Object::wide("Namespace", name);
        let creator = creators.iter().find(|(scope, _)| scope.reaches(Some(name)));
        let verdict = match (creator, context.admission(name)) {
            (None, _) => Verdict::NotApplicable,
            (Some(_), None) => Verdict::missing("what admission answers to pods"),
            (Some((_, creator)), Some(answer)) => judge_one(name, creator, answer),
        };
        out.add(object, verdict);
    }
}

/// Pods that leave their container.
const ESCAPES: [EscapeClass; 3] =
    [EscapeClass::Privileged, EscapeClass::HostPath, EscapeClass::Capability];

fn judge_one(name: &Str, creator: &Why, answer: &PodAdmission) -> Verdict {
    let mut doubt = None;
    for one in answer.classes.iter().filter(|one| ESCAPES.contains(&one.class)) {
        match Gate::of(&one.decision) {
            Gate::Stopped => {}
            Gate::Unverified(control) => doubt = doubt.or(Some(control)),
            Gate::Open => {
                let admits = one.shape;
                let level = Str::default();
                let why = Why::PodSecurity { namespace: name.clone(), level, admits };
                let mut fault = Fault::of(vec![why, creator.clone()]);
                fault.at.insert(NodeKey::Power(Power::RunPods, Scope::Namespace(name.clone())));
                return Verdict::Fail(fault);
            }
        }
    }
    match doubt {
        Some(control) => Verdict::missing(format!("whether it refuses such pods: {control}")),
        None => Verdict::Pass,
    }
}
