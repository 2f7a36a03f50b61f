//! Header field values that have a structure: Via, name-addr, CSeq, route lists, Reason.

pub(crate) mod cursor;
pub(crate) mod name_addr;
pub(crate) mod params;
mod simple;
mod via;

pub use name_addr::NameAddr;
pub use params::Params;
pub use simple::{CSeq, Reason, media_type, retry_after_s};
pub use via::{MAGIC_COOKIE, Via};

use crate::message::limits::LIST_VALUES_MAX;
use crate::message::{HeaderName, Headers};
use cursor::split_list;

/// All values of a list header field of name-addrs (Route, Record-Route, Contact), topmost first.
///
/// # Errors
/// The first value that does not parse, or too many of them.
pub fn name_addrs(headers: &Headers, name: &HeaderName) -> Result<Vec<NameAddr>, &'static str> {
    let mut out = Vec::new();
    for line in headers.all(name) {
        for value in split_list(&line.to_str()) {
            if out.len() == LIST_VALUES_MAX {
                return Err("too many values");
            }
            out.push(NameAddr::parse(value)?);
        }
    }
    Ok(out)
}

/// All values of a list header field as text, topmost first; at most [`LIST_VALUES_MAX`].
#[must_use]
pub fn list_values(headers: &Headers, name: &HeaderName) -> Vec<String> {
    headers
        .all(name)
        .flat_map(|line| split_list(&line.to_str()).map(str::to_owned).collect::<Vec<_>>())
        .filter(|value| !value.is_empty())
        .take(LIST_VALUES_MAX)
        .collect()
}

/// The topmost Via.
///
/// # Errors
/// When there is none, or it does not parse.
pub fn top_via(headers: &Headers) -> Result<Via, &'static str> {
    let line = headers.get(&HeaderName::Via).ok_or("no Via")?.to_str();
    Via::parse(split_list(&line).next().unwrap_or(""))
}

/// The topmost Via of a request that may speak another version of SIP.
pub(crate) fn top_via_any_version(headers: &Headers) -> Option<Via> {
    let line = headers.get(&HeaderName::Via)?.to_str();
    Via::parse_any_version(split_list(&line).next().unwrap_or("")).ok()
}

/// Replaces the topmost Via value, leaving others in the same line as they are.
pub fn replace_top_via(headers: &mut Headers, via: &Via) {
    let Some(line) = headers.get(&HeaderName::Via) else { return };
    let line = line.to_str();
    let mut text = via.to_string();
    for other in split_list(&line).skip(1) {
        text.push_str(", ");
        text.push_str(other);
    }
    headers.replace_first(&HeaderName::Via, text);
}

/// Removes the topmost Via value and returns it, if it parses.
pub fn pop_via(headers: &mut Headers) -> Option<Via> {
    let line = headers.get(&HeaderName::Via)?.to_str().into_owned();
    let mut values = split_list(&line);
    let top = Via::parse(values.next()?).ok();
    let rest = values.collect::<Vec<_>>().join(", ");
    if rest.is_empty() {
        headers.remove_first(&HeaderName::Via);
    } else {
        headers.replace_first(&HeaderName::Via, rest);
    }
    top
}
