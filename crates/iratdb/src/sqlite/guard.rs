//! What the application's statements may do: an authorizer when they are prepared, and a commit hook.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

use super::mode::{Mode, ModeCell};
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

/// Installs both, and a sandbox's limits.
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
    if let Some(sandbox) = sandbox {
        let bytes_max = i32::try_from(sandbox.value_bytes_max).unwrap_or(i32::MAX);
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, bytes_max)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_BYTES_MAX)?;
        let cell = mode.clone();
        connection.progress_handler(STEPS_PER_LOOK, Some(move || cell.is_overdue()))?;
    }
    let cell = mode.clone();
    // True turns the commit into a rollback: a transaction is committed by the crate, after its changes have been
    // captured, and never by a statement of the application.
    connection.commit_hook(Some(move || cell.get() != Mode::Internal))
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
