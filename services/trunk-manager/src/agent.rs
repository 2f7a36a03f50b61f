//! The trunk-manager's own SIP: registers the trunks that are this instance's, and tells how they are.
//!
//! Each trunk has one trunk-manager that looks after it: of those that are ready the one that rendezvous hashing gives. When that one
//! dies, the next takes over within the lease, and registers the same contact.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use botstream_api::event::Body;
use botstream_api::node::State as NodeState;
use botstream_api::registration_status::State as RegistrationState;
use botstream_api::trunk_status::State as TrunkState;
use botstream_api::{Event, NodeListRequest, RegistrationStatus, Trunk, TrunkDown, TrunkStatus, TrunkUp, timestamp};
use botstream_state::load::{self, SwitchState};
use botstream_state::secrets;
use botstream_state::{cluster, home, trunk_states};
use iracluster::{Chassis, Events, Hold};
use iratdb::IraTdb;
use sip::ua::Credentials;
use sip_transport::{Received, SipTransport};
use tokio::time::MissedTickBehavior;

use crate::config::Config;
use crate::core::agent::{Agent, Gone, ProxyAddress};
use crate::core::object::Key;
use crate::core::registration::{self, Settings, Status};
use crate::metrics::Metrics;
use crate::shared::Shared;

/// How often it is looked for what is to be done: by the configuration, and by who else is there.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Most messages taken in one go before what they caused is sent.
const BATCH_MAX: usize = 64;

/// Those that are counted.
const STATES: [RegistrationState; 5] = [
    RegistrationState::Waiting,
    RegistrationState::Trying,
    RegistrationState::Registered,
    RegistrationState::Failed,
    RegistrationState::Refused,
];

const TRUNK_MANAGER: &str = "trunk-manager";

struct Shell {
    chassis: Chassis,
    shared: Arc<Shared>,
    secrets: IraTdb,
    load: IraTdb,
    agent: Agent,
    transport: SipTransport,
    events: Events,
    metrics: Metrics,
    /// Keeps the process until what is registered is taken back or has another trunk-manager.
    busy: Option<Hold>,
}

/// Binds its sockets, and runs until the process closes.
pub(crate) async fn start(
    chassis: &Chassis,
    config: &Config,
    shared: &Arc<Shared>,
    secrets: IraTdb,
    metrics: &Metrics,
) -> anyhow::Result<()> {
    let ip = config.advertised_ip()?;
    let transport = SipTransport::bind(sip_transport::Options::new(config.sip_udp, config.sip_udp)).await?;
    let own = SocketAddr::new(ip, transport.udp_addr().port());
    tracing::info!(udp = %transport.udp_addr(), advertised = %ip, "SIP");
    shared.db().write(|conn| trunk_states::claim_agent(conn, &chassis.node, own))?;
    let shell = Shell {
        chassis: chassis.clone(),
        shared: Arc::clone(shared),
        secrets,
        // Where no switch and no botproxy runs yet, nobody writes it.
        load: chassis.follow(load::options()).await?,
        agent: Agent::new(own, rand::random()),
        transport,
        events: chassis.events(),
        metrics: metrics.clone(),
        busy: None,
    };
    chassis.drain.spawn("sip", shell.run());
    Ok(())
}

