//! The data: what ships with the program, or a file that takes its place.
//!
//! The file is read with every field checked; an error names the place in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::release::{Bound, Point, Range};

/// The version of the shape.
const SCHEMA: &str = "ringfort.versions/1";
/// Days after which data are called old.
pub const STALE_DAYS: i32 = 60;

/// Data that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// No JSON, or not of the shape.
    #[error("{place}: {reason}")]
    Field {
        /// Where in the document.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// A shape that this program does not read.
    #[error("schema: {0:?} is not {SCHEMA:?}")]
    Schema(String),
}

/// An id that the data do not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdvisoryError {
    /// Not of the form of an id.
    #[error("{0:?} is no id of an advisory; write CVE-YEAR-NUMBER, GHSA-… or GO-…")]
    NoId(String),
    /// Unknown.
    #[error("{id} is not in the data of {date}: it is newer, or about none of their components")]
    Unknown {
        /// The id.
        id: String,
        /// The day of the data.
        date: String,
    },
}

impl DataError {
    fn at(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Field { place: place.into(), reason: reason.into() }
    }
}

/// Where some of the data come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What rows call it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// The state that was read, where it has one.
    pub commit: String,
    /// The day of that state.
    pub date: String,
    /// The licence of the rows.
    pub licence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: String,
    date: String,
    covers: Vec<String>,
    sources: Vec<Source>,
    support: Vec<SupportRow>,
    advisories: Vec<AdvisoryRow>,
    notes: Vec<Note>,
    apis: Vec<ApiRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SupportRow {
    product: String,
    cycle: String,
    source: String,
    end: Option<String>,
    #[serde(default, rename = "url")]
    _url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvisoryRow {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    component: String,
    part: Option<Part>,
    source: String,
    url: String,
    #[serde(default)]
    ranges: Vec<RangeRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeRow {
    from: Option<String>,
    before: Option<String>,
    through: Option<String>,
    #[serde(default)]
    unconfirmed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiRow {
    #[serde(rename = "apiVersion")]
    api_version: String,
    kind: String,
    removed: String,
    #[serde(rename = "use")]
    instead: String,
    source: String,
}

/// A part of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    ApiServer,
    ControllerManager,
    Scheduler,
    Kubelet,
    KubeProxy,
    /// What people call the cluster with, which no object shows.
    Client,
}

impl Part {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiServer => "api-server",
            Self::ControllerManager => "controller-manager",
            Self::Scheduler => "scheduler",
            Self::Kubelet => "kubelet",
            Self::KubeProxy => "kube-proxy",
            Self::Client => "client",
        }
    }
}

/// Where somebody has to be to use a flaw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Attacker {
    /// Wherever packets to the component's listener come from.
    Network,
    /// In some pod, from where the component's listener is reached.
    NetworkPod,
    /// In a pod on the node, or able to start one.
    Pod,
    /// In possession of some identity of the API server.
    Account,
    /// Able to write an Ingress.
    IngressWriter,
    /// Root on a node.
    Node,
    /// A user of the component, which the cluster does not know.
    Operator,
}

/// A condition that objects decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Condition {
    /// ingress-nginx has an admission webhook.
    ValidatingWebhook,
    /// ingress-nginx does not validate annotations.
    AnnotationValidation,
    /// A ServiceAccount limits the Secrets that its pods may mount.
    MountableSecrets,
    /// There are NetworkPolicies.
    NetworkPolicies,
    /// Argo CD lets anonymous users in.
    ArgocdAnonymous,
    /// A node uses flannel's experimental extension backend.
    FlannelExtension,
}

/// What is known of an advisory beside its ranges.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Note {
    id: String,
    /// What happens, in a sentence.
    pub(crate) title: String,
    /// The parts of Kubernetes that are concerned.
    #[serde(default)]
    pub(crate) part: Vec<Part>,
    /// The operating system of nodes that are concerned.
    pub(crate) os: Option<Os>,
    pub(crate) attacker: Option<Attacker>,
    /// What the flaw gives.
    pub(crate) gives: Option<Gives>,
    pub(crate) condition: Option<Condition>,
    /// Facts outside of Kubernetes objects that decide whether a release in range is affected.
    #[serde(default)]
    pub(crate) needs: Vec<String>,
}

/// What a flaw gives to whoever uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Gives {
    Node,
    Cluster,
    ClusterSecrets,
    Code,
    Traffic,
    Leak,
    Bypass,
    Denial,
}

