//! Policies and match conditions with their expressions parsed once.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_model::record::admission::Mutation as Record;
use ringfort_model::record::{
    LabelSelector, MatchResources, MutatingPolicy, NamedExpression, ValidatingPolicy,
};
use ringfort_model::{KubeVersion, List, Str};

use crate::cel::{Expression, ExpressionError, Words};
use crate::decision::Problem;
use crate::matching::selector_problem;
use crate::rules::rules;

/// An expression, or why it is none.
pub(crate) type Parsed = Result<Expression, ExpressionError>;

/// A name and its expression: a match condition or a variable.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: Str,
    pub(crate) expression: Parsed,
}

/// A validation.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) expression: Parsed,
    pub(crate) text: Str,
    pub(crate) message: Str,
    pub(crate) message_expression: Option<Parsed>,
}

/// A mutation.
#[derive(Debug)]
pub(crate) struct Mutation {
    pub(crate) kind: Patch,
    pub(crate) expression: Parsed,
}

/// How a mutation writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patch {
    /// An object is merged into it.
    Apply,
    /// Operations of RFC 6902.
    Json,
}

/// What validating and mutating policies have in common.
#[derive(Debug)]
pub(crate) struct Policy<'c> {
    pub(crate) name: Str,
    pub(crate) mutating: bool,
    pub(crate) constraints: Option<&'c MatchResources>,
    pub(crate) param_kind: Option<&'c ringfort_model::record::ParamKind>,
    pub(crate) conditions: Vec<Named>,
    pub(crate) variables: Vec<Named>,
    pub(crate) checks: Vec<Check>,
    pub(crate) mutations: Vec<Mutation>,
    /// Whether a mutating policy is asked again after the object was changed.
    pub(crate) again: bool,
    pub(crate) fails_closed: bool,
    /// Whether some expression reads which namespace it is asked about.
    pub(crate) reads_namespace: bool,
}

/// Where expressions stand, for problems.
struct Place<'p> {
    object: String,
    version: Option<KubeVersion>,
    problems: &'p mut Vec<Problem>,
    reads_namespace: bool,
}

impl Place<'_> {
    fn parse(&mut self, field: String, text: &str, variables: &BTreeSet<&str>) -> Parsed {
        self.reads_namespace |= text.to_ascii_lowercase().contains("namespace");
        let parsed = Expression::parse(text, variables, self.version);
        if let Err(error) = &parsed {
            self.problem(field, error.to_string());
        }
        parsed
    }

    fn problem(&mut self, field: String, reason: String) {
        self.problems.push(Problem { object: self.object.clone(), field, reason });
    }

    fn named(&mut self, list: &List<NamedExpression>, field: &str) -> Vec<Named> {
        let none = BTreeSet::new();
        let all = list.iter().enumerate();
        all.map(|(at, one)| Named {
            name: one.name.clone(),
            expression: self.parse(format!("{field}[{at}].expression"), &one.expression, &none),
        })
        .collect()
    }

    /// Variables may name those before them.
    fn variables<'v>(
        &mut self,
        list: &'v List<NamedExpression>,
    ) -> (Vec<Named>, BTreeSet<&'v str>) {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let mut made = Vec::new();
        for (at, one) in list.iter().enumerate() {
            let field = format!("spec.variables[{at}].expression");
            let expression = self.parse(field, &one.expression, &names);
            made.push(Named { name: one.name.clone(), expression });
            names.insert(&one.name);
        }
        (made, names)
    }

    fn mutation(&mut self, at: usize, one: &Record, names: &BTreeSet<&str>) -> Mutation {
        let (kind, name, held) = match one.patch_type.as_str() {
            "JSONPatch" => (Patch::Json, "jsonPatch", &one.json_patch),
            _ => (Patch::Apply, "applyConfiguration", &one.apply_configuration),
        };
        let field = format!("spec.mutations[{at}].{name}.expression");
        let known = matches!(one.patch_type.as_str(), "JSONPatch" | "ApplyConfiguration");
        let text = held.as_ref().map_or("", |held| held.expression.as_str());
        self.reads_namespace |= text.to_ascii_lowercase().contains("namespace");
        let expression = match known {
            true => Expression::parse_mutation(text, names, self.version),
            false => Err(ExpressionError::Construction(one.patch_type.to_string())),
        };
        if let Err(error) = &expression {
            self.problem(field, error.to_string());
        }
        Mutation { kind, expression }
    }

    fn failure_policy(&mut self, text: Option<&Str>, field: &str) -> bool {
        match text.map(Str::as_str) {
            None | Some("") => rules().switches.fail_by_default,
            Some("Fail") => true,
            Some("Ignore") => !rules().switches.ignore_lets_pass,
            Some(other) => {
                self.problem(field.to_owned(), format!("\"{other}\" is neither Fail nor Ignore"));
                true
            }
        }
    }
}

/// The deepest field that holds all of some.
fn around(paths: &BTreeSet<Vec<String>>) -> String {
    let mut all = paths.iter();
    let Some(first) = all.next() else { return String::new() };
    let shared = all.fold(first.len(), |shared, path| {
        first.iter().zip(path).take(shared).take_while(|(a, b)| a == b).count()
    });
    first[..shared].join(".")
}

/// Notes a selector that the server would not accept.
pub(crate) fn check_selector(
    object: &str,
    field: &str,
    selector: Option<&LabelSelector>,
    problems: &mut Vec<Problem>,
) {
    if let Some(reason) = selector.and_then(selector_problem) {
        problems.push(Problem { object: object.to_owned(), field: field.to_owned(), reason });
    }
}

