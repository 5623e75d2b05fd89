//! RF-RBAC-002: subject reaches cluster-admin by D1 techniques.

use crate::gain;
use crate::outcome::{Fault, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::{
    BindingKey, Confidence, Difficulty, Impact, NodeKey, RoleKey, Subject, Why, techniques,
};
use ringfort_graph::{EdgeId, NodeId, easiest_pairs, reach};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-002",
    title: "Subject reaches cluster-admin by D1 techniques",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["C-0191"],
    reads: gain::READS,
    doc: Doc {
        why: "A few ordinary requests make the subject cluster-admin.",
        fails: "From what a binding of the owner's gives the subject, techniques of one ordinary request each lead to every verb on every resource of the cluster.",
        not: "A subject that has it already (RF-RBAC-001); ways that need an exploit, a race or a victim.",
        unknown: "A control or a fact on the only way is not known.",
        fix: "Take the grant away that the way begins with.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let attack = world.attack;
    let Some(admin) = attack.node(&NodeKey::Impact(Impact::ClusterAdmin)) else { return };
    let starts: Vec<NodeId> = world
        .subjects()
        .filter_map(|(subject, _)| attack.node(&NodeKey::Subject(subject.clone())))
        .collect();
    let mut hard = attack.no_edges();
    let mut unsure = attack.no_edges();
    for edge in (0..attack.graph.edge_count()).map(|edge| EdgeId(edge as u32)) {
        let info = attack.edge(edge);
        if info.technique.is_some() && info.difficulty > Difficulty::D1 {
            hard.insert(edge.index());
        }
        if matches!(info.confidence, Confidence::Unknown | Confidence::UnverifiedControl) {
            unsure.insert(edge.index());
        }
    }
    unsure.union(&hard);
    let sure = attack.pairs(&starts, &[admin], &unsure);
    let possible = attack.pairs(&starts, &[admin], &hard);
    let ways: FxHashMap<NodeId, Vec<EdgeId>> = {
        let reaching: Vec<NodeId> = sure[0].iter().map(|at| starts[at]).collect();
        let found = easiest_pairs(&attack.graph, &reaching, &[admin], &unsure, 1);
        let edges = found.into_iter().map(|row| row.into_iter().flatten().next());
        let edges = edges.map(|way| way.map(|way| way.edges).unwrap_or_default());
        reaching.into_iter().zip(edges).collect()
    };
    let at_start: FxHashMap<NodeId, usize> =
        starts.iter().enumerate().map(|(at, &node)| (node, at)).collect();
    for (subject, grants) in world.subjects() {
        let object = World::subject_object(subject);
        let key = NodeKey::Subject(subject.clone());
        let node = attack.node(&key);
        let at = node.and_then(|node| at_start.get(&node).copied());
        let begins = world.own_start(subject, grants);
        let verdict = match at {
            _ if world.is_admin(grants) => Verdict::NotApplicable,
            // A part of every cluster reaches it by design; what it was given beside is judged.
            _ if !begins.contains(&key) => {
                let from: Vec<NodeId> = begins.iter().filter_map(|key| attack.node(key)).collect();
                match reach(&attack.graph, &from, &unsure).contains(admin.index()) {
                    true => {
                        let whys = grants.iter().flat_map(|&grant| world.grant_why(grant));
                        Verdict::of(whys.collect())
                    }
                    false => Verdict::Pass,
                }
            }
            None => Verdict::Pass,
            Some(at) if sure[0].contains(at) => {
                let edges = ways.get(&starts[at]).map_or(&[][..], Vec::as_slice);
                let steps: Vec<&str> = edges
                    .iter()
                    .filter_map(|&edge| attack.edge(edge).technique)
                    .map(|at| techniques::ALL[usize::from(at)].id)
                    .collect();
                // What takes no technique is held: nobody does anything to have it.
                if steps.is_empty() {
                    out.add(object, Verdict::NotApplicable);
                    continue;
                }
                let whys = edges
                    .iter()
                    .flat_map(|&edge| attack.edge(edge).why().cloned().collect::<Vec<_>>());
                let mut spots: Vec<Why> = Vec::new();
                for why in whys.filter(is_of_roles) {
                    if !spots.contains(&why) {
                        spots.push(why);
                    }
                }
                let held = Held::of(world, subject);
                let (own, beyond) = spots.into_iter().partition(|why| held.has(why));
                let mut fault = Fault::of(own).noted(format!("by {}", steps.join(", ")));
                fault.beyond = beyond;
                fault.at.insert(key);
                Verdict::Fail(fault)
            }
            Some(at) if possible[0].contains(at) => {
                Verdict::missing("a control or a fact on the way to cluster-admin")
            }
            Some(_) => Verdict::Pass,
        };
        out.add(object, verdict);
    }
}

/// Whether a reason is one of bindings and roles, which is what a grant is made of.
fn is_of_roles(why: &Why) -> bool {
    matches!(why, Why::Bound { .. } | Why::Rule { .. } | Why::Held { .. } | Why::Limit { .. })
}

/// What bindings give a subject, by itself and as a member of groups: the grants that are its
/// own to lose. What the way takes from others is theirs.
struct Held<'w> {
    bindings: FxHashSet<&'w BindingKey>,
    roles: FxHashSet<&'w RoleKey>,
}

