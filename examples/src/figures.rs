//! The figures that a program prints at its end.

use std::fmt;
use std::time::Duration;

/// What a pool did, beside the same work done by one loop in the same program.
///
/// ```
/// use executor_examples::Figures;
/// use std::time::Duration;
///
/// let pooled = Duration::from_millis(500);
/// let serial = Duration::from_millis(900);
/// let figures = Figures { tasks: 800, workers: 2, pooled, serial: Some(serial) };
/// assert_eq!(
///     figures.to_string(),
///     "800 tasks on 2 workers: 500.000ms; one after the other: 900.000ms; speed-up 1.80"
/// );
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// How many tasks there were.
    pub tasks: usize,
    /// How many threads or processes there were for them.
    pub workers: usize,
    /// How long they took, from building the pool to its end.
    pub pooled: Duration,
    /// How long the same took without a pool, if that was tried.
    pub serial: Option<Duration>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tasks, workers, pooled, serial } = self;
        write!(f, "{tasks} tasks on {workers} workers: {pooled:.3?}")?;
        if let Some(serial) = serial {
            let speed_up = serial.as_secs_f64() / pooled.as_secs_f64();
            write!(f, "; one after the other: {serial:.3?}; speed-up {speed_up:.2}")?;
        }
        Ok(())
    }
}
