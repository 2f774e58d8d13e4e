//! How much each site has, and dropping what is over.

use crate::db::{At, Db, Of, Result, count};
use consentgate_core::{Role, Timestamp, ids::SiteId, stores::Purge};
use rusqlite::params;

/// A table that is counted. The numbers are those in `schema.sql`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Claims = 0,
    Buckets = 1,
    Sessions = 2,
    Floors = 3,
    Tombstones = 4,
    Statements = 5,
    Calls = 6,
    CallsBytes = 7,
}

/// Entries dropped in one go before a table is called full.
const BATCH: u64 = 256;
/// How often, where a bound was lowered and there is more in the table than it may have.
const BATCHES: usize = 64;

/// Those that have entries which end by time.
const ENDING: [Table; 7] = [
    Table::Claims,
    Table::Buckets,
    Table::Sessions,
    Table::Floors,
    Table::Tombstones,
    Table::Statements,
    Table::Calls,
];

impl Table {
    pub(crate) const ADMISSION: [Self; 2] = [Self::Claims, Self::Buckets];
    pub(crate) const SESSIONS: [Self; 4] =
        [Self::Sessions, Self::Floors, Self::Tombstones, Self::Statements];
    pub(crate) const CALLS: [Self; 2] = [Self::Calls, Self::Tombstones];

    const fn of_role(role: Role) -> &'static [Self] {
        match role {
            Role::Admission => &Self::ADMISSION,
            Role::Sessions => &Self::SESSIONS,
            Role::Calls => &Self::CALLS,
        }
    }

    /// Drops a few that are over, those first that have been so for longest.
    const fn drop_over(self) -> &'static str {
        match self {
            Self::Claims => {
                "DELETE FROM claims WHERE site = ?1 AND key IN (SELECT key FROM claims
                    WHERE site = ?1 AND until <= ?2 ORDER BY until LIMIT ?3)"
            }
            Self::Buckets => {
                "DELETE FROM buckets WHERE site = ?1 AND key IN (SELECT key FROM buckets
                    WHERE site = ?1 AND until <= ?2 ORDER BY until LIMIT ?3)"
            }
            Self::Sessions => {
                "DELETE FROM sessions WHERE site = ?1 AND key IN (SELECT key FROM sessions
                    WHERE site = ?1 AND until <= ?2 ORDER BY until LIMIT ?3)"
            }
            Self::Floors => {
                "DELETE FROM floors WHERE site = ?1 AND key IN (SELECT key FROM floors
                    WHERE site = ?1 AND until <= ?2 ORDER BY until LIMIT ?3)"
            }
            Self::Tombstones => {
                "DELETE FROM tombstones WHERE site = ?1 AND key IN (SELECT key FROM tombstones
                    WHERE site = ?1 AND until <= ?2 ORDER BY until LIMIT ?3)"
            }
            Self::Statements => {
                "DELETE FROM statements WHERE site = ?1 AND key IN (SELECT key FROM statements
                    WHERE site = ?1 AND until <= ?2 ORDER BY until LIMIT ?3)"
            }
            Self::Calls | Self::CallsBytes => {
                "DELETE FROM calls WHERE id IN (SELECT id FROM calls
                    WHERE site = ?1 AND until <= ?2 ORDER BY until LIMIT ?3)"
            }
        }
    }
}

impl Db<'_> {
    /// Whether there is room for so many more, counting what is over and still there.
    pub(crate) fn has_room(
        self,
        site: &SiteId,
        table: Table,
        more: u64,
        most: u64,
    ) -> Result<bool> {
        if more == 0 {
            return Ok(true);
        }
        let sql = "SELECT n FROM usage WHERE site = ?1 AND what = ?2";
        let used: Option<i64> = self.row(sql, params![Of(site), table as i64], |row| row.get(0))?;
        let used = u64::try_from(used.unwrap_or(0)).unwrap_or(u64::MAX);
        Ok(used.saturating_add(more) <= most)
    }

    /// Tries, and where there is no room, drops what is over at that site and tries again (law 9).
    pub(crate) fn with_room<T>(
        self,
        site: &SiteId,
        tables: &[Table],
        now: Timestamp,
        is_full: impl Fn(&T) -> bool,
        mut attempt: impl FnMut() -> Result<T>,
    ) -> Result<T> {
        let mut reply = attempt()?;
        for _ in 0..BATCHES {
            if !is_full(&reply) || self.drop_over(site.as_str(), tables, BATCH, now)? == 0 {
                break;
            }
            reply = attempt()?;
        }
        Ok(reply)
    }

    /// Drops up to so many entries of each of the tables.
    fn drop_over(self, site: &str, tables: &[Table], limit: u64, now: Timestamp) -> Result<u64> {
        let mut dropped = 0;
        for table in tables {
            let params = params![site, At(now), count(limit)];
            dropped += self.change(table.drop_over(), params)? as u64;
        }
        Ok(dropped)
    }

    /// Drops up to so many entries of each table of a site.
    pub(crate) fn drop_some(self, site: &SiteId, limit: u64, now: Timestamp) -> Result<()> {
        self.drop_over(site.as_str(), &ENDING, limit, now).map(drop)
    }
}

pub(crate) fn purge(db: Db<'_>, role: Role, request: &Purge, now: Timestamp) -> Result<u64> {
    let sites: Vec<String> = db.rows("SELECT DISTINCT site FROM usage", [], |row| row.get(0))?;
    let mut dropped = 0;
    for site in sites {
        for table in Table::of_role(role) {
            dropped += db.drop_over(&site, &[*table], request.limit - dropped, now)?;
            if dropped >= request.limit {
                return Ok(dropped);
            }
        }
    }
    Ok(dropped)
}
