//! A worker process from inside.
//!
//! The process has two threads of ours. The first one, which the program was
//! started with, waits for the end of the parent, or of the socket pair, and then
//! ends the process, also in the middle of a task: a worker never outlives its
//! parent, nor does what its tasks have started. The other one runs the tasks, on
//! a stack of a chosen size.

use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::stdio::dup2_stderr;

use super::chunk::Chunk;
use super::{DEPTH, buffers};
use crate::error::{CodecFailure, Payload, TaskError};
use crate::sys::copy::Original;
use crate::sys::start::{FAILED, claim, end_with_group, exit_now, wake_with_parent};
use crate::sys::{memory, overflow};
use crate::task::registry::Registry;
use crate::task::row::Row;
use crate::task::{Decoder, Encoder, WireId};
use crate::wire::{self, GuestLink, Hello, LinkError, PROTOCOL, Task, TaskKind, Welcome};

/// Becomes a worker if this process was started as one, and never returns then.
pub(crate) fn run_if_worker() {
    if let Some(control) = claim() {
        run(&control)
    }
}

fn run(control: &UnixStream) -> ! {
    let Ok((hello, descriptors)) = wire::receive_hello(control) else { exit_now(FAILED) };
    DEPTH.store(hello.depth, Ordering::Relaxed);
    // Before there is another thread, and before anything of the user's runs.
    if let Err(refusal) = hello.limits.apply(hello.stack_size_bytes) {
        let program = Registry::of_program().map_or(0, Registry::fingerprint);
        let door = Err("its limits could not be set".to_owned());
        let welcome = Welcome { protocol: PROTOCOL, program, refusal: Some(refusal), door, memory_bytes: 0 };
        let _ = wire::send(control, &welcome, &[]);
        // The host ends us when it has read that.
        await_end(control, None);
        exit_now(FAILED)
    }
    let stack_size_bytes = usize::try_from(hello.stack_size_bytes).unwrap_or(usize::MAX);
    let Ok(tell) = control.try_clone() else { exit_now(FAILED) };
    let thread = thread::Builder::new().name("task".to_owned()).stack_size(stack_size_bytes);
    // Before a task can start anything.
    let parent = wake_with_parent();
    let started = thread.spawn(move || serve(&tell, &hello, descriptors));
    if started.is_err() {
        exit_now(FAILED);
    }
    await_end(control, parent.as_ref());
    end_with_group()
}

/// Returns when the parent is gone or has closed its end. A copy of the parent may have that end, too, so one waits for
/// the parent itself, if one can.
fn await_end(mut control: &UnixStream, parent: Option<&OwnedFd>) {
    let mut ends = vec![PollFd::new(control, PollFlags::IN)];
    ends.extend(parent.map(|parent| PollFd::new(parent, PollFlags::IN)));
    loop {
        // Should it fail in another way, the read waits, or is told why there is nothing to wait for.
        if poll(&mut ends, None) == Err(Errno::INTR) {
            continue;
        }
        if ends.get(1).is_some_and(|parent| !parent.revents().is_empty()) {
            return;
        }
        match control.read(&mut [0]) {
            // It is stderr as well, and some programs that a task runs make it so that nobody waits there.
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            // Nothing is ever sent after the first exchange.
            _ => return,
        }
    }
}

/// Runs tasks until the host has no more, and ends the process.
fn serve(control: &UnixStream, hello: &Hello, descriptors: Vec<OwnedFd>) {
    let registry = Registry::of_program().ok();
    let program = registry.map_or(0, Registry::fingerprint);
    let memory_bytes = memory::peak_bytes().unwrap_or(0);
    let tell = |door| {
        wire::send(control, &Welcome { protocol: PROTOCOL, program, refusal: None, door, memory_bytes }, &[])?;
        if hello.hears_stderr { Ok(dup2_stderr(control)?) } else { Ok(()) }
    };
    let link = wire::serve(hello.link, descriptors, tell);
    let (Some(registry), Ok(mut link)) = (registry, link) else {
        // The host knows by now; it ends us when it has read why.
        return;
    };
    let Ok(original) = Original::mark() else { exit_now(FAILED) };
    // Where the host does not hear stderr it hears this.
    overflow::watch((!hello.hears_stderr).then(|| control.as_fd()));
    match run_tasks(registry, &mut *link, &original, hello.max_value_len_bytes) {
        // This is the worker's normal end, with exit handlers and everything that was printed.
        LinkError::Closed => std::process::exit(0),
        LinkError::TimedOut | LinkError::Protocol => end_with_group(),
    }
}

