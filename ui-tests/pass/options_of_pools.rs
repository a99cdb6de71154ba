// Each option of a pool takes any expression of the builder's type.
#![deny(warnings)]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use executor_runtime::prelude::*;
use executor_runtime::{WorkerStderr, WorkerStdout};

const WORKERS: usize = 1;

struct Config {
    workers: usize,
    prefix: String,
}

#[pool_task(process)]
fn set_up(n: u64) -> Result<(), String> {
    if n == 0 { Err("nothing to set up".into()) } else { Ok(()) }
}

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

fn workers() -> Result<usize, Box<dyn Error>> {
    Ok(WORKERS)
}

fn threads(config: &Config) -> Result<String, Box<dyn Error>> {
    let started = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&started);
    let name = with_pool!(
        thread(
            max_workers = config.workers.max(1).min(2) as u8 as usize,
            max_pending = {
                let spare = 5;
                spare + 5
            },
            initializer = move || {
                counted.fetch_add(1, Ordering::Relaxed);
            },
            idle_timeout = Duration::from_secs(10) * 2,
            thread_name_prefix = format!("{}-x", config.prefix),
            stack_size = 1 << 20,
            crate = ::executor_runtime,
        ) as pool => {
            pool.submit(|| std::thread::current().name().map(str::to_owned)).result()?.unwrap_or_default()
        }
    )?;
    assert_eq!(started.load(Ordering::Relaxed), 1);
    Ok(name)
}

fn processes(limit: Option<Duration>) -> Result<u64, Box<dyn Error>> {
    let total = with_pool!(
        process(
            crate = executor_runtime,
            max_workers = workers()?,
            max_pending = usize::MAX,
            initializer = set_up::task(1),
            max_tasks_per_child = if limit.is_some() { 10 } else { 20 },
            timeout = limit.unwrap_or(Duration::from_secs(60)),
            kill_grace = Duration::from_millis(10),
            restart_limit = 3,
            restart_window = "1m",
            max_result_size = 1 << 20,
            prewarm = WORKERS,
            stdout = WorkerStdout::Inherit,
            stderr = if limit.is_some() { WorkerStderr::Null } else { WorkerStderr::Forward },
            stack_size = 4 * 1024 * 1024
        ) as pool => {
            pool.map(square::task, 0..4).sum::<Result<u64, _>>()?
        }
    )?;
    Ok(total)
}

#[pool_task(process)]
fn surroundings() -> (Option<String>, Option<String>) {
    let directory = std::env::current_dir().ok().and_then(|path| path.to_str().map(str::to_owned));
    (std::env::var("SOME_NAME").ok(), directory)
}

fn limits(minutes: u64) -> Result<(), Box<dyn Error>> {
    const MIB: u64 = 1 << 20;

    let found = with_pool!(
        process(
            max_workers = 1,
            max_memory_per_child = 1024 * MIB,
            memory_limit = 2048 * MIB,
            cpu_time_limit = Duration::from_secs(60 * minutes),
            open_files_limit = 100,
            file_size_limit = 0,
            nice = if cfg!(unix) { 19 } else { -1 },
            envs = vec![("SOME_NAME".to_owned(), String::from("some value"))],
            current_dir = std::path::Path::new("/"),
            inner_max_num_threads = None,
        ) as pool => {
            pool.submit(surroundings::task()).result()?
        }
    )?;
    assert_eq!(found, (Some("some value".to_owned()), Some("/".to_owned())));
    let empty: [(&str, &str); 0] = [];
    let squared = with_pool!(process(cpu_time_limit = "1h", inner_max_num_threads = 2, envs = empty) as pool => {
        pool.submit(square::task(3)).result()?
    })?;
    assert_eq!(squared, 9);
    let nowhere = with_pool!(process(cpu_affinity = [usize::MAX]) as _pool => {});
    assert!(nowhere.unwrap_err().to_string().contains("cpu_affinity"));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    limits(10)?;
    let name = threads(&Config { workers: 1, prefix: "io".into() })?;
    assert!(name.starts_with("io-x"), "{name}");
    assert_eq!(processes(None)?, 14);
    let defaults = with_pool!(thread() as pool => { pool.submit(|| 1).result()? })?;
    let trailing = with_pool!(thread(max_workers = 1,) as pool => { pool.submit(|| 2).result()? })?;
    assert_eq!(defaults + trailing, 3);
    let refused = with_pool!(process(max_workers = 1, initializer = set_up::task(0)) as pool => {
        pool.submit(square::task(2)).result()
    })?;
    assert!(refused.unwrap_err().to_string().contains("set"));
    Ok(())
}
