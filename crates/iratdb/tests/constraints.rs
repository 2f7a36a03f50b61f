//! Constraints that two processes break together, over a real nats-server: what both show, and what subscribers are told.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{NatsServer, PATIENCE, number, until, until_equal};
use iratdb::{Change, Changes, ConflictReason, Error, IraTdb, Op, Options, TableOptions, Value};

fn options() -> Options {
    Options::new("test")
        .schema(&[
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE)",
            "CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES users)",
            "CREATE TABLE counts (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, hi INTEGER NOT NULL)",
        ])
        .table("counts", TableOptions::default().counter("n").max("hi"))
}

async fn next(changes: &mut Changes) -> Change {
    tokio::time::timeout(PATIENCE, changes.next()).await.unwrap().unwrap()
}

fn execute(db: &IraTdb, sql: &str) -> Result<usize, Error> {
    db.write(|tx| tx.execute(sql, ())).map(|commit| commit.value)
}

/// Both write before either has heard of the other: tried until it was so.
async fn clash(a: &IraTdb, b: &IraTdb) -> i64 {
    for n in 0..1_000 {
        execute(a, &format!("INSERT INTO users VALUES ({}, 'name {n}')", 2 * n)).unwrap();
        if execute(b, &format!("INSERT INTO users VALUES ({}, 'name {n}')", 2 * n + 1)).is_ok() {
            return n;
        }
        until_equal(&[a, b]).await;
    }
    panic!("they are never at odds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_later_claim_is_visible_and_the_other_comes_back() {
    let nats = NatsServer::start();
    let a = nats.open(options()).await;
    let b = nats.open(options()).await;
    a.ready().await.unwrap();
    b.ready().await.unwrap();
    let n = clash(&a, &b).await;
    until_equal(&[&a, &b]).await;
    let of_name = format!("SELECT count(*) FROM users WHERE name = 'name {n}'");
    assert_eq!(number(&a, &of_name), 1);
    let winner = number(&a, &format!("SELECT id FROM users WHERE name = 'name {n}'"));
    let loser = if winner == 2 * n { 2 * n + 1 } else { 2 * n };
    let mut users = a.subscribe("users").unwrap();
    execute(&b, &format!("DELETE FROM users WHERE id = {winner}")).unwrap();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match next(&mut users).await {
            Change::Row(change) => seen.push((change.op, change.pk.clone())),
            other => panic!("{other:?}"),
        }
    }
    assert!(seen.contains(&(Op::Delete, vec![Value::Integer(winner)])), "{seen:?}");
    assert!(seen.contains(&(Op::Insert, vec![Value::Integer(loser)])), "{seen:?}");
    until_equal(&[&a, &b]).await;
    assert_eq!(number(&b, &format!("SELECT id FROM users WHERE name = 'name {n}'")), loser);
    a.close().await.unwrap();
    b.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_are_told_what_is_hidden_and_why() {
    let nats = NatsServer::start();
    let a = nats.open(options()).await;
    let b = nats.open(options()).await;
    a.ready().await.unwrap();
    b.ready().await.unwrap();
    let (mut on_a, mut on_b) = (a.subscribe("users").unwrap(), b.subscribe("users").unwrap());
    let n = clash(&a, &b).await;
    let (first, second) = (Value::Integer(2 * n), Value::Integer(2 * n + 1));
    for changes in [&mut on_a, &mut on_b] {
        let conflict = loop {
            if let Change::Conflict(conflict) = next(changes).await {
                break conflict;
            }
        };
        let ConflictReason::Unique { constraint, winner } = &conflict.reason else { panic!("{conflict:?}") };
        assert_eq!((&*conflict.table, &**constraint), ("users", "users(name)"));
        assert!(
            (&conflict.pk[0], &winner[0]) == (&first, &second) || (&conflict.pk[0], &winner[0]) == (&second, &first)
        );
        assert_eq!(conflict.row[1], Value::from(format!("name {n}").as_str()));
    }
    // A post of an author who is gone meanwhile.
    let mut posts = b.subscribe("posts").unwrap();
    let mut hidden = false;
    for id in 1..1_000 {
        let author = 100_000 + id;
        execute(&a, &format!("INSERT INTO users VALUES ({author}, 'author {author}')")).unwrap();
        until_equal(&[&a, &b]).await;
        execute(&a, &format!("DELETE FROM users WHERE id = {author}")).unwrap();
        hidden = execute(&b, &format!("INSERT INTO posts VALUES ({id}, {author})")).is_ok();
        if hidden {
            break;
        }
    }
    assert!(hidden);
    loop {
        match next(&mut posts).await {
            Change::Conflict(conflict) => {
                let ConflictReason::ForeignKey { constraint, parent, hidden_parent } = &conflict.reason else {
                    panic!("{conflict:?}")
                };
                assert_eq!((&**constraint, &**parent), ("posts(author) REFERENCES users", "users"));
                assert_eq!(*hidden_parent, None);
                break;
            }
            Change::Row(_) => {}
            Change::Lagged => panic!("few changes"),
        }
    }
    until_equal(&[&a, &b]).await;
    assert_eq!((number(&a, "SELECT count(*) FROM posts"), number(&b, "SELECT count(*) FROM posts")), (0, 0));
    a.close().await.unwrap();
    b.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_add_is_added_up_and_the_most_is_kept() {
    let nats = NatsServer::start();
    let a = nats.open(options()).await;
    let b = nats.open(options()).await;
    a.ready().await.unwrap();
    b.ready().await.unwrap();
    execute(&a, "INSERT INTO counts VALUES (1, 100, 0)").unwrap();
    until_equal(&[&a, &b]).await;
    for n in 0..500 {
        execute(&a, &format!("UPDATE counts SET n = n + 1, hi = {n}")).unwrap();
        execute(&b, &format!("UPDATE counts SET n = n - 3, hi = {}", 1_000 - n)).unwrap();
    }
    until("all is added", || number(&a, "SELECT n FROM counts") == 100 + 500 - 1_500).await;
    until_equal(&[&a, &b]).await;
    assert_eq!(number(&b, "SELECT hi FROM counts"), 1_000);
    let joiner = nats.open(options()).await;
    joiner.ready().await.unwrap();
    until_equal(&[&a, &b, &joiner]).await;
    execute(&joiner, "UPDATE counts SET n = n + 7, hi = 5").unwrap();
    until("the joiner's part is added", || number(&a, "SELECT n FROM counts") == 100 + 500 - 1_500 + 7).await;
    assert_eq!((number(&a, "SELECT hi FROM counts"), number(&joiner, "SELECT hi FROM counts")), (1_000, 1_000));
    assert!(matches!(execute(&a, "UPDATE counts SET n = 'many'"), Err(Error::NotANumber { .. })));
    for db in [joiner, a, b] {
        db.close().await.unwrap();
    }
}
