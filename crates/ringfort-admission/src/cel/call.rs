//! Operators and functions. Those of the standard library that decide admission are here; the
//! libraries of Kubernetes are called in `kube-cel`.

use std::sync::Arc;

use kube_cel::KubeCelExt;
use kube_cel::cel::common::ast::{CallExpr, Expr, IdedExpr, operators};
use kube_cel::cel::objects::Key;
use kube_cel::cel::{Context, ExecutionError, Value};

use super::convert::{self, type_name};
use super::cost::{self, Cost};
use super::eval::{field, optional_field};
use super::opaque::{Type, as_optional, as_partial, doubt, optional};
use super::{Outcome, Stop, compare, open, pattern};

fn no_overload<T>(name: &str, values: &[&Value]) -> Result<T, Stop> {
    if let Some(reason) = values.iter().find_map(|value| doubt(value)) {
        return Err(Stop::Unknown(reason.to_owned()));
    }
    let types: Vec<&str> = values.iter().map(|value| type_name(value)).collect();
    Err(Stop::Error(format!("no such overload: {name}({})", types.join(", "))))
}

/// Calls an operator or function on values.
pub(super) fn invoke(cost: &Cost, name: &str, target: Option<&Value>, args: &[Value]) -> Outcome {
    cost.spend(1)?;
    if let Some(outcome) = open::invoke(name, target, args) {
        return outcome;
    }
    match (name, target, args) {
        (operators::EQUALS, None, [a, b]) => {
            cost.spend(size_of(a).min(size_of(b)))?;
            compare::equal(a, b).map(Value::Bool)
        }
        (operators::NOT_EQUALS, None, [a, b]) => {
            cost.spend(size_of(a).min(size_of(b)))?;
            compare::equal(a, b).map(|equal| Value::Bool(!equal))
        }
        (operators::LESS, None, [a, b]) => compare::order(a, b, std::cmp::Ordering::is_lt),
        (operators::LESS_EQUALS, None, [a, b]) => compare::order(a, b, std::cmp::Ordering::is_le),
        (operators::GREATER, None, [a, b]) => compare::order(a, b, std::cmp::Ordering::is_gt),
        (operators::GREATER_EQUALS, None, [a, b]) => {
            compare::order(a, b, std::cmp::Ordering::is_ge)
        }
        (operators::IN, None, [value, container]) => {
            cost.spend(size_of(container))?;
            compare::contains(container, value)
        }
        (operators::LOGICAL_NOT, None, [Value::Bool(value)]) => Ok(Value::Bool(!value)),
        (operators::LOGICAL_NOT, None, [other]) => no_overload("!", &[other]),
        (operators::NEGATE, None, [Value::Int(number)]) => match number.checked_neg() {
            Some(number) => Ok(Value::Int(number)),
            None => Err(Stop::Error("integer overflow".to_owned())),
        },
        (operators::NEGATE, None, [Value::Float(number)]) => Ok(Value::Float(-number)),
        (operators::NEGATE, None, [Value::Duration(time)]) => Ok(Value::Duration(-*time)),
        (operators::NEGATE, None, [other]) => no_overload("-", &[other]),
        (operators::ADD, None, [a, b]) => {
            cost.spend(size_of(a) + size_of(b))?;
            arithmetic(a.clone() + b.clone())
        }
        (operators::SUBSTRACT, None, [a, b]) => arithmetic(a.clone() - b.clone()),
        (operators::MULTIPLY, None, [a, b]) => arithmetic(a.clone() * b.clone()),
        (operators::DIVIDE, None, [a, b]) => arithmetic(a.clone() / b.clone()),
        (operators::MODULO, None, [a, b]) => arithmetic(a.clone() % b.clone()),
        (operators::INDEX, None, [value, at]) => index(value, at),
        (operators::OPT_INDEX, None, [value, at]) => optional_index(value, at),
        (operators::OPT_SELECT, None, [value, Value::String(name)]) => {
            optional_field(Some(value), &Key::from(name.as_str()))
        }
        ("type", None, [value]) => Ok(Value::Opaque(Arc::new(Type(type_name(value))))),
        ("dyn", None, [value]) => Ok(value.clone()),
        ("int", None, [value]) => convert::int(value),
        ("uint", None, [value]) => convert::uint(value),
        ("double", None, [value]) => convert::double(value),
        ("string", None, [value]) => match convert::string(value) {
            Some(outcome) => outcome,
            None => library(cost, name, None, args),
        },
        ("size", None, [value]) | ("size", Some(value), []) => size(value),
        ("contains" | "startsWith" | "endsWith", Some(target), [value]) => {
            within(cost, name, target, value)
        }
        ("matches", Some(text), [pattern]) | ("matches", None, [text, pattern]) => {
            matches(cost, text, pattern)
        }
        ("find" | "findAll", Some(target), [Value::String(re), rest @ ..]) => {
            // Compiled first, so that what is not understood here is unknown and no error.
            pattern::compile(re)?;
            let mut args = vec![Value::String(Arc::new(pattern::translate(re)?))];
            args.extend(rest.iter().cloned());
            library(cost, name, Some(target), &args)
        }
        ("optional.none", None, []) => Ok(optional(None)),
        ("optional.of", None, [value]) => Ok(optional(Some(value.clone()))),
        ("optional.ofNonZeroValue", None, [value]) => match as_partial(value) {
            Some(partial) if partial.known.map.is_empty() => {
                Err(Stop::Unknown(partial.reason.clone()))
            }
            _ => Ok(optional((!is_zero(value)).then(|| value.clone()))),
        },
        ("hasValue", Some(value), []) => match as_optional(value) {
            Some(one) => Ok(Value::Bool(one.0.is_some())),
            None => no_overload(name, &[value]),
        },
        ("value", Some(value), []) => match as_optional(value) {
            Some(one) => match &one.0 {
                Some(inner) => Ok(inner.clone()),
                None => Err(Stop::Error("optional.none() dereference".to_owned())),
            },
            None => no_overload(name, &[value]),
        },
        ("orValue", Some(value), [other]) => match as_optional(value) {
            Some(one) => Ok(one.0.clone().unwrap_or_else(|| other.clone())),
            // cel-go `evalOptionalOrValue` hands on what is no optional.
            None => Ok(value.clone()),
        },
        ("or", Some(value), [other]) => match as_optional(value) {
            Some(one) if one.0.is_some() => Ok(value.clone()),
            Some(_) => Ok(other.clone()),
            None => Ok(value.clone()),
        },
        // For these the library takes fewer types (`timestamp`) or more types than the server.
        ("timestamp", None, [Value::Int(_)]) => {
            Err(Stop::Unknown("timestamp() of a number".to_owned()))
        }
        ("min" | "max" | "sum" | "isSorted", Some(target), []) => match target {
            Value::List(_) => library(cost, name, Some(target), args),
            other => match doubt(other) {
                Some(reason) => Err(Stop::Unknown(reason.to_owned())),
                None => no_overload(name, &[other]),
            },
        },
        ("join", Some(target), [separator]) if !matches!(separator, Value::String(_)) => {
            match doubt(target).or_else(|| doubt(separator)) {
                Some(reason) => Err(Stop::Unknown(reason.to_owned())),
                None => no_overload(name, &[target, separator]),
            }
        }
        _ => library(cost, name, target, args),
    }
}

