//! From arguments to calls, and from results to streams and exit codes.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::{Context as _, Result};
use ringfort_attack::{Attack, Engines, NodeKey, Subject};
use ringfort_authz::authorizers::{self, Modes};
use ringfort_authz::{Attributes, Authz, Beyond, Decision, NodeAuthorizer, Request, User, beyond};
use ringfort_checks::own::Answers;
use ringfort_checks::{Chosen, World};
use ringfort_collect::{Collected, Live, Options, Source};
use ringfort_graph::{Derivation, NodeId};
use ringfort_model::{Cluster, EntityId, SourceKind, Str, snapshot};
use ringfort_plan::{Posed, Wish, Work, first_fixes, pose};
use ringfort_report::graph_export::Selection;
use ringfort_report::human::{Style, harmless};
use ringfort_report::{Format, Head, Rendered, Report, human, json};

use crate::args::{Arguments, Can, Command, Output, Paths, Reading, WhoCan};
use crate::judging::Rules;
use crate::progress::Progress;
use crate::stages::Stages;
use crate::streams::{Out, say};
use crate::versions::Versions;

/// Wrong usage that the argument parser cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(String);

pub(crate) fn usage(text: impl Into<String>) -> anyhow::Error {
    Usage(text.into()).into()
}

/// How many paths a scan keeps.
const PATHS: usize = 100;

/// How many ways in are followed one by one.
const ENTRIES: usize = 128;

/// Edges that a scan looks at for the cheapest plan; after that it gives the best one and its
/// gap. `ringfort plan` takes its time.
const PLANNING: u64 = 50_000_000;

/// How many fixes a scan shows.
const FIXES: usize = 3;

/// Edges of a graph up to which a scan plans all that can be cut; beyond, `ringfort plan` does.
const PLANNED: usize = 500_000;

pub(crate) fn run(arguments: &Arguments) -> Result<u8> {
    let reading = &arguments.reading;
    crate::clock::check()?;
    // Whatever works on several threads takes them from one pool; 0 is one for each processor.
    rayon::ThreadPoolBuilder::new().num_threads(reading.threads).build_global()?;
    match &arguments.command {
        Command::Scan(scan) => {
            let own = crate::own::Own::read(scan, reading)?;
            let mut chosen = own.chosen(scan.checks.as_deref())?;
            scan.output.wanted()?;
            let list = scan.checks.as_deref();
            let mut rules = Rules::new(&scan.judging, list, &chosen.known, reading)?;
            rules.frameworks = crate::frameworks::read(&scan.framework)?;
            let limit = std::time::Duration::from_secs(scan.check_timeout);
            rules.check_timeout = Some(limit).filter(|limit| !limit.is_zero());
            let mut stages = Stages::new();
            let source = source(scan.source.as_deref(), reading)?;
            let source = if own.is_empty() { source } else { ringfort_collect::hold(source)? };
            let collected = collected(&source, scan.source.as_deref(), reading)?;
            stages.end("read and model");
            let answers = own.ask(&source, &collected.cluster, &mut chosen, (list, reading))?;
            stages.end("rules");
            let place = shown_place(scan.source.as_deref());
            let asked = (&chosen, &rules, answers);
            self::scan(&collected, &place, &scan.output, asked, reading, stages)
        }
        Command::Demo(output) => {
            let chosen = crate::findings::chosen(None)?;
            output.wanted()?;
            let rules = Rules::by(Versions::new(reading)?);
            let asked = (&chosen, &rules, Answers::default());
            self::scan(&crate::demo::cluster()?, "demo", output, asked, reading, Stages::new())
        }
        Command::Snapshot { source, output } => {
            let collected = read(source.as_deref(), reading)?;
            let file = std::fs::File::create(output)
                .with_context(|| format!("cannot write {}", output.display()))?;
            snapshot::write(&collected.cluster, std::io::BufWriter::new(file))?;
            Ok(0)
        }
        Command::Can(can) => self::can(can, reading),
        Command::WhoCan(who) => who_can(who, reading),
        Command::Podsec(podsec) => crate::podsec::run(podsec, reading),
        Command::Paths(paths) => self::paths(paths, reading),
        Command::Plan(planning) => crate::plan::run(planning, reading),
        Command::Crossing(crossing) => crate::plan::crossing(crossing, reading),
        Command::BlastRadius(about) => crate::questions::blast_radius(about, reading),
        Command::ExposureOf(about) => crate::questions::exposure_of(about, reading),
        Command::WhyNot(between) => crate::questions::why_not(between, reading),
        Command::WhatIf { patches, cluster, format } => {
            crate::what_if::run(patches, cluster.as_deref(), format, reading)
        }
        Command::Exposed(exposed) => crate::exposed::run(exposed, reading),
        Command::Triage(triage) => crate::triage::run(triage, reading),
        Command::Reach(reach) => crate::reach::run(reach, reading),
        Command::Netpol(netpol) => crate::netpol::run(netpol, reading),
        Command::Explain { id } => crate::explain::run(id),
        Command::ImportExceptions(asked) => crate::import::run(asked, reading),
        Command::Completions { shell } => crate::shell::completions(shell),
        Command::Man { output } => crate::shell::man(output.as_deref()),
        Command::Verify(verification) => crate::verify::run(verification, reading),
    }
}

