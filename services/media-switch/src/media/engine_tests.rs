//! The engine with real sockets on both sides: RTP from a telephone, a bot behind a real WebSocket.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use audio::g711::Law;
use futures_util::{SinkExt, StreamExt};
use rtp::Header;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};
use voicebot::dialect::{Dialect, Opening};
use voicebot::message::{CallInfo, Direction, PlayoutInfo};
use voicebot::{Encoding, Format, StartInfo};

use super::*;

const LIMIT: Duration = Duration::from_secs(10);

type Bot = WebSocketStream<TcpStream>;

/// One call: the engine, the telephone's RTP socket, the bot's end of the WebSocket.
struct Call {
    engine: MediaEngine,
    notices: mpsc::Receiver<(MediaId, Notice)>,
    id: MediaId,
    switch: SocketAddr,
    phone: UdpSocket,
    bot: Bot,
    sequence: u16,
}

fn options() -> Options {
    Options {
        workers: 1,
        nice: 0,
        rtp_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        rtp_ports: "0".parse().unwrap(),
        silence_max: Duration::ZERO,
        bot_tls: BotTls::load(None).unwrap(),
        connect_timeout: LIMIT,
    }
}

fn target(url: String, format: Format) -> Box<BotTarget> {
    let call = CallInfo {
        call_id: "sw-1-X".to_owned(),
        tenant: "default".to_owned(),
        direction: Direction::Inbound,
        from: "1".to_owned(),
        to: "2".to_owned(),
        trunk: "t".to_owned(),
        sip_call_id: "c".to_owned(),
        headers: BTreeMap::new(),
        vars: BTreeMap::new(),
    };
    let start = StartInfo {
        stream_id: "s-1".to_owned(),
        call,
        tracks: Vec::new(),
        playout: PlayoutInfo::default(),
        features: Vec::new(),
        resume_token: None,
        resumed: false,
    };
    Box::new(BotTarget {
        url,
        dialect: Dialect::Botstream,
        format,
        start,
        opening: Opening::default(),
        traceparent: None,
        credential: Credential::default(),
    })
}

impl Call {
    async fn answered(format: Format) -> Self {
        Self::answered_after(format, &[]).await
    }

    /// An answered call whose bot says these things on `start`.
    async fn answered_after(format: Format, said: &[Value]) -> Self {
        let (mut engine, notices) = MediaEngine::start(options()).unwrap();
        let (id, switch, _) = engine.open().unwrap();
        let phone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/a/bot?x=1", listener.local_addr().unwrap());
        let negotiated = Negotiated::plain(Coding::g711(Law::Mu), phone.local_addr().unwrap());
        engine.send(id, Command::Negotiate(Box::new(negotiated))).unwrap();
        engine.send(id, Command::Connect(target(url, format))).unwrap();
        // A bot that is silent about the subprotocol.
        let (stream, _) = timeout(LIMIT, listener.accept()).await.unwrap().unwrap();
        let bot = accept_async(stream).await.unwrap();
        let mut call = Self { engine, notices, id, switch, phone, bot, sequence: 0 };
        let start = call.text().await;
        assert_eq!(start["type"], "start");
        assert_eq!(start["call"]["call_id"], "sw-1-X");
        for message in said {
            call.tell(message.clone()).await;
        }
        assert!(matches!(call.notice().await, Notice::BotReady { .. }));
        call.engine.send(id, Command::StartAudio).unwrap();
        assert_eq!(call.text().await, json!({"type": "call", "state": "answered"}));
        call
    }

    async fn notice(&mut self) -> Notice {
        let (id, notice) = timeout(LIMIT, self.notices.recv()).await.unwrap().unwrap();
        assert_eq!(id, self.id);
        notice
    }

