//! Pairs of refusals whose times must not differ, and the seeded leaks whose times must.

use crate::{
    leak::early_exit,
    requests::{
        BODY, NOBODY, Pairs, SITE, Wrong, config, device_header, device_request, key, now, request,
        secret,
    },
};
use consentgate::{
    Config, FixedClock, Gate, Millis, Reason, Request, Scheme, Secret, Stores, Timestamp,
    ids::EventId,
};
use std::{cell::Cell, hint::black_box, rc::Rc};

const STANDARD: Scheme = Scheme::StandardWebhooks;

type Memory = Gate<Stores, FixedClock>;

/// What is sent. Both of a pair are written to the same place, or the time would tell of two addresses.
#[derive(Clone)]
pub struct Sent {
    site: String,
    headers: Pairs,
    body: Vec<u8>,
}

impl Sent {
    fn new(site: &str, headers: Pairs) -> Self {
        Self { site: site.to_owned(), headers, body: BODY.to_vec() }
    }

    fn request(&self) -> Request<'_> {
        Request { site: &self.site, headers: &self.headers, body: &self.body, ip: None }
    }

    /// Takes over another's texts, which are as long as the own ones, without a new allocation.
    fn copy(&mut self, other: &Self) {
        self.site.clone_from(&other.site);
        for (own, other) in self.headers.iter_mut().zip(&other.headers) {
            own.1.clone_from(&other.1);
        }
        self.body.clone_from(&other.body);
    }
}

type Write = dyn FnMut(&mut Sent, usize);

/// Two refusals, of which one is written and asked for at a time.
pub struct Pair {
    sent: Sent,
    write: Box<Write>,
    ask: Box<dyn Fn(&Sent) -> Reason>,
    reasons: [Reason; 2],
}

impl Pair {
    /// Two that are sent again and again.
    fn of(both: [Sent; 2], reasons: [Reason; 2], ask: impl Fn(&Sent) -> Reason + 'static) -> Self {
        let sent = both[0].clone();
        let write = move |sent: &mut Sent, which: usize| sent.copy(&both[which]);
        Self { sent, write: Box::new(write), ask: Box::new(ask), reasons }
    }

    /// Writes down which of the two comes next; not part of what is measured.
    pub fn write(&mut self, which: usize) {
        (self.write)(&mut self.sent, which);
    }

    /// What is measured: nothing here knows which of the two it is.
    #[must_use]
    pub fn ask(&self) -> Reason {
        (self.ask)(black_box(&self.sent))
    }

    /// Holds an answer against the one that is due, after it was measured.
    pub fn check(&self, which: usize, reason: Reason) {
        assert_eq!(reason, self.reasons[which]);
    }
}

/// A pair, whether its times have to differ, and how to make it.
pub struct Named {
    pub name: &'static str,
    pub is_leak: bool,
    pub make: fn() -> Pair,
}

pub const ALL: &[Named] = &[
    silent("right against wrong tag, of a stale event", || stale(event)),
    silent("first against last byte wrong", wrong_bytes),
    silent("known against unknown site", || sites(event)),
    silent("the first key against the second", keys),
    silent("admit: right against wrong tag, of a stale event", || stale(hook)),
    silent("admit: known against unknown site", || sites(hook)),
    silent("device: right against wrong tag, of a stale request", || {
        let sent = [Wrong::None, Wrong::Last].map(|wrong| meter("meter-1", too_old(), wrong));
        devices(sent, [Reason::StaleTimestamp, Reason::BadSignature])
    }),
    silent("device: known against unknown device", || {
        let sent = ["meter-1", "meter-3"].map(|id| meter(id, now(), Wrong::Last));
        devices(sent, [Reason::BadSignature, Reason::UnknownDevice])
    }),
    silent("device: known against unknown site", || {
        let header = device_header("meter-1", now(), Wrong::Last);
        let sent = [SITE, NOBODY].map(|site| Sent::new(site, header.clone()));
        devices(sent, [Reason::BadSignature, Reason::UnknownSite])
    }),
    silent("no session against no analytics consent", consents),
    leak("the seeded leak in 31 comparisons, first against last byte wrong", || leaking(31)),
    leak("the seeded leak in 124 comparisons, first against last byte wrong", || leaking(31 * 4)),
];

const fn silent(name: &'static str, make: fn() -> Pair) -> Named {
    Named { name, is_leak: false, make }
}

const fn leak(name: &'static str, make: fn() -> Pair) -> Named {
    Named { name, is_leak: true, make }
}

