//! The matrix of vectors: of each its state, how far its ways in get, how many there are and how
//! many targets they lead to, and how far the controls that stand in its way are adopted.

use ringfort_attack::{Attack, Instance, NodeKey, State, Zone};
use ringfort_graph::BitSet;
use ringfort_language::{Language, Sentence, message, say, sentence};

use crate::adopted::Numbers;
use crate::build::evidence;
use crate::report::{Report, Vector, VectorInstance};

/// The columns.
pub(crate) const COLUMNS: [&str; 6] = [
    message!("vector"),
    message!("state"),
    message!("reaches"),
    message!("ways in"),
    message!("pairs"),
    message!("controls in its way"),
];

/// Metrics of the controls that hold a vector up, or what it lands on (initial-access, under
/// "Controls" of each); V4 and V6 have none that is measured.
static CONTROLS: [(&str, &[&str]); 13] = [
    ("V1", &["MET-ANON", "MET-ENDPOINT"]),
    ("V2", &["MET-LEGACYBIND", "MET-ENDPOINT"]),
    ("V3", &["MET-LOCALACC", "MET-ENDPOINT"]),
    ("V4", &[]),
    ("V5", &["MET-NP-DENY-IN"]),
    ("V6", &[]),
    ("V7", &["MET-PSS-R", "MET-NP-DENY-OUT", "MET-UNS"]),
    ("V8", &["MET-PSS-B", "MET-NP-DENY-IN"]),
    ("V9", &["MET-DIGEST", "MET-SIG"]),
    ("V10", &["MET-RTC", "MET-AUTO-OFF", "MET-QUOTA"]),
    ("V11", &["MET-ACCESSMODE", "MET-WI", "MET-IMDS"]),
    ("V12", &["MET-SIG", "MET-ADM"]),
    ("V13", &["MET-VERSION", "MET-UNS", "MET-RTC"]),
];

/// The vectors, with the default targets that their ways in reach.
pub(crate) fn vectors(attack: &Attack<'_>, reached: &[BitSet]) -> Vec<Vector> {
    let of = |vector: &ringfort_attack::Vector| {
        let ways = attack.entries().enumerate();
        let own = ways.filter(|(_, (instance, _))| instance.vector == vector.id);
        let own: Vec<usize> = own.map(|(at, _)| at).collect();
        let hits = |set: &BitSet| own.iter().filter(|&&at| set.contains(at)).count();
        let pairs = reached.iter().map(hits).sum();
        let count = |state| vector.instances.iter().filter(|one| one.state == state).count();
        let controls = CONTROLS.iter().find(|(id, _)| *id == vector.id);
        Vector {
            id: vector.id,
            title: vector.title,
            state: vector.state.name(),
            zone: zone(attack, vector, pairs).map(Zone::name),
            entries: [State::Open, State::Unknown, State::Guarded].map(count),
            pairs,
            controls: controls.map_or(&[][..], |(_, metrics)| *metrics),
            note: if vector.instances.is_empty() { vector.note } else { "" },
            instances: vector.instances.iter().map(|one| instance(attack, one)).collect(),
        }
    };
    attack.vectors.iter().map(of).collect()
}

/// The innermost zone that the ways in of a vector get into.
fn zone(attack: &Attack<'_>, vector: &ringfort_attack::Vector, pairs: usize) -> Option<Zone> {
    let held = |one: &Instance| {
        let key = NodeKey::Vector(one.vector, one.name.clone());
        let node = attack.node(&key).filter(|_| one.state != State::Closed);
        node.is_some_and(|node| !attack.graph.outgoing(node).is_empty())
    };
    match vector.state {
        State::Closed => None,
        _ if pairs > 0 => Some(Zone::Impact),
        _ if vector.instances.iter().any(held) => Some(Zone::InCluster),
        _ => Some(Zone::Initial),
    }
}

fn instance(attack: &Attack<'_>, instance: &Instance) -> VectorInstance {
    VectorInstance {
        id: format!("vector/{}/{}", instance.vector, instance.name),
        title: instance.title.clone(),
        state: instance.state.name(),
        evidence: evidence(attack, &instance.why),
        missing: instance.missing.clone(),
    }
}

/// A row as words.
pub(crate) struct Row<'r> {
    /// The vector.
    pub(crate) vector: &'r Vector,
    /// Its id and title.
    pub(crate) name: Sentence,
    /// The zone that it gets into.
    pub(crate) zone: &'static str,
    /// Ways in by state.
    pub(crate) entries: String,
    /// A line for each control.
    pub(crate) controls: Vec<Sentence>,
}

/// The rows, in the order of vectors.
pub(crate) fn rows(report: &Report, language: Language) -> Vec<Row<'_>> {
    let row = |vector: &'_ Vector| {
        let metrics = vector.controls.iter();
        let found = metrics.filter_map(|id| {
            let found = report.adoption.iter().find(|one| one.metric.id == *id);
            let one = found.filter(|one| one.total.of > 0)?;
            let numbers = Numbers::of(one);
            Some(numbers.line(id))
        });
        found.collect()
    };
    let of = |vector| Row {
        vector,
        name: sentence!(
            "{vector} {title}",
            vector = vector.id,
            title = Sentence::plain(vector.title)
        ),
        zone: vector.zone.unwrap_or(message!("nothing")),
        entries: entries(vector, language),
        controls: row(vector),
    };
    report.vectors.iter().map(of).collect()
}

/// How many ways in of each state there are.
fn entries(vector: &Vector, language: Language) -> String {
    let [open, unknown, guarded] = vector.entries;
    let parts = [
        (open, message!("{count} open")),
        (unknown, message!("{count} unknown")),
        (guarded, message!("{count} guarded")),
    ];
    let known: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| language.say(&Sentence::plain(state).with("count", count)))
        .collect();
    if known.is_empty() { say!(language, "none seen").to_owned() } else { language.list(&known) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_checks::adoption::ORDER;

    #[test]
    fn every_vector_has_controls_that_are_measured() {
        let ids: Vec<&str> = ringfort_attack::vectors::ids().collect();
        assert_eq!(CONTROLS.map(|(id, _)| id).to_vec(), ids);
        for (id, metrics) in CONTROLS {
            assert!(metrics.iter().all(|metric| ORDER.contains(metric)), "{id}");
        }
    }
}
