use std::cell::Cell;

use executor_runtime::prelude::*;

#[pool_task(thread)]
fn sum(cells: &[Cell<u64>]) -> u64 {
    cells.iter().map(Cell::get).sum()
}

fn main() {
    let cells = [Cell::new(1)];
    let _ = with_pool!(thread() as pool => {
        pool.submit(sum::task(&cells));
    });
}
