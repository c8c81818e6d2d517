//! A string that never prints itself, and is wiped when it is dropped.
//!
//! Device codes, tokens and whole replies that hold them travel in this type, so that no log line, error or derived
//! `Debug` can show one by accident. Reading the value takes a call that can be searched for: [`Secret::expose`].

use std::{fmt, hint, mem};

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
}

impl Drop for Secret {
    fn drop(&mut self) {
        wipe(mem::take(&mut self.0).into_bytes());
    }
}

/// Overwrites bytes that held a secret, and drops them.
pub fn wipe(mut bytes: Vec<u8>) {
    let capacity = bytes.capacity();
    bytes.clear();
    bytes.resize(capacity, 0);
    // Or the compiler would see that nobody reads the zeros. The crate for this writes byte by byte, which takes a tenth of a
    // second for a cache of ten thousand accounts.
    hint::black_box(bytes.as_slice());
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
