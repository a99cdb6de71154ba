//! What is known of a panic.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::iter::successors;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// How many causes are kept: a chain of errors is somebody's code, and may be endless.
pub(crate) const MAX_CAUSES: usize = 16;

/// How much is kept of a backtrace, and of what each cause says.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// How much of what a panic says goes to another process.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// A panic of a task, as the submitter gets to see it (Python: the exception with its traceback).
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// let pool = ThreadPoolExecutor::builder().thread_name_prefix("io").build()?;
/// let error = pool.submit(|| -> u32 { panic!("no route") }).error();
/// let Some(TaskError::Panicked(report)) = error else { panic!("{error:?}") };
/// assert_eq!(report.message, "no route");
/// assert!(report.worker.starts_with("thread `io_0` of process "));
/// assert_eq!(report.submitted_at.map(|place| place.file()), Some(file!()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PanicReport {
    /// What was passed to `panic!`: text, or what an error has to say.
    pub message: String,
    /// Where the panic was raised, as `file:line:column`. Not known if the program has replaced its panic hook
    /// after the first task ran.
    pub location: Option<String>,
    /// The calls that led to the panic, if `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE` asks for it.
    pub backtrace: Option<String>,
    /// Which worker ran the task: the thread's name, and the process by its pid.
    pub worker: String,
    /// Where the task was submitted. Known in the submitter's process only.
    #[serde(skip)]
    pub submitted_at: Option<&'static Location<'static>>,
    /// What led to it: the sources of an error that was panicked with, or the panic of another task that was
    /// [raised again](crate::TaskError::resume_unwind).
    #[serde(with = "chain")]
    pub cause: Option<Box<Cause>>,
    #[serde(skip)]
    payload: Payload,
}

impl PanicReport {
    /// A report of `payload`, which said `message` and had these causes, the nearest first.
    pub(crate) fn new(
        payload: Box<dyn Any + Send>,
        message: String,
        worker: String,
        causes: impl IntoIterator<Item = String>,
    ) -> Self {
        let payload = Payload(Arc::new(Slot(Mutex::new(Some(payload)))));
        let (location, backtrace, submitted_at) = (None, None, None);
        Self { message, location, backtrace, worker, submitted_at, cause: Cause::of(causes), payload }
    }

    /// Adds where the panic was raised.
    pub(crate) fn raised_at(&mut self, location: Option<String>, backtrace: Option<String>) {
        self.location = location;
        self.backtrace = backtrace.map(cut);
    }

    /// What is sent of it to another process.
    pub(crate) fn for_message(&self) -> Self {
        let mut report = self.clone();
        if report.message.len() > MAX_MESSAGE_BYTES {
            report.message.truncate(report.message.floor_char_boundary(MAX_MESSAGE_BYTES));
            report.message.push_str(" ..");
        }
        report
    }

    /// What was panicked with, if that happened in this process and nobody has taken it yet.
    pub(crate) fn take_payload(&self) -> Option<Box<dyn Any + Send>> {
        self.payload.0.take()
    }

    /// The causes as text, the nearest first.
    pub(crate) fn causes(&self) -> impl Iterator<Item = &str> {
        successors(self.cause.as_deref(), |cause| cause.next.as_deref()).map(|cause| cause.message.as_str())
    }
}

impl fmt::Display for PanicReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task ")?;
        if let Some(place) = &self.submitted_at {
            write!(f, "submitted at {place} ")?;
        }
        write!(f, "panicked in {}", self.worker)?;
        if let Some(location) = &self.location {
            write!(f, " at {location}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl Error for PanicReport {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &dyn Error)
    }
}

/// One of the causes of a panic, as text (Python: `__cause__`); its [`source`](Error::source) is the next one.
///
/// At most 16 are kept, and of each at most 64 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    message: String,
    next: Option<Box<Cause>>,
}

