//! Whether anything enforces network policies (EFF-NP, NP-11). What policies say and whether
//! they have an effect are two questions.
//!
//! The evidence is the DaemonSet of an agent that is known to enforce, with the feature on, and
//! its pod on the node. A definition or an annotation that an agent once left proves nothing
//! and is named where nothing better is known.

use std::collections::BTreeSet;

use ringfort_model::record::{Container, PodSpec, Workload, WorkloadKind};
use ringfort_model::{Cluster, SourceKind, Str, go_bool};

use crate::policy::family::{self, Families, Family};
use crate::policy::rule::Tri;
use crate::policy::rules::rules;
use crate::policy::settings::{Cilium, Setting, agent, argument, version};

/// An agent of a network implementation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// The implementation.
    pub cni: &'static str,
    /// `namespace/name` of its DaemonSet.
    pub daemon_set: Str,
    /// Whether it enforces policies of any kind.
    pub enforces: Tri,
    /// Why.
    pub why: String,
    /// Which kinds it enforces, if it does enforce.
    pub families: Families,
    /// Its version, as far as its image says it.
    pub version: Option<(u32, u32)>,
    /// Nodes that run it; nothing where pods are not known.
    nodes: Option<BTreeSet<Str>>,
}

/// Evidence of enforcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforcement {
    agents: Vec<Agent>,
    hints: Vec<&'static str>,
}

impl Enforcement {
    /// Looks for it.
    #[must_use]
    pub fn new(cluster: &Cluster) -> Self {
        let mut agents = Vec::new();
        for workload in cluster.workloads.iter().filter(|one| one.kind == WorkloadKind::DaemonSet) {
            let spec = workload.pod_template().and_then(|template| template.spec.as_ref());
            let namespace = &workload.metadata.namespace;
            let found = spec.and_then(|spec| recognise(cluster, spec, namespace));
            let Some(Found { cni, enforces, why, families, version }) = found else { continue };
            agents.push(Agent {
                cni,
                daemon_set: Str::from(workload.metadata.full_name()),
                enforces,
                why: why.to_owned(),
                families,
                version,
                nodes: nodes(cluster, workload),
            });
        }
        let mut hints: Vec<&'static str> = Vec::new();
        for (key, _) in cluster.nodes.iter().flat_map(|node| node.metadata.annotations.iter()) {
            let hint = rules().hints.iter().find(|(prefix, _)| key.starts_with(prefix));
            hints.extend(hint.map(|(_, cni)| *cni));
        }
        hints.sort_unstable();
        hints.dedup();
        Self { agents, hints }
    }

    /// The agents that were found, in order.
    #[must_use]
    pub fn agents(&self) -> &[Agent] {
        &self.agents
    }

    /// Whether anything in the cluster enforces policies, and the evidence.
    #[must_use]
    pub fn anywhere(&self) -> (Tri, String) {
        let best = self.agents.iter().max_by_key(|agent| agent.enforces);
        match best {
            Some(agent) => {
                let why = format!("{} ({}): {}", agent.cni, agent.daemon_set, agent.why);
                (agent.enforces, why)
            }
            None if self.hints.is_empty() => {
                (Tri::Unknown, "no agent of a known network implementation is seen".to_owned())
            }
            None => {
                let seen = self.hints.join(", ");
                (Tri::Unknown, format!("only annotations of {seen} on nodes are seen"))
            }
        }
    }

    /// Whether policies have an effect on pods of a node; an empty name means any node.
    #[must_use]
    pub fn on_node(&self, node: &str) -> (Tri, String) {
        let (everywhere, why) = self.anywhere();
        if everywhere != Tri::Yes || node.is_empty() {
            return (everywhere, why);
        }
        let mut enforcing = self.agents.iter().filter(|agent| agent.enforces == Tri::Yes);
        let needed = rules().switches.agent_must_run_on_node;
        if enforcing
            .any(|agent| !needed || agent.nodes.as_ref().is_none_or(|nodes| nodes.contains(node)))
        {
            return (Tri::Yes, why);
        }
        (Tri::Unknown, format!("{why}; no running agent is seen on node {node}"))
    }

    /// Whether policies of a family have an effect where anything enforces policies. Where no
    /// agent is seen they are taken as written.
    #[must_use]
    pub fn of_family(&self, family: Family) -> Tri {
        let enforcing = self.agents.iter().filter(|agent| agent.enforces != Tri::No);
        let mut answers = enforcing.map(|agent| agent.families[family as usize]);
        let first = answers.next().filter(|_| rules().switches.agents_know_kinds);
        let Some(first) = first else { return Tri::Yes };
        // Of two agents both have their say: what only one of them reads is perhaps in effect.
        if answers.all(|other| other == first) { first } else { Tri::Unknown }
    }