pub(crate) fn options(reading: &Reading) -> Result<Options> {
    let version = reading.k8s_version.as_deref().map(crate::versions::minor).transpose()?;
    Ok(Options {
        threads: reading.threads,
        complete: reading.complete,
        version,
        ..Options::default()
    })
}

/// The live cluster that the arguments name.
pub(crate) fn live_cluster(reading: &Reading) -> Live {
    Live { kubeconfig: reading.kubeconfig.clone(), context: reading.context.clone() }
}

/// Reads a source; without one, the live cluster.
pub(crate) fn read(path: Option<&Path>, reading: &Reading) -> Result<Collected> {
    collected(&source(path, reading)?, path, reading)
}

/// The source that a path names; without one, the live cluster.
fn source(path: Option<&Path>, reading: &Reading) -> Result<Source> {
    let live = reading.kubeconfig.is_some() || reading.context.is_some();
    Ok(match path {
        Some(_) if live => {
            return Err(usage("--kubeconfig and --context are for a live cluster, without SOURCE"));
        }
        Some(path) if path.as_os_str() == "-" => Source::Stdin,
        Some(path) => Source::Path(path.to_owned()),
        None => Source::Live(live_cluster(reading)),
    })
}

/// Reads a source and says what it is.
fn collected(source: &Source, path: Option<&Path>, reading: &Reading) -> Result<Collected> {
    let mut progress = Progress::new(reading);
    progress.stage("reading the source");
    let collected = ringfort_collect::read(source, &options(reading)?)?;
    drop(progress);
    if !reading.quiet {
        let described = harmless(&collected.described);
        match path {
            Some(path) => say(&format!("{}: {described}", harmless(&path.display().to_string()))),
            None => say(&described),
        }
    }
    Ok(collected)
}

/// A source for the head of a report.
pub(crate) fn shown_place(path: Option<&Path>) -> String {
    path.map_or_else(|| "live".to_owned(), |path| path.display().to_string())
}

/// The folder that the files of a source are below, as seen from the working directory.
fn base(source: &Path) -> String {
    let folder = match source.is_dir() {
        true => source,
        false => source.parent().unwrap_or(Path::new("")),
    };
    let here = std::env::current_dir().unwrap_or_default();
    let seen = match folder.is_absolute() {
        true => folder.strip_prefix(&here).unwrap_or(folder),
        false => folder,
    };
    seen.to_string_lossy().replace('\\', "/")
}

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = Out::new();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// The easiest path of every pair of a way in and a target, the easiest first.
fn shown(attack: &Attack<'_>) -> Vec<Derivation> {
    let Some(internet) = attack.node(&NodeKey::Internet) else { return Vec::new() };
    let targets: Vec<NodeId> = attack.targets().iter().map(|(_, node)| *node).collect();
    let mut found: Vec<Derivation> = Vec::new();
    let entries: Vec<NodeId> = attack.entries().map(|(_, node)| node).take(ENTRIES).collect();
    let easiest = attack.easiest(&entries, &targets);
    for (&entry, paths) in entries.iter().zip(easiest) {
        let first = attack
            .graph
            .incoming(entry)
            .iter()
            .copied()
            .find(|&edge| attack.graph.edge(edge).from == internet);
        let Some(first) = first else { continue };
        for mut path in paths {
            path.cost += u64::from(attack.graph.edge(first).weight);
            path.edges.insert(0, first);
            path.entries = vec![internet];
            found.push(path);
        }
    }
    // Of equal efforts the worse target comes first.
    let rank = |target: NodeId| targets.iter().position(|&known| known == target);
    found.sort_by(|a, b| {
        (rank(a.target) != Some(0), a.cost, rank(a.target), &a.edges).cmp(&(
            rank(b.target) != Some(0),
            b.cost,
            rank(b.target),
            &b.edges,
        ))
    });
    found.truncate(PATHS);
    found
}

