//! Each mechanism by itself. In the schedules one makes up for another, so that none would be missed there.

use super::workload::transaction;
use super::world::World;
use crate::core::codec::{Body, Header, SEQUENCE_MAX, Tail, decode, encode};
use crate::core::engine::{Counters, Event, Now};
use crate::core::ids::{Epoch, Writer};

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
    world.limits.resend_bytes_max = 100;
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

fn torn(world: &mut World, index: usize) -> i64 {
    number(
        world,
        index,
        "SELECT (SELECT count(*) FROM journal) - (SELECT count(*) FROM mirror)
         + (SELECT count(*) FROM journal WHERE id NOT IN (SELECT id FROM mirror))",
    )
}

fn write_journal(world: &mut World, index: usize, id: &str, bytes: usize) {
    let sql = format!(
        "INSERT INTO journal VALUES ('{id}', zeroblob({bytes})); INSERT INTO mirror VALUES ('{id}', zeroblob({bytes}))"
    );
    transaction(world, index, |c| c.execute_batch(&sql)).unwrap();
}

#[test]
fn a_joiner_shows_whole_transactions_while_the_donor_writes_on() {
    let mut world = World::quiet(1);
    for id in 0..2_000 {
        write_journal(&mut world, 0, &id.to_string(), 200);
    }
    world.send_frames(0, 10_000);
    world.nodes.push(None);
    world.start(1);
    let mut id = 10_000;
    while !world.node(1).engine.is_ready() {
        // Committed, and shown to whoever fetches rows, but not sent yet.
        write_journal(&mut world, 0, &id.to_string(), 0);
        id += 1;
        world.advance(1, false);
        if id % 5 == 0 {
            world.send_frames(0, 1_000);
        }
        assert_eq!(torn(&mut world, 1), 0);
        assert!(id < 20_000, "it is never ready");
    }
    assert!(counters(&mut world, 1).rows_fetched > 4_000);
    assert_eq!(torn(&mut world, 1), 0);
}

#[test]
fn a_joiner_gets_ready_while_the_others_update_what_it_has_not_got() {
    let mut world = World::quiet(0);
    world.limits.rows_bytes = 500;
    world.start_first(2);
    for id in 0..200 {
        write(&mut world, id % 2, &format!("INSERT INTO kv (id, b) VALUES ({id}, 0)"));
    }
    world.advance(50, true);
    world.nodes.push(None);
    world.start(2);
    let mut rounds = 0;
    while !world.node(2).engine.is_ready() {
        rounds += 1;
        let (row, other) = (rounds * 7 % 200, rounds * 11 % 200);
        write(&mut world, 0, &format!("UPDATE kv SET b = b + 1 WHERE id IN ({row}, {other})"));
        write(&mut world, 1, &format!("UPDATE kv SET c = {rounds} WHERE id = {row}"));
        world.advance(1, true);
        assert!(rounds < 1_500, "it is never ready: {}", world.node(2).engine.describe());
    }
    assert_eq!(counters(&mut world, 2).resyncs_repeated, 0);
    world.advance(20, true);
    let sums: Vec<_> = (0..3)
        .map(|index| number(&mut world, index, "SELECT sum(b) * 1000 + CAST(sum(c) AS INTEGER) FROM kv"))
        .collect();
    assert_eq!(sums, [sums[0]; 3]);
}

#[test]
fn a_joiner_whose_donor_dies_keeps_nothing_of_its_rows() {
    let mut world = World::quiet(1);
    for id in 0..2_000 {
        write_journal(&mut world, 0, &id.to_string(), 200);
    }
    world.send_frames(0, 10_000);
    world.nodes.push(None);
    world.start(1);
    while world.node(1).engine.sizes().waiting_bytes < 200_000 {
        world.advance(1, true);
    }
    world.nodes[0] = None;
    world.advance(5_000, true);
    assert!(world.node(1).engine.is_ready());
    assert_eq!(
        number(&mut world, 1, "SELECT count(*) FROM journal") + number(&mut world, 1, "SELECT count(*) FROM mirror"),
        0
    );
    assert_eq!(world.node(1).engine.sizes().waiting_bytes, 0);
}

