//! Page versions against a model, threads on them, and connections on one set of pages.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use super::pages::PAGE_BYTES;
use super::*;

fn write(pages: &Pages, page: u32, value: u8) {
    assert!(pages.write(page, &[value; PAGE_BYTES]));
}

/// All bytes of the page, which must be the same.
fn found(pages: &Pages, pin: usize, page: u32) -> Option<u8> {
    let (_, data) = pages.find(pin, page)?;
    // SAFETY: the state stays pinned by this test until it has looked.
    let data = unsafe { &*data };
    assert!(data.iter().all(|byte| *byte == data[0]), "a page of two states");
    Some(data[0])
}

#[derive(Debug, Clone)]
enum Op {
    Write(u32, u8),
    Publish,
    Pin(usize),
    Unpin(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0_u32..6, any::<u8>()).prop_map(|(page, value)| Op::Write(page, value)),
        3 => Just(Op::Publish),
        2 => (0_usize..4).prop_map(Op::Pin),
        2 => (0_usize..4).prop_map(Op::Unpin),
    ]
}

proptest! {
    #[test]
    fn pinned_states_stay_as_they_were(ops in prop::collection::vec(op(), 1..200)) {
        let pages = Pages::new();
        (0..4).for_each(|pin| pages.add_pin(pin));
        let mut newest: BTreeMap<u32, u8> = BTreeMap::new();
        let mut published = newest.clone();
        let mut pinned: BTreeMap<usize, BTreeMap<u32, u8>> = BTreeMap::new();
        for op in ops {
            match op {
                Op::Write(page, value) => {
                    write(&pages, page, value);
                    newest.insert(page, value);
                }
                Op::Publish => {
                    pages.publish();
                    published = newest.clone();
                    // For each page: one version for each pinned state, the newest, and one that was free meanwhile.
                    prop_assert!(pages.versions() <= 6 * (4 + 2));
                }
                Op::Pin(pin) => {
                    pinned.entry(pin).or_insert_with(|| {
                        pages.pin(pin);
                        published.clone()
                    });
                }
                Op::Unpin(pin) => {
                    if pinned.remove(&pin).is_some() {
                        pages.unpin(pin);
                    }
                }
            }
            for (pin, state) in &pinned {
                for page in 0..6 {
                    prop_assert_eq!(found(&pages, *pin, page), state.get(&page).copied());
                }
            }
            for (page, value) in &newest {
                let mut byte = [0];
                prop_assert!(pages.read_newest(*page, 7, &mut byte));
                prop_assert_eq!(byte[0], *value);
            }
        }
    }
}

#[test]
fn a_reader_that_stays_costs_one_version_of_each_changed_page() {
    let pages = Pages::new();
    pages.add_pin(0);
    (0..100).for_each(|page| write(&pages, page, 0));
    pages.publish();
    pages.pin(0);
    for value in 1..200 {
        (0..10).for_each(|page| write(&pages, page, value));
        pages.publish();
    }
    assert!((0..100).all(|page| found(&pages, 0, page) == Some(0)));
    // Beside those two: what is replaced is free only after the next state has been published.
    assert_eq!(pages.versions(), 100 + 10 + 10);
    pages.unpin(0);
    for value in 1..200 {
        (0..20).for_each(|page| write(&pages, page, value));
        pages.publish();
    }
    // The first time, what was kept is not free yet.
    assert_eq!(pages.versions(), 100 + 10 + 20, "what it kept is used again");
}

