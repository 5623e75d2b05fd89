//! RF-ADM-003: policy present but not enforcing.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-ADM-003",
    title: "Policy present but not enforcing",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["none known"],
    reads: &[Kind::ValidatingPolicy, Kind::ValidatingPolicyBinding],
    doc: Doc {
        why: "It is counted as a control by everybody but the API server.",
        fails: "A ValidatingAdmissionPolicy without a binding, or whose bindings only audit or warn; a policy of Kyverno, Gatekeeper or Kubewarden of which nothing enforces.",
        not: "A binding with the action Deny; an engine's policy with an enforcing rule; mutating policies. Exceptions are not looked at.",
        unknown: "The specification of an engine's policy was not read, or a constraint denies only by an admission policy that Gatekeeper may have made of it.",
        fix: "Bind the policy with the action Deny, or delete it.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    for policy in &world.cluster.validating_policies {
        let name = &policy.metadata.name;
        let bindings: Vec<_> = world
            .cluster
            .validating_policy_bindings
            .iter()
            .filter_map(|one| Some((&one.metadata.name, one.spec.as_ref()?)))
            .filter(|(_, spec)| spec.policy_name == *name)
            .collect();
        let denies = bindings.iter().any(|(_, spec)| spec.validation_actions.has("Deny"));
        let spot = match bindings.first() {
            _ if denies => None,
            None => Some(facts::field(
                "ValidatingAdmissionPolicy",
                "",
                name,
                ("metadata.name", "no binding names it"),
            )),
            Some((binding, spec)) => Some(facts::field(
                "ValidatingAdmissionPolicyBinding",
                "",
                binding,
                ("spec.validationActions", &spec.validation_actions.join(",")),
            )),
        };
        let object = Object::wide("ValidatingAdmissionPolicy", name);
        out.add(object, Verdict::of(spot.into_iter().collect()));
    }
    for policy in &world.cluster.others {
        let Some((engine, kind)) = engine_kind(policy.group(), &policy.kind) else { continue };
        let meta = &policy.metadata;
        let spec = policy.engine_spec.as_ref().map(|text| serde_json::from_str(text));
        let verdict = match spec {
            None | Some(Err(_)) => Verdict::missing("the specification of the policy"),
            Some(Ok(spec)) if matches!(engine, Engine::Constraint) && only_generated(&spec) => {
                Verdict::missing("whether Gatekeeper made the admission policy of the constraint")
            }
            Some(Ok(spec)) => match idle(engine, &spec) {
                None => Verdict::Pass,
                Some((path, value)) => {
                    // Kinds of constraints are made by their templates: none has a fixed name.
                    let name = match engine {
                        Engine::Constraint => format!("{}/{}", policy.kind, meta.name),
                        _ => meta.name.to_string(),
                    };
                    let at = (path, value.as_str());
                    Verdict::of(vec![facts::field(kind, &meta.namespace, &name, at)])
                }
            },
        };
        out.add(Object::new(&policy.kind, &meta.namespace, &meta.name), verdict);
    }
}

/// Policies of engines by how they say that they enforce.
#[derive(Clone, Copy)]
enum Engine {
    Kyverno,
    /// Kyverno's policies in CEL that deny.
    KyvernoCel,
    Constraint,
    Kubewarden,
}

/// Kinds of the engines' policies. Those of Kyverno that mutate, generate or delete refuse nothing
/// and are not asked to.
const KINDS: &[(&str, &str, Engine)] = &[
    ("kyverno.io", "ClusterPolicy", Engine::Kyverno),
    ("kyverno.io", "Policy", Engine::Kyverno),
    ("policies.kyverno.io", "ValidatingPolicy", Engine::KyvernoCel),
    ("policies.kyverno.io", "NamespacedValidatingPolicy", Engine::KyvernoCel),
    ("policies.kyverno.io", "ImageValidatingPolicy", Engine::KyvernoCel),
    ("policies.kyverno.io", "NamespacedImageValidatingPolicy", Engine::KyvernoCel),
    ("policies.kubewarden.io", "ClusterAdmissionPolicy", Engine::Kubewarden),
    ("policies.kubewarden.io", "AdmissionPolicy", Engine::Kubewarden),
];

/// The engine of a policy, and its kind for kubectl.
fn engine_kind(group: &str, kind: &str) -> Option<(Engine, &'static str)> {
    if group == "constraints.gatekeeper.sh" {
        return Some((Engine::Constraint, "Constraint"));
    }
    let row = KINDS.iter().find(|(of, known, _)| *of == group && *known == kind);
    row.map(|(_, kind, engine)| (*engine, *kind))
}

/// Points at which a constraint is enforced (open-policy-agent/frameworks, constraint
/// `pkg/apis/constraints` and gatekeeper `pkg/util/enforcement_action.go`): its webhook, and the
/// ValidatingAdmissionPolicy that it may be made into. Audits and tests at a desk refuse nothing.
const WEBHOOK: &str = "validation.gatekeeper.sh";
const GENERATED: &str = "vap.k8s.io";

/// Whether a scoped action denies at one of the points.
fn denies_at(spec: &serde_json::Value, points: &[&str]) -> bool {
    let actions = spec["scopedEnforcementActions"].as_array();
    actions.into_iter().flatten().any(|one| {
        let named = one["enforcementPoints"].as_array().into_iter().flatten();
        let mut named = named.filter_map(|point| point["name"].as_str());
        one["action"] == "deny" && named.any(|name| points.contains(&name))
    })
}

