//! The evaluation of an expression (cel-go `interpreter`).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use kube_cel::cel::Value;
use kube_cel::cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, StructExpr, operators,
};
use kube_cel::cel::objects::{Key, Map};

use super::compare;
use super::convert::type_name;
use super::cost::Cost;
use super::expression::{Expression, is_authorizer, namespace_of};
use super::opaque::{
    Constructed, Type, anything, as_anything, as_open_list, as_optional, as_partial, doubt,
    optional,
};
use super::{Outcome, Stop, call, open};

/// The deepest chain of variables that name each other.
const DEEPEST_VARIABLE: u32 = 64;

/// What expressions can name.
#[derive(Debug)]
pub struct Environment<'e> {
    roots: BTreeMap<&'static str, Outcome>,
    variables: BTreeMap<&'e str, &'e Expression>,
    /// Values of variables that were asked for; a variable is evaluated once.
    known: RefCell<BTreeMap<&'e str, Outcome>>,
    depth: Cell<u32>,
    cost: Cost,
    errors_are_values: bool,
}

/// A name that a macro binds, and everything outside of it.
struct Frame<'f> {
    name: &'f str,
    value: &'f Outcome,
    outer: Option<&'f Frame<'f>>,
}

impl<'f> Frame<'f> {
    fn find(mut frame: Option<&'f Frame<'f>>, name: &str) -> Option<&'f Outcome> {
        while let Some(one) = frame {
            if one.name == name {
                return Some(one.value);
            }
            frame = one.outer;
        }
        None
    }
}

fn no_overload<T>(name: &str, values: &[&Value]) -> Result<T, Stop> {
    if let Some(reason) = values.iter().find_map(|value| doubt(value)) {
        return Err(Stop::Unknown(reason.to_owned()));
    }
    let types: Vec<&str> = values.iter().map(|value| type_name(value)).collect();
    Err(Stop::Error(format!("no such overload: {name}({})", types.join(", "))))
}

impl<'e> Environment<'e> {
    /// An environment with these root names, and a limit for everything evaluated in it.
    pub(crate) fn new(roots: BTreeMap<&'static str, Outcome>, limit: u64) -> Self {
        Self {
            roots,
            variables: BTreeMap::new(),
            known: RefCell::default(),
            depth: Cell::new(0),
            cost: Cost::new(limit),
            errors_are_values: false,
        }
    }

    /// For whom an error says the same as `false`: what is not known, and may be an error, is
    /// taken for a value then. An outcome that is `false` for every value is `false` or an error,
    /// as an error is absorbed only by what decides without it.
    pub(crate) fn errors_are_values(mut self, yes: bool) -> Self {
        self.errors_are_values = yes;
        self
    }

