//! A parsed expression, checked as far as it can be without types: every function and every
//! variable that it names exists.

use std::collections::{BTreeMap, BTreeSet};

use kube_cel::cel::Value;
use kube_cel::cel::common::ast::{EntryExpr, Expr, IdedExpr, StructExpr, operators};
use kube_cel::cel::parser::Parser;
use ringfort_model::KubeVersion;

use super::function;

/// Names that every admission expression may use.
const ROOTS: &[&str] =
    &["object", "oldObject", "request", "params", "namespaceObject", "authorizer"];

/// Names of types.
const TYPES: &[&str] =
    &["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type"];

/// The greatest depth of an expression. The parser's own limit is lower.
const DEEPEST: usize = 400;

/// Why an expression cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It does not parse.
    #[error("does not parse: {0}")]
    Syntax(String),
    /// It names a variable that does not exist where it stands.
    #[error("undeclared reference to \"{0}\"")]
    Reference(String),
    /// It calls a function that is not modelled.
    #[error("function \"{0}\" is not known")]
    Function(String),
    /// It calls a function that the server's version does not have.
    #[error("function \"{name}\" exists from 1.{since}")]
    Version {
        /// The function.
        name: String,
        /// The first minor version with it.
        since: u32,
    },
    /// It constructs an object by its type.
    #[error("construction of \"{0}\" is not modelled")]
    Construction(String),
    /// It is nested too deep.
    #[error("is nested too deep")]
    Deep,
}

/// A parsed expression.
#[derive(Debug)]
pub struct Expression {
    pub(super) root: IdedExpr,
}

impl Expression {
    /// Parses an expression. `variables` are those that it may name as `variables.NAME`.
    pub fn parse(
        text: &str,
        variables: &BTreeSet<&str>,
        version: Option<KubeVersion>,
    ) -> Result<Self, ExpressionError> {
        Self::read(text, variables, version, false)
    }

    /// Parses an expression of a mutation, which may construct `Object…{}` and `JSONPatch{}`
    /// (apiserver `pkg/cel/mutation`).
    pub fn parse_mutation(
        text: &str,
        variables: &BTreeSet<&str>,
        version: Option<KubeVersion>,
    ) -> Result<Self, ExpressionError> {
        Self::read(text, variables, version, true)
    }

    fn read(
        text: &str,
        variables: &BTreeSet<&str>,
        version: Option<KubeVersion>,
        constructs: bool,
    ) -> Result<Self, ExpressionError> {
        let parser = Parser::new().enable_optional_syntax(true);
        let root = parser.parse(text).map_err(|errors| {
            let first = errors.errors.first().map_or_else(String::new, |error| error.msg.clone());
            ExpressionError::Syntax(first)
        })?;
        let mut check = Check { variables, version, bound: Vec::new(), constructs };
        check.expression(&root, 0)?;
        Ok(Self { root })
    }
}

impl Expression {
    /// The fields of `object` that it looks at, each as deep as names go; those of a variable
    /// are given.
    pub(crate) fn paths(
        &self,
        variables: &BTreeMap<&str, BTreeSet<Vec<String>>>,
    ) -> BTreeSet<Vec<String>> {
        let mut found = BTreeSet::new();
        paths(&self.root, variables, &mut found);
        found
    }
}

/// The names of a chain that begins at `object`, the first one first.
fn chain(at: &IdedExpr) -> Option<Vec<String>> {
    match &at.expr {
        Expr::Ident(name) if name == "object" => Some(Vec::new()),
        Expr::Select(select) => {
            let mut names = chain(&select.operand)?;
            names.push(select.field.clone());
            Some(names)
        }
        _ => None,
    }
}

fn paths(
    at: &IdedExpr,
    variables: &BTreeMap<&str, BTreeSet<Vec<String>>>,
    found: &mut BTreeSet<Vec<String>>,
) {
    if let Some(names) = chain(at) {
        found.insert(names);
        return;
    }
    let mut each = |one: &IdedExpr| paths(one, variables, found);
    let entry = |entry: &EntryExpr, each: &mut dyn FnMut(&IdedExpr)| match entry {
        EntryExpr::MapEntry(entry) => {
            each(&entry.key);
            each(&entry.value);
        }
        EntryExpr::StructField(field) => each(&field.value),
    };
    match &at.expr {
        Expr::Literal(_) | Expr::Ident(_) | Expr::Unspecified => {}
        Expr::Select(select) => match &select.operand.expr {
            Expr::Ident(name) if name == "variables" => {
                found.extend(variables.get(select.field.as_str()).into_iter().flatten().cloned());
            }
            _ => each(&select.operand),
        },
        Expr::List(list) => list.elements.iter().for_each(each),
        Expr::Map(map) => map.entries.iter().for_each(|one| entry(&one.expr, &mut each)),
        Expr::Struct(one) => one.entries.iter().for_each(|one| entry(&one.expr, &mut each)),
        Expr::Comprehension(one) => {
            let parts =
                [&one.iter_range, &one.accu_init, &one.loop_cond, &one.loop_step, &one.result];
            for part in parts {
                each(part);
            }
        }
        Expr::Call(call) => {
            call.target.iter().for_each(|one| each(one));
            call.args.iter().for_each(each);
        }
    }
}