#[test]
fn threads_see_whole_states_in_order() {
    const PAGES: u32 = 40;
    let pages = Pages::new();
    (0..PAGES).for_each(|page| write(&pages, page, 0));
    pages.publish();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for pin in 0..3_usize {
            pages.add_pin(pin);
            let (pages, over) = (&pages, &over);
            scope.spawn(move || {
                let mut last = 0;
                while !over.load(Ordering::Relaxed) {
                    pages.pin(pin);
                    let state = pages.pinned(pin).unwrap();
                    assert!(state >= last, "back in time");
                    last = state;
                    let first = found(pages, pin, 0).unwrap();
                    for page in (0..PAGES).rev() {
                        assert_eq!(found(pages, pin, page), Some(first), "two states at once");
                    }
                    pages.unpin(pin);
                }
            });
        }
        for round in 0..2_000_u32 {
            (0..PAGES).for_each(|page| write(&pages, page, round as u8));
            pages.publish();
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(pages.versions() <= PAGES * 5, "{}", pages.versions());
}

fn both() -> (Arc<Pages>, Connection, Reader) {
    let pages = Arc::new(Pages::new());
    let writer = open_writer(&pages).unwrap();
    pages.publish();
    let reader = Reader::open(&pages, 0, |_| Ok(())).unwrap();
    (pages, writer, reader)
}

fn count(reader: &mut Reader, sql: &str) -> i64 {
    reader.read(|c| c.prepare_cached(sql)?.query_row((), |row| row.get(0))).unwrap()
}

#[test]
fn pages_are_looked_at_where_they_are() {
    let (_, _, reader) = both();
    assert!(reader.fetches);
}

#[test]
fn a_reader_sees_what_is_published() {
    let (pages, writer, mut reader) = both();
    assert_eq!(count(&mut reader, "SELECT count(*) FROM sqlite_schema"), 0);
    writer.execute_batch("CREATE TABLE t (a)").unwrap();
    pages.publish();
    for n in 0..200 {
        writer.execute("INSERT INTO t VALUES (zeroblob(1000))", ()).unwrap();
        assert_eq!(count(&mut reader, "SELECT count(*) FROM t"), n);
        pages.publish();
        assert_eq!(count(&mut reader, "SELECT count(*) FROM t"), n + 1);
    }
    writer.execute_batch("ALTER TABLE t ADD b DEFAULT 5; CREATE INDEX i ON t (b)").unwrap();
    pages.publish();
    assert_eq!(count(&mut reader, "SELECT sum(b) FROM t"), 1000);
    assert_eq!(count(&mut reader, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

#[test]
fn a_transaction_larger_than_the_writers_cache_can_be_undone() {
    let (pages, writer, mut reader) = both();
    writer.pragma_update(None, "cache_size", 10).unwrap();
    writer.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
    pages.publish();
    let before = pages.count();
    let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO t SELECT randomblob(200) FROM n";
    writer.execute_batch("BEGIN").unwrap();
    writer.execute_batch(rows).unwrap();
    assert!(pages.count() > before + 100, "pages have been written before the commit");
    assert_eq!(count(&mut reader, "SELECT count(*) FROM t"), 1);
    writer.execute_batch("ROLLBACK").unwrap();
    pages.publish();
    let whole = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
    assert_eq!(count(&mut reader, "SELECT count(*) FROM t"), 1);
    assert_eq!(count(&mut reader, whole), 1);
    writer.execute_batch(rows).unwrap();
    pages.publish();
    assert_eq!(count(&mut reader, "SELECT count(*) FROM t"), 5001);
    assert_eq!(count(&mut reader, whole), 1);
    let own: String = writer.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
    assert_eq!(own, "ok");
}

#[test]
fn a_reader_can_not_write() {
    let (_, _writer, mut reader) = both();
    assert!(reader.read(|c| c.execute("CREATE TABLE u (a)", ())).is_err());
    reader.read(|c| c.pragma_update(None, "query_only", false)).unwrap();
    assert!(reader.read(|c| c.execute("CREATE TABLE u (a)", ())).is_err());
}

#[test]
fn forgotten_rows_end_with_the_read() {
    let (pages, writer, mut reader) = both();
    writer.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)").unwrap();
    pages.publish();
    reader
        .read(|c| {
            let mut statement = c.prepare("SELECT a FROM t")?;
            let mut rows = statement.query(())?;
            rows.next()?;
            std::mem::forget(rows);
            std::mem::forget(statement);
            Ok(())
        })
        .unwrap();
    writer.execute_batch("DELETE FROM t").unwrap();
    pages.publish();
    assert_eq!(count(&mut reader, "SELECT count(*) FROM t"), 0);
}

#[test]
fn nobody_else_opens_the_pages() {
    let (_pages, _writer, _reader) = both();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let other = Connection::open_with_flags_and_vfs("iratdb", flags, VFS_NAME);
    assert!(other.is_err() || other.is_ok_and(|c| c.query_row("SELECT 1 FROM sqlite_schema", (), |_| Ok(())).is_err()));
}
