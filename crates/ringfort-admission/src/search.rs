//! A pod that is let through: what whoever makes one may choose freely is tried, one change at a
//! time, as long as fewer controls stand in the way (semantics PSS-12).
//!
//! A policy tells pods apart by the texts that its expressions hold and by the fields that they
//! name, so these are what is tried: a pod that is found is a proof, that none is found is none.

use ringfort_model::Str;
use ringfort_model::record::LabelSelector;
use serde_json::{Map as Fields, Value as Json, json};

use crate::admission::Admission;
use crate::cel::Words;
use crate::decision::{Control, Decision, Finding, Verdict};

/// As many pods as are tried for one question.
const TRIED: usize = 96;

/// A pod as its maker sends it.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) object: Json,
    /// The list of the container that matters.
    pub(crate) list: &'static str,
    /// Whether only that container is chosen: the pod is there already.
    pub(crate) container_only: bool,
}

/// Something that is chosen freely.
#[derive(Clone, Debug, PartialEq)]
enum Change {
    Name(String),
    /// The server appends a text to it.
    GenerateName(String),
    Annotations(Fields<String, Json>),
    Labels(Fields<String, Json>),
    Account(String),
    Node(String),
    ContainerName(String),
    Image(String),
    Environment(String),
    /// What the container mounts cannot be written to: it is read.
    ReadOnly,
}

/// Whether nothing that was read stands in the way.
pub(crate) fn is_open(decision: &Decision) -> bool {
    !matches!(decision.verdict, Verdict::Refused(_)) && decision.opaque().next().is_none()
}

/// What stands in the way.
fn obstacles(decision: &Decision) -> Vec<&Finding> {
    let refused = match &decision.verdict {
        Verdict::Refused(all) => all.as_slice(),
        Verdict::Admitted | Verdict::Unknown(_) => &[],
    };
    let doubts = decision.doubts.iter();
    let doubts = doubts.filter(|one| !matches!(one.control, Control::Unlisted(_)));
    refused.iter().chain(doubts).chain(decision.opaque()).collect()
}

impl Draft {
    fn with(&self, change: &Change) -> Self {
        let mut made = self.clone();
        let object = &mut made.object;
        match change {
            Change::Name(name) => {
                object["metadata"]["name"] = json!(name);
                if let Some(metadata) = object["metadata"].as_object_mut() {
                    metadata.remove("generateName");
                }
            }
            Change::GenerateName(start) => {
                object["metadata"]["generateName"] = json!(start);
                object["metadata"]["name"] = json!(format!("{start}x7k2q"));
            }
            Change::Annotations(all) => merge(&mut object["metadata"]["annotations"], all),
            Change::Labels(all) => merge(&mut object["metadata"]["labels"], all),
            Change::Account(name) => {
                object["spec"]["serviceAccountName"] = json!(name);
                object["spec"]["serviceAccount"] = json!(name);
            }
            Change::Node(name) => object["spec"]["nodeName"] = json!(name),
            Change::ContainerName(name) => object["spec"][self.list][0]["name"] = json!(name),
            Change::Image(image) => object["spec"][self.list][0]["image"] = json!(image),
            Change::ReadOnly => {
                let mounts = object["spec"][self.list][0]["volumeMounts"].as_array_mut();
                for mount in mounts.into_iter().flatten() {
                    mount["readOnly"] = json!(true);
                }
            }
            Change::Environment(name) => {
                object["spec"][self.list][0]["env"] = json!([{"name": name, "value": name}]);
            }
        }
        made
    }
}

fn merge(into: &mut Json, all: &Fields<String, Json>) {
    if !into.is_object() {
        *into = json!({});
    }
    if let Some(fields) = into.as_object_mut() {
        fields.extend(all.clone());
    }
}

