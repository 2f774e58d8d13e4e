use crate::case::{Bound, at, bytes, ending, headers, run};
use consentgate::{
    AsyncGate, AsyncPerform, Clock, Config, Conversion, ConversionResult, Decision, DeviceRequest,
    Gate, ManualClock, Millis, Perform, Request, Stores, Timer, Timestamp, ids::Fingerprint,
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

/// Something to do to a gate.
pub enum Doing<'a> {
    CallEvent(Request<'a>),
    Admit(Request<'a>, Option<&'a str>),
    Device(DeviceRequest<'a>),
    SyncSession(Request<'a>),
    ConfirmSale { site: &'a str, call_id: String },
    Erase { site: &'a str, fingerprint: Fingerprint },
    TakeConversions { site: &'a str, limit: u64 },
    FinishConversion { job: &'a Conversion, result: ConversionResult },
    Purge { limit: u64 },
    SetSite { site: &'a str, json: String },
    RemoveSite { site: &'a str },
}

/// A process that ends drops nothing.
fn crashed<A>(decision: Decision, admission: A) -> Decision {
    std::mem::forget(admission);
    decision
}

/// Plays one sequence to a gate made by `make`, which answers what is done to it in a step, or nothing.
pub fn play<F: FnMut(Doing<'_>, &Value) -> Option<Decision>>(
    case: &Value,
    make: impl FnOnce(Config, ManualClock) -> F,
) {
    let clock = ManualClock::new(Timestamp::MIN);
    let config = Config::from_json(case["config"].to_string().as_bytes()).unwrap();
    let mut gate = make(config, clock.clone());
    let mut bound = Bound::default();
    let mut jobs: Vec<Conversion> = Vec::new();
    for (index, step) in case["steps"].as_array().unwrap().iter().enumerate() {
        clock.set(at(&step["now_ms"]));
        // Of all flows only these two are of no site.
        let site = step["site"].as_str();
        assert_eq!(site.is_none(), step["do"] == "finish_conversion" || step["do"] == "purge");
        let site = site.unwrap_or_default();
        let limit = || step["limit"].as_u64().unwrap();
        let text = |name: &str| step[name].as_str().unwrap();
        let has_request = !step["headers"].is_null();
        let pairs = if has_request { headers(&step["headers"]) } else { vec![] };
        let body = if has_request { bytes(&step["body_b64"]) } else { vec![] };
        let ip = step["ip"].as_str().map(|ip| ip.parse().unwrap());
        let request = Request { site, headers: &pairs, body: &body, ip };
        let doing = match text("do") {
            "call_event" => Doing::CallEvent(request),
            "admit" => Doing::Admit(request, step["settle"].as_str()),
            "device" => {
                let (method, url) = (text("method"), text("url"));
                let (headers, body) = (&pairs, &body);
                Doing::Device(DeviceRequest { site, method, url, headers, body, ip })
            }
            "sync_session" => Doing::SyncSession(request),
            "confirm_sale" => Doing::ConfirmSale { site, call_id: bound.resolve(text("call_id")) },
            "erase" => {
                Doing::Erase { site, fingerprint: Fingerprint::new(text("fingerprint")).unwrap() }
            }
            "take_conversions" => Doing::TakeConversions { site, limit: limit() },
            "finish_conversion" => {
                let job = usize::try_from(step["job"].as_u64().unwrap()).unwrap();
                Doing::FinishConversion { job: &jobs[job], result: ending(step) }
            }
            "purge" => Doing::Purge { limit: limit() },
            "set_site" => Doing::SetSite { site, json: step["site_config"].to_string() },
            "remove_site" => Doing::RemoveSite { site },
            other => panic!("{other}"),
        };
        match gate(doing, step) {
            Some(decision) => {
                let about = format!("{} step {index}", case["name"]);
                bound.check(&decision, &step["expect"], &about);
                jobs.extend_from_slice(decision.conversions());
            }
            None => assert!(step["expect"].is_null()),
        }
    }
}

/// What comes of it.
pub fn decide<S: Perform, K: Clock>(gate: &Gate<S, K>, doing: Doing<'_>) -> Option<Decision> {
    Some(match doing {
        Doing::CallEvent(request) => gate.call_event(&request, None),
        Doing::Admit(request, settle) => match (gate.admit(&request, None), settle) {
            (Err(refused), _) => refused,
            (Ok(admission), Some("commit")) => admission.commit(None),
            (Ok(admission), Some("release")) => admission.release(None),
            (Ok(admission), Some(other)) => panic!("{other}, of {admission:?}"),
            (Ok(admission), None) => crashed(admission.decision().clone(), admission),
        },
        Doing::Device(request) => gate.device(&request, None),
        Doing::SyncSession(request) => gate.sync_session(&request, None),
        Doing::ConfirmSale { site, call_id } => gate.confirm_sale(site, &call_id, None),
        Doing::Erase { site, fingerprint } => gate.erase(site, fingerprint, None),
        Doing::TakeConversions { site, limit } => gate.take_conversions(site, limit, None),
        Doing::FinishConversion { job, result } => gate.finish_conversion(job, result, None),
        Doing::Purge { limit } => gate.purge(limit, None),
        Doing::SetSite { site, json } => {
            gate.set_site(site, json.as_bytes()).unwrap();
            return None;
        }
        Doing::RemoveSite { site } => {
            gate.remove_site(site).unwrap();
            return None;
        }
    })
}

/// The same of a gate that is waited for, over stores that never wait.
pub fn decide_async<S: AsyncPerform, K: Clock + Sync, T: Timer>(
    gate: &AsyncGate<S, K, T>,
    doing: Doing<'_>,
) -> Option<Decision> {
    Some(match doing {
        Doing::CallEvent(request) => ready(gate.call_event(&request, None)),
        Doing::Admit(request, settle) => match (ready(gate.admit(&request, None)), settle) {
            (Err(refused), _) => refused,
            (Ok(admission), Some("commit")) => ready(admission.commit(None)),
            (Ok(admission), Some("release")) => ready(admission.release(None)),
            (Ok(admission), Some(other)) => panic!("{other}, of {admission:?}"),
            (Ok(admission), None) => crashed(admission.decision().clone(), admission),
        },
        Doing::Device(request) => ready(gate.device(&request, None)),
        Doing::SyncSession(request) => ready(gate.sync_session(&request, None)),
        Doing::ConfirmSale { site, call_id } => ready(gate.confirm_sale(site, &call_id, None)),
        Doing::Erase { site, fingerprint } => ready(gate.erase(site, fingerprint, None)),
        Doing::TakeConversions { site, limit } => ready(gate.take_conversions(site, limit, None)),
        Doing::FinishConversion { job, result } => ready(gate.finish_conversion(job, result, None)),
        Doing::Purge { limit } => ready(gate.purge(limit, None)),
        Doing::SetSite { site, json } => {
            gate.set_site(site, json.as_bytes()).unwrap();
            return None;
        }
        Doing::RemoveSite { site } => {
            gate.remove_site(site).unwrap();
            return None;
        }
    })
}

/// Written by hand, and drawn at random.
const FILES: [&str; 2] = ["sequences", "random"];

fn run_all(mut case: impl FnMut(&Value)) {
    FILES.into_iter().for_each(|name| run(name, &mut case));
}

#[test]
fn sequences() {
    run_all(|case| {
        play(case, |config, clock| {
            let gate = Gate::in_memory(config, clock).unwrap();
            move |doing, _| decide(&gate, doing)
        });
    });
}

#[test]
fn sequences_through_the_asynchronous_driver() {
    run_all(|case| {
        play(case, |config, clock| {
            let stores = Stores::memory(&config.common().caps);
            let gate = AsyncGate::new(config, stores, clock, NoTimer).unwrap();
            move |doing, _| decide_async(&gate, doing)
        });
    });
}
