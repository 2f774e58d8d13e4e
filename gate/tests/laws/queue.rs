//! The queue's consumer: laws 3, 5 and 7 where a conversion leaves the queue.

use crate::world::{body, config_json, noon, secs, signed};
use consentgate::{
    Config, Conversion, ConversionResult, Decision, Effect, FlowName, Gate, ManualClock, Marketing,
    Millis, Outcome, Perform, Reason, Reply, Request, Stage, Stores, Timestamp, ids::CallId,
};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

const DELAY_S: u64 = 21_600;

struct Scene {
    gate: Gate<Stores, ManualClock>,
    clock: ManualClock,
}

fn scene() -> Scene {
    let mut config = config_json();
    config["conversion"] =
        json!({"delay_s": DELAY_S, "lease_s": 300, "backoff_s": 60, "attempts_max": 3});
    let config = Config::from_json(config.to_string().as_bytes()).unwrap();
    // Statements are written for one day, and conversions wait for hours: begin early.
    let clock = ManualClock::new(noon().minus(secs(11 * 3600)));
    let gate = Gate::in_memory(config, clock.clone()).unwrap();
    Scene { gate, clock }
}

impl Scene {
    fn say(&self, person: &str, scopes: &[&str]) {
        use consentgate::Clock;
        let body = crate::world::statement(person, scopes, self.clock.now());
        let headers = [("origin", crate::world::ORIGIN)];
        let request = Request { site: "a", headers: &headers, body: &body, ip: None };
        assert!(self.gate.sync_session(&request, None).status() < 300);
    }

    fn call(&self, person: &str, id: &str) -> Decision {
        use consentgate::Clock;
        let body = body(person);
        let headers = signed(id, &body, self.clock.now(), &[1]);
        let request = Request { site: "a", headers: &headers, body: &body, ip: None };
        self.gate.call_event(&request, None)
    }

    /// A person who agrees to everything, and their call.
    fn consented(&self, person: &str) -> CallId {
        self.say(person, &["analytics", "marketing"]);
        let decision = self.call(person, person);
        assert_eq!(decision.marketing(), Some(Marketing::Enqueued));
        decision.call_id().unwrap()
    }

    fn take(&self) -> Vec<Conversion> {
        let decision = self.gate.take_conversions("a", 100, None);
        assert_eq!(decision.reason(), Reason::Taken);
        decision.conversions().to_vec()
    }

    fn finish(&self, job: &Conversion, result: ConversionResult) -> Reason {
        self.gate.finish_conversion(job, result, None).reason()
    }

    fn forward(&self, seconds: u64) {
        self.clock.advance(secs(seconds));
    }
}

#[test]
fn a_conversion_is_handed_out_at_its_delay_and_sent_once() {
    let scene = scene();
    let call = scene.consented("p");
    scene.clock.advance(Millis(DELAY_S * 1000 - 1));
    assert!(scene.take().is_empty());
    scene.clock.advance(Millis(1));
    let jobs = scene.take();
    let [job] = jobs.as_slice() else { panic!("{jobs:?}") };
    assert_eq!(job.call_id(), call);
    assert_eq!(job.fingerprint().expose(), "p");
    assert_eq!(job.event_id().map(|id| id.as_str()), Some("p"));
    assert_eq!((job.body(), job.attempts()), (body("p").as_slice(), 1));
    assert_eq!(scene.finish(job, ConversionResult::Sent), Reason::ConversionSent);
    assert_eq!(scene.finish(job, ConversionResult::Sent), Reason::LeaseLost);
    scene.forward(7200);
    assert!(scene.take().is_empty());
    let sale = scene.gate.confirm_sale("a", &job.call_id().to_hex(), None);
    assert_eq!(sale.reason(), Reason::AlreadyEnqueued, "law 3: one entry a call, ever");
}

#[test]
fn a_worker_that_never_came_back_loses_its_lease_and_can_finish_nothing_of_the_next() {
    let scene = scene();
    scene.consented("p");
    scene.forward(DELAY_S);
    let first = scene.take().remove(0);
    scene.clock.advance(Millis(299_999));
    assert!(scene.take().is_empty());
    scene.clock.advance(Millis(1));
    let second = scene.take().remove(0);
    assert_eq!(second.attempts(), 2);
    assert_eq!(scene.finish(&first, ConversionResult::Failed), Reason::LeaseLost);
    assert_eq!(scene.finish(&second, ConversionResult::Sent), Reason::ConversionSent);
}

