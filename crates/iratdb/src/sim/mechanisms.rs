//! Each mechanism by itself. In the schedules one makes up for another, so that none would be missed there.

use super::workload::transaction;
use super::world::World;
use crate::core::codec::{Body, Header, Tail, encode};
use crate::core::engine::{Counters, Event};

fn write(world: &mut World, index: usize, sql: &str) {
    transaction(world, index, |c| c.execute_batch(sql)).unwrap();
    world.send_frames(index, 100);
}

fn number(world: &mut World, index: usize, sql: &str) -> i64 {
    world.node(index).db.read(|c| c.query_row(sql, (), |row| row.get(0))).unwrap()
}

fn counters(world: &mut World, index: usize) -> Counters {
    world.node(index).engine.counters()
}

const ROWS: &str = "SELECT count(*) FROM kv";
const OWNED: &str = "SELECT count(*) FROM owned";

#[test]
fn a_lost_frame_is_asked_for_and_sent_again() {
    let mut world = World::quiet(2);
    let before = counters(&mut world, 1).resyncs;
    world.loss = 100;
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    world.loss = 0;
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (2)");
    world.advance(20, true);
    assert_eq!(number(&mut world, 1, ROWS), 2);
    assert_eq!(counters(&mut world, 0).frames_resent, 1);
    assert_eq!(counters(&mut world, 1).resyncs, before);
}

#[test]
fn a_heartbeat_shows_that_the_last_frame_was_lost() {
    let mut world = World::quiet(2);
    world.loss = 100;
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    world.loss = 0;
    world.advance(520, true);
    assert_eq!(number(&mut world, 1, ROWS), 1);
    assert_eq!(counters(&mut world, 0).frames_resent, 1);
}

#[test]
fn frames_that_are_gone_are_made_up_for_by_a_resync() {
    let mut world = World::quiet(1);
    world.resend_bytes_max = 100;
    world.start(0);
    world.advance(1_000, true);
    world.nodes.push(None);
    world.start(1);
    world.advance(1_000, true);
    let before = counters(&mut world, 1);
    world.loss = 100;
    for id in 0..50 {
        write(&mut world, 0, &format!("INSERT INTO kv (id) VALUES ({id})"));
    }
    world.loss = 0;
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (50)");
    world.advance(20, true);
    assert_eq!(number(&mut world, 1, ROWS), 51);
    let after = counters(&mut world, 1);
    assert_eq!((after.resyncs, after.rows_fetched), (before.resyncs + 1, 50), "one row had come by itself");
}

#[test]
fn a_joiner_is_ready_only_when_it_shows_whole_transactions() {
    let mut world = World::quiet(1);
    for id in 0..2_000 {
        let sql = format!(
            "INSERT INTO journal VALUES ('{id}', zeroblob(200)); INSERT INTO mirror VALUES ('{id}', zeroblob(200))"
        );
        write(&mut world, 0, &sql);
    }
    world.nodes.push(None);
    world.start(1);
    let torn = "SELECT (SELECT count(*) FROM journal) - (SELECT count(*) FROM mirror)";
    let (mut number_written, mut torn_before) = (10_000, 0);
    while !world.node(1).engine.is_ready() {
        // Committed, and shown to whoever fetches rows, but not sent yet.
        let sql = format!(
            "INSERT INTO journal VALUES ('{number_written}', ''); INSERT INTO mirror VALUES ('{number_written}', '')"
        );
        number_written += 1;
        transaction(&mut world, 0, |c| c.execute_batch(&sql)).unwrap();
        world.advance(1, false);
        if number_written % 5 == 0 {
            world.send_frames(0, 1_000);
        }
        torn_before += i64::from(number(&mut world, 1, torn) != 0);
        assert!(number_written < 20_000, "it is never ready");
    }
    assert!(torn_before > 0, "the test shows something");
    assert_eq!(number(&mut world, 1, torn), 0);
}

#[test]
fn one_resync_serves_both_sides() {
    let mut world = World::quiet(2);
    // Between two heartbeats, which would tell of the frames.
    world.advance(250, true);
    world.node(1).group = 1;
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1), (2)");
    write(&mut world, 1, "INSERT INTO kv (id) VALUES (3), (4)");
    world.node(1).group = 0;
    let donor = world.node(0).engine.writer();
    let now = world.now_of(1);
    let before = counters(&mut world, 0).resyncs;
    world.node(1).engine.resync_with(now, donor);
    world.advance(20, true);
    assert_eq!((number(&mut world, 0, ROWS), number(&mut world, 1, ROWS)), (4, 4));
    assert_eq!(counters(&mut world, 0).resyncs, before, "the donor did not have to ask");
}

