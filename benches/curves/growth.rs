//! What is made larger, and which figures are looked at meanwhile.

use std::ops::Range;

use executor_bench_report::{Grid, Style};

use crate::curve::{Curve, Spread};
use crate::float;
use crate::options::Options;
use crate::payload::Way;
use crate::pool::Kind;
use crate::probe::Probe;
use crate::room::Room;
use crate::unit::Unit;
use crate::verdict::{self, Target};

/// One thing that is made larger.
pub(crate) struct Growth {
    /// What it is, and what its picture is called.
    pub(crate) name: &'static str,
    /// What its sizes count.
    pub(crate) unit: Unit,
    pub(crate) sizes: Vec<u64>,
    /// Those of the sizes that have a label in the picture.
    pub(crate) ticks: Vec<u64>,
    curves: Vec<Curve>,
    pub(crate) panels: [Panel; 2],
    /// What has to be known beside the table.
    note: Option<String>,
}

/// A figure of some of the curves.
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    /// Whether its axis is logarithmic; else it starts at zero.
    pub(crate) logarithmic: bool,
    curves: Range<usize>,
    /// Of the size and of what was measured there.
    figure: fn(u64, f64) -> f64,
    pub(crate) target: Option<Target>,
}

/// One line of a panel.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(u64, Spread)>,
}

/// How many workers the pools with more and more tasks have.
const WORKERS: usize = 2;

/// How many tasks the pools with more and more workers get.
const TASKS: u64 = 200_000;

const COST: &str = "cost per task";

impl Growth {
    pub(crate) fn all(options: &Options) -> [Self; 3] {
        let tenth = |amount: u64| if options.quick { amount / 10 } else { amount };
        [Self::of_tasks(tenth(10_000_000)), Self::of_workers(tenth(TASKS)), Self::of_payload(options.quick)]
    }

    fn of_tasks(most: u64) -> Self {
        let sizes: Vec<_> = (3..=most.ilog10()).map(|exponent| 10_u64.pow(exponent)).collect();
        let rooms = Kind::ALL.map(|kind| (kind, Room::of(kind)));
        let bursts = rooms.iter().map(|&(kind, room)| {
            let window = if room.holds(most) { usize::MAX } else { room.window() };
            Curve::new(kind.name(), &sizes, move |tasks| Probe::Burst { kind, workers: WORKERS, tasks, window })
        });
        let queues = rooms.iter().map(|&(kind, room)| {
            let sizes: Vec<_> = sizes.iter().copied().filter(|&size| room.holds(size)).collect();
            Curve::new(kind.name(), &sizes, |tasks| Probe::Queue { kind, tasks })
        });
        let notes = rooms.iter().filter(|(_, room)| !room.holds(most)).map(|(kind, room)| {
            let (name, window) = (kind.name(), Unit::Things.show(float(room.window() as u64)));
            format!(
                "{name}: {} tasks do not fit into memory, so {window} at most wait.",
                Unit::Things.show(float(most))
            )
        });
        Self {
            name: "tasks",
            unit: Unit::Things,
            ticks: sizes.clone(),
            curves: bursts.chain(queues).collect(),
            panels: [
                cost(),
                Panel {
                    title: "memory per waiting task",
                    unit: Unit::Bytes,
                    logarithmic: false,
                    curves: 2..4,
                    figure: |tasks, bytes| bytes / float(tasks),
                    target: Some(Target::AtMost(256.0)),
                },
            ],
            note: Some(notes.collect::<Vec<_>>().join("\n")).filter(|notes| !notes.is_empty()),
            sizes,
        }
    }

    fn of_workers(tasks: u64) -> Self {
        let sizes: Vec<_> = (0..=6).map(|exponent| 1 << exponent).collect();
        let count = |size| usize::try_from(size).expect("a small number");
        let bursts = Kind::ALL.map(|kind| {
            let probe = |size| Probe::Burst { kind, workers: count(size), tasks, window: usize::MAX };
            Curve::new(kind.name(), &sizes, probe)
        });
        let crews =
            Kind::ALL.map(|kind| Curve::new(kind.name(), &sizes, |size| Probe::Crew { kind, workers: count(size) }));
        Self {
            name: "workers",
            unit: Unit::Things,
            ticks: sizes.clone(),
            curves: bursts.into_iter().chain(crews).collect(),
            panels: [
                cost(),
                Panel {
                    title: "memory per worker",
                    unit: Unit::Bytes,
                    logarithmic: true,
                    curves: 2..4,
                    figure: |_, bytes| bytes,
                    target: None,
                },
            ],
            note: None,
            sizes,
        }
    }

