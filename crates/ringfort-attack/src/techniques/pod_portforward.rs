//! `pod-portforward`: The identity forwards ports of a pod, those that listen on its loopback only included.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::maker::Maker;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pod-portforward",
    title: "forward a port of the pod",
    zone: Zone::InCluster,
    attack: &["T1090", "T1021"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity forwards ports of a pod, those that listen on its loopback only included.",
        when: "create on pods/portforward from 1.35; create or get before.",
        not: "get services; NetworkPolicy, which does not stop it.",
        controls: "The application may ask for a login of its own.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes pkg/registry/core/pod/rest/subresources.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let ask = Ask::named(draw::connecting(context), "", "pods/portforward");
    draw::power(context, maker, &ask, Power::ForwardPorts, draw::networks_named);
}
