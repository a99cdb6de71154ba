//! rayon's `spawn`. It gives no future; a oneshot channel stands in for one.

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::{Pool, meeting, short_work, successor};

pub(crate) struct Rayon(rayon::ThreadPool);

impl Rayon {
    fn run(&self, job: impl FnOnce() -> u64 + Send + 'static) -> oneshot::Receiver<u64> {
        let (sender, receiver) = oneshot::channel();
        self.0.spawn(move || sender.send(job()).expect("the answer is waited for"));
        receiver
    }
}

impl Pool for Rayon {
    type Answer = oneshot::Receiver<u64>;

    const WORKS: bool = true;

    fn work(&self, tasks: u64) -> u64 {
        self.0.install(|| (0..tasks).into_par_iter().map(|_| short_work()).sum())
    }

    fn start(workers: usize) -> Self {
        Self(rayon::ThreadPoolBuilder::new().num_threads(workers).build().expect("a pool of threads"))
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

    fn stop(self) {}
}
