//! A worker that wants to harm its pool cannot: `docs/security.md`. Over the ring link; the portable one promises none of
//! this.
//!
//! What a worker returns for a task that it was given is its own affair. So the values of these tests have a sum: one
//! that is whole has to be the task's own.

use std::env;
use std::time::Duration;

use executor_runtime::prelude::*;
use executor_runtime::{PoolError, Transport, WorkerExit};
use executor_tests::hostile::{Lie, Random, Sealed, forge, let_vandal_in, lie, seal};
use executor_tests::tasks::{pid, square};
use executor_tests::watchdog::limited;
use serde::{Deserialize, Serialize};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn pool(max_workers: usize, timeout: Duration) -> Result<ProcessPoolExecutor, PoolError> {
    let builder = ProcessPoolExecutor::builder().transport(Transport::SharedMemory);
    builder.max_workers(max_workers).timeout(timeout).build()
}

/// More than anything here takes that goes well.
const LONG: Duration = Duration::from_mins(1);

/// How long those are waited for that do not go well.
const SHORT: Duration = Duration::from_millis(300);

/// The first seed and how many of them, as the environment says.
fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let first = env::var("HOSTILE_SEED").map_or(1, |text| text.parse().expect("a number"));
    first..first + env::var("HOSTILE_COUNT").map_or(count, |text| text.parse().expect("a number"))
}

/// Says which seed it was that failed.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("it was HOSTILE_SEED={}", self.0);
        }
    }
}

/// The most memory that this process has had, in bytes.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("our status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    1024 * peak.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
}

/// Whether a call has its own value; else its worker was lost with it, or has lied.
fn is_own(number: u64, result: Result<Sealed, TaskError>) -> bool {
    match result {
        Ok(sealed) if sealed.is_whole() => {
            assert_eq!(sealed.number, number, "the value of another task");
            true
        }
        // Also what a worker can say: that it panicked, or knows no such task.
        Ok(_)
        | Err(
            TaskError::WorkerDied(_)
            | TaskError::TimedOut { .. }
            | TaskError::Decode(_)
            | TaskError::Encode(_)
            | TaskError::Panicked(_)
            | TaskError::UnknownTask { .. },
        ) => false,
        Err(other) => panic!("task {number}: {other}"),
    }
}

#[test]
fn a_worker_that_lies_is_found_out_and_replaced() -> Outcome {
    limited(|| {
        let pool = pool(1, LONG)?;
        for what in Lie::ALL {
            let worker = pool.submit(pid::task()).result()?;
            let told = pool.submit(lie::task(what)).result();
            match (what, told) {
                // So the helpers know how it is done, and the others are lies for no other reason.
                (Lie::None, Ok(7)) => {
                    let stuck = pool.submit(square::task(3).timeout(SHORT)).result();
                    assert!(matches!(stuck, Err(TaskError::TimedOut { .. })), "{stuck:?}");
                }
                // The first of the two is an answer; and what it has read is looked at by who writes to it next.
                (Lie::Twice | Lie::Head, Ok(7)) => {}
                // It is as good as dead.
                (_, Err(TaskError::WorkerDied(death))) if what != Lie::None => {
                    assert_eq!((death.pid, death.exit), (worker, WorkerExit::Protocol), "{what:?}");
                }
                (_, other) => panic!("{what:?}: {other:?}"),
            }
            assert_eq!(pool.submit(square::task(3)).result()?, 9, "after {what:?}");
            assert_ne!(pool.submit(pid::task()).result()?, worker, "{what:?}");
        }
        Ok(())
    })
}

#[test]
fn forged_answers_reach_nobody_else() -> Outcome {
    limited(|| {
        let before = peak_bytes();
        // Some of these workers never do what they are given next.
        let pool = pool(2, Duration::from_secs(2))?;
        let (mut own, mut others, mut found_out) = (0, 0, 0);
        for seed in seeds(40) {
            let _told = Told(seed);
            let mut random = Random::new(seed);
            let calls: Vec<_> = (0..20)
                .map(|at| {
                    let number = seed * 100 + at;
                    let lens = [random.below(20), random.below(300_000)];
                    let len = if random.below(10) == 0 { lens[1] } else { lens[0] };
                    (number, pool.submit(seal::task(number, usize::try_from(len).expect("not long"), b"")))
                })
                .collect();
            let forged = pool.submit(forge::task(seed).timeout(SHORT));
            let argument = vec![7; 100_000];
            let last = pool.submit(seal::task(seed * 100 + 99, 3, &argument));
            match forged.result() {
                Err(TaskError::WorkerDied(death)) if death.exit == WorkerExit::Protocol => found_out += 1,
                // It may say of itself what it wants.
                _ => {}
            }
            for (number, call) in calls.into_iter().chain([(seed * 100 + 99, last)]) {
                if is_own(number, call.result()) { own += 1 } else { others += 1 }
            }
        }
        assert!(found_out > 3, "of these workers nobody was found out: {found_out}");
        // Only what is sent to the same worker can be lost with it.
        assert!(others * 20 < own, "{others} of {own} were lost");
        let grown = peak_bytes() - before;
        assert!(grown < 256 << 20, "{grown} bytes, and nobody has sent so much");
        Ok(())
    })
}

