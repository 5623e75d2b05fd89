//! The docs as a book: every page is in the table of contents, every entry of it is a page, and
//! every relative link of any page leads to a file, and to a heading of it where it names one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn pages() -> BTreeSet<String> {
    let files = std::fs::read_dir(root().join("docs")).expect("docs");
    let names = files.map(|one| one.expect("a file").file_name().into_string().expect("text"));
    names.filter(|name| name.ends_with(".md")).collect()
}

/// The text outside of code.
fn prose(text: &str) -> String {
    let mut fence: Option<&str> = None;
    let mut prose = String::new();
    for line in text.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(open) if ticks == open => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {
                // Code within a line is no link.
                for (at, part) in line.split('`').enumerate() {
                    prose.push_str(if at % 2 == 0 { part } else { "code" });
                }
                prose.push('\n');
            }
        }
    }
    prose
}

/// Targets of links.
fn links(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let prose = prose(text);
    let mut rest = prose.as_str();
    while let Some(at) = rest.find("](") {
        rest = &rest[at + 2..];
        let end = rest.find(')').expect("a link ends");
        out.push(rest[..end].to_owned());
    }
    out
}

/// Anchors of headings, as mdBook and GitHub make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let plain = line.trim_start_matches('#').trim().to_lowercase();
            let kept =
                plain.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect()
}

#[test]
fn the_table_of_contents_lists_every_page_once() {
    let summary = std::fs::read_to_string(root().join("docs/SUMMARY.md")).expect("a summary");
    let listed = links(&summary);
    let set: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(set.len(), listed.len(), "a page is listed twice");
    let mut pages = pages();
    pages.remove("SUMMARY.md");
    assert_eq!(set, pages);
    let book = std::fs::read_to_string(root().join("book.toml")).expect("book.toml");
    assert!(book.contains("src = \"docs\""));
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut seen = 0;
    let docs = pages().into_iter().map(|page| root().join("docs").join(page));
    let more = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];
    for page in docs.chain(more.iter().map(|name| root().join(name))) {
        let text = std::fs::read_to_string(&page).expect("text");
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.with_file_name("").join(file),
            };
            assert!(target.exists(), "{}: {link} leads nowhere", page.display());
            if !anchor.is_empty() {
                let text = std::fs::read_to_string(&target).expect("text");
                assert!(
                    anchors(&text).contains(anchor),
                    "{}: {link} names no heading",
                    page.display()
                );
            }
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn nothing_is_lost_as_a_tag() {
    for page in pages() {
        let text = std::fs::read_to_string(root().join("docs").join(&page)).expect("text");
        for line in prose(&text).lines().filter(|line| !line.starts_with("<!-- ")) {
            let mut parts = line.split('<');
            let mut before = parts.next().unwrap_or_default();
            for part in parts {
                let tag = part.starts_with(|c: char| c.is_alphabetic() || matches!(c, '/' | '!'));
                assert!(!tag || before.ends_with('\\'), "{page}: {line}");
                before = part;
            }
        }
    }
}

#[test]
fn links_and_anchors_are_found_as_a_browser_would() {
    let text = "a [b](c.md#d) `[x](y)`\n```\n[no](no)\n```\n[e\nf](g)\n";
    assert_eq!(links(text), ["c.md#d", "g"]);
    assert!(anchors("# Limits, and what is `unknown`\n").contains("limits-and-what-is-unknown"));
}
