//! Many downloads at once, on threads: `cargo run --release --example fetch -- --demo`, or with URLs.
//!
//! This is the example of Python's documentation for `ThreadPoolExecutor`. The downloads borrow the list of
//! URLs and the HTTP client, as `with_pool!` allows on threads, and `as_completed` takes `(url, future)` pairs
//! where Python needs a dictionary from futures to URLs.
//!
//! A thread cannot be stopped from outside, so the time-out of a download is the HTTP client's business.

mod demo;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use executor_examples::{Figures, exit_code, workers};
use executor_runtime::prelude::*;
use ureq::Agent;
use ureq::http::Uri;
use ureq::http::uri::InvalidUri;

use crate::demo::DemoServer;

/// Downloads many pages at once and shows each as soon as it has come or failed.
///
/// The exit code is 1 if a download failed; not in the demo, where some are meant to.
#[derive(Parser)]
struct Options {
    /// What to download.
    #[arg(value_name = "URL", value_parser = url, required_unless_present = "demo")]
    urls: Vec<Uri>,
    /// Download from a server of our own: good pages, a missing, a slow and a broken one.
    #[arg(long, conflicts_with = "urls")]
    demo: bool,
    /// How long one download may take; a second in the demo.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    #[arg(default_value = "10", default_value_if("demo", "true", "1"))]
    timeout: Duration,
    /// How many threads download.
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = workers())]
    workers: usize,
    /// Download everything again, one after the other, to compare; always so in the demo.
    #[arg(long)]
    compare: bool,
}

fn main() -> ExitCode {
    exit_code(run(Options::parse()))
}

fn run(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let Options { urls, demo, timeout, workers, compare } = options;
    let server = demo.then(DemoServer::start).transpose()?;
    let urls = server.as_ref().map_or(urls, DemoServer::urls);
    let agent = agent(timeout, demo);

    let start = Instant::now();
    let failures = fetch(&agent, &urls, workers)?;
    let pooled = start.elapsed();

    let serial = (compare || demo).then(|| fetch_serially(&agent, &urls));

    eprintln!("{}", Figures { tasks: urls.len(), workers, pooled, serial });
    Ok(if failures == 0 || demo { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Downloads all at once and shows each as it ends; how many failed.
fn fetch(agent: &Agent, urls: &[Uri], workers: usize) -> Result<usize, Box<dyn Error>> {
    let mut out = io::stdout();
    let mut failures = 0;
    with_pool!(thread(max_workers = workers, thread_name_prefix = "fetch") as pool => {
        let downloads = urls.iter().map(|url| (url, pool.submit(move || download(agent, url))));
        for (url, future) in as_completed(downloads) {
            let Download { size_bytes, took } = future.result()?;
            let seconds = took.as_secs_f64();
            match size_bytes {
                Ok(bytes) => writeln!(out, "{seconds:7.3} s  {bytes:9} bytes  {url}")?,
                Err(error) => {
                    failures += 1;
                    writeln!(out, "{seconds:7.3} s           failed  {url}: {error}")?;
                }
            }
        }
    })?;
    Ok(failures)
}

/// Downloads all again, one after the other; how long that takes.
fn fetch_serially(agent: &Agent, urls: &[Uri]) -> Duration {
    let start = Instant::now();
    for url in urls {
        download(agent, url);
    }
    start.elapsed()
}

/// How a download ended.
struct Download {
    size_bytes: Result<u64, ureq::Error>,
    took: Duration,
}

fn download(agent: &Agent, url: &Uri) -> Download {
    let start = Instant::now();
    let response = agent.get(url).call();
    let size_bytes = response.and_then(|mut response| {
        // Read to the end, but not kept.
        io::copy(&mut response.body_mut().as_reader(), &mut io::sink()).map_err(ureq::Error::from)
    });
    Download { size_bytes, took: start.elapsed() }
}

fn agent(timeout: Duration, demo: bool) -> Agent {
    let config = Agent::config_builder().timeout_global(Some(timeout));
    // A proxy that the environment names does not reach a server on this machine.
    let config = if demo { config.proxy(None) } else { config };
    config.build().into()
}

fn url(text: &str) -> Result<Uri, String> {
    let url: Uri = text.parse().map_err(|error: InvalidUri| error.to_string())?;
    match url.scheme_str() {
        Some("http") => Ok(url),
        Some("https") if cfg!(feature = "https") => Ok(url),
        Some("https") => Err("this build has no TLS; add `--features https` to the `cargo` command".to_owned()),
        _ => Err("neither an http:// nor an https:// URL".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) => Err("no time at all".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
