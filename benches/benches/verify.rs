//! `verify`, without a gate, by turns with the crates `standardwebhooks` and `webhook-verify` and with what one writes by hand.

use base64ct::{Base64, Encoding};
use consentgate::{SecretInput, verify};
use consentgate_benches::{
    event::{self, Event, KEY, SECRET, START_S},
    measured::{Asked, by_turns, write},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, block_api::compress256};
use standardwebhooks::Webhook;
use std::{
    hint::black_box,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use webhook_verify::{Clock, Provider, Secret, VerifyOptions};

fn by_hand(event: &Event) -> Option<()> {
    let time: u64 = event.header("webhook-timestamp").parse().ok()?;
    if START_S.abs_diff(time) > 300 {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).ok()?;
    mac.update(format!("{}.{time}.", event.header("webhook-id")).as_bytes());
    mac.update(&event.body);
    let tag = Base64::decode_vec(event.header("webhook-signature").strip_prefix("v1,")?).ok()?;
    mac.verify_slice(&tag).ok()
}

/// The blocks of SHA-256 that go into it, and nothing else: two of the key, six of what is signed, and the outer one.
fn blocks() -> [u32; 8] {
    let mut state = black_box([0; 8]);
    for blocks in [&[[0; 64]; 2][..], &[[0; 64]; 6], &[[0; 64]; 1]] {
        compress256(&mut state, black_box(blocks));
    }
    state
}

/// The clock that `webhook-verify` is given: that of the bench.
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> u64 {
        START_S
    }
}

fn main() {
    let asked = Asked::new();
    if !asked.theme("verify") {
        return;
    }
    let (event, keyed) = (Event::new(0, 0), event::keyed());
    let secrets = [SecretInput::Text(SECRET)];
    let ours =
        || verify("standard-webhooks", &secrets, &event.headers, &event.body, 300, event::now());

    let named = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers = named.map(|name| (name, event.header(name)));
    let secret = Secret::new(SECRET);
    let options = VerifyOptions::default().with_clock(Some(Arc::new(Fixed)));
    let theirs = || {
        let provider = Provider::StandardWebhooks;
        webhook_verify::verify(provider, &headers, &event.body, &secret, options.clone())
    };

    // `standardwebhooks` reads the clock of the system, so its event is signed as of now.
    let webhook = Webhook::new(SECRET).unwrap_or_else(|error| panic!("{error}"));
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let time = i64::try_from(time).unwrap_or(0);
    let tag = webhook.sign("evt_1", time, &event.body).unwrap_or_else(|error| panic!("{error}"));
    let mut map = http::HeaderMap::new();
    for (name, value) in [
        ("webhook-id", "evt_1"),
        ("webhook-timestamp", &time.to_string()),
        ("webhook-signature", &tag),
    ] {
        map.insert(name, value.parse().unwrap_or_else(|error| panic!("{error}")));
    }

    let figures = by_turns(
        asked.rounds(),
        |_, count| (0..count).collect(),
        &[
            ("verify/hmac", &|_| event::bare(&keyed, &event)),
            ("verify/consentgate", &|_| assert!(matches!(black_box(ours()), Ok(Some(_))))),
            ("verify/blocks", &|_| _ = black_box(blocks())),
            ("verify/by-hand", &|_| assert!(black_box(by_hand(&event)).is_some())),
            ("verify/webhook-verify", &|_| assert!(black_box(theirs()).is_ok())),
            ("verify/standardwebhooks", &|_| {
                assert!(black_box(webhook.verify(&event.body, &map)).is_ok());
            }),
        ],
    );
    if !asked.quick {
        write("verify", &figures);
    }
}
