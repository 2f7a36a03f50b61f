//! What a transaction is seen to have changed, for every way SQLite has to change rows.

use rusqlite::Connection;

use super::LocalDb;
use crate::core::capture::{LocalChange, LocalKind};
use crate::core::key::key_of;
use crate::core::store::Store;
use crate::core::value::{Value, ValueRef};
use crate::error::{Error, SchemaProblem};
use crate::options::{Lww, Options, TableOptions};

const T: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b REAL DEFAULT 1)";

fn open(schema: &[&str]) -> LocalDb {
    LocalDb::open(&Options::new("test").schema(schema)).unwrap()
}

fn filled() -> LocalDb {
    let mut db = open(&[T]);
    db.begin(|c| c.execute_batch("INSERT INTO t VALUES (1, 'one', 1.5), (2, 'two', 2), (3, NULL, 3)")).unwrap();
    db.commit().unwrap();
    db
}

/// Runs it, and gives what changed, readably.
fn changes(db: &mut LocalDb, work: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Vec<String> {
    let ((), changes) = db.begin(work).unwrap();
    db.commit().unwrap();
    let mut text: Vec<_> = changes.iter().map(describe).collect();
    text.sort();
    text
}

fn batch(db: &mut LocalDb, sql: &str) -> Vec<String> {
    changes(db, |c| c.execute_batch(sql))
}

fn describe(change: &LocalChange) -> String {
    let id = (0..100).find(|id| key_of(&[Value::Integer(*id)]) == change.key).unwrap();
    let show = |value: &Value| match value.as_ref() {
        ValueRef::Null => "-".to_owned(),
        ValueRef::Integer(i) => format!("{i}"),
        ValueRef::Real(r) => format!("{r:?}"),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(_) => "blob".to_owned(),
    };
    match &change.kind {
        LocalKind::Insert { values, before } => {
            let was = if before.is_some() { " again" } else { "" };
            format!("{id} insert {}{was}", values.iter().map(show).collect::<Vec<_>>().join(" "))
        }
        LocalKind::Update(columns) => {
            let columns: Vec<_> = columns.iter().map(|c| format!("{}={}", c.column, show(&c.after))).collect();
            format!("{id} update {}", columns.join(" "))
        }
        LocalKind::Delete { before } => {
            assert!(before.is_some());
            format!("{id} delete")
        }
    }
}

#[test]
fn plain_statements() {
    let mut db = filled();
    assert_eq!(batch(&mut db, "INSERT INTO t (id, a) VALUES (9, 'nine')"), ["9 insert nine 1.0"]);
    assert_eq!(batch(&mut db, "UPDATE t SET a = 'x' WHERE id < 3"), ["1 update 0=x", "2 update 0=x"]);
    assert_eq!(batch(&mut db, "DELETE FROM t WHERE id = 9"), ["9 delete"]);
    assert_eq!(batch(&mut db, "DELETE FROM t"), ["1 delete", "2 delete", "3 delete"]);
}

#[test]
fn what_changes_nothing_is_no_change() {
    let mut db = filled();
    let nothing: [String; 0] = [];
    assert_eq!(batch(&mut db, "UPDATE t SET a = a, b = b"), nothing);
    assert_eq!(
        batch(
            &mut db,
            "UPDATE t SET a = 'x'; UPDATE t SET a = 'one' WHERE id = 1; UPDATE t SET a = 'two' WHERE id = 2; UPDATE t SET a = NULL WHERE id = 3"
        ),
        nothing
    );
    assert_eq!(batch(&mut db, "INSERT INTO t (id) VALUES (7); DELETE FROM t WHERE id = 7"), nothing);
    assert_eq!(batch(&mut db, "INSERT OR IGNORE INTO t (id) VALUES (1)"), nothing);
}

#[test]
fn several_changes_of_a_row_are_one() {
    let mut db = filled();
    assert_eq!(
        batch(&mut db, "UPDATE t SET a = 'x' WHERE id = 1; UPDATE t SET b = 9 WHERE id = 1"),
        ["1 update 0=x 1=9.0"]
    );
    assert_eq!(batch(&mut db, "INSERT INTO t (id) VALUES (7); UPDATE t SET a = 'y' WHERE id = 7"), ["7 insert y 1.0"]);
    assert_eq!(batch(&mut db, "UPDATE t SET a = 'z' WHERE id = 2; DELETE FROM t WHERE id = 2"), ["2 delete"]);
    assert_eq!(
        batch(&mut db, "DELETE FROM t WHERE id = 3; INSERT INTO t (id, a) VALUES (3, 'n')"),
        ["3 insert n 1.0 again"]
    );
}

#[test]
fn upsert_replace_and_keys_that_change() {
    let mut db = filled();
    let upsert = "INSERT INTO t (id, a) VALUES (1, 'up'), (8, 'new') ON CONFLICT DO UPDATE SET a = excluded.a";
    assert_eq!(batch(&mut db, upsert), ["1 update 0=up", "8 insert new 1.0"]);
    assert_eq!(batch(&mut db, "INSERT OR REPLACE INTO t VALUES (2, 'two', 2)"), ["2 insert two 2.0 again"]);
    assert_eq!(batch(&mut db, "UPDATE t SET id = 5 WHERE id = 3"), ["3 delete", "5 insert - 3.0"]);
    assert_eq!(batch(&mut db, "UPDATE OR REPLACE t SET id = 1 WHERE id = 2"), ["1 insert two 2.0 again", "2 delete"]);
}

#[test]
fn failed_statements_leave_no_trace() {
    let mut db = open(&["CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)"]);
    let nothing: [String; 0] = [];
    assert_eq!(batch(&mut db, "INSERT INTO t VALUES (1, 'one'), (2, 'two')"), ["1 insert one", "2 insert two"]);
    let failing = |sql: &'static str| {
        move |c: &Connection| {
            assert!(c.execute(sql, ()).is_err());
            Ok(())
        }
    };
    assert_eq!(changes(&mut db, failing("INSERT INTO t VALUES (3, 'x'), (4, NULL)")), nothing);
    assert_eq!(changes(&mut db, failing("UPDATE t SET a = CASE id WHEN 1 THEN 'x' END")), nothing);
    assert_eq!(changes(&mut db, failing("INSERT OR REPLACE INTO t VALUES (1, 'x'), (2, NULL)")), nothing);
    assert_eq!(changes(&mut db, failing("INSERT OR FAIL INTO t VALUES (5, 'five'), (6, NULL)")), ["5 insert five"]);
    let mixed = |c: &Connection| {
        c.execute("UPDATE t SET a = 'kept' WHERE id = 1", ())?;
        assert!(c.execute("UPDATE t SET a = CASE id WHEN 1 THEN 'lost' END", ()).is_err());
        c.execute("DELETE FROM t WHERE id = 2", ()).map(drop)
    };
    assert_eq!(changes(&mut db, mixed), ["1 update 0=kept", "2 delete"]);
    // Not to be taken for a REPLACE, whose deletion is not counted either.
    let again = |c: &Connection| {
        c.execute("DELETE FROM t WHERE id = 1", ())?;
        c.execute("INSERT INTO t VALUES (1, 'again')", ())?;
        assert!(c.execute("INSERT INTO t VALUES (7, 'x'), (8, NULL)", ()).is_err());
        Ok(())
    };
    assert_eq!(changes(&mut db, again), ["1 insert again again"]);
}

