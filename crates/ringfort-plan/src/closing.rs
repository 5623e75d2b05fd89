//! The line that a plan closes with (conventions).
//!
//! A plan that cuts all that can be cut is measured by its cost, a plan cut short by a number of
//! changes by the pairs that it leaves of those that have a cut: no choice of as many changes
//! leaves fewer of them than its bound. Of pairs without a cut nothing is proved: a change that
//! is made for others may close their way in.

use ringfort_language::{Sentence, sentence};

/// What the line says.
pub(crate) struct Closing {
    /// Number of changes.
    pub(crate) changes: usize,
    /// Their cost.
    pub(crate) cost: u64,
    /// What is proved.
    pub(crate) proved: Proved,
    /// Pairs that are connected after the changes.
    pub(crate) left: usize,
    /// Of these, pairs that the graph says are cut.
    pub(crate) wrong: usize,
    /// Pairs that no change cuts.
    pub(crate) uncut: usize,
    /// Pairs that were connected before.
    pub(crate) all: usize,
}

/// What is proved about a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proved {
    /// Whatever cuts the same costs no less.
    Cost(u64),
    /// As many changes leave no fewer of the pairs that have a cut.
    Left(usize),
    /// Nothing.
    Nothing,
}

impl Closing {
    pub(crate) fn line(&self) -> Sentence {
        let Self { changes, cost, left, all, .. } = *self;
        let head = sentence!("plan: {changes} changes, cost {cost}", changes, cost);
        let unbound =
            |head| sentence!("{head}, {left} of {all} pairs left, no bound", head, left, all);
        if self.wrong > 0 {
            let wrong = self.wrong;
            return sentence!(
                "{head}, not proved, {wrong} of {all} pairs are left that it should cut",
                head,
                wrong,
                all
            );
        }
        match self.proved {
            Proved::Cost(_) | Proved::Nothing if all > 0 && self.uncut >= all => {
                sentence!("{head}, none of {all} pairs has a cut", head, all)
            }
            Proved::Nothing => unbound(head),
            // What has no cut is said beside the line.
            Proved::Cost(bound) => {
                let distance = distance(cost, bound);
                sentence!("{head}, bound {bound}, {distance}", head, bound, distance)
            }
            Proved::Left(bound) => {
                let measured = left.saturating_sub(self.uncut);
                if measured < bound {
                    // The changes do more than the graph knows of, and so may others.
                    return unbound(head);
                }
                let distance = distance(measured as u64, bound as u64);
                match self.uncut {
                    0 => sentence!(
                        "{head}, {left} of {all} pairs left, bound {bound} pairs, {distance}",
                        head,
                        left,
                        all,
                        bound,
                        distance
                    ),
                    uncut => sentence!(
                        "{head}, {left} of {all} pairs left, {uncut} without a cut, bound {bound} of the others, {distance}",
                        head,
                        left,
                        all,
                        uncut,
                        bound,
                        distance
                    ),
                }
            }
        }
    }
}

fn distance(reached: u64, bound: u64) -> Sentence {
    match reached.saturating_sub(bound) {
        0 => sentence!("optimal"),
        gap => sentence!("gap {gap}", gap),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optimal_is_said_only_of_what_is_proved() {
        let line = |proved, left, wrong, uncut| {
            Closing { changes: 2, cost: 5, proved, left, wrong, uncut, all: 9 }.line().to_string()
        };
        for (closing, expected) in [
            (line(Proved::Cost(5), 0, 0, 0), "bound 5, optimal"),
            (line(Proved::Cost(3), 0, 0, 0), "bound 3, gap 2"),
            (line(Proved::Cost(5), 4, 0, 4), "bound 5, optimal"),
            (line(Proved::Cost(5), 9, 0, 9), "none of 9 pairs has a cut"),
            (line(Proved::Left(3), 3, 0, 0), "3 of 9 pairs left, bound 3 pairs, optimal"),
            (
                line(Proved::Left(1), 3, 0, 1),
                "3 of 9 pairs left, 1 without a cut, bound 1 of the others, gap 1",
            ),
            (
                line(Proved::Left(2), 3, 0, 1),
                "3 of 9 pairs left, 1 without a cut, bound 2 of the others, optimal",
            ),
            // More is gone than the bound allows: it is none.
            (line(Proved::Left(3), 3, 0, 1), "3 of 9 pairs left, no bound"),
            (line(Proved::Nothing, 3, 0, 0), "3 of 9 pairs left, no bound"),
            (
                line(Proved::Cost(5), 1, 1, 0),
                "not proved, 1 of 9 pairs are left that it should cut",
            ),
        ] {
            assert_eq!(closing, format!("plan: 2 changes, cost 5, {expected}"));
        }
    }
}
