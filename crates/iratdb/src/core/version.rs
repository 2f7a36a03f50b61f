//! Schemas of other members: how one is described on the wire, and whether two fit each other.
//!
//! Members whose schemas are equal, which the hash in each message tells, never look at any of this. Others fit if one has only what
//! the other has, and more: tables, and columns at the end of tables that can be left out. Each table is looked at by itself, so that it
//! does not matter who is the newer.

use super::codec::{DecodeError, Reader, put_bytes, put_value, put_varint};
use super::constraint::{Collation, Part, Reference, Target, Unique};
use super::schema::{
    Affinity, COLUMNS_MAX, Column, KEY_COLUMNS_MAX, Merge, ROW_CLOCK, Schema, Storage, TABLES_MAX, Table,
};
use super::secret;
use super::value::{Value, ValueRef};

/// Longest description, in bytes: a schema whose is longer is refused at open.
pub const DESCRIPTION_BYTES_MAX: usize = 256 * 1024;
/// UNIQUE constraints, and foreign keys, that a description may have.
pub const CONSTRAINTS_MAX: usize = 4096;
/// First byte of a description.
const FORMAT: u8 = 1;

/// Why a member's schema does not fit ours: the first thing that differs. "There" is the other member.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Difference {
    /// The versions differ.
    #[error("it has schema version {theirs} there and {ours} here")]
    Version {
        /// Ours.
        ours: u32,
        /// The other's.
        theirs: u32,
    },
    /// The primary keys differ.
    #[error("table {table} has PRIMARY KEY ({theirs}) there and ({ours}) here")]
    Key {
        /// The table.
        table: String,
        /// Our key's columns.
        ours: String,
        /// The other's.
        theirs: String,
    },
    /// The table is replicated in another way.
    #[error("table {table} is {theirs} there and {ours} here")]
    Options {
        /// The table.
        table: String,
        /// Our options.
        ours: String,
        /// The other's.
        theirs: String,
    },
    /// Columns at the same place differ.
    #[error("column {number} of table {table} beside its key is {theirs} there and {ours} here")]
    Column {
        /// The table.
        table: String,
        /// Which of the columns beside the key, from 1.
        number: usize,
        /// Our column.
        ours: String,
        /// The other's.
        theirs: String,
    },
    /// A column that one has more can't be left out by the other.
    #[error("column {column} of table {table} is only {}, and {reason}", place(*there))]
    Added {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Whether it is the other member that has it.
        there: bool,
        /// Why it can't be left out.
        reason: &'static str,
    },
    /// One has a generated column or an index expression more on a table that both have. The other's rows may be such that it fails.
    #[error("table {table} has {expression} only {}, which can fail with rows of a member that does not compute it", place(*there))]
    Computed {
        /// The table.
        table: String,
        /// The generated column or index.
        expression: String,
        /// Whether it is the other member that has it.
        there: bool,
    },
    /// One has a constraint more on a table that both have.
    #[error("{constraint} is only {}", place(*there))]
    Constraint {
        /// The constraint.
        constraint: String,
        /// Whether it is the other member that has it.
        there: bool,
    },
}

fn place(there: bool) -> &'static str {
    if there { "there" } else { "here" }
}

/// How a schema that fits ours numbers the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// By their number: ours.
    ours: Vec<Option<u8>>,
    /// By our number: whether they have it.
    has: Vec<bool>,
}

impl Fit {
    /// Our number of a table of theirs, if we have it.
    pub fn table(&self, theirs: u8) -> Option<u8> {
        self.ours.get(usize::from(theirs)).copied().flatten()
    }

    /// Whether they have a table of ours.
    pub fn has(&self, ours: usize) -> bool {
        self.has.get(ours).copied().unwrap_or(false)
    }

    /// Whether they have all our tables.
    pub fn has_all(&self) -> bool {
        self.has.iter().all(|has| *has)
    }
}

