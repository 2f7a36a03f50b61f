//! The echo bot over a real WebSocket, with the switch's side of the protocol at the other end.

use std::collections::BTreeMap;

use audio::measure::goertzel_dbfs;
use futures_util::{SinkExt, StreamExt};
use testphone::bot::{BotConfig, BotEvent, BotEventKind, DtmfAnswer, EchoBot};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use voicebot::message::{CallInfo, Direction, DtmfReceived, DtmfSource, PlayoutInfo, Stop, ToBot, Track};
use voicebot::{Audio, Command, Encoding, Format, SUBPROTOCOL, StartInfo, SwitchSession};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn start_info() -> StartInfo {
    StartInfo {
        stream_id: "s1".to_owned(),
        call: CallInfo {
            call_id: "n1-1".to_owned(),
            tenant: "default".to_owned(),
            direction: Direction::Inbound,
            from: "sip:a@h".to_owned(),
            to: "sip:b@h".to_owned(),
            trunk: "t".to_owned(),
            sip_call_id: "c".to_owned(),
            headers: BTreeMap::new(),
            vars: BTreeMap::new(),
        },
        tracks: vec![Track::Inbound],
        playout: PlayoutInfo::default(),
        features: Vec::new(),
        resume_token: None,
        resumed: false,
    }
}

async fn connect(bot: &EchoBot, format: Format) -> (Socket, SwitchSession) {
    let mut request = bot.url().into_client_request().expect("a URL");
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(SUBPROTOCOL));
    let (mut socket, response) = connect_async(request).await.expect("a bot");
    assert_eq!(response.headers()["Sec-WebSocket-Protocol"], SUBPROTOCOL);
    let session = SwitchSession::new(start_info(), format);
    socket.send(Message::text(session.start_frame())).await.expect("an open socket");
    (socket, session)
}

async fn send(socket: &mut Socket, session: &SwitchSession, event: ToBot) {
    let mut text = String::new();
    assert!(session.write_event(&event, &mut text));
    socket.send(Message::text(text)).await.expect("an open socket");
}

async fn receive(socket: &mut Socket) -> Message {
    socket.next().await.expect("an open socket").expect("a frame")
}

fn dtmf(digit: char) -> ToBot {
    ToBot::Dtmf(DtmfReceived { digit, duration_ms: 100, leg: "caller".to_owned(), source: DtmfSource::Rfc4733 })
}

async fn next_kind(bot: &mut EchoBot) -> BotEventKind {
    bot.event().await.map(|BotEvent { kind, .. }| kind).expect("an event")
}

#[tokio::test]
async fn audio_comes_back_byte_for_byte_and_the_books_balance() {
    let mut bot = EchoBot::bind(BotConfig::default()).await.unwrap();
    let (mut socket, session) = connect(&bot, Format::default()).await;
    assert!(
        matches!(next_kind(&mut bot).await, BotEventKind::Started { call, format } if call.call_id == "n1-1" && format == Format::default())
    );
    let mut total = 0;
    for len in [640, 1, 639, 3, 64_000] {
        let audio: Vec<u8> = (0..len).map(|n| (n * 7 + len) as u8).collect();
        total += audio.len() as u64;
        socket.send(Message::binary(audio.clone())).await.unwrap();
        assert_eq!(receive(&mut socket).await, Message::binary(audio));
    }
    send(&mut socket, &session, ToBot::Stop(Stop { reason: "hangup".to_owned(), cause: None })).await;
    assert!(matches!(receive(&mut socket).await, Message::Close(Some(frame)) if u16::from(frame.code) == 1000));
    // Reading on lets the library finish the closing handshake.
    assert!(socket.next().await.is_none_or(|end| end.is_err()));
    assert_eq!(
        next_kind(&mut bot).await,
        BotEventKind::Ended { reason: Some("hangup".to_owned()), bytes_heard: total, bytes_said: total }
    );
    bot.close().await;
}

