//! The guest's side of the portable link.

use std::io;
use std::time::Instant;

use ipc_channel::{IpcError, TryRecvError};
use serde_bytes::ByteBuf;

use super::Ends;
use super::pieces::{self, failure, from_pieces, next_piece};
use crate::sync::spin::Spin;
use crate::wire::{GuestLink, LinkError};

pub(super) struct Guest {
    ends: Ends,
    spin: Spin,
    /// The first piece of the next message, if `wait` has seen it.
    first: Option<ByteBuf>,
}

impl Guest {
    pub(super) fn new(ends: Ends) -> Self {
        Self { ends, spin: Spin::default(), first: None }
    }
}

impl GuestLink for Guest {
    fn receive(&mut self, message: &mut Vec<u8>) -> Result<(), LinkError> {
        let Self { ends, spin, first } = self;
        let mut next = || next_piece(spin, &ends.tasks).map_err(died);
        let mut start = Some(first.take().map_or_else(&mut next, Ok)?);
        if start.as_ref().is_some_and(|piece| piece.is_empty()) {
            return Err(LinkError::Closed);
        }
        from_pieces(message, || start.take().map_or_else(&mut next, Ok))
    }

    fn wait(&mut self, deadline: Instant) -> Result<bool, LinkError> {
        while self.first.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.ends.tasks.try_recv_timeout(left) {
                Ok(piece) => self.first = Some(piece),
                Err(TryRecvError::Empty) if left.is_zero() => return Ok(false),
                Err(TryRecvError::Empty) => {}
                // A task that has given up its descriptors (`RLIMIT_NOFILE`) may not poll any more, but it may receive.
                Err(TryRecvError::IpcError(IpcError::Io(error))) if error.kind() == io::ErrorKind::InvalidInput => {
                    return Ok(false);
                }
                Err(TryRecvError::IpcError(error)) => failure(&error).map_or(Ok(()), |error| Err(died(error)))?,
            }
        }
        Ok(true)
    }

    fn start(&mut self, _: u32) -> bool {
        true
    }

    fn send(&mut self, message: [&[u8]; 2]) -> Result<(), LinkError> {
        (0..pieces::count(message)).try_for_each(|place| {
            let sent = self.ends.answers.send(pieces::piece(message, place));
            sent.map_err(|_| died(LinkError::Closed))
        })
    }
}

/// Rule 5: what the end of the channel means to the guest.
fn died(_: LinkError) -> LinkError {
    LinkError::Protocol
}
