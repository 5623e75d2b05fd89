//! Policy engines (semantics ADM-07): what stands behind a webhook of Kyverno, Gatekeeper or
//! Kubewarden, as far as their objects show.
//!
//! An engine whose policies only audit, or of which none is about the object, answers "yes"
//! through its webhook; what an enforcing policy answers is not worked out.

use ringfort_model::record::{Other, custom};
use ringfort_model::{Cluster, Listed};
use serde_json::Value as Json;

use crate::held_rules::rules;

/// An engine, known by the names of its webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    Kyverno,
    Gatekeeper,
    Kubewarden,
}

/// What an engine does with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// This policy enforces and is about such objects.
    Enforcing(String),
    /// Nothing of it refuses such an object.
    Passive(String),
    /// Not known.
    Unknown(String),
}

/// A policy of an engine.
#[derive(Debug)]
pub(crate) struct EnginePolicy {
    pub(crate) title: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) group: String,
    pub(crate) spec: Option<Json>,
}

/// The policies of all engines.
#[derive(Debug)]
pub(crate) struct Engines {
    policies: Vec<EnginePolicy>,
    /// Policies of what verifies images and does nothing else.
    signers: Vec<EnginePolicy>,
    /// Resources of engines that were not wholly listed.
    unlisted: Vec<(Engine, String)>,
}

fn engine_of(webhook: &str) -> Option<Engine> {
    if webhook.contains(".kyverno.svc") {
        Some(Engine::Kyverno)
    } else if webhook.ends_with(".gatekeeper.sh") {
        Some(Engine::Gatekeeper)
    } else if webhook.ends_with(".kubewarden.admission") {
        Some(Engine::Kubewarden)
    } else {
        None
    }
}

fn engine_of_group(group: &str) -> Option<Engine> {
    match group {
        "kyverno.io" | "policies.kyverno.io" => Some(Engine::Kyverno),
        "constraints.gatekeeper.sh" | "config.gatekeeper.sh" | MUTATORS => Some(Engine::Gatekeeper),
        "policies.kubewarden.io" => Some(Engine::Kubewarden),
        _ => None,
    }
}

/// The group of what Gatekeeper changes objects by.
const MUTATORS: &str = "mutations.gatekeeper.sh";

/// Resources that hold policies where no CustomResourceDefinition was read.
const RESOURCES: &[(Engine, &str)] = &[
    (Engine::Kyverno, "clusterpolicies.kyverno.io"),
    (Engine::Kyverno, "policies.kyverno.io"),
    (Engine::Gatekeeper, "constrainttemplates.templates.gatekeeper.sh"),
    (Engine::Gatekeeper, "assign.mutations.gatekeeper.sh"),
    (Engine::Gatekeeper, "assignimage.mutations.gatekeeper.sh"),
    (Engine::Gatekeeper, "assignmetadata.mutations.gatekeeper.sh"),
    (Engine::Gatekeeper, "modifyset.mutations.gatekeeper.sh"),
    (Engine::Kubewarden, "clusteradmissionpolicies.policies.kubewarden.io"),
    (Engine::Kubewarden, "admissionpolicies.policies.kubewarden.io"),
];

