// What is allowed on the function is allowed in what is made of it.
#![deny(warnings, unused_qualifications)]

use executor_runtime::prelude::*;

mod old {
    #[deprecated]
    #[derive(serde::Serialize, serde::Deserialize)]
    pub(crate) struct Point(pub(crate) u64);
}

#[allow(deprecated)]
#[pool_task(process)]
fn moved(point: old::Point) -> u64 {
    point.0
}

#[pool_task(process)]
#[allow(unused_qualifications, unused_parens)]
fn counted(text: std::string::String, list: &(Vec<u8>)) -> usize {
    text.len() + list.len()
}

fn main() {
    assert_eq!(counted(String::new(), &Vec::new()), 0);
}
