//! What only processes have: workers that come, go and are shared. What goes wrong with them is in `faults/`.

use std::os::unix::fs::FileExt;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use executor_runtime::prelude::*;
use executor_runtime::{PoolError, Transport, WorkerExit};
use executor_tests::gate::{self, Gate};
use executor_tests::tasks::*;
use executor_tests::transports::{builder_over, running};
use executor_tests::watchdog::limited;
use executor_tests::{children, gate::Waiting, over_each_transport};
use rustix::process::Signal;

type Outcome = Result<(), Box<dyn std::error::Error>>;

over_each_transport! {
    tasks_run_in_other_processes
    workers_start_one_by_one_as_they_are_needed
    a_lost_worker_fails_only_its_own_task
    a_task_that_runs_too_long_is_killed
    an_abort_ends_what_loops
    what_is_queued_does_not_wait_through_the_grace_of_what_runs
    an_abort_while_calls_come_breaks_nothing
    an_abort_ends_a_shutdown_that_waits_for_a_loop
    calls_that_were_quick_do_not_keep_others_waiting_when_they_are_not
    a_long_vector_does_not_wait_for_a_worker_that_is_held
    a_call_does_not_wait_for_a_chunk_while_a_worker_is_idle
    a_burst_does_not_wait_for_a_chunk_while_workers_are_idle
    an_abort_beside_calls_that_are_taken_back_ends
    a_panic_names_its_worker_and_costs_no_worker
    twenty_thousand_tasks_in_a_burst_finish
    payloads_of_any_size_come_back
    a_limit_is_watched_while_the_arguments_are_on_the_way
    a_task_whose_arguments_are_on_the_way_can_be_ended
    many_wait_at_once_for_answers_that_do_not_fit
    what_is_cancelled_in_a_burst_costs_nothing_else
    a_worker_may_have_all_the_time_there_is
    a_task_may_run_a_pool_of_its_own_but_not_without_end
    tasks_can_start_programs_that_are_no_workers
    a_pool_dropped_in_a_callback_does_not_wait_for_itself
    prewarmed_workers_are_there_before_the_first_task
    tasks_of_one_name_in_two_functions_are_two_tasks
}

fn pool_over(transport: Transport, max_workers: usize) -> Result<ProcessPoolExecutor, PoolError> {
    builder_over(transport).max_workers(max_workers).build()
}

/// How the worker of a task died.
fn exit_of(error: &TaskError) -> WorkerExit {
    match error {
        TaskError::WorkerDied(death) => death.exit,
        other => panic!("the worker did not die: {other:?}"),
    }
}

/// A task at its gate, and the pid of its worker.
fn at_gate(pool: &ProcessPoolExecutor, gate: &Gate) -> (TaskFuture<u64>, Waiting) {
    let future = pool.submit(gate::pass::task(gate.path()));
    (future, gate.await_task())
}

fn tasks_run_in_other_processes(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport, 1)?;
        let first = pool.submit(pid::task()).result()?;
        assert_ne!(first, std::process::id());
        assert!(children::pids().contains(&first));
        assert_eq!(pool.submit(pid::task()).result()?, first, "a worker is used again");
        drop(pool);
        assert!(!children::pids().contains(&first), "nothing is left, not even a zombie");
        Ok(())
    })
}

fn workers_start_one_by_one_as_they_are_needed(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport, 4)?;
        let mut pids = Vec::new();
        for _ in 0..3 {
            pids.push(pool.submit(pid::task()).result()?);
        }
        pids.dedup();
        assert_eq!(pids.len(), 1, "three calls in a row use one worker");
        let folder = tempfile::tempdir()?;
        let gates: Vec<_> = (0..3).map(|n| Gate::new(folder.path(), &n.to_string())).collect();
        let busy: Vec<_> = gates.iter().map(|gate| at_gate(&pool, gate)).collect();
        let mut pids = Vec::new();
        for (future, waiting) in busy {
            waiting.open();
            pids.push(future.result()?);
        }
        pids.sort_unstable();
        pids.dedup();
        assert_eq!(pids.len(), 3, "three tasks at once use three workers");
        Ok(())
    })
}

