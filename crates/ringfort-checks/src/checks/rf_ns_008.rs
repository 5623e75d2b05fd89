//! RF-NS-008: no quota where outsiders or tenants can create workloads.

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_isolation::Effect;
use ringfort_model::{Kind, Str};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "RF-NS-008",
    title: "No quota where outsiders or tenants can create workloads",
    zone: Zone::Impact,
    severity: Severity::Low,
    modifiers: &[],
    references: &["KSV-0040", "KSV-0039", "T1496"],
    reads: &[
        Kind::Namespace,
        Kind::ResourceQuota,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
    ],
    doc: Doc {
        why: "Whoever may start pods there can take every node for work of their own.",
        fails: "Somebody who is no administrator may create pods in the namespace, or it runs what callers submit, or it is a tenant's, and no quota in effect limits CPU, memory and pods.",
        not: "A namespace in which only administrators create pods; the namespaces that the API server makes for the cluster's own parts, unless they are labelled as a tenant's; a quota that covers all three and is counted.",
        unknown: "Quotas were not read, or a manifest does not show whether one is counted.",
        fix: "Create a ResourceQuota that limits requests.cpu, requests.memory and pods.",
    },
    judge: Judge::Cluster(judge),
};

const TENANT: &str = ringfort_plan::question::TENANT_LABEL;

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let executing: BTreeSet<&Str> = world
        .executing()
        .keys()
        .map(|unit| &world.context.units[*unit as usize].namespace)
        .collect();
    for name in &world.context.namespaces {
        let labels = world.cluster.namespaces.get("", name).map(|one| &one.metadata.labels);
        let tenant = labels.and_then(|labels| labels.get(TENANT));
        let strangers = tenant.is_some() || executing.contains(name);
        let creator = world.pod_creator(name);
        let object = Object::wide("Namespace", name);
        // A quota there would keep the cluster's own parts from starting.
        if world.is_own_namespace(name) || (creator.is_none() && !strangers) {
            out.add(object, Verdict::NotApplicable);
            continue;
        }
        let verdict = match ringfort_isolation::quota(world.cluster, name).effect {
            Effect::Effective => Verdict::Pass,
            Effect::Unknown(missing) => Verdict::Unknown(missing.into_iter().collect()),
            effect => {
                let why = match effect {
                    Effect::PresentNotEffective(why) => why,
                    _ => "absent".to_owned(),
                };
                let own = World::namespace_field(name, "ResourceQuota spec.hard", &why);
                let mut fault = Fault::of(vec![own]);
                // Who may create pods is no part of what is wrong: a quota leaves it as it is.
                if let Some(why) = creator {
                    fault.note =
                        format!("{} lets pods be created there", world.evidence(why).object);
                }
                fault.at.insert(World::run_pods(name));
                fault.severity = Some(if strangers { Severity::Medium } else { Severity::Low });
                Verdict::Fail(fault)
            }
        };
        out.add(object, verdict);
    }
}
