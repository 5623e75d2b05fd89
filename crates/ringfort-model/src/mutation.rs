//! Wrong rule tables, made from right ones: can the tests fail?
//!
//! An engine keeps its rules as data in one value. From it this makes the values that differ in
//! one rule: a version bound moved, an allowed value dropped, an override gone. `cargo xtask
//! mutants` runs tests and suites against each; one that passes them all is a rule that
//! nothing checks. Only test builds (feature `mutants` of an engine) ever use another value
//! than the right one, so the program pays nothing.

/// The environment variable by which a test build is told which mutant to be.
pub const VARIABLE: &str = "RINGFORT_MUTANT";

/// A bound that no version reaches.
pub const NEVER: u32 = u32::MAX;

/// Mutants of one rule table, each with a name.
#[derive(Debug)]
pub struct Mutants<R> {
    upstream: R,
    found: Vec<(String, R)>,
}

impl<R: Clone> Mutants<R> {
    /// No mutants yet.
    #[must_use]
    pub fn of(upstream: &R) -> Self {
        Self { upstream: upstream.clone(), found: Vec::new() }
    }

    /// One changed table.
    pub fn add(&mut self, name: impl Into<String>, change: impl FnOnce(&mut R)) {
        let mut mutant = self.upstream.clone();
        change(&mut mutant);
        self.found.push((name.into(), mutant));
    }

    /// A version bound: one earlier, one later, from the beginning, never.
    pub fn bound(&mut self, name: &str, field: impl Fn(&mut R) -> &mut u32) {
        let bound = *field(&mut self.upstream.clone());
        for (suffix, moved) in moved(bound) {
            self.add(format!("{name}/{suffix}"), |rules| *field(rules) = moved);
        }
    }

    /// A list of allowed values: each of them dropped.
    pub fn list<T: Clone + std::fmt::Debug + 'static>(
        &mut self,
        name: &str,
        field: impl Fn(&mut R) -> &mut &'static [T],
    ) {
        let mut upstream = self.upstream.clone();
        let held: &mut &'static [T] = field(&mut upstream);
        let list = *held;
        for (at, value) in list.iter().enumerate() {
            let rest = without(list, at);
            self.add(format!("{name}/without {value:?}"), |rules| *field(rules) = rest);
        }
    }

    /// A list of allowed values, each from a version on: each dropped, each bound moved, and
    /// all of them from the beginning.
    pub fn versioned(
        &mut self,
        name: &str,
        field: impl Fn(&mut R) -> &mut &'static [(&'static str, u32)],
    ) {
        let mut upstream = self.upstream.clone();
        let held: &mut &'static [(&'static str, u32)] = field(&mut upstream);
        let list = *held;
        for (at, (value, bound)) in list.iter().enumerate() {
            let rest = without(list, at);
            self.add(format!("{name}/without {value:?}"), |rules| *field(rules) = rest);
            for (suffix, moved) in moved(*bound) {
                let mut changed = list.to_vec();
                changed[at].1 = moved;
                self.add(format!("{name}/{value:?} {suffix}"), |rules| {
                    *field(rules) = changed.leak();
                });
            }
        }
        let early: Vec<(&str, u32)> = list.iter().map(|(value, _)| (*value, 0)).collect();
        self.add(format!("{name}/newest at every version"), |rules| *field(rules) = early.leak());
    }

    /// Switches: each turned over.
    pub fn switches<S>(&mut self, all: &[Switch<S>], field: impl Fn(&mut R) -> &mut S) {
        for (name, switch) in all {
            self.add(*name, |rules| {
                let held = switch(field(rules));
                *held = !*held;
            });
        }
    }

    /// A limit: one less and one more.
    pub fn limit(&mut self, name: &str, field: impl Fn(&mut R) -> &mut u32) {
        let limit = *field(&mut self.upstream.clone());
        if limit > 0 {
            self.add(format!("{name}/one less"), |rules| *field(rules) = limit - 1);
        }
        self.add(format!("{name}/one more"), |rules| *field(rules) = limit + 1);
    }

    /// All mutants.
    #[must_use]
    pub fn all(self) -> Vec<(String, R)> {
        self.found
    }
}