impl Gives {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Cluster => "cluster",
            Self::ClusterSecrets => "cluster-secrets",
            Self::Code => "code",
            Self::Traffic => "traffic",
            Self::Leak => "leak",
            Self::Bypass => "bypass",
            Self::Denial => "denial",
        }
    }
}

impl Attacker {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::NetworkPod => "network-pod",
            Self::Pod => "pod",
            Self::Account => "account",
            Self::IngressWriter => "ingress-writer",
            Self::Node => "node",
            Self::Operator => "operator",
        }
    }
}

/// The operating system of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Os {
    Linux,
    Windows,
}

/// What one source says of one advisory and component.
#[derive(Clone, Debug)]
pub(crate) struct Advisory {
    pub(crate) component: String,
    pub(crate) part: Option<Part>,
    /// Position in the sources.
    pub(crate) source: usize,
    pub(crate) url: String,
    pub(crate) ranges: Vec<Range>,
}

/// An API version that is served no more.
#[derive(Clone, Debug)]
pub(crate) struct Removed {
    /// The minor that stopped serving it.
    pub(crate) minor: u32,
    /// What takes its place; empty if nothing does.
    pub(crate) instead: String,
}

/// The data, checked.
#[derive(Debug)]
pub struct Data {
    date: Date,
    sources: Vec<Source>,
    covers: BTreeSet<String>,
    support: BTreeMap<(String, String), Option<String>>,
    advisories: BTreeMap<String, Vec<Advisory>>,
    aliases: BTreeMap<String, BTreeSet<String>>,
    notes: BTreeMap<String, Note>,
    removed: BTreeMap<(String, String), Removed>,
}

