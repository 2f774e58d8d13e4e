//! Laws 8, 11 and 12 of the guard: whose data a caller may touch, and what it is told.

use crate::world::{cases, noon};
use consentgate::{
    AuditMemory, Claims, Denied, DeviceRequest, DeviceToSign, FixedClock, Gate, Guard, Operation,
    Principal, Record, Request, Scope, SecretInput, Severity, Stores, SubjectKind, VerifierFailed,
    ViolationKind, device_secret, ids::SiteId, sign, sign_device,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const MASTER: &str = "b2Ygd2hpY2ggc2VjcmV0cyBvZiBkZXZpY2VzIGFyZSBtYWRl";
const ROLES: &str =
    r#"{"agent": ["calls.read"], "user": ["hello"], "device": ["connect"], "key": ["write"]}"#;

type MemoryGate = Gate<Stores, FixedClock>;

fn gate() -> MemoryGate {
    let config = format!(
        r#"{{"sites": {{"acme": {{"keys": [{{"id": "k1", "secret": "{SECRET}"}}],
            "devices": {{"keys": [{{"id": "m1", "secret": "{MASTER}"}}]}}}}}}, "roles": {ROLES}}}"#
    );
    Gate::in_memory(consentgate::Config::from_json(config.as_bytes()).unwrap(), FixedClock(noon()))
        .unwrap()
}

/// A credential is `tenant/user/role,role`; `broken` breaks the verifier.
fn verify(credential: &[u8]) -> Result<Option<Claims>, VerifierFailed> {
    let text = String::from_utf8_lossy(credential);
    if text == "broken" {
        return Err(VerifierFailed);
    }
    let parts: Vec<_> = text.split('/').collect();
    let [tenant, user, roles] = &parts[..] else { return Ok(None) };
    let roles = roles.split(',').map(str::to_owned).collect();
    Ok(Some(Claims { tenant: (*tenant).into(), user: (*user).into(), roles }))
}

fn guard(gate: &MemoryGate) -> Guard {
    gate.guard().with_verifier("jwt", verify)
}

fn principal(guard: &Guard, credential: &str) -> Principal {
    guard.authenticate("jwt", credential.as_bytes()).unwrap()
}

fn violations(gate: &MemoryGate) -> u64 {
    gate.counters().violations().map(|(_, count)| count).sum()
}

fn kind<T: std::fmt::Debug>(result: Result<T, Denied>) -> ViolationKind {
    result.unwrap_err().violation().unwrap().kind()
}

/// Numbers that look random and are the same every time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }
}

/// What looks like the tenant's id, or holds it, and is not it.
fn tricks(tenant: &str) -> Vec<String> {
    let mut tricks: Vec<String> = [
        "\u{200b}", "\u{200d}", "\u{feff}", "\u{202e}", "\u{a0}", "\0", "/", "\u{301}", ".", "-",
        "x", "%20", "\u{b}", "'", "*", "\u{2028}",
    ]
    .iter()
    .flat_map(|mark| {
        let (head, tail) = tenant.split_at(1);
        [format!("{tenant}{mark}"), format!("{mark}{tenant}"), format!("{head}{mark}{tail}")]
    })
    .collect();
    for (letter, alike) in
        [('a', 'а'), ('e', 'е'), ('c', 'с'), ('o', 'ο'), ('m', 'ｍ'), ('k', '\u{212a}')]
    {
        tricks.extend(tenant.contains(letter).then(|| tenant.replace(letter, &alike.to_string())));
    }
    tricks.extend([String::new(), " \t".into(), tenant[1..].into(), tenant.repeat(2)]);
    tricks.push(format!("{tenant},other"));
    tricks.push(tenant.repeat(40));
    tricks
}

