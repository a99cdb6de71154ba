//! The figures that a workload yields: what they are called, their unit, and which way is better.

/// One number that can be compared between contestants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    RoundTripP50,
    RoundTripP99,
    IdleTrip,
    Throughput,
    Items,
    Payloads,
    StartUp,
    ShutDown,
    Pss,
    Private,
    IdleTicks,
    SpeedUp,
    Sleeps,
    Allocations,
    Queued,
}

/// A measured figure, in the figure's unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) figure: Figure,
    pub(crate) value: f64,
}

/// Which values are the good ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Lower,
    Higher,
}

impl Figure {
    pub(crate) const ALL: [Self; 15] = [
        Self::RoundTripP50,
        Self::RoundTripP99,
        Self::IdleTrip,
        Self::Throughput,
        Self::Items,
        Self::Payloads,
        Self::StartUp,
        Self::ShutDown,
        Self::Pss,
        Self::Private,
        Self::IdleTicks,
        Self::SpeedUp,
        Self::Sleeps,
        Self::Allocations,
        Self::Queued,
    ];

    pub(crate) fn sample(self, value: f64) -> Sample {
        Sample { figure: self, value }
    }

    /// What `python/peer.py` calls it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::RoundTripP50 => "p50_us",
            Self::RoundTripP99 => "p99_us",
            Self::IdleTrip => "idle_us",
            Self::Items => "items_per_s",
            Self::Payloads => "payloads_per_s",
            Self::Throughput => "tasks_per_s",
            Self::StartUp => "start_ms",
            Self::ShutDown => "stop_ms",
            Self::Pss => "pss_kib",
            Self::Private => "private_kib",
            Self::IdleTicks => "idle_ticks",
            Self::SpeedUp => "speed_up",
            Self::Sleeps => "sleeps_ms",
            Self::Allocations => "allocations",
            Self::Queued => "queued_bytes",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RoundTripP50 => "round trip, p50",
            Self::RoundTripP99 => "round trip, p99",
            Self::IdleTrip => "round trip after 1 ms idle, p50",
            Self::Items => "map",
            Self::Payloads => "there and back",
            Self::Throughput => "burst",
            Self::StartUp => "start-up to first results",
            Self::ShutDown => "shutdown",
            Self::Pss => "memory per idle worker, PSS",
            Self::Private => "memory per idle worker, private",
            Self::IdleTicks => "processor ticks while idle",
            Self::SpeedUp => "speed-up",
            Self::Sleeps => "sleeps of 1 ms",
            Self::Allocations => "allocations per task",
            Self::Queued => "memory per queued task",
        }
    }

    pub(crate) fn better(self) -> Better {
        match self {
            Self::Throughput | Self::Items | Self::Payloads | Self::SpeedUp => Better::Higher,
            _ => Better::Lower,
        }
    }

    /// A value with its unit.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::RoundTripP50 | Self::RoundTripP99 | Self::IdleTrip => format!("{value:.1} µs"),
            Self::StartUp | Self::ShutDown | Self::Sleeps => format!("{value:.2} ms"),
            Self::Throughput => format!("{:.1}k tasks/s", value / 1_000.0),
            Self::Items => format!("{:.2}M items/s", value / 1e6),
            Self::Payloads => format!("{value:.1} /s"),
            Self::Pss | Self::Private => format!("{value:.0} KiB"),
            Self::IdleTicks => format!("{value:.0}"),
            Self::SpeedUp | Self::Allocations => format!("{value:.2}"),
            Self::Queued => format!("{value:.0} bytes"),
        }
    }
}