#[test]
fn savepoints() {
    let mut db = filled();
    let sql = "UPDATE t SET a = 'kept' WHERE id = 1;
        SAVEPOINT s; UPDATE t SET a = 'lost', b = 0; DELETE FROM t WHERE id = 2; INSERT INTO t (id) VALUES (50); ROLLBACK TO s;
        INSERT INTO t (id, a) VALUES (60, 'kept'); RELEASE s";
    assert_eq!(batch(&mut db, sql), ["1 update 0=kept", "60 insert kept 1.0"]);
    assert_eq!(
        batch(&mut db, "SAVEPOINT s; DELETE FROM t; RELEASE s"),
        ["1 delete", "2 delete", "3 delete", "60 delete"]
    );
}

#[test]
fn a_closure_that_fails_or_panics_leaves_nothing() {
    let mut db = filled();
    let failed = db.begin(|c| {
        c.execute("DELETE FROM t", ())?;
        c.execute("no SQL", ())
    });
    assert!(matches!(failed, Err(Error::Sqlite(_))));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        db.begin(|c| -> rusqlite::Result<()> {
            c.execute("DELETE FROM t", ())?;
            panic!("a bug of the application");
        })
        .map(drop)
    }));
    assert!(panicked.is_err());
    assert_eq!(batch(&mut db, "UPDATE t SET a = 'still' WHERE id = 1"), ["1 update 0=still"]);
}

