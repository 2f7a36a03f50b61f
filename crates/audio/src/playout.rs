//! The playout ring of one stream: a program writes in bursts, the RTP tick takes 20 ms at a time.
//!
//! The one promise: positions count samples really handed out by [`Playout::tick`] since the start of the present generation, so
//! that a program always knows what its listener has heard. Nothing else moves them.
//!
//! Rules:
//! - **Start.** Playing starts at the first tick that finds [`Config::start_ms`] queued, or anything queued when
//!   [`end_of_utterance`](Playout::end_of_utterance) was called behind it, or when what is queued has waited [`Config::start_wait_ms`]: a short
//!   remainder is never held for ever. The same threshold applies again after every dry-out. `started` is reported.
//! - **Dry-out.** A tick that finds less than it needs hands out what is there, padded with silence that is not counted. After an end of utterance
//!   that is `drained`, in the same tick that hands out the last sample; without one it is `underrun`, and `drained` follows when the ring
//!   has stayed empty for [`Config::drained_after_ms`].
//! - **Marks** stand behind all that was queued when they were set; they are `played` in the tick that hands out the last sample before them.
//! - **Clear** takes effect at the next tick, which hands out a faded rest of at most [`Config::fade_ms`] (it counts as played), then reports the
//!   marks and `cleared`. What is pushed after the call belongs to the next generation already, whose positions begin at 0.
//! - **Cap.** A push that does not fit is refused whole.
//! - **Flow.** `xoff` when a push fills the ring to [`Config::xoff_ms`], `xon` when it has fallen to [`Config::xon_ms`].
//! - **Live.** With [`Config::live`], what is late is shortened ([`live`]): samples left out are not played, and marks behind them move up.
//! - **Pause** hands out silence; time stands still: neither underrun nor drained happens, and a clear needs no fade.

mod event;
mod format;
pub mod live;
mod queue;

use std::collections::VecDeque;

pub use event::{Cleared, FlowState, Mark, MarkState, Playback, PlaybackState, PlayoutEvent, Tick};
pub use format::{Format, Pcm16};

use crate::Error;
use live::Live;
use queue::Queue;

/// Marks that can be pending; one more is reported as dropped at once.
pub const MARKS_MAX: usize = 1024;

/// Longest mark id in bytes; a longer one is reported as dropped at once.
pub const MARK_ID_BYTES_MAX: usize = 256;

/// Clears that can be pending between two ticks, each with a reply of its own; further ones share the last one's.
pub const CLEARS_MAX: usize = 64;

/// Events that wait to be polled; further ones are dropped and counted. Reached only by a caller that does not poll.
pub const EVENTS_MAX: usize = 4096;

/// Times and sizes of a [`Playout`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Samples in a second.
    pub rate_hz: u32,
    /// Audio that must be queued before playing starts.
    pub start_ms: u32,
    /// Longest time a lesser remainder waits before it is played all the same.
    pub start_wait_ms: u32,
    /// Most audio the ring holds.
    pub cap_ms: u32,
    /// Queued audio at which the writer is asked to stop.
    pub xoff_ms: u32,
    /// Queued audio at which the writer is asked to go on.
    pub xon_ms: u32,
    /// Empty time after an underrun at which the ring counts as drained.
    pub drained_after_ms: u32,
    /// Length of the fade-out at a clear.
    pub fade_ms: u32,
    /// Played time between two progress reports; `None`: no reports.
    pub progress_ms: Option<u32>,
    /// Whether, and how, the ring stays near the present; `None`: all is played.
    pub live: Option<live::Config>,
}

impl Config {
    /// The defaults of queue mode at this sample rate.
    pub fn new(rate_hz: u32) -> Self {
        Self {
            rate_hz,
            start_ms: 40,
            start_wait_ms: 100,
            cap_ms: 120_000,
            xoff_ms: 10_000,
            xon_ms: 5_000,
            drained_after_ms: 200,
            fade_ms: 5,
            progress_ms: None,
            live: None,
        }
    }

    /// The defaults of live mode at this sample rate.
    pub fn live(rate_hz: u32) -> Self {
        let live = live::Config::default();
        Self { start_ms: live.target_ms, live: Some(live), ..Self::new(rate_hz) }
    }

