//! ValidatingAdmissionPolicies against the tests of a library of them, which its authors run
//! on a live server by dry run.
//!
//! `controls/ID/tests.json` names a template below `test-resources`, changes to its fields, a
//! binding, a parameter object and the answer. The object is created in namespace `default`,
//! so the policy sees it after defaulting and the built-in plug-ins.

use std::collections::BTreeMap;
use std::path::Path;

use ringfort_admission::defaulting::{ServiceAccount, built_in_plugins, decode};
use ringfort_admission::{Admission, Decision, Identity, Options, Request, ResourceType, Verdict};
use ringfort_model::{Cluster, ClusterBuilder, KubeVersion, Object, SourceKind};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::cases::SuiteError;
use crate::files;
use crate::outcome::Outcome;

/// The version of the server where none is given: the newest.
const NEWEST: u32 = 36;
/// Where the objects are created.
const NAMESPACE: &str = "default";

/// A test.
#[derive(Deserialize)]
struct Case {
    name: String,
    template: String,
    expected: String,
    #[serde(default)]
    field_change_list: Vec<String>,
    binding_template: Option<String>,
    param_template: Option<String>,
}

/// The files of the suite by path.
type Files = BTreeMap<String, String>;

/// Runs every test below `controls`.
pub fn run(path: &Path, server: Option<KubeVersion>) -> Result<Outcome, SuiteError> {
    let version = server.unwrap_or(KubeVersion::minor(NEWEST));
    let wanted = |name: &str| name.ends_with(".yaml") || name.ends_with(".json");
    let files = files::read(path, wanted)?;
    let mut outcome = Outcome::of("vap");
    for (name, text) in &files {
        let Some(control) = name.strip_suffix("/tests.json") else { continue };
        let cases: Vec<Case> = serde_json::from_str(text)
            .map_err(|error| SuiteError::format(name.as_str(), &error))?;
        for case in cases {
            let place = format!("{} {}", control.rsplit('/').next().unwrap_or(control), case.name);
            let decision = ask(&files, control, &case, version)?;
            outcome.count(
                difference(&case.expected, &decision).map(|what| format!("{place}: {what}")),
            );
        }
    }
    if outcome.total == 0 {
        return Err(SuiteError::Empty(path.to_owned()));
    }
    Ok(outcome)
}

/// What differs from the recorded answer, if anything.
fn difference(expected: &str, decision: &Result<Decision, String>) -> Option<String> {
    let decision = match decision {
        Ok(decision) => decision,
        Err(reason) => return Some(format!("expected {expected}, here not decided: {reason}")),
    };
    let list = |all: &[ringfort_admission::Finding]| {
        all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let here = match &decision.verdict {
        Verdict::Refused(all) => ("fail", list(all)),
        Verdict::Unknown(all) => ("unknown", list(all)),
        Verdict::Admitted if decision.warnings.is_empty() => ("pass", String::new()),
        Verdict::Admitted => ("warn", list(&decision.warnings)),
    };
    (here.0 != expected).then(|| format!("expected {expected}, here {} {}", here.0, here.1))
}

/// Asks about one test. The inner error is a request that no policy sees.
fn ask(
    files: &Files,
    control: &str,
    case: &Case,
    version: KubeVersion,
) -> Result<Result<Decision, String>, SuiteError> {
    let resource_file = |name: &str| format!("test-resources/{name}");
    let template = yaml(files, &resource_file(&case.template))?;
    let policy = yaml(files, &format!("{control}/policy.yaml"))?;
    let binding = case.binding_template.as_deref().unwrap_or("policy-binding.yaml");
    let binding = yaml(files, &resource_file(binding))?;
    let params = case.param_template.as_deref().unwrap_or("default-control-configuration.yaml");
    let params = yaml(files, &resource_file(params))?;
    let name = policy["metadata"]["name"].as_str().unwrap_or_default().to_owned();

    let mut object = template;
    for change in &case.field_change_list {
        let place = format!("{control}/tests.json {}", case.name);
        apply(&mut object, change).map_err(|reason| SuiteError::format(place, &reason))?;
    }
    let cluster = cluster(files, &policy, &bound(binding, &name), version)?;
    let parameters = vec![renamed(params, &format!("{name}-params"))];
    let options = Options { parameters, ..Options::default() };
    let admission = Admission::new(&cluster, Some(version), options);
    let text = |field: &str| object[field].as_str().unwrap_or_default();
    let Some(resource) = ResourceType::of(text("apiVersion"), text("kind"), &cluster) else {
        return Ok(Err(format!("kind {} is not known", text("kind"))));
    };
    let namespace = if resource.namespaced { NAMESPACE } else { "" };
    if resource.namespaced && object["metadata"]["namespace"].is_null() {
        object["metadata"]["namespace"] = Json::from(NAMESPACE);
    }
    decode(&mut object, Some(version));
    built_in_plugins(&mut object, &ServiceAccount::default());
    let identity = Identity::User {
        name: "kubernetes-admin".to_owned(),
        groups: vec!["system:masters".to_owned(), "system:authenticated".to_owned()],
    };
    Ok(Ok(admission.would_admit(&Request::create(resource, namespace, object, identity))))
}

/// A cluster with that policy and binding and nothing else that has a say.
fn cluster(
    files: &Files,
    policy: &Json,
    binding: &Json,
    version: KubeVersion,
) -> Result<Cluster, SuiteError> {
    let mut builder = ClusterBuilder::new(SourceKind::Dump);
    builder.version(Some(version), &version.to_string());
    builder.coverage().rest_is_complete = true;
    let namespace = serde_json::json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}
    });
    let mut add = |json: &Json| {
        let object = Object::read(json.to_string().as_bytes())
            .map_err(|error| SuiteError::format("policy", &error))?;
        builder.add(object);
        Ok::<(), SuiteError>(())
    };
    add(&namespace)?;
    add(policy)?;
    add(binding)?;
    for (name, _) in files.iter().filter(|(name, _)| name.starts_with("configuration/")) {
        add(&yaml(files, name)?)?;
    }
    Ok(builder.freeze())
}

