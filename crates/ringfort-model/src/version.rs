//! The Kubernetes version, an input of every verdict (semantics SEM-003).

use std::fmt;

/// A server version: always 1.x; the patch level and the vendor's suffix are kept for
/// display only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KubeVersion {
    /// The minor version: 36 in `v1.36.2`.
    pub minor: u32,
}

/// Text that is no version of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a Kubernetes version; write it as 1.N, for example 1.36")]
pub struct VersionError(pub String);

impl KubeVersion {
    /// Version 1.`minor`.
    #[must_use]
    pub fn minor(minor: u32) -> Self {
        Self { minor }
    }

    /// Reads `1.36`, `v1.36.2`, `v1.30.4-eks-abc`, `v1.31.1+k3s1`, and the pair form in which
    /// a provider writes the minor as `30+`.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        let wrong = || VersionError(text.to_owned());
        let rest = text.trim().trim_start_matches('v');
        let mut parts = rest.splitn(3, '.');
        if parts.next() != Some("1") {
            return Err(wrong());
        }
        let minor = parts.next().ok_or_else(wrong)?;
        let digits: &str = &minor[..minor.bytes().take_while(u8::is_ascii_digit).count()];
        let tail = &minor[digits.len()..];
        if !(tail.is_empty() || tail.starts_with(['+', '-'])) {
            return Err(wrong());
        }
        digits.parse().map(Self::minor).map_err(|_| wrong())
    }
}

impl fmt::Display for KubeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_vendor_forms() {
        for (text, minor) in [
            ("1.36", 36),
            ("v1.36.2", 36),
            ("v1.30.4-eks-a18cd3a", 30),
            ("v1.31.1+k3s1", 31),
            ("1.30+", 30),
        ] {
            assert_eq!(KubeVersion::parse(text), Ok(KubeVersion::minor(minor)), "{text}");
        }
        for text in ["", "2.1", "1", "1.x", "1.3six", "latest"] {
            assert!(KubeVersion::parse(text).is_err(), "{text}");
        }
    }
}
