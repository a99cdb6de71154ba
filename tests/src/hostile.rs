//! Tasks that take over what their worker says to its pool.
//!
//! A task may do in its process whatever it wants, so also write to the memory that the process shares with the pool. It
//! does so through `/proc/self/mem`, which needs no unsafe code, and rings the pool's bell by a copy of the worker's own
//! descriptor. What lies where is told by `wire/ring/shared.rs` of the runtime; a test here fails when that changes.

use std::fs::{self, File, OpenOptions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use executor_runtime::pool_task;
use rustix::process::{ForeignRawFd, PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use serde::{Deserialize, Serialize};

/// Marsaglia's xorshift.
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Any number but zero.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        (self.number() >> 8) % limit
    }

    /// Any of these.
    pub fn one_of<T: Copy, const N: usize>(&mut self, all: [T; N]) -> T {
        all[usize::try_from(self.below(N as u64)).expect("a place")]
    }
}

/// A value that says whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Which no other call of a test has.
    pub number: u64,
    sum: u64,
    filler: Vec<u8>,
}

impl Sealed {
    /// The value of this number, with so many bytes behind it.
    pub fn new(number: u64, len: usize) -> Self {
        let filler = vec![number.to_le_bytes()[0]; len];
        Self { number, sum: Self::sum(number, &filler), filler }
    }

    /// Whether it is as it was made; else its worker has changed it, as it may.
    pub fn is_whole(&self) -> bool {
        self.sum == Self::sum(self.number, &self.filler)
    }

    fn sum(number: u64, filler: &[u8]) -> u64 {
        let mix = |bits: u64| (bits ^ bits >> 29).wrapping_mul(0xff51_afd7_ed55_8ccd) ^ bits >> 32;
        filler.iter().fold(mix(number ^ filler.len() as u64), |sum, byte| mix(sum ^ u64::from(*byte)))
    }
}

/// Does what it should.
#[pool_task(process)]
pub fn seal(number: u64, len: usize, _argument: &[u8]) -> Sealed {
    let sealed = Sealed::new(number, len);
    *LAST.lock().expect("no panic") = sealed.clone();
    sealed
}

/// What [`seal`] has returned here.
static LAST: Mutex<Sealed> = Mutex::new(Sealed { number: 0, sum: 0, filler: Vec::new() });

/// Small numbers of the region, by their place.
const TAIL_DOWN: u64 = 0;
const HEAD_DOWN: u64 = 1;
const TAIL_UP: u64 = 2;
const CLOSED_BY_GUEST: u64 = 7;

const NUMBERS: u64 = 9;
const NUMBERS_APART_BYTES: u64 = 128;
const CLAIMS_AT: u64 = NUMBERS * NUMBERS_APART_BYTES;
const CLAIMS: u64 = 256;
const HEAD_LEN_BYTES: u64 = 4096;
const RING_LEN_BYTES: u64 = 256 * 1024;
const UP_AT: u64 = HEAD_LEN_BYTES + RING_LEN_BYTES;
const KEPT_AT: u64 = UP_AT + RING_LEN_BYTES;
const LEN_BYTES: u64 = KEPT_AT + 32 * 1024;

/// The state of a claim whose task has started.
const STARTED: u32 = 3;

/// A worker's side of its link, in the hands of a task.
struct Takeover {
    memory: File,
    start: u64,
    bell: Option<OwnedFd>,
}

impl Takeover {
    /// Finds what this process shares with its pool.
    fn new() -> Self {
        let maps = fs::read_to_string("/proc/self/maps").expect("our mappings");
        let shared = maps.lines().find(|line| line.contains("/memfd:executor-runtime")).expect("the shared memory");
        let range = shared.split(' ').next().and_then(|range| range.split_once('-')).expect("a range");
        let [start, end] = [range.0, range.1].map(|address| u64::from_str_radix(address, 16).expect("an address"));
        assert_eq!(end - start, LEN_BYTES.next_multiple_of(4096), "the region is another one now");
        let memory = OpenOptions::new().read(true).write(true).open("/proc/self/mem").expect("our memory");
        Self { memory, start, bell: bell() }
    }

    fn number(&self, index: u64) -> u32 {
        self.load(index * NUMBERS_APART_BYTES)
    }

    fn set_number(&self, index: u64, value: u32) {
        self.store(index * NUMBERS_APART_BYTES, &value.to_le_bytes());
    }

