//! Sequences over stores that fail: what they are asked for is as told, and so is every answer.

use crate::{
    case::run,
    sequences::{decide, decide_async, play},
};
use consentgate::{
    AsyncGate, AsyncPerform, Effect, Gate, Millis, Perform, Reply, StoreError, StoreErrorKind,
    Stores, Timer, Timestamp,
};
use serde_json::{Value, json};
use std::{
    future::Future,
    mem,
    sync::{Arc, Mutex, MutexGuard},
};

#[test]
fn sequences_over_stores_that_fail() {
    run("faults", |case| {
        play(case, |config, clock| {
            let failing = Failing::new(Stores::memory(&config.common().caps));
            let gate = Gate::new(config, failing.clone(), clock).unwrap();
            move |doing, step| failing.during(step, || decide(&gate, doing))
        });
    });
}

#[test]
fn sequences_over_stores_that_fail_through_the_asynchronous_driver() {
    run("faults", |case| {
        play(case, |config, clock| {
            let failing = Failing::new(Stores::memory(&config.common().caps));
            let timer = failing.clone();
            let gate = AsyncGate::new(config, failing.clone(), clock, timer).unwrap();
            move |doing, step| failing.during(step, || decide_async(&gate, doing))
        });
    });
}

/// Memory that does, and replies, as a step tells; and the timer that sees what is late.
#[derive(Clone)]
struct Failing {
    memory: Stores,
    step: Arc<Mutex<Step>>,
}

#[derive(Default)]
struct Step {
    /// What is still to be asked for, the next one last.
    left: Vec<Value>,
    is_late: bool,
}

impl Failing {
    fn new(memory: Stores) -> Self {
        Self { memory, step: Arc::default() }
    }

    fn step(&self) -> MutexGuard<'_, Step> {
        self.step.lock().unwrap()
    }

    /// Holds what is asked for meanwhile against the step.
    fn during<T>(&self, step: &Value, decide: impl FnOnce() -> T) -> T {
        self.step().left = step["effects"].as_array().unwrap().iter().rev().cloned().collect();
        let decided = decide();
        assert_eq!(self.step().left, [json!(null); 0], "these were not asked for");
        decided
    }

    fn reply(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        let told = self.step().left.pop().unwrap_or_default();
        let asked = json!([effect.role().as_str(), effect.method()]);
        assert_eq!(json!([told["role"], told["method"]]), asked);
        if told["written"] != false {
            let reply = Perform::perform(&self.memory, effect, now);
            if told["written"].is_null() {
                return reply;
            }
        }
        let failure = StoreError::failed(std::io::Error::other("down"));
        if told["raise"] == true {
            effect.failed(failure)
        } else if told["raise_not_written"] == true {
            effect.failed(failure.and_nothing_written())
        } else if told["timeout"] == true {
            self.step().is_late = true;
            effect.failed(StoreError::new(StoreErrorKind::TimedOut))
        } else {
            assert_eq!(told["nonsense"], true);
            // What would be right for another effect.
            match effect {
                Effect::FindCall(_) => Reply::Purge(Ok(1)),
                _ => Reply::FindCall(Ok(None)),
            }
        }
    }
}

impl Perform for Failing {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        self.reply(effect, now)
    }
}

impl AsyncPerform for Failing {
    async fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        self.reply(effect, now)
    }
}

impl Timer for Failing {
    async fn within<F: Future + Send>(&self, _span: Millis, future: F) -> Option<F::Output>
    where
        F::Output: Send,
    {
        let output = future.await;
        (!mem::take(&mut self.step().is_late)).then_some(output)
    }
}
