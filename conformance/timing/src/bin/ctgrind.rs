//! Under valgrind, with keys and all that is made of them undefined: what a refusal branches on.
//!
//! A request that is refused for its form may depend on no secret at all. One that is refused for its tag may depend on
//! one bit, once: whether any tag was right. So that branch is counted, and it is one, however many keys and tags there
//! are and wherever they differ.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use consentgate::{
    Config, Headers, Millis, Reason, Request, Scheme, Secret, Timestamp, VerifyKey,
    core::{
        self, Engine,
        flow::{Flow, Step},
    },
    ids::Unique,
};
use consentgate_timing::{
    leak::early_exit,
    memcheck::{OnePiece, errors, is_looking, make_public, make_secret},
    requests::{
        BODY, GIVEN, NOBODY, Pairs, SITE, Wrong, config, device_header, device_request, held_of,
        held_of_master, key, now, request, secret,
    },
};
use std::borrow::Cow;

#[global_allocator]
static HEAP: OnePiece = OnePiece::new();

/// The one bit: refused or not.
const OUTCOME: usize = 1;

fn main() {
    assert!(is_looking(), "to be run by valgrind, on x86-64");
    let mut failed = 0;
    let mut passed = 0;
    let mut hold = |name: &str, found: usize, expected: &dyn Fn(usize) -> bool| {
        let holds = expected(found);
        *(if holds { &mut passed } else { &mut failed }) += 1;
        println!("{} {name}: {found}", if holds { "ok    " } else { "FAILED" });
    };
    for scheme in Scheme::ALL {
        let name = scheme.name();
        hold(&format!("{name}, malformed"), malformed(scheme), &|found| found == 0);
        for keys in [1, 2, 4] {
            for wrong in [Wrong::First, Wrong::Last] {
                for tags in [1, 31] {
                    let case = format!("{name}, {keys} keys, {tags} tags, {wrong:?} byte wrong");
                    hold(&case, refused(scheme, keys, wrong, tags), &|found| found == OUTCOME);
                }
            }
        }
    }
    for (case, site) in [("known", SITE), ("unknown", NOBODY)] {
        let most = if site == SITE { OUTCOME } else { 0 };
        for wrong in [Wrong::First, Wrong::Last] {
            for (flow, found) in [("call_event", event(site, wrong)), ("admit", hook(site, wrong))]
            {
                let case = format!("{flow}, {case} site, {wrong:?} byte wrong");
                hold(&case, found, &|found| found <= OUTCOME && found >= most);
            }
        }
    }
    let known = [("derived", "meter-1", OUTCOME), ("given", "meter-2", OUTCOME)];
    for (case, id, expected) in [known[0], known[1], ("revoked", "meter-3", 0)] {
        for wrong in [Wrong::First, Wrong::Last] {
            let headers = device_header(id, now(), wrong);
            let case = format!("device, {case} secret, {wrong:?} byte wrong");
            hold(&case, device(SITE, &headers), &|found| found == expected);
        }
    }
    let good = device_header("meter-1", now(), Wrong::None);
    let old = device_header("meter-1", now().minus(Millis::from_secs(301)), Wrong::None);
    let twice = [&good[..], &good[..]].concat();
    hold("device, unknown site", device(NOBODY, &good), &|found| found == 0);
    hold("device, malformed", device(SITE, &twice), &|found| found == 0);
    hold("device, a stale request's right tag", device(SITE, &old), &|found| found == OUTCOME);
    hold("a stale event's right tag", stale(), &|found| found == OUTCOME);
    hold("a secret's base64", text(b'A'), &|found| found == OUTCOME);
    hold("a secret's base64, not base64", text(b'-'), &|found| found == OUTCOME);
    hold("the seeded leak, first byte wrong", leaking(Wrong::First), &|found| found == OUTCOME);
    hold("the seeded leak, last byte wrong", leaking(Wrong::Last), &|found| found > OUTCOME);
    println!("{passed} passed, {failed} failed");
    std::process::exit(i32::from(failed > 0));
}

/// Keys of whose bytes nothing is known.
fn secrets(count: u8) -> Vec<Secret> {
    (1..=count)
        .map(|n| {
            let bytes = key(n);
            make_secret(&bytes);
            Secret::from_bytes(&bytes).unwrap()
        })
        .collect()
}

