//! Nothing allocates per frame of caller audio, in any dialect: counted by the allocator itself.

mod support;

use allocation_counter::measure;
use bytes::{Bytes, BytesMut};
use support::*;
use voicebot::dialect::{Dialect, Frame};

#[test]
fn caller_audio_allocates_nothing_once_the_memory_has_grown() {
    for dialect in Dialect::ALL {
        let mut session = started(dialect);
        let audio = Bytes::from(vec![0x55; session.format().bytes_per_frame()]);
        // Room for some frames, as the switch keeps while a socket is blocked.
        let mut memory = BytesMut::with_capacity(16 << 10);
        let mut bytes = 0;
        let mut send = || match session.wrap_audio(audio.clone(), &mut memory) {
            Frame::Text(frame) | Frame::Binary(frame) => bytes += frame.len(),
        };
        // The first frame handed out turns the memory into one that is shared.
        (0..10).for_each(|_| send());
        let allocations = measure(|| (0..1_000).for_each(|_| send()));
        assert_eq!(allocations.count_total, 0, "{dialect}");
        assert!(bytes >= 1_010 * audio.len());
    }
}
