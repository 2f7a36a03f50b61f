//! Telephone events: DTMF digits as RTP packets (RFC 4733).
//!
//! A press is many packets with one timestamp; its end is sent three times. The [`Receiver`] turns them into exactly one
//! [`Press`], whatever is lost or repeated; the [`Sender`] makes them, one packet a tick.

use crate::Error;

/// Bytes of a telephone event's payload.
pub const PAYLOAD_LEN: usize = 4;

/// Digits that can wait in a [`Sender`].
pub const DIGITS_MAX: usize = 128;

/// Longest press and pause that are sent.
pub const PRESS_MS_MAX: u32 = 60_000;

/// Times the end of an event is sent (RFC 4733 §2.5.1.4).
pub const END_PACKETS: u8 = 3;

/// A press whose end never comes is over after this long without a packet of it.
pub const END_TIMEOUT_MS: u32 = 200;

/// Longest duration that one packet can tell, in clock units: a longer press goes on in a new segment (RFC 4733 §2.5.1.3).
const SEGMENT_SAMPLES_MAX: u16 = u16::MAX;

/// Level of the events that are sent, in dB below 1 mW, unless something else is said.
const VOLUME_DBM0_BELOW: u8 = 10;

/// The largest level there is room for.
const VOLUME_MAX: u8 = 63;

/// Presses that can wait to be polled; one packet makes at most two.
const PRESSES_MAX: usize = 4;

const KEYS: [char; 17] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D', '!'];

/// The key of an event code, `!` for hook flash; `None` for events that are no keys (RFC 4733 §3.2).
pub fn digit_of(event: u8) -> Option<char> {
    KEYS.get(usize::from(event)).copied()
}

/// The event code of a key; lower-case letters are taken as well.
pub fn event_of(digit: char) -> Result<u8, Error> {
    let digit_upper = digit.to_ascii_uppercase();
    KEYS.iter().position(|&key| key == digit_upper).map(|event| event as u8).ok_or(Error::NotADigit(digit))
}

/// One key pressed and let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Press {
    /// `0`-`9`, `*`, `#`, `A`-`D`, or `!` for hook flash.
    pub digit: char,
    /// Length in clock units; at least as long as the last packet that arrived said.
    pub duration_samples: u32,
    /// Level in dB below 1 mW: 10 is -10 dBm0.
    pub volume_dbm0_below: u8,
    /// RTP timestamp of its start.
    pub rtp_timestamp: u32,
}

impl Press {
    /// Length in milliseconds.
    pub fn duration_ms(&self, clock_rate_hz: u32) -> u32 {
        (u64::from(self.duration_samples) * 1000 / u64::from(clock_rate_hz.max(1))) as u32
    }
}

#[derive(Debug, Clone, Copy)]
struct Open {
    event: u8,
    volume: u8,
    /// Start of the whole press.
    start: u32,
    /// Start of the present segment (RFC 4733 §2.5.1.3: presses longer than 65,535 units continue in a new one).
    segment: u32,
    duration: u16,
    heard_us: u64,
}

/// Turns the event packets of one stream into presses.
#[derive(Debug)]
pub struct Receiver {
    clock_rate_hz: u32,
    open: Option<Open>,
    /// Start of the last segment that has ended: repeated ends and stragglers carry it, or an older one.
    ended: Option<u32>,
    presses: [Option<Press>; PRESSES_MAX],
}

impl Receiver {
    /// A receiver for events with this clock rate (that of the audio, RFC 4733 §2.1).
    pub fn new(clock_rate_hz: u32) -> Self {
        Self { clock_rate_hz, open: None, ended: None, presses: [None; PRESSES_MAX] }
    }

    /// Takes the payload of one event packet. Call [`poll`](Self::poll) until `None` after it.
    pub fn push(&mut self, now_us: u64, rtp_timestamp: u32, payload: &[u8]) -> Result<(), Error> {
        let Some(&[event, flags, high, low]) = payload.first_chunk::<PAYLOAD_LEN>() else {
            return Err(Error::Truncated { len: payload.len() });
        };
        let end = flags & 0x80 != 0;
        let volume = flags & 0x3f;
        let duration = u16::from_be_bytes([high, low]);
        if digit_of(event).is_none() || self.is_over(rtp_timestamp) || self.is_before_segment(rtp_timestamp) {
            return Ok(());
        }
        let open = match self.open.take() {
            Some(open) if open.segment == rtp_timestamp => {
                // Durations only grow; a smaller one comes from a packet that was overtaken.
                Open { duration: open.duration.max(duration), heard_us: now_us, ..open }
            }
            Some(open) if open.event == event && continues(&open, rtp_timestamp) => {
                Open { segment: rtp_timestamp, duration, heard_us: now_us, ..open }
            }
            other => {
                if let Some(open) = other {
                    self.finish(open);
                }
                Open { event, volume, start: rtp_timestamp, segment: rtp_timestamp, duration, heard_us: now_us }
            }
        };
        if end {
            self.finish(open);
        } else {
            self.open = Some(open);
        }
        Ok(())
    }

