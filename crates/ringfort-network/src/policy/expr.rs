//! What selects pods and nodes: one expression over everything that a policy of any kind may
//! ask about them. `podSelector`, `namespaceSelector`, Cilium's reserved labels and Calico's
//! selector language all become this, so that classes and sets are computed once.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_model::record::LabelSelector;
use ringfort_model::{Map, Str};

use crate::policy::rules::rules;

/// The label that every namespace carries, whatever its object says.
pub const NAMESPACE_LABEL: &str = "kubernetes.io/metadata.name";

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A label of the pod, or of the node where nodes are selected.
    Label(Str),
    /// A label of the pod's namespace.
    NamespaceLabel(Str),
    /// The name of the pod's namespace.
    Namespace,
    /// The account that the pod runs as.
    Account,
}

/// The question about one value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Op {
    /// Present with one of these values.
    In(Vec<Str>),
    /// Absent, or present with none of these values.
    NotIn(Vec<Str>),
    /// Present.
    Exists,
    /// Absent.
    Absent,
    /// Present, and the value holds the text.
    Contains(Str),
    /// Present, and the value begins with the text.
    StartsWith(Str),
    /// Present, and the value ends with the text.
    EndsWith(Str),
}

/// A selection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Expr {
    /// Every part holds; without parts everything is selected.
    All(Vec<Expr>),
    /// One part holds; without parts nothing is selected.
    Any(Vec<Expr>),
    /// The part does not hold.
    Not(Box<Expr>),
    /// A question.
    Test(Key, Op),
}

/// What can be asked about.
pub trait Labelled {
    /// The value of a key, if present.
    fn value(&self, key: &Key) -> Option<&str>;
}

/// Labels alone, for nodes.
impl Labelled for Map {
    fn value(&self, key: &Key) -> Option<&str> {
        match key {
            Key::Label(name) => self.get(name).map(Str::as_str),
            _ => None,
        }
    }
}

impl Op {
    /// The answer for a value.
    #[must_use]
    pub fn holds(&self, value: Option<&str>) -> bool {
        let is_in = |values: &[Str], value: &str| values.iter().any(|known| known == value);
        match self {
            Self::In(values) => value.is_some_and(|value| is_in(values, value)),
            Self::NotIn(values) => match value {
                Some(value) => !is_in(values, value),
                None => rules().switches.not_in_takes_absent,
            },
            Self::Exists => value.is_some(),
            Self::Absent => value.is_none(),
            Self::Contains(text) => value.is_some_and(|value| value.contains(text.as_str())),
            Self::StartsWith(text) => value.is_some_and(|value| value.starts_with(text.as_str())),
            Self::EndsWith(text) => value.is_some_and(|value| value.ends_with(text.as_str())),
        }
    }
}

impl Expr {
    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// Nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self::Any(Vec::new())
    }

    /// The pods of one namespace.
    #[must_use]
    pub fn namespace(name: &Str) -> Self {
        Self::Test(Key::Namespace, Op::In(vec![name.clone()]))
    }

    /// What both select.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All(mut parts), Self::All(more)) => {
                parts.extend(more);
                Self::All(parts)
            }
            (Self::All(mut parts), one) => {
                parts.push(one);
                Self::All(parts)
            }
            (one, Self::All(mut parts)) => {
                parts.insert(0, one);
                Self::All(parts)
            }
            (one, other) => Self::All(vec![one, other]),
        }
    }

    /// A selector of the API over keys that `key` makes. It must have passed
    /// [`crate::policy::label::refusal`].
    #[must_use]
    pub fn of(selector: &LabelSelector, key: impl Fn(&Str) -> Key) -> Self {
        let labels = selector
            .match_labels
            .iter()
            .map(|(name, value)| Self::Test(key(name), Op::In(vec![value.clone()])));
        let needs = selector.match_expressions.iter().map(|need| {
            let mut values = need.values.to_vec();
            values.sort();
            values.dedup();
            let op = match need.operator.as_str() {
                "In" => Op::In(values),
                "NotIn" => Op::NotIn(values),
                "Exists" => Op::Exists,
                "DoesNotExist" => Op::Absent,
                _ => return Self::nothing(),
            };
            Self::Test(key(&need.key), op)
        });
        let mut parts: Vec<Self> = labels.chain(needs).collect();
        parts.sort();
        parts.dedup();
        Self::All(parts)
    }

    /// A selector over pod labels.
    #[must_use]
    pub fn pods(selector: &LabelSelector) -> Self {
        Self::of(selector, |name| Key::Label(name.clone()))
    }

    /// A selector over namespace labels.
    #[must_use]
    pub fn namespaces(selector: &LabelSelector) -> Self {
        Self::of(selector, |name| {
            if name == NAMESPACE_LABEL && rules().switches.namespaces_carry_their_name {
                Key::Namespace
            } else {
                Key::NamespaceLabel(name.clone())
            }
        })
    }

    /// Whether it selects.
    pub fn holds(&self, of: &impl Labelled) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(of)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(of)),
            Self::Not(part) => !part.holds(of),
            Self::Test(key, op) => op.holds(of.value(key)),
        }
    }

    /// Calls `each` with every question.
    fn each_test<'a>(&'a self, each: &mut impl FnMut(&'a Key, &'a Op)) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.each_test(each);
                }
            }
            Self::Not(part) => part.each_test(each),
            Self::Test(key, op) => each(key, op),
        }
    }

    /// Questions that must all be answered with one value each, to find candidates by.
    pub(crate) fn anchors(&self) -> impl Iterator<Item = (&Key, &Str)> {
        let parts = match self {
            Self::All(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        parts.iter().filter_map(|part| match part {
            Self::Test(key, Op::In(values)) if values.len() == 1 => Some((key, &values[0])),
            _ => None,
        })
    }
}

/// Everything that any policy asks about: what need not be told apart is not.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    /// By key, the values that are named; `None` where a question looks into the value.
    keys: BTreeMap<Key, Option<BTreeSet<Str>>>,
}

/// A value that no policy names.
const OTHER: &str = "\u{0}";

impl Vocabulary {
    pub(crate) fn add(&mut self, expr: &Expr) {
        expr.each_test(&mut |key, op| {
            let known = self.keys.entry(key.clone()).or_insert_with(|| Some(BTreeSet::new()));
            match op {
                Op::In(values) | Op::NotIn(values) => {
                    if let Some(known) = known {
                        known.extend(values.iter().cloned());
                    }
                }
                Op::Exists | Op::Absent => {}
                Op::Contains(_) | Op::StartsWith(_) | Op::EndsWith(_) => *known = None,
            }
        });
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.keys()
    }

    /// The value as policies see it.
    pub(crate) fn seen<'a>(&self, key: &Key, value: &'a str) -> &'a str {
        match self.keys.get(key) {
            Some(None) => value,
            Some(Some(known)) if known.contains(value) => value,
            _ => OTHER,
        }
    }
}
