//! What an event has to be asked for and kept by, each by the quickest well-known thing, and nothing else: no flow, no
//! decision, no bounds, nothing that ends, one site. What is faster than this keeps less than the laws ask for.

use crate::event::{Event, fingerprint, keyed, verified};
use ahash::RandomState;
use hmac::Hmac;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use siphasher::sip128::{Hasher128, SipHasher24};
use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hasher,
    sync::{Mutex, MutexGuard},
};

type Map<K, V> = Mutex<HashMap<K, V, RandomState>>;

#[derive(Deserialize)]
struct Body<'a> {
    fingerprint: &'a str,
}

/// Who holds an event, or how it ended, and until when.
struct Claim {
    owner: [u8; 16],
    held_until: i64,
    forget_at: i64,
}

struct Row {
    /// Whose call it is, and what made it the only one.
    _person: u128,
    _leads: [[u8; 32]; 2],
    _fingerprint: Box<str>,
    _event_id: Box<str>,
    _body: Box<[u8]>,
    _until: i64,
}

/// What an event is known by.
pub struct Named {
    /// SHA-256 of the MAC, and of the event's id.
    event: [[u8; 32]; 2],
}

/// The tables that an accepted event is in, each under a lock of its own, since each is a role's.
pub struct Least {
    keyed: Hmac<Sha256>,
    names: SipHasher24,
    claims: Map<[u8; 32], Claim>,
    full_at: Map<u128, i64>,
    sessions: Map<u128, (u8, i64)>,
    leads: Map<[u8; 32], [u8; 16]>,
    rows: Map<[u8; 16], Row>,
}

const LEASE_MS: i64 = 30_000;
const KEEP_MS: i64 = 86_400_000;

impl Least {
    /// With sessions that have consent.
    #[must_use]
    pub fn new(sessions: u64) -> Self {
        let least = Self {
            keyed: keyed(),
            names: SipHasher24::new_with_keys(1, 2),
            claims: Map::default(),
            full_at: Map::default(),
            sessions: Map::default(),
            leads: Map::default(),
            rows: Map::default(),
        };
        let person = |number| (least.person(1, &fingerprint(number)), (3, i64::MAX));
        lock(&least.sessions).extend((0..sessions).map(person));
        least
    }

    /// The tag is right: what is signed, read, and compared in constant time.
    pub fn verified(&self, event: &Event) -> Option<[u8; 32]> {
        verified(&self.keyed, event)
    }

    /// And by what it is claimed: no header text is a key.
    pub fn named(&self, event: &Event) -> Option<Named> {
        let tag = self.verified(event)?;
        let id = Sha256::digest(event.header("webhook-id").as_bytes());
        Some(Named { event: [Sha256::digest(tag).into(), id.into()] })
    }

    /// And whose it is: the body is read, and the person named for the bucket and for the session.
    pub fn read<'e>(&self, event: &'e Event) -> Option<(Named, &'e str, [u128; 2])> {
        let named = self.named(event)?;
        let body: Body<'_> = serde_json::from_slice(&event.body).ok()?;
        let person = [1, 2].map(|kind| self.person(kind, body.fingerprint));
        Some((named, body.fingerprint, person))
    }

    /// And kept: claimed under both names, let in by its bucket, looked up, recorded once under both names, settled.
    pub fn kept(&self, event: &Event, now: i64) -> Option<bool> {
        let (Named { event: names }, fingerprint, [person, bucket]) = self.read(event)?;
        let mut call_id = [0; 16];
        call_id.copy_from_slice(names[0].get(..16)?);
        {
            let mut claims = lock(&self.claims);
            for name in names {
                match claims.entry(name) {
                    Entry::Occupied(_) => return Some(false),
                    Entry::Vacant(free) => {
                        let (held_until, forget_at) = (now + LEASE_MS, now + KEEP_MS);
                        free.insert(Claim { owner: call_id, held_until, forget_at });
                    }
                }
            }
            let mut full_at = lock(&self.full_at);
            let level = full_at.entry(bucket).or_insert(now);
            *level = now.max(*level) + 6;
            if *level > now + 600_000_000 {
                return None;
            }
        }
        let (scopes, until) = *lock(&self.sessions).get(&person)?;
        if scopes & 1 == 0 || now >= until {
            return None;
        }
        {
            let mut leads = lock(&self.leads);
            for name in names {
                leads.insert(name, call_id);
            }
            let row = Row {
                _person: person,
                _leads: names,
                _fingerprint: fingerprint.into(),
                _event_id: event.header("webhook-id").into(),
                _body: event.body.as_slice().into(),
                _until: now + KEEP_MS,
            };
            lock(&self.rows).insert(call_id, row);
        }
        let mut claims = lock(&self.claims);
        for name in names {
            let claim = claims.get_mut(&name).filter(|claim| claim.owner == call_id)?;
            (claim.held_until, claim.forget_at) = (-1, now + KEEP_MS);
        }
        Some(true)
    }

    fn person(&self, kind: u8, fingerprint: &str) -> u128 {
        let mut name = self.names;
        name.write_u8(kind);
        name.write(b"acme");
        name.write(fingerprint.as_bytes());
        name.finish128().as_u128()
    }
}

fn lock<T>(table: &Mutex<T>) -> MutexGuard<'_, T> {
    table.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
