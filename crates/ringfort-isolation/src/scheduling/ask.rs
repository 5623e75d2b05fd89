//! What a pod asks of its node.

use ringfort_model::record::node::{RuntimeScheduling, Taint};
use ringfort_model::record::pod::Toleration;
use ringfort_model::record::scheduling::{NodeSelector, NodeSelectorTerm};
use ringfort_model::record::{Node, WorkloadKind};
use ringfort_model::{Cluster, List, Map, PodSpec, Str};

use super::affinity::{NAME_FIELD, node_matches};
use super::own_labels::node_may_set;
use super::rules::rules;
use super::taint::{is_transient, tolerated};

/// Who decides about the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// The scheduler.
    Scheduler,
    /// The pod itself, by `nodeName`, or a scheduler of which nothing is known: only the
    /// kubelet can refuse.
    Kubelet,
}

/// What a pod asks of its node, apart from everything that other pods decide.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ask {
    /// Who decides.
    pub by: By,
    /// The node that the pod names.
    pub node_name: Str,
    /// `nodeSelector`, with that of the runtime class.
    pub selector: Map,
    /// Required node affinity.
    pub affinity: Option<NodeSelector>,
    /// Tolerations, with those of the runtime class and of DaemonSets.
    pub tolerations: List<Toleration>,
    /// Labels that a node must have for the pod to be spread by them.
    pub spread_keys: List<Str>,
    /// Topology labels of required anti-affinity, by which pods keep others off.
    pub apart_keys: List<Str>,
    /// `os.name`.
    pub system: Str,
}

impl Ask {
    /// What a pod of that specification asks; `owner` is the kind that made or will make it.
    #[must_use]
    pub fn of(spec: &PodSpec, owner: Option<WorkloadKind>, cluster: &Cluster) -> Self {
        let class = spec.runtime_class_name.as_deref().unwrap_or_default();
        let class = cluster.runtime_classes.get("", class);
        Self::with(spec, owner, class.and_then(|class| class.scheduling.as_ref()))
    }

    fn with(
        spec: &PodSpec,
        owner: Option<WorkloadKind>,
        class: Option<&RuntimeScheduling>,
    ) -> Self {
        let rules = rules();
        let rule = &rules.switches;
        let mut selector: Vec<(Str, Str)> =
            spec.node_selector.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let mut tolerations = spec.tolerations.to_vec();
        if let Some(class) = class {
            let more = class.node_selector.iter();
            let more = more.filter(|_| rule.class_selects);
            selector.extend(more.map(|(key, value)| (key.clone(), value.clone())));
            let more = class.tolerations.iter().filter(|_| rule.class_tolerates);
            tolerations.extend(more.cloned());
        }
        // What the DaemonSet controller adds (`pkg/controller/daemon/util/daemonset_util.go`).
        if owner == Some(WorkloadKind::DaemonSet) && rule.daemons_tolerate {
            let network = ("node.kubernetes.io/network-unavailable", "NoSchedule");
            let on_host = spec.host_network == Some(true) && rule.daemons_on_the_network_tolerate;
            let on_host = on_host.then_some(network);
            tolerations.extend(rules.daemon_tolerations.iter().copied().chain(on_host).map(
                |(key, effect)| Toleration {
                    key: Str::new(key),
                    operator: Str::new("Exists"),
                    effect: Str::new(effect),
                    ..Toleration::default()
                },
            ));
        }
        let own = spec.scheduler_name.as_deref().unwrap_or_default();
        let named = !spec.node_name.is_empty() && rule.name_passes_scheduler;
        let foreign = !rules.schedulers.contains(&own) && rule.other_scheduler_passes;
        let affinity = spec.affinity.as_ref().and_then(|all| all.node_affinity.as_ref());
        let spread = spec.topology_spread_constraints.iter();
        Self {
            by: if named || foreign { By::Kubelet } else { By::Scheduler },
            node_name: spec.node_name.clone(),
            selector: selector.into_iter().collect(),
            affinity: affinity.and_then(|affinity| affinity.required.clone()),
            tolerations: tolerations.into(),
            spread_keys: spread
                .filter(|one| {
                    one.when_unsatisfiable != "ScheduleAnyway" || !rule.spreading_may_be_ignored
                })
                .map(|one| one.topology_key.clone())
                .collect(),
            apart_keys: spec
                .affinity
                .iter()
                .flat_map(|all| all.pod_anti_affinity.iter())
                .flat_map(|anti| anti.required.iter())
                .map(|term| term.topology_key.clone())
                .collect(),
            system: spec.os.as_ref().map(|os| os.name.clone()).unwrap_or_default(),
        }
    }

