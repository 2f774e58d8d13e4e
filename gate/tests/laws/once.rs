//! Laws 3 and 4: at most one row and one job for an event, and no event lost, under any interleaving of deliveries
//! that crash, lose replies and meet moving clocks and keys.

use crate::{
    order::{Fault, fault, spoilt},
    world::{Pairs, World, answer, body, cases, config_json, secs, signed, site_id, site_json},
};
use consentgate::{
    Decision, Effect, Outcome, Reason, Reply,
    core::{
        flow::{CallEvent, Flow},
        stores::FindCall,
    },
    ids::CallId,
};
use proptest::prelude::*;

const EVENTS: usize = 3;
/// The first person granted all, the second no marketing.
const PEOPLE: [&str; 2] = ["all", "analytics"];

#[derive(Clone, Debug)]
enum Op {
    /// A delivery begins: newly signed, or a copy of an earlier one; signed by all keys, or by the newest alone.
    Start {
        event: usize,
        copy: bool,
        newest: bool,
    },
    Step {
        flow: usize,
        fault: Fault,
    },
    /// The process dies, or the caller goes away and what is held is given back.
    End {
        flow: usize,
        gives_back: bool,
    },
    Clock {
        ms: i64,
    },
    Rotate,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (0..EVENTS, any::<bool>(), any::<bool>())
            .prop_map(|(event, copy, newest)| Op::Start { event, copy, newest }),
        10 => (0..8_usize, fault()).prop_map(|(flow, fault)| Op::Step { flow, fault }),
        1 => (0..8_usize, any::<bool>()).prop_map(|(flow, gives_back)| Op::End { flow, gives_back }),
        1 => (-40_000..40_000_i64).prop_map(|ms| Op::Clock { ms }),
        1 => Just(Op::Rotate),
    ]
}

/// The keys that a site lists over time; each listing goes with the one before.
const LISTINGS: [&[u8]; 4] = [&[1], &[1, 2], &[2], &[2, 3]];

struct Sender {
    world: World,
    listing: usize,
    flows: Vec<(usize, CallEvent<'static>)>,
    /// Every id that a call of this event could have been given.
    call_ids: Vec<(usize, CallId)>,
    sent: Vec<Option<Pairs>>,
}

impl Sender {
    fn new() -> Self {
        let mut config = config_json();
        config["sites"]["a"]["rate"] = serde_json::json!({"capacity": 1000, "per_minute": 1000});
        let world = World::new(&config);
        world.grant("a", PEOPLE[0], &["analytics", "marketing"]);
        world.grant("a", PEOPLE[1], &["analytics"]);
        let sent = vec![None; EVENTS];
        Self { world, listing: 0, flows: Vec::new(), call_ids: Vec::new(), sent }
    }

    fn start(&mut self, event: usize, copy: bool, newest: bool) -> CallEvent<'static> {
        let body = body(PEOPLE[event % 2]);
        let keys = LISTINGS[self.listing];
        let keys = if newest { &keys[keys.len() - 1..] } else { keys };
        let fresh = signed(&format!("e{event}"), &body, self.world.now, keys);
        let headers = match &self.sent[event] {
            Some(sent) if copy => sent.clone(),
            _ => fresh,
        };
        self.sent[event] = Some(headers.clone());
        let call_id = self.world.next_call_id();
        let flow = self.world.call("a", &headers, &body);
        // Only a verified event can become a call.
        if self.world.next_call_id() != call_id {
            self.call_ids.push((event, call_id));
        }
        flow
    }

    fn perform(&mut self, op: Op) -> Option<Decision> {
        match op {
            Op::Start { event, copy, newest } => {
                let flow = self.start(event, copy, newest);
                self.flows.push((event, flow));
            }
            Op::Step { flow, fault } if !self.flows.is_empty() => {
                let place = flow % self.flows.len();
                let flow = &mut self.flows[place].1;
                let (stores, now) = (&self.world.stores, self.world.now);
                let reply = flow.pending().map(|effect| spoilt(fault, &effect, stores, now));
                let done = match reply {
                    Some(reply) => answer(flow.feed(reply, now)),
                    None => answer(flow.start()),
                };
                if done.is_some() {
                    self.flows.swap_remove(place);
                }
                return done;
            }
            Op::End { flow, gives_back } if !self.flows.is_empty() => {
                let (_, mut flow) = self.flows.swap_remove(flow % self.flows.len());
                if let Some(effect) = flow.abort().filter(|_| gives_back) {
                    let _ = spoilt(Fault::None, &effect, &self.world.stores, self.world.now);
                }
            }
            Op::Clock { ms } => {
                let (now, span) = (self.world.now, consentgate::Millis(ms.unsigned_abs()));
                self.world.now = if ms < 0 { now.minus(span) } else { now.plus(span) };
            }
            Op::Rotate => {
                self.listing = (self.listing + 1).min(LISTINGS.len() - 1);
                self.world.set_site("a", &site_json(LISTINGS[self.listing]));
            }
            Op::Step { .. } | Op::End { .. } => {}
        }
        None
    }

