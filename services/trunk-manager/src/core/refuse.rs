//! Whether one object can go into force beside what is: the same rules as for the file, each refusal with its field.

use std::collections::BTreeSet;

use botstream_api::{Bot, Error, ErrorCode, Number, Route, Trunk, subjects, validate};
use botstream_state::config::parse_network;

use crate::core::check::{check_limits, is_pattern, is_peer};
use crate::core::object::{Key, Kind, Object};
use crate::core::registration;
use crate::core::status::Status;
use crate::core::view::View;

/// Most entries of a trunk's lists.
const NETWORKS_MAX: usize = 1_000;

/// What can be asked of an object before it goes into force.
pub(crate) trait Checked: Object + Status {
    /// What is wrong with it, by itself and beside others.
    fn check(&self, view: &View) -> Result<(), Error>;
    /// What it names, which must be there.
    fn references(&self) -> Vec<(Kind, Key)>;
    /// Who names it, if somebody does.
    fn user(key: &Key, view: &View) -> Option<String>;
}

fn check_name(name: &str) -> Result<(), Error> {
    if subjects::is_token(name) {
        return Ok(());
    }
    let sentence =
        format!("name = {name:?} is not allowed; use 1 to {} letters, digits, _ and -", subjects::TOKEN_LEN_MAX);
    Err(Error::invalid("name", sentence))
}

/// Validation names fields by a path that begins with the object's; here the object is the body itself.
fn bare(mut error: Error) -> Error {
    error.message = error.message.trim_start_matches('.').to_owned();
    error.field = error.field.map(|field| field.trim_start_matches('.').to_owned());
    error
}

fn gone(field: &str, name: &str, kind: Kind) -> Error {
    Error::new(kind.not_found(), format!("{field} = {name:?}: there is no such {}", kind.noun())).field(field)
}

impl Checked for Bot {
    fn check(&self, _view: &View) -> Result<(), Error> {
        check_name(&self.name)?;
        validate::stream("", &self.stream()).map_err(bare)
    }

    fn references(&self) -> Vec<(Kind, Key)> {
        Vec::new()
    }

    fn user(key: &Key, view: &View) -> Option<String> {
        let mut routes = view.all::<Route>();
        let route =
            routes.find(|route| route.tenant == key.tenant && route.stream.is_none() && route.bot == key.name)?;
        Some(format!("route {:?}", route.name))
    }
}

impl Checked for Route {
    fn check(&self, view: &View) -> Result<(), Error> {
        check_name(&self.name)?;
        match (&self.stream, self.bot.as_str()) {
            (None, "") => {
                let sentence =
                    "a route has a bot (the name of one) or a stream (one described in place); this one has neither";
                return Err(Error::invalid("bot", sentence));
            }
            (Some(_), bot) if !bot.is_empty() => {
                return Err(Error::invalid("bot", "a route has a bot or a stream; this one has both"));
            }
            (Some(stream), _) => validate::stream("stream", stream)?,
            (None, bot) if view.get::<Bot>(&Key::named(&self.tenant, bot)).is_none() => {
                return Err(gone("bot", bot, Kind::Bot));
            }
            (None, _) => {}
        }
        validate::text_map("vars", &self.vars)
    }

    fn references(&self) -> Vec<(Kind, Key)> {
        let bot = (!self.bot.is_empty()).then(|| (Kind::Bot, Key::named(&self.tenant, &self.bot)));
        bot.into_iter().collect()
    }

    fn user(key: &Key, view: &View) -> Option<String> {
        let mut numbers = view.all::<Number>();
        let number = numbers.find(|number| number.tenant == key.tenant && number.route == key.name)?;
        Some(format!("number {:?}", number.number))
    }
}

