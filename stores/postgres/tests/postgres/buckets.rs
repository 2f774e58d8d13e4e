//! `admit` and `settle`: buckets.

use super::{
    things::*,
    world::{START, World},
};
use consentgate::core::stores::{AdmitReply, SettleReply};

#[tokio::test]
async fn field_27_a_token_from_each_bucket_or_from_none() {
    let world = World::at(START).await;
    let site = site("a");
    let (small, large) = (bucket(1, 5000, 1), bucket(2, 1000, 3));
    let both = [large, small];
    let ask = |buckets| Asking { buckets, ..Asking::new(&site, &[], owner(1)) };
    assert_eq!(ask(&both).admit(&world).await, NEW);
    for _ in 0..50 {
        assert_eq!(ask(&both).admit(&world).await, limited(5000, 1));
    }
    // Two tokens are left in the large one, whatever was denied.
    assert_eq!(ask(&both[..1]).admit(&world).await, NEW);
    assert_eq!(ask(&both[..1]).admit(&world).await, NEW);
    assert_eq!(ask(&both[..1]).admit(&world).await, limited(1000, 0));
    assert_eq!(ask(&both).admit(&world).await, limited(5000, 1), "by the longest wait");
}

#[tokio::test]
async fn field_20_a_limited_event_leaves_no_claim() {
    let world = World::at(START).await;
    let (site, claims, buckets) = (site("a"), [claim(1), claim(2)], [bucket(1, 5000, 1)]);
    let ask = |place: usize| Asking {
        buckets: &buckets,
        ..Asking::new(&site, &claims[place..=place], owner(1))
    };
    assert_eq!(ask(0).admit(&world).await, NEW);
    assert_eq!(ask(1).admit(&world).await, limited(5000, 0));
    assert_eq!(world.count("select count(*) from consentgate.claims").await, 1);
    assert_eq!(world.count("select consentgate.used('a', 'claims')").await, 1);
    // A release gives the token back: the honest retry goes on at once.
    assert_eq!(ask(0).release(&world).await, SettleReply::Settled);
    assert_eq!(ask(1).admit(&world).await, NEW);
}

#[tokio::test]
async fn field_32_denied_wait_exactly_that_long_allowed_one_tick_less_denied() {
    let world = World::at(START).await;
    let (site, buckets) = (site("a"), [bucket(1, 700, 4)]);
    let ask = Asking { buckets: &buckets, ..Asking::new(&site, &[], owner(1)) };
    let mut now = START;
    let mut allowed = 0;
    for step in [0, 0, 0, 0, 0, 350, 1, 699, 2100, 0, 0, 0, 5000, 0, 0, 0, 0, 0] {
        now += step;
        world.set(now).await;
        match ask.admit(&world).await {
            AdmitReply::Limited { retry, bucket: 0 } => {
                assert!(retry.0 > 0);
                world.set(now + retry.0 as i64 - 1).await;
                assert_eq!(ask.admit(&world).await, limited(1, 0));
                now += retry.0 as i64;
                world.set(now).await;
                assert_eq!(ask.admit(&world).await, NEW);
            }
            reply => assert_eq!(reply, NEW),
        }
        allowed += 1;
    }
    assert_eq!(allowed, 18);
}

#[tokio::test]
async fn law_4_a_refund_is_due_only_where_all_claims_were_the_owners() {
    let world = World::at(START).await;
    let (site, claims, buckets) = (site("a"), [claim(1), claim(2)], [bucket(1, 1_000_000, 1)]);
    let first = Asking { buckets: &buckets, ..Asking::new(&site, &claims, owner(1)) };
    assert_eq!(first.admit(&world).await, NEW);
    world.set(START + LEASE as i64).await;
    let second = Asking { buckets: &buckets, ..Asking::new(&site, &claims[..1], owner(2)) };
    assert_eq!(second.admit(&world).await, TAKEN_OVER);
    assert_eq!(first.release(&world).await, SettleReply::Settled, "of the other");
    let third = Asking { buckets: &buckets, ..Asking::new(&site, &[], owner(3)) };
    assert!(matches!(third.admit(&world).await, AdmitReply::Limited { .. }));
    assert_eq!(second.release(&world).await, SettleReply::Settled);
    assert_eq!(third.admit(&world).await, NEW);
}

#[tokio::test]
async fn law_10_a_clock_set_back_leaves_no_bucket_emptier_than_empty() {
    let world = World::at(START).await;
    let (site, buckets) = (site("a"), [bucket(1, 1000, 2)]);
    let ask = Asking { buckets: &buckets, ..Asking::new(&site, &[], owner(1)) };
    assert_eq!(ask.admit(&world).await, NEW);
    let back = START - 86_400_000;
    world.set(back).await;
    assert_eq!(ask.admit(&world).await, limited(1000, 0), "stepping back grants nothing");
    // What was mended stays mended though the answer was a refusal.
    assert_eq!(world.count("select full_at from consentgate.buckets").await, back + 2000);
    world.set(back + 999).await;
    assert_eq!(ask.admit(&world).await, limited(1, 0));
    world.set(back + 1000).await;
    assert_eq!(ask.admit(&world).await, NEW);
}

#[tokio::test]
async fn law_9_a_site_has_no_more_buckets_than_its_cap_until_one_is_full_again() {
    let world = World::at(START).await;
    let (a, b) = (site("a"), site("b"));
    let claims: Vec<_> = (1..=9).map(claim).collect();
    let ask = async |site, number: u8, keys: &[u8]| {
        let buckets: Vec<_> = keys.iter().map(|key| bucket(*key, 1000, 2)).collect();
        let claims = &claims[usize::from(number) - 1..usize::from(number)];
        let asking = Asking::new(site, claims, owner(1));
        Asking { buckets: &buckets, most_buckets: 3, ..asking }.admit(&world).await
    };
    assert_eq!(ask(&a, 1, &[1, 2]).await, NEW);
    assert_eq!(ask(&a, 2, &[3, 4]).await, AdmitReply::Full, "all or none");
    assert_eq!(ask(&a, 2, &[2, 3]).await, NEW, "what is there needs no room");
    assert_eq!(ask(&a, 3, &[4]).await, AdmitReply::Full);
    assert_eq!(ask(&a, 3, &[2, 4]).await, limited(1000, 0), "and what is empty says so");
    assert_eq!(ask(&b, 3, &[4]).await, NEW, "of another site");
    assert_eq!(ask(&a, 4, &[1]).await, NEW);
    assert_eq!(world.count("select consentgate.used('a', 'buckets')").await, 3);
    assert_eq!(world.count("select consentgate.used('a', 'claims')").await, 3, "full left none");
    // A takeover spends no token and needs no room.
    world.set(START + LEASE as i64).await;
    assert_eq!(ask(&a, 1, &[5, 6, 7, 8]).await, TAKEN_OVER);
    // All are full again and give up their places, those that are asked for included.
    assert_eq!(ask(&a, 5, &[1, 5, 6]).await, NEW);
    assert_eq!(ask(&a, 6, &[7]).await, AdmitReply::Full);
    assert_eq!(world.count("select consentgate.used('a', 'buckets')").await, 3);
    assert_eq!(world.count("select count(*) from consentgate.buckets").await, 4);
}
