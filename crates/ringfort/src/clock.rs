//! The time of a run. `SOURCE_DATE_EPOCH` (seconds since 1970, reproducible-builds.org) takes the
//! place of the clock, so that a report can be made again as it was.

use anyhow::Result;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::commands::usage;

const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// Whether the environment's time can be read, if there is one.
pub(crate) fn check() -> Result<()> {
    match (std::env::var(EPOCH), fixed()) {
        (Ok(text), None) => Err(usage(format!("{EPOCH}: {text:?} is no number of seconds"))),
        _ => Ok(()),
    }
}

fn fixed() -> Option<Timestamp> {
    let text = std::env::var(EPOCH).ok()?;
    Timestamp::from_second(text.trim().parse().ok()?).ok()
}

/// The time, to the second.
pub(crate) fn now() -> Timestamp {
    let clock = || Timestamp::from_second(Timestamp::now().as_second());
    fixed().or_else(|| clock().ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The day, in UTC.
pub(crate) fn today() -> Date {
    now().to_zoned(jiff::tz::TimeZone::UTC).date()
}
