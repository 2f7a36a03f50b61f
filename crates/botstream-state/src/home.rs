//! Which instance of a service something is done by: always the same one. So the same idempotency key given to several dialers at once
//! is taken once, and a trunk's channels are granted by one trunk-manager.
//!
//! Rendezvous hashing: of all instances the one with the highest hash of key and name. When one comes or goes, only the keys that it wins
//! move.

/// The home of a key; `None` when there is no instance.
pub fn of<'a>(key: &[&str], nodes: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    nodes.max_by_key(|node| (hash(key, node), *node))
}

/// All instances, the home of a key first, then whoever has its place when that is gone.
pub fn ranked<'a>(key: &[&str], nodes: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut ranked: Vec<_> = nodes.collect();
    ranked.sort_by_cached_key(|node| std::cmp::Reverse((hash(key, node), *node)));
    ranked
}

/// FNV-1a over the parts and their lengths, then a finaliser (splitmix64), without which near names have near hashes.
fn hash(key: &[&str], node: &str) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut mix = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for part in key.iter().chain([&node]) {
        mix(&part.len().to_le_bytes());
        mix(part.as_bytes());
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_spread_and_only_the_leavers_move() {
        let dialers = ["d-1", "d-2", "d-3"];
        let homes: Vec<_> =
            (0..3_000).map(|n| of(&["default", &n.to_string()], dialers.into_iter()).unwrap()).collect();
        for dialer in dialers {
            let share = homes.iter().filter(|home| **home == dialer).count();
            assert!((800..1_200).contains(&share), "{dialer}: {share}");
        }
        for (n, home) in homes.iter().enumerate() {
            let left = of(&["default", &n.to_string()], ["d-1", "d-3"].into_iter()).unwrap();
            let ranked = ranked(&["default", &n.to_string()], dialers.into_iter());
            assert_eq!((ranked.len(), ranked[0]), (3, *home));
            assert!(*home != "d-2" || ranked[1] == left);
            assert!(*home == "d-2" || *home == left);
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(hash(&["ab", "c"], "d"), hash(&["a", "bc"], "d"));
    }

    #[test]
    fn without_dialers_there_is_no_home() {
        assert_eq!(of(&["k"], std::iter::empty()), None);
    }
}
