//! The host's side of the portable link.
//!
//! The channel can neither be waited for together with anything else nor written to without waiting, and a lane that
//! waits there could end nothing. So one thread reads it and rings the bell, and another writes what may not fit into it
//! at once. The one ends with the channel, the other with the host, or when it cannot write.

use std::io;
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{self, Receiver, Sender, TryRecvError};
use ipc_channel::ipc::{IpcReceiver, IpcSender};
use serde_bytes::ByteBuf;

use super::pieces::{self, from_pieces, next_piece};
use crate::sync::spin::Spin;
use crate::sync::{AtomicBool, AtomicUsize, Ordering};
use crate::wire::{Bell, Claim, Claims, HostLink, LinkError, Read};

/// How long the end of the channel is waited for when the guest has ended: a child of it may have run away with it.
const REST_LIMIT: Duration = Duration::from_secs(2);

/// So many pieces wait at most for the thread that writes. When half of them are written it asks for more, and writes on
/// until somebody has come for that.
const MOST_WAITING: usize = 8;

pub(super) struct Host {
    /// `None` once it has hung up.
    outbox: Option<Outbox>,
    /// Ends with the thread that writes.
    writer_ended: Receiver<()>,
    answers: Receiver<Result<Vec<u8>, LinkError>>,
    /// What `look` has seen, for `pull`.
    next: Option<Result<Vec<u8>, LinkError>>,
}

/// Where tasks go.
struct Outbox {
    channel: IpcSender<ByteBuf>,
    /// The guest has answered, so it has read everything, and nothing was sent since.
    is_fresh: bool,
    /// To the thread that writes.
    queue: Sender<ByteBuf>,
    writer: Arc<Writer>,
}

/// What is known of the thread that writes.
#[derive(Default)]
struct Writer {
    /// How many pieces it has not written.
    waiting: AtomicUsize,
    has_failed: AtomicBool,
}

impl Host {
    pub(super) fn new(tasks: IpcSender<ByteBuf>, answers: IpcReceiver<ByteBuf>, bell: Arc<Bell>) -> io::Result<Self> {
        let (to_writer, queue) = channel::unbounded();
        let (at_work, writer_ended) = channel::bounded(1);
        let writer = Arc::new(Writer::default());
        let outbox = Outbox { channel: tasks.clone(), is_fresh: true, queue: to_writer, writer: Arc::clone(&writer) };
        let writers_bell = Arc::clone(&bell);
        thread::Builder::new().name("arguments".to_owned()).spawn(move || {
            writer.write(&queue, &tasks, &writers_bell);
            // In this order: the host takes the end of `at_work` for the end of everything.
            drop((queue, tasks, writers_bell));
            drop(at_work);
        })?;
        let (to, forwarded) = channel::unbounded();
        thread::Builder::new().name("answers".to_owned()).spawn(move || {
            forward(&answers, &to, &bell);
            // In this order, as well.
            drop((answers, bell));
            drop(to);
        })?;
        Ok(Self { outbox: Some(outbox), writer_ended, answers: forwarded, next: None })
    }
}

impl Outbox {
    /// Does not wait: there is room for a piece in a channel that has been read empty, and the others are for the thread
    /// that writes.
    fn send(&mut self, piece: ByteBuf) -> Result<(), LinkError> {
        if mem::take(&mut self.is_fresh) {
            return self.channel.send(piece).map_err(|_| LinkError::Closed);
        }
        self.writer.waiting.fetch_add(1, Ordering::Release);
        self.queue.send(piece).map_err(|_| LinkError::Closed)
    }

    /// Also what was left to the thread that writes is lost then.
    fn has_failed(&self) -> bool {
        self.writer.has_failed.load(Ordering::Acquire)
    }

    fn is_full(&self) -> bool {
        self.writer.waiting.load(Ordering::Acquire) >= MOST_WAITING
    }

