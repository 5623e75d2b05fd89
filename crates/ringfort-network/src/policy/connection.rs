//! Sets of connections: protocol and destination port.
//!
//! Policies of Kubernetes know TCP, UDP and SCTP; what they do to ICMP and other protocols is
//! left to the implementation (NP-07) and is not decided here. Ports are 1 to 65535.

use std::fmt;

use crate::policy::ranges::Ranges;

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Protocol {
    Sctp,
    Tcp,
    Udp,
}

impl Protocol {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 3] = [Self::Sctp, Self::Tcp, Self::Udp];

    /// The name that the API uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sctp => "SCTP",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }

    /// The protocol of that exact name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name)
    }

    /// Where the protocol's ports begin on the common line.
    fn base(self) -> u32 {
        (self as u32) << 16
    }
}

/// Where stand-ins begin: past every port, and not beside the last of them, since ranges that
/// touch are one.
const SYMBOLS: u32 = (3 << 16) + 1;

/// A set of protocols and ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionSet(Ranges<u32>);

impl ConnectionSet {
    /// No connection.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Every port of every protocol.
    #[must_use]
    pub fn all() -> Self {
        Self(Ranges::from_ranges(
            Protocol::ALL.map(|protocol| (protocol.base() + 1, protocol.base() + 65535)).to_vec(),
        ))
    }

    /// Every port of one protocol.
    #[must_use]
    pub fn protocol(protocol: Protocol) -> Self {
        Self::ports(protocol, 1, 65535)
    }

    /// A range of ports, both ends included. Port 0 is no port.
    #[must_use]
    pub fn ports(protocol: Protocol, first: u16, last: u16) -> Self {
        let base = protocol.base();
        Self(Ranges::of(base + u32::from(first.max(1)), base + u32::from(last)))
    }

    /// A stand-in for a named port of a destination that is not known. It is in no range of a
    /// protocol; whoever asks keeps the names.
    #[must_use]
    pub fn symbol(number: u16) -> Self {
        let at = SYMBOLS + u32::from(number);
        Self(Ranges::of(at, at))
    }

    /// The stand-ins in the set.
    pub fn symbols(&self) -> impl Iterator<Item = u16> {
        let own = self.0.ranges().iter().filter(|(first, _)| *first >= SYMBOLS);
        own.flat_map(|(first, last)| ((first - SYMBOLS) as u16)..=((last - SYMBOLS) as u16))
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is everything.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::all()
    }

    /// Whether a connection is in it.
    #[must_use]
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        port > 0 && self.0.contains(protocol.base() + u32::from(port))
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0))
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0))
    }

    /// What is here and not there.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0))
    }

    /// Whether everything here is there.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// The ranges of ports of one protocol, in order. No range reaches from one protocol into
    /// another: between them lies port 0, which is in no set.
    pub fn ranges_of(&self, protocol: Protocol) -> impl Iterator<Item = (u16, u16)> {
        let base = protocol.base();
        let own = self.0.ranges().iter().filter(move |(first, _)| first >> 16 == protocol as u32);
        own.map(move |(first, last)| ((first - base) as u16, (last - base) as u16))
    }
}

impl fmt::Display for ConnectionSet {
    /// `TCP 80,443-445, UDP 53`; `everything` and `nothing` for the two ends.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing");
        }
        if self.is_all() {
            return f.write_str("everything");
        }
        let mut first_protocol = true;
        for protocol in Protocol::ALL {
            let mut separator = if first_protocol { "" } else { ", " };
            let mut any = false;
            for (first, last) in self.ranges_of(protocol) {
                if !any {
                    write!(f, "{separator}{}", protocol.name())?;
                    any = true;
                    if (first, last) == (1, 65535) {
                        break;
                    }
                    separator = " ";
                }
                write!(f, "{separator}{first}")?;
                if last > first {
                    write!(f, "-{last}")?;
                }
                separator = ",";
            }
            first_protocol &= !any;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_do_not_touch() {
        let all = ConnectionSet::all();
        assert!(all.contains(Protocol::Tcp, 1) && all.contains(Protocol::Tcp, 65535));
        assert!(!all.contains(Protocol::Tcp, 0));
        let tcp = ConnectionSet::protocol(Protocol::Tcp);
        let rest = all.difference(&tcp);
        assert_eq!(rest.to_string(), "SCTP, UDP");
        assert_eq!(rest.union(&tcp), all);
    }

    /// Every union of the ports at the ends of the protocols and of stand-ins: what is told of
    /// one of them is what was put in, however close the next one begins.
    #[test]
    fn ranges_stay_within_their_protocol() {
        const ENDS: [(u16, u16); 4] = [(1, 1), (65535, 65535), (1, 65535), (0, 0)];
        let part = |choice: usize, protocol: Protocol| match ENDS.get(choice) {
            Some((first, last)) => ConnectionSet::ports(protocol, *first, *last),
            None => ConnectionSet::none(),
        };
        let told = |choice: usize| -> Vec<(u16, u16)> {
            ENDS.get(choice).filter(|(_, last)| *last > 0).copied().into_iter().collect()
        };
        for choices in 0..5_usize.pow(3) {
            let of = [choices % 5, choices / 5 % 5, choices / 25];
            for symbols in [&[][..], &[0], &[65535], &[0, 1, 65535]] {
                let mut set = ConnectionSet::none();
                for (protocol, choice) in Protocol::ALL.into_iter().zip(of) {
                    set = set.union(&part(choice, protocol));
                }
                for number in symbols {
                    set = set.union(&ConnectionSet::symbol(*number));
                }
                for (protocol, choice) in Protocol::ALL.into_iter().zip(of) {
                    let found: Vec<(u16, u16)> = set.ranges_of(protocol).collect();
                    assert_eq!(found, told(choice), "{protocol:?} of {of:?} and {symbols:?}");
                    for port in [0, 1, 2, 65534, 65535] {
                        let within = |(first, last): &(u16, u16)| (*first..=*last).contains(&port);
                        let want = found.iter().any(within);
                        assert_eq!(set.contains(protocol, port), want, "{protocol:?} {port}");
                    }
                }
                assert_eq!(set.symbols().collect::<Vec<_>>(), symbols, "beside {of:?}");
            }
        }
    }

    #[test]
    fn sets_are_written_as_people_write_them() {
        let set = ConnectionSet::ports(Protocol::Tcp, 80, 80)
            .union(&ConnectionSet::ports(Protocol::Tcp, 443, 445))
            .union(&ConnectionSet::ports(Protocol::Udp, 53, 53));
        assert_eq!(set.to_string(), "TCP 80,443-445, UDP 53");
        assert_eq!(ConnectionSet::all().to_string(), "everything");
        assert_eq!(ConnectionSet::none().to_string(), "nothing");
    }
}
