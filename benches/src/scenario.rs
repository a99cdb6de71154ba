//! What is measured: a workload, where it runs, on how many workers.

use crate::options::Options;
use crate::surroundings::Surroundings;

/// Where the workers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Processes,
    Threads,
}

impl Place {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Threads => "threads",
        }
    }

    /// What one worker there is.
    pub(crate) fn worker(self) -> &'static str {
        match self {
            Self::Processes => "process",
            Self::Threads => "thread",
        }
    }
}

/// What a pool has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    /// One call after the other, each waited for.
    RoundTrip { calls: u64 },
    /// One call after the other, each after 1 ms in which nobody had anything to do.
    IdleTrip { calls: u64 },
    /// All tasks submitted, then all results collected in the order of submission.
    Burst { tasks: u64 },
    /// A function over many items, cut into chunks as the pool does it or as is best for it.
    Map { items: u64, shape: Shape },
    /// Bytes there and back; `again` sends what came back.
    Payload { len: usize, calls: u64, again: bool },
    /// Tasks of 20 µs through the pool's map.
    Work { tasks: u64 },
    /// Pools that come and go: start-up, memory while idle, shutdown.
    Life { lives: u64 },
    /// A pool that has nothing to do.
    Idle { millis: u64 },
    /// Tasks that compute for 10 ms each, or for different times.
    SpeedUp { tasks: u64, mixed: bool },
    /// Tasks that sleep for 1 ms each.
    Sleeps { tasks: u64 },
    /// Tasks that submit tasks and wait for them: Fibonacci's number of `n`.
    Nested { n: u64 },
    /// A burst whose allocations are counted.
    Allocations { tasks: u64 },
    /// Tasks that wait, and what they hold of memory.
    Queued { tasks: u64 },
}

/// What a map's items and results are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `u64`.
    Numbers,
    /// Structs of three fields.
    Structs,
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub(crate) place: Place,
    pub(crate) workload: Workload,
    pub(crate) workers: usize,
    pub(crate) surroundings: Surroundings,
}

impl Scenario {
    /// All that one repetition measures, in the order of the table.
    pub(crate) fn all(options: &Options) -> Vec<Self> {
        let tenth = |amount: u64| if options.quick { amount / 10 } else { amount };
        let on = |place, workload, workers| Self { place, workload, workers, surroundings: Surroundings::Quiet };
        let processes = |workload, workers| on(Place::Processes, workload, workers);
        let threads = |workload, workers| on(Place::Threads, workload, workers);

        let trip = Workload::RoundTrip { calls: tenth(2_000) };
        let burst = Workload::Burst { tasks: tenth(20_000) };
        let life = Workload::Life { lives: tenth(10) };
        let idle = Workload::IdleTrip { calls: tenth(500) };
        let million = Workload::Burst { tasks: tenth(1_000_000) };
        let map = |shape| Workload::Map { items: tenth(1_000_000), shape };
        let speed_up = |mixed| Workload::SpeedUp { tasks: tenth(100), mixed };
        let idle_pool = Workload::Idle { millis: tenth(2_000) };
        let queued = Workload::Queued { tasks: tenth(10_000) };
        let mib = |len: usize, calls, again| Workload::Payload { len: len << 20, calls: tenth(calls), again };
        let large = |again| Workload::Payload { len: 64 << 20, calls: if options.quick { 1 } else { 4 }, again };
        let mut all = vec![
            processes(trip, 1),
            processes(trip, 2),
            processes(idle, 1),
            processes(Workload::RoundTrip { calls: tenth(500) }, 1).within(Surroundings::Hog),
            processes(burst, 1),
            processes(burst, 2),
            processes(million, 2),
            processes(map(Shape::Numbers), 1),
            processes(map(Shape::Numbers), 2),
            processes(map(Shape::Structs), 1),
            processes(map(Shape::Structs), 2),
            processes(mib(1, 200, false), 1),
            processes(large(false), 1),
            processes(large(true), 1),
            processes(life, 2),
            processes(life, 2).within(Surroundings::Ballast),
            processes(idle_pool, 2),
            processes(speed_up(false), 2),
            processes(speed_up(true), 2),
            processes(queued, 1),
        ];

        let trip = Workload::RoundTrip { calls: tenth(10_000) };
        let burst = Workload::Burst { tasks: tenth(100_000) };
        all.extend([1, 2, 8].map(|workers| threads(trip, workers)));
        all.extend([1, 2, 8].map(|workers| threads(burst, workers)));
        all.extend([
            threads(Workload::Work { tasks: tenth(10_000) }, 2),
            threads(Workload::Sleeps { tasks: tenth(1_000) }, 32),
            threads(Workload::Nested { n: if options.quick { 20 } else { 25 } }, 2),
            threads(idle_pool, 8),
            threads(Workload::Allocations { tasks: tenth(100_000) }, 2),
            threads(queued, 1),
        ]);
        all.retain(|scenario| format!("{scenario:?}").contains(&options.only));
        all
    }

    /// The same in other surroundings.
    pub(crate) fn within(self, surroundings: Surroundings) -> Self {
        Self { surroundings, ..self }
    }
}