fn judged(
    scheme: Scheme,
    secrets: &[Secret],
    headers: &(impl Headers + ?Sized),
    at: Timestamp,
) -> (usize, Reason) {
    let tolerance = Millis::from_secs(300);
    let before = errors();
    let keys: Vec<_> = secrets.iter().cloned().map(VerifyKey::from).collect();
    let result = core::verify(scheme, &keys, headers, BODY, tolerance, at);
    let found = errors() - before;
    make_public(&result);
    (found, result.unwrap_err())
}

/// One header is there twice.
fn malformed(scheme: Scheme) -> usize {
    let mut headers = request(scheme, 1, now(), Wrong::None, 1);
    headers.push(headers.last().unwrap().clone());
    let (found, reason) = judged(scheme, &secrets(2), &headers, now());
    assert_eq!(reason, Reason::MalformedHeader);
    found
}

fn refused(scheme: Scheme, keys: u8, wrong: Wrong, tags: usize) -> usize {
    let headers = request(scheme, keys, now(), wrong, tags);
    let (found, reason) = judged(scheme, &secrets(keys), &headers, now());
    assert_eq!(reason, Reason::BadSignature);
    found
}

fn stale() -> usize {
    let headers = request(Scheme::StandardWebhooks, 2, now(), Wrong::None, 1);
    let later = now().plus(Millis::from_secs(301));
    let (found, reason) = judged(Scheme::StandardWebhooks, &secrets(2), &headers, later);
    assert_eq!(reason, Reason::StaleTimestamp);
    found
}

fn event(site: &str, wrong: Wrong) -> usize {
    let headers = request(Scheme::StandardWebhooks, 2, now(), wrong, 3);
    let request = Request { site, headers: &headers, body: BODY, ip: None };
    whole(|engine| engine.call_event(&request, Cow::Borrowed(BODY), || None, unique, now()))
}

fn hook(site: &str, wrong: Wrong) -> usize {
    let headers = request(Scheme::StandardWebhooks, 2, now(), wrong, 3);
    let request = Request { site, headers: &headers, body: BODY, ip: None };
    whole(|engine| engine.admit(&request, unique, now()))
}

fn device(site: &str, headers: &Pairs) -> usize {
    whole(|engine| engine.device(&device_request(site, headers), unique, now()))
}

fn unique() -> Unique {
    Unique { owner: [1; 16], call_id: [2; 16] }
}

/// The whole refusal as a gate answers it. What the engine holds of its keys is found on the heap and marked there.
fn whole<F: Flow>(start: impl Fn(&Engine) -> F) -> usize {
    let config = Config::from_json(&config(&[1, 2])).unwrap();
    let engine = Engine::new(config, &[9; 32], now());
    // A compiler may look at a place that was never written before it looks whether it was: that is no secret.
    let unwritten = refusal(&engine, &start);
    assert!(unwritten <= OUTCOME, "{unwritten}");
    for held in [held_of(1), held_of(2), held_of(GIVEN), held_of_master()].as_flattened() {
        assert!(HEAP.make_secret(held) > 0, "nothing of the key is on the heap");
    }
    refusal(&engine, &start) - unwritten
}

fn refusal<F: Flow>(engine: &Engine, start: impl Fn(&Engine) -> F) -> usize {
    let before = errors();
    let mut flow = start(engine);
    let Step::Done(decision) = flow.start() else { panic!("it is refused") };
    let sent = (decision.status(), decision.headers().count(), decision.body().len());
    let found = errors() - before;
    make_public(&sent);
    assert_eq!(sent.0, 401);
    found
}

/// A secret as text, of which no digit is known but those that show its length.
fn text(first: u8) -> usize {
    let prefix = "whsec_";
    let mut text = format!("{prefix}{}", secret(1).to_base64()).into_bytes();
    text[prefix.len()] = first;
    let is_base64 = first != b'-';
    let shown = text.len() - 2;
    make_secret(&text[prefix.len()..shown]);
    let text = String::from_utf8(text).unwrap_or_default();
    let before = errors();
    let read = Secret::from_base64(&text);
    let found = errors() - before;
    make_public(&read);
    assert_eq!(read.is_ok(), is_base64);
    found
}

/// The MAC of a key of which nothing is known, against a tag that is wrong somewhere.
fn leaking(wrong: Wrong) -> usize {
    let mut tag = secret(1).mac_key().mac(&[BODY]);
    match wrong {
        Wrong::First => tag[0] ^= 1,
        _ => tag[31] ^= 1,
    }
    let mac = secrets(1)[0].mac_key().mac(&[BODY]);
    let before = errors();
    let equal = early_exit(&mac, &tag);
    let found = errors() - before;
    make_public(&equal);
    assert!(!equal);
    found
}
