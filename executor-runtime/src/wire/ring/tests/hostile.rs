//! A guest that has gone mad: whatever it does to the region, the host gets an error or a message, in time, and
//! believes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::super::PIECE_LEN_BYTES;
use super::super::frame::Frame;
use super::super::shared::{Shared, Way, Word};
use super::stress::{Random, link};
use super::{FOR_EVER, MAX_LEN_BYTES};
use crate::wire::{LinkError, Patience, Read};

const RING_LEN_BYTES: u32 = 4096;
const CAPACITY: u32 = RING_LEN_BYTES / 8;

fn until(deadline: Instant) -> Patience<'static> {
    Patience { deadline: Some(deadline), gone: &|| false }
}

fn soon() -> Patience<'static> {
    until(Instant::now() + Duration::from_millis(20))
}

/// What the host receives when the guest has stored these numbers, after it has received a message of eight bytes; and
/// how much memory that took.
fn after(numbers: &[(Word, u32)], words: &[u64]) -> (Result<(), LinkError>, usize) {
    let (mut host, mut guest, _life) = link(RING_LEN_BYTES);
    guest.end.send([&[1; 8], &[]], &FOR_EVER).expect("sent");
    let mut message = Vec::new();
    host.end.receive(&mut message, &FOR_EVER).expect("a message");
    let shared = guest.end.shared();
    for (place, word) in shared.words(Way::Up)[2..].iter().zip(words) {
        place.store(*word, Ordering::Relaxed);
    }
    for (word, number) in numbers {
        shared.store(*word, *number, Ordering::Release);
    }
    let mut message = Vec::new();
    let received = host.end.receive(&mut message, &soon());
    (received, message.capacity())
}

#[test]
fn a_tail_where_it_cannot_be_is_noticed() {
    for tail in [0, 1, 2 + CAPACITY + 1, 2 + u32::MAX / 2, u32::MAX] {
        assert_eq!(after(&[(Word::Tail(Way::Up), tail)], &[]), (Err(LinkError::Protocol), 0), "{tail}");
    }
}

#[test]
fn an_absurd_length_is_refused_before_anything_is_allocated() {
    for len_bytes in [u64::MAX, 1 << 63, MAX_LEN_BYTES + 1] {
        assert_eq!(after(&[(Word::Tail(Way::Up), 3)], &[len_bytes]), (Err(LinkError::Protocol), 0), "{len_bytes}");
    }
}

#[test]
fn a_length_is_believed_only_as_far_as_bytes_arrive() {
    for tail in [3, 4, 2 + CAPACITY] {
        let (received, capacity) = after(&[(Word::Tail(Way::Up), tail)], &[MAX_LEN_BYTES]);
        assert_eq!(received, Err(LinkError::TimedOut));
        assert!(capacity <= PIECE_LEN_BYTES as usize, "{capacity}");
    }
}

#[test]
fn a_tail_that_goes_back_is_noticed_also_before_it_was_read() {
    let (mut host, mut guest, _life) = link(RING_LEN_BYTES);
    for _ in 0..2 {
        guest.end.send([&[1; 8], &[]], &FOR_EVER).expect("room");
    }
    let mut message = Vec::new();
    host.end.receive(&mut message, &FOR_EVER).expect("the first message");
    let shared = guest.end.shared();
    assert_eq!(shared.load(Word::Tail(Way::Up), Ordering::Relaxed), 4, "it was seen, and two words are left");
    shared.store(Word::Tail(Way::Up), 3, Ordering::Release);
    assert_eq!(host.end.receive(&mut message, &soon()), Err(LinkError::Protocol));
}

#[test]
fn a_head_where_it_cannot_be_is_noticed() {
    for head in [3, 2 + CAPACITY, u32::MAX] {
        let (mut host, guest, _life) = link(RING_LEN_BYTES);
        guest.end.shared().store(Word::Head(Way::Down), head, Ordering::Release);
        assert_eq!(host.end.send([&[1; 8], &[]], &soon()), Err(LinkError::Protocol), "{head}");
    }
    let (mut host, guest, _life) = link(RING_LEN_BYTES);
    host.end.send([&[1; 8], &[]], &soon()).expect("room");
    guest.end.shared().store(Word::Head(Way::Down), 2, Ordering::Release);
    host.end.send([&[1; 8], &[]], &soon()).expect("room");
    guest.end.shared().store(Word::Head(Way::Down), 1, Ordering::Release);
    assert_eq!(host.end.send([&[1; 8], &[]], &soon()), Err(LinkError::Protocol), "backwards");
}

#[test]
fn silence_ends_at_the_deadline() {
    let (mut host, mut guest, _life) = link(RING_LEN_BYTES);
    let deadline = Instant::now() + Duration::from_millis(20);
    assert_eq!(host.end.receive(&mut Vec::new(), &until(deadline)), Err(LinkError::TimedOut));
    assert!(Instant::now() >= deadline);
    // In the middle of a message.
    let bytes = [1; 3 * RING_LEN_BYTES as usize];
    guest.end.push(&mut Frame::new([&bytes, &[]])).expect("room");
    assert_eq!(host.end.receive(&mut Vec::new(), &soon()), Err(LinkError::TimedOut));
    // It reads nothing.
    let bytes = [1; RING_LEN_BYTES as usize];
    assert_eq!(host.end.send([&bytes, &[]], &soon()), Err(LinkError::TimedOut));
}

#[test]
fn a_deadline_is_seen_while_there_is_always_more_to_read() {
    let (mut host, mut guest, _life) = link(1 << 20);
    let bytes = vec![1; 2 << 20];
    guest.end.push(&mut Frame::new([&bytes, &[]])).expect("room");
    let mut message = Vec::new();
    assert_eq!(host.end.receive(&mut message, &until(Instant::now())), Err(LinkError::TimedOut));
    assert!(message.len() <= PIECE_LEN_BYTES as usize, "{}", message.len());
}

