//! Many exchanges by chance. `HOSTILE_SEED=7 HOSTILE_EXCHANGES=1000000 cargo test --release -p executor-runtime --lib
//! hostile_guest` plays others, and more of them.

use std::env;

use super::sealed::Sealed;
use super::{Dice, Outcome, Play, Stage};
use crate::task::{Call, Flight, ProcessJob, Sizing};
use crate::wire::{LinkError, values_head};
use crate::worker::host::Fate;
use crate::worker::landed::Landed;

/// A number that the environment may change.
fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// The most memory that this process has had, in bytes.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("our status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    1024 * peak.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
}

/// Says which seed it was that failed.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("it was HOSTILE_SEED={}", self.0);
        }
    }
}

#[test]
fn a_hostile_guest_hurts_nobody() {
    let (seed, exchanges) = (number("HOSTILE_SEED", 1), number("HOSTILE_EXCHANGES", 20_000));
    let before = peak_bytes();
    let told = Told(seed);
    let tally = Play::new(Dice::Seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)).run(exchanges);
    drop(told);
    let grown = peak_bytes() - before;
    println!("seed {seed}: {tally:?}, {grown} bytes at most");
    // Nothing that is sent here is longer than some tens of kibibytes, whatever the guest says of it.
    let is_alone = env::var("NEXTEST_EXECUTION_MODE").is_ok_and(|mode| mode == "process-per-test");
    assert!(!is_alone || grown < 64 << 20, "{grown} bytes");
    assert!(
        tally.protocol > exchanges / 50 && tally.silent > exchanges / 100,
        "hardly anything was noticed: {tally:?}"
    );
    assert!(tally.values > exchanges / 2, "hardly anything came through: {tally:?}");
}

#[test]
fn bytes_of_a_fuzzer_are_a_play() {
    let mut dice = Dice::Seed(5);
    for len in 0..300 {
        let bytes: Vec<u8> = (0..len).map(|_| dice.next().to_le_bytes()[0]).collect();
        Play::new(Dice::Bytes(&bytes)).run(u64::MAX);
    }
}

/// A host with one task, which its guest was sent as far as there is room.
fn with_one_task(ring_len_bytes: u32, argument_len: usize) -> (Play<'static>, Stage) {
    let mut play = Play::new(Dice::Seed(1));
    let mut stage = play.stage_of(ring_len_bytes);
    let mut job = None;
    let future = Call::<Sealed>::new((7, 0, vec![0; argument_len])).submit_to(std::panic::Location::caller(), |run| {
        job = run.encode();
    });
    play.queue.extend(job);
    play.note(7, 1, Outcome::One(future));
    play.feed(&mut stage, &mut Landed::default()).expect("room for some of it");
    (play, stage)
}

#[test]
fn an_answer_to_nobody_beside_a_cancelled_call_that_is_half_written_is_noticed() {
    let (mut play, mut stage) = with_one_task(64, 1000);
    let Outcome::One(future) = &play.open[0].outcome else { unreachable!("it is one call") };
    assert!(future.cancel(), "it has not started");
    stage.guest.send(9, &[9, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(stage.worker.step(&mut Landed::default(), usize::MAX), Err(LinkError::Protocol));
    play.bury(stage.worker, Fate::Failed(LinkError::Protocol));
    play.close_ended();
    assert_eq!((play.tally.cancelled, play.open.len()), (1, 0));
}

/// A leader that notices it leaves it to the lane, which looks for itself.
#[test]
fn who_has_broken_the_protocol_once_is_broken_for_whoever_looks() {
    let (_play, mut stage) = with_one_task(4096, 0);
    stage.guest.send(9, &[9, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut landed = Landed::default();
    for _ in 0..2 {
        assert_eq!(stage.worker.step(&mut landed, 1), Err(LinkError::Protocol));
        assert_eq!(stage.worker.look(), Err(LinkError::Protocol));
        assert_eq!(stage.worker.arm(), Err(LinkError::Protocol));
    }
}

#[test]
fn values_of_a_chunk_that_come_again_or_are_none_are_noticed() {
    for (first, row) in [(1, &[1, 10][..]), (0, &[1, 10]), (3, &[1, 10]), (2, &[])] {
        let mut play = Play::new(Dice::Seed(1));
        let mut stage = play.stage_of(4096);
        let mut job = None;
        let calls = (0..4).map(|number| Call::<Sealed>::new((number, 0, Vec::new())));
        let at = std::panic::Location::caller();
        let flight = Call::submit_all_to(calls, Sizing::Asked, at, |run| job = run.encode(None));
        let Flight::Chunk { future, .. } = flight else { unreachable!("its arguments are numbers") };
        play.queue.extend(job);
        play.note(0, 4, Outcome::Chunk(future));
        play.feed(&mut stage, &mut Landed::default()).expect("room");
        let mut landed = Landed::default();
        let mut send = |first, row: &[u8]| {
            let message = [&values_head(0, first), row].concat();
            stage.guest.start(0);
            stage.guest.send(message.len() as u64, &message);
            stage.worker.step(&mut landed, usize::MAX)
        };
        assert_eq!(send(0, &[1, 10, 1, 11]), Ok(true));
        assert_eq!(send(first, row), Err(LinkError::Protocol), "{first} {row:?}");
    }
}
