//! Cheaper cuts from a cut: a fix is added and what it makes needless taken out, as long as that
//! pays; then a part of the cut is exchanged.
//!
//! Both are tried in an order that prices suggest: what is worth most and not in the cut comes
//! first. No chance is involved but that of a fixed sequence, so that a run can be repeated.

use std::cmp::Ordering;

use super::net::Net;
use super::problem::Limits;
use super::prune::prune;
use super::route::real;

/// What is dearer for its worth first.
pub(super) fn dearer(net: &Net, worth: &[f64], a: u32, b: u32) -> Ordering {
    let dear = |fix: u32| real(net.cost[fix as usize]) * (1.0 - worth[fix as usize].min(1.0));
    dear(b).total_cmp(&dear(a)).then(a.cmp(&b))
}

/// A search that can be continued.
pub(crate) struct Local {
    /// How much each fix would be worth in a cut.
    worth: Vec<f64>,
    /// What is worth most first.
    order: Vec<u32>,
    /// Whether adding one fix may still pay.
    single: bool,
    state: u64,
}

impl Local {
    pub(crate) fn new(worth: Vec<f64>) -> Self {
        let mut order: Vec<u32> = (0..worth.len() as u32).collect();
        let value = |fix: u32| worth[fix as usize];
        order.sort_by(|&a, &b| value(b).total_cmp(&value(a)).then(a.cmp(&b)));
        Self { worth, order, single: true, state: 0x9e37_79b9_7f4a_7c15 }
    }

    /// A cut that is at most as dear, after so many tries or once it costs no more than the bound.
    pub(crate) fn improved(
        &mut self,
        net: &Net,
        (cut, bound): (Vec<u32>, u64),
        tries: u64,
        limits: &mut Limits<'_>,
    ) -> Vec<u32> {
        let mut best = Cut { cost: net.cost_of(&cut), fixes: cut };
        let mut left = tries;
        // One more, as long as a round of them has paid.
        while self.single {
            let mut paid = false;
            for &fix in &self.order {
                if best.fixes.binary_search(&fix).is_ok() {
                    continue;
                }
                if left == 0 || best.cost <= bound || !limits.search() {
                    return best.fixes;
                }
                left -= 1;
                paid |= best.try_with(net, &[fix], &self.worth);
            }
            self.single = paid;
        }
        // Several more at once, from all over the order.
        while left > 0 && best.cost > bound && limits.search() {
            left -= 1;
            let count = 2 + self.below(6);
            let some: Vec<u32> = (0..count).map(|_| self.draw()).collect();
            best.try_with(net, &some, &self.worth);
        }
        best.fixes
    }

    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.state >> 33) as usize % limit.max(1)
    }

    /// Of two draws the more valuable one.
    fn draw(&mut self) -> u32 {
        let count = self.order.len();
        let at = self.below(count).min(self.below(count));
        self.order[at]
    }
}

struct Cut {
    fixes: Vec<u32>,
    cost: u64,
}

impl Cut {
    /// Adds fixes and takes out what is not needed with them: the added ones last, of the others
    /// those that are dear for what they are worth first. Says whether that is cheaper.
    fn try_with(&mut self, net: &Net, more: &[u32], worth: &[f64]) -> bool {
        let mut all = self.fixes.clone();
        all.extend(more);
        all.sort_unstable();
        all.dedup();
        let mut order = all.clone();
        order.sort_by(|&a, &b| {
            let added = more.contains(&a).cmp(&more.contains(&b));
            added.then_with(|| dearer(net, worth, a, b))
        });
        let Some(fixes) = prune(net, &all, &order) else { return false };
        let cost = net.cost_of(&fixes);
        if cost >= self.cost {
            return false;
        }
        (self.fixes, self.cost) = (fixes, cost);
        true
    }
}
