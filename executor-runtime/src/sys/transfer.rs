//! Bytes into memory that another process may write to at the same time, and out of it.
//!
//! Such memory is made of atomic words. The compiler copies these one by one, which takes twice as long as the
//! processor needs. So long stretches are left to its own instruction for that. To the compiler that is code which it
//! does not know, and which does what a loop over atomic bytes in relaxed order would do: so nothing that happens to the
//! memory meanwhile is undefined. What it writes is seen before any later store, as the processor's manual says.

use std::sync::atomic::{AtomicU64, Ordering};

const WORD_LEN_BYTES: usize = size_of::<u64>();

/// From here on the instruction is faster than the loop.
#[cfg(target_arch = "x86_64")]
const LONG: usize = 1024 / WORD_LEN_BYTES;

/// Writes whole words, one for each.
///
/// # Panics
///
/// If there are not as many of both.
pub(crate) fn store(words: &[AtomicU64], bytes: &[[u8; WORD_LEN_BYTES]]) {
    assert_eq!(words.len(), bytes.len(), "a word for each");
    #[cfg(target_arch = "x86_64")]
    if words.len() >= LONG {
        // SAFETY: both have this length. That atomics are written to behind a shared reference is what they are for.
        return unsafe { copy(words.as_ptr().cast_mut().cast(), bytes.as_ptr().cast(), size_of_val(bytes)) };
    }
    for (word, bytes) in words.iter().zip(bytes) {
        word.store(u64::from_ne_bytes(*bytes), Ordering::Relaxed);
    }
}

/// Reads whole words, one for each.
///
/// # Panics
///
/// If there are not as many of both.
pub(crate) fn load(words: &[AtomicU64], bytes: &mut [[u8; WORD_LEN_BYTES]]) {
    assert_eq!(words.len(), bytes.len(), "a word for each");
    #[cfg(target_arch = "x86_64")]
    if words.len() >= LONG {
        // SAFETY: both have this length, and `bytes` is ours alone.
        return unsafe { copy(bytes.as_mut_ptr().cast(), words.as_ptr().cast(), size_of_val(words)) };
    }
    for (bytes, word) in bytes.iter_mut().zip(words) {
        *bytes = word.load(Ordering::Relaxed).to_ne_bytes();
    }
}

/// # Safety
///
/// So many bytes can be read and written there, and do not overlap. Others may write to one of both if it is of atomics.
#[cfg(target_arch = "x86_64")]
unsafe fn copy(to: *mut u8, from: *const u8, len_bytes: usize) {
    // SAFETY: the caller's. The direction flag is clear here, as everywhere in Rust.
    unsafe {
        std::arch::asm!(
            "rep movsb",
            inout("rcx") len_bytes => _,
            inout("rdi") to => _,
            inout("rsi") from => _,
            options(nostack, preserves_flags),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_is_loaded_at_any_length() {
        for count in (0..300).chain([8 * 1024]) {
            let sent: Vec<[u8; 8]> =
                (1_u64..).map(|n| n.wrapping_mul(0x0102_0304_0506_0709).to_ne_bytes()).take(count).collect();
            // One word more on each side, which nobody may touch.
            let words: Vec<_> = (0..count + 2).map(|_| AtomicU64::new(7)).collect();
            store(&words[1..=count], &sent);
            let mut came = vec![[0; 8]; count + 2];
            load(&words[1..=count], &mut came[1..=count]);
            assert_eq!(&came[1..=count], sent);
            assert_eq!([came[0], came[count + 1]], [[0; 8]; 2]);
            assert_eq!([&words[0], &words[count + 1]].map(|word| word.load(Ordering::Relaxed)), [7, 7]);
        }
    }
}