/// What is hashed and told of a schema. Tables are in the order that numbers them.
pub(super) fn describe(version: u32, tables: &[Table], uniques: &[Unique], references: &[Reference]) -> Vec<u8> {
    let mut out = vec![FORMAT];
    put_varint(&mut out, u64::from(version));
    put_varint(&mut out, tables.len() as u64);
    for table in tables {
        put_bytes(&mut out, table.name.as_bytes());
        out.push(u8::from(table.owned) | (u8::from(table.row_wise) << 1));
        for columns in [&table.key, &table.columns] {
            put_varint(&mut out, columns.len() as u64);
            columns.iter().for_each(|column| put_column(&mut out, column));
        }
        put_varint(&mut out, table.computed.len() as u64);
        table.computed.iter().for_each(|expression| put_bytes(&mut out, expression.as_bytes()));
    }
    put_varint(&mut out, uniques.len() as u64);
    for unique in uniques {
        out.push(unique.table as u8);
        put_parts(&mut out, &unique.parts);
    }
    put_varint(&mut out, references.len() as u64);
    for reference in references {
        out.extend_from_slice(&[reference.table as u8, reference.parent as u8]);
        put_parts(&mut out, &reference.parts);
        let (unique, order) = match &reference.target {
            Target::Key(order) => (0, order),
            Target::Unique(unique, order) => (*unique as u64 + 1, order),
        };
        put_varint(&mut out, unique);
        put_varint(&mut out, order.len() as u64);
        order.iter().for_each(|at| out.push(*at as u8));
    }
    out
}

fn put_column(out: &mut Vec<u8>, column: &Column) {
    put_bytes(out, column.name.as_bytes());
    let has_default = column.default.is_some();
    out.push(u8::from(column.not_null) | (u8::from(has_default) << 1));
    out.extend_from_slice(&[column.storage as u8, column.affinity as u8, column.merge as u8]);
    if let Some(default) = &column.default {
        put_value(out, default.as_ref());
    }
}

fn put_parts(out: &mut Vec<u8>, parts: &[Part]) {
    put_varint(out, parts.len() as u64);
    for part in parts {
        out.extend_from_slice(&[u8::from(part.in_key), part.index as u8, part.collation as u8]);
    }
}

/// What tells schemas apart. Who can't write can't make another that has the same: it is cut from SHA-256.
pub fn hash_of(description: &[u8]) -> u64 {
    let hash = secret::hash("iratdb schema", &[description]);
    hash.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// Another member's schema.
#[derive(Debug)]
struct Described {
    version: u32,
    tables: Vec<Table>,
    uniques: Vec<Unique>,
    references: Vec<Reference>,
}

fn bounded(reader: &mut Reader<'_>, each: usize, max: usize) -> Result<usize, DecodeError> {
    let count = reader.count(each)?;
    if count > max { Err(DecodeError::Range) } else { Ok(count) }
}

fn read_name(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    let name = std::str::from_utf8(reader.bytes()?).map_err(|_| DecodeError::Range)?;
    Ok(name.to_owned())
}

fn one_of<T: Copy>(all: &[T], tag: u8) -> Result<T, DecodeError> {
    all.get(usize::from(tag)).copied().ok_or(DecodeError::Tag(tag))
}

fn read_column(reader: &mut Reader<'_>) -> Result<Column, DecodeError> {
    let name = read_name(reader)?;
    let flags = reader.u8()?;
    if flags > 3 {
        return Err(DecodeError::Tag(flags));
    }
    let storages =
        [Storage::Any, Storage::Real, Storage::IntegerOnly, Storage::RealOnly, Storage::TextOnly, Storage::BlobOnly];
    let storage = one_of(&storages, reader.u8()?)?;
    let affinities = [Affinity::Blob, Affinity::Text, Affinity::Numeric, Affinity::Real];
    let affinity = one_of(&affinities, reader.u8()?)?;
    let merge = one_of(&[Merge::Last, Merge::Counter, Merge::Max, Merge::Min], reader.u8()?)?;
    let default = if flags & 2 == 0 { None } else { Some(reader.value()?.to_value()) };
    Ok(Column { name, position: 0, not_null: flags & 1 == 1, storage, affinity, merge, default })
}

fn read_parts(reader: &mut Reader<'_>, table: &Table) -> Result<Vec<Part>, DecodeError> {
    let count = bounded(reader, 3, COLUMNS_MAX + KEY_COLUMNS_MAX)?;
    let part = |reader: &mut Reader<'_>| {
        let (in_key, index) = (reader.u8()? == 1, usize::from(reader.u8()?));
        let collation = one_of(&[Collation::Binary, Collation::NoCase, Collation::RTrim], reader.u8()?)?;
        let part = Part { in_key, index, collation };
        if part.column(table).is_some() { Ok(part) } else { Err(DecodeError::Range) }
    };
    (0..count).map(|_| part(reader)).collect()
}

