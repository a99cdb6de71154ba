//! The first exchange, over the socket pair.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Counts changes of what is said here and over the links.
pub(crate) const PROTOCOL: u32 = 2;

/// No message of the first exchange comes near this.
const MAX_LEN_BYTES: u32 = 64 * 1024;

/// What the host says first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) protocol: u32,
    /// The registry's fingerprint: see [`Registry::fingerprint`](crate::task::registry::Registry::fingerprint).
    pub(crate) program: u64,
    /// How many pools are around the worker's tasks.
    pub(crate) depth: u32,
    /// The stack of the thread that runs the tasks.
    pub(crate) stack_size_bytes: u64,
}

/// What the guest answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Welcome {
    pub(crate) protocol: u32,
    pub(crate) program: u64,
    /// Where the host finds the guest's end of the link, or why there is none.
    pub(crate) door: Result<String, String>,
}

/// Sends one message.
pub(crate) fn send(mut stream: &UnixStream, message: &impl Serialize) -> io::Result<()> {
    let bytes = postcard::to_stdvec(message).map_err(io::Error::other)?;
    let len_bytes = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&len_bytes.to_le_bytes())?;
    stream.write_all(&bytes)
}

/// Receives one message, waiting until `deadline` at most.
pub(crate) fn receive<M: DeserializeOwned>(stream: &UnixStream, deadline: Option<Instant>) -> io::Result<M> {
    let mut len_bytes = [0; 4];
    read_exact(stream, &mut len_bytes, deadline)?;
    let len_bytes = u32::from_le_bytes(len_bytes);
    if len_bytes > MAX_LEN_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the message is too long"));
    }
    let mut bytes = vec![0; len_bytes as usize];
    read_exact(stream, &mut bytes, deadline)?;
    postcard::from_bytes(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn read_exact(mut stream: &UnixStream, mut buffer: &mut [u8], deadline: Option<Instant>) -> io::Result<()> {
    while !buffer.is_empty() {
        if let Some(deadline) = deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            stream.set_read_timeout(Some(left))?;
        }
        match stream.read(buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(len_bytes) => buffer = &mut buffer[len_bytes..],
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn pair() -> (UnixStream, UnixStream) {
        UnixStream::pair().expect("a socket pair")
    }

    #[test]
    fn a_message_arrives_as_it_was_sent() {
        let (host, guest) = pair();
        send(&host, &Hello { protocol: 7, program: u64::MAX, depth: 2, stack_size_bytes: 0 }).expect("sent");
        let hello: Hello = receive(&guest, None).expect("received");
        assert_eq!((hello.protocol, hello.program, hello.depth), (7, u64::MAX, 2));
    }

    #[test]
    fn silence_ends_at_the_deadline() {
        let (host, _guest) = pair();
        let error = receive::<Welcome>(&host, Some(Instant::now() + Duration::from_millis(20))).expect_err("silence");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_closed_end_is_told_at_once() {
        let (host, guest) = pair();
        drop(guest);
        let error = receive::<Welcome>(&host, None).expect_err("closed");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn an_absurd_length_is_refused_before_anything_is_allocated() {
        let (host, mut guest) = pair();
        guest.write_all(&u32::MAX.to_le_bytes()).expect("sent");
        let error = receive::<Welcome>(&host, None).expect_err("too long");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
