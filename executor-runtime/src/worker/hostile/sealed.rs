//! A task whose values say whose they are.

use crate::error::TaskError;
use crate::task::{Coded, Decoder, Encoder, OwnedTask, Passing, ProcessTask, Task, WireId};

/// Its arguments are a number that no other call has, how many bytes its value is to have, and bytes that go there for
/// nothing. Its value is made of the number, and has a sum.
pub(super) struct Sealed;

/// The number and the sum.
const HEAD_LEN_BYTES: usize = 16;

/// What a value is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seal {
    /// The value of the call of this number.
    Of(u64),
    /// The worker has changed its own value, as it may.
    Broken,
}

impl Seal {
    pub(super) fn look(value: &[u8]) -> Self {
        let Some((number, rest)) = value.split_first_chunk() else { return Self::Broken };
        let Some((sum, rest)) = rest.split_first_chunk() else { return Self::Broken };
        let number = u64::from_le_bytes(*number);
        if u64::from_le_bytes(*sum) == sum_of(number, rest) { Self::Of(number) } else { Self::Broken }
    }
}

/// A few bits that are changed anywhere change half of it.
fn sum_of(number: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word)).chain(rest.iter().map(|byte| u64::from(*byte)));
    words.chain([bytes.len() as u64]).fold(mix(number), |sum, word| mix(sum ^ word))
}

/// The end of `MurmurHash3`.
fn mix(mut bits: u64) -> u64 {
    bits ^= bits >> 33;
    bits = bits.wrapping_mul(0xff51_afd7_ed55_8ccd);
    bits ^= bits >> 33;
    bits = bits.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    bits ^ bits >> 33
}

pub(super) type Arguments = (u64, u32, Vec<u8>);

impl Task for Sealed {
    type Args<'a> = Arguments;
    type Output = Vec<u8>;

    const NAME: &'static str = "sealed";

    fn call((number, len_bytes, _): Arguments) -> Vec<u8> {
        let mut value = vec![number.to_le_bytes()[0]; HEAD_LEN_BYTES + len_bytes as usize];
        let sum = sum_of(number, &value[HEAD_LEN_BYTES..]);
        value[..8].copy_from_slice(&number.to_le_bytes());
        value[8..HEAD_LEN_BYTES].copy_from_slice(&sum.to_le_bytes());
        value
    }
}

impl OwnedTask for Sealed {
    type Owned = Arguments;

    fn own(args: Arguments) -> Result<Arguments, TaskError> {
        Ok(args)
    }
    fn call_owned(owned: Arguments) -> Result<Vec<u8>, TaskError> {
        Ok(Self::call(owned))
    }
}

impl ProcessTask for Sealed {
    const ID: WireId = WireId::chosen("sealed", 0);

    fn encode((number, len_bytes, bytes): Arguments, out: &mut Encoder<'_>) -> Coded<()> {
        out.value(&number)?;
        out.value(&len_bytes)?;
        Passing::<Vec<u8>>::NEW.write_value(bytes, out)
    }
    fn run(input: &mut Decoder<'_>) -> Coded<Vec<u8>> {
        Ok(Self::call((input.value()?, input.value()?, Passing::<Vec<u8>>::NEW.read_value(input)?)))
    }
    fn encode_output(output: Vec<u8>, out: &mut Encoder<'_>) -> Coded<()> {
        Passing::<Vec<u8>>::NEW.write_value(output, out)
    }
    fn decode_output(input: &mut Decoder<'_>) -> Coded<Vec<u8>> {
        Passing::<Vec<u8>>::NEW.read_value(input)
    }
}
