//! Dialers that know nothing of each other but what IraTDB tells them load the switches evenly.

use std::time::Duration;

use anyhow::ensure;
use botstream_state::load;
use cluster_runner::Cluster;
use integration_tests::config::{Format, Telephony};
use integration_tests::live;
use integration_tests::record::record;
use integration_tests::world::{World, dial, phone};
use testphone::Script;
use testphone::bot::{BotConfig, EchoBot};

const DIALS: usize = 200;
/// 20 a second.
const SPACING: Duration = Duration::from_millis(50);
const DIFFERENCE_MAX: u32 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn two_dialers_keep_two_switches_even() -> anyhow::Result<()> {
    let bot = EchoBot::bind(BotConfig::default()).await?;
    let phone = phone().await?;
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp));
    let world = World::start(Cluster::builder().switches(2).dialers(2), &telephony).await?;
    let database = live::open(&world.cluster, load::options()).await?;
    live::until("both switches are in the load table", || Ok(live::switches(&database)?.len() == 2)).await?;

    // The carrier's end: answers everything at once.
    let callees = tokio::spawn(async move {
        let mut calls = Vec::new();
        while calls.len() < DIALS
            && let Some(incoming) = phone.incoming().await
        {
            calls.push(incoming.answer(Duration::ZERO, Script::default()).await?);
        }
        anyhow::Ok((phone, calls))
    });

    let mut ticks = tokio::time::interval(SPACING);
    let mut worst = 0;
    let mut dials = Vec::new();
    let mut rests = 0;
    for number in 0..DIALS {
        ticks.tick().await;
        // At rest: every call that was asked for so far is counted.
        let switches = live::switches(&database)?;
        let calls: Vec<u32> = switches.iter().map(|switch| switch.calls).collect();
        if calls.iter().sum::<u32>() as usize == number {
            rests += 1;
            worst = worst.max(calls.iter().max().unwrap_or(&0) - calls.iter().min().unwrap_or(&0));
        }
        let client = world.client().clone();
        let request = dial(&format!("+1415555{number:04}"), &bot.url(), Format::Mulaw);
        dials.push(tokio::spawn(async move { client.dial(request).await }));
    }
    let mut nodes = std::collections::BTreeMap::<String, u32>::new();
    for dialled in dials {
        *nodes.entry(dialled.await??.node).or_default() += 1;
    }
    let (phone, calls) = tokio::time::timeout(Duration::from_secs(30), callees).await???;

    live::until("all calls are counted and no reservation is left", || {
        let switches = live::switches(&database)?;
        let calls: u32 = switches.iter().map(|switch| switch.calls).sum();
        let reservations: u32 = switches.iter().map(|switch| switch.reservations).sum();
        Ok((calls as usize, reservations) == (DIALS, 0))
    })
    .await?;
    let switches = live::switches(&database)?;
    let difference =
        switches.iter().fold((u32::MAX, 0), |(low, high), switch| (low.min(switch.calls), high.max(switch.calls)));
    worst = worst.max(difference.1 - difference.0);
    record("least_load_largest_difference", f64::from(worst), "calls")?;
    record("least_load_moments_at_rest", f64::from(rests), "samples")?;
    ensure!(worst <= DIFFERENCE_MAX, "loads differed by {worst}: {switches:?}, dialled to {nodes:?}");

    // And all of it is given back.
    for call in calls {
        call.hangup().await?;
    }
    live::until("all calls are gone from the load table", || {
        Ok(live::switches(&database)?.iter().all(|switch| switch.calls == 0))
    })
    .await?;
    database.close().await?;
    phone.close().await;
    world.stop().await
}
