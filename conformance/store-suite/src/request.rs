//! A request as `docs/stores.md` writes it, into the core's types.

use crate::fields::{Fields, Odd};
use consentgate_core::{
    Effect, Millis, Rate, Role, Timestamp,
    ids::{
        CallId, ClaimKey, EventId, Fingerprint, Owner, Pseudonym, Scopes, SessionVersion,
        SignatureHash, SiteId,
    },
    stores::{
        Admit, Body, Bucket, DeleteSession, Done, Enqueue, EraseCalls, FindCall, FindSession,
        Finish, Floor, Idempotency, JobEnding, Purge, PutSession, Record, Session, Settle,
        SettleAction, Take, Verdict,
    },
};
use serde_json::Value;

/// Reads the request and hands it over as an effect.
pub(crate) fn with_effect<T>(
    role: Role,
    method: &str,
    request: &Value,
    then: impl FnOnce(&Effect<'_>) -> T,
) -> Result<T, Odd> {
    let fields = Fields::of(request)?;
    match (role, method) {
        (Role::Admission, "admit") => admit(fields, then),
        (Role::Admission, "settle") => settle(fields, then),
        (Role::Sessions, "find") => {
            let person = Person::read(fields)?;
            Ok(then(&Effect::FindSession(FindSession {
                site: &person.site,
                fingerprint: &person.fingerprint,
                pseudonym: person.pseudonym,
            })))
        }
        (Role::Sessions, "put") => put(fields, then),
        (Role::Sessions, "delete") => {
            let person = Person::read(fields)?;
            Ok(then(&Effect::DeleteSession(DeleteSession {
                site: &person.site,
                fingerprint: &person.fingerprint,
                pseudonym: person.pseudonym,
                tombstone: floor(fields.get("tombstone")?)?,
                tombstones_per_site_max: fields.count("tombstones_per_site_max")?,
            })))
        }
        (Role::Calls, "record") => record(fields, then),
        (Role::Calls, "find") => {
            let call_id = fields.read("call_id", |id| CallId::from_hex(id.as_str()?))?;
            Ok(then(&Effect::FindCall(FindCall { site: &site(fields)?, call_id })))
        }
        (Role::Calls, "enqueue") => enqueue(fields, then),
        (Role::Calls, "erase") => {
            let person = Person::read(fields)?;
            Ok(then(&Effect::EraseCalls(EraseCalls {
                site: &person.site,
                fingerprint: &person.fingerprint,
                pseudonym: person.pseudonym,
                tombstone: floor(fields.get("tombstone")?)?,
                tombstones_per_site_max: fields.count("tombstones_per_site_max")?,
            })))
        }
        (Role::Calls, "take") => {
            let (limit, lease) = (fields.count("limit")?, span(fields, "lease_ms")?);
            let (site, owner) = (&site(fields)?, owner(fields)?);
            Ok(then(&Effect::Take(Take { site, owner, limit, lease })))
        }
        (Role::Calls, "finish") => finish(fields, then),
        (role, "purge") => Ok(then(&Effect::Purge(role, Purge { limit: fields.count("limit")? }))),
        _ => Err(format!("there is no method `{}.{method}`", role.as_str())),
    }
}

fn admit<T>(fields: Fields<'_>, then: impl FnOnce(&Effect<'_>) -> T) -> Result<T, Odd> {
    Ok(then(&Effect::Admit(Admit {
        site: &site(fields)?,
        claims: &claims(fields)?,
        owner: owner(fields)?,
        lease: span(fields, "lease_ms")?,
        keep: span(fields, "keep_ms")?,
        claims_per_site_max: fields.count("claims_per_site_max")?,
        buckets_per_site_max: fields.count("buckets_per_site_max")?,
        buckets: &buckets(fields, "buckets")?,
    })))
}

fn settle<T>(fields: Fields<'_>, then: impl FnOnce(&Effect<'_>) -> T) -> Result<T, Odd> {
    let refund;
    let action = match fields.text("action")? {
        "commit" => {
            let keep = span(fields, "keep_ms")?;
            let call_id = fields.optional("call_id", |id| CallId::from_hex(id.as_str()?))?;
            let done = match (fields.text("result")?, call_id) {
                ("accepted", Some(call_id)) => Done::Accepted(call_id),
                ("refused", None) => Done::Refused,
                _ => return Err("`result` and `call_id` do not fit".to_owned()),
            };
            SettleAction::Commit { done, keep }
        }
        "release" => {
            refund = buckets(fields, "refund")?;
            SettleAction::Release { refund: &refund }
        }
        action => return Err(format!("there is no action `{action}`")),
    };
    let (site, claims) = (&site(fields)?, &claims(fields)?);
    Ok(then(&Effect::Settle(Settle { site, claims, owner: owner(fields)?, action })))
}