#[test]
fn law_7_a_withdrawal_before_the_conversion_leaves_cancels_it_for_good() {
    let scene = scene();
    let call = scene.consented("p");
    scene.forward(DELAY_S);
    scene.say("p", &["analytics"]);
    let decision = scene.gate.take_conversions("a", 100, None);
    assert!(decision.conversions().is_empty());
    assert_eq!(decision.cancelled(), 1);
    scene.forward(1);
    scene.say("p", &["analytics", "marketing"]);
    scene.forward(600);
    assert!(scene.take().is_empty(), "cancelled is final");
    let sale = scene.gate.confirm_sale("a", &call.to_hex(), None);
    assert_eq!(sale.reason(), Reason::AlreadyEnqueued);
    assert_eq!(scene.gate.counters().watch().conversions_cancelled, 1);
}

#[test]
fn law_5_who_was_erased_has_no_conversion() {
    let scene = scene();
    scene.consented("p");
    scene.consented("q");
    scene.forward(DELAY_S);
    let erased = scene.gate.erase("a", crate::world::person("p"), None);
    assert_eq!(erased.outcome(), Outcome::Accepted);
    let jobs = scene.take();
    assert_eq!(jobs.iter().map(|job| job.fingerprint().expose()).collect::<Vec<_>>(), ["q"]);
    let erased = scene.gate.erase("a", crate::world::person("q"), None);
    assert_eq!(erased.outcome(), Outcome::Accepted);
    assert_eq!(scene.finish(&jobs[0], ConversionResult::Sent), Reason::LeaseLost);
}

#[test]
fn a_retry_waits_its_back_off_or_as_long_as_it_is_told_and_ends_after_its_attempts() {
    let scene = scene();
    scene.consented("p");
    scene.forward(DELAY_S);
    let job = scene.take().remove(0);
    assert_eq!(scene.finish(&job, ConversionResult::Retry(None)), Reason::ConversionPutBack);
    scene.clock.advance(Millis(59_999));
    assert!(scene.take().is_empty());
    scene.clock.advance(Millis(1));
    let job = scene.take().remove(0);
    let soon = ConversionResult::Retry(Some(Millis(5)));
    assert_eq!(scene.finish(&job, soon), Reason::ConversionPutBack);
    scene.clock.advance(Millis(5));
    let job = scene.take().remove(0);
    assert_eq!(job.attempts(), 3);
    assert_eq!(scene.finish(&job, soon), Reason::ConversionFailed, "that was the last attempt");
    scene.forward(DELAY_S);
    assert!(scene.take().is_empty());
}

#[test]
fn a_job_taken_often_is_lost_by_nobody_but_its_result() {
    let scene = scene();
    scene.consented("p");
    scene.forward(DELAY_S);
    for attempt in 1..=6 {
        assert_eq!(scene.take()[0].attempts(), attempt);
        scene.forward(300);
    }
    let job = scene.take().remove(0);
    assert_eq!(scene.finish(&job, ConversionResult::Retry(None)), Reason::ConversionFailed);
}

/// Memory whose finds of sessions take a while, by the clock.
struct Slow {
    stores: Stores,
    clock: ManualClock,
    find_s: u64,
}

impl Perform for Slow {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        if let Effect::FindSession(_) = effect {
            self.clock.advance(secs(self.find_s));
        }
        self.stores.perform(effect, now)
    }
}