fn a_lost_worker_fails_only_its_own_task(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport, 2)?;
        let results: Vec<_> = pool.map(|n| abort_on::task(n, 17), 0..100).collect();
        for (n, result) in (0..).zip(&results) {
            match result {
                Ok(value) => assert_eq!((n, value), (*value, &n)),
                Err(error) => {
                    assert_eq!((n, exit_of(error).signal_name()), (17, Some("SIGABRT")));
                }
            }
        }
        assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
        Ok(())
    })
}

fn a_task_that_runs_too_long_is_killed(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(1).timeout(Duration::from_millis(50)).build()?;
        let limit_of = |future: TaskFuture<()>| match future.result() {
            Err(TaskError::TimedOut { limit, .. }) => limit,
            other => panic!("no time-out: {other:?}"),
        };
        assert_eq!(limit_of(pool.submit(spin::task())), Duration::from_millis(50));
        let own = Duration::from_millis(20);
        assert_eq!(limit_of(pool.submit(spin::task().timeout(own))), own, "a call's own limit goes first");
        // A slow machine may need longer than the pool's limit for this one.
        assert_eq!(pool.submit(square::task(3).timeout(Duration::MAX)).result()?, 9);
        Ok(())
    })
}

fn an_abort_ends_what_loops(transport: Transport) -> Outcome {
    limited(|| {
        for grace in [Duration::ZERO, Duration::from_millis(200)] {
            let pool = pool_over(transport, 2)?;
            let folder = tempfile::tempdir()?;
            let gate = Gate::new(folder.path(), "gate");
            let looping = running(pool.submit(spin::task()));
            let (waiting, _open) = at_gate(&pool, &gate);
            let queued = pool.submit(square::task(1));
            pool.shutdown(Shutdown::Abort { grace });
            assert!(matches!(looping.result(), Err(TaskError::PoolShutDown)));
            assert!(matches!(waiting.result(), Err(TaskError::PoolShutDown)));
            assert!(matches!(queued.result(), Err(TaskError::Cancelled)));
        }
        Ok(())
    })
}

fn what_is_queued_does_not_wait_through_the_grace_of_what_runs(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport, 1)?;
        let worker = pool.submit(pid::task()).result()?;
        let running = running(pool.submit(spin::task()));
        let queued = pool.submit(square::task(1));
        // It cannot follow the request to end.
        children::stop(worker);
        thread::scope(|scope| {
            scope.spawn(|| pool.shutdown(Shutdown::Abort { grace: Duration::MAX }));
            assert!(matches!(queued.result(), Err(TaskError::Cancelled)));
            assert!(!running.is_done());
            children::send(worker, Signal::CONT);
        });
        assert!(matches!(running.result(), Err(TaskError::PoolShutDown)));
        Ok(())
    })
}

fn an_abort_while_calls_come_breaks_nothing(transport: Transport) -> Outcome {
    limited(|| {
        for _ in 0..30 {
            let pool = pool_over(transport, 2)?;
            let first = [(); 2].map(|()| pool.submit(pid::task()));
            wait(first, None, ReturnWhen::AllCompleted);
            let futures = thread::scope(|scope| {
                let submitter = scope.spawn(|| (0..20).map(|n| pool.submit(square::task(n))).collect::<Vec<_>>());
                pool.shutdown(Shutdown::Abort { grace: Duration::ZERO });
                submitter.join().expect("the submitter")
            });
            for future in futures {
                let result = future.result();
                assert!(matches!(result, Ok(_) | Err(TaskError::Cancelled | TaskError::PoolShutDown)), "{result:?}");
            }
        }
        Ok(())
    })
}

fn an_abort_ends_a_shutdown_that_waits_for_a_loop(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport, 1)?;
        let looping = running(pool.submit(spin::task()));
        thread::scope(|scope| {
            scope.spawn(|| pool.shutdown(Shutdown::Drain));
            pool.shutdown(Shutdown::Abort { grace: Duration::ZERO });
        });
        assert!(matches!(looping.result(), Err(TaskError::PoolShutDown)));
        Ok(())
    })
}

