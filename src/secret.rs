//! A string that never prints itself, and is wiped when it is dropped.
//!
//! Device codes, tokens and whole replies that hold them travel in this type, so that no log line, error or derived
//! `Debug` can show one by accident. Reading the value takes a call that can be searched for: [`Secret::expose`].

use std::fmt;

use zeroize::Zeroizing;

/// A device code, a token, or a text that holds one.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the string over; the caller keeps no copy.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret itself. Each call site must be a place where it is due: a request body, the caller's result.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
