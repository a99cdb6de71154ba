//! Many exchanges by chance. `HOSTILE_SEED=7 HOSTILE_EXCHANGES=1000000 cargo test --release -p executor-runtime --lib
//! hostile_guest` plays others, and more of them.

use std::env;

use super::sealed::Sealed;
use super::*;
use crate::wire::{Bell, HostLink, Place, Progress, Read, values_head};

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

/// A host with a call that waits.
fn with_a_call(argument_len: usize) -> Play<'static> {
    let mut play = Play::new(Dice::Seed(1));
    let mut job = None;
    let future = Call::<Sealed>::new((7, 0, vec![0; argument_len])).submit_to(Location::caller(), |run| {
        job = run.encode();
    });
    play.queue.extend(job);
    play.note(7, 1, Outcome::One(future));
    play
}

/// The same, which its guest was sent as far as there is room.
fn with_one_task(ring_len_bytes: u32, argument_len: usize) -> (Play<'static>, Stage) {
    let mut play = with_a_call(argument_len);
    let mut stage = play.stage_of(ring_len_bytes);
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

/// A host with a chunk of four calls, which its guest was sent and has started.
fn with_a_chunk() -> (Play<'static>, Stage) {
    let mut play = Play::new(Dice::Seed(1));
    let mut stage = play.stage_of(4096);
    let mut job = None;
    let calls = (0..4).map(|number| Call::<Sealed>::new((number, 0, Vec::new())));
    let flight = Call::submit_all_to(calls, Sizing::Asked, Location::caller(), |run| job = run.encode(None));
    let Flight::Chunk { future, .. } = flight else { unreachable!("its arguments are numbers") };
    play.queue.extend(job);
    play.note(0, 4, Outcome::Chunk(future));
    play.feed(&mut stage, &mut Landed::default()).expect("room");
    assert!(stage.guest.start(0));
    (play, stage)
}

/// An answer to the only task: a value without bytes.
const ANSWER: [u8; 9] = [0; 9];

/// What the host's next look at its guest brings.
fn step(stage: &mut Stage) -> Result<bool, LinkError> {
    stage.worker.step(&mut Landed::default(), usize::MAX)
}

/// The worker dies of this, and nothing goes on elsewhere. What the calls of its chunk have come to.
fn ends_of_a_chunk(mut play: Play<'_>, stage: Stage, fate: Fate) -> Vec<Result<Vec<u8>, TaskError>> {
    let mut landed = Landed::default();
    let left = stage.worker.bury(fate, Play::TERMS, &mut landed);
    landed.tell(Seat::none);
    left.started.into_iter().for_each(|job| job.fail(&TaskError::PoolShutDown, Seat::none()));
    let Some(Outcome::Chunk(future)) = play.open.pop().map(|open| open.outcome) else { unreachable!("it is a chunk") };
    future.result().expect("it has ended").each.into_iter().collect()
}

#[test]
fn values_of_a_chunk_that_come_again_or_are_none_are_noticed() {
    for (first, row) in [(1, &[1, 10][..]), (0, &[1, 10]), (3, &[1, 10]), (2, &[])] {
        let (_play, mut stage) = with_a_chunk();
        let mut send = |first, row: &[u8]| {
            let message = [&values_head(0, first), row].concat();
            stage.guest.send(message.len() as u64, &message);
            step(&mut stage)
        };
        assert_eq!(send(0, &[1, 10, 1, 11]), Ok(true));
        assert_eq!(send(first, row), Err(LinkError::Protocol), "{first} {row:?}");
    }
}

#[test]
fn an_answer_to_a_task_that_the_guest_has_not_started_is_noticed() {
    for is_cancelled in [false, true] {
        let (play, mut stage) = with_one_task(4096, 0);
        let Outcome::One(future) = &play.open[0].outcome else { unreachable!("it is one call") };
        assert!(!is_cancelled || future.cancel(), "it has not started");
        stage.guest.send(9, &ANSWER);
        assert_eq!(step(&mut stage), Err(LinkError::Protocol), "cancelled: {is_cancelled}");
    }
    let (_play, mut stage) = with_one_task(4096, 0);
    assert!(stage.guest.start(0));
    stage.guest.send(9, &ANSWER);
    assert_eq!(step(&mut stage), Ok(true), "it is an answer otherwise");
}

/// Also where only what goes out of band is missing.
#[test]
fn an_answer_to_a_task_that_is_half_written_is_noticed() {
    for (ring_len_bytes, argument_len) in [(64, 1000), (4096, 100_000)] {
        let (_play, mut stage) = with_one_task(ring_len_bytes, argument_len);
        assert!(stage.guest.start(0));
        stage.guest.send(9, &ANSWER);
        assert_eq!(step(&mut stage), Err(LinkError::Protocol), "{argument_len} bytes");
    }
}

/// Each call that it has done begins its clock again.
#[test]
fn a_guest_is_not_believed_to_have_done_more_calls_than_it_has() {
    let (_play, mut stage) = with_a_chunk();
    let mut says = |number, calls| {
        stage.guest.keep(&[], Progress::new(number, calls));
        (stage.worker.has_gone_on(), stage.worker.first_call())
    };
    assert_eq!(says(0, 3), (true, Some((0, 3))));
    for (number, calls) in [(0, 3), (0, 2), (1, 4), (0, 5), (0, u32::MAX)] {
        assert_eq!(says(number, calls), (false, Some((0, 3))), "{calls} of {number}");
    }
    assert_eq!(says(0, 4), (true, Some((0, 4))), "all of them");
}

/// Though what it sends next is an answer, and what it has kept is one, too.
#[test]
fn nothing_more_is_taken_in_from_who_has_broken_the_protocol() {
    /// Of the numbers: how far it has written.
    const TAIL: Place = Place::Number(2);

    for is_seen_at_a_look in [false, true] {
        let (play, mut stage) = with_a_chunk();
        let answer = [&values_head(0, 0), &[1, 0, 1, 0][..]].concat();
        stage.guest.keep(&answer, Progress::new(0, 2));
        let seen = if is_seen_at_a_look {
            stage.guest.change(TAIL, |_| 1 << 20);
            let seen = stage.worker.look();
            // As if nothing had been.
            stage.guest.change(TAIL, |_| 0);
            seen
        } else {
            stage.guest.send(9, &[9, 0, 0, 0, 0, 0, 0, 0, 0]);
            step(&mut stage)
        };
        assert_eq!(seen.map(drop), Err(LinkError::Protocol));
        stage.guest.send(answer.len() as u64, &answer);
        let ends = ends_of_a_chunk(play, stage, Fate::Failed(LinkError::Protocol));
        assert!(
            matches!(&*ends, [Err(TaskError::WorkerDied(_)), Err(TaskError::PoolShutDown), ..]),
            "seen at a look: {is_seen_at_a_look}, {ends:?}"
        );
    }
}

#[test]
fn what_was_kept_by_one_whose_last_words_break_the_protocol_is_not_taken_in() {
    let (play, mut stage) = with_a_chunk();
    stage.guest.keep(&[&values_head(0, 0), &[1, 0, 1, 0][..]].concat(), Progress::new(0, 2));
    stage.guest.send(9, &[9, 0, 0, 0, 0, 0, 0, 0, 0]);
    let ends = ends_of_a_chunk(play, stage, Fate::Killed);
    assert!(matches!(&*ends, [Err(TaskError::WorkerDied(_)), Err(TaskError::PoolShutDown), ..]), "{ends:?}");
}

/// It was the one before that was to be ended, and has ended by itself: this one has only died with its worker.
#[test]
fn a_call_after_the_one_that_has_had_its_time_has_not_had_its_own() {
    for is_kept in [false, true] {
        let (play, mut stage) = with_a_chunk();
        let answer = [&values_head(0, 0), &[1, 0][..]].concat();
        if is_kept {
            stage.guest.keep(&answer, Progress::new(0, 1));
        } else {
            stage.guest.send(answer.len() as u64, &answer);
        }
        let ends = ends_of_a_chunk(play, stage, Fate::TimedOut);
        assert!(
            matches!(&*ends, [Ok(_), Err(TaskError::WorkerDied(_)), Err(TaskError::PoolShutDown), _]),
            "kept: {is_kept}, {ends:?}"
        );
    }
    let (play, stage) = with_a_chunk();
    let ends = ends_of_a_chunk(play, stage, Fate::TimedOut);
    assert!(matches!(&*ends, [Err(TaskError::TimedOut { .. }), Err(TaskError::PoolShutDown), ..]), "{ends:?}");
}

/// A process that it has started may have its end of the link.
#[test]
fn what_comes_after_the_end_of_a_worker_is_not_read_when_it_is_buried() {
    let (mut play, mut stage) = with_one_task(4096, 0);
    assert!(stage.guest.start(0));
    stage.worker.seal();
    stage.guest.send(9, &ANSWER);
    play.bury(stage.worker, Fate::Failed(LinkError::Closed));
    play.close_ended();
    assert_eq!((play.tally.lost, play.open.len()), (1, 0));
}

#[test]
fn nothing_is_written_to_a_worker_that_has_ended() {
    let (mut play, mut stage) = with_one_task(64, 1000);
    for (is_sealed, writes) in [(false, true), (true, false)] {
        // It reads, and makes room.
        stage.guest.step(&mut play.dice);
        if is_sealed {
            stage.worker.seal();
        }
        assert_eq!(step(&mut stage), Ok(writes), "sealed: {is_sealed}");
    }
}

/// A link at whose other end somebody answers as soon as there is a look.
#[derive(Default)]
struct Outlived {
    is_sealed: bool,
}

impl HostLink for Outlived {
    fn window(&self) -> usize {
        1
    }
    fn claims(&self) -> Arc<dyn Claims> {
        Arc::new(Started)
    }
    fn push(&mut self, _: [&[u8]; 2], _: &mut usize) -> Result<bool, LinkError> {
        Ok(true)
    }
    fn fits(&mut self, _: usize) -> Result<bool, LinkError> {
        Ok(true)
    }
    fn flush(&mut self) {}
    fn pull(&mut self, message: &mut Vec<u8>) -> Result<Read, LinkError> {
        if self.is_sealed {
            return Ok(Read::Nothing);
        }
        *message = ANSWER.to_vec();
        Ok(Read::All)
    }
    fn look(&mut self, _: bool) -> Result<bool, LinkError> {
        Ok(!self.is_sealed)
    }
    fn arm(&mut self, _: bool) -> Result<bool, LinkError> {
        Ok(self.is_sealed)
    }
    fn disarm(&mut self) {}
    fn seal(&mut self) {
        self.is_sealed = true;
    }
    fn hang_up(&mut self) {}
}

/// All that is sent starts at once.
struct Started;

impl Claims for Started {
    fn offer(&self, _: u32) {}
    fn take_back(&self, _: u32) -> Claim {
        Claim::Started
    }
    fn look(&self, _: u32) -> Claim {
        Claim::Started
    }
}

#[test]
fn who_buries_a_worker_reads_nothing_that_comes_after_its_end() {
    for fate in [Fate::TimedOut, Fate::Killed, Fate::Failed(LinkError::Closed)] {
        let mut play = with_a_call(0);
        let (control, watched) = UnixStream::pair().expect("a socket pair");
        let bell = Arc::new(Bell::new(None, watched.as_fd()).expect("a bell"));
        let (link, output) = (Box::new(Outlived::default()), Output::unheard(control));
        let process = Arc::clone(&play.process);
        let mut worker = Worker::new(process, link, bell, output, Birth::default(), Recycling::default());
        let carrier: Arc<dyn Carrier> = Arc::new(Carried(Arc::new(Started)));
        let job = play.queue.pop_front().expect("the call");
        assert_eq!(worker.send(job, &carrier), Ok(true));
        play.bury(worker, fate);
        play.close_ended();
        assert_eq!((play.tally.lost, play.open.len()), (1, 0), "{fate:?}");
    }
}
