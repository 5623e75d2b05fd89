//! What the parts of the engine share: the cluster, its index, what was found so far, and
//! which listeners stand in front of which pods.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringfort_model::image::{ends, repository};
use ringfort_model::record::{Meta, Service};
use ringfort_model::{Cluster, Kind, Str, Unit};

use super::backend::{Backends, Index};
use super::provider::Provider;
use super::proxy::Proxy;
use super::{Confidence, Exposure, Listener, ListenerKind, Note, ObjectRef, Reach, Verdict};

/// Collects listeners.
pub(super) struct Finder<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) units: &'a [Unit],
    pub(super) index: Index<'a>,
    pub(super) proxy: Proxy,
    /// Providers of the cluster's machines.
    pub(super) providers: BTreeSet<Provider>,
    pub(super) listeners: Vec<Listener>,
    notes: Vec<Note>,
    /// For each unit the widest listener in front of it, by position.
    front: Vec<Option<u32>>,
}

/// A kind and a name as a reference.
pub(super) fn object(kind: &'static str, meta: &Meta) -> ObjectRef {
    ObjectRef { kind, namespace: meta.namespace.clone(), name: meta.name.clone() }
}

/// A verdict that a field shows.
pub(super) fn shown(
    reach: Reach,
    object: &ObjectRef,
    path: impl Into<Str>,
    value: impl Into<Str>,
    reason: impl Into<Str>,
) -> Verdict {
    Verdict {
        reach,
        confidence: Confidence::Shown,
        object: object.clone(),
        path: path.into(),
        value: value.into(),
        reason: reason.into(),
    }
}

/// A verdict by the default that holds where a field is absent.
pub(super) fn assumed(
    reach: Reach,
    object: &ObjectRef,
    path: impl Into<Str>,
    reason: impl Into<Str>,
) -> Verdict {
    let confidence = Confidence::AssumedDefault;
    Verdict { confidence, ..shown(reach, object, path, "absent", reason) }
}

impl<'a> Finder<'a> {
    pub(super) fn new(cluster: &'a Cluster, units: &'a [Unit]) -> Self {
        Self {
            cluster,
            units,
            index: Index::new(cluster, units),
            proxy: Proxy::of(cluster),
            providers: Provider::of_nodes(cluster),
            listeners: Vec::new(),
            notes: Vec::new(),
            front: vec![None; units.len()],
        }
    }

    pub(super) fn finish(self) -> Exposure {
        Exposure { listeners: self.listeners, notes: self.notes }
    }

    /// Notes an object that leads nowhere.
    pub(super) fn idle(&mut self, object: &ObjectRef, path: &str, reason: impl Into<String>) {
        let path = Str::new(path);
        let note = Note { object: object.clone(), path, reason: reason.into(), is_error: false };
        self.notes.push(note);
    }

    /// Notes a field that does not read, and gives the verdict that follows.
    pub(super) fn wrong(
        &mut self,
        object: &ObjectRef,
        path: &str,
        value: &str,
        reason: &str,
    ) -> Verdict {
        self.notes.push(Note {
            object: object.clone(),
            path: Str::new(path),
            reason: format!("{value:?} {reason}"),
            is_error: true,
        });
        shown(Reach::Unknown, object, path, value, reason)
    }

    /// Works out which listeners stand in front of which units: those that open something
    /// beyond the cluster's own network.
    pub(super) fn front(&mut self) {
        for (at, listener) in self.listeners.iter().enumerate() {
            let outer = matches!(
                listener.kind,
                ListenerKind::LoadBalancer
                    | ListenerKind::NodePort
                    | ListenerKind::ExternalIp
                    | ListenerKind::HostPort
                    | ListenerKind::HostNetwork
            );
            if !outer {
                continue;
            }
            for &unit in &listener.backends.units {
                let known = self.front[unit as usize].map(|known| &self.listeners[known as usize]);
                if known.is_none_or(|known| listener.verdict.reach < known.verdict.reach) {
                    self.front[unit as usize] = Some(at as u32);
                }
            }
        }
    }

    /// The reach of what some units serve: that of the widest listener in front of them.
    pub(super) fn reach_of_units(&self, units: &[u32], own: &ObjectRef) -> Verdict {
        let fronts = units.iter().filter_map(|&unit| self.front[unit as usize]);
        let widest = fronts
            .map(|at| &self.listeners[at as usize])
            .min_by(|a, b| (a.verdict.reach, &a.object).cmp(&(b.verdict.reach, &b.object)));
        if let Some(widest) = widest {
            let reason = format!("behind {} of {}", widest.kind.name(), widest.object);
            return Verdict { reason: Str::from(reason), ..widest.verdict.clone() };
        }
        let read = [Kind::Service, Kind::Pod];
        if read.into_iter().all(|kind| self.cluster.coverage.is_complete(kind)) {
            let reason = "nothing outside the cluster leads to its controller";
            return shown(Reach::Internal, own, "spec", "", reason);
        }
        let reason = "what stands in front of its controller was not all read";
        shown(Reach::Unknown, own, "spec", "", reason)
    }

    /// Backends of a Service of that name; noted where there is none.
    pub(super) fn service(
        &mut self,
        from: &ObjectRef,
        path: &str,
        namespace: &str,
        name: &str,
    ) -> Option<(&'a Service, Arc<Backends>)> {
        let Some(service) = self.cluster.services.get(namespace, name) else {
            if self.cluster.coverage.is_complete(Kind::Service) {
                self.idle(from, path, format!("Service {namespace}/{name} does not exist"));
            }
            return None;
        };
        Some((service, self.index.behind(service)))
    }

    /// Units whose image's repository ends so.
    pub(super) fn units_with_image(&self, names: &[&'static str]) -> Vec<u32> {
        let matches = |image: &str| ends(repository(image), names).is_some();
        let runs =
            |unit: &Unit| !unit.latent && unit.spec.containers.iter().any(|c| matches(&c.image));
        let found = self.units.iter().enumerate().filter(|(_, unit)| runs(unit));
        found.map(|(at, _)| at as u32).collect()
    }
}
