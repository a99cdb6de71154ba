//! A job that runs elsewhere: a name, the encoded arguments, and the core that
//! waits for the encoded answers. It is one call, or a chunk of several calls
//! of one task, each with an answer of its own.

use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::arguments::Arguments;
use super::backlog::Permit;
use super::call::CallOptions;
use super::codec::CodecError;
use super::local::Places;
use super::outcomes::{Failed, Outcomes};
use super::registry::WireId;
use super::{Coded, Decoder, ProcessTask, Seat, panics, row};
use crate::error::{Payload, TaskError};
use crate::future::{Core, Handle, Membership, Source, Status};
use crate::sync::Mutex;

/// A job as a process pool's queue holds it.
pub(crate) trait RemoteRun: Handle {
    fn name(&self) -> &'static str;

    fn version(&self) -> u32;

    fn id(&self) -> WireId;

    /// The length of the arguments of a job that waits.
    fn len_bytes(&self) -> usize;

    /// Claims the job; `None` if it was cancelled.
    fn claim(&self) -> Option<Request>;

    /// Gives the job to a worker, under a number of the carrier's; `None` if it was cancelled. It has not started
    /// before the worker says so.
    fn send(&self, carrier: &Arc<dyn Carrier>, number: u32) -> Option<Request>;

    /// Takes the request of a job back in that was sent and has been taken back. Nothing, if it was cancelled.
    fn take_in(&self, request: Request);

    /// Says that a job that was sent has started, if nobody has.
    fn begin(&self);

    /// Says that the worker of a job that has started is no more, and that it waits for another; false if it was killed.
    fn lose(&self) -> bool;

    /// Whether it still waits for another worker: not if it was killed.
    fn is_lost(&self) -> bool;

    /// Gives a job that has started to another worker, under a number of the carrier's; false if it was killed.
    fn send_again(&self, carrier: &Arc<dyn Carrier>, number: u32) -> bool;

    /// Whether it is to be ended while it runs.
    fn is_killed(&self) -> bool;

    /// Ends a claimed job of a single call with its encoded value, or with an error.
    fn finish(&self, answer: Result<Decoder<'_>, TaskError>, seat: Seat<'_>);

    /// Ends a claimed chunk of so many calls, which ran for so long. The values of those that have not failed are in a
    /// row.
    fn finish_all(&self, calls: usize, values: &[u8], failed: Failed, took: Duration, seat: Seat<'_>);
}

/// Who carries jobs to a worker, and its answers back.
pub(crate) trait Carrier: Send + Sync {
    /// Takes a job back that was sent, so that it will not start; false if it has.
    fn take_back(&self, number: u32) -> bool;

    /// Whether a job that was sent has started.
    fn has_started(&self, number: u32) -> bool;

    /// One of the jobs that have started is to be ended: see [`RemoteRun::is_killed`].
    fn kill(&self);

    /// Looks for the answer to a job for a moment, if that is the next to come and nobody else does.
    fn lead(&self, number: u32);
}

/// Where the request of a job is.
enum Place {
    /// It waits.
    Here(Request),
    /// It was sent and may have started.
    Sent { carrier: Arc<dyn Carrier>, number: u32 },
    /// The job has started, for sure.
    Runs { carrier: Arc<dyn Carrier>, number: u32, is_killed: bool },
    /// It has started, and waits for another worker.
    Lost,
    /// It is over, or whoever runs it tells nothing of it.
    Gone,
}

impl Place {
    /// A job that was sent has started.
    fn run(&mut self) {
        *self = match std::mem::replace(self, Self::Gone) {
            Self::Sent { carrier, number } => Self::Runs { carrier, number, is_killed: false },
            other => other,
        };
    }

    fn is_killed(&self) -> bool {
        matches!(self, Self::Runs { is_killed: true, .. })
    }
}

/// What goes to the worker.
pub(crate) struct Request {
    pub(crate) arguments: Arguments,
    pub(crate) options: CallOptions,
    /// Given back when the job is claimed or refused.
    pub(crate) permit: Option<Permit>,
}

/// How the answers to a job's calls become its value.
pub(crate) trait Gather<T>: Send + 'static {
    /// The job's value.
    type Value: Send + 'static;

    /// Takes in the answer to a single call.
    fn one(&mut self, answer: Result<T, TaskError>) -> Result<Self::Value, TaskError>;

    /// The end of a job that is cancelled while nobody runs it; `None` if there may be answers to some of its calls.
    fn cancelled(&self) -> Option<TaskError>;

    /// Takes in what came of the calls of a chunk, which ran for so long.
    fn all(&mut self, outcomes: Outcomes<T>, took: Duration) -> Result<Self::Value, TaskError>;
}

