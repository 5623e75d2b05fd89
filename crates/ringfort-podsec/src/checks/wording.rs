//! The server's way of naming culprits: `pod and containers "a", "b"`.

use std::collections::BTreeSet;

/// `"a", "b"`.
pub(super) fn quoted<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = items.into_iter().map(|item| format!("\"{item}\"")).collect();
    quoted.join(", ")
}

/// Values that were found, each once, sorted.
pub(super) type Values<'a> = BTreeSet<&'a str>;

/// One word for one, another for several.
pub(super) fn plural(one: &'static str, several: &'static str, count: usize) -> &'static str {
    if count == 1 { one } else { several }
}

/// `container "a"` or `containers "a", "b"`.
pub(super) fn containers(names: &[&str]) -> String {
    let word = plural("container", "containers", names.len());
    format!("{word} {}", quoted(names.iter().copied()))
}

/// Who set a forbidden value: the pod, containers, annotations.
#[derive(Debug, Default)]
pub(super) struct Setters<'a> {
    pub(super) pod: bool,
    pub(super) containers: Vec<&'a str>,
    pub(super) annotations: usize,
}

impl Setters<'_> {
    pub(super) fn is_empty(&self) -> bool {
        !self.pod && self.containers.is_empty() && self.annotations == 0
    }

    pub(super) fn names(&self) -> String {
        let mut names = Vec::new();
        if self.pod {
            names.push("pod".to_owned());
        }
        if !self.containers.is_empty() {
            names.push(containers(&self.containers));
        }
        if self.annotations > 0 {
            names.push(plural("annotation", "annotations", self.annotations).to_owned());
        }
        names.join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setters_are_named_in_order() {
        let mut setters = Setters { containers: vec!["a"], ..Setters::default() };
        assert_eq!(setters.names(), "container \"a\"");
        setters = Setters { pod: true, containers: vec!["a", "b"], annotations: 2 };
        assert_eq!(setters.names(), "pod and containers \"a\", \"b\" and annotations");
        assert!(Setters::default().is_empty());
    }
}