    /// The bot's next text frame; audio before it is passed over.
    async fn text(&mut self) -> Value {
        loop {
            match timeout(LIMIT, self.bot.next()).await.expect("a frame in time").unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Binary(_) | Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn text_of(&mut self, kind: &str) -> Value {
        loop {
            let text = self.text().await;
            if text["type"] == kind {
                return text;
            }
        }
    }

    async fn tell(&mut self, message: Value) {
        self.bot.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn say(&mut self, payload: &[u8]) {
        let header = Header {
            marker: false,
            payload_type: 0,
            sequence: self.sequence,
            timestamp: u32::from(self.sequence) * 160,
            ssrc: 7,
        };
        self.sequence += 1;
        let packet = [&header.to_bytes(), payload].concat();
        self.phone.send_to(&packet, self.switch).await.unwrap();
    }

    /// The next packet the telephone gets.
    async fn packet(&self) -> (Header, Vec<u8>) {
        let mut packet = [0; 2_048];
        let length = timeout(LIMIT, self.phone.recv(&mut packet)).await.expect("a packet in time").unwrap();
        let (header, payload) = Header::parse(&packet[..length]).unwrap();
        (header, packet[payload].to_vec())
    }

    /// What the telephone hears, from the first sample that is not silence on.
    async fn hear(&self, length: usize) -> Vec<u8> {
        let mut heard = Vec::new();
        while heard.len() < length {
            let (_, payload) = self.packet().await;
            if !heard.is_empty() || payload.iter().any(|code| *code != Law::Mu.silence()) {
                heard.extend(payload);
            }
        }
        heard
    }
}

fn mulaw() -> Format {
    Format::new(Encoding::Mulaw, 8_000, 20).unwrap()
}

#[tokio::test]
async fn audio_goes_through_both_ways_bit_by_bit() {
    let mut call = Call::answered(mulaw()).await;
    let sent: Vec<u8> = (0..=255_u8).cycle().take(1_600).collect();
    for payload in sent.chunks(160) {
        call.say(payload).await;
    }
    let mut heard = Vec::new();
    while heard.len() < sent.len() {
        match timeout(LIMIT, call.bot.next()).await.unwrap().unwrap().unwrap() {
            Message::Binary(frame) => heard.extend_from_slice(&frame),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(heard, sent);
    call.bot.send(Message::binary(sent.clone())).await.unwrap();
    call.tell(json!({"type": "eou"})).await;
    assert_eq!(call.hear(sent.len()).await, sent);
}

#[tokio::test]
async fn packets_have_no_gap_in_number_or_time() {
    let call = Call::answered(mulaw()).await;
    let (first, _) = call.packet().await;
    for n in 1..50 {
        let (header, payload) = call.packet().await;
        assert_eq!(header.sequence, first.sequence.wrapping_add(n));
        assert_eq!(header.timestamp, first.timestamp.wrapping_add(u32::from(n) * 160));
        assert_eq!((header.ssrc, payload.len()), (first.ssrc, 160));
    }
}

#[tokio::test]
async fn a_mark_is_played_and_a_clear_tells_what_was_heard() {
    let mut call = Call::answered(mulaw()).await;
    call.bot.send(Message::binary(vec![0x10; 1_600])).await.unwrap();
    call.tell(json!({"type": "mark", "id": "one"})).await;
    call.bot.send(Message::binary(vec![0x20; 8_000])).await.unwrap();
    call.tell(json!({"type": "mark", "id": "two"})).await;
    let started = call.text_of("playback").await;
    assert_eq!((&started["state"], &started["pos_ms"]), (&json!("started"), &json!(0)));
    let mark = call.text_of("mark").await;
    assert_eq!(mark, json!({"type": "mark", "id": "one", "state": "played", "gen": 0, "pos_ms": 200}));
    call.tell(json!({"type": "clear"})).await;
    let mark = call.text_of("mark").await;
    assert_eq!((&mark["id"], &mark["state"]), (&json!("two"), &json!("cleared")));
    let cleared = call.text_of("cleared").await;
    assert_eq!((&cleared["gen"], &cleared["marks"]), (&json!(1), &json!(["two"])));
    let (played, discarded) = (cleared["played_ms"].as_u64().unwrap(), cleared["discarded_ms"].as_u64().unwrap());
    assert_eq!(played + discarded, 1_200, "{cleared}");
    // What the telephone heard is what was told, to the sample.
    let played_samples = cleared["played_samples"].as_u64().unwrap() as usize;
    let heard = call.hear(1_600).await;
    assert!(heard.iter().all(|code| *code == 0x10));
    let mut rest = Vec::new();
    while let (_, payload) = call.packet().await
        && payload.iter().any(|code| *code != Law::Mu.silence())
    {
        rest.extend(payload);
    }
    let audible = rest.iter().rposition(|code| *code != Law::Mu.silence()).unwrap() + 1;
    // The fade's last samples may be silence already.
    assert!((1_600 + audible..=1_600 + audible + 40).contains(&played_samples), "{played_samples} {audible}");
}

#[tokio::test]
async fn keys_go_both_ways() {
    let mut call = Call::answered(mulaw()).await;
    call.tell(json!({"type": "dtmf", "digits": "42"})).await;
    let mut receiver = rtp::dtmf::Receiver::new(8_000);
    let mut digits = String::new();
    let mut now_us = 0;
    while digits.len() < 2 {
        let (header, payload) = call.packet().await;
        now_us += 20_000;
        if header.payload_type == 101 {
            receiver.push(now_us, header.timestamp, &payload).unwrap();
        }
        digits.extend(std::iter::from_fn(|| receiver.poll(now_us)).map(|press| press.digit));
    }
    assert_eq!(digits, "42");
    let mut sender = rtp::dtmf::Sender::new(8_000, 100, 60);
    sender.queue("#").unwrap();
    while !sender.is_idle() {
        let timestamp = u32::from(call.sequence) * 160;
        if let Some(event) = sender.tick(timestamp, 160) {
            let header = Header {
                marker: event.marker,
                payload_type: 101,
                sequence: call.sequence,
                timestamp: event.timestamp,
                ssrc: 7,
            };
            let packet = [&header.to_bytes()[..], &event.payload].concat();
            call.phone.send_to(&packet, call.switch).await.unwrap();
            call.sequence += 1;
        }
    }
    let told = call.text_of("dtmf").await;
    assert_eq!((&told["digit"], &told["leg"], &told["source"]), (&json!("#"), &json!("caller"), &json!("rfc4733")));
    assert!(matches!(call.notice().await, Notice::Digit(digit) if digit.digit == "#"));
}

#[tokio::test]
async fn the_last_words_are_heard_before_a_drained_end() {
    let mut call = Call::answered(mulaw()).await;
    call.bot.send(Message::binary(vec![0x10; 4_000])).await.unwrap();
    call.tell(json!({"type": "hangup"})).await;
    assert!(matches!(call.notice().await, Notice::BotHangup { is_drained: true, cause: None }));
    call.engine.send(call.id, Command::Drain).unwrap();
    let heard = call.hear(4_000).await;
    assert!(heard.iter().all(|code| *code == 0x10));
    assert!(matches!(call.notice().await, Notice::Drained));
    call.engine.close(call.id, "bot_hangup", "NORMAL").await;
    let Notice::Closed(stats) = call.notice().await else { panic!("not closed") };
    assert_eq!(stats.bot_frames_received, 1);
    assert_eq!(call.text_of("stop").await, json!({"type": "stop", "reason": "bot_hangup", "cause": "NORMAL"}));
    assert!(
        matches!(timeout(LIMIT, call.bot.next()).await.unwrap(), Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 1000)
    );
}

#[tokio::test]
async fn garbage_is_told_and_disturbs_nothing() {
    let mut call = Call::answered(mulaw()).await;
    for garbage in ["", "{", "[1]", "{\"type\":\"mark\"}", "{\"type\":\"fly\"}", "\u{0}"] {
        call.bot.send(Message::text(garbage)).await.unwrap();
        let error = call.text_of("error").await;
        assert_eq!((&error["code"], &error["fatal"]), (&json!(4400), &json!(false)), "{garbage:?}");
    }
    // Packets that are none, are truncated, are of a type never agreed on, or come from a stranger.
    let stranger = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    stranger.send_to(&[0x80; 172], call.switch).await.unwrap();
    for packet in [&b"GET / HTTP/1.1"[..], &[0x80, 0], &[0x80, 97, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 9, 9], &[]] {
        call.phone.send_to(packet, call.switch).await.unwrap();
    }
    call.say(&[0x33; 160]).await;
    match timeout(LIMIT, call.bot.next()).await.unwrap().unwrap().unwrap() {
        Message::Binary(frame) => assert_eq!(frame, vec![0x33; 160]),
        other => panic!("{other:?}"),
    }
    call.tell(json!({"type": "ping", "id": "still there"})).await;
    assert_eq!(call.text_of("pong").await["id"], "still there");
}

#[tokio::test]
async fn a_bot_that_sends_nothing_but_garbage_is_cut_off() {
    let mut call = Call::answered(mulaw()).await;
    for _ in 0..=voicebot::limits::REFUSED_MAX {
        call.bot.send(Message::text("garbage")).await.unwrap();
    }
    assert!(matches!(call.notice().await, Notice::BotFailed { .. }));
}

#[tokio::test]
async fn a_bot_chooses_its_format() {
    let accept = json!({"type": "accept", "format": {"encoding": "l16", "rate": 48_000, "frame_ms": 10}});
    let mut call = Call::answered_after(mulaw(), &[accept]).await;
    call.say(&[0x33; 160]).await;
    for _ in 0..2 {
        match timeout(LIMIT, call.bot.next()).await.unwrap().unwrap().unwrap() {
            Message::Binary(frame) => assert_eq!(frame.len(), 480 * 2),
            other => panic!("{other:?}"),
        }
    }
    // Too late now.
    call.tell(json!({"type": "accept", "format": {"encoding": "mulaw"}})).await;
    assert_eq!(call.text_of("error").await["code"], 4004);
}

#[tokio::test]
async fn a_bot_that_is_not_there_is_told() {
    let (mut engine, mut notices) = MediaEngine::start(options()).unwrap();
    let (id, ..) = engine.open().unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    engine.send(id, Command::Connect(target(format!("ws://{gone}/"), mulaw()))).unwrap();
    match timeout(LIMIT, notices.recv()).await.unwrap().unwrap().1 {
        Notice::BotFailed { reason, .. } => assert!(reason.contains("refused"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_bot_that_vanishes_is_told() {
    let mut call = Call::answered(mulaw()).await;
    // A reset, not a close.
    call.bot.get_ref().set_zero_linger().unwrap();
    drop(call.bot);
    let (_, notice) = timeout(LIMIT, call.notices.recv()).await.unwrap().unwrap();
    assert!(matches!(notice, Notice::BotFailed { .. }), "{notice:?}");
}

#[tokio::test]
async fn a_telephone_that_falls_silent_is_told_once() {
    let (mut engine, mut notices) =
        MediaEngine::start(Options { silence_max: Duration::from_millis(100), ..options() }).unwrap();
    let (id, ..) = engine.open().unwrap();
    engine.send(id, Command::StartAudio).unwrap();
    assert!(matches!(timeout(LIMIT, notices.recv()).await.unwrap().unwrap().1, Notice::Silent));
    engine.close(id, "media_timeout", "MEDIA_TIMEOUT").await;
    assert!(matches!(timeout(LIMIT, notices.recv()).await.unwrap().unwrap().1, Notice::Closed(_)));
}

/// Opens a second call on the same worker, whose telephone is given back.
async fn neighbour(call: &mut Call) -> UdpSocket {
    let (id, ..) = call.engine.open().unwrap();
    let phone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let negotiated = Negotiated::plain(
        Coding { dtmf_payload_type: None, dtmf_receive_payload_type: None, ..Coding::g711(Law::Mu) },
        phone.local_addr().unwrap(),
    );
    call.engine.send(id, Command::Negotiate(Box::new(negotiated))).unwrap();
    call.engine.send(id, Command::StartAudio).unwrap();
    phone
}

/// Counts the neighbour's packets while a bot does its worst, until it has sent as many as two seconds have.
async fn packets_go_on(phone: &UdpSocket) {
    let mut packet = [0; 2_048];
    for _ in 0..100 {
        timeout(LIMIT, phone.recv(&mut packet)).await.expect("a packet in time").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_from_one_bot_leaves_the_other_calls_alone() {
    for flood in
        [Message::Ping(Default::default()), Message::Pong(Default::default()), Message::binary(vec![0; 4 << 20])]
    {
        let mut call = Call::answered(mulaw()).await;
        let phone = neighbour(&mut call).await;
        let (mut writer, mut reader) = call.bot.split();
        let flooding = tokio::spawn(async move { while writer.send(flood.clone()).await.is_ok() {} });
        let reading = tokio::spawn(async move { while let Some(Ok(_)) = reader.next().await {} });
        let began = std::time::Instant::now();
        packets_go_on(&phone).await;
        // Two seconds' packets, and not one a sweep of the flood: ten times as long is a machine's bad day, not a flood's.
        assert!(began.elapsed() < Duration::from_secs(20));
        flooding.abort();
        reading.abort();
    }
}

#[tokio::test]
async fn a_bot_is_ready_before_it_hangs_up() {
    let (mut engine, mut notices) = MediaEngine::start(options()).unwrap();
    let (id, ..) = engine.open().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    engine.send(id, Command::Connect(target(url, mulaw()))).unwrap();
    let mut bot = accept_async(listener.accept().await.unwrap().0).await.unwrap();
    bot.send(Message::text(json!({"type": "hangup"}).to_string())).await.unwrap();
    let next = timeout(LIMIT, notices.recv()).await.unwrap().unwrap().1;
    assert!(matches!(next, Notice::BotReady { .. }), "{next:?}");
    let next = timeout(LIMIT, notices.recv()).await.unwrap().unwrap().1;
    assert!(matches!(next, Notice::BotHangup { is_drained: true, .. }), "{next:?}");
}

#[tokio::test]
async fn a_bot_that_hangs_up_and_closes_is_heard_to_its_end() {
    let mut call = Call::answered(mulaw()).await;
    call.bot.send(Message::binary(vec![0x10; 4_000])).await.unwrap();
    call.tell(json!({"type": "hangup"})).await;
    call.bot.close(None).await.unwrap();
    assert!(matches!(call.notice().await, Notice::BotHangup { is_drained: true, .. }));
    call.engine.send(call.id, Command::Drain).unwrap();
    assert!(call.hear(4_000).await.iter().all(|code| *code == 0x10));
    assert!(matches!(call.notice().await, Notice::Drained));
}

#[tokio::test]
async fn a_bots_close_is_answered() {
    let mut call = Call::answered(mulaw()).await;
    call.bot.close(None).await.unwrap();
    assert!(matches!(call.notice().await, Notice::BotClosed));
    // To the end of the closing handshake (RFC 6455 §7.1.4): no reset.
    while let Some(frame) = timeout(LIMIT, call.bot.next()).await.unwrap() {
        frame.unwrap();
    }
}

#[tokio::test]
async fn keys_take_nothing_away_from_what_the_bot_says() {
    let mut call = Call::answered(mulaw()).await;
    call.bot.send(Message::binary(vec![0x10; 8_000])).await.unwrap();
    call.tell(json!({"type": "mark", "id": "end"})).await;
    call.tell(json!({"type": "dtmf", "digits": "123"})).await;
    call.tell(json!({"type": "eou"})).await;
    let mut spoken = 0;
    while spoken < 8_000 {
        let (header, payload) = call.packet().await;
        if header.payload_type == 0 {
            spoken += payload.iter().filter(|code| **code == 0x10).count();
        }
    }
    assert_eq!(call.text_of("mark").await["pos_ms"], 1_000);
}

#[tokio::test]
async fn a_held_call_plays_nothing_and_may_be_silent() {
    let mut call = Call::answered(mulaw()).await;
    let held = Negotiated {
        is_sending: false,
        is_receiving: false,
        ..Negotiated::plain(Coding::g711(Law::Mu), call.phone.local_addr().unwrap())
    };
    call.engine.send(call.id, Command::Negotiate(Box::new(held.clone()))).unwrap();
    assert_eq!(call.text_of("call").await["state"], "hold");
    call.bot.send(Message::binary(vec![0x10; 1_600])).await.unwrap();
    call.tell(json!({"type": "mark", "id": "end"})).await;
    call.tell(json!({"type": "eou"})).await;
    // The mark is not reached; a ping that was sent after it is answered.
    call.tell(json!({"type": "ping", "id": "after"})).await;
    assert_eq!(call.text().await["type"], "pong");
    let resumed = Negotiated { is_sending: true, is_receiving: true, ..held };
    call.engine.send(call.id, Command::Negotiate(Box::new(resumed))).unwrap();
    assert_eq!(call.text_of("call").await["state"], "answered");
    assert!(call.hear(1_600).await.iter().all(|code| *code == 0x10));
    assert_eq!(call.text_of("mark").await["pos_ms"], 200);
}

#[tokio::test]
async fn on_a_hold_of_ours_there_is_music_and_the_bot_waits() {
    let mut call = Call::answered(mulaw()).await;
    let resumed = Negotiated::plain(Coding::g711(Law::Mu), call.phone.local_addr().unwrap());
    let held = Negotiated { is_receiving: false, is_held: true, ..resumed.clone() };
    call.engine.send(call.id, Command::HoldMusic(Some(Clip::of(vec![8_000; 1_600])))).unwrap();
    call.engine.send(call.id, Command::Negotiate(Box::new(held))).unwrap();
    assert_eq!(call.text_of("call").await["state"], "hold");
    call.bot.send(Message::binary(vec![0x10; 1_600])).await.unwrap();
    call.tell(json!({"type": "mark", "id": "end"})).await;
    call.tell(json!({"type": "eou"})).await;
    let is_music = |code: &u8| Law::Mu.decode(*code).abs_diff(8_000) < 500;
    while !call.packet().await.1.iter().all(is_music) {}
    // It goes round and round.
    for _ in 0..20 {
        assert!(call.packet().await.1.iter().all(is_music));
    }
    call.engine.send(call.id, Command::HoldMusic(None)).unwrap();
    while !call.packet().await.1.iter().all(|code| *code == Law::Mu.silence()) {}
    call.engine.send(call.id, Command::Negotiate(Box::new(resumed))).unwrap();
    assert_eq!(call.text_of("call").await["state"], "answered");
    assert!(call.hear(1_600).await.iter().all(|code| *code == 0x10));
    assert_eq!(call.text_of("mark").await["pos_ms"], 200);
}

#[tokio::test]
async fn a_media_thread_that_breaks_down_is_told_and_takes_calls_again() {
    let mut call = Call::answered(mulaw()).await;
    call.engine.send(call.id, Command::Panic).unwrap();
    loop {
        let (id, notice) = timeout(LIMIT, call.notices.recv()).await.unwrap().unwrap();
        if matches!(notice, Notice::WorkerFailed) {
            assert!(id.shares_worker(call.id));
            break;
        }
    }
    // Its calls are gone, and closing them is answered; a new one goes on as ever.
    call.engine.close(call.id, "hangup", "INTERNAL").await;
    assert!(matches!(call.notice().await, Notice::Closed(stats) if stats == MediaStats::default()));
    let phone = neighbour(&mut call).await;
    packets_go_on(&phone).await;
}
