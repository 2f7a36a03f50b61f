//! Primary keys as bytes: equal bytes exactly when SQLite takes the keys for equal.

use super::codec::{Reader, put_value};
use super::schema::Table;
use super::value::{Value, ValueRef};

/// An encoded primary key.
pub type Key = Box<[u8]>;

/// Appends one value of a key. A real that is an integer is written as one, because SQLite takes 1.0 and 1 for the same key.
pub fn put_key_value(out: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Real(r) => put_value(out, integer_of(r).map_or(value, ValueRef::Integer)),
        value => put_value(out, value),
    }
}

/// The integer that this real is equal to, if there is one.
fn integer_of(real: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0; // 2^63, the first real above all integers
    (real == real.trunc() && (-LIMIT..LIMIT).contains(&real)).then_some(real as i64)
}

/// Whether these bytes are a key of this table that SQLite would take.
pub fn is_key_of(table: &Table, key: &[u8]) -> bool {
    let mut reader = Reader::new(key);
    table.key.iter().all(|column| {
        reader.value().is_ok_and(|value| match value {
            ValueRef::Null => false,
            ValueRef::Real(r) if integer_of(r).is_some() => false,
            value => column.accepts(value) && column.keeps(value),
        })
    }) && reader.is_empty()
}

/// The values of a key, as the columns store them.
pub fn key_values<'a>(table: &'a Table, key: &'a [u8]) -> impl Iterator<Item = ValueRef<'a>> {
    let mut reader = Reader::new(key);
    table.key.iter().map_while(move |column| reader.value().ok().map(|value| column.stored(value)))
}

/// Builds a key from values.
pub fn key_of(values: &[Value]) -> Key {
    let mut out = Vec::new();
    for value in values {
        put_key_value(&mut out, value.as_ref());
    }
    out.into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_one_point_zero_are_the_same_key() {
        assert_eq!(key_of(&[Value::Integer(1)]), key_of(&[Value::Real(1.0)]));
        assert_eq!(key_of(&[Value::Integer(0)]), key_of(&[Value::Real(-0.0)]));
        assert_ne!(key_of(&[Value::Integer(1)]), key_of(&[Value::Real(1.5)]));
        assert_ne!(key_of(&[Value::from("1")]), key_of(&[Value::Integer(1)]));
    }

    #[test]
    fn keys_of_several_columns_do_not_run_together() {
        assert_ne!(key_of(&[Value::from("ab"), Value::from("c")]), key_of(&[Value::from("a"), Value::from("bc")]));
    }
}
