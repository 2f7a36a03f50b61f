//! One media switch and nothing else of the cluster: NATS in and out, a real telephone, a real bot.
//!
//! The test is what a trunk-manager, a dialer and a carrier would be.
#![allow(clippy::unwrap_used, reason = "test helpers fail by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use botstream_api::cause::{Class, Party};
use botstream_api::event::Body;
use botstream_api::{
    AudioFormat, Call, CallGetRequest, CallId, CallListRequest, Client, ErrorCode, Event, HangupRequest, Number,
    OriginateRequest, Route, StreamSpec, Trunk, audio_format, call, hangup_request,
};
use botstream_state::secrets::{self, BotCredential};
use botstream_state::{calls, config, load};
use cluster_runner::{Command, KeySet, NatsServer, Process, WorkDir};
use iratdb::IraTdb;
use testphone::bot::{BotConfig, BotEventKind, DtmfAnswer, EchoBot};
use testphone::{CallEvent, CallOptions, Clip, End, Endpoint, EndpointConfig, Law, Play, Script, Transport};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(20);
const NODE: &str = "sw-test";
/// Without it the bot takes no call: all calls of these tests show it.
const TOKEN: &str = "token-of-the-bot";

struct World {
    _directory: WorkDir,
    /// Stays open, as a trunk-manager would keep it.
    _config: IraTdb,
    _secrets: IraTdb,
    nats: NatsServer,
    switch: Process,
    sip: SocketAddr,
    load: IraTdb,
    calls: IraTdb,
    client: Client,
    bot: EchoBot,
    phone: Endpoint,
}

fn stream(url: &str) -> StreamSpec {
    let mut format = AudioFormat::default();
    format.set_encoding(audio_format::Encoding::Mulaw);
    StreamSpec { url: url.to_owned(), format: Some(format), ..StreamSpec::default() }
}

fn number(number: &str, route: &str) -> Number {
    Number { number: number.to_owned(), tenant: "default".to_owned(), route: route.to_owned(), ..Number::default() }
}

fn route(name: &str, url: &str) -> Route {
    Route { name: name.to_owned(), tenant: "default".to_owned(), stream: Some(stream(url)), ..Route::default() }
}

impl World {
    async fn start(flags: &[(&str, &str)]) -> Self {
        let nats = NatsServer::start().await.unwrap();
        let directory = WorkDir::temporary().unwrap();
        let client = async_nats::connect(nats.url()).await.unwrap();
        let keys = KeySet::for_tests().await.unwrap();
        let open = async |options: iratdb::Options| {
            let writer = keys.writer(options.name()).unwrap();
            let db = IraTdb::open(options.nats(client.clone()).node("test").keys(writer)).await.unwrap();
            db.ready().await.unwrap();
            db
        };
        let load = open(load::options()).await;
        let calls = open(calls::options()).await;
        let config = open(config::options()).await;
        let secrets = open(secrets::options()).await;
        let bot = EchoBot::bind(BotConfig {
            dtmf: DtmfAnswer::SameDigit,
            bearer: Some(TOKEN.to_owned()),
            ..BotConfig::default()
        })
        .await
        .unwrap();
        let phone = Endpoint::bind(EndpointConfig::default()).await.unwrap();
        let trunk = Trunk {
            name: "carrier".to_owned(),
            tenant: "default".to_owned(),
            addresses: vec!["127.0.0.1".to_owned()],
            peer: phone.addr(Transport::Udp).to_string(),
            ..Trunk::default()
        };
        config
            .write(|conn| {
                config::put(conn, &trunk)?;
                config::put(conn, &route("echo", &bot.url()))?;
                // Port 9, discard: nobody listens there.
                config::put(conn, &route("nobody", "ws://127.0.0.1:9/"))?;
                config::put_number(conn, &number("100", "echo"))?;
                config::put_number(conn, &number("200", "nobody"))
            })
            .unwrap();
        let credential = BotCredential {
            tenant: "default".to_owned(),
            url: bot.url(),
            bearer: TOKEN.to_owned(),
            ..BotCredential::default()
        };
        secrets.write(|conn| secrets::put(conn, &credential)).unwrap();
        let mut command = Command::new("media-switch", env!("CARGO_BIN_EXE_media-switch"))
            .flag("--nats-url", nats.url())
            .flag("--keys-dir", keys.directory("media-switch").display())
            .flag("--node", NODE)
            .flag("--rtp-ports", "0");
        for (name, value) in flags {
            command = command.flag(name, value);
        }
        let switch = Process::start(&command, directory.path().join("media-switch.log")).unwrap();
        // Its row is written when its verbs are subscribed and its copy of the configuration is there.
        let sip = until("the switch is in the load table", || {
            let switches = load.read(load::switches).unwrap();
            switches.first().map(|switch| switch.sip_udp.parse().unwrap())
        })
        .await;
        let client = Client::new(client, "main", "default");
        Self {
            _directory: directory,
            _config: config,
            _secrets: secrets,
            nats,
            switch,
            sip,
            load,
            calls,
            client,
            bot,
            phone,
        }
    }

