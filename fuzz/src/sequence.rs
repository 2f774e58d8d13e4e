//! Whole sequences against one gate, and at each step what must hold of its answer.

mod gates;
mod model;

use crate::choose::Choices;
use gates::{Gates, SITES, body, scopes};
use model::{Handed, Sent, Site};

/// What comes before is enough to find what there is to find; what comes after only costs time.
const STEPS_MAX: usize = 200;

/// Any sequence of events, copies, statements, sales, erasures, conversions, changes of sites and steps of the clock, of
/// two sites: each answer is one that the laws allow. Site `b` is also answered by a gate that has no other site, and
/// just alike (law 8).
pub fn sequence(data: &[u8]) {
    let choices = &mut Choices::new(data);
    let mut all = Sequence { gates: Gates::new(), sites: [Site::default(), Site::default()] };
    for _ in 0..STEPS_MAX {
        if choices.is_over() {
            return;
        }
        all.step(choices);
    }
}

struct Sequence {
    gates: Gates,
    sites: [Site; 2],
}

impl Sequence {
    fn step(&mut self, choices: &mut Choices<'_>) {
        let kind = choices.below(16);
        let at = choices.below(SITES.len());
        let argument = choices.byte();
        match kind {
            0..=4 => self.event(at, argument, choices.byte()),
            5 | 6 => self.statement(at, argument, choices.byte()),
            7 => self.sale(at, argument.into()),
            8 => self.erase(at, argument % 3),
            9 => self.take(at),
            10 => self.finish(at, argument.into(), choices.byte()),
            11 => self.change_site(at, argument),
            12 => drop(self.gates.run_of(at, |gate, _, now| gate.purge(argument.into(), now))),
            13 => self.gates.step_back(u64::from(argument % 90)),
            14 => self.gates.forward(u64::from(argument)),
            _ => self.gates.forward(u64::from(argument) * 60),
        }
    }

    /// `how`: a copy of what was sent, or signed now with the first key, the last, all of them or a wrong one.
    fn event(&mut self, at: usize, event: u8, how: u8) {
        let (site, gates) = (&mut self.sites[at], &mut self.gates);
        let id = event % 16;
        let keys = gates.keys(at);
        let keys = match how % 6 {
            0 | 1 => vec![keys[0]],
            2 => vec![*keys.last().unwrap()],
            3 => keys,
            _ => vec![99],
        };
        let fresh = Sent { keys, at: gates.now, person: event >> 4 & 3 };
        let copy = site.sent.get(&id).filter(|_| how.is_multiple_of(6)).cloned();
        let sent = copy.unwrap_or(fresh);
        let headers = gates.sign(at, &format!("e{id}"), &sent);
        let body = body(sent.person);
        let decisions =
            gates.run(at, |gate, request, now| gate.call_event(&request(&headers, &body), now));
        let expected = gates.verdict(at, &sent);
        site.judge_event(id, &sent, expected, &decisions, gates);
        site.sent.insert(id, sent);
    }

    fn statement(&mut self, at: usize, argument: u8, ago_s: u8) {
        let (site, gates) = (&mut self.sites[at], &mut self.gates);
        let (person, bits) = (argument % 3, argument >> 4 & 3);
        let (body, at_ms) = gates.statement(person, bits, u64::from(ago_s % 8));
        let headers = [("origin", gates::ORIGIN)];
        let decisions =
            gates.run(at, |gate, request, now| gate.sync_session(&request(&headers, &body), now));
        if gates.is_active(at) {
            let said = scopes(bits);
            site.judge_statement(person.into(), &said, at_ms, decisions[0].status(), gates);
        } else {
            assert_eq!(decisions[0].status(), 401);
        }
    }

    fn sale(&mut self, at: usize, row: usize) {
        let (site, gates) = (&mut self.sites[at], &mut self.gates);
        let Some(row) = row.checked_rem(site.rows.len()) else { return };
        let ids = site.rows[row].call_ids.clone();
        let decisions =
            gates.run_of(at, |gate, which, now| gate.confirm_sale(SITES[at], &ids[which], now));
        site.judge_sale(row, decisions[0].reason(), gates, at);
    }

    fn erase(&mut self, at: usize, person: u8) {
        let (site, gates) = (&mut self.sites[at], &mut self.gates);
        let fingerprint = gates::fingerprint(person);
        let decisions =
            gates.run_of(at, |gate, _, now| gate.erase(SITES[at], fingerprint.clone(), now));
        assert_eq!(decisions[0].status(), 200);
        site.erases(person, gates.now);
    }

    fn take(&mut self, at: usize) {
        let (site, gates) = (&mut self.sites[at], &mut self.gates);
        let decisions = gates.run_of(at, |gate, _, now| gate.take_conversions(SITES[at], 999, now));
        if gates.is_active(at) {
            site.judge_taken(&decisions, gates);
        } else {
            assert_eq!(decisions[0].status(), 401);
        }
    }

    fn finish(&mut self, at: usize, index: usize, result: u8) {
        let (site, gates) = (&mut self.sites[at], &mut self.gates);
        let Some(index) = index.checked_rem(site.handed.len()) else { return };
        let Handed { jobs, .. } = &site.handed[index];
        let result = gates::result(result);
        let decisions =
            gates.run_of(at, |gate, which, now| gate.finish_conversion(&jobs[which], result, now));
        site.judge_finished(index, result, decisions[0].reason(), gates);
    }

    fn change_site(&mut self, at: usize, argument: u8) {
        if argument < 64 {
            self.gates.remove(at);
        } else {
            self.gates.rotate(at);
        }
    }
}
