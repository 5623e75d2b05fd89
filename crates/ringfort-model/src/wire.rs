//! Containers that read as the API server's decoder reads them.
//!
//! A null is an absent field (encoding/json leaves the zero value), lists keep their order,
//! maps are sorted by key. Records are written back in the API's own shape without empty
//! fields, so that a patch can be applied to what was read.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::credential::{Finder, base64};
use crate::record::Keyed;
use crate::text::Str;

/// Whether a field would be written as nothing.
pub trait Empty {
    /// True when the field is the zero value.
    fn is_empty_field(&self) -> bool;
}

impl<T> Empty for Option<T> {
    fn is_empty_field(&self) -> bool {
        self.is_none()
    }
}
impl<T> Empty for List<T> {
    fn is_empty_field(&self) -> bool {
        self.0.is_empty()
    }
}
impl Empty for Str {
    fn is_empty_field(&self) -> bool {
        self.is_empty()
    }
}
impl Empty for Map {
    fn is_empty_field(&self) -> bool {
        self.0.is_empty()
    }
}
impl Empty for crate::record::Meta {
    fn is_empty_field(&self) -> bool {
        false
    }
}
impl Empty for crate::record::RoleRef {
    fn is_empty_field(&self) -> bool {
        false
    }
}
impl Empty for Names {
    fn is_empty_field(&self) -> bool {
        self.0.is_empty()
    }
}
impl Empty for Keys {
    fn is_empty_field(&self) -> bool {
        self.0.is_empty_field()
    }
}

/// An immutable list; null and absent read as empty.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct List<T>(Box<[T]>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Box::default())
    }
}
impl<T> Deref for List<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}
impl<T> std::ops::DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}
impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self(items.into_boxed_slice())
    }
}
impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}
impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl List<Str> {
    /// Whether the list holds exactly this text.
    #[must_use]
    pub fn has(&self, text: &str) -> bool {
        self.0.iter().any(|entry| entry == text)
    }
}
impl<T: Serialize> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_unit<E>(self) -> Result<List<T>, E> {
                Ok(List::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(List(items.into_boxed_slice()))
            }
        }
        deserializer.deserialize_any(Items(std::marker::PhantomData))
    }
}

/// A shared, sorted map of text to text: labels, annotations, selectors.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Map(Arc<[(Str, Str)]>);

impl Default for Map {
    fn default() -> Self {
        thread_local! {
            static EMPTY: Map = Map(Arc::from(Vec::new()));
        }
        EMPTY.with(Clone::clone)
    }
}
impl Map {
    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Str> {
        let at = self.0.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok()?;
        Some(&self.0[at].1)
    }
    /// Entries in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &Str)> {
        self.0.iter().map(|(k, v)| (k, v))
    }
    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The entries that `keep` accepts; shares this map when all do.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&str, &str) -> bool) -> Self {
        if self.0.iter().all(|(k, v)| keep(k, v)) {
            return self.clone();
        }
        self.0.iter().filter(|(k, v)| keep(k, v)).cloned().collect()
    }
}
impl FromIterator<(Str, Str)> for Map {
    fn from_iter<I: IntoIterator<Item = (Str, Str)>>(entries: I) -> Self {
        // The last of equal keys wins, as in a JSON object.
        let sorted: BTreeMap<Str, Str> = entries.into_iter().collect();
        if sorted.is_empty() {
            return Self::default();
        }
        Self(sorted.into_iter().collect::<Vec<_>>().into())
    }
}
impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(k, v)| (k, v))).finish()
    }
}
impl Serialize for Map {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Map;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of strings")
            }
            fn visit_unit<E>(self) -> Result<Map, E> {
                Ok(Map::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Map, A::Error> {
                let mut entries: Vec<(Str, Str)> = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries.into_iter().collect())
            }
        }
        deserializer.deserialize_any(Entries)
    }
}

/// Reads a map of quantities, which manifests also write as numbers.
pub(crate) fn quantities<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map, D::Error> {
    let read = Option::<BTreeMap<Str, serde_json::Value>>::deserialize(deserializer)?;
    let entries = read.unwrap_or_default().into_iter().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| Str::from(value.to_string()), Str::new);
        (name, text)
    });
    Ok(entries.collect())
}

/// Names of resources without their quantities, but for one: whether it is zero, which the kubelet
/// takes as no limit. Those of zero come as `NAME=0`, which is no name of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Names(List<Str>);

impl Names {
    /// Whether the resource is named with a quantity above zero.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.has(name)
    }

    /// Whether the resource is named with the quantity zero.
    #[must_use]
    pub fn has_zero(&self, name: &str) -> bool {
        self.0.iter().any(|one| one.strip_suffix(ZERO) == Some(name))
    }
}

const ZERO: &str = "=0";

