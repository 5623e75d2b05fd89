//! Prints seconds for judging upstream's pods and for the exposure of 10,000 Services. `cargo
//! xtask bench` runs it with the suites' folder; nothing is judged here.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use ringfort_model::{Cluster, ClusterBuilder, Object, SourceKind};
use ringfort_network::exposure::Exposure;
use ringfort_verify::podsec::read_fixtures;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1) {
        Some(suites) => pods(&PathBuf::from(suites).join("suites/pss/pss-fixtures.tar.zst"))?,
        None => println!("podsec: skipped, no suites are named"),
    }
    exposure(10_000)
}

fn pods(path: &std::path::Path) -> Result<(), Box<dyn Error>> {
    if !path.exists() {
        println!("podsec: skipped, no {}", path.display());
        return Ok(());
    }
    let pods = read_fixtures(path)?;
    let started = Instant::now();
    let refused = pods.iter().filter(|pod| !pod.judge().is_empty()).count();
    let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
    println!("podsec: {} pods judged, {refused} refused: {milliseconds:.1} ms", pods.len());
    Ok(())
}

fn exposure(services: usize) -> Result<(), Box<dyn Error>> {
    let cluster = cluster(services)?;
    let started = Instant::now();
    let found = Exposure::new(&cluster).listeners.len();
    let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
    println!("exposure: {services} Services, {found} listeners: {milliseconds:.1} ms");
    Ok(())
}

/// Services of every type, each before one pod of its own, on 300 nodes of AWS.
fn cluster(services: usize) -> Result<Cluster, Box<dyn Error>> {
    let mut builder = ClusterBuilder::new(SourceKind::Dump);
    builder.coverage().rest_is_complete = true;
    let mut add = |object: Value| -> Result<(), Box<dyn Error>> {
        builder.add(Object::read(object.to_string().as_bytes())?);
        Ok(())
    };
    for at in 0..300 {
        add(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("n{at}")},
            "spec": {"providerID": format!("aws:///eu-west-1a/i-{at}")},
            "status": {"addresses": [
                {"type": "InternalIP", "address": format!("10.1.{}.{}", at / 250, at % 250)}]}}))?;
    }
    for at in 0..services {
        let (namespace, name) = (format!("team-{:03}", at % 100), format!("app-{at}"));
        let meta = |labels: Value| json!({"namespace": namespace, "name": name, "labels": labels});
        let labels = json!({"app": name});
        add(json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta(labels.clone()),
            "spec": {"nodeName": format!("n{}", at % 300), "containers": [{"name": "main",
                "image": "i", "ports": [{"name": "http", "containerPort": 8080}]}]},
            "status": {"phase": "Running"}}))?;
        let kind = ["ClusterIP", "NodePort", "LoadBalancer"][at % 3];
        let mut service = json!({"apiVersion": "v1", "kind": "Service", "metadata": meta(json!({})),
            "spec": {"type": kind, "selector": labels,
                "ports": [{"port": 80, "targetPort": "http"}]}});
        if kind != "ClusterIP" {
            service["spec"]["ports"][0]["nodePort"] = json!(30000 + at % 2767);
        }
        if kind == "LoadBalancer" {
            let scheme = ["internal", "internet-facing"][at % 2];
            service["metadata"]["annotations"] =
                json!({"service.beta.kubernetes.io/aws-load-balancer-scheme": scheme});
            service["spec"]["loadBalancerSourceRanges"] = json!(["198.51.100.0/24"]);
        }
        add(service)?;
    }
    Ok(builder.freeze())
}
