//! What replies show of an object beside its configuration.

use botstream_api::{Bot, Number, Route, Trunk};
use botstream_state::trunk_states;
use iratdb::rusqlite;
use iratdb::rusqlite::Connection;

/// An object whose state may be shown.
pub(crate) trait Status: Sized {
    /// Without it: a request that says something of it is not taken at its word.
    fn without_status(&mut self) {}
    /// With it, as the database `config` has it.
    fn fill_in_status(&mut self, _conn: &Connection) -> rusqlite::Result<()> {
        Ok(())
    }
}

impl Status for Bot {}
impl Status for Number {}
impl Status for Route {}

impl Status for Trunk {
    fn without_status(&mut self) {
        self.status = None;
    }

    fn fill_in_status(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        self.status = trunk_states::get(conn, &self.tenant, &self.name)?;
        Ok(())
    }
}
