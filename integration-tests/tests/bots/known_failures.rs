//! Failures that other systems are known for, by the number of the report: none of them is ours.

use std::time::Duration;

use anyhow::Context;
use audio::g711::Law;
use botstream_api::cause::Class;
use botstream_api::{ClientError, ErrorCode};
use cluster_runner::Cluster;
use integration_tests::config::{Format, Telephony};
use integration_tests::raw_bot::{RawBot, RawFrame};
use integration_tests::sound::{tone, tone_ms};
use integration_tests::world::{LIMIT, World, dial, incoming, over, phone};
use serde_json::json;
use testphone::{RATE_HZ, Script};

use crate::protocol::{NUMBER, humming, message, stall, tell, world};

const BOT_HZ: f64 = 1_000.0;

fn l16(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// A stall of the bot's became delay that stayed until the end of the call.
#[tokio::test(flavor = "multi_thread")]
async fn asterisk_2115_backlog_sheds() -> anyhow::Result<()> {
    let bot = RawBot::listen(None).await?;
    let (world, phone) = world(&bot, "playout = { mode = \"live\" }").await?;
    let mut call = world.call(&phone, NUMBER, Script::default()).await?;
    let mut stream = bot.next_stream().await?;
    let start = message(&mut stream, "start").await?;
    assert_eq!(start["playout"]["mode"], "live");
    call.answered().await?;
    let queued_ms = stall(&mut stream).await?;
    assert!(queued_ms <= 120, "{queued_ms} ms are queued six seconds after the stall");
    tell(&mut stream, json!({"type": "hangup", "after": "now"})).await?;
    over(call).await?;
    world.stop().await
}

/// A bot could not know whether its audio had been played.
#[tokio::test(flavor = "multi_thread")]
async fn asterisk_1574_playback_is_acknowledged() -> anyhow::Result<()> {
    let bot = RawBot::listen(Some("media")).await?;
    let (world, phone) = world(&bot, "dialect = \"asterisk\"").await?;
    let call = world.call(&phone, NUMBER, Script::default()).await?;
    let mut stream = bot.next_stream().await?;
    stream.send_binary(vec![0x55; 4_000]).await?;
    tell(&mut stream, json!({"command": "MARK_MEDIA", "correlation_id": "one"})).await?;
    tell(&mut stream, json!({"command": "REPORT_QUEUE_DRAINED"})).await?;
    let told = |event: &'static str| {
        move |frame: &RawFrame| match frame {
            RawFrame::Json(json) if json["event"] == event => Some(json.clone()),
            _ => None,
        }
    };
    let mark = stream.next_that("the mark", told("MEDIA_MARK_PROCESSED")).await?;
    assert_eq!(mark["correlation_id"], "one");
    stream.next_that("the end of the queue", told("QUEUE_DRAINED")).await?;
    tell(&mut stream, json!({"command": "HANGUP"})).await?;
    over(call).await?;
    world.stop().await
}

/// Audio came before the message that says what it is.
#[tokio::test(flavor = "multi_thread")]
async fn asterisk_1712_start_comes_before_audio() -> anyhow::Result<()> {
    let bot = RawBot::listen(Some("media")).await?;
    let (world, phone) = world(&bot, "dialect = \"asterisk\"").await?;
    // Sequentially: which of two calls a stream belongs to would not be known.
    for _ in 0..10 {
        let call = world.call(&phone, NUMBER, humming()).await?;
        let mut stream = bot.next_stream().await?;
        match stream.next().await? {
            RawFrame::Json(json) => assert_eq!(json["event"], "MEDIA_START"),
            other => anyhow::bail!("the first frame is {other:?}"),
        }
        stream.next_that("audio", |frame| matches!(frame, RawFrame::Binary(_)).then_some(())).await?;
        tell(&mut stream, json!({"command": "HANGUP"})).await?;
        over(call).await?;
    }
    world.stop().await
}

