//! The scores of the zones (`docs/scores.md`): 100 less what the worst costs and less what all of
//! it together costs, up to 50 points each.
//!
//! Both parts are sums or maxima of what is there, over constants: nothing is divided by a number
//! that a change of the cluster could make smaller. So whatever takes a way in, a pair or the ease
//! of one away never lowers a score (checks MET-03), however few are left. Only whole numbers are
//! used, so that every machine gets the same.

use ringfort_attack::{Impact, State};

/// What a full-weight way in, or way on, counts. Weights are shares of it by the effort that the
/// techniques give difficulties: 1 of D1, a half of D2, a fifth of D3 and beyond.
pub(crate) const FULL: u64 = 60;

/// Something that takes another kind of skill or luck than ordinary steps do.
pub(crate) const HARD: u64 = FULL / 5;

/// Points that each of the two parts can cost.
const PART: u64 = 50;

/// How often the weight of all may double before all of the second part is lost: at 1,023 ways of
/// full weight.
const DOUBLINGS: u64 = 10;

/// Bits behind the point of a logarithm.
const BITS: u32 = 16;

/// What a way into the cluster weighs.
pub(crate) fn of_state(state: State) -> u64 {
    match state {
        State::Open => FULL,
        State::Unknown => FULL / 2,
        State::Guarded => HARD,
        State::Closed => 0,
    }
}

/// What stands for the places where an owner would have to begin again: nothing in the cluster
/// can be trusted (full), much that is secret is known, a part is lost (a half).
pub(crate) fn harm(impact: Impact) -> u64 {
    match impact {
        Impact::ClusterAdmin | Impact::ControlPlane | Impact::CloudAdmin => FULL,
        Impact::AllSecrets => CROSSING,
        _ => FULL / 2,
    }
}

/// The harm of a tenant that reaches another.
pub(crate) const CROSSING: u64 = FULL * 3 / 4;

/// All harm that there can be: that of every default target, and of tenants.
fn all_harm() -> u64 {
    Impact::DEFAULT_TARGETS.into_iter().map(harm).sum::<u64>() + CROSSING
}

/// Ways of some weights: the greatest, and all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    worst: u64,
    sum: u64,
}

impl Tally {
    /// Counts some ways of a weight.
    pub(crate) fn add(&mut self, weight: u64, count: usize) {
        if count > 0 {
            self.worst = self.worst.max(weight);
            self.sum += weight * count as u64;
        }
    }
}

/// What a zone loses: for the worst of it, and for how much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) worst: u32,
    pub(crate) spread: u32,
}

impl Lost {
    /// The points that are left.
    pub(crate) fn score(self) -> u32 {
        100 - self.worst - self.spread
    }

    fn of(worst: u64, spread: u64) -> Self {
        let spread = (PART * spread).div_ceil(DOUBLINGS << BITS);
        Self { worst: (PART * worst).div_ceil(FULL) as u32, spread: spread as u32 }
    }
}

/// Initial access and movement: the ways in, and those that lead on.
pub(crate) fn of_ways(ways: Tally) -> Lost {
    Lost::of(ways.worst, doublings(ways.sum))
}

/// Impact: each target by the ways that lead to it, and how much harm it stands for.
pub(crate) fn of_targets(targets: &[(u64, Tally)]) -> Lost {
    let worst = targets.iter().map(|(harm, ways)| harm * ways.worst / FULL).max().unwrap_or(0);
    let spread: u64 = targets.iter().map(|(harm, ways)| harm * doublings(ways.sum)).sum();
    Lost::of(worst, spread / all_harm())
}

/// How often one has doubled once this weight is added to it, up to the limit.
fn doublings(weight: u64) -> u64 {
    (log2(FULL + weight) - log2(FULL)).min(DOUBLINGS << BITS)
}