    /// Whether the agents that enforce policies are Cilium's, or those that do it for
    /// NetworkPolicy: all, some or none. Nothing where no agent is seen.
    pub(crate) fn by_cilium(&self, network_policy: bool) -> Option<Tri> {
        let kubernetes = Family::Kubernetes as usize;
        let mut reading = self.agents.iter().filter(|agent| {
            let reads = !network_policy || agent.families[kubernetes] != Tri::No;
            agent.enforces != Tri::No && reads
        });
        let is = |agent: &Agent| rules().by_identity.contains(&agent.cni);
        let first = reading.next().map(is)?;
        Some(match (first, reading.all(|other| is(other) == first)) {
            (true, true) => Tri::Yes,
            (false, true) => Tri::No,
            _ => Tri::Unknown,
        })
    }

    /// The version of an implementation, if all of its agents that are seen have one.
    pub(crate) fn version(&self, cni: &str) -> Option<(u32, u32)> {
        let mut agents = self.agents.iter().filter(|agent| agent.cni == cni);
        let first = agents.next()?.version?;
        agents.all(|other| other.version == Some(first)).then_some(first)
    }

    /// Whether an `ipBlock` means pods by their address (NP-06): implementations that look at
    /// packets match any address, Cilium looks at identities.
    #[must_use]
    pub fn blocks_match_pods(&self) -> Tri {
        let mut answers =
            self.agents.iter().filter(|agent| agent.enforces != Tri::No).map(|agent| {
                match agent.cni {
                    cni if rules().by_address.contains(&cni) => Tri::Yes,
                    cni if rules().by_identity.contains(&cni) => Tri::No,
                    _ => Tri::Unknown,
                }
            });
        let first = answers.next().unwrap_or(Tri::Unknown);
        if answers.all(|other| other == first) { first } else { Tri::Unknown }
    }
}

/// What a DaemonSet is found to be.
struct Found {
    cni: &'static str,
    enforces: Tri,
    why: &'static str,
    families: Families,
    version: Option<(u32, u32)>,
}

impl Found {
    fn new(cni: &'static str, enforces: Tri, why: &'static str) -> Self {
        Self { cni, enforces, why, families: family::known(cni), version: None }
    }
}

/// The implementation that a DaemonSet belongs to: those that may be switched off first.
fn recognise(cluster: &Cluster, spec: &PodSpec, namespace: &Str) -> Option<Found> {
    // The image's path without registry, tag and digest: mirrors keep it.
    let switch = &rules().switches;
    if container(spec, "cilium").is_some() {
        let agent = agent(spec)?;
        return Some(cilium(&Cilium::with(cluster, agent, namespace)));
    }
    if let Some(router) = container(spec, "kube-router") {
        let given = argument(router, "--run-firewall").filter(|_| switch.router_may_be_off);
        let (enforces, why) = match given.map(go_bool) {
            None | Some(Some(true)) => (Tri::Yes, ENFORCES),
            Some(Some(false)) => (Tri::No, "runs with --run-firewall=false"),
            Some(None) => (Tri::Unknown, "its --run-firewall does not read"),
        };
        return Some(Found::new("kube-router", enforces, why));
    }
    if container(spec, "amazon-k8s-cni").is_some() {
        let agent = container(spec, "network-policy-agent");
        let on = agent.and_then(|agent| argument(agent, "--enable-network-policy"));
        let (enforces, why) = match on {
            Some(value) if go_bool(value) == Some(true) => (Tri::Yes, "its policy agent is on"),
            _ if !switch.vpc_agent_must_be_on => (Tri::Yes, "it has a policy agent"),
            _ if agent.is_some() => (Tri::No, "its policy agent is off"),
            _ => (Tri::No, "it has no policy agent"),
        };
        return Some(Found::new("VPC CNI", enforces, why));
    }
    let runs = |image: &&str| container(spec, image).is_some();
    let (images, cni, enforces, why) =
        *rules().agents.iter().find(|(images, ..)| images.iter().any(runs))?;
    let mut found = Found::new(cni, enforces, why);
    let own = images.iter().find_map(|image| container(spec, image));
    found.version = own.and_then(|own| version(&own.image));
    match cni {
        "Calico" => found.families = family::calico(spec),
        "kube-network-policies" => found.families = family::kube_network_policies(spec),
        _ => {}
    }
    Some(found)
}

const ENFORCES: &str = "its agent enforces policies";

/// Cilium, by its settings (cilium/cilium `pkg/option/config.go`).
fn cilium(settings: &Cilium<'_>) -> Found {
    let switch = &rules().switches;
    let mut found = Found::new("Cilium", Tri::Yes, ENFORCES);
    found.version = settings.version();
    found.families = family::cilium(settings);
    let mode = settings.get("enable-policy");
    let audits = settings.is_on("policy-audit-mode", false);
    let (enforces, why) = match (&mode, audits) {
        (Setting::To(mode), _) if mode == "never" && switch.cilium_may_be_off => {
            (Tri::No, "enable-policy is never")
        }
        (_, Tri::Yes) if switch.cilium_may_audit => {
            (Tri::No, "policy-audit-mode is on: what policies deny is logged and passes")
        }
        (Setting::Unknown, _) | (_, Tri::Unknown) => (Tri::Unknown, "its settings are not known"),
        _ if found.families.iter().all(|one| *one == Tri::No) => {
            (Tri::No, "it is set to read no policies")
        }
        _ => (Tri::Yes, ENFORCES),
    };
    found.enforces = enforces;
    found.why = why;
    found
}

