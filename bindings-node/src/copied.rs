//! Bytes that JavaScript is handed a copy of.

use napi::{
    bindgen_prelude::{BufferSlice, Env, JsValue, Result, ToNapiValue},
    sys::{napi_env, napi_value},
};

/// A copy is made in one step; what is handed over as it is costs several times that in who is to free it.
pub struct Copied(pub Vec<u8>);

impl ToNapiValue for Copied {
    #[expect(
        unsafe_code,
        reason = "the trait's; the environment is handed on, and outlives this call"
    )]
    unsafe fn to_napi_value(env: napi_env, Self(bytes): Self) -> Result<napi_value> {
        let env = Env::from_raw(env);
        Ok(BufferSlice::copy_from(&env, bytes)?.into_unknown(&env)?.raw())
    }
}