    /// Whether the pod can be placed on the node. Taints that are only signs of a condition
    /// are passed over: they keep a pod off today and not tomorrow.
    #[must_use]
    pub fn fits(&self, node: &Node) -> bool {
        let meta = &node.metadata;
        let spec = node.spec.as_ref();
        let taints = spec.map_or(&[][..], |spec| &spec.taints);
        let rule = &rules().switches;
        let another = !self.node_name.is_empty() && self.node_name != meta.name;
        if another && rule.name_is_the_only_node {
            return false;
        }
        let keeps_off = |taint: &&Taint| {
            let counts = match (self.by, taint.effect.as_str()) {
                (By::Kubelet, "NoExecute") => rule.kubelet_evicts,
                (By::Scheduler, "NoExecute" | "NoSchedule") => rule.scheduler_keeps_off,
                (By::Scheduler, "PreferNoSchedule") => rule.preference_keeps_off,
                _ => false,
            };
            counts && !is_transient(taint)
        };
        taints.iter().filter(keeps_off).all(|taint| tolerated(&self.tolerations, taint))
            && node_matches(&self.selector, self.affinity.as_ref(), &meta.name, &meta.labels)
            && (self.by == By::Kubelet
                || !rule.spreading_needs_label
                || self.spread_keys.iter().all(|key| meta.labels.get(key).is_some()))
            && (self.system.is_empty()
                || !rule.systems_do_not_mix
                || (self.system == "windows") == node.is_windows())
    }

    /// Whether the pod itself narrows the nodes that it runs on.
    #[must_use]
    pub fn selects_nodes(&self) -> bool {
        !self.selector.is_empty() || self.affinity.is_some() || !self.node_name.is_empty()
    }

    /// What is left of the ask where the node gives itself whatever labels it may: what asks for
    /// such a label keeps the pod from no node. A term all of whose requirements are of that
    /// sort is satisfied everywhere.
    #[must_use]
    pub fn drawn(&self) -> Self {
        let kept = |key: &Str| !node_may_set(key);
        let mut everywhere = false;
        let affinity = self.affinity.as_ref().map(|affinity| {
            let terms = affinity.node_selector_terms.iter().map(|term| {
                let needs = term.match_expressions.iter().filter(|need| kept(&need.key));
                let left: List<_> = needs.cloned().collect();
                everywhere |= left.is_empty()
                    && term.match_fields.is_empty()
                    && !term.match_expressions.is_empty();
                NodeSelectorTerm {
                    match_expressions: left,
                    match_fields: term.match_fields.clone(),
                }
            });
            NodeSelector { node_selector_terms: terms.collect() }
        });
        let selector = self.selector.iter().filter(|(key, _)| kept(key));
        Self {
            selector: selector.map(|(key, value)| (key.clone(), value.clone())).collect(),
            affinity: affinity.filter(|_| !everywhere),
            spread_keys: self.spread_keys.iter().filter(|key| kept(key)).cloned().collect(),
            ..self.clone()
        }
    }