/// After a flush the queue's length was still what it had been, and the bot was held back for good.
#[tokio::test(flavor = "multi_thread")]
async fn asterisk_1304_clear_resets_the_queues_counter() -> anyhow::Result<()> {
    let bot = RawBot::listen(Some("media")).await?;
    let (world, phone) = world(&bot, "dialect = \"asterisk\"").await?;
    let mut call = world.call(&phone, NUMBER, Script::default()).await?;
    let mut stream = bot.next_stream().await?;
    call.answered().await?;
    let event = |name: &'static str| {
        move |frame: &RawFrame| match frame {
            RawFrame::Json(json) if json["event"] == name => Some(json.clone()),
            _ => None,
        }
    };
    stream.send_binary(vec![0x55; 12 * 8_000]).await?;
    stream.next_that("XOFF", event("MEDIA_XOFF")).await?;
    tell(&mut stream, json!({"command": "GET_STATUS"})).await?;
    let status = stream.next_that("the status", event("STATUS")).await?;
    assert!(status["queue_length"].as_u64().is_some_and(|frames| frames > 500), "{status}");
    tell(&mut stream, json!({"command": "FLUSH_MEDIA"})).await?;
    stream.next_that("XON", event("MEDIA_XON")).await?;
    tell(&mut stream, json!({"command": "GET_STATUS"})).await?;
    let status = stream.next_that("the status", event("STATUS")).await?;
    assert_eq!((&status["queue_length"], &status["queue_full"]), (&json!(0), &json!(false)));
    tell(&mut stream, json!({"command": "HANGUP"})).await?;
    over(call).await?;
    world.stop().await
}

/// A bot that was interrupted did not know how much of its sentence had been heard.
#[tokio::test(flavor = "multi_thread")]
async fn openai_agents_js_1173_clear_tells_the_truncation_point() -> anyhow::Result<()> {
    let bot = RawBot::listen(None).await?;
    let (world, phone) = world(&bot, "").await?;
    let mut call = world.call(&phone, NUMBER, Script::default()).await?;
    let mut stream = bot.next_stream().await?;
    call.answered().await?;
    stream.send_binary(l16(&tone(16_000, BOT_HZ, 5_000))).await?;
    // Interrupted by the first report of progress, a second in.
    while message(&mut stream, "playback").await?["state"] != "progress" {}
    tell(&mut stream, json!({"type": "clear"})).await?;
    let cleared = message(&mut stream, "cleared").await?;
    let played_ms = cleared["played_ms"].as_u64().context("no played_ms")?;
    tell(&mut stream, json!({"type": "hangup"})).await?;
    let heard = over(call).await?.media.context("no media ran")?.heard_samples();
    let heard_ms = tone_ms(&heard, RATE_HZ, BOT_HZ);
    assert!(heard_ms.abs_diff(played_ms) <= 40, "{heard_ms} ms were heard, {played_ms} told");
    world.stop().await
}

/// A call was hung up while the bot's goodbye was still being played.
#[tokio::test(flavor = "multi_thread")]
async fn pipecat_1461_hang_up_waits_for_the_last_words() -> anyhow::Result<()> {
    let bot = RawBot::listen(None).await?;
    let (world, phone) = world(&bot, "dialect = \"vonage\"").await?;
    let mut call = world.call(&phone, NUMBER, Script::default()).await?;
    let mut stream = bot.next_stream().await?;
    call.answered().await?;
    stream.send_binary(l16(&tone(16_000, BOT_HZ, 1_500))).await?;
    stream.close().await?;
    let heard = over(call).await?.media.context("no media ran")?.heard_samples();
    let heard_ms = tone_ms(&heard, RATE_HZ, BOT_HZ);
    assert!(heard_ms >= 1_440, "{heard_ms} of 1500 ms were heard");
    world.stop().await
}

