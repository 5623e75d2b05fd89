//! The paths of a report as one drawing: zones from left to right, the cut marked.
//!
//! Layers are zones first (ways in, what lies between, impacts) and within the middle the number
//! of steps from the ways in. Positions within a layer follow the mean of their neighbours, so
//! that few lines cross (Sugiyama, Tagawa and Toda, 1981). It depends on the report alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use ringfort_language::{Language, Sentence, cut, say, sentence, width};

use crate::html::escaped;
use crate::report::{Path, Report};

/// Positions that can be read at once.
const MOST: usize = 200;

const WIDTH: usize = 210;
const GAP: usize = 70;
/// Letters of the page's font for drawings that fit into a box: at 7 pixels none but capitals
/// and wide ones are wider.
const LETTERS: usize = 28;
const ROW: usize = 30;

struct Edge {
    from: usize,
    to: usize,
    technique: &'static str,
    cut: bool,
}

/// Positions and edges of the first paths that fit.
#[derive(Default)]
struct Picture<'r> {
    ids: Vec<&'r str>,
    titles: Vec<String>,
    layers: Vec<usize>,
    edges: Vec<Edge>,
    paths: usize,
}

/// Draws the paths of a report; empty without any.
#[must_use]
pub(crate) fn render(report: &Report, language: Language) -> String {
    let picture = Picture::new(&report.paths, language);
    if picture.ids.is_empty() {
        return String::new();
    }
    let more = match report.paths.len() - picture.paths {
        0 => Sentence::default(),
        count => sentence!("; {count} more paths are listed below", count),
    };
    let text = say!(
        language,
        "{positions} positions of {paths} paths{more}. Dashed lines are what the plan cuts.",
        positions = picture.ids.len(),
        paths = picture.paths,
        more
    );
    let mut out = format!("<p class=\"soft\">{text}</p>");
    picture.draw(&mut out, language);
    out
}

