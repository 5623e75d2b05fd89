//! Which checks run: comma-separated ids, with `*` for any text. What matches nothing is an
//! error that names it, never an empty result.

use ringfort_attack::find::matches;

use crate::check::{Check, Judge};
use crate::{checks, own};

/// A word that names no check.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--checks: no check has the id {0:?}")]
pub struct FilterError(pub String);

/// The checks that were asked for.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// Those that can be run, in the order of the catalogue.
    pub checks: Vec<&'static Check>,
    /// Ids without a predicate yet.
    pub not_evaluated: Vec<&'static str>,
    /// Checks beside the catalogue, chosen or not.
    pub known: Vec<&'static Check>,
}

impl Chosen {
    /// Those that are not in the catalogue.
    pub fn own(&self) -> impl Iterator<Item = &'static Check> {
        self.checks.iter().copied().filter(|check| matches!(check.judge, Judge::Asked))
    }

    /// Adds checks that are known only after the source was read, those that the list names. A
    /// word that names neither these nor what was known before is an error.
    pub fn add(&mut self, list: Option<&str>, later: &[&'static Check]) -> Result<(), FilterError> {
        for word in words(list) {
            let known = |check: &&Check| matches(word, check.id);
            if is_later(word)
                && !self.checks.iter().copied().any(|check| known(&check))
                && !later.iter().copied().any(|check| known(&check))
            {
                return Err(FilterError(word.to_owned()));
            }
        }
        let meant = |check: &&&Check| words(list).iter().any(|word| matches(word, check.id));
        self.checks.extend(later.iter().filter(meant).copied());
        self.known.extend(later);
        Ok(())
    }
}

fn words(list: Option<&str>) -> Vec<&str> {
    match list {
        None => vec!["*"],
        Some(list) => list.split(',').map(str::trim).collect(),
    }
}

/// Whether a word may name a policy, which is known only after the source was read.
fn is_later(word: &str) -> bool {
    word == own::POLICIES || word.starts_with(own::POLICY)
}

/// Words of the list that name only ids without a predicate: what they ask is not answered.
#[must_use]
pub fn unanswered(list: Option<&str>) -> Vec<String> {
    let words = list.into_iter().flat_map(|list| list.split(',')).map(str::trim);
    let open = |word: &&str| {
        checks::NOT_EVALUATED.iter().any(|id| matches(word, id))
            && !checks::ALL.iter().any(|check| matches(word, check.id))
    };
    words.filter(open).map(str::to_owned).collect()
}

/// All checks, or those that the list names.
pub fn choose(list: Option<&str>) -> Result<Chosen, FilterError> {
    choose_with(list, &[], false)
}

/// The same with checks beside the catalogue; `later` says that policies may be [added](Chosen::add).
pub fn choose_with(
    list: Option<&str>,
    own: &[&'static Check],
    later: bool,
) -> Result<Chosen, FilterError> {
    let words = words(list);
    for word in &words {
        let known = |id: &str| matches(word, id);
        let mut all = checks::ALL.iter().chain(own).map(|check| check.id);
        let listed = all.any(known) || checks::NOT_EVALUATED.iter().any(|id| known(id));
        let open = later && is_later(word);
        if !listed && !open {
            return Err(FilterError((*word).to_owned()));
        }
    }
    let meant = |id: &str| words.iter().any(|word| matches(word, id));
    Ok(Chosen {
        checks: checks::ALL.iter().chain(own).copied().filter(|check| meant(check.id)).collect(),
        not_evaluated: checks::NOT_EVALUATED.iter().copied().filter(|id| meant(id)).collect(),
        known: own.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_names_nothing_is_an_error() {
        assert_eq!(choose(Some("RF-WKL-001")).map(|chosen| chosen.checks.len()), Ok(1));
        let area = choose(Some("RF-WKL-*, RF-SA-001")).expect("both exist");
        assert!(area.checks.len() > 10);
        assert_eq!(choose(Some("RF-WKL-001,RF-WLK-*")).unwrap_err().0, "RF-WLK-*");
        assert!(choose(Some("")).is_err());
        // An id whose check is not written yet exists.
        let later = checks::NOT_EVALUATED.first().expect("some are left");
        assert_eq!(choose(Some(later)).map(|chosen| chosen.not_evaluated.len()), Ok(1));
        assert_eq!(unanswered(Some(&format!("RF-WKL-*,{later}"))), [*later]);
    }
}