#[test]
fn a_member_in_use_shows_a_resyncs_rows_all_at_once() {
    let mut world = World::quiet(1);
    world.limits.resend_bytes_max = 100;
    world.limits.rows_bytes = 1_000;
    world.start(0);
    world.advance(1_000, true);
    world.nodes.push(None);
    world.start(1);
    world.advance(1_000, true);
    world.loss = 100;
    for id in 0..200 {
        write_journal(&mut world, 0, &id.to_string(), 100);
        world.send_frames(0, 10);
    }
    world.loss = 0;
    let mut counts = std::collections::BTreeSet::new();
    for id in 200..300 {
        write_journal(&mut world, 0, &id.to_string(), 100);
        world.send_frames(0, 10);
        world.advance(2, true);
        assert_eq!(torn(&mut world, 1), 0);
        counts.insert(number(&mut world, 1, "SELECT count(*) FROM journal WHERE id < '200'"));
    }
    world.advance(1_000, true);
    assert_eq!(number(&mut world, 1, "SELECT count(*) FROM journal"), 300);
    assert!(counts.len() < 100, "what was missed came in one or two steps, not row by row: {counts:?}");
    assert_eq!(counters(&mut world, 1).resyncs_too_large, 0);
}

#[test]
fn a_database_that_is_too_large_is_not_joined_in_part() {
    let mut world = World::quiet(1);
    for id in 0..100 {
        write_journal(&mut world, 0, &id.to_string(), 1_000);
    }
    world.send_frames(0, 1_000);
    world.limits.resync_bytes_max = 100_000;
    world.nodes.push(None);
    world.start(1);
    world.advance(5_000, true);
    let joiner = &world.node(1).engine;
    assert!(!joiner.is_ready() && joiner.is_too_large());
    assert!(counters(&mut world, 1).resyncs_too_large > 0);
    assert_eq!(number(&mut world, 1, "SELECT count(*) FROM journal"), 0);
    write(&mut world, 0, "DELETE FROM journal; DELETE FROM mirror");
    world.advance(5_000, true);
    assert!(world.node(1).engine.is_ready());
}

#[test]
fn a_transaction_waits_for_the_rows_it_updates() {
    let mut world = World::quiet(3);
    // Process 2 hears of the row's update, by 1, before it hears of the row, from 0.
    world.blocked.insert((0, 2));
    write(&mut world, 0, "INSERT INTO kv (id, b) VALUES (1, 0)");
    world.advance(5, true);
    write(&mut world, 1, "UPDATE kv SET b = 7; INSERT INTO kv (id) VALUES (2)");
    let now = world.now_of(1);
    world.node(1).engine.await_replicas(now, 1, 100);
    world.flush_messages(1);
    world.advance(5, true);
    assert_eq!(number(&mut world, 2, ROWS), 0);
    assert_eq!(world.node(1).engine.replicas(1), 1, "it is not acknowledged by who does not show it");
    world.blocked.clear();
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (3)");
    world.advance(30, true);
    assert_eq!(number(&mut world, 2, "SELECT sum(b) FROM kv"), 7);
    assert_eq!(number(&mut world, 2, ROWS), 3);
}

#[test]
fn changes_too_many_for_a_batch_make_the_others_resynchronise() {
    let mut world = World::quiet(1);
    world.limits.batch_bytes_max = 2_000;
    world.start_first(3);
    world.node(0).connected = false;
    world.handle(0, Event::Disconnected);
    for id in 0..200 {
        write_journal(&mut world, 0, &id.to_string(), 100);
    }
    assert_eq!(world.node(0).engine.sizes().dirty_keys, 0, "there is nothing that grows");
    let resyncs = counters(&mut world, 1).resyncs;
    world.node(0).connected = true;
    world.handle(0, Event::Connected);
    let commit = world.node(0).engine.last_commit();
    for _ in 0..400 {
        world.advance(1, true);
        let shown = (1..3).filter(|index| number(&mut world, *index, "SELECT count(*) FROM journal") == 200).count();
        assert!(world.node(0).engine.replicas(commit) <= shown);
        assert_eq!((torn(&mut world, 1), torn(&mut world, 2)), (0, 0));
    }
    world.advance(1_000, true);
    assert_eq!(number(&mut world, 1, "SELECT count(*) FROM journal"), 200);
    assert_eq!(number(&mut world, 2, "SELECT count(*) FROM journal"), 200);
    assert_eq!(counters(&mut world, 1).resyncs, resyncs + 1);
    assert_eq!(world.node(0).engine.replicas(commit), 2);
}

