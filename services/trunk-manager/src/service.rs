//! Puts the trunk-manager together and runs it.

use std::time::Duration;

use anyhow::Context;
use botstream_state::config as shared;
use botstream_state::secrets::{self, BotCredential};
use iracluster::{Chassis, ConfigError};
use iratdb::IraTdb;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior};

use crate::config::Config;
use crate::core::telephony::{Problems, Telephony};
use crate::core::{credentials, land};
use crate::file::TelephonyFile;
use crate::metrics::Metrics;

/// How long credentials that the file has no more are kept: a switch that has not got the new configuration yet still uses them.
const SWEEP_AFTER: Duration = Duration::from_secs(2);

pub(crate) async fn run(chassis: Chassis, config: Config) -> anyhow::Result<()> {
    let mut hangups = signal(SignalKind::hangup()).context("SIGHUP")?;
    let mut file = TelephonyFile::new(config.telephony_file);
    let first = file.look_again().map_err(|problems| {
        // The first sentence is the error; all of them are in the log.
        report(&file, &problems);
        ConfigError::new(format!("telephony-file = {}: {problems}", file.path().display()))
    })?;
    let mut manager = Manager {
        db: chassis.open(shared::options()).await?,
        secrets: chassis.open(secrets::options()).await?,
        credentials: Vec::new(),
        sweep_at: None,
        metrics: Metrics::register(&chassis.metrics),
    };
    manager.put_in_force(&file, &first)?;
    chassis.health.set_ready(true);

    let mut looks = tokio::time::interval(config.telephony_poll);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let read = tokio::select! {
            () = chassis.drain.drained() => return Ok(()),
            _ = hangups.recv() => {
                tracing::info!("SIGHUP: reading the telephony file again");
                Some(file.look_again())
            }
            _ = looks.tick() => file.look(),
            () = until(manager.sweep_at) => {
                manager.sweep();
                None
            }
        };
        match read {
            None => {}
            Some(Ok(telephony)) => {
                if let Err(e) = manager.put_in_force(&file, &telephony) {
                    tracing::error!(error = %e, "the telephony file could not be put in force");
                    manager.metrics.refused();
                }
            }
            Some(Err(problems)) => {
                report(&file, &problems);
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
    db: IraTdb,
    secrets: IraTdb,
    /// Those in force.
    credentials: Vec<BotCredential>,
    /// When to take out all others.
    sweep_at: Option<Instant>,
    metrics: Metrics,
}

impl Manager {
    fn put_in_force(&mut self, file: &TelephonyFile, telephony: &Telephony) -> iratdb::Result<()> {
        // Two databases have no common transaction: new credentials are there before the bots that need them, and old ones for a
        // while after.
        self.secrets.write(|conn| credentials::put(conn, &telephony.credentials))?;
        self.credentials.clone_from(&telephony.credentials);
        self.sweep_at = Some(Instant::now() + SWEEP_AFTER);
        let commit = self.db.write(|conn| land::land(conn, telephony))?;
        let (trunks, numbers) = (telephony.trunks.len(), telephony.numbers.len());
        self.metrics.in_force(trunks, numbers);
        tracing::info!(
            file = %file.path().display(), trunks, numbers, routes = telephony.routes.len(), bots = telephony.bots.len(),
            credentials = telephony.credentials.len(), rows_changed = commit.rows_changed,
            "the telephony file is in force"
        );
        Ok(())
    }

    fn sweep(&mut self) {
        self.sweep_at = None;
        if let Err(error) = self.secrets.write(|conn| credentials::sweep(conn, &self.credentials)) {
            tracing::error!(%error, "old credentials could not be removed");
            self.sweep_at = Some(Instant::now() + SWEEP_AFTER);
        }
    }
}
