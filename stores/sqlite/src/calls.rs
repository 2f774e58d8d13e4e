//! Calls, and what makes them unique.

use crate::{
    db::{At, Db, Of, Result, odd},
    sessions,
    usage::Table,
};
use consentgate_core::{
    Marketing, Timestamp,
    ids::{CallId, Fingerprint, SignatureHash, SiteId},
    stores::{
        Enqueue, EnqueueReply, EraseCalls, FindCall, FoundCall, Record, RecordReply, Verdict,
    },
};
use rusqlite::{Row, ToSql, params};
use std::iter;

/// A row as it is met under one of its names.
struct Met {
    id: i64,
    call_id: CallId,
    until: Timestamp,
}

pub(crate) fn record(db: Db<'_>, request: &Record<'_>, now: Timestamp) -> Result<RecordReply> {
    let is_full = |reply: &RecordReply| *reply == RecordReply::Full;
    db.with_room(request.site, &Table::CALLS, now, is_full, || try_record(db, request, now))
}

fn try_record(db: Db<'_>, request: &Record<'_>, now: Timestamp) -> Result<RecordReply> {
    let Record { site, fingerprint, pseudonym, .. } = *request;
    if request.session_version.is_some()
        && sessions::version(db, site, fingerprint, now)? != request.session_version
    {
        return Ok(RecordReply::Moved);
    }
    let tombstone = sessions::tombstone(db, site, pseudonym, now)?;
    if tombstone.is_some_and(|at| at >= request.changed_at) {
        return Ok(RecordReply::Moved);
    }

    for hash in signatures(request) {
        if let Some(exists) = existing(db, met_by_signature(db, site, hash)?, now)? {
            return Ok(exists);
        }
    }
    if let Some(event_id) = request.event_id {
        let met = met_by("site = ?1 AND event_id = ?2", db, site, &event_id.as_str())?;
        if let Some(exists) = existing(db, met, now)? {
            return Ok(exists);
        }
    }

    let bytes = request.body.0.len() as u64;
    if !db.has_room(site, Table::Calls, 1, request.calls_per_site_max)?
        || !db.has_room(site, Table::CallsBytes, bytes, request.calls_bytes_per_site_max)?
    {
        return Ok(RecordReply::Full);
    }
    let id = insert(db, request, now)?;
    Ok(RecordReply::Inserted(match request.marketing {
        Verdict::Pending => {
            insert_job(db, site, id, now.plus(request.delay))?;
            Marketing::Enqueued
        }
        Verdict::Skipped => Marketing::Skipped,
    }))
}

fn signatures<'a>(request: &Record<'a>) -> impl Iterator<Item = SignatureHash> + use<'a> {
    iter::once(request.signature_hash).chain(request.more_signature_hashes.iter().copied())
}

/// The answer for a row that is there. What is over must make way: its names are wanted again.
fn existing(db: Db<'_>, met: Option<Met>, now: Timestamp) -> Result<Option<RecordReply>> {
    let Some(Met { id, call_id, until }) = met else { return Ok(None) };
    if until <= now {
        db.change("DELETE FROM calls WHERE id = ?1", [id])?;
        return Ok(None);
    }
    // A row is written with its job in one transaction: its verdict is never left pending.
    let marketing = if has_job(db, id)? { Marketing::Enqueued } else { Marketing::Skipped };
    Ok(Some(RecordReply::Exists { call_id, marketing }))
}

fn met_by_signature(db: Db<'_>, site: &SiteId, hash: SignatureHash) -> Result<Option<Met>> {
    let hash = hash.as_bytes();
    if let Some(met) = met_by("site = ?1 AND signature_hash = ?2", db, site, hash)? {
        return Ok(Some(met));
    }
    let by_other = "id = (SELECT call FROM call_signatures
        WHERE site = ?1 AND signature_hash = ?2)";
    met_by(by_other, db, site, hash)
}

fn met_by(by: &str, db: Db<'_>, site: &SiteId, name: &dyn ToSql) -> Result<Option<Met>> {
    let sql = format!("SELECT id, key, until FROM calls WHERE {by}");
    let read = |row: &Row<'_>| {
        let At(until) = row.get(2)?;
        Ok(Met { id: row.get(0)?, call_id: CallId::from_bytes(row.get(1)?), until })
    };
    db.row(&sql, params![Of(site), name], read)
}

