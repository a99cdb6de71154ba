#[executor_runtime::main]
async fn main() {}