/// What an expression is made of, as far as it says which objects it may tell apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// Names of fields that it looks at.
    pub(crate) fields: BTreeSet<String>,
    /// Texts that it holds, names of fields that are asked for as texts among them.
    pub(crate) texts: BTreeSet<String>,
    /// Functions that it calls.
    pub(crate) functions: BTreeSet<String>,
}

impl Words {
    /// The first of some fields that it may look at.
    pub(crate) fn first_of(&self, fields: &BTreeSet<&'static str>) -> Option<&'static str> {
        fields.iter().copied().find(|one| self.fields.contains(*one) || self.texts.contains(*one))
    }

    /// Adds those of an expression.
    pub(crate) fn add(&mut self, expression: &Expression) {
        self.walk(&expression.root);
    }

    fn walk(&mut self, at: &IdedExpr) {
        match &at.expr {
            Expr::Literal(literal) => {
                if let Ok(Value::String(text)) = Value::try_from(literal.to_val().as_ref()) {
                    self.texts.insert(text.to_string());
                }
            }
            Expr::Ident(_) | Expr::Unspecified => {}
            Expr::Select(select) => {
                self.fields.insert(select.field.clone());
                self.walk(&select.operand);
            }
            Expr::List(list) => list.elements.iter().for_each(|one| self.walk(one)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Struct(one) => one.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Comprehension(one) => {
                for part in
                    [&one.iter_range, &one.accu_init, &one.loop_cond, &one.loop_step, &one.result]
                {
                    self.walk(part);
                }
            }
            Expr::Call(call) => {
                self.functions.insert(call.func_name.clone());
                if call.func_name == operators::OPT_SELECT
                    && let Some(Expr::Literal(name)) = call.args.get(1).map(|one| &one.expr)
                    && let Ok(Value::String(name)) = Value::try_from(name.to_val().as_ref())
                {
                    self.fields.insert(name.to_string());
                }
                call.target.iter().for_each(|one| self.walk(one));
                call.args.iter().for_each(|one| self.walk(one));
            }
        }
    }

    fn entry(&mut self, entry: &EntryExpr) {
        match entry {
            EntryExpr::MapEntry(entry) => {
                self.walk(&entry.key);
                self.walk(&entry.value);
            }
            EntryExpr::StructField(field) => self.walk(&field.value),
        }
    }
}

struct Check<'a> {
    variables: &'a BTreeSet<&'a str>,
    version: Option<KubeVersion>,
    bound: Vec<String>,
    /// Whether objects may be constructed by their type.
    constructs: bool,
}

impl Check<'_> {
    fn expression(&mut self, at: &IdedExpr, depth: usize) -> Result<(), ExpressionError> {
        if depth > DEEPEST {
            return Err(ExpressionError::Deep);
        }
        let depth = depth + 1;
        match &at.expr {
            Expr::Literal(_) => Ok(()),
            Expr::Unspecified => Err(ExpressionError::Syntax("empty expression".to_owned())),
            Expr::Ident(name) => {
                let known = self.bound.iter().any(|bound| bound == name)
                    || ROOTS.contains(&name.as_str())
                    || TYPES.contains(&name.as_str());
                if known { Ok(()) } else { Err(ExpressionError::Reference(name.clone())) }
            }
            Expr::Select(select) => match &select.operand.expr {
                Expr::Ident(name) if name == "variables" && !self.is_bound(name) => {
                    if self.variables.contains(select.field.as_str()) {
                        return Ok(());
                    }
                    Err(ExpressionError::Reference(format!("variables.{}", select.field)))
                }
                _ => self.expression(&select.operand, depth),
            },
            Expr::List(list) => {
                list.elements.iter().try_for_each(|item| self.expression(item, depth))
            }
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.expression(&entry.key, depth)?;
                    self.expression(&entry.value, depth)
                }
                EntryExpr::StructField(field) => self.expression(&field.value, depth),
            }),
            Expr::Struct(one) => self.construction(one, depth),
            Expr::Comprehension(one) => {
                if one.iter_var2.is_some() {
                    return Err(ExpressionError::Function("two-variable macro".to_owned()));
                }
                self.expression(&one.iter_range, depth)?;
                self.expression(&one.accu_init, depth)?;
                self.bound.push(one.accu_var.clone());
                self.bound.push(one.iter_var.clone());
                self.expression(&one.loop_cond, depth)?;
                self.expression(&one.loop_step, depth)?;
                self.bound.pop();
                self.expression(&one.result, depth)?;
                self.bound.pop();
                Ok(())
            }
            Expr::Call(call) => {
                let name = call.func_name.as_str();
                if let Some(namespace) = namespace_of(call.target.as_deref())
                    && !self.is_bound(namespace)
                {
                    self.function(&format!("{namespace}.{name}"))?;
                } else if let Some(target) = call.target.as_deref() {
                    self.expression(target, depth)?;
                    if is_authorizer(target) {
                        return call.args.iter().try_for_each(|arg| self.expression(arg, depth));
                    }
                    self.function(name)?;
                    if matches!(name, "optMap" | "optFlatMap") {
                        return self.scoped(&call.args, depth);
                    }
                } else if !is_operator(name) {
                    self.function(name)?;
                }
                call.args.iter().try_for_each(|arg| self.expression(arg, depth))
            }
        }
    }

    /// `Object.spec{...}`: the type of what stands in a field is named by the field. `JSONPatch{}`
    /// has its four fields.
    fn construction(&mut self, one: &StructExpr, depth: usize) -> Result<(), ExpressionError> {
        let name = one.type_name.as_str();
        let refused = || Err(ExpressionError::Construction(name.to_owned()));
        let patch = name == "JSONPatch";
        if !self.constructs || !(patch || name == "Object" || name.starts_with("Object.")) {
            return refused();
        }
        for entry in &one.entries {
            let EntryExpr::StructField(field) = &entry.expr else { return refused() };
            if patch && !matches!(field.field.as_str(), "op" | "path" | "from" | "value") {
                return refused();
            }
            let inner = match &field.value.expr {
                Expr::List(list) => list.elements.iter().collect(),
                _ => vec![&field.value],
            };
            for value in inner {
                if let Expr::Struct(inner) = &value.expr
                    && !patch
                    && inner.type_name != format!("{name}.{}", field.field)
                {
                    return Err(ExpressionError::Construction(inner.type_name.clone()));
                }
            }
            self.expression(&field.value, depth)?;
        }
        Ok(())
    }

    fn is_bound(&self, name: &str) -> bool {
        self.bound.iter().any(|bound| bound == name)
    }

    /// `optional.optMap(name, expression)`.
    fn scoped(&mut self, args: &[IdedExpr], depth: usize) -> Result<(), ExpressionError> {
        let [name, body] = args else {
            return Err(ExpressionError::Syntax("optMap takes two arguments".to_owned()));
        };
        let Expr::Ident(name) = &name.expr else {
            return Err(ExpressionError::Syntax("a variable must be a simple name".to_owned()));
        };
        self.bound.push(name.clone());
        let result = self.expression(body, depth);
        self.bound.pop();
        result
    }

    fn function(&self, name: &str) -> Result<(), ExpressionError> {
        let Some(since) = function::since(name) else {
            return Err(ExpressionError::Function(name.to_owned()));
        };
        match self.version {
            Some(version) if version.minor < since => {
                Err(ExpressionError::Version { name: name.to_owned(), since })
            }
            _ => Ok(()),
        }
    }
}

