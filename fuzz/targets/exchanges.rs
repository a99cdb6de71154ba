//! A host and a guest that does one thing wrong after the other.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| executor_runtime::__fuzz::exchanges(data));