    fn samples(&self, ms: u32) -> u64 {
        u64::from(self.rate_hz) * u64::from(ms) / 1000
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing to play, nothing owed.
    Idle,
    /// Handing out audio.
    Playing,
    /// Ran dry without an end of utterance; so many samples of silence since.
    Starved { silent_samples: u64 },
}

#[derive(Debug)]
struct PendingMark {
    id: Box<str>,
    /// Samples since the start of the generation.
    position: u64,
}

/// A generation that has been cleared, but whose last samples go out at the next tick.
#[derive(Debug)]
struct PendingClear {
    generation: u32,
    /// Samples played, the fade included once it is out.
    played: u64,
    discarded: u64,
    marks: Vec<PendingMark>,
}

/// The playout ring. See the module's text for its rules.
#[derive(Debug)]
pub struct Playout<F: Format> {
    format: F,
    config: Config,
    queue: Queue<F::Sample>,
    state: State,
    paused: bool,
    /// An end of utterance stands behind all that is queued.
    ended: bool,
    /// An end of utterance allows playing what is queued without waiting for more.
    start_now: bool,
    /// How long queued audio has waited for the start threshold.
    waited_samples: u64,
    generation: u32,
    position: u64,
    progress_at: u64,
    flow_off: bool,
    marks: VecDeque<PendingMark>,
    clears: VecDeque<PendingClear>,
    /// Samples of a cleared generation still to be faded out.
    fade: Vec<F::Sample>,
    live: Option<Box<Live<F::Sample>>>,
    events: VecDeque<PlayoutEvent>,
    events_dropped: u64,
}

impl<F: Format> Playout<F> {
    /// An empty ring in generation 0.
    pub fn new(format: F, config: Config) -> Self {
        let fade_capacity = config.samples(config.fade_ms) as usize;
        let live = config.live.map(|live| Box::new(Live::new(live, config.rate_hz, format.silence())));
        Self {
            format,
            live,
            queue: Queue::new(),
            state: State::Idle,
            paused: false,
            ended: false,
            start_now: false,
            waited_samples: 0,
            generation: 0,
            position: 0,
            progress_at: 0,
            flow_off: false,
            marks: VecDeque::new(),
            clears: VecDeque::new(),
            fade: Vec::with_capacity(fade_capacity),
            events: VecDeque::with_capacity(8),
            events_dropped: 0,
            config,
        }
    }

    /// Queues samples behind all others: all of them, or none if the cap would be exceeded.
    pub fn push(&mut self, samples: &[F::Sample]) -> Result<(), Error> {
        if samples.is_empty() {
            return Ok(());
        }
        if self.queue.len() + samples.len() as u64 > self.config.samples(self.config.cap_ms) {
            return Err(Error::Overflow {
                queued_ms: self.queued_ms(),
                pushed_ms: self.ms(samples.len() as u64),
                cap_ms: u64::from(self.config.cap_ms),
            });
        }
        self.queue.push(samples);
        self.ended = false;
        if !self.flow_off && self.queue.len() >= self.config.samples(self.config.xoff_ms) {
            self.flow_off = true;
            self.report_flow(FlowState::Xoff);
        }
        Ok(())
    }

    /// Sets a mark behind all that is queued.
    pub fn mark(&mut self, id: impl Into<Box<str>>) {
        self.mark_ahead(id, 0);
    }

    /// Sets a mark behind all that is queued and so many samples more: ones that were thrown away before they were queued, by
    /// the clear that follows.
    pub fn mark_ahead(&mut self, id: impl Into<Box<str>>, samples: u64) {
        let id = id.into();
        let position = self.position + self.queue.len() + samples;
        if self.marks.len() >= MARKS_MAX || id.len() > MARK_ID_BYTES_MAX {
            self.report_mark(id, MarkState::Dropped, self.generation, position);
            return;
        }
        self.marks.push_back(PendingMark { id, position });
    }

