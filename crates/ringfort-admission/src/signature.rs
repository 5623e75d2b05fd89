//! Whether images must be signed to run in a namespace (semantics EFF-SIG): a signature policy
//! holds where its engine holds (EFF-ADM) for new pods, other images and ephemeral containers,
//! and where what was verified is what runs: the digest is written or required, since a tag may
//! name another image a moment later.
//!
//! Follows kyverno/kyverno `api/kyverno/v1/image_verification_types.go` and
//! `api/policies.kyverno.io`, sigstore/policy-controller `pkg/apis/policy` and
//! `pkg/webhook/validator.go`, kubewarden/policies `verify-image-signatures`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ringfort_isolation::{Control as Judged, Effect};
use ringfort_model::record::MatchResources;
use ringfort_model::{Kind, Listed, Str};
use ringfort_podsec::escape::hardened_pod;
use serde_json::Value as Json;

use crate::admission::{Admission, Signature};
use crate::engine::{EnginePolicy, Engines, enforce, glob, rule_is_about, texts, webhook_is_of};
use crate::escape::PodWrite;
use crate::held_rules::rules;
use crate::in_force::rank;
use crate::matching::{Match, by_resources};
use crate::params::Given;
use crate::policy::Asked;
use crate::request::Request;

/// What an engine's policy says of signatures, without its webhooks.
struct Signer<'p> {
    policy: &'p EnginePolicy,
    /// Which webhooks verify, and which write digests.
    verifies: fn(&EnginePolicy, &str, bool) -> bool,
    writes_digests: fn(&EnginePolicy, &str, bool) -> bool,
    /// Whether digests must be written, since nothing else asks for them.
    digest: Digest,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Digest {
    /// By the webhook that verifies.
    Written,
    /// By another webhook.
    WrittenApart,
    /// An image without one is refused.
    Required,
}

/// The verdict of a namespace about signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Whether only verified images start there.
    pub judged: Judged,
    /// Whether the verdict is unknown for want of a list that the source says nothing of, and
    /// nothing else points at a control: no policy, and no webhook of what verifies images.
    pub unlisted: bool,
}

