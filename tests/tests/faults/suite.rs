//! A process of its own for each fault, on each link.
//!
//! What a fault leaves behind is counted for a whole process, and some faults are things that happen to one: they stop
//! it, fill its memory, or have it ignore its children's ends.

use std::env;
use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use executor_runtime::Transport;
use executor_tests::children;
use executor_tests::watchdog::limited_to;
use rustix::process::{Pid, getpid, set_child_subreaper};

use crate::Outcome;
use crate::stage::Stage;

/// Makes each function a test for each transport. `(after "..")` a few words of shell, where there are any.
macro_rules! faults {
    ($($name:ident $((after $words:literal))?)*) => {
        faults!(over_shared_memory SharedMemory: $($name [$($words)?])*);
        faults!(over_ipc_channel IpcChannel: $($name [$($words)?])*);
    };
    ($link:ident $transport:ident: $($name:ident [$($words:literal)?])*) => {
        mod $link {
            $(#[test]
            fn $name() -> crate::Outcome {
                let test = crate::suite::Test { module: module_path!(), name: stringify!($name) };
                crate::suite::run(&test, concat!($($words)?), executor_runtime::Transport::$transport, super::$name)
            })*
        }
    };
}

/// Far more than any fault takes, also beside other work on a slow machine.
const LIMIT: Duration = Duration::from_mins(1);

/// The process that runs the test is given a little more, so that it can say itself what took so long.
const OUTER_LIMIT: Duration = Duration::from_secs(70);

/// Marks the process that a test has for itself.
const ALONE: &str = "FAULT_ALONE";

/// A fault may write without end.
const TOLD_LEN_BYTES: usize = 64 * 1024;

/// Where a test stands.
pub(crate) struct Test {
    pub(crate) module: &'static str,
    pub(crate) name: &'static str,
}

/// Runs a fault in a process of its own, which is this program once more.
pub(crate) fn run(test: &Test, words: &str, transport: Transport, fault: fn(&Stage) -> Outcome) -> Outcome {
    if env::var_os(ALONE).is_some() {
        // What a task or a program leaves behind becomes a child of ours, and is seen.
        set_child_subreaper(Some(getpid()))?;
        return limited_to(LIMIT, || fault(&Stage::over(transport)));
    }
    let (_, module) = test.module.split_once("::").expect("a module of this program");
    run_alone(&format!("{module}::{}", test.name), words)
}

fn run_alone(test: &str, words: &str) -> Outcome {
    // Some faults happen to another user.
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o711))?;
    let mut process = Command::new("sh")
        .args(["-c", &format!("{words}\nexec \"$@\""), "sh"])
        .arg(env::current_exe()?)
        .args([test, "--exact", "--nocapture"])
        .env(ALONE, "1")
        // Whatever is left there has been left by the fault.
        .env("TMPDIR", folder.path())
        // Reading the program's debug information takes much memory, and is remembered for ever.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdout = end_of(process.stdout.take().expect("piped"));
    let stderr = end_of(process.stderr.take().expect("piped"));
    let is_in_time = children::ends_within(process.id(), OUTER_LIMIT);
    if !is_in_time {
        process.kill()?;
    }
    let status = process.wait()?;
    // Who still has its output open has been left behind.
    let [stdout, stderr] = [stdout, stderr].map(|told| told.recv_timeout(OUTER_LIMIT));
    let told = |text: Result<String, _>| text.unwrap_or_else(|_| "(somebody still has this open)".to_owned());
    let is_well = is_in_time && status.success() && stderr.is_ok();
    let stdout = told(stdout);
    // A path that names no test succeeds, too.
    assert!(is_well && stdout.contains("1 passed"), "{test}: {status}\n{stdout}\n{}", told(stderr));
    Ok(())
}

/// The end of what is read there.
fn end_of(mut from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let (mut text, mut piece) = (Vec::new(), vec![0; TOLD_LEN_BYTES]);
        while let Ok(len @ 1..) = from.read(&mut piece) {
            text.extend_from_slice(&piece[..len]);
            text.drain(..text.len().saturating_sub(TOLD_LEN_BYTES));
        }
        // A test that has given up is not told.
        let _ = tell.send(String::from_utf8_lossy(&text).into_owned());
    });
    told
}

/// The number of a process as the system's calls take it.
pub(crate) fn pid_of(process: u32) -> Pid {
    Pid::from_raw(process.cast_signed()).expect("a pid")
}
