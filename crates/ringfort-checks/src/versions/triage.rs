//! Whether a cluster is affected by an advisory, through which vector and on which path, and
//! whether that can wait.
//!
//! Affected: yes if some component that runs is, else unknown if some may be, else no. Of what is
//! or may be affected, patch now unless nobody from outside gets to where the flaw can be used:
//! what cannot be decided counts as reached.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::NodeKey;
use ringfort_graph::Derivation;
use ringfort_model::Kind;
use ringfort_network::policy::Tri;
use serde::Serialize;

use super::data::{AdvisoryError, Data, Part};
use super::images;
use super::inventory::Running;
use super::judge::{Answer, answer, fits, parts, version_of};
use super::reached::Outside;
use crate::run::unread;
use crate::world::World;

/// Whether the cluster is affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Affected {
    No,
    Unknown,
    Yes,
}

impl Affected {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::Yes => "yes",
        }
    }
}

/// Whether what is affected has to be mended at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// Somebody from outside gets, or may get, to where the flaw can be used.
    PatchNow,
    /// Nobody does.
    CanWait,
    /// Nothing is affected.
    None,
}

impl Urgency {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PatchNow => "patch-now",
            Self::CanWait => "can-wait",
            Self::None => "none",
        }
    }
}

/// Components of one version, with the answer about them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The component.
    pub component: &'static str,
    /// The part of Kubernetes; empty for others.
    pub part: &'static str,
    /// Its version as it is written; empty if it is nowhere.
    pub version: String,
    /// Whether it is affected.
    pub affected: Affected,
    /// Why it is not, or what would decide it.
    pub reasons: Vec<String>,
    /// The first mended releases of the ranges that it lies in.
    pub mended: Vec<String>,
    /// Where it runs, as `Kind namespace/name`, sorted.
    pub objects: Vec<String>,
}

/// The answer about an advisory.
#[derive(Clone, Debug)]
pub struct Triage {
    /// The advisory.
    pub id: String,
    /// What happens; empty if the data do not say.
    pub title: String,
    /// Where the ranges come from.
    pub urls: Vec<String>,
    /// Whether the cluster is affected.
    pub affected: Affected,
    /// What decides it.
    pub reasons: Vec<String>,
    /// Whether that can wait.
    pub urgency: Urgency,
    /// Why.
    pub because: String,
    /// Where an attacker has to be; empty if the data do not say.
    pub attacker: &'static str,
    /// What the flaw gives; empty if the data do not say.
    pub gives: &'static str,
    /// The way in of the path, `vector/…`; nothing without a path.
    pub vector: Option<String>,
    /// The easiest path to where the flaw can be used.
    pub path: Option<Derivation>,
    /// What the advisory may concern here.
    pub places: Vec<Place>,
}

/// Answers for each advisory that an id names.
///
/// # Errors
///
/// An id that the data do not know.
pub fn triage(world: &World<'_>, data: &Data, text: &str) -> Result<Vec<Triage>, AdvisoryError> {
    let named = data.names(text)?;
    let running = world.running();
    let outside = Outside::new(world);
    Ok(named.into_iter().map(|id| one(world, data, id, running, &outside)).collect())
}

