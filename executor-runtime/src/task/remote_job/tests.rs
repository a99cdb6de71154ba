//! A chunk in the hands of those who carry it.

use std::panic::Location;

use super::*;
#[cfg(not(shuttle))]
use crate::task::remote::Remote;
use crate::task::{Call, Coded, Encoder, Flight, OwnedTask, ProcessTask, Sizing, Task, chunk};

struct Same;

impl Task for Same {
    type Args<'a> = u8;
    type Output = u8;

    const NAME: &'static str = "same";

    fn call(n: u8) -> u8 {
        n
    }
}

impl OwnedTask for Same {
    type Owned = u8;

    fn own(n: u8) -> Result<u8, TaskError> {
        Ok(n)
    }
    fn call_owned(n: u8) -> Result<u8, TaskError> {
        Ok(n)
    }
}

impl ProcessTask for Same {
    const ID: WireId = WireId::chosen("same", 0);

    fn encode(n: u8, out: &mut Encoder<'_>) -> Coded<()> {
        out.value(&n)
    }
    fn run(input: &mut Decoder<'_>) -> Coded<u8> {
        input.value()
    }
    fn encode_output(n: u8, out: &mut Encoder<'_>) -> Coded<()> {
        out.value(&n)
    }
    fn decode_output(input: &mut Decoder<'_>) -> Coded<u8> {
        input.value()
    }
}

/// There can be millions that wait. With the counts of the `Arc`, and what the queue has of it, a quarter of a kibibyte.
#[cfg(not(shuttle))]
#[test]
fn a_call_that_waits_is_small() {
    assert!(size_of::<Remote<Same>>() <= 184, "{}", size_of::<Remote<Same>>());
    assert!(size_of::<RemoteJob>() <= 24, "{}", size_of::<RemoteJob>());
}

/// A chunk of calls with the arguments 0, 1, 2 and so on, and what will come of it.
fn waiting(calls: u8) -> (RemoteJob, Flight<u8>) {
    let mut job = None;
    let flight = chunk::submit((0..calls).map(Call::<Same>::new), Sizing::Asked, Location::caller(), |chunk| {
        job = chunk.encode(None);
    });
    (job.expect("its arguments can be encoded"), flight)
}

/// The same, started.
fn started(calls: u8) -> (RunningJob, Flight<u8>) {
    let (job, flight) = waiting(calls);
    (job.start().expect("nobody cancelled it"), flight)
}

fn values(flight: Flight<u8>) -> Vec<Option<u8>> {
    let Flight::Chunk { future, .. } = flight else { panic!("it was sent") };
    future.result().expect("it was answered").each.into_iter().map(Result::ok).collect()
}

#[test]
fn the_answers_to_a_chunk_may_come_in_any_portions() {
    let (mut job, flight) = started(5);
    assert_eq!(job.note_values(&[1, 10, 1, 11]), Some(2));
    job.note_failed(TaskError::Cancelled);
    assert_eq!(job.note_values(&[]), Some(0));
    assert_eq!(job.calls_left(), 2);
    job.leave_answered();
    assert_eq!(job.arguments(), [1, 3, 1, 4]);
    // This one is no value.
    assert_eq!(job.note_values(&[0, 1, 14]), Some(2));
    job.deliver(Seat::none());
    assert_eq!(values(flight), [Some(10), Some(11), None, None, Some(14)]);
}

#[test]
fn what_is_no_answer_to_the_calls_of_a_chunk_changes_nothing() {
    let (mut job, flight) = started(2);
    for lie in [&[1][..], &[1, 10, 1], &[1, 10, 1, 11, 1, 12], &[255, 255], &[200, 0]] {
        assert_eq!((job.note_values(lie), job.calls_left()), (None, 2), "{lie:?}");
    }
    assert_eq!(job.note_values(&[1, 10, 1, 11]), Some(2));
    job.deliver(Seat::none());
    assert_eq!(values(flight), [Some(10), Some(11)]);
}

/// A worker that starts what it is sent.
struct Starts;

impl Carrier for Starts {
    fn take_back(&self, _: u32) -> bool {
        false
    }
    fn has_started(&self, _: u32) -> bool {
        true
    }
    fn kill(&self) {}
    fn lead(&self, _: u32) {}
}

#[test]
fn a_chunk_that_is_killed_while_it_waits_for_the_next_worker_goes_to_none() {
    let carrier: Arc<dyn Carrier> = Arc::new(Starts);
    let (job, flight) = waiting(3);
    let mut job = job.send(&carrier, 0).expect("nobody cancelled it");
    job.begin();
    assert_eq!(job.note_values(&[1, 10]), Some(1));
    assert!(job.lose() && job.is_lost());
    let Flight::Chunk { future, .. } = &flight else { panic!("it was sent") };
    assert!(future.kill());
    assert!(!job.is_lost() && !job.send_again(&carrier, 1));
    job.fail(&TaskError::Cancelled, Seat::none());
    assert_eq!(values(flight), [Some(10), None, None]);
}

#[test]
fn a_chunk_that_is_killed_while_it_runs_waits_for_no_other_worker() {
    let carrier: Arc<dyn Carrier> = Arc::new(Starts);
    let (job, flight) = waiting(3);
    let mut job = job.send(&carrier, 0).expect("nobody cancelled it");
    job.begin();
    assert_eq!(job.note_values(&[1, 10]), Some(1));
    let Flight::Chunk { future, .. } = &flight else { panic!("it was sent") };
    assert!(future.kill() && job.is_killed());
    assert!(!job.lose() && !job.is_lost());
    job.fail(&TaskError::Cancelled, Seat::none());
    assert_eq!(values(flight), [Some(10), None, None]);
}
