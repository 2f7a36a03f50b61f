//! The bot's side of a call: the protocols of other vendors, each spoken by a bot of its own through a real switch.

mod dialects;
mod failure;
mod known_failures;
mod protocol;
mod secure;
mod stock;
mod vendor;