impl Shell {
    async fn run(mut self) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let closing = self.chassis.drain.closing_token();
        loop {
            let due = self.agent.poll_timeout();
            let timer = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                received = self.transport.receive() => self.take(received),
                _ = looks.tick() => {
                    if let Err(error) = self.look() {
                        tracing::error!(%error, "registrations are not looked after");
                    }
                }
                () = timer => {}
                () = closing.cancelled() => return,
            }
            self.agent.handle_timeout(Instant::now());
            while let Some(transmit) = self.agent.poll_transmit() {
                self.transport.send(&transmit);
            }
            while let Some((key, status)) = self.agent.poll_change() {
                if let Err(error) = self.tell(&key, &status) {
                    tracing::error!(%error, %key, "the state of a trunk could not be told");
                }
            }
            match (self.agent.is_idle(), self.busy.is_some()) {
                (false, false) => self.busy = Some(self.chassis.drain.hold()),
                (true, true) => self.busy = None,
                _ => {}
            }
        }
    }

    fn take(&mut self, first: Received) {
        let mut next = Some(first);
        let mut taken = 0;
        while let Some(received) = next {
            match received {
                Received::Message { from, payload } => self.agent.receive(Instant::now(), from, &payload),
                Received::Failed { peer } => self.agent.transport_failed(Instant::now(), peer),
            }
            taken += 1;
            next = if taken < BATCH_MAX { self.transport.try_receive() } else { None };
        }
    }

    /// Brings what is registered to what is to be.
    fn look(&mut self) -> iratdb::Result<()> {
        let now = Instant::now();
        let mut proxies = self.load.read(load::proxies)?;
        // One that drains takes no calls, but what is registered can be taken back through it.
        if proxies.iter().any(|proxy| proxy.state == SwitchState::Active) {
            proxies.retain(|proxy| proxy.state == SwitchState::Active);
        }
        let addresses = proxies.into_iter().filter_map(|proxy| {
            Some(ProxyAddress { node: proxy.node, udp: proxy.sip_udp.parse().ok()?, tcp: proxy.sip_tcp.parse().ok()? })
        });
        self.agent.set_proxies(now, addresses.collect());

        let managers = self.managers()?;
        let own = self.chassis.node.clone();
        let owner = |key: &Key| home::of(&[&key.tenant, &key.name], managers.iter().map(String::as_str));
        let credentials = self.secrets.read(secrets::all_of_trunks)?;
        let settings = |trunk: &Trunk| -> Option<Settings> {
            registration::settings(trunk, |at| {
                let is_its = |one: &&secrets::TrunkCredential| {
                    (&one.tenant, &one.trunk, one.address.as_str()) == (&trunk.tenant, &trunk.name, at)
                };
                let found = credentials.iter().find(is_its)?;
                Some(Credentials { username: found.username.clone(), password: found.password.clone() })
            })
        };
        let all: BTreeMap<Key, Settings> = self.shared.view(|view| {
            let trunks = view.all::<Trunk>().filter(|trunk| trunk.registration.is_some());
            trunks.filter_map(|trunk| Some((Key::named(&trunk.tenant, &trunk.name), settings(trunk)?))).collect()
        });
        self.sweep(&all, |key| owner(key) == Some(&own))?;
        let known: BTreeSet<Key> = all.keys().cloned().collect();
        let wanted = all.into_iter().filter(|(key, _)| owner(key) == Some(&own)).collect();
        // Without another trunk-manager what is registered would end by itself, at a time that nobody expects.
        let gone = |key: &Key| if known.contains(key) && owner(key).is_some() { Gone::Taken } else { Gone::Over };
        self.agent.set_wanted(now, wanted, gone);
        self.count();
        Ok(())
    }

    /// The trunk-managers that are ready and stay so.
    fn managers(&self) -> iratdb::Result<Vec<String>> {
        let mut ready = NodeListRequest { service: TRUNK_MANAGER.to_owned(), ..NodeListRequest::default() };
        ready.set_state(NodeState::Ready);
        let rows = self.chassis.cluster_db().read(|conn| cluster::list(conn, &ready))?;
        let is_draining = self.chassis.drain.is_draining();
        let nodes = rows.into_iter().map(|row| row.node);
        Ok(nodes.filter(|node| !(is_draining && *node == self.chassis.node)).collect())
    }

    /// Nothing is said any more of trunks that nobody registers.
    fn sweep(&self, all: &BTreeMap<Key, Settings>, is_own: impl Fn(&Key) -> bool) -> iratdb::Result<()> {
        let db = self.shared.db();
        let told = db.read(trunk_states::keys)?;
        let keys = told.into_iter().map(|(tenant, trunk)| Key::named(&tenant, &trunk));
        for key in keys.filter(|key| !all.contains_key(key) && is_own(key)) {
            db.write(|conn| trunk_states::remove(conn, &key.tenant, &key.name))?;
        }
        Ok(())
    }

    fn count(&self) {
        for state in STATES {
            let count = self.agent.statuses().filter(|status| status.state == state).count();
            self.metrics.registrations(state.as_str_name(), count);
        }
    }

    /// Writes how a trunk is for all to see, and says so when it is up or down now.
    fn tell(&self, key: &Key, status: &Status) -> iratdb::Result<()> {
        let db = self.shared.db();
        let before = db.read(|conn| trunk_states::get(conn, &key.tenant, &key.name))?.unwrap_or_default();
        let state = match status.state {
            RegistrationState::Registered => TrunkState::Up,
            RegistrationState::Failed | RegistrationState::Refused | RegistrationState::Waiting => TrunkState::Down,
            RegistrationState::Trying | RegistrationState::Unspecified => before.state(),
        };
        let is_other = state != before.state();
        let since = if is_other { Some(timestamp(SystemTime::now())) } else { before.since };
        let reason = match state {
            TrunkState::Down if status.reason.is_empty() => before.reason,
            TrunkState::Down => format!("not registered: {}", status.reason),
            _ => String::new(),
        };
        let registration = Some(document(status));
        let now = TrunkStatus { state: state.into(), reason, since, node: self.chassis.node.clone(), registration };
        db.write(|conn| trunk_states::put(conn, &key.tenant, &key.name, &now))?;
        if is_other {
            tracing::info!(
                trunk = %key, state = state.as_str_name(), reason = now.reason, registrar = status.registrar,
                sip_status = status.sip_status, "a trunk's state has changed"
            );
            let body = match state {
                TrunkState::Down => Body::TrunkDown(TrunkDown { status: Some(now) }),
                _ => Body::TrunkUp(TrunkUp { status: Some(now) }),
            };
            let (call_id, tenant) = (key.name.clone(), key.tenant.clone());
            self.events.publish(Event { call_id, tenant, body: Some(body), ..Event::default() });
        }
        Ok(())
    }
}

fn document(status: &Status) -> RegistrationStatus {
    let expires_at = status.expires_at.map(|at| {
        let left = at.saturating_duration_since(Instant::now());
        timestamp(SystemTime::now() + left)
    });
    RegistrationStatus {
        state: status.state.into(),
        registrar: status.registrar.clone(),
        contact: status.contact.clone(),
        expires_at,
        sip_status: status.sip_status.into(),
        reason: status.reason.clone(),
        failures: status.failures,
    }
}