fn read(description: &[u8]) -> Result<Described, DecodeError> {
    if description.len() > DESCRIPTION_BYTES_MAX {
        return Err(DecodeError::Range);
    }
    let mut reader = Reader::new(description);
    let reader = &mut reader;
    match reader.u8()? {
        FORMAT => {}
        other => return Err(DecodeError::Version(other)),
    }
    let version = u32::try_from(reader.varint()?).map_err(|_| DecodeError::Range)?;
    let count = bounded(reader, 4, TABLES_MAX)?;
    let mut tables = Vec::with_capacity(count);
    for _ in 0..count {
        let name = read_name(reader)?;
        let flags = reader.u8()?;
        if flags > 3 {
            return Err(DecodeError::Tag(flags));
        }
        let keys = bounded(reader, 5, KEY_COLUMNS_MAX)?;
        let key = (0..keys).map(|_| read_column(reader)).collect::<Result<_, _>>()?;
        let columns = bounded(reader, 5, COLUMNS_MAX)?;
        let columns = (0..columns).map(|_| read_column(reader)).collect::<Result<_, _>>()?;
        let expressions = bounded(reader, 1, CONSTRAINTS_MAX)?;
        let computed = (0..expressions).map(|_| read_name(reader)).collect::<Result<_, _>>()?;
        let (owned, row_wise) = (flags & 1 == 1, flags & 2 == 2);
        tables.push(Table { name, key, columns, owned, row_wise, computed, ..Table::default() });
    }
    let table = |at: u8| tables.get(usize::from(at)).map(|table| (usize::from(at), table)).ok_or(DecodeError::Range);
    let name = |table: &Table, parts: &[Part]| format!("{}({})", table.name, names(table, parts));
    let count = bounded(reader, 2, CONSTRAINTS_MAX)?;
    let mut uniques = Vec::with_capacity(count);
    for _ in 0..count {
        let (at, table) = table(reader.u8()?)?;
        let parts = read_parts(reader, table)?;
        uniques.push(Unique { name: name(table, &parts), table: at, parts });
    }
    let count = bounded(reader, 5, CONSTRAINTS_MAX)?;
    let mut references = Vec::with_capacity(count);
    for _ in 0..count {
        let ((at, child), (parent_at, parent)) = (table(reader.u8()?)?, table(reader.u8()?)?);
        let parts = read_parts(reader, child)?;
        let unique = usize::try_from(reader.varint()?).map_err(|_| DecodeError::Range)?;
        let count = bounded(reader, 1, COLUMNS_MAX + KEY_COLUMNS_MAX)?;
        let order = (0..count).map(|_| reader.u8().map(usize::from)).collect::<Result<Vec<_>, _>>()?;
        let target = match unique.checked_sub(1) {
            None => Target::Key(order),
            Some(unique) if unique < uniques.len() => Target::Unique(unique, order),
            Some(_) => return Err(DecodeError::Range),
        };
        let name = format!("{} REFERENCES {}", name(child, &parts), parent.name);
        references.push(Reference { name, table: at, parts, parent: parent_at, target });
    }
    reader.finish()?;
    Ok(Described { version, tables, uniques, references })
}

fn names(table: &Table, parts: &[Part]) -> String {
    let names: Vec<_> = parts.iter().filter_map(|part| part.column(table)).map(|column| column.name.as_str()).collect();
    names.join(", ")
}

/// Judges another member's schema. What is not a description is an error; otherwise how it numbers the tables, or why it does
/// not fit.
pub fn judge(ours: &Schema, description: &[u8]) -> Result<Result<Fit, Difference>, DecodeError> {
    read(description).map(|theirs| fit(ours, &theirs))
}

fn fit(ours: &Schema, theirs: &Described) -> Result<Fit, Difference> {
    if ours.version != theirs.version {
        return Err(Difference::Version { ours: ours.version, theirs: theirs.version });
    }
    let mut fit = Fit { ours: vec![None; theirs.tables.len()], has: vec![false; ours.tables.len()] };
    for (number, other) in theirs.tables.iter().enumerate() {
        let same = |table: &Table| table.name.eq_ignore_ascii_case(&other.name);
        let Some(at) = ours.tables.iter().position(same) else { continue };
        let Some(table) = ours.tables.get(at) else { continue };
        compare_tables(table, other)?;
        let one = Constraints { tables: &ours.tables, uniques: &ours.uniques, references: &ours.references };
        let two = Constraints { tables: &theirs.tables, uniques: &theirs.uniques, references: &theirs.references };
        compare_constraints(&one.of(at), &two.of(number))?;
        if let (Some(place), Some(has)) = (fit.ours.get_mut(number), fit.has.get_mut(at)) {
            (*place, *has) = (u8::try_from(at).ok(), true);
        }
    }
    Ok(fit)
}

