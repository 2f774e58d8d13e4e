//! A run: gates, stores, requests on their way, and what each op does to them.

use super::{
    ledger::{Heard, Held, Ledger},
    plan::{Delivery, Fate, Op},
};
use crate::{
    asked::{Action, Asked, What},
    model::monitor::{Order, Trail},
    world::{self, after_noon, event_body, site_json, statement},
};
use consentgate::{Memory, Perform, Stores};
use consentgate_core::{
    Conversion, ConversionResult, Decision, Engine, Outcome, Reply, StoreError, StoreErrorKind,
    Timestamp,
    flow::{Flow, Step},
    ids::{CallId, Pseudonym, SignatureHash},
    stores::{AdmitReply, Done, PutReply, SettleReply},
};
use serde_json::json;

/// The keys that a site lists over time; each goes with the one before.
const LISTINGS: [&[u8]; 4] = [&[1], &[1, 2], &[2], &[2, 3]];
const PEOPLE: u8 = 4;
const EVENTS: u8 = 32;
const GATES: usize = 5;
const PLACES: usize = 3;
const BOTH: &[&str] = &["analytics", "marketing"];
/// Most statements grant; else nothing would ever be recorded.
const SCOPES: [&[&str]; 8] = [BOTH, BOTH, BOTH, BOTH, BOTH, &["analytics"], &["analytics"], &[]];
/// The most claims a site may have; so few that a flood meets the bound.
const CLAIMS: u64 = 400;

/// A law that was broken.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The law, and how.
    pub law: &'static str,
    /// The place of the op at which it was seen.
    pub at: usize,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Ops performed.
    pub ops: u64,
    /// Requests performed by stores.
    pub requests: u64,
    /// Answers given.
    pub answers: u64,
    /// Of these, events accepted.
    pub accepted: u64,
    /// And duplicates.
    pub duplicates: u64,
}

/// A fault that is put between gates and stores, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Seeded {
    VersionIsNotCompared,
    RowsAreNotUnique,
    HeldIsAnsweredAsDone,
    BucketsGiveAlways,
    FloorsAreForgotten,
    WithdrawalsAreDropped,
    RefusedForGood,
    FailoverOfCalls,
}

struct Gate {
    engine: Engine,
    listing: usize,
    skew_ms: i64,
}

/// A flow on its way.
struct Running {
    flow: Box<dyn Flow>,
    gate: usize,
    trail: Trail,
    order: Order,
    heard: Heard,
    about: About,
    /// What it waits for.
    asked: Option<Asked>,
}

