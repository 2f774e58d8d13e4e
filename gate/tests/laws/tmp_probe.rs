use crate::world::*;
use consentgate::{core::stores::{Admit, AdmissionStore}, ids::{ClaimKey, Owner}, Millis, Reason};
use serde_json::json;
#[test]
fn probe() {
    let mut config = config_json();
    config["caps"] = json!({"sites_max": 2, "claims_max": 400_000, "claims_per_site_max": 200_000});
    let mut world = World::new(&config);
    let (a, b) = (site_id("a"), site_id("b"));
    let admit = |site, n: u32, world: &World, keep| {
        let mut bytes = [0; 32]; bytes[..4].copy_from_slice(&n.to_be_bytes());
        let claims = [ClaimKey::Event(bytes)];
        let request = Admit { site, claims: &claims, owner: Owner::from_bytes([1; 16]), lease: secs(30), keep, claims_per_site_max: if *site == site_id("b") {100} else {200_000}, buckets: &[] };
        AdmissionStore::admit(&world.stores.admission, &request, world.now).unwrap()
    };
    for n in 0..100 { admit(&b, n, &world, secs(600)); }
    for n in 0..100_000 { admit(&a, n, &world, secs(6000)); }
    world.forward(secs(700));
    let mut tries = 0;
    let _ = Millis(1); let _ = Reason::Accepted;
    loop {
        tries += 1;
        let r = admit(&b, 1000 + tries, &world, secs(600));
        if !matches!(r, consentgate::core::stores::AdmitReply::Full) { break; }
    }
    println!("PROBE tries {tries}");
}