#[test]
fn law_3_what_cannot_be_judged_within_half_the_lease_is_left_to_it() {
    let mut config = config_json();
    config["hash_secret"] = json!({"base64": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"});
    let config = Config::from_json(config.to_string().as_bytes()).unwrap();
    for (find_s, handed_out) in [(0, 3), (100, 2), (150, 1), (299, 1), (300, 0), (400, 0)] {
        let stores = Stores::memory(&config.common().caps);
        let clock = ManualClock::new(noon().minus(secs(11 * 3600)));
        let gate = Gate::new(config.clone(), stores.clone(), clock.clone()).unwrap();
        let scene = Scene { gate, clock: clock.clone() };
        for person in ["p", "q", "r"] {
            scene.consented(person);
        }
        scene.forward(DELAY_S);
        let slow = Slow { stores, clock: clock.clone(), find_s };
        let gate = Gate::new(config.clone(), slow, clock).unwrap();
        let decision = gate.take_conversions("a", 100, None);
        assert_eq!(decision.conversions().len(), handed_out, "{find_s}");
    }
}

#[test]
fn law_8_a_site_takes_its_own_conversions_alone() {
    let scene = scene();
    scene.consented("p");
    scene.forward(DELAY_S);
    assert!(scene.gate.take_conversions("b", 100, None).conversions().is_empty());
    let unknown = scene.gate.take_conversions("nobody", 100, None);
    assert_eq!((unknown.reason(), unknown.stage()), (Reason::UnknownSite, Stage::Take));
    assert_eq!(scene.take().len(), 1);
}

#[test]
fn a_limit_holds_and_those_due_longest_come_first() {
    let scene = scene();
    for person in ["p", "q", "r"] {
        scene.consented(person);
        scene.clock.advance(Millis(10));
    }
    scene.forward(DELAY_S);
    let taken = |limit| {
        let decision = scene.gate.take_conversions("a", limit, None);
        assert_eq!(decision.flow(), FlowName::TakeConversions);
        let people = decision.conversions().iter().map(|job| job.fingerprint().expose().to_owned());
        people.collect::<Vec<_>>()
    };
    assert!(taken(0).is_empty());
    assert_eq!(taken(2), ["p", "q"]);
    assert_eq!(taken(u64::MAX), ["r"]);
}

#[test]
fn law_12_a_conversion_shows_neither_person_nor_body_where_it_is_logged() {
    let scene = scene();
    scene.consented("somebody");
    scene.forward(DELAY_S);
    let decision = scene.gate.take_conversions("a", 1, None);
    let shown = format!("{decision:?} {:?}", decision.conversions());
    assert!(!shown.contains("somebody") && !shown.contains("fingerprint"), "{shown}");
}

#[test]
fn law_9_purge_gives_back_the_room_of_what_is_over_and_of_nothing_else() {
    let scene = scene();
    scene.consented("p");
    assert_eq!(scene.gate.purge(1000, None).removed(), 0);
    scene.forward(11 * 60);
    // Two claims of three entries of admission, and the statement's key.
    let first = scene.gate.purge(2, None);
    assert_eq!((first.reason(), first.removed()), (Reason::Purged, 3));
    assert!(scene.gate.purge(1000, None).removed() > 0, "the buckets");
    assert_eq!(scene.gate.purge(1000, None).removed(), 0);
    scene.forward(DELAY_S);
    assert_eq!(scene.take().len(), 1, "the call and its job are still there");
}

proptest! {
    #![proptest_config(crate::world::cases(60))]

    /// A naive queue beside the real one: no job is held by two, none is handed out after its end, none is lost.
    #[test]
    fn law_3_jobs_are_held_by_one_and_end_once(
        steps in prop::collection::vec((0..6_u8, 0..4_usize, 0..400_u64), 1..80),
    ) {
        let scene = scene();
        let people = ["p", "q", "r", "s"];
        for person in people { scene.consented(person); }
        scene.forward(DELAY_S);
        let mut held: BTreeMap<String, (Conversion, u64)> = BTreeMap::new();
        let mut ended: Vec<String> = Vec::new();
        let mut elapsed = 0;
        for (step, which, seconds) in steps {
            match step {
                0 | 1 => for job in {
                    scene.take()
                } {
                    let person = job.fingerprint().expose().to_owned();
                    prop_assert!(!ended.contains(&person), "{person} had ended");
                    if let Some((_, until)) = held.get(&person) {
                        prop_assert!(*until <= elapsed, "{person} is somebody's");
                    }
                    held.insert(person, (job, elapsed + 300));
                },
                2 => { scene.forward(seconds); elapsed += seconds; }
                _ => {
                    let Some((job, _)) = held.remove(people[which]) else { continue };
                    let result = match step {
                        3 => ConversionResult::Sent,
                        4 => ConversionResult::Failed,
                        _ => ConversionResult::Retry(Some(Millis(seconds))),
                    };
                    let reason = scene.finish(&job, result);
                    // Whoever holds the last lease may end the job, even a little late.
                    prop_assert_ne!(reason, Reason::LeaseLost);
                    if reason != Reason::ConversionPutBack { ended.push(people[which].to_owned()); }
                }
            }
        }
    }
}
