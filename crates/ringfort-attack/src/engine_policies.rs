//! Policies of engines that may keep a pod out: what whoever takes them away gains. What an engine
//! answers is not worked out, so that a policy which enforces something on pods may be the one that
//! refuses; without it the engine lets everything pass (semantics ADM-07).

use std::collections::{BTreeMap, BTreeSet};

use ringfort_admission::{Control, EngineObject, Verdict};
use ringfort_model::Str;

use crate::choice::LEAVING;
use crate::context::{Ask, Context, Held};
use crate::maker::{Draft, Maker};
use crate::node::{NodeKey, Power, Scope};

/// Ways to take an engine's policy away: group and kind of the policy, and the resource that is
/// written. A constraint of Gatekeeper goes with its template, which bears the name of its kind;
/// constraints themselves are of a resource for each template.
const WAYS: &[(&str, &str, &str, &str)] = &[
    ("kyverno.io", "ClusterPolicy", "kyverno.io", "clusterpolicies"),
    ("kyverno.io", "Policy", "kyverno.io", "policies"),
    ("policies.kyverno.io", "ValidatingPolicy", "policies.kyverno.io", "validatingpolicies"),
    (
        "policies.kyverno.io",
        "NamespacedValidatingPolicy",
        "policies.kyverno.io",
        "namespacedvalidatingpolicies",
    ),
    (
        "policies.kyverno.io",
        "ImageValidatingPolicy",
        "policies.kyverno.io",
        "imagevalidatingpolicies",
    ),
    (
        "policies.kyverno.io",
        "NamespacedImageValidatingPolicy",
        "policies.kyverno.io",
        "namespacedimagevalidatingpolicies",
    ),
    (
        "policies.kubewarden.io",
        "ClusterAdmissionPolicy",
        "policies.kubewarden.io",
        "clusteradmissionpolicies",
    ),
    ("policies.kubewarden.io", "AdmissionPolicy", "policies.kubewarden.io", "admissionpolicies"),
    ("constraints.gatekeeper.sh", "", "constraints.gatekeeper.sh", "*"),
    ("constraints.gatekeeper.sh", "", "templates.gatekeeper.sh", "constrainttemplates"),
];

/// Rules that let somebody take policies away, by their place in [`WAYS`].
fn writers(context: &Context<'_>) -> BTreeMap<usize, Vec<Held>> {
    let all = WAYS.iter().enumerate().map(|(at, (.., group, resource))| {
        let ask = Ask::named(&["delete", "update", "patch"], group, resource);
        (at, context.held_removing(&ask))
    });
    all.filter(|(_, held)| !held.is_empty()).collect()
}

/// Whether a rule lets its holder take every one of the policies away, in that way.
fn takes_all(context: &Context<'_>, way: usize, held: &Held, all: &BTreeSet<EngineObject>) -> bool {
    let (group, kind, _, resource) = WAYS[way];
    all.iter().all(|one| {
        let name = match resource {
            "constrainttemplates" => one.kind.to_ascii_lowercase(),
            _ => one.name.to_string(),
        };
        let namespace = Some(&one.namespace).filter(|name| !name.is_empty());
        one.group == group
            && (kind.is_empty() || one.kind == kind)
            && held.names.allow(&name)
            && match namespace {
                Some(namespace) => held.scope(context).reaches(Some(namespace)),
                None => *held.scope(context) == Scope::Cluster,
            }
    })
}

/// Draws what taking an engine's policies out of the way gives.
pub(crate) fn removed(context: &Context<'_>, maker: &mut Maker<'_>, technique: &'static str) {
    let writers = writers(context);
    if writers.is_empty() {
        return;
    }
    for name in &context.namespaces {
        let Some(answer) = context.admission(name) else { continue };
        let classes = answer.classes.iter().filter(|one| LEAVING.contains(&one.class));
        let mut known = BTreeSet::new();
        for one in classes {
            let Verdict::Unknown(findings) = &one.decision.verdict else { continue };
            let mut policies: BTreeSet<EngineObject> = BTreeSet::new();
            let mut left = None;
            for finding in
                findings.iter().filter(|one| !matches!(one.control, Control::Unlisted(_)))
            {
                match context.engine.engine_policies(&finding.control, name) {
                    Some(found) if !found.is_empty() => policies.extend(found),
                    _ => left = left.or_else(|| Some(finding.to_string())),
                }
            }
            if policies.is_empty() || !known.insert((policies.clone(), left.clone())) {
                continue;
            }
            let shown: Vec<String> =
                policies.iter().map(|one| format!("{}/{}", one.kind, one.name)).collect();
            let text = shown.join(",");
            let gone = NodeKey::Conjunct(technique, Str::from(format!("{text}@{name}")));
            let mut any = false;
            for (way, all) in &writers {
                for held in all.iter().filter(|held| takes_all(context, *way, held, &policies)) {
                    any = true;
                    let first = policies.first().map(|one| &one.name);
                    let draft = Draft::new(held.node(context), gone.clone());
                    let draft = draft.because(held.why(context, first));
                    maker.edge(match &left {
                        Some(control) => draft.unverified(control.clone()),
                        None => draft,
                    });
                }
            }
            if any {
                let all = NodeKey::And(technique, Str::from(format!("{text}|{name}")));
                maker.structure(gone, all.clone(), []);
                let runs = NodeKey::Power(Power::RunPods, Scope::Namespace(name.clone()));
                maker.structure(runs, all.clone(), []);
                maker.structure(all, NodeKey::EveryNode, []);
            }
        }
    }
}
