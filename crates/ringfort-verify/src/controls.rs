//! Controls of techniques, vectors and impacts: for each the smallest objects that give it, and for
//! each of its conditions the same objects without that one, which must give nothing.
//!
//! A file is a stream of YAML documents: a head, and the objects of the positive control as they
//! are applied to a cluster. The head names what they show, what must be found, and changes of the
//! objects with what must be found then (`crates/ringfort-attack/fixtures/README.md`). Objects are
//! judged as a complete dump of a server unless the head says `manifests`: nothing is assumed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ringfort_attack::{Attack, Engines, Impact, techniques, vectors};
use ringfort_collect::Options;
use ringfort_graph::{EdgeId, NodeId};
use ringfort_model::{Cluster, KubeVersion};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use thiserror::Error;

/// What can be wrong with a file of controls, beside a finding.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum ControlError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}: {reason}", path.display())]
    Form { path: PathBuf, reason: String },
}

/// An edge that must be found.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// Where it begins, as an id.
    pub from: String,
    /// Where it leads.
    pub to: String,
    /// How sure it is; proven where nothing is said.
    #[serde(default = "proven", skip_serializing_if = "is_proven")]
    pub state: String,
    /// The fact that would decide an unknown edge, or what is said of a control.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fact: String,
    /// Its difficulty, where it is not the technique's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub difficulty: String,
}

/// The other way of stating what is found: whoever holds all of `from` reaches `to`, and whoever
/// lacks one of them does not.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// Ids of positions, all of them needed.
    pub from: Vec<String>,
    /// The id of what they reach.
    pub to: String,
}

/// An instance of a vector that must be found.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: String,
    /// Where it leads, as ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leads: Vec<String>,
    /// What would decide it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// What must be found of a vector.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// Its state.
    pub state: String,
    /// Every instance of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<Entry>,
}

/// What must be found in some objects.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Every edge of the technique.
    #[serde(default)]
    pub edges: Vec<Edge>,
    /// What is reached with several positions.
    pub reach: Option<Reach>,
    /// What is found of the vector.
    pub vector: Option<Vector>,
}

/// The objects with something changed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// What is different, in a few words.
    pub what: String,
    /// `Kind/namespace/name /path` and the value there; null takes the field or the object away.
    #[serde(default)]
    pub change: BTreeMap<String, Value>,
    /// Objects that come in addition.
    #[serde(default)]
    pub add: Vec<Value>,
    /// Another version.
    pub version: Option<u32>,
    /// Whether the objects are manifests, where that differs.
    pub manifests: Option<bool>,
    /// What must be found; nothing by default.
    #[serde(default)]
    pub gives: Expected,
}

/// The head of a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    technique: Option<String>,
    vector: Option<String>,
    impact: Option<String>,
    shows: String,
    #[serde(default = "newest")]
    version: u32,
    #[serde(default)]
    manifests: bool,
    #[serde(default)]
    heuristics: bool,
    gives: Expected,
    #[serde(default)]
    also: Vec<Variant>,
    not: Vec<Variant>,
}

fn newest() -> u32 {
    36
}

fn proven() -> String {
    "proven".to_owned()
}

fn is_proven(state: &str) -> bool {
    state == "proven"
}

/// What a file of controls is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A technique, by its id.
    Technique(&'static str),
    /// A vector, by its id.
    Vector(&'static str),
    /// An impact.
    Impact(Impact),
    /// A target that is a question about pairs of positions, by its name.
    Asked(&'static str),
}

impl About {
    /// Everything that needs controls.
    #[must_use]
    pub fn all() -> BTreeSet<Self> {
        let techniques = techniques::ALL.iter().map(|technique| Self::Technique(technique.id));
        let vectors = vectors::ids().map(Self::Vector);
        let impacts = Impact::ALL.into_iter().map(Self::Impact);
        let asked = Impact::ASKED_ELSEWHERE.iter().map(|(name, _)| Self::Asked(name));
        techniques.chain(vectors).chain(impacts).chain(asked).collect()
    }

    /// Its id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Technique(id) | Self::Vector(id) | Self::Asked(id) => id,
            Self::Impact(impact) => impact.name(),
        }
    }
}

/// The controls of one technique, vector or impact.
#[derive(Clone, Debug)]
pub struct Controls {
    /// What they are about.
    pub about: About,
    /// What the objects show, in a sentence.
    pub shows: String,
    /// The objects of the positive control, as they are written.
    pub objects: Vec<Value>,
    /// What must be found in them.
    pub gives: Expected,
    /// Changes that keep it, in another form.
    pub also: Vec<Variant>,
    /// Negative controls.
    pub not: Vec<Variant>,
    version: u32,
    manifests: bool,
    heuristics: bool,
}