fn scan(
    collected: &Collected,
    place: &str,
    output: &Output,
    (chosen, rules, answers): (&Chosen, &Rules, Answers),
    reading: &Reading,
    mut stages: Stages,
) -> Result<u8> {
    rules.exist(&collected.cluster, &chosen.known)?;
    let cluster = &collected.cluster;
    let mut progress = Progress::new(reading);
    progress.stage("asking the engines");
    let (engines, ground) =
        rayon::join(|| Engines::new(cluster), || ringfort_attack::Ground::new(cluster));
    stages.end("engines");
    progress.stage("drawing the graph");
    let attack = Attack::on(ground, cluster, &engines);
    stages.end("graph");
    progress.stage("finding paths, findings and changes that cut them");
    let paths = shown(&attack);
    let wanted = output.wanted()?;
    // These formats show the cut on the graph.
    let drawn = wanted.iter().any(|one| matches!(one.format, Format::Dot | Format::Graphml));
    let large = attack.graph.edge_count() > PLANNED;
    let wish = Wish { costs: reading.costs, ..Wish::default() };
    let first =
        |posed: Option<&Posed<'_>>| first_fixes(cluster, &attack, posed, &reading.costs, FIXES);
    let planned = |posed: Posed<'_>| {
        let mut work = Work { visits: PLANNING, stop: &mut || false };
        ringfort_plan::planned(cluster, &attack, posed, &wish, &mut work)
    };
    let both = || -> Result<_> {
        let posed = pose(&attack, &wish)?;
        Ok((first(Some(&posed)), Some(planned(posed)?)))
    };
    let checked = || {
        let world = World::new(&attack);
        world.answer(answers);
        if let Some(limit) = rules.check_timeout {
            world.give_up_after(limit);
        }
        if !rules.registries.is_empty() {
            world.allow_registries(rules.registries.clone());
        }
        rules.versions.give(&world);
        let versions = ringfort_checks::versions::measure(&world);
        let adoption = ringfort_checks::adoption::measure(&world);
        (ringfort_checks::run(&world, chosen), adoption, versions)
    };
    let ((fixes, plan), (checked, adoption, versions)) = match large {
        true => {
            let (checked, fixes) = rayon::join(checked, || first(None));
            let plan = drawn.then(|| planned(pose(&attack, &wish)?)).transpose()?;
            ((fixes, plan), checked)
        }
        // Trials hold graphs of their own: fixes, plan and checks one after the other, so that a
        // small cluster needs little. Templates of manifests are far fewer than pods.
        false if cluster.source == SourceKind::Manifests => {
            let (planned, checked) = rayon::join(both, checked);
            (planned?, checked)
        }
        false => (both()?, checked()),
    };
    stages.end("plan and checks");
    drop(progress);
    let head = Head {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        place: place.to_owned(),
        described: collected.described.clone(),
        base: base(Path::new(place)),
        generated_at: crate::clock::now().to_string(),
    };
    let mut report = ringfort_report::build(&attack, &paths, &fixes, plan.as_ref(), head);
    report.checked = Some(checked);
    report.adoption = adoption;
    report.versions = Some(versions);
    report.frameworks = rules.assessed(report.checked.as_ref());
    rules.judge(&mut report, collected, chosen);
    stages.end("report");
    stages.print();
    for wanted in &wanted {
        if wanted.format.is_json() {
            match &wanted.file {
                Some(file) => {
                    let out = std::fs::File::create(file)
                        .with_context(|| format!("cannot write {}", file.display()))?;
                    json::write(&report, std::io::BufWriter::new(out))
                        .with_context(|| format!("cannot write {}", file.display()))?;
                }
                None => json::write(&report, std::io::BufWriter::new(Out::new()))?,
            }
            continue;
        }
        let rendered = match (wanted.format, &plan) {
            (Format::Dot | Format::Graphml, Some(plan)) => {
                exported(&attack, plan, wanted.format).into()
            }
            (format, _) => render(&report, format, wanted.file.is_none(), reading),
        };
        let tables = output.verbose && wanted.format == Format::Human;
        let rendered = match tables {
            true => Rendered {
                text: rendered.text + &human::tables(&report, reading.language()),
                ..rendered
            },
            false => rendered,
        };
        if !rendered.cut.is_empty() && !reading.quiet {
            say(&format!("{}: left out: {}", wanted.name, harmless(&rendered.cut)));
        }
        match &wanted.file {
            Some(file) => std::fs::write(file, rendered.text)
                .with_context(|| format!("cannot write {}", file.display()))?,
            None => print(&rendered.text)?,
        }
    }
    Ok(crate::judging::said(&report, reading.quiet))
}

