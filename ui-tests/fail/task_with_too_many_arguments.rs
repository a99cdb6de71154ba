use executor_runtime::prelude::*;

#[pool_task(process)]
fn many(_: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _thirteenth: u8) {}

fn main() {}
