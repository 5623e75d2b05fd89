//! A sentence: an English template with named placeholders, and the values of these.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::language::Language;

/// A sentence that can be said in every language. It is displayed and serialized in English; what
/// was read from a file is a sentence without placeholders.
#[derive(Clone, Debug, Default)]
pub struct Sentence {
    template: Cow<'static, str>,
    values: Vec<(&'static str, Value)>,
}

/// What stands for a placeholder.
#[derive(Clone, Debug)]
pub enum Value {
    /// A name, a number: the same in every language.
    Text(String),
    /// A part that is a sentence itself; boxed, for there are many fixes with names alone.
    Sentence(Box<Sentence>),
}

impl Value {
    fn said(&self, language: Language) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Sentence(sentence) => Cow::Owned(language.say(sentence)),
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Sentence> for Value {
    fn from(sentence: Sentence) -> Self {
        Self::Sentence(Box::new(sentence))
    }
}

impl From<&Sentence> for Value {
    fn from(sentence: &Sentence) -> Self {
        Self::Sentence(Box::new(sentence.clone()))
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Self::Text(number.to_string())
            }
        }
    )*};
}
numbers!(u32 i32 u64 usize);

impl Sentence {
    /// A template, marked with [`message!`](crate::message), and its values. Where both stand in
    /// one place, [`sentence!`](crate::sentence) holds them against each other.
    #[must_use]
    pub fn new(template: &'static str, values: Vec<(&'static str, Value)>) -> Self {
        Self { template: Cow::Borrowed(template), values }
    }

    /// A text without placeholders: a name, which is the same in every language, or a text that
    /// the catalogues know.
    #[must_use]
    pub fn plain(text: impl Into<Cow<'static, str>>) -> Self {
        Self { template: text.into(), values: Vec::new() }
    }

    /// With one more value, or another one of that name.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.values.retain(|(known, _)| *known != name);
        self.values.push((name, value.into()));
        self
    }

    pub(crate) fn template(&self) -> &str {
        &self.template
    }

    /// A template of a language with the values put in.
    pub(crate) fn fill(&self, template: &str, language: Language) -> String {
        if self.values.is_empty() {
            return template.to_owned();
        }
        let mut out = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some((before, name, after)) = next(rest) {
            out.push_str(before);
            match self.values.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => out.push_str(&value.said(language)),
                None => {
                    debug_assert!(false, "{template}: no value for {name}");
                    out.push_str(name);
                }
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// The first placeholder of a template, between what stands before and after it.
fn next(template: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = template.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// Names of the placeholders of a template, sorted; each once.
#[must_use]
pub fn placeholders(template: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some((_, name, after)) = next(rest) {
        found.push(name);
        rest = after;
    }
    found.sort_unstable();
    found.dedup();
    found
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fill(&self.template, Language::English))
    }
}

impl PartialEq for Sentence {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Sentence {}

impl Serialize for Sentence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sentence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::plain)
    }
}

/// Marks a text that the catalogues have, and is it.
#[macro_export]
macro_rules! message {
    ($text:literal) => {
        $text
    };
}

/// A [`Sentence`] of a template and its values, `name = value` or a variable of the name. That both
/// have the same names is checked when it is compiled.
#[macro_export]
macro_rules! sentence {
    ($template:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        if false {
            let _ = ::std::format_args!($template $(, $name = $crate::value!($name $(= $value)?))*);
            $crate::Sentence::default()
        } else {
            $crate::Sentence::new(
                $template,
                ::std::vec![$((
                    ::std::stringify!($name),
                    $crate::Value::from($crate::value!($name $(= $value)?)),
                )),*],
            )
        }
    };
}

/// The value of a placeholder.
#[doc(hidden)]
#[macro_export]
macro_rules! value {
    ($name:ident) => {
        $name
    };
    ($name:ident = $value:expr) => {
        $value
    };
}

/// A sentence in a language, as text.
#[macro_export]
macro_rules! say {
    ($language:expr, $template:literal $(,)?) => {
        $language.text($template)
    };
    ($language:expr, $($sentence:tt)+) => {
        $language.say(&$crate::sentence!($($sentence)+))
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_by_name_and_nested() {
        let place = sentence!("namespace {name}", name = "a{b}");
        let whole = sentence!("{count} pods of {place}", count = 3usize, place);
        assert_eq!(whole.to_string(), "3 pods of namespace a{b}");
        assert_eq!(placeholders("{b} {a} {b}"), ["a", "b"]);
    }

    #[test]
    fn what_has_no_values_is_as_it_stands() {
        assert_eq!(Sentence::plain("a {b} c".to_owned()).to_string(), "a {b} c");
    }

    #[test]
    fn other_languages_put_values_where_they_want_them() {
        let sentence = sentence!(
            "take {verbs} out of rule {rule} ({resources}) of {object}",
            verbs = "get",
            rule = 3usize,
            resources = "pods",
            object = "Role a/b"
        );
        let said = Language::SimplifiedChinese.say(&sentence);
        assert_eq!(said, "从 Role a/b 的规则 3（pods）中移除 get");
        let name = Sentence::plain("{rule}".to_owned());
        assert_eq!(Language::TraditionalChinese.say(&name), "{rule}");
    }
}
