//! What crosses the border by Node-API itself, for a fraction of what the types of `napi` cost. All that is unsafe is
//! here.
//!
//! No JavaScript runs while Rust looks at what it was handed: nothing here calls back, and Node-API runs none to read a
//! text or to find bytes. What may run some, as reading an array does, comes before bytes are looked at.
#![expect(unsafe_code, reason = "each says why it is sound")]

use crate::texts::Texts;
use napi::{
    Status,
    bindgen_prelude::{Error, FunctionCallContext, JsValue, Result, ToNapiValue, Unknown},
    sys::{self, napi_env, napi_status, napi_value},
};
use std::{
    borrow::Cow,
    ptr, slice,
    sync::atomic::{AtomicU8, Ordering::Relaxed},
};

/// Units of most texts; longer ones find room as well.
const UNITS: usize = 256;

/// The texts among the arguments of a call, from that place on.
pub fn texts(call: &FunctionCallContext<'_>, from: usize) -> Result<Texts> {
    let mut texts = Texts::with_capacity(call.length().saturating_sub(from));
    let mut room = [0; UNITS];
    for place in from..call.length() {
        let (env, value) = (call.env.raw(), argument(call, place)?);
        let length = text(env, value, &mut room)?;
        // Whatever fills the room may be longer.
        match room.get(..length) {
            Some(units) if length + 1 < UNITS => texts.add(units),
            _ => texts.add(&long_text(env, value)?),
        }
    }
    Ok(texts)
}

fn long_text(env: napi_env, value: napi_value) -> Result<Vec<u16>> {
    let mut length = 0;
    // SAFETY: as below; without a place to write to, only the length is told.
    good(unsafe { sys::napi_get_value_string_utf16(env, value, ptr::null_mut(), 0, &mut length) })?;
    let mut units = vec![0; length + 1];
    length = text(env, value, &mut units)?;
    units.truncate(length);
    Ok(units)
}

/// As much of a text as there is room for, and a zero behind it; how many units that is, without the zero.
fn text(env: napi_env, value: napi_value, room: &mut [u16]) -> Result<usize> {
    let mut length = 0;
    // SAFETY: `env` and `value` are those of the call that goes on. At most as many units are written, with the zero, as
    // there is room for. What is no text is refused.
    good(unsafe {
        let (to, most) = (room.as_mut_ptr(), room.len());
        sys::napi_get_value_string_utf16(env, value, to, most, &mut length)
    })?;
    Ok(length)
}

/// The bytes of the argument at that place, which is a `Uint8Array`. They are copied only where another thread could
/// change them meanwhile.
pub fn bytes<'a>(call: &'a FunctionCallContext<'_>, place: usize) -> Result<Cow<'a, [u8]>> {
    let Place { data, length, is_own } = place_of(call, place)?;
    Ok(if length == 0 {
        Cow::Borrowed(&[])
    } else if is_own {
        // SAFETY: so many bytes are there. They belong to this thread, which runs no JavaScript until the call ends, and
        // it is the call that is borrowed from: nobody changes, moves or frees them until then.
        Cow::Borrowed(unsafe { slice::from_raw_parts(data, length) })
    } else {
        // SAFETY: as above; but other threads may change them, so that they are read as atomics. Shared memory never
        // shrinks.
        let shared = unsafe { slice::from_raw_parts(data.cast::<AtomicU8>(), length) };
        Cow::Owned(shared.iter().map(|byte| byte.load(Relaxed)).collect())
    })
}

/// Copies bytes into the argument at that place, a `Uint8Array` of as many. What JavaScript makes itself costs it a tenth
/// of what it costs to be handed a buffer.
pub fn fill(call: &FunctionCallContext<'_>, place: usize, bytes: &[u8]) -> Result<()> {
    let Place { data, length, is_own } = place_of(call, place)?;
    if !is_own || length != bytes.len() {
        return Err(Error::new(Status::InvalidArg, "the bytes have no place there"));
    }
    if length > 0 {
        // SAFETY: so many bytes are there, which belong to this thread alone; Rust has no others of JavaScript's at hand.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), data, length) };
    }
    Ok(())
}

/// Where the bytes of a `Uint8Array` are; none of a detached one are anywhere.
struct Place {
    data: *mut u8,
    length: usize,
    /// Not shared with other threads.
    is_own: bool,
}

fn place_of(call: &FunctionCallContext<'_>, place: usize) -> Result<Place> {
    let (env, value) = (call.env.raw(), argument(call, place)?);
    let (mut kind, mut length, mut data) = (0, 0, ptr::null_mut());
    let (mut buffer, mut offset, mut is_own) = (ptr::null_mut(), 0, false);
    // SAFETY: `env` and `value` are those of the call that goes on, and every result has a place of its own. What is no
    // typed array is refused.
    good(unsafe {
        let (length, data, offset) = (&mut length, &mut data, &mut offset);
        sys::napi_get_typedarray_info(env, value, &mut kind, length, data, &mut buffer, offset)
    })?;
    // SAFETY: `buffer` is what was found above. A `SharedArrayBuffer` is no `ArrayBuffer` here.
    good(unsafe { sys::napi_is_arraybuffer(env, buffer, &mut is_own) })?;
    if kind != sys::TypedarrayType::uint8_array {
        return Err(Error::new(Status::InvalidArg, "a Uint8Array is expected"));
    }
    let length = if data.is_null() { 0 } else { length };
    Ok(Place { data: data.cast(), length, is_own })
}

fn argument(call: &FunctionCallContext<'_>, place: usize) -> Result<napi_value> {
    call.get::<Unknown<'_>>(place).map(|value| value.raw())
}

fn good(status: napi_status) -> Result<()> {
    match Status::from(status) {
        Status::Ok => Ok(()),
        status => Err(Error::new(status, "an argument is of another type")),
    }
}

/// A text that JavaScript is handed: nearly always ASCII, which is copied as it is.
pub struct Told(pub String);

impl ToNapiValue for Told {
    unsafe fn to_napi_value(env: napi_env, Self(text): Self) -> Result<napi_value> {
        if !text.is_ascii() {
            // SAFETY: what the caller promises of `env`, and nothing more.
            return unsafe { ToNapiValue::to_napi_value(env, text) };
        }
        let mut value = ptr::null_mut();
        let length = text.len().try_into().unwrap_or(isize::MAX);
        // SAFETY: the caller promises that `env` is that of a call; the text is read for its length and no further.
        let made = unsafe {
            sys::napi_create_string_latin1(env, text.as_ptr().cast(), length, &mut value)
        };
        good(made).map(|()| value)
    }
}
