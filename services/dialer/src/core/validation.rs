//! Whether a dial request can be carried out, before anything is done for it.

use botstream_api::{DialRequest, Error, StreamSpec, validate};

/// Longest time that a callee may ring: what carriers allow at most, and more.
const RING_TIMEOUT_MS_MAX: u32 = 300_000;

/// Checks a request; hands back its bot.
pub(crate) fn check(request: &DialRequest) -> Result<StreamSpec, Error> {
    validate::number("to", &request.to)?;
    if !request.from.is_empty() {
        validate::number("from", &request.from)?;
    }
    let bot = request
        .bot
        .as_ref()
        .ok_or_else(|| Error::invalid("bot", "bot is missing: which one is the callee to talk to?"))?;
    validate::stream("bot", bot)?;
    if request.ring_timeout_ms > RING_TIMEOUT_MS_MAX {
        let sentence = format!("ring_timeout_ms = {} is more than {RING_TIMEOUT_MS_MAX}", request.ring_timeout_ms);
        return Err(Error::invalid("ring_timeout_ms", sentence));
    }
    validate::sip_headers("headers", &request.headers)?;
    validate::text_map("vars", &request.vars)?;
    if botstream_api::dial_request::Wait::try_from(request.wait).is_err() {
        let sentence = format!("wait = {} is not known; use answered or completed", request.wait);
        return Err(Error::invalid("wait", sentence));
    }
    Ok(bot.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use botstream_api::ErrorCode;
    use std::collections::BTreeMap;

    fn request() -> DialRequest {
        DialRequest {
            to: "+14155550100".into(),
            bot: Some(StreamSpec { url: "ws://127.0.0.1:8080/ws".into(), ..Default::default() }),
            ..Default::default()
        }
    }

    fn refused(change: impl FnOnce(&mut DialRequest)) -> (ErrorCode, String) {
        let mut request = request();
        change(&mut request);
        let error = check(&request).unwrap_err();
        (error.code, error.field.unwrap_or_default())
    }

    #[test]
    fn what_can_be_dialled_is_taken() {
        assert!(check(&request()).is_ok());
        let mut full = request();
        full.from = "sip:me@example.org".into();
        full.ring_timeout_ms = 30_000;
        full.headers = BTreeMap::from([("X-Campaign".into(), "a".into())]);
        assert!(check(&full).is_ok());
    }

    #[test]
    fn what_cannot_names_its_field() {
        let of = |code, field: &str| (code, field.to_owned());
        assert_eq!(refused(|r| r.to.clear()), of(ErrorCode::BadNumber, "to"));
        assert_eq!(refused(|r| r.to = "bob".into()), of(ErrorCode::BadNumber, "to"));
        assert_eq!(refused(|r| r.from = "a b".into()), of(ErrorCode::BadNumber, "from"));
        assert_eq!(refused(|r| r.bot = None), of(ErrorCode::InvalidArgument, "bot"));
        assert_eq!(refused(|r| r.bot = Some(StreamSpec::default())), of(ErrorCode::BadUrl, "bot.url"));
        assert_eq!(
            refused(|r| {
                if let Some(bot) = &mut r.bot {
                    bot.format = Some(botstream_api::AudioFormat { rate: 11_025, ..Default::default() });
                }
            }),
            of(ErrorCode::UnsupportedFormat, "bot.format.rate")
        );
        assert_eq!(refused(|r| r.ring_timeout_ms = 300_001), of(ErrorCode::InvalidArgument, "ring_timeout_ms"));
        assert_eq!(
            refused(|r| r.headers = BTreeMap::from([("Via".into(), "x".into())])),
            of(ErrorCode::InvalidArgument, "headers.Via")
        );
        assert_eq!(refused(|r| r.wait = 9), of(ErrorCode::InvalidArgument, "wait"));
    }
}
