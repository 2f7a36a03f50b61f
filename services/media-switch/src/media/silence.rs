//! What a bot gets that is not to hear its caller: the time goes on, in silence.

use audio::g711::Law;
use bytes::{Bytes, BytesMut};
use voicebot::{Encoding, Format};

/// See the module. Frames are split off its front; when the bot's socket has let go of them, the memory is used again.
#[derive(Debug, Default)]
pub(super) struct Silence(BytesMut);

impl Silence {
    /// The frame with silence on the caller's channel, which is the first.
    pub(super) fn in_place_of(&mut self, frame: &[u8], format: Format) -> Bytes {
        let silence = match format.encoding() {
            Encoding::L16 => 0,
            Encoding::Mulaw => Law::Mu.silence(),
            Encoding::Alaw => Law::A.silence(),
        };
        let sample = format.bytes_per_sample();
        self.0.extend_from_slice(frame);
        for instant in self.0.chunks_mut(sample * format.channels() as usize) {
            let end = sample.min(instant.len());
            instant[..end].fill(silence);
        }
        self.0.split().freeze()
    }
}
