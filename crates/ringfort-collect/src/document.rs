//! Types of objects and lists: from the object, from the list around it, from the file's name.

use std::fmt;

use ringfort_model::Kind;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// `apiVersion` and `kind`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TypeMeta {
    pub(crate) api_version: String,
    pub(crate) kind: String,
}

impl TypeMeta {
    /// The type of the elements of a typed list.
    pub(crate) fn element(&self) -> Option<Self> {
        let kind = self.kind.strip_suffix("List").filter(|kind| !kind.is_empty())?;
        Some(Self { api_version: self.api_version.clone(), kind: kind.to_owned() })
    }
}

/// Reads `apiVersion` and `kind` of a JSON object, and stops as soon as both are known.
pub(crate) fn type_of(json: &[u8]) -> TypeMeta {
    struct Types<'t>(&'t mut TypeMeta);
    impl<'de> DeserializeSeed<'de> for Types<'_> {
        type Value = ();
        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
            deserializer.deserialize_map(self)
        }
    }
    impl<'de> Visitor<'de> for Types<'_> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
                match key.as_ref() {
                    "apiVersion" => self.0.api_version = map.next_value()?,
                    "kind" => self.0.kind = map.next_value()?,
                    _ => {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                if !self.0.api_version.is_empty() && !self.0.kind.is_empty() {
                    return Err(A::Error::custom("both are known"));
                }
            }
            Ok(())
        }
    }
    let mut types = TypeMeta::default();
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    // What was found before an error or the early stop is what there is.
    let _ = Types(&mut types).deserialize(&mut deserializer);
    types
}

/// The type of a list as far as unfinished pieces of its text, a head and a tail, say it.
pub(crate) fn type_in_fragments(pieces: &[&[u8]]) -> Option<TypeMeta> {
    let value = |key: &str| pieces.iter().find_map(|text| value_in(text, key));
    let kind = value("\"kind\"")?;
    Some(TypeMeta { kind, api_version: value("\"apiVersion\"").unwrap_or_default() })
}

fn value_in(text: &[u8], key: &str) -> Option<String> {
    let at = memchr::memmem::find(text, key.as_bytes())?;
    let rest = text[at + key.len()..].trim_ascii_start().strip_prefix(b":")?;
    let rest = rest.trim_ascii_start().strip_prefix(b"\"")?;
    let end = memchr::memchr(b'"', rest)?;
    String::from_utf8(rest[..end].to_vec()).ok()
}

/// The type that a file's name stands for, in the namings of known dumps: `pods`,
/// `roles.rbac.authorization.k8s.io`, `rbac.authorization.k8s.io_v1_roles`.
pub(crate) fn type_of_file(name: &str) -> Option<TypeMeta> {
    let file = name.rsplit('/').next()?;
    let stem = file.split_once(".json").map_or(file, |(stem, _)| stem);
    let all = Kind::PLAIN
        .iter()
        .copied()
        .chain(ringfort_model::WorkloadKind::ALL.into_iter().map(Kind::Workload));
    for kind in all {
        let (group, plural, version) = (kind.group(), kind.plural(), kind.version());
        let dotted = if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
        let listed = match group {
            "" => format!("{version}_{plural}"),
            group => format!("{group}_{version}_{plural}"),
        };
        if stem == plural || stem == dotted || stem == listed {
            let api_version = match group {
                "" => version.to_owned(),
                group => format!("{group}/{version}"),
            };
            return Some(TypeMeta { api_version, kind: kind.name().to_owned() });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_wherever_they_stand() {
        let pod = TypeMeta { api_version: "v1".into(), kind: "Pod".into() };
        assert_eq!(type_of(br#"{"kind":"Pod","apiVersion":"v1","spec":oops"#), pod);
        assert_eq!(type_of(br#"{"spec":{"kind":"x"},"kind":"Pod","apiVersion":"v1"}"#), pod);
        assert_eq!(type_of(b"[1]"), TypeMeta::default());
        assert_eq!(
            type_in_fragments(&[br#", "kind" : "Pod""#, br#""apiVersion":"v1"}"#]),
            Some(pod.clone())
        );
        assert_eq!(type_of_file("default/pods.json"), Some(pod));
        let role = type_of_file("rbac.authorization.k8s.io_v1_roles.json").expect("known");
        assert_eq!(role.api_version, "rbac.authorization.k8s.io/v1");
        assert_eq!(type_of_file("roles.rbac.authorization.k8s.io.json"), Some(role));
        assert_eq!(type_of_file("notes.json"), None);
    }
}
