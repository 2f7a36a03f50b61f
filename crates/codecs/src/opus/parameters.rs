//! The `a=fmtp` parameters of Opus (RFC 7587 §6.1, §7).

use std::fmt;

/// What one side says about the Opus it likes to receive. All are declarations about the receiver: each side may say something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// `maxplaybackrate`: sample rate beyond which it can't play, in Hz.
    pub max_playback_rate_hz: Option<u32>,
    /// `sprop-maxcapturerate`: the highest sample rate that it will send, in Hz.
    pub max_capture_rate_hz: Option<u32>,
    /// `maxaveragebitrate`, in bit/s.
    pub max_average_bitrate_bps: Option<u32>,
    /// `stereo=1`: it prefers stereo.
    pub stereo: bool,
    /// `sprop-stereo=1`: it is likely to send stereo.
    pub sends_stereo: bool,
    /// `cbr=1`: it wants a constant bit rate.
    pub cbr: bool,
    /// `useinbandfec=1`: it makes use of in-band error correction.
    pub use_inband_fec: bool,
    /// `usedtx=1`: it prefers that nothing is sent in silence.
    pub use_dtx: bool,
    /// `minptime`, in milliseconds.
    pub min_ptime_ms: u32,
}

impl Default for Parameters {
    /// What holds for a description without `a=fmtp`.
    fn default() -> Self {
        Self {
            max_playback_rate_hz: None,
            max_capture_rate_hz: None,
            max_average_bitrate_bps: None,
            stereo: false,
            sends_stereo: false,
            cbr: false,
            use_inband_fec: false,
            use_dtx: false,
            min_ptime_ms: 3,
        }
    }
}

impl Parameters {
    /// Reads what follows the payload type in `a=fmtp`. Unknown parameters and values out of range are passed over; of two with the same
    /// name the first counts.
    pub fn parse(text: &str) -> Self {
        let mut read = Self::default();
        let mut named = [false; 9];
        for (name, value) in text.split(';').filter_map(|part| part.split_once('=')) {
            let (name, value) = (name.trim(), value.trim());
            let number = value.parse::<u32>().ok();
            let is_set = value == "1";
            let mut first = |index: usize| named.get_mut(index).is_some_and(|named| !std::mem::replace(named, true));
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            if is("maxplaybackrate") && first(0) {
                read.max_playback_rate_hz = number.filter(|rate| (8_000..=48_000).contains(rate));
            } else if is("sprop-maxcapturerate") && first(1) {
                read.max_capture_rate_hz = number.filter(|rate| (8_000..=48_000).contains(rate));
            } else if is("maxaveragebitrate") && first(2) {
                read.max_average_bitrate_bps = number.filter(|rate| (6_000..=510_000).contains(rate));
            } else if is("stereo") && first(3) {
                read.stereo = is_set;
            } else if is("sprop-stereo") && first(4) {
                read.sends_stereo = is_set;
            } else if is("cbr") && first(5) {
                read.cbr = is_set;
            } else if is("useinbandfec") && first(6) {
                read.use_inband_fec = is_set;
            } else if is("usedtx") && first(7) {
                read.use_dtx = is_set;
            } else if is("minptime") && first(8) {
                read.min_ptime_ms = number.filter(|ms| (3..=120).contains(ms)).unwrap_or(3);
            }
        }
        read
    }
}

/// What follows the payload type in `a=fmtp`: only what differs from the defaults. Empty: no `a=fmtp` is needed.
impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flag = |is_set: bool| is_set.then_some(1);
        let all = [
            ("maxplaybackrate", self.max_playback_rate_hz),
            ("sprop-maxcapturerate", self.max_capture_rate_hz),
            ("maxaveragebitrate", self.max_average_bitrate_bps),
            ("stereo", flag(self.stereo)),
            ("sprop-stereo", flag(self.sends_stereo)),
            ("cbr", flag(self.cbr)),
            ("useinbandfec", flag(self.use_inband_fec)),
            ("usedtx", flag(self.use_dtx)),
            ("minptime", (self.min_ptime_ms != 3).then_some(self.min_ptime_ms)),
        ];
        let mut separator = "";
        for (name, value) in all.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))) {
            write!(f, "{separator}{name}={value}")?;
            separator = ";";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_browsers_and_phones_write_is_read() {
        let read = Parameters::parse("minptime=10;useinbandfec=1");
        assert_eq!((read.min_ptime_ms, read.use_inband_fec, read.use_dtx), (10, true, false));
        let read = Parameters::parse(
            " MaxPlaybackRate=16000; sprop-maxcapturerate=16000;maxaveragebitrate=20000; stereo=0 ;usedtx=1;cbr=1",
        );
        assert_eq!(read.max_playback_rate_hz, Some(16_000));
        assert_eq!(read.max_average_bitrate_bps, Some(20_000));
        assert!(read.use_dtx && read.cbr && !read.stereo);
    }

    #[test]
    fn nonsense_leaves_the_defaults() {
        for text in ["", ";;", "=", "maxplaybackrate=fast;useinbandfec=yes", "maxaveragebitrate=1;minptime=9999", "x=1"]
        {
            assert_eq!(Parameters::parse(text), Parameters::default(), "{text:?}");
        }
        assert!(Parameters::parse("usedtx=1;usedtx=0").use_dtx);
        assert_eq!(Parameters::default().to_string(), "");
    }

    proptest! {
        #[test]
        fn written_parameters_read_back(
            rates in (prop::option::of(8_000u32..=48_000), prop::option::of(8_000u32..=48_000), prop::option::of(6_000u32..=510_000)),
            flags in any::<[bool; 5]>(),
            min_ptime_ms in 3u32..=120,
        ) {
            let written = Parameters {
                max_playback_rate_hz: rates.0,
                max_capture_rate_hz: rates.1,
                max_average_bitrate_bps: rates.2,
                stereo: flags[0],
                sends_stereo: flags[1],
                cbr: flags[2],
                use_inband_fec: flags[3],
                use_dtx: flags[4],
                min_ptime_ms,
            };
            prop_assert_eq!(Parameters::parse(&written.to_string()), written);
        }

        #[test]
        fn any_text_is_read(text in "\\PC{0,200}") {
            Parameters::parse(&text);
        }
    }
}
