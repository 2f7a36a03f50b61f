//! Calls to a carrier that challenges: SIPp checks the credentials of the INVITE and of the BYE.

use anyhow::Context;
use botstream_api::cause::{Class, Party};
use botstream_api::event::Body;
use botstream_api::{HangupRequest, HoldReply, HoldRequest};
use cluster_runner::{Cluster, WorkDir};
use integration_tests::config::{Format, Telephony};
use integration_tests::sipp::{Sipp, SippBuilder};
use integration_tests::world::{World, dial};
use testphone::bot::{BotConfig, EchoBot};

const AUTH: &str = "auth = { username = \"agent\", password = \"s3cret:pass\" }";

fn scenario(name: &str) -> anyhow::Result<SippBuilder> {
    Ok(Sipp::scenario(name)?.switch("-rtp_echo"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_challenge_is_answered() -> anyhow::Result<()> {
    let (files, bot) = (WorkDir::temporary()?, EchoBot::bind(BotConfig::default()).await?);
    let sipp = scenario("uas_digest")?;
    let telephony = Telephony::new().trunk_with("carrier", sipp.addr(), AUTH);
    let world = World::start(Cluster::builder(), &telephony).await?;
    let sipp = sipp.start(files.path(), 1, 1, None)?;
    let call_id = world.client().dial(dial("+14155550111", &bot.url(), Format::Mulaw)).await?.call_id;
    let answered = |body: &Body| matches!(body, Body::CallAnswered(_)).then_some(());
    world.events.of_call(&call_id, "the answer", answered).await?;
    let hold = HoldRequest { call_id: call_id.clone(), ..HoldRequest::default() };
    let _: HoldReply = world.client().request("call", "hold", &hold).await?;
    let held = |body: &Body| matches!(body, Body::CallHold(_)).then_some(());
    world.events.of_call(&call_id, "the hold", held).await?;
    world.client().hangup(HangupRequest { call_id: call_id.clone(), ..HangupRequest::default() }).await?;
    let cause = world.events.ended(&call_id).await?.cause.context("an end has a cause")?;
    assert_eq!((cause.class(), cause.party()), (Class::Normal, Party::Operator), "{cause:?}");
    sipp.passes().await?;
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_ends_the_call_and_is_tried_once() -> anyhow::Result<()> {
    let (files, bot) = (WorkDir::temporary()?, EchoBot::bind(BotConfig::default()).await?);
    let sipp = scenario("uas_digest_refuses")?;
    let telephony = Telephony::new().trunk_with("carrier", sipp.addr(), &AUTH.replace("s3cret", "wrong"));
    let world = World::start(Cluster::builder(), &telephony).await?;
    let sipp = sipp.start(files.path(), 1, 1, None)?;
    let call_id = world.client().dial(dial("+14155550111", &bot.url(), Format::Mulaw)).await?.call_id;
    let cause = world.events.ended(&call_id).await?.cause.context("an end has a cause")?;
    assert_eq!((cause.class(), cause.party()), (Class::Rejected, Party::Callee), "{cause:?}");
    assert_eq!((cause.sip_status, cause.sip_reason.as_str()), (401, "Unauthorized"), "{cause:?}");
    sipp.passes().await?;
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_go_to_the_trunks_peer_only() -> anyhow::Result<()> {
    let (files, bot) = (WorkDir::temporary()?, EchoBot::bind(BotConfig::default()).await?);
    // One who asks for credentials and is not the trunk, whatever the dial says.
    let stranger = scenario("uas_asks_for_credentials")?;
    let to = format!("sip:+14155550111@{}", stranger.addr());
    let telephony = Telephony::new().trunk_with("carrier", "127.0.0.1:9", AUTH);
    let world = World::start(Cluster::builder(), &telephony).await?;
    let stranger = stranger.start(files.path(), 1, 1, None)?;
    let call_id = world.client().dial(dial(&to, &bot.url(), Format::Mulaw)).await?.call_id;
    let cause = world.events.ended(&call_id).await?.cause.context("an end has a cause")?;
    assert_eq!((cause.class(), cause.sip_status), (Class::Rejected, 401), "{cause:?}");
    stranger.passes().await?;
    world.stop().await
}
