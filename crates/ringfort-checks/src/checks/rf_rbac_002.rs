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
                for why in whys.filter(|why| matches!(why, Why::Bound { .. } | Why::Rule { .. })) {
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
            Why::Rule { role, .. } => self.roles.contains(role),
            _ => false,
        }
    }
}
