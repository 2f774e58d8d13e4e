//! Two gates over memory, both under one clock: one with both sites, and one with site `b` alone.

use super::model::Sent;
use crate::naive::{
    consent::Scopes,
    hmac::{base64, hmac_sha256},
};
use consentgate::{
    Config, ConversionResult, Decision, Gate, Headers, ManualClock, Request, Stores, Timestamp,
    ids::Fingerprint,
};
use serde_json::{Value, json};

pub(super) const SITES: [&str; 2] = ["a", "b"];
pub(super) const ORIGIN: &str = "https://shop.example";
/// 2023-11-14T00:00:00Z.
const DAY_MS: i64 = 1_699_920_000_000;
const START_MS: i64 = DAY_MS + 43_200_000;
const LISTINGS: [&[u8]; 5] = [&[1], &[1, 2], &[2], &[2, 3], &[4]];
/// For how long a call is kept, in milliseconds.
pub(super) const KEPT_MS: i64 = 7_200_000;
/// When a conversion is due, for how long it is leased, and the first delay of one that is put back.
pub(super) const DELAY_MS: i64 = 60_000;
pub(super) const LEASE_MS: i64 = 120_000;
pub(super) const BACKOFF_MS: i64 = 60_000;
const TOLERANCE_MS: i64 = 300_000;

type Memory = Gate<Stores, ManualClock>;
type MakeRequest<'a> = dyn for<'r> Fn(&'r (dyn Headers + Sync), &'r [u8]) -> Request<'r> + 'a;

pub(super) struct Gates {
    both: Memory,
    alone: Memory,
    clock: ManualClock,
    /// In milliseconds since 1970.
    pub(super) now: i64,
    /// The latest that it ever was: what was over then may have been dropped.
    pub(super) latest: i64,
    listings: [Option<usize>; 2],
    /// The clock stepped back at some time. What was over before then is dropped or not, as it lies beside what is
    /// written, and that goes by keys of each gate's own: from then on they are twins no more.
    stepped_back: bool,
}

impl Gates {
    pub(super) fn new() -> Self {
        let clock = ManualClock::new(Timestamp::from_millis(START_MS).unwrap());
        let gate = |sites: &[usize]| {
            let sites: serde_json::Map<String, Value> =
                sites.iter().map(|at| (SITES[*at].to_owned(), site(*at, 0))).collect();
            let config = json!({
                "sites": sites,
                "retention": {"calls_s": KEPT_MS / 1000},
                "conversion": {"delay_s": DELAY_MS / 1000, "lease_s": LEASE_MS / 1000,
                    "backoff_s": BACKOFF_MS / 1000, "attempts_max": 3},
            });
            let config = Config::from_json(config.to_string().as_bytes()).unwrap();
            Gate::in_memory(config, clock.clone()).unwrap()
        };
        let (both, alone) = (gate(&[0, 1]), gate(&[1]));
        let listings = [Some(0); 2];
        let (now, latest, stepped_back) = (START_MS, START_MS, false);
        Self { both, alone, clock, now, latest, listings, stepped_back }
    }

    /// Whether the clock never stepped back behind what it had told.
    pub(super) fn is_exact(&self) -> bool {
        self.now == self.latest
    }

    pub(super) fn forward(&mut self, seconds: u64) {
        self.set(self.now + 1000 * i64::try_from(seconds).unwrap());
    }

    pub(super) fn step_back(&mut self, seconds: u64) {
        self.stepped_back |= seconds > 0;
        self.set((self.now - 1000 * i64::try_from(seconds).unwrap()).max(DAY_MS));
    }

    fn set(&mut self, now: i64) {
        self.now = now;
        self.latest = self.latest.max(now);
        self.clock.set(Timestamp::from_millis(now).unwrap());
    }

