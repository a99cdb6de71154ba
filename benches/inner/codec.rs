//! A call as bytes: arguments written and read, the task run, its value written and read. The tasks give their argument
//! back.

use divan::Bencher;
use divan::counter::BytesCount;
use executor_runtime::__bench::Codec;
use executor_runtime::prelude::*;

macro_rules! identity {
    ($($name:ident: $type:ty,)*) => {$(
        #[pool_task(process)]
        fn $name(value: $type) -> $type {
            value
        }
    )*};
}

identity! {
    number: u64,
    text: String,
    bytes: Vec<u8>,
    doubles: Vec<f64>,
}

#[divan::bench]
fn call_of_u64(bencher: Bencher<'_, '_>) {
    let mut codec = Codec::of(number::task);
    assert_eq!(codec.call((1 << 40,)), 1 << 40);
    bencher.counter(BytesCount::of::<u64>()).bench_local(|| codec.call((1 << 40,)));
}

#[divan::bench(args = [16, 1 << 10])]
fn call_of_string(bencher: Bencher<'_, '_>, len: usize) {
    let mut codec = Codec::of(text::task);
    let args = ("x".repeat(len),);
    assert_eq!(codec.call(args.clone()), args.0);
    bencher.counter(BytesCount::new(len)).with_inputs(|| args.clone()).bench_local_values(|args| codec.call(args));
}

#[divan::bench(args = [1 << 10, 1 << 20])]
fn call_of_bytes(bencher: Bencher<'_, '_>, len: usize) {
    let mut codec = Codec::of(bytes::task);
    let args = (vec![7; len],);
    assert!(codec.call(args.clone()) == args.0);
    bencher.counter(BytesCount::new(len)).with_inputs(|| args.clone()).bench_local_values(|args| codec.call(args));
}

#[divan::bench(args = [128, 128 << 10])]
fn call_of_doubles(bencher: Bencher<'_, '_>, len: usize) {
    let mut codec = Codec::of(doubles::task);
    let args = (vec![0.5; len],);
    assert!(codec.call(args.clone()) == args.0);
    bencher
        .counter(BytesCount::of_many::<f64>(len))
        .with_inputs(|| args.clone())
        .bench_local_values(|args| codec.call(args));
}
