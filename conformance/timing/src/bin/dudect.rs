//! Times of refusals that must not differ, against each other: a fixed number of each, in an order drawn at random.
//!
//! A machine that is busy makes differences where there are none, so what differs is measured again, a few times; a
//! leak differs each time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use consentgate::{Config, FixedClock, Gate, Reason, Request, Scheme, Stores, Timestamp};
use consentgate_timing::{
    leak::early_exit,
    requests::{
        BODY, NOBODY, Pairs, SITE, Wrong, config, device_header, device_request, key, now, request,
        secret,
    },
    statistics::{Difference, EFFECT_MAX, T_MAX},
};
use std::time::Instant;

/// Times of each of the two.
const SAMPLES: usize = 20_000;
/// How often what differs is measured at the most.
const ROUNDS: usize = 6;
const STANDARD: Scheme = Scheme::StandardWebhooks;

type Memory = Gate<Stores, FixedClock>;

fn main() {
    let mut failed = 0;
    let mut passed = 0;
    let mut hold = |name: &str, is_leak: bool, pair: &mut Pair| {
        let holds = differs(name, pair) == is_leak;
        *(if holds { &mut passed } else { &mut failed }) += 1;
        println!("{} {name}", if holds { "ok    " } else { "FAILED" });
    };
    let gate = gate(&[1, 2, 3, 4]);
    hold(
        "right against wrong tag, of a stale event",
        false,
        &mut stale(&gate, [Wrong::None, Wrong::Last]),
    );
    hold("first against last byte wrong", false, &mut wrong_bytes(&gate));
    hold("known against unknown site", false, &mut sites(&gate));
    hold("the first key against the second", false, &mut keys(&gate));
    let hooks = |site: &str, headers: &Pairs| {
        let request = Request { site, headers, body: BODY, ip: None };
        gate.admit(&request, None).unwrap_err().reason()
    };
    hold("admit: right against wrong tag, of a stale event", false, &mut stale_hooks(&hooks));
    hold("admit: known against unknown site", false, &mut hook_sites(&hooks));
    hold(
        "device: right against wrong tag, of a stale request",
        false,
        &mut devices(
            &gate,
            [("meter-1", too_old(), Wrong::None), ("meter-1", too_old(), Wrong::Last)],
        ),
    );
    hold(
        "device: known against unknown device",
        false,
        &mut devices(&gate, [("meter-1", now(), Wrong::Last), ("meter-3", now(), Wrong::Last)]),
    );
    hold("device: known against unknown site", false, &mut device_sites(&gate));
    hold("no session against no analytics consent", false, &mut consents(&gate));
    hold("the seeded leak, first against last byte wrong", true, &mut leaking(&gate));
    println!("{passed} passed, {failed} failed");
    std::process::exit(i32::from(failed > 0));
}

/// Two things to do, of which one is done at a time.
type Pair<'a> = dyn FnMut(bool) + 'a;

/// Whether two things differ in each round; the rounds end with the first in which they do not.
fn differs(name: &str, pair: &mut Pair<'_>) -> bool {
    for round in 1..=ROUNDS {
        let found = measured(pair, round as u64);
        let Difference { effect, t } = found;
        println!("       {name}: effect {:.2} %, |t| {t:.1}, round {round}", effect * 100.0);
        if found.is_none() {
            return false;
        }
    }
    println!("       more than {} % or |t| {T_MAX} in {ROUNDS} rounds", EFFECT_MAX * 100.0);
    true
}

fn measured(pair: &mut Pair<'_>, seed: u64) -> Difference {
    let mut times = [Vec::with_capacity(SAMPLES), Vec::with_capacity(SAMPLES)];
    let mut random = 0x9e37_79b9_7f4a_7c15 ^ seed;
    for warm in 0..1000 {
        pair(warm % 2 == 0);
    }
    while times.iter().any(|own| own.len() < SAMPLES) {
        // Xorshift (Marsaglia): which of the two comes next follows from nothing that is measured.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let which = random >> 40 & 1 == 1;
        let start = Instant::now();
        pair(which);
        let time = u64::try_from(start.elapsed().as_nanos()).unwrap();
        times[usize::from(which)].push(time);
    }
    Difference::between(&times[0], &times[1])
}

fn gate(keys: &[u8]) -> Memory {
    Gate::in_memory(Config::from_json(&config(keys)).unwrap(), FixedClock(now())).unwrap()
}

fn ask(gate: &Memory, site: &str, headers: &Pairs, reason: Reason) {
    let request = Request { site, headers, body: BODY, ip: None };
    assert_eq!(gate.call_event(&request, None).reason(), reason);
}

fn too_old() -> Timestamp {
    now().minus(consentgate::Millis::from_secs(301))
}

fn stale(gate: &Memory, wrong: [Wrong; 2]) -> impl FnMut(bool) {
    let all = wrong.map(|wrong| request(STANDARD, 1, too_old(), wrong, 1));
    move |which| {
        let reason = if which { Reason::BadSignature } else { Reason::StaleTimestamp };
        ask(gate, SITE, &all[usize::from(which)], reason);
    }
}