/// The part of the graph that leads to targets.
fn exported(attack: &Attack<'_>, plan: &ringfort_plan::Plan, format: Format) -> String {
    let mut cut = attack.no_edges();
    for edge in plan.cut.keys() {
        cut.insert(edge.index());
    }
    let selection = Selection { edges: plan.between.clone(), cut };
    match format {
        Format::Dot => ringfort_report::graph_export::dot(attack, &selection),
        _ => ringfort_report::graph_export::graphml(attack, &selection),
    }
}

fn render(report: &Report, format: Format, terminal: bool, reading: &Reading) -> Rendered {
    let language = reading.language();
    if let Some(rendered) = format.render(report, language) {
        return rendered;
    }
    let color = match reading.color.as_str() {
        "always" => true,
        "never" => false,
        _ => terminal && std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    };
    human::first_screen(report, Style { color, language }).into()
}

pub(crate) fn subject(text: &str) -> Result<User> {
    let id: EntityId = text.parse().map_err(|error| usage(format!("{error}")))?;
    Ok(match id {
        EntityId::ServiceAccount(namespace, name) => User::service_account(&namespace, &name),
        EntityId::User(name) => match name.strip_prefix("system:node:") {
            Some(node) => User::node(node),
            None => match Subject::of_user_name(&name) {
                Subject::ServiceAccount(namespace, name) => {
                    User::service_account(&namespace, &name)
                }
                _ => User::named(&name),
            },
        },
        EntityId::Group(name) => User {
            name: Str::new("(a member of the group)"),
            groups: {
                let implicit = Subject::Group(name.clone()).implicit_groups();
                std::iter::once(name).chain(implicit).collect()
            },
        },
        EntityId::Node(name) => User::node(&name),
        _ => return Err(usage(format!("{text} is no identity"))),
    })
}

/// `RESOURCE[.GROUP][/NAME]` as group, resource and name.
fn resource(text: &str) -> (String, String, String) {
    let (kind, name) = text.split_once('/').unwrap_or((text, ""));
    let (resource, group) = kind.split_once('.').unwrap_or((kind, ""));
    (group.to_owned(), resource.to_owned(), name.to_owned())
}

fn can(can: &Can, reading: &Reading) -> Result<u8> {
    let user = subject(&can.subject)?;
    let collected = read(can.cluster.as_deref(), reading)?;
    let verb = Str::new(&can.verb);
    let attributes = if can.resource.starts_with('/') {
        Attributes::Path(Str::new(&can.resource))
    } else {
        let (group, resource, name) = resource(&can.resource);
        Attributes::Resource {
            group: Str::from(group),
            resource: Str::from(resource),
            subresource: Str::new(&can.subresource),
            namespace: Str::new(&can.namespace),
            name: Str::from(name),
        }
    };
    let request = Request { user, verb, attributes };
    let authz = Authz::new(&collected.cluster);
    let nodes = NodeAuthorizer::new(&collected.cluster);
    let (text, code) = match authz.decide(&request, &nodes) {
        Decision::Yes(reason) => (format!("yes\n{reason}\n"), 0),
        Decision::No => ("no\n".to_owned(), 3),
        Decision::Unknown(missing) => (format!("unknown\n{}\n", missing.join("\n")), 4),
    };
    let note = match modes_are_seen(&collected.cluster) {
        true => "",
        false => "Node and RBAC are assumed; other authorizers are not visible\n",
    };
    print(&format!("{}{note}", lines(&text)))?;
    Ok(if can.exit_code { code } else { 0 })
}

