//! Whatever comes, from wherever: the sender gets the right answer, and a call beside it notices nothing.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use audio::g711::Law;
use botstream_api::cause::{Class, Party};
use botstream_api::event::Body;
use cluster_runner::{Cluster, WorkDir};
use integration_tests::bot::{Bot, Received};
use integration_tests::config::{Format, Telephony};
use integration_tests::raw::RawCaller;
use integration_tests::sipp::Sipp;
use integration_tests::speech::{coded_speech, speech};
use integration_tests::world::{World, dial, incoming, over, phone};
use testphone::bot::{BotConfig, EchoBot};
use testphone::{Call, End, Endpoint, Play, Script};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use voicebot::message::{FromBot, Hangup, ToBot};

/// Number of the witness: a call with an echo bot that must go on as if nothing were.
const WITNESS: &str = "+14155550100";
/// Number whose bot the test chooses.
const TESTED: &str = "+14155550199";

/// How long the witness talks on after what was done.
const AFTERWARDS: Duration = Duration::from_secs(3);

struct Scene {
    world: World,
    phone: Endpoint,
    witness: Call,
    echo: EchoBot,
}

impl Scene {
    /// A cluster with one switch, so that everything meets there, and the witness talking on it.
    async fn set(bot_url: &str) -> anyhow::Result<Self> {
        let files = WorkDir::temporary()?;
        let clip = coded_speech(files.path(), Law::Mu)?;
        let echo = EchoBot::bind(BotConfig::default()).await?;
        let phone = phone().await?;
        let telephony = Telephony::new()
            .trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp))
            .number(WITNESS, &echo.url(), Format::Mulaw)
            .number(TESTED, bot_url, Format::L16);
        let world = World::start(Cluster::builder(), &telephony).await?;
        let mut witness = world.call(&phone, WITNESS, Script::playing(Play::Repeat(Arc::new(clip)))).await?;
        witness.answered().await?;
        Ok(Self { world, phone, witness, echo })
    }

    /// The witness must have heard itself without a loss; everything must end well.
    async fn close(self) -> anyhow::Result<()> {
        let Self { world, phone, witness, echo } = self;
        // What was done would show in what comes now.
        tokio::time::sleep(AFTERWARDS).await;
        let media = witness.hangup().await?.media.context("no media ran")?;
        ensure!(media.received.lost == 0, "the witness lost {} packets", media.received.lost);
        let measured = media.measure();
        let delay = measured.delay.context("the witness heard nothing of itself")?;
        // The very end of what it said had no time to come back.
        ensure!(delay.windows_found + 5 >= delay.windows, "{measured:?}");
        phone.close().await;
        echo.close().await;
        world.stop().await
    }
}

/// Bytes that look like nothing, but are the same in each run.
fn garbage(seed: u32, length: usize) -> Vec<u8> {
    let mut state = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn garbage_of_all_sizes() -> impl Iterator<Item = Vec<u8>> {
    let noise = (0..300).map(|seed| garbage(seed, [0, 1, 2, 4, 11, 12, 40, 172, 1_400, 60_000][seed as usize % 10]));
    // What begins well.
    let half_sip = [
        "INVITE ",
        "INVITE sip:x SIP/2.0\r\n",
        "SIP/2.0 200 OK\r\n\r\n",
        "SIP/2.0 999999 \r\n",
        "\r\n\r\n",
        "\0\0\0\0",
    ];
    let huge_header = format!("OPTIONS sip:x SIP/2.0\r\nVia: {}\r\n\r\n", "x".repeat(50_000));
    let many_headers = format!("INVITE sip:x SIP/2.0\r\n{}\r\n", "Via: SIP/2.0/UDP 127.0.0.1\r\n".repeat(2_000));
    noise
        .chain(half_sip.map(|text| text.as_bytes().to_vec()))
        .chain([huge_header.into_bytes(), many_headers.into_bytes()])
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_sip_ports() -> anyhow::Result<()> {
    let scene = Scene::set("ws://127.0.0.1:9/").await?;
    let cluster = &scene.world.cluster;
    let ports = ["botproxy", "media-switch"].map(|name| cluster.service(name, 0).sip_addr());
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    for port in ports.into_iter().flatten() {
        for datagram in garbage_of_all_sizes() {
            socket.send_to(&datagram, port).await?;
        }
        for bytes in garbage_of_all_sizes().take(60) {
            let mut stream = TcpStream::connect(port).await?;
            // The peer may close as soon as it has seen enough: then the rest is not taken.
            if stream.write_all(&bytes).await.is_ok() {
                stream.shutdown().await.ok();
            }
            let mut answer = Vec::new();
            let closing = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer));
            closing.await.context("a connection that sent garbage and its end is not closed")?.ok();
        }
    }
    // Both still know their trade.
    let mut call = scene.world.call(&scene.phone, WITNESS, Script::default()).await?;
    call.answered().await?;
    call.hangup().await?;
    scene.close().await
}

