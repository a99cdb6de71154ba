//! The inner parts, for `benches/inner`: wrappers that are thin enough not to be seen in a figure.
//!
//! There only under `--cfg executor_bench`, which no feature of the crate turns on. Nobody else may use it.

use std::io::{self, PipeReader, PipeWriter};
use std::marker::PhantomData;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::sync::snooze;
use crate::task::{Call, Decoder, Encoder, ProcessTask};
use crate::wire::{self, Bell, GuestLink, HostLink, LinkKind, Offer, RING_LEN_BYTES, Read};

/// A ring link to a thread that sends everything back.
pub struct Echo {
    /// `None` once it was hung up.
    host: Option<Box<dyn HostLink>>,
    bell: Arc<Bell>,
    guest: Option<JoinHandle<()>>,
    /// Stands for the guest's process: it has not ended as long as nothing can be read.
    _life: (PipeReader, PipeWriter),
}

impl Echo {
    /// With rings of the size that pools have.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Panics
    ///
    /// If the link cannot be made, or no thread.
    pub fn new() -> io::Result<Self> {
        let kind = LinkKind::Ring { ring_len_bytes: RING_LEN_BYTES };
        let life = io::pipe()?;
        let offer = Offer::new(kind, life.0.as_fd())?;
        let descriptors: io::Result<Vec<_>> =
            offer.descriptors().into_iter().map(|descriptor| descriptor.try_clone_to_owned()).collect();
        let (host, bell) = offer.connect(None, u64::MAX).expect("a link within one process");
        let mut guest = wire::serve(kind, descriptors?, |_| Ok(())).expect("a link within one process");
        let guest = thread::spawn(move || send_back(&mut *guest));
        Ok(Self { host: Some(host), bell, guest: Some(guest), _life: life })
    }

    /// Sends a message and waits for the answer.
    ///
    /// # Panics
    ///
    /// If the link fails.
    pub fn there_and_back(&mut self, message: &[u8], answer: &mut Vec<u8>) {
        let host = self.host.as_mut().expect("it is hung up by drop alone");
        let (mut written, mut is_all_written) = (0, false);
        loop {
            if !is_all_written {
                is_all_written = host.push([message, &[]], &mut written).expect("the guest keeps to the protocol");
                host.flush();
            }
            match host.pull(answer).expect("the guest keeps to the protocol") {
                Read::All => return,
                Read::Some => {}
                Read::Nothing => await_guest(&mut **host, &self.bell, !is_all_written),
            }
        }
    }
}

/// Looks again for a moment, then sleeps, as a lane does.
fn await_guest(host: &mut dyn HostLink, bell: &Bell, room: bool) {
    let mut has_come = false;
    snooze(|| {
        has_come = host.look(room).expect("the guest keeps to the protocol");
        has_come
    });
    if !has_come && host.arm(room).expect("the guest keeps to the protocol") {
        bell.wait(None);
        host.disarm();
    }
}

fn send_back(guest: &mut dyn GuestLink) {
    let mut message = Vec::new();
    while guest.receive(&mut message).and_then(|()| guest.send([&message, &[]])).is_ok() {}
}

impl Drop for Echo {
    fn drop(&mut self) {
        if let Some(mut host) = self.host.take() {
            host.hang_up();
        }
        if let Some(guest) = self.guest.take() {
            drop(guest.join());
        }
    }
}

/// What calls of one task are as bytes, with buffers that are used again.
pub struct Codec<T> {
    arguments: Vec<u8>,
    value: Vec<u8>,
    /// What goes out of band with either.
    aside: Vec<u8>,
    task: PhantomData<fn() -> T>,
}

impl<T: ProcessTask> Codec<T> {
    /// That of a task with one argument, by what makes a call of it.
    pub fn of<A>(_: fn(A) -> Call<'static, T>) -> Self {
        Self { arguments: Vec::new(), value: Vec::new(), aside: Vec::new(), task: PhantomData }
    }

    /// Writes the arguments, reads them, runs the task, writes its value and reads that.
    ///
    /// # Panics
    ///
    /// If any of that fails.
    pub fn call(&mut self, args: T::Args<'_>) -> T::Output {
        let Self { arguments, value, aside, .. } = self;
        arguments.clear();
        T::encode(args, &mut Encoder::with_aside(arguments, aside)).expect("arguments that can be written");
        let output = T::run(&mut Decoder::with_aside(arguments, aside)).expect("arguments that can be read");
        value.clear();
        T::encode_output(output, &mut Encoder::with_aside(value, aside)).expect("a value that can be written");
        T::decode_output(&mut Decoder::with_aside(value, aside)).expect("a value that can be read")
    }
}