impl Admission<'_> {
    /// What holds in each namespace. Namespaces that no control tells apart share one answer.
    #[must_use]
    pub fn signatures<'n>(
        &self,
        namespaces: impl IntoIterator<Item = &'n Str>,
    ) -> BTreeMap<Str, Arc<Signed>> {
        let policies = || self.engines.policies().iter().chain(self.engines.signers());
        let of_namespaces: BTreeSet<&str> =
            policies().map(|one| one.namespace.as_str()).filter(|name| !name.is_empty()).collect();
        let any = policies().next().is_some();
        let mut known: BTreeMap<(Option<Signature>, Option<&Str>), Arc<Signed>> = BTreeMap::new();
        let answers = namespaces.into_iter().map(|name| {
            // Without a policy there is nothing that a namespace could differ in.
            let own = Some(name).filter(|name| of_namespaces.contains(name.as_str()));
            let alike = (any.then(|| self.signature(name)), own);
            let ask = || Arc::new(self.signed(name));
            (name.clone(), known.entry(alike).or_insert_with(ask).clone())
        });
        answers.collect()
    }

    fn signed(&self, namespace: &Str) -> Signed {
        let judged = self.signed_images(namespace);
        let unread = || rules().signing.iter().map(|one| self.cluster.coverage.of_resource(one));
        let refused = unread().any(|one| matches!(one, Listed::Forbidden(_) | Listed::Partial(_)));
        let known = self.engines.policies().iter().chain(self.engines.signers());
        let verifies = |name: &str| Engines::names(name) || name == "policy.sigstore.dev";
        let points_at = refused
            || known.into_iter().next().is_some()
            || self.webhooks.iter().any(|one| verifies(&one.record.name));
        let unlisted = matches!(judged.effect, Effect::Unknown(_)) && !points_at;
        Signed { judged, unlisted }
    }

    /// Judges whether only verified images run in a namespace.
    #[must_use]
    pub fn signed_images(&self, namespace: &Str) -> Judged {
        let rule = &rules().switches;
        let mut best: Option<Judged> = None;
        let all = self.engines.policies().iter().chain(self.engines.signers());
        for policy in all {
            let Some(effect) = self.signer(policy, namespace) else { continue };
            let judged = Judged::new(effect, [format!("{} spec", policy.title)]);
            let better = |known: &Judged| {
                rule.best_signer_counts && rank(&judged.effect) > rank(&known.effect)
            };
            if best.as_ref().is_none_or(better) {
                best = Some(judged);
            }
        }
        if let Some(found) = best {
            return found;
        }
        let unread = rules().signing.iter().filter(|_| rule.unread_signer_is_unknown);
        let unread = unread.into_iter().find(|resource| {
            let listed = self.cluster.coverage.of_resource(resource);
            !matches!(listed, Listed::Complete | Listed::Absent)
        });
        let effect = match unread {
            Some(resource) => Effect::missing(format!("all {resource}")),
            None => Effect::Absent,
        };
        Judged::new(effect, ["ClusterPolicy, ClusterImagePolicy *".to_owned()])
    }

    /// What a policy does about signatures; nothing if it is about something else.
    fn signer(&self, policy: &EnginePolicy, namespace: &Str) -> Option<Effect> {
        let rule = &rules().switches;
        let other = !policy.namespace.is_empty() && policy.namespace != **namespace;
        if other && rule.signer_of_own_namespace {
            return None;
        }
        let signer = match (policy.group.as_str(), policy.kind.as_str()) {
            ("kyverno.io", "ClusterPolicy" | "Policy") => kyverno(policy, namespace)?,
            (
                "policies.kyverno.io",
                "ImageValidatingPolicy" | "NamespacedImageValidatingPolicy",
            ) => self.image_validating(policy, namespace),
            ("policies.kubewarden.io", _) => kubewarden(policy)?,
            ("policy.sigstore.dev", "ClusterImagePolicy") => self.sigstore(policy),
            ("policy.sigstore.dev", _) => return None,
            ("kyverno.io" | "policies.kyverno.io", _) => return None,
            (group, _) if rules().signers.contains(&group) && rule.other_signers_are_unknown => {
                Err(Effect::missing(format!("what {} verifies", policy.title)))
            }
            _ => return None,
        };
        Some(match signer {
            Ok(signer) => self.through_webhooks(&signer, namespace),
            Err(effect) => effect,
        })
    }

    /// Whether the engine is asked about each way in which an image comes into a pod.
    fn through_webhooks(&self, signer: &Signer<'_>, namespace: &Str) -> Effect {
        for (needed, mine, what) in [
            (true, signer.verifies, "is not verified"),
            (
                signer.digest == Digest::WrittenApart && rules().switches.writer_must_hold,
                signer.writes_digests,
                "is verified by its tag, which may name another image when it is pulled",
            ),
        ] {
            for &write in rules().writes.iter().filter(|_| needed) {
                let request = self.write(namespace, hardened_pod(), write);
                let found = self.best_webhook(signer.policy, mine, &request);
                let image = match write {
                    PodWrite::SwapImage => "another image of a running pod",
                    PodWrite::AddContainer => "the image of an ephemeral container",
                    _ => "a new pod's image",
                };
                match found {
                    Some(Effect::Effective) => {}
                    Some(Effect::PresentNotEffective(reason)) => {
                        return Effect::without(format!("{image} {what}: {reason}"));
                    }
                    Some(unknown) => return unknown,
                    None => {
                        return Effect::without(format!("{image} {what}: no webhook is for it"));
                    }
                }
            }
        }
        Effect::Effective
    }

    /// The best of the webhooks of a policy for a request.
    fn best_webhook(
        &self,
        policy: &EnginePolicy,
        mine: fn(&EnginePolicy, &str, bool) -> bool,
        request: &Request,
    ) -> Option<Effect> {
        let held = self.webhooks_in_force(request, &|name, mutating| mine(policy, name, mutating));
        held.into_iter().max_by_key(rank)
    }

    /// An ImageValidatingPolicy of Kyverno.
    fn image_validating<'p>(
        &self,
        policy: &'p EnginePolicy,
        namespace: &Str,
    ) -> Result<Signer<'p>, Effect> {
        let rule = &rules().switches;
        let Some(spec) = &policy.spec else {
            return Err(Effect::missing(format!("the specification of {}", policy.title)));
        };
        let actions = &spec["validationActions"];
        let denies = !actions.is_array() || texts(actions).any(|action| action == "Deny");
        if !denies && rule.image_policy_must_deny {
            return Err(Effect::without("the policy does not deny"));
        }
        if spec["failurePolicy"] == "Ignore" && rule.image_policy_may_ignore {
            return Err(Effect::without("the policy lets pass what it fails to evaluate"));
        }
        let conditional = spec["matchConditions"].as_array().is_some_and(|all| !all.is_empty());
        if conditional && rule.image_conditions_are_unknown {
            return Err(Effect::missing("what the policy's conditions leave out"));
        }
        if spec["attestors"].as_array().is_none_or(Vec::is_empty) && rule.attestor_needed {
            return Err(Effect::without("the policy names no attestor"));
        }
        let constraints: Option<MatchResources> =
            serde_json::from_value(spec["matchConstraints"].clone()).ok();
        let request = self.write(namespace, hardened_pod(), PodWrite::Create);
        let labels = self.labels_of_namespace(namespace);
        let asked = Asked {
            request: &request,
            namespace: None,
            namespace_labels: labels.as_ref(),
            cluster: self.cluster,
            given: Given::all(&[]),
        };
        match by_resources(constraints.as_ref(), asked.request, asked.namespace_labels) {
            Match::Yes => {}
            _ if !rule.image_constraints_count => {}
            Match::No => return Err(Effect::without("the policy does not see every new pod")),
            Match::Unknown(reason) => return Err(Effect::missing(reason)),
        }
        let references = spec["matchImageReferences"].as_array();
        let globs: Vec<&str> =
            references.into_iter().flatten().filter_map(|one| one["glob"].as_str()).collect();
        covers(&globs, &[])?;
        let configured = &spec["validationConfigurations"];
        Ok(Signer {
            policy,
            verifies: kyverno_validates,
            writes_digests: kyverno_mutates,
            digest: kyverno_digest(configured, Digest::WrittenApart)?,
        })
    }

    /// A ClusterImagePolicy of Sigstore's policy-controller.
    fn sigstore<'p>(&self, policy: &'p EnginePolicy) -> Result<Signer<'p>, Effect> {
        let Some(spec) = &policy.spec else {
            return Err(Effect::missing(format!("the specification of {}", policy.title)));
        };
        let rule = &rules().switches;
        if spec["mode"] == "warn" && rule.sigstore_may_warn {
            return Err(Effect::without("the policy only warns"));
        }
        let selective = spec["match"].as_array().is_some_and(|all| !all.is_empty());
        if selective && rule.sigstore_match_is_unknown {
            return Err(Effect::missing("which objects the policy's match leaves out"));
        }
        let authorities: Vec<&Json> =
            spec["authorities"].as_array().into_iter().flatten().collect();
        // One authority that agrees is enough.
        let passes = |one: &&Json| one["static"]["action"] == "pass" && rule.sigstore_static_passes;
        if authorities.is_empty() || authorities.iter().any(passes) {
            return Err(Effect::without("the policy lets pass without a signature"));
        }
        let images = spec["images"].as_array().into_iter().flatten();
        let all = images.filter_map(|one| one["glob"].as_str()).any(|glob| glob == "**");
        if !all && !rule.sigstore_denies_others {
            return Err(Effect::missing("whether something refuses other images"));
        }
        if !all {
            self.no_match()?;
        }
        Ok(Signer {
            policy,
            verifies: |_, name, mutating| !mutating && name == "policy.sigstore.dev",
            writes_digests: |_, name, mutating| mutating && name == "policy.sigstore.dev",
            digest: Digest::WrittenApart,
        })
    }

    /// What the policy-controller does with an image that no policy is about: it denies, unless
    /// its ConfigMap, of which values are not kept, says otherwise.
    fn no_match(&self) -> Result<(), Effect> {
        let rule = &rules().switches;
        let mut maps = self.cluster.config_maps.iter();
        let map = maps.find(|map| map.metadata.name == "config-policy-controller");
        match map {
            Some(map)
                if map.data.get("no-match-policy").is_some()
                    && rule.sigstore_configuration_counts =>
            {
                Err(Effect::missing("no-match-policy of ConfigMap config-policy-controller"))
            }
            Some(_) => Ok(()),
            None if self.cluster.coverage.is_complete(Kind::ConfigMap)
                || !rule.sigstore_unread_configuration_counts =>
            {
                Ok(())
            }
            None => Err(Effect::missing("ConfigMap config-policy-controller")),
        }
    }
}

