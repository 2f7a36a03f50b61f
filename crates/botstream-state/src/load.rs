//! Database `load`: how full each media switch is, what is on its way there, and by which proxies.

use iratdb::rusqlite;
use iratdb::rusqlite::{Connection, Row, named_params};
use iratdb::{Options, TableOptions};

/// Name of the database.
pub const NAME: &str = "load";

/// Its tables.
pub const SCHEMA: &[&str] = &[
    "CREATE TABLE switches (
    node TEXT NOT NULL PRIMARY KEY,
    sip_udp TEXT NOT NULL,
    sip_tcp TEXT NOT NULL,
    zone TEXT NOT NULL,
    calls INTEGER NOT NULL,
    capacity INTEGER NOT NULL,
    state TEXT NOT NULL
)",
    "CREATE TABLE reservations (
    call_id TEXT NOT NULL PRIMARY KEY,
    node TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_ms INTEGER NOT NULL
)",
    "CREATE TABLE proxies (
    node TEXT NOT NULL PRIMARY KEY,
    sip_udp TEXT NOT NULL,
    sip_tcp TEXT NOT NULL,
    zone TEXT NOT NULL,
    state TEXT NOT NULL
)",
];

/// How to open it.
pub fn options() -> Options {
    Options::new(NAME)
        .schema(SCHEMA)
        .table("switches", TableOptions::default().owned())
        .table("reservations", TableOptions::default().owned())
        .table("proxies", TableOptions::default().owned())
}

/// Whether a switch takes new calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SwitchState {
    /// Takes new calls.
    Active,
    /// Takes none; what a state of a later version counts as too.
    #[default]
    Draining,
}

impl SwitchState {
    /// The value in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Draining => "draining",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "active" => Self::Active,
            _ => Self::Draining,
        }
    }
}

/// A row of `switches`, with the number of reservations on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SwitchLoad {
    /// Name of the node.
    pub node: String,
    /// `host:port` for SIP over UDP.
    pub sip_udp: String,
    /// `host:port` for SIP over TCP.
    pub sip_tcp: String,
    /// Failure zone; may be empty.
    pub zone: String,
    /// Calls that it has.
    pub calls: u32,
    /// Calls on their way to it; counted when read, ignored when put.
    pub reservations: u32,
    /// Calls that it can have.
    pub capacity: u32,
    /// Whether it takes new calls.
    pub state: SwitchState,
}

impl SwitchLoad {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let state: String = row.get(6)?;
        Ok(Self {
            node: row.get(0)?,
            sip_udp: row.get(1)?,
            sip_tcp: row.get(2)?,
            zone: row.get(3)?,
            calls: row.get(4)?,
            capacity: row.get(5)?,
            state: SwitchState::from_name(&state),
            reservations: row.get(7)?,
        })
    }

    /// Calls that it has or will have.
    pub fn taken(&self) -> u64 {
        u64::from(self.calls) + u64::from(self.reservations)
    }

    /// Whether it would take one more.
    pub fn has_room(&self) -> bool {
        self.state == SwitchState::Active && self.taken() < u64::from(self.capacity)
    }
}

/// The least loaded switch that has room: smallest (calls + reservations) / capacity. Of several that are equally loaded,
/// `tie_break` picks one; give it a random number, so that many choosers do not all pick the same.
pub fn choose(switches: &[SwitchLoad], tie_break: u64) -> Option<&SwitchLoad> {
    // a/b < c/d without division: exact, and no capacity is 0 among those with room.
    let lighter = |a: &SwitchLoad, b: &SwitchLoad| {
        (u128::from(a.taken()) * u128::from(b.capacity)).cmp(&(u128::from(b.taken()) * u128::from(a.capacity)))
    };
    let with_room = || switches.iter().filter(|switch| switch.has_room());
    let lightest = with_room().min_by(|a, b| lighter(a, b))?;
    let tied = || with_room().filter(|switch| lighter(switch, lightest).is_eq());
    let count = u64::try_from(tied().count()).ok()?;
    let index = usize::try_from(tie_break.checked_rem(count)?).ok()?;
    tied().nth(index)
}

/// All switches with their load, by name.
pub fn switches(conn: &Connection) -> rusqlite::Result<Vec<SwitchLoad>> {
    crate::all(
        conn,
        "SELECT s.node, s.sip_udp, s.sip_tcp, s.zone, s.calls, s.capacity, s.state,
             (SELECT count(*) FROM reservations r WHERE r.node = s.node)
         FROM switches s ORDER BY s.node",
        [],
        SwitchLoad::read,
    )
}

