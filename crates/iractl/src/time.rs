//! Times as people read them.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in ms since 1970.
pub(crate) fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// `7.3s`, `2m05s`, `3h12m`, `4d06h`.
pub(crate) fn seconds(duration_ms: i64) -> String {
    let duration_ms = duration_ms.max(0);
    let whole_s = duration_ms / 1_000;
    match whole_s {
        0..60 => format!("{}.{}s", whole_s, duration_ms % 1_000 / 100),
        60..3_600 => format!("{}m{:02}s", whole_s / 60, whole_s % 60),
        3_600..86_400 => format!("{}h{:02}m", whole_s / 3_600, whole_s % 3_600 / 60),
        _ => format!("{}d{:02}h", whole_s / 86_400, whole_s % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let cases = [(-5, "0.0s"), (7_349, "7.3s"), (125_000, "2m05s"), (11_520_000, "3h12m"), (367_200_000, "4d06h")];
        for (ms, text) in cases {
            assert_eq!(seconds(ms), text);
        }
    }
}
