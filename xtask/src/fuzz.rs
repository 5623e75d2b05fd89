//! Runs the fuzz targets, each for some minutes, from seeds made of the built-in cluster.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

const TARGETS: [&str; 3] = ["objects", "archives", "snapshots"];

pub(crate) fn run(minutes: u64) -> Result<()> {
    let root = crate::test::root();
    let folder = root.join("target/fuzz");
    for target in TARGETS {
        let (seeds, corpus) =
            (folder.join("seeds").join(target), folder.join("corpus").join(target));
        std::fs::create_dir_all(&seeds)?;
        std::fs::create_dir_all(&corpus)?;
        seed(target, &seeds)?;
        let status = Command::new("cargo")
            .args(["+nightly", "fuzz", "run", target])
            .arg(&corpus)
            .arg(&seeds)
            .arg("--")
            .arg(format!("-max_total_time={}", minutes * 60))
            .args(["-max_len=65536", "-rss_limit_mb=2048", "-timeout=20", "-print_final_stats=1"])
            .current_dir(root)
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("CARGO")
            .status()
            .context("cargo fuzz does not start (cargo install cargo-fuzz)")?;
        if !status.success() {
            bail!("{target}: a finding, see fuzz/artifacts/{target}");
        }
    }
    Ok(())
}

fn seed(target: &str, folder: &Path) -> Result<()> {
    let demo = include_str!("../../crates/ringfort/src/demo.yaml");
    let documents: Vec<&str> = demo.split("\n---").collect();
    match target {
        "objects" => {
            for (at, text) in documents.iter().enumerate() {
                std::fs::write(folder.join(format!("{at}.yaml")), text)?;
                for value in ringfort_collect::yaml_values(text)? {
                    std::fs::write(folder.join(format!("{at}.json")), value.to_string())?;
                }
            }
        }
        "archives" => {
            let mut archive = tar_of(&documents);
            std::fs::write(folder.join("demo.tar"), &archive)?;
            archive.truncate(archive.len() / 3);
            std::fs::write(folder.join("short.tar"), &archive)?;
        }
        _ => {
            for (at, text) in documents.iter().enumerate().take(8) {
                let options = ringfort_collect::Options::default();
                let read = ringfort_collect::read_objects(&[("x.yaml", text.as_bytes())], &options);
                let Ok(read) = read else { continue };
                let mut bytes = Vec::new();
                ringfort_model::snapshot::write(&read.cluster, &mut bytes)?;
                std::fs::write(folder.join(format!("{at}.rfs")), bytes)?;
            }
        }
    }
    Ok(())
}

/// A tar of the documents, by the format's own definition: 512-byte blocks.
fn tar_of(documents: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, text) in documents.iter().enumerate() {
        let mut header = [0u8; 512];
        let name = format!("{at}.yaml");
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(format!("{:011o}", text.len()).as_bytes());
        header[136..147].copy_from_slice(b"00000000000");
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].copy_from_slice(b"        ");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(text.as_bytes());
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}
