//! What `#[pool_task]` leaves of a function (all of it) and what it puts beside it.

#![expect(clippy::needless_pass_by_value, reason = "how an argument is passed is what is tested")]

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};

use executor_runtime::prelude::*;
use executor_runtime::{Call, Task};
use executor_tests::both::on_both;
use executor_tests::tasks::{self, Shapes};
use executor_tests::watchdog::limited;
use serde::{Deserialize, Serialize};

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

#[test]
fn the_function_is_still_a_function() {
    assert_eq!(square(3), 9);
    assert_eq!((0..4).map(square).collect::<Vec<_>>(), [0, 1, 4, 9]);
    let pointer: fn(u64) -> u64 = square;
    assert_eq!(pointer(5), 25);
    let square = square(4);
    assert_eq!(square, 16);
}

#[test]
fn a_local_of_the_same_name_hides_the_function_and_not_the_task() -> Outcome {
    on_both(|pool| {
        let square = square(3);
        assert_eq!(pool.submit(square::task(square)).result()?, 81);
        Ok(())
    })
}

#[test]
fn a_call_runs_when_it_is_submitted_and_not_before() -> Outcome {
    #[pool_task(thread)]
    fn send(to: mpsc::Sender<u8>) {
        to.send(1).expect("a receiver");
    }
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let (sender, receiver) = mpsc::channel();
        let call = send::task(sender);
        assert!(receiver.try_recv().is_err());
        pool.submit(call).result()?;
        assert_eq!(receiver.recv()?, 1);
        Ok(())
    })
}

#[test]
fn the_constructor_is_typed_like_the_function() {
    let make: fn(u64) -> Call<'static, square> = square::task;
    assert_eq!(format!("{:?}", make(3)), "Call(pool_task::square)");
}

mod private {
    use executor_runtime::prelude::*;

    #[pool_task(process)]
    fn hidden(n: u64) -> u64 {
        n + 1
    }

    pub(super) fn run(pool: &dyn Executor) -> Result<u64, TaskError> {
        pool.submit(hidden::task(1)).result()
    }

    pub(super) mod inner {
        use executor_runtime::pool_task;

        #[pool_task(process)]
        pub(crate) fn for_the_crate(n: u64) -> u64 {
            n + 2
        }

        #[pool_task(process)]
        pub(super) fn for_the_module_above(n: u64) -> u64 {
            n + 3
        }

        #[pool_task(thread)]
        pub(in crate::private) fn for_a_module(n: u64) -> u64 {
            n + 4
        }
    }

    pub(super) fn run_inner(pool: &ThreadPoolExecutor) -> Result<u64, TaskError> {
        let above = pool.submit(inner::for_the_module_above::task(1)).result()?;
        Ok(above + pool.submit(inner::for_a_module::task(1)).result()?)
    }
}

#[test]
fn a_task_is_as_visible_as_its_function() -> Outcome {
    on_both(|pool| {
        assert_eq!(private::run(pool)?, 2);
        assert_eq!(pool.submit(private::inner::for_the_crate::task(1)).result()?, 3);
        assert_eq!(private::run_inner(&ThreadPoolExecutor::new(1)?)?, 9);
        Ok(())
    })
}

#[test]
fn a_task_may_stand_inside_of_a_function() -> Outcome {
    #[pool_task(process)]
    fn inside(n: u64) -> u64 {
        square(n) + 1
    }
    on_both(|pool| {
        assert_eq!(pool.submit(inside::task(3)).result()?, inside(3));
        Ok(())
    })
}

#[test]
fn a_task_of_a_dependency_is_found() -> Outcome {
    on_both(|pool| {
        assert_eq!(pool.submit(tasks::count::task("a rose", "r")).result()?, 1);
        Ok(())
    })
}

/// What stands on the function stays there; a docs line of ours comes last.
#[pool_task(process)]
#[track_caller]
#[must_use = "or why call it"]
#[inline]
fn line() -> u32 {
    std::panic::Location::caller().line()
}

#[test]
fn attributes_stay_on_the_function() {
    let (called, here) = (line(), line!());
    assert_eq!(called, here, "`track_caller` is still there");
}

#[pool_task(process)]
#[deprecated = "use `square`"]
fn old(n: u64) -> u64 {
    n
}

#[test]
#[expect(deprecated, reason = "function and constructor are, and nothing else of the expansion is reported")]
fn a_deprecated_function_makes_a_deprecated_task() -> Outcome {
    assert_eq!(old(3), 3);
    on_both(|pool| {
        assert_eq!(pool.submit(old::task(3)).result()?, 3);
        Ok(())
    })
}

#[cfg(unix)]
#[pool_task(process)]
fn condition_above() -> String {
    "unix".into()
}

#[cfg(not(unix))]
#[pool_task(process)]
fn condition_above() -> String {
    "other".into()
}

