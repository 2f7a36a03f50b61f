use std::collections::HashMap;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use botstream_state::cluster;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tonic_health::server::HealthReporter;
use ulid::Ulid;

use crate::chassis::{Chassis, Parts, open, until_ready};
use crate::config::{self, Asked, ConfigError};
use crate::databases::Databases;
use crate::drain::Drain;
use crate::events::Events;
use crate::health::{self, Health};
use crate::keys::KeySource;
use crate::metrics::{ChassisMetrics, Metrics};
use crate::services_api::{Identity, ServicesApi};
use crate::settings::Settings;
use crate::{Error, admin, nats, node, telemetry};

/// How long the last messages may take at the end.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long tasks may take to end once the service itself has.
const TASKS_END: Duration = Duration::from_secs(10);

/// Which service this is.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Name of folder, package, binary and NATS service.
    pub name: &'static str,
    /// Version, `major.minor.patch`.
    pub version: &'static str,
    /// One sentence about what it does.
    pub about: &'static str,
}

/// Runs a service: reads the configuration `C` and its own, then calls `main`. The service ends when `main` returns, which it does
/// when [`Drain::drained`] does.
///
/// Exit codes: 0 after a complete drain, 64 for a configuration that is not usable, 1 for anything else.
pub fn run<C, F>(service: Service, main: F) -> ExitCode
where
    C: clap::Args,
    F: AsyncFnOnce(Chassis, C) -> anyhow::Result<()>,
{
    let argv: Vec<OsString> = std::env::args_os().collect();
    let (settings, args) = match config::parse::<C>(&service, argv, |name| std::env::var_os(name)) {
        Ok(Asked::Run(settings, args)) => (settings, args),
        Ok(Asked::Print(text)) => {
            return match std::io::stdout().write_all(text.as_bytes()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            };
        }
        Err(e) => return refuse(&service, &e, config::EXIT_CODE),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(e) => return refuse(&service, &e, 1),
    };
    let code = runtime.block_on(async {
        match start(&service, &settings).await {
            Ok(started) => started.run(&settings, args, main).await,
            Err(e @ (Error::Config(_) | Error::KeyFile { .. })) => refuse(&service, &e, config::EXIT_CODE),
            Err(Error::Interrupted) => ExitCode::SUCCESS,
            Err(e) => refuse(&service, &e, 1),
        }
    });
    // A blocking thread that hangs must not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(100));
    code
}