/// Inserts a switch, taking the row over from a process that had the same node name and may be dead: what a switch does once, at
/// its start.
pub fn claim_switch(conn: &Connection, row: &SwitchLoad) -> rusqlite::Result<()> {
    write_switch(
        conn,
        "INSERT OR REPLACE INTO switches VALUES (:node, :sip_udp, :sip_tcp, :zone, :calls, :capacity, :state)",
        row,
    )
}

/// Inserts a switch, or updates what has changed of it. Fails when the row is another process's.
pub fn put_switch(conn: &Connection, row: &SwitchLoad) -> rusqlite::Result<()> {
    write_switch(
        conn,
        "INSERT INTO switches VALUES (:node, :sip_udp, :sip_tcp, :zone, :calls, :capacity, :state)
         ON CONFLICT (node) DO UPDATE SET sip_udp = excluded.sip_udp, sip_tcp = excluded.sip_tcp, zone = excluded.zone,
             calls = excluded.calls, capacity = excluded.capacity, state = excluded.state",
        row,
    )
}

fn write_switch(conn: &Connection, sql: &str, row: &SwitchLoad) -> rusqlite::Result<()> {
    crate::execute(
        conn,
        sql,
        named_params! {
            ":node": row.node, ":sip_udp": row.sip_udp, ":sip_tcp": row.sip_tcp, ":zone": row.zone,
            ":calls": row.calls, ":capacity": row.capacity, ":state": row.state.name(),
        },
    )?;
    Ok(())
}

/// Removes a switch; whether it was there.
pub fn remove_switch(conn: &Connection, node: &str) -> rusqlite::Result<bool> {
    Ok(crate::execute(conn, "DELETE FROM switches WHERE node = ?1", [node])? > 0)
}

/// A row of `reservations`: a call on its way to a switch, not yet counted there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The call id, or whatever else names the attempt (botproxy: the SIP Call-ID).
    pub call_id: String,
    /// The switch.
    pub node: String,
    /// The node that made it.
    pub made_by: String,
    /// When, ms since 1970.
    pub made_ms: i64,
}

/// Makes a reservation, moves it to another switch, or takes it over from another maker.
pub fn reserve(conn: &Connection, reservation: &Reservation) -> rusqlite::Result<()> {
    crate::execute(
        conn,
        "INSERT OR REPLACE INTO reservations VALUES (:call_id, :node, :made_by, :made_ms)",
        named_params! {
            ":call_id": reservation.call_id, ":node": reservation.node, ":made_by": reservation.made_by,
            ":made_ms": reservation.made_ms,
        },
    )?;
    Ok(())
}

/// Gives a reservation back; whether it was there.
pub fn release(conn: &Connection, call_id: &str) -> rusqlite::Result<bool> {
    Ok(crate::execute(conn, "DELETE FROM reservations WHERE call_id = ?1", [call_id])? > 0)
}

/// A row of `proxies`: where a botproxy takes SIP, so that switches send their outbound calls through it and know its
/// requests by their source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proxy {
    /// Name of the node.
    pub node: String,
    /// `host:port` for SIP over UDP, as switches reach it.
    pub sip_udp: String,
    /// `host:port` for SIP over TCP.
    pub sip_tcp: String,
    /// Failure zone; may be empty.
    pub zone: String,
    /// Whether it takes new calls.
    pub state: SwitchState,
}

/// All proxies, by name.
pub fn proxies(conn: &Connection) -> rusqlite::Result<Vec<Proxy>> {
    crate::all(conn, "SELECT node, sip_udp, sip_tcp, zone, state FROM proxies ORDER BY node", [], |row| {
        let state: String = row.get(4)?;
        Ok(Proxy {
            node: row.get(0)?,
            sip_udp: row.get(1)?,
            sip_tcp: row.get(2)?,
            zone: row.get(3)?,
            state: SwitchState::from_name(&state),
        })
    })
}

