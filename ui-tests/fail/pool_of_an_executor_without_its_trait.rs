use executor_runtime::{ProcessPoolExecutor, with_pool};

fn run(processes: &ProcessPoolExecutor) {
    let _ = with_pool!(processes as _pool => {});
}

fn main() {}
