//! Parameter objects of policies (apiserver `pkg/admission/plugin/policy/generic`
//! `policy_dispatcher.go`, CollectParams).
//!
//! Objects that are handed over are used whole. Of objects in the cluster only metadata is
//! known: an expression that does not depend on the rest is decided.

use std::collections::BTreeSet;

use ringfort_model::record::{LabelSelector, Meta, ParamKind, ParamRef};
use ringfort_model::{Cluster, Kind, Listed, Map, Str};
use serde_json::{Value as Json, json};

use crate::cel::{Outcome, Value, from_json, partial};
use crate::matching::{Match, selects};
use crate::request::labels_of;
use crate::resource::ResourceType;
use crate::rules::rules;

/// Parameter objects that are handed over whole.
#[derive(Clone, Copy)]
pub(crate) struct Given<'g> {
    pub(crate) objects: &'g [Json],
    /// Kinds of which there are no others, by group with version and kind; `None` for all.
    pub(crate) complete: Option<&'g BTreeSet<(String, String)>>,
}

impl<'g> Given<'g> {
    /// There are no others.
    pub(crate) fn all(objects: &'g [Json]) -> Self {
        Self { objects, complete: None }
    }

    fn is_all(&self, kind: &ParamKind) -> bool {
        let key = || (kind.api_version.to_string(), kind.kind.to_string());
        self.complete.is_none_or(|kinds| kinds.contains(&key()))
    }
}

/// The parameters of a binding.
#[derive(Debug)]
pub(crate) enum Params {
    /// Evaluate once for each.
    Each(Vec<Outcome>),
    /// The server's configuration error.
    Error(String),
    /// Not known.
    Unknown(String),
}

/// A parameter object that is known.
struct Found {
    namespace: Str,
    name: Str,
    labels: Map,
    value: Value,
}

/// Collects the parameters of a binding for a request in a namespace.
pub(crate) fn collect(
    kind: Option<&ParamKind>,
    reference: Option<&ParamRef>,
    namespace: &str,
    cluster: &Cluster,
    given: Given<'_>,
) -> Params {
    let (Some(kind), Some(reference)) = (kind, reference) else {
        return Params::Each(vec![Ok(Value::Null)]);
    };
    let whole = given.is_all(kind);
    let given: Vec<&Json> = given
        .objects
        .iter()
        .filter(|object| {
            object["kind"] == kind.kind.as_str()
                && object["apiVersion"] == kind.api_version.as_str()
        })
        .collect();
    let resource = ResourceType::of(&kind.api_version, &kind.kind, cluster);
    let namespaced = match &resource {
        Some(resource) => resource.namespaced,
        None if !given.is_empty() => {
            given.iter().any(|one| one["metadata"]["namespace"].is_string())
        }
        None => return undefined(kind, cluster),
    };
    let rule = &rules().switches;
    let scope = match (namespaced, reference.namespace.is_empty()) {
        (false, true) => "",
        (false, false) if !rule.cluster_params_without_namespace => "",
        (false, false) => {
            return Params::Error(
                "paramRef.namespace must not be provided for a cluster-scoped paramKind".to_owned(),
            );
        }
        (true, false) => reference.namespace.as_str(),
        (true, true) if namespace.is_empty() => {
            return Params::Error(
                "a namespaced paramRef cannot be used for a cluster-scoped object".to_owned(),
            );
        }
        (true, true) => namespace,
    };
    let (mut found, complete) = known(kind, resource.as_ref(), cluster, (&given, whole));
    found.retain(|one| one.namespace == scope || !rule.params_of_own_namespace);
    let chosen = match (reference.name.is_empty(), &reference.selector) {
        (false, Some(_)) if rule.name_or_selector => {
            return Params::Error("paramRef has both a name and a selector".to_owned());
        }
        (true, None) => return Params::Error("paramRef has neither name nor selector".to_owned()),
        (false, _) => {
            found.retain(|one| one.name == reference.name);
            if found.is_empty() && !complete {
                return Params::Unknown(format!(
                    "parameter {} {} was not read",
                    kind.kind, reference.name
                ));
            }
            found
        }
        (true, Some(selector)) => match choose(found, selector, complete, kind) {
            Ok(chosen) => chosen,
            Err(unknown) => return unknown,
        },
    };
    let denies = reference.parameter_not_found_action.as_deref() == Some("Deny");
    if chosen.is_empty() && denies && rule.missing_params_may_refuse {
        return Params::Error("no parameters found, and the binding denies without".to_owned());
    }
    Params::Each(chosen.into_iter().map(|one| Ok(one.value)).collect())
}

