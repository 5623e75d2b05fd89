//! The report as data. Only `tool`, `source` and `generated_at` depend on anything but the
//! objects of the cluster.

use ringfort_checks::about::Excepted;
use ringfort_checks::exceptions::Outcome;
use ringfort_language::Sentence;
pub use ringfort_plan::{FixFile as Planned, NoCut, PointFile as Point};
use serde::Serialize;

use crate::change::Change;
use crate::gate::Judged;

/// Everything that a scan says.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Version of this shape.
    pub schema: &'static str,
    /// The program.
    pub tool: Tool,
    /// Where the objects come from.
    pub source: Source,
    /// When, in RFC 3339; empty where the caller wants no clock.
    pub generated_at: String,
    /// Counts.
    pub cluster: Facts,
    /// What was read.
    pub coverage: Coverage,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// The three zones.
    pub zones: Vec<Zone>,
    /// The zone with the lowest score; of equal ones that which the greatest share of paths pass
    /// unhindered.
    pub weakest_zone: Option<&'static str>,
    /// Entry-to-target pairs that are connected.
    pub pairs: usize,
    /// Of these, pairs whose entry could not be verified.
    pub unverified_pairs: usize,
    /// The vectors.
    pub vectors: Vec<Vector>,
    /// Paths, the easiest first.
    pub paths: Vec<Path>,
    /// Every pair of a way in and a target that is connected, by target.
    pub connected: Vec<Connected>,
    /// Changes that cut most pairs, each re-evaluated.
    pub fixes: Vec<Fix>,
    /// The cheapest changes that cut every path that can be cut.
    pub plan: Option<PlanSection>,
    /// Steps whose condition lies outside what was read, and the fact that would decide them.
    pub unknown: Vec<UnknownSteps>,
    /// Techniques and impacts that were not evaluated, and what is missing.
    pub not_evaluated: Vec<Unevaluated>,
    /// Findings, and what each check found, where checks ran.
    #[serde(flatten)]
    pub checked: Option<ringfort_checks::Findings>,
    /// How far controls are adopted.
    pub adoption: Vec<ringfort_checks::adoption::Adoption>,
    /// Versions of components, where they were judged.
    pub versions: Option<ringfort_checks::versions::Section>,
    /// Frameworks that were asked for, with the state of their controls.
    pub frameworks: Vec<ringfort_checks::framework::Assessment>,
    /// What the checks needed and was not read.
    pub unmet: Vec<ringfort_checks::Need>,
    /// Which findings were asked for, if not all.
    pub filter: Option<Filter>,
    /// What became of exceptions.
    pub exceptions: Vec<Outcome>,
    /// What changed since the baseline, if there is one.
    pub baseline: Option<Change>,
    /// What each gate says.
    pub gates: Vec<Judged>,
}

/// Which findings were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Filter {
    /// Severities, the mildest first; empty for all.
    pub severities: Vec<String>,
    /// Namespaces or patterns; empty for all.
    pub namespaces: Vec<String>,
    /// Findings that are left out.
    #[serde(default)]
    pub hidden: usize,
}

/// The ways in that lead to a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connected {
    /// The target.
    pub to: String,
    /// The ways in, sorted.
    pub from: Vec<String>,
}

/// The program.
#[derive(Clone, Debug, Serialize)]
pub struct Tool {
    /// Name.
    pub name: &'static str,
    /// Version.
    pub version: String,
}

/// The source.
#[derive(Clone, Debug, Serialize)]
pub struct Source {
    /// As given.
    pub place: String,
    /// As recognised.
    pub described: String,
    /// The folder that files are below, as seen from the working directory.
    pub base: String,
}

/// Counts of what the cluster holds.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// Kubernetes version, `unknown` if not known.
    pub version: String,
    /// Nodes.
    pub nodes: usize,
    /// Namespaces.
    pub namespaces: usize,
    /// Pods.
    pub pods: usize,
    /// ServiceAccounts.
    pub service_accounts: usize,
    /// Bindings, cluster-wide and namespaced.
    pub bindings: usize,
    /// Positions in the attack graph.
    pub positions: usize,
    /// Edges in the attack graph.
    pub edges: usize,
}

/// How much was read.
#[derive(Clone, Debug, Serialize)]
pub struct Coverage {
    /// Percent of the kinds that rules read which were read in full.
    pub percent: u32,
    /// Resources that were not read in full, with the status.
    pub incomplete: Vec<Gap>,
}

/// Something not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// What.
    pub subject: String,
    /// Why.
    pub reason: Sentence,
}

/// A zone of the defence.
#[derive(Clone, Debug, Serialize)]
pub struct Zone {
    /// `initial-access`, `in-cluster` or `impact`.
    pub id: &'static str,
    /// Name.
    pub title: &'static str,
    /// Its score, 0 to 100 (`docs/scores.md`); none where something that it rests on was not
    /// read.
    pub score: Option<u32>,
    /// What the score would be if everything unknown turned out well. Nothing that was not read
    /// can make it more.
    pub at_most: u32,
    /// The lower of the percent of kinds read and the percent of what the zone judges that is
    /// decided.
    pub coverage: u32,
    /// The points that are lost: for the worst of it, and for how much of it there is. None where
    /// there is no score.
    pub lost: Option<[u32; 2]>,
    /// Entries by state: open, unknown, guarded (initial access only).
    pub entries: [usize; 3],
    /// Entry-to-position pairs that pass the zone.
    pub pairs: usize,
    /// Share of the shown paths, in percent, that no control hinders in this zone.
    pub unhindered: u32,
    /// Its state in words.
    pub state: Sentence,
}

