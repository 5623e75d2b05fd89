//! The second reading: objects pass by whole and are asked about.
//!
//! Before it, where a policy or rule needs them, Namespaces and parameter objects are kept whole,
//! up to [`KEPT`] bytes; what is beyond is not known, and what rests on it is undecided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use ringfort_admission::own::Answer;
use ringfort_admission::{
    Action, Ground, Namespaces, Refusal, Refusals, Request, ResourceType, Says,
};
use ringfort_attack::{Evidence, target};
use ringfort_model::record::{Meta, custom};
use ringfort_model::{Cluster, Coverage, Kind, KubeVersion, Listed, SourceKind, Str, WorkloadKind};
use serde_json::Value as Json;

use super::seen::{Answers, Seen, Wrong};
use super::{OwnRule, UNREAD, of_policy};
use crate::check::{Check, Severity};
use crate::outcome::{Object, Outcomes, Verdict};

/// Bytes of Namespaces and parameter objects that are kept.
pub const KEPT: usize = 64 << 20;

/// How the second reading ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// What the first one read passed by again.
    Whole,
    /// Lists of a running cluster, by `plural.group`.
    Lists(BTreeMap<String, Listed>),
    /// There are no whole objects in the source.
    Records,
}

/// An object as its source holds it.
#[derive(Clone, Copy, Debug)]
pub struct Passing<'r> {
    /// Group and version.
    pub api_version: &'r str,
    /// Kind.
    pub kind: &'r str,
    /// Metadata as the model keeps it.
    pub meta: &'r Meta,
    /// The object.
    pub json: &'r [u8],
}

/// Rules and policies, ready for objects to pass by.
pub struct Asking<'a> {
    cluster: &'a Cluster,
    version: Option<KubeVersion>,
    rules: Vec<&'a OwnRule>,
    policies: Option<Refusals<'a>>,
    /// The checks that the policies are, by their positions.
    checks: Vec<&'static Check>,
    /// Whether the policies are those of the cluster.
    own_policies: bool,
    chosen: BTreeSet<&'static str>,
    /// Which types are wanted, by kind and version, as far as somebody asked.
    wanted: Mutex<BTreeMap<String, BTreeMap<String, bool>>>,
    kept: Mutex<Kept>,
    namespaces: Namespaces,
    seen: Mutex<BTreeMap<(&'static str, Object), Seen>>,
}

/// What is kept whole for the second reading.
#[derive(Debug, Default)]
struct Kept {
    bytes: usize,
    full: bool,
    namespaces: Namespaces,
    parameters: Vec<Json>,
}

impl<'a> Asking<'a> {
    /// Prepares to ask about the objects of a cluster. `policies` is the cluster that holds the
    /// policies, which may be the same.
    #[must_use]
    pub fn new(cluster: &'a Cluster, rules: &'a [OwnRule], policies: Option<&'a Cluster>) -> Self {
        let version = cluster.version;
        let own_policies = policies.is_some_and(|one| std::ptr::eq(one, cluster));
        let policies = policies.map(|one| Refusals::new(one, cluster, version));
        let names = policies.iter().flat_map(Refusals::names);
        let mut checks: Vec<&'static Check> = names.map(|name| of_policy(name)).collect();
        let chosen = BTreeSet::new();
        if own_policies {
            checks.push(&UNREAD);
        }
        Self {
            cluster,
            version,
            rules: rules.iter().collect(),
            policies,
            checks,
            own_policies,
            chosen,
            wanted: Mutex::default(),
            kept: Mutex::default(),
            namespaces: Namespaces::default(),
            seen: Mutex::default(),
        }
    }

    /// The checks that policies are.
    #[must_use]
    pub fn policy_checks(&self) -> &[&'static Check] {
        &self.checks
    }