#[test]
fn a_worker_whose_memory_is_spoilt_at_random_times_harms_its_own_tasks_only() -> Outcome {
    limited(|| {
        let pool = pool(2, SHORT)?;
        let (mut own, mut others) = (0, 0);
        for seed in seeds(25) {
            let _told = Told(seed);
            let mut random = Random::new(seed);
            // One worker has a vandal, until it is found out.
            drop(pool.submit(let_vandal_in::task(seed)).result());
            for round in 0..4 {
                let calls: Vec<_> = (0..10)
                    .map(|at| {
                        let number = seed * 100 + round * 10 + at;
                        let len = usize::try_from(random.one_of([0, 5, 300, 40_000])).expect("not long");
                        let argument = vec![1; usize::try_from(random.one_of([0, 9, 70_000])).expect("not long")];
                        (number, pool.submit(seal::task(number, len, &argument)))
                    })
                    .collect();
                for (number, call) in calls {
                    if is_own(number, call.result()) { own += 1 } else { others += 1 }
                }
            }
        }
        assert!(own > others, "{others} were lost and {own} not");
        // Nothing is left of it.
        while pool.submit(let_vandal_in::task(1)).result().is_err() {}
        pool.shutdown(Shutdown::Abort { grace: Duration::ZERO });
        Ok(())
    })
}

#[test]
fn a_worker_that_stops_reading_in_an_argument_holds_nobody_up() -> Outcome {
    limited(|| {
        let pool = pool(1, LONG)?;
        let worker = pool.submit(pid::task()).result()?;
        // It has answered, and so is sent as much as there is room for.
        assert_eq!(pool.submit(lie::task(Lie::None)).result()?, 7);
        let large = vec![3; 4 << 20];
        let stuck = pool.submit(seal::task(1, 0, &large).timeout(SHORT)).result();
        assert!(matches!(stuck, Err(TaskError::TimedOut { .. })), "{stuck:?}");
        let next = pool.submit(seal::task(2, 0, &large)).result()?;
        assert!(next.is_whole() && next.number == 2);
        assert_ne!(pool.submit(pid::task()).result()?, worker);
        Ok(())
    })
}

/// A list that is as long as one likes, and as deep.
#[derive(Debug, Serialize, Deserialize)]
enum List {
    End,
    More(Box<List>),
}

impl List {
    fn of(levels: u32) -> Self {
        (1..levels).fold(Self::End, |list, _| Self::More(Box::new(list)))
    }

    fn levels(&self) -> u32 {
        match self {
            Self::End => 1,
            Self::More(rest) => 1 + rest.levels(),
        }
    }
}

#[pool_task(process)]
fn list_of(levels: u32) -> List {
    List::of(levels)
}

#[pool_task(process)]
#[expect(clippy::needless_pass_by_value, reason = "it is read in the worker")]
fn levels_of(list: List) -> u32 {
    list.levels()
}

/// What a type that lies writes, and says that it is.
#[derive(Debug)]
struct Empty(u64);

impl Serialize for Empty {
    fn serialize<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(output)
    }
}

impl<'de> Deserialize<'de> for Empty {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Vec::<()>::deserialize(input).map(|all| Self(all.len() as u64))
    }
}

#[pool_task(process)]
fn empty(count: u64) -> Empty {
    Empty(count)
}

#[test]
fn a_value_of_few_bytes_can_ask_for_little() -> Outcome {
    limited(|| {
        let pool = pool(1, LONG)?;
        let worker = pool.submit(pid::task()).result()?;
        assert_eq!(pool.submit(levels_of::task(List::of(512))).result()?, 512);
        assert_eq!(pool.submit(list_of::task(512)).result()?.levels(), 512);
        assert_eq!(pool.submit(empty::task(60_000)).result()?.0, 60_000);
        let refused: [(&str, TaskError); 3] = [
            ("the arguments of", pool.submit(levels_of::task(List::of(2000))).result().expect_err("too deep")),
            ("the value of", pool.submit(list_of::task(2000)).result().expect_err("too deep")),
            ("the value of", pool.submit(empty::task(1 << 60)).result().expect_err("too many")),
        ];
        for (what, error) in &refused {
            assert!(matches!(error, TaskError::Decode(_)), "{error:?}");
            assert!(error.to_string().contains(what), "{error}");
        }
        let said = refused.map(|(_, error)| error.to_string());
        assert!(said[0].ends_with("it is nested more than 512 levels deep"), "{}", said[0]);
        assert!(said[2].ends_with("it says that it has over 65536 elements more than bytes"), "{}", said[2]);
        assert_eq!(pool.submit(pid::task()).result()?, worker, "neither has harmed the worker");
        Ok(())
    })
}