/// Notes selectors of MatchResources that the server would not accept.
pub(crate) fn check_resources(
    object: &str,
    field: &str,
    resources: Option<&MatchResources>,
    problems: &mut Vec<Problem>,
) {
    let Some(resources) = resources else { return };
    for (name, selector) in [
        ("namespaceSelector", &resources.namespace_selector),
        ("objectSelector", &resources.object_selector),
    ] {
        check_selector(object, &format!("{field}.{name}"), selector.as_ref(), problems);
    }
}

/// Parses match conditions of a webhook.
pub(crate) fn conditions(
    object: &str,
    field: &str,
    list: &List<NamedExpression>,
    version: Option<KubeVersion>,
    problems: &mut Vec<Problem>,
) -> (Vec<Named>, bool) {
    let object = object.to_owned();
    let mut place = Place { object, version, problems, reads_namespace: false };
    let named = place.named(list, field);
    (named, place.reads_namespace)
}

/// Whether a webhook fails closed; anything that is not the one word is.
pub(crate) fn fails_closed(
    object: &str,
    field: &str,
    text: Option<&Str>,
    problems: &mut Vec<Problem>,
) -> bool {
    let object = object.to_owned();
    let mut place = Place { object, version: None, problems, reads_namespace: false };
    place.failure_policy(text, field)
}

impl<'c> Policy<'c> {
    /// What its expressions are made of.
    pub(crate) fn words(&self) -> Words {
        let mut words = Words::default();
        let named = self.conditions.iter().chain(&self.variables).map(|one| &one.expression);
        let checks = self.checks.iter().map(|one| &one.expression);
        named.chain(checks).flatten().for_each(|one| words.add(one));
        words
    }

    /// For each validation the field that it looks at, or the one around all of them.
    pub(crate) fn fields(&self) -> Vec<String> {
        let mut known: BTreeMap<&str, BTreeSet<Vec<String>>> = BTreeMap::new();
        for variable in &self.variables {
            if let Ok(expression) = &variable.expression {
                let paths = expression.paths(&known);
                known.insert(&variable.name, paths);
            }
        }
        let field = |check: &Check| match &check.expression {
            Ok(expression) => around(&expression.paths(&known)),
            Err(_) => String::new(),
        };
        self.checks.iter().map(field).collect()
    }

    /// The policy without what it borrows, which is where it applies.
    pub(crate) fn detached(self) -> Policy<'static> {
        Policy {
            name: self.name,
            mutating: self.mutating,
            constraints: None,
            param_kind: None,
            conditions: self.conditions,
            variables: self.variables,
            checks: self.checks,
            mutations: self.mutations,
            again: self.again,
            fails_closed: self.fails_closed,
            reads_namespace: self.reads_namespace,
        }
    }

    /// Parses a validating policy.
    pub(crate) fn validating(
        record: &'c ValidatingPolicy,
        version: Option<KubeVersion>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let spec = record.spec.as_ref()?;
        let object = format!("ValidatingAdmissionPolicy {}", record.metadata.name);
        check_resources(
            &object,
            "spec.matchConstraints",
            spec.match_constraints.as_ref(),
            problems,
        );
        let mut place = Place { object, version, problems, reads_namespace: false };
        let conditions = place.named(&spec.match_conditions, "spec.matchConditions");
        let (variables, names) = place.variables(&spec.variables);
        let validations = spec.validations.iter().enumerate();
        let checks = validations
            .map(|(at, one)| {
                let field = format!("spec.validations[{at}]");
                let expression =
                    place.parse(format!("{field}.expression"), &one.expression, &names);
                let says = (!one.message_expression.is_empty()).then(|| {
                    let field = format!("{field}.messageExpression");
                    place.parse(field, &one.message_expression, &names)
                });
                Check {
                    expression,
                    text: one.expression.clone(),
                    message: one.message.clone(),
                    message_expression: says,
                }
            })
            .collect();
        let fails_closed = place.failure_policy(spec.failure_policy.as_ref(), "spec.failurePolicy");
        Some(Self {
            name: record.metadata.name.clone(),
            mutating: false,
            constraints: spec.match_constraints.as_ref(),
            param_kind: spec.param_kind.as_ref(),
            conditions,
            variables,
            checks,
            mutations: Vec::new(),
            again: false,
            fails_closed,
            reads_namespace: place.reads_namespace,
        })
    }

    /// Parses a mutating policy.
    pub(crate) fn mutating(
        record: &'c MutatingPolicy,
        version: Option<KubeVersion>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let spec = record.spec.as_ref()?;
        let object = format!("MutatingAdmissionPolicy {}", record.metadata.name);
        check_resources(
            &object,
            "spec.matchConstraints",
            spec.match_constraints.as_ref(),
            problems,
        );
        let mut place = Place { object, version, problems, reads_namespace: false };
        let conditions = place.named(&spec.match_conditions, "spec.matchConditions");
        let (variables, names) = place.variables(&spec.variables);
        let mutations = spec.mutations.iter().enumerate();
        let mutations = mutations.map(|(at, one)| place.mutation(at, one, &names)).collect();
        let fails_closed = place.failure_policy(spec.failure_policy.as_ref(), "spec.failurePolicy");
        Some(Self {
            name: record.metadata.name.clone(),
            mutating: true,
            constraints: spec.match_constraints.as_ref(),
            param_kind: spec.param_kind.as_ref(),
            conditions,
            variables,
            checks: Vec::new(),
            mutations,
            again: spec.reinvocation_policy.as_deref() == Some("IfNeeded"),
            fails_closed,
            reads_namespace: place.reads_namespace,
        })
    }
}
