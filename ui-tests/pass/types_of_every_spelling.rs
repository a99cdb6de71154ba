// A type of the signature is what it is, however it is spelled.
#![deny(warnings)]
#![allow(unused_parens)]

use std::collections::{BTreeMap, HashMap};
use std::marker::PhantomData;
use std::ops::Range;

use executor_runtime::prelude::*;
use serde::{Deserialize, Serialize};

trait Shape {
    type Measure;
    const SIDES: usize;
    fn area(&self) -> u64;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Square {
    width: u64,
}

impl Shape for Square {
    type Measure = u64;
    const SIDES: usize = 4;
    fn area(&self) -> u64 {
        self.width * self.width
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tagged<T, K = ()> {
    value: T,
    kind: PhantomData<K>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Tree {
    Leaf,
    Node(Box<Tree>, u64, Box<Tree>),
}

type Squares = Vec<Square>;
type Pair<T> = (T, T);
const WIDTH: usize = 2;

fn total<S: Shape>(shapes: &[S]) -> u64 {
    shapes.iter().map(Shape::area).sum()
}

#[pool_task(process)]
fn aliased(squares: Squares, pair: Pair<u64>) -> Pair<u64> {
    (total(&squares) + pair.0, pair.1)
}

#[pool_task(process)]
fn projected(n: <Square as Shape>::Measure, more: <Vec<u64> as Element>::Of) -> <Square as Shape>::Measure {
    n + more
}

trait Element {
    type Of;
}
impl Element for Vec<u64> {
    type Of = u64;
}

#[pool_task(process)]
fn counted(
    sides: [u64; <Square as Shape>::SIDES],
    more: [u64; WIDTH * 2],
    grid: [[u8; 2]; {
        let n = 1;
        n + 1
    }],
) -> u64 {
    sides.iter().chain(&more).sum::<u64>() + u64::from(grid[1][1])
}

#[pool_task(process)]
fn rooted(a: ::std::string::String, b: self::Square, c: crate::Tagged<u8, u16>) -> ::core::option::Option<u64> {
    a.parse::<u64>().ok().map(|n| n + b.width + u64::from(c.value))
}

#[rustfmt::skip]
#[pool_task(process)]
fn parenthesized(a: (u64), b: (((u64,),)), c: &(str), d: &([u8]), e: &(([(u8)]))) -> (u64) {
    a + b.0.0 + (c.len() + d.len() + e.len()) as u64
}

#[pool_task(process)]
fn collected(map: HashMap<String, Vec<u64>>, range: Range<u64>) -> BTreeMap<String, u64> {
    map.into_iter().map(|(key, values)| (key, values.iter().filter(|value| range.contains(value)).sum())).collect()
}

#[pool_task(process)]
fn recursive(tree: Tree) -> Tree {
    Tree::Node(Box::new(tree), 1, Box::new(Tree::Leaf))
}

fn main() {
    let pool = ThreadPoolExecutor::new(1).unwrap();
    let squares = vec![Square { width: 1 }, Square { width: 2 }];
    assert_eq!(pool.submit(aliased::task(squares, (1, 2))).result().unwrap(), (6, 2));
    assert_eq!(pool.submit(projected::task(1, 2)).result().unwrap(), 3);
    assert_eq!(pool.submit(counted::task([1; 4], [2; 4], [[1; 2]; 2])).result().unwrap(), 13);
    let tagged = Tagged { value: 3, kind: PhantomData };
    assert_eq!(pool.submit(rooted::task("1".into(), Square { width: 2 }, tagged)).result().unwrap(), Some(6));
    assert_eq!(pool.submit(parenthesized::task(1, ((2,),), "abc", b"d", b"ef")).result().unwrap(), 9);
    let map = HashMap::from([("a".to_owned(), vec![1, 2, 3])]);
    assert_eq!(pool.submit(collected::task(map, 2..4)).result().unwrap()["a"], 5);
    let tree = Tree::Node(Box::new(Tree::Leaf), 1, Box::new(Tree::Leaf));
    assert_eq!(pool.submit(recursive::task(Tree::Leaf)).result().unwrap(), tree);
}
