// Everything a process task may borrow, on threads and in a worker alike.
#![deny(warnings)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use executor_runtime::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    text: &'a str,
    number: u64,
}

#[derive(Serialize, Deserialize)]
struct Owned {
    text: String,
}

#[pool_task(process)]
fn in_place(text: &str, bytes: &[u8], path: &Path) -> usize {
    text.len() + bytes.len() + path.as_os_str().len()
}

#[pool_task(process)]
fn values(n: &u64, text: &String, list: &Vec<u8>, path: &PathBuf, unit: &(), owned: &Owned) -> u64 {
    let () = unit;
    n + (text.len() + list.len() + path.as_os_str().len() + owned.text.len()) as u64
}

#[pool_task(process)]
fn slices(numbers: &[u64], texts: &[String], lines: &[Line<'_>], words: &[&str], pairs: &[(u8, bool)]) -> u64 {
    let texts = texts.iter().map(|text| text.len() as u64).sum::<u64>();
    let lines = lines.iter().map(|line| line.number + line.text.len() as u64).sum::<u64>();
    let words = words.iter().map(|word| word.len() as u64).sum::<u64>();
    numbers.iter().sum::<u64>() + texts + lines + words + pairs.len() as u64
}

#[pool_task(process)]
fn inside(
    text: Option<&str>,
    pair: (&str, &[u8]),
    line: Line<'_>,
    cow: Cow<'_, str>,
    map: BTreeMap<&str, u8>,
) -> usize {
    text.map_or(0, str::len) + pair.0.len() + pair.1.len() + line.text.len() + cow.len() + map.len()
}

#[pool_task(process)]
fn twice(text: &&str, option: &Option<&str>, cow: &Cow<'_, str>, array: &[u8; 3], boxed: &Box<str>) -> usize {
    text.len() + option.map_or(0, str::len) + cow.len() + array.len() + boxed.len()
}

#[pool_task(process)]
fn named<'task, 'de>(
    first: &'task str,
    second: &'de str,
    both: (&'task str, Option<&'de str>),
    again: &'task [&'de str],
) -> usize {
    first.len() + second.len() + both.0.len() + both.1.map_or(0, str::len) + again.len()
}

#[pool_task(process)]
fn bounded<'a: 'b, 'b>(first: &'a str, second: &'b str) -> bool {
    first == second
}

#[pool_task(process)]
fn owned_too(name: String, text: &str, count: usize) -> String {
    name + &text.repeat(count)
}

/// Runs each of them; every local here is gone when the futures are looked at.
fn run(pool: &dyn Executor) -> Vec<TaskFuture<String>> {
    let (text, bytes, path) = (String::from("four"), vec![0_u8; 5], PathBuf::from("/six/7"));
    let lines = [Line { text: &text, number: 1 }, Line { text: "", number: 2 }];
    let owned = Owned { text: text.clone() };
    let texts = [text.clone(), text.clone()];
    let map = BTreeMap::from([(text.as_str(), 1)]);
    let line = Line { text: &text, number: 3 };
    let word: &str = &text;
    let futures = [
        pool.submit(in_place::task(&text, &bytes, &path)),
        pool.submit(twice::task(&word, &Some(word), &Cow::Borrowed(word), &[1, 2, 3], &word.into())),
        pool.submit(inside::task(Some(&text), (&text, &bytes), line, Cow::Borrowed(&text), map)),
        pool.submit(named::task(&text, word, (&text, None), &[word])),
    ];
    let numbers = [
        pool.submit(values::task(&1, &text, &bytes, &path, &(), &owned)),
        pool.submit(slices::task(&[1, 2], &texts, &lines, &[word], &[(1, true)])),
    ];
    let mut all: Vec<_> = futures.map(|future| pool.submit(shown::task(future.result().unwrap() as u64))).into();
    all.extend(numbers.map(|future| pool.submit(shown::task(future.result().unwrap()))));
    all.push(pool.submit(owned_too::task("a".into(), &text, 2)));
    all.push(pool.submit(shown::task(pool.submit(bounded::task(&text, word)).result().unwrap().into())));
    all
}

#[pool_task(process)]
fn shown(n: u64) -> String {
    n.to_string()
}

fn main() {
    let threads = ThreadPoolExecutor::new(1).unwrap();
    let processes = ProcessPoolExecutor::new(1).unwrap();
    for pool in [&threads as &dyn Executor, &processes] {
        let results: Vec<_> = run(pool).into_iter().map(|future| future.result().unwrap()).collect();
        assert_eq!(results, ["15", "19", "22", "13", "20", "23", "afourfour", "1"]);
    }
}
