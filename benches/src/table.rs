//! The results as text.

use std::fmt::Write;

use executor_bench_report::{Grid, Style};

use crate::contest::{Outcome, Standing};
use crate::contestants::Role;
use crate::figure::{Better, Figure};
use crate::scenario::{Scenario, Shape, Workload};

const HEAD: [&str; 6] = ["figure", "pool", "median", "min to max", "ours / theirs", "ours is"];

/// What one contestant showed of one figure, beside what ours did.
struct Row {
    title: String,
    figure: Figure,
    contestant: &'static str,
    role: Role,
    spread: Spread,
    /// Our median by this one.
    ratio: f64,
}

#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

/// Who is ahead. Ratios within 5 % of one are called even: repetitions differ by more.
enum Verdict {
    Better(f64),
    Even,
    Worse(f64),
}

/// The table, and below it the comparisons with peers that ours loses.
pub(crate) fn render(outcomes: &[Outcome], style: Style) -> String {
    let groups: Vec<_> = outcomes.iter().flat_map(groups).collect();
    let mut grid = Grid::new(HEAD);
    for rows in &groups {
        grid.group(rows.iter().map(Row::cells));
    }
    let mut text = grid.set(style);
    text.push('\n');
    text.push_str(&losses(&groups));
    text
}

/// A group of rows for each figure of a scenario.
fn groups(outcome: &Outcome) -> impl Iterator<Item = Vec<Row>> {
    Figure::ALL.into_iter().filter_map(|figure| {
        let ours = Spread::of(outcome.standings.first()?, figure)?;
        let row = |standing: &Standing| {
            let spread = Spread::of(standing, figure)?;
            Some(Row {
                title: title(outcome.scenario, figure),
                figure,
                contestant: standing.contestant,
                role: standing.role,
                spread,
                ratio: ours.median / spread.median,
            })
        };
        Some(outcome.standings.iter().filter_map(row).collect())
    })
}

pub(crate) fn title(scenario: Scenario, figure: Figure) -> String {
    let Scenario { place, workload, workers, surroundings } = scenario;
    let workers = match workers {
        1 => format!("1 {}", place.worker()),
        _ => format!("{workers} {}", place.name()),
    };
    let what = match workload {
        Workload::Burst { tasks } => format!("{} of {tasks}", figure.name()),
        Workload::Work { tasks } => format!("{tasks} of 20 µs through map"),
        Workload::Map { items, shape: Shape::Numbers } => format!("{} of {items}", figure.name()),
        Workload::Map { items, shape: Shape::Structs } => format!("{} of {items} structs", figure.name()),
        Workload::SpeedUp { mixed: false, .. } => format!("{}, tasks of 10 ms", figure.name()),
        Workload::SpeedUp { mixed: true, .. } => format!("{}, tasks of 0.1 to 20 ms", figure.name()),
        Workload::Sleeps { tasks } => format!("{tasks} {}", figure.name()),
        Workload::Nested { n } => format!("fib({n}), submitting from inside"),
        Workload::Payload { len, again, .. } => {
            let again = if again { ", sent again" } else { "" };
            format!("{} MiB {}{again}", len >> 20, figure.name())
        }
        _ => figure.name().to_owned(),
    };
    format!("{workers}: {what}{}", surroundings.suffix())
}

impl Spread {
    /// `None` if there are no samples of the figure.
    pub(crate) fn of(standing: &Standing, figure: Figure) -> Option<Self> {
        let values = standing.values(figure);
        Some(Self { min: *values.first()?, median: *values.get(values.len() / 2)?, max: *values.last()? })
    }
}

impl Row {
    fn cells(&self) -> [String; HEAD.len()] {
        let Spread { min, median, max } = self.spread;
        let [min, median, max] = [min, median, max].map(|value| self.figure.show(value));
        let (ratio, verdict) = match self.role {
            Role::Ours => ("—".to_owned(), "—".to_owned()),
            _ => (three_digits(self.ratio), self.verdict().to_string()),
        };
        [self.title.clone(), self.contestant.to_owned(), median, format!("{min} to {max}"), ratio, verdict]
    }

    fn verdict(&self) -> Verdict {
        let gain = match self.figure.better() {
            Better::Lower => self.ratio.recip(),
            Better::Higher => self.ratio,
        };
        match gain {
            gain if gain > 1.05 => Verdict::Better(gain),
            gain if gain < 1.05_f64.recip() => Verdict::Worse(gain.recip()),
            _ => Verdict::Even,
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Better(gain) => write!(f, "{}x better", three_digits(*gain)),
            Self::Even => f.write_str("even"),
            Self::Worse(loss) => write!(f, "{}x worse", three_digits(*loss)),
        }
    }
}

pub(crate) fn three_digits(ratio: f64) -> String {
    match ratio {
        ratio if ratio >= 100.0 => format!("{ratio:.0}"),
        ratio if ratio >= 10.0 => format!("{ratio:.1}"),
        ratio if ratio >= 1.0 => format!("{ratio:.2}"),
        ratio if ratio >= 0.1 => format!("{ratio:.3}"),
        ratio => format!("{ratio:.4}"),
    }
}

fn losses(groups: &[Vec<Row>]) -> String {
    let compared: Vec<_> = groups.iter().flatten().filter(|row| row.role == Role::Peer).collect();
    let lost: Vec<_> = compared.iter().filter(|row| matches!(row.verdict(), Verdict::Worse(_))).collect();
    let mut text = format!("Ours is behind a peer in {} of {} comparisons.\n", lost.len(), compared.len());
    for row in lost {
        let Row { title, contestant, .. } = row;
        writeln!(text, "- {title}, {contestant}: {}", row.verdict()).expect("a string takes everything");
    }
    text
}