    /// What the gates that have a site answer to a request at it; where there are two, they are of one mind.
    pub(super) fn run(
        &self,
        at: usize,
        call: impl Fn(&Memory, &MakeRequest<'_>, Option<Timestamp>) -> Decision,
    ) -> Vec<Decision> {
        let request: &MakeRequest<'_> =
            &|headers, body| Request { site: SITES[at], headers, body, ip: None };
        self.run_of(at, |gate, _, now| call(gate, request, now))
    }

    /// The same, where the two gates know things by names of their own, the place of the gate's.
    pub(super) fn run_of(
        &self,
        at: usize,
        call: impl Fn(&Memory, usize, Option<Timestamp>) -> Decision,
    ) -> Vec<Decision> {
        let mut decisions = vec![call(&self.both, 0, None)];
        if at == 1 && !self.stepped_back {
            let shown =
                |own: &Decision| (own.stage(), own.reason(), own.retry_after(), own.marketing());
            decisions.push(call(&self.alone, 1, None));
            assert_eq!(shown(&decisions[0]), shown(&decisions[1]), "law 8");
        }
        decisions
    }

    pub(super) fn is_active(&self, at: usize) -> bool {
        self.listings[at].is_some()
    }

    /// The keys that a sender of this site has: the listed ones, or the first before any.
    pub(super) fn keys(&self, at: usize) -> Vec<u8> {
        LISTINGS[self.listings[at].unwrap_or(0)].to_vec()
    }

    pub(super) fn rotate(&mut self, at: usize) {
        let next = self.listings[at].map_or(0, |listing| (listing + 1) % LISTINGS.len());
        let json = site(at, next).to_string();
        let set = |gate: &Memory| gate.set_site(SITES[at], json.as_bytes());
        let result = set(&self.both);
        if at == 1 {
            assert_eq!(set(&self.alone), result, "law 8");
        }
        // Only too many keys removed within the life of a claim are refused.
        match result {
            Ok(()) => self.listings[at] = Some(next),
            Err(error) => assert!(error.to_string().contains("removes more than"), "{error}"),
        }
    }

    pub(super) fn remove(&mut self, at: usize) {
        self.both.remove_site(SITES[at]).unwrap();
        if at == 1 {
            self.alone.remove_site(SITES[at]).unwrap();
        }
        self.listings[at] = None;
    }

    /// Why an event is refused by its signature, if it is.
    pub(super) fn verdict(&self, at: usize, sent: &Sent) -> Option<&'static str> {
        let listed = match self.listings[at] {
            None => return Some("unknown_site"),
            Some(listing) => LISTINGS[listing],
        };
        if !sent.keys.iter().any(|key| listed.contains(key)) {
            return Some("bad_signature");
        }
        match self.now - sent.at / 1000 * 1000 {
            age if age > TOLERANCE_MS => Some("stale_timestamp"),
            age if age < -TOLERANCE_MS => Some("future_timestamp"),
            _ => None,
        }
    }

    /// The headers of an event of a site.
    pub(super) fn sign(&self, at: usize, id: &str, sent: &Sent) -> [(&'static str, String); 3] {
        let time = (sent.at / 1000).to_string();
        let body = body(sent.person);
        let parts = [id.as_bytes(), b".", time.as_bytes(), b".", &body];
        let tag = |key: &u8| format!("v1,{}", base64(&hmac_sha256(&key_bytes(at, *key), &parts)));
        let tags = sent.keys.iter().map(tag).collect::<Vec<_>>().join(" ");
        [("webhook-id", id.to_owned()), ("webhook-timestamp", time), ("webhook-signature", tags)]
    }

    /// A statement of so long ago, and its instant.
    pub(super) fn statement(&self, person: u8, bits: u8, ago_s: u64) -> (Vec<u8>, i64) {
        let at = self.now - 1000 * i64::try_from(ago_s).unwrap();
        let (days, ms) = ((at - DAY_MS).div_euclid(86_400_000), at.rem_euclid(86_400_000));
        let (month, day) = [(11, 14 + days), (12, days - 16), (13, 0)][match days {
            0..=16 => 0,
            17..=47 => 1,
            _ => 2,
        }];
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        let at_text =
            format!("2023-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1000);
        let scopes: Vec<_> = scopes(bits).into_iter().collect();
        let body = json!({"fingerprint": fingerprint(person).expose(), "consent_scopes": scopes,
            "consent_at": at_text});
        (body.to_string().into_bytes(), at)
    }
}

/// Keys are named by a number; no two sites share their bytes.
fn key_bytes(at: usize, key: u8) -> [u8; 32] {
    let mut bytes = [key; 32];
    bytes[31] = u8::try_from(at).unwrap();
    bytes
}

fn site(at: usize, listing: usize) -> Value {
    let key = |key: &u8| json!({"id": format!("k{key}"), "secret": {"base64": base64(&key_bytes(at, *key))}});
    let keys: Vec<_> = LISTINGS[listing].iter().map(key).collect();
    let rate = if at == 0 { 1_000_000 } else { 2 };
    json!({"keys": keys, "origins": [ORIGIN], "rate": {"capacity": rate, "per_minute": rate}})
}

pub(super) fn body(person: u8) -> Vec<u8> {
    json!({"fingerprint": fingerprint(person).expose()}).to_string().into_bytes()
}

pub(super) fn fingerprint(person: u8) -> Fingerprint {
    Fingerprint::new(&format!("p{}", person % 3)).unwrap()
}

pub(super) fn scopes(bits: u8) -> Scopes {
    let all = [(1, "analytics"), (2, "marketing")];
    all.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, scope)| scope.into()).collect()
}

pub(super) fn result(choice: u8) -> ConversionResult {
    match choice % 3 {
        0 => ConversionResult::Sent,
        1 => ConversionResult::Failed,
        _ => ConversionResult::Retry(None),
    }
}
