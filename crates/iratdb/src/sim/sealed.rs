//! What keys promise, in the simulator.

use super::guarded::Kind;
use super::mechanisms::tombstones;
use super::workload::transaction;
use super::world::World;
use crate::core::engine::Event;
use crate::error::Error;

const MARKER: &str = "marker-that-nobody-must-see";

fn write(world: &mut World, index: usize, sql: &str) {
    transaction(world, index, |c| c.execute_batch(sql)).unwrap();
    world.send_frames(index, 100);
}

fn number(world: &mut World, index: usize, sql: &str) -> i64 {
    world.node(index).db.read(|c| c.query_row(sql, (), |row| row.get(0))).unwrap()
}

fn reader(world: &mut World) -> usize {
    world.nodes.push(None);
    let index = world.nodes.len() - 1;
    world.start_as(index, Kind::Reader);
    world.advance(1_000, true);
    index
}

const ROWS: &str = "SELECT count(*) FROM kv";
const OWNED: &str = "SELECT count(*) FROM owned";

#[test]
fn a_marker_never_shows_in_what_is_sent() {
    let mut world = World::quiet_with_keys(2);
    world.tapped = true;
    write(&mut world, 0, &format!("INSERT INTO kv (id, a) VALUES (1, '{MARKER}')"));
    world.advance(20, true);
    world.nodes.push(None);
    world.start_as(2, Kind::Writer);
    // A joiner, a lost frame and a resync: every kind of message.
    world.advance(1_000, true);
    world.loss = 100;
    write(&mut world, 0, &format!("UPDATE kv SET a = '{MARKER}2'"));
    world.loss = 0;
    write(&mut world, 0, &format!("INSERT INTO kv (id, a) VALUES (2, '{MARKER}')"));
    world.advance(2_000, true);
    assert_eq!(number(&mut world, 1, "SELECT count(*) FROM kv WHERE a LIKE 'marker%'"), 2);
    assert!(world.sent.len() > 20);
    for bytes in &world.sent {
        assert!(!bytes.windows(6).any(|part| part == b"marker" || part == b"node-1"));
    }
}

#[test]
fn what_a_dead_process_sent_brings_no_ghosts() {
    let mut world = World::quiet_with_keys(3);
    world.tapped = true;
    write(&mut world, 2, "INSERT INTO owned VALUES (1, 1, 1); INSERT INTO kv (id) VALUES (1)");
    world.advance(2_000, true);
    world.nodes[2] = None;
    world.advance(2_500, true);
    assert_eq!(number(&mut world, 0, OWNED), 0);
    write(&mut world, 0, "DELETE FROM kv");
    world.advance(600_000 + 60_000, true);
    let recorded = std::mem::take(&mut world.sent);
    world.start_as(2, Kind::Writer);
    world.advance(1_000, true);
    let members = world.node(0).engine.members().iter().count();
    for _ in 0..20 {
        for bytes in recorded.iter().take(400) {
            for index in 0..3 {
                world.handle(index, Event::Message(bytes));
            }
        }
        world.advance(500, true);
    }
    for index in 0..3 {
        // Deletions have been forgotten long ago: without the guard all would be back.
        assert_eq!((number(&mut world, index, OWNED), number(&mut world, index, ROWS)), (0, 0));
        assert_eq!(world.node(index).engine.members().iter().count(), members);
        assert!(world.node(index).guarded.as_ref().unwrap().guard.refusals().total() > 100);
    }
}

#[test]
fn a_reader_follows_and_is_refused_its_own_writes() {
    let mut world = World::quiet_with_keys(2);
    let index = reader(&mut world);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    world.advance(20, true);
    assert_eq!(number(&mut world, index, ROWS), 1);
    let refused = transaction(&mut world, index, |c| c.execute("DELETE FROM kv", ()).map(drop));
    assert!(matches!(refused, Err(Error::ReadOnly { .. })));
    assert_eq!(number(&mut world, index, ROWS), 1);
    world.advance(5_000, true);
    for node in world.nodes.iter().flatten() {
        assert!(node.engine.is_ready());
        node.guarded.as_ref().unwrap().check(node.name);
    }
}

#[test]
fn a_reader_that_was_cut_off_learns_what_was_deleted_also_while_others_write_on() {
    let mut world = World::quiet_with_keys(2);
    // Frames are soon gone: what was missed comes as rows.
    world.limits.resend_bytes_max = 500;
    let reader = reader(&mut world);
    world.nodes.push(None);
    let writer = world.nodes.len() - 1;
    world.start(writer);
    // Until then deletions are remembered for those who were there before.
    world.advance(610_000, true);
    write(&mut world, writer, "INSERT INTO kv (id) VALUES (1), (2)");
    world.advance(1_000, true);
    assert_eq!(number(&mut world, reader, ROWS), 2);
    world.node(reader).group = 1;
    write(&mut world, writer, "DELETE FROM kv WHERE id = 1");
    // Nobody is ever at rest.
    for round in 0..400 {
        if round == 300 {
            assert_eq!((number(&mut world, reader, ROWS), tombstones(&mut world, 0)), (2, 1));
            world.node(reader).group = 0;
        }
        write(&mut world, writer, &format!("UPDATE kv SET b = {round} WHERE id = 2"));
        world.advance(100, true);
    }
    assert_eq!(number(&mut world, reader, ROWS), 1);
    assert!(number(&mut world, reader, "SELECT b FROM kv") >= 398);
}

