//! Results that are larger than one reply: kept as they were when the query ran, and handed out page by page.

use std::collections::{HashMap, VecDeque};

use botstream_api::{Error, ErrorCode};
use serde_json::Value as Json;
use ulid::Ulid;

use crate::wire::QueryReply;

/// Bytes of rows in one reply, as JSON.
pub(crate) const PAGE_BYTES_MAX: usize = 512 * 1024;

/// Rows in one reply, when the client does not say.
pub(crate) const PAGE_ROWS_DEFAULT: usize = 10_000;

/// Bytes of rows that all cursors of a handle keep, in memory.
pub(crate) const KEPT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Cursors of a handle; the oldest is given up for a new one.
const CURSORS_MAX: usize = 16;

/// A whole result, or what is left of it.
#[derive(Debug, Default)]
pub(crate) struct ResultSet {
    pub(crate) columns: Vec<String>,
    /// Each with its bytes as JSON, and in memory.
    rows: VecDeque<(RowBytes, Vec<Json>)>,
    /// Of all rows, in memory.
    bytes: usize,
}

#[derive(Debug, Clone, Copy)]
struct RowBytes {
    json: usize,
    memory: usize,
}

impl ResultSet {
    pub(crate) fn new(columns: Vec<String>) -> Self {
        Self { columns, ..Self::default() }
    }

    /// Adds a row. Returns the bytes of all rows so far, in memory.
    pub(crate) fn push(&mut self, row: Vec<Json>) -> usize {
        let json = 2 + row.iter().map(json_bytes).sum::<usize>();
        let memory = size_of::<(RowBytes, Vec<Json>)>() + row.iter().map(memory_bytes).sum::<usize>();
        let bytes = RowBytes { json, memory };
        self.bytes += memory;
        self.rows.push_back((bytes, row));
        self.bytes
    }

    /// Takes what fits one reply off the front.
    fn page(&mut self, rows_max: usize) -> Result<Vec<Vec<Json>>, Error> {
        let mut page = Vec::new();
        let mut page_bytes = 0;
        while page.len() < rows_max
            && let Some((bytes, row)) = self.rows.pop_front_if(|(bytes, _)| page_bytes + bytes.json <= PAGE_BYTES_MAX)
        {
            page_bytes += bytes.json;
            self.bytes -= bytes.memory;
            page.push(row);
        }
        match self.rows.front() {
            Some((RowBytes { json: bytes, .. }, _)) if page.is_empty() => Err(Error::new(
                ErrorCode::InvalidArgument,
                format!(
                    "a row of {bytes} bytes does not fit a reply of {PAGE_BYTES_MAX}: select less of it, by substr()"
                ),
            )),
            _ => Ok(page),
        }
    }
}

/// At least as long as the value is when it is written.
fn json_bytes(value: &Json) -> usize {
    1 + match value {
        Json::Null | Json::Bool(_) => 5,
        Json::Number(_) => 25,
        // Each character may need six (`\u0000`); nearly none does, so that is asked only of those that could.
        Json::String(text) => {
            2 + text.bytes().map(|b| if b < 0x20 || b == b'"' || b == b'\\' { 6 } else { 1 }).sum::<usize>()
        }
        Json::Array(items) => 2 + items.iter().map(json_bytes).sum::<usize>(),
        Json::Object(entries) => {
            2 + entries.iter().map(|(key, value)| 4 + key.len() + json_bytes(value)).sum::<usize>()
        }
    }
}

/// What a value takes in memory. Those of queries have no more than a pair of text in an object.
fn memory_bytes(value: &Json) -> usize {
    /// Around a piece of memory of its own, and for an object's table.
    const ALLOCATION_BYTES: usize = 16;
    size_of::<Json>()
        + match value {
            Json::Null | Json::Bool(_) | Json::Number(_) => 0,
            Json::String(text) => ALLOCATION_BYTES + text.len(),
            Json::Array(items) => ALLOCATION_BYTES + items.iter().map(memory_bytes).sum::<usize>(),
            Json::Object(entries) => {
                // A map's node has room for eleven.
                let node = 11 * (size_of::<String>() + size_of::<Json>()) + 2 * ALLOCATION_BYTES;
                node + entries.iter().map(|(key, value)| key.len() + memory_bytes(value)).sum::<usize>()
            }
        }
}

