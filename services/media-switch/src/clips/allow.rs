//! Which web addresses sound files are fetched from. Whoever may say what is played, a bot among them, must not reach with the switch's hands
//! what only the switch can reach.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use url::Url;

/// Networks that are not public: IANA's registries of special-purpose addresses (RFC 6890), multicast, and the ways from IPv6 to IPv4 (Teredo
/// is in the first of IPv6's, 6to4 has its own).
const NOT_PUBLIC: [&str; 19] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
];

/// Of IPv6 only this is for hosts on the public network (RFC 4291 §2.4).
const GLOBAL_V6: &str = "2000::/3";

/// One of the addresses that are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UrlRule {
    /// None by this rule.
    Nothing,
    /// Whatever is on the public network.
    Public,
    /// All.
    Any,
    /// What begins like this, wherever it is.
    Prefix(Url),
}

/// Where an allowed address may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the public network only.
    Public,
    Any,
}

impl Reach {
    pub(super) fn takes(self, ip: IpAddr) -> bool {
        self == Self::Any || is_public(ip)
    }
}

impl FromStr for UrlRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => return Ok(Self::Nothing),
            "public" => return Ok(Self::Public),
            "any" => return Ok(Self::Any),
            _ => {}
        }
        let wanted = "allowed are none, public, any, or the beginning of an http:// or https:// URL";
        let url = Url::parse(text).map_err(|error| format!("{error}; {wanted}"))?;
        let is_plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.host_str().is_some_and(|host| !host.is_empty());
        if !matches!(url.scheme(), "http" | "https") || !is_plain {
            return Err(wanted.to_owned());
        }
        Ok(Self::Prefix(url))
    }
}

impl UrlRule {
    /// `None`: not allowed by this rule.
    fn reach(&self, url: &Url) -> Option<Reach> {
        match self {
            Self::Nothing => None,
            Self::Public => Some(Reach::Public),
            Self::Any => Some(Reach::Any),
            Self::Prefix(prefix) => begins_with(url, prefix).then_some(Reach::Any),
        }
    }
}

/// How far this address may lead; `None`: it is not allowed.
pub(super) fn reach(rules: &[UrlRule], url: &Url) -> Option<Reach> {
    let reaches = rules.iter().filter_map(|rule| rule.reach(url));
    reaches.max_by_key(|reach| *reach == Reach::Any)
}

/// The same place, and a path that is below the prefix's as every server sees it.
fn begins_with(url: &Url, prefix: &Url) -> bool {
    let is_same_place = url.scheme() == prefix.scheme()
        && url.host() == prefix.host()
        && url.port_or_known_default() == prefix.port_or_known_default();
    let (path, base) = (url.path(), prefix.path());
    // Some servers take these for the separators that `..` goes between.
    let lower = path.to_ascii_lowercase();
    let is_hiding = base != "/" && ["%2f", "%5c"].iter().any(|hidden| lower.contains(hidden));
    let is_below =
        path.strip_prefix(base).is_some_and(|rest| base.ends_with('/') || rest.is_empty() || rest.starts_with('/'));
    is_same_place && is_below && !is_hiding
}

fn is_public(ip: IpAddr) -> bool {
    let is_in = |network: &str| network.parse().map(|network: IpNet| network.contains(&ip));
    (ip.is_ipv4() || is_in(GLOBAL_V6) == Ok(true)) && NOT_PUBLIC.into_iter().all(|network| is_in(network) == Ok(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach_of(rules: &[&str], url: &str) -> Option<Reach> {
        let rules: Vec<UrlRule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        reach(&rules, &Url::parse(url).unwrap())
    }

    #[test]
    fn a_prefix_is_a_place_and_a_path_and_not_a_text() {
        let rule = ["https://cdn.example/prompts/en"];
        for good in ["", "/", "/a.wav", "/a/b.wav?v=2", "/x/../a.wav"] {
            assert_eq!(reach_of(&rule, &format!("{}{good}", rule[0])), Some(Reach::Any), "{good}");
        }
        for bad in [
            "https://cdn.example/prompts/english.wav",
            "https://cdn.example/prompts/en/../fr.wav",
            "https://cdn.example/prompts/en/%2e%2e/fr.wav",
            "https://cdn.example/prompts/en/..%2ffr.wav",
            "https://cdn.example/prompts/en/..%5Cfr.wav",
            "https://cdn.example.evil/prompts/en/a.wav",
            "https://evil/https://cdn.example/prompts/en/a.wav",
            "https://cdn.example:8443/prompts/en/a.wav",
            "http://cdn.example/prompts/en/a.wav",
        ] {
            assert_eq!(reach_of(&rule, bad), None, "{bad}");
        }
        assert_eq!(reach_of(&["http://h"], "http://h:80/a%2Fb.wav"), Some(Reach::Any));
    }

    #[test]
    fn rules_add_up() {
        assert_eq!(reach_of(&["none"], "http://h/x"), None);
        assert_eq!(reach_of(&["public"], "http://h/x"), Some(Reach::Public));
        assert_eq!(reach_of(&["public", "http://h/"], "http://h/x"), Some(Reach::Any));
        assert_eq!(reach_of(&["http://h/", "public"], "http://i/x"), Some(Reach::Public));
        assert_eq!(reach_of(&["none", "any"], "http://h/x"), Some(Reach::Any));
        for bad in ["", "all", "ftp://h/", "h/", "http://u:p@h/", "http://h/?x", "http://h/#x"] {
            assert!(bad.parse::<UrlRule>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_only_the_switch_can_reach_is_not_public() {
        let not_public = "127.0.0.1 10.1.2.3 172.31.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 198.19.0.1 224.0.0.1 255.255.255.255 :: \
            ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 fd00::1 fe80::1 ff02::1 64:ff9b::7f00:1 2001:db8::1 2002:7f00:1::1 2001::1";
        for ip in not_public.split(' ') {
            assert!(!Reach::Public.takes(ip.parse().unwrap()), "{ip}");
            assert!(Reach::Any.takes(ip.parse().unwrap()));
        }
        for ip in ["8.8.8.8", "172.32.0.1", "192.169.0.1", "100.128.0.1", "2606:4700::1", "2a00::1", "2001:4860::8"] {
            assert!(Reach::Public.takes(ip.parse().unwrap()), "{ip}");
        }
    }
}