impl Admission<'_> {
    /// The decision about the first pod found that is let through, else about the one that meets
    /// the fewest obstacles.
    pub(crate) fn search(
        &self,
        namespace: &Str,
        draft: Draft,
        ask: &dyn Fn(&Draft) -> Decision,
    ) -> Decision {
        let mut best = ask(&draft);
        let mut draft = draft;
        let mut left = TRIED;
        while !is_open(&best) {
            let tried = self.changes(namespace, &obstacles(&best), &draft);
            let mut found = None;
            for change in tried {
                if left == 0 {
                    return best;
                }
                left -= 1;
                let next = draft.with(&change);
                let decision = ask(&next);
                if is_open(&decision) || obstacles(&decision).len() < obstacles(&best).len() {
                    found = Some((next, decision));
                    break;
                }
            }
            let Some((next, decision)) = found else { return best };
            (draft, best) = (next, decision);
        }
        best
    }

    /// What may be changed so that one of the obstacles no longer is one.
    fn changes(&self, namespace: &Str, obstacles: &[&Finding], draft: &Draft) -> Vec<Change> {
        let mut all = Vec::new();
        let mut seen: Vec<&Control> = Vec::new();
        for one in obstacles {
            if seen.contains(&&one.control) {
                continue;
            }
            seen.push(&one.control);
            let (words, selectors) = self.told_apart(&one.control);
            if !draft.container_only {
                all.extend(selectors.into_iter().filter_map(evading));
            }
            self.by_words(namespace, &words, draft, &mut all);
        }
        let mut unique = Vec::new();
        for change in all {
            if !unique.contains(&change) {
                unique.push(change);
            }
        }
        unique
    }

    /// By what a control tells objects apart.
    fn told_apart(&self, control: &Control) -> (Words, Vec<&LabelSelector>) {
        match control {
            Control::ValidatingPolicy { policy, .. } | Control::MutatingPolicy { policy, .. } => {
                let mutating = matches!(control, Control::MutatingPolicy { .. });
                let mut all = self.policies.iter();
                let Some(bound) =
                    all.find(|one| one.policy.name == *policy && one.policy.mutating == mutating)
                else {
                    return (Words::default(), Vec::new());
                };
                let own = bound.policy.constraints.and_then(|one| one.object_selector.as_ref());
                let bindings = bound.bindings.iter().filter_map(|binding| {
                    let spec = binding.spec.as_ref()?;
                    spec.match_resources.as_ref()?.object_selector.as_ref()
                });
                (bound.policy.words(), own.into_iter().chain(bindings).collect())
            }
            Control::Webhook { configuration, name, mutating } => {
                let found = self.webhooks.iter().find(|one| {
                    one.configuration.metadata.name == *configuration
                        && one.record.name == *name
                        && one.mutating == *mutating
                });
                match found {
                    Some(one) => {
                        (one.words(), one.record.object_selector.as_ref().into_iter().collect())
                    }
                    None => (Words::default(), Vec::new()),
                }
            }
            Control::PodSecurity(_) | Control::Unlisted(_) => (Words::default(), Vec::new()),
        }
    }

    /// Changes of the fields that are named, to the texts that are.
    fn by_words(&self, namespace: &Str, words: &Words, draft: &Draft, all: &mut Vec<Change>) {
        let named = |field: &str| words.fields.contains(field);
        let texts = || words.texts.iter().map(String::as_str);
        let around = |text: &str| {
            [text.to_owned(), format!("{text}x"), format!("x{text}"), format!("x{text}x")]
        };
        if named("image") {
            let images = texts().flat_map(around).filter(|text| is_image(text));
            all.extend(images.map(Change::Image));
        }
        if named("name") {
            let names = texts().filter_map(|text| around(text).into_iter().find(|n| is_label(n)));
            all.extend(names.map(Change::ContainerName));
        }
        if named("env") {
            let names = texts().filter(|text| is_variable(text));
            all.extend(names.map(|name| Change::Environment(name.to_owned())));
        }
        if named("readOnly") {
            all.push(Change::ReadOnly);
        }
        if draft.container_only {
            return;
        }
        for (field, valid_key, valid_value, change) in [
            (
                "annotations",
                is_key as fn(&str) -> bool,
                (|_| true) as fn(&str) -> bool,
                Change::Annotations as fn(Fields<String, Json>) -> Change,
            ),
            ("labels", is_key, is_label_value, Change::Labels),
        ] {
            if !named(field) {
                continue;
            }
            let mut keys: Vec<&str> = texts().filter(|text| valid_key(text)).collect();
            if keys.is_empty() {
                keys.push("any");
            }
            for value in texts().chain(["true"]).filter(|text| valid_value(text)) {
                let pairs = keys.iter().map(|key| ((*key).to_owned(), json!(value)));
                all.push(change(pairs.collect()));
            }
        }
        if named("name") {
            let names =
                texts().filter_map(|text| around(text).into_iter().find(|n| is_subdomain(n)));
            all.extend(names.map(Change::Name));
        }
        if named("generateName") {
            let starts = texts().map(str::to_owned).chain(["made-".to_owned()]);
            let valid = starts.filter(|start| is_subdomain(&format!("{start}x7k2q")));
            all.extend(valid.map(Change::GenerateName));
        }
        if named("serviceAccountName") || named("serviceAccount") {
            // The server refuses a pod of an account that does not exist.
            let known = |text: &&str| self.cluster.service_accounts.get(namespace, text).is_some();
            all.extend(texts().filter(known).map(|name| Change::Account(name.to_owned())));
        }
        if named("nodeName") && draft.object["spec"]["nodeName"].is_null() {
            let nodes = self.cluster.nodes.iter().map(|node| node.metadata.name.as_str());
            let (listed, others): (Vec<&str>, Vec<&str>) =
                nodes.partition(|name| words.texts.contains(*name));
            let tried = listed.into_iter().chain(others.into_iter().take(1));
            all.extend(tried.map(|name| Change::Node(name.to_owned())));
        }
    }
}

