//! Law 8 in a large table: what is over at one site is found however much is alive at another.

use consentgate::{
    Config, Memory, Millis, Timestamp,
    core::{
        Rate,
        stores::{AdmissionStore, Admit, AdmitReply, Bucket},
    },
    ids::{Owner, Pseudonym, SiteId},
};
use serde_json::json;

/// Takes one token of a bucket of its own, which is over a second later.
fn take(memory: &Memory, site: &SiteId, number: u32, rate: Rate, now: Timestamp) -> AdmitReply {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&number.to_be_bytes());
    let bucket = Bucket { name: "fingerprint", key: Pseudonym::from_bytes(key), rate };
    let request = Admit {
        site,
        claims: &[],
        owner: Owner::from_bytes([0; 16]),
        lease: Millis(30_000),
        keep: Millis(600_000),
        claims_per_site_max: u64::MAX,
        buckets_per_site_max: 100_000,
        buckets: &[bucket],
    };
    memory.admit(&request, now).unwrap()
}

#[test]
fn law_8_room_at_one_site_is_found_beside_a_flood_at_another() {
    let caps = json!({"sites": {}, "caps": {"sites_max": 2, "buckets_max": 200_000, "buckets_per_site_max": 100_000}});
    let caps = Config::from_json(caps.to_string().as_bytes()).unwrap().common().caps;
    let memory = Memory::new(&caps);
    let [a, b] = ["a", "b"].map(|name| SiteId::new(name).unwrap());
    let now = Timestamp::from_millis(1_700_000_000_000).unwrap();
    let (long, short) = (Rate::token_bucket(1, 1), Rate::token_bucket(1, 60));
    for number in 0..50_000 {
        take(&memory, &a, number, long, now);
    }
    let mut taken = 0;
    while taken < 100_000 && take(&memory, &b, taken, short, now) != AdmitReply::Full {
        taken += 1;
    }
    assert_eq!(take(&memory, &b, taken, short, now), AdmitReply::Full);

    let later = now.plus(Millis(1001));
    for number in 200_000..200_100 {
        let reply = take(&memory, &b, number, short, later);
        assert_eq!(reply, AdmitReply::Admitted { takeover: false }, "all of b's are over");
    }
    assert_eq!(memory.site_usage(&a).buckets, 50_000, "and none of a's");
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).unwrap().plus(Millis(ms))
}

fn memory(sites_max: u64, buckets_per_site_max: u64) -> Memory {
    let caps = json!({"sites_max": sites_max, "buckets_max": sites_max * buckets_per_site_max,
        "buckets_per_site_max": buckets_per_site_max});
    let config = json!({"sites": {}, "caps": caps}).to_string();
    Memory::new(&Config::from_json(config.as_bytes()).unwrap().common().caps)
}

/// An empty bucket, full again by the time that others write, and asked for once more after the clock stepped back:
/// what is answered is its own site's affair.
#[test]
fn law_8_no_write_at_another_site_decides_what_a_clock_that_steps_back_meets() {
    let [a, b] = ["a", "b"].map(|name| SiteId::new(name).unwrap());
    let (rate, limited) =
        (Rate::token_bucket(1, 1), AdmitReply::Limited { retry: Millis(59_999), bucket: 0 });
    for others in [0, 2000] {
        let memory = memory(2, 100_000);
        take(&memory, &a, 1, rate, at(0));
        for number in 0..others {
            take(&memory, &b, number, rate, at(61_000));
        }
        assert_eq!(take(&memory, &a, 1, rate, at(1)), limited, "{others} writes at b");
    }
}

#[test]
fn law_9_what_removed_sites_left_makes_way_where_there_is_no_room_in_all() {
    let memory = memory(2, 500);
    let rate = Rate::token_bucket(1, 60);
    let admitted = AdmitReply::Admitted { takeover: false };
    let mut later = 0;
    for turn in 0..6 {
        let site = SiteId::new(&format!("s{turn}")).unwrap();
        for number in 0..500 {
            assert_eq!(take(&memory, &site, number, rate, at(later)), admitted, "{turn} {number}");
        }
        later += 1001;
    }
}