/// Audio of another rate than the telephone's was played too fast or too slow.
#[tokio::test(flavor = "multi_thread")]
async fn pipecat_5592_pacing_holds_whatever_the_bots_rate() -> anyhow::Result<()> {
    let phone = phone().await?;
    let mut telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp));
    let mut bots = Vec::new();
    for rate in [8_000, 16_000, 24_000, 48_000] {
        let (bot, number) = (RawBot::listen(None).await?, format!("+1415555{rate:05}"));
        telephony = telephony.bot(&number, &bot.url(), &format!("format = {{ rate = {rate} }}"));
        bots.push((rate, bot, number));
    }
    let world = World::start(Cluster::builder(), &telephony).await?;
    let rates = bots.iter().map(|(rate, bot, number)| {
        let (world, phone) = (&world, &phone);
        async move {
            let call = world.call(phone, number, Script::default()).await?;
            let mut stream = bot.next_stream().await?;
            stream.send_binary(l16(&tone(*rate, BOT_HZ, 2_000))).await?;
            tell(&mut stream, json!({"type": "mark", "id": "end"})).await?;
            tell(&mut stream, json!({"type": "hangup"})).await?;
            assert_eq!(message(&mut stream, "mark").await?["pos_ms"], 2_000, "{rate}");
            let heard = over(call).await?.media.context("no media ran")?.heard_samples();
            let heard_ms = tone_ms(&heard, RATE_HZ, BOT_HZ);
            anyhow::ensure!(heard_ms.abs_diff(2_000) <= 60, "{rate} Hz: {heard_ms} of 2000 ms were heard");
            anyhow::Ok(())
        }
    });
    futures_util::future::try_join_all(rates).await?;
    world.stop().await
}

/// Audio that came in bursts lost pieces at their borders, or had silence put between them.
#[tokio::test(flavor = "multi_thread")]
async fn livekit_sip_724_no_dropped_or_invented_audio_in_a_bursty_stream() -> anyhow::Result<()> {
    let bot = RawBot::listen(None).await?;
    let (world, phone) = world(&bot, "format = { encoding = \"mulaw\" }").await?;
    let script = Script { codecs: vec![Law::Mu.into()], ..Script::default() };
    let mut call = world.call(&phone, NUMBER, script).await?;
    let mut stream = bot.next_stream().await?;
    call.answered().await?;
    // Every code there is, in an order that does not repeat within a packet; no piece is a whole number of packets.
    let said: Vec<u8> = (0..24_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut rest = said.as_slice();
    let mut length = 1;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(length.min(rest.len()));
        stream.send_binary(piece.to_vec()).await?;
        rest = after;
        // Bursts of up to a third of a second.
        length = length * 7 % 2_741 + 1;
    }
    tell(&mut stream, json!({"type": "hangup"})).await?;
    let media = over(call).await?.media.context("no media ran")?;
    assert!(media.heard.windows(said.len()).any(|window| window == said), "what was heard is not what was said");
    world.stop().await
}

/// A key that was pressed on one leg was told to, or sent out on, another.
#[tokio::test(flavor = "multi_thread")]
async fn livekit_agents_6357_dtmf_stays_on_its_leg() -> anyhow::Result<()> {
    let bot = RawBot::listen(None).await?;
    let (world, phone) = world(&bot, "").await?;
    let mut first = world.call(&phone, NUMBER, Script::default()).await?;
    let mut first_stream = bot.next_stream().await?;
    first.answered().await?;
    let mut second = world.call(&phone, NUMBER, Script::default()).await?;
    let mut second_stream = bot.next_stream().await?;
    second.answered().await?;
    first.press("1").await?;
    let dtmf = message(&mut first_stream, "dtmf").await?;
    assert_eq!((&dtmf["digit"], &dtmf["leg"]), (&json!("1"), &json!("caller")));
    second.press("2").await?;
    // The other bot's first key is its own caller's.
    assert_eq!(message(&mut second_stream, "dtmf").await?["digit"], "2");
    // A key that a bot presses goes to its caller, and comes back to nobody.
    tell(&mut first_stream, json!({"type": "dtmf", "digits": "9"})).await?;
    tell(&mut second_stream, json!({"type": "hangup"})).await?;
    let heard = over(second).await?.media.context("no media ran")?.digits();
    assert_eq!(heard, "");
    tell(&mut first_stream, json!({"type": "hangup"})).await?;
    assert_eq!(over(first).await?.media.context("no media ran")?.digits(), "9");
    while let frame @ (RawFrame::Json(_) | RawFrame::Binary(_)) = first_stream.next().await? {
        assert!(!matches!(frame, RawFrame::Json(json) if json["type"] == "dtmf"), "a key came back");
    }
    world.stop().await
}

