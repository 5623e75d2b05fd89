//! `cargo xtask mutants [--own | --suites | --list] [ENGINE…]`: can the tests fail?
//!
//! Builds the tests of the engines once, with the feature by which a test build can be told to
//! use wrong rules, and runs them against every mutant of the rule tables: first the project's
//! own, and only what survives those also the truth suites, where they are at hand. Prints every
//! survivor; one without a reason below fails the run. With `--suites` the suites are run alone,
//! to see what they let pass, and with `--list` nothing is: the mutants are counted.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use ringfort_model::mutation::VARIABLE;
use serde_json::Value;

/// Mutants that may survive, and why no input tells them from the right rules.
const REASONS: &[(&str, &str)] = &[
    ("network:calico since/Cluster 1 -1", "it is open from the version on in which it begins"),
    ("network:families/Cilium Cilium: No", DECIDED),
    ("network:families/Cilium CiliumClusterwide: No", DECIDED),
    ("network:families/Cilium Cluster: Yes", DECIDED),
    ("network:families/Cilium Kubernetes: No", DECIDED),
];

const DECIDED: &str = "a setting of Cilium's, or its default, decides this family";

/// The fewest mutants of an engine that make a run worth its name.
const FEWEST: usize = 12;

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

/// Gives the names of an engine's mutants.
type Names = fn() -> Vec<String>;

/// The engines with mutants.
const ENGINES: &[(&str, Names)] = &[
    ("admission", || names(ringfort_admission::rules::mutants())),
    ("authz", || names(ringfort_authz::rules::mutants())),
    ("cni", || names(ringfort_network::policy::cni_rules::mutants())),
    ("controls", || names(ringfort_isolation::control_rules::mutants())),
    ("exposure", || names(ringfort_network::exposure::rules::mutants())),
    ("gains", || names(ringfort_network::policy::gain_rules::mutants())),
    ("held", || names(ringfort_admission::held_rules::mutants())),
    ("isolation", || names(ringfort_isolation::rules::mutants())),
    ("mesh", || names(ringfort_isolation::mesh_rules::mutants())),
    ("mutation", || names(ringfort_admission::mutation_rules::mutants())),
    ("network", || names(ringfort_network::policy::rules::mutants())),
    ("routes", || names(ringfort_network::exposure::route_rules::mutants())),
    ("podsec", || names(ringfort_podsec::rules::mutants())),
    ("scheduling", || names(ringfort_isolation::scheduling::rules::mutants())),
];

/// Features of the packages' tests.
const FEATURES: &str = "ringfort-admission/mutants,ringfort-authz/mutants,\
     ringfort-isolation/mutants,ringfort-network/mutants,ringfort-podsec/mutants";

/// Which tests can kill the mutants of an engine: the package, the test program (empty for all),
/// the single test (empty for all), and whether it is one of the truth suites.
const TESTS: &[(&str, &str, &str, &str, bool)] = &[
    ("admission", "ringfort-admission", "", "", false),
    ("admission", "ringfort-verify", "vap", "every_test_of_the_library_agrees", true),
    ("authz", "ringfort-authz", "", "", false),
    ("authz", "ringfort-verify", "rbac_truth", "", true),
    ("cni", "ringfort-network", "kinds", "", false),
    ("cni", "ringfort-network", "ringfort_network", "", false),
    ("gains", "ringfort-network", "kinds", "", false),
    ("held", "ringfort-admission", "", "", false),
    ("controls", "ringfort-isolation", "", "", false),
    ("mesh", "ringfort-isolation", "golden", GOLDEN, false),
    ("scheduling", "ringfort-isolation", "", "", false),
    ("mutation", "ringfort-admission", "", "", false),
    ("exposure", "ringfort-network", "ringfort_network", "", false),
    ("exposure", "ringfort-network", "backends", "", false),
    ("exposure", "ringfort-verify", "exposure", "the_table_agrees_and_covers_every_rule", false),
    ("exposure", "ringfort-verify", "exposure", "every_service_of_the_shop", true),
    ("routes", "ringfort-network", "ringfort_network", "", false),
    ("routes", "ringfort-verify", "exposure", "the_table_agrees_and_covers_every_rule", false),
    ("routes", "ringfort-verify", "exposure", "every_service_of_the_shop", true),
    ("isolation", "ringfort-isolation", "", "", false),
    ("isolation", "ringfort-verify", "pod_truth", "recorded_token_files", true),
    ("network", "ringfort-network", "", "", false),
    ("network", "ringfort-verify", "network", "", true),
    ("podsec", "ringfort-podsec", "", "", false),
    ("podsec", "ringfort-verify", "pod_truth", "upstream_fixtures", true),
    ("podsec", "ringfort-verify", "pod_truth", "recorded_odd_pods", true),
    ("podsec", "ringfort-verify", "pod_truth", "recorded_pods", true),
];

