//! Large arguments and values: they arrive whole, their memory is used again, and an idle pool keeps none of it.

use std::fmt::Debug;
use std::path::Path;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use executor_runtime::prelude::*;
use executor_runtime::{ProcessPoolBuilder, Transport};
use executor_tests::alone::is_alone;
use executor_tests::tasks::{echo_owned, pid};
use executor_tests::watchdog::limited;

type Outcome = Result<(), Box<dyn std::error::Error>>;

const TRANSPORTS: [Transport; 2] = [Transport::SharedMemory, Transport::IpcChannel];

fn over(transport: Transport) -> ProcessPoolBuilder {
    ProcessPoolExecutor::builder().transport(transport).max_workers(1)
}

/// Lengths around those at which something else happens on the way.
const LENS: [usize; 9] = [0, 1, 127, 128, 16 * 1024, 32 * 1024 - 1, 32 * 1024, 70_000, 1 << 20];

fn patterned(len: usize) -> Vec<u8> {
    (0_u32..).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1] ^ n.to_le_bytes()[2]).take(len).collect()
}

/// What came back, as [`assert_eq`] would have it, but for the megabytes in its message.
#[track_caller]
fn assert_same<T: PartialEq + Debug>(came: &T, sent: &T, len: usize) {
    assert!(came == sent, "{} of {len}", std::any::type_name::<T>());
}

#[test]
fn each_type_of_bytes_and_text_arrives_at_any_length() -> Outcome {
    #[pool_task(process, instances(Vec<u8>, Box<[u8]>, String, Vec<f32>, Vec<f64>, Vec<u64>, Bytes))]
    fn there_and_back<T: Send>(value: T) -> T {
        value
    }
    #[pool_task(process)]
    fn perhaps(bytes: Option<Vec<u8>>) -> Option<Vec<u8>> {
        bytes
    }
    #[pool_task(process)]
    fn or_error(bytes: Result<Vec<u8>, String>) -> Result<Vec<u8>, String> {
        bytes
    }
    limited(|| {
        for transport in TRANSPORTS {
            let pool = over(transport).build()?;
            for len in LENS {
                let bytes = patterned(len);
                macro_rules! check {
                    ($value:expr) => {{
                        let value = $value;
                        assert_same(&pool.submit(there_and_back::task(value.clone())).result()?, &value, len);
                    }};
                }
                check!(bytes.clone());
                check!(bytes.clone().into_boxed_slice());
                check!(bytes.iter().map(|byte| char::from(*byte)).collect::<String>());
                check!(bytes.iter().map(|byte| f32::from(*byte)).collect::<Vec<_>>());
                check!(bytes.iter().map(|byte| f64::from(*byte)).collect::<Vec<_>>());
                check!(bytes.iter().map(|byte| u64::from(*byte)).collect::<Vec<_>>());
                check!(Bytes::from(bytes.clone()));
                let some = Some(bytes.clone());
                assert_same(&pool.submit(perhaps::task(some.clone())).result()?, &some, len);
                let ok = Ok(bytes);
                assert_same(&pool.submit(or_error::task(ok.clone())).result()?, &ok, len);
            }
            assert_eq!(pool.submit(perhaps::task(None)).result()?, None);
            assert_eq!(pool.submit(or_error::task(Err("why".to_owned()))).result()?, Err("why".to_owned()));
        }
        Ok(())
    })
}

#[test]
fn several_long_arguments_stay_apart() -> Outcome {
    #[pool_task(process)]
    fn reversed(
        first: Vec<u8>,
        n: u32,
        text: &str,
        mut second: Vec<u8>,
        third: &[u8],
    ) -> (Vec<u8>, u32, String, Vec<u8>) {
        second.extend_from_slice(third);
        (second, n + 1, text.to_uppercase(), first)
    }
    limited(|| {
        for transport in TRANSPORTS {
            let pool = over(transport).build()?;
            for (one, other) in LENS.into_iter().zip(LENS.into_iter().rev()) {
                let (first, second, third) = (patterned(one), vec![2; other], vec![3; one]);
                let call = reversed::task(first.clone(), 1, "text", second.clone(), &third);
                let came = pool.submit(call).result()?;
                let expected = ([second, third].concat(), 2, "TEXT".to_owned(), first);
                assert_same(&came, &expected, one);
            }
        }
        Ok(())
    })
}

