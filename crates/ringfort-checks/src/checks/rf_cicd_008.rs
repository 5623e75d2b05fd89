//! RF-CICD-008: source is unauthenticated, unverified or floating.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::custom;
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_model::{Kind, Str};

pub(crate) static CHECK: Check = Check {
    id: "RF-CICD-008",
    title: "Source is unauthenticated, unverified or floating",
    zone: Zone::Initial,
    severity: Severity::Low,
    modifiers: &[Modifier::Path],
    references: &["CKV_K8S_159"],
    reads: &[Kind::CustomResourceDefinition],
    doc: Doc {
        why: "Whoever stands between, or may push, decides what is deployed.",
        fails: "A source of Flux or an Application of Argo CD is fetched without TLS; a Git or OCI source is not verified; or a branch, a range or a tag is followed.",
        not: "A verified source at a commit or digest, fetched with TLS.",
        unknown: "Sources were not all read.",
        fix: "Use TLS, verify signatures, name a commit or digest.",
    },
    judge: Judge::Cluster(judge),
};

const FLUX: [(&str, &str); 4] = [
    ("GitRepository", "gitrepositories"),
    ("OCIRepository", "ocirepositories"),
    ("HelmRepository", "helmrepositories"),
    ("Bucket", "buckets"),
];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    for (kind, plural) in FLUX {
        let group = "source.toolkit.fluxcd.io";
        let all = world.cluster.others.iter();
        for source in all.filter(|one| *one.kind == *kind && one.group() == group) {
            let meta = &source.metadata;
            let verdict = match &source.spec {
                None => Verdict::missing("the specification of the source"),
                Some(spec) => {
                    let spots = flux(kind, spec).into_iter();
                    let spots = spots.map(|(path, value)| {
                        facts::field(kind, &meta.namespace, &meta.name, (path, &value))
                    });
                    Verdict::of(spots.collect())
                }
            };
            out.add(Object::new(kind, &meta.namespace, &meta.name), verdict);
        }
        custom::unread(world, out, group, &format!("{plural}.{group}"));
    }
    let all = world.cluster.others.iter();
    for one in all.filter(|one| *one.kind == *"Application" && one.group() == "argoproj.io") {
        let meta = &one.metadata;
        let sources = one.spec.iter().flat_map(|spec| spec.source.iter().chain(&spec.sources));
        let mut spots = Vec::new();
        let mut add = |path: &str, value: &str| {
            spots.push(facts::field("Application", &meta.namespace, &meta.name, (path, value)));
        };
        for source in sources {
            if source.repo_url.starts_with("http://") {
                add("spec.source.repoURL", "http");
            }
            let revision = source.target_revision.as_str();
            let fixed = match source.chart.is_empty() {
                true => is_commit(revision),
                false => !revision.is_empty() && !revision.contains(['*', '>', '<', '~', '^']),
            };
            if !fixed {
                add(
                    "spec.source.targetRevision",
                    if revision.is_empty() { "HEAD" } else { revision },
                );
            }
        }
        let verdict = match &one.spec {
            None => Verdict::missing("the specification of the Application"),
            Some(_) => Verdict::of(spots),
        };
        out.add(Object::new("Application", &meta.namespace, &meta.name), verdict);
    }
    custom::unread(world, out, "argoproj.io", "applications.argoproj.io");
}

fn is_commit(revision: &str) -> bool {
    matches!(revision.len(), 40 | 64) && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The fields by which a source of Flux is open.
fn flux(
    kind: &str,
    spec: &ringfort_model::record::custom::CustomSpec,
) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if spec.url.starts_with("http://") {
        found.push(("spec.url", "http".to_owned()));
    }
    if spec.insecure == Some(true) {
        found.push(("spec.insecure", "true".to_owned()));
    }
    if !matches!(kind, "GitRepository" | "OCIRepository") {
        return found;
    }
    if spec.verify.is_none() {
        found.push(("spec.verify", "absent".to_owned()));
    }
    let reference = spec.reference.as_ref();
    let fixed = reference.is_some_and(|one| !one.commit.is_empty() || !one.digest.is_empty());
    if !fixed {
        let named = reference.map(|one| [&one.name, &one.semver, &one.tag, &one.branch]);
        let named = named.into_iter().flatten().find(|text| !text.is_empty());
        found.push(("spec.ref", named.map_or("absent", Str::as_str).to_owned()));
    }
    found
}