/// The test of the engine of controls that holds it against its fixtures.
const GOLDEN: &str = "rules_of_this_engine_judge_as_their_fixtures_say";

/// Settings of property tests: the same cases in every run, and a failure leaves no trace and is
/// not made smaller.
const PROPERTIES: &[(&str, &str)] = &[
    ("PROPTEST_RNG_SEED", "7"),
    ("PROPTEST_MAX_SHRINK_ITERS", "0"),
    ("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true"),
];

/// A test program that can kill mutants of an engine.
struct Test {
    engine: &'static str,
    name: String,
    path: PathBuf,
    /// Only the test of that name; empty for all.
    only: &'static str,
    /// One of the truth suites, not one of the project's own.
    suite: bool,
    /// How long it takes against the right rules.
    takes: Duration,
}

/// Which tests are run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The project's own, and the suites against what survives them.
    All,
    /// The project's own alone.
    Own,
    /// The suites alone.
    Suites,
    /// None; the mutants are counted.
    List,
}

/// Runs the tests of all engines, or of those that are named.
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> Result<()> {
    let started = Instant::now();
    let mut mode = Mode::All;
    let mut engines: Vec<&str> = Vec::new();
    for word in arguments {
        match ENGINES.iter().find(|(name, _)| *name == word) {
            Some((name, _)) => engines.push(name),
            None if word == "--own" => mode = Mode::Own,
            None if word == "--suites" => mode = Mode::Suites,
            None if word == "--list" => mode = Mode::List,
            None => bail!("no engine {word}; mutants [--own | --suites | --list] [ENGINE…]"),
        }
    }
    if engines.is_empty() {
        engines.extend(ENGINES.iter().map(|(name, _)| name));
    }
    let mutants = all(&engines)?;
    let suites = crate::test::suites();
    match mode {
        Mode::List => {
            for engine in &engines {
                let of = mutants.iter().filter(|one| engine_of(one) == *engine).count();
                println!("{of:>5} {engine}");
            }
            println!("{:>5} mutants", mutants.len());
            return Ok(());
        }
        Mode::Own => println!("skipped: the truth suites"),
        Mode::All if !suites.is_dir() => {
            println!("skipped: the truth suites are not at {}", suites.display());
            mode = Mode::Own;
        }
        Mode::Suites if !suites.is_dir() => bail!("the suites are not at {}", suites.display()),
        Mode::All | Mode::Suites => {}
    }
    let mut tests = build(&engines, mode)?;
    println!("{} mutants", mutants.len());
    // Against the right rules everything must pass, or a kill means nothing.
    for test in &mut tests {
        if !test.only.is_empty() && !is_there(test)? {
            bail!("{} is no test, so it would kill nothing", test.name);
        }
        let began = Instant::now();
        if killed_by(test, None)? {
            bail!("{} fails against the right rules", test.name);
        }
        test.takes = began.elapsed();
    }
    // The quickest first, and suites only for what the project's own tests let pass.
    tests.sort_by_key(|test| (test.suite, test.takes));
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Outcome>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(mutant) = mutants.get(at) else { return Ok(()) };
                        let killer = killer(mutant, &tests)?;
                        let mut all = results.lock().expect("no worker panics");
                        all.push(Outcome { mutant: mutant.clone(), killer });
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
    results.sort_by(|a, b| a.mutant.cmp(&b.mutant));
    if mode == Mode::Suites {
        suites_alone(&results, started);
        return Ok(());
    }
    report(&results, &engines, started)
}

