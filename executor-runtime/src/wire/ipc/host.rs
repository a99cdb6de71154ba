//! The host's side of the portable link.
//!
//! The channel can neither be waited for together with anything else nor written to without waiting, and nothing of a
//! [`HostLink`] waits. So one thread reads it and rings the bell, and another writes what may not fit into it at once.
//! Both end with the channel.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{self, Receiver, Sender, TryRecvError};
use ipc_channel::ipc::{IpcReceiver, IpcSender};
use serde_bytes::ByteBuf;

use super::pieces::{self, from_pieces, next_piece};
use crate::sync::spin::Spin;
use crate::sync::{AtomicUsize, Ordering};
use crate::wire::{Bell, Claim, Claims, HostLink, LinkError, Read};

/// How long the end of the channel is waited for when the guest has ended: a child of it may have run away with it.
const REST_LIMIT: Duration = Duration::from_secs(2);

/// So many pieces wait at most for the thread that writes.
const MOST_WAITING: usize = 8;

pub(super) struct Host {
    /// `None` once it has hung up.
    tasks: Option<Outbox>,
    /// Ends with the thread that writes.
    writer: Receiver<()>,
    answers: Receiver<Result<Vec<u8>, LinkError>>,
    /// What `look` has seen, for `pull`.
    next: Option<Result<Vec<u8>, LinkError>>,
}

/// Where tasks go.
struct Outbox {
    channel: IpcSender<ByteBuf>,
    /// To the thread that writes.
    pieces: Sender<ByteBuf>,
    /// How many of them it has not written.
    waiting: Arc<AtomicUsize>,
}

impl Host {
    pub(super) fn new(tasks: IpcSender<ByteBuf>, answers: IpcReceiver<ByteBuf>, bell: Arc<Bell>) -> io::Result<Self> {
        let (to_writer, pieces) = channel::unbounded();
        let (at_work, writer) = channel::bounded(0);
        let waiting = Arc::new(AtomicUsize::new(0));
        let outbox = Outbox { channel: tasks.clone(), pieces: to_writer, waiting: Arc::clone(&waiting) };
        let writers_bell = Arc::clone(&bell);
        thread::Builder::new().name("arguments".to_owned()).spawn(move || {
            write(pieces, &tasks, &waiting, &writers_bell);
            // In this order: the host takes the end of `at_work` for the end of everything.
            drop((tasks, writers_bell));
            drop(at_work);
        })?;
        let (to, forwarded) = channel::unbounded();
        thread::Builder::new().name("answers".to_owned()).spawn(move || {
            forward(&answers, &to, &bell);
            // In this order, as well.
            drop((answers, bell));
            drop(to);
        })?;
        Ok(Self { tasks: Some(outbox), writer, answers: forwarded, next: None })
    }
}

impl Outbox {
    fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Acquire) >= MOST_WAITING
    }

    /// Whether it is worth while to put more into it.
    fn has_room(&self) -> bool {
        self.waiting.load(Ordering::Acquire) <= MOST_WAITING / 2
    }

    /// What is short fits into the channel if nothing else is on its way: a guest that is sent something has read
    /// everything before.
    fn is_empty(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    fn send(&self, piece: ByteBuf) -> Result<(), LinkError> {
        self.channel.send(piece).map_err(|_| LinkError::Closed)
    }

    /// Leaves it to the thread that writes.
    fn put(&self, piece: ByteBuf) -> Result<(), LinkError> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.pieces.send(piece).map_err(|_| LinkError::Closed)
    }
}

impl HostLink for Host {
    /// What was sent cannot be taken back.
    fn window(&self) -> usize {
        1
    }

    fn claims(&self) -> Arc<dyn Claims> {
        Arc::new(Sent)
    }

    /// `written` counts pieces.
    fn push(&mut self, message: [&[u8]; 2], written: &mut usize) -> Result<bool, LinkError> {
        let tasks = self.tasks.as_ref().ok_or(LinkError::Closed)?;
        let count = pieces::count(message);
        if count == 1 && tasks.is_empty() {
            tasks.send(pieces::piece(message, 0))?;
            return Ok(true);
        }
        while *written < count {
            if tasks.is_full() {
                return Ok(false);
            }
            tasks.put(pieces::piece(message, *written))?;
            *written += 1;
        }
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

    fn look(&mut self, room: bool) -> Result<bool, LinkError> {
        if self.next.is_none() {
            match self.answers.try_recv() {
                Ok(next) => self.next = Some(next),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return Err(LinkError::Closed),
            }
        }
        Ok(self.next.is_some() || room && self.tasks.as_ref().is_some_and(Outbox::has_room))
    }

    /// The bell is rung for each message, and each time that there is room again.
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
            let _ = if tasks.is_empty() { tasks.send(ByteBuf::new()) } else { tasks.put(ByteBuf::new()) };
        }
    }
}

impl Drop for Host {
    /// Leaves no thread behind, unless a child of the guest's has run away with the channel.
    fn drop(&mut self) {
        self.tasks = None;
        let deadline = Instant::now() + REST_LIMIT;
        while self.answers.recv_deadline(deadline).is_ok() {}
        let _ = self.writer.recv_deadline(deadline);
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

/// Writes what comes, until there will be no more or the guest is gone.
fn write(pieces: Receiver<ByteBuf>, channel: &IpcSender<ByteBuf>, waiting: &AtomicUsize, bell: &Bell) {
    while let Ok(piece) = pieces.recv() {
        if channel.send(piece).is_err() {
            break;
        }
        if waiting.fetch_sub(1, Ordering::Release) == MOST_WAITING / 2 + 1 {
            bell.poke();
        }
    }
    // Whoever waits for room is to come and hear of the end.
    drop(pieces);
    waiting.store(0, Ordering::Release);
    bell.poke();
}

/// Waits for messages until there will be no more.
fn forward(answers: &IpcReceiver<ByteBuf>, to: &Sender<Result<Vec<u8>, LinkError>>, bell: &Bell) {
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
