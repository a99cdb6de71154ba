//! How arguments and values become bytes: postcard through serde, one value
//! after the other, with byte strings and paths as plain bytes.
//!
//! `passing` chooses between this and nothing, for the expansions.

use std::fmt::Display;
use std::path::Path;

use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};

use super::outcomes::Failed;
use super::row::Row;
use super::{ProcessTask, limited, panics};
use crate::error::{CodecFailure, Payload, TaskError};

/// Why a value did not become bytes, or bytes no value.
#[derive(Debug)]
pub struct CodecError {
    /// What serde said.
    pub(crate) reason: String,
    /// Whether bytes were being made or read.
    pub(crate) direction: Direction,
}

/// What comes of making bytes, or of reading them.
pub type Coded<T> = Result<T, CodecError>;

/// Which way a codec was going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Encoding,
    Decoding,
}

impl CodecError {
    #[cold]
    fn encoding(reason: impl Display) -> Self {
        Self { reason: reason.to_string(), direction: Direction::Encoding }
    }

    #[cold]
    pub(super) fn decoding(reason: impl Display) -> Self {
        Self { reason: reason.to_string(), direction: Direction::Decoding }
    }

    /// Says what it was that failed.
    pub(crate) fn into_task_error(self, what: Payload, task: &str) -> TaskError {
        let failure = CodecFailure::new(what, task, self.reason).into();
        match self.direction {
            Direction::Encoding => TaskError::Encode(failure),
            Direction::Decoding => TaskError::Decode(failure),
        }
    }
}

/// From this length on a vector of bytes goes out of band: by itself, and as it is, instead of being copied in among
/// the other values (Python: the out-of-band buffers of pickle's protocol 5). Shorter ones are copied faster.
pub(crate) const OUT_OF_BAND_LEN_BYTES: usize = 32 * 1024;

/// Appends values to a buffer.
pub struct Encoder<'b> {
    out: &'b mut Vec<u8>,
    /// Empty, and takes what goes out of band, if anything may.
    aside: Option<&'b mut Vec<u8>>,
}

impl<'b> Encoder<'b> {
    pub(crate) fn new(out: &'b mut Vec<u8>) -> Self {
        Self { out, aside: None }
    }

    /// The first long vector goes into `aside`, which is empty.
    pub(crate) fn with_aside(out: &'b mut Vec<u8>, aside: &'b mut Vec<u8>) -> Self {
        debug_assert!(aside.is_empty());
        Self { out, aside: Some(aside) }
    }

    /// Any value that serde can write.
    ///
    /// # Errors
    ///
    /// What the type's `Serialize` says.
    #[inline]
    pub fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Coded<()> {
        postcard::serialize_with_flavor(value, Append(self.out)).map_err(CodecError::encoding)
    }

    /// Bytes as they are.
    ///
    /// # Errors
    ///
    /// None in practice; the signature is that of its siblings.
    pub fn bytes(&mut self, bytes: &[u8]) -> Coded<()> {
        self.out.reserve(bytes.len() + MOST_LEN_BYTES);
        self.value(serde_bytes::Bytes::new(bytes))
    }

    /// The same, or only their length, and the vector itself goes out of band.
    pub(super) fn owned_bytes(&mut self, bytes: Vec<u8>) -> Coded<()> {
        match self.aside.take_if(|_| bytes.len() >= OUT_OF_BAND_LEN_BYTES) {
            Some(aside) => {
                *aside = bytes;
                self.value(&aside.len())
            }
            None => self.bytes(&bytes),
        }
    }

    /// A sequence of numbers that have the same length on the wire and in memory.
    pub(super) fn elements<T: Copy, const LEN_BYTES: usize>(
        &mut self,
        elements: &[T],
        write: impl Fn(T) -> [u8; LEN_BYTES],
    ) -> Coded<()> {
        self.value(&elements.len())?;
        self.out.extend(elements.iter().flat_map(|element| write(*element)));
        Ok(())
    }
}

/// What a length takes at most.
const MOST_LEN_BYTES: usize = 10;