fn compare_tables(ours: &Table, theirs: &Table) -> Result<(), Difference> {
    let table = || ours.name.clone();
    let same_key = ours.key.len() == theirs.key.len() && ours.key.iter().zip(&theirs.key).all(|(a, b)| same(a, b));
    if !same_key {
        let key = |table: &Table| table.key.iter().map(text_of).collect::<Vec<_>>().join(", ");
        return Err(Difference::Key { table: table(), ours: key(ours), theirs: key(theirs) });
    }
    if (ours.owned, ours.row_wise) != (theirs.owned, theirs.row_wise) {
        let (ours, theirs) = (options_of(ours), options_of(theirs));
        return Err(Difference::Options { table: table(), ours, theirs });
    }
    for (number, (a, b)) in (1..).zip(ours.columns.iter().zip(&theirs.columns)) {
        if !same(a, b) {
            return Err(Difference::Column { table: table(), number, ours: text_of(a), theirs: text_of(b) });
        }
    }
    let common = ours.columns.len().min(theirs.columns.len());
    for (columns, there) in [(&ours.columns, false), (&theirs.columns, true)] {
        for column in columns.get(common..).unwrap_or_default() {
            let reason = match column {
                Column { default: None, .. } => "who does not have it can't leave it out: it needs a constant DEFAULT",
                Column { merge: Merge::Last, .. } => continue,
                _ => "a counter, max or min column can't be added",
            };
            return Err(Difference::Added { table: table(), column: column.name.clone(), there, reason });
        }
    }
    for (some, others, there) in [(ours, theirs, false), (theirs, ours, true)] {
        if let Some(expression) = some.computed.iter().find(|one| !others.computed.contains(one)) {
            return Err(Difference::Computed { table: table(), expression: expression.clone(), there });
        }
    }
    Ok(())
}

/// Whether both are the same to who reads and writes them.
fn same(a: &Column, b: &Column) -> bool {
    let default = |column: &Column| column.default.clone();
    let same_default = match (default(a), default(b)) {
        (Some(a), Some(b)) => a.as_ref().same(b.as_ref()),
        (None, None) => true,
        _ => false,
    };
    let traits = |column: &Column| (column.not_null, column.storage, column.affinity, column.merge);
    a.name.eq_ignore_ascii_case(&b.name) && traits(a) == traits(b) && same_default
}

struct Constraints<'a> {
    tables: &'a [Table],
    uniques: &'a [Unique],
    references: &'a [Reference],
}

/// A constraint's name, and what makes it the same as another.
type Named<'a> = (String, (&'a [Part], Option<(String, Option<&'a [Part]>, &'a [usize])>));

impl<'a> Constraints<'a> {
    /// Those on a table.
    fn of(&self, table: usize) -> Vec<Named<'a>> {
        let uniques = self.uniques.iter().filter(|unique| unique.table == table);
        let mut all: Vec<Named<'a>> =
            uniques.map(|unique| (format!("UNIQUE {}", unique.name), (&*unique.parts, None))).collect();
        for reference in self.references.iter().filter(|reference| reference.table == table) {
            let parent = self.tables.get(reference.parent).map_or_else(String::new, |table| table.name.to_lowercase());
            let (unique, order) = match &reference.target {
                Target::Key(order) => (None, order),
                Target::Unique(unique, order) => (self.uniques.get(*unique).map(|unique| &*unique.parts), order),
            };
            all.push((format!("FOREIGN KEY {}", reference.name), (&*reference.parts, Some((parent, unique, order)))));
        }
        all
    }
}

fn compare_constraints(ours: &[Named<'_>], theirs: &[Named<'_>]) -> Result<(), Difference> {
    for (some, others, there) in [(ours, theirs, false), (theirs, ours, true)] {
        let more = some.iter().find(|(_, one)| !others.iter().any(|(_, other)| one == other));
        if let Some((name, _)) = more {
            return Err(Difference::Constraint { constraint: name.clone(), there });
        }
    }
    Ok(())
}

