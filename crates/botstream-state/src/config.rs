//! Database `config`: trunks, numbers, routes and bots, written by the trunk-manager, read by every service; and beside them how the trunks
//! are ([`trunk_states`](crate::trunk_states)).
//!
//! Every object belongs to a tenant and is named within it. Trunks, routes and bots are kept whole, as the JSON of their
//! message, beside their key.

use std::net::IpAddr;

use botstream_api::{Bot, Number, Route, StreamSpec, Trunk, from_json};
use ipnet::IpNet;
use iratdb::rusqlite;
use iratdb::rusqlite::types::Type;
use iratdb::rusqlite::{Connection, Row};
use iratdb::{Options, TableOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::trunk_states;

/// Name of the database.
pub const NAME: &str = "config";

/// Its tables.
pub const SCHEMA: &[&str] = &[
    "CREATE TABLE trunks (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
)",
    "CREATE TABLE numbers (
    tenant TEXT NOT NULL,
    trunk TEXT NOT NULL,
    number TEXT NOT NULL,
    route TEXT NOT NULL,
    PRIMARY KEY (tenant, trunk, number)
)",
    "CREATE TABLE routes (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
)",
    "CREATE TABLE bots (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
)",
    trunk_states::STATES,
    trunk_states::AGENTS,
];

/// How to open it.
pub fn options() -> Options {
    Options::new(NAME).schema(SCHEMA).table("trunk_agents", TableOptions::default().owned())
}

/// An object that is kept whole.
pub trait Document: Serialize + DeserializeOwned + PartialEq {
    /// Its table.
    const TABLE: &'static str;
    /// The tenant that it belongs to.
    fn tenant(&self) -> &str;
    /// Its name within the tenant.
    fn name(&self) -> &str;
}

macro_rules! document {
    ($message:ty, $table:literal) => {
        impl Document for $message {
            const TABLE: &'static str = $table;
            fn tenant(&self) -> &str {
                &self.tenant
            }
            fn name(&self) -> &str {
                &self.name
            }
        }
    };
}

document!(Trunk, "trunks");
document!(Route, "routes");
document!(Bot, "bots");

fn read_document<D: Document>(row: &Row<'_>) -> rusqlite::Result<D> {
    let text: String = row.get(0)?;
    from_json(text.as_bytes()).map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(e)))
}

/// One object by name.
pub fn get<D: Document>(conn: &Connection, tenant: &str, name: &str) -> rusqlite::Result<Option<D>> {
    let sql = format!("SELECT document FROM {} WHERE tenant = ?1 AND name = ?2", D::TABLE);
    crate::one(conn, &sql, [tenant, name], read_document)
}

/// Every object of one kind, of all tenants, by tenant and name.
pub fn all<D: Document>(conn: &Connection) -> rusqlite::Result<Vec<D>> {
    let sql = format!("SELECT document FROM {} ORDER BY tenant, name", D::TABLE);
    crate::all(conn, &sql, [], read_document)
}