    /// The next finished press, among them one whose end was lost and that has been silent for [`END_TIMEOUT_MS`].
    pub fn poll(&mut self, now_us: u64) -> Option<Press> {
        if self.deadline_us().is_some_and(|deadline_us| now_us >= deadline_us)
            && let Some(open) = self.open.take()
        {
            self.finish(open);
        }
        let press = self.presses[0].take();
        self.presses.rotate_left(1);
        press
    }

    /// When an open press will be taken as ended.
    pub fn deadline_us(&self) -> Option<u64> {
        self.open.map(|open| open.heard_us.saturating_add(u64::from(END_TIMEOUT_MS) * 1000))
    }

    /// Whether a key is down.
    pub fn is_pressed(&self) -> bool {
        self.open.is_some()
    }

    /// The source or its timestamps changed: what is open ends, and old timestamps mean nothing any more.
    pub fn restart(&mut self) {
        if let Some(open) = self.open.take() {
            self.finish(open);
        }
        self.ended = None;
    }

    /// Belongs to a press that has been reported: the same start, or one up to two seconds older.
    fn is_over(&self, rtp_timestamp: u32) -> bool {
        self.ended.is_some_and(|ended| ended.wrapping_sub(rtp_timestamp) <= 2 * self.clock_rate_hz)
    }

    /// A straggler of a long press's earlier segment.
    fn is_before_segment(&self, rtp_timestamp: u32) -> bool {
        self.open.is_some_and(|open| {
            let before = open.segment.wrapping_sub(rtp_timestamp);
            open.segment != open.start && (1..=2 * u32::from(SEGMENT_SAMPLES_MAX)).contains(&before)
        })
    }

    fn finish(&mut self, open: Open) {
        self.ended = Some(open.segment);
        let Some(digit) = digit_of(open.event) else {
            return;
        };
        let press = Press {
            digit,
            duration_samples: open.segment.wrapping_sub(open.start).saturating_add(u32::from(open.duration)),
            volume_dbm0_below: open.volume,
            rtp_timestamp: open.start,
        };
        match self.presses.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(press),
            // Nobody polled: the oldest goes.
            None => {
                self.presses.rotate_left(1);
                self.presses[PRESSES_MAX - 1] = Some(press);
            }
        }
    }
}

/// Whether a segment that starts at this timestamp goes on with a long press: the one before it has used up its duration field. Its last
/// packets may be lost, but no new press can begin at this very instant.
fn continues(open: &Open, rtp_timestamp: u32) -> bool {
    let step = rtp_timestamp.wrapping_sub(open.segment);
    step == u32::from(SEGMENT_SAMPLES_MAX) || (step == u32::from(open.duration) && open.duration >= 0xff00)
}

/// A packet to be sent in place of an audio packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// Marker: set on the first packet of a press.
    pub marker: bool,
    /// Timestamp of the press's start: the same in all its packets.
    pub timestamp: u32,
    /// The payload.
    pub payload: [u8; PAYLOAD_LEN],
}

#[derive(Debug, Clone, Copy)]
enum State {
    Idle,
    /// `duration` is that of the present segment, `before` what earlier segments had.
    Tone {
        event: u8,
        start: u32,
        duration: u32,
        before: u32,
    },
    End {
        payload: [u8; PAYLOAD_LEN],
        start: u32,
        left: u8,
        pause_samples: u32,
    },
    Pause {
        left_samples: u32,
    },
}

/// Makes the packets of queued digits, one a tick.
#[derive(Debug)]
pub struct Sender {
    digits: [u8; DIGITS_MAX],
    first: usize,
    count: usize,
    state: State,
    tone_samples: u32,
    pause_samples: u32,
    volume: u8,
}