/// The same of a quantity as JSON writes it.
fn is_zero(quantity: &serde_json::Value) -> bool {
    match quantity {
        serde_json::Value::String(text) => is_zero_quantity(text),
        serde_json::Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

/// Whether a quantity is zero, whatever its suffix; what is none is not.
pub(crate) fn is_zero_quantity(text: &str) -> bool {
    let number = text.trim_start_matches(['+', '-']);
    let number = number.split(|c: char| c.is_ascii_alphabetic()).next().unwrap_or_default();
    number.contains('0') && number.bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for name in &self.0 {
            match name.strip_suffix(ZERO) {
                Some(name) => map.serialize_entry(name, "0")?,
                None => map.serialize_entry(name, "")?,
            }
        }
        map.end()
    }
}
impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Names;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_unit<E>(self) -> Result<Names, E> {
                Ok(Names::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names: Vec<Str> = Vec::new();
                while let Some((name, amount)) = map.next_entry::<Str, serde_json::Value>()? {
                    names.push(match is_zero(&amount) {
                        true => Str::from(format!("{name}{ZERO}")),
                        false => name,
                    });
                }
                names.sort();
                names.dedup();
                Ok(Names(names.into()))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// The keys of a map whose values are never kept (Secret data, binary data), and, until the border
/// takes them away, the credentials that the values were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Keys(pub List<Str>, pub(crate) List<Keyed>);

/// A value that is looked at and dropped; anything but text is passed over.
struct Seen(Option<String>);

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Seen;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_str<E>(self, text: &str) -> Result<Seen, E> {
                Ok(Seen(Some(text.to_owned())))
            }
            fn visit_unit<E>(self) -> Result<Seen, E> {
                Ok(Seen(None))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Seen, E> {
                Ok(Seen(None))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Seen, E> {
                Ok(Seen(None))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Seen, E> {
                Ok(Seen(None))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Seen, E> {
                Ok(Seen(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Seen, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Seen(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Seen, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Seen(None))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Serialize for Keys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for key in &self.0 {
            map.serialize_entry(key, "")?;
        }
        map.end()
    }
}
impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Keys;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_unit<E>(self) -> Result<Keys, E> {
                Ok(Keys::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys: Vec<Str> = Vec::new();
                let mut finder = Finder::default();
                while let Some((key, Seen(value))) = map.next_entry::<Str, Seen>()? {
                    let gone = |value: &String| value.is_empty() || value == "REDACTED";
                    let value = value.filter(|value| !gone(value));
                    match value.as_deref().and_then(base64) {
                        Some(bytes) => finder.secret_entry(&key, &String::from_utf8_lossy(&bytes)),
                        None => finder.unread(&key),
                    }
                    keys.push(key);
                }
                keys.sort();
                keys.dedup();
                let found = finder.entries().into_iter();
                let found = found.map(|(key, class)| Keyed { key, class: class.into() });
                Ok(Keys(keys.into(), found.collect()))
            }
        }
        deserializer.deserialize_any(Names)
    }
}

/// A port that the API accepts as number or name (`IntOrString`).
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(untagged)]
pub enum IntOrString {
    /// A number.
    Int(i64),
    /// A name.
    Text(Str),
}

/// Declares a record in the API's shape: camel case, everything optional, empty fields not
/// written. Field documentation is the API's own unless a comment says more.
macro_rules! record {
    ($($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident : $type:ty,)* })*) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        #[allow(missing_docs)]
        pub struct $name {
            $($(#[$field_meta])*
            #[serde(skip_serializing_if = "crate::wire::Empty::is_empty_field")]
            pub $field: $type,)*
        }
    )* };
}
pub(crate) use record;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_absent_everywhere() {
        let list: List<Str> = serde_json::from_str("null").expect("null list");
        assert!(list.is_empty());
        let map: Map = serde_json::from_str("null").expect("null map");
        assert!(map.is_empty());
        let keys: Keys = serde_json::from_str("null").expect("null keys");
        assert!(keys.0.is_empty());
    }

    #[test]
    fn quantities_are_dropped_but_for_zero() {
        let text = r#"{"a":"0","b":0,"c":"0.000Mi","d":"0e3","e":"10m","f":1,"g":"0.1","h":""}"#;
        let names: Names = serde_json::from_str(text).expect("map");
        for zero in ["a", "b", "c", "d"] {
            assert!(names.has_zero(zero) && !names.has(zero), "{zero}");
        }
        for some in ["e", "f", "g", "h"] {
            assert!(names.has(some) && !names.has_zero(some), "{some}");
        }
        let written = serde_json::to_string(&names).expect("json");
        assert_eq!(serde_json::from_str::<Names>(&written).expect("map"), names);
    }

    #[test]
    fn keys_drop_values() {
        let keys: Keys = serde_json::from_str(r#"{"token":"c2VjcmV0","a":{"b":1}}"#).expect("map");
        assert_eq!(serde_json::to_string(&keys).expect("json"), r#"{"a":"","token":""}"#);
    }
}
