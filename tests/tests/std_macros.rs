//! Ways out in the arguments of each macro of std that takes expressions: what is the same in plain code and in a block
//! of `with_pool!`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use executor_runtime::prelude::*;
use executor_tests::watchdog::limited;

/// Counts its steps, and fails at one of them.
struct Steps {
    done: u64,
    last: u64,
}

impl Steps {
    fn step(&mut self) -> Result<u64, String> {
        self.done += 1;
        if self.done > self.last { Err(format!("stopped at {}", self.last)) } else { Ok(self.done) }
    }

    fn index(&mut self) -> Result<usize, String> {
        self.step().map(|step| usize::try_from(step).expect("a few steps"))
    }
}

/// One function as plain code and in a block, which find a pool in `$pool`.
macro_rules! twice {
    ($(fn $name:ident($steps:ident) -> $value:ty { $($body:tt)* })+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            pub(super) fn plain(_: &ThreadPoolExecutor, $steps: &mut Steps) -> Result<$value, String> {
                let value = { $($body)* };
                Ok(value)
            }

            pub(super) fn in_a_block(pool: &ThreadPoolExecutor, $steps: &mut Steps) -> Result<$value, String> {
                let value = with_pool!(pool as _pool => { $($body)* });
                value.map_err(|error| error.to_string())
            }
        }
    )+};
}

/// What both do when they are stopped at each of their steps in turn, and when they are not.
macro_rules! compare {
    ($($name:ident: $steps:expr),+ $(,)?) => {
        limited(|| {
            let pool = ThreadPoolExecutor::new(1).expect("a pool");
            $(
                let mut end = None;
                for last in 0..=$steps {
                    let run = |function: fn(&ThreadPoolExecutor, &mut Steps) -> Result<_, String>| {
                        let mut steps = Steps { done: 0, last };
                        let end = catch_unwind(AssertUnwindSafe(|| function(&pool, &mut steps)));
                        (end.map_err(|panic| message(&*panic)), steps.done)
                    };
                    let plain = run($name::plain);
                    assert_eq!(run($name::in_a_block), plain, "{} stopped at {last}", stringify!($name));
                    end = Some(plain);
                }
                let (end, steps) = end.expect("it ran");
                assert!(!matches!(end, Ok(Err(_))), "{} has more steps", stringify!($name));
                assert_eq!(steps, $steps, "{} has fewer steps", stringify!($name));
            )+
        })
    };
}

/// The text of a panic. Where the condition is quoted, it is spaced as tokens are.
fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).expect("a text").replace(" ?", "?")
}

twice! {
    fn printing(steps) -> u64 {
        print!("{} {named} ", steps.step()?, named = steps.step()?);
        println!("{}", steps.step()?);
        eprint!("{:>1$} ", steps.step()?, usize::try_from(steps.step()?).map_err(|error| error.to_string())?);
        eprintln!("{0} {0}", steps.step()?);
        steps.step()?
    }

    fn formatting(steps) -> (String, Vec<u8>) {
        let (mut text, mut bytes) = (String::new(), Vec::new());
        write!(text, "{} {named}", steps.step()?, named = steps.step()?).map_err(|error| error.to_string())?;
        writeln!(text, "{}", steps.step()?).map_err(|error| error.to_string())?;
        write!(bytes, "{}", steps.step()?).map_err(|error| error.to_string())?;
        writeln!(bytes, "{}", steps.step()?).map_err(|error| error.to_string())?;
        writeln!(if steps.step()? > 0 { &mut text } else { return Err("no".into()) }).map_err(|error| error.to_string())?;
        let more = format!("{:?}{}", vec![format!("{}", steps.step()?)], format_args!("{}", steps.step()?));
        (text + &more, bytes)
    }

    fn asserting(steps) -> u64 {
        assert!(steps.step()? == 1);
        assert!(steps.step()? == 2, "a message {}", steps.step()?);
        assert_eq!(steps.step()?, 3, "{}", steps.done);
        assert_ne!(steps.step()?, steps.step()?);
        assert!(steps.step()? == 0 || steps.step()? == 0,);
        0
    }

    fn asserting_with_a_message(steps) -> u64 {
        assert!(steps.step()? == 2, "{} {}", steps.step()?, steps.step()?);
        0
    }

    fn asserting_in_debug_builds(steps) -> u64 {
        debug_assert!(steps.step()? == 2 || steps.step()? == 2);
        debug_assert_eq!(steps.step()?, steps.step()? - 1);
        debug_assert_ne!(steps.step()?, 0, "{}", steps.step()?);
        debug_assert!(steps.step()? == 0, "{}", steps.step()?);
        0
    }

    fn asserting_equality(steps) -> u64 {
        assert_eq!(steps.step()?, steps.step()?, "{} {named}", steps.step()?, named = steps.step()?);
        0
    }

    fn debugging(steps) -> (u64, (u64, &'static str)) {
        let () = dbg!();
        let one = dbg!(steps.step()? + dbg!(steps.step()?),);
        let several = dbg!(steps.step()?, if steps.step()? > 0 { "yes" } else { "no" });
        (one, several)
    }

    fn collecting(steps) -> (Vec<u64>, Vec<u64>, Vec<u64>) {
        (vec![steps.step()?, steps.step()?,], vec![steps.step()?; steps.index()?], vec![])
    }

    fn matching(steps) -> [bool; 3] {
        [
            matches!(steps.step()?, 1 | 2),
            matches!(Some(steps.step()?), Some(n) if n == steps.step()? - 1),
            matches!(steps.step()?, n if n > 9 || steps.step()? == 0,),
        ]
    }

    fn pinning(steps) -> (u64, u64) {
        let mut pinned = std::pin::pin!(steps.step()?);
        pinned.set(steps.step()?);
        let mut array = [1, 2, 3];
        let first = std::ptr::addr_of!(array[steps.index()? - 3]);
        let second = std::ptr::addr_of_mut!(array[steps.index()? - 3]);
        (*pinned, u64::from(std::ptr::eq(first, second)))
    }

    fn selecting(steps) -> (u64, u64) {
        cfg_select! {
            not(unix) => { let first = "no number".len()? + steps.step()?; }
            _ => { let first = steps.step()?; steps.step()?; }
        }
        let second = cfg_select! { not(unix) => break "nowhere", _ => steps.step()? };
        (first, second)
    }

    fn panicking(steps) -> u64 {
        match steps.step()? {
            1 => panic!("{} {}", steps.step()?, steps.step()?),
            n => n,
        }
    }

    fn leaving_things_to_do(steps) -> u64 {
        match steps.step()? {
            1 => todo!("{}", steps.step()?),
            n => n,
        }
    }

    fn leaving_things_undone(steps) -> u64 {
        match steps.step()? {
            1 => unimplemented!("{named}", named = steps.step()?),
            n => n,
        }
    }

    fn coming_where_nobody_comes(steps) -> u64 {
        match steps.step()? {
            1 => unreachable!("{}", steps.step()?),
            n => n,
        }
    }
}

#[test]
fn ways_out_in_the_arguments_of_stds_macros_are_those_of_plain_code() {
    compare! {
        printing: 7,
        formatting: 8,
        asserting: 7,
        asserting_with_a_message: 3,
        asserting_in_debug_builds: if cfg!(debug_assertions) { 7 } else { 0 },
        asserting_equality: 4,
        debugging: 4,
        collecting: 4,
        matching: 5,
        pinning: 4,
        selecting: 3,
        panicking: 3,
        leaving_things_to_do: 2,
        leaving_things_undone: 2,
        coming_where_nobody_comes: 2,
    }
}
