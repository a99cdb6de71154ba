//! What a guest keeps for its host.

use std::sync::atomic::Ordering;

use super::super::kept::KEPT_LEN_BYTES;
use super::stress::{Random, link};
use crate::wire::{GuestLink, HostLink, Progress};

#[test]
fn what_a_guest_keeps_is_found_as_far_as_it_has_come() {
    let (mut host, guest, _life) = link(4096);
    let mut keeper = guest.keeper().expect("a ring has a place");
    let mut random = Random(11);
    let mut found = Vec::new();
    for (number, most) in (0..).zip([2, 9, 40, 3_000]) {
        let mut message = Vec::new();
        for calls in 0.. {
            message.extend((0..random.below(most)).map(|_| random.next().to_le_bytes()[0]));
            let progress = Progress::new(number, calls);
            if !keeper.keep(&message, progress) {
                break;
            }
            // Each at the beginning, where all cases are; later ones now and then.
            if message.len() < 400 || calls % 101 == 0 {
                host.take_kept(&mut found);
                assert_eq!((host.progress(), &found), (progress, &message), "additions of up to {most}");
            }
        }
        assert!(message.len() > KEPT_LEN_BYTES - 8, "there was room");
        keeper.forget();
        host.take_kept(&mut found);
        assert_eq!(found, []);
        assert!(host.progress().is_of(number), "it is forgotten where it was");
    }
}

#[test]
fn a_guest_that_lies_is_believed_no_more_than_there_is_memory() {
    let (mut host, guest, _life) = link(4096);
    guest.end.shared().kept()[0].store(u64::MAX, Ordering::Relaxed);
    let mut found = Vec::new();
    host.take_kept(&mut found);
    assert_eq!(found.len(), KEPT_LEN_BYTES - 8);
}
