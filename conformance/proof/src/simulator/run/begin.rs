//! What is sent: events, statements, sales; and the keys that they are signed with.

use super::{About, BOTH, Held, LISTINGS, PEOPLE, Running, SCOPES, Sim};
use crate::{
    asked::Asked,
    model::monitor::{Order, Trail},
    simulator::{
        ledger::Heard,
        plan::{Delivery, Fate},
    },
    world::{self, after_noon, event_body, site_json, statement},
};
use consentgate_core::{
    ConversionResult,
    flow::{Flow, Step},
};
use serde_json::json;

impl Sim {
    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    pub(super) fn send(&mut self, gate: usize, event: u8, how: Delivery) -> Held {
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
        if how == Delivery::Respelled
            && let Some(tags) = headers.last_mut()
        {
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
    pub(super) fn say(&mut self, gate: usize, which: usize) -> Held {
        let now = self.clock(gate);
        let (person, scopes, at_ms) = self.said[which];
        let at = after_noon(at_ms);
        let scopes = SCOPES[usize::from(scopes)];
        let body = statement(&format!("person-{person}"), scopes, after_noon(at_ms));
        let number = self.number();
        let flow = world::sync(&self.gates[gate].engine, "a", &body, number, now);
        let takes = BOTH.iter().filter(|scope| !scopes.contains(scope)).copied().collect();
        let about = About::Statement { person, takes, at };
        self.begin(Box::new(flow), gate, Order::STATEMENT, about)
    }

    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    pub(super) fn sell(&mut self, gate: usize, which: usize) -> Held {
        let calls = self.ledger.calls();
        let Some(call) = calls.get(which % calls.len().max(1)) else { return Ok(()) };
        let flow = self.gates[gate].engine.confirm_sale("a", &call.to_hex());
        self.begin(Box::new(flow), gate, Order::SALE, About::Other)
    }

    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    pub(super) fn take(&mut self, gate: usize, finish: bool) -> Held {
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
    pub(super) fn rotate(&mut self, gate: usize) {
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
    pub(super) fn flood(&mut self, gate: usize, events: u8) -> Held {
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
            while number.is_multiple_of(2)
                && self.flows.last().is_some_and(|own| own.flow.pending().is_some())
            {
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

    pub(super) fn begin(
        &mut self,
        flow: Box<dyn Flow>,
        gate: usize,
        order: Order,
        about: About,
    ) -> Held {
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
}