#[test]
fn what_is_lost_with_a_dead_writer_comes_from_who_has_it() {
    let mut world = World::quiet(3);
    world.node(2).group = 1;
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    world.advance(5, true);
    world.node(2).group = 0;
    world.nodes[0] = None;
    // Others go on writing, so that nobody is ever at rest.
    for id in 10..400 {
        write(&mut world, 1, &format!("INSERT INTO kv (id) VALUES ({id})"));
        world.advance(10, true);
    }
    assert_eq!(number(&mut world, 2, "SELECT count(*) FROM kv WHERE id = 1"), 1);
}

#[test]
fn owned_rows_go_within_the_lease_and_come_back_with_a_process_that_was_not_dead() {
    let mut world = World::quiet(3);
    write(&mut world, 0, "INSERT INTO owned VALUES (1, 1, 1), (2, 1, 1)");
    world.advance(10, true);
    assert_eq!(number(&mut world, 2, OWNED), 2);
    world.node(0).stalled_until_ms = world.now_ms + 5_000;
    world.advance(2_050, true);
    assert_eq!((number(&mut world, 1, OWNED), number(&mut world, 2, OWNED)), (0, 0));
    world.advance(2_950, true);
    // It has read that it was ended, and its rows are the others' again at once.
    world.advance(20, true);
    assert_eq!((number(&mut world, 1, OWNED), number(&mut world, 2, OWNED)), (2, 2));
    assert_eq!(counters(&mut world, 0).epochs_restarted, 1);
    assert_eq!(number(&mut world, 0, OWNED), 2);
}

#[test]
fn a_process_that_is_told_it_was_dead_publishes_its_rows_again() {
    let mut world = World::quiet(3);
    write(&mut world, 0, "INSERT INTO owned VALUES (1, 1, 1), (2, 1, 1)");
    world.advance(250, true);
    let before = counters(&mut world, 2).resyncs;
    let other = world.node(1);
    let schema = other.db.schema().hash;
    let header = Header { schema, writer: other.engine.writer(), epoch: other.engine.epoch() };
    let tail = Tail { epoch: world.node(0).engine.epoch(), sequence: 1 };
    let end = encode(header, &Body::EpochEnd { tail });
    world.handle(0, Event::Message(&end));
    world.handle(2, Event::Message(&end));
    assert_eq!(number(&mut world, 2, OWNED), 0);
    world.advance(10, true);
    assert_eq!((number(&mut world, 1, OWNED), number(&mut world, 2, OWNED)), (2, 2));
    assert_eq!(counters(&mut world, 2).resyncs, before);
    assert_eq!(counters(&mut world, 1).epochs_ended, 1, "it has ended its former epoch itself");
}

#[test]
fn who_closes_takes_its_rows_along_at_once() {
    let mut world = World::quiet(2);
    write(&mut world, 0, "INSERT INTO owned VALUES (1, 1, 1)");
    world.advance(10, true);
    world.handle(0, Event::Close);
    world.nodes[0] = None;
    world.advance(5, true);
    assert_eq!(number(&mut world, 1, OWNED), 0);
}

#[test]
fn changes_while_nats_is_away_are_sent_as_rows() {
    let mut world = World::quiet(2);
    write(&mut world, 0, "INSERT INTO kv (id, b) VALUES (1, 0), (2, 0)");
    world.advance(10, true);
    world.node(0).connected = false;
    world.handle(0, Event::Disconnected);
    for n in 1..100 {
        write(&mut world, 0, &format!("UPDATE kv SET b = {n} WHERE id = 1"));
        write(&mut world, 0, &format!("INSERT INTO kv (id) VALUES ({})", 1_000 + n));
        write(&mut world, 0, &format!("DELETE FROM kv WHERE id = {}", 1_000 + n));
    }
    write(&mut world, 0, "DELETE FROM kv WHERE id = 2");
    assert_eq!(world.node(0).engine.sizes().dirty_keys, 2, "rows that came and went are nobody's concern");
    world.node(0).connected = true;
    world.handle(0, Event::Connected);
    world.advance(10, true);
    assert_eq!(number(&mut world, 1, "SELECT b FROM kv"), 99);
    assert_eq!(counters(&mut world, 0).frames_sent, 2);
}

#[test]
fn deletions_are_forgotten_in_the_end() {
    let mut world = World::quiet(2);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    write(&mut world, 0, "DELETE FROM kv");
    world.advance(10, true);
    let total = |world: &mut World| {
        let tables = world.node(1).engine.tables();
        tables.iter().flat_map(|table| (0..256).map(|bucket| table.keys(bucket, None).len())).sum::<usize>()
    };
    assert_eq!(total(&mut world), 1);
    world.advance(640_000, true);
    assert_eq!(total(&mut world), 0);
}
