//! Values that the language has and JSON has not: optionals, types, maps of which only a part is
//! known, and objects that a mutation constructs.

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
pub(super) struct Partial {
    pub(super) known: Map,
    /// Why the rest is not known.
    pub(super) reason: String,
}

impl Eq for Partial {}

impl Opaque for Partial {
    fn runtime_type_name(&self) -> &'static str {
        "map"
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

pub(super) fn as_partial(value: &Value) -> Option<&Partial> {
    match value {
        Value::Opaque(opaque) => opaque.downcast_ref::<Partial>(),
        _ => None,
    }
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
