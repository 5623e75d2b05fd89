//! `cargo xtask gen-cluster`: a dump of a made-up cluster of any size, the same bytes for the
//! same seed. Written as a stream; nothing of the cluster is kept in memory.

mod access;
pub(crate) mod manifests;
mod network;
mod pods;
mod rng;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

pub(crate) use rng::Rng;

/// How large the cluster is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) pods: usize,
    pub(crate) nodes: usize,
    pub(crate) policies: usize,
    pub(crate) seed: u64,
}

impl Size {
    /// Applications: one workload with its account, Service and configuration each.
    pub(crate) fn apps(self) -> usize {
        (self.pods / 12).max(10)
    }

    /// Namespaces, about ten applications each.
    pub(crate) fn namespaces(self) -> usize {
        (self.apps() / 10).max(2)
    }

    /// The namespace of an application.
    pub(crate) fn namespace_of(self, app: usize) -> String {
        format!("team-{:04}", app % self.namespaces())
    }
}

pub(crate) fn run(arguments: &mut dyn Iterator<Item = String>) -> Result<()> {
    let mut size = Size { pods: 1000, nodes: 20, policies: 0, seed: 1 };
    let mut policies = None;
    let mut out: Option<PathBuf> = None;
    while let Some(flag) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--pods" => size.pods = value.parse()?,
            "--nodes" => size.nodes = value.parse::<usize>()?.max(1),
            "--policies" => policies = Some(value.parse()?),
            "--seed" => size.seed = value.parse()?,
            "--out" => out = Some(PathBuf::from(value)),
            _ => bail!("unknown option {flag}"),
        }
    }
    size.policies = policies.unwrap_or(size.apps() / 3);
    let out = out.context("--out DIR is needed")?;
    write(size, &out)
}

/// Writes the dump into a folder.
pub(crate) fn write(size: Size, out: &Path) -> Result<()> {
    std::fs::create_dir_all(out)?;
    std::fs::write(out.join("version.json"), json!({"gitVersion": "v1.36.2"}).to_string())?;
    let complete = json!({"complete": true, "not_listed": ["events", "componentstatuses"]});
    std::fs::write(out.join("complete.json"), complete.to_string())?;
    pods::write(size, out)?;
    access::write(size, out)?;
    network::write(size, out)
}

/// Writes one List, item by item.
pub(crate) struct List {
    out: BufWriter<File>,
    kind: &'static str,
    api_version: &'static str,
    first: bool,
}

impl List {
    pub(crate) fn new(
        folder: &Path,
        group: &str,
        version: &'static str,
        plural: &str,
        kind: &'static str,
    ) -> Result<Self> {
        let name = match group {
            "" => format!("{}_{plural}.json", version.rsplit('/').next().unwrap_or(version)),
            group => {
                format!("{group}_{}_{plural}.json", version.rsplit('/').next().unwrap_or(version))
            }
        };
        let mut out = BufWriter::with_capacity(1 << 20, File::create(folder.join(name))?);
        out.write_all(b"{\"items\":[")?;
        Ok(Self { out, kind, api_version: version, first: true })
    }

    pub(crate) fn item(&mut self, value: &Value) -> Result<()> {
        if !std::mem::take(&mut self.first) {
            self.out.write_all(b",")?;
        }
        serde_json::to_writer(&mut self.out, value)?;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        let (kind, version) = (self.kind, self.api_version);
        write!(
            self.out,
            "],\"kind\":\"{kind}List\",\"apiVersion\":\"{version}\",\"metadata\":{{\"resourceVersion\":\"900000\"}}}}"
        )?;
        self.out.flush()?;
        Ok(())
    }
}

/// Metadata as a server writes it, managedFields included: two managers for each object, with
/// about as many field paths as a live object has.
pub(crate) fn meta(
    rng: &mut Rng,
    namespace: &str,
    name: &str,
    labels: impl Into<Value>,
    paths: usize,
) -> Value {
    let uid = rng.uid();
    let version = rng.below(900_000) + 1;
    let mut fields = serde_json::Map::new();
    for at in 0..paths {
        fields.insert(
            format!("f:field{at}"),
            json!({".": {}, "f:value": {}, format!("k:{{\"name\":\"item-{}\"}}", rng.below(90)): {".": {}, "f:name": {}}}),
        );
    }
    let entry = |manager: &str, fields: Value| {
        json!({"apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": fields},
            "manager": manager, "operation": "Update", "time": "2026-01-02T03:04:05Z"})
    };
    let half = fields.clone().into_iter().take(paths / 3).collect::<serde_json::Map<_, _>>();
    let mut meta = json!({"name": name, "uid": uid, "resourceVersion": version.to_string(),
        "creationTimestamp": "2026-01-02T03:04:05Z", "labels": labels.into(),
        "managedFields": [entry("kube-controller-manager", Value::Object(fields)), entry("kubelet", Value::Object(half))]});
    if !namespace.is_empty() {
        meta["namespace"] = json!(namespace);
    }
    meta
}
