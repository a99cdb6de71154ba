//! The queue of a pool, in one thread.

use divan::Bencher;
use divan::counter::ItemsCount;
use executor_runtime::__bench::Queue;

/// Each number is taken out before the next one comes.
#[divan::bench]
fn push_pop(bencher: Bencher<'_, '_>) {
    let queue = Queue::new();
    bencher.bench_local(|| {
        queue.push(7, 0);
        assert_eq!(queue.pop(), Some(7));
    });
}

const MANY: u64 = 10_000;

/// All come, then all are taken out, of so many priorities.
#[divan::bench(args = [1, 3])]
fn push_all_pop_all(bencher: Bencher<'_, '_>, priorities: u64) {
    let queue = Queue::new();
    let priority = |number| i32::try_from(number % priorities).expect("a small number");
    bencher.counter(ItemsCount::new(MANY)).bench_local(|| {
        for number in 0..MANY {
            queue.push(number, priority(number));
        }
        let popped = (0..MANY).filter_map(|_| queue.pop());
        assert!(popped.is_sorted_by_key(|number| std::cmp::Reverse(priority(number))));
    });
}
