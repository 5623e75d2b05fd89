//! The cheapest set that hits a list of sets, by branch and bound.
//!
//! Supersets are dropped, since what hits the smaller set hits them; then sets that share no
//! item with each other fall into parts, solved one by one. In a part the set with the fewest
//! items left is branched on: some item of it is chosen, and an item once tried is ruled out in
//! the branches after it. The bound of a branch is a dual ascent: each set in turn takes the
//! room that its tightest item has left. Costs are integers and so are all bounds.

use crate::set::BitSet;

/// What is known of a list of sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// A set that hits all, ascending; a cheapest one if it costs the bound.
    pub(crate) items: Vec<u32>,
    /// What it costs.
    pub(crate) cost: u64,
    /// What any costs at least.
    pub(crate) bound: u64,
}

/// Positions of the sets that contain no other; of equal sets the first.
pub(crate) fn minimal(sets: &[&[u32]]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sets.len()).collect();
    order.sort_by_key(|&at| (sets[at].len(), sets[at], at));
    let items = sets.iter().flat_map(|set| set.iter()).max().map_or(0, |&item| item as usize + 1);
    // Kept sets by their first item: a subset's first item is in the superset.
    let mut by_first: Vec<Vec<usize>> = vec![Vec::new(); items];
    let mut kept = Vec::new();
    for at in order {
        let set = sets[at];
        let within = |small: &[u32]| small.iter().all(|item| set.binary_search(item).is_ok());
        let covered = set
            .iter()
            .any(|&item| by_first[item as usize].iter().any(|&other| within(sets[other])));
        if !covered {
            if let Some(&first) = set.first() {
                by_first[first as usize].push(at);
            }
            kept.push(at);
        }
    }
    kept.sort_unstable();
    kept
}

/// A good set: the item that hits most for its cost, again and again; then what is not needed
/// is taken out and items are exchanged, one or two for one, while that is cheaper.
pub(crate) fn greedy(sets: &[&[u32]], cost: &[u64]) -> Vec<u32> {
    let mut holding: Vec<Vec<u32>> = vec![Vec::new(); cost.len()];
    for (at, set) in sets.iter().enumerate() {
        for &item in *set {
            holding[item as usize].push(at as u32);
        }
    }
    let mut gain: Vec<u64> = holding.iter().map(|sets| sets.len() as u64).collect();
    let mut hits = vec![0u32; sets.len()];
    let mut chosen = BitSet::new(cost.len());
    let used: Vec<u32> = (0..cost.len() as u32).filter(|&item| gain[item as usize] > 0).collect();
    loop {
        // Most sets for the cost: compare gain / cost by cross products.
        let best = used.iter().copied().filter(|&item| gain[item as usize] > 0).reduce(|a, b| {
            let value = |one: u32, other: u32| {
                u128::from(gain[one as usize]) * u128::from(cost[other as usize])
            };
            if value(b, a) > value(a, b) { b } else { a }
        });
        let Some(item) = best else { break };
        chosen.insert(item as usize);
        for &set in &holding[item as usize] {
            hits[set as usize] += 1;
            if hits[set as usize] == 1 {
                sets[set as usize].iter().for_each(|&other| gain[other as usize] -= 1);
            }
        }
    }
    exchange(sets, cost, &holding, &mut hits, &mut chosen);
    chosen.iter().map(|item| item as u32).collect()
}

/// Rounds of exchange and pairs looked at in each: enough for local optima in practice.
const ROUNDS: usize = 64;
const PAIRS: usize = 20_000;

