//! Puts the switch together and runs it.

use std::sync::Arc;

use anyhow::Context;
use botstream_state::{calls, config as shared_config, load, secrets};
use iracluster::Chassis;
use sip_transport::SipTransport;
use tokio::sync::mpsc;

use crate::clips::{self, Clips};
use crate::config::Config;
use crate::media::{self, BotTls, MediaEngine};
use crate::metrics::Metrics;
use crate::state::State;
use crate::switchboard::{self, Parts, Switchboard};
use crate::{api, stream_spec};

/// API requests waiting for the switchboard.
const REQUESTS_MAX: usize = 1_024;

pub(crate) async fn run(chassis: Chassis, config: Config) -> anyhow::Result<()> {
    let advertised_ip = config.advertised_ip()?;
    let bot_tls = BotTls::load(config.bot_ca.as_deref()).context("bot-ca")?;
    let clips = Arc::new(Clips::new(clips::Options {
        directory: config.play_dir.clone(),
        urls: config.play_urls.clone(),
        tls: bot_tls.clone(),
        fetch_timeout: config.play_fetch_timeout,
    }));
    let state = State {
        calls: chassis.open(calls::options()).await?,
        load: chassis.open(load::options()).await?,
        config: chassis.open(shared_config::options()).await?,
        secrets: chassis.open(secrets::options()).await?,
    };
    let transport = SipTransport::bind(sip_transport::Options::new(config.sip_udp, config.sip_tcp)).await?;
    tracing::info!(udp = %transport.udp_addr(), tcp = %transport.tcp_addr(), %advertised_ip, "SIP");
    let (media, notices) = MediaEngine::start(media::Options {
        workers: config.media_threads,
        nice: config.media_nice,
        rtp_ip: config.rtp_ip.unwrap_or_else(|| config.sip_udp.ip()),
        rtp_ports: config.rtp_ports.clone(),
        silence_max: config.media_timeout,
        bot_tls,
        connect_timeout: config.bot_connect_timeout,
    })
    .context("media threads")?;
    let (requests, requests_out) = mpsc::channel(REQUESTS_MAX);
    let options = switchboard::Options {
        node: chassis.node.clone(),
        zone: chassis.zone.clone(),
        capacity: config.capacity,
        advertised_ip,
        ring_timeout: config.ring_timeout,
        features: stream_spec::FEATURES.iter().map(ToString::to_string).collect(),
    };
    let parts = Parts {
        transport,
        media,
        notices,
        requests: requests_out,
        own_requests: requests.clone(),
        clips: clips.clone(),
        state: state.clone(),
        events: chassis.events(),
        metrics: Metrics::register(&chassis.metrics),
    };
    let switchboard = Switchboard::new(options, parts);
    api::serve(&chassis, state, clips, requests).await?;
    switchboard.announce()?;
    let switching = chassis.drain.spawn("switchboard", switchboard.run(chassis.drain.clone()));
    chassis.health.set_ready(true);
    tokio::select! {
        () = chassis.drain.drained() => Ok(()),
        ended = switching => anyhow::bail!("the switchboard has ended: {ended:?}"),
    }
}
