//! The results as text.

use std::{fs, io};

use executor_bench_report::{Grid, Style};

use crate::cargo::Time;
use crate::contest::Outcome;
use crate::dependencies::Dependencies;
use crate::expansion::lines_per_task;
use crate::stage::{Part, Stage};
use crate::way::Way;
use crate::workshop::{DECLARED, USED, Workshop};

/// What one task takes above the plain function, or the plain function by itself.
struct Spread {
    /// Smallest first, and never none.
    values: Vec<f64>,
}

/// The time of the compiler per task.
pub(crate) fn times(outcome: &Outcome, style: Style) -> String {
    let head = ["build", "a function", "declared, ms", "used once, ms", "macro / by hand", "wall clock, s"];
    let mut grid = Grid::new(head);
    for stage in Stage::ALL.into_iter().filter(|stage| outcome.has(*stage)) {
        grid.group(Way::ALL.map(|way| {
            let [declared, used] = Part::ALL.map(|part| Spread::of(outcome, stage, way, &[part]).show(way));
            let [library, program] = Part::ALL.map(|part| Spread::waited(outcome, stage, way, part).median());
            let waited = format!("{library:.1} + {program:.1}");
            [stage.title().to_owned(), way.title().to_owned(), declared, used, ratios(outcome, stage, way), waited]
        }));
    }
    grid.set(style)
}

/// What a macro takes by what does without it.
fn ratios(outcome: &Outcome, stage: Stage, way: Way) -> String {
    let Some(hand) = way.by_hand() else { return String::new() };
    let ratio = |parts: &[Part]| {
        let [with, without] = [way, hand].map(|way| Spread::of(outcome, stage, way, parts).median());
        // What is lost in the spread divides nothing.
        if without < 1.0 { "—".to_owned() } else { format!("{:.2}", with / without) }
    };
    format!("{}, both {}", ratio(&[Part::Declared]), ratio(&Part::ALL))
}

impl Spread {
    /// Milliseconds of processor time. Each repetition is compared with the plain functions of the same one.
    fn of(outcome: &Outcome, stage: Stage, way: Way, parts: &[Part]) -> Self {
        let per_task = |way| {
            let of_parts: Vec<_> = parts.iter().map(|part| (outcome.times(stage, way, *part), part.tasks())).collect();
            (0..of_parts[0].0.len()).map(move |repetition| {
                let millis = |time: Time| time.processor.as_secs_f64() * 1_000.0;
                of_parts.iter().map(|(times, tasks)| millis(times[repetition]) / float(*tasks)).sum::<f64>()
            })
        };
        if way == Way::Plain {
            return Self::new(per_task(way));
        }
        Self::new(per_task(way).zip(per_task(Way::Plain)).map(|(time, plain)| time - plain))
    }

    /// Seconds on the clock.
    fn waited(outcome: &Outcome, stage: Stage, way: Way, part: Part) -> Self {
        Self::new(outcome.times(stage, way, part).into_iter().map(|time| time.clock.as_secs_f64()))
    }

    fn new(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.collect();
        values.sort_by(f64::total_cmp);
        Self { values }
    }

    fn median(&self) -> f64 {
        let Self { values } = self;
        f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
    }

    fn show(&self, way: Way) -> String {
        let median = self.median();
        let median = if way == Way::Plain { format!("{median:.2} in all") } else { format!("{median:+.2}") };
        match self.values.as_slice() {
            [min, .., max] => format!("{median} ({min:.2} to {max:.2})"),
            _ => median,
        }
    }
}

/// What one task adds to the source text and to a release program.
pub(crate) fn sizes(workshop: &Workshop, style: Style) -> io::Result<String> {
    let mut grid = Grid::new(["a function", "lines after macros", "declared, bytes", "used once, bytes"]);
    let plain = Size::of(workshop, Way::Plain)?;
    let mut rows = Vec::new();
    for way in Way::ALL {
        let size = Size::of(workshop, way)?;
        let more = |of: fn(&Size) -> f64| match way {
            Way::Plain => format!("{:.0} in all", of(&size)),
            _ => format!("{:+.0}", of(&size) - of(&plain)),
        };
        rows.push([way.title().to_owned(), more(|it| it.lines), more(|it| it.declared), more(|it| it.used)]);
    }
    grid.group(rows);
    Ok(grid.set(style))
}

/// What one function comes to.
struct Size {
    lines: f64,
    declared: f64,
    used: f64,
}

impl Size {
    fn of(workshop: &Workshop, way: Way) -> io::Result<Self> {
        let lines = lines_per_task(workshop, way)?;
        let bytes = |name: &str| fs::read(workshop.program(name)).map(|program| float(program.len()));
        let (used, unused) = (bytes(way.name())?, bytes(&format!("{}-unused", way.name()))?);
        Ok(Self { lines, declared: unused / float(DECLARED), used: (used - unused) / float(USED) })
    }
}

/// How many crates come with one.
pub(crate) fn dependencies(all: &[Dependencies], style: Style) -> String {
    let mut grid = Grid::new(["crate", "direct dependencies", "all", "of these linked into the program"]);
    grid.group(all.iter().map(|Dependencies { of, direct, all, linked }| {
        [(*of).to_owned(), direct.to_string(), all.to_string(), linked.to_string()]
    }));
    grid.set(style)
}

#[expect(clippy::cast_precision_loss, reason = "counts of tasks, lines and bytes are far below 2^52")]
pub(crate) fn float(count: usize) -> f64 {
    count as f64
}
