//! The data on versions that a run uses: those of the program, or a file in their place.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use ringfort_checks::World;
use ringfort_checks::versions::{Data, STALE_DAYS};
use ringfort_model::KubeVersion;
use ringfort_report::human::harmless;

use crate::args::Reading;
use crate::commands::usage;

/// Bytes of the file that are read at the most.
const MOST: u64 = 64 << 20;

/// Minor versions that may have come out since the data: three a year.
const SINCE: u32 = 3;

/// The server's version that somebody gives. One that there cannot be is wrong usage: every rule
/// would be judged as of it.
pub(crate) fn minor(text: &str) -> Result<KubeVersion> {
    let version = KubeVersion::parse(text).map_err(|error| usage(error.to_string()))?;
    match Data::shipped().minors() {
        Some((oldest, newest)) if !(oldest..=newest + SINCE).contains(&version.minor) => {
            Err(usage(format!(
                "--k8s-version {text}: versions 1.{oldest} to 1.{} are known",
                newest + SINCE
            )))
        }
        _ => Ok(version),
    }
}

/// The data of a run.
#[derive(Debug, Default)]
pub(crate) enum Versions {
    #[default]
    Shipped,
    File(Arc<Data>),
}

impl Versions {
    /// Reads the file that the arguments name, and says on standard error if the data are old.
    pub(crate) fn new(reading: &Reading) -> Result<Self> {
        let versions = match &reading.data {
            Some(file) => Self::File(Arc::new(read(file)?)),
            None => Self::Shipped,
        };
        if let (Some(days), false) =
            (versions.data().stale_by(crate::clock::today()), reading.quiet)
        {
            crate::streams::say(&format!(
                "warning: the data on versions are {days} days old (of {}, more than {STALE_DAYS} days); newer ones: --data FILE",
                versions.data().date()
            ));
        }
        Ok(versions)
    }

    pub(crate) fn data(&self) -> &Data {
        match self {
            Self::Shipped => Data::shipped(),
            Self::File(data) => data,
        }
    }

    /// Gives the data to the checks.
    pub(crate) fn give(&self, world: &World<'_>) {
        if let Self::File(data) = self {
            world.use_versions(data.clone());
        }
    }
}

fn read(file: &Path) -> Result<Data> {
    let place = harmless(&file.display().to_string());
    let size = std::fs::metadata(file)
        .with_context(|| format!("cannot read the data on versions {place}"))?
        .len();
    if size > MOST {
        return Err(anyhow!("the data on versions {place} are larger than {MOST} bytes"));
    }
    let bytes =
        std::fs::read(file).with_context(|| format!("cannot read the data on versions {place}"))?;
    Data::read(&bytes).with_context(|| format!("the data on versions {place} cannot be used"))
}