fn one(
    world: &World<'_>,
    data: &Data,
    id: &str,
    running: &[Running],
    outside: &Outside<'_, '_>,
) -> Triage {
    let note = data.note(id);
    let rows = data.rows(id);
    let mut judged: Vec<(&Running, Answer)> = running
        .iter()
        .filter(|one| fits(rows, note, one).is_some())
        .map(|one| (one, answer(world, data, id, one)))
        .collect();
    let unclear = unclear_part(rows, data, id, &mut judged);
    let mut affected = judged.iter().map(|(_, answer)| state(answer)).max();
    let mut reasons: BTreeSet<String> = BTreeSet::new();
    for (one, answer) in &judged {
        match (answer, affected) {
            (Answer::Unknown(missing), Some(Affected::Unknown)) => {
                reasons.extend(missing.iter().cloned());
            }
            (Answer::No(reason), Some(Affected::No)) => {
                reasons.insert(reason.clone());
            }
            (Answer::Yes(_), _) => {
                reasons.insert(format!("{} is in an affected range", one.label()));
            }
            _ => {}
        }
    }
    reasons.extend(unclear);
    // What is not in the inventory: a client, or something of which nothing was found.
    let absent = absent(world, data, id, &judged);
    if let Some((state, reason)) = absent
        && affected.is_none_or(|known| state > known)
    {
        if affected.is_some() {
            reasons.clear();
        }
        affected = Some(state);
        reasons.insert(reason);
    }
    let affected = affected.unwrap_or(Affected::No);
    let concerned: Vec<&Running> = judged
        .iter()
        .filter(|(_, answer)| state(answer) == affected && affected != Affected::No)
        .map(|(one, _)| *one)
        .collect();
    let attacker = note.and_then(|note| note.attacker);
    let (urgency, because, path) = match affected {
        Affected::No => (Urgency::None, "nothing is affected".to_owned(), None),
        _ => {
            let reached = outside.reaches(attacker, &concerned, true);
            let because = match (reached.state, &reached.listener, reached.missing) {
                (Tri::Yes, Some(listener), _) => format!("the internet reaches {listener}"),
                (Tri::Yes, None, _) => "a way in leads to where it can be used".to_owned(),
                (Tri::Unknown, _, missing) => {
                    format!(
                        "not known, so counted as reached: {}",
                        missing.unwrap_or("who gets there")
                    )
                }
                (Tri::No, ..) => "no way in leads to where it can be used".to_owned(),
            };
            let urgency = match reached.state {
                Tri::No => Urgency::CanWait,
                Tri::Yes | Tri::Unknown => Urgency::PatchNow,
            };
            (urgency, because, reached.path)
        }
    };
    let vector = path.as_ref().and_then(|path| vector(world, path));
    let mut urls: Vec<String> = rows.iter().map(|row| row.url.clone()).collect();
    urls.sort();
    urls.dedup();
    Triage {
        id: id.to_owned(),
        title: note.map(|note| note.title.clone()).unwrap_or_default(),
        urls,
        affected,
        reasons: reasons.into_iter().collect(),
        urgency,
        because,
        attacker: attacker.map_or("", super::data::Attacker::name),
        gives: note.and_then(|note| note.gives).map_or("", super::data::Gives::name),
        vector,
        path,
        places: places(&judged),
    }
}

fn state(answer: &Answer) -> Affected {
    match answer {
        Answer::Yes(_) => Affected::Yes,
        Answer::No(_) => Affected::No,
        Answer::Unknown(_) => Affected::Unknown,
    }
}

/// Where nobody says which part of Kubernetes has the flaw, parts that differ decide nothing.
fn unclear_part(
    rows: &[super::data::Advisory],
    data: &Data,
    id: &str,
    judged: &mut [(&Running, Answer)],
) -> Option<String> {
    let rows: Vec<_> = rows.iter().filter(|row| row.component == "kubernetes").collect();
    if rows.is_empty() || !parts(&rows, data.note(id)).is_empty() {
        return None;
    }
    let mut by_part: BTreeMap<Option<Part>, Affected> = BTreeMap::new();
    for (one, answer) in judged.iter() {
        let known = by_part.entry(one.part).or_insert(Affected::No);
        *known = state(answer).max(*known);
    }
    let states: BTreeSet<Affected> = by_part.values().copied().collect();
    if states.len() < 2 || !states.contains(&Affected::Yes) {
        return None;
    }
    let fact = "which part of Kubernetes has the flaw";
    for (_, answer) in judged.iter_mut() {
        if matches!(answer, Answer::Yes(_)) {
            *answer = Answer::Unknown(BTreeSet::from([fact.to_owned()]));
        }
    }
    Some(fact.to_owned())
}

