//! The macros of `executor-runtime`: [`macro@pool_task`], [`with_pool!`] and
//! [`macro@main`].
//!
//! Use them through that crate, whose prelude has them: what they expand to
//! lives there.

mod attributes;
mod fragments;
mod function;
mod main_fn;
mod pool_task;
mod refusals;
mod setting;
mod suggestion;
mod with_pool;

use proc_macro::TokenStream;

/// Makes a function a task that an executor can run (Python: any function that
/// can be pickled is one).
///
/// The function stays what it is and can be called as before. Beside it stands
/// a constructor with the same arguments, `name::task(..)`, which describes a
/// call without running it; executors take such calls.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// #[pool_task(process)]
/// fn count(text: &str, word: &str) -> usize {
///     text.matches(word).count()
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let text = String::from("a pool of pools");
/// let pool = ProcessPoolExecutor::new(4)?;
/// let hits = pool.submit(count::task(&text, "pool"));
/// assert_eq!(hits.result()?, count(&text, "pool"));
/// # Ok(())
/// # }
/// ```
///
/// # Kinds
///
/// - `#[pool_task(process)]`: runs anywhere, in worker processes and on
///   threads. Arguments and result are sent between processes: their types
///   implement serde's `Serialize` and `Deserialize`.
/// - `#[pool_task(thread)]`: runs on threads of this process only and needs
///   nothing but what threads need: a result and arguments that are `Send`.
///
/// # Options
///
/// - `timeout = "2s"`: how long a call may run, counted from its start; also
///   any constant expression of type `Duration`. `Call::timeout` says otherwise
///   for one call.
/// - `retries = n`: how often a call runs again whose worker died or that ran
///   out of time. It says that the task may run twice; one that does not say so
///   never does. `Call::retries` says otherwise for one call. Process tasks only.
/// - `name = ".."`: what the task is called, instead of by its path. No other
///   process task of the program may have the name, in the same version. Set it
///   to move or rename the function without changing its identity.
/// - `version = n`: goes with the name, by default 0. Tasks of one name and two
///   versions are two tasks. Executors of one's own see it, for they may meet
///   another version of the program. Process tasks only.
/// - `instances(u32, String)`: for which types a generic function is a process
///   task; see below.
/// - `crate = path`: where the crate `executor-runtime` is found, if it is
///   re-exported or was renamed.
///
/// # Arguments and results
///
/// A task takes up to twelve arguments, and they may borrow. For a process task
/// `&str`, `&[u8]` and `&Path` are read in place in the worker, any other `&T`
/// and `&[T]` is read into a value of which the function gets a borrow. A type
/// that borrows shows it: `Cow<'_, str>`.
/// Thread tasks that borrow are submitted inside [`with_pool!`], because only a
/// scope can promise that the borrow lasts.
///
/// The result is owned: it outlives the call.
///
/// # Generic functions
///
/// A thread task may be generic: it is a task for every type that the function
/// takes, if it is `Send + 'static`. (Where that does not make arguments and result
/// `Send`, as for `Arc<T>`, the function says what more it needs.) A worker process finds tasks by name, so a
/// process task lists its types, or a tuple of types for each instance if it
/// has several type parameters:
///
/// ```
/// use executor_runtime::prelude::*;
///
/// #[pool_task(process, instances(u32, String))]
/// fn largest<T: Ord + Clone>(items: Vec<T>) -> Option<T> {
///     items.iter().max().cloned()
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = ProcessPoolExecutor::new(1)?;
/// assert_eq!(pool.submit(largest::task(vec![3_u32, 7, 5])).result()?, Some(7));
/// # Ok(())
/// # }
/// ```
///
/// An instance's name is the task's with its types, as in `largest<u32>`. Its
/// signature names types and parameters: `T::Item` is refused.
///
/// # Errors
///
/// At compile time, all at once and each where it is written: functions that are
/// `async`, `unsafe`, `extern` or methods; `&mut` arguments and `impl`
/// types; borrowed results; for process tasks also pointers, trait objects,
/// `'static` borrows, types without serde and generics without `instances(..)`.
/// A type of the function's name in the same module is an error too, for the
/// task needs that name.
///
/// When a pool is built: two process tasks of the program with one
/// `name = ".."` and one `version` are `PoolError::DuplicateTask`; so are two that
/// one invocation of a `macro_rules!` macro writes into different functions of a
/// module under one name, for they stand at one place.
///
/// When it runs: a `Result` that the function returns is its value, and kept
/// apart from the `TaskError` of a call that has no value.
///
/// # Panics
///
/// A panic of the function is the error of its call, `TaskError::Panicked`, and
/// harms no worker. With `panic = "abort"` it ends a worker process, which is
/// `TaskError::WorkerDied`, and on a thread the program.
///
/// # Cancellation
///
/// A call that has started cannot be cancelled. In a worker process its
/// `timeout` or an abort of the pool ends it, wherever it is: what it holds is
/// not dropped, and processes that it started are killed with it.
#[proc_macro_attribute]
pub fn pool_task(args: TokenStream, item: TokenStream) -> TokenStream {
    pool_task::pool_task(args.into(), &item.into()).into()
}

