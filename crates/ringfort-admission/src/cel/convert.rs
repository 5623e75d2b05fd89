//! JSON to values, and the conversions `int()`, `double()`, `string()` and `type()`
//! (cel-go `common/types`).

use std::collections::HashMap;
use std::sync::Arc;

use kube_cel::cel::Value;
use kube_cel::cel::objects::{Key, Map};

use super::opaque::{Optional, Type, as_at_least, as_constructed, as_open_list, as_partial, doubt};
use super::{Outcome, Stop};

/// A value as JSON, for a mutation to write: what has no JSON is an error of the expression.
pub(crate) fn to_json(value: &Value) -> Result<serde_json::Value, Stop> {
    use serde_json::Value as Json;
    if let Some(object) = as_constructed(value) {
        if object.name == "JSONPatch" {
            return error("an operation is no value");
        }
        let fields = object.fields.iter().map(|(key, one)| Ok((key.clone(), to_json(one)?)));
        return Ok(Json::Object(fields.collect::<Result<_, Stop>>()?));
    }
    match value {
        Value::Null => Ok(Json::Null),
        Value::Bool(value) => Ok(Json::Bool(*value)),
        Value::Int(number) => Ok(Json::from(*number)),
        Value::UInt(number) => Ok(Json::from(*number)),
        Value::Float(number) => match serde_json::Number::from_f64(*number) {
            Some(number) => Ok(Json::Number(number)),
            None => error("a number that JSON does not have"),
        },
        Value::String(text) => Ok(Json::String(text.to_string())),
        Value::List(items) => {
            Ok(Json::Array(items.iter().map(to_json).collect::<Result<_, Stop>>()?))
        }
        Value::Map(map) => {
            let fields = map.map.iter().map(|(key, one)| match key {
                Key::String(key) => Ok((key.to_string(), to_json(one)?)),
                _ => error("a map whose keys are no texts"),
            });
            Ok(Json::Object(fields.collect::<Result<_, Stop>>()?))
        }
        other => Err(Stop::Unknown(match doubt(other) {
            Some(reason) => reason.to_owned(),
            None => format!("a value of type {} is written", type_name(other)),
        })),
    }
}

/// The operations of a JSON patch, from the list that an expression made of `JSONPatch{}`.
pub(crate) fn operations(value: &Value) -> Result<Vec<serde_json::Value>, Stop> {
    let Value::List(items) = value else {
        return match doubt(value) {
            Some(reason) => Err(Stop::Unknown(reason.to_owned())),
            None => error("the patch is no list"),
        };
    };
    let mut made = Vec::with_capacity(items.len());
    for item in items.iter() {
        let one = as_constructed(item).filter(|one| one.name == "JSONPatch");
        let Some(one) = one else { return error("the patch holds what is no operation") };
        let fields = one.fields.iter().map(|(key, value)| Ok((key.clone(), to_json(value)?)));
        made.push(serde_json::Value::Object(fields.collect::<Result<_, Stop>>()?));
    }
    Ok(made)
}

/// The apply configuration that an expression constructed.
pub(crate) fn configuration(value: &Value) -> Result<serde_json::Value, Stop> {
    match as_constructed(value) {
        Some(one) if one.name == "Object" => to_json(value),
        _ => match doubt(value).filter(|_| as_constructed(value).is_none()) {
            Some(reason) => Err(Stop::Unknown(reason.to_owned())),
            None => error("the configuration is no Object"),
        },
    }
}

/// JSON as the server's decoder reads it: whole numbers are ints, all others doubles.
#[must_use]
pub fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::String(Arc::new(text.clone())),
        serde_json::Value::Array(items) => {
            Value::List(Arc::new(items.iter().map(from_json).collect()))
        }
        serde_json::Value::Object(fields) => {
            let map: HashMap<Key, Value> = fields
                .iter()
                .map(|(key, value)| (Key::from(key.as_str()), from_json(value)))
                .collect();
            Value::Map(Map { map: Arc::new(map) })
        }
    }
}

/// The name of a value's type in the language.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::List(_) => "list",
        Value::Map(_) => "map",
        Value::Int(_) => "int",
        Value::UInt(_) => "uint",
        Value::Float(_) => "double",
        Value::String(_) => "string",
        Value::Bytes(_) => "bytes",
        Value::Bool(_) => "bool",
        Value::Duration(_) => "google.protobuf.Duration",
        Value::Timestamp(_) => "google.protobuf.Timestamp",
        Value::Null => "null_type",
        Value::Opaque(opaque) if opaque.downcast_ref::<Type>().is_some() => "type",
        Value::Opaque(opaque) if opaque.downcast_ref::<Optional>().is_some() => "optional_type",
        value if as_partial(value).is_some() => "map",
        value if as_open_list(value).is_some() => "list",
        value if as_at_least(value).is_some() => "int",
        _ => "kubernetes",
    }
}

