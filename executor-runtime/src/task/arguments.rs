//! The encoded arguments of a job.

use std::cell::Cell;
use std::num::NonZero;

use smallvec::SmallVec;

use super::row::Row;
use crate::error::TaskError;

/// Of so many bytes most arguments have no more: those lie in the job itself, which is one allocation less for each.
const SHORT_LEN_BYTES: usize = 16;

/// See the module. There are as many of these as jobs that wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments {
    bytes: SmallVec<[u8; SHORT_LEN_BYTES]>,
    aside: Option<Box<Aside>>,
    chunk: Option<NonZero<u32>>,
}

/// What goes out of band.
#[derive(Clone, Debug, Default)]
struct Aside(Vec<u8>);

thread_local! {
    /// Where this thread writes arguments before it is known how long they are.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Arguments {
    /// Those of one call. `write` appends to the first buffer, and may put what goes out of band into the second one,
    /// which is empty.
    pub(crate) fn of_one(
        write: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>) -> Result<(), TaskError>,
    ) -> Result<Self, TaskError> {
        // What is written may submit something itself: that finds an empty one.
        let mut bytes = SCRATCH.take();
        let mut aside = Vec::new();
        bytes.clear();
        let written = write(&mut bytes, &mut aside);
        let arguments = if bytes.len() <= SHORT_LEN_BYTES {
            let short = SmallVec::from_slice(&bytes);
            SCRATCH.set(bytes);
            short
        } else {
            SmallVec::from_vec(bytes)
        };
        written?;
        let aside = (!aside.is_empty()).then(|| Box::new(Aside(aside)));
        Ok(Self { bytes: arguments, aside, chunk: None })
    }

    /// Those of so many calls; `None` if that is none.
    pub(crate) fn of_chunk(row: Row, calls: usize) -> Option<Self> {
        let calls = u32::try_from(calls).expect("a map makes no such chunks");
        let chunk = Some(NonZero::new(calls)?);
        Some(Self { bytes: SmallVec::from_vec(row.into_bytes()), aside: None, chunk })
    }

    /// Those of a single call, or those of a chunk's calls in a [row](super::row).
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What goes out of band with them; empty if there is nothing.
    pub(crate) fn aside(&self) -> &[u8] {
        self.aside.as_ref().map_or(&[], |aside| &aside.0)
    }

    /// The memory of that.
    pub(crate) fn take_aside(&mut self) -> Vec<u8> {
        self.aside.take().map_or_else(Vec::new, |aside| aside.0)
    }

    pub(crate) fn is_chunk(&self) -> bool {
        self.chunk.is_some()
    }

    /// How many calls they are for.
    pub(crate) fn calls(&self) -> usize {
        self.chunk.map_or(1, |calls| calls.get() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_there_whatever_its_length() {
        for len in [0, 1, SHORT_LEN_BYTES, SHORT_LEN_BYTES + 1, 1000] {
            let arguments = Arguments::of_one(|bytes, _| {
                // One in the other: they do not meet.
                let inner = Arguments::of_one(|inner, aside| {
                    inner.extend_from_slice(b"inner");
                    aside.extend_from_slice(b"aside");
                    Ok(())
                })?;
                assert_eq!((inner.bytes(), inner.aside()), (b"inner".as_slice(), b"aside".as_slice()));
                bytes.resize(len, 7);
                Ok(())
            })
            .expect("written");
            assert_eq!(arguments.bytes(), vec![7; len]);
            assert_eq!((arguments.aside(), arguments.calls(), arguments.is_chunk()), (b"".as_slice(), 1, false));
        }
    }

    #[test]
    fn what_was_written_before_a_failure_is_not_there_next_time() {
        let failed = Arguments::of_one(|bytes, _| {
            bytes.push(1);
            Err(TaskError::Cancelled)
        });
        assert!(matches!(failed, Err(TaskError::Cancelled)));
        assert_eq!(Arguments::of_one(|_, _| Ok(())).expect("written").bytes(), b"");
    }
}
