//! `literal-credential`: A credential stands as plain text in an environment variable, a ConfigMap or an annotation, where every reader of the object finds it, and the container that is given it.

use crate::annotated;
use crate::context::Context;
use crate::context::POD_MAKERS;
use crate::draw;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::credential;
use ringfort_model::record::{Annotated, Container};
use ringfort_model::{Str, VolumeSource};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "literal-credential",
    title: "use the credential in the specification",
    zone: Zone::InCluster,
    attack: &["T1552.001", "MS-TA9027"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Delete],
    doc: Doc {
        what: "A credential stands as plain text in an environment variable, a command line, a ConfigMap or an annotation, where every reader of the object and the container itself find it.",
        when: "A variable or a word of a command line, a value of a ConfigMap or of an annotation (such as the copy of the whole object that kubectl apply leaves there) that has the format of a credential, or that stands under a name that says that it is one. A container finds its literals, the ConfigMaps that it is given, and the annotations that the downward API shows it. Only the class is kept when objects are read.",
        not: "Placeholders, references to other variables, paths; a reference to a Secret; an annotation of a Secret, which shows no more than the Secret.",
        controls: "What is a credential by its name only is marked as such. Where a dump hides a value, the edge is unknown.",
        cut: "Move the value into a Secret that only its user may read, and renew it.",
        upstream: "Kubernetes documentation: good practices for Secrets",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut pods = false;
    for (at, unit) in context.units.iter().enumerate() {
        for (kind, index, container) in unit.spec.all_containers() {
            for (path, class) in container.held() {
                pods = true;
                let why = Why::PodField {
                    unit: at as u32,
                    path: Str::from(format!("{}[{index}].{path}", kind.field())),
                    value: Str::new(class),
                };
                let shown = format!("{}/{}", unit.namespace, unit.name(context.cluster));
                let to = account(class, &format!("{shown}/{}", named(container, &path)));
                let mut from: Vec<NodeKey> = context
                    .places(at as u32)
                    .into_iter()
                    .map(|place| NodeKey::Container(at as u32, place, kind, index as u32))
                    .collect();
                let scope = Scope::Namespace(unit.namespace.clone());
                from.push(NodeKey::Power(Power::ReadPodSpecs, scope));
                from.extend(unit.nodes.iter().map(|node| NodeKey::PodSpecs(Some(*node))));
                for from in from {
                    let draft = Draft::new(from, to.clone()).because(why.clone());
                    maker.edge(sure(class, draft));
                }
            }
        }
        pods |= !unit.credentials.is_empty();
        for one in &unit.credentials {
            // Equal pods have equal annotations: the first shows them, or else the template.
            let first = unit.pods.first().map(|&pod| &context.cluster.pods[pod].metadata.name);
            let shown = unit.name(context.cluster);
            let (kind, name) = match (first, &unit.owner) {
                (None, Some((kind, name))) => (kind.name(), name.clone()),
                (Some(name), _) => ("Pod", name.clone()),
                (None, None) => ("Pod", Str::new(shown)),
            };
            let field = match kind {
                "Pod" => "metadata",
                "CronJob" => "spec.jobTemplate.spec.template.metadata",
                _ => "spec.template.metadata",
            };
            let why = why_of(kind, (&unit.namespace, &name), field, one);
            let rest = format!("{}/{shown}/{}", unit.namespace, one.annotation);
            let scope = Scope::Namespace(unit.namespace.clone());
            let mut from = vec![NodeKey::Power(Power::ReadPodSpecs, scope)];
            from.extend(unit.nodes.iter().map(|node| NodeKey::PodSpecs(Some(*node))));
            for from in from {
                let draft = Draft::new(from, account(&one.class, &rest)).because(why.clone());
                maker.edge(sure(&one.class, draft));
            }
            for (from, shown) in shown_to(context, at as u32, &one.annotation) {
                let draft = Draft::new(from, account(&one.class, &rest)).because(shown);
                maker.edge(sure(&one.class, draft.because(why.clone())));
            }
        }
    }
    annotated::draw(context, maker);
    let mut configs = false;
    for config in &context.cluster.config_maps {
        for (one, (path, class)) in config.credentials.iter().zip(config.held()) {
            // Where a kubeconfig leads is another technique's.
            if credential::KUBECONFIG.contains(&class.as_str()) {
                continue;
            }
            configs = true;
            let meta = &config.metadata;
            let from = NodeKey::ConfigMap(meta.namespace.clone(), meta.name.clone());
            let to = account(class, &format!("configmap/{}/{}", meta.full_name(), one.key));
            let why = Why::ObjectField {
                kind: "ConfigMap",
                namespace: meta.namespace.clone(),
                name: meta.name.clone(),
                path: Str::from(path),
                value: class.clone(),
            };
            maker.edge(sure(class, Draft::new(from, to).because(why)));
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
            maker.structure(NodeKey::Power(Power::ReadConfigs, scope.clone()), to.clone(), []);
            // A pod of one's own mounts it, and so do the containers that it is given to.
            maker.structure(NodeKey::Power(Power::RunPods, scope), to.clone(), []);
            for (from, why) in users(context, &meta.namespace, &meta.name) {
                maker.structure(from, to.clone(), [why]);
            }
        }
    }
}

/// What a literal is called: a variable by its name, another by its place in the container.
fn named<'c>(container: &'c Container, path: &'c str) -> &'c str {
    let variable = path.strip_prefix("env[").and_then(|rest| rest.strip_suffix(']'));
    let variable = variable.and_then(|at| container.env.get(at.parse::<usize>().ok()?));
    variable.map_or(path, |variable| variable.name.as_str())
}

