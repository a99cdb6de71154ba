//! How much memory a process has had, and whom the kernel has killed for want of it.

use std::fs;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The most memory that this process ever had resident; also the most that its parent ever had when it started this
/// one, if that is more. `None` if the system does not tell.
pub(crate) fn peak_bytes() -> Option<u64> {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the kernel writes to `usage`, which is there for the time of the call.
    let failed = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    // SAFETY: numbers, of which all may be zero.
    let usage = unsafe { usage.assume_init() };
    if failed == 0 { of_usage(&usage) } else { None }
}

/// Linux counts it in KiB.
pub(super) fn of_usage(usage: &libc::rusage) -> Option<u64> {
    u64::try_from(usage.ru_maxrss).ok().and_then(|kib| kib.checked_mul(1024)).filter(|bytes| *bytes > 0)
}

/// How many processes of this one's control group the kernel has killed because memory ran out; `None` if the system
/// does not tell.
pub(crate) fn oom_kills() -> Option<u64> {
    /// A process is hardly ever moved to another group.
    static COUNTER: OnceLock<Option<PathBuf>> = OnceLock::new();

    let counter = COUNTER.get_or_init(|| {
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let found = counters(&groups, &mounts).into_iter().find(|counter| count_in(counter).is_some());
        // All of the machine's, for a process in no group.
        found.or_else(|| Some(PathBuf::from("/proc/vmstat")).filter(|counter| count_in(counter).is_some()))
    });
    counter.as_deref().and_then(count_in)
}

/// The number in a line `oom_kill 7`, which is what all versions of the counter have.
fn count_in(counter: &Path) -> Option<u64> {
    let text = fs::read_to_string(counter).ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// The files in which the counter may be: version 1 of the groups, if memory is governed by that, then version 2.
fn counters(groups: &str, mounts: &str) -> Vec<PathBuf> {
    let of = |is_it: fn(&Mount<'_>) -> bool, group: Option<&str>, file: &str| {
        let mount = mounts.lines().filter_map(Mount::read).find(is_it)?;
        // What is mounted may be a part of the groups; one that lies outside of it cannot be seen.
        let group = group?.strip_prefix(mount.root.trim_end_matches('/'))?;
        Some(PathBuf::from(format!("{}{group}", mount.at)).join(file))
    };
    let groups = || groups.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
    let first = groups().find(|(controllers, _)| controllers.split(',').any(|controller| controller == "memory"));
    let second = groups().find(|(controllers, _)| controllers.is_empty());
    let first = of(
        |mount| mount.kind == "cgroup" && mount.options.split(',').any(|option| option == "memory"),
        first.map(|(_, group)| group),
        "memory.oom_control",
    );
    let second = of(|mount| mount.kind == "cgroup2", second.map(|(_, group)| group), "memory.events");
    first.into_iter().chain(second).collect()
}

/// A line of `/proc/self/mountinfo`.
struct Mount<'a> {
    /// What of the file system is mounted.
    root: &'a str,
    at: &'a str,
    kind: &'a str,
    /// The file system's.
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (ours, theirs) = line.split_once(" - ")?;
        let mut ours = ours.split(' ').skip(3);
        let mut theirs = theirs.split(' ');
        let (root, at, kind) = (ours.next()?, ours.next()?, theirs.next()?);
        Some(Self { root, at, kind, options: theirs.nth(1)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";
    const SECOND: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
    const OTHERS: &str = "22 1 8:1 / / rw,relatime - ext4 /dev/vda rw\n\
                          31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
                          36 31 0:33 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n";

    fn found(groups: &str, mounts: &[&str]) -> Vec<String> {
        let found = counters(groups, &[&[OTHERS], mounts].concat().concat());
        found.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn the_counter_of_the_second_version_is_found() {
        let groups = "0::/user.slice/a.scope\n";
        assert_eq!(found(groups, &[SECOND]), ["/sys/fs/cgroup/user.slice/a.scope/memory.events"]);
        assert_eq!(found("0::/\n", &[SECOND]), ["/sys/fs/cgroup/memory.events"]);
        assert!(found(groups, &[]).is_empty());
    }

    #[test]
    fn the_counter_of_the_first_version_goes_first() {
        let groups = "5:devices:/\n4:cpu,memory:/job/7\n0::/x\n";
        let of_the_first = "/sys/fs/cgroup/memory/job/7/memory.oom_control";
        assert_eq!(found(groups, &[SECOND, FIRST]), [of_the_first, "/sys/fs/cgroup/x/memory.events"]);
    }

    #[test]
    fn a_group_is_found_below_what_is_mounted_of_all() {
        let part = "35 31 0:32 /docker/1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        assert_eq!(found("0::/docker/1/a\n", &[part]), ["/sys/fs/cgroup/a/memory.events"]);
        assert!(found("0::/elsewhere\n", &[part]).is_empty());
    }

    #[test]
    fn the_count_is_read_from_any_version() {
        let folder = std::env::temp_dir().join(format!("executor-oom-{}", std::process::id()));
        let count = |text: &str| {
            fs::write(&folder, text).expect("a file");
            count_in(&folder)
        };
        assert_eq!(count("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"), Some(3));
        assert_eq!(count("low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\noom_group_kill 7\n"), Some(1));
        assert_eq!(count("low 0\n"), None);
        fs::remove_file(&folder).expect("our file");
        assert_eq!(count_in(&folder), None);
    }

    #[test]
    fn memory_that_was_touched_is_counted() {
        let before = peak_bytes().expect("the system tells");
        let touched = std::hint::black_box(vec![1_u8; 256 << 20]);
        assert!(peak_bytes().expect("the system tells") >= touched.len() as u64);
        assert!(before > 0);
    }
}