/// Whether a constraint denies in no other way than by the policy that is made of it.
fn only_generated(spec: &serde_json::Value) -> bool {
    spec["enforcementAction"] == "scoped"
        && denies_at(spec, &[GENERATED])
        && !denies_at(spec, &[WEBHOOK, "*"])
}

/// The field by which nothing of a policy enforces.
fn idle(engine: Engine, spec: &serde_json::Value) -> Option<(&'static str, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("absent").to_owned();
    match engine {
        Engine::Kubewarden => {
            let mode = text(&spec["mode"]);
            (mode == "monitor").then_some(("spec.mode", mode))
        }
        Engine::Constraint => match spec["enforcementAction"].as_str().unwrap_or("deny") {
            "deny" => None,
            "scoped" if denies_at(spec, &[WEBHOOK, GENERATED, "*"]) => None,
            "scoped" => {
                let value = format!("no deny at {WEBHOOK}");
                Some(("spec.scopedEnforcementActions", value))
            }
            action => Some(("spec.enforcementAction", action.to_owned())),
        },
        Engine::KyvernoCel => {
            let actions = spec["validationActions"].as_array().map_or(&[][..], Vec::as_slice);
            let admission = spec["evaluation"]["admission"]["enabled"].as_bool();
            if admission == Some(false) {
                return Some(("spec.evaluation.admission.enabled", "false".to_owned()));
            }
            // None is Deny (api/policies.kyverno.io, `ValidationActions`).
            let denies = actions.is_empty() || actions.iter().any(|one| one == "Deny");
            let listed = || actions.iter().map(text).collect::<Vec<_>>().join(",");
            (!denies).then(|| ("spec.validationActions", listed()))
        }
        Engine::Kyverno => {
            let enforce = |value: &serde_json::Value| {
                value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("enforce"))
            };
            let general = enforce(&spec["validationFailureAction"]);
            let overridden = spec["validationFailureActionOverrides"].as_array();
            let elsewhere = overridden.into_iter().flatten().any(|one| enforce(&one["action"]));
            let rules = spec["rules"].as_array().map_or(&[][..], Vec::as_slice);
            let validating =
                rules.iter().filter(|rule| rule["validate"].is_object()).collect::<Vec<_>>();
            let acts = validating.iter().any(|rule| match &rule["validate"]["failureAction"] {
                own if own.is_string() => enforce(own),
                _ => general || elsewhere,
            });
            let only_validates = validating.len() == rules.len() && !rules.is_empty();
            let field = "spec.validationFailureAction";
            (only_validates && !acts).then(|| (field, text(&spec["validationFailureAction"])))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_engine_s_policy_enforces_by_its_own_words() {
        let audit = json!({"rules": [{"validate": {}}]});
        assert!(idle(Engine::Kyverno, &audit).is_some());
        let rule = json!({"rules": [{"validate": {"failureAction": "Enforce"}}]});
        assert!(idle(Engine::Kyverno, &rule).is_none());
        let mutates = json!({"rules": [{"mutate": {}}]});
        assert!(idle(Engine::Kyverno, &mutates).is_none());
        assert!(idle(Engine::Constraint, &json!({})).is_none());
        assert!(idle(Engine::Constraint, &json!({"enforcementAction": "dryrun"})).is_some());
        let scoped = |action: &str, point: &str| {
            json!({"enforcementAction": "scoped", "scopedEnforcementActions":
                [{"action": action, "enforcementPoints": [{"name": point}]}]})
        };
        for (action, point, idles) in [
            ("deny", "audit.gatekeeper.sh", true),
            ("deny", "gator.gatekeeper.sh", true),
            ("warn", "validation.gatekeeper.sh", true),
            ("deny", "validation.gatekeeper.sh", false),
            ("deny", "*", false),
        ] {
            let found = idle(Engine::Constraint, &scoped(action, point));
            assert_eq!(found.is_some(), idles, "{action} at {point}");
        }
        let nowhere = json!({"enforcementAction": "scoped",
            "scopedEnforcementActions": [{"action": "deny"}]});
        assert!(idle(Engine::Constraint, &nowhere).is_some());
        assert!(only_generated(&scoped("deny", "vap.k8s.io")));
        assert!(!only_generated(&scoped("deny", "*")));
        for (spec, idles) in [
            (json!({}), false),
            (json!({"validationActions": []}), false),
            (json!({"validationActions": ["Audit", "Deny"]}), false),
            (json!({"validationActions": ["Audit"]}), true),
            (json!({"evaluation": {"admission": {"enabled": false}}}), true),
        ] {
            assert_eq!(idle(Engine::KyvernoCel, &spec).is_some(), idles, "{spec}");
        }
        let known = |kind| engine_kind("policies.kyverno.io", kind).is_some();
        assert!(known("ImageValidatingPolicy") && !known("MutatingPolicy"));
        let shown = engine_kind("kyverno.io", "ClusterPolicy").map(|(_, kind)| kind);
        assert_eq!(shown, Some("ClusterPolicy"), "the command asks for what the server knows");
        assert!(idle(Engine::Kubewarden, &json!({"mode": "monitor"})).is_some());
    }
}
