use crate::case::{Bound, at, bytes, headers, run};
use consentgate::{
    AsyncGate, Config, Gate, ManualClock, Millis, Request, Stores, Timer, Timestamp,
    ids::Fingerprint,
};
use serde_json::Value;
use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

/// Memory never waits, so nothing has to be timed.
pub struct NoTimer;

impl Timer for NoTimer {
    async fn within<F: Future + Send>(&self, _span: Millis, future: F) -> Option<F::Output>
    where
        F::Output: Send,
    {
        Some(future.await)
    }
}

pub fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("memory is waited for"),
    }
}

fn config(case: &Value) -> Config {
    Config::from_json(case["config"].to_string().as_bytes()).unwrap()
}

#[test]
fn sequences() {
    run("sequences", |case| {
        let clock = ManualClock::new(Timestamp::MIN);
        let gate = Gate::in_memory(config(case), clock.clone()).unwrap();
        let mut bound = Bound::default();
        for (index, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            let about = format!("{} step {index}", case["name"]);
            clock.set(at(&step["now_ms"]));
            let site = step["site"].as_str().unwrap();
            let (pairs, body);
            let request = match step["headers"] {
                Value::Null => None,
                _ => {
                    (pairs, body) = (headers(&step["headers"]), bytes(&step["body_b64"]));
                    let ip = step["ip"].as_str().map(|ip| ip.parse().unwrap());
                    Some(Request { site, headers: &pairs, body: &body, ip })
                }
            };
            let decision = match step["do"].as_str().unwrap() {
                "call_event" => gate.call_event(&request.unwrap(), None),
                "sync_session" => gate.sync_session(&request.unwrap(), None),
                "confirm_sale" => {
                    let call_id = bound.resolve(step["call_id"].as_str().unwrap());
                    gate.confirm_sale(site, &call_id, None)
                }
                "erase" => {
                    let person = Fingerprint::new(step["fingerprint"].as_str().unwrap()).unwrap();
                    gate.erase(site, person, None)
                }
                "set_site" => {
                    gate.set_site(site, step["site_config"].to_string().as_bytes()).unwrap();
                    continue;
                }
                "remove_site" => {
                    gate.remove_site(site).unwrap();
                    continue;
                }
                other => panic!("{other}"),
            };
            bound.check(&decision, &step["expect"], &about);
        }
    });
}

#[test]
fn sequences_through_the_asynchronous_driver() {
    run("sequences", |case| {
        let clock = ManualClock::new(Timestamp::MIN);
        let config = config(case);
        let stores = Stores::memory(&config.common().caps);
        let gate = AsyncGate::new(config, stores, clock.clone(), NoTimer).unwrap();
        let mut bound = Bound::default();
        for step in case["steps"].as_array().unwrap() {
            clock.set(at(&step["now_ms"]));
            let site = step["site"].as_str().unwrap();
            let (pairs, body);
            let request = match step["headers"] {
                Value::Null => None,
                _ => {
                    (pairs, body) = (headers(&step["headers"]), bytes(&step["body_b64"]));
                    let ip = step["ip"].as_str().map(|ip| ip.parse().unwrap());
                    Some(Request { site, headers: &pairs, body: &body, ip })
                }
            };
            let decision = match step["do"].as_str().unwrap() {
                "call_event" => ready(gate.call_event(&request.unwrap(), None)),
                "sync_session" => ready(gate.sync_session(&request.unwrap(), None)),
                "confirm_sale" => {
                    let call_id = bound.resolve(step["call_id"].as_str().unwrap());
                    ready(gate.confirm_sale(site, &call_id, None))
                }
                "erase" => {
                    let person = Fingerprint::new(step["fingerprint"].as_str().unwrap()).unwrap();
                    ready(gate.erase(site, person, None))
                }
                "set_site" => {
                    gate.set_site(site, step["site_config"].to_string().as_bytes()).unwrap();
                    continue;
                }
                _ => {
                    gate.remove_site(site).unwrap();
                    continue;
                }
            };
            bound.check(&decision, &step["expect"], &case["name"].to_string());
        }
    });
}
