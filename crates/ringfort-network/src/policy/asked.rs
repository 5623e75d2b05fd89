//! What policies ask about, collected before anything is computed, and where addresses lie.

use ringfort_model::Str;
use rustc_hash::FxHashMap;

use crate::policy::address::AddressSet;
use crate::policy::class::Classes;
use crate::policy::expr::{Expr, Vocabulary};
use crate::policy::rule::{Peer, Policy, Tri};

/// Classes of pods and hosts by the regions of their addresses.
pub(crate) struct Located {
    pub(crate) by_region: Vec<Vec<u32>>,
    /// Classes whose address is not known, pods and hosts.
    pub(crate) nowhere: [Vec<u32>; 2],
}

impl Located {
    pub(crate) fn new(classes: &Classes, regions: usize) -> Self {
        let mut by_region = vec![Vec::new(); regions];
        let mut nowhere = [Vec::new(), Vec::new()];
        let pods = classes.pods.iter().map(|pod| (0, &pod.regions));
        let hosts = classes.hosts.iter().map(|host| (1, &host.regions));
        for (class, (segment, regions)) in pods.chain(hosts).enumerate() {
            match regions {
                None => nowhere[segment].push(class as u32),
                Some(regions) => {
                    for region in regions {
                        by_region[*region as usize].push(class as u32);
                    }
                }
            }
        }
        Self { by_region, nowhere }
    }
}

/// Everything that policies ask about, each once.
pub(crate) struct Asked {
    pub(crate) exprs: Vec<Expr>,
    pub(crate) ids: FxHashMap<Expr, u32>,
    pub(crate) blocks: Vec<AddressSet>,
    pub(crate) block_ids: FxHashMap<AddressSet, u32>,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) node_vocabulary: Vocabulary,
    pub(crate) port_names: Vec<Str>,
    pub(crate) by_address: bool,
}

impl Asked {
    pub(crate) fn new(policies: &[Policy]) -> Self {
        let mut asked = Self {
            exprs: Vec::new(),
            ids: FxHashMap::default(),
            blocks: Vec::new(),
            block_ids: FxHashMap::default(),
            vocabulary: Vocabulary::default(),
            node_vocabulary: Vocabulary::default(),
            port_names: Vec::new(),
            by_address: false,
        };
        // Cuts that questions need though no policy makes them.
        asked.block(&AddressSet::special());
        for metadata in ["169.254.169.254", "fd00:ec2::254"] {
            asked.block(&AddressSet::one(metadata.parse().expect("the table holds addresses")));
        }
        for policy in policies {
            asked.expr(&policy.subject);
            if let Some(hosts) = &policy.hosts {
                asked.node_vocabulary.add(hosts);
            }
            for rule in policy.ingress.rules.iter().chain(&policy.egress.rules) {
                asked.port_names.extend(rule.ports.named.iter().map(|(name, _)| name.clone()));
                for peer in &rule.peers {
                    asked.peer(peer);
                }
            }
        }
        asked.port_names.sort_unstable();
        asked.port_names.dedup();
        for expr in &asked.exprs {
            asked.vocabulary.add(expr);
        }
        asked
    }

    fn peer(&mut self, peer: &Peer) {
        match peer {
            Peer::Pods(expr) => self.expr(expr),
            Peer::Nodes(expr) => self.node_vocabulary.add(expr),
            Peer::Addresses { set, pods, nodes } => {
                self.block(set);
                self.by_address |= *pods != Tri::No || *nodes != Tri::No;
            }
            Peer::Perhaps { .. } | Peer::Any => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        if !self.ids.contains_key(expr) {
            self.ids.insert(expr.clone(), self.exprs.len() as u32);
            self.exprs.push(expr.clone());
        }
    }

    fn block(&mut self, set: &AddressSet) {
        if !self.block_ids.contains_key(set) {
            self.block_ids.insert(set.clone(), self.blocks.len() as u32);
            self.blocks.push(set.clone());
        }
    }
}
