//! Puts the dialer together and runs it.

use std::sync::Arc;

use botstream_api::DialRequest;
use botstream_state::{calls, config, dialing, load};
use iracluster::{Chassis, RequestContext, Where};

use crate::dialer::{Databases, Dialer};
use crate::idempotency::Keys;
use crate::metrics::Metrics;

/// The dialer has no flags but the chassis's.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Config {}

pub(crate) async fn run(chassis: Chassis, _config: Config) -> anyhow::Result<()> {
    let metrics = Metrics::register(&chassis.metrics);
    let databases = Databases {
        calls: chassis.follow(calls::options()).await?,
        config: chassis.open(config::options()).await?,
        load: chassis.open(load::options()).await?,
    };
    let dialer = Dialer::new(chassis.clone(), databases, metrics.clone());
    let keys = Arc::new(Keys::new(chassis.clone(), chassis.open(dialing::options()).await?, dialer, metrics));
    keys.forget_in_time();

    for (place, may_hand_on) in [(Where::AnywhereUntilDrain, true), (Where::ThisNode, false)] {
        let keys = Arc::clone(&keys);
        chassis
            .serve("call", "dial", place, move |context: RequestContext, request: DialRequest| {
                let keys = Arc::clone(&keys);
                async move { keys.dial(context, request, may_hand_on).await }
            })
            .await?;
    }
    chassis.health.set_ready(true);
    chassis.drain.drained().await;
    Ok(())
}
