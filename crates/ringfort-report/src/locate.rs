//! Where a finding is, for formats that ask for a file.

use std::fmt::Write;

use ringfort_checks::Finding;

use crate::report::Report;

/// A file as seen from the working directory, and a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    /// The file; where there is none, a path that stands for the object.
    pub(crate) file: String,
    /// The line, from 1.
    pub(crate) line: u32,
    /// Whether there is such a file.
    pub(crate) exists: bool,
}

/// Where a finding is. An object of a running cluster is in no file; the path
/// `kubernetes/NAMESPACE/KIND/NAME` stands for it, the same in every run.
pub(crate) fn located(report: &Report, finding: &Finding) -> Located {
    let about = &finding.about;
    match &about.place {
        Some(place) => Located {
            file: joined(&report.source.base, &place.file),
            line: place.line,
            exists: true,
        },
        None => {
            let scope = if about.namespace.is_empty() { "_cluster" } else { &about.namespace };
            let parts = [scope, &about.kind, &about.name].map(|part| part.replace('/', "%2F"));
            Located { file: format!("kubernetes/{}", parts.join("/")), line: 1, exists: false }
        }
    }
}

/// A path below another.
pub(crate) fn joined(base: &str, file: &str) -> String {
    match base.trim_end_matches('/') {
        "" if base.starts_with('/') => format!("/{file}"),
        "" | "." => file.to_owned(),
        base => format!("{}/{file}", base.strip_prefix("./").unwrap_or(base)),
    }
}

/// A path as a URI reference: what is not unreserved is encoded (RFC 3986); an absolute path
/// becomes a file URI.
pub(crate) fn uri(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    if path.starts_with('/') {
        text.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

/// What a finding says in one line of plain text.
pub(crate) fn sentence(finding: &Finding) -> String {
    /// Evidence that is named.
    const NAMED: usize = 5;
    let mut text = format!("{}: {}.", finding.object, finding.title);
    if !finding.note.is_empty() {
        let _ = write!(text, " {}.", finding.note);
    }
    let shown: Vec<String> = finding
        .evidence
        .iter()
        .take(NAMED)
        .map(|spot| {
            let field = if spot.field.is_empty() { "" } else { " " };
            format!("{}{field}{}: {}", spot.object, spot.field, spot.value)
        })
        .collect();
    if !shown.is_empty() {
        let more = finding.evidence.len().saturating_sub(NAMED);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let _ = write!(text, " Shown by {}{more}.", shown.join("; "));
    }
    if finding.cuts > 0 {
        let _ = write!(
            text,
            " Mending it cuts {} of the {} paths that run through it.",
            finding.cuts, finding.paths
        );
    }
    text
}

/// Text cut to some characters, with a mark where it was.
pub(crate) fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => {
            let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
            short.push('…');
            short
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_and_encoded() {
        assert_eq!(joined("deploy/", "a.yaml"), "deploy/a.yaml");
        assert_eq!(joined("./deploy", "a.yaml"), "deploy/a.yaml");
        assert_eq!(joined(".", "a.yaml"), "a.yaml");
        assert_eq!(joined("", "stdin"), "stdin");
        assert_eq!(joined("/", "a"), "/a");
        assert_eq!(uri("a b/ü#?.yaml"), "a%20b/%C3%BC%23%3F.yaml");
        assert_eq!(uri("/srv/a.yaml"), "file:///srv/a.yaml");
        assert_eq!(clipped("äbc", 2), "ä…");
        assert_eq!(clipped("äb", 2), "äb");
    }
}
