//! The OCSF schema in its own files: which attributes an event must have, and which values.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

/// The files by name: `events/findings/finding.json`.
pub(crate) struct Schema(BTreeMap<String, Value>);

impl Schema {
    /// Reads the archive.
    pub(crate) fn read(archive: &Path) -> Self {
        let file = std::fs::File::open(archive).expect("an archive");
        let mut archive = tar::Archive::new(zstd::Decoder::new(file).expect("zstd"));
        let mut files = BTreeMap::new();
        for entry in archive.entries().expect("entries") {
            let mut entry = entry.expect("an entry");
            let name = entry.path().expect("a path").to_string_lossy().into_owned();
            if !name.ends_with(".json") {
                continue;
            }
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("text");
            let name = name.trim_start_matches("./").to_owned();
            files.insert(name, serde_json::from_str(&text).expect("JSON"));
        }
        assert!(files.keys().any(|name| name.ends_with("dictionary.json")), "{:?}", files.keys());
        Self(files)
    }

    fn file(&self, folder: &str, name: &str) -> Option<&Value> {
        let is_meant = |path: &&String| {
            path.contains(folder) && path.rsplit('/').next() == Some(&format!("{name}.json"))
        };
        self.0.keys().find(is_meant).map(|path| &self.0[path])
    }

    /// The attributes of an event or object, with those it inherits.
    fn attributes(&self, folder: &str, name: &str) -> Map<String, Value> {
        let own = self.file(folder, name).unwrap_or_else(|| panic!("no {folder} {name}"));
        let mut all = match own["extends"].as_str() {
            Some(parent) if parent != "object" => self.attributes(folder, parent),
            _ => Map::new(),
        };
        for (name, rule) in own["attributes"].as_object().expect("attributes") {
            let Some(rule) = rule.as_object() else { continue };
            let known = all.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
            for (key, value) in rule {
                if let (Some(before), Some(more)) =
                    (known[key].as_object().cloned(), value.as_object())
                {
                    let joined = before.into_iter().chain(more.clone()).collect();
                    known[key] = Value::Object(joined);
                } else {
                    known[key] = value.clone();
                }
            }
        }
        all
    }

    /// Notes what an event lacks or has too much.
    pub(crate) fn check_event(&self, class: &str, event: &Value, errors: &mut BTreeSet<String>) {
        self.check("events", class, event, class, errors);
    }

    fn check(
        &self,
        folder: &str,
        name: &str,
        value: &Value,
        path: &str,
        errors: &mut BTreeSet<String>,
    ) {
        let Some(fields) = value.as_object() else {
            errors.insert(format!("{path} is no object"));
            return;
        };
        let dictionary = &self.file("", "dictionary").expect("a dictionary")["attributes"];
        let attributes = self.attributes(folder, name);
        for (attribute, rule) in &attributes {
            // Attributes of a profile are there only where the profile is.
            let by_profile = rule["profile"].is_string();
            if rule["requirement"] == "required" && !by_profile && !fields.contains_key(attribute) {
                errors.insert(format!("{path}.{attribute} is required"));
            }
        }
        for (field, value) in fields {
            let Some(rule) = attributes.get(field) else {
                errors.insert(format!("{path}.{field} is no attribute of {name}"));
                continue;
            };
            let known = &dictionary[field];
            if let Some(choices) = rule["enum"].as_object() {
                let more = known["enum"].as_object();
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let allowed = choices.contains_key(&text)
                    || more.is_some_and(|more| more.contains_key(&text));
                // The class and type ids are computed from the class's own number.
                if !allowed && !matches!(field.as_str(), "class_uid" | "type_uid" | "category_uid")
                {
                    errors.insert(format!("{path}.{field} may not be {text}"));
                }
            }
            let values = match (known["is_array"] == true, value.as_array()) {
                (true, Some(items)) => items.iter().collect(),
                (false, None) => vec![value],
                _ => {
                    errors.insert(format!("{path}.{field} is one where a list is due, or a list"));
                    continue;
                }
            };
            let sort = known["type"].as_str().unwrap_or_default();
            for value in values {
                let fits = match sort {
                    "integer_t" | "long_t" | "timestamp_t" => value.is_i64() || value.is_u64(),
                    "boolean_t" => value.is_boolean(),
                    "json_t" => true,
                    text if text.ends_with("_t") => value.is_string(),
                    "object" => {
                        assert!(value.is_object());
                        true
                    }
                    other => {
                        self.check("objects", other, value, &format!("{path}.{field}"), errors);
                        true
                    }
                };
                if !fits {
                    errors.insert(format!("{path}.{field} is no {sort}: {value}"));
                }
            }
        }
    }
}