#[test]
fn the_closure_can_not_end_the_transaction() {
    let mut db = filled();
    for sql in ["COMMIT", "ROLLBACK", "BEGIN", super::COMMIT] {
        let result = db.begin(|c| {
            c.execute("DELETE FROM t", ())?;
            c.prepare_cached(sql)?.execute(())
        });
        assert!(result.is_err(), "{sql}");
    }
    let rolled_back = db.begin(|c| {
        c.execute("DELETE FROM t", ())?;
        assert!(c.execute("INSERT OR ROLLBACK INTO t VALUES (70, '', 1), (70, '', 1)", ()).is_err());
        assert!(c.execute("INSERT INTO t (id) VALUES (71)", ()).is_err(), "it would commit by itself");
        Ok(())
    });
    assert!(matches!(rolled_back, Err(Error::RolledBack)));
    assert_eq!(db.read(|c| c.query_row("SELECT count(*) FROM t", (), |row| row.get::<_, i64>(0))).unwrap(), 3);
}

#[test]
fn reads_do_not_write_and_nobody_changes_the_schema() {
    let mut db = filled();
    assert!(db.read(|c| c.execute("DELETE FROM t", ())).is_err());
    db.begin(|c| c.prepare_cached("DELETE FROM t WHERE id = 99")?.execute(())).unwrap();
    db.commit().unwrap();
    db.begin(|c| c.execute("INSERT INTO t (id) VALUES (99)", ())).unwrap();
    db.commit().unwrap();
    let cached = db.read(|c| c.prepare_cached("DELETE FROM t WHERE id = 99")?.execute(()));
    assert!(cached.is_err(), "prepared in a transaction, run in a read");
    for sql in [
        "CREATE TABLE u (id INTEGER PRIMARY KEY)",
        "DROP TABLE t",
        "ALTER TABLE t ADD COLUMN c",
        "CREATE UNIQUE INDEX i ON t (a)",
        "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM t; END",
        "CREATE TEMP TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM t; END",
        "ATTACH ':memory:' AS other",
        "PRAGMA recursive_triggers = 1",
        "PRAGMA writable_schema = 1",
    ] {
        assert!(db.begin(|c| c.execute_batch(sql)).is_err(), "{sql}");
    }
    let allowed =
        "CREATE TABLE local_u (x UNIQUE); INSERT INTO local_u VALUES (1); DROP TABLE local_u; CREATE TEMP TABLE v (x)";
    assert!(batch(&mut db, allowed).is_empty());
    let columns: i64 =
        db.read(|c| c.query_row("SELECT count(*) FROM pragma_table_info('t')", (), |row| row.get(0))).unwrap();
    assert_eq!(columns, 3);
}

