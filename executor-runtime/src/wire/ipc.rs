//! The portable link: `ipc-channel`.
//!
//! 1. The guest opens a one-shot server and tells its address, the door, in its
//!    `Welcome`. So it is the guest that would block or panic where the door
//!    cannot be opened, and never the host, which has only a socket to wait on.
//! 2. The host connects and sends the guest's ends of two channels through it.
//! 3. A message travels in pieces that fit one datagram of the channel. The
//!    channel would split longer ones itself, but over a socket of which the
//!    sender keeps the far end open: a guest that died while it read a large
//!    argument would leave the host writing for ever.
//! 4. The first piece starts with the length of the message, which is believed
//!    only as far as pieces arrive.

use std::io;
use std::mem;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use ipc_channel::{IpcError, TryRecvError};
use rustix::fs::{Access, access};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::spin::Spin;
use super::{GuestLink, HostLink, LinkError, Patience};

/// Fits the datagram of a Unix socket with the kernel's default buffer, three times over.
const PIECE_LEN_BYTES: usize = 64 * 1024;

/// How often a host that waits looks whether the guest has ended. The end of the channel tells that at once;
/// this is for guests whose own children keep it open.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The length of a message, before its first piece.
const LEN_BYTES: usize = 8;

/// The guest's ends.
#[derive(Serialize, Deserialize)]
struct Ends {
    tasks: IpcReceiver<ByteBuf>,
    answers: IpcSender<ByteBuf>,
}

/// The guest opens its door, tells the address, and waits for the host.
pub(super) fn serve(
    tell: impl FnOnce(Result<String, String>) -> io::Result<()>,
) -> Result<Box<dyn GuestLink>, LinkError> {
    match open_door() {
        Ok((server, door)) => {
            tell(Ok(door)).map_err(|_| LinkError::Closed)?;
            let (_, ends) = server.accept().map_err(|_| LinkError::Closed)?;
            Ok(Box::new(Guest { ends, spin: Spin::default() }))
        }
        Err(problem) => {
            let folder = std::env::temp_dir();
            let problem = format!("no socket in the temporary directory {}: {problem}", folder.display());
            tell(Err(problem)).map_err(|_| LinkError::Closed)?;
            Err(LinkError::Closed)
        }
    }
}

/// The channel panics where it cannot make a directory, so that is tried first; and caught, since the answer
/// can be another one a moment later.
fn open_door() -> Result<(IpcOneShotServer<Ends>, String), String> {
    access(std::env::temp_dir(), Access::WRITE_OK | Access::EXEC_OK).map_err(|error| error.to_string())?;
    let opened = catch_unwind(IpcOneShotServer::<Ends>::new);
    opened.map_err(|_| "ipc-channel panicked".to_owned())?.map_err(|error| error.to_string())
}

/// The host goes through the guest's door.
pub(super) fn connect(door: String) -> Result<impl HostLink, String> {
    let (tasks, their_tasks) = ipc::channel().map_err(|error| error.to_string())?;
    let (their_answers, answers) = ipc::channel().map_err(|error| error.to_string())?;
    let ends = Ends { tasks: their_tasks, answers: their_answers };
    let guest = IpcSender::connect(door).map_err(|error| error.to_string())?;
    // At its first message the channel opens two descriptors more to learn how
    // long a datagram may be. If it gets none it panics, now and for ever after,
    // so that is tried first; and caught, since others open descriptors, too.
    UnixStream::pair().map_err(|error| error.to_string())?;
    let sent = catch_unwind(AssertUnwindSafe(|| guest.send(ends)));
    sent.map_err(|_| "ipc-channel panicked".to_owned())?.map_err(|error| error.to_string())?;
    Ok(Host { tasks, answers, spin: Spin::default() })
}

struct Host {
    tasks: IpcSender<ByteBuf>,
    answers: IpcReceiver<ByteBuf>,
    spin: Spin,
}

impl HostLink for Host {
    fn send(&mut self, parts: [&[u8]; 2], _: &Patience<'_>) -> Result<(), LinkError> {
        // The channel's `send` has no time limit; it fails as soon as the guest has ended.
        in_pieces(parts, |piece| self.tasks.send(piece).map_err(|_| LinkError::Closed))
    }

    fn receive(&mut self, message: &mut Vec<u8>, patience: &Patience<'_>) -> Result<(), LinkError> {
        from_pieces(message, || self.next_piece(patience))
    }
}

impl Host {
    fn next_piece(&mut self, patience: &Patience<'_>) -> Result<ByteBuf, LinkError> {
        let Patience { deadline, gone } = patience;
        if let Some(piece) = look(&mut self.spin, &self.answers) {
            return piece;
        }
        let mut last_look = false;
        loop {
            let left = deadline.map_or(LOOK_EVERY, |deadline| deadline.saturating_duration_since(Instant::now()));
            // The channel counts in whole milliseconds, and not at all from zero.
            let look = left.clamp(Duration::from_millis(1), LOOK_EVERY);
            match self.answers.try_recv_timeout(look) {
                Ok(piece) => return Ok(piece),
                Err(TryRecvError::Empty) if last_look => return Err(LinkError::Closed),
                Err(TryRecvError::Empty) if left.is_zero() => return Err(LinkError::TimedOut),
                // What it sent before it ended is still to be read.
                Err(TryRecvError::Empty) => last_look = gone(),
                Err(TryRecvError::IpcError(error)) => {
                    if let Some(failure) = failure(&error) {
                        return Err(failure);
                    }
                }
            }
        }
    }
}