/// Runs a block with a pool, and waits for its tasks at the end of the block
/// (Python: `with ThreadPoolExecutor() as pool:`).
///
/// The value is a `Result` of the block's value and of `PoolError`, the error of
/// a pool that could not be built.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// fn total(text: &str) -> Result<usize, Box<dyn std::error::Error>> {
///     let lengths = with_pool!(thread(max_workers = 3, thread_name_prefix = "io") as pool => {
///         let first = pool.submit(|| text.len());
///         if text.is_empty() {
///             return Ok(0);
///         }
///         first.result()?
///     })?;
///     Ok(lengths)
/// }
///
/// assert_eq!(total("seven!!").unwrap(), 7);
/// ```
///
/// With worker processes, and with an executor that exists:
///
/// ```
/// use executor_runtime::prelude::*;
///
/// #[pool_task(process)]
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let squares = with_pool!(process(max_workers = 2, max_tasks_per_child = 100) as pool => {
///     pool.map(square::task, 0..4).collect::<Result<Vec<_>, _>>()?
/// })?;
/// assert_eq!(squares, [0, 1, 4, 9]);
///
/// let existing = ThreadPoolExecutor::new(2)?;
/// let nine = with_pool!(existing as pool => { pool.submit(square::task(3)).result()? })?;
/// assert_eq!(nine, 9);
/// # Ok(())
/// # }
/// ```
///
/// # The pool
///
/// - `thread(..)`: threads. What runs on them may borrow from around the block.
///   Options: `max_workers`, `max_pending`, `initializer`, `idle_timeout`,
///   `thread_name_prefix`, `stack_size`.
/// - `process(..)`: worker processes. Options: `max_workers`, `max_pending`,
///   `initializer`, `max_tasks_per_child`, `timeout`, `kill_grace`, `restart_limit`,
///   `restart_window`, `max_result_size`, `prewarm`, `transport`, `stdout`, `stderr`, `stack_size`; and limits of each worker:
///   `max_memory_per_child`, `memory_limit`, `cpu_time_limit`, `open_files_limit`, `file_size_limit`, `nice`, `cpu_affinity`, `envs`,
///   `current_dir`, `inner_max_num_threads`.
/// - any other expression: an executor that exists. The block waits for what it
///   submitted itself and closes nothing. `ExecutorExt` (in the prelude) has to
///   be in scope.
///
/// Each option is the builder's method of that name; a time may be a text, as in
/// `timeout = "2s"`. `crate = path` says where the crate `executor-runtime` is
/// found (for an executor that exists in front of it:
/// `with_pool!(crate = path, executor as pool => { .. })`), and `on_error = word` what happens to
/// the tasks of a block that fails: see [Cancellation](#cancellation).
///
/// # Leaving the block
///
/// `?`, `return`, `break` and `continue` mean what they mean without the macro,
/// in nested blocks and in the arguments of std's macros as well. So do `bail!`
/// and `ensure!` of anyhow and eyre, by whatever path they are called; another
/// macro of one of these names works like them if it returns an `Err`, and does
/// not compile otherwise. Closures, async blocks and items in the block are left
/// alone: what leaves them does not leave the block.
///
/// A way out that is hidden in any other macro does not compile. Write it in front
/// of that: `let value = read()?; show!(value)` for `show!(read()?)`. A macro of
/// your own that is called by the bare name of one of std's is taken for that.
///
/// The value of a way out is carried to the end of the block, and leaves the
/// function from there. So what differs from plain code is:
///
/// - The `From` of a `?` runs when the tasks have ended and the block's locals are
///   gone. An error that holds a lock for which a task waits, as that of a poisoned
///   `lock()?` does, waits for that task: `map_err` it first.
/// - What the block moves on one way out is the block's, and is dropped at its end
///   on every other.
/// - Temporaries of the block's last expression are dropped at its end, in editions
///   before 2024 too.
///
/// # Borrowing and its limits
///
/// What runs on threads may borrow whatever lives longer than the block:
///
/// ```
/// use executor_runtime::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let words = ["a", "rose"];
/// let mut lengths = [0; 2];
/// let more = with_pool!(thread(max_workers = 3) as pool => {
///     for (length, word) in lengths.iter_mut().zip(&words) {
///         pool.submit(move || *length = word.len()); // each task changes a part
///     }
///     let local = String::from("is a rose");
///     pool.submit(move || local.len()).result()?
/// })?;
/// assert_eq!((lengths, more), ([1, 4], 9));
/// # Ok(())
/// # }
/// ```
///
/// To the borrow checker the block is a closure that runs once, and what its tasks
/// borrow is theirs until its end:
///
/// | does not compile | instead |
/// |---|---|
/// | a task that borrows a local of the block | declare it in front of the block, or give it to the task with `move` |
/// | to use in the block what one of its tasks borrows mutably | have the task return the value, or use it behind the block |
/// | `let x;` in front of the block and `x = ..` in it | make it the value of the block: `let x = with_pool!(..)?` |
/// | to use behind the block what it moves on one way out, as `return text` does | carry out a clone, or make it the value of the block and return it from there |
/// | to change behind the block what it borrows on one way out, as `return &map[key]` or `return list.first_mut()` does | carry out an index or a key, and borrow behind the block |
/// | to use again what the error of an `ensure!` takes by value | `if !condition { bail!(error) }` |
/// | a future that leaves the block, with a value that borrows from the inside | `result()` in the block |
/// | the handle `pool` outside of the block | an executor in front of it: `with_pool!(existing as pool => ..)` |
/// | `.await`: the block cannot be suspended, since an async caller could forget it | await in front of the block, or behind it a future that leaves it, which is done |
///
/// And three things differ from plain code in what they do, not in whether they compile:
///
/// - What the block moves on some way through it is moved when the block begins,
///   and dropped at its end at the latest.
/// - The error of a `?` is converted when the block has been left and its tasks
///   have ended.
/// - `assert!`, `dbg!` and `ensure!` quote an expression that has a way out in it
///   with other spaces, and `ensure!` then does not show the operands of its condition.
///
/// # Errors
///
/// The `PoolError` of the builder's `build`; none for an executor that exists.
/// Errors of tasks are in their futures. What is wrong with the options or the
/// block is an error at compile time, all at once and each on its token.
///
/// # Panics
///
/// If the block does, with the same, after its tasks have ended.
///
/// # Cancellation
///
/// The block fails if it is left early with an `Err`, by `?` or `return`, or by a
/// panic. What happens to its tasks then is said by `on_error`, an option of
/// `thread(..)` and `process(..)`:
///
/// | | not started | running |
/// |---|---|---|
/// | `on_error = cancel`, the default | cancelled: `TaskError::Cancelled` | awaited |
/// | `on_error = wait`, as in Python | awaited | awaited |
/// | `on_error = kill`, for `process(..)` | cancelled | killed: `TaskError::PoolShutDown` |
///
/// Every other way out waits for everything: the end of the block, also with an
/// `Err` as its value, `None?`, `return` of something else, `break` and
/// `continue`. Futures that leave the block are done.
///
/// ```
/// use executor_runtime::prelude::*;
///
/// #[pool_task(process)]
/// fn odd_perfect_number(from: u64) -> u64 {
///     let is_perfect = |n: &u64| (1..*n).filter(|d| n % d == 0).sum::<u64>() == *n;
///     (from | 1..).step_by(2).find(is_perfect).expect("there may be none")
/// }
///
/// fn search(from: &str, to: &str) -> Result<bool, Box<dyn std::error::Error>> {
///     let is_found = with_pool!(process(max_workers = 1, on_error = kill) as pool => {
///         let number = pool.submit(odd_perfect_number::task(from.parse()?));
///         let limit: u64 = to.parse()?; // if it is no number, nobody waits for the other one
///         number.result()? < limit
///     })?;
///     Ok(is_found)
/// }
///
/// assert!(search("1", "a thousand").is_err());
/// ```
#[proc_macro]
pub fn with_pool(input: TokenStream) -> TokenStream {
    with_pool::with_pool(input.into()).into()
}

/// Starts worker processes at the beginning of `main` instead of before it
/// (Python: `multiprocessing.freeze_support()`).
///
/// Nothing needs this attribute: a worker process never reaches `main` unless
/// the automatic start is turned off. With it turned off, the attribute puts
/// `executor_runtime::init()` in front of the body.
///
/// # Examples
///
/// ```
/// #[executor_runtime::main]
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     // ..
///     Ok(())
/// }
/// ```
///
/// The one option is `crate = path`, where the crate `executor-runtime` is found.
///
/// # Errors
///
/// At compile time: a `main` with arguments, and an `async fn main`. Put the
/// attribute below the one of the async runtime, which makes a plain `main` of it.
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    main_fn::main_fn(args.into(), &item.into()).into()
}