    /// Which of the checks are asked.
    pub fn choose<'c>(&mut self, checks: impl IntoIterator<Item = &'c &'static Check>) {
        self.chosen = checks.into_iter().map(|check| check.id).collect();
        self.rules.retain(|one| self.chosen.contains(one.check.id));
    }

    /// Whether there is anything to ask.
    #[must_use]
    pub fn asks(&self) -> bool {
        !self.rules.is_empty() || self.asked_policies().next().is_some()
    }

    fn asked_policies(&self) -> impl Iterator<Item = (usize, &'static Check, &Refusals<'a>)> {
        let policies = self.policies.as_ref();
        let all = policies
            .into_iter()
            .flat_map(|all| all.names().enumerate().map(move |one| (one.0, all)));
        all.map(|(at, all)| (at, self.checks[at], all))
            .filter(|(_, check, _)| self.chosen.contains(check.id))
    }

    /// Whether objects have to be kept before others can be judged.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.keeps_namespaces()
            || self.policies.as_ref().is_some_and(|one| !one.parameter_kinds().is_empty())
    }

    fn keeps_namespaces(&self) -> bool {
        self.rules.iter().any(|one| one.rule.reads_namespace())
            || self.policies.as_ref().is_some_and(Refusals::read_namespaces)
    }

    /// Whether an object of a type has to be kept.
    #[must_use]
    pub fn wants_to_keep(&self, api_version: &str, kind: &str) -> bool {
        let parameter = |one: &Refusals<'_>| {
            let kinds = one.parameter_kinds();
            kinds.iter().any(|(version, name)| version == api_version && name == kind)
        };
        // Values of Secrets are never kept.
        (kind, api_version) != ("Secret", "v1")
            && ((kind, api_version) == ("Namespace", "v1") && self.keeps_namespaces()
                || self.policies.as_ref().is_some_and(parameter))
    }

    /// Keeps an object.
    pub fn keep(&self, object: &Passing<'_>) {
        if !self.is_kept(object) {
            return;
        }
        let Ok(json) = serde_json::from_slice::<Json>(object.json) else { return };
        let mut kept = self.kept.lock().expect("nobody panics while holding it");
        kept.bytes += object.json.len();
        if kept.bytes > KEPT {
            kept.full = true;
            return;
        }
        if (object.kind, object.api_version) == ("Namespace", "v1") {
            kept.namespaces.add(&object.meta.name, json.clone(), self.cluster.source);
        }
        kept.parameters.push(json);
    }

    /// Ends keeping: `ended` says how lists of a running cluster ended, and `given` are parameter
    /// objects from elsewhere.
    pub fn kept(&mut self, ended: &Reading, given: Vec<Json>) {
        let kept = std::mem::take(self.kept.get_mut().expect("nobody panics while holding it"));
        self.namespaces = kept.namespaces;
        let Some(policies) = &mut self.policies else { return };
        let whole = |(api_version, kind): &(String, String)| {
            let key = key_of(self.cluster, api_version, kind);
            !kept.full && missing(self.cluster, ended, &key).is_none()
        };
        let complete = policies.parameter_kinds().into_iter().filter(whole).collect();
        let kinds = policies.parameter_kinds();
        let of_kind = |one: &Json| {
            let text = |field: &str| one[field].as_str().unwrap_or_default().to_owned();
            kinds.contains(&(text("apiVersion"), text("kind"))) && one["kind"] != "Secret"
        };
        let objects = kept.parameters.into_iter().chain(given).filter(of_kind).collect();
        policies.give(objects, complete);
    }

    /// Whether some rule or policy may be about objects of a type.
    #[must_use]
    pub fn wants(&self, api_version: &str, kind: &str) -> bool {
        let mut known = self.wanted.lock().expect("nobody panics while holding it");
        if let Some(&wanted) = known.get(kind).and_then(|of| of.get(api_version)) {
            return wanted;
        }
        let wanted = self.may_ask(api_version, kind);
        known.entry(kind.to_owned()).or_default().insert(api_version.to_owned(), wanted);
        wanted
    }

    fn may_ask(&self, api_version: &str, kind: &str) -> bool {
        let group = group_of(api_version);
        if self.rules.iter().any(|one| one.is_about(group, kind)) {
            return true;
        }
        let resource = resource(self.cluster, api_version, kind, true);
        self.asked_policies().any(|(at, _, all)| {
            let (named, _) = all.resources(at);
            // A running cluster is not asked for everything that `*` may stand for.
            let plain = self.cluster.source != SourceKind::Live
                || Kind::of(group, kind).is_some()
                || named.contains(&key_of(self.cluster, api_version, kind));
            plain && all.is_bound(at) && all.sees(at, &resource)
        })
    }

    /// Asks about an object that passes by.
    pub fn see(&self, object: &Passing<'_>) {
        if !self.is_kept(object) {
            return;
        }
        let (api_version, kind) = (object.api_version, object.kind);
        let group = group_of(api_version);
        let resource = resource(self.cluster, api_version, kind, !object.meta.namespace.is_empty());
        let namespace = match (resource.namespaced, object.meta.namespace.is_empty()) {
            (true, true) => Str::new("default"),
            _ => object.meta.namespace.clone(),
        };
        let about =
            |one: &&&OwnRule| one.is_about(group, kind) && one.takes(object.meta, &namespace, kind);
        let rules: Vec<&&OwnRule> = self.rules.iter().filter(about).collect();
        let policies: Vec<_> = self
            .asked_policies()
            .filter(|(at, _, all)| all.is_bound(*at) && all.sees(*at, &resource))
            .collect();
        if rules.is_empty() && policies.is_empty() {
            return;
        }
        let name = match object.meta.name.as_str() {
            "" => &object.meta.generate_name,
            _ => &object.meta.name,
        };
        let itself = Object::new(kind, &namespace, name);
        let owner = owner(self.cluster, &itself, object.meta);
        let Ok(json) = serde_json::from_slice::<Json>(object.json) else {
            let checks = rules.iter().map(|one| one.check).chain(policies.iter().map(|one| one.1));
            let reason = "the object does not read as JSON";
            for check in checks {
                self.note(check, &owner, |seen| seen.unknown(reason.to_owned()));
            }
            return;
        };
        let ground =
            Ground { cluster: self.cluster, version: self.version, namespaces: &self.namespaces };
        let command = shown(group, kind, &itself);
        let request = Request::standing(resource, object.meta, json, ground);
        for rule in rules {
            let answer = rule.rule.ask(&request);
            self.note(rule.check, &owner, |seen| match answer {
                Answer::Holds => {}
                Answer::Unknown(reason) => seen.unknown(reason),
                Answer::Fails { message, field } => seen.fails(Wrong {
                    mildness: std::cmp::Reverse(rule.check.severity),
                    object: itself.to_string(),
                    note: message.clone(),
                    evidence: vec![Evidence {
                        object: itself.to_string(),
                        field,
                        value: message,
                        command: command.clone(),
                    }],
                }),
            });
        }
        for (at, check, all) in policies {
            let refusals = all.ask(at, &request);
            if refusals.is_empty() {
                continue;
            }
            let policy = &check.id[super::POLICY.len()..];
            self.note(check, &owner, |seen| {
                for refusal in refusals {
                    refused(seen, policy, refusal, &itself, &command);
                }
            });
        }
    }

    fn note(&self, check: &'static Check, owner: &Object, what: impl FnOnce(&mut Seen)) {
        let mut seen = self.seen.lock().expect("nobody panics while holding it");
        what(seen.entry((check.id, owner.clone())).or_default());
    }

    /// Whether an object is the one that the model keeps, of several of one name.
    fn is_kept(&self, object: &Passing<'_>) -> bool {
        if self.cluster.source == SourceKind::Live {
            return true;
        }
        let Some(kind) = Kind::of(group_of(object.api_version), object.kind) else { return true };
        let meta = object.meta;
        let namespace = match (kind.is_namespaced(), meta.namespace.as_str()) {
            (true, "") if self.cluster.source == SourceKind::Manifests => "default",
            (_, namespace) => namespace,
        };
        let name = if meta.name.is_empty() { &meta.generate_name } else { &meta.name };
        let Some(known) = self.cluster.find(kind, namespace, name) else { return false };
        let known = known.meta();
        let place = |meta: &Meta| meta.origin.as_ref().map(|one| (one.file.clone(), one.line));
        known.resource_version == meta.resource_version && place(known) == place(meta)
    }

    /// The results. What could not be read a second time is unknown.
    #[must_use]
    pub fn end(self, ended: &Reading) -> Answers {
        let mut answers: BTreeMap<&'static str, Outcomes> = BTreeMap::new();
        let mut unread = |check: &'static Check, key: &str, reason: String| {
            let outcomes = answers.entry(check.id).or_default();
            outcomes.add(Object::wide("Resource", key), Verdict::missing(reason));
        };
        for one in &self.rules {
            for (group, kind) in &one.kinds {
                let key = match group.as_str() {
                    "" => key_of(self.cluster, "v1", kind),
                    group => key_of(self.cluster, &format!("{group}/v1"), kind),
                };
                if let Some(reason) = missing(self.cluster, ended, &key) {
                    unread(one.check, &key, reason);
                }
            }
        }
        let bindings = self.cluster.coverage.is_complete(Kind::ValidatingPolicyBinding);
        for (at, check, all) in self.asked_policies() {
            if !all.is_bound(at) {
                if self.own_policies && !bindings {
                    let key = Coverage::key(Kind::ValidatingPolicyBinding);
                    unread(check, &key, format!("{key} were not all listed"));
                }
                continue;
            }
            let (named, others) = all.resources(at);
            for key in named {
                if let Some(reason) = missing(self.cluster, ended, &key) {
                    unread(check, &key, reason);
                }
            }
            let complete = self.cluster.coverage.rest_is_complete && *ended == Reading::Whole;
            if others && !complete {
                unread(check, "*", "resources that are not read may match as well".to_owned());
            }
        }
        if self.own_policies && self.chosen.contains(UNREAD.id) {
            for kind in [Kind::ValidatingPolicy, Kind::ValidatingPolicyBinding] {
                if let Some(reason) = crate::run::unread(&self.cluster.coverage, kind) {
                    unread(&UNREAD, &Coverage::key(kind), reason);
                }
            }
        }
        for id in &self.chosen {
            answers.entry(id).or_default();
        }
        let seen = self.seen.into_inner().expect("nobody panics while holding it");
        for ((id, object), seen) in seen {
            let verdict = seen.verdict(&object);
            answers.entry(id).or_default().add(object, verdict);
        }
        Answers(answers)
    }
}