fn exchange(
    sets: &[&[u32]],
    cost: &[u64],
    holding: &[Vec<u32>],
    hits: &mut [u32],
    chosen: &mut BitSet,
) {
    let change = |hits: &mut [u32], chosen: &mut BitSet, item: u32, add: bool| {
        for &set in &holding[item as usize] {
            match add {
                true => hits[set as usize] += 1,
                false => hits[set as usize] -= 1,
            }
        }
        match add {
            true => _ = chosen.insert(item as usize),
            false => chosen.remove(item as usize),
        }
    };
    for _ in 0..ROUNDS {
        let mut order: Vec<u32> = chosen.iter().map(|item| item as u32).collect();
        order.sort_by_key(|&item| (std::cmp::Reverse(cost[item as usize]), item));
        for &item in &order {
            if holding[item as usize].iter().all(|&set| hits[set as usize] > 1) {
                change(hits, chosen, item, false);
            }
        }
        order.retain(|&item| chosen.contains(item as usize));
        // Sets that only the given items hit, and an item in all of them that costs less.
        let substitute = |hits: &[u32], out: &[u32]| -> Option<u32> {
            let spent: u64 = out.iter().map(|&item| cost[item as usize]).sum();
            let mut common: Option<Vec<u32>> = None;
            for &set in out.iter().flat_map(|&item| &holding[item as usize]) {
                let set_items = sets[set as usize];
                let by = out.iter().filter(|item| set_items.binary_search(item).is_ok()).count();
                if hits[set as usize] as usize > by {
                    continue;
                }
                match &mut common {
                    None => common = Some(set_items.to_vec()),
                    Some(known) => known.retain(|item| set_items.binary_search(item).is_ok()),
                }
            }
            common?
                .into_iter()
                .filter(|&item| cost[item as usize] < spent && !chosen.contains(item as usize))
                .min_by_key(|&item| (cost[item as usize], item))
        };
        let ones = order.iter().map(|&item| vec![item]);
        let twos = order
            .iter()
            .enumerate()
            .flat_map(|(at, &a)| order[at + 1..].iter().map(move |&b| vec![a, b]));
        let better = ones
            .chain(twos.take(PAIRS))
            .find_map(|out| substitute(hits, &out).map(|item| (out, item)));
        let Some((out, item)) = better else { break };
        for gone in out {
            change(hits, chosen, gone, false);
        }
        change(hits, chosen, item, true);
    }
}

/// The cheapest set, or the best that the budget of branches finds with a bound.
pub(crate) fn cheapest(
    sets: &[&[u32]],
    cost: &[u64],
    branches: &mut u64,
    stop: &mut dyn FnMut() -> bool,
) -> Hit {
    let kept: Vec<&[u32]> = minimal(sets).into_iter().map(|at| sets[at]).collect();
    let mut result = Hit { items: Vec::new(), cost: 0, bound: 0 };
    for part in parts(&kept, cost.len()) {
        let hit = solve_part(&part, cost, branches, stop);
        result.items.extend(hit.items);
        result.cost += hit.cost;
        result.bound += hit.bound;
    }
    result.items.sort_unstable();
    result
}

/// Groups of sets that share no item with another group.
fn parts<'s>(sets: &[&'s [u32]], items: usize) -> Vec<Vec<&'s [u32]>> {
    let mut parent: Vec<u32> = (0..items as u32).collect();
    fn root(parent: &mut [u32], mut item: u32) -> u32 {
        while parent[item as usize] != item {
            parent[item as usize] = parent[parent[item as usize] as usize];
            item = parent[item as usize];
        }
        item
    }
    for set in sets {
        for pair in set.windows(2) {
            let (a, b) = (root(&mut parent, pair[0]), root(&mut parent, pair[1]));
            parent[a.max(b) as usize] = a.min(b);
        }
    }
    let mut groups: std::collections::BTreeMap<u32, Vec<&[u32]>> =
        std::collections::BTreeMap::new();
    for set in sets {
        if let Some(&first) = set.first() {
            groups.entry(root(&mut parent, first)).or_default().push(set);
        }
    }
    groups.into_values().collect()
}

/// A set that is branched on: its items, and how many have been tried.
struct Branch {
    items: Vec<u32>,
    tried: usize,
}

