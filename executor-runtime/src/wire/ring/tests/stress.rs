//! Both sides as fast as they can, in threads and in processes, over rings that are always full.

use std::env;
use std::io::stdin;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::thread;

use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::super::link::{Guest, Host, Offer, serve};
use super::super::reader::Reader;
use super::super::shared::{Shared, Side, Way, Word};
use super::super::writer::Writer;
use super::{FOR_EVER, MAX_LEN_BYTES, exchange};
use crate::sys::limits::Limits;
use crate::wire::{GuestLink, Hello, LinkKind, receive_hello, send};

const SMALL_RING: u32 = 4096;

/// Both sides in this process, and the guest's life: it ends with the first of the two.
pub(super) fn link(ring_len_bytes: u32) -> (Host, Guest, (UnixStream, UnixStream)) {
    let (life, watched) = UnixStream::pair().expect("a socket pair");
    let mut offer = Offer::new(ring_len_bytes, watched.as_fd()).expect("an offer");
    let descriptors = offer.descriptors().into_iter();
    let descriptors = descriptors.map(|descriptor| descriptor.try_clone_to_owned().expect("a descriptor")).collect();
    let guest = serve(ring_len_bytes, descriptors).expect("the guest's side");
    offer.let_go();
    (offer.connect(MAX_LEN_BYTES).0, guest, (life, watched))
}

/// Messages that everybody who knows the seed knows, of a few bytes to a few megabytes.
fn messages(seed: u64, count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut random = Random(seed);
    (0..count).map(move |_| {
        let most = [1, 16, 200, 5_000, 100_000, 4_000_000][random.below(6)];
        let len = random.below(most);
        let mut message = Vec::with_capacity(len + 8);
        while message.len() < len {
            message.extend_from_slice(&random.next().to_ne_bytes());
        }
        message.truncate(len);
        message
    })
}

/// Marsaglia's xorshift.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("below a usize")
    }
}

#[test]
fn threads_exchange_messages_of_all_sizes_at_once() {
    for (seed, ring_len_bytes) in [(1, 64), (2, SMALL_RING), (3, 1 << 20)] {
        let (mut host, mut guest, _life) = link(ring_len_bytes);
        let other = thread::spawn(move || {
            exchange(&mut guest.end, messages(seed + 100, 60), messages(seed, 60));
            // A guest that closes its bell is one that ends, and tells the host by that.
            guest
        });
        exchange(&mut host.end, messages(seed, 60), messages(seed + 100, 60));
        drop(other.join().expect("the guest"));
    }
}

#[test]
fn nobody_sleeps_for_ever_who_never_looks_twice() {
    let (mut host, mut guest, _life) = link(SMALL_RING);
    host.end.never_spin();
    guest.end.never_spin();
    let echoes = thread::spawn(move || {
        let mut message = Vec::new();
        while guest.receive(&mut message).is_ok() {
            guest.send([&message, &[]]).expect("the host listens");
        }
    });
    let (mut random, mut answer) = (Random(7), Vec::new());
    for n in 0_u32..100_000 {
        host.end.send([&n.to_ne_bytes(), &[]], &FOR_EVER).expect("the guest listens");
        // So that either is sometimes the one who is late.
        for _ in 0..random.below(300) {
            std::hint::spin_loop();
        }
        host.end.receive(&mut answer, &FOR_EVER).expect("an answer");
        assert_eq!(answer, n.to_ne_bytes());
    }
    drop(host);
    echoes.join().expect("the guest");
}

/// Set for the child of the test below only.
const IS_GUEST: &str = "EXECUTOR_RUNTIME_TEST_GUEST";

#[test]
fn processes_exchange_messages_of_all_sizes_at_once() {
    const SEED: u64 = 11;
    const COUNT: usize = 120;

    if env::var_os(IS_GUEST).is_some() {
        let control = UnixStream::from(stdin().as_fd().try_clone_to_owned().expect("the control socket"));
        let (_, descriptors) = receive_hello(&control).expect("the hello");
        let mut guest = serve(SMALL_RING, descriptors).expect("the guest's side");
        return exchange(&mut guest.end, messages(SEED + 1, COUNT), messages(SEED, COUNT));
    }
    let (control, theirs) = UnixStream::pair().expect("a socket pair");
    let name = thread::current().name().expect("the test's name").to_owned();
    let mut child = Command::new(env::current_exe().expect("this program"))
        .args([&name, "--exact", "--nocapture"])
        .env(IS_GUEST, "1")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .spawn()
        .expect("the guest's process");
    let pidfd = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).expect("its pidfd");
    let mut offer = Offer::new(SMALL_RING, pidfd.as_fd()).expect("an offer");
    let link = LinkKind::Ring { ring_len_bytes: SMALL_RING };
    let hello = Hello {
        protocol: 0,
        program: 0,
        depth: 0,
        stack_size_bytes: 0,
        max_value_len_bytes: 0,
        limits: Limits::default(),
        link,
        hears_stderr: true,
    };
    send(&control, &hello, &offer.descriptors()).expect("sent");
    offer.let_go();
    let (mut host, _bell) = offer.connect(MAX_LEN_BYTES);
    exchange(&mut host.end, messages(SEED, COUNT), messages(SEED + 1, COUNT));
    assert!(child.wait().expect("our child").success());
}

#[test]
fn indices_run_on_past_the_largest_number() {
    let (host, guest, _life) = link(64);
    let shared = host.end.shared();
    let start = u32::MAX - 20;
    for word in [Word::Tail(Way::Down), Word::Head(Way::Down)] {
        shared.store(word, start, std::sync::atomic::Ordering::Relaxed);
    }
    let mut writer = Writer::starting_at(Side::Host.writes(), start);
    let mut reader = Reader::new(Side::Guest.reads(), MAX_LEN_BYTES).starting_at(start);
    let mut got = Vec::new();
    for message in messages(5, 30).map(|message| message.into_iter().take(50).collect::<Vec<_>>()) {
        let mut frame = super::Frame::new([&message, &[]]);
        assert_eq!(writer.write(shared, &mut frame).map(|_| frame.words_left()), Ok(0));
        assert_eq!(reader.read(guest.end.shared(), &mut got), Ok(super::Read::All));
        reader.tell(guest.end.shared(), true);
        assert_eq!(got, message);
    }
}