/// The container whose image ends with a path of that name, or has it as its last part.
pub(crate) fn container<'a>(spec: &'a PodSpec, name: &str) -> Option<&'a Container> {
    spec.containers.iter().find(|container| {
        let image = container.image.split('@').next().unwrap_or_default();
        let (path, last) = image.rsplit_once('/').unwrap_or(("", image));
        let last = last.split(':').next().unwrap_or_default();
        if name.contains('/') {
            return format!("/{path}/{last}").ends_with(&format!("/{name}"));
        }
        last == name || last.starts_with(&format!("{name}-")) || last.ends_with(&format!("-{name}"))
    })
}

/// Nodes with a running pod of a DaemonSet.
fn nodes(cluster: &Cluster, workload: &Workload) -> Option<BTreeSet<Str>> {
    if cluster.source == SourceKind::Manifests {
        return None;
    }
    let meta = &workload.metadata;
    let own = cluster.pods.in_namespace(&meta.namespace).filter(|(_, pod)| {
        let owner = pod.metadata.controller();
        (pod.status.phase == "Running" || rules().switches.agent_in_any_phase)
            && owner.is_some_and(|owner| owner.kind == "DaemonSet" && owner.name == meta.name)
    });
    Some(own.map(|(_, pod)| pod.node_name.clone()).collect())
}

#[cfg(test)]
mod tests {
    use ringfort_model::{ClusterBuilder, Object};

    use super::*;

    fn daemon(name: &str, containers: &str) -> String {
        format!(
            r#"{{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{{"namespace":"kube-system",
            "name":"{name}"}},"spec":{{"template":{{"spec":{{"containers":{containers}}}}}}}}}"#
        )
    }

    fn cluster(source: SourceKind, objects: &[String]) -> Cluster {
        let mut builder = ClusterBuilder::new(source);
        for json in objects {
            builder.add(Object::read(json.as_bytes()).expect("an object"));
        }
        builder.freeze()
    }

    fn judged(containers: &str) -> (Tri, Tri) {
        let found = Enforcement::new(&cluster(SourceKind::Manifests, &[daemon("x", containers)]));
        (found.anywhere().0, found.blocks_match_pods())
    }

    #[test]
    fn agents_are_known_by_their_image_and_settings() {
        let one = |image: &str| judged(&format!(r#"[{{"name":"a","image":"{image}"}}]"#));
        assert_eq!(one("quay.io/calico/node:v3.29.1"), (Tri::Yes, Tri::Yes));
        assert_eq!(one("mirror.example/x/calico/node@sha256:00"), (Tri::Yes, Tri::Yes));
        assert_eq!(one("quay.io/cilium/cilium:v1.16.1"), (Tri::Yes, Tri::No));
        assert_eq!(one("ghcr.io/flannel-io/flannel:v0.26.0").0, Tri::No);
        assert_eq!(
            one("602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon-k8s-cni:v1.19").0,
            Tri::No
        );
        assert_eq!(one("docker.io/kindest/kindnetd:v1").0, Tri::Unknown);
        assert_eq!(one("example.com/some-agent:1"), (Tri::Unknown, Tri::Unknown));
        // Names that look alike.
        assert_eq!(one("example.com/notcalico/nodejs:1").0, Tri::Unknown);
    }

    #[test]
    fn the_feature_must_be_on() {
        let agent = |arguments: &str| {
            judged(&format!(
                r#"[{{"name":"n","image":"x/amazon-k8s-cni:v1"}},
                {{"name":"a","image":"x/aws-network-policy-agent:v1","args":[{arguments}]}}]"#
            ))
            .0
        };
        assert_eq!(agent(r#""--enable-network-policy=true""#), Tri::Yes);
        assert_eq!(agent(r#""--enable-network-policy=false""#), Tri::No);
        let router = |arguments: &str| {
            judged(&format!(r#"[{{"name":"r","image":"x/kube-router","args":[{arguments}]}}]"#)).0
        };
        assert_eq!(router(r#""--run-router=true""#), Tri::Yes);
        assert_eq!(router(r#""--run-firewall=false""#), Tri::No);
    }

    #[test]
    fn an_agent_counts_on_the_nodes_that_run_it() {
        let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"kube-system",
            "name":"c-1","ownerReferences":[{"kind":"DaemonSet","name":"c","controller":true}]},
            "spec":{"nodeName":"one"},"status":{"phase":"Running"}}"#;
        let calico = daemon("c", r#"[{"name":"c","image":"x/calico/node:v3"}]"#);
        let found = Enforcement::new(&cluster(SourceKind::Dump, &[calico, pod.to_owned()]));
        assert_eq!(found.on_node("one").0, Tri::Yes);
        assert_eq!(found.on_node("two").0, Tri::Unknown);
        assert_eq!(found.anywhere().0, Tri::Yes);
    }
}
