//! How good a stream sounds, from its losses and its delay: bursts and gaps as RFC 3611 §4.7.2 has them, and the E-model (ITU-T G.107) with
//! the values of its default setting.

/// Good packets in a row that end a burst: RFC 3611's recommended value.
pub const GAP_THRESHOLD: u8 = 16;

/// The E-model's rating without loss and delay, all other parameters at their defaults (G.107 §7.7 gives 93.2).
const R_DEFAULT: f32 = 93.2;

/// What coding takes away, and how it stands losses (G.113 Appendix I).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Impairment {
    /// Equipment impairment factor Ie: without any loss.
    pub ie: f32,
    /// Packet-loss robustness factor Bpl.
    pub bpl: f32,
}

impl Impairment {
    /// G.711 with concealment.
    pub const G711: Self = Self { ie: 0.0, bpl: 25.1 };
    /// G.711 whose losses are silence.
    pub const G711_BARE: Self = Self { ie: 0.0, bpl: 4.3 };
}

/// The E-model's rating of a connection, 0 to 100, with a share of lost packets from 0 to 1, their [`burst_ratio`](Summary::burst_ratio)
/// and the delay from mouth to ear.
pub fn r_factor(impairment: Impairment, lost_share: f32, burst_ratio: f32, one_way_delay_ms: u32) -> f32 {
    let lost_percent = lost_share.clamp(0.0, 1.0) * 100.0;
    let robustness = lost_percent / burst_ratio.max(1.0) + impairment.bpl.max(0.1);
    let by_equipment = impairment.ie + (95.0 - impairment.ie) * lost_percent / robustness;
    (R_DEFAULT - by_delay(one_way_delay_ms) - by_equipment).clamp(0.0, 100.0)
}

/// The impairment by pure delay, Idd (G.107 §7.4).
fn by_delay(one_way_delay_ms: u32) -> f32 {
    if one_way_delay_ms <= 100 {
        return 0.0;
    }
    let x = (one_way_delay_ms as f32 / 100.0).log2();
    let root = |x: f32| (1.0 + x.powi(6)).powf(1.0 / 6.0);
    25.0 * (root(x) - 3.0 * root(x / 3.0) + 2.0)
}

/// The mean opinion score of a rating, 1 to 4.5 (G.107 Annex B).
pub fn mos(r_factor: f32) -> f32 {
    let r = r_factor.clamp(0.0, 100.0);
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

/// Counts bursts, where losses are dense, and the gaps between them.
#[derive(Debug, Clone, Copy)]
pub struct Bursts {
    /// Closed bursts and gaps.
    closed: Summary,
    /// Losses nearer to each other than the threshold: a burst, or a gap's lone loss, which only what follows will tell.
    open_losses: u64,
    open_packets: u64,
    /// Good packets since the latest loss.
    good: u64,
    was_good: bool,
}

/// What [`Bursts`] has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Length of one packet.
    pub packet_ms: u32,
    /// All packets, those lost or discarded too.
    pub packets: u64,
    /// Never came.
    pub lost: u64,
    /// Came, and were thrown away.
    pub discarded: u64,
    /// Losses in a row count as one run.
    pub loss_runs: u64,
    /// Bursts.
    pub bursts: u64,
    /// Packets within bursts, the lost ones too.
    pub burst_packets: u64,
    /// Packets lost or discarded within bursts.
    pub burst_losses: u64,
    /// Packets within gaps.
    pub gap_packets: u64,
    /// Packets lost or discarded within gaps.
    pub gap_losses: u64,
}

impl Summary {
    /// Share of packets lost or discarded, 0 to 1.
    pub fn lost_share(&self) -> f32 {
        (self.lost + self.discarded) as f32 / self.packets.max(1) as f32
    }

    /// How much longer runs of losses are than they would be at random (G.107 §7.6); at least 1.
    pub fn burst_ratio(&self) -> f32 {
        let run_len = (self.lost + self.discarded) as f32 / self.loss_runs.max(1) as f32;
        (run_len * (1.0 - self.lost_share())).max(1.0)
    }

    /// Mean length of a burst.
    pub fn burst_duration_ms(&self) -> u64 {
        self.burst_packets * u64::from(self.packet_ms) / self.bursts.max(1)
    }

    /// Mean length of a gap: there is one before, between and after bursts.
    pub fn gap_duration_ms(&self) -> u64 {
        self.gap_packets * u64::from(self.packet_ms) / (self.bursts + 1)
    }
}

impl Default for Bursts {
    /// Packets of 20 ms.
    fn default() -> Self {
        Self::new(20)
    }
}

impl Bursts {
    /// For a stream of packets of this length.
    pub fn new(packet_ms: u32) -> Self {
        let closed = Summary { packet_ms, ..Summary::default() };
        Self { closed, open_losses: 0, open_packets: 0, good: 0, was_good: true }
    }

    /// The same counts of packets of another length.
    pub(crate) fn with_packet_ms(mut self, packet_ms: u32) -> Self {
        self.closed.packet_ms = packet_ms;
        self
    }

    /// So many packets came in time.
    pub fn received(&mut self, packets: u64) {
        if packets == 0 {
            return;
        }
        self.closed.packets += packets;
        self.good += packets;
        self.was_good = true;
        if self.good >= u64::from(GAP_THRESHOLD) {
            self.close();
        }
    }

