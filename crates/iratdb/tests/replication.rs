//! Databases in several connections to a real nats-server.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;

use std::time::Duration;

use common::{NatsServer, PATIENCE, number, until, until_equal};
use iratdb::rusqlite::params;
use iratdb::{Change, Error, IraTdb, Op, Options, Origin, TableOptions, Value};

fn options() -> Options {
    Options::new("test")
        .schema(&[
            "CREATE TABLE calls (id TEXT NOT NULL PRIMARY KEY, state TEXT, n INTEGER)",
            "CREATE TABLE leases (id TEXT NOT NULL PRIMARY KEY, who TEXT)",
            "CREATE TABLE local_notes (text TEXT)",
        ])
        .table("leases", TableOptions::default().owned())
        .node("node-1")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_shows_elsewhere() {
    let nats = NatsServer::start();
    let a = nats.open(options()).await;
    let b = nats.open(options()).await;
    a.ready().await.unwrap();
    b.ready().await.unwrap();
    let mut changes = b.subscribe("calls").unwrap();
    let commit = a
        .write(|tx| {
            tx.execute("INSERT INTO local_notes VALUES ('mine')", ())?;
            tx.execute("INSERT INTO calls VALUES ('c1', 'ringing', 1)", ())
        })
        .unwrap();
    assert_eq!((commit.value, commit.rows_changed), (1, 1));
    let Some(Change::Row(change)) = changes.next().await else { panic!("a change") };
    assert_eq!((change.op, &*change.pk), (Op::Insert, &[Value::from("c1")][..]));
    let Origin::Remote { member, node } = &change.origin else { panic!("it was made elsewhere") };
    assert_eq!((*member, &**node), (Some(a.members()[0].id), "node-1"));
    let made_ms = change.hlc >> 16;
    assert_eq!(change.get("state").and_then(Value::as_str), Some("ringing"));
    assert_eq!(number(&b, "SELECT count(*) FROM local_notes"), 0);

    b.write(|tx| tx.execute("UPDATE calls SET state = 'answered' WHERE id = 'c1'", ())).unwrap();
    let Some(Change::Row(change)) = changes.next().await else { panic!("a change") };
    assert_eq!((change.op, &change.origin), (Op::Update, &Origin::Local));
    assert!(change.hlc >> 16 >= made_ms && made_ms > 0);
    until_equal(&[&a, &b]).await;

    a.write(|tx| tx.execute("DELETE FROM calls", ())).unwrap();
    let Some(Change::Row(change)) = changes.next().await else { panic!("a change") };
    assert_eq!((change.op, &change.row), (Op::Delete, &None));

    assert_eq!(a.members().len(), 2);
    assert_eq!(b.stats().malformed + b.stats().refused, 0);
    a.close().await.unwrap();
    assert!(matches!(a.read(|_| Ok(())), Err(Error::Closed)));
    b.close().await.unwrap();
    assert_eq!(changes.next().await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replicated_commit_shows_at_so_many_others() {
    let nats = NatsServer::start();
    let a = nats.open(options()).await;
    let b = nats.open(options()).await;
    let c = nats.open(options()).await;
    for db in [&a, &b, &c] {
        db.ready().await.unwrap();
    }
    until("a knows the others", || a.members().iter().filter(|member| member.ready).count() == 3).await;
    for n in 0..20 {
        let commit = a.write(|tx| tx.execute("INSERT INTO calls VALUES (?1, '', 0)", [n])).unwrap();
        commit.replicated(2, PATIENCE).await.unwrap();
        assert_eq!([&b, &c].map(|db| number(db, "SELECT count(*) FROM calls")), [n + 1; 2]);
    }
    // In parts, behind which a small one waits.
    let text = "x".repeat(1_000);
    let large = a
        .write(|tx| {
            (100..2_100)
                .try_for_each(|n| tx.execute("INSERT INTO calls VALUES (?1, ?2, 0)", params![n, text]).map(drop))
        })
        .unwrap();
    let small = a.write(|tx| tx.execute("DELETE FROM calls WHERE id = 0", ())).unwrap();
    small.replicated(2, PATIENCE).await.unwrap();
    large.replicated(2, Duration::ZERO).await.unwrap();
    assert_eq!([&b, &c].map(|db| number(db, "SELECT count(*) FROM calls")), [2_019; 2]);

    let late = a.write(|tx| tx.execute("DELETE FROM calls WHERE id = 1", ())).unwrap();
    let failed = late.replicated(3, Duration::from_millis(300)).await;
    assert!(matches!(failed, Err(Error::NotReplicated { have: 2, wanted: 3, .. })), "{failed:?}");
    c.close().await.unwrap();
    until("c has left", || a.members().len() == 2).await;
    let failed = late.replicated(2, Duration::from_millis(10)).await;
    assert!(matches!(failed, Err(Error::NotReplicated { have: 1, wanted: 2, .. })), "{failed:?}");
    let waiting = late.clone();
    let waiting = tokio::spawn(async move { waiting.replicated(2, PATIENCE).await });
    a.close().await.unwrap();
    assert!(matches!(waiting.await.unwrap(), Err(Error::Closed)));
    b.close().await.unwrap();

    let reader = nats.open(options().read_only()).await;
    reader.ready().await.unwrap();
    let refused = reader.write(|tx| tx.execute("INSERT INTO calls VALUES ('c', '', 0)", ()));
    assert!(matches!(refused, Err(Error::ReadOnly { table: Some(table), .. }) if table == "calls"));
    reader.write(|tx| tx.execute("INSERT INTO local_notes VALUES ('mine')", ())).unwrap();
    reader.close().await.unwrap();

    let alone = IraTdb::open(options()).await.unwrap();
    let commit = alone.write(|tx| tx.execute("INSERT INTO calls VALUES ('c', '', 0)", ())).unwrap();
    commit.replicated(0, PATIENCE).await.unwrap();
    assert!(matches!(commit.replicated(1, PATIENCE).await, Err(Error::NotReplicated { have: 0, .. })));
    assert_eq!(
        alone.tables().iter().map(|table| (table.name.as_str(), table.owned)).collect::<Vec<_>>(),
        [("calls", false), ("leases", true)]
    );
    assert_eq!(alone.digests().unwrap()["calls"].rows, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owned_rows_go_when_their_owner_closes() {
    let nats = NatsServer::start();
    let a = nats.open(options()).await;
    let b = nats.open(options()).await;
    a.ready().await.unwrap();
    b.ready().await.unwrap();
    a.write(|tx| tx.execute("INSERT INTO leases VALUES ('x', 'a'), ('y', 'a')", ())).unwrap();
    until_equal(&[&a, &b]).await;
    let touched = b.write(|tx| tx.execute("UPDATE leases SET who = 'b' WHERE id = 'x'", ()));
    assert!(matches!(touched, Err(Error::NotOwner { table }) if table == "leases"));
    let deleted = b.write(|tx| tx.execute("DELETE FROM leases", ()));
    assert!(matches!(deleted, Err(Error::NotOwner { .. })));
    b.write(|tx| tx.execute("INSERT OR REPLACE INTO leases VALUES ('x', 'b')", ())).unwrap();
    until_equal(&[&a, &b]).await;
    a.close().await.unwrap();
    until("only b's row is left", || number(&b, "SELECT count(*) FROM leases") == 1).await;
    assert_eq!(number(&b, "SELECT count(*) FROM leases WHERE who = 'b'"), 1);
    b.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_last_handle_closes() {
    let nats = NatsServer::start();
    let a = nats.open(options()).await;
    let b = nats.open(options()).await;
    a.ready().await.unwrap();
    b.ready().await.unwrap();
    a.write(|tx| tx.execute("INSERT INTO leases VALUES ('x', 'a')", ())).unwrap();
    until_equal(&[&a, &b]).await;
    drop(a);
    until("the row is gone", || number(&b, "SELECT count(*) FROM leases") == 0).await;
    b.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_joiner_gets_100_000_rows_while_they_change() {
    let nats = NatsServer::start();
    let a = nats.open(options()).await;
    a.ready().await.unwrap();
    a.write(|tx| {
        let mut insert = tx.prepare_cached("INSERT INTO calls VALUES (?1, 'ringing', ?2)")?;
        (0..100_000).try_for_each(|n| insert.execute(params![format!("call-{n}"), n]).map(drop))
    })
    .unwrap();
    let b = nats.open(options()).await;
    let mut writes = 0;
    let ready = b.ready();
    tokio::pin!(ready);
    loop {
        tokio::select! {
            ready = &mut ready => break ready.unwrap(),
            () = tokio::time::sleep(Duration::from_millis(1)) => {
                writes += 1;
                a.write(|tx| tx.execute("UPDATE calls SET n = -n WHERE id = ?1", [format!("call-{}", writes * 37)])).unwrap();
            }
        }
    }
    assert!(number(&b, "SELECT count(*) FROM calls") >= 100_000);
    until_equal(&[&a, &b]).await;
    assert!(b.stats().rows_fetched >= 100_000, "{:?}", b.stats());
    b.close().await.unwrap();
    a.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_while_nats_is_away_arrives_when_it_is_back() {
    let mut nats = NatsServer::start();
    let a = nats.open(options()).await;
    let b = nats.open(options()).await;
    a.ready().await.unwrap();
    b.ready().await.unwrap();
    a.write(|tx| tx.execute("INSERT INTO calls VALUES ('before', '', 0)", ())).unwrap();
    a.write(|tx| tx.execute("INSERT INTO leases VALUES ('a', 'a')", ())).unwrap();
    until_equal(&[&a, &b]).await;
    for round in 0..2 {
        nats.kill();
        for n in 0..500 {
            let id = format!("{round}-{n}");
            a.write(|tx| tx.execute("INSERT INTO calls VALUES (?1, 'a', 1)", [&id])).unwrap();
            b.write(|tx| tx.execute("INSERT OR REPLACE INTO calls VALUES (?1, 'b', 2)", [format!("b{id}")])).unwrap();
        }
        b.write(|tx| tx.execute("DELETE FROM calls WHERE id = 'before'", ())).unwrap();
        nats.restart();
        until("all rows are there", || {
            number(&a, "SELECT count(*) FROM calls") == 1_000 * (round + 1)
                && number(&b, "SELECT count(*) FROM calls") == 1_000 * (round + 1)
        })
        .await;
        until_equal(&[&a, &b]).await;
    }
    assert_eq!(number(&b, "SELECT count(*) FROM leases"), 1, "nobody was dead");
    a.close().await.unwrap();
    b.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_open_at_once_see_each_other() {
    let nats = NatsServer::start();
    let databases = futures_util::future::join_all((0..5).map(|n| {
        let nats = &nats;
        async move {
            let db = nats.open(options().node(format!("node-{n}"))).await;
            db.write(|tx| tx.execute("INSERT INTO calls VALUES (?1, 'early', ?2)", params![format!("c{n}"), n]))
                .unwrap();
            db.ready().await.unwrap();
            db
        }
    }))
    .await;
    until("all rows are everywhere", || databases.iter().all(|db| number(db, "SELECT count(*) FROM calls") == 5)).await;
    until_equal(&databases.iter().collect::<Vec<_>>()).await;
    assert!(databases.iter().all(|db| db.members().len() == 5));
    for db in databases {
        db.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_transaction_shows_at_once() {
    let nats = NatsServer::start();
    let a = nats.open(options()).await;
    let b = nats.open(options()).await;
    a.ready().await.unwrap();
    b.ready().await.unwrap();
    let reader = {
        let b = b.clone();
        tokio::task::spawn_blocking(move || {
            loop {
                match number(&b, "SELECT count(*) FROM calls") {
                    0 => std::thread::yield_now(),
                    rows => return rows,
                }
            }
        })
    };
    let text = "x".repeat(1_000);
    a.write(|tx| {
        (0..3_000).try_for_each(|n| tx.execute("INSERT INTO calls VALUES (?1, ?2, 0)", params![n, text]).map(drop))
    })
    .unwrap();
    assert_eq!(reader.await.unwrap(), 3_000);
    a.close().await.unwrap();
    b.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_schema_is_refused() {
    let nats = NatsServer::start();
    let a = nats.open(options()).await;
    a.ready().await.unwrap();
    let other = Options::new("test").schema(&["CREATE TABLE calls (id TEXT NOT NULL PRIMARY KEY)"]);
    let b = nats.open(other).await;
    assert!(matches!(b.ready().await, Err(Error::SchemaMismatch { .. })));
    b.close().await.unwrap();
    a.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_on_the_subjects_is_counted_and_nothing_else() {
    let nats = NatsServer::start();
    let a = nats.open(options()).await;
    a.ready().await.unwrap();
    let client = nats.connect().await;
    let mut spy = client.subscribe("ira.v1.main.>").await.unwrap();
    a.write(|tx| tx.execute("INSERT INTO calls VALUES ('c', '', 0)", ())).unwrap();
    let message = futures_util::StreamExt::next(&mut spy).await.unwrap();
    assert!(!message.subject.contains("test"));
    let good = message.payload;
    for n in 0..good.len() {
        client.publish(message.subject.clone(), good.slice(..n)).await.unwrap();
    }
    until("all are counted", || a.stats().malformed >= good.len() as u64 - 40).await;
    assert_eq!(number(&a, "SELECT count(*) FROM calls"), 1);
    a.close().await.unwrap();
}
