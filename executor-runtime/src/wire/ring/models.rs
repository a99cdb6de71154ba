//! Models of both sides under random schedules: see `task::models` for how they run.
//!
//! They run the very code that is shipped, over numbers of shuttle's instead of
//! a region. Shuttle's threads all see one order of what is stored; so the order
//! of the steps is checked here, and of the orderings only their reasons and
//! the stress under `tests/` tell.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use shuttle::rand::Rng;
use shuttle::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use shuttle::sync::{Condvar, Mutex};
use shuttle::thread;

use super::end::{Bell, End};
use super::shared::{Shared, Side, Way, Word};
use super::tests::exchange;
use crate::wire::{LinkError, Patience};

/// Enough that each of the bugs named below was found every time.
const SCHEDULES: usize = 3_000;

/// So small that everything has to wait for room, and to go around.
const CAPACITY: u32 = 4;

fn check(model: impl Fn() + Send + Sync + 'static) {
    shuttle::check_random(model, SCHEDULES);
}

/// What a region would hold, and what the kernel knows of both sides.
struct Model {
    numbers: [AtomicU32; Word::ALL],
    rings: [Vec<AtomicU64>; 2],
    /// Rings that the host has not been woken by.
    edges: Mutex<u32>,
    host: Condvar,
    futex: Mutex<()>,
    guest: Condvar,
    guest_is_dead: AtomicBool,
}

impl Shared for Model {
    fn load(&self, word: Word, order: Ordering) -> u32 {
        self.numbers[word.index()].load(order)
    }
    fn store(&self, word: Word, value: u32, order: Ordering) {
        self.numbers[word.index()].store(value, order);
    }
    fn fence(&self) {}
    fn words(&self, way: Way) -> &[AtomicU64] {
        // What is done with them is a step of its own.
        thread::yield_now();
        &self.rings[usize::from(way == Way::Up)]
    }
    fn capacity(&self) -> u32 {
        CAPACITY
    }
}

/// An eventfd of which the edges are watched, and a pidfd.
struct HostBell(Arc<Model>);

impl Bell for HostBell {
    fn listen(&self) -> u32 {
        0
    }
    fn wait(&mut self, _: u32, _: Option<Instant>) {
        let mut edges = self.0.edges.lock().expect("no panic");
        while *edges == 0 && !self.0.guest_is_dead.load(Ordering::SeqCst) && !wakes_for_no_reason() {
            edges = self.0.host.wait(edges).expect("no panic");
        }
        *edges = 0;
    }
    fn ring(&self) {
        self.0.numbers[Word::Bell.index()].fetch_add(1, Ordering::SeqCst);
        drop(self.0.futex.lock().expect("no panic"));
        self.0.guest.notify_one();
    }
}

/// A futex.
struct GuestBell(Arc<Model>);

impl Bell for GuestBell {
    fn listen(&self) -> u32 {
        self.0.load(Word::Bell, Ordering::SeqCst)
    }
    fn wait(&mut self, heard: u32, _: Option<Instant>) {
        let futex = self.0.futex.lock().expect("no panic");
        if self.0.load(Word::Bell, Ordering::SeqCst) == heard && !wakes_for_no_reason() {
            drop(self.0.guest.wait(futex).expect("no panic"));
        }
    }
    fn ring(&self) {
        *self.0.edges.lock().expect("no panic") += 1;
        self.0.host.notify_one();
    }
}

fn wakes_for_no_reason() -> bool {
    shuttle::rand::thread_rng().gen_bool(0.1)
}

type Host = End<Arc<Model>, HostBell>;
type Guest = End<Arc<Model>, GuestBell>;

fn link() -> (Host, Guest, Arc<Model>) {
    let ring = || (0..CAPACITY).map(|_| AtomicU64::new(u64::MAX)).collect();
    let model = Arc::new(Model {
        numbers: std::array::from_fn(|_| AtomicU32::new(0)),
        rings: [ring(), ring()],
        edges: Mutex::new(0),
        host: Condvar::new(),
        futex: Mutex::new(()),
        guest: Condvar::new(),
        guest_is_dead: AtomicBool::new(false),
    });
    let host = End::new(Side::Host, Arc::clone(&model), HostBell(Arc::clone(&model)), u64::MAX);
    let guest = End::new(Side::Guest, Arc::clone(&model), GuestBell(Arc::clone(&model)), u64::MAX);
    (host, guest, model)
}

const FOR_EVER: Patience<'static> = Patience { deadline: None, gone: &|| false };

/// The guest is gone without a word, in the middle of whatever it was at.
fn die(guest: Guest, model: &Model) {
    std::mem::forget(guest);
    let edges = model.edges.lock().expect("no panic");
    model.guest_is_dead.store(true, Ordering::SeqCst);
    drop(edges);
    model.host.notify_one();
}

