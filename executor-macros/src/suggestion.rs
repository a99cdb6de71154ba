//! "Did you mean": the nearest known word to a mistyped one.

/// The end of a refusal: `: did you mean ..?`, or the list of what is known.
pub(crate) fn suggestion(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(near) => format!(": did you mean `{near}`?"),
        None => format!(": expected {}", list(known)),
    }
}

/// The known word that a typing slip could have turned into `word`.
fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let slips = |near: &str| distance(word, near);
    let near = known.iter().copied().min_by_key(|near| slips(near))?;
    // A third of the word: `proces` is a slip, `fiber` is not `timeout`.
    (slips(near) <= near.len().div_ceil(3)).then_some(near)
}

/// Levenshtein's distance, one row at a time.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// The words as a sentence has them: `a`, `b` or `c`.
pub(crate) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        assert_eq!(nearest("proces", &["thread", "process"]), Some("process"));
        assert_eq!(nearest("thred", &["thread", "process"]), Some("thread"));
        assert_eq!(nearest("maxworkers", &["max_workers"]), Some("max_workers"));
        assert_eq!(nearest("na", &["name"]), Some("name"));
    }

    #[test]
    fn another_word_is_not_taken_for_a_slip() {
        assert_eq!(nearest("fiber", &["thread", "process"]), None);
        assert_eq!(suggestion("fiber", &["thread", "process"]), ": expected `thread` or `process`");
    }

    #[test]
    fn distance_counts_insertions_deletions_and_replacements() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
