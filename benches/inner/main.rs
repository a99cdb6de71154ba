//! What the inner parts of executor-runtime cost, each by itself: what a figure of a whole pool is made of.
//!
//! They are private: `executor_runtime::__bench` is there only under `--cfg executor_bench`.

#[cfg(not(executor_bench))]
compile_error!("needs RUSTFLAGS=\"--cfg executor_bench\": see benches/README.md");

#[cfg(executor_bench)]
mod codec;
#[cfg(executor_bench)]
mod future;
#[cfg(executor_bench)]
mod queue;
#[cfg(executor_bench)]
mod ring;

fn main() {
    divan::main();
}