/// Where postcard writes.
struct Append<'b>(&'b mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        append(self.0, bytes);
        Ok(())
    }

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Most of what serde writes are the few bytes of a number. To copy so many as one can name is much cheaper than to
/// have any number of them copied.
#[inline]
fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    match *bytes {
        [a] => out.push(a),
        [a, b] => out.extend_from_slice(&[a, b]),
        [a, b, c] => out.extend_from_slice(&[a, b, c]),
        [a, b, c, d] => out.extend_from_slice(&[a, b, c, d]),
        _ => out.extend_from_slice(bytes),
    }
}

/// Takes values off a buffer, in the order in which they were appended.
pub struct Decoder<'de> {
    input: &'de [u8],
    /// What came out of band, until it is taken.
    aside: Option<&'de mut Vec<u8>>,
}

impl<'de> Decoder<'de> {
    pub(crate) fn new(input: &'de [u8]) -> Self {
        Self { input, aside: None }
    }

    /// `aside` is the first long vector, if it is not empty.
    pub(crate) fn with_aside(input: &'de [u8], aside: &'de mut Vec<u8>) -> Self {
        Self { input, aside: Some(aside).filter(|aside| !aside.is_empty()) }
    }

    /// Any value that serde can read; it may borrow from the buffer.
    ///
    /// # Errors
    ///
    /// What the type's `Deserialize` says, that the bytes ran out, or that the value is too deep or has too many empty
    /// elements: see `limited`.
    #[inline]
    pub fn value<T: Deserialize<'de>>(&mut self) -> Coded<T> {
        let (value, rest) = limited::split_first(self.input).map_err(CodecError::decoding)?;
        self.input = rest;
        Ok(value)
    }

    /// Bytes, in place.
    ///
    /// # Errors
    ///
    /// As [`Decoder::value`].
    pub fn bytes(&mut self) -> Coded<&'de [u8]> {
        self.value::<&serde_bytes::Bytes>().map(|bytes| &**bytes)
    }

    /// What [`Encoder::owned_bytes`] has written.
    pub(super) fn owned_bytes(&mut self) -> Coded<Vec<u8>> {
        let len: usize = self.value()?;
        if let Some(aside) = self.aside.take_if(|_| len >= OUT_OF_BAND_LEN_BYTES) {
            return if aside.len() == len { Ok(std::mem::take(aside)) } else { Err(unexpected_end()) };
        }
        let (bytes, rest) = self.input.split_at_checked(len).ok_or_else(unexpected_end)?;
        self.input = rest;
        Ok(bytes.to_vec())
    }

    /// What [`Encoder::elements`] has written.
    pub(super) fn elements<T, const LEN_BYTES: usize>(&mut self, read: impl Fn([u8; LEN_BYTES]) -> T) -> Coded<Vec<T>> {
        let count: usize = self.value()?;
        let bytes = count.checked_mul(LEN_BYTES).and_then(|len_bytes| self.input.split_at_checked(len_bytes));
        let (bytes, rest) = bytes.ok_or_else(unexpected_end)?;
        self.input = rest;
        let (elements, _) = bytes.as_chunks();
        Ok(elements.iter().copied().map(read).collect())
    }
}

fn unexpected_end() -> CodecError {
    CodecError::decoding(postcard::Error::DeserializeUnexpectedEnd)
}

/// A type whose reference can be an argument of a process task.
///
/// The referent is written on one side; on the other it is held, in place where that is possible, and lent
/// to the function.
pub trait Borrowed<'de> {
    /// What the referent is held in while the function runs.
    type Held;

    #[doc(hidden)]
    fn encode(&self, out: &mut Encoder<'_>) -> Coded<()>;

    #[doc(hidden)]
    fn decode(input: &mut Decoder<'de>) -> Coded<Self::Held>;

    #[doc(hidden)]
    fn get(held: &Self::Held) -> &Self;
}

impl<'de, T: Serialize + Deserialize<'de>> Borrowed<'de> for T {
    type Held = T;

    fn encode(&self, out: &mut Encoder<'_>) -> Coded<()> {
        out.value(self)
    }
    fn decode(input: &mut Decoder<'de>) -> Coded<T> {
        input.value()
    }
    fn get(held: &T) -> &T {
        held
    }
}

