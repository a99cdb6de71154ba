//! The first exchange, over the socket pair.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::LinkKind;
use crate::sys::limits::{Limits, Refusal};
use crate::task::limited;

/// Counts changes of what is said here and over the links.
pub(crate) const PROTOCOL: u32 = 9;

/// No message of the first exchange comes near this.
const MAX_LEN_BYTES: u32 = 64 * 1024;

/// No message of the first exchange brings more.
const MOST_DESCRIPTORS: usize = 2;

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
    /// A longer value is an error of its task.
    pub(crate) max_value_len_bytes: u64,
    pub(crate) limits: Limits,
    /// What tasks and answers travel over. Its descriptors come with this message.
    pub(crate) link: LinkKind,
    /// After the `Welcome` the worker's stderr goes over the socket.
    pub(crate) hears_stderr: bool,
}

/// What the guest answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Welcome {
    pub(crate) protocol: u32,
    pub(crate) program: u64,
    /// A limit that could not be set. There is no link then.
    pub(crate) refusal: Option<Refusal>,
    /// Where the host finds the guest's end of the link, if it needs to be found; or why there is none.
    pub(crate) door: Result<Option<String>, String>,
    /// The most memory that the guest has had so far, if the system tells.
    pub(crate) memory_bytes: u64,
}

/// Sends one message, and `descriptors` with its first byte.
pub(crate) fn send(
    mut stream: &UnixStream,
    message: &impl Serialize,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let bytes = postcard::to_stdvec(message).map_err(io::Error::other)?;
    let len_bytes = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    let bytes = [&len_bytes.to_le_bytes(), bytes.as_slice()].concat();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let sent = loop {
        match sendmsg(stream, &[IoSlice::new(&bytes)], &mut ancillary, SendFlags::NOSIGNAL) {
            Err(Errno::INTR) => {}
            sent => break sent?,
        }
    };
    stream.write_all(&bytes[sent..])
}

/// Receives one message, waiting until `deadline` at most. Descriptors that come with it are closed.
pub(crate) fn receive<M: DeserializeOwned>(mut stream: &UnixStream, deadline: Option<Instant>) -> io::Result<M> {
    receive_with(|buffer| {
        if let Some(deadline) = deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            stream.set_read_timeout(Some(left))?;
        }
        stream.read(buffer)
    })
}

/// Receives the first message and the descriptors that come with it.
pub(crate) fn receive_hello(stream: &UnixStream) -> io::Result<(Hello, Vec<OwnedFd>)> {
    let mut descriptors = Vec::new();
    let hello = receive_with(|buffer| {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut room = [IoSliceMut::new(buffer)];
        let received = recvmsg(stream, &mut room, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                descriptors.extend(rights);
            }
        }
        Ok(received.bytes)
    })?;
    Ok((hello, descriptors))
}

