//! Whether what a file says can work.

use std::collections::{BTreeMap, BTreeSet};

use botstream_api::{Number, Route, Trunk, subjects, validate};
use botstream_state::config::parse_network;

use crate::core::registration;
use crate::core::telephony::{Findings, Telephony};

/// Finds what is wrong with each object, and between them.
pub(crate) fn check(telephony: &Telephony, findings: &mut Findings) {
    check_trunks(&telephony.trunks, findings);
    let trunks = names(telephony.trunks.iter().map(|trunk| (&trunk.tenant, &trunk.name)));
    let routes = names(telephony.routes.iter().map(|route| (&route.tenant, &route.name)));
    let bots = names(telephony.bots.iter().map(|bot| (&bot.tenant, &bot.name)));

    let mut unique = Unique::default();
    for bot in &telephony.bots {
        let place = format!("bots {:?}", bot.name);
        check_name(&place, &bot.tenant, &bot.name, findings);
        unique.check(&place, (&bot.tenant, &bot.name), findings);
        findings.check(&place, validate::stream("", &bot.stream()).map_err(bare));
    }

    let mut unique = Unique::default();
    for route in &telephony.routes {
        let place = format!("routes {:?}", route.name);
        check_name(&place, &route.tenant, &route.name, findings);
        unique.check(&place, (&route.tenant, &route.name), findings);
        check_route(&place, route, &bots, findings);
    }

    let mut seen = BTreeSet::new();
    for number in &telephony.numbers {
        let place = format!("numbers {:?}", number.number);
        check_number(&place, number, &trunks, &routes, findings);
        if !seen.insert((&number.tenant, &number.trunk, &number.number)) {
            findings.add(&place, "is there twice for the same trunk");
        }
    }
}

type Names<'a> = BTreeSet<(&'a str, &'a str)>;

fn names<'a>(objects: impl Iterator<Item = (&'a String, &'a String)>) -> Names<'a> {
    objects.map(|(tenant, name)| (tenant.as_str(), name.as_str())).collect()
}

#[derive(Default)]
struct Unique<'a>(Names<'a>);

impl<'a> Unique<'a> {
    fn check(&mut self, place: &str, key: (&'a str, &'a str), findings: &mut Findings) {
        if !self.0.insert(key) {
            findings.add(place, "is there twice");
        }
    }
}

/// The sentence without the dot that an empty prefix leaves at its beginning.
fn bare(error: botstream_api::Error) -> String {
    error.message.trim_start_matches('.').to_owned()
}

fn check_name(place: &str, tenant: &str, name: &str, findings: &mut Findings) {
    for (key, text) in [("name", name), ("tenant", tenant)] {
        if !subjects::is_token(text) {
            let allowed = format!("use 1 to {} letters, digits, _ and -", subjects::TOKEN_LEN_MAX);
            findings.add(place, format!("{key} = {text:?} is not allowed; {allowed}"));
        }
    }
}

fn check_trunks(trunks: &[Trunk], findings: &mut Findings) {
    let mut unique = Unique::default();
    let mut defaults: BTreeMap<&str, &str> = BTreeMap::new();
    let mut owners = BTreeMap::new();
    for trunk in trunks {
        let place = format!("trunks {:?}", trunk.name);
        check_name(&place, &trunk.tenant, &trunk.name, findings);
        unique.check(&place, (&trunk.tenant, &trunk.name), findings);
        if trunk.addresses.is_empty() && trunk.peer.is_empty() && trunk.registration.is_none() {
            findings.add(&place, "has neither addresses (for calls from it) nor peer (for calls to it)");
        }
        if !trunk.peer.is_empty() && !is_peer(&trunk.peer) {
            findings.add(&place, format!("peer = {:?} is not allowed; use host:port", trunk.peer));
        }
        for (key, texts) in [("addresses", &trunk.addresses), ("rtp_networks", &trunk.rtp_networks)] {
            for text in texts.iter().filter(|text| parse_network(text).is_none()) {
                findings.add(
                    &place,
                    format!("{key}: {text:?} is not allowed; use an IP address or a network like 192.0.2.0/24"),
                );
            }
        }
        for network in trunk.addresses.iter().filter_map(|text| parse_network(text)) {
            if let Some(other) = owners.insert(network.trunc(), &trunk.name) {
                findings.add(
                    &place,
                    format!("addresses: {network} belongs to trunk {other:?} too: whose calls would come from it?"),
                );
            }
        }
        let codecs: BTreeSet<_> = trunk.codecs.iter().collect();
        if codecs.len() != trunk.codecs.len() {
            findings.add(&place, "codecs: one is there twice");
        }
        findings.check(&place, check_limits(trunk));
        findings.check(&place, registration::check(trunk));
        if trunk.status.is_some() {
            findings.add(&place, "status is told by the cluster, not given to it");
        }
        if trunk.default {
            if trunk.peer.is_empty() {
                findings.add(&place, "default = true is for calls that are dialled: it needs a peer");
            }
            if let Some(other) = defaults.insert(&trunk.tenant, &trunk.name) {
                findings.add(&place, format!("default = true, but trunk {other:?} is the default already"));
            }
        }
    }
}