impl Data {
    /// The data that come with the program.
    ///
    /// # Panics
    ///
    /// Never: a test reads them.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static SHIPPED: OnceLock<Data> = OnceLock::new();
        SHIPPED.get_or_init(|| {
            Self::read(include_bytes!("../../data/versions.json")).expect("a test reads them")
        })
    }

    /// Reads a document.
    ///
    /// # Errors
    ///
    /// A place that is not as `schemas/versions.schema.json` says.
    pub fn read(bytes: &[u8]) -> Result<Self, DataError> {
        // Of a document of another version no field may be judged.
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let wrong = |error: &serde_json::Error| {
            DataError::at(format!("line {}, column {}", error.line(), error.column()), "no JSON")
        };
        if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
            return Err(wrong(&error));
        }
        let head: Head = serde_json::from_slice(bytes)
            .map_err(|_| DataError::at("schema", "missing, or no text"))?;
        if head.schema != SCHEMA {
            return Err(DataError::Schema(head.schema));
        }
        let mut input = serde_json::Deserializer::from_slice(bytes);
        let document: Document = serde_path_to_error::deserialize(&mut input)
            .map_err(|error| DataError::at(error.path().to_string(), error.inner().to_string()))?;
        Self::check(document)
    }

    fn check(document: Document) -> Result<Self, DataError> {
        debug_assert_eq!(document.schema, SCHEMA);
        let mut ids: BTreeMap<String, usize> = BTreeMap::new();
        for (at, source) in document.sources.iter().enumerate() {
            let place = format!("sources[{at}]");
            day(&source.date, &format!("{place}.date"))?;
            if ids.insert(source.id.clone(), at).is_some() {
                return Err(DataError::at(format!("{place}.id"), "a source of that id is above"));
            }
        }
        let source = |id: &str, place: &str| {
            let known = ids.get(id).copied();
            known.ok_or_else(|| {
                DataError::at(format!("{place}.source"), format!("no source {id:?}"))
            })
        };
        let mut data = Self {
            date: day(&document.date, "date")?,
            covers: document.covers.into_iter().collect(),
            support: BTreeMap::new(),
            advisories: BTreeMap::new(),
            aliases: BTreeMap::new(),
            notes: BTreeMap::new(),
            removed: BTreeMap::new(),
            sources: document.sources.clone(),
        };
        for (at, row) in document.support.into_iter().enumerate() {
            let place = format!("support[{at}]");
            source(&row.source, &place)?;
            if let Some(end) = &row.end {
                day(end, &format!("{place}.end"))?;
            }
            if data.support.insert((row.product, row.cycle), row.end).is_some() {
                return Err(DataError::at(place, "a row of that product and cycle is above"));
            }
        }
        for (at, row) in document.advisories.into_iter().enumerate() {
            let place = format!("advisories[{at}]");
            let source = source(&row.source, &place)?;
            let id = id(&row.id, &format!("{place}.id"))?;
            let ranges = row
                .ranges
                .iter()
                .enumerate()
                .map(|(at, range)| self::range(range, &format!("{place}.ranges[{at}]")));
            let ranges = ranges.collect::<Result<_, _>>()?;
            for alias in &row.aliases {
                data.aliases.entry(alias.to_ascii_uppercase()).or_default().insert(id.clone());
            }
            let AdvisoryRow { component, part, url, .. } = row;
            let one = Advisory { component, part, source, url, ranges };
            data.advisories.entry(id).or_default().push(one);
        }
        for (at, note) in document.notes.into_iter().enumerate() {
            let place = format!("notes[{at}].id");
            if !data.advisories.contains_key(&note.id) {
                return Err(DataError::at(place, format!("no advisory {:?}", note.id)));
            }
            if data.notes.insert(note.id.clone(), note).is_some() {
                return Err(DataError::at(place, "a note of that id is above"));
            }
        }
        for (at, row) in document.apis.into_iter().enumerate() {
            let place = format!("apis[{at}]");
            source(&row.source, &place)?;
            let minor = ringfort_model::KubeVersion::parse(&row.removed)
                .map_err(|error| DataError::at(format!("{place}.removed"), error.to_string()))?
                .minor;
            let one = Removed { minor, instead: row.instead };
            if data.removed.insert((row.api_version, row.kind), one).is_some() {
                return Err(DataError::at(place, "a row of that version and kind is above"));
            }
        }
        Ok(data)
    }

    /// The day of the data.
    #[must_use]
    pub fn date(&self) -> Date {
        self.date
    }

    /// Where they come from.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Days from the data to a day, if that makes them old.
    #[must_use]
    pub fn stale_by(&self, today: Date) -> Option<i32> {
        let span = today.since((jiff::Unit::Day, self.date)).ok()?;
        (span.get_days() > STALE_DAYS).then(|| span.get_days())
    }

    /// Whether a release of a product is supported on the day of the data, with the day on which
    /// support ends; nothing without a row. A row for `*` stands for all releases.
    pub(crate) fn support(&self, product: &str, cycle: &str) -> Option<(bool, Option<&str>)> {
        let row = |cycle: &str| self.support.get(&(product.to_owned(), cycle.to_owned()));
        let end = row(cycle).or_else(|| row("*"))?.as_deref();
        let today = self.date.to_string();
        Some((end.is_none_or(|end| end >= today.as_str()), end))
    }

    /// The oldest and the newest minor version of Kubernetes of which the data know.
    #[must_use]
    pub fn minors(&self) -> Option<(u32, u32)> {
        let of = self.support.keys().filter(|(product, _)| product == "kubernetes");
        let minors = of.filter_map(|(_, cycle)| cycle.strip_prefix("1.")?.parse::<u32>().ok());
        minors.fold(None, |ends, minor| {
            let (oldest, newest) = ends.unwrap_or((minor, minor));
            Some((oldest.min(minor), newest.max(minor)))
        })
    }

    /// Whether every advisory of a component is meant to be in the data.
    pub(crate) fn covers(&self, component: &str) -> bool {
        self.covers.contains(component)
    }

    /// All advisories, in the order of their ids.
    pub(crate) fn advisories(&self) -> impl Iterator<Item = (&str, &[Advisory])> {
        self.advisories.iter().map(|(id, rows)| (id.as_str(), rows.as_slice()))
    }

    /// The ids of advisories that a text names: itself, or those that it is another name of.
    pub(crate) fn named(&self, text: &str) -> Vec<&str> {
        let upper = text.trim().to_ascii_uppercase();
        let same = |id: &&String| id.eq_ignore_ascii_case(&upper);
        if let Some(id) = self.advisories.keys().find(same) {
            return vec![id];
        }
        self.aliases.get(&upper).into_iter().flatten().map(String::as_str).collect()
    }

    /// The ids of advisories that a text names, of which there is at least one.
    ///
    /// # Errors
    ///
    /// A text that is no id, or one that the data do not know.
    pub fn names(&self, text: &str) -> Result<Vec<&str>, AdvisoryError> {
        let id = text.trim();
        let upper = id.to_ascii_uppercase();
        if !["CVE-", "GHSA-", "GO-"].iter().any(|begin| upper.starts_with(begin)) {
            return Err(AdvisoryError::NoId(id.to_owned()));
        }
        let found = self.named(id);
        if found.is_empty() {
            let date = self.date.to_string();
            return Err(AdvisoryError::Unknown { id: id.to_owned(), date });
        }
        Ok(found)
    }

    /// What the sources say of an advisory.
    pub(crate) fn rows(&self, id: &str) -> &[Advisory] {
        self.advisories.get(id).map_or(&[], Vec::as_slice)
    }

    /// What is known of it beside.
    pub(crate) fn note(&self, id: &str) -> Option<&Note> {
        self.notes.get(id)
    }

    /// Whether no release of a component is known to mend what an advisory is about, so that no
    /// upgrade helps.
    pub(crate) fn stays(&self, id: &str, component: &str) -> bool {
        let rows = self.rows(id).iter().filter(|row| row.component == component);
        let mut ranges = rows.flat_map(|row| &row.ranges).peekable();
        ranges.peek().is_some()
            && ranges.all(|range| range.end == Bound::Open && !range.unconfirmed)
    }

    /// What an advisory gives to whoever uses it.
    pub(crate) fn gives(&self, id: &str) -> Option<Gives> {
        self.note(id)?.gives
    }

    /// When an API version was removed.
    pub(crate) fn removed(&self, api_version: &str, kind: &str) -> Option<&Removed> {
        self.removed.get(&(api_version.to_owned(), kind.to_owned()))
    }
}

