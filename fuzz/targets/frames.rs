//! What the host makes of any words and numbers that a guest leaves in a ring.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| executor_runtime::__fuzz::frames(data));
