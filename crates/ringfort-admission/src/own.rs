//! Rules of the user's own: expressions about one object, as validations of a policy have them.
//!
//! A rule holds for an object if every expression is true, and does not if one is false, whatever
//! the others are. An expression that fails, or whose outcome rests on what is not known, leaves
//! it undecided: unlike the server, which refuses then, a rule claims nothing that it did not see.

use std::cell::OnceCell;

use ringfort_model::Str;
use ringfort_model::record::admission::{
    NamedExpression, ValidatingPolicy, ValidatingPolicySpec, Validation,
};

use crate::cel::{Environment, Stop, Value, Words};
use crate::compiled::{Check, Policy};
use crate::decision::Problem;
use crate::environment::{roots, told_roots};
use crate::policy::{HELD_BACK, message, outcome};
use crate::request::Request;

/// A rule, parsed.
#[derive(Debug)]
pub struct Rule {
    policy: Policy<'static>,
    words: Words,
    fields: Vec<String>,
}

/// The text of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Names, and the expressions that they stand for as `variables.NAME`.
    pub variables: Vec<(String, String)>,
    /// What must be true.
    pub expressions: Vec<Expected>,
}

/// An expression that must be true, and what is said where it is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The expression.
    pub expression: String,
    /// A fixed message; may be empty.
    pub message: String,
    /// An expression whose text goes before the fixed message; may be empty.
    pub message_expression: String,
}

/// An expression that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct RuleError {
    /// `variables[0].expression`, `expressions[0].messageExpression` and the like.
    pub field: String,
    /// Why.
    pub reason: String,
}

/// What a rule says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Every expression is true.
    Holds,
    /// Some are false; about the first of them:
    Fails {
        /// What is said.
        message: String,
        /// The field that it looks at, or the one around all of them; empty for the object.
        field: String,
    },
    /// None is false, and some are not decided.
    Unknown(String),
}

impl Rule {
    /// Parses a rule.
    pub fn parse(text: &Text) -> Result<Self, RuleError> {
        let named = |(name, expression): &(String, String)| NamedExpression {
            name: Str::new(name),
            expression: Str::new(expression),
        };
        let validation = |one: &Expected| Validation {
            expression: Str::new(&one.expression),
            message: Str::new(&one.message),
            message_expression: Str::new(&one.message_expression),
            ..Validation::default()
        };
        let spec = ValidatingPolicySpec {
            variables: text.variables.iter().map(named).collect(),
            validations: text.expressions.iter().map(validation).collect(),
            ..ValidatingPolicySpec::default()
        };
        let record = ValidatingPolicy { spec: Some(spec), ..ValidatingPolicy::default() };
        let mut problems: Vec<Problem> = Vec::new();
        let policy = Policy::validating(&record, None, &mut problems).map(Policy::detached);
        if let Some(first) = problems.into_iter().next() {
            let field = first.field.trim_start_matches("spec.").to_owned();
            return Err(RuleError {
                field: field.replacen("validations", "expressions", 1),
                reason: first.reason,
            });
        }
        let policy = policy.expect("the record has a specification");
        let words = policy.words();
        let fields = policy.fields();
        Ok(Self { policy, words, fields })
    }

    /// Whether it asks for the namespace of an object.
    #[must_use]
    pub fn reads_namespace(&self) -> bool {
        self.policy.reads_namespace
    }

    /// What it says of an object that [stands](Request::standing).
    #[must_use]
    pub fn ask(&self, request: &Request) -> Answer {
        if let Some(whole) = &request.whole
            && let Some(field) = self.words.first_of(&whole.unread)
        {
            return Answer::Unknown(format!("{field} is not known"));
        }
        let params = || Ok(Value::Null);
        let environment = self.policy.environment(roots(request, None, params()), false);
        let made = OnceCell::new();
        let told = || told_roots(request, None, &params());
        let shown = || {
            made.get_or_init(|| told().map(|roots| self.policy.environment(roots, false)))
                .as_ref()
                .unwrap_or(&environment)
        };
        let mut unknown = None;
        for (at, check) in self.policy.checks.iter().enumerate() {
            let reason = match outcome(check, &environment) {
                Ok(Value::Bool(true)) => continue,
                Ok(Value::Bool(false)) => {
                    let message = message(check, shown());
                    let field = self.fields.get(at).cloned().unwrap_or_default();
                    return Answer::Fails { message, field };
                }
                Ok(_) => "the expression gives neither true nor false".to_owned(),
                Err(stop) => undecided(check, shown(), &stop),
            };
            unknown = unknown.or(Some(reason));
        }
        match unknown {
            Some(reason) => Answer::Unknown(reason),
            None => Answer::Holds,
        }
    }
}

/// Why an expression decides nothing, without values that are not shown.
fn undecided(check: &Check, shown: &Environment<'_>, stop: &Stop) -> String {
    let same = outcome(check, shown).as_ref().err() == Some(stop);
    match (stop, same) {
        (Stop::Unknown(reason), true) => reason.clone(),
        (Stop::Error(text), true) => format!("the expression results in an error: {text}"),
        (Stop::Unknown(_), false) => HELD_BACK.to_owned(),
        (Stop::Error(_), false) => "the expression results in an error".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(expression: &str) -> Text {
        let one = Expected { expression: expression.to_owned(), ..Expected::default() };
        Text { expressions: vec![one], ..Text::default() }
    }

    #[test]
    fn a_rule_names_the_field_around_all_that_it_looks_at() {
        for (expression, want) in [
            ("object.spec.replicas > 1", "spec.replicas"),
            ("has(object.spec.a.b) && object.spec.a.c == 1", "spec.a"),
            ("object.spec.list.all(x, x.name != object.metadata.name)", ""),
            ("object.spec.list[0].name == 'a'", "spec.list"),
            ("variables.a.b == 1", "spec.x"),
            ("1 == 2", ""),
        ] {
            let mut text = text(expression);
            text.variables = vec![("a".to_owned(), "object.spec.x".to_owned())];
            let rule = Rule::parse(&text).expect(expression);
            assert_eq!(rule.fields, [want], "{expression}");
        }
    }

    #[test]
    fn what_does_not_parse_names_its_field() {
        let mut wrong = text("true");
        wrong.variables = vec![("a".to_owned(), "(".to_owned())];
        assert_eq!(Rule::parse(&wrong).expect_err("wrong").field, "variables[0].expression");
        wrong = text("true");
        wrong.expressions[0].message_expression = "nobody".to_owned();
        let error = Rule::parse(&wrong).expect_err("wrong");
        assert_eq!(error.field, "expressions[0].messageExpression");
        assert!(error.reason.contains("nobody"), "{error}");
    }
}
