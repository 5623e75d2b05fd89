//! Every suite below one folder, side by side: `clusters`, `suites` and `truth`, and the table
//! of our own, which is part of the program.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ringfort_collect::{Options, Source};
use ringfort_model::Cluster;
use serde::Serialize;

use crate::cases::SuiteError;
use crate::report::{Report, closing, first};
use crate::{automount, escalation, exposure, kubehound, network, origin, podsec, rbac, vap};

/// What is asked of the files of a suite.
type Ask = fn(&[PathBuf]) -> Result<Report, SuiteError>;

/// A suite: its name, its files, the one that says where it comes from first, and the question.
struct Suite {
    name: &'static str,
    files: &'static [&'static str],
    ask: Ask,
}

/// The slow ones first, so that threads end together; output is in the order of [`ORDER`].
const SUITES: &[Suite] = &[
    Suite {
        name: "network cases",
        files: &["suites/netpol", "suites/netpol/cases.jsonl"],
        ask: |files| Ok(network::run(&files[0], &files[1])?.into()),
    },
    Suite {
        name: "kubehound",
        files: &["suites/kubehound/kubehound-facts.json", "suites/kubehound/cluster.tar.zst"],
        ask: |files| Ok((&kubehound::run(&cluster(&files[1])?, &files[0])?).into()),
    },
    Suite {
        name: "vap",
        files: &["suites/vap"],
        ask: |files| Ok(vap::run(&files[0], None)?.into()),
    },
    Suite {
        name: "rbac shop",
        files: &["truth/rbac-shop.jsonl.zst", SHOP],
        ask: |files| Ok(rbac::run(&cluster(&files[1])?, &files[0])?.into()),
    },
    Suite {
        name: "rbac odd",
        files: &["truth/rbac-odd.jsonl.zst", "truth/rbac-odd-cluster.tar.zst"],
        ask: |files| Ok(rbac::run(&cluster(&files[1])?, &files[0])?.into()),
    },
    Suite {
        name: "node",
        files: &["truth/node-shop.jsonl.zst", SHOP],
        ask: |files| Ok(rbac::run_node(&cluster(&files[1])?, &files[0])?.into()),
    },
    Suite {
        name: "escalation",
        files: &["truth/escalation.jsonl.zst", "truth/escalation-cluster.tar.zst"],
        ask: |files| Ok(escalation::run(&cluster(&files[1])?, &files[0])?.into()),
    },
    Suite {
        name: "podsec fixtures",
        files: &["suites/pss"],
        ask: |files| Ok(podsec::run_fixtures(&files[0])?.into()),
    },
    Suite {
        name: "podsec",
        files: &["truth/podsec.jsonl.zst"],
        ask: |files| Ok(podsec::run_cases(&files[0], None)?.into()),
    },
    Suite {
        name: "podsec odd",
        files: &["truth/podsec-odd.jsonl.zst"],
        ask: |files| Ok(podsec::run_cases(&files[0], None)?.into()),
    },
    Suite {
        name: "automount",
        files: &["truth/automount.jsonl.zst"],
        ask: |files| Ok(automount::run_cases(&files[0])?.into()),
    },
    Suite {
        name: "network eval",
        files: &["suites/netpol", "suites/netpol/eval.jsonl"],
        ask: |files| Ok(network::run(&files[0], &files[1])?.into()),
    },
    Suite {
        name: "network errors",
        files: &["suites/netpol", "suites/netpol/errors.jsonl"],
        ask: |files| Ok(network::run(&files[0], &files[1])?.into()),
    },
    Suite { name: "exposure", files: &[], ask: |_| Ok(exposure::run_own()?.into()) },
];

const SHOP: &str = "clusters/shop.tar.zst";

/// How the suites are listed.
const ORDER: &[&str] = &[
    "rbac shop",
    "rbac odd",
    "node",
    "escalation",
    "podsec fixtures",
    "podsec",
    "podsec odd",
    "automount",
    "kubehound",
    "network cases",
    "network eval",
    "network errors",
    "exposure",
    "vap",
];

