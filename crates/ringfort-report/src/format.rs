//! The output formats by name. Those for people are written in a language, those for machines in
//! English.

use ringfort_language::Language;

use crate::report::Report;
use crate::{csv, gitlab_sast, html, json, junit, markdown, ocsf, prometheus, sarif};

/// A report in a format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// What had to be left out for the format's limits; empty if nothing.
    pub cut: String,
}

impl From<String> for Rendered {
    fn from(text: String) -> Self {
        Self { text, cut: String::new() }
    }
}

/// A format that is a function of the report alone.
type Render = fn(&Report, Language) -> Rendered;

/// Formats that are a function of the report alone, by name.
const RENDERED: &[(&str, Render)] = &[
    ("json", |report, _| json::render(report).into()),
    ("sarif", |report, _| sarif::render(report)),
    ("junit", |report, _| junit::render(report).into()),
    ("html", |report, language| Rendered {
        text: html::render(report, language),
        cut: html::left_out(report, language),
    }),
    ("markdown", markdown::render),
    ("csv", |report, _| csv::render(report).into()),
    ("ocsf", |report, _| ocsf::render(report).into()),
    ("gitlab-sast", |report, _| gitlab_sast::render(report).into()),
    ("prometheus", |report, _| prometheus::render(report).into()),
];

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The first screen, for a terminal.
    Human,
    /// The graph for Graphviz.
    Dot,
    /// The graph as GraphML.
    Graphml,
    /// Any other, by its position.
    Rendered(usize),
}

/// A name that no format has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format {name}; {known} exist")]
pub struct UnknownFormat {
    name: String,
    known: String,
}

impl Format {
    /// Names of all formats.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let rendered = RENDERED.iter().map(|(name, _)| *name);
        std::iter::once("human").chain(rendered).chain(["dot", "graphml"])
    }

    /// Whether it is the report as JSON, which [`json::write`] writes without holding it.
    #[must_use]
    pub fn is_json(self) -> bool {
        matches!(self, Self::Rendered(at) if RENDERED[at].0 == "json")
    }

    /// The report in the format, for people in that language, unless the format needs more than the report.
    #[must_use]
    pub fn render(self, report: &Report, language: Language) -> Option<Rendered> {
        match self {
            Self::Rendered(at) => Some(RENDERED[at].1(report, language)),
            Self::Human | Self::Dot | Self::Graphml => None,
        }
    }
}

impl std::str::FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        match name {
            "human" => Ok(Self::Human),
            "dot" => Ok(Self::Dot),
            "graphml" => Ok(Self::Graphml),
            _ => {
                let at = RENDERED.iter().position(|(known, _)| *known == name);
                at.map(Self::Rendered).ok_or_else(|| UnknownFormat {
                    name: name.to_owned(),
                    known: Self::names().collect::<Vec<_>>().join(", "),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_format() {
        for name in Format::names() {
            assert!(name.parse::<Format>().is_ok(), "{name}");
        }
        let error = "sarfi".parse::<Format>().unwrap_err().to_string();
        assert!(error.contains("sarfi") && error.contains("gitlab-sast"), "{error}");
    }
}