/// Most channels and calls a second that a trunk can be limited to.
const CHANNELS_MAX: u32 = 1_000_000;
const CPS_MAX: u32 = 10_000;

/// What is wrong with a trunk's limits: the sentence begins with the field.
pub(crate) fn check_limits(trunk: &Trunk) -> Result<(), String> {
    for (field, limit, most) in
        [("max_channels", trunk.max_channels, CHANNELS_MAX), ("max_cps", trunk.max_cps, CPS_MAX)]
    {
        if limit > most {
            return Err(format!("{field} = {limit} is not allowed; use 1 to {most}, or 0 for no limit"));
        }
        if limit > 0 && trunk.peer.is_empty() {
            return Err(format!("{field} is for calls that are placed: it needs a peer"));
        }
    }
    Ok(())
}

/// `host:port`; IPv6 addresses in brackets.
pub(crate) fn is_peer(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    is_host(host) && port.parse::<u16>().is_ok_and(|port| port != 0)
}

/// A name or an address; IPv6 addresses in brackets.
pub(crate) fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-'),
    }
}

fn check_route(place: &str, route: &Route, bots: &Names<'_>, findings: &mut Findings) {
    match (&route.stream, route.bot.as_str()) {
        (None, "") => findings.add(place, "has neither bot (the name of one) nor stream (one described in place)"),
        (Some(_), bot) if !bot.is_empty() => findings.add(place, "has both bot and stream; use one of them"),
        (Some(stream), _) => findings.check(place, validate::stream("stream", stream).map_err(bare)),
        (None, bot) if !bots.contains(&(route.tenant.as_str(), bot)) => {
            findings.add(place, format!("bot = {bot:?}: there is no such bot"));
        }
        (None, _) => {}
    }
    findings.check(place, validate::text_map("vars", &route.vars).map_err(bare));
}

fn check_number(place: &str, number: &Number, trunks: &Names<'_>, routes: &Names<'_>, findings: &mut Findings) {
    if !is_pattern(&number.number) {
        let allowed = "use a number, a name, or the beginning of one followed by *";
        findings.add(place, format!("number = {:?} is not allowed; {allowed}", number.number));
    }
    if !subjects::is_token(&number.tenant) {
        findings.add(place, format!("tenant = {:?} is not allowed", number.tenant));
    }
    let tenant = number.tenant.as_str();
    if !number.trunk.is_empty() && !trunks.contains(&(tenant, number.trunk.as_str())) {
        findings.add(place, format!("trunk = {:?}: there is no such trunk", number.trunk));
    }
    if !routes.contains(&(tenant, number.route.as_str())) {
        findings.add(place, format!("route = {:?}: there is no such route", number.route));
    }
}

