//! The acts of the demo, one after the other.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use botstream_api::DialRequest;
use testphone::{Call, CallEvent, CallOptions, Outcome, Play, Script};

use super::report::{Report, Row};
use super::sipp;
use super::stage::{LIMIT, Stage};
use crate::out;

const OUR_NUMBER: &str = "+14155550100";
const THEIR_NUMBER: &str = "+14155550199";
const KEYS: &str = "2580#";
/// What is said last has to come back, too.
const LISTEN_ON: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Sipp,
    In,
    Out,
    Keys,
    Kill,
    InAfterKill,
    OutAfterKill,
}

impl Act {
    pub(super) const ALL: [Self; 7] =
        [Self::Sipp, Self::In, Self::Out, Self::Keys, Self::Kill, Self::InAfterKill, Self::OutAfterKill];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Sipp => "SIPp as carrier: ten calls in",
            Self::In => "A call in: the telephone talks to the echo bot",
            Self::Out => "A call out: the bot calls the telephone",
            Self::Keys => "Keys: the telephone presses, the bot presses back",
            Self::Kill => "kill -9 of a switch with a call on it",
            Self::InAfterKill => "The next call in",
            Self::OutAfterKill => "The next call out",
        }
    }

    pub(super) async fn play(self, stage: &mut Stage, report: &mut Report) -> anyhow::Result<()> {
        match self {
            Self::Sipp => sipp_calls(stage).await,
            Self::In => speech_in(stage, report, "in").await,
            Self::Out => speech_out(stage, report, "out").await,
            Self::Keys => keys(stage, report).await,
            Self::Kill => kill(stage).await,
            Self::InAfterKill => speech_in(stage, report, "in-after-kill").await,
            Self::OutAfterKill => speech_out(stage, report, "out-after-kill").await,
        }
    }
}

async fn sipp_calls(stage: &Stage) -> anyhow::Result<()> {
    let proxy = stage.cluster.service("botproxy", 0).sip_addr().context("the botproxy has no SIP address")?;
    let calls = sipp::calls_in(&stage.dir, &stage.clip, OUR_NUMBER, proxy).await?;
    out::line(format!("  {calls} calls answered and ended as they should"))?;
    Ok(())
}

/// Says the whole speech, and listens a little longer.
fn speech(stage: &Stage) -> Script {
    let duration = Duration::from_millis(stage.clip.duration_ms()) + LISTEN_ON;
    Script::playing(Play::Clip(Arc::clone(&stage.clip))).for_duration(duration)
}

async fn answered(call: &mut Call) -> anyhow::Result<()> {
    tokio::time::timeout(LIMIT, call.answered()).await.context("nobody answers")??;
    Ok(())
}

async fn over(stage: &Stage, call: Call) -> anyhow::Result<Outcome> {
    let limit = Duration::from_millis(stage.clip.duration_ms()) + LIMIT;
    Ok(tokio::time::timeout(limit, call.wait()).await.context("the call does not end")??)
}

async fn speech_in(stage: &Stage, report: &mut Report, name: &str) -> anyhow::Result<()> {
    let mut call = stage.phone.call(&stage.uri(OUR_NUMBER)?, CallOptions::default(), speech(stage)).await?;
    answered(&mut call).await?;
    let call_id = stage.call_id(call.sip_call_id()).await?;
    let outcome = over(stage, call).await?;
    tell(stage, report, name, &call_id, &outcome).await
}

async fn speech_out(stage: &Stage, report: &mut Report, name: &str) -> anyhow::Result<()> {
    let request = DialRequest {
        to: THEIR_NUMBER.to_owned(),
        from: OUR_NUMBER.to_owned(),
        bot: Some(botstream_api::StreamSpec { url: stage.bot.url(), ..Default::default() }),
        ..DialRequest::default()
    };
    let reply = stage.cluster.client().dial(request).await.context("the call was not placed")?;
    let incoming = tokio::time::timeout(LIMIT, stage.phone.incoming()).await.context("the telephone does not ring")?;
    let incoming = incoming.context("the telephone is closed")?;
    let mut call = incoming.answer(Duration::from_millis(300), speech(stage)).await?;
    answered(&mut call).await?;
    let outcome = over(stage, call).await?;
    tell(stage, report, name, &reply.call_id, &outcome).await
}

/// Puts a call with speech on the report, and judges it.
async fn tell(stage: &Stage, report: &mut Report, name: &str, call_id: &str, outcome: &Outcome) -> anyhow::Result<()> {
    let states = stage.states(call_id).await?;
    let row = Row::new(name, call_id, states, outcome)?;
    row.keep_recordings(&stage.dir, outcome)?;
    out::line(format!("  {row}"))?;
    let judged = row.judge_speech();
    report.add(row);
    judged
}

async fn keys(stage: &Stage, report: &mut Report) -> anyhow::Result<()> {
    let mut call = stage.phone.call(&stage.uri(OUR_NUMBER)?, CallOptions::default(), Script::default()).await?;
    answered(&mut call).await?;
    let call_id = stage.call_id(call.sip_call_id()).await?;
    call.press(KEYS).await?;
    let mut heard = String::new();
    let listening = async {
        while heard.len() < KEYS.len() {
            match call.event().await {
                Some(CallEvent::Digit(digit)) => heard.push(digit.digit),
                Some(CallEvent::Ended(end)) => anyhow::bail!("the call has ended: {end}"),
                Some(_) => {}
                None => anyhow::bail!("the call has ended"),
            }
        }
        Ok(())
    };
    let listened = tokio::time::timeout(LIMIT, listening).await;
    let outcome = call.hangup().await?;
    let states = stage.states(&call_id).await?;
    let row = Row::new("keys", &call_id, states, &outcome)?;
    out::line(format!("  pressed {KEYS}, the bot pressed back {heard}"))?;
    report.add(row);
    listened.context("not every key came back")??;
    ensure!(heard == KEYS, "pressed {KEYS}, heard {heard}");
    Ok(())
}

async fn kill(stage: &Stage) -> anyhow::Result<()> {
    let mut call = stage.phone.call(&stage.uri(OUR_NUMBER)?, CallOptions::default(), Script::default()).await?;
    answered(&mut call).await?;
    let call_id = stage.call_id(call.sip_call_id()).await?;
    let victim = stage
        .switches()
        .find(|switch| call_id.starts_with(switch.node()))
        .with_context(|| format!("{call_id} is on no switch of ours"))?;
    victim.kill9().await;
    out::line(format!("  {} is gone, with its call {call_id}", victim.node()))?;
    // Its caller notices nothing but silence, and hangs up; the botproxy must answer that.
    tokio::time::timeout(2 * LIMIT, call.hangup()).await.context("the hang-up gets no answer")??;
    let left: Vec<&str> = stage.switches().map(|switch| switch.node()).collect();
    ensure!(!left.is_empty(), "no switch is left");
    out::line(format!("  left: {}", left.join(", ")))?;
    Ok(())
}
