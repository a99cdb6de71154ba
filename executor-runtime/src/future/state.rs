//! How far a job has come.

use std::any::type_name;
use std::fmt;

use crate::error::TaskError;

/// How far a job has come (Python: `pending`, `running`, `cancelled`, `finished`).
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
/// use executor_runtime::promise;
///
/// let (promise, future) = promise();
/// assert_eq!(future.state(), State::Pending);
/// let promise = promise.start().expect("not cancelled");
/// assert_eq!(future.state(), State::Running);
/// promise.complete(7);
/// assert_eq!(future.state(), State::Finished);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for its turn and can still be cancelled. (Python says that processes run what is queued for them.)
    Pending,
    /// It runs.
    Running,
    /// It was cancelled before it started, or killed.
    Cancelled,
    /// It has ended with a value.
    Finished,
    /// It has ended with an error other than [`TaskError::Cancelled`] (Python: `finished`, too).
    Failed,
}

impl State {
    /// Whether the job has ended, in whatever way.
    pub fn is_done(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

/// How a job has ended, for when its result is elsewhere or no more.
#[derive(Clone, Copy)]
pub(super) enum End {
    Value,
    Cancelled,
    /// With an error of this name.
    Failed(&'static str),
}

impl End {
    pub(super) fn of<T>(result: &Result<T, TaskError>) -> Self {
        result.as_ref().map_or_else(Self::of_error, |_| Self::Value)
    }

    pub(super) fn of_error(error: &TaskError) -> Self {
        match error {
            TaskError::Cancelled => Self::Cancelled,
            error => Self::Failed(error.name()),
        }
    }

    pub(super) fn state(self) -> State {
        match self {
            Self::Value => State::Finished,
            Self::Cancelled => State::Cancelled,
            Self::Failed(_) => State::Failed,
        }
    }

    /// Writes it as the end of a job with values of the type `T`. Needs no value, since that may be gone.
    pub(super) fn describe<T>(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value => write!(f, "finished ok {}", without_paths(type_name::<T>())),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Failed(name) => write!(f, "finished err {name}"),
        }
    }
}

/// A type's name as it stands in most sources: `Vec<String>` for `alloc::vec::Vec<alloc::string::String>`.
fn without_paths(name: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut short = String::with_capacity(name.len());
    for part in name.split("::") {
        // What stands before `::` is a module, unless it ends in something else than a word.
        short.truncate(short.trim_end_matches(is_word).len());
        short.push_str(part);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_types_name_is_told_without_its_modules() {
        let short = |name: &str| without_paths(name);
        assert_eq!(short(type_name::<i32>()), "i32");
        assert_eq!(short(type_name::<Result<Vec<String>, std::io::Error>>()), "Result<Vec<String>, Error>");
        assert_eq!(short(type_name::<(String, &[Option<u8>])>()), "(String, &[Option<u8>])");
    }
}
