//! A run: gates, stores, requests on their way, and what each op does to them.

mod begin;
mod end;
mod step;

use super::{
    ledger::{Heard, Held, Ledger, Name, names},
    plan::Op,
};
use crate::{
    asked::{Asked, What},
    model::monitor::{Order, Trail},
    tenants::{self, Host, Mistake},
    world::{self, after_noon, site_json, statement},
};
use consentgate::{Memory, Perform, Stores};
use consentgate_core::{Conversion, Effect, Engine, Timestamp, flow::Flow, ids::Pseudonym};
use serde_json::{Value, json};

/// The keys that a site lists over time; each goes with the one before.
const LISTINGS: [&[u8]; 4] = [&[1], &[1, 2], &[2], &[2, 3]];
/// The generations of devices' secrets that go with them.
const GENERATIONS: [&[u64]; 4] = [&[0], &[0, 1], &[1], &[1, 2]];
const PEOPLE: u8 = 4;
const HOOKS: u8 = 8;
const DEVICES: u8 = 2;
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
    /// Webhooks whose work was committed.
    pub committed: u64,
    /// Requests of devices that were accepted.
    pub authenticated: u64,
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
    DatesAheadAreCut,
    WithdrawalsAreDropped,
    RefusedForGood,
    FailoverOfCalls,
    LateOwnersCommit,
    CommitsAreDropped,
    ReleasesAreDropped,
    NoncesAreForgotten,
    OwnTenantIsPassed,
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
    /// What it waits for; nothing while its host is at work.
    asked: Option<Asked>,
    /// The claim that every copy of it holds.
    name: Option<Name>,
    /// How often the store of admissions had failed over when it began.
    failovers: i64,
}

#[derive(Clone)]
enum About {
    Event { event: (String, String), forged: bool },
    Webhook { forged: bool },
    Device { forged: bool },
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
    hooked: Vec<Option<world::Pairs>>,
    /// What devices sent.
    device_sent: Vec<world::Pairs>,
    /// Person, scopes and date.
    said: Vec<(u8, u8, i64)>,
    jobs: Vec<Conversion>,
    ledger: Ledger,
    host: Host,
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
        let config = json!({
            "sites": {"a": site(0), "b": site_json(&[101])},
            "conversion": {"delay_s": 30, "lease_s": 60},
            "caps": {"claims_per_site_max": CLAIMS},
            "roles": tenants::roles(),
        });
        let mistake =
            (seeded == Some(Seeded::OwnTenantIsPassed)).then_some(Mistake::OwnTenantIsPassed);
        let engine = world::engine(&config);
        let caps = engine.common().caps;
        let people = Memory::new(&caps);
        let stores =
            Stores { admission: Memory::new(&caps), sessions: people.clone(), calls: people };
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
            hooked: vec![None; usize::from(HOOKS)],
            device_sent: Vec::new(),
            said: Vec::new(),
            jobs: Vec::new(),
            ledger: Ledger::default(),
            host: Host::new(mistake),
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
            Op::Send { gate, event, how } => {
                self.send(usize::from(gate) % GATES, event % EVENTS, how)
            }
            Op::Hook { gate, hook, how } => self.hook(usize::from(gate) % GATES, hook % HOOKS, how),
            Op::Ask { gate, which, how } => self.device(usize::from(gate) % GATES, which, how),
            Op::Say { gate, person, scopes, ago_ms } => {
                let gate = usize::from(gate) % GATES;
                let at = self.now_ms - i64::from(ago_ms);
                self.said.push((person % PEOPLE, scopes % 8, at));
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
            Op::Try { gate, attempt } => {
                let gate = usize::from(gate) % GATES;
                self.host.attempt(&self.gates[gate].engine, attempt, self.clock(gate))
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

    /// The stores' bounds (law 9), and that another site's flood takes nothing from this one (law 8).
    fn bounded(&self) -> Held {
        let claims = self.stores.admission.usage().claims;
        if claims > 2 * CLAIMS {
            return Err("law 9: there are more claims than the bounds of both sites");
        }
        Ok(())
    }
}

impl Running {
    fn goes_on(&mut self, asked: Asked) -> Held {
        if let What::Admit { claims, .. } = &asked.what {
            self.name = names(&asked, claims).pop();
        }
        let (trail, fault) = self.trail.asks(self.order, &asked);
        self.trail = trail;
        self.asked = Some(asked);
        fault.map_or(Ok(()), Err)
    }
}

/// A site as a place in the lists of keys has it.
#[expect(clippy::indexing_slicing, reason = "a member of an object that is made here")]
fn site(listing: usize) -> Value {
    let mut site = world::with_devices(site_json(LISTINGS[listing]), GENERATIONS[listing]);
    site["rate"] = json!({"capacity": 3, "per_minute": 6});
    site["admit_rate"] = json!({"capacity": 5, "per_minute": 30});
    site["devices"]["per_device"] = json!({"capacity": 3, "per_minute": 12});
    site["devices"]["per_ip"] = json!({"capacity": 6, "per_minute": 30});
    site
}

/// The name of a person, as a flow about that person gives it.
fn pseudonym(engine: &Engine, person: u8) -> Pseudonym {
    let body = statement(&format!("person-{person}"), &[], after_noon(0));
    let flow = world::sync(engine, "a", &body, 0, after_noon(0));
    match flow.pending() {
        Some(Effect::FindSession(find)) => find.pseudonym,
        _ => Pseudonym::from_bytes([0; 16]),
    }
}