#[allow(clippy::print_stderr, reason = "also for what happens before there is a log")]
fn refuse(service: &Service, error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    eprintln!("{}: {error}", service.name);
    ExitCode::from(code)
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From here on the process has its own handlers: as PID 1 of a container it would be deaf otherwise.
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

struct Started {
    chassis: Chassis,
    signals: Signals,
    telemetry: telemetry::Telemetry,
}

async fn start(service: &Service, settings: &Settings) -> Result<Started, Error> {
    let started_at = SystemTime::now();
    let instance = Ulid::generate().to_string();
    let node = settings.node.clone().unwrap_or_else(|| {
        let random = instance.get(instance.len() - 6..).unwrap_or_default();
        format!("{}-{}", service.name, random.to_ascii_lowercase())
    });
    let telemetry = telemetry::start(settings, service.name, service.version, &node)?;
    let metrics = Metrics::new();
    let chassis_metrics = ChassisMetrics::new(&metrics);
    telemetry::install_panic_hook(&chassis_metrics);
    nats::check(settings, &chassis_metrics).await?;
    let keys = KeySource::new(settings, service.name)?;
    if keys == KeySource::None {
        tracing::warn!("no keys: whoever can use NATS reads and writes the shared databases");
    }
    let mut signals = Signals::new().map_err(|e| ConfigError::new(format!("signals cannot be handled: {e}")))?;
    let drain = Drain::new();

    let admin_failed = |source| Error::AdminListen { addr: settings.admin_listen, source };
    let listener = TcpListener::bind(settings.admin_listen).await.map_err(admin_failed)?;
    let admin_addr = listener.local_addr().map_err(admin_failed)?;
    let reporter = HealthReporter::new();
    health::report(&reporter, false).await;
    admin::start(listener, reporter.clone(), metrics.clone(), &drain);
    tracing::info!(
        service = service.name, version = service.version, cluster = settings.cluster, node, instance, %admin_addr,
        "started"
    );

    let client_name = format!("{} {node}", service.name);
    let nats = tokio::select! {
        connected = nats::connect(settings, &client_name, &chassis_metrics) => connected?,
        signal = signals.next() => {
            tracing::info!(signal, "ending before NATS was there");
            return Err(Error::Interrupted);
        }
    };
    let metadata = HashMap::from([
        ("cluster".to_owned(), settings.cluster.clone()),
        ("node".to_owned(), node.clone()),
        ("zone".to_owned(), settings.zone.clone()),
    ]);
    let identity =
        Identity { name: service.name.to_owned(), id: instance.clone(), version: service.version.to_owned(), metadata };
    let row = cluster::InstanceRow {
        instance_id: instance.clone(),
        service: service.name.to_owned(),
        node: node.clone(),
        zone: settings.zone.clone(),
        version: service.version.to_owned(),
        admin_addr: admin_addr.to_string(),
        started_ms: node::unix_ms(started_at),
        state: Default::default(),
    };
    let databases = Databases::register(&metrics);
    let cluster_db = open(cluster::options(), keys.of(cluster::NAME)?, &settings.cluster, &node, &nats).await?;
    databases.add(&cluster_db);
    tokio::select! {
        ready = until_ready(&cluster_db) => ready?,
        _ = signals.next() => return Err(Error::Interrupted),
    }
    let events = Events::start(nats.clone(), settings.cluster.clone(), node.clone(), chassis_metrics.clone());
    let chassis = Chassis {
        cluster: settings.cluster.clone(),
        node,
        zone: settings.zone.clone(),
        instance_id: instance,
        nats: nats.clone(),
        health: Health::new(),
        metrics,
        drain: drain.clone(),
        parts: Arc::new(Parts {
            chassis_metrics,
            services_api: ServicesApi::new(identity, service.about, started_at),
            events,
            cluster_db,
            keys,
            databases,
        }),
    };
    chassis.services_api().start(nats, &drain).await?;
    node::follow_state(&chassis, row, reporter);
    node::serve(&chassis).await?;
    Ok(Started { chassis, signals, telemetry })
}

enum End {
    Returned(anyhow::Result<()>),
    LimitReached,
    AtOnce,
}

impl Started {
    async fn run<C, F>(mut self, settings: &Settings, args: C, main: F) -> ExitCode
    where
        F: AsyncFnOnce(Chassis, C) -> anyhow::Result<()>,
    {
        let drain = self.chassis.drain.clone();
        let limit = settings.drain_limit;
        let end = tokio::select! {
            result = main(self.chassis.clone(), args) => End::Returned(result),
            () = limit_reached(&drain, limit) => End::LimitReached,
            () = ordered_at_once(&mut self.signals, &drain) => End::AtOnce,
        };
        let mut code = match end {
            End::Returned(Ok(())) => ExitCode::SUCCESS,
            End::Returned(Err(e)) if matches!(e.downcast_ref(), Some(Error::Interrupted)) => {
                tracing::info!("told to end before the start was complete");
                ExitCode::SUCCESS
            }
            End::Returned(Err(e)) => {
                tracing::error!("{e:#}");
                ExitCode::from(if e.is::<ConfigError>() { config::EXIT_CODE } else { 1 })
            }
            End::LimitReached => {
                tracing::error!(
                    limit_ms = limit.as_millis(),
                    holds = drain.holds(),
                    "the drain took too long: cut off"
                );
                ExitCode::FAILURE
            }
            End::AtOnce => {
                tracing::warn!(holds = drain.holds(), "ending at once");
                ExitCode::FAILURE
            }
        };
        drain.close();
        let patience = if code == ExitCode::SUCCESS { limit.min(TASKS_END) } else { FAREWELL };
        tokio::select! {
            finished = drain.finished(patience) => if let Err(tasks) = finished {
                tracing::error!(tasks = tasks.join(", "), "tasks did not end: cut off");
                code = ExitCode::FAILURE;
            },
            _ = self.signals.next() => code = ExitCode::FAILURE,
        }
        self.farewell().await;
        code
    }

    /// Tells the others, and lets what has been said get out.
    async fn farewell(self) {
        let Self { chassis, telemetry, .. } = self;
        let said = tokio::time::timeout(FAREWELL, async {
            chassis.parts.events.flush().await;
            chassis.parts.databases.close().await;
            chassis.nats.flush().await
        });
        match said.await {
            Ok(Ok(())) => {}
            Ok(Err(e)) => tracing::warn!(error = %e, "NATS has not taken everything"),
            Err(_) => tracing::warn!("NATS has not taken everything in time"),
        }
        tracing::info!("ended");
        telemetry.stop();
    }
}

/// Returns when a drain has taken longer than it may; one that is undone in time starts anew.
async fn limit_reached(drain: &Drain, limit: Duration) {
    loop {
        drain.requested().await;
        tokio::select! {
            () = tokio::time::sleep(limit) => return,
            _ = drain.changed_from(true) => {}
        }
    }
}

/// The first signal starts the drain, the second one ends it.
async fn ordered_at_once(signals: &mut Signals, drain: &Drain) {
    let signal = signals.next().await;
    tracing::info!(signal, holds = drain.holds(), "draining; a second signal ends at once");
    drain.request_final();
    signals.next().await;
}