    /// What is not known, as a value where that may be.
    fn lifted(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Err(Stop::Unknown(reason)) if self.errors_are_values => Ok(anything(&reason)),
            other => other,
        }
    }

    /// Adds a variable.
    pub(crate) fn variable(&mut self, name: &'e str, expression: &'e Expression) {
        self.variables.insert(name, expression);
    }

    /// Evaluates an expression.
    pub fn evaluate(&self, expression: &Expression) -> Outcome {
        self.cost.begin();
        let value = self.resolve(&expression.root, None)?;
        match as_anything(&value) {
            Some(reason) => Err(Stop::Unknown(reason.to_owned())),
            None => Ok(value),
        }
    }

    fn resolve(&self, at: &IdedExpr, frame: Option<&Frame<'_>>) -> Outcome {
        match &at.expr {
            Expr::Literal(literal) => Value::try_from(literal.to_val().as_ref())
                .map_err(|error| Stop::Unknown(error.to_string())),
            Expr::Ident(name) => {
                self.cost.spend(1)?;
                self.name(name, frame)
            }
            Expr::Select(select) => {
                self.cost.spend(1)?;
                if let Expr::Ident(name) = &select.operand.expr
                    && name == "variables"
                    && Frame::find(frame, name).is_none()
                {
                    let value = self.value_of_variable(&select.field)?;
                    return Ok(if select.test { Value::Bool(true) } else { value });
                }
                let operand = self.resolve(&select.operand, frame)?;
                self.lifted(if select.test {
                    has(&operand, &select.field)
                } else {
                    field(&operand, &Key::from(select.field.as_str()))
                })
            }
            Expr::List(list) => {
                self.cost.spend(10)?;
                let mut items = Vec::with_capacity(list.elements.len());
                for (at, element) in list.elements.iter().enumerate() {
                    let value = self.resolve(element, frame)?;
                    if !list.optional_indices.contains(&at) {
                        items.push(value);
                    } else if let Some(one) = as_optional(&value) {
                        items.extend(one.0.clone());
                    } else {
                        return no_overload("[?]", &[&value]);
                    }
                }
                Ok(Value::List(Arc::new(items)))
            }
            Expr::Map(map) => {
                self.cost.spend(30)?;
                let mut entries = std::collections::HashMap::with_capacity(map.entries.len());
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else {
                        return Err(Stop::Unknown("construction of an object".to_owned()));
                    };
                    let key = self.resolve(&entry.key, frame)?;
                    // The server's maps take keys of any type; those here do not.
                    let Some(key) = compare::key(&key) else {
                        let kind = type_name(&key);
                        return Err(Stop::Unknown(format!("a map with a key of type {kind}")));
                    };
                    let mut value = self.resolve(&entry.value, frame)?;
                    if entry.optional {
                        let Some(one) = as_optional(&value) else {
                            return no_overload("{?}", &[&value]);
                        };
                        match one.0.clone() {
                            Some(inner) => value = inner,
                            None => continue,
                        }
                    }
                    if entries.insert(key, value).is_some() {
                        return Err(Stop::Error("a key is repeated in a map".to_owned()));
                    }
                }
                Ok(Value::Map(Map { map: Arc::new(entries) }))
            }
            Expr::Comprehension(one) => self.comprehension(one, frame),
            Expr::Call(call) => self.call(call, frame),
            Expr::Struct(one) => self.construction(one, frame),
            Expr::Unspecified => Err(Stop::Unknown("construction of an object".to_owned())),
        }
    }

    /// An object of the types that mutations construct.
    fn construction(&self, one: &StructExpr, frame: Option<&Frame<'_>>) -> Outcome {
        self.cost.spend(40)?;
        let mut fields = BTreeMap::new();
        for entry in &one.entries {
            let EntryExpr::StructField(field) = &entry.expr else {
                return Err(Stop::Unknown("construction of an object".to_owned()));
            };
            let mut value = self.resolve(&field.value, frame)?;
            if field.optional {
                let Some(one) = as_optional(&value) else { return no_overload("{?}", &[&value]) };
                match one.0.clone() {
                    Some(inner) => value = inner,
                    None => continue,
                }
            }
            fields.insert(field.field.clone(), value);
        }
        Ok(Value::Opaque(Arc::new(Constructed { name: one.type_name.clone(), fields })))
    }

    fn name(&self, name: &str, frame: Option<&Frame<'_>>) -> Outcome {
        if let Some(value) = Frame::find(frame, name) {
            return value.clone();
        }
        if let Some(value) = self.roots.get(name) {
            return value.clone();
        }
        let types = [
            "bool",
            "int",
            "uint",
            "double",
            "string",
            "bytes",
            "list",
            "map",
            "null_type",
            "type",
        ];
        if let Some(known) = types.into_iter().find(|known| *known == name) {
            return Ok(Value::Opaque(Arc::new(Type(known))));
        }
        Err(Stop::Unknown(format!("undeclared reference to \"{name}\"")))
    }

    fn value_of_variable(&self, name: &str) -> Outcome {
        if let Some(value) = self.known.borrow().get(name) {
            return value.clone();
        }
        let Some((name, expression)) = self.variables.get_key_value(name) else {
            return Err(Stop::Unknown(format!("undeclared reference to \"variables.{name}\"")));
        };
        if self.depth.get() > DEEPEST_VARIABLE {
            return Err(Stop::Unknown("variables are nested too deep".to_owned()));
        }
        self.depth.set(self.depth.get() + 1);
        let value = self.resolve(&expression.root, None);
        self.depth.set(self.depth.get() - 1);
        self.known.borrow_mut().insert(name, value.clone());
        value
    }

    /// The macros `all`, `exists`, `exists_one`, `map` and `filter`. The result so far may be
    /// an error, which a later element can still absorb.
    fn comprehension(&self, one: &ComprehensionExpr, frame: Option<&Frame<'_>>) -> Outcome {
        let range = self.resolve(&one.iter_range, frame)?;
        let (items, others): (Vec<Value>, Option<&str>) = match &range {
            Value::List(items) => (items.to_vec(), None),
            Value::Map(map) => (keys(map), None),
            other => match (as_open_list(other), doubt(other)) {
                (Some(list), _) => (list.known.clone(), Some(&list.reason)),
                (None, Some(reason)) => (Vec::new(), Some(reason)),
                (None, None) => return no_overload("iteration", &[other]),
            },
        };
        let goes_on = |so_far: &Outcome| {
            let accumulated = Frame { name: &one.accu_var, value: so_far, outer: frame };
            self.resolve(&one.loop_cond, Some(&accumulated)) != Ok(Value::Bool(false))
        };
        let step = |so_far: &Outcome, item: Value| {
            let item = Ok(item);
            let accumulated = Frame { name: &one.accu_var, value: so_far, outer: frame };
            let here = Frame { name: &one.iter_var, value: &item, outer: Some(&accumulated) };
            self.resolve(&one.loop_step, Some(&here))
        };
        let mut so_far = self.resolve(&one.accu_init, frame);
        for item in items {
            self.cost.spend(1)?;
            if !goes_on(&so_far) {
                break;
            }
            so_far = step(&so_far, item);
        }
        if let Some(reason) = others.filter(|_| goes_on(&so_far)) {
            // There may be none or many: what one more leaves as it is, many more do too.
            let more = step(&so_far, anything(reason));
            so_far = match (so_far, more) {
                (so_far, more) if so_far == more => so_far,
                (Ok(value), Ok(_)) => match open::beside(&value, reason) {
                    Some(list) => Ok(list),
                    None => Ok(anything(reason)),
                },
                (Err(Stop::Unknown(reason)), _) | (_, Err(Stop::Unknown(reason))) => {
                    Err(Stop::Unknown(reason))
                }
                _ => Err(Stop::Unknown(reason.to_owned())),
            };
        }
        let accumulated = Frame { name: &one.accu_var, value: &so_far, outer: frame };
        self.resolve(&one.result, Some(&accumulated))
    }

    fn call(&self, call: &CallExpr, frame: Option<&Frame<'_>>) -> Outcome {
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            (operators::LOGICAL_AND, [left, right]) => {
                return self.logical(left, right, false, frame);
            }
            (operators::LOGICAL_OR, [left, right]) => {
                return self.logical(left, right, true, frame);
            }
            (operators::CONDITIONAL, [condition, yes, no]) => {
                return match self.resolve(condition, frame)? {
                    Value::Bool(true) => self.resolve(yes, frame),
                    Value::Bool(false) => self.resolve(no, frame),
                    other => match as_anything(&other) {
                        Some(reason) => {
                            let (yes, no) = (self.resolve(yes, frame)?, self.resolve(no, frame)?);
                            Ok(open::either(&yes, &no, reason))
                        }
                        None => no_overload("?:", &[&other]),
                    },
                };
            }
            (operators::NOT_STRICTLY_FALSE, [one]) => {
                let strictly_false = self.resolve(one, frame) == Ok(Value::Bool(false));
                return Ok(Value::Bool(!strictly_false));
            }
            _ => {}
        }
        if let Some(target) = call.target.as_deref() {
            if is_authorizer(target) {
                return Err(Stop::Unknown("what the authorizer answers".to_owned()));
            }
            if let Some(namespace) = namespace_of(Some(target))
                && Frame::find(frame, namespace).is_none()
            {
                let args = self.all(&call.args, frame)?;
                return self.invoke(&format!("{namespace}.{name}"), None, &args);
            }
            if let ("optMap" | "optFlatMap", [bound, body]) = (name, call.args.as_slice()) {
                let target = self.resolve(target, frame)?;
                let Some(one) = as_optional(&target) else { return no_overload(name, &[&target]) };
                let Some(inner) = one.0.clone() else { return Ok(optional(None)) };
                let value = self.with(bound, &Ok(inner), body, frame)?;
                return Ok(if name == "optMap" { optional(Some(value)) } else { value });
            }
            let target = self.resolve(target, frame)?;
            let args = self.all(&call.args, frame)?;
            return self.invoke(name, Some(&target), &args);
        }
        let args = self.all(&call.args, frame)?;
        self.invoke(name, None, &args)
    }

    fn with(
        &self,
        name: &IdedExpr,
        value: &Outcome,
        body: &IdedExpr,
        frame: Option<&Frame<'_>>,
    ) -> Outcome {
        let Expr::Ident(name) = &name.expr else {
            return Err(Stop::Unknown("a bound name that is no name".to_owned()));
        };
        self.resolve(body, Some(&Frame { name, value, outer: frame }))
    }

    fn all(&self, expressions: &[IdedExpr], frame: Option<&Frame<'_>>) -> Result<Vec<Value>, Stop> {
        expressions.iter().map(|one| self.resolve(one, frame)).collect()
    }

    fn invoke(&self, name: &str, target: Option<&Value>, args: &[Value]) -> Outcome {
        self.lifted(call::invoke(&self.cost, name, target, args))
    }

    /// `&&` (which `false` decides) and `||` (which `true` decides): the deciding value wins
    /// from either side, then what is not known, then an error.
    fn logical(
        &self,
        left: &IdedExpr,
        right: &IdedExpr,
        decides: bool,
        frame: Option<&Frame<'_>>,
    ) -> Outcome {
        // A truth, or why it is not known: that is no error.
        let truth = |outcome: Outcome| match outcome {
            Ok(Value::Bool(value)) => Ok(Ok(value)),
            Ok(other) => match as_anything(&other) {
                Some(reason) => Ok(Err(reason.to_owned())),
                None => no_overload(if decides { "||" } else { "&&" }, &[&other]),
            },
            Err(stop) => Err(stop),
        };
        let left = truth(self.resolve(left, frame));
        if left == Ok(Ok(decides)) {
            return Ok(Value::Bool(decides));
        }
        let right = truth(self.resolve(right, frame));
        match (left, right) {
            (_, Ok(Ok(value))) if value == decides => Ok(Value::Bool(decides)),
            (Err(Stop::Unknown(reason)), _) | (_, Err(Stop::Unknown(reason))) => {
                Err(Stop::Unknown(reason))
            }
            // The one may decide before the error of the other counts.
            (Err(_), Ok(Err(reason))) | (Ok(Err(reason)), Err(_)) => Err(Stop::Unknown(reason)),
            (Err(stop), _) | (_, Err(stop)) => Err(stop),
            (Ok(Err(reason)), _) | (_, Ok(Err(reason))) => Ok(anything(&reason)),
            (Ok(Ok(_)), Ok(Ok(_))) => Ok(Value::Bool(!decides)),
        }
    }
}

