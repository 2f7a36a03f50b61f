//! G.711: µ-law and A-law (ITU-T G.711, with the arithmetic of G.191's reference).
//!
//! Encoding any decoded value gives its code again, but for µ-law's negative zero `0x7f`, which decodes to 0 like `0xff`.

/// Which of the two laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Law {
    /// µ-law (PCMU): North America, Japan.
    Mu,
    /// A-law (PCMA): everywhere else.
    A,
}

impl Law {
    /// The code of digital silence.
    pub const fn silence(self) -> u8 {
        match self {
            Law::Mu => 0xff,
            Law::A => 0xd5,
        }
    }

    /// One sample to its code.
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Law::Mu => ulaw_encode_sample(sample),
            Law::A => alaw_encode_sample(sample),
        }
    }

    /// One code to its sample.
    pub fn decode(self, code: u8) -> i16 {
        match self {
            Law::Mu => ULAW_DECODE[usize::from(code)],
            Law::A => ALAW_DECODE[usize::from(code)],
        }
    }

    /// Encodes as many samples as both slices hold; returns their number.
    pub fn encode_slice(self, samples: &[i16], codes: &mut [u8]) -> usize {
        match self {
            Law::Mu => ulaw_encode(samples, codes),
            Law::A => alaw_encode(samples, codes),
        }
    }

    /// Decodes as many codes as both slices hold; returns their number.
    pub fn decode_slice(self, codes: &[u8], samples: &mut [i16]) -> usize {
        match self {
            Law::Mu => ulaw_decode(codes, samples),
            Law::A => alaw_decode(codes, samples),
        }
    }
}

/// Encodes as many samples as both slices hold to µ-law; returns their number.
pub fn ulaw_encode(samples: &[i16], codes: &mut [u8]) -> usize {
    for (code, &sample) in codes.iter_mut().zip(samples) {
        *code = ulaw_encode_sample(sample);
    }
    samples.len().min(codes.len())
}

/// Decodes as many µ-law codes as both slices hold; returns their number.
pub fn ulaw_decode(codes: &[u8], samples: &mut [i16]) -> usize {
    for (sample, &code) in samples.iter_mut().zip(codes) {
        *sample = ULAW_DECODE[usize::from(code)];
    }
    samples.len().min(codes.len())
}

/// Encodes as many samples as both slices hold to A-law; returns their number.
pub fn alaw_encode(samples: &[i16], codes: &mut [u8]) -> usize {
    for (code, &sample) in codes.iter_mut().zip(samples) {
        *code = alaw_encode_sample(sample);
    }
    samples.len().min(codes.len())
}

/// Decodes as many A-law codes as both slices hold; returns their number.
pub fn alaw_decode(codes: &[u8], samples: &mut [i16]) -> usize {
    for (sample, &code) in samples.iter_mut().zip(codes) {
        *sample = ALAW_DECODE[usize::from(code)];
    }
    samples.len().min(codes.len())
}

// µ-law sees 14 bits of a sample and A-law 12: these tables fit the first-level cache, ones over all 16 bits would not.
static ULAW_ENCODE: [u8; 1 << 14] = ulaw_encode_table();
static ALAW_ENCODE: [u8; 1 << 12] = alaw_encode_table();
static ULAW_DECODE: [i16; 256] = ulaw_decode_table();
static ALAW_DECODE: [i16; 256] = alaw_decode_table();

fn ulaw_encode_sample(sample: i16) -> u8 {
    ULAW_ENCODE[usize::from(sample as u16 >> 2)]
}

fn alaw_encode_sample(sample: i16) -> u8 {
    ALAW_ENCODE[usize::from(sample as u16 >> 4)]
}

const fn ulaw_encode_table() -> [u8; 1 << 14] {
    let mut table = [0; 1 << 14];
    let mut index = 0;
    while index < table.len() {
        let sample = ((index as u16) << 2) as i16;
        // One's complement for negative values, as G.191 does it: decision levels are then the mirror of the positive ones.
        let magnitude = (if sample < 0 { !sample } else { sample }) >> 2;
        let biased = if magnitude + 33 > 0x1fff { 0x1fff } else { magnitude + 33 };
        let mut segment = 1;
        let mut rest = biased >> 6;
        while rest != 0 {
            segment += 1;
            rest >>= 1;
        }
        let high = 8 - segment;
        let low = 0xf - ((biased >> segment) & 0xf);
        let code = ((high << 4) | low) as u8;
        table[index] = if sample >= 0 { code | 0x80 } else { code };
        index += 1;
    }
    table
}