fn choose(
    found: Vec<Found>,
    selector: &LabelSelector,
    complete: bool,
    kind: &ParamKind,
) -> Result<Vec<Found>, Params> {
    if !complete {
        return Err(Params::Unknown(format!("parameters of kind {} were not all read", kind.kind)));
    }
    let mut chosen = Vec::new();
    for one in found {
        match selects(Some(selector), Some(&one.labels)) {
            Match::Yes => chosen.push(one),
            Match::No => {}
            Match::Unknown(reason) => return Err(Params::Unknown(reason)),
        }
    }
    Ok(chosen)
}

/// A kind that nothing defines: an error of configuration if every definition was read.
fn undefined(kind: &ParamKind, cluster: &Cluster) -> Params {
    let text = format!("paramKind {} {}", kind.api_version, kind.kind);
    match cluster.coverage.is_complete(Kind::CustomResourceDefinition) {
        true => Params::Error(format!("{text} is not known to the server")),
        false => Params::Unknown(format!("{text} is not known")),
    }
}

/// Every object of the kind that is known, and whether those are all.
fn known(
    kind: &ParamKind,
    resource: Option<&ResourceType>,
    cluster: &Cluster,
    (given, whole): (&[&Json], bool),
) -> (Vec<Found>, bool) {
    let mut found: Vec<Found> = given
        .iter()
        .map(|object| {
            let text =
                |field: &str| Str::new(object["metadata"][field].as_str().unwrap_or_default());
            Found {
                namespace: text("namespace"),
                name: text("name"),
                labels: labels_of(object),
                value: from_json(object),
            }
        })
        .collect();
    let mut add = |meta: &Meta| {
        let known = |one: &Found| one.namespace == meta.namespace && one.name == meta.name;
        if !found.iter().any(known) {
            found.push(of_meta(kind, meta));
        }
    };
    let group = kind.api_version.split_once('/').map_or("", |(group, _)| group);
    let listed = match Kind::of(group, &kind.kind) {
        Some(record) => {
            cluster.each_meta(&mut |of, meta| {
                if of == record {
                    add(meta);
                }
            });
            cluster.coverage.of(record)
        }
        None => {
            for other in &cluster.others {
                if other.kind == kind.kind && other.api_version == kind.api_version {
                    add(&other.metadata);
                }
            }
            match resource {
                Some(resource) => {
                    let key = match group {
                        "" => resource.resource.clone(),
                        group => format!("{}.{group}", resource.resource),
                    };
                    cluster.coverage.of_resource(&key)
                }
                None => Listed::Silent,
            }
        }
    };
    let listed = matches!(listed, Listed::Complete | Listed::Absent);
    let complete = listed || (whole && !given.is_empty());
    (found, complete)
}

/// What is known of a parameter object in the cluster.
fn of_meta(kind: &ParamKind, meta: &Meta) -> Found {
    let reason = format!("fields of {} {} are not kept", kind.kind, meta.full_name());
    let metadata = json!({"name": meta.name.as_str(), "namespace": meta.namespace.as_str()});
    let head = json!({"apiVersion": kind.api_version.as_str(), "kind": kind.kind.as_str()});
    let value = match (from_json(&head), from_json(&metadata)) {
        (Value::Map(map), metadata) => {
            let mut entries = (*map.map).clone();
            entries.insert("metadata".into(), partial(metadata, &reason));
            let map = kube_cel::cel::objects::Map { map: std::sync::Arc::new(entries) };
            partial(Value::Map(map), &reason)
        }
        (other, _) => other,
    };
    Found {
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        labels: meta.labels.clone(),
        value,
    }
}