/// A vector of initial access.
#[derive(Clone, Debug, Serialize)]
pub struct Vector {
    /// `V1` to `V13`.
    pub id: &'static str,
    /// Name.
    pub title: &'static str,
    /// open, unknown, guarded or closed.
    pub state: &'static str,
    /// The innermost zone that its ways in get into; none if it is closed.
    pub zone: Option<&'static str>,
    /// Ways in by state: open, unknown, guarded.
    pub entries: [usize; 3],
    /// Targets that they lead to, each counted for each way in.
    pub pairs: usize,
    /// Metrics of `adoption` whose control stands in its way.
    pub controls: &'static [&'static str],
    /// Why a vector without instances has its state.
    pub note: &'static str,
    /// Its instances.
    pub instances: Vec<VectorInstance>,
}

/// One way in.
#[derive(Clone, Debug, Serialize)]
pub struct VectorInstance {
    /// Stable id: `vector/V7/NAMESPACE/NAME`.
    pub id: String,
    /// What it is.
    pub title: Sentence,
    /// Its state.
    pub state: &'static str,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// What would decide it.
    pub missing: Vec<&'static str>,
}

/// A path, or a derivation where two positions are needed.
#[derive(Clone, Debug, Serialize)]
pub struct Path {
    /// The entry.
    pub from: String,
    /// The target.
    pub to: String,
    /// Sum of the steps' weights.
    pub effort: u64,
    /// Whether its entry is verified.
    pub entry_verified: bool,
    /// Independent controls in its way: one that hinders several steps counts once.
    pub controls: usize,
    /// The exception that covers it.
    pub excepted: Option<Excepted>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// Technique id; `None` for what is already held.
    pub technique: Option<&'static str>,
    /// What is done, in a few words.
    pub title: &'static str,
    /// Where it starts.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// The end, for a reader.
    pub to_title: Sentence,
    /// Zone.
    pub zone: &'static str,
    /// Weight.
    pub weight: u32,
    /// Whether a control has to be beaten here.
    pub hindered: bool,
    /// proven, assumed-default, unverified-control or unknown.
    pub confidence: &'static str,
    /// A control that weakens it, or what is not verified.
    pub note: Option<String>,
    /// Id of the plan's fix that cuts it.
    pub cut_by: Option<String>,
    /// What allows it.
    pub evidence: Vec<Evidence>,
}

/// What allows a step.
#[derive(Clone, Debug, Serialize)]
pub struct Evidence {
    /// The object.
    pub object: String,
    /// The field.
    pub field: String,
    /// What it says.
    pub value: String,
    /// The command that shows it.
    pub command: String,
}

/// A change.
#[derive(Clone, Debug, Serialize)]
pub struct Fix {
    /// Stable id.
    pub id: String,
    /// What it does.
    pub title: Sentence,
    /// The object.
    pub object: String,
    /// Cost class.
    pub cost: u32,
    /// What could break, with the evidence.
    pub breaks: Vec<String>,
    /// Where to make the change so that it lasts, if a controller writes the object again.
    pub instead: Option<Sentence>,
    /// Pairs that are gone after it.
    pub cuts: usize,
    /// Pairs that are left.
    pub left: usize,
    /// The command that makes it.
    pub command: String,
    /// The change as `what-if --patch` reads it.
    pub change: serde_json::Value,
}

/// Steps that one missing fact would decide.
#[derive(Clone, Debug, Serialize)]
pub struct UnknownSteps {
    /// Technique id; `None` for what a position means.
    pub technique: Option<&'static str>,
    /// The fact.
    pub fact: String,
    /// Edges of the graph.
    pub edges: usize,
    /// Whether paths pass them all the same. Where nothing in the cluster points at the fact,
    /// they do so only if `fact/TECHNIQUE` is assumed.
    pub passed: bool,
}

/// Something not evaluated.
#[derive(Clone, Debug, Serialize)]
pub struct Unevaluated {
    /// Technique ids or an impact.
    pub id: &'static str,
    /// What it needs.
    pub needs: &'static str,
}

/// The plan of a scan.
#[derive(Clone, Debug, Serialize)]
pub struct PlanSection {
    /// The closing line.
    pub summary: Sentence,
    /// The changes.
    pub fixes: Vec<Planned>,
    /// What the first changes buy.
    pub curve: Vec<Point>,
    /// Pairs that nothing cuts.
    pub no_cut: Vec<NoCut>,
    /// Pairs that the changed cluster still connects although the graph says otherwise. Always
    /// empty, unless the program is wrong.
    pub disagreements: Vec<(String, String)>,
}