    async fn call(&self, number: &str, script: Script) -> testphone::Call {
        let uri = format!("sip:{number}@{}", self.sip);
        self.phone.call(&uri, CallOptions::default(), script).await.unwrap()
    }

    /// Calls and waits for the end.
    async fn call_out(&self, number: &str, script: Script) -> testphone::Outcome {
        timeout(LIMIT, self.call(number, script).await.wait()).await.unwrap().unwrap()
    }

    fn order(&self, url: &str) -> OriginateRequest {
        OriginateRequest {
            call_id: CallId::new(NODE, ulid::Ulid::generate()).to_string(),
            to: "+14155550100".to_owned(),
            from: "+14155550199".to_owned(),
            trunk: "carrier".to_owned(),
            bot: Some(stream(url)),
            ..OriginateRequest::default()
        }
    }

    async fn refused(&self, order: OriginateRequest) -> ErrorCode {
        let error = self.client.originate(NODE, order).await.unwrap_err();
        error.service().unwrap().code
    }

    async fn until_idle(&self) {
        until("no call is left", || {
            let request = CallListRequest::default();
            let (rows, _) = self.calls.read(|conn| calls::list(conn, "default", &request)).unwrap();
            let switches = self.load.read(load::switches).unwrap();
            (rows.is_empty() && switches.iter().all(|switch| switch.calls == 0)).then_some(())
        })
        .await;
    }

    async fn stop(self) {
        self.switch.stop(LIMIT).await.unwrap();
        until("the switch's row is gone", || self.load.read(load::switches).unwrap().is_empty().then_some(())).await;
        self.bot.close().await;
        self.phone.close().await;
        self.nats.stop().await.unwrap();
    }
}

/// Looks again and again until there is something to see.
async fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(seen) = look() {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LIMIT, looking).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// All events up to the first `call.ended`.
async fn to_the_end(events: &mut botstream_api::EventStream) -> Vec<Event> {
    let mut told = Vec::new();
    loop {
        let event = timeout(LIMIT, events.next_event()).await.expect("an event in time").unwrap().unwrap();
        let is_last = matches!(event.body, Some(Body::CallEnded(_)));
        told.push(event);
        if is_last {
            return told;
        }
    }
}

fn kinds(events: &[Event]) -> Vec<String> {
    let kind = |event: &Event| event.class_and_type().map(|(class, kind)| format!("{class}.{kind}")).unwrap();
    events.iter().map(kind).collect()
}

fn cause(events: &[Event]) -> (Party, Class, u32) {
    match &events.last().unwrap().body {
        Some(Body::CallEnded(ended)) => {
            let cause = ended.cause.as_ref().unwrap();
            (cause.party(), cause.class(), cause.sip_status)
        }
        other => panic!("{other:?}"),
    }
}

