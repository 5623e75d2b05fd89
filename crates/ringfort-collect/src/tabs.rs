//! Tabs at the beginning of lines inside brackets.
//!
//! YAML 1.2 (6.1, 6.2) forbids tabs only where they would indent a block; inside `[ ]` and
//! `{ }` they separate like spaces, and go-yaml reads them so. The scanner refuses them there.
//! Which lines lie inside brackets is asked of the scanner itself, so quotes, comments and
//! block scalars are what they are. Spaces up to the bracket take the place of such white space,
//! which is dropped in quoted and plain scalars too; lines keep their numbers.

use std::borrow::Cow;

use yaml_rust2::scanner::{Scanner, TokenType};

/// Characters that may be scanned again for one file, so that a hostile one costs no more.
pub(crate) const BUDGET: usize = 64 << 20;

/// The rightmost column of a bracket up to which lines are filled.
const WIDEST: usize = 512;

/// The text with such tabs as spaces. What the budget leaves over stays an error.
pub(crate) fn in_brackets<'a>(text: &'a str, budget: &mut usize) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(text);
    while text.lines().any(|line| leading(line).contains('\t')) {
        let cost = text.len().saturating_mul(3);
        let Some(rest) = budget.checked_sub(cost) else { break };
        *budget = rest;
        let Some(line) = refused(&text) else { break };
        let Some(width) = open_before(&text, line).filter(|width| *width <= WIDEST) else { break };
        // Every line from there on, to see where the brackets end.
        let all = spaced(&text, line, usize::MAX, width);
        let Some(end) = closed(&all, line) else { break };
        text = Cow::Owned(spaced(&text, line, end, width));
    }
    text
}

fn leading(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// The line, from 1, where the scanner refuses a tab.
fn refused(text: &str) -> Option<usize> {
    let mut scanner = Scanner::new(text.chars());
    scanner.by_ref().for_each(drop);
    let error = scanner.get_error()?;
    let line = error.marker().line();
    let own = text.lines().nth(line.checked_sub(1)?)?;
    (error.info().contains("tabs disallowed") && leading(own).contains('\t')).then_some(line)
}

/// The column behind the outermost bracket that is open where a line begins.
fn open_before(text: &str, line: usize) -> Option<usize> {
    let before: String = text.split_inclusive('\n').take(line - 1).collect();
    let mut open = Vec::new();
    for token in Scanner::new(before.chars()) {
        match token.1 {
            TokenType::FlowSequenceStart | TokenType::FlowMappingStart => {
                open.push(token.0.col() + 1);
            }
            TokenType::FlowSequenceEnd | TokenType::FlowMappingEnd => {
                open.pop();
            }
            _ => {}
        }
    }
    open.first().copied()
}

/// The line on which the outermost bracket closes that is open where a line begins. Brackets
/// that never close end with the text; `None` if none is open.
fn closed(text: &str, line: usize) -> Option<usize> {
    let mut open = 0_usize;
    let mut is_inside = false;
    for token in Scanner::new(text.chars()) {
        if !is_inside && token.0.line() >= line {
            if open == 0 {
                return None;
            }
            is_inside = true;
        }
        match token.1 {
            TokenType::FlowSequenceStart | TokenType::FlowMappingStart => open += 1,
            TokenType::FlowSequenceEnd | TokenType::FlowMappingEnd => {
                open = open.saturating_sub(1);
                if is_inside && open == 0 {
                    return Some(token.0.line());
                }
            }
            _ => {}
        }
    }
    is_inside.then_some(usize::MAX)
}

/// The text with so many spaces for the white space with tabs that begins those lines.
fn spaced(text: &str, from: usize, to: usize, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let begin = leading(line);
        if (from..=to).contains(&(at + 1)) && begin.contains('\t') {
            out.extend(std::iter::repeat_n(' ', width));
            out.push_str(&line[begin.len()..]);
        } else {
            out.push_str(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::yaml::documents;

    fn read(text: &str) -> (Vec<Value>, Vec<String>) {
        let (found, errors) = documents(text, 0, 64, 10_000);
        (found.into_iter().map(|document| document.value).collect(), errors)
    }

    #[test]
    fn tabs_separate_inside_brackets() {
        let text = "a:\n  b: {\n\t\"c\": [\n\t\t1,\n\t\t2\n\t],\n\t\"d\": \"x\n\t\ty\"\n\t}\n\
                    e:\n  f: [\n\tg # ]\n\t]\n";
        let (found, errors) = read(text);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(found, [json!({"a": {"b": {"c": [1, 2], "d": "x y"}}, "e": {"f": ["g"]}})]);
    }

    #[test]
    fn tabs_do_not_indent_blocks() {
        for text in ["a:\n\tb: 1\n", "a: [1]\nb:\n\tc: 1\n", "a:\n  b: [\n\t1\n\t]\nc:\n\td: 1\n"] {
            let (_, errors) = read(text);
            assert_eq!(errors.len(), 1, "{text:?}: {errors:?}");
            assert!(errors[0].contains("tab"), "{errors:?}");
        }
    }

    #[test]
    fn tabs_of_texts_stay() {
        let text = "a: |\n  [\n  \tx\n  ]\nb:\n  c: [\n\t\"\tz\"\n\t]\n";
        let (found, errors) = read(text);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(found, [json!({"a": "[\n\tx\n]\n", "b": {"c": ["\tz"]}})]);
    }

    #[test]
    fn later_documents_and_lines_of_errors_stay_right() {
        let text = "a: [\n\n--- # no\nb:\n  c: [\n\t1\n\t]\n---\n{: : }}\n";
        let (found, errors) = read(text);
        assert!(found.contains(&json!({"b": {"c": [1]}})), "{found:?} {errors:?}");
        assert!(errors.last().is_some_and(|one| one.starts_with("line 9")), "{errors:?}");
    }

    #[test]
    fn a_hostile_file_costs_no_more_than_the_budget() {
        let text = "a:\n  b: [\n\t1\n\t]\n".repeat(3);
        let mut budget = text.len() * 4;
        let fixed = super::in_brackets(&text, &mut budget);
        assert_eq!(fixed.matches('\t').count(), 4);
    }
}
