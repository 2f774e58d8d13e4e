//! What holds for all sites, out of a whole configuration.

use super::{
    BreakerRules, Cap, Caps, Common, Conversions, Deadlines, Problem, Scheme,
    read_roles::read_roles, read_secret::read_secret, section::Section,
};
use crate::time::Millis;

pub(super) fn read_common(root: &mut Section<'_>, allow_short_secrets: bool, sites: u64) -> Common {
    let mut claim = root.section("claim");
    let claim_ttl = Millis::from_secs(claim.whole("ttl_s", 1..=86_400, 600));
    let lease = Millis::from_secs(claim.whole("lease_s", 1..=3600, 30));
    claim.finish();

    let mut deadlines = root.section("deadline_ms");
    let mut deadline = |member, default| Millis(deadlines.whole(member, 1..=60_000, default));
    let read = Deadlines {
        admit: deadline("admit", 1000),
        find: deadline("find", 1000),
        record: deadline("record", 2000),
        settle: deadline("settle", 1000),
    };
    deadlines.finish();

    let mut conversion = root.section("conversion");
    let read_conversion = Conversions {
        delay: Millis::from_secs(conversion.whole("delay_s", 0..=2_592_000, 21_600)),
        lease: Millis::from_secs(conversion.whole("lease_s", 1..=86_400, 300)),
        backoff: Millis::from_secs(conversion.whole("backoff_s", 1..=86_400, 60)),
        attempts_max: bounded(conversion.whole("attempts_max", 1..=1000, 10)),
    };
    conversion.finish();

    let mut breaker = root.section("breaker");
    let read_breaker = BreakerRules {
        failures: bounded(breaker.whole("failures", 1..=1_000_000, 5)),
        rest: Millis(breaker.whole("rest_ms", 1..=600_000, 5000)),
    };
    breaker.finish();

    let mut retention = root.section("retention");
    let calls_kept = Millis::from_secs(retention.whole("calls_s", 1..=34_000_000, 86_400));
    let floors_kept = Millis::from_secs(retention.whole("floors_s", 1..=34_000_000, 3600));
    retention.finish();

    Common {
        claim_ttl,
        lease,
        caps: read_caps(root.section("caps"), sites),
        deadlines: read,
        conversion: read_conversion,
        breaker: read_breaker,
        admission_fallback: read_fallback(root),
        calls_kept,
        floors_kept,
        hash_secret: read_secret(root, "hash_secret", Scheme::StandardWebhooks, false),
        sessions_apart: root.flag("sessions_apart"),
        allow_short_secrets,
        roles: read_roles(root),
    }
}

/// A count whose bound is far below `u32`.
fn bounded(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Named, so that nobody fails open by a stray `true`.
fn read_fallback(root: &mut Section<'_>) -> bool {
    match root.text("admission_fallback") {
        None => false,
        Some("local") => true,
        Some(_) => {
            root.fault("admission_fallback", Problem::Grammar("`local`, or left out"));
            false
        }
    }
}

fn read_caps(mut caps: Section<'_>, configured: u64) -> Caps {
    let body = caps.whole("body_bytes_max", 1..=16_777_216, 65_536);
    let sites = caps.whole("sites_max", 1..=100_000, (configured * 2).clamp(16, 100_000));
    let mut table = |all_member, site_member, default| {
        let all = caps.whole(all_member, 1..=1 << 40, default);
        let per_site = caps.whole(site_member, 1..=1 << 40, (all / sites).max(1));
        let product = per_site.saturating_mul(sites);
        if product > all {
            caps.fault(site_member, Problem::CapsSum { product, all });
        }
        Cap { all, per_site }
    };
    let read = Caps {
        body_bytes: usize::try_from(body).unwrap_or(usize::MAX),
        sites,
        claims: table("claims_max", "claims_per_site_max", 4_000_000),
        buckets: table("buckets_max", "buckets_per_site_max", 4_000_000),
        sessions: table("sessions_max", "sessions_per_site_max", 4_000_000),
        calls: table("calls_max", "calls_per_site_max", 4_000_000),
        calls_bytes: table("calls_bytes_max", "calls_bytes_per_site_max", 1 << 32),
        floors: table("floors_max", "floors_per_site_max", 400_000),
        tombstones: table("tombstones_max", "tombstones_per_site_max", 400_000),
        idempotency: table("idempotency_max", "idempotency_per_site_max", 4_000_000),
    };
    caps.finish();
    read
}