#[test]
fn long_values_come_one_after_the_other_whoever_waits_for_them() -> Outcome {
    limited(|| {
        for transport in TRANSPORTS {
            let pool = over(transport).__ring_size(4096).build()?;
            thread::scope(|scope| {
                for seed in 0..4_u8 {
                    let pool = &pool;
                    scope.spawn(move || {
                        for round in 0..30 {
                            let futures = LENS[5..8].iter().map(|len| pool.submit(echo_owned::task(vec![seed; *len])));
                            let futures: Vec<_> = futures.collect();
                            for (len, future) in LENS[5..8].iter().zip(futures) {
                                if round % 3 == 2 && future.cancel() {
                                    continue;
                                }
                                assert!(future.result().expect("echoed") == vec![seed; *len], "{len}");
                            }
                        }
                    });
                }
            });
        }
        Ok(())
    })
}

#[test]
fn the_memory_of_an_argument_receives_the_value() -> Outcome {
    #[pool_task(process, instances(Vec<u8>, String))]
    fn there_and_back<T: Send>(value: T) -> T {
        value
    }
    #[pool_task(process)]
    fn first_half(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.truncate(bytes.len() / 2);
        bytes
    }
    #[pool_task(process)]
    fn first_tenth(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.truncate(bytes.len() / 10);
        bytes
    }
    limited(|| {
        let pool = over(Transport::SharedMemory).build()?;
        let bytes = patterned(1 << 20);
        let place = bytes.as_ptr();
        let bytes = pool.submit(echo_owned::task(bytes)).result()?;
        assert_eq!(bytes.as_ptr(), place);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let place_of_text = text.as_ptr();
        let text = pool.submit(there_and_back::task(text)).result()?;
        assert_eq!(text.as_ptr(), place_of_text);
        let half = pool.submit(first_half::task(bytes)).result()?;
        assert_eq!((half.as_ptr(), half.len()), (place, 1 << 19));

        // A short value does not sit in the memory of a long argument.
        let tenth = pool.submit(first_tenth::task(patterned(1 << 20))).result()?;
        assert!(tenth.capacity() < 1 << 18, "{}", tenth.capacity());
        Ok(())
    })
}

#[test]
fn a_call_that_runs_again_has_its_arguments() -> Outcome {
    /// Ends its worker, the first time only: at once, or while its value is on the way.
    #[pool_task(process, retries = 1)]
    fn echo_or_die(bytes: Vec<u8>, died: &Path, after: Duration) -> Vec<u8> {
        if std::fs::create_dir(died).is_ok() {
            if after.is_zero() {
                std::process::abort();
            }
            thread::spawn(move || {
                thread::sleep(after);
                std::process::abort();
            });
        }
        bytes
    }
    limited(|| {
        for transport in TRANSPORTS {
            let folder = tempfile::tempdir()?;
            let pool = over(transport).build()?;
            for after in [0, 1, 2, 4, 8] {
                let bytes = patterned(4 << 20);
                let died = folder.path().join(after.to_string());
                let call = echo_or_die::task(bytes.clone(), &died, Duration::from_millis(after));
                assert_same(&pool.submit(call).result()?, &bytes, bytes.len());
                assert!(died.exists());
            }
        }
        Ok(())
    })
}

/// What a process has in memory.
fn resident(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process of ours");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its size");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") << 10
}

#[test]
fn an_idle_pool_keeps_no_large_buffers() -> Outcome {
    /// The allocator returns what is as long as this to the system.
    const LARGE: usize = 33 << 20;

    /// What comes out of band, in the message, and in the answer.
    #[pool_task(process)]
    fn numbers(bytes: Vec<u8>, more: &[u8]) -> Vec<f64> {
        let len = bytes.len().min(more.len());
        drop(bytes);
        vec![0.5; len / size_of::<f64>()]
    }
    if !is_alone("an_idle_pool_keeps_no_large_buffers")? {
        return Ok(());
    }
    limited(|| {
        for transport in TRANSPORTS {
            let pool = over(transport).build()?;
            let [worker, this] = [pool.submit(pid::task()).result()?, std::process::id()];
            let before = [worker, this].map(resident);
            drop(pool.submit(numbers::task(vec![1; LARGE], &vec![2; LARGE])).result()?);
            // Who waits for ever here is ended by the watchdog.
            for (pid, before) in [worker, this].into_iter().zip(before) {
                while resident(pid) > before + LARGE / 2 {
                    thread::sleep(Duration::from_millis(10));
                }
            }
            let long = vec![3; 1 << 20];
            assert_same(&pool.submit(echo_owned::task(long.clone())).result()?, &long, 1 << 20);
        }
        Ok(())
    })
}
