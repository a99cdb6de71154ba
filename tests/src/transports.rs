//! Suites that run over each transport.

use executor_runtime::prelude::*;
use executor_runtime::{ProcessPoolBuilder, Transport};

/// Makes each function of a suite, which takes a transport, a test for each transport.
#[macro_export]
macro_rules! over_each_transport {
    ($($name:ident)*) => {
        mod over_shared_memory {
            $(#[test]
            fn $name() -> super::Outcome {
                super::$name(executor_runtime::Transport::SharedMemory)
            })*
        }
        mod over_ipc_channel {
            $(#[test]
            fn $name() -> super::Outcome {
                super::$name(executor_runtime::Transport::IpcChannel)
            })*
        }
    };
}

/// Where the tests of a transport are.
pub fn module_of(transport: Transport) -> &'static str {
    match transport {
        Transport::IpcChannel => "over_ipc_channel",
        _ => "over_shared_memory",
    }
}

/// A builder of a pool that uses this transport.
pub fn builder_over(transport: Transport) -> ProcessPoolBuilder {
    ProcessPoolExecutor::builder().transport(transport)
}

/// A task, once it runs.
pub fn running<T>(future: TaskFuture<T>) -> TaskFuture<T> {
    while !future.is_running() {
        std::thread::yield_now();
    }
    future
}
