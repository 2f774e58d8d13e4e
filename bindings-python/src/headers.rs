//! Headers as Python programs hold them, never joined.

use crate::input::{self, type_name};
use consentgate::{Headers, core::HEADERS_MAX};
use pyo3::{
    exceptions::PyTypeError,
    intern,
    prelude::*,
    types::{PyDict, PyList, PyString, PyTuple},
};

/// Raw pairs. One more than the core allows is read at most, so that it sees that there are too many.
///
/// The bytes lie one behind the other, and are copied: they are few, and holding on to each object costs more.
pub(crate) struct Pairs {
    bytes: Vec<u8>,
    /// Where each name and value ends.
    ends: Vec<(usize, usize)>,
}

impl Headers for Pairs {
    fn each<'a>(&'a self, pair: &mut dyn FnMut(&'a [u8], &'a [u8])) {
        let mut from = 0;
        for (name_end, end) in &self.ends {
            let name = self.bytes.get(from..*name_end).unwrap_or_default();
            pair(name, self.bytes.get(*name_end..*end).unwrap_or_default());
            from = *end;
        }
    }
}

impl Pairs {
    /// From a mapping (by `multi_items()` where it has one, else by `items()`) or an iterable of pairs. A value that is
    /// a list or a tuple is a header that occurs as often.
    pub(crate) fn read(headers: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = headers.py();
        let mut pairs = Self { bytes: Vec::with_capacity(512), ends: Vec::with_capacity(8) };
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
        // Most are texts: asked first.
        if value.is_instance_of::<PyString>() {
            return self.add_one(name, value);
        }
        // By their own iterators: one of a subclass could change the mapping that is being read.
        if let Ok(values) = value.cast::<PyList>() {
            return values.iter().try_for_each(|value| self.add_one(name, &value));
        }
        if let Ok(values) = value.cast::<PyTuple>() {
            return values.iter().try_for_each(|value| self.add_one(name, &value));
        }
        self.add_one(name, value)
    }

    fn add_one(&mut self, name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.is_over() {
            return Ok(());
        }
        self.push(name)?;
        let name_end = self.bytes.len();
        self.push(value)?;
        self.ends.push((name_end, self.bytes.len()));
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.ends.len() > HEADERS_MAX
    }

    /// Text is taken as Latin-1, which is how HTTP libraries make text of header bytes; a text that is none as UTF-8.
    fn push(&mut self, object: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Ok(text) = object.cast::<PyString>() {
            match text.to_str() {
                // Where all encodings agree.
                Ok(text) if text.is_ascii() => self.bytes.extend(text.as_bytes()),
                _ => self.push_encoded(&text.to_string_lossy()),
            }
        } else if let Some(bytes) = input::bytes(object)? {
            self.bytes.extend(bytes.as_bytes());
        } else {
            let wanted = "a header's name and value must be str or bytes";
            return Err(PyTypeError::new_err(format!("{wanted}, not {}", type_name(object))));
        }
        Ok(())
    }

    fn push_encoded(&mut self, text: &str) {
        let latin1: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
        self.bytes.extend(latin1.unwrap_or_else(|_| text.as_bytes().to_vec()));
    }
}

fn wrong_form(headers: &Bound<'_, PyAny>) -> PyErr {
    let wanted = "`headers` must be a mapping or an iterable of pairs of name and value";
    PyTypeError::new_err(format!("{wanted}, not {}", type_name(headers)))
}
