//! What the npm package `consentgate` calls: `consentgate::host` in the types of Node-API, and nothing decided here.
//!
//! Every export catches unwinding, since a panic that reached Node would end the process; whoever panics on purpose
//! finds it thrown as an error. Refusals and misuse are returned as values, which costs a fraction of throwing.
#![deny(unsafe_code)]

mod audit;
mod conversion;
mod decision;
mod gate;
mod guard;
mod input;
mod native;
mod raw;
mod runs;
mod scripts;
mod sqlite;
mod sqlite_audit;
mod stateless;
mod tables;
mod texts;
mod turn;
mod value;