fn insert(db: Db<'_>, request: &Record<'_>, now: Timestamp) -> Result<i64> {
    let sql = "INSERT INTO calls (site, key, signature_hash, event_id, fingerprint, received_at,
            until, body)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let site = Of(request.site);
    let call_id = request.call_id.as_bytes();
    let first = request.signature_hash.as_bytes();
    let event_id = request.event_id.map(|id| id.as_str());
    let (received_at, until) = (At(request.received_at), At(now.plus(request.keep)));
    let fingerprint = request.fingerprint.expose();
    let body = request.body.0;
    db.change(sql, params![site, call_id, first, event_id, fingerprint, received_at, until, body])?;
    let id = db.connection.last_insert_rowid();
    for hash in request.more_signature_hashes {
        // The same one twice, or the first once more, is one name.
        let sql = "INSERT INTO call_signatures (site, signature_hash, call) VALUES (?1, ?2, ?3)
            ON CONFLICT (site, signature_hash) DO UPDATE SET call = excluded.call
                WHERE call = excluded.call";
        db.change(sql, params![Of(request.site), hash.as_bytes(), id])?;
    }
    Ok(id)
}

fn insert_job(db: Db<'_>, site: &SiteId, call: i64, due_at: Timestamp) -> Result<()> {
    let sql = "INSERT INTO jobs (call, site, due_at) VALUES (?1, ?2, ?3)";
    db.change(sql, params![call, Of(site), At(due_at)])?;
    Ok(())
}

/// Whether a job for the call was ever made.
fn has_job(db: Db<'_>, call: i64) -> Result<bool> {
    Ok(db.row("SELECT 1 FROM jobs WHERE call = ?1", [call], |_| Ok(()))?.is_some())
}

pub(crate) fn find(
    db: Db<'_>,
    request: &FindCall<'_>,
    now: Timestamp,
) -> Result<Option<FoundCall>> {
    let sql = "SELECT fingerprint FROM calls WHERE site = ?1 AND key = ?2 AND until > ?3";
    let params = params![Of(request.site), request.call_id.as_bytes(), At(now)];
    db.row(sql, params, |row| Ok(FoundCall { fingerprint: fingerprint(row, 0)? }))
}

pub(crate) fn fingerprint(row: &Row<'_>, column: usize) -> Result<Fingerprint> {
    Fingerprint::new(row.get_ref(column)?.as_str()?).ok_or_else(|| odd(column))
}

pub(crate) fn enqueue(db: Db<'_>, request: &Enqueue<'_>, now: Timestamp) -> Result<EnqueueReply> {
    let site = request.site;
    if request.session_version.is_some()
        && sessions::version(db, site, request.fingerprint, now)? != request.session_version
    {
        return Ok(EnqueueReply::Moved);
    }
    let sql = "SELECT id FROM calls WHERE site = ?1 AND key = ?2 AND until > ?3";
    let params = params![Of(site), request.call_id.as_bytes(), At(now)];
    let id: Option<i64> = db.row(sql, params, |row| row.get(0))?;
    let Some(id) = id else { return Ok(EnqueueReply::Missing) };
    if has_job(db, id)? {
        return Ok(EnqueueReply::Already);
    }
    insert_job(db, site, id, now.plus(request.delay))?;
    // The row lives longer now, and with it what makes it the only one of its event (law 3).
    let sql = "UPDATE calls SET until = max(until, ?2) WHERE id = ?1";
    db.change(sql, params![id, At(now.plus(request.keep))])?;
    Ok(EnqueueReply::Enqueued)
}

pub(crate) fn erase(db: Db<'_>, request: &EraseCalls<'_>, now: Timestamp) -> Result<bool> {
    let EraseCalls { site, fingerprint, pseudonym, tombstone, tombstones_per_site_max } = *request;
    let most = tombstones_per_site_max;
    if !sessions::leave_tombstone(db, site, pseudonym, tombstone, most, now)? {
        return Ok(false);
    }
    // Their jobs and their other names go with them.
    let sql = "DELETE FROM calls WHERE site = ?1 AND fingerprint = ?2";
    db.change(sql, params![Of(site), fingerprint.expose()])?;
    Ok(true)
}
