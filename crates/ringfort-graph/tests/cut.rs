//! The solver against every choice of fixes, its certificates against the checker, and
//! tampered ones against both, on random graphs.

use proptest::prelude::*;
use ringfort_graph::cut::{
    Answer, Certificate, FixId, FixTable, Goal, Limits, Problem, Proof, Solution, check, redundant,
    solve, uncuttable, without_uncuttable,
};
use ringfort_graph::{BitSet, Graph, GraphBuilder, Kind, NodeId, reach};

mod random;

use random::{Case, Shape, case, run};

/// A plain greedy: while something is connected, the cheapest fix of an easiest derivation.
fn greedy(problem: &Problem<'_>) -> u64 {
    let mut chosen: Vec<FixId> = Vec::new();
    loop {
        let blocked = problem.blocked_by(&chosen);
        let found = problem.goals.iter().find_map(|goal| {
            let easiest = ringfort_graph::easiest(problem.graph, &goal.entries, &blocked);
            goal.targets.iter().find_map(|&target| easiest.derivation(problem.graph, target))
        });
        let Some(found) = found else { break };
        let fixes = problem.fixes_of(&found.edges);
        let best = fixes.into_iter().min_by_key(|&fix| problem.cost(fix)).expect("it can be cut");
        chosen.push(best);
    }
    chosen.into_iter().filter_map(|fix| problem.cost(fix)).map(u64::from).sum()
}

fn holds(case: &Case) -> Result<Option<Solution>, TestCaseError> {
    let graph = case.graph();
    let mut problem = case.problem(&graph);
    let cheapest = case.cheapest();
    let solution = match run(&problem, 10_000, 100_000) {
        Answer::Impossible(uncuttable) => {
            prop_assert_eq!(cheapest, None);
            // Its edges alone lead to the target, and nothing may be done about them.
            let mut others = BitSet::new(graph.edge_count());
            (0..graph.edge_count()).for_each(|edge| _ = others.insert(edge));
            for &edge in &uncuttable.edges {
                others.remove(edge.index());
                prop_assert_eq!(problem.cutting(edge).count(), 0);
            }
            let goal = &problem.goals[uncuttable.goal];
            prop_assert!(goal.targets.contains(&uncuttable.target));
            let reached = reach(&graph, &goal.entries, &others);
            prop_assert!(reached.contains(uncuttable.target.index()));
            // Without the targets that no cut protects there is a cut.
            prop_assert!(!without_uncuttable(&mut problem).is_empty());
            prop_assert!(uncuttable_is_empty(&problem));
            let Answer::Cut(solution) = run(&problem, 10_000, 100_000) else {
                return Err(TestCaseError::fail("what is left has a cut"));
            };
            prop_assert!(check(&problem, &solution.certificate()).is_ok());
            return Ok(None);
        }
        Answer::Cut(solution) => solution,
    };
    prop_assert_eq!(Some(solution.cost), cheapest);
    prop_assert!(solution.is_optimal(), "bound {} of {}", solution.bound, solution.cost);
    prop_assert!(solution.cost <= greedy(&problem));
    let proven = check(&problem, &solution.certificate());
    prop_assert!(proven.as_ref().is_ok_and(|proven| proven.is_optimal()), "{:?}", proven);
    prop_assert_eq!(redundant(&problem, &solution.fixes), vec![]);
    prop_assert_eq!(&Answer::Cut(solution.clone()), &run(&problem, 10_000, 100_000));
    Ok(Some(solution))
}

