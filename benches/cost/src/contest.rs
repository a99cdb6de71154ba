//! Who is built in which order, and what it took.

use std::io;
use std::process::Command;

use crate::cargo::Time;
use crate::options::Options;
use crate::stage::{Part, Stage};
use crate::way::Way;
use crate::workshop::{USED, Workshop};

/// What all builds took.
#[derive(Default)]
pub(crate) struct Outcome {
    runs: Vec<Run>,
}

/// One build.
struct Run {
    stage: Stage,
    way: Way,
    part: Part,
    time: Time,
}

impl Outcome {
    pub(crate) fn has(&self, stage: Stage) -> bool {
        self.runs.iter().any(|run| run.stage == stage)
    }

    /// What the builds of one sort took, in the order of the repetitions.
    pub(crate) fn times(&self, stage: Stage, way: Way, part: Part) -> Vec<Time> {
        let runs = self.runs.iter().filter(|run| (run.stage, run.way, run.part) == (stage, way, part));
        runs.map(|run| run.time).collect()
    }
}

/// Builds everything. The ways take turns within each stage, and the whole comes again for each repetition, so that a
/// slow moment of the machine hits all of them.
pub(crate) fn run(options: &Options, workshop: &Workshop) -> io::Result<Outcome> {
    let stages = Stage::ALL.into_iter().filter(|stage| !options.quick || *stage != Stage::Release);
    let stages: Vec<_> = stages.collect();
    for stage in &stages {
        eprintln!("{}: the dependencies", stage.title());
        // All packages have the same, and the plain one has nothing else to compile.
        workshop.cargo().run(stage.arguments().iter().copied().chain(["--quiet", "--package", Way::Plain.name()]))?;
    }
    let mut outcome = Outcome::default();
    for repetition in 0..options.reps {
        eprintln!("repetition {} of {}", repetition + 1, options.reps);
        let rare = |stage: Stage| stage == Stage::Release && repetition % 2 == 1;
        for stage in stages.iter().copied().filter(|stage| !rare(*stage)) {
            for way in Way::ALL {
                workshop.touch(way)?;
                for part in Part::ALL {
                    let arguments = stage.arguments().iter().copied().chain(part.arguments(way.name()));
                    let time = workshop.cargo().time(arguments)?;
                    outcome.runs.push(Run { stage, way, part, time });
                }
            }
        }
    }
    Ok(outcome)
}

/// Builds the programs that use nothing, too, and runs those that use tasks. One whose calls do not all come back would
/// have measured nothing.
pub(crate) fn check(workshop: &Workshop) -> io::Result<()> {
    workshop.cargo().run(["build", "--release", "--quiet", "--workspace"])?;
    for way in Way::ALL {
        let output = Command::new(workshop.program(way.name())).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || said.trim() != USED.to_string() {
            let failure = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!("the program `{}` said {said:?}:\n{failure}", way.name())));
        }
    }
    Ok(())
}
