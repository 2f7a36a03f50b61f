//! What the integration tests share: bots whose every move is the test's, SIPp, a telephony file, events, live databases.
//!
//! The tests are users of BotStream, not insiders: they start its real binaries, speak SIP, RTP, WebSocket and NATS with them,
//! and link nothing of the services.

pub mod bot;
pub mod config;
pub mod events;
pub mod forger;
pub mod kamailio;
pub mod live;
pub mod priority;
pub mod raw;
pub mod raw_bot;
pub mod record;
pub mod sipp;
pub mod sound;
pub mod speech;

pub mod world;