fn yaml(files: &Files, name: &str) -> Result<Json, SuiteError> {
    let text = files.get(name).ok_or_else(|| SuiteError::format(name, &"the file is not there"))?;
    serde_saphyr::from_str(text).map_err(|error| SuiteError::format(name, &error))
}

fn renamed(mut object: Json, name: &str) -> Json {
    object["metadata"]["name"] = Json::from(name);
    object
}

fn bound(binding: Json, policy: &str) -> Json {
    let mut binding = renamed(binding, &format!("{policy}-binding"));
    binding["spec"]["policyName"] = Json::from(policy);
    binding["spec"]["paramRef"]["name"] = Json::from(format!("{policy}-params"));
    binding
}

/// Applies `PATH=VALUE`: names and `[index]` joined by dots. What is missing is made, and
/// lists are filled up with nulls. A value that is no JSON is a text.
fn apply(object: &mut Json, change: &str) -> Result<(), String> {
    let (path, value) =
        change.split_once('=').ok_or_else(|| format!("\"{change}\" has no \"=\""))?;
    let value: Json = serde_json::from_str(value).unwrap_or_else(|_| Json::from(value));
    let mut at = object;
    for part in path.split('.') {
        let index = part.strip_prefix('[').and_then(|part| part.strip_suffix(']'));
        at = match index {
            Some(index) => {
                let index: usize =
                    index.parse().map_err(|_| format!("\"{part}\" is no place in a list"))?;
                if !at.is_array() {
                    *at = Json::Array(Vec::new());
                }
                let items = at.as_array_mut().ok_or("a list that is none")?;
                if items.len() <= index {
                    items.resize(index + 1, Json::Null);
                }
                &mut items[index]
            }
            None => {
                if !at.is_object() {
                    *at = Json::Object(serde_json::Map::new());
                }
                &mut at[part]
            }
        };
    }
    *at = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_make_what_is_missing() {
        let mut object = serde_json::json!({"a": {"b": [1]}});
        for change in ["a.b.[2].c=true", "a.d=x=y", "e=[\"f\"]", "a.b.[0]=null"] {
            apply(&mut object, change).expect("applies");
        }
        let want = serde_json::json!({"a": {"b": [null, null, {"c": true}], "d": "x=y"},
            "e": ["f"]});
        assert_eq!(object, want);
        assert!(apply(&mut object, "a.[x]=1").is_err());
        assert!(apply(&mut object, "a").is_err());
    }
}
