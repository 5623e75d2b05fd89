//! API versions that a release stops serving, from the Go sources of `k8s.io/api`.
//!
//! `zz_generated.prerelease-lifecycle.go` beside each version's types answers
//! `APILifecycleRemoved` and `APILifecycleReplacement` for each kind; an API server asks the
//! first and leaves out what its own release removes (apiserver
//! `pkg/server/deleted_kinds.go`). The group's name stands in `doc.go`; a group whose folder is
//! its name has none there.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::read::text;
use super::{Rows, Source};

const FILE: &str = "zz_generated.prerelease-lifecycle.go";

/// Kinds that are no objects, by group: bodies of requests and answers, which nobody keeps in a
/// manifest.
const BODIES: [(&str, &str); 7] = [
    ("admission.k8s.io", "AdmissionReview"),
    ("apidiscovery.k8s.io", "APIGroupDiscovery"),
    ("apps", "DeploymentRollback"),
    ("apps", "Scale"),
    ("extensions", "DeploymentRollback"),
    ("extensions", "Scale"),
    ("policy", "Eviction"),
];

/// Reads every version below a folder, `GROUP/VERSION` each.
pub(super) fn read(source: &Source, path: &Path, rows: &mut Rows) -> Result<()> {
    let mut found = false;
    let mut removed: Vec<(String, Removal)> = Vec::new();
    for group in folders(path)? {
        for version in folders(&group)? {
            if !version.join(FILE).is_file() {
                continue;
            }
            found = true;
            let place = version.display().to_string();
            let last = |path: &Path| -> Result<String> {
                let name = path.file_name().and_then(|name| name.to_str());
                name.map(str::to_owned).with_context(|| format!("{place} is no plain path"))
            };
            let name = group_name(&text(&version.join("doc.go"))?).unwrap_or(last(&group)?);
            let api_version = match name.as_str() {
                "" => last(&version)?,
                name => format!("{name}/{}", last(&version)?),
            };
            let go = text(&version.join(FILE))?;
            // Where nothing names a successor, it is the stable version that has the kind.
            let stable = std::fs::read_to_string(group.join("v1/types.go")).unwrap_or_default();
            for one in removals(&go).with_context(|| place.clone())? {
                if BODIES.contains(&(name.as_str(), one.kind.as_str())) {
                    continue;
                }
                let successor = match one.instead.as_str() {
                    "" if stable.contains(&format!("\ntype {} struct", one.kind)) => api_version
                        .rsplit_once('/')
                        .map_or_else(|| "v1".to_owned(), |(name, _)| format!("{name}/v1")),
                    instead => instead.to_owned(),
                };
                removed.push((api_version.clone(), Removal { instead: successor, ..one }));
            }
        }
    }
    for (api_version, one) in &removed {
        let instead = lasting(&removed, &one.kind, &one.instead);
        rows.apis.push(json!({"apiVersion": api_version, "kind": one.kind,
            "removed": format!("{}.{}", one.release.0, one.release.1), "use": instead,
            "source": source.id}));
    }
    match found {
        true => Ok(()),
        false => bail!("no {FILE} below {}", path.display()),
    }
}

/// What takes the place of a version, past those that go themselves.
fn lasting<'r>(removed: &'r [(String, Removal)], kind: &str, instead: &'r str) -> &'r str {
    let mut last = instead;
    for _ in 0..removed.len() {
        let next = removed.iter().find(|(version, one)| version == last && one.kind == kind);
        match next {
            Some((_, one)) if !one.instead.is_empty() => last = &one.instead,
            _ => break,
        }
    }
    last
}

fn folders(path: &Path) -> Result<Vec<PathBuf>> {
    let listing =
        std::fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
    let mut all: Vec<PathBuf> =
        listing.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    all.sort();
    Ok(all)
}

fn group_name(doc: &str) -> Option<String> {
    doc.lines().find_map(|line| line.trim().strip_prefix("// +groupName=")).map(str::to_owned)
}

/// A kind, the release that no longer serves it, and the version that takes its place.
#[derive(Debug, PartialEq, Eq)]
struct Removal {
    kind: String,
    release: (u32, u32),
    instead: String,
}

