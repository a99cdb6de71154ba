//! What a curve should be, and whether it is.

use crate::growth::{Growth, Line, Panel};

/// What is aimed at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// The same at all sizes.
    Flat,
    /// No figure above this.
    AtMost(f64),
}

impl Target {
    /// What no figure should be above.
    pub(crate) fn limit(self) -> Option<f64> {
        match self {
            Self::Flat => None,
            Self::AtMost(limit) => Some(limit),
        }
    }
}

/// What counts as the same: figures of one run on a machine that others use, too, differ by a third.
const FLAT: f64 = 1.5;

/// A row of the table of verdicts.
pub(crate) fn row(growth: &Growth, panel: &Panel, target: Target, line: &Line) -> [String; 6] {
    let show = |value| panel.unit.show(value);
    let medians = || line.points.iter().map(|(_, spread)| spread.median);
    let (least, most) = (medians().fold(f64::INFINITY, f64::min), medians().fold(0.0, f64::max));
    let (target, excess) = match target {
        Target::Flat => (format!("most / least at most {FLAT}"), most / least / FLAT),
        Target::AtMost(limit) => (format!("at most {}", show(limit)), most / limit),
    };
    [
        format!("{} by {}, {}", panel.title, growth.name, line.name),
        show(least),
        show(most),
        format!("{:.2}", most / least),
        target,
        if excess <= 1.0 { "met".to_owned() } else { format!("missed, {excess:.2}x off") },
    ]
}
