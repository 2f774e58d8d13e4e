//! What is sent: events, statements, sales; and the keys that they are signed with.

use super::{
    About, BOTH, DEVICES, GENERATIONS, Held, LISTINGS, PEOPLE, Running, SCOPES, Sim, site,
};
use crate::{
    asked::Asked,
    model::monitor::{Order, Trail},
    simulator::{
        ledger::Heard,
        plan::{Delivery, Fate},
    },
    world::{self, after_noon, event_body, statement},
};
use consentgate_core::{
    ConversionResult,
    flow::{Flow, Step},
};

impl Sim {
    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    pub(super) fn send(&mut self, gate: usize, event: u8, how: Delivery) -> Held {
        let now = self.clock(gate);
        let keys = LISTINGS[self.gates[gate].listing];
        let body = event_body(&format!("person-{}", event % PEOPLE));
        let anew = world::signed("standard-webhooks", &format!("e{event}"), &body, now, keys);
        let forged = how == Delivery::Forged;
        let headers = if forged {
            world::signed("standard-webhooks", &format!("e{event}"), &body, now, &[77])
        } else {
            delivered(anew, &mut self.sent[usize::from(event)], how)
        };
        let number = self.number();
        let flow = world::call(&self.gates[gate].engine, "a", &headers, &body, number, now);
        let event = ("a".to_owned(), format!("e{event}"));
        self.begin(Box::new(flow), gate, Order::EVENT, About::Event { event, forged })
    }

    /// A webhook: the same ways, for work of the host's own.
    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    pub(super) fn hook(&mut self, gate: usize, hook: u8, how: Delivery) -> Held {
        let (now, forged) = (self.clock(gate), how == Delivery::Forged);
        let keys = if forged { &[77] } else { LISTINGS[self.gates[gate].listing] };
        let (id, body) = (format!("w{hook}"), hook_body(hook));
        let mut headers = world::signed("standard-webhooks", &id, &body, now, keys);
        if !forged {
            headers = delivered(headers, &mut self.hooked[usize::from(hook)], how);
        }
        let number = self.number();
        let flow = world::admit(&self.gates[gate].engine, "a", &headers, &body, number, now);
        self.begin(Box::new(flow), gate, Order::WEBHOOK, About::Webhook { forged })
    }

    /// A device's request: signed now by a clock of its own, signed for another site, or sent before.
    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    pub(super) fn device(&mut self, gate: usize, which: u8, how: Delivery) -> Held {
        let forged = how == Delivery::Forged;
        let again = !matches!(how, Delivery::Anew | Delivery::Forged);
        let headers = match self.device_sent.len() {
            count if count > 0 && again => self.device_sent[usize::from(which) % count].clone(),
            _ => {
                let made = self.device_request(gate, which, if forged { "b" } else { "a" });
                if !forged {
                    self.device_sent.push(made.clone());
                }
                made
            }
        };
        let (number, now) = (self.number(), self.clock(gate));
        let flow = world::device(&self.gates[gate].engine, "a", &headers, number, now);
        self.begin(Box::new(flow), gate, Order::DEVICE, About::Device { forged })
    }

    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    pub(super) fn device_request(&mut self, gate: usize, which: u8, site: &str) -> world::Pairs {
        let generation = GENERATIONS[self.gates[gate].listing].last().copied().unwrap_or(0);
        let at = after_noon(self.now_ms + (i64::from(which) - 128) * 2000);
        let (device, nonce) = (format!("d{}", which % DEVICES), self.number());
        world::device_signed(site, &device, generation, nonce, at)
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
        let site = site(own.listing).to_string();
        if let Ok(engine) = own.engine.with_site("a", site.as_bytes(), now) {
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
        let (name, failovers) = (None, self.ledger.bursts);
        let mut running =
            Running { flow, gate, trail, order, heard, about, asked: None, name, failovers };
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

/// What is delivered of an event that would be signed so anew, and was first sent so.
fn delivered(anew: world::Pairs, first: &mut Option<world::Pairs>, how: Delivery) -> world::Pairs {
    let known = first.clone().unwrap_or_else(|| anew.clone());
    match how {
        Delivery::Anew | Delivery::Forged => first.insert(anew).clone(),
        Delivery::Copy => known,
        Delivery::StrippedToFirst => world::stripped(known, false),
        Delivery::StrippedToLast => world::stripped(known, true),
        Delivery::Respelled => {
            let mut headers = known;
            if let Some(tags) = headers.last_mut() {
                tags.1 = format!("v2,x {} {0}", tags.1);
            }
            headers
        }
    }
}

/// The body of a webhook: no JSON, since nothing of it is read.
pub(super) fn hook_body(hook: u8) -> Vec<u8> {
    format!("order={hook}").into_bytes()
}