#[test]
fn a_deletion_reaches_a_joiner_that_never_saw_the_row() {
    let mut world = World::quiet(2);
    world.nodes.push(None);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    world.advance(10, true);
    world.node(1).group = 1;
    write(&mut world, 0, "DELETE FROM kv");
    world.start(2);
    world.advance(1_000, true);
    world.nodes[0] = None;
    world.node(1).group = 0;
    world.advance(10_000, true);
    assert_eq!((number(&mut world, 1, ROWS), number(&mut world, 2, ROWS)), (0, 0));
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
fn deletions_are_forgotten_when_all_are_past_them() {
    let mut world = World::quiet(3);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1), (2)");
    write(&mut world, 0, "DELETE FROM kv WHERE id = 1");
    world.advance(10, true);
    assert_eq!((0..3).map(|index| tombstones(&mut world, index)).sum::<usize>(), 3);
    world.advance(25_000, true);
    assert_eq!((0..3).map(|index| tombstones(&mut world, index)).sum::<usize>(), 0);
    // Process 2 does not hear, and is heard: nobody is past what it has not got.
    world.blocked.extend([(0, 2), (1, 2)]);
    write(&mut world, 1, "DELETE FROM kv WHERE id = 2");
    world.advance(1_500, true);
    world.blocked.clear();
    world.advance(5, true);
    assert_eq!((tombstones(&mut world, 0), tombstones(&mut world, 1)), (1, 1));
    world.advance(25_000, true);
    assert_eq!(tombstones(&mut world, 0), 0);
}

#[test]
fn deletions_are_kept_for_who_was_cut_off() {
    let mut world = World::quiet(3);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    world.advance(10, true);
    world.node(2).group = 1;
    world.advance(5_000, true);
    write(&mut world, 0, "DELETE FROM kv");
    world.advance(300_000, true);
    assert_eq!(tombstones(&mut world, 1), 1);
    world.node(2).group = 0;
    world.advance(5_000, true);
    assert_eq!((0..3).map(|index| number(&mut world, index, ROWS)).sum::<i64>(), 0);
}

/// Deletions that a member remembers.
pub(super) fn tombstones(world: &mut World, index: usize) -> usize {
    let rows = |table: &crate::core::table::TableState| {
        (0..256).map(|bucket| table.keys(bucket, None).len()).sum::<usize>() - table.live()
    };
    world.node(index).engine.tables().iter().map(rows).sum()
}

#[test]
fn deletions_are_forgotten_in_the_end() {
    let mut world = World::quiet(3);
    world.crash(2);
    world.advance(5_000, true);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    write(&mut world, 0, "DELETE FROM kv");
    world.advance(500_000, true);
    assert_eq!(tombstones(&mut world, 1), 1);
    world.advance(140_000, true);
    assert_eq!(tombstones(&mut world, 1), 0);
}

#[test]
fn a_forgotten_deletion_is_not_undone_by_old_frames() {
    let mut world = World::quiet(2);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    world.advance(10, true);
    write(&mut world, 1, "DELETE FROM kv");
    world.advance(25_000, true);
    assert_eq!(tombstones(&mut world, 0) + tombstones(&mut world, 1), 0);
    world.node(0).connected = false;
    world.handle(0, Event::Disconnected);
    world.nodes.push(None);
    world.start(2);
    world.advance(500, true);
    world.node(0).connected = true;
    world.handle(0, Event::Connected);
    for _ in 0..200 {
        world.advance(10, true);
        let rows: Vec<_> = (0..3).map(|index| number(&mut world, index, ROWS)).collect();
        assert_eq!(rows, [0; 3], "{}", world.node(2).engine.describe());
    }
}