fn day(text: &str, place: &str) -> Result<Date, DataError> {
    text.parse().map_err(|_| DataError::at(place, format!("{text:?} is no day; write YYYY-MM-DD")))
}

fn id(text: &str, place: &str) -> Result<String, DataError> {
    let begins = ["CVE-", "GHSA-", "GO-"].iter().any(|begin| text.starts_with(begin));
    begins
        .then(|| text.to_owned())
        .ok_or_else(|| DataError::at(place, format!("{text:?} is no CVE, GHSA or GO id")))
}

fn range(row: &RangeRow, place: &str) -> Result<Range, DataError> {
    let point = |text: &str, key: &str| {
        let wrong = || DataError::at(format!("{place}.{key}"), format!("{text:?} is no version"));
        Point::parse(text).ok_or_else(wrong)
    };
    let from = row.from.as_deref().map(|text| point(text, "from")).transpose()?;
    let end = match (&row.before, &row.through) {
        (Some(text), None) => Bound::Before(point(text, "before")?),
        (None, Some(text)) => Bound::Through(point(text, "through")?),
        (None, None) => Bound::Open,
        (Some(_), Some(_)) => {
            return Err(DataError::at(place, "before and through cannot both be given"));
        }
    };
    let empty = match (&from, &end) {
        (Some(from), Bound::Before(end)) => from >= end,
        (Some(from), Bound::Through(end)) => from > end,
        _ => false,
    };
    if empty {
        return Err(DataError::at(place, "it ends before it begins"));
    }
    Ok(Range { from, end, unconfirmed: row.unconfirmed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn document() -> Value {
        json!({
            "schema": SCHEMA, "date": "2026-08-22", "covers": ["runc"],
            "sources": [{"id": "s", "name": "S", "url": "u", "commit": "", "date": "2026-08-22",
                "licence": "MIT"}],
            "support": [
                {"product": "kubernetes", "cycle": "1.9", "end": "2018-09-27", "source": "s"},
                {"product": "kubernetes", "cycle": "1.90", "end": "2026-08-22", "source": "s"},
                {"product": "kubernetes", "cycle": "1.91", "end": "2026-08-21", "source": "s"},
                {"product": "x", "cycle": "2.0", "source": "s"},
                {"product": "y", "cycle": "*", "end": "2026-03-31", "source": "s"}],
            "advisories": [{"id": "CVE-2024-1", "aliases": ["GHSA-a"], "component": "runc",
                "source": "s", "url": "u", "ranges": [{"before": "1.2.3"}]}],
            "notes": [{"id": "CVE-2024-1", "title": "T"}],
            "apis": [{"apiVersion": "batch/v1beta1", "kind": "CronJob", "removed": "1.25",
                "use": "batch/v1", "source": "s"}],
        })
    }

    fn read(document: &Value) -> Result<Data, DataError> {
        Data::read(document.to_string().as_bytes())
    }

    #[test]
    fn support_is_judged_on_the_day_of_the_data() {
        let data = read(&document()).expect("it is whole");
        assert_eq!(data.support("kubernetes", "1.9"), Some((false, Some("2018-09-27"))));
        assert_eq!(data.support("kubernetes", "1.90"), Some((true, Some("2026-08-22"))));
        assert_eq!(data.support("kubernetes", "1.91"), Some((false, Some("2026-08-21"))));
        assert_eq!(data.support("kubernetes", "1.10"), None);
        assert_eq!(data.support("x", "2.0"), Some((true, None)));
        assert_eq!(data.support("y", "7.7"), Some((false, Some("2026-03-31"))));
    }

    #[test]
    fn data_are_old_after_sixty_days() {
        let data = read(&document()).expect("it is whole");
        let on = |text: &str| data.stale_by(text.parse().expect("a day"));
        assert_eq!(on("2026-08-01"), None);
        assert_eq!(on("2026-10-21"), None);
        assert_eq!(on("2026-10-22"), Some(61));
    }

    #[test]
    fn every_name_of_an_advisory_leads_to_it() {
        let data = read(&document()).expect("it is whole");
        for name in ["CVE-2024-1", "cve-2024-1", " GHSA-a", "ghsa-A"] {
            assert_eq!(data.named(name), ["CVE-2024-1"], "{name}");
        }
        assert!(data.named("CVE-2024-11").is_empty());
    }

    #[test]
    fn an_error_names_its_place() {
        let wrong = |at: &str, value: Value| {
            let mut document = document();
            *document.pointer_mut(at).expect("it is there") = value;
            read(&document).expect_err(at).to_string()
        };
        for (at, value, wanted) in [
            ("/schema", json!("ringfort.versions/2"), "schema: \"ringfort.versions/2\" is not"),
            ("/date", json!("22.8.2026"), "date: \"22.8.2026\" is no day"),
            ("/sources/0/date", json!("x"), "sources[0].date"),
            ("/support/0/source", json!("t"), "support[0].source: no source \"t\""),
            ("/support/1/cycle", json!("1.9"), "support[1]: a row of that product"),
            ("/support/2/end", json!("soon"), "support[2].end"),
            ("/advisories/0/id", json!("RUSTSEC-1"), "advisories[0].id"),
            ("/advisories/0/ranges/0/before", json!("1.2"), "advisories[0].ranges[0].before"),
            (
                "/advisories/0/ranges/0",
                json!({"from": "1.2.3", "before": "1.2.3"}),
                "advisories[0].ranges[0]: it ends before",
            ),
            (
                "/advisories/0/ranges/0",
                json!({"through": "1.2.3", "before": "1.2.3"}),
                "advisories[0].ranges[0]: before and through",
            ),
            ("/advisories/0/ranges/0", json!({"upto": "1.2.3"}), "advisories[0].ranges[0]"),
            ("/notes/0/id", json!("CVE-1"), "notes[0].id: no advisory"),
            ("/notes/0", json!({"id": "CVE-2024-1", "title": 1}), "notes[0].title"),
            ("/apis/0/removed", json!("2.0"), "apis[0].removed"),
        ] {
            let error = wrong(at, value);
            assert!(error.contains(wanted), "{at}: {error}");
        }
        let error = Data::read(b"{\n  \"schema\": oops").expect_err("no JSON").to_string();
        assert_eq!(error, "line 2, column 13: no JSON");
    }

    #[test]
    fn the_shipped_data_can_be_read_and_know_the_newest_minor() {
        let shipped = Data::shipped();
        assert!(shipped.date() >= jiff::civil::date(2026, 1, 1), "{}", shipped.date());
        let supported = |cycle| shipped.support("kubernetes", cycle).map(|(ok, _)| ok);
        assert_eq!((supported("1.36"), supported("1.24")), (Some(true), Some(false)));
        assert!(shipped.advisories().count() > 200);
        assert!(
            shipped.removed("extensions/v1beta1", "Ingress").is_some_and(|one| one.minor == 22)
        );
        for (id, rows) in shipped.advisories() {
            for row in rows {
                assert!(row.url.starts_with("https://"), "{id}: {}", row.url);
            }
        }
    }
}
