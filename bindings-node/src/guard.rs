//! The guard of tenants. Who verifies a credential is called by JavaScript; what its answer is worth is judged here.

use crate::{gate::NativeGate, input::Misuse, value::from_json};
use consentgate::{
    Denied, Guard, Operation, Principal, Scope, Signer, VerifierFailed, Violation,
    host::{Value, claims},
};
use napi::bindgen_prelude::External;
use napi_derive::napi;

/// The guard, without the verifiers.
#[napi]
pub struct NativeGuard {
    guard: Guard<()>,
}

/// One of: a principal, a scope, what was handed on; else why not.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Judged {
    /// Who it is.
    pub principal: Option<Known>,
    /// What it may do.
    pub scope: Option<External<Scope>>,
    /// The guard says no.
    pub denied: Option<Denial>,
    /// The call was none.
    pub misuse: Option<Misuse>,
}

/// A principal; JavaScript makes its class `Principal` of it.
#[napi(object, object_from_js = false)]
pub struct Known {
    /// The principal itself.
    pub made: External<Principal>,
    /// The tenant.
    pub tenant: String,
    /// What it is.
    pub kind: &'static str,
    /// The id in its tenant.
    pub id: String,
    /// What stands for it in records.
    pub subject: String,
}

/// A denial; JavaScript throws its class `Denied`.
#[napi(object, object_from_js = false)]
pub struct Denial {
    /// To send.
    pub status: u16,
    /// To record.
    pub violation: Option<Tried>,
}

/// A violation.
#[napi(object, object_from_js = false)]
pub struct Tried {
    /// What was tried.
    pub kind: &'static str,
    /// How bad it is.
    pub severity: &'static str,
    /// At which step.
    pub operation: &'static str,
    /// The tenant of whoever tried.
    pub tenant: Option<String>,
    /// Who tried.
    pub subject: Option<String>,
}

#[napi]
impl NativeGate {
    /// A guard of tenants whose verifiers have these names.
    #[napi(catch_unwind)]
    pub fn guard(&self, verifiers: Vec<String>) -> NativeGuard {
        NativeGuard { guard: self.host().guard(verifiers.iter().map(String::as_str)) }
    }
}

#[napi]
impl NativeGuard {
    /// The principal by what the verifier of that name answered, given as JSON.
    #[napi(catch_unwind)]
    pub fn answer(&self, verifier: String, answer: String) -> Judged {
        let said = match from_json(&answer, &[]) {
            // What is no JSON at all is read as nothing: a failure, and not a no.
            Value::Null if answer != "null" => Err(VerifierFailed),
            value => claims(&value),
        };
        self.guard.ask(&verifier).and_then(|asked| asked.answer(said)).into()
    }

    /// The denial where the verifier of that name threw.
    #[napi(catch_unwind)]
    pub fn fail(&self, verifier: String) -> Judged {
        self.guard.ask(&verifier).and_then(|asked| asked.answer(Err(VerifierFailed))).into()
    }

    /// The principal of a request that the gate let in.
    #[napi(catch_unwind)]
    pub fn principal(&self, signer: Option<&External<Signer>>) -> Judged {
        self.guard.principal_of(signer.map(|signer| &**signer)).into()
    }

    /// A scope, where the principal may do what it asks for.
    #[napi(catch_unwind)]
    pub fn require(
        &self,
        principal: &External<Principal>,
        need: String,
        tenant: Option<String>,
        operation: Option<String>,
    ) -> Judged {
        match operation_of(operation.as_deref(), Operation::OF_REQUIRE) {
            Ok(at) => self.guard.require(principal, &need, tenant.as_deref(), at).into(),
            Err(misuse) => Judged { misuse: Some(misuse), ..Judged::default() },
        }
    }
}

/// Why what belongs to `tenant` is not the scope's, if it is not; `is_there`: whether anything was found.
#[napi(catch_unwind)]
pub fn own(
    scope: &External<Scope>,
    is_there: bool,
    tenant: Option<String>,
    operation: Option<String>,
) -> Option<Judged> {
    match operation_of(operation.as_deref(), Operation::OF_OWN) {
        Ok(at) => {
            let found = is_there.then(|| tenant.as_deref().unwrap_or_default());
            scope.own(found, |tenant| tenant, at).err().map(Judged::from)
        }
        Err(misuse) => Some(Judged { misuse: Some(misuse), ..Judged::default() }),
    }
}

fn operation_of(name: Option<&str>, otherwise: Operation) -> Result<Operation, Misuse> {
    let named = name.map_or(Some(otherwise), Operation::from_name);
    named.ok_or_else(|| {
        let names: Vec<_> = Operation::ALL.iter().map(|own| own.as_str()).collect();
        Misuse::range(format!("`operation` must be one of {}", names.join(", ")))
    })
}

impl From<Result<Principal, Denied>> for Judged {
    fn from(principal: Result<Principal, Denied>) -> Self {
        let made = match principal {
            Ok(made) => made,
            Err(denied) => return denied.into(),
        };
        let identity = made.identity();
        let known = Known {
            tenant: identity.tenant().to_string(),
            kind: identity.kind().as_str(),
            id: identity.expose().into(),
            subject: identity.subject().to_hex(),
            made: External::new(made),
        };
        Self { principal: Some(known), ..Self::default() }
    }
}

impl From<Result<Scope, Denied>> for Judged {
    fn from(scope: Result<Scope, Denied>) -> Self {
        match scope {
            Ok(scope) => Self { scope: Some(External::new(scope)), ..Self::default() },
            Err(denied) => denied.into(),
        }
    }
}

impl From<Denied> for Judged {
    fn from(denied: Denied) -> Self {
        let violation = denied.violation().map(Tried::from);
        let denied = Denial { status: denied.status(), violation };
        Self { denied: Some(denied), ..Self::default() }
    }
}

impl From<&Violation> for Tried {
    fn from(violation: &Violation) -> Self {
        Self {
            kind: violation.kind().as_str(),
            severity: violation.severity().as_str(),
            operation: violation.operation().as_str(),
            tenant: violation.tenant().map(ToString::to_string),
            subject: violation.subject().map(|subject| subject.to_hex()),
        }
    }
}
