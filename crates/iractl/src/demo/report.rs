//! What the demo has seen, call by call.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use testphone::{Measurements, Outcome, write_codec_wav};

use crate::table::{Style, Table};

/// The aim is 60 ms; a busy machine is late without being wrong.
const DELAY_P50_MS_MAX: f64 = 200.0;
const SIMILARITY_MIN: f64 = 0.97;
const LEVEL_DIFFERENCE_DB_MAX: f64 = 1.5;

#[derive(Debug, Default)]
pub(super) struct Report {
    rows: Vec<Row>,
    failures: Vec<String>,
}

impl Report {
    pub(super) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(super) fn failed(&mut self, what: &str, error: &anyhow::Error) {
        self.failures.push(format!("{what}: {error:#}"));
    }

    pub(super) fn failures(&self) -> &[String] {
        &self.failures
    }

    pub(super) fn table(&self) -> String {
        let mut table = Table::new([
            "call",
            "switch",
            "states",
            "delay p50",
            "p99",
            "sent",
            "received",
            "lost",
            "gap",
            "said dBFS",
            "heard dBFS",
            "alike",
        ]);
        let ms = |value: Option<f64>| value.map_or(Value::Null, |value| json!(format!("{value:.0} ms")));
        for row in &self.rows {
            let measured = &row.measured;
            table.push([
                json!(row.name),
                json!(row.node),
                json!(row.states),
                ms(measured.delay.map(|delay| delay.p50_ms)),
                ms(measured.delay.map(|delay| delay.p99_ms)),
                json!(row.packets_sent),
                json!(row.packets_received),
                json!(row.packets_lost),
                ms(Some(row.gap_ms_max)),
                json!(format!("{:.1}", measured.level_sent_dbfs)),
                json!(format!("{:.1}", measured.level_heard_dbfs)),
                measured.similarity.map_or(Value::Null, |value| json!(format!("{value:.3}"))),
            ]);
        }
        table.render(Style::Text)
    }
}

/// One call.
#[derive(Debug)]
pub(super) struct Row {
    name: String,
    node: String,
    states: String,
    packets_sent: u64,
    packets_received: u64,
    packets_lost: u64,
    gap_ms_max: f64,
    measured: Measurements,
}

impl Row {
    pub(super) fn new(name: &str, call_id: &str, states: String, outcome: &Outcome) -> anyhow::Result<Self> {
        let media = outcome.media.as_ref().with_context(|| format!("no audio ran: {}", outcome.end))?;
        Ok(Self {
            name: name.to_owned(),
            node: call_id.rsplit_once('-').map_or(call_id, |(node, _)| node).to_owned(),
            states,
            packets_sent: media.packets_sent,
            packets_received: media.received.received,
            packets_lost: media.received.lost,
            gap_ms_max: media.gap_ms_max,
            measured: media.measure(),
        })
    }

    /// Writes what was said and what was heard as WAV files.
    pub(super) fn keep_recordings(&self, dir: &Path, outcome: &Outcome) -> anyhow::Result<()> {
        let media = outcome.media.as_ref().context("no audio ran")?;
        write_codec_wav(&dir.join(format!("{}-said.wav", self.name)), media.law, &media.sent)?;
        write_codec_wav(&dir.join(format!("{}-heard.wav", self.name)), media.law, &media.heard)?;
        Ok(())
    }

    /// Whether the telephone heard its own speech, whole, in time and as loud as it was.
    pub(super) fn judge_speech(&self) -> anyhow::Result<()> {
        let measured = &self.measured;
        ensure!(self.packets_lost == 0, "{} packets were lost", self.packets_lost);
        let delay = measured.delay.context("nothing of what was said came back")?;
        ensure!(
            delay.windows_found == delay.windows,
            "only {} of {} pieces of the speech came back",
            delay.windows_found,
            delay.windows,
        );
        ensure!(delay.p50_ms <= DELAY_P50_MS_MAX, "it came back after {:.0} ms", delay.p50_ms);
        let similarity = measured.similarity.unwrap_or_default();
        ensure!(similarity >= SIMILARITY_MIN, "what came back is only {similarity:.3} alike");
        let difference_db = (measured.level_heard_dbfs - measured.level_sent_dbfs).abs();
        ensure!(difference_db <= LEVEL_DIFFERENCE_DB_MAX, "what came back differs by {difference_db:.1} dB in level");
        Ok(())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "on {}: {}; ", self.node, self.states)?;
        match self.measured.delay {
            Some(delay) => write!(f, "delay {:.0} ms; ", delay.p50_ms)?,
            None => write!(f, "nothing came back; ")?,
        }
        write!(
            f,
            "{} packets sent, {} received, {} lost; said at {:.1}, heard at {:.1} dBFS; {name}-said.wav, {name}-heard.wav",
            self.packets_sent,
            self.packets_received,
            self.packets_lost,
            self.measured.level_sent_dbfs,
            self.measured.level_heard_dbfs,
            name = self.name,
        )
    }
}