/// The list without one of its elements.
pub fn without<T: Clone>(list: &[T], at: usize) -> &'static [T] {
    let mut rest = list.to_vec();
    rest.remove(at);
    rest.leak()
}

/// Where else a bound could wrongly be. One that holds from the beginning has nothing before.
#[must_use]
pub fn moved(bound: u32) -> Vec<(&'static str, u32)> {
    let mut found = Vec::new();
    if bound > 0 {
        found.push(("one version early", bound - 1));
    }
    if bound > 1 {
        found.push(("at every version", 0));
    }
    found.push(("one version late", bound + 1));
    found.push(("at no version", NEVER));
    found
}

/// The table that a test build is to use: the right one unless [`VARIABLE`] names a mutant of
/// this engine, as `ENGINE:NAME`.
pub fn chosen<R: Clone>(engine: &str, upstream: &R, mutants: fn() -> Vec<(String, R)>) -> R {
    let Ok(wanted) = std::env::var(VARIABLE) else { return upstream.clone() };
    let Some(name) = wanted.strip_prefix(engine).and_then(|rest| rest.strip_prefix(':')) else {
        return upstream.clone();
    };
    let found = mutants().into_iter().find(|(known, _)| known == name);
    found.map_or_else(|| panic!("no mutant {wanted}"), |(_, rules)| rules)
}

/// `rules()` of an engine, whose right table is `UPSTREAM` and whose wrong ones `mutants()`
/// makes. In the program it is a constant.
#[macro_export]
macro_rules! active_rules {
    ($engine:literal, $rules:ty) => {
        /// The rules in force: upstream's, but in a test build that is told to be a mutant.
        #[must_use]
        #[inline]
        pub fn rules() -> &'static $rules {
            #[cfg(not(feature = "mutants"))]
            return &UPSTREAM;
            #[cfg(feature = "mutants")]
            {
                static CHOSEN: std::sync::LazyLock<$rules> = std::sync::LazyLock::new(|| {
                    $crate::mutation::chosen($engine, &UPSTREAM, mutants)
                });
                &CHOSEN
            }
        }
    };
}

/// Rules that hold or do not: a struct of switches, its upstream value, and every switch by
/// name.
#[macro_export]
macro_rules! switches {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$doc:meta])* $field:ident: $value:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            $($(#[$doc])* pub $field: bool,)*
        }

        impl $name {
            /// As upstream has them.
            pub const UPSTREAM: Self = Self { $($field: $value,)* };
            /// Every switch by name.
            pub const ALL: &'static [$crate::mutation::Switch<Self>] =
                &[$((stringify!($field), |rules| &mut rules.$field),)*];
        }
    };
}

/// A switch by name.
pub type Switch<S> = (&'static str, fn(&mut S) -> &mut bool);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Rules {
        since: u32,
        names: &'static [&'static str],
    }

    #[test]
    fn every_mutant_differs_in_one_rule() {
        let mut mutants = Mutants::of(&Rules { since: 9, names: &["a", "b"] });
        mutants.bound("since", |rules| &mut rules.since);
        mutants.list("names", |rules| &mut rules.names);
        let found: Vec<(String, u32, &[&str])> =
            mutants.all().into_iter().map(|(name, r)| (name, r.since, r.names)).collect();
        let name = |text: &str| text.to_owned();
        assert_eq!(
            found,
            [
                (name("since/one version early"), 8, &["a", "b"][..]),
                (name("since/at every version"), 0, &["a", "b"]),
                (name("since/one version late"), 10, &["a", "b"]),
                (name("since/at no version"), NEVER, &["a", "b"]),
                (name("names/without \"a\""), 9, &["b"]),
                (name("names/without \"b\""), 9, &["a"]),
            ]
        );
    }
}