#[test]
fn a_message_without_end_ends_at_the_deadline() {
    let (mut host, mut guest, _life) = link(RING_LEN_BYTES);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let bytes = vec![1; 1 << 30];
            let mut frame = Frame::new([&bytes, &[]]);
            while !stop.load(Ordering::Relaxed) && !guest.end.push(&mut frame).expect("room or none") {
                thread::yield_now();
            }
        });
        let mut message = Vec::new();
        let received = host.end.receive(&mut message, &soon());
        stop.store(true, Ordering::Relaxed);
        assert_eq!(received, Err(LinkError::TimedOut));
        assert!(message.capacity() <= 2 * message.len() + 2 * PIECE_LEN_BYTES as usize);
    });
}

/// It has left its region to somebody who goes on writing.
#[test]
fn what_is_written_after_the_end_of_the_guest_is_not_read() {
    let (mut host, mut guest, _life) = link(RING_LEN_BYTES);
    guest.end.send([&[1; 8], &[]], &FOR_EVER).expect("room");
    host.end.seal();
    guest.end.send([&[2; 8], &[]], &FOR_EVER).expect("room");
    let mut message = Vec::new();
    assert_eq!(host.end.pull(&mut message), Ok(Read::All));
    assert_eq!(message, [1; 8]);
    assert_eq!(host.end.pull(&mut message), Ok(Read::Nothing));
    // Nor is it taken for a breach of the protocol.
    guest.end.shared().store(Word::Tail(Way::Up), 0, Ordering::Release);
    assert_eq!(host.end.pull(&mut message), Ok(Read::Nothing));
}

#[test]
fn the_end_of_the_guest_ends_every_wait_and_nothing_is_lost() {
    let (mut host, mut guest, (life, _watched)) = link(RING_LEN_BYTES);
    let is_gone = Arc::new(AtomicBool::new(false));
    let patience = Patience { deadline: None, gone: &|| is_gone.load(Ordering::SeqCst) };
    let dies = thread::spawn({
        let is_gone = Arc::clone(&is_gone);
        move || {
            guest.end.send([&[1; 8], &[]], &FOR_EVER).expect("room");
            is_gone.store(true, Ordering::SeqCst);
            // Without its last word.
            std::mem::forget(guest);
            drop(life);
        }
    });
    let mut message = Vec::new();
    host.end.receive(&mut message, &patience).expect("what was sent before");
    assert_eq!(host.end.receive(&mut message, &patience), Err(LinkError::Closed));
    assert_eq!(host.end.send([&[1; 5000], &[]], &patience), Err(LinkError::Closed));
    dies.join().expect("the guest");
}

#[test]
fn garbage_in_the_whole_region_hurts_nobody() {
    /// Whatever the host asks of a link of which somebody else writes all at random.
    fn suffer(seed: u64) -> Result<(), LinkError> {
        let (mut host, guest, _life) = link(RING_LEN_BYTES);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let vandal = scope.spawn(|| vandalize(guest.end.shared().as_ref(), &stop, seed));
            let (bytes, mut message) = (vec![7; 20_000], Vec::new());
            let patience = soon();
            let mut result = Ok(());
            while result.is_ok() {
                result = host
                    .end
                    .send([&bytes[..9], &bytes], &patience)
                    .and_then(|()| host.end.receive(&mut message, &patience));
                // At most what went through the ring, and that was checked message by message.
                assert!(message.capacity() <= 1 << 30, "{}", message.capacity());
            }
            stop.store(true, Ordering::Relaxed);
            vandal.join().expect("the vandal");
            result
        })
    }
    let mut ends = [0; 3];
    for seed in 1..200 {
        match suffer(seed).expect_err("it cannot go on for ever") {
            LinkError::Protocol => ends[0] += 1,
            LinkError::TimedOut => ends[1] += 1,
            LinkError::Closed => ends[2] += 1,
        }
    }
    assert!(ends[0] > 0, "nobody got far enough to be noticed: {ends:?}");
}

/// Stores garbage everywhere, and what may pass for sense now and then.
fn vandalize(shared: &super::super::shared::Rings, stop: &AtomicBool, seed: u64) {
    let numbers = [
        Word::Tail(Way::Up),
        Word::Head(Way::Down),
        Word::Head(Way::Up),
        Word::Tail(Way::Down),
        Word::Bell,
        Word::Sleeps(super::super::shared::Side::Host),
        Word::Sleeps(super::super::shared::Side::Guest),
        Word::Closed(super::super::shared::Side::Guest),
    ];
    let mut random = Random(seed);
    // Some vandals are cautious, and so get further.
    let caution = 1 + random.below(numbers.len());
    while !stop.load(Ordering::Relaxed) {
        let number = numbers[random.below(caution)];
        let now = shared.load(number, Ordering::Relaxed);
        let value = match random.below(4) {
            0 => u32::try_from(random.next() >> 32).expect("32 bits"),
            1 => now.wrapping_sub(1),
            _ => now.wrapping_add(u32::try_from(random.below(64)).expect("a small number")),
        };
        if random.below(50) == 0 {
            shared.store(number, value, Ordering::Release);
        }
        let word = [random.next(), random.next() % 10_000, 0, u64::MAX][random.below(4)];
        let way = if random.below(4) == 0 { Way::Down } else { Way::Up };
        shared.words(way)[random.below(CAPACITY as usize)].store(word, Ordering::Relaxed);
        // As good as a ring.
        if random.below(1000) == 0 {
            thread::yield_now();
        }
    }
}
