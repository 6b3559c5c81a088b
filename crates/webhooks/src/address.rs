//! What kind of place an address is, by the registries of special-purpose addresses (RFC 6890 and its successors), and ranges of addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// What kind of place an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// Reachable for everybody.
    Public,
    /// An organisation's own network: RFC 1918, unique local (RFC 4193), the shared space of carriers (RFC 6598).
    Private,
    /// This machine.
    Loopback,
    /// This cable; clouds answer there with secrets (169.254.169.254).
    LinkLocal,
    /// Many at once.
    Multicast,
    /// No address at all: `0.0.0.0`, `::`, the broadcast.
    Unspecified,
    /// Kept for other purposes: documentation, measurements, tunnels, the future.
    Reserved,
}

impl AddressClass {
    /// The class of an address. One that only wraps an IPv4 address is of that address's class.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Public => "公网地址",
            Self::Private => "内部网络的地址",
            Self::Loopback => "本机地址",
            Self::LinkLocal => "链路本地地址",
            Self::Multicast => "组播地址",
            Self::Unspecified => "未指定的地址",
            Self::Reserved => "保留地址",
        }
    }
}

fn of_v4(address: Ipv4Addr) -> AddressClass {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        // The whole of 0.0.0.0/8 is this host on this network.
        (0, ..) => AddressClass::Unspecified,
        (127, ..) => AddressClass::Loopback,
        (169, 254, _) => AddressClass::LinkLocal,
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => AddressClass::Private,
        (224..=239, ..) => AddressClass::Multicast,
        (255, 255, 255) if address.is_broadcast() => AddressClass::Unspecified,
        // Protocol assignments, documentation, 6to4 relays, benchmarks, the former class E.
        (192, 0, 0 | 2)
        | (198, 51, 100)
        | (203, 0, 113)
        | (192, 88, 99)
        | (198, 18..=19, _)
        | (240.., ..) => AddressClass::Reserved,
        _ => AddressClass::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> AddressClass {
    let words = address.segments();
    let [.., high, low] = words;
    let last = Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match words {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressClass::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressClass::Loopback,
        // IPv4-compatible, long out of use: of the class of what it wraps, and never public.
        [0, 0, 0, 0, 0, 0, ..] => never_public(of_v4(last)),
        // NAT64: the public prefix leads to the IPv4 address in it, the local one (RFC 8215) wherever its operator wants.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => of_v4(last),
        [0x64, 0xff9b, 1, ..] => AddressClass::Private,
        // 6to4 and Teredo: tunnels to the IPv4 address in them, out of use as well.
        [0x2002, high, low, ..] => {
            never_public(of_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))))
        }
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressClass::Reserved,
        [0xfc00..=0xfdff, ..] => AddressClass::Private,
        // Site-local addresses were given up, and are still some network's own.
        [0xfe80..=0xfebf, ..] => AddressClass::LinkLocal,
        [0xfec0..=0xfeff, ..] => AddressClass::Private,
        [0xff00..=0xffff, ..] => AddressClass::Multicast,
        // Only 2000::/3 has been given out (RFC 4291).
        [0x2000..=0x3fff, ..] => AddressClass::Public,
        _ => AddressClass::Reserved,
    }
}

const fn never_public(class: AddressClass) -> AddressClass {
    match class {
        AddressClass::Public => AddressClass::Reserved,
        class => class,
    }
}

