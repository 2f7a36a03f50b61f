//! Key files: what can be read is a key, and its public half can be read again.
#![no_main]

use std::sync::LazyLock;

use iratdb::{KEY_BITS_MIN, KeyInfo, Keys};
use iratdb_fuzz::{key, write_seeds};
use libfuzzer_sys::fuzz_target;

/// What is between the lines of a PEM file.
fn der(pem: &str) -> Vec<u8> {
    let digits = pem.lines().filter(|line| !line.starts_with('-')).flat_map(str::bytes);
    let (mut out, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in digits.filter(|digit| *digit != b'=') {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

static READ: LazyLock<String> = LazyLock::new(|| key("read.pem"));

fn seeds() -> Vec<Vec<u8>> {
    let pem = ["write.pem", "write.pub.pem", "read.pem", "short.pem"].map(key);
    pem.iter().flat_map(|pem| [pem.as_bytes().to_vec(), der(pem)]).collect()
}

fuzz_target!(init: write_seeds(seeds()), |bytes: &[u8]| {
    if let Ok(info) = KeyInfo::read(bytes) {
        let public = KeyInfo::read(info.public_pem.as_bytes()).expect("its public key can be read");
        assert_eq!((public.private, public.bits, &public.fingerprint), (false, info.bits, &info.fingerprint));
        assert_eq!(public.public_pem, info.public_pem);
        let short = info.bits < KEY_BITS_MIN;
        let reader = Keys::read_only(READ.as_str(), bytes);
        assert!(!short || reader.is_err());
        assert!(!info.private || reader.is_err());
    }
    if let Ok(keys) = Keys::read_write(bytes, READ.as_str()) {
        assert!(keys.may_write() && keys.credentials().is_some());
        assert!(KeyInfo::read(bytes).is_ok_and(|info| info.private && info.bits >= KEY_BITS_MIN));
    }
});
