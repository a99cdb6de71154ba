//! The pool that people write by hand: threads that take boxed closures from one crossbeam channel.

use std::thread::{self, JoinHandle};

use crossbeam_channel::{Sender, unbounded};

use super::oneshot::Threads;

type Job = Box<dyn FnOnce() + Send>;

pub(crate) struct Crossbeam {
    jobs: Sender<Job>,
    threads: Vec<JoinHandle<()>>,
}

impl Threads for Crossbeam {
    fn start(workers: usize) -> Self {
        let (jobs, queue) = unbounded::<Job>();
        let start = |_| {
            let queue = queue.clone();
            thread::spawn(move || queue.iter().for_each(|job| job()))
        };
        Self { jobs, threads: (0..workers).map(start).collect() }
    }

    fn spawn(&self, job: impl FnOnce() + Send + 'static) {
        self.jobs.send(Box::new(job)).expect("the threads live as long as the pool");
    }

    fn stop(self) {
        drop(self.jobs);
        for thread in self.threads {
            thread.join().expect("no job panics");
        }
    }
}
