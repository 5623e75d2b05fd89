//! Releases as components write them, and ranges of them.
//!
//! Order is that of SemVer 2.0, with one difference: letters and digits of a pre-release are
//! compared apart, because runc's `rc93` comes after `rc9` and `rc.3` and `rc3` are the same.
//! What follows a release and is no pre-release names a build: of an architecture or flavour of
//! the project itself, else of a distribution, which may carry fixes that the number does not
//! show. A release with fewer than three numbers stands for all that begin with them.

use std::cmp::Ordering;

use ringfort_network::policy::Tri;

/// A part of a pre-release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Number(u64),
    Word(String),
}

/// A point in the order of releases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    numbers: [u64; 3],
    /// Nothing for a release proper, which comes after its pre-releases.
    pre: Option<Vec<Piece>>,
}

impl PartialOrd for Point {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Point {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (&self.pre, &other.pre) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(own), Some(other)) => own.cmp(other),
        })
    }
}

/// Letters and digits of a pre-release.
fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let same = |c: char| c.is_ascii_digit() == digits && !matches!(c, '.' | '-');
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end.max(first.len_utf8()));
        match piece.parse() {
            Ok(number) if digits => found.push(Piece::Number(number)),
            _ if matches!(piece, "." | "-") => {}
            _ => found.push(Piece::Word(piece.to_ascii_lowercase())),
        }
        rest = after;
    }
    found
}

impl Point {
    /// Reads a bound of a range: three numbers, and perhaps a pre-release.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (core, pre) = match text.split_once('-') {
            Some((core, pre)) if !pre.is_empty() => (core, Some(pieces(pre))),
            Some(_) => return None,
            None => (text, None),
        };
        let mut parts = core.split('.').map(|part| {
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten()
        });
        let numbers = [parts.next()??, parts.next()??, parts.next()??];
        parts.next().is_none().then_some(Self { numbers, pre })
    }

    /// The first release with such numbers, before every pre-release.
    fn first(numbers: [u64; 3]) -> Self {
        Self { numbers, pre: Some(Vec::new()) }
    }
}

/// What a component says of its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    /// The first release that it may be.
    low: Point,
    /// Where releases begin that it is not; nothing for a release that is said in full.
    high: Option<Point>,
    /// Whether a distribution built it.
    pub(crate) vendor: bool,
}

/// Words that begin a pre-release.
const PRE: [&str; 6] = ["alpha", "beta", "rc", "pre", "dev", "snapshot"];
/// Builds of the project itself.
const NEUTRAL: [&str; 6] = ["amd64", "arm64", "linux", "distroless", "debug", "multiarch"];

impl Release {
    /// Reads a version as a component or a tag writes it. `revisions`: whether a number that
    /// follows counts builds of the image, as etcd's do.
    pub(crate) fn parse(text: &str, revisions: bool) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (core, rest) = text.split_at(end);
        let numbers: Vec<u64> =
            core.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        if !(2..=3).contains(&numbers.len()) || !(rest.is_empty() || rest.starts_with(['-', '+'])) {
            return None;
        }
        let (rest, metadata) = rest.split_once('+').map_or((rest, None), |(a, b)| (a, Some(b)));
        let mut vendor = metadata.is_some_and(|text| !text.is_empty());
        let mut pre: Option<Vec<Piece>> = None;
        for word in rest.split('-').skip(1) {
            let lower = word.to_ascii_lowercase();
            let begins = PRE.iter().any(|one| {
                let after = lower.strip_prefix(one);
                after.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
            });
            let counts = revisions && !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
            match &mut pre {
                None if begins && !vendor => pre = Some(pieces(&lower)),
                _ if counts || NEUTRAL.contains(&lower.as_str()) => {}
                _ => vendor = true,
            }
        }
        let of = |at: usize| numbers.get(at).copied();
        let (major, minor) = (of(0)?, of(1)?);
        Some(match of(2) {
            Some(patch) => {
                Self { low: Point { numbers: [major, minor, patch], pre }, high: None, vendor }
            }
            None => Self {
                low: Point { numbers: [major, minor, 0], pre: None },
                high: Some(Point::first([major, minor + 1, 0])),
                vendor,
            },
        })
    }

    /// Major and minor, by which support is counted.
    pub(crate) fn cycle(&self) -> String {
        let [major, minor, _] = self.low.numbers;
        format!("{major}.{minor}")
    }

    /// Whether all three numbers are said.
    pub(crate) fn is_exact(&self) -> bool {
        self.high.is_none()
    }
}

/// Releases that an advisory concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// The first of them; nothing for all before the end.
    pub(crate) from: Option<Point>,
    /// Where it ends.
    pub(crate) end: Bound,
    /// Whether nobody checked that it has no end.
    pub(crate) unconfirmed: bool,
}

/// Where a range ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Before the first mended release.
    Before(Point),
    /// With the last release that is concerned.
    Through(Point),
    /// Nowhere yet.
    Open,
}

impl Range {
    /// Whether a release lies in the range: unknown if some releases that it may be do.
    pub(crate) fn holds(&self, release: &Release) -> Tri {
        let begun = |at: &Point| self.from.as_ref().is_none_or(|from| from <= at);
        let before_end = |at: &Point| match &self.end {
            Bound::Before(end) => at < end,
            Bound::Through(end) => at <= end,
            Bound::Open => true,
        };
        let low = begun(&release.low) && before_end(&release.low);
        let Some(high) = &release.high else {
            return if low { Tri::Yes } else { Tri::No };
        };
        // Releases from `low` to before `high`.
        let all_before_end = match &self.end {
            Bound::Before(end) => high <= end,
            Bound::Through(end) => high < end,
            Bound::Open => true,
        };
        let none_begun = self.from.as_ref().is_some_and(|from| from >= high);
        match (low && all_before_end, none_begun || !before_end(&release.low)) {
            (true, _) => Tri::Yes,
            (_, true) => Tri::No,
            _ => Tri::Unknown,
        }
    }

