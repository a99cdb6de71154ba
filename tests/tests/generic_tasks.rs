//! Tasks with type parameters: free on threads, listed for processes.

#![expect(clippy::needless_pass_by_value, reason = "how an argument is passed is what is tested")]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::hash::Hash;
use std::marker::PhantomData;

use executor_runtime::prelude::*;
use executor_runtime::{ProcessTask, Task};
use executor_tests::both::on_both;
use executor_tests::watchdog::limited;
use serde::{Deserialize, Serialize};

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[pool_task(process, instances(u32, String, Vec<u8>))]
fn largest<T: Ord + Clone>(items: Vec<T>) -> Option<T> {
    items.iter().max().cloned()
}

#[test]
fn an_instance_is_chosen_by_the_arguments() -> Outcome {
    on_both(|pool| {
        assert_eq!(pool.submit(largest::task(vec![3_u32, 7, 5])).result()?, Some(7));
        assert_eq!(pool.submit(largest::task(vec!["a".to_owned(), "b".into()])).result()?, Some("b".into()));
        assert_eq!(pool.submit(largest::<Vec<u8>>::task(Vec::new())).result()?, None);
        let largest_of_each: Vec<_> =
            pool.map(largest::task, [vec![1_u32, 2], vec![], vec![9]]).collect::<Result<_, _>>()?;
        assert_eq!(largest_of_each, [Some(2), None, Some(9)]);
        Ok(())
    })
}

#[test]
fn the_function_is_still_generic() {
    assert_eq!(largest(vec!['a', 'c', 'b']), Some('c'));
}

#[test]
fn an_instance_is_called_by_its_types() {
    assert_eq!(<largest<u32>>::FULL_NAME, format!("{}<u32>", <largest<u32>>::NAME));
    assert_eq!(<largest<Vec<u8>>>::FULL_NAME, concat!(module_path!(), "::largest<Vec<u8>>"));
    assert_eq!(<keyed<String, u64>>::FULL_NAME, "keyed<String, u64>");
}

#[pool_task(process, name = "keyed", version = 3, instances((String, u64), (u8, Option<bool>)))]
fn keyed<K, V>(pairs: &[(K, V)], key: &K) -> Option<V>
where
    K: Eq + Hash,
    V: Clone,
{
    let map: HashMap<&K, &V> = pairs.iter().map(|(key, value)| (key, value)).collect();
    map.get(key).map(|value| (*value).clone())
}

#[test]
fn several_parameters_are_listed_together_and_may_be_borrowed() -> Outcome {
    on_both(|pool| {
        let pairs = [("one".to_owned(), 1_u64), ("two".to_owned(), 2)];
        assert_eq!(pool.submit(keyed::task(&pairs, &"two".to_owned())).result()?, Some(2));
        assert_eq!(pool.submit(keyed::task(&[(4_u8, Some(true))], &4)).result()?, Some(Some(true)));
        Ok(())
    })
}

/// A type that is called like the parameter of a task that it is an instance of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct T(u8);

#[pool_task(process, instances(T, Vec<T>))]
fn twice<T: Clone>(value: T) -> (T, T) {
    (value.clone(), value)
}

#[test]
fn a_type_may_be_called_like_the_parameter() -> Outcome {
    on_both(|pool| {
        assert_eq!(pool.submit(twice::task(T(1))).result()?, (T(1), T(1)));
        assert_eq!(pool.submit(twice::task(vec![T(2)])).result()?, (vec![T(2)], vec![T(2)]));
        Ok(())
    })
}

/// Says which type it was asked about: the parameter is in no argument.
#[pool_task(process, instances(u8, String))]
fn default_of<V: Default + Display>(before: &str) -> String {
    format!("{before}{}", V::default())
}

#[test]
fn an_instance_that_no_argument_names_is_named_by_the_call() -> Outcome {
    on_both(|pool| {
        assert_eq!(pool.submit(default_of::<u8>::task("u8: ")).result()?, "u8: 0");
        assert_eq!(pool.submit(default_of::<String>::task("text: ")).result()?, "text: ");
        Ok(())
    })
}

#[pool_task(thread)]
fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

#[pool_task(thread)]
fn sum_of<I, const N: usize>(groups: [I; N]) -> I::Item
where
    I: Iterator,
    I::Item: std::iter::Sum + Send,
{
    groups.into_iter().flatten().sum()
}

#[pool_task(thread)]
fn length<T: ?Sized + AsRef<[u8]> + Sync>(bytes: &T, _: PhantomData<T>) -> usize {
    bytes.as_ref().len()
}

#[pool_task(thread, timeout = "1h")]
fn inverted<K: Ord + Clone, V: Ord + Clone>(map: &BTreeMap<K, V>) -> BTreeMap<V, K> {
    map.iter().map(|(key, value)| (value.clone(), key.clone())).collect()
}

#[test]
fn a_thread_task_takes_every_type() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(2)?;
        assert_eq!(pool.submit(sorted::task(vec![3, 1, 2])).result()?, [1, 2, 3]);
        let (sender, receiver) = std::sync::mpsc::channel::<u8>();
        assert_eq!(pool.submit(sorted::task(vec!["b", "a"])).result()?, ["a", "b"]);
        drop((sender, receiver));
        assert_eq!(pool.submit(sum_of::task([0..3_u64, 4..6])).result()?, 12);
        assert_eq!(
            pool.map(sorted::task, [vec![2, 1], vec![0]]).collect::<Result<Vec<_>, _>>()?,
            [vec![1, 2], vec![0]]
        );
        Ok(())
    })
}

#[test]
fn a_generic_thread_task_borrows_in_a_scope() -> Outcome {
    limited(|| {
        let (text, map) = (String::from("seven!!"), BTreeMap::from([(1, "one"), (2, "two")]));
        let (bytes, inverted) = with_pool!(thread(max_workers = 1) as pool => {
            let bytes = pool.submit(length::task(text.as_str(), PhantomData::<str>));
            (bytes.result()?, pool.submit(inverted::task(&map)).result()?)
        })?;
        assert_eq!((bytes, inverted), (7, BTreeMap::from([("one", 1), ("two", 2)])));
        Ok(())
    })
}