    fn of_payload(quick: bool) -> Self {
        const MOST_CALLS: u64 = 1_000;
        /// So many bytes go there, but at least two payloads.
        const BYTES: u64 = 64 << 20;

        let sizes: Vec<_> = [3, 5, 8, 10, 13, 15, 18, 20, 23, 25, 28].map(|exponent| 1 << exponent).into();
        let calls = |size: u64| (BYTES / size).min(MOST_CALLS) / if quick { 10 } else { 1 };
        let calls = |size| u32::try_from(calls(size).max(2)).expect("a small number");
        let len = |size| usize::try_from(size).expect("it fits into memory");
        let ways = [("pool of processes", Way::Pool), ("stream socket (limit)", Way::Socket)];
        let curves = ways.map(|(name, way)| {
            Curve::new(name, &sizes, |size| Probe::Payload { way, len: len(size), calls: calls(size) })
        });
        Self {
            name: "payload",
            unit: Unit::Bytes,
            ticks: sizes.iter().copied().step_by(2).collect(),
            curves: curves.into(),
            panels: [
                Panel {
                    title: "there and back",
                    unit: Unit::Seconds,
                    logarithmic: true,
                    curves: 0..2,
                    figure: |_, seconds| seconds,
                    target: None,
                },
                Panel {
                    title: "bandwidth, both ways together",
                    unit: Unit::BytesPerSecond,
                    logarithmic: true,
                    curves: 0..2,
                    figure: |len, seconds| 2.0 * float(len) / seconds,
                    target: None,
                },
            ],
            note: None,
            sizes,
        }
    }

    /// All curves take turns at each size, so that a slow moment of the machine hits all of them.
    pub(crate) fn measure(&mut self, reps: u32) {
        for _ in 0..reps {
            for &size in &self.sizes {
                self.curves.iter_mut().for_each(|curve| curve.sample(size));
            }
        }
    }

    /// A row for each size, a column for each line.
    pub(crate) fn table(&self) -> String {
        let columns: Vec<_> =
            self.panels.iter().flat_map(|panel| self.lines(panel).map(move |line| (panel, line))).collect();
        let columns: [_; 4] = columns.try_into().unwrap_or_else(|_| unreachable!("two lines in each panel"));
        let [a, b, c, d] = columns.each_ref().map(|(panel, line)| format!("{}, {}", panel.title, line.name));
        let mut grid = Grid::new([self.name, &a, &b, &c, &d]);
        grid.group(self.sizes.iter().map(|&size| {
            let [a, b, c, d] = columns.each_ref().map(|(panel, line)| {
                let point = line.points.iter().find(|(at, _)| *at == size);
                point.map_or("—".to_owned(), |&(_, spread)| shown(spread, panel.unit))
            });
            [self.unit.show(float(size)), a, b, c, d]
        }));
        let note = self.note.as_deref().map(|note| format!("\n{note}\n")).unwrap_or_default();
        grid.set(Style::Markdown) + &note
    }

    /// A row for each line that has a target.
    pub(crate) fn verdicts(&self) -> Vec<[String; 6]> {
        let with_target = self.panels.iter().filter_map(|panel| Some((panel, panel.target?)));
        let rows = with_target
            .flat_map(|(panel, target)| self.lines(panel).map(move |line| verdict::row(self, panel, target, &line)));
        rows.collect()
    }

    pub(crate) fn lines(&self, panel: &Panel) -> impl Iterator<Item = Line> {
        self.curves[panel.curves.clone()]
            .iter()
            .map(|curve| Line { name: curve.name, points: curve.spreads(panel.figure).collect() })
    }
}

fn shown(spread: Spread, unit: Unit) -> String {
    let [min, median, max] = [spread.min, spread.median, spread.max].map(|figure| unit.show(figure));
    if min == max { median } else { format!("{median} ({min} to {max})") }
}

/// What a task costs, in processes and on threads: the first two curves.
fn cost() -> Panel {
    Panel {
        title: COST,
        unit: Unit::Seconds,
        logarithmic: false,
        curves: 0..2,
        figure: |_, seconds| seconds,
        target: Some(Target::Flat),
    }
}
