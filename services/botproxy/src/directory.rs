//! What the proxy knows of the cluster, read from this process's own copies of the shared databases.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use botstream_api::Trunk;
use botstream_state::load::{self, Reservation, SwitchLoad};
use botstream_state::{config, trunk_states};
use ipnet::IpNet;
use iratdb::IraTdb;
use iratdb::rusqlite::OptionalExtension;
use sip::uri::{DEFAULT_PORT, Host, parse_host_port};

use crate::core::{Directory, TrunkName};

/// The trunks and where their peers are. Replaced as a whole when the configuration or a name's address changes.
#[derive(Debug, Default)]
pub(crate) struct Trunks {
    /// The networks that calls come from, the narrowest first, and whose they are.
    sources: Vec<(IpNet, TrunkName)>,
    /// Addresses of peers, by host in lower case and port.
    peers: BTreeMap<(String, u16), SocketAddr>,
    peer_ips: BTreeSet<IpAddr>,
    registered: Vec<Registered>,
    /// Where trunk-managers speak from.
    agents: BTreeSet<SocketAddr>,
}

/// A trunk that is registered.
#[derive(Debug)]
struct Registered {
    trunk: TrunkName,
    contact_user: String,
    /// Of its registrars and its peer.
    ips: BTreeSet<IpAddr>,
}

impl Trunks {
    /// Reads the trunks and looks up the names of their peers. A name that can't be looked up keeps the address it had in
    /// `last`.
    pub(crate) async fn load(config_db: &IraTdb, last: &Self) -> iratdb::Result<Self> {
        let all: Vec<Trunk> = config_db.read(config::all)?;
        let mut sources: Vec<_> = all.iter().flat_map(networks_of).collect();
        // Stable: of equals the first by tenant and name.
        sources.sort_by_key(|(network, _)| std::cmp::Reverse(network.prefix_len()));
        let agents = config_db.read(trunk_states::agents)?.into_iter().collect();
        let mut found = Self { sources, agents, ..Self::default() };
        for trunk in &all {
            let mut ips = BTreeSet::new();
            for peer in peers_of(trunk) {
                ips.extend(found.look_up(trunk, peer, last).await);
            }
            found.peer_ips.extend(&ips);
            if let Some(registration) = &trunk.registration {
                let user = [&registration.contact_user, &registration.user].into_iter().find(|user| !user.is_empty());
                let (trunk, contact_user) = (name_of(trunk), user.cloned().unwrap_or_default());
                found.registered.push(Registered { trunk, contact_user, ips });
            }
        }
        Ok(found)
    }

    /// Looks a peer up, and notes the address that calls go to; all its addresses, from each of which calls may come.
    async fn look_up(&mut self, trunk: &Trunk, peer: &str, last: &Self) -> Vec<IpAddr> {
        let Some((host, port)) = host_port(peer) else { return Vec::new() };
        let key = (host.to_string().to_ascii_lowercase(), port);
        let addresses: Vec<SocketAddr> = match host {
            Host::Ip(ip) => vec![SocketAddr::new(ip, port)],
            Host::Name(name) => match tokio::net::lookup_host((name.as_str(), port)).await {
                Ok(found) => found.collect(),
                Err(error) => {
                    tracing::warn!(trunk = trunk.name, peer, %error, "the peer's name cannot be looked up");
                    last.peers.get(&key).copied().into_iter().collect()
                }
            },
        };
        self.peers.extend(addresses.first().map(|first| (key, *first)));
        addresses.iter().map(|address| address.ip().to_canonical()).collect()
    }

    /// The trunk with the narrowest network around an address: asked for each message that comes, so that nothing is read anew.
    fn of_source(&self, source: IpAddr) -> Option<&TrunkName> {
        let source = source.to_canonical();
        self.sources.iter().find(|(network, _)| network.contains(&source)).map(|(_, trunk)| trunk)
    }
}

impl Trunks {
    /// See [`Directory::registered_trunk`].
    fn registered_at(&self, source: IpAddr, contact_user: Option<&str>) -> Option<&TrunkName> {
        let source = source.to_canonical();
        let there = || self.registered.iter().filter(|one| one.ips.contains(&source));
        if let Some(one) = there().find(|one| Some(one.contact_user.as_str()) == contact_user) {
            return Some(&one.trunk);
        }
        let mut there = there();
        match (there.next(), there.next()) {
            (Some(only), None) => Some(&only.trunk),
            _ => None,
        }
    }
}

