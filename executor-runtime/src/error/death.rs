//! The death of a worker process, as a task's future tells it.

use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::id::TaskId;

/// The death of a worker process while it ran a task. (Python: the cause of a `BrokenProcessPool`.)
///
/// What it shows is a sentence for a person, with all that is known.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// #[pool_task(process)]
/// fn load(path: String) -> u64 {
///     eprintln!("{path} is no index");
///     std::process::exit(3)
/// }
///
/// # fn main() -> Result<(), PoolError> {
/// let pool = ProcessPoolExecutor::new(1)?;
/// let future = pool.submit(load::task("a.idx".to_owned()));
/// let id = future.id();
/// let Err(TaskError::WorkerDied(death)) = future.result() else { panic!("it has exited") };
/// assert_eq!((death.task_id, death.last_words.as_str()), (id, "a.idx is no index"));
/// // worker process 4711 exited with code 3 after running `load` for 1.2ms: its last words: "a.idx is no index"
/// eprintln!("{death}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerDeath {
    /// The worker's process id.
    pub pid: u32,
    /// How it ended.
    pub exit: WorkerExit,
    /// What that was probably for; `None` if there is no sign of it.
    pub hint: Option<DeathHint>,
    /// The name of the task it ran.
    pub task: String,
    /// The number of the task it ran: its future's [`id`](crate::TaskFuture::id). The calls of a
    /// [chunk](crate::Map::chunk_size) of a `map` have one together.
    pub task_id: TaskId,
    /// How long the task had been running, counted from when it was sent to the worker.
    pub ran_for: Duration,
    /// How often the task was run: more than once only if it has [`retries`](crate::Call::retries).
    pub attempts: u32,
    /// The most memory that the worker ever had resident, in bytes, or a program that it ran and waited for, if that
    /// had more (Python: `ru_maxrss` of `os.wait4()`).
    ///
    /// `None` if that was less than what the pool's own process had when it started the worker, since Linux counts that
    /// as the worker's, too; or if somebody else collected its exit status.
    pub peak_memory_bytes: Option<u64>,
    /// The last lines that the worker wrote to its stderr, also for tasks that it ran before: 20 lines or 4 KiB at most,
    /// without a line break behind the last, and without the frames of backtraces. What is no UTF-8 is replaced.
    ///
    /// Empty if it wrote nothing, or if the pool does not [forward](crate::WorkerStderr::Forward) what it writes; then
    /// only the overflow of a stack is told here.
    pub last_words: String,
}

impl fmt::Display for WorkerDeath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker process {} {} after running `{}` for {:.1?}", self.pid, self.exit, self.task, self.ran_for)?;
        write_attempts(f, self.attempts)?;
        let mut separator = ": ";
        if let Some(hint) = self.hint {
            write!(f, "{separator}{hint}")?;
            separator = "; ";
        }
        if let Some(bytes) = self.peak_memory_bytes {
            write!(f, "{separator}it had {} of memory at most", Size(bytes))?;
            separator = "; ";
        }
        if !self.last_words.is_empty() {
            write!(f, "{separator}its last words: {}", Quoted(&self.last_words))?;
        }
        Ok(())
    }
}

/// Says that it was not for want of trying.
pub(super) fn write_attempts(f: &mut fmt::Formatter<'_>, attempts: u32) -> fmt::Result {
    if attempts > 1 { write!(f, ", at the last of {attempts} attempts") } else { Ok(()) }
}

/// A number of bytes, for people.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One digit behind the point, without floats: they have no exact form of every `u64`.
        let write = |f: &mut fmt::Formatter<'_>, shift: u32, unit| {
            let tenths = (u128::from(self.0) * 10) >> shift;
            write!(f, "{}.{} {unit}", tenths / 10, tenths % 10)
        };
        match self.0 {
            0..0x10_0000 => write(f, 10, "KiB"),
            0x10_0000..0x4000_0000 => write(f, 20, "MiB"),
            _ => write(f, 30, "GiB"),
        }
    }
}

/// Text of somebody else's in one line of ours: its last lines, and no character that would do anything to a terminal.
struct Quoted<'a>(&'a str);

impl Quoted<'_> {
    const MOST_LINES: usize = 3;
    const MOST_CHARS: usize = 300;
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<&str> = self.0.lines().rev().filter(|line| !line.trim().is_empty()).collect();
        lines.truncate(Self::MOST_LINES);
        lines.reverse();
        let text = lines.join("\n");
        let start = text.char_indices().rev().nth(Self::MOST_CHARS - 1).map_or(0, |(start, _)| start);
        f.write_str(if start > 0 { "\"..." } else { "\"" })?;
        for c in text[start..].chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { f.write_char(c)? }
        }
        f.write_char('"')
    }
}

/// What a worker process probably died of: [`WorkerDeath::hint`]. (Python has none.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeathHint {
    /// The system had no memory left for it, and the kernel's killer of processes chose it: it ended by SIGKILL, which
    /// the pool did not send, and the counter of such kills in its control group has grown.
    OutOfMemory,
    /// An allocation failed, and it gave up, as Rust's collections do. This is known from its [last words].
    ///
    /// [last words]: WorkerDeath::last_words
    AllocationFailed,
    /// The task ran out of stack: see [`stack_size`](crate::ProcessPoolBuilder::stack_size). In threads that the task
    /// has started itself this is not noticed.
    StackOverflow,
}

