//! Node selectors and required node affinity.
//!
//! Follows `component-helpers/scheduling/corev1/nodeaffinity` and apimachinery
//! `pkg/labels/selector.go`: one term suffices; a term matches when all its requirements do; an
//! empty term and one that cannot be parsed match no node.

use ringfort_model::record::SelectorRequirement;
use ringfort_model::record::scheduling::{NodeSelector, NodeSelectorTerm};
use ringfort_model::{Map, Str};

use super::rules::rules;

/// The only field of a node that `matchFields` can name.
pub(super) const NAME_FIELD: &str = "metadata.name";

/// Whether a node of that name and with those labels satisfies a pod's node selector and
/// required node affinity.
#[must_use]
pub fn node_matches(
    selector: &Map,
    affinity: Option<&NodeSelector>,
    name: &str,
    labels: &Map,
) -> bool {
    let rule = &rules().switches;
    let by_selector = selector.iter().all(|(key, value)| labels.get(key) == Some(value));
    let by_affinity = || {
        affinity.is_none_or(|affinity| {
            let mut terms = affinity.node_selector_terms.iter();
            let matches = |term: &NodeSelectorTerm| term_matches(term, name, labels);
            if rule.one_term_is_enough { terms.any(matches) } else { terms.all(matches) }
        })
    };
    (by_selector || !rule.selector_counts) && (!rule.affinity_counts || by_affinity())
}

fn term_matches(term: &NodeSelectorTerm, name: &str, labels: &Map) -> bool {
    let rule = &rules().switches;
    if term.match_expressions.is_empty() && term.match_fields.is_empty() {
        return !rule.empty_term_matches_none;
    }
    // A requirement that cannot be parsed spoils the whole term, whatever the others say.
    term.match_expressions.iter().all(|need| label_matches(need, labels) == Some(true))
        && (!rule.fields_count
            || term.match_fields.iter().all(|need| field_matches(need, name) == Some(true)))
}

/// Whether the labels satisfy the requirement; `None` if it cannot be parsed.
fn label_matches(need: &SelectorRequirement, labels: &Map) -> Option<bool> {
    let key_ok = is_label_key(&need.key);
    let values_ok = need.values.iter().all(|value| is_label_value(value));
    let value = labels.get(&need.key);
    let count = need.values.len();
    let rules = rules();
    let rule = &rules.switches;
    (key_ok && values_ok || !rule.labels_must_read).then_some(())?;
    let some = count > 0 || !rule.values_are_needed;
    let none = count == 0 || !rule.existing_takes_no_values;
    let one = count == 1 || count > 1 && !rule.comparing_takes_one_value;
    match need.operator.as_str() {
        other if !rules.operators.contains(&other) => None,
        "In" if some => Some(value.is_some_and(|value| need.values.has(value))),
        "NotIn" if some => Some(value.map_or(rule.absent_is_not_in, |v| !need.values.has(v))),
        "Exists" if none => Some(value.is_some()),
        "DoesNotExist" if none => Some(value.is_none()),
        "Gt" if one => compare(value, &need.values[0], |label, bound| label > bound),
        "Lt" if one => compare(value, &need.values[0], |label, bound| label < bound),
        _ => None,
    }
}

/// Compares a label with a bound, both integers. A label that is none does not match; a bound
/// that is none cannot be parsed.
fn compare(label: Option<&Str>, bound: &Str, holds: fn(i64, i64) -> bool) -> Option<bool> {
    let bound: i64 = bound.parse().ok()?;
    Some(label.and_then(|label| label.parse().ok()).is_some_and(|label| holds(label, bound)))
}

/// Whether the node's fields satisfy the requirement; `None` if it cannot be parsed. A field
/// that nodes do not have reads as empty.
fn field_matches(need: &SelectorRequirement, name: &str) -> Option<bool> {
    let rules = rules();
    let one = need.values.len() == 1 || !rules.switches.fields_take_one_value;
    let field = if need.key == NAME_FIELD { name } else { "" };
    match need.operator.as_str() {
        other if !rules.field_operators.contains(&other) || !one => None,
        "In" => Some(need.values.has(field)),
        "NotIn" => Some(!need.values.has(field)),
        _ => None,
    }
}

/// Whether the text can be the value of a label.
fn is_label_value(text: &str) -> bool {
    let inner = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    let bytes = text.as_bytes();
    text.len() <= 63
        && bytes.iter().all(|c| inner(*c))
        && bytes.first().is_none_or(u8::is_ascii_alphanumeric)
        && bytes.last().is_none_or(u8::is_ascii_alphanumeric)
}