fn put<T>(fields: Fields<'_>, then: impl FnOnce(&Effect<'_>) -> T) -> Result<T, Odd> {
    let person = Person::read(fields)?;
    let given = fields.optional("session", Some)?.map(session).transpose()?;
    let key = fields.optional("idempotency", Some)?.map(idempotency).transpose()?;
    Ok(then(&Effect::PutSession(PutSession {
        site: &person.site,
        fingerprint: &person.fingerprint,
        pseudonym: person.pseudonym,
        expected: version(fields, "expected")?,
        session: given.as_ref(),
        floor: fields.optional("floor", Some)?.map(floor).transpose()?,
        idempotency: key,
        narrowing: fields.flag("narrowing")?,
        keep: span(fields, "keep_ms")?,
        sessions_per_site_max: fields.count("sessions_per_site_max")?,
        floors_per_site_max: fields.count("floors_per_site_max")?,
        idempotency_per_site_max: fields.count("idempotency_per_site_max")?,
    })))
}

fn record<T>(fields: Fields<'_>, then: impl FnOnce(&Effect<'_>) -> T) -> Result<T, Odd> {
    let person = Person::read(fields)?;
    let hash = |hash: &Value| SignatureHash::from_hex(hash.as_str()?);
    let event_id = fields.optional("event_id", |id| EventId::new(id.as_str()?.as_bytes()))?;
    let body =
        Fields::of(fields.get("body")?)?.read("base64", |text| from_base64(text.as_str()?))?;
    let marketing = match fields.text("marketing")? {
        "pending" => Verdict::Pending,
        "skipped" => Verdict::Skipped,
        other => return Err(format!("there is no verdict `{other}`")),
    };
    Ok(then(&Effect::Record(Record {
        site: &person.site,
        call_id: fields.read("call_id", |id| CallId::from_hex(id.as_str()?))?,
        signature_hash: fields.read("signature_hash", hash)?,
        more_signature_hashes: &fields.each("more_signature_hashes", hash)?,
        event_id: event_id.as_ref(),
        fingerprint: &person.fingerprint,
        pseudonym: person.pseudonym,
        session_version: version(fields, "session_version")?,
        changed_at: point(fields, "changed_at_ms")?,
        received_at: point(fields, "received_at_ms")?,
        marketing,
        body: Body(&body),
        keep: span(fields, "keep_ms")?,
        delay: span(fields, "delay_ms")?,
        calls_per_site_max: fields.count("calls_per_site_max")?,
        calls_bytes_per_site_max: fields.count("calls_bytes_per_site_max")?,
    })))
}

fn enqueue<T>(fields: Fields<'_>, then: impl FnOnce(&Effect<'_>) -> T) -> Result<T, Odd> {
    let person = Person::read(fields)?;
    Ok(then(&Effect::Enqueue(Enqueue {
        site: &person.site,
        call_id: fields.read("call_id", |id| CallId::from_hex(id.as_str()?))?,
        fingerprint: &person.fingerprint,
        pseudonym: person.pseudonym,
        session_version: version(fields, "session_version")?,
        needed: &scopes(fields)?,
        delay: span(fields, "delay_ms")?,
        keep: span(fields, "keep_ms")?,
    })))
}

fn finish<T>(fields: Fields<'_>, then: impl FnOnce(&Effect<'_>) -> T) -> Result<T, Odd> {
    let delay = fields.optional("delay_ms", Value::as_u64)?.map(Millis);
    let ending = match (fields.text("result")?, delay) {
        ("sent", None) => JobEnding::Sent,
        ("cancelled", None) => JobEnding::Cancelled,
        ("failed", None) => JobEnding::Failed,
        ("retry", Some(delay)) => JobEnding::Retry { delay },
        _ => return Err("`result` and `delay_ms` do not fit".to_owned()),
    };
    let call_id = fields.read("call_id", |id| CallId::from_hex(id.as_str()?))?;
    let (site, owner) = (&site(fields)?, owner(fields)?);
    Ok(then(&Effect::Finish(Finish { site, call_id, owner, ending })))
}

