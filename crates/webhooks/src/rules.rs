//! Which addresses may be called: what may stand in a URL, and where its host may lie.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use url::{Host, Url};

use crate::address::{AddressClass, Network};

/// Characters of a URL.
const LONGEST: usize = 2_000;

/// What the operator allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Ports that may be called.
    pub ports: Vec<u16>,
    /// Whether `http://` may be called, unencrypted.
    pub plain_http: bool,
    /// What may be called although it is not public.
    pub allow: Vec<Allowed>,
}

impl Default for Rules {
    /// What is public, encrypted, at the usual ports.
    fn default() -> Self {
        Self { ports: vec![443, 8443], plain_http: false, allow: Vec::new() }
    }
}

/// Something that may be called although it is not public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Every address of a range.
    Network(Network),
    /// A host by its name, wherever in the private networks it lies.
    Host(String),
}

impl FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(network) = text.parse() {
            return Ok(Self::Network(network));
        }
        let wrong = || format!("“{text}”应为网段（10.1.0.0/16）、IP 地址或主机名（portal.gov.internal）");
        let plain =
            |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        match Host::parse(text) {
            Ok(Host::Domain(name)) if plain(&name) => Ok(Self::Host(bare(&name))),
            _ => Err(wrong()),
        }
    }
}

/// Why an address is not called. Of what a name leads to, nothing is told: whoever asks is not to learn how our networks are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no URL.
    #[error("不是有效的地址，应形如 https://portal.example.cn/hooks")]
    NoUrl,
    /// It is too long.
    #[error("地址最多 {LONGEST} 个字符")]
    TooLong,
    /// Another scheme than HTTPS.
    #[error("只支持 https 地址")]
    Scheme,
    /// A user or a password stands in it.
    #[error("地址里不能有用户名和密码")]
    Credentials,
    /// It has a fragment, which is never sent.
    #[error("地址里不能有 # 片段")]
    Fragment,
    /// The port is none that may be called.
    #[error("这个端口不允许调用，允许的端口由管理员设置（webhooks.ports）")]
    Port,
    /// It lies where nothing is called.
    #[error("不能调用{}；确需调用内部网络的，请管理员在 webhooks.allow 中放行", .0.label())]
    Class(AddressClass),
    /// The name leads to where nothing is called.
    #[error("这个主机名指向不允许调用的地址；确需调用内部网络的，请管理员在 webhooks.allow 中放行")]
    LeadsAstray,
}

/// A URL that may be called as far as can be told before its name is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    host: Host<String>,
    port: u16,
}

impl Target {
    /// The URL as it is kept.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Whether it is called under TLS.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The host, as it is resolved or dialled.
    pub(crate) fn host(&self) -> &Host<String> {
        &self.host
    }

