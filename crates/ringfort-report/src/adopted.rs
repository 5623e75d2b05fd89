//! How far controls are adopted, as words for tables.

use ringfort_checks::adoption::{Adoption, Figure};

use crate::report::Report;

/// The columns.
pub(crate) const COLUMNS: [&str; 6] =
    ["metric", "of", "present", "effective", "present if", "effective if"];

/// The numbers of one metric.
pub(crate) struct Numbers {
    /// Where it is present; none for metrics without that number.
    pub(crate) present: Option<String>,
    /// Where it has an effect.
    pub(crate) effective: String,
}

impl Numbers {
    pub(crate) fn of(adoption: &Adoption) -> Self {
        let words = |figure: Figure| adoption.words(figure);
        Self {
            present: adoption.total.present.map(words),
            effective: words(adoption.total.effective),
        }
    }

    /// Both in one line.
    pub(crate) fn line(&self) -> String {
        match &self.present {
            Some(present) if *present == self.effective => {
                format!("present and effective: {present}")
            }
            Some(present) => format!("present: {present}, effective: {}", self.effective),
            None => format!("effective: {}", self.effective),
        }
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
