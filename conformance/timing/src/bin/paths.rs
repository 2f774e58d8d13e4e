//! Does one thing as often as it is told, for `callgrind` to count the instructions of; see docs/performance.md.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use consentgate::{
    Config, FixedClock, Gate, Outcome, Request, Scheme, SecretInput, Stores, core, ids::EventId,
    verify,
};
use consentgate_timing::requests::{NOBODY, SITE, config, key, now, secret};
use std::hint::black_box;

/// How many persons consented.
const PERSONS: u64 = 500;
const SCHEME: &str = "standard-webhooks";
const TOLERANCE_S: u64 = 300;

fn main() {
    let mut args = std::env::args().skip(1);
    let (path, count) = (args.next().unwrap(), args.next().unwrap().parse().unwrap());
    let gate =
        Gate::in_memory(Config::from_json(&config(&[1])).unwrap(), FixedClock(now())).unwrap();
    (0..PERSONS).for_each(|person| grant(&gate, person));
    let events: Vec<Event> = (0..count).map(Event::new).collect();
    let ask = |site: &str, event: &Event| {
        let request = Request { site, headers: &event.headers, body: &event.body, ip: None };
        gate.call_event(&request, None).outcome()
    };
    let asked = |site, expected| {
        counted(&events, |event| assert_eq!(black_box(ask(site, event)), expected));
    };
    match path.as_str() {
        "accept" => asked(SITE, Outcome::Accepted),
        "duplicate" => {
            events.iter().for_each(|event| assert_eq!(ask(SITE, event), Outcome::Accepted));
            asked(SITE, Outcome::Noop);
        }
        "bad signature" => {
            let events: Vec<Event> = events.into_iter().map(Event::altered).collect();
            counted(&events, |event| assert_eq!(ask(SITE, event), Outcome::Rejected));
        }
        "unknown site" => asked(NOBODY, Outcome::Rejected),
        "verify" => verified(&events, SecretInput::Bytes(&key(1))),
        "verify, secret as text" => verified(&events, SecretInput::Text(&secret(1).to_base64())),
        other => panic!("no such path: {other}"),
    }
}

fn verified(events: &[Event], secret: SecretInput<'_>) {
    counted(events, |event| {
        let is = verify(SCHEME, &[secret], &event.headers, &event.body, TOLERANCE_S, now());
        assert!(black_box(is).unwrap().is_some());
    });
}

/// What is counted, and nothing else.
#[inline(never)]
fn counted(events: &[Event], mut each: impl FnMut(&Event)) {
    events.iter().for_each(&mut each);
}

/// A signed event of 300 bytes.
struct Event {
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn fingerprint(person: u64) -> String {
    format!("fp-{person:08}-0123456789abcdef")
}

impl Event {
    fn new(number: u64) -> Self {
        let person = fingerprint(number % PERSONS);
        let head = format!(
            r#"{{"fingerprint": "{person}", "event": "call.completed", "seconds": {}, "campaign": {{"source": "search", "term": "roof repair"}}, "note": ""#,
            number % 900
        );
        let body = format!("{head:x<298}\"}}").into_bytes();
        let id = EventId::new(format!("evt_{number:016}").as_bytes()).unwrap();
        let headers = core::sign(Scheme::StandardWebhooks, &secret(1), &id, &body, now());
        Self { headers, body }
    }

    fn altered(mut self) -> Self {
        self.body[298] ^= 1;
        self
    }
}

fn grant(gate: &Gate<Stores, FixedClock>, person: u64) {
    let body = format!(
        r#"{{"fingerprint": "{}", "consent_scopes": ["analytics", "marketing"], "consent_at": "2023-11-14T22:00:00Z"}}"#,
        fingerprint(person)
    );
    let headers = [("origin", "https://acme.example")];
    let request = Request { site: SITE, headers: &headers, body: body.as_bytes(), ip: None };
    assert!(gate.sync_session(&request, None).status() < 300);
}