#[test]
fn odd_values_and_keys() {
    let mut db = open(&[
        "CREATE TABLE t (x REAL NOT NULL, y BLOB NOT NULL, v ANY, PRIMARY KEY (y, x)) WITHOUT ROWID",
        "CREATE TABLE \"odd \"\"name\" (\"a b\" TEXT NOT NULL PRIMARY KEY)",
    ]);
    let sql = "INSERT INTO t VALUES (1, x'00ff', 1e300), (-0.0, x'', 9223372036854775807), (2.5, 'text', CAST(x'c3' AS TEXT));
        INSERT INTO \"odd \"\"name\" VALUES ('')";
    let ((), changes) = db.begin(|c| c.execute_batch(sql)).unwrap();
    db.commit().unwrap();
    let digests = db.digests().unwrap();
    let mut copy = open(&[
        "CREATE TABLE \"odd \"\"name\" (\"a b\" TEXT NOT NULL PRIMARY KEY)",
        "CREATE TABLE t (x REAL NOT NULL, y BLOB NOT NULL, v ANY, PRIMARY KEY (y, x)) WITHOUT ROWID",
    ]);
    let schema = copy.schema().clone();
    assert_eq!(schema.hash, db.schema().hash, "the order of the steps does not matter");
    for change in &changes {
        let LocalKind::Insert { values, .. } = &change.kind else { panic!("{change:?}") };
        let values: Vec<_> = values.iter().map(Value::as_ref).collect();
        copy.put(&schema.tables[change.table], change.table, &change.key, &values).unwrap();
        let read = copy.row(&schema.tables[change.table], change.table, &change.key).unwrap().unwrap();
        assert_eq!(read.iter().map(Value::as_ref).collect::<Vec<_>>(), values);
    }
    copy.finish_apply().unwrap();
    assert_eq!(copy.digests().unwrap(), digests);
}

/// Changes of all tables, as table, key and what happened.
fn all_changes(db: &mut LocalDb, sql: &str) -> Vec<String> {
    let ((), changes) = db.begin(|c| c.execute_batch(sql)).unwrap();
    db.commit().unwrap();
    let names: Vec<_> = db.schema().tables.iter().map(|table| table.name.clone()).collect();
    let mut text: Vec<_> =
        changes.iter().map(|change| format!("{} {}", names[change.table], describe(change))).collect();
    text.sort();
    text
}

#[test]
fn replace_takes_rows_away_that_are_unique_in_the_same_way() {
    let mut db = open(&["CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INTEGER)"]);
    batch(&mut db, "INSERT INTO t VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)");
    assert_eq!(batch(&mut db, "INSERT OR REPLACE INTO t VALUES (4, 'one', 4)"), ["1 delete", "4 insert one 4"]);
    assert_eq!(batch(&mut db, "UPDATE OR REPLACE t SET a = 'three' WHERE id = 2"), ["2 update 0=three", "3 delete"]);
    assert_eq!(batch(&mut db, "INSERT OR REPLACE INTO t VALUES (2, 'one', 9)"), ["2 insert one 9 again", "4 delete"]);
    let upsert = "INSERT INTO t VALUES (7, 'one', 0) ON CONFLICT (a) DO UPDATE SET b = b + 1";
    assert_eq!(batch(&mut db, upsert), ["2 update 1=10"]);
    let nothing: [String; 0] = [];
    assert_eq!(batch(&mut db, "INSERT INTO t VALUES (7, 'one', 0) ON CONFLICT DO NOTHING"), nothing);
    assert_eq!(batch(&mut db, "INSERT OR REPLACE INTO t VALUES (2, 'one', 10)"), ["2 insert one 10 again"]);
}

