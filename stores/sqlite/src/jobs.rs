//! The queue of conversions.

use crate::{
    calls::fingerprint,
    db::{At, Db, Of, Result, count, odd},
};
use consentgate_core::{
    Timestamp,
    ids::{CallId, EventId},
    stores::{Finish, FinishReply, JobEnding, Take, Taken},
};
use rusqlite::{Row, params};

const SENT: i64 = 1;
const CANCELLED: i64 = 2;
const FAILED: i64 = 3;

pub(crate) fn take(db: Db<'_>, request: &Take<'_>, now: Timestamp) -> Result<Vec<Taken>> {
    // CROSS JOIN: the index on what is due leads, and the calls are looked up.
    let sql = "SELECT calls.id, calls.key, calls.fingerprint, calls.event_id, calls.received_at,
            calls.body, jobs.attempts + 1
        FROM jobs CROSS JOIN calls ON calls.id = jobs.call
        WHERE jobs.site = ?1 AND jobs.ending IS NULL AND jobs.due_at <= ?2 AND calls.until > ?2
        ORDER BY jobs.due_at, jobs.call LIMIT ?3";
    let params = params![Of(request.site), At(now), count(request.limit)];
    let due = db.rows(sql, params, |row| Ok((row.get::<_, i64>(0)?, taken(row)?)))?;
    let until = now.plus(request.lease);
    for (call, _) in &due {
        let sql = "UPDATE jobs SET due_at = ?2, owner = ?3, attempts = attempts + 1
            WHERE call = ?1";
        db.change(sql, params![call, At(until), request.owner.as_bytes()])?;
    }
    Ok(due.into_iter().map(|(_, taken)| taken).collect())
}

fn taken(row: &Row<'_>) -> Result<Taken> {
    let event_id = row.get_ref(3)?.as_str_or_null()?;
    let event_id = event_id.map(|id| EventId::new(id.as_bytes()).ok_or_else(|| odd(3)));
    let At(received_at) = row.get(4)?;
    Ok(Taken {
        call_id: CallId::from_bytes(row.get(1)?),
        fingerprint: fingerprint(row, 2)?,
        event_id: event_id.transpose()?,
        received_at,
        body: row.get(5)?,
        attempts: row.get(6)?,
    })
}

pub(crate) fn finish(db: Db<'_>, request: &Finish<'_>, now: Timestamp) -> Result<FinishReply> {
    let (ending, due_at) = match request.ending {
        JobEnding::Sent => (Some(SENT), now),
        JobEnding::Cancelled => (Some(CANCELLED), now),
        JobEnding::Failed => (Some(FAILED), now),
        JobEnding::Retry { delay } => (None, now.plus(delay)),
    };
    let sql = "UPDATE jobs SET ending = ?5, due_at = ?6, owner = NULL
        WHERE call = (SELECT id FROM calls WHERE site = ?1 AND key = ?2 AND until > ?4)
            AND owner = ?3 AND ending IS NULL";
    let (call_id, owner) = (request.call_id.as_bytes(), request.owner.as_bytes());
    let params = params![Of(request.site), call_id, owner, At(now), ending, At(due_at)];
    let finished = db.change(sql, params)?;
    Ok(if finished == 0 { FinishReply::Lost } else { FinishReply::Finished })
}
