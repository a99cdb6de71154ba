//! A worker that runs out of stack says so before it dies.
//!
//! In a program std does that, from the start of `main` on. A worker never comes there, and would die of SIGSEGV like
//! one that has followed a wild pointer.
//!
//! 1. The thread that runs the tasks gets a second stack for signals, since the first is no use then.
//! 2. The handler looks whether the fault is where that thread's stack ends. If so, it writes std's words. It calls
//!    nothing but `write`, `sigaction` and `raise`, which may be called there.
//! 3. Whatever the fault was: the default action is put back, and does the rest.

use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect};

/// As std says it.
const WORDS: &[u8] = b"\nthread 'task' has overflowed its stack\n";

/// What tells those who have only the words.
pub(crate) const SIGN: &str = "has overflowed its stack";

const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// Where the stack ends, from here to there; nowhere, until a thread is watched.
static END: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

/// Who else is told, besides stderr.
static TOLD: AtomicI32 = AtomicI32::new(-1);

/// Watches the stack of the thread that calls this, which must be the only one that ever does, until the process ends.
/// What it says goes to stderr, and to `told`, which stays open that long.
///
/// Nothing, where a handler is there already: std's in a program that came to `main`, or somebody else's.
pub(crate) fn watch(told: Option<BorrowedFd<'_>>) {
    if SIGNALS.iter().any(|&signal| !is_default(signal)) {
        return;
    }
    let Some(end) = end_of_stack() else { return };
    if !use_second_stack() {
        return;
    }
    // Relaxed: this thread alone reads them, and there is no handler yet.
    END[0].store(end[0], Ordering::Relaxed);
    END[1].store(end[1], Ordering::Relaxed);
    TOLD.store(told.map_or(-1, |told| told.as_raw_fd()), Ordering::Relaxed);
    for signal in SIGNALS {
        // SAFETY: numbers and a pointer, of which all may be zero.
        let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        action.sa_sigaction = handle as *const () as usize;
        // SAFETY: the handler has the type that the flags say, and does only what a handler may.
        unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
    }
}

fn is_default(signal: libc::c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: it writes to `action` and changes nothing.
    let failed = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: numbers and a pointer, of which all may be zero.
    let action = unsafe { action.assume_init() };
    failed == 0 && action.sa_sigaction == libc::SIG_DFL
}

/// The guard of this thread's stack, or where it may be: versions of glibc differ in whether it is a part of the stack.
fn end_of_stack() -> Option<[usize; 2]> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::zeroed();
    // SAFETY: this thread lives.
    let this = unsafe { libc::pthread_self() };
    // SAFETY: it fills in `attributes`.
    if unsafe { libc::pthread_getattr_np(this, attributes.as_mut_ptr()) } != 0 {
        return None;
    }
    let (mut start, mut len, mut guard_len) = (ptr::null_mut(), 0, 0);
    // SAFETY: the attributes are filled in, and all others are places of ours.
    let of_stack = unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut start, &raw mut len) };
    // SAFETY: as above.
    let of_guard = unsafe { libc::pthread_attr_getguardsize(attributes.as_ptr(), &raw mut guard_len) };
    // SAFETY: filled in, and not used any more.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    let start = start.addr();
    (of_stack == 0 && of_guard == 0 && guard_len > 0)
        .then(|| [start.saturating_sub(guard_len), start.saturating_add(guard_len)])
}

/// Rule 1; whether there is one now.
fn use_second_stack() -> bool {
    /// The handler's own needs, many times over.
    const OWN_LEN_BYTES: usize = 16 * 1024;
    /// More than what any processor has.
    const MOST_PAGE_LEN_BYTES: usize = 64 * 1024;
    /// Of Linux's `auxvec.h`.
    const AT_MINSIGSTKSZ: libc::c_ulong = 51;

    // What the processor saves for a handler can be long.
    // SAFETY: it only asks.
    let saved_len = usize::try_from(unsafe { libc::getauxval(AT_MINSIGSTKSZ) }).unwrap_or(0);
    let len = OWN_LEN_BYTES + saved_len.max(libc::MINSIGSTKSZ);
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: the kernel chooses the place, so that no other memory is mapped over.
    let room = unsafe { mmap_anonymous(ptr::null_mut(), MOST_PAGE_LEN_BYTES + len, access, MapFlags::PRIVATE) };
    let Ok(room) = room else { return false };
    // A guard, at its lower end.
    // SAFETY: the memory is ours, and not used yet.
    if unsafe { mprotect(room, MOST_PAGE_LEN_BYTES, MprotectFlags::empty()) }.is_err() {
        return false;
    }
    let stack = libc::stack_t { ss_sp: room.wrapping_byte_add(MOST_PAGE_LEN_BYTES), ss_flags: 0, ss_size: len };
    // SAFETY: mapped for as long as the process lives, and nobody else's.
    unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) == 0 }
}

/// Rules 2 and 3.
extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the kernel has made it for this call.
    let info = unsafe { &*info };
    let is_fault = info.si_code > 0;
    // SAFETY: a fault has an address.
    let at = if is_fault { unsafe { info.si_addr() }.addr() } else { 0 };
    // Relaxed: written before the handler was there.
    if is_fault && (END[0].load(Ordering::Relaxed)..END[1].load(Ordering::Relaxed)).contains(&at) {
        for told in [libc::STDERR_FILENO, TOLD.load(Ordering::Relaxed)] {
            // SAFETY: it reads the words, which are a constant. A number that is no descriptor is an error.
            unsafe { libc::write(told, WORDS.as_ptr().cast(), WORDS.len()) };
        }
    }
    // SAFETY: numbers and a pointer, of which all may be zero; `SIG_DFL` is zero, too.
    let action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: the default action is no code.
    unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
    // A fault happens again as soon as this returns. What somebody has sent has to be sent again.
    if !is_fault {
        // SAFETY: it sends a signal, which comes when this returns.
        unsafe { libc::raise(signal) };
    }
}
