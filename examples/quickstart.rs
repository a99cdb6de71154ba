//! The first program to read: Python's `concurrent.futures`, and the same in Rust.
//!
//! Run it with `cargo run --release --example quickstart`. It prints what one would write in Python, and
//! beside it what the Rust below gives.
//!
//! `#[pool_task(process)]` leaves a function as it is, `square(3)`, and puts a description of a call beside
//! it, `square::task(3)`, which runs wherever it is submitted: on a thread or in a worker process. `main` needs
//! no preparation for that, not even Python's `if __name__ == "__main__"`.

use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use executor_examples::{Figures, exit_code};
use executor_runtime::prelude::*;

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

/// Takes its whole process along when it meets a 3, as a fault in a C library would.
#[pool_task(process)]
fn square_unless_3(n: u64) -> u64 {
    if n == 3 { std::process::abort() } else { n * n }
}

fn squares_on_threads() -> Result<(), Box<dyn Error>> {
    println!("Python | with ThreadPoolExecutor(max_workers=3) as pool:");
    println!("       |     print(list(pool.map(square, [1, 2, 3, 4])))");

    let squares: Vec<u64> = with_pool!(thread(max_workers = 3) as pool => {
        pool.map(square::task, [1, 2, 3, 4]).collect::<Result<_, _>>()?
    })?;

    println!("Rust   | {squares:?}\n");
    Ok(())
}

fn squares_in_processes() -> Result<(), Box<dyn Error>> {
    println!("Python | with ProcessPoolExecutor(max_workers=3) as pool:");
    println!("       |     print(list(pool.map(square, range(10))))");

    let squares: Vec<u64> = with_pool!(process(max_workers = 3) as pool => {
        pool.map(square::task, 0..10).collect::<Result<_, _>>()?
    })?;

    println!("Rust   | {squares:?}\n");
    Ok(())
}

fn one_task_aborts() -> Result<(), Box<dyn Error>> {
    println!("Python | with ProcessPoolExecutor(max_workers=3) as pool:");
    println!("       |     futures = [pool.submit(square_unless_3, n) for n in range(6)]");
    println!("       |     ...  # from here on, every future that was not done raises BrokenProcessPool");

    with_pool!(process(max_workers = 3) as pool => {
        let futures: Vec<_> = (0..6).map(|n| pool.submit(square_unless_3::task(n))).collect();
        for (n, future) in futures.into_iter().enumerate() {
            match future.result() {
                Ok(square) => println!("Rust   | {n}: {square}"),
                Err(error) => println!("Rust   | {n}: {error}"),
            }
        }
    })?;

    println!();
    Ok(())
}

/// Python's concurrent.futures beside the same in Rust: threads, processes, and a task that aborts.
#[derive(Parser)]
struct Quickstart;

fn main() -> ExitCode {
    let Quickstart = Quickstart::parse();
    exit_code(run())
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let start = Instant::now();
    squares_on_threads()?;
    squares_in_processes()?;
    let pooled = start.elapsed();
    one_task_aborts()?;

    let start = Instant::now();
    for n in [1, 2, 3, 4].into_iter().chain(0..10) {
        black_box(square(black_box(n)));
    }
    let serial = start.elapsed();

    eprintln!("{}", Figures { tasks: 14, workers: 3, pooled, serial: Some(serial) });
    eprintln!("A square is too little work for a pool; `checksums`, `fetch` and `mandelbrot` have more.");
    Ok(ExitCode::SUCCESS)
}
