//! Whether the mesh lets only certain identities connect to a pod: its AuthorizationPolicies
//! (semantics NP-43).
//!
//! Follows istio/api `security/v1beta1/authorization_policy.proto`: what a DENY policy matches is
//! refused; where there is an ALLOW policy only what a rule of one matches passes; a policy of
//! the root namespace is of the workloads of every namespace; a CUSTOM policy can only refuse.
//! Which identities are let in is not worked out, only whether every peer that the mesh knows
//! is.

use ringfort_model::Str;
use ringfort_model::record::{LabelSelector, Other};
use serde_json::Value as Json;

use super::{Member, Mesh};
use crate::effect::{Control, Effect};
use crate::mesh_rules::rules;

/// Ports of a pod, as ranges that hold their ends.
pub type Ports = [(u16, u16)];

/// One AuthorizationPolicy.
#[derive(Debug)]
pub(super) struct Authorization {
    name: Str,
    selector: Option<LabelSelector>,
    /// Whether it is of a gateway or waypoint, not of workloads.
    targets: bool,
    action: Action,
    rules: Vec<Rule>,
    /// A field that is not read, in the policy's own words.
    strange: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Allow,
    Deny,
    Custom,
}

/// One rule, by what it asks of whoever connects.
#[derive(Debug)]
struct Rule {
    /// Every peer that matches it has an identity that it names.
    names: bool,
    /// It matches whoever has none of the identities that it names, whatever they do.
    all_but_named: bool,
    /// Whether it asks about requests, which a node's agent does not see.
    requests: bool,
    operations: Vec<Operation>,
}

/// The ports of an operation: none is all.
#[derive(Debug)]
struct Operation {
    only: Vec<u16>,
    not: Vec<u16>,
}

impl Operation {
    fn meets(&self, ports: &Ports) -> bool {
        let listens =
            |port: u16| ports.iter().any(|(first, last)| (*first..=*last).contains(&port));
        if !self.only.is_empty() {
            return self.only.iter().any(|port| listens(*port) && !self.not.contains(port));
        }
        ports.iter().any(|(first, last)| (*first..=*last).any(|port| !self.not.contains(&port)))
    }
}

impl Rule {
    fn meets(&self, ports: &Ports) -> bool {
        self.operations.is_empty() || self.operations.iter().any(|one| one.meets(ports))
    }
}

/// Fields of a source that name an identity of the mesh or of a request.
const IDENTITIES: [&str; 4] = ["principals", "namespaces", "serviceAccounts", "requestPrincipals"];
/// The same of the mesh alone, turned round.
const NOT_IDENTITIES: [&str; 3] = ["notPrincipals", "notNamespaces", "notServiceAccounts"];
/// Attributes of conditions that are such an identity.
const KEYS: [&str; 3] = ["source.principal", "source.namespace", "source.serviceAccount"];
/// The other fields of a source.
const SOURCE: [&str; 5] =
    ["ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks", "notRequestPrincipals"];
/// Fields of an operation about requests.
const REQUESTS: [&str; 6] = ["hosts", "notHosts", "methods", "notMethods", "paths", "notPaths"];

fn texts(value: &Json) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}

fn items(value: &Json) -> &[Json] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Whether a pattern takes every identity of a trust domain in: `*`, `cluster.local/*`,
/// `cluster.local/ns/*`.
fn is_anyone(pattern: &str) -> bool {
    let Some(begin) = pattern.strip_suffix('*') else { return false };
    begin.split_once('/').is_none_or(|(_, rest)| "ns/".starts_with(rest))
}

/// Whether a list names somebody, and not everybody.
fn singles_out(list: &Json) -> bool {
    let names = texts(list);
    !names.is_empty() && !names.into_iter().any(is_anyone)
}

/// Whether a field says something.
fn is_set(value: &Json) -> bool {
    !(value.is_null() || value.as_array().is_some_and(Vec::is_empty))
}

/// The first field of an object that is none of those.
fn strange(object: &Json, known: &[&[&str]]) -> Option<String> {
    let fields = object.as_object().into_iter().flatten();
    let mut unknown = fields.filter(|(name, _)| !known.iter().any(|k| k.contains(&name.as_str())));
    unknown.next().map(|(name, _)| name.clone())
}