    /// Whether it is worth while to put more into it.
    fn has_room(&self) -> bool {
        self.writer.waiting.load(Ordering::Acquire) <= MOST_WAITING / 2
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
        let outbox = self.outbox.as_mut().ok_or(LinkError::Closed)?;
        while *written < pieces::count(message) {
            if outbox.is_full() {
                return Ok(false);
            }
            outbox.send(pieces::piece(message, *written))?;
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
                Ok(next) => {
                    self.next = Some(next);
                    if let Some(outbox) = &mut self.outbox {
                        outbox.is_fresh = true;
                    }
                }
                Err(TryRecvError::Empty) if self.outbox.as_ref().is_none_or(|outbox| !outbox.has_failed()) => {}
                Err(_) => return Err(LinkError::Closed),
            }
        }
        Ok(self.next.is_some() || room && self.outbox.as_ref().is_some_and(Outbox::has_room))
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
        if let Some(mut outbox) = self.outbox.take() {
            // Rule 5. A guest that is gone need not hear it.
            let _ = outbox.send(ByteBuf::new());
        }
    }
}

impl Drop for Host {
    /// Leaves no thread behind, unless a child of the guest's has run away with the channel.
    fn drop(&mut self) {
        self.outbox = None;
        let deadline = Instant::now() + REST_LIMIT;
        while self.answers.recv_deadline(deadline).is_ok() {}
        let _ = self.writer_ended.recv_deadline(deadline);
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

impl Writer {
    /// Writes what comes, until there will be no more or the guest is gone.
    fn write(&self, queue: &Receiver<ByteBuf>, channel: &IpcSender<ByteBuf>, bell: &Bell) {
        while let Ok(piece) = queue.recv() {
            if channel.send(piece).is_err() {
                self.has_failed.store(true, Ordering::Release);
                bell.poke();
                return;
            }
            if self.waiting.fetch_sub(1, Ordering::Release) == MOST_WAITING / 2 + 1 {
                bell.poke();
            }
        }
    }
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

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::os::fd::AsFd;

    use ipc_channel::ipc;

    use super::*;

    /// With the guest's ends, and what stands for its process, which goes on.
    type Parts = (Host, Arc<Bell>, IpcReceiver<ByteBuf>, IpcSender<ByteBuf>, (io::PipeReader, io::PipeWriter));

    fn host() -> io::Result<Parts> {
        let life = io::pipe()?;
        let bell = Arc::new(Bell::new(None, life.0.as_fd())?);
        let ((tasks, theirs), (answers, ours)) = (ipc::channel()?, ipc::channel()?);
        Ok((Host::new(tasks, ours, Arc::clone(&bell))?, bell, theirs, answers, life))
    }

    #[test]
    fn nobody_waits_for_a_guest_that_cannot_read_any_more() -> io::Result<()> {
        let (mut host, bell, theirs, _answers, _life) = host()?;
        // As if some had been sent: the channel tells the first piece's failure at once.
        host.outbox.as_mut().expect("it has not hung up").is_fresh = false;
        drop(theirs);
        assert_eq!(host.push([&vec![1; 200_000], &[]], &mut 0), Ok(true));
        let deadline = Instant::now() + Duration::from_secs(20);
        while host.arm(false) == Ok(true) && Instant::now() < deadline {
            bell.wait(Some(deadline));
        }
        assert_eq!(host.look(false), Err(LinkError::Closed));
        Ok(())
    }

    #[test]
    fn what_is_sent_never_waits_and_keeps_its_order() -> io::Result<()> {
        let (mut host, bell, theirs, answers, _life) = host()?;
        let messages = [vec![1; 250_000], vec![2; 60_000], vec![3; 3 << 20], vec![4; 1]];
        for _ in 0..2 {
            let (mut sent, mut written) = (0, 0);
            let mut push = |host: &mut Host| {
                while sent < messages.len() && host.push([&messages[sent], &[]], &mut written).expect("no failure") {
                    (sent, written) = (sent + 1, 0);
                }
                sent
            };
            // Nobody reads yet, and the third is longer than all that there is room for.
            assert_eq!(push(&mut host), 2);
            let mut spin = Spin::default();
            for message in &messages {
                let mut read = Vec::new();
                let next = || {
                    push(&mut host);
                    next_piece(&mut spin, &theirs)
                };
                assert_eq!(from_pieces(&mut read, next), Ok(()));
                assert!(read == *message);
            }
            answers.send(pieces::piece([b"done", &[]], 0)).expect("it listens");
            let mut answer = Vec::new();
            while host.pull(&mut answer) != Ok(Read::All) {
                bell.wait(None);
            }
            assert_eq!(answer, b"done");
        }
        Ok(())
    }
}
