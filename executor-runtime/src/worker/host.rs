//! A worker process as its lane uses it.
//!
//! ```text
//!   send ──▶ sent: (first) (second) .. (last) ──▶ answers to the first, and so on
//!            runs, and has    wait there, and    └ may be half written
//!            the clock        can be taken back
//! ```

mod answers;
mod bury;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use bury::{Fate, Left, Terms};

use super::buffers;
use super::landed::{Answered, Landed};
use super::obituary::Birth;
use super::output::Output;
use super::pace::Pace;
use super::wear::{Recycling, Wear};
use crate::error::TaskError;
use crate::sys::process::Process;
use crate::task::{Carrier, RemoteJob, RemoteRun, RunningJob};
use crate::wire::{Bell, Claim, Claims, HostLink, LinkError, Task, TaskKind};

/// How long a worker that was told to end may run its exit handlers.
pub(super) const EXIT_LIMIT: Duration = Duration::from_secs(2);

/// A worker that can take tasks.
pub(crate) struct Worker {
    process: Arc<Process>,
    link: Box<dyn HostLink>,
    bell: Arc<Bell>,
    claims: Arc<dyn Claims>,
    /// Its end of file tells the worker that its parent is gone.
    output: Output,
    birth: Birth,
    /// In the order in which they were sent, which is that of the answers. Those that were taken back are shells.
    sent: VecDeque<Sent>,
    /// How far the last of them is written; `None` if it is.
    written: Option<Written>,
    /// When some of that was written last, and not all.
    wrote_at: Instant,
    /// Of the next task that is sent. Those that are under way have numbers that lie closer together than there are
    /// claims.
    next_number: u32,
    /// The last answer, or as much of it as there is; its room is used again.
    answer: Vec<u8>,
    /// What comes out of band with it, if that comes next.
    aside: Option<Vec<u8>>,
    /// The room of a large answer that was told, for the next one.
    spare: Vec<u8>,
    /// When the first call without an answer has started, as far as one can know.
    since: Instant,
    /// When that call's job has started: a chunk's first call.
    first_since: Instant,
    /// What waited behind that job was taken back.
    is_late: bool,
    pace: Pace,
    /// It has ended, and nothing is written to it any more.
    is_sealed: bool,
    /// It has broken the protocol. The link may not say so again: what was wrong has been read.
    is_broken: bool,
    /// Calls without an answer.
    calls_sent: usize,
    wear: Wear,
}

struct Sent {
    number: u32,
    job: RunningJob,
    /// How many calls it was sent with.
    calls: usize,
    /// So many of them have ended, as far as one has looked.
    ended: usize,
}

impl Sent {
    /// How many calls have been answered.
    fn answered(&self) -> usize {
        self.calls - self.job.calls_left()
    }

    /// How many calls have ended, answered or not.
    fn done(&self) -> usize {
        self.ended.max(self.answered())
    }
}

/// How far a task is written.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Written {
    /// What comes first is written, and this is of what goes out of band.
    is_aside: bool,
    /// In units of the link's.
    so_far: usize,
}

impl Worker {
    /// A worker whose process is ready at the other end of `link`.
    pub(crate) fn new(
        process: Arc<Process>,
        link: Box<dyn HostLink>,
        bell: Arc<Bell>,
        output: Output,
        birth: Birth,
        recycling: Recycling,
    ) -> Self {
        Self {
            wear: Wear::new(recycling, process.pid()),
            process,
            claims: link.claims(),
            link,
            bell,
            output,
            birth,
            sent: VecDeque::new(),
            written: None,
            wrote_at: Instant::now(),
            next_number: 0,
            answer: Vec::new(),
            aside: None,
            spare: Vec::new(),
            since: Instant::now(),
            first_since: Instant::now(),
            is_late: false,
            pace: Pace::default(),
            is_sealed: false,
            is_broken: false,
            calls_sent: 0,
        }
    }

