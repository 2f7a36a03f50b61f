//! How often a source may do something. What is remembered of sources is bounded, however many addresses somebody makes up.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Most sources that are remembered. Beyond, those not heard of for longest are forgotten, half at a time.
const SOURCES_MAX: usize = 65_536;

/// So many at once, and then one in every interval: a bucket of tokens, kept as the time when it is full again (the generic cell
/// rate algorithm of ITU-T I.371).
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    burst: u32,
    interval: Duration,
}

impl Rate {
    pub(super) fn new(burst: u32, interval: Duration) -> Self {
        Self { burst: burst.max(1), interval }
    }

    /// So many a second, and twice as many at once.
    pub(super) fn per_second(count: u32) -> Self {
        let count = count.max(1);
        Self::new(count.saturating_mul(2), Duration::from_secs(1) / count)
    }

    /// Takes one, if there is one.
    pub(super) fn take(&self, full_at: &mut Instant, now: Instant) -> bool {
        let from = now.max(*full_at);
        if from - now > self.interval * (self.burst - 1) {
            return false;
        }
        *full_at = from + self.interval;
        true
    }
}

/// Something for each source.
#[derive(Debug)]
pub(super) struct Sources<T> {
    young: BTreeMap<IpAddr, T>,
    old: BTreeMap<IpAddr, T>,
}

impl<T> Default for Sources<T> {
    fn default() -> Self {
        Self { young: BTreeMap::new(), old: BTreeMap::new() }
    }
}

impl<T> Sources<T> {
    /// What is kept for a source, or made anew.
    pub(super) fn of(&mut self, source: IpAddr, new: impl FnOnce() -> T) -> &mut T {
        let key = network(source);
        if self.young.len() >= SOURCES_MAX / 2 && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        let old = &mut self.old;
        self.young.entry(key).or_insert_with(|| old.remove(&key).unwrap_or_else(new))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

/// Who has one IPv6 address has its whole /64.
fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64))),
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_one_an_interval() {
        let (rate, start) = (Rate::new(3, Duration::from_secs(2)), Instant::now());
        let mut full_at = start;
        let mut taken = |after_ms: u64| rate.take(&mut full_at, start + Duration::from_millis(after_ms));
        assert_eq!([0, 0, 0, 0, 1_999].map(&mut taken), [true, true, true, false, false]);
        assert_eq!([2_000, 2_000, 60_000, 60_000, 60_000, 60_000].map(taken), [true, false, true, true, true, false]);
    }

    #[test]
    fn sources_are_bounded_and_who_is_heard_of_stays() {
        let mut sources = Sources::<u32>::default();
        let one = IpAddr::from([192, 0, 2, 1]);
        for n in 0..200_000_u32 {
            *sources.of(IpAddr::from(n.to_be_bytes()), || 0) += 1;
            if n % 1_000 == 0 {
                *sources.of(one, || 0) += 1;
            }
            assert!(sources.len() <= SOURCES_MAX);
        }
        assert_eq!(*sources.of(one, || 0), 200);
    }

    #[test]
    fn a_network_of_ipv6_is_one_source_and_a_mapped_address_its_own() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::"));
        assert_ne!(of("2001:db8:1:2::"), of("2001:db8:1:3::"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
    }
}
