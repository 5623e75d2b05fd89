//! Values that the language has and JSON has not: optionals, types, what is known only in part,
//! and objects that a mutation constructs.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube_cel::cel::Value;
use kube_cel::cel::objects::{Map, Opaque};

/// `optional(value)` or `optional.none()`.
#[derive(Debug, PartialEq)]
pub(super) struct Optional(pub(super) Option<Value>);

/// Equality of optionals is that of their values. No value holds a number that is unequal to
/// itself and is compared through this.
impl Eq for Optional {}

impl Opaque for Optional {
    fn runtime_type_name(&self) -> &'static str {
        "optional_type"
    }
}

/// A type as a value, as `type(1) == int` has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Type(pub(super) &'static str);

impl Opaque for Type {
    fn runtime_type_name(&self) -> &'static str {
        "type"
    }
}

/// A map of which some entries are known; what is not among them may exist.
#[derive(Debug, PartialEq)]
pub(crate) struct Partial {
    pub(crate) known: Map,
    /// Why the rest is not known.
    pub(crate) reason: String,
}

impl Eq for Partial {}

impl Opaque for Partial {
    fn runtime_type_name(&self) -> &'static str {
        "map"
    }
}

/// A list of which some elements are known; there may be others, anywhere.
#[derive(Debug, PartialEq)]
pub(super) struct OpenList {
    pub(super) known: Vec<Value>,
    /// Why the rest is not known.
    pub(super) reason: String,
}

impl Eq for OpenList {}

impl Opaque for OpenList {
    fn runtime_type_name(&self) -> &'static str {
        "list"
    }
}

/// Some value, or an optional that may be empty: it is not known which, but it is no error.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Anything(pub(super) String);

impl Opaque for Anything {
    fn runtime_type_name(&self) -> &'static str {
        "dyn"
    }
}

/// A whole number that is not smaller than this.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AtLeast {
    pub(super) count: i64,
    /// Why it is not known exactly.
    pub(super) reason: String,
}

impl Opaque for AtLeast {
    fn runtime_type_name(&self) -> &'static str {
        "int"
    }
}

/// An object that an expression constructs, by its type: `Object.spec{...}`, `JSONPatch{...}`.
#[derive(Debug, PartialEq)]
pub(super) struct Constructed {
    pub(super) name: String,
    pub(super) fields: BTreeMap<String, Value>,
}

impl Eq for Constructed {}

impl Opaque for Constructed {
    fn runtime_type_name(&self) -> &'static str {
        "object"
    }
}

pub(super) fn as_constructed(value: &Value) -> Option<&Constructed> {
    match value {
        Value::Opaque(opaque) => opaque.downcast_ref::<Constructed>(),
        _ => None,
    }
}

pub(super) fn optional(value: Option<Value>) -> Value {
    Value::Opaque(Arc::new(Optional(value)))
}

pub(super) fn as_optional(value: &Value) -> Option<&Optional> {
    match value {
        Value::Opaque(opaque) => opaque.downcast_ref::<Optional>(),
        _ => None,
    }
}

pub(crate) fn as_partial(value: &Value) -> Option<&Partial> {
    match value {
        Value::Opaque(opaque) => opaque.downcast_ref::<Partial>(),
        _ => None,
    }
}

pub(super) fn as_open_list(value: &Value) -> Option<&OpenList> {
    match value {
        Value::Opaque(opaque) => opaque.downcast_ref::<OpenList>(),
        _ => None,
    }
}

pub(super) fn as_anything(value: &Value) -> Option<&str> {
    match value {
        Value::Opaque(opaque) => opaque.downcast_ref::<Anything>().map(|one| one.0.as_str()),
        _ => None,
    }
}

pub(super) fn as_at_least(value: &Value) -> Option<&AtLeast> {
    match value {
        Value::Opaque(opaque) => opaque.downcast_ref::<AtLeast>(),
        _ => None,
    }
}

/// Some value that is not known for that reason.
#[must_use]
pub fn anything(reason: &str) -> Value {
    Value::Opaque(Arc::new(Anything(reason.to_owned())))
}

/// A list that holds these, and what is not known for that reason.
#[must_use]
pub fn open_list(known: Vec<Value>, reason: &str) -> Value {
    Value::Opaque(Arc::new(OpenList { known, reason: reason.to_owned() }))
}

pub(super) fn at_least(count: usize, reason: &str) -> Value {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    Value::Opaque(Arc::new(AtLeast { count, reason: reason.to_owned() }))
}

/// The known part of a map. Whether anything else is in it is unknown for that reason. A value
/// that is no map is returned as it is.
#[must_use]
pub fn partial(value: Value, reason: &str) -> Value {
    match value {
        Value::Map(known) => Value::Opaque(Arc::new(Partial { known, reason: reason.to_owned() })),
        other => other,
    }
}

/// Whether a value is, or holds, something that is not wholly known.
pub(super) fn doubt(value: &Value) -> Option<&str> {
    match value {
        Value::Opaque(opaque) => {
            if let Some(partial) = opaque.downcast_ref::<Partial>() {
                return Some(&partial.reason);
            }
            if let Some(list) = opaque.downcast_ref::<OpenList>() {
                return Some(&list.reason);
            }
            if let Some(number) = opaque.downcast_ref::<AtLeast>() {
                return Some(&number.reason);
            }
            if let Some(one) = opaque.downcast_ref::<Anything>() {
                return Some(&one.0);
            }
            if opaque.downcast_ref::<Constructed>().is_some() {
                return Some("a constructed object is looked into");
            }
            opaque.downcast_ref::<Optional>().and_then(|o| o.0.as_ref()).and_then(doubt)
        }
        Value::List(items) => items.iter().find_map(doubt),
        Value::Map(map) => map.map.values().find_map(doubt),
        _ => None,
    }
}
