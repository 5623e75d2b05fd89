//! Levels and policy versions, and how label text becomes one (semantics T3, T4, PSS-02).
//!
//! Follows kubernetes/pod-security-admission `api/helpers.go`.

use std::fmt;
use std::str::FromStr;

use ringfort_model::KubeVersion;

/// The newest minor whose rules are known here. Later policy versions are judged by these.
pub const NEWEST_MINOR: u32 = 37;

/// How much a pod may ask for; later is stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Anything.
    Privileged,
    /// No known way to the host.
    Baseline,
    /// Hardened.
    Restricted,
}

/// Text that is no level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a Pod Security level: write privileged, baseline or restricted")]
pub struct LevelError(pub String);

impl Level {
    /// All levels, loosest first.
    pub const ALL: [Self; 3] = [Self::Privileged, Self::Baseline, Self::Restricted];

    /// The name in labels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

impl FromStr for Level {
    type Err = LevelError;

    /// Exact: `Baseline` and ` baseline` are no levels.
    fn from_str(text: &str) -> Result<Self, LevelError> {
        let found = Self::ALL.into_iter().find(|level| level.name() == text);
        found.ok_or_else(|| LevelError(text.to_owned()))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which version's rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyVersion {
    /// The rules of 1.`minor`.
    Minor(u32),
    /// The rules of the server's own version.
    Latest,
}

/// Text that is no policy version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a Pod Security version: write latest or v1.N without leading zeros")]
pub struct PolicyVersionError(pub String);

impl PolicyVersion {
    /// The minor whose rules apply on that server. A version above the server's own is the
    /// server's own, also where newer rules are known. On an unknown server, `latest` is the
    /// newest known minor.
    #[must_use]
    pub fn minor(self, server: Option<KubeVersion>) -> u32 {
        let own = server.map(|version| version.minor);
        match (self, own) {
            (Self::Latest, None) => NEWEST_MINOR,
            (Self::Latest, Some(own)) => own,
            (Self::Minor(minor), None) => minor,
            (Self::Minor(minor), Some(own)) => minor.min(own),
        }
    }
}

impl FromStr for PolicyVersion {
    type Err = PolicyVersionError;

    fn from_str(text: &str) -> Result<Self, PolicyVersionError> {
        if text == "latest" {
            return Ok(Self::Latest);
        }
        let wrong = || PolicyVersionError(text.to_owned());
        let digits = text.strip_prefix("v1.").ok_or_else(wrong)?;
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !plain || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(wrong());
        }
        // The server reads a 64-bit integer; what is above any real minor is clamped later.
        let minor: i64 = digits.parse().map_err(|_| wrong())?;
        Ok(Self::Minor(u32::try_from(minor).unwrap_or(u32::MAX)))
    }
}

impl fmt::Display for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Minor(minor) => write!(f, "v1.{minor}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_exact_and_ordered() {
        assert_eq!("baseline".parse(), Ok(Level::Baseline));
        for text in ["Baseline", " baseline", "", "none"] {
            assert_eq!(text.parse::<Level>(), Err(LevelError(text.to_owned())));
        }
        assert!(Level::Privileged < Level::Baseline && Level::Baseline < Level::Restricted);
    }

    #[test]
    fn versions_take_no_other_form() {
        assert_eq!("latest".parse(), Ok(PolicyVersion::Latest));
        assert_eq!("v1.0".parse(), Ok(PolicyVersion::Minor(0)));
        assert_eq!("v1.25".parse(), Ok(PolicyVersion::Minor(25)));
        assert_eq!("v1.99999999999".parse(), Ok(PolicyVersion::Minor(u32::MAX)));
        for text in [
            "1.25",
            "v1.025",
            "v1.",
            "v1.+5",
            "v2.0",
            "Latest",
            "v1.25.1",
            "v1.99999999999999999999",
        ] {
            assert!(text.parse::<PolicyVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn versions_are_clamped_to_the_server() {
        let server = Some(KubeVersion::minor(30));
        assert_eq!(PolicyVersion::Latest.minor(server), 30);
        assert_eq!(PolicyVersion::Minor(36).minor(server), 30);
        assert_eq!(PolicyVersion::Minor(24).minor(server), 24);
        assert_eq!(PolicyVersion::Latest.minor(None), NEWEST_MINOR);
        assert_eq!(PolicyVersion::Minor(24).minor(None), 24);
    }
}
