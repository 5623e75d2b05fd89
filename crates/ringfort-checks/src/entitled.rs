//! Which subjects hold permissions that a technique begins with.

use ringfort_attack::{NodeKey, Why, techniques};
use ringfort_model::Kind;

use crate::outcome::{Fault, Outcomes, Verdict};
use crate::world::World;

/// Kinds that say who holds what.
pub(crate) const RBAC: &[Kind] =
    &[Kind::ClusterRole, Kind::ClusterRoleBinding, Kind::Role, Kind::RoleBinding];

/// Judges every subject that a binding of the owner's names by the edges of some techniques
/// that leave its roles.
pub(crate) fn judge(world: &World<'_>, out: &mut Outcomes, ids: &[&str]) {
    let attack = world.attack;
    let meant: Vec<u16> = techniques::ALL
        .iter()
        .enumerate()
        .filter(|(_, technique)| ids.contains(&technique.id))
        .map(|(at, _)| at as u16)
        .collect();
    for (subject, grants) in world.subjects() {
        let object = World::subject_object(subject);
        if world.is_admin(grants) {
            out.add(object, Verdict::NotApplicable);
            continue;
        }
        let mut spots: Vec<Why> = Vec::new();
        let mut doubt = None;
        for &(grant, bound, _) in grants {
            let Some(node) = attack.node(&world.context.grants[grant].node()) else { continue };
            for &edge in attack.graph.outgoing(node) {
                let info = attack.edge(edge);
                let Some(at) = info.technique.filter(|at| meant.contains(at)) else { continue };
                if !world.is_sure(edge) {
                    doubt = doubt.or(Some(techniques::ALL[usize::from(at)].id));
                    continue;
                }
                let (_, binding, at) = &world.context.grants[grant].bound[bound];
                let own = Why::Bound { binding: binding.clone(), subject: *at };
                for why in [own].into_iter().chain(info.why().cloned()) {
                    let shows = matches!(why, Why::Bound { .. } | Why::Rule { .. });
                    if shows && !spots.contains(&why) {
                        spots.push(why);
                    }
                }
            }
        }
        let verdict = match (spots.is_empty(), doubt) {
            (false, _) => {
                let mut fault = Fault::of(spots);
                fault.at.insert(NodeKey::Subject((*subject).clone()));
                Verdict::Fail(fault)
            }
            (true, Some(id)) => Verdict::missing(format!(
                "whether {id} has an effect: a fact on the way is not known"
            )),
            (true, None) => Verdict::Pass,
        };
        out.add(object, verdict);
    }
}