#[pool_task(process)]
#[cfg(unix)]
fn condition_below() -> String {
    "unix".into()
}

#[pool_task(process)]
#[cfg_attr(all(), cfg(not(unix)))]
fn condition_below() -> String {
    "other".into()
}

#[test]
fn a_condition_decides_for_the_function_and_its_task_together() -> Outcome {
    on_both(|pool| {
        assert_eq!(pool.submit(condition_above::task()).result()?, condition_above());
        assert_eq!(pool.submit(condition_below::task()).result()?, condition_below());
        Ok(())
    })
}

mod reexported {
    pub(crate) use executor_runtime as pools;
}

#[pool_task(process, crate = crate::reexported::pools)]
fn by_another_path(text: &str) -> usize {
    text.len()
}

#[pool_task(thread, crate = self::reexported::pools)]
fn by_another_path_on_threads(text: String) -> usize {
    text.len()
}

#[test]
fn the_runtime_may_have_another_path() -> Outcome {
    on_both(|pool| {
        assert_eq!(pool.submit(by_another_path::task("four")).result()?, 4);
        let threads = ThreadPoolExecutor::new(1)?;
        assert_eq!(threads.submit(by_another_path_on_threads::task("four".into())).result()?, 4);
        Ok(())
    })
}

#[pool_task(process, name = "square/2")]
fn named_square(n: u64) -> u64 {
    n * n
}

#[pool_task(process)]
fn r#loop(r#in: u64) -> u64 {
    r#in
}

