//! Equality and order (cel-go `common/types`: `Equal`, `Compare`).

use std::cmp::Ordering;

use kube_cel::cel::Value;
use kube_cel::cel::objects::{Key, Map};

use super::convert::type_name;
use super::opaque::{as_anything, as_optional, as_partial, doubt};
use super::open;
use super::{Outcome, Stop};

/// `==`. Numbers of different types compare by value, values of other different types are
/// unequal. Unknown where a part is not known and no known part differs.
pub(super) fn equal(left: &Value, right: &Value) -> Result<bool, Stop> {
    match (left, right) {
        (Value::List(a), Value::List(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            all_equal(a.iter().zip(b.iter()))
        }
        (Value::Map(a), Value::Map(b)) => equal_maps(a, b),
        (Value::Opaque(_), _) | (_, Value::Opaque(_)) => equal_opaque(left, right),
        _ => Ok(match number_order(left, right) {
            Some(order) => order == Some(Ordering::Equal),
            None => left == right,
        }),
    }
}

fn all_equal<'v>(pairs: impl Iterator<Item = (&'v Value, &'v Value)>) -> Result<bool, Stop> {
    let mut stop = None;
    for (a, b) in pairs {
        match equal(a, b) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(unknown) => stop = Some(unknown),
        }
    }
    stop.map_or(Ok(true), Err)
}

fn equal_maps(a: &Map, b: &Map) -> Result<bool, Stop> {
    if a.map.len() != b.map.len() {
        return Ok(false);
    }
    let mut pairs = Vec::with_capacity(a.map.len());
    for (key, value) in a.map.iter() {
        let Some(other) = find(b, key) else { return Ok(false) };
        pairs.push((value, other));
    }
    all_equal(pairs.into_iter())
}

fn equal_opaque(left: &Value, right: &Value) -> Result<bool, Stop> {
    if let Some(reason) = as_anything(left).or_else(|| as_anything(right)) {
        return Err(Stop::Unknown(reason.to_owned()));
    }
    if let Some(answer) = open::equal(left, right).or_else(|| open::equal(right, left)) {
        return answer;
    }
    let partial = as_partial(left).or_else(|| as_partial(right));
    if let Some(partial) = partial {
        let other = if as_partial(left).is_some() { right } else { left };
        return match other {
            Value::Map(_) => Err(Stop::Unknown(partial.reason.clone())),
            other if as_partial(other).is_some() => Err(Stop::Unknown(partial.reason.clone())),
            _ => Ok(false),
        };
    }
    match (as_optional(left), as_optional(right)) {
        (Some(a), Some(b)) => match (&a.0, &b.0) {
            (Some(a), Some(b)) => equal(a, b),
            (a, b) => Ok(a.is_none() && b.is_none()),
        },
        // The server's own types (URL, quantity, IP, …) refuse to be compared with another type.
        (None, None) if type_name(left) == "kubernetes" && type_name(right) != "kubernetes" => {
            Err(Stop::Unknown("equality of values of different types".to_owned()))
        }
        (None, None) => Ok(left == right),
        _ => Ok(false),
    }
}

/// The value under a key; whole numbers of both types are one key.
pub(super) fn find<'m>(map: &'m Map, key: &Key) -> Option<&'m Value> {
    map.get(key)
}

/// Order of two numbers: `None` if they are not numbers, `Some(None)` for a NaN.
#[allow(clippy::option_option)]
fn number_order(left: &Value, right: &Value) -> Option<Option<Ordering>> {
    let number = |value: &Value| matches!(value, Value::Int(_) | Value::UInt(_) | Value::Float(_));
    (number(left) && number(right)).then(|| left.partial_cmp(right))
}

/// `<`, `<=`, `>` and `>=`; an error for values that have no order among each other.
pub(super) fn order(left: &Value, right: &Value, holds: impl Fn(Ordering) -> bool) -> Outcome {
    if let Some(reason) = doubt(left).or_else(|| doubt(right)) {
        return match open::order(left, right, &holds) {
            Some(decided) => Ok(Value::Bool(decided)),
            None => Err(Stop::Unknown(reason.to_owned())),
        };
    }
    let order = match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
        _ => match number_order(left, right) {
            Some(Some(order)) => Some(order),
            // A NaN compares as an error.
            Some(None) => return Err(Stop::Error("NaN values cannot be ordered".to_owned())),
            None => None,
        },
    };
    match order {
        Some(order) => Ok(Value::Bool(holds(order))),
        None => Err(Stop::Error(format!(
            "no such overload: comparison of {} and {}",
            super::convert::type_name(left),
            super::convert::type_name(right)
        ))),
    }
}

/// `value in container`.
pub(super) fn contains(container: &Value, value: &Value) -> Outcome {
    match container {
        Value::Map(map) if !map.map.is_empty() && doubt(value).is_some() => {
            Err(Stop::Unknown(doubt(value).unwrap_or_default().to_owned()))
        }
        Value::List(items) => {
            let mut stop = None;
            for item in items.iter() {
                match equal(item, value) {
                    Ok(true) => return Ok(Value::Bool(true)),
                    Ok(false) => {}
                    Err(unknown) => stop = Some(unknown),
                }
            }
            stop.map_or(Ok(Value::Bool(false)), Err)
        }
        Value::Map(map) => Ok(Value::Bool(key(value).is_some_and(|key| find(map, &key).is_some()))),
        other => match as_partial(other) {
            Some(partial) => match key(value).and_then(|key| find(&partial.known, &key)) {
                Some(_) => Ok(Value::Bool(true)),
                None => Err(Stop::Unknown(partial.reason.clone())),
            },
            None => open::contains(other, value).unwrap_or_else(|| {
                let kind = super::convert::type_name(other);
                Err(Stop::Error(format!("no such overload: in {kind}")))
            }),
        },
    }
}

/// A value as a key of a map. A double that is a whole number is that number.
pub(super) fn key(value: &Value) -> Option<Key> {
    match value {
        Value::Int(number) => Some(Key::Int(*number)),
        Value::UInt(number) => Some(Key::Uint(*number)),
        Value::Bool(value) => Some(Key::Bool(*value)),
        Value::String(text) => Some(Key::String(text.clone())),
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Some(Key::Int(*number as i64))
        }
        _ => None,
    }
}
