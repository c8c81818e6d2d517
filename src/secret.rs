//! A string that never prints itself. When it is dropped it is wiped, as in WebAssembly all memory is: see src/wasm/wipe.rs.
//!
//! Device codes, tokens and whole replies that hold them travel in this type, so that no log line, error or derived
//! `Debug` can show one by accident. Reading the value takes a call that can be searched for: [`Secret::expose`].

use std::fmt;
use std::ops::Range;

/// A device code, a token, or a text that holds one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the string over; the caller keeps no copy.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself. Each call site must be a place where it is due: a request body, the caller's result.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Overwrites a part of a text that is kept for the sake of the rest, with blanks.
    #[expect(
        unsafe_code,
        reason = "what replaces bytes of a text by iterators takes forty times as long for an account's tokens"
    )]
    pub fn blank(&mut self, part: Range<usize>) {
        if let Some(part) = self.0.get_mut(part) {
            // SAFETY: the part begins and ends between characters, and blanks are characters.
            unsafe { part.as_bytes_mut() }.fill(b' ');
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
