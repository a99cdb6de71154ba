//! What was aimed at, and whether it was reached: a row for each target.

use executor_bench_report::{Grid, Style};

use crate::contest::Outcome;
use crate::contestants::{IPC_BARE, PAR_ITER, PARKED, PROCSPAWN, RAYON, Role, SHARES, SOCKET, SPAWNED, SPINNING};
use crate::figure::{Better, Figure};
use crate::scenario::{Place, Scenario, Shape, Workload};
use crate::surroundings::Surroundings;
use crate::table::{Spread, three_digits, title};

const HEAD: [&str; 7] = ["figure", "ours", "min to max", "held against", "is", "target", "verdict"];

/// What ours is held against.
enum Mark {
    /// So many times somebody's median.
    Times(f64, &'static str),
    /// So many times the median of the best peer.
    BestPeer,
    /// So many times our own median without these surroundings.
    Quiet(f64),
    /// A figure of its own.
    Value(f64),
}

use Mark::{BestPeer, Quiet, Times, Value};

/// The targets of one figure.
fn marks(scenario: Scenario, figure: Figure) -> Vec<Mark> {
    match scenario.surroundings {
        Surroundings::Quiet => quiet_marks(scenario, figure),
        Surroundings::Hog if figure == Figure::RoundTripP50 => vec![Times(3.0, PARKED)],
        Surroundings::Ballast if matches!(figure, Figure::StartUp | Figure::ShutDown) => {
            let mut marks = vec![Quiet(1.2)];
            marks.extend(quiet_marks(scenario, figure));
            marks
        }
        Surroundings::Hog | Surroundings::Ballast => Vec::new(),
    }
}

fn quiet_marks(scenario: Scenario, figure: Figure) -> Vec<Mark> {
    match (scenario.place, scenario.workload, figure) {
        (Place::Processes, Workload::RoundTrip { .. }, Figure::RoundTripP50) if scenario.workers == 1 => {
            vec![Times(2.0, SPINNING), Times(1.0 / 50.0, PROCSPAWN)]
        }
        (Place::Processes, Workload::RoundTrip { .. }, Figure::RoundTripP50) => vec![Value(5.0)],
        (Place::Processes, Workload::IdleTrip { .. }, _) => vec![Times(1.6, PARKED)],
        (Place::Processes, Workload::Burst { tasks }, _) if tasks > 50_000 => vec![Value(3e6)],
        (Place::Processes, Workload::Burst { .. }, _) => {
            vec![Value(3e6), Times(150.0, PROCSPAWN), Times(12.0, IPC_BARE)]
        }
        (Place::Processes, Workload::Map { shape: Shape::Numbers, .. }, _) => vec![Value(100e6)],
        (Place::Processes, Workload::Map { shape: Shape::Structs, .. }, _) => vec![Value(50e6)],
        (Place::Processes, Workload::Payload { len, .. }, _) if len < 64 << 20 => {
            vec![Times(5.0, PROCSPAWN), Times(2.0, SOCKET)]
        }
        (Place::Processes, Workload::Payload { again: false, .. }, _) => vec![Times(4.0, PROCSPAWN)],
        (Place::Processes, Workload::Payload { again: true, .. }, _) => {
            vec![Times(20.0, PROCSPAWN), Times(1.5, SOCKET)]
        }
        (Place::Processes, Workload::Life { .. }, Figure::StartUp) => vec![Times(1.3, SPAWNED)],
        (Place::Processes, Workload::Life { .. }, Figure::ShutDown) => vec![Times(1.5, SPAWNED)],
        (Place::Processes, Workload::Life { .. }, Figure::Pss) => vec![Times(1.2, SPAWNED)],
        (Place::Processes, Workload::SpeedUp { .. }, _) => vec![Times(0.97, SHARES)],
        (_, Workload::Idle { .. }, _) => vec![Value(0.0)],
        (_, Workload::Queued { .. }, _) => vec![Value(256.0)],
        (Place::Threads, Workload::Allocations { .. }, _) => vec![Value(1.0)],
        (Place::Threads, Workload::RoundTrip { .. }, Figure::RoundTripP50) => vec![BestPeer],
        (Place::Threads, Workload::Work { .. }, _) => vec![Times(0.97, PAR_ITER)],
        (Place::Threads, Workload::Burst { .. }, _) => vec![Times(1.2, RAYON)],
        _ => Vec::new(),
    }
}

/// The table of the targets.
pub(crate) fn render(outcomes: &[Outcome], style: Style) -> String {
    let mut grid = Grid::new(HEAD);
    for outcome in outcomes {
        let figures = Figure::ALL.into_iter();
        grid.group(figures.flat_map(|figure| {
            marks(outcome.scenario, figure).into_iter().filter_map(move |mark| row(outcomes, outcome, figure, &mark))
        }));
    }
    grid.set(style)
}

fn row(outcomes: &[Outcome], outcome: &Outcome, figure: Figure, mark: &Mark) -> Option<[String; HEAD.len()]> {
    let ours = Spread::of(outcome.standings.first()?, figure)?;
    let times = |factor: f64, name: &str, theirs: f64| {
        let against = format!("{name}: {}", figure.show(theirs));
        (against, three_digits(ours.median / theirs), three_digits(factor), factor * theirs)
    };
    let (against, is, target, wanted) = match *mark {
        Times(factor, name) => {
            let standing = outcome.standings.iter().find(|standing| standing.contestant == name)?;
            times(factor, name, Spread::of(standing, figure)?.median)
        }
        BestPeer => {
            let (name, theirs) = best_peer(outcome, figure)?;
            times(1.0, name, theirs)
        }
        Quiet(factor) => {
            let scenario = outcome.scenario.within(Surroundings::Quiet);
            let quiet = outcomes.iter().find(|outcome| outcome.scenario == scenario)?;
            times(factor, "ours without", Spread::of(quiet.standings.first()?, figure)?.median)
        }
        Value(value) => ("—".to_owned(), figure.show(ours.median), figure.show(value), value),
    };
    let (bound, met, missed) = match figure.better() {
        Better::Lower => ("at most", ours.median <= wanted, ours.median / wanted),
        Better::Higher => ("at least", ours.median >= wanted, wanted / ours.median),
    };
    let verdict = match met {
        true => "met".to_owned(),
        // Nothing is so many times nothing.
        false if wanted == 0.0 => "missed".to_owned(),
        false => format!("missed, {}x off", three_digits(missed)),
    };
    let Spread { min, median, max } = ours;
    let [min, median, max] = [min, median, max].map(|value| figure.show(value));
    let title = title(outcome.scenario, figure);
    Some([title, median, format!("{min} to {max}"), against, is, format!("{bound} {target}"), verdict])
}

fn best_peer(outcome: &Outcome, figure: Figure) -> Option<(&'static str, f64)> {
    let peers = outcome.standings.iter().filter(|standing| standing.role == Role::Peer);
    let medians = peers.filter_map(|peer| Some((peer.contestant, Spread::of(peer, figure)?.median)));
    match figure.better() {
        Better::Lower => medians.min_by(|left, right| left.1.total_cmp(&right.1)),
        Better::Higher => medians.max_by(|left, right| left.1.total_cmp(&right.1)),
    }
}