/// Whether every API server's modes of authorization are among the objects.
fn modes_are_seen(cluster: &Cluster) -> bool {
    let all = authorizers::modes(cluster);
    !all.is_empty() && all.iter().all(|(_, modes)| *modes != Modes::Unseen)
}

pub(crate) fn lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", harmless(line))).collect()
}

fn who_can(who: &WhoCan, reading: &Reading) -> Result<u8> {
    let collected = read(who.cluster.as_deref(), reading)?;
    let (group, mut resource, name) = resource(&who.resource);
    if !who.subresource.is_empty() {
        resource = format!("{resource}/{}", who.subresource);
    }
    let authz = Authz::new(&collected.cluster);
    let found = authz.who_can(&who.verb, (&group, &resource), &who.namespace, &name);
    let mut text = String::from("group/system:masters  is never refused\n");
    match beyond(&collected.cluster) {
        Beyond::Nothing => {}
        Beyond::Everything(said) => {
            text.push_str(&format!("everybody  the API server allows everything ({said})\n"));
        }
        Beyond::Perhaps(all) => {
            for said in all {
                text.push_str(&format!("unknown  {}\n", said.doubt()));
            }
        }
    }
    for (subject, granted) in found {
        let id = match subject.kind.as_str() {
            "ServiceAccount" => format!("sa/{}/{}", subject.namespace, subject.name),
            "Group" => format!("group/{}", subject.name),
            _ => format!("user/{}", subject.name),
        };
        text.push_str(&format!("{id}  {granted}\n"));
    }
    print(&lines(&text))?;
    Ok(0)
}

pub(crate) fn position(attack: &Attack<'_>, id: &str) -> Result<Vec<NodeId>> {
    let found = attack.find(id);
    if found.is_empty() {
        return Err(usage(format!("{id} is not in the attack graph")));
    }
    Ok(found.into_iter().map(|(_, node)| node).collect())
}

fn paths(arguments: &Paths, reading: &Reading) -> Result<u8> {
    let collected = read(arguments.cluster.as_deref(), reading)?;
    let engines = Engines::new(&collected.cluster);
    let attack = Attack::new(&collected.cluster, &engines);
    let mut from = Vec::new();
    for assumed in &arguments.assume {
        let id = assumed
            .strip_prefix("compromised=")
            .ok_or_else(|| usage(format!("{assumed}: write compromised=ID")))?;
        from.extend(position(&attack, id)?);
    }
    if let Some(id) = &arguments.from {
        from.extend(position(&attack, id)?);
    } else if let Some(internet) = attack.node(&NodeKey::Internet) {
        from.push(internet);
    }
    let targets = match &arguments.to {
        Some(id) => position(&attack, id)?,
        None => attack.targets().iter().map(|(_, node)| *node).collect(),
    };
    let mut found: Vec<Derivation> =
        targets.iter().flat_map(|&target| attack.paths(&from, target, arguments.k)).collect();
    found.sort_by(|a, b| (a.cost, &a.edges).cmp(&(b.cost, &b.edges)));
    let head = Head {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        place: shown_place(arguments.cluster.as_deref()),
        described: collected.described.clone(),
        base: arguments.cluster.as_deref().map(base).unwrap_or_default(),
        generated_at: crate::clock::now().to_string(),
    };
    let report = ringfort_report::build(&attack, &found, &[], None, head);
    print(&match arguments.format.as_str() {
        "json" => json::render(&report),
        _ => human::paths(&report, reading.language()),
    })?;
    Ok(0)
}
