//! A call's report: for people a small table, for programs JSON.

use std::fmt;

use serde::Serialize;

use crate::{End, HeardDigit, Measurements, Outcome, Timings};

/// A call's report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The SIP Call-ID.
    pub sip_call_id: String,
    /// How it ended.
    #[serde(flatten)]
    pub end: End,
    /// When things happened.
    #[serde(flatten)]
    pub timings: Timings,
    /// The media, if it ever ran.
    pub media: Option<MediaReport>,
}

/// What is to be said about the media of a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MediaReport {
    /// Name of the codec.
    pub codec: &'static str,
    /// How long it ran.
    pub duration_ms: u64,
    /// Packets sent.
    pub packets_sent: u64,
    /// Packets received in time.
    pub packets_received: u64,
    /// Packets that should have come: received and lost.
    pub packets_expected: u64,
    /// Packets that did not come in time.
    pub packets_lost: u64,
    /// Share of the expected packets that came in time.
    pub received_percent: f64,
    /// Packets that came twice.
    pub packets_duplicate: u64,
    /// Packets that came too late.
    pub packets_late: u64,
    /// Packets that came out of order, but in time.
    pub packets_reordered: u64,
    /// Datagrams that were no RTP of this call.
    pub strays: u64,
    /// Longest time without a packet.
    pub gap_ms_max: f64,
    /// RFC 3550 interarrival jitter.
    pub jitter_ms: f64,
    /// When the first packet came, since the media's start.
    pub first_packet_ms: Option<f64>,
    /// What came back.
    #[serde(flatten)]
    pub measurements: Measurements,
    /// Digits sent.
    pub digits_sent: String,
    /// Digits heard.
    pub digits_heard: Vec<HeardDigit>,
}

impl Report {
    pub(crate) fn new(outcome: &Outcome) -> Self {
        let media = outcome.media.as_ref().map(|log| {
            let received = log.received;
            MediaReport {
                codec: log.codec.encoding_name(),
                duration_ms: log.duration_ms,
                packets_sent: log.packets_sent,
                packets_received: received.received,
                packets_expected: received.expected(),
                packets_lost: received.lost,
                received_percent: 100.0 - received.lost_percent(),
                packets_duplicate: received.duplicate,
                packets_late: received.late,
                packets_reordered: received.reordered,
                strays: log.strays,
                gap_ms_max: log.gap_ms_max,
                jitter_ms: received.jitter_ms(log.codec.clock_rate_hz()).into(),
                first_packet_ms: log.first_packet_ms,
                measurements: log.measure(),
                digits_sent: log.digits_sent.clone(),
                digits_heard: log.digits_heard.clone(),
            }
        });
        Self { sip_call_id: outcome.sip_call_id.clone(), end: outcome.end.clone(), timings: outcome.timings, media }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines().iter().map(|(name, value)| format!("  {name:<11} {value}")).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Report {
    /// What there is to tell, each with its name.
    fn lines(&self) -> Vec<(&'static str, String)> {
        let at = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.0} ms"));
        let (ringing, answered) = (at(self.timings.ringing_ms), at(self.timings.answered_ms));
        let mut lines = vec![
            ("end", self.end.to_string()),
            ("set-up", format!("ringing {ringing}, answered {answered}, over {:.0} ms", self.timings.ended_ms)),
        ];
        match &self.media {
            None => lines.push(("media", "none".to_owned())),
            Some(media) => media.lines(&mut lines),
        }
        lines
    }
}

impl MediaReport {
    fn lines(&self, lines: &mut Vec<(&'static str, String)>) {
        lines.push(("codec", format!("{}, {:.1} s", self.codec, self.duration_ms as f64 / 1000.0)));
        lines.push((
            "packets",
            format!(
                "sent {}, received {} of {} ({:.2} %), lost {}, late {}, twice {}, out of order {}",
                self.packets_sent,
                self.packets_received,
                self.packets_expected,
                self.received_percent,
                self.packets_lost,
                self.packets_late,
                self.packets_duplicate,
                self.packets_reordered,
            ),
        ));
        lines.push(("gaps", format!("longest {:.1} ms, jitter {:.2} ms", self.gap_ms_max, self.jitter_ms)));
        let measured = &self.measurements;
        match (measured.delay, measured.similarity) {
            (Some(delay), _) => lines.push((
                "delay",
                format!(
                    "p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms ({} of {} windows of speech found again)",
                    delay.p50_ms, delay.p99_ms, delay.max_ms, delay.windows_found, delay.windows
                ),
            )),
            (None, Some(_)) => lines.push(("delay", "nothing of what was said came back".to_owned())),
            // There was nothing to look for: silence, a tone, an echo.
            (None, None) => {}
        }
        if let Some(similarity) = measured.similarity {
            let exact = measured.bit_exact_percent.map(|percent| format!(", {percent:.2} % of bytes unchanged"));
            lines.push(("similarity", format!("{similarity:.4}{}", exact.unwrap_or_default())));
        }
        let (sent, heard) = (measured.level_sent_dbfs, measured.level_heard_dbfs);
        lines.push(("level", format!("sent {sent:.1} dBFS, heard {heard:.1} dBFS")));
        if !self.digits_sent.is_empty() || !self.digits_heard.is_empty() {
            let heard: String = self.digits_heard.iter().map(|heard| heard.digit).collect();
            lines.push(("digits", format!("sent {:?}, heard {heard:?}", self.digits_sent)));
        }
    }
}
