//! RF-ADM-001: no enforcing admission control beyond defaults.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::context::Gate;
use ringfort_attack::{Why, Zone};
use ringfort_model::{Kind, Str};

pub(crate) static CHECK: Check = Check {
    id: "RF-ADM-001",
    title: "No enforcing admission control beyond defaults",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["C-0192", "CIS 5.2.1"],
    reads: &[
        Kind::Namespace,
        Kind::ValidatingPolicy,
        Kind::ValidatingPolicyBinding,
        Kind::MutatingWebhook,
        Kind::ValidatingWebhook,
    ],
    doc: Doc {
        why: "Whoever may create a pod anywhere takes a node.",
        fails: "In no namespace of the owner's does Pod Security refuse pods that leave their container, and no policy and no engine that enforces something on pods is in force there.",
        not: "A cluster in which some namespace refuses such pods, or has a policy in force that is asked about every new pod and refuses when it fails; which namespaces let such pods in is RF-NS-001.",
        unknown: "Webhooks see the pods whose answer is not known.",
        fix: "Label namespaces pod-security.kubernetes.io/enforce: baseline.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let own = || context.namespaces.iter().filter(move |name| !world.is_own_namespace(name));
    let mut doubt = None;
    let mut stopped = false;
    let mut spots = Vec::new();
    for name in own() {
        let policy = world.context.pod_policy(name);
        if policy.is_some_and(|policy| policy.effect.is_effective()) {
            stopped = true;
        }
        match facts::floor(world, name) {
            Gate::Stopped => stopped = true,
            Gate::Unverified(control) => doubt = doubt.or(Some(control)),
            Gate::Open if spots.is_empty() => {
                let level = Str::default();
                let admits = "privileged";
                spots.push(Why::PodSecurity { namespace: name.clone(), level, admits });
            }
            Gate::Open => {}
        }
    }
    let verdict = match (stopped, doubt, spots.is_empty()) {
        (true, ..) => Verdict::Pass,
        (false, Some(control), _) => {
            Verdict::missing(format!("whether it refuses such pods: {control}"))
        }
        (false, None, true) => Verdict::NotApplicable,
        (false, None, false) => Verdict::of(spots),
    };
    out.add(facts::whole("admission"), verdict);
}
