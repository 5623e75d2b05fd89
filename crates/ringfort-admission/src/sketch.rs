//! What is known of an object of which whoever makes it chooses the rest.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::cel::{Value, anything, from_json, open_list, partial};

/// Why the rest is not known.
const REASON: &str = "what the object holds";

/// What is known of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sketch {
    /// That there is one.
    Any,
    /// All of it.
    Exactly(Json),
    /// These fields; there may be others.
    Map(BTreeMap<String, Sketch>),
    /// These elements; there may be others, anywhere.
    List(Vec<Sketch>),
}

impl Sketch {
    /// Objects and lists hold what they hold here and perhaps more; everything else is exact.
    pub(crate) fn of(json: &Json) -> Self {
        match json {
            Json::Object(fields) => {
                Self::Map(fields.iter().map(|(key, one)| (key.clone(), Self::of(one))).collect())
            }
            Json::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            other => Self::Exactly(other.clone()),
        }
    }

    /// A map with these fields.
    pub(crate) fn map<const N: usize>(fields: [(&str, Self); N]) -> Self {
        Self::Map(fields.into_iter().map(|(key, one)| (key.to_owned(), one)).collect())
    }

    /// The same with more fields; those of `more` replace equal ones.
    pub(crate) fn with(self, more: Self) -> Self {
        match (self, more) {
            (Self::Map(mut fields), Self::Map(more)) => {
                fields.extend(more);
                Self::Map(fields)
            }
            (one, _) => one,
        }
    }

    /// As expressions see it.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Any => anything(REASON),
            Self::Exactly(json) => from_json(json),
            Self::Map(fields) => {
                let map = fields.iter().map(|(key, one)| (key.as_str().into(), one.value()));
                let map = std::sync::Arc::new(map.collect());
                partial(Value::Map(kube_cel::cel::objects::Map { map }), REASON)
            }
            Self::List(items) => open_list(items.iter().map(Self::value).collect(), REASON),
        }
    }

    /// Whether a value is one of those.
    pub(crate) fn fits(&self, json: &Json) -> bool {
        match self {
            Self::Any => !json.is_null(),
            Self::Exactly(own) => own == json,
            Self::Map(fields) => {
                json.is_object() && fields.iter().all(|(key, one)| one.fits(&json[key.as_str()]))
            }
            Self::List(items) => json
                .as_array()
                .is_some_and(|all| items.iter().all(|one| all.iter().any(|other| one.fits(other)))),
        }
    }
}

/// A way in which a pod can leave its container, as far as its specification shows it: every
/// pod that holds this is of the shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Its name in reports.
    pub(crate) name: &'static str,
    /// What is known of the specification.
    pub(crate) spec: Sketch,
    /// Whether the question is if every such pod is refused. An error of a policy that fails
    /// closed is a refusal then, so that what may be an error need not be told from a value.
    pub(crate) refused: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_sketch_fits_what_holds_it() {
        let sketch = Sketch::map([
            ("hostPID", Sketch::Exactly(json!(true))),
            ("volumes", Sketch::List(vec![Sketch::map([("hostPath", Sketch::Any)])])),
        ]);
        let with = |volumes: Json| json!({"hostPID": true, "volumes": volumes, "x": 1});
        assert!(sketch.fits(&with(json!([{"emptyDir": {}}, {"hostPath": {"path": "/"}}]))));
        assert!(!sketch.fits(&with(json!([{"emptyDir": {}}]))));
        assert!(!sketch.fits(&json!({"hostPID": false, "volumes": [{"hostPath": {}}]})));
        assert!(Sketch::of(&json!({"a": [1]})).fits(&json!({"a": [0, 1], "b": 2})));
    }
}
