//! What the engines cannot use of the objects that they were given: the verdicts of these
//! objects are unknown, all others are computed.

use crate::context::Context;

impl Context<'_> {
    /// Objects with a field that is wrong, and what is wrong with it; sorted.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        let policies = self.network.errors().iter().map(|error| {
            (error.object.clone(), format!("field {}: {}", error.field, error.reason))
        });
        let admission = self.engine.problems().iter().map(|problem| {
            (problem.object.clone(), format!("field {}: {}", problem.field, problem.reason))
        });
        let notes = self.exposure.notes.iter().filter(|note| note.is_error);
        let exposure = notes
            .map(|note| (note.object.to_string(), format!("field {}: {}", note.path, note.reason)));
        let mut found: Vec<(String, String)> = policies.chain(admission).chain(exposure).collect();
        found.sort();
        found.dedup();
        found
    }
}