/// An address that is neither a switch's nor a trunk's gets some answers, none longer than its questions, and then none.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_requests_from_a_stranger() -> anyhow::Result<()> {
    let scene = Scene::set("ws://127.0.0.1:9/").await?;
    let proxy = scene.world.proxy();
    let stranger = std::net::UdpSocket::bind("127.0.0.2:0")?;
    stranger.set_nonblocking(true)?;
    let from = stranger.local_addr()?;
    let mut answers = Vec::new();
    let mut collect = || {
        let mut buffer = [0; 2_048];
        while let Ok(bytes) = stranger.recv(&mut buffer) {
            answers.push(String::from_utf8_lossy(&buffer[..bytes]).into_owned());
        }
    };
    let request = |n: u32| {
        format!(
            "INVITE sip:{WITNESS}@{proxy} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{n:05}\r\nFrom: <sip:x@h>;tag=f\r\n\
             To: <sip:y@h>\r\nCall-ID: {n:05}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@{from}>\r\nMax-Forwards: 70\r\n\
             Content-Length: 0\r\n\r\n"
        )
    };
    for n in 0..20_000 {
        // What the kernel does not take is lost, as on any network.
        stranger.send_to(request(n).as_bytes(), proxy).ok();
        if n % 100 == 0 {
            collect();
            tokio::task::yield_now().await;
        }
    }
    // What came after the flood has been served, so all of the flood has been.
    let mut call = scene.world.call(&scene.phone, WITNESS, Script::default()).await?;
    call.answered().await?;
    call.hangup().await?;
    collect();
    ensure!((1..=20).contains(&answers.len()), "{} answers", answers.len());
    let longest = answers.iter().map(String::len).max().unwrap_or_default();
    ensure!(
        answers.iter().all(|answer| answer.starts_with("SIP/2.0 403 ")) && longest <= request(0).len(),
        "{answers:?}"
    );
    scene.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_strangers_on_an_rtp_port() -> anyhow::Result<()> {
    let bot = Bot::listen().await?;
    let scene = Scene::set(&bot.url()).await?;
    let rtp = UdpSocket::bind("127.0.0.1:0").await?;
    let caller = RawCaller::new(&scene.world.uri(TESTED), scene.world.proxy(), rtp.local_addr()?).await?;
    let (call, mut stream) = tokio::try_join!(caller.call(0), bot.next_call())?;

    // Beside our own packets a stranger's garbage, and a stranger's well-formed RTP of our own stream.
    let stranger = UdpSocket::bind("127.0.0.1:0").await?;
    let packet = |number: u16, payload: u8| {
        let mut packet = vec![0x80, 0x00];
        packet.extend(number.to_be_bytes());
        packet.extend((u32::from(number) * 160).to_be_bytes());
        packet.extend(0x0102_0304_u32.to_be_bytes());
        packet.resize(12 + 160, payload);
        packet
    };
    // Loud and below zero, loud and above zero in µ-law.
    const OURS: u8 = 0x10;
    const THEIRS: u8 = 0x90;
    for number in 0..100 {
        rtp.send_to(&packet(number, OURS), call.media).await?;
        for datagram in garbage_of_all_sizes().skip(usize::from(number)).take(5) {
            stranger.send_to(&datagram, call.media).await?;
        }
        stranger.send_to(&packet(number + 1, THEIRS), call.media).await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut ours_ms = 0;
    while ours_ms < 1_900 {
        match stream.next().await? {
            Received::Samples(samples) => {
                assert!(samples.iter().all(|&sample| sample < 10_000), "a stranger is heard");
                ours_ms += samples.iter().filter(|&&sample| sample < -10_000).count() / 16;
            }
            Received::Message(_) => {}
            other => anyhow::bail!("{other:?}"),
        }
    }
    stream.send(&FromBot::Hangup(Hangup::default())).await?;
    stream.to_end().await?;
    scene.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typo_in_a_dial_is_told_with_the_nearest_field() -> anyhow::Result<()> {
    let scene = Scene::set("ws://127.0.0.1:9/").await?;
    let nats = scene.world.client().nats();
    let subject = "bs.v1.main.default.call.dial";
    let body = r#"{"to":"+14155550111","bto":{"url":"ws://127.0.0.1:9/"}}"#;
    let reply = nats.request(subject, body.into()).await?;
    let headers = reply.headers.context("an error has headers")?;
    let header = |name: &str| headers.get(name).map(|value| value.as_str().to_owned());
    assert_eq!(header("Nats-Service-Error-Code").as_deref(), Some("4001"));
    assert!(header("Nats-Service-Error").is_some_and(|text| text.contains("UNKNOWN_FIELD")), "{headers:?}");
    let detail: serde_json::Value = serde_json::from_slice(&reply.payload)?;
    assert_eq!((&detail["code"], &detail["name"]), (&4001.into(), &"UNKNOWN_FIELD".into()));
    let message = detail["message"].as_str().unwrap_or_default();
    assert!(message.contains("bto") && message.contains("bot"), "{message}");

    // Not even JSON, and nothing at all.
    for (body, code) in [("{", 4000), ("", 4002), ("{\"to\":7}", 4000)] {
        let reply = nats.request(subject, body.into()).await?;
        let code_header = reply.headers.as_ref().and_then(|headers| headers.get("Nats-Service-Error-Code"));
        assert_eq!(code_header.map(|value| value.as_str().to_owned()), Some(code.to_string()), "{body:?}");
    }
    scene.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_refuses() -> anyhow::Result<()> {
    // Nobody listens there: the port was ours until now.
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let url = format!("ws://{closed}/");
    let scene = Scene::set(&url).await?;

    // In: the caller is told that the service is unavailable.
    let call = scene.world.call(&scene.phone, TESTED, Script::default()).await?;
    let sip_call_id = call.sip_call_id().to_owned();
    let outcome = over(call).await?;
    assert!(matches!(outcome.end, End::NotAnswered { status: 480..=503, .. }), "{:?}", outcome.end);
    let call_id = scene.world.call_id(&sip_call_id).await?;
    bot_failed(&scene.world, &call_id, &url).await?;

    // Out: the telephone is not left ringing.
    let reply = scene.world.client().dial(dial("+14155550111", &url, Format::L16)).await?;
    bot_failed(&scene.world, &reply.call_id, &url).await?;
    scene.close().await
}

async fn bot_failed(world: &World, call_id: &str, url: &str) -> anyhow::Result<()> {
    let failed = |body: &Body| match body {
        Body::StreamFailed(failed) => Some(failed.clone()),
        _ => None,
    };
    let failed = world.events.of_call(call_id, "stream.failed", failed).await?;
    assert_eq!(failed.url, url);
    assert!(!failed.reason.is_empty());
    let cause = world.events.ended(call_id).await?.cause.context("an end has a cause")?;
    assert_eq!((cause.class(), cause.party()), (Class::BotFailed, Party::Bot), "{cause:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_sends_garbage_text_is_told_and_talks_on() -> anyhow::Result<()> {
    let bot = Bot::listen().await?;
    let scene = Scene::set(&bot.url()).await?;
    let mut call = scene.world.call(&scene.phone, TESTED, Script::default()).await?;
    let mut stream = bot.next_call().await?;
    call.answered().await?;
    let cases = [
        ("hello", "BAD_MESSAGE"),
        ("{\"type\":", "BAD_MESSAGE"),
        ("{\"type\":\"explode\"}", "UNKNOWN_TYPE"),
        ("{\"type\":\"mark\"}", "BAD_MESSAGE"),
    ];
    for (text, name) in cases {
        stream.send_text(text).await?;
        let error = stream
            .next_that(|message| match message {
                ToBot::Error(error) => Some(error),
                _ => None,
            })
            .await?;
        assert_eq!((error.code, error.name.as_str(), error.fatal), (4400, name, false), "{text}");
    }
    // What it says properly is still understood.
    stream.send(&FromBot::Ping { id: "still there".into() }).await?;
    let pong = stream
        .next_that(|message| match message {
            ToBot::Pong { id } => Some(id),
            _ => None,
        })
        .await?;
    assert_eq!(pong, "still there");

    // One that does not stop is cut off, and its caller with it.
    let flood = async {
        while stream.send_text("garbage").await.is_ok() {
            if matches!(stream.next().await, Ok(Received::Closed(_)) | Err(_)) {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), flood).await.context("a flood of garbage is endured")?;
    over(call).await?;
    scene.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_without_sdp_is_offered_one() -> anyhow::Result<()> {
    let files = WorkDir::temporary()?;
    std::fs::write(files.path().join("speech.ulaw"), speech(files.path())?.codes(Law::Mu))?;
    let scene = Scene::set("ws://127.0.0.1:9/").await?;
    let sipp = Sipp::scenario("uac_delayed_offer")?.flag("-s", WITNESS);
    sipp.start(files.path(), 1, 1, Some(scene.world.proxy()))?.passes().await?;
    let ended = scene
        .world
        .events
        .until("the end", |events| {
            events.iter().find_map(|event| match &event.body {
                Some(Body::CallEnded(ended)) => Some(ended.clone()),
                _ => None,
            })
        })
        .await?;
    let media = ended.media.context("a call has media")?;
    assert!(media.rtp_received >= 80 && media.rtp_sent >= 80, "{media:?}");
    scene.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codec_that_is_not_ours_is_488() -> anyhow::Result<()> {
    let files = WorkDir::temporary()?;
    let scene = Scene::set("ws://127.0.0.1:9/").await?;
    let sipp = Sipp::scenario("uac_unsupported_codec")?.flag("-s", WITNESS);
    sipp.start(files.path(), 1, 1, Some(scene.world.proxy()))?.passes().await?;
    scene.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_and_an_unknown_number_are_refused() -> anyhow::Result<()> {
    let bot = EchoBot::bind(BotConfig::default()).await?;
    let phone = phone().await?;
    // A trunk that is somewhere else, and one number.
    let telephony =
        Telephony::new().trunk("elsewhere", "192.0.2.0/24", "192.0.2.1:5060").number(WITNESS, &bot.url(), Format::L16);
    let world = World::start(Cluster::builder(), &telephony).await?;
    let outcome = over(world.call(&phone, WITNESS, Script::default()).await?).await?;
    assert!(matches!(outcome.end, End::NotAnswered { status: 403, .. }), "{:?}", outcome.end);
    world.stop().await?;

    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).number(
        WITNESS,
        &bot.url(),
        Format::L16,
    );
    let world = World::start(Cluster::builder(), &telephony).await?;
    let outcome = over(world.call(&phone, "+19999999999", Script::default()).await?).await?;
    assert!(matches!(outcome.end, End::NotAnswered { status: 404, .. }), "{:?}", outcome.end);
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_who_declines() -> anyhow::Result<()> {
    let scene = Scene::set("ws://127.0.0.1:9/").await?;
    let reply = scene.world.client().dial(dial("+14155550111", &scene.echo.url(), Format::L16)).await?;
    incoming(&scene.phone).await?.reject(603).await;
    let cause = scene.world.events.ended(&reply.call_id).await?.cause.context("an end has a cause")?;
    assert_eq!((cause.class(), cause.sip_status), (Class::Rejected, 603), "{cause:?}");
    scene.close().await
}
