//! What the first changes buy, on random problems: what is counted, and that nothing goes below what
//! is said.

use proptest::prelude::*;
use ringfort_graph::NodeId;
use ringfort_graph::cut::{Answer, Goal, Limits, Remains, curve, least, remains};

mod random;

use random::{case, run};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_curve_counts_and_ends(case in case(true), exhaustive in prop_oneof![Just(0u64), Just(500)]) {
        let graph = case.graph();
        let problem = case.problem(&graph);
        let Answer::Cut(solution) = run(&problem, 10_000, 100_000) else { return Ok(()) };
        let mut stop = || false;
        let curve = curve(&problem, &solution.fixes, 14, exhaustive, &mut Limits::new(&mut stop));
        let masks: Vec<u32> = case.edges.iter().map(|(_, _, fixes)| {
            fixes.iter().fold(0, |mask, &fix| mask | 1 << fix)
        }).collect();
        let pairs = |choice: u32| -> usize {
            let mut pairs: Vec<(NodeId, NodeId)> = Vec::new();
            for goal in &problem.goals {
                for &entry in &goal.entries {
                    for &target in &goal.targets {
                        let alone = [Goal::together(&[entry], &[target])];
                        if case.connected(&alone, &masks, choice) {
                            pairs.push((entry, target));
                        }
                    }
                }
            }
            pairs.sort_unstable();
            pairs.dedup();
            pairs.len()
        };
        let bounds = least(&problem, 14, exhaustive, &mut Limits::new(&mut || false));
        prop_assert_eq!(bounds.len(), 15);
        for (k, point) in curve.points.iter().enumerate() {
            prop_assert_eq!(point.fixes.len(), k);
            let Remains { pairs: counted, targets, entries } =
                remains(&problem, &point.fixes, &mut || false).expect("no clock");
            prop_assert_eq!((counted, targets, entries), (point.pairs, point.targets, point.entries));
            // The checker knows as much by itself.
            prop_assert_eq!(bounds[k], point.at_least);
            if let Some(before) = k.checked_sub(1).map(|before| &curve.points[before]) {
                prop_assert!(point.pairs <= before.pairs && point.at_least <= before.at_least);
            }
            let choice = point.fixes.iter().fold(0u32, |choice, fix| choice | 1 << fix.0);
            prop_assert_eq!(point.pairs, pairs(choice));
            let connected = problem.goals.iter().filter(|goal| {
                case.connected(std::slice::from_ref(*goal), &masks, choice)
            });
            prop_assert_eq!(point.goals, connected.count());
            prop_assert!(point.at_least <= point.pairs);
            if (k <= 3 || point.exact) && case.costs.len() <= 10 {
                let allowed = |choice: u32| (0..case.costs.len())
                    .all(|fix| choice & (1 << fix) == 0 || case.costs[fix].is_some());
                let best = (0..1u32 << case.costs.len())
                    .filter(|choice| choice.count_ones() as usize <= k && allowed(*choice))
                    .map(pairs)
                    .min()
                    .expect("the empty choice is one");
                prop_assert!(point.at_least <= best, "{} > {}", point.at_least, best);
                if point.exact {
                    prop_assert_eq!(point.pairs, best);
                }
            }
        }
        let last = curve.points.last().expect("no change is a point");
        prop_assert!(last.goals == 0 || curve.points.len() == 15);
    }

    #[test]
    fn work_that_ends_knows_less_and_nothing_wrong(case in case(true), steps in 0usize..40) {
        let graph = case.graph();
        let problem = case.problem(&graph);
        if !matches!(run(&problem, 10_000, 100_000), Answer::Cut(_)) {
            return Ok(());
        }
        let whole = least(&problem, 6, 500, &mut Limits::new(&mut || false));
        let mut left = steps;
        let mut stop = || {
            left = left.saturating_sub(1);
            left == 0
        };
        let ended = least(&problem, 6, 500, &mut Limits::new(&mut stop));
        prop_assert_eq!(ended.len(), whole.len());
        for (ended, whole) in ended.iter().zip(&whole) {
            prop_assert!(ended <= whole, "{} > {}", ended, whole);
        }
        prop_assert_eq!(remains(&problem, &[], &mut || false).expect("no clock").pairs, whole[0]);
        if whole[0] > 0 {
            prop_assert_eq!(remains(&problem, &[], &mut || true), None);
        }
    }
}
