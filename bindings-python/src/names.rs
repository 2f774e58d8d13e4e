//! Words that every request is made of, each made once.

use pyo3::{prelude::*, types::PyString};
use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

/// By where the word lies: looked at, it would take as long as being made anew.
type Words = HashMap<(usize, usize), Py<PyString>>;

/// A word of this program's own, as Python has it.
pub(crate) fn word<'py>(py: Python<'py>, word: &'static str) -> Bound<'py, PyString> {
    static WORDS: LazyLock<Mutex<Words>> = LazyLock::new(Mutex::default);
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    let place = (word.as_ptr().addr(), word.len());
    words.entry(place).or_insert_with(|| PyString::intern(py, word).unbind()).bind(py).clone()
}