impl Engines {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let read = |other: &Other| EnginePolicy {
            title: format!("{} {}", other.kind, other.metadata.full_name()),
            namespace: other.metadata.namespace.to_string(),
            name: other.metadata.name.to_string(),
            kind: other.kind.to_string(),
            group: other.group().to_owned(),
            spec: other.engine_spec.as_ref().and_then(|spec| serde_json::from_str(spec).ok()),
        };
        let (mut policies, mut signers) = (Vec::new(), Vec::new());
        for other in &cluster.others {
            if engine_of_group(other.group()).is_some() {
                policies.push(read(other));
            } else if rules().signers.contains(&other.group()) {
                signers.push(read(other));
            }
        }
        let mut resources: Vec<(Engine, String)> =
            RESOURCES.iter().map(|(engine, name)| (*engine, (*name).to_owned())).collect();
        for definition in &cluster.custom_resource_definitions {
            let Some(spec) = &definition.spec else { continue };
            let (Some(engine), Some(names)) = (engine_of_group(&spec.group), &spec.names) else {
                continue;
            };
            if !custom::is_read(&spec.group, &names.kind) {
                continue;
            }
            resources.push((engine, format!("{}.{}", names.plural, spec.group)));
        }
        resources.retain(|(_, name)| {
            !matches!(cluster.coverage.of_resource(name), Listed::Complete | Listed::Absent)
        });
        Self { policies, signers, unlisted: resources }
    }

    /// The policies of engines.
    pub(crate) fn policies(&self) -> &[EnginePolicy] {
        &self.policies
    }

    /// The policies of what only verifies images.
    pub(crate) fn signers(&self) -> &[EnginePolicy] {
        &self.signers
    }

    /// Whether a webhook belongs to an engine.
    pub(crate) fn names(webhook: &str) -> bool {
        engine_of(webhook).is_some()
    }

    /// What the engine behind a webhook does with such an object; `None` for other webhooks.
    pub(crate) fn mode(
        &self,
        webhook: &str,
        mutating: bool,
        kind: &str,
        namespace: &str,
    ) -> Option<Mode> {
        let engine = engine_of(webhook)?;
        let mut passive = 0_usize;
        let mut blind: Option<String> = None;
        for (policy, acts) in self.asked(engine, webhook, mutating, kind, namespace) {
            match acts {
                Ok(true) => return Some(Mode::Enforcing(policy.title.clone())),
                Ok(false) => passive += 1,
                Err(reason) => blind = Some(reason),
            }
        }
        if let Some(reason) = blind.or_else(|| self.unread(engine, mutating)) {
            return Some(Mode::Unknown(reason));
        }
        Some(Mode::Passive(format!(
            "none of the {passive} policies of {engine:?} enforces anything on such an object"
        )))
    }

    /// The policies of the engine behind a webhook that enforce something on such an object;
    /// `None` for other webhooks, and where it is not known whether those are all.
    pub(crate) fn acting(
        &self,
        webhook: &str,
        mutating: bool,
        kind: &str,
        namespace: &str,
    ) -> Option<Vec<&EnginePolicy>> {
        let engine = engine_of(webhook)?;
        if self.unread(engine, mutating).is_some() {
            return None;
        }
        let mut found = Vec::new();
        for (policy, acts) in self.asked(engine, webhook, mutating, kind, namespace) {
            if acts.ok()? {
                found.push(policy);
            }
        }
        Some(found)
    }

    /// The policies that a webhook asks, with whether each enforces something on such an object,
    /// or why that is not known.
    fn asked<'e, 'q>(
        &'e self,
        engine: Engine,
        webhook: &'q str,
        mutating: bool,
        kind: &'q str,
        namespace: &'q str,
    ) -> impl Iterator<Item = (&'e EnginePolicy, Result<bool, String>)> {
        let rule = &rules().switches;
        let own = self.policies.iter().filter(move |one| {
            let asked = match engine {
                Engine::Kyverno => true,
                // Of Gatekeeper one webhook asks the mutators, the other one the constraints.
                Engine::Gatekeeper => (one.group == MUTATORS) == mutating,
                Engine::Kubewarden => webhook_is_of(webhook, one) || !rule.kubewarden_own_webhook,
            };
            engine_of_group(&one.group) == Some(engine) && asked
        });
        own.map(move |policy| {
            if policy.group == MUTATORS && rule.gatekeeper_may_mutate {
                return (policy, Ok(true));
            }
            let Some(spec) = &policy.spec else {
                return (
                    policy,
                    Err(format!("the specification of {} was not read", policy.title)),
                );
            };
            let acts = match engine {
                Engine::Kyverno => kyverno(policy, spec, mutating, kind, namespace),
                Engine::Gatekeeper => Some(gatekeeper(policy, spec, kind, namespace)),
                Engine::Kubewarden => Some(spec["mode"] != "monitor" || !rule.kubewarden_monitors),
            };
            let unknown = || {
                format!(
                    "whether {} refuses or audits hangs on the namespace's labels",
                    policy.title
                )
            };
            (policy, acts.ok_or_else(unknown))
        })
    }

    fn unread(&self, engine: Engine, mutating: bool) -> Option<String> {
        let (_, resource) = self.unlisted.iter().find(|(of, name)| {
            let apart = engine == Engine::Gatekeeper && name.ends_with(MUTATORS) != mutating;
            *of == engine && !apart
        })?;
        Some(format!("{resource} were not listed"))
    }
}

