//! Reading with limits: what a few bytes can ask of whoever reads them.
//!
//! The bytes of a value come from another process, which may have written anything. postcard checks every length of
//! text and bytes against what is there, but two things have no such end:
//!
//! 1. A sequence of elements that take no bytes, as `Vec<()>`, can say that it has 2^64 of them: a loop without end.
//!    So a value has no more elements, of all its sequences and maps together, than its message has bytes, and
//!    [`FREE_ELEMENTS`] more.
//! 2. A type that contains itself, as a list of `Box`es, can be as deep as the message is long: the stack ends, and
//!    that ends the process. So a value has [`MOST_LEVELS`] at most. Only an `Option`, an enum, a sequence or a map
//!    is a level: no type without one of them contains itself and has an end. And where types are large, there are fewer
//!    levels: as many as take [`MOST_STACK_BYTES`] of the stack. How much that is follows from the sizes of the types
//!    alone, so that what can be read does not depend on how the program was built.
//!
//! What a sequence says of its length is also what many types reserve memory by. All of a value together is told no
//! more than the message has bytes.
//!
//! The limits hold on both sides: an argument that is too deep is an error of its task, too, and not the end of the
//! worker that reads it. A value that is neither deep nor has empty elements pays for a few additions.

use std::fmt;

use postcard::de_flavors::Slice;
use postcard::{Deserializer, Error};
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

/// So many elements a value may have beyond the bytes of its message.
pub(crate) const FREE_ELEMENTS: usize = 64 * 1024;

/// How deep a value may be nested.
pub(crate) const MOST_LEVELS: u32 = 512;

/// How much of the stack the levels of one value may take: half of what std gives a thread.
pub(crate) const MOST_STACK_BYTES: usize = 1 << 20;

/// A value with no more levels than this is not refused for its size: nobody can make it deeper.
const FEW_LEVELS: u32 = 8;

/// What the reading of a `T` takes of the stack while its parts are read, in a build without optimizations: some frames,
/// and it is moved from one to the other. (Measured on x86-64 with Rust 1.95: see the test.)
const fn frames_of<T>(frames_len_bytes: usize) -> usize {
    frames_len_bytes + 4 * size_of::<T>()
}

/// Of an `Option`, an enum, a sequence or a map.
const LEVEL_LEN_BYTES: usize = 1200;

/// Of a struct or a tuple.
const STRUCT_LEN_BYTES: usize = 500;

/// Which limit a value has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    Levels,
    Stack,
    Elements,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Levels => write!(f, "it is nested more than {MOST_LEVELS} levels deep"),
            Self::Stack => {
                write!(f, "it is nested so deep that its types take more than {MOST_STACK_BYTES} bytes of stack")
            }
            Self::Elements => write!(f, "it says that it has over {FREE_ELEMENTS} elements more than bytes"),
        }
    }
}

/// Why bytes are no value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Limit(Limit),
    Postcard(Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(limit) => limit.fmt(f),
            Self::Postcard(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}

/// Reads a value, and gives what is left behind it.
#[inline]
pub(crate) fn split_first<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<(T, &'de [u8]), Fault> {
    let mut source = Source::new(bytes);
    match T::deserialize(Limited { source: &mut source, levels: 0, stack_bytes: 0 }) {
        Ok(value) => source.input.finalize().map(|rest| (value, rest)).map_err(Fault::Postcard),
        Err(error) => Err(source.fault(error)),
    }
}

/// Reads a value of which nobody cares what is behind it.
pub(crate) fn from_bytes<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Fault> {
    split_first(bytes).map(|(value, _)| value)
}

/// What a value is read from.
struct Source<'de> {
    input: Deserializer<'de, Slice<'de>>,
    elements_left: usize,
    /// So many elements may still be announced to those who make room for them.
    hints_left: usize,
    /// What was passed. postcard's error has no place for it.
    passed: Option<Limit>,
}

impl<'de> Source<'de> {
    #[inline]
    fn new(bytes: &'de [u8]) -> Self {
        Self {
            input: Deserializer::from_bytes(bytes),
            elements_left: bytes.len() + FREE_ELEMENTS,
            hints_left: bytes.len(),
            passed: None,
        }
    }

    #[cold]
    fn fault(&self, error: Error) -> Fault {
        self.passed.map_or(Fault::Postcard(error), Fault::Limit)
    }

    #[cold]
    fn pass(&mut self, limit: Limit) -> Error {
        self.passed = Some(limit);
        Error::SerdeDeCustom
    }

    /// How many elements follow.
    #[inline]
    fn count(&mut self) -> postcard::Result<usize> {
        let count = usize::deserialize(&mut self.input)?;
        match self.elements_left.checked_sub(count) {
            Some(left) => self.elements_left = left,
            None => return Err(self.pass(Limit::Elements)),
        }
        Ok(count)
    }
}

