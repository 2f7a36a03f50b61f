//! Brings the `config` tables to what a file says, with as few writes as that takes: rows that are right are left alone, so that
//! several trunk-managers with the same file have nothing to tell each other.

use std::collections::BTreeSet;

use botstream_state::config::{self, Document};
use iratdb::rusqlite;
use iratdb::rusqlite::Connection;

use crate::core::telephony::Telephony;

/// Makes the tables say what `telephony` says, and nothing else.
pub(crate) fn land(conn: &Connection, telephony: &Telephony) -> rusqlite::Result<()> {
    // What is named goes in before what names it and out after it, so that no reader ever sees a name that leads nowhere.
    land_documents(conn, &telephony.bots, Step::Put)?;
    land_documents(conn, &telephony.routes, Step::Put)?;
    land_documents(conn, &telephony.trunks, Step::Put)?;
    land_numbers(conn, telephony)?;
    land_documents(conn, &telephony.trunks, Step::Remove)?;
    land_documents(conn, &telephony.routes, Step::Remove)?;
    land_documents(conn, &telephony.bots, Step::Remove)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Put,
    Remove,
}

fn land_documents<D: Document>(conn: &Connection, wanted: &[D], step: Step) -> rusqlite::Result<()> {
    if step == Step::Put {
        return wanted.iter().try_for_each(|document| config::put(conn, document));
    }
    let names: BTreeSet<_> = wanted.iter().map(|document| (document.tenant(), document.name())).collect();
    for (tenant, name) in config::keys::<D>(conn)? {
        if !names.contains(&(tenant.as_str(), name.as_str())) {
            config::remove::<D>(conn, &tenant, &name)?;
        }
    }
    Ok(())
}

fn land_numbers(conn: &Connection, telephony: &Telephony) -> rusqlite::Result<()> {
    for number in &telephony.numbers {
        config::put_number(conn, number)?;
    }
    let key = |number: &botstream_api::Number| (number.tenant.clone(), number.trunk.clone(), number.number.clone());
    let wanted: BTreeSet<_> = telephony.numbers.iter().map(key).collect();
    for present in config::numbers(conn)? {
        if !wanted.contains(&key(&present)) {
            config::remove_number(conn, &present)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use botstream_api::{Bot, Route, Trunk};

    const FIRST: &str = r#"
        trunks = [{ name = "a", peer = "h:5060" }, { name = "b", addresses = ["10.0.0.0/8"] }]
        numbers = [{ number = "*", route = "r" }, { number = "+1*", trunk = "b", route = "r" }]
        routes = [{ name = "r", bot = "echo" }]
        bots = [{ name = "echo", url = "ws://h/" }]
    "#;

    fn memory() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        for ddl in config::SCHEMA {
            conn.execute_batch(ddl).unwrap();
        }
        conn
    }

    fn landed(conn: &Connection, toml: &str) -> Telephony {
        let telephony = Telephony::parse(toml).unwrap();
        land(conn, &telephony).unwrap();
        assert_eq!(config::all::<Trunk>(conn).unwrap(), telephony.trunks);
        assert_eq!(config::all::<Route>(conn).unwrap(), telephony.routes);
        assert_eq!(config::all::<Bot>(conn).unwrap(), telephony.bots);
        assert_eq!(config::numbers(conn).unwrap(), telephony.numbers);
        telephony
    }

    #[test]
    fn the_tables_follow_the_file() {
        let conn = memory();
        landed(&conn, FIRST);
        landed(&conn, &FIRST.replace("h:5060", "h:5080").replace("\"+1*\"", "\"+2*\""));
        landed(&conn, "trunks = [{ name = \"b\", peer = \"h:1\" }]");
        landed(&conn, "");
    }

    #[test]
    fn the_same_file_again_writes_nothing() {
        let conn = memory();
        landed(&conn, FIRST);
        let before = conn.total_changes();
        landed(&conn, FIRST);
        assert_eq!(conn.total_changes(), before);
    }
}