impl Cause {
    /// A chain of these texts, the nearest cause first.
    fn of(texts: impl IntoIterator<Item = String>) -> Option<Box<Self>> {
        let texts: Vec<String> = texts.into_iter().take(MAX_CAUSES).map(cut).collect();
        texts.into_iter().rev().fold(None, |next, message| Some(Box::new(Self { message, next })))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.next.as_deref().map(|cause| cause as &dyn Error)
    }
}

/// The beginning of a text that may be too long.
fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
    text
}

/// A chain of causes on the wire: their texts.
mod chain {
    use super::{Cause, MAX_CAUSES, fmt, successors};
    use serde::de::{Deserializer, Error, SeqAccess, Visitor};
    use serde::ser::{Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(cause: &Option<Box<Cause>>, serializer: S) -> Result<S::Ok, S::Error> {
        let texts: Vec<&str> =
            successors(cause.as_deref(), |cause| cause.next.as_deref()).map(|cause| cause.message.as_str()).collect();
        texts.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<Cause>>, D::Error> {
        deserializer.deserialize_seq(Texts)
    }

    /// Hostile input: a chain that is too long is refused before it is there.
    struct Texts;

    impl<'de> Visitor<'de> for Texts {
        type Value = Option<Box<Cause>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MAX_CAUSES} texts")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Self::Value, A::Error> {
            let mut causes = Vec::new();
            while let Some(text) = texts.next_element::<String>()? {
                causes.push(text);
                if causes.len() > MAX_CAUSES {
                    return Err(Error::invalid_length(causes.len(), &self));
                }
            }
            Ok(Cause::of(causes))
        }
    }
}

/// What was panicked with, shared by all copies of its report.
#[derive(Clone, Default)]
struct Payload(Arc<Slot>);

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

#[derive(Default)]
struct Slot(Mutex<Option<Box<dyn Any + Send>>>);

impl Slot {
    fn take(&self) -> Option<Box<dyn Any + Send>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(payload) = self.take() {
            drop_payload(payload);
        }
    }
}

/// Drops what was panicked with. That is user code, which may panic; what it panics with is forgotten, or this
/// might never end.
pub(crate) fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(causes: &[&str]) -> PanicReport {
        let causes = causes.iter().map(ToString::to_string);
        PanicReport::new(Box::new(1), "m".to_owned(), "w".to_owned(), causes)
    }

    #[test]
    fn a_report_comes_back_without_what_is_of_one_process_only() {
        let mut sent = report(&["a", "b"]);
        sent.submitted_at = Some(Location::caller());
        let bytes = postcard::to_stdvec(&sent).expect("strings");
        let read: PanicReport = postcard::from_bytes(&bytes).expect("a report");
        assert_eq!(read.to_string(), "the task panicked in w: m");
        assert_eq!(read.causes().collect::<Vec<_>>(), ["a", "b"]);
        assert!(read.take_payload().is_none() && read.submitted_at.is_none());
    }

    #[test]
    fn a_chain_is_cut_where_it_is_made_and_refused_where_it_is_read() {
        assert_eq!(report(&["x"; MAX_CAUSES + 5]).causes().count(), MAX_CAUSES);
        let long = "\u{e4}".repeat(MAX_TEXT_BYTES);
        assert_eq!(report(&[&long]).causes().next().map(str::len), Some(MAX_TEXT_BYTES));
        let read = |causes: usize| {
            // As a report is written: five fields, the last of them the chain.
            let fields = ("m", None::<&str>, None::<&str>, "w", vec!["x"; causes]);
            postcard::from_bytes::<PanicReport>(&postcard::to_stdvec(&fields).expect("strings"))
        };
        assert_eq!(read(MAX_CAUSES).expect("short enough").causes().count(), MAX_CAUSES);
        assert!(read(MAX_CAUSES + 1).is_err());
    }

    #[test]
    fn each_cause_is_the_source_of_the_one_before() {
        let report = report(&["a", "b"]);
        let first = report.source().expect("a cause");
        let second = first.source().expect("a cause of that");
        assert_eq!((first.to_string(), second.to_string()), ("a".to_owned(), "b".to_owned()));
        assert!(second.source().is_none());
    }
}
