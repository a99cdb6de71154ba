#[executor_runtime::main(crate = "executor_runtime")]
fn main() {}
