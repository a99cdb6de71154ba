//! Tasks and answers as bytes, the same on every link.
//!
//! 1. A task is the name of its function as a number of eight bytes, the number
//!    that it has on the way, one byte that says whether there is one call of it
//!    or a chunk of calls, and then the encoded arguments. Those of a chunk's calls
//!    are in a [row](crate::task::row).
//! 2. The guest runs tasks in the order in which they come, and passes over those
//!    that the host has taken back: see [`Claims`](super::Claims).
//! 3. Calls are answered in order. The values of several calls of a chunk may come
//!    together, behind the number, in the chunk as it was sent, of the first of
//!    them. Until they are sent they are kept where the host finds them if the
//!    guest dies ([`Keeper`](super::Keeper)); what is not kept is sent before the
//!    next call begins. So it is known which call a worker died of, and what came of
//!    those before. An error comes alone. Each answer is to the next calls that have none:
//!    only a guest that has died may have kept what it had sent.
//! 4. An answer is the number of its task, the time that the calls have taken which
//!    it is about, in nanoseconds, one byte that says what it is, and then
//!    the encoded value, the values in a row, or the encoded error.
//! 5. Where a vector went out of band, the byte says that, too, and the next message
//!    is the vector: it is read into a buffer that can be had by whom it is for.
//!    Only one call has such arguments, and a value that is its. Behind a value
//!    stands the task's number once more: a worker may send the wrong one.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::LinkError;
use crate::error::{CodecFailure, PanicReport, TaskError};
use crate::task::{limited, row};

/// What goes before the arguments.
const HEAD_BYTES: usize = 13;

const ONE: u8 = 0;
const CHUNK: u8 = 1;
const ONE_WITH_ASIDE: u8 = 2;

/// A task on the wire.
pub(crate) struct Task<'a> {
    /// The bytes of its `WireId`.
    pub(crate) id: [u8; 8],
    pub(crate) number: u32,
    pub(crate) kind: TaskKind,
    pub(crate) arguments: &'a [u8],
}

/// What comes with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskKind {
    One,
    /// Rule 5.
    OneWithAside,
    Chunk,
}

impl<'a> Task<'a> {
    /// What goes before the arguments.
    pub(crate) fn head(&self) -> [u8; HEAD_BYTES] {
        let kind = match self.kind {
            TaskKind::One => ONE,
            TaskKind::OneWithAside => ONE_WITH_ASIDE,
            TaskKind::Chunk => CHUNK,
        };
        let mut head = [kind; HEAD_BYTES];
        head[..8].copy_from_slice(&self.id);
        head[8..12].copy_from_slice(&self.number.to_le_bytes());
        head
    }

    pub(crate) fn read(message: &'a [u8]) -> Result<Self, LinkError> {
        let (id, rest) = message.split_first_chunk().ok_or(LinkError::Protocol)?;
        let (number, rest) = rest.split_first_chunk().ok_or(LinkError::Protocol)?;
        let (kind, arguments) = match rest.split_first() {
            Some((&ONE, arguments)) => (TaskKind::One, arguments),
            Some((&ONE_WITH_ASIDE, arguments)) => (TaskKind::OneWithAside, arguments),
            Some((&CHUNK, arguments)) => (TaskKind::Chunk, arguments),
            _ => return Err(LinkError::Protocol),
        };
        Ok(Self { id: *id, number: u32::from_le_bytes(*number), kind, arguments })
    }
}

const VALUE: u8 = 0;
const ERROR: u8 = 1;
const VALUES: u8 = 2;
const VALUE_WITH_ASIDE: u8 = 3;

/// Where an answer says how long that took, and what it is.
const TOOK: std::ops::Range<usize> = 4..8;
const KIND: usize = TOOK.end;

/// What goes before the values of several calls.
pub(crate) const VALUES_HEAD_LEN_BYTES: usize = 13;

/// A message to the host is no longer than one value and so much: heads, values that are gathered before a long one, or
/// a report of a panic, all of whose texts are cut.
pub(crate) const MOST_BESIDE_VALUE_BYTES: u64 = 4 << 20;

/// What stands behind the bytes that come out of band with the answer to a task, so that those of no other are taken for
/// them.
pub(crate) fn aside_tail(number: u32) -> [u8; 4] {
    number.to_le_bytes()
}

/// Takes that off the bytes that are to belong to the answer to this task.
pub(crate) fn cut_aside_tail(aside: &mut Vec<u8>, number: u32) -> Result<(), LinkError> {
    let len = aside.strip_suffix(&aside_tail(number)).ok_or(LinkError::Protocol)?.len();
    aside.truncate(len);
    Ok(())
}

/// Errors that a guest can have with a task.
#[derive(Serialize, Deserialize)]
enum Failure {
    Panicked(PanicReport),
    Encode(CodecFailure),
    Decode(CodecFailure),
    UnknownTask(String),
}

