//! What is answered, and what an honest sender comes to when all is well again.

use super::{
    About, DEVICES, EVENTS, GATES, HOOKS, Held, LISTINGS, Op, PEOPLE, PLACES, Running, Sim, Tally,
};
use crate::{
    asked::Asked,
    simulator::plan::{Delivery, Fate},
    tenants::Attempt,
    world::{self, event_body},
};
use consentgate_core::{
    Decision, Outcome, Reason,
    flow::{Flow, Step},
};

impl Sim {
    #[expect(clippy::indexing_slicing, reason = "people are numbered")]
    pub(super) fn answered(&mut self, running: Running, decision: &Decision) -> Held {
        self.tally.answers += 1;
        if format!("{decision:?}").contains("person-") {
            return Err("law 12: a decision shows a fingerprint");
        }
        self.signer_tries(&running, decision)?;
        self.jobs.extend(decision.conversions().iter().cloned());
        // What a failover lost is not known of it any more.
        let known = running.failovers == self.ledger.bursts;
        let name = running.name.as_ref().filter(|_| known);
        match running.about {
            About::Event { event, forged } => {
                let unauthenticated = decision.status() == 401;
                if forged && (!unauthenticated || running.trail.has_begun()) {
                    return Err("law 2: a forged event was more than refused");
                }
                self.tally.accepted += u64::from(decision.outcome() == Outcome::Accepted);
                self.tally.duplicates += u64::from(decision.outcome() == Outcome::Noop);
                let full = decision.reason() == Reason::Overloaded;
                if event.0 == "a" && full {
                    return Err("law 8: a site has no room because of another's flood");
                }
                self.ledger.answered(&event, decision, running.heard)
            }
            About::Webhook { forged } | About::Device { forged }
                if forged && (decision.status() != 401 || running.trail.has_begun()) =>
            {
                Err("law 2: a forged request was more than refused")
            }
            About::Webhook { .. } | About::Device { .. }
                if decision.reason() == Reason::Overloaded =>
            {
                Err("law 8: a site has no room because of another's flood")
            }
            About::Webhook { .. } => {
                self.tally.committed += u64::from(decision.outcome() == Outcome::Accepted);
                self.tally.duplicates += u64::from(decision.outcome() == Outcome::Noop);
                self.ledger.worked(name, decision, running.heard)
            }
            About::Device { .. } => {
                self.tally.authenticated += u64::from(decision.outcome() == Outcome::Accepted);
                self.ledger.asked(name, decision, running.heard)
            }
            About::Statement { person, takes, at } => {
                let counts = matches!(decision.outcome(), Outcome::Accepted | Outcome::NoConsent);
                let person = self.people[usize::from(person)];
                if counts { self.ledger.withdrew(person, &takes, at) } else { Ok(()) }
            }
            About::Jobs | About::Other => Ok(()),
        }
    }

    /// Whoever signed what was let in tries something at a tenant: all there is, in turn.
    #[expect(clippy::indexing_slicing, reason = "gates are numbered")]
    #[expect(clippy::cast_possible_truncation, reason = "numbers that go round")]
    fn signer_tries(&mut self, running: &Running, decision: &Decision) -> Held {
        if decision.signer().is_none() {
            return Ok(());
        }
        let tenant = if let About::Event { event, .. } = &running.about { &event.0 } else { "a" };
        let turn = self.tally.answers;
        let [named, need, operation] = [turn, turn / 12, turn / 72].map(|turn| turn as u8);
        let attempt = Attempt { who: 0, named, need, operation };
        let (engine, now) = (&self.gates[running.gate].engine, self.clock(running.gate));
        self.host.signed(engine, decision, tenant, attempt, now)
    }

    /// All is well again; an honest sender tries each event of this site until it has an answer that is final.
    #[expect(clippy::indexing_slicing, reason = "events are numbered")]
    pub(super) fn heal(&mut self) -> Held {
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
        for hook in 0..HOOKS {
            self.honest(|sim, gate| sim.hook(gate, hook, Delivery::Anew))?;
        }
        for device in 0..DEVICES {
            // Signed now, give or take what devices' clocks do.
            self.honest(|sim, gate| sim.device(gate, 128 + device, Delivery::Anew))?;
        }
        self.host.reconciled()
    }

    /// An honest sender of a webhook, whose host does the work, or a device that signs anew each time.
    fn honest(&mut self, send: impl Fn(&mut Self, usize) -> Held) -> Held {
        let gets_in = |tally: Tally| tally.committed + tally.duplicates + tally.authenticated;
        for attempt in 0..10 {
            let before = gets_in(self.tally);
            send(self, attempt % GATES)?;
            while !self.flows.is_empty() {
                self.step(0, Fate::Done)?;
            }
            if gets_in(self.tally) > before {
                return Ok(());
            }
            self.now_ms += 15_000;
        }
        Err("law 4: an honest webhook or device never gets in")
    }

    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    pub(super) fn deliver(&mut self, gate: usize, event: u8) -> Result<Decision, &'static str> {
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