const SCORE: &str = "SELECT n FROM score";

fn score(world: &mut World, index: usize, n: i64) {
    transaction(world, index, |c| {
        c.execute("UPDATE score SET n = n + 1", ())?;
        c.execute("INSERT INTO marks VALUES (1, ?1)", [n]).map(drop)
    })
    .unwrap();
}

/// Each message is followed by a look at the laws.
#[test]
fn a_counters_total_waits_for_what_it_includes() {
    let mut world = World::quiet(2);
    write(&mut world, 0, "INSERT INTO score VALUES (1, 0)");
    world.advance(10, true);
    world.loss = 100;
    score(&mut world, 0, 1);
    world.send_frames(0, 1);
    world.loss = 0;
    score(&mut world, 0, 2);
    // Two in one frame: the second waits for the first.
    score(&mut world, 0, 3);
    world.send_frames(0, 1);
    world.advance(20, true);
    assert_eq!(number(&mut world, 1, SCORE), 3);
    assert_eq!((counters(&mut world, 1).nacks_sent, world.node(1).engine.sizes().waiting_bytes), (1, 0));
}

#[test]
fn a_batch_waits_for_the_frames_before_it() {
    let mut world = World::quiet(2);
    write(&mut world, 0, "INSERT INTO chain VALUES (0, 1, 1), (1, 1, 1), (2, 1, 1)");
    world.advance(10, true);
    world.loss = 100;
    write(&mut world, 0, "UPDATE chain SET p = 2 WHERE id < 2");
    world.node(0).connected = false;
    world.handle(0, Event::Disconnected);
    write(&mut world, 0, "UPDATE chain SET q = 2 WHERE id > 0");
    world.loss = 0;
    world.node(0).connected = true;
    world.handle(0, Event::Connected);
    world.send_frames(0, 10);
    world.advance(20, true);
    assert_eq!(number(&mut world, 1, "SELECT sum(p + q) FROM chain"), 10);
    assert_eq!(counters(&mut world, 1).nacks_sent, 1);
}

#[test]
fn rows_of_a_new_epoch_wait_for_the_frames_of_the_former() {
    let mut world = World::quiet(3);
    world.blocked.insert((0, 1));
    write(&mut world, 0, "INSERT INTO owned VALUES (1, 1, 1); INSERT INTO kv (id) VALUES (1)");
    world.advance(5, true);
    world.blocked.clear();
    let other = world.node(2);
    let schema = other.db.schema().hash;
    let header = Header { schema, writer: other.engine.writer(), epoch: other.engine.epoch() };
    let tail = Tail { epoch: world.node(0).engine.epoch(), sequence: 0 };
    let end = encode(header, &Body::EpochEnd { tail });
    (0..2).for_each(|index| world.handle(index, Event::Message(&end)));
    for _ in 0..4_000 {
        world.advance(1, true);
        assert!(number(&mut world, 1, OWNED) <= number(&mut world, 1, ROWS));
    }
    assert_eq!(number(&mut world, 1, OWNED), 1);
}

#[test]
fn queued_transactions_are_bounded() {
    let mut world = World::quiet(1);
    world.limits.queue_bytes_max = 10_000;
    world.start_first(2);
    for n in 0..1_000 {
        transaction(&mut world, 0, |c| {
            c.execute("INSERT OR REPLACE INTO kv (id, b) VALUES (?1, ?2)", [n % 7, n]).map(drop)
        })
        .unwrap();
        assert!(world.node(0).engine.sizes().queue_bytes <= 10_000);
    }
    world.advance(20, true);
    assert_eq!(number(&mut world, 1, "SELECT count(*) * 10000 + max(b) FROM kv"), 70_999);
    assert_eq!(world.node(0).engine.sizes().queue_bytes, 0);
}

