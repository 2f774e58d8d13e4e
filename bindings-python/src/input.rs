//! Bodies, texts, addresses and times as Python programs hold them.

use consentgate::{Timestamp, ids::Fingerprint};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyBool, PyByteArray, PyBytes, PyFloat, PyInt, PyMemoryView, PyString},
};
use std::{borrow::Cow, net::IpAddr};

/// How an object's type is named in a message; its value never is (law 12).
pub(crate) fn type_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string())
}

pub(crate) fn wrong_type(what: &str, wanted: &str, given: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!("{what} must be {wanted}, not {}", type_name(given)))
}

/// A text. What no UTF-8 can hold is replaced: no name that is compared with it holds the replacement.
pub(crate) fn text<'a>(object: &'a Bound<'_, PyAny>, what: &str) -> PyResult<Cow<'a, str>> {
    match object.cast::<PyString>() {
        Ok(text) => Ok(text.to_string_lossy()),
        Err(_) => Err(wrong_type(what, "str", object)),
    }
}

/// A text, or nothing.
pub(crate) fn optional_text<'a>(
    object: &'a Bound<'_, PyAny>,
    what: &str,
) -> PyResult<Option<Cow<'a, str>>> {
    if object.is_none() { Ok(None) } else { text(object, what).map(Some) }
}

/// A `bytes`, or a copy of a `bytearray` or `memoryview`, if it is one.
pub(crate) fn bytes<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(Some(bytes.clone()));
    }
    if let Ok(bytes) = object.cast::<PyByteArray>() {
        return Ok(Some(PyBytes::new(object.py(), &bytes.to_vec())));
    }
    if object.is_instance_of::<PyMemoryView>() {
        return Ok(Some(object.call_method0("tobytes")?.cast_into()?));
    }
    Ok(None)
}

/// A body: the bytes that are signed, never a text made of them (FIELD 10).
pub(crate) fn body<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let wanted = "the raw bytes as they came (bytes, bytearray or memoryview)";
    bytes(object)?.ok_or_else(|| wrong_type("`body`", wanted, object))
}

/// A fingerprint.
pub(crate) fn fingerprint(object: &Bound<'_, PyAny>) -> PyResult<Fingerprint> {
    let Ok(text) = object.cast::<PyString>() else {
        return Err(wrong_type("`fingerprint`", "str", object));
    };
    let grammar = || PyValueError::new_err("`fingerprint` must be 1 to 256 bytes without NUL");
    text.to_str().ok().and_then(Fingerprint::new).ok_or_else(grammar)
}

/// An address: a text, or an address of the module `ipaddress`.
pub(crate) fn address(object: Option<&Bound<'_, PyAny>>) -> PyResult<Option<IpAddr>> {
    let Some(object) = object else { return Ok(None) };
    let wrong = || PyValueError::new_err("`ip` must be an IPv4 or IPv6 address");
    if let Ok(text) = object.cast::<PyString>() {
        let text = text.to_str().map_err(|_| wrong())?;
        // An IPv6 address may name the interface it came by.
        let address = text.split_once('%').map_or(text, |(address, _)| address);
        return address.parse().map(Some).map_err(|_| wrong());
    }
    let packed = object.getattr("packed").ok();
    let Some(packed) = packed.as_ref().and_then(|packed| packed.cast::<PyBytes>().ok()) else {
        return Err(wrong_type("`ip`", "str or an address of ipaddress", object));
    };
    let packed = packed.as_bytes();
    let v4 = || <[u8; 4]>::try_from(packed).map(IpAddr::from);
    <[u8; 16]>::try_from(packed).map(IpAddr::from).or_else(|_| v4()).map(Some).map_err(|_| wrong())
}

/// Seconds since 1970.
pub(crate) fn timestamp(object: &Bound<'_, PyAny>, what: &str) -> PyResult<Timestamp> {
    let read = if object.is_instance_of::<PyBool>() {
        return Err(wrong_type(what, "seconds as int or float", object));
    } else if let Ok(seconds) = object.cast::<PyInt>() {
        seconds.extract::<u64>().ok().and_then(Timestamp::from_secs)
    } else if let Ok(seconds) = object.cast::<PyFloat>() {
        Timestamp::from_secs_f64(seconds.value())
    } else {
        return Err(wrong_type(what, "seconds as int or float", object));
    };
    read.ok_or_else(|| {
        let bounds = "seconds from the beginning of 1970 to the end of 9999";
        PyValueError::new_err(format!("{what} must be {bounds}"))
    })
}

/// A whole number that is not negative.
pub(crate) fn whole(object: &Bound<'_, PyAny>, what: &str) -> PyResult<u64> {
    match object.cast::<PyInt>() {
        Ok(number) if !object.is_instance_of::<PyBool>() => {
            let negative = || PyValueError::new_err(format!("{what} must be from 0 to 2**64 - 1"));
            number.extract().map_err(|_| negative())
        }
        _ => Err(wrong_type(what, "int", object)),
    }
}

/// A span given in seconds, as whole milliseconds: 400 days at the most.
pub(crate) fn span(object: &Bound<'_, PyAny>, what: &str) -> PyResult<u64> {
    const LONGEST_S: f64 = 400.0 * 86_400.0;
    let is_number = object.is_instance_of::<PyInt>() || object.is_instance_of::<PyFloat>();
    if !is_number || object.is_instance_of::<PyBool>() {
        return Err(wrong_type(what, "seconds as int or float", object));
    }
    let bounds = || PyValueError::new_err(format!("{what} must be from 0 to {LONGEST_S}"));
    let seconds: f64 = object.extract().map_err(|_| bounds())?;
    if !(0.0..=LONGEST_S).contains(&seconds) {
        return Err(bounds());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "cut to the millisecond, and within bounds"
    )]
    Ok((seconds * 1000.0) as u64)
}

/// Seconds since 1970, or nothing given.
pub(crate) fn now(object: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Timestamp>> {
    object.map(|object| timestamp(object, "`now`")).transpose()
}

/// Method and URL: no scheme that there is signs them.
pub(crate) fn method_and_url(
    method: Option<&Bound<'_, PyAny>>,
    url: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    method.map(|method| text(method, "`method`")).transpose()?;
    url.map(|url| text(url, "`url`")).transpose()?;
    Ok(())
}