#[derive(Clone)]
enum About {
    Event { event: (String, String), forged: bool },
    Statement { person: u8, takes: Vec<&'static str>, at: Timestamp },
    Jobs,
    Other,
}

struct Sim {
    gates: Vec<Gate>,
    stores: Stores,
    log: Vec<(Asked, Timestamp)>,
    now_ms: i64,
    off: [bool; PLACES],
    flows: Vec<Running>,
    late: Vec<Asked>,
    sent: Vec<Option<world::Pairs>>,
    /// Person, scopes, date, and when it first arrived.
    said: Vec<(u8, u8, i64, Option<Timestamp>)>,
    jobs: Vec<Conversion>,
    ledger: Ledger,
    people: Vec<Pseudonym>,
    numbers: u64,
    seeded: Option<Seeded>,
    tally: Tally,
}

/// Performs all ops, then lets an honest sender try each event.
///
/// # Errors
/// The first law that is broken.
pub fn run(ops: &[Op], seeded: Option<Seeded>) -> Result<Tally, Broken> {
    let mut sim = Sim::new(seeded);
    for (at, op) in ops.iter().enumerate() {
        sim.tally.ops += 1;
        sim.perform(*op).and_then(|()| sim.bounded()).map_err(|law| Broken { law, at })?;
    }
    sim.heal().map_err(|law| Broken { law, at: ops.len().saturating_sub(1) })?;
    Ok(sim.tally)
}

impl Sim {
    fn new(seeded: Option<Seeded>) -> Self {
        let mut a = site_json(LISTINGS[0]);
        a["rate"] = json!({"capacity": 3, "per_minute": 6});
        let config = json!({
            "sites": {"a": a, "b": site_json(&[101])},
            "conversion": {"delay_s": 30, "lease_s": 60},
            "caps": {"claims_per_site_max": CLAIMS},
        });
        let engine = world::engine(&config);
        let caps = engine.common().caps;
        let people = Memory::new(&caps);
        let stores = Stores { admission: Memory::new(&caps), sessions: people.clone(), calls: people };
        let gate = |_| Gate { engine: engine.clone(), listing: 0, skew_ms: 0 };
        Self {
            gates: (0..GATES).map(gate).collect(),
            stores,
            log: Vec::new(),
            now_ms: 0,
            off: [false; PLACES],
            flows: Vec::new(),
            late: Vec::new(),
            sent: vec![None; usize::from(EVENTS)],
            said: Vec::new(),
            jobs: Vec::new(),
            ledger: Ledger::default(),
            people: (0..PEOPLE).map(|person| pseudonym(&engine, person)).collect(),
            numbers: 0,
            seeded,
            tally: Tally::default(),
        }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    fn clock(&self, gate: usize) -> Timestamp {
        after_noon(self.now_ms + self.gates[gate].skew_ms)
    }

    fn store_clock(&self) -> Timestamp {
        after_noon(self.now_ms)
    }

    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    fn perform(&mut self, op: Op) -> Held {
        match op {
            Op::Send { gate, event, how } => self.send(usize::from(gate) % GATES, event % EVENTS, how),
            Op::Say { gate, person, scopes, ago_ms } => {
                let gate = usize::from(gate) % GATES;
                let at = self.now_ms - i64::from(ago_ms);
                self.said.push((person % PEOPLE, scopes % 8, at, None));
                self.say(gate, self.said.len() - 1)
            }
            Op::SayAgain { gate, which } => match self.said.len() {
                0 => Ok(()),
                count => self.say(usize::from(gate) % GATES, usize::from(which) % count),
            },
            Op::Sell { gate, which } => self.sell(usize::from(gate) % GATES, usize::from(which)),
            Op::Take { gate, finish } => self.take(usize::from(gate) % GATES, finish),
            Op::Step { flow, fate } => match self.flows.len() {
                0 => Ok(()),
                count => self.step(usize::from(flow) % count, fate),
            },
            Op::Arrive { which } => match self.late.len() {
                0 => Ok(()),
                count => {
                    let asked = self.late.swap_remove(usize::from(which) % count);
                    self.ask(&asked).map(drop)
                }
            },
            Op::Pass { ms } => {
                self.now_ms += i64::from(ms);
                Ok(())
            }
            Op::Step10 { gate, ms } => {
                self.gates[usize::from(gate) % GATES].skew_ms = i64::from(ms);
                Ok(())
            }
            Op::Cut { place, off } => {
                self.off[usize::from(place) % PLACES] = off;
                Ok(())
            }
            Op::FailOver { lost } => self.fail_over(usize::from(lost)),
            Op::Rotate { gate } => {
                self.rotate(usize::from(gate) % GATES);
                Ok(())
            }
            Op::Flood { gate, events } => self.flood(usize::from(gate) % GATES, events),
            Op::Purge => {
                let now = self.store_clock();
                let mut flow = self.gates[0].engine.purge(50);
                while let Some(effect) = flow.pending() {
                    let reply = self.stores.perform(&effect, now);
                    let _ = flow.feed(reply, now);
                }
                Ok(())
            }
        }
    }

    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    fn send(&mut self, gate: usize, event: u8, how: Delivery) -> Held {
        let now = self.clock(gate);
        let keys = LISTINGS[self.gates[gate].listing];
        let body = event_body(&format!("person-{}", event % PEOPLE));
        let anew = world::signed("standard-webhooks", &format!("e{event}"), &body, now, keys);
        let known = self.sent[usize::from(event)].clone().unwrap_or_else(|| anew.clone());
        let mut headers = match how {
            Delivery::Anew | Delivery::Forged => anew,
            Delivery::Copy | Delivery::Respelled => known,
            Delivery::StrippedToFirst => world::stripped(known, false),
            Delivery::StrippedToLast => world::stripped(known, true),
        };
        if how == Delivery::Anew {
            self.sent[usize::from(event)] = Some(headers.clone());
        }
        if how == Delivery::Respelled && let Some(tags) = headers.last_mut() {
            tags.1 = format!("v2,x {} {0}", tags.1);
        }
        let forged = how == Delivery::Forged;
        if forged {
            headers = world::signed("standard-webhooks", &format!("e{event}"), &body, now, &[77]);
        }
        let number = self.number();
        let flow = world::call(&self.gates[gate].engine, "a", &headers, &body, number, now);
        let event = ("a".to_owned(), format!("e{event}"));
        self.begin(Box::new(flow), gate, Order::EVENT, About::Event { event, forged })
    }

    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    fn say(&mut self, gate: usize, which: usize) -> Held {
        let now = self.clock(gate);
        let (person, scopes, at_ms, _) = self.said[which];
        // A copy says no more than what it is a copy of, and counts from when that came.
        let first = self.said[which].3.get_or_insert(now);
        let at = after_noon(at_ms).min(*first);
        let scopes = SCOPES[usize::from(scopes)];
        let body = statement(&format!("person-{person}"), scopes, after_noon(at_ms));
        let number = self.number();
        let flow = world::sync(&self.gates[gate].engine, "a", &body, number, now);
        let takes = BOTH.iter().filter(|scope| !scopes.contains(scope)).copied().collect();
        let about = About::Statement { person, takes, at };
        self.begin(Box::new(flow), gate, Order::STATEMENT, about)
    }

    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    fn sell(&mut self, gate: usize, which: usize) -> Held {
        let calls = self.ledger.calls();
        let Some(call) = calls.get(which % calls.len().max(1)) else { return Ok(()) };
        let flow = self.gates[gate].engine.confirm_sale("a", &call.to_hex());
        self.begin(Box::new(flow), gate, Order::SALE, About::Other)
    }

    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    fn take(&mut self, gate: usize, finish: bool) -> Held {
        if finish {
            let Some(job) = self.jobs.pop() else { return Ok(()) };
            let flow = self.gates[gate].engine.finish_conversion(&job, ConversionResult::Sent);
            return self.begin(Box::new(flow), gate, Order::ANY, About::Other);
        }
        let (now, number) = (self.clock(gate), self.number());
        let engine = &self.gates[gate].engine;
        let flow = engine.take_conversions("a", 3, || world::unique(number), now);
        self.begin(Box::new(flow), gate, Order::ANY, About::Jobs)
    }

    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    fn rotate(&mut self, gate: usize) {
        // No gate is more than one list ahead of another: each new key is known everywhere before it signs alone.
        let slowest = self.gates.iter().map(|gate| gate.listing).min().unwrap_or(0);
        let now = self.clock(gate);
        let own = &mut self.gates[gate];
        if own.listing > slowest || own.listing + 1 >= LISTINGS.len() {
            return;
        }
        own.listing += 1;
        let mut site = site_json(LISTINGS[own.listing]);
        site["rate"] = json!({"capacity": 3, "per_minute": 6});
        if let Ok(engine) = own.engine.with_site("a", site.to_string().as_bytes(), now) {
            own.engine = engine;
        }
    }

    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    fn flood(&mut self, gate: usize, events: u8) -> Held {
        let now = self.clock(gate);
        for _ in 0..events {
            let number = self.number();
            let body = event_body(&format!("stranger-{number}"));
            let id = format!("f{number}");
            let headers = world::signed("standard-webhooks", &id, &body, now, &[101]);
            let flow = world::call(&self.gates[gate].engine, "b", &headers, &body, number, now);
            let about = About::Event { event: ("b".to_owned(), id), forged: false };
            self.begin(Box::new(flow), gate, Order::EVENT, about)?;
            // Half of them are left lying where they are.
            while number % 2 == 0 && self.flows.last().is_some_and(|own| own.flow.pending().is_some()) {
                let last = self.flows.len() - 1;
                let count = self.flows.len();
                self.step(last, Fate::Done)?;
                if self.flows.len() < count {
                    break;
                }
            }
            self.flows.truncate(60);
        }
        Ok(())
    }

    fn begin(&mut self, flow: Box<dyn Flow>, gate: usize, order: Order, about: About) -> Held {
        let (trail, heard) = (Trail::default(), Heard::default());
        let mut running = Running { flow, gate, trail, order, heard, about, asked: None };
        match running.flow.start() {
            Step::Done(decision) => self.answered(running, &decision),
            Step::Need(effect) => {
                let asked = Asked::of(&effect);
                running.goes_on(asked)?;
                self.flows.push(running);
                Ok(())
            }
        }
    }

    #[expect(clippy::indexing_slicing, reason = "the places of gates are their own")]
    fn step(&mut self, at: usize, fate: Fate) -> Held {
        let place = self.flows[at].gate % PLACES;
        let fate = match fate {
            Fate::Done | Fate::Doubled if self.off[place] => Fate::Lost,
            fate => fate,
        };
        let mut running = self.flows.swap_remove(at);
        let Some(asked) = running.asked.take() else { return Ok(()) };
        let failed = |kind| asked.effect().failed(StoreError::new(kind));
        let reply = match fate {
            Fate::Done => self.ask(&asked)?,
            Fate::Doubled => {
                let first = self.ask(&asked)?;
                self.ask(&asked)?;
                first
            }
            Fate::Unwritten => {
                asked.effect().failed(StoreError::new(StoreErrorKind::Failed).and_nothing_written())
            }
            Fate::Lost => failed(StoreErrorKind::TimedOut),
            Fate::Delayed => {
                let reply = failed(StoreErrorKind::TimedOut);
                self.late.push(asked);
                reply
            }
            Fate::ReplyLost => {
                self.ask(&asked)?;
                failed(StoreErrorKind::TimedOut)
            }
            Fate::Crash => return Ok(()),
            Fate::CrashAfter => return self.ask(&asked).map(drop),
            Fate::Abort => {
                let given_back = running.flow.abort().map(|effect| Asked::of(&effect));
                self.late.push(asked);
                return given_back.map_or(Ok(()), |asked| self.ask(&asked).map(drop));
            }
        };
        let now = self.clock(running.gate);
        running.heard.hears(&reply);
        running.trail = running.trail.heard(&reply);
        let step = match running.flow.feed(reply.clone(), now) {
            Step::Done(decision) => Err(decision),
            Step::Need(effect) => Ok(Asked::of(&effect)),
        };
        match step {
            Ok(asked) => {
                if let What::Settle { action: Action::Commit(Done::Refused, _), .. } = &asked.what
                    && let About::Event { event, .. } = &running.about
                {
                    self.ledger.refused.insert(event.clone());
                }
                running.goes_on(asked)?;
                self.flows.push(running);
                Ok(())
            }
            Err(decision) => self.answered(running, &decision),
        }
    }

    /// A request is performed by its store.
    fn ask(&mut self, asked: &Asked) -> Result<Reply, &'static str> {
        self.tally.requests += 1;
        let now = self.store_clock();
        let mut asked = asked.clone();
        let early = self.spoil(&mut asked, now);
        let reply = early.unwrap_or_else(|| self.stores.perform(&asked.effect(), now));
        let reply = match (&reply, self.seeded) {
            (Reply::Admit(Ok(AdmitReply::Held { .. })), Some(Seeded::HeldIsAnsweredAsDone)) => {
                Reply::Admit(Ok(AdmitReply::Done(Done::Accepted(CallId::from_bytes([1; 16])))))
            }
            _ => reply,
        };
        if matches!(asked.what, What::Admit { .. } | What::Settle { .. }) {
            self.log.push((asked.clone(), now));
        }
        self.ledger.performed(&asked, &reply, now)?;
        if let (What::Settle { action: Action::Release(refund), .. }, Reply::Settle(Ok(SettleReply::Settled))) =
            (&asked.what, &reply)
        {
            refund.iter().for_each(|bucket| self.ledger.refunded(bucket.key));
        }
        Ok(reply)
    }

