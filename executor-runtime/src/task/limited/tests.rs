//! What has limits, and what has none.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::thread;

use serde::Serialize;
use serde::de::{DeserializeOwned, SeqAccess};

use super::*;

/// Every kind of thing that serde knows.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    numbers: (i8, i16, i32, i64, i128, u8, u16, u32, u64, u128),
    parts: (f32, f64, bool, char, ()),
    text: String,
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
    list: Vec<Option<u16>>,
    map: BTreeMap<String, [u8; 3]>,
    choices: Vec<Choice>,
    unit: Unit,
    new: New,
}

#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct New(Option<Box<New>>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Choice {
    Unit,
    New(u32),
    Tuple(u8, Result<char, ()>),
    Struct { inner: Box<Option<Choice>> },
}

fn everything() -> Everything {
    Everything {
        numbers: (-1, -300, 70_000, i64::MIN, i128::MAX, 1, 300, 70_000, u64::MAX, u128::MAX),
        parts: (0.5, -2.0, true, 'ä', ()),
        text: "text".to_owned(),
        bytes: vec![0, 255],
        list: vec![None, Some(7), Some(300)],
        map: [("a".to_owned(), [1, 2, 3]), (String::new(), [0; 3])].into(),
        choices: vec![
            Choice::Unit,
            Choice::New(9),
            Choice::Tuple(1, Err(())),
            Choice::Struct { inner: Box::new(Some(Choice::Tuple(2, Ok('z')))) },
        ],
        unit: Unit,
        new: New(Some(Box::new(New(None)))),
    }
}

/// Marsaglia's xorshift.
fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}

#[test]
fn whatever_the_bytes_are_the_value_is_what_postcard_says() {
    fn check<T: DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> bool {
        match (from_bytes::<T>(bytes), postcard::from_bytes::<T>(bytes)) {
            (Ok(ours), Ok(theirs)) => {
                // Floats that are no numbers are not equal to themselves.
                assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{bytes:?}");
                true
            }
            (Err(Fault::Postcard(ours)), Err(theirs)) => {
                assert_eq!(ours, theirs, "{bytes:?}");
                false
            }
            (Err(Fault::Limit(Limit::Elements)), Err(_)) => false,
            other => panic!("{other:?} from {bytes:?}"),
        }
    }
    let bytes = postcard::to_stdvec(&everything()).expect("written");
    assert_eq!(from_bytes::<Everything>(&bytes), Ok(everything()));
    let (mut random, mut values) = (9, 0);
    for len in 0..bytes.len() {
        check::<Everything>(&bytes[..len]);
    }
    for _ in 0..20_000 {
        let mut spoilt = bytes.clone();
        for _ in 0..=next(&mut random) % 3 {
            let place = usize::try_from(next(&mut random) % spoilt.len() as u64).expect("a place");
            spoilt[place] = next(&mut random).to_le_bytes()[0];
        }
        values += u32::from(check::<Everything>(&spoilt));
        values += u32::from(check::<Vec<Choice>>(&spoilt[..20]));
    }
    assert!(values > 1000, "nearly nothing was a value: {values}");
}

/// A number as postcard writes it.
fn varint(number: u64) -> Vec<u8> {
    postcard::to_stdvec(&number).expect("written")
}

