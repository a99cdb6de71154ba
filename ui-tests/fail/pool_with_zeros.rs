use executor_runtime::prelude::*;

fn main() -> Result<(), PoolError> {
    with_pool!(thread(max_pending = 0) as _pool => {})?;
    with_pool!(process(max_tasks_per_child = 0, idle_timeout = Duration::ZERO) as _pool => {})
}
