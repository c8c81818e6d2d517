//! What a server says, made fit to be shown.
//!
//! A server's words reach terminals and logs. Control characters could move the cursor, recolour the screen or forge a
//! line; direction overrides could make an address read as another. None of them leaves this module.

use std::fmt::Write as _;

/// The longest text that is passed on, in characters. Entra's longest descriptions have about 700.
const LONGEST: usize = 2_000;

/// The text on one line: each run of white space and control characters becomes one space, invisible formatting
/// characters go, and what is over 2,000 characters is cut with an ellipsis.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST));
    let mut gap = false;
    let mut count = 0_usize;
    for character in text.chars() {
        if is_invisible(character) {
            continue;
        }
        if character.is_control() || character.is_whitespace() {
            gap = true;
            continue;
        }
        if gap && !out.is_empty() {
            out.push(' ');
            count = count.saturating_add(1);
        }
        gap = false;
        if count >= LONGEST {
            out.push('…');
            break;
        }
        out.push(character);
        count = count.saturating_add(1);
    }
    out
}

/// The text as [`clean`] makes it, with every occurrence of the secret replaced: a server, or an HTTP client, may echo what
/// it was sent, as it was or percent-encoded in one of the usual ways.
#[must_use]
pub fn clean_without(text: &str, secret: &str) -> String {
    // After cleaning, so that an invisible character inside the echo does not hide it.
    let mut text = clean(text);
    if secret.is_empty() {
        return text;
    }
    let encoded = percent_encoded(secret);
    // As `encodeURIComponent` writes it, which leaves five more characters alone than RFC 3986 does.
    let by_javascript =
        encoded.replace("%21", "!").replace("%27", "'").replace("%28", "(").replace("%29", ")").replace("%2A", "*");
    for form in [encoded.to_ascii_lowercase(), by_javascript, encoded, secret.to_owned()] {
        if text.contains(&form) {
            text = text.replace(&form, "[removed]");
        }
    }
    text
}

/// The text with all but the unreserved characters of RFC 3986 section 2.3 percent-encoded.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Zero-width and direction-changing characters.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{00AD}' | '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
    )
}