/// By chance, by tricks and in every order, at every step, with honest ones in between.
#[test]
fn law_8_of_a_million_attempts_at_another_tenant_none_is_let_through_and_each_is_one_violation() {
    let audit = AuditMemory::new(10_000);
    let gate = gate().with_audit(audit.clone());
    let guard = guard(&gate);
    let tenants = ["acme", "globex", "acme2", "acm", "a.cme", "acme-", "k1m", "0"];
    let callers: Vec<(&str, Principal, Scope)> = tenants
        .iter()
        .map(|tenant| {
            let caller = principal(&guard, &format!("{tenant}/alice/agent"));
            let scope = guard.require(&caller, "agent", Some(tenant), Operation::Connect).unwrap();
            (*tenant, caller, scope)
        })
        .collect();
    let others: Vec<Vec<String>> = tenants
        .iter()
        .map(|own| {
            let other = tenants.iter().filter(|other| *other != own);
            let mut texts: Vec<String> = other.clone().map(|other| other.to_uppercase()).collect();
            texts.extend(other.map(|other| format!(" {other}\n")));
            texts.extend(
                tricks(own).into_iter().filter(|text| naive(text).as_deref() != Some(*own)),
            );
            texts
        })
        .collect();
    assert!(others.iter().all(|texts| texts.len() > 60));
    let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
    let (mut attempts, mut honest) = (0, 0);
    let mut audited = Vec::new();
    while attempts < 1_000_000 {
        let at = draw.below(callers.len());
        let (own, caller, scope) = &callers[at];
        let operation = Operation::ALL[draw.below(Operation::ALL.len())];
        if draw.below(8) == 0 {
            let own = [*own, &own.to_uppercase(), &format!("\t{own} ")][draw.below(3)].to_owned();
            guard.require(caller, "calls.read", Some(&own), operation).unwrap();
            assert_eq!(*scope.own(Some(&own), |own| own, operation).unwrap(), &own);
            honest += 1;
            continue;
        }
        let text = &others[at][draw.below(others[at].len())];
        let denied = if draw.below(2) == 0 {
            guard.require(caller, "calls.read", Some(text), operation).unwrap_err()
        } else {
            scope.own(Some(text), |text| text, operation).unwrap_err()
        };
        attempts += 1;
        let violation = denied.violation().unwrap();
        assert_eq!(
            (violation.operation(), violation.tenant().unwrap().as_str()),
            (operation, *own)
        );
        assert_eq!(violation.subject(), Some(caller.identity().subject()));
        let expected = match naive(text) {
            Some(_) => ViolationKind::CrossTenant,
            None if text.trim_ascii().is_empty() => ViolationKind::MissingTenant,
            None => ViolationKind::MalformedId,
        };
        assert_eq!(violation.kind(), expected, "{text:?}");
        audited.push(denied);
        if attempts % 10_000 == 0 {
            each_is_audited(&audit.take(), &audited, attempts);
            audited.clear();
        }
    }
    assert!(audited.is_empty() && gate.counters().audit().unwrap().unwritten == 0);
    assert!(honest > 100_000);
    assert_eq!(violations(&gate), attempts, "each once");
}

/// As many records as denials, one after the other and of what was denied, the last one being the `last` of its writer.
fn each_is_audited(records: &[Record], denials: &[Denied], last: u64) {
    assert_eq!(records.len(), denials.len());
    for (record, denied) in records.iter().rev().zip(denials.iter().rev()) {
        assert_eq!(Some(&record.violation), denied.violation());
        assert_eq!(
            record.outcome.as_str(),
            if denied.status() == 404 { "hidden" } else { "denied" }
        );
    }
    let numbers =
        records.iter().rev().zip(0..).all(|(record, back)| record.sequence == last - back);
    assert!(numbers, "none is left out, none is there twice");
    assert!(records.iter().all(|record| record.writer == records[0].writer));
}

