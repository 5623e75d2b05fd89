//! `cargo xtask mutants`: can the tests fail?
//!
//! Builds the tests of the engines once, with the feature by which a test build can be told to
//! use wrong rules, and runs them against every mutant of the rule tables: first the project's
//! own, and only what survives those also the truth suites, where they are at hand. Prints every
//! survivor; one without a reason below fails the run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use ringfort_model::mutation::VARIABLE;
use serde_json::Value;

/// Mutants that may survive, by their beginnings, and why.
const REASONS: &[(&str, &str)] = &[];

/// The fewest mutants that make a run worth its name.
const FEWEST: usize = 40;

/// The seven mistakes that upstream's own fixtures let pass, as the suites' README names them.
/// The project's own tests must kill them.
const NAMED: &[(&str, &str)] = &[
    ("Windows exempt before 1.25", "podsec:Windows exempt at every version"),
    ("container_engine_t always", "podsec:SELinux types/\"container_engine_t\" at every version"),
    ("container_engine_t never", "podsec:SELinux types/\"container_engine_t\" at no version"),
    ("probe hosts before 1.34", "podsec:hostProbesAndHostLifecycle/at every version"),
    ("newest sysctls always", "podsec:sysctls/newest at every version"),
    ("ephemeral containers ignored", "podsec:ephemeralContainers ignored by every check"),
    ("runAsUser before 1.23", "podsec:runAsUser/at every version"),
];

/// The engines with mutants, each with the features that turn its hook on.
const ENGINES: &[&str] = &["authz", "isolation", "podsec"];

/// A test program, and whether it is one of the project's own or needs the truth suites.
struct Test {
    name: String,
    path: PathBuf,
    /// Only tests of that name; empty for all.
    only: &'static str,
}

/// Runs everything, or with `own_only` the project's own tests alone.
pub(crate) fn run(own_only: bool) -> Result<()> {
    let started = Instant::now();
    let mutants = all();
    if mutants.len() < FEWEST {
        bail!("{} mutants; at least {FEWEST} are expected", mutants.len());
    }
    for (what, name) in NAMED {
        if !mutants.iter().any(|known| known == name) {
            bail!("no mutant {name} for the mistake \"{what}\"");
        }
    }
    let (own, suites) = build(own_only)?;
    println!("{} mutants", mutants.len());
    // Against the right rules everything must pass, or a kill means nothing.
    for test in own.values().flatten().chain(suites.values().flatten()) {
        if killed_by(test, None)? {
            bail!("{} fails against the right rules", test.name);
        }
    }
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(String, Option<String>)>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(mutant) = mutants.get(at) else { return Ok(()) };
                        let killer = killer(mutant, &own, &suites)?;
                        let mut all = results.lock().expect("no worker panics");
                        all.push((mutant.clone(), killer));
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().expect("no worker panics")?;
        }
        Ok(())
    })?;
    let mut results = results.into_inner().expect("no worker panics");
    results.sort();
    report(&results, own_only, started)
}

/// The names of all mutants, `ENGINE:NAME`.
fn all() -> Vec<String> {
    let podsec = ringfort_podsec::rules::mutants();
    let authz = ringfort_authz::rules::mutants();
    let isolation = ringfort_isolation::rules::mutants();
    let named = |engine: &str, name: String| format!("{engine}:{name}");
    podsec
        .into_iter()
        .map(|(name, _)| named("podsec", name))
        .chain(authz.into_iter().map(|(name, _)| named("authz", name)))
        .chain(isolation.into_iter().map(|(name, _)| named("isolation", name)))
        .collect()
}

fn engine(mutant: &str) -> &str {
    mutant.split_once(':').map_or("", |(engine, _)| engine)
}

type Tests = BTreeMap<String, Vec<Test>>;

