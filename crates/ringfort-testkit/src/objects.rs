//! The objects of a server, and the answers of its API.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::Path;

use ringfort_model::{Kind, WorkloadKind};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::http::{Answer, End, Request};
use crate::{Fault, Shared};

/// Objects by resource, as they were given.
#[derive(Default)]
pub struct Objects {
    /// By group and plural: two groups may serve one plural.
    lists: BTreeMap<(String, String), List>,
    /// Custom resources that are served, by group and plural.
    custom: BTreeMap<(String, String), Resource>,
    version: String,
}

/// A resource that is served.
#[derive(Clone, Debug)]
struct Resource {
    group: String,
    version: String,
    plural: String,
    kind: String,
}

impl Resource {
    fn of(kind: Kind) -> Self {
        Self {
            group: kind.group().to_owned(),
            version: kind.version().to_owned(),
            plural: kind.plural().to_owned(),
            kind: kind.name().to_owned(),
        }
    }
}

struct List {
    items: Vec<Item>,
}

struct Item {
    of_type: String,
    json: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    items: Vec<Box<RawValue>>,
    #[serde(default)]
    git_version: String,
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default, rename = "apiVersion")]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(default, rename = "type")]
    of_type: Option<Value>,
}

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sizes = self.lists.iter().map(|(plural, list)| (plural, list.items.len()));
        f.debug_map().entries(sizes).finish()
    }
}

fn kinds() -> impl Iterator<Item = Kind> {
    let workloads = WorkloadKind::ALL.into_iter().map(Kind::Workload);
    Kind::PLAIN.iter().copied().chain(workloads)
}

impl Objects {
    /// No objects, of a server of this version.
    #[must_use]
    pub fn new(version: &str) -> Self {
        Self { version: version.to_owned(), ..Self::default() }
    }

    /// Serves a custom resource, whether or not there is an object of it.
    pub fn serve(&mut self, api_version: &str, kind: &str, plural: &str) {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = Resource {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            kind: kind.to_owned(),
        };
        self.custom.insert((resource.group.clone(), resource.plural.clone()), resource);
    }

    /// Everything that is served.
    fn served(&self) -> impl Iterator<Item = Resource> + '_ {
        kinds().map(Resource::of).chain(self.custom.values().cloned())
    }

    /// Adds what a JSON text holds: a list of one kind, a mixed list, or one object. Kinds that
    /// are not served are left out; a custom resource is served once [`Self::serve`] said so.
    pub fn add(&mut self, json: &str) -> io::Result<()> {
        let read: Read = serde_json::from_str(json)?;
        if !read.git_version.is_empty() {
            self.version = read.git_version;
            return Ok(());
        }
        let Some(element) = read.kind.strip_suffix("List") else {
            let one: Box<RawValue> = serde_json::from_str(json)?;
            return self.push(&read.api_version, &read.kind, one);
        };
        for item in read.items {
            self.push(&read.api_version, element, item)?;
        }
        Ok(())
    }

    /// Adds every JSON file of a directory.
    pub fn read_directory(&mut self, directory: &Path) -> io::Result<()> {
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            let json = path.extension().is_some_and(|end| end == "json");
            if json && path.file_name().is_some_and(|name| name != "complete.json") {
                self.add(&std::fs::read_to_string(&path)?)?;
            }
        }
        Ok(())
    }

    /// An object as it was given.
    pub(crate) fn find(&self, kind: Kind, namespace: &str, name: &str) -> Option<Value> {
        let list = self.lists.get(&(kind.group().to_owned(), kind.plural().to_owned()))?;
        let all = list.items.iter().filter_map(|item| serde_json::from_str(item.json.get()).ok());
        let text = |object: &Value, field: &str| {
            object["metadata"][field].as_str().unwrap_or_default().to_owned()
        };
        all.into_iter().find(|object: &Value| {
            text(object, "name") == name && text(object, "namespace") == namespace
        })
    }

    fn push(&mut self, api_version: &str, kind: &str, json: Box<RawValue>) -> io::Result<()> {
        let typed: Typed = serde_json::from_str(json.get())?;
        let (api_version, kind) = match typed.kind.is_empty() {
            true => (api_version, kind),
            false => (typed.api_version.as_str(), typed.kind.as_str()),
        };
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let plural = match Kind::of(group, kind) {
            Some(kind) => kind.plural().to_owned(),
            None => {
                let mut all = self.custom.values();
                match all.find(|one| one.group == group && one.kind == kind) {
                    Some(one) => one.plural.clone(),
                    None => return Ok(()),
                }
            }
        };
        let of_type = typed.of_type.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
        let list = self
            .lists
            .entry((group.to_owned(), plural))
            .or_insert_with(|| List { items: Vec::new() });
        list.items.push(Item { of_type, json });
        Ok(())
    }
}