    /// What a seeded fault makes of a request.
    fn spoil(&mut self, asked: &mut Asked, now: Timestamp) -> Option<Reply> {
        let number = self.numbers;
        match (self.seeded?, &mut asked.what) {
            (Seeded::VersionIsNotCompared, What::Record(recorded)) => recorded.session_version = None,
            (Seeded::RowsAreNotUnique, What::Record(recorded)) => {
                let mut nameless = recorded.clone();
                let other = SignatureHash::from_hex(&format!("{number:064x}"));
                nameless.signature_hash = other.unwrap_or(recorded.signature_hash);
                nameless.event_id = None;
                let asked = Asked { site: asked.site.clone(), what: What::Record(nameless) };
                return Some(self.stores.perform(&asked.effect(), now));
            }
            (Seeded::BucketsGiveAlways, What::Admit { buckets, .. }) => {
                let real = buckets.clone();
                buckets.clear();
                let reply = self.stores.perform(&asked.effect(), now);
                if let What::Admit { buckets, .. } = &mut asked.what {
                    *buckets = real;
                }
                return Some(reply);
            }
            (Seeded::FloorsAreForgotten, What::Put { floor, .. }) => *floor = None,
            (Seeded::WithdrawalsAreDropped, What::Put { narrowing: true, .. }) => {
                return Some(Reply::PutSession(Ok(PutReply::Stored)));
            }
            (Seeded::RefusedForGood, What::Settle { action, .. }) => {
                if let Action::Release(_) = action {
                    *action = Action::Commit(Done::Refused, consentgate_core::Millis(600_000));
                }
            }
            _ => {}
        }
        None
    }