fn gate() -> Memory {
    Gate::in_memory(Config::from_json(&config(&[1, 2, 3, 4])).unwrap(), FixedClock(now())).unwrap()
}

fn too_old() -> Timestamp {
    now().minus(Millis::from_secs(301))
}

fn event(gate: &Memory, sent: &Sent) -> Reason {
    gate.call_event(&sent.request(), None).reason()
}

fn hook(gate: &Memory, sent: &Sent) -> Reason {
    gate.admit(&sent.request(), None).unwrap_err().reason()
}

type Ask = fn(&Memory, &Sent) -> Reason;

fn asked(ask: Ask) -> impl Fn(&Sent) -> Reason {
    let gate = gate();
    move |sent| ask(&gate, sent)
}

fn stale(ask: Ask) -> Pair {
    let both = [Wrong::None, Wrong::Last]
        .map(|wrong| Sent::new(SITE, request(STANDARD, 1, too_old(), wrong, 1)));
    Pair::of(both, [Reason::StaleTimestamp, Reason::BadSignature], asked(ask))
}

/// Many tags, so that what one comparison tells would be told many times.
fn wrong_bytes() -> Pair {
    let both = [Wrong::First, Wrong::Last]
        .map(|wrong| Sent::new(SITE, request(STANDARD, 1, now(), wrong, 31)));
    Pair::of(both, [Reason::BadSignature; 2], asked(event))
}

fn sites(ask: Ask) -> Pair {
    let headers = request(STANDARD, 1, now(), Wrong::Last, 1);
    let both = [SITE, NOBODY].map(|site| Sent::new(site, headers.clone()));
    Pair::of(both, [Reason::BadSignature, Reason::UnknownSite], asked(ask))
}

fn keys() -> Pair {
    let both = [1, 2].map(|n| Sent::new(SITE, request(STANDARD, n, too_old(), Wrong::None, 1)));
    Pair::of(both, [Reason::StaleTimestamp; 2], asked(event))
}

fn meter(id: &str, at: Timestamp, wrong: Wrong) -> Sent {
    Sent::new(SITE, device_header(id, at, wrong))
}

fn devices(both: [Sent; 2], reasons: [Reason; 2]) -> Pair {
    let gate = gate();
    Pair::of(both, reasons, move |sent| {
        gate.device(&device_request(&sent.site, &sent.headers), None).reason()
    })
}

/// Of two persons, the one took consent back, and nobody knows the other. Each event is a new one.
fn consents() -> Pair {
    let gate = gate();
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
    let sent = Sent { site: SITE.to_owned(), headers: Vec::new(), body: bodies[0].clone() };
    let own = secret(1);
    let mut count = 0_u64;
    let mut next = Vec::new();
    let write = move |sent: &mut Sent, which: usize| {
        // Signed ahead, many at a time: signing just before would warm what is measured.
        if next.is_empty() {
            for _ in 0..512 {
                count += 1;
                let id = EventId::new(format!("e{count:09}").as_bytes()).unwrap();
                next.push(
                    [0, 1].map(|n| consentgate::core::sign(STANDARD, &own, &id, &bodies[n], now())),
                );
            }
        }
        let both: [Pairs; 2] = next.pop().unwrap();
        sent.headers.clone_from(&both[which]);
        sent.body.clone_from(&bodies[which]);
    };
    Pair {
        sent,
        write: Box::new(write),
        ask: Box::new(move |sent| event(&gate, sent)),
        reasons: [Reason::ConsentWithdrawn, Reason::NoSession],
    }
}

/// The same refusals as of wrong bytes, and after each so many comparisons of a tag that end early.
fn leaking(comparisons: usize) -> Pair {
    let honest = wrong_bytes();
    let tag = Secret::from_bytes(&key(1)).unwrap().mac_key().mac(&[BODY]);
    let mut wrong = [tag, tag];
    wrong[0][0] ^= 1;
    wrong[1][31] ^= 1;
    let theirs = Rc::new(Cell::new(tag));
    let (mut write, written) = (honest.write, Rc::clone(&theirs));
    Pair {
        write: Box::new(move |sent, which| {
            write(sent, which);
            written.set(wrong[which]);
        }),
        ask: Box::new(move |sent| {
            let reason = (honest.ask)(sent);
            for _ in 0..comparisons {
                assert!(!early_exit(&tag, &black_box(theirs.get())));
            }
            reason
        }),
        ..honest
    }
}
