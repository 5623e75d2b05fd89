//! Services and network policies in proportion to the applications.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::pods::SHAPES;
use super::{List, Rng, Size, meta};

pub(crate) fn write(size: Size, out: &Path) -> Result<()> {
    let mut rng = Rng::new(size.seed, 4);
    let mut services = List::new(out, "", "v1", "services", "Service")?;
    for app in 0..size.apps() {
        let shape = SHAPES[app % SHAPES.len()];
        if matches!(shape, "worker" | "report" | "agent") {
            continue;
        }
        let name = format!("{shape}-{app}");
        let public = shape == "gateway" && rng.one_in(4);
        let kind = if public { "LoadBalancer" } else { "ClusterIP" };
        let mut port = json!({"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"});
        let mut status = json!({});
        if public {
            port["nodePort"] = json!(30_000 + app % 2767);
            status =
                json!({"loadBalancer": {"ingress": [{"ip": format!("198.51.100.{}", app % 250)}]}});
        }
        let namespace = size.namespace_of(app);
        services.item(&json!({"apiVersion": "v1", "kind": "Service", "metadata": meta(&mut rng, &namespace, &name, json!({}), 8),
            "spec": {"type": kind, "selector": {"app.kubernetes.io/name": name}, "ports": [port], "clusterIP": format!("10.96.{}.{}", app / 250 % 250, app % 250)},
            "status": status}))?;
    }
    services.finish()?;
    let mut policies = List::new(
        out,
        "networking.k8s.io",
        "networking.k8s.io/v1",
        "networkpolicies",
        "NetworkPolicy",
    )?;
    for at in 0..size.policies {
        let app = at % size.apps();
        let shape = SHAPES[app % SHAPES.len()];
        let namespace = size.namespace_of(app);
        // Every policy of an application has its own selector; a fifth share a tier.
        let selector = match at % 5 {
            4 => json!({"tier": shape}),
            _ => {
                json!({"app.kubernetes.io/name": format!("{shape}-{app}"), "variant": (at / size.apps()).to_string()})
            }
        };
        let block = format!("10.{}.0.0/16", rng.below(250));
        let except = block.replace(".0.0/16", &format!(".{}.0/24", rng.below(250)));
        policies.item(&json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": meta(&mut rng, &namespace, &format!("policy-{at}"), json!({}), 5),
            "spec": {"podSelector": {"matchLabels": selector}, "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": [{"ipBlock": {"cidr": block, "except": [except]}}, {"podSelector": {}}], "ports": [{"port": 8080, "protocol": "TCP"}]}],
                "egress": [{"to": [{"namespaceSelector": {}}]}]}}))?;
    }
    policies.finish()
}
