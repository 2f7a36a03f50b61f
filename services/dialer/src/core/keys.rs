//! What is done with a request that carries an idempotency key.

use botstream_state::dialing::IdempotencyRow;

/// What is done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The key is new: carry the request out.
    CarryOut,
    /// It has been carried out: this is the stored reply, in protobuf.
    Replay(Vec<u8>),
    /// The key was used for something else.
    Conflict,
    /// A dialer that is gone, or an order without an answer, leaves open what became of this call.
    InDoubt {
        /// The call that was ordered.
        call_id: String,
    },
}

/// Decides by what is known of the key. That it is being carried out by this process right now is known elsewhere and handled
/// before.
pub(crate) fn decide(known: Option<IdempotencyRow>, body_hash: &str) -> Decision {
    match known {
        None => Decision::CarryOut,
        Some(row) if row.body_hash != body_hash => Decision::Conflict,
        Some(IdempotencyRow { reply: Some(reply), .. }) => Decision::Replay(reply),
        // Whoever took the key had ordered nothing yet.
        Some(row) if row.call_id.is_empty() => Decision::CarryOut,
        Some(row) => Decision::InDoubt { call_id: row.call_id },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(call_id: &str, reply: Option<Vec<u8>>) -> Option<IdempotencyRow> {
        Some(IdempotencyRow {
            tenant: "default".into(),
            verb: "call.dial".into(),
            key: "k".into(),
            body_hash: "same".into(),
            made_by: "d-1".into(),
            made_ms: 0,
            call_id: call_id.into(),
            reply,
        })
    }

    #[test]
    fn a_key_is_carried_out_once() {
        assert_eq!(decide(None, "same"), Decision::CarryOut);
        assert_eq!(decide(row("", None), "same"), Decision::CarryOut);
        assert_eq!(decide(row("sw-1-X", None), "same"), Decision::InDoubt { call_id: "sw-1-X".into() });
        assert_eq!(decide(row("sw-1-X", Some(vec![1])), "same"), Decision::Replay(vec![1]));
    }

    #[test]
    fn another_body_is_a_conflict_in_every_state() {
        for known in [row("", None), row("sw-1-X", None), row("sw-1-X", Some(vec![]))] {
            assert_eq!(decide(known, "other"), Decision::Conflict);
        }
    }
}
