//! The file of Kubescape's `--exceptions` (kubescape/opa-utils, `exceptions/`).
//!
//! Every attribute is a regular expression between `^` and `$`, put there without a group, and
//! matched in that form here too. Attributes that are neither cluster, namespace, kind, name, path,
//! resourceID nor containerName are labels, or else annotations, that all must match; of annotations
//! only those that the model keeps can.
//!
//! What ours cannot say is refused: one cluster of several, one container, one framework, one rule
//! of a control, an id of an object. A control that is named by its name alone is refused because
//! upstream does not read the name, so that such an entry excuses every control.

use jiff::civil::Date;
use regex::Regex;
use ringfort_model::record::Meta;
use serde_json::{Map, Value};

use super::ids::Meant;
use super::{Import, ImportError, Rule, Scope, Tool, last_day};
use crate::about;
use crate::outcome::Object;

pub(super) fn read(
    import: &mut Import<'_, '_>,
    place: &str,
    value: &Value,
) -> Result<(), ImportError> {
    let wrong = |reason: &str| ImportError::Shape { tool: "Kubescape", reason: reason.to_owned() };
    let policies = value.as_array().ok_or_else(|| wrong("no list of policies"))?;
    for (at, policy) in policies.iter().enumerate() {
        let policy = policy.as_object().ok_or_else(|| wrong(&format!("[{at}] is no mapping")))?;
        let name = text(policy, "name");
        let place = match name {
            "" => format!("{place}: [{at}]"),
            name => format!("{place}: {name}"),
        };
        one(import, &place, policy);
    }
    Ok(())
}

/// One policy: every resource of it with every control of it.
fn one(import: &mut Import<'_, '_>, place: &str, policy: &Map<String, Value>) {
    let mut refuse = |id: &str, why: &str| import.refuse(Tool::Kubescape, place, id, why);
    if !matches!(text(policy, "policyType"), "" | "postureExceptionPolicy") {
        return refuse("policy", "it is not about controls");
    }
    let actions = list(policy, "actions");
    if !actions.iter().any(|one| matches!(one.as_str(), Some("alertOnly" | "disable"))) {
        return refuse("policy", "its actions excuse nothing; alertOnly and disable do");
    }
    let expires = match policy.get("expirationDate") {
        None | Some(Value::Null) => None,
        Some(end) => match end.as_str().and_then(last_day) {
            Some(day) => Some(day),
            None => return refuse("policy", "expirationDate is no time"),
        },
    };
    let resources = list(policy, "resources");
    if resources.is_empty() {
        return refuse("policy", "it names no resource, and so excuses none");
    }
    let mut controls: Vec<Meant<'_>> = Vec::new();
    let named = list(policy, "posturePolicies");
    for one in named {
        let Some(one) = one.as_object() else {
            refuse("policy", "an entry of posturePolicies is no mapping");
            continue;
        };
        match control(one) {
            Ok(meant) => controls.push(meant),
            Err((id, why)) => refuse(&id, why),
        }
    }
    if named.is_empty() {
        controls.push(Meant::Every);
    }
    let said = match text(policy, "reason") {
        "" => text(policy, "name"),
        reason => reason,
    };
    for meant in controls {
        for resource in resources {
            let shown = meant.shown();
            match Designator::read(resource) {
                Ok(designator) => {
                    carry(import, place, meant, (said, expires), &designator);
                }
                Err(why) => import.refuse(Tool::Kubescape, place, &shown, why),
            }
        }
    }
}

/// The control that an entry of `posturePolicies` means.
fn control(one: &Map<String, Value>) -> Result<Meant<'_>, (String, &'static str)> {
    let id = text(one, "controlID");
    let any = |key: &str| matches!(text(one, key), "" | ".*");
    let shown = || match (id, text(one, "controlName")) {
        ("", "") => "every check".to_owned(),
        ("", name) => name.to_owned(),
        (id, _) => id.to_owned(),
    };
    if !any("frameworkName") {
        return Err((shown(), "it holds within one framework; findings here belong to none"));
    }
    if !any("ruleName") {
        return Err((shown(), "it holds for one rule of the control"));
    }
    if one.get("severityScore").is_some_and(|score| !score.is_null() && *score != 0) {
        return Err((shown(), "it holds for one severity"));
    }
    match (id, text(one, "controlName")) {
        ("", "") => Ok(Meant::Every),
        ("", _) => {
            Err((shown(), "its control is named without controlID, which upstream does not read"))
        }
        (id, _) if id.starts_with("C-") && is_plain(id) => Ok(Meant::Id(id)),
        (id, _) => Ok(Meant::Pattern(id)),
    }
}

