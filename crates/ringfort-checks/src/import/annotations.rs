//! What objects carry for other tools in their annotations.
//!
//! - kube-linter: `ignore-check.kube-linter.io/NAME: reason`, `kube-linter.io/ignore-all`
//!   (`pkg/ignore/ignore.go`: the object's own, presence counts).
//! - Checkov: keys that begin with `checkov.io/skip` or `bridgecrew.io/skip`, value `ID=reason` or `ID`
//!   (`checkov/kubernetes/kubernetes_utils.py`: of the object, and of a template as its pod).
//! - Polaris: `polaris.fairwinds.com/NAME-exempt: "true"`, `polaris.fairwinds.com/exempt: "true"`
//!   (`pkg/validator/schema.go`: the object's own, in any case).
//! - kube-score: `kube-score/ignore: NAME,NAME` of the object and of its template; what the
//!   template enables the object does not ignore (`scorecard/enabled.go`).
//! - Kubescape: `kubescape.io/ignore`, as label or annotation, until 2024 in its default exceptions.
//!
//! The model keeps annotations of these beginnings (`border.rs` of ringfort-model), up to 1,024
//! bytes each.

use std::collections::BTreeMap;

use ringfort_model::Kind;
use ringfort_model::record::Meta;

use super::ids::Meant;
use super::{Import, Rule, Scope, Tool};
use crate::outcome::Object;

/// A rule that an object carries.
struct Found {
    tool: Tool,
    id: Option<String>,
    reason: String,
    /// Why it means nothing.
    wrong: Option<&'static str>,
}

impl Found {
    fn new(tool: Tool, id: Option<&str>, reason: &str) -> Self {
        Self { tool, id: id.map(str::to_owned), reason: reason.to_owned(), wrong: None }
    }
}

/// Reads every object that nothing manages: what is managed carries what its owner says.
pub(super) fn read(import: &mut Import<'_, '_>) {
    let cluster = import.world.cluster;
    let mut carried: BTreeMap<Object, Vec<Found>> = BTreeMap::new();
    let mut add = |kind: Kind, meta: &Meta, template: Option<&Meta>| {
        let found = of_object(meta, template);
        if !found.is_empty() {
            let object = Object::new(kind.name(), &meta.namespace, &meta.name);
            carried.entry(object).or_default().extend(found);
        }
    };
    cluster.each_meta(&mut |kind, meta| {
        if meta.controller().is_none() && !matches!(kind, Kind::Workload(_)) {
            add(kind, meta, None);
        }
    });
    for workload in &cluster.workloads {
        let template = workload.pod_template().and_then(|template| template.metadata.as_ref());
        if workload.metadata.controller().is_none() {
            add(Kind::Workload(workload.kind), &workload.metadata, template);
        }
    }
    for (object, found) in carried {
        let place = object.to_string();
        for one in found {
            let id = one.id.as_deref();
            if let Some(wrong) = one.wrong {
                import.refuse(one.tool, &place, id.unwrap_or("every check"), wrong);
                continue;
            }
            import.carry(&Rule {
                tool: one.tool,
                place: &place,
                meant: id.map_or(Meant::Every, Meant::Id),
                reason: &one.reason,
                expires: None,
                scope: Scope::Objects(&|known: &Object| *known == object),
            });
        }
    }
}

fn of_object(meta: &Meta, template: Option<&Meta>) -> Vec<Found> {
    let mut out = Vec::new();
    for (key, value) in meta.annotations.iter() {
        if key.as_str() == "kube-linter.io/ignore-all" {
            out.push(Found::new(Tool::KubeLinter, None, value));
        } else if let Some(name) = key.strip_prefix("ignore-check.kube-linter.io/") {
            out.push(Found::new(Tool::KubeLinter, Some(name), value));
        } else if let Some(rest) = key.strip_prefix("polaris.fairwinds.com/") {
            let id = match rest {
                "exempt" => None,
                rest => match rest.strip_suffix("-exempt") {
                    Some(name) => Some(name),
                    None => continue,
                },
            };
            let mut found = Found::new(Tool::Polaris, id, "");
            if !value.eq_ignore_ascii_case("true") {
                found.wrong = Some("its value is not true, so that it exempts from nothing");
            }
            out.push(found);
        }
    }
    let both = std::iter::once(meta).chain(template);
    for meta in both.clone() {
        for (key, value) in meta.annotations.iter() {
            let value: &str = value;
            if key.starts_with("checkov.io/skip") || key.starts_with("bridgecrew.io/skip") {
                let (id, reason) = value.split_once('=').unwrap_or((value, ""));
                out.push(Found::new(Tool::Checkov, Some(id), reason));
            }
        }
    }
    let listed = |meta: &Meta, key: &str| -> Vec<String> {
        let text = meta.annotations.get(key).map_or("", |text| text.as_str());
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    let enabled = template.map_or_else(Vec::new, |one| listed(one, "kube-score/enable"));
    for (at, meta) in both.enumerate() {
        for id in listed(meta, "kube-score/ignore") {
            let mut found = Found::new(Tool::KubeScore, Some(&id), "");
            if at == 0 && enabled.contains(&id) {
                found.wrong = Some("kube-score/enable of the pod template takes it back");
            }
            out.push(found);
        }
    }
    let kubescape = ["true", "yes", "1", "enable", "enabled"];
    let says = [meta.labels.get(KUBESCAPE), meta.annotations.get(KUBESCAPE)];
    if let Some(value) = says.into_iter().flatten().next() {
        let mut found = Found::new(Tool::Kubescape, None, "");
        if !says.into_iter().flatten().any(|value| kubescape.contains(&value.as_str())) {
            found.wrong = Some(match value.as_str() {
                "" => "it has no value",
                _ => "its value is none of true, yes, 1, enable, enabled",
            });
        }
        out.push(found);
    }
    out
}

const KUBESCAPE: &str = "kubescape.io/ignore";
