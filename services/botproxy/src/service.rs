//! Puts the proxy together and runs it.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context;
use botstream_state::load::{self, Proxy as ProxyRow, SwitchState};
use botstream_state::{calls, config as shared_config};
use iracluster::{Chassis, Drain, Hold};
use iratdb::IraTdb;
use sip_transport::SipTransport;

use crate::config::Config;
use crate::core::{Config as CoreConfig, Proxy, StrangerLimits};
use crate::directory::{Databases, SharedTrunks, Trunks, current};
use crate::metrics::Metrics;
use crate::shell::Shell;

/// How often the names of trunks' peers are looked up again.
const LOOKUP_EVERY: Duration = Duration::from_secs(30);

pub(crate) async fn run(chassis: Chassis, config: Config) -> anyhow::Result<()> {
    let ip = config.advertised_ip()?;
    let load = chassis.open(load::options()).await?;
    let calls = chassis.follow(calls::options()).await?;
    let config_db = chassis.open(shared_config::options()).await?;
    let transport = SipTransport::bind(sip_transport::Options::new(config.sip_udp, config.sip_tcp)).await?;
    let udp = SocketAddr::new(ip, transport.udp_addr().port());
    let tcp = SocketAddr::new(ip, transport.tcp_addr().port());
    tracing::info!(udp = %transport.udp_addr(), tcp = %transport.tcp_addr(), advertised = %ip, "SIP");

    let trunks: SharedTrunks = Arc::new(RwLock::new(Arc::new(Trunks::load(&config_db, &Trunks::default()).await?)));
    let following = follow_trunks(config_db, Arc::clone(&trunks));
    let closing = chassis.drain.closing_token();
    chassis.drain.spawn("trunks", async move {
        tokio::select! {
            result = following => if let Err(error) = result {
                tracing::error!(%error, "trunks are not followed any more");
            },
            () = closing.cancelled() => {}
        }
    });

    let core = CoreConfig {
        switch_silence_max: config.failover_after,
        dialog_silence_max: config.dialog_timeout,
        transactions_max: config.transactions_max as usize,
        calls_per_second_max: config.source_calls_per_second_max,
        strangers: StrangerLimits { ban: config.ban, ..StrangerLimits::default() },
        ..CoreConfig::new(udp, tcp)
    };
    let row = ProxyRow {
        node: chassis.node.clone(),
        sip_udp: udp.to_string(),
        sip_tcp: tcp.to_string(),
        zone: chassis.zone.clone(),
        state: SwitchState::Active,
    };
    announce(&load, &row)?;
    let shell = Shell {
        proxy: Proxy::new(core, rand::random()),
        transport,
        directory: Databases { load, calls, trunks, node: chassis.node.clone() },
    };
    let metrics = Metrics::register(&chassis.metrics);
    let proxying = chassis.drain.spawn("proxy", proxy(shell, metrics, row, chassis.drain.clone()));
    chassis.health.set_ready(true);
    tokio::select! {
        () = chassis.drain.drained() => Ok(()),
        ended = proxying => ended.context("the proxy has ended")?,
    }
}

/// Carries requests until the service ends; follows the drain both ways.
async fn proxy(
    mut shell: Shell<Databases>,
    mut metrics: Metrics,
    mut row: ProxyRow,
    drain: Drain,
) -> anyhow::Result<()> {
    let mut is_draining = false;
    // While a request has no final response, the process does not end.
    let mut busy: Option<Hold> = None;
    loop {
        tokio::select! {
            () = shell.turn() => {}
            draining = drain.changed_from(is_draining) => {
                is_draining = draining;
                shell.proxy.set_draining(draining);
                row.state = if draining { SwitchState::Draining } else { SwitchState::Active };
                announce(&shell.directory.load, &row)?;
            }
            () = drain.closing() => return Ok(()),
        }
        metrics.update(&shell.proxy, shell.transport.udp_sends_dropped());
        match (shell.proxy.pending() > 0, busy.is_some()) {
            (true, false) => busy = Some(drain.hold()),
            (false, true) => busy = None,
            _ => {}
        }
    }
}

/// Tells the switches where this proxy is.
fn announce(load: &IraTdb, row: &ProxyRow) -> iratdb::Result<()> {
    load.write(|conn| load::put_proxy(conn, row)).map(|_commit| ())
}

/// Keeps the trunks up to date: at every change of the table, and now and then for the names in them.
async fn follow_trunks(config_db: IraTdb, trunks: SharedTrunks) -> iratdb::Result<()> {
    let mut changes = config_db.subscribe("trunks")?;
    let mut agents = config_db.subscribe("trunk_agents")?;
    loop {
        // First of all: what changed between the first reading and the subscription.
        let last = current(&trunks);
        let new = Trunks::load(&config_db, &last).await?;
        *trunks.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        let is_closed = tokio::select! {
            change = changes.next() => change.is_none(),
            change = agents.next() => change.is_none(),
            () = tokio::time::sleep(LOOKUP_EVERY) => false,
        };
        if is_closed {
            return Ok(());
        }
    }
}
