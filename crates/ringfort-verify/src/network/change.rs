//! Differences between two folders: compared where either side is cut, so that it does not
//! matter which ranges of addresses the tool joined again.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use ringfort_network::policy::ConnectionSet;

use super::edges::{self, Cuts, Flags};
use super::golden::Change;
use super::{Case, Files, Input, differences, golden, golden_of, input_of};

pub(super) fn agree(files: &Files, case: &Case) -> Result<(), String> {
    let golden_text = golden_of(files, &case.golden)?;
    let theirs = golden::changes(&golden_text, &case.flags.ref_names, case.format == "csv")?;
    let [first, second] = case.input.as_slice() else { return Err("needs two folders".to_owned()) };
    let (first, second) = (input_of(files, first)?, input_of(files, second)?);
    let mut cuts = Cuts::of(&first);
    cuts.join(&Cuts::of(&second));
    let (before, after) = (connections(&first, &cuts)?, connections(&second, &cuts)?);
    let keys: BTreeSet<&(String, String)> = before.keys().chain(after.keys()).collect();
    let mut ours: BTreeSet<Change> = BTreeSet::new();
    for key in keys {
        let none = ConnectionSet::none();
        let old = before.get(key).unwrap_or(&none);
        let new = after.get(key).unwrap_or(&none);
        let kind = match (old.is_empty(), new.is_empty()) {
            _ if old == new => continue,
            (true, _) => "added",
            (_, true) => "removed",
            _ => "changed",
        };
        let (from, to) = key.clone();
        ours.insert((kind.to_owned(), from, to, old.clone(), new.clone()));
    }
    let mut cut = BTreeSet::new();
    for (kind, from, to, old, new) in theirs {
        for from in pieces(&from, &cuts.sources) {
            for to in pieces(&to, &cuts.destinations) {
                cut.insert((kind.clone(), from.clone(), to, old.clone(), new.clone()));
            }
        }
    }
    differences(&cut, &ours)
}

fn connections(
    input: &Input,
    cuts: &Cuts,
) -> Result<BTreeMap<(String, String), ConnectionSet>, String> {
    let flags = Flags::default();
    let mut found = edges::pairs(input, cuts, &flags)?;
    found.retain(|edge| !edge.connections.is_empty());
    found.extend(edges::ingress(input, &flags));
    Ok(found.into_iter().map(|edge| ((edge.from, edge.to), edge.connections)).collect())
}

/// The ranges between borders that a name covers; other names stay whole.
fn pieces(name: &str, cuts: &BTreeSet<u32>) -> Vec<String> {
    let range = name.strip_suffix("[External]").and_then(|range| range.split_once('-'));
    let bits = |text: &str| text.parse::<Ipv4Addr>().map(Ipv4Addr::to_bits);
    let Some((Ok(first), Ok(last))) = range.map(|(first, last)| (bits(first), bits(last))) else {
        return vec![name.to_owned()];
    };
    edges::ranges(cuts)
        .into_iter()
        .filter(|(start, end)| first <= *start && *end <= last)
        .map(edges::external)
        .collect()
}
