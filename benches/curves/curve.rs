//! What is measured at several sizes.

use crate::median;
use crate::probe::Probe;

/// See the module.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    points: Vec<Point>,
}

/// What is measured at one size.
struct Point {
    size: u64,
    probe: Probe,
    samples: Vec<f64>,
}

/// What samples come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Curve {
    pub(crate) fn new(name: &'static str, sizes: &[u64], probe: impl Fn(u64) -> Probe) -> Self {
        let point = |&size| Point { size, probe: probe(size), samples: Vec::new() };
        Self { name, points: sizes.iter().map(point).collect() }
    }

    /// Takes one more sample at a size, if there is that size.
    pub(crate) fn sample(&mut self, size: u64) {
        let point = self.points.iter_mut().find(|point| point.size == size);
        if let Some(Point { probe, samples, .. }) = point {
            samples.push(probe.ask());
        }
    }

    /// What comes of the samples if each is made a `figure`, size by size.
    pub(crate) fn spreads(&self, figure: impl Fn(u64, f64) -> f64) -> impl Iterator<Item = (u64, Spread)> {
        self.points.iter().map(move |Point { size, samples, .. }| {
            (*size, Spread::of(samples.iter().map(|&sample| figure(*size, sample)).collect()))
        })
    }
}

impl Spread {
    fn of(figures: Vec<f64>) -> Self {
        let all = || figures.iter().copied();
        let (min, max) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
        Self { min, max, median: median(figures) }
    }
}