/// Takes in what a policy says through a binding.
fn refused(seen: &mut Seen, policy: &str, refusal: Refusal, object: &Object, command: &str) {
    let Refusal { binding, action, says } = refusal;
    let (message, expression, field) = match says {
        Says::Passes => return,
        Says::Unknown(reason) => return seen.unknown(reason),
        Says::Refuses { message, expression, field } => (message, expression, field),
    };
    let severity = match action {
        Action::Deny => Severity::Medium,
        Action::Warn => Severity::Low,
        Action::Audit => Severity::Info,
    };
    let evidence = |kind: &str, name: &str, field: &str, value: &str| Evidence {
        object: format!("{kind} {name}"),
        field: field.to_owned(),
        value: value.to_owned(),
        command: format!("kubectl get {} -o yaml", target(kind, "", name)),
    };
    let bound = "ValidatingAdmissionPolicyBinding";
    let mut shown = vec![
        Evidence {
            object: object.to_string(),
            field,
            value: message.clone(),
            command: command.to_owned(),
        },
        evidence(bound, &binding, "spec.validationActions", action.name()),
    ];
    if !expression.is_empty() {
        let kind = "ValidatingAdmissionPolicy";
        shown.push(evidence(kind, policy, "spec.validations", expression.trim()));
    }
    seen.fails(Wrong {
        mildness: std::cmp::Reverse(severity),
        object: object.to_string(),
        note: format!("{policy} through {binding} ({}): {message}", action.name()),
        evidence: shown,
    });
}

