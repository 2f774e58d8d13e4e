//! Laws 3, 8 and 9 with real threads. Small: the interleavings themselves are walked through elsewhere.

use crate::world::{body, config_json, noon, person, signed, statement};
use consentgate::{Config, Decision, FixedClock, Gate, Memory, Reason, Request, Stores};
use serde_json::{Value, json};
use std::sync::Barrier;

const THREADS: usize = 8;

type TestGate = Gate<Stores, FixedClock>;

fn gate(config: &Value) -> (TestGate, Memory) {
    let config = Config::from_json(config.to_string().as_bytes()).unwrap();
    let stores = Stores::memory(&config.common().caps);
    let memory = stores.calls.clone();
    let gate = Gate::new(config, stores, FixedClock(noon())).unwrap();
    (gate, memory)
}

fn config(rate: Value, calls: u64) -> Value {
    let mut config = config_json();
    config["sites"]["a"]["rate"] = rate;
    config["caps"] = json!({"sites_max": 2, "calls_max": calls * 2, "calls_per_site_max": calls});
    config
}

fn say(gate: &TestGate, fingerprint: &str, scopes: &[&str]) -> Decision {
    let body = statement(fingerprint, scopes, noon());
    let headers = [("origin", crate::world::ORIGIN)];
    gate.sync_session(&Request { site: "a", headers: &headers, body: &body, ip: None }, None)
}

fn call(gate: &TestGate, id: &str, fingerprint: &str) -> Reason {
    let body = body(fingerprint);
    let headers = signed(id, &body, noon(), &[1]);
    gate.call_event(&Request { site: "a", headers: &headers, body: &body, ip: None }, None).reason()
}

/// Runs all threads from one moment on; what each has seen.
fn together<T: Send>(run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (barrier, run) = (&barrier, &run);
                scope.spawn(move || {
                    barrier.wait();
                    run(thread)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn law_3_copies_on_many_threads_are_one_row_each() {
    const EVENTS: usize = 40;
    let (gate, memory) = gate(&config(json!({"capacity": 1000, "per_minute": 1000}), 1000));
    assert_eq!(say(&gate, "p", &["analytics", "marketing"]).status(), 200);
    let seen = together(|_| {
        (0..EVENTS).map(|event| call(&gate, &format!("e{event}"), "p")).collect::<Vec<_>>()
    });
    for event in 0..EVENTS {
        let accepted = seen.iter().filter(|seen| seen[event] == Reason::Accepted).count();
        assert_eq!(accepted, 1, "event {event}");
        let rest = [Reason::Accepted, Reason::Duplicate, Reason::InFlight];
        assert!(seen.iter().all(|seen| rest.contains(&seen[event])));
    }
    assert_eq!(memory.usage().calls, EVENTS as u64);
}

#[test]
fn field_29_a_bucket_gives_exactly_its_capacity_to_all_threads_together() {
    const CAPACITY: usize = 37;
    let (gate, _) = gate(&config(json!({"capacity": CAPACITY, "per_minute": 60}), 1000));
    assert_eq!(say(&gate, "p", &["analytics"]).status(), 200);
    let seen = together(|thread| {
        let reasons = (0..20).map(|event| call(&gate, &format!("t{thread}e{event}"), "p"));
        reasons.filter(|reason| *reason == Reason::Accepted).count()
    });
    assert_eq!(seen.iter().sum::<usize>(), CAPACITY);
}

#[test]
fn law_9_a_cap_is_reached_exactly_and_never_passed_by_all_threads_together() {
    const CALLS: u64 = 60;
    let (gate, memory) = gate(&config(json!({"capacity": 1000, "per_minute": 1000}), CALLS));
    assert_eq!(say(&gate, "p", &["analytics"]).status(), 200);
    let seen = together(|thread| {
        let reasons = (0..15).map(|event| call(&gate, &format!("t{thread}e{event}"), "p"));
        let reasons: Vec<_> = reasons.collect();
        assert!(memory.usage().calls <= CALLS);
        let full = reasons.iter().filter(|reason| **reason == Reason::Overloaded).count();
        let accepted = reasons.iter().filter(|reason| **reason == Reason::Accepted).count();
        assert_eq!(full + accepted, reasons.len());
        accepted as u64
    });
    assert_eq!((seen.iter().sum::<u64>(), memory.usage().calls), (CALLS, CALLS));
}

#[test]
fn law_7_withdrawals_and_erasures_among_threads_leave_nothing_behind() {
    for round in 0..10 {
        let (gate, memory) = gate(&config(json!({"capacity": 1000, "per_minute": 1000}), 1000));
        assert_eq!(say(&gate, "p", &["analytics"]).status(), 200);
        together(|thread| {
            for event in 0..4 {
                let _ = call(&gate, &format!("r{round}t{thread}e{event}"), "p");
            }
            if thread == 0 {
                assert_eq!(say(&gate, "p", &[]).status(), 204);
                let rows = memory.usage().calls;
                for event in 0..4 {
                    let _ = call(&gate, &format!("late{event}"), "p");
                }
                // The erasure may take some away meanwhile.
                assert!(memory.usage().calls <= rows, "none after it was answered");
            }
            if thread == 1 {
                assert_eq!(gate.erase("a", person("p"), None).status(), 200);
            }
        });
        let usage = memory.usage();
        assert_eq!((usage.sessions, usage.calls, usage.calls_bytes), (0, 0, 0));
    }
}
