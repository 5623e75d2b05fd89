//! Names that an API server would refuse, so that no cluster has the object.
//!
//! Follows `ValidateObjectMeta` of apimachinery (`pkg/api/validation`): most kinds have names of DNS
//! subdomains, objects of RBAC anything that is one segment of a path. Of custom kinds, which other
//! servers may serve, only the latter is asked.

use ringfort_model::{Kind, Object};

/// What is said of an object whose name or namespace no API server takes; the object is read all
/// the same, as the mistake may be in the copy.
pub(crate) fn refused(object: &Object) -> Option<String> {
    let kind = object.kind();
    let meta = object.meta();
    let name = match meta.name.as_str() {
        // Letters follow what names are made of, so that it may end in a dash.
        "" => masked(&meta.generate_name),
        name => name.to_owned(),
    };
    let fits = match kind {
        Some(kind) if !Kind::RBAC.contains(&kind) => is_subdomain(&name),
        _ => is_segment(&name),
    };
    let namespace = meta.namespace.as_str();
    let wrong = match (fits, namespace.is_empty() || is_label(namespace)) {
        (false, _) => "name",
        (true, false) => "namespace",
        (true, true) => return None,
    };
    Some(format!("the API server would refuse this {wrong}"))
}

fn masked(prefix: &str) -> String {
    match prefix.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => format!("{rest}a"),
        _ => prefix.to_owned(),
    }
}

/// A DNS subdomain: labels with dots between them, 253 bytes in all.
fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_word)
}

/// A DNS label.
fn is_label(name: &str) -> bool {
    name.len() <= 63 && is_word(name)
}

fn is_word(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = word.as_bytes();
    bytes.first().is_some_and(|byte| plain(*byte))
        && bytes.last().is_some_and(|byte| plain(*byte))
        && bytes.iter().all(|byte| plain(*byte) || *byte == b'-')
}

/// One segment of a path.
fn is_segment(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '%'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: &str, group: &str, name: &str, namespace: &str) -> bool {
        let json = serde_json::json!({"apiVersion": group, "kind": kind,
            "metadata": {"name": name, "namespace": namespace}});
        let object = Object::read(json.to_string().as_bytes()).expect("an object");
        refused(&object).is_some()
    }

    #[test]
    fn names_are_those_that_a_server_takes() {
        const RBAC: &str = "rbac.authorization.k8s.io/v1";
        for (kind, group, name, namespace, odd) in [
            ("Pod", "v1", "p.q-1", "a", false),
            ("Pod", "v1", "--kubeconfig=/tmp/x", "a", true),
            ("Pod", "v1", "RELEASE-NAME-x", "a", true),
            ("Pod", "v1", "a..b", "a", true),
            ("Pod", "v1", "a-", "a", true),
            ("Pod", "v1", "p", "-n", true),
            ("Pod", "v1", "p", "a.b", true),
            ("ClusterRole", RBAC, "system:node", "", false),
            ("ClusterRole", RBAC, "--all", "", false),
            ("ClusterRole", RBAC, "a/b", "", true),
            ("RoleBinding", RBAC, "..", "a", true),
            ("Thing", "example.com/v1", "A:b", "a", false),
            ("Thing", "example.com/v1", "a%2f", "a", true),
        ] {
            assert_eq!(said(kind, group, name, namespace), odd, "{kind} {namespace}/{name}");
        }
        let long = "a".repeat(254);
        assert!(said("Pod", "v1", &long, "a") && !said("Pod", "v1", &long[..253], "a"));
    }

    #[test]
    fn a_prefix_may_end_in_a_dash() {
        let json = br#"{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"p-"}}"#;
        assert_eq!(refused(&Object::read(json).expect("a pod")), None);
        let json = br#"{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"-p-"}}"#;
        assert!(refused(&Object::read(json).expect("a pod")).is_some());
    }
}