    /// Label keys by which nodes are selected, sorted.
    #[must_use]
    pub fn selecting_keys(&self) -> Vec<Str> {
        let terms = self.affinity.iter().flat_map(|one| one.node_selector_terms.iter());
        let needs = terms.flat_map(|term| term.match_expressions.iter());
        let mut keys: Vec<Str> = needs
            .map(|need| need.key.clone())
            .chain(self.selector.iter().map(|(key, _)| key.clone()))
            .collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// The names of the only nodes that can match, where the pod says so: by `nodeName`, or by
    /// a field in every term, as DaemonSets do.
    pub(super) fn pinned(&self) -> Option<Vec<&Str>> {
        if !self.node_name.is_empty() {
            return Some(vec![&self.node_name]);
        }
        let terms = &self.affinity.as_ref()?.node_selector_terms;
        terms
            .iter()
            .map(|term| {
                let by_name = |need: &&ringfort_model::record::SelectorRequirement| {
                    need.key == NAME_FIELD && need.operator == "In" && need.values.len() == 1
                };
                term.match_fields.iter().find(by_name).map(|need| &need.values[0])
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(spec: &str) -> Ask {
        let spec: PodSpec = serde_json::from_str(spec).expect("a specification");
        Ask::of(&spec, None, &Cluster::default())
    }

    fn node(taints: &str) -> Node {
        let json = format!(
            r#"{{"metadata":{{"name":"n","labels":{{"pool":"a"}}}},"spec":{{"taints":{taints}}}}}"#
        );
        serde_json::from_str(&json).expect("a node")
    }

    #[test]
    fn a_named_node_passes_the_scheduler_by() {
        let soft = node(r#"[{"key":"k","effect":"NoSchedule"}]"#);
        let hard = node(r#"[{"key":"k","effect":"NoExecute"}]"#);
        let mild = node(r#"[{"key":"k","effect":"PreferNoSchedule"}]"#);
        for (spec, want) in [
            ("{}", [false, false, true]),
            (r#"{"nodeName":"n"}"#, [true, false, true]),
            (r#"{"nodeName":"m"}"#, [false, false, false]),
            (r#"{"nodeName":"n","nodeSelector":{"pool":"b"}}"#, [false, false, false]),
            (r#"{"schedulerName":"other"}"#, [true, false, true]),
            (r#"{"schedulerName":"default-scheduler"}"#, [false, false, true]),
            (r#"{"tolerations":[{"key":"k","operator":"Exists"}]}"#, [true, true, true]),
        ] {
            let ask = ask(spec);
            assert_eq!([ask.fits(&soft), ask.fits(&hard), ask.fits(&mild)], want, "{spec}");
        }
    }

    #[test]
    fn conditions_are_no_boundary() {
        let busy = node(
            r#"[{"key":"node.kubernetes.io/unschedulable","effect":"NoSchedule"},
                {"key":"node.kubernetes.io/not-ready","effect":"NoExecute"}]"#,
        );
        assert!(ask("{}").fits(&busy));
    }

    #[test]
    fn spreading_needs_the_label_where_it_is_required() {
        let spread = |when: &str| {
            ask(&format!(
                r#"{{"topologySpreadConstraints":[{{"topologyKey":"zone","maxSkew":1,
                    "whenUnsatisfiable":"{when}"}}]}}"#
            ))
        };
        assert!(!spread("DoNotSchedule").fits(&node("[]")));
        assert!(spread("ScheduleAnyway").fits(&node("[]")));
    }

    #[test]
    fn a_node_draws_what_asks_for_labels_of_its_choice() {
        let affinity = |terms: &str| {
            format!(
                r#"{{"affinity":{{"nodeAffinity":{{
                    "requiredDuringSchedulingIgnoredDuringExecution":{{"nodeSelectorTerms":
                    {terms}}}}}}}}}"#
            )
        };
        let need = |key: &str| format!(r#"{{"key":"{key}","operator":"In","values":["x"]}}"#);
        let (own, kept) = (need("team"), need("node-restriction.kubernetes.io/team"));
        for (spec, plain, drawn) in [
            (r#"{"nodeSelector":{"pool":"b"}}"#.to_owned(), false, true),
            (r#"{"nodeSelector":{"node-role.kubernetes.io/b":""}}"#.to_owned(), false, false),
            (affinity(&format!(r#"[{{"matchExpressions":[{own}]}}]"#)), false, true),
            (affinity(&format!(r#"[{{"matchExpressions":[{own},{kept}]}}]"#)), false, false),
            (affinity(&format!(r#"[{{"matchExpressions":[{kept}]}},{{}}]"#)), false, false),
            (
                affinity(&format!(
                    r#"[{{"matchExpressions":[{kept}]}},{{"matchExpressions":[{own}]}}]"#
                )),
                false,
                true,
            ),
            (r#"{"nodeName":"m"}"#.to_owned(), false, false),
            ("{}".to_owned(), true, true),
        ] {
            let ask = ask(&spec);
            let found = (ask.fits(&node("[]")), ask.drawn().fits(&node("[]")));
            assert_eq!(found, (plain, drawn), "{spec}");
        }
    }

    #[test]
    fn systems_do_not_mix() {
        assert!(!ask(r#"{"os":{"name":"windows"}}"#).fits(&node("[]")));
        assert!(ask(r#"{"os":{"name":"linux"}}"#).fits(&node("[]")));
    }
}