const fn ulaw_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let inverted = !(code as u8);
        let exponent = (inverted >> 4) & 7;
        let mantissa = (inverted & 0xf) as i16;
        let step = 4 << (exponent + 1);
        let magnitude = (0x80 << exponent) + step * mantissa + step / 2 - 4 * 33;
        table[code] = if code < 0x80 { -magnitude } else { magnitude };
        code += 1;
    }
    table
}

const fn alaw_encode_table() -> [u8; 1 << 12] {
    let mut table = [0; 1 << 12];
    let mut index = 0;
    while index < table.len() {
        let sample = ((index as u16) << 4) as i16;
        let mut magnitude = (if sample < 0 { !sample } else { sample }) >> 4;
        if magnitude > 15 {
            let mut exponent = 1;
            while magnitude > 31 {
                magnitude >>= 1;
                exponent += 1;
            }
            magnitude = magnitude - 16 + (exponent << 4);
        }
        let code = magnitude as u8;
        table[index] = (if sample >= 0 { code | 0x80 } else { code }) ^ 0x55;
        index += 1;
    }
    table
}

const fn alaw_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let even = (code as u8 ^ 0x55) & 0x7f;
        let exponent = even >> 4;
        let mut magnitude = (even & 0xf) as i16;
        if exponent > 0 {
            magnitude += 16;
        }
        magnitude = (magnitude << 4) + 8;
        if exponent > 1 {
            magnitude <<= exponent - 1;
        }
        table[code] = if code > 0x7f { magnitude } else { -magnitude };
        code += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_decoding_and_encoding() {
        for code in 0..=255u8 {
            let again = Law::Mu.encode(Law::Mu.decode(code));
            // Negative zero has no linear value of its own.
            assert_eq!(again, if code == 0x7f { 0xff } else { code }, "µ-law {code:#04x}");
            assert_eq!(Law::A.encode(Law::A.decode(code)), code, "A-law {code:#04x}");
        }
    }

    /// ITU-T G.711 tables 1a to 2b, scaled from 14 and 13 bits to 16: the ends of each segment's decoder output values.
    #[test]
    fn decoded_values_are_those_of_the_recommendation() {
        let ulaw_positive = [
            (0x80, 8031),
            (0x8f, 4191),
            (0x9f, 2079),
            (0xaf, 1023),
            (0xbf, 495),
            (0xcf, 231),
            (0xdf, 99),
            (0xef, 33),
            (0xfe, 2),
            (0xff, 0),
        ];
        for (code, value_14_bit) in ulaw_positive {
            assert_eq!(Law::Mu.decode(code), value_14_bit * 4, "{code:#04x}");
            assert_eq!(Law::Mu.decode(code & 0x7f), -value_14_bit * 4, "{code:#04x}");
        }
        // The characters of table 1a before the inversion of even bits: value 1 is 1 of 4096, codes as sent.
        let alaw_positive = [
            (0xff ^ 0x55, 4032),
            (0xf0 ^ 0x55, 2112),
            (0xe0 ^ 0x55, 1056),
            (0xd0 ^ 0x55, 528),
            (0xc0 ^ 0x55, 264),
            (0xb0 ^ 0x55, 132),
            (0xa0 ^ 0x55, 66),
            (0x81 ^ 0x55, 3),
            (0x80 ^ 0x55, 1),
        ];
        for (code, value_13_bit) in alaw_positive {
            assert_eq!(Law::A.decode(code), value_13_bit * 8, "{code:#04x}");
            assert_eq!(Law::A.decode(code & 0x7f), -value_13_bit * 8, "{code:#04x}");
        }
    }

    #[test]
    fn encoding_is_monotonic_and_takes_the_nearest_value() {
        for law in [Law::Mu, Law::A] {
            let mut previous = i16::MIN;
            for sample in i16::MIN..=i16::MAX {
                let decoded = law.decode(law.encode(sample));
                assert!(decoded >= previous, "{law:?} {sample}");
                previous = decoded;
                let error = i32::from(decoded) - i32::from(sample);
                // Half of the step at this size: at most 1/32 of the value, and the smallest steps are 8 and 16; above
                // the last decision level the codec clips.
                let limit = (i32::from(sample).abs() / 32 + 16).max(8);
                let clipped = i32::from(sample).abs() > 31_600;
                assert!(clipped || error.abs() <= limit, "{law:?} {sample} -> {decoded}");
            }
        }
    }

    #[test]
    fn silence_is_the_quietest_positive_code() {
        assert_eq!(Law::Mu.decode(Law::Mu.silence()), 0);
        assert_eq!(Law::A.decode(Law::A.silence()), 8);
        assert_eq!(Law::Mu.encode(0), Law::Mu.silence());
        assert_eq!(Law::A.encode(0), Law::A.silence());
    }
}