#[test]
fn cascades_and_triggers_are_captured() {
    let mut db = open(&[
        "CREATE TABLE parent (id INTEGER PRIMARY KEY, n INTEGER)",
        "CREATE TABLE child (id INTEGER PRIMARY KEY, p INTEGER REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE)",
        "CREATE TABLE loose (id INTEGER PRIMARY KEY, p INTEGER REFERENCES parent ON DELETE SET NULL)",
        "CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT)",
        "CREATE TRIGGER tr AFTER UPDATE OF n ON parent BEGIN INSERT INTO log VALUES (new.id, 'n ' || new.n); END",
        "CREATE TRIGGER gone AFTER DELETE ON parent BEGIN UPDATE log SET what = 'gone' WHERE id = old.id; END",
    ]);
    all_changes(
        &mut db,
        "INSERT INTO parent VALUES (1, 0), (2, 0); INSERT INTO child VALUES (11, 1), (12, 2); INSERT INTO loose VALUES (21, 1)",
    );
    assert_eq!(
        all_changes(&mut db, "UPDATE parent SET n = 5 WHERE id = 1"),
        ["log 1 insert n 5", "parent 1 update 0=5"]
    );
    assert_eq!(
        all_changes(&mut db, "UPDATE parent SET id = 3 WHERE id = 2"),
        ["child 12 update 0=3", "parent 2 delete", "parent 3 insert 0"]
    );
    assert_eq!(
        all_changes(&mut db, "DELETE FROM parent WHERE id = 1"),
        ["child 11 delete", "log 1 update 0=gone", "loose 21 update 0=-", "parent 1 delete"]
    );
    let orphan = db.begin(|c| c.execute("INSERT INTO child VALUES (13, 99)", ()));
    assert!(matches!(orphan, Err(Error::Sqlite(_))));
}

#[test]
fn what_replicas_did_fires_and_checks_nothing() {
    let mut db = open(&[
        "CREATE TABLE parent (id INTEGER PRIMARY KEY, n INTEGER CHECK (n < 10))",
        "CREATE TABLE child (id INTEGER PRIMARY KEY, p INTEGER REFERENCES parent ON DELETE CASCADE)",
        "CREATE TABLE log (id INTEGER PRIMARY KEY)",
        "CREATE TRIGGER tr AFTER INSERT ON parent BEGIN INSERT INTO log VALUES (new.id); END",
    ]);
    let schema = db.schema().clone();
    let index = |name: &str| schema.table_index(name).unwrap();
    let key = |id| key_of(&[Value::Integer(id)]);
    let (parent, child) = (index("parent"), index("child"));
    db.put(&schema.tables[parent], parent, &key(1), &[ValueRef::Integer(99)]).unwrap();
    db.put(&schema.tables[child], child, &key(1), &[ValueRef::Integer(1)]).unwrap();
    db.delete(&schema.tables[parent], parent, &key(1)).unwrap();
    db.finish_apply().unwrap();
    let counts = "SELECT (SELECT count(*) FROM parent), (SELECT count(*) FROM child), (SELECT count(*) FROM log)";
    let counts: (i64, i64, i64) =
        db.read(|c| c.query_row(counts, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))).unwrap();
    assert_eq!(counts, (0, 1, 0));
    assert!(db.begin(|c| c.execute("INSERT INTO parent VALUES (2, 99)", ())).is_err(), "a local write is checked");
    assert_eq!(all_changes(&mut db, "INSERT INTO parent VALUES (2, 9)"), ["log 2 insert ", "parent 2 insert 9"]);
}

#[test]
fn tables_without_rowid_and_generated_columns() {
    let mut db = open(&[
        "CREATE TABLE t (g AS (a || '!') STORED, id INTEGER NOT NULL PRIMARY KEY, v AS (a || '?'), a TEXT, b INTEGER) WITHOUT ROWID",
    ]);
    assert_eq!(
        batch(&mut db, "INSERT INTO t (id, a, b) VALUES (1, 'one', 1), (2, 'two', 2)"),
        ["1 insert one 1", "2 insert two 2"]
    );
    assert_eq!(batch(&mut db, "UPDATE t SET a = 'x' WHERE id = 1"), ["1 update 0=x"]);
    assert_eq!(batch(&mut db, "UPDATE t SET id = 5 WHERE id = 1"), ["1 delete", "5 insert x 1"]);
    assert_eq!(batch(&mut db, "INSERT OR REPLACE INTO t (id, a) VALUES (2, 'z')"), ["2 insert z - again"]);
    assert_eq!(batch(&mut db, "DELETE FROM t"), ["2 delete", "5 delete"]);
    let mut db =
        open(&["CREATE TABLE t (v AS (a || '?'), id INTEGER NOT NULL PRIMARY KEY, g AS (a || '!') STORED, a TEXT)"]);
    assert_eq!(batch(&mut db, "INSERT INTO t (id, a) VALUES (1, 'one')"), ["1 insert one"]);
    assert_eq!(batch(&mut db, "UPDATE t SET a = 'x'"), ["1 update 0=x"]);
    let schema = db.schema().clone();
    db.set(&schema.tables[0], 0, &key_of(&[Value::Integer(1)]), &[(0, ValueRef::Text(b"y"))]).unwrap();
    db.finish_apply().unwrap();
    let computed: String = db.read(|c| c.query_row("SELECT v || g FROM t", (), |row| row.get(0))).unwrap();
    assert_eq!(computed, "y?y!");
}