/// Dials until there is room: that a call has ended is told before all have heard that its place is free.
async fn dial_when_free(world: &World, bot: &RawBot) -> anyhow::Result<String> {
    loop {
        let mut request = dial("+14155550123", &bot.url(), Format::L16);
        request.ring_timeout_ms = 300;
        match world.client().dial(request).await {
            Ok(reply) => return Ok(reply.call_id),
            Err(ClientError::Service(error)) if error.code == ErrorCode::NoCapacity => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// A call that nobody answered kept its place.
#[tokio::test(flavor = "multi_thread")]
async fn dograh_737_an_unanswered_call_frees_its_slot() -> anyhow::Result<()> {
    let bot = RawBot::listen(None).await?;
    let callee = phone().await?;
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", callee.addr(testphone::Transport::Udp));
    let builder = Cluster::builder().flag("media-switch", "--capacity", "1");
    let world = World::start(builder, &telephony).await?;
    for _ in 0..3 {
        let call_id = tokio::time::timeout(LIMIT, dial_when_free(&world, &bot)).await.context("never free again")??;
        let ringing = incoming(&callee).await?;
        let ended = world.events.ended(&call_id).await?;
        assert_eq!(ended.cause.context("no cause")?.class(), Class::NoAnswer);
        drop(ringing);
    }
    world.stop().await
}

/// What a bot does with each of its streams.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Closes,
    Dies,
    Waits,
}

async fn serve(bot: RawBot, manner: Manner) {
    // A stream that is given up while it is opened is no stream.
    loop {
        let Ok(mut stream) = bot.next_stream().await else { continue };
        tokio::spawn(async move {
            match (stream.next().await, manner) {
                (Ok(RawFrame::Json(_)), Manner::Closes) => stream.close().await.ok(),
                (Ok(RawFrame::Json(_)), Manner::Dies) => stream.kill().ok(),
                _ => stream.next_that("the end", |frame| matches!(frame, RawFrame::Closed(_)).then_some(())).await.ok(),
            }
        });
    }
}

/// Sockets stayed open when their calls had ended.
#[tokio::test(flavor = "multi_thread")]
async fn sbc_inbound_27_no_leaked_sockets() -> anyhow::Result<()> {
    const ROUNDS: usize = 6;
    const AT_ONCE: usize = 12;
    let phone = phone().await?;
    let mut telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp));
    let mut serving = tokio::task::JoinSet::new();
    for (index, manner) in [Manner::Closes, Manner::Dies, Manner::Waits].into_iter().enumerate() {
        let bot = RawBot::listen(None).await?;
        telephony = telephony.bot(&format!("+1415555040{index}"), &bot.url(), "");
        serving.spawn(serve(bot, manner));
    }
    let world = World::start(Cluster::builder(), &telephony).await?;
    let switch = world.cluster.service("media-switch", 0).process().id();
    let sockets = || -> anyhow::Result<usize> {
        let files = std::fs::read_dir(format!("/proc/{switch}/fd"))?;
        let links = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        Ok(links.filter(|link| link.to_string_lossy().starts_with("socket:")).count())
    };
    let before = sockets()?;
    for round in 0..ROUNDS {
        let calls = (0..AT_ONCE).map(|number| {
            let (world, phone) = (&world, &phone);
            async move {
                let mut call = world.call(phone, &format!("+1415555040{}", number % 3), Script::default()).await?;
                // A machine that is too busy refuses a call: that is an end, too.
                let is_talking = number % 3 == 2 && call.answered().await.is_ok();
                if is_talking {
                    call.hangup().await?;
                } else {
                    over(call).await?;
                }
                anyhow::Ok(is_talking)
            }
        });
        let talked = futures_util::future::try_join_all(calls).await?;
        anyhow::ensure!(talked.contains(&true), "round {round}: no call was answered");
        // The last goodbyes take as long as they take.
        let limit = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let now = sockets()?;
            let is_idle = world.client().list_calls(Default::default()).await?.calls.is_empty();
            if is_idle && now <= before {
                break;
            }
            anyhow::ensure!(tokio::time::Instant::now() < limit, "round {round}: {now} sockets, {before} before");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    serving.shutdown().await;
    world.stop().await
}