    /// So many packets in a row never came.
    pub fn lost(&mut self, packets: u64) {
        self.closed.lost += packets;
        self.missing(packets);
    }

    /// So many packets in a row came too late to be of use.
    pub fn discarded(&mut self, packets: u64) {
        self.closed.discarded += packets;
        self.missing(packets);
    }

    /// A packet that was counted as lost has come after all, too late.
    pub fn came_late(&mut self) {
        if self.closed.lost > 0 {
            self.closed.lost -= 1;
            self.closed.discarded += 1;
        }
    }

    /// Everything so far; what is still open counts as if it ended here.
    pub fn summary(&self) -> Summary {
        let mut now = *self;
        now.close();
        now.closed
    }

    fn missing(&mut self, packets: u64) {
        if packets == 0 {
            return;
        }
        self.closed.packets += packets;
        self.closed.loss_runs += u64::from(self.was_good);
        self.was_good = false;
        if self.open_losses > 0 {
            self.open_packets += self.good;
        } else {
            self.closed.gap_packets += self.good;
        }
        self.good = 0;
        self.open_losses += packets;
        self.open_packets += packets;
    }

    fn close(&mut self) {
        let closed = &mut self.closed;
        if self.open_losses > 1 {
            closed.bursts += 1;
            closed.burst_packets += self.open_packets;
            closed.burst_losses += self.open_losses;
        } else {
            closed.gap_packets += self.open_packets;
            closed.gap_losses += self.open_losses;
        }
        closed.gap_packets += std::mem::take(&mut self.good);
        self.open_losses = 0;
        self.open_packets = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ratings_are_those_of_the_e_model() {
        // G.107's default connection, and its score by Annex B.
        assert!((r_factor(Impairment::G711, 0.0, 1.0, 0) - 93.2).abs() < 0.01);
        assert!((mos(93.2) - 4.41).abs() < 0.01);
        assert!((mos(50.0) - 2.58).abs() < 0.01);
        assert_eq!((mos(-5.0), mos(0.0), mos(100.0)), (1.0, 1.0, 4.5));
        // Idd by its formula: 150 ms hardly counts, 400 ms much.
        assert!((by_delay(400) - 24.1).abs() < 0.5, "{}", by_delay(400));
        assert!(by_delay(150) < 1.0 && by_delay(100) == 0.0);
        // 95 * 5 / (5 + 25.1), and without concealment 95 * 5 / (5 + 4.3).
        assert!((r_factor(Impairment::G711, 0.05, 1.0, 0) - (93.2 - 15.78)).abs() < 0.01);
        assert!((r_factor(Impairment::G711_BARE, 0.05, 1.0, 0) - (93.2 - 51.08)).abs() < 0.01);
        assert!(r_factor(Impairment::G711, 0.05, 2.0, 0) < r_factor(Impairment::G711, 0.05, 1.0, 0));
    }

    #[test]
    fn a_lone_loss_lies_in_a_gap_and_dense_ones_make_a_burst() {
        let mut bursts = Bursts::new(20);
        bursts.received(100);
        bursts.lost(1);
        bursts.received(100);
        assert_eq!(bursts.summary().bursts, 0);
        assert_eq!((bursts.summary().gap_losses, bursts.summary().gap_packets), (1, 201));
        // Three losses with 15 and 3 good ones between: one burst of 21 packets.
        bursts.lost(1);
        bursts.received(15);
        bursts.discarded(1);
        bursts.received(3);
        bursts.lost(1);
        bursts.received(16);
        let summary = bursts.summary();
        assert_eq!((summary.bursts, summary.burst_packets, summary.burst_losses), (1, 21, 3));
        assert_eq!((summary.lost, summary.discarded, summary.packets, summary.loss_runs), (3, 1, 238, 4));
        assert_eq!((summary.burst_duration_ms(), summary.gap_duration_ms()), (420, 217 * 20 / 2));
    }

    #[test]
    fn long_runs_raise_the_burst_ratio() {
        let run = |len: u64| {
            let mut bursts = Bursts::new(20);
            for _ in 0..20 {
                bursts.received(19 * len);
                bursts.lost(len);
            }
            bursts.summary()
        };
        assert!((run(1).lost_share() - run(4).lost_share()).abs() < 1e-6);
        assert_eq!(run(1).burst_ratio(), 1.0);
        assert!((run(4).burst_ratio() - 3.8).abs() < 0.01);
    }

    proptest! {
        #[test]
        fn every_packet_is_counted_once(steps in prop::collection::vec((0u8..3, 0u64..40), 0..200)) {
            let mut bursts = Bursts::new(20);
            let mut total = 0;
            for (kind, count) in steps {
                total += count;
                match kind {
                    0 => bursts.received(count),
                    1 => bursts.lost(count),
                    _ => bursts.discarded(count),
                }
                let summary = bursts.summary();
                prop_assert_eq!(summary.packets, total);
                prop_assert_eq!(summary.burst_packets + summary.gap_packets, total);
                prop_assert_eq!(summary.burst_losses + summary.gap_losses, summary.lost + summary.discarded);
                let r = r_factor(Impairment::G711, summary.lost_share(), summary.burst_ratio(), 80);
                prop_assert!((0.0..=93.2).contains(&r) && (1.0..=4.5).contains(&mos(r)));
            }
        }
    }
}
