//! Words that every request is made of, each made once.

use pyo3::{prelude::*, sync::PyOnceLock, types::PyString};

/// Several times as many as there are words.
const PLACES: usize = 512;
/// How far a word may lie from its place.
const STEPS_MAX: usize = 16;

/// By where the word lies: looked at, it would take as long as being made anew.
type Word = ((usize, usize), Py<PyString>);

/// A word of this program's own, as Python has it.
pub(crate) fn word<'py>(py: Python<'py>, word: &'static str) -> Bound<'py, PyString> {
    static WORDS: [PyOnceLock<Word>; PLACES] = [const { PyOnceLock::new() }; PLACES];
    let own = (word.as_ptr().addr(), word.len());
    // Words lie one behind the other, so few of them have one place.
    let places = own.0..own.0.saturating_add(STEPS_MAX);
    for place in places.filter_map(|at| WORDS.get(at % PLACES)) {
        let (at, text) = place.get_or_init(py, || (own, PyString::intern(py, word).unbind()));
        if *at == own {
            return text.bind(py).clone();
        }
    }
    PyString::intern(py, word)
}