/// A control that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Which: empty for the positive one, else the words of the variant.
    pub what: String,
    /// What was wanted and what was found.
    pub reason: String,
}

/// Reads every file below a folder, sorted by what it is about.
pub fn read(folder: &Path) -> Result<Vec<Controls>, ControlError> {
    let mut found = Vec::new();
    for sort in ["techniques", "vectors", "impacts"] {
        let folder = folder.join(sort);
        let at = |source| ControlError::Read { path: folder.clone(), source };
        for entry in std::fs::read_dir(&folder).map_err(at)? {
            let path = entry.map_err(at)?.path();
            let text = std::fs::read_to_string(&path)
                .map_err(|source| ControlError::Read { path: path.clone(), source })?;
            found.push(
                Controls::parse(&text)
                    .and_then(|one| one.fits(&path, sort))
                    .map_err(|reason| ControlError::Form { path, reason })?,
            );
        }
    }
    found.sort_by_key(|one| one.about);
    Ok(found)
}

impl Controls {
    /// Reads a file's text; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut documents =
            ringfort_collect::yaml_values(text).map_err(|error| error.to_string())?.into_iter();
        let head = documents.next().ok_or("it is empty")?;
        let head: Head = serde_json::from_value(head).map_err(|error| error.to_string())?;
        let about = match (&head.technique, &head.vector, &head.impact) {
            (Some(id), None, None) => techniques::by_id(id).map(|one| About::Technique(one.id)),
            (None, Some(id), None) => vectors::ids().find(|one| one == id).map(About::Vector),
            (None, None, Some(id)) => {
                let asked = Impact::ASKED_ELSEWHERE.iter().find(|(name, _)| name == id);
                let asked = asked.map(|(name, _)| About::Asked(name));
                Impact::from_name(id).map(About::Impact).or(asked)
            }
            _ => return Err("it names not exactly one technique, vector or impact".to_owned()),
        };
        let about = about.ok_or("what it is about does not exist")?;
        let objects: Vec<Value> = documents.collect();
        if head.not.is_empty() {
            return Err("it has no negative control".to_owned());
        }
        if head.gives == Expected::default() {
            return Err("its positive control gives nothing".to_owned());
        }
        let Head { shows, gives, also, not, version, manifests, heuristics, .. } = head;
        if let Some(one) = also.iter().find(|one| one.gives == Expected::default()) {
            return Err(format!("{:?} gives nothing", one.what));
        }
        let mut words = BTreeSet::new();
        for one in also.iter().chain(&not) {
            if !words.insert(&one.what) {
                return Err(format!("{:?} is there twice", one.what));
            }
        }
        let about_vector = matches!(about, About::Vector(_));
        for one in &not {
            if about_vector && one.gives.vector == gives.vector {
                return Err(format!("{:?} leaves the vector as it is", one.what));
            }
            let kept = |edge: &Edge| {
                one.gives.edges.iter().any(|own| (&own.from, &own.to) == (&edge.from, &edge.to))
            };
            if gives.reach.is_none() && !gives.edges.is_empty() && gives.edges.iter().any(kept) {
                return Err(format!("{:?} leaves an edge of the positive control", one.what));
            }
        }
        Ok(Self { about, shows, objects, gives, also, not, version, manifests, heuristics })
    }

    fn fits(self, path: &Path, sort: &str) -> Result<Self, String> {
        let wanted = match self.about {
            About::Technique(_) => "techniques",
            About::Vector(_) => "vectors",
            About::Impact(_) | About::Asked(_) => "impacts",
        };
        let name = format!("{}.yaml", self.about.id());
        let named = path.file_name().is_some_and(|own| *own == *name);
        match named && sort == wanted {
            true => Ok(self),
            false => Err(format!("it belongs into {wanted}/{name}")),
        }
    }

    /// How many controls there are: positive ones, negative ones.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        (1 + self.also.len(), self.not.len())
    }

    /// Judges every control; nothing where all hold.
    #[must_use]
    pub fn judge(&self) -> Vec<Failed> {
        let mut failed = Vec::new();
        let mut check = |what: &str, objects: Result<Vec<Value>, String>, how, wanted| {
            let judged = objects.and_then(|objects| self.found(objects, how, wanted));
            if let Err(reason) = judged {
                failed.push(Failed { what: what.to_owned(), reason });
            }
        };
        let own = (self.version, self.manifests);
        check("", Ok(self.objects.clone()), own, &self.gives);
        for one in self.also.iter().chain(&self.not) {
            let how = (one.version.unwrap_or(own.0), one.manifests.unwrap_or(own.1));
            match how == own && one.change.is_empty() && one.add.is_empty() {
                true => check(&one.what, Err("it changes nothing".to_owned()), how, &one.gives),
                false => check(&one.what, self.changed(one), how, &one.gives),
            }
        }
        failed
    }

    fn changed(&self, variant: &Variant) -> Result<Vec<Value>, String> {
        let mut objects = self.objects.clone();
        for (key, value) in &variant.change {
            change(&mut objects, key, value)?;
        }
        if !variant.change.is_empty() && objects == self.objects {
            return Err("it changes nothing".to_owned());
        }
        objects.extend(variant.add.iter().cloned());
        Ok(objects)
    }

    fn found(
        &self,
        objects: Vec<Value>,
        (minor, manifests): (u32, bool),
        wanted: &Expected,
    ) -> Result<(), String> {
        let cluster = cluster(objects, minor, manifests)?;
        let engines = Engines::new(&cluster);
        let attack = match self.heuristics {
            true => Attack::with_heuristics(&cluster, &engines),
            false => Attack::new(&cluster, &engines),
        };
        match self.about {
            About::Technique(id) => {
                let mut sorted = wanted.edges.clone();
                sorted.sort();
                same(&edges(&attack, id), &sorted)?;
                match (&wanted.reach, &self.gives.reach) {
                    (Some(reach), _) => together(&attack, reach),
                    (None, Some(reach)) => apart(&attack, reach),
                    (None, None) => Ok(()),
                }
            }
            About::Impact(_) => match (&wanted.reach, &self.gives.reach) {
                (Some(reach), _) => together(&attack, reach),
                (None, Some(reach)) => apart(&attack, reach),
                (None, None) => Err("it says not from where the impact is reached".to_owned()),
            },
            About::Asked(_) => match (&wanted.reach, &self.gives.reach) {
                (Some(reach), _) if crosses(&attack, reach) => Ok(()),
                (Some(reach), _) => Err(format!("{:?} do not reach {}", reach.from, reach.to)),
                (None, Some(reach)) if crosses(&attack, reach) => {
                    Err(format!("{} is reached", reach.to))
                }
                (None, Some(_)) => Ok(()),
                (None, None) => Err("it says not who crosses".to_owned()),
            },
            About::Vector(id) => {
                let Some(vector) = attack.vectors.iter().find(|vector| vector.id == id) else {
                    return Err("there is no such vector".to_owned());
                };
                let instances = vector.instances.iter().map(|one| Entry {
                    name: one.name.to_string(),
                    state: one.state.name().to_owned(),
                    leads: one.leads.iter().map(|key| attack.id(key)).collect(),
                    missing: one.missing.iter().map(|&fact| fact.to_owned()).collect(),
                });
                let found = Vector {
                    state: vector.state.name().to_owned(),
                    instances: instances.collect(),
                };
                same(&found, &wanted.vector.clone().unwrap_or_default())
            }
        }
    }
}

