//! Chunks whose size a map chooses by itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use executor_runtime::prelude::*;
use executor_runtime::{Run, RunChunk};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Counts what a map submits to another executor.
struct Counted<E> {
    inner: E,
    singles: AtomicUsize,
    chunks: AtomicUsize,
}

impl<E: Executor> Counted<E> {
    fn new(inner: E) -> Self {
        Self { inner, singles: AtomicUsize::new(0), chunks: AtomicUsize::new(0) }
    }

    /// How many jobs there were.
    fn jobs(&self) -> usize {
        self.singles.load(Ordering::SeqCst) + self.chunks.load(Ordering::SeqCst)
    }
}

impl<E: Executor> Executor for Counted<E> {
    fn start(&self, run: Run<'_>) {
        self.singles.fetch_add(1, Ordering::SeqCst);
        self.inner.start(run);
    }
    fn start_chunk(&self, chunk: RunChunk<'_>) {
        self.chunks.fetch_add(1, Ordering::SeqCst);
        self.inner.start_chunk(chunk);
    }
    fn shutdown(&self, how: Shutdown) {
        self.inner.shutdown(how);
    }
    fn max_workers(&self) -> usize {
        self.inner.max_workers()
    }
}

fn executors() -> Result<[Counted<Box<dyn Executor>>; 2], PoolError> {
    let [threads, processes]: [Box<dyn Executor>; 2] =
        [Box::new(ThreadPoolExecutor::new(2)?), Box::new(ProcessPoolExecutor::new(2)?)];
    Ok([Counted::new(threads), Counted::new(processes)])
}

/// Takes from nothing to a third of a millisecond, and fails now and then.
#[pool_task(process)]
fn vary(n: u64) -> u64 {
    let hash = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let limit = Duration::from_micros(if hash.is_multiple_of(8) { hash % 300 } else { 0 });
    let began = Instant::now();
    while began.elapsed() < limit {
        std::hint::spin_loop();
    }
    assert!(!n.is_multiple_of(500), "no luck");
    n
}

#[test]
fn short_calls_go_together() -> Outcome {
    limited(|| {
        for pool in executors()? {
            let squares: Vec<u64> = pool.map(square::task, 0..20_000).collect::<Result<_, _>>()?;
            assert_eq!(squares, (0..20_000).map(square).collect::<Vec<_>>());
            assert!(pool.jobs() < 10_000, "{}", pool.jobs());
        }
        Ok(())
    })
}

#[test]
fn long_calls_go_alone() -> Outcome {
    limited(|| {
        for pool in executors()? {
            let rested = pool.map(rest::task, [1; 200]).collect::<Result<Vec<_>, _>>()?;
            assert_eq!((rested.len(), pool.jobs()), (200, 200));
        }
        Ok(())
    })
}

#[test]
fn chunks_of_one_are_no_chunks() -> Outcome {
    limited(|| {
        for pool in executors()? {
            let squares: Vec<u64> = pool.map(square::task, 0..2_000).chunk_size(1).collect::<Result<_, _>>()?;
            assert_eq!(squares, (0..2_000).map(square).collect::<Vec<_>>());
            assert_eq!((pool.singles.into_inner(), pool.chunks.into_inner()), (2_000, 0));
        }
        Ok(())
    })
}

#[test]
fn nothing_is_lost_or_moved_whatever_the_calls_take() -> Outcome {
    limited(|| {
        for pool in executors()? {
            let results: Vec<_> = pool.map(vary::task, 0..5_000).collect();
            assert_eq!(results.len(), 5_000);
            for (n, result) in (0..).zip(results) {
                assert_eq!(result.ok(), (n % 500 != 0).then_some(n));
            }
            let mut values: Vec<u64> = pool.map(vary::task, 0..5_000).unordered().filter_map(Result::ok).collect();
            values.sort_unstable();
            assert!(values.into_iter().eq((0..5_000).filter(|n| n % 500 != 0)));
        }
        Ok(())
    })
}

