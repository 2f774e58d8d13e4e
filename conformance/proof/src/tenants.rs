//! The guard of tenants: people of two tenants who try everything at every tenant, held against what they may.
//!
//! The guard waits for nothing, so nothing runs beside it: all that can be tried in a small world is tried.

use consentgate_core::{
    Decision, Engine, Outcome, Reason, Timestamp,
    ids::Writer,
    tenants::{
        Claims, Denied, Guard, Operation, Principal, Record, Scope, Verifier, VerifierFailed,
        ViolationKind,
    },
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Who there is: tenant, user, role.
const PEOPLE: [(&str, &str, &str); 5] = [
    ("a", "u", "reader"),
    ("b", "u", "owner"),
    ("a", "v", ""),
    ("b", "w", "reader"),
    ("a", "x", "key"),
];
/// What is named as a tenant, and which it is, if any.
const NAMED: [(Option<&str>, Option<&str>); 12] = [
    (Some("a"), Some("a")),
    (Some("b"), Some("b")),
    (Some(" A\t"), Some("a")),
    (Some("B"), Some("b")),
    (Some("a.b"), Some("a.b")),
    (Some("ab"), Some("ab")),
    (Some("a\u{200b}"), None),
    (Some("а"), None),
    (Some("a/b"), None),
    (Some(" "), None),
    (Some(""), None),
    (None, None),
];
const NEEDS: [&str; 6] = ["read", "erase", "reader", "owner", "user", "nobody"];

/// What the roles of a configuration are, for the people here.
#[must_use]
pub fn roles() -> Value {
    json!({"reader": ["read"], "owner": ["read", "erase"], "user": []})
}

/// Whether a role grants a need. Everybody here is a user, whatever else their credential claims.
fn grants(role: &str, need: &str) -> bool {
    match role {
        "reader" => ["read", "reader", "user"].contains(&need),
        "owner" => ["read", "erase", "owner", "user"].contains(&need),
        _ => need == "user",
    }
}

/// Somebody does something somewhere. Numbers choose among what there is, each modulo how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Attempt {
    pub who: u8,
    pub named: u8,
    pub need: u8,
    pub operation: u8,
}

/// A mistake that is put in, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// The tenant that is asked for is not passed on: that of the principal is.
    OwnTenantIsPassed,
    /// What was looked up is handed on without asking whose it is.
    NothingIsOwned,
    /// A record is written a second time under a number of its own.
    RecordedAgain,
}

/// A host that guards its tenants, and what it wrote down.
#[derive(Debug, Default)]
pub struct Host {
    mistake: Option<Mistake>,
    /// How many violations there were.
    expected: u64,
    lines: Vec<String>,
}

type Held = Result<(), &'static str>;

/// A credential is the number of a person.
struct Known;

impl Verifier for Known {
    fn verify(&self, credential: &[u8]) -> Result<Option<Claims>, VerifierFailed> {
        let person = credential.first().and_then(|who| PEOPLE.get(usize::from(*who)));
        Ok(person.map(|(tenant, user, role)| Claims {
            tenant: (*tenant).into(),
            user: (*user).into(),
            roles: vec![(*role).into()],
        }))
    }
}

/// A request that is new and proves who sent it: the work that a webhook is for may still be to be done.
fn was_let_in(decision: &Decision) -> bool {
    decision.outcome() == Outcome::Accepted || decision.reason() == Reason::Uncommitted
}

impl Host {
    /// A host with a mistake, or none.
    #[must_use]
    pub fn new(mistake: Option<Mistake>) -> Self {
        Self { mistake, ..Self::default() }
    }

    /// Tries it, from the credential to each row that there is.
    ///
    /// # Errors
    /// The law that is broken.
    pub fn attempt(&mut self, engine: &Engine, attempt: Attempt, now: Timestamp) -> Held {
        let guard = engine.guard().with("known", Known);
        let who = attempt.who % (PEOPLE.len() as u8 + 1);
        let principal = match guard.authenticate("known", &[who]) {
            Ok(principal) => principal,
            Err(denied) if usize::from(who) == PEOPLE.len() => {
                return self.denied(&denied, 401, ViolationKind::Unauthenticated, None, now);
            }
            Err(_) => return Err("law 11: a credential that is good was denied"),
        };
        let Some((tenant, _, role)) = PEOPLE.get(usize::from(who)) else {
            return Err("law 11: nobody's credential was accepted");
        };
        self.enter(&guard, &principal, tenant, attempt, now, |need| grants(role, need))
    }

