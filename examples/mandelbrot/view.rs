//! The part of the plane that is painted, and how one row of it is computed.

use executor_runtime::prelude::*;
use serde::{Deserialize, Serialize};

use crate::palette::{self, Light};

/// The middle of the picture: a small copy of the whole set, in the valley of seahorses.
const CENTRE: (f64, f64) = (-0.743_642_887, 0.131_826_3);

/// The height of the picture in the plane.
const SPAN: f64 = 0.000_022;

/// A pixel is the mean of so many samples in each direction, so that edges are smooth.
const SAMPLES: u32 = 2;

/// The square of the distance at which a point counts as escaped. 4 would do to decide; the farther, the
/// exacter is the fraction of the escape time, and colours change without steps.
const ESCAPED: f64 = 1e6;

/// What is painted, and how finely.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct View {
    pub(crate) width: u32,
    pub(crate) height: u32,
    iterations: u32,
}

impl View {
    pub(crate) fn new(width: u32, height: u32, iterations: u32) -> Self {
        Self { width, height, iterations }
    }

    fn pixel(self, x: u32, y: u32) -> [u8; 3] {
        let samples = (0..SAMPLES).flat_map(|dy| (0..SAMPLES).map(move |dx| (x * SAMPLES + dx, y * SAMPLES + dy)));
        let light: Light = samples.map(|(x, y)| self.light(x, y)).sum();
        light.dimmed(1.0 / f64::from(SAMPLES * SAMPLES)).to_srgb()
    }

    fn light(self, x: u32, y: u32) -> Light {
        escape_time(self.point(x, y), self.iterations).map_or(palette::DARK, palette::light)
    }

    /// Where a sample lies in the plane; samples are counted from the upper left corner.
    fn point(self, x: u32, y: u32) -> (f64, f64) {
        let step = SPAN / f64::from(self.height * SAMPLES);
        let from_middle = |at: u32, length: u32| f64::from(at) + 0.5 - f64::from(length * SAMPLES) / 2.0;
        (CENTRE.0 + from_middle(x, self.width) * step, CENTRE.1 - from_middle(y, self.height) * step)
    }
}

/// The pixels of row `y` of the picture, three bytes each: red, green, blue.
#[pool_task(process)]
pub(crate) fn row(view: View, y: u32) -> Vec<u8> {
    (0..view.width).flat_map(|x| view.pixel(x, y)).collect()
}

/// After how many steps of `z = z² + c` the point `c` escapes; `None` if it does not in so many iterations.
///
/// With the usual fraction, which makes the number of steps grow smoothly: `n + 1 - log₂(ln |z|)`.
fn escape_time(c: (f64, f64), iterations: u32) -> Option<f64> {
    let (mut x, mut y) = (0.0, 0.0);
    for n in 0..iterations {
        let (xx, yy) = (x * x, y * y);
        if xx + yy > ESCAPED {
            let ln_distance = (xx + yy).ln() / 2.0;
            return Some(f64::from(n) + 1.0 - ln_distance.log2());
        }
        (x, y) = (xx - yy + c.0, 2.0 * x * y + c.1);
    }
    None
}
