//! Every codec of the telephone side with bots of every rate, in the clear and as SRTP, with losses, reports, and keys in every way: real
//! speech through a real switch and back from an echo bot. One cluster for all calls, which run at once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use audio::dtmf::{Detector, Event as Key};
use audio::measure::goertzel_dbfs;
use botstream_api::event::Body;
use botstream_api::{CallEnded, QosSample};
use cluster_runner::{Cluster, WorkDir};
use integration_tests::bot::{Bot, Received};
use integration_tests::config::{Format, Telephony};
use integration_tests::raw::RawCaller;
use integration_tests::speech::speech;
use integration_tests::world::{World, dial, incoming, over, phone};
use testphone::bot::{BotConfig, EchoBot};
use testphone::{Clip, Codec, Endpoint, MediaLog, Play, Script, Suite, Transport};
use tokio::net::UdpSocket;
use voicebot::message::{DtmfSend, DtmfSource, FromBot, LEG_CALLER, ToBot};

/// Numbers, and the format of the echo bot behind each.
const BOTS: [(&str, &str); 5] = [
    ("+1008", r#"format = { encoding = "l16", rate = 8000 }"#),
    ("+1016", r#"format = { encoding = "l16", rate = 16000 }"#),
    ("+1024", r#"format = { encoding = "l16", rate = 24000 }"#),
    ("+1048", r#"format = { encoding = "l16", rate = 48000 }"#),
    ("+1711", r#"format = { encoding = "mulaw", rate = 8000 }"#),
];

/// What is said, and how long a call lasts that says it.
const SPEECH_MS: usize = 4_000;
const CALL: Duration = Duration::from_millis(5_500);

/// Far more than the way there and back takes, on a machine that is busy with all these calls.
const DELAY_P50_MS_MAX: f64 = 500.0;

/// A scripted call and what became of it.
struct Heard {
    what: String,
    media: MediaLog,
    ended: CallEnded,
    call_id: String,
}

async fn call(world: &World, phone: &Endpoint, number: &str, what: &str, script: Script) -> anyhow::Result<Heard> {
    let mut call = world.call(phone, number, script).await?;
    call.answered().await.with_context(|| what.to_owned())?;
    let sip_call_id = call.sip_call_id().to_owned();
    let outcome = over(call).await?;
    let call_id = world.call_id(&sip_call_id).await?;
    let ended = world.events.ended(&call_id).await?;
    let media = outcome.media.with_context(|| format!("{what}: no media ran"))?;
    Ok(Heard { what: what.to_owned(), media, ended, call_id })
}

fn clip(files: &WorkDir) -> anyhow::Result<Arc<Clip>> {
    let whole = speech(files.path())?;
    let samples = whole.samples().get(..SPEECH_MS * 8).context("the speech is too short")?;
    Ok(Arc::new(Clip::from_samples(samples.to_vec())))
}

/// What all calls share.
struct Scene {
    world: World,
    phone: Endpoint,
    /// Behind the numbers of [`BOTS`].
    bot: EchoBot,
    /// Behind +1999.
    driven: Bot,
}

async fn scene() -> anyhow::Result<Scene> {
    let (phone, bot, driven) = (phone().await?, EchoBot::bind(BotConfig::default()).await?, Bot::listen().await?);
    let carrier = phone.addr(Transport::Udp);
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", carrier).trunk_with(
        "secure",
        carrier,
        "srtp = \"required\"\ncodecs = [\"opus\", \"g722\", \"pcmu\"]",
    );
    let telephony = BOTS.iter().fold(telephony, |telephony, (number, keys)| telephony.bot(number, &bot.url(), keys));
    let telephony = telephony.number("+1999", &driven.url(), Format::L16);
    let world = World::start(Cluster::builder(), &telephony).await?;
    Ok(Scene { world, phone, bot, driven })
}

/// The same sound has come back: as loud, and in time.
fn assert_sound(heard: &Heard, likeness_min: f64, found_share_min: f64) -> anyhow::Result<()> {
    let Heard { what, media, .. } = heard;
    let measured = media.measure();
    let delay = measured.delay.with_context(|| format!("{what}: nothing came back: {measured:?}"))?;
    let similarity = measured.similarity.unwrap_or_default();
    let change_db = measured.level_heard_dbfs - measured.level_sent_dbfs;
    ensure!(similarity >= likeness_min, "{what}: {measured:?}");
    ensure!(change_db.abs() <= 1.0, "{what}: {change_db} dB: {measured:?}");
    ensure!(delay.p50_ms <= DELAY_P50_MS_MAX, "{what}: {measured:?}");
    ensure!(delay.windows_found as f64 >= delay.windows as f64 * found_share_min, "{what}: {measured:?}");
    Ok(())
}

fn saying(codec: Codec, play: Play) -> Script {
    Script { codecs: vec![codec], ..Script::playing(play) }.for_duration(CALL)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_codec_with_srtp_losses_and_keys() -> anyhow::Result<()> {
    let files = WorkDir::temporary()?;
    let clip = clip(&files)?;
    let scene = scene().await?;
    tokio::try_join!(
        every_codec_comes_back_from_bots_of_every_rate(&scene, &clip),
        losses_are_told_and_srtp_protects(&scene, &clip),
        keys_without_telephone_events_and_silence_that_is_described(&scene),
    )?;
    scene.world.stop().await
}

async fn every_codec_comes_back_from_bots_of_every_rate(scene: &Scene, clip: &Arc<Clip>) -> anyhow::Result<()> {
    let Scene { world, phone, .. } = scene;
    let speech = |codec: Codec| saying(codec, Play::Clip(Arc::clone(clip)));
    let echo = |number: &'static str, script: Script| {
        let what = format!("{:?} {number}", script.codecs);
        async move { call(world, phone, number, &what, script).await }
    };
    let speeches = [
        (Codec::Pcmu, "+1711"),
        (Codec::Pcma, "+1016"),
        (Codec::Pcmu, "+1048"),
        (Codec::G722, "+1008"),
        (Codec::G722, "+1016"),
        (Codec::G722, "+1024"),
        (Codec::Opus, "+1016"),
        (Codec::Opus, "+1024"),
        (Codec::Opus, "+1048"),
        (Codec::Opus, "+1711"),
    ];
    let speeches = futures_util::future::try_join_all(speeches.map(|(codec, number)| echo(number, speech(codec))));
    // Above what a telephone of old can say.
    let tone = Play::Tone { frequency_hz: 5_000.0, dbfs: -20.0 };
    let tones = [(Codec::G722, "+1016"), (Codec::Opus, "+1048")];
    let tones =
        futures_util::future::try_join_all(tones.map(|(codec, number)| echo(number, saying(codec, tone.clone()))));
    let (speeches, tones) = tokio::try_join!(speeches, tones)?;
    for heard in &speeches {
        let likeness_min = match heard.media.codec {
            Codec::Pcmu | Codec::Pcma => 0.99,
            // By way of 24 kHz the delay is no whole number of samples, which the comparison takes for another sound.
            Codec::G722 => 0.9,
            // Coded twice; it keeps the sound rather than the waveform.
            Codec::Opus => 0.8,
        };
        assert_sound(heard, likeness_min, if heard.media.codec == Codec::Opus { 0.7 } else { 0.9 })?;
        let media = heard.ended.media.context("a call has media")?;
        ensure!(media.rtp_lost == 0 && heard.media.received.lost == 0, "{}: {media:?}", heard.what);
        ensure!(media.mos > 4.3, "{}: {media:?}", heard.what);
    }
    let passed = speeches[0].media.measure();
    assert_eq!(passed.bit_exact_percent, Some(100.0), "{passed:?}");
    for heard in &tones {
        let wide = heard.media.wide.as_ref().context("a wideband call")?;
        let second = wide.heard.get(2 * 16_000..3 * 16_000).context("a second in the middle")?;
        let level = goertzel_dbfs(second, 16_000, 5_000.0);
        ensure!((level + 20.0).abs() < 2.5, "{}: 5 kHz came back at {level} dBFS", heard.what);
    }
    Ok(())
}

async fn losses_are_told_and_srtp_protects(scene: &Scene, clip: &Arc<Clip>) -> anyhow::Result<()> {
    let Scene { world, phone, bot, .. } = scene;
    let said = || Play::Clip(Arc::clone(clip));
    // Long enough for the first sample of quality, which comes after five seconds.
    let lossy = |codec| Script {
        lose_every: Some(20),
        rtcp: true,
        hangup_after: Some(Duration::from_secs(7)),
        ..saying(codec, said())
    };
    let secure = |codec, suite| Script { srtp: vec![suite], rtcp: true, ..saying(codec, said()) };
    let echo = |number: &'static str, what: &'static str, script: Script| call(world, phone, number, what, script);
    let (pcmu, opus, sha1, gcm, wide) = tokio::try_join!(
        echo("+1016", "PCMU with losses", lossy(Codec::Pcmu)),
        echo("+1048", "Opus with losses", lossy(Codec::Opus)),
        echo("+1711", "PCMU as SRTP", secure(Codec::Pcmu, Suite::AesCm128HmacSha1_80)),
        echo("+1711", "PCMU as SRTP with GCM", secure(Codec::Pcmu, Suite::AeadAes256Gcm)),
        echo("+1024", "G.722 as SRTP", secure(Codec::G722, Suite::AesCm128HmacSha1_32)),
    )?;
    for heard in [&pcmu, &opus] {
        // Twelve or so gaps are in it, and Opus codes what comes after a gap anew.
        assert_sound(heard, 0.8, 0.6)?;
        let media = heard.ended.media.context("a call has media")?;
        let lost_pct = f64::from(media.rtp_lost) * 100.0 / f64::from(media.rtp_lost + media.rtp_received);
        ensure!((lost_pct - 5.0).abs() < 1.0, "{}: {media:?}", heard.what);
        ensure!(media.mos > 2.0 && media.mos < 4.3 && media.rtt_ms > 0.0, "{}: {media:?}", heard.what);
        // What the switch says of it, to the phone and to the cluster.
        let report = heard.media.reports.last().context("the switch sent no report")?;
        ensure!((6..=22).contains(&report.fraction_lost), "{}: {report:?}", heard.what);
        ensure!(heard.media.round_trip_us.is_some(), "{}: no round trip", heard.what);
        let sample = |body: &Body| match body {
            Body::QosSample(sample) => Some(*sample),
            _ => None,
        };
        let sample: QosSample = world.events.of_call(&heard.call_id, "a sample of quality", sample).await?;
        ensure!((3.0..=7.0).contains(&sample.loss_pct) && sample.mos < 4.3 && !sample.srtp, "{sample:?}");
    }
    for heard in [&sha1, &gcm, &wide] {
        assert_sound(heard, 0.9, 0.9)?;
        let media = heard.ended.media.context("a call has media")?;
        ensure!((media.srtp_refused, heard.media.strays) == (0, 0), "{}: {media:?}", heard.what);
        ensure!(!heard.media.reports.is_empty(), "{}: SRTCP did not come through", heard.what);
    }
    for heard in [&sha1, &gcm] {
        let passed = heard.media.measure();
        ensure!(passed.bit_exact_percent == Some(100.0), "{}: {passed:?}", heard.what);
    }

    // A trunk that wants it is offered it, and its own order of codecs is kept.
    let mut request = dial("+14155550111", &bot.url(), Format::L16);
    request.trunk = "secure".to_owned();
    world.client().dial(request).await?;
    let callee = incoming(phone).await?;
    let offer = callee.request().map(|request| String::from_utf8_lossy(&request.body).into_owned()).unwrap_or_default();
    ensure!(offer.contains(" RTP/SAVP 111 9 0 13 101 102\r\n"), "{offer}");
    let script = Script { srtp: vec![Suite::AeadAes128Gcm], ..saying(Codec::Opus, said()) };
    let mut answered = callee.answer(Duration::ZERO, script).await?;
    answered.answered().await?;
    let media = over(answered).await?.media.context("no media ran")?;
    let measured = media.measure();
    ensure!(measured.similarity.is_some_and(|similarity| similarity > 0.8) && media.strays == 0, "{measured:?}");
    Ok(())
}

/// Keys in a phone's recording.
fn keys_in(media: &MediaLog) -> String {
    let mut detector = Detector::new(8_000);
    let mut keys = String::new();
    for piece in media.heard_samples().chunks(160) {
        detector.push(piece);
        while let Some(event) = detector.poll() {
            if let Key::Up { digit, .. } = event {
                keys.push(digit);
            }
        }
    }
    keys
}

async fn keys_without_telephone_events_and_silence_that_is_described(scene: &Scene) -> anyhow::Result<()> {
    let Scene { world, phone, driven, .. } = scene;
    // A phone without events, that sends nothing but now and then a description of its silence.
    let script = Script {
        codecs: vec![Codec::Pcma],
        events: false,
        comfort_noise: true,
        dtmf: vec![(Duration::from_millis(500), "159#".to_owned())],
        ..Script::default()
    };
    let mut call = world.call(phone, "+1999", script).await?;
    let mut stream = driven.next_call().await?;
    call.answered().await?;
    stream.send(&FromBot::Dtmf(DtmfSend { digits: "37*".into(), leg: LEG_CALLER.into() })).await?;
    let (mut keys, mut samples, mut quality) = (String::new(), 0, None);
    // Its silence is heard as it passes: seven seconds of the bot's clock, and a sample of quality after five.
    while samples < 7 * 16_000 {
        match stream.next().await? {
            Received::Message(ToBot::Dtmf(dtmf)) => {
                assert_eq!(dtmf.source, DtmfSource::Inband);
                keys.push(dtmf.digit);
            }
            Received::Message(ToBot::Qos(qos)) => quality = Some(qos),
            Received::Samples(heard) => samples += heard.len(),
            Received::Message(_) | Received::Codec(_) => {}
            Received::Closed(code) => anyhow::bail!("the bot is left alone: {code:?}"),
        }
    }
    assert_eq!(keys, "159#");
    assert!(quality.is_some_and(|quality| quality.mos > 4.0), "{quality:?}");
    let outcome = call.hangup().await?;
    let media = outcome.media.context("no media ran")?;
    assert_eq!(keys_in(&media), "37*");
    // The bot says nothing: ten descriptions in two seconds instead of a hundred packets.
    assert!((15..=50).contains(&media.noise_packets), "{}", media.noise_packets);

    // Keys by INFO, with a body of either kind.
    let rtp = UdpSocket::bind("127.0.0.1:0").await?;
    let caller = RawCaller::new(&world.uri("+1999"), world.proxy(), rtp.local_addr()?).await?;
    let placing = tokio::spawn(caller.call(0));
    let mut stream = driven.next_call().await?;
    let call = placing.await??;
    call.info(2, "application/dtmf-relay", "Signal=7\r\nDuration=160\r\n").await?;
    call.info(3, "application/dtmf", "#").await?;
    let mut next_key = async || {
        let dtmf = |message| match message {
            ToBot::Dtmf(dtmf) => Some((dtmf.digit, dtmf.duration_ms, dtmf.source)),
            _ => None,
        };
        stream.next_that(dtmf).await
    };
    assert_eq!(next_key().await?, ('7', 160, DtmfSource::Info));
    assert_eq!(next_key().await?, ('#', 100, DtmfSource::Info));
    let call_id = stream.start().call.call_id.clone();
    stream.send(&FromBot::Hangup(Default::default())).await?;
    world.events.ended(&call_id).await?;
    drop(call);
    Ok(())
}
