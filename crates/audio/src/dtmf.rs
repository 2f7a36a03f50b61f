//! DTMF in the audio itself (ITU-T Q.23, Q.24): a detector and a generator.
//!
//! The detector listens in blocks of 12.75 ms, with one of Goertzel's filters for each of the eight frequencies. A key is down when two
//! blocks in a row hold one frequency of each group and little else, and its phases go on from one to the other as that frequency's do: the
//! last is what speech hardly ever does.

use crate::tone::{DTMF_COLUMNS_HZ, DTMF_KEYS, DTMF_ROWS_HZ, Tone};

/// Digits that can wait in a [`Generator`].
pub const DIGITS_MAX: usize = 128;

/// Events that wait to be polled at most; one block makes two.
const EVENTS_MAX: usize = 8;

/// Length of a block, in 8,000ths of a second.
const BLOCK_8000THS: u32 = 102;

/// Blocks at 48 kHz are the longest.
const BLOCK_MAX: usize = BLOCK_8000THS as usize * 6;

/// Quieter blocks hold no key: Q.24's receivers need not operate below -29 dBm0 each frequency, about -32 dBFS.
const LEVEL_DBFS_MIN: f64 = -38.0;

/// The column may be this much louder than the row, and the row than the column: somewhat more than Q.24's 4 and 8 dB.
const COLUMN_ABOVE_ROW_MAX: f32 = 4.0;
const ROW_ABOVE_COLUMN_MAX: f32 = 10.0;

/// The frequency of a group must be so much stronger than each other one of it (6 dB): energies. The other group's, when it is the louder,
/// leaks into all.
const ABOVE_OTHERS_MIN: f32 = 4.0;

/// Share of a block's energy that lies in the two frequencies, as far as the filters see them.
const SHARE_MIN: f32 = 0.63;

/// The same of two blocks in a row together, with what the filters miss of frequencies that are somewhat off: a tone of 40 ms fills two
/// blocks whole, one of 20 ms
/// 1.6 at most.
const SHARE_OF_TWO_MIN: f32 = 1.72;

/// How far off a frequency may be: Q.24 has 1.5 % accepted and 3.5 % refused.
const DEVIATION_MAX: f32 = 0.025;

/// Blocks without the key that end a press: shorter breaks are bridged (Q.24: 10 ms).
const BREAK_BLOCKS: u32 = 2;

/// What the detector has heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A key is down; told 25 ms after it went down.
    Down {
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        digit: char,
    },
    /// It was let go.
    Up {
        /// The same.
        digit: char,
        /// How long it was down, within a block's length.
        duration_ms: u32,
    },
}

/// One frequency's part of a block.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    energy: f32,
    /// Radians, at the block's end.
    phase: f32,
}

/// A block that may be part of a press.
#[derive(Debug, Clone, Copy)]
struct Hit {
    row: usize,
    column: usize,
    row_phase: f32,
    column_phase: f32,
    row_share: f32,
    column_share: f32,
}

#[derive(Debug, Clone, Copy)]
struct Press {
    row: usize,
    column: usize,
    blocks: u32,
    missed: u32,
}

/// Hears keys in audio.
#[derive(Debug, Clone)]
pub struct Detector {
    rate_hz: u32,
    block: [f32; BLOCK_MAX],
    block_len: usize,
    filled: usize,
    previous: Option<Hit>,
    press: Option<Press>,
    events: [Option<Event>; EVENTS_MAX],
}

impl Detector {
    /// For audio of this sample rate, 8,000 to 48,000.
    pub fn new(rate_hz: u32) -> Self {
        let rate_hz = rate_hz.clamp(8_000, 48_000);
        Self {
            rate_hz,
            block: [0.0; BLOCK_MAX],
            block_len: (rate_hz * BLOCK_8000THS / 8_000) as usize,
            filled: 0,
            previous: None,
            press: None,
            events: [None; EVENTS_MAX],
        }
    }

    /// Takes audio, at most 50 ms at a time if no event is to be lost. Call [`poll`](Self::poll) until `None` after it.
    pub fn push(&mut self, samples: &[i16]) {
        for &sample in samples {
            self.block[self.filled] = sample.into();
            self.filled += 1;
            if self.filled == self.block_len {
                self.filled = 0;
                self.end_of_block();
            }
        }
    }

    /// The next event.
    pub fn poll(&mut self) -> Option<Event> {
        let event = self.events[0].take();
        self.events.rotate_left(1);
        event
    }

