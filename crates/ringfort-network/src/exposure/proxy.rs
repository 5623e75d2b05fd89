//! Where node ports listen: kube-proxy's mode and `nodePortAddresses`, as far as its ConfigMap
//! or command line shows them (EXP-03, EXP-06).
//!
//! pkg/proxy/util/nodeport_addresses.go: no value selects every local address in the iptables
//! and IPVS modes and the primary address in the nftables mode; `primary` selects that one.

use std::net::IpAddr;

use ringfort_model::Cluster;
use ringfort_model::record::Node;

use super::address::{self, Cidr};

/// Which addresses of a node the proxy listens on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Listens {
    /// All of them.
    #[default]
    All,
    /// The node's primary address of each family.
    Primary,
    /// Those in the ranges.
    In(Vec<Cidr>),
}

/// The settings that matter here.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxy {
    pub(super) listens: Listens,
    /// Whether external addresses are switched off by the feature gate.
    pub(super) no_external_ips: bool,
}

/// ConfigMaps that hold a KubeProxyConfiguration, and the key.
const CONFIGS: [(&str, &str); 2] = [("kube-proxy", "config.conf"), ("kube-proxy-config", "config")];

impl Proxy {
    pub(super) fn of(cluster: &Cluster) -> Self {
        let (mut mode, mut ranges, mut gates) = (String::new(), Vec::new(), String::new());
        for (name, key) in CONFIGS {
            let config = cluster.config_maps.get("kube-system", name);
            if let Some(text) = config.and_then(|config| config.data.get(key)) {
                read(text, &mut mode, &mut ranges, &mut gates);
            }
        }
        let pods = cluster.pods.in_namespace("kube-system");
        let words = pods.flat_map(|(_, pod)| pod.spec.containers.iter()).find(|container| {
            let words = container.command.iter().chain(container.args.iter());
            container.image.contains("/kube-proxy")
                || words.into_iter().next().is_some_and(|word| word.ends_with("kube-proxy"))
        });
        if let Some(container) = words {
            for word in container.command.iter().chain(container.args.iter()) {
                if let Some(value) = word.strip_prefix("--proxy-mode=") {
                    value.clone_into(&mut mode);
                } else if let Some(value) = word.strip_prefix("--nodeport-addresses=") {
                    ranges = value.split(',').map(str::to_owned).collect();
                } else if let Some(value) = word.strip_prefix("--feature-gates=") {
                    value.replace('=', ":").clone_into(&mut gates);
                }
            }
        }
        ranges.retain(|range| !range.trim().is_empty());
        let listens = match ranges.as_slice() {
            [] if mode == "nftables" => Listens::Primary,
            [] => Listens::All,
            [one] if one.trim() == "primary" => Listens::Primary,
            // What does not read selects nothing less than everything.
            all => match all.iter().map(|text| Cidr::parse(text)).collect() {
                Some(ranges) => Listens::In(ranges),
                None => Listens::All,
            },
        };
        let gates = gates.replace(' ', "");
        Self { listens, no_external_ips: gates.contains("AllowServiceExternalIPs:false") }
    }

    /// The addresses of a node on which node ports listen. An external address is often
    /// translated to the primary one before it reaches the node, so it is kept while any
    /// address of the node is selected.
    pub(super) fn addresses(&self, node: &Node) -> Vec<IpAddr> {
        let all = addresses(node);
        let selected = match &self.listens {
            Listens::All | Listens::Primary => true,
            Listens::In(ranges) => {
                all.iter().any(|&address| ranges.iter().any(|range| range.holds(address)))
            }
        };
        if selected { all } else { Vec::new() }
    }

    /// Words for a verdict, if the settings narrow anything.
    pub(super) fn narrows(&self) -> bool {
        matches!(self.listens, Listens::In(_))
    }
}

/// Addresses of a node, internal and external.
pub(super) fn addresses(node: &Node) -> Vec<IpAddr> {
    let listed = node.addresses("ExternalIP").chain(node.addresses("InternalIP"));
    let mut all: Vec<IpAddr> = listed.filter_map(|text| address::parse(text)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn read(text: &str, mode: &mut String, ranges: &mut Vec<String>, gates: &mut String) {
    let bare = |value: &str| value.trim().trim_matches(['"', '\'']).to_owned();
    let mut inside = false;
    for line in text.lines() {
        if let Some(value) = line.strip_prefix("mode:") {
            *mode = bare(value);
        } else if let Some(value) = line.strip_prefix("nodePortAddresses:") {
            let value = value.trim();
            inside = value.is_empty();
            if !inside && value != "null" {
                let list = value.trim_matches(['[', ']']).split(',');
                ranges.extend(list.map(bare).filter(|item| !item.is_empty()));
            }
        } else if let (true, Some(item)) = (inside, line.trim_start().strip_prefix("- ")) {
            ranges.push(bare(item));
        } else {
            inside = false;
            if line.trim_start().starts_with("AllowServiceExternalIPs") {
                gates.push_str(line.trim());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_from_both_spellings_of_lists() {
        let texts = [
            "mode: \"nftables\"\nnodePortAddresses:\n- 10.0.0.0/8\n- 192.168.0.0/16\nport: 1\n",
            "mode: nftables\nnodePortAddresses: [\"10.0.0.0/8\", 192.168.0.0/16]\n",
        ];
        for text in texts {
            let (mut mode, mut ranges, mut gates) = (String::new(), Vec::new(), String::new());
            read(text, &mut mode, &mut ranges, &mut gates);
            assert_eq!((mode.as_str(), ranges.len()), ("nftables", 2), "{text}");
        }
        let (mut mode, mut ranges, mut gates) = (String::new(), Vec::new(), String::new());
        read("mode: \"\"\nnodePortAddresses: null\n", &mut mode, &mut ranges, &mut gates);
        assert!(mode.is_empty() && ranges.is_empty());
    }
}
