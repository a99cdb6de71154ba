//! Tasks and answers as bytes, the same on every link.
//!
//! 1. A task is the name of its function as a number of eight bytes, the number
//!    that it has on the way, one byte that says whether there is one call of it
//!    or a chunk of calls, and then the encoded arguments. In a chunk those of each
//!    call come after their length.
//! 2. The guest runs tasks in the order in which they come, and passes over those
//!    that the host has taken back: see [`Claims`](super::Claims).
//! 3. Each call is answered by a message of its own, in order and as soon as it
//!    has ended: so it is known which call a worker died of.
//! 4. An answer is the number of its task, one byte that says what it is, and then
//!    the encoded value, or the encoded error.

use serde::{Deserialize, Serialize};

use super::LinkError;
use crate::error::{CodecFailure, PanicReport, TaskError};

/// What goes before the arguments.
const HEAD_BYTES: usize = 13;

const ONE: u8 = 0;
const CHUNK: u8 = 1;

/// A task on the wire.
pub(crate) struct Task<'a> {
    /// The bytes of its `WireId`.
    pub(crate) id: [u8; 8],
    pub(crate) number: u32,
    pub(crate) is_chunk: bool,
    pub(crate) arguments: &'a [u8],
}

impl<'a> Task<'a> {
    /// What goes before the arguments.
    pub(crate) fn head(&self) -> [u8; HEAD_BYTES] {
        let mut head = [if self.is_chunk { CHUNK } else { ONE }; HEAD_BYTES];
        head[..8].copy_from_slice(&self.id);
        head[8..12].copy_from_slice(&self.number.to_le_bytes());
        head
    }

    pub(crate) fn read(message: &'a [u8]) -> Result<Self, LinkError> {
        let (id, rest) = message.split_first_chunk().ok_or(LinkError::Protocol)?;
        let (number, rest) = rest.split_first_chunk().ok_or(LinkError::Protocol)?;
        let (is_chunk, arguments) = match rest.split_first() {
            Some((&ONE, arguments)) => (false, arguments),
            Some((&CHUNK, arguments)) => (true, arguments),
            _ => return Err(LinkError::Protocol),
        };
        Ok(Self { id: *id, number: u32::from_le_bytes(*number), is_chunk, arguments })
    }
}

const VALUE: u8 = 0;
const ERROR: u8 = 1;

/// Errors that a guest can have with a task.
#[derive(Serialize, Deserialize)]
enum Failure {
    Panicked(PanicReport),
    Encode(CodecFailure),
    Decode(CodecFailure),
    UnknownTask(String),
}

/// An answer on the wire: the encoded value, or why there is none.
pub(crate) type Answer<'a> = Result<&'a [u8], TaskError>;

/// Writes an answer to the task `number`: `run` appends the value to the buffer or says why there is none.
pub(crate) fn answer_with(message: &mut Vec<u8>, number: u32, run: impl FnOnce(&mut Vec<u8>) -> Result<(), TaskError>) {
    message.clear();
    message.extend_from_slice(&number.to_le_bytes());
    message.push(VALUE);
    if let Err(error) = run(message) {
        message.truncate(size_of_val(&number));
        message.push(ERROR);
        let failure = postcard::to_stdvec(&Failure::from(error)).expect("a report is made of strings and numbers");
        message.extend_from_slice(&failure);
    }
}

/// Reads an answer, and which task it is to. Hostile input: what is no answer is [`LinkError::Protocol`].
pub(crate) fn read_answer(message: &[u8]) -> Result<(u32, Answer<'_>), LinkError> {
    let (number, rest) = message.split_first_chunk().ok_or(LinkError::Protocol)?;
    let answer = match rest.split_first() {
        Some((&VALUE, value)) => Ok(value),
        Some((&ERROR, failure)) => {
            let failure: Failure = postcard::from_bytes(failure).map_err(|_| LinkError::Protocol)?;
            Err(failure.into())
        }
        _ => return Err(LinkError::Protocol),
    };
    Ok((u32::from_le_bytes(*number), answer))
}

impl From<TaskError> for Failure {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Panicked(report) => Self::Panicked((*report).clone()),
            TaskError::Encode(failure) => Self::Encode(failure),
            TaskError::Decode(failure) => Self::Decode(failure),
            TaskError::UnknownTask { name } => Self::UnknownTask(name),
            other => unreachable!("a guest cannot have this error: {other}"),
        }
    }
}

impl From<Failure> for TaskError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Panicked(report) => Self::Panicked(report.into()),
            Failure::Encode(failure) => Self::Encode(failure),
            Failure::Decode(failure) => Self::Decode(failure),
            Failure::UnknownTask(name) => Self::UnknownTask { name },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_comes_back_in_its_parts() {
        for is_chunk in [false, true] {
            let sent = Task { id: [7; 8], number: 300, is_chunk, arguments: b"xyz" };
            let message = [&sent.head(), sent.arguments].concat();
            let task = Task::read(&message).expect("a task");
            assert_eq!((task.id, task.number, task.is_chunk), ([7; 8], 300, is_chunk));
            assert_eq!(task.arguments, b"xyz");
        }
        assert!(Task::read(b"short").is_err());
        assert!(Task::read(&[2; HEAD_BYTES]).is_err());
    }

    #[test]
    fn what_was_written_before_a_failure_is_not_sent() {
        let mut message = Vec::new();
        answer_with(&mut message, 7, |out| {
            out.extend_from_slice(b"half a value");
            Err(TaskError::UnknownTask { name: "f".into() })
        });
        let answer = read_answer(&message).expect("an answer");
        assert!(matches!(answer, (7, Err(TaskError::UnknownTask { name })) if name == "f"));
    }

    #[test]
    fn garbage_is_no_answer() {
        let numbered = [b"\x02".as_slice(), b"\x01", b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f"];
        let numbered = numbered.map(|garbage| [b"\x07\0\0\0", garbage].concat());
        for garbage in numbered.iter().map(Vec::as_slice).chain([b"".as_slice(), b"\x07\0\0"]) {
            assert_eq!(read_answer(garbage).map(drop), Err(LinkError::Protocol), "{garbage:?}");
        }
    }
}
