//! A JSON body: any bytes give parameters or a refusal.

#![no_main]

use chancela_core::message::body::Parameters;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Parameters::json(data);
});
