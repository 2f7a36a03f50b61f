//! A telephone and a bot to test with: what a carrier and an AI application are to the system, in one process, by the hundred.
//!
//! The phone ([`Endpoint`], [`Call`]) places and takes SIP calls, plays and records audio and measures what it heard against what it said.
//! The bot ([`bot::EchoBot`]) answers WebSocket streams with their own audio.
//!
//! Invariants: one light task a call and one an endpoint, nothing else runs; recordings lie on one clock, that of the call's own
//! 20 ms tick, so that a delay is a difference of positions; bytes of G.711 are never re-coded. Calls in wideband
//! codecs are recorded twice: as they sounded, and as µ-law at 8 kHz, by which all calls are measured.

pub mod bot;
mod call;
mod call_task;
mod driver;
mod endpoint;
mod error;
mod measure;
mod media;
mod media_log;
mod play;
mod report;
mod secure;
mod wav;
mod wide;

pub use call::{Call, CallEvent, CallOptions, End, Incoming, Outcome, Script, Timings};
pub use endpoint::{Endpoint, EndpointConfig};
pub use error::Error;
pub use measure::{Delay, Measurements};
pub use media_log::{HeardDigit, MediaLog, WideLog};
pub use play::Play;
pub use report::Report;
pub use wav::{Clip, write_codec_wav, write_pcm_wav};

pub use audio::g711::Law;
pub use codecs::Codec;
pub use rtp::srtp::Suite;
pub use sip::Transport;

/// Samples in a second of a call's audio.
pub const RATE_HZ: u32 = 8000;

/// Length of a packet.
pub const FRAME_MS: u64 = 20;

/// Samples in a packet.
pub const FRAME_SAMPLES: usize = 160;
