//! Where chance comes from: a seed, or the bytes of a fuzzer.

pub(crate) enum Dice<'a> {
    /// Marsaglia's xorshift; not zero.
    #[cfg_attr(not(test), expect(dead_code, reason = "a fuzzer has bytes"))]
    Seed(u64),
    /// The rest of them. Behind their end all is zero.
    Bytes(&'a [u8]),
}

impl Dice<'_> {
    pub(crate) fn next(&mut self) -> u64 {
        match self {
            Self::Seed(state) => {
                *state ^= *state << 13;
                *state ^= *state >> 7;
                *state ^= *state << 17;
                *state
            }
            Self::Bytes(_) => self.take(8),
        }
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let number = match self {
            Self::Seed(_) => self.next() >> 8,
            Self::Bytes(_) if limit <= 256 => self.take(1),
            Self::Bytes(_) => self.take(4),
        };
        usize::try_from(number % limit as u64).expect("below a usize")
    }

    /// Whether what happens once in so many times happens now.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// Whether there is no more chance.
    pub(crate) fn is_spent(&self) -> bool {
        matches!(self, Self::Bytes([]))
    }

    fn take(&mut self, count: usize) -> u64 {
        let Self::Bytes(bytes) = self else { return self.next() };
        let (now, later) = bytes.split_at(count.min(bytes.len()));
        *bytes = later;
        now.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}