#[test]
fn what_waits_for_others_is_bounded_and_comes_with_a_resync() {
    let mut world = World::quiet(1);
    world.limits.held_bytes_max = 1_000;
    world.start_first(3);
    world.blocked.insert((0, 2));
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    world.advance(5, true);
    for n in 0..100 {
        write(&mut world, 1, &format!("UPDATE kv SET b = {n}"));
        world.advance(2, true);
        assert!(world.node(2).engine.sizes().waiting_bytes <= 1_000);
    }
    world.advance(5_000, true);
    assert_eq!(number(&mut world, 2, "SELECT b FROM kv"), 99);
    assert_eq!(world.node(2).engine.sizes().waiting_bytes, 0);
}

#[test]
fn parts_are_bounded_over_all_senders_and_come_with_a_resync() {
    let mut world = World::quiet(1);
    world.limits.parts_bytes_max = 600_000;
    world.limits.resend_bytes_max = 100;
    world.start_first(3);
    // Of each large transaction the first part is lost, for good.
    for index in 0..2 {
        let rows = (0..20)
            .map(|n| format!("INSERT INTO journal VALUES ('{index}-{n}', zeroblob(100000));"))
            .collect::<String>();
        let rows = rows.clone() + &rows.replace("journal", "mirror");
        transaction(&mut world, index, |c| c.execute_batch(&rows)).unwrap();
        world.loss = 100;
        world.send_frames(index, 1);
        world.loss = 0;
    }
    for _ in 0..200 {
        world.send_frames(0, 1);
        world.send_frames(1, 1);
        world.advance(1, false);
        // Where no rows are gathered it is parts that wait.
        let engine = &world.node(2).engine;
        assert!(engine.donor().is_some() || engine.sizes().waiting_bytes <= 600_000);
    }
    world.advance(5_000, true);
    assert_eq!(number(&mut world, 2, "SELECT count(*) FROM journal"), 40);
    assert_eq!(world.node(2).engine.sizes().waiting_bytes, 0);
}

#[test]
fn messages_that_wait_to_be_sent_are_bounded() {
    let mut world = World::quiet(1);
    world.limits.outbox_bytes_max = 20_000;
    world.start_first(2);
    write(
        &mut world,
        0,
        "INSERT INTO journal VALUES ('a', zeroblob(5000)); INSERT INTO mirror VALUES ('a', zeroblob(5000))",
    );
    let asker = world.node(1);
    let header = Header { schema: asker.db.schema().hash, writer: asker.engine.writer(), epoch: asker.engine.epoch() };
    let nack = encode(header, &Body::Nack { epoch: world.node(0).engine.epoch(), from: 1, to: 1 });
    let now = world.now_of(0);
    let node = world.node(0);
    for _ in 0..100 {
        node.engine.handle(now, Event::Message(&nack), &mut node.db).unwrap();
        assert!(node.engine.sizes().outbox_bytes <= 20_000);
    }
    assert!(node.engine.counters().outbox_dropped > 90);
    // Who asks for much does not make it look dead: what says that it lives goes all the same, and first.
    let later = Now { mono_ms: now.mono_ms + 600, ..now };
    node.engine.handle(later, Event::Tick, &mut node.db).unwrap();
    let first = node.engine.poll_message().unwrap();
    assert!(matches!(decode(&first.bytes).unwrap().body, Body::Heartbeat { .. }));
}

#[test]
fn what_a_broken_clock_made_others_refuse_does_not_count_as_being_there() {
    let mut world = World::quiet(2);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    world.advance(600, true);
    let replicas = |world: &mut World| {
        let engine = &world.node(0).engine;
        engine.replicas(engine.last_commit())
    };
    assert_eq!(replicas(&mut world), 1);
    let day_ms = 25 * 3_600_000;
    world.set_clock(0, day_ms);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (2)");
    world.advance(3_000, true);
    assert_eq!((number(&mut world, 1, ROWS), counters(&mut world, 1).refused > 0), (1, true));
    assert_eq!(replicas(&mut world), 0, "it is not there");
    // Nor at a joiner, which has it from one that has refused it.
    world.nodes.push(None);
    world.start(2);
    world.advance(3_000, true);
    assert_eq!(replicas(&mut world), 0);
    // The clock is put right. Others would refuse what this process writes now, and so it does not.
    world.set_clock(0, 0);
    transaction(&mut world, 0, |c| c.execute("INSERT INTO kv (id) VALUES (3)", ()).map(drop)).unwrap_err();
    assert_eq!(number(&mut world, 0, ROWS), 2);
}