    /// The same by whoever signed a request that was let in. No role of the configuration is theirs.
    ///
    /// # Errors
    /// The law that is broken.
    pub fn signed(
        &mut self,
        engine: &Engine,
        decision: &Decision,
        tenant: &str,
        attempt: Attempt,
        now: Timestamp,
    ) -> Held {
        let guard: Guard<Known> = engine.guard();
        match guard.principal(decision.signer().as_ref()) {
            Ok(principal) if was_let_in(decision) => {
                self.enter(&guard, &principal, tenant, attempt, now, |_| false)
            }
            Ok(_) => Err("law 8: a principal came of a refusal"),
            Err(denied) => self.denied(&denied, 401, ViolationKind::Unauthenticated, None, now),
        }
    }

    #[expect(clippy::indexing_slicing, reason = "taken modulo their number")]
    fn enter(
        &mut self,
        guard: &Guard<Known>,
        principal: &Principal,
        tenant: &str,
        Attempt { named, need, operation, .. }: Attempt,
        now: Timestamp,
        grants: impl Fn(&str) -> bool,
    ) -> Held {
        let (named, meant) = NAMED[usize::from(named) % NAMED.len()];
        let need = NEEDS[usize::from(need) % NEEDS.len()];
        let operation = Operation::ALL[usize::from(operation) % Operation::ALL.len()];
        let passed =
            if self.mistake == Some(Mistake::OwnTenantIsPassed) { Some(tenant) } else { named };
        match guard.require(principal, need, passed, operation) {
            Ok(_) if meant != Some(tenant) => Err("law 8: a scope at another tenant"),
            Ok(_) if !grants(need) => Err("law 8: a scope that no role grants"),
            Ok(scope) if scope.identity().tenant().as_str() != tenant => {
                Err("law 8: the scope is another tenant's")
            }
            Ok(scope) => self.look_up(&scope, tenant, operation, now),
            Err(_) if meant == Some(tenant) && grants(need) => Err("law 11: who may was denied"),
            Err(denied) => {
                let kind = match (named, meant) {
                    (_, Some(meant)) if meant == tenant => ViolationKind::Forbidden,
                    (_, Some(_)) => ViolationKind::CrossTenant,
                    (Some(text), None) if !text.trim().is_empty() => ViolationKind::MalformedId,
                    _ => ViolationKind::MissingTenant,
                };
                self.denied(&denied, 403, kind, Some(tenant), now)
            }
        }
    }

    /// A row of every tenant there is, and one that is not there.
    fn look_up(
        &mut self,
        scope: &Scope,
        tenant: &str,
        operation: Operation,
        now: Timestamp,
    ) -> Held {
        for owner in ["a", "b", "A ", "a.b", ""] {
            let is_own = owner.trim().eq_ignore_ascii_case(tenant);
            let is_asked = self.mistake != Some(Mistake::NothingIsOwned);
            match scope.own(Some(owner), |row| if is_asked { row } else { tenant }, operation) {
                Ok(_) if !is_own => return Err("law 8: another tenant's row was found"),
                Err(_) if is_own => return Err("law 11: a row of the tenant's own was hidden"),
                Ok(_) => {}
                Err(denied) => {
                    let kind = if owner.is_empty() {
                        ViolationKind::MissingTenant
                    } else {
                        ViolationKind::CrossTenant
                    };
                    self.denied(&denied, 404, kind, Some(tenant), now)?;
                }
            }
        }
        match scope.own(None::<&str>, |row| row, operation) {
            Err(denied) if denied.status() == 404 && denied.violation().is_none() => Ok(()),
            _ => Err("law 8: what is not there is told from what is another's"),
        }
    }

    /// What is denied says so and no more, and is written down once.
    fn denied(
        &mut self,
        denied: &Denied,
        status: u16,
        kind: ViolationKind,
        tenant: Option<&str>,
        now: Timestamp,
    ) -> Held {
        self.expected += 1;
        if denied.status() != status || denied.to_string() != "the request is denied" {
            return Err("law 8: a denial tells more than that");
        }
        let writer = Writer::from_bytes([7; 16]);
        let times = if self.mistake == Some(Mistake::RecordedAgain) { 2 } else { 1 };
        for _ in 0..times {
            let Some(record) = Record::of(denied, writer, self.lines.len() as u64 + 1, now) else {
                return Err("law 8: a violation has no record");
            };
            let of = record.violation.tenant().map(|tenant| tenant.as_str());
            if record.violation.kind() != kind || of != tenant {
                return Err("law 8: a record says what was not");
            }
            self.lines.push(record.line());
        }
        Ok(())
    }

    /// Every violation is in the table once, though its lines are read twice; and none names a person.
    ///
    /// # Errors
    /// The law that is broken.
    pub fn reconciled(&self) -> Held {
        let twice = self.lines.iter().chain(&self.lines);
        let read =
            twice.map(|line| Record::read(line.as_bytes()).map(|of| (of.writer, of.sequence)));
        let Some(table) = read.collect::<Option<BTreeSet<_>>>() else {
            return Err("law 11: a record is not read as it was written");
        };
        if table.len() as u64 != self.expected {
            return Err("law 8: a violation is in the table more or less than once");
        }
        Ok(())
    }
}
