//! Addresses and ranges (EXP-05, EXP-13).
//!
//! Ranges read as `ParseCIDRSloppy` of k8s.io/utils/net reads them: blanks around an entry are
//! trimmed, leading zeros of IPv4 parts are decimal.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::rules::rules;

/// Whether an address is private: RFC 1918, 100.64/10, link-local, loopback, ULA, unspecified.
/// Documentation ranges count as public.
#[must_use]
pub fn is_private(address: IpAddr) -> bool {
    let rules = rules();
    match address {
        IpAddr::V4(v4) => {
            let inside = |&(range, length): &(Ipv4Addr, u32)| {
                (v4.to_bits() ^ range.to_bits()).checked_shr(32 - length).unwrap_or(0) == 0
            };
            rules.private_v4.iter().any(inside)
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_private(IpAddr::V4(v4));
            }
            let inside = |&(range, length): &(Ipv6Addr, u32)| {
                (v6.to_bits() ^ range.to_bits()).checked_shr(128 - length).unwrap_or(0) == 0
            };
            rules.private_v6.iter().any(inside)
        }
    }
}

/// An address as the API server reads it.
#[must_use]
pub fn parse(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [a, b, c, d] = parts.as_slice() else { return None };
    let part = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u8>().ok()).flatten()
    };
    Some(IpAddr::V4(Ipv4Addr::new(part(a)?, part(b)?, part(c)?, part(d)?)))
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cidr {
    address: IpAddr,
    length: u8,
}

impl Cidr {
    /// Reads `address/length`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.trim().split_once('/')?;
        let address = parse(address)?;
        let digits = length.bytes().all(|byte| byte.is_ascii_digit());
        let length: u8 = length.parse().ok().filter(|_| digits)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        (length <= longest).then_some(Self { address, length })
    }

    /// Whether the range holds the address.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        let (first, last, v4) = self.bounds();
        let at = match address {
            IpAddr::V4(v4) => u128::from(u32::from(v4)),
            IpAddr::V6(v6) => u128::from(v6),
        };
        v4 == address.is_ipv4() && (first..=last).contains(&at)
    }

    /// First and last address as numbers, and whether it is IPv4.
    fn bounds(&self) -> (u128, u128, bool) {
        match self.address {
            IpAddr::V4(v4) => {
                let host = u32::MAX.checked_shr(u32::from(self.length)).unwrap_or(0);
                let first = u32::from(v4) & !host;
                (u128::from(first), u128::from(first | host), true)
            }
            IpAddr::V6(v6) => {
                let host = u128::MAX.checked_shr(u32::from(self.length)).unwrap_or(0);
                let first = u128::from(v6) & !host;
                (first, first | host, false)
            }
        }
    }

    /// The address that stands for the range's class: its first.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        let (first, _, v4) = self.bounds();
        match v4 {
            true => IpAddr::V4(Ipv4Addr::from(first as u32)),
            false => IpAddr::V6(Ipv6Addr::from(first)),
        }
    }
}

/// Whether source ranges limit who connects: together they hold less than half of the IPv4
/// addresses and less than half of the global IPv6 addresses. No ranges limit nobody.
#[must_use]
pub fn is_allow_list(ranges: &[Cidr]) -> bool {
    const GLOBAL: (u128, u128) = (0x2000 << 112, (0x4000 << 112) - 1);
    let held = |v4: bool, (low, high): (u128, u128)| {
        let mut bounds: Vec<(u128, u128)> = ranges
            .iter()
            .map(Cidr::bounds)
            .filter(|&(first, last, four)| four == v4 && first <= high && last >= low)
            .map(|(first, last, _)| (first.max(low), last.min(high)))
            .collect();
        bounds.sort_unstable();
        let mut sum = 0;
        let mut next = low;
        for (first, last) in bounds {
            let first = first.max(next);
            if last >= first {
                sum += last - first + 1;
                next = last + 1;
            }
        }
        sum
    };
    if !rules().switches.wide_ranges_are_none {
        return !ranges.is_empty();
    }
    !ranges.is_empty()
        && held(true, (0, u128::from(u32::MAX))) < 1 << 31
        && held(false, GLOBAL) < 1 << 124
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_ranges_are_no_allow_list() {
        let ranges = |texts: &[&str]| {
            texts.iter().map(|text| Cidr::parse(text).expect(text)).collect::<Vec<_>>()
        };
        assert!(is_allow_list(&ranges(&["198.51.100.0/24", " 10.0.0.0/8"])));
        assert!(!is_allow_list(&ranges(&["198.51.100.0/24", "0.0.0.0/0"])));
        assert!(!is_allow_list(&ranges(&["128.0.0.0/1"])));
        assert!(!is_allow_list(&ranges(&["0.0.0.0/2", "64.0.0.0/2"])));
        assert!(is_allow_list(&ranges(&["0.0.0.0/2", "0.0.0.0/2"])));
        assert!(!is_allow_list(&ranges(&["2000::/3"])));
        assert!(!is_allow_list(&ranges(&["::/0"])));
        assert!(is_allow_list(&ranges(&["2001:db8::/32"])));
        assert!(!is_allow_list(&[]));
    }

    #[test]
    fn ranges_read_as_the_server_reads_them() {
        assert!(Cidr::parse("010.000.0.0/8").is_some_and(|c| c.holds(parse("10.9.9.9").unwrap())));
        for wrong in ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/+8", "::/129", "x/8", "/8"] {
            assert!(Cidr::parse(wrong).is_none(), "{wrong}");
        }
    }

    /// First and last of every range, and what stands beside them (RFC 1918, 6598, 3927, 4193,
    /// 4291).
    #[test]
    fn private_ranges_end_where_they_end() {
        for (inside, outside) in [
            (["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]),
            (["172.16.0.0", "172.31.255.255"], ["172.15.255.255", "172.32.0.0"]),
            (["192.168.0.0", "192.168.255.255"], ["192.167.255.255", "192.169.0.0"]),
            (["100.64.0.0", "100.127.255.255"], ["100.63.255.255", "100.128.0.0"]),
            (["169.254.0.0", "169.254.255.255"], ["169.253.255.255", "169.255.0.0"]),
            (["127.0.0.0", "127.255.255.255"], ["126.255.255.255", "128.0.0.0"]),
            (["0.0.0.0", "0.0.0.0"], ["0.0.0.1", "255.255.255.255"]),
            (["fc00::", "fdff:ffff::1"], ["fbff::1", "fe00::"]),
            (["fe80::", "febf:ffff::1"], ["fe7f::1", "fec0::"]),
            (["::", "::1"], ["::2", "2001:db8::1"]),
            (["::ffff:10.0.0.1", "::ffff:127.0.0.1"], ["::ffff:8.8.8.8", "::ffff:0.0.0.1"]),
        ] {
            for text in inside {
                assert!(is_private(parse(text).expect("an address")), "{text}");
            }
            for text in outside {
                assert!(!is_private(parse(text).expect("an address")), "{text}");
            }
        }
    }
}
