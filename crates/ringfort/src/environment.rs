//! Variables of the environment that mean nothing. A misspelt one would drop a gate in silence.
//!
//! `RINGFORT_` may begin names of others: what the kubelet gives containers for a Service that is
//! called `ringfort` (`pkg/kubelet/envvars`), and what a user's scripts are called. So what looks
//! like one of ours and is not is wrong usage, and anything else is named in a warning.

use std::collections::BTreeSet;

/// What our variables begin with.
const OURS: &str = "RINGFORT_";

/// Variables that are no flag: of the program, of its tests and of the action.
const OTHERS: &[&str] = &[
    "RINGFORT_BLESS",
    "RINGFORT_GATE",
    "RINGFORT_MUTANT",
    "RINGFORT_SHA256",
    "RINGFORT_SOURCE",
    "RINGFORT_SUITES",
    "RINGFORT_TIMINGS",
    "RINGFORT_URL",
];

/// How many letters may differ in a misspelt name.
const SLIPS: usize = 2;

/// The variable of a flag.
pub(crate) fn variable(flag: &str) -> String {
    format!("{OURS}{}", flag.to_uppercase().replace('-', "_"))
}

/// What is to be said of a variable.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It is another one's misspelt name.
    Misspelt { name: String, meant: String },
    /// No flag has it.
    Unknown(String),
}

/// Judges the names of variables, sorted, by the long names of flags.
pub(crate) fn judge(names: &BTreeSet<String>, flags: &BTreeSet<String>) -> Vec<Said> {
    let known: BTreeSet<String> =
        flags.iter().map(|flag| variable(flag)).chain(OTHERS.iter().map(|&s| s.into())).collect();
    let strange =
        |name: &&String| name.starts_with(OURS) && !known.contains(*name) && !is_of_service(name);
    let said = |name: &String| {
        let near = known.iter().map(|one| (distance(name, one), one)).min();
        match near.filter(|(slips, _)| *slips <= SLIPS) {
            Some((_, meant)) => Said::Misspelt { name: name.clone(), meant: meant.clone() },
            None => Said::Unknown(name.clone()),
        }
    };
    names.iter().filter(strange).map(said).collect()
}

/// Whether the kubelet makes such a variable for a Service.
fn is_of_service(name: &str) -> bool {
    let word = |mark: &str| name.contains(mark);
    word("_SERVICE_HOST")
        || word("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| word("_PORT_") && word(protocol))
}

/// How many letters are inserted, left out, changed, or swapped with the next one.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for at in 1..=one.len() {
        let mut row = vec![at];
        for to in 1..=other.len() {
            let before = &rows[at - 1];
            let differs = usize::from(one[at - 1] != other[to - 1]);
            let mut least = (before[to] + 1).min(row[to - 1] + 1).min(before[to - 1] + differs);
            let swapped =
                at > 1 && to > 1 && one[at - 1] == other[to - 2] && one[at - 2] == other[to - 1];
            if swapped {
                least = least.min(rows[at - 2][to - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_flag_and_is_none_is_misspelt() {
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let flags = set(&["fail-on", "format", "k8s-version"]);
        let asked = |name: &str| judge(&set(&[name]), &flags);
        for name in ["RINGFORT_FALI_ON", "RINGFORT_FAIL_ONN", "RINGFORT_FAILON"] {
            let meant = "RINGFORT_FAIL_ON".to_owned();
            assert_eq!(asked(name), [Said::Misspelt { name: name.to_owned(), meant }]);
        }
        assert_eq!(asked("RINGFORT_HOME"), [Said::Unknown("RINGFORT_HOME".to_owned())]);
        for name in [
            "RINGFORT_FAIL_ON",
            "RINGFORT_SUITES",
            "RINGFORT_SERVICE_HOST",
            "RINGFORT_SERVICE_PORT_HTTP",
            "RINGFORT_PORT",
            "RINGFORT_PORT_8080_TCP_ADDR",
            "FAIL_ON",
        ] {
            assert_eq!(asked(name), [], "{name}");
        }
    }

    #[test]
    fn swapped_letters_are_one_slip() {
        for (one, other, slips) in
            [("", "", 0), ("ab", "ba", 1), ("abc", "ac", 1), ("abc", "abcd", 1), ("abc", "xyz", 3)]
        {
            assert_eq!(distance(one, other), slips, "{one} {other}");
        }
    }
}
