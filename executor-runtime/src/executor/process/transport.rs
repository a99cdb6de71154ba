//! What a pool may be told about its links.

use crate::wire::LinkKind;

/// What tasks and answers travel over between a pool and its worker processes:
/// [`ProcessPoolBuilder::transport`](super::ProcessPoolBuilder::transport). (Python: pipes.)
///
/// Both promise the same: messages of any size, a dead worker noticed and named, time limits and
/// kills at any time, and nothing left behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// Two ring buffers in memory that the pool shares with each worker. The default.
    ///
    /// Nothing is mapped or allocated for a message, and nothing passes through the kernel but who wakes whom. A
    /// worker that writes garbage there is killed and replaced ([`WorkerExit::Protocol`](crate::WorkerExit::Protocol))
    /// and can do no other harm.
    #[default]
    SharedMemory,
    /// Channels of the crate `ipc-channel`: the portable way.
    ///
    /// Workers need a writable temporary directory to start, and the pool trusts them to keep to the protocol.
    IpcChannel,
}

impl Transport {
    pub(super) fn link(self, ring_len_bytes: u32) -> LinkKind {
        match self {
            Self::SharedMemory => LinkKind::Ring { ring_len_bytes },
            Self::IpcChannel => LinkKind::IpcChannel,
        }
    }
}
