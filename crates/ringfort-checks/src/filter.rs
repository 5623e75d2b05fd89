//! Which checks run: comma-separated ids, with `*` for any text. What matches nothing is an
//! error that names it, never an empty result.

use ringfort_attack::find::matches;

use crate::check::Check;
use crate::checks;

/// A word that names no check.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--checks: no check has the id {0:?}")]
pub struct FilterError(pub String);

/// The checks that were asked for.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Those that can be run, in the order of the catalogue.
    pub checks: Vec<&'static Check>,
    /// Ids without a predicate yet.
    pub not_evaluated: Vec<&'static str>,
}

/// Words of the list that name only ids without a predicate: what they ask is not answered.
#[must_use]
pub fn unanswered(list: Option<&str>) -> Vec<String> {
    let words = list.into_iter().flat_map(|list| list.split(',')).map(str::trim);
    let open = |word: &&str| !checks::ALL.iter().any(|check| matches(word, check.id));
    words.filter(open).map(str::to_owned).collect()
}

/// All checks, or those that the list names.
pub fn choose(list: Option<&str>) -> Result<Chosen, FilterError> {
    let words: Vec<&str> = match list {
        None => vec!["*"],
        Some(list) => list.split(',').map(str::trim).collect(),
    };
    for word in &words {
        let known = |id: &str| matches(word, id);
        if !checks::ALL.iter().any(|check| known(check.id))
            && !checks::NOT_EVALUATED.iter().any(|id| known(id))
        {
            return Err(FilterError((*word).to_owned()));
        }
    }
    let meant = |id: &str| words.iter().any(|word| matches(word, id));
    Ok(Chosen {
        checks: checks::ALL.iter().copied().filter(|check| meant(check.id)).collect(),
        not_evaluated: checks::NOT_EVALUATED.iter().copied().filter(|id| meant(id)).collect(),
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
