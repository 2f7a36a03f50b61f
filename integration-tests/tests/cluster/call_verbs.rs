//! What can be done to a call while it goes on, over NATS and by the bot: seen by the phone, the bot and the events. Calls share one cluster
//! and go on at once.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use audio::level::dbfs;
use botstream_api::event::Body;
use botstream_api::{
    AudioDirection, Call as CallDocument, CallGetRequest, ClientError, DtmfCollectReply, DtmfCollectRequest,
    DtmfSendReply, DtmfSendRequest, ErrorCode, MuteReply, MuteRequest, PlayReply, PlayRequest, PlayStopReply,
    PlayStopRequest, SetVarsReply, SetVarsRequest, dtmf_collect_request, dtmf_collected, playback_finished,
};
use cluster_runner::Cluster;
use integration_tests::bot::{Bot, BotCall, Received};
use integration_tests::config::{Format, Telephony};
use integration_tests::sound::tone_ms;
use integration_tests::world::{World, over, phone};
use testphone::{Call, CallEvent, Endpoint, Play as SaidByPhone, RATE_HZ, Script};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use voicebot::message::{After, FromBot, Hangup, Mute, MuteDirection, Play, PlayState, ToBot};

use crate::call_verbs_hold::hold_goes_both_ways;

/// A second of 440 Hz at -12 dBFS.
const FILE_MS: u64 = 1_000;
const FILE_DBFS: f64 = -12.0;

/// Half a second of the same.
const WEB_FILE_MS: u64 = 500;

/// Longest wait for what is done at once.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// A frame of RTP at each edge.
pub(crate) const EDGE_MS: u64 = 40;

pub(crate) struct Talk<'a> {
    pub(crate) world: &'a World,
    pub(crate) call: Call,
    pub(crate) stream: BotCall,
    pub(crate) call_id: String,
}

impl<'a> Talk<'a> {
    async fn begin(world: &'a World, phone: &Endpoint, bot: &Bot, play: SaidByPhone) -> anyhow::Result<Self> {
        let mut call = world.call(phone, "+14155550100", Script::playing(play)).await?;
        let mut stream = bot.next_call().await?;
        call.answered().await?;
        stream.next_that(|message| matches!(message, ToBot::Call(_)).then_some(())).await?;
        let call_id = world.call_id(call.sip_call_id()).await?;
        Ok(Self { world, call, stream, call_id })
    }

    pub(crate) async fn ask<Req, Rep>(&self, verb: &str, request: &Req) -> Result<Rep, ClientError>
    where
        Req: botstream_api::encoding::Body,
        Rep: botstream_api::encoding::Body,
    {
        self.world.client().request("call", verb, request).await
    }

    fn play(&self) -> PlayRequest {
        PlayRequest { call_id: self.call_id.clone(), ..PlayRequest::default() }
    }

    /// Waits for the end of a clip, as the cluster is told.
    async fn finished(&self, play_id: &str) -> anyhow::Result<(playback_finished::Reason, u32)> {
        let told = |events: &[botstream_api::Event]| {
            events.iter().find_map(|event| match &event.body {
                Some(Body::PlaybackFinished(end)) if end.play_id == play_id => Some((end.reason(), end.played_ms)),
                _ => None,
            })
        };
        self.world.events.until(&format!("the end of {play_id}"), told).await
    }

    /// Ends the call; returns what the phone has heard.
    pub(crate) async fn end(mut self) -> anyhow::Result<Vec<i16>> {
        self.stream.send(&FromBot::Hangup(Hangup { after: After::Now, cause: None })).await?;
        let outcome = over(self.call).await?;
        Ok(outcome.media.context("no media ran")?.heard_samples())
    }
}

/// At a rate that no telephone has.
fn write_wav(path: &std::path::Path, samples: &[i16]) -> anyhow::Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 44_100,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec)?;
    for sample in samples {
        file.write_sample(*sample)?;
    }
    Ok(file.finalize()?)
}

