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
//! 5. A host that has no more tasks says so with an empty piece. A channel that
//!    ends without is that of a host that has died.

use std::io;
use std::mem;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::TryRecvError;
use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use ipc_channel::{IpcError, TryRecvError as TryRecvPiece};
use rustix::fs::{Access, access};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{Bell, Claim, Claims, GuestLink, HostLink, LinkError, Read};
use crate::sync::spin::Spin;

/// Fits the datagram of a Unix socket with the kernel's default buffer, three times over.
const PIECE_LEN_BYTES: usize = 64 * 1024;

/// The length of a message, before its first piece.
const LEN_BYTES: usize = 8;

/// How long the end of the channel is waited for when the guest has ended: a child of it may have run away with it.
const REST_LIMIT: Duration = Duration::from_secs(2);

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
            Ok(Box::new(Guest { ends, spin: Spin::default(), first: None }))
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

/// Whether the host has as many descriptors as it takes to go through a door. To be asked before there is one: whoever
/// opened it would leave it behind.
pub(super) fn try_to_connect() -> io::Result<()> {
    /// Two channels, a socket to the door, the two with which the channel learns at its first message how long a
    /// datagram may be, and one for whoever hears what the guest says.
    const DESCRIPTORS: usize = 4 + 1 + 2 + 1;

    let pairs: io::Result<Vec<_>> = (0..DESCRIPTORS / 2).map(|_| UnixStream::pair()).collect();
    pairs.map(drop)
}

/// The host goes through the guest's door.
pub(super) fn connect(door: String, bell: Arc<Bell>) -> io::Result<impl HostLink> {
    // Others open descriptors, too. Without one the channel does not say why it cannot connect, and panics at its
    // first message, now and for ever after. So that is tried first, and caught.
    try_to_connect()?;
    let (tasks, their_tasks) = ipc::channel()?;
    let (their_answers, answers) = ipc::channel()?;
    let ends = Ends { tasks: their_tasks, answers: their_answers };
    let guest = IpcSender::connect(door)?;
    let sent = catch_unwind(AssertUnwindSafe(|| guest.send(ends)));
    sent.map_err(|_| io::Error::other("ipc-channel panicked"))?.map_err(|error| match error {
        IpcError::Io(error) => error,
        other => io::Error::other(other),
    })?;
    let (to, forwarded) = crossbeam::channel::unbounded();
    thread::Builder::new().name("answers".to_owned()).spawn(move || {
        forward(&answers, &to, &bell);
        // In this order: the host takes the end of `to` for the end of everything.
        drop((answers, bell));
        drop(to);
    })?;
    Ok(Host { tasks: Some(tasks), answers: forwarded, next: None })
}

/// The channel cannot be waited for together with anything else, so a thread waits for it and rings the bell. It ends
/// with the guest's end of the channel.
struct Host {
    /// `None` once it has hung up.
    tasks: Option<IpcSender<ByteBuf>>,
    answers: crossbeam::channel::Receiver<Result<Vec<u8>, LinkError>>,
    /// What `look` has seen, for `pull`.
    next: Option<Result<Vec<u8>, LinkError>>,
}

impl HostLink for Host {
    /// It is only said to be sent when the guest has taken most of it, which one that runs a task does not.
    fn window(&self) -> usize {
        1
    }

    fn claims(&self) -> Arc<dyn Claims> {
        Arc::new(Sent)
    }

    fn push(&mut self, message: [&[u8]; 2], _: &mut usize) -> Result<bool, LinkError> {
        // The channel's `send` has no time limit; it fails as soon as the guest has ended.
        let tasks = self.tasks.as_ref().ok_or(LinkError::Closed)?;
        in_pieces(message, |piece| tasks.send(piece).map_err(|_| LinkError::Closed))?;
        Ok(true)
    }

    /// One at a time, of any length.
    fn fits(&mut self, _: usize) -> Result<bool, LinkError> {
        Ok(true)
    }

    fn flush(&mut self) {}

    fn pull(&mut self, message: &mut Vec<u8>) -> Result<Read, LinkError> {
        if !self.look(false)? {
            return Ok(Read::Nothing);
        }
        match self.next.take() {
            Some(Ok(next)) => {
                *message = next;
                Ok(Read::All)
            }
            Some(Err(error)) => Err(error),
            None => Ok(Read::Nothing),
        }
    }