    /// Whether a key is down.
    pub fn is_pressed(&self) -> bool {
        self.press.is_some()
    }

    fn end_of_block(&mut self) {
        let hit = self.listen();
        let confirmed = hit.filter(|hit| self.previous.is_some_and(|previous| self.continues(&previous, hit)));
        self.previous = hit;
        match (&mut self.press, hit) {
            (Some(press), Some(hit)) if (press.row, press.column) == (hit.row, hit.column) => {
                press.blocks += 1 + std::mem::take(&mut press.missed);
            }
            (Some(press), _) => {
                press.missed += 1;
                // Another key that is sure ends the one before at once.
                if press.missed >= BREAK_BLOCKS || confirmed.is_some() {
                    self.up();
                }
            }
            (None, _) => {}
        }
        if let (None, Some(hit)) = (self.press, confirmed) {
            self.press = Some(Press { row: hit.row, column: hit.column, blocks: 2, missed: 0 });
            self.tell(Event::Down { digit: DTMF_KEYS[hit.row][hit.column] });
        }
    }

    fn up(&mut self) {
        if let Some(press) = self.press.take() {
            let duration_ms = press.blocks * BLOCK_8000THS / 8;
            self.tell(Event::Up { digit: DTMF_KEYS[press.row][press.column], duration_ms });
        }
    }

    fn tell(&mut self, event: Event) {
        if let Some(place) = self.events.iter_mut().find(|place| place.is_none()) {
            *place = Some(event);
        } else {
            // Nobody polled: the oldest goes.
            self.events.rotate_left(1);
            self.events[EVENTS_MAX - 1] = Some(event);
        }
    }

    /// Whether the block that has come whole holds one frequency of each group and little else.
    fn listen(&self) -> Option<Hit> {
        let block = &self.block[..self.block_len];
        let energy: f32 = block.iter().map(|sample| sample * sample).sum();
        let level_min = crate::level::sine_peak(LEVEL_DBFS_MIN) as f32;
        if energy < level_min * level_min / 2.0 * block.len() as f32 {
            return None;
        }
        let rows = DTMF_ROWS_HZ.map(|hz| goertzel(block, hz as f32, self.rate_hz));
        let (row, row_part) = strongest(&rows)?;
        let columns = DTMF_COLUMNS_HZ.map(|hz| goertzel(block, hz as f32, self.rate_hz));
        let (column, column_part) = strongest(&columns)?;
        let is_twisted = column_part.energy > row_part.energy * COLUMN_ABOVE_ROW_MAX
            || row_part.energy > column_part.energy * ROW_ABOVE_COLUMN_MAX;
        let hit = Hit {
            row,
            column,
            row_phase: row_part.phase,
            column_phase: column_part.phase,
            row_share: row_part.energy / energy,
            column_share: column_part.energy / energy,
        };
        (hit.row_share + hit.column_share >= SHARE_MIN && !is_twisted).then_some(hit)
    }

    /// Whether the second block goes on with the first one's key: each phase has moved about as far as its frequency moves it in a block,
    /// and both blocks are full of it.
    fn continues(&self, first: &Hit, second: &Hit) -> bool {
        if (first.row, first.column) != (second.row, second.column) {
            return false;
        }
        let seconds = self.block_len as f32 / self.rate_hz as f32;
        // How far the frequency is off its nominal value, in turns per block.
        let turns_off = |hz: f64, from: f32, to: f32| {
            let turns = (to - from) / std::f32::consts::TAU - hz as f32 * seconds;
            let off = turns - turns.round();
            (off.abs() <= DEVIATION_MAX * hz as f32 * seconds).then_some(off)
        };
        let row_off = turns_off(DTMF_ROWS_HZ[first.row], first.row_phase, second.row_phase);
        let column_off = turns_off(DTMF_COLUMNS_HZ[first.column], first.column_phase, second.column_phase);
        let (Some(row_off), Some(column_off)) = (row_off, column_off) else {
            return false;
        };
        let share = |hit: &Hit| hit.row_share / response(row_off) + hit.column_share / response(column_off);
        share(first) + share(second) >= SHARE_OF_TWO_MIN
    }
}

/// What a filter sees of the energy of a frequency that is off by so many turns in its block.
fn response(turns: f32) -> f32 {
    let half = std::f32::consts::PI * turns;
    if half.abs() < 1e-3 { 1.0 } else { (half.sin() / half).powi(2) }
}