/// Labels that a selector does not take; none where an object without labels will do.
fn evading(selector: &LabelSelector) -> Option<Change> {
    let free = selector.match_expressions.iter().find_map(|need| {
        let value = match need.operator.as_str() {
            "NotIn" => need.values.iter().next()?.as_str(),
            "DoesNotExist" => "x",
            _ => return None,
        };
        Some((need.key.to_string(), json!(value)))
    });
    free.map(|pair| Change::Labels([pair].into_iter().collect()))
}

fn is_word(text: &str, inner: &str, longest: usize) -> bool {
    let plain = |sign: char| sign.is_ascii_alphanumeric();
    !text.is_empty()
        && text.len() <= longest
        && text.starts_with(plain)
        && text.ends_with(plain)
        && text.chars().all(|sign| plain(sign) || inner.contains(sign))
}

fn is_lower(text: &str) -> bool {
    !text.contains(|sign: char| sign.is_ascii_uppercase())
}

/// A DNS label (apimachinery `IsDNS1123Label`).
fn is_label(text: &str) -> bool {
    is_word(text, "-", 63) && is_lower(text)
}

/// A DNS subdomain (apimachinery `IsDNS1123Subdomain`).
fn is_subdomain(text: &str) -> bool {
    let part = |part: &str| is_word(part, "-", 253) && is_lower(part);
    text.len() <= 253 && text.split('.').all(part)
}

/// A key of a label or annotation (apimachinery `IsQualifiedName`).
fn is_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_word(name, "-_.", 63),
        None => is_word(text, "-_.", 63),
    }
}

fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_word(text, "-_.", 63)
}

/// What names a repository and perhaps a tag or digest, so that a runtime can pull it.
fn is_image(text: &str) -> bool {
    let inner = |sign: char| sign.is_ascii_alphanumeric() || "./:@-_".contains(sign);
    let plain = |sign: char| sign.is_ascii_alphanumeric();
    text.starts_with(plain) && text.ends_with(plain) && text.chars().all(inner)
}

fn is_variable(text: &str) -> bool {
    is_word(text, "_", 63) && !text.starts_with(|sign: char| sign.is_ascii_digit())
}
