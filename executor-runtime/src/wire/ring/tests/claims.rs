//! Who has a task, and what a guest says of it that lies.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::claims::{CLAIMS, HostClaims};
use super::stress::link;
use crate::wire::{Claim, Claims, GuestLink, HostLink};

const RING_LEN_BYTES: u32 = 4096;

#[test]
fn a_task_is_either_started_or_taken_back() {
    let (host, mut guest, _life) = link(RING_LEN_BYTES);
    let claims = host.claims();
    let places = u32::try_from(CLAIMS).expect("few");
    // Each place twice, the second time by the other one, and with a number that begins again.
    for round in [0, 1] {
        for place in 0..places {
            let number = u32::MAX.wrapping_add(1 + round * places + place);
            claims.offer(number);
            assert_eq!(claims.look(number), Claim::Offered);
            if (place + round) % 2 == 0 {
                assert!(guest.start(number) && !guest.start(number));
                assert_eq!((claims.look(number), claims.take_back(number)), (Claim::Started, Claim::Started));
            } else {
                assert_eq!(claims.take_back(number), Claim::Offered);
                assert!(!guest.start(number));
                assert_eq!((claims.look(number), claims.take_back(number)), (Claim::TakenBack, Claim::TakenBack));
            }
        }
    }
}

/// Whoever takes a task back ends it. If nobody has, nobody would.
#[test]
fn a_guest_that_says_that_its_task_was_taken_back_is_not_believed() {
    let (host, guest, _life) = link(RING_LEN_BYTES);
    let claims = host.claims();
    // As the host would write it.
    let forge = |number| {
        let forger = HostClaims::new(Arc::clone(guest.end.shared()));
        forger.offer(number);
        forger.take_back(number) == Claim::Offered
    };
    claims.offer(7);
    assert!(forge(7));
    assert_eq!((claims.look(7), claims.take_back(7)), (Claim::Started, Claim::Started));
    // Nor is it of a task that comes after one that was.
    let later = 7 + u32::try_from(CLAIMS).expect("few");
    for number in [7, later] {
        claims.offer(number);
        assert_eq!(claims.take_back(number), Claim::Offered);
    }
    claims.offer(7);
    assert!(forge(7));
    assert_eq!((claims.look(7), claims.take_back(7)), (Claim::Started, Claim::Started));
}

/// Whoever has seen it has given up to cancel it, and nobody would send it elsewhere.
#[test]
fn a_task_that_was_seen_to_start_is_not_offered_again() {
    let (host, guest, _life) = link(RING_LEN_BYTES);
    let claims = host.claims();
    for look in [true, false] {
        claims.offer(7);
        let word = guest.end.shared().claim(7);
        let offered = word.swap(0, Ordering::Relaxed);
        assert_eq!(if look { claims.look(7) } else { claims.take_back(7) }, Claim::Started);
        word.store(offered, Ordering::Relaxed);
        assert_eq!((claims.look(7), claims.take_back(7)), (Claim::Started, Claim::Started));
    }
    claims.offer(7);
    assert_eq!((claims.look(7), claims.take_back(7)), (Claim::Offered, Claim::Offered), "a later one");
}
