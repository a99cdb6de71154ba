//! Values that are large because they are long: vectors whose elements lie in memory as they lie on the wire, and
//! text.
//!
//! serde, and so postcard, sees a vector as so many elements. Here the same bytes come of all elements at once, and
//! those of a byte vector or of a text, if they are many, do not come at all: the vector goes out of band.

use serde::{Deserialize, Serialize};

use super::codec::{CodecError, Coded, Decoder, Encoder};

/// A value that is written as a whole.
pub trait WriteBulk {
    #[doc(hidden)]
    fn write(self, out: &mut Encoder<'_>) -> Coded<()>;
}

/// A value that is read as a whole.
pub trait ReadBulk<'de>: Sized {
    #[doc(hidden)]
    fn read(input: &mut Decoder<'de>) -> Coded<Self>;
}

impl WriteBulk for Vec<u8> {
    fn write(self, out: &mut Encoder<'_>) -> Coded<()> {
        out.owned_bytes(self)
    }
}

impl ReadBulk<'_> for Vec<u8> {
    fn read(input: &mut Decoder<'_>) -> Coded<Self> {
        input.owned_bytes()
    }
}

impl WriteBulk for Box<[u8]> {
    fn write(self, out: &mut Encoder<'_>) -> Coded<()> {
        out.owned_bytes(self.into_vec())
    }
}

impl ReadBulk<'_> for Box<[u8]> {
    fn read(input: &mut Decoder<'_>) -> Coded<Self> {
        input.owned_bytes().map(Vec::into_boxed_slice)
    }
}

impl WriteBulk for String {
    fn write(self, out: &mut Encoder<'_>) -> Coded<()> {
        out.owned_bytes(self.into_bytes())
    }
}

impl ReadBulk<'_> for String {
    fn read(input: &mut Decoder<'_>) -> Coded<Self> {
        Self::from_utf8(input.owned_bytes()?).map_err(CodecError::decoding)
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl WriteBulk for Vec<$number> {
            fn write(self, out: &mut Encoder<'_>) -> Coded<()> {
                out.elements(&self, <$number>::to_le_bytes)
            }
        }

        impl ReadBulk<'_> for Vec<$number> {
            fn read(input: &mut Decoder<'_>) -> Coded<Self> {
                input.elements(<$number>::from_le_bytes)
            }
        }
    )*};
}

// Integers of more than one byte have as many on the wire as they need.
numbers!(f32, f64);

impl<T: WriteBulk> WriteBulk for Option<T> {
    fn write(self, out: &mut Encoder<'_>) -> Coded<()> {
        out.value(&self.is_some())?;
        self.map_or(Ok(()), |value| value.write(out))
    }
}

impl<'de, T: ReadBulk<'de>> ReadBulk<'de> for Option<T> {
    fn read(input: &mut Decoder<'de>) -> Coded<Self> {
        Ok(if input.value()? { Some(T::read(input)?) } else { None })
    }
}

impl<T: WriteBulk, E: Serialize> WriteBulk for Result<T, E> {
    fn write(self, out: &mut Encoder<'_>) -> Coded<()> {
        out.value(&self.is_err())?;
        match self {
            Ok(value) => value.write(out),
            Err(error) => out.value(&error),
        }
    }
}