#[test]
fn a_reader_gives_up_what_all_writers_have_lost() {
    let mut world = World::quiet_with_keys(2);
    let index = reader(&mut world);
    write(&mut world, 0, "INSERT INTO kv (id, b) VALUES (5, 5)");
    world.advance(20, true);
    // Only the reader gets the last frame of a writer that dies.
    world.node(1).group = 1;
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (6); UPDATE kv SET b = 6 WHERE id = 5");
    world.advance(5, true);
    world.nodes[0] = None;
    assert_eq!(number(&mut world, index, ROWS), 2);
    world.node(1).group = 0;
    world.advance(10_000, true);
    assert_eq!((number(&mut world, 1, ROWS), number(&mut world, index, ROWS)), (1, 1));
    assert_eq!(number(&mut world, index, "SELECT b FROM kv"), 5);
    let digests: Vec<_> = world.nodes.iter().flatten().map(|node| node.db.digests().unwrap()).collect();
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn a_reader_left_alone_loses_owned_rows_and_joins_the_next_writer() {
    let mut world = World::quiet_with_keys(1);
    let index = reader(&mut world);
    write(&mut world, 0, "INSERT INTO owned VALUES (1, 1, 1); INSERT INTO kv (id) VALUES (1)");
    world.advance(20, true);
    assert_eq!(number(&mut world, index, OWNED), 1);
    world.nodes[0] = None;
    world.advance(2_100, true);
    assert_eq!((number(&mut world, index, OWNED), number(&mut world, index, ROWS)), (0, 1));
    world.start_as(0, Kind::Writer);
    world.advance(1_500, true);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (2)");
    world.advance(500, true);
    assert_eq!(number(&mut world, index, "SELECT max(id) * 10 + count(*) FROM kv"), 21);
    // Or the same, if it was not dead.
    write(&mut world, 0, "INSERT INTO owned VALUES (1, 1, 1)");
    world.node(0).stalled_until_ms = world.now_ms + 4_000;
    world.advance(3_000, true);
    assert_eq!(number(&mut world, index, OWNED), 0);
    world.advance(4_000, true);
    assert_eq!((number(&mut world, index, OWNED), number(&mut world, index, ROWS)), (1, 1));
}

#[test]
fn islands_with_different_keys_become_one() {
    let mut world = World::quiet_with_keys(1);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1)");
    world.node(0).group = 1;
    for _ in 0..2 {
        world.nodes.push(None);
        let index = world.nodes.len() - 1;
        world.start_as(index, Kind::Writer);
        world.advance(1_000, true);
    }
    write(&mut world, 1, "INSERT INTO kv (id) VALUES (2)");
    world.advance(100, true);
    let key = |world: &mut World, index: usize| world.node(index).guarded.as_ref().unwrap().guard.data_key();
    assert_ne!(key(&mut world, 0), key(&mut world, 1));
    world.node(0).group = 0;
    world.advance(3_000, true);
    assert!(key(&mut world, 0) == key(&mut world, 1) && key(&mut world, 1) == key(&mut world, 2));
    for index in 0..3 {
        assert_eq!(number(&mut world, index, ROWS), 2);
    }
}

#[test]
fn a_reader_shows_what_was_until_it_has_what_is() {
    let mut world = World::quiet_with_keys(1);
    write(&mut world, 0, "INSERT INTO kv (id) VALUES (1), (2); INSERT INTO owned VALUES (1, 1, 1)");
    let reader = reader(&mut world);
    world.advance(1_000, true);
    assert_eq!((number(&mut world, reader, ROWS), number(&mut world, reader, OWNED)), (2, 1));
    world.nodes[0] = None;
    world.advance(10_000, true);
    assert_eq!((number(&mut world, reader, ROWS), number(&mut world, reader, OWNED)), (2, 0));
    // Another one writes what it knows as soon as it may: at no time there is less.
    world.start_as(0, Kind::Writer);
    let mut has_written = false;
    for _ in 0..5_000 {
        if !has_written && world.node(0).engine.is_ready() {
            write(&mut world, 0, "INSERT INTO kv (id) VALUES (1), (3)");
            has_written = true;
        }
        world.advance(1, true);
        assert_eq!(number(&mut world, reader, ROWS), 2);
    }
    assert_eq!(number(&mut world, reader, "SELECT count(*) FROM kv WHERE id IN (1, 3)"), 2);
    assert!(world.node(reader).engine.is_ready());
}