/// `verifyImages` of a rule of Kyverno.
fn kyverno<'p>(policy: &'p EnginePolicy, namespace: &str) -> Option<Result<Signer<'p>, Effect>> {
    let Some(spec) = &policy.spec else {
        return Some(Err(Effect::missing(format!("the specification of {}", policy.title))));
    };
    let all = spec["rules"].as_array().into_iter().flatten();
    let mut found = None;
    for rule in all.filter(|rule| rule["verifyImages"].is_array()) {
        let here = kyverno_rule(policy, spec, rule, namespace);
        let better = found.as_ref().is_none_or(|known: &Result<Signer<'_>, Effect>| {
            matches!((known, &here), (Err(_), Ok(_)))
                || matches!((known, &here),
                    (Err(old), Err(new)) if rank(new) > rank(old))
        });
        if better {
            found = Some(here);
        }
    }
    found
}

fn kyverno_rule<'p>(
    policy: &'p EnginePolicy,
    spec: &Json,
    rule: &Json,
    namespace: &str,
) -> Result<Signer<'p>, Effect> {
    if !rule_is_about(&rule["match"], "Pod", namespace) {
        return Err(Effect::without("the policy is not about pods of the namespace"));
    }
    let ignores = |value: &Json| value == "Ignore";
    if ignores(&spec["failurePolicy"]) || ignores(&spec["webhookConfiguration"]["failurePolicy"]) {
        return Err(Effect::without("the policy lets pass what it fails to evaluate"));
    }
    let how = &rules().switches;
    let says = |field: &str| match &rule[field] {
        Json::Object(fields) => !fields.is_empty(),
        // Preconditions once were a list.
        Json::Array(all) => !all.is_empty(),
        _ => false,
    };
    if !is_about_every_pod(&rule["match"], namespace) && how.narrow_match_is_unknown {
        return Err(Effect::missing("which pods the rule's match leaves out"));
    }
    if says("exclude") && how.exclusions_are_unknown
        || says("preconditions") && how.preconditions_are_unknown
    {
        return Err(Effect::missing("what the rule excludes"));
    }
    let mut digest = Digest::Required;
    let (mut references, mut skipped): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for one in rule["verifyImages"].as_array().into_iter().flatten() {
        let own = &one["failureAction"];
        let denies =
            if own.is_string() { enforce(own) } else { enforce(&spec["validationFailureAction"]) };
        if !denies && how.audit_does_not_hold {
            return Err(Effect::without("the policy audits and does not refuse"));
        }
        if let Some(of) = audited(spec, namespace).filter(|_| how.overrides_count) {
            return Err(Effect::missing(format!("whether the policy audits in {of}")));
        }
        let named = |field: &str| one[field].as_array().is_some_and(|all| !all.is_empty());
        let verifies = named("attestors") || named("attestations") && how.attestations_are_enough;
        // Before attestors there were keys.
        let keyed = ["key", "keyless"].iter().any(|field| !one[*field].is_null());
        let attested = verifies || keyed && how.keys_are_attestors;
        if !attested && how.attestor_needed {
            return Err(Effect::without("the policy names no attestor"));
        }
        if kyverno_digest(one, Digest::Written)? == Digest::Written {
            digest = Digest::Written;
        }
        references.extend(texts(&one["imageReferences"]));
        references.extend(one["image"].as_str());
        skipped.extend(texts(&one["skipImageReferences"]));
    }
    covers(&references, &skipped)?;
    Ok(Signer { policy, verifies: kyverno_mutates, writes_digests: kyverno_mutates, digest })
}