/// Inserts a proxy, taking the row over from a dead process of the same node name.
pub fn put_proxy(conn: &Connection, row: &Proxy) -> rusqlite::Result<()> {
    crate::execute(
        conn,
        "INSERT OR REPLACE INTO proxies VALUES (:node, :sip_udp, :sip_tcp, :zone, :state)",
        named_params! {
            ":node": row.node, ":sip_udp": row.sip_udp, ":sip_tcp": row.sip_tcp, ":zone": row.zone,
            ":state": row.state.name(),
        },
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn switch(node: &str, calls: u32, reservations: u32, capacity: u32) -> SwitchLoad {
        SwitchLoad {
            node: node.into(),
            calls,
            reservations,
            capacity,
            state: SwitchState::Active,
            ..Default::default()
        }
    }

    fn chosen(switches: &[SwitchLoad], tie_break: u64) -> Option<&str> {
        choose(switches, tie_break).map(|switch| switch.node.as_str())
    }

    #[test]
    fn load_is_weighted_by_capacity_and_counts_reservations() {
        assert_eq!(chosen(&[switch("a", 10, 0, 100), switch("b", 15, 0, 200)], 0), Some("b"));
        assert_eq!(chosen(&[switch("a", 10, 0, 100), switch("b", 5, 6, 100)], 0), Some("a"));
    }

    #[test]
    fn full_and_draining_switches_get_nothing() {
        let mut draining = switch("a", 0, 0, 10);
        draining.state = SwitchState::Draining;
        let full = switch("b", 8, 2, 10);
        let none = switch("c", 0, 0, 0);
        assert_eq!(chosen(&[draining, full, none], 3), None);
        assert_eq!(chosen(&[], 3), None);
    }

    #[test]
    fn ties_are_broken_by_the_number() {
        let switches = [switch("a", 1, 0, 10), switch("b", 2, 0, 10), switch("c", 10, 0, 100)];
        assert_eq!(chosen(&switches, 0), Some("a"));
        assert_eq!(chosen(&switches, 1), Some("c"));
        assert_eq!(chosen(&switches, u64::MAX), Some("c"));
    }

    #[test]
    fn reservations_are_counted_moved_and_released() {
        let conn = crate::memory(SCHEMA);
        claim_switch(&conn, &switch("a", 1, 0, 10)).unwrap();
        put_switch(&conn, &switch("a", 3, 0, 10)).unwrap();
        put_switch(&conn, &switch("b", 3, 0, 10)).unwrap();
        let mut reservation = Reservation { call_id: "1".into(), node: "a".into(), made_by: "d-1".into(), made_ms: 1 };
        reserve(&conn, &reservation).unwrap();
        assert_eq!(switches(&conn).unwrap()[0], switch("a", 3, 1, 10));
        reservation.node = "b".into();
        reserve(&conn, &reservation).unwrap();
        let loads: Vec<_> = switches(&conn).unwrap().iter().map(SwitchLoad::taken).collect();
        assert_eq!(loads, [3, 4]);
        assert!(release(&conn, "1").unwrap());
        assert!(remove_switch(&conn, "a").unwrap());
        assert_eq!(switches(&conn).unwrap(), [switch("b", 3, 0, 10)]);
    }

    #[test]
    fn a_proxy_is_taken_over_by_its_successor() {
        let conn = crate::memory(SCHEMA);
        let mut proxy = Proxy { node: "p-1".into(), sip_udp: "10.0.0.1:5060".into(), ..Default::default() };
        put_proxy(&conn, &proxy).unwrap();
        proxy.sip_udp = "10.0.0.2:5060".into();
        proxy.state = SwitchState::Active;
        put_proxy(&conn, &proxy).unwrap();
        assert_eq!(proxies(&conn).unwrap(), [proxy]);
    }

    proptest! {
        #[test]
        fn nobody_with_room_is_lighter_than_the_choice(
            loads in prop::collection::vec((0u32..50, 0u32..50, 0u32..100), 0..8),
            tie_break: u64,
        ) {
            let switches: Vec<_> = loads.iter().map(|(c, r, k)| switch("x", *c, *r, *k)).collect();
            match choose(&switches, tie_break) {
                None => prop_assert!(switches.iter().all(|s| !s.has_room())),
                Some(best) => {
                    prop_assert!(best.has_room());
                    let ratio = |s: &SwitchLoad| s.taken() as f64 / f64::from(s.capacity);
                    prop_assert!(switches.iter().filter(|s| s.has_room()).all(|s| ratio(s) >= ratio(best)));
                }
            }
        }
    }
}