impl<'de, T: ReadBulk<'de>, E: Deserialize<'de>> ReadBulk<'de> for Result<T, E> {
    fn read(input: &mut Decoder<'de>) -> Coded<Self> {
        Ok(if input.value()? { Err(input.value()?) } else { Ok(T::read(input)?) })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::de::DeserializeOwned;

    use super::*;
    use crate::task::codec::OUT_OF_BAND_LEN_BYTES;

    /// Checks that a value comes back, and that it is on the wire what postcard makes of it.
    fn check<T>(value: &T)
    where
        T: Clone + Debug + PartialEq + Serialize + DeserializeOwned + WriteBulk + for<'de> ReadBulk<'de>,
    {
        let expected = postcard::to_stdvec(value).expect("written");
        let mut bytes = Vec::new();
        value.clone().write(&mut Encoder::new(&mut bytes)).expect("written");
        assert_eq!(bytes, expected);
        assert_eq!(T::read(&mut Decoder::new(&bytes)).expect("read"), *value);
        assert!(T::read(&mut Decoder::new(&bytes[..bytes.len() - 1])).is_err(), "cut short");

        let (mut bytes, mut aside) = (Vec::new(), Vec::new());
        value.clone().write(&mut Encoder::with_aside(&mut bytes, &mut aside)).expect("written");
        assert_eq!([bytes.as_slice(), &aside].concat(), expected);
        assert_eq!(T::read(&mut Decoder::with_aside(&bytes, &mut aside)).expect("read"), *value);
        assert!(aside.is_empty(), "it was taken");
    }

    #[test]
    fn values_are_on_the_wire_what_serde_says() {
        let lens = [0, 1, 127, 128, 255, OUT_OF_BAND_LEN_BYTES - 1, OUT_OF_BAND_LEN_BYTES, 300_000];
        for len in lens {
            let bytes: Vec<u8> = (0..=255).cycle().take(len).collect();
            check(&bytes);
            check(&bytes.clone().into_boxed_slice());
            check(&Some(bytes.clone()));
            check(&Ok::<_, String>(bytes.clone()));
            check(&"ä".repeat(len / 2));
            check(&bytes.iter().map(|byte| f32::from(*byte) / 3.0).collect::<Vec<_>>());
            check(&bytes.iter().map(|byte| f64::from(*byte) / 3.0).collect::<Vec<_>>());
        }
        check(&Some(Some("text".to_owned())));
        check(&Err::<Vec<u8>, _>("why".to_owned()));
    }

    #[test]
    fn nothing_is_some_and_no_more() {
        let mut bytes = Vec::new();
        None::<Vec<u8>>.write(&mut Encoder::new(&mut bytes)).expect("written");
        assert_eq!(bytes, [0]);
        assert_eq!(Option::<Vec<u8>>::read(&mut Decoder::new(&bytes)).expect("read"), None);
        assert!(Option::<Vec<u8>>::read(&mut Decoder::new(&[2, 0])).is_err());
    }

    #[test]
    fn one_vector_of_a_call_goes_out_of_band() {
        let [first, second] = [1, 2].map(|byte| vec![byte; OUT_OF_BAND_LEN_BYTES]);
        let (mut bytes, mut aside) = (Vec::new(), Vec::new());
        let mut out = Encoder::with_aside(&mut bytes, &mut aside);
        b"small".to_vec().write(&mut out).expect("written");
        first.clone().write(&mut out).expect("written");
        second.clone().write(&mut out).expect("written");
        assert_eq!(aside, first);
        let mut input = Decoder::with_aside(&bytes, &mut aside);
        assert_eq!(Vec::<u8>::read(&mut input).expect("read"), *b"small");
        assert_eq!(Vec::<u8>::read(&mut input).expect("read"), first);
        assert_eq!(Vec::<u8>::read(&mut input).expect("read"), second);
    }

    #[test]
    fn what_came_out_of_band_has_the_length_that_was_said() {
        for lie in [OUT_OF_BAND_LEN_BYTES - 1, OUT_OF_BAND_LEN_BYTES + 1] {
            let (mut bytes, mut aside) = (Vec::new(), Vec::new());
            vec![0; OUT_OF_BAND_LEN_BYTES].write(&mut Encoder::with_aside(&mut bytes, &mut aside)).expect("written");
            aside.resize(lie, 0);
            assert!(Vec::<u8>::read(&mut Decoder::with_aside(&bytes, &mut aside)).is_err());
        }
    }

    #[test]
    fn a_lying_length_allocates_nothing() {
        for lie in [&[0xff, 0xff, 0xff, 0xff, 0x0f, 1][..], &[0xff; 10], &[3, 1]] {
            assert!(Vec::<u8>::read(&mut Decoder::new(lie)).is_err());
            assert!(Vec::<f64>::read(&mut Decoder::new(lie)).is_err());
        }
    }
}
