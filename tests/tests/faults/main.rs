//! What can go wrong with a task, a worker, a pool or its program, and what comes of it: the list is
//! `docs/faults.md`. `stage.rs` has what each of these tests looks at beside its own fault.

#[macro_use]
mod suite;

mod ends;
mod host;
mod leavings;
mod links;
mod program;
mod stage;
mod starts;
mod surroundings;
mod table;
mod values;

type Outcome = Result<(), Box<dyn std::error::Error>>;
