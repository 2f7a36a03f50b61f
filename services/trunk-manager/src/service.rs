//! Puts the trunk-manager together and runs it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use botstream_state::config as shared_config;
use botstream_state::secrets::{self, BotCredential, TrunkCredential};
use iracluster::{Chassis, ConfigError};
use iratdb::IraTdb;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior};

use crate::config::Config;
use crate::core::telephony::{Problems, Telephony};
use crate::core::{credentials, trunk_credentials};
use crate::file::TelephonyFile;
use crate::metrics::Metrics;
use crate::shared::Shared;
use crate::{agent, api, follow, limits};

/// How long credentials that the file has no more are kept: a switch that has not got the new configuration yet still uses them.
const SWEEP_AFTER: Duration = Duration::from_secs(2);

/// How often the metrics are brought up to date, and what failed is tried again.
const ROUND: Duration = Duration::from_secs(1);

pub(crate) async fn run(chassis: Chassis, config: Config) -> anyhow::Result<()> {
    // Before anything is opened: it may be wrong.
    config.advertised_ip()?;
    let mut hangups = signal(SignalKind::hangup()).context("SIGHUP")?;
    let mut file = config.telephony_file.clone().map(TelephonyFile::new);
    let first = match &mut file {
        None => Telephony::default(),
        Some(file) => file.look_again().map_err(|problems| {
            // The first sentence is the error; all of them are in the log.
            report(file, &problems);
            ConfigError::new(format!("telephony-file = {}: {problems}", file.path().display()))
        })?,
    };
    let has_jetstream = chassis.nats.server_info().jetstream;
    if !has_jetstream && file.is_none() {
        let sentence =
            "telephony-file is missing, and NATS has no JetStream to keep a configuration in: give one of them";
        return Err(ConfigError::new(sentence.to_owned()).into());
    }
    let shared = Arc::new(Shared::new(chassis.open(shared_config::options()).await?, Telephony::default()));
    let mut manager = Manager {
        shared: Arc::clone(&shared),
        secrets: chassis.open(secrets::options()).await?,
        credentials: Vec::new(),
        trunk_credentials: Vec::new(),
        sweep_at: None,
        metrics: Metrics::register(&chassis.metrics),
    };
    manager.put_in_force(file.as_ref(), first)?;
    follow::start(&chassis, Arc::clone(&shared));
    if has_jetstream {
        tokio::select! {
            () = shared.until_loaded() => {}
            () = chassis.drain.requested() => return Ok(()),
        }
    } else {
        tracing::warn!(
            "NATS has no JetStream: the file's configuration is in force, and nothing can be changed over NATS"
        );
        shared.await_nothing()?;
    }
    manager.count();
    api::serve(&chassis, &shared).await?;
    limits::serve(&chassis, &shared, &manager.metrics).await?;
    agent::start(&chassis, &config, &shared, manager.secrets.clone(), &manager.metrics).await?;
    chassis.health.set_ready(true);

    let mut looks = tokio::time::interval(config.telephony_poll);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut rounds = tokio::time::interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let read = tokio::select! {
            () = chassis.drain.drained() => return Ok(()),
            _ = hangups.recv() => {
                tracing::info!("SIGHUP: reading the telephony file again");
                file.as_mut().map(TelephonyFile::look_again)
            }
            _ = looks.tick() => file.as_mut().and_then(TelephonyFile::look),
            _ = rounds.tick() => {
                manager.round();
                None
            }
            () = until(manager.sweep_at) => {
                manager.sweep();
                None
            }
        };
        match (read, &file) {
            (None, _) | (_, None) => {}
            (Some(Ok(telephony)), Some(file)) => {
                if let Err(e) = manager.put_in_force(Some(file), telephony) {
                    tracing::error!(error = %e, "the telephony file could not be put in force");
                    manager.metrics.refused();
                }
            }
            (Some(Err(problems)), Some(file)) => {
                report(file, &problems);
                tracing::error!("the telephony file is not usable; what was in force stays in force");
                manager.metrics.refused();
            }
        }
    }
}

fn report(file: &TelephonyFile, problems: &Problems) {
    for problem in problems.iter() {
        tracing::error!(file = %file.path().display(), "{problem}");
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

struct Manager {
    shared: Arc<Shared>,
    secrets: IraTdb,
    /// Those in force.
    credentials: Vec<BotCredential>,
    trunk_credentials: Vec<TrunkCredential>,
    /// When to take out all others.
    sweep_at: Option<Instant>,
    metrics: Metrics,
}

impl Manager {
    fn put_in_force(&mut self, file: Option<&TelephonyFile>, telephony: Telephony) -> iratdb::Result<()> {
        // Two databases have no common transaction: new credentials are there before the bots that need them, and old ones for a
        // while after.
        self.secrets.write(|conn| {
            credentials::put(conn, &telephony.credentials)?;
            trunk_credentials::put(conn, &telephony.trunk_credentials)
        })?;
        self.credentials.clone_from(&telephony.credentials);
        self.trunk_credentials.clone_from(&telephony.trunk_credentials);
        self.sweep_at = Some(Instant::now() + SWEEP_AFTER);
        let (trunks, numbers, routes, bots) =
            (telephony.trunks.len(), telephony.numbers.len(), telephony.routes.len(), telephony.bots.len());
        let rows_changed = self.shared.set_file(telephony)?;
        self.count();
        if let Some(file) = file {
            self.metrics.file_in_force();
            tracing::info!(
                file = %file.path().display(), trunks, numbers, routes, bots, credentials = self.credentials.len(),
                trunk_credentials = self.trunk_credentials.len(), rows_changed,
                "the telephony file is in force"
            );
        }
        Ok(())
    }

    fn count(&self) {
        let (trunks, numbers) = self
            .shared
            .view(|view| (view.all::<botstream_api::Trunk>().count(), view.all::<botstream_api::Number>().count()));
        self.metrics.in_force(trunks, numbers);
    }

    fn round(&self) {
        self.count();
        if let Err(error) = self.shared.catch_up() {
            tracing::error!(%error, "the configuration could not be put in force");
        }
    }

    fn sweep(&mut self) {
        self.sweep_at = None;
        let swept = self.secrets.write(|conn| {
            credentials::sweep(conn, &self.credentials)?;
            trunk_credentials::sweep(conn, &self.trunk_credentials)
        });
        if let Err(error) = swept {
            tracing::error!(%error, "old credentials could not be removed");
            self.sweep_at = Some(Instant::now() + SWEEP_AFTER);
        }
    }
}