/// A job of one call: its answer is the value.
pub(crate) struct Single;

impl<T: Send + 'static> Gather<T> for Single {
    type Value = T;

    fn one(&mut self, answer: Result<T, TaskError>) -> Result<T, TaskError> {
        answer
    }
    fn cancelled(&self) -> Option<TaskError> {
        Some(TaskError::Cancelled)
    }
    fn all(&mut self, _: Outcomes<T>, _: Duration) -> Result<T, TaskError> {
        unreachable!("a single call has one answer")
    }
}

/// See the module.
pub(crate) struct Remote<T: ProcessTask, G: Gather<T::Output> = Single> {
    core: Core<G::Value>,
    place: Mutex<Place>,
    end: Mutex<AtEnd<G>>,
    task: PhantomData<fn() -> T>,
}

/// What is needed when the job ends.
struct AtEnd<G> {
    answers: G,
    /// Dropped after the core is settled: until then the job counts for its scope.
    membership: Option<Membership>,
}

impl<T: ProcessTask, G: Gather<T::Output>> Remote<T, G> {
    /// `at` is where the job was submitted.
    pub(crate) fn new(
        arguments: Arguments,
        options: CallOptions,
        places: Places,
        answers: G,
        at: &'static Location<'static>,
    ) -> Arc<Self> {
        let Places { permit, membership } = places;
        Arc::new(Self {
            core: Core::new(at),
            place: Mutex::new(Place::Here(Request { arguments, options, permit })),
            end: Mutex::new(AtEnd { answers, membership }),
            task: PhantomData,
        })
    }

    /// To be dropped outside of the lock.
    fn leave_place(&self) -> Place {
        std::mem::replace(&mut self.place.lock(), Place::Gone)
    }

    /// Whoever carries the job, and its number there.
    fn carrier(&self) -> Option<(Arc<dyn Carrier>, u32)> {
        match &*self.place.lock() {
            Place::Sent { carrier, number } | Place::Runs { carrier, number, .. } => {
                Some((Arc::clone(carrier), *number))
            }
            Place::Here(_) | Place::Lost | Place::Gone => None,
        }
    }

    /// Learns whether a job that was sent has started.
    fn look(&self) {
        // Under the lock: the number is another job's if this one is taken back and sent once more.
        if let Place::Sent { carrier, number } = &*self.place.lock()
            && carrier.has_started(*number)
        {
            self.core.begin();
        }
    }

    fn settle(&self, result: Result<G::Value, TaskError>, seat: Seat<'_>) {
        drop(self.leave_place());
        // Who comes second leaves it to the first, whose callbacks may still run.
        if self.core.settle(result, || drop(seat)) {
            self.leave_scope();
        }
    }

    fn leave_scope(&self) {
        let membership = self.end.lock().membership.take();
        drop(membership);
    }
}

impl<T: ProcessTask, G: Gather<T::Output>> Handle for Remote<T, G> {
    fn refuse(&self, error: TaskError) -> bool {
        // Under the lock: else it could have been sent meanwhile, or taken back and sent once more, under another number.
        let place = self.place.lock();
        if let Place::Sent { carrier, number } = &*place
            && !carrier.take_back(*number)
        {
            self.core.begin();
            return false;
        }
        if !self.core.start_refusal(&error) {
            return false;
        }
        drop(place);
        self.core.end_refusal(error, || drop(self.leave_place()));
        self.leave_scope();
        true
    }

    fn kill(&self) -> bool {
        if self.refuse(TaskError::Cancelled) {
            return true;
        }
        let mut place = self.place.lock();
        place.run();
        match &mut *place {
            Place::Runs { carrier, is_killed, .. } => {
                *is_killed = true;
                let carrier = Arc::clone(carrier);
                drop(place);
                carrier.kill();
                true
            }
            Place::Lost => {
                // Its lane sends it nowhere any more, but may have to wait for long before it looks. Who has no answers
                // need not wait for that.
                *place = Place::Gone;
                drop(place);
                let error = self.end.lock().answers.cancelled();
                if let Some(error) = error {
                    self.settle(Err(error), Seat::none());
                }
                true
            }
            Place::Here(_) | Place::Sent { .. } | Place::Gone => false,
        }
    }

    fn status(&self) -> &dyn Status {
        self.look();
        &self.core
    }

    /// No thread of this process can stand in for a worker process, but it can read the answer.
    fn help(&self) {
        if let Some((carrier, number)) = self.carrier() {
            carrier.lead(number);
        }
    }
}

impl<T: ProcessTask, G: Gather<T::Output>> Source<G::Value> for Remote<T, G> {
    fn core(&self) -> &Core<G::Value> {
        &self.core
    }
}

