//! What the playout has done, told to the bot and, of some of it, to the cluster.

use std::time::Instant;

use audio::playout::{self, PlayoutEvent};
use botstream_api::{StreamCleared, StreamFlow, StreamMark, stream_flow, stream_mark};
use voicebot::message::{Cleared, Flow, FlowState, MarkReport, MarkState, Playback, PlaybackState, ToBot};

use super::Notice;
use super::bot_link::{BotLink, small};
use super::bot_socket::Gone;

/// How much one bot's marks and clears may tell the cluster, so that they don't crowd out other calls' events. The bot
/// itself is told everything.
#[derive(Debug)]
pub(super) struct Allowance {
    left: f64,
    refilled: Instant,
}

impl Allowance {
    const PER_SECOND: f64 = 50.0;
    const BURST: f64 = 200.0;

    pub(super) fn new(now: Instant) -> Self {
        Self { left: Self::BURST, refilled: now }
    }

    fn take(&mut self, now: Instant) -> bool {
        let earned = now.saturating_duration_since(self.refilled).as_secs_f64() * Self::PER_SECOND;
        self.left = (self.left + earned).min(Self::BURST);
        self.refilled = now;
        let is_granted = self.left >= 1.0;
        if is_granted {
            self.left -= 1.0;
        }
        is_granted
    }
}

impl BotLink {
    /// Tells the bot, and of some of it the cluster, what the ring has done.
    pub(super) fn report_playout(&mut self, now: Instant, notices: &mut Vec<Notice>) -> Result<(), Gone> {
        while let Some(event) = self.from_bot.poll_event() {
            match event {
                PlayoutEvent::Mark(mark) => self.report_mark(mark, now, notices)?,
                PlayoutEvent::Cleared(cleared) => self.report_cleared(&cleared, now, notices)?,
                PlayoutEvent::Playback(playback) => {
                    let state = match playback.state {
                        playout::PlaybackState::Started => PlaybackState::Started,
                        playout::PlaybackState::Underrun => PlaybackState::Underrun,
                        playout::PlaybackState::Drained => PlaybackState::Drained,
                        playout::PlaybackState::Progress => PlaybackState::Progress,
                    };
                    self.send(&ToBot::Playback(Playback {
                        state,
                        generation: playback.generation,
                        pos_ms: playback.pos_ms,
                        queued_ms: playback.queued_ms,
                    }))?;
                }
                PlayoutEvent::Flow { state, queued_ms } => {
                    let (state, told) = match state {
                        playout::FlowState::Xoff => (FlowState::Xoff, stream_flow::State::Xoff),
                        playout::FlowState::Xon => (FlowState::Xon, stream_flow::State::Xon),
                    };
                    self.send(&ToBot::Flow(Flow { state, queued_ms }))?;
                    notices.push(Notice::Flow(StreamFlow {
                        stream_id: String::new(),
                        state: told.into(),
                        queued_ms: small(queued_ms),
                    }));
                }
            }
        }
        Ok(())
    }

    fn report_mark(&mut self, mark: playout::Mark, now: Instant, notices: &mut Vec<Notice>) -> Result<(), Gone> {
        let (state, told) = match mark.state {
            playout::MarkState::Played => (MarkState::Played, stream_mark::State::Played),
            playout::MarkState::Cleared => (MarkState::Cleared, stream_mark::State::Cleared),
            playout::MarkState::Dropped => (MarkState::Dropped, stream_mark::State::Dropped),
        };
        if self.told.take(now) {
            notices.push(Notice::Mark(StreamMark {
                stream_id: String::new(),
                id: mark.id.to_string(),
                state: told.into(),
                r#gen: mark.generation,
                pos_ms: small(mark.pos_ms),
            }));
        }
        self.send(&ToBot::Mark(MarkReport {
            id: mark.id.into(),
            state,
            generation: mark.generation,
            pos_ms: mark.pos_ms,
        }))
    }

    fn report_cleared(
        &mut self,
        cleared: &playout::Cleared,
        now: Instant,
        notices: &mut Vec<Notice>,
    ) -> Result<(), Gone> {
        let generation = cleared.generation;
        let marks: Vec<String> = cleared.marks.iter().map(ToString::to_string).collect();
        if self.told.take(now) {
            notices.push(Notice::Cleared(StreamCleared {
                stream_id: String::new(),
                r#gen: generation,
                played_ms: small(cleared.played_ms),
                discarded_ms: small(cleared.discarded_ms),
                marks: marks.clone(),
            }));
        }
        self.send(&ToBot::Cleared(Cleared {
            generation,
            played_ms: cleared.played_ms,
            played_samples: cleared.played_samples,
            discarded_ms: cleared.discarded_ms,
            marks,
        }))
    }
}
