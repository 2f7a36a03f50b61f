//! What the proxy knows of the cluster, read from this process's own copies of the shared databases.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use botstream_api::Trunk;
use botstream_state::config;
use botstream_state::load::{self, Reservation, SwitchLoad};
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
}

impl Trunks {
    /// Reads the trunks and looks up the names of their peers. A name that can't be looked up keeps the address it had in
    /// `last`.
    pub(crate) async fn load(config_db: &IraTdb, last: &Self) -> iratdb::Result<Self> {
        let all: Vec<Trunk> = config_db.read(config::all)?;
        let mut sources: Vec<_> = all.iter().flat_map(networks_of).collect();
        // Stable: of equals the first by tenant and name.
        sources.sort_by_key(|(network, _)| std::cmp::Reverse(network.prefix_len()));
        let mut peers = BTreeMap::new();
        for trunk in &all {
            let Some((host, port)) = host_port(&trunk.peer) else { continue };
            let key = (host.to_string().to_ascii_lowercase(), port);
            let addr = match host {
                Host::Ip(ip) => Some(SocketAddr::new(ip, port)),
                Host::Name(name) => match tokio::net::lookup_host((name.as_str(), port)).await {
                    Ok(mut found) => found.next(),
                    Err(error) => {
                        tracing::warn!(trunk = trunk.name, peer = trunk.peer, %error, "the peer's name cannot be looked up");
                        last.peers.get(&key).copied()
                    }
                },
            };
            peers.extend(addr.map(|addr| (key, addr)));
        }
        let peer_ips = peers.values().map(|peer: &SocketAddr| peer.ip().to_canonical()).collect();
        Ok(Self { sources, peers, peer_ips })
    }

    /// The trunk with the narrowest network around an address: asked for each message that comes, so that nothing is read anew.
    fn of_source(&self, source: IpAddr) -> Option<&TrunkName> {
        let source = source.to_canonical();
        self.sources.iter().find(|(network, _)| network.contains(&source)).map(|(_, trunk)| trunk)
    }
}

fn networks_of(trunk: &Trunk) -> impl Iterator<Item = (IpNet, TrunkName)> + '_ {
    let name = TrunkName { tenant: trunk.tenant.clone(), name: trunk.name.clone() };
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
