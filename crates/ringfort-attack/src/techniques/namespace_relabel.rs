//! `namespace-relabel`: The identity removes the Pod Security label of a namespace in which it may start pods.

use crate::conjunction::Conjunction;
use crate::context::Ask;
use crate::context::{Context, Gate, Held};
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::pod_making::conjoin_making;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_authz::Names;
use ringfort_model::Str;
use ringfort_podsec::EscapeClass;
use std::collections::BTreeSet;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "namespace-relabel",
    title: "lift the namespace's Pod Security label and start a privileged pod",
    zone: Zone::InCluster,
    attack: &["T1562", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Admission],
    doc: Doc {
        what: "The identity removes the Pod Security label of a namespace in which it may start pods.",
        when: "update or patch on namespaces, and create on pods in that namespace.",
        not: "patch on namespaces without create on pods there.",
        controls: "Policies and webhooks whose selector for namespaces does not depend on labels that are lifted with it.",
        cut: "Drop one of the permissions.",
        upstream: "kubernetes/pod-security-admission admission/admission.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let relabel = context.held(&Ask::named(&["update", "patch"], "", "namespaces"));
    let (any, only): (Vec<Held>, Vec<Held>) =
        relabel.into_iter().partition(|held| held.names == Names::Any);
    // A request on a namespace carries its name as name and as namespace.
    let names: BTreeSet<&Str> = only
        .iter()
        .filter_map(|held| match &held.names {
            Names::Only(names) => Some(names),
            Names::Any => None,
        })
        .flatten()
        .filter(|name| context.namespaces.contains(*name))
        .collect();
    let to = NodeKey::EveryNode;
    for (conjunction, by) in conjoin_making(context, &[(&any, None)]) {
        let gate = lifted(context, context.namespaces_in(&conjunction.scope));
        draw(maker, &conjunction, &format!("any{by}"), &to, &gate);
    }
    for name in names {
        let able: Vec<Held> = only.iter().filter(|held| held.names.allow(name)).cloned().collect();
        for (conjunction, by) in conjoin_making(context, &[(&able, Some(name))]) {
            if conjunction.scope.reaches(Some(name)) {
                draw(maker, &conjunction, &format!("{name}{by}"), &to, &lifted(context, [name]));
            }
        }
    }
}

fn draw(maker: &mut Maker<'_>, conjunction: &Conjunction, detail: &str, to: &NodeKey, gate: &Gate) {
    if *gate == Gate::Stopped {
        return;
    }
    maker.conjunction(&TECHNIQUE, conjunction, detail, |at| {
        let draft = Draft::new(at, to.clone());
        match gate {
            Gate::Unverified(control) => draft.unverified(control.clone()),
            Gate::Open | Gate::Stopped => draft,
        }
    });
}

/// What admission still does in any of the namespaces to a pod that takes its node, once the
/// labels are lifted.
fn lifted<'n>(context: &Context<'_>, namespaces: impl IntoIterator<Item = &'n Str>) -> Gate {
    let leaves = [EscapeClass::Privileged, EscapeClass::HostPath, EscapeClass::Capability];
    let mut worst = None;
    for name in namespaces {
        let Some(answer) = context.admission(name) else { return Gate::Open };
        for class in answer.classes.iter().filter(|one| leaves.contains(&one.class)) {
            match Gate::of(&class.relabelled) {
                Gate::Open => return Gate::Open,
                unverified @ Gate::Unverified(_) => worst = Some(unverified),
                Gate::Stopped => worst = worst.or(Some(Gate::Stopped)),
            }
        }
    }
    worst.unwrap_or(Gate::Open)
}
