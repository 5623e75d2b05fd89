//! RF-RBAC-022: default role or binding changed, or risky rules aggregated into view, edit, admin.

use crate::baseline::Baseline;
use crate::check::{Check, Doc, Judge, Severity};
use crate::entitled;
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::{BindingKey, NodeKey, RoleKey, Scope, Why, Zone};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-022",
    title: "Default role or binding changed, or risky rules aggregated into view, edit, admin",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["none known"],
    reads: entitled::RBAC,
    doc: Doc {
        why: "Whoever audits bindings trusts the names view, edit and admin to mean what they do everywhere.",
        fails: "A role that every cluster has gives more than it does at first; a default binding has one more subject; or a role that is aggregated into view, edit or admin brings a technique of attack.",
        not: "Aggregated rules of custom resources by which nobody gains anything.",
        unknown: "At another minor than that of the data, whether a default role was changed.",
        fix: "Restore the role; put the rules into a role of their own.",
    },
    judge: Judge::Cluster(judge),
};

const AGGREGATED: [&str; 3] = ["admin", "edit", "view"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let shipped = Baseline::shipped();
    for (at, grant) in world.context.grants.iter().enumerate() {
        if !shipped.names_role(&grant.role) || grant.limit.is_some() {
            continue;
        }
        let object = World::role_object(&grant.role);
        // What is aggregated into it is judged at the role that brings it.
        let aggregated =
            matches!(&grant.role, RoleKey::Cluster(name) if AGGREGATED.contains(&name.as_str()));
        let verdict = match world.is_usual_role(at) {
            _ if aggregated => Verdict::NotApplicable,
            _ if !Baseline::is_of(world.context.version) => {
                Verdict::missing("the default roles of the server's minor")
            }
            true => Verdict::Pass,
            false => {
                let known = shipped.rules_of(&grant.role);
                let more = grant
                    .rules
                    .iter()
                    .position(|rule| !ringfort_authz::covers(&known, std::slice::from_ref(rule)));
                let rule = more.unwrap_or_default() as u32;
                let (role, scope) = (grant.role.clone(), grant.scope.clone());
                let mut fault = Fault::of(vec![Why::Held { role, scope, rule }]);
                fault.at.insert(grant.node());
                Verdict::Fail(fault)
            }
        };
        out.add(object, verdict);
    }
    bindings(world, out);
    sources(world, out);
}

/// Default bindings with subjects of the owner's.
fn bindings(world: &World<'_>, out: &mut Outcomes) {
    for binding in &world.cluster.cluster_role_bindings {
        let key = BindingKey::Cluster(binding.metadata.name.clone());
        if !Baseline::shipped().names_binding(&key) {
            continue;
        }
        let is_new = |one: &ringfort_model::record::Subject| {
            !Baseline::shipped().has_subject(&key, &binding.role_ref, one)
        };
        let new = binding.subjects.iter().enumerate().filter(|(_, one)| is_new(one));
        let spots: Vec<Why> =
            new.map(|(at, _)| Why::Bound { binding: key.clone(), subject: at as u32 }).collect();
        out.add(Object::wide("ClusterRoleBinding", &binding.metadata.name), Verdict::of(spots));
    }
}

/// Roles that are aggregated into those that everybody binds.
fn sources(world: &World<'_>, out: &mut Outcomes) {
    let attack = world.attack;
    for role in &world.cluster.cluster_roles {
        let labels = &role.metadata.labels;
        let into = AGGREGATED.iter().find(|name| {
            let key = format!("rbac.authorization.k8s.io/aggregate-to-{name}");
            labels.get(&key).is_some_and(|value| *value == *"true")
        });
        let key = RoleKey::Cluster(role.metadata.name.clone());
        let Some(into) = into.filter(|_| !Baseline::shipped().names_role(&key)) else { continue };
        let node = attack.node(&NodeKey::Role(key.clone(), Scope::Cluster));
        let edges = node.map_or(&[][..], |node| attack.graph.outgoing(node));
        let acts = edges.iter().filter(|&&edge| attack.edge(edge).technique.is_some());
        let mut doubt = false;
        let mut spots: Vec<Why> = Vec::new();
        for &edge in acts {
            if !world.is_sure(edge) {
                doubt = true;
                continue;
            }
            let info = attack.edge(edge);
            for why in info.why().filter(|why| matches!(why, Why::Rule { .. })) {
                if !spots.contains(why) {
                    spots.push(why.clone());
                }
            }
        }
        let verdict = match (spots.is_empty(), doubt) {
            (false, _) => Verdict::Fail(Fault::of(spots).noted(format!("aggregated into {into}"))),
            (true, true) => Verdict::missing("what the aggregated rules lead to"),
            (true, false) => Verdict::Pass,
        };
        out.add(Object::wide("ClusterRole", &role.metadata.name), verdict);
    }
}
