//! What comes from a member with another schema, with our numbers of its tables.

use super::frame::OpReader;
use super::message::read_tails;
use super::wire::{DecodeError, Reader};
use crate::core::ids::Epoch;

/// A transaction of a member with another schema: `number` gives our number of its tables. What is of others is left out.
pub fn renumber_tx(bytes: &[u8], number: impl Fn(u8) -> Option<u8>) -> Result<Vec<u8>, DecodeError> {
    renumber(bytes, OpReader::tx(bytes, Epoch::NONE)?, number)
}

/// States of rows of such a member.
pub fn renumber_states(bytes: &[u8], number: impl Fn(u8) -> Option<u8>) -> Result<Vec<u8>, DecodeError> {
    renumber(bytes, OpReader::states(bytes), number)
}

/// A batch of such a member.
pub fn renumber_batch(bytes: &[u8], number: impl Fn(u8) -> Option<u8>) -> Result<Vec<u8>, DecodeError> {
    let mut reader = Reader::new(bytes);
    read_tails(&mut reader)?;
    renumber(bytes, OpReader::states(reader.rest()), number)
}

/// Copies what is before the operations, and these with their tables' numbers.
fn renumber(bytes: &[u8], mut ops: OpReader<'_>, number: impl Fn(u8) -> Option<u8>) -> Result<Vec<u8>, DecodeError> {
    let (before, _) = bytes.split_at_checked(bytes.len() - ops.reader.rest().len()).ok_or(DecodeError::Truncated)?;
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(before);
    loop {
        let rest = ops.reader.rest();
        if ops.next()?.is_none() {
            return Ok(out);
        }
        let op = rest.get(..rest.len() - ops.reader.rest().len());
        let Some((table, op)) = op.and_then(<[u8]>::split_first) else { continue };
        if let Some(table) = number(*table) {
            out.push(table);
            out.extend_from_slice(op);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Tail, put_delete, put_insert, put_state_dead, read_batch, start_batch, start_tx};
    use super::*;
    use crate::core::hlc::Stamp;
    use crate::core::value::ValueRef;

    fn tables(mut ops: OpReader<'_>) -> Vec<(usize, Vec<u8>)> {
        let mut all = Vec::new();
        while let Some(op) = ops.next().unwrap() {
            all.push((op.table, op.key.to_vec()));
        }
        all
    }

    /// Table 0 is unknown, 1 is our 0, 2 is our 7.
    fn number(table: u8) -> Option<u8> {
        [None, Some(0), Some(7)][usize::from(table)]
    }

    #[test]
    fn tables_get_our_numbers_and_unknown_ones_are_left_out() {
        let mut tx = start_tx(77);
        for (table, key) in [(2, 1), (0, 2), (1, 3), (0, 4)] {
            put_insert(&mut tx, table, &[key], [ValueRef::Integer(5)].into_iter());
            put_delete(&mut tx, table, &[key + 10]);
        }
        let ours = renumber_tx(&tx, number).unwrap();
        assert_eq!(
            tables(OpReader::tx(&ours, Epoch(3)).unwrap()),
            [(7, vec![1]), (7, vec![11]), (0, vec![3]), (0, vec![13])]
        );
        let mut ops = OpReader::tx(&ours, Epoch(3)).unwrap();
        assert_eq!(ops.next().unwrap().unwrap().body.hlc_max(), 77);

        let after = vec![Tail { epoch: Epoch(5), sequence: 6 }];
        let mut batch = start_batch(&after);
        for table in 0..3 {
            put_state_dead(&mut batch, table, &[9], Stamp { hlc: 9, epoch: Epoch(4) });
        }
        let ours = renumber_batch(&batch, number).unwrap();
        let (kept, states) = read_batch(&ours).unwrap();
        assert_eq!((kept, tables(states)), (after, vec![(0, vec![9]), (7, vec![9])]));
        let none = renumber_batch(&batch, |_| None).unwrap();
        assert!(tables(read_batch(&none).unwrap().1).is_empty());
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let mut tx = start_tx(77);
        put_insert(&mut tx, 1, &[1], [ValueRef::Text(b"text")].into_iter());
        assert_eq!(renumber_tx(&tx, Some).unwrap(), tx);
        for end in 0..tx.len() {
            // Cut between two changes, or before the first, it is a shorter transaction.
            assert_eq!(renumber_tx(&tx[..end], Some).is_ok(), end == 8, "{end}");
        }
    }
}