#[test]
fn values_are_captured_as_they_are_stored() {
    let mut db = open(&["CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, r REAL, s TEXT, n NUMERIC, x)"]);
    let nothing: [String; 0] = [];
    assert_eq!(batch(&mut db, "INSERT INTO t VALUES (1, '5', '7', 3.5, '2.0', '1')"), ["1 insert 5 7.0 3.5 2 1"]);
    assert_eq!(batch(&mut db, "UPDATE t SET i = '6', r = 8, s = 4, n = '1e2'"), ["1 update 0=6 1=8.0 2=4 3=100"]);
    assert_eq!(batch(&mut db, "UPDATE t SET i = 6.0, r = '8.0', s = '4', n = 100.0"), nothing);
    for change in db.begin(|c| c.execute("UPDATE t SET i = '7', s = 5, n = '3'", ())).unwrap().1 {
        let LocalKind::Update(columns) = change.kind else { panic!() };
        for changed in columns {
            assert!(db.schema().tables[0].columns[usize::from(changed.column)].keeps(changed.after.as_ref()));
        }
    }
    db.commit().unwrap();
    let returning =
        db.begin(|c| c.query_row("UPDATE t SET x = 2 RETURNING x", (), |row| row.get::<_, i64>(0))).unwrap();
    assert_eq!((returning.0, returning.1.len()), (2, 1));
    db.commit().unwrap();
}

#[test]
fn a_commit_that_a_deferred_constraint_stops_leaves_nothing() {
    let mut db =
        open(&["CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER REFERENCES t DEFERRABLE INITIALLY DEFERRED)"]);
    db.begin(|c| c.execute("INSERT INTO t VALUES (1, 2)", ())).unwrap();
    assert!(matches!(db.commit(), Err(Error::Sqlite(_))));
    assert_eq!(batch(&mut db, "INSERT INTO t VALUES (1, 2), (2, 1)"), ["1 insert 2", "2 insert 1"]);
}

