//! Sorted tables of records with typed ids.

use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Index;
use std::sync::Arc;

use crate::kinds::Duplicate;
use crate::record::{Meta, Record};

/// Position of a record in its table; the order is that of namespace, then name.
pub struct Id<T>(u32, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// The id at a position.
    #[must_use]
    pub fn new(position: usize) -> Self {
        Self(u32::try_from(position).expect("a table holds fewer than 2^32 records"), PhantomData)
    }
    /// The position.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> std::hash::Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Records sorted by namespace and name.
///
/// A copy shares the records until one of them is changed, so that a cluster with a change
/// costs one table and not a second cluster.
#[derive(Clone, Debug)]
pub struct Table<T> {
    records: Arc<Vec<T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { records: Arc::default() }
    }
}

impl<T> Table<T> {
    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
    /// Whether both are one table, not only equal.
    pub(crate) fn is_shared_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.records, &other.records)
    }
    /// Records in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.records.iter()
    }
    /// Ids with records, in order.
    pub fn ids(&self) -> impl Iterator<Item = (Id<T>, &T)> {
        self.records.iter().enumerate().map(|(at, record)| (Id::new(at), record))
    }
}

impl<T: Clone> Table<T> {
    pub(crate) fn push(&mut self, record: T) {
        Arc::make_mut(&mut self.records).push(record);
    }
    /// Changes records that are not sorted yet.
    pub(crate) fn each_mut(&mut self, change: impl FnMut(&mut T)) {
        Arc::make_mut(&mut self.records).iter_mut().for_each(change);
    }
    pub(crate) fn into_records(self) -> impl Iterator<Item = T> {
        Arc::unwrap_or_clone(self.records).into_iter()
    }
}

impl<T: Record> Table<T> {
    fn start(&self, namespace: &str, name: &str) -> usize {
        self.records.partition_point(|record| key(record.meta()) < (namespace, name))
    }

    /// The record of that namespace (empty for cluster scope) and name.
    #[must_use]
    pub fn get(&self, namespace: &str, name: &str) -> Option<&T> {
        self.find(namespace, name).map(|id| &self[id])
    }

    /// The records, sorted.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.records
    }

    /// The id of the record of that namespace and name.
    #[must_use]
    pub fn find(&self, namespace: &str, name: &str) -> Option<Id<T>> {
        let at = self.start(namespace, name);
        let record = self.records.get(at)?;
        (key(record.meta()) == (namespace, name)).then(|| Id::new(at))
    }

    /// All records of that namespace and name: more than one only in tables that hold several
    /// kinds (workloads).
    pub fn all<'a>(&'a self, namespace: &'a str, name: &'a str) -> impl Iterator<Item = &'a T> {
        self.records[self.start(namespace, name)..]
            .iter()
            .take_while(move |record| key(record.meta()) == (namespace, name))
    }

    /// The records of one namespace, as a range of ids.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = (Id<T>, &'a T)> {
        let from = self.records.partition_point(|r| *r.meta().namespace < *namespace);
        self.records[from..]
            .iter()
            .enumerate()
            .take_while(move |(_, record)| record.meta().namespace == *namespace)
            .map(move |(at, record)| (Id::new(from + at), record))
    }

    /// Removes the records of that namespace and name that are meant; says how many.
    pub(crate) fn remove(
        &mut self,
        namespace: &str,
        name: &str,
        meant: impl Fn(&T) -> bool,
    ) -> usize {
        let from = self.start(namespace, name);
        let run = self.all(namespace, name).count();
        let places: Vec<usize> =
            (from..from + run).rev().filter(|&at| meant(&self.records[at])).collect();
        for &at in &places {
            Arc::make_mut(&mut self.records).remove(at);
        }
        places.len()
    }

    /// Adds a record to a frozen table, in its place.
    pub(crate) fn insert(&mut self, record: T, group: impl Fn(&T) -> String) {
        let meta = record.meta();
        let own = group(&record);
        let before = self.all(&meta.namespace, &meta.name).filter(|one| group(one) < own).count();
        let at = self.start(&meta.namespace, &meta.name) + before;
        Arc::make_mut(&mut self.records).insert(at, record);
    }

    /// Puts records in the place of those of the same namespace and name.
    pub(crate) fn replace(&mut self, changed: Vec<T>) {
        let records = Arc::make_mut(&mut self.records);
        for record in changed {
            let place =
                records.binary_search_by(|known| key(known.meta()).cmp(&key(record.meta())));
            if let Ok(at) = place {
                records[at] = record;
            }
        }
    }

    /// Sorts and removes duplicates: the highest resource version wins, then the smaller
    /// canonical bytes.
    pub(crate) fn freeze(&mut self, group: impl Fn(&T) -> String, lost: &mut Vec<Duplicate>) {
        let plain = |a: &T, b: &T| key(a.meta()).cmp(&key(b.meta()));
        let mut records = Arc::unwrap_or_clone(std::mem::take(&mut self.records));
        records.sort_by(plain);
        // Without duplicates the sorted records are the table.
        if records.windows(2).all(|two| plain(&two[0], &two[1]) == Ordering::Less) {
            records.shrink_to_fit();
            self.records = Arc::new(records);
            return;
        }
        // Only runs of one name need the costly comparison.
        let mut kept: Vec<T> = Vec::with_capacity(records.len());
        let mut run: Vec<T> = Vec::new();
        for record in records {
            if run.first().is_some_and(|first| plain(first, &record) != Ordering::Equal) {
                settle(&mut run, &mut kept, &group, lost);
            }
            run.push(record);
        }
        settle(&mut run, &mut kept, &group, lost);
        kept.shrink_to_fit();
        self.records = Arc::new(kept);
    }
}

fn key(meta: &Meta) -> (&str, &str) {
    (&meta.namespace, &meta.name)
}

fn settle<T: Record>(
    run: &mut Vec<T>,
    kept: &mut Vec<T>,
    group: &impl Fn(&T) -> String,
    lost: &mut Vec<Duplicate>,
) {
    if run.len() < 2 {
        kept.append(run);
        return;
    }
    let mut rated: Vec<(String, u64, Vec<u8>, T)> = run
        .drain(..)
        .map(|record| {
            let version = record.meta().resource_version.parse().unwrap_or(0);
            let bytes = serde_json::to_vec(&record).expect("records always serialise");
            (group(&record), version, bytes, record)
        })
        .collect();
    rated.sort_by(|a, b| (&a.0, b.1, &a.2).cmp(&(&b.0, a.1, &b.2)));
    let mut winner_so_far: Option<(String, String)> = None;
    for (kind, _, _, record) in rated {
        let version = record.meta().resource_version.to_string();
        match &winner_so_far {
            Some((known, winner)) if *known == kind => lost.push(Duplicate {
                kind,
                name: record.meta().full_name(),
                dropped: version,
                kept: winner.clone(),
            }),
            _ => {
                winner_so_far = Some((kind, version));
                kept.push(record);
            }
        }
    }
}

impl<T> Index<Id<T>> for Table<T> {
    type Output = T;
    fn index(&self, id: Id<T>) -> &T {
        &self.records[id.index()]
    }
}

impl<'a, T> IntoIterator for &'a Table<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.records.iter()
    }
}
