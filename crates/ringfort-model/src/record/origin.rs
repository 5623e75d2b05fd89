//! Where an object and its fields stand in a manifest.

use std::sync::Arc;

use crate::text::Str;

/// File and line of an object that was read from a manifest.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct Origin {
    /// Path below the source, with forward slashes.
    pub file: Str,
    /// First line of the document or list item, from 1.
    pub line: u32,
    /// Lines of its fields.
    #[serde(default, skip_serializing_if = "FieldLines::is_empty")]
    pub fields: FieldLines,
}

impl Origin {
    /// The place of an object that no manifest holds and that every API server writes: no file.
    #[must_use]
    pub fn assumed() -> Self {
        Self { file: Str::default(), line: 0, fields: FieldLines::default() }
    }

    /// Whether no manifest holds the object.
    #[must_use]
    pub fn is_assumed(&self) -> bool {
        self.line == 0
    }

    /// The line of a field as evidence names it, `spec.containers[0].securityContext`; of one
    /// that is not there, the line of the nearest field around it.
    #[must_use]
    pub fn line_of(&self, path: &str) -> u32 {
        self.fields.line_of(path).unwrap_or(self.line)
    }
}

/// One value: its key in a mapping (empty in a list), the line of the key or the item, and how
/// many values are in it, itself included.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(from = "(Str, u32, u32)", into = "(Str, u32, u32)")]
pub struct FieldLine {
    /// Key.
    pub key: Str,
    /// Line, from 1.
    pub line: u32,
    /// Number of values.
    pub size: u32,
}

impl From<(Str, u32, u32)> for FieldLine {
    fn from((key, line, size): (Str, u32, u32)) -> Self {
        Self { key, line, size }
    }
}

impl From<FieldLine> for (Str, u32, u32) {
    fn from(one: FieldLine) -> Self {
        (one.key, one.line, one.size)
    }
}

/// The lines of all values of an object, each before those in it.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct FieldLines(Option<Arc<[FieldLine]>>);

impl FieldLines {
    /// Of values in the order in which they stand, each before those in it.
    #[must_use]
    pub fn new(values: &[FieldLine]) -> Self {
        Self((!values.is_empty()).then(|| Arc::from(values)))
    }

    /// Whether no line is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The line of a field, or of the nearest around it; none if no line is known.
    #[must_use]
    pub fn line_of(&self, path: &str) -> Option<u32> {
        self.nearest(path).map(|(line, _)| line)
    }

    /// Whether a field stands there; none if no line is known.
    #[must_use]
    pub fn has(&self, path: &str) -> Option<bool> {
        self.nearest(path).map(|(_, rest)| rest.is_empty())
    }

    /// The line of the nearest field around a path, and what of the path is not there.
    fn nearest<'p>(&self, path: &'p str) -> Option<(u32, &'p str)> {
        let values = self.0.as_deref()?;
        let mut at = 0;
        let mut rest = path;
        while let Some((child, more)) = step(&values[at..], rest, MERGES) {
            at += child;
            rest = more;
        }
        values.get(at).map(|value| (value.line, rest))
    }
}

/// Merge keys that are followed one inside the other.
const MERGES: usize = 32;

/// The values in one, each by its place: the children, without what is in them. What is in a
/// value ends where the value around it does, so that no snapshot makes a walk longer than its list.
fn children(values: &[FieldLine]) -> impl Iterator<Item = usize> {
    let end = values.first().map_or(0, |value| (value.size as usize).min(values.len()));
    let mut next = 1_usize;
    std::iter::from_fn(move || {
        let at = next;
        next = at.saturating_add(values.get(at)?.size.max(1) as usize);
        (at < end).then_some(at)
    })
}

/// From the first of some values to one in it that a path begins with, and what is left of the
/// path; `merges` are the merge keys that may still be followed.
fn step<'p>(values: &[FieldLine], path: &'p str, merges: usize) -> Option<(usize, &'p str)> {
    let path = path.strip_prefix('.').unwrap_or(path);
    if path.is_empty() {
        return None;
    }
    let bracket = path.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let mut found: Option<(usize, &str)> = None;
    for (position, child) in children(values).enumerate() {
        let key = values[child].key.as_str();
        let rest = match bracket {
            Some((inside, rest)) => {
                let is_meant = match key {
                    "" => inside.parse() == Ok(position),
                    key => inside.trim_matches(['"', '\'']) == key,
                };
                is_meant.then_some(rest)
            }
            None if key.is_empty() => None,
            None => path
                .strip_prefix(key)
                .filter(|rest| rest.is_empty() || rest.starts_with(['.', '['])),
        };
        // Keys may have dots in them, so the longest one is meant; of equal ones the last holds.
        if let Some(rest) = rest
            && found.is_none_or(|(_, shorter)| rest.len() <= shorter.len())
        {
            found = Some((child, rest));
        }
    }
    if found.is_some() || merges == 0 {
        return found;
    }
    // What a merge key brings stands where it was written; of a list, the first that has it holds.
    children(values).filter(|&child| values[child].key == *"<<").find_map(|key| {
        let brought = &values[key..];
        let within = |at: usize| {
            let end = at.saturating_add(brought[at].size as usize).min(brought.len());
            let (child, rest) = step(&brought[at..end], path, merges - 1)?;
            Some((key + at + child, rest))
        };
        let listed = || children(brought).filter(|&at| brought[at].key.is_empty()).find_map(within);
        within(0).or_else(listed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merge_keys_without_end_are_not_followed() {
        let deep: Vec<FieldLine> =
            (0..300_000).map(|_| FieldLine { key: "<<".into(), line: 1, size: u32::MAX }).collect();
        assert_eq!(FieldLines::new(&deep).line_of("spec"), Some(1));
    }

    #[test]
    fn a_merge_key_with_a_list_brings_what_its_first_mapping_has() {
        let value = |key: &str, line, size| FieldLine { key: key.into(), line, size };
        let lines = FieldLines::new(&[
            value("", 1, 8),
            value("<<", 2, 6),
            value("", 2, 2),
            value("a", 3, 1),
            value("", 4, 3),
            value("a", 5, 1),
            value("b", 6, 1),
            value("c", 7, 1),
        ]);
        for (path, line) in [("a", 3), ("b", 6), ("c", 7), ("d", 1)] {
            assert_eq!(lines.line_of(path), Some(line), "{path}");
        }
    }

    #[test]
    fn fields_are_found_by_their_paths() {
        let value = |key: &str, line, size| FieldLine { key: key.into(), line, size };
        let lines = FieldLines::new(&[
            value("", 1, 8),
            value("metadata", 2, 3),
            value("labels", 3, 2),
            value("a.b/c", 4, 1),
            value("spec", 5, 4),
            value("containers", 6, 3),
            value("", 7, 1),
            value("", 9, 1),
        ]);
        for (path, line) in [
            ("", 1),
            ("spec", 5),
            ("spec.containers[1]", 9),
            ("spec.containers[1].securityContext.privileged", 9),
            ("spec.containers[2]", 6),
            ("spec.hostPID", 5),
            ("metadata.labels.a.b/c", 4),
            ("metadata.labels[a.b/c]", 4),
            ("metadata.labels.a", 3),
            ("specs", 1),
        ] {
            assert_eq!(lines.line_of(path), Some(line), "{path}");
        }
        assert_eq!(FieldLines::default().line_of("spec"), None);
    }
}
