//! RF-RBAC-006: wildcard in an effective grant.

use crate::outcome::{Fault, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::{BindingKey, RoleKey, Subject, Why};
use ringfort_model::Kind;
use ringfort_model::record::PolicyRule;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-006",
    title: "Wildcard in an effective grant",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["KSV-0044", "KSV-0045", "KSV-0112", "C-0187", "CKV_K8S_49", "CIS 5.1.3"],
    reads: &[Kind::ClusterRole, Kind::ClusterRoleBinding, Kind::Role, Kind::RoleBinding],
    doc: Doc {
        why: "It grants what nobody thought of, and what comes with the next version.",
        fails: "* in verbs, API groups or resources of a role of the owner's that a binding hands out. Without a binding it is informational.",
        not: "The roles that every cluster has.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Name what is used.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    for (at, grant) in world.context.grants.iter().enumerate() {
        let plain = matches!(grant.role, RoleKey::Cluster(_) | RoleKey::Namespaced(..));
        if !plain || grant.limit.is_some() {
            continue;
        }
        let object = World::role_object(&grant.role);
        if world.is_usual_role(at) {
            out.add(object, Verdict::NotApplicable);
            continue;
        }
        let wild = |rule: &PolicyRule| {
            rule.verbs.has("*") || rule.api_groups.has("*") || rule.resources.has("*")
        };
        let rules = grant.rules.iter().enumerate().filter(|(_, rule)| wild(rule));
        let mut spots: Vec<Why> = rules
            .map(|(rule, _)| Why::Held {
                role: grant.role.clone(),
                scope: grant.scope.clone(),
                rule: rule as u32,
            })
            .collect();
        let own: Vec<&(Subject, BindingKey, u32)> = grant.bound.iter().collect();
        if spots.is_empty() {
            out.add(object, Verdict::Pass);
            continue;
        }
        let mut fault = Fault::default();
        match own.first() {
            None => fault.severity = Some(Severity::Info),
            Some((_, binding, subject)) => {
                spots.push(Why::Bound { binding: binding.clone(), subject: *subject });
                fault.at.insert(grant.node());
                fault.severity = Some(Severity::Medium);
            }
        }
        fault.note = match own.len() {
            0 => "nobody is bound to it".to_owned(),
            1 => "one subject is bound to it".to_owned(),
            count => format!("{count} subjects are bound to it"),
        };
        fault.spots = spots;
        out.add(object, Verdict::Fail(fault));
    }
}
