//! `verify`, without a gate, beside the crates `standardwebhooks` and `webhook-verify` and beside what one writes by hand.

use base64ct::{Base64, Encoding};
use consentgate::{SecretInput, verify};
use consentgate_benches::{
    event::{self, Event, KEY, SECRET, START_S},
    measured::Asked,
};
use criterion::Criterion;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use standardwebhooks::Webhook;
use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
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

/// The clock that `webhook-verify` is given: that of the bench.
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> u64 {
        START_S
    }
}

fn main() {
    if !Asked::new().theme("verify") {
        return;
    }
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    let mut group = criterion.benchmark_group("verify");
    let event = Event::new(0, 0);
    let keyed = event::keyed();
    group.bench_function("hmac", |bencher| bencher.iter(|| event::bare(&keyed, &event)));
    let secrets = [SecretInput::Text(SECRET)];
    let ours =
        || verify("standard-webhooks", &secrets, &event.headers, &event.body, 300, event::now());
    assert!(ours().is_ok_and(|verified| verified.is_some()));
    group.bench_function("consentgate", |bencher| bencher.iter(|| black_box(ours()).is_ok()));
    assert!(by_hand(&event).is_some());
    group.bench_function("by-hand", |bencher| bencher.iter(|| black_box(by_hand(&event))));

    let named = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers = named.map(|name| (name, event.header(name)));
    let secret = Secret::new(SECRET);
    let options = VerifyOptions::default().with_clock(Some(Arc::new(Fixed)));
    let theirs = || {
        let provider = Provider::StandardWebhooks;
        webhook_verify::verify(provider, &headers, &event.body, &secret, options.clone())
    };
    assert!(theirs().is_ok());
    group.bench_function("webhook-verify", |bencher| bencher.iter(|| black_box(theirs()).is_ok()));

    // `standardwebhooks` reads the clock of the system, so its event is signed as of now.
    let webhook = Webhook::new(SECRET).unwrap_or_else(|error| panic!("{error}"));
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let time = i64::try_from(time).unwrap_or(0);
    let tag = webhook.sign("evt_1", time, &event.body).unwrap_or_else(|error| panic!("{error}"));
    let mut headers = http::HeaderMap::new();
    for (name, value) in [
        ("webhook-id", "evt_1"),
        ("webhook-timestamp", &time.to_string()),
        ("webhook-signature", &tag),
    ] {
        headers.insert(name, value.parse().unwrap_or_else(|error| panic!("{error}")));
    }
    assert!(webhook.verify(&event.body, &headers).is_ok());
    group.bench_function("standardwebhooks", |bencher| {
        bencher.iter(|| black_box(webhook.verify(&event.body, &headers)).is_ok());
    });
    group.finish();
    criterion.final_summary();
}
