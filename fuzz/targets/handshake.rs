//! What the host makes of anything that a guest says first.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| executor_runtime::__fuzz::handshake(data));
