//! Sessions, floors, tombstones and the keys of statements.

use crate::{
    db::{At, Db, Of, Result, odd},
    usage::Table,
};
use consentgate_core::{
    Timestamp,
    ids::{Fingerprint, Pseudonym, Scopes, SessionVersion, SiteId},
    stores::{
        DeleteSession, FindSession, Floor, FoundSession, Idempotency, PutReply, PutSession,
        Session, StoredSession,
    },
};
use rusqlite::{Row, params};
use std::sync::Arc;

/// Whether what is over was just dropped to make room.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    /// Not yet.
    AsItIs,
    /// Yes; there is no more to be had.
    AsMade,
}

pub(crate) fn find(db: Db<'_>, request: &FindSession<'_>, now: Timestamp) -> Result<FoundSession> {
    let FindSession { site, fingerprint, pseudonym } = *request;
    let sql = "SELECT version, scopes, granted_at, changed_at, policy_version, gpc, narrowed
        FROM sessions WHERE site = ?1 AND key = ?2 AND until > ?3";
    let params = params![Of(site), fingerprint.expose(), At(now)];
    let session = db.row(sql, params, stored_session)?.map(Arc::new);
    Ok(FoundSession { session, floor: newest_floor(db, site, pseudonym, now)? })
}

fn stored_session(row: &Row<'_>) -> Result<StoredSession> {
    let texts: Vec<String> = serde_json::from_str(row.get_ref(1)?.as_str()?).map_err(|_| odd(1))?;
    let scopes = Scopes::new(texts.iter().map(String::as_str)).ok_or_else(|| odd(1))?;
    let (At(granted_at), At(changed_at)) = (row.get(2)?, row.get(3)?);
    let version = version_in(row)?;
    let (policy_version, gpc, narrowed) = (row.get(4)?, row.get(5)?, row.get(6)?);
    let session = Session { scopes, granted_at, changed_at, policy_version, gpc, narrowed };
    Ok(StoredSession { version, session })
}

/// The session's version as it stands in this transaction.
pub(crate) fn version(
    db: Db<'_>,
    site: &SiteId,
    fingerprint: &Fingerprint,
    now: Timestamp,
) -> Result<Option<SessionVersion>> {
    let sql = "SELECT version FROM sessions WHERE site = ?1 AND key = ?2 AND until > ?3";
    let params = params![Of(site), fingerprint.expose(), At(now)];
    db.row(sql, params, version_in)
}

fn version_in(row: &Row<'_>) -> Result<SessionVersion> {
    let version: i64 = row.get(0)?;
    u64::try_from(version).map(SessionVersion).map_err(|_| odd(0))
}

/// The newest tombstone of a person.
pub(crate) fn tombstone(
    db: Db<'_>,
    site: &SiteId,
    pseudonym: Pseudonym,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let sql = "SELECT at FROM tombstones WHERE site = ?1 AND key = ?2 AND until > ?3";
    let at = db.row(sql, params![Of(site), pseudonym.as_bytes(), At(now)], |row| row.get(0))?;
    Ok(at.map(|At(at)| at))
}

/// The newest of floor and tombstone.
fn newest_floor(
    db: Db<'_>,
    site: &SiteId,
    pseudonym: Pseudonym,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let sql = "SELECT max(at) FROM (
        SELECT at FROM floors WHERE site = ?1 AND key = ?2 AND until > ?3
        UNION ALL SELECT at FROM tombstones WHERE site = ?1 AND key = ?2 AND until > ?3)";
    let params = params![Of(site), pseudonym.as_bytes(), At(now)];
    let at: Option<Option<At>> = db.row(sql, params, |row| row.get(0))?;
    Ok(at.flatten().map(|At(at)| at))
}

