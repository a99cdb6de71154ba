//! Who is measured against whom, and in which order.

use crate::contestants::{self, Contestant, Role};
use crate::figure::{Figure, Sample};
use crate::options::Options;
use crate::scenario::{Place, Scenario};
use crate::watchdog;

/// What one contestant showed in one scenario, over all repetitions.
pub(crate) struct Standing {
    pub(crate) contestant: &'static str,
    pub(crate) role: Role,
    samples: Vec<Sample>,
}

impl Standing {
    fn new(contestant: &Contestant) -> Self {
        Self { contestant: contestant.name, role: contestant.role, samples: Vec::new() }
    }

    /// The values of one figure, smallest first.
    pub(crate) fn values(&self, figure: Figure) -> Vec<f64> {
        let of_figure = self.samples.iter().filter(|sample| sample.figure == figure);
        let mut values: Vec<_> = of_figure.map(|sample| sample.value).collect();
        values.sort_by(f64::total_cmp);
        values
    }
}

/// A scenario and how the contestants did; ours is the first one.
pub(crate) struct Outcome {
    pub(crate) scenario: Scenario,
    pub(crate) standings: Vec<Standing>,
}

/// Runs everything. Each contestant's turn is next to the others', and the whole comes again for each repetition.
pub(crate) fn run(options: &Options, with_python: bool) -> Vec<Outcome> {
    let processes = contestants::processes(with_python);
    let threads = contestants::threads(with_python);
    let of = |place| match place {
        Place::Processes => &processes,
        Place::Threads => &threads,
    };
    let fresh = |scenario: Scenario| {
        let standings = of(scenario.place).iter().map(Standing::new).collect();
        Outcome { scenario, standings }
    };
    let mut outcomes: Vec<_> = Scenario::all(options).into_iter().map(fresh).collect();
    let reps = options.reps();
    for repetition in 1..=reps {
        eprintln!("repetition {repetition} of {reps}");
        for outcome in &mut outcomes {
            take_turns(outcome, of(outcome.scenario.place));
        }
    }
    outcomes
}

fn take_turns(outcome: &mut Outcome, contestants: &[Contestant]) {
    let _surroundings = outcome.scenario.surroundings.begin();
    for (standing, contestant) in outcome.standings.iter_mut().zip(contestants) {
        let who = format!("{} in {:?}", contestant.name, outcome.scenario);
        standing.samples.extend(watchdog::limited(&who, || contestant.measure(outcome.scenario)));
    }
}