fn cluster(path: &Path) -> Result<Cluster, SuiteError> {
    let source = Source::Path(path.to_owned());
    let collected = ringfort_collect::read(&source, &Options::default());
    let place = path.display().to_string();
    Ok(collected.map_err(|error| SuiteError::format(place, &error))?.cluster)
}

/// What became of a suite.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Ran {
    /// It was asked.
    Reported(Report),
    /// Its files are not there.
    Skipped {
        /// Name of the suite.
        suite: String,
        /// The file that is missing.
        skipped: String,
    },
    /// Its files cannot be read.
    Failed {
        /// Name of the suite.
        suite: String,
        /// Why not.
        error: String,
    },
}

impl Ran {
    /// The suite in one line.
    #[must_use]
    pub fn line(&self) -> String {
        match self {
            Self::Reported(report) => report.line(),
            Self::Skipped { suite, skipped } => format!("{suite}: skipped, no {skipped}"),
            Self::Failed { suite, error } => format!("{suite}: cannot be asked: {error}"),
        }
    }

    fn holds(&self) -> bool {
        match self {
            Self::Reported(report) => report.holds(),
            Self::Skipped { .. } => true,
            Self::Failed { .. } => false,
        }
    }
}

/// Every suite in the order in which they are listed.
#[derive(Clone, Debug)]
pub struct All {
    /// What became of each.
    pub suites: Vec<Ran>,
}

impl All {
    /// Whether every suite that is there agrees.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.suites.iter().all(Ran::holds)
    }

    /// A line for each suite, the first disagreements, and `agree N of M` over all.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for ran in &self.suites {
            let _ = writeln!(text, "{}", ran.line());
        }
        let reports = || {
            self.suites.iter().filter_map(|ran| match ran {
                Ran::Reported(report) => Some(report),
                _ => None,
            })
        };
        let wrong = reports().flat_map(|report| {
            report.disagreements.iter().map(|line| format!("{}: {line}", report.suite))
        });
        text.push_str(&first(wrong));
        let sum = |of: fn(&Report) -> usize| reports().map(of).sum();
        let explained = sum(|report| report.explained.len());
        text.push_str(&closing(sum(|report| report.agree), sum(|report| report.total), explained));
        text
    }
}

/// Runs every suite below a folder on so many threads; 0 takes the number of processors.
#[must_use]
pub fn run(root: &Path, threads: usize) -> All {
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        given => given,
    };
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Ran)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(SUITES.len()) {
            scope.spawn(|| {
                while let Some(suite) = SUITES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ran = suite.run(root);
                    let place = ORDER.iter().position(|name| *name == suite.name);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.push((place.expect("every suite has its place"), ran));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    All { suites: done.into_iter().map(|(_, ran)| ran).collect() }
}

impl Suite {
    fn run(&self, root: &Path) -> Ran {
        let suite = self.name.to_owned();
        let files: Vec<PathBuf> = self.files.iter().map(|file| root.join(file)).collect();
        if let Some(missing) = files.iter().find(|file| !file.exists()) {
            return Ran::Skipped { suite, skipped: missing.display().to_string() };
        }
        let commit = files.first().map_or_else(|| "own".to_owned(), |file| origin::of(file));
        match (self.ask)(&files) {
            Ok(report) => Ran::Reported(report.named(self.name, commit)),
            Err(error) => Ran::Failed { suite, error: chain(&error) },
        }
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        let _ = write!(text, ": {one}");
        cause = one.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_is_listed_once() {
        let mut names: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        let mut order = ORDER.to_vec();
        names.sort_unstable();
        order.sort_unstable();
        assert_eq!(names, order);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_not_agreement() {
        let root = std::env::temp_dir().join(format!("ringfort-all-{}", std::process::id()));
        std::fs::create_dir_all(root.join("truth")).expect("made");
        std::fs::write(root.join("truth/automount.jsonl.zst"), "no zstd").expect("written");
        let all = run(&root, 2);
        std::fs::remove_dir_all(&root).expect("removed");
        assert!(!all.holds());
        let text = all.text();
        assert!(text.contains("automount: cannot be asked: "), "{text}");
        assert!(text.contains("vap: skipped, no "), "{text}");
        assert!(text.contains("exposure: agree "), "{text}");
        assert_eq!(all.suites.len(), SUITES.len());
    }
}
