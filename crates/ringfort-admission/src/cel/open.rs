//! What holds for every list, number or value of which only a part is known: the operations that
//! decide more than "not known" about them.

use std::cmp::Ordering;

use kube_cel::cel::Value;
use kube_cel::cel::common::ast::operators;

use super::compare;
use super::opaque::{anything, as_anything, as_at_least, as_open_list, at_least, open_list};
use super::{Outcome, Stop};

fn unknown<T>(reason: &str) -> Result<T, Stop> {
    Err(Stop::Unknown(reason.to_owned()))
}

/// Why a value is not wholly known, if it is of this module.
fn open(value: &Value) -> Option<&str> {
    as_anything(value)
        .or_else(|| as_open_list(value).map(|list| list.reason.as_str()))
        .or_else(|| as_at_least(value).map(|number| number.reason.as_str()))
}

/// The elements of a list that are known; none of what is any value.
fn elements(value: &Value) -> Option<&[Value]> {
    match value {
        Value::List(items) => Some(items),
        other => match as_open_list(other) {
            Some(list) => Some(&list.known),
            None => as_anything(other).map(|_| &[][..]),
        },
    }
}

/// The outcome of an operator or function on such values; `None` if there are none among them or
/// the ordinary way decides.
pub(super) fn invoke(name: &str, target: Option<&Value>, args: &[Value]) -> Option<Outcome> {
    let reason = target.into_iter().chain(args).find_map(open)?;
    match (name, target, args) {
        (
            operators::EQUALS
            | operators::NOT_EQUALS
            | operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS
            | operators::IN
            | "dyn"
            | "optional.of",
            None,
            _,
        ) => None,
        (operators::ADD, None, [a, b]) => {
            Some(concatenated(a, b).unwrap_or_else(|| unknown(reason)))
        }
        // An unknown truth stays one: what is no bool does not come here on a server that checks
        // types.
        (operators::LOGICAL_NOT, None, [value]) if as_anything(value).is_some() => {
            Some(Ok(value.clone()))
        }
        ("size", None, [value]) | ("size", Some(value), []) => Some(match as_open_list(value) {
            Some(list) => Ok(at_least(list.known.len(), reason)),
            None => unknown(reason),
        }),
        (operators::OPT_SELECT | operators::OPT_INDEX, None, [value, _])
            if open(value).is_some() =>
        {
            Some(Ok(anything(reason)))
        }
        // A value that is no optional is handed on.
        ("orValue" | "or", Some(value), [_]) => {
            as_anything(value).map(|reason| Ok(anything(reason)))
        }
        ("sets.contains", None, [whole, part]) => Some(all_in(whole, part, reason)),
        ("sets.equivalent", None, [a, b]) => {
            let either = [all_in(a, b, reason), all_in(b, a, reason)];
            Some(match either.contains(&Ok(Value::Bool(false))) {
                true => Ok(Value::Bool(false)),
                false => unknown(reason),
            })
        }
        ("sets.intersects", None, [a, b]) => Some(share(a, b, reason)),
        _ => Some(unknown(reason)),
    }
}

/// Two lists after one another.
fn concatenated(a: &Value, b: &Value) -> Option<Outcome> {
    let reason = open(a).or_else(|| open(b))?;
    // Of two values of which nothing is known it is not known that they are lists.
    if as_anything(a).is_some() && as_anything(b).is_some() {
        return None;
    }
    let (first, second) = (elements(a)?, elements(b)?);
    Some(Ok(open_list(first.iter().chain(second).cloned().collect(), reason)))
}

/// One of two values, it is not known which: what both hold, if they are lists.
pub(super) fn either(one: &Value, other: &Value, reason: &str) -> Value {
    if compare::equal(one, other) == Ok(true) {
        return one.clone();
    }
    let lists = |value: &Value| matches!(value, Value::List(_)) || as_open_list(value).is_some();
    if let (true, Some(first), true, Some(second)) =
        (lists(one), elements(one), lists(other), elements(other))
    {
        let mut left: Vec<&Value> = second.iter().collect();
        let both = first.iter().filter(|item| {
            let at = left.iter().position(|two| compare::equal(item, two) == Ok(true));
            at.map(|at| left.swap_remove(at)).is_some()
        });
        return open_list(both.cloned().collect(), reason);
    }
    anything(reason)
}

