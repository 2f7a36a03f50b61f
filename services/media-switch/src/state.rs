//! What the switch shares with the cluster, and reads of it, all from its own copies.

use botstream_api::{Route, StreamSpec, Trunk};
use botstream_state::calls::{self, CallRow};
use botstream_state::config;
use botstream_state::load::{self, Proxy, SwitchLoad, SwitchState};
use botstream_state::secrets;
use iratdb::IraTdb;

use crate::media::Credential;

/// The switch's databases.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) calls: IraTdb,
    pub(crate) load: IraTdb,
    pub(crate) config: IraTdb,
    pub(crate) secrets: IraTdb,
}

/// Where an inbound call leads.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) route: Route,
    pub(crate) stream: StreamSpec,
}

impl State {
    pub(crate) fn trunk(&self, tenant: &str, name: &str) -> iratdb::Result<Option<Trunk>> {
        self.config.read(|conn| config::get(conn, tenant, name))
    }

    /// The trunk whose addresses hold `source`.
    pub(crate) fn trunk_of_source(&self, source: std::net::IpAddr) -> iratdb::Result<Option<Trunk>> {
        let trunks: Vec<Trunk> = self.config.read(config::all)?;
        Ok(config::trunk_of_source(&trunks, source).cloned())
    }

    /// Where a called number leads, if anywhere.
    pub(crate) fn destination(&self, tenant: &str, trunk: &str, called: &str) -> iratdb::Result<Option<Destination>> {
        self.config.read(|conn| {
            let Some(route) = config::route_of_number(conn, tenant, trunk, called)? else {
                return Ok(None);
            };
            let stream = config::stream_of_route(conn, &route)?;
            Ok(stream.map(|stream| Destination { route, stream }))
        })
    }

    /// What a bot of a tenant at this URL wants to see.
    pub(crate) fn bot_credential(&self, tenant: &str, url: &str) -> iratdb::Result<Credential> {
        let found = self.secrets.read(|conn| secrets::credential(conn, tenant, url))?.unwrap_or_default();
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        Ok(Credential { bearer: some(found.bearer), basic: some(found.basic), secret: some(found.secret) })
    }

    /// The botproxies that take calls.
    pub(crate) fn proxies(&self) -> iratdb::Result<Vec<Proxy>> {
        let mut proxies = self.load.read(load::proxies)?;
        proxies.retain(|proxy| proxy.state == SwitchState::Active);
        Ok(proxies)
    }

    /// Whether `source` is where a botproxy sends from.
    pub(crate) fn is_proxy(&self, source: sip::Peer) -> iratdb::Result<bool> {
        let proxies = self.load.read(load::proxies)?;
        Ok(proxies.iter().any(|proxy| match source.transport {
            sip::Transport::Udp => proxy.sip_udp.parse() == Ok(source.addr),
            // A connection it opened has a port of its own.
            sip::Transport::Tcp => proxy
                .sip_tcp
                .parse::<std::net::SocketAddr>()
                .is_ok_and(|addr| addr.ip().to_canonical() == source.addr.ip().to_canonical()),
        }))
    }

    pub(crate) fn put_call(&self, row: &CallRow) -> iratdb::Result<()> {
        self.calls.write(|conn| calls::put(conn, row)).map(|_commit| ())
    }

    pub(crate) fn remove_call(&self, call_id: &str) -> iratdb::Result<()> {
        self.calls.write(|conn| calls::remove(conn, call_id)).map(|_commit| ())
    }

    /// Puts the switch's own row. The first time it may have to take it over from its dead predecessor.
    pub(crate) fn put_load(&self, row: &SwitchLoad, is_first: bool) -> iratdb::Result<()> {
        let write = if is_first { load::claim_switch } else { load::put_switch };
        self.load.write(|conn| write(conn, row)).map(|_commit| ())
    }
}