fn message(len: u8) -> Vec<u8> {
    (1..=len).collect()
}

/// Found: a tail that is moved before the words are written, a head that is moved before they are read, and a writer
/// that wakes nobody.
#[test]
fn messages_arrive_whole_and_in_order() {
    check(|| {
        const LENGTHS: [u8; 6] = [3, 0, 8, 9, 24, 16];
        let (mut host, mut guest, _model) = link();
        let reads = thread::spawn(move || {
            let mut got = Vec::new();
            for len in LENGTHS {
                guest.receive(&mut got, &FOR_EVER).expect("a message");
                assert_eq!(got, message(len));
            }
            assert_eq!(guest.receive(&mut got, &FOR_EVER), Err(LinkError::Closed));
        });
        for len in LENGTHS {
            let (head, tail) = (message(len), []);
            host.send([&head, &tail], &FOR_EVER).expect("sent");
        }
        drop(host);
        reads.join().expect("the guest");
    });
}

/// Found: a sleeper that does not look once more, that looks before it sets its flag, or that listens only then; a
/// waker that takes the flag down after it has rung; a reader that tells of no room, and one that tells of it only at
/// the end of a message.
#[test]
fn what_is_longer_than_the_ring_goes_there_and_back() {
    check(|| {
        let (mut host, mut guest, _model) = link();
        let echoes = thread::spawn(move || {
            let mut got = Vec::new();
            for _ in 0..2 {
                guest.receive(&mut got, &FOR_EVER).expect("a message");
                guest.send([&got, &[]], &FOR_EVER).expect("sent");
            }
        });
        let mut got = Vec::new();
        for len in [70, 7] {
            let sent = message(len);
            host.send([&sent[..5], &sent[5..]], &FOR_EVER).expect("sent");
            host.receive(&mut got, &FOR_EVER).expect("the answer");
            assert_eq!(got, sent);
        }
        echoes.join().expect("the guest");
    });
}

/// Found: most of what the model above finds, with both rings full at once.
#[test]
fn both_sides_send_at_once() {
    check(|| {
        let (mut host, mut guest, _model) = link();
        let [up, down] = [[60, 3], [50, 9]].map(|lengths| lengths.map(message));
        let other = thread::spawn({
            let (up, down) = (up.clone(), down.clone());
            move || exchange(&mut guest, up, down)
        });
        exchange(&mut host, down, up);
        other.join().expect("the guest");
    });
}

/// Found: an end that does not ring, or rings before it says so, and a look at the close after the one at the words.
#[test]
fn a_side_that_ends_wakes_the_other_one_and_nothing_is_lost() {
    check(|| {
        let (mut host, mut guest, _model) = link();
        let ends = thread::spawn(move || guest.send([&message(9), &[]], &FOR_EVER));
        let mut got = Vec::new();
        host.receive(&mut got, &FOR_EVER).expect("what was sent before");
        assert_eq!(got, message(9));
        assert_eq!(host.receive(&mut got, &FOR_EVER), Err(LinkError::Closed));
        ends.join().expect("the guest").expect("sent");
    });
    check(|| {
        let (mut host, guest, _model) = link();
        let ends = thread::spawn(move || drop(guest));
        assert_eq!(host.send([&message(70), &[]], &FOR_EVER), Err(LinkError::Closed));
        ends.join().expect("the guest");
    });
    check(|| {
        let (host, mut guest, _model) = link();
        let ends = thread::spawn(move || drop(host));
        assert_eq!(guest.receive(&mut Vec::new(), &FOR_EVER), Err(LinkError::Closed));
        ends.join().expect("the host");
    });
}

/// Found: a host that does not ask whether its guest is gone, and one that does not look once more after that.
#[test]
fn a_death_wakes_the_host_and_nothing_is_lost() {
    check(|| {
        let (mut host, mut guest, model) = link();
        let dies = thread::spawn({
            let model = Arc::clone(&model);
            move || {
                guest.send([&message(9), &[]], &FOR_EVER).expect("sent");
                die(guest, &model);
            }
        });
        let patience = Patience { deadline: None, gone: &|| model.guest_is_dead.load(Ordering::SeqCst) };
        let mut got = Vec::new();
        host.receive(&mut got, &patience).expect("what was sent before");
        assert_eq!(got, message(9));
        assert_eq!(host.receive(&mut got, &patience), Err(LinkError::Closed));
        dies.join().expect("the guest");
    });
    check(|| {
        let (mut host, guest, model) = link();
        let dies = thread::spawn({
            let model = Arc::clone(&model);
            move || die(guest, &model)
        });
        let patience = Patience { deadline: None, gone: &|| model.guest_is_dead.load(Ordering::SeqCst) };
        assert_eq!(host.send([&message(70), &[]], &patience), Err(LinkError::Closed));
        dies.join().expect("the guest");
    });
}
