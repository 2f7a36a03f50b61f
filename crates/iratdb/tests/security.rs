//! Databases with keys on a real nats-server: several processes, and somebody who reads all and sends what it likes.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;
#[path = "../src/test_keys.rs"]
mod test_keys;

use std::time::Duration;

use bytes::Bytes;
use common::process::{NATS, Process};
use common::{NatsServer, connect, number, until, until_equal};
use futures_util::StreamExt;
use iratdb::rusqlite::params;
use iratdb::{Error, IraTdb, Keys, Options, TableOptions};
use test_keys::file;

const MARKER: &str = "marker-that-nobody-without-the-key-must-see";
const SECRETS: &str = "database-name-that-nobody-must-see";

fn read_write() -> Keys {
    Keys::read_write_from_files(file("write.pem"), file("read.pem")).unwrap()
}

fn read_only() -> Keys {
    Keys::read_only_from_files(file("read.pem"), file("write.pub.pem")).unwrap()
}

fn other() -> Keys {
    Keys::read_write_from_files(file("other.write.pem"), file("other.read.pem")).unwrap()
}

fn options() -> Options {
    Options::new(SECRETS)
        .schema(&[
            "CREATE TABLE shared (id TEXT NOT NULL PRIMARY KEY, text TEXT)",
            "CREATE TABLE owned (id TEXT NOT NULL PRIMARY KEY, text TEXT)",
            "CREATE TABLE local_notes (text TEXT)",
        ])
        .table("owned", TableOptions::default().owned())
        .node(format!("node-{MARKER}"))
}

fn insert(db: &IraTdb, id: &str) {
    db.write(|tx| {
        tx.execute("INSERT INTO shared VALUES (?1, ?2)", params![id, MARKER])?;
        tx.execute("INSERT INTO owned VALUES (?1, ?2)", params![id, MARKER])
    })
    .unwrap();
}

fn rows(db: &IraTdb) -> i64 {
    number(db, "SELECT (SELECT count(*) FROM shared) + (SELECT count(*) FROM owned)")
}

/// Everything that goes over NATS.
struct Tap {
    client: async_nats::Client,
    subscriber: async_nats::Subscriber,
    seen: Vec<(String, Bytes)>,
}

impl Tap {
    async fn start(nats: &NatsServer) -> Self {
        let client = nats.connect().await;
        let subscriber = client.subscribe(">").await.unwrap();
        client.flush().await.unwrap();
        Self { client, subscriber, seen: Vec::new() }
    }

    /// Takes what has come until now: a message of its own comes after all that.
    async fn collect(&mut self) {
        self.client.publish("tap.end", Bytes::new()).await.unwrap();
        while let Some(message) = self.subscriber.next().await {
            if message.subject.as_str() == "tap.end" {
                return;
            }
            self.seen.push((message.subject.to_string(), message.payload));
        }
    }

    fn find(&self, text: &str) -> Option<&(String, Bytes)> {
        self.seen.iter().find(|(subject, payload)| {
            subject.contains(text) || payload.windows(text.len()).any(|part| part == text.as_bytes())
        })
    }
}

