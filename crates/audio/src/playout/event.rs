//! What a playout ring tells.

/// What a tick handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    /// Nothing is playing: all silence.
    Silence,
    /// Audio: a whole frame of it, or the faded rest of what was cleared.
    Audio,
    /// Audio ran out in this frame or just before it, without an end of utterance; the rest is silence.
    Underrun,
    /// The last audio of an utterance; the rest is silence.
    Drained,
}

impl Tick {
    /// Whether there is any use in sending the frame when silence need not be sent.
    pub fn has_audio(self) -> bool {
        self != Tick::Silence
    }
}

/// Something the writer wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlayoutEvent {
    /// A mark was reached, or never will be. Each mark is reported exactly once.
    Mark(Mark),
    /// A generation was cut off.
    Cleared(Cleared),
    /// Playing began, stopped, or goes on.
    Playback(Playback),
    /// The ring is filling up, or has room again.
    Flow {
        /// Stop or go on.
        state: FlowState,
        /// Audio queued.
        queued_ms: u64,
    },
}

/// A mark's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The writer's name for it.
    pub id: Box<str>,
    /// What became of it.
    pub state: MarkState,
    /// The generation it was set in.
    pub generation: u32,
    /// Its position since the start of its generation.
    pub pos_ms: u64,
    /// The same in samples.
    pub pos_samples: u64,
}

/// What became of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkState {
    /// All audio before it has been handed out.
    Played,
    /// Audio before it was cleared.
    Cleared,
    /// It was one too many, or its id too long; it was never set.
    Dropped,
}

/// A generation's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleared {
    /// The generation that begins; the one cut off is the one before.
    pub generation: u32,
    /// Audio of the generation before that was really handed out, the fade included.
    pub played_ms: u64,
    /// The same in samples.
    pub played_samples: u64,
    /// Audio that was dropped.
    pub discarded_ms: u64,
    /// Ids of the marks that were not reached, in order. Each has an event of its own before this one.
    pub marks: Vec<Box<str>>,
}

/// Where playing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Playback {
    /// What happened.
    pub state: PlaybackState,
    /// The present generation.
    pub generation: u32,
    /// Audio handed out since its start.
    pub pos_ms: u64,
    /// Audio queued.
    pub queued_ms: u64,
}

/// What happened to playing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaybackState {
    /// It began; the position is that of the first sample.
    Started,
    /// It ran dry without an end of utterance.
    Underrun,
    /// It ran dry after an end of utterance, or has stayed dry since an underrun.
    Drained,
    /// It goes on.
    Progress,
}

/// What the writer is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowState {
    /// Stop writing.
    Xoff,
    /// Go on.
    Xon,
}