/// What every answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AnswerHead {
    /// Of its task.
    pub(crate) number: u32,
    /// By the guest's clock, so without any time on the way.
    pub(crate) took: Duration,
}

/// An answer on the wire.
#[derive(Debug)]
pub(crate) enum Answer<'a> {
    /// The encoded value of a single call.
    Value(&'a [u8]),
    /// Rule 5.
    ValueWithAside(&'a [u8]),
    /// Of several calls of a chunk, which begin with this one.
    Values { first: usize, row: &'a [u8] },
    /// Why the next call has none.
    Failed(TaskError),
}

/// Says how long it has taken what an answer is about.
pub(crate) fn say_took(message: &mut [u8], took: Duration) {
    let nanos = u32::try_from(took.as_nanos()).unwrap_or(u32::MAX);
    message[TOOK].copy_from_slice(&nanos.to_le_bytes());
}

/// Writes an answer to the task `number`, which has begun at `since`: `run` appends the value to the first buffer, and may put what goes out of
/// band into the second one, which is empty, or says why there is no value.
pub(crate) fn answer_with(
    message: &mut Vec<u8>,
    aside: &mut Vec<u8>,
    number: u32,
    since: Instant,
    run: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>) -> Result<(), TaskError>,
) {
    message.clear();
    message.extend_from_slice(&head(number, VALUE));
    if let Err(error) = run(message, aside) {
        aside.clear();
        message.truncate(KIND);
        message.push(ERROR);
        let failure = postcard::to_stdvec(&Failure::from(error)).expect("a report is made of strings and numbers");
        message.extend_from_slice(&failure);
    } else if !aside.is_empty() {
        message[KIND] = VALUE_WITH_ASIDE;
    }
    say_took(message, since.elapsed());
}

fn head(number: u32, kind: u8) -> [u8; KIND + 1] {
    let mut head = [0; KIND + 1];
    head[..TOOK.start].copy_from_slice(&number.to_le_bytes());
    head[KIND] = kind;
    head
}

/// What goes before the values of calls of a chunk, which begin with this one.
pub(crate) fn values_head(number: u32, first: u32) -> [u8; VALUES_HEAD_LEN_BYTES] {
    let mut values_head = [0; VALUES_HEAD_LEN_BYTES];
    values_head[..=KIND].copy_from_slice(&head(number, VALUES));
    values_head[KIND + 1..].copy_from_slice(&first.to_le_bytes());
    values_head
}

/// Takes those off the values which a guest has sent before it died, of a message that it has kept: so many calls of the
/// chunk have been answered. Whether there are others.
pub(crate) fn leave_out_sent(message: &mut Vec<u8>, answered: usize) -> Result<bool, LinkError> {
    let (_, Answer::Values { first, row }) = read_answer(message)? else { return Err(LinkError::Protocol) };
    let known = answered.checked_sub(first).ok_or(LinkError::Protocol)?;
    let new = row::skip(row, known).ok_or(LinkError::Protocol)?;
    let (start, is_more) = (message.len() - new.len(), !new.is_empty());
    let answered = u32::try_from(answered).map_err(|_| LinkError::Protocol)?;
    message[KIND + 1..VALUES_HEAD_LEN_BYTES].copy_from_slice(&answered.to_le_bytes());
    message.drain(VALUES_HEAD_LEN_BYTES..start);
    Ok(is_more)
}

/// Reads an answer, and which task it is to. Hostile input: what is no answer is [`LinkError::Protocol`].
pub(crate) fn read_answer(message: &[u8]) -> Result<(AnswerHead, Answer<'_>), LinkError> {
    let (number, rest) = message.split_first_chunk().ok_or(LinkError::Protocol)?;
    let (nanos, rest) = rest.split_first_chunk().ok_or(LinkError::Protocol)?;
    let took = Duration::from_nanos(u32::from_le_bytes(*nanos).into());
    let answer = match rest.split_first() {
        Some((&VALUE, value)) => Answer::Value(value),
        Some((&VALUE_WITH_ASIDE, value)) => Answer::ValueWithAside(value),
        Some((&VALUES, values)) => {
            let (first, row) = values.split_first_chunk().ok_or(LinkError::Protocol)?;
            let first = usize::try_from(u32::from_le_bytes(*first)).map_err(|_| LinkError::Protocol)?;
            Answer::Values { first, row }
        }
        Some((&ERROR, failure)) => {
            let failure: Failure = limited::from_bytes(failure).map_err(|_| LinkError::Protocol)?;
            Answer::Failed(failure.into())
        }
        _ => return Err(LinkError::Protocol),
    };
    Ok((AnswerHead { number: u32::from_le_bytes(*number), took }, answer))
}

impl From<TaskError> for Failure {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Panicked(report) => Self::Panicked(report.for_message()),
            TaskError::Encode(failure) => Self::Encode((*failure).clone()),
            TaskError::Decode(failure) => Self::Decode((*failure).clone()),
            TaskError::UnknownTask { name } => Self::UnknownTask(name),
            other => unreachable!("a guest cannot have this error: {other}"),
        }
    }
}