/// The cursors of one handle.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    kept: HashMap<String, Kept>,
    bytes: usize,
    number: u64,
}

#[derive(Debug)]
struct Kept {
    number: u64,
    result: ResultSet,
}

impl Cursors {
    /// The first page of a result, and a cursor for the rest.
    pub(crate) fn begin(&mut self, result: ResultSet, rows_max: usize) -> Result<QueryReply, Error> {
        self.go_on(Ulid::generate().to_string(), result, rows_max)
    }

    /// The next page.
    pub(crate) fn next(&mut self, cursor: &str, rows_max: usize) -> Result<QueryReply, Error> {
        let Some(Kept { result, .. }) = self.kept.remove(cursor) else {
            let sentence = format!("no cursor {cursor:?}: it was read to its end, or given up for newer ones");
            return Err(Error::new(ErrorCode::NotFound, sentence).field("cursor"));
        };
        self.bytes -= result.bytes;
        self.go_on(cursor.to_owned(), result, rows_max)
    }

    fn go_on(&mut self, cursor: String, mut result: ResultSet, rows_max: usize) -> Result<QueryReply, Error> {
        let rows = result.page(rows_max)?;
        let columns = result.columns.clone();
        if result.rows.is_empty() {
            return Ok(QueryReply { columns, rows, cursor: None });
        }
        while self.kept.len() >= CURSORS_MAX || self.bytes + result.bytes > KEPT_BYTES_MAX {
            let Some(oldest) = self.kept.iter().min_by_key(|(_, kept)| kept.number).map(|(name, _)| name.clone())
            else {
                break;
            };
            if let Some(kept) = self.kept.remove(&oldest) {
                self.bytes -= kept.result.bytes;
            }
        }
        self.number += 1;
        self.bytes += result.bytes;
        self.kept.insert(cursor.clone(), Kept { number: self.number, result });
        Ok(QueryReply { columns, rows, cursor: Some(cursor) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn result(rows: usize, text: &str) -> ResultSet {
        let mut result = ResultSet::new(vec!["n".to_owned(), "text".to_owned()]);
        for n in 0..rows {
            result.push(vec![json!(n), json!(text)]);
        }
        result
    }

    #[test]
    fn pages_follow_each_other_without_a_gap_and_fit_a_reply() {
        for (text, limit) in [("x", 7), (&*"long\n".repeat(10_000), 1_000_000)] {
            let mut cursors = Cursors::default();
            let mut page = cursors.begin(result(100, text), limit).unwrap();
            let mut rows = std::mem::take(&mut page.rows);
            while let Some(cursor) = page.cursor {
                page = cursors.next(&cursor, limit).unwrap();
                assert!(page.rows.len() <= limit);
                assert!(serde_json::to_vec(&page.rows).unwrap().len() <= PAGE_BYTES_MAX + 2);
                rows.append(&mut page.rows);
            }
            let numbers: Vec<_> = rows.iter().map(|row| row[0].as_u64().unwrap()).collect();
            assert_eq!(numbers, (0..100).collect::<Vec<_>>());
            assert_eq!((cursors.bytes, cursors.kept.len()), (0, 0));
        }
    }

    #[test]
    fn what_no_reply_can_carry_is_refused() {
        let error = Cursors::default().begin(result(1, &"x".repeat(PAGE_BYTES_MAX)), 10).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidArgument);
    }

    #[test]
    fn the_oldest_cursors_are_given_up() {
        let mut cursors = Cursors::default();
        let names: Vec<_> =
            (0..CURSORS_MAX + 1).map(|_| cursors.begin(result(3, "x"), 1).unwrap().cursor.unwrap()).collect();
        assert_eq!(cursors.next(&names[0], 1).unwrap_err().code, ErrorCode::NotFound);
        for name in &names[1..] {
            assert_eq!(cursors.next(name, 10).unwrap().rows.len(), 2);
        }
        assert_eq!(cursors.bytes, 0);
    }
}