impl<'w> Held<'w> {
    fn of(world: &'w World<'_>, subject: &Subject) -> Self {
        let mut held = Self { bindings: FxHashSet::default(), roles: FxHashSet::default() };
        let groups = subject.implicit_groups().into_iter().map(Subject::Group);
        for one in groups.chain([subject.clone()]) {
            for &(grant, bound) in world.context.grants_of(&one) {
                let grant = &world.context.grants[grant];
                held.bindings.insert(&grant.bound[bound].1);
                held.roles.insert(&grant.role);
            }
        }
        held
    }

    fn has(&self, why: &Why) -> bool {
        match why {
            Why::Bound { binding, .. } => self.bindings.contains(binding),
            Why::Rule { role, .. } | Why::Held { role, .. } | Why::Limit { role, .. } => {
                self.roles.contains(role)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_attack::{Attack, Engines};
    use ringfort_model::{ClusterBuilder, Coverage, Kind, KubeVersion, Listed, Object, SourceKind};
    use serde_json::{Value, json};

    const RBAC: &str = "rbac.authorization.k8s.io";

    fn role(name: &str, rules: &Value) -> Value {
        json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole",
            "metadata": {"name": name}, "rules": rules})
    }

    fn bound(name: &str, subject: &Value) -> Value {
        json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRoleBinding",
            "metadata": {"name": name}, "subjects": [subject],
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}})
    }

    /// The roles of the subject's own that a failing row names with the rules that are to go.
    fn own(objects: &[Value], subject: &str) -> Vec<String> {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        builder.version(Some(KubeVersion::minor(36)), "v1.36.0");
        for object in objects {
            builder.add(Object::read(object.to_string().as_bytes()).expect("an object"));
        }
        for kind in [Kind::ClusterRole, Kind::ClusterRoleBinding, Kind::Role, Kind::RoleBinding] {
            builder.coverage().note(&Coverage::key(kind), Listed::Complete);
        }
        let cluster = builder.freeze();
        let engines = Engines::new(&cluster);
        let attack = Attack::new(&cluster, &engines);
        let world = World::new(&attack);
        let mut out = Outcomes::default();
        judge(&world, &mut out);
        let row = out.iter().find(|(object, _)| object.to_string() == subject);
        let Some((_, crate::outcome::Verdict::Fail(fault))) = row else { panic!("{row:?}") };
        let rules = fault.spots.iter().filter(|why| !matches!(why, Why::Bound { .. }));
        let name = |why: &Why| {
            let shown = world.evidence(why);
            format!("{} {}", shown.object, shown.field)
        };
        let mut all: Vec<String> = rules.map(name).collect();
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn a_rule_that_limits_a_request_is_the_requesters_to_lose() {
        let account = json!({"kind": "ServiceAccount", "name": "s", "namespace": "a"});
        let boss = json!({"kind": "User", "apiGroup": RBAC, "name": "boss"});
        let who = json!([{"apiGroups": ["authentication.k8s.io"], "resources": ["users"],
            "resourceNames": ["boss"], "verbs": ["impersonate:user-info"]}]);
        let on = json!([{"apiGroups": [RBAC], "resources": ["clusterrolebindings"],
            "verbs": ["impersonate-on:user-info:create"]}]);
        let binds = json!([
            {"apiGroups": [RBAC], "resources": ["clusterrolebindings"], "verbs": ["create"]},
            {"apiGroups": [RBAC], "resources": ["clusterroles"], "verbs": ["bind"]}]);
        let objects = [
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}),
            json!({"apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": "s", "namespace": "a"}}),
            role(
                "cluster-admin",
                &json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]),
            ),
            role("who", &who),
            bound("who", &account),
            role("on", &on),
            bound("on", &account),
            role("binds", &binds),
            bound("binds", &boss),
        ];
        let own = own(&objects, "ServiceAccount a/s");
        assert_eq!(own, ["ClusterRole on rules[0]", "ClusterRole who rules[0]"]);
    }
}
