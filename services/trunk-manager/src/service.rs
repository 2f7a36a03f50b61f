//! Puts the trunk-manager together and runs it.

use anyhow::Context;
use botstream_state::config as shared;
use iracluster::{Chassis, ConfigError};
use iratdb::IraTdb;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;

use crate::config::Config;
use crate::core::land;
use crate::core::telephony::{Problems, Telephony};
use crate::file::TelephonyFile;
use crate::metrics::Metrics;

pub(crate) async fn run(chassis: Chassis, config: Config) -> anyhow::Result<()> {
    let mut hangups = signal(SignalKind::hangup()).context("SIGHUP")?;
    let mut file = TelephonyFile::new(config.telephony_file);
    let first = file.look_again().map_err(|problems| {
        // The first sentence is the error; all of them are in the log.
        report(&file, &problems);
        ConfigError::new(format!("telephony-file = {}: {problems}", file.path().display()))
    })?;
    let manager = Manager { db: chassis.open(shared::options()).await?, metrics: Metrics::register(&chassis.metrics) };
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

struct Manager {
    db: IraTdb,
    metrics: Metrics,
}

impl Manager {
    fn put_in_force(&self, file: &TelephonyFile, telephony: &Telephony) -> iratdb::Result<()> {
        let commit = self.db.write(|conn| land::land(conn, telephony))?;
        let (trunks, numbers) = (telephony.trunks.len(), telephony.numbers.len());
        self.metrics.in_force(trunks, numbers);
        tracing::info!(
            file = %file.path().display(), trunks, numbers, routes = telephony.routes.len(), bots = telephony.bots.len(),
            rows_changed = commit.rows_changed,
            "the telephony file is in force"
        );
        Ok(())
    }
}