/// Where a credential leads: to the account that it is one of, by its class.
pub(crate) fn account(class: &str, rest: &str) -> NodeKey {
    let name = Str::from(format!("{class}/{rest}"));
    match class {
        _ if credential::CLOUD.contains(&class) => NodeKey::Outside("cloud-principal", name),
        _ if super::secret_kubeconfig::FIXED.contains(&class) => NodeKey::Impact(Impact::Fleet),
        credential::REGISTRY => NodeKey::Outside("registry", name),
        _ => NodeKey::Outside("account", name),
    }
}

/// The edge as sure as the class is.
pub(crate) fn sure(class: &str, draft: Draft) -> Draft {
    match class {
        credential::NAMED => draft.weakened(&TECHNIQUE, "known by its name only"),
        credential::UNREAD => draft.unknown("the value, which the source hides"),
        _ => draft,
    }
}

/// A credential in an annotation below some field of an object.
pub(crate) fn why_of(
    kind: &'static str,
    (namespace, name): (&Str, &Str),
    field: &str,
    one: &Annotated,
) -> Why {
    Why::ObjectField {
        kind,
        namespace: namespace.clone(),
        name: name.clone(),
        path: Str::from(format!("{field}.annotations[{}]", one.annotation)),
        value: one.class.clone(),
    }
}

/// Containers of a unit that the downward API shows an annotation of their pod, as a variable or
/// in a mounted file (`pkg/fieldpath/fieldpath.go`).
fn shown_to(context: &Context<'_>, at: u32, annotation: &str) -> Vec<(NodeKey, Why)> {
    let spec = &context.units[at as usize].spec;
    let mut found = Vec::new();
    for (kind, index, container) in spec.all_containers() {
        let variable = container.env.iter().position(|variable| {
            let field = variable.value_from.as_ref().and_then(|from| from.field_ref.as_ref());
            field.is_some_and(|field| field.shows_annotation(annotation))
        });
        let mount = container.volume_mounts.iter().position(|mount| {
            match spec.volume(&mount.name).and_then(|volume| volume.source.as_ref()) {
                Some(VolumeSource::DownwardApi(source)) => source.shows_annotation(annotation),
                Some(VolumeSource::Projected(projected)) => {
                    let mut sources =
                        projected.sources.iter().filter_map(|s| s.downward_api.as_ref());
                    sources.any(|source| source.shows_annotation(annotation))
                }
                _ => false,
            }
        });
        let field = variable
            .map(|at| format!("env[{at}].valueFrom.fieldRef"))
            .or_else(|| mount.map(|at| format!("volumeMounts[{at}]")));
        let Some(field) = field else { continue };
        for place in context.places(at) {
            let why = Why::PodField {
                unit: at,
                path: Str::from(format!("{}[{index}].{field}", kind.field())),
                value: Str::from(format!("shows the annotation {annotation}")),
            };
            found.push((NodeKey::Container(at, place, kind, index as u32), why));
        }
    }
    found
}

/// Containers that are given a ConfigMap, by a variable or a mounted file.
fn users(context: &Context<'_>, namespace: &str, name: &str) -> Vec<(NodeKey, Why)> {
    let is_it = |reference: Option<&Str>| reference.is_some_and(|own| own == name);
    let mut found = Vec::new();
    for (at, unit) in context.units_in(namespace) {
        for (kind, index, container) in unit.spec.all_containers() {
            let from = container.env_from.iter().position(|source| {
                is_it(source.config_map_ref.as_ref().map(|reference| &reference.name))
            });
            let variable = container.env.iter().position(|variable| {
                let source = variable.value_from.as_ref();
                let source = source.and_then(|source| source.config_map_key_ref.as_ref());
                is_it(source.map(|reference| &reference.name))
            });
            let mount = container.volume_mounts.iter().position(|mount| {
                let source = unit.spec.volume(&mount.name).and_then(|v| v.source.as_ref());
                match source {
                    Some(VolumeSource::ConfigMap(source)) => is_it(Some(&source.name)),
                    Some(VolumeSource::Projected(projected)) => {
                        let mut maps = projected.sources.iter().map(|s| s.config_map.as_ref());
                        maps.any(|source| is_it(source.map(|source| &source.name)))
                    }
                    _ => false,
                }
            });
            let field = from
                .map(|at| format!("envFrom[{at}]"))
                .or_else(|| variable.map(|at| format!("env[{at}]")))
                .or_else(|| mount.map(|at| format!("volumeMounts[{at}]")));
            let Some(field) = field else { continue };
            for place in context.places(at) {
                let why = Why::PodField {
                    unit: at,
                    path: Str::from(format!("{}[{index}].{field}", kind.field())),
                    value: Str::new(name),
                };
                found.push((NodeKey::Container(at, place, kind, index as u32), why));
            }
        }
    }
    found
}

/// Who reads every object of the kinds in a scope.
fn readers(context: &Context<'_>, maker: &mut Maker<'_>, resources: &[&'static str], power: Power) {
    let none = |_: &Context<'_>, _: &Scope, _: &Str| Vec::new();
    for &resource in resources {
        draw::power_of(context, maker, context.reading("", resource, true), power, none);
    }
    if power == Power::ReadPodSpecs {
        for (group, resource) in POD_MAKERS.into_iter().filter(|(group, _)| !group.is_empty()) {
            draw::power_of(context, maker, context.reading(group, resource, true), power, none);
        }
    }
}