/// What is to say of components that the inventory does not hold.
fn absent(
    world: &World<'_>,
    data: &Data,
    id: &str,
    judged: &[(&Running, Answer)],
) -> Option<(Affected, String)> {
    let rows: Vec<_> = data.rows(id).iter().collect();
    let parts = parts(&rows, data.note(id));
    if parts.contains(&Part::Client) && parts.len() == 1 {
        let fact = data.note(id).and_then(|note| note.needs.first().cloned());
        let fact = fact.unwrap_or_else(|| "which versions of clients people use".to_owned());
        return Some((Affected::Unknown, fact));
    }
    let mut worst: Option<(Affected, String)> = None;
    let mut add = |state: Affected, reason: String| {
        if worst.as_ref().is_none_or(|(known, _)| state > *known) {
            worst = Some((state, reason));
        }
    };
    let missing = |component: &str, part: Option<Part>| {
        !judged.iter().any(|(one, _)| {
            one.component == component && part.is_none_or(|part| one.part == Some(part))
        })
    };
    let components: BTreeSet<&str> = rows.iter().map(|row| row.component.as_str()).collect();
    for component in components {
        let wanted: Vec<Option<Part>> = match (component, parts.is_empty()) {
            ("kubernetes", false) => {
                parts.iter().filter(|part| **part != Part::Client).map(|part| Some(*part)).collect()
            }
            _ => vec![None],
        };
        for part in wanted.into_iter().filter(|part| missing(component, *part)) {
            let named: &str = part.map_or(component, |part| part.name());
            let on_nodes = matches!(
                (component, part),
                ("containerd" | "cri-o" | "runc" | "linux-kernel", _) | (_, Some(Part::Kubelet))
            );
            let kind = if on_nodes { Kind::Node } else { Kind::Pod };
            let gap = match unread(&world.cluster.coverage, kind) {
                Some(gap) => Some(gap),
                None if world.cluster.nodes.is_empty() && on_nodes => {
                    Some("the source has no nodes".to_owned())
                }
                // A node that does not say what starts its containers may run either.
                None if on_nodes => world
                    .running()
                    .iter()
                    .find(|one| one.component == "container-runtime")
                    .map(|one| format!("{} does not say what it runs", one.object)),
                // Parts of the control plane often run where no pod shows them.
                None => part
                    .filter(|part| {
                        matches!(part, Part::ControllerManager | Part::Scheduler | Part::KubeProxy)
                    })
                    .map(|_| "no pod shows it".to_owned()),
            };
            // What carries its marks may be it, in an image of another name.
            let gap = gap.or_else(|| marked(world, component));
            // etcd is part of every cluster, whoever runs it.
            let gap = gap.or_else(|| (component == "etcd").then(|| "no pod shows it".to_owned()));
            match gap {
                Some(gap) => add(Affected::Unknown, format!("the version of {named}: {gap}")),
                None => add(Affected::No, format!("{named} does not run here")),
            }
        }
    }
    worst
}

/// What shows a component of which no container is known.
fn marked(world: &World<'_>, component: &str) -> Option<String> {
    let context = world.context;
    Some(match images::mark(world.cluster, &context.units, component)? {
        images::Mark::Label(unit) => format!("no image of {} shows it", world.owner(unit)),
        images::Mark::Class(name) => format!("no pod shows the controller of IngressClass {name}"),
    })
}

/// The way in that a path begins with.
fn vector(world: &World<'_>, path: &Derivation) -> Option<String> {
    path.edges.iter().find_map(|&edge| {
        let key = world.attack.key(world.attack.graph.edge(edge).to);
        matches!(key, NodeKey::Vector(..)).then(|| world.attack.id(key))
    })
}

/// Equal answers about equal versions, with where they hold.
fn places(judged: &[(&Running, Answer)]) -> Vec<Place> {
    let mut found: Vec<Place> = Vec::new();
    for (one, answer) in judged {
        let (reasons, mended) = match answer {
            Answer::Yes(mended) => (Vec::new(), mended.iter().cloned().collect()),
            Answer::No(reason) => (vec![reason.clone()], Vec::new()),
            Answer::Unknown(missing) => (missing.iter().cloned().collect(), Vec::new()),
        };
        let place = Place {
            component: one.component,
            part: one.part.map_or("", Part::name),
            version: one.text.to_string(),
            affected: state(answer),
            reasons,
            mended,
            objects: vec![one.object.to_string()],
        };
        let same = |known: &&mut Place| {
            (known.component, known.part, &known.version, known.affected, &known.reasons)
                == (place.component, place.part, &place.version, place.affected, &place.reasons)
        };
        match found.iter_mut().find(same) {
            Some(known) => known.objects.extend(place.objects),
            None => found.push(place),
        }
    }
    for place in &mut found {
        place.objects.sort();
        place.objects.dedup();
    }
    found.sort_by(|a, b| {
        (b.affected, a.component, a.part, &a.version).cmp(&(
            a.affected,
            b.component,
            b.part,
            &b.version,
        ))
    });
    found
}

/// Why the version of something that runs is not known, for sections that list it.
pub(super) fn unread_version(running: &Running) -> Option<String> {
    running.release.as_ref().err().map(|reason| version_of(running, reason))
}
