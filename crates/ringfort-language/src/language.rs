//! The languages, by tag and by locale.

use crate::catalogue::Catalogue;
use crate::sentence::Sentence;

/// A language that reports are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, which stands in the code.
    #[default]
    English,
    /// Chinese in simplified characters, with the terms of the mainland.
    SimplifiedChinese,
    /// Chinese in traditional characters, with the terms of Taiwan.
    TraditionalChinese,
}

/// A tag that no language has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown language {0}; {known} exist", known = Language::TAGS.join(", "))]
pub struct UnknownLanguage(String);

impl Language {
    /// All.
    pub const ALL: [Self; 3] = [Self::English, Self::SimplifiedChinese, Self::TraditionalChinese];

    /// Their tags.
    pub const TAGS: [&str; 3] = [Self::ALL[0].tag(), Self::ALL[1].tag(), Self::ALL[2].tag()];

    /// Its tag (BCP 47), which `--lang` and the attribute of HTML take.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::SimplifiedChinese => "zh-CN",
            Self::TraditionalChinese => "zh-TW",
        }
    }

    /// The language of the environment, as POSIX has it for messages: of `LC_ALL`, `LC_MESSAGES`
    /// and `LANG` the first that is not empty.
    #[must_use]
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
        let first = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set);
        first.map_or(Self::English, |locale| Self::of_locale(&locale))
    }

    /// The language of a locale, `language[_Script][_TERRITORY][.charset][@modifier]`. A script
    /// says more than a territory; a language without a catalogue, `C` and `POSIX` are English.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        let plain = locale.split(['.', '@']).next().unwrap_or_default();
        let mut parts = plain.split(['_', '-']);
        if !parts.next().is_some_and(|language| language.eq_ignore_ascii_case("zh")) {
            return Self::English;
        }
        let parts: Vec<String> = parts.map(str::to_ascii_lowercase).collect();
        let has = |names: &[&str]| parts.iter().any(|part| names.contains(&part.as_str()));
        match (has(&["hans"]), has(&["hant"]), has(&["tw", "hk", "mo"])) {
            (true, ..) => Self::SimplifiedChinese,
            (_, true, _) | (_, _, true) => Self::TraditionalChinese,
            _ => Self::SimplifiedChinese,
        }
    }

    /// A text in this language; as it stands if the catalogue does not have it.
    #[must_use]
    pub fn text(self, english: &str) -> &str {
        Catalogue::of(self).and_then(|catalogue| catalogue.get(english)).unwrap_or(english)
    }

    /// A sentence in this language.
    #[must_use]
    pub fn say(self, sentence: &Sentence) -> String {
        sentence.fill(self.text(sentence.template()), self)
    }

    /// Texts one after the other, as an enumeration.
    #[must_use]
    pub fn list<S: AsRef<str>>(self, parts: &[S]) -> String {
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        match self {
            Self::English => parts.join(", "),
            Self::SimplifiedChinese | Self::TraditionalChinese => parts.join("、"),
        }
    }
}

impl std::str::FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(tag: &str) -> Result<Self, UnknownLanguage> {
        let known = Self::ALL.into_iter().find(|one| one.tag().eq_ignore_ascii_case(tag));
        known.ok_or_else(|| UnknownLanguage(tag.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_name_languages() {
        use Language::{English, SimplifiedChinese, TraditionalChinese};
        for (locale, expected) in [
            ("", English),
            ("C", English),
            ("C.UTF-8", English),
            ("POSIX", English),
            ("en_GB.UTF-8", English),
            ("de_DE@euro", English),
            ("zha_CN", English),
            ("zh", SimplifiedChinese),
            ("zh_CN.UTF-8", SimplifiedChinese),
            ("zh_SG", SimplifiedChinese),
            ("zh_Hans_HK", SimplifiedChinese),
            ("zh-Hans", SimplifiedChinese),
            ("zh_TW.UTF-8", TraditionalChinese),
            ("zh_HK", TraditionalChinese),
            ("zh_MO", TraditionalChinese),
            ("zh-Hant", TraditionalChinese),
            ("zh_Hant_CN", TraditionalChinese),
            ("ZH_tw", TraditionalChinese),
        ] {
            assert_eq!(Language::of_locale(locale), expected, "{locale}");
        }
    }

    #[test]
    fn the_first_variable_that_is_not_empty_decides() {
        let of = |all: &'static str, messages: &'static str, lang: &'static str| {
            Language::of_environment(move |name| {
                let value = match name {
                    "LC_ALL" => all,
                    "LC_MESSAGES" => messages,
                    "LANG" => lang,
                    _ => return None,
                };
                Some(value.to_owned())
            })
        };
        assert_eq!(of("", "", ""), Language::English);
        assert_eq!(of("", "", "zh_TW"), Language::TraditionalChinese);
        assert_eq!(of("", "zh_CN", "zh_TW"), Language::SimplifiedChinese);
        assert_eq!(of("C", "zh_CN", "zh_TW"), Language::English);
        assert_eq!(Language::of_environment(|_| None), Language::English);
    }

    #[test]
    fn tags_are_languages_and_others_are_named() {
        for language in Language::ALL {
            assert_eq!(language.tag().parse(), Ok(language));
        }
        let error = "fr".parse::<Language>().unwrap_err().to_string();
        assert_eq!(error, "unknown language fr; en, zh-CN, zh-TW exist");
    }
}
