//! A program of which a test sees what it says and how it ends: `src/bin/host.rs`.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use executor_runtime::Transport;
use executor_tests::children;
use rustix::fs::OFlags;
use rustix::process::{WaitOptions, getuid, waitpid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::suite::pid_of;

/// No worker may survive its program by more.
const SURVIVAL_LIMIT: Duration = Duration::from_secs(1);

/// What the programs of the tests call a transport.
pub(crate) fn name_of(transport: Transport) -> &'static str {
    if transport == Transport::IpcChannel { "ipc-channel" } else { "shared-memory" }
}

/// A program that is ready, and its workers.
pub(crate) struct Host {
    program: Child,
    said: BufReader<ChildStdout>,
    stdin: Stdin,
    pub(crate) workers: Vec<u32>,
    /// What the tasks have left behind.
    programs: Vec<u32>,
}

enum Stdin {
    Pipe(ChildStdin),
    /// The other end of the program's terminal.
    Terminal(File),
}

impl Host {
    /// Starts one with both workers `idle` or `busy`, or with tasks that are `parents` of programs; it waits for a word
    /// and ends in a way.
    pub(crate) fn that_ends(transport: Transport, state: &str, way: &str, folder: &Path) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_host"));
        program.stdin(Stdio::piped());
        Self::start(program, None, transport, state, way, folder)
    }

    /// The same at a terminal of its own, at which only the program in the foreground may write (`stty tostop`).
    pub(crate) fn at_a_terminal(transport: Transport, state: &str, way: &str, folder: &Path) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("its other end");
        let other = ptsname(&terminal, Vec::new()).expect("its name").into_string().expect("a path");
        let flags = OFlags::NOCTTY.bits().cast_signed();
        let other = OpenOptions::new().read(true).write(true).custom_flags(flags).open(other).expect("its other end");
        let mut modes = tcgetattr(&other).expect("its modes");
        modes.local_modes |= LocalModes::TOSTOP;
        tcsetattr(&other, OptionalActions::Now, &modes).expect("other modes");
        // A session of its own, in which the program's group is the one in the foreground.
        let mut program = Command::new("setsid");
        program.args(["--ctty", env!("CARGO_BIN_EXE_host")]).stdin(OwnedFd::from(other));
        Self::start(program, Some(terminal.into()), transport, state, way, folder)
    }

    fn start(
        mut program: Command,
        terminal: Option<File>,
        transport: Transport,
        state: &str,
        way: &str,
        folder: &Path,
    ) -> Self {
        program.args([name_of(transport), "ends", state, way]).arg(folder).stdout(Stdio::piped());
        let mut program = program.spawn().expect("a program");
        let mut said = BufReader::new(program.stdout.take().expect("piped"));
        let stdin = match terminal {
            Some(terminal) => Stdin::Terminal(terminal),
            None => Stdin::Pipe(program.stdin.take().expect("piped")),
        };
        let mut line = || {
            let mut line = String::new();
            said.read_line(&mut line).expect("it says something");
            line
        };
        let mut workers: Vec<u32> =
            line().trim_matches(['[', ']', '\n']).split(", ").map(|pid| pid.parse().expect("a pid")).collect();
        assert_eq!(line(), "ready\n");
        assert!(workers.iter().all(|&pid| children::lives(pid)));
        let programs = workers.split_off(2);
        Self { program, said, stdin, workers, programs }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.program.id()
    }

    /// Says the word for which the program waits.
    pub(crate) fn say_it(&mut self) {
        self.write(b"\n");
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&mut self) {
        self.write(b"\x03");
    }

    fn write(&mut self, keys: &[u8]) {
        match &mut self.stdin {
            Stdin::Pipe(pipe) => pipe.write_all(keys),
            Stdin::Terminal(terminal) => terminal.write_all(keys),
        }
        .expect("the program listens");
    }

    /// Waits for the end of the program, and of its workers soon after. How it ended, and what it has said since.
    pub(crate) fn await_end(mut self) -> (ExitStatus, String) {
        let status = self.program.wait().expect("its end");
        for pid in self.workers.into_iter().chain(self.programs) {
            assert!(children::ends_within(pid, SURVIVAL_LIMIT), "{pid} has survived its program");
            // It is this process's child now, unless the program has reaped it.
            let _ = waitpid(Some(pid_of(pid)), WaitOptions::empty());
        }
        let mut said = String::new();
        self.said.read_to_string(&mut said).expect("text");
        (status, said)
    }
}

/// Runs a program in a copy of its file, of which it may make what it likes, and returns what it says.
///
/// As a user whom limits and permissions bind: they do not bind root.
pub(crate) fn said_by_nobody(file: &str, arguments: &[&str], change: impl FnOnce(&mut Command)) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("our own folder");
    let copy = folder.path().join("program");
    fs::copy(file, &copy).expect("a copy");
    let mut program = Command::new(&copy);
    program.args(arguments).current_dir(folder.path()).env("TMPDIR", folder.path());
    if getuid().is_root() {
        // Nobody else's, so that what others run does not count.
        let user = 2_000_000 + std::process::id();
        program.uid(user).gid(user);
    }
    change(&mut program);
    let output = program.output().expect("the program runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}
