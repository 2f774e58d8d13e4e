//! Devices next to a naive model of the page, under random operations.

use super::{Sent, config, keys, master, secret, signed};
use crate::world::{World, cases, secs};
use consentgate::{Reason, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::HashMap;

/// What may happen to a site and its devices.
#[derive(Clone, Debug)]
enum Op {
    Send { site: bool, device: u8, key: u8, generation: u8, nonce: u8, signed_s: i16 },
    Again { earlier: prop::sample::Index },
    Forward { s: u16 },
    Rotate { site: bool, keys: u8, generations: u8, revoked: u8 },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (any::<bool>(), 0..3_u8, 0..2_u8, 0..3_u8, 0..6_u8, -310..310_i16).prop_map(
            |(site, device, key, generation, nonce, signed_s)| Op::Send {
                site, device, key, generation, nonce, signed_s
            }
        ),
        4 => any::<prop::sample::Index>().prop_map(|earlier| Op::Again { earlier }),
        2 => (0..200_u16).prop_map(|s| Op::Forward { s }),
        2 => (any::<bool>(), 1..4_u8, 0..3_u8, 0..8_u8).prop_map(
            |(site, keys, generations, revoked)| Op::Rotate { site, keys, generations, revoked }
        ),
    ]
}

/// The page on devices written down once more: lists and loops, no hashes.
#[derive(Default)]
struct Naive {
    /// Of a site: which of its two keys are listed, the generations in force, and who is revoked, as bits.
    sites: HashMap<bool, (u8, u8, u8)>,
    used: HashMap<(bool, u8, u8), i64>,
    tokens: HashMap<(bool, u8), Vec<i64>>,
}

impl Naive {
    fn judge(&mut self, op: &Op, made_s: i64, now_s: i64) -> Reason {
        let Op::Send { site, device, key, generation, nonce, signed_s } = *op else {
            panic!("only what is sent is judged")
        };
        let (keys, least, revoked) = self.sites.get(&site).copied().unwrap_or((1, 0, 0));
        if revoked >> device & 1 == 1 {
            return Reason::UnknownDevice;
        }
        if keys >> key & 1 == 0 || generation < least || generation > least + 1 {
            return Reason::BadSignature;
        }
        let age_s = now_s - (made_s + i64::from(signed_s));
        if age_s > 300 {
            return Reason::StaleTimestamp;
        }
        if age_s < -300 {
            return Reason::FutureTimestamp;
        }
        if self.used.get(&(site, device, nonce)).is_some_and(|until| now_s < *until) {
            return Reason::NonceUsed;
        }
        // Four tokens, one back every 15 s: a bucket refilled lazily.
        let taken = self.tokens.entry((site, device)).or_default();
        let full_at = taken.iter().fold(i64::MIN, |full_at, at| full_at.max(*at) + 15);
        if full_at.max(now_s) + 15 > now_s + 60 {
            return Reason::RateLimited;
        }
        taken.push(now_s);
        self.used.insert((site, device, nonce), now_s + 630);
        Reason::Authenticated
    }
}

fn rules(site: &str, keys_bits: u8, least: u8, revoked: u8) -> Value {
    let first = master(site);
    let listed: Vec<u8> =
        (0..2).filter(|bit| keys_bits >> bit & 1 == 1).map(|bit| first + bit).collect();
    let directory: Vec<Value> = (0..3)
        .filter(|bit| revoked >> bit & 1 == 1)
        .map(|bit| json!({"id": format!("d{bit}"), "revoked": true}))
        .collect();
    json!({
        "keys": keys(&listed), "generations": [least, least + 1], "directory": directory,
        "per_device": {"capacity": 4, "per_minute": 4},
    })
}

proptest! {
    #![proptest_config(cases(60))]
    #[test]
    fn laws_3_and_8_as_the_naive_model_under_random_operations(
        ops in prop::collection::vec(op(), 1..120)
    ) {
        let name = |site: bool| if site { "b" } else { "a" };
        let mut document = config();
        for site in ["a", "b"] {
            document["sites"][site]["devices"] = rules(site, 1, 0, 0);
        }
        let mut world = World::new(&document);
        let mut naive = Naive::default();
        let mut sent: Vec<(Op, Sent, i64)> = Vec::new();
        let now_s = |world: &World| world.now.as_millis() / 1000;
        for op in ops {
            match op {
                Op::Forward { s } => world.forward(secs(u64::from(s))),
                Op::Rotate { site, keys, generations, revoked } => {
                    naive.sites.insert(site, (keys, generations, revoked));
                    let mut own = document["sites"][name(site)].clone();
                    own["devices"] = rules(name(site), keys, generations, revoked);
                    world.set_site(name(site), &own);
                }
                Op::Send { site, device, key, generation, nonce, signed_s } => {
                    let (site, id) = (name(site), format!("d{device}"));
                    let secret = secret(site, master(site) + key, &id, generation.into());
                    let at = Timestamp::from_millis(world.now.as_millis() + i64::from(signed_s) * 1000).unwrap();
                    let value = signed(&secret, site, &id, &format!("{nonce:016}"), at);
                    let made = (op.clone(), Sent::new(&value), now_s(&world));
                    let expected = naive.judge(&made.0, made.2, now_s(&world));
                    prop_assert_eq!(made.1.send(&world, site).reason(), expected);
                    sent.push(made);
                }
                Op::Again { earlier } if !sent.is_empty() => {
                    let (op, again, made_s) = earlier.get(&sent).clone();
                    let Op::Send { site, .. } = op else { panic!("only what was sent") };
                    let expected = naive.judge(&op, made_s, now_s(&world));
                    prop_assert_eq!(again.send(&world, name(site)).reason(), expected);
                    let other = again.send(&world, name(!site));
                    prop_assert_eq!(other.status(), 401, "law 8");
                }
                Op::Again { .. } => {}
            }
        }
    }
}