impl<'de, T: Serialize + Deserialize<'de>> Borrowed<'de> for [T] {
    type Held = Vec<T>;

    fn encode(&self, out: &mut Encoder<'_>) -> Coded<()> {
        out.value(self)
    }
    fn decode(input: &mut Decoder<'de>) -> Coded<Vec<T>> {
        input.value()
    }
    fn get(held: &Vec<T>) -> &[T] {
        held
    }
}

impl<'de> Borrowed<'de> for str {
    type Held = &'de str;

    fn encode(&self, out: &mut Encoder<'_>) -> Coded<()> {
        out.value(self)
    }
    fn decode(input: &mut Decoder<'de>) -> Coded<&'de str> {
        input.value()
    }
    fn get<'h>(held: &'h &'de str) -> &'h str {
        held
    }
}

/// As bytes: a path need not be UTF-8, and serde's own way would refuse it.
impl<'de> Borrowed<'de> for Path {
    type Held = &'de Path;

    fn encode(&self, out: &mut Encoder<'_>) -> Coded<()> {
        #[cfg(unix)]
        return out.bytes(std::os::unix::ffi::OsStrExt::as_bytes(self.as_os_str()));
        #[cfg(not(unix))]
        return out.value(self);
    }
    fn decode(input: &mut Decoder<'de>) -> Coded<&'de Path> {
        #[cfg(unix)]
        return input
            .bytes()
            .map(|bytes| Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes)));
        #[cfg(not(unix))]
        return input.value();
    }
    fn get<'h>(held: &'h &'de Path) -> &'h Path {
        held
    }
}

/// A call whose arguments were borrowed, kept as bytes.
pub struct Encoded(Vec<u8>);

/// Turns the arguments of a call into bytes.
///
/// # Errors
///
/// [`TaskError::Encode`] with what the argument's `Serialize` says; [`TaskError::Panicked`] if it panics.
pub fn encode<T: ProcessTask>(args: T::Args<'_>) -> Result<Encoded, TaskError> {
    let mut bytes = Vec::new();
    encode_into::<T>(args, Encoder::new(&mut bytes))?;
    Ok(Encoded(bytes))
}

/// Appends the arguments of a call. Their `Serialize` and their destructors are user code, and may panic.
pub(crate) fn encode_into<T: ProcessTask>(args: T::Args<'_>, mut out: Encoder<'_>) -> Result<(), TaskError> {
    panics::catch(|| T::encode(args, &mut out))?
        .map_err(|error| error.into_task_error(Payload::Arguments, T::FULL_NAME))
}

/// The arguments of several calls in a row, without those that cannot be encoded.
pub(crate) fn encode_all<T: ProcessTask>(args: Vec<T::Args<'_>>) -> (Row, Failed) {
    let (mut row, mut failed) = (Row::default(), Failed::new());
    let count = args.len();
    let mut calls = args.into_iter();
    // One that fails takes the loop along: one look for panics serves all that do not.
    while calls.len() > 0 {
        let coded = panics::catch(|| {
            for args in calls.by_ref() {
                panics::forget_notes();
                T::encode(args, &mut Encoder::new(row.open()))?;
                row.close();
            }
            Ok(())
        });
        let coded =
            coded.and_then(|coded: Coded<()>| coded.map_err(|it| it.into_task_error(Payload::Arguments, T::FULL_NAME)));
        if let Err(error) = coded {
            row.withdraw();
            failed.push_back((count - calls.len() - 1, error));
        }
    }
    (row, failed)
}

/// Reads the arguments of a call and makes it, in this process.
///
/// # Errors
///
/// [`TaskError::Decode`] with what the argument's `Deserialize` says.
pub fn run_encoded<T: ProcessTask>(encoded: &Encoded) -> Result<T::Output, TaskError> {
    T::run(&mut Decoder::new(&encoded.0)).map_err(|error| error.into_task_error(Payload::Arguments, T::FULL_NAME))
}
