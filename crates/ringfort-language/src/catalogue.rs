//! The catalogue of a language: English text to its own.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::language::Language;
use crate::po;

/// A catalogue. It is asked by text and never listed, so that its order does not matter.
#[derive(Debug)]
pub struct Catalogue(HashMap<String, String>);

impl Catalogue {
    /// The file of a language; none for English, which needs none.
    #[must_use]
    pub fn file(language: Language) -> Option<&'static str> {
        match language {
            Language::English => None,
            Language::SimplifiedChinese => Some(include_str!("../data/zh_CN.po")),
            Language::TraditionalChinese => Some(include_str!("../data/zh_TW.po")),
        }
    }

    /// The catalogue of a language, read when it is asked for first.
    #[must_use]
    pub fn of(language: Language) -> Option<&'static Self> {
        static READ: [OnceLock<Catalogue>; Language::ALL.len()] =
            [const { OnceLock::new() }; Language::ALL.len()];
        let file = Self::file(language)?;
        let read = || {
            let entries = po::parse(file).expect("a test reads every catalogue");
            Self(entries.into_iter().map(|entry| (entry.english, entry.translated)).collect())
        };
        Some(READ[language as usize].get_or_init(read))
    }

    /// What a text is in the language.
    #[must_use]
    pub fn get(&self, english: &str) -> Option<&str> {
        self.0.get(english).map(String::as_str)
    }
}