#[test]
fn what_was_refused_counts_when_it_has_been_taken_after_all() {
    let mut world = World::quiet(3);
    let hour_ms = 3_600_000;
    world.set_clock(0, 25 * hour_ms);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    world.advance(3_000, true);
    let replicas = |world: &mut World| {
        let engine = &world.node(0).engine;
        engine.replicas(engine.last_commit())
    };
    assert_eq!((number(&mut world, 1, ROWS), number(&mut world, 2, ROWS), replicas(&mut world)), (0, 0, 0));
    // A resync with one that has refused it, too, or is not so far, changes nothing.
    let (now, other) = (world.now_of(1), world.node(2).engine.writer());
    world.node(1).engine.resync_for_tests(now, other);
    world.advance(3_000, true);
    assert_eq!((counters(&mut world, 1).resyncs > 1, replicas(&mut world)), (true, 0));
    // Two hours later it is not too far ahead any more.
    world.set_clock(1, 2 * hour_ms);
    world.advance(3_000, true);
    assert_eq!((number(&mut world, 1, ROWS), replicas(&mut world)), (1, 1));
    world.set_clock(2, 2 * hour_ms);
    world.advance(3_000, true);
    assert_eq!((number(&mut world, 2, ROWS), replicas(&mut world)), (1, 2));
}

/// What one that only reads says, to a member: only that it is heard.
fn hear_reader(world: &mut World, index: usize, epoch: u64, body: &Body<'_>) {
    let header = Header { schema: world.node(index).db.schema().hash, writer: Writer(epoch), epoch: Epoch(epoch) };
    let (bytes, now) = (encode(header, body), world.now_of(index));
    let node = world.node(index);
    node.engine.handle(now, Event::Message(&bytes), &mut node.db).unwrap();
}

#[test]
fn processes_that_only_read_take_no_room_for_frames() {
    let mut world = World::quiet(3);
    world.crash(2);
    let heartbeat = Body::Heartbeat {
        node: "",
        ready: true,
        incomplete: false,
        hello: false,
        flushed: true,
        sequence: SEQUENCE_MAX,
        state: 1,
        tables: Vec::new(),
        suspects: Vec::new(),
        tails: Vec::new(),
        shown: Vec::new(),
    };
    let resyncs = counters(&mut world, 0).resyncs;
    for n in 0..10_000 {
        hear_reader(&mut world, 0, 2 * n + 1, &heartbeat);
        world.advance(1, true);
    }
    let engine = &world.node(0).engine;
    assert_eq!((engine.frames_missing(), engine.donor(), engine.counters().resyncs), (0, None, resyncs));
    world.start(2);
    world.advance(2_000, true);
    write(&mut world, 2, "INSERT INTO kv (id) VALUES (1)");
    world.advance(1_000, true);
    assert_eq!(number(&mut world, 0, ROWS), 1);
    // They are forgotten without a word.
    assert_eq!((counters(&mut world, 0).epochs_ended, counters(&mut world, 0).outbox_dropped), (1, 0));
    world.advance(2_000, true);
    assert!(world.node(0).engine.members().iter().all(|(epoch, _)| !epoch.is_readers()));
}

