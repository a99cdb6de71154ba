//! Every process task of the program, collected at link time.

use std::collections::HashMap;
use std::sync::OnceLock;

use linkme::distributed_slice;

use super::codec::{Decoder, Encoder};
use super::{ProcessTask, panics};
use crate::error::{Payload, PoolError, TaskError};

/// Where `#[pool_task(process)]` registers.
#[distributed_slice]
pub static TASKS: [TaskEntry];

/// One process task, as a worker needs it.
pub struct TaskEntry {
    name: &'static str,
    /// The argument and return types, to notice a worker that runs another program.
    signature: fn() -> &'static str,
    run: fn(&[u8], &mut Vec<u8>) -> Result<(), TaskError>,
    file: &'static str,
    line: u32,
    column: u32,
}

impl TaskEntry {
    /// The entry of `T`, whose function stands at this position.
    pub const fn new<T: ProcessTask>(file: &'static str, line: u32, column: u32) -> Self {
        Self {
            name: T::NAME,
            signature: std::any::type_name::<fn(T::Args<'static>) -> T::Output>,
            run: run::<T>,
            file,
            line,
            column,
        }
    }

    fn position(&self) -> String {
        format!("{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Reads the arguments, calls the function, appends its value to `out`.
fn run<T: ProcessTask>(arguments: &[u8], out: &mut Vec<u8>) -> Result<(), TaskError> {
    panics::catch(|| {
        let value =
            T::run(&mut Decoder::new(arguments)).map_err(|error| error.into_task_error(Payload::Arguments, T::NAME))?;
        Encoder::new(out).value(&value).map_err(|error| error.into_task_error(Payload::Value, T::NAME))
    })
    .flatten()
}

/// The tasks by name, checked once.
pub(crate) struct Registry {
    by_name: HashMap<&'static str, &'static TaskEntry>,
}

impl Registry {
    /// The program's registry.
    ///
    /// # Errors
    ///
    /// [`PoolError::DuplicateTask`], at every call, if two tasks share a name.
    pub(crate) fn of_program() -> Result<&'static Self, PoolError> {
        static REGISTRY: OnceLock<Registry> = OnceLock::new();
        match REGISTRY.get() {
            Some(registry) => Ok(registry),
            None => Self::new(&TASKS).map(|registry| REGISTRY.get_or_init(|| registry)),
        }
    }

    fn new(entries: &'static [TaskEntry]) -> Result<Self, PoolError> {
        let mut by_name: HashMap<&'static str, &'static TaskEntry> = HashMap::with_capacity(entries.len());
        for entry in entries {
            if let Some(other) = by_name.insert(entry.name, entry) {
                let mut positions = [other.position(), entry.position()];
                positions.sort();
                let [first, second] = positions;
                return Err(PoolError::DuplicateTask { name: entry.name, first, second });
            }
        }
        Ok(Self { by_name })
    }

    /// Runs the task `name`; its encoded value is appended to `out`.
    pub(crate) fn run(&self, name: &str, arguments: &[u8], out: &mut Vec<u8>) -> Result<(), TaskError> {
        match self.by_name.get(name) {
            Some(entry) => (entry.run)(arguments, out),
            None => Err(TaskError::UnknownTask { name: name.to_owned() }),
        }
    }

    /// A number that two programs share only if they have the same tasks with the same types.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut tasks: Vec<_> = self.by_name.values().map(|entry| (entry.name, (entry.signature)())).collect();
        tasks.sort_unstable();
        fnv1a(tasks.iter().flat_map(|(name, signature)| [name.as_bytes(), b"\0", signature.as_bytes(), b"\0"]))
    }
}

/// FNV-1a, 64 bits (Fowler, Noll and Vo): the same on every machine and toolchain, unlike std's hasher.
fn fnv1a<'a>(parts: impl Iterator<Item = &'a [u8]>) -> u64 {
    parts.flatten().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &[u8], _: &mut Vec<u8>) -> Result<(), TaskError> {
        Err(TaskError::Cancelled)
    }

    const fn entry(name: &'static str, line: u32) -> TaskEntry {
        TaskEntry { name, signature: || "fn()", run: nothing, file: "src/lib.rs", line, column: 4 }
    }

    #[test]
    fn two_tasks_of_one_name_are_told_with_both_positions() {
        static ENTRIES: [TaskEntry; 3] = [entry("a::f", 20), entry("a::g", 30), entry("a::f", 10)];
        let Err(error) = Registry::new(&ENTRIES) else {
            panic!("the duplicate was not noticed");
        };
        assert_eq!(
            error.to_string(),
            "two tasks are called `a::f`: one at src/lib.rs:10:4, one at src/lib.rs:20:4; \
             rename one of them or give it `name = \"..\"`"
        );
    }

    #[test]
    fn fnv1a_is_the_published_one() {
        assert_eq!(fnv1a([b"foo".as_slice(), b"bar"].into_iter()), 0x8594_4171_f739_67e8);
    }
}