/// What is sent behind quick calls, or is left in the queue for them, goes to an idle worker as soon as they are not.
fn calls_that_were_quick_do_not_keep_others_waiting_when_they_are_not(transport: Transport) -> Outcome {
    limited(|| {
        let folder = tempfile::tempdir()?;
        let busy = thread::available_parallelism()?.get();
        let pool = pool_over(transport, busy + 2)?;
        for round in 0..3 {
            let futures: Vec<_> = (0..2_000).map(|n| pool.submit(square::task(n))).collect();
            assert!(futures.into_iter().zip(0..).all(|(future, n)| future.result().expect("a square") == n * n));
            let gates: Vec<_> = (0..busy).map(|n| Gate::new(folder.path(), &format!("{round} {n}"))).collect();
            let held: Vec<_> = gates.iter().map(|gate| at_gate(&pool, gate)).collect();
            let futures: Vec<_> = (0..1_000).map(|n| pool.submit(square::task(n))).collect();
            assert!(futures.into_iter().zip(0..).all(|(future, n)| future.result().expect("a square") == n * n));
            for (future, waiting) in held {
                waiting.open();
                future.result()?;
            }
        }
        Ok(())
    })
}

/// A pool with two idle workers more than processors, whose calls have all been quick.
fn quick_pool(transport: Transport) -> Result<(ProcessPoolExecutor, usize), Box<dyn std::error::Error>> {
    let processors = thread::available_parallelism()?.get();
    let pool = builder_over(transport).max_workers(processors + 2).prewarm(processors + 2).build()?;
    pool.wait_ready()?;
    keep_quick(&pool);
    Ok((pool, processors))
}

fn keep_quick(pool: &ProcessPoolExecutor) {
    for n in 0..300 {
        assert_eq!(pool.submit(square::task(n)).result().expect("a square"), n * n);
    }
}

/// Too long to be sent whole: what is half written can go nowhere else.
fn a_long_vector_does_not_wait_for_a_worker_that_is_held(transport: Transport) -> Outcome {
    limited(|| {
        let folder = tempfile::tempdir()?;
        for len in [20_000, 400_000, 1 << 20] {
            let (pool, busy) = quick_pool(transport)?;
            let gates: Vec<_> = (0..busy).map(|n| Gate::new(folder.path(), &format!("{len} {n}"))).collect();
            let mut held = Vec::new();
            for gate in &gates {
                held.push(at_gate(&pool, gate));
            }
            let longs: Vec<_> = (0..20).map(|_| pool.submit(echo_owned::task(vec![1; len]))).collect();
            assert!(longs.into_iter().all(|long| long.result().expect("echoed") == vec![1; len]));
            assert!(held.iter().all(|(future, _)| !future.is_done()));
        }
        Ok(())
    })
}

fn a_call_does_not_wait_for_a_chunk_while_a_worker_is_idle(transport: Transport) -> Outcome {
    const CALLS: usize = 4_000;

    limited(|| {
        let folder = tempfile::tempdir()?;
        let (pool, busy) = quick_pool(transport)?;
        let gates: Vec<_> = (1..busy).map(|n| Gate::new(folder.path(), &n.to_string())).collect();
        let held: Vec<_> = gates.iter().map(|gate| at_gate(&pool, gate)).collect();
        for round in 0..5 {
            // Those at the gates have got the workers that were quick.
            keep_quick(&pool);
            let gate = Gate::new(folder.path(), &format!("chunk {round}"));
            thread::scope(|scope| {
                let chunk = scope.spawn(|| {
                    let calls = (0..CALLS).map(|n| (n == 0).then(|| gate.path().to_owned()));
                    pool.map(pass_or_doze::task, calls).chunk_size(CALLS).flatten().count()
                });
                // It has begun, and each call of it ends soon.
                gate.await_task().open();
                assert_eq!(pool.submit(square::task(2)).result().expect("a square"), 4);
                assert!(!chunk.is_finished(), "the call has waited for {CALLS} others");
                assert_eq!(chunk.join().expect("no panic"), CALLS);
            });
        }
        for (future, waiting) in held {
            waiting.open();
            future.result()?;
        }
        Ok(())
    })
}

