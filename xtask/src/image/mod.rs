//! `cargo xtask image`: the program as a container image, an OCI archive, without a daemon.
//!
//! ```text
//!  static binary ─► layer (a tar with that one file) ─► config ─► manifest ─► index ─► archive
//! ```
//!
//! Nothing but the program is in the image: no shell, no package manager, no certificates (a
//! cluster's own come with its ServiceAccount or kubeconfig). It runs as a user that owns nothing.
//! Times are zero, owners are root and entries are sorted, so that the same binary gives the same
//! digest (OCI image specification 1.1: image-layout.md, manifest.md, config.md).

mod elf;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::test::root;

/// The user and group of the program: the ids that distroless images call nonroot.
const USER: &str = "65532:65532";

const TARGET: &str = "x86_64-unknown-linux-musl";

/// `cargo xtask image [--target TRIPLE] [--binary FILE] [--out FILE]`.
pub(crate) fn run(arguments: &mut dyn Iterator<Item = String>) -> Result<()> {
    let usage = "image [--target TRIPLE] [--binary FILE] [--out FILE]";
    let (mut target, mut binary, mut out) = (TARGET.to_owned(), None, None);
    while let Some(flag) = arguments.next() {
        let value = arguments.next().context(usage)?;
        match flag.as_str() {
            "--target" => target = value,
            "--binary" => binary = Some(PathBuf::from(value)),
            "--out" => out = Some(PathBuf::from(value)),
            _ => bail!("{usage}"),
        }
    }
    let binary = match binary {
        Some(binary) => binary,
        None => build(&target)?,
    };
    let out = out.unwrap_or_else(|| root().join("target/ringfort-image.tar"));
    let bytes =
        std::fs::read(&binary).with_context(|| format!("cannot read {}", binary.display()))?;
    let (archive, digest) = archive(&bytes, env!("CARGO_PKG_VERSION"))
        .with_context(|| format!("no image of {}", binary.display()))?;
    std::fs::write(&out, archive).with_context(|| format!("cannot write {}", out.display()))?;
    println!("{}: sha256:{digest}", out.display());
    Ok(())
}

/// Builds the program as it is released: static, without paths of this machine.
fn build(target: &str) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut flags: Vec<String> = Vec::new();
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    for (from, to) in [(Some(root().to_owned()), "/ringfort"), (home, "/cargo")] {
        if let Some(from) = from {
            flags.push(format!("--remap-path-prefix={}={to}", from.display()));
        }
    }
    flags.extend(["-C", "target-feature=+crt-static"].map(str::to_owned));
    let status = Command::new(cargo)
        .current_dir(root())
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .env("SOURCE_DATE_EPOCH", "0")
        .args(["build", "--locked", "--profile", "dist", "-p", "ringfort", "--target", target])
        .status()
        .context("cargo does not start")?;
    if !status.success() {
        bail!(
            "{target} cannot be built; it needs `rustup target add {target}` and a C compiler for it (musl-tools)"
        );
    }
    let folder =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(folder.join(target).join("dist/ringfort"))
}

/// The archive with an image of a binary, and the digest of its manifest.
fn archive(binary: &[u8], version: &str) -> Result<(Vec<u8>, String)> {
    let architecture = elf::architecture(binary)?;
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut blob = |bytes: Vec<u8>, of_type: &str| -> Value {
        let digest = sha256(&bytes);
        let described = json!({
            "mediaType": of_type, "digest": format!("sha256:{digest}"), "size": bytes.len(),
        });
        files.insert(format!("blobs/sha256/{digest}"), bytes);
        described
    };
    let layer = tar(&BTreeMap::from([("ringfort".to_owned(), (binary.to_vec(), 0o755))]))?;
    let layer = blob(layer, "application/vnd.oci.image.layer.v1.tar");
    let config = json!({
        "created": "1970-01-01T00:00:00Z",
        "architecture": architecture,
        "os": "linux",
        "config": {
            "User": USER,
            "Entrypoint": ["/ringfort"],
            "WorkingDir": "/",
            "Labels": {
                "org.opencontainers.image.title": "ringfort",
                "org.opencontainers.image.version": version,
                "org.opencontainers.image.licenses": "Apache-2.0",
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "cargo xtask image"}],
    });
    let config = blob(serde_json::to_vec(&config)?, "application/vnd.oci.image.config.v1+json");
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [layer],
    });
    let mut manifest =
        blob(serde_json::to_vec(&manifest)?, "application/vnd.oci.image.manifest.v1+json");
    let digest = manifest["digest"].as_str().and_then(|text| text.split(':').nth(1));
    let digest = digest.unwrap_or_default().to_owned();
    manifest["platform"] = json!({"architecture": architecture, "os": "linux"});
    manifest["annotations"] = json!({"org.opencontainers.image.ref.name": version});
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [manifest],
    });
    files.insert("index.json".to_owned(), serde_json::to_vec(&index)?);
    files.insert("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec());
    let files = files.into_iter().map(|(name, bytes)| (name, (bytes, 0o644))).collect();
    Ok((tar(&files)?, digest))
}

/// A tar of files with their modes, in the order of names.
fn tar(files: &BTreeMap<String, (Vec<u8>, u32)>) -> Result<Vec<u8>> {
    let mut out = tar::Builder::new(Vec::new());
    for (name, (bytes, mode)) in files {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(bytes.len() as u64);
        header.set_mode(*mode);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        out.append_data(&mut header, Path::new(name), bytes.as_slice())?;
    }
    Ok(out.into_inner()?)
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
