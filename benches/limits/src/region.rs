//! Memory that two processes share: an anonymous file, mapped by both.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::{self, NonNull};

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::ring::Ring;

/// The words of both directions. All bits zero are its beginning.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) down: Ring,
    pub(crate) up: Ring,
}

/// One process's mapping of a [`Shared`].
#[derive(Debug)]
pub(crate) struct Region(NonNull<Shared>);

// SAFETY: the mapping belongs to the process and to no thread of it.
unsafe impl Send for Region {}

impl Region {
    /// A new region, and the file with which another process can open it.
    pub(crate) fn create() -> io::Result<(Self, OwnedFd)> {
        let file = memfd_create(c"executor-bench-limits", MemfdFlags::CLOEXEC)?;
        ftruncate(&file, size_of::<Shared>() as u64)?;
        Ok((Self::open(&file)?, file))
    }

    pub(crate) fn open(file: impl AsFd) -> io::Result<Self> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses the place, so that no other memory is mapped over.
        let start = unsafe { mmap(ptr::null_mut(), size_of::<Shared>(), access, MapFlags::SHARED, file, 0)? };
        Ok(Self(NonNull::new(start).ok_or(io::ErrorKind::OutOfMemory)?.cast()))
    }

    pub(crate) fn shared(&self) -> &Shared {
        // SAFETY: mapped by `open` as long as `self` lives, aligned to a page, made of atomics only, for which all
        // bits are valid and which another process may change.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the mapping that `open` made; what was borrowed from it is gone with the borrow of `self`.
        let unmapped = unsafe { munmap(self.0.as_ptr().cast(), size_of::<Shared>()) };
        debug_assert!(unmapped.is_ok(), "{unmapped:?}");
    }
}