/// The other process: this test binary again. As a test it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(url) = std::env::var(NATS) else { return };
    let db = IraTdb::open(options().keys(read_write()).nats(connect(&url).await)).await.unwrap();
    db.ready().await.unwrap();
    insert(&db, "doomed");
    println!("\n@ready");
    // Until it is killed.
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_key_sees_nothing_and_brings_nobody_back() {
    let nats = NatsServer::start();
    let mut tap = Tap::start(&nats).await;
    let a = nats.open_with(options(), read_write()).await;
    a.ready().await.unwrap();
    insert(&a, "a");
    let b = nats.open_with(options(), read_write()).await;
    let reader = nats.open_with(options(), read_only()).await;
    b.ready().await.unwrap();
    reader.ready().await.unwrap();
    let mut process = Process::start(&nats, "doomed", &[]);
    until("all have all", || [&a, &b, &reader].iter().all(|db| rows(db) == 4)).await;
    until_equal(&[&a, &b, &reader]).await;
    assert_eq!(a.members().iter().filter(|member| member.read_only).count(), 1);
    process.kill();
    until("its rows are gone", || [&a, &b, &reader].iter().all(|db| rows(db) == 3)).await;
    tap.collect().await;
    assert!(tap.seen.len() > 50, "{}", tap.seen.len());
    for text in [MARKER, SECRETS, "shared", "owned", "doomed"] {
        assert!(tap.find(text).is_none(), "{text}: {:?}", tap.find(text));
    }
    assert!(tap.seen.iter().all(|(subject, _)| subject.starts_with("ira.v1.main.r.")));

    // Everything once more, as it was, cut, and with a bit turned; also to one who comes later.
    let before = [a.stats(), reader.stats()];
    let late = nats.open_with(options(), read_write()).await;
    late.ready().await.unwrap();
    for (n, (subject, payload)) in tap.seen.iter().enumerate() {
        tap.client.publish(subject.clone(), payload.clone()).await.unwrap();
        tap.client.publish(subject.clone(), payload.slice(..payload.len() * 2 / 3)).await.unwrap();
        let mut bad = payload.to_vec();
        let at = n * 7_919 % bad.len();
        bad[at] ^= 1 << (n % 8);
        tap.client.publish(subject.clone(), bad.into()).await.unwrap();
    }
    tap.client.flush().await.unwrap();
    insert(&a, "last");
    until("the last row is there", || [&a, &b, &reader, &late].iter().all(|db| rows(db) == 5)).await;
    until_equal(&[&a, &b, &reader, &late]).await;
    for (db, before) in [&a, &reader].into_iter().zip(before) {
        let (stats, was) = (db.stats(), before.refusals);
        let refusals = stats.refusals;
        assert!(refusals.replayed > was.replayed && refusals.bad_seal > was.bad_seal, "{refusals:?}");
        assert_eq!((stats.malformed, stats.refused, stats.data_keys), (0, 0, 1), "{stats:?}");
    }
    // A process just dead may still be on its donor's roster, with the number of its last message.
    let refusals = late.stats().refusals;
    assert!(refusals.unknown_epoch + refusals.replayed > 0, "{refusals:?}");
    assert_eq!(number(&late, "SELECT count(*) FROM owned WHERE id = 'doomed'"), 0);
    for db in [late, reader, b, a] {
        db.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_reads_and_can_not_write() {
    let nats = NatsServer::start();
    // It may come first: it waits for somebody who has the database.
    let reader = nats.open_with(options(), read_only()).await;
    let writer = nats.open_with(options(), read_write()).await;
    writer.ready().await.unwrap();
    insert(&writer, "a");
    reader.ready().await.unwrap();
    until("the rows are there", || rows(&reader) == 2).await;
    for sql in ["INSERT INTO shared VALUES ('x', '')", "UPDATE owned SET text = ''", "DELETE FROM shared"] {
        let refused = reader.write(|tx| tx.execute(sql, ()));
        assert!(matches!(&refused, Err(Error::ReadOnly { database, .. }) if database == SECRETS), "{sql}: {refused:?}");
    }
    assert!(matches!(reader.rotate_key(), Err(Error::ReadOnly { .. })));
    reader.write(|tx| tx.execute("INSERT INTO local_notes VALUES ('mine')", ())).unwrap();
    assert_eq!(rows(&reader), 2);
    // The writer is replaced by another that has nothing: what the reader still has is not the database's.
    writer.close().await.unwrap();
    until("owned rows are gone", || rows(&reader) == 1).await;
    let writer = nats.open_with(options(), read_write()).await;
    writer.ready().await.unwrap();
    insert(&writer, "b");
    until("the reader has what the writer has", || {
        reader.is_ready() && number(&reader, "SELECT count(*) FROM shared WHERE id = 'b'") == 1 && rows(&reader) == 2
    })
    .await;
    until_equal(&[&writer, &reader]).await;
    reader.close().await.unwrap();
    writer.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_keys_are_another_database() {
    let nats = NatsServer::start();
    let ours = nats.open_with(options(), read_write()).await;
    let theirs = nats.open_with(options(), other()).await;
    let open = nats.open_with(options(), Keys::open()).await;
    let private = nats.open_with(options(), Keys::private()).await;
    for db in [&ours, &theirs, &open, &private] {
        db.ready().await.unwrap();
        assert_eq!(db.members().len(), 1);
    }
    insert(&ours, "a");
    let again = nats.open_with(options(), read_write()).await;
    again.ready().await.unwrap();
    assert_eq!((rows(&again), rows(&theirs), rows(&open), rows(&private)), (2, 0, 0, 0));
    for db in [ours, theirs, open, private, again] {
        db.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_rotated_while_everybody_writes() {
    let nats = NatsServer::start();
    let mut databases = Vec::new();
    for _ in 0..3 {
        let db = nats.open_with(options(), read_write()).await;
        db.ready().await.unwrap();
        databases.push(db);
    }
    let ids = 200;
    for n in 0..ids {
        for (index, db) in databases.iter().enumerate() {
            insert(db, &format!("{index}-{n}"));
        }
        if n % 50 == 25 {
            databases[n / 50 % 3].rotate_key().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    until("all rows are everywhere", || databases.iter().all(|db| rows(db) == 6 * ids as i64)).await;
    let all: Vec<_> = databases.iter().collect();
    until_equal(&all).await;
    assert!(databases.iter().all(|db| db.stats().data_keys > 1), "{:?}", databases[0].stats());
    let resyncs: u64 = databases.iter().map(|db| db.stats().resyncs).sum();
    println!("{resyncs} resyncs; {:?}", databases[0].stats().refusals);
    for db in databases {
        db.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_start_at_once_and_a_server_comes_back() {
    let mut nats = NatsServer::start();
    let mut opening = Vec::new();
    for n in 0..6 {
        let client = nats.connect().await;
        let keys = if n % 3 == 2 { read_only() } else { read_write() };
        opening.push(IraTdb::open(options().keys(keys).nats(client)));
    }
    let databases: Vec<_> = futures_util::future::join_all(opening).await.into_iter().map(Result::unwrap).collect();
    for db in &databases {
        db.ready().await.unwrap();
    }
    insert(&databases[0], "a");
    let all: Vec<_> = databases.iter().collect();
    until("the rows are there", || databases.iter().all(|db| rows(db) == 2)).await;
    nats.kill();
    insert(&databases[1], "b");
    nats.restart();
    until("the rows are there", || databases.iter().all(|db| rows(db) == 4)).await;
    until_equal(&all).await;
    for db in databases {
        db.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replication_without_a_word_about_keys_is_refused() {
    let nats = NatsServer::start();
    let refused = IraTdb::open(options().nats(nats.connect().await)).await.unwrap_err();
    assert!(matches!(&refused, Error::NoKeys { database } if database == SECRETS), "{refused:?}");
    assert!(refused.to_string().contains("Keys::open()"), "{refused}");
    // What stays in the process needs none.
    IraTdb::open(options()).await.unwrap().close().await.unwrap();
}
