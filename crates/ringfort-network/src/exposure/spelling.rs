//! What the value of a key means that asks for an internal front, where it is none that a controller
//! documents: what its writer must have meant, whatever the controller makes of it.
//!
//! The words are those of the documentation that `provider`, `amazon` and `ingress` name.

use super::amazon;
use super::provider::{self, go_bool};

/// What a value says to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// An internal front, in a word that is documented.
    Internal,
    /// A public one, in a word that is documented.
    Public,
    /// No word that is documented; whether an internal front is meant: if it says so in other words,
    /// or is such a word but for [`SLIPS`] letters, and further from the others.
    Garbled(bool),
}

/// Words for internal, and for public.
type Words = [&'static [&'static str]; 2];

const SWITCH: Words = [&["true"], &["false", ""]];
const SCHEME: Words = [&["internal"], &["internet-facing"]];
const GCP: Words = [&["Internal", "internal"], &["External", "external", ""]];
const ALIBABA: Words = [&["intranet"], &["internet", ""]];

/// The keys, with their words, and whether other spellings of Go's booleans are read as well.
const KEYS: &[(&str, Words, bool)] = &[
    (amazon::INTERNAL, [&["true", "0.0.0.0/0"], &["false", ""]], true),
    (amazon::SCHEME, SCHEME, false),
    ("alb.ingress.kubernetes.io/scheme", SCHEME, false),
    ("appgw.ingress.kubernetes.io/use-private-ip", SWITCH, true),
    (provider::GKE, GCP, false),
    (provider::GKE_OLD, GCP, false),
    (provider::AZURE_INTERNAL, SWITCH, false),
    (provider::IBM, [&["private"], &["public"]], false),
    (provider::OPENSTACK, SWITCH, true),
    (provider::BAIDU, SWITCH, false),
    (provider::ALIBABA, ALIBABA, false),
    (provider::ALIBABA_OLD, ALIBABA, false),
    (provider::OCI, SWITCH, true),
    (provider::OCI_NLB, SWITCH, true),
    (provider::HETZNER, SWITCH, true),
];

/// Words by which people say that they do not want an internal front, whatever the key's own are.
const NO: &[&str] =
    &["no", "n", "off", "0", "f", "none", "disabled", "public", "external", "internet"];

/// Words by which they say that they do.
const YES: &[&str] = &["yes", "y", "on", "1", "t", "enabled", "private", "internal"];

/// How many letters of a word may be wrong.
const SLIPS: usize = 2;

/// What the value of an annotation asks for; none if it is no key that asks for an internal front.
#[must_use]
pub fn asked(key: &str, value: &str) -> Option<Asked> {
    let (_, [internal, public], go) = KEYS.iter().find(|(known, ..)| *known == key)?;
    if internal.contains(&value) || (*go && go_bool(value) == Some(true)) {
        return Some(Asked::Internal);
    }
    if public.contains(&value) || (*go && go_bool(value) == Some(false)) {
        return Some(Asked::Public);
    }
    let value = value.trim().to_ascii_lowercase();
    if NO.contains(&value.as_str()) {
        return Some(Asked::Garbled(false));
    }
    if YES.contains(&value.as_str()) {
        return Some(Asked::Garbled(true));
    }
    let nearest = |words: &[&str]| {
        let words = words.iter().filter(|word| !word.is_empty());
        words.map(|word| distance(&value, &word.to_ascii_lowercase())).min().unwrap_or(usize::MAX)
    };
    let off = nearest(internal);
    Some(Asked::Garbled(off <= SLIPS && off < nearest(public)))
}

/// How many letters are to be put in, left out or changed to make one word of another (Levenshtein);
/// of long values the beginning counts.
fn distance(one: &str, other: &str) -> usize {
    const LONGEST: usize = 64;
    let one: Vec<char> = one.chars().take(LONGEST).collect();
    let other: Vec<char> = other.chars().take(LONGEST).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, left) in one.iter().enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (to, right) in other.iter().enumerate() {
            let changed = corner + usize::from(left != right);
            corner = row[to + 1];
            row[to + 1] = changed.min(corner + 1).min(row[to] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_wrong_is_meant_as_the_nearest_word() {
        for (key, value, meant) in [
            (provider::AZURE_INTERNAL, "true", Asked::Internal),
            (provider::AZURE_INTERNAL, "True", Asked::Garbled(true)),
            (provider::AZURE_INTERNAL, "tru", Asked::Garbled(true)),
            (provider::AZURE_INTERNAL, "fales", Asked::Garbled(false)),
            (provider::AZURE_INTERNAL, "", Asked::Public),
            (provider::GKE_OLD, "intrnal", Asked::Garbled(true)),
            (provider::GKE, "Externl", Asked::Garbled(false)),
            (amazon::SCHEME, "intenal", Asked::Garbled(true)),
            (amazon::SCHEME, "internet-facng", Asked::Garbled(false)),
            (amazon::INTERNAL, "T", Asked::Internal),
            (provider::OCI, "FALSE", Asked::Public),
            (provider::IBM, "privat", Asked::Garbled(true)),
        ] {
            assert_eq!(asked(key, value), Some(meant), "{key}: {value}");
        }
        assert_eq!(asked("service.beta.kubernetes.io/other", "true"), None);
        assert_eq!((distance("", "abc"), distance("kitten", "sitting")), (3, 3));
    }

    #[test]
    fn other_words_for_a_public_front_ask_for_none_inside_under_any_key() {
        for (key, ..) in KEYS {
            for word in NO.iter().chain(&["OFF", " none ", "nothing-of-the-kind", "nlb", "-", "?"])
            {
                let asked = asked(key, word);
                let public = matches!(asked, Some(Asked::Public | Asked::Garbled(false)));
                assert!(public, "{key}: {word}: {asked:?}");
            }
            for word in YES.iter().chain(&["Yes", " on"]) {
                let asked = asked(key, word);
                let internal = matches!(asked, Some(Asked::Internal | Asked::Garbled(true)));
                assert!(internal, "{key}: {word}: {asked:?}");
            }
        }
    }
}
