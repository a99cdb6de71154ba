//! What the expansion of `#[pool_task(process)]` says of each type of a signature.
//!
//! A type that cannot be sent is one error, on its token and in our words: that of an assertion. So that nothing
//! else is an error because of it, the rest of the expansion does not demand that a type can be sent. It writes and
//! reads through [`Passing`], which has methods for every type, in three layers of which method resolution takes the
//! first that has one:
//!
//! ```text
//!  Passing ──▶ what is written and read as a whole: `bulk`
//!   └▶ Sent ──▶ all that serde can write and read
//!       └▶ Refused ──▶ everything else
//! ```

use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::bulk::{ReadBulk, WriteBulk};
use super::codec::{Borrowed, Coded, Decoder, Encoder};

/// What can be an argument of a process task: it must become bytes and come back from them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a process task: it cannot be sent to a worker process",
    label = "needs `serde::Serialize` and `serde::Deserialize`",
    note = "add `#[derive(serde::Serialize, serde::Deserialize)]` to the type, or use `#[pool_task(thread)]`",
    note = "a type of another crate, and a borrow inside of another type, has to be an owned one that has them"
)]
pub trait ProcessArgument<'de> {}

#[diagnostic::do_not_recommend]
impl<'de, T: Borrowed<'de> + ?Sized> ProcessArgument<'de> for T {}

/// What a process task can return: it must become bytes and come back from them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a process task: it cannot be sent back from a worker process",
    label = "needs `serde::Serialize` and `serde::Deserialize`",
    note = "add `#[derive(serde::Serialize, serde::Deserialize)]` to the type, or use `#[pool_task(thread)]`",
    note = "a type of another crate has to be replaced by one that has them; of an error its text may do"
)]
pub trait ProcessOutput {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> ProcessOutput for T {}

/// The way of a `T` into bytes and out of them.
pub struct Passing<T: ?Sized>(PhantomData<*const T>);

impl<T: ?Sized> Passing<T> {
    /// It has no state.
    pub const NEW: Self = Self(PhantomData);

    /// Names the type of an argument, of a call that borrows, that cannot be sent.
    pub fn assert_borrowed<'de>(&self)
    where
        T: ProcessArgument<'de>,
    {
    }
}

impl<T: Send> Passing<T> {
    /// Names the type of an argument that is kept as it is until it is sent, and cannot be.
    pub fn assert_kept<'de>(&self)
    where
        T: ProcessArgument<'de>,
    {
    }

    /// Names the type of a value that cannot be sent.
    pub fn assert_output(&self)
    where
        T: ProcessOutput,
    {
    }
}

impl<T: WriteBulk> Passing<T> {
    /// As [`Sent::write_value`].
    ///
    /// # Errors
    ///
    /// As [`Encoder::value`].
    #[inline]
    pub fn write_value(&self, value: T, out: &mut Encoder<'_>) -> Coded<()> {
        value.write(out)
    }
}

impl<'de, T: ReadBulk<'de>> Passing<T> {
    /// As [`Sent::read_value`].
    ///
    /// # Errors
    ///
    /// As [`Decoder::value`].
    #[inline]
    pub fn read_value(&self, input: &mut Decoder<'de>) -> Coded<T> {
        T::read(input)
    }
}

/// A slice of numbers is written as the vector is, and read as serde does: the numbers may lie anywhere in a message.
macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Passing<[$number]> {
            /// As [`Sent::write_borrowed`].
            ///
            /// # Errors
            ///
            /// None in practice.
            #[inline]
            pub fn write_borrowed(&self, value: &[$number], out: &mut Encoder<'_>) -> Coded<()> {
                out.elements(value, <$number>::to_le_bytes)
            }
        }
    )*};
}

numbers!(f32, f64);

impl<'de> Passing<[u8]> {
    /// As [`Sent::write_borrowed`].
    ///
    /// # Errors
    ///
    /// None in practice.
    #[inline]
    pub fn write_borrowed(&self, value: &[u8], out: &mut Encoder<'_>) -> Coded<()> {
        out.bytes(value)
    }

    /// As [`Sent::read_borrowed`].
    ///
    /// # Errors
    ///
    /// As [`Decoder::value`].
    #[inline]
    pub fn read_borrowed(&self, input: &mut Decoder<'de>) -> Coded<&'de [u8]> {
        input.bytes()
    }

    /// As [`Sent::lend`].
    #[inline]
    pub fn lend<'h>(&self, held: &'h &'de [u8]) -> &'h [u8] {
        held
    }
}

impl<T: ?Sized> Deref for Passing<T> {
    type Target = Sent<T>;

    fn deref(&self) -> &Sent<T> {
        &Sent(PhantomData)
    }
}

/// The way of what serde can write and read.
pub struct Sent<T: ?Sized>(PhantomData<*const T>);

