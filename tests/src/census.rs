//! Values that are counted as long as they live, to see what keeps them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use executor_runtime::pool_task;
use serde::{Deserialize, Deserializer, Serialize};

/// How many values live in this process, by their numbers.
static LIVING: Mutex<BTreeMap<u64, usize>> = Mutex::new(BTreeMap::new());

/// One of them has been dropped.
static DROPPED: Condvar = Condvar::new();

/// A number for [`Counted`] that no other caller in this process has got.
pub fn new_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Relaxed: only the uniqueness of the number counts.
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A value that counts under its number, in each process that has it, from when it is made or read until it is dropped.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Counted {
    number: u64,
}

impl Counted {
    /// One more value of this number.
    pub fn of(number: u64) -> Self {
        *census().entry(number).or_default() += 1;
        Self { number }
    }
}

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        u64::deserialize(input).map(Self::of)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        *census().entry(self.number).or_default() -= 1;
        DROPPED.notify_all();
    }
}

/// Waits until no value of this number lives in this process.
pub fn await_none(number: u64) {
    let lives = |living: &mut BTreeMap<u64, usize>| living.get(&number).is_some_and(|&count| count > 0);
    drop(DROPPED.wait_while(census(), lives).unwrap_or_else(PoisonError::into_inner));
}

/// How many values of this number live in the process that runs this.
#[pool_task(process)]
pub fn living(number: u64) -> usize {
    census().get(&number).copied().unwrap_or_default()
}

/// Makes a value.
#[pool_task(process)]
pub fn make(number: u64) -> Counted {
    Counted::of(number)
}

/// Takes a value, and says how many of its number there are meanwhile.
#[pool_task(process)]
pub fn take(value: Counted) -> usize {
    living(value.number)
}

fn census() -> MutexGuard<'static, BTreeMap<u64, usize>> {
    LIVING.lock().unwrap_or_else(PoisonError::into_inner)
}