#[test]
fn elements_without_bytes_have_an_end() {
    for count in [u64::MAX, 1 << 40, FREE_ELEMENTS as u64 + 4] {
        let bytes = varint(count);
        assert_eq!(from_bytes::<Vec<()>>(&bytes), Err(Fault::Limit(Limit::Elements)), "{count}");
        assert_eq!(from_bytes::<HashSet<Unit>>(&bytes), Err(Fault::Limit(Limit::Elements)), "{count}");
        assert_eq!(from_bytes::<BTreeMap<u8, u8>>(&bytes), Err(Fault::Limit(Limit::Elements)), "{count}");
    }
    let most = from_bytes::<Vec<()>>(&varint(FREE_ELEMENTS as u64)).expect("as many as may be");
    assert_eq!(most.len(), FREE_ELEMENTS);
    // All of a value together.
    let many = [varint(1000), varint(1000).repeat(1000)].concat();
    assert_eq!(from_bytes::<Vec<Vec<()>>>(&many), Err(Fault::Limit(Limit::Elements)));
    // One that takes bytes has as many as it has bytes for.
    let bytes = [varint(200_000), vec![1; 200_000]].concat();
    assert_eq!(from_bytes::<Vec<bool>>(&bytes).map(|all| all.len()), Ok(200_000));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum List {
    Nil,
    Cons(Box<List>),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Tree(Vec<Tree>);

#[derive(Debug, PartialEq, Deserialize)]
struct Names {
    inner: BTreeMap<u8, Names>,
}

/// What comes of reading as many levels as these bytes say, by a thread with the stack that std gives.
fn deep<T: DeserializeOwned>(bytes: Vec<u8>) -> Option<Fault> {
    let reads = thread::Builder::new().stack_size(2 << 20).spawn(move || from_bytes::<T>(&bytes).err());
    reads.expect("a thread").join().expect("it does not panic")
}

#[test]
fn what_contains_itself_has_an_end() {
    let most = MOST_LEVELS as usize;
    for (levels, end) in
        [(most - 1, None), (most, Some(Fault::Limit(Limit::Levels))), (20_000_000, Some(Fault::Limit(Limit::Levels)))]
    {
        let with_end = |level: &[u8], end: &[u8]| [level.repeat(levels), end.to_vec()].concat();
        assert_eq!(deep::<List>(with_end(&[1], &[0])), end, "an enum, {levels}");
        assert_eq!(deep::<Tree>(with_end(&[1], &[0])), end, "a sequence, {levels}");
        assert_eq!(deep::<Names>(with_end(&[1, 7], &[0])), end, "a map, {levels}");
    }
    assert_eq!(deep::<New>([vec![1; most], vec![0]].concat()), None);
    assert_eq!(deep::<New>([vec![1; most + 1], vec![0]].concat()), Some(Fault::Limit(Limit::Levels)), "an option");
}

#[test]
fn levels_beside_each_other_are_as_many_as_one_likes() {
    let bytes = [varint(5000), [1, 0].repeat(5000)].concat();
    assert_eq!(from_bytes::<Vec<List>>(&bytes).map(|all| all.len()), Ok(5000));
}

/// Each level takes kibibytes of the stack.
#[derive(Deserialize)]
struct Wide {
    _numbers: [[u64; 32]; 32],
    next: Option<Box<Wide>>,
    spot: Spot,
}

#[test]
fn levels_of_large_types_end_with_the_stack() {
    let level = [vec![0; 32 * 32], vec![1]].concat();
    assert_eq!(deep::<Wide>(level.repeat(400)), Some(Fault::Limit(Limit::Stack)));
    // Nobody can make these deeper, and so they may be as large as they are.
    assert!(3 * frames_of::<Large>(LEVEL_LEN_BYTES) > MOST_STACK_BYTES);
    assert_eq!(deep::<Option<Option<Option<Option<Large>>>>>([vec![1; 4], vec![0; 32 * 32 * 12]].concat()), None);
}

type Large = [[[u64; 32]; 32]; 12];

/// Where on the stack it was read.
struct Spot(usize);

impl<'de> Deserialize<'de> for Spot {
    fn deserialize<D: de::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        u8::deserialize(input).map(|byte| Self(std::ptr::from_ref(&byte).addr()))
    }
}

#[test]
fn a_type_takes_no_more_of_the_stack_than_is_reckoned() {
    #[derive(Deserialize)]
    enum Chain<const LEN: usize> {
        End(Spot),
        More(#[serde(skip)] Pad<LEN>, Box<Chain<LEN>>),
    }
    struct Pad<const LEN: usize>([u8; LEN]);
    impl<const LEN: usize> Default for Pad<LEN> {
        fn default() -> Self {
            Self([0; LEN])
        }
    }
    fn end<const LEN: usize>(chain: &Chain<LEN>) -> usize {
        match chain {
            Chain::End(spot) => spot.0,
            Chain::More(_, rest) => end(rest),
        }
    }
    fn check<const LEN: usize>() {
        let place = |levels: usize| {
            let bytes = [vec![1; levels], vec![0, 0]].concat();
            end(&from_bytes::<Chain<LEN>>(&bytes).expect("not too deep"))
        };
        let (used, reckoned) = (place(2).abs_diff(place(7)) / 5, frames_of::<Chain<LEN>>(LEVEL_LEN_BYTES));
        // Another compiler may need a little more: there is as much again of a thread's stack.
        assert!(2 * used <= 3 * reckoned, "{LEN}: {used} of {reckoned}");
    }
    check::<0>();
    check::<100>();
    check::<1000>();
    check::<10_000>();
    // A struct with arrays in it, which are read element by element.
    let level = [vec![0; 32 * 32], vec![1]].concat();
    let place = |levels: usize| {
        let bytes = [level.repeat(levels), vec![0; 32 * 32 + 2 + levels]].concat();
        let mut wide = &from_bytes::<Wide>(&bytes).expect("not too deep");
        while let Some(next) = &wide.next {
            wide = next;
        }
        wide.spot.0
    };
    let (used, reckoned) = (place(2).abs_diff(place(5)) / 3, 2 * frames_of::<Wide>(STRUCT_LEN_BYTES));
    assert!(2 * used <= 3 * reckoned, "{used} of {reckoned}");
}

/// A sequence of itself that believes what it is told of its length.
struct Credulous {
    hints: usize,
}

impl<'de> Deserialize<'de> for Credulous {
    fn deserialize<D: de::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_seq(Credulous { hints: 0 })
    }
}

impl<'de> Visitor<'de> for Credulous {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence of itself")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<Self, A::Error> {
        self.hints = elements.size_hint().unwrap_or_default();
        // The first one is enough: the rest is not there.
        self.hints += elements.next_element::<Self>()?.map_or(0, |inner| inner.hints);
        Ok(self)
    }
}

#[test]
fn a_lying_length_makes_nobody_reserve_more_than_there_are_bytes() {
    let lies = [varint(300).repeat(100), varint(0)].concat();
    let hints = from_bytes::<Credulous>(&lies).map(|read| read.hints);
    assert_eq!(hints, Ok(lies.len()), "100 times 300 were said");
    assert_eq!(from_bytes::<Vec<[u64; 32]>>(&varint(60_000)), Err(Fault::Postcard(Error::DeserializeUnexpectedEnd)));
}
