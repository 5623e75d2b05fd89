//! Taints and tolerations (`api/core/v1/toleration.go`, `component-helpers/scheduling/corev1`).

use ringfort_model::record::node::Taint;
use ringfort_model::record::pod::Toleration;

use super::rules::rules;

/// Whether a taint is the sign of a condition, and not of somebody's will to keep pods off.
#[must_use]
pub fn is_transient(taint: &Taint) -> bool {
    rules().switches.conditions_pass && rules().transient.contains(&taint.key.as_str())
}

/// Whether a toleration tolerates a taint. An empty effect is every effect, an empty key every
/// key, no operator `Equal`; `Gt` and `Lt` compare integers; another operator tolerates
/// nothing.
#[must_use]
pub fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let rules = rules();
    let rule = &rules.switches;
    let any = |text: &str, allowed: bool| text.is_empty() && allowed;
    if !any(&toleration.effect, rule.any_effect) && toleration.effect != taint.effect {
        return false;
    }
    if !any(&toleration.key, rule.any_key) && toleration.key != taint.key {
        return false;
    }
    let numbers = || -> Option<(i64, i64)> {
        Some((taint.value.parse().ok()?, toleration.value.parse().ok()?))
    };
    match toleration.operator.as_str() {
        other if !rules.toleration_operators.contains(&other) => false,
        "" | "Equal" => toleration.value == taint.value || !rule.value_counts,
        "Exists" => true,
        "Gt" => numbers().is_some_and(|(taint, bound)| taint > bound),
        "Lt" => numbers().is_some_and(|(taint, bound)| taint < bound),
        _ => false,
    }
}

/// Whether one of the tolerations tolerates the taint.
#[must_use]
pub fn tolerated(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations.iter().any(|toleration| tolerates(toleration, taint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_means_any_but_for_the_value() {
        let taint: Taint = serde_json::from_str(r#"{"key":"k","value":"5","effect":"NoSchedule"}"#)
            .expect("taint");
        for (json, want) in [
            (r#"{"operator":"Exists"}"#, true),
            (r#"{"key":"k","operator":"Exists"}"#, true),
            (r#"{"key":"k","operator":"Exists","effect":"NoExecute"}"#, false),
            (r#"{"key":"j","operator":"Exists"}"#, false),
            (r#"{"key":"k","value":"5"}"#, true),
            (r#"{"key":"k","operator":"Equal","value":"5","effect":"NoSchedule"}"#, true),
            (r#"{"key":"k","operator":"Equal"}"#, false),
            (r#"{"key":"k","operator":"Gt","value":"4"}"#, true),
            (r#"{"key":"k","operator":"Gt","value":"5"}"#, false),
            (r#"{"key":"k","operator":"Lt","value":"6"}"#, true),
            (r#"{"key":"k","operator":"Lt","value":"5"}"#, false),
            (r#"{"key":"k","operator":"Lt","value":"six"}"#, false),
            (r#"{"key":"k","operator":"exists"}"#, false),
        ] {
            let toleration: Toleration = serde_json::from_str(json).expect("toleration");
            assert_eq!(tolerates(&toleration, &taint), want, "{json}");
        }
    }
}