    /// Drops all that is queued, at the next tick; begins the next generation at once.
    pub fn clear(&mut self) {
        let sounding = self.state == State::Playing && !self.paused;
        let mut discarded = self.queue.len();
        if sounding {
            self.fade.resize(self.config.samples(self.config.fade_ms) as usize, self.format.silence());
            let faded = self.queue.pop(&mut self.fade);
            self.fade.truncate(faded);
            discarded -= faded as u64;
        }
        self.queue.clear();
        if let Some(live) = &mut self.live {
            live.reset();
        }
        let marks: Vec<PendingMark> = self.marks.drain(..).collect();
        if self.clears.len() < CLEARS_MAX {
            let (generation, played) = (self.generation, self.position);
            self.clears.push_back(PendingClear { generation, played, discarded, marks });
            self.generation = self.generation.wrapping_add(1);
        } else if let Some(last) = self.clears.back_mut() {
            last.discarded += discarded;
            last.marks.extend(marks);
        }
        self.state = State::Idle;
        self.position = 0;
        self.progress_at = 0;
        self.ended = false;
        self.start_now = false;
        self.waited_samples = 0;
        self.report_xon();
    }

    /// The writer has queued the whole utterance: what is queued is played without waiting for more, and running dry is then no underrun.
    pub fn end_of_utterance(&mut self) {
        self.ended = true;
        self.start_now = !self.queue.is_empty();
    }

    /// Hands out silence until [`resume`](Self::resume).
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// Goes on where [`pause`](Self::pause) stopped.
    pub fn resume(&mut self) {
        self.paused = false;
    }

    /// Fills `out` with what goes onto the line next, whatever happens, and says what it is.
    pub fn tick(&mut self, out: &mut [F::Sample]) -> Tick {
        let faded = self.finish_clears(out);
        let out = &mut out[faded..];
        let tick = self.play(out);
        self.report_played_marks();
        self.report_xon();
        match tick {
            Tick::Silence if faded > 0 => Tick::Audio,
            tick => tick,
        }
    }

    /// The next event. Poll until `None` after every tick and every call that changes something.
    pub fn poll_event(&mut self) -> Option<PlayoutEvent> {
        self.events.pop_front()
    }

    /// Samples queued.
    pub fn queued_samples(&self) -> u64 {
        self.queue.len()
    }

    /// Audio queued.
    pub fn queued_ms(&self) -> u64 {
        self.ms(self.queue.len())
    }

    /// Samples handed out since the start of the present generation.
    pub fn position_samples(&self) -> u64 {
        self.position
    }

    /// The present generation: the number of clears so far.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Whether nothing is queued, nothing is owed and no `drained` is to come: an utterance is over, or none ever began.
    pub fn is_idle(&self) -> bool {
        self.state == State::Idle && self.queue.is_empty() && self.fade.is_empty()
    }

    /// Whether playing is paused.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Audio left out in live mode.
    pub fn skipped_ms(&self) -> u64 {
        self.ms(self.live.as_ref().map_or(0, |live| live.skipped()))
    }

    /// Events lost because nobody polled.
    pub fn events_dropped(&self) -> u64 {
        self.events_dropped
    }

    /// Bytes of audio memory held at present.
    pub fn memory_bytes(&self) -> usize {
        self.queue.memory_bytes() + self.fade.capacity() * size_of::<F::Sample>()
    }

    /// Hands out the faded rest of a cleared generation, as much as fits, and reports every clear that is then complete.
    fn finish_clears(&mut self, out: &mut [F::Sample]) -> usize {
        if self.clears.is_empty() {
            return 0;
        }
        let rest = self.fade.len();
        let count = rest.min(out.len());
        for (index, (place, &sample)) in out.iter_mut().zip(&self.fade).enumerate() {
            // From nearly 1 down to nearly 0: half a step in from both ends.
            let gain = (rest - index) as f32 - 0.5;
            *place = self.format.scale(sample, gain / rest as f32);
        }
        self.fade.clear();
        if let Some(first) = self.clears.front_mut() {
            first.played += count as u64;
            first.discarded += (rest - count) as u64;
        }
        while let Some(clear) = self.clears.pop_front() {
            self.report_cleared(clear);
        }
        count
    }

    fn play(&mut self, out: &mut [F::Sample]) -> Tick {
        let silence = self.format.silence();
        if self.paused || out.is_empty() {
            out.fill(silence);
            return Tick::Silence;
        }
        if self.state != State::Playing && !self.start(out.len() as u64) {
            out.fill(silence);
            return Tick::Silence;
        }
        let taken = self.take(out);
        out[taken..].fill(silence);
        self.position += taken as u64;
        if self.queue.is_empty() && self.ended {
            self.drained();
            return Tick::Drained;
        }
        if taken < out.len() {
            self.state = State::Starved { silent_samples: 0 };
            self.report_playback(PlaybackState::Underrun);
            return Tick::Underrun;
        }
        self.report_progress();
        Tick::Audio
    }

