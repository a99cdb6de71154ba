//! First in, first out, for many submitters and many lanes: a crossbeam channel
//! whose sending end can be taken away.

use std::sync::{PoisonError, RwLock};

use crossbeam::channel::{Receiver, Sender, unbounded};

/// See the module.
pub(super) struct Queue<J> {
    /// `None` once closed. Then the lanes find the channel disconnected as soon
    /// as they have emptied it: that is their whole shutdown protocol.
    sender: RwLock<Option<Sender<J>>>,
    receiver: Receiver<J>,
}

impl<J> Queue<J> {
    pub(super) fn new() -> Self {
        let (sender, receiver) = unbounded();
        Self { sender: RwLock::new(Some(sender)), receiver }
    }

    /// Appends a job; gives it back if the queue is closed.
    pub(super) fn push(&self, job: J) -> Result<(), J> {
        match &*self.sender.read().unwrap_or_else(PoisonError::into_inner) {
            Some(sender) => sender.send(job).map_err(|refused| refused.0),
            None => Err(job),
        }
    }

    /// Waits for a job; `None` once the queue is closed and empty.
    pub(super) fn pop(&self) -> Option<J> {
        self.receiver.recv().ok()
    }

    /// Takes out what is queued now.
    pub(super) fn drain(&self) -> impl Iterator<Item = J> {
        self.receiver.try_iter()
    }

    /// Whether [`Queue::pop`] would say `None`.
    pub(super) fn is_over(&self) -> bool {
        self.receiver.is_empty() && self.sender.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Takes no more jobs.
    pub(super) fn close(&self) {
        let sender = self.sender.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(sender);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_queue_is_emptied_before_it_is_over() {
        let queue = Queue::new();
        queue.push(1).expect("open");
        queue.push(2).expect("open");
        queue.close();
        assert_eq!(queue.push(3), Err(3));
        assert!(!queue.is_over());
        assert_eq!((queue.pop(), queue.pop(), queue.pop()), (Some(1), Some(2), None));
        assert!(queue.is_over());
    }
}