/// The page on ids, once more and slowly.
fn naive(text: &str) -> Option<String> {
    let white = |c: &char| [' ', '\t', '\n', '\r', '\u{c}'].contains(c);
    let mut letters: Vec<char> = text.chars().skip_while(white).collect();
    while letters.last().is_some_and(white) {
        letters.pop();
    }
    let folded: Option<String> = letters
        .iter()
        .map(|c| match c {
            'A'..='Z' => char::from_u32(*c as u32 + 32),
            'a'..='z' | '0'..='9' | '.' | '_' | '-' => Some(*c),
            _ => None,
        })
        .collect();
    folded.filter(|id| (1..=64).contains(&id.len()))
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn law_8_a_text_names_a_tenant_if_and_only_if_it_is_its_id_once_normalised(
        text in prop_oneof![".{0,8}", "[ \t]{0,2}[a-cA-C._-]{0,3}[ \n]{0,2}", "[a-z]{60,70}"],
        own in "[a-c._-]{1,3}",
    ) {
        let id = SiteId::new(&own).unwrap();
        prop_assert_eq!(SiteId::new(&text).map(|id| id.to_string()), naive(&text));
        prop_assert_eq!(id.is(&text), naive(&text).as_deref() == Some(&own));
    }

    #[test]
    fn law_8_whatever_a_verifier_says_the_scope_is_of_its_tenant_alone(
        tenant in ".{0,6}", user in ".{0,6}", asked in ".{0,6}",
    ) {
        let gate = gate();
        let guard = gate.guard().with_verifier("any", move |_: &[u8]| {
            let (tenant, user) = (tenant.clone(), user.clone());
            Ok(Some(Claims { tenant, user, roles: vec!["agent".into()] }))
        });
        let mut denials = 0;
        match guard.authenticate("any", b"") {
            Err(denied) => {
                prop_assert_eq!(denied.status(), 401);
                denials += 1;
            }
            Ok(caller) => {
                let scope = guard.require(&caller, "agent", Some(&asked), Operation::Message);
                let own = caller.identity().tenant().as_str();
                prop_assert_eq!(scope.is_ok(), naive(&asked).as_deref() == Some(own));
                denials += u64::from(scope.is_err());
            }
        }
        prop_assert_eq!(violations(&gate), denials);
    }
}

#[test]
fn law_8_the_same_id_in_two_tenants_or_of_two_kinds_is_two_identities() {
    let gate = gate();
    let guard = guard(&gate);
    let identities = [
        principal(&guard, "acme/k1/"),
        principal(&guard, "globex/k1/"),
        principal(&guard, "acme/k2/"),
        guard.principal(&admitted(&gate, "evt_1", &[])).unwrap(),
        guard.principal(&device(&gate, "k1", 1, &[])).unwrap(),
    ]
    .map(|principal| principal.identity().clone());
    let subjects: BTreeSet<_> = identities.iter().map(|identity| identity.subject()).collect();
    let whole: BTreeSet<_> = identities.iter().collect();
    assert_eq!((subjects.len(), whole.len()), (5, 5));
    let again = principal(&guard, " ACME/K1\n/agent");
    assert_eq!(again.identity(), &identities[0], "one user, whatever its roles are now");
}

fn with(own: Vec<(&'static str, String)>, more: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
    own.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).chain(more).collect()
}

/// The decision on an event that was let in, and given back.
fn admitted(gate: &MemoryGate, id: &str, more: &[(&str, &str)]) -> consentgate::Decision {
    let signed = sign("standard-webhooks", SecretInput::Text(SECRET), b"{}", Some(id), noon());
    let headers = with(signed.unwrap(), more);
    let request = Request { site: "acme", headers: &headers, body: b"{}", ip: None };
    gate.admit(&request, None).unwrap().decision().clone()
}

fn device(
    gate: &MemoryGate,
    device_id: &str,
    nonce: u8,
    more: &[(&str, &str)],
) -> consentgate::Decision {
    let secret = device_secret(SecretInput::Text(MASTER), "acme", device_id, None).unwrap();
    let nonce = format!("{nonce:016}");
    let to_sign = DeviceToSign {
        site: "acme",
        device_id,
        method: "GET",
        url: "/voice",
        body: b"",
        nonce: Some(&nonce),
    };
    let signed = sign_device(SecretInput::Text(&secret), &to_sign, noon()).unwrap();
    let headers = with(signed, more);
    let (method, url) = ("GET", "/voice");
    gate.device(
        &DeviceRequest { site: "acme", method, url, headers: &headers, body: b"", ip: None },
        None,
    )
}

