//! Headers as Python programs hold them, never joined.

use crate::input::{self, type_name};
use consentgate::{Headers, core::HEADERS_MAX};
use pyo3::{
    exceptions::PyTypeError,
    intern,
    prelude::*,
    pybacked::{PyBackedBytes, PyBackedStr},
    types::{PyDict, PyList, PyString, PyTuple},
};
use std::iter;

/// Raw pairs. One more than the core allows is read at most, so that it sees that there are too many.
#[derive(Default)]
pub(crate) struct Pairs(Vec<(Text, Text)>);

/// A name or a value.
enum Text {
    /// ASCII, where all encodings agree.
    Ascii(PyBackedStr),
    Bytes(PyBackedBytes),
    Encoded(Vec<u8>),
}

impl Headers for Pairs {
    fn each<'a>(&'a self, pair: &mut dyn FnMut(&'a [u8], &'a [u8])) {
        for (name, value) in &self.0 {
            pair(name.as_bytes(), value.as_bytes());
        }
    }
}

impl Pairs {
    /// From a mapping (by `multi_items()` where it has one, else by `items()`) or an iterable of pairs. A value that is
    /// a list or a tuple is a header that occurs as often.
    pub(crate) fn read(headers: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = headers.py();
        let mut pairs = Self::default();
        if let Ok(dict) = headers.cast_exact::<PyDict>() {
            for (name, value) in dict.iter() {
                pairs.add(&name, &value)?;
            }
            return Ok(pairs);
        }
        if headers.is_instance_of::<PyString>() || input::bytes(headers)?.is_some() {
            return Err(wrong_form(headers));
        }
        if headers.is_exact_instance_of::<PyList>() || headers.is_exact_instance_of::<PyTuple>() {
            return pairs.extend(headers);
        }
        for method in [intern!(py, "multi_items"), intern!(py, "items")] {
            if let Some(method) = headers.getattr_opt(method)? {
                return pairs.extend(&method.call0()?);
            }
        }
        pairs.extend(headers)
    }

    fn extend(mut self, iterable: &Bound<'_, PyAny>) -> PyResult<Self> {
        for pair in iterable.try_iter().map_err(|_| wrong_form(iterable))? {
            let pair = pair?;
            if let Ok(pair) = pair.cast::<PyTuple>()
                && let (2, Ok(name), Ok(value)) = (pair.len(), pair.get_item(0), pair.get_item(1))
            {
                self.add(&name, &value)?;
            } else if let Ok(pair) = pair.cast::<PyList>()
                && let (2, Ok(name), Ok(value)) = (pair.len(), pair.get_item(0), pair.get_item(1))
            {
                self.add(&name, &value)?;
            } else {
                return Err(PyTypeError::new_err("each header must be a pair of name and value"));
            }
            if self.is_over() {
                break;
            }
        }
        Ok(self)
    }

    fn add(&mut self, name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        // By their own iterators: one of a subclass could change the mapping that is being read.
        if let Ok(values) = value.cast::<PyList>() {
            self.add_all(name, values.iter())
        } else if let Ok(values) = value.cast::<PyTuple>() {
            self.add_all(name, values.iter())
        } else {
            self.add_all(name, iter::once(value.clone()))
        }
    }

    fn add_all<'py>(
        &mut self,
        name: &Bound<'py, PyAny>,
        values: impl Iterator<Item = Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        for value in values {
            if self.is_over() {
                break;
            }
            self.0.push((Text::read(name)?, Text::read(&value)?));
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.0.len() > HEADERS_MAX
    }
}

fn wrong_form(headers: &Bound<'_, PyAny>) -> PyErr {
    let wanted = "`headers` must be a mapping or an iterable of pairs of name and value";
    PyTypeError::new_err(format!("{wanted}, not {}", type_name(headers)))
}

impl Text {
    /// Text is taken as Latin-1, which is how HTTP libraries make text of header bytes; a text that is none as UTF-8.
    fn read(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(text) = object.cast::<PyString>() {
            if let Ok(text) = PyBackedStr::try_from(text.clone())
                && text.is_ascii()
            {
                return Ok(Self::Ascii(text));
            }
            let text = text.to_string_lossy();
            let latin1: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
            return Ok(Self::Encoded(latin1.unwrap_or_else(|_| text.as_bytes().to_vec())));
        }
        input::bytes(object)?.map(Self::Bytes).ok_or_else(|| {
            let wanted = "a header's name and value must be str or bytes";
            PyTypeError::new_err(format!("{wanted}, not {}", type_name(object)))
        })
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Ascii(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
            Self::Encoded(bytes) => bytes,
        }
    }
}