/// The user part of a SIP URI, or a prefix of one with a `*` at its end.
pub(crate) fn is_pattern(text: &str) -> bool {
    let prefix = text.strip_suffix('*').unwrap_or(text);
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'_' | b'.' | b'#');
    !text.is_empty() && text.len() <= validate::NUMBER_LEN_MAX && prefix.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use crate::core::telephony::Telephony;

    fn problem(text: &str) -> String {
        match Telephony::parse(text) {
            Ok(telephony) => panic!("accepted: {telephony:?}"),
            Err(problems) => problems.to_string(),
        }
    }

    #[test]
    fn trunks_name_what_cannot_work() {
        for (trunks, sentence) in [
            (
                r#"{ name = "a b", peer = "h:1" }"#,
                r#"trunks "a b": name = "a b" is not allowed; use 1 to 64 letters, digits, _ and -"#,
            ),
            (
                r#"{ name = "a" }"#,
                r#"trunks "a": has neither addresses (for calls from it) nor peer (for calls to it)"#,
            ),
            (r#"{ name = "a", peer = "h" }"#, r#"trunks "a": peer = "h" is not allowed; use host:port"#),
            (r#"{ name = "a", peer = "h:0" }"#, r#"trunks "a": peer = "h:0" is not allowed; use host:port"#),
            (r#"{ name = "a", peer = "::1:5060" }"#, r#"trunks "a": peer = "::1:5060" is not allowed; use host:port"#),
            (
                r#"{ name = "a", addresses = ["10.0.0.0/33"] }"#,
                r#"trunks "a": addresses: "10.0.0.0/33" is not allowed; use an IP address or a network like 192.0.2.0/24"#,
            ),
            (
                r#"{ name = "a", peer = "h:1", rtp_networks = ["x"] }"#,
                r#"trunks "a": rtp_networks: "x" is not allowed; use an IP address or a network like 192.0.2.0/24"#,
            ),
            (r#"{ name = "a", peer = "h:1" }, { name = "a", peer = "h:2" }"#, r#"trunks "a": is there twice"#),
            (
                r#"{ name = "a", addresses = ["10.0.0.1/8"] }, { name = "b", addresses = ["10.0.0.0/8"] }"#,
                r#"trunks "b": addresses: 10.0.0.0/8 belongs to trunk "a" too: whose calls would come from it?"#,
            ),
            (
                r#"{ name = "a", peer = "h:1", default = true }, { name = "b", peer = "h:1", default = true }"#,
                r#"trunks "b": default = true, but trunk "a" is the default already"#,
            ),
            (
                r#"{ name = "a", addresses = ["10.0.0.1"], default = true }"#,
                r#"trunks "a": default = true is for calls that are dialled: it needs a peer"#,
            ),
            (
                r#"{ name = "a", peer = "h:1", max_cps = 10001 }"#,
                r#"trunks "a": max_cps = 10001 is not allowed; use 1 to 10000, or 0 for no limit"#,
            ),
            (
                r#"{ name = "a", addresses = ["10.0.0.1"], max_channels = 10 }"#,
                r#"trunks "a": max_channels is for calls that are placed: it needs a peer"#,
            ),
            (
                r#"{ name = "a", registration = { user = "u" } }"#,
                r#"trunks "a": registration.registrars is missing, and there is no peer: where is the trunk to be registered?"#,
            ),
            (
                r#"{ name = "a", peer = "h:1", registration = { user = "u", registrars = ["r"] } }"#,
                r#"trunks "a": registration.registrars: "r" is not allowed; use host:port"#,
            ),
            (
                r#"{ name = "a", peer = "h:1", registration = { user = "u@h" } }"#,
                r#"trunks "a": registration.user = "u@h" is not allowed; use the user of the address that is registered"#,
            ),
            (
                r#"{ name = "a", peer = "h:1", registration = { user = "u", expires_s = 5 } }"#,
                r#"trunks "a": registration.expires_s = 5 is not allowed; use 30 to 86400"#,
            ),
            (
                r#"{ name = "a", peer = "h:1", registration = { user = "u", domain = "a b" } }"#,
                r#"trunks "a": registration.domain = "a b" is not allowed; use a host name or an address"#,
            ),
            (
                r#"{ name = "a", peer = "h:1", status = { state = "up" } }"#,
                r#"trunks "a": status is told by the cluster, not given to it"#,
            ),
            (r#"{ name = "a", peer = "h:1", codecs = ["pcmu", "pcmu"] }"#, r#"trunks "a": codecs: one is there twice"#),
        ] {
            assert_eq!(problem(&format!("trunks = [{trunks}]")), sentence);
        }
        let ipv6 = r#"trunks = [{ name = "a", addresses = ["2001:db8::/32"], peer = "[2001:db8::1]:5060" }]"#;
        assert!(Telephony::parse(ipv6).is_ok());
    }

    #[test]
    fn names_lead_somewhere() {
        assert_eq!(
            problem(r#"routes = [{ name = "r", bot = "x" }]"#),
            r#"routes "r": bot = "x": there is no such bot"#
        );
        assert_eq!(
            problem(r#"numbers = [{ number = "1", route = "x" }]"#),
            r#"numbers "1": route = "x": there is no such route"#
        );
        let route = "routes = [{ name = \"r\", stream = { url = \"ws://h/\" } }]\n";
        assert_eq!(
            problem(&format!(r#"{route} numbers = [{{ number = "1", route = "r", trunk = "t" }}]"#)),
            r#"numbers "1": trunk = "t": there is no such trunk"#
        );
        // Another tenant's is none.
        assert_eq!(
            problem(&format!(r#"{route} numbers = [{{ number = "1", route = "r", tenant = "acme" }}]"#)),
            r#"numbers "1": route = "r": there is no such route"#
        );
    }

    #[test]
    fn routes_have_a_bot_or_a_stream() {
        assert_eq!(
            problem(r#"routes = [{ name = "r" }]"#),
            r#"routes "r": has neither bot (the name of one) nor stream (one described in place)"#
        );
        assert_eq!(
            problem(r#"routes = [{ name = "r", bot = "x", stream = { url = "ws://h/" } }]"#),
            r#"routes "r": has both bot and stream; use one of them"#
        );
        assert_eq!(
            problem(r#"routes = [{ name = "r", stream = { url = "http://h/" } }]"#),
            r#"routes "r": stream.url: "http://h/" is not a ws:// or wss:// URL"#
        );
    }

    #[test]
    fn bots_can_be_streamed_to() {
        assert_eq!(
            problem(r#"bots = [{ name = "b", url = "ws://h/", format = { encoding = "mulaw", rate = 16000 } }]"#),
            r#"bots "b": format.rate = 16000 is not supported; use 8000 with mulaw and alaw"#
        );
        assert_eq!(problem(r#"bots = [{ name = "b" }]"#), r#"bots "b": url: is missing; use a ws:// or wss:// URL"#);
    }

    #[test]
    fn numbers_are_exact_or_prefixes() {
        let with = |number: &str| {
            Telephony::parse(&format!(
                "routes = [{{ name = \"r\", stream = {{ url = \"ws://h/\" }} }}]\nnumbers = [{{ number = \"{number}\", route = \"r\" }}]"
            ))
        };
        for number in ["*", "+49*", "+4930123", "alice", "100"] {
            assert!(with(number).is_ok(), "{number}");
        }
        for number in ["", "1*2", "**", "a b", "a@b"] {
            assert!(with(number).is_err(), "{number}");
        }
    }
}