const CLAIMED: [(&str, &str); 6] = [
    ("X-User-ID", "root"),
    ("X-Tenant-ID", "globex"),
    ("X-Roles", "agent"),
    ("X-Forwarded-User", "root"),
    ("Authorization", "Bearer globex/root/agent"),
    ("X-Device-ID", "root"),
];

#[test]
fn law_8_no_header_makes_a_principal_or_changes_one() {
    let gate = gate();
    let guard = guard(&gate);
    let plain = guard.principal(&device(&gate, "Meter-7", 1, &[])).unwrap();
    let claimed = guard.principal(&device(&gate, "Meter-7", 2, &CLAIMED)).unwrap();
    assert_eq!(claimed.identity(), plain.identity());
    assert_eq!(claimed.identity().expose(), "Meter-7", "a device's id is not folded");
    assert_eq!(claimed.identity().tenant().as_str(), "acme");
    assert_eq!(claimed.identity().kind(), SubjectKind::Device);
    for need in ["agent", "calls.read", "write", "hello"] {
        let denied = guard.require(&claimed, need, Some("acme"), Operation::Connect);
        assert_eq!(kind_of_denial(denied), (403, ViolationKind::Forbidden), "{need}");
    }
    guard.require(&claimed, "connect", Some("acme"), Operation::Connect).unwrap();

    let event = guard.principal(&admitted(&gate, "evt_1", &CLAIMED)).unwrap();
    assert_eq!((event.identity().kind(), event.identity().expose()), (SubjectKind::Key, "k1"));
    guard.require(&event, "write", Some("acme"), Operation::Request).unwrap();

    let request = Request { site: "acme", headers: &CLAIMED, body: b"{}", ip: None };
    let refused = gate.call_event(&request, None);
    assert_eq!(kind(guard.principal(&refused)), ViolationKind::Unauthenticated);
    let Err(refused) = gate.admit(&request, None) else { panic!("no signature") };
    assert_eq!(kind(guard.principal(&refused)), ViolationKind::Unauthenticated);
}

fn kind_of_denial<T: std::fmt::Debug>(result: Result<T, Denied>) -> (u16, ViolationKind) {
    let denied = result.unwrap_err();
    (denied.status(), denied.violation().unwrap().kind())
}

#[test]
fn law_8_a_copy_a_refusal_and_a_204_are_nobodys() {
    let gate = gate();
    let guard = guard(&gate);
    let _ = device(&gate, "meter", 1, &[]);
    let copy = device(&gate, "meter", 1, &[]);
    assert_eq!(copy.reason().as_str(), "nonce_used");
    assert!(copy.device_id().is_some() && copy.signer().is_none());
    let body = br#"{"fingerprint":"f"}"#;
    let signed = sign("standard-webhooks", SecretInput::Text(SECRET), body, Some("e"), noon());
    let headers = with(signed.unwrap(), &[]);
    let request = Request { site: "acme", headers: &headers, body, ip: None };
    let no_session = gate.call_event(&request, None);
    assert_eq!(no_session.status(), 204);
    assert!(no_session.key_id().is_some() && no_session.signer().is_none());
    let erased = gate.erase("acme", crate::world::person("f"), None);
    for (decision, nth) in [(copy, 1), (no_session, 2), (erased, 3)] {
        let denied = guard.principal(&decision).unwrap_err();
        let violation = denied.violation().unwrap();
        assert_eq!((denied.status(), violation.kind()), (401, ViolationKind::Unauthenticated));
        assert!(violation.tenant().is_none() && violation.subject().is_none());
        assert_eq!(violations(&gate), nth);
    }
}

