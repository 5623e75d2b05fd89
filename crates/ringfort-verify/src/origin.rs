//! Where a suite comes from, as the tables in the folders' `README.md` say: a suite's row
//! begins with its folder and names repository and commit below `Upstream`; a recording's row
//! begins with its file.

use std::path::Path;

/// `OWNER/REPOSITORY COMMIT` of the suite that a file or folder belongs to, `recorded` for
/// answers recorded from a server, and `unknown` where no table names it.
#[must_use]
pub fn of(path: &Path) -> String {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut below = path.as_path();
    while let Some(folder) = below.parent() {
        let name = below.file_name().map(|name| name.to_string_lossy().into_owned());
        if let Some(name) = name
            && let Ok(text) = std::fs::read_to_string(folder.join("README.md"))
            && let Some(origin) = named(&text, &name)
        {
            return origin;
        }
        below = folder;
    }
    "unknown".to_owned()
}

fn named(readme: &str, name: &str) -> Option<String> {
    let mut upstream = None;
    for line in readme.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let first = cells[0].trim_matches('`');
        // The first row is the head; other cells may begin with that word too.
        if upstream.is_none() {
            upstream = Some(cells.iter().position(|cell| cell.starts_with("Upstream")));
        } else if first.strip_suffix('/') == Some(name) {
            let mut words = cells.get(upstream??)?.split([' ', ',']);
            let (repository, commit) = (words.next()?, words.next()?);
            let is_commit =
                commit.len() >= 7 && commit.bytes().all(|sign| sign.is_ascii_hexdigit());
            return is_commit.then(|| format!("{repository} {commit}"));
        } else if first == name {
            return Some("recorded".to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_stand_below_upstream() {
        let suites = "# Suites\n| Suite | Cases | Upstream, commit, licence |\n|---|---|---|\n\
             | `pss/` | 4 | kubernetes/x 8f84a87c7f61, Apache-2.0 |\n\
             | `odd/` | 4 | its own pages, MIT |\n\
             | `vap/` | Upstream | kubescape/x fc2fb67f3def, MIT |\n\
             | `last/` | 4 | a/b 53da187ac341 (manifests), MIT |\n";
        assert_eq!(named(suites, "pss").as_deref(), Some("kubernetes/x 8f84a87c7f61"));
        assert_eq!(named(suites, "odd"), None);
        assert_eq!(named(suites, "vap").as_deref(), Some("kubescape/x fc2fb67f3def"));
        assert_eq!(named(suites, "last").as_deref(), Some("a/b 53da187ac341"));
        assert_eq!(named(suites, "other"), None);
        let truth = "| file | lines |\n|---|---|\n| rbac.jsonl.zst | 4 |\n";
        assert_eq!(named(truth, "rbac.jsonl.zst").as_deref(), Some("recorded"));
    }
}
