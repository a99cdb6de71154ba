//! The SHA-256 of every file below a directory, on threads or in worker processes:
//! `cargo run --release --example checksums -- DIR --executor processes`.
//!
//! The output is that of `find DIR -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum`, to the byte, and
//! like `sha256sum` the program tells what it cannot read on stderr, goes on, and ends with 1.
//!
//! One function, `checksums`, serves both executors: it takes a `&dyn Executor`. The task takes a `&Path`,
//! which is sent as bytes, so that a file name need not be UTF-8.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use executor_examples::{Figures, cpus, exit_code, with_causes, workers};
use executor_runtime::prelude::*;
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

/// Prints the SHA-256 of every file below a directory, as `sha256sum` does.
///
/// Symbolic links below the directory are not followed. The exit code is 1 if anything could not be read.
#[derive(Parser)]
struct Options {
    /// The directory to look through.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Where the checksums are computed.
    #[arg(long, value_enum, default_value_t = Kind::Threads)]
    executor: Kind,
    /// How many threads or processes compute.
    #[arg(long, default_value_t = cpus(), value_name = "N", value_parser = workers())]
    workers: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Threads,
    Processes,
}

/// A checksum, or why there is none.
type Checksum = Result<[u8; 32], String>;

fn main() -> ExitCode {
    exit_code(run(&Options::parse()))
}

fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let Listing { files, complete } = Listing::below(&options.directory)?;

    let start = Instant::now();
    let pool = executor(options.executor, options.workers)?;
    let pooled_sums = checksums(&*pool, &files);
    drop(pool);
    let pooled = start.elapsed();
    let all_read = print(&files, &pooled_sums)?;

    let start = Instant::now();
    let serial_sums: Vec<Checksum> = files.iter().map(|file| sha256(file)).collect();
    let serial = start.elapsed();
    if let Some(file) = first_difference(&files, &pooled_sums, &serial_sums) {
        return Err(format!("{}: the serial run got another checksum", file.display()).into());
    }

    eprintln!("{}", Figures { tasks: files.len(), workers: options.workers, pooled, serial: Some(serial) });
    Ok(if complete && all_read { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn executor(kind: Kind, workers: usize) -> Result<Box<dyn Executor>, PoolError> {
    Ok(match kind {
        Kind::Threads => Box::new(ThreadPoolExecutor::new(workers)?),
        Kind::Processes => Box::new(ProcessPoolExecutor::new(workers)?),
    })
}

/// The checksums of these files, in their order, computed by whatever executor it is.
///
/// What goes wrong in the executor, such as a worker that is killed, costs one file its checksum.
fn checksums(pool: &dyn Executor, files: &[PathBuf]) -> Vec<Checksum> {
    let sums = pool.map(|file| sha256::task(file), files);
    sums.map(|sum| sum.unwrap_or_else(|error| Err(with_causes(&error)))).collect()
}

#[pool_task(process)]
fn sha256(file: &Path) -> Checksum {
    digest(file).map_err(|error| error.to_string())
}

fn digest(file: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(file)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(len) => hasher.update(&buffer[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The files below a directory.
struct Listing {
    /// Sorted by the bytes of their paths, as `sort` does; a `Path` would compare part by part.
    files: Vec<PathBuf>,
    /// Whether all directories could be read.
    complete: bool,
}

impl Listing {
    /// Finds them, and tells on stderr which directories could not be read.
    fn below(directory: &Path) -> Result<Self, Box<dyn Error>> {
        let found = fs::metadata(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        if !found.is_dir() {
            return Err(format!("{}: not a directory", directory.display()).into());
        }
        let mut listing = Self { files: Vec::new(), complete: true };
        for entry in WalkDir::new(directory) {
            match entry {
                Ok(entry) if entry.file_type().is_file() => listing.files.push(entry.into_path()),
                Ok(_) => {}
                Err(error) => {
                    eprintln!("{error}");
                    listing.complete = false;
                }
            }
        }
        listing.files.sort_unstable_by(|a, b| bytes(a).cmp(bytes(b)));
        Ok(listing)
    }
}

/// Prints what there is on stdout and what is missing on stderr; whether nothing is missing.
fn print(files: &[PathBuf], sums: &[Checksum]) -> io::Result<bool> {
    let mut out = BufWriter::new(io::stdout().lock());
    for (file, sum) in files.iter().zip(sums) {
        match sum {
            Ok(sum) => out.write_all(&line(file, sum))?,
            Err(error) => eprintln!("{}: {error}", file.display()),
        }
    }
    out.flush()?;
    Ok(sums.iter().all(Result::is_ok))
}

/// The first file that has two checksums: it was written to meanwhile, or something is badly wrong.
fn first_difference<'f>(files: &'f [PathBuf], pooled: &[Checksum], serial: &[Checksum]) -> Option<&'f Path> {
    let different = |pair: (&Checksum, &Checksum)| matches!(pair, (Ok(pooled), Ok(serial)) if pooled != serial);
    let place = pooled.iter().zip(serial).position(different)?;
    Some(&files[place])
}

/// A line as `sha256sum` writes it: a name that could be taken for two lines, or for an escaped one, is
/// escaped, and the line starts with a backslash to say so.
fn line(file: &Path, sum: &[u8; 32]) -> Vec<u8> {
    let name = escaped(bytes(file));
    let mut line = if name.len() == bytes(file).len() { Vec::new() } else { b"\\".to_vec() };
    line.extend(sum.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()));
    line.extend_from_slice(b"  ");
    line.extend(name);
    line.push(b'\n');
    line
}

fn escaped(name: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(name.len());
    for byte in name {
        match byte {
            b'\\' => escaped.extend_from_slice(b"\\\\"),
            b'\n' => escaped.extend_from_slice(b"\\n"),
            b'\r' => escaped.extend_from_slice(b"\\r"),
            byte => escaped.push(*byte),
        }
    }
    escaped
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}