/// The part of a block that one frequency has: its energy, and its phase at the block's end.
fn goertzel(block: &[f32], hz: f32, rate_hz: u32) -> Part {
    let step = std::f32::consts::TAU * hz / rate_hz as f32;
    let (sin, cos) = step.sin_cos();
    let (mut latest, mut before) = (0.0f32, 0.0f32);
    for sample in block {
        let next = sample + 2.0 * cos * latest - before;
        before = latest;
        latest = next;
    }
    let (real, imaginary) = (latest - before * cos, before * sin);
    // A sine of this amplitude has half its square for energy in each sample.
    let energy = 2.0 * (real * real + imaginary * imaginary) / block.len() as f32;
    Part { energy, phase: imaginary.atan2(real) }
}

/// The strongest frequency of a group, if it stands out.
fn strongest(group: &[Part; 4]) -> Option<(usize, Part)> {
    let (index, best) = group.iter().copied().enumerate().max_by(|a, b| a.1.energy.total_cmp(&b.1.energy))?;
    let others = group.iter().enumerate().filter(|(other, _)| *other != index);
    others.map(|(_, part)| part.energy).all(|energy| best.energy >= energy * ABOVE_OTHERS_MIN).then_some((index, best))
}

/// Makes the tones of digits, one after the other.
#[derive(Debug, Clone)]
pub struct Generator {
    rate_hz: u32,
    digits: [char; DIGITS_MAX],
    first: usize,
    count: usize,
    tone: Option<Tone>,
    /// Samples until the tone, or the pause after it, ends.
    left: u32,
    tone_samples: u32,
    pause_samples: u32,
}

impl Generator {
    /// Tones of `tone_ms` with pauses of `pause_ms`; Q.24's receivers need 40 ms of each.
    pub fn new(rate_hz: u32, tone_ms: u32, pause_ms: u32) -> Self {
        let samples = |ms: u32| u32::try_from(u64::from(rate_hz) * u64::from(ms) / 1_000).unwrap_or(u32::MAX);
        Self {
            rate_hz,
            digits: ['0'; DIGITS_MAX],
            first: 0,
            count: 0,
            tone: None,
            left: 0,
            tone_samples: samples(tone_ms).max(1),
            pause_samples: samples(pause_ms),
        }
    }

    /// Queues digits: all of them, or none when one is no key or there is no room.
    ///
    /// # Errors
    /// [`Error::NotADigit`](crate::Error::NotADigit), [`Error::TooManyDigits`](crate::Error::TooManyDigits).
    pub fn queue(&mut self, digits: &str) -> Result<(), crate::Error> {
        let mut added = 0;
        for digit in digits.chars() {
            if Tone::dtmf(self.rate_hz, digit).is_none() {
                return Err(crate::Error::NotADigit(digit));
            }
            added += 1;
        }
        if self.count + added > DIGITS_MAX {
            return Err(crate::Error::TooManyDigits);
        }
        for digit in digits.chars() {
            self.digits[(self.first + self.count) % DIGITS_MAX] = digit;
            self.count += 1;
        }
        Ok(())
    }

    /// Whether all has been made, the last pause too.
    pub fn is_idle(&self) -> bool {
        self.count == 0 && self.left == 0 && (self.tone.is_none() || self.pause_samples == 0)
    }

    /// Overwrites `samples` with what comes next; silence when that is nothing.
    pub fn fill(&mut self, samples: &mut [i16]) {
        let mut rest = samples;
        while !rest.is_empty() {
            if self.left == 0 && !self.advance() {
                rest.fill(0);
                return;
            }
            let count = rest.len().min(self.left as usize);
            let (piece, others) = rest.split_at_mut(count);
            match &mut self.tone {
                Some(tone) => tone.fill(piece),
                None => piece.fill(0),
            }
            self.left -= count as u32;
            rest = others;
        }
    }

    /// From a tone to its pause, from a pause to the next digit. Whether there is something to make.
    fn advance(&mut self) -> bool {
        if self.tone.take().is_some() && self.pause_samples > 0 {
            self.left = self.pause_samples;
            return true;
        }
        if self.count == 0 {
            return false;
        }
        self.tone = Tone::dtmf(self.rate_hz, self.digits[self.first]);
        self.first = (self.first + 1) % DIGITS_MAX;
        self.count -= 1;
        self.left = self.tone_samples;
        true
    }
}
