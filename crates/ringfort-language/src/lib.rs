//! What reports say, in several languages.
//!
//! ```text
//!  sentence!("take {verbs} out of {object}", …)     English stands in the code
//!        │ template and values
//!        ▼
//!  Language::say ──► data/zh_CN.po, data/zh_TW.po   one catalogue a language, by English text
//!        │           (English is the key: a text that changes is a translation that is missing)
//!        ▼
//!  «从 {object} 中移除 {verbs}» ──► values put in where the language wants them
//! ```
//!
//! The catalogues are files of GNU gettext (its manual, "The Format of PO Files"), so that
//! translators use the editors that they know. Placeholders are named. A test of `ringfort`
//! collects all texts, from the macros of this crate and from the tables of checks, techniques,
//! vectors, metrics and frameworks, and fails on one that a catalogue lacks or has for nothing.
//!
//! Formats for machines are English always: a [`Sentence`] is serialized, and displayed, as its
//! English text.

mod catalogue;
mod language;
mod po;
mod sentence;
mod width;

pub use catalogue::Catalogue;
pub use language::{Language, UnknownLanguage};
pub use po::{Entry, PoError, parse};
pub use sentence::{Sentence, Value, placeholders};
pub use width::{cut, padded, width};
