//! Programs that end, or are ended, while they have a pool: no worker survives them.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use executor_tests::children;
use rustix::process::Signal;

use crate::Outcome;
use crate::program::Host;
use crate::stage::Stage;

faults! {
    a_program_that_panics_leaves_no_worker
    a_program_that_exits_leaves_no_worker
    a_program_that_is_killed_while_its_workers_are_idle_leaves_none
    a_program_that_is_killed_in_the_middle_of_tasks_leaves_no_worker
    a_program_that_is_killed_leaves_no_worker_that_stands_still
    a_copy_of_the_program_keeps_no_worker
    what_tasks_have_started_ends_with_the_program
    a_terminal_that_stops_who_writes_in_the_background_stops_no_worker
    ctrl_c_ends_a_program_with_its_workers
    ctrl_c_is_for_the_program_alone
}

/// Lets a program end in a way of its own; how it ends.
fn end(on: &Stage, state: &str, way: &str) -> Result<ExitStatus, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut host = Host::that_ends(on.transport, state, way, folder.path());
    host.say_it();
    Ok(host.await_end().0)
}

fn a_program_that_panics_leaves_no_worker(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        for state in ["idle", "busy"] {
            assert_eq!(end(stage, state, "panics")?.code(), Some(101));
        }
        Ok(())
    })
}

fn a_program_that_exits_leaves_no_worker(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        for (way, code) in [("exits", 3), ("returns", 0)] {
            for state in ["idle", "busy"] {
                assert_eq!(end(stage, state, way)?.code(), Some(code));
            }
        }
        Ok(())
    })
}

/// Kills a program, and does something to its workers before.
fn kill(on: &Stage, state: &str, before: impl FnOnce(&[u32])) -> Outcome {
    let folder = tempfile::tempdir()?;
    let host = Host::that_ends(on.transport, state, "returns", folder.path());
    before(&host.workers);
    children::send(host.pid(), Signal::KILL);
    assert_eq!(host.await_end().0.signal(), Some(Signal::KILL.as_raw()));
    Ok(())
}

fn a_program_that_is_killed_while_its_workers_are_idle_leaves_none(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| kill(stage, "idle", |_| {}))
}

fn a_program_that_is_killed_in_the_middle_of_tasks_leaves_no_worker(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| kill(stage, "busy", |_| {}))
}

fn a_program_that_is_killed_leaves_no_worker_that_stands_still(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        for state in ["idle", "busy", "parents"] {
            kill(stage, state, |workers| workers.iter().for_each(|&worker| children::stop(worker)))?;
        }
        Ok(())
    })
}

fn a_copy_of_the_program_keeps_no_worker(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        for state in ["idle", "busy", "parents"] {
            assert_eq!(end(stage, state, "leaves-a-copy")?.code(), Some(3));
        }
        Ok(())
    })
}

fn what_tasks_have_started_ends_with_the_program(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        for way in ["panics", "exits", "returns"] {
            end(stage, "parents", way)?;
        }
        kill(stage, "parents", |_| {})
    })
}

fn a_terminal_that_stops_who_writes_in_the_background_stops_no_worker(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        let folder = tempfile::tempdir()?;
        // It has told the terminal something when it is ready.
        let mut host = Host::at_a_terminal(stage.transport, "tells", "returns", folder.path());
        host.say_it();
        assert_eq!(host.await_end().0.code(), Some(0));
        Ok(())
    })
}

fn ctrl_c_ends_a_program_with_its_workers(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        for state in ["idle", "busy"] {
            let folder = tempfile::tempdir()?;
            let mut host = Host::at_a_terminal(stage.transport, state, "returns", folder.path());
            host.interrupt();
            assert_eq!(host.await_end().0.signal(), Some(Signal::INT.as_raw()));
        }
        Ok(())
    })
}

/// The tasks that run meanwhile end as if nothing was, and the program in its own time.
fn ctrl_c_is_for_the_program_alone(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        let folder = tempfile::tempdir()?;
        let mut host = Host::at_a_terminal(stage.transport, "busy", "unwinds", folder.path());
        host.interrupt();
        let (status, said) = host.await_end();
        assert_eq!(said, "[Ok(\"value\"), Ok(\"value\")]\n");
        assert_eq!(status.code(), Some(101));
        Ok(())
    })
}