/// Kubewarden gives each policy a webhook of its own.
pub(crate) fn webhook_is_of(webhook: &str, policy: &EnginePolicy) -> bool {
    let stem = webhook.trim_end_matches(".kubewarden.admission");
    match policy.namespace.is_empty() {
        true => stem == format!("clusterwide-{}", policy.name) || stem.ends_with(&policy.name),
        false => stem.ends_with(&policy.name),
    }
}

pub(crate) fn texts(value: &Json) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Json::as_str)
}

/// A pattern of an engine: `*` stands for any text.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

/// Whether an enforcing rule of a Kyverno policy may be about the object; `None` where it hangs
/// on labels of the namespace. Exclusions and exceptions are not worked out, so they never make a
/// rule passive.
///
/// Images that are verified by a rule that audits are refused for no violation (kyverno/kyverno
/// `pkg/utils/engine` `BlockRequest`: only `Enforce` refuses one; an error refuses under
/// `failurePolicy: Fail`, as the outage of any webhook does), and Kyverno admits no such rule that
/// writes digests (`api/kyverno/v1` `ImageVerification.Validate`); one from before that check does.
fn kyverno(
    policy: &EnginePolicy,
    spec: &Json,
    mutating: bool,
    kind: &str,
    namespace: &str,
) -> Option<bool> {
    if !matches!(policy.kind.as_str(), "ClusterPolicy" | "Policy") {
        return Some(policy.group == "policies.kyverno.io" && cel_policy(policy, spec, mutating));
    }
    let rule = &rules().switches;
    let other = !policy.namespace.is_empty() && policy.namespace != namespace;
    if other && rule.kyverno_own_namespace {
        return Some(false);
    }
    let overrides = &spec["validationFailureActionOverrides"];
    let general = overridden(overrides, namespace, Some(enforce(&spec["validationFailureAction"])));
    // Of a rule itself, or of one of its images; else of the policy.
    let refuses = |own: &Json| match own.is_string() && rule.kyverno_own_action_first {
        true => Some(enforce(own)),
        false => general,
    };
    let mut known = true;
    for one in spec["rules"].as_array().into_iter().flatten() {
        if !rule_is_about(&one["match"], kind, namespace) {
            continue;
        }
        let images = one["verifyImages"].as_array();
        let mut acts = Vec::new();
        if mutating {
            acts.push(Some(one["mutate"].is_object()));
            let writes = |image: &Json| {
                image["mutateDigest"] != false || !rule.kyverno_audited_images_change_nothing
            };
            let images = images.filter(|_| rule.kyverno_images_mutate).into_iter().flatten();
            acts.extend(images.map(|image| match writes(image) {
                true => Some(true),
                false => refuses(&image["failureAction"]),
            }));
        } else {
            let validate = &one["validate"];
            if validate.is_object() {
                let own = refuses(&validate["failureAction"]);
                let narrower = &validate["failureActionOverrides"];
                acts.push(match rule.kyverno_rule_overrides_count {
                    true => overridden(narrower, namespace, own),
                    false => own,
                });
            }
            let images = images.filter(|_| rule.kyverno_images_validate).into_iter().flatten();
            acts.extend(images.map(|image| refuses(&image["failureAction"])));
        }
        if acts.contains(&Some(true)) {
            return Some(true);
        }
        known &= !acts.contains(&None);
    }
    known.then_some(false)
}

