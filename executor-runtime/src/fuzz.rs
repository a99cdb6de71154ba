//! What a worker can send, for `fuzz/`: each function takes any bytes, and has nothing to say if all is well.
//!
//! There only under `--cfg executor_fuzz`, which no feature of the crate turns on. Nobody else may use it.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::task::{Decoder, Passing};
use crate::wire::{self, Answer, Forger, LinkKind, Offer, Place, Read, Welcome};
use crate::worker::hostile::{Dice, Play};

/// Words and numbers of the region, in any order, while the host reads.
///
/// # Panics
///
/// If the host does anything that it must not.
pub fn frames(data: &[u8]) {
    /// As many bytes as a guest can have written here, doubled as a buffer may be, and a piece of the link.
    const MOST_BYTES: usize = 256 * 1024;

    let mut dice = Dice::Bytes(data);
    let ring_len_bytes = [64, 256, 4096][dice.below(3)];
    let (_life, watched) = UnixStream::pair().expect("a socket pair");
    let offer = Offer::new(LinkKind::Ring { ring_len_bytes }, watched.as_fd()).expect("an offer");
    let descriptors = offer.descriptors().iter().map(|it| it.try_clone_to_owned().expect("a descriptor")).collect();
    let mut guest = Forger::new(ring_len_bytes, descriptors).expect("the guest's side");
    let (mut host, _bell) = offer.connect(None, 1 << 20).expect("the host's side");
    let (mut message, mut task, mut written) = (Vec::new(), vec![7; 100], 0);
    while !dice.is_spent() {
        match dice.below(8) {
            0 => {
                let places = guest.places();
                let kind = dice.below(places.len());
                let place = [Place::Number, Place::Claim, Place::Up, Place::Down, Place::Kept][kind];
                let (at, value) = (dice.below(places[kind]), dice.next());
                guest.change(place(at), |now| if value % 2 == 0 { value } else { now.wrapping_add(value >> 56) });
            }
            1 => {
                let len = [dice.below(64) as u64, dice.next()][dice.below(2)];
                guest.write(&[len]);
            }
            2 | 3 => {
                let words: Vec<u64> = (0..dice.below(16)).map(|_| dice.next()).collect();
                guest.write(&words);
            }
            4 => drop(guest.read()),
            5 => {
                host.take_kept(&mut task);
                task.resize(100, 7);
                written = 0;
            }
            6 if host.push([&task, &[]], &mut written) == Ok(true) => written = 0,
            _ => {}
        }
        loop {
            let read = host.pull(&mut message);
            assert!(message.capacity() <= MOST_BYTES, "{} bytes", message.capacity());
            match read {
                Ok(Read::Some | Read::All) => {}
                Ok(Read::Nothing) => break,
                Err(_) => return,
            }
        }
        if host.arm(written > 0).is_err() {
            return;
        }
        host.disarm();
    }
}

/// Any message as an answer, and any bytes as values of many types.
pub fn answers(data: &[u8]) {
    if let Ok((_, Answer::Value(value) | Answer::ValueWithAside(value))) = wire::read_answer(data) {
        decode(value);
    }
    decode(data);
}

#[derive(Serialize, Deserialize)]
enum Tree {
    Leaf(i64),
    Twig(Box<Tree>),
    Branch(Vec<Tree>),
    Named { names: BTreeMap<String, Tree>, empty: Vec<()> },
}

fn decode(bytes: &[u8]) {
    let mut aside = vec![0; 40_000];
    drop(Decoder::new(bytes).value::<Tree>());
    drop(Decoder::new(bytes).value::<Vec<Vec<()>>>());
    drop(Decoder::new(bytes).value::<Vec<(u8, Option<Result<String, char>>, [u16; 3])>>());
    drop(Decoder::new(bytes).value::<BTreeMap<u64, (f32, i128, bool)>>());
    drop(Passing::<Vec<u8>>::NEW.read_value(&mut Decoder::with_aside(bytes, &mut aside)));
    drop(Passing::<Option<Vec<f64>>>::NEW.read_value(&mut Decoder::new(bytes)));
    drop(Passing::<Result<String, Tree>>::NEW.read_value(&mut Decoder::new(bytes)));
}

/// Anything that a guest says first.
///
/// # Panics
///
/// If there is no socket pair.
pub fn handshake(data: &[u8]) {
    let (host, mut guest) = UnixStream::pair().expect("a socket pair");
    // It is short enough for the socket's buffer.
    guest.write_all(data).expect("room for it");
    drop(guest);
    let soon = Instant::now() + Duration::from_secs(5);
    drop(wire::receive::<Welcome>(&host, Some(soon)));
}

/// A host and its guests, of which each exchange is a few of these bytes.
///
/// # Panics
///
/// If the host does anything that it must not.
pub fn exchanges(data: &[u8]) {
    Play::new(Dice::Bytes(data)).run(u64::MAX);
}