/// The keys of a map, in the order of the keys: the server's order is random, and whatever
/// depends on it has no one answer.
fn keys(map: &Map) -> Vec<Value> {
    let mut keys: Vec<&Key> = map.map.keys().collect();
    keys.sort();
    keys.into_iter().map(Value::from).collect()
}

/// `value.name`, and `value[key]` of a map.
pub(super) fn field(value: &Value, key: &Key) -> Outcome {
    if let Value::Map(map) = value {
        return match compare::find(map, key) {
            Some(value) => Ok(value.clone()),
            None => Err(Stop::Error(format!("no such key: {key}"))),
        };
    }
    if let Some(partial) = as_partial(value) {
        return match compare::find(&partial.known, key) {
            Some(value) => Ok(value.clone()),
            None => Err(Stop::Unknown(partial.reason.clone())),
        };
    }
    if let Some(one) = as_optional(value) {
        return optional_field(one.0.as_ref(), key);
    }
    if let Some(reason) = doubt(value) {
        return Err(Stop::Unknown(reason.to_owned()));
    }
    Err(Stop::Error(format!("no such key: {key}")))
}

/// `value.?name`: the field if there is one.
pub(super) fn optional_field(value: Option<&Value>, key: &Key) -> Outcome {
    let Some(value) = value else { return Ok(optional(None)) };
    match value {
        Value::Map(map) => Ok(optional(compare::find(map, key).cloned())),
        other => match (as_partial(other), as_optional(other)) {
            (Some(partial), _) => match compare::find(&partial.known, key) {
                Some(value) => Ok(optional(Some(value.clone()))),
                None => Ok(anything(&partial.reason)),
            },
            (_, Some(one)) => optional_field(one.0.as_ref(), key),
            _ => match (as_anything(other), doubt(other)) {
                (Some(reason), _) => Ok(anything(reason)),
                (None, Some(reason)) => Err(Stop::Unknown(reason.to_owned())),
                (None, None) => Ok(optional(None)),
            },
        },
    }
}

/// `has(value.name)`. What has no fields has not this one either; a list takes no names.
fn has(value: &Value, name: &str) -> Outcome {
    let key = Key::from(name);
    match value {
        Value::Map(map) => Ok(Value::Bool(compare::find(map, &key).is_some())),
        Value::List(_) => Err(Stop::Error(format!("unsupported index type: {name}"))),
        other => match (as_partial(other), as_optional(other)) {
            (Some(partial), _) => match compare::find(&partial.known, &key) {
                Some(_) => Ok(Value::Bool(true)),
                None => Ok(anything(&partial.reason)),
            },
            (_, Some(one)) => match &one.0 {
                Some(inner) => has(inner, name),
                None => Ok(Value::Bool(false)),
            },
            // That of which nothing is known is taken for what has fields: the server checks types.
            _ => match (as_anything(other), doubt(other)) {
                (Some(reason), _) => Ok(anything(reason)),
                (None, Some(reason)) => Err(Stop::Unknown(reason.to_owned())),
                (None, None) => Ok(Value::Bool(false)),
            },
        },
    }
}
