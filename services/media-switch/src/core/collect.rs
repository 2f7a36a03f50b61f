//! Keys collected from a caller: until there are enough, a terminator comes, or none comes in time.

use std::time::{Duration, Instant};

use botstream_api::dtmf_collected::Reason;
use botstream_api::{DtmfCollectRequest, DtmfCollected, Error};

/// Most digits.
const DIGITS_MAX: u32 = 64;

/// Longest wait for a key.
const WAIT_MS_MAX: u32 = 600_000;

const FIRST_MS_DEFAULT: u32 = 10_000;
const INTER_MS_DEFAULT: u32 = 3_000;

const KEYS: &str = "0123456789*#ABCD";

/// What is wanted, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CollectSpec {
    digits_max: usize,
    terminators: String,
    first: Duration,
    inter: Duration,
}

impl TryFrom<&DtmfCollectRequest> for CollectSpec {
    type Error = Error;

    fn try_from(request: &DtmfCollectRequest) -> Result<Self, Error> {
        let or = |value: u32, default: u32| if value == 0 { default } else { value };
        let digits_max = or(request.max, DIGITS_MAX);
        if digits_max > DIGITS_MAX {
            return Err(Error::invalid("max", format!("max = {digits_max}; allowed are 1 to {DIGITS_MAX}")));
        }
        let terminators = request.terminators.to_ascii_uppercase();
        if terminators.len() > KEYS.len() || terminators.chars().any(|key| !KEYS.contains(key)) {
            let sentence = format!("terminators = {:?}; allowed are some of {KEYS}", request.terminators);
            return Err(Error::invalid("terminators", sentence));
        }
        let wait = |field: &str, value: u32, default: u32| match or(value, default) {
            ms if ms <= WAIT_MS_MAX => Ok(Duration::from_millis(ms.into())),
            ms => Err(Error::invalid(field, format!("{field} = {ms} is more than {WAIT_MS_MAX}"))),
        };
        Ok(Self {
            digits_max: digits_max as usize,
            terminators,
            first: wait("first_ms", request.first_ms, FIRST_MS_DEFAULT)?,
            inter: wait("inter_ms", request.inter_ms, INTER_MS_DEFAULT)?,
        })
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Collect {
    id: String,
    spec: CollectSpec,
    digits: String,
    due: Instant,
}

impl Collect {
    pub(crate) fn begin(id: String, spec: CollectSpec, now: Instant) -> Self {
        Self { id, due: now + spec.first, spec, digits: String::new() }
    }

    /// When the next key is late.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// Takes a key; the outcome if it was the last.
    pub(crate) fn press(&mut self, digit: &str, now: Instant) -> Option<DtmfCollected> {
        if self.spec.terminators.contains(digit) {
            return Some(DtmfCollected { ended_by: digit.to_owned(), ..self.outcome(Reason::Terminator) });
        }
        self.digits.push_str(digit);
        self.due = now + self.spec.inter;
        (self.digits.len() >= self.spec.digits_max).then(|| self.outcome(Reason::Max))
    }

    /// What there is so far.
    pub(crate) fn outcome(&self, reason: Reason) -> DtmfCollected {
        DtmfCollected {
            collect_id: self.id.clone(),
            digits: self.digits.clone(),
            reason: reason.into(),
            ended_by: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(max: u32, terminators: &str) -> Result<CollectSpec, Error> {
        CollectSpec::try_from(&DtmfCollectRequest { max, terminators: terminators.into(), ..Default::default() })
    }

    #[test]
    fn keys_are_taken_until_there_are_enough_or_one_ends_it() {
        let now = Instant::now();
        let mut collect = Collect::begin("c".into(), spec(3, "#").unwrap(), now);
        assert_eq!(collect.due(), now + Duration::from_secs(10));
        assert_eq!(collect.press("1", now), None);
        assert_eq!(collect.due(), now + Duration::from_secs(3));
        assert_eq!(collect.press("2", now), None);
        let outcome = collect.press("3", now).unwrap();
        assert_eq!((outcome.digits.as_str(), outcome.reason()), ("123", Reason::Max));

        let mut collect = Collect::begin("c".into(), spec(0, "#*").unwrap(), now);
        assert_eq!(collect.press("1", now), None);
        let outcome = collect.press("*", now).unwrap();
        assert_eq!((outcome.digits.as_str(), outcome.ended_by.as_str()), ("1", "*"));
        assert_eq!(outcome.reason(), Reason::Terminator);
    }

    #[test]
    fn what_cannot_be_collected_is_refused_by_its_field() {
        assert_eq!(spec(65, "").unwrap_err().field.as_deref(), Some("max"));
        assert_eq!(spec(1, "x").unwrap_err().field.as_deref(), Some("terminators"));
        let request = DtmfCollectRequest { inter_ms: 600_001, ..Default::default() };
        assert_eq!(CollectSpec::try_from(&request).unwrap_err().field.as_deref(), Some("inter_ms"));
    }
}
