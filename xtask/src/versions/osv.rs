//! Advisories in the OSV form: whose they are, and which versions of the product they mean.
//!
//! - A module path with a major version (`…/v2`) says nothing of other majors, so its ranges end
//!   with that major; a path without one ends where the next path begins.
//! - Bounds that are pseudo-versions name no release of a product, and are left out. Where the
//!   Go database has `custom_ranges`, these are the product's own, and a range without an end
//!   beside them is only a stand-in.
//! - A range without an end says that no mended version was known. In an entry that nobody
//!   reviewed that is as often a guess of the import, so such a range is marked.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{Rows, Source};

/// A package, and what it is a part of.
struct Package {
    name: &'static str,
    component: &'static str,
    /// The part of Kubernetes.
    part: Option<&'static str>,
    /// First and first following version of what the path stands for, where it has a major.
    majors: Option<(&'static str, &'static str)>,
}

const fn whole(name: &'static str, component: &'static str) -> Package {
    Package { name, component, part: None, majors: None }
}

const fn part(name: &'static str, part: &'static str) -> Package {
    Package { name, component: "kubernetes", part: Some(part), majors: None }
}

const fn major(
    name: &'static str,
    component: &'static str,
    from: &'static str,
    before: &'static str,
) -> Package {
    Package { name, component, part: None, majors: Some((from, before)) }
}

const PACKAGES: &[Package] = &[
    whole("k8s.io/kubernetes", "kubernetes"),
    part("k8s.io/apiserver", "api-server"),
    part("k8s.io/controller-manager", "controller-manager"),
    part("k8s.io/kube-proxy", "kube-proxy"),
    part("k8s.io/kubelet", "kubelet"),
    part("k8s.io/kubectl", "client"),
    whole("k8s.io/ingress-nginx", "ingress-nginx"),
    whole("github.com/opencontainers/runc", "runc"),
    whole("github.com/cri-o/cri-o", "cri-o"),
    whole("github.com/coredns/coredns", "coredns"),
    whole("github.com/cilium/cilium", "cilium"),
    whole("github.com/flannel-io/flannel", "flannel"),
    whole("antrea.io/antrea", "antrea"),
    whole("istio.io/istio", "istio"),
    whole("github.com/cert-manager/cert-manager", "cert-manager"),
    whole("github.com/jetstack/cert-manager", "cert-manager"),
    whole("github.com/fluxcd/helm-controller", "flux-helm-controller"),
    whole("github.com/fluxcd/helm-controller/api", "flux-helm-controller"),
    whole("github.com/fluxcd/image-automation-controller", "flux-image-automation-controller"),
    whole("github.com/fluxcd/image-automation-controller/api", "flux-image-automation-controller"),
    whole("github.com/fluxcd/image-reflector-controller", "flux-image-reflector-controller"),
    whole("github.com/fluxcd/image-reflector-controller/api", "flux-image-reflector-controller"),
    whole("github.com/fluxcd/kustomize-controller", "flux-kustomize-controller"),
    whole("github.com/fluxcd/kustomize-controller/api", "flux-kustomize-controller"),
    whole("github.com/fluxcd/notification-controller", "flux-notification-controller"),
    whole("github.com/fluxcd/notification-controller/api", "flux-notification-controller"),
    whole("github.com/fluxcd/source-controller", "flux-source-controller"),
    whole("github.com/fluxcd/source-controller/api", "flux-source-controller"),
    major("github.com/argoproj/argo-cd", "argo-cd", "", "2.0.0-0"),
    major("github.com/argoproj/argo-cd/v2", "argo-cd", "2.0.0-0", "3.0.0-0"),
    major("github.com/argoproj/argo-cd/v3", "argo-cd", "3.0.0-0", "4.0.0-0"),
    major("github.com/containerd/containerd", "containerd", "", "2.0.0-0"),
    major("github.com/containerd/containerd/v2", "containerd", "2.0.0-0", "3.0.0-0"),
    major("github.com/projectcalico/calico", "calico", "", "3.0.0-0"),
    major("github.com/projectcalico/calico/v3", "calico", "3.0.0-0", "4.0.0-0"),
    major("go.etcd.io/etcd", "etcd", "", "3.0.0-0"),
    major("go.etcd.io/etcd/v3", "etcd", "3.0.0-0", "4.0.0-0"),
    major("go.etcd.io/etcd/server/v3", "etcd", "3.0.0-0", "4.0.0-0"),
];

