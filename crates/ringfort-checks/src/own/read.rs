//! The file format of rules. What does not read, or means nothing, is an error that names file,
//! line and field; a rule is never left out in silence.

use std::collections::BTreeMap;

use ringfort_admission::ResourceType;
use ringfort_admission::own::{Expected, Rule, RuleError, Text};
use ringfort_attack::Zone;
use ringfort_model::Str;
use ringfort_model::record::FieldLines;
use ringfort_model::record::admission::{LabelSelector, SelectorRequirement};
use serde::Deserialize;
use serde_json::Value;

use super::{OwnRule, POLICIES, POLICY, kept};
use crate::check::{Check, Doc, Judge, Severity};
use crate::checks;

/// What is wrong with a file of rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {}{reason}", prefix(.field))]
pub struct OwnError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The field, as `rules[0].match.kinds[1]`.
    pub field: String,
    /// What is wrong.
    pub reason: String,
}

fn prefix(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("{field}: ") }
}

/// The version of the format.
const SCHEMA: &str = "ringfort.rules/1";

/// The longest id: it is the name of an annotation after `ignore.`.
const LONGEST_ID: usize = 56;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: Option<String>,
    rules: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Entry {
    id: String,
    title: String,
    severity: String,
    zone: String,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    why: String,
    fix: String,
    r#match: Matches,
    #[serde(default)]
    variables: Vec<Variable>,
    expression: Option<String>,
    message: Option<String>,
    message_expression: Option<String>,
    #[serde(default)]
    expressions: Vec<Said>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Matches {
    kinds: Vec<String>,
    #[serde(default)]
    namespaces: Vec<String>,
    #[serde(default)]
    exclude_namespaces: Vec<String>,
    labels: Option<Selector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Selector {
    #[serde(default)]
    match_labels: BTreeMap<String, String>,
    #[serde(default)]
    match_expressions: Vec<Requirement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    key: String,
    operator: String,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variable {
    name: String,
    expression: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Said {
    expression: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    message_expression: String,
}

/// A field below the rule that is read, and what is wrong with it.
type Wrong = (String, String);

fn wrong<T>(field: impl Into<String>, reason: impl Into<String>) -> Result<T, Wrong> {
    Err((field.into(), reason.into()))
}

/// Reads a document: a mapping with `rules`, or, with `below`, the list that a key of
/// `ringfort.yaml` holds. `lines` are those of the whole document.
pub fn read(
    file: &str,
    value: &Value,
    lines: &FieldLines,
    below: bool,
) -> Result<Vec<OwnRule>, OwnError> {
    let error = |field: &str, reason: String| OwnError {
        file: file.to_owned(),
        line: lines.line_of(field).unwrap_or(1),
        field: field.to_owned(),
        reason,
    };
    let entries = match below {
        true => entries::<Vec<Entry>>(value)
            .map_err(|(field, reason)| error(&format!("rules{field}"), reason))?,
        false => {
            let read = entries::<File>(value);
            let read = read.map_err(|(field, reason)| error(&field, reason))?;
            if let Some(schema) = read.schema.filter(|schema| schema != SCHEMA) {
                return Err(error("schema", format!("{schema:?} is not {SCHEMA}")));
            }
            read.rules
        }
    };
    let one = |(at, entry): (usize, Entry)| {
        let field = format!("rules[{at}]");
        let line = lines.line_of(&field).unwrap_or(1);
        rule(entry, format!("{file}:{line}")).map_err(|(below, reason)| {
            let dot = if below.is_empty() { "" } else { "." };
            error(&format!("{field}{dot}{below}"), reason)
        })
    };
    let rules: Vec<OwnRule> = entries.into_iter().enumerate().map(one).collect::<Result<_, _>>()?;
    for (at, rule) in rules.iter().enumerate() {
        if rules[..at].iter().any(|other| other.check.id == rule.check.id) {
            let reason = format!("two rules have the id {}", rule.check.id);
            return Err(error(&format!("rules[{at}].id"), reason));
        }
    }
    Ok(rules)
}

fn entries<'v, T: Deserialize<'v>>(value: &'v Value) -> Result<T, Wrong> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        (path, error.inner().to_string())
    })
}

fn rule(entry: Entry, place: String) -> Result<OwnRule, Wrong> {
    id(&entry.id)?;
    for (field, text) in [("title", &entry.title), ("fix", &entry.fix)] {
        if text.trim().is_empty() {
            return wrong(field, "it is empty");
        }
    }
    let severity: Severity = match entry.severity.parse() {
        Ok(severity) => severity,
        Err(error) => return wrong("severity", format!("{error}")),
    };
    let Some(zone) = Zone::ALL.into_iter().find(|one| one.name() == entry.zone) else {
        let names: Vec<&str> = Zone::ALL.iter().map(|one| one.name()).collect();
        return wrong("zone", format!("{:?} is none of {}", entry.zone, names.join(", ")));
    };
    let single = entry.expression.is_some();
    let expressions = match (entry.expression, entry.expressions) {
        (Some(expression), more) if more.is_empty() => vec![Expected {
            expression,
            message: entry.message.unwrap_or_default(),
            message_expression: entry.message_expression.unwrap_or_default(),
        }],
        (Some(_), _) => return wrong("expressions", "either expression or expressions"),
        (None, more) if more.is_empty() => {
            return wrong("", "neither expression nor expressions");
        }
        (None, _) if entry.message.is_some() => {
            return wrong("message", "it belongs to expression, or to one of expressions");
        }
        (None, _) if entry.message_expression.is_some() => {
            return wrong(
                "messageExpression",
                "it belongs to expression, or to one of expressions",
            );
        }
        (None, more) => more
            .into_iter()
            .map(|one| Expected {
                expression: one.expression,
                message: one.message,
                message_expression: one.message_expression,
            })
            .collect(),
    };
    let mut names: Vec<&str> = Vec::new();
    for (at, one) in entry.variables.iter().enumerate() {
        let field = || format!("variables[{at}].name");
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if one.name.is_empty()
            || one.name.starts_with(|c: char| c.is_ascii_digit())
            || !one.name.chars().all(plain)
        {
            return wrong(field(), format!("{:?} is no name of a variable", one.name));
        }
        if names.contains(&one.name.as_str()) {
            return wrong(field(), format!("two variables are called {}", one.name));
        }
        names.push(&one.name);
    }
    let text = Text {
        variables: entry.variables.into_iter().map(|one| (one.name, one.expression)).collect(),
        expressions,
    };
    let parsed = Rule::parse(&text).map_err(|RuleError { field, reason }| {
        let field = match single {
            true => field.trim_start_matches("expressions[0].").to_owned(),
            false => field,
        };
        (field, reason)
    })?;
    let kinds = kinds(&entry.r#match.kinds)?;
    let labels = entry.r#match.labels.map(selector).transpose()?;
    for (name, list) in [
        ("namespaces", &entry.r#match.namespaces),
        ("excludeNamespaces", &entry.r#match.exclude_namespaces),
    ] {
        if let Some(at) = list.iter().position(|one| one.trim().is_empty()) {
            return wrong(format!("match.{name}[{at}]"), "it is empty");
        }
    }
    let references: Vec<&'static str> = entry.references.into_iter().map(kept).collect();
    let why = if entry.why.is_empty() { entry.title.clone() } else { entry.why };
    let said: Vec<&str> = text.expressions.iter().map(|one| one.expression.trim()).collect();
    let check = Check {
        id: kept(entry.id),
        title: kept(entry.title),
        zone,
        severity,
        modifiers: &[],
        references: Box::leak(references.into_boxed_slice()),
        reads: &[],
        doc: Doc {
            why: kept(why),
            fails: kept(format!("Not true: {}", said.join("; "))),
            not: "Objects of which it is true, and those that the rule does not match.",
            unknown: "An expression fails, or its outcome rests on what is not known.",
            fix: kept(entry.fix),
        },
        judge: Judge::Asked,
    };
    Ok(OwnRule {
        check: Box::leak(Box::new(check)),
        rule: parsed,
        kinds,
        namespaces: entry.r#match.namespaces,
        except: entry.r#match.exclude_namespaces,
        labels,
        place,
    })
}

/// An id that an annotation can name and that no other check has.
fn id(id: &str) -> Result<(), Wrong> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if !ends(id.chars().next()) || !ends(id.chars().last()) || !id.chars().all(plain) {
        return wrong("id", format!("{id:?} is not made of letters, digits, - _ and . between"));
    }
    if id.len() > LONGEST_ID {
        return wrong("id", format!("it is longer than {LONGEST_ID} characters"));
    }
    let own = |known: &&str| known.eq_ignore_ascii_case(id);
    let listed = checks::ALL.iter().any(|check| check.id.eq_ignore_ascii_case(id));
    if listed || checks::NOT_EVALUATED.iter().any(own) {
        return wrong("id", format!("{id} is a check of the catalogue"));
    }
    let begins = |with: &str| id.get(..with.len()).is_some_and(|b| b.eq_ignore_ascii_case(with));
    if begins("RF-") {
        return wrong("id", "ids that begin with RF- are those of the catalogue");
    }
    if begins(POLICY) || id.eq_ignore_ascii_case(POLICIES) {
        return wrong("id", format!("ids that begin with {POLICY} are those of policies"));
    }
    Ok(())
}

/// Group and kind of each `KIND` or `KIND.GROUP`.
fn kinds(words: &[String]) -> Result<Vec<(String, String)>, Wrong> {
    if words.is_empty() {
        return wrong("match.kinds", "it is empty");
    }
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let field = || format!("match.kinds[{at}]");
        match word.split_once('.') {
            Some((kind, group)) if !kind.is_empty() && !group.is_empty() => {
                found.push((group.to_owned(), kind.to_owned()));
            }
            Some(_) => return wrong(field(), format!("{word:?} is not KIND.GROUP")),
            None => {
                let groups = ResourceType::groups_of(word);
                if groups.is_empty() {
                    let reason = format!("{word:?} is no kind of Kubernetes; write KIND.GROUP");
                    return wrong(field(), reason);
                }
                found.extend(groups.into_iter().map(|group| (group.to_owned(), word.clone())));
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn selector(given: Selector) -> Result<LabelSelector, Wrong> {
    let text = |text: String| Str::from(text);
    let requirement = |(at, one): (usize, Requirement)| {
        let field = format!("match.labels.matchExpressions[{at}]");
        match (one.operator.as_str(), one.values.is_empty()) {
            ("In" | "NotIn", false) | ("Exists" | "DoesNotExist", true) => {
                Ok(SelectorRequirement {
                    key: text(one.key),
                    operator: text(one.operator),
                    values: one.values.into_iter().map(text).collect(),
                })
            }
            ("In" | "NotIn", true) => wrong(field, format!("{} needs values", one.operator)),
            ("Exists" | "DoesNotExist", false) => {
                wrong(field, format!("{} takes no values", one.operator))
            }
            (other, _) => wrong(
                format!("{field}.operator"),
                format!("{other:?} is none of In, NotIn, Exists, DoesNotExist"),
            ),
        }
    };
    let expressions = given.match_expressions.into_iter().enumerate().map(requirement);
    Ok(LabelSelector {
        match_labels: given.match_labels.into_iter().map(|(k, v)| (text(k), text(v))).collect(),
        match_expressions: expressions.collect::<Result<Vec<_>, _>>()?.into(),
    })
}