/// What became of a mutant.
struct Outcome {
    /// `ENGINE:NAME`.
    mutant: String,
    killer: Option<Killer>,
}

/// Who killed it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Killer {
    Own,
    Suite,
}

fn names<R>(mutants: Vec<(String, R)>) -> Vec<String> {
    mutants.into_iter().map(|(name, _)| name).collect()
}

/// The names of all mutants of the engines, `ENGINE:NAME`, each of them once.
fn all(engines: &[&str]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (engine, mutants) in ENGINES.iter().filter(|(name, _)| engines.contains(name)) {
        let names = mutants();
        if names.len() < FEWEST {
            bail!("{} mutants of {engine}; at least {FEWEST} are expected", names.len());
        }
        found.extend(names.into_iter().map(|name| format!("{engine}:{name}")));
    }
    let mut seen = std::collections::BTreeSet::new();
    if let Some(twice) = found.iter().find(|name| !seen.insert(name.as_str())) {
        bail!("two mutants have the name {twice}");
    }
    if engines.contains(&"podsec") {
        for (what, name) in NAMED {
            if !found.iter().any(|known| known == name) {
                bail!("no mutant {name} for the mistake \"{what}\"");
            }
        }
    }
    Ok(found)
}

/// Builds the test programs that are to be run.
fn build(engines: &[&str], mode: Mode) -> Result<Vec<Test>> {
    let asked = |suite: bool| match mode {
        Mode::All => true,
        Mode::Own => !suite,
        Mode::Suites => suite,
        Mode::List => false,
    };
    let wanted: Vec<_> = TESTS
        .iter()
        .filter(|(engine, .., suite)| engines.contains(engine) && asked(*suite))
        .collect();
    // Always the same packages and features, so that no other run builds anything again.
    let mut packages: Vec<&str> = TESTS.iter().map(|(_, package, ..)| *package).collect();
    packages.sort_unstable();
    packages.dedup();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(crate::test::root());
    command.args(["test", "--no-run", "--message-format", "json"]);
    for package in packages {
        command.args(["-p", package]);
    }
    command.args(["--features", FEATURES]).stderr(Stdio::inherit());
    let output = command.output().context("cargo does not start")?;
    if !output.status.success() {
        bail!("the tests do not build");
    }
    let mut tests = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        let Some(path) = message["executable"].as_str().map(PathBuf::from) else { continue };
        let target = message["target"]["name"].as_str().unwrap_or_default();
        let package = message["package_id"].as_str().unwrap_or_default();
        for &&(engine, of, program, only, suite) in &wanted {
            if package.contains(&format!("/{of}#")) && (program.is_empty() || program == target) {
                let name = format!("{of} {target} {only}");
                let takes = Duration::ZERO;
                tests.push(Test { engine, name, path: path.clone(), only, suite, takes });
            }
        }
    }
    for &&(engine, package, program, ..) in &wanted {
        if !tests.iter().any(|test| test.engine == engine && test.name.starts_with(package)) {
            bail!("no test program {package} {program} for {engine}");
        }
    }
    Ok(tests)
}

/// The engine of `ENGINE:NAME`.
fn engine_of(mutant: &str) -> &str {
    mutant.split_once(':').map_or("", |(engine, _)| engine)
}

/// Who kills the mutant: the first test program that fails against it.
fn killer(mutant: &str, tests: &[Test]) -> Result<Option<Killer>> {
    for test in tests.iter().filter(|test| test.engine == engine_of(mutant)) {
        if killed_by(test, Some(mutant))? {
            return Ok(Some(if test.suite { Killer::Suite } else { Killer::Own }));
        }
    }
    Ok(None)
}

