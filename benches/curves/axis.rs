//! Where a figure is on an axis of a picture, and which figures have a label.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::unit::Unit;

/// See the module.
pub(crate) struct Axis {
    unit: Unit,
    from: f64,
    to: f64,
    ticks: Vec<f64>,
    logarithmic: bool,
}

impl Axis {
    /// Logarithmic, with these ticks from one end to the other.
    pub(crate) fn of_sizes(unit: Unit, sizes: &[f64], ticks: Vec<f64>) -> Self {
        let (least, most) = ends(sizes);
        let beyond = (most / least).powf(0.04);
        Self { unit, from: least / beyond, to: most * beyond, ticks, logarithmic: true }
    }

    /// From zero, with room above the largest of the figures.
    pub(crate) fn from_zero(unit: Unit, figures: &[f64]) -> Self {
        const LEAST_TICKS: f64 = 5.0;

        let to = 1.4 * ends(figures).1;
        let step = round_step(to / LEAST_TICKS);
        let ticks = (0..).map(|count| f64::from(count) * step).take_while(|&tick| tick <= to);
        Self { unit, from: 0.0, to, ticks: ticks.collect(), logarithmic: false }
    }

    /// From a tick below the least of the figures, with room above the largest.
    pub(crate) fn logarithmic(unit: Unit, figures: &[f64]) -> Self {
        const MOST_TICKS: usize = 8;

        let (least, most) = ends(figures);
        let powers = |step: f64| -> Vec<f64> {
            let power = |figure: f64| (figure / unit.one()).log(step);
            let (bottom, top) = (power(least).floor(), power(most).ceil());
            let powers = std::iter::successors(Some(bottom), |power| Some(power + 1.0));
            powers.take_while(|&power| power <= top).map(|power| unit.one() * step.powf(power)).collect()
        };
        let mut all = unit.steps().iter().map(|&step| powers(step)).filter(|ticks| ticks.len() <= MOST_TICKS);
        let ticks = all.next().expect("the largest step goes past everything");
        let (from, to) = ends(&ticks);
        Self { unit, from, to: to * (to / from).powf(0.3), ticks, logarithmic: true }
    }

    fn place(&self, value: f64) -> f64 {
        if self.logarithmic { value.ln() } else { value }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let (from, to) = (self.place(self.from), self.place(self.to));
        let share = (self.place(*value) - from) / (to - from);
        #[expect(clippy::cast_possible_truncation, reason = "a pixel")]
        let offset = (share * f64::from(end - start)).round() as i32;
        start + offset
    }

    fn key_points<H: KeyPointHint>(&self, _: H) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.unit.show(*value)
    }
}

fn ends(figures: &[f64]) -> (f64, f64) {
    let all = || figures.iter().copied();
    (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max))
}

/// The largest of .. 1, 2, 5, 10, 20 .. that is not above.
fn round_step(step: f64) -> f64 {
    let ten = 10_f64.powf(step.log10().floor());
    let factor = [5.0, 2.0].into_iter().find(|factor| factor * ten <= step);
    factor.unwrap_or(1.0) * ten
}