struct Person {
    site: SiteId,
    fingerprint: Fingerprint,
    pseudonym: Pseudonym,
}

impl Person {
    fn read(fields: Fields<'_>) -> Result<Self, Odd> {
        Ok(Self {
            site: site(fields)?,
            fingerprint: fields.read("fingerprint", |text| Fingerprint::new(text.as_str()?))?,
            pseudonym: fields.read("pseudonym", |text| Pseudonym::from_hex(text.as_str()?))?,
        })
    }
}

fn site(fields: Fields<'_>) -> Result<SiteId, Odd> {
    fields.read("site", |site| SiteId::new(site.as_str()?))
}

fn owner(fields: Fields<'_>) -> Result<Owner, Odd> {
    fields.read("owner", |owner| Owner::from_hex(owner.as_str()?))
}

fn claims(fields: Fields<'_>) -> Result<Vec<ClaimKey>, Odd> {
    fields.each("claims", |claim| ClaimKey::from_text(claim.as_str()?))
}

fn scopes(fields: Fields<'_>) -> Result<Scopes, Odd> {
    let texts: Vec<&str> = fields.each("scopes", Value::as_str)?;
    Scopes::new(texts).ok_or_else(|| "`scopes` holds what is none".to_owned())
}

fn version(fields: Fields<'_>, name: &str) -> Result<Option<SessionVersion>, Odd> {
    Ok(fields.optional(name, Value::as_u64)?.map(SessionVersion))
}

fn buckets(fields: Fields<'_>, name: &str) -> Result<Vec<Bucket>, Odd> {
    fields.list(name)?.iter().map(bucket).collect()
}

fn bucket(value: &Value) -> Result<Bucket, Odd> {
    let fields = Fields::of(value)?;
    let name = match fields.text("name")? {
        "fingerprint" => "fingerprint",
        "site" => "site",
        "ip" => "ip",
        other => return Err(format!("there is no bucket `{other}`")),
    };
    let interval = span(fields, "interval_ms")?;
    let burst = fields.read("burst", |burst| u32::try_from(burst.as_u64()?).ok())?;
    let key = fields.read("key", |key| Pseudonym::from_hex(key.as_str()?))?;
    Ok(Bucket { name, key, rate: Rate { interval, burst } })
}

fn session(value: &Value) -> Result<Session, Odd> {
    let fields = Fields::of(value)?;
    let policy = |version: &Value| u32::try_from(version.as_u64()?).ok();
    Ok(Session {
        scopes: scopes(fields)?,
        granted_at: point(fields, "granted_at_ms")?,
        changed_at: point(fields, "changed_at_ms")?,
        policy_version: fields.optional("policy_version", policy)?,
        gpc: fields.flag("gpc")?,
        narrowed: fields.flag("narrowed")?,
    })
}

fn floor(value: &Value) -> Result<Floor, Odd> {
    let fields = Fields::of(value)?;
    Ok(Floor { at: point(fields, "at_ms")?, keep: span(fields, "keep_ms")? })
}

fn idempotency(value: &Value) -> Result<Idempotency, Odd> {
    let fields = Fields::of(value)?;
    let key = fields.read("key", |key| Pseudonym::from_hex(key.as_str()?))?;
    Ok(Idempotency { key, keep: span(fields, "keep_ms")? })
}

fn span(fields: Fields<'_>, name: &str) -> Result<Millis, Odd> {
    fields.count(name).map(Millis)
}

fn point(fields: Fields<'_>, name: &str) -> Result<Timestamp, Odd> {
    fields.read(name, |point| Timestamp::from_millis(point.as_i64()?))
}

/// Standard base64 with padding, as the files have it; a slip in a file is found by the reply that does not fit.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in digits.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use consentgate_core::base64_encode;

    #[test]
    fn field_10_bodies_are_read_byte_for_byte() {
        let bytes: Vec<u8> = (0..=255).collect();
        for len in 0..bytes.len() {
            let body = bytes.get(..len).unwrap();
            assert_eq!(from_base64(&base64_encode(body)).unwrap(), body);
        }
        assert_eq!(from_base64("a b="), None);
    }
}