impl From<Failure> for TaskError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Panicked(report) => Self::Panicked(report.into()),
            Failure::Encode(failure) => Self::Encode(failure.into()),
            Failure::Decode(failure) => Self::Decode(failure.into()),
            Failure::UnknownTask(name) => Self::UnknownTask { name },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_comes_back_in_its_parts() {
        for kind in [TaskKind::One, TaskKind::OneWithAside, TaskKind::Chunk] {
            let sent = Task { id: [7; 8], number: 300, kind, arguments: b"xyz" };
            let message = [&sent.head(), sent.arguments].concat();
            let task = Task::read(&message).expect("a task");
            assert_eq!((task.id, task.number, task.kind), ([7; 8], 300, kind));
            assert_eq!(task.arguments, b"xyz");
        }
        assert!(Task::read(b"short").is_err());
        assert!(Task::read(&[3; HEAD_BYTES]).is_err());
    }

    #[test]
    fn a_value_tells_what_follows_it() {
        for follows in [b"".as_slice(), b"long"] {
            let (mut message, mut aside) = (Vec::new(), Vec::new());
            answer_with(&mut message, &mut aside, 300, Instant::now(), |out, aside| {
                out.extend_from_slice(b"value");
                aside.extend_from_slice(follows);
                Ok(())
            });
            let answer = read_answer(&message).expect("an answer");
            match answer {
                (AnswerHead { number: 300, .. }, Answer::Value(b"value")) => assert_eq!(follows, b""),
                (AnswerHead { number: 300, .. }, Answer::ValueWithAside(b"value")) => assert_eq!(aside, b"long"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_was_written_before_a_failure_is_not_sent() {
        let (mut message, mut aside) = (Vec::new(), Vec::new());
        answer_with(&mut message, &mut aside, 7, Instant::now(), |out, aside| {
            out.extend_from_slice(b"half a value");
            aside.extend_from_slice(b"long");
            Err(TaskError::UnknownTask { name: "f".into() })
        });
        assert_eq!(aside, b"");
        let answer = read_answer(&message).expect("an answer");
        assert!(
            matches!(answer, (AnswerHead { number: 7, .. }, Answer::Failed(TaskError::UnknownTask { name })) if name == "f")
        );
    }

    #[test]
    fn values_of_a_chunk_come_back_with_the_place_of_the_first() {
        let mut message = [&values_head(7, 300), b"a row".as_slice()].concat();
        for took in [Duration::ZERO, Duration::from_micros(70)] {
            say_took(&mut message, took);
            let (head, answer) = read_answer(&message).expect("an answer");
            assert_eq!(head, AnswerHead { number: 7, took });
            assert!(matches!(answer, Answer::Values { first: 300, row: b"a row" }), "{answer:?}");
        }
    }

    #[test]
    fn of_values_that_were_kept_those_are_left_out_that_were_sent() {
        let kept = [&values_head(7, 300), [1, 10, 2, 11, 12, 0].as_slice()].concat();
        for (answered, left) in [(300, &[1, 10, 2, 11, 12, 0][..]), (301, &[2, 11, 12, 0]), (302, &[0]), (303, &[])] {
            let mut message = kept.clone();
            assert_eq!(leave_out_sent(&mut message, answered), Ok(!left.is_empty()));
            let (_, answer) = read_answer(&message).expect("an answer");
            assert!(matches!(answer, Answer::Values { first, row } if first == answered && row == left), "{answer:?}");
        }
        for answered in [0, 299, 304] {
            assert_eq!(leave_out_sent(&mut kept.clone(), answered), Err(LinkError::Protocol), "{answered}");
        }
    }

    #[test]
    fn a_time_that_is_too_long_to_be_told_is_the_longest() {
        let mut message = values_head(7, 0);
        say_took(&mut message, Duration::from_secs(5));
        let (head, _) = read_answer(&message).expect("an answer");
        assert_eq!(head.took, Duration::from_nanos(u32::MAX.into()));
    }

    #[test]
    fn garbage_is_no_answer() {
        let numbered = [b"\x04".as_slice(), b"\x02\0\0\0", b"\x01", b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f"];
        let numbered = numbered.map(|garbage| [b"\x07\0\0\0\0\0\0\0", garbage].concat());
        for garbage in numbered.iter().map(Vec::as_slice).chain([b"".as_slice(), b"\x07\0\0"]) {
            assert_eq!(read_answer(garbage).map(drop), Err(LinkError::Protocol), "{garbage:?}");
        }
    }
}
