//! What a run asks of its findings: which are meant, which are excepted, what changed since a
//! baseline, and whether gates pass. Everything is read before the source is, so that a typo or
//! a missing file ends the run at once.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use ringfort_checks::framework::{Assessment, Framework, assess};
use ringfort_checks::{Check, Chosen, Exceptions, Findings, Selection};
use ringfort_collect::Collected;
use ringfort_model::Cluster;
use ringfort_report::change::Earlier;
use ringfort_report::gate::{Gate, Judged, State};
use ringfort_report::human::harmless;
use ringfort_report::{Filter, Report, gate};

use crate::args::{Judging, Reading};
use crate::clock::today;
use crate::commands::usage;
use crate::streams::say;
use crate::versions::Versions;

/// Bytes of a file of exceptions that are read at the most.
pub(crate) const MOST: u64 = 16 << 20;

/// What a run asks.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    selection: Selection,
    gates: Vec<Gate>,
    baseline: Option<Earlier>,
    exceptions: Exceptions,
    unanswered: Vec<String>,
    /// The data on versions.
    pub(crate) versions: Versions,
    /// Registries that the owner allows; none if that is not declared.
    pub(crate) registries: Vec<String>,
    /// How long each check may take, if that is limited.
    pub(crate) check_timeout: Option<std::time::Duration>,
    /// Frameworks that are judged.
    pub(crate) frameworks: Vec<Framework>,
}