fn solve_part(
    sets: &[&[u32]],
    cost: &[u64],
    branches: &mut u64,
    stop: &mut dyn FnMut() -> bool,
) -> Hit {
    let mut best = greedy(sets, cost);
    let mut best_cost: u64 = best.iter().map(|&item| cost[item as usize]).sum();
    let mut holding: Vec<Vec<u32>> = vec![Vec::new(); cost.len()];
    for (at, set) in sets.iter().enumerate() {
        for &item in *set {
            holding[item as usize].push(at as u32);
        }
    }
    let mut hits = vec![0u32; sets.len()];
    let mut barred = BitSet::new(cost.len());
    let mut room = vec![0u64; cost.len()];
    let mut stack: Vec<Branch> = Vec::new();
    let (least, first) = look(sets, cost, &hits, &barred, &mut room);
    let bound = least;
    if bound >= best_cost {
        return Hit { items: best, cost: best_cost, bound: best_cost };
    }
    stack.extend(first.map(|items| Branch { items, tried: 0 }));
    let mut spent = 0;
    while let Some(branch) = stack.last_mut() {
        // Undo the item that was tried last and rule it out.
        if let Some(last) = branch.tried.checked_sub(1) {
            let item = branch.items[last];
            spent -= cost[item as usize];
            holding[item as usize].iter().for_each(|&set| hits[set as usize] -= 1);
            barred.insert(item as usize);
        }
        let Some(&item) = branch.items.get(branch.tried) else {
            branch.items.iter().for_each(|&item| barred.remove(item as usize));
            stack.pop();
            continue;
        };
        if *branches == 0 || stop() {
            return Hit { items: best, cost: best_cost, bound };
        }
        *branches -= 1;
        branch.tried += 1;
        spent += cost[item as usize];
        holding[item as usize].iter().for_each(|&set| hits[set as usize] += 1);
        if spent >= best_cost {
            continue;
        }
        let (least, next) = look(sets, cost, &hits, &barred, &mut room);
        if spent.saturating_add(least) >= best_cost {
            continue;
        }
        match next {
            Some(items) => stack.push(Branch { items, tried: 0 }),
            None => {
                best_cost = spent;
                best = stack.iter().map(|branch| branch.items[branch.tried - 1]).collect();
                best.sort_unstable();
            }
        }
    }
    Hit { items: best, cost: best_cost, bound: best_cost }
}

/// A lower bound of what the sets that are not hit cost, and the items of the one with the
/// fewest left.
fn look(
    sets: &[&[u32]],
    cost: &[u64],
    hits: &[u32],
    barred: &BitSet,
    room: &mut [u64],
) -> (u64, Option<Vec<u32>>) {
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (at, set) in sets.iter().enumerate().filter(|(at, _)| hits[*at] == 0) {
        let mut left = 0;
        for &item in *set {
            room[item as usize] = cost[item as usize];
            left += usize::from(!barred.contains(item as usize));
        }
        if left == 0 {
            return (u64::MAX, None);
        }
        open.push((left, at));
    }
    open.sort_unstable();
    let mut least = 0u64;
    for &(_, at) in &open {
        let free = || sets[at].iter().filter(|item| !barred.contains(**item as usize));
        let tightest = free().map(|&item| room[item as usize]).min().unwrap_or(0);
        free().for_each(|&item| room[item as usize] -= tightest);
        least += tightest;
    }
    let next = open.first().map(|&(_, at)| {
        let mut items: Vec<u32> =
            sets[at].iter().copied().filter(|&item| !barred.contains(item as usize)).collect();
        // What hits most for its cost first: a cheap set is soon known.
        items.sort_by_cached_key(|&item| {
            let share = cost[item as usize] * 1_000 / holding_of(sets, hits, item).max(1);
            (share, item)
        });
        items
    });
    (least, next)
}

/// How many sets that are not hit hold an item.
fn holding_of(sets: &[&[u32]], hits: &[u32], item: u32) -> u64 {
    let open = sets.iter().zip(hits).filter(|(_, hits)| **hits == 0);
    open.filter(|(set, _)| set.binary_search(&item).is_ok()).count() as u64
}