/// The answers of a chunk have its lane look at the queue while the chunk runs.
fn a_burst_does_not_wait_for_a_chunk_while_workers_are_idle(transport: Transport) -> Outcome {
    const CALLS: usize = 20_000;

    limited(|| {
        let (pool, _) = quick_pool(transport)?;
        let (tell, told) = std::sync::mpsc::channel();
        thread::scope(|scope| {
            let chunk = scope.spawn(|| {
                let calls = (0..CALLS).inspect(|n| {
                    if *n + 1 == CALLS {
                        tell.send(()).expect("the test waits");
                    }
                });
                pool.map(|_| compute_for::task(Duration::from_micros(100), 3_000), calls)
                    .chunk_size(CALLS)
                    .flatten()
                    .count()
            });
            told.recv().expect("the chunk is on its way");
            for burst in 0..4 {
                let futures: Vec<_> = (0..3_000).map(|n| pool.submit(square::task(n))).collect();
                assert!(futures.into_iter().zip(0..).all(|(future, n)| future.result().expect("a square") == n * n));
                assert!(!chunk.is_finished(), "burst {burst} has waited for {CALLS} others");
            }
            assert_eq!(chunk.join().expect("no panic"), CALLS);
        });
        Ok(())
    })
}

fn an_abort_beside_calls_that_are_taken_back_ends(transport: Transport) -> Outcome {
    limited(|| {
        for pause in [0, 500, 1_000, 1_500, 2_000].into_iter().cycle().take(20) {
            let (pool, _) = quick_pool(transport)?;
            let calls = (0..500)
                .map(|n| if n % 50 == 0 { Ok(pool.submit(spin::task())) } else { Err(pool.submit(square::task(n))) });
            let futures: Vec<_> = calls.collect();
            // About when what waits behind those that never end is taken back.
            thread::sleep(Duration::from_micros(pause));
            pool.shutdown(Shutdown::Abort { grace: Duration::ZERO });
            assert!(futures.iter().all(|it| it.as_ref().map_or_else(TaskFuture::is_done, TaskFuture::is_done)));
        }
        Ok(())
    })
}

fn a_panic_names_its_worker_and_costs_no_worker(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport, 1)?;
        let worker = pool.submit(pid::task()).result()?;
        let error = pool.submit(panic_with::task(3)).result().expect_err("a panic");
        let TaskError::Panicked(report) = &error else { panic!("{error:?}") };
        assert!(report.worker.contains(&worker.to_string()), "{report:?}");
        assert_eq!(pool.submit(pid::task()).result()?, worker);
        Ok(())
    })
}

fn twenty_thousand_tasks_in_a_burst_finish(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport, 2)?;
        let futures: Vec<_> = (0..20_000).map(|n| pool.submit(square::task(n))).collect();
        for (n, future) in (0..).zip(futures) {
            assert_eq!(future.result()?, n * n);
        }
        Ok(())
    })
}

fn payloads_of_any_size_come_back(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport, 1)?;
        for len in [0, 1, 65_535, 65_536, 65_537, 1 << 20, 20 << 20] {
            let bytes: Vec<u8> = (0..len).map(|n: u32| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
            assert!(pool.submit(echo::task(&bytes)).result()? == bytes, "{len}");
        }
        let bytes = vec![7; 100_000];
        assert!(pool.submit(echo_owned::task(bytes.clone())).result()? == bytes);
        Ok(())
    })
}

fn many_wait_at_once_for_answers_that_do_not_fit(transport: Transport) -> Outcome {
    const ROUNDS: usize = 150;

    limited(|| {
        let pool = builder_over(transport).max_workers(2).__ring_size(4096).build()?;
        thread::scope(|scope| {
            let waiters = [0, 1, 2, 3].map(|waiter| {
                let pool = &pool;
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        // Up to five rings long, and every third time two at once.
                        let [one, other] = [1, 5].map(|factor| (round * 677 + waiter * 131) * factor % 20_000);
                        let first = pool.submit(echo_owned::task(vec![1; one]));
                        let second = (round % 3 == 0).then(|| pool.submit(echo_owned::task(vec![2; other])));
                        assert!(first.result()? == vec![1; one], "{one}");
                        if let Some(second) = second {
                            assert!(second.result()? == vec![2; other], "{other}");
                        }
                    }
                    Ok::<_, TaskError>(())
                })
            });
            waiters.into_iter().try_for_each(|waiter| waiter.join().expect("no panic"))
        })?;
        Ok(())
    })
}