fn name_of(trunk: &Trunk) -> TrunkName {
    TrunkName { tenant: trunk.tenant.clone(), name: trunk.name.clone() }
}

/// Where a trunk's requests go: its peer and its registrars.
fn peers_of(trunk: &Trunk) -> impl Iterator<Item = &str> {
    let registrars = trunk.registration.iter().flat_map(|registration| &registration.registrars);
    std::iter::once(&trunk.peer).chain(registrars).map(String::as_str).filter(|peer| !peer.is_empty())
}

fn networks_of(trunk: &Trunk) -> impl Iterator<Item = (IpNet, TrunkName)> + '_ {
    let name = name_of(trunk);
    let networks = trunk.addresses.iter().filter_map(|text| config::parse_network(text));
    networks.map(move |network| (network, name.clone()))
}

fn host_port(peer: &str) -> Option<(Host, u16)> {
    let (host, port) = parse_host_port(peer).ok()?;
    Some((host, port.unwrap_or(DEFAULT_PORT)))
}

/// The trunks as the proxy's task and the one that keeps them up to date share them.
pub(crate) type SharedTrunks = Arc<RwLock<Arc<Trunks>>>;

pub(crate) fn current(trunks: &SharedTrunks) -> Arc<Trunks> {
    Arc::clone(&trunks.read().unwrap_or_else(PoisonError::into_inner))
}

/// A [`Directory`] on the databases `load`, `calls` and `config`.
pub(crate) struct Databases {
    pub(crate) load: IraTdb,
    pub(crate) calls: IraTdb,
    pub(crate) trunks: SharedTrunks,
    /// Our node name, as the maker of reservations.
    pub(crate) node: String,
}

fn unix_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.map_or(0, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

impl Directory for Databases {
    fn trunk_of_source(&self, source: IpAddr) -> Option<TrunkName> {
        current(&self.trunks).of_source(source).cloned()
    }

    fn is_source(&self, source: IpAddr) -> bool {
        current(&self.trunks).of_source(source).is_some()
    }

    fn is_trunk_peer(&self, source: IpAddr) -> bool {
        current(&self.trunks).peer_ips.contains(&source.to_canonical())
    }

    fn is_agent(&self, source: SocketAddr) -> bool {
        current(&self.trunks).agents.contains(&source)
    }

    fn is_agent_at(&self, source: IpAddr) -> bool {
        current(&self.trunks).agents.iter().any(|agent| agent.ip() == source)
    }

    fn registered_trunk(&self, source: IpAddr, contact_user: Option<&str>) -> Option<TrunkName> {
        current(&self.trunks).registered_at(source, contact_user).cloned()
    }

    fn contact_user(&self, trunk: &TrunkName) -> Option<String> {
        let trunks = current(&self.trunks);
        trunks.registered.iter().find(|one| one.trunk == *trunk).map(|one| one.contact_user.clone())
    }

    fn resolve(&self, host: &str, port: u16) -> Option<SocketAddr> {
        current(&self.trunks).peers.get(&(host.to_ascii_lowercase(), port)).copied()
    }

    fn unix_ms(&self) -> i64 {
        unix_ms()
    }

    fn switches(&self) -> Vec<SwitchLoad> {
        self.load.read(load::switches).unwrap_or_else(|error| {
            tracing::error!(%error, "the load table cannot be read");
            Vec::new()
        })
    }

    fn node_of_call(&self, call_id: &str) -> Option<String> {
        let sql = "SELECT node FROM calls WHERE sip_call_id = ?1 LIMIT 1";
        let found = self.calls.read(|conn| conn.prepare_cached(sql)?.query_row([call_id], |row| row.get(0)).optional());
        found.unwrap_or_else(|error| {
            tracing::error!(%error, "the table of calls cannot be read");
            None
        })
    }

    fn reserve(&mut self, call_id: &str, node: &str) {
        let reservation = Reservation {
            call_id: call_id.to_owned(),
            node: node.to_owned(),
            made_by: self.node.clone(),
            made_ms: unix_ms(),
        };
        if let Err(error) = self.load.write(|conn| load::reserve(conn, &reservation)) {
            tracing::warn!(%error, node, "a call goes out without its reservation");
        }
    }

    fn release(&mut self, call_id: &str) {
        if let Err(error) = self.load.write(|conn| load::release(conn, call_id)) {
            tracing::warn!(%error, "a reservation could not be given back");
        }
    }
}
