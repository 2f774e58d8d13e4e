//! Making the schema, and looking whether it is there.

use crate::{MIGRATIONS, PREFLIGHT};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio_postgres::{Client, Error};

/// How far the server's clock may be from this machine's, in milliseconds.
pub const CLOCK_APART_MAX_MS: u64 = 5_000;

/// One thing that the gate needs, and whether it is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at: `server_version`, `table:calls`, `index:idx_sessions_site_fingerprint`, ….
    pub name: String,
    /// Whether it is as it must be.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// How to mend it.
    pub mend: String,
}

/// Why the schema could not be made or looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A migration failed; nothing of it is applied.
    #[error("the migration {name} failed: {why}")]
    Migration {
        /// Which one.
        name: &'static str,
        /// What the server said of it.
        why: String,
    },
    /// The server could not be asked.
    #[error("the server could not be asked: {0}")]
    Asking(String),
}

/// Applies all migrations; those that are applied already change nothing.
///
/// # Errors
/// [`SchemaError::Migration`] of the first that fails. Those before it stay.
pub async fn migrate(client: &Client) -> Result<(), SchemaError> {
    for (name, sql) in MIGRATIONS {
        if let Err(error) = client.batch_execute(sql).await {
            // Ends the transaction that the file began; on a connection that is gone there is none.
            let _ = client.batch_execute("rollback").await;
            return Err(SchemaError::Migration { name, why: told(&error) });
        }
    }
    Ok(())
}

/// Looks, check by check, whether schema, indexes, settings, privileges and clock are as the gate needs them.
///
/// # Errors
/// [`SchemaError::Asking`]: there is no answer at all.
pub async fn preflight(client: &Client) -> Result<Vec<Check>, SchemaError> {
    let asking = |error: Error| SchemaError::Asking(told(&error));
    let rows = client.query_typed(PREFLIGHT, &[]).await.map_err(asking)?;
    let here = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_millis());
    let here = here.ok().and_then(|ms| u64::try_from(ms).ok());
    let check = |row: tokio_postgres::Row| {
        let check = Check {
            name: row.try_get(0)?,
            ok: row.try_get(1)?,
            found: row.try_get(2)?,
            mend: row.try_get(3)?,
        };
        Ok(judged_by_clock(check, here))
    };
    rows.into_iter().map(check).collect::<Result<_, Error>>().map_err(asking)
}

/// The server cannot know this machine's clock.
fn judged_by_clock(check: Check, here: Option<u64>) -> Check {
    if check.name != "clock" {
        return check;
    }
    let there = check.found.parse::<u64>().ok();
    let apart = there.zip(here).map(|(there, here)| there.abs_diff(here));
    let ok = apart.is_some_and(|apart| apart <= CLOCK_APART_MAX_MS);
    let found = apart.map_or(check.found, |apart| format!("{apart} ms apart"));
    Check { ok, found, ..check }
}

/// What the server said, without the detail, which may quote rows.
fn told(error: &Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{} ({})", error.message(), error.code().code()),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_10_a_clock_that_is_too_far_away_fails_on_both_sides() {
        let clock = |there: &str, here| {
            let check =
                Check { name: "clock".into(), ok: true, found: there.into(), mend: String::new() };
            judged_by_clock(check, here).ok
        };
        for (there, ok) in [("94999", false), ("95000", true), ("105000", true), ("105001", false)]
        {
            assert_eq!(clock(there, Some(100_000)), ok, "{there}");
        }
        assert!(!clock("100000", None));
        assert!(!clock("soon", Some(100_000)));
    }
}