pub(crate) fn put(db: Db<'_>, request: &PutSession<'_>, now: Timestamp) -> Result<PutReply> {
    let mut room = Room::AsItIs;
    let is_full = |reply: &PutReply| *reply == PutReply::Full;
    let attempt = || try_put(db, request, room, now);
    match db.with_room(request.site, &Table::SESSIONS, now, is_full, attempt)? {
        PutReply::Full => {
            room = Room::AsMade;
            try_put(db, request, room, now)
        }
        reply => Ok(reply),
    }
}

fn try_put(db: Db<'_>, request: &PutSession<'_>, room: Room, now: Timestamp) -> Result<PutReply> {
    let PutSession { site, fingerprint, pseudonym, narrowing, .. } = *request;
    if let Some(statement) = request.idempotency
        && !narrowing
        && is_known(db, site, statement, now)?
    {
        return Ok(PutReply::Repeated);
    }
    if version(db, site, fingerprint, now)? != request.expected {
        return Ok(PutReply::Conflict);
    }
    if let Some(session) = request.session
        && !narrowing
        && Some(session.changed_at) <= newest_floor(db, site, pseudonym, now)?
    {
        return Ok(PutReply::Conflict);
    }

    let new = match request.session {
        Some(_) => u64::from(!has_session(db, site, fingerprint)?),
        None => 0,
    };
    // What takes something away is never refused for want of room (law 7).
    if !narrowing && !db.has_room(site, Table::Sessions, new, request.sessions_per_site_max)? {
        return Ok(PutReply::Full);
    }
    let key_fits = match request.idempotency {
        Some(statement) => {
            let new = u64::from(!has_key(db, Table::Statements, site, statement.key)?);
            db.has_room(site, Table::Statements, new, request.idempotency_per_site_max)?
        }
        None => true,
    };
    let floor_fits = match request.floor {
        Some(_) => {
            let new = u64::from(!has_key(db, Table::Floors, site, pseudonym)?);
            db.has_room(site, Table::Floors, new, request.floors_per_site_max)?
        }
        None => true,
    };
    if (!key_fits && !narrowing) || (!floor_fits && room == Room::AsItIs) {
        return Ok(PutReply::Full);
    }

    if let Some(floor) = request.floor {
        leave_floor(db, site, pseudonym, floor, floor_fits, now)?;
    }
    if let Some(session) = request.session {
        store(db, request, session, now)?;
    }
    if let Some(statement) = request.idempotency.filter(|_| key_fits) {
        let sql = "INSERT INTO statements (site, key, until) VALUES (?1, ?2, ?3)
            ON CONFLICT (site, key) DO UPDATE SET until = excluded.until";
        let until = At(now.plus(statement.keep));
        db.change(sql, params![Of(site), statement.key.as_bytes(), until])?;
    }
    Ok(PutReply::Stored)
}

fn is_known(db: Db<'_>, site: &SiteId, statement: Idempotency, now: Timestamp) -> Result<bool> {
    let sql = "SELECT 1 FROM statements WHERE site = ?1 AND key = ?2 AND until > ?3";
    let params = params![Of(site), statement.key.as_bytes(), At(now)];
    Ok(db.row(sql, params, |_| Ok(()))?.is_some())
}

/// Whether an entry is there, over or not: writing it then needs no room.
fn has_session(db: Db<'_>, site: &SiteId, fingerprint: &Fingerprint) -> Result<bool> {
    let sql = "SELECT 1 FROM sessions WHERE site = ?1 AND key = ?2";
    Ok(db.row(sql, params![Of(site), fingerprint.expose()], |_| Ok(()))?.is_some())
}

/// As [`has_session`], where the key is a keyed hash.
fn has_key(db: Db<'_>, table: Table, site: &SiteId, key: Pseudonym) -> Result<bool> {
    let sql = match table {
        Table::Floors => "SELECT 1 FROM floors WHERE site = ?1 AND key = ?2",
        Table::Tombstones => "SELECT 1 FROM tombstones WHERE site = ?1 AND key = ?2",
        _ => "SELECT 1 FROM statements WHERE site = ?1 AND key = ?2",
    };
    Ok(db.row(sql, params![Of(site), key.as_bytes()], |_| Ok(()))?.is_some())
}