impl Authorization {
    /// Reads a policy; `None` for one that refuses nothing, as it only audits or is only tried.
    pub(super) fn read(other: &Other, spec: &Json) -> Option<Self> {
        let dry = other.metadata.annotations.get("istio.io/dry-run");
        if dry.is_some_and(|value| *value == *"true") {
            return None;
        }
        let known: &[&[&str]] =
            &[&["selector", "targetRef", "targetRefs", "rules", "action", "provider"]];
        let mut odd = strange(spec, known);
        let action = match spec["action"].as_str() {
            None | Some("ALLOW") => Action::Allow,
            Some("DENY") => Action::Deny,
            Some("CUSTOM") => Action::Custom,
            Some("AUDIT") => return None,
            Some(other) => {
                odd = Some(format!("action {other}"));
                Action::Custom
            }
        };
        let selector = Some(&spec["selector"]).filter(|one| one.is_object());
        let mut rules = Vec::new();
        for rule in items(&spec["rules"]) {
            rules.push(Rule::read(rule, &mut odd));
        }
        Some(Self {
            name: other.metadata.name.clone(),
            selector: selector.and_then(|one| serde_json::from_value(one.clone()).ok()),
            targets: is_set(&spec["targetRef"]) || is_set(&spec["targetRefs"]),
            action,
            rules,
            strange: odd,
        })
    }
}

impl Rule {
    fn read(rule: &Json, odd: &mut Option<String>) -> Self {
        let mut note = |found: Option<String>| *odd = odd.take().or(found);
        note(strange(rule, &[&["from", "to", "when"]]));
        let (mut requests, mut operations) = (false, Vec::new());
        for one in items(&rule["to"]) {
            let operation = &one["operation"];
            note(strange(one, &[&["operation"]]));
            note(strange(operation, &[&["ports", "notPorts"], &REQUESTS]));
            requests |= REQUESTS.iter().any(|field| is_set(&operation[*field]));
            let ports = |field: &str| {
                texts(&operation[field]).into_iter().filter_map(|port| port.parse().ok()).collect()
            };
            operations.push(Operation { only: ports("ports"), not: ports("notPorts") });
        }
        let sources: Vec<&Json> = items(&rule["from"]).iter().map(|one| &one["source"]).collect();
        for source in &sources {
            note(strange(source, &[&IDENTITIES, &NOT_IDENTITIES, &SOURCE]));
            requests |= is_set(&source["requestPrincipals"])
                || is_set(&source["notRequestPrincipals"])
                || is_set(&source["remoteIpBlocks"])
                || is_set(&source["notRemoteIpBlocks"]);
        }
        let named = |source: &&Json| {
            IDENTITIES.iter().any(|field| match *field {
                // That there is a token at all says who sent it.
                "requestPrincipals" => is_set(&source[*field]),
                field => singles_out(&source[field]),
            })
        };
        let when = items(&rule["when"]);
        let key = |one: &Json| one["key"].as_str().unwrap_or_default().to_owned();
        let by_condition = when.iter().any(|one| {
            let key = key(one);
            (KEYS.contains(&key.as_str()) && singles_out(&one["values"]))
                || (key.starts_with("request.auth.") && is_set(&one["values"]))
        });
        requests |= when.iter().any(|one| key(one).starts_with("request."));
        let names = by_condition || (!sources.is_empty() && sources.iter().all(named));
        let all_but_named = operations.is_empty()
            && match (&sources[..], when) {
                ([], []) => true,
                ([], [one]) => {
                    KEYS.contains(&key(one).as_str())
                        && singles_out(&one["notValues"])
                        && !is_set(&one["values"])
                }
                (sources, []) => sources.iter().any(|source| {
                    let fields = source.as_object();
                    let mut set = fields.into_iter().flatten().filter(|(_, one)| is_set(one));
                    set.all(|(name, one)| {
                        NOT_IDENTITIES.contains(&name.as_str()) && singles_out(one)
                    }) && NOT_IDENTITIES.iter().any(|field| is_set(&source[*field]))
                }),
                _ => false,
            };
        Self { names, all_but_named, requests, operations }
    }
}