impl Rules {
    pub(crate) fn new(
        judging: &Judging,
        checks: Option<&str>,
        own: &[&'static Check],
        reading: &Reading,
    ) -> Result<Self> {
        let selection = Selection::new(&judging.severity, &judging.namespace)
            .map_err(|error| usage(error.to_string()))?;
        let gates: Vec<Gate> = judging
            .fail_on
            .iter()
            .map(|text| text.parse().map_err(|error: gate::GateError| usage(error.to_string())))
            .collect::<Result<_>>()?;
        if let Some(gate) = gates.iter().find(|gate| gate.needs_baseline())
            && judging.baseline.is_none()
        {
            return Err(usage(format!("--fail-on {gate} compares with --baseline FILE")));
        }
        let mut exceptions = reading.exceptions.clone();
        if let Some(file) = &judging.exceptions {
            exceptions.extend(read_exceptions(file)?);
        }
        exceptions.known(own, false).map_err(|error| usage(error.to_string()))?;
        let baseline = judging.baseline.as_deref().map(read_baseline).transpose()?;
        if let Some(baseline) = &baseline {
            let then = baseline.filter();
            let all = then == Filter::default();
            if !all && then != filter(&selection) {
                return Err(usage(
                    "the baseline was written with another --severity or --namespace; write it without them",
                ));
            }
        }
        if let Some(baseline) = &baseline {
            let chosen = ringfort_checks::choose_with(checks, own, true)
                .map_err(|error| usage(error.to_string()))?;
            let ids = chosen.checks.iter().map(|check| check.id);
            let lacking = baseline.lacks(env!("CARGO_PKG_VERSION"), ids);
            if let Some(first) = lacking.first() {
                let more = match lacking.len() {
                    1 => String::new(),
                    many => format!(" and {} more", many - 1),
                };
                return Err(usage(format!(
                    "the baseline was written with other --checks: {first}{more} did not run; write it with all that run now"
                )));
            }
        }
        let unanswered = ringfort_checks::unanswered(checks);
        let registries: Vec<String> =
            judging.registries.iter().map(|one| one.trim().to_owned()).collect();
        if let Some(wrong) = registries.iter().find(|one| !is_registry(one)) {
            return Err(usage(format!(
                "--registries {wrong:?}: write a host, or a host with a path, as registry.example/team"
            )));
        }
        let versions = Versions::new(reading)?;
        let frameworks = Vec::new();
        Ok(Self {
            check_timeout: None,
            selection,
            gates,
            baseline,
            exceptions,
            unanswered,
            versions,
            registries,
            frameworks,
        })
    }

    /// Nothing is asked; versions are judged by these data.
    pub(crate) fn by(versions: Versions) -> Self {
        Self { versions, ..Self::default() }
    }

    /// What the checks' results say of the frameworks.
    pub(crate) fn assessed(&self, checked: Option<&Findings>) -> Vec<Assessment> {
        let results = checked.map_or(&[][..], |found| &found.checks);
        self.frameworks.iter().map(|one| assess(one, results)).collect()
    }

    /// Whether what is asked for exists in the cluster.
    pub(crate) fn exist(&self, cluster: &Cluster, own: &[&'static Check]) -> Result<()> {
        self.exceptions.known(own, true).map_err(|error| usage(error.to_string()))?;
        if self.selection.namespaces().is_empty() {
            return Ok(());
        }
        let mut known = cluster.namespace_names();
        // A dump without a list of namespaces still shows those that something lives in.
        cluster.each_meta(&mut |_, meta| {
            if !meta.namespace.is_empty() && !known.contains(&meta.namespace) {
                known.insert(meta.namespace.clone());
            }
        });
        self.selection.exists(&known).map_err(|error| usage(error.to_string()))
    }

    /// Completes a report: what is excepted and new in it, what the gates say, and last what
    /// is shown of it.
    pub(crate) fn judge(&self, report: &mut Report, collected: &Collected, chosen: &Chosen) {
        let cluster = &collected.cluster;
        let needs = report
            .checked
            .as_ref()
            .map(|found| ringfort_checks::unmet(&cluster.coverage, chosen, found))
            .unwrap_or_default();
        let own: Vec<&'static Check> = chosen.known.clone();
        self.except(report, cluster, &own);
        let mut hidden = 0;
        if let Some(checked) = &mut report.checked {
            let before = checked.findings.len();
            checked.findings.retain(|one| self.selection.has_place(one));
            hidden += before - checked.findings.len();
        }
        if let Some(baseline) = &self.baseline {
            let mut change = baseline.compare(report, |kind, namespace, name| {
                let about = ringfort_checks::About {
                    kind: kind.to_owned(),
                    namespace: namespace.to_owned(),
                    name: name.to_owned(),
                    ..ringfort_checks::About::default()
                };
                self.selection.namespaces().is_empty()
                    || about.is_in(|name| self.selection.has_namespace(name))
            });
            let mut asked = self.exceptions.on(today());
            for pair in &mut change.new_paths {
                pair.excepted = asked.path(&pair.from, &pair.to).is_some();
            }
            report.baseline = Some(change);
        }
        report.gates = self
            .gates
            .iter()
            .map(|&gate| {
                gate::judge(gate, report, &needs, &self.unanswered, cluster.coverage.unread)
            })
            .collect();
        report.unmet = needs;
        if let Some(checked) = &mut report.checked {
            let before = checked.findings.len();
            checked.findings.retain(|one| self.selection.has_severity(one));
            hidden += before - checked.findings.len();
        }
        if self.selection != Selection::default() {
            report.filter = Some(Filter { hidden, ..filter(&self.selection) });
        }
    }

    fn except(&self, report: &mut Report, cluster: &Cluster, own: &[&'static Check]) {
        let mut exceptions = self.exceptions.clone();
        exceptions.of_objects(cluster, own);
        let mut asked = exceptions.on(today());
        if let Some(checked) = &mut report.checked {
            asked.findings(checked);
        }
        for path in &mut report.paths {
            path.excepted = asked.path(&path.from, &path.to);
        }
        // Pairs beyond the paths that are shown count as well.
        let shown: BTreeSet<(&str, &str)> =
            report.paths.iter().map(|path| (path.from.as_str(), path.to.as_str())).collect();
        for pairs in &report.connected {
            for from in &pairs.from {
                if !shown.contains(&(from.as_str(), pairs.to.as_str())) {
                    asked.path(from, &pairs.to);
                }
            }
        }
        report.exceptions = asked.outcomes();
    }
}

/// Whether a text begins a name of an image: a host, perhaps with a port, and perhaps a path, in
/// the letters that references have (distribution/reference). Anything else allows no image, or
/// looks as if it allowed all.
fn is_registry(text: &str) -> bool {
    let letters = |part: &str, more: &[char]| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(&c))
    };
    let mut parts = text.strip_suffix('/').unwrap_or(text).split('/');
    let host = parts.next().unwrap_or_default();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let named = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => letters(name, &['.', '-']),
    };
    named
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
        && parts.all(|part| letters(part, &['.', '-', '_']))
}

