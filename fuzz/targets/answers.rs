//! What the host makes of any message as an answer, and of any bytes as a value.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| executor_runtime::__fuzz::answers(data));