fn store(db: Db<'_>, request: &PutSession<'_>, session: &Session, now: Timestamp) -> Result<()> {
    let sql = "UPDATE counter SET version = version + 1 RETURNING version";
    let version: Option<i64> = db.row(sql, [], |row| row.get(0))?;
    let version = version.ok_or_else(|| odd(0))?;
    let scopes: Vec<&str> = session.scopes.iter().collect();
    let scopes = serde_json::to_string(&scopes).map_err(|_| odd(1))?;
    let sql = "INSERT INTO sessions (site, key, version, scopes, granted_at, changed_at,
            policy_version, gpc, narrowed, until)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT (site, key) DO UPDATE SET version = excluded.version,
            scopes = excluded.scopes, granted_at = excluded.granted_at,
            changed_at = excluded.changed_at, policy_version = excluded.policy_version,
            gpc = excluded.gpc, narrowed = excluded.narrowed, until = excluded.until";
    db.change(
        sql,
        params![
            Of(request.site),
            request.fingerprint.expose(),
            version,
            scopes,
            At(session.granted_at),
            At(session.changed_at),
            session.policy_version,
            session.gpc,
            session.narrowed,
            At(now.plus(request.keep)),
        ],
    )?;
    Ok(())
}

/// A floor is best effort: where no room can be made, that one of the same site makes way which ends first.
fn leave_floor(
    db: Db<'_>,
    site: &SiteId,
    pseudonym: Pseudonym,
    floor: Floor,
    fits: bool,
    now: Timestamp,
) -> Result<()> {
    if !fits {
        // Never another site's: its flood must not undo refusals here (law 8).
        let sql = "DELETE FROM floors WHERE site = ?1 AND key =
            (SELECT key FROM floors WHERE site = ?1 ORDER BY until LIMIT 1)";
        if db.change(sql, params![Of(site)])? == 0 {
            return Ok(());
        }
    }
    let sql = "INSERT INTO floors (site, key, at, until) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (site, key) DO UPDATE SET until = max(until, excluded.until),
            at = CASE WHEN until > ?5 THEN max(at, excluded.at) ELSE excluded.at END";
    let until = At(now.plus(floor.keep));
    db.change(sql, params![Of(site), pseudonym.as_bytes(), At(floor.at), until, At(now)])?;
    Ok(())
}

pub(crate) fn delete(db: Db<'_>, request: &DeleteSession<'_>, now: Timestamp) -> Result<bool> {
    let DeleteSession { site, fingerprint, pseudonym, tombstone, tombstones_per_site_max } =
        *request;
    if !leave_tombstone(db, site, pseudonym, tombstone, tombstones_per_site_max, now)? {
        return Ok(false);
    }
    let sql = "DELETE FROM sessions WHERE site = ?1 AND key = ?2";
    db.change(sql, params![Of(site), fingerprint.expose()])?;
    Ok(true)
}

/// A tombstone is never dropped for another: without room there is none, and `false`.
pub(crate) fn leave_tombstone(
    db: Db<'_>,
    site: &SiteId,
    pseudonym: Pseudonym,
    tombstone: Floor,
    most: u64,
    now: Timestamp,
) -> Result<bool> {
    let is_full = |left: &bool| !*left;
    db.with_room(site, &Table::SESSIONS, now, is_full, || {
        let new = u64::from(!has_key(db, Table::Tombstones, site, pseudonym)?);
        if !db.has_room(site, Table::Tombstones, new, most)? {
            return Ok(false);
        }
        let sql = "INSERT INTO tombstones (site, key, at, until) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (site, key) DO UPDATE SET until = max(until, excluded.until),
                at = CASE WHEN until > ?5 THEN max(at, excluded.at) ELSE excluded.at END";
        let until = At(now.plus(tombstone.keep));
        let params = params![Of(site), pseudonym.as_bytes(), At(tombstone.at), until, At(now)];
        db.change(sql, params)?;
        Ok(true)
    })
}