/// postcard's way of reading, with limits, at one level of a value.
struct Limited<'a, 'de> {
    source: &'a mut Source<'de>,
    /// So many are around it.
    levels: u32,
    /// What those around it take of the stack.
    stack_bytes: usize,
}

impl<'a, 'de> Limited<'a, 'de> {
    #[inline]
    fn again(&mut self) -> Limited<'_, 'de> {
        Limited { source: self.source, levels: self.levels, stack_bytes: self.stack_bytes }
    }

    /// Inside of a struct or a tuple.
    #[inline]
    fn inside<T>(self) -> Self {
        Self { stack_bytes: self.stack_bytes.saturating_add(frames_of::<T>(STRUCT_LEN_BYTES)), ..self }
    }

    /// One level deeper, inside of a `T`.
    #[inline]
    fn deeper<T>(self) -> postcard::Result<Self> {
        let Self { source, levels, stack_bytes } = self;
        let stack_bytes = stack_bytes.saturating_add(frames_of::<T>(LEVEL_LEN_BYTES));
        if levels >= FEW_LEVELS && stack_bytes > MOST_STACK_BYTES {
            return Err(source.pass(Limit::Stack));
        }
        if levels >= MOST_LEVELS {
            return Err(source.pass(Limit::Levels));
        }
        Ok(Self { source, levels: levels + 1, stack_bytes })
    }

    /// As many elements as the bytes say.
    #[inline]
    fn elements<T>(self) -> postcard::Result<Elements<'a, 'de>> {
        let left = self.source.count()?;
        let hint = left.min(self.source.hints_left);
        self.source.hints_left -= hint;
        Ok(Elements { at: self.deeper::<T>()?, left, hint })
    }
}

/// What is not nested goes straight to postcard.
macro_rules! flat {
    ($($name:ident)*) => {$(
        #[inline]
        fn $name<V: Visitor<'de>>(self, visitor: V) -> postcard::Result<V::Value> {
            de::Deserializer::$name(&mut self.source.input, visitor)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Limited<'_, 'de> {
    type Error = Error;

    flat! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_unit deserialize_identifier deserialize_ignored_any
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> postcard::Result<V::Value> {
        match u8::deserialize(&mut self.source.input)? {
            0 => visitor.visit_none(),
            1 => visitor.visit_some(self.deeper::<V::Value>()?),
            _ => Err(Error::DeserializeBadOption),
        }
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> postcard::Result<V::Value> {
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> postcard::Result<V::Value> {
        visitor.visit_newtype_struct(self.inside::<V::Value>())
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> postcard::Result<V::Value> {
        visitor.visit_seq(self.elements::<V::Value>()?)
    }

    /// The type says how many elements follow, and not the bytes.
    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(self, count: usize, visitor: V) -> postcard::Result<V::Value> {
        visitor.visit_seq(Elements { at: self.inside::<V::Value>(), left: count, hint: count })
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        count: usize,
        visitor: V,
    ) -> postcard::Result<V::Value> {
        self.deserialize_tuple(count, visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> postcard::Result<V::Value> {
        visitor.visit_map(self.elements::<V::Value>()?)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> postcard::Result<V::Value> {
        self.deserialize_tuple(fields.len(), visitor)
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> postcard::Result<V::Value> {
        visitor.visit_enum(self.deeper::<V::Value>()?)
    }
}

/// The next elements of a sequence, a map or a tuple.
struct Elements<'a, 'de> {
    at: Limited<'a, 'de>,
    left: usize,
    /// So many are announced at most.
    hint: usize,
}

impl<'de> de::SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> postcard::Result<Option<S::Value>> {
        self.left = match self.left.checked_sub(1) {
            Some(left) => left,
            None => return Ok(None),
        };
        seed.deserialize(self.at.again()).map(Some)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left.min(self.hint))
    }
}

impl<'de> de::MapAccess<'de> for Elements<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> postcard::Result<Option<S::Value>> {
        de::SeqAccess::next_element_seed(self, seed)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> postcard::Result<S::Value> {
        seed.deserialize(self.at.again())
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        de::SeqAccess::size_hint(self)
    }
}

impl<'de> de::EnumAccess<'de> for Limited<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> postcard::Result<(S::Value, Self)> {
        let variant = u32::deserialize(&mut self.source.input)?;
        Ok((seed.deserialize(variant.into_deserializer())?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Limited<'_, 'de> {
    type Error = Error;

    #[inline]
    fn unit_variant(self) -> postcard::Result<()> {
        Ok(())
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> postcard::Result<S::Value> {
        seed.deserialize(self)
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, count: usize, visitor: V) -> postcard::Result<V::Value> {
        de::Deserializer::deserialize_tuple(self, count, visitor)
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> postcard::Result<V::Value> {
        de::Deserializer::deserialize_tuple(self, fields.len(), visitor)
    }
}

#[cfg(test)]
mod tests;
