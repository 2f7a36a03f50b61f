//! A trunk that registers at a carrier, which is kamailio: digest by SHA-256, refreshed, calls in, taken over, taken back.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use botstream_api::event::Body;
use botstream_api::node::State;
use botstream_api::{Client, Trunk, TrunkGetRequest, registration_status, trunk_status};
use cluster_runner::{Cluster, Command, KeySet, Process, WorkDir, service_binary};
use integration_tests::bot::Bot;
use integration_tests::config::{Format, Telephony};
use integration_tests::kamailio::{Kamailio, Register};
use integration_tests::world::{LIMIT, World, phone};
use testphone::{CallOptions, End, Script};

const KEYS: &str =
    "registration = { user = \"agent\", expires_s = 600 }\nauth = { username = \"agent\", password = \"PASSWORD\" }";

fn telephony(carrier: &Kamailio, password: &str, bot_url: &str) -> Telephony {
    let keys = KEYS.replace("PASSWORD", password);
    Telephony::new().trunk_with("carrier", carrier.addr(), &keys).number("+493012345", bot_url, Format::L16)
}

async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let begin = Instant::now();
    loop {
        if let Some(found) = ask().await? {
            return Ok(found);
        }
        ensure!(begin.elapsed() < LIMIT, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn status(client: &Client) -> anyhow::Result<botstream_api::TrunkStatus> {
    let request = TrunkGetRequest { name: "carrier".into() };
    let trunk: Trunk = client.request("trunk", "get", &request).await?;
    Ok(trunk.status.unwrap_or_default())
}

fn is_registered(status: &botstream_api::TrunkStatus) -> bool {
    let state = status.registration.as_ref().map(botstream_api::RegistrationStatus::state);
    state == Some(registration_status::State::Registered)
}

async fn registers_become(
    carrier: &Kamailio,
    what: &str,
    wanted: impl Fn(&[Register]) -> bool,
) -> anyhow::Result<Vec<Register>> {
    until(what, async || Ok(Some(carrier.registers()?).filter(|registers| wanted(registers)))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_trunk_gets_its_calls_whoever_dies_and_is_taken_back_at_the_end() -> anyhow::Result<()> {
    let (files, phone, bot) = (WorkDir::temporary()?, phone().await?, Bot::listen().await?);
    let carrier = Kamailio::start(files.path()).await?;
    let world = World::start(Cluster::builder().proxies(2), &telephony(&carrier, "s3cret", &bot.url())).await?;
    let registered = async || Ok(Some(status(world.client()).await?).filter(is_registered));
    let shown = until("it is registered", registered).await?;
    ensure!(shown.state() == trunk_status::State::Up, "{shown:?}");
    let expires_at = shown.registration.context("a registration")?.expires_at.context("an end")?;
    ensure!(expires_at.seconds > 0, "{expires_at:?}");

    // kamailio grants 4 s: it comes again, and nothing is lost between.
    let registers = registers_become(&carrier, "it is refreshed", |registers| registers.len() >= 3).await?;
    ensure!(registers.iter().all(|register| register.call_id == registers[0].call_id), "{registers:?}");

    // A call to any number of the carrier's comes to the contact, and is for the number that was called.
    let uri = format!("sip:+493012345@{}", carrier.addr());
    let call = phone.call(&uri, CallOptions::default(), Script::default());
    let (call, stream) = tokio::join!(call, bot.next_call());
    let (mut call, stream) = (call?, stream?);
    call.answered().await?;
    assert_eq!(stream.start().call.to, "+493012345");
    assert_eq!(call.hangup().await?.end, End::LocalHangup);
    drop(stream.to_end().await?);

    // Another trunk-manager, with the same file, takes over when the one that registers dies.
    let second = start_second(&world).await?;
    until_ready(world.client(), "trunks2").await?;
    // Whichever of the two has it now has settled when it has refreshed it.
    let so_far = carrier.registers()?.len();
    registers_become(&carrier, "it is refreshed", |registers| registers.len() >= so_far + 2).await?;
    let owner = until("one of two has it", async || {
        let shown = status(world.client()).await?;
        Ok(Some(shown.node.clone()).filter(|_| is_registered(&shown)))
    })
    .await?;
    let before = carrier.registers()?;
    let last = before.last().context("a register")?.call_id.clone();
    if owner == "trunks2" {
        second.kill().await;
    } else {
        world.cluster.service("trunk-manager", 0).kill9().await;
    }
    let after = registers_become(&carrier, "another registers", |registers| {
        registers.last().is_some_and(|register| register.call_id != last)
    })
    .await?;
    // Nobody took it back in between.
    ensure!(after.iter().all(|register| register.expires != "0"), "{after:?}");

    if owner != "trunks2" {
        world.cluster.service("trunk-manager", 0).restart().await?;
    }
    // A trunk that is there no more is taken back.
    std::fs::write(telephony_file(&world), "")?;
    registers_become(&carrier, "it is taken back", is_taken_back).await?;
    world.stop().await
}

fn is_taken_back(registers: &[Register]) -> bool {
    registers.last().is_some_and(|register| register.expires == "0")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_trunk_manager_takes_registrations_back_when_it_ends() -> anyhow::Result<()> {
    let files = WorkDir::temporary()?;
    let carrier = Kamailio::start(files.path()).await?;
    let world = World::start(Cluster::builder(), &telephony(&carrier, "s3cret", "ws://127.0.0.1:9/")).await?;
    until("it is registered", async || Ok(Some(()).filter(|()| carrier.registers().is_ok_and(|all| !all.is_empty()))))
        .await?;
    let manager = world.cluster.service("trunk-manager", 0);
    manager.stop(LIMIT).await?;
    registers_become(&carrier, "it is taken back", is_taken_back).await?;
    manager.restart().await?;
    world.stop().await
}

fn telephony_file(world: &World) -> PathBuf {
    world.cluster.directory().join("telephony.toml")
}

async fn start_second(world: &World) -> anyhow::Result<Process> {
    let keys = KeySet::for_tests().await?;
    let command = Command::new("trunks2", service_binary("trunk-manager")?)
        .flag("--cluster", world.cluster.name())
        .flag("--node", "trunks2")
        .flag("--nats-url", world.cluster.nats_url())
        .flag("--telephony-file", telephony_file(world).display())
        .flag("--keys-dir", keys.directory("trunk-manager").display());
    Ok(Process::start(&command, world.cluster.directory().join("trunks2.log"))?)
}

async fn until_ready(client: &Client, node: &str) -> anyhow::Result<()> {
    let ready = async || Ok((client.get_node(node).await.map(|node| node.state()) == Ok(State::Ready)).then_some(()));
    until(&format!("{node} is ready"), ready).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_not_tried_again_and_again() -> anyhow::Result<()> {
    let files = WorkDir::temporary()?;
    let carrier = Kamailio::start(files.path()).await?;
    let world = World::start(Cluster::builder(), &telephony(&carrier, "wrong", "ws://127.0.0.1:9/")).await?;
    let is_down = |shown: &botstream_api::TrunkStatus| shown.state() == trunk_status::State::Down;
    let told = until("it is refused", async || Ok(Some(status(world.client()).await?).filter(is_down))).await?;
    assert_eq!(told.reason, format!("not registered: {}: the credentials were refused", carrier.addr()));
    let registration = told.registration.context("a registration")?;
    assert_eq!((registration.state(), registration.sip_status), (registration_status::State::Refused, 401));
    assert!(carrier.registers()?.is_empty());
    // With the right one it is registered at once.
    std::fs::write(telephony_file(&world), telephony(&carrier, "s3cret", "ws://127.0.0.1:9/").toml())?;
    let up = |body: &Body| match body {
        Body::TrunkUp(up) => up.status.clone(),
        _ => None,
    };
    let told = world.events.of_call("carrier", "trunk.up", up).await?;
    assert!(is_registered(&told), "{told:?}");
    world.stop().await
}