fn filter(selection: &Selection) -> Filter {
    Filter {
        severities: selection.severities().into_iter().map(str::to_owned).collect(),
        namespaces: selection.namespaces().to_vec(),
        hidden: 0,
    }
}

fn read_exceptions(file: &Path) -> Result<Exceptions> {
    let place = file.display();
    let size = std::fs::metadata(file)
        .with_context(|| format!("cannot read the exceptions {place}"))?
        .len();
    if size > MOST {
        return Err(anyhow!("the exceptions {place} are larger than {MOST} bytes"));
    }
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the exceptions {place}"))?;
    let values = ringfort_collect::yaml_values(&text)
        .with_context(|| format!("the exceptions {place} are no YAML"))?;
    let mut all = Exceptions::default();
    if values.is_empty() {
        return Err(anyhow!("the exceptions {place} are empty"));
    }
    for value in &values {
        let one = Exceptions::read(value).map_err(|error| match error {
            // A name that names nothing is wrong usage; a broken file is not.
            ringfort_checks::ExceptionError::Id { .. } => usage(format!("{place}: {error}")),
            other => anyhow!("the exceptions {place} cannot be used: {other}"),
        })?;
        all.extend(one);
    }
    Ok(all)
}

fn read_baseline(file: &Path) -> Result<Earlier> {
    let place = file.display();
    let bytes = std::fs::read(file).with_context(|| format!("cannot read the baseline {place}"))?;
    Earlier::read(&bytes).with_context(|| format!("the baseline {place} cannot be used"))
}

/// Says on standard error what the gates say and which exceptions need a hand; the exit code.
pub(crate) fn said(report: &Report, quiet: bool) -> u8 {
    for one in &report.gates {
        if one.state != State::Passed || !quiet {
            say(&line(one));
        }
    }
    if !quiet {
        if let Some(change) = &report.baseline {
            say(&format!(
                "since the baseline: {} new, {} worse, {} unchanged, {} fixed findings; {} new, {} fixed paths",
                change.new,
                change.worse,
                change.unchanged,
                change.fixed.len(),
                change.new_paths.len(),
                change.fixed_paths.len()
            ));
        }
        for one in report.exceptions.iter().filter(|one| !matches!(one.state, "used" | "not-asked"))
        {
            let wrong = one.wrong.as_deref().map_or_else(String::new, |text| format!(": {text}"));
            let text = format!("exception {} {} is {}{wrong}", one.id, one.object, one.state);
            say(&harmless(&text));
        }
    }
    gate::exit_code(&report.gates)
}

fn line(one: &Judged) -> String {
    let state = match one.state {
        State::Passed => "passed",
        State::Failed => "failed",
        State::Undecided => "is undecided",
    };
    let mut text = format!("gate {} {state}: {}\n", one.gate, one.why);
    let first: Vec<String> = one.first.iter().map(ToString::to_string).collect();
    for reason in &first {
        text.push_str(&format!("  {}\n", harmless(reason)));
    }
    let silent = |text: &String| text.contains("were not listed") || text.contains("does not say");
    if one.state == State::Undecided && first.iter().any(silent) {
        text.push_str("  if the source is all there is, say so with --complete\n");
    }
    text
}