/// The action in a namespace (`GetValidationFailureAction`): that of the first override which
/// names it or selects its labels, which are not known here, else another one. An override with
/// neither means nothing.
fn overridden(overrides: &Json, namespace: &str, otherwise: Option<bool>) -> Option<bool> {
    let rule = &rules().switches;
    let all = overrides.as_array().filter(|_| rule.kyverno_overrides_count);
    let valid = |one: &&Json| {
        let action = one["action"].as_str().unwrap_or_default();
        ["audit", "enforce"].iter().any(|known| action.eq_ignore_ascii_case(known))
    };
    // From the last one, which counts where none before it does.
    all.into_iter().flatten().filter(valid).rev().fold(otherwise, |rest, one| {
        let action = enforce(&one["action"]);
        let named = texts(&one["namespaces"]).any(|name| glob(name, namespace))
            || !rule.kyverno_overrides_name_namespaces;
        let selects = one["namespaceSelector"].is_object();
        match (named, selects) {
            (true, false) => Some(action),
            (true, true) if rest != Some(action) => None,
            (false, true) if !one["namespaces"].is_array() && rest != Some(action) => None,
            _ => rest,
        }
    })
}

/// Whether an action of Kyverno refuses.
pub(crate) fn enforce(action: &Json) -> bool {
    let any_case = rules().switches.kyverno_any_case;
    action
        .as_str()
        .is_some_and(|text| text == "Enforce" || any_case && text.eq_ignore_ascii_case("enforce"))
}

/// Policies of Kyverno that are written in CEL name their actions as the API's own do.
fn cel_policy(policy: &EnginePolicy, spec: &Json, mutating: bool) -> bool {
    match policy.kind.as_str() {
        kind if kind.contains("Mutating") => mutating,
        kind if kind.contains("Validating") => {
            let actions = &spec["validationActions"];
            let by_default = !actions.is_array() && rules().switches.kyverno_denies_by_default;
            !mutating && (by_default || texts(actions).any(|action| action == "Deny"))
        }
        _ => false,
    }
}

pub(crate) fn rule_is_about(matches: &Json, kind: &str, namespace: &str) -> bool {
    let rule = &rules().switches;
    let listed = ["any", "all"].into_iter().filter_map(|field| matches[field].as_array());
    let blocks: Vec<&Json> = listed.flatten().chain([matches]).collect();
    blocks.into_iter().any(|block| {
        let resources = &block["resources"];
        let kinds = texts(&resources["kinds"]).any(|pattern| {
            // GROUP/VERSION/KIND, and KIND/SUBRESOURCE or KIND.SUBRESOURCE.
            pattern.split(['/', '.']).any(|part| glob(part, kind))
        });
        let mut namespaces = texts(&resources["namespaces"]).peekable();
        let here = namespaces.peek().is_none() || namespaces.any(|one| glob(one, namespace));
        (kinds || !rule.kyverno_kinds_count) && (here || !rule.kyverno_namespaces_count)
    })
}

/// Whether a Gatekeeper constraint denies and may be about the object.
fn gatekeeper(policy: &EnginePolicy, spec: &Json, kind: &str, namespace: &str) -> bool {
    let rule = &rules().switches;
    if policy.group != "constraints.gatekeeper.sh" {
        return false;
    }
    let denies = match spec["enforcementAction"].as_str() {
        None => rule.gatekeeper_denies_by_default,
        Some("deny") => true,
        Some("scoped") => {
            let scoped = spec["scopedEnforcementActions"].as_array();
            let scoped = scoped.filter(|_| rule.gatekeeper_scopes_count);
            scoped.into_iter().flatten().any(|one| {
                let points = one["enforcementPoints"].as_array();
                let here = points.into_iter().flatten().any(|point| {
                    let name = point["name"].as_str();
                    let webhook = name.is_some_and(|name| rules().points.contains(&name));
                    webhook || !rule.gatekeeper_points_count
                });
                one["action"] == "deny" && here
            })
        }
        Some(_) => false,
    };
    let matches = &spec["match"];
    let kinds = matches["kinds"].as_array();
    let about = kinds.is_none_or(|all| {
        all.is_empty()
            || all.iter().any(|one| {
                let mut names = texts(&one["kinds"]).peekable();
                names.peek().is_none() || names.any(|name| name == "*" || name == kind)
            })
    });
    let mut only = texts(&matches["namespaces"]).peekable();
    let inside = only.peek().is_none() || only.any(|one| glob(one, namespace));
    let excluded = texts(&matches["excludedNamespaces"]).any(|one| glob(one, namespace));
    denies
        && (about || !rule.gatekeeper_kinds_count)
        && (inside || !rule.gatekeeper_namespaces_count)
        && !(excluded && rule.gatekeeper_exclusions_count)
}
