//! Consent: what a person stated, what a statement does to what is stored, and whether that covers what is asked.

mod judge;
mod merge;
mod statement;

pub(crate) use judge::{Granted, judge, stand_in};
pub(crate) use merge::{Change, merge};
pub(crate) use statement::Statement;
