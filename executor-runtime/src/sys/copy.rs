//! Whether this process is a copy of the one that asks.
//!
//! A task may fork, and then there are two of it. To ask the kernel for the process's number after each task would
//! cost as much as many tasks do. So there is a page that the kernel wipes in a copy.

use std::io;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};

/// A mark that copies of this process do not have.
pub(crate) struct Original(&'static AtomicU8);

impl Original {
    /// Marks this process, until it ends.
    pub(crate) fn mark() -> io::Result<Self> {
        const LEN_BYTES: usize = 1;

        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses the place, so that no other memory is mapped over.
        let page = unsafe { mmap_anonymous(ptr::null_mut(), LEN_BYTES, access, MapFlags::PRIVATE)? };
        // SAFETY: the page is nobody else's, and not used yet.
        unsafe { madvise(page, LEN_BYTES, Advice::LinuxWipeOnFork)? };
        let page = NonNull::new(page.cast::<AtomicU8>()).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: mapped for as long as the process lives, at least so long, and all zeros, which is a number.
        let mark = unsafe { page.as_ref() };
        mark.store(1, Ordering::Relaxed);
        Ok(Self(mark))
    }

    /// Whether this process is a copy of the one that was marked.
    pub(crate) fn is_copy(&self) -> bool {
        // Relaxed: the kernel wipes it before the copy runs.
        self.0.load(Ordering::Relaxed) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_process_knows_that_it_is_one() {
        let original = Original::mark().expect("a page");
        assert!(!original.is_copy());
        // SAFETY: the copy looks at one number and ends, without a destructor or a lock.
        let copy = unsafe { libc::fork() };
        if copy == 0 {
            // SAFETY: as above.
            unsafe { libc::_exit(i32::from(original.is_copy())) }
        }
        let mut status = 0;
        // SAFETY: `status` is where the kernel may write.
        assert_eq!(unsafe { libc::waitpid(copy, &raw mut status, 0) }, copy);
        assert_eq!(libc::WEXITSTATUS(status), 1);
    }
}