/// What the methods of a file answer, lists of objects left out.
fn removals(go: &str) -> Result<Vec<Removal>> {
    let mut removed: Vec<Removal> = Vec::new();
    let mut replaced: Vec<(String, String)> = Vec::new();
    let mut lines = go.lines();
    while let Some(line) = lines.next() {
        let Some((kind, method)) =
            line.strip_prefix("func (in *").and_then(|rest| rest.split_once(") "))
        else {
            continue;
        };
        let answer = lines.next().unwrap_or_default().trim();
        let answer = answer.strip_prefix("return ").with_context(|| format!("{line}: {answer}"))?;
        if method.starts_with("APILifecycleRemoved()") {
            let numbers = answer
                .split_once(", ")
                .and_then(|(major, minor)| Some((major.parse().ok()?, minor.trim().parse().ok()?)));
            let release = numbers.with_context(|| format!("{kind}: no release: {answer}"))?;
            let instead = String::new();
            removed.push(Removal { kind: kind.to_owned(), release, instead });
        } else if method.starts_with("APILifecycleReplacement()") {
            let field = |name: &str| {
                let (_, rest) = answer.split_once(&format!("{name}: \""))?;
                rest.split_once('"').map(|(value, _)| value)
            };
            let parts = field("Group").zip(field("Version"));
            let (group, version) = parts.with_context(|| format!("{kind}: {answer}"))?;
            let instead = match group {
                "" => version.to_owned(),
                group => format!("{group}/{version}"),
            };
            replaced.push((kind.to_owned(), instead));
        }
    }
    for one in &mut removed {
        if let Some((_, instead)) = replaced.iter().find(|(kind, _)| *kind == one.kind) {
            one.instead.clone_from(instead);
        }
    }
    // `…List` is a list only where the rest is a kind as well.
    let kinds: Vec<String> = removed.iter().map(|one| one.kind.clone()).collect();
    let is_list =
        |kind: &str| kind.strip_suffix("List").is_some_and(|one| kinds.iter().any(|k| k == one));
    removed.retain(|one| !is_list(&one.kind));
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GO: &str = "package v1beta1\n\
        func (in *CronJob) APILifecycleIntroduced() (major, minor int) {\n\treturn 1, 8\n}\n\
        func (in *CronJob) APILifecycleReplacement() schema.GroupVersionKind {\n\
        \treturn schema.GroupVersionKind{Group: \"batch\", Version: \"v1\", Kind: \"CronJob\"}\n}\n\
        func (in *CronJob) APILifecycleRemoved() (major, minor int) {\n\treturn 1, 25\n}\n\
        func (in *CronJobList) APILifecycleRemoved() (major, minor int) {\n\treturn 1, 25\n}\n\
        func (in *Kept) APILifecycleIntroduced() (major, minor int) {\n\treturn 1, 30\n}\n\
        func (in *Allowlist) APILifecycleRemoved() (major, minor int) {\n\treturn 1, 40\n}\n";

    #[test]
    fn methods_say_which_kinds_go_when_and_what_comes_instead() {
        let of = |kind: &str, minor, instead: &str| Removal {
            kind: kind.into(),
            release: (1, minor),
            instead: instead.into(),
        };
        let found = removals(GO).expect("it is well formed");
        assert_eq!(found, [of("CronJob", 25, "batch/v1"), of("Allowlist", 40, "")]);
        assert!(removals(&GO.replace("return 1, 25", "return next")).is_err());
    }

    #[test]
    fn a_successor_that_goes_itself_is_passed_over() {
        let of = |version: &str, instead: &str| {
            let one = Removal { kind: "K".into(), release: (1, 30), instead: instead.into() };
            (version.to_owned(), one)
        };
        let all = [of("a/v1beta1", "a/v1beta2"), of("a/v1beta2", "a/v1"), of("b/v1", "b/v1")];
        assert_eq!(lasting(&all, "K", "a/v1beta2"), "a/v1");
        assert_eq!(lasting(&all, "L", "a/v1beta2"), "a/v1beta2", "another kind");
        assert_eq!(lasting(&all, "K", "b/v1"), "b/v1", "it ends");
    }

    #[test]
    fn a_group_is_named_in_its_documentation_or_by_its_folder() {
        let folder =
            std::env::temp_dir().join(format!("ringfort-lifecycle-{}", std::process::id()));
        for (place, doc) in
            [("batch/v1beta1", "package v1beta1\n"), ("rbac/v1", "// +groupName=rbac.example\n")]
        {
            std::fs::create_dir_all(folder.join(place)).expect("a folder");
            std::fs::write(folder.join(place).join("doc.go"), doc).expect("a file");
            std::fs::write(folder.join(place).join(FILE), GO).expect("a file");
        }
        let types = "package v1\n\ntype Allowlist struct {\n}\n";
        std::fs::write(folder.join("rbac/v1/types.go"), types).expect("a file");
        let source: Source = serde_json::from_value(json!({"id": "api", "name": "n",
            "format": "lifecycle", "path": "", "url": "", "commit": "", "date": "", "licence": ""}))
        .expect("a source");
        let mut rows = Rows::default();
        read(&source, &folder, &mut rows).expect("it is whole");
        let versions: Vec<_> = rows.apis.iter().map(|row| row["apiVersion"].clone()).collect();
        assert_eq!(
            versions,
            ["batch/v1beta1", "batch/v1beta1", "rbac.example/v1", "rbac.example/v1"]
        );
        assert_eq!(rows.apis[0]["removed"], "1.25");
        // Without a successor that is named, the stable version that has the kind.
        assert_eq!(
            (&rows.apis[1]["use"], &rows.apis[3]["use"]),
            (&json!(""), &json!("rbac.example/v1"))
        );
        assert!(read(&source, &folder.join("batch"), &mut rows).is_err(), "no version below it");
        std::fs::remove_dir_all(folder).expect("it is ours");
    }
}