    /// The stores' bounds (law 9), and that another site's flood takes nothing from this one (law 8).
    fn bounded(&self) -> Held {
        let claims = self.stores.admission.usage().claims;
        if claims > 2 * CLAIMS {
            return Err("law 9: there are more claims than the bounds of both sites");
        }
        Ok(())
    }

    #[expect(clippy::indexing_slicing, reason = "people are numbered")]
    fn answered(&mut self, running: Running, decision: &Decision) -> Held {
        self.tally.answers += 1;
        if format!("{decision:?}").contains("person-") {
            return Err("law 12: a decision shows a fingerprint");
        }
        self.jobs.extend(decision.conversions().iter().cloned());
        match running.about {
            About::Event { event, forged } => {
                let unauthenticated = decision.status() == 401;
                if forged && (!unauthenticated || running.trail.has_begun()) {
                    return Err("law 2: a forged event was more than refused");
                }
                self.tally.accepted += u64::from(decision.outcome() == Outcome::Accepted);
                self.tally.duplicates += u64::from(decision.outcome() == Outcome::Noop);
                let full = decision.reason() == consentgate_core::Reason::Overloaded;
                if event.0 == "a" && full {
                    return Err("law 8: a site has no room because of another's flood");
                }
                self.ledger.answered(&event, decision, running.heard)
            }
            About::Statement { person, takes, at } => {
                let counts = matches!(decision.outcome(), Outcome::Accepted | Outcome::NoConsent);
                let person = self.people[usize::from(person)];
                if counts { self.ledger.withdrew(person, &takes, at) } else { Ok(()) }
            }
            About::Jobs | About::Other => Ok(()),
        }
    }