/// The name before the dot of a qualified function name.
pub(super) fn namespace_of(target: Option<&IdedExpr>) -> Option<&str> {
    match &target?.expr {
        Expr::Ident(name) if function::is_namespace(name) => Some(name),
        _ => None,
    }
}

/// Whether a chain of calls begins at the authorizer.
pub(super) fn is_authorizer(at: &IdedExpr) -> bool {
    match &at.expr {
        Expr::Ident(name) => name == "authorizer",
        Expr::Select(select) => is_authorizer(&select.operand),
        Expr::Call(call) => call.target.as_deref().is_some_and(is_authorizer),
        _ => false,
    }
}

fn is_operator(name: &str) -> bool {
    matches!(
        name,
        operators::CONDITIONAL
            | operators::LOGICAL_AND
            | operators::LOGICAL_OR
            | operators::LOGICAL_NOT
            | operators::SUBSTRACT
            | operators::ADD
            | operators::MULTIPLY
            | operators::DIVIDE
            | operators::MODULO
            | operators::EQUALS
            | operators::NOT_EQUALS
            | operators::GREATER_EQUALS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::LESS
            | operators::NEGATE
            | operators::INDEX
            | operators::OPT_INDEX
            | operators::OPT_SELECT
            | operators::NOT_STRICTLY_FALSE
            | operators::IN
    )
}