impl Sender {
    /// Presses of `tone_ms` with at least `pause_ms` between them, each at most [`PRESS_MS_MAX`].
    pub fn new(clock_rate_hz: u32, tone_ms: u32, pause_ms: u32) -> Self {
        let samples = |ms: u32| (u64::from(clock_rate_hz) * u64::from(ms.min(PRESS_MS_MAX)) / 1000) as u32;
        Self {
            digits: [0; DIGITS_MAX],
            first: 0,
            count: 0,
            state: State::Idle,
            tone_samples: samples(tone_ms).max(1),
            pause_samples: samples(pause_ms),
            volume: VOLUME_DBM0_BELOW,
        }
    }

    /// Tells receivers that make tones of the events how loud, in dB below 1 mW: 0 to 63.
    #[must_use]
    pub fn with_volume(mut self, dbm0_below: u8) -> Self {
        self.volume = dbm0_below.min(VOLUME_MAX);
        self
    }

    /// Queues digits: all of them, or none when one is no digit or there is no room.
    pub fn queue(&mut self, digits: &str) -> Result<(), Error> {
        let mut added = 0;
        for digit in digits.chars() {
            event_of(digit)?;
            added += 1;
        }
        if self.count + added > DIGITS_MAX {
            return Err(Error::TooManyDigits);
        }
        for digit in digits.chars() {
            self.digits[(self.first + self.count) % DIGITS_MAX] = event_of(digit)?;
            self.count += 1;
        }
        Ok(())
    }

    /// Whether there is nothing to send: no digit queued, none on its way.
    pub fn is_idle(&self) -> bool {
        self.count == 0 && matches!(self.state, State::Idle)
    }

    /// One packet time of `samples` clock units passes; `timestamp` is what an audio packet would carry now. `Some`: send this instead of
    /// audio.
    pub fn tick(&mut self, timestamp: u32, samples: u32) -> Option<Packet> {
        match self.state {
            State::Idle => self.press(timestamp, samples),
            State::Tone { event, start, duration, before } => {
                let segment_max = u32::from(SEGMENT_SAMPLES_MAX);
                let duration = duration + samples;
                let left = self.tone_samples - before;
                if duration < left && duration <= segment_max {
                    self.state = State::Tone { event, start, duration, before };
                    return Some(self.packet(event, start, duration, false, false));
                }
                if left > segment_max {
                    // The segment is full: it is said to last to its very end, and the next one begins there.
                    let rest = duration.saturating_sub(segment_max);
                    let next = start.wrapping_add(segment_max);
                    let before = before + segment_max;
                    self.state = State::Tone { event, start: next, duration: rest, before };
                    return Some(self.packet(event, start, segment_max, false, false));
                }
                let packet = self.packet(event, start, left, true, false);
                self.state = State::End { payload: packet.payload, start, left: END_PACKETS - 1, pause_samples: 0 };
                Some(packet)
            }
            State::End { payload, start, left, pause_samples } => {
                let paused_samples = pause_samples + samples;
                self.state = match left {
                    0 | 1 if paused_samples >= self.pause_samples => State::Idle,
                    0 | 1 => State::Pause { left_samples: self.pause_samples - paused_samples },
                    _ => State::End { payload, start, left: left - 1, pause_samples: paused_samples },
                };
                Some(Packet { marker: false, timestamp: start, payload })
            }
            State::Pause { left_samples } => {
                self.state = match left_samples.checked_sub(samples) {
                    None | Some(0) => State::Idle,
                    Some(left_samples) => State::Pause { left_samples },
                };
                None
            }
        }
    }

    fn press(&mut self, timestamp: u32, samples: u32) -> Option<Packet> {
        self.count = self.count.checked_sub(1)?;
        let event = self.digits[self.first];
        self.first = (self.first + 1) % DIGITS_MAX;
        // The first packet says how long the key has been down when it leaves: one packet time (RFC 4733 §2.5.1.2).
        let duration = samples.min(self.tone_samples);
        self.state = State::Tone { event, start: timestamp, duration, before: 0 };
        Some(self.packet(event, timestamp, duration, false, true))
    }

    fn packet(&self, event: u8, timestamp: u32, duration: u32, end: bool, marker: bool) -> Packet {
        let [high, low] = (duration.min(0xffff) as u16).to_be_bytes();
        Packet { marker, timestamp, payload: [event, u8::from(end) << 7 | self.volume, high, low] }
    }
}