    fn take(&mut self, out: &mut [F::Sample]) -> usize {
        let Some(live) = &mut self.live else { return self.queue.pop(out) };
        let (taken, skipped) = live.pop(&self.format, &mut self.queue, out);
        if skipped > 0 {
            for mark in &mut self.marks {
                mark.position = mark.position.saturating_sub(skipped).max(self.position.min(mark.position));
            }
        }
        taken
    }

    /// Whether playing starts at this tick of `tick_samples`.
    fn start(&mut self, tick_samples: u64) -> bool {
        let queued = self.queue.len();
        if queued == 0 {
            self.waited_samples = 0;
            if let State::Starved { silent_samples } = &mut self.state {
                *silent_samples += tick_samples;
                let waited = *silent_samples;
                if self.ended || waited >= self.config.samples(self.config.drained_after_ms) {
                    self.drained();
                }
            }
            return false;
        }
        let enough = queued >= self.config.samples(self.config.start_ms);
        let waited = self.waited_samples >= self.config.samples(self.config.start_wait_ms);
        if !enough && !waited && !self.start_now {
            self.waited_samples += tick_samples;
            return false;
        }
        self.waited_samples = 0;
        self.start_now = false;
        self.state = State::Playing;
        self.report_playback(PlaybackState::Started);
        true
    }

    fn drained(&mut self) {
        self.state = State::Idle;
        self.ended = false;
        self.start_now = false;
        self.queue.release();
        if self.marks.is_empty() {
            self.marks.shrink_to(8);
        }
        self.report_playback(PlaybackState::Drained);
    }

    fn report_progress(&mut self) {
        let Some(every) = self.config.progress_ms.map(|ms| self.config.samples(ms).max(1)) else {
            return;
        };
        if self.position >= self.progress_at + every {
            self.progress_at = self.position - self.position % every;
            self.report_playback(PlaybackState::Progress);
        }
    }

    fn report_played_marks(&mut self) {
        while let Some(mark) = self.marks.pop_front_if(|mark| mark.position <= self.position) {
            self.report_mark(mark.id, MarkState::Played, self.generation, mark.position);
        }
    }

    fn report_cleared(&mut self, clear: PendingClear) {
        let mut cleared_ids = Vec::new();
        for mark in clear.marks {
            let state = if mark.position <= clear.played { MarkState::Played } else { MarkState::Cleared };
            if state == MarkState::Cleared {
                cleared_ids.push(mark.id.clone());
            }
            self.report_mark(mark.id, state, clear.generation, mark.position);
        }
        self.report(PlayoutEvent::Cleared(Cleared {
            generation: clear.generation.wrapping_add(1),
            played_ms: self.ms(clear.played),
            played_samples: clear.played,
            discarded_ms: self.ms(clear.discarded),
            marks: cleared_ids,
        }));
    }

    fn report_mark(&mut self, id: Box<str>, state: MarkState, generation: u32, position: u64) {
        self.report(PlayoutEvent::Mark(Mark {
            id,
            state,
            generation,
            pos_ms: self.ms(position),
            pos_samples: position,
        }));
    }

    fn report_playback(&mut self, state: PlaybackState) {
        self.report(PlayoutEvent::Playback(Playback {
            state,
            generation: self.generation,
            pos_ms: self.ms(self.position),
            queued_ms: self.queued_ms(),
        }));
    }

    fn report_xon(&mut self) {
        if self.flow_off && self.queue.len() <= self.config.samples(self.config.xon_ms) {
            self.flow_off = false;
            self.report_flow(FlowState::Xon);
        }
    }

    fn report_flow(&mut self, state: FlowState) {
        self.report(PlayoutEvent::Flow { state, queued_ms: self.queued_ms() });
    }

    fn report(&mut self, event: PlayoutEvent) {
        if self.events.len() >= EVENTS_MAX {
            self.events_dropped += 1;
        } else {
            self.events.push_back(event);
        }
    }

    fn ms(&self, samples: u64) -> u64 {
        samples * 1000 / u64::from(self.config.rate_hz.max(1))
    }
}