fn uncuttable_is_empty(problem: &Problem<'_>) -> bool {
    uncuttable(problem).is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn single_places_equal_brute_force(case in case(false)) {
        if let Some(solution) = holds(&case)? {
            // Where no AND node takes part and fixes are single places, flow alone proves it.
            if matches!(case.goals, Shape::Together) {
                prop_assert_eq!(solution.proof.name(), "packing");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(7_000))]

    #[test]
    fn shared_fixes_equal_brute_force(case in case(true)) {
        holds(&case)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn work_may_end_at_any_step(case in case(true), searches in 0u64..12, branches in 0u64..4) {
        let graph = case.graph();
        let problem = case.problem(&graph);
        if let Answer::Cut(solution) = run(&problem, searches, branches) {
            let cheapest = case.cheapest().expect("a cut was found");
            prop_assert!(solution.bound <= cheapest && cheapest <= solution.cost);
            let proven = check(&problem, &solution.certificate());
            prop_assert!(proven.is_ok(), "{:?}", proven);
            prop_assert_eq!(redundant(&problem, &solution.fixes), vec![]);
        }
    }

    #[test]
    fn tampered_certificates_are_refused(case in case(true)) {
        let graph = case.graph();
        let problem = case.problem(&graph);
        let Answer::Cut(solution) = run(&problem, 10_000, 100_000) else { return Ok(()) };
        let good = solution.certificate();
        let text = serde_json::to_string(&good).expect("it is data");
        let back: Certificate = serde_json::from_str(&text).expect("it reads what it writes");
        prop_assert_eq!(&back, &good);
        for (what, bad) in tampered(&good, case.costs.len() as u32) {
            prop_assert!(check(&problem, &bad).is_err(), "{}: {:?}", what, bad);
        }
        // A proof that was touched is refused, or proves the same all the same.
        for bad in touched(&good, case.edges.len() as u32) {
            if let Ok(proven) = check(&problem, &bad) {
                prop_assert_eq!((proven.cost, proven.bound), (good.cost, good.bound));
            }
        }
    }
}

/// Certificates that claim something else.
fn tampered(good: &Certificate, fixes: u32) -> Vec<(&'static str, Certificate)> {
    let mut bad = Vec::new();
    let mut add = |what, change: &dyn Fn(&mut Certificate)| {
        let mut one = good.clone();
        change(&mut one);
        bad.push((what, one));
    };
    add("version", &|one| one.version += 1);
    add("cost", &|one| one.cost += 1);
    add("bound up", &|one| one.bound += 1);
    add("an unknown fix", &|one| one.fixes.push(fixes));
    if good.bound > 0 {
        add("bound down", &|one| one.bound -= 1);
        add("no proof", &|one| one.proof = Proof::Packing { derivations: Vec::new() });
    }
    for at in 0..good.fixes.len() {
        add("a fix twice", &|one| one.fixes.insert(at, one.fixes[at]));
        // Without the fix something is connected, at whatever cost.
        add("a fix less", &|one| _ = one.fixes.remove(at));
    }
    if let Proof::Dual { derivations, .. } = &good.proof {
        let derivations = derivations.clone();
        add("whole weights", &|one| {
            one.proof = Proof::Packing { derivations: derivations.clone() };
        });
        let derivations = derivations.clone();
        add("denominator", &|one| {
            one.proof = Proof::Dual { denominator: 0, derivations: derivations.clone() };
        });
    }
    for at in 0..good.proof.derivations().len() {
        let mut change = |what, change: &dyn Fn(&mut ringfort_graph::cut::Evidence)| {
            add(what, &|one| {
                let (Proof::Packing { derivations }
                | Proof::Dual { derivations, .. }
                | Proof::Core { derivations }) = &mut one.proof;
                change(&mut derivations[at]);
            });
        };
        change("goal", &|one| one.goal = 99);
        change("target", &|one| one.target = 99);
        change("an edge less", &|one| _ = one.edges.pop());
        change("an edge twice", &|one| one.edges.push(one.edges[0]));
        change("an unknown edge", &|one| one.edges.push(9_999));
        change("no edge", &|one| one.edges.clear());
        change("a fix less", &|one| _ = one.fixes.pop());
        change("a fix more", &|one| one.fixes.push(9_999));
        change("no weight", &|one| one.weight = 0);
        let longer = good.proof.derivations()[at].edges.len() > 1;
        if longer {
            change("the first edge less", &|one| _ = one.edges.remove(0));
        }
        if !matches!(good.proof, Proof::Dual { .. }) {
            change("weight", &|one| one.weight += 1);
        }
    }
    bad
}

/// Certificates whose proof was touched somewhere.
fn touched(good: &Certificate, edges: u32) -> Vec<Certificate> {
    let mut bad = Vec::new();
    for at in 0..good.proof.derivations().len() {
        let mut add = |change: &dyn Fn(&mut Vec<ringfort_graph::cut::Evidence>)| {
            let mut one = good.clone();
            let (Proof::Packing { derivations }
            | Proof::Dual { derivations, .. }
            | Proof::Core { derivations }) = &mut one.proof;
            change(derivations);
            bad.push(one);
        };
        add(&|list| _ = list.remove(at));
        add(&|list| list.push(list[at].clone()));
        add(&|list| list[at].weight *= 2);
        add(&|list| list[at].edges.reverse());
        for edge in 0..edges {
            add(&|list| list[at].edges[0] = edge);
            add(&|list| list[at].edges.push(edge));
        }
    }
    bad
}

/// One edge for each set, from the entry to the target: what must be hit are the sets.
fn sets(sets: &[&[u32]], costs: &[u32]) -> (Graph, FixTable, Vec<Option<u32>>) {
    let mut builder = GraphBuilder::new();
    let (entry, target) = (builder.add_node(Kind::Or), builder.add_node(Kind::Or));
    let mut pairs = Vec::new();
    for set in sets {
        let edge = builder.add_edge(entry, target, 1);
        pairs.extend(set.iter().map(|&fix| (edge, FixId(fix))));
    }
    let table = FixTable::new(sets.len(), pairs);
    (builder.build(), table, costs.iter().copied().map(Some).collect())
}

fn solved(list: &[&[u32]], costs: &[u32]) -> (Solution, &'static str) {
    let (graph, fixes_of_edge, costs) = sets(list, costs);
    let goals = vec![Goal::together(&[NodeId(0)], &[NodeId(1)])];
    let problem = Problem { graph: &graph, goals, fixes_of_edge, costs };
    let Answer::Cut(solution) = run(&problem, 1_000, 100_000) else { panic!("there is a cut") };
    let proven = check(&problem, &solution.certificate()).expect("it checks");
    assert!(proven.is_optimal());
    let name = solution.proof.name();
    (solution, name)
}

#[test]
fn each_proof_where_it_is_needed() {
    // Two sets apart: whole weights.
    let (solution, proof) = solved(&[&[0, 1], &[2, 3]], &[2, 3, 5, 4]);
    assert_eq!((solution.cost, proof), (6, "packing"));
    // Three sets, each two sharing one: halves, 1.5 rounded up.
    let (solution, proof) = solved(&[&[0, 1], &[1, 2], &[0, 2]], &[1, 1, 1]);
    assert_eq!((solution.cost, proof), (2, "dual"));
    // All pairs of five: halves give 2.5, the truth is 4.
    let all: Vec<Vec<u32>> = (0..5u32).flat_map(|a| (a + 1..5).map(move |b| vec![a, b])).collect();
    let all: Vec<&[u32]> = all.iter().map(Vec::as_slice).collect();
    let (solution, proof) = solved(&all, &[1; 5]);
    assert_eq!((solution.cost, proof), (4, "core"));
}

#[test]
fn what_needs_two_positions_is_cut_at_either() {
    // Two entries, an AND node that needs both, a target.
    let mut builder = GraphBuilder::new();
    let [a, b, target] = [(); 3].map(|()| builder.add_node(Kind::Or));
    let both = builder.add_node(Kind::And);
    let first = builder.add_edge(a, both, 1);
    let second = builder.add_edge(b, both, 1);
    builder.add_edge(both, target, 1);
    let graph = builder.build();
    let mut problem = Problem {
        graph: &graph,
        goals: vec![Goal::together(&[a, b], &[target])],
        fixes_of_edge: FixTable::new(3, [(first, FixId(0)), (second, FixId(1))]),
        costs: vec![Some(5), Some(2)],
    };
    let Answer::Cut(solution) = run(&problem, 1_000, 1_000) else { panic!("there is a cut") };
    assert_eq!((solution.fixes, solution.cost, solution.bound), (vec![FixId(1)], 2, 2));
    // No entry gets there by itself.
    problem.goals = Goal::each(&[a, b], &[target]);
    let Answer::Cut(solution) = run(&problem, 1_000, 1_000) else { panic!("nothing to cut") };
    assert_eq!((solution.fixes, solution.cost), (vec![], 0));
    problem.goals = vec![Goal::together(&[a], &[a])];
    assert!(matches!(run(&problem, 1_000, 1_000), Answer::Impossible(_)));
}

/// A graph of layers with so many edges that ways are searched many at a time.
#[test]
fn a_large_net_is_searched_in_bulk() {
    const LAYERS: usize = 8;
    const WIDTH: usize = 250;
    let mut state = 7u64;
    let mut below = |limit: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    for with_and in [false, true] {
        let mut builder = GraphBuilder::new();
        for at in 0..LAYERS * WIDTH {
            let and = with_and && at >= WIDTH && at.is_multiple_of(25);
            builder.add_node(if and { Kind::And } else { Kind::Or });
        }
        let mut pairs = Vec::new();
        for layer in 0..LAYERS - 1 {
            for at in 0..WIDTH * 14 {
                let from = NodeId((layer * WIDTH + below(WIDTH)) as u32);
                // AND nodes get two conditions each.
                let to = (layer + 1) * WIDTH + if at < 20 { at / 2 * 25 } else { below(WIDTH) };
                if at >= 20 && to.is_multiple_of(25) {
                    continue;
                }
                let edge = builder.add_edge(from, NodeId(to as u32), 1);
                // Each layer has fixes of its own and shares some.
                pairs.push((edge, FixId((layer * 12 + below(12)) as u32)));
                if below(3) == 0 {
                    pairs.push((edge, FixId((LAYERS * 12 + below(6)) as u32)));
                }
            }
        }
        let graph = builder.build();
        assert!(graph.edge_count() > 22_000);
        let entries: Vec<NodeId> = (0..WIDTH as u32).map(NodeId).collect();
        let last = ((LAYERS - 1) * WIDTH) as u32;
        let targets: Vec<NodeId> = (last..last + WIDTH as u32).map(NodeId).collect();
        let problem = Problem {
            graph: &graph,
            goals: vec![Goal::together(&entries, &targets)],
            fixes_of_edge: FixTable::new(graph.edge_count(), pairs),
            costs: (0..LAYERS * 12 + 6).map(|_| Some(1 + below(5) as u32)).collect(),
        };
        // A clock that counts: the same steps on every machine.
        let mut asked = 0;
        let mut stop = || {
            asked += 1;
            asked > 400
        };
        let mut limits = Limits { searches: 8, branches: 200, stop: &mut stop };
        let Answer::Cut(solution) = solve(&problem, &mut limits) else {
            panic!("every edge has a fix");
        };
        let proven = check(&problem, &solution.certificate()).expect("it checks");
        assert_eq!((proven.cost, proven.bound), (solution.cost, solution.bound));
        assert_eq!(redundant(&problem, &solution.fixes), vec![]);
        // All fixes of one layer are a cut.
        let layer = (0..12).filter_map(|fix| problem.cost(FixId(fix)));
        assert!(solution.cost <= layer.map(u64::from).sum());
        assert!(solution.bound > 0);
    }
}

/// Many fixes that are shared by edges everywhere: neither the greedy packing nor the greedy cut
/// is worth much there, and no tableau holds the problem.
#[test]
fn shared_fixes_are_bounded_from_both_sides() {
    const LAYERS: usize = 6;
    const WIDTH: usize = 60;
    const OWN: usize = 70;
    const SHARED: usize = 40;
    let mut state = 11u64;
    let mut below = |limit: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    let mut builder = GraphBuilder::new();
    (0..LAYERS * WIDTH).for_each(|_| _ = builder.add_node(Kind::Or));
    let mut pairs = Vec::new();
    for layer in 0..LAYERS - 1 {
        for _ in 0..WIDTH * 5 {
            let from = NodeId((layer * WIDTH + below(WIDTH)) as u32);
            let to = NodeId(((layer + 1) * WIDTH + below(WIDTH)) as u32);
            let edge = builder.add_edge(from, to, 1);
            pairs.push((edge, FixId((layer * OWN + below(OWN)) as u32)));
            if below(2) == 0 {
                pairs.push((edge, FixId((LAYERS * OWN + below(SHARED)) as u32)));
            }
        }
    }
    let graph = builder.build();
    let entries: Vec<NodeId> = (0..WIDTH as u32 / 4).map(NodeId).collect();
    let last = ((LAYERS - 1) * WIDTH) as u32;
    let targets: Vec<NodeId> = (last..last + WIDTH as u32 / 8).map(NodeId).collect();
    let problem = Problem {
        graph: &graph,
        goals: vec![Goal::together(&entries, &targets)],
        fixes_of_edge: FixTable::new(graph.edge_count(), pairs),
        costs: (0..LAYERS * OWN + SHARED).map(|_| Some([1, 2, 5, 12][below(4)])).collect(),
    };
    // The same steps on every machine.
    let mut never = || false;
    let mut limits = Limits { searches: 400, branches: 200, stop: &mut never };
    let Answer::Cut(solution) = solve(&problem, &mut limits) else {
        panic!("every edge has a fix");
    };
    let proven = check(&problem, &solution.certificate()).expect("it checks");
    assert_eq!((proven.cost, proven.bound), (solution.cost, solution.bound));
    assert_eq!(redundant(&problem, &solution.fixes), vec![]);
    assert!(solution.bound * 100 >= solution.cost * 85, "{} {}", solution.bound, solution.cost);
    let mut limits = Limits { searches: 400, branches: 200, stop: &mut never };
    let again = solve(&problem, &mut limits);
    assert_eq!(again, Answer::Cut(solution));
}