/// Reads a folder of entries.
pub(super) fn read(source: &Source, folder: &Path, rows: &mut Rows) -> Result<()> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .collect::<std::io::Result<Vec<_>>>()?;
    let mut files: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "json"));
    files.sort();
    if files.is_empty() {
        bail!("{} holds no entry", folder.display());
    }
    for path in files {
        let entry: Value = serde_json::from_str(&super::text(&path)?)
            .with_context(|| format!("{} is no JSON", path.display()))?;
        entry_rows(source, &entry, rows).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// A row for each id and component of an entry.
fn entry_rows(source: &Source, entry: &Value, rows: &mut Rows) -> Result<()> {
    if !entry["withdrawn"].is_null() {
        return Ok(());
    }
    let own = entry["id"].as_str().context("an entry without id")?;
    let aliases = entry["aliases"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut ids: Vec<&str> = aliases.chain([own]).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut named: Vec<&str> = ids.iter().copied().filter(|id| id.starts_with("CVE-")).collect();
    if named.is_empty() {
        named = ids.iter().copied().filter(|id| id.starts_with("GHSA-")).collect();
    }
    if named.is_empty() {
        named.push(own);
    }
    // A form without a status is published by the project itself.
    let reviewed = entry["database_specific"]["review_status"] != "UNREVIEWED";
    let mut found: Vec<(&Package, Vec<Value>)> = Vec::new();
    for affected in entry["affected"].as_array().into_iter().flatten() {
        let name = affected["package"]["name"].as_str().unwrap_or_default();
        let Some(package) = PACKAGES.iter().find(|package| package.name == name) else { continue };
        let ranges = ranges(affected, package.majors, reviewed)?;
        let same = |one: &&mut (&Package, Vec<Value>)| {
            (one.0.component, one.0.part) == (package.component, package.part)
        };
        match found.iter_mut().find(same) {
            Some((_, known)) => known.extend(ranges),
            None => found.push((package, ranges)),
        }
    }
    for (package, mut ranges) in found {
        ranges.sort_by_key(Value::to_string);
        ranges.dedup();
        for id in &named {
            let others: Vec<&&str> = ids.iter().filter(|one| *one != id).collect();
            let mut row = json!({"id": id, "component": package.component, "source": source.id,
                "url": address(entry)?});
            if !ranges.is_empty() {
                row["ranges"] = json!(ranges);
            }
            if !others.is_empty() {
                row["aliases"] = json!(others);
            }
            if let Some(part) = package.part {
                row["part"] = json!(part);
            }
            rows.advisories.push(row);
        }
    }
    Ok(())
}

/// Where the entry can be read.
fn address(entry: &Value) -> Result<&str> {
    if let Some(url) = entry["database_specific"]["url"].as_str() {
        return Ok(url);
    }
    let references = entry["references"].as_array().into_iter().flatten();
    let mut urls = references.filter_map(|one| one["url"].as_str());
    urls.next().context("an entry without an address")
}

/// The ranges of product versions that a package's ranges mean.
fn ranges(affected: &Value, majors: Option<(&str, &str)>, reviewed: bool) -> Result<Vec<Value>> {
    let plain = pairs(&affected["ranges"])?;
    let custom = pairs(&affected["ecosystem_specific"]["custom_ranges"])?;
    let stand_in = !custom.is_empty();
    let mut found = Vec::new();
    for (from, end) in plain {
        if stand_in && end == End::Open {
            continue;
        }
        found.extend(within(from, end, majors, reviewed));
    }
    for (from, end) in custom {
        found.extend(within(from, end, None, reviewed));
    }
    Ok(found)
}

#[derive(Clone, Copy, PartialEq)]
enum End<'e> {
    Before(&'e str),
    Through(&'e str),
    Open,
}

fn within(from: &str, end: End<'_>, majors: Option<(&str, &str)>, reviewed: bool) -> Option<Value> {
    let (first, next) = majors.unwrap_or_default();
    let from = if matches!(from, "" | "0") { first } else { from };
    let mut range = json!({});
    if !from.is_empty() {
        range["from"] = json!(from);
    }
    match end {
        End::Before(bound) => range["before"] = json!(bound),
        End::Through(bound) => range["through"] = json!(bound),
        End::Open => {
            if !next.is_empty() {
                range["before"] = json!(next);
            }
            if !reviewed {
                range["unconfirmed"] = json!(true);
            }
        }
    }
    let bounds = ["from", "before", "through"];
    let releases = bounds.iter().all(|key| !range[*key].as_str().is_some_and(is_pseudo));
    releases.then_some(range)
}

/// Starts and ends of the ranges of a package.
fn pairs(ranges: &Value) -> Result<Vec<(&str, End<'_>)>> {
    let mut found = Vec::new();
    for range in ranges.as_array().into_iter().flatten() {
        let mut start = None;
        for event in range["events"].as_array().into_iter().flatten() {
            let said = |key: &str| event[key].as_str();
            let end = match (said("introduced"), said("fixed"), said("last_affected")) {
                (Some(from), None, None) => {
                    found.extend(start.replace(from).map(|open| (open, End::Open)));
                    continue;
                }
                (None, Some(bound), None) => End::Before(bound),
                (None, None, Some(bound)) => End::Through(bound),
                _ => bail!("an event that neither begins nor ends a range: {event}"),
            };
            let from = start.take().context("a range ends that did not begin")?;
            found.push((from, end));
        }
        found.extend(start.map(|open| (open, End::Open)));
    }
    Ok(found)
}

/// Whether a version names a commit: it ends in a time of 14 digits and twelve of the hash.
fn is_pseudo(version: &str) -> bool {
    let mut parts = version.rsplit(['-', '.']);
    let (hash, time) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    hash.len() == 12
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        && time.len() == 14
        && time.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(plain: &[(&str, &str)], custom: Value, package: &str, reviewed: bool) -> Value {
        let events: Vec<Value> = plain.iter().map(|(key, bound)| json!({*key: bound})).collect();
        let mut affected = json!({"ranges": [{"events": events}]});
        affected["ecosystem_specific"]["custom_ranges"] = custom;
        let package = PACKAGES.iter().find(|one| one.name == package).expect("it is listed");
        json!(ranges(&affected, package.majors, reviewed).expect("events pair up"))
    }

    #[test]
    fn a_path_with_a_major_says_nothing_of_other_majors() {
        let all = [("introduced", "0")];
        let one = of(&all, json!([]), "github.com/argoproj/argo-cd/v2", true);
        assert_eq!(one, json!([{"from": "2.0.0-0", "before": "3.0.0-0"}]));
        let one = of(&all, json!([]), "github.com/argoproj/argo-cd", false);
        assert_eq!(one, json!([{"before": "2.0.0-0", "unconfirmed": true}]));
        let fixed = [("introduced", "0"), ("fixed", "2.0.4")];
        let one = of(&fixed, json!([]), "github.com/containerd/containerd/v2", false);
        assert_eq!(one, json!([{"from": "2.0.0-0", "before": "2.0.4"}]));
    }

    #[test]
    fn ranges_of_the_product_take_the_place_of_stand_ins() {
        let custom = json!([{"events": [{"introduced": "0"}, {"fixed": "1.11.5"}]}]);
        let one = of(&[("introduced", "0")], custom.clone(), "k8s.io/ingress-nginx", false);
        assert_eq!(one, json!([{"before": "1.11.5"}]));
        let bounded = [("introduced", "1.12.0"), ("fixed", "1.12.1")];
        let one = of(&bounded, custom, "k8s.io/ingress-nginx", false);
        assert_eq!(one, json!([{"from": "1.12.0", "before": "1.12.1"}, {"before": "1.11.5"}]));
    }

    #[test]
    fn commits_are_no_releases() {
        let fixed = [("introduced", "0"), ("fixed", "0.0.0-20260403004500-692e460c342d")];
        assert_eq!(of(&fixed, json!([]), "istio.io/istio", true), json!([]));
        assert!(is_pseudo("0.5.0-alpha.5.0.20190108173120-83c051b701d3"));
        assert!(!is_pseudo("1.4.0-rc.3"));
        let through = [("introduced", "1.0.0"), ("last_affected", "1.2.3")];
        let one = of(&through, json!([]), "istio.io/istio", true);
        assert_eq!(one, json!([{"from": "1.0.0", "through": "1.2.3"}]));
    }
}
