//! Reading JSON in place (RFC 8259): where each member of an object begins and ends, without making anything of it.
//!
//! A cache of ten thousand accounts is 60 MB, of which an operation needs some kilobytes. So the text is walked through once,
//! eight bytes at a time, and only the spans are kept. The walk checks the whole grammar: what comes out of here can be cut
//! and put together again, and is still JSON.

use std::borrow::Cow;
use std::ops::Range;

use crate::protocol::json::{self, Value, plain_length};

/// How deep objects and lists may be nested. MSAL's caches are four deep.
const DEEPEST: u32 = 100;

/// What is wrong with a text, and at which byte. Never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// How many bytes were right.
    pub at: usize,
    /// What should have been there.
    pub what: &'static str,
}

/// A part of a text, in bytes. 32 bits: a text is never longer than 4 GB, and there are many spans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    #[expect(clippy::cast_possible_truncation, reason = "`Scanner::new` refuses texts of 4 GB")]
    const fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// As a range of bytes.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// With the quotes around it.
    #[must_use]
    pub const fn quoted(self) -> Self {
        Self { start: self.start.saturating_sub(1), end: self.end.saturating_add(1) }
    }

    /// From here to the end of another.
    #[must_use]
    pub const fn until(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }

    /// Whether only one byte is between the two, which in a list or an object is the comma.
    #[must_use]
    pub const fn is_before(self, other: Self) -> bool {
        self.end.saturating_add(1) == other.start
    }

    /// The part of the text.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }
}

/// What is done at each item of a list, or at each member of an object. No type parameter, for which the walk would be compiled anew
/// each time.
type Each<'a, T> = &'a mut dyn FnMut(&mut Scanner<'_>, T) -> Result<(), Problem>;

/// Walks through a text.
pub struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    depth: u32,
}

impl<'a> Scanner<'a> {
    /// At the start of a text.
    ///
    /// # Errors
    /// [`Problem`] for a text that is too long.
    pub fn new(text: &'a str) -> Result<Self, Problem> {
        if u32::try_from(text.len()).is_err() {
            return Err(Problem { at: 0, what: "it is longer than 4 GB" });
        }
        Ok(Self { text: text.as_bytes(), at: 0, depth: 0 })
    }

    const fn problem<T>(&self, what: &'static str) -> Result<T, Problem> {
        Err(Problem { at: self.at, what: if self.at < self.text.len() { what } else { "it is cut off" } })
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline(always)]
    const fn step(&mut self, by: usize) {
        self.at = self.at.saturating_add(by);
    }

    /// The first byte of what comes next, behind white space.
    pub fn ahead(&mut self) -> Option<u8> {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.step(1);
        }
        self.peek()
    }

    /// Nothing but white space is left.
    ///
    /// # Errors
    /// [`Problem`] where something is.
    pub fn end(&mut self) -> Result<(), Problem> {
        if self.ahead().is_some() { self.problem("something follows behind the end of the JSON") } else { Ok(()) }
    }

    /// Walks through an object: `each` is told the name of each member, without its quotes, and walks through its value.
    ///
    /// # Errors
    /// [`Problem`] where there is no object.
    pub fn object(&mut self, each: Each<'_, Span>) -> Result<Span, Problem> {
        self.items(b'{', b'}', "there should be an object", &mut |scanner, ()| {
            let name = scanner.string()?;
            if scanner.ahead() != Some(b':') {
                return scanner.problem("there should be a colon");
            }
            scanner.step(1);
            each(scanner, name)
        })
    }

    /// Walks through a list: `each` walks through an item.
    ///
    /// # Errors
    /// [`Problem`] where there is no list.
    pub fn list(&mut self, each: Each<'_, ()>) -> Result<Span, Problem> {
        self.items(b'[', b']', "there should be a list", each)
    }

    fn items(&mut self, open: u8, close: u8, what: &'static str, each: Each<'_, ()>) -> Result<Span, Problem> {
        if self.ahead() != Some(open) {
            return self.problem(what);
        }
        if self.depth == DEEPEST {
            return self.problem("it is nested too deeply");
        }
        let start = self.at;
        self.step(1);
        if self.ahead() != Some(close) {
            self.depth = self.depth.saturating_add(1);
            loop {
                each(self, ())?;
                match self.ahead() {
                    Some(byte) if byte == close => break,
                    Some(b',') => self.step(1),
                    _ => return self.problem("there should be a comma, or the end of the object or list"),
                }
            }
            self.depth = self.depth.saturating_sub(1);
        }
        self.step(1);
        Ok(Span::new(start, self.at))
    }

    /// Walks through a value of any kind.
    ///
    /// # Errors
    /// [`Problem`] where there is none.
    pub fn value(&mut self) -> Result<Span, Problem> {
        match self.ahead() {
            Some(b'"') => Ok(self.string()?.quoted()),
            Some(b'{') => self.object(&mut |scanner, _| scanner.value().map(drop)),
            Some(b'[') => self.list(&mut |scanner, ()| scanner.value().map(drop)),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.problem("there should be a value"),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<Span, Problem> {
        let start = self.at;
        for byte in word {
            if self.peek() != Some(*byte) {
                return self.problem("there should be a value");
            }
            self.step(1);
        }
        Ok(Span::new(start, self.at))
    }

    fn number(&mut self) -> Result<Span, Problem> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.step(1);
        }
        if self.peek() == Some(b'0') {
            self.step(1)
        } else {
            self.digits()?
        }
        if self.peek() == Some(b'.') {
            self.step(1);
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.step(1);
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.step(1);
            }
            self.digits()?;
        }
        Ok(Span::new(start, self.at))
    }

    fn digits(&mut self) -> Result<(), Problem> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.problem("there should be a digit");
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.step(1);
        }
        Ok(())
    }

    /// Walks through a string; the span is without the quotes.
    fn string(&mut self) -> Result<Span, Problem> {
        if self.ahead() != Some(b'"') {
            return self.problem("there should be a string");
        }
        self.step(1);
        let start = self.at;
        loop {
            self.step(plain_length(self.text.get(self.at..).unwrap_or_default()));
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                _ => return self.problem("a string holds a control character"),
            }
        }
        let span = Span::new(start, self.at);
        self.step(1);
        Ok(span)
    }

    fn escape(&mut self) -> Result<(), Problem> {
        self.step(1);
        let digits = match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 0,
            Some(b'u') => 4,
            _ => return self.problem("a string holds a backslash that escapes nothing"),
        };
        self.step(1);
        for _ in 0..digits {
            if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                return self.problem("there should be four hexadecimal digits");
            }
            self.step(1);
        }
        Ok(())
    }
}

/// A string's text, from what is between its quotes.
#[must_use]
pub fn unescaped(inside: &str) -> Cow<'_, str> {
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    // Half of a surrogate pair is JSON and is no text; such a string is taken for an empty one.
    match json::value(&format!("\"{inside}\"")) {
        Some(Value::Text(text)) => Cow::Owned(text),
        _ => Cow::Borrowed(""),
    }
}

/// The text of a string of JSON; none where the JSON is something else.
#[must_use]
pub fn unquoted(json: &str) -> Option<Cow<'_, str>> {
    Some(unescaped(json.strip_prefix('"')?.strip_suffix('"')?))
}