/// Whether a rule takes every pod of a namespace, whoever makes it and however it is named and
/// labelled, when it is made and when it is changed.
fn is_about_every_pod(matches: &Json, namespace: &str) -> bool {
    let only = |value: &Json, known: &[&str]| {
        value.as_object().is_some_and(|fields| fields.keys().all(|key| known.contains(&&**key)))
    };
    let plain = |block: &Json| {
        let operations = &block["resources"]["operations"];
        let both = ["CREATE", "UPDATE"].iter().all(|one| texts(operations).any(|own| own == *one));
        let whole = ["Pod", "v1/Pod", "*/Pod", "*", "*/*"];
        rule_is_about(block, "Pod", namespace)
            && texts(&block["resources"]["kinds"]).any(|kind| whole.contains(&kind))
            && only(block, &["resources"])
            && only(&block["resources"], &["kinds", "namespaces", "operations"])
            && (operations.is_null() || both)
    };
    match (matches["any"].as_array(), matches["all"].as_array()) {
        (Some(any), _) if !any.is_empty() => any.iter().any(plain),
        (_, Some(all)) if !all.is_empty() => all.iter().all(plain),
        _ => plain(matches),
    }
}

/// The namespaces in which a policy of Kyverno audits although it refuses elsewhere, where this
/// one may be among them.
fn audited(spec: &Json, namespace: &str) -> Option<String> {
    let overrides = spec["validationFailureActionOverrides"].as_array();
    overrides.into_iter().flatten().filter(|one| !enforce(&one["action"])).find_map(|one| {
        let names: Vec<&str> = texts(&one["namespaces"]).collect();
        if names.iter().any(|name| glob(name, namespace)) {
            return Some(names.join(", "));
        }
        let selector = one["namespaceSelector"].is_object();
        (selector || names.is_empty()).then(|| "selected namespaces".to_owned())
    })
}

