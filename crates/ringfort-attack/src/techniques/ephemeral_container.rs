//! `ephemeral-container`: The identity adds a container of its own choice to a running pod.

use std::collections::BTreeMap;

use ringfort_authz::Names;
use ringfort_isolation::Effect;
use ringfort_model::record::Node;
use ringfort_model::{Id, Str};

use crate::context::{Ask, Context, Gate};
use crate::draw;
use crate::escape;
use crate::maker::{Draft, Maker};
use crate::node::{NodeKey, Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::techniques::pod_create_privileged::lets_through;
use crate::why::Why;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "ephemeral-container",
    title: "add an ephemeral container to the pod",
    zone: Zone::InCluster,
    attack: &["T1609", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Pss],
    doc: Doc {
        what: "The identity adds a container of its own choice to a running pod. Where admission lets it be privileged, or hold a capability that reaches the node, it takes the node as well.",
        when: "update or patch on pods/ephemeralcontainers. To the node: admission lets such a container into the pods of the namespace, and neither a user namespace nor a sandbox holds the pod in.",
        not: "The built-in edit role does not hold it. A static pod takes no ephemeral container. The container adds no volume, no path of the node and none of the node's namespaces to the pod.",
        controls: "Pod Security at baseline, which looks at the container when it is added; policies and webhooks that are about updates of pods/ephemeralcontainers, not of pods alone.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding; for the node label the namespace pod-security.kubernetes.io/enforce: baseline.",
        upstream: "kubernetes/kubernetes pkg/registry/core/pod/strategy.go, pkg/apis/core/validation/validation.go: allowedEphemeralContainerFields",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let ask = Ask::named(&["update", "patch"], "", "pods/ephemeralcontainers");
    draw::power(context, maker, &ask, Power::AddContainers, draw::pods_named(Power::AddContainers));
    let held = context.held(&ask);
    for name in &context.namespaces {
        let mut here = held.iter().filter(|one| one.scope(context).reaches(Some(name))).peekable();
        if here.peek().is_none() {
            continue;
        }
        let Some((why, gate)) = admitted(context, name) else { continue };
        let mut whole = false;
        for one in here {
            match &one.names {
                Names::Any => whole = true,
                Names::Only(pods) => {
                    for pod in pods {
                        let because = one.why(context, Some(pod));
                        if let Some((to, found)) = taken_by_name(context, name, pod) {
                            let draft = Draft::new(one.node(context), to);
                            let draft = draft.because(because.clone()).because(why.clone());
                            maker.edge(found.on(draft, &gate));
                        }
                    }
                }
            }
        }
        if whole {
            let from = NodeKey::Power(Power::AddContainers, Scope::Namespace(name.clone()));
            for (to, found) in taken(context, name) {
                let draft = Draft::new(from.clone(), to).because(why.clone());
                maker.edge(found.on(draft, &gate));
            }
        }
    }
}

/// That a namespace lets a container that takes its node into its pods, as a reason, and how sure
/// that is; `None` if it does not.
fn admitted(context: &Context<'_>, name: &Str) -> Option<(Why, Gate)> {
    let all = context.admission(name)?.ephemeral.iter();
    let gates = all.map(|one| (one.shape, Gate::of(&one.decision)));
    let (shape, gate) = gates
        .filter(|(_, gate)| *gate != Gate::Stopped)
        .min_by_key(|(_, gate)| *gate != Gate::Open)?;
    Some((lets_through(context, name, shape), gate))
}

/// A pod on a node, and what may hold it in there.
struct Found {
    unit: u32,
    node: Option<Id<Node>>,
    held: Option<Effect>,
}

impl Found {
    fn on(self, draft: Draft, gate: &Gate) -> Draft {
        let draft = draft.because(Why::RunsOn { unit: self.unit, node: self.node });
        let draft = escape::marked(draft, self.held);
        match gate {
            Gate::Unverified(control) => draft.unverified(control.clone()),
            Gate::Open | Gate::Stopped => draft,
        }
    }

    fn is_sure(&self) -> bool {
        !matches!(self.held, Some(Effect::Unknown(_)))
    }
}

/// Where a pod of a unit leads that runs in a place; nowhere where it takes no container.
fn at(context: &Context<'_>, unit: u32, node: Option<Id<Node>>) -> Option<(NodeKey, Found)> {
    let of = &context.units[unit as usize];
    if of.latent || of.mirror {
        return None;
    }
    let (to, held) = escape::taken_from_inside(context, unit, node)?;
    Some((to, Found { unit, node, held }))
}

/// The nodes of the pods of a namespace: one pod for each, one that nothing holds in if there is.
fn taken(context: &Context<'_>, namespace: &Str) -> BTreeMap<NodeKey, Found> {
    let mut all: BTreeMap<NodeKey, Found> = BTreeMap::new();
    for (unit, of) in context.units_in(namespace) {
        let places: Vec<Option<Id<Node>>> = match of.nodes.is_empty() {
            true => vec![None],
            false => of.nodes.iter().copied().map(Some).collect(),
        };
        for (to, found) in places.into_iter().filter_map(|node| at(context, unit, node)) {
            let better = all.get(&to).is_none_or(|known| !known.is_sure() && found.is_sure());
            if better {
                all.insert(to, found);
            }
        }
    }
    all
}

/// The node of one pod.
fn taken_by_name(context: &Context<'_>, namespace: &Str, pod: &Str) -> Option<(NodeKey, Found)> {
    let id = context.cluster.pods.find(namespace, pod)?;
    let (unit, _) = context.units_in(namespace).find(|(_, unit)| unit.pods.contains(&id))?;
    let node = context.cluster.nodes.find("", &context.cluster.pods[id].node_name);
    at(context, unit, node)
}