#[test]
fn law_11_no_verifier_and_one_that_fails_let_nobody_in_and_are_told_apart() {
    let gate = gate();
    let guard = guard(&gate);
    for (name, credential, expected) in [
        ("jwt", "broken", (503, ViolationKind::VerifierFailed)),
        ("jwt", "", (401, ViolationKind::Unauthenticated)),
        ("JWT", "acme/alice/agent", (401, ViolationKind::Unauthenticated)),
        ("", "acme/alice/agent", (401, ViolationKind::Unauthenticated)),
        ("jwt", "/alice/agent", (401, ViolationKind::MissingTenant)),
        ("jwt", "acme//agent", (401, ViolationKind::MalformedId)),
        ("jwt", "аcme/alice/agent", (401, ViolationKind::MalformedId)),
    ] {
        let denied = guard.authenticate(name, credential.as_bytes());
        assert_eq!(kind_of_denial(denied), expected, "{name} {credential}");
    }
    assert_eq!(violations(&gate), 7);
    let bare = gate.guard();
    assert_eq!(kind(bare.authenticate("jwt", b"acme/alice/agent")), ViolationKind::Unauthenticated);
}

#[test]
fn law_11_without_roles_nobody_may_do_anything() {
    let gate = Gate::from_json(br#"{"sites": {}}"#).unwrap();
    let guard = gate.guard().with_verifier("jwt", verify);
    let caller = principal(&guard, "acme/alice/agent,user,*,");
    for need in ["agent", "user", "*", "", "calls.read"] {
        let denied = guard.require(&caller, need, Some("acme"), Operation::Request);
        assert_eq!(kind(denied), ViolationKind::Forbidden, "{need}");
    }
}

#[test]
fn law_8_another_tenants_session_is_not_found_the_same_as_none() {
    let gate = gate();
    let guard = guard(&gate);
    let caller = principal(&guard, "acme/alice/agent");
    let scope = guard.require(&caller, "agent", Some("acme"), Operation::Connect).unwrap();
    let find = |row: Option<(&'static str, u8)>| {
        scope.own(row, |(tenant, _)| tenant, Operation::FindSession)
    };
    let own = find(Some(("Acme", 7))).unwrap();
    assert_eq!((own.1, own.scope().identity().tenant().as_str()), (7, "acme"));
    assert_eq!(own.into_inner(), ("Acme", 7));
    let (none, others) = (find(None).unwrap_err(), find(Some(("globex", 7))).unwrap_err());
    assert_eq!((none.status(), none.to_string()), (others.status(), others.to_string()));
    assert_eq!(none.status(), 404);
    assert!(none.violation().is_none(), "nothing was violated");
    let violation = others.violation().unwrap();
    assert_eq!(violation.severity(), Severity::Critical);
    assert_eq!(violations(&gate), 1);
    assert!(gate.metrics().contains(
        "\nconsentgate_violations_total{kind=\"cross_tenant\",severity=\"critical\"} 1\n"
    ));
}

#[test]
fn law_12_nothing_personal_is_shown_and_every_denial_reads_the_same() {
    let gate = gate();
    let guard = guard(&gate);
    let caller = principal(&guard, "acme/alice@acme.example/agent");
    let scope = guard.require(&caller, "agent", Some("acme"), Operation::Connect).unwrap();
    let row = scope.own(Some("acme"), |row| row, Operation::FindSession).unwrap();
    let denials = [
        guard.authenticate("alice", b"alice").unwrap_err(),
        guard.authenticate("jwt", b"broken").unwrap_err(),
        guard.require(&caller, "alice", Some("acme"), Operation::Message).unwrap_err(),
        guard.require(&caller, "agent", Some("alice"), Operation::Message).unwrap_err(),
        scope.own(Some("alice"), |row| row, Operation::Message).unwrap_err(),
        scope.own(None::<&str>, |row| row, Operation::Message).unwrap_err(),
    ];
    let claims = verify(b"alice/alice/alice");
    let shown =
        format!("{guard:?}{caller:?}{:?}{scope:?}{row:?}{denials:?}{claims:?}", caller.identity());
    assert!(!shown.contains("alice"), "{shown}");
    assert!(denials.iter().all(|denied| denied.to_string() == "the request is denied"));
    let other = self::gate();
    let subject = principal(&self::guard(&other), "acme/alice@acme.example/").identity().subject();
    assert_ne!(subject, caller.identity().subject(), "keyed: each gate without hash_secret alone");
}
