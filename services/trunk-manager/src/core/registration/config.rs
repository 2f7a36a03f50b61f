//! What a trunk's configuration says of its registration.

use std::collections::BTreeSet;

use botstream_api::Trunk;
use botstream_api::trunk::Transport as TrunkTransport;
use sip::Transport;
use sip::ua::Credentials;

use super::request::{Settings, is_user};
use crate::core::check::{is_host, is_peer};

/// Most registrars of a trunk.
const REGISTRARS_MAX: usize = 8;
/// How long a registration is asked for.
const EXPIRES_S_DEFAULT: u32 = 3_600;
const EXPIRES_S: std::ops::RangeInclusive<u32> = 30..=super::EXPIRES_S_MAX;

/// What is wrong with a trunk's registration: the sentence begins with the field.
pub(crate) fn check(trunk: &Trunk) -> Result<(), String> {
    let Some(registration) = &trunk.registration else { return Ok(()) };
    let field = |name: &str, rest: String| Err(format!("registration.{name}{rest}"));
    let registrars = &registration.registrars;
    if registrars.is_empty() && trunk.peer.is_empty() {
        return field(
            "registrars",
            " is missing, and there is no peer: where is the trunk to be registered?".to_owned(),
        );
    }
    if registrars.len() > REGISTRARS_MAX {
        return field("registrars", format!(" has {} entries, more than {REGISTRARS_MAX}", registrars.len()));
    }
    if let Some(text) = registrars.iter().find(|text| !is_peer(text)) {
        return field("registrars", format!(": {text:?} is not allowed; use host:port"));
    }
    if registrars.iter().collect::<BTreeSet<_>>().len() != registrars.len() {
        return field("registrars", ": one is there twice".to_owned());
    }
    if !is_user(&registration.user) {
        return field(
            "user",
            format!(" = {:?} is not allowed; use the user of the address that is registered", registration.user),
        );
    }
    if !registration.contact_user.is_empty() && !is_user(&registration.contact_user) {
        return field("contact_user", format!(" = {:?} is not allowed", registration.contact_user));
    }
    if !registration.domain.is_empty() && !is_host(&registration.domain) {
        return field("domain", format!(" = {:?} is not allowed; use a host name or an address", registration.domain));
    }
    if registration.expires_s != 0 && !EXPIRES_S.contains(&registration.expires_s) {
        let (least, most) = (EXPIRES_S.start(), EXPIRES_S.end());
        return field("expires_s", format!(" = {} is not allowed; use {least} to {most}", registration.expires_s));
    }
    Ok(())
}

/// Where a trunk is registered: `host:port`.
fn registrars(trunk: &Trunk) -> Vec<String> {
    match &trunk.registration {
        None => Vec::new(),
        Some(registration) if registration.registrars.is_empty() => vec![trunk.peer.clone()],
        Some(registration) => registration.registrars.clone(),
    }
}

/// What a trunk registers, if it does. `credentials` says what answers the challenges at an address.
pub(crate) fn settings(trunk: &Trunk, credentials: impl Fn(&str) -> Option<Credentials>) -> Option<Settings> {
    let registration = trunk.registration.as_ref()?;
    let or = |text: &String, other: &String| if text.is_empty() { other.clone() } else { text.clone() };
    Some(Settings {
        registrars: registrars(trunk).into_iter().map(|at| (at.clone(), credentials(&at))).collect(),
        user: registration.user.clone(),
        domain: registration.domain.clone(),
        contact_user: or(&registration.contact_user, &registration.user),
        expires_s: if registration.expires_s == 0 { EXPIRES_S_DEFAULT } else { registration.expires_s },
        transport: if trunk.transport() == TrunkTransport::Tcp { Transport::Tcp } else { Transport::Udp },
    })
}