    /// The number of the task that runs, if only one does: that which was started last.
    fn task(&self) -> u32 {
        let claims = (0..CLAIMS).map(|index| self.load(CLAIMS_AT + index * 4));
        claims.filter(|claim| claim & 3 == STARTED).map(|claim| claim >> 2).max().expect("a task that runs")
    }

    /// Writes words behind the last answer, and wakes the pool.
    fn write(&self, words: &[u64]) {
        let mut tail = self.number(TAIL_UP);
        for word in words {
            self.store(UP_AT + u64::from(tail) * 8 % RING_LEN_BYTES, &word.to_le_bytes());
            tail = tail.wrapping_add(1);
        }
        self.set_number(TAIL_UP, tail);
        self.ring();
    }

    /// Sends a message that says it has this length.
    fn send(&self, len: u64, message: &[u8]) {
        let words = message.chunks(8).map(|bytes| {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            u64::from_le_bytes(word)
        });
        self.write(&[len].into_iter().chain(words).collect::<Vec<_>>());
    }

    fn ring(&self) {
        if let Some(bell) = &self.bell {
            rustix::io::write(bell, &1_u64.to_ne_bytes()).expect("the bell rings");
        }
    }

    /// Changes some word, most often one of the few that have a meaning.
    fn spoil(&self, random: &mut Random) {
        let places = [
            (0, NUMBERS, NUMBERS_APART_BYTES),
            (0, NUMBERS, NUMBERS_APART_BYTES),
            (CLAIMS_AT, CLAIMS, 4),
            (HEAD_LEN_BYTES, RING_LEN_BYTES / 4, 4),
            (UP_AT, RING_LEN_BYTES / 4, 4),
            (KEPT_AT, 16, 4),
            (0, LEN_BYTES / 4, 4),
        ];
        let (start, count, apart) = random.one_of(places);
        let at = start + random.below(count) * apart;
        let (now, chance) = (self.load(at), random.number().to_le_bytes());
        let chance = u32::from_le_bytes([chance[0], chance[1], chance[2], chance[3]]);
        let value = random.one_of([
            chance,
            now.wrapping_add(1),
            now.wrapping_sub(1),
            now.wrapping_add(chance % 64),
            now ^ 1 << (chance % 32),
            0,
            u32::MAX,
        ]);
        self.store(at, &value.to_le_bytes());
    }

    fn load(&self, at: u64) -> u32 {
        let mut bytes = [0; 4];
        self.memory.read_exact_at(&mut bytes, self.start + at).expect("it can be read");
        u32::from_le_bytes(bytes)
    }

    fn store(&self, at: u64, bytes: &[u8]) {
        self.memory.write_all_at(bytes, self.start + at).expect("it can be written");
    }
}

/// A copy of the descriptor by which a worker wakes its pool.
fn bell() -> Option<OwnedFd> {
    let this = pidfd_open(getpid(), PidfdFlags::empty()).ok()?;
    let all = fs::read_dir("/proc/self/fd").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut bells = all.filter(|path| fs::read_link(path).is_ok_and(|link| link.ends_with("anon_inode:[eventfd]")));
    let number: ForeignRawFd = bells.next()?.file_name()?.to_str()?.parse().ok()?;
    pidfd_getfd(&this, number, PidfdGetfdFlags::empty()).ok()
}

/// What a task says in place of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lie {
    /// Its value, by hand.
    None,
    /// A number that no task has.
    Number,
    /// What is neither a value nor an error.
    Kind,
    /// Less than every answer has.
    Short,
    /// An error that is none.
    Error,
    /// Values of a chunk.
    Values,
    /// A message that is longer than any may be.
    Length,
    /// Its answer twice.
    Twice,
    /// An answer that was given long ago.
    Again,
    /// More words than there can be.
    Tail,
    /// That the writing went back.
    Back,
    /// Its answer, and that more was read than was written.
    Head,
    /// That it has ended.
    Closed,
}

impl Lie {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::None,
        Self::Number,
        Self::Kind,
        Self::Short,
        Self::Error,
        Self::Values,
        Self::Length,
        Self::Twice,
        Self::Again,
        Self::Tail,
        Self::Back,
        Self::Head,
        Self::Closed,
    ];
}