    /// The store of admissions is replaced by a copy that lacks its last effects.
    #[expect(clippy::indexing_slicing, reason = "no longer than the log")]
    fn fail_over(&mut self, lost: usize) -> Held {
        let caps = self.gates[0].engine.common().caps;
        let admission = Memory::new(&caps);
        self.log.truncate(self.log.len().saturating_sub(lost % 32));
        self.stores.admission = admission;
        for (asked, at) in &self.log {
            let _ = self.stores.perform(&asked.effect(), *at);
        }
        self.ledger.bursts += 1;
        if self.seeded == Some(Seeded::FailoverOfCalls) {
            let people = Memory::new(&caps);
            self.stores.sessions = people.clone();
            self.stores.calls = people;
        }
        Ok(())
    }

    /// All is well again; an honest sender tries each event of this site until it has an answer that is final.
    #[expect(clippy::indexing_slicing, reason = "events are numbered")]
    fn heal(&mut self) -> Held {
        self.off = [false; PLACES];
        for gate in 0..GATES {
            self.gates[gate].skew_ms = 0;
        }
        for _ in 0..GATES * LISTINGS.len() {
            let slowest = (0..GATES).min_by_key(|gate| self.gates[*gate].listing).unwrap_or(0);
            self.rotate(slowest);
        }
        while !self.late.is_empty() {
            self.perform(Op::Arrive { which: 0 })?;
        }
        self.flows.clear();
        for event in 0..EVENTS {
            let mut last = None;
            for attempt in 0..10_u8 {
                let decision = self.deliver(usize::from(event + attempt) % GATES, event)?;
                let wait = decision.retry_after().unwrap_or(1);
                let ends = !matches!(decision.outcome(), Outcome::Rejected | Outcome::Unavailable);
                last = Some(decision);
                if ends {
                    break;
                }
                self.now_ms += i64::try_from(wait).unwrap_or(1) * 1000;
            }
            let consented = self.ledger.records(self.people[usize::from(event % PEOPLE)]);
            if let Some(decision) = last {
                self.ledger.ended(&("a".to_owned(), format!("e{event}")), &decision, consented)?;
            }
        }
        Ok(())
    }

    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    fn deliver(&mut self, gate: usize, event: u8) -> Result<Decision, &'static str> {
        let now = self.clock(gate);
        let body = event_body(&format!("person-{}", event % PEOPLE));
        let keys = LISTINGS[self.gates[gate].listing];
        let headers = world::signed("standard-webhooks", &format!("e{event}"), &body, now, keys);
        let number = self.number();
        let mut flow = world::call(&self.gates[gate].engine, "a", &headers, &body, number, now);
        let mut step = match flow.start() {
            Step::Done(decision) => return Ok(decision),
            Step::Need(effect) => Asked::of(&effect),
        };
        loop {
            let reply = self.ask(&step)?;
            step = match flow.feed(reply, now) {
                Step::Done(decision) => return Ok(decision),
                Step::Need(effect) => Asked::of(&effect),
            };
        }
    }
}

impl Running {
    fn goes_on(&mut self, asked: Asked) -> Held {
        let (trail, fault) = self.trail.asks(self.order, &asked);
        self.trail = trail;
        self.asked = Some(asked);
        fault.map_or(Ok(()), Err)
    }
}

/// The name of a person, as a flow about that person gives it.
fn pseudonym(engine: &Engine, person: u8) -> Pseudonym {
    let body = statement(&format!("person-{person}"), &[], after_noon(0));
    let flow = world::sync(engine, "a", &body, 0, after_noon(0));
    match flow.pending() {
        Some(consentgate_core::Effect::FindSession(find)) => find.pseudonym,
        _ => Pseudonym::from_bytes([0; 16]),
    }
}