/// The logarithm to base 2 of a number from 1, rounded down.
fn log2(number: u64) -> u64 {
    let whole = number.ilog2();
    let mut fraction = 0;
    // The number, scaled to at least 1 and less than 2, with 31 bits behind the point.
    let mut rest = (number << (63 - whole)) >> 32;
    for _ in 0..BITS {
        rest = (rest * rest) >> 31;
        fraction <<= 1;
        if rest >= 1 << 32 {
            fraction |= 1;
            rest >>= 1;
        }
    }
    (u64::from(whole) << BITS) | fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(weights: &[(u64, usize)]) -> Tally {
        let mut tally = Tally::default();
        for &(weight, count) in weights {
            tally.add(weight, count);
        }
        tally
    }

    fn score(weights: &[(u64, usize)]) -> u32 {
        of_ways(ways(weights)).score()
    }

    #[test]
    fn logarithms_are_right_and_never_fall() {
        assert_eq!(log2(1), 0);
        assert_eq!(log2(1 << 40), 40 << BITS);
        let near = |number: u32| {
            let exact = f64::from(number).log2() * f64::from(1 << BITS);
            (f64::from(log2(u64::from(number)) as u32) - exact).abs() < 2.0
        };
        assert!((1..100_000).all(near));
        assert!((1..100_000).all(|number| log2(number) <= log2(number + 1)));
    }

    #[test]
    fn all_points_are_left_only_where_nothing_is() {
        assert_eq!(score(&[]), 100);
        assert_eq!(score(&[(HARD, 0)]), 100);
        assert!(score(&[(HARD, 1)]) < 100);
        assert_eq!(score(&[(FULL, 1023)]), 0);
        assert_eq!(score(&[(FULL, 1_000_000)]), 0);
        assert_eq!(of_targets(&[]).score(), 100);
        let all: Vec<(u64, Tally)> = Impact::DEFAULT_TARGETS
            .into_iter()
            .map(harm)
            .chain([CROSSING])
            .map(|harm| (harm, ways(&[(FULL, 5_000)])))
            .collect();
        assert_eq!(of_targets(&all).score(), 0);
    }

    #[test]
    fn a_half_is_for_the_worst_and_half_of_as_many_is_five_points() {
        assert_eq!(of_ways(ways(&[(FULL, 1)])), Lost { worst: 50, spread: 5 });
        assert_eq!(of_ways(ways(&[(FULL, 3)])), Lost { worst: 50, spread: 10 });
        assert_eq!(of_ways(ways(&[(FULL, 63)])), Lost { worst: 50, spread: 30 });
        assert_eq!(of_ways(ways(&[(FULL, 31)])), Lost { worst: 50, spread: 25 });
        assert_eq!(of_ways(ways(&[(FULL / 2, 2)])), Lost { worst: 25, spread: 5 });
        assert_eq!(of_ways(ways(&[(HARD, 5)])), Lost { worst: 10, spread: 5 });
        // Of all harm a node is 30 of 330.
        let node = of_targets(&[(harm(Impact::AnyNode), ways(&[(FULL, 1023)]))]);
        assert_eq!(node, Lost { worst: 25, spread: 5 });
    }

    /// The numbers of `docs/scores.md`.
    #[test]
    fn the_worked_example_is_right() {
        assert_eq!(of_ways(ways(&[(FULL / 2, 9)])), Lost { worst: 25, spread: 13 });
        assert_eq!(of_ways(ways(&[(FULL, 1)])), Lost { worst: 50, spread: 5 });
        let node = of_targets(&[(harm(Impact::AnyNode), ways(&[(FULL, 1)]))]);
        assert_eq!(node, Lost { worst: 25, spread: 1 });
        assert_eq!(all_harm() * 2, FULL * 11);
    }

    /// Whatever is less, or less easy, leaves at least as many points.
    #[test]
    fn less_is_never_worse() {
        let weights = [0, HARD, FULL / 2, FULL];
        for (at, &weight) in weights.iter().enumerate() {
            for &less in &weights[..=at] {
                for others in 0..40 {
                    let more = [(FULL / 2, others / 3), (HARD, others), (weight, 1)];
                    let fewer = [(FULL / 2, others / 3), (HARD, others), (less, 1)];
                    assert!(score(&fewer) >= score(&more), "{more:?} {fewer:?}");
                    let target = |list| [(CROSSING, ways(list)), (FULL, ways(&[(HARD, others)]))];
                    let (more, fewer) = (of_targets(&target(&more)), of_targets(&target(&fewer)));
                    assert!(fewer.score() >= more.score());
                }
            }
        }
    }

    #[test]
    fn states_weigh_in_their_order() {
        let order = [State::Open, State::Unknown, State::Guarded, State::Closed];
        let weights = order.map(of_state);
        assert!(weights.is_sorted_by(|a, b| a > b), "{weights:?}");
        // By the weights of the difficulties of entering (techniques section 10).
        for (state, weight) in order.into_iter().zip(weights) {
            let effort = state.difficulty().map(|one| u64::from(one.weight()));
            assert_eq!(effort.map_or(0, |effort| FULL / effort), weight);
        }
    }
}
