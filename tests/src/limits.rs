//! Tasks that look at the limits of their worker, and tasks that do not keep to them.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use executor_runtime::prelude::*;

/// Soft and hard limit of this process, as `/proc/self/limits` has them under this name.
#[pool_task(process)]
pub fn limit(name: &str) -> (String, String) {
    let limits = fs::read_to_string("/proc/self/limits").expect("our limits");
    let line = limits.lines().find_map(|line| line.strip_prefix(name)).expect("a limit of this name");
    let mut words = line.split_whitespace().map(str::to_owned);
    (words.next().expect("the soft one"), words.next().expect("the hard one"))
}

/// [`limit`] in a worker of a pool of this worker's own.
#[pool_task(process)]
pub fn limit_one_pool_deeper(name: &str) -> (String, String) {
    ProcessPoolExecutor::new(1).expect("a pool").submit(limit::task(name)).result().expect("its limit")
}

/// The niceness of each thread of this process, and of one that is started here.
#[pool_task(process)]
pub fn niceness() -> Vec<i32> {
    // Behind the name, which is in parentheses and may hold anything, the sixteenth word.
    each_thread("stat", |stat| stat.rsplit_once(')')?.1.split_whitespace().nth(16)?.parse().ok())
}

/// On which processors each thread of this process may run, and one that is started here.
#[pool_task(process)]
pub fn processors() -> Vec<String> {
    each_thread("status", |status| {
        Some(status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?.trim().to_owned())
    })
}

fn each_thread<T: Send>(file: &str, look: impl Fn(&str) -> Option<T> + Sync) -> Vec<T> {
    let look = || {
        let threads = fs::read_dir("/proc/self/task").expect("our threads");
        let texts = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join(file)).ok());
        texts.map(|text| look(&text).expect("what is looked for")).collect()
    };
    std::thread::scope(|scope| scope.spawn(look).join()).expect("no panic")
}

/// Fails if the niceness is another one.
#[pool_task(process)]
pub fn expect_niceness(expected: i32) -> Result<(), String> {
    let found = niceness();
    if found.iter().all(|&found| found == expected) { Ok(()) } else { Err(format!("{found:?}")) }
}

/// A variable of the environment.
#[pool_task(process)]
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// Where relative paths start.
#[pool_task(process)]
pub fn directory() -> PathBuf {
    env::current_dir().expect("a directory")
}

/// Allocates, and writes to, more and more memory.
#[pool_task(process)]
pub fn allocate_for_ever() {
    let mut all = Vec::new();
    loop {
        all.push(vec![1_u8; 1 << 20]);
    }
}

/// Whether so many bytes can be had, for one who asks first.
#[pool_task(process)]
pub fn can_reserve(bytes: usize) -> bool {
    Vec::<u8>::new().try_reserve(bytes).is_ok()
}

/// Never gives back so many bytes. Returns the pid.
#[pool_task(process)]
pub fn leak(bytes: usize) -> u32 {
    vec![1_u8; bytes].leak();
    std::process::id()
}

/// Opens files until there is an error, which it returns.
#[pool_task(process)]
pub fn open_many(most: usize) -> Result<(), String> {
    let open = |_| File::open("/dev/null").map_err(|error| error.to_string());
    (0..most).map(open).collect::<Result<Vec<_>, _>>().map(drop)
}

/// Writes so many bytes to a new file, and returns the pid or the kind of the error.
#[pool_task(process)]
pub fn write_file(path: &Path, bytes: usize) -> Result<u32, String> {
    let mut file = File::create(path).expect("a new file");
    file.write_all(&vec![1; bytes]).map_err(|error| format!("{:?}", error.kind()))?;
    Ok(std::process::id())
}
