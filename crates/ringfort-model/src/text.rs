//! Interned text.
//!
//! A cluster repeats the same few thousand strings millions of times: namespaces, label
//! keys, images, node names. [`Str`] is a cheap handle to one shared copy. Interning is
//! scoped: while an [`Interner`] is installed on a thread (see [`with_interner`]), every
//! `Str` that is deserialised there shares equal text. Without one, each is its own copy,
//! which is correct and merely larger.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// Immutable shared text. Compares, hashes and orders by content.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Str(Arc<str>);

/// Longest text, in bytes, that is worth looking up for sharing.
const LONGEST_SHARED: usize = 128;

/// A pool of shared text, dropped when reading is done; handles outlive it.
#[derive(Default)]
pub struct Interner(FxHashSet<Str>);

thread_local! {
    static CURRENT: RefCell<Option<Interner>> = const { RefCell::new(None) };
}

/// Runs `work` with `interner` installed on this thread and hands the pool back.
pub fn with_interner<T>(interner: Interner, work: impl FnOnce() -> T) -> (T, Interner) {
    let outer = CURRENT.with(|current| current.borrow_mut().replace(interner));
    let result = work();
    let used = CURRENT.with(|current| std::mem::replace(&mut *current.borrow_mut(), outer));
    (result, used.unwrap_or_default())
}

impl Str {
    /// Makes a handle, sharing equal text through the thread's interner if one is installed.
    #[must_use]
    pub fn new(text: &str) -> Self {
        if text.len() > LONGEST_SHARED {
            return Self(Arc::from(text));
        }
        CURRENT.with(|current| match current.borrow_mut().as_mut() {
            Some(Interner(pool)) => {
                if let Some(known) = pool.get(text) {
                    return known.clone();
                }
                let made = Self(Arc::from(text));
                pool.insert(made.clone());
                made
            }
            None => Self(Arc::from(text)),
        })
    }

    /// The text.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Str {
    fn default() -> Self {
        thread_local! {
            static EMPTY: Str = Str(Arc::from(""));
        }
        EMPTY.with(Clone::clone)
    }
}

impl Deref for Str {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Str {
    #[inline]
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Str {
    #[inline]
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for Str {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Str {
    /// Null reads as the empty text, as it does in the API's own decoder.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Str;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E>(self, text: &str) -> Result<Str, E> {
                Ok(Str::new(text))
            }
            fn visit_unit<E>(self) -> Result<Str, E> {
                Ok(Str::default())
            }
            fn visit_none<E>(self) -> Result<Str, E> {
                Ok(Str::default())
            }
        }
        deserializer.deserialize_any(Text)
    }
}

/// A boolean as Go's `strconv.ParseBool` reads it, by which flags, feature gates and most settings
/// of components are read; `None` for what it refuses.
#[must_use]
pub fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_text_is_shared_inside_a_scope_only() {
        let ((a, b), pool) =
            with_interner(Interner::default(), || (Str::new("default"), Str::new("default")));
        assert!(Arc::ptr_eq(&a.0, &b.0));
        drop(pool);
        assert_eq!(a, "default");
        assert!(!Arc::ptr_eq(&Str::new("x").0, &Str::new("x").0));
    }

    #[test]
    fn null_reads_as_empty() {
        assert_eq!(serde_json::from_str::<Str>("null").expect("null is allowed"), "");
        assert!(serde_json::from_str::<Str>("3").is_err());
    }

    #[test]
    fn booleans_are_those_of_go() {
        for text in ["1", "t", "T", "true", "TRUE", "True"] {
            assert_eq!(go_bool(text), Some(true), "{text}");
        }
        for text in ["0", "f", "F", "false", "FALSE", "False"] {
            assert_eq!(go_bool(text), Some(false), "{text}");
        }
        for text in ["", "yes", "no", "tRUE", "off", " true"] {
            assert_eq!(go_bool(text), None, "{text}");
        }
    }
}
