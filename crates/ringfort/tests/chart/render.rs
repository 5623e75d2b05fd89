//! The part of Helm's template language that the chart uses, so that the chart is tested where
//! Helm is not installed; where it is, its output is compared with this one.
//!
//! `{{ PATH }}`, `| quote`, `| indent N`, `| nindent N`, `toYaml PATH`, `.Files.Get "FILE"`,
//! `if`, `else`, `range`, `end`, and `{{-`, which takes the space before it. Anything else panics.

use std::path::Path;

use serde_json::{Value, json};

/// Renders every template of a chart: one text for each, in the order of names.
pub(crate) fn chart(folder: &Path, values: &Value) -> Vec<(String, String)> {
    let mut names: Vec<String> = std::fs::read_dir(folder.join("templates"))
        .expect("templates")
        .map(|one| one.expect("a file").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    let root = json!({
        "Values": values,
        "Release": {"Name": "scan", "Namespace": "security", "Service": "Helm"},
    });
    let one = |name: String| {
        let text = std::fs::read_to_string(folder.join("templates").join(&name)).expect("text");
        let tokens = tokens(&text);
        let mut out = String::new();
        let mut at = 0;
        block(&tokens, &mut at, Some((&root, &root)), folder, &mut out);
        assert_eq!(at, tokens.len(), "{name}: an end too many");
        (name, out)
    };
    names.into_iter().map(one).collect()
}

enum Token {
    Text(String),
    Action(String),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let mut before = &rest[..start];
        let end = start + rest[start..].find("}}").expect("an action ends");
        let mut action = &rest[start + 2..end];
        if let Some(trimmed) = action.strip_prefix('-') {
            before = before.trim_end();
            action = trimmed;
        }
        assert!(!action.ends_with('-'), "{action}: trimming what follows is not supported");
        out.push(Token::Text(before.to_owned()));
        out.push(Token::Action(action.trim().to_owned()));
        rest = &rest[end + 2..];
    }
    out.push(Token::Text(rest.to_owned()));
    out
}

/// The root and the current value; `None` where nothing is written.
type Scope<'v> = Option<(&'v Value, &'v Value)>;

/// Renders up to `else` or `end`, which are left to the caller.
fn block(tokens: &[Token], at: &mut usize, scope: Scope<'_>, folder: &Path, out: &mut String) {
    while let Some(token) = tokens.get(*at) {
        let action = match token {
            Token::Text(text) => {
                if scope.is_some() {
                    out.push_str(text);
                }
                *at += 1;
                continue;
            }
            Token::Action(action) => action.as_str(),
        };
        if matches!(action, "else" | "end") {
            return;
        }
        *at += 1;
        if let Some(path) = action.strip_prefix("if ") {
            let holds = scope.is_some_and(|(root, dot)| is_true(&value(path, root, dot)));
            block(tokens, at, scope.filter(|_| holds), folder, out);
            if matches!(&tokens[*at], Token::Action(word) if word == "else") {
                *at += 1;
                block(tokens, at, scope.filter(|_| !holds), folder, out);
            }
            *at += 1;
        } else if let Some(path) = action.strip_prefix("range ") {
            let start = *at;
            let items = match scope {
                Some((root, dot)) => value(path, root, dot).as_array().expect("a list").clone(),
                None => Vec::new(),
            };
            // Once without output, to find the end.
            block(tokens, at, None, folder, out);
            for item in &items {
                *at = start;
                block(tokens, at, scope.map(|(root, _)| (root, item)), folder, out);
            }
            *at += 1;
        } else if let Some((root, dot)) = scope {
            out.push_str(&printed(action, root, dot, folder));
        }
    }
}

fn printed(action: &str, root: &Value, dot: &Value, folder: &Path) -> String {
    let mut steps = action.split('|').map(str::trim);
    let first = steps.next().expect("a step");
    let mut text = if let Some(path) = first.strip_prefix("toYaml ") {
        yaml(&value(path, root, dot), 0)
    } else if let Some(file) = first.strip_prefix(".Files.Get ") {
        std::fs::read_to_string(folder.join(file.trim_matches('"'))).expect("a file")
    } else {
        match value(first, root, dot) {
            Value::String(text) => text,
            other => other.to_string(),
        }
    };
    for step in steps {
        let (name, width) = step.split_once(' ').unwrap_or((step, "0"));
        let indent = " ".repeat(width.parse().expect("a number"));
        let indented = || {
            text.split('\n').map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n")
        };
        text = match name {
            "quote" => format!("{text:?}"),
            "indent" => indented(),
            "nindent" => format!("\n{}", indented()),
            other => panic!("{other} is not supported"),
        };
    }
    text
}

fn value(path: &str, root: &Value, dot: &Value) -> Value {
    if path == "." {
        return dot.clone();
    }
    let names = path.strip_prefix('.').expect("a path").split('.');
    names.fold(root.clone(), |at, name| {
        at.get(name).unwrap_or_else(|| panic!("{path} is not among the values")).clone()
    })
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(on) => *on,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
    }
}

/// As `toYaml` writes it, keys sorted, without a last line end.
fn yaml(value: &Value, depth: usize) -> String {
    let indent = " ".repeat(depth);
    let lines: Vec<String> = match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| match value {
                Value::Object(inner) if !inner.is_empty() => {
                    format!("{indent}{key}:\n{}", yaml(value, depth + 2))
                }
                other => format!("{indent}{key}: {}", yaml(other, 0)),
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .map(|item| {
                let inner = yaml(item, depth + 2);
                format!("{indent}- {}", inner.trim_start())
            })
            .collect(),
        Value::String(text) if text.parse::<f64>().is_ok() => vec![format!("{text:?}")],
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    };
    lines.join("\n")
}