/// A range of addresses, `10.1.0.0/16` or `fd00::/8`; a single address is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether an address lies in it. What wraps an IPv4 address is looked for as that.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let shared = (first.to_bits() ^ address.to_bits()).leading_zeros();
                shared >= u32::from(self.bits)
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let shared = (first.to_bits() ^ address.to_bits()).leading_zeros();
                shared >= u32::from(self.bits)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().map_err(drop)?)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(drop)?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most { Err(()) } else { Ok(Self { first, bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn class(address: &str) -> AddressClass {
        AddressClass::of(address.parse().unwrap())
    }

    #[test]
    fn every_class_is_told_by_its_first_and_its_last_address() {
        use AddressClass::*;
        for (expected, addresses) in [
            (Unspecified, &["0.0.0.0", "0.255.255.255", "255.255.255.255", "::"][..]),
            (Loopback, &["127.0.0.1", "127.255.255.255", "::1"]),
            (LinkLocal, &["169.254.0.0", "169.254.169.254", "169.254.255.255", "fe80::1", "febf:ffff::1"]),
            (
                Private,
                &[
                    "10.0.0.0",
                    "10.255.255.255",
                    "172.16.0.0",
                    "172.31.255.255",
                    "192.168.0.0",
                    "192.168.255.255",
                    "100.64.0.0",
                    "100.127.255.255",
                    "fc00::",
                    "fdff:ffff::1",
                    "fec0::1",
                    "64:ff9b:1::1",
                ],
            ),
            (Multicast, &["224.0.0.0", "239.255.255.255", "ff02::1", "ff0e::1"]),
            (
                Reserved,
                &[
                    "192.0.0.1",
                    "192.0.2.1",
                    "198.51.100.7",
                    "203.0.113.255",
                    "192.88.99.1",
                    "198.18.0.0",
                    "198.19.255.255",
                    "240.0.0.1",
                    "255.255.255.254",
                    "2001:db8::1",
                    "2001::1",
                    "2001:20::1",
                    "3fff::1",
                    "4000::1",
                    "1::1",
                ],
            ),
            (
                Public,
                &[
                    "1.1.1.1",
                    "9.255.255.255",
                    "11.0.0.0",
                    "100.63.255.255",
                    "100.128.0.0",
                    "126.255.255.255",
                    "128.0.0.0",
                    "169.253.255.255",
                    "172.15.255.255",
                    "172.32.0.0",
                    "192.0.1.1",
                    "192.167.255.255",
                    "198.17.255.255",
                    "223.255.255.255",
                    "2400:3200::1",
                    "2606:4700:4700::1111",
                ],
            ),
        ] {
            for address in addresses {
                assert_eq!(class(address), expected, "{address}");
            }
        }
    }

    #[test]
    fn what_wraps_another_address_is_of_its_class() {
        use AddressClass::*;
        for (inner, expected) in [
            ("127.0.0.1", Loopback),
            ("10.1.2.3", Private),
            ("169.254.169.254", LinkLocal),
            ("0.0.0.0", Unspecified),
            ("224.0.0.1", Multicast),
        ] {
            let [a, b, c, d] = inner.parse::<Ipv4Addr>().unwrap().octets().map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            for wrapped in [
                format!("::ffff:{high:x}:{low:x}"),
                format!("64:ff9b::{high:x}:{low:x}"),
                format!("2002:{high:x}:{low:x}::1"),
            ] {
                assert_eq!(class(&wrapped), expected, "{wrapped}");
            }
            // `::0.0.0.0` is the unspecified address itself.
            assert_eq!(class(&format!("::{high:x}:{low:x}")), expected);
        }
        assert_eq!(class("::ffff:1.1.1.1"), Public);
        assert_eq!(class("64:ff9b::101:101"), Public);
        assert_eq!(class("::1.1.1.1"), Reserved, "nothing public is written so");
        assert_eq!(class("2002:101:101::1"), Reserved);
    }

    #[test]
    fn ranges_hold_what_shares_their_first_bits() {
        let network = |text: &str| text.parse::<Network>().unwrap();
        let holds = |text: &str, address: &str| network(text).contains(address.parse().unwrap());
        assert!(holds("10.1.0.0/16", "10.1.255.255") && !holds("10.1.0.0/16", "10.2.0.0"));
        assert!(holds("10.1.0.0/16", "::ffff:10.1.0.1"), "as that which it wraps");
        assert!(holds("10.1.2.3", "10.1.2.3") && !holds("10.1.2.3", "10.1.2.4"));
        assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "fd00::1"));
        assert!(holds("fd00::/8", "fdff::1") && !holds("fd00::/8", "fe00::1"));
        for wrong in ["", "10.1.0.0/33", "fd00::/129", "10.1/16", "10.1.0.0/x", "portal.gov.cn"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
