//! From what was typed to what holds: flag, then environment, then `ringfort.yaml`, then default.
//!
//! `ringfort.yaml` is searched from the working directory upward; the first one found is the only
//! one. Its keys are the long names of flags, for every command that has the flag, or names of
//! commands with such keys below them, for that command alone; `costs` holds what changes cost,
//! `exceptions` the exceptions themselves or the name of a file with them, `rules` rules likewise.
//! A key that means nothing is an error. The values become the defaults of the argument parser,
//! so that it parses, checks and reports them as it does what is typed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::{ArgPredicate, BoolishValueParser, ValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches};
use ringfort_checks::Exceptions;
use ringfort_model::record::FieldLines;
use ringfort_plan::Costs;
use ringfort_report::human::harmless;
use serde_json::{Map, Value};

use crate::args::Arguments;
use crate::environment::{self, Said};
use crate::own::Written;
use crate::streams::say;

/// The file's name.
const FILE: &str = "ringfort.yaml";

/// Bytes of the file that are read at the most.
const MOST: u64 = 1 << 20;

/// What is wrong with the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// It cannot be read.
    #[error("cannot read {file}: {source}")]
    Read { file: PathBuf, source: std::io::Error },
    /// It is no mapping of keys to values.
    #[error("{file}: {reason}")]
    Shape { file: PathBuf, reason: String },
    /// A key that no command has.
    #[error("{file}: unknown key {key}")]
    Key { file: PathBuf, key: String },
    /// A variable of the environment that no flag has.
    #[error("{name} is no variable of ringfort; {meant} is")]
    Variable { name: String, meant: String },
    /// A value that the key does not take.
    #[error("{file}: {key}: {reason}")]
    Value { file: PathBuf, key: String, reason: String },
}

/// The file, read.
#[derive(Debug, Default)]
struct File {
    place: PathBuf,
    keys: Map<String, Value>,
    costs: Costs,
    exceptions: Exceptions,
    rules: Written,
    /// Flags that take several values in some command.
    lists: BTreeSet<String>,
}

/// The arguments of this run.
pub(crate) fn arguments() -> Result<Arguments, ConfigError> {
    let here = std::env::current_dir().unwrap_or_default();
    let mut file = match find(&here) {
        Some(place) => File::read(&place)?,
        None => File::default(),
    };
    let mut command = Arguments::command();
    if is_plugin() {
        command = command.bin_name("kubectl ringfort");
    }
    names(&command, &takes_many, &mut file.lists);
    environment(&command)?;
    let filled = file.command(command.clone())?;
    // The parser ends the program on wrong usage, as it does for what is typed.
    let matches = match filled.try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return Err(file.blamed(&command, &error)?.unwrap_or_else(|| error.exit())),
    };
    let mut arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    arguments.reading.costs = file.costs;
    arguments.reading.exceptions = file.exceptions;
    arguments.reading.rules = file.rules;
    Ok(arguments)
}

/// Looks for variables that mean nothing.
fn environment(command: &Command) -> Result<(), ConfigError> {
    let mut flags = BTreeSet::new();
    names(command, &|_| true, &mut flags);
    let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    for said in environment::judge(&variables, &flags) {
        match said {
            Said::Misspelt { name, meant } => return Err(ConfigError::Variable { name, meant }),
            Said::Unknown(name) => {
                say(&format!("warning: {} is no variable of ringfort", harmless(&name)));
            }
        }
    }
    Ok(())
}

/// Whether kubectl started the program, as its plug-in.
fn is_plugin() -> bool {
    let called = std::env::args_os().next().map(PathBuf::from);
    let name = called.as_deref().and_then(Path::file_stem).and_then(std::ffi::OsStr::to_str);
    matches!(name, Some("kubectl-ringfort" | "kubectl_ringfort"))
}

/// The file of the nearest directory that has one.
fn find(from: &Path) -> Option<PathBuf> {
    from.ancestors().map(|folder| folder.join(FILE)).find(|place| place.is_file())
}

