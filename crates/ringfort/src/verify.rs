//! `ringfort verify`: answers recorded elsewhere, one suite or all of them.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use ringfort_model::Cluster;
use ringfort_verify::{
    Outcome, Report, automount, escalation, exposure, kubehound, network, origin, podsec, rbac,
    suites, vap,
};

use crate::args::{OnCluster, Reading, Verification, Verify};
use crate::commands::{lines, options, print, read, usage};

pub(crate) fn run(verification: &Verification, reading: &Reading) -> Result<u8> {
    let json = verification.json;
    if let Verify::All { suites } = &verification.suite {
        if !suites.is_dir() {
            bail!("no folder {}", suites.display());
        }
        let all = suites::run(suites, reading.threads);
        let text = if json { machine(&all.suites)? } else { lines(&all.text()) };
        return told(&text, all.holds());
    }
    if let Verify::Kubehound { cluster, facts, page: true } = &verification.suite {
        let found = kubehound::run(&of(cluster.as_deref(), reading)?, facts)?;
        return told(&lines(&found.page()), found.holds());
    }
    if let (Verify::Kubehound { cluster, facts, .. }, false) = (&verification.suite, json) {
        let found = kubehound::run(&of(cluster.as_deref(), reading)?, facts)?;
        let text =
            format!("{}suite kubehound ({})\n{found}\n", facts_of(&found), origin::of(facts));
        return told(&lines(&text), found.holds());
    }
    let report = suite(&verification.suite, reading)?;
    let text = if json { machine(&report)? } else { lines(&report.text()) };
    told(&text, report.holds())
}

/// The facts that are not simply shown, each with why.
fn facts_of(found: &kubehound::Comparison) -> String {
    let said = |answer: &kubehound::Answer| {
        let said = match &answer.verdict {
            kubehound::Verdict::Agree => return None,
            kubehound::Verdict::Explained(rule) => format!("explained, {rule}"),
            kubehound::Verdict::Contradiction(rule) => format!("shown although {rule}"),
            kubehound::Verdict::Missing => "missing".to_owned(),
        };
        Some(format!("{} {}: {said}\n", answer.attack, answer.fact))
    };
    found.answers.iter().filter_map(said).collect()
}

fn told(text: &str, holds: bool) -> Result<u8> {
    print(text)?;
    Ok(if holds { 0 } else { 3 })
}

fn machine(report: &impl serde::Serialize) -> Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

fn of(cluster: Option<&Path>, reading: &Reading) -> Result<Cluster> {
    Ok(read(cluster, reading)?.cluster)
}

/// Runs one suite.
fn suite(verify: &Verify, reading: &Reading) -> Result<Report> {
    let version = options(reading)?.version;
    let on = |on: &OnCluster, run: fn(&Cluster, &Path) -> Result<Outcome, _>| -> Result<_> {
        Ok((run(&of(on.cluster.as_deref(), reading)?, &on.cases)?.into(), on.cases.clone()))
    };
    let (report, place): (Report, PathBuf) = match verify {
        Verify::Rbac(asked) => on(asked, rbac::run)?,
        Verify::Node(asked) => on(asked, rbac::run_node)?,
        Verify::Escalation(asked) => on(asked, escalation::run)?,
        Verify::Podsec { cases: Some(cases), .. } => {
            (podsec::run_cases(cases, version)?.into(), cases.clone())
        }
        Verify::Podsec { fixtures: Some(fixtures), .. } => {
            (podsec::run_fixtures(fixtures)?.into(), fixtures.clone())
        }
        Verify::Podsec { .. } => return Err(usage("give --cases or --fixtures")),
        Verify::Kubehound { cluster, facts, .. } => {
            ((&kubehound::run(&of(cluster.as_deref(), reading)?, facts)?).into(), facts.clone())
        }
        Verify::Exposure { cases } => (exposure::run(cases)?.into(), cases.clone()),
        Verify::Vap { root } => (vap::run(root, version)?.into(), root.clone()),
        Verify::Network { root, cases } => (network::run(root, cases)?.into(), root.clone()),
        Verify::Automount { cases } => (automount::run_cases(cases)?.into(), cases.clone()),
        Verify::All { .. } => unreachable!("answered by `run`"),
    };
    let name = report.suite.clone();
    Ok(report.named(&name, origin::of(&place)))
}
