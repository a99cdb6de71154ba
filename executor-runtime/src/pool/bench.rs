//! The queue, for `benches/inner`.

use super::Pooled;
use super::queue::{self, Popped};
use crate::error::TaskError;

/// A queue of numbers.
pub struct Queue(queue::Queue<Number>);

struct Number {
    number: u64,
    priority: i32,
}

impl Pooled for Number {
    fn priority(&self) -> i32 {
        self.priority
    }

    fn is_over(&self) -> bool {
        false
    }

    fn refuse(&self, _: TaskError) {}
}

impl Queue {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "nobody needs it")]
    pub fn new() -> Self {
        Self(queue::Queue::new())
    }

    /// Adds a number behind those of its priority.
    pub fn push(&self, number: u64, priority: i32) {
        // It fails only when it is closed, which it never is.
        drop(self.0.push(Number { number, priority }));
    }

    /// Waits for a number, and takes it out.
    pub fn pop(&self) -> Option<u64> {
        match self.0.pop(None) {
            Popped::Job(Number { number, .. }) => Some(number),
            Popped::Idle | Popped::Over => None,
        }
    }
}
