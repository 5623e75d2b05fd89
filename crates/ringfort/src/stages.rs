//! How long each stage takes and how much memory the process has held by its end, for the
//! benchmark: `RINGFORT_TIMINGS=1` prints one line of JSON on standard error.

use std::fmt::Write;
use std::time::Instant;

/// The stages so far.
pub(crate) struct Stages {
    last: Instant,
    text: String,
}

impl Stages {
    pub(crate) fn new() -> Self {
        Self { last: Instant::now(), text: String::new() }
    }

    /// Ends a stage.
    pub(crate) fn end(&mut self, name: &str) {
        let seconds = self.last.elapsed().as_secs_f64();
        let comma = if self.text.is_empty() { "" } else { "," };
        let _ = write!(self.text, "{comma}\"{name}\":{{\"s\":{seconds:.3},\"MiB\":{}}}", peak());
        self.last = Instant::now();
    }

    /// Prints them, if somebody asked.
    pub(crate) fn print(&self) {
        if std::env::var_os("RINGFORT_TIMINGS").is_some() {
            crate::streams::say(&format!("{{{}}}", self.text));
        }
    }
}

/// The most memory that was resident so far, in MiB; 0 where the system does not say.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
