//! Byte strings in a row, each after its length: the arguments, or the values, of several calls.
//!
//! A length is one byte; of a string that is not short that byte is full, and eight more say how long it is.

/// What the first byte says of a string that is not short.
const LONG: u8 = u8::MAX;

/// A long string's length, behind that byte.
const LEN_BYTES: usize = size_of::<u64>();

/// A row that is being written.
#[derive(Debug, Default)]
pub(crate) struct Row {
    bytes: Vec<u8>,
    /// Where the string that was begun last has its length.
    start: usize,
    /// That string has room for a long length. Neighbours are much alike: so has the next one, and is not moved to make
    /// room.
    is_long: bool,
}

impl Row {
    /// Begins the row behind what else is to come before it.
    pub(crate) fn begin(&mut self, head: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(head);
    }

    /// Begins a string. Until it is [ended](Self::end) or [withdrawn](Self::withdraw), its bytes are appended here.
    #[inline]
    pub(crate) fn open(&mut self) -> &mut Vec<u8> {
        self.start = self.bytes.len();
        self.bytes.push(LONG);
        if self.is_long {
            self.bytes.extend_from_slice(&[0; LEN_BYTES]);
        }
        &mut self.bytes
    }

    /// Ends the string that was begun.
    #[inline]
    pub(crate) fn close(&mut self) {
        let len = self.bytes.len() - self.start - 1;
        match u8::try_from(len) {
            Ok(short) if short < LONG && !self.is_long => self.bytes[self.start] = short,
            _ => self.close_long(),
        }
    }

    #[cold]
    fn close_long(&mut self) {
        let head = self.start + 1;
        if !self.is_long {
            self.bytes.splice(head..head, [0; LEN_BYTES]);
        }
        let len = self.bytes.len() - head - LEN_BYTES;
        self.bytes[head..head + LEN_BYTES].copy_from_slice(&(len as u64).to_le_bytes());
        self.is_long = len >= usize::from(LONG);
    }

    /// How long the string is that was begun.
    pub(crate) fn open_len(&self) -> usize {
        self.bytes.len() - self.start - 1 - if self.is_long { LEN_BYTES } else { 0 }
    }

    /// Takes the string back that was begun.
    pub(crate) fn withdraw(&mut self) {
        self.bytes.truncate(self.start);
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Takes the first string off a row; `None` if there is none, or if the row is cut short.
#[inline]
pub(crate) fn split_first(row: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&len, rest) = row.split_first()?;
    if len < LONG { rest.split_at_checked(usize::from(len)) } else { split_long(rest) }
}

#[cold]
fn split_long(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = rest.split_first_chunk::<LEN_BYTES>()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)
}

/// What is left of a row behind its first strings; `None` if there are not so many.
pub(crate) fn skip(mut row: &[u8], count: usize) -> Option<&[u8]> {
    for _ in 0..count {
        (_, row) = split_first(row)?;
    }
    Some(row)
}

/// How many strings a row has; `None` if it is cut short.
pub(crate) fn count(mut row: &[u8]) -> Option<usize> {
    let mut count = 0;
    while !row.is_empty() {
        (_, row) = split_first(row)?;
        count += 1;
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_any_length_come_off_a_row_as_they_were_put_in() {
        let lengths = [0, 1, 254, 255, 256, 3, 254, 70_000, 70_000, 0, 9];
        let strings: Vec<Vec<u8>> = lengths.iter().zip(1..).map(|(len, byte)| vec![byte; *len]).collect();
        let mut row = Row::default();
        row.begin(b"head");
        for string in &strings {
            row.open().extend_from_slice(string);
            row.close();
            row.open().extend_from_slice(b"not wanted");
            row.withdraw();
        }
        let mut rest = row.bytes().strip_prefix(b"head").expect("what it began with");
        assert_eq!(count(rest), Some(strings.len()));
        assert_eq!(skip(rest, 2).and_then(split_first).map(|(third, _)| third), Some(&*strings[2]));
        for string in &strings {
            let (first, others) = split_first(rest).expect("one more");
            assert!(first == string, "{} instead of {}", first.len(), string.len());
            rest = others;
        }
        assert_eq!(split_first(rest), None);
    }

    #[test]
    fn a_row_that_is_cut_short_is_noticed() {
        let lies = [&[5, 1][..], &[LONG], &[LONG, 1, 0, 0], &[LONG, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]];
        for lie in lies {
            assert_eq!((split_first(lie), count(lie), skip(lie, 1)), (None, None, None), "{lie:?}");
        }
        assert_eq!((count(&[1, 7]), skip(&[1, 7], 2)), (Some(1), None));
    }
}
