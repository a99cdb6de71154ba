#[executor_runtime::main(process)]
fn main() {}
