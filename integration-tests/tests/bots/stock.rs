//! Stock bots, unmodified: Pipecat's serializers and jambonz' SDK, as their registries have them (`make tools`).

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use cluster_runner::Cluster;
use integration_tests::config::Telephony;
use integration_tests::sound::tone_ms;
use integration_tests::world::{World, over, phone};
use serde_json::Value;
use testphone::{Endpoint, Play, RATE_HZ, Script};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Python takes seconds to load Pipecat on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

const CALLER_HZ: f64 = 440.0;
const LONG_HZ: f64 = 700.0;
const LAST_HZ: f64 = 1_000.0;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A bot's process, and what it says.
struct StockBot {
    said: Lines<BufReader<ChildStdout>>,
    child: Child,
    port: u64,
}

impl StockBot {
    async fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let said = BufReader::new(child.stdout.take().context("no output")?).lines();
        let mut bot = Self { said, child, port: 0 };
        bot.port = bot.next("port").await?.as_u64().context("no port")?;
        Ok(bot)
    }

    async fn pipecat(vendor: &str) -> anyhow::Result<Self> {
        let python = root().join(".cache/tools/pipecat/bin/python");
        ensure!(python.exists(), "{} is missing: run scripts/install-tools.sh --test", python.display());
        Self::start(Command::new(python).arg(root().join("integration-tests/stock/pipecat_bot.py")).arg(vendor)).await
    }

    async fn jambonz() -> anyhow::Result<Self> {
        let folder = root().join(".cache/tools/jambonz");
        ensure!(folder.exists(), "{} is missing: run scripts/install-tools.sh --test", folder.display());
        Self::start(Command::new("node").arg(root().join("integration-tests/stock/jambonz_bot.mjs")).arg(folder)).await
    }

    /// The next thing it says, which has to be this.
    async fn next(&mut self, name: &str) -> anyhow::Result<Value> {
        let line = tokio::time::timeout(LIMIT, self.said.next_line()).await;
        let line = line.with_context(|| format!("the bot does not say {name}"))??;
        let said: Value = serde_json::from_str(&line.with_context(|| format!("it ends before it says {name}"))?)?;
        said.get(name).cloned().with_context(|| format!("it says {said} instead of {name}"))
    }

    async fn end(mut self) -> anyhow::Result<()> {
        self.next("end").await?;
        let status = tokio::time::timeout(LIMIT, self.child.wait()).await.context("the bot does not end")??;
        ensure!(status.success(), "{status}");
        Ok(())
    }
}

/// Listens, talks, is interrupted by a key and hangs up with its last words; the caller hears all of that.
async fn converse(world: &World, phone: &Endpoint, mut bot: StockBot, number: &str) -> anyhow::Result<()> {
    let script = Script { play: Play::Tone { frequency_hz: CALLER_HZ, dbfs: -10.0 }, ..Script::default() };
    let mut call = world.call(phone, number, script).await?;
    call.answered().await?;
    let heard_ms = bot.next("heard_ms").await?.as_u64().context("no number")?;
    assert!(heard_ms >= 380, "it heard {heard_ms} of 500 ms");
    bot.next("mark").await?;
    call.press("7").await?;
    assert_eq!(bot.next("key").await?, "7");
    let outcome = over(call).await?;
    bot.end().await?;
    assert!(matches!(outcome.end, testphone::End::RemoteHangup { .. }), "{:?}", outcome.end);
    let heard = outcome.media.context("no media ran")?.heard_samples();
    // The mark stands after half a second; the key that follows it interrupts the ten seconds well before their end.
    let (long_ms, last_ms) = (tone_ms(&heard, RATE_HZ, LONG_HZ), tone_ms(&heard, RATE_HZ, LAST_HZ));
    assert!((440..8_000).contains(&long_ms), "{long_ms} ms of the long talk were heard");
    // Pipecat's resampler keeps a tenth of a second to itself.
    assert!((640..=840).contains(&last_ms), "{last_ms} ms of the last words were heard");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pipecat_and_jambonz_bots_work_unmodified() -> anyhow::Result<()> {
    const PIPECAT: [&str; 5] = ["twilio", "telnyx", "plivo", "exotel", "vonage"];
    let phone = phone().await?;
    let mut telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp));
    let mut bots = futures_util::future::try_join_all(PIPECAT.map(StockBot::pipecat)).await?;
    bots.push(StockBot::jambonz().await?);
    let mut cast = Vec::new();
    for (index, (vendor, bot)) in PIPECAT.into_iter().chain(["jambonz"]).zip(bots).enumerate() {
        let number = format!("+1415555020{index}");
        let url = format!("ws://127.0.0.1:{}/audio", bot.port);
        telephony = telephony.bot(&number, &url, &format!("dialect = \"{vendor}\""));
        cast.push((vendor, bot, number));
    }
    let world = World::start(Cluster::builder(), &telephony).await?;
    let conversations = cast.into_iter().map(|(vendor, bot, number)| {
        let (world, phone) = (&world, &phone);
        async move { converse(world, phone, bot, &number).await.context(vendor) }
    });
    for outcome in futures_util::future::join_all(conversations).await {
        outcome?;
    }
    world.stop().await
}