/// Whether the program has the single test that is to be run: one that is not there passes.
fn is_there(test: &Test) -> Result<bool> {
    let output = Command::new(&test.path)
        .args(["--list", "--exact", test.only])
        .current_dir(crate::test::root())
        .output()
        .with_context(|| format!("{} does not start", test.name))?;
    let listed = String::from_utf8_lossy(&output.stdout);
    Ok(listed.lines().any(|line| line == format!("{}: test", test.only)))
}

fn killed_by(test: &Test, mutant: Option<&str>) -> Result<bool> {
    let mut command = Command::new(&test.path);
    command.env_remove(VARIABLE).env("RUST_BACKTRACE", "0").current_dir(crate::test::root());
    command.envs(PROPERTIES.iter().copied());
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

/// Prints what the suites let pass.
fn suites_alone(results: &[Outcome], started: Instant) {
    let passed: Vec<&Outcome> = results.iter().filter(|one| one.killer.is_none()).collect();
    for one in &passed {
        println!("the suites let pass: {}", one.mutant);
    }
    println!(
        "mutants: the suites alone kill {} of {}; {:.0} s",
        results.len() - passed.len(),
        results.len(),
        started.elapsed().as_secs_f64()
    );
}

/// Prints what survives and the closing line; an error where a survivor has no reason, where a
/// reason explains nothing, or where the project's own tests let a named mistake pass.
fn report(results: &[Outcome], engines: &[&str], started: Instant) -> Result<()> {
    let killed = |killer: Killer| results.iter().filter(move |one| one.killer == Some(killer));
    for one in killed(Killer::Suite) {
        println!("killed by suites alone: {}", one.mutant);
    }
    let survivors: Vec<&str> =
        results.iter().filter(|one| one.killer.is_none()).map(|one| one.mutant.as_str()).collect();
    let mut unexplained = 0;
    for mutant in &survivors {
        match REASONS.iter().find(|(name, _)| name == mutant) {
            Some((_, reason)) => println!("survives: {mutant} ({reason})"),
            None => {
                unexplained += 1;
                println!("survives without a reason: {mutant}");
            }
        }
    }
    let asked = |mutant: &str| engines.contains(&engine_of(mutant));
    for (name, _) in REASONS.iter().filter(|(name, _)| asked(name)) {
        if !survivors.contains(name) {
            bail!("the reason for {name} explains nothing any more");
        }
    }
    let mut let_pass = 0;
    for (what, name) in NAMED.iter().filter(|(_, name)| asked(name)) {
        if !killed(Killer::Own).any(|one| one.mutant == *name) {
            let_pass += 1;
            println!("the project's own tests let pass: {what}");
        }
    }
    println!(
        "mutants: killed {} of {} ({} by suites alone), survivors with a reason {}, \
         survivors {unexplained}; {:.0} s",
        results.len() - survivors.len(),
        results.len(),
        killed(Killer::Suite).count(),
        survivors.len() - unexplained,
        started.elapsed().as_secs_f64()
    );
    if unexplained > 0 || let_pass > 0 {
        bail!("the tests can be fooled");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fewest mutants of all engines that the suites may be held to.
    const FEWEST_IN_ALL: usize = 40;

    fn every_engine() -> Vec<&'static str> {
        ENGINES.iter().map(|(name, _)| *name).collect()
    }

    #[test]
    fn every_mutant_has_its_own_name_and_the_named_mistakes_are_among_them() {
        let mutants = all(&every_engine()).expect("names");
        assert!(mutants.len() >= FEWEST_IN_ALL, "{}", mutants.len());
        assert_eq!(NAMED.len(), 7);
        let named = NAMED.iter().map(|(_, name)| name);
        for name in named.chain(REASONS.iter().map(|(name, _)| name)) {
            assert!(mutants.iter().any(|known| known == name), "{name}");
        }
    }

    #[test]
    fn every_engine_is_tested_by_the_projects_own_tests() {
        for engine in every_engine() {
            let own =
                |(of, _, _, _, suite): &&(&str, &str, &str, &str, bool)| *of == engine && !suite;
            assert!(TESTS.iter().any(|test| own(&test)), "{engine}");
        }
        for (engine, ..) in TESTS {
            assert!(every_engine().contains(engine), "{engine}");
        }
    }
}
