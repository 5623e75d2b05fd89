//! `cargo xtask bench`: seconds and peak memory of a scan, beside the baseline of the same run:
//! one thread, buffered reader, serde_json streaming, each pod read into the compact record
//! and dropped. Before that, seconds of path searches and plans on generated graphs.

use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::gencluster::{Size, manifests, write};

pub(crate) fn run(arguments: &mut dyn Iterator<Item = String>) -> Result<()> {
    let sizes: Vec<usize> = match arguments.next() {
        None => vec![1_000, 10_000, 50_000, 150_000],
        Some(list) => {
            list.split(',').map(str::parse).collect::<Result<_, _>>().context("--sizes")?
        }
    };
    let root = crate::test::root();
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let status = Command::new("cargo")
        .args(["build", "--release", "-p", "ringfort"])
        .current_dir(root)
        .status()?;
    if !status.success() {
        bail!("the program does not build");
    }
    // Searches and plans on generated graphs, as a process of its own; it prints its own rows.
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--release", "-p", "ringfort-graph", "--example", "measure"])
        .current_dir(root)
        .status()?;
    if !status.success() {
        bail!("the graphs cannot be measured");
    }
    // Pods of upstream's fixtures and a cluster of Services.
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--release", "-p", "ringfort-verify", "--example", "measure"])
        .arg("--")
        .arg(crate::test::suites())
        .current_dir(root)
        .status()?;
    if !status.success() {
        bail!("pods and Services cannot be measured");
    }
    println!(
        "{:>8} {:>8} {:>10} {:>10} {:>8} {:>8}  stages",
        "pods", "MB", "baseline s", "scan s", "ratio", "MiB"
    );
    for pods in sizes {
        let folder = target.join(format!("bench/{pods}"));
        if !folder.join("complete.json").is_file() {
            let nodes = (pods / 30).clamp(3, 5_000);
            let size = Size { pods, nodes, policies: pods / 36, seed: 1 };
            write(size, &folder)?;
        }
        let bytes: u64 = std::fs::read_dir(&folder)?
            .flatten()
            .filter_map(|e| e.metadata().ok())
            .map(|m| m.len())
            .sum();
        let own = std::env::current_exe()?;
        let (baseline, _, _) =
            timed(Command::new(own).arg("baseline").arg(folder.join("v1_pods.json")))?;
        let program = target.join("release/ringfort");
        let mut scan = Command::new(program);
        scan.arg("-q").arg("scan").arg(&folder).args(["-f", "json"]).env("RINGFORT_TIMINGS", "1");
        let (seconds, peak, stages) = timed(&mut scan)?;
        println!(
            "{pods:>8} {:>8} {baseline:>10.2} {seconds:>10.2} {:>8.2} {peak:>8}  {}",
            bytes / 1_000_000,
            seconds / baseline,
            stages.trim()
        );
    }
    of_manifests(&target)?;
    reach(&target)
}

/// Findings of a folder of 10,000 manifests.
fn of_manifests(target: &Path) -> Result<()> {
    let folder = target.join("bench/manifests");
    if !folder.is_dir() {
        manifests::write(10_000, &folder)?;
    }
    let mut scan = Command::new(target.join("release/ringfort"));
    scan.arg("-q").arg("scan").arg(&folder).args(["-f", "json"]).env("RINGFORT_TIMINGS", "1");
    let (seconds, peak, stages) = timed(&mut scan)?;
    println!("manifests: 10000 objects: {seconds:.2} s, {peak} MiB  {}", stages.trim());
    Ok(())
}

/// Network classes of 10,000 pods under 10,000 policies, reading included.
fn reach(target: &Path) -> Result<()> {
    let folder = target.join("bench/network");
    if !folder.join("complete.json").is_file() {
        write(Size { pods: 10_000, nodes: 300, policies: 10_000, seed: 1 }, &folder)?;
    }
    let mut reach = Command::new(target.join("release/ringfort"));
    reach.args(["-q", "reach", "internet", "ns/team-0000", "--cluster"]).arg(&folder);
    let (seconds, peak, _) = timed(&mut reach)?;
    println!("reach: 10000 pods, 10000 policies: {seconds:.2} s, {peak} MiB");
    Ok(())
}

/// Seconds, peak resident MiB, and what the child wrote to standard error.
fn timed(command: &mut Command) -> Result<(f64, u64, String)> {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let path = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let status = loop {
        if let Ok(text) = std::fs::read_to_string(&path) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
            peak = peak.max(kib.unwrap_or(0));
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    let seconds = started.elapsed().as_secs_f64();
    let mut text = String::new();
    if let Some(mut error) = child.stderr.take() {
        std::io::Read::read_to_string(&mut error, &mut text)?;
    }
    if !status.success() {
        bail!("the measured program failed: {text}");
    }
    Ok((seconds, peak / 1024, text))
}

/// Reads every pod of a list and drops it.
pub(crate) fn baseline(path: &Path) -> Result<()> {
    let reader = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let interner = ringfort_model::Interner::default();
    let (count, _) =
        ringfort_model::with_interner(interner, || Items.deserialize(&mut deserializer));
    println!("{} pods", count?);
    Ok(())
}

struct Items;

impl<'de> DeserializeSeed<'de> for Items {
    type Value = usize;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Items {
    type Value = usize;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of pods")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<usize, A::Error> {
        let mut count = 0;
        while let Some(key) = map.next_key::<String>()? {
            if key == "items" {
                count = map.next_value_seed(Each)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(count)
    }
}

struct Each;

impl<'de> DeserializeSeed<'de> for Each {
    type Value = usize;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Each {
    type Value = usize;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pods")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<usize, A::Error> {
        let mut count = 0;
        while let Some(pod) = seq.next_element::<ringfort_model::Pod>()? {
            drop(pod);
            count += 1;
        }
        Ok(count)
    }
}