/// The keys (tenant, name) of every object of one kind: without reading what another version may have written.
pub fn keys<D: Document>(conn: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = format!("SELECT tenant, name FROM {} ORDER BY tenant, name", D::TABLE);
    crate::all(conn, &sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Inserts or replaces an object; leaves the row alone when it already says so.
pub fn put<D: Document>(conn: &Connection, document: &D) -> rusqlite::Result<()> {
    let text = serde_json::to_string(document).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
    let sql = format!(
        "INSERT INTO {0} VALUES (?1, ?2, ?3)
         ON CONFLICT (tenant, name) DO UPDATE SET document = excluded.document
             WHERE document <> excluded.document",
        D::TABLE
    );
    crate::execute(conn, &sql, [document.tenant(), document.name(), &text])?;
    Ok(())
}

/// Removes an object; whether it was there.
pub fn remove<D: Document>(conn: &Connection, tenant: &str, name: &str) -> rusqlite::Result<bool> {
    let sql = format!("DELETE FROM {} WHERE tenant = ?1 AND name = ?2", D::TABLE);
    Ok(crate::execute(conn, &sql, [tenant, name])? > 0)
}

fn read_number(row: &Row<'_>) -> rusqlite::Result<Number> {
    Ok(Number { tenant: row.get(0)?, trunk: row.get(1)?, number: row.get(2)?, route: row.get(3)?, ..Number::default() })
}

/// Every number, of all tenants.
pub fn numbers(conn: &Connection) -> rusqlite::Result<Vec<Number>> {
    let sql = "SELECT tenant, trunk, number, route FROM numbers ORDER BY tenant, trunk, number";
    crate::all(conn, sql, [], read_number)
}

/// Inserts a number or changes its route; leaves the row alone when it already says so.
pub fn put_number(conn: &Connection, number: &Number) -> rusqlite::Result<()> {
    crate::execute(
        conn,
        "INSERT INTO numbers VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (tenant, trunk, number) DO UPDATE SET route = excluded.route WHERE route <> excluded.route",
        [&number.tenant, &number.trunk, &number.number, &number.route],
    )?;
    Ok(())
}

/// Removes a number; whether it was there.
pub fn remove_number(conn: &Connection, number: &Number) -> rusqlite::Result<bool> {
    let removed = crate::execute(
        conn,
        "DELETE FROM numbers WHERE tenant = ?1 AND trunk = ?2 AND number = ?3",
        [&number.tenant, &number.trunk, &number.number],
    )?;
    Ok(removed > 0)
}

/// Where a called number leads: the exact number, else the longest prefix that ends in `*`, else nowhere (a 404).
///
/// An entry for the trunk goes before one for every trunk with the same number or prefix.
pub fn number(conn: &Connection, tenant: &str, trunk: &str, called: &str) -> rusqlite::Result<Option<Number>> {
    crate::one(
        conn,
        "SELECT tenant, trunk, number, route FROM numbers
         WHERE tenant = ?1 AND trunk IN (?2, '')
             AND (number = ?3
                 OR (substr(number, -1) = '*'
                     AND substr(?3, 1, length(number) - 1) = substr(number, 1, length(number) - 1)))
         ORDER BY number = ?3 DESC, length(number) DESC, trunk <> '' DESC LIMIT 1",
        [tenant, trunk, called],
        read_number,
    )
}

/// The route of a called number; `None` when no number matches or its route is gone.
pub fn route_of_number(conn: &Connection, tenant: &str, trunk: &str, called: &str) -> rusqlite::Result<Option<Route>> {
    match number(conn, tenant, trunk, called)? {
        Some(number) => get(conn, tenant, &number.route),
        None => Ok(None),
    }
}

/// How calls of a route are streamed; `None` when the bot that it names is gone.
pub fn stream_of_route(conn: &Connection, route: &Route) -> rusqlite::Result<Option<StreamSpec>> {
    if let Some(stream) = &route.stream {
        return Ok(Some(stream.clone()));
    }
    let bot: Option<Bot> = get(conn, &route.tenant, &route.bot)?;
    Ok(bot.map(|bot| bot.stream()))
}

/// A list of networks, each a CIDR or a single address, as trunks have them. Entries that are neither are left out: the
/// trunk-manager lets none in.
fn networks(texts: &[String]) -> impl Iterator<Item = IpNet> + '_ {
    texts.iter().filter_map(|text| parse_network(text))
}

/// Reads a CIDR or a single address.
pub fn parse_network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// The trunk that a call from this address belongs to: the one with the narrowest network around it; of equals the first by
/// tenant and name. Give it the trunks in the order of [`all`].
pub fn trunk_of_source(trunks: &[Trunk], source: IpAddr) -> Option<&Trunk> {
    let source = source.to_canonical();
    let mut best: Option<(u8, &Trunk)> = None;
    for trunk in trunks {
        for network in networks(&trunk.addresses).filter(|network| network.contains(&source)) {
            if best.is_none_or(|(narrowest, _)| network.prefix_len() > narrowest) {
                best = Some((network.prefix_len(), trunk));
            }
        }
    }
    best.map(|(_, trunk)| trunk)
}

/// Whether RTP for a call of this trunk may come from an address other than the signalled one.
pub fn rtp_allowed_from(trunk: &Trunk, source: IpAddr) -> bool {
    trunk.nat || networks(&trunk.rtp_networks).any(|network| network.contains(&source.to_canonical()))
}

/// Why no trunk could be chosen for a call that is dialled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTrunk {
    /// The named one does not exist.
    #[error("no trunk {0:?}")]
    Unknown(String),
    /// The named one has no `peer`.
    #[error("trunk {0:?} has no peer: it is for inbound calls only")]
    InboundOnly(String),
    /// There is none to choose from.
    #[error("no trunk for outbound calls is configured")]
    None,
    /// There are several and none is the default.
    #[error("several trunks and none is the default: name one of {}", .0.join(", "))]
    Ambiguous(Vec<String>),
}