#[test]
fn processes_that_only_read_keep_no_dead_owners_rows_alive() {
    for (writers, lowest) in [(2, 1), (3, 1), (2, u64::MAX)] {
        let mut world = World::quiet(writers);
        write(&mut world, 0, "INSERT INTO owned VALUES (1, 1, 1)");
        world.advance(10, true);
        assert_eq!(number(&mut world, 1, OWNED), 1);
        world.crash(0);
        for _ in 0..30 {
            // It says nothing of itself, and asks.
            for index in 1..writers {
                hear_reader(&mut world, index, lowest, &Body::Nack { epoch: Epoch(2), from: 1, to: 1 });
            }
            world.advance(100, true);
        }
        assert_eq!(number(&mut world, 1, OWNED), 0);
    }
}

#[test]
fn more_changes_than_are_kept_are_not_told_one_by_one() {
    let mut world = World::quiet(1);
    world.limits.seen_bytes_max = 10_000;
    world.start(0);
    world.advance(1_000, true);
    let insert = |from: i64, to: i64| {
        move |c: &rusqlite::Connection| {
            (from..to).try_for_each(|id| c.execute("INSERT INTO kv (id) VALUES (?1)", [id]).map(drop))
        }
    };
    for (from, to, told) in [(0, 10, Some(10)), (10, 1_000, None), (1_000, 1_010, Some(10))] {
        let now = world.now_of(0);
        let node = world.node(0);
        let ((), changes) = node.db.begin(insert(from, to)).unwrap();
        let prepared = node.engine.prepare(now, &changes, &mut node.db).unwrap().unwrap();
        node.db.commit().unwrap();
        node.engine.commit(prepared, changes, &mut node.db).unwrap();
        assert_eq!(node.engine.take_seen().map(|seen| seen.len()), told);
    }
}

#[test]
fn who_was_never_heard_brings_nothing_back() {
    let mut world = World::quiet(1);
    world.nodes.push(None);
    // Process 1 hears, and is not heard.
    world.blocked.insert((1, 0));
    world.start(1);
    world.advance(50, true);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    world.advance(50, true);
    world.loss = 100;
    write(&mut world, 0, "DELETE FROM kv");
    world.loss = 0;
    world.advance(25_000, true);
    assert_eq!(tombstones(&mut world, 0), 0);
    world.blocked.clear();
    for _ in 0..1_000 {
        world.advance(10, true);
        assert_eq!((number(&mut world, 0, ROWS), number(&mut world, 1, ROWS)), (0, 0));
    }
    assert!(world.node(1).engine.is_ready());
}

#[test]
fn a_joiner_keeps_deletions_for_who_was_cut_off_before() {
    let mut world = World::quiet(2);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    world.advance(10, true);
    world.node(0).connected = false;
    world.handle(0, Event::Disconnected);
    world.advance(5_000, true);
    world.nodes.push(None);
    world.start(2);
    world.advance(1_000, true);
    write(&mut world, 2, "DELETE FROM kv");
    world.advance(25_000, true);
    assert_eq!((tombstones(&mut world, 1), tombstones(&mut world, 2)), (1, 1));
    world.node(0).connected = true;
    world.handle(0, Event::Connected);
    for _ in 0..500 {
        world.advance(10, true);
        assert_eq!((number(&mut world, 1, ROWS), number(&mut world, 2, ROWS)), (0, 0));
    }
    assert_eq!(number(&mut world, 0, ROWS), 0);
}

/// Each message is followed by a look at the laws.
#[test]
fn a_joiner_is_not_misled_by_answers_that_come_twice() {
    let mut world = World::quiet(1);
    for id in 0..200 {
        write_journal(&mut world, 0, &id.to_string(), 10);
    }
    world.send_frames(0, 1_000);
    world.nodes.push(None);
    (world.repeat, world.reorder, world.delay_ms_max) = (100, true, 30);
    let mut id = 1_000;
    for _ in 0..40 {
        world.start(1);
        while !world.node(1).engine.is_ready() {
            // The looks get longer with what there is to look at.
            if world.now_ms.is_multiple_of(4) {
                write_journal(&mut world, 0, &id.to_string(), 10);
                id += 1;
            }
            world.advance(1, true);
        }
        assert_eq!(torn(&mut world, 1), 0);
        world.nodes[1] = None;
    }
}
