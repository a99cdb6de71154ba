//! A worker process from inside.
//!
//! The process has two threads of ours. The first one, which the program was
//! started with, waits for the end of the socket pair and then ends the process,
//! also in the middle of a task: a worker never outlives its parent. The other
//! one runs the tasks, on a stack of a chosen size.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::thread;

use super::DEPTH;
use crate::sys::copy::Original;
use crate::sys::start::{FAILED, claim, exit_now};
use crate::task::registry::Registry;
use crate::task::{WireId, split_first_call};
use crate::wire::{self, GuestLink, LinkError, LinkKind, PROTOCOL, Task, Welcome};

/// Becomes a worker if this process was started as one, and never returns then.
pub(crate) fn run_if_worker() {
    if let Some(control) = claim() {
        run(&control)
    }
}

fn run(control: &UnixStream) -> ! {
    let Ok((hello, descriptors)) = wire::receive_hello(control) else { exit_now(FAILED) };
    DEPTH.store(hello.depth, Ordering::Relaxed);
    let stack_size_bytes = usize::try_from(hello.stack_size_bytes).unwrap_or(usize::MAX);
    let Ok(tell) = control.try_clone() else { exit_now(FAILED) };
    let thread = thread::Builder::new().name("task".to_owned()).stack_size(stack_size_bytes);
    let started = thread.spawn(move || serve(&tell, hello.link, descriptors));
    if started.is_err() {
        exit_now(FAILED);
    }
    await_end(control);
    exit_now(FAILED)
}

/// Returns when the parent is gone or has closed its end.
fn await_end(mut control: &UnixStream) {
    let mut byte = [0];
    loop {
        match control.read(&mut byte) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // Nothing is ever sent after the first exchange.
            _ => return,
        }
    }
}

/// Runs tasks until the host has no more, and ends the process.
fn serve(control: &UnixStream, kind: LinkKind, descriptors: Vec<OwnedFd>) {
    let registry = Registry::of_program().ok();
    let program = registry.map_or(0, Registry::fingerprint);
    let tell = |door| wire::send(control, &Welcome { protocol: PROTOCOL, program, door }, &[]);
    let link = wire::serve(kind, descriptors, tell);
    let (Some(registry), Ok(mut link)) = (registry, link) else {
        // The host knows by now; it ends us when it has read why.
        return;
    };
    let Ok(original) = Original::mark() else { exit_now(FAILED) };
    // The pool closed the link, so this is the worker's normal end, with exit
    // handlers and everything that was printed. Any other error is the same to us.
    let _: LinkError = run_tasks(registry, &mut *link, &original);
    std::process::exit(0)
}

fn run_tasks(registry: &Registry, link: &mut dyn GuestLink, original: &Original) -> LinkError {
    let mut message = Vec::new();
    let mut answer = Vec::new();
    loop {
        if let Err(error) = link.receive(&mut message) {
            return error;
        }
        let task = match Task::read(&message) {
            Ok(task) => task,
            Err(error) => return error,
        };
        if !link.start(task.number) {
            continue;
        }
        let function = registry.find(WireId::from_bytes(task.id));
        let mut calls = Calls::of(&task);
        while let Some(arguments) = calls.next() {
            wire::answer_with(&mut answer, task.number, |out| function.clone()?.run(arguments, out));
            if original.is_copy() {
                // The task forked, and this is the copy: only one of them may answer.
                exit_now(0);
            }
            // Of a chunk the host waits for the last answer.
            let is_last = calls.rest.is_empty();
            if let Err(error) = if is_last { link.send(&answer) } else { link.send_quietly(&answer) } {
                return error;
            }
            wire::give_back(&mut answer);
        }
        if !calls.rest.is_empty() {
            return LinkError::Protocol;
        }
        wire::give_back(&mut message);
    }
}

/// The arguments of each call of a message.
struct Calls<'a> {
    /// A single call, until it is taken.
    one: Option<&'a [u8]>,
    /// What is left of a chunk.
    rest: &'a [u8],
}

impl<'a> Calls<'a> {
    fn of(task: &Task<'a>) -> Self {
        if task.is_chunk {
            Self { one: None, rest: task.arguments }
        } else {
            Self { one: Some(task.arguments), rest: &[] }
        }
    }
}

impl<'a> Iterator for Calls<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.one.take().or_else(|| {
            let (call, rest) = split_first_call(self.rest)?;
            self.rest = rest;
            Some(call)
        })
    }
}
