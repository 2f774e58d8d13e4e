use super::{Denied, Operation, Severity, Violation, ViolationKind, violation::of_its_name};
use crate::{
    decision::names,
    encoding::json,
    id::{Pseudonym, SiteId, Writer},
    time::Timestamp,
};
use alloc::{format, string::String};
use core::fmt;
use serde_json::Value;

names! {
    /// What whoever tried was told.
    AuditOutcome {
        /// That it is denied: 401 or 403.
        Denied = "denied",
        /// That there is nothing: 404.
        Hidden = "hidden",
        /// That nobody could find out: 503.
        Unavailable = "unavailable",
    }
}

of_its_name!(AuditOutcome);

/// A violation as it is kept. Writer and sequence name it: kept a second time, it is still one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Who wrote it.
    pub writer: Writer,
    /// The how-manieth of its writer, from 1 on and without a gap.
    pub sequence: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What was denied.
    pub violation: Violation,
    /// What whoever tried was told.
    pub outcome: AuditOutcome,
}

impl Record {
    /// The most sequence numbers of one writer: what every language and every table can hold as a number.
    pub const SEQUENCE_MAX: u64 = (1 << 53) - 1;

    /// What was denied, as a record; none where nothing was violated.
    #[must_use]
    pub fn of(denied: &Denied, writer: Writer, sequence: u64, at: Timestamp) -> Option<Self> {
        let outcome = match denied.status() {
            404 => AuditOutcome::Hidden,
            503 => AuditOutcome::Unavailable,
            _ => AuditOutcome::Denied,
        };
        let violation = denied.violation()?.clone();
        Some(Self { writer, sequence, at, violation, outcome })
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.violation.severity()
    }

    /// The record as one line of JSON, without the line's end. Every text in it is of an alphabet without `"` and `\`.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { writer, sequence, at, violation, outcome } = self;
        let (tenant, subject) =
            (Text(violation.tenant()), violation.subject().map(|of| of.to_hex()));
        format!(
            concat!(
                r#"{{"writer":"{}","sequence":{},"at":"{}","tenant":{},"kind":"{}","#,
                r#""operation":"{}","severity":"{}","subject":{},"outcome":"{}"}}"#
            ),
            writer.to_hex(),
            sequence,
            at.to_rfc3339(),
            tenant,
            violation.kind(),
            violation.operation(),
            violation.severity(),
            Text(subject.as_ref()),
            outcome
        )
    }

    /// Reads what [`line`](Self::line) writes, and nothing else.
    #[must_use]
    pub fn read(line: &[u8]) -> Option<Self> {
        let fields = json::value(line).ok()?;
        let text = |name| fields.get(name).and_then(Value::as_str);
        let read = Self {
            writer: Writer::from_hex(text("writer")?)?,
            sequence: fields.get("sequence")?.as_u64().filter(Self::is_sequence)?,
            at: Timestamp::from_rfc3339(text("at")?)?,
            violation: Violation {
                kind: ViolationKind::from_name(text("kind")?)?,
                operation: Operation::from_name(text("operation")?)?,
                tenant: text("tenant").and_then(SiteId::new),
                subject: text("subject").and_then(Pseudonym::from_hex),
            },
            outcome: AuditOutcome::from_name(text("outcome")?)?,
        };
        // Whatever was left out, misspelt or added shows here.
        (read.line().as_bytes() == line).then_some(read)
    }

    fn is_sequence(number: &u64) -> bool {
        (1..=Self::SEQUENCE_MAX).contains(number)
    }
}

/// A text in quotes, or `null`.
struct Text<T>(Option<T>);

impl<T: fmt::Display> fmt::Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(text) => write!(f, "\"{text}\""),
            None => f.write_str("null"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{string::ToString, vec::Vec};
    use proptest::prelude::*;

    prop_compose! {
        fn records()(
            writer: [u8; 16],
            sequence in 1..=Record::SEQUENCE_MAX,
            at in 0..=Timestamp::MAX.as_millis(),
            kind in prop::sample::select(ViolationKind::ALL),
            operation in prop::sample::select(Operation::ALL),
            tenant in prop::option::of("[a-z0-9._-]{1,64}"),
            subject: Option<[u8; 16]>,
            outcome in prop::sample::select(AuditOutcome::ALL),
        ) -> Record {
            let (tenant, subject) = (tenant.as_deref().and_then(SiteId::new), subject.map(Pseudonym::from_bytes));
            let violation = Violation { kind, operation, tenant, subject };
            let (writer, at) = (Writer::from_bytes(writer), Timestamp::from_millis(at).unwrap_or(Timestamp::MIN));
            Record { writer, sequence, at, violation, outcome }
        }
    }

    proptest! {
        #[test]
        fn law_11_a_record_is_read_as_it_is_written(record in records()) {
            let line = record.line();
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(Record::read(line.as_bytes()), Some(record));
        }

        #[test]
        fn law_11_a_line_of_which_a_byte_is_lost_or_another_is_no_such_record(
            record in records(), at: prop::sample::Index, byte: u8,
        ) {
            let mut line = record.line().into_bytes();
            let at = at.index(line.len());
            prop_assert_eq!(Record::read(&line[..at]), None);
            line[at] = byte;
            if let Some(other) = Record::read(&line) {
                prop_assert_eq!(other.line().into_bytes(), line);
            }
        }

        #[test]
        fn law_11_any_bytes_are_a_record_or_none(bytes: Vec<u8>) {
            prop_assert_eq!(Record::read(&bytes), None);
        }
    }

    #[test]
    fn law_12_a_record_of_nobody_names_nobody() {
        let denied = Denied::stranger(ViolationKind::VerifierFailed);
        let record = Record::of(&denied, Writer::from_bytes([0xab; 16]), 7, Timestamp::MIN);
        let line = record.map(|record| record.line()).unwrap_or_default();
        let expected = concat!(
            r#"{"writer":"abababababababababababababababab","sequence":7,"at":"1970-01-01T00:00:00.000Z","#,
            r#""tenant":null,"kind":"verifier_failed","operation":"authenticate","severity":"high","#,
            r#""subject":null,"outcome":"unavailable"}"#
        );
        assert_eq!(line, expected.to_string());
        assert_eq!(
            Record::of(&Denied::nothing(), Writer::from_bytes([0; 16]), 1, Timestamp::MIN),
            None
        );
    }

    #[test]
    fn law_11_what_is_added_repeated_or_said_otherwise_is_no_record() {
        let denied = Denied::stranger(ViolationKind::Unauthenticated);
        let record = Record::of(&denied, Writer::from_bytes([1; 16]), 1, Timestamp::MIN);
        let line = record.map(|record| record.line()).unwrap_or_default();
        for (from, to) in [
            ("\"low\"", "\"critical\""),
            ("\"sequence\":1", "\"sequence\":0"),
            ("\"sequence\":1", "\"sequence\":9007199254740992"),
            ("\"sequence\":1", "\"sequence\":1.0"),
            ("\"tenant\":null", "\"tenant\":\"A b\""),
            ("\"tenant\":null,", ""),
            (".000Z", "Z"),
            ("}", ",\"more\":1}"),
            ("}", "} "),
            ("unauthenticated", "unknown"),
        ] {
            assert!(line.contains(from), "{from}");
            assert_eq!(Record::read(line.replacen(from, to, 1).as_bytes()), None, "{to}");
        }
    }
}