impl File {
    fn read(place: &Path) -> Result<Self, ConfigError> {
        let file = place.to_owned();
        let wrong = |reason: &str| ConfigError::Shape { file: file.clone(), reason: reason.into() };
        let unreadable = |source| ConfigError::Read { file: file.clone(), source };
        if std::fs::metadata(place).map_err(unreadable)?.len() > MOST {
            return Err(wrong("larger than 1 MiB"));
        }
        let text = std::fs::read_to_string(place).map_err(unreadable)?;
        let values =
            ringfort_collect::yaml_settings(&text).map_err(|error| wrong(&error.to_string()))?;
        let mut values = values.into_iter().filter(|(value, _)| !value.is_null());
        let (keys, lines) = match (values.next(), values.next()) {
            (None, _) => (Map::new(), FieldLines::default()),
            (Some((Value::Object(keys), lines)), None) => (keys, lines),
            _ => return Err(wrong("not one mapping of keys to values")),
        };
        let mut read = Self { place: place.to_owned(), keys, ..Self::default() };
        if let Some(costs) = read.keys.remove("costs") {
            read.costs(&costs)?;
        }
        // Texts are names of files and folders, as of the flag.
        let names = |value: &Value| match value {
            Value::Array(list) => !list.is_empty() && list.iter().all(Value::is_string),
            other => other.is_string(),
        };
        if read.keys.get("rules").is_some_and(|value| !names(value))
            && let Some(list) = read.keys.remove("rules")
        {
            read.rules = Some((file.clone(), list, lines));
        }
        // A text is the name of a file, as of the flag.
        if read.keys.get("exceptions").is_some_and(|value| !value.is_string())
            && let Some(list) = read.keys.remove("exceptions")
        {
            let exceptions = Exceptions::read(&list);
            read.exceptions =
                exceptions.map_err(|error| read.wrong("exceptions", error.to_string()))?;
        }
        Ok(read)
    }

    fn wrong(&self, key: &str, reason: impl Into<String>) -> ConfigError {
        ConfigError::Value { file: self.place.clone(), key: key.to_owned(), reason: reason.into() }
    }

    /// Where a value that the parser refuses stands in the file; nothing if it is typed or in the
    /// environment, which is so if it is refused without the file too.
    fn blamed(
        &self,
        command: &Command,
        error: &clap::Error,
    ) -> Result<Option<ConfigError>, ConfigError> {
        let Some(refused) = refused(error) else { return Ok(None) };
        let bare = Self { lists: self.lists.clone(), ..Self::default() };
        let without = bare.command(command.clone())?.try_get_matches();
        if without.err().as_ref().and_then(self::refused).is_some_and(|same| same == refused) {
            return Ok(None);
        }
        let typed: Vec<String> =
            std::env::args_os().skip(1).filter_map(|word| word.into_string().ok()).collect();
        let key = self.key_of(command, &refused.0, &typed);
        Ok(key.map(|key| self.wrong(&key, said(error))))
    }

    /// The key that a flag of the command that is typed has its value from: that of the innermost
    /// section.
    fn key_of(&self, command: &Command, flag: &str, typed: &[String]) -> Option<String> {
        let (mut section, mut command, mut path) = (&self.keys, command, String::new());
        let mut found = section.contains_key(flag).then(|| flag.to_owned());
        for word in typed {
            let Some(below) = command.find_subcommand(word) else { continue };
            let Some(own) = section.get(below.get_name()).and_then(Value::as_object) else { break };
            path = format!("{path}{}.", below.get_name());
            (section, command) = (own, below);
            if section.contains_key(flag) {
                found = Some(format!("{path}{flag}"));
            }
        }
        found
    }

    fn unknown(&self, key: String) -> ConfigError {
        ConfigError::Key { file: self.place.clone(), key }
    }

    fn costs(&mut self, costs: &Value) -> Result<(), ConfigError> {
        let Value::Object(costs) = costs else {
            return Err(self.wrong("costs", "not a mapping of sorts of changes to numbers"));
        };
        for (sort, value) in costs {
            let place = match sort.as_str() {
                "label" => &mut self.costs.label,
                "grant" => &mut self.costs.grant,
                "workload" => &mut self.costs.workload,
                "architecture" => &mut self.costs.architecture,
                _ => return Err(self.unknown(format!("costs.{sort}"))),
            };
            // A change that costs nothing would be in every plan.
            let cost = value.as_u64().and_then(|cost| u32::try_from(cost).ok());
            match cost.filter(|cost| (1..=1_000_000).contains(cost)) {
                Some(cost) => *place = cost,
                None => {
                    let reason = "not a whole number from 1 to 1000000";
                    return Err(self.wrong(&format!("costs.{sort}"), reason));
                }
            }
        }
        Ok(())
    }

    /// The parser with the environment and the file in it.
    fn command(&self, command: Command) -> Result<Command, ConfigError> {
        self.fill(command, &BTreeMap::new(), &self.keys, "")
    }

