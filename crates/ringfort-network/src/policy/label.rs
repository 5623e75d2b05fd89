//! What the API server accepts as labels and label selectors: apimachinery
//! `pkg/util/validation` (IsQualifiedName, IsValidLabelValue, IsDNS1123Subdomain) and
//! `pkg/apis/meta/v1/validation` (ValidateLabelSelector).

use ringfort_model::record::LabelSelector;

/// Longest name part of a label key, and longest label value.
const LONGEST: usize = 63;

/// Longest prefix of a label key.
const LONGEST_PREFIX: usize = 253;

/// Starts and ends with an alphanumeric; `-`, `_` and `.` may stand between.
fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !bytes.is_empty()
        && bytes.len() <= LONGEST
        && bytes.iter().all(inner)
        && bytes[0].is_ascii_alphanumeric()
        && bytes[bytes.len() - 1].is_ascii_alphanumeric()
}

/// Whether the text is a DNS subdomain: lower case labels joined by dots.
fn is_subdomain(text: &str) -> bool {
    let label = |label: &str| {
        let bytes = label.as_bytes();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        !bytes.is_empty()
            && bytes.iter().all(|byte| plain(*byte) || *byte == b'-')
            && plain(bytes[0])
            && plain(bytes[bytes.len() - 1])
    };
    text.len() <= LONGEST_PREFIX && text.split('.').all(label)
}

/// Whether the text can be the key of a label.
#[must_use]
pub fn is_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_name(name),
        None => is_name(text),
    }
}

/// Whether the text can be the value of a label.
#[must_use]
pub fn is_value(text: &str) -> bool {
    text.is_empty() || is_name(text)
}

/// What the API server refuses in a selector: path below it, and reason.
#[must_use]
pub fn refusal(selector: &LabelSelector) -> Option<(String, String)> {
    for (key, value) in selector.match_labels.iter() {
        if !is_key(key) {
            return Some(("matchLabels".to_owned(), format!("\"{key}\" is no label key")));
        }
        if !is_value(value) {
            return Some((format!("matchLabels[{key}]"), format!("\"{value}\" is no label value")));
        }
    }
    for (at, need) in selector.match_expressions.iter().enumerate() {
        let field = |name: &str| format!("matchExpressions[{at}].{name}");
        if !is_key(&need.key) {
            return Some((field("key"), format!("\"{}\" is no label key", need.key)));
        }
        match need.operator.as_str() {
            "In" | "NotIn" if need.values.is_empty() => {
                return Some((field("values"), format!("{} needs a value", need.operator)));
            }
            "Exists" | "DoesNotExist" if !need.values.is_empty() => {
                return Some((field("values"), format!("{} takes no value", need.operator)));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => return Some((field("operator"), format!("\"{other}\" is no operator"))),
        }
        if let Some(value) = need.values.iter().find(|value| !is_value(value)) {
            return Some((field("values"), format!("\"{value}\" is no label value")));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_follow_apimachinery() {
        for key in ["app", "app.kubernetes.io/name", "A_b-c.d", "x.y/Z", "0"] {
            assert!(is_key(key), "{key}");
        }
        let long = "x".repeat(64);
        for key in ["", "-a", "a-", "A.b/c", "/a", "a/", "a/b/c", "a b", "a..b/c", &long] {
            assert!(!is_key(key), "{key}");
        }
        assert!(is_value("") && is_value("Web_1.2-x"));
        assert!(!is_value("-") && !is_value("a/b") && !is_value(&long));
    }

    #[test]
    fn a_refused_selector_names_its_field() {
        let refused = |json: &str| {
            let selector: LabelSelector = serde_json::from_str(json).expect("it reads");
            refusal(&selector).map(|(field, _)| field)
        };
        assert_eq!(refused(r#"{"matchLabels":{"app":"web"}}"#), None);
        assert_eq!(
            refused(r#"{"matchLabels":{"app":"we b"}}"#).as_deref(),
            Some("matchLabels[app]")
        );
        for (need, field) in [
            (r#"{"key":"a","operator":"Is"}"#, "matchExpressions[0].operator"),
            (r#"{"key":"a","operator":"In"}"#, "matchExpressions[0].values"),
            (r#"{"key":"a","operator":"Exists","values":["x"]}"#, "matchExpressions[0].values"),
            (r#"{"key":"a b","operator":"Exists"}"#, "matchExpressions[0].key"),
        ] {
            let json = format!(r#"{{"matchExpressions":[{need}]}}"#);
            assert_eq!(refused(&json).as_deref(), Some(field));
        }
    }
}
