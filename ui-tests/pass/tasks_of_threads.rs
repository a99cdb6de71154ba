// What only threads can be given: nothing of it is sent anywhere.
#![deny(warnings)]

use std::cell::Cell;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use executor_runtime::prelude::*;

/// Without serde, and without `Clone`, `Debug` and the rest.
struct Opaque(u64);

#[pool_task(thread)]
fn opaque(value: Opaque) -> Opaque {
    Opaque(value.0 + 1)
}

#[pool_task(thread)]
fn statics(name: &'static str, names: &'static [&'static str]) -> &'static str {
    if names.contains(&name) { name } else { "unknown" }
}

#[pool_task(thread)]
fn functions(f: fn(u64) -> u64, g: Box<dyn FnOnce(u64) -> u64 + Send>, h: &'static (dyn Fn(u64) -> u64 + Sync)) -> u64 {
    h(g(f(1)))
}

#[pool_task(thread)]
fn callbacks(
    f: fn(&str, &mut u64) -> bool,
    g: Arc<dyn for<'a> Fn(&'a str) -> &'a str + Send + Sync>,
) -> fn(&str) -> usize {
    let mut n = 0;
    if f(g("text"), &mut n) { str::len } else { |_| 0 }
}

#[pool_task(thread)]
fn handles(raw: RawFd, owned: OwnedFd, file: File, thread: JoinHandle<u64>) -> bool {
    raw == owned.as_raw_fd() && file.as_raw_fd() != raw && thread.join().is_ok()
}

#[pool_task(thread)]
fn shared(total: Arc<Mutex<u64>>, sender: Sender<u64>, own: Cell<u64>) -> Cell<u64> {
    own.set(own.get() + 1);
    *total.lock().unwrap() += own.get();
    sender.send(own.get()).unwrap();
    own
}

#[pool_task(thread)]
fn reading(mut source: Box<dyn Read + Send>) -> std::io::Result<String> {
    let mut text = String::new();
    source.read_to_string(&mut text)?;
    Ok(text)
}

#[pool_task(thread)]
fn borrowing(
    text: &str,
    count: &(dyn Fn(&str) -> usize + Sync),
    place: BorrowedFd<'_>,
    all: &Mutex<Vec<usize>>,
) -> usize {
    let n = count(text);
    all.lock().unwrap().push(n);
    n + usize::from(place.as_raw_fd() < 0)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = ThreadPoolExecutor::new(1)?;
    assert_eq!(pool.submit(opaque::task(Opaque(1))).result()?.0, 2);
    assert_eq!(pool.submit(statics::task("a", &["a"])).result()?, "a");
    let n = 3;
    assert_eq!(pool.submit(functions::task(|n| n + 1, Box::new(move |m| m * n), &|n| n * 2)).result()?, 12);
    let length = pool.submit(callbacks::task(|text, n| text.len() as u64 > *n, Arc::new(str::trim))).result()?;
    assert_eq!(length("ab"), 2);
    let (owned, file) = (OwnedFd::from(File::open("/dev/null")?), File::open("/dev/null")?);
    let call = handles::task(owned.as_raw_fd(), owned, file, std::thread::spawn(|| 1));
    assert!(pool.submit(call).result()?);
    let (total, (sender, receiver)) = (Arc::new(Mutex::new(0)), std::sync::mpsc::channel());
    assert_eq!(pool.submit(shared::task(Arc::clone(&total), sender, Cell::new(1))).result()?.get(), 2);
    assert_eq!((*total.lock().unwrap(), receiver.recv()?), (2, 2));
    assert_eq!(pool.submit(reading::task(Box::new(&b"text"[..]))).result()??, "text");

    let (text, all, null) = (String::from("text"), Mutex::new(Vec::new()), File::open("/dev/null")?);
    let count = |text: &str| text.len() + all.lock().map_or(0, |all| all.len());
    let length = with_pool!(pool as pool => {
        pool.submit(borrowing::task(&text, &count, null.as_fd(), &all)).result()?
    })?;
    assert_eq!((length, all.into_inner()?), (4, vec![4]));
    Ok(())
}
