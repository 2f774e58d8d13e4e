//! `verify` and `sign`, and a device's half.

use crate::{
    headers::Pairs,
    input::{self, type_name},
};
use consentgate::{Clock, DeviceToSign, Misuse, SecretInput, SystemClock, Timestamp, ids::EventId};
use pyo3::{
    exceptions::{PyOSError, PyTypeError, PyValueError},
    prelude::*,
    types::{PyBool, PyBytes, PyDict, PyInt, PyString},
};

/// A request whose signature and time are right.
#[pyclass(frozen, module = "consentgate")]
pub(crate) struct Verified {
    id: Option<EventId>,
    /// The time that the sender signed, in whole seconds, where the scheme has one.
    #[pyo3(get)]
    timestamp: Option<u64>,
    /// The place of the secret or key that was right.
    #[pyo3(get)]
    key_index: usize,
}

#[pymethods]
impl Verified {
    /// The id that the sender signed in a header, where the scheme has one.
    #[getter]
    fn id(&self) -> Option<&str> {
        self.id.as_ref().map(EventId::as_str)
    }

    fn __repr__(&self) -> String {
        let at = self.timestamp.map_or_else(String::new, |seconds| format!(" at {seconds}"));
        format!("<Verified by secret {}{at}>", self.key_index)
    }
}

/// A secret as Python programs hold it.
enum Secret<'py> {
    Text(Bound<'py, PyString>),
    Bytes(Bound<'py, PyBytes>),
}

impl<'py> Secret<'py> {
    fn read(object: &Bound<'py, PyAny>) -> PyResult<Option<Self>> {
        match object.cast::<PyString>() {
            Ok(text) => Ok(Some(Self::Text(text.clone()))),
            Err(_) => Ok(input::bytes(object)?.map(Self::Bytes)),
        }
    }

    fn one(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::read(object)?.ok_or_else(|| {
            let wanted = "a secret must be str or bytes";
            PyTypeError::new_err(format!("{wanted}, not {}", type_name(object)))
        })
    }

    fn several(object: &Bound<'py, PyAny>) -> PyResult<Vec<Self>> {
        let iterator = object.try_iter().map_err(|_| {
            let wanted = "`secrets` must be str or bytes, or a sequence of them";
            PyTypeError::new_err(format!("{wanted}, not {}", type_name(object)))
        })?;
        // More than any call may have: enough to be told so.
        iterator.take(1000).map(|secret| Self::one(&secret?)).collect()
    }

    fn as_input(&self) -> PyResult<SecretInput<'_>> {
        // Nothing is put in the place of what UTF-8 cannot hold: two secrets would be one.
        let no_text = |_| PyValueError::new_err("a secret holds what is no text");
        Ok(match self {
            Self::Text(text) => SecretInput::Text(text.to_str().map_err(no_text)?),
            Self::Bytes(bytes) => SecretInput::Bytes(bytes.as_bytes()),
        })
    }
}

fn misuse(misuse: Misuse) -> PyErr {
    match misuse {
        Misuse::NoRandomness => PyOSError::new_err(misuse.to_string()),
        _ => PyValueError::new_err(misuse.to_string()),
    }
}

fn at(now: Option<&Bound<'_, PyAny>>) -> PyResult<Timestamp> {
    Ok(input::now(now)?.unwrap_or_else(|| SystemClock.now()))
}

/// How far a signed time may be off, in whole seconds.
pub(crate) struct Tolerance(u64);

impl<'py> FromPyObject<'_, 'py> for Tolerance {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if !object.is_instance_of::<PyInt>() || object.is_instance_of::<PyBool>() {
            let given = type_name(&object);
            return Err(PyTypeError::new_err(format!("`tolerance_s` must be int, not {given}")));
        }
        object.extract().map(Self).map_err(|_| misuse(Misuse::Tolerance))
    }
}