/// The cluster that the objects are.
fn cluster(mut objects: Vec<Value>, minor: u32, manifests: bool) -> Result<Cluster, String> {
    let version = (minor > 0).then(|| KubeVersion::minor(minor));
    let options = Options { version, complete: !manifests, threads: 1, ..Options::default() };
    if !manifests {
        // What a server adds to whatever it keeps.
        for meta in objects.iter_mut().filter_map(|one| one.get_mut("metadata")) {
            let Some(meta) = meta.as_object_mut() else { continue };
            let name = meta.get("name").cloned().unwrap_or_default();
            meta.entry("uid").or_insert(name);
            meta.entry("resourceVersion").or_insert(json!("1"));
        }
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let read = ringfort_collect::read_objects(&[("objects.json", list.as_bytes())], &options)
        .map_err(|error| error.to_string())?;
    match read.cluster.gaps.first() {
        Some(gap) => Err(format!("{}: {}", gap.subject, gap.reason)),
        None => Ok(read.cluster),
    }
}

/// What differs is shown as it is written in a file.
fn same<T: Serialize + PartialEq>(found: &T, wanted: &T) -> Result<(), String> {
    match found == wanted {
        true => Ok(()),
        false => Err(format!("found {}\nwanted {}", json!(found), json!(wanted))),
    }
}

/// Every edge of a technique, sorted.
fn edges(attack: &Attack<'_>, id: &str) -> Vec<Edge> {
    let mut found: Vec<Edge> = (0..attack.graph.edge_count())
        .filter_map(|edge| {
            let edge = EdgeId(u32::try_from(edge).ok()?);
            let info = attack.edge(edge);
            let technique = techniques::ALL[info.technique? as usize];
            // An entry's edge is of no technique; that of another one is not asked about.
            if technique.id != id {
                return None;
            }
            let ends = attack.graph.edge(edge);
            let other = info.difficulty != technique.difficulty;
            Some(Edge {
                from: attack.id(attack.key(ends.from)),
                to: attack.id(attack.key(ends.to)),
                state: info.confidence.name().to_owned(),
                fact: info.note.unwrap_or_default().to_owned(),
                difficulty: if other { format!("{:?}", info.difficulty) } else { String::new() },
            })
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

fn node(attack: &Attack<'_>, id: &str) -> Option<NodeId> {
    attack.keys().iter().find(|key| attack.id(key) == id).and_then(|key| attack.node(key))
}

fn reaches<'r>(attack: &Attack<'_>, from: impl Iterator<Item = &'r String>, to: &str) -> bool {
    let from: Vec<NodeId> = from.filter_map(|id| node(attack, id)).collect();
    node(attack, to).is_some_and(|to| attack.reach(&from).contains(to.index()))
}

/// Whether each of the tenants leads to the other.
fn crosses(attack: &Attack<'_>, reach: &Reach) -> bool {
    let crossed = ringfort_plan::question::crossed(attack);
    let mut from = reach.from.iter();
    !reach.from.is_empty() && from.all(|one| crossed.contains(&(one.clone(), reach.to.clone())))
}

/// All of the positions reach the end, and all but one of them do not.
fn together(attack: &Attack<'_>, reach: &Reach) -> Result<(), String> {
    if let Some(id) = reach.from.iter().find(|id| node(attack, id).is_none()) {
        return Err(format!("there is no {id}"));
    }
    if !reaches(attack, reach.from.iter(), &reach.to) {
        return Err(format!("{} is not reached", reach.to));
    }
    for without in &reach.from {
        if reaches(attack, reach.from.iter().filter(|id| *id != without), &reach.to) {
            return Err(format!("{} is reached without {without}", reach.to));
        }
    }
    Ok(())
}

fn apart(attack: &Attack<'_>, reach: &Reach) -> Result<(), String> {
    match reaches(attack, reach.from.iter(), &reach.to) {
        true => Err(format!("{} is reached", reach.to)),
        false => Ok(()),
    }
}

/// An object as its heads name it: `Kind/namespace/name` or `Kind/name`.
#[must_use]
pub fn object_id(object: &Value) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let meta = |key: &str| text(object.pointer(&format!("/metadata/{key}")));
    let (kind, namespace, name) = (text(object.get("kind")), meta("namespace"), meta("name"));
    match namespace.is_empty() {
        true => format!("{kind}/{name}"),
        false => format!("{kind}/{namespace}/{name}"),
    }
}

/// Changes one field, or takes one object away.
fn change(objects: &mut Vec<Value>, key: &str, value: &Value) -> Result<(), String> {
    let (id, path) = key.split_once(' ').unwrap_or((key, ""));
    let mut meant = (0..objects.len()).filter(|&at| object_id(&objects[at]) == id);
    let (Some(at), None) = (meant.next(), meant.next()) else {
        return Err(format!("{id} is not exactly one object"));
    };
    if path.is_empty() {
        match value.is_null() {
            true => drop(objects.remove(at)),
            false => return Err(format!("{key} has no path")),
        }
        return Ok(());
    }
    let mut place = &mut objects[at];
    let mut words = path.strip_prefix('/').ok_or("a path begins with /")?.split('/').peekable();
    while let Some(word) = words.next() {
        let word = word.replace("~1", "/").replace("~0", "~");
        let last = words.peek().is_none();
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        place = match place {
            Value::Object(map) if last && value.is_null() => {
                let gone = map.remove(&word);
                return gone.map(|_| ()).ok_or_else(|| format!("{key} is not there"));
            }
            Value::Object(map) => map.entry(word).or_insert(Value::Null),
            Value::Array(list) => {
                let at: usize = match word.as_str() {
                    "-" => list.len(),
                    number => number.parse().map_err(|_| format!("{key}: {number}"))?,
                };
                if at == list.len() {
                    list.push(Value::Null);
                }
                if last && value.is_null() && at < list.len() {
                    list.remove(at);
                    return Ok(());
                }
                list.get_mut(at).ok_or_else(|| format!("{key} is not there"))?
            }
            _ => return Err(format!("{key} is not there")),
        };
    }
    *place = value.clone();
    Ok(())
}
