//! Everything that a call said and heard, on one clock.

use audio::g711::Law;
use codecs::Codec;
use rtp::rtcp::ReportBlock;
use serde::Serialize;

use crate::{FRAME_SAMPLES, RATE_HZ};

/// A digit that came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeardDigit {
    /// `0`-`9`, `*`, `#`, `A`-`D`, `!` for flash.
    pub digit: char,
    /// How long it was pressed.
    pub duration_ms: u32,
    /// When it was recognised, since the media's start.
    pub at_ms: u64,
}

/// Everything that a call said and heard. Position 0 is the moment the first packet was due to leave.
#[derive(Debug, Clone)]
pub struct MediaLog {
    /// The codec.
    pub codec: Codec,
    /// The law of `sent` and `heard`: the codec's own, or µ-law where it is not G.711.
    pub law: Law,
    /// What was said and heard, where the codec is not G.711.
    pub wide: Option<WideLog>,
    /// What was said, in codes of `law`: position n left at n / 8,000 s.
    pub sent: Vec<u8>,
    /// What was heard, in codes of `law`: each packet at the place where its timestamp puts it, counted from when the
    /// first one arrived. Silence where nothing came.
    pub heard: Vec<u8>,
    /// Packets sent.
    pub packets_sent: u64,
    /// Datagrams on the media port that were no RTP of this call.
    pub strays: u64,
    /// Reception counters.
    pub received: rtp::Stats,
    /// Longest time between two packets, and from the last one to the end.
    pub gap_ms_max: f64,
    /// When the first packet arrived, since the media's start.
    pub first_packet_ms: Option<f64>,
    /// Packets of comfort noise that came in.
    pub noise_packets: u64,
    /// What the far end's RTCP said of what it hears.
    pub reports: Vec<ReportBlock>,
    /// The last round trip measured by RTCP, in microseconds.
    pub round_trip_us: Option<u64>,
    /// Digits that came in.
    pub digits_heard: Vec<HeardDigit>,
    /// Digits that were sent.
    pub digits_sent: String,
    /// How long the media ran.
    pub duration_ms: u64,
    /// Whether what was said repeats itself, so that no delay can be told from it.
    pub(crate) periodic: bool,
    /// How much later than due each packet left, in ms.
    pub(crate) sent_late_ms: Vec<f32>,
    /// How much later than its timestamp each 20 ms of `heard` arrived, in ms; negative: earlier.
    pub(crate) heard_late_ms: Vec<f32>,
}

/// What a call in a wideband codec said and heard, at 16 kHz, in the order in which it came: time that was lost is not there.
#[derive(Debug, Clone, Default)]
pub struct WideLog {
    /// What was said.
    pub sent: Vec<i16>,
    /// What was heard.
    pub heard: Vec<i16>,
}

impl MediaLog {
    pub(crate) fn new(codec: Codec) -> Self {
        let law = codec.law().unwrap_or(Law::Mu);
        Self {
            codec,
            law,
            wide: codec.law().is_none().then(WideLog::default),
            noise_packets: 0,
            reports: Vec::new(),
            round_trip_us: None,
            sent: Vec::new(),
            heard: Vec::new(),
            packets_sent: 0,
            strays: 0,
            received: rtp::Stats::default(),
            gap_ms_max: 0.0,
            first_packet_ms: None,
            digits_heard: Vec::new(),
            digits_sent: String::new(),
            duration_ms: 0,
            periodic: false,
            sent_late_ms: Vec::new(),
            heard_late_ms: Vec::new(),
        }
    }

    /// What was said, decoded.
    pub fn sent_samples(&self) -> Vec<i16> {
        decode(self.law, &self.sent)
    }

    /// What was heard, decoded.
    pub fn heard_samples(&self) -> Vec<i16> {
        decode(self.law, &self.heard)
    }

    /// The digits that came in, in order.
    pub fn digits(&self) -> String {
        self.digits_heard.iter().map(|heard| heard.digit).collect()
    }

    /// How much later than due this phone itself sent a packet at the worst, in ms: it stood still for as long, and what it says of
    /// gaps and delays around then says as much of its own machine as of the far end.
    pub fn sent_late_ms_max(&self) -> f64 {
        self.sent_late_ms.iter().copied().fold(0.0, f32::max).into()
    }

    /// Puts a packet's payload at `position`, with how late it was.
    pub(crate) fn hear(&mut self, position: usize, payload: &[u8], late_ms: f32) {
        let end = position + payload.len();
        if self.heard.len() < end {
            self.heard.resize(end, self.law.silence());
        }
        self.heard[position..end].copy_from_slice(payload);
        let slots = position / FRAME_SAMPLES..end.div_ceil(FRAME_SAMPLES);
        if self.heard_late_ms.len() < slots.end {
            self.heard_late_ms.resize(slots.end, 0.0);
        }
        self.heard_late_ms[slots].fill(late_ms);
    }
}

fn decode(law: Law, codes: &[u8]) -> Vec<i16> {
    let mut samples = vec![0; codes.len()];
    law.decode_slice(codes, &mut samples);
    samples
}

/// Microseconds of the media clock as a position.
pub(crate) fn position_at(us: u64) -> u64 {
    us * u64::from(RATE_HZ) / 1_000_000
}
