//! The last of what a worker has written to its stderr.

/// So much is told.
const MOST_LEN_BYTES: usize = 4 * 1024;

const MOST_LINES: usize = 20;

/// So much is kept: a backtrace has come last if anything was to say.
const KEPT_LEN_BYTES: usize = 4 * MOST_LEN_BYTES;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// The last of them are what counts.
    bytes: Vec<u8>,
    /// Some came before.
    is_cut: bool,
}

impl Words {
    /// Adds what was written. The memory has a limit that does not depend on how much that is.
    pub(crate) fn hear(&mut self, new: &[u8]) {
        let cut = new.len().saturating_sub(KEPT_LEN_BYTES);
        if cut > 0 {
            self.bytes.clear();
            self.is_cut = true;
        }
        self.bytes.extend_from_slice(&new[cut..]);
        // Not each time: that would move all of it for each line.
        if self.bytes.len() > 2 * KEPT_LEN_BYTES {
            self.bytes.drain(..self.bytes.len() - KEPT_LEN_BYTES);
            self.is_cut = true;
        }
    }

    /// The last lines, without a line break behind them, and without the frames of std's backtraces.
    pub(crate) fn text(&self) -> String {
        let all = String::from_utf8_lossy(&self.bytes);
        let mut lines: Vec<&str> = all.trim_ascii_end().lines().collect();
        // What is left of a line that was cut says less than nothing, unless it is all there is.
        if self.is_cut && lines.len() > 1 {
            lines.remove(0);
        }
        leave_out_frames(&mut lines, self.is_cut);
        let (mut first, mut len) = (lines.len(), 0);
        while let Some(line) = lines[..first].last().filter(|_| lines.len() - first < MOST_LINES) {
            len += line.len() + 1;
            if len > MOST_LEN_BYTES + 1 {
                break;
            }
            first -= 1;
        }
        match lines.last() {
            Some(line) if first == lines.len() => {
                line[line.floor_char_boundary(line.len() - MOST_LEN_BYTES)..].to_owned()
            }
            _ => lines[first..].join("\n"),
        }
    }
}

/// Of a backtrace nothing is left: whoever wants it has seen it. One may have begun before the first line.
fn leave_out_frames(lines: &mut Vec<&str>, has_begun: bool) {
    let mut is_inside = has_begun;
    lines.retain(|line| {
        is_inside = *line == "stack backtrace:" || is_inside && is_frame(line);
        // The last line of one, if there is nothing to say.
        !is_inside && !line.starts_with("note: Some details are omitted, run with `RUST_BACKTRACE=full`")
    });
}

/// As `  12: core::panicking::panic_fmt` or `             at ./src/lib.rs:3:5`.
fn is_frame(line: &str) -> bool {
    let text = line.trim_start();
    let is_indented = text.len() < line.len();
    let is_named = text.split_once(": ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
    is_indented && (is_named || text.starts_with("at "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(pieces: &[&[u8]]) -> Words {
        let mut words = Words::default();
        for piece in pieces {
            words.hear(piece);
        }
        words
    }

    #[test]
    fn the_last_lines_are_kept_whole() {
        assert_eq!(heard(&[]).text(), "");
        assert_eq!(heard(&[b"on", b"e\ntwo\r\n\n"]).text(), "one\ntwo");
        let lines: Vec<_> = (0..50).map(|n| format!("line {n}\n")).collect();
        let pieces: Vec<_> = lines.iter().map(String::as_bytes).collect();
        assert_eq!(heard(&pieces).text(), lines[30..].concat().trim_end());
    }

    #[test]
    fn long_lines_are_cut_at_their_start() {
        let long = [b'x'; 300];
        let line = [&long[..], b"\n"].concat();
        for pieces in [vec![&line[..]; 400], vec![&line.repeat(400)[..]]] {
            let text = heard(&pieces).text();
            assert_eq!(text.lines().count(), MOST_LEN_BYTES / line.len());
            assert!(text.lines().all(|line| line.len() == long.len()), "no part of a line");
        }
        let endless = heard(&[&vec![b'x'; 2 * KEPT_LEN_BYTES]]);
        assert_eq!(endless.text().len(), MOST_LEN_BYTES, "unless there is nothing else");
    }

    #[test]
    fn a_flood_needs_no_memory() {
        let mut words = Words::default();
        for n in 0..10_000 {
            words.hear(format!("line {n}\n").as_bytes());
            words.hear(&vec![b'y'; n]);
            assert!(words.bytes.capacity() <= 4 * KEPT_LEN_BYTES);
        }
    }

    #[test]
    fn what_was_said_before_a_backtrace_is_not_lost_behind_it() {
        let frames = "  12: some::function\n             at ./src/a.rs:1:2\n".repeat(100);
        let said = format!("thread 'task' panicked at a.rs:1:2:\nboom\nstack backtrace:\n{frames}");
        let note = "note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n";
        let text = heard(&[said.as_bytes(), note.as_bytes(), b"  at last\n"]).text();
        assert_eq!(text, "thread 'task' panicked at a.rs:1:2:\nboom\n  at last");
        // One whose start was forgotten.
        let text = heard(&[frames.repeat(9).as_bytes(), note.as_bytes(), b"over\n"]).text();
        assert_eq!(text, "over");
    }

    #[test]
    fn what_is_no_text_is_replaced() {
        assert_eq!(heard(&[b"a\xffb\n"]).text(), "a\u{fffd}b");
    }
}