impl fmt::Display for DeathHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfMemory => "the system had no more memory for it and killed it",
            Self::AllocationFailed => "it could not allocate memory",
            Self::StackOverflow => "its stack overflowed",
        })
    }
}

/// How a worker process ended (Python: `Process.exitcode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerExit {
    /// It called `exit` with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// It is gone, but somebody else collected its exit status.
    Unknown,
    /// It broke the protocol and was killed for that.
    Protocol,
}

impl WorkerExit {
    /// The name of the signal that ended the worker, such as `SIGSEGV` (Python: `signal.Signals(n).name`).
    ///
    /// `None` if no signal did, or one that has no name of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::WorkerExit;
    ///
    /// assert_eq!(WorkerExit::Signal(11).signal_name(), Some("SIGSEGV"));
    /// assert_eq!(WorkerExit::Code(1).signal_name(), None);
    /// ```
    pub fn signal_name(self) -> Option<&'static str> {
        /// POSIX's signals with Linux's numbers for `x86` and ARM.
        const NAMES: [(i32, &str); 20] = [
            (1, "SIGHUP"),
            (2, "SIGINT"),
            (3, "SIGQUIT"),
            (4, "SIGILL"),
            (5, "SIGTRAP"),
            (6, "SIGABRT"),
            (7, "SIGBUS"),
            (8, "SIGFPE"),
            (9, "SIGKILL"),
            (10, "SIGUSR1"),
            (11, "SIGSEGV"),
            (12, "SIGUSR2"),
            (13, "SIGPIPE"),
            (14, "SIGALRM"),
            (15, "SIGTERM"),
            (16, "SIGSTKFLT"),
            (24, "SIGXCPU"),
            (25, "SIGXFSZ"),
            (29, "SIGIO"),
            (31, "SIGSYS"),
        ];
        let Self::Signal(number) = self else {
            return None;
        };
        NAMES.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
    }
}

impl fmt::Display for WorkerExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.signal_name()) {
            (Self::Code(code), _) => write!(f, "exited with code {code}"),
            (Self::Signal(_), Some(name)) => write!(f, "was ended by {name}"),
            (Self::Signal(number), None) => write!(f, "was ended by signal {number}"),
            (Self::Unknown, _) => f.write_str("vanished"),
            (Self::Protocol, _) => f.write_str("broke the protocol and was killed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_told_by_its_name() {
        assert_eq!(WorkerExit::Signal(11).to_string(), "was ended by SIGSEGV");
        assert_eq!(WorkerExit::Signal(40).to_string(), "was ended by signal 40");
        assert_eq!(WorkerExit::Code(6).signal_name(), None);
    }

    fn death() -> WorkerDeath {
        WorkerDeath {
            pid: 4711,
            exit: WorkerExit::Signal(6),
            hint: None,
            task: "parse".to_owned(),
            task_id: TaskId::next(),
            ran_for: Duration::from_millis(1200),
            attempts: 1,
            peak_memory_bytes: None,
            last_words: String::new(),
        }
    }

    #[test]
    fn a_death_of_which_little_is_known_is_a_short_sentence() {
        assert_eq!(death().to_string(), "worker process 4711 was ended by SIGABRT after running `parse` for 1.2s");
    }

    #[test]
    fn a_death_is_told_with_all_that_is_known() {
        let death = WorkerDeath {
            hint: Some(DeathHint::StackOverflow),
            attempts: 3,
            peak_memory_bytes: Some(70 << 20 | 1 << 19),
            last_words: "reading a.txt\nthread 'task' has overflowed its stack".to_owned(),
            ..death()
        };
        assert_eq!(
            death.to_string(),
            "worker process 4711 was ended by SIGABRT after running `parse` for 1.2s, at the last of 3 attempts: its \
             stack overflowed; it had 70.5 MiB of memory at most; its last words: \"reading a.txt\\nthread 'task' has \
             overflowed its stack\""
        );
    }

    #[test]
    fn what_a_worker_wrote_does_nothing_to_a_terminal_and_is_not_long() {
        let shown = |text: &str| Quoted(text).to_string();
        assert_eq!(shown("a\tb\u{1b}[2J\u{9b}c"), r#""a\tb\u{1b}[2J\u{9b}c""#);
        assert_eq!(shown("1\n2\n\n3\n4"), r#""2\n3\n4""#);
        let long = shown(&"\u{e4}".repeat(1000));
        assert_eq!(long, format!("\"...{}\"", "\u{e4}".repeat(Quoted::MOST_CHARS)));
    }

    #[test]
    fn a_size_has_a_unit_that_fits() {
        let shown = |bytes| Size(bytes).to_string();
        assert_eq!([shown(0), shown(1536), shown(64 << 20)], ["0.0 KiB", "1.5 KiB", "64.0 MiB"]);
        assert_eq!(shown(u64::MAX), "17179869183.9 GiB");
    }
}