#[expect(clippy::unused_self, reason = "method resolution goes by it")]
impl<T: Serialize> Sent<T> {
    /// Appends a value.
    ///
    /// # Errors
    ///
    /// As [`Encoder::value`].
    #[inline]
    pub fn write_value(&self, value: T, out: &mut Encoder<'_>) -> Coded<()> {
        out.value(&value)
    }
}

#[expect(clippy::unused_self, reason = "method resolution goes by it")]
impl<'de, T: Deserialize<'de>> Sent<T> {
    /// Takes a value off.
    ///
    /// # Errors
    ///
    /// As [`Decoder::value`].
    #[inline]
    pub fn read_value(&self, input: &mut Decoder<'de>) -> Coded<T> {
        input.value()
    }
}

#[expect(clippy::unused_self, reason = "method resolution goes by it")]
impl<'de, T: Borrowed<'de> + ?Sized> Sent<T> {
    /// Appends what an argument borrows from.
    ///
    /// # Errors
    ///
    /// As [`Encoder::value`].
    #[inline]
    pub fn write_borrowed(&self, value: &T, out: &mut Encoder<'_>) -> Coded<()> {
        value.encode(out)
    }

    /// Takes it off; it is held while the function runs.
    ///
    /// # Errors
    ///
    /// As [`Decoder::value`].
    #[inline]
    pub fn read_borrowed(&self, input: &mut Decoder<'de>) -> Coded<T::Held> {
        T::decode(input)
    }

    /// Lends it to the function.
    #[inline]
    pub fn lend<'h>(&self, held: &'h T::Held) -> &'h T {
        T::get(held)
    }
}

impl<T: ?Sized> Deref for Sent<T> {
    type Target = Refused<T>;

    fn deref(&self) -> &Refused<T> {
        &Refused(PhantomData)
    }
}

/// The way of a type that cannot be sent. Nothing ever goes it, since the program does not compile.
pub struct Refused<T: ?Sized>(PhantomData<*const T>);

#[expect(clippy::unused_self, reason = "method resolution goes by it")]
impl<T: ?Sized> Refused<T> {
    /// Nothing: a type that is not `Send` is refused by [`OwnedTask::Owned`](super::OwnedTask), and once is enough.
    pub fn assert_kept(&self) {}

    /// Nothing: a type that is not `Send` is refused by [`Task::Output`](super::Task).
    pub fn assert_output(&self) {}

    /// In place of [`Sent::write_value`].
    ///
    /// # Errors
    ///
    /// None, like the others here.
    pub fn write_value(&self, _: T, _: &mut Encoder<'_>) -> Coded<()>
    where
        T: Sized,
    {
        never()
    }

    /// In place of [`Sent::read_value`].
    ///
    /// # Errors
    ///
    /// None.
    pub fn read_value(&self, _: &mut Decoder<'_>) -> Coded<T>
    where
        T: Sized,
    {
        never()
    }

    /// In place of [`Sent::write_borrowed`].
    ///
    /// # Errors
    ///
    /// None.
    pub fn write_borrowed(&self, _: &T, _: &mut Encoder<'_>) -> Coded<()> {
        never()
    }

    /// In place of [`Sent::read_borrowed`].
    ///
    /// # Errors
    ///
    /// None.
    pub fn read_borrowed(&self, _: &mut Decoder<'_>) -> Coded<()> {
        never()
    }

    /// In place of [`Sent::lend`].
    pub fn lend<'h>(&self, (): &'h ()) -> &'h T {
        never()
    }
}

fn never() -> ! {
    unreachable!("a type that cannot be sent does not compile")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_written_as_vectors_are() {
        let bytes = [1, 2, 200];
        let mut out = Vec::new();
        Passing::<[u8]>::NEW.write_borrowed(&bytes, &mut Encoder::new(&mut out)).expect("written");
        Passing::<[f64]>::NEW.write_borrowed(&[0.5, -2.0], &mut Encoder::new(&mut out)).expect("written");
        Passing::<[u64]>::NEW.write_borrowed(&[300], &mut Encoder::new(&mut out)).expect("written");
        assert_eq!(out, postcard::to_stdvec(&(&bytes[..], &[0.5, -2.0][..], &[300_u64][..])).expect("written"));
        let mut input = Decoder::new(&out);
        let held = Passing::<[u8]>::NEW.read_borrowed(&mut input).expect("read");
        assert_eq!(Passing::<[u8]>::NEW.lend(&held), bytes);
        assert_eq!(Passing::<[f64]>::NEW.read_borrowed(&mut input).expect("read"), [0.5, -2.0]);
        assert_eq!(Passing::<[u64]>::NEW.read_borrowed(&mut input).expect("read"), [300]);
    }
}
