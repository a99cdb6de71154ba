//! From escape times to colours.
//!
//! Colours are mixed as light, because the eye sees the mean of two lights and
//! not the mean of their numbers in a file. Only what leaves this file is sRGB.

use std::iter::Sum;

/// The colours that follow each other in a circle, as sRGB: night, sea, foam, gold, embers.
const STOPS: [[u8; 3]; 7] =
    [[4, 8, 28], [11, 42, 90], [31, 122, 156], [216, 236, 208], [255, 194, 74], [176, 64, 28], [44, 10, 36]];

/// How many times the circle is passed while the escape time grows by a factor of e.
const TURNS: f64 = 0.5;

/// The escape time with the first colour: a little less than the least in the picture.
const FIRST: f64 = 90.0;

/// What a point inside of the set looks like.
pub(crate) const DARK: Light = Light([0.0; 3]);

/// An amount of red, green and blue light, each from 0 to 1 where a screen can show it.
#[derive(Clone, Copy)]
pub(crate) struct Light([f64; 3]);

/// The light of a point that escapes after `time` steps.
pub(crate) fn light(time: f64) -> Light {
    // Close to the set the time grows faster and faster; its logarithm grows steadily.
    let turn = (TURNS * (time.max(1.0) / FIRST).ln()).rem_euclid(1.0);
    let (stop, share) = stop(turn);
    // Without a kink where one pair of colours gives way to the next.
    let share = share * share * (3.0 - 2.0 * share);
    Light::of_srgb(STOPS[stop]).mixed(Light::of_srgb(STOPS[(stop + 1) % STOPS.len()]), share)
}

/// The last stop before this part of a turn, and how much of the way to the next one is done.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "0 to 7")]
fn stop(turn: f64) -> (usize, f64) {
    let place = turn * STOPS.len() as f64;
    // A turn can be rounded up to a whole one.
    (place as usize % STOPS.len(), place.fract())
}

impl Light {
    /// By the sRGB standard's approximation, a gamma of 2.2.
    fn of_srgb(srgb: [u8; 3]) -> Self {
        Self(srgb.map(|byte| (f64::from(byte) / 255.0).powf(2.2)))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    pub(crate) fn to_srgb(self) -> [u8; 3] {
        self.0.map(|part| (part.powf(1.0 / 2.2) * 255.0).round() as u8)
    }

    pub(crate) fn dimmed(self, factor: f64) -> Self {
        Self(self.0.map(|part| part * factor))
    }

    fn mixed(self, other: Self, share: f64) -> Self {
        [self.dimmed(1.0 - share), other.dimmed(share)].into_iter().sum()
    }
}

impl Sum for Light {
    fn sum<I: Iterator<Item = Self>>(lights: I) -> Self {
        lights.fold(DARK, |sum, light| Self(std::array::from_fn(|part| sum.0[part] + light.0[part])))
    }
}