fn receive_with<M: DeserializeOwned>(mut read: impl FnMut(&mut [u8]) -> io::Result<usize>) -> io::Result<M> {
    let mut len_bytes = [0; 4];
    read_exact(&mut len_bytes, &mut read)?;
    let len_bytes = u32::from_le_bytes(len_bytes);
    if len_bytes > MAX_LEN_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the message is too long"));
    }
    let mut bytes = vec![0; len_bytes as usize];
    read_exact(&mut bytes, &mut read)?;
    limited::from_bytes(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn read_exact(mut buffer: &mut [u8], read: &mut impl FnMut(&mut [u8]) -> io::Result<usize>) -> io::Result<()> {
    while !buffer.is_empty() {
        match read(buffer) {
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
    use std::os::fd::AsFd;
    use std::time::Duration;

    use rustix::io::{FdFlags, fcntl_getfd};

    use super::*;

    fn pair() -> (UnixStream, UnixStream) {
        UnixStream::pair().expect("a socket pair")
    }

    fn hello(link: LinkKind) -> Hello {
        Hello {
            protocol: 7,
            program: u64::MAX,
            depth: 2,
            stack_size_bytes: 0,
            max_value_len_bytes: 9,
            limits: Limits::default(),
            link,
            hears_stderr: true,
        }
    }

    #[test]
    fn a_message_arrives_as_it_was_sent() {
        let (host, guest) = pair();
        let link = LinkKind::IpcChannel;
        let sent = hello(link);
        send(&host, &sent, &[]).expect("sent");
        let hello: Hello = receive(&guest, None).expect("received");
        assert_eq!((hello.protocol, hello.program, hello.depth, hello.link), (7, u64::MAX, 2, link));
    }

    #[test]
    fn descriptors_come_with_the_hello_and_are_no_childs() {
        let (host, guest) = pair();
        let (ours, theirs) = pair();
        let link = LinkKind::Ring { ring_len_bytes: 4096 };
        let sent = hello(link);
        send(&host, &sent, &[theirs.as_fd(), theirs.as_fd()]).expect("sent");
        let (hello, descriptors) = receive_hello(&guest).expect("received");
        assert_eq!((hello.link, descriptors.len()), (link, 2));
        for descriptor in descriptors {
            assert!(fcntl_getfd(&descriptor).expect("its flags").contains(FdFlags::CLOEXEC));
            UnixStream::from(descriptor).write_all(b"x").expect("it is open");
        }
        drop(theirs);
        let mut said = String::new();
        (&ours).read_to_string(&mut said).expect("all ends are closed");
        assert_eq!(said, "xx");
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

    #[test]
    fn descriptors_that_a_guest_sends_are_closed() {
        let (host, guest) = pair();
        let (ours, theirs) = pair();
        let welcome = || Welcome { protocol: PROTOCOL, program: 1, door: Ok(None), refusal: None, memory_bytes: 7 };
        for _ in 0..100 {
            send(&guest, &welcome(), &[theirs.as_fd(), theirs.as_fd()]).expect("sent");
            receive::<Welcome>(&host, None).expect("received");
        }
        // What nobody reads any more is closed with the socket.
        send(&guest, &welcome(), &[theirs.as_fd(), theirs.as_fd()]).expect("sent");
        drop((host, theirs));
        let mut said = String::new();
        (&ours).read_to_string(&mut said).expect("all ends are closed");
        assert_eq!(said, "");
    }

    #[test]
    fn whatever_a_guest_says_first_is_a_welcome_or_an_error() {
        let why = Welcome {
            protocol: PROTOCOL,
            program: u64::MAX,
            door: Err("no".repeat(100)),
            refusal: None,
            memory_bytes: 0,
        };
        let door = Welcome {
            protocol: PROTOCOL,
            program: 0,
            door: Ok(Some("/tmp/door".to_owned())),
            refusal: None,
            memory_bytes: 0,
        };
        let mut ends = [0; 2];
        let mut random = 5_u64;
        for n in 0..20_000 {
            let mut bytes = postcard::to_stdvec(if n % 2 == 0 { &why } else { &door }).expect("written");
            for _ in 0..3 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let [.., place, value] = random.to_le_bytes();
                let place = usize::from(place) % bytes.len();
                bytes[place] = value;
            }
            let said = u32::try_from(bytes.len()).expect("it is short");
            // Longer and shorter than what comes.
            let said = match n % 7 {
                0 => said + 1,
                1 => said - 1,
                2 => MAX_LEN_BYTES,
                _ => said,
            };
            let mut all = [&said.to_le_bytes(), bytes.as_slice()].concat();
            let received = receive_with::<Welcome>(|room| {
                let count = room.len().min(all.len()).min(1 + n % 5);
                room[..count].copy_from_slice(&all[..count]);
                all.drain(..count);
                Ok(count)
            });
            ends[usize::from(received.is_ok())] += 1;
        }
        assert!(ends.iter().all(|count| *count > 1000), "{ends:?}");
    }
}