/// Whether the text can be the key of a label: a name, with a DNS subdomain before it or not.
fn is_label_key(text: &str) -> bool {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    let part = |part: &str| {
        let bytes = part.as_bytes();
        let edge = |c: Option<&u8>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        edge(bytes.first())
            && edge(bytes.last())
            && bytes.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == b'-')
    };
    !name.is_empty()
        && is_label_value(name)
        && prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.split('.').all(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(affinity: &str, labels: &[(&str, &str)]) -> bool {
        let affinity: NodeSelector = serde_json::from_str(affinity).expect("a node selector");
        let labels = labels.iter().map(|(key, value)| (Str::new(key), Str::new(value))).collect();
        node_matches(&Map::default(), Some(&affinity), "n", &labels)
    }

    fn expression(key: &str, operator: &str, values: &str) -> String {
        format!(
            r#"{{"nodeSelectorTerms":[{{"matchExpressions":[
                {{"key":"{key}","operator":"{operator}","values":{values}}}]}}]}}"#
        )
    }

    #[test]
    fn operators_as_upstream_has_them() {
        let labels = [("zone", "a"), ("cores", "8"), ("size", "big")];
        for (key, operator, values, want) in [
            ("zone", "In", r#"["a","b"]"#, true),
            ("zone", "In", r#"["b"]"#, false),
            ("gone", "In", r#"["a"]"#, false),
            ("zone", "In", "[]", false),
            ("zone", "NotIn", r#"["b"]"#, true),
            ("zone", "NotIn", r#"["a"]"#, false),
            ("gone", "NotIn", r#"["a"]"#, true),
            ("zone", "NotIn", "[]", false),
            ("zone", "Exists", "[]", true),
            ("zone", "Exists", r#"["a"]"#, false),
            ("gone", "Exists", "[]", false),
            ("gone", "DoesNotExist", "[]", true),
            ("zone", "DoesNotExist", "[]", false),
            ("cores", "Gt", r#"["7"]"#, true),
            ("cores", "Gt", r#"["8"]"#, false),
            ("cores", "Lt", r#"["9"]"#, true),
            ("cores", "Lt", r#"["8"]"#, false),
            ("size", "Gt", r#"["1"]"#, false),
            ("gone", "Lt", r#"["1"]"#, false),
            ("cores", "Gt", r#"["seven"]"#, false),
            ("cores", "Gt", r#"["1","2"]"#, false),
            ("zone", "in", r#"["a"]"#, false),
            ("bad key", "DoesNotExist", "[]", false),
            ("zone", "NotIn", r#"["not a label value"]"#, false),
        ] {
            let found = matches(&expression(key, operator, values), &labels);
            assert_eq!(found, want, "{key} {operator} {values}");
        }
    }

    #[test]
    fn one_term_suffices_and_an_empty_one_selects_nothing() {
        let labels = [("a", "1"), ("b", "2")];
        let need = |key: &str| format!(r#"{{"key":"{key}","operator":"Exists"}}"#);
        let all = |terms: &str| format!(r#"{{"nodeSelectorTerms":[{terms}]}}"#);
        let term = |needs: &[&str]| {
            let needs: Vec<String> = needs.iter().map(|key| need(key)).collect();
            format!(r#"{{"matchExpressions":[{}]}}"#, needs.join(","))
        };
        assert!(!matches(&all(""), &labels));
        assert!(!matches(&all("{}"), &labels));
        assert!(matches(&all(&format!("{{}},{}", term(&["a"]))), &labels));
        assert!(!matches(&all(&term(&["a", "c"])), &labels));
        assert!(matches(&all(&format!("{},{}", term(&["c"]), term(&["a", "b"]))), &labels));
    }

    #[test]
    fn fields_take_one_value_and_two_operators() {
        let field = |key: &str, operator: &str, values: &str| {
            matches(
                &format!(
                    r#"{{"nodeSelectorTerms":[{{"matchFields":[
                        {{"key":"{key}","operator":"{operator}","values":{values}}}]}}]}}"#
                ),
                &[],
            )
        };
        assert!(field("metadata.name", "In", r#"["n"]"#));
        assert!(!field("metadata.name", "In", r#"["m"]"#));
        assert!(field("metadata.name", "NotIn", r#"["m"]"#));
        assert!(!field("metadata.name", "In", r#"["n","m"]"#), "one value only");
        assert!(!field("metadata.name", "Exists", "[]"));
        assert!(!field("metadata.uid", "In", r#"["n"]"#));
    }

    #[test]
    fn selector_and_affinity_must_both_hold() {
        let labels: Map = [(Str::new("a"), Str::new("1"))].into_iter().collect();
        let selector = |value: &str| [(Str::new("a"), Str::new(value))].into_iter().collect();
        assert!(node_matches(&selector("1"), None, "n", &labels));
        assert!(!node_matches(&selector("2"), None, "n", &labels));
        let other: NodeSelector =
            serde_json::from_str(&expression("b", "Exists", "[]")).expect("a node selector");
        assert!(!node_matches(&selector("1"), Some(&other), "n", &labels));
    }
}
