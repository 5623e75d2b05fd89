//! `crd-conversion`: The identity sets a conversion webhook of its own on a custom resource definition; the API server hands it objects of that kind to be rewritten between versions.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_authz::Names;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "crd-conversion",
    title: "convert custom resources",
    zone: Zone::InCluster,
    attack: &["T1546"],
    difficulty: Difficulty::D3,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity sets a conversion webhook of its own on a custom resource definition; the API server hands it objects of that kind to be rewritten between versions.",
        when: "update or patch on customresourcedefinitions.",
        not: "get on them; a name that no definition has.",
        controls: "",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let ask = Ask::named(&["update", "patch"], "apiextensions.k8s.io", "customresourcedefinitions");
    for one in context.held(&ask.cluster()) {
        let names: Vec<Option<Str>> = match &one.names {
            Names::Any => vec![None],
            Names::Only(names) => names.iter().cloned().map(Some).collect(),
        };
        for name in names {
            let definitions = &context.cluster.custom_resource_definitions;
            if name.as_ref().is_some_and(|name| definitions.find("", name).is_none()) {
                continue;
            }
            let shown = name.clone().unwrap_or_else(|| Str::new("any"));
            let to = NodeKey::Outside("custom-resources", shown);
            maker.edge(Draft::new(one.node(context), to).because(one.why(context, name.as_ref())));
        }
    }
}
