//! The guard in a small world: everybody tries everything everywhere, and each mistake of a host is found.

use consentgate_proof::{
    tenants::{Attempt, Host, Mistake, roles},
    world,
};
use serde_json::json;

/// All that can be tried.
fn everything() -> impl Iterator<Item = Attempt> {
    let product = |(who, named): (u8, u8)| {
        (0..6).flat_map(move |need| {
            (0..6).map(move |operation| Attempt { who, named, need, operation })
        })
    };
    (0..6).flat_map(|who| (0..12).map(move |named| (who, named))).flat_map(product)
}

fn tried(mistake: Option<Mistake>) -> Result<u64, &'static str> {
    let config = json!({"sites": {"a": world::site_json(&[1])}, "roles": roles()});
    let engine = world::engine(&config);
    let mut host = Host::new(mistake);
    let mut count = 0;
    for attempt in everything() {
        host.attempt(&engine, attempt, world::noon())?;
        count += 1;
    }
    host.reconciled().map(|()| count)
}

#[test]
fn law_8_nobody_gets_into_another_tenant_whatever_is_tried() {
    assert_eq!(tried(None), Ok(6 * 12 * 6 * 6));
}

#[test]
fn law_8_every_mistake_of_a_host_is_found() {
    for mistake in [Mistake::OwnTenantIsPassed, Mistake::NothingIsOwned, Mistake::RecordedAgain] {
        let law = tried(Some(mistake)).expect_err("it is found");
        assert!(law.starts_with("law 8"), "{mistake:?}: {law}");
    }
}