/// A clip of every code of the law, that no codec changes.
fn codes() -> Arc<Clip> {
    Arc::new(Clip::from_codes(Law::Mu, (0..=255_u8).cycle().take(8_000).collect()))
}

#[tokio::test]
async fn an_inbound_call_hears_its_echo_and_is_told_of_to_the_end() {
    let world = World::start(&[]).await;
    let mut events = world.client.all_events().await.unwrap();
    let script = Script::playing(Play::Clip(codes())).for_duration(Duration::from_millis(1_800));
    let outcome = world.call_out("100", script).await;
    assert_eq!(outcome.end, End::LocalHangup);
    let media = outcome.media.unwrap();
    let clip = codes();
    let sent = clip.codes(Law::Mu);
    assert!(media.heard.windows(sent.len()).any(|window| window == sent), "the echo is not the clip");
    let told = to_the_end(&mut events).await;
    let expected = "call.created call.routing stream.connecting call.ringing stream.started call.answered \
                    stream.stopped call.ended";
    assert_eq!(kinds(&told).join(" "), expected);
    assert_eq!(told.iter().map(|event| event.ev_seq).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
    assert!(told.iter().all(|event| event.node == NODE && event.call_id == told[0].call_id && event.ts.is_some()));
    assert_eq!(cause(&told), (Party::Caller, Class::Normal, 0));
    world.until_idle().await;
    let call = world.client.get_call(&told[0].call_id.parse().unwrap()).await.unwrap();
    assert_eq!(call.state(), call::State::Ended);
    world.stop().await;
}

#[tokio::test]
async fn an_order_to_originate_calls_the_telephone_and_the_bot() {
    let mut world = World::start(&[]).await;
    let mut events = world.client.all_events().await.unwrap();
    let order = world.order(&world.bot.url());
    let call_id = order.call_id.clone();
    let reply = world.client.originate(NODE, order.clone()).await.unwrap();
    assert_eq!((reply.call_id.as_str(), reply.node.as_str()), (call_id.as_str(), NODE));
    // The same order again, as after a lost reply, places no second call.
    assert_eq!(world.client.originate(NODE, order).await.unwrap().call_id, call_id);
    let incoming = timeout(LIMIT, world.phone.incoming()).await.unwrap().unwrap();
    let script = Script {
        play: Play::Clip(codes()),
        dtmf: vec![(Duration::from_millis(300), "7".to_owned())],
        ..Script::default()
    };
    let mut call = incoming.answer(Duration::ZERO, script).await.unwrap();
    call.answered().await.unwrap();
    // The bot presses the key it is told of: it comes back.
    while !matches!(
        timeout(LIMIT, world.bot.event()).await.unwrap().unwrap().kind,
        BotEventKind::Dtmf { digit: '7', .. }
    ) {}
    let listed = world.client.list_calls(CallListRequest::default()).await.unwrap().calls;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].state(), listed[0].direction()), (call::State::Answered, call::Direction::Outbound));
    let mut hangup = HangupRequest { call_id, ..HangupRequest::default() };
    hangup.set_after(hangup_request::After::Drained);
    world.client.hangup(hangup.clone()).await.unwrap();
    let outcome = timeout(LIMIT, call.wait()).await.unwrap().unwrap();
    assert!(matches!(outcome.end, End::RemoteHangup { .. }), "{:?}", outcome.end);
    assert_eq!(outcome.media.unwrap().digits(), "7");
    let told = to_the_end(&mut events).await;
    assert_eq!(cause(&told), (Party::Operator, Class::Normal, 0));
    assert!(kinds(&told).contains(&"dtmf.digit".to_owned()));
    world.until_idle().await;
    let error = world.client.hangup(hangup).await.unwrap_err();
    assert_eq!(error.service().unwrap().code, ErrorCode::CallEnded);
    world.stop().await;
}

