//! Plain data across the border: requests to stores, and what they reply.

use crate::{input, names::word};
use consentgate::host::Value;
use pyo3::{
    prelude::*,
    types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple},
};
use std::borrow::Cow;

/// No reply nests deeper, is longer, has more members or more values in all; what does is nonsense, and is not walked
/// through.
const DEPTH_MAX: usize = 4;
const LEN_MAX: usize = 1024;
const VALUES_MAX: usize = 10_000;

/// A request as `dict`, `list`, `str`, `bytes`, `int`, `bool` and `None`.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(flag) => PyBool::new(py, *flag).to_owned().into_any(),
        Value::Int(number) => number.into_pyobject(py)?.into_any(),
        Value::Float(number) => PyFloat::new(py, *number).into_any(),
        Value::Text(text) => string(py, text).into_any(),
        Value::Bytes(bytes) => PyBytes::new(py, bytes).into_any(),
        Value::List(elements) => {
            let elements = elements.iter().map(|element| to_python(py, element));
            PyList::new(py, elements.collect::<PyResult<Vec<_>>>()?)?.into_any()
        }
        Value::Map(members) => {
            let dict = PyDict::new(py);
            for (name, member) in members {
                dict.set_item(string(py, name), to_python(py, member)?)?;
            }
            dict.into_any()
        }
    })
}

#[expect(clippy::ptr_arg, reason = "what matters is whose the text is")]
fn string<'py>(py: Python<'py>, text: &Cow<'static, str>) -> Bound<'py, PyString> {
    match text {
        Cow::Borrowed(own) => word(py, own),
        Cow::Owned(text) => PyString::new(py, text),
    }
}

/// A reply; what is no plain data is nothing, which is no reply to anything.
pub(crate) fn from_python(object: &Bound<'_, PyAny>) -> Value {
    plain(object).unwrap_or(Value::Null)
}

/// An object as plain data, if it is that.
pub(crate) fn plain(object: &Bound<'_, PyAny>) -> Option<Value> {
    read(object, DEPTH_MAX, &mut { VALUES_MAX })
}

fn read(object: &Bound<'_, PyAny>, depth: usize, left: &mut usize) -> Option<Value> {
    *left = left.checked_sub(1)?;
    // Most are texts: asked first.
    if let Ok(text) = object.cast::<PyString>() {
        return text.to_str().ok().map(|text| Value::Text(text.to_owned().into()));
    }
    if object.is_none() {
        return Some(Value::Null);
    }
    if let Ok(flag) = object.cast::<PyBool>() {
        return Some(Value::Bool(flag.is_true()));
    }
    if let Ok(number) = object.cast::<PyInt>() {
        return number.extract().ok().map(Value::Int);
    }
    if let Ok(members) = object.cast::<PyDict>() {
        return map(members, depth.checked_sub(1)?, left);
    }
    if let Ok(elements) = object.cast::<PyList>() {
        return list(elements.len(), elements.iter(), depth.checked_sub(1)?, left);
    }
    if let Ok(elements) = object.cast::<PyTuple>() {
        return list(elements.len(), elements.iter(), depth.checked_sub(1)?, left);
    }
    if let Some(bytes) = input::bytes(object).ok().flatten() {
        return Some(Value::Bytes(bytes.as_bytes().to_vec()));
    }
    object.cast::<PyFloat>().ok().map(|number| Value::Float(number.value()))
}

fn list<'py>(
    len: usize,
    elements: impl Iterator<Item = Bound<'py, PyAny>>,
    depth: usize,
    left: &mut usize,
) -> Option<Value> {
    if len > LEN_MAX {
        return None;
    }
    let mut values = Vec::with_capacity(len);
    for element in elements {
        values.push(read(&element, depth, left)?);
    }
    Some(Value::List(values))
}

fn map(members: &Bound<'_, PyDict>, depth: usize, left: &mut usize) -> Option<Value> {
    let len = members.len();
    if len > LEN_MAX {
        return None;
    }
    let mut values = Vec::with_capacity(len);
    for (name, member) in members.iter() {
        let name = name.cast::<PyString>().ok()?.to_str().ok()?.to_owned();
        values.push((name.into(), read(&member, depth, left)?));
    }
    Some(Value::Map(values))
}
