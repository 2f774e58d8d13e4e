use super::Value;
use consentgate_core::{
    Deadlines, Effect, Millis, Role, Timestamp,
    ids::Scopes,
    stores::{
        Admit, Bucket, DeleteSession, Done, Enqueue, EraseCalls, FindCall, FindSession, Finish,
        Floor, JobEnding, PutSession, Record, Session, Settle, SettleAction, Take, Verdict,
    },
};

/// What the host's store is asked: call `stores[role].method(request)`.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Which store.
    pub role: Role,
    /// Which method of it.
    pub method: &'static str,
    /// With what; see `docs/stores.md`.
    pub request: Value,
    /// How long the answer may take before it no longer counts.
    pub deadline: Millis,
}

impl Ask {
    pub(super) fn new(effect: &Effect<'_>, deadlines: &Deadlines) -> Self {
        let request = match effect {
            Effect::Admit(request) => admit(request),
            Effect::Settle(request) => settle(request),
            Effect::FindSession(request) => find_session(request),
            Effect::PutSession(request) => put_session(request),
            Effect::DeleteSession(request) => delete_session(request),
            Effect::Record(request) => record(request),
            Effect::FindCall(request) => find_call(request),
            Effect::Enqueue(request) => enqueue(request),
            Effect::EraseCalls(request) => erase_calls(request),
            Effect::Take(request) => take(request),
            Effect::Finish(request) => finish(request),
            Effect::Purge(_, request) => Value::of([("limit", count(request.limit))]),
        };
        let deadline = effect.deadline(deadlines);
        Self { role: effect.role(), method: effect.method(), request, deadline }
    }
}

fn admit(request: &Admit<'_>) -> Value {
    Value::of([
        ("site", text(request.site)),
        ("claims", claims(request.claims)),
        ("owner", Value::text(request.owner.to_hex())),
        ("lease_ms", span(request.lease)),
        ("keep_ms", span(request.keep)),
        ("claims_per_site_max", count(request.claims_per_site_max)),
        ("buckets_per_site_max", count(request.buckets_per_site_max)),
        ("buckets", buckets(request.buckets)),
    ])
}

fn settle(request: &Settle<'_>) -> Value {
    let site = ("site", text(request.site));
    let claims = ("claims", claims(request.claims));
    let owner = ("owner", Value::text(request.owner.to_hex()));
    match request.action {
        SettleAction::Commit { done, keep } => {
            let (result, call_id) = match done {
                Done::Accepted(call_id) => ("accepted", Value::text(call_id.to_hex())),
                Done::Refused => ("refused", Value::Null),
            };
            Value::of([
                site,
                claims,
                owner,
                ("action", Value::text("commit")),
                ("result", Value::text(result)),
                ("call_id", call_id),
                ("keep_ms", span(keep)),
            ])
        }
        SettleAction::Release { refund } => Value::of([
            site,
            claims,
            owner,
            ("action", Value::text("release")),
            ("refund", buckets(refund)),
        ]),
    }
}

fn find_session(request: &FindSession<'_>) -> Value {
    Value::of([
        ("site", text(request.site)),
        ("fingerprint", Value::text(request.fingerprint.expose().to_owned())),
        ("pseudonym", Value::text(request.pseudonym.to_hex())),
    ])
}

fn put_session(request: &PutSession<'_>) -> Value {
    let idempotency = request.idempotency.map(|idempotency| {
        Value::of([
            ("key", Value::text(idempotency.key.to_hex())),
            ("keep_ms", span(idempotency.keep)),
        ])
    });
    Value::of([
        ("site", text(request.site)),
        ("fingerprint", Value::text(request.fingerprint.expose().to_owned())),
        ("pseudonym", Value::text(request.pseudonym.to_hex())),
        ("expected", Value::optional(request.expected.map(|version| count(version.0)))),
        ("session", Value::optional(request.session.map(session))),
        ("floor", Value::optional(request.floor.map(floor))),
        ("idempotency", Value::optional(idempotency)),
        ("narrowing", Value::Bool(request.narrowing)),
        ("keep_ms", span(request.keep)),
        ("sessions_per_site_max", count(request.sessions_per_site_max)),
        ("floors_per_site_max", count(request.floors_per_site_max)),
        ("idempotency_per_site_max", count(request.idempotency_per_site_max)),
    ])
}

fn delete_session(request: &DeleteSession<'_>) -> Value {
    Value::of([
        ("site", text(request.site)),
        ("fingerprint", Value::text(request.fingerprint.expose().to_owned())),
        ("pseudonym", Value::text(request.pseudonym.to_hex())),
        ("tombstone", floor(request.tombstone)),
        ("tombstones_per_site_max", count(request.tombstones_per_site_max)),
    ])
}

