//! Who has which keys can do what, and no more: a whole cluster, a call, and processes with a service's keys.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use botstream_state::rights::OPERATOR;
use botstream_state::{calls, secrets};
use cluster_runner::{Cluster, Service};
use futures_util::StreamExt;
use integration_tests::events::EventLog;
use integration_tests::forger::Forger;
use integration_tests::live;
use integration_tests::world::{LIMIT, World, phone};
use iratdb::{Error, IraTdb, Keys};
use testphone::bot::{BotConfig, BotEventKind, EchoBot};
use testphone::{CallOptions, End, Script};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// In the rows of `calls`, and in events.
const CALLER: &str = "marker-caller-48151623";
/// In the rows of `config`.
const ROUTE: &str = "marker-route-48151623";
/// In the rows of `secrets`, and in the bot's HTTP request.
const TOKEN: &str = "marker-token-48151623";

type Seen = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Everything that goes over NATS.
async fn tap(url: &str) -> anyhow::Result<Seen> {
    let client = async_nats::ConnectOptions::new().subscription_capacity(1 << 20).connect(url).await?;
    let mut messages = client.subscribe(">").await?;
    botstream_api::round_trip(&client).await?;
    let seen = Seen::default();
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Some(message) = messages.next().await {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push((message.subject.to_string(), message.payload.to_vec()));
        }
        drop(client);
    });
    Ok(seen)
}

/// How many messages on subjects that begin so hold a text.
fn count(seen: &Seen, prefix: &str, text: &str) -> usize {
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let holds = |payload: &[u8]| text.is_empty() || payload.windows(text.len()).any(|part| part == text.as_bytes());
    seen.iter().filter(|(subject, payload)| subject.starts_with(prefix) && holds(payload)).count()
}

