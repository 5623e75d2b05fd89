//! The standard streams. Whoever reads them may go away at any time: what a run answers by its
//! exit code, and what it writes to files, does not depend on that.

use std::io::{ErrorKind, Result, Stdout, Write};

/// Standard output. Once its reader is gone, as with `| head`, what is written is dropped, so that
/// the run goes on to its other outputs and its exit code; any other error stays one.
pub(crate) struct Out {
    stream: Stdout,
    gone: bool,
}

impl Out {
    pub(crate) fn new() -> Self {
        Self { stream: std::io::stdout(), gone: false }
    }

    fn unless_gone<T>(&mut self, dropped: T, result: Result<T>) -> Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(dropped)
            }
            other => other,
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.gone {
            return Ok(bytes.len());
        }
        let result = self.stream.write(bytes);
        self.unless_gone(bytes.len(), result)
    }

    fn flush(&mut self) -> Result<()> {
        if self.gone {
            return Ok(());
        }
        let result = self.stream.flush();
        self.unless_gone((), result)
    }
}

/// Says a line on standard error. Nothing can be done about one that is closed or full, and it
/// must not decide how a run ends, as the panic of `eprintln!` would.
pub(crate) fn say(line: &str) {
    let mut all = String::with_capacity(line.len() + 1);
    all.push_str(line);
    if !line.ends_with('\n') {
        all.push('\n');
    }
    let _ = std::io::stderr().lock().write_all(all.as_bytes());
}
