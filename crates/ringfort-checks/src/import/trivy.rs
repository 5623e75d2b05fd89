//! Trivy's ignore files (aquasecurity/trivy, `pkg/result/ignore.go`).
//!
//! An id without paths covers everything that is scanned, and so does ours; with paths, the objects
//! that stand in those files of the source. Ids of vulnerabilities, secrets and licences have
//! no findings here.

use jiff::civil::Date;
use regex::Regex;
use serde_json::Value;

use super::ids::Meant;
use super::{Import, ImportError, Rule, Scope, Tool, last_day, paths};
use crate::about;
use crate::outcome::Object;

/// `.trivyignore`: an id a line, perhaps with `exp:2027-01-31`; comments directly above an id are
/// taken for its reason.
pub(super) fn plain(import: &mut Import<'_, '_>, place: &str, text: &str) {
    let mut reason: Vec<&str> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            reason.push(comment.trim());
            continue;
        }
        let said = std::mem::take(&mut reason).join(" ");
        let mut fields = line.split_whitespace();
        let Some(id) = fields.next() else { continue };
        let place = format!("{place}:{}", at + 1);
        let expires = match fields.find_map(|field| field.strip_prefix("exp:")) {
            // Upstream reads a plain date and leaves the line out otherwise.
            Some(day) => match last_day(day).filter(|_| day.len() == 10) {
                Some(day) => Some(day),
                None => {
                    import.refuse(Tool::Trivy, &place, id, format!("exp:{day} is no day"));
                    continue;
                }
            },
            None => None,
        };
        import.carry(&Rule {
            tool: Tool::Trivy,
            place: &place,
            meant: Meant::Id(id),
            reason: &said,
            expires,
            scope: Scope::Everything,
        });
    }
}

/// `.trivyignore.yaml`.
pub(super) fn yaml(
    import: &mut Import<'_, '_>,
    place: &str,
    value: &Value,
) -> Result<(), ImportError> {
    let wrong = |reason: &str| ImportError::Shape { tool: "Trivy", reason: reason.to_owned() };
    let sections = value.as_object().ok_or_else(|| wrong("no mapping of sections to lists"))?;
    for name in ["vulnerabilities", "secrets", "licenses"] {
        let count = sections.get(name).and_then(Value::as_array).map_or(0, Vec::len);
        if count > 0 {
            import.refuse(
                Tool::Trivy,
                place,
                name,
                format!("{count} entries; no such findings here"),
            );
        }
    }
    let list = match sections.get("misconfigurations") {
        None | Some(Value::Null) => return Ok(()),
        Some(list) => list.as_array().ok_or_else(|| wrong("misconfigurations is no list"))?,
    };
    for (at, entry) in list.iter().enumerate() {
        let place = format!("{place}: misconfigurations[{at}]");
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let id = text("id").unwrap_or_default();
        let expires: Option<Date> = match entry.get("expired_at") {
            None | Some(Value::Null) => None,
            Some(end) => match end.as_str().and_then(last_day) {
                Some(day) => Some(day),
                None => {
                    import.refuse(Tool::Trivy, &place, id, format!("expired_at {end} is no time"));
                    continue;
                }
            },
        };
        let patterns: Vec<Regex> = match entry.get("paths") {
            None | Some(Value::Null) => Vec::new(),
            Some(list) => {
                let read = |one: &Value| one.as_str().and_then(paths::expression);
                match list.as_array().and_then(|list| list.iter().map(read).collect()) {
                    Some(patterns) => patterns,
                    None => return Err(wrong(&format!("the paths of {id} are no patterns"))),
                }
            }
        };
        let cluster = import.world.cluster;
        let stands = |object: &Object| {
            let (kind, namespace, name) = (&object.kind, &object.namespace, &object.name);
            about::object(cluster, kind, namespace, name)
                .and_then(|found| found.meta().origin.clone())
                .is_some_and(|origin| patterns.iter().any(|one| one.is_match(&origin.file)))
        };
        import.carry(&Rule {
            tool: Tool::Trivy,
            place: &place,
            meant: Meant::Id(id),
            reason: text("statement").unwrap_or_default(),
            expires,
            scope: match patterns.is_empty() {
                true => Scope::Everything,
                false => Scope::Objects(&stands),
            },
        });
    }
    Ok(())
}
