//! RF-ADM-004: admission excludes namespaces where pods can be created.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::facts;
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::context::Gate;
use ringfort_attack::webhooks;
use ringfort_model::{Kind, Str};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "RF-ADM-004",
    title: "Admission excludes namespaces where pods can be created",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["none known"],
    reads: &[
        Kind::Namespace,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
        Kind::MutatingWebhook,
        Kind::ValidatingWebhook,
    ],
    doc: Doc {
        why: "The exception is where an intruder goes.",
        fails: "A webhook that guards other namespaces against pods that take a node is not shown the pods of a namespace in which somebody who is no administrator may create them and nothing else refuses them.",
        not: "Namespaces that Pod Security or a policy guards; namespaces in which only administrators create pods.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Narrow the namespaceSelector\\'s exceptions, or label the namespace pod-security.kubernetes.io/enforce: baseline.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let guarding: BTreeSet<(&'static str, &Str, &Str)> = webhooks::guarding(context)
        .iter()
        .map(|(_, one)| (one.kind(), &one.configuration.metadata.name, &one.webhook.name))
        .collect();
    let open: Vec<&Str> = context
        .namespaces
        .iter()
        .filter(|name| world.pod_creator(name).is_some())
        .filter(|name| facts::floor(world, name) == Gate::Open)
        .collect();
    for one in webhooks::all(context) {
        let object = Object::wide(one.kind(), one.name());
        if !guarding.contains(&(one.kind(), one.name(), &one.webhook.name)) {
            out.add(object, Verdict::NotApplicable);
            continue;
        }
        let unseen = |name: &&&Str| !one.sees_pods(name);
        let left_out = open.iter().find(unseen);
        let verdict = match left_out {
            None => Verdict::Pass,
            Some(name) => {
                let by = one.leaves_out(name, &webhooks::labels_of(context, name));
                let path = format!("webhooks[name={}].{by}", one.webhook.name);
                let value = format!("leaves {name} out");
                let own = facts::field(one.kind(), "", one.name(), (&path, &value));
                let mut fault = Fault::of(vec![own]);
                // Who may create pods is no part of what is wrong: a selector leaves it as it is.
                if let Some(why) = world.pod_creator(name) {
                    fault.note =
                        format!("{} lets pods be created there", world.evidence(why).object);
                }
                fault.at.insert(World::run_pods(name));
                Verdict::Fail(fault)
            }
        };
        out.add(object, verdict);
    }
}
