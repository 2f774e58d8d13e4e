//! Claims and buckets. The judgement is the core's; here it is made atomic and kept.

use crate::{
    db::{At, Db, Of, Result, odd},
    usage::Table,
};
use consentgate_core::{
    Millis, Timestamp,
    ids::{CallId, ClaimKey, Owner, Pseudonym, SiteId},
    steps::{Claim, Empty, FullAt, Standing, judge_claims},
    stores::{Admit, AdmitReply, Done, Settle, SettleAction, SettleReply},
};
use rusqlite::{Row, params};

const HELD: i64 = 0;
const ACCEPTED: i64 = 1;
const REFUSED: i64 = 2;

/// A claim's place.
enum Place {
    /// Nothing stands there.
    None,
    /// What is over stands there: writing it needs no room.
    Over,
    /// A claim.
    Live(Claim),
}

pub(crate) fn admit(db: Db<'_>, request: &Admit<'_>, now: Timestamp) -> Result<AdmitReply> {
    let is_full = |reply: &AdmitReply| *reply == AdmitReply::Full;
    db.with_room(request.site, &Table::ADMISSION, now, is_full, || try_admit(db, request, now))
}

fn try_admit(db: Db<'_>, request: &Admit<'_>, now: Timestamp) -> Result<AdmitReply> {
    let site = request.site;
    let mut known: Vec<Option<Claim>> = Vec::with_capacity(request.claims.len());
    let mut new = 0;
    for key in request.claims {
        known.push(match place(db, site, key, now)? {
            Place::None => {
                new += 1;
                None
            }
            Place::Over => None,
            Place::Live(claim) => {
                let mended = claim.mended(request.lease, now);
                if mended != claim {
                    // Kept even if the answer is a refusal, or nobody could ever get in again.
                    mend_claim(db, site, key, mended)?;
                }
                Some(mended)
            }
        });
    }
    let takeover = match judge_claims(known.iter().copied(), now) {
        Standing::Free { takeover } => takeover,
        Standing::Held { retry } => return Ok(AdmitReply::Held { retry }),
        Standing::Done(done) => {
            extend_done(db, request, now)?;
            return Ok(AdmitReply::Done(done));
        }
    };
    if !db.has_room(site, Table::Claims, new, request.claims_per_site_max)? {
        return Ok(AdmitReply::Full);
    }
    if !takeover {
        match take_tokens(db, request, now)? {
            Ok(()) => {}
            Err(refusal) => return Ok(refusal),
        }
    }
    for key in request.claims {
        hold(db, request, key, now)?;
    }
    Ok(AdmitReply::Admitted { takeover })
}

fn place(db: Db<'_>, site: &SiteId, key: &ClaimKey, now: Timestamp) -> Result<Place> {
    let sql = "SELECT state, name, lease_until, until FROM claims WHERE site = ?1 AND key = ?2";
    let read = |row: &Row<'_>| {
        let At(until) = row.get(3)?;
        Ok(if until <= now { Place::Over } else { Place::Live(claim(row)?) })
    };
    Ok(db.row(sql, params![Of(site), bytes(key)], read)?.unwrap_or(Place::None))
}

fn claim(row: &Row<'_>) -> Result<Claim> {
    Ok(match row.get(0)? {
        HELD => {
            let At(until) = row.get(2)?;
            Claim::Held { owner: Owner::from_bytes(row.get(1)?), until }
        }
        ACCEPTED => Claim::Done(Done::Accepted(CallId::from_bytes(row.get(1)?))),
        REFUSED => Claim::Done(Done::Refused),
        _ => return Err(odd(0)),
    })
}

fn mend_claim(db: Db<'_>, site: &SiteId, key: &ClaimKey, mended: Claim) -> Result<()> {
    let Claim::Held { until, .. } = mended else { return Ok(()) };
    let sql = "UPDATE claims SET lease_until = ?3 WHERE site = ?1 AND key = ?2";
    db.change(sql, params![Of(site), bytes(key), At(until)])?;
    Ok(())
}

/// A re-sent event must not outlive the memory of its first delivery.
fn extend_done(db: Db<'_>, request: &Admit<'_>, now: Timestamp) -> Result<()> {
    let until = now.plus(request.keep);
    for key in request.claims {
        let sql = "UPDATE claims SET until = ?3
            WHERE site = ?1 AND key = ?2 AND state <> 0 AND until > ?4 AND until < ?3";
        db.change(sql, params![Of(request.site), bytes(key), At(until), At(now)])?;
    }
    Ok(())
}