fn what_is_cancelled_in_a_burst_costs_nothing_else(transport: Transport) -> Outcome {
    const CALLS: u64 = 20_000;

    limited(|| {
        let pool = pool_over(transport, 2)?;
        pool.submit(square::task(1)).result()?;
        let futures: Vec<_> = (0..CALLS).map(|n| pool.submit(square::task(n))).collect();
        let handles: Vec<_> = futures.iter().step_by(3).map(TaskFuture::handle).collect();
        let cancels = thread::spawn(move || handles.iter().filter(|handle| handle.cancel()).count());
        let mut cancelled = 0;
        for (n, future) in (0..).zip(futures) {
            match future.result() {
                Ok(square) => assert_eq!(square, n * n),
                Err(TaskError::Cancelled) => cancelled += 1,
                Err(error) => return Err(error.into()),
            }
        }
        assert_eq!(cancels.join().expect("no panic"), cancelled);
        Ok(())
    })
}

fn a_worker_may_have_all_the_time_there_is(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(1).start_timeout(Duration::MAX).build()?;
        assert_eq!(pool.submit(square::task(3).timeout(Duration::MAX)).result()?, 9);
        Ok(())
    })
}

#[test]
fn zero_workers_are_refused() {
    assert!(matches!(ProcessPoolExecutor::new(0), Err(PoolError::ZeroWorkers)));
    assert!(matches!(ThreadPoolExecutor::new(0), Err(PoolError::ZeroWorkers)));
    assert_eq!(PoolError::ZeroWorkers.to_string(), "max_workers must be greater than 0");
}

fn a_task_may_run_a_pool_of_its_own_but_not_without_end(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport, 1)?;
        assert_eq!(pool.submit(nest::task(3)).result()??, 3);
        let error = pool.submit(nest::task(30)).result()?.expect_err("too deep");
        assert!(error.contains("nested 10 deep"), "{error}");
        Ok(())
    })
}

fn tasks_can_start_programs_that_are_no_workers(transport: Transport) -> Outcome {
    /// What a program started by a task sees of the variable that makes workers, and of stdin.
    #[pool_task(process)]
    fn environment() -> String {
        let out =
            Command::new("sh").args(["-c", "env | grep -c EXECUTOR_RUNTIME; cat; ls /proc/self/fd | wc -l"]).output();
        String::from_utf8_lossy(&out.expect("a shell").stdout).replace('\n', " ")
    }
    limited(|| {
        let pool = pool_over(transport, 1)?;
        // `ls` holds stdin, stdout, stderr and the listing.
        assert_eq!(pool.submit(environment::task()).result()?.trim(), "0 4");
        Ok(())
    })
}

fn a_pool_dropped_in_a_callback_does_not_wait_for_itself(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport, 1)?;
        let (send, receive) = std::sync::mpsc::channel();
        let last = pool.clone();
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let (future, waiting) = at_gate(&pool, &gate);
        future.on_done(move |_| {
            drop(last);
            send.send(()).expect("a receiver");
        });
        drop((pool, future));
        waiting.open();
        receive.recv()?;
        Ok(())
    })
}

fn prewarmed_workers_are_there_before_the_first_task(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(2).prewarm(5).build()?;
        // The two tasks meet only if two workers take them; none is started for the second one.
        let folder = tempfile::tempdir()?;
        let gates = [Gate::new(folder.path(), "0"), Gate::new(folder.path(), "1")];
        let busy = gates.each_ref().map(|gate| at_gate(&pool, gate));
        for (future, waiting) in busy {
            waiting.open();
            future.result()?;
        }
        Ok(())
    })
}

fn tasks_of_one_name_in_two_functions_are_two_tasks(transport: Transport) -> Outcome {
    fn first(pool: &ProcessPoolExecutor) -> Result<u32, TaskError> {
        #[pool_task(process)]
        fn number() -> u32 {
            1
        }
        pool.submit(number::task()).result()
    }
    fn second(pool: &ProcessPoolExecutor) -> Result<u32, TaskError> {
        #[pool_task(process)]
        fn number() -> u32 {
            2
        }
        pool.submit(number::task()).result()
    }
    limited(|| {
        let pool = pool_over(transport, 1)?;
        assert_eq!((first(&pool)?, second(&pool)?), (1, 2));
        Ok(())
    })
}

