//! How far controls are adopted, as words for tables.

use ringfort_checks::adoption::{Adoption, Figure};
use ringfort_language::{Sentence, message, sentence};

use crate::report::Report;

/// The columns.
pub(crate) const COLUMNS: [&str; 6] = [
    message!("metric"),
    message!("of"),
    message!("present"),
    message!("effective"),
    message!("present if"),
    message!("effective if"),
];

/// The numbers of one metric.
pub(crate) struct Numbers {
    /// Where it is present; none for metrics without that number.
    pub(crate) present: Option<Sentence>,
    /// Where it has an effect.
    pub(crate) effective: Sentence,
}

impl Numbers {
    pub(crate) fn of(adoption: &Adoption) -> Self {
        let of = adoption.total.of;
        Self {
            present: adoption.total.present.map(|figure| words(figure, of)),
            effective: words(adoption.total.effective, of),
        }
    }

    /// Both, of a metric, in one line.
    pub(crate) fn line(&self, metric: &str) -> Sentence {
        let effective = &self.effective;
        match &self.present {
            Some(present) if present == effective => {
                sentence!("{metric} present and effective: {effective}", metric, effective)
            }
            Some(present) => sentence!(
                "{metric} present: {present}, effective: {effective}",
                metric,
                present,
                effective
            ),
            None => sentence!("{metric} effective: {effective}", metric, effective),
        }
    }
}

/// A number in words: never a bare percentage where something is not known (MET-01).
fn words(figure: Figure, of: u64) -> Sentence {
    let Figure { count, unknown } = figure;
    match unknown {
        0 => sentence!("{count} of {of}", count, of),
        unknown => sentence!("{count} of {of} ({unknown} unknown)", count, of, unknown),
    }
}

/// The metrics in the order of the catalogue, without those that have nothing to count here.
pub(crate) fn counted(report: &Report) -> impl Iterator<Item = (&Adoption, Numbers)> {
    let counted = report.adoption.iter().filter(|one| one.total.of > 0);
    counted.map(|one| (one, Numbers::of(one)))
}

/// Metrics that have nothing to count here.
pub(crate) fn left_out(report: &Report) -> Vec<&'static str> {
    let empty = report.adoption.iter().filter(|one| one.total.of == 0);
    empty.map(|one| one.metric.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_stands_beside_the_number() {
        let figure = |unknown| Figure { count: 0, unknown };
        assert_eq!(words(figure(1), 1).to_string(), "0 of 1 (1 unknown)");
        assert_eq!(words(figure(0), 4).to_string(), "0 of 4");
    }
}
