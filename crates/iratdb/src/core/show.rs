//! Makes SQLite show what a row's state says it should.

use super::codec::OpBody;
use super::ids::Epoch;
use super::merge::{Slot, SlotEffect};
use super::schema::Table;
use super::store::{Store, StoreError};
use super::table::Shown;
use super::tally::Special;
use super::value::{Value, ValueRef};
use super::visible::visible;

/// A row of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) table: &'a Table,
    pub(super) index: usize,
    pub(super) key: &'a [u8],
}

impl Row<'_> {
    /// Shows the effect on a row of one slot.
    pub(super) fn show(
        self,
        op: &OpBody<'_>,
        effect: SlotEffect<'_>,
        lived: bool,
        store: &mut impl Store,
    ) -> Result<Shown, StoreError> {
        match effect {
            SlotEffect::None => Ok(Shown::Same),
            SlotEffect::Born(over) => {
                store.put(self.table, self.index, self.key, &values_of(self.table, op, &over))?;
                Ok(if lived { Shown::Updated } else { Shown::Inserted })
            }
            SlotEffect::Changed(columns) => {
                store.set(self.table, self.index, self.key, &columns)?;
                Ok(Shown::Updated)
            }
            SlotEffect::Died => {
                store.delete(self.table, self.index, self.key)?;
                Ok(Shown::Deleted)
            }
        }
    }

    /// Joins an operation into the slot of `owner` among several, and shows what then is visible.
    pub(super) fn merge_among(
        self,
        slots: &mut Vec<(Epoch, Slot)>,
        owner: Epoch,
        op: &OpBody<'_>,
        now_s: u32,
        special: &mut Special,
        store: &mut impl Store,
    ) -> Result<Shown, StoreError> {
        let before = visible(slots);
        let at = slots.iter().position(|(who, _)| *who == owner).unwrap_or_else(|| {
            slots.push((owner, Slot::EMPTY));
            slots.len() - 1
        });
        let Some((_, slot)) = slots.get_mut(at) else { return Ok(Shown::Same) };
        let effect = slot.merge(self.table, op, now_s, special);
        let after = visible(slots);
        match effect {
            SlotEffect::None => Ok(Shown::Same),
            SlotEffect::Born(over) if after == Some(at) => {
                if let Some(before) = before
                    && before != at
                {
                    let values = store.row(self.table, self.index, self.key)?;
                    if let Some((_, hidden)) = slots.get_mut(before) {
                        hidden.hidden = values.map(Vec::into_boxed_slice);
                    }
                }
                if let Some((_, slot)) = slots.get_mut(at) {
                    slot.hidden = None;
                }
                store.put(self.table, self.index, self.key, &values_of(self.table, op, &over))?;
                Ok(if before.is_some() { Shown::Updated } else { Shown::Inserted })
            }
            SlotEffect::Born(over) => {
                let values: Box<[Value]> =
                    values_of(self.table, op, &over).into_iter().map(ValueRef::to_value).collect();
                if let Some((_, slot)) = slots.get_mut(at) {
                    slot.hidden = Some(values);
                }
                Ok(Shown::Same)
            }
            SlotEffect::Changed(columns) if after == Some(at) => {
                store.set(self.table, self.index, self.key, &columns)?;
                Ok(Shown::Updated)
            }
            SlotEffect::Changed(columns) => {
                if let Some(values) = slots.get_mut(at).and_then(|(_, slot)| slot.hidden.as_mut()) {
                    for (column, value) in columns {
                        if let Some(hidden) = values.get_mut(usize::from(column)) {
                            *hidden = value.to_value();
                        }
                    }
                }
                Ok(Shown::Same)
            }
            SlotEffect::Died if before == Some(at) => {
                if self.reveal(slots, store)? {
                    Ok(Shown::Updated)
                } else {
                    store.delete(self.table, self.index, self.key)?;
                    Ok(Shown::Deleted)
                }
            }
            SlotEffect::Died => Ok(Shown::Same),
        }
    }

    /// Shows the slot that is visible now and was hidden; false if there is none.
    pub(super) fn reveal(self, slots: &mut [(Epoch, Slot)], store: &mut impl Store) -> Result<bool, StoreError> {
        let shown = visible(slots).and_then(|shown| slots.get_mut(shown));
        let Some(values) = shown.and_then(|(_, slot)| slot.hidden.take()) else { return Ok(false) };
        let values: Vec<_> = values.iter().map(Value::as_ref).collect();
        store.put(self.table, self.index, self.key, &values)?;
        Ok(true)
    }
}

/// The values an operation puts, with these columns over them.
fn values_of<'v>(table: &'v Table, op: &OpBody<'v>, over: &'v [(u8, Value)]) -> Vec<ValueRef<'v>> {
    let OpBody::Put { values, .. } = op else { return Vec::new() };
    let mut values: Vec<_> = values.of(table).collect();
    for (column, value) in over {
        if let Some(slot) = values.get_mut(usize::from(*column)) {
            *slot = value.as_ref();
        }
    }
    values
}