fn options_of(table: &Table) -> String {
    let owned = if table.owned { "owned" } else { "not owned" };
    format!("{owned}, lww {}", if table.row_wise { "by row" } else { "by column" })
}

/// A column, for who reads why something does not fit.
fn text_of(column: &Column) -> String {
    let kind = match (column.storage, column.affinity) {
        (Storage::IntegerOnly, _) => "INTEGER (only)",
        (Storage::RealOnly, _) => "REAL (only)",
        (Storage::TextOnly, _) => "TEXT (only)",
        (Storage::BlobOnly, _) => "BLOB (only)",
        (_, Affinity::Blob) => "BLOB or untyped",
        (_, Affinity::Text) => "TEXT",
        (_, Affinity::Numeric) => "INTEGER or NUMERIC",
        (_, Affinity::Real) => "REAL",
    };
    let merge = match column.merge {
        Merge::Last => "",
        Merge::Counter => ", a counter",
        Merge::Max => ", a max column",
        Merge::Min => ", a min column",
    };
    let not_null = if column.not_null { " NOT NULL" } else { "" };
    let default = match &column.default {
        Some(Value::Null) => String::new(),
        Some(value) => format!(" DEFAULT {}", text_of_value(value.as_ref())),
        None if column.not_null => String::new(),
        None => " DEFAULT (not constant)".to_owned(),
    };
    format!("{} {kind}{not_null}{default}{merge}", column.name)
}

fn text_of_value(value: ValueRef<'_>) -> String {
    const SHOWN_MAX: usize = 40;
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(i) => i.to_string(),
        ValueRef::Real(r) => format!("{r:?}"),
        ValueRef::Text(text) => {
            let text = String::from_utf8_lossy(text);
            format!("'{}'", text.chars().take(SHOWN_MAX).collect::<String>())
        }
        ValueRef::Blob(bytes) => format!("a BLOB of {} bytes", bytes.len()),
    }
}