    /// The value of the `Host` header.
    pub(crate) fn authority(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    /// What is asked for.
    pub(crate) fn path(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Rules {
    /// Reads a URL, if it may be called as far as it says itself.
    ///
    /// # Errors
    /// [`Refusal`]; where a name leads is looked at when it is resolved.
    pub fn target(&self, text: &str) -> Result<Target, Refusal> {
        if text.chars().count() > LONGEST {
            return Err(Refusal::TooLong);
        }
        // The parser would drop blanks and line breaks silently.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Refusal::NoUrl);
        }
        let url = Url::parse(text).map_err(|_| Refusal::NoUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if self.plain_http => {}
            _ => return Err(Refusal::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials);
        }
        if url.fragment().is_some() {
            return Err(Refusal::Fragment);
        }
        let host = url.host().ok_or(Refusal::NoUrl)?.to_owned();
        let port = url.port_or_known_default().ok_or(Refusal::NoUrl)?;
        if !self.ports.contains(&port) {
            return Err(Refusal::Port);
        }
        let literal = match &host {
            Host::Ipv4(address) => Some(IpAddr::V4(*address)),
            Host::Ipv6(address) => Some(IpAddr::V6(*address)),
            Host::Domain(_) => None,
        };
        if let Some(address) = literal {
            self.permits(address, false).map_err(Refusal::Class)?;
        }
        Ok(Target { url, host, port })
    }

    /// Of the addresses that a target's name leads to, those that may be called: all of them, or none.
    ///
    /// # Errors
    /// [`Refusal::LeadsAstray`] when one of them may not be called.
    pub(crate) fn admit(&self, target: &Target, addresses: &[IpAddr]) -> Result<Vec<SocketAddr>, Refusal> {
        let named = match &target.host {
            Host::Domain(name) => {
                let name = bare(name);
                self.allow.iter().any(|allowed| matches!(allowed, Allowed::Host(host) if *host == name))
            }
            _ => false,
        };
        let admitted = |address: &IpAddr| {
            self.permits(*address, named).map_err(|_| Refusal::LeadsAstray)?;
            Ok(SocketAddr::new(address.to_canonical(), target.port))
        };
        addresses.iter().map(admitted).collect()
    }

    /// Whether an address may be called; `named` when it is that of a host which may be called wherever it lies.
    fn permits(&self, address: IpAddr, named: bool) -> Result<(), AddressClass> {
        let class = AddressClass::of(address);
        let listed = self
            .allow
            .iter()
            .any(|allowed| matches!(allowed, Allowed::Network(network) if network.contains(address)));
        match class {
            AddressClass::Public => Ok(()),
            // No connection leads there.
            AddressClass::Multicast | AddressClass::Unspecified => Err(class),
            AddressClass::Private if named || listed => Ok(()),
            // A name is no reason to call this machine, or what a cloud tells it.
            _ if listed => Ok(()),
            _ => Err(class),
        }
    }
}

/// A name as names are compared: without the dot at its end, in small letters.
fn bare(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn refused(rules: &Rules, url: &str) -> Option<Refusal> {
        rules.target(url).err()
    }

    fn admit(rules: &Rules, url: &str, addresses: &[&str]) -> Result<usize, Refusal> {
        let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
        rules.admit(&rules.target(url).unwrap(), &addresses).map(|admitted| admitted.len())
    }

    #[test]
    fn only_encrypted_urls_of_the_usual_ports_are_called() {
        let rules = Rules::default();
        for url in
            ["https://portal.example.cn/hooks?a=1", "https://portal.example.cn:8443", "https://1.1.1.1/"]
        {
            assert_eq!(refused(&rules, url), None, "{url}");
        }
        for (url, why) in [
            ("http://portal.example.cn/", Refusal::Scheme),
            ("ftp://portal.example.cn/", Refusal::Scheme),
            ("file:///etc/passwd", Refusal::Scheme),
            ("gopher://127.0.0.1:6379/_x", Refusal::Scheme),
            ("portal.example.cn/hooks", Refusal::NoUrl),
            ("https://", Refusal::NoUrl),
            ("https://portal.example.cn/a\nb", Refusal::NoUrl),
            (" https://portal.example.cn/", Refusal::NoUrl),
            ("https://u@portal.example.cn/", Refusal::Credentials),
            ("https://u:p@portal.example.cn/", Refusal::Credentials),
            ("https://portal.example.cn/#a", Refusal::Fragment),
            ("https://portal.example.cn:22/", Refusal::Port),
            ("https://portal.example.cn:80/", Refusal::Port),
        ] {
            assert_eq!(refused(&rules, url), Some(why), "{url}");
        }
        let long = format!("https://portal.example.cn/{}", "a".repeat(LONGEST));
        assert_eq!(refused(&rules, &long), Some(Refusal::TooLong));
    }

    #[test]
    fn an_address_is_seen_through_however_it_is_written() {
        use AddressClass::*;
        for (url, class) in [
            ("https://127.0.0.1/", Loopback),
            ("https://127.1/", Loopback),
            ("https://2130706433/", Loopback),
            ("https://0x7f000001/", Loopback),
            ("https://0177.0.0.1/", Loopback),
            ("https://[::1]/", Loopback),
            ("https://[::ffff:127.0.0.1]/", Loopback),
            ("https://[::127.0.0.1]/", Loopback),
            ("https://[64:ff9b::7f00:1]/", Loopback),
            ("https://[2002:7f00:1::]/", Loopback),
            ("https://１２７.0.0.1/", Loopback),
            ("https://10.0.0.1/", Private),
            ("https://172.16.0.1/", Private),
            ("https://192.168.1.1/", Private),
            ("https://100.64.0.1/", Private),
            ("https://[fd00::1]/", Private),
            ("https://169.254.169.254/latest/meta-data/", LinkLocal),
            ("https://[fe80::1]/", LinkLocal),
            ("https://224.0.0.1/", Multicast),
            ("https://[ff02::1]/", Multicast),
            ("https://0.0.0.0/", Unspecified),
            ("https://0/", Unspecified),
            ("https://[::]/", Unspecified),
            ("https://203.0.113.5/", Reserved),
            ("https://[2001:db8::1]/", Reserved),
        ] {
            assert_eq!(refused(&Rules::default(), url), Some(Refusal::Class(class)), "{url}");
        }
    }

    #[test]
    fn a_name_is_called_when_all_its_addresses_may_be() {
        let (rules, url) = (Rules::default(), "https://portal.example.cn/");
        assert_eq!(admit(&rules, url, &["1.1.1.1", "2400:3200::1"]), Ok(2));
        for astray in [
            "127.0.0.1",
            "10.0.0.1",
            "169.254.169.254",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "0.0.0.0",
            "224.0.0.1",
            "198.18.0.1",
        ] {
            assert_eq!(admit(&rules, url, &[astray]), Err(Refusal::LeadsAstray), "{astray}");
            assert_eq!(admit(&rules, url, &["1.1.1.1", astray]), Err(Refusal::LeadsAstray), "{astray}");
        }
    }

    #[test]
    fn closed_networks_are_opened_range_by_range_and_name_by_name() {
        let allow = ["10.1.0.0/16", "fd00::/8", "Portal.Gov.Internal."].map(|text| text.parse().unwrap());
        let rules = Rules { allow: allow.to_vec(), plain_http: true, ports: vec![80, 443] };
        assert_eq!(refused(&rules, "http://10.1.2.3/hooks"), None);
        assert_eq!(refused(&rules, "http://10.2.0.1/"), Some(Refusal::Class(AddressClass::Private)));
        assert_eq!(admit(&rules, "http://other.gov.internal/", &["10.1.2.3", "fd00::7"]), Ok(2));
        assert_eq!(admit(&rules, "http://other.gov.internal/", &["10.9.9.9"]), Err(Refusal::LeadsAstray));
        let named = "http://portal.gov.internal/";
        assert_eq!(admit(&rules, named, &["10.9.9.9"]), Ok(1));
        assert_eq!(admit(&rules, "http://PORTAL.gov.internal./", &["10.9.9.9"]), Ok(1));
        for astray in ["127.0.0.1", "169.254.169.254", "::1", "224.0.0.1", "0.0.0.0"] {
            assert_eq!(admit(&rules, named, &[astray]), Err(Refusal::LeadsAstray), "{astray}");
        }
        let open = Rules { allow: vec!["0.0.0.0/0".parse().unwrap()], ..rules };
        assert_eq!(refused(&open, "http://127.0.0.1/"), None, "who opens everything has opened it");
        assert!(refused(&open, "http://0.0.0.0/").is_some() && refused(&open, "http://224.0.0.1/").is_some());
    }

    #[test]
    fn what_is_neither_a_range_nor_a_name_is_no_permission() {
        for wrong in
            ["", "10.1.0.0/99", "10.1", "a/b", "https://portal.gov.internal", "a b", "*.gov.internal"]
        {
            assert!(wrong.parse::<Allowed>().is_err(), "{wrong}");
        }
        assert_eq!("::1".parse(), Ok(Allowed::Network("::1/128".parse().unwrap())));
    }
}
