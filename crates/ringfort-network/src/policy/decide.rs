//! The decision in one direction: what the policies that select a subject say about one peer.
//!
//! A rule that perhaps matches decides what it decides and leaves it undecided as well; a
//! connection with both outcomes is unknown. Nothing else is needed for three values: every
//! connection ends with at least one outcome.

use ringfort_model::Str;

use crate::policy::connection::ConnectionSet;
use crate::policy::rule::{Action, Direction, Policy, Ports, Tri};
use crate::policy::rules::rules;

/// Why a connection has an outcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// No policy decides: allowed.
    Default,
    /// A rule: positions of policy and rule.
    Rule {
        /// Position in [`crate::policy::Network::policies`].
        policy: u32,
        /// Position in the side's rules.
        rule: u32,
        /// Why it is not certain that the rule matches, if it is not.
        perhaps: Option<Str>,
    },
    /// These policies select the subject, and none of their rules allows the connection.
    Isolated(Vec<u32>),
    /// What this policy says is not known.
    Broken(u32),
}

/// Connections with one outcome and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The connections.
    pub connections: ConnectionSet,
    /// Whether they are allowed.
    pub allowed: bool,
    /// Why.
    pub reason: Reason,
}

/// The decision of one direction. A connection in neither set is denied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Certainly allowed.
    pub allowed: ConnectionSet,
    /// Allowed or denied: not known, or left to the implementation.
    pub unknown: ConnectionSet,
    /// Every outcome with its reason; several may name the same connection.
    pub pieces: Vec<Piece>,
}

impl Verdict {
    /// The verdict where no policy selects the subject.
    #[must_use]
    pub fn unselected() -> Self {
        Self::of(vec![Piece {
            connections: ConnectionSet::all(),
            allowed: true,
            reason: Reason::Default,
        }])
    }

    fn of(pieces: Vec<Piece>) -> Self {
        let side = |allowed: bool| {
            pieces
                .iter()
                .filter(|piece| piece.allowed == allowed)
                .fold(ConnectionSet::none(), |all, piece| all.union(&piece.connections))
        };
        let (can, cannot) = (side(true), side(false));
        Self { allowed: can.difference(&cannot), unknown: can.intersection(&cannot), pieces }
    }

    /// Allowed, or perhaps allowed.
    #[must_use]
    pub fn possible(&self) -> ConnectionSet {
        self.allowed.union(&self.unknown)
    }
}

/// Whether a rule's peers hold the peer in question, and why that is not certain.
pub(crate) type Match = (Tri, Option<Str>);

/// Decides for the policies at these positions, in the order of their places. Kinds of which it
/// is not known whether anything enforces them are there and are not there: every combination
/// is evaluated, and what differs is unknown.
///
/// `matches` answers for a rule (position of the policy, position of the rule); `resolve`
/// gives the connections of a rule's named ports at the destination.
pub(crate) fn decide(
    policies: &[Policy],
    selected: &[u32],
    direction: Direction,
    universe: &ConnectionSet,
    matches: &dyn Fn(u32, u32) -> Match,
    resolve: &dyn Fn(&Ports) -> ConnectionSet,
) -> Verdict {
    let mut doubtful: Vec<&'static str> = selected
        .iter()
        .map(|at| &policies[*at as usize])
        .filter(|policy| policy.enforced == Tri::Unknown && policy.side(direction).applies)
        .map(|policy| policy.name.kind)
        .collect();
    doubtful.sort_unstable();
    doubtful.dedup();
    let mut pieces = Vec::new();
    for chosen in 0..1_u32 << doubtful.len() {
        let counts = |at: &&u32| {
            let policy = &policies[**at as usize];
            match policy.enforced {
                Tri::Yes => true,
                Tri::No => false,
                Tri::Unknown => doubtful
                    .binary_search(&policy.name.kind)
                    .is_ok_and(|at| chosen & (1 << at) != 0),
            }
        };
        let selected: Vec<u32> = selected.iter().filter(counts).copied().collect();
        evaluate(policies, &selected, direction, universe, matches, resolve, &mut pieces);
    }
    if !doubtful.is_empty() {
        // The evaluations say much of it alike.
        let said = std::mem::take(&mut pieces);
        for piece in said {
            if !pieces.contains(&piece) {
                pieces.push(piece);
            }
        }
    }
    Verdict::of(pieces)
}

/// The outcomes of policies that are all enforced.
fn evaluate(
    policies: &[Policy],
    selected: &[u32],
    direction: Direction,
    universe: &ConnectionSet,
    matches: &dyn Fn(u32, u32) -> Match,
    resolve: &dyn Fn(&Ports) -> ConnectionSet,
    pieces: &mut Vec<Piece>,
) {
    let switch = &rules().switches;
    let mut live = universe.clone();
    let place = |at: &u32| policies[*at as usize].place;
    for stage in selected.chunk_by(|a, b| place(a).stage == place(b).stage) {
        let mut passed = ConnectionSet::none();
        let mut isolating = Vec::new();
        let mut left = live.clone();
        for lane in stage.chunk_by(|a, b| place(a).lane == place(b).lane) {
            let mut live = live.clone();
            for group in lane.chunk_by(|a, b| place(a).group == place(b).group) {
                let mut taken = ConnectionSet::none();
                for &at in group {
                    let policy = &policies[at as usize];
                    let side = policy.side(direction);
                    if !side.applies {
                        continue;
                    }
                    if side.isolates {
                        isolating.push(at);
                    }
                    if policy.broken.is_some() {
                        for allowed in [true, false] {
                            let reason = Reason::Broken(at);
                            pieces.push(Piece { connections: live.clone(), allowed, reason });
                        }
                        continue;
                    }
                    // Each policy of a group looks at everything that reached the group.
                    let mut own = if switch.equal_priorities_by_name {
                        live.difference(&taken)
                    } else {
                        live.clone()
                    };
                    for (rule_at, rule) in side.rules.iter().enumerate() {
                        let (hit, why) = matches(at, rule_at as u32);
                        let void = rule.action == Action::Pass && switch.pass_is_nothing;
                        if hit == Tri::No || own.is_empty() || void {
                            continue;
                        }
                        let certain =
                            rule.ports.fixed.union(&resolve(&rule.ports)).intersection(&own);
                        let mut take = |connections: ConnectionSet, perhaps: Option<Str>| {
                            if connections.is_empty() {
                                return;
                            }
                            if rule.action == Action::Pass && !switch.pass_allows {
                                passed = passed.union(&connections);
                                return;
                            }
                            let reason = Reason::Rule { policy: at, rule: rule_at as u32, perhaps };
                            let allowed = rule.action != Action::Deny;
                            pieces.push(Piece { connections, allowed, reason });
                        };
                        let unsure = why.clone().filter(|_| hit == Tri::Unknown);
                        take(certain.clone(), unsure);
                        if let Some((more, why)) = &rule.ports.perhaps {
                            take(more.intersection(&own).difference(&certain), Some(why.clone()));
                        }
                        if hit == Tri::Yes && switch.first_rule_decides {
                            own = own.difference(&certain);
                            taken = taken.union(&certain);
                        }
                    }
                }
                live = live.difference(&taken);
                left = left.difference(&taken);
            }
        }
        live = left;
        if !isolating.is_empty() {
            if !live.is_empty() {
                let reason = Reason::Isolated(isolating);
                pieces.push(Piece { connections: live, allowed: false, reason });
            }
            live = ConnectionSet::none();
        }
        live = live.union(&passed);
    }
    if !live.is_empty() {
        pieces.push(Piece { connections: live, allowed: true, reason: Reason::Default });
    }
}