#[tokio::test]
async fn a_key_is_answered_by_clearing_and_its_tone_and_the_echo_is_not_late_afterwards() {
    let bot = EchoBot::bind(BotConfig::default()).await.unwrap();
    for format in [
        Format::default(),
        Format::new(Encoding::Mulaw, 8000, 20).unwrap(),
        Format::new(Encoding::L16, 48_000, 20).unwrap(),
    ] {
        let (mut socket, mut session) = connect(&bot, format).await;
        send(&mut socket, &session, dtmf('5')).await;
        let Message::Text(text) = receive(&mut socket).await else { panic!("no text") };
        assert_eq!(session.receive_text(&text), Ok(Command::Clear));
        let Message::Binary(tone) = receive(&mut socket).await else { panic!("no audio") };
        let samples: Vec<i16> = match session.receive_binary(&tone).unwrap() {
            Audio::L16(samples) => samples.collect(),
            Audio::Codec(codes) => codes.iter().map(|&code| audio::g711::Law::Mu.decode(code)).collect(),
        };
        assert_eq!(samples.len() as u32, format.rate_hz() / 5);
        for frequency_hz in [770.0, 1336.0] {
            let level = goertzel_dbfs(&samples, format.rate_hz(), frequency_hz);
            assert!((level + 14.0).abs() < 0.5, "{format:?}: {level}");
        }
        // As much of the caller's audio as the tone is long is not echoed; what follows is.
        socket.send(Message::binary(vec![1; tone.len() - 10])).await.unwrap();
        socket.send(Message::binary(vec![2; 30])).await.unwrap();
        assert_eq!(receive(&mut socket).await, Message::binary(vec![2; 20]));
        socket.close(None).await.unwrap();
    }
    bot.close().await;
}

#[tokio::test]
async fn a_key_is_sent_back_when_asked_for_and_another_format_is_asked_for() {
    let format = Format::new(Encoding::Mulaw, 8000, 20).unwrap();
    let config = BotConfig { format: Some(format), dtmf: DtmfAnswer::SameDigit, ..BotConfig::default() };
    let mut bot = EchoBot::bind(config).await.unwrap();
    let (mut socket, mut session) = connect(&bot, Format::default()).await;
    let Message::Text(text) = receive(&mut socket).await else { panic!("no text") };
    assert!(
        matches!(session.receive_text(&text), Ok(Command::Accepted { format: accepted, .. }) if accepted == format)
    );
    assert!(matches!(next_kind(&mut bot).await, BotEventKind::Started { format: started, .. } if started == format));
    send(&mut socket, &session, dtmf('#')).await;
    let Message::Text(text) = receive(&mut socket).await else { panic!("no text") };
    assert!(matches!(session.receive_text(&text), Ok(Command::Dtmf(send)) if send.digits == "#"));
    assert_eq!(next_kind(&mut bot).await, BotEventKind::Dtmf { digit: '#', duration_ms: 100 });
    // Closing says goodbye to those that are connected.
    let closing = tokio::spawn(bot.close());
    assert!(matches!(receive(&mut socket).await, Message::Close(Some(frame)) if u16::from(frame.code) == 1001));
    while socket.next().await.is_some_and(|message| message.is_ok()) {}
    closing.await.unwrap();
}

#[tokio::test]
async fn garbage_ends_its_own_stream_only() {
    let mut bot = EchoBot::bind(BotConfig::default()).await.unwrap();
    let (mut good, _) = connect(&bot, Format::default()).await;
    assert!(matches!(next_kind(&mut bot).await, BotEventKind::Started { .. }));
    let (mut bad, _) = connect_async(bot.url()).await.unwrap();
    bad.send(Message::text("no JSON")).await.unwrap();
    assert!(matches!(receive(&mut bad).await, Message::Close(_)));
    assert!(matches!(next_kind(&mut bot).await, BotEventKind::Error { .. }));
    good.send(Message::binary(vec![5; 640])).await.unwrap();
    assert_eq!(receive(&mut good).await, Message::binary(vec![5; 640]));
    // A connection that is no WebSocket at all.
    drop(TcpStream::connect(bot.addr()).await.unwrap());
    good.send(Message::binary(vec![6; 640])).await.unwrap();
    assert_eq!(receive(&mut good).await, Message::binary(vec![6; 640]));
}
