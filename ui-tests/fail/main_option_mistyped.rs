#[executor_runtime::main(crat = executor_runtime)]
fn main() {}