impl Checked for Trunk {
    fn check(&self, view: &View) -> Result<(), Error> {
        check_name(&self.name)?;
        if self.addresses.is_empty() && self.peer.is_empty() && self.registration.is_none() {
            let sentence =
                "a trunk has addresses (for calls from it) or a peer (for calls to it); this one has neither";
            return Err(Error::invalid("peer", sentence));
        }
        if !self.peer.is_empty() && !is_peer(&self.peer) {
            return Err(Error::invalid("peer", format!("peer = {:?} is not allowed; use host:port", self.peer)));
        }
        for (field, texts) in [("addresses", &self.addresses), ("rtp_networks", &self.rtp_networks)] {
            if texts.len() > NETWORKS_MAX {
                return Err(Error::invalid(
                    field,
                    format!("{field} has {} entries, more than {NETWORKS_MAX}", texts.len()),
                ));
            }
            if let Some(text) = texts.iter().find(|text| parse_network(text).is_none()) {
                let sentence =
                    format!("{field}: {text:?} is not allowed; use an IP address or a network like 192.0.2.0/24");
                return Err(Error::invalid(field, sentence));
            }
        }
        if botstream_api::trunk::Transport::try_from(self.transport).is_err() {
            return Err(Error::invalid("transport", format!("transport = {} is not known", self.transport)));
        }
        if botstream_api::trunk::Srtp::try_from(self.srtp).is_err() {
            return Err(Error::invalid("srtp", format!("srtp = {} is not known", self.srtp)));
        }
        if self.codecs().count() != self.codecs.len() || self.codecs.contains(&0) {
            return Err(Error::invalid("codecs", "codecs: one is not known"));
        }
        if self.codecs.iter().collect::<BTreeSet<_>>().len() != self.codecs.len() {
            return Err(Error::invalid("codecs", "codecs: one is there twice"));
        }
        if let Err(sentence) = check_limits(self) {
            let field = if sentence.starts_with("max_cps") { "max_cps" } else { "max_channels" };
            return Err(Error::invalid(field, sentence));
        }
        if let Err(sentence) = registration::check(self) {
            let field = sentence.split([' ', ':']).next().unwrap_or_default().to_owned();
            return Err(Error::invalid(field, sentence));
        }
        if self.default && self.peer.is_empty() {
            return Err(Error::invalid("default", "default = true is for calls that are dialled: it needs a peer"));
        }
        self.check_beside_others(view)
    }

    fn references(&self) -> Vec<(Kind, Key)> {
        Vec::new()
    }

    fn user(key: &Key, view: &View) -> Option<String> {
        let mut numbers = view.all::<Number>();
        let number = numbers.find(|number| number.tenant == key.tenant && number.trunk == key.name)?;
        Some(format!("number {:?}", number.number))
    }
}

trait BesideOthers {
    fn check_beside_others(&self, view: &View) -> Result<(), Error>;
}

impl BesideOthers for Trunk {
    fn check_beside_others(&self, view: &View) -> Result<(), Error> {
        let mut own = BTreeSet::new();
        for network in self.addresses.iter().filter_map(|text| parse_network(text)) {
            if !own.insert(network.trunc()) {
                return Err(Error::invalid("addresses", format!("addresses: {network} is there twice")));
            }
        }
        for other in view.all::<Trunk>().filter(|other| other.key() != self.key()) {
            if self.default && other.default && other.tenant == self.tenant {
                let sentence = format!("default = true, but trunk {:?} is the default already", other.name);
                return Err(Error::invalid("default", sentence));
            }
            let theirs = other.addresses.iter().filter_map(|text| parse_network(text));
            if let Some(network) = theirs.map(|network| network.trunc()).find(|network| own.contains(network)) {
                // Of another tenant's trunks nothing is told.
                let whose = if other.tenant == self.tenant {
                    format!("trunk {:?}", other.name)
                } else {
                    "another trunk".to_owned()
                };
                let sentence = format!("addresses: {network} belongs to {whose} too: whose calls would come from it?");
                return Err(Error::invalid("addresses", sentence));
            }
        }
        Ok(())
    }
}

impl Checked for Number {
    fn check(&self, view: &View) -> Result<(), Error> {
        if !is_pattern(&self.number) {
            let sentence = format!(
                "number = {:?} is not allowed; use a number, a name, or the beginning of one followed by *",
                self.number
            );
            return Err(Error::new(ErrorCode::BadNumber, sentence).field("number"));
        }
        if !self.trunk.is_empty() && view.get::<Trunk>(&Key::named(&self.tenant, &self.trunk)).is_none() {
            return Err(gone("trunk", &self.trunk, Kind::Trunk));
        }
        if view.get::<Route>(&Key::named(&self.tenant, &self.route)).is_none() {
            return Err(gone("route", &self.route, Kind::Route));
        }
        Ok(())
    }

    fn references(&self) -> Vec<(Kind, Key)> {
        let trunk = (!self.trunk.is_empty()).then(|| (Kind::Trunk, Key::named(&self.tenant, &self.trunk)));
        trunk.into_iter().chain([(Kind::Route, Key::named(&self.tenant, &self.route))]).collect()
    }

    fn user(_key: &Key, _view: &View) -> Option<String> {
        None
    }
}