    /// The first mended release, as it is written.
    pub(crate) fn mended(&self) -> Option<String> {
        match &self.end {
            Bound::Before(point) => Some(point.to_string()),
            _ => None,
        }
    }
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        let mut sign = '-';
        for piece in self.pre.iter().flatten() {
            match piece {
                Piece::Number(number) => write!(f, "{sign}{number}")?,
                Piece::Word(word) => write!(f, "{sign}{word}")?,
            }
            sign = '.';
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(text: &str) -> Point {
        Point::parse(text).unwrap_or_else(|| panic!("{text} is a bound"))
    }

    fn range(from: &str, before: &str) -> Range {
        let from = (!from.is_empty()).then(|| point(from));
        Range { from, end: Bound::Before(point(before)), unconfirmed: false }
    }

    fn holds(range: &Range, text: &str) -> Tri {
        range.holds(&Release::parse(text, false).unwrap_or_else(|| panic!("{text} is a release")))
    }

    #[test]
    fn releases_are_ordered_as_their_projects_count() {
        let order = [
            "1.0.0-0",
            "1.0.0-alpha.1",
            "1.0.0-rc9",
            "1.0.0-rc10",
            "1.0.0-rc93",
            "1.0.0",
            "1.0.1",
            "1.2.0-rc.1",
            "1.2.0",
            "1.10.0",
            "2.0.0-0",
            "2.0.0-beta.0",
            "2.0.0",
        ];
        for (at, low) in order.iter().enumerate() {
            assert_eq!(point(low), point(low));
            for high in &order[at + 1..] {
                assert!(point(low) < point(high), "{low} < {high}");
            }
        }
        assert_eq!(point("1.4.0-rc.3"), point("1.4.0-rc3"));
        for wrong in ["", "1", "1.2", "1.2.3.4", "1.x.3", "v1.2.3", "1.2.3-", "+1.2.3"] {
            assert!(Point::parse(wrong).is_none(), "{wrong}");
        }
        for text in ["1.0.0-rc.93", "1.2.3", "2.0.0-0"] {
            assert_eq!(point(text).to_string(), text);
        }
    }

    #[test]
    fn bounds_are_exact() {
        let one = range("1.0.0-rc93", "1.1.12");
        for (text, wanted) in [
            ("1.0.0-rc92", Tri::No),
            ("1.0.0-rc93", Tri::Yes),
            ("1.0.0", Tri::Yes),
            ("1.1.11", Tri::Yes),
            ("1.1.12-rc.1", Tri::Yes),
            ("1.1.12", Tri::No),
            ("1.1.13", Tri::No),
            ("1.0", Tri::Yes),
            ("1.1", Tri::Unknown),
            ("1.2", Tri::No),
            ("0.1", Tri::No),
        ] {
            assert_eq!(holds(&one, text), wanted, "{text}");
        }
        let through = Range { end: Bound::Through(point("1.2.3")), ..range("1.2.0", "9.0.0") };
        for (text, wanted) in [
            ("1.1.9", Tri::No),
            ("1.2.0", Tri::Yes),
            ("1.2.3", Tri::Yes),
            ("1.2.4", Tri::No),
            ("1.2", Tri::Unknown),
        ] {
            assert_eq!(holds(&through, text), wanted, "{text}");
        }
        let all = Range { from: Some(point("1.3.0")), end: Bound::Open, unconfirmed: false };
        assert_eq!(holds(&all, "1.2.99"), Tri::No);
        assert_eq!(holds(&all, "99.0.0"), Tri::Yes);
        assert_eq!(holds(&all, "1.3"), Tri::Yes);
        // The whole of a minor is mended with its first release, pre-releases or not.
        assert_eq!(holds(&range("", "1.28.0"), "1.27"), Tri::Yes);
        assert_eq!(holds(&range("", "1.28.0-alpha.1"), "1.27"), Tri::Yes);
        assert_eq!(holds(&range("", "1.28.0"), "1.28"), Tri::No);
    }

    #[test]
    fn what_follows_a_release_is_told_apart() {
        let parse = |text| Release::parse(text, false);
        for text in [
            "v1.29.4-eks-036c24b",
            "v1.29.4-gke.1043002",
            "v1.29.4+k3s1",
            "v1.29.4+rke2r1",
            "1.7.13-0ubuntu1",
            "5.15.0-91-generic",
            "v1.10.1-eksbuild.4",
            "1.14.5-cee.1",
            "1.20.6-5.rhaos4.7",
            "6.1.75+x",
        ] {
            assert!(parse(text).expect(text).vendor, "{text}");
        }
        for text in ["v1.29.4", "1.20.3-distroless", "v1.12.0-amd64", "v1.30.0-rc.1", "1.0.0-rc93"]
        {
            assert!(!parse(text).expect(text).vendor, "{text}");
        }
        assert!(parse("1.30.0-rc.1").expect("a release").low < point("1.30.0"));
        assert!(Release::parse("3.5.12-0", false).expect("a release").vendor);
        assert!(!Release::parse("3.5.12-0", true).expect("a release").vendor);
        assert_eq!(parse("v1.29.4-eks-036c24b").expect("a release").cycle(), "1.29");
        assert!(!parse("3.10").expect("a release").is_exact());
        for text in ["latest", "", "main", "1", "sha-1234567", "1.2.3.4", "1.29.4_custom", "1.2x"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
