//! `api-proxy-pod-service`: The identity sends requests to a pod or Service through the API server, past every NetworkPolicy.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::maker::Maker;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "api-proxy-pod-service",
    title: "reach the port through the API server",
    zone: Zone::InCluster,
    attack: &["T1090"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity sends requests to a pod or Service through the API server, past every NetworkPolicy.",
        when: "get, create, update, patch or delete on pods/proxy or services/proxy: the HTTP method is the verb.",
        not: "get services; get pods.",
        controls: "The application may ask for a login of its own.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/endpoints/request/requestinfo.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const VERBS: &[&str] = &["get", "create", "update", "patch", "delete"];
    let pods = Ask::named(VERBS, "", "pods/proxy");
    draw::power(context, maker, &pods, Power::ProxyPods, draw::listeners_named);
    let services = Ask::named(VERBS, "", "services/proxy");
    draw::power(context, maker, &services, Power::ProxyServices, draw::backends_named);
}
