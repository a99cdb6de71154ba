#[executor_runtime::main(crate)]
fn main() {}