impl Mesh {
    /// Judges whether only some identities can connect to the pod at these ports of TCP: the
    /// mesh makes peers prove who they are ([`Self::strict`]), and a policy lets only those in
    /// that it names.
    #[must_use]
    pub fn limits_peers(&self, pod: &Member<'_>, ports: &Ports) -> Control {
        let strict = self.strict(pod);
        if strict.effect == Effect::Absent
            && let Some((namespace, policy)) = self.authorizing(pod).next()
        {
            let title = format!("AuthorizationPolicy {namespace}/{}", policy.name);
            let reason = format!("{title} asks for identities, and plain text is let in");
            return Control::new(Effect::without(reason), [format!("{title} spec")]);
        }
        if !strict.effect.is_effective() {
            return strict;
        }
        let mut evidence = strict.evidence;
        let effect = self.limited(pod, ports, &mut evidence);
        Control::new(effect, evidence)
    }

    /// Policies that are of the pod, with their namespace.
    fn authorizing<'m>(
        &'m self,
        pod: &Member<'_>,
    ) -> impl Iterator<Item = (&'m str, &'m Authorization)> {
        self.of_namespaces(pod).filter(|(_, policy)| !policy.targets).filter(|(_, policy)| {
            let selector = policy.selector.as_ref();
            selector.is_none_or(|selector| selector.matches(pod.labels))
        })
    }

    fn of_namespaces<'m>(
        &'m self,
        pod: &Member<'_>,
    ) -> impl Iterator<Item = (&'m str, &'m Authorization)> + use<'m> {
        let own = self.authorizations.get_key_value(pod.namespace);
        let root = self
            .authorizations
            .get_key_value(rules().root)
            .filter(|_| pod.namespace != rules().root);
        let all = own.into_iter().chain(root);
        all.flat_map(|(namespace, all)| all.iter().map(move |one| (namespace.as_str(), one)))
    }

    fn limited(&self, pod: &Member<'_>, ports: &Ports, evidence: &mut Vec<String>) -> Effect {
        let title = |namespace: &str, one: &Authorization| {
            format!("AuthorizationPolicy {namespace}/{}", one.name)
        };
        let by_agent = super::side_car(pod.spec).is_none();
        let mut unsure = self.unread_authorization();
        let (mut allowing, mut open) = (false, None);
        for (namespace, one) in self.authorizing(pod) {
            let title = title(namespace, one);
            evidence.push(format!("{title} spec"));
            if let Some(field) = &one.strange {
                unsure = unsure.or(Some(format!("what {field} of {title} means")));
                continue;
            }
            match one.action {
                Action::Deny if one.rules.iter().any(|rule| rule.all_but_named) => {
                    return Effect::Effective;
                }
                Action::Deny => {}
                Action::Custom => {
                    let what = format!("what the authorizer of {title} answers");
                    unsure = unsure.or(Some(what));
                }
                Action::Allow => {
                    allowing = true;
                    if by_agent && one.rules.iter().any(|rule| rule.requests) {
                        let what = format!("what the node's agent makes of requests in {title}");
                        unsure = unsure.or(Some(what));
                        continue;
                    }
                    let mut rules = one.rules.iter().enumerate();
                    let found = rules.find(|(_, rule)| !rule.names && rule.meets(ports));
                    open = open.or(found.map(|(at, _)| {
                        format!("{title} lets every peer of the mesh in by spec.rules[{at}]")
                    }));
                }
            }
        }
        let waypoint = by_agent && self.of_namespaces(pod).any(|(_, one)| one.targets);
        if waypoint {
            unsure = unsure.or(Some("which waypoint stands before the pod".to_owned()));
        }
        match (open, unsure, allowing) {
            (_, Some(missing), _) => Effect::missing(missing),
            (Some(reason), None, _) => Effect::without(reason),
            (None, None, true) => Effect::Effective,
            (None, None, false) => {
                evidence.push("AuthorizationPolicy */* spec".to_owned());
                Effect::without("the mesh lets every one of its identities in")
            }
        }
    }
}