fn a_limit_is_watched_while_the_arguments_are_on_the_way(transport: Transport) -> Outcome {
    #[pool_task(process)]
    fn both(numbers: Vec<f64>, bytes: Vec<u8>) -> (Vec<f64>, Vec<u8>) {
        (numbers, bytes)
    }
    limited(|| {
        let pool = pool_over(transport, 1)?;
        // Bytes alone, which go by themselves, and bytes behind numbers of any length.
        for (numbers, bytes) in [(0, 4 << 20), (3_000, 40_000), (30_000, 40_000), (60_000, 40_000), (500_000, 4 << 20)]
        {
            let (numbers, bytes) = (vec![0.5; numbers], vec![1; bytes]);
            assert!(
                pool.submit(both::task(numbers.clone(), bytes.clone())).result()? == (numbers.clone(), bytes.clone())
            );
            let worker = pool.submit(pid::task()).result()?;
            // It reads nothing any more.
            children::stop(worker);
            let limit = Duration::from_millis(50);
            let error = pool.submit(both::task(numbers, bytes).timeout(limit)).result().map(drop);
            assert!(matches!(error, Err(TaskError::TimedOut { limit: at, .. }) if at == limit), "{error:?}");
            assert_ne!(pool.submit(pid::task()).result()?, worker);
        }
        Ok(())
    })
}

fn a_task_whose_arguments_are_on_the_way_can_be_ended(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport, 1)?;
        let worker = pool.submit(pid::task()).result()?;
        children::stop(worker);
        let future = pool.submit(echo_owned::task(vec![1; 4 << 20]));
        let next = pool.submit(pid::task());
        // It runs as soon as it is sent, or in shared memory when it is read, so that there nothing shows that it was.
        let submitted = Instant::now();
        while future.state() == State::Pending && submitted.elapsed() < Duration::from_millis(200) {
            thread::yield_now();
        }
        assert!(future.kill());
        assert!(matches!(future.result(), Err(TaskError::Cancelled)));
        assert_ne!(next.result()?, worker);
        Ok(())
    })
}

#[test]
fn a_ring_may_be_far_smaller_than_what_goes_through_it() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::builder().max_workers(2).__ring_size(4096).build()?;
        thread::scope(|scope| {
            for seed in 0..4_u8 {
                let pool = &pool;
                scope.spawn(move || {
                    for len in [0, 1, 15, 4_071, 4_072, 4_096, 70_000, 3 << 20] {
                        let bytes: Vec<u8> =
                            (0..len).map(|n: u32| seed ^ n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
                        let one = pool.submit(echo::task(&bytes));
                        let chunk = pool.map(|bytes: &Vec<u8>| echo::task(bytes), [&bytes; 3]).chunk_size(3);
                        assert!(chunk.chain([one.result()]).all(|echoed| echoed.expect("echoed") == bytes), "{len}");
                    }
                });
            }
        });
        Ok(())
    })
}

#[test]
fn a_worker_that_writes_garbage_into_the_shared_memory_costs_itself_only() -> Outcome {
    /// Writes the same bytes over all memory that the worker shares with its pool, and goes on as if nothing was.
    #[pool_task(process)]
    fn scribble(byte: u8) -> u8 {
        let maps = std::fs::read_to_string("/proc/self/maps").expect("our mappings");
        let shared = maps.lines().find(|line| line.contains("/memfd:executor-runtime")).expect("the shared memory");
        let range = shared.split(' ').next().and_then(|range| range.split_once('-')).expect("a range");
        let [start, end] = [range.0, range.1].map(|address| u64::from_str_radix(address, 16).expect("an address"));
        let memory = std::fs::OpenOptions::new().write(true).open("/proc/self/mem").expect("our memory");
        let garbage = vec![byte; usize::try_from(end - start).expect("a length")];
        memory.write_all_at(&garbage, start).expect("it can be written");
        byte
    }
    limited(|| {
        let pool = pool_over(Transport::SharedMemory, 1)?;
        let limit = Duration::from_millis(500);
        for byte in [1, 0x7f, 0x80, 0xff] {
            match pool.submit(scribble::task(byte).timeout(limit)).result() {
                Err(TaskError::WorkerDied(death)) => assert_eq!(death.exit, WorkerExit::Protocol),
                Err(TaskError::TimedOut { .. }) => {}
                other => panic!("{byte}: {other:?}"),
            }
            assert_eq!(pool.submit(square::task(3)).result()?, 9);
        }
        Ok(())
    })
}