    /// A sender that means well: signs anew, waits as long as it is told, and tries again.
    fn deliver(&mut self, event: usize) -> Decision {
        for _ in 0..4 {
            let flow = self.start(event, false, false);
            let decision = self.world.run(flow);
            match decision.outcome() {
                Outcome::Accepted | Outcome::Noop => return decision,
                _ => self.world.forward(secs(decision.retry_after().unwrap_or(1))),
            }
        }
        panic!("an honest event is lost");
    }

    fn rows(&self, event: usize) -> Vec<CallId> {
        let site = site_id("a");
        let is_row = |call_id: CallId| {
            let find = Effect::FindCall(FindCall { site: &site, call_id });
            let reply = spoilt(Fault::None, &find, &self.world.stores, self.world.now);
            matches!(reply, Reply::FindCall(Ok(Some(_))))
        };
        let ids = self.call_ids.iter().filter(|(own, _)| *own == event).map(|(_, id)| *id);
        ids.filter(|id| is_row(*id)).collect()
    }
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn law_3_and_4_one_row_and_no_loss_under_any_interleaving(ops in prop::collection::vec(op(), 1..60)) {
        let mut sender = Sender::new();
        for op in ops {
            let answer = sender.perform(op);
            let duplicate = answer.filter(|answer| answer.reason() == Reason::Duplicate);
            if let Some(row) = duplicate.and_then(|duplicate| duplicate.call_id()) {
                let all: Vec<_> = (0..EVENTS).flat_map(|event| sender.rows(event)).collect();
                prop_assert!(all.contains(&row), "`duplicate` is answered only when the row was there");
            }
        }
        for event in 0..EVENTS {
            let call_id = sender.deliver(event).call_id().unwrap();
            prop_assert_eq!(sender.rows(event), vec![call_id], "one row, and the client knows it");
            let sale = sender.world.sale("a", call_id);
            let expected = if event % 2 == 0 { Reason::AlreadyEnqueued } else { Reason::Skipped };
            prop_assert_eq!(sale.reason(), expected, "a job if there was consent, and only then");
        }

        // Deliveries that were still on their way when all was decided change nothing any more.
        while !sender.flows.is_empty() {
            sender.perform(Op::Step { flow: 0, fault: Fault::None });
        }
        prop_assert_eq!(sender.world.stores.calls.usage().calls, EVENTS as u64);
    }
}

#[test]
fn law_4_no_claim_is_left_once_the_lease_is_over() {
    let mut world = World::new(&config_json());
    world.grant("a", "p", &["analytics"]);
    // Admitted, then the process died.
    let mut dead = world.event("a", "e", "p");
    crate::world::step(&mut dead, &world.stores, world.now);
    world.forward(secs(29));
    let held = world.run(world.event("a", "e", "p"));
    assert_eq!((held.reason(), held.retry_after()), (Reason::InFlight, Some(1)));
    world.forward(secs(1));
    assert_eq!(world.run(world.event("a", "e", "p")).reason(), Reason::Accepted);
}

#[test]
fn law_3_a_sale_that_keeps_its_call_longer_keeps_it_the_only_one() {
    let mut config = config_json();
    config["retention"] = serde_json::json!({"calls_s": 7200});
    config["conversion"] = serde_json::json!({"delay_s": 60});
    let mut world = World::new(&config);
    world.grant("a", "p", &["analytics"]);
    let first = world.run(world.event("a", "e", "p")).call_id().unwrap();
    world.forward(secs(3600));
    world.grant("a", "p", &["analytics", "marketing"]);
    assert_eq!(world.sale("a", first).reason(), Reason::Enqueued);
    // The call would be over by now, but its job keeps it; the claims are long forgotten.
    world.forward(secs(3601));
    let again = world.run(world.event("a", "e", "p"));
    assert_eq!((again.reason(), again.call_id()), (Reason::Duplicate, Some(first)));
}

#[test]
fn law_3_a_release_after_the_lease_leaves_the_next_owner_alone() {
    let mut world = World::new(&config_json());
    let mut late = world.event("a", "e", "p");
    crate::world::step(&mut late, &world.stores, world.now);
    world.forward(secs(30));
    let mut owner = world.event("a", "e", "p");
    crate::world::step(&mut owner, &world.stores, world.now);
    let release = late.abort().unwrap();
    let _ = spoilt(Fault::None, &release, &world.stores, world.now);
    // Signed anew: only the id tells that somebody is at work on it.
    world.forward(secs(1));
    assert_eq!(world.run(world.event("a", "e", "p")).reason(), Reason::InFlight, "FIELD 22");
}
