//! A process that has a service's keys and does not keep to the rules: it joins a database as everybody does, and then says what its keys
//! don't allow.

use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use futures_util::StreamExt;
use iratdb::Keys;
use iratdb::core::codec::{Body, Header, Tail, encode};
use iratdb::core::engine::Destination;
use iratdb::core::guard::{Guard, Settings};
use iratdb::core::ids::{Epoch, Writer};
use iratdb::core::secret::{Secret, hash};

use crate::world::LIMIT;

const WRITER: Writer = Writer(0x0f0f_0f0f_0f0f_0f0f);
const EPOCH: Epoch = Epoch(0x0e0e_0e0e_0e0e_0e0f);
const TURN: Duration = Duration::from_millis(20);

/// See the module.
pub struct Forger {
    guard: Guard,
    nats: async_nats::Client,
    prefix: String,
    incoming: futures_util::stream::SelectAll<async_nats::Subscriber>,
    started: Instant,
}

impl Forger {
    /// Joins a database of a cluster: gets its data key, as the keys allow.
    pub async fn join(nats_url: &str, cluster: &str, database: &str, keys: &Keys) -> anyhow::Result<Self> {
        let credentials = keys.credentials().context("no RSA keys")?;
        let id = credentials.database(cluster, database);
        let subject = hash("iratdb/2 subject", &[&id.0]);
        let short: String = subject.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let prefix = format!("ira.v1.{cluster}.r.{short}");
        let nats = async_nats::connect(nats_url).await?;
        let all = nats.subscribe(format!("{prefix}.all")).await?;
        let own = nats.subscribe(format!("{prefix}.to.{:016x}", WRITER.0)).await?;
        botstream_api::round_trip(&nats).await?;
        let settings = Settings { alone_after_ms: 300, lease_ms: 2_000, rotate_after_ms: 0 };
        let guard = Guard::new(settings, credentials, id, WRITER, &Secret::new([7; 32]));
        let guard = guard.map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let incoming = futures_util::stream::select_all([all, own]);
        let mut forger = Self { guard, nats, prefix, incoming, started: Instant::now() };
        let now_ms = forger.now_ms();
        forger.guard.connect(now_ms);
        let joining = async {
            while forger.guard.sealer().is_none() {
                forger.turn().await?;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(LIMIT, joining).await.context("it does not get the data key")??;
        Ok(forger)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Goes on with the handshakes for a moment.
    pub async fn turn(&mut self) -> anyhow::Result<()> {
        let mut clear = Vec::new();
        if let Ok(Some(message)) = tokio::time::timeout(TURN, self.incoming.next()).await {
            self.guard.receive(self.now_ms(), &message.payload, &mut clear);
        }
        self.guard.tick(self.now_ms(), &mut clear);
        while let Some(message) = self.guard.poll_message() {
            self.publish(message.to, message.bytes).await?;
        }
        Ok(())
    }

    async fn publish(&self, to: Destination, bytes: Bytes) -> anyhow::Result<()> {
        let subject = match to {
            Destination::All => format!("{}.all", self.prefix),
            Destination::One(writer) => format!("{}.to.{:016x}", self.prefix, writer.0),
        };
        Ok(self.nats.publish(subject, bytes).await?)
    }

    /// Says that all others' epochs of these numbers are over, and that it has changed rows: sealed and signed as it should be, but not its
    /// to say.
    pub async fn forge(&self) -> anyhow::Result<()> {
        let header = Header { schema: 1, writer: WRITER, epoch: EPOCH };
        let bodies = [
            Body::EpochEnd { tail: Tail { epoch: Epoch(1), sequence: 0 } },
            Body::Frame { sequence: 1, ack: false, entries: Vec::new() },
        ];
        let sealer = self.guard.sealer().context("no data key")?;
        for body in &bodies {
            let sealed = sealer.seal(Destination::All, &encode(header, body)).context("it can't be sealed")?;
            self.publish(Destination::All, sealed).await?;
        }
        Ok(())
    }
}
