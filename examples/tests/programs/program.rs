//! Running a program, with a limit to its time.

use std::ffi::OsStr;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Far more than any program needs, also in a debug build on a busy machine.
const LIMIT: Duration = Duration::from_mins(2);

/// Runs an example of this package to its end.
pub(crate) fn run<A: AsRef<OsStr>>(example: &str, args: impl IntoIterator<Item = A>) -> Output {
    let output = finish(Command::new(path(example)).args(args));
    assert!(!text(&output.stderr).contains("panicked"), "{example}: {output:?}");
    output
}

/// Runs any command to its end, which includes that of its children: nobody holds its output any more.
///
/// A command that takes longer than [`LIMIT`] is killed, and fails the test.
pub(crate) fn finish(command: &mut Command) -> Output {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let deadline = Instant::now() + LIMIT;
    let stdout = read(child.stdout.take().unwrap());
    let stderr = read(child.stderr.take().unwrap());
    let outputs = [stdout, stderr].map(|output| {
        output.recv_timeout(deadline.saturating_duration_since(Instant::now())).unwrap_or_else(|_| {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{command:?} did not end within {LIMIT:?}");
        })
    });
    let [stdout, stderr] = outputs;
    Output { status: child.wait().unwrap(), stdout, stderr }
}

/// What a program wrote, for looking at.
pub(crate) fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

fn read(mut output: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        output.read_to_end(&mut bytes).unwrap();
        // Nobody listens any more if the time ran out.
        let _ = sender.send(bytes);
    });
    receiver
}

/// Examples lie in `examples`, beside the directory `deps` of this test.
fn path(example: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).expect("a test lies in <profile>/deps");
    profile.join("examples").join(example)
}
