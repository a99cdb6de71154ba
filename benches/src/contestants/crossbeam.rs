//! The pool that people write by hand: threads that take boxed closures from one crossbeam channel.

use std::thread::{self, JoinHandle};

use crossbeam_channel::{Sender, unbounded};

use super::{Pool, meeting, successor};

type Job = Box<dyn FnOnce() + Send>;

pub(crate) struct Crossbeam {
    jobs: Sender<Job>,
    threads: Vec<JoinHandle<()>>,
}

impl Crossbeam {
    fn run(&self, job: impl FnOnce() -> u64 + Send + 'static) -> oneshot::Receiver<u64> {
        let (sender, receiver) = oneshot::channel();
        let job = Box::new(move || sender.send(job()).expect("the answer is waited for"));
        self.jobs.send(job).expect("the threads live as long as the pool");
        receiver
    }
}

impl Pool for Crossbeam {
    type Answer = oneshot::Receiver<u64>;

    fn start(workers: usize) -> Self {
        let (jobs, queue) = unbounded::<Job>();
        let start = |_| {
            let queue = queue.clone();
            thread::spawn(move || queue.iter().for_each(|job| job()))
        };
        Self { jobs, threads: (0..workers).map(start).collect() }
    }

    fn submit(&self, n: u64) -> Self::Answer {
        self.run(move || successor(n))
    }

    fn wait(&self, answer: Self::Answer) -> u64 {
        answer.recv().expect("the task cannot fail")
    }

    fn rally(&self, workers: usize) {
        let attending: Vec<_> = meeting(workers).map(|attend| self.run(attend)).collect();
        for answer in attending {
            self.wait(answer);
        }
    }

    fn stop(self) {
        drop(self.jobs);
        for thread in self.threads {
            thread.join().expect("no job panics");
        }
    }
}