pub(crate) fn code<T>(outcome: Result<T, ClientError>) -> Option<ErrorCode> {
    match outcome {
        Err(ClientError::Service(error)) => Some(error.code),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn verbs_on_calls_that_go_on_at_once() -> anyhow::Result<()> {
    let bot = Bot::listen().await?;
    let phone = phone().await?;
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).number(
        "*",
        &bot.url(),
        Format::L16,
    );
    let directory = tempfile::tempdir()?;
    let mut samples = vec![0; 44_100];
    audio::tone::Tone::sine(44_100, 440.0, FILE_DBFS).fill(&mut samples);
    write_wav(&directory.path().join("prompt.wav"), &samples)?;
    let web = serve(include_bytes!("../../../crates/audio/tests/files/tone.flac")).await?;
    let builder = Cluster::builder().flag("media-switch", "--play-dir", directory.path().display()).flag(
        "media-switch",
        "--play-urls",
        format!("public,http://{web}/prompts"),
    );
    let world = World::start(builder, &telephony).await?;

    // One bot gives its calls out in order.
    let playing = Talk::begin(&world, &phone, &bot, SaidByPhone::Silence).await?;
    let says = SaidByPhone::Tone { frequency_hz: 300.0, dbfs: -12.0 };
    let muted = Talk::begin(&world, &phone, &bot, says).await?;
    let keyed = Talk::begin(&world, &phone, &bot, SaidByPhone::Silence).await?;
    let says = SaidByPhone::Tone { frequency_hz: 300.0, dbfs: -12.0 };
    let held = Talk::begin(&world, &phone, &bot, says).await?;
    tokio::try_join!(
        a_file_is_heard(playing, web),
        mute_is_silence(muted),
        keys_and_vars(keyed),
        hold_goes_both_ways(held)
    )?;
    world.stop().await
}

/// Answers every request with this file.
async fn serve(file: &'static [u8]) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await? > 0 {}
            stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", file.len()).as_bytes()).await?;
            stream.write_all(file).await?;
        }
        anyhow::Ok(())
    });
    Ok(address)
}

/// A file and one from the web over NATS, then a tone by the bot, then errors.
async fn a_file_is_heard(mut talk: Talk<'_>, web: SocketAddr) -> anyhow::Result<()> {
    let file = PlayRequest { file: "prompt.wav".into(), ..talk.play() };
    let reply: PlayReply = talk.ask("play", &file).await?;
    assert_eq!(u64::from(reply.duration_ms), FILE_MS);
    assert_eq!(talk.finished(&reply.play_id).await?, (playback_finished::Reason::Completed, reply.duration_ms));

    let url = PlayRequest { url: format!("http://{web}/prompts/tone.flac"), ..talk.play() };
    let file_id = reply.play_id;
    let reply: PlayReply = talk.ask("play", &url).await?;
    let heard_before = [&file_id, &reply.play_id];
    assert_eq!(u64::from(reply.duration_ms), WEB_FILE_MS);
    assert_eq!(talk.finished(&reply.play_id).await?, (playback_finished::Reason::Completed, reply.duration_ms));

    talk.stream.send(&FromBot::Play(Play { tone: "1000:100".into(), looped: true, ..Play::default() })).await?;
    let play_id = talk
        .stream
        .next_that(|message| match message {
            ToBot::Play(play) if play.state == PlayState::Started && !heard_before.contains(&&play.play_id) => {
                Some(play.play_id)
            }
            _ => None,
        })
        .await?;
    let stopped: PlayStopReply =
        talk.ask("play_stop", &PlayStopRequest { call_id: talk.call_id.clone(), ..Default::default() }).await?;
    assert_eq!(stopped.play_id, play_id);
    assert_eq!(talk.finished(&play_id).await?.0, playback_finished::Reason::Stopped);

    for (request, expected) in [
        (PlayRequest { file: "../prompt.wav".into(), ..talk.play() }, ErrorCode::InvalidArgument),
        (PlayRequest { file: "none.wav".into(), ..talk.play() }, ErrorCode::NotFound),
        (PlayRequest { url: "ftp://127.0.0.1/x".into(), ..talk.play() }, ErrorCode::BadUrl),
        (PlayRequest { url: format!("http://{web}/x"), ..talk.play() }, ErrorCode::Forbidden),
        (PlayRequest { call_id: "none-01".into(), tone: "440".into(), ..talk.play() }, ErrorCode::CallNotFound),
    ] {
        assert_eq!(code(talk.ask::<_, PlayReply>("play", &request).await), Some(expected), "{request:?}");
    }
    // The bot is told the same.
    talk.stream.send(&FromBot::Play(Play { file: "none.wav".into(), ..Play::default() })).await?;
    let error = talk
        .stream
        .next_that(|message| match message {
            ToBot::Error(error) => Some(error),
            _ => None,
        })
        .await?;
    assert_eq!((u32::from(error.code), error.name.as_str()), (ErrorCode::NotFound.code(), "NOT_FOUND"));

    let heard = talk.end().await?;
    let heard_ms = tone_ms(&heard, RATE_HZ, 440.0);
    assert!(heard_ms.abs_diff(FILE_MS + WEB_FILE_MS) <= 2 * EDGE_MS, "{heard_ms} ms of the files were heard");
    let first = heard.iter().position(|sample| sample.unsigned_abs() > 2_000).context("nothing was heard")?;
    let level = dbfs(&heard[first + 800..first + 7_200]);
    assert!((level - FILE_DBFS).abs() < 0.5, "the file was heard at {level} dBFS");
    Ok(())
}

