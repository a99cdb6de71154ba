//! What comes of several calls: nearly always values, and so these lie close together.

use std::collections::VecDeque;
use std::panic::Location;
use std::vec;

use crate::error::TaskError;

/// Calls without a value, by their place among all, and why they have none.
pub(crate) type Failed = VecDeque<(usize, TaskError)>;

/// The results of calls, in their order.
#[derive(Debug)]
pub(crate) struct Outcomes<T> {
    /// Of the calls that have one.
    values: Vec<T>,
    failed: Failed,
}

impl<T> Outcomes<T> {
    /// None yet, with room for so many.
    pub(crate) fn with_capacity(calls: usize) -> Self {
        Self { values: Vec::with_capacity(calls), failed: VecDeque::new() }
    }

    #[inline]
    pub(crate) fn push(&mut self, result: Result<T, TaskError>) {
        match result {
            Ok(value) => self.values.push(value),
            Err(error) => self.failed.push_back((self.len(), error)),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.values.len() + self.failed.len()
    }

    /// Puts calls in between that were never made, by their place in what comes of it.
    pub(crate) fn put_in(&mut self, never_made: Failed) {
        let mut never_made = never_made.into_iter().peekable();
        let mut moved = 0;
        for (place, error) in std::mem::take(&mut self.failed) {
            while let Some(other) = never_made.next_if(|(other, _)| *other <= place + moved) {
                self.failed.push_back(other);
                moved += 1;
            }
            self.failed.push_back((place + moved, error));
        }
        self.failed.extend(never_made);
    }

    /// Tells the reports of panics where the calls were submitted.
    pub(crate) fn place(&mut self, at: &'static Location<'static>) {
        self.failed.iter_mut().for_each(|(_, error)| error.place(at));
    }
}

impl<T> IntoIterator for Outcomes<T> {
    type Item = Result<T, TaskError>;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { values: self.values.into_iter(), failed: self.failed, place: 0 }
    }
}

/// Yields the results of calls in their order.
#[derive(Debug)]
pub(crate) struct IntoIter<T> {
    values: vec::IntoIter<T>,
    failed: Failed,
    /// Of the next one.
    place: usize,
}

impl<T> IntoIter<T> {
    /// The next result, if it is a value.
    #[inline]
    pub(crate) fn next_value(&mut self) -> Option<T> {
        if self.failed.front().is_some_and(|(place, _)| *place == self.place) {
            return None;
        }
        self.place += 1;
        self.values.next()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = Result<T, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some((_, error)) = self.failed.pop_front_if(|(place, _)| *place == self.place) {
            self.place += 1;
            return Some(Err(error));
        }
        self.next_value().map(Ok)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.values.len() + self.failed.len();
        (left, Some(left))
    }
}

impl<T> ExactSizeIterator for IntoIter<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the calls that have one.
    fn values(outcomes: Outcomes<u32>) -> Vec<Option<u32>> {
        let results = outcomes.into_iter();
        let said = results.len();
        let values: Vec<_> = results.map(Result::ok).collect();
        assert_eq!(said, values.len());
        values
    }

    #[test]
    fn results_come_in_the_order_of_the_calls() {
        let mut outcomes = Outcomes::with_capacity(4);
        for result in [Err(TaskError::Cancelled), Ok(1), Ok(2), Err(TaskError::Cancelled)] {
            outcomes.push(result);
        }
        assert_eq!(values(outcomes), [None, Some(1), Some(2), None]);
    }

    #[test]
    fn calls_that_were_never_made_take_their_places() {
        let all = 7_usize;
        for failed in 0..1 << all {
            for never_made in 0..1 << all {
                if failed & never_made != 0 {
                    continue;
                }
                let is_in = |set: u32, place: &usize| set >> place & 1 != 0;
                let mut outcomes = Outcomes::with_capacity(all);
                for place in (0..all).filter(|place| !is_in(never_made, place)) {
                    let value = u32::try_from(place).expect("few");
                    outcomes.push(if is_in(failed, &place) { Err(TaskError::Cancelled) } else { Ok(value) });
                }
                outcomes.put_in(
                    (0..all).filter(|it| is_in(never_made, it)).map(|it| (it, TaskError::PoolShutDown)).collect(),
                );
                let expected = (0..).take(all).map(|place: u32| {
                    let is_missing = is_in(failed | never_made, &(place as usize));
                    (!is_missing).then_some(place)
                });
                assert_eq!(values(outcomes), expected.collect::<Vec<_>>(), "{failed:b} {never_made:b}");
            }
        }
    }
}