    /// One command and those below it. `section` is what the file says for these alone.
    fn fill<'f>(
        &'f self,
        mut command: Command,
        flags: &BTreeMap<&'f str, &'f Value>,
        section: &'f Map<String, Value>,
        path: &str,
    ) -> Result<Command, ConfigError> {
        let mut known = BTreeSet::new();
        names(&command, &|_| true, &mut known);
        let mut flags = flags.clone();
        for (key, value) in section {
            if value.is_object() && command.find_subcommand(key).is_some() {
                continue;
            }
            if !known.contains(key) {
                return Err(self.unknown(format!("{path}{key}")));
            }
            flags.insert(key, value);
        }
        let mut changed: Vec<Arg> = Vec::new();
        for arg in command.get_arguments() {
            let Some(long) = arg.get_long() else { continue };
            let mut filled = arg.clone();
            let foreign = |text: &str| self.is_foreign(arg, long, text);
            if arg.get_env().is_none() {
                let name = environment::variable(long);
                if !std::env::var(&name).is_ok_and(|text| foreign(&text)) {
                    filled = filled.env(name);
                }
            }
            if matches!(arg.get_action(), ArgAction::SetTrue) {
                filled = filled.value_parser(BoolishValueParser::new());
            }
            if let Some(value) = flags.get(long) {
                let one = match value {
                    Value::Array(items) if items.len() == 1 => &items[0],
                    other => *other,
                };
                if !section.contains_key(long) && one.as_str().is_some_and(foreign) {
                    changed.push(filled);
                    continue;
                }
                let Some(values) = self.values(&format!("{path}{long}"), arg, value)? else {
                    changed.push(filled);
                    continue;
                };
                // What is typed or in the environment and excludes this flag wins over the file.
                for other in command.get_arg_conflicts_with(arg) {
                    let none: Option<&'static str> = None;
                    filled = filled.default_value_if(other.get_id(), ArgPredicate::IsPresent, none);
                }
                filled = filled.required(false).default_values(values);
            }
            changed.push(filled);
        }
        for filled in changed {
            let id = filled.get_id().clone();
            command = command.mut_arg(id, |_| filled);
        }
        let below: Vec<String> =
            command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
        let empty = Map::new();
        for name in below {
            let own = section.get(&name).and_then(Value::as_object);
            let Some(one) = command.find_subcommand(&name).cloned() else { continue };
            let one = match own {
                Some(own) => self.fill(one, &flags, own, &format!("{path}{name}."))?,
                None => self.fill(one, &flags, &empty, &format!("{path}{name}."))?,
            };
            command = command.mut_subcommand(name, |_| one);
        }
        Ok(command)
    }

    /// Whether a value says nothing to a command: it takes one of a few, and what is said is meant
    /// for a command whose flag of that name takes several of more, as `format` of `scan`.
    fn is_foreign(&self, arg: &Arg, long: &str, text: &str) -> bool {
        let known = arg.get_possible_values();
        self.lists.contains(long)
            && !known.is_empty()
            && !known.iter().any(|one| one.matches(text, false))
    }

    /// The values of a flag as one would type them. A list says nothing to a command that takes
    /// one value where another command takes several.
    fn values(
        &self,
        key: &str,
        arg: &Arg,
        value: &Value,
    ) -> Result<Option<Vec<OsString>>, ConfigError> {
        let list: Vec<&Value> = match value {
            Value::Array(items) => items.iter().collect(),
            other => vec![other],
        };
        if list.len() != 1 && !takes_many(arg) {
            return match arg.get_long().is_some_and(|long| self.lists.contains(long)) {
                true => Ok(None),
                false => Err(self.wrong(key, "one value, not a list")),
            };
        }
        let mut found = Vec::new();
        for item in list {
            let text = match item {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => item.to_string(),
                _ => return Err(self.wrong(key, "neither text nor a number nor true or false")),
            };
            let file = arg.get_value_parser().type_id() == ValueParser::path_buf().type_id();
            found.push(match file && text != "-" {
                // Files are named as seen from the file that names them.
                true => self.place.with_file_name("").join(text).into_os_string(),
                false => text.into(),
            });
        }
        Ok(Some(found))
    }
}

/// The flag whose value the parser refuses, and the value.
fn refused(error: &clap::Error) -> Option<(String, String)> {
    let text = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    };
    if !matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
        return None;
    }
    // As usage shows it: `--threads <THREADS>`.
    let shown = text(ContextKind::InvalidArg)?;
    let flag = shown.strip_prefix("--")?.split([' ', '=']).next()?;
    Some((flag.to_owned(), text(ContextKind::InvalidValue)?))
}

/// What the parser says, without how to ask it for help.
fn said(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    let text = lines.collect::<Vec<_>>().join(" ");
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}

fn takes_many(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

/// Long names of some flags of a command and of those below it.
fn names(command: &Command, which: &dyn Fn(&Arg) -> bool, known: &mut BTreeSet<String>) {
    let flags = command.get_arguments().filter(|arg| which(arg));
    known.extend(flags.filter_map(Arg::get_long).map(str::to_owned));
    for below in command.get_subcommands() {
        names(below, which, known);
    }
}