impl OwnRule {
    fn is_about(&self, group: &str, kind: &str) -> bool {
        self.kinds.iter().any(|(own, name)| own == group && name == kind)
    }

    /// Whether it takes an object of one of its kinds.
    fn takes(&self, meta: &Meta, namespace: &Str, kind: &str) -> bool {
        // A Namespace is in itself, as for every other filter.
        let home = match (namespace.as_str(), kind) {
            ("", "Namespace") => &meta.name,
            _ => namespace,
        };
        let any =
            |list: &[String]| list.iter().any(|one| ringfort_attack::find::matches(one, home));
        (self.namespaces.is_empty() || any(&self.namespaces))
            && !any(&self.except)
            && self.labels.as_ref().is_none_or(|one| one.matches(&meta.labels))
    }
}

fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// The resource of a type. Of one that nothing defines the plural is what it usually is.
fn resource(cluster: &Cluster, api_version: &str, kind: &str, namespaced: bool) -> ResourceType {
    ResourceType::of(api_version, kind, cluster).unwrap_or_else(|| {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let key = custom::resource(group, kind);
        ResourceType {
            group: group.to_owned(),
            version: version.to_owned(),
            resource: key.split('.').next().unwrap_or_default().to_owned(),
            kind: kind.to_owned(),
            namespaced,
        }
    })
}