/// Many tags, so that what one comparison tells would be told many times.
fn wrong_bytes(gate: &Memory) -> impl FnMut(bool) {
    let all = [Wrong::First, Wrong::Last].map(|wrong| request(STANDARD, 1, now(), wrong, 31));
    move |which| ask(gate, SITE, &all[usize::from(which)], Reason::BadSignature)
}

fn sites(gate: &Memory) -> impl FnMut(bool) {
    let headers = request(STANDARD, 1, now(), Wrong::Last, 1);
    move |which| {
        let (site, reason) =
            [(SITE, Reason::BadSignature), (NOBODY, Reason::UnknownSite)][usize::from(which)];
        ask(gate, site, &headers, reason);
    }
}

type Hooks<'a> = dyn Fn(&str, &Pairs) -> Reason + 'a;

fn stale_hooks<'a>(hooks: &'a Hooks<'_>) -> impl FnMut(bool) + 'a {
    let all = [Wrong::None, Wrong::Last].map(|wrong| request(STANDARD, 1, too_old(), wrong, 1));
    move |which| {
        let reason = if which { Reason::BadSignature } else { Reason::StaleTimestamp };
        assert_eq!(hooks(SITE, &all[usize::from(which)]), reason);
    }
}

fn hook_sites<'a>(hooks: &'a Hooks<'_>) -> impl FnMut(bool) + 'a {
    let headers = request(STANDARD, 1, now(), Wrong::Last, 1);
    move |which| {
        let (site, reason) =
            [(SITE, Reason::BadSignature), (NOBODY, Reason::UnknownSite)][usize::from(which)];
        assert_eq!(hooks(site, &headers), reason);
    }
}

/// Two refusals of devices' requests; the answer is the same 401.
fn devices(gate: &Memory, sent: [(&str, Timestamp, Wrong); 2]) -> impl FnMut(bool) {
    let all = sent.map(|(id, at, wrong)| device_header(id, at, wrong));
    move |which| {
        let request = device_request(SITE, &all[usize::from(which)]);
        assert_eq!(gate.device(&request, None).status(), 401);
    }
}

fn device_sites(gate: &Memory) -> impl FnMut(bool) {
    let headers = device_header("meter-1", now(), Wrong::Last);
    move |which| {
        let site = [SITE, NOBODY][usize::from(which)];
        assert_eq!(gate.device(&device_request(site, &headers), None).status(), 401);
    }
}

fn keys(gate: &Memory) -> impl FnMut(bool) {
    let all = [1, 2].map(|n| request(STANDARD, n, too_old(), Wrong::None, 1));
    move |which| ask(gate, SITE, &all[usize::from(which)], Reason::StaleTimestamp)
}

/// Of two persons, nobody knows the one, and the other took consent back. Each event is a new one.
fn consents(gate: &Memory) -> impl FnMut(bool) {
    let says = |scopes: &str, at: &str| {
        let body = format!(
            r#"{{"fingerprint":"person-0","consent_scopes":{scopes},"consent_at":"2023-11-14T22:13:{at}Z"}}"#
        );
        let headers = [("origin", "https://acme.example")];
        let request = Request { site: SITE, headers: &headers, body: body.as_bytes(), ip: None };
        assert!(gate.sync_session(&request, None).status() < 300);
    };
    says(r#"["analytics"]"#, "18");
    says("[]", "19");
    let bodies = [0, 1].map(|n| format!(r#"{{"fingerprint":"person-{n}"}}"#).into_bytes());
    let own = secret(1);
    let mut count = 0_u64;
    let mut next = Vec::new();
    move |which| {
        let at = usize::from(which);
        // Signed ahead, many at a time, and outside of what is measured for all but one of them.
        if next.is_empty() {
            for _ in 0..512 {
                count += 1;
                let id = consentgate::ids::EventId::new(format!("e{count:09}").as_bytes()).unwrap();
                next.push(
                    [0, 1].map(|n| consentgate::core::sign(STANDARD, &own, &id, &bodies[n], now())),
                );
            }
        }
        let headers = &next.pop().unwrap()[at];
        let request = Request { site: SITE, headers, body: &bodies[at], ip: None };
        let reason = gate.call_event(&request, None).reason();
        let expected = [Reason::ConsentWithdrawn, Reason::NoSession][at];
        assert_eq!(reason, expected);
    }
}

/// The same refusals, and after each a comparison of every tag under every key that ends early.
fn leaking(gate: &Memory) -> impl FnMut(bool) {
    let mut honest = wrong_bytes(gate);
    let tag = consentgate::core::Secret::from_bytes(&key(1)).unwrap().mac_key().mac(&[BODY]);
    let mut wrong = [tag, tag];
    wrong[0][0] ^= 1;
    wrong[1][31] ^= 1;
    move |which| {
        honest(which);
        for _ in 0..31 * 4 {
            assert!(!early_exit(&tag, std::hint::black_box(&wrong[usize::from(which)])));
        }
    }
}
