//! Memory that two processes share.
//!
//! What is in it may change at any time, also by a process that has gone mad. So
//! nobody ever gets a reference to plain memory of it, and nothing is read from
//! it but numbers: it is a row of atomics, from which one copies.
//!
//! 1. A region is an anonymous file in memory: it has no name that could be left
//!    behind, and whoever gets its descriptor can map it, too.
//! 2. The file is sealed against every change of its size before anybody else
//!    sees it: touching a page behind the end of its file would kill the process
//!    that did not shorten it. (A hole that is punched into it reads as zeros.)
//! 3. The descriptor is not needed any more once both have mapped the region. The
//!    memory is freed with the last mapping.

use std::ffi::c_void;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU32, AtomicU64};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use rustix::process::{Resource, getrlimit};

/// How much of a region's start is a row of small numbers: one page.
pub(crate) const HEAD_LEN_BYTES: usize = 4096;

/// One process's mapping of a shared region: see the module.
#[derive(Debug)]
pub(crate) struct Region {
    /// Where `HEAD_LEN_BYTES + body_len_bytes` bytes are mapped, to read and to write, until this is dropped.
    start: NonNull<c_void>,
    /// A multiple of eight.
    body_len_bytes: usize,
}

// SAFETY: the mapping belongs to the process and to no thread of it.
unsafe impl Send for Region {}
// SAFETY: what a shared reference gives are atomics.
unsafe impl Sync for Region {}

impl Region {
    /// A new region, all zeros, and the descriptor with which another process can open it.
    pub(crate) fn create(body_len_bytes: usize) -> io::Result<(Self, OwnedFd)> {
        let len_bytes = (HEAD_LEN_BYTES + body_len_bytes) as u64;
        // Over the limit, the kernel would not only refuse it, but end this process with SIGXFSZ.
        if getrlimit(Resource::Fsize).current.is_some_and(|limit| limit < len_bytes) {
            let told = format!("shared memory of {len_bytes} bytes is over this process's limit of file sizes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, told));
        }
        let file = anonymous_file()?;
        ftruncate(&file, len_bytes)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok((Self::map(&file, body_len_bytes)?, file))
    }

    /// Opens a region that another process has created.
    ///
    /// # Errors
    ///
    /// Also if it has another size or could change it.
    pub(crate) fn open(file: &OwnedFd, body_len_bytes: usize) -> io::Result<Self> {
        let len_bytes = u64::try_from(fstat(file)?.st_size).unwrap_or_default();
        let is_as_long = len_bytes == (HEAD_LEN_BYTES + body_len_bytes) as u64;
        if !is_as_long || !fcntl_get_seals(file)?.contains(SealFlags::SHRINK) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is not the region that was announced"));
        }
        Self::map(file, body_len_bytes)
    }

    fn map(file: impl AsFd, body_len_bytes: usize) -> io::Result<Self> {
        assert!(body_len_bytes.is_multiple_of(size_of::<u64>()), "a body is made of whole words");
        let len_bytes = HEAD_LEN_BYTES + body_len_bytes;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses the place, so that no other memory is mapped over.
        let start = unsafe { mmap(ptr::null_mut(), len_bytes, access, MapFlags::SHARED, file, 0)? };
        let start = NonNull::new(start).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, body_len_bytes })
    }

    /// The numbers at the start.
    pub(crate) fn head(&self) -> &[AtomicU32] {
        let start = self.start.cast::<AtomicU32>().as_ptr();
        // SAFETY: by `map` the mapping is as long as that, and it begins with a page, so it is aligned. It lives as
        // long as `self`. All bits are a valid number. Everybody in this process accesses this part by these
        // atomics only; what another process does to it is no access of this program.
        unsafe { slice::from_raw_parts(start, HEAD_LEN_BYTES / size_of::<u32>()) }
    }

    /// All after the head, in words.
    pub(crate) fn body(&self) -> &[AtomicU64] {
        // SAFETY: by `map` the mapping goes on after the head.
        let start = unsafe { self.start.byte_add(HEAD_LEN_BYTES) }.cast::<AtomicU64>().as_ptr();
        // SAFETY: as in `head`; the two parts do not overlap, and the length of this one was checked by `map`.
        unsafe { slice::from_raw_parts(start, self.body_len_bytes / size_of::<u64>()) }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: it is the mapping that `map` made, and what was borrowed from it is gone with the borrow of `self`.
        let unmapped = unsafe { munmap(self.start.as_ptr(), HEAD_LEN_BYTES + self.body_len_bytes) };
        debug_assert!(unmapped.is_ok(), "{unmapped:?}");
    }
}

fn anonymous_file() -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // A system can ask that such files say that they are no programs; older ones (before 6.3) do not know the word.
    match memfd_create(c"executor-runtime", flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => Ok(memfd_create(c"executor-runtime", flags)?),
        file => Ok(file?),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn two_mappings_show_one_memory() {
        let (host, file) = Region::create(64).expect("a region");
        let guest = Region::open(&file, 64).expect("its other end");
        drop(file);
        assert_eq!((host.head().len(), host.body().len()), (1024, 8));
        host.head()[1023].store(5, Ordering::Relaxed);
        guest.body()[7].store(6, Ordering::Relaxed);
        assert_eq!(guest.head()[1023].load(Ordering::Relaxed), 5);
        assert_eq!(host.body()[7].load(Ordering::Relaxed), 6);
        drop(guest);
        assert_eq!(host.body()[7].load(Ordering::Relaxed), 6);
    }

    #[test]
    fn nobody_can_change_its_size() {
        let (region, file) = Region::create(64).expect("a region");
        for len_bytes in [0, 1 << 20] {
            assert_eq!(ftruncate(&file, len_bytes), Err(Errno::PERM));
        }
        assert_eq!(fcntl_add_seals(&file, SealFlags::WRITE), Err(Errno::PERM));
        assert_eq!(region.body()[7].load(Ordering::Relaxed), 0);
    }

    #[test]
    fn another_file_is_no_region() {
        let (_region, file) = Region::create(64).expect("a region");
        assert!(Region::open(&file, 128).is_err());
        let unsealed = memfd_create(c"unsealed", MemfdFlags::ALLOW_SEALING).expect("a file");
        ftruncate(&unsealed, (HEAD_LEN_BYTES + 64) as u64).expect("its size");
        assert!(Region::open(&unsealed, 64).is_err());
    }
}