/// `plural`, or `plural.group`.
fn key_of(cluster: &Cluster, api_version: &str, kind: &str) -> String {
    let one = resource(cluster, api_version, kind, true);
    match one.group.as_str() {
        "" => one.resource,
        group => format!("{}.{group}", one.resource),
    }
}

/// Why not every object of a resource was asked about.
fn missing(cluster: &Cluster, ended: &Reading, key: &str) -> Option<String> {
    let listed = match ended {
        Reading::Records => {
            return Some(format!("{key}: a snapshot holds no whole objects; scan its source"));
        }
        Reading::Whole => cluster.coverage.of_resource(key),
        Reading::Lists(lists) => match lists.get(key) {
            Some(listed) => listed.clone(),
            None => cluster.coverage.of_resource(key),
        },
    };
    Some(match listed {
        Listed::Complete | Listed::Absent => return None,
        Listed::Partial(reason) => format!("{key} were read in part: {reason}"),
        Listed::Forbidden(reason) => format!("{key} could not be read: {reason}"),
        Listed::Silent => format!("{key} were not listed"),
    })
}

/// The object that something is written in: the workload at the top of those that manage it.
fn owner(cluster: &Cluster, object: &Object, meta: &Meta) -> Object {
    let mut at = object.clone();
    let mut next = meta.controller().cloned();
    // Owners in a circle would never end.
    for _ in 0..8 {
        let Some(reference) = next.take() else { break };
        let Some(kind) = WorkloadKind::from_name(&reference.kind).map(Kind::Workload) else {
            break;
        };
        let Some(found) = cluster.find(kind, &at.namespace, &reference.name) else { break };
        next = found.meta().controller().cloned();
        at = Object::new(kind.name(), &at.namespace, &reference.name);
    }
    at
}

/// The command that shows an object.
fn shown(group: &str, kind: &str, object: &Object) -> String {
    let kind = match Kind::of(group, kind) {
        None if !group.is_empty() => format!("{}.{group}", kind.to_lowercase()),
        _ => kind.to_owned(),
    };
    format!("kubectl get {} -o yaml", target(&kind, &object.namespace, &object.name))
}