/// A list that holds what this one holds, and perhaps more.
pub(super) fn beside(list: &Value, reason: &str) -> Option<Value> {
    let known = match list {
        Value::List(items) => items.to_vec(),
        other => as_open_list(other)?.known.clone(),
    };
    Some(open_list(known, reason))
}

/// Whether every element of a part is in the whole.
fn all_in(whole: &Value, part: &Value, reason: &str) -> Outcome {
    let Some(part_known) = elements(part) else { return unknown(reason) };
    let mut sure = open(part).is_none();
    for one in part_known {
        match compare::contains(whole, one) {
            Ok(Value::Bool(true)) => {}
            Ok(Value::Bool(false)) => return Ok(Value::Bool(false)),
            _ => sure = false,
        }
    }
    if sure { Ok(Value::Bool(true)) } else { unknown(reason) }
}

/// Whether two lists have an element in common.
fn share(a: &Value, b: &Value, reason: &str) -> Outcome {
    let (Some(first), Some(second)) = (elements(a), elements(b)) else { return unknown(reason) };
    let common =
        first.iter().any(|one| second.iter().any(|other| compare::equal(one, other) == Ok(true)));
    let closed_and_empty = |value: &Value| matches!(value, Value::List(items) if items.is_empty());
    match common {
        true => Ok(Value::Bool(true)),
        false if closed_and_empty(a) || closed_and_empty(b) => Ok(Value::Bool(false)),
        false => unknown(reason),
    }
}

/// Whether two values are equal; `None` if the first is no list or number of this module.
pub(super) fn equal(one: &Value, other: &Value) -> Option<Result<bool, Stop>> {
    if let Some(number) = as_at_least(one) {
        return Some(match number_of(other) {
            Some(known) if known < number.count => Ok(false),
            Some(_) => unknown(&number.reason),
            None if as_at_least(other).is_some() => unknown(&number.reason),
            None => Ok(false),
        });
    }
    let list = as_open_list(one)?;
    Some(match other {
        Value::List(items) => {
            let missing =
                |known: &Value| items.iter().all(|item| compare::equal(known, item) == Ok(false));
            match items.len() < list.known.len() || list.known.iter().any(missing) {
                true => Ok(false),
                false => unknown(&list.reason),
            }
        }
        other if as_open_list(other).is_some() => unknown(&list.reason),
        _ => Ok(false),
    })
}

fn number_of(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::UInt(number) => i64::try_from(*number).ok(),
        _ => None,
    }
}

/// Whether an order holds for every number that is large enough.
pub(super) fn order(
    left: &Value,
    right: &Value,
    holds: &impl Fn(Ordering) -> bool,
) -> Option<bool> {
    let (number, known, mirrored) = match (as_at_least(left), as_at_least(right)) {
        (Some(number), None) => (number, number_of(right)?, false),
        (None, Some(number)) => (number, number_of(left)?, true),
        _ => return None,
    };
    let possible: &[Ordering] = match known.cmp(&number.count) {
        Ordering::Less => &[Ordering::Greater],
        Ordering::Equal => &[Ordering::Equal, Ordering::Greater],
        Ordering::Greater => &[Ordering::Less, Ordering::Equal, Ordering::Greater],
    };
    let turned = |order: Ordering| if mirrored { order.reverse() } else { order };
    let mut answers = possible.iter().map(|order| holds(turned(*order)));
    let first = answers.next()?;
    answers.all(|one| one == first).then_some(first)
}

/// Whether a list of which a part is known, or any value, contains a value.
pub(super) fn contains(container: &Value, value: &Value) -> Option<Outcome> {
    let reason = open(container)?;
    let among = elements(container)
        .is_some_and(|known| known.iter().any(|one| compare::equal(one, value) == Ok(true)));
    Some(if among { Ok(Value::Bool(true)) } else { unknown(reason) })
}