    pub(crate) fn process(&self) -> &Arc<Process> {
        &self.process
    }

    pub(crate) fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    pub(crate) fn claims(&self) -> &Arc<dyn Claims> {
        &self.claims
    }

    /// Whether what was sent can be taken back. If not, nobody but the lane sends a task.
    pub(crate) fn takes_ahead(&self) -> bool {
        self.link.window() > 1
    }

    /// Whether it has nothing to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.sent.is_empty()
    }

    /// Whether it has run as many tasks as it may, or has become as large.
    pub(crate) fn is_spent(&self) -> bool {
        self.wear.is_spent()
    }

    /// Whether it makes sense to send one task more, so that at most so many wait behind the one that runs.
    pub(crate) fn has_room(&self, most_behind: usize) -> bool {
        if self.wear.is_spent_after(self.calls_sent) {
            return false;
        }
        let Some(first) = self.sent.front() else { return true };
        let behind = self.calls_sent - first.job.calls_left();
        // Not how many there are: some that were sent behind the first have been taken back.
        let numbers = self.next_number.wrapping_sub(first.number) as usize;
        // Who keeps others waiting gets no more of them, or those that were taken back.
        !self.is_late
            && self.written.is_none()
            && self.sent.len() <= most_behind
            && numbers < self.link.window()
            && behind < self.pace.calls_ahead()
    }

    /// Whether what it has takes so little time that one more, or the queue, can wait for it. Its lane wakes when that
    /// turns out to be wrong. A chunk is not quick, however quick its calls are.
    pub(crate) fn is_quick(&self) -> bool {
        let is_single = self.sent.front().is_some_and(|first| !first.job.is_chunk());
        self.pace.is_quick() && !self.is_late && is_single && self.first_since.elapsed() < Pace::LATE
    }

    /// Whether a job can be sent whole now. What is half written cannot be taken back, so only an idle worker is sent
    /// more than that.
    pub(crate) fn fits(&mut self, job: &RemoteJob) -> bool {
        self.is_idle() || self.link.fits(job.len_bytes()) == Ok(true)
    }

    /// The number of the next task to be answered.
    pub(crate) fn first(&self) -> Option<u32> {
        self.sent.front().map(|sent| sent.number)
    }

    /// The call that runs, as far as one has looked: its task's number, and how many calls came before it there.
    pub(crate) fn first_call(&self) -> Option<(u32, usize)> {
        self.sent.front().map(|first| (first.number, first.done()))
    }

    /// Whether a task is to be ended while it runs. If there may be more to `read`, only the first does for sure.
    pub(crate) fn has_killed(&self, may_read: bool) -> bool {
        let most = if may_read { 1 } else { usize::MAX };
        self.sent.iter().take(most).any(|sent| sent.job.is_killed())
    }

    /// When the first task has had its time; `limit` is for those whose call has none.
    pub(crate) fn deadline(&self, limit: Option<Duration>) -> Option<Instant> {
        /// A worker that reads nothing for so long of a message that nobody needs any more reads no more of it.
        const READ_LIMIT: Duration = Duration::from_secs(2);

        let first = self.sent.front()?;
        let is_shell = || !first.job.has_begun() && self.claims.look(first.number) == Claim::TakenBack;
        if self.written.is_some() && self.sent.len() == 1 && is_shell() {
            return self.wrote_at.checked_add(READ_LIMIT);
        }
        self.since.checked_add(first.job.limit().or(limit)?)
    }

    /// Whether the first task has had its time.
    pub(crate) fn is_overdue(&self, limit: Option<Duration>) -> bool {
        self.deadline(limit).is_some_and(|deadline| deadline <= Instant::now())
    }

    /// When those who wait have waited for longer than they should.
    pub(crate) fn late_at(&self) -> Option<Instant> {
        (self.sent.len() > 1 && !self.is_late).then(|| self.first_since + Pace::LATE)
    }

    /// When somebody has to look at it, whatever happens.
    pub(crate) fn next_look(&self, limit: Option<Duration>) -> Option<Instant> {
        let weighs_at = if self.is_idle() { self.wear.weighs_at() } else { None };
        [self.deadline(limit), self.late_at(), self.gives_back_at(), weighs_at].into_iter().flatten().min()
    }

    /// When it has been idle for so long that it keeps nothing large any more.
    fn gives_back_at(&self) -> Option<Instant> {
        let keeps_large = [&self.answer, &self.spare].into_iter().any(buffers::is_large);
        (keeps_large && self.is_idle()).then(|| self.since + buffers::KEPT_FOR)
    }

    /// Gives back what it need not keep any more.
    pub(crate) fn give_back(&mut self) {
        if self.gives_back_at().is_some_and(|then| then <= Instant::now()) {
            [&mut self.answer, &mut self.spare].into_iter().for_each(buffers::give_back);
        }
    }

    /// Keeps a buffer for the next large answer.
    pub(crate) fn keep(&mut self, spare: Vec<u8>) {
        buffers::keep(&mut self.spare, spare);
    }

    /// Sends a job that waits, unless it was cancelled.
    pub(crate) fn send(&mut self, job: RemoteJob, carrier: &Arc<dyn Carrier>) -> Result<bool, LinkError> {
        // Before anybody can take it back.
        self.claims.offer(self.next_number);
        match job.send(carrier, self.next_number) {
            Some(job) => self.write(job).map(|()| true),
            None => Ok(false),
        }
    }

    /// Sends a job that has started elsewhere, unless it was killed.
    pub(crate) fn send_again(
        &mut self,
        mut job: RunningJob,
        carrier: &Arc<dyn Carrier>,
        landed: &mut Landed,
    ) -> Result<(), LinkError> {
        self.claims.offer(self.next_number);
        if job.send_again(carrier, self.next_number) {
            return self.write(job);
        }
        job.note_all_failed(&TaskError::Cancelled);
        landed.push(job, Answered::Noted);
        Ok(())
    }

    /// Writes a job that was offered under the next number.
    fn write(&mut self, job: RunningJob) -> Result<(), LinkError> {
        if self.sent.is_empty() {
            self.first_begins();
        }
        let calls = job.calls_left();
        self.calls_sent += calls;
        self.sent.push_back(Sent { number: self.next_number, job, calls, ended: 0 });
        self.next_number = self.next_number.wrapping_add(1);
        self.written = Some(Written::default());
        self.write_on()?;
        if self.written.is_some() {
            self.wrote_at = Instant::now();
        }
        Ok(())
    }

    /// Writes more of the last job, if there is any and room for it; whether it did.
    fn write_on(&mut self) -> Result<bool, LinkError> {
        let (Some(mut written), Some(Sent { number, job, .. }), false) =
            (self.written, self.sent.back(), self.is_sealed)
        else {
            return Ok(false);
        };
        let kind = match job.is_chunk() {
            true => TaskKind::Chunk,
            false if job.aside().is_empty() => TaskKind::One,
            false => TaskKind::OneWithAside,
        };
        let task = Task { id: job.id().to_bytes(), number: *number, kind, arguments: job.arguments() };
        let mut is_all = false;
        if !written.is_aside && self.link.push([&task.head(), task.arguments], &mut written.so_far)? {
            is_all = kind != TaskKind::OneWithAside;
            written = Written { is_aside: true, so_far: 0 };
        }
        if !is_all && written.is_aside {
            is_all = self.link.push([job.aside(), &[]], &mut written.so_far)?;
        }
        let before = self.written;
        self.written = (!is_all).then_some(written);
        let has_written = self.written != before;
        if has_written && !is_all {
            self.wrote_at = Instant::now();
        }
        Ok(has_written)
    }

    /// As far as one can know, another job is now the first.
    fn first_begins(&mut self) {
        self.since = Instant::now();
        (self.first_since, self.is_late) = (self.since, false);
    }

    /// Whoever has noticed that it broke the protocol may not be the one who buries it.
    fn is_whole(&self) -> Result<(), LinkError> {
        if self.is_broken { Err(LinkError::Protocol) } else { Ok(()) }
    }

    /// It has ended: what it has sent by now is all that it ever will. A process that it has left may have its memory still.
    pub(crate) fn seal(&mut self) {
        self.is_sealed = true;
        self.link.seal();
    }

    /// Whether there is something for [`step`](Self::step) to do.
    pub(crate) fn look(&mut self) -> Result<bool, LinkError> {
        self.is_whole()?;
        self.link.look(self.written.is_some())
    }

    /// Has the bell rung as soon as there is something to do; false if there is already.
    pub(crate) fn arm(&mut self) -> Result<bool, LinkError> {
        self.is_whole()?;
        self.link.arm(self.written.is_some())
    }

    /// Wakes the worker if it sleeps and was sent something.
    pub(crate) fn flush(&mut self) {
        self.link.flush();
    }

    /// The bell need not be rung: somebody is here.
    pub(crate) fn disarm(&mut self) {
        self.link.disarm();
    }

    /// Takes back what waits behind the task that runs, in its order: that takes longer than was thought.
    pub(crate) fn take_back(&mut self, landed: &mut Landed) -> Vec<RemoteJob> {
        let mut taken = Vec::new();
        let mut kept = VecDeque::with_capacity(self.sent.len());
        // What is half written has to be written.
        let whole = self.sent.len() - usize::from(self.written.is_some());
        for (place, sent) in std::mem::take(&mut self.sent).into_iter().enumerate() {
            if place == 0 || place >= whole || sent.job.has_begun() {
                kept.push_back(sent);
                continue;
            }
            match self.claims.take_back(sent.number) {
                Claim::Offered => taken.push(sent.job.take_back()),
                Claim::TakenBack => landed.shell(sent.job),
                Claim::Started => kept.push_back(sent),
            }
        }
        self.sent = kept;
        self.calls_sent = self.sent.iter().map(|sent| sent.job.calls_left()).sum();
        self.is_late = true;
        // A chunk may take long, and its calls not.
        if self.sent.front().is_some_and(|first| !first.job.is_chunk()) {
            self.pace.was_late();
        }
        taken
    }

    /// All jobs that were sent and may not have started.
    pub(crate) fn handles(&self) -> Vec<Arc<dyn RemoteRun>> {
        self.sent.iter().filter(|sent| !sent.job.has_begun()).map(|sent| sent.job.handle()).collect()
    }

    /// Has it run a single job, and waits for that.
    pub(crate) fn run_alone(
        &mut self,
        job: RunningJob,
        limit: Option<Duration>,
        landed: &mut Landed,
    ) -> Result<(), LinkError> {
        self.claims.offer(self.next_number);
        self.write(job)?;
        loop {
            while !self.is_overdue(limit) && self.step(landed, 1)? {}
            if landed.jobs() > 0 {
                self.wear.begin();
                return Ok(());
            }
            if self.is_overdue(limit) {
                return Err(LinkError::TimedOut);
            }
            if self.arm()? {
                self.bell.wait(self.deadline(limit));
                self.disarm();
                if !self.look()? && self.process.has_ended() && !self.look()? {
                    return Err(LinkError::Closed);
                }
            }
        }
    }

    /// Tells the worker that no task will follow, and waits for its end.
    pub(crate) fn close(self) {
        let Self { process, mut link, output, .. } = self;
        link.hang_up();
        if cfg!(shuttle) {
            // A model has no process to wait for.
            return;
        }
        if !process.wait_ended(Some(EXIT_LIMIT)) {
            process.kill();
        }
        process.reap();
        // What its exit handlers said, too.
        output.finish();
    }
}
