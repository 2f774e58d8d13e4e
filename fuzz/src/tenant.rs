use consentgate::{
    AuditMemory, Claims, Gate, Guard, Operation, Record, VerifierFailed, ViolationKind,
    ids::{SiteId, UserId},
};
use std::{cell::RefCell, sync::LazyLock};

thread_local! {
    static CLAIMS: RefCell<Claims> = RefCell::default();
}

/// A gate for its counters, its guard, whose verifier vouches for what is claimed, and its audit.
static WORLD: LazyLock<(Gate, Guard, AuditMemory)> = LazyLock::new(|| {
    let gate = Gate::from_json(br#"{"sites": {}, "roles": {"agent": ["calls.read"]}}"#).unwrap();
    let audit = AuditMemory::new(8);
    let gate = gate.with_audit(audit.clone());
    let vouch = |_: &[u8]| -> Result<Option<Claims>, VerifierFailed> {
        Ok(Some(CLAIMS.with_borrow(Clone::clone)))
    };
    let guard = gate.guard().with_verifier("any", vouch);
    (gate, guard, audit)
});

/// Claims and a tenant asked for, three texts between bytes that no text has: read as the page reads ids, and let through
/// for the claims' own tenant alone; each denial is one violation, and one record that is read as it is written. Or any
/// line, which is read as a record only if it is written so.
pub fn tenant(data: &[u8]) {
    if let Some(record) = Record::read(data) {
        assert_eq!(record.line().as_bytes(), data);
    }
    let texts: Option<Vec<_>> =
        data.split(|byte| *byte == 0xff).map(|part| std::str::from_utf8(part).ok()).collect();
    let Some([own, user, asked]) = texts.as_deref() else { return };
    let ids = [(own, 64, "._-"), (asked, 64, "._-"), (user, 128, "._-:@|+")];
    let [own_id, asked_id, user_id] = ids.map(|(text, most, marks)| plain(text, most, marks));
    assert_eq!(SiteId::new(own).map(|id| id.to_string()), own_id);
    assert_eq!(SiteId::new(asked).map(|id| id.to_string()), asked_id);
    assert_eq!(UserId::new(user).map(|id| id.expose().to_owned()), user_id);

    let (gate, guard, audit) = &*WORLD;
    let count = || gate.counters().violations().map(|(_, count)| count).sum::<u64>();
    let before = count();
    let roles = vec!["agent".to_owned(), (*user).to_owned()];
    CLAIMS.set(Claims { tenant: (*own).into(), user: (*user).into(), roles });
    let principal = match guard.authenticate("any", data) {
        Ok(principal) => principal,
        Err(denied) => {
            assert!(own_id.is_none() || user_id.is_none());
            assert_eq!((denied.status(), count()), (401, before + 1));
            return audited(&audit.take(), 1);
        }
    };
    let identity = principal.identity();
    assert_eq!(Some(identity.tenant().as_str()), own_id.as_deref());
    assert_eq!(Some(identity.expose()), user_id.as_deref());
    let is_own = asked_id.is_some() && asked_id == own_id;
    let scope = guard.require(&principal, "calls.read", Some(asked), Operation::Message);
    assert_eq!((scope.is_ok(), count()), (is_own, before + u64::from(!is_own)));
    if let Err(denied) = scope {
        let kind = match asked_id {
            Some(_) => ViolationKind::CrossTenant,
            None if asked.chars().all(is_white) => ViolationKind::MissingTenant,
            None => ViolationKind::MalformedId,
        };
        assert_eq!(denied.violation().map(|violation| violation.kind()), Some(kind));
    }
    let scope = guard.require(&principal, "agent", Some(own), Operation::Connect).unwrap();
    let row = scope.own(Some(asked), |tenant| tenant, Operation::FindSession);
    assert_eq!((row.is_ok(), count()), (is_own, before + 2 * u64::from(!is_own)));
    assert_eq!(row.err().map(|denied| denied.status()), (!is_own).then_some(404));
    audited(&audit.take(), if is_own { 0 } else { 2 });
}

fn audited(records: &[Record], denials: usize) {
    assert_eq!(records.len(), denials);
    for record in records {
        assert_eq!(Record::read(record.line().as_bytes()).as_ref(), Some(record));
    }
}

fn is_white(c: char) -> bool {
    [' ', '\t', '\n', '\r', '\u{c}'].contains(&c)
}

/// An id letter by letter.
fn plain(text: &str, most: usize, marks: &str) -> Option<String> {
    let mut letters: Vec<char> = text.chars().skip_while(|c| is_white(*c)).collect();
    while letters.last().is_some_and(|c| is_white(*c)) {
        letters.pop();
    }
    let folded: Option<String> = letters
        .into_iter()
        .map(|c| match c {
            'A'..='Z' => char::from_u32(u32::from(c) + 32),
            'a'..='z' | '0'..='9' => Some(c),
            _ => marks.contains(c).then_some(c),
        })
        .collect();
    folded.filter(|id| (1..=most).contains(&id.len()))
}
