//! The portable link: `ipc-channel`.
//!
//! 1. The guest opens a one-shot server and tells its address, the door, in its
//!    `Welcome`. So it is the guest that would block or panic where the door
//!    cannot be opened, and never the host, which has only a socket to wait on.
//! 2. The host connects and sends the guest's ends of two channels through it.
//! 3. A message travels in pieces that fit one datagram of the channel. The
//!    channel would split longer ones itself, but over a socket of which the
//!    sender keeps the far end open: a guest that died while it read a large
//!    argument would leave the host writing for ever.
//! 4. The first piece starts with the length of the message, which is believed
//!    only as far as pieces arrive.
//! 5. A host that has no more tasks says so with an empty piece. A channel that
//!    ends without is that of a host that has died.

mod guest;
mod host;
mod pieces;

use std::io;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ipc_channel::IpcError;
use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use rustix::fs::{Access, access};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{Bell, GuestLink, HostLink, LinkError};

/// The guest's ends.
#[derive(Serialize, Deserialize)]
struct Ends {
    tasks: IpcReceiver<ByteBuf>,
    answers: IpcSender<ByteBuf>,
}

/// The guest opens its door, tells the address, and waits for the host.
pub(super) fn serve(
    tell: impl FnOnce(Result<String, String>) -> io::Result<()>,
) -> Result<Box<dyn GuestLink>, LinkError> {
    match open_door() {
        Ok((server, door)) => {
            tell(Ok(door)).map_err(|_| LinkError::Closed)?;
            let (_, ends) = server.accept().map_err(|_| LinkError::Closed)?;
            Ok(Box::new(guest::Guest::new(ends)))
        }
        Err(problem) => {
            let folder = std::env::temp_dir();
            let problem = format!("no socket in the temporary directory {}: {problem}", folder.display());
            tell(Err(problem)).map_err(|_| LinkError::Closed)?;
            Err(LinkError::Closed)
        }
    }
}

/// The channel panics where it cannot make a directory, so that is tried first; and caught, since the answer
/// can be another one a moment later.
fn open_door() -> Result<(IpcOneShotServer<Ends>, String), String> {
    access(std::env::temp_dir(), Access::WRITE_OK | Access::EXEC_OK).map_err(|error| error.to_string())?;
    let opened = catch_unwind(IpcOneShotServer::<Ends>::new);
    opened.map_err(|_| "ipc-channel panicked".to_owned())?.map_err(|error| error.to_string())
}

/// Whether the host has as many descriptors as it takes to go through a door. To be asked before there is one: whoever
/// opened it would leave it behind.
pub(super) fn try_to_connect() -> io::Result<()> {
    /// Two channels, a socket to the door, the two with which the channel learns at its first message how long a
    /// datagram may be, and one for whoever hears what the guest says.
    const DESCRIPTORS: usize = 4 + 1 + 2 + 1;

    let pairs: io::Result<Vec<_>> = (0..DESCRIPTORS / 2).map(|_| UnixStream::pair()).collect();
    pairs.map(drop)
}

/// The host goes through the guest's door.
pub(super) fn connect(door: String, bell: Arc<Bell>) -> io::Result<impl HostLink> {
    // Others open descriptors, too. Without one the channel does not say why it cannot connect, and panics at its
    // first message, now and for ever after. So that is tried first, and caught.
    try_to_connect()?;
    let (tasks, their_tasks) = ipc::channel()?;
    let (their_answers, answers) = ipc::channel()?;
    let ends = Ends { tasks: their_tasks, answers: their_answers };
    let guest = IpcSender::connect(door)?;
    let sent = catch_unwind(AssertUnwindSafe(|| guest.send(ends)));
    sent.map_err(|_| io::Error::other("ipc-channel panicked"))?.map_err(|error| match error {
        IpcError::Io(error) => error,
        other => io::Error::other(other),
    })?;
    host::Host::new(tasks, answers, bell)
}