#[test]
fn schemas_that_can_not_be_kept_are_refused() {
    let problem = |sql: &str| match LocalDb::open(&Options::new("test").schema(&[sql])) {
        Err(Error::Schema { problem, .. }) => problem,
        other => panic!("{sql}: {other:?}"),
    };
    const T: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a";
    for (sql, feature) in [
        (format!("{T}); CREATE UNIQUE INDEX i ON t (a) WHERE a > 1"), "a partial UNIQUE index"),
        (format!("{T}); CREATE UNIQUE INDEX i ON t (a + 1)"), "a UNIQUE index on an expression"),
        (format!("{T}, b AS (a) UNIQUE)"), "UNIQUE on a generated column"),
        (format!("{T}, b AS (nullif(a, 5)) NOT NULL)"), "NOT NULL on a generated column"),
        (format!("{T} REFERENCES local_x (a))"), "a FOREIGN KEY to a table that is not replicated"),
        (format!("{T}, b BLOB REFERENCES t (a))"), "a FOREIGN KEY to columns that are neither PRIMARY KEY nor UNIQUE"),
        (format!("{T} TEXT REFERENCES t)"), "a FOREIGN KEY to a column of another type"),
        (
            format!("{T} CHECK (rowid > a), x TEXT NOT NULL)")
                .replace("id INTEGER PRIMARY KEY", "id TEXT NOT NULL PRIMARY KEY"),
            "CHECK, an index or a generated column over rowid",
        ),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)".to_owned(), "AUTOINCREMENT"),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)".to_owned(), "rows in the schema"),
    ] {
        assert_eq!(problem(&sql), SchemaProblem::Unsupported { table: "t".to_owned(), feature }, "{sql}");
    }
    let t = || "t".to_owned();
    assert_eq!(problem("CREATE TABLE t (a)"), SchemaProblem::NoPrimaryKey(t()));
    assert_eq!(problem("CREATE TABLE t (a TEXT PRIMARY KEY)"), SchemaProblem::NullablePrimaryKey(t(), "a".to_owned()));
    let nocase = "CREATE TABLE t (a TEXT COLLATE NOCASE NOT NULL PRIMARY KEY)";
    assert_eq!(problem(nocase), SchemaProblem::KeyCollation(t(), "NOCASE".to_owned()));
    for (more, expression) in [
        (", CHECK (a < b OR id > 7))", "CHECK (a<b OR id>7)"),
        (", g AS (a || b))", "the generated column g AS (a||b)"),
        (", g AS (a + 1) STORED, h AS (g * b))", "the generated column h AS (g*b)"),
        (", g AS (a + 1), CHECK (g < b))", "CHECK (g<b)"),
        ("); CREATE INDEX i ON t (a, b, abs(a - b) DESC)", "an index over abs(a-b)DESC"),
        ("); CREATE INDEX i ON t (id) WHERE json_extract(a, b) = 1", "an index WHERE json_extract(a,b)=1"),
    ] {
        let sql = format!("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER{more}");
        let expression = expression.to_owned();
        assert_eq!(problem(&sql), SchemaProblem::OverSeveralColumns { table: t(), expression });
        let by_row = Options::new("test").schema(&[sql]).table("t", TableOptions::default().lww(Lww::Row));
        LocalDb::open(&by_row).unwrap();
    }
    for sql in [
        "CREATE TABLE local_t (a UNIQUE CHECK (a > 0))",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, g AS (json_extract(a, '$.x')), h AS (g || id), CHECK (g > 1));
         CREATE INDEX i ON t (g, b, abs(b)) WHERE a IS NOT NULL",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a CHECK (a > id), b CHECK (length(b) < 5 AND b <> 'a'))",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE UNIQUE, b, UNIQUE (b, a))",
        "CREATE TABLE t (x INTEGER NOT NULL, y TEXT NOT NULL, PRIMARY KEY (x, y));
         CREATE TABLE u (id INTEGER PRIMARY KEY, b TEXT, a INTEGER, FOREIGN KEY (b, a) REFERENCES t (y, x))",
    ] {
        LocalDb::open(&Options::new("test").schema(&[sql])).unwrap();
    }
}

#[test]
fn columns_that_merge_are_numbers_that_are_there() {
    let problem = |column: &str, options: TableOptions| {
        let sql = format!("CREATE TABLE t (id INTEGER PRIMARY KEY, n {column})");
        match LocalDb::open(&Options::new("test").schema(&[sql]).table("t", options)) {
            Err(Error::Schema { problem: SchemaProblem::MergedColumn { reason, .. }, .. }) => reason,
            other => panic!("{column}: {other:?}"),
        }
    };
    let options = TableOptions::default;
    assert!(problem("INTEGER", options().counter("n")).contains("NOT NULL"));
    assert!(problem("REAL NOT NULL", options().counter("n")).contains("INTEGER"));
    assert!(problem("TEXT NOT NULL", options().max("n")).contains("REAL"));
    assert!(problem("INTEGER NOT NULL", options().max("m")).contains("no such column"));
    assert!(problem("INTEGER NOT NULL", options().min("id")).contains("no such column"));
    assert!(problem("INTEGER NOT NULL", options().owned().counter("n")).contains("one writer"));
}