impl<T: ProcessTask, G: Gather<T::Output>> RemoteRun for Remote<T, G> {
    fn name(&self) -> &'static str {
        T::FULL_NAME
    }

    fn version(&self) -> u32 {
        T::VERSION
    }

    fn id(&self) -> WireId {
        T::ID
    }

    fn len_bytes(&self) -> usize {
        match &*self.place.lock() {
            Place::Here(request) => request.arguments.bytes().len() + request.arguments.aside().len(),
            Place::Sent { .. } | Place::Runs { .. } | Place::Lost | Place::Gone => 0,
        }
    }

    fn claim(&self) -> Option<Request> {
        let mut place = self.place.lock();
        if !self.core.begin() {
            return None;
        }
        match std::mem::replace(&mut *place, Place::Gone) {
            Place::Here(request) => Some(request),
            _ => unreachable!("a job is claimed once"),
        }
    }

    fn send(&self, carrier: &Arc<dyn Carrier>, number: u32) -> Option<Request> {
        let mut place = self.place.lock();
        if !self.core.is_pending() {
            return None;
        }
        match std::mem::replace(&mut *place, Place::Sent { carrier: Arc::clone(carrier), number }) {
            Place::Here(request) => Some(request),
            _ => unreachable!("a job is sent by one worker at a time"),
        }
    }

    fn take_in(&self, request: Request) {
        let mut place = self.place.lock();
        let left = match &*place {
            Place::Sent { .. } => (std::mem::replace(&mut *place, Place::Here(request)), None),
            _ => (Place::Gone, Some(request)),
        };
        drop(place);
        drop(left);
    }

    fn begin(&self) {
        self.core.begin();
        self.place.lock().run();
    }

    fn lose(&self) -> bool {
        let mut place = self.place.lock();
        // Or it was cancelled in the moment in which it was to be ended for another reason.
        let may_go_on = matches!(*place, Place::Runs { is_killed: false, .. });
        let before = if may_go_on { std::mem::replace(&mut *place, Place::Lost) } else { Place::Gone };
        drop(place);
        drop(before);
        may_go_on
    }

    fn is_lost(&self) -> bool {
        matches!(*self.place.lock(), Place::Lost)
    }

    fn send_again(&self, carrier: &Arc<dyn Carrier>, number: u32) -> bool {
        let again = Place::Runs { carrier: Arc::clone(carrier), number, is_killed: false };
        let mut place = self.place.lock();
        if !matches!(*place, Place::Lost) {
            // It was killed meanwhile.
            return false;
        }
        let before = std::mem::replace(&mut *place, again);
        drop(place);
        drop(before);
        true
    }

    fn is_killed(&self) -> bool {
        self.place.lock().is_killed()
    }

    fn finish(&self, answer: Result<Decoder<'_>, TaskError>, seat: Seat<'_>) {
        let answer = answer.and_then(decode::<T>);
        let result = self.end.lock().answers.one(answer);
        self.settle(result, seat);
    }

    fn finish_all(&self, calls: usize, values: &[u8], failed: Failed, took: Duration, seat: Seat<'_>) {
        let outcomes = decode_all::<T>(calls, values, failed);
        let result = self.end.lock().answers.all(outcomes, took);
        self.settle(result, seat);
    }
}

/// The results of so many calls, from the row of their values. A value's `Deserialize` is user code, and may panic.
fn decode_all<T: ProcessTask>(calls: usize, mut values: &[u8], mut failed: Failed) -> Outcomes<T::Output> {
    let mut outcomes = Outcomes::with_capacity(calls);
    // One that fails takes the loop along: one look for panics serves all that do not.
    while outcomes.len() < calls {
        let coded = panics::catch(|| -> Coded<()> {
            while outcomes.len() < calls {
                if let Some((_, error)) = failed.pop_front_if(|(place, _)| *place == outcomes.len()) {
                    outcomes.push(Err(error));
                    continue;
                }
                let (value, rest) = row::split_first(values).expect("a value was noted for each call that has one");
                values = rest;
                panics::forget_notes();
                outcomes.push(Ok(T::decode_output(&mut Decoder::new(value))?));
            }
            Ok(())
        });
        if let Err(error) = coded.and_then(|coded| coded.map_err(value_error::<T>)) {
            outcomes.push(Err(error));
        }
    }
    outcomes
}

/// The value's `Deserialize` is user code, and may panic.
fn decode<T: ProcessTask>(mut value: Decoder<'_>) -> Result<T::Output, TaskError> {
    panics::catch(|| T::decode_output(&mut value))?.map_err(value_error::<T>)
}

fn value_error<T: ProcessTask>(error: CodecError) -> TaskError {
    error.into_task_error(Payload::Value, T::FULL_NAME)
}