fn arithmetic(result: Result<Value, ExecutionError>) -> Outcome {
    result.map_err(|error| Stop::Error(error.to_string()))
}

/// `value[at]`.
fn index(value: &Value, at: &Value) -> Outcome {
    if let Some(one) = as_optional(value) {
        return match &one.0 {
            Some(inner) => optional_index(inner, at),
            None => Ok(optional(None)),
        };
    }
    if let Value::List(items) = value {
        return match place(at) {
            Some(place) => match usize::try_from(place).ok().and_then(|at| items.get(at)) {
                Some(item) => Ok(item.clone()),
                None => Err(Stop::Error(format!("index out of bounds: {place}"))),
            },
            None => no_overload("[]", &[value, at]),
        };
    }
    match compare::key(at) {
        Some(key) => field(value, &key),
        None => no_overload("[]", &[value, at]),
    }
}

/// `value[?at]`.
fn optional_index(value: &Value, at: &Value) -> Outcome {
    match value {
        Value::List(items) => match place(at) {
            Some(place) => {
                let item = usize::try_from(place).ok().and_then(|at| items.get(at));
                Ok(optional(item.cloned()))
            }
            None => no_overload("[?]", &[value, at]),
        },
        other => match compare::key(at) {
            Some(key) => optional_field(Some(other), &key),
            // cel-go answers differently for each kind of container.
            None => Err(Stop::Unknown(format!("[?] with a key of type {}", type_name(at)))),
        },
    }
}