pub(crate) fn json_answer(status: u16, body: &Value) -> Answer {
    let body = body.to_string().into_bytes();
    Answer { status, content: "application/json", body, retry_after: None, end: End::Whole }
}

fn web_page() -> Answer {
    let body = b"<html>please log in</html>".to_vec();
    Answer { status: 200, content: "text/html", body, retry_after: None, end: End::Whole }
}

fn is_garbled(shared: &Shared, group: &str) -> bool {
    shared.objects.served().any(|one| {
        one.group == group && shared.behaviour.faults.get(&one.plural) == Some(&Fault::Garbled)
    })
}

pub(crate) fn refusal(status: u16, message: &str) -> Answer {
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "code": status});
    json_answer(status, &body)
}

/// The refusal of a request without the right token.
pub(crate) fn stranger(shared: &Shared, request: &Request) -> Option<Answer> {
    let token = &shared.behaviour.token;
    let known = token.is_empty() || request.authorization == format!("Bearer {token}");
    (!known).then(|| refusal(401, "Unauthorized"))
}

/// The answer to a request to read.
pub(crate) fn answer(shared: &Shared, request: &Request) -> Answer {
    if let Some(refused) = stranger(shared, request) {
        return refused;
    }
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    match parts[..] {
        ["version"] => json_answer(200, &json!({"gitVersion": shared.objects.version})),
        ["api" | "apis"] => roots(shared, request, parts[0] == "apis"),
        ["api", "v1"] => json_answer(200, &resources(shared, "", "v1")),
        ["apis", group, _] if is_garbled(shared, group) => web_page(),
        ["apis", group, version] => json_answer(200, &resources(shared, group, version)),
        ["api", version, plural] => list(shared, request, "", version, plural),
        ["apis", group, version, plural] => list(shared, request, group, version, plural),
        _ => refusal(404, "the server could not find the requested resource"),
    }
}

fn groups(shared: &Shared) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in shared.objects.served() {
        let versions = groups.entry(one.group).or_default();
        if !versions.contains(&one.version) {
            versions.push(one.version);
        }
    }
    groups
}

fn roots(shared: &Shared, request: &Request, apis: bool) -> Answer {
    let groups = groups(shared).into_iter().filter(|(group, _)| group.is_empty() != apis);
    if !shared.behaviour.old_discovery && request.accept.contains("APIGroupDiscoveryList") {
        let items: Vec<Value> = groups
            .map(|(group, versions)| {
                let stale = shared.objects.served().any(|one| {
                    let fault = shared.behaviour.faults.get(&one.plural);
                    one.group == group && fault == Some(&Fault::Stale)
                });
                let versions: Vec<Value> = versions
                    .iter()
                    .map(|version| {
                        let resources: Vec<Value> = match stale {
                            true => Vec::new(),
                            false => in_version(shared, &group, version)
                                .map(|one| {
                                    json!({"resource": one.plural, "verbs": ["get", "list"],
                                        "responseKind": {"group": one.group, "version": one.version,
                                            "kind": one.kind}})
                                })
                                .collect(),
                        };
                        let freshness = if stale { "Stale" } else { "Current" };
                        json!({"version": version, "freshness": freshness, "resources": resources})
                    })
                    .collect();
                json!({"metadata": {"name": group}, "versions": versions})
            })
            .collect();
        let kind = "APIGroupDiscoveryList";
        let body = json!({"kind": kind, "apiVersion": "apidiscovery.k8s.io/v2", "items": items});
        return json_answer(200, &body);
    }
    if !apis {
        return json_answer(200, &json!({"kind": "APIVersions", "versions": ["v1"]}));
    }
    let groups: Vec<Value> = groups
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions.iter().map(|v| json!({"version": v})).collect();
            json!({"name": group, "preferredVersion": versions[0], "versions": versions})
        })
        .collect();
    json_answer(200, &json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
}

pub(crate) fn of<'g>(group: &'g str, version: &'g str) -> impl Iterator<Item = Kind> + 'g {
    kinds().filter(move |kind| kind.group() == group && kind.version() == version)
}

fn in_version<'s>(
    shared: &'s Shared,
    group: &'s str,
    version: &'s str,
) -> impl Iterator<Item = Resource> + 's {
    shared.objects.served().filter(move |one| one.group == group && one.version == version)
}

fn resources(shared: &Shared, group: &str, version: &str) -> Value {
    let mut found: Vec<Value> = in_version(shared, group, version)
        .map(|one| json!({"name": one.plural, "kind": one.kind, "verbs": ["get", "list"]}))
        .collect();
    found.push(json!({"name": "pods/log", "kind": "Pod", "verbs": ["get"]}));
    json!({"kind": "APIResourceList", "resources": found})
}