fn record(request: &Record<'_>) -> Value {
    let more = request.more_signature_hashes.iter().map(|hash| Value::text(hash.to_hex()));
    let event_id = request.event_id.map(|id| Value::text(id.as_str().to_owned()));
    let marketing = match request.marketing {
        Verdict::Pending => "pending",
        Verdict::Skipped => "skipped",
    };
    Value::of([
        ("site", text(request.site)),
        ("call_id", Value::text(request.call_id.to_hex())),
        ("signature_hash", Value::text(request.signature_hash.to_hex())),
        ("more_signature_hashes", Value::List(more.collect())),
        ("event_id", Value::optional(event_id)),
        ("fingerprint", Value::text(request.fingerprint.expose().to_owned())),
        ("pseudonym", Value::text(request.pseudonym.to_hex())),
        ("session_version", Value::optional(request.session_version.map(|v| count(v.0)))),
        ("changed_at_ms", point(request.changed_at)),
        ("received_at_ms", point(request.received_at)),
        ("marketing", Value::text(marketing)),
        ("body", Value::Bytes(request.body.0.to_vec())),
        ("keep_ms", span(request.keep)),
        ("delay_ms", span(request.delay)),
        ("calls_per_site_max", count(request.calls_per_site_max)),
        ("calls_bytes_per_site_max", count(request.calls_bytes_per_site_max)),
    ])
}

fn find_call(request: &FindCall<'_>) -> Value {
    Value::of([("site", text(request.site)), ("call_id", Value::text(request.call_id.to_hex()))])
}

fn enqueue(request: &Enqueue<'_>) -> Value {
    Value::of([
        ("site", text(request.site)),
        ("call_id", Value::text(request.call_id.to_hex())),
        ("fingerprint", Value::text(request.fingerprint.expose().to_owned())),
        ("pseudonym", Value::text(request.pseudonym.to_hex())),
        ("session_version", Value::optional(request.session_version.map(|v| count(v.0)))),
        ("scopes", scopes(request.needed)),
        ("delay_ms", span(request.delay)),
        ("keep_ms", span(request.keep)),
    ])
}

fn erase_calls(request: &EraseCalls<'_>) -> Value {
    Value::of([
        ("site", text(request.site)),
        ("fingerprint", Value::text(request.fingerprint.expose().to_owned())),
        ("pseudonym", Value::text(request.pseudonym.to_hex())),
        ("tombstone", floor(request.tombstone)),
        ("tombstones_per_site_max", count(request.tombstones_per_site_max)),
    ])
}

fn take(request: &Take<'_>) -> Value {
    Value::of([
        ("site", text(request.site)),
        ("owner", Value::text(request.owner.to_hex())),
        ("limit", count(request.limit)),
        ("lease_ms", span(request.lease)),
    ])
}

fn finish(request: &Finish<'_>) -> Value {
    let (result, delay) = match request.ending {
        JobEnding::Sent => ("sent", None),
        JobEnding::Cancelled => ("cancelled", None),
        JobEnding::Failed => ("failed", None),
        JobEnding::Retry { delay } => ("retry", Some(delay)),
    };
    Value::of([
        ("site", text(request.site)),
        ("call_id", Value::text(request.call_id.to_hex())),
        ("owner", Value::text(request.owner.to_hex())),
        ("result", Value::text(result)),
        ("delay_ms", Value::optional(delay.map(span))),
    ])
}

fn scopes(scopes: &Scopes) -> Value {
    Value::List(scopes.iter().map(|scope| Value::text(scope.to_owned())).collect())
}

fn session(session: &Session) -> Value {
    Value::of([
        ("scopes", scopes(&session.scopes)),
        ("granted_at_ms", point(session.granted_at)),
        ("changed_at_ms", point(session.changed_at)),
        ("policy_version", Value::optional(session.policy_version.map(|v| count(v.into())))),
        ("gpc", Value::Bool(session.gpc)),
        ("narrowed", Value::Bool(session.narrowed)),
    ])
}

fn floor(floor: Floor) -> Value {
    Value::of([("at_ms", point(floor.at)), ("keep_ms", span(floor.keep))])
}

fn claims(claims: &[consentgate_core::ids::ClaimKey]) -> Value {
    Value::List(claims.iter().map(|claim| Value::text(claim.to_text())).collect())
}

fn buckets(buckets: &[Bucket]) -> Value {
    let bucket = |bucket: &Bucket| {
        Value::of([
            ("name", Value::text(bucket.name)),
            ("key", Value::text(bucket.key.to_hex())),
            ("interval_ms", span(bucket.rate.interval)),
            ("burst", count(bucket.rate.burst.into())),
        ])
    };
    Value::List(buckets.iter().map(bucket).collect())
}

fn text(site: &consentgate_core::ids::SiteId) -> Value {
    Value::text(site.as_str().to_owned())
}

fn span(span: Millis) -> Value {
    count(span.0)
}

fn point(point: Timestamp) -> Value {
    Value::Int(point.as_millis())
}

/// Every count and span here is bounded far below the whole numbers that all hosts can hold.
fn count(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}