#[test]
fn a_task_is_called_by_its_path_or_by_the_name_it_is_given() -> Outcome {
    assert_eq!(<square as Task>::NAME, "pool_task::square");
    assert_eq!(<private::inner::for_the_crate as Task>::NAME, "pool_task::private::inner::for_the_crate");
    assert_eq!(<tasks::square as Task>::NAME, "executor_tests::tasks::square");
    assert_eq!(<r#loop as Task>::NAME, "pool_task::loop");
    assert_eq!(<named_square as Task>::NAME, "square/2");
    on_both(|pool| {
        assert_eq!(pool.submit(named_square::task(3)).result()?, 9);
        assert_eq!(pool.submit(r#loop::task(4)).result()?, 4);
        Ok(())
    })
}

/// Tasks of as many arguments as it says, each returning their sum, and a test that calls them.
macro_rules! of_arguments {
    ($($name:ident($($argument:ident = $value:literal)*);)*) => {
        $(
            #[pool_task(process)]
            #[allow(clippy::too_many_arguments, clippy::many_single_char_names, reason = "that is the point")]
            fn $name($($argument: u64),*) -> u64 {
                0 $(+ $argument)*
            }
        )*

        #[test]
        fn a_task_has_up_to_twelve_arguments() -> Outcome {
            on_both(|pool| {
                $(assert_eq!(pool.submit($name::task($($value),*)).result()?, $name($($value),*));)*
                Ok(())
            })
        }
    };
}

of_arguments! {
    no_arguments();
    one_argument(a=1);
    two_arguments(a=1 b=2);
    three_arguments(a=1 b=2 c=4);
    four_arguments(a=1 b=2 c=4 d=8);
    five_arguments(a=1 b=2 c=4 d=8 e=16);
    six_arguments(a=1 b=2 c=4 d=8 e=16 f=32);
    seven_arguments(a=1 b=2 c=4 d=8 e=16 f=32 g=64);
    eight_arguments(a=1 b=2 c=4 d=8 e=16 f=32 g=64 h=128);
    nine_arguments(a=1 b=2 c=4 d=8 e=16 f=32 g=64 h=128 i=256);
    ten_arguments(a=1 b=2 c=4 d=8 e=16 f=32 g=64 h=128 i=256 j=512);
    eleven_arguments(a=1 b=2 c=4 d=8 e=16 f=32 g=64 h=128 i=256 j=512 k=1024);
    twelve_arguments(a=1 b=2 c=4 d=8 e=16 f=32 g=64 h=128 i=256 j=512 k=1024 l=2048);
}

#[pool_task(process)]
fn patterns(mut total: u64, (a, b): (u64, u64), _: u64, [c, ..]: [u64; 3], Pair { left, right: _ }: Pair) -> u64 {
    total += a + b + c + left;
    total
}

#[derive(Serialize, Deserialize)]
struct Pair {
    left: u64,
    right: u64,
}

#[test]
fn arguments_may_be_patterns() -> Outcome {
    on_both(|pool| {
        let call = patterns::task(1, (2, 4), 1000, [8, 1000, 1000], Pair { left: 16, right: 1000 });
        assert_eq!(pool.submit(call).result()?, 31);
        Ok(())
    })
}

#[pool_task(process)]
#[expect(
    clippy::similar_names,
    clippy::too_many_arguments,
    reason = "the names are those of the expansion, or could be"
)]
fn names(task: u64, out: u64, input: u64, args: &str, owned: u64, arg0: u64, names: u64, r: u64, e: u64) -> u64 {
    task + out + input + owned + arg0 + names + r + e + u64::try_from(args.len()).expect("a short text")
}

#[test]
fn arguments_may_be_called_like_anything() -> Outcome {
    on_both(|pool| {
        assert_eq!(pool.submit(names::task(1, 2, 4, "four", 8, 16, 32, 64, 128)).result()?, 259);
        Ok(())
    })
}

#[test]
fn every_shape_of_borrow_arrives() -> Outcome {
    on_both(|pool| {
        let map = BTreeMap::from([("k".to_owned(), 1)]);
        let call = tasks::borrowed::task("text", &[1, 2, 3], Path::new("/p"), &[-1, 5], &map);
        let shapes = Shapes { text: "text".into(), bytes: 3, path_bytes: 2, sum: 4, keys: vec!["k".to_owned()] };
        assert_eq!(pool.submit(call).result()?, shapes);
        Ok(())
    })
}

#[pool_task(process)]
fn nested_borrows(
    maybe: Option<&str>,
    words: &[&str],
    cow: Cow<'_, str>,
    pair: (&str, u8),
    bytes: Option<&[u8]>,
    map: HashMap<&str, &str>,
) -> String {
    format!("{maybe:?} {words:?} {cow} {pair:?} {bytes:?} {map:?}")
}

#[test]
fn borrows_inside_of_other_types_arrive() -> Outcome {
    on_both(|pool| {
        let text = String::from("own");
        let words: [&str; 2] = [&text, "é"];
        let call = || {
            let map = HashMap::from([("k", text.as_str())]);
            (Some(text.as_str()), &words, Cow::Borrowed(text.as_str()), (text.as_str(), 7), Some(text.as_bytes()), map)
        };
        let (maybe, words, cow, pair, bytes, map) = call();
        let expected = nested_borrows(maybe, words, cow, pair, bytes, map);
        let (maybe, words, cow, pair, bytes, map) = call();
        assert_eq!(pool.submit(nested_borrows::task(maybe, words, cow, pair, bytes, map)).result()?, expected);
        let empty = nested_borrows::task(None, &[], Cow::Owned(String::new()), ("", 0), None, HashMap::new());
        assert_eq!(pool.submit(empty).result()?, "None []  (\"\", 0) None {}");
        Ok(())
    })
}

#[pool_task(process)]
fn named_lifetimes<'a, 'b>(first: &'a str, second: &'b str, both: (&'a str, &'b [u8]), own: &'a Pair) -> u64 {
    let texts: [&str; 3] = [first, second, both.0];
    own.left + u64::try_from(texts.concat().len() + both.1.len()).expect("a short text")
}

#[test]
fn lifetimes_may_have_names() -> Outcome {
    on_both(|pool| {
        let (long, pair) = (String::from("ab"), Pair { left: 100, right: 0 });
        let future = {
            let short = String::from("abc");
            pool.submit(named_lifetimes::task(&long, &short, (&long, short.as_bytes()), &pair))
        };
        assert_eq!(future.result()?, 110);
        Ok(())
    })
}

#[pool_task(process)]
#[expect(clippy::ptr_arg, clippy::trivially_copy_pass_by_ref, reason = "shapes that people write")]
fn owned_referents(
    text: &String,
    path: &PathBuf,
    number: &u8,
    list: &Vec<u16>,
    array: &[u32; 2],
    pair: &(u8, String),
) -> String {
    format!("{text} {} {number} {list:?} {array:?} {pair:?}", path.display())
}

#[test]
fn any_value_may_be_borrowed() -> Outcome {
    on_both(|pool| {
        let (text, path, list) = ("t".to_owned(), PathBuf::from("/p"), vec![1, 2]);
        let pair = (6, "s".into());
        let call = owned_referents::task(&text, &path, &3, &list, &[4, 5], &pair);
        assert_eq!(pool.submit(call).result()?, "t /p 3 [1, 2] [4, 5] (6, \"s\")");
        Ok(())
    })
}

#[pool_task(process)]
fn half(n: u64) -> Result<u64, String> {
    if n.is_multiple_of(2) { Ok(n / 2) } else { Err(format!("{n} is odd")) }
}

#[test]
fn a_tasks_own_error_stays_apart_from_the_executors() -> Outcome {
    on_both(|pool| {
        assert_eq!(pool.submit(half::task(4)).result()??, 2);
        assert_eq!(pool.submit(half::task(3)).result()?, Err("3 is odd".to_owned()));
        let all: Result<Vec<_>, _> = pool.map(half::task, 2..4).collect();
        assert_eq!(all?, [Ok(1), Err("3 is odd".to_owned())]);
        Ok(())
    })
}

#[pool_task(process)]
fn unit(_n: u64) {}

#[pool_task(process)]
const fn constant() -> (u8, [Option<bool>; 2]) {
    (1, [Some(true), None])
}

#[test]
fn any_value_may_come_back() -> Outcome {
    on_both(|pool| {
        let () = pool.submit(unit::task(1)).result()?;
        assert_eq!(pool.submit(constant::task()).result()?, constant());
        Ok(())
    })
}

/// What no serializer knows.
struct Opaque(Box<dyn Fn(u64) -> u64 + Send>);

#[pool_task(thread)]
fn apply(function: Opaque, n: u64) -> Opaque {
    let result = function.0(n);
    Opaque(Box::new(move |_| result))
}

#[pool_task(thread)]
fn keep(counter: Arc<Mutex<u64>>, text: &'static str, by: fn(u64) -> u64) -> (&'static str, u64) {
    let mut counter = counter.lock().expect("nobody panicked");
    *counter = by(*counter);
    (text, *counter)
}

#[test]
fn a_thread_task_needs_no_serde() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let opaque = pool.submit(apply::task(Opaque(Box::new(|n| n + 1)), 2)).result()?;
        assert_eq!(opaque.0(1000), 3);
        let counter = Arc::new(Mutex::new(4));
        let kept = pool.submit(keep::task(Arc::clone(&counter), "static", square)).result()?;
        assert_eq!(kept, ("static", 16));
        Ok(())
    })
}

