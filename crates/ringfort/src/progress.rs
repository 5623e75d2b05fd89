//! What a run is at, on one line of standard error that is wiped away at its end: only where that
//! is a terminal, and unless `--no-progress` or `--quiet` is given.

use std::io::{IsTerminal, Stderr, Write};

use crate::args::Reading;

/// Back to the beginning of the line, and nothing to its end (ECMA-48, EL).
const WIPE: &str = "\r\x1b[K";

/// A line that is there as long as this is.
pub(crate) struct Progress<W: Write = Stderr> {
    to: Option<W>,
    shown: bool,
}

impl Progress {
    /// On standard error, if it may be.
    pub(crate) fn new(reading: &Reading) -> Self {
        let stream = std::io::stderr();
        let wanted = stream.is_terminal() && !reading.quiet && !reading.no_progress;
        Self::to(wanted.then_some(stream))
    }
}

impl<W: Write> Progress<W> {
    fn to(to: Option<W>) -> Self {
        Self { to, shown: false }
    }

    /// Says what is done now, in place of what was before.
    pub(crate) fn stage(&mut self, what: &str) {
        if let Some(to) = &mut self.to {
            // A line that cannot be written is no reason to end a run.
            let _ = write!(to, "{WIPE}{what} …").and_then(|()| to.flush());
            self.shown = true;
        }
    }

    /// Wipes it away, before something else is written.
    pub(crate) fn end(&mut self) {
        if let Some(to) = self.to.as_mut().filter(|_| self.shown) {
            let _ = to.write_all(WIPE.as_bytes()).and_then(|()| to.flush());
            self.shown = false;
        }
    }
}

impl<W: Write> Drop for Progress<W> {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_take_one_line_and_leave_none() {
        let mut bytes: Vec<u8> = Vec::new();
        let mut progress = Progress::to(Some(&mut bytes));
        progress.stage("reading");
        progress.stage("drawing");
        progress.end();
        drop(progress);
        let text = String::from_utf8(bytes).expect("text");
        assert_eq!(text, "\r\x1b[Kreading …\r\x1b[Kdrawing …\r\x1b[K");
        let mut bytes: Vec<u8> = Vec::new();
        drop(Progress::to(Some(&mut bytes)));
        assert!(bytes.is_empty(), "nothing was shown");
    }
}