fn carry(
    import: &mut Import<'_, '_>,
    place: &str,
    meant: Meant<'_>,
    (reason, expires): (&str, Option<Date>),
    designator: &Designator<'_>,
) {
    let cluster = import.world.cluster;
    let covers = |object: &Object| {
        let found = about::object(cluster, &object.kind, &object.namespace, &object.name);
        found.is_some_and(|found| designator.covers(&object.kind, found.meta()))
    };
    let kinds = |kind: &str| designator.kind.as_ref().is_none_or(|one| one.is_match(kind));
    let scope = match designator.whole_namespace() {
        _ if designator.is_everything() => Scope::Everything,
        Some(namespace) => Scope::Namespace(namespace, &kinds),
        None => Scope::Objects(&covers),
    };
    import.carry(&Rule { tool: Tool::Kubescape, place, meant, reason, expires, scope });
}

/// Which resources are meant.
struct Designator<'v> {
    namespace: Option<Regex>,
    /// The namespace as it is written.
    namespace_text: &'v str,
    kind: Option<Regex>,
    name: Option<Regex>,
    labels: Vec<(&'v str, Regex)>,
}

impl<'v> Designator<'v> {
    fn read(resource: &'v Value) -> Result<Self, &'static str> {
        let of_type = resource.get("designatorType").and_then(Value::as_str).unwrap_or_default();
        if !matches!(of_type.to_lowercase().as_str(), "attributes" | "attribute") {
            return Err("its designator is not of type Attributes");
        }
        let attributes = resource.get("attributes").and_then(Value::as_object);
        let attributes = attributes.ok_or("it names no attribute")?;
        let mut out = Self {
            namespace: None,
            namespace_text: "",
            kind: None,
            name: None,
            labels: Vec::new(),
        };
        let mut some = false;
        for (key, value) in attributes {
            let value = value.as_str().ok_or("an attribute is no text")?;
            if value.is_empty() {
                continue;
            }
            some = true;
            // In any kind of place `.*` asks for nothing.
            let broad = value == ".*";
            match key.as_str() {
                "cluster" if broad => continue,
                "cluster" => return Err("it holds in one cluster; keep a file for each cluster"),
                "containerName" => return Err("it holds for one container of a pod"),
                "path" => return Err("it holds for a path of Kubescape's"),
                "resourceID" => return Err("it holds for an id of Kubescape's"),
                _ => {}
            }
            let whole = Regex::new(&format!("^{value}$"))
                .map_err(|_| "an attribute is no regular expression")?;
            match key.as_str() {
                _ if broad && matches!(key.as_str(), "namespace" | "kind" | "name") => {}
                "namespace" => (out.namespace, out.namespace_text) = (Some(whole), value),
                "kind" => out.kind = Some(whole),
                "name" => out.name = Some(whole),
                label => out.labels.push((label, whole)),
            }
        }
        match some {
            true => Ok(out),
            false => Err("it names no attribute, and so excuses nothing"),
        }
    }

    fn is_everything(&self) -> bool {
        self.namespace.is_none()
            && self.kind.is_none()
            && self.name.is_none()
            && self.labels.is_empty()
    }

    /// The namespace, if all of it is meant.
    fn whole_namespace(&self) -> Option<&'v str> {
        let all = self.name.is_none() && self.labels.is_empty() && is_plain(self.namespace_text);
        (all && self.namespace.is_some()).then_some(self.namespace_text)
    }

    fn covers(&self, kind: &str, meta: &Meta) -> bool {
        let place = if kind == "Namespace" { &meta.name } else { &meta.namespace };
        let fits = |wanted: &Option<Regex>, text: &str| {
            wanted.as_ref().is_none_or(|one| one.is_match(text))
        };
        let all = |known: &dyn Fn(&str) -> Option<String>| {
            self.labels
                .iter()
                .all(|(key, wanted)| known(key).is_some_and(|text| wanted.is_match(&text)))
        };
        let labels = |key: &str| meta.labels.get(key).map(ToString::to_string);
        let annotations = |key: &str| meta.annotations.get(key).map(ToString::to_string);
        fits(&self.namespace, place)
            && fits(&self.kind, kind)
            && fits(&self.name, &meta.name)
            && (self.labels.is_empty() || all(&labels) || all(&annotations))
    }
}

/// Whether an expression means its own text alone.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn text<'m>(map: &'m Map<String, Value>, key: &str) -> &'m str {
    map.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'m>(map: &'m Map<String, Value>, key: &str) -> &'m [Value] {
    map.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