fn hold(db: Db<'_>, request: &Admit<'_>, key: &ClaimKey, now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO claims (site, key, state, name, lease_until, until)
        VALUES (?1, ?2, 0, ?3, ?4, ?5)
        ON CONFLICT (site, key) DO UPDATE SET state = 0, name = excluded.name,
            lease_until = excluded.lease_until, until = excluded.until";
    let lease_until = At(now.plus(request.lease));
    let until = At(now.plus(request.keep));
    let owner = request.owner.as_bytes();
    db.change(sql, params![Of(request.site), bytes(key), owner, lease_until, until])?;
    Ok(())
}

/// A token from each bucket, or from none (FIELD 27).
fn take_tokens(
    db: Db<'_>,
    request: &Admit<'_>,
    now: Timestamp,
) -> Result<std::result::Result<(), AdmitReply>> {
    let Admit { site, buckets, .. } = *request;
    let mut taken: Vec<FullAt> = Vec::with_capacity(buckets.len());
    let mut denied: Option<(Millis, usize)> = None;
    let mut new = 0;
    for (index, bucket) in buckets.iter().enumerate() {
        let stored = level(db, site, bucket.key)?;
        new += u64::from(stored.is_none());
        let state = stored.filter(|state| !state.is_full(now));
        match FullAt::take(state, bucket.rate, now) {
            Ok(next) => taken.push(next),
            Err(Empty { retry }) => {
                let mended = FullAt::mended(state, bucket.rate, now);
                if let Some(mended) = mended.filter(|mended| Some(*mended) != state) {
                    fill(db, site, bucket.key, mended)?;
                }
                if denied.is_none_or(|(longest, _)| retry > longest) {
                    denied = Some((retry, index));
                }
            }
        }
    }
    if let Some((retry, bucket)) = denied {
        return Ok(Err(AdmitReply::Limited { retry, bucket }));
    }
    if !db.has_room(site, Table::Buckets, new, request.buckets_per_site_max)? {
        return Ok(Err(AdmitReply::Full));
    }
    for (bucket, full_at) in buckets.iter().zip(taken) {
        fill(db, site, bucket.key, full_at)?;
    }
    Ok(Ok(()))
}

fn level(db: Db<'_>, site: &SiteId, key: Pseudonym) -> Result<Option<FullAt>> {
    let sql = "SELECT until FROM buckets WHERE site = ?1 AND key = ?2";
    let full_at = db.row(sql, params![Of(site), key.as_bytes()], |row| row.get(0))?;
    Ok(full_at.map(|At(full_at)| FullAt(full_at)))
}

fn fill(db: Db<'_>, site: &SiteId, key: Pseudonym, full_at: FullAt) -> Result<()> {
    let sql = "INSERT INTO buckets (site, key, until) VALUES (?1, ?2, ?3)
        ON CONFLICT (site, key) DO UPDATE SET until = excluded.until";
    db.change(sql, params![Of(site), key.as_bytes(), At(full_at.0)])?;
    Ok(())
}

pub(crate) fn settle(db: Db<'_>, request: &Settle<'_>, now: Timestamp) -> Result<SettleReply> {
    let Settle { site, claims, owner, action } = request;
    let mut settled = 0;
    for key in *claims {
        let (site, key, owner) = (Of(site), bytes(key), owner.as_bytes());
        settled += match action {
            SettleAction::Commit { done, keep } => {
                let (state, name) = match done {
                    Done::Accepted(call_id) => (ACCEPTED, Some(*call_id.as_bytes())),
                    Done::Refused => (REFUSED, None),
                };
                let sql = "UPDATE claims SET state = ?5, name = ?6, lease_until = NULL, until = ?7
                    WHERE site = ?1 AND key = ?2 AND state = 0 AND name = ?3 AND until > ?4";
                let until = At(now.plus(*keep));
                db.change(sql, params![site, key, owner, At(now), state, name, until])?
            }
            SettleAction::Release { .. } => {
                let sql = "DELETE FROM claims
                    WHERE site = ?1 AND key = ?2 AND state = 0 AND name = ?3 AND until > ?4";
                db.change(sql, params![site, key, owner, At(now)])?
            }
        };
    }
    if settled == 0 {
        return Ok(SettleReply::Lost);
    }
    if let SettleAction::Release { refund } = action
        // Where somebody took over part of it, without spending a token, this one stays spent.
        && settled == claims.len()
    {
        for bucket in *refund {
            let state = level(db, site, bucket.key)?.filter(|state| !state.is_full(now));
            if let Some(state) = state {
                fill(db, site, bucket.key, state.refund(bucket.rate))?;
            }
        }
    }
    Ok(SettleReply::Settled)
}

/// The kind's letter, and the hash.
fn bytes(key: &ClaimKey) -> [u8; 33] {
    let kind = match key {
        ClaimKey::Signature(_) => b's',
        ClaimKey::Event(_) => b'e',
    };
    let mut bytes = [kind; 33];
    for (to, from) in bytes.iter_mut().skip(1).zip(key.as_bytes()) {
        *to = *from;
    }
    bytes
}
