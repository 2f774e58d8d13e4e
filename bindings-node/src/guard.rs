//! The guard of tenants. Who verifies a credential is called by JavaScript; what its answer is worth is judged here.

use crate::{gate::NativeGate, input::Misuse, value::from_json};
use consentgate::{
    Denied, Guard, Operation, Principal, Signer, VerifierFailed, Violation,
    host::{Value, claims},
};
use napi::bindgen_prelude::{Env, External, FunctionCallContext, Result, ToNapiValue, Unknown};
use napi_derive::napi;
use std::sync::Arc;

/// The guard, without the verifiers.
#[napi]
pub struct NativeGuard {
    guard: Arc<Guard<()>>,
}

/// A guard that was made.
#[napi(object, object_from_js = false)]
pub struct MadeGuard<'env> {
    /// The guard.
    pub guard: NativeGuard,
    /// Why a principal may not do in a tenant what it asks for, if it may not. Functions of their own cost a third of
    /// what methods do, and a scope for JavaScript to hold several times that: it is made again from what was asked,
    /// which makes the same of it, once something is to be owned.
    pub require: Unknown<'env>,
    /// Why what belongs to a tenant is not the scope's, if it is not.
    pub own: Unknown<'env>,
}

/// A principal; or why not.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Judged {
    /// Who it is.
    pub principal: Option<Known>,
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
    pub fn guard<'env>(&self, env: &'env Env, verifiers: Vec<String>) -> Result<MadeGuard<'env>> {
        let guard = Arc::new(self.host().guard(verifiers.iter().map(String::as_str)));
        Ok(MadeGuard {
            require: function(env, "require", guard.clone(), require)?,
            own: function(env, "own", guard.clone(), own)?,
            guard: NativeGuard { guard },
        })
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
}

/// A function that a guard answers; nothing, where it denies nothing.
fn function<'env>(
    env: &'env Env,
    name: &str,
    guard: Arc<Guard<()>>,
    judge: fn(&Guard<()>, &FunctionCallContext<'_>) -> Result<Option<Judged>>,
) -> Result<Unknown<'env>> {
    let function = move |call: FunctionCallContext<'_>| judge(&guard, &call);
    env.create_function_from_closure::<(), _, _>(name, function)?.into_unknown(env)
}

/// Of a principal, a need, a tenant and an operation.
fn require(guard: &Guard<()>, call: &FunctionCallContext<'_>) -> Result<Option<Judged>> {
    let (principal, need): (&External<Principal>, String) = (call.get(0)?, call.get(1)?);
    let (tenant, operation): (Option<String>, Option<String>) = (call.get(2)?, call.get(3)?);
    Ok(match operation_of(operation.as_deref(), Operation::OF_REQUIRE) {
        Ok(at) => guard.require(principal, &need, tenant.as_deref(), at).err().map(Judged::from),
        Err(misuse) => Some(misuse.into()),
    })
}

/// Of what `require` let a principal do, of whether anything was found, the tenant that its row names, and an operation.
fn own(guard: &Guard<()>, call: &FunctionCallContext<'_>) -> Result<Option<Judged>> {
    let (principal, need): (&External<Principal>, String) = (call.get(0)?, call.get(1)?);
    let (is_there, tenant): (bool, Option<String>) = (call.get(2)?, call.get(3)?);
    let operation: Option<String> = call.get(4)?;
    Ok(match operation_of(operation.as_deref(), Operation::OF_OWN) {
        Ok(at) => {
            let found = is_there.then(|| tenant.as_deref().unwrap_or_default());
            let own = principal.identity().tenant().as_str();
            let scope = guard.require(principal, &need, Some(own), Operation::OF_REQUIRE);
            scope.and_then(|scope| scope.own(found, |tenant| tenant, at)).err().map(Judged::from)
        }
        Err(misuse) => Some(misuse.into()),
    })
}

fn operation_of(
    name: Option<&str>,
    otherwise: Operation,
) -> std::result::Result<Operation, Misuse> {
    let named = name.map_or(Some(otherwise), Operation::from_name);
    named.ok_or_else(|| {
        let names: Vec<_> = Operation::ALL.iter().map(|own| own.as_str()).collect();
        Misuse::range(format!("`operation` must be one of {}", names.join(", ")))
    })
}

impl From<std::result::Result<Principal, Denied>> for Judged {
    fn from(principal: std::result::Result<Principal, Denied>) -> Self {
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

impl From<Misuse> for Judged {
    fn from(misuse: Misuse) -> Self {
        Self { misuse: Some(misuse), ..Self::default() }
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
