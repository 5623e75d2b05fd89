//! The curve of a plan file is checked: what its points leave, and what they say that nothing goes
//! below.

use ringfort_attack::{Attack, Engines};
use ringfort_graph::cut::{FixId, Remains, remains};
use ringfort_plan::{CheckError, PlanFile, PointFile, Wish, Work, plan, pose};

mod clusters;

use clusters::demo;

/// The demo's plan of so many changes at the most, and how it checks after some forgery.
struct Forged<'a> {
    attack: &'a Attack<'a>,
    file: PlanFile,
}

impl<'a> Forged<'a> {
    fn new(attack: &'a Attack<'a>, most: Option<usize>) -> Self {
        let wish = Wish { most, ..Wish::default() };
        let mut work = Work { visits: u64::MAX, stop: &mut || false };
        let plan = plan(attack.context.cluster, attack, &wish, &mut work).expect("a plan");
        Self { attack, file: PlanFile::new(attack, &wish, &plan) }
    }

    fn check_for(&self, forge: impl Fn(&mut PlanFile), steps: usize) -> Result<String, CheckError> {
        let mut file = self.file.clone();
        forge(&mut file);
        let mut left = steps;
        let mut stop = || match left.checked_sub(1) {
            Some(less) => {
                left = less;
                false
            }
            None => true,
        };
        file.check(self.attack.context.cluster, self.attack, &mut stop)
    }

    fn check(&self, forge: impl Fn(&mut PlanFile)) -> Result<String, CheckError> {
        self.check_for(forge, usize::MAX)
    }

    /// The place where the file is told to be wrong.
    fn differs(&self, forge: impl Fn(&mut PlanFile)) -> String {
        match self.check(forge) {
            Err(CheckError::Differs { what, .. }) => what,
            other => panic!("{other:?}"),
        }
    }

    /// The same of each point, by its number.
    fn each(&self, what: &str, forge: impl Fn(&mut PointFile) -> bool) {
        let mut forged = 0;
        for at in 0..self.file.curve.len() {
            if !forge(&mut self.file.curve[at].clone()) {
                continue;
            }
            forged += 1;
            let said = self.differs(|file| _ = forge(&mut file.curve[at]));
            assert_eq!(said, format!("{what} of point {at} of the curve"));
        }
        assert!(forged > 0, "no point to forge {what} of");
    }
}

#[test]
fn each_point_says_what_its_changes_cost_and_leave() {
    let cluster = demo();
    let engines = Engines::new(&cluster);
    let attack = Attack::new(&cluster, &engines);
    let whole = Forged::new(&attack, None);
    assert!(whole.file.curve.len() > 3 && whole.file.curve[1].pairs > 1);
    assert!(whole.check(|_| ()).is_ok());
    whole.each("changes", |point| {
        point.changes += 1;
        true
    });
    whole.each("cost", |point| {
        point.cost += 1;
        true
    });
    whole.each("pairs", |point| {
        point.pairs += 1;
        true
    });
    whole.each("pairs", |point| {
        let some = point.pairs > 0;
        point.pairs -= usize::from(some);
        point.at_least = point.at_least.min(point.pairs);
        point.exact = point.at_least == point.pairs;
        some
    });
    whole.each("targets", |point| {
        point.targets += 1;
        true
    });
    whole.each("entries", |point| {
        point.entries += 1;
        true
    });
    whole.each("exact", |point| {
        point.exact = !point.exact;
        true
    });
    whole.each("a change", |point| {
        point.fixes.iter_mut().for_each(|id| id.push('x'));
        !point.fixes.is_empty()
    });
    whole.each("different changes", |point| {
        let first = point.fixes.first().cloned().unwrap_or_default();
        point.fixes.fill(first);
        point.fixes.len() > 1
    });
    whole.each("changes that are listed", |point| {
        point.fixes.extend(point.fixes.first().cloned());
        !point.fixes.is_empty()
    });
    // A point that its own changes prove, and that is worse than the one before.
    let said = whole.differs(|file| {
        let before = file.curve[1].clone();
        let spare = &file.curve[3].fixes;
        let other: Vec<String> =
            spare.iter().filter(|id| !before.fixes.contains(id)).cloned().collect();
        file.curve[2].fixes = other[..2].to_vec();
    });
    assert!(said.ends_with("of point 2 of the curve"), "{said}");
}

#[test]
fn what_nothing_goes_below_is_worked_out_again() {
    let cluster = demo();
    let engines = Engines::new(&cluster);
    let attack = Attack::new(&cluster, &engines);
    let short = Forged::new(&attack, Some(2));
    let point = &short.file.curve[2];
    assert_eq!(
        (short.file.certificate.is_none(), short.file.least_left),
        (true, Some(point.at_least))
    );
    assert!(short.check(|_| ()).is_ok());
    // More than the point says is another plan's, and more than is true is refused with it.
    let bound = |file: &mut PlanFile, least: usize| {
        let point = &mut file.curve[2];
        point.at_least = least;
        point.exact = least == point.pairs;
        file.least_left = Some(least);
    };
    assert_eq!(
        short.differs(|file| file.least_left = Some(point.at_least + 1)),
        "pairs left at the least"
    );
    let raised = short.differs(|file| bound(file, file.curve[2].pairs + 1));
    assert_eq!(raised, "at_least of point 2 of the curve");
    // Less may be claimed, if it is claimed of more changes as well and in the closing line.
    let whole = Forged::new(&attack, None);
    let lower = |file: &mut PlanFile| {
        for point in &mut file.curve[1..] {
            point.at_least = 0;
            point.exact = point.pairs == 0;
        }
    };
    assert!(whole.file.curve[1].at_least > 0 && whole.check(lower).is_ok());
    // A choice that is not the best, told as the best: all that is said of itself is true.
    let posed = pose(&attack, &Wish::default()).expect("a problem");
    let all = (0..posed.catalogue.fixes.len() as u32).map(FixId);
    let counted = all.filter_map(|fix| {
        posed.problem.cost(fix)?;
        Some((fix, remains(&posed.problem, &[fix], &mut || false)?))
    });
    let (fix, left) = counted.max_by_key(|(_, left): &(FixId, Remains)| left.pairs).expect("a fix");
    let best = whole.file.curve[1].clone();
    assert!(best.exact && left.pairs > best.pairs, "some fix is worse than the best");
    let told = PointFile {
        changes: 1,
        fixes: vec![posed.catalogue.fixes[fix.index()].id.clone()],
        cost: u64::from(posed.catalogue.fixes[fix.index()].cost),
        pairs: left.pairs,
        targets: left.targets,
        entries: left.entries,
        at_least: left.pairs,
        exact: true,
    };
    let said = whole.differs(|file| file.curve[1] = told.clone());
    assert_eq!(said, "at_least of point 1 of the curve");
    let honest = PointFile { at_least: best.at_least, exact: false, ..told };
    assert!(whole.check(|file| file.curve[1] = honest.clone()).is_ok());
}

#[test]
fn what_the_clock_ends_is_not_verified() {
    let cluster = demo();
    let engines = Engines::new(&cluster);
    let attack = Attack::new(&cluster, &engines);
    for most in [None, Some(2)] {
        let forged = Forged::new(&attack, most);
        let mut ended = 0;
        for steps in 0..4 {
            match forged.check_for(|_| (), steps) {
                Err(CheckError::Unverified(what)) => {
                    assert!(what.ends_with("of the curve"), "{what}");
                    ended += 1;
                }
                other => panic!("{steps} steps: {other:?}"),
            }
        }
        assert_eq!(ended, 4);
    }
}
