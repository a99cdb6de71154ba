//! A ring of numbers with one writer and one reader, and a bell for the reader.
//!
//! Who uses it has at most [`SLOTS`] numbers under way, so the writer needs not look where the reader is.

use std::hint;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::futex;

pub(crate) const SLOTS: u32 = 1024;

/// A cache line of its own.
#[repr(C, align(128))]
#[derive(Debug)]
struct Line(AtomicU32);

#[repr(C)]
#[derive(Debug)]
pub(crate) struct Ring {
    /// How many numbers were written.
    tail: Line,
    /// 1 while the reader sleeps, or is about to.
    asleep: Line,
    slots: [AtomicU64; SLOTS as usize],
}

impl Ring {
    /// `tail` is the writer's own count.
    pub(crate) fn write(&self, tail: &mut u32, number: u64) {
        self.slots[(*tail % SLOTS) as usize].store(number, Ordering::Relaxed);
        *tail = tail.wrapping_add(1);
        // Release: who sees the count sees the number.
        self.tail.0.store(*tail, Ordering::Release);
        // Either the reader sees the count after it said that it sleeps, or this sees that it does.
        fence(Ordering::SeqCst);
        if self.asleep.0.load(Ordering::Relaxed) == 1 && self.asleep.0.swap(0, Ordering::Relaxed) == 1 {
            futex::wake(&self.asleep.0, futex::Flags::empty(), 1).expect("a word of our own");
        }
    }

    /// `head` is the reader's own count. Looks again for as long as `spin`, giving way each time, before it sleeps.
    pub(crate) fn read(&self, head: &mut u32, spin: Duration) -> u64 {
        if !self.has(*head) && !self.comes_within(*head, spin) {
            self.sleep_until(*head);
        }
        let number = self.slots[(*head % SLOTS) as usize].load(Ordering::Relaxed);
        *head = head.wrapping_add(1);
        number
    }

    fn has(&self, head: u32) -> bool {
        // Acquire: pairs with the writer's release.
        self.tail.0.load(Ordering::Acquire) != head
    }

    fn comes_within(&self, head: u32, spin: Duration) -> bool {
        if spin.is_zero() {
            return false;
        }
        let end = Instant::now() + spin;
        while Instant::now() < end {
            for _ in 0..8 {
                if self.has(head) {
                    return true;
                }
                hint::spin_loop();
            }
            thread::yield_now();
        }
        false
    }

    fn sleep_until(&self, head: u32) {
        loop {
            self.asleep.0.store(1, Ordering::Relaxed);
            // See `write`.
            fence(Ordering::SeqCst);
            if self.has(head) {
                self.asleep.0.store(0, Ordering::Relaxed);
                return;
            }
            // Whatever it returns for, the loop looks again.
            let _ = futex::wait(&self.asleep.0, futex::Flags::empty(), 1, None);
        }
    }
}
