//! A message of the replication: read, written again, the same.
#![no_main]

use iratdb::core::codec::{Body, Message, decode, decode_header, encode, reader_may_say};
use iratdb_fuzz::{messages, write_seeds};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: write_seeds(messages::all(1)), |bytes: &[u8]| {
    let header = decode_header(bytes);
    let says = reader_may_say(bytes);
    let Ok(Message { header: decoded, body }) = decode(bytes) else {
        assert!(!says, "a reader may say what can't be read");
        return;
    };
    assert_eq!(header, Ok(decoded));
    let changes = matches!(body, Body::Frame { .. } | Body::Rows { .. } | Body::Digests { .. } | Body::Gone { .. });
    assert!(!(says && changes), "a reader may change something");
    // There is one encoding of everything.
    assert_eq!(encode(decoded, &body), bytes);
});