/// Says so and stays: nothing else comes from this worker.
#[pool_task(process)]
pub fn lie(lie: Lie) -> u8 {
    let link = Takeover::new();
    let number = link.task();
    let answer = |number: u32, kind: u8, rest: &[u8]| [&number.to_le_bytes()[..], &[0; 4], &[kind], rest].concat();
    let send = |message: &[u8]| link.send(message.len() as u64, message);
    let honest = answer(number, 0, &[7]);
    match lie {
        Lie::None => send(&honest),
        Lie::Number => send(&answer(number.wrapping_add(1), 0, &[7])),
        Lie::Kind => send(&answer(number, 9, &[7])),
        Lie::Short => send(&honest[..6]),
        Lie::Error => send(&answer(number, 1, &[0xff; 20])),
        Lie::Values => send(&answer(number, 2, &[0, 0, 0, 0, 1, 7])),
        Lie::Length => link.send(u64::MAX, &honest),
        Lie::Twice => {
            send(&honest);
            send(&honest);
        }
        Lie::Again => send(&answer(number.wrapping_sub(1), 0, &[7])),
        Lie::Tail => {
            link.set_number(TAIL_UP, link.number(TAIL_UP).wrapping_add(1 << 20));
            link.ring();
        }
        Lie::Back => {
            link.set_number(TAIL_UP, link.number(TAIL_UP).wrapping_sub(1));
            link.ring();
        }
        Lie::Head => {
            link.set_number(HEAD_DOWN, link.number(TAIL_DOWN).wrapping_add(1));
            send(&honest);
        }
        Lie::Closed => {
            link.set_number(CLOSED_BY_GUEST, 1);
            link.ring();
        }
    }
    loop {
        thread::park();
    }
}

/// Says anything, some times, and then returns, stays, or ends its worker.
#[pool_task(process)]
pub fn forge(seed: u64) -> Sealed {
    let (link, mut random) = (Takeover::new(), Random::new(seed));
    let own = link.task();
    let earlier = LAST.lock().expect("no panic").clone();
    for _ in 0..=random.below(4) {
        let near = random.below(8);
        let number = random.one_of([own, own, own, own.wrapping_add(1), own.wrapping_sub(1), 0, u32::MAX]);
        let kind = random.one_of([0, 0, 0, 1, 2, 3, 4, 255]);
        let sealed = postcard_of(&earlier);
        let garbage: Vec<u8> = (0..random.below(200)).map(|_| random.number().to_le_bytes()[0]).collect();
        let payload = random.one_of([&sealed[..], &garbage, &[], &[0xff; 10], &[0; 4]]);
        let mut message = [&number.to_le_bytes()[..], &random.number().to_le_bytes()[..4], &[kind], payload].concat();
        if random.below(4) == 0 {
            message.truncate(usize::try_from(random.below(message.len() as u64)).expect("a length"));
        }
        let (len, any) = (message.len() as u64, random.number() >> (near * 8));
        let len = random.one_of([len, len, len, len + 1, len.wrapping_sub(1), any, 1 << 35]);
        link.send(len, &message);
        if random.below(3) == 0 {
            link.spoil(&mut random);
            link.ring();
        }
    }
    match random.below(3) {
        0 => Sealed::new(u64::MAX, 1),
        1 => std::process::exit(3),
        _ => loop {
            thread::park();
        },
    }
}

/// As serde and postcard write it.
fn postcard_of(sealed: &Sealed) -> Vec<u8> {
    let varint = |mut number: u64| {
        let mut bytes = Vec::new();
        while number > 127 {
            bytes.push(number.to_le_bytes()[0] | 128);
            number >>= 7;
        }
        bytes.push(number.to_le_bytes()[0]);
        bytes
    };
    [varint(sealed.number), varint(sealed.sum), varint(sealed.filler.len() as u64), sealed.filler.clone()].concat()
}

/// From now on somebody spoils the memory of this worker, at random times, until it ends.
#[pool_task(process)]
pub fn let_vandal_in(seed: u64) {
    thread::spawn(move || {
        let (link, mut random) = (Takeover::new(), Random::new(seed));
        // Some are cautious, and see more of the conversation.
        let pause = Duration::from_micros(1 << random.below(13));
        loop {
            link.spoil(&mut random);
            if random.below(4) == 0 {
                link.ring();
            }
            thread::sleep(pause);
        }
    });
}