#[pool_task(thread)]
fn total(numbers: &[u64], weigh: &(dyn Fn(u64) -> u64 + Sync), log: &Mutex<Vec<u64>>, name: Option<&str>) -> u64 {
    let sum = numbers.iter().map(|n| weigh(*n)).sum::<u64>() + u64::from(name.is_some());
    log.lock().expect("nobody panicked").push(sum);
    sum
}

#[test]
fn a_thread_task_borrows_inside_of_a_scope() -> Outcome {
    limited(|| {
        let (numbers, factor, log) = (vec![1, 2, 3], 10, Mutex::new(Vec::new()));
        let weigh = |n: u64| n * factor;
        let name = String::from("n");
        let sum = with_pool!(thread(max_workers = 1) as pool => {
            pool.submit(total::task(&numbers, &weigh, &log, Some(&name))).result()?
        })?;
        assert_eq!(sum, 61);
        let pool = ThreadPoolExecutor::new(1)?;
        let sum = pool.scope(|scope| scope.submit(total::task(&numbers, &weigh, &log, None)).result())?;
        assert_eq!(sum, 60);
        assert_eq!(log.into_inner()?, [61, 60]);
        Ok(())
    })
}

#[pool_task(thread)]
fn read(cell: &Cell<u64>) -> u64 {
    cell.get()
}

#[pool_task(thread)]
fn of_references(first: &Rc<u64>) -> u64 {
    **first
}

#[test]
fn a_task_that_can_go_nowhere_is_still_a_function() {
    assert_eq!(read(&Cell::new(3)) + of_references(&Rc::new(4)), 7);
}

#[test]
fn a_process_task_that_borrows_runs_on_an_unscoped_thread_pool() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let future = {
            let text = String::from("a rose is a rose");
            pool.submit(tasks::count::task(&text, "rose"))
        };
        assert_eq!(future.result()?, 2);
        Ok(())
    })
}

#[test]
fn a_thread_scope_takes_process_tasks_as_well() -> Outcome {
    limited(|| {
        let text = String::from("a rose is a rose");
        let hits = with_pool!(thread(max_workers = 1) as pool => {
            pool.map(|word| tasks::count::task(&text, word), ["rose", "is"]).collect::<Result<Vec<_>, _>>()?
        })?;
        assert_eq!(hits, [2, 1]);
        Ok(())
    })
}

/// Tasks written by a macro of the user: types and names come as fragments.
macro_rules! made {
    ($($name:ident: $ty:ty => $output:ty = $value:expr;)*) => {
        $(
            #[pool_task(process)]
            fn $name(from: $ty) -> $output {
                $value(from)
            }
        )*
    };
}

made! {
    made_by_value: u32 => u64 = u64::from;
    made_by_borrow: &str => String = str::to_owned;
    made_by_bytes: &[u8] => usize = <[u8]>::len;
}

#[test]
fn macros_may_write_tasks() -> Outcome {
    on_both(|pool| {
        assert_eq!(pool.submit(made_by_value::task(3)).result()?, 3);
        assert_eq!(pool.submit(made_by_borrow::task("b")).result()?, "b");
        assert_eq!(pool.submit(made_by_bytes::task(b"bytes")).result()?, 5);
        Ok(())
    })
}