fn error<T>(text: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Error(text.into()))
}

/// `int(value)`. Doubles lose their fraction.
pub(super) fn int(value: &Value) -> Outcome {
    // 2^63 as a double; the range of int is open at this end.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    match value {
        Value::Int(_) => Ok(value.clone()),
        Value::UInt(number) => match i64::try_from(*number) {
            Ok(whole) => Ok(Value::Int(whole)),
            Err(_) => error("integer overflow"),
        },
        Value::Float(number) if *number > -LIMIT && *number < LIMIT => {
            Ok(Value::Int(number.trunc() as i64))
        }
        Value::Float(_) => error("integer overflow"),
        Value::String(text) => match text.parse::<i64>() {
            Ok(whole) => Ok(Value::Int(whole)),
            Err(_) => error(format!("cannot parse \"{text}\" as int")),
        },
        Value::Timestamp(time) => Ok(Value::Int(time.timestamp())),
        Value::Duration(_) => error("no such overload: int(duration)"),
        _ => error(format!("no such overload: int({})", type_name(value))),
    }
}

/// `uint(value)`.
pub(super) fn uint(value: &Value) -> Outcome {
    // 2^64 as a double.
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    match value {
        Value::UInt(_) => Ok(value.clone()),
        Value::Int(number) => match u64::try_from(*number) {
            Ok(whole) => Ok(Value::UInt(whole)),
            Err(_) => error("unsigned integer overflow"),
        },
        #[allow(clippy::cast_sign_loss)]
        Value::Float(number) if *number >= 0.0 && *number < LIMIT => {
            Ok(Value::UInt(number.trunc() as u64))
        }
        Value::Float(_) => error("unsigned integer overflow"),
        Value::String(text) => match text.parse::<u64>() {
            Ok(whole) => Ok(Value::UInt(whole)),
            Err(_) => error(format!("cannot parse \"{text}\" as uint")),
        },
        _ => error(format!("no such overload: uint({})", type_name(value))),
    }
}

/// `double(value)`.
#[allow(clippy::cast_precision_loss)]
pub(super) fn double(value: &Value) -> Outcome {
    match value {
        Value::Float(_) => Ok(value.clone()),
        Value::Int(number) => Ok(Value::Float(*number as f64)),
        Value::UInt(number) => Ok(Value::Float(*number as f64)),
        Value::String(text) => match text.parse::<f64>() {
            Ok(number) => Ok(Value::Float(number)),
            Err(_) => error(format!("cannot parse \"{text}\" as double")),
        },
        _ => error(format!("no such overload: double({})", type_name(value))),
    }
}

/// `string(value)`; `None` where a library has its own overload.
pub(super) fn string(value: &Value) -> Option<Outcome> {
    let text = match value {
        Value::String(_) => return Some(Ok(value.clone())),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => shortest(*number),
        Value::Bool(value) => value.to_string(),
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => return Some(error("invalid UTF-8 in bytes")),
        },
        Value::Duration(_) | Value::Timestamp(_) | Value::Opaque(_) => return None,
        _ => return Some(error(format!("no such overload: string({})", type_name(value)))),
    };
    Some(Ok(Value::String(Arc::new(text))))
}

/// A double as Go's `%g` writes it: the fewest digits that give the same number back, with an
/// exponent below 1e-4 and from 1e6 on.
fn shortest(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let written = format!("{number:e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&power) || number == 0.0 {
        return format!("{number}");
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_written_as_go_writes_them() {
        for (number, want) in [
            (0.5, "0.5"),
            (5.0, "5"),
            (-0.25, "-0.25"),
            (123_456.5, "123456.5"),
            (1e6, "1e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e300, "1.5e+300"),
        ] {
            assert_eq!(shortest(number), want);
        }
    }

    #[test]
    fn conversions_out_of_range_are_errors() {
        for value in
            [Value::UInt(u64::MAX), Value::Float(1e19), Value::String(Arc::new("x".into()))]
        {
            assert!(matches!(int(&value), Err(Stop::Error(_))), "{value:?}");
        }
        assert_eq!(int(&Value::Float(-1.9)), Ok(Value::Int(-1)));
        assert!(matches!(uint(&Value::Int(-1)), Err(Stop::Error(_))));
    }
}
