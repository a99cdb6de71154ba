use executor_runtime::prelude::*;

#[derive(serde::Serialize)]
struct OneWay;

#[pool_task(process)]
fn take(value: OneWay) {}

fn main() {}
