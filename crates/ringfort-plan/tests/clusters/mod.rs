//! Clusters that several tests plan on: the built-in one, those of the suites where they are at
//! hand, and small ones made of objects.

#![allow(dead_code)]

use std::path::PathBuf;

use ringfort_collect::{Options, Source, read, read_objects};
use ringfort_model::{Cluster, KubeVersion};
use serde_json::{Value, json};

/// A complete dump of a 1.36 server with these objects.
pub(crate) fn cluster(objects: &[Value]) -> Cluster {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    objects_of("objects.json", &list)
}

fn objects_of(name: &str, text: &str) -> Cluster {
    let options = Options {
        threads: 1,
        complete: true,
        version: Some(KubeVersion::minor(36)),
        ..Options::default()
    };
    read_objects(&[(name, text.as_bytes())], &options).expect("it reads").cluster
}

/// The built-in cluster.
pub(crate) fn demo() -> Cluster {
    objects_of("demo.yaml", include_str!("../../../ringfort/src/demo.yaml"))
}

/// Each cluster by name: the built-in one, then those of the suites that are there.
pub(crate) fn clusters() -> Vec<(&'static str, Cluster)> {
    let root = std::env::var_os("RINGFORT_SUITES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let mut found = vec![("demo", demo())];
    for (name, path) in [
        ("shop", "clusters/shop.tar.zst"),
        ("kubehound", "suites/kubehound/cluster.tar.zst"),
        ("badpods", "suites/badpods/badpods.tar.zst"),
    ] {
        let path = root.join(path);
        if !path.exists() {
            println!("skipped: no {}", path.display());
            continue;
        }
        let cluster = read(&Source::Path(path), &Options::default()).expect("it reads").cluster;
        found.push((name, cluster));
    }
    found
}
