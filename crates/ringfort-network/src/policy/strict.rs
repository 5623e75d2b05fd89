//! Strict reading of kinds that others define and extend: a field that no rule here knows
//! makes the policy unknown and is never ignored (NP-40 to NP-42).

use ringfort_model::Str;
use serde_json::{Map, Value};

use crate::policy::read::{Refused, refuse};

/// An object whose fields are taken one by one.
pub(crate) struct Fields {
    path: String,
    left: Map<String, Value>,
}

impl Fields {
    pub(crate) fn of(value: &Value, path: &str) -> Result<Self, Refused> {
        let left = match value {
            Value::Null => Map::new(),
            Value::Object(fields) => fields.clone(),
            _ => return Err(refuse(path, "is no object")),
        };
        Ok(Self { path: path.to_owned(), left })
    }

    pub(crate) fn path(&self, field: &str) -> String {
        format!("{}.{field}", self.path)
    }

    /// A field; null is absent.
    pub(crate) fn take(&mut self, field: &str) -> Option<Value> {
        self.left.remove(field).filter(|value| !value.is_null())
    }

    /// Fields that change nothing about what passes.
    pub(crate) fn skip(&mut self, fields: &[&str]) {
        for field in fields {
            self.left.remove(*field);
        }
    }

    pub(crate) fn text(&mut self, field: &str) -> Result<Option<String>, Refused> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(refuse(self.path(field), "is no text")),
        }
    }

    pub(crate) fn flag(&mut self, field: &str) -> Result<Option<bool>, Refused> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(refuse(self.path(field), "is no boolean")),
        }
    }

    pub(crate) fn number(&mut self, field: &str) -> Result<Option<f64>, Refused> {
        match self.take(field) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) => Ok(Some(number)),
                None => Err(refuse(self.path(field), "is no number")),
            },
        }
    }

    /// A list; absent and empty differ.
    pub(crate) fn list(&mut self, field: &str) -> Result<Option<Vec<Value>>, Refused> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(refuse(self.path(field), "is no list")),
        }
    }

    pub(crate) fn texts(&mut self, field: &str) -> Result<Option<Vec<Str>>, Refused> {
        let Some(items) = self.list(field)? else { return Ok(None) };
        let texts = items.iter().map(|item| item.as_str().map(Str::new));
        match texts.collect::<Option<Vec<Str>>>() {
            Some(texts) => Ok(Some(texts)),
            None => Err(refuse(self.path(field), "holds something that is no text")),
        }
    }

    /// Whether anything is left that is not known here.
    pub(crate) fn end(self) -> Result<(), Refused> {
        match self.left.iter().find(|(_, value)| !value.is_null()) {
            Some((field, _)) => Err(refuse(self.path(field), "is not modelled")),
            None => Ok(()),
        }
    }
}
