//! Messages in pieces, rules 3 and 4, and how the next one is waited for.

use std::io;
use std::time::Duration;

use ipc_channel::ipc::IpcReceiver;
use ipc_channel::{IpcError, TryRecvError};
use serde_bytes::ByteBuf;

use crate::sync::spin::Spin;
use crate::wire::LinkError;

/// Fits the datagram of a Unix socket with the kernel's default buffer, three times over.
const PIECE_LEN_BYTES: usize = 64 * 1024;

/// The length of a message, before its first piece.
const LEN_BYTES: usize = 8;

/// How many pieces a message has that is given in parts.
pub(super) fn count(parts: [&[u8]; 2]) -> usize {
    (LEN_BYTES + len(parts)).div_ceil(PIECE_LEN_BYTES)
}

/// One of them.
pub(super) fn piece(parts: [&[u8]; 2], place: usize) -> ByteBuf {
    let len = len(parts);
    let mut before = place * PIECE_LEN_BYTES;
    let mut room = PIECE_LEN_BYTES.min(LEN_BYTES + len - before);
    let mut piece = Vec::with_capacity(room);
    for part in [&(len as u64).to_le_bytes(), parts[0], parts[1]] {
        let (skipped, rest) = part.split_at(before.min(part.len()));
        let now = &rest[..room.min(rest.len())];
        piece.extend_from_slice(now);
        before -= skipped.len();
        room -= now.len();
    }
    ByteBuf::from(piece)
}

fn len(parts: [&[u8]; 2]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

/// Puts a message together again.
pub(super) fn from_pieces<P: AsRef<[u8]>>(
    message: &mut Vec<u8>,
    mut next: impl FnMut() -> Result<P, LinkError>,
) -> Result<(), LinkError> {
    let first = next()?;
    let (len, start) = first.as_ref().split_first_chunk::<LEN_BYTES>().ok_or(LinkError::Protocol)?;
    let len = usize::try_from(u64::from_le_bytes(*len)).map_err(|_| LinkError::Protocol)?;
    message.clear();
    message.extend_from_slice(start);
    while message.len() < len {
        let piece = next()?;
        if piece.as_ref().is_empty() {
            return Err(LinkError::Protocol);
        }
        message.extend_from_slice(piece.as_ref());
    }
    if message.len() == len { Ok(()) } else { Err(LinkError::Protocol) }
}

/// Waits for one.
pub(super) fn next_piece(spin: &mut Spin, receiver: &IpcReceiver<ByteBuf>) -> Result<ByteBuf, LinkError> {
    if let Some(piece) = look(spin, receiver) {
        return piece;
    }
    loop {
        match receiver.recv() {
            Ok(piece) => return Ok(piece),
            Err(error) => {
                if let Some(failure) = failure(&error) {
                    return Err(failure);
                }
            }
        }
    }
}

/// A piece that comes within the next microseconds.
fn look(spin: &mut Spin, receiver: &IpcReceiver<ByteBuf>) -> Option<Result<ByteBuf, LinkError>> {
    spin.until(|| match receiver.try_recv_timeout(Duration::ZERO) {
        Ok(piece) => Some(Ok(piece)),
        Err(TryRecvError::Empty) => None,
        // The channel polls here, which a program may not that has given up its descriptors. It may receive.
        Err(TryRecvError::IpcError(IpcError::Io(error))) if error.kind() == io::ErrorKind::InvalidInput => None,
        Err(TryRecvError::IpcError(error)) => failure(&error).map(Err),
    })
}

/// What an error of the channel means; `None` if it means to try again.
pub(super) fn failure(error: &IpcError) -> Option<LinkError> {
    match error {
        IpcError::Io(error) if error.kind() == io::ErrorKind::Interrupted => None,
        IpcError::SerializationError(_) => Some(LinkError::Protocol),
        _ => Some(LinkError::Closed),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    fn pieces_of(parts: [&[u8]; 2]) -> VecDeque<Vec<u8>> {
        (0..count(parts)).map(|place| piece(parts, place).into_vec()).collect()
    }

    fn read(mut pieces: VecDeque<Vec<u8>>) -> Result<Vec<u8>, LinkError> {
        let mut message = b"left over".to_vec();
        from_pieces(&mut message, || pieces.pop_front().ok_or(LinkError::Closed))?;
        Ok(message)
    }

    #[test]
    fn a_message_of_any_size_survives_the_pieces() {
        for len in [0, 1, PIECE_LEN_BYTES - LEN_BYTES, PIECE_LEN_BYTES - LEN_BYTES + 1, 5 * PIECE_LEN_BYTES] {
            let message: Vec<u8> = (0..len).map(|n| u8::try_from(n % 251).expect("below 251")).collect();
            for cut in [0, len / 3, len] {
                let (head, tail) = message.split_at(cut);
                let pieces = pieces_of([head, tail]);
                assert!(pieces.iter().all(|piece| piece.len() <= PIECE_LEN_BYTES));
                assert_eq!(read(pieces).as_ref(), Ok(&message), "{len} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_lying_length_is_noticed() {
        let mut short = pieces_of([b"abc", b""]);
        short[0][0] = 2;
        assert_eq!(read(short), Err(LinkError::Protocol));
        let mut long = pieces_of([b"abc", b""]);
        long[0][7] = 0x7f;
        assert_eq!(read(long), Err(LinkError::Closed));
    }

    #[test]
    fn an_empty_piece_cannot_keep_a_reader_busy() {
        let mut pieces = pieces_of([b"abc", b""]);
        pieces[0][0] = 4;
        pieces.push_back(Vec::new());
        assert_eq!(read(pieces), Err(LinkError::Protocol));
    }
}