/// The trunk for a call that is dialled: the named one, else the default one, else the only one that has a peer.
pub fn trunk_for_dial<'a>(trunks: &'a [Trunk], tenant: &str, name: &str) -> Result<&'a Trunk, NoTrunk> {
    let of_tenant = || trunks.iter().filter(|trunk| trunk.tenant == tenant);
    if !name.is_empty() {
        let named = of_tenant().find(|trunk| trunk.name == name).ok_or_else(|| NoTrunk::Unknown(name.to_owned()))?;
        if named.peer.is_empty() {
            return Err(NoTrunk::InboundOnly(name.to_owned()));
        }
        return Ok(named);
    }
    let outbound: Vec<&Trunk> = of_tenant().filter(|trunk| !trunk.peer.is_empty()).collect();
    if let Some(default) = outbound.iter().find(|trunk| trunk.default) {
        return Ok(default);
    }
    match outbound.as_slice() {
        [] => Err(NoTrunk::None),
        [only] => Ok(only),
        several => Err(NoTrunk::Ambiguous(several.iter().map(|trunk| trunk.name.clone()).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trunk(name: &str, addresses: &[&str], peer: &str) -> Trunk {
        Trunk {
            name: name.into(),
            tenant: "default".into(),
            addresses: addresses.iter().map(ToString::to_string).collect(),
            peer: peer.into(),
            ..Default::default()
        }
    }

    #[test]
    fn documents_come_back_whole() {
        let conn = crate::memory(SCHEMA);
        let mut a = trunk("a", &["10.0.0.0/8"], "sip.example:5060");
        put(&conn, &a).unwrap();
        put(&conn, &trunk("b", &[], "")).unwrap();
        a.nat = true;
        put(&conn, &a).unwrap();
        assert_eq!(get::<Trunk>(&conn, "default", "a").unwrap(), Some(a));
        assert_eq!(get::<Trunk>(&conn, "acme", "a").unwrap(), None);
        assert_eq!(all::<Trunk>(&conn).unwrap().len(), 2);
        assert!(remove::<Trunk>(&conn, "default", "b").unwrap());
        assert!(!remove::<Trunk>(&conn, "default", "b").unwrap());
    }

    #[test]
    fn an_unchanged_document_writes_nothing() {
        let conn = crate::memory(SCHEMA);
        put(&conn, &trunk("a", &[], "")).unwrap();
        let before = conn.total_changes();
        put(&conn, &trunk("a", &[], "")).unwrap();
        assert_eq!(conn.total_changes(), before);
    }

    #[test]
    fn the_longest_match_wins_and_the_trunk_goes_first() {
        let conn = crate::memory(SCHEMA);
        for (trunk, pattern, route) in [
            ("", "+4930123", "exact"),
            ("", "+4930*", "berlin"),
            ("", "+49*", "germany"),
            ("t1", "+4930*", "berlin-t1"),
            ("t1", "*", "rest-t1"),
        ] {
            let number = Number {
                tenant: "default".into(),
                trunk: trunk.into(),
                number: pattern.into(),
                route: route.into(),
                ..Number::default()
            };
            put_number(&conn, &number).unwrap();
        }
        let route =
            |trunk: &str, called: &str| number(&conn, "default", trunk, called).unwrap().map(|number| number.route);
        assert_eq!(route("t1", "+4930123").as_deref(), Some("exact"));
        assert_eq!(route("t1", "+49301234").as_deref(), Some("berlin-t1"));
        assert_eq!(route("t2", "+49301234").as_deref(), Some("berlin"));
        assert_eq!(route("t2", "+4989").as_deref(), Some("germany"));
        assert_eq!(route("t1", "alice").as_deref(), Some("rest-t1"));
        assert_eq!(route("t2", "alice"), None);
        assert_eq!(route("t2", "+49*").as_deref(), Some("germany"));
        assert_eq!(number(&conn, "acme", "t1", "+4930123").unwrap(), None);
    }

    #[test]
    fn a_route_streams_to_its_bot_or_in_place() {
        let conn = crate::memory(SCHEMA);
        let bot = Bot {
            name: "echo".into(),
            tenant: "default".into(),
            url: "ws://127.0.0.1:1/".into(),
            ..Default::default()
        };
        put(&conn, &bot).unwrap();
        let mut route = Route { name: "r".into(), tenant: "default".into(), bot: "echo".into(), ..Default::default() };
        assert_eq!(stream_of_route(&conn, &route).unwrap(), Some(bot.stream()));
        route.bot = "gone".into();
        assert_eq!(stream_of_route(&conn, &route).unwrap(), None);
        route.stream = Some(StreamSpec::default());
        assert_eq!(stream_of_route(&conn, &route).unwrap(), Some(StreamSpec::default()));
    }

    #[test]
    fn a_source_belongs_to_the_narrowest_network() {
        let trunks = [trunk("wide", &["10.0.0.0/8"], ""), trunk("narrow", &["192.0.2.7", "10.1.0.0/16"], "")];
        let of = |source: &str| trunk_of_source(&trunks, source.parse().unwrap()).map(|t| t.name.as_str());
        assert_eq!(of("10.2.0.1"), Some("wide"));
        assert_eq!(of("10.1.0.1"), Some("narrow"));
        assert_eq!(of("::ffff:192.0.2.7"), Some("narrow"));
        assert_eq!(of("192.0.2.8"), None);
    }

    #[test]
    fn rtp_comes_from_listed_networks_or_anywhere_behind_nat() {
        let mut t = trunk("t", &[], "");
        let stranger = "198.51.100.1".parse().unwrap();
        assert!(!rtp_allowed_from(&t, stranger));
        t.rtp_networks = vec!["198.51.100.0/24".into()];
        assert!(rtp_allowed_from(&t, stranger));
        t.rtp_networks.clear();
        t.nat = true;
        assert!(rtp_allowed_from(&t, stranger));
    }

    #[test]
    fn a_dial_gets_the_named_the_default_or_the_only_trunk() {
        let mut trunks = vec![trunk("in", &[], ""), trunk("a", &[], "h:1")];
        let name = |trunks: &[Trunk], name: &str| trunk_for_dial(trunks, "default", name).map(|t| t.name.clone());
        assert_eq!(name(&trunks, ""), Ok("a".into()));
        trunks.push(trunk("b", &[], "h:2"));
        assert_eq!(name(&trunks, "b"), Ok("b".into()));
        assert_eq!(name(&trunks, ""), Err(NoTrunk::Ambiguous(vec!["a".into(), "b".into()])));
        trunks[2].default = true;
        assert_eq!(name(&trunks, ""), Ok("b".into()));
        assert_eq!(name(&trunks, "x"), Err(NoTrunk::Unknown("x".into())));
        assert_eq!(name(&trunks, "in"), Err(NoTrunk::InboundOnly("in".into())));
        assert_eq!(trunk_for_dial(&trunks, "acme", ""), Err(NoTrunk::None));
        assert_eq!(trunk_for_dial(&trunks, "acme", "a"), Err(NoTrunk::Unknown("a".into())));
    }
}
