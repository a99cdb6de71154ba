//! The system's allocator, which counts while somebody asks it to.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// Whether it counts. One flag that hardly ever changes costs the others' figures nothing that can be seen.
static COUNTING: AtomicBool = AtomicBool::new(false);
static ASKED: AtomicU64 = AtomicU64::new(0);
static HELD: AtomicI64 = AtomicI64::new(0);

/// For `#[global_allocator]`.
#[derive(Debug)]
pub struct Counted;

/// What the whole program does with memory from the making of this on. There can be one at a time.
#[derive(Debug)]
pub struct Count(());

impl Count {
    /// # Panics
    ///
    /// If there is another one.
    pub fn start() -> Self {
        ASKED.store(0, Ordering::SeqCst);
        HELD.store(0, Ordering::SeqCst);
        assert!(!COUNTING.swap(true, Ordering::SeqCst), "somebody counts already");
        Self(())
    }

    /// How often memory was asked for, or asked for anew because it had become too small.
    pub fn allocations(&self) -> u64 {
        ASKED.load(Ordering::SeqCst)
    }

    /// Bytes that were asked for and not given back.
    pub fn bytes(&self) -> i64 {
        HELD.load(Ordering::SeqCst)
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        COUNTING.store(false, Ordering::SeqCst);
    }
}

/// Relaxed: who counts has waited for everything that it counts.
fn note(asked: u64, held: i64) {
    if COUNTING.load(Ordering::Relaxed) {
        ASKED.fetch_add(asked, Ordering::Relaxed);
        HELD.fetch_add(held, Ordering::Relaxed);
    }
}

/// A layout's size is below `isize::MAX`.
fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

// SAFETY: everything is the system allocator's, which gets what this gets.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, signed(layout.size()));
        // SAFETY: the caller keeps the same contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(1, signed(layout.size()));
        // SAFETY: the caller keeps the same contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, signed(size) - signed(layout.size()));
        // SAFETY: the caller keeps the same contract.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        note(0, -signed(layout.size()));
        // SAFETY: the caller keeps the same contract.
        unsafe { System.dealloc(memory, layout) }
    }
}