fn list(shared: &Shared, request: &Request, group: &str, version: &str, plural: &str) -> Answer {
    let Some(kind) = in_version(shared, group, version).find(|one| one.plural == plural) else {
        return refusal(404, "the server could not find the requested resource");
    };
    let token = request.query.get("continue").cloned().unwrap_or_default();
    let count = {
        let mut counts = shared.counts.lock().expect("no thread panics while it counts");
        let count = counts.entry(plural.to_owned()).or_default();
        *count += 1;
        *count
    };
    let mut end = End::Whole;
    let mut full = false;
    let fault = shared.behaviour.faults.get(plural).copied();
    match fault {
        Some(Fault::Status(status)) => return failed(status, plural),
        Some(Fault::StatusFirst(status, times)) if count <= times => return failed(status, plural),
        Some(Fault::Expires(_)) if token.starts_with("x:") => {}
        Some(Fault::Expires(offers)) if !token.is_empty() => return expired(offers, &token),
        Some(Fault::ExpiresOnce) if !token.is_empty() && count == 2 => {
            return expired(false, &token);
        }
        Some(Fault::Cut) => end = End::Cut,
        Some(Fault::CutFirst(times)) if count <= times => end = End::Cut,
        Some(Fault::CutLater) if !token.is_empty() => end = End::Cut,
        Some(Fault::Stall) => end = End::Stall,
        Some(Fault::Drip) => end = End::Drip,
        Some(Fault::Full) => full = true,
        Some(Fault::Html) => return web_page(),
        Some(Fault::Stale) => return failed(503, plural),
        _ => {}
    }
    let metadata = request.accept.contains("as=PartialObjectMetadataList") && !full;
    let wanted = match request.query.get("fieldSelector").map(String::as_str) {
        None => None,
        Some(selector) if kind.kind == "Secret" => match selector.split_once("!=") {
            Some(("type", of_type)) => Some((of_type.to_owned(), false)),
            _ => match selector.split_once('=') {
                Some(("type", of_type)) => Some((of_type.to_owned(), true)),
                _ => return refusal(400, "field label not supported"),
            },
        },
        Some(_) => return refusal(400, "field label not supported"),
    };
    let own = shared.objects.lists.get(&(kind.group, kind.plural));
    let all: &[Item] = own.map_or(&[], |list| &list.items);
    let selected: Vec<&Item> = all
        .iter()
        .filter(|item| wanted.as_ref().is_none_or(|(t, equal)| (item.of_type == *t) == *equal))
        .collect();
    let from: usize = token.trim_start_matches("x:").parse().unwrap_or_default();
    let limit = request.query.get("limit").and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    let to = selected.len().min(from.saturating_add(limit));
    let mut next = String::new();
    if to < selected.len() {
        let mark = if token.starts_with("x:") { "x:" } else { "" };
        let _ = write!(next, "{mark}{to}");
    }
    let api_version =
        if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let (list_kind, api_version) = match metadata {
        true => ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned()),
        false => (format!("{}List", kind.kind), api_version),
    };
    let mut body = format!(
        "{{\"kind\":\"{list_kind}\",\"apiVersion\":\"{api_version}\",\"metadata\":{{\"resourceVersion\":\"7\",\"continue\":\"{next}\"}},\"items\":"
    );
    let items = &selected[from.min(to)..to];
    // An API server encodes an empty list of metadata like this.
    if metadata && items.is_empty() {
        body.push_str("null}");
        let body = body.into_bytes();
        return Answer { status: 200, content: "application/json", body, retry_after: None, end };
    }
    body.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            body.push(',');
        }
        match metadata {
            true => body.push_str(&metadata_of(item)),
            false => body.push_str(item.json.get()),
        }
    }
    body.push_str("]}");
    let body = body.into_bytes();
    Answer { status: 200, content: "application/json", body, retry_after: None, end }
}

fn metadata_of(item: &Item) -> String {
    #[derive(Deserialize)]
    struct Only {
        metadata: Box<RawValue>,
    }
    let only: Only = serde_json::from_str(item.json.get()).expect("objects were read once");
    format!(
        "{{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{}}}",
        only.metadata.get()
    )
}

fn failed(status: u16, plural: &str) -> Answer {
    let mut answer = refusal(status, &format!("{plural} is refused with {status}"));
    answer.retry_after = (status == 429).then_some(0);
    answer
}

fn expired(offers: bool, token: &str) -> Answer {
    let mut body = json!({"kind": "Status", "reason": "Expired", "code": 410,
        "message": "The provided continue parameter is too old", "metadata": {}});
    if offers {
        body["metadata"]["continue"] = json!(format!("x:{token}"));
    }
    json_answer(410, &body)
}
