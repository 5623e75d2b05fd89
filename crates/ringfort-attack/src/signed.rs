//! Whether images must be signed to start (semantics EFF-SIG), by namespace: asked once for each
//! group of namespaces that no control tells apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ringfort_admission::{Admission, Signed};
use ringfort_isolation::{Control, Effect};
use ringfort_model::Str;

use crate::context::Context;
use crate::image::Use;
use crate::image::by_tag;
use crate::maker::Draft;
use crate::node::{NodeKey, Scope};
use crate::technique::Technique;

/// The verdicts of all namespaces.
#[derive(Debug)]
pub(crate) struct Signatures {
    by_namespace: BTreeMap<Str, Arc<Signed>>,
    /// Of every namespace together: the least that one of them has.
    everywhere: Effect,
}

impl Signatures {
    pub(crate) fn of(engine: &Admission<'_>, namespaces: &BTreeSet<Str>) -> Self {
        let by_namespace = engine.signatures(namespaces);
        let effects = by_namespace.values().map(|one| effect(one));
        let least = effects.min_by_key(|effect| strength(effect));
        let everywhere = least.cloned().unwrap_or(Effect::Absent);
        Self { by_namespace, everywhere }
    }

    pub(crate) fn judged(&self, namespace: &str) -> Option<&Control> {
        self.by_namespace.get(namespace).map(|one| &one.judged)
    }

    /// What edges take into account. A list that the source says nothing of is a gap and shown
    /// as one; it marks no edge where nothing else points at a control.
    fn on_edges(&self, namespace: &str) -> &Effect {
        self.by_namespace.get(namespace).map_or(&Effect::Absent, |one| effect(one))
    }

    fn in_scope(&self, scope: &Scope) -> &Effect {
        match scope {
            Scope::Cluster => &self.everywhere,
            Scope::Namespace(name) => self.on_edges(name),
        }
    }
}

fn effect(one: &Signed) -> &Effect {
    if one.unlisted { &Effect::Absent } else { &one.judged.effect }
}

fn strength(effect: &Effect) -> u8 {
    match effect {
        Effect::Absent => 0,
        Effect::PresentNotEffective(_) => 1,
        Effect::Unknown(_) => 2,
        Effect::Effective => 3,
    }
}

/// What is said of an edge that has to pass a verification of signatures.
pub(crate) const SIGNED: &str = "only images with a verified signature start";

/// A step to images of one's choice in a scope, as what verifies them leaves it: harder, since
/// only images with a signature start.
pub(crate) fn weakened(
    context: &Context<'_>,
    technique: &Technique,
    scope: &Scope,
    draft: Draft,
) -> Draft {
    draft.against(technique, context.verified().in_scope(scope), SIGNED)
}

/// Whether the next start of a container takes only what a signature vouches for.
pub(crate) fn of_use(context: &Context<'_>, one: &Use, image: &str) -> Effect {
    let unit = &context.units[one.unit as usize];
    let effect = context.verified().on_edges(&unit.namespace).clone();
    // Admission sees a pod when it is made, not when one of its containers starts again.
    let again = !one.is_made_anew(context) && one.always && by_tag(image);
    match effect {
        Effect::Effective if again => Effect::without(
            "images are verified when pods are made; this one names no digest, and asks for the \
             tag at every start of its container",
        ),
        effect => effect,
    }
}

/// Who must decide what a reference resolves to for a use to run it: whoever holds the name, or
/// where signatures are verified, whoever builds what is signed.
pub(crate) fn source(image: &Str, effect: &Effect) -> NodeKey {
    match effect {
        Effect::Effective => NodeKey::Outside("signed-image", image.clone()),
        _ => NodeKey::Image(image.clone()),
    }
}

/// Whether no use of an image starts without a verified signature.
pub(crate) fn everywhere(context: &Context<'_>, used: &[Use], image: &str) -> bool {
    used.iter().all(|one| of_use(context, one, image).is_effective())
}

impl Context<'_> {
    /// Whether images must be signed, by namespace.
    fn verified(&self) -> &Signatures {
        self.signatures.get_or_init(|| Signatures::of(&self.engine, &self.namespaces))
    }

    /// Whether only images with a verified signature start in a namespace (EFF-SIG).
    #[must_use]
    pub fn signed(&self, namespace: &str) -> Option<&Control> {
        self.verified().judged(namespace)
    }

    /// Whether a policy that validates is asked about some new pods of a namespace, as far as that
    /// is known.
    #[must_use]
    pub fn policies_see_pods(&self, namespace: &Str) -> bool {
        self.engine.policies_see_pods(namespace)
    }

    /// The best policy that is asked about new pods of a namespace (EFF-ADM).
    #[must_use]
    pub fn pod_policy(&self, namespace: &str) -> Option<&Control> {
        let ask = || self.engine.pod_policies(&self.namespaces);
        self.pod_policies.get_or_init(ask).get(namespace).map(AsRef::as_ref)
    }
}
