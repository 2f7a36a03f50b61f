//! What the application's statements may do: an authorizer when they are prepared, and a commit hook.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

use super::hook::memory_used;
use super::mode::{Mode, ModeCell};
use super::readers;
use crate::core::schema::Schema;
use crate::options::Sandbox;

/// Tables whose names start like this are not replicated.
pub(super) const LOCAL_PREFIX: &str = "local_";

/// Pragmas that only tell. Not `data_version`: a reader's does not change with each commit.
const PRAGMAS: [&str; 10] = [
    "table_info",
    "table_xinfo",
    "table_list",
    "index_list",
    "index_info",
    "index_xinfo",
    "foreign_key_list",
    "function_list",
    "compile_options",
    "collation_list",
];

/// Steps of SQLite's machine between two looks at the clock and at memory: some microseconds, unless each makes a large value.
const STEPS_PER_LOOK: i32 = 100;
/// Longest pattern of LIKE and GLOB, in bytes: each of its wildcards can mean one more walk through the text.
const PATTERN_BYTES_MAX: i32 = 1_000;

/// Installs both, and a sandbox's limits of time and memory.
pub(super) fn install(
    connection: &mut Connection,
    schema: &Arc<Schema>,
    mode: &ModeCell,
    sandbox: Option<Sandbox>,
) -> rusqlite::Result<()> {
    let (schema, cell) = (Arc::clone(schema), mode.clone());
    connection.authorizer(Some(move |context: AuthContext<'_>| {
        if sandbox.is_some() && cell.get() != Mode::Internal && is_outside_sandbox(&context.action) {
            return Authorization::Deny;
        }
        authorize(&schema, &cell, &context)
    }))?;
    if sandbox.is_some() {
        let cell = mode.clone();
        connection.progress_handler(STEPS_PER_LOOK, Some(move || cell.is_overdue()))?;
    }
    let cell = mode.clone();
    // True turns the commit into a rollback: a transaction is committed by the crate, after its changes have been
    // captured, and never by a statement of the application.
    connection.commit_hook(Some(move || cell.get() != Mode::Internal))
}

/// Limits what statements may make, while a closure runs in a sandbox. What others have written is applied without limits: they have kept to
/// theirs, and a row that merges what several have written is larger than each.
pub(super) struct Limited<'a>(Option<(&'a Connection, Sandbox)>);

impl<'a> Limited<'a> {
    pub(super) fn enter(connection: &'a Connection, sandbox: Option<Sandbox>) -> rusqlite::Result<Self> {
        let Some(sandbox) = sandbox else { return Ok(Self(None)) };
        limit(connection, i32::try_from(sandbox.value_bytes_max).unwrap_or(i32::MAX), PATTERN_BYTES_MAX)?;
        Ok(Self(Some((connection, sandbox))))
    }
}

impl Drop for Limited<'_> {
    fn drop(&mut self) {
        let Some((connection, sandbox)) = self.0 else { return };
        // More than SQLite was built for is taken for the most that it was built for.
        if let Err(error) = limit(connection, i32::MAX, i32::MAX) {
            tracing::error!(%error, "limits could not be taken back");
        }
        if memory_used() > sandbox.memory_bytes_max / 2 {
            // What is kept for the next time, of all connections together, must leave room for statements to run.
            readers::close_idle();
            connection.flush_prepared_statement_cache();
            if let Err(error) = connection.release_memory() {
                tracing::warn!(%error, "memory could not be given back");
            }
        }
    }
}

fn limit(connection: &Connection, value_bytes_max: i32, pattern_bytes_max: i32) -> rusqlite::Result<()> {
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, value_bytes_max)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, pattern_bytes_max).map(drop)
}

fn authorize(schema: &Schema, cell: &ModeCell, context: &AuthContext<'_>) -> Authorization {
    let mode = cell.get();
    if mode == Mode::Internal {
        return Authorization::Allow;
    }
    let write = mode == Mode::Write;
    let replicated = |name: &str| schema.tables.iter().any(|table| table.name.eq_ignore_ascii_case(name));
    let local =
        |name: &str| name.get(..LOCAL_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(LOCAL_PREFIX));
    let temp = context.database_name == Some("temp");
    let allowed = match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => !function_name.eq_ignore_ascii_case("load_extension"),
        AuthAction::Insert { .. } | AuthAction::Update { .. } | AuthAction::Delete { .. } => write,
        AuthAction::CreateTempTable { .. }
        | AuthAction::DropTempTable { .. }
        | AuthAction::CreateTempIndex { .. }
        | AuthAction::DropTempIndex { .. }
        | AuthAction::CreateTempView { .. }
        | AuthAction::DropTempView { .. } => {
            cell.note_temporary();
            write
        }
        AuthAction::CreateTable { table_name } | AuthAction::DropTable { table_name } => {
            cell.note_local_table();
            write && local(table_name)
        }
        AuthAction::CreateIndex { table_name, .. } | AuthAction::DropIndex { table_name, .. } => {
            write && local(table_name)
        }
        AuthAction::AlterTable { table_name, .. } => write && !replicated(table_name) && (local(table_name) || temp),
        AuthAction::Reindex { .. } => write,
        AuthAction::Pragma { pragma_name, .. } => PRAGMAS.iter().any(|name| name.eq_ignore_ascii_case(pragma_name)),
        AuthAction::Savepoint { .. } => {
            cell.note_savepoint();
            write
        }
        _ => false,
    };
    if allowed { Authorization::Allow } else { Authorization::Deny }
}

/// Beside what nobody may: what would change the schema, if only this process's, or tell of the process.
fn is_outside_sandbox(action: &AuthAction<'_>) -> bool {
    !matches!(
        action,
        AuthAction::Select
            | AuthAction::Read { .. }
            | AuthAction::Recursive
            | AuthAction::Function { .. }
            | AuthAction::Insert { .. }
            | AuthAction::Update { .. }
            | AuthAction::Delete { .. }
            | AuthAction::Savepoint { .. }
    )
}