struct Guest {
    ends: Ends,
    spin: Spin,
}

impl GuestLink for Guest {
    fn receive(&mut self, message: &mut Vec<u8>) -> Result<(), LinkError> {
        from_pieces(message, || {
            if let Some(piece) = look(&mut self.spin, &self.ends.tasks) {
                return piece;
            }
            loop {
                match self.ends.tasks.recv() {
                    Ok(piece) => return Ok(piece),
                    Err(error) => {
                        if let Some(failure) = failure(&error) {
                            return Err(failure);
                        }
                    }
                }
            }
        })
    }

    fn send(&mut self, message: &[u8]) -> Result<(), LinkError> {
        in_pieces([message, &[]], |piece| self.ends.answers.send(piece).map_err(|_| LinkError::Closed))
    }
}

/// A piece that comes within the next microseconds.
fn look(spin: &mut Spin, receiver: &IpcReceiver<ByteBuf>) -> Option<Result<ByteBuf, LinkError>> {
    spin.until(|| match receiver.try_recv_timeout(Duration::ZERO) {
        Ok(piece) => Some(Ok(piece)),
        Err(TryRecvError::Empty) => None,
        Err(TryRecvError::IpcError(error)) => failure(&error).map(Err),
    })
}

/// What an error of the channel means; `None` if it means to try again.
fn failure(error: &IpcError) -> Option<LinkError> {
    match error {
        IpcError::Io(error) if error.kind() == io::ErrorKind::Interrupted => None,
        IpcError::SerializationError(_) => Some(LinkError::Protocol),
        _ => Some(LinkError::Closed),
    }
}

/// Rule 3, outwards.
fn in_pieces(parts: [&[u8]; 2], mut send: impl FnMut(ByteBuf) -> Result<(), LinkError>) -> Result<(), LinkError> {
    let len = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut piece = Vec::with_capacity(PIECE_LEN_BYTES.min(LEN_BYTES + len));
    piece.extend_from_slice(&(len as u64).to_le_bytes());
    for part in parts {
        let mut left = part;
        while !left.is_empty() {
            if piece.len() == PIECE_LEN_BYTES {
                send(ByteBuf::from(mem::take(&mut piece)))?;
            }
            let (now, later) = left.split_at(left.len().min(PIECE_LEN_BYTES - piece.len()));
            piece.extend_from_slice(now);
            left = later;
        }
    }
    send(ByteBuf::from(piece))
}

/// Rules 3 and 4, inwards.
fn from_pieces<P: AsRef<[u8]>>(
    message: &mut Vec<u8>,
    mut next: impl FnMut() -> Result<P, LinkError>,
) -> Result<(), LinkError> {
    let first = next()?;
    let (len, start) = first.as_ref().split_first_chunk::<LEN_BYTES>().ok_or(LinkError::Protocol)?;
    let len = usize::try_from(u64::from_le_bytes(*len)).map_err(|_| LinkError::Protocol)?;
    message.clear();
    message.extend_from_slice(start);
    while message.len() < len {
        let piece = next()?;
        if piece.as_ref().is_empty() {
            return Err(LinkError::Protocol);
        }
        message.extend_from_slice(piece.as_ref());
    }
    if message.len() == len { Ok(()) } else { Err(LinkError::Protocol) }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    fn pieces_of(parts: [&[u8]; 2]) -> VecDeque<Vec<u8>> {
        let mut pieces = VecDeque::new();
        in_pieces(parts, |piece| {
            pieces.push_back(piece.into_vec());
            Ok(())
        })
        .expect("nothing fails here");
        pieces
    }

    fn read(mut pieces: VecDeque<Vec<u8>>) -> Result<Vec<u8>, LinkError> {
        let mut message = b"left over".to_vec();
        from_pieces(&mut message, || pieces.pop_front().ok_or(LinkError::Closed))?;
        Ok(message)
    }

    #[test]
    fn a_message_of_any_size_survives_the_pieces() {
        for len in [0, 1, PIECE_LEN_BYTES - LEN_BYTES, PIECE_LEN_BYTES - LEN_BYTES + 1, 5 * PIECE_LEN_BYTES] {
            let message: Vec<u8> = (0..len).map(|n| u8::try_from(n % 251).expect("below 251")).collect();
            for cut in [0, len / 3, len] {
                let (head, tail) = message.split_at(cut);
                let pieces = pieces_of([head, tail]);
                assert!(pieces.iter().all(|piece| piece.len() <= PIECE_LEN_BYTES));
                assert_eq!(read(pieces).as_ref(), Ok(&message), "{len} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_lying_length_is_noticed() {
        let mut short = pieces_of([b"abc", b""]);
        short[0][0] = 2;
        assert_eq!(read(short), Err(LinkError::Protocol));
        let mut long = pieces_of([b"abc", b""]);
        long[0][7] = 0x7f;
        assert_eq!(read(long), Err(LinkError::Closed));
    }

    #[test]
    fn an_empty_piece_cannot_keep_a_reader_busy() {
        let mut pieces = pieces_of([b"abc", b""]);
        pieces[0][0] = 4;
        pieces.push_back(Vec::new());
        assert_eq!(read(pieces), Err(LinkError::Protocol));
    }
}