/// How many messages of a database a service has refused because their sender may only read.
async fn unauthorised(service: &Service, database: &str) -> anyhow::Result<u64> {
    let mut socket = tokio::net::TcpStream::connect(service.admin_addr()).await?;
    socket.write_all(b"GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await?;
    let mut text = String::new();
    socket.read_to_string(&mut text).await?;
    let name = format!("botstream_db_refused_total{{database=\"{database}\",reason=\"unauthorised\"}} ");
    let count = text.lines().find_map(|line| line.strip_prefix(&name)).context("the metric is missing")?;
    Ok(count.parse()?)
}

fn telephony(phone: &str, bot: &str) -> String {
    format!(
        r#"
        trunks = [{{ name = "carrier", addresses = ["127.0.0.1"], peer = "{phone}" }}]
        numbers = [{{ number = "*", route = "{ROUTE}" }}]
        routes = [{{ name = "{ROUTE}", bot = "agent" }}]
        bots = [{{ name = "agent", url = "{bot}", auth = {{ bearer = "{TOKEN}" }} }}]
        "#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_decide_who_reads_and_who_writes() -> anyhow::Result<()> {
    let mut bot = EchoBot::bind(BotConfig { bearer: Some(TOKEN.to_owned()), ..BotConfig::default() }).await?;
    let phone = phone().await?;
    let telephony = telephony(&phone.addr(testphone::Transport::Udp).to_string(), &bot.url());
    let cluster = Cluster::builder().switches(2).config(telephony).start().await?;
    let world = World { events: EventLog::start(cluster.client()).await?, cluster };
    let url = world.cluster.nats_url().to_owned();
    let seen = tap(&url).await?;

    // The bot answers 401 without its token: a call that reaches it has shown it.
    let options = CallOptions { from: Some(format!("<sip:{CALLER}@127.0.0.1>")), ..CallOptions::default() };
    let mut call = phone.call(&world.uri("100"), options, Script::default()).await?;
    call.answered().await?;
    let event = tokio::time::timeout(LIMIT, bot.event()).await?.context("the bot is closed")?;
    ensure!(matches!(&event.kind, BotEventKind::Started { .. }), "{event:?}");

    // The operator sees the call, and the configuration.
    let of_operator = live::open(&world.cluster, calls::options()).await?;
    let rows = |db: &IraTdb| {
        let sql = "SELECT count(*) FROM calls WHERE from_uri LIKE ?1";
        anyhow::Ok(db.read(|conn| conn.query_row(sql, [format!("%{CALLER}%")], |row| row.get::<_, i64>(0)))?)
    };
    live::until("the call is in the table", || Ok(rows(&of_operator)? == 1)).await?;

    // A process with the dialer's keys reads `calls`, too, but writes nothing.
    let keys = world.cluster.keys();
    let dialers = keys.directory("dialer");
    let open = async |options: iratdb::Options, keys: Keys| {
        let client = async_nats::connect(&url).await?;
        anyhow::Ok(IraTdb::open(options.cluster(world.cluster.name()).node("intruder").nats(client).keys(keys)).await?)
    };
    let of_dialer = open(calls::options(), Keys::from_directory(&dialers, calls::NAME)?).await?;
    tokio::time::timeout(LIMIT, of_dialer.ready()).await??;
    assert_eq!(rows(&of_dialer)?, 1);
    let refused = of_dialer.write(|tx| tx.execute("DELETE FROM calls", ()));
    ensure!(matches!(&refused, Err(Error::ReadOnly { database, .. }) if database == calls::NAME), "{refused:?}");
    // Nor if it does not keep to the rules: the switches refuse what it says, and count it.
    let mut forger =
        Forger::join(&url, world.cluster.name(), calls::NAME, &Keys::from_directory(&dialers, calls::NAME)?).await?;
    let switches: Vec<_> = world.cluster.services_named("media-switch").collect();
    let counted = async {
        loop {
            forger.forge().await?;
            forger.turn().await?;
            let mut counts = Vec::new();
            for switch in &switches {
                counts.push(unauthorised(switch, calls::NAME).await?);
            }
            if counts.iter().all(|count| *count > 0) {
                return anyhow::Ok(());
            }
        }
    };
    tokio::time::timeout(LIMIT, counted).await.context("the switches have not counted it")??;
    assert_eq!(rows(&of_operator)?, 1);

    // It has no keys of `secrets`, nor has the operator; who tries without sees an empty database of its own.
    for holder in ["dialer", "iratdbot", OPERATOR] {
        let none = Keys::from_directory(keys.directory(holder), secrets::NAME);
        ensure!(matches!(&none, Err(Error::Key { .. })), "{holder}: {none:?}");
    }
    for wrong in [Keys::open(), keys.writer(botstream_state::dialing::NAME)?] {
        let db = open(secrets::options(), wrong).await?;
        db.ready().await?;
        assert_eq!((db.read(secrets::all)?.len(), db.members().len()), (0, 1));
        db.close().await?;
    }
    let of_switch =
        open(secrets::options(), Keys::from_directory(keys.directory("media-switch"), secrets::NAME)?).await?;
    tokio::time::timeout(LIMIT, of_switch.ready()).await??;
    let credential = of_switch.read(|conn| secrets::credential(conn, "default", &bot.url()))?;
    assert_eq!(credential.context("no credential")?.bearer, TOKEN);
    for db in [of_switch, of_dialer, of_operator] {
        db.close().await?;
    }
    let call_id = world.call_id(call.sip_call_id()).await?;
    call.hangup().await?;
    world.events.ended(&call_id).await?;

    // All of that went over NATS, and only what is meant for others could be read there.
    world.client().nats().publish("tap.end", "".into()).await?;
    live::until("all of it has been seen", || Ok(count(&seen, "tap.end", "") == 1)).await?;
    ensure!(count(&seen, "ira.v1.main.r.", "") > 100, "{}", count(&seen, "ira.v1.main.r.", ""));
    ensure!(count(&seen, "bs.v1.main.", CALLER) > 0, "events tell who calls");
    for marker in [CALLER, ROUTE, TOKEN] {
        assert_eq!(count(&seen, "ira.", marker), 0, "{marker}");
    }
    assert_eq!(count(&seen, "", TOKEN), 0);
    phone.close().await;
    bot.close().await;
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_wants_another_token_is_not_reached() -> anyhow::Result<()> {
    let bot = EchoBot::bind(BotConfig { bearer: Some("another".to_owned()), ..BotConfig::default() }).await?;
    let phone = phone().await?;
    let telephony = telephony(&phone.addr(testphone::Transport::Udp).to_string(), &bot.url());
    let cluster = Cluster::builder().config(telephony).start().await?;
    let proxy = cluster.service("botproxy", 0).sip_addr().context("a SIP address")?;
    let call = phone.call(&format!("sip:100@{proxy}"), CallOptions::default(), Script::default()).await?;
    let outcome = tokio::time::timeout(LIMIT, call.wait()).await.context("the call does not end")??;
    ensure!(matches!(outcome.end, End::NotAnswered { .. }), "{:?}", outcome.end);
    let log = std::fs::read_to_string(cluster.service("media-switch", 0).log())?;
    ensure!(log.contains("401") && !log.contains(TOKEN), "{log}");
    phone.close().await;
    bot.close().await;
    Ok(cluster.stop().await?)
}
