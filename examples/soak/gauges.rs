//! What the program holds, over time: memory, descriptors and processes.

use std::error::Error;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use plotters::prelude::*;

/// So much the memory may grow between the first and the last quarter of the time: an allocator keeps some of what it
/// had.
const MOST_GROWTH_KIB: u64 = 64 * 1024;

/// `ipc-channel` forgets a descriptor when a worker is killed in the moment in which it is connected to.
const MOST_FORGOTTEN: usize = 3;

/// For how long a pool's end may take to be seen everywhere.
const REST_LIMIT: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug)]
struct Reading {
    at: Duration,
    memory_kib: u64,
    descriptors: usize,
    children: usize,
}

impl Reading {
    fn now(began: Instant) -> Self {
        Self { at: began.elapsed(), memory_kib: memory_kib(), descriptors: descriptors(), children: children().len() }
    }
}

/// The gauges while they are read, about once in a second.
pub(crate) struct Gauges {
    began: Instant,
    /// Between two pools.
    at_rest: Mutex<Vec<Reading>>,
    readings: Arc<Mutex<Vec<Reading>>>,
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Gauges {
    pub(crate) fn start(began: Instant) -> Self {
        let (stop, stopped) = mpsc::channel();
        let readings = Arc::<Mutex<Vec<_>>>::default();
        let thread = thread::spawn({
            let readings = Arc::clone(&readings);
            move || read(began, &readings, &stopped)
        });
        Self { began, at_rest: Mutex::default(), readings, stop, thread }
    }

    /// Reads them when there is no pool.
    ///
    /// # Errors
    ///
    /// A process or a descriptor is left.
    pub(crate) fn at_rest(&self) -> Result<(), String> {
        let mut at_rest = self.at_rest.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = Instant::now() + REST_LIMIT;
        loop {
            let now = Reading::now(self.began);
            let first = at_rest.first().copied().unwrap_or(now);
            if now.children == 0 && now.descriptors <= first.descriptors + MOST_FORGOTTEN {
                at_rest.push(now);
                return Ok(());
            }
            if Instant::now() > deadline {
                let Reading { children, descriptors, .. } = now;
                let before = first.descriptors;
                return Err(format!(
                    "without any pool there are {children} processes and {descriptors} descriptors, {before} before: {}",
                    open_files().join(", ")
                ));
            }
            // What made mischief may be among them.
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn stop(self) -> Read {
        drop(self.stop);
        self.thread.join().expect("the gauges can be read");
        let at_rest = self.at_rest.into_inner().unwrap_or_else(PoisonError::into_inner);
        let all = std::mem::take(&mut *self.readings.lock().unwrap_or_else(PoisonError::into_inner));
        Read { all, at_rest }
    }
}

fn read(began: Instant, readings: &Mutex<Vec<Reading>>, stopped: &Receiver<()>) {
    while stopped.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
        let now = Reading::now(began);
        readings.lock().unwrap_or_else(PoisonError::into_inner).push(now);
    }
}

type Gauge = fn(&Reading) -> f64;

/// What the gauges have shown.
pub(crate) struct Read {
    all: Vec<Reading>,
    at_rest: Vec<Reading>,
}

impl Read {
    /// Whether the memory has stayed what it was.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Some((first, last)) = self.quarters() else { return Ok(()) };
        if last > first + MOST_GROWTH_KIB {
            return Err(format!("the memory has grown from {first} to {last} KiB"));
        }
        Ok(())
    }

    /// The most memory without any pool in the first and in the last quarter of the time.
    fn quarters(&self) -> Option<(u64, u64)> {
        let quarter = self.at_rest.len().div_ceil(4);
        let most = |readings: &[Reading]| readings.iter().map(|reading| reading.memory_kib).max();
        let last = self.at_rest.len() - quarter;
        Some((most(&self.at_rest[..quarter])?, most(&self.at_rest[last..])?))
    }

    /// Draws all three over time.
    pub(crate) fn draw(&self, file: &Path) -> Result<(), Box<dyn Error>> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let picture = SVGBackend::new(file, (900, 750)).into_drawing_area();
        picture.fill(&WHITE)?;
        let gauges: [(&str, Gauge); 3] = [
            ("resident memory, MiB", |reading| as_f64(reading.memory_kib) / 1024.0),
            ("open descriptors", |reading| as_f64(reading.descriptors as u64)),
            ("child processes", |reading| as_f64(reading.children as u64)),
        ];
        let end = self.all.last().map_or(1.0, |last| last.at.as_secs_f64());
        for (area, (name, value)) in picture.split_evenly((3, 1)).iter().zip(gauges) {
            let most = self.all.iter().map(value).fold(1.0, f64::max);
            let mut chart = ChartBuilder::on(area)
                .caption(name, ("sans-serif", 16))
                .margin(8)
                .x_label_area_size(24)
                .y_label_area_size(56)
                .build_cartesian_2d(0.0..end, 0.0..1.1 * most)?;
            chart.configure_mesh().x_desc("seconds").draw()?;
            chart.draw_series(LineSeries::new(self.all.iter().map(|it| (it.at.as_secs_f64(), value(it))), &BLUE))?;
        }
        picture.present()?;
        Ok(())
    }
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = |value: fn(&Reading) -> u64| self.all.iter().map(value).max().unwrap_or_default();
        let (memory, descriptors, children) =
            (most(|it| it.memory_kib), most(|it| it.descriptors as u64), most(|it| it.children as u64));
        write!(f, "at most {memory} KiB, {descriptors} descriptors, {children} processes")?;
        if let (Some((first, last)), Some(rest)) = (self.quarters(), self.at_rest.last()) {
            let descriptors = rest.descriptors;
            write!(
                f,
                "; without a pool {descriptors} descriptors, {first} KiB in the first quarter, {last} in the last"
            )?;
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a picture has no more precision")]
fn as_f64(n: u64) -> f64 {
    n as f64
}

fn memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

fn descriptors() -> usize {
    // One of them is the listing's own.
    fs::read_dir("/proc/self/fd").map_or(0, |descriptors| descriptors.count().saturating_sub(1))
}

/// What is open, in words of the system.
fn open_files() -> Vec<String> {
    let Ok(descriptors) = fs::read_dir("/proc/self/fd") else { return Vec::new() };
    descriptors
        .filter_map(|descriptor| Some(fs::read_link(descriptor.ok()?.path()).ok()?.display().to_string()))
        .collect()
}

/// The pids of this program's children.
pub(crate) fn children() -> Vec<u32> {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return Vec::new() };
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|children| children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}