// A column's number never is that of a row's clock.
const _: () = assert!(COLUMNS_MAX <= ROW_CLOCK as usize);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn column(name: &str, not_null: bool, default: Option<Value>) -> Column {
        let (storage, affinity, merge) = (Storage::Any, Affinity::Text, Merge::Last);
        Column { name: name.to_owned(), position: 0, not_null, storage, affinity, merge, default }
    }

    fn table(name: &str, columns: usize) -> Table {
        let columns = (0..columns).map(|n| column(&format!("c{n}"), false, Some(Value::from(n as i64)))).collect();
        Table { name: name.to_owned(), key: vec![column("id", true, None)], columns, ..Table::default() }
    }

    fn schema(tables: Vec<Table>) -> Schema {
        Schema::new(tables)
    }

    fn judged(ours: &Schema, theirs: &Schema) -> Result<Fit, Difference> {
        judge(ours, &theirs.description).unwrap()
    }

    #[test]
    fn a_description_says_all() {
        let mut users = table("users", 3);
        users.columns[1].merge = Merge::Max;
        users.owned = true;
        let mut posts = table("posts", 2);
        posts.row_wise = true;
        posts.computed = vec!["an index over a+1".to_owned()];
        posts.columns[0].default = Some(Value::Blob([1, 2].into()));
        let part = |in_key, index| Part { in_key, index, collation: Collation::NoCase };
        let unique = Unique { name: "users(c0, c2)".to_owned(), table: 0, parts: vec![part(false, 0), part(false, 2)] };
        let reference = |target, parts| Reference { name: String::new(), table: 1, parts, parent: 0, target };
        let references = vec![
            reference(Target::Key(vec![0]), vec![part(false, 1)]),
            reference(Target::Unique(0, vec![1, 0]), vec![part(false, 1), part(true, 0)]),
        ];
        let ours = Schema::with_constraints(7, vec![users, posts], vec![unique], references);
        let theirs = read(&ours.description).unwrap();
        assert_eq!(describe(theirs.version, &theirs.tables, &theirs.uniques, &theirs.references), *ours.description);
        let mut names: Vec<_> = theirs.references.iter().map(|reference| &*reference.name).collect();
        names.sort_unstable();
        assert_eq!(names, ["posts(c1) REFERENCES users", "posts(c1, id) REFERENCES users"]);
        assert_eq!(theirs.uniques[0].name, "users(c0, c2)");
        let fit = judged(&ours, &ours).unwrap();
        assert!(fit.has_all() && fit.table(0) == Some(0) && fit.table(1) == Some(1) && fit.table(2).is_none());
    }

    #[test]
    fn tables_keep_their_numbers_apart() {
        let (older, newer) =
            (schema(vec![table("m", 2), table("z", 1)]), schema(vec![table("a", 1), table("m", 4), table("Z", 1)]));
        let fit = judged(&newer, &older).unwrap();
        assert_eq!(
            [fit.table(0), fit.table(1)],
            [newer.table_index("m"), newer.table_index("Z")].map(|at| at.map(|at| at as u8))
        );
        assert!(!fit.has_all() && !fit.has(newer.table_index("a").unwrap()));
        let fit = judged(&older, &newer).unwrap();
        assert!(fit.has_all());
        assert_eq!(fit.table(newer.table_index("a").unwrap() as u8), None);
    }

    #[test]
    fn only_columns_that_can_be_left_out_may_be_more() {
        let older = schema(vec![table("t", 2)]);
        let mut wide = table("t", 3);
        assert!(judged(&older, &schema(vec![wide.clone()])).is_ok());
        wide.columns[2].default = None;
        let newer = schema(vec![wide]);
        for (ours, theirs, there) in [(&older, &newer, true), (&newer, &older, false)] {
            let difference = judged(ours, theirs).unwrap_err();
            assert!(
                matches!(&difference, Difference::Added { column, there: at, .. } if column == "c2" && *at == there)
            );
        }
        let mut other = table("t", 2);
        other.columns[1].default = Some(Value::Real(1.0));
        let difference = judged(&older, &schema(vec![other])).unwrap_err();
        assert_eq!(
            difference.to_string(),
            "column 2 of table t beside its key is c1 TEXT DEFAULT 1.0 there and c1 TEXT DEFAULT 1 here"
        );
    }

    #[test]
    fn what_is_cut_off_or_continued_is_no_description() {
        let ours = schema(vec![table("a", 3), table("b", 0)]);
        for end in 0..ours.description.len() {
            assert!(judge(&ours, &ours.description[..end]).is_err(), "{end}");
        }
        assert!(judge(&ours, &[&ours.description[..], &[0]].concat()).is_err());
        assert!(judge(&ours, &vec![FORMAT; DESCRIPTION_BYTES_MAX + 1]).is_err());
    }

    /// Small schemas that are often alike.
    fn any_schema() -> impl Strategy<Value = Schema> {
        let one = (0_u8..3, 0_usize..4, any::<[bool; 3]>(), 0_i64..2);
        proptest::collection::vec(one, 0..4).prop_map(|tables| {
            let mut all: Vec<Table> = Vec::new();
            for (name, columns, [odd, owned, needed], default) in tables {
                let mut one = table(["a", "b", "c"][usize::from(name)], columns);
                (one.owned, one.row_wise) = (owned && odd, odd && needed);
                if let Some(last) = one.columns.last_mut().filter(|_| odd) {
                    last.default = (!needed).then_some(Value::Integer(default));
                }
                if !all.iter().any(|other| other.name == one.name) {
                    all.push(one);
                }
            }
            schema(all)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn both_judge_the_same(a in any_schema(), b in any_schema()) {
            let (one, other) = (judged(&a, &b), judged(&b, &a));
            prop_assert_eq!(one.is_ok(), other.is_ok());
            prop_assert!(judged(&a, &a).is_ok_and(|fit| fit.has_all()));
            if let (Ok(one), Ok(other)) = (one, other) {
                for (table, ours) in (0_u8..).zip(&a.tables) {
                    let theirs = other.table(table);
                    prop_assert_eq!(theirs.is_some(), one.has(usize::from(table)));
                    let Some(theirs) = theirs else { continue };
                    prop_assert_eq!(one.table(theirs), Some(table));
                    prop_assert_eq!(&b.tables[usize::from(theirs)].name, &ours.name);
                }
            }
        }

        #[test]
        fn arbitrary_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let ours = schema(vec![table("a", 3), table("b", 1)]);
            // Whatever it says, it does not panic.
            drop(judge(&ours, &bytes));
            let mut damaged = ours.description.to_vec();
            *at.get_mut(&mut damaged) = to;
            if let Ok(Ok(fit)) = judge(&ours, &damaged) {
                for table in 0..=u8::MAX {
                    prop_assert!(fit.table(table).is_none_or(|ours| ours < 2));
                }
            }
        }
    }
}
