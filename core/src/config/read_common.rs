//! What holds for all sites, out of a whole configuration.

use super::{
    Cap, Caps, Common, Deadlines, Problem, Scheme, read_secret::read_secret, section::Section,
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
    let conversion_delay = Millis::from_secs(conversion.whole("delay_s", 0..=2_592_000, 21_600));
    conversion.finish();

    let mut retention = root.section("retention");
    let calls_kept = Millis::from_secs(retention.whole("calls_s", 1..=34_000_000, 86_400));
    let floors_kept = Millis::from_secs(retention.whole("floors_s", 1..=34_000_000, 3600));
    retention.finish();

    Common {
        claim_ttl,
        lease,
        caps: read_caps(root.section("caps"), sites),
        deadlines: read,
        conversion_delay,
        calls_kept,
        floors_kept,
        hash_secret: read_secret(root, "hash_secret", Scheme::StandardWebhooks, false),
        sessions_apart: root.flag("sessions_apart"),
        allow_short_secrets,
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
