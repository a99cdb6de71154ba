//! Every process task of the program, collected at link time.

use std::collections::HashMap;
use std::sync::OnceLock;

use linkme::distributed_slice;

use super::codec::{CodecError, Coded, Decoder, Direction, Encoder};
use super::{ProcessTask, panics};
use crate::error::{Payload, PoolError, TaskError};

/// Where `#[pool_task(process)]` registers. Lists of this kind are told apart by their name alone, in the whole program.
#[distributed_slice]
pub static EXECUTOR_RUNTIME_TASKS: [TaskEntry];

/// What a task is called between a pool and its workers, which are one program: a number made of its name.
///
/// A name that the user did not choose is a path, and several functions of a program can have one path: two that
/// are local to different functions, one in a library and one in the program of its package, or those of two
/// versions of one crate. So the position goes with such a name. A name that was chosen stands alone, and nobody
/// else may have it together with the same version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WireId(u64);

impl WireId {
    /// The number of a task whose name the user chose.
    pub const fn chosen(name: &str, version: u32) -> Self {
        Self(fnv1a(fnv1a(FNV_OFFSET, name.as_bytes()), &version.to_le_bytes()))
    }

    /// The number of a task with its default name.
    pub const fn at(name: &str, version: u32, position: &str) -> Self {
        Self(fnv1a(fnv1a(Self::chosen(name, version).0, b"@"), position.as_bytes()))
    }

    pub(crate) fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(bytes))
    }
}

/// One process task, as a worker needs it.
pub struct TaskEntry {
    id: WireId,
    pub(crate) name: &'static str,
    /// The argument and return types, to notice a worker that runs another program.
    signature: fn() -> &'static str,
    run: fn(&mut Decoder<'_>, &mut Encoder<'_>) -> Coded<()>,
    run_all: fn(&mut dyn Calls) -> Coded<()>,
    file: &'static str,
    line: u32,
    column: u32,
}

impl TaskEntry {
    /// The entry of `T`, whose function stands at this position.
    pub const fn new<T: ProcessTask>(file: &'static str, line: u32, column: u32) -> Self {
        Self {
            id: T::ID,
            name: T::FULL_NAME,
            signature: std::any::type_name::<fn(T::Args<'static>) -> T::Output>,
            run: run::<T>,
            run_all: run_all::<T>,
            file,
            line,
            column,
        }
    }

    /// Runs the task; its encoded value is appended to `out`.
    pub(crate) fn run(&self, mut arguments: Decoder<'_>, mut out: Encoder<'_>) -> Result<(), TaskError> {
        panics::catch(|| (self.run)(&mut arguments, &mut out))?.map_err(|error| self.codec_failed(error))
    }

    /// Runs the next calls of a chunk, until there are no more or one fails.
    pub(crate) fn run_all(&self, calls: &mut dyn Calls) -> Result<(), TaskError> {
        panics::catch(|| (self.run_all)(calls))?.map_err(|error| self.codec_failed(error))
    }

    fn codec_failed(&self, error: CodecError) -> TaskError {
        // A worker reads arguments and writes values.
        let what = match error.direction {
            Direction::Decoding => Payload::Arguments,
            Direction::Encoding => Payload::Value,
        };
        error.into_task_error(what, self.name)
    }

    fn position(&self) -> String {
        format!("{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Reads the arguments, calls the function, appends its value to `out`. Compiled once for each task: what is the same
/// for all of them is left to [`TaskEntry::run`].
fn run<T: ProcessTask>(arguments: &mut Decoder<'_>, out: &mut Encoder<'_>) -> Coded<()> {
    let value = T::run(arguments)?;
    T::encode_output(value, out)
}

/// As [`run`], for the next calls of a chunk.
fn run_all<T: ProcessTask>(calls: &mut dyn Calls) -> Coded<()> {
    while let Some((arguments, out)) = calls.next() {
        let value = T::run(&mut Decoder::new(arguments))?;
        T::encode_output(value, &mut Encoder::new(out))?;
    }
    Ok(())
}

/// The calls of a chunk, for who runs them one after the other.
pub(crate) trait Calls {
    /// Answers the call before with what was appended to the buffer it came with. The arguments of the next one, if
    /// there is one, and where its value is appended.
    fn next(&mut self) -> Option<(&[u8], &mut Vec<u8>)>;
}

/// The tasks of the program, checked once.
pub(crate) struct Registry {
    by_id: HashMap<WireId, &'static TaskEntry>,
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
            None => Self::new(&EXECUTOR_RUNTIME_TASKS).map(|registry| REGISTRY.get_or_init(|| registry)),
        }
    }

    fn new(entries: &'static [TaskEntry]) -> Result<Self, PoolError> {
        let mut by_id: HashMap<WireId, &'static TaskEntry> = HashMap::with_capacity(entries.len());
        for entry in entries {
            if let Some(other) = by_id.insert(entry.id, entry) {
                let mut positions = [other.position(), entry.position()];
                positions.sort();
                let [first, second] = positions;
                return Err(PoolError::DuplicateTask { name: entry.name, first, second });
            }
        }
        Ok(Self { by_id })
    }

    /// The task of this number.
    pub(crate) fn find(&self, task: WireId) -> Result<&'static TaskEntry, TaskError> {
        self.by_id.get(&task).copied().ok_or_else(|| TaskError::UnknownTask { name: format!("{task:?}") })
    }

    /// A number that two programs share only if they have the same tasks with the same types.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut tasks: Vec<_> = self.by_id.values().map(|entry| (entry.id, (entry.signature)())).collect();
        tasks.sort_unstable();
        tasks.iter().fold(FNV_OFFSET, |hash, (id, signature)| fnv1a(fnv1a(hash, &id.to_bytes()), signature.as_bytes()))
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// FNV-1a, 64 bits (Fowler, Noll and Vo): the same on every machine and toolchain, unlike std's hasher, and
/// computed while compiling.
const fn fnv1a(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(FNV_PRIME);
        at += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn entry(name: &'static str, line: u32) -> TaskEntry {
        TaskEntry {
            id: WireId::chosen(name, 0),
            name,
            signature: || "fn()",
            run: |_, _| Ok(()),
            run_all: |_| Ok(()),
            file: "src/lib.rs",
            line,
            column: 4,
        }
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
    fn tasks_of_one_path_at_two_positions_are_two_tasks() {
        assert_ne!(WireId::at("a::f", 0, "src/lib.rs:1:4"), WireId::at("a::f", 0, "src/main.rs:1:4"));
        assert_ne!(WireId::at("a::f", 0, ""), WireId::chosen("a::f", 0));
    }

    #[test]
    fn versions_of_one_name_are_two_tasks() {
        assert_ne!(WireId::chosen("f", 1), WireId::chosen("f", 2));
        assert_ne!(WireId::at("f", 1, "src/lib.rs:1:4"), WireId::at("f", 2, "src/lib.rs:1:4"));
    }

    #[test]
    fn fnv1a_is_the_published_one() {
        assert_eq!(fnv1a(fnv1a(FNV_OFFSET, b"foo"), b"bar"), 0x8594_4171_f739_67e8);
    }
}
