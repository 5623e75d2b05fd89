//! What the docs say that the program prints, it prints. A line
//!
//! ```text
//! <!-- output of: ringfort ARGUMENTS -->
//! ```
//!
//! (or `first N lines of`, or `lines with TEXT of`) is followed by a block with the command, what it
//! writes to both streams, and its exit code if that is not 0; `<!-- file: PATH -->` by the file.
//! `cargo xtask docs` writes the blocks (`RINGFORT_BLESS=1`), `--check` compares them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// 2026-09-01: pages do not age with the day on which they are compared.
const DAY: &str = "1788220800";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The block for a directive, or `None` if the line is none.
fn block(line: &str) -> Option<String> {
    let inside = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    if let Some(file) = inside.strip_prefix("file: ") {
        let text = std::fs::read_to_string(root().join(file)).expect(file);
        return Some(fenced("yaml", &text));
    }
    let (what, command) = inside.split_once(" of: ringfort ")?;
    let arguments: Vec<&str> = command.split(' ').collect();
    let output = Command::new(env!("CARGO_BIN_EXE_ringfort"))
        .current_dir(root())
        .env("SOURCE_DATE_EPOCH", DAY)
        .args(&arguments)
        .output()
        .expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text").replace('\r', "");
    let both = format!("{}{}", text(&output.stdout), text(&output.stderr));
    let lines = both.lines();
    let first = what.strip_prefix("first ").and_then(|rest| rest.strip_suffix(" lines"));
    let kept: Vec<&str> = match (what, first) {
        ("output", _) => lines.collect(),
        (_, Some(count)) => lines.take(count.parse().expect("a number")).collect(),
        _ => {
            let part = what.strip_prefix("lines with ").expect("a directive that is known");
            lines.filter(|line| line.contains(part)).collect()
        }
    };
    assert!(!kept.is_empty(), "{command} prints nothing: {both}");
    let shown: Vec<String> = arguments
        .iter()
        .map(|word| match word.contains(['>', '<', '*']) {
            true => format!("'{word}'"),
            false => (*word).to_owned(),
        })
        .collect();
    let mut text = format!("$ ringfort {}\n{}\n", shown.join(" "), kept.join("\n"));
    if let Some(code) = output.status.code().filter(|code| *code != 0) {
        text.push_str(&format!("$ echo $?\n{code}\n"));
    }
    Some(fenced("console", &text))
}

fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{text}{fence}\n")
}

/// The page with every block written anew.
fn renewed(page: &str) -> (String, usize) {
    let mut out = String::new();
    let mut blocks = 0;
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(block) = block(line) else { continue };
        out.push_str(&block);
        blocks += 1;
        // The old block goes.
        let Some(fence) = lines.peek().map(|next| next.trim_end_matches(char::is_alphanumeric))
        else {
            continue;
        };
        if fence.len() >= 3 && fence.bytes().all(|byte| byte == b'`') {
            lines.next();
            for old in lines.by_ref() {
                if old == fence {
                    break;
                }
            }
        }
    }
    (out, blocks)
}

#[test]
fn the_docs_show_what_the_program_prints() {
    let mut blocks = 0;
    for entry in std::fs::read_dir(root().join("docs")).expect("docs").flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let page = std::fs::read_to_string(&path).expect("text");
        let (wanted, count) = renewed(&page);
        blocks += count;
        if count > 0 && std::env::var_os("RINGFORT_BLESS").is_some() {
            std::fs::write(&path, &wanted).expect("the page can be written");
        } else if count > 0 {
            assert_eq!(page, wanted, "{} is not up to date; run cargo xtask docs", path.display());
        }
    }
    assert!(blocks >= 6, "{blocks}");
}