/// Both are on by default; one of them is enough to run what was verified.
fn kyverno_digest(configured: &Json, written: Digest) -> Result<Digest, Effect> {
    let rule = &rules().switches;
    let off = |field: &str, by_default: bool| match configured[field].as_bool() {
        Some(on) => !on,
        None => !by_default,
    };
    let no_writing = off("mutateDigest", rule.digest_is_written);
    match (no_writing, off("verifyDigest", rule.digest_is_required)) {
        (_, false) => Ok(Digest::Required),
        (false, true) => Ok(written),
        (true, true) if !rule.digest_needed => Ok(written),
        (true, true) => Err(Effect::without(
            "a tag is verified and not replaced by its digest, so it may name another image when \
             it is pulled",
        )),
    }
}

/// Rules that verify images act, and refuse, where objects are changed.
fn kyverno_mutates(_: &EnginePolicy, name: &str, mutating: bool) -> bool {
    mutating && name.contains(".kyverno.svc")
}

fn kyverno_validates(_: &EnginePolicy, name: &str, mutating: bool) -> bool {
    !mutating && name.contains(".kyverno.svc")
}

fn kubewarden(policy: &EnginePolicy) -> Option<Result<Signer<'_>, Effect>> {
    let spec = policy.spec.as_ref()?;
    if !spec["module"].as_str()?.contains("/verify-image-signatures:") {
        return None;
    }
    let writes = spec["settings"]["modifyImagesWithDigest"] != false && spec["mutating"] == true;
    let rule = &rules().switches;
    Some(if spec["mode"] == "monitor" && rule.kubewarden_monitors {
        Err(Effect::without("the policy monitors and does not refuse"))
    } else if !writes && rule.kubewarden_must_write {
        Err(Effect::without(
            "a tag is verified and not replaced by its digest, so it may name another image when \
             it is pulled",
        ))
    } else {
        let signatures = spec["settings"]["signatures"].as_array();
        let images: Vec<&str> =
            signatures.into_iter().flatten().filter_map(|one| one["image"].as_str()).collect();
        let of = |policy: &EnginePolicy, name: &str, _: bool| {
            name.ends_with(".kubewarden.admission") && webhook_is_of(name, policy)
        };
        covers(&images, &[]).map(|()| Signer {
            policy,
            verifies: of,
            writes_digests: of,
            digest: Digest::Written,
        })
    })
}

/// Whether patterns take every image.
fn covers(patterns: &[&str], skipped: &[&str]) -> Result<(), Effect> {
    let rule = &rules().switches;
    let every = |pattern: &&str| {
        rules().every_image.contains(pattern) || rule.any_star_is_all && pattern.contains('*')
    };
    if !patterns.iter().any(every) && rule.others_are_unknown {
        let shown = patterns.join(", ");
        let missing = format!("whether something refuses images other than {shown}");
        return Err(Effect::missing(missing));
    }
    match skipped.first().filter(|_| rule.skipped_images_count) {
        Some(pattern) => Err(Effect::without(format!("images of {pattern} are left out"))),
        None => Ok(()),
    }
}