impl<'r> Picture<'r> {
    fn new(paths: &'r [Path], language: Language) -> Self {
        let mut picture = Self::default();
        let mut known: BTreeMap<&'r str, usize> = BTreeMap::new();
        let mut edges: BTreeMap<(usize, usize), Edge> = BTreeMap::new();
        for path in paths {
            let new: BTreeSet<&str> = path
                .steps
                .iter()
                .flat_map(|step| [step.from.as_str(), step.to.as_str()])
                .filter(|id| !known.contains_key(id))
                .collect();
            if known.len() + new.len() > MOST {
                break;
            }
            picture.paths += 1;
            for step in &path.steps {
                let mut place = |id: &'r str, title: &str, impact: bool| {
                    let next = known.len();
                    let at = *known.entry(id).or_insert(next);
                    if at == picture.ids.len() {
                        picture.ids.push(id);
                        picture.titles.push(title.to_owned());
                        picture.layers.push(if impact { usize::MAX } else { 0 });
                    }
                    at
                };
                let from = place(&step.from, &step.from, false);
                let title = language.say(&step.to_title);
                let to = place(&step.to, &title, step.to.starts_with("impact/"));
                picture.titles[to] = title;
                edges.entry((from, to)).or_insert(Edge {
                    from,
                    to,
                    technique: step.technique.unwrap_or_default(),
                    cut: step.cut_by.is_some(),
                });
            }
        }
        picture.edges = edges.into_values().collect();
        picture.layer();
        picture
    }

    /// Steps from the start, impacts last.
    fn layer(&mut self) {
        let impact = |layer: usize| layer == usize::MAX;
        let mut depth: Vec<Option<usize>> = vec![None; self.ids.len()];
        let has_way_in: BTreeSet<usize> = self.edges.iter().map(|edge| edge.to).collect();
        for (at, depth) in depth.iter_mut().enumerate() {
            if !has_way_in.contains(&at) {
                *depth = Some(0);
            }
        }
        // Breadth first: as many rounds as there are steps.
        for _ in 0..self.ids.len() {
            let mut changed = false;
            for edge in &self.edges {
                let Some(before) = depth[edge.from] else { continue };
                if depth[edge.to].is_none_or(|known| known > before + 1) {
                    depth[edge.to] = Some(before + 1);
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        let inner = self.layers.iter().zip(&depth).filter(|(layer, _)| !impact(**layer));
        let last = inner.filter_map(|(_, depth)| *depth).max().unwrap_or(0) + 1;
        for (layer, depth) in self.layers.iter_mut().zip(depth) {
            *layer = if impact(*layer) { last } else { depth.unwrap_or(0) };
        }
    }

    /// The row of each position.
    fn rows(&self) -> Vec<usize> {
        let count = self.layers.iter().copied().max().unwrap_or(0) + 1;
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (at, &layer) in self.layers.iter().enumerate() {
            members[layer].push(at);
        }
        let mut rows = vec![0; self.ids.len()];
        let number = |members: &[Vec<usize>], rows: &mut Vec<usize>| {
            for layer in members {
                for (row, &at) in layer.iter().enumerate() {
                    rows[at] = row;
                }
            }
        };
        number(&members, &mut rows);
        for _ in 0..4 {
            for layer in &mut members {
                let mean = |at: usize| {
                    let of = self.edges.iter().filter_map(|edge| match (edge.from, edge.to) {
                        (from, to) if from == at => Some(rows[to]),
                        (from, to) if to == at => Some(rows[from]),
                        _ => None,
                    });
                    let (count, sum) =
                        of.fold((0usize, 0usize), |(n, sum), row| (n + 1, sum + row));
                    sum * 1000 / count.max(1)
                };
                layer.sort_by_key(|&at| (mean(at), self.ids[at]));
            }
            number(&members, &mut rows);
        }
        rows
    }

    fn draw(&self, out: &mut String, language: Language) {
        let rows = self.rows();
        let columns = self.layers.iter().copied().max().unwrap_or(0) + 1;
        let tall = rows.iter().copied().max().unwrap_or(0) + 1;
        let (width, height) = (columns * (WIDTH + GAP) - GAP + 8, tall * ROW + 8);
        let x = |at: usize| self.layers[at] * (WIDTH + GAP) + 4;
        let y = |at: usize| rows[at] * ROW + 4;
        let _ = write!(
            out,
            "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><svg class=\"map\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{}\">",
            say!(language, "drawing of the paths"),
            say!(language, "paths from ways in to impacts")
        );
        let mark = format!(", {}", say!(language, "cut by the plan"));
        for edge in &self.edges {
            let (x1, y1) = (x(edge.from) + WIDTH, y(edge.from) + 11);
            let (x2, y2) = (x(edge.to), y(edge.to) + 11);
            let (c1, c2) = (x1 + GAP / 2, x2.saturating_sub(GAP / 2));
            let class = if edge.cut { " class=\"cut\"" } else { "" };
            let _ = write!(
                out,
                "<path{class} d=\"M{x1} {y1} C{c1} {y1} {c2} {y2} {x2} {y2}\"><title>{}{}</title></path>",
                escaped(edge.technique),
                if edge.cut { &mark } else { "" }
            );
        }
        for (at, title) in self.titles.iter().enumerate() {
            let short = shortened(title);
            let _ = write!(
                out,
                "<g><title>{}</title><rect x=\"{}\" y=\"{}\" width=\"{WIDTH}\" height=\"22\" rx=\"4\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
                escaped(title),
                x(at),
                y(at),
                x(at) + 6,
                y(at) + 15,
                escaped(&short)
            );
        }
        out.push_str("</svg></div>");
    }
}

/// A title that fits into its box: both ends say what it is, the middle is left out.
fn shortened(title: &str) -> String {
    const HEAD: usize = LETTERS / 2 - 2;
    if width(title) <= LETTERS {
        return title.to_owned();
    }
    let head = cut(title, HEAD + 1);
    let mut tail = title;
    while width(tail) > LETTERS - HEAD - 1 {
        let mut letters = tail.chars();
        letters.next();
        tail = letters.as_str();
    }
    format!("{head}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_fit_and_keep_both_ends() {
        assert_eq!(shortened("sa/ops/deployer"), "sa/ops/deployer");
        let long = shortened("kubelet/harbour.example.internal-control-plane");
        assert_eq!(long, "kubelet/harb…l-control-plane");
        assert_eq!(long.chars().count(), LETTERS);
    }
}