fn place(at: &Value) -> Option<i64> {
    match compare::key(at)? {
        Key::Int(at) => Some(at),
        Key::Uint(at) => i64::try_from(at).ok(),
        _ => None,
    }
}

/// `size`: code points of a text, elements of everything else.
fn size(value: &Value) -> Outcome {
    let count = match value {
        Value::String(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Map(map) => map.map.len(),
        other => {
            return match doubt(other) {
                Some(reason) => Err(Stop::Unknown(reason.to_owned())),
                None => no_overload("size", &[other]),
            };
        }
    };
    Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn within(cost: &Cost, name: &str, target: &Value, value: &Value) -> Outcome {
    let (Value::String(text), Value::String(part)) = (target, value) else {
        return no_overload(name, &[target, value]);
    };
    let (text, part) = (text.as_str(), part.as_str());
    cost.spend(match name {
        "contains" => cost::text(text.len()).saturating_mul(cost::text(part.len())),
        _ => cost::text(part.len()),
    })?;
    Ok(Value::Bool(match name {
        "contains" => text.contains(part),
        "startsWith" => text.starts_with(part),
        _ => text.ends_with(part),
    }))
}

fn matches(cost: &Cost, text: &Value, pattern: &Value) -> Outcome {
    let (Value::String(text), Value::String(pattern)) = (text, pattern) else {
        return no_overload("matches", &[text, pattern]);
    };
    // A quarter of the pattern's length for each tenth of the text's.
    let steps = (pattern.len() as u64).div_ceil(4);
    cost.spend(cost::text(text.len() + 1).saturating_mul(steps))?;
    Ok(Value::Bool(pattern::compile(pattern)?.is_match(text)))
}

/// Whether a value is the zero value of its type.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) | Value::Int(0) | Value::UInt(0) => true,
        Value::Float(number) => *number == 0.0,
        Value::String(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.map.is_empty(),
        Value::Opaque(_) => as_optional(value).is_some_and(|one| one.0.is_none()),
        _ => false,
    }
}

/// Elements and text of a value, in units of cost.
fn size_of(value: &Value) -> u64 {
    match value {
        Value::String(text) => cost::text(text.len()),
        Value::Bytes(bytes) => cost::text(bytes.len()),
        Value::List(items) => items.iter().map(size_of).sum::<u64>().max(1),
        Value::Map(map) => map.map.values().map(size_of).sum::<u64>().max(1),
        _ => 1,
    }
}

thread_local! {
    static LIBRARIES: Context<'static> = Context::default().with_all();
}

/// Calls a function of the libraries. What they do not have is unknown; what they refuse is an
/// error of the expression.
fn library(cost: &Cost, name: &str, target: Option<&Value>, args: &[Value]) -> Outcome {
    let all = target.into_iter().chain(args);
    for value in all.clone() {
        if let Some(reason) = doubt(value) {
            return Err(Stop::Unknown(reason.to_owned()));
        }
        cost.spend(size_of(value))?;
    }
    let ident = |at: usize| IdedExpr { id: 0, expr: Expr::Ident(format!("@{at}")) };
    let (namespace, function) = match name.rsplit_once('.') {
        Some((namespace, function)) => (Some(namespace), function),
        None => (None, name),
    };
    let first = usize::from(target.is_some());
    let receiver = match namespace {
        Some(namespace) => Some(IdedExpr { id: 0, expr: Expr::Ident(namespace.to_owned()) }),
        None => target.map(|_| ident(0)),
    };
    let call = CallExpr {
        func_name: function.to_owned(),
        target: receiver.map(Box::new),
        args: (first..first + args.len()).map(ident).collect(),
    };
    let call = IdedExpr { id: 0, expr: Expr::Call(call) };
    LIBRARIES.with(|libraries| {
        let mut context = libraries.new_inner_scope();
        for (at, value) in all.enumerate() {
            context.add_variable_from_value(format!("@{at}"), value.clone());
        }
        Value::resolve(&call, &context).map_err(|error| match error {
            ExecutionError::UndeclaredReference(name) => {
                Stop::Unknown(format!("function \"{name}\" is not known"))
            }
            other => Stop::Error(other.to_string()),
        })
    })
}
