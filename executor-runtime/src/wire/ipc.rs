//! The portable link: `ipc-channel`.
//!
//! 1. The guest opens a one-shot server and tells its address, the door, in its
//!    `Welcome`. So it is the guest that would block or panic where the door
//!    cannot be opened, and never the host, which has only a socket to wait on.
//! 2. The host connects and sends the guest's ends of two channels through it.
//!    It also removes what that leaves in the file system, as the guest does.
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

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
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

/// A guest's door, a socket in a folder of its own, as its host knows it. When that lets go of it nothing of it is left in
/// the file system: a guest may be killed before it can see to that itself.
pub(crate) struct Door(String);

impl Door {
    pub(crate) fn new(address: String) -> Self {
        Self(address)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let socket = Path::new(&self.0);
        if fs::symlink_metadata(socket).is_ok_and(|door| door.file_type().is_socket())
            && fs::remove_file(socket).is_ok()
        {
            // It is left where there is anything else in it.
            let _ = socket.parent().map(fs::remove_dir);
        }
    }
}

/// The host goes through the guest's door.
pub(super) fn connect(door: &Door, bell: Arc<Bell>) -> io::Result<impl HostLink + use<>> {
    // Others open descriptors, too. Without one the channel does not say why it cannot connect, and panics at its
    // first message, now and for ever after. So that is tried first, and caught.
    try_to_connect()?;
    let (tasks, their_tasks) = ipc::channel()?;
    let (their_answers, answers) = ipc::channel()?;
    let ends = Ends { tasks: their_tasks, answers: their_answers };
    let guest = IpcSender::connect(door.0.clone())?;
    let sent = catch_unwind(AssertUnwindSafe(|| guest.send(ends)));
    sent.map_err(|_| io::Error::other("ipc-channel panicked"))?.map_err(|error| match error {
        IpcError::Io(error) => error,
        other => io::Error::other(other),
    })?;
    host::Host::new(tasks, answers, bell)
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::os::fd::AsFd;
    use std::path::PathBuf;

    use super::*;

    fn folder_of(door: &str) -> PathBuf {
        Path::new(door).parent().expect("a folder").to_owned()
    }

    #[test]
    fn a_door_is_not_there_any_more_before_the_guest_knows_that_somebody_came() {
        let (server, door) = open_door().expect("a door");
        let folder = folder_of(&door);
        assert!(folder.exists());
        let (life, _alive) = io::pipe().expect("a pipe");
        let bell = Bell::new(None, life.as_fd()).expect("a bell");
        let offer = super::super::Offer(super::super::OfferKind::IpcChannel(Arc::new(bell)));
        let (mut host, _bell) = offer.connect(Some(Door::new(door)), u64::MAX).expect("somebody listens");
        assert!(!folder.exists());
        assert_eq!(host.push([b"task", &[]], &mut 0), Ok(true));
        let (_, ends) = server.accept().expect("somebody came");
        let mut message = Vec::new();
        assert_eq!(guest::Guest::new(ends).receive(&mut message), Ok(()));
        assert_eq!(message, b"task");
    }

    #[test]
    fn a_door_that_nobody_goes_through_is_removed_and_nothing_else() {
        let (_server, door) = open_door().expect("a door");
        let folder = folder_of(&door);
        let file = folder.join("file");
        fs::write(&file, "kept").expect("a file");
        for other in [&file, &folder, &folder.join("none")] {
            drop(Door::new(other.to_str().expect("it is Unicode").to_owned()));
        }
        assert!(Path::new(&door).exists());
        drop(Door::new(door.clone()));
        assert!(!Path::new(&door).exists());
        assert_eq!(fs::read(&file).expect("it is there"), b"kept");
        let (_server, door) = open_door().expect("a door");
        drop(Door::new(door.clone()));
        assert!(!folder_of(&door).exists());
    }
}