#[tokio::test]
async fn what_fails_is_told_as_it_is() {
    let world = World::start(&[]).await;
    let mut events = world.client.all_events().await.unwrap();
    world.client.originate(NODE, world.order(&world.bot.url())).await.unwrap();
    timeout(LIMIT, world.phone.incoming()).await.unwrap().unwrap().reject(486).await;
    assert_eq!(cause(&to_the_end(&mut events).await), (Party::Callee, Class::Busy, 486));

    // A bot that is not there: the telephone is not left ringing, and the caller is not answered.
    world.client.originate(NODE, world.order("ws://127.0.0.1:9/")).await.unwrap();
    assert_eq!(cause(&to_the_end(&mut events).await), (Party::Bot, Class::BotFailed, 0));
    let outcome = world.call_out("200", Script::default()).await;
    assert!(matches!(outcome.end, End::NotAnswered { status: 480, .. }), "{:?}", outcome.end);
    assert_eq!(cause(&to_the_end(&mut events).await), (Party::Bot, Class::BotFailed, 480));

    let outcome = world.call_out("999", Script::default()).await;
    assert!(matches!(outcome.end, End::NotAnswered { status: 404, .. }), "{:?}", outcome.end);

    // Orders that can't be carried out.
    let good = world.order(&world.bot.url());
    assert_eq!(
        world.refused(OriginateRequest { trunk: "nowhere".to_owned(), ..good.clone() }).await,
        ErrorCode::TrunkNotFound
    );
    let elsewhere = CallId::new("another", ulid::Ulid::generate()).to_string();
    assert_eq!(world.refused(OriginateRequest { call_id: elsewhere, ..good.clone() }).await, ErrorCode::WrongNode);
    assert_eq!(world.refused(OriginateRequest { bot: None, ..good }).await, ErrorCode::InvalidArgument);
    for call_id in [CallId::new(NODE, ulid::Ulid::generate()).to_string(), "rubbish".to_owned()] {
        let request = CallGetRequest { call_id };
        let error = world.client.request::<_, Call>("call", "get", &request).await.unwrap_err();
        assert_eq!(error.service().unwrap().code, ErrorCode::CallNotFound);
    }
    // A call of a node that is gone: nobody is asked in circles.
    let gone = CallId::new("gone", ulid::Ulid::generate());
    let error = world.client.get_call(&gone).await.unwrap_err();
    assert_eq!(error.service().unwrap().code, ErrorCode::CallNotFound);
    world.until_idle().await;
    world.stop().await;
}

#[tokio::test]
async fn a_full_or_draining_switch_takes_no_more_and_keeps_what_it_has() {
    let world = World::start(&[("--capacity", "1")]).await;
    let mut first = world.call("100", Script::playing(Play::Repeat(codes()))).await;
    timeout(LIMIT, first.answered()).await.unwrap().unwrap();
    let refused = world.call_out("100", Script::default()).await;
    assert!(matches!(refused.end, End::NotAnswered { status: 503, retry_after_s: Some(_), .. }), "{:?}", refused.end);
    assert_eq!(world.refused(world.order(&world.bot.url())).await, ErrorCode::NoCapacity);
    world.client.drain_node(NODE).await.unwrap();
    until("the drain is in the load table", || {
        let switches = world.load.read(load::switches).unwrap();
        (switches[0].state == load::SwitchState::Draining).then_some(())
    })
    .await;
    assert_eq!(world.refused(world.order(&world.bot.url())).await, ErrorCode::Draining);
    // The call goes on, both ways: a key comes back from the bot. With its end the process ends by itself.
    first.press("5").await.unwrap();
    while !matches!(timeout(LIMIT, first.event()).await.unwrap().unwrap(), CallEvent::Digit(heard) if heard.digit == '5')
    {
    }
    timeout(LIMIT, first.hangup()).await.unwrap().unwrap();
    let status = timeout(LIMIT, world.switch.wait()).await.unwrap();
    assert!(status.success(), "{status}");
    world.nats.stop().await.unwrap();
}