    fn look(&mut self, _: bool) -> Result<bool, LinkError> {
        if self.next.is_none() {
            match self.answers.try_recv() {
                Ok(next) => self.next = Some(next),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return Err(LinkError::Closed),
            }
        }
        Ok(self.next.is_some())
    }

    /// The bell is rung for each message.
    fn arm(&mut self, room: bool) -> Result<bool, LinkError> {
        self.look(room).map(|found| !found)
    }

    fn disarm(&mut self) {}

    /// The thread may not have come to it yet.
    fn await_rest(&mut self) -> bool {
        if self.next.is_none() {
            self.next = self.answers.recv_timeout(REST_LIMIT).ok();
        }
        self.next.is_some()
    }

    fn hang_up(&mut self) {
        if let Some(tasks) = self.tasks.take() {
            // Rule 5. A guest that is gone need not hear it.
            let _ = tasks.send(ByteBuf::new());
        }
    }
}

impl Drop for Host {
    /// Leaves no thread behind, unless a child of the guest's has run away with the channel.
    fn drop(&mut self) {
        let deadline = Instant::now() + REST_LIMIT;
        while self.answers.recv_deadline(deadline).is_ok() {}
    }
}

/// What was sent over the channel is the guest's.
struct Sent;

impl Claims for Sent {
    fn offer(&self, _: u32) {}

    fn take_back(&self, _: u32) -> Claim {
        Claim::Started
    }

    fn look(&self, _: u32) -> Claim {
        Claim::Started
    }
}

/// Waits for messages until there will be no more.
fn forward(answers: &IpcReceiver<ByteBuf>, to: &crossbeam::channel::Sender<Result<Vec<u8>, LinkError>>, bell: &Bell) {
    let mut spin = Spin::default();
    loop {
        let mut message = Vec::new();
        let received = from_pieces(&mut message, || next_piece(&mut spin, answers));
        let is_last = received.is_err();
        let is_unwanted = to.send(received.map(|()| message)).is_err();
        bell.poke();
        if is_last || is_unwanted {
            return;
        }
    }
}

fn next_piece(spin: &mut Spin, receiver: &IpcReceiver<ByteBuf>) -> Result<ByteBuf, LinkError> {
    if let Some(piece) = look(spin, receiver) {
        return piece;
    }
    loop {
        match receiver.recv() {
            Ok(piece) => return Ok(piece),
            Err(error) => {
                if let Some(failure) = failure(&error) {
                    return Err(failure);
                }
            }
        }
    }
}

struct Guest {
    ends: Ends,
    spin: Spin,
    /// The first piece of the next message, if `wait` has seen it.
    first: Option<ByteBuf>,
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
                Err(TryRecvPiece::Empty) if left.is_zero() => return Ok(false),
                Err(TryRecvPiece::Empty) => {}
                Err(TryRecvPiece::IpcError(error)) => failure(&error).map_or(Ok(()), |error| Err(died(error)))?,
            }
        }
        Ok(true)
    }

    fn start(&mut self, _: u32) -> bool {
        true
    }

    fn send(&mut self, message: [&[u8]; 2]) -> Result<(), LinkError> {
        in_pieces(message, |piece| self.ends.answers.send(piece).map_err(|_| died(LinkError::Closed)))
    }
}

/// Rule 5: what the end of the channel means to the guest.
fn died(_: LinkError) -> LinkError {
    LinkError::Protocol
}

/// A piece that comes within the next microseconds.
fn look(spin: &mut Spin, receiver: &IpcReceiver<ByteBuf>) -> Option<Result<ByteBuf, LinkError>> {
    spin.until(|| match receiver.try_recv_timeout(Duration::ZERO) {
        Ok(piece) => Some(Ok(piece)),
        Err(TryRecvPiece::Empty) => None,
        // The channel polls here, which a program may not that has given up its descriptors. It may wait.
        Err(TryRecvPiece::IpcError(IpcError::Io(error))) if error.kind() == io::ErrorKind::InvalidInput => None,
        Err(TryRecvPiece::IpcError(error)) => failure(&error).map(Err),
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
