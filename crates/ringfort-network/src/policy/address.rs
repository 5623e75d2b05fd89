//! Sets of IPv4 and IPv6 addresses. The two families never mix: `::/0` holds no IPv4 address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::policy::ranges::Ranges;

/// A set of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressSet {
    /// IPv4.
    pub v4: Ranges<u32>,
    /// IPv6.
    pub v6: Ranges<u128>,
}

/// Text that is no block of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no CIDR block")]
pub struct CidrError(pub String);

impl AddressSet {
    /// Every address of both families.
    #[must_use]
    pub fn all() -> Self {
        Self { v4: Ranges::of(0, u32::MAX), v6: Ranges::of(0, u128::MAX) }
    }

    /// One address.
    #[must_use]
    pub fn one(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(ip) => {
                Self { v4: Ranges::of(ip.to_bits(), ip.to_bits()), ..Self::default() }
            }
            IpAddr::V6(ip) => {
                Self { v6: Ranges::of(ip.to_bits(), ip.to_bits()), ..Self::default() }
            }
        }
    }

    /// The block that `ADDRESS/LENGTH` names. Host bits do not matter, as in the API.
    pub fn cidr(text: &str) -> Result<Self, CidrError> {
        let wrong = || CidrError(text.to_owned());
        let (address, length) = text.split_once('/').ok_or_else(wrong)?;
        let plain = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let length: u32 = length.parse().ok().filter(|_| plain).ok_or_else(wrong)?;
        match address.parse().map_err(|_| wrong())? {
            IpAddr::V4(ip) if length <= 32 => {
                let host = u32::MAX.checked_shr(length).unwrap_or(0);
                let first = ip.to_bits() & !host;
                Ok(Self { v4: Ranges::of(first, first | host), ..Self::default() })
            }
            IpAddr::V6(ip) if length <= 128 => {
                let host = u128::MAX.checked_shr(length).unwrap_or(0);
                let first = ip.to_bits() & !host;
                Ok(Self { v6: Ranges::of(first, first | host), ..Self::default() })
            }
            _ => Err(wrong()),
        }
    }

    /// Addresses that are not on the internet: private, shared, loopback, link-local,
    /// multicast, documentation and reserved blocks (RFC 6890 and the registries it made).
    #[must_use]
    pub fn special() -> Self {
        const BLOCKS: &[&str] = &[
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
            "::/8",
            "100::/64",
            "2001:db8::/32",
            "fc00::/7",
            "fe80::/10",
            "ff00::/8",
        ];
        BLOCKS.iter().fold(Self::default(), |all, block| {
            all.union(&Self::cidr(block).expect("the table holds blocks"))
        })
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Whether an address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(ip) => self.v4.contains(ip.to_bits()),
            IpAddr::V6(ip) => self.v6.contains(ip.to_bits()),
        }
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self { v4: self.v4.union(&other.v4), v6: self.v6.union(&other.v6) }
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self { v4: self.v4.intersection(&other.v4), v6: self.v6.intersection(&other.v6) }
    }

    /// What is here and not there.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self { v4: self.v4.difference(&other.v4), v6: self.v6.difference(&other.v6) }
    }

    /// Whether everything here is there.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.v4.is_subset(&other.v4) && self.v6.is_subset(&other.v6)
    }

    /// One address of the set, IPv4 first.
    #[must_use]
    pub fn first(&self) -> Option<IpAddr> {
        let v4 = self.v4.ranges().first().map(|(first, _)| Ipv4Addr::from_bits(*first).into());
        v4.or_else(|| self.v6.ranges().first().map(|(first, _)| Ipv6Addr::from_bits(*first).into()))
    }
}

impl fmt::Display for AddressSet {
    /// Ranges `FIRST-LAST`, or single addresses, separated by commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v4 = self.v4.ranges().iter().map(|&(first, last)| {
            (IpAddr::from(Ipv4Addr::from_bits(first)), IpAddr::from(Ipv4Addr::from_bits(last)))
        });
        let v6 = self.v6.ranges().iter().map(|&(first, last)| {
            (IpAddr::from(Ipv6Addr::from_bits(first)), IpAddr::from(Ipv6Addr::from_bits(last)))
        });
        for (at, (first, last)) in v4.chain(v6).enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma}{first}")?;
            if first != last {
                write!(f, "-{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_as_the_api_reads_them() {
        let set = AddressSet::cidr("10.1.2.3/8").expect("host bits are allowed");
        assert_eq!(set.to_string(), "10.0.0.0-10.255.255.255");
        assert_eq!(AddressSet::cidr("::/0").expect("a block").v6, Ranges::of(0, u128::MAX));
        assert!(AddressSet::cidr("::/0").expect("a block").v4.is_empty());
        assert_eq!(AddressSet::cidr("1.2.3.4/32").expect("a block").to_string(), "1.2.3.4");
        for wrong in
            ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/+8", "x/8", "::1/129", "1.1.1.1/"]
        {
            assert!(AddressSet::cidr(wrong).is_err(), "{wrong}");
        }
    }
}