#[test]
fn closures_go_together_too() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(2)?;
        let doubled: Vec<u64> = pool.map(|n: u64| move || 2 * n, 0..20_000).collect::<Result<_, _>>()?;
        assert!(doubled.into_iter().eq((0..20_000).map(|n| 2 * n)));
        let table: Vec<u64> = (0..20_000).rev().collect();
        let table = &table;
        let looked_up =
            pool.scope(|scope| scope.map(|n| move || table[n], 0..20_000).collect::<Result<Vec<_>, _>>())?;
        assert_eq!(&looked_up, table);
        Ok(())
    })
}

#[test]
fn an_input_that_waits_for_calls_of_its_own_map_gets_them() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(2)?;
        let (sender, input) = mpsc::channel();
        // Enough of them to see that they are short; then each call gives the next item.
        (0..1_000).try_for_each(|n| sender.send(n))?;
        let next = |n: u64| {
            let sender = sender.clone();
            move || sender.send(n + 1_000).map(|()| n)
        };
        let mut seen = 0;
        for n in pool.map(next, input).take(5_000) {
            n??;
            seen += 1;
        }
        assert_eq!(seen, 5_000);
        Ok(())
    })
}

#[test]
fn what_a_slow_input_gives_is_sent_at_once() -> Outcome {
    /// From here on the input is slow, and where one of the first looks at the clock must have seen it.
    const SLOW_FROM: usize = 5_000;
    const SEEN_FROM: usize = SLOW_FROM + 16;
    limited(|| {
        for pool in executors()? {
            let jobs = AtomicUsize::new(0);
            let items = (0..SEEN_FROM + 50).map(|n| {
                if n >= SLOW_FROM {
                    std::thread::sleep(Duration::from_millis(1));
                }
                if n == SEEN_FROM {
                    jobs.store(pool.jobs(), Ordering::SeqCst);
                }
                n as u64
            });
            let squares: Vec<u64> = pool.map(square::task, items).collect::<Result<_, _>>()?;
            assert_eq!(squares.len(), SEEN_FROM + 50);
            assert_eq!(pool.jobs() - jobs.into_inner(), 50);
        }
        Ok(())
    })
}

#[test]
fn a_result_does_not_wait_for_a_slow_input() -> Result<(), TaskError> {
    /// Runs each call where it is submitted.
    struct Inline;

    impl Executor for Inline {
        fn start(&self, run: Run<'_>) {
            run.detach().into_iter().for_each(executor_runtime::LocalJob::run);
        }
        fn shutdown(&self, _: Shutdown) {}
    }
    let taken = AtomicUsize::new(0);
    let items = (0..20).inspect(|_| {
        std::thread::sleep(Duration::from_millis(1));
        taken.fetch_add(1, Ordering::SeqCst);
    });
    let mut map = Inline.map(square::task, items);
    for n in 1..=20 {
        map.next().expect("one for each item")?;
        assert_eq!(taken.load(Ordering::SeqCst), n);
    }
    assert!(map.next().is_none());
    Ok(())
}

#[test]
fn a_buffer_of_a_chosen_size_is_never_exceeded() -> Outcome {
    limited(|| {
        for pool in executors()? {
            for buffer_size in [1, 7, 100] {
                let taken = AtomicUsize::new(0);
                let items = (0..).inspect(|_| {
                    taken.fetch_add(1, Ordering::SeqCst);
                });
                let mut map = pool.map(square::task, items).buffer_size(buffer_size);
                for yielded in 1..=3_000 {
                    map.next().expect("it is endless")?;
                    let unread = taken.load(Ordering::SeqCst) - yielded;
                    assert!(unread < buffer_size, "{unread} of {buffer_size}");
                }
            }
        }
        Ok(())
    })
}

#[test]
fn a_worker_runs_no_more_tasks_than_it_may() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::builder().max_workers(1).max_tasks_per_child(50).build()?;
        let pids: Vec<u32> = pool.map(|()| pid::task(), [(); 400]).collect::<Result<_, _>>()?;
        assert_eq!(pids.chunk_by(|a, b| a == b).map(<[u32]>::len).collect::<Vec<_>>(), [50; 8]);
        Ok(())
    })
}