fn run_tasks(registry: &Registry, link: &mut dyn GuestLink, original: &Original, max_value_len: u64) -> LinkError {
    let mut buffers = Buffers::default();
    loop {
        if let Err(error) = run_task(registry, link, original, max_value_len, &mut buffers) {
            return error;
        }
    }
}

/// What messages are read into and written from.
#[derive(Default)]
struct Buffers {
    task: Vec<u8>,
    /// What came out of band with it.
    aside: Vec<u8>,
    answer: Vec<u8>,
    /// Of a chunk.
    answers: Row,
}

impl Buffers {
    fn all(&mut self) -> [&mut Vec<u8>; 4] {
        [&mut self.task, &mut self.aside, &mut self.answer, self.answers.bytes_mut()]
    }

    /// Waits for the next task, and keeps nothing large if that is long in coming.
    fn receive(&mut self, link: &mut dyn GuestLink) -> Result<(), LinkError> {
        self.all().into_iter().for_each(buffers::trim);
        let keeps_large = self.all().iter().any(|buffer| buffers::is_large(buffer));
        if keeps_large && !link.wait(Instant::now() + buffers::KEPT_FOR)? {
            self.all().into_iter().for_each(buffers::give_back);
        }
        link.receive(&mut self.task)
    }
}

fn run_task(
    registry: &Registry,
    link: &mut dyn GuestLink,
    original: &Original,
    max_value_len_bytes: u64,
    buffers: &mut Buffers,
) -> Result<(), LinkError> {
    buffers.receive(link)?;
    let Buffers { task, aside, answer, answers } = buffers;
    let task = Task::read(task)?;
    if task.kind == TaskKind::OneWithAside {
        link.receive(aside)?;
    }
    if !link.start(task.number) {
        return Ok(());
    }
    let function = registry.find(WireId::from_bytes(task.id));
    let arguments = match task.kind {
        TaskKind::Chunk => {
            return Chunk::new(&task, link, original, max_value_len_bytes, answers).run(&function);
        }
        TaskKind::One => Decoder::new(task.arguments),
        TaskKind::OneWithAside => Decoder::with_aside(task.arguments, aside),
    };
    let mut value_aside = Vec::new();
    wire::answer_with(answer, &mut value_aside, task.number, Instant::now(), |out, aside| {
        let (function, before) = (function?, out.len());
        function.run(arguments, Encoder::with_aside(out, aside))?;
        check_len(out.len() - before + aside.len(), max_value_len_bytes, function.name)
    });
    leave_if_copy(original);
    if value_aside.is_empty() {
        return link.send([answer, &[]]);
    }
    link.send_quietly(answer)?;
    link.send([&value_aside, &wire::aside_tail(task.number)])?;
    buffers::keep(aside, value_aside);
    Ok(())
}

/// Whether a value is not longer than the host lets it be.
pub(super) fn check_len(len_bytes: usize, max_len_bytes: u64, task: &str) -> Result<(), TaskError> {
    if len_bytes as u64 <= max_len_bytes {
        return Ok(());
    }
    let reason = format!("{len_bytes} bytes, and the pool's `max_result_size` is {max_len_bytes}");
    Err(TaskError::Encode(CodecFailure::new(Payload::Value, task, reason).into()))
}

/// Ends a copy of this process, which the task has made: only one of them may answer.
pub(super) fn leave_if_copy(original: &Original) {
    if original.is_copy() {
        exit_now(0);
    }
}