/// Builds the test programs, without those of the suites if so asked, and sorts them by the engine whose mutants they can kill.
fn build(own_only: bool) -> Result<(Tests, Tests)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(crate::test::root());
    command.args(["test", "--no-run", "--message-format", "json"]);
    if !own_only {
        command.args(["-p", "ringfort-verify"]);
    }
    let mut features = Vec::new();
    for engine in ENGINES {
        command.args(["-p", &format!("ringfort-{engine}")]);
        features.push(format!("ringfort-{engine}/mutants"));
    }
    command.args(["--features", &features.join(",")]).stderr(Stdio::inherit());
    let output = command.output().context("cargo does not start")?;
    if !output.status.success() {
        bail!("the tests do not build");
    }
    let (mut own, mut suites) = (Tests::new(), Tests::new());
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        let Some(path) = message["executable"].as_str().map(PathBuf::from) else { continue };
        let target = message["target"]["name"].as_str().unwrap_or_default().to_owned();
        let package = message["package_id"].as_str().unwrap_or_default();
        let add = |tests: &mut Tests, engine: &str, name: String, only: &'static str| {
            let path = path.clone();
            tests.entry(engine.to_owned()).or_default().push(Test { name, path, only });
        };
        if package.contains("ringfort-verify") {
            match target.as_str() {
                "pod_truth" => {
                    add(&mut suites, "podsec", target.clone(), "upstream_fixtures");
                    add(&mut suites, "podsec", target.clone(), "recorded_odd_pods");
                    add(&mut suites, "podsec", target.clone(), "recorded_pods");
                    add(&mut suites, "isolation", target, "recorded_token_files");
                }
                "rbac_truth" => add(&mut suites, "authz", target, ""),
                _ => {}
            }
            continue;
        }
        for engine in ENGINES {
            if package.contains(&format!("ringfort-{engine}")) {
                add(&mut own, engine, format!("ringfort-{engine} {target}"), "");
            }
        }
    }
    for engine in ENGINES {
        if !own.contains_key(*engine) || (!own_only && !suites.contains_key(*engine)) {
            bail!("no test programs for {engine}");
        }
    }
    Ok((own, suites))
}

/// The first test program that fails against the mutant.
fn killer(mutant: &str, own: &Tests, suites: &Tests) -> Result<Option<String>> {
    let engine = engine(mutant);
    for (tests, of) in [(own, ""), (suites, "suite ")] {
        for test in tests.get(engine).into_iter().flatten() {
            if killed_by(test, Some(mutant))? {
                return Ok(Some(format!("{of}{}", test.name)));
            }
        }
    }
    Ok(None)
}

fn killed_by(test: &Test, mutant: Option<&str>) -> Result<bool> {
    let mut command = Command::new(&test.path);
    command.env_remove(VARIABLE).env("RUST_BACKTRACE", "0").current_dir(crate::test::root());
    if let Some(mutant) = mutant {
        command.env(VARIABLE, mutant);
    }
    if !test.only.is_empty() {
        command.args(["--exact", test.only]);
    }
    let status = command
        .args(["--quiet", "--test-threads", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("{} does not start", test.name))?;
    Ok(!status.success())
}

fn report(results: &[(String, Option<String>)], own_only: bool, started: Instant) -> Result<()> {
    let mut by_suites_alone = 0;
    let mut survivors = Vec::new();
    for (mutant, killer) in results {
        match killer {
            Some(killer) if killer.starts_with("suite ") => {
                by_suites_alone += 1;
                println!("killed by suites alone: {mutant}");
            }
            Some(_) => {}
            None => survivors.push(mutant.as_str()),
        }
    }
    let mut unexplained = 0;
    for mutant in &survivors {
        let reason = REASONS.iter().find(|(start, _)| mutant.starts_with(start));
        match reason {
            Some((_, reason)) => println!("survives: {mutant} ({reason})"),
            None => {
                unexplained += 1;
                println!("survives without a reason: {mutant}");
            }
        }
    }
    if own_only {
        println!("skipped: the truth suites, which may kill more");
    }
    for (start, _) in REASONS {
        if !survivors.iter().any(|mutant| mutant.starts_with(start)) {
            bail!("the reason for {start} explains nothing any more");
        }
    }
    let mut unnamed = 0;
    for (what, name) in NAMED {
        let own = results.iter().any(|(mutant, killer)| {
            mutant == name && killer.as_ref().is_some_and(|one| !one.starts_with("suite "))
        });
        if !own {
            unnamed += 1;
            println!("the project's own tests let pass: {what}");
        }
    }
    println!(
        "mutants: {} killed of {}, {by_suites_alone} of them by suites alone, {} survive, \
         {unexplained} without a reason; {:.0} s",
        results.len() - survivors.len(),
        results.len(),
        survivors.len(),
        started.elapsed().as_secs_f64()
    );
    if unexplained > 0 || unnamed > 0 {
        bail!("the tests can be fooled");
    }
    Ok(())
}