/// A request's signature and time, and nothing else: `None` if it is not authentic. No replay protection; `github` and
/// `shopify` sign no time, so with them a copy is authentic for ever.
#[pyfunction]
#[pyo3(
    signature = (scheme, secrets, headers, body, *, method=None, url=None, now=None, tolerance_s=Tolerance(300)),
    text_signature = "(scheme, secrets, headers, body, *, method=None, url=None, now=None, tolerance_s=300)"
)]
#[expect(clippy::too_many_arguments, reason = "the contract's")]
pub(crate) fn verify(
    scheme: &Bound<'_, PyAny>,
    secrets: &Bound<'_, PyAny>,
    headers: &Bound<'_, PyAny>,
    body: &Bound<'_, PyAny>,
    method: Option<&Bound<'_, PyAny>>,
    url: Option<&Bound<'_, PyAny>>,
    now: Option<&Bound<'_, PyAny>>,
    tolerance_s: Tolerance,
) -> PyResult<Option<Verified>> {
    input::method_and_url(method, url)?;
    let scheme = input::text(scheme, "`scheme`")?;
    let one = Secret::read(secrets)?;
    let several = if one.is_some() { Vec::new() } else { Secret::several(secrets)? };
    let headers = Pairs::read(headers)?;
    let (body, now) = (input::body(body)?, at(now)?);
    let verify = |secrets: &[SecretInput<'_>]| {
        consentgate::verify(&scheme, secrets, &headers, body.as_bytes(), tolerance_s.0, now)
    };
    let found = match one {
        Some(secret) => verify(&[secret.as_input()?]),
        None => verify(&several.iter().map(Secret::as_input).collect::<PyResult<Vec<_>>>()?),
    };
    Ok(found.map_err(misuse)?.map(|verified| Verified {
        id: verified.id().cloned(),
        timestamp: verified.timestamp().map(Timestamp::as_secs),
        key_index: verified.key_index(),
    }))
}

/// The headers to send with a body. Without an `id`, one that nobody can guess; only `standard-webhooks` signs one.
#[pyfunction]
#[pyo3(signature = (scheme, secret, body, *, id=None, now=None))]
pub(crate) fn sign<'py>(
    py: Python<'py>,
    scheme: &Bound<'py, PyAny>,
    secret: &Bound<'py, PyAny>,
    body: &Bound<'py, PyAny>,
    id: Option<&Bound<'py, PyAny>>,
    now: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let scheme = input::text(scheme, "`scheme`")?;
    let secret = Secret::one(secret)?;
    let body = input::body(body)?;
    let id = id.map(|id| input::text(id, "`id`")).transpose()?;
    let signed =
        consentgate::sign(&scheme, secret.as_input()?, body.as_bytes(), id.as_deref(), at(now)?);
    let headers = PyDict::new(py);
    for (name, value) in signed.map_err(misuse)? {
        headers.set_item(name, value)?;
    }
    Ok(headers)
}

/// The headers to send with a device's request. Without a `nonce`, one that nobody can guess.
#[pyfunction]
#[pyo3(signature = (secret, device_id, body, *, site, method, url, nonce=None, now=None))]
#[expect(clippy::too_many_arguments, reason = "the contract's")]
pub(crate) fn sign_device<'py>(
    py: Python<'py>,
    secret: &Bound<'py, PyAny>,
    device_id: &Bound<'py, PyAny>,
    body: &Bound<'py, PyAny>,
    site: &Bound<'py, PyAny>,
    method: &Bound<'py, PyAny>,
    url: &Bound<'py, PyAny>,
    nonce: Option<&Bound<'py, PyAny>>,
    now: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let secret = Secret::one(secret)?;
    let device_id = input::text(device_id, "`device_id`")?;
    let body = input::body(body)?;
    let site = input::text(site, "`site`")?;
    let method = input::text(method, "`method`")?;
    let url = input::text(url, "`url`")?;
    let nonce = nonce.map(|nonce| input::text(nonce, "`nonce`")).transpose()?;
    let request = DeviceToSign {
        site: &site,
        device_id: &device_id,
        method: &method,
        url: &url,
        body: body.as_bytes(),
        nonce: nonce.as_deref(),
    };
    let signed = consentgate::sign_device(secret.as_input()?, &request, at(now)?);
    let headers = PyDict::new(py);
    for (name, value) in signed.map_err(misuse)? {
        headers.set_item(name, value)?;
    }
    Ok(headers)
}

/// The secret to put on a device, as base64, from the site's master key. Without a `generation`, the first one.
#[pyfunction]
#[pyo3(signature = (master, site, device_id, generation=None))]
pub(crate) fn device_secret(
    master: &Bound<'_, PyAny>,
    site: &Bound<'_, PyAny>,
    device_id: &Bound<'_, PyAny>,
    generation: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    let master = Secret::one(master)?;
    let site = input::text(site, "`site`")?;
    let device_id = input::text(device_id, "`device_id`")?;
    let generation =
        generation.map(|generation| input::whole(generation, "`generation`")).transpose()?;
    let secret = consentgate::device_secret(master.as_input()?, &site, &device_id, generation);
    secret.map_err(misuse)
}
