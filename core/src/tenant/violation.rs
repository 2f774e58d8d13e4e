use super::Identity;
use crate::{
    decision::names,
    id::{Pseudonym, SiteId},
};
use core::fmt;
use thiserror::Error;

names! {
    /// What was tried against a tenant.
    ViolationKind {
        /// No credential that counts.
        Unauthenticated = "unauthenticated",
        /// The verifier could not find out, so nobody is let in.
        VerifierFailed = "verifier_failed",
        /// A tenant's or user's id is outside of its alphabet or length.
        MalformedId = "malformed_id",
        /// No tenant is named.
        MissingTenant = "missing_tenant",
        /// Another tenant than the principal's.
        CrossTenant = "cross_tenant",
        /// No role that grants what is needed.
        Forbidden = "forbidden",
    }
}

names! {
    /// How bad it is.
    Severity {
        /// Happens to the honest too.
        Low = "low",
        /// A mistake of somebody's code, or somebody who looks around.
        Medium = "medium",
        /// No honest client does it.
        High = "high",
        /// The tenants' separation itself.
        Critical = "critical",
    }
}

names! {
    /// At which step.
    Operation {
        /// A credential is verified.
        Authenticate = "authenticate",
        /// A connection begins.
        Connect = "connect",
        /// A request over HTTP.
        Request = "request",
        /// A session is made.
        CreateSession = "create_session",
        /// A message of a session.
        Message = "message",
        /// A stored session is looked up again.
        FindSession = "find_session",
    }
}

impl ViolationKind {
    /// How bad it is.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Unauthenticated => Severity::Low,
            Self::MissingTenant | Self::Forbidden => Severity::Medium,
            Self::VerifierFailed | Self::MalformedId => Severity::High,
            Self::CrossTenant => Severity::Critical,
        }
    }
}

impl Operation {
    /// What `require` is asked for unless it is told.
    pub const OF_REQUIRE: Self = Self::Request;
    /// What `own` is asked for unless it is told.
    pub const OF_OWN: Self = Self::FindSession;
}

macro_rules! of_its_name {
    ($($name:ident)+) => {$(
        impl $name {
            /// The one of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|own| own.as_str() == name)
            }
        }
    )+};
}
pub(super) use of_its_name;

of_its_name!(Operation ViolationKind);

/// What was denied, for the record: nothing in it is personal (law 12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub(super) kind: ViolationKind,
    pub(super) operation: Operation,
    pub(super) tenant: Option<SiteId>,
    pub(super) subject: Option<Pseudonym>,
}

impl Violation {
    /// What was tried.
    #[must_use]
    pub fn kind(&self) -> ViolationKind {
        self.kind
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.kind.severity()
    }

    /// At which step.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The tenant of whoever tried; none where that is not known.
    #[must_use]
    pub fn tenant(&self) -> Option<&SiteId> {
        self.tenant.as_ref()
    }

    /// Who tried, as a keyed hash; none where that is not known.
    #[must_use]
    pub fn subject(&self) -> Option<Pseudonym> {
        self.subject
    }
}

/// No, and nothing more: not why, and not whether the thing exists. For you there is the violation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the request is denied")]
pub struct Denied {
    status: u16,
    violation: Option<Violation>,
}

impl Denied {
    /// Nobody is known yet.
    pub(super) fn stranger(kind: ViolationKind) -> Self {
        let status = if kind == ViolationKind::VerifierFailed { 503 } else { 401 };
        let operation = Operation::Authenticate;
        let violation = Violation { kind, operation, tenant: None, subject: None };
        Self { status, violation: Some(violation) }
    }

    pub(super) fn forbidden(kind: ViolationKind, operation: Operation, who: &Identity) -> Self {
        Self { status: 403, violation: Some(Self::by(kind, operation, who)) }
    }

    /// The answer to what is another's is the answer to what is not there.
    pub(super) fn not_found(kind: ViolationKind, operation: Operation, who: &Identity) -> Self {
        Self { violation: Some(Self::by(kind, operation, who)), ..Self::nothing() }
    }

    /// There is nothing, and nothing was violated.
    pub(super) fn nothing() -> Self {
        Self { status: 404, violation: None }
    }

    fn by(kind: ViolationKind, operation: Operation, who: &Identity) -> Violation {
        let (tenant, subject) = (Some(who.tenant().clone()), Some(who.subject()));
        Violation { kind, operation, tenant, subject }
    }

    /// The HTTP status to send: 401, 403, 404 or 503.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What is to be recorded; never for the client. None where there was simply nothing to find.
    #[must_use]
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }
}

/// What is wrong with the name of a tenant that is not the one expected.
pub(super) fn kind_of(tenant: Option<&str>) -> ViolationKind {
    let named = tenant.filter(|text| !text.trim_ascii().is_empty());
    match named.map(SiteId::new) {
        None => ViolationKind::MissingTenant,
        Some(None) => ViolationKind::MalformedId,
        Some(Some(_)) => ViolationKind::CrossTenant,
    }
}