/// The bot says a second that nobody hears, then one that is heard; what the phone says is silence meanwhile.
async fn mute_is_silence(mut talk: Talk<'_>) -> anyhow::Result<()> {
    let both = MuteRequest { call_id: talk.call_id.clone(), ..MuteRequest::default() };
    let reply: MuteReply = talk.ask("mute", &both).await?;
    assert!(reply.inbound_muted && reply.outbound_muted);
    let mut samples = vec![0; 16_000];
    audio::tone::Tone::sine(16_000, 600.0, -12.0).fill(&mut samples);
    talk.stream.send_samples(&samples).await?;
    talk.stream.send(&FromBot::Mark { id: "unheard".into() }).await?;
    mark(&mut talk.stream, "unheard").await?;
    assert!(next_samples(&mut talk.stream).await?.iter().all(|sample| *sample == 0));

    let inbound = MuteRequest { direction: AudioDirection::Inbound.into(), ..both };
    let reply: MuteReply = talk.ask("unmute", &inbound).await?;
    assert!(!reply.inbound_muted && reply.outbound_muted);
    while next_samples(&mut talk.stream).await?.iter().all(|sample| *sample == 0) {}
    talk.stream.send(&FromBot::Mute(Mute { direction: MuteDirection::Outbound, on: false })).await?;
    // The two ways are not in step: it is done when the reply says so.
    let unmuted = async {
        while talk.ask::<_, MuteReply>("unmute", &inbound).await?.outbound_muted {}
        anyhow::Ok(())
    };
    tokio::time::timeout(LIMIT, unmuted).await.context("the bot's unmute is not done")??;
    talk.stream.send_samples(&samples).await?;
    talk.stream.send(&FromBot::Mark { id: "heard".into() }).await?;
    mark(&mut talk.stream, "heard").await?;
    let heard_ms = tone_ms(&talk.end().await?, RATE_HZ, 600.0);
    assert!(heard_ms.abs_diff(1_000) <= EDGE_MS, "{heard_ms} ms were heard");
    Ok(())
}

pub(crate) async fn next_samples(stream: &mut BotCall) -> anyhow::Result<Vec<i16>> {
    loop {
        if let Received::Samples(samples) = stream.next().await? {
            return Ok(samples);
        }
    }
}

pub(crate) async fn mark(stream: &mut BotCall, wanted: &str) -> anyhow::Result<()> {
    stream.next_that(|message| matches!(message, ToBot::Mark(mark) if mark.id == wanted).then_some(())).await
}

async fn keys_and_vars(mut talk: Talk<'_>) -> anyhow::Result<()> {
    let call_id = talk.call_id.clone();
    let collect = DtmfCollectRequest {
        call_id: call_id.clone(),
        terminators: "#".into(),
        wait: dtmf_collect_request::Wait::Completed.into(),
        ..DtmfCollectRequest::default()
    };
    // A clip that a key interrupts; the reply comes before anybody presses one.
    let clip = PlayRequest { file: "prompt.wav".into(), r#loop: true, interruptible: true, ..talk.play() };
    let clip: PlayReply = talk.ask("play", &clip).await?;
    let begun = DtmfCollectRequest { wait: 0, ..collect.clone() };
    let begun: DtmfCollectReply = talk.ask("dtmf_collect", &begun).await?;
    talk.call.press("42#").await?;
    let outcome = talk
        .world
        .events
        .of_call(&call_id, "dtmf.collected", |body| match body {
            Body::DtmfCollected(outcome) => Some(outcome.clone()),
            _ => None,
        })
        .await?;
    assert_eq!((outcome.collect_id, outcome.digits.as_str()), (begun.collect_id, "42"));
    assert_eq!((outcome.reason, outcome.ended_by.as_str()), (dtmf_collected::Reason::Terminator.into(), "#"));
    assert_eq!(talk.finished(&clip.play_id).await?.0, playback_finished::Reason::Interrupted);

    // With wait the reply has the outcome.
    let nobody = DtmfCollectRequest { first_ms: 1, ..collect };
    let reply: DtmfCollectReply = talk.ask("dtmf_collect", &nobody).await?;
    assert_eq!(reply.outcome.context("no outcome")?.reason(), dtmf_collected::Reason::Timeout);

    let digits =
        |digits: &str| DtmfSendRequest { call_id: call_id.clone(), digits: digits.into(), ..Default::default() };
    let _sent: DtmfSendReply = talk.ask("dtmf_send", &digits("7")).await?;
    let heard = async {
        while let Some(event) = talk.call.event().await {
            if let CallEvent::Digit(heard) = event {
                return Some(heard.digit);
            }
        }
        None
    };
    assert_eq!(tokio::time::timeout(LIMIT, heard).await.context("the phone hears no key")?, Some('7'));
    assert_eq!(code(talk.ask::<_, DtmfSendReply>("dtmf_send", &digits("x")).await), Some(ErrorCode::InvalidArgument));

    let vars = SetVarsRequest { call_id: call_id.clone(), vars: [("k".to_owned(), "v".to_owned())].into() };
    let set: SetVarsReply = talk.ask("set_vars", &vars).await?;
    let document: CallDocument = talk.ask("get", &CallGetRequest { call_id }).await?;
    assert_eq!((set.vars, document.vars), (vars.vars.clone(), vars.vars));
    talk.end().await.map(|_heard| ())
}
