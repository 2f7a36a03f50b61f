//! Columns of a row that newer members have and this one does not know: kept as they came, merged by the clocks beside them, and passed on.
//!
//! They belong to an incarnation, and so are in its [`super::merge::Slot`]: they go where the row goes, hidden or not, and with it. Of a
//! column that is not here nothing was said since the row was inserted by who did not know it either: who knows it shows its DEFAULT.

use super::value::{Value, ValueRef};

/// What an entry takes, for limits and counts.
const ENTRY_BYTES: usize = std::mem::size_of::<(u8, Value)>();

/// See the module. Mostly empty, then it takes two words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tail(Option<Box<[(u8, Value)]>>);

impl Tail {
    /// Nothing.
    pub const EMPTY: Self = Self(None);

    /// These columns, ascending.
    pub fn new<'a>(columns: impl Iterator<Item = (u8, ValueRef<'a>)>) -> Self {
        let columns: Box<[_]> = columns.map(|(column, value)| (column, value.to_value())).collect();
        Self((!columns.is_empty()).then_some(columns))
    }

    /// The columns, ascending, and their values.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &Value)> {
        self.0.as_deref().unwrap_or_default().iter().map(|(column, value)| (*column, value))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Sets a column's value.
    pub fn set(&mut self, column: u8, value: Value) {
        let columns = self.0.as_deref_mut().unwrap_or_default();
        match columns.binary_search_by_key(&column, |(column, _)| *column) {
            Ok(at) => {
                if let Some(entry) = columns.get_mut(at) {
                    entry.1 = value;
                }
            }
            Err(at) => {
                let mut columns = self.0.take().map(Vec::from).unwrap_or_default();
                columns.insert(at, (column, value));
                self.0 = Some(columns.into_boxed_slice());
            }
        }
    }

    /// What the values add to their row's size.
    pub fn value_bytes(&self) -> usize {
        self.iter().map(|(_, value)| value.as_ref().size()).sum()
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        self.iter().map(|(_, value)| ENTRY_BYTES + value.as_bytes().map_or(0, <[u8]>::len)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_kept_in_order() {
        let mut tail = Tail::EMPTY;
        assert!(tail.is_empty() && tail.bytes() == 0);
        for (column, n) in [(5, 1), (3, 2), (9, 3), (5, 4)] {
            tail.set(column, Value::Integer(n));
        }
        let all: Vec<_> = tail.iter().map(|(column, value)| (column, value.as_i64().unwrap())).collect();
        assert_eq!(all, [(3, 2), (5, 4), (9, 3)]);
        assert_eq!(tail, Tail::new(tail.iter().map(|(column, value)| (column, value.as_ref()))));
        tail.set(3, Value::from("text"));
        assert_eq!((tail.bytes(), tail.value_bytes()), (3 * ENTRY_BYTES + 4, 9 + 2 * 9));
        assert!(Tail::new(std::iter::empty()).is_empty());
    }
}
