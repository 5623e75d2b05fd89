//! `literal-credential`: A credential stands as plain text in an environment variable or a ConfigMap, where every reader of the object and the container itself find it.

use crate::context::Ask;
use crate::context::Context;
use crate::context::POD_MAKERS;
use crate::draw;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;
use ringfort_model::credential;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "literal-credential",
    title: "use the credential in the specification",
    zone: Zone::InCluster,
    attack: &["T1552.001", "MS-TA9026"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Delete],
    doc: Doc {
        what: "A credential stands as plain text in an environment variable or a ConfigMap, where every reader of the object and the container itself find it.",
        when: "A literal of a container or a value of a ConfigMap that has the format of a credential, or, for literals, a name that says that it is one. Only the class is kept when objects are read.",
        not: "Placeholders, references to other variables, paths; a reference to a Secret.",
        controls: "A literal that is a credential by its name only is marked as such.",
        cut: "Move the value into a Secret that only its user may read, and renew it.",
        upstream: "Kubernetes documentation: good practices for Secrets",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut pods = false;
    for (at, unit) in context.units.iter().enumerate() {
        for (kind, index, container) in unit.spec.all_containers() {
            for (place_in, variable) in container.env.iter().enumerate() {
                let Some(class) = &variable.credential else { continue };
                pods = true;
                let why = Why::PodField {
                    unit: at as u32,
                    path: Str::from(format!("{}[{index}].env[{place_in}]", kind.field())),
                    value: class.clone(),
                };
                let shown = format!("{}/{}", unit.namespace, unit.name(context.cluster));
                let to = || {
                    let name = format!("{class}/{shown}/{}", variable.name);
                    NodeKey::Outside("account", Str::from(name))
                };
                let mut from: Vec<NodeKey> = context
                    .places(at as u32)
                    .into_iter()
                    .map(|place| NodeKey::Container(at as u32, place, kind, index as u32))
                    .collect();
                let scope = Scope::Namespace(unit.namespace.clone());
                from.push(NodeKey::Power(Power::ReadPodSpecs, scope));
                from.extend(unit.nodes.iter().map(|node| NodeKey::PodSpecs(Some(*node))));
                for from in from {
                    let draft = Draft::new(from, to()).because(why.clone());
                    maker.edge(match class.as_str() {
                        credential::NAMED => draft.weakened(&TECHNIQUE, "known by its name only"),
                        _ => draft,
                    });
                }
            }
        }
    }
    let mut configs = false;
    for config in &context.cluster.config_maps {
        let own = |class: &&Str| !credential::KUBECONFIG.contains(&class.as_str());
        for class in config.credentials.iter().filter(own) {
            configs = true;
            let meta = &config.metadata;
            let why = Why::ObjectField {
                kind: "ConfigMap",
                namespace: meta.namespace.clone(),
                name: meta.name.clone(),
                path: "data".into(),
                value: class.clone(),
            };
            let from = NodeKey::ConfigMap(meta.namespace.clone(), meta.name.clone());
            let to = Str::from(format!("{class}/configmap/{}", meta.full_name()));
            maker.edge(Draft::new(from, NodeKey::Outside("account", to)).because(why));
        }
        configs |= !config.credentials.is_empty();
    }
    if pods {
        readers(context, maker, &["pods", "replicationcontrollers"], Power::ReadPodSpecs);
    }
    if configs {
        readers(context, maker, &["configmaps"], Power::ReadConfigs);
        for config in context.cluster.config_maps.iter().filter(|c| !c.credentials.is_empty()) {
            let meta = &config.metadata;
            let scope = Scope::Namespace(meta.namespace.clone());
            let to = NodeKey::ConfigMap(meta.namespace.clone(), meta.name.clone());
            maker.structure(NodeKey::Power(Power::ReadConfigs, scope), to, []);
        }
    }
}

/// Who reads every object of the kinds in a scope.
fn readers(context: &Context<'_>, maker: &mut Maker<'_>, resources: &[&'static str], power: Power) {
    let none: draw::Named = |_, _, _| Vec::new();
    for &resource in resources {
        let ask = Ask::named(&["get", "list", "watch"], "", resource);
        draw::power(context, maker, &ask, power, none);
    }
    if power == Power::ReadPodSpecs {
        for (group, resource) in POD_MAKERS.into_iter().filter(|(group, _)| !group.is_empty()) {
            let ask = Ask::named(&["get", "list", "watch"], group, resource);
            draw::power(context, maker, &ask, power, none);
        }
    }
}
